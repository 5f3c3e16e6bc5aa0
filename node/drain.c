/* SPDX-License-Identifier: Apache-2.0
 * The outputs of one step, carried out in the order the core gave them. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "node/parts.h"

void node_fail_stop(const char *event, const char *why)
{
    vg_log(VG_LOG_ERROR, event, "%s; this node stops, its log must be looked at", why);
    abort();
}

/* The hash of the entry before `from`, which the log keeps. */
static vg_hash hash_before(struct node *node, uint64_t from)
{
    vg_hash hash;
    if (from == 1)
        return node->cluster;
    if (!ledger_tail_hash_at(node->tail, from - 1, &hash) &&
        !store_log_chain_hash(node->log, from - 1, &hash))
        node_fail_stop("log-unreadable", "the hash before a truncation is damaged");
    return hash;
}

static void carry_truncate(struct node *node, const struct raft_output *output)
{
    vg_hash before = hash_before(node, output->first);
    vg_log(VG_LOG_INFO, "log-truncated", "from=%" PRIu64 " last=%" PRIu64, output->first,
           ledger_tail_last(node->tail));
    ledger_tail_truncate(node->tail, output->first, &before);
}

/* A new leader's own first entry: no body, and a random id from outside the core. */
static void append_noop(struct node *node, const struct raft_output *output)
{
    struct ledger_envelope envelope = {.version = LEDGER_FORMAT,
                                       .cluster = node->cluster,
                                       .type = LEDGER_NOOP,
                                       .origin = node->self};
    uint8_t bytes[LEDGER_ENVELOPE_SIZE];
    vg_random(envelope.id.bytes, sizeof envelope.id.bytes);
    ledger_envelope_encode(&envelope, bytes);
    ledger_tail_append_own(node->tail, vg_span_of(bytes, sizeof bytes), output->entry_term,
                           output->time_ms);
}

static void append_received(struct node *node, const struct raft_output *output)
{
    struct node_received *received = node->receiving;
    struct vg_error error;
    assert(received != NULL && output->count <= received->msg.entry_count);
    uint32_t skipped = received->msg.entry_count - output->count;
    for (uint32_t i = skipped; i < received->msg.entry_count; i++) {
        struct node_entry *entry = &received->entries[i];
        if (ledger_tail_append(node->tail, entry->bytes, &entry->view, &error) != VG_OK)
            node_fail_stop("chain-broken", error.text);
    }
}

static void carry_append(struct node *node, const struct raft_output *output)
{
    assert(output->first == ledger_tail_last(node->tail) + 1);
    switch (output->source) {
    case RAFT_FROM_PROPOSAL:
        node_proposals_appended(node, output);
        break;
    case RAFT_FROM_LEADERSHIP:
        append_noop(node, output);
        break;
    case RAFT_FROM_MESSAGE:
        append_received(node, output);
        break;
    }
    assert(ledger_tail_last(node->tail) == output->first + output->count - 1);
}

static void carry_write(struct node *node, const struct raft_output *output)
{
    struct vg_blob **entries =
        output->count == 0 ? NULL : vg_alloc_zero(output->count, sizeof(struct vg_blob *));
    for (uint32_t i = 0; i < output->count; i++) {
        struct vg_blob *entry = ledger_tail_get(node->tail, output->first + i);
        assert(entry != NULL);
        entries[i] = vg_blob_ref(entry);
    }
    struct store_write write = {.id = output->write_id,
                                .hard_state = output->hard_state,
                                .term = output->term,
                                .voted_for = output->voted_for,
                                .truncate_from = output->truncate_from,
                                .count = output->count,
                                .entries = entries};
    node->submitted = write.id;
    store_log_submit(node->log, &write);
}

/* Entries the tail still holds go along in memory; the applier reads older ones itself. */
static void carry_commit(struct node *node, const struct raft_output *output)
{
    uint64_t first = output->first;
    assert(output->first > node->committed);
    while (first > node->committed && ledger_tail_get(node->tail, first) != NULL)
        first--;
    if (first > node->committed)
        store_applier_commit(node->applier, first, NULL);
    for (uint64_t index = first + 1; index <= output->first; index++)
        store_applier_commit(node->applier, index, ledger_tail_get(node->tail, index));
    node->committed = output->first;
    node_proposals_committed(node, output->first);
}

static void carry_read_ready(struct node *node, const struct raft_output *output)
{
    node_read_ready(node, output->id, output->first);
}

static void carry_read_failed(struct node *node, const struct raft_output *output)
{
    node_read_again(node, output->id);
}

static void put_load(struct node *node, const struct node_load *load)
{
    uint32_t at = 0;
    while (at < node->load_count && !vg_node_equal(node->loads[at].peer, load->peer))
        at++; /* of an earlier leadership, if there is one */
    assert(at < VG_NODES_MAX);
    if (at == node->load_count)
        node->load_count++;
    node->loads[at] = *load;
}

static void carry_load(struct node *node, const struct raft_output *output)
{
    struct node_load load = {
        .peer = output->leader, .first = output->first, .count = output->count};
    put_load(node, &load);
}

static void carry_role(struct node *node, const struct raft_output *output)
{
    bool led = node->role == RAFT_LEADER;
    if (output->term.value > node->term.value)
        node_memory_meet_again(node);
    node->role = output->role;
    node->term = output->term;
    node->leader = output->leader;
    vg_log(VG_LOG_INFO, "role", "%s term=%" PRIu64 " leader=%" PRIu64, raft_role_name(output->role),
           output->term.value, output->leader.value);
    if (led && output->role != RAFT_LEADER)
        node_proposals_lost(node);
    node_submits_place(node);
    node->reads.retry_us = 0;
}

static void carry_transfer_done(struct node *node, const struct raft_output *output)
{
    struct vg_error why;
    if (output->ok && node_room(node, &why) != VG_OK)
        vg_log(VG_LOG_WARN, "handed-over", "another node leads now: %s", why.text);
    node_transfer_done(node, output->ok, output->reason);
}

static void carry_alarm(struct node *node, const struct raft_output *output)
{
    char why[120];
    assert(node->receiving != NULL); /* alarms are about what a message says */
    snprintf(why, sizeof why, "%s, says a message of node %" PRIu64 " in term %" PRIu64,
             raft_reason_name(output->reason), node->receiving->msg.from.value,
             node->receiving->msg.term);
    node_fail_stop("consensus-alarm", why);
}

static void (*const carriers[])(struct node *node, const struct raft_output *output) = {
    [RAFT_OUT_TRUNCATE] = carry_truncate,
    [RAFT_OUT_APPEND] = carry_append,
    [RAFT_OUT_WRITE] = carry_write,
    [RAFT_OUT_SEND] = node_send,
    [RAFT_OUT_COMMIT] = carry_commit,
    [RAFT_OUT_READ_READY] = carry_read_ready,
    [RAFT_OUT_READ_FAILED] = carry_read_failed,
    [RAFT_OUT_REFUSED] = node_proposals_refused,
    [RAFT_OUT_LOAD] = carry_load,
    [RAFT_OUT_ROLE] = carry_role,
    [RAFT_OUT_TRANSFER_DONE] = carry_transfer_done,
    [RAFT_OUT_ALARM] = carry_alarm,
};

void node_step(struct node *node, struct raft_event *event)
{
    event->now_us = vg_clock_system.monotonic_us();
    event->wall_ms = vg_clock_system.wall_ms();
    event->full = node_room(node, NULL) != VG_OK;
    raft_step(node->core, event, node->outputs);
    for (uint32_t i = 0; i < node->outputs->count; i++) {
        const struct raft_output *output = &node->outputs->items[i];
        carriers[output->type](node, output);
    }
}

struct raft_entry node_entry_metadata(const struct ledger_view *view, size_t size)
{
    return (struct raft_entry){
        .index = view->header.index,
        .term = view->header.term,
        .time_ms = view->header.time_ms,
        .size = (uint32_t)size,
        .kind = view->envelope.type == LEDGER_NOOP ? RAFT_NOOP : RAFT_DATA,
    };
}

/* From the tail what the tail holds: the disk may still have what is about to be truncated.
 * Metadata that is damaged ends it, and is fetched again. */
static uint32_t load(struct node *node, const struct node_load *wanted, struct raft_entry *out)
{
    uint32_t count = 0, limit = wanted->count < RAFT_BATCH_MAX ? wanted->count : RAFT_BATCH_MAX;
    struct ledger_view view;
    while (count < limit && ledger_tail_get(node->tail, wanted->first + count) == NULL)
        count++;
    if (count > 0) {
        uint32_t found = store_log_metadata(node->log, wanted->first, count, out);
        if (found < count)
            node_repair_start(node, wanted->first + found);
        return found;
    }
    for (; count < limit; count++) {
        struct vg_blob *entry = ledger_tail_get(node->tail, wanted->first + count);
        if (entry == NULL || ledger_cut(vg_blob_span(entry), &view, NULL) != VG_OK)
            break;
        out[count] = node_entry_metadata(&view, entry->size);
    }
    return count;
}

void node_loads_flush(struct node *node)
{
    struct raft_entry meta[RAFT_BATCH_MAX];
    struct node_load loads[VG_NODES_MAX];
    uint32_t load_count = node->load_count;
    memcpy(loads, node->loads, sizeof loads);
    node->load_count = node->loads_kept = 0;
    for (uint32_t i = 0; i < load_count; i++) {
        uint32_t count = load(node, &loads[i], meta);
        if (count == 0) { /* until it is whole again */
            put_load(node, &loads[i]);
            node->loads_kept++;
            continue;
        }
        struct raft_event event = {
            .type = RAFT_LOADED, .node = loads[i].peer, .entries = meta, .entry_count = count};
        node_step(node, &event);
    }
}

uint64_t node_log_readable(struct node *node)
{
    struct raft_status status;
    raft_status(node->core, &status);
    uint64_t durable = status.durable.value;
    return durable < node->committed ? durable : node->committed;
}

struct written {
    struct loop_task task;
    struct node *node;
    uint64_t write_id;
};

static void take_written(struct loop_task *task)
{
    struct written *written = (struct written *)task;
    struct node *node = written->node;
    struct raft_event event = {.type = RAFT_WRITTEN, .id = written->write_id};
    struct raft_status status;
    free(written);
    if (node->closed)
        return;
    node->written = event.id;
    node_release(node, event.id);
    node_step(node, &event);
    raft_status(node->core, &status);
    ledger_tail_set_durable(node->tail, status.durable.value);
}

void node_written(void *context, uint64_t write_id)
{
    struct node *node = context;
    struct written *written = vg_alloc(sizeof *written);
    *written = (struct written){.task.run = take_written, .node = node, .write_id = write_id};
    loop_post(node->loop, &written->task);
}

struct outcome {
    struct loop_task task;
    struct node *node;
    uint64_t index; /* of the entry; a repeated request's outcome has that of the first */
    struct response_outcome outcome;
};

static void take_outcome(struct loop_task *task)
{
    struct outcome *outcome = (struct outcome *)task;
    node_submit_applied(outcome->node, outcome->index, &outcome->outcome);
    free(outcome);
}

static void post_outcome(struct node *node, uint64_t index, const struct response_outcome *outcome)
{
    struct outcome *copy = vg_alloc(sizeof *copy);
    *copy = (struct outcome){
        .task.run = take_outcome, .node = node, .index = index, .outcome = *outcome};
    loop_post(node->loop, &copy->task);
}

void node_applied(void *context, uint64_t index, const struct response_outcome *outcome)
{
    struct node *node = context;
    node_watch_wake(node);
    if (outcome == NULL)
        return;
    node_admission_heed(node, outcome);
    if (outcome->drills)
        node_drill_started(node, outcome);
    if (node_submit_waits(node, &outcome->request))
        post_outcome(node, index, outcome);
    node_clearance_heed(node, outcome); /* once who asked for it has the answer */
}

struct stale {
    struct loop_task task;
    struct node *node;
    vg_id envelope_id;
};

static void take_stale(struct loop_task *task)
{
    struct stale *stale = (struct stale *)task;
    if (!stale->node->closed)
        node_submit_stale(stale->node, &stale->envelope_id);
    free(stale);
}

void node_stale(void *context, const struct ledger_envelope *envelope)
{
    struct node *node = context;
    if (!vg_node_equal(envelope->origin, node->self))
        return;
    struct stale *stale = vg_alloc(sizeof *stale);
    *stale = (struct stale){.task.run = take_stale, .node = node, .envelope_id = envelope->id};
    loop_post(node->loop, &stale->task);
}

struct stopped {
    struct loop_task task;
    struct node *node;
    uint64_t damaged; /* the entry whose repair it waits for; 0: none */
    struct vg_error why;
};

static void take_stopped(struct loop_task *task)
{
    struct stopped *stopped = (struct stopped *)task;
    struct node *node = stopped->node;
    node->stopped = stopped->why;
    node->repairs.applier_waits = stopped->damaged;
    if (node->stopped.code != VG_OK) {
        node->stopped.code = VG_UNAVAILABLE;
        node_submits_end(node, &node->stopped);
    }
    if (stopped->damaged != 0 && !node->closed)
        node_repair_start(node, stopped->damaged);
    free(stopped);
}

static void tell_stopped(struct node *node, uint64_t damaged, const struct vg_error *why)
{
    struct stopped *stopped = vg_alloc(sizeof *stopped);
    *stopped =
        (struct stopped){.task.run = take_stopped, .node = node, .damaged = damaged, .why = *why};
    loop_post(node->loop, &stopped->task);
}

void node_apply_stopped(void *context, uint64_t index, const struct vg_error *error, bool damaged)
{
    vg_log(VG_LOG_ERROR, "apply-stopped", "index=%" PRIu64 " %s", index, error->text);
    tell_stopped(context, damaged ? index : 0, error);
}

void node_apply_goes_on(void *context)
{
    static const struct vg_error well = {.code = VG_OK};
    tell_stopped(context, 0, &well);
}
