/* SPDX-License-Identifier: Apache-2.0
 * R32: who may rehearse a failure, that one drill runs at a time, and what came of it. */
#include "proto/response/drill.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "proto/response/call.h"

enum { BLOCKS = RESPONSE_PROBES_MAX / RESPONSE_PROBE_BITS + 1 };

const struct response_word response_drill_states[] = {
    {RESPONSE_DRILL_APPROVED, "approved"},
    {RESPONSE_DRILL_LAPSED, "lapsed"},
    {RESPONSE_DRILL_RUNNING, "running"},
    {RESPONSE_DRILL_UNFINISHED, "unfinished"},
    {RESPONSE_DRILL_PASSED, "passed"},
    {RESPONSE_DRILL_FAILED, "failed"},
    {0, NULL},
};

static struct response_key drill_key(const struct response_machine *machine,
                                     enum response_kind kind, const vg_id *id)
{
    struct response_key key = response_key_of(&machine->genesis->directory, kind);
    response_key_id(&key, id);
    return key;
}

static struct response_key probes_key(const struct response_machine *machine, const vg_id *id,
                                      uint64_t block)
{
    struct response_key key = drill_key(machine, RESPONSE_KIND_PROBES, id);
    response_key_u64(&key, block);
    return key;
}

/* ---- views -------------------------------------------------------------------------------------
 */

enum vg_code response_drill_get(const struct response_machine *machine, const vg_id *id,
                                struct response_drill *out)
{
    struct response_key key = drill_key(machine, RESPONSE_KIND_DRILL, id);
    vg_span value;
    if (!response_get(&machine->kv, &key, &value))
        return VG_NOT_FOUND;
    response_drill_decode(value, out);
    out->id = *id;
    return VG_OK;
}

bool response_drill_next(const struct response_machine *machine, const vg_id *after,
                         struct response_drill *out)
{
    struct response_key prefix = response_key_of(&machine->genesis->directory, RESPONSE_KIND_DRILL);
    struct response_key from = drill_key(machine, RESPONSE_KIND_DRILL, after);
    vg_span key;
    vg_span value;
    if (!response_next(&machine->kv, &prefix, &from, &key, &value))
        return false;
    response_drill_decode(value, out);
    out->id = response_key_last_id(key);
    return true;
}

uint64_t response_drill_over_at(const struct response_drill *drill)
{
    return drill->started_at + drill->duration_ms + RESPONSE_DRILL_GRACE_MS;
}

static bool has_passed(const struct response_drill *drill)
{
    return drill->recovered == RESPONSE_YES && drill->recovery_ms <= drill->recovery_target_ms &&
           drill->stalled_ms <= drill->stalled_target_ms && drill->lost == 0 && drill->stale == 0;
}

enum response_drill_state response_drill_state(const struct response_drill *drill, uint64_t time_ms)
{
    if (drill->ended_at != 0)
        return has_passed(drill) ? RESPONSE_DRILL_PASSED : RESPONSE_DRILL_FAILED;
    if (drill->started_at != 0)
        return time_ms <= response_drill_over_at(drill) ? RESPONSE_DRILL_RUNNING
                                                        : RESPONSE_DRILL_UNFINISHED;
    return time_ms <= drill->approved_at + RESPONSE_DRILL_APPROVED_MS ? RESPONSE_DRILL_APPROVED
                                                                      : RESPONSE_DRILL_LAPSED;
}

void response_drill_probes(const struct response_machine *machine, const vg_id *id, uint64_t block,
                           uint8_t out[RESPONSE_PROBE_BITS / 8])
{
    struct response_key key = probes_key(machine, id, block);
    vg_span value;
    memset(out, 0, RESPONSE_PROBE_BITS / 8);
    if (!response_get(&machine->kv, &key, &value))
        return;
    assert(value.size == RESPONSE_PROBE_BITS / 8);
    memcpy(out, value.data, value.size);
}

/* ---- what is signed ----------------------------------------------------------------------------
 */

enum { NODE = 1, REGION = 2, DELAY = 4 };

/* What a drill of each kind names: one of the combinations, and nothing else. */
static const struct {
    enum response_drill_kind kind;
    unsigned named, or_named;
    const char *words;
} targets[] = {
    {RESPONSE_DRILL_LEADER_LOSS, 0, 0, "whoever leads"},
    {RESPONSE_DRILL_NODE_LOSS, NODE, NODE, "one node"},
    {RESPONSE_DRILL_ISOLATE, NODE, REGION, "one node or one region"},
    {RESPONSE_DRILL_SLOW_REGION, REGION | DELAY, REGION | DELAY, "one region and a delay"},
    {RESPONSE_DRILL_DISK_FULL, NODE, NODE, "one node"},
};

static enum vg_code check_target(struct response_call *call)
{
    uint8_t kind = call->command.drill.kind;
    unsigned named = (call->command.drill.node != 0 ? NODE : 0U) |
                     (call->command.drill.region.size > 0 ? REGION : 0U) |
                     (call->command.drill.delay_ms != 0 ? DELAY : 0U);
    size_t i = 0;
    while (targets[i].kind != kind)
        i++;
    if (named == targets[i].named || named == targets[i].or_named)
        return VG_OK;
    return RESPONSE_REFUSE(call, DRILL_TARGET, response_word(response_drill_kinds, kind),
                           targets[i].words);
}

/* Regions are the nodes' configuration, not the log's: who runs the drill looks at those. */
enum vg_code response_judge_drill(struct response_call *call)
{
    const struct ledger_genesis *genesis = call->machine->genesis;
    uint64_t node = call->command.drill.node;
    char text[24];
    call->outcome->id = call->request->request;
    if (check_target(call) != VG_OK)
        return call->outcome->error.code;
    for (uint32_t i = 0; i < genesis->member_count; i++) {
        if (node == 0 || genesis->members[i].id.value == node)
            return VG_OK;
    }
    snprintf(text, sizeof text, "%" PRIu64, node);
    return RESPONSE_REFUSE(call, NO_NODE, text);
}

static void put_drill(struct response_call *call, const struct response_drill *drill)
{
    struct vg_buffer record = {0};
    struct response_key key = drill_key(call->machine, RESPONSE_KIND_DRILL, &drill->id);
    response_drill_encode(drill, &record);
    response_pairs_put(&call->writing->pairs, &key, vg_buffer_span(&record));
    vg_buffer_free(&record);
}

static void forget_probes(struct response_call *call, const vg_id *id)
{
    for (uint64_t block = 0; block < BLOCKS; block++) {
        struct response_key key = probes_key(call->machine, id, block);
        vg_span value;
        if (response_get(&call->machine->kv, &key, &value))
            response_pairs_del(&call->writing->pairs, &key);
    }
}

/* With the last signature. Whoever signed as operator runs it. */
void response_effect_drill(struct response_call *call)
{
    const struct response_proposal *proposal = call->carries;
    struct response_drill drill = {
        .id = proposal->id,
        .kind = call->command.drill.kind,
        .node.value = call->command.drill.node,
        .duration_ms = call->command.drill.duration_ms,
        .delay_ms = call->command.drill.delay_ms,
        .recovery_target_ms = call->command.drill.recovery_target_ms,
        .stalled_target_ms = call->command.drill.stalled_target_ms,
        .approved_at = call->time_ms,
    };
    for (uint32_t i = 0; i < proposal->signer_count; i++) {
        bool operates = proposal->signers[i].role == RESPONSE_ROLE_OPERATOR;
        *(operates ? &drill.operated_by : &drill.seconded_by) = proposal->signers[i].person;
    }
    response_copy_text(call->command.drill.region, drill.region, sizeof drill.region);
    response_copy_text(call->command.drill.reason, drill.reason, sizeof drill.reason);
    response_keep_latest(call, RESPONSE_KIND_DRILL, RESPONSE_DRILLS_MAX, forget_probes);
    put_drill(call, &drill);
}

/* ---- running it --------------------------------------------------------------------------------
 */

static enum vg_code find_own(struct response_call *call, const vg_id *id)
{
    struct response_drill *drill = &call->part.drill;
    char text[VG_ID_TEXT];
    char name[VG_NAME_MAX + 1];
    call->outcome->id = *id;
    vg_id_format(id, text);
    if (response_drill_get(call->machine, id, drill) != VG_OK)
        return RESPONSE_REFUSE(call, NO_DRILL, text);
    response_person_words(call->machine, &drill->operated_by, name);
    return vg_id_equal(&drill->operated_by, &call->request->author)
               ? VG_OK
               : RESPONSE_REFUSE(call, NOT_YOUR_DRILL, name);
}

/* In one of these states, as bits. */
static enum vg_code find_in(struct response_call *call, const vg_id *id, unsigned states)
{
    if (find_own(call, id) != VG_OK)
        return call->outcome->error.code;
    return (states >> response_drill_state(&call->part.drill, call->time_ms) & 1) != 0
               ? VG_OK
               : response_refuse(call, RESPONSE_REFUSED_DRILL_NOT_RUNNING);
}

static enum vg_code check_alone(struct response_call *call)
{
    struct response_drill other = {.id = {{0}}};
    char id[VG_ID_TEXT];
    char at[VG_TIME_TEXT];
    while (response_drill_next(call->machine, &other.id, &other)) {
        if (response_drill_state(&other, call->time_ms) != RESPONSE_DRILL_RUNNING)
            continue;
        vg_id_format(&other.id, id);
        vg_time_format(response_drill_over_at(&other), at);
        return RESPONSE_REFUSE(call, DRILL_UNDER_WAY, id, at);
    }
    return VG_OK;
}

enum vg_code response_judge_drill_start(struct response_call *call)
{
    const struct response_drill *drill = &call->part.drill;
    char at[VG_TIME_TEXT];
    if (find_own(call, &call->command.drill_start.drill) != VG_OK)
        return call->outcome->error.code;
    vg_time_format(drill->started_at, at);
    if (drill->started_at != 0)
        return RESPONSE_REFUSE(call, DRILL_USED, at);
    vg_time_format(drill->approved_at, at);
    if (response_drill_state(drill, call->time_ms) == RESPONSE_DRILL_LAPSED)
        return RESPONSE_REFUSE(call, DRILL_LAPSED, at);
    if (check_alone(call) != VG_OK)
        return call->outcome->error.code;
    call->outcome->drills = true;
    return VG_OK;
}

void response_effect_drill_start(struct response_call *call)
{
    struct response_drill *drill = &call->part.drill;
    drill->started_at = call->time_ms;
    drill->start_index = call->index;
    put_drill(call, drill);
}

static uint8_t probe_bit(uint64_t number)
{
    return (uint8_t)(1U << (number % 8));
}

/* Already before the start, to know what is usual. A number that came before changes nothing. */
enum vg_code response_judge_drill_probe(struct response_call *call)
{
    uint64_t number = call->command.drill_probe.number;
    uint8_t bits[RESPONSE_PROBE_BITS / 8];
    if (find_in(call, &call->command.drill_probe.drill,
                1U << RESPONSE_DRILL_APPROVED | 1U << RESPONSE_DRILL_RUNNING) != VG_OK)
        return call->outcome->error.code;
    response_drill_probes(call->machine, &call->part.drill.id, number / RESPONSE_PROBE_BITS, bits);
    call->outcome->repeated = (bits[number % RESPONSE_PROBE_BITS / 8] & probe_bit(number)) != 0;
    return VG_OK;
}

void response_effect_drill_probe(struct response_call *call)
{
    struct response_drill *drill = &call->part.drill;
    uint64_t number = call->command.drill_probe.number;
    uint64_t block = number / RESPONSE_PROBE_BITS;
    uint8_t bits[RESPONSE_PROBE_BITS / 8];
    struct response_key key = probes_key(call->machine, &drill->id, block);
    response_drill_probes(call->machine, &drill->id, block, bits);
    bits[number % RESPONSE_PROBE_BITS / 8] |= probe_bit(number);
    response_pairs_put(&call->writing->pairs, &key, vg_span_of(bits, sizeof bits));
    drill->probes++;
    put_drill(call, drill);
}

enum vg_code response_judge_drill_end(struct response_call *call)
{
    return find_in(call, &call->command.drill_end.drill, 1U << RESPONSE_DRILL_RUNNING);
}

void response_effect_drill_end(struct response_call *call)
{
    const struct response_lines *stalled = &call->command.drill_end.stalled;
    struct response_drill *drill = &call->part.drill;
    for (uint8_t i = 0; i < stalled->count; i++) {
        response_append_text(&call->text, i > 0 ? "\n" : "");
        vg_buffer_append(&call->text, stalled->lines[i].data, stalled->lines[i].size);
    }
    drill->ended_at = call->time_ms;
    drill->end_index = call->index;
    drill->recovered = call->command.drill_end.recovered;
    drill->recovery_ms = call->command.drill_end.recovery_ms;
    drill->stalled_ms = call->command.drill_end.stalled_ms;
    drill->stalled = vg_buffer_span(&call->text);
    drill->writes = call->command.drill_end.writes;
    drill->reads = call->command.drill_end.reads;
    drill->lost = call->command.drill_end.lost;
    drill->stale = call->command.drill_end.stale;
    put_drill(call, drill);
}
