/* SPDX-License-Identifier: Apache-2.0
 * Elections (D3.4, D3.6.1, D9.6). Logs are compared, and advertised, by what is durable: a
 * candidate that wins by entries its disk then loses would have won by a lie (B9), and whatever a
 * voter ever acknowledged was durable when it did. */
#include "proto/raft/internal.h"

bool raft_is_fit(const struct raft *core)
{
    return raft_writes_in_time(core) && core->now_us >= core->astray_until_us;
}

void raft_election_arm(struct raft *core)
{
    uint64_t timeout_us = raft_election_us(core);
    uint64_t least_us = core->full ? RAFT_FULL_TIMEOUTS * timeout_us : timeout_us;
    core->election.deadline_us = core->now_us + least_us + vg_prng_below(&core->prng, timeout_us);
}

static void adopt_term(struct raft *core, uint64_t term)
{
    assert(term > core->term.value);
    uint64_t heard = core->following.heard;
    core->term.value = term;
    core->voted_for = (vg_node_id){0};
    core->following = (struct raft_following){.heard = heard};
    if (!MUTANT(3))
        core->verified.value = 0;
    raft_writes_hard_state(core);
}

/* Every change of role but to leader goes through here: what belonged to the old role ends. */
static void change_role(struct raft *core, enum raft_role role, vg_node_id leader,
                        struct raft_outputs *out)
{
    assert(role != RAFT_LEADER);
    if (core->role != role || !vg_node_equal(core->leader, leader))
        raft_reads_fail(core, out);
    if (core->role == RAFT_LEADER) {
        core->leading = (struct raft_leading){0};
        raft_election_arm(core);
    }
    assert(core->reads.count == 0 || core->role == role);
    core->role = role;
    core->leader = leader;
    core->election.granted = 0;
    core->election.refused = 0;
}

void raft_become_follower(struct raft *core, uint64_t term, vg_node_id leader,
                          struct raft_outputs *out)
{
    assert(term >= core->term.value);
    if (MUTANT(10) && term == core->term.value && core->role != RAFT_FOLLOWER)
        core->voted_for = (vg_node_id){0};
    change_role(core, RAFT_FOLLOWER, leader, out);
    if (term > core->term.value)
        adopt_term(core, term);
    assert(core->term.value == term && core->role == RAFT_FOLLOWER);
    if (MUTANT(16) && leader.value != 0)
        core->voted_for = (vg_node_id){0};
}

static struct raft_msg vote_request(const struct raft *core, enum raft_msg_type type, uint32_t slot)
{
    struct raft_msg msg = raft_msg_to(core, type, core->config.voters[slot]);
    msg.prev_index = MUTANT(9) ? core->window.last.value : core->durable.value;
    raft_window_term(&core->window, msg.prev_index, &msg.prev_term);
    return msg;
}

void raft_campaign(struct raft *core, bool transfer, struct raft_outputs *out)
{
    assert(core->role != RAFT_LEADER && raft_writes_take_hard_state(core));
    change_role(core, RAFT_CANDIDATE, (vg_node_id){0}, out);
    adopt_term(core, core->term.value + 1);
    core->voted_for = core->config.self;
    memset(core->reports, 0, sizeof core->reports);
    raft_election_arm(core);
    raft_writes_flush(core, out);
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++) {
        if (slot == core->self)
            continue;
        struct raft_msg msg = vote_request(core, RAFT_MSG_VOTE, slot);
        msg.transfer = transfer;
        raft_send(core, &msg, out);
    }
}

/* Asks whether an election could be won, without touching term, vote or anybody's timers (F1). */
static void precampaign(struct raft *core, struct raft_outputs *out)
{
    change_role(core, RAFT_PRECANDIDATE, (vg_node_id){0}, out);
    if (MUTANT(10))
        core->voted_for = (vg_node_id){0};
    core->election.granted = 1U << core->self;
    if (raft_is_quorum(core, core->election.granted)) {
        raft_campaign(core, false, out);
        return;
    }
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++) {
        if (slot == core->self)
            continue;
        struct raft_msg msg = vote_request(core, RAFT_MSG_PREVOTE, slot);
        msg.term = core->term.value + 1;
        raft_send(core, &msg, out);
    }
}

void raft_election_timeout(struct raft *core, struct raft_outputs *out)
{
    assert(core->role != RAFT_LEADER);
    raft_election_arm(core);
    raft_writes_probe(core);
    if (!raft_is_fit(core) || !raft_writes_take_hard_state(core))
        return;
    if (core->config.prevote)
        precampaign(core, out);
    else
        raft_campaign(core, false, out);
}

static void count_votes(struct raft *core, struct raft_outputs *out)
{
    const struct raft_election *election = &core->election;
    assert(core->role == RAFT_PRECANDIDATE || core->role == RAFT_CANDIDATE);
    assert(election->granted < 1U << core->config.voter_count);
    if (raft_is_quorum(core, election->granted)) {
        if (core->role == RAFT_PRECANDIDATE)
            raft_campaign(core, false, out);
        else
            raft_become_leader(core, out);
    } else if (raft_is_quorum(core, election->refused)) {
        raft_become_follower(core, core->term.value, (vg_node_id){0}, out);
    }
}

void raft_election_written(struct raft *core, struct raft_outputs *out)
{
    if (core->role != RAFT_CANDIDATE || core->writes.hard_id != 0)
        return;
    core->election.granted |= 1U << core->self;
    count_votes(core, out);
}

/* The candidate's log is at least as good as ours (D3.6.1). With our own end forgotten nobody is.
 */
static bool is_up_to_date(const struct raft *core, const struct raft_msg *msg)
{
    uint64_t last = core->durable.value;
    uint64_t last_term;
    if (!raft_window_term(&core->window, last, &last_term))
        return false;
    if (MUTANT(24))
        return msg->prev_index >= last;
    if (msg->prev_term != last_term)
        return msg->prev_term > last_term;
    return msg->prev_index >= last;
}

bool raft_is_shielded(const struct raft *core, const struct raft_msg *msg)
{
    if (!core->config.check_quorum || msg->transfer)
        return false;
    if (core->role == RAFT_LEADER)
        return true;
    return core->leader.value != 0 &&
           core->now_us - core->following.contact_us < raft_election_us(core);
}

/* One vote per term (D3.4), and none against a leader already known in it (B14). */
static bool vote_is_free(const struct raft *core, const struct raft_msg *msg)
{
    if (MUTANT(8) && core->transfer.active && vg_node_equal(core->transfer.target, msg->from))
        return true;
    if (core->voted_for.value != 0)
        return vg_node_equal(core->voted_for, msg->from);
    return core->leader.value == 0;
}

/* Nothing of the voter changes (I35). A grant echoes the term asked for (B21); a refusal carries
 * our own, so that a candidate left behind catches up (B45). */
void raft_on_prevote(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    const struct raft_msg *msg = event->msg;
    bool term_free = msg->term > core->term.value ||
                     (msg->term == core->term.value && core->leader.value == 0 &&
                      (core->voted_for.value == 0 || vg_node_equal(core->voted_for, msg->from)));
    struct raft_msg answer = raft_answer_to(core, RAFT_MSG_PREVOTE_RESP, msg);
    answer.granted = term_free && !raft_is_shielded(core, msg) && is_up_to_date(core, msg);
    if (answer.granted)
        answer.term = msg->term;
    raft_send(core, &answer, out);
}

void raft_on_prevote_resp(struct raft *core, const struct raft_event *event,
                          struct raft_outputs *out)
{
    const struct raft_msg *msg = event->msg;
    if (!msg->granted) {
        if (msg->term > core->term.value && raft_writes_take_hard_state(core))
            raft_become_follower(core, msg->term, (vg_node_id){0}, out);
        return;
    }
    if (core->role != RAFT_PRECANDIDATE || msg->term != core->term.value + 1 ||
        !raft_writes_take_hard_state(core))
        return;
    core->election.granted |= 1U << raft_slot(core, msg->from);
    count_votes(core, out);
}

void raft_on_vote(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    const struct raft_msg *msg = event->msg;
    struct raft_msg answer = raft_answer_to(core, RAFT_MSG_VOTE_RESP, msg);
    answer.granted = vote_is_free(core, msg) && is_up_to_date(core, msg) &&
                     (core->voted_for.value != 0 || raft_writes_take_hard_state(core));
    if (answer.granted) {
        if (core->voted_for.value == 0)
            raft_writes_hard_state(core);
        core->voted_for = msg->from;
        raft_election_arm(core);
    }
    raft_send(core, &answer, out);
}

void raft_on_vote_resp(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    const struct raft_msg *msg = event->msg;
    if (core->role != RAFT_CANDIDATE)
        return;
    uint32_t slot = raft_slot(core, msg->from);
    if (msg->granted) {
        core->election.granted |= 1U << slot;
        raft_logtime_report(core, slot, msg->wall_ms, 0);
    } else if ((core->election.granted >> slot & 1) == 0) {
        core->election.refused |= 1U << slot;
    }
    if (core->writes.hard_id == 0 || MUTANT(9)) /* no honest voter answers before */
        count_votes(core, out);
}
