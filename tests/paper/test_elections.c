/* SPDX-License-Identifier: Apache-2.0
 * The Raft paper's sentences on terms and elections, one test each. Sections are those of Ongaro
 * and Ousterhout, "In Search of an Understandable Consensus Algorithm" (2014). The paper knows
 * neither pre-vote nor check-quorum, so both are off here. */
#include "tests/lib/raft_cluster.h"

#include <criterion/criterion.h>

enum { T_MS = 1000, HEARTBEAT_MS = 100 };

static struct rc *paper_cluster(uint32_t count)
{
    struct rc *rc = rc_new(count);
    rc->config.prevote = false;
    rc->config.check_quorum = false;
    return rc;
}

static struct raft_msg to_node_1(enum raft_msg_type type, uint64_t from, uint64_t term)
{
    return (struct raft_msg){.type = type, .from = {from}, .to = {1}, .term = term};
}

/* Node 1 in a role, in a term of its own making. */
static struct rc *with_role(enum raft_role role)
{
    struct rc *rc = paper_cluster(3);
    rc_start_all(rc);
    if (role == RAFT_FOLLOWER)
        return rc;
    rc_campaign(rc, 1);
    rc_disk(rc, 1, 1);
    if (role == RAFT_LEADER)
        rc_settle(rc);
    cr_assert_eq(rc_core(rc, 1)->role, role);
    rc_drop_all(rc);
    return rc;
}

/* ---- 5.1: "If one server's current term is smaller than the other's, then it updates its current
 * term to the larger value. If a candidate or leader discovers that its term is out of date, it
 * immediately reverts to follower state." */

static void updates_term_from_message(enum raft_role role)
{
    struct rc *rc = with_role(role);
    struct raft_msg msg = to_node_1(RAFT_MSG_APP, 2, 5);
    rc_inject(rc, &msg, NULL);
    cr_assert_eq(rc_core(rc, 1)->term.value, 5);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_FOLLOWER);
    rc_disk(rc, 1, 8);
    cr_assert_eq(rc->nodes[1].disk_term.value, 5);
    rc_free(rc);
}

Test(paper_5_1, follower_updates_term_from_message)
{
    updates_term_from_message(RAFT_FOLLOWER);
}

Test(paper_5_1, candidate_updates_term_from_message)
{
    updates_term_from_message(RAFT_CANDIDATE);
}

Test(paper_5_1, leader_updates_term_from_message)
{
    updates_term_from_message(RAFT_LEADER);
}

/* 5.1: "If a server receives a request with a stale term number, it rejects the request." */
Test(paper_5_1, rejects_stale_term_message)
{
    struct rc *rc = paper_cluster(3);
    rc_preload(rc, 1, NULL, 0, 2, 0);
    rc_start_all(rc);
    struct raft_msg msg = to_node_1(RAFT_MSG_APP, 2, 1);
    msg.entry_count = 1;
    struct raft_entry entry = {.index = 1, .term = 1, .kind = RAFT_DATA};
    rc_inject(rc, &msg, &entry);
    cr_assert_eq(rc->nodes[1].last, 0);
    const struct raft_msg *answer = rc_msg_at(rc, rc_find(rc, 1, 2, RAFT_MSG_APP_RESP));
    cr_assert_not(answer->granted);
    cr_assert_eq(answer->term, 2);
    rc_free(rc);
}

/* ---- 5.2: elections ---------------------------------------------------------------------------
 */

/* 5.2: "When servers start up, they begin as followers." */
Test(paper_5_2, starts_as_follower)
{
    struct rc *rc = paper_cluster(3);
    rc_start_all(rc);
    for (uint64_t id = 1; id <= 3; id++)
        cr_assert_eq(rc_core(rc, id)->role, RAFT_FOLLOWER);
    rc_free(rc);
}

/* 5.2: "Leaders send periodic heartbeats to all followers in order to maintain their authority." */
Test(paper_5_2, leader_broadcasts_heartbeats)
{
    struct rc *rc = with_role(RAFT_LEADER);
    for (uint32_t beat = 0; beat < 5; beat++) {
        rc_wait(rc, HEARTBEAT_MS);
        rc_tick(rc, 1);
        cr_assert_geq(rc_find(rc, 1, 2, RAFT_MSG_HEARTBEAT), 0);
        cr_assert_geq(rc_find(rc, 1, 3, RAFT_MSG_HEARTBEAT), 0);
        cr_assert_eq(rc->msg_count, 2);
        rc_drop_all(rc);
    }
    rc_free(rc);
}

/* 5.2: "If a follower receives no communication over a period of time called the election timeout,
 * then it begins an election [...] increments its current term and transitions to candidate state.
 * It then votes for itself and issues RequestVote RPCs in parallel to each of the other servers."
 */
static void starts_election(enum raft_role role)
{
    struct rc *rc = with_role(role);
    uint64_t term = rc_core(rc, 1)->term.value;
    rc_wait(rc, 2 * T_MS);
    rc_tick(rc, 1);
    cr_assert_eq(rc_core(rc, 1)->role, RAFT_CANDIDATE);
    cr_assert_eq(rc_core(rc, 1)->term.value, term + 1);
    cr_assert_eq(rc_core(rc, 1)->voted_for.value, 1);
    cr_assert_eq(rc->msg_count, 0, "not before term and vote are durable");
    rc_disk(rc, 1, 1);
    cr_assert_eq(rc->nodes[1].disk_vote.value, 1);
    for (uint64_t other = 2; other <= 3; other++) {
        const struct raft_msg *msg = rc_msg_at(rc, rc_find(rc, 1, other, RAFT_MSG_VOTE));
        cr_assert_eq(msg->term, term + 1);
    }
    rc_free(rc);
}

Test(paper_5_2, follower_starts_election)
{
    starts_election(RAFT_FOLLOWER);
}

/* 5.2: "each candidate will time out and start a new election by incrementing its term". */
Test(paper_5_2, candidate_starts_new_election)
{
    starts_election(RAFT_CANDIDATE);
}

/* 5.2: a candidate "(a) wins the election, (b) another server establishes itself as leader, or (c)
 * a period of time goes by with no winner". Votes are bits by node id. */
static void election_in_one_round(uint32_t size, uint32_t granted, uint32_t refused,
                                  enum raft_role expected)
{
    struct rc *rc = paper_cluster(size);
    rc_start(rc, 1);
    rc_campaign(rc, 1);
    rc_disk(rc, 1, 1);
    for (uint64_t id = 2; id <= size; id++) {
        struct raft_msg vote = to_node_1(RAFT_MSG_VOTE_RESP, id, 1);
        vote.granted = granted >> id & 1;
        if (vote.granted || (refused >> id & 1))
            rc_inject(rc, &vote, NULL);
    }
    cr_assert_eq(rc_core(rc, 1)->role, expected, "%u nodes, granted %x, refused %x", size, granted,
                 refused);
    cr_assert_eq(rc_core(rc, 1)->term.value, 1);
    rc_free(rc);
}

Test(paper_5_2, leader_election_in_one_round_of_rpc)
{
    enum { N2 = 1 << 2, N3 = 1 << 3, N4 = 1 << 4, N5 = 1 << 5 };
    static const struct {
        uint32_t size, granted, refused;
        enum raft_role expected;
    } cases[] = {
        {1, 0, 0, RAFT_LEADER},
        {3, N2 | N3, 0, RAFT_LEADER},
        {3, N2, 0, RAFT_LEADER},
        {4, N2, 0, RAFT_CANDIDATE}, /* B25: half is no majority */
        {4, N2 | N3, 0, RAFT_LEADER},
        {5, N2 | N3 | N4 | N5, 0, RAFT_LEADER},
        {5, N2 | N3 | N4, 0, RAFT_LEADER},
        {5, N2 | N3, 0, RAFT_LEADER},
        {3, 0, N2 | N3, RAFT_FOLLOWER},
        {5, 0, N2 | N3 | N4 | N5, RAFT_FOLLOWER},
        {5, N2, N3 | N4 | N5, RAFT_FOLLOWER},
        {3, 0, 0, RAFT_CANDIDATE},
        {5, N2, 0, RAFT_CANDIDATE},
        {5, 0, 0, RAFT_CANDIDATE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        election_in_one_round(cases[i].size, cases[i].granted, cases[i].refused, cases[i].expected);
}

/* 5.2: "Each server will vote for at most one candidate in a given term, on a first-come-first-
 * served basis." */
Test(paper_5_2, follower_votes_once_per_term)
{
    static const struct {
        uint64_t voted_for, asked_by;
        bool granted;
    } cases[] = {{0, 2, true}, {0, 3, true},  {2, 2, true},
                 {3, 3, true}, {2, 3, false}, {3, 2, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rc *rc = paper_cluster(3);
        rc_preload(rc, 1, NULL, 0, 1, cases[i].voted_for);
        rc_start(rc, 1);
        struct raft_msg ask = to_node_1(RAFT_MSG_VOTE, cases[i].asked_by, 1);
        rc_inject(rc, &ask, NULL);
        rc_disk(rc, 1, 1);
        const struct raft_msg *answer = rc_msg_at(rc, rc_find(rc, 1, 0, RAFT_MSG_VOTE_RESP));
        cr_assert_eq(answer->granted, cases[i].granted, "case %zu", i);
        rc_free(rc);
    }
}

/* 5.2: "If the leader's term (included in its RPC) is at least as large as the candidate's current
 * term, then the candidate recognizes the leader as legitimate and returns to follower state." */
Test(paper_5_2, candidate_falls_back)
{
    for (uint64_t ahead = 0; ahead <= 1; ahead++) {
        struct rc *rc = with_role(RAFT_CANDIDATE);
        uint64_t term = rc_core(rc, 1)->term.value + ahead;
        struct raft_msg msg = to_node_1(RAFT_MSG_APP, 2, term);
        rc_inject(rc, &msg, NULL);
        cr_assert_eq(rc_core(rc, 1)->role, RAFT_FOLLOWER);
        cr_assert_eq(rc_core(rc, 1)->leader.value, 2);
        cr_assert_eq(rc_core(rc, 1)->term.value, term);
        cr_assert_eq(rc_core(rc, 1)->voted_for.value, ahead == 0 ? 1 : 0);
        rc_free(rc);
    }
}

/* ---- 5.2: "election timeouts are chosen randomly from a fixed interval" -------------------------
 */

/* The timeouts one node draws in a row, in ms from `T`; each is used up by a tick. */
static void draws_timeouts(enum raft_role role)
{
    struct rc *rc = with_role(role);
    bool early = false;
    bool late = false;
    for (uint32_t i = 0; i < 200; i++) {
        uint64_t timeout_us = raft_deadline_us(rc_core(rc, 1)) - rc->now_us;
        cr_assert(timeout_us >= T_MS * 1000 && timeout_us < 2 * T_MS * 1000);
        early = early || timeout_us < T_MS * 1100;
        late = late || timeout_us >= T_MS * 1900;
        if (role == RAFT_FOLLOWER) {
            struct raft_msg msg = to_node_1(RAFT_MSG_HEARTBEAT, 2, 1);
            rc_inject(rc, &msg, NULL);
        } else {
            rc->now_us += timeout_us;
            rc_tick(rc, 1);
        }
        rc_disk(rc, 1, 8);
        rc_drop_all(rc);
    }
    cr_assert(early && late, "the whole interval is used");
    rc_free(rc);
}

Test(paper_5_2, follower_election_timeout_randomized)
{
    draws_timeouts(RAFT_FOLLOWER);
}

Test(paper_5_2, candidate_election_timeout_randomized)
{
    draws_timeouts(RAFT_CANDIDATE);
}

/* 5.2: "This spreads out the servers so that in most cases only a single server will time out". */
static void timeouts_seldom_conflict(bool candidates)
{
    enum { NODES = 5, ROUNDS = 500 };
    struct rc *rc = paper_cluster(NODES);
    rc_start_all(rc);
    uint32_t conflicts = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint64_t first_us = UINT64_MAX;
        uint64_t second_us = UINT64_MAX;
        rc->now_us += 2 * T_MS * 1000;
        for (uint64_t id = 1; id <= NODES; id++) {
            struct raft_msg msg = {
                .type = RAFT_MSG_HEARTBEAT, .from = {id % NODES + 1}, .to = {id}, .term = 1};
            if (candidates)
                rc_tick(rc, id);
            else
                rc_inject(rc, &msg, NULL);
            rc_disk(rc, id, 8);
            uint64_t due_us = raft_deadline_us(rc_core(rc, id));
            second_us = due_us < first_us ? first_us : due_us < second_us ? due_us : second_us;
            first_us = due_us < first_us ? due_us : first_us;
        }
        conflicts += second_us - first_us < 1000;
        rc_drop_all(rc);
    }
    cr_assert_lt(conflicts, ROUNDS * 3 / 10, "%u of %d rounds", conflicts, ROUNDS);
    rc_free(rc);
}

Test(paper_5_2, followers_election_timeouts_do_not_conflict)
{
    timeouts_seldom_conflict(false);
}

Test(paper_5_2, candidates_election_timeouts_do_not_conflict)
{
    timeouts_seldom_conflict(true);
}

/* ---- 5.4.1: who may be elected ------------------------------------------------------------------
 */

/* 5.4.1: "The RequestVote RPC includes information about the candidate's log". */
Test(paper_5_4_1, vote_request_tells_the_log)
{
    static const uint64_t terms[][2] = {{1, 0}, {1, 2}};
    for (uint32_t length = 1; length <= 2; length++) {
        struct rc *rc = paper_cluster(3);
        rc_preload(rc, 1, terms[length - 1], length, 2, 0);
        rc_start(rc, 1);
        rc_wait(rc, 2 * T_MS);
        rc_tick(rc, 1);
        rc_disk(rc, 1, 1);
        for (uint64_t other = 2; other <= 3; other++) {
            const struct raft_msg *msg = rc_msg_at(rc, rc_find(rc, 1, other, RAFT_MSG_VOTE));
            cr_assert_eq(msg->term, 3);
            cr_assert_eq(msg->prev_index, length);
            cr_assert_eq(msg->prev_term, terms[length - 1][length - 1]);
        }
        rc_free(rc);
    }
}

/* 5.4.1: "the voter denies its vote if its own log is more up-to-date than that of the candidate".
 */
Test(paper_5_4_1, voter_compares_logs)
{
    static const struct {
        uint64_t own[2];
        uint32_t own_count;
        uint64_t last_term, last_index;
        bool granted;
    } cases[] = {
        {{1}, 1, 1, 1, true},     {{1}, 1, 1, 2, true},  {{1, 1}, 2, 1, 1, false},
        {{1}, 1, 2, 1, true},     {{1}, 1, 2, 2, true},  {{1, 1}, 2, 2, 1, true},
        {{2}, 1, 1, 1, false},    {{2}, 1, 1, 2, false}, /* B24: longer, but of an older term */
        {{2, 2}, 2, 1, 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rc *rc = paper_cluster(2);
        rc_preload(rc, 1, cases[i].own, cases[i].own_count, 2, 0);
        rc_start(rc, 1);
        struct raft_msg ask = to_node_1(RAFT_MSG_VOTE, 2, 3);
        ask.prev_index = cases[i].last_index;
        ask.prev_term = cases[i].last_term;
        rc_inject(rc, &ask, NULL);
        rc_disk(rc, 1, 1);
        const struct raft_msg *answer = rc_msg_at(rc, rc_find(rc, 1, 2, RAFT_MSG_VOTE_RESP));
        cr_assert_eq(answer->granted, cases[i].granted, "case %zu", i);
        rc_free(rc);
    }
}
