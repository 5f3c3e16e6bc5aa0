/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/raft/internal.h"

static void peers_status(const struct raft *core, struct raft_status *out)
{
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++) {
        if (slot == core->self)
            continue;
        const struct raft_peer *peer = &core->leading.peers[slot];
        out->peers[out->peer_count++] = (struct raft_peer_status){
            .id = core->config.voters[slot],
            .match = peer->match,
            .next = peer->next,
            .last_contact_us = peer->contact_us,
            .clock = raft_logtime_clock(core, slot),
        };
    }
}

void raft_status(const struct raft *core, struct raft_status *out)
{
    *out = (struct raft_status){
        .role = core->role,
        .term = core->term,
        .voted_for = core->voted_for,
        .leader = core->leader,
        .appended = core->window.last,
        .durable = core->durable,
        .verified = core->verified,
        .committed = core->committed,
        .applied = core->applied,
        .last_time_ms = raft_window_time(&core->window),
    };
    if (core->role != RAFT_LEADER)
        return;
    out->log_time_ms = raft_logtime_stamp(core);
    out->clock = raft_logtime_clock(core, core->self);
    out->uncommitted_bytes = core->leading.uncommitted_bytes;
    peers_status(core, out);
}
