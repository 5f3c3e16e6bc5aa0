/* SPDX-License-Identifier: Apache-2.0
 * The Raft paper's sentences on replication and commitment, one test each; sections as in
 * test_elections.c. */
#include "tests/lib/raft_cluster.h"

#include <criterion/criterion.h>

static struct rc *paper_cluster(uint32_t count)
{
    struct rc *rc = rc_new(count);
    rc->config.prevote = false;
    rc->config.check_quorum = false;
    return rc;
}

/* Node 1 leads and everybody holds its noop at index 1. Disks are slow from here on. */
static struct rc *with_leader(uint32_t count)
{
    struct rc *rc = paper_cluster(count);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    rc_settle(rc);
    cr_assert_eq(rc_leader(rc), 1);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 1);
    rc->slow_disk = true;
    return rc;
}

static void acknowledge(struct rc *rc, uint64_t from, uint64_t index)
{
    struct raft_msg msg = {.type = RAFT_MSG_APP_RESP,
                           .from = {from},
                           .to = {1},
                           .term = rc_core(rc, 1)->term.value,
                           .round = rc_core(rc, 1)->round,
                           .granted = true,
                           .index = index};
    rc_inject(rc, &msg, NULL);
}

/* 5.3: "The leader appends the command to its log as a new entry, then issues AppendEntries RPCs in
 * parallel to each of the other servers to replicate the entry. [...] the leader includes the index
 * and term of the entry in its log that immediately precedes the new entries." */
Test(paper_5_3, leader_starts_replication)
{
    struct rc *rc = with_leader(3);
    rc_propose(rc, 1, 1, 10);
    cr_assert_eq(rc->nodes[1].last, 2);
    for (uint64_t other = 2; other <= 3; other++) {
        const struct raft_msg *msg = rc_msg_at(rc, rc_find(rc, 1, other, RAFT_MSG_APP));
        cr_assert_eq(msg->prev_index, 1);
        cr_assert_eq(msg->prev_term, 1);
        cr_assert_eq(msg->entry_count, 1);
        cr_assert_eq(msg->commit, 1);
    }
    cr_assert_eq(rc_core(rc, 1)->committed.value, 1);
    rc_free(rc);
}

/* 5.3: "When the entry has been safely replicated, the leader applies the entry [...] The leader
 * keeps track of the highest index it knows to be committed, and it includes that index in future
 * AppendEntries RPCs (including heartbeats) so that the other servers eventually find out." */
Test(paper_5_3, leader_commits_entry)
{
    struct rc *rc = with_leader(3);
    rc_propose(rc, 1, 1, 10);
    rc_disk(rc, 1, 1);
    rc_drop_all(rc);
    acknowledge(rc, 2, 2);
    cr_assert_eq(rc_core(rc, 1)->committed.value, 2);
    cr_assert_eq(rc_msg_at(rc, rc_find(rc, 1, 2, 0))->commit, 2, "announced at once");
    rc_propose(rc, 1, 1, 10);
    cr_assert_eq(rc_msg_at(rc, rc_find(rc, 1, 3, RAFT_MSG_APP))->commit, 2);
    rc_free(rc);
}

/* 5.3: "A log entry is committed once the leader that created the entry has replicated it on a
 * majority of the servers." Bits are the acknowledging nodes. */
Test(paper_5_3, leader_acknowledges_commit)
{
    static const struct {
        uint32_t size, acknowledged;
        bool committed;
    } cases[] = {
        {1, 0, true},
        {3, 0, false},
        {3, 1 << 2, true},
        {3, 1 << 3, true},
        {4, 1 << 2, false},
        {4, 1 << 2 | 1 << 3, true},
        {5, 0, false},
        {5, 1 << 2, false},
        {5, 1 << 2 | 1 << 3, true},
        {5, 1 << 4, false},
        {5, 1 << 4 | 1 << 5, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rc *rc = with_leader(cases[i].size);
        rc_propose(rc, 1, 1, 10);
        rc_disk(rc, 1, 1);
        for (uint64_t id = 2; id <= cases[i].size; id++)
            if (cases[i].acknowledged >> id & 1)
                acknowledge(rc, id, 2);
        cr_assert_eq(rc_core(rc, 1)->committed.value, cases[i].committed ? 2 : 1, "case %zu", i);
        rc_free(rc);
    }
}

/* 5.3: "This also commits all preceding entries in the leader's log, including entries created by
 * previous leaders." */
Test(paper_5_3, leader_commits_preceding_entries)
{
    static const uint64_t logs[][2] = {{0, 0}, {2, 0}, {1, 2}, {1, 0}};
    static const uint32_t lengths[] = {0, 1, 2, 1};
    for (uint32_t i = 0; i < 4; i++) {
        struct rc *rc = paper_cluster(3);
        rc_preload(rc, 1, logs[i], lengths[i], 2, 0);
        rc_start_all(rc);
        rc_campaign(rc, 1);
        rc_settle(rc);
        rc_propose(rc, 1, 1, 10);
        rc_settle(rc);
        for (uint64_t id = 1; id <= 3; id++) {
            cr_assert_eq(rc_core(rc, id)->committed.value, lengths[i] + 2);
            for (uint32_t k = 0; k < lengths[i]; k++)
                cr_assert_eq(rc->nodes[id].disk[k + 1].term, logs[i][k]);
        }
        rc_free(rc);
    }
}

/* 5.3: "Once a follower learns that a log entry is committed, it applies the entry to its local
 * state machine (in log order)." */
Test(paper_5_3, follower_commits_entry)
{
    for (uint64_t commit = 0; commit <= 4; commit++) {
        struct rc *rc = paper_cluster(3);
        rc_start_all(rc);
        struct raft_entry entries[3];
        for (uint32_t i = 0; i < 3; i++)
            entries[i] = (struct raft_entry){.index = i + 1, .term = 1, .kind = RAFT_DATA};
        struct raft_msg msg = {.type = RAFT_MSG_APP,
                               .from = {2},
                               .to = {1},
                               .term = 1,
                               .round = 1,
                               .entry_count = 3,
                               .commit = commit};
        rc_inject(rc, &msg, entries);
        cr_assert_eq(rc_core(rc, 1)->committed.value, 0, "not before it is durable here");
        rc_disk(rc, 1, 1);
        cr_assert_eq(rc_core(rc, 1)->committed.value, commit < 3 ? commit : 3);
        rc_free(rc);
    }
}

/* 5.3: "If the follower does not find an entry in its log with the same index and term, then it
 * refuses the new entries." */
Test(paper_5_3, follower_checks_append)
{
    static const uint64_t own[] = {1, 2};
    static const struct {
        uint64_t prev_term, prev_index;
        bool granted;
        uint64_t index;
    } cases[] = {
        {0, 0, true, 0}, {1, 1, true, 1}, {2, 2, true, 2}, {1, 2, false, 1}, {3, 3, false, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rc *rc = paper_cluster(3);
        rc_preload(rc, 1, own, 2, 2, 0);
        rc_start(rc, 1);
        struct raft_msg msg = {.type = RAFT_MSG_APP,
                               .from = {2},
                               .to = {1},
                               .term = 2,
                               .round = 1,
                               .prev_index = cases[i].prev_index,
                               .prev_term = cases[i].prev_term};
        if (cases[i].prev_term > msg.term)
            msg.term = cases[i].prev_term;
        rc_inject(rc, &msg, NULL);
        rc_disk(rc, 1, 1);
        const struct raft_msg *answer = rc_msg_at(rc, rc_find(rc, 1, 2, RAFT_MSG_APP_RESP));
        cr_assert_eq(answer->granted, cases[i].granted, "case %zu", i);
        cr_assert_eq(answer->index, cases[i].index, "case %zu: %lu", i, answer->index);
        rc_free(rc);
    }
}

static void follower_append_case(const uint64_t *own, uint32_t own_count, uint64_t prev,
                                 const uint64_t *sent, uint32_t sent_count, const uint64_t *want,
                                 uint32_t want_count, uint32_t want_writes)
{
    struct rc *rc = paper_cluster(3);
    rc_preload(rc, 1, own, own_count, 4, 0);
    rc_start(rc, 1);
    struct raft_entry entries[4];
    for (uint32_t i = 0; i < sent_count; i++)
        entries[i] = (struct raft_entry){
            .index = prev + 1 + i, .term = sent[i], .time_ms = sent[i], .kind = RAFT_DATA};
    struct raft_msg msg = {.type = RAFT_MSG_APP,
                           .from = {2},
                           .to = {1},
                           .term = 4,
                           .round = 1,
                           .prev_index = prev,
                           .prev_term = prev == 0 ? 0 : own[prev - 1],
                           .entry_count = sent_count};
    rc_inject(rc, &msg, entries);
    cr_assert_eq(rc->nodes[1].write_count, want_writes);
    rc_disk(rc, 1, 8);
    cr_assert_eq(rc->nodes[1].disk_last, want_count);
    for (uint32_t i = 0; i < want_count; i++)
        cr_assert_eq(rc->nodes[1].disk[i + 1].term, want[i]);
    rc_free(rc);
}

/* 5.3: "If an existing entry conflicts with a new one (same index but different terms), delete the
 * existing entry and all that follow it. Append any new entries not already in the log." */
Test(paper_5_3, follower_appends_entries)
{
    static const uint64_t own[] = {1, 2};
    follower_append_case(own, 2, 2, (uint64_t[]){3}, 1, (uint64_t[]){1, 2, 3}, 3, 1);
    follower_append_case(own, 2, 1, (uint64_t[]){3, 4}, 2, (uint64_t[]){1, 3, 4}, 3, 1);
    follower_append_case(own, 2, 0, (uint64_t[]){1}, 1, (uint64_t[]){1, 2}, 2, 0);
    follower_append_case(own, 2, 0, (uint64_t[]){3}, 1, (uint64_t[]){3}, 1, 1);
}

/* 5.3, figure 7: "the leader handles inconsistencies by forcing the followers' logs to duplicate
 * its own". */
Test(paper_5_3, leader_brings_follower_log_into_sync)
{
    static const uint64_t leader_log[] = {1, 1, 1, 4, 4, 5, 5, 6, 6, 6};
    static const struct {
        uint64_t terms[12];
        uint32_t count;
    } followers[] = {
        {{1, 1, 1, 4, 4, 5, 5, 6, 6}, 9},
        {{1, 1, 1, 4}, 4},
        {{1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6}, 11},
        {{1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7}, 12},
        {{1, 1, 1, 4, 4, 4, 4}, 7},
        {{1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}, 11},
    };
    for (size_t i = 0; i < sizeof followers / sizeof followers[0]; i++) {
        struct rc *rc = paper_cluster(3);
        rc_preload(rc, 1, leader_log, 10, 7, 0);
        rc_preload(rc, 2, followers[i].terms, followers[i].count, 7, 0);
        rc_start_all(rc);
        rc_campaign(rc, 1); /* node 3, empty, makes the quorum */
        rc_settle(rc);
        cr_assert_eq(rc_leader(rc), 1);
        cr_assert_eq(rc->nodes[2].disk_last, 11, "case %zu", i);
        for (uint32_t k = 0; k < 10; k++)
            cr_assert_eq(rc->nodes[2].disk[k + 1].term, leader_log[k]);
        cr_assert_eq(rc->nodes[2].disk[11].term, 8);
        cr_assert_eq(rc_core(rc, 2)->committed.value, 11);
        rc_free(rc);
    }
}

/* 5.4.2: "only log entries from the leader's current term are committed by counting replicas". */
Test(paper_5_4_2, leader_only_commits_log_from_current_term)
{
    static const uint64_t own[] = {1, 2};
    static const struct {
        uint64_t acknowledged, committed;
    } cases[] = {{1, 0}, {2, 0}, {3, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rc *rc = paper_cluster(2);
        rc_preload(rc, 1, own, 2, 2, 0);
        rc_start(rc, 1);
        rc_campaign(rc, 1);
        rc_disk(rc, 1, 1);
        struct raft_msg vote = {
            .type = RAFT_MSG_VOTE_RESP, .from = {2}, .to = {1}, .term = 3, .granted = true};
        rc_inject(rc, &vote, NULL);
        rc_disk(rc, 1, 1);
        cr_assert_eq(rc_core(rc, 1)->role, RAFT_LEADER);
        acknowledge(rc, 2, cases[i].acknowledged);
        cr_assert_eq(rc_core(rc, 1)->committed.value, cases[i].committed, "case %zu", i);
        rc_free(rc);
    }
}
