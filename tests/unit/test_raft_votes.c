/* SPDX-License-Identifier: Apache-2.0
 * Elections against the bugs of others: one test per bug, by its number in docs/raft.md. */
#include "tests/lib/raft_cluster.h"

#include <criterion/criterion.h>

enum { T_MS = 1000 };

static struct raft_msg message(enum raft_msg_type type, uint64_t from, uint64_t to, uint64_t term)
{
    return (struct raft_msg){.type = type, .from = {from}, .to = {to}, .term = term};
}

static bool grants(struct rc *rc, uint64_t voter, const struct raft_msg *ask,
                   enum raft_msg_type answer)
{
    rc_drop_all(rc);
    rc_inject(rc, ask, NULL);
    rc_disk(rc, voter, RAFT_WRITES_MAX);
    int position = rc_find(rc, voter, ask->from.value, answer);
    return position >= 0 && rc_msg_at(rc, position)->granted;
}

static bool grants_vote(struct rc *rc, uint64_t from, uint64_t term, bool transfer)
{
    struct raft_msg ask = message(RAFT_MSG_VOTE, from, 1, term);
    ask.transfer = transfer;
    ask.prev_index = 100;
    ask.prev_term = term - 1;
    return grants(rc, 1, &ask, RAFT_MSG_VOTE_RESP);
}

/* A leader's own vote, and a vote already given, stand whoever is the transfer's target. */
Test(raft_votes, b8_transfer_target_gets_no_second_vote)
{
    struct rc *rc = rc_new(3);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    rc_settle(rc);
    rc_transfer(rc, 1, 2);
    cr_assert(rc_core(rc, 1)->transfer.active);
    cr_assert_not(grants_vote(rc, 2, 1, true));
    cr_assert(grants_vote(rc, 3, 2, true));
    cr_assert_not(grants_vote(rc, 2, 2, true));
    rc_free(rc);
}

Test(raft_votes, b9_campaign_counts_on_durable_entries_only)
{
    struct rc *rc = rc_new(3);
    rc->config.prevote = false;
    rc_start_all(rc);
    rc_campaign(rc, 1);
    rc_settle(rc);
    rc->slow_disk = true;
    rc_propose(rc, 1, 2, 10);
    rc_deliver(rc, (uint32_t)rc_find(rc, 1, 2, RAFT_MSG_APP));
    rc_drop_all(rc);
    cr_assert_eq(rc->nodes[2].last, 3);
    rc_campaign(rc, 2);
    cr_assert_eq(rc->msg_count, 0, "no vote is asked for before its term is durable");
    rc_disk(rc, 2, RAFT_WRITES_MAX);
    const struct raft_msg *ask = rc_msg_at(rc, rc_find(rc, 2, 1, RAFT_MSG_VOTE));
    cr_assert_eq(ask->prev_index, 1);
    cr_assert_eq(ask->prev_term, 1);
    rc_free(rc);
}

Test(raft_votes, b10_prevote_does_not_clear_the_vote)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    cr_assert(grants_vote(rc, 2, 5, false));
    rc_campaign(rc, 1);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_PRECANDIDATE);
    cr_assert_not(grants_vote(rc, 3, 5, false));
    struct raft_msg hello = message(RAFT_MSG_HEARTBEAT, 2, 1, 5);
    rc_inject(rc, &hello, NULL);
    rc_campaign(rc, 1);
    cr_assert_not(grants_vote(rc, 3, 5, false));
    cr_assert(grants_vote(rc, 2, 5, false), "the same candidate may ask again");
    rc_free(rc);
}

Test(raft_votes, b14_no_vote_in_a_term_whose_leader_is_known)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    struct raft_msg hello = message(RAFT_MSG_HEARTBEAT, 2, 1, 5);
    rc_inject(rc, &hello, NULL);
    rc_disk(rc, 1, 8);
    cr_assert_not(grants_vote(rc, 3, 5, true));
    rc_wait(rc, 2 * T_MS);
    cr_assert_not(grants_vote(rc, 3, 5, false));
    cr_assert(grants_vote(rc, 3, 6, false));
    rc_free(rc);
}

/* Asked once more for the term of its vote, a voter says of its pre-vote what it said of its vote.
 */
Test(raft_votes, prevote_of_a_voted_term_goes_to_the_same_candidate)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    cr_assert(grants_vote(rc, 2, 5, false));
    for (uint64_t from = 2; from <= 3; from++) {
        struct raft_msg ask = message(RAFT_MSG_PREVOTE, from, 1, 5);
        cr_assert_eq(grants(rc, 1, &ask, RAFT_MSG_PREVOTE_RESP), from == 2);
    }
    rc_free(rc);
}

static uint32_t hard_writes(const struct rc_node *node)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->write_count; i++)
        count += node->writes[i].hard_state;
    return count;
}

Test(raft_votes, b15_term_and_vote_are_one_write)
{
    struct rc *rc = rc_new(3);
    rc->config.prevote = false;
    rc->slow_disk = true;
    rc_start_all(rc);
    rc_campaign(rc, 1);
    cr_assert_eq(hard_writes(&rc->nodes[1]), 1);
    cr_assert_eq(rc->nodes[1].writes[0].term.value, 1);
    cr_assert_eq(rc->nodes[1].writes[0].voted_for.value, 1);
    rc_disk(rc, 1, 1);
    rc_deliver(rc, (uint32_t)rc_find(rc, 1, 2, RAFT_MSG_VOTE));
    cr_assert_eq(hard_writes(&rc->nodes[2]), 1);
    cr_assert_eq(rc->nodes[2].writes[0].term.value, 1);
    cr_assert_eq(rc->nodes[2].writes[0].voted_for.value, 1);
    cr_assert_lt(rc_find(rc, 2, 1, RAFT_MSG_VOTE_RESP), 0, "no answer before the disk's");
    rc_crash(rc, 2);
    rc_start(rc, 2);
    cr_assert_eq(rc_core(rc, 2)->term.value, 0, "neither survives without the other");
    cr_assert_eq(rc_core(rc, 2)->voted_for.value, 0);
    rc_free(rc);
}

Test(raft_votes, b16_hearing_of_a_leader_leaves_the_vote)
{
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    cr_assert(grants_vote(rc, 3, 5, false));
    struct raft_msg hello = message(RAFT_MSG_HEARTBEAT, 2, 1, 5);
    rc_inject(rc, &hello, NULL);
    cr_assert_eq(rc_core(rc, 1)->voted_for.value, 3);
    rc_free(rc);
}

Test(raft_votes, b17_timeout_now_is_obeyed_once_and_in_its_term)
{
    struct rc *rc = rc_new(3);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    rc_settle(rc);
    rc->slow_disk = true;
    struct raft_msg order = message(RAFT_MSG_TIMEOUT_NOW, 3, 2, 1);
    rc_inject(rc, &order, NULL);
    cr_assert_eq(rc_core(rc, 2)->role, RAFT_FOLLOWER, "not from the leader");
    order = message(RAFT_MSG_TIMEOUT_NOW, 1, 2, 1);
    rc_propose(rc, 1, 1, 10);
    rc_deliver(rc, (uint32_t)rc_find(rc, 1, 2, RAFT_MSG_APP));
    rc_inject(rc, &order, NULL);
    cr_assert_eq(rc_core(rc, 2)->role, RAFT_FOLLOWER, "not while entries are being written");
    rc_disk(rc, 2, 8);
    rc_inject(rc, &order, NULL);
    cr_assert_eq(rc_core(rc, 2)->role, RAFT_CANDIDATE);
    cr_assert_eq(rc_core(rc, 2)->term.value, 2);
    rc_inject(rc, &order, NULL);
    cr_assert_eq(rc_core(rc, 2)->term.value, 2, "a copy changes nothing");
    struct raft_msg hello = message(RAFT_MSG_HEARTBEAT, 3, 2, 7);
    rc_inject(rc, &hello, NULL);
    rc_inject(rc, &order, NULL);
    cr_assert_eq(rc_core(rc, 2)->role, RAFT_FOLLOWER, "an old term's order is void");
    rc_free(rc);
}

Test(raft_votes, b18_old_and_repeated_grants_do_not_count)
{
    struct rc *rc = rc_new(5);
    rc->config.prevote = false;
    rc_preload(rc, 1, NULL, 0, 3, 0);
    rc_start(rc, 1);
    rc_campaign(rc, 1);
    rc_disk(rc, 1, 8);
    rc_campaign(rc, 1);
    rc_disk(rc, 1, 8);
    cr_assert_eq(rc_core(rc, 1)->term.value, 5);
    for (uint64_t from = 2; from <= 4; from++) {
        struct raft_msg grant = message(RAFT_MSG_VOTE_RESP, from, 1, 4);
        grant.granted = true;
        rc_inject(rc, &grant, NULL);
        grant.type = RAFT_MSG_PREVOTE_RESP;
        grant.term = 5;
        rc_inject(rc, &grant, NULL);
    }
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_CANDIDATE, "grants of term 4, and pre-votes");
    struct raft_msg grant = message(RAFT_MSG_VOTE_RESP, 2, 1, 5);
    grant.granted = true;
    rc_inject(rc, &grant, NULL);
    rc_inject(rc, &grant, NULL);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_CANDIDATE, "one grant, heard twice");
    grant.from.value = 3;
    rc_inject(rc, &grant, NULL);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_LEADER);
    rc_free(rc);
}

/* Candidate 1 in term 1 of `count` nodes, its own vote not yet durable. */
static struct rc *candidate_of(uint32_t count)
{
    struct rc *rc = rc_new(count);
    rc->config.prevote = false;
    rc->slow_disk = true;
    rc_start(rc, 1);
    rc_campaign(rc, 1);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_CANDIDATE);
    return rc;
}

static void vote(struct rc *rc, uint64_t from, bool granted)
{
    struct raft_msg answer = message(RAFT_MSG_VOTE_RESP, from, 1, 1);
    answer.granted = granted;
    rc_inject(rc, &answer, NULL);
}

/* Asked twice, with more on its disk the second time, a voter grants and then refuses. Its vote is
 * given: that is no refusal to be counted. */
Test(raft_votes, b18_refusal_after_a_grant_takes_nothing_back)
{
    struct rc *rc = candidate_of(5);
    rc_disk(rc, 1, 1);
    vote(rc, 2, true);
    for (uint64_t from = 2; from <= 4; from++)
        vote(rc, from, false);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_CANDIDATE);
    vote(rc, 5, true);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_LEADER);
    rc_free(rc);
}

/* Nobody was asked before the candidate's own vote is durable; whoever answers all the same is
 * counted when it is. */
Test(raft_votes, b9_no_leader_before_its_own_vote_is_durable)
{
    struct rc *rc = candidate_of(3);
    vote(rc, 2, true);
    vote(rc, 3, true);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_CANDIDATE);
    rc_disk(rc, 1, 1);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_LEADER);
    rc_free(rc);
}

/* Heard of in ever new terms while the disk stands still, until `count` writes are under way. */
static void fill_disk_queue(struct rc *rc, uint32_t count)
{
    rc->slow_disk = true;
    for (uint64_t term = 1; term <= count; term++) {
        struct raft_msg refusal = message(RAFT_MSG_VOTE_RESP, 3, 1, term);
        rc_inject(rc, &refusal, NULL);
    }
    cr_assert_eq(rc->nodes[1].write_count, count);
    cr_assert_eq(rc_core(rc, 1)->term.value, count);
}

/* What cannot be written down is not promised: no term, no vote, no candidacy. */
Test(raft_votes, full_disk_queue_promises_nothing)
{
    enum { FULL = RAFT_WRITES_MAX - 1 };
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    fill_disk_queue(rc, FULL);
    uint64_t before = raft_state_hash(rc_core(rc, 1));
    struct raft_msg asks[] = {
        message(RAFT_MSG_VOTE, 2, 1, FULL),
        message(RAFT_MSG_VOTE, 2, 1, FULL + 1),
        message(RAFT_MSG_PREVOTE_RESP, 2, 1, FULL + 1),
    };
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
        rc_inject(rc, &asks[i], NULL);
        cr_assert_eq(raft_state_hash(rc_core(rc, 1)), before, "case %zu", i);
        for (uint32_t j = 0; j < rc->nodes[1].out->count; j++)
            cr_assert_not(rc->nodes[1].out->items[j].msg.granted, "case %zu", i);
    }
    rc_campaign(rc, 1);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_FOLLOWER);
    cr_assert_eq(rc->nodes[1].out->count, 0);
    rc_disk(rc, 1, 1);
    rc_inject(rc, &asks[0], NULL);
    cr_assert_eq(rc_core(rc, 1)->voted_for.value, 2);
    rc_free(rc);
}

/* A pre-vote won while there is no room for the candidacy waits for another grant. */
Test(raft_votes, full_disk_queue_does_not_campaign)
{
    enum { FULL = RAFT_WRITES_MAX - 1 };
    struct rc *rc = rc_new(3);
    rc_start(rc, 1);
    fill_disk_queue(rc, FULL - 1);
    rc_campaign(rc, 1);
    struct raft_msg ask = message(RAFT_MSG_VOTE, 2, 1, FULL - 1);
    rc_inject(rc, &ask, NULL);
    cr_assert_eq(rc->nodes[1].write_count, FULL, "the vote took the last place");
    struct raft_msg grant = message(RAFT_MSG_PREVOTE_RESP, 3, 1, FULL);
    grant.granted = true;
    rc_inject(rc, &grant, NULL);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_PRECANDIDATE);
    cr_assert_eq(rc_core(rc, 1)->term.value, FULL - 1);
    rc_disk(rc, 1, 1);
    rc_inject(rc, &grant, NULL);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_CANDIDATE);
    rc_free(rc);
}

/* A disk so far behind that the term of its last entry is forgotten: the voter cannot tell whose
 * log is better, so nobody's is, until it has caught up. */
Test(raft_votes, voter_that_forgot_its_durable_end_grants_nobody)
{
    enum { TERM = 2000, BATCHES = 3 };
    struct rc *rc = rc_new(3);
    rc_preload(rc, 1, (uint64_t[]){1}, 1, 1, 0);
    rc_start(rc, 1);
    rc->slow_disk = true;
    static struct raft_entry entries[RAFT_BATCH_MAX];
    for (uint64_t prev = 1; prev < BATCHES * RAFT_BATCH_MAX; prev += RAFT_BATCH_MAX) {
        struct raft_msg msg = message(RAFT_MSG_APP, 2, 1, TERM);
        msg.prev_index = msg.prev_term = prev;
        msg.entry_count = RAFT_BATCH_MAX;
        for (uint64_t i = 0; i < RAFT_BATCH_MAX; i++)
            entries[i] = (struct raft_entry){
                .index = prev + 1 + i, .term = prev + 1 + i, .time_ms = 1, .kind = RAFT_DATA};
        rc_inject(rc, &msg, entries);
    }
    cr_assert_eq(rc->nodes[1].last, 1 + BATCHES * RAFT_BATCH_MAX);
    cr_assert_gt(rc_core(rc, 1)->window.runs[0].first, rc_core(rc, 1)->durable.value);
    for (uint64_t term = TERM + 1; term <= TERM + 2; term++) {
        struct raft_msg ask = message(RAFT_MSG_VOTE, 3, 1, term);
        ask.transfer = true;
        ask.prev_index = 5000;
        ask.prev_term = TERM;
        cr_assert_eq(grants(rc, 1, &ask, RAFT_MSG_VOTE_RESP), term == TERM + 2, "term %lu", term);
    }
    rc_free(rc);
}

Test(raft_votes, b21_prevote_grant_echoes_the_term_asked_for)
{
    struct rc *rc = rc_new(3);
    rc_preload(rc, 1, NULL, 0, 4, 0);
    rc_start(rc, 1);
    struct raft_msg ask = message(RAFT_MSG_PREVOTE, 2, 1, 9);
    cr_assert(grants(rc, 1, &ask, RAFT_MSG_PREVOTE_RESP));
    cr_assert_eq(rc_msg_at(rc, 0)->term, 9);
    cr_assert_eq(rc_core(rc, 1)->term.value, 4);
    rc_free(rc);
}

Test(raft_votes, b26_sole_voter_is_elected_in_a_new_term)
{
    struct rc *rc = rc_new(1);
    rc_preload(rc, 1, (uint64_t[]){3}, 1, 3, 1);
    rc_start(rc, 1);
    rc->slow_disk = true;
    rc_run(rc, 2 * T_MS);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_CANDIDATE, "its own vote counts when durable");
    rc_disk(rc, 1, 1);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_LEADER);
    cr_assert_eq(rc_core(rc, 1)->term.value, 4);
    rc_free(rc);
}

/* The node with the best log is behind in its term; the others cannot win without it. */
Test(raft_votes, b45_low_term_with_the_best_log_still_wins)
{
    struct rc *rc = rc_new(3);
    rc_preload(rc, 1, (uint64_t[]){1, 1}, 2, 1, 0);
    rc_preload(rc, 2, (uint64_t[]){1}, 1, 6, 3);
    rc_preload(rc, 3, (uint64_t[]){1}, 1, 6, 3);
    rc_start_all(rc);
    rc->cut[2][3] = rc->cut[3][2] = true;
    rc_run(rc, 6 * T_MS);
    cr_assert_eq(rc_leader(rc), 1);
    rc_free(rc);
}

/* A step that changes nothing but the node's idea of now. */
static void look_at_the_clock(struct rc *rc, uint64_t id)
{
    struct raft_msg nonsense = {.type = (enum raft_msg_type)77};
    rc_step(rc, id, (struct raft_event){.type = RAFT_RECEIVE, .msg = &nonsense});
}

Test(raft_votes, b59_prevote_changes_nothing_at_the_voter)
{
    struct rc *rc = rc_new(3);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    rc_settle(rc);
    struct raft_msg ask = message(RAFT_MSG_PREVOTE, 3, 2, 2);
    ask.prev_index = 9;
    ask.prev_term = 1;
    for (uint32_t pass = 0; pass < 2; pass++) {
        uint64_t before = raft_state_hash(rc_core(rc, 2));
        bool granted = grants(rc, 2, &ask, RAFT_MSG_PREVOTE_RESP);
        cr_assert_eq(granted, pass == 1, "refused while the leader is fresh, granted when silent");
        cr_assert_eq(raft_state_hash(rc_core(rc, 2)), before);
        rc_wait(rc, T_MS);
        look_at_the_clock(rc, 2);
    }
    rc_free(rc);
}

static uint64_t settled_term(struct rc *rc)
{
    rc_run(rc, 5 * T_MS);
    return rc_core(rc, rc_leader(rc))->term.value;
}

/* One link of three is cut: whoever leads, a leader stays (the outage of 2020-11-02). */
Test(raft_votes, b62_partial_partition_keeps_a_leader)
{
    for (uint64_t first = 1; first <= 3; first++) {
        struct rc *rc = rc_new(3);
        rc_start_all(rc);
        rc_campaign(rc, first);
        rc_settle(rc);
        rc->cut[1][2] = rc->cut[2][1] = true;
        uint64_t term = settled_term(rc);
        uint64_t leader = rc_leader(rc);
        rc_run(rc, 30 * T_MS);
        cr_assert_eq(rc_leader(rc), leader);
        cr_assert_eq(rc_core(rc, leader)->term.value, term, "terms do not grow");
        rc_propose(rc, leader, 1, 1);
        rc_run(rc, T_MS);
        cr_assert_eq(rc_core(rc, leader)->committed.value, rc->nodes[leader].last);
        rc_free(rc);
    }
}

Test(raft_votes, f2_leader_without_a_quorum_steps_down)
{
    struct rc *rc = rc_new(3);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    rc_settle(rc);
    rc_isolate(rc, 1);
    rc_run(rc, T_MS + 200);
    cr_assert_neq(rc_core(rc, 1)->role, RAFT_LEADER);
    cr_assert_eq(rc_core(rc, 1)->term.value, 1, "and pre-votes leave its term alone");
    rc_run(rc, 4 * T_MS);
    uint64_t leader = rc_leader(rc);
    cr_assert(leader == 2 || leader == 3);
    uint64_t term = rc_core(rc, leader)->term.value;
    rc_heal(rc);
    rc_run(rc, 4 * T_MS);
    cr_assert_eq(rc_leader(rc), leader, "its return disturbs nobody");
    cr_assert_eq(rc_core(rc, 1)->term.value, term);
    rc_free(rc);
}

/* Answers to what we never sent, or to one message many times over, prove no quorum (F2). */
Test(raft_votes, f2_contact_is_proved_by_new_answers_only)
{
    struct rc *rc = rc_new(3);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    rc_settle(rc);
    struct raft_msg echo = message(RAFT_MSG_HEARTBEAT_RESP, 2, 1, 1);
    echo.round = rc_core(rc, 1)->leading.peers[1].acked_round;
    rc_isolate(rc, 1);
    for (uint32_t i = 0; i < 15 && rc_core(rc, 1)->role == RAFT_LEADER; i++) {
        rc_wait(rc, 100);
        rc_inject(rc, &echo, NULL);
        struct raft_msg wild = echo;
        wild.round = rc_core(rc, 1)->round + 5;
        rc_inject(rc, &wild, NULL);
        rc_tick(rc, 1);
    }
    cr_assert_neq(rc_core(rc, 1)->role, RAFT_LEADER);
    rc_free(rc);
}

Test(raft_votes, b68_stalled_disk_neither_leads_nor_campaigns)
{
    struct rc *rc = rc_new(3);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    rc_settle(rc);
    rc->slow_disk = true;
    rc_propose(rc, 1, 1, 10);
    for (uint32_t i = 0; i < 15; i++) {
        rc_disk(rc, 2, 8);
        rc_disk(rc, 3, 8);
        rc_run(rc, 100);
    }
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_FOLLOWER);
    cr_assert_eq(rc_core(rc, 1)->term.value, 1);
    rc_isolate(rc, 1);
    rc_run(rc, 5 * T_MS);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_FOLLOWER, "not while the write is under way");
    rc_disk(rc, 1, 8);
    rc_run(rc, 3 * T_MS);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_FOLLOWER, "nor while all that is known is a late one");
    cr_assert_eq(rc->nodes[1].write_count, 1, "one probe is under way");
    rc->slow_disk = false;
    rc_run(rc, 5 * T_MS);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_PRECANDIDATE);
    cr_assert_eq(rc_core(rc, 1)->term.value, 1);
    rc_free(rc);
}

/* While nothing is proposed nothing else would be written. */
Test(raft_votes, b68_late_follower_probes_when_it_hears_its_leader)
{
    struct rc *rc = rc_new(3);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    rc_settle(rc);
    rc->slow_disk = true;
    rc_propose(rc, 1, 1, 10);
    rc_settle(rc);
    rc_disk(rc, 1, 8);
    rc_disk(rc, 3, 8);
    for (uint32_t i = 0; i < 12; i++)
        rc_run(rc, 100);
    rc_disk(rc, 2, 8);
    cr_assert(rc_core(rc, 2)->writes.late);
    rc_run(rc, 300);
    cr_assert_eq(rc->nodes[2].write_count, 1, "one probe is under way");
    cr_assert_eq(rc->nodes[2].held_count, 0, "and no answer waits for it");
    rc_disk(rc, 2, 1);
    cr_assert_not(rc_core(rc, 2)->writes.late);
    rc_run(rc, 300);
    cr_assert_eq(rc->nodes[2].write_count, 0, "one was enough");
    cr_assert_eq(rc_leader(rc), 1);
    rc_free(rc);
}

Test(raft_votes, b82_two_leaders_of_one_term_are_an_alarm)
{
    struct rc *rc = rc_new(3);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    rc_settle(rc);
    for (uint64_t id = 1; id <= 2; id++) {
        struct raft_msg rival = message(RAFT_MSG_HEARTBEAT, 3, id, 1);
        rc_inject(rc, &rival, NULL);
        cr_assert_eq(rc->nodes[id].alarm, RAFT_REASON_TWO_LEADERS);
    }
    rc_free(rc);
}

/* Messages that make no sense are dropped whole. */
Test(raft_votes, hostile_messages_change_nothing)
{
    struct rc *rc = rc_new(3);
    rc_start_all(rc);
    rc_campaign(rc, 1);
    rc_settle(rc);
    struct raft_msg good = message(RAFT_MSG_VOTE, 2, 1, 9);
    good.transfer = true;
    struct raft_msg bad[] = {good, good, good, good, good, good, good, good, good, good, good};
    const uint64_t too_high = UINT64_MAX / 4;
    bad[0].from.value = 1;
    bad[1].from.value = 7;
    bad[2].to.value = 2;
    bad[3].term = 0;
    bad[4].term = too_high;
    bad[5].prev_index = too_high;
    bad[6].entry_count = RAFT_BATCH_MAX + 1;
    bad[7].type = (enum raft_msg_type)77;
    bad[8].type = (enum raft_msg_type)0;
    bad[9].entry_count = 1;
    bad[10].index = too_high;
    uint64_t before = raft_state_hash(rc_core(rc, 1));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rc_step(rc, 1, (struct raft_event){.type = RAFT_RECEIVE, .msg = &bad[i]});
        cr_assert_eq(raft_state_hash(rc_core(rc, 1)), before, "case %zu", i);
        cr_assert_eq(rc->nodes[1].out->count, 0);
    }
    rc_inject(rc, &good, NULL);
    cr_assert_eq(rc_core(rc, 1)->term.value, 9, "what makes sense is not dropped");
    rc_free(rc);
}
