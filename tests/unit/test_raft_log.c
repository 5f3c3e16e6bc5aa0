/* SPDX-License-Identifier: Apache-2.0
 * Replication, durability and commitment against the bugs of others; numbers as in docs/raft.md. */
#include "tests/lib/raft_cluster.h"

#include <criterion/criterion.h>

enum { T_MS = 1000 };

static struct raft_msg message(enum raft_msg_type type, uint64_t from, uint64_t to, uint64_t term)
{
    return (struct raft_msg){.type = type, .from = {from}, .to = {to}, .term = term};
}

static struct rc *led_by_1(uint32_t count)
{
    struct rc *rc = rc_new(count);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    rc_settle(rc);
    cr_assert_eq(rc_leader(rc), 1);
    return rc;
}

/* An append to node 1 from node `from` of entries of one term. */
static void append_to_1(struct rc *rc, uint64_t from, uint64_t term, uint64_t prev_index,
                        uint64_t prev_term, uint32_t count, uint64_t commit)
{
    struct raft_entry entries[RAFT_BATCH_MAX];
    for (uint32_t i = 0; i < count; i++)
        entries[i] = (struct raft_entry){
            .index = prev_index + 1 + i, .term = term, .time_ms = 100, .kind = RAFT_DATA};
    struct raft_msg msg = message(RAFT_MSG_APP, from, 1, term);
    msg.prev_index = prev_index;
    msg.prev_term = prev_term;
    msg.entry_count = count;
    msg.commit = commit;
    msg.round = 1;
    rc_inject(rc, &msg, entries);
}

/* The latest append answer on its way to `to`, NULL if there is none. */
static const struct raft_msg *answer_to(const struct rc *rc, uint64_t to)
{
    for (uint32_t i = rc->msg_count; i > 0; i--) {
        const struct raft_msg *msg = rc_msg_at(rc, (int)i - 1);
        if (msg->type == RAFT_MSG_APP_RESP && msg->to.value == to)
            return msg;
    }
    return NULL;
}

/* ---- commitment ---------------------------------------------------------------------------------
 */

/* Figure 8 of the paper. Node 1 copies an entry of term 2 to a majority in term 4, but no entry of
 * term 4 gets there; node 5 is then elected without it. */
Test(raft_log, b1_old_entries_are_not_committed_by_counting)
{
    struct rc *rc = rc_new(5);
    rc->config.batch_entries_max = 1;
    rc_preload(rc, 1, (uint64_t[]){1, 2}, 2, 3, 0);
    rc_preload(rc, 2, (uint64_t[]){1, 2}, 2, 3, 0);
    rc_preload(rc, 3, (uint64_t[]){1}, 1, 3, 0);
    rc_preload(rc, 4, (uint64_t[]){1}, 1, 3, 0);
    rc_preload(rc, 5, (uint64_t[]){1, 3}, 2, 3, 0);
    rc_start_all(rc);
    rc_isolate(rc, 5);
    rc->cut[1][4] = true;
    rc_campaign(rc, 1);
    rc->cut[1][4] = false;
    for (uint32_t beats = 0; beats < 5; beats++) {
        rc_wait(rc, 100);
        rc_tick(rc, 1);
        for (int at = 0;
             rc->msg_count > 0 ||
             rc->nodes[1].write_count + rc->nodes[2].write_count + rc->nodes[3].write_count > 0;) {
            for (uint64_t id = 1; id <= 4; id++)
                rc_disk(rc, id, 8);
            if (rc->msg_count == 0)
                continue;
            const struct raft_msg *msg = rc_msg_at(rc, at);
            if (msg->type == RAFT_MSG_APP && msg->prev_index + msg->entry_count >= 3)
                rc_drop(rc, (uint32_t)at);
            else
                rc_deliver(rc, (uint32_t)at);
        }
    }
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_LEADER);
    cr_assert_eq(rc->nodes[3].disk[2].term, 2, "the old entry is on a majority");
    cr_assert_eq(rc_core(rc, 1)->committed.value, 0);
    rc_crash(rc, 1);
    rc_heal(rc);
    rc_isolate(rc, 1);
    rc_wait(rc, 2 * T_MS);
    rc_campaign(rc, 5);
    rc_run(rc, 5 * T_MS);
    for (uint64_t id = 2; id <= 5; id++)
        cr_assert_eq(rc->nodes[id].alarm, RAFT_REASON_NONE);
    rc_free(rc);
}

Test(raft_log, b7_commit_ends_where_the_request_was_checked)
{
    struct rc *rc = rc_new(3);
    rc_preload(rc, 1, (uint64_t[]){1, 1, 1, 1, 1, 2, 2, 2, 2}, 9, 2, 0);
    rc_start(rc, 1);
    append_to_1(rc, 2, 3, 5, 1, 0, 9);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 5);
    rc_free(rc);
}

Test(raft_log, b12_commit_reaches_what_a_quorum_holds)
{
    struct rc *rc = led_by_1(3);
    rc_isolate(rc, 3);
    rc->slow_disk = true;
    for (uint32_t i = 0; i < 10; i++) {
        rc_propose(rc, 1, 1, 10); /* node 2 is always one behind */
        if (i > 0)
            rc_deliver(rc, (uint32_t)rc_find(rc, 1, 2, RAFT_MSG_APP));
        rc_disk(rc, 2, 1);
        rc_disk(rc, 1, 1);
        while (rc_find(rc, 2, 1, 0) >= 0)
            rc_deliver(rc, (uint32_t)rc_find(rc, 2, 1, 0));
        cr_assert_eq(rc_core(rc, 1)->committed.value, 1 + i);
    }
    rc_free(rc);
}

Test(raft_log, b28_heartbeat_commit_is_clipped_at_both_ends)
{
    struct rc *rc = rc_new(3);
    rc_preload(rc, 1, (uint64_t[]){1, 1, 1}, 3, 1, 0);
    rc_start(rc, 1);
    struct raft_msg hello = message(RAFT_MSG_HEARTBEAT, 2, 1, 2);
    hello.commit = 9;
    rc_inject(rc, &hello, NULL);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 0, "nothing was checked yet");
    append_to_1(rc, 2, 2, 2, 1, 0, 0);
    rc_inject(rc, &hello, NULL);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 2);
    hello.commit = 1;
    rc_inject(rc, &hello, NULL);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 2);
    rc_free(rc);

    rc = led_by_1(3);
    rc_isolate(rc, 3);
    rc_propose(rc, 1, 5, 10);
    rc_settle(rc);
    rc_heal(rc);
    rc->cut[1][3] = false;
    rc_wait(rc, 100);
    rc_tick(rc, 1);
    cr_assert_eq(rc_msg_at(rc, rc_find(rc, 1, 3, RAFT_MSG_HEARTBEAT))->commit, 1);
    cr_assert_eq(rc_msg_at(rc, rc_find(rc, 1, 2, RAFT_MSG_HEARTBEAT))->commit, 6);
    rc_free(rc);
}

Test(raft_log, b29_sole_voter_commits_what_is_durable)
{
    struct rc *rc = led_by_1(1);
    rc->slow_disk = true;
    rc_propose(rc, 1, 1, 10);
    rc_propose(rc, 1, 1, 10);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 1);
    rc_disk(rc, 1, 1);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 2, "the second is not on the disk yet");
    rc_free(rc);
}

Test(raft_log, b30_leader_counts_itself_after_its_own_write)
{
    struct rc *rc = led_by_1(3);
    rc->slow_disk = true;
    rc_propose(rc, 1, 1, 10);
    rc_deliver(rc, (uint32_t)rc_find(rc, 1, 2, RAFT_MSG_APP));
    rc_disk(rc, 2, 1);
    rc_deliver(rc, (uint32_t)rc_find(rc, 2, 1, RAFT_MSG_APP_RESP));
    cr_assert_eq(rc_core(rc, 1)->committed.value, 1, "one copy on disk, not two");
    rc_disk(rc, 1, 1);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 2);
    rc_free(rc);
}

/* ---- acknowledgements ---------------------------------------------------------------------------
 */

Test(raft_log, b3_old_write_is_not_acknowledged_to_a_new_leader)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    rc->slow_disk = true;
    append_to_1(rc, 2, 2, 0, 0, 3, 0);
    struct raft_msg hello = message(RAFT_MSG_HEARTBEAT, 3, 1, 3);
    rc_inject(rc, &hello, NULL);
    rc_disk(rc, 1, 8);
    cr_assert_eq(rc->nodes[1].disk_last, 3);
    cr_assert_null(answer_to(rc, 3));
    cr_assert_null(answer_to(rc, 2), "nor to the old leader, in a term that is not its own");
    rc_free(rc);
}

Test(raft_log, b6_unchecked_tail_is_not_acknowledged)
{
    struct rc *rc = rc_new(5);
    rc_preload(rc, 1, (uint64_t[]){1, 1, 1, 1, 1, 1, 1, 2, 2, 2}, 10, 2, 0);
    rc_start(rc, 1);
    append_to_1(rc, 2, 3, 7, 1, 0, 0);
    rc_disk(rc, 1, 8);
    cr_assert(answer_to(rc, 2)->granted);
    cr_assert_eq(answer_to(rc, 2)->index, 7);
    rc_free(rc);
}

Test(raft_log, b20_b57_refusals_are_no_evidence)
{
    struct rc *rc = led_by_1(3);
    rc_isolate(rc, 2);
    rc_propose(rc, 1, 5, 10);
    rc_settle(rc);
    struct raft_peer before = rc_core(rc, 1)->leading.peers[1];
    cr_assert_eq(before.match, 1);
    struct raft_msg refusal = message(RAFT_MSG_APP_RESP, 2, 1, 1);
    refusal.round = 1; /* long answered */
    refusal.index = 2;
    refusal.hint_term = 1;
    rc_inject(rc, &refusal, NULL);
    const struct raft_peer *peer = &rc_core(rc, 1)->leading.peers[1];
    cr_assert_eq(peer->state, RAFT_REPLICATE);
    cr_assert_eq(peer->next, before.next);
    refusal.round = rc_core(rc, 1)->round;
    refusal.index = 900;
    refusal.hint_term = 900;
    rc_inject(rc, &refusal, NULL);
    cr_assert_eq(peer->match, before.match);
    cr_assert_gt(peer->next, peer->match);
    rc_free(rc);
}

Test(raft_log, acknowledgement_beyond_the_log_is_dropped)
{
    struct rc *rc = led_by_1(3);
    struct raft_msg wild = message(RAFT_MSG_APP_RESP, 2, 1, 1);
    wild.granted = true;
    wild.round = rc_core(rc, 1)->round;
    wild.index = 1000;
    rc_inject(rc, &wild, NULL);
    cr_assert_eq(rc_core(rc, 1)->leading.peers[1].match, 1);
    rc_free(rc);
}

/* ---- the state machine --------------------------------------------------------------------------
 */

static void set_applied(struct rc *rc, uint64_t id, uint64_t index)
{
    rc_step(rc, id, (struct raft_event){.type = RAFT_SET_APPLIED, .index = index});
}

Test(raft_log, what_was_applied_was_committed)
{
    struct rc *rc = led_by_1(3);
    rc_propose(rc, 1, 4, 10);
    rc_settle(rc);
    set_applied(rc, 1, 3);
    struct raft_status status;
    raft_status(rc_core(rc, 1), &status);
    cr_assert_eq(status.applied.value, 3);
    cr_assert_eq(status.committed.value, 5);
    rc_crash(rc, 1);
    rc_start(rc, 1);
    set_applied(rc, 1, 3);
    raft_status(rc_core(rc, 1), &status);
    cr_assert_eq(status.applied.value, 3);
    cr_assert_eq(status.committed.value, 3, "told by its own state machine, with nobody to ask");
    cr_assert_eq(status.peer_count, 0);
    rc_free(rc);
}

Test(raft_log, names_are_those_of_the_scenarios)
{
    cr_assert_str_eq(raft_role_name(RAFT_PRECANDIDATE), "precandidate");
    cr_assert_str_eq(raft_msg_name(RAFT_MSG_HEARTBEAT_RESP), "hbresp");
    cr_assert_str_eq(raft_reason_name(RAFT_REASON_COMMIT_LOST), "commit-lost");
}

/* ---- truncation ---------------------------------------------------------------------------------
 */

Test(raft_log, b27_repeated_appends_in_reverse_remove_nothing)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    for (uint64_t prev = 0; prev < 5; prev++)
        append_to_1(rc, 2, 1, prev, prev == 0 ? 0 : 1, 1, prev);
    rc_disk(rc, 1, 8);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 4);
    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint64_t prev = 5; prev > 0; prev--) {
            append_to_1(rc, 2, 1, prev - 1, prev == 1 ? 0 : 1, 1, 0);
            cr_assert_eq(rc->nodes[1].last, 5);
            cr_assert_eq(rc->nodes[1].write_count, 0);
            cr_assert_eq(rc_core(rc, 1)->committed.value, 4);
        }
    cr_assert_eq(rc->nodes[1].alarm, RAFT_REASON_NONE);
    rc_free(rc);
}

Test(raft_log, b31_old_write_does_not_make_newer_entries_durable)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    rc->slow_disk = true;
    append_to_1(rc, 2, 1, 0, 0, 3, 0); /* write 1: term 1 at 1 to 3 */
    append_to_1(rc, 3, 2, 1, 1, 2, 0); /* write 2: term 2 at 2 and 3 */
    rc_disk(rc, 1, 1);
    cr_assert_eq(rc_core(rc, 1)->durable.value, 1);
    cr_assert(answer_to(rc, 3) == NULL || answer_to(rc, 3)->index <= 1);
    rc_disk(rc, 1, 1);
    cr_assert_eq(rc_core(rc, 1)->durable.value, 3);
    cr_assert_eq(answer_to(rc, 3)->index, 3);
    cr_assert_eq(rc->nodes[1].disk[3].term, 2);
    rc_free(rc);
}

/* Two entries of one leader and one of the next that removes both are under way at every place of
 * the ring of writes: each that ends counts for what is on the disk and still ours. */
Test(raft_log, b36_truncation_with_writes_under_way_at_every_offset)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    rc->slow_disk = true;
    const struct raft *core = rc_core(rc, 1);
    uint64_t settled = 0;
    for (uint64_t round = 0; round < RAFT_WRITES_MAX; round++) {
        uint64_t settled_term = 2 * round;
        append_to_1(rc, 2, 2 * round + 1, settled, settled_term, 1, 0);
        append_to_1(rc, 2, 2 * round + 1, settled + 1, 2 * round + 1, 1, 0);
        append_to_1(rc, 3, 2 * round + 2, settled, settled_term, 1, 0);
        cr_assert_eq(rc->nodes[1].write_count, 3);
        for (uint32_t done = 1; done <= 3; done++) {
            rc_disk(rc, 1, 1);
            cr_assert_eq(core->durable.value, settled + (done == 3), "round %lu", round);
        }
        settled++;
        cr_assert_eq(answer_to(rc, 3)->index, settled);
    }
    cr_assert_eq(core->writes.last_id, 3 * RAFT_WRITES_MAX);
    rc_free(rc);
}

/* Sent twice while it is being written, an append is answered at once, by what the disk has. */
Test(raft_log, b38_nothing_is_acknowledged_before_its_sync)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    rc->slow_disk = true;
    append_to_1(rc, 2, 1, 0, 0, 1, 0);
    append_to_1(rc, 2, 1, 1, 1, 2, 0);
    rc_disk(rc, 1, 1);
    append_to_1(rc, 2, 1, 1, 1, 2, 0);
    cr_assert_eq(answer_to(rc, 2)->index, 1);
    rc_disk(rc, 1, 1);
    cr_assert_eq(answer_to(rc, 2)->index, 3);
    rc_free(rc);
}

Test(raft_log, b82_overwriting_committed_entries_is_an_alarm)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    append_to_1(rc, 2, 1, 0, 0, 3, 3);
    rc_disk(rc, 1, 8);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 3);
    append_to_1(rc, 3, 2, 1, 1, 2, 0);
    cr_assert_eq(rc->nodes[1].alarm, RAFT_REASON_COMMIT_LOST);
    cr_assert_eq(rc->nodes[1].last, 3);
    rc_free(rc);
}

Test(raft_log, one_leadership_tells_one_history)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    append_to_1(rc, 2, 3, 0, 0, 1, 0);
    struct raft_entry other = {.index = 1, .term = 2, .kind = RAFT_DATA};
    struct raft_msg msg = message(RAFT_MSG_APP, 2, 1, 3);
    msg.entry_count = 1;
    rc_inject(rc, &msg, &other);
    cr_assert_eq(rc->nodes[1].alarm, RAFT_REASON_TWO_LEADERS);
    rc_free(rc);
}

Test(raft_log, b63_a_leader_keeps_what_it_acknowledged_when_it_steps_down)
{
    struct rc *rc = led_by_1(3);
    rc_propose(rc, 1, 3, 10);
    rc_settle(rc);
    struct raft_msg hello = message(RAFT_MSG_HEARTBEAT, 2, 1, 2);
    rc_inject(rc, &hello, NULL);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_FOLLOWER);
    cr_assert_eq(rc->nodes[1].last, 4);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 4);
    rc_free(rc);
}

Test(raft_log, b65_delayed_appends_of_an_old_leader_are_dropped)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    append_to_1(rc, 3, 2, 0, 0, 2, 0);
    rc_disk(rc, 1, 8);
    append_to_1(rc, 2, 1, 0, 0, 3, 3);
    cr_assert_eq(rc->nodes[1].last, 2);
    cr_assert_eq(rc->nodes[1].log[1].term, 2);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 0);
    cr_assert_eq(answer_to(rc, 2)->term, 2, "and the old leader is told");
    rc_free(rc);
}

/* Entries out of order, of a term ahead of their leader's, or with stamps that go back. */
Test(raft_log, entries_no_leader_could_have_are_dropped)
{
    static const struct raft_entry good[] = {
        {.index = 1, .term = 1, .time_ms = 10, .kind = RAFT_DATA},
        {.index = 2, .term = 2, .time_ms = 20, .kind = RAFT_DATA},
    };
    for (uint32_t flaw = 0; flaw < 7; flaw++) {
        struct rc *rc = rc_new(3);
        rc_start(rc, 1);
        struct raft_entry entries[] = {good[0], good[1]};
        entries[1].index = flaw == 1 ? 3 : 2;
        entries[1].term = flaw == 2 ? 3 : 2;
        entries[0].term = flaw == 3 ? 0 : 1;
        entries[1].time_ms = flaw == 4 ? 9 : flaw == 6 ? UINT64_MAX : 20;
        entries[1].kind = flaw == 5 ? 9 : RAFT_DATA;
        struct raft_msg msg = message(RAFT_MSG_APP, 2, 1, 2);
        msg.entry_count = 2;
        rc_inject(rc, &msg, entries);
        cr_assert_eq(rc->nodes[1].last, flaw == 0 ? 2 : 0, "flaw %u", flaw);
        rc_free(rc);
    }
}

/* A stamp lower than that of the entry already held before it is refused as well. */
Test(raft_log, stamps_never_go_back_across_messages)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    append_to_1(rc, 2, 1, 0, 0, 1, 0);
    struct raft_entry entry = {.index = 2, .term = 1, .time_ms = 99, .kind = RAFT_DATA};
    struct raft_msg msg = message(RAFT_MSG_APP, 2, 1, 1);
    msg.prev_index = 1;
    msg.prev_term = 1;
    msg.entry_count = 1;
    rc_inject(rc, &msg, &entry);
    cr_assert_eq(rc->nodes[1].last, 1);
    entry.time_ms = 100;
    rc_inject(rc, &msg, &entry);
    cr_assert_eq(rc->nodes[1].last, 2);
    rc_free(rc);
}
