/* SPDX-License-Identifier: Apache-2.0
 * Log time: monotone, near the median of a quorum's clocks, and deaf to one mad clock. */
#include "tests/lib/raft_cluster.h"

#include <criterion/criterion.h>

enum { T_MS = 1000, BASE_MS = 1000000, HOUR_MS = 3600 * 1000 };

static uint64_t true_ms(const struct rc *rc)
{
    return rc->now_us / 1000 + BASE_MS;
}

static uint64_t log_ms(const struct rc *rc, uint64_t leader)
{
    struct raft_status status;
    raft_status(rc_core(rc, leader), &status);
    cr_assert_eq(status.role, RAFT_LEADER);
    return status.log_time_ms;
}

static void elect(struct rc *rc, uint64_t id)
{
    rc_start_all(rc);
    rc_campaign(rc, id);
    rc_settle(rc);
    cr_assert_eq(rc_leader(rc), id);
}

static void assert_near(uint64_t value, uint64_t wanted, uint64_t tolerance)
{
    uint64_t off = value > wanted ? value - wanted : wanted - value;
    cr_assert_leq(off, tolerance, "%lu is not within %lu of %lu", value, tolerance, wanted);
}

Test(raft_logtime, runs_with_the_clock_everybody_shares)
{
    struct rc *rc = rc_new(3);
    elect(rc, 1);
    assert_near(log_ms(rc, 1), true_ms(rc), 1);
    rc_run(rc, 60 * T_MS);
    assert_near(log_ms(rc, 1), true_ms(rc), 2);
    rc_propose(rc, 1, 2, 10);
    cr_assert_eq(rc->nodes[1].log[3].time_ms, rc->nodes[1].log[2].time_ms, "one stamp per batch");
    assert_near(rc->nodes[1].log[2].time_ms, true_ms(rc), 2);
    rc_free(rc);
}

/* The leader's wall clock jumps while it leads: time goes on, and the leadership moves. */
Test(raft_logtime, mad_clock_of_the_leader_moves_nothing_but_the_leader)
{
    for (uint32_t back = 0; back <= 1; back++) {
        struct rc *rc = rc_new(3);
        elect(rc, 1);
        rc_run(rc, 2 * T_MS);
        rc->nodes[1].clock_skew_ms = back ? (uint64_t) - (HOUR_MS / 4) : HOUR_MS;
        rc_run(rc, 2 * T_MS);
        uint64_t leader = rc_leader(rc);
        cr_assert_neq(leader, 1);
        uint64_t term = rc_core(rc, leader)->term.value;
        assert_near(log_ms(rc, leader), true_ms(rc), 20);
        rc_run(rc, 60 * T_MS);
        cr_assert_eq(rc_leader(rc), leader, "no flapping");
        cr_assert_eq(rc_core(rc, leader)->term.value, term);
        rc_free(rc);
    }
}

/* Who leads knows whose clock is off, and by how much. */
Test(raft_logtime, a_mad_clock_is_known_to_the_leader)
{
    static const int64_t skews_ms[] = {HOUR_MS, -HOUR_MS / 4};
    for (size_t i = 0; i < sizeof skews_ms / sizeof *skews_ms; i++) {
        struct rc *rc = rc_new(3);
        struct raft_status status;
        elect(rc, 1);
        rc->nodes[3].clock_skew_ms = (uint64_t)skews_ms[i];
        rc_run(rc, 3 * T_MS);
        cr_assert_eq(rc_leader(rc), 1);
        raft_status(rc_core(rc, 1), &status);
        for (uint32_t k = 0; k < status.peer_count; k++) {
            const struct raft_clock *clock = &status.peers[k].clock;
            bool is_mad = status.peers[k].id.value == 3;
            cr_assert_eq(clock->astray, is_mad);
            assert_near((uint64_t)(clock->ahead_ms + HOUR_MS),
                        (uint64_t)((is_mad ? skews_ms[i] : 0) + HOUR_MS), 20);
        }
        cr_assert_not(status.clock.astray);
        rc_free(rc);
    }
}

/* With nobody to hand over to, the leader stays, and its stamps are held to the median. */
Test(raft_logtime, mad_clock_alone_keeps_serving)
{
    struct rc *rc = rc_new(3);
    rc->nodes[1].clock_skew_ms = HOUR_MS;
    rc_start(rc, 1);
    rc_start(rc, 2);
    rc_campaign(rc, 1);
    rc_settle(rc);
    assert_near(log_ms(rc, 1), true_ms(rc), 1);
    rc->cut[2][1] = false;
    rc_run(rc, 30 * T_MS);
    cr_assert_neq(rc_leader(rc), 0);
    assert_near(log_ms(rc, rc_leader(rc)), true_ms(rc), 40);
    rc_free(rc);
}

/* Corrected by at most a thousandth: 1 s off takes a thousand seconds. */
Test(raft_logtime, slews_slowly_towards_the_median)
{
    struct rc *rc = rc_new(3);
    elect(rc, 1);
    uint64_t start_log = log_ms(rc, 1);
    uint64_t start = true_ms(rc);
    for (uint64_t id = 1; id <= 3; id++)
        rc->nodes[id].clock_skew_ms = 1000;
    rc_run(rc, 100 * T_MS);
    uint64_t passed = true_ms(rc) - start;
    assert_near(log_ms(rc, 1) - start_log, passed + 100, 3);
    rc_run(rc, 1200 * T_MS);
    assert_near(log_ms(rc, 1), true_ms(rc) + 1000, 3);
    for (uint64_t id = 1; id <= 3; id++)
        rc->nodes[id].clock_skew_ms = 0;
    uint64_t before = log_ms(rc, 1);
    rc_run(rc, 100 * T_MS);
    assert_near(log_ms(rc, 1) - before, 100 * T_MS - 100, 3);
    rc_free(rc);
}

/* A clock that has been under way for more than a second says too little about now. */
Test(raft_logtime, clocks_told_late_are_not_used)
{
    struct rc *rc = rc_new(3);
    elect(rc, 1);
    rc_wait(rc, 100);
    rc_tick(rc, 1);
    rc_deliver(rc, (uint32_t)rc_find(rc, 1, 3, RAFT_MSG_HEARTBEAT));
    struct raft_msg late = *rc_msg_at(rc, rc_find(rc, 3, 1, RAFT_MSG_HEARTBEAT_RESP));
    rc_isolate(rc, 3);
    rc_run(rc, T_MS + 50);
    const struct raft *core = rc_core(rc, 1);
    cr_assert_eq(core->leading.peers[2].sample_round, late.round, "it is still waited for");
    struct raft_report before = core->reports[2];
    late.wall_ms += HOUR_MS;
    struct raft_msg other = late;
    other.round++;
    rc_inject(rc, &other, NULL);
    cr_assert_eq(core->leading.peers[2].sample_round, late.round, "another answer is no sample");
    rc_inject(rc, &late, NULL);
    cr_assert_eq(core->reports[2].wall_us, before.wall_us);
    cr_assert_eq(core->leading.peers[2].sample_round, 0, "and asked for anew");
    rc_free(rc);
}

/* A leader astray that finds nobody to hand over to leads on, and tries again three election
 * timeouts later, not at every tick. */
Test(raft_logtime, leader_astray_without_a_successor_leads_on)
{
    struct rc *rc = rc_new(2);
    rc->config.check_quorum = false;
    elect(rc, 1);
    rc_run(rc, T_MS);
    rc_isolate(rc, 2);
    rc_run(rc, 2 * T_MS);
    rc->nodes[1].clock_skew_ms = HOUR_MS;
    rc_run(rc, 200);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_LEADER);
    cr_assert_not(rc_core(rc, 1)->transfer.active);
    rc_heal(rc);
    rc_run(rc, 2 * T_MS);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_LEADER, "2 may be asked, not yet");
    rc_run(rc, 2 * T_MS);
    cr_assert_eq(rc_leader(rc), 2);
    rc_free(rc);
}

Test(raft_logtime, new_leader_never_goes_back)
{
    struct rc *rc = rc_new(3);
    for (uint64_t id = 1; id <= 3; id++)
        rc->nodes[id].clock_skew_ms = HOUR_MS;
    elect(rc, 1);
    rc_propose(rc, 1, 1, 10);
    rc_settle(rc);
    uint64_t stamp = rc->nodes[1].log[2].time_ms;
    for (uint64_t id = 1; id <= 3; id++)
        rc->nodes[id].clock_skew_ms = 0;
    rc_transfer(rc, 1, 2);
    rc_settle(rc);
    cr_assert_eq(rc_leader(rc), 2);
    cr_assert_geq(rc->nodes[2].log[3].time_ms, stamp);
    assert_near(rc->nodes[2].log[3].time_ms, stamp, 1);
    rc_propose(rc, 2, 1, 10);
    rc_settle(rc);
    cr_assert_eq(rc_core(rc, 2)->committed.value, 4, "stamps at the leader's start are accepted");
    rc_free(rc);
}

/* A leader that runs ahead: its entries are taken in, but acknowledged only when our clock is near.
 */
Test(raft_logtime, acknowledgement_waits_for_stamps_far_ahead)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    uint64_t start = true_ms(rc);
    struct raft_entry entries[] = {
        {.index = 1, .term = 1, .time_ms = start, .kind = RAFT_NOOP},
        {.index = 2, .term = 1, .time_ms = start + 60000, .kind = RAFT_DATA},
    };
    struct raft_msg msg = {
        .type = RAFT_MSG_APP, .from = {2}, .to = {1}, .term = 1, .round = 1, .entry_count = 2};
    rc_inject(rc, &msg, entries);
    rc_disk(rc, 1, 8);
    cr_assert_eq(rc->nodes[1].disk_last, 2, "the entry is kept");
    cr_assert_eq(rc_msg_at(rc, rc_find(rc, 1, 2, RAFT_MSG_APP_RESP))->index, 1);
    rc_drop_all(rc);
    for (uint32_t second = 0; second < 29; second++) {
        rc_wait(rc, T_MS);
        rc_tick(rc, 1);
    }
    cr_assert_lt(rc_find(rc, 1, 2, RAFT_MSG_APP_RESP), 0);
    struct raft_msg hello = {
        .type = RAFT_MSG_HEARTBEAT, .from = {2}, .to = {1}, .term = 1, .round = 2};
    rc_inject(rc, &hello, NULL);
    rc_wait(rc, 2 * T_MS / 2);
    rc_tick(rc, 1);
    cr_assert_eq(rc_msg_at(rc, rc_find(rc, 1, 2, RAFT_MSG_APP_RESP))->index, 2);
    rc_free(rc);
}

/* What is held back must stay at hand: beyond the window nothing more is taken in. */
Test(raft_logtime, entries_held_back_are_bounded)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    uint64_t start = true_ms(rc);
    struct raft_entry entries[RAFT_BATCH_MAX];
    for (uint64_t first = 1; first <= 2 * RAFT_WINDOW; first += RAFT_BATCH_MAX) {
        for (uint32_t i = 0; i < RAFT_BATCH_MAX; i++)
            entries[i] = (struct raft_entry){.index = first + i,
                                             .term = 1,
                                             .time_ms = first + i == 1 ? start : start + HOUR_MS,
                                             .kind = RAFT_DATA};
        struct raft_msg msg = {.type = RAFT_MSG_APP,
                               .from = {2},
                               .to = {1},
                               .term = 1,
                               .round = first,
                               .prev_index = first - 1,
                               .prev_term = first == 1 ? 0 : 1,
                               .entry_count = RAFT_BATCH_MAX};
        rc_inject(rc, &msg, entries);
        rc_disk(rc, 1, 8);
    }
    cr_assert_eq(rc->nodes[1].last, RAFT_WINDOW);
    cr_assert_eq(rc_core(rc, 1)->following.acknowledged, 1);
    cr_assert_leq(raft_deadline_us(rc_core(rc, 1)), rc->now_us + 100 * 1000);
    rc->nodes[1].clock_skew_ms = HOUR_MS;
    rc_wait(rc, 100);
    rc_tick(rc, 1);
    cr_assert_eq(rc_core(rc, 1)->following.acknowledged, RAFT_WINDOW);
    rc_free(rc);
}

/* An old leader's stamps, and those at the leader's start, are not this leader's doing. */
Test(raft_logtime, stamps_of_the_past_are_accepted_as_they_are)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    uint64_t far = true_ms(rc) + HOUR_MS;
    struct raft_entry entries[] = {
        {.index = 1, .term = 1, .time_ms = far, .kind = RAFT_DATA},
        {.index = 2, .term = 2, .time_ms = far, .kind = RAFT_NOOP},
        {.index = 3, .term = 2, .time_ms = far, .kind = RAFT_DATA},
    };
    struct raft_msg msg = {
        .type = RAFT_MSG_APP, .from = {2}, .to = {1}, .term = 2, .round = 1, .entry_count = 3};
    rc_inject(rc, &msg, entries);
    rc_disk(rc, 1, 8);
    cr_assert_eq(rc_msg_at(rc, rc_find(rc, 1, 2, RAFT_MSG_APP_RESP))->index, 3);
    rc_free(rc);
}
