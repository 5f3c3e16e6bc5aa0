/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "tests/sim/sim.h"

enum { SAMPLE_STEPS = 61, LOAD_US = 300 };

static struct raft_entry entry_meta(const struct ledger_view *view, size_t size)
{
    return (struct raft_entry){
        .index = view->header.index,
        .term = view->header.term,
        .time_ms = view->header.time_ms,
        .size = (uint32_t)size,
        .kind = view->envelope.type == LEDGER_NOOP ? RAFT_NOOP : RAFT_DATA,
    };
}

struct record host_record(const struct host *host, uint64_t index)
{
    struct vg_blob *blob = ledger_tail_get(host->tail, index);
    const struct record *durable = disk_get(&host->disk, index);
    if (!blob) {
        assert(durable);
        return *durable;
    }
    struct ledger_view view;
    enum vg_code code = ledger_cut(vg_blob_span(blob), &view, NULL);
    assert(code == VG_OK);
    (void)code;
    return (struct record){.blob = blob, .meta = entry_meta(&view, blob->size), .hash = view.hash};
}

/* ---- outputs -----------------------------------------------------------------------------------
 */

/* The step whose outputs are carried out. */
struct carrying {
    const struct raft_event *event;
    struct packet *packet; /* RECEIVE: the message with its entries */
};

static void carry_truncate(struct sim *sim, struct host *host, const struct raft_output *output,
                           const struct carrying *step)
{
    (void)step;
    uint64_t from = output->first;
    vg_hash before = sim->cluster;
    if (from > 1)
        before = host_record(host, from - 1).hash;
    const struct record *durable = disk_get(&host->disk, from);
    SOMETIMES(&sim->marks, DURABLE_OVERWRITTEN, durable);
    SOMETIMES(&sim->marks, OLD_TERM_OVERWRITTEN,
              host_record(host, from).meta.term < host->status.term.value);
    ledger_tail_truncate(host->tail, from, &before);
}

static void append_received(struct sim *sim, struct host *host, const struct packet *packet,
                            uint32_t count)
{
    struct vg_error error;
    for (uint32_t i = packet->msg.entry_count - count; i < packet->msg.entry_count; i++)
        if (ledger_tail_append(host->tail, packet->entries[i], &sim->views[i], &error) != VG_OK)
            sim_violate(sim, "I4", host->id.value, sim->views[i].header.index, "%s", error.text);
}

static void carry_append(struct sim *sim, struct host *host, const struct raft_output *output,
                         const struct carrying *step)
{
    uint8_t noop[LEDGER_ENVELOPE_SIZE];
    assert(output->first == ledger_tail_last(host->tail) + 1);
    switch (output->source) {
    case RAFT_FROM_PROPOSAL:
        assert(output->count == step->event->entry_count);
        for (uint32_t i = 0; i < output->count; i++)
            ledger_tail_append_own(host->tail, vg_blob_span(host->gathered[i].blob),
                                   output->entry_term, output->time_ms);
        break;
    case RAFT_FROM_LEADERSHIP:
        origin_noop(host, noop);
        ledger_tail_append_own(host->tail, vg_span_of(noop, sizeof noop), output->entry_term,
                               output->time_ms);
        break;
    case RAFT_FROM_MESSAGE:
        append_received(sim, host, step->packet, output->count);
        break;
    }
}

static void carry_write(struct sim *sim, struct host *host, const struct raft_output *output,
                        const struct carrying *step)
{
    (void)step;
    struct disk_write write = {
        .id = output->write_id,
        .hard_state = output->hard_state,
        .term = output->term.value,
        .voted_for = output->voted_for,
        .truncate_from = output->truncate_from,
        .count = output->count,
        .records = vg_alloc((output->count + 1) * sizeof(struct record)),
    };
    for (uint32_t i = 0; i < output->count; i++) {
        write.records[i] = host_record(host, output->first + i);
        vg_blob_ref(write.records[i].blob);
    }
    raft_trace_write(sim, &write);
    disk_submit(sim, host, &write);
}

static void send_now(struct sim *sim, struct host *host, struct packet *packet)
{
    check_sent(sim->check, &packet->msg);
    raft_trace_sent(sim, &packet->msg);
    SOMETIMES(&sim->marks, HELD_ACROSS_TERM,
              packet->msg.type == RAFT_MSG_APP_RESP && packet->msg.term < host->status.term.value);
    net_send(sim, packet);
}

static void hold(struct host *host, uint64_t after_write, struct packet *packet)
{
    if (host->held_count == host->held_capacity) {
        host->held_capacity = host->held_capacity ? 2 * host->held_capacity : 32;
        host->held = vg_realloc(host->held, host->held_capacity * sizeof *host->held);
    }
    host->held[host->held_count++] = (struct held){.after_write = after_write, .packet = packet};
}

static void carry_send(struct sim *sim, struct host *host, const struct raft_output *output,
                       const struct carrying *step)
{
    (void)step;
    uint32_t to = (uint32_t)output->msg.to.value - 1;
    struct packet *packet = packet_new(PACKET_RAFT, host->index, to);
    packet->life = host->life;
    packet->msg = output->msg;
    uint32_t count = output->msg.type == RAFT_MSG_APP ? output->msg.entry_count : 0;
    if (count > 0)
        packet->entries = vg_alloc(count * sizeof(struct vg_blob *));
    for (uint32_t i = 0; i < count; i++)
        packet->entries[i] = vg_blob_ref(host_record(host, output->msg.prev_index + 1 + i).blob);
    if (output->after_write > host->written)
        hold(host, output->after_write, packet);
    else
        send_now(sim, host, packet);
}

static void carry_commit(struct sim *sim, struct host *host, const struct raft_output *output,
                         const struct carrying *step)
{
    (void)step;
    host->target = output->first;
    host_apply_later(sim, host);
}

static void carry_read_ready(struct sim *sim, struct host *host, const struct raft_output *output,
                             const struct carrying *step)
{
    (void)step;
    SOMETIMES(&sim->marks, READ_ANSWERED, sim->host_count > 1);
    origin_read_ready(sim, host, output->id, output->first);
}

static void carry_read_failed(struct sim *sim, struct host *host, const struct raft_output *output,
                              const struct carrying *step)
{
    (void)step;
    SOMETIMES(&sim->marks, READ_REFUSED, true);
    origin_read_failed(sim, host, output->id);
}

static void carry_refused(struct sim *sim, struct host *host, const struct raft_output *output,
                          const struct carrying *step)
{
    SOMETIMES(&sim->marks, PROPOSAL_BUSY, output->reason == RAFT_REASON_BUSY && !host->disk.full);
    SOMETIMES(&sim->marks, PROPOSAL_NOT_LEADER, output->reason == RAFT_REASON_NOT_LEADER);
    SOMETIMES(&sim->marks, TRANSFER_FAILED, step->event->type == RAFT_TRANSFER);
    if (step->event->type == RAFT_PROPOSE)
        origin_refused(sim, host, output->reason);
}

static void carry_load(struct sim *sim, struct host *host, const struct raft_output *output,
                       const struct carrying *step)
{
    (void)step;
    queue_push(&sim->queue,
               (struct event){.at_us = sim->now_us + sim_around(&sim->disk_chance, LOAD_US),
                              .kind = EVENT_LOADED,
                              .who = host->index,
                              .life = host->life,
                              .first = output->first,
                              .count = output->count,
                              .peer = (uint32_t)output->leader.value});
}

static void carry_role(struct sim *sim, struct host *host, const struct raft_output *output,
                       const struct carrying *step)
{
    (void)step;
    sim_trace(sim, host->id.value, "is %s in term %" PRIu64 ", leader %" PRIu64,
              raft_role_name(output->role), output->term.value, output->leader.value);
    if (output->role != RAFT_LEADER)
        return;
    sim->leaderships++;
    SOMETIMES(&sim->marks, LEADER_CHANGED,
              sim->last_leader.value > 0 && !vg_node_equal(sim->last_leader, host->id));
    SOMETIMES(&sim->marks, FULL_ELECTED, host->disk.full);
    sim->last_leader = host->id;
}

static void carry_transfer_done(struct sim *sim, struct host *host,
                                const struct raft_output *output, const struct carrying *step)
{
    (void)step;
    SOMETIMES(&sim->marks, TRANSFER_DONE, output->ok);
    SOMETIMES(&sim->marks, FULL_GAVE_WAY, output->ok && host->disk.full);
    SOMETIMES(&sim->marks, TRANSFER_FAILED, !output->ok);
}

static void carry_alarm(struct sim *sim, struct host *host, const struct raft_output *output,
                        const struct carrying *step)
{
    (void)step;
    sim_violate(sim, "alarm", host->id.value, output->first, "the core says: %s",
                raft_reason_name(output->reason));
}

typedef void carry(struct sim *sim, struct host *host, const struct raft_output *output,
                   const struct carrying *step);

static carry *const carriers[] = {
    [RAFT_OUT_TRUNCATE] = carry_truncate,
    [RAFT_OUT_APPEND] = carry_append,
    [RAFT_OUT_WRITE] = carry_write,
    [RAFT_OUT_SEND] = carry_send,
    [RAFT_OUT_COMMIT] = carry_commit,
    [RAFT_OUT_READ_READY] = carry_read_ready,
    [RAFT_OUT_READ_FAILED] = carry_read_failed,
    [RAFT_OUT_REFUSED] = carry_refused,
    [RAFT_OUT_LOAD] = carry_load,
    [RAFT_OUT_ROLE] = carry_role,
    [RAFT_OUT_TRANSFER_DONE] = carry_transfer_done,
    [RAFT_OUT_ALARM] = carry_alarm,
};

/* ---- steps -------------------------------------------------------------------------------------
 */

/* I44: the same step on a clone must end the same; I36: a message heard twice moves nothing that
 * safety rests on. */
static void check_twin(struct sim *sim, struct host *host, const struct raft_event *event)
{
    raft_step(sim->twin, event, &sim->twin_outputs);
    check_pure(sim->check, host->id, raft_state_hash(host->core), raft_state_hash(sim->twin));
    sim_mix(sim, raft_state_hash(host->core));
    raft_trace_core(sim, host);
    if (event->type != RAFT_RECEIVE)
        return;
    struct raft_status first;
    struct raft_status second;
    raft_status(sim->twin, &first);
    raft_step(sim->twin, event, &sim->twin_outputs);
    raft_status(sim->twin, &second);
    if (first.term.value != second.term.value ||
        !vg_node_equal(first.voted_for, second.voted_for) ||
        first.appended.value != second.appended.value ||
        first.committed.value != second.committed.value)
        sim_violate(sim, "I36", host->id.value, second.appended.value,
                    "the same %s again changed term, vote, log or commit",
                    raft_msg_name(event->msg->type));
}

static void observe_outputs(struct sim *sim, const struct host *host,
                            const struct raft_status *before)
{
    const struct raft_status *after = &host->status;
    SOMETIMES(&sim->marks, LEADER_STEPPED_DOWN,
              before->role == RAFT_LEADER && after->role != RAFT_LEADER &&
                  before->term.value == after->term.value);
    for (uint32_t i = 0; i < sim->outputs.count; i++) {
        const struct raft_output *output = &sim->outputs.items[i];
        const struct raft_msg *msg = &output->msg;
        sim_mix(sim, (uint64_t)output->type << 32 | output->count);
        sim_mix(sim, output->first ^ output->write_id << 20 ^ output->after_write << 40);
        if (output->type != RAFT_OUT_SEND)
            continue;
        uint64_t verified = after->verified.value;
        uint64_t safe = after->durable.value < verified ? after->durable.value : verified;
        SOMETIMES(&sim->marks, STAMP_WITHHELD,
                  msg->type == RAFT_MSG_APP_RESP && msg->granted && msg->index < safe);
        SOMETIMES(&sim->marks, APPEND_REJECTED, msg->type == RAFT_MSG_APP_RESP && !msg->granted);
        SOMETIMES(&sim->marks, PREVOTE_REFUSED,
                  msg->type == RAFT_MSG_PREVOTE_RESP && !msg->granted);
        SOMETIMES(&sim->marks, VOTE_REFUSED, msg->type == RAFT_MSG_VOTE_RESP && !msg->granted);
    }
}

static void schedule_tick(struct sim *sim, struct host *host)
{
    uint64_t due = raft_deadline_us(host->core);
    uint64_t mono = host_mono_us(sim, host);
    uint64_t wait = due > mono ? (due - mono) * 1000000 / host->clock.rate_ppm : 0;
    uint64_t at = sim->now_us + wait + 1;
    if (host->tick_us != 0 && host->tick_us <= at)
        return;
    host->tick_us = at;
    queue_push(
        &sim->queue,
        (struct event){.at_us = at, .kind = EVENT_TICK, .who = host->index, .life = host->life});
}

static void carry_out(struct sim *sim, struct host *host, const struct carrying *step)
{
    for (uint32_t i = 0; i < sim->outputs.count && !sim->failed; i++) {
        if (host->crash_in > 0 && --host->crash_in == 0) {
            SOMETIMES(&sim->marks, CRASH_BETWEEN_OUTPUTS, i > 0);
            nemesis_crash(sim, host);
            return;
        }
        const struct raft_output *output = &sim->outputs.items[i];
        carriers[output->type](sim, host, output, step);
    }
}

void host_step(struct sim *sim, struct host *host, struct raft_event *event, struct packet *packet)
{
    struct raft_status before = host->status;
    uint64_t deadline_before = raft_deadline_us(host->core);
    event->now_us = host_mono_us(sim, host);
    event->wall_ms = host_wall_ms(sim, host);
    event->full = host->disk.full;
    bool sampled = sim->steps++ % SAMPLE_STEPS == 0;
    if (sampled)
        memcpy(sim->twin, host->core, raft_size());
    raft_step(host->core, event, &sim->outputs);
    raft_status(host->core, &host->status);
    struct check_step step = {
        .node = host->id,
        .event = event,
        .before = &before,
        .after = &host->status,
        .deadline_before_us = deadline_before,
        .deadline_after_us = raft_deadline_us(host->core),
        .outputs = &sim->outputs,
    };
    check_step(sim->check, &step);
    if (sampled)
        check_twin(sim, host, event);
    raft_trace_step(sim, host, event);
    observe_outputs(sim, host, &before);
    carry_out(sim, host, &(struct carrying){.event = event, .packet = packet});
    if (host->up)
        schedule_tick(sim, host);
}

/* ---- events ------------------------------------------------------------------------------------
 */

static void on_tick(struct sim *sim, struct host *host, const struct event *event)
{
    if (event->at_us != host->tick_us)
        return;
    host->tick_us = 0;
    if (host_mono_us(sim, host) >= raft_deadline_us(host->core))
        host_step(sim, host, &(struct raft_event){.type = RAFT_TICK}, NULL);
    else
        schedule_tick(sim, host);
}

static void on_disk(struct sim *sim, struct host *host, const struct event *event)
{
    (void)event;
    uint64_t id = disk_complete(sim, host);
    sim_trace(sim, host->id.value, "write %" PRIu64 " durable", id);
    host->written = id;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < host->held_count; i++) {
        if (host->held[i].after_write <= id)
            send_now(sim, host, host->held[i].packet);
        else
            host->held[kept++] = host->held[i];
    }
    host->held_count = kept;
    host_step(sim, host, &(struct raft_event){.type = RAFT_WRITTEN, .id = id}, NULL);
    if (host->up)
        ledger_tail_set_durable(host->tail, host->status.durable.value);
}

static void on_loaded(struct sim *sim, struct host *host, const struct event *event)
{
    struct raft_entry entries[RAFT_BATCH_MAX];
    uint64_t last = ledger_tail_last(host->tail);
    uint32_t count = 0;
    while (count < event->count && count < RAFT_BATCH_MAX && event->first + count <= last) {
        entries[count] = host_record(host, event->first + count).meta;
        count++;
    }
    SOMETIMES(&sim->marks, LOADED, count > 0);
    if (count == 0)
        return;
    host_step(
        sim, host,
        &(struct raft_event){
            .type = RAFT_LOADED, .entries = entries, .entry_count = count, .node = {event->peer}},
        NULL);
}

/* Parses what an append carries; false if anything is not as the ledger wants it. */
static bool parse_entries(struct sim *sim, const struct packet *packet,
                          struct raft_entry entries[RAFT_BATCH_MAX])
{
    uint32_t count = packet->msg.type == RAFT_MSG_APP ? packet->msg.entry_count : 0;
    for (uint32_t i = 0; i < count; i++) {
        struct ledger_view *view = &sim->views[i];
        struct vg_error error;
        if (ledger_parse(vg_blob_span(packet->entries[i]), view, &error) != VG_OK) {
            sim_violate(sim, "I39", packet->to + 1, view->header.index, "%s", error.text);
            return false;
        }
        entries[i] = entry_meta(view, packet->entries[i]->size);
    }
    return true;
}

/* Which cell of the state by message matrix this is; none that only a forger reaches. */
static void count_cell(struct sim *sim, const struct host *host, const struct raft_msg *msg,
                       const struct raft_entry *entries)
{
    char name[MATRIX_NAME_MAX];
    uint32_t cell = matrix_cell_of(host->core, msg, entries);
    sim->cells[cell]++;
    if (!matrix_is_forged(cell))
        return;
    matrix_format(cell, name, sizeof name);
    sim_violate(sim, "matrix", host->id.value, msg->index, "no honest peer sends %s", name);
}

static void receive_raft(struct sim *sim, struct host *host, struct packet *packet)
{
    struct raft_entry entries[RAFT_BATCH_MAX];
    if (!parse_entries(sim, packet, entries))
        return;
    SOMETIMES(&sim->marks, LEADER_BEHIND_FOLLOWER,
              packet->msg.type == RAFT_MSG_APP_RESP && packet->msg.granted &&
                  packet->msg.term == host->status.term.value &&
                  packet->msg.index > host->status.durable.value);
    SOMETIMES(&sim->marks, ANCIENT_REPLAYED, packet->life < sim->hosts[packet->from].life);
    struct raft_msg msg = packet->msg;
    sim_trace(sim, host->id.value,
              "hears %s from %" PRIu64 " term %" PRIu64 " prev %" PRIu64 ":%" PRIu64 " n %" PRIu32
              " commit %" PRIu64 " index %" PRIu64 "%s",
              raft_msg_name(msg.type), msg.from.value, msg.term, msg.prev_index, msg.prev_term,
              msg.entry_count, msg.commit, msg.index, msg.granted ? " granted" : "");
    count_cell(sim, host, &msg, entries);
    host_step(
        sim, host,
        &(struct raft_event){
            .type = RAFT_RECEIVE, .msg = &msg, .entries = entries, .entry_count = msg.entry_count},
        packet);
}

static void on_packet(struct sim *sim, struct host *host, const struct event *event)
{
    struct packet *packet = event->packet;
    switch (packet->kind) {
    case PACKET_RAFT:
        receive_raft(sim, host, packet);
        break;
    case PACKET_FORWARD:
        origin_forwarded(sim, host, packet);
        break;
    case PACKET_ANSWER:
        origin_answered(sim, host, packet);
        break;
    case PACKET_REQUEST:
        origin_request(sim, host, packet);
        break;
    case PACKET_REPLY:
        break;
    }
}

static void on_apply(struct sim *sim, struct host *host, const struct event *event)
{
    (void)event;
    host_apply(sim, host);
}

static void on_propose(struct sim *sim, struct host *host, const struct event *event)
{
    (void)event;
    origin_propose(sim, host);
}

void host_event(struct sim *sim, struct host *host, const struct event *event)
{
    typedef void handler(struct sim * sim, struct host * host, const struct event *event);
    static handler *const handlers[] = {
        [EVENT_TICK] = on_tick,   [EVENT_PACKET] = on_packet,   [EVENT_DISK] = on_disk,
        [EVENT_APPLY] = on_apply, [EVENT_PROPOSE] = on_propose, [EVENT_LOADED] = on_loaded,
    };
    handlers[event->kind](sim, host, event);
}
