/* SPDX-License-Identifier: Apache-2.0
 * Wall clocks are not to be relied on, this node's own neither: log time is the leader's to make,
 * and what a node knows of it are stamps. */
#include <inttypes.h>

#include "common/clock.h"
#include "common/limits.h"
#include "common/log.h"
#include "node/parts.h"

static uint64_t newest_stamp_ms(const struct node *node)
{
    struct raft_status status;
    raft_status(node->core, &status);
    return status.last_time_ms;
}

uint64_t node_time_ms(const struct node *node)
{
    uint64_t wall_ms = vg_clock_system.wall_ms();
    uint64_t stamp_ms = newest_stamp_ms(node);
    return wall_ms > stamp_ms ? wall_ms : stamp_ms;
}

/* Log time has gone on since the newest stamp, nobody knows how far; an id may be behind it by
 * days, and ahead by minutes. */
uint64_t node_issue_ms(const struct node *node)
{
    uint64_t now_ms = node_time_ms(node);
    uint64_t latest_ms = newest_stamp_ms(node) + VG_REQUEST_AHEAD_MS / 2;
    return now_ms < latest_ms ? now_ms : latest_ms;
}

struct raft_clock node_clock_of(const struct node *node, const struct raft_status *raft,
                                vg_node_id id)
{
    if (vg_node_equal(id, node->self))
        return raft->clock;
    for (uint32_t i = 0; i < raft->peer_count; i++)
        if (vg_node_equal(id, raft->peers[i].id))
            return raft->peers[i].clock;
    return (struct raft_clock){.ahead_ms = 0};
}

void node_clocks_sweep(struct node *node)
{
    struct raft_status status;
    raft_status(node->core, &status);
    for (uint32_t i = 0; i < node->genesis.member_count; i++) {
        vg_node_id id = node->genesis.members[i].id;
        struct raft_clock clock = node_clock_of(node, &status, id);
        if (clock.astray == node->astray[i])
            continue;
        node->astray[i] = clock.astray;
        if (clock.astray)
            vg_log(VG_LOG_WARN, "clock-astray",
                   "node=%" PRIu64 " ahead_ms=%" PRId64 " set that machine's clock", id.value,
                   clock.ahead_ms);
        else if (status.role == RAFT_LEADER)
            vg_log(VG_LOG_INFO, "clock-right", "node=%" PRIu64, id.value);
    }
}
