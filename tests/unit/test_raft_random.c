/* SPDX-License-Identifier: Apache-2.0
 * Short random runs of a few cores: lost, repeated and reordered messages, slow disks, crashes,
 * odd clocks and tiny limits; then everything heals and must agree. The wide search is the
 * simulator's; this is the core's own smoke alarm. */
#include "tests/lib/raft_cluster.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>

struct world {
    struct rc *rc;
    struct vg_prng prng;
    uint64_t leader_of[65536];
    uint64_t committed_term[RC_LOG_MAX + 1];
    uint64_t committed;
    uint64_t next_read;
};

static uint64_t below(struct world *world, uint64_t bound)
{
    return vg_prng_below(&world->prng, bound);
}

static void check_commits(struct world *world, uint64_t id)
{
    struct rc *rc = world->rc;
    const struct raft *core = rc->nodes[id].core;
    for (uint64_t i = 1; i <= core->committed.value; i++) {
        uint64_t term = rc->nodes[id].log[i].term;
        if (i <= world->committed) {
            cr_assert_eq(world->committed_term[i], term, "node %lu committed another %lu", id, i);
            continue;
        }
        uint32_t holders = 0;
        for (uint64_t other = 1; other <= rc->count; other++) {
            const struct rc_node *node = &rc->nodes[other];
            holders += node->disk_last >= i && node->disk[i].term == term;
        }
        cr_assert(holders > rc->count / 2, "entry %lu committed on %u disks", i, holders);
        world->committed_term[i] = term;
        world->committed = i;
    }
}

static void check_world(struct world *world)
{
    struct rc *rc = world->rc;
    for (uint64_t id = 1; id <= rc->count; id++) {
        const struct raft *core = rc->nodes[id].core;
        if (core == NULL)
            continue;
        cr_assert_eq(rc->nodes[id].alarm, RAFT_REASON_NONE, "alarm on node %lu", id);
        cr_assert_eq(rc->nodes[id].last, core->window.last.value);
        uint64_t term = core->term.value;
        if (core->role == RAFT_LEADER) {
            cr_assert(world->leader_of[term] == 0 || world->leader_of[term] == id,
                      "two leaders of term %lu", term);
            world->leader_of[term] = id;
        }
        check_commits(world, id);
    }
}

static void disturb_messages(struct world *world)
{
    struct rc *rc = world->rc;
    if (rc->msg_count == 0)
        return;
    bool in_order = below(world, 4) != 0;
    uint32_t position = in_order ? 0 : (uint32_t)below(world, rc->msg_count);
    uint64_t fate = below(world, 20);
    if (fate == 0)
        rc_drop(rc, position);
    else if (fate == 1)
        rc_clone(rc, position);
    else
        rc_deliver(rc, position);
}

/* One clock may be mad; two of a quorum are beyond what log time promises. */
static void madden_clock(struct world *world, uint64_t id)
{
    struct rc *rc = world->rc;
    for (uint64_t other = 1; other <= rc->count; other++)
        rc->nodes[other].clock_skew_ms = 0;
    rc->nodes[id].clock_skew_ms = below(world, 100000);
}

static void propose(struct world *world, uint64_t id)
{
    uint32_t count = 1 + (uint32_t)below(world, 4);
    uint32_t size = (uint32_t)below(world, 200);
    rc_propose(world->rc, id, count, size);
}

static void act(struct world *world, uint64_t id)
{
    struct rc *rc = world->rc;
    uint64_t choice = below(world, 1000);
    if (choice < 600)
        disturb_messages(world);
    else if (choice < 750)
        rc_disk(rc, id, 1);
    else if (choice < 850 && rc->nodes[id].last < RC_LOG_MAX - 100)
        propose(world, id);
    else if (choice < 870 && rc->nodes[id].core != NULL && rc->nodes[id].read_count < RC_READS_MAX)
        rc_read(rc, id, ++world->next_read);
    else if (choice < 873)
        rc_transfer(rc, id, below(world, rc->count + 1));
    else if (choice < 876)
        rc_campaign(rc, id);
    else if (choice < 878 && rc->nodes[id].core != NULL)
        rc_crash(rc, id);
    else if (choice < 888 && rc->nodes[id].core == NULL)
        rc_start(rc, id);
    else if (choice < 890)
        rc_isolate(rc, id);
    else if (choice < 893)
        rc_heal(rc);
    else if (choice < 894)
        madden_clock(world, id);
    else
        rc_wait(rc, below(world, 40));
}

static void tick_due(struct world *world)
{
    struct rc *rc = world->rc;
    for (uint64_t id = 1; id <= rc->count; id++)
        if (rc->nodes[id].core != NULL && raft_deadline_us(rc->nodes[id].core) <= rc->now_us)
            rc_tick(rc, id);
}

static void heal_and_agree(struct world *world)
{
    struct rc *rc = world->rc;
    rc_heal(rc);
    rc->slow_disk = false;
    for (uint64_t id = 1; id <= rc->count; id++)
        if (rc->nodes[id].core == NULL)
            rc_start(rc, id);
    rc_run(rc, 20000);
    uint64_t leader = rc_leader(rc);
    cr_assert_neq(leader, 0, "no leader after the heal");
    rc_propose(rc, leader, 1, 1);
    rc_run(rc, 2000);
    check_world(world);
    for (uint64_t id = 1; id <= rc->count; id++) {
        cr_assert_eq(rc_core(rc, id)->committed.value, rc->nodes[leader].last,
                     "node %lu lags: %lu of %lu", id, rc_core(rc, id)->committed.value,
                     rc->nodes[leader].last);
        for (uint32_t i = 0; i < rc->nodes[id].read_count; i++)
            cr_assert(rc->nodes[id].reads[i].done || rc->nodes[id].reads[i].id == 0);
    }
}

static void run(uint64_t seed, uint32_t steps)
{
    static struct world world;
    world = (struct world){.prng = vg_prng_seed(seed)};
    struct rc *rc = world.rc = rc_new((uint32_t)(1 + below(&world, 5)));
    cr_log_info("seed %lu, %u nodes", seed, rc->count);
    rc->slow_disk = true;
    rc->check_purity = seed % 20 == 0;
    rc->config.seed = seed;
    rc->config.check_quorum = below(&world, 8) != 0;
    rc->config.prevote = below(&world, 8) != 0;
    if (below(&world, 2) == 0) {
        rc->config.batch_entries_max = (uint32_t)(1 + below(&world, 3));
        rc->config.inflight_max = (uint32_t)(1 + below(&world, 3));
        rc->config.batch_bytes_max = (uint32_t)below(&world, 300);
        rc->config.inflight_bytes_max = (uint32_t)below(&world, 600);
        rc->config.uncommitted_bytes_max = (uint32_t)below(&world, 3000);
    }
    rc_start_all(rc);
    for (uint32_t i = 0; i < steps; i++) {
        uint64_t id = 1 + below(&world, rc->count);
        bool was_up = rc->nodes[id].core != NULL;
        act(&world, id);
        if (was_up && rc->nodes[id].core == NULL)
            rc->nodes[id].read_count = 0;
        tick_due(&world);
        check_world(&world);
    }
    heal_and_agree(&world);
    rc_free(rc);
}

Test(raft_random, many_short_runs, .timeout = 600)
{
    for (uint64_t seed = 1; seed <= 300; seed++)
        run(seed, 3000);
}
