/* SPDX-License-Identifier: Apache-2.0
 * The invariant checker must see each violation: every test feeds it a history of three nodes that
 * is right up to one observation. */
#include <criterion/criterion.h>

#include "tests/lib/check.h"

static struct check *check;
static struct raft_status now[4]; /* what each node says of itself */
static struct raft_outputs outputs;

static vg_node_id id(uint64_t value)
{
    return (vg_node_id){value};
}

static void set_up(void)
{
    struct check_config config = {
        .voters = {{1}, {2}, {3}}, .voter_count = 3, .uncommitted_bytes_max = 100};
    check = check_new(&config);
    memset(now, 0, sizeof now);
    outputs.count = 0;
    for (uint64_t node = 1; node <= 3; node++)
        check_started(check, id(node), &now[node], 0);
}

static void tear_down(void)
{
    check_free(check);
}

TestSuite(check, .init = set_up, .fini = tear_down);

static void expect(const char *invariant)
{
    const struct check_violation *seen = check_violation(check);
    cr_assert_not_null(seen, "%s is not seen", invariant);
    cr_assert_str_eq(seen->invariant, invariant, "%s", seen->text);
}

static void expect_nothing(void)
{
    const struct check_violation *seen = check_violation(check);
    cr_assert_null(seen, "%s: %s", seen->invariant, seen->text);
}

/* ---- observations -----------------------------------------------------------------------------
 */

static void vote(uint64_t node, uint64_t term, uint64_t candidate)
{
    struct check_write write = {.hard_state = true, .term = term, .voted_for = id(candidate)};
    check_written(check, id(node), &write);
}

static void store(uint64_t node, uint64_t index, uint64_t term, uint64_t hash)
{
    struct check_entry entry = {.index = index, .term = term, .hash = hash};
    struct check_write write = {.entries = &entry, .count = 1};
    check_written(check, id(node), &write);
}

static void cut_off(uint64_t node, uint64_t from)
{
    struct check_write write = {.truncate_from = from};
    check_written(check, id(node), &write);
}

/* The node takes `event` and says `after` of itself. */
static void step(uint64_t node, const struct raft_event *event, struct raft_status after)
{
    struct check_step seen = {.node = id(node),
                              .event = event,
                              .before = &now[node],
                              .after = &after,
                              .deadline_before_us = 1000,
                              .deadline_after_us = 1000,
                              .outputs = &outputs};
    check_step(check, &seen);
    now[node] = after;
    outputs.count = 0;
}

static void tick(uint64_t node, struct raft_status after)
{
    step(node, &(struct raft_event){.type = RAFT_TICK}, after);
}

static struct raft_output *put(enum raft_output_type type)
{
    struct raft_output *out = &outputs.items[outputs.count++];
    *out = (struct raft_output){.type = type};
    return out;
}

static void put_append(uint64_t first, uint64_t term, enum raft_append_source source)
{
    struct raft_output *out = put(RAFT_OUT_APPEND);
    out->first = first;
    out->count = 1;
    out->entry_term = term;
    out->source = source;
}

/* Node 1 leads `term` by the votes of all, with a noop at `index` in memory. */
static void lead(uint64_t term, uint64_t index)
{
    for (uint64_t node = 1; node <= 3; node++) {
        vote(node, term, 1);
        now[node].term.value = term;
        now[node].voted_for = id(1);
        now[node].leader = id(1);
    }
    struct raft_status after = now[1];
    after.role = RAFT_LEADER;
    after.appended.value = index;
    put_append(index, term, RAFT_FROM_LEADERSHIP);
    tick(1, after);
}

/* A follower takes the leader's entry. */
static void follow(uint64_t node, uint64_t index, uint64_t term)
{
    struct raft_entry entry = {.index = index, .term = term, .kind = RAFT_DATA};
    struct raft_msg msg = {.type = RAFT_MSG_APP,
                           .from = id(1),
                           .to = id(node),
                           .term = term,
                           .prev_index = index - 1,
                           .prev_term = index > 1 ? 1 : 0,
                           .entry_count = 1};
    struct raft_event event = {
        .type = RAFT_RECEIVE, .msg = &msg, .entries = &entry, .entry_count = 1};
    struct raft_status after = now[node];
    after.appended.value = index;
    put_append(index, term, RAFT_FROM_MESSAGE);
    step(node, &event, after);
}

static void commit(uint64_t node, uint64_t index)
{
    struct raft_status after = now[node];
    after.committed.value = index;
    tick(node, after);
}

/* A follower hears from the leader that `index` is committed, and believes it. */
static void hear_commit(uint64_t node, uint64_t index)
{
    struct raft_msg msg = {.type = RAFT_MSG_HEARTBEAT,
                           .from = id(1),
                           .to = id(node),
                           .term = now[node].term.value,
                           .commit = index};
    struct raft_status after = now[node];
    after.committed.value = index;
    step(node, &(struct raft_event){.type = RAFT_RECEIVE, .msg = &msg}, after);
}

/* Entry 1 of term 1 is written by 1 and 2 and committed by 1. */
static void commit_first(void)
{
    lead(1, 1);
    follow(2, 1, 1);
    store(1, 1, 1, 11);
    store(2, 1, 1, 11);
    commit(1, 1);
    expect_nothing();
}

static void apply(uint64_t node, uint64_t index, uint64_t hash, uint64_t key, uint64_t outcome)
{
    struct check_apply seen = {.index = index, .hash = hash, .key = key, .outcome = outcome};
    check_applied(check, id(node), &seen);
}

static void send(enum raft_msg_type type, uint64_t from, uint64_t term, uint64_t index)
{
    struct raft_msg msg = {.type = type,
                           .from = id(from),
                           .to = id(from == 1 ? 2 : 1),
                           .term = term,
                           .granted = true,
                           .index = index};
    check_sent(check, &msg);
}

/* ---- elections --------------------------------------------------------------------------------
 */

Test(check, i1_two_leaders_of_a_term)
{
    lead(1, 1);
    struct raft_status after = now[2];
    after.role = RAFT_LEADER;
    tick(2, after);
    expect("I1");
}

Test(check, i1_a_follower_speaks_as_leader)
{
    lead(1, 1);
    send(RAFT_MSG_HEARTBEAT, 2, 1, 0);
    expect("I1");
}

Test(check, i2_a_durable_vote_changes)
{
    vote(2, 1, 1);
    vote(2, 1, 3);
    expect("I2");
}

Test(check, i2_a_grant_leaves_before_its_vote_is_durable)
{
    vote(2, 1, 0);
    send(RAFT_MSG_VOTE_RESP, 2, 1, 0);
    expect("I2");
}

Test(check, i3_a_leader_without_quorum)
{
    vote(1, 1, 1);
    struct raft_status after = {.role = RAFT_LEADER, .term = {1}, .voted_for = {1}};
    tick(1, after);
    expect("I3");
}

Test(check, i5_a_leader_without_a_committed_entry)
{
    commit_first();
    for (uint64_t node = 1; node <= 3; node++)
        vote(node, 2, 3);
    struct raft_status after = {.role = RAFT_LEADER, .term = {2}, .voted_for = {3}};
    tick(3, after);
    expect("I5");
}

Test(check, i14_terms_fall)
{
    vote(2, 3, 0);
    vote(2, 2, 0);
    expect("I14");
}

Test(check, i14_a_message_of_a_term_not_durable)
{
    send(RAFT_MSG_VOTE, 2, 1, 0);
    expect("I14");
}

Test(check, i35_a_pre_vote_moves_a_timer)
{
    struct raft_msg msg = {.type = RAFT_MSG_PREVOTE, .from = id(2), .to = id(1), .term = 1};
    struct raft_event event = {.type = RAFT_RECEIVE, .msg = &msg};
    struct check_step seen = {.node = id(1),
                              .event = &event,
                              .before = &now[1],
                              .after = &now[1],
                              .deadline_before_us = 1000,
                              .deadline_after_us = 1001,
                              .outputs = &outputs};
    check_step(check, &seen);
    expect("I35");
}

/* ---- logs and commit --------------------------------------------------------------------------
 */

Test(check, i4_same_place_other_content)
{
    store(1, 1, 1, 11);
    store(2, 1, 1, 12);
    expect("I4");
}

Test(check, i6_applied_otherwise)
{
    commit_first();
    apply(1, 1, 99, 0, 0);
    expect("I6");
}

Test(check, i7_commit_falls)
{
    commit_first();
    commit(1, 0);
    expect("I7");
}

Test(check, i7_commit_beyond_the_own_disk)
{
    lead(1, 1);
    follow(2, 1, 1);
    follow(3, 1, 1);
    store(2, 1, 1, 11);
    store(3, 1, 1, 11);
    commit(1, 1);
    expect("I7");
}

Test(check, i8_a_committed_entry_is_truncated)
{
    commit_first();
    cut_off(2, 1);
    expect("I8");
}

Test(check, i8_a_leader_truncates)
{
    lead(1, 1);
    put(RAFT_OUT_TRUNCATE)->first = 1;
    struct raft_status after = now[1];
    after.appended.value = 0;
    tick(1, after);
    expect("I8");
}

Test(check, i9_an_old_entry_committed_by_counting)
{
    lead(1, 1);
    follow(2, 1, 1);
    store(1, 1, 1, 11);
    store(2, 1, 1, 11);
    lead(2, 2);
    commit(1, 1);
    expect("I9");
}

Test(check, i10_committed_with_one_copy)
{
    lead(1, 1);
    store(1, 1, 1, 11);
    commit(1, 1);
    expect("I10");
}

Test(check, i10_committed_before_the_leader_knows)
{
    lead(1, 1);
    follow(2, 1, 1);
    store(1, 1, 1, 11);
    store(2, 1, 1, 11);
    hear_commit(2, 1);
    expect("I10");
}

Test(check, i11_acknowledged_before_it_is_durable)
{
    lead(1, 1);
    follow(2, 1, 1);
    send(RAFT_MSG_APP_RESP, 2, 1, 1);
    expect("I11");
}

/* Node 2 takes entry 1 of leader 1 of term 2, where its disk holds an entry of term 1. */
static void follow_over_another_entry(void)
{
    store(2, 1, 1, 11);
    lead(2, 1);
    follow(2, 1, 2);
    expect_nothing();
}

Test(check, i11_acknowledged_over_another_entry)
{
    follow_over_another_entry();
    send(RAFT_MSG_APP_RESP, 2, 2, 1);
    expect("I11");
}

Test(check, i11_acknowledged_late_over_another_entry)
{
    follow_over_another_entry();
    vote(2, 3, 0);
    send(RAFT_MSG_APP_RESP, 2, 2, 1);
    expect("I11");
}

/* Node 2 has entry 1 of leader 1 on its disk and another, of leader 3 of term 2, in memory. */
static void move_on_in_memory(void)
{
    lead(1, 1);
    follow(2, 1, 1);
    store(2, 1, 1, 11);
    struct raft_entry entry = {.index = 1, .term = 2, .kind = RAFT_DATA};
    struct raft_msg msg = {
        .type = RAFT_MSG_APP, .from = id(3), .to = id(2), .term = 2, .entry_count = 1};
    struct raft_status after = {.term = {2}, .leader = id(3), .appended = {1}};
    put(RAFT_OUT_TRUNCATE)->first = 1;
    put_append(1, 2, RAFT_FROM_MESSAGE);
    step(2, &(struct raft_event){.type = RAFT_RECEIVE, .msg = &msg, .entries = &entry}, after);
}

Test(check, an_acknowledgement_may_wait_while_memory_moves_on)
{
    move_on_in_memory();
    send(RAFT_MSG_APP_RESP, 2, 1, 1);
    struct check_entry entry = {.index = 1, .term = 2, .hash = 12};
    struct check_write write = {
        .hard_state = true, .term = 2, .truncate_from = 1, .entries = &entry, .count = 1};
    check_written(check, id(2), &write);
    send(RAFT_MSG_APP_RESP, 2, 1, 1);
    expect_nothing();
}

Test(check, i11_what_a_disk_lost_within_the_term_is_not_acknowledged)
{
    move_on_in_memory();
    cut_off(2, 1);
    vote(2, 2, 0);
    send(RAFT_MSG_APP_RESP, 2, 1, 1);
    expect("I11");
}

Test(check, i11_believed_durable_too_early)
{
    lead(1, 1);
    struct raft_status after = now[1];
    after.durable.value = 1;
    tick(1, after);
    expect("I11");
}

Test(check, i12_acknowledged_unverified)
{
    lead(1, 1);
    store(2, 1, 1, 11);
    send(RAFT_MSG_APP_RESP, 2, 1, 1);
    expect("I12");
}

Test(check, i12_committed_unverified)
{
    commit_first();
    check_crashed(check, id(3));
    store(3, 1, 1, 11);
    now[3] = (struct raft_status){.term = {1}, .voted_for = {1}, .appended = {1}, .durable = {1}};
    check_started(check, id(3), &now[3], 0);
    hear_commit(3, 1);
    expect("I12");
}

Test(check, i13_a_match_nobody_told)
{
    lead(1, 1);
    struct raft_status after = now[1];
    after.peer_count = 1;
    after.peers[0] = (struct raft_peer_status){.id = {2}, .match = 1, .next = 2};
    tick(1, after);
    expect("I13");
}

Test(check, i43_a_minority_commits)
{
    commit_first();
    vg_node_id alone = id(1);
    check_isolated(check, &alone, 1);
    struct raft_entry entry = {.kind = RAFT_DATA};
    struct raft_event event = {.type = RAFT_PROPOSE, .entries = &entry, .entry_count = 1};
    struct raft_status after = now[1];
    after.appended.value = 2;
    put_append(2, 1, RAFT_FROM_PROPOSAL);
    step(1, &event, after);
    store(1, 2, 1, 12);
    expect_nothing();
    commit(1, 2);
    expect("I43");
}

Test(check, i27_uncommitted_bytes_leak)
{
    commit_first();
    struct raft_status after = now[1];
    after.uncommitted_bytes = 5;
    tick(1, after);
    expect("I27");
}

/* ---- restarts, clones, reads, clients ----------------------------------------------------------
 */

Test(check, i37_a_restart_forgets_the_vote)
{
    vote(2, 1, 1);
    check_crashed(check, id(2));
    struct raft_status status = {.term = {1}};
    check_started(check, id(2), &status, 0);
    expect("I37");
}

Test(check, i15_applied_out_of_order)
{
    commit_first();
    apply(1, 2, 11, 0, 0);
    expect("I15");
}

Test(check, i21_a_stale_read)
{
    commit_first();
    step(2, &(struct raft_event){.type = RAFT_READ_INDEX, .id = 7}, now[2]);
    struct raft_output *out = put(RAFT_OUT_READ_READY);
    out->id = 7;
    out->first = 0;
    tick(2, now[2]);
    expect("I21");
}

Test(check, i28_a_read_without_end)
{
    step(2, &(struct raft_event){.type = RAFT_READ_INDEX, .id = 7}, now[2]);
    check_finished(check);
    expect("I28");
}

Test(check, i28_a_proposal_without_end)
{
    check_proposed(check, 1);
    check_finished(check);
    expect("I28");
}

Test(check, i23_two_answers_to_one_request)
{
    commit_first();
    check_proposed(check, 5);
    check_proposed(check, 5);
    apply(1, 1, 11, 5, 100);
    check_acked(check, 5, 1, 100);
    check_acked(check, 5, 1, 101);
    expect("I23");
}

Test(check, i24_acknowledged_and_not_there)
{
    commit_first();
    check_proposed(check, 5);
    check_acked(check, 5, 1, 100);
    expect("I24");
}

Test(check, i25_applied_and_never_proposed)
{
    commit_first();
    apply(1, 1, 11, 5, 100);
    expect("I25");
}

Test(check, i26_refused_and_applied)
{
    commit_first();
    check_proposed(check, 5);
    check_refused(check, 5);
    apply(1, 1, 11, 5, 100);
    expect("I26");
}

Test(check, i26_a_refusal_after_an_unknown_outcome_is_not_certain)
{
    commit_first();
    check_proposed(check, 5);
    check_unknown(check, 5);
    check_proposed(check, 5);
    check_refused(check, 5);
    apply(1, 1, 11, 5, 100);
    check_finished(check);
    expect_nothing();
}

Test(check, i36_a_message_counts_twice)
{
    struct raft_msg msg = {.type = RAFT_MSG_VOTE_RESP, .from = id(2)};
    struct raft_status again = {.term = {1}};
    check_repeated(check, id(1), &msg, &now[1], &again);
    expect("I36");
}

Test(check, i44_the_same_step_ends_otherwise)
{
    check_pure(check, id(1), 1, 2);
    expect("I44");
}

/* ---- the end ----------------------------------------------------------------------------------
 */

static const vg_node_id ids[] = {{1}, {2}, {3}};

Test(check, i40_nobody_leads)
{
    check_converged(check, ids, &now[1], 3, 9);
    expect("I40");
}

Test(check, i40_logs_differ)
{
    lead(1, 1);
    check_converged(check, ids, &now[1], 3, 9);
    expect("I40");
}

Test(check, i40_too_many_terms)
{
    lead(12, 1);
    now[1].appended.value = 0;
    check_converged(check, ids, &now[1], 3, 9);
    expect("I40");
}

Test(check, i41_a_quorum_without_leader)
{
    bool links[VG_NODES_MAX][VG_NODES_MAX] = {{false}};
    check_served(check, ids, &now[1], links, 3);
    expect_nothing();
    links[0][1] = true;
    check_served(check, ids, &now[1], links, 3);
    expect_nothing();
    links[1][0] = true;
    check_served(check, ids, &now[1], links, 3);
    expect("I41");
}

Test(check, i38_the_trace_tells_histories_apart)
{
    uint64_t before = check_trace_hash(check);
    tick(1, now[1]);
    uint64_t one = check_trace_hash(check);
    tick(2, now[2]);
    cr_assert_neq(before, one);
    cr_assert_neq(one, check_trace_hash(check));
}

Test(check, a_right_history_is_right)
{
    commit_first();
    follow(3, 1, 1);
    store(3, 1, 1, 11);
    send(RAFT_MSG_APP_RESP, 2, 1, 1);
    send(RAFT_MSG_APP_RESP, 3, 1, 1);
    hear_commit(2, 1);
    hear_commit(3, 1);
    apply(1, 1, 11, 0, 3);
    apply(2, 1, 11, 0, 3);
    check_converged(check, ids, &now[1], 3, 1);
    check_finished(check);
    expect_nothing();
    cr_assert_eq(check_committed(check), 1);
    cr_assert_eq(check_committed_entry(check, 1).hash, 11);
}
