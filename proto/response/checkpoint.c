/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/checkpoint.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/bytes.h"
#include "common/text.h"
#include "proto/response/call.h"
#include "proto/response/epochs.h"
#include "proto/response/nodes.h"

enum {
    NUMBER_TEXT = 24,
    SINCE_SIZE = 32,      /* what came since the latest mark */
    MARK_SIZE = 56,       /* a mark */
    CHECKPOINT_SIZE = 64, /* a checkpoint */
};

static struct response_key mark_key(const vg_id *compartment, uint64_t index)
{
    struct response_key key = response_key_of(compartment, RESPONSE_KIND_MARK);
    response_key_u64(&key, index);
    return key;
}

static struct response_key checkpoint_key(const vg_id *compartment, uint64_t mark, vg_node_id node)
{
    struct response_key key = response_key_of(compartment, RESPONSE_KIND_CHECKPOINT);
    response_key_u64(&key, mark);
    response_key_u64(&key, node.value);
    return key;
}

/* ---- marks -------------------------------------------------------------------------------------
 */

bool response_mark_equal(const struct response_mark *one, const struct response_mark *other)
{
    return one->index == other->index && one->accepted == other->accepted &&
           one->refused == other->refused && vg_hash_equal(&one->hash, &other->hash);
}

static void decode_mark(vg_span value, struct response_mark *out)
{
    struct vg_reader reader = vg_reader_of(value);
    out->time_ms = vg_read_u64(&reader);
    out->accepted = vg_read_u64(&reader);
    out->refused = vg_read_u64(&reader);
    vg_read_copy(&reader, out->hash.bytes, sizeof out->hash.bytes);
    assert(vg_reader_done(&reader));
}

bool response_mark_get(const struct response_machine *machine, const vg_id *compartment,
                       uint64_t index, struct response_mark *out)
{
    struct response_key key = mark_key(compartment, index);
    vg_span value;
    *out = (struct response_mark){.index = index};
    if (index == 0 || !response_get(&machine->kv, &key, &value))
        return false;
    decode_mark(value, out);
    return true;
}

bool response_mark_next(const struct response_machine *machine, const vg_id *compartment,
                        struct response_mark *out)
{
    struct response_key prefix = response_key_of(compartment, RESPONSE_KIND_MARK);
    struct response_key from = mark_key(compartment, out->index);
    vg_span key;
    vg_span value;
    if (!response_next(&machine->kv, &prefix, &from, &key, &value))
        return false;
    out->index = response_key_last_u64(key);
    decode_mark(value, out);
    return true;
}

/* What came since the latest mark; under its index, 0. */
struct since {
    uint64_t commands;
    uint64_t from_ms; /* log time of that mark; before the first, of the first command */
    uint64_t accepted, refused;
};

static struct since since_read(const struct response_call *call)
{
    struct response_key key = mark_key(&call->request->compartment, 0);
    struct since since = {.from_ms = call->time_ms};
    vg_span value;
    if (!response_get(&call->machine->kv, &key, &value))
        return since;
    struct vg_reader reader = vg_reader_of(value);
    since.commands = vg_read_u64(&reader);
    since.from_ms = vg_read_u64(&reader);
    since.accepted = vg_read_u64(&reader);
    since.refused = vg_read_u64(&reader);
    assert(vg_reader_done(&reader));
    return since;
}

static void since_write(const struct response_call *call, const struct since *since)
{
    const struct vg_kv *kv = &call->machine->kv;
    struct response_key key = mark_key(&call->request->compartment, 0);
    uint8_t bytes[SINCE_SIZE];
    struct vg_writer writer = vg_writer_of(bytes, sizeof bytes);
    vg_write_u64(&writer, since->commands);
    vg_write_u64(&writer, since->from_ms);
    vg_write_u64(&writer, since->accepted);
    vg_write_u64(&writer, since->refused);
    assert(!writer.failed);
    kv->put(kv->context, response_key_span(&key), vg_span_of(bytes, sizeof bytes));
}

/* The latest mark that has a checkpoint; 0: none. */
static uint64_t latest_said(const struct response_machine *machine, const vg_id *compartment)
{
    struct response_checkpoint one = {.index = 0};
    while (response_checkpoint_next(machine, compartment, &one))
        ;
    return one.mark.index;
}

/* Forgets the oldest beyond RESPONSE_MARKS_MAX, but for the latest that has a checkpoint, by which
 * a node that is astray knows that it is. */
static void forget_marks(const struct response_call *call)
{
    const vg_id *compartment = &call->request->compartment;
    const struct vg_kv *kv = &call->machine->kv;
    uint64_t said = latest_said(call->machine, compartment);
    uint64_t oldest = 0;
    uint32_t count = 0;
    struct response_mark mark = {.index = 0};
    while (response_mark_next(call->machine, compartment, &mark)) {
        if (mark.index == said)
            continue;
        oldest = oldest == 0 ? mark.index : oldest;
        count++;
    }
    if (count <= RESPONSE_MARKS_MAX)
        return;
    struct response_key key = mark_key(compartment, oldest);
    kv->del(kv->context, response_key_span(&key));
}

static void put_mark(const struct response_call *call, const struct since *since)
{
    const vg_id *compartment = &call->request->compartment;
    const struct vg_kv *kv = &call->machine->kv;
    struct response_key key = mark_key(compartment, call->index);
    vg_hash hash = response_state_hash(call->machine, compartment);
    uint8_t bytes[MARK_SIZE];
    struct vg_writer writer = vg_writer_of(bytes, sizeof bytes);
    vg_write_u64(&writer, call->time_ms);
    vg_write_u64(&writer, since->accepted);
    vg_write_u64(&writer, since->refused);
    vg_write_bytes(&writer, hash.bytes, sizeof hash.bytes);
    assert(!writer.failed);
    kv->put(kv->context, response_key_span(&key), vg_span_of(bytes, sizeof bytes));
    forget_marks(call);
}

/* A checkpoint is not counted: else each would lead to the next. What was not judged has changed
 * nothing. */
void response_mark_after(struct response_call *call)
{
    if (response_where_of(call) != RESPONSE_AMONG_INCIDENTS || call->rule == NULL ||
        call->rule->op == RESPONSE_OP_CHECKPOINT)
        return;
    struct since since = since_read(call);
    bool accepted = call->outcome->error.code == VG_OK;
    since.commands++;
    since.accepted += accepted;
    since.refused += !accepted;
    call->outcome->checks = since.commands >= RESPONSE_MARK_COMMANDS ||
                            call->time_ms >= since.from_ms + RESPONSE_MARK_MS;
    if (call->outcome->checks) {
        put_mark(call, &since);
        since.commands = 0;
        since.from_ms = call->time_ms;
    }
    since_write(call, &since);
}

/* ---- checkpoints -------------------------------------------------------------------------------
 */

static void decode_checkpoint(vg_span value, struct response_checkpoint *out)
{
    struct vg_reader reader = vg_reader_of(value);
    out->index = vg_read_u64(&reader);
    out->time_ms = vg_read_u64(&reader);
    out->mark.accepted = vg_read_u64(&reader);
    out->mark.refused = vg_read_u64(&reader);
    vg_read_copy(&reader, out->mark.hash.bytes, sizeof out->mark.hash.bytes);
    assert(vg_reader_done(&reader));
}

bool response_checkpoint_next(const struct response_machine *machine, const vg_id *compartment,
                              struct response_checkpoint *out)
{
    struct response_key prefix = response_key_of(compartment, RESPONSE_KIND_CHECKPOINT);
    struct response_key from = checkpoint_key(compartment, out->mark.index, out->node);
    vg_span key;
    vg_span value;
    if (!response_next(&machine->kv, &prefix, &from, &key, &value))
        return false;
    struct vg_reader numbers = vg_reader_of(key);
    vg_read_span(&numbers, prefix.size);
    vg_span mark = vg_read_span(&numbers, sizeof out->mark.index);
    out->mark.time_ms = 0;
    out->mark.index = response_key_last_u64(mark);
    out->node.value = response_key_last_u64(key);
    decode_checkpoint(value, out);
    return true;
}

static bool find_checkpoint(const struct response_machine *machine, const vg_id *compartment,
                            uint64_t mark, vg_node_id node, struct response_checkpoint *out)
{
    struct response_key key = checkpoint_key(compartment, mark, node);
    vg_span value;
    *out = (struct response_checkpoint){.mark.index = mark, .node = node};
    if (!response_get(&machine->kv, &key, &value))
        return false;
    decode_checkpoint(value, out);
    return true;
}

static struct response_checkpoint checkpoint_of(const struct response_call *call)
{
    struct response_checkpoint checkpoint = {.index = call->index, .time_ms = call->time_ms};
    bool by_node = response_is_node_author(&call->request->author, &checkpoint.node);
    assert(by_node);
    checkpoint.mark.index = call->command.checkpoint.mark;
    checkpoint.mark.accepted = call->command.checkpoint.accepted;
    checkpoint.mark.refused = call->command.checkpoint.refused;
    checkpoint.mark.hash = call->command.checkpoint.hash;
    return checkpoint;
}

/* Which marks there are follows from the log; what a node has there is compared with nothing here:
 * that is the affair of each node alone. */
enum vg_code response_judge_checkpoint(struct response_call *call)
{
    const vg_id *compartment = &call->request->compartment;
    const struct response_checkpoint said = checkpoint_of(call);
    struct response_checkpoint before;
    struct response_mark mark;
    char id[NUMBER_TEXT], text[VG_ID_TEXT];
    call->outcome->id = *compartment;
    vg_id_format(compartment, text);
    snprintf(id, sizeof id, "%" PRIu64, said.node.value);
    if (!response_is_cleared(call->machine, compartment, said.node))
        return RESPONSE_REFUSE(call, NOT_CLEARED, id, text);
    snprintf(id, sizeof id, "%" PRIu64, said.mark.index);
    if (!response_mark_get(call->machine, compartment, said.mark.index, &mark))
        return RESPONSE_REFUSE(call, NO_MARK, id, text);
    call->outcome->repeated =
        find_checkpoint(call->machine, compartment, said.mark.index, said.node, &before) &&
        response_mark_equal(&before.mark, &said.mark);
    return VG_OK;
}

/* Those of marks that are not kept any more. */
static void forget_checkpoints(struct response_call *call)
{
    const vg_id *compartment = &call->request->compartment;
    struct response_checkpoint one = {.index = 0};
    struct response_mark mark;
    while (response_checkpoint_next(call->machine, compartment, &one)) {
        struct response_key key = checkpoint_key(compartment, one.mark.index, one.node);
        if (!response_mark_get(call->machine, compartment, one.mark.index, &mark))
            response_pairs_del(&call->writing->pairs, &key);
    }
}

void response_effect_checkpoint(struct response_call *call)
{
    const struct response_checkpoint said = checkpoint_of(call);
    struct response_key key =
        checkpoint_key(&call->request->compartment, said.mark.index, said.node);
    uint8_t bytes[CHECKPOINT_SIZE];
    struct vg_writer writer = vg_writer_of(bytes, sizeof bytes);
    vg_write_u64(&writer, said.index);
    vg_write_u64(&writer, said.time_ms);
    vg_write_u64(&writer, said.mark.accepted);
    vg_write_u64(&writer, said.mark.refused);
    vg_write_bytes(&writer, said.mark.hash.bytes, sizeof said.mark.hash.bytes);
    assert(!writer.failed);
    response_pairs_put(&call->writing->pairs, &key, vg_span_of(bytes, sizeof bytes));
    forget_checkpoints(call);
    call->outcome->checks = true;
}

/* ---- what they say together --------------------------------------------------------------------
 */

/* The word of a node that has gone, or is not cleared any more, counts for nothing: it could stop
 * others for good, as nobody could take it back. */
static bool has_say(const struct response_machine *machine, const vg_id *compartment,
                    vg_node_id node)
{
    struct response_eviction eviction;
    return !response_node_evicted(machine, node, &eviction) &&
           response_is_cleared(machine, compartment, node);
}

/* The next checkpoint that counts of one mark after `out`; false at the end. */
static bool next_of_mark(const struct response_machine *machine, const vg_id *compartment,
                         uint64_t mark, struct response_checkpoint *out)
{
    bool more = true;
    do
        more = response_checkpoint_next(machine, compartment, out) && out->mark.index == mark;
    while (more && !has_say(machine, compartment, out->node));
    return more;
}

/* The latest mark that has a checkpoint which counts; 0: none. */
static uint64_t latest_that_counts(const struct response_machine *machine, const vg_id *compartment)
{
    struct response_checkpoint one = {.index = 0};
    uint64_t mark = 0;
    while (response_checkpoint_next(machine, compartment, &one))
        if (has_say(machine, compartment, one.node))
            mark = one.mark.index;
    return mark;
}

/* How many checkpoints of its mark are of this state. */
static uint32_t count_of(const struct response_machine *machine, const vg_id *compartment,
                         const struct response_mark *mark)
{
    struct response_checkpoint one = {.mark.index = mark->index};
    uint32_t count = 0;
    while (next_of_mark(machine, compartment, mark->index, &one))
        count += response_mark_equal(&one.mark, mark);
    return count;
}

/* Of as many the first that was said, so that one who is at odds with the others, and speaks after
 * them, stops nobody. */
static void take_most(const struct response_machine *machine, const vg_id *compartment,
                      struct response_accord *out)
{
    struct response_checkpoint one = {.mark.index = out->mark};
    uint32_t all = 0;
    while (next_of_mark(machine, compartment, out->mark, &one)) {
        uint32_t count = count_of(machine, compartment, &one.mark);
        all++;
        if (count < out->agree || (count == out->agree && one.index > out->counts.index))
            continue;
        out->counts = one;
        out->agree = count;
    }
    out->differ = all - out->agree;
}

static uint64_t newest_mark(const struct response_machine *machine, const vg_id *compartment)
{
    struct response_mark mark = {.index = 0};
    while (response_mark_next(machine, compartment, &mark))
        ;
    return mark.index;
}

void response_accord_get(const struct response_machine *machine, const vg_id *compartment,
                         struct response_accord *out)
{
    *out = (struct response_accord){.newest = newest_mark(machine, compartment),
                                    .mark = latest_that_counts(machine, compartment)};
    if (out->mark == 0)
        return;
    take_most(machine, compartment, out);
    out->known = response_mark_get(machine, compartment, out->mark, &out->own);
    out->astray = out->known && !response_mark_equal(&out->own, &out->counts.mark);
}

bool response_accord_differs(const struct response_machine *machine, const vg_id *compartment,
                             const struct response_accord *accord, vg_node_id node)
{
    struct response_checkpoint said;
    return accord->mark != 0 && find_checkpoint(machine, compartment, accord->mark, node, &said) &&
           !response_mark_equal(&said.mark, &accord->counts.mark);
}

bool response_checkpoint_due(const struct response_machine *machine, const vg_id *compartment,
                             vg_node_id node, struct response_mark *out, bool *at_once)
{
    struct response_accord accord;
    struct response_checkpoint said;
    response_accord_get(machine, compartment, &accord);
    bool has_said = accord.known && find_checkpoint(machine, compartment, accord.mark, node, &said);
    bool is_said = has_said && response_mark_equal(&said.mark, &accord.own);
    *at_once = accord.known && !is_said && (accord.astray || has_said);
    if (*at_once)
        *out = accord.own;
    return *at_once || (!accord.astray && accord.newest > accord.mark &&
                        response_mark_get(machine, compartment, accord.newest, out));
}
