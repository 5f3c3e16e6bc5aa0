/* SPDX-License-Identifier: Apache-2.0
 * Leadership: taking office, proposals, heartbeats, and the reasons to give it up. */
#include "proto/raft/internal.h"

/* Appends `count` entries of the leader's own, all of one stamp. */
static void append_own(struct raft *core, const struct raft_entry *wanted, uint32_t count,
                       enum raft_append_source source, struct raft_outputs *out)
{
    assert(core->role == RAFT_LEADER && count > 0);
    uint64_t time_ms = raft_logtime_stamp(core);
    uint64_t first = core->window.last.value + 1;
    for (uint32_t i = 0; i < count; i++) {
        struct raft_entry entry = {.index = first + i,
                                   .term = core->term.value,
                                   .time_ms = time_ms,
                                   .size = wanted[i].size,
                                   .kind = wanted[i].kind};
        raft_window_append(&core->window, &entry);
    }
    core->verified.value = core->window.last.value;
    struct raft_output *output = raft_put(out, RAFT_OUT_APPEND);
    output->source = source;
    output->first = first;
    output->count = count;
    output->entry_term = core->term.value;
    output->time_ms = time_ms;
    raft_writes_entries(core, 0, first, count);
    raft_writes_flush(core, out);
}

void raft_become_leader(struct raft *core, struct raft_outputs *out)
{
    assert(core->role == RAFT_CANDIDATE);
    assert(core->writes.hard_id == 0 || MUTANT(9));
    assert(vg_node_equal(core->voted_for, core->config.self));
    static const struct raft_entry noop = {.kind = RAFT_NOOP};
    core->role = RAFT_LEADER;
    core->leader = core->config.self;
    core->leading = (struct raft_leading){
        .since_us = core->now_us,
        .first = core->window.last.value + 1,
        .heartbeat_us = core->now_us + (uint64_t)core->config.heartbeat_ms * 1000,
    };
    raft_logtime_start(core);
    raft_peers_reset(core);
    append_own(core, &noop, 1, RAFT_FROM_LEADERSHIP, out);
    raft_replicate_all(core, out);
}

/* Room for a batch: on the disk, in bytes (F19; one batch is always admitted), in entries whose
 * metadata must stay at hand until they are committed, and in disk writes. */
static bool admits(const struct raft *core, uint64_t bytes, uint32_t count)
{
    uint64_t uncommitted = core->leading.uncommitted_bytes;
    bool fits = uncommitted == 0 || uncommitted + bytes <= core->config.uncommitted_bytes_max;
    uint64_t entries = core->window.last.value + count - core->committed.value;
    return !core->full && fits && entries <= RAFT_WINDOW && raft_writes_take_entries(core);
}

static enum raft_reason proposal_obstacle(const struct raft *core, uint64_t bytes, uint32_t count)
{
    if (core->role != RAFT_LEADER)
        return RAFT_REASON_NOT_LEADER;
    if (core->transfer.active)
        return RAFT_REASON_TRANSFERRING;
    return admits(core, bytes, count) ? RAFT_REASON_NONE : RAFT_REASON_BUSY;
}

void raft_on_propose(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    assert(event->entry_count >= 1 && event->entry_count <= RAFT_BATCH_MAX);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < event->entry_count; i++)
        bytes += event->entries[i].size;
    enum raft_reason reason = proposal_obstacle(core, bytes, event->entry_count);
    if (reason != RAFT_REASON_NONE) {
        struct raft_output *output = raft_put(out, RAFT_OUT_REFUSED);
        output->reason = reason;
        output->leader = core->leader;
        return;
    }
    core->leading.uncommitted_bytes += bytes;
    append_own(core, event->entries, event->entry_count, RAFT_FROM_PROPOSAL, out);
    raft_replicate_all(core, out);
}

void raft_heartbeat(struct raft *core, uint32_t slot, struct raft_outputs *out)
{
    assert(core->role == RAFT_LEADER && slot != core->self);
    struct raft_peer *peer = &core->leading.peers[slot];
    struct raft_msg msg = raft_msg_to(core, RAFT_MSG_HEARTBEAT, core->config.voters[slot]);
    msg.commit = MUTANT(28) ? core->committed.value : raft_min(core->committed.value, peer->match);
    msg.round = ++core->round;
    msg.log_time_ms = raft_logtime_stamp(core);
    peer->told = raft_max(peer->told, msg.commit);
    if (peer->sample_round == 0 || core->now_us - peer->sample_us > RAFT_SAMPLE_MS * 1000) {
        peer->sample_round = msg.round;
        peer->sample_us = core->now_us;
    }
    raft_send(core, &msg, out);
}

void raft_heartbeat_all(struct raft *core, struct raft_outputs *out)
{
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++)
        if (slot != core->self)
            raft_heartbeat(core, slot, out);
}

/* A leader that no quorum answers, or whose disk stands still, must not keep the others waiting. */
static bool must_resign(const struct raft *core)
{
    uint64_t silent_us = core->now_us - raft_quorum_contact_us(core);
    bool cut_off = core->config.check_quorum && !MUTANT(100) && silent_us >= raft_election_us(core);
    return cut_off || raft_writes_stalled(core);
}

/* A clock that nobody shares goes with its leadership; the others have the first chance then. */
static void mind_the_clock(struct raft *core)
{
    if (core->transfer.active || core->now_us < core->astray_until_us || !raft_logtime_astray(core))
        return;
    core->astray_until_us = core->now_us + RAFT_ASTRAY_TIMEOUTS * raft_election_us(core);
    raft_transfer_begin(core, (vg_node_id){0});
}

/* Nothing can be proposed where the disk is full. While nobody has room, reads at least go on. */
static void mind_the_disk(struct raft *core)
{
    if (core->full && !core->transfer.active)
        raft_transfer_to_room(core);
}

void raft_lead_tick(struct raft *core, struct raft_outputs *out)
{
    if (must_resign(core)) {
        raft_become_follower(core, core->term.value, (vg_node_id){0}, out);
        return;
    }
    mind_the_clock(core);
    mind_the_disk(core);
    raft_transfer_advance(core, out);
    if (core->now_us < core->leading.heartbeat_us)
        return;
    core->leading.heartbeat_us = core->now_us + (uint64_t)core->config.heartbeat_ms * 1000;
    raft_heartbeat_all(core, out);
}
