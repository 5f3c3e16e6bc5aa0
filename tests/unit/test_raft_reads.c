/* SPDX-License-Identifier: Apache-2.0
 * Linearizable reads and leadership transfer: every request ends, in one way. */
#include "tests/lib/raft_cluster.h"

#include <criterion/criterion.h>

enum { T_MS = 1000 };

static struct rc *led_by_1(uint32_t count)
{
    struct rc *rc = rc_new(count);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    rc_settle(rc);
    cr_assert_eq(rc_leader(rc), 1);
    return rc;
}

static const struct rc_read *last_read(const struct rc *rc, uint64_t id)
{
    cr_assert_gt(rc->nodes[id].read_count, 0);
    return &rc->nodes[id].reads[rc->nodes[id].read_count - 1];
}

Test(raft_reads, leader_and_followers_get_the_commit_index)
{
    struct rc *rc = led_by_1(3);
    rc_propose(rc, 1, 3, 10);
    rc_settle(rc);
    for (uint64_t id = 1; id <= 3; id++) {
        rc_read(rc, id, 7);
        cr_assert_not(last_read(rc, id)->done, "a quorum must answer first");
        rc_settle(rc);
        cr_assert(last_read(rc, id)->done && last_read(rc, id)->ok);
        cr_assert_eq(last_read(rc, id)->index, 4);
    }
    rc_free(rc);
}

Test(raft_reads, sole_voter_reads_at_once)
{
    struct rc *rc = led_by_1(1);
    rc_read(rc, 1, 7);
    cr_assert(last_read(rc, 1)->ok);
    cr_assert_eq(last_read(rc, 1)->index, 1);
    rc_free(rc);
}

/* Answers to messages that left before a read prove nothing about it. */
Test(raft_reads, b51_answers_to_earlier_rounds_do_not_count)
{
    struct rc *rc = led_by_1(3);
    rc_wait(rc, 100);
    rc_tick(rc, 1);
    rc_read(rc, 1, 7);
    uint64_t read_round = rc_core(rc, 1)->reads.items[0].round;
    for (int at; (at = rc_find(rc, 1, 0, RAFT_MSG_HEARTBEAT)) >= 0;) {
        bool later = rc_msg_at(rc, at)->round > read_round;
        if (later)
            rc_drop(rc, (uint32_t)at);
        else
            rc_deliver(rc, (uint32_t)at);
    }
    cr_assert_eq(rc->msg_count, 2);
    struct raft_msg old = *rc_msg_at(rc, 0);
    rc_settle(rc);
    rc_inject(rc, &old, NULL);
    cr_assert_not(last_read(rc, 1)->done);
    rc_wait(rc, 100);
    rc_tick(rc, 1);
    rc_settle(rc);
    cr_assert(last_read(rc, 1)->ok);
    rc_free(rc);
}

Test(raft_reads, b52_read_waits_for_an_own_commit)
{
    struct rc *rc = rc_new(3);
    rc_preload(rc, 1, (uint64_t[]){1, 1}, 2, 1, 0);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    while (rc_core(rc, 1)->role != RAFT_LEADER) {
        for (uint64_t id = 1; id <= 3; id++)
            rc_disk(rc, id, 8);
        if (rc->msg_count > 0)
            rc_deliver(rc, 0);
    }
    rc->slow_disk = true;
    rc_read(rc, 1, 7);
    rc_settle(rc);
    cr_assert_not(last_read(rc, 1)->done, "the noop of its term is on no disk yet");
    for (uint32_t i = 0; i < 4; i++) {
        for (uint64_t id = 1; id <= 3; id++)
            rc_disk(rc, id, 8);
        rc_settle(rc);
    }
    cr_assert(last_read(rc, 1)->ok);
    cr_assert_eq(last_read(rc, 1)->index, 3);
    rc_free(rc);
}

/* Delivers and answers heartbeats alone; appends stay under way. */
static void answer_heartbeats(struct rc *rc)
{
    for (int at; (at = rc_find(rc, 1, 0, RAFT_MSG_HEARTBEAT)) >= 0;)
        rc_deliver(rc, (uint32_t)at);
    for (int at; (at = rc_find(rc, 0, 1, RAFT_MSG_HEARTBEAT_RESP)) >= 0;)
        rc_deliver(rc, (uint32_t)at);
}

/* A read whose round is proved waits for a commit; one that comes then still needs its own round.
 */
Test(raft_reads, b51_waiting_for_a_commit_proves_nothing_to_later_reads)
{
    struct rc *rc = rc_new(3);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    while (rc_core(rc, 1)->role != RAFT_LEADER) {
        for (uint64_t id = 1; id <= 3; id++)
            rc_disk(rc, id, 8);
        if (rc->msg_count > 0)
            rc_deliver(rc, 0);
    }
    rc_read(rc, 1, 7);
    answer_heartbeats(rc);
    cr_assert_not(last_read(rc, 1)->done, "its round is proved, nothing is committed");
    cr_assert_lt(rc_find(rc, 1, 0, RAFT_MSG_HEARTBEAT), 0);
    rc_read(rc, 1, 8);
    cr_assert_geq(rc_find(rc, 1, 2, RAFT_MSG_HEARTBEAT), 0);
    rc_settle(rc);
    cr_assert(rc->nodes[1].reads[0].ok && rc->nodes[1].reads[1].ok);
    rc_free(rc);
}

Test(raft_reads, b67_reads_end_when_leadership_does)
{
    struct rc *rc = led_by_1(3);
    rc_isolate(rc, 1);
    rc_read(rc, 1, 7);
    rc_read(rc, 2, 8);
    rc_settle(rc);
    cr_assert_not(last_read(rc, 1)->done);
    cr_assert_not(last_read(rc, 2)->done);
    rc_run(rc, 2 * T_MS + 200);
    cr_assert(last_read(rc, 1)->done && !last_read(rc, 1)->ok);
    cr_assert(last_read(rc, 2)->done && !last_read(rc, 2)->ok);
    rc_read(rc, 1, 9);
    cr_assert(last_read(rc, 1)->done && !last_read(rc, 1)->ok, "no leader to ask");
    rc_free(rc);
}

/* A leader that steps down tells the followers whose reads it held. */
Test(raft_reads, b67_forwarded_reads_fail_with_their_leader)
{
    struct rc *rc = led_by_1(5);
    rc->cut[1][3] = rc->cut[1][4] = rc->cut[1][5] = true;
    rc_read(rc, 2, 8);
    rc_deliver(rc, (uint32_t)rc_find(rc, 2, 1, RAFT_MSG_READ));
    cr_assert_eq(rc_core(rc, 1)->reads.count, 1);
    struct raft_msg hello = {.type = RAFT_MSG_HEARTBEAT, .from = {3}, .to = {1}, .term = 2};
    rc_inject(rc, &hello, NULL);
    rc_settle(rc);
    cr_assert(last_read(rc, 2)->done && !last_read(rc, 2)->ok);
    rc_free(rc);
}

/* The answer to a read of an earlier life, with the id that its node gives again. */
Test(raft_reads, b51_answers_do_not_outlive_the_life_that_asked)
{
    struct rc *rc = led_by_1(3);
    rc_read(rc, 3, 1);
    rc_deliver(rc, (uint32_t)rc_find(rc, 3, 1, RAFT_MSG_READ));
    for (int at; (at = rc_find(rc, 0, 0, RAFT_MSG_HEARTBEAT)) >= 0;)
        rc_deliver(rc, (uint32_t)at);
    while (rc_find(rc, 0, 1, RAFT_MSG_HEARTBEAT_RESP) >= 0)
        rc_deliver(rc, (uint32_t)rc_find(rc, 0, 1, RAFT_MSG_HEARTBEAT_RESP));
    struct raft_msg late = *rc_msg_at(rc, rc_find(rc, 1, 3, RAFT_MSG_READ_RESP));
    cr_assert(late.granted);
    rc_drop_all(rc);
    rc_crash(rc, 3);
    rc_wait(rc, 1);
    rc_start(rc, 3);
    rc_propose(rc, 1, 1, 10);
    rc_settle(rc);
    rc_run(rc, 300);
    rc->nodes[3].read_count = 0;
    rc_read(rc, 3, 1);
    rc_inject(rc, &late, NULL);
    cr_assert_not(last_read(rc, 3)->done);
    rc_settle(rc);
    cr_assert_eq(last_read(rc, 3)->index, 2);
    rc_free(rc);
}

Test(raft_reads, too_many_reads_are_refused_at_once)
{
    struct rc *rc = led_by_1(3);
    for (uint64_t i = 1; i <= RAFT_READS_MAX + 3; i++)
        rc_read(rc, 1, i);
    cr_assert(last_read(rc, 1)->done && !last_read(rc, 1)->ok);
    cr_assert_eq(rc->msg_count, 2, "one round of heartbeats for all of them");
    rc_read(rc, 2, 1);
    rc_deliver(rc, (uint32_t)rc_find(rc, 2, 1, RAFT_MSG_READ));
    rc_deliver(rc, (uint32_t)rc_find(rc, 1, 2, RAFT_MSG_READ_RESP));
    cr_assert(last_read(rc, 2)->done && !last_read(rc, 2)->ok, "a follower's too");
    rc_settle(rc);
    for (uint32_t i = 0; i < rc->nodes[1].read_count; i++)
        cr_assert_eq(rc->nodes[1].reads[i].ok, i < RAFT_READS_MAX);
    rc_free(rc);
}

/* ---- transfer -----------------------------------------------------------------------------------
 */

Test(raft_transfer, b23_transfer_needs_no_prevote_and_passes_the_shield)
{
    struct rc *rc = led_by_1(3);
    rc_transfer(rc, 1, 3);
    cr_assert_geq(rc_find(rc, 1, 3, RAFT_MSG_TIMEOUT_NOW), 0);
    rc_deliver(rc, 0);
    rc_disk(rc, 3, 8);
    cr_assert_lt(rc_find(rc, 3, 0, RAFT_MSG_PREVOTE), 0);
    cr_assert(rc_msg_at(rc, rc_find(rc, 3, 2, RAFT_MSG_VOTE))->transfer);
    rc_settle(rc);
    cr_assert_eq(rc_leader(rc), 3);
    cr_assert_eq(rc->nodes[1].transfer_count, 1);
    cr_assert(rc->nodes[1].last_transfer.ok);
    rc_free(rc);
}

Test(raft_transfer, target_is_brought_up_to_date_first)
{
    struct rc *rc = led_by_1(3);
    rc->cut[1][3] = true;
    rc_propose(rc, 1, 20, 10);
    rc_settle(rc);
    rc_heal(rc);
    rc_transfer(rc, 1, 3);
    cr_assert_lt(rc_find(rc, 1, 3, RAFT_MSG_TIMEOUT_NOW), 0);
    rc_run(rc, 500);
    cr_assert_eq(rc_leader(rc), 3);
    cr_assert(rc->nodes[1].last_transfer.ok);
    rc_free(rc);
}

Test(raft_transfer, b61_proposals_are_refused_meanwhile_and_only_then)
{
    struct rc *rc = led_by_1(3);
    rc->cut[1][3] = true;
    rc_transfer(rc, 1, 3);
    rc_propose(rc, 1, 1, 10);
    cr_assert_eq(rc->nodes[1].last_refused.reason, RAFT_REASON_TRANSFERRING);
    cr_assert_eq(rc->nodes[1].last, 1);
    rc_run(rc, T_MS);
    cr_assert_eq(rc->nodes[1].transfer_count, 1);
    cr_assert_not(rc->nodes[1].last_transfer.ok);
    cr_assert_eq(rc_leader(rc), 1);
    rc_propose(rc, 1, 1, 10);
    cr_assert_eq(rc->nodes[1].last, 2, "an election timeout later it serves again");
    rc_free(rc);
}

Test(raft_transfer, impossible_transfers_end_at_once)
{
    struct rc *rc = led_by_1(3);
    static const struct {
        uint64_t node, target;
        enum raft_reason reason;
    } cases[] = {
        {2, 3, RAFT_REASON_NOT_LEADER},
        {1, 9, RAFT_REASON_NOT_CAUGHT_UP},
        {1, 1, RAFT_REASON_NOT_CAUGHT_UP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rc_transfer(rc, cases[i].node, cases[i].target);
        cr_assert_eq(rc->nodes[cases[i].node].last_transfer.reason, cases[i].reason, "case %zu", i);
        cr_assert_not(rc->nodes[cases[i].node].last_transfer.ok);
    }
    rc->cut[1][3] = true;
    rc_transfer(rc, 1, 3);
    rc_transfer(rc, 1, 2);
    cr_assert_eq(rc->nodes[1].last_transfer.reason, RAFT_REASON_TRANSFERRING);
    rc_free(rc);
}

Test(raft_transfer, without_a_target_the_best_follower_is_chosen)
{
    struct rc *rc = led_by_1(3);
    rc->cut[1][2] = true;
    rc_propose(rc, 1, 5, 10);
    rc_settle(rc);
    rc_transfer(rc, 1, 0);
    rc_settle(rc);
    cr_assert_eq(rc_leader(rc), 3);
    rc_free(rc);
}
