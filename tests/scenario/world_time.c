/* SPDX-License-Identifier: Apache-2.0
 * Time in a scenario: it passes for one node, or for all, only when asked to. */
#include "tests/scenario/world.h"

enum {
    TICKS_MAX = 1000,     /* timers that may come due at one moment before we call it a loop */
    CONVERGE_ROUNDS = 20, /* election timeouts that convergence may take, I40 */
    TERM_GROWTH = 5,      /* terms that it may take, I40 */
};

static const uint64_t wall_start_ms = 1800000000000; /* in 2027 */

/* The wall clock of all nodes follows the one that lived longest. */
uint64_t world_wall_ms(const struct world *world, const struct node *node)
{
    uint64_t high = node->now_us;
    for (uint64_t id = 1; id <= world->options.node_count; id++)
        high = world->nodes[id].now_us > high ? world->nodes[id].now_us : high;
    return (uint64_t)((int64_t)(wall_start_ms + high / 1000) + node->wall_offset_ms);
}

static bool alive(const struct node *node)
{
    return node->up && !node->paused;
}

/* Fires what is due at the node's time; false if that never ends. */
static bool fire(struct world *world, struct node *node)
{
    for (uint32_t i = 0; i < TICKS_MAX; i++) {
        if (!alive(node) || raft_deadline_us(node->core) > node->now_us ||
            check_violation(world->check) != NULL)
            return true;
        struct raft_event event = {.type = RAFT_TICK};
        world_step(world, node, &event, NULL);
    }
    return false;
}

bool world_tick(struct world *world, struct node *node, uint64_t us)
{
    uint64_t end = node->now_us + us;
    while (alive(node) && check_violation(world->check) == NULL) {
        uint64_t due = raft_deadline_us(node->core);
        if (due > end)
            break;
        node->now_us = due > node->now_us ? due : node->now_us;
        if (!fire(world, node))
            return false;
    }
    node->now_us = end;
    return true;
}

/* How long until the next timer of any node, at most `limit`. */
static uint64_t next_due(const struct world *world, uint64_t limit)
{
    uint64_t least = limit;
    for (uint64_t id = 1; id <= world->options.node_count; id++) {
        const struct node *node = &world->nodes[id];
        if (!alive(node))
            continue;
        uint64_t due = raft_deadline_us(node->core);
        uint64_t wait = due > node->now_us ? due - node->now_us : 0;
        least = wait < least ? wait : least;
    }
    return least;
}

bool world_run(struct world *world, uint64_t us)
{
    uint64_t left = us;
    while (world_stabilize(world, WORLD_ALL, WORLD_PASSES)) {
        if (left == 0 || check_violation(world->check) != NULL)
            return true;
        uint64_t wait = next_due(world, left);
        left -= wait;
        for (uint64_t id = 1; id <= world->options.node_count; id++)
            world->nodes[id].now_us += wait;
        for (uint64_t id = 1; id <= world->options.node_count; id++) {
            if (!fire(world, world_node(world, id)))
                return false;
        }
    }
    return false;
}

/* ---- the end ----------------------------------------------------------------------------------
 */

static void heal(struct world *world)
{
    world->hold_count = 0;
    for (uint64_t a = 1; a <= world->options.node_count; a++) {
        for (uint64_t b = 1; b <= world->options.node_count; b++)
            world->cut[a][b] = false;
    }
    world_links_changed(world);
    for (uint64_t id = 1; id <= world->options.node_count; id++) {
        struct node *node = world_node(world, id);
        node->fault = DISK_GOOD;
        node->paused = false;
        node->wall_offset_ms = 0;
        if (!node->up)
            world_restart(world, node);
    }
}

static uint64_t highest_term(const struct world *world)
{
    uint64_t term = 0;
    for (uint64_t id = 1; id <= world->options.node_count; id++) {
        struct raft_status status = world_status(&world->nodes[id]);
        term = status.term.value > term ? status.term.value : term;
    }
    return term;
}

/* Proposes to whoever leads; false if nobody takes it. */
static bool probe(struct world *world)
{
    for (uint64_t id = 1; id <= world->options.node_count; id++) {
        struct node *node = world_node(world, id);
        if (world_status(node).role != RAFT_LEADER)
            continue;
        uint64_t key = world_key(world, "", 0);
        const char *data = "end";
        if (world_propose(world, node, &key, &data, 1) == RAFT_REASON_NONE)
            return true;
    }
    return false;
}

static bool settled(const struct world *world)
{
    uint64_t last = world->nodes[1].log.last;
    for (uint64_t id = 1; id <= world->options.node_count; id++) {
        const struct node *node = &world->nodes[id];
        if (!node->up || node->applied != last || node->log.last != last)
            return false;
    }
    return true;
}

static void demand_convergence(struct world *world, uint64_t term_before)
{
    vg_node_id ids[WORLD_NODES];
    struct raft_status live[WORLD_NODES];
    for (uint32_t i = 0; i < world->options.node_count; i++) {
        ids[i].value = i + 1;
        live[i] = world_status(&world->nodes[i + 1]);
    }
    check_converged(world->check, ids, live, world->options.node_count, term_before + TERM_GROWTH);
    check_finished(world->check);
}

void world_converge(struct world *world)
{
    uint64_t timeout_us = (uint64_t)world->options.core.election_timeout_ms * 1000;
    heal(world);
    uint64_t term = highest_term(world);
    bool probed = false;
    for (uint32_t round = 0; round < CONVERGE_ROUNDS; round++) {
        if (!world_run(world, timeout_us) || check_violation(world->check) != NULL)
            break;
        if (probed && settled(world))
            break;
        if (!probed && round >= 2)
            probed = probe(world);
    }
    demand_convergence(world, term);
}
