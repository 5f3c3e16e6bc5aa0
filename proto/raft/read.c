/* SPDX-License-Identifier: Apache-2.0
 * Linearizable reads by read index (D6.4). The leader notes its commit index, but at least its own
 * first entry (B52), and proves by a quorum's answers to later rounds that it still led (B51). A
 * follower asks the leader. Every read ends: answered, or failed within an election timeout (B67).
 */
#include "proto/raft/internal.h"

static void end_read(struct raft *core, const struct raft_read *read, bool ok,
                     struct raft_outputs *out)
{
    assert(raft_slot(core, read->from) < core->config.voter_count);
    if (vg_node_equal(read->from, core->config.self)) {
        struct raft_output *output = raft_put(out, ok ? RAFT_OUT_READ_READY : RAFT_OUT_READ_FAILED);
        output->id = read->id;
        output->first = ok ? read->index : 0;
        return;
    }
    struct raft_msg msg = raft_msg_to(core, RAFT_MSG_READ_RESP, read->from);
    msg.granted = ok;
    msg.index = ok ? read->index : 0;
    msg.read_id = read->id;
    msg.wall_ms = core->wall_ms;
    raft_send(core, &msg, out);
}

static void fail_read(struct raft *core, uint64_t id, vg_node_id from, struct raft_outputs *out)
{
    struct raft_read read = {.id = id, .from = from};
    end_read(core, &read, false, out);
}

/* Adds a read; the caller has checked that there is room. */
static void add_read(struct raft *core, uint64_t id, vg_node_id from)
{
    assert(core->leader.value != 0);
    assert(core->role == RAFT_LEADER || vg_node_equal(from, core->config.self));
    assert(core->reads.count < RAFT_READS_MAX);
    core->reads.items[core->reads.count++] = (struct raft_read){
        .id = id,
        .sent_id = ++core->reads.last_sent_id,
        .from = from,
        .round = core->round,
        .index = MUTANT(52) ? core->committed.value
                            : raft_max(core->committed.value, core->leading.first),
        .deadline_us = core->now_us + raft_election_us(core),
    };
}

/* The latest round that a quorum has answered; our own answer is implied. */
static uint64_t proved_round(const struct raft *core)
{
    uint64_t rounds[VG_NODES_MAX];
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++)
        rounds[slot] = core->leading.peers[slot].acked_round;
    rounds[core->self] = core->round + 1;
    return raft_quorum_value(core, rounds);
}

/* A read that comes while nobody is being asked is asked for at once; later ones share the next
 * round. */
static void lead_read(struct raft *core, uint64_t id, vg_node_id from, struct raft_outputs *out)
{
    add_read(core, id, from);
    raft_reads_answer(core, out);
}

void raft_on_read_index(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    bool reachable =
        core->role == RAFT_LEADER || (core->role == RAFT_FOLLOWER && core->leader.value != 0);
    if (!reachable || core->reads.count == RAFT_READS_MAX) {
        struct raft_output *output = raft_put(out, RAFT_OUT_READ_FAILED);
        output->id = event->id;
        output->reason = reachable ? RAFT_REASON_BUSY : RAFT_REASON_NOT_LEADER;
        return;
    }
    if (core->role == RAFT_LEADER) {
        lead_read(core, event->id, core->config.self, out);
        return;
    }
    add_read(core, event->id, core->config.self);
    struct raft_msg msg = raft_msg_to(core, RAFT_MSG_READ, core->leader);
    msg.read_id = core->reads.last_sent_id;
    raft_send(core, &msg, out);
}

void raft_on_read(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    const struct raft_msg *msg = event->msg;
    if (core->role != RAFT_LEADER || core->reads.count == RAFT_READS_MAX)
        fail_read(core, msg->read_id, msg->from, out);
    else
        lead_read(core, msg->read_id, msg->from, out);
}

void raft_on_read_resp(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    const struct raft_msg *msg = event->msg;
    if (core->role != RAFT_FOLLOWER || !vg_node_equal(core->leader, msg->from))
        return;
    struct raft_reads *reads = &core->reads;
    for (uint32_t i = 0; i < reads->count; i++) {
        if (reads->items[i].sent_id != msg->read_id)
            continue;
        struct raft_read read = reads->items[i];
        read.index = msg->index;
        reads->count--;
        memmove(&reads->items[i], &reads->items[i + 1],
                (reads->count - i) * sizeof reads->items[0]);
        end_read(core, &read, msg->granted, out);
        return;
    }
}

void raft_reads_answer(struct raft *core, struct raft_outputs *out)
{
    struct raft_reads *reads = &core->reads;
    assert(core->role == RAFT_LEADER);
    if (reads->count == 0)
        return;
    uint64_t proved = proved_round(core);
    assert(proved <= core->round + 1);
    uint32_t kept = 0;
    bool asked = false;
    for (uint32_t i = 0; i < reads->count; i++) {
        struct raft_read read = reads->items[i];
        bool led = MUTANT(51) ? read.round <= proved : MUTANT(100) || read.round < proved;
        if (led && read.index <= core->committed.value) {
            end_read(core, &read, true, out);
            continue;
        }
        asked = asked || (!led && read.round < core->round);
        reads->items[kept++] = read;
    }
    reads->count = kept;
    if (kept > 0 && !asked && reads->items[kept - 1].round >= proved)
        raft_heartbeat_all(core, out);
}

void raft_reads_fail(struct raft *core, struct raft_outputs *out)
{
    uint32_t count = core->reads.count;
    assert(count == 0 || core->leader.value != 0);
    core->reads.count = 0;
    for (uint32_t i = 0; i < count; i++)
        end_read(core, &core->reads.items[i], false, out);
}

void raft_reads_expire(struct raft *core, struct raft_outputs *out)
{
    struct raft_reads *reads = &core->reads;
    uint32_t expired = 0;
    while (expired < reads->count && reads->items[expired].deadline_us <= core->now_us)
        end_read(core, &reads->items[expired++], false, out);
    reads->count -= expired;
    memmove(&reads->items[0], &reads->items[expired], reads->count * sizeof reads->items[0]);
}
