/* SPDX-License-Identifier: Apache-2.0
 * Messages that no honest peer would send, from peers that are who they say: whatever the fields
 * hold, the core neither stops nor loses what it promised. */
#include "tests/lib/raft_cluster.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>

struct attack {
    struct rc *rc;
    struct vg_prng prng;
    struct raft_entry entries[RAFT_BATCH_MAX];
};

static uint64_t below(struct attack *attack, uint64_t bound)
{
    return vg_prng_below(&attack->prng, bound);
}

/* A number near `value`, seldom a wild one. */
static uint64_t near(struct attack *attack, uint64_t value)
{
    static const uint64_t wild[] = {0, UINT64_MAX, UINT64_MAX / 4 - 1, 1U << 20, 5000};
    if (below(attack, 30) == 0)
        return wild[below(attack, sizeof wild / sizeof wild[0])];
    uint64_t moved = value + below(attack, 5);
    return moved < 2 ? 0 : moved - 2;
}

static void fake_entries(struct attack *attack, const struct raft_msg *msg)
{
    uint64_t term = msg->prev_term;
    uint64_t time_ms = near(attack, 1000000);
    for (uint32_t i = 0; i < msg->entry_count && i < RAFT_BATCH_MAX; i++) {
        bool honest = below(attack, 20) != 0;
        term = honest && below(attack, 4) != 0 ? term : near(attack, msg->term);
        time_ms += below(attack, 3);
        attack->entries[i] =
            (struct raft_entry){.index = honest ? msg->prev_index + 1 + i : below(attack, 50),
                                .term = term,
                                .time_ms = honest ? time_ms : near(attack, 1000),
                                .size = (uint32_t)below(attack, 1000),
                                .kind = honest ? RAFT_DATA : (uint8_t)below(attack, 4)};
    }
}

static struct raft_msg fake_message(struct attack *attack)
{
    const struct raft *core = rc_core(attack->rc, 1);
    uint64_t last = core->window.last.value;
    uint64_t prev = below(attack, 2) == 0 ? near(attack, last) : below(attack, last + 1);
    uint64_t prev_term = 0;
    if (prev >= 1 && prev <= last && below(attack, 8) != 0)
        prev_term = attack->rc->nodes[1].log[prev].term;
    else if (prev > 0)
        prev_term = near(attack, core->term.value);
    struct raft_msg msg = {.type = (enum raft_msg_type)below(attack, 13)};
    msg.from.value = 2 + below(attack, 2);
    msg.to.value = 1;
    msg.term = below(attack, 3) != 0 ? core->term.value : near(attack, core->term.value);
    msg.prev_index = prev;
    msg.prev_term = prev_term;
    msg.entry_count = msg.type == RAFT_MSG_APP ? (uint32_t)below(attack, 6) : 0;
    msg.commit = near(attack, core->committed.value);
    msg.round = near(attack, core->round);
    msg.granted = below(attack, 2) == 0;
    msg.transfer = below(attack, 4) == 0;
    msg.index = below(attack, 2) == 0 ? near(attack, last) : below(attack, last + 1);
    msg.hint_term = near(attack, core->term.value);
    msg.read_id = near(attack, core->reads.last_sent_id);
    msg.log_time_ms = near(attack, 1000000);
    msg.wall_ms = near(attack, 1000000);
    return msg;
}

static void own_events(struct attack *attack)
{
    struct rc *rc = attack->rc;
    switch (below(attack, 8)) {
    case 0:
        rc_propose(rc, 1, 1 + (uint32_t)below(attack, 3), 100);
        break;
    case 1:
        rc_wait(rc, below(attack, 300));
        rc_tick(rc, 1);
        break;
    case 2:
        rc_transfer(rc, 1, below(attack, 4));
        break;
    case 3:
        if (rc->nodes[1].read_count < RC_READS_MAX)
            rc_read(rc, 1, rc->now_us * RC_READS_MAX + rc->nodes[1].read_count);
        break;
    default:
        rc_disk(rc, 1, 1);
    }
}

static void attack_once(uint64_t seed)
{
    struct attack attack = {.rc = rc_new(3), .prng = vg_prng_seed(seed)};
    struct rc *rc = attack.rc;
    cr_log_info("seed %lu", seed);
    rc->config.seed = seed;
    rc->config.prevote = seed % 3 != 0;
    rc->config.check_quorum = seed % 4 != 0;
    rc_start(rc, 1);
    uint64_t term = 0;
    uint64_t committed = 0;
    for (uint32_t step = 0; step < 2000 && rc->nodes[1].last < RC_LOG_MAX - 300; step++) {
        struct raft_msg msg = fake_message(&attack);
        fake_entries(&attack, &msg);
        rc_inject(rc, &msg, attack.entries);
        own_events(&attack);
        rc_drop_all(rc);
        cr_assert_geq(rc_core(rc, 1)->term.value, term);
        cr_assert_geq(rc_core(rc, 1)->committed.value, committed);
        term = rc_core(rc, 1)->term.value;
        committed = rc_core(rc, 1)->committed.value;
        if (rc->nodes[1].read_count == RC_READS_MAX || term > UINT64_MAX / 8)
            break;
    }
    rc_free(rc);
}

Test(raft_hostile, no_message_stops_the_core, .timeout = 600)
{
    for (uint64_t seed = 1; seed <= 400; seed++)
        attack_once(seed);
}
