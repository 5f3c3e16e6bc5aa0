/* SPDX-License-Identifier: Apache-2.0
 * The leader's progress with each voter (D3.5, D10.2). Only acknowledgements move `match`; refusals
 * and their hints move `next` alone (B20, B57). */
#include "proto/raft/internal.h"

void raft_peers_reset(struct raft *core)
{
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++)
        core->leading.peers[slot] =
            (struct raft_peer){.state = RAFT_PROBE, .next = core->window.last.value + 1};
}

uint64_t raft_quorum_contact_us(const struct raft *core)
{
    uint64_t contacts[VG_NODES_MAX];
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++)
        contacts[slot] = raft_max(core->leading.peers[slot].contact_us, core->leading.since_us);
    contacts[core->self] = core->now_us;
    return raft_quorum_value(core, contacts);
}

/* ---- messages under way -----------------------------------------------------------------------
 */

static void inflight_add(struct raft_peer *peer, uint64_t last, uint64_t bytes)
{
    assert(peer->inflight_count < RAFT_INFLIGHT_MAX);
    uint32_t at = (peer->inflight_start + peer->inflight_count++) % RAFT_INFLIGHT_MAX;
    peer->inflight[at] = (struct raft_inflight){.last = last, .bytes = bytes};
    peer->inflight_bytes += bytes;
}

static void inflight_free_to(struct raft_peer *peer, uint64_t index)
{
    while (peer->inflight_count > 0 && peer->inflight[peer->inflight_start].last <= index) {
        assert(peer->inflight_bytes >= peer->inflight[peer->inflight_start].bytes);
        peer->inflight_bytes -= peer->inflight[peer->inflight_start].bytes;
        peer->inflight_start = (peer->inflight_start + 1) % RAFT_INFLIGHT_MAX;
        peer->inflight_count--;
    }
}

static void inflight_reset(struct raft_peer *peer)
{
    peer->inflight_start = 0;
    peer->inflight_count = 0;
    if (!MUTANT(40))
        peer->inflight_bytes = 0;
}

static bool may_send(const struct raft *core, const struct raft_peer *peer, uint64_t bytes)
{
    if (peer->state == RAFT_PROBE)
        return peer->probe_round == 0;
    if (peer->inflight_count == 0)
        return true;
    return peer->inflight_count < core->config.inflight_max &&
           peer->inflight_bytes + bytes <= core->config.inflight_bytes_max;
}

/* ---- sending ------------------------------------------------------------------------------------
 */

struct batch {
    uint32_t count;
    uint64_t bytes;
};

/* Adds the entry unless the batch is full; the first always fits. */
static void batch_add(const struct raft *core, struct batch *batch, const struct raft_entry *entry,
                      bool *full)
{
    bool fits = batch->count < core->config.batch_entries_max &&
                batch->bytes + entry->size <= core->config.batch_bytes_max;
    *full = batch->count > 0 && !fits;
    if (*full)
        return;
    batch->count++;
    batch->bytes += entry->size;
}

static void send_append(struct raft *core, uint32_t slot, uint64_t prev_term, struct batch batch,
                        struct raft_outputs *out)
{
    struct raft_peer *peer = &core->leading.peers[slot];
    struct raft_msg msg = raft_msg_to(core, RAFT_MSG_APP, core->config.voters[slot]);
    msg.prev_index = peer->next - 1;
    msg.prev_term = prev_term;
    msg.entry_count = batch.count;
    msg.commit = core->committed.value;
    msg.round = ++core->round;
    msg.log_time_ms = raft_logtime_stamp(core);
    uint64_t last = msg.prev_index + batch.count;
    assert(last <= core->window.last.value);
    if (batch.count > 0)
        inflight_add(peer, last, batch.bytes);
    if (peer->state == RAFT_PROBE) {
        if (peer->probe_round == 0)
            peer->probe_round = msg.round;
        peer->probe_last = last;
    } else {
        peer->next = last + 1;
    }
    peer->told = raft_max(peer->told, raft_min(msg.commit, last));
    peer->active_us = core->now_us;
    raft_send(core, &msg, out);
}

/* Asks for older metadata, from the entry before `next` if even that one's term is unknown. */
static void request_load(struct raft *core, uint32_t slot, struct raft_outputs *out)
{
    struct raft_peer *peer = &core->leading.peers[slot];
    assert(peer->next >= 1 && peer->next <= core->window.last.value + 1);
    if (peer->load_first != 0)
        return;
    uint64_t prev_term;
    bool prev_known = raft_window_term(&core->window, peer->next - 1, &prev_term);
    peer->load_first = prev_known ? peer->next : peer->next - 1;
    uint64_t wanted = (uint64_t)core->config.batch_entries_max + (prev_known ? 0 : 1);
    uint64_t available = core->window.last.value - peer->load_first + 1;
    struct raft_output *output = raft_put(out, RAFT_OUT_LOAD);
    output->leader = core->config.voters[slot];
    output->first = peer->load_first;
    output->count = (uint32_t)raft_min(raft_min(wanted, available), RAFT_BATCH_MAX);
}

/* Sends the next batch; false if nothing can or need be sent. */
static bool send_next(struct raft *core, uint32_t slot, struct raft_outputs *out)
{
    struct raft_peer *peer = &core->leading.peers[slot];
    uint64_t prev_term;
    if (peer->next > core->window.last.value || !may_send(core, peer, 0))
        return false;
    if (raft_window_get(&core->window, peer->next) == NULL ||
        !raft_window_term(&core->window, peer->next - 1, &prev_term)) {
        request_load(core, slot, out);
        return false;
    }
    struct batch batch = {0};
    bool full = false;
    for (uint64_t i = peer->next; i <= core->window.last.value && !full; i++)
        batch_add(core, &batch, raft_window_get(&core->window, i), &full);
    if (!may_send(core, peer, batch.bytes))
        return false;
    send_append(core, slot, prev_term, batch, out);
    return true;
}

static void replicate(struct raft *core, uint32_t slot, struct raft_outputs *out)
{
    for (uint32_t sent = 0; sent < RAFT_BURST_MAX && send_next(core, slot, out); sent++)
        ;
}

void raft_replicate_all(struct raft *core, struct raft_outputs *out)
{
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++)
        if (slot != core->self)
            replicate(core, slot, out);
}

void raft_announce_commit(struct raft *core, struct raft_outputs *out)
{
    for (uint32_t slot = 0; slot < core->config.voter_count; slot++) {
        const struct raft_peer *peer = &core->leading.peers[slot];
        if (slot != core->self && peer->told < raft_min(core->committed.value, peer->match))
            raft_heartbeat(core, slot, out);
    }
}

static void become_probe(struct raft_peer *peer, uint64_t next)
{
    assert(next > peer->match);
    peer->state = RAFT_PROBE;
    peer->next = next;
    peer->probe_round = 0;
    peer->probe_last = next - 1;
    inflight_reset(peer);
}

static void become_replicate(struct raft_peer *peer)
{
    assert(peer->state == RAFT_PROBE);
    peer->state = RAFT_REPLICATE;
    peer->state_round = peer->probe_round;
    peer->next = raft_max(peer->next, peer->probe_last + 1);
    peer->probe_round = 0;
}

/* Asks a quiet peer where it stands: an append without entries, which it answers at once. What was
 * lost on the way is found out by its refusal. An answer to an earlier probe from the same place,
 * still under way, is as good. */
static void probe(struct raft *core, uint32_t slot, struct raft_outputs *out)
{
    struct raft_peer *peer = &core->leading.peers[slot];
    uint64_t prev_term;
    if (peer->state == RAFT_PROBE)
        inflight_reset(peer);
    if (raft_window_term(&core->window, peer->next - 1, &prev_term))
        send_append(core, slot, prev_term, (struct batch){0}, out);
    else
        request_load(core, slot, out);
}

/* ---- answers ------------------------------------------------------------------------------------
 */

/* An answer to our own message: contact, once per round. False if it answers nothing we sent. */
static bool hear(struct raft *core, const struct raft_msg *msg, uint32_t slot)
{
    struct raft_peer *peer = &core->leading.peers[slot];
    if (core->role != RAFT_LEADER || msg->round > core->round)
        return false;
    if (msg->round > peer->acked_round) {
        peer->acked_round = msg->round;
        peer->contact_us = core->now_us;
        peer->unfit = msg->unfit;
    }
    if (peer->sample_round != 0 && msg->round == peer->sample_round) {
        uint64_t trip_us = core->now_us - peer->sample_us;
        if (trip_us <= RAFT_SAMPLE_MS * 1000)
            raft_logtime_report(core, slot, msg->wall_ms, trip_us / 2);
        peer->sample_round = 0;
    }
    return true;
}

static void on_acknowledged(struct raft *core, const struct raft_msg *msg, uint32_t slot)
{
    struct raft_peer *peer = &core->leading.peers[slot];
    assert(msg->index <= core->window.last.value);
    if (msg->index > peer->match) {
        peer->match = msg->index;
        peer->active_us = core->now_us;
    }
    inflight_free_to(peer, msg->index);
    bool answers_probe = peer->probe_round != 0 && msg->round >= peer->probe_round;
    bool caught_up = peer->match + 1 >= peer->next && !MUTANT(41);
    if (peer->state == RAFT_PROBE && (answers_probe || caught_up))
        become_replicate(peer);
    peer->next = raft_max(peer->next, peer->match + 1);
}

/* The refusal is of a message from before the peer's present state. */
static bool is_stale(const struct raft_peer *peer, const struct raft_msg *refusal)
{
    if (peer->state == RAFT_REPLICATE)
        return refusal->round <= peer->state_round;
    return peer->probe_round == 0 || refusal->round < peer->probe_round;
}

/* True if there is something new to try at once. */
static bool on_refused(struct raft *core, const struct raft_msg *msg, uint32_t slot)
{
    struct raft_peer *peer = &core->leading.peers[slot];
    if (is_stale(peer, msg))
        return false;
    if (MUTANT(20))
        peer->match = raft_max(peer->match, raft_min(msg->index, core->window.last.value));
    uint64_t hint = msg->index;
    if (msg->hint_term != 0)
        hint = raft_window_back(&core->window, hint, msg->hint_term);
    uint64_t below = raft_min(hint, core->window.last.value) + 1;
    uint64_t next = raft_max(raft_min(below, peer->next - 1), peer->match + 1);
    bool lower = next < peer->next;
    become_probe(peer, next);
    return lower;
}

void raft_on_app_resp(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    const struct raft_msg *msg = event->msg;
    uint32_t slot = raft_slot(core, msg->from);
    bool beyond = msg->granted && msg->index > core->window.last.value;
    if (beyond || !hear(core, msg, slot))
        return;
    bool news = msg->granted;
    if (msg->granted)
        on_acknowledged(core, msg, slot);
    else
        news = on_refused(core, msg, slot);
    if (raft_commit_count(core, out))
        raft_replicate_all(core, out);
    else if (news)
        replicate(core, slot, out);
    raft_announce_commit(core, out);
    raft_reads_answer(core, out);
    raft_transfer_advance(core, out);
}

void raft_on_heartbeat_resp(struct raft *core, const struct raft_event *event,
                            struct raft_outputs *out)
{
    uint32_t slot = raft_slot(core, event->msg->from);
    if (!hear(core, event->msg, slot))
        return;
    const struct raft_peer *peer = &core->leading.peers[slot];
    uint64_t quiet_us = core->now_us - peer->active_us;
    bool quiet = quiet_us >= (uint64_t)core->config.heartbeat_ms * 1000 / 2;
    bool lacks_entries = peer->match < core->window.last.value;
    bool restarted = event->msg->index < peer->match;
    if (quiet && (lacks_entries || restarted))
        probe(core, slot, out);
    raft_reads_answer(core, out);
}

/* ---- entries older than the window --------------------------------------------------------------
 */

/* Loaded metadata agrees with what the core still knows of those entries. If it was read before the
 * log was cut and led by this node again, it differs by this term's first entry at the latest. */
static bool loaded_is_current(const struct raft *core, const struct raft_event *event)
{
    for (uint32_t i = 0; i < event->entry_count; i++) {
        const struct raft_entry *entry = &event->entries[i];
        uint64_t term;
        assert(entry->index <= core->window.last.value);
        if (raft_window_term(&core->window, entry->index, &term) && term != entry->term)
            return false;
    }
    return true;
}

/* Sends them; false if they are of no use now and asking again at once would be for ever: the next
 * answer of the peer, or its next heartbeat's, goes on. */
static bool send_loaded(struct raft *core, uint32_t slot, const struct raft_event *event,
                        struct raft_outputs *out)
{
    const struct raft_peer *peer = &core->leading.peers[slot];
    const struct raft_entry *entries = event->entries;
    uint64_t prev_term;
    bool prev_known = raft_window_term(&core->window, peer->next - 1, &prev_term);
    uint32_t skip = prev_known ? 0 : 1;
    if (entries[0].index != peer->next - skip)
        return true;
    if (event->entry_count <= skip || !loaded_is_current(core, event))
        return false;
    if (!prev_known)
        prev_term = entries[0].term;
    struct batch batch = {0};
    bool full = false;
    for (uint32_t i = skip; i < event->entry_count && !full; i++)
        batch_add(core, &batch, &entries[i], &full);
    if (peer->state == RAFT_REPLICATE && !may_send(core, peer, batch.bytes))
        return false;
    send_append(core, slot, prev_term, batch, out);
    return true;
}

void raft_on_loaded(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    assert(event->entry_count >= 1 && event->entry_count <= RAFT_BATCH_MAX);
    uint32_t slot = raft_slot(core, event->node);
    if (core->role != RAFT_LEADER || slot >= VG_NODES_MAX)
        return;
    struct raft_peer *peer = &core->leading.peers[slot];
    if (peer->load_first != event->entries[0].index)
        return;
    peer->load_first = 0;
    if (send_loaded(core, slot, event, out))
        replicate(core, slot, out);
}
