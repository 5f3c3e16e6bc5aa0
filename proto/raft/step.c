/* SPDX-License-Identifier: Apache-2.0
 * The one entry point: which event goes where, and the rules of terms that all messages share. */
#include "proto/raft/internal.h"

/* Terms and indices of messages stay below this, so that sums cannot overflow. */
static const uint64_t number_max = UINT64_MAX / 4;

typedef void handler(struct raft *core, const struct raft_event *event, struct raft_outputs *out);

/* ---- messages -----------------------------------------------------------------------------------
 */

struct msg_rule {
    handler *handle;
    enum raft_msg_type stale_answer; /* tells a sender of an older term ours; 0: silence */
    bool from_leader;                /* only the leader of its term sends it */
};

static const struct msg_rule msg_rules[] = {
    [RAFT_MSG_APP] = {raft_on_app, RAFT_MSG_APP_RESP, true},
    [RAFT_MSG_APP_RESP] = {raft_on_app_resp, 0, false},
    [RAFT_MSG_HEARTBEAT] = {raft_on_heartbeat, RAFT_MSG_HEARTBEAT_RESP, true},
    [RAFT_MSG_HEARTBEAT_RESP] = {raft_on_heartbeat_resp, 0, false},
    [RAFT_MSG_PREVOTE] = {raft_on_prevote, 0, false},
    [RAFT_MSG_PREVOTE_RESP] = {raft_on_prevote_resp, 0, false},
    [RAFT_MSG_VOTE] = {raft_on_vote, RAFT_MSG_VOTE_RESP, false},
    [RAFT_MSG_VOTE_RESP] = {raft_on_vote_resp, 0, false},
    [RAFT_MSG_TIMEOUT_NOW] = {raft_on_timeout_now, 0, false},
    [RAFT_MSG_READ] = {raft_on_read, RAFT_MSG_READ_RESP, false},
    [RAFT_MSG_READ_RESP] = {raft_on_read_resp, 0, false},
};

static bool makes_sense(const struct raft *core, const struct raft_msg *msg)
{
    if (msg->type < RAFT_MSG_APP || msg->type > RAFT_MSG_READ_RESP)
        return false;
    bool addressed = vg_node_equal(msg->to, core->config.self) &&
                     !vg_node_equal(msg->from, core->config.self) &&
                     raft_slot(core, msg->from) < VG_NODES_MAX;
    bool bounded = msg->term >= 1 && msg->term < number_max && msg->prev_index < number_max &&
                   msg->index < number_max && msg->entry_count <= RAFT_BATCH_MAX;
    return addressed && bounded && (msg->entry_count == 0 || msg->type == RAFT_MSG_APP);
}

static void answer_stale(struct raft *core, const struct raft_msg *msg, struct raft_outputs *out)
{
    enum raft_msg_type type = msg_rules[msg->type].stale_answer;
    if (type == 0)
        return;
    struct raft_msg answer = raft_answer_to(core, type, msg);
    answer.round = 0;
    answer.read_id = msg->read_id;
    raft_send(core, &answer, out);
}

/* Brings our term up to the message's (D3.3). False if the message is to be dropped: of an older
 * term, a vote request against a leader in good health (F3), or no room to write the term down. */
static bool settle_term(struct raft *core, const struct raft_msg *msg, struct raft_outputs *out)
{
    const struct msg_rule *rule = &msg_rules[msg->type];
    if (msg->term < core->term.value) {
        if (MUTANT(18) && msg->type == RAFT_MSG_VOTE_RESP)
            return true;
        answer_stale(core, msg, out);
        return false;
    }
    if (msg->type == RAFT_MSG_VOTE && raft_is_shielded(core, msg))
        return false;
    if (msg->term == core->term.value)
        return true;
    if (!raft_writes_take_hard_state(core))
        return false;
    vg_node_id leader = rule->from_leader ? msg->from : (vg_node_id){0};
    raft_become_follower(core, msg->term, leader, out);
    return true;
}

static void on_receive(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    const struct raft_msg *msg = event->msg;
    assert(msg != NULL);
    if (!makes_sense(core, msg))
        return;
    bool prevote = msg->type == RAFT_MSG_PREVOTE || msg->type == RAFT_MSG_PREVOTE_RESP;
    if (prevote || settle_term(core, msg, out))
        msg_rules[msg->type].handle(core, event, out);
}

/* ---- other events -------------------------------------------------------------------------------
 */

static void on_tick(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    (void)event;
    raft_reads_expire(core, out);
    if (core->role == RAFT_LEADER)
        raft_lead_tick(core, out);
    else if (core->now_us >= core->election.deadline_us)
        raft_election_timeout(core, out);
    else
        raft_acknowledge(core, out);
}

static void on_written(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    raft_writes_done(core, event->id);
    raft_election_written(core, out);
    if (core->role == RAFT_LEADER) {
        if (raft_commit_count(core, out)) {
            raft_replicate_all(core, out);
            raft_announce_commit(core, out);
        }
        raft_reads_answer(core, out);
        return;
    }
    if (core->role == RAFT_FOLLOWER)
        raft_commit_hear(core, core->following.heard, out);
    raft_acknowledge(core, out);
}

static void on_campaign(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    (void)event;
    if (core->role != RAFT_LEADER)
        raft_election_timeout(core, out);
}

static handler *const handlers[] = {
    [RAFT_TICK] = on_tick,
    [RAFT_RECEIVE] = on_receive,
    [RAFT_WRITTEN] = on_written,
    [RAFT_PROPOSE] = raft_on_propose,
    [RAFT_READ_INDEX] = raft_on_read_index,
    [RAFT_LOADED] = raft_on_loaded,
    [RAFT_TRANSFER] = raft_on_transfer,
    [RAFT_CAMPAIGN] = on_campaign,
    [RAFT_SET_APPLIED] = raft_on_set_applied,
};

static void put_role(const struct raft *core, struct raft_outputs *out)
{
    struct raft_output *output = raft_put(out, RAFT_OUT_ROLE);
    output->role = core->role;
    output->term = core->term;
    output->leader = core->leader;
}

void raft_step(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    assert((size_t)event->type < sizeof handlers / sizeof handlers[0]);
    assert(event->now_us >= core->now_us);
    out->count = 0;
    core->now_us = event->now_us;
    core->wall_ms = event->wall_ms;
    core->full = event->full;
    enum raft_role role = core->role;
    raft_term term = core->term;
    vg_node_id leader = core->leader;

    raft_logtime_advance(core);
    handlers[event->type](core, event, out);
    raft_writes_flush(core, out);
    raft_transfer_settle(core, out);
    if (core->role != role || core->term.value != term.value || core->leader.value != leader.value)
        put_role(core, out);
    raft_assert_invariants(core);
}

uint64_t raft_deadline_us(const struct raft *core)
{
    uint64_t due_us =
        core->role == RAFT_LEADER ? core->leading.heartbeat_us : core->election.deadline_us;
    if (core->reads.count > 0)
        due_us = raft_min(due_us, core->reads.items[0].deadline_us);
    if (core->transfer.active)
        due_us = raft_min(due_us, core->transfer.deadline_us);
    if (core->role == RAFT_FOLLOWER && core->following.recheck_us != 0)
        due_us = raft_min(due_us, core->following.recheck_us);
    return due_us;
}

/* ---- start --------------------------------------------------------------------------------------
 */

size_t raft_size(void)
{
    return sizeof(struct raft);
}

static void assert_config(const struct raft_config *config)
{
    assert(config->voter_count >= 1 && config->voter_count <= VG_NODES_MAX);
    for (uint32_t i = 0; i < config->voter_count; i++) {
        assert(config->voters[i].value >= 1);
        for (uint32_t j = 0; j < i; j++)
            assert(!vg_node_equal(config->voters[i], config->voters[j]));
    }
    assert(config->heartbeat_ms >= 1);
    assert(config->heartbeat_ms < config->election_timeout_ms / 2);
    assert(config->batch_entries_max >= 1 && config->batch_entries_max <= RAFT_BATCH_MAX);
    assert(config->inflight_max >= 1 && config->inflight_max <= RAFT_INFLIGHT_MAX);
}

void raft_init(struct raft *core, const struct raft_config *config,
               const struct raft_recovery *recovery, uint64_t now_us, uint64_t wall_ms)
{
    assert_config(config);
    memset(core, 0, sizeof *core);
    core->config = *config;
    core->self = raft_slot(core, config->self);
    assert(core->self < config->voter_count);
    core->prng = vg_prng_seed(config->seed);
    core->now_us = now_us;
    core->wall_ms = wall_ms;
    struct vg_prng ids = vg_prng_seed(~(config->seed ^ now_us));
    core->reads.last_sent_id = vg_prng_next(&ids);
    core->term = recovery->term;
    core->voted_for = recovery->voted_for;
    raft_window_init(&core->window, recovery);
    core->durable.value = core->window.last.value;
    raft_election_arm(core);
    raft_assert_invariants(core);
}
