/* SPDX-License-Identifier: Apache-2.0
 * Leadership transfer (D3.10): bring the target up to date, tell it to campaign, and wait no longer
 * than an election timeout. Proposals are refused meanwhile, so that each ends in one way (B61). */
#include "proto/raft/internal.h"

static bool is_reachable(const struct raft *core, uint32_t slot)
{
    const struct raft_peer *peer = &core->leading.peers[slot];
    return slot != core->self && peer->contact_us != 0 &&
           core->now_us - peer->contact_us < raft_election_us(core);
}

/* Who is fit comes before who holds more. */
static bool is_better(const struct raft_peer *peer, const struct raft_peer *than)
{
    return peer->unfit == than->unfit ? peer->match > than->match : than->unfit;
}

/* The best of the reachable voters, or VG_NODES_MAX. */
static uint32_t best_target(const struct raft *core)
{
    const struct raft_peer *peers = core->leading.peers;
    uint32_t best = VG_NODES_MAX;
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++) {
        if (is_reachable(core, slot) &&
            (best == VG_NODES_MAX || is_better(&peers[slot], &peers[best])))
            best = slot;
    }
    return best;
}

bool raft_transfer_begin(struct raft *core, vg_node_id target)
{
    assert(core->role == RAFT_LEADER && !core->transfer.active);
    uint32_t slot = target.value == 0 ? best_target(core) : raft_slot(core, target);
    if (slot == VG_NODES_MAX || !is_reachable(core, slot))
        return false;
    core->transfer = (struct raft_transfer){
        .active = true,
        .target = core->config.voters[slot],
        .term = core->term.value,
        .deadline_us = core->now_us + raft_election_us(core),
    };
    return true;
}

void raft_transfer_to_room(struct raft *core)
{
    uint32_t slot = best_target(core);
    if (slot != VG_NODES_MAX && !core->leading.peers[slot].unfit)
        raft_transfer_begin(core, core->config.voters[slot]);
}

static void done(struct raft_outputs *out, bool ok, enum raft_reason reason)
{
    struct raft_output *output = raft_put(out, RAFT_OUT_TRANSFER_DONE);
    output->ok = ok;
    output->reason = reason;
}

void raft_on_transfer(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    if (core->role != RAFT_LEADER)
        done(out, false, RAFT_REASON_NOT_LEADER);
    else if (core->transfer.active)
        done(out, false, RAFT_REASON_TRANSFERRING);
    else if (!raft_transfer_begin(core, event->node))
        done(out, false, RAFT_REASON_NOT_CAUGHT_UP);
    else
        raft_transfer_advance(core, out);
}

void raft_transfer_advance(struct raft *core, struct raft_outputs *out)
{
    struct raft_transfer *transfer = &core->transfer;
    assert(core->role == RAFT_LEADER);
    if (!transfer->active || transfer->sent)
        return;
    uint32_t slot = raft_slot(core, transfer->target);
    assert(slot < core->config.voter_count && slot != core->self);
    if (core->leading.peers[slot].match < core->window.last.value)
        return;
    struct raft_msg msg = raft_msg_to(core, RAFT_MSG_TIMEOUT_NOW, transfer->target);
    raft_send(core, &msg, out);
    transfer->sent = true;
}

void raft_transfer_settle(struct raft *core, struct raft_outputs *out)
{
    struct raft_transfer *transfer = &core->transfer;
    if (!transfer->active)
        return;
    bool other_leads = core->leader.value != 0 && !vg_node_equal(core->leader, core->config.self);
    bool led_again = core->role == RAFT_LEADER && core->term.value != transfer->term;
    bool late = core->now_us >= transfer->deadline_us;
    assert(core->term.value >= transfer->term);
    if (!other_leads && !led_again && !late)
        return;
    *transfer = (struct raft_transfer){0};
    done(out, other_leads, other_leads ? RAFT_REASON_NONE : RAFT_REASON_NOT_CAUGHT_UP);
}

/* Only from the leader of this very term, once all we hold is durable, and with a disk and a clock
 * fit to lead (B9, B17, B68). */
void raft_on_timeout_now(struct raft *core, const struct raft_event *event,
                         struct raft_outputs *out)
{
    bool from_leader = core->role == RAFT_FOLLOWER && vg_node_equal(core->leader, event->msg->from);
    bool durable = core->writes.count == 0;
    if (from_leader && durable && raft_is_fit(core))
        raft_campaign(core, true, out);
}
