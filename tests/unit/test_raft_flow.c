/* SPDX-License-Identifier: Apache-2.0
 * Pipelines, back-pressure and logs longer than the core's memory of them. */
#include "tests/lib/raft_cluster.h"

#include <criterion/criterion.h>

enum { T_MS = 1000, LONG = 3000 };

static void elect_1(struct rc *rc)
{
    rc_start_all(rc);
    rc_campaign(rc, 1);
    rc_settle(rc);
    cr_assert_eq(rc_leader(rc), 1);
}

static void elect_1_while_3_is_away(struct rc *rc)
{
    rc_isolate(rc, 3);
    elect_1(rc);
}

static const struct raft_peer *peer_2(const struct rc *rc)
{
    return &rc_core(rc, 1)->leading.peers[1];
}

Test(raft_flow, f11_pipeline_is_limited_by_count)
{
    struct rc *rc = rc_new(2);
    rc->config.inflight_max = 3;
    rc->config.batch_entries_max = 1;
    elect_1(rc);
    rc->slow_disk = true;
    rc_propose(rc, 1, 10, 5);
    cr_assert_eq(rc->msg_count, 3);
    cr_assert_eq(peer_2(rc)->inflight_count, 3);
    cr_assert_eq(peer_2(rc)->inflight_bytes, 15);
    rc->slow_disk = false;
    rc_settle(rc);
    cr_assert_eq(peer_2(rc)->match, 11);
    cr_assert_eq(peer_2(rc)->inflight_count, 0);
    cr_assert_eq(peer_2(rc)->inflight_bytes, 0);
    rc_free(rc);
}

Test(raft_flow, f11_pipeline_is_limited_by_bytes_but_admits_one)
{
    struct rc *rc = rc_new(2);
    rc->config.inflight_bytes_max = 250;
    rc->config.batch_bytes_max = 100;
    elect_1(rc);
    rc->slow_disk = true;
    rc_propose(rc, 1, 5, 100);
    cr_assert_eq(rc->msg_count, 2);
    rc_drop_all(rc);
    rc->slow_disk = false;
    rc_run(rc, T_MS);
    rc->slow_disk = true;
    rc_propose(rc, 1, 1, 1000);
    cr_assert_eq(rc->msg_count, 1, "larger than every limit, and still sent");
    rc_free(rc);
}

/* A full window of lost messages is found out after a heartbeat (B39's cure, B40, B41). */
Test(raft_flow, b40_lost_pipeline_is_resumed_and_accounts_settle)
{
    struct rc *rc = rc_new(3);
    rc->config.inflight_max = 4;
    rc->config.batch_entries_max = 2;
    elect_1(rc);
    for (uint32_t round = 0; round < 20; round++) {
        rc->cut[1][2] = true;
        rc_propose(rc, 1, 16, 7);
        rc_settle(rc);
        cr_assert_eq(peer_2(rc)->inflight_count, 4);
        rc_heal(rc);
        rc_run(rc, 3 * 100);
        cr_assert_eq(peer_2(rc)->state, RAFT_REPLICATE);
        cr_assert_eq(peer_2(rc)->match, rc->nodes[1].last);
        cr_assert_eq(peer_2(rc)->inflight_bytes, 0);
    }
    rc_free(rc);
}

/* However much is waiting, a step sends a peer so many messages at most; answers pull the rest. */
Test(raft_flow, f11_burst_of_one_step_is_limited)
{
    struct rc *rc = rc_new(2);
    rc->config.inflight_max = RAFT_INFLIGHT_MAX;
    rc->config.batch_entries_max = 1;
    elect_1(rc);
    rc->slow_disk = true;
    rc_propose(rc, 1, 2 * RAFT_BURST_MAX, 5);
    cr_assert_eq(rc->msg_count, RAFT_BURST_MAX);
    rc->slow_disk = false;
    rc_settle(rc);
    cr_assert_eq(peer_2(rc)->match, 2 * RAFT_BURST_MAX + 1);
    rc_free(rc);
}

/* What the probe carried is not sent once more when it is answered before it is on the disk. */
Test(raft_flow, f11_answered_probe_is_not_sent_again)
{
    struct rc *rc = rc_new(2);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    while (rc_core(rc, 1)->role != RAFT_LEADER) {
        rc_disk(rc, 1, 1);
        rc_disk(rc, 2, 1);
        if (rc->msg_count > 0)
            rc_deliver(rc, 0);
    }
    rc->slow_disk = true;
    rc_clone(rc, 0);
    rc_deliver(rc, 0);
    cr_assert_eq(rc_msg_at(rc, rc_find(rc, 2, 1, RAFT_MSG_APP_RESP))->index, 0);
    rc_deliver(rc, 0);
    cr_assert_eq(peer_2(rc)->state, RAFT_REPLICATE);
    cr_assert_eq(peer_2(rc)->next, 2);
    cr_assert_eq(rc->msg_count, 0);
    rc_free(rc);
}

/* A commit index that leaves with entries needs no heartbeat besides. */
Test(raft_flow, commit_told_with_entries_is_not_announced)
{
    struct rc *rc = rc_new(2);
    rc->config.inflight_max = 1;
    elect_1(rc);
    rc->slow_disk = true;
    rc_propose(rc, 1, 1, 1);
    rc_propose(rc, 1, 1, 1);
    rc_disk(rc, 1, 2);
    rc_deliver(rc, 0);
    rc_disk(rc, 2, 1);
    rc_deliver(rc, 0);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 2);
    cr_assert_eq(rc->msg_count, 1);
    cr_assert_eq(rc_msg_at(rc, 0)->type, RAFT_MSG_APP);
    cr_assert_eq(rc_msg_at(rc, 0)->commit, 2);
    rc_free(rc);
}

/* To the byte. */
Test(raft_flow, f19_uncommitted_bytes_may_fill_their_limit)
{
    struct rc *rc = rc_new(3);
    rc->config.uncommitted_bytes_max = 100;
    elect_1(rc);
    rc->slow_disk = true;
    rc_propose(rc, 1, 1, 60);
    rc_propose(rc, 1, 1, 40);
    cr_assert_eq(rc->nodes[1].refused_count, 0);
    rc_propose(rc, 1, 1, 1);
    cr_assert_eq(rc->nodes[1].last_refused.reason, RAFT_REASON_BUSY);
    rc_free(rc);
}

/* Few bytes and few writes, but more entries than the window would hold until they are committed.
 */
Test(raft_flow, f19_uncommitted_entries_fit_the_window)
{
    struct rc *rc = rc_new(3);
    elect_1(rc);
    rc->slow_disk = true;
    for (uint32_t batch = 0; batch < RAFT_WINDOW / RAFT_BATCH_MAX; batch++)
        rc_propose(rc, 1, RAFT_BATCH_MAX, 1);
    cr_assert_eq(rc->nodes[1].refused_count, 0);
    cr_assert_eq(rc->nodes[1].last - rc_core(rc, 1)->committed.value, RAFT_WINDOW);
    rc_propose(rc, 1, 1, 1);
    cr_assert_eq(rc->nodes[1].last_refused.reason, RAFT_REASON_BUSY);
    rc->slow_disk = false;
    rc_settle(rc);
    rc_propose(rc, 1, 1, 1);
    cr_assert_eq(rc->nodes[1].refused_count, 1, "committed, they make room");
    rc_free(rc);
}

Test(raft_flow, heartbeats_keep_their_interval)
{
    struct rc *rc = rc_new(3);
    elect_1(rc);
    rc_wait(rc, 100);
    rc_tick(rc, 1);
    cr_assert_eq(rc->msg_count, 2);
    rc_tick(rc, 1);
    cr_assert_eq(rc->msg_count, 2, "a tick that comes early sends nothing");
    rc_free(rc);
}

static void answer_from_2(struct rc *rc, uint64_t round, bool granted, uint64_t index)
{
    struct raft_msg msg = {.type = RAFT_MSG_APP_RESP, .from = {2}, .to = {1}, .term = 1};
    msg.round = round;
    msg.granted = granted;
    msg.index = index;
    rc_inject(rc, &msg, NULL);
}

/* A late acknowledgement of all before `next` tells what the probe, which is lost, would have. */
Test(raft_flow, b41_any_evidence_ends_probing)
{
    struct rc *rc = rc_new(2);
    elect_1(rc);
    rc->slow_disk = true;
    uint64_t first = rc_core(rc, 1)->round + 1;
    for (uint32_t i = 0; i < 3; i++)
        rc_propose(rc, 1, 1, 1); /* indices 2 to 4; of these messages the second is lost */
    answer_from_2(rc, first + 2, false, 2);
    cr_assert_eq(peer_2(rc)->state, RAFT_PROBE);
    cr_assert_eq(peer_2(rc)->next, 3);
    rc_drop_all(rc);
    answer_from_2(rc, first, true, 2);
    cr_assert_eq(peer_2(rc)->state, RAFT_REPLICATE);
    rc_free(rc);
}

Test(raft_flow, b42_uncommitted_bytes_are_paid_back)
{
    struct rc *rc = rc_new(3);
    rc->config.uncommitted_bytes_max = 100;
    elect_1(rc);
    for (uint32_t round = 0; round < 30; round++) {
        uint64_t leader = rc_leader(rc);
        rc->slow_disk = true;
        uint32_t refused = rc->nodes[leader].refused_count;
        rc_propose(rc, leader, 1, round % 2 == 0 ? 90 : 5000); /* one is always admitted */
        cr_assert_eq(rc->nodes[leader].refused_count, refused);
        rc_propose(rc, leader, 1, 20);
        cr_assert_eq(rc->nodes[leader].refused_count, refused + 1);
        cr_assert_eq(rc->nodes[leader].last_refused.reason, RAFT_REASON_BUSY);
        rc->slow_disk = false;
        if (round % 3 == 0)
            rc_transfer(rc, leader, leader % 3 + 1);
        rc_run(rc, 200);
        leader = rc_leader(rc);
        cr_assert_eq(rc_core(rc, leader)->leading.uncommitted_bytes, 0);
    }
    rc_free(rc);
}

/* Answers take longer than the leader waits before it asks again: each message spends 250 ms under
 * way, and heartbeats leave every 100. */
Test(raft_flow, slow_round_trips_end_probing)
{
    enum { STEP_MS = 50, DELAY_STEPS = 5, STEPS = 200 };
    struct rc *rc = rc_new(2);
    rc_preload(rc, 1, (uint64_t[]){1, 1, 1, 1, 3, 3}, 6, 3, 0);
    rc_preload(rc, 2, (uint64_t[]){1, 1, 2, 2, 2, 2}, 6, 2, 0);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    uint32_t sent_by[STEPS + 1] = {0}; /* messages under way at the end of each step */
    uint32_t delivered = 0;
    uint32_t total = 0;
    for (uint32_t step = 1; step <= STEPS; step++) {
        uint32_t due = step > DELAY_STEPS ? sent_by[step - DELAY_STEPS] : 0;
        uint32_t before = rc->msg_count;
        for (; delivered < due; delivered++) {
            rc_deliver(rc, 0);
            before--;
        }
        rc_disk(rc, 1, 8);
        rc_disk(rc, 2, 8);
        rc_wait(rc, STEP_MS);
        for (uint64_t id = 1; id <= 2; id++)
            if (raft_deadline_us(rc_core(rc, id)) <= rc->now_us)
                rc_tick(rc, id);
        total += rc->msg_count - before;
        sent_by[step] = total;
    }
    cr_assert_eq(rc_leader(rc), 1);
    cr_assert_eq(rc_core(rc, 2)->committed.value, rc->nodes[1].last);
    rc_free(rc);
}

/* Restarted within a term, with nothing new to say: the commit index still reaches it. */
Test(raft_flow, restarted_follower_hears_the_commit_of_a_quiet_log)
{
    struct rc *rc = rc_new(3);
    elect_1(rc);
    rc_propose(rc, 1, 4, 10);
    rc_settle(rc);
    rc_crash(rc, 2);
    rc_start(rc, 2);
    cr_assert_eq(rc_core(rc, 2)->committed.value, 0);
    rc_run(rc, 300);
    cr_assert_eq(rc_core(rc, 2)->committed.value, 5);
    rc_free(rc);
}

Test(raft_flow, commit_is_announced_at_once)
{
    struct rc *rc = rc_new(3);
    elect_1(rc);
    rc_propose(rc, 1, 1, 10);
    rc_settle(rc); /* no tick */
    for (uint64_t id = 1; id <= 3; id++)
        cr_assert_eq(rc_core(rc, id)->committed.value, 2);
    rc_free(rc);
}

/* ---- logs longer than the window ----------------------------------------------------------------
 */

static void preload_long(struct rc *rc, uint64_t id, uint32_t count, bool new_term_each)
{
    static uint64_t terms[RC_LOG_MAX];
    for (uint32_t i = 0; i < count; i++)
        terms[i] = new_term_each ? i + 1 : 1;
    rc_preload(rc, id, terms, count, terms[count - 1], 0);
}

static void assert_same_logs(const struct rc *rc)
{
    for (uint64_t id = 2; id <= rc->count; id++) {
        cr_assert_eq(rc->nodes[id].disk_last, rc->nodes[1].disk_last);
        for (uint64_t i = 1; i <= rc->nodes[1].disk_last; i++)
            cr_assert_eq(rc->nodes[id].disk[i].term, rc->nodes[1].disk[i].term, "entry %lu", i);
        cr_assert_eq(rc_core(rc, id)->committed.value, rc->nodes[1].disk_last);
    }
}

Test(raft_flow, empty_follower_catches_up_with_entries_loaded)
{
    struct rc *rc = rc_new(3);
    preload_long(rc, 1, LONG, false);
    preload_long(rc, 2, LONG, false);
    elect_1(rc);
    rc_run(rc, T_MS);
    cr_assert_gt(rc->nodes[1].load_count, 0);
    assert_same_logs(rc);
    rc_free(rc);
}

/* What was loaded and does not fit what may be under way waits for an answer; it is not asked for
 * again and again while there is none. */
Test(raft_flow, loaded_entries_wait_for_room)
{
    struct rc *rc = rc_new(3);
    rc->config.batch_entries_max = 10;
    rc->config.inflight_bytes_max = 250; /* two messages and a half */
    preload_long(rc, 1, LONG, false);
    preload_long(rc, 2, LONG, false);
    elect_1(rc);
    rc_run(rc, T_MS);
    assert_same_logs(rc);
    cr_assert_lt(rc->nodes[1].load_count, LONG / 5, "about one load for each message");
    rc_free(rc);
}

/* More terms than the core remembers: the term of the entry before is loaded too. */
Test(raft_flow, follower_behind_all_known_terms_catches_up)
{
    static const uint32_t behind[] = {0, 1, 100, LONG - RAFT_RUNS_MAX - 1, LONG - RAFT_RUNS_MAX};
    for (size_t i = 0; i < sizeof behind / sizeof behind[0]; i++) {
        struct rc *rc = rc_new(3);
        preload_long(rc, 1, LONG, true);
        preload_long(rc, 2, LONG, true);
        if (behind[i] > 0)
            preload_long(rc, 3, behind[i], true);
        elect_1(rc);
        rc_run(rc, T_MS);
        assert_same_logs(rc);
        rc_free(rc);
    }
}

/* Two nodes, one of them far behind: what both hold is of forgotten terms, and not committed by
 * counting (B1) until the new leader's own entry is. */
Test(raft_flow, b1_copies_of_forgotten_terms_commit_nothing)
{
    struct rc *rc = rc_new(2);
    preload_long(rc, 1, LONG, true);
    preload_long(rc, 2, 100, true);
    elect_1(rc);
    while (rc->msg_count > 0 || rc_core(rc, 2)->durable.value <= LONG) {
        cr_assert(rc_core(rc, 1)->committed.value == 0 || peer_2(rc)->match > LONG);
        rc_wait(rc, 100);
        rc_tick(rc, 1);
        rc_settle(rc);
    }
    rc_run(rc, T_MS);
    assert_same_logs(rc);
    rc_free(rc);
}

/* Delayed entries of a leader, so old that their terms are forgotten here, but known committed:
 * they are ours, whatever they say of it. */
Test(raft_flow, b27_old_entries_known_committed_match)
{
    enum { COMMITTED = LONG - 10 };
    struct rc *rc = rc_new(3);
    preload_long(rc, 1, LONG, true);
    rc_start(rc, 1);
    rc_step(rc, 1, (struct raft_event){.type = RAFT_SET_APPLIED, .index = COMMITTED});
    struct raft_msg old = {.type = RAFT_MSG_APP, .from = {2}, .to = {1}, .term = LONG + 1};
    old.prev_index = old.prev_term = 100;
    old.entry_count = 4;
    rc_inject(rc, &old, &rc->nodes[1].log[101]);
    rc_disk(rc, 1, 8);
    const struct raft_msg *answer = rc_msg_at(rc, rc_find(rc, 1, 2, RAFT_MSG_APP_RESP));
    cr_assert(answer->granted);
    cr_assert_eq(answer->index, 104);
    cr_assert_eq(rc->nodes[1].last, LONG);
    rc_free(rc);
}

/* Loaded entries carry no more bytes in a message than others do. */
Test(raft_flow, loaded_entries_keep_the_batch_limit)
{
    struct rc *rc = rc_new(3);
    rc->config.batch_bytes_max = 25; /* two entries and a half */
    preload_long(rc, 1, RAFT_WINDOW + 50, false);
    preload_long(rc, 2, RAFT_WINDOW + 50, false);
    elect_1_while_3_is_away(rc);
    rc_heal(rc);
    rc->slow_loads = true;
    rc_run(rc, 300);
    cr_assert_eq(rc->nodes[1].last_load.first, 1);
    rc->slow_loads = false;
    rc_answer_load(rc, 1, RAFT_BATCH_MAX);
    cr_assert_eq(rc_msg_at(rc, rc_find(rc, 1, 3, RAFT_MSG_APP))->entry_count, 2);
    rc_run(rc, T_MS);
    assert_same_logs(rc);
    rc_free(rc);
}

/* Node 3 holds `count` entries, of ever new terms; leader 1 has asked its disk for what it lacks
 * and waits for the answer. */
static struct rc *loading_for_3(uint32_t count)
{
    struct rc *rc = rc_new(3);
    preload_long(rc, 1, LONG, true);
    preload_long(rc, 2, LONG, true);
    preload_long(rc, 3, count, true);
    elect_1_while_3_is_away(rc);
    rc_heal(rc);
    rc->slow_loads = true;
    rc_run(rc, 300);
    cr_assert_eq(rc->nodes[1].last_load.first, count, "the entry before is unknown too");
    rc_drop_all(rc);
    return rc;
}

static void catches_up(struct rc *rc)
{
    rc->slow_loads = false;
    rc_run(rc, 2 * T_MS);
    assert_same_logs(rc);
    rc_free(rc);
}

/* The answer holds no more than the entry before: of no use, and not asked for again at once. */
Test(raft_flow, short_loads_do_not_spin)
{
    struct rc *rc = loading_for_3(100);
    uint32_t loads = rc->nodes[1].load_count;
    rc_answer_load(rc, 1, 1);
    cr_assert_eq(rc->nodes[1].out->count, 0);
    cr_assert_eq(rc->nodes[1].load_count, loads);
    catches_up(rc);
}

/* The peer has moved on meanwhile: it is asked for what it lacks now. */
Test(raft_flow, loads_overtaken_by_the_peer_are_replaced)
{
    struct rc *rc = loading_for_3(100);
    struct raft_msg further = {.type = RAFT_MSG_APP_RESP,
                               .from = {3},
                               .to = {1},
                               .term = rc_core(rc, 1)->term.value,
                               .round = rc_core(rc, 1)->round,
                               .index = 500,
                               .granted = true};
    rc_inject(rc, &further, NULL);
    rc_answer_load(rc, 1, RAFT_BATCH_MAX);
    cr_assert_eq(rc->nodes[1].last_load.first, 500);
    cr_assert_lt(rc_find(rc, 1, 3, RAFT_MSG_APP), 0);
    rc_free(rc);
}

/* The leader is deposed while its disk reads, its log is cut, and it leads again; then the answer
 * comes, of entries that are no more. */
Test(raft_flow, loads_from_before_a_truncation_are_not_sent)
{
    struct rc *rc = rc_new(3);
    rc->config.batch_entries_max = RAFT_BATCH_MAX;
    preload_long(rc, 1, LONG, false);
    uint64_t terms[100];
    for (uint32_t i = 0; i < 100; i++)
        terms[i] = i < 99 ? 1 : 2;
    rc_preload(rc, 2, terms, 100, 2, 0);
    rc->slow_loads = true;
    rc_isolate(rc, 2);
    elect_1(rc);
    rc_run(rc, 300);
    static struct raft_entry stale[RAFT_BATCH_MAX];
    cr_assert_eq(rc->nodes[1].last_load.count, RAFT_BATCH_MAX);
    memcpy(stale, &rc->nodes[1].log[1], sizeof stale);

    rc_heal(rc);
    rc_isolate(rc, 1);
    rc_run(rc, 4 * T_MS);
    cr_assert_eq(rc_leader(rc), 2);
    rc_crash(rc, 3);
    rc->nodes[3].disk_last = 0;
    rc_heal(rc);
    rc_run(rc, T_MS);
    uint64_t last = rc->nodes[1].last;
    cr_assert_lt(last, RAFT_BATCH_MAX, "cut, and following 2");
    rc_crash(rc, 2);
    rc_start(rc, 3);
    rc_run(rc, 6 * T_MS);
    cr_assert_eq(rc_leader(rc), 1);
    cr_assert_eq(rc->nodes[1].last_load.first, 1);
    rc_drop_all(rc);

    rc_step(rc, 1,
            (struct raft_event){
                .type = RAFT_LOADED, .node = {3}, .entries = stale, .entry_count = RAFT_BATCH_MAX});
    cr_assert_eq(rc->msg_count, 0);
    rc->slow_loads = false;
    rc_start(rc, 2);
    rc_run(rc, 2 * T_MS);
    assert_same_logs(rc);
    rc_free(rc);
}

/* The first message to somebody far behind is lost: what it carried is loaded again. */
Test(raft_flow, lost_probe_from_loaded_entries_is_sent_again)
{
    struct rc *rc = rc_new(3);
    preload_long(rc, 1, LONG, true);
    preload_long(rc, 2, LONG, true);
    preload_long(rc, 3, 100, true);
    elect_1_while_3_is_away(rc);
    rc_heal(rc);
    bool lost = false;
    for (uint32_t beat = 0; beat < 20 && !lost; beat++) {
        rc_wait(rc, 100);
        rc_tick(rc, 1);
        while (rc->msg_count > 0) {
            rc_disk(rc, 3, 1);
            const struct raft_msg *msg = rc_msg_at(rc, 0);
            bool loaded = msg->type == RAFT_MSG_APP && msg->entry_count > 0 && msg->to.value == 3;
            lost = lost || loaded;
            if (loaded)
                rc_drop(rc, 0);
            else
                rc_deliver(rc, 0);
        }
    }
    cr_assert(lost);
    cr_assert_eq(rc_core(rc, 1)->leading.peers[2].next, 101);
    rc_run(rc, T_MS);
    assert_same_logs(rc);
    rc_free(rc);
}

/* The follower's own tail conflicts further back than its term runs reach: it cannot tell what it
 * once acknowledged, so it keeps everything, and nobody spins over it. */
Test(raft_flow, follower_that_cannot_tell_keeps_its_log)
{
    struct rc *rc = rc_new(3);
    static uint64_t terms[RC_LOG_MAX];
    for (uint32_t i = 0; i < LONG; i++)
        terms[i] = i < 50 ? 1 : 2 * i; /* even terms */
    rc_preload(rc, 3, terms, LONG, 2 * LONG, 0);
    for (uint32_t i = 0; i < LONG; i++)
        terms[i] = i < 50 ? 1 : 2 * i + 1; /* odd terms */
    rc_preload(rc, 1, terms, LONG, 2 * LONG, 0);
    rc_preload(rc, 2, terms, LONG, 2 * LONG, 0);
    elect_1(rc);
    uint64_t rounds = rc_core(rc, 1)->round;
    rc_run(rc, 10 * T_MS);
    cr_assert_eq(rc->nodes[3].disk_last, LONG);
    cr_assert_eq(rc->nodes[3].disk[LONG].term, 2 * (LONG - 1));
    cr_assert_eq(rc->nodes[3].alarm, RAFT_REASON_NONE);
    cr_assert_lt(rc_core(rc, 1)->round - rounds, 3000, "no more than a pipeline per heartbeat");
    cr_assert_eq(rc_core(rc, 2)->committed.value, LONG + 1);
    rc_free(rc);
}

/* Stale answers to a load are of no use to anybody. */
Test(raft_flow, unwanted_loaded_entries_are_ignored)
{
    struct rc *rc = rc_new(3);
    elect_1(rc);
    uint64_t before = raft_state_hash(rc_core(rc, 1));
    for (uint64_t node = 1; node <= 4; node++) {
        rc_step(rc, 1,
                (struct raft_event){.type = RAFT_LOADED,
                                    .node = {node},
                                    .entries = &rc->nodes[1].log[1],
                                    .entry_count = 1});
        cr_assert_eq(rc->nodes[1].out->count, 0);
    }
    cr_assert_eq(raft_state_hash(rc_core(rc, 1)), before);
    rc_step(
        rc, 2,
        (struct raft_event){
            .type = RAFT_LOADED, .node = {3}, .entries = &rc->nodes[2].log[1], .entry_count = 1});
    cr_assert_eq(rc->nodes[2].out->count, 0, "it leads no more");
    rc_free(rc);
}

/* A disk that stands still: entries stop being accepted, terms and votes still find room. */
Test(raft_flow, writes_under_way_are_bounded)
{
    struct rc *rc = rc_new(3);
    elect_1(rc);
    rc->slow_disk = true;
    for (uint32_t i = 0; i < 2 * RAFT_WRITES_MAX; i++) {
        rc_propose(rc, 1, 1, 1);
        rc_settle(rc);
    }
    cr_assert_eq(rc->nodes[1].write_count, RAFT_WRITES_MAX - RAFT_WRITES_SPARE);
    cr_assert_eq(rc->nodes[1].last_refused.reason, RAFT_REASON_BUSY);
    for (uint64_t term = 2; term < 2 + 2 * RAFT_WRITES_MAX; term++) {
        struct raft_msg hello = {.type = RAFT_MSG_HEARTBEAT, .from = {3}, .to = {1}, .term = term};
        rc_inject(rc, &hello, NULL);
    }
    cr_assert_leq(rc->nodes[1].write_count, RAFT_WRITES_MAX);
    rc->slow_disk = false;
    rc_drop_all(rc);
    rc_run(rc, 10 * T_MS);
    uint64_t leader = rc_leader(rc);
    rc_propose(rc, leader, 1, 1);
    rc_run(rc, T_MS);
    assert_same_logs(rc);
    rc_free(rc);
}

/* ---- full disks ---------------------------------------------------------------------------------
 */

Test(raft_flow, a_full_disk_alone_leads_and_refuses)
{
    struct rc *rc = rc_new(1);
    elect_1(rc);
    rc->nodes[1].full = true;
    rc_run(rc, 5 * T_MS);
    rc_propose(rc, 1, 1, 1);
    cr_assert_eq(rc->nodes[1].last_refused.reason, RAFT_REASON_BUSY);
    cr_assert_eq(rc_core(rc, 1)->term.value, 1);
    rc->nodes[1].full = false;
    rc_propose(rc, 1, 1, 1);
    rc_settle(rc);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 2);
    rc_free(rc);
}

/* Whoever proposes meanwhile is told to ask again, not that there is no room. */
Test(raft_flow, a_full_leader_hands_over_at_its_next_tick)
{
    struct rc *rc = rc_new(3);
    elect_1(rc);
    rc->nodes[1].full = true;
    rc_wait(rc, 100);
    rc_tick(rc, 1);
    cr_assert_geq(rc_find(rc, 1, 2, RAFT_MSG_TIMEOUT_NOW), 0);
    rc_propose(rc, 1, 1, 1);
    cr_assert_eq(rc->nodes[1].last_refused.reason, RAFT_REASON_TRANSFERRING);
    rc_wait(rc, 100);
    rc_tick(rc, 1);
    cr_assert_eq(rc_find(rc, 1, 3, RAFT_MSG_TIMEOUT_NOW), -1, "one at a time");
    rc_settle(rc);
    cr_assert_eq(rc_leader(rc), 2);
    cr_assert_eq(rc->nodes[1].transfer_count, 1);
    cr_assert(rc->nodes[1].last_transfer.ok);
    rc_free(rc);
}

static void answer_heartbeat(struct rc *rc, uint64_t round, bool unfit)
{
    struct raft_msg answer = {.type = RAFT_MSG_HEARTBEAT_RESP,
                              .from = {2},
                              .to = {1},
                              .term = 1,
                              .round = round,
                              .granted = true,
                              .unfit = unfit};
    rc_inject(rc, &answer, NULL);
}

Test(raft_flow, the_latest_answer_says_who_is_fit)
{
    struct rc *rc = rc_new(3);
    elect_1(rc);
    rc->cut[2][1] = true;
    rc_run(rc, 300);
    uint64_t round = rc_core(rc, 1)->round;
    uint64_t answered = peer_2(rc)->acked_round;
    cr_assert_gt(round, answered + 1);
    answer_heartbeat(rc, round, true);
    cr_assert(peer_2(rc)->unfit);
    answer_heartbeat(rc, answered + 1, false);
    cr_assert(peer_2(rc)->unfit, "an older answer came later");
    rc_free(rc);
}
