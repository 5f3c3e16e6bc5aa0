/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/raft/internal.h"

uint32_t raft_quorum(const struct raft *core)
{
    uint32_t voters = core->config.voter_count;
    return MUTANT(25) ? (voters + 1) / 2 : voters / 2 + 1;
}

uint64_t raft_election_us(const struct raft *core)
{
    return (uint64_t)core->config.election_timeout_ms * 1000;
}

uint32_t raft_slot(const struct raft *core, vg_node_id id)
{
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++)
        if (vg_node_equal(core->config.voters[slot], id))
            return slot;
    return VG_NODES_MAX;
}

bool raft_is_quorum(const struct raft *core, uint32_t slots)
{
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++)
        count += (slots >> slot) & 1;
    assert(count <= core->config.voter_count);
    return count >= raft_quorum(core);
}

uint64_t raft_quorum_value(const struct raft *core, const uint64_t values[VG_NODES_MAX])
{
    uint64_t best = 0;
    for (uint32_t candidate = 0; candidate < core->config.voter_count; candidate++) {
        uint32_t reached = 0;
        for (uint32_t slot = 0; slot < core->config.voter_count; slot++)
            reached |= (uint32_t)(values[slot] >= values[candidate]) << slot;
        if (raft_is_quorum(core, reached))
            best = raft_max(best, values[candidate]);
    }
    return best;
}
