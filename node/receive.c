/* SPDX-License-Identifier: Apache-2.0
 * Frames of peers: decoded and hashed on NNG's threads, decided on the loop. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "node/parts.h"

/* A frame on its way from NNG's thread to the loop. */
struct posted {
    struct loop_task task;
    struct node *node;
    vg_node_id from;
    size_t size; /* counted among what waits for the loop */
    void (*take)(struct posted *posted);
    union {
        struct node_received *received;
        struct node_proposal *forwarded;
        struct wire_forward_resp answer;
        struct wire_fetch fetch;
        struct node_fetched fetched;
    } of;
};

static uint32_t place_of(const struct node *node, vg_node_id from)
{
    const struct ledger_member *member = ledger_genesis_member(&node->genesis, from);
    assert(member != NULL); /* nobody else has a session */
    return (uint32_t)(member - node->genesis.members);
}

/* ---- Raft messages -----------------------------------------------------------------------------
 */

static void received_free(struct node_received *received)
{
    for (uint32_t i = 0; i < received->msg.entry_count; i++)
        vg_blob_unref(received->entries[i].bytes);
    free(received->meta);
    free(received);
}

/* Who sends an entry that cannot be is not heard any more in this term. Nothing behind it can be
 * committed, while heartbeats would keep its sender in office: so all of it is as lost on the way,
 * and where a quorum does the same, another is elected. */
static void distrust(struct node *node, vg_node_id from, uint64_t term)
{
    if (atomic_exchange(&node->distrusted[place_of(node, from)], term) < term)
        vg_log(VG_LOG_WARN, "distrusted",
               "node=%" PRIu64 " term=%" PRIu64 " it sends an entry that cannot be, and is not "
               "heard any more in this term",
               from.value, term);
}

/* Term and hash of an entry of the log as it is now; false where that is damaged. */
static bool entry_at(const struct node *node, uint64_t index, uint64_t *term, vg_hash *hash)
{
    struct ledger_header header;
    struct raft_entry meta;
    *term = 0;
    *hash = node->cluster;
    if (index == 0)
        return true;
    const struct vg_blob *held = ledger_tail_get(node->tail, index);
    if (held == NULL) {
        bool found = store_log_metadata(node->log, index, 1, &meta) == 1;
        *term = found ? meta.term : 0;
        return found && store_log_chain_hash(node->log, index, hash);
    }
    bool whole =
        ledger_header_decode(vg_span_of(held->data, LEDGER_HEADER_SIZE), &header, NULL) == VG_OK;
    *term = header.term;
    return whole && ledger_tail_hash_at(node->tail, index, hash);
}

static void say_contradiction(const struct node_received *received, uint64_t index, uint64_t term)
{
    vg_log(VG_LOG_ERROR, "two-histories",
           "node=%" PRIu64 " entry %" PRIu64 " of term %" PRIu64
           " has two hashes, ours and that of the node; nothing of it is taken; look at both logs: "
           "vigil log verify",
           received->msg.from.value, index, term);
}

/* Equal (index, term) with unequal hash is two histories: an alarm, never a merge. It is one node's
 * word against this log, so that node is not heard any more, and this one goes on. What a message
 * has is chained, so the last entry that both have says it for all before. */
static bool contradicts(const struct node *node, const struct node_received *received)
{
    const struct raft_msg *msg = &received->msg;
    uint64_t last = ledger_tail_last(node->tail);
    if (msg->entry_count == 0 || msg->prev_index > last)
        return false;
    uint64_t i =
        last - msg->prev_index < msg->entry_count ? last - msg->prev_index : msg->entry_count;
    for (;; i--) {
        const struct ledger_view *theirs = i > 0 ? &received->entries[i - 1].view : NULL;
        const vg_hash *hash = i > 0 ? &theirs->hash : &received->entries[0].view.header.previous;
        vg_hash ours;
        uint64_t term;
        bool both = entry_at(node, msg->prev_index + i, &term, &ours) &&
                    term == (i > 0 ? theirs->header.term : msg->prev_term);
        bool equal = both && vg_hash_equal(&ours, hash);
        if (both && !equal)
            say_contradiction(received, msg->prev_index + i, term);
        if (both || i == 0)
            return both && !equal;
    }
}

static void take_received(struct posted *posted)
{
    struct node *node = posted->node;
    struct node_received *received = posted->of.received;
    struct raft_event event = {.type = RAFT_RECEIVE,
                               .msg = &received->msg,
                               .entries = received->meta,
                               .entry_count = received->msg.entry_count};
    if (!node->closed && contradicts(node, received)) {
        distrust(node, posted->from, received->msg.term);
    } else if (!node->closed) {
        node_memory_hear(node, &received->msg);
        node->receiving = received;
        node_step(node, &event);
        node->receiving = NULL;
    }
    received_free(received);
}

/* One entry out of the frame: whole, of this cluster, where the message says it is, and chained to
 * the one before it there. */
static enum vg_code take_entry(const struct node *node, struct node_received *received, uint32_t i,
                               vg_span bytes, struct vg_error *error)
{
    struct node_entry *entry = &received->entries[i];
    entry->bytes = vg_blob_copy(bytes);
    if (ledger_parse(vg_blob_span(entry->bytes), &entry->view, error) != VG_OK)
        return error->code;
    const struct ledger_header *header = &entry->view.header;
    if (header->index != received->msg.prev_index + 1 + i || header->term > received->msg.term)
        return vg_fail(error, VG_INVALID, "entry %" PRIu64 " of term %" PRIu64 " is out of place",
                       header->index, header->term);
    if (!vg_hash_equal(&entry->view.envelope.cluster, &node->cluster))
        return vg_fail(error, VG_INVALID, "entry %" PRIu64 " is of another cluster", header->index);
    if (i > 0 && !vg_hash_equal(&header->previous, &received->entries[i - 1].view.hash))
        return vg_fail(error, VG_INVALID, "entry %" PRIu64 " is not chained to the one before it",
                       header->index);
    received->meta[i] = node_entry_metadata(&entry->view, bytes.size);
    return VG_OK;
}

/* Of a term in which its sender is not heard: VG_EXPIRED. */
static enum vg_code receive_raft(struct posted *posted, vg_span payload, struct vg_error *error)
{
    struct node *node = posted->node;
    struct wire_raft wire;
    if (wire_raft_decode(payload, &wire, error) != VG_OK)
        return error->code;
    if (!vg_node_equal(wire.msg.from, posted->from) || !vg_node_equal(wire.msg.to, node->self))
        return vg_fail(error, VG_INVALID, "a message from %" PRIu64 " to %" PRIu64,
                       wire.msg.from.value, wire.msg.to.value);
    if (wire.msg.term <= atomic_load(&node->distrusted[place_of(node, posted->from)]))
        return VG_EXPIRED;
    uint32_t count = wire.msg.entry_count;
    struct node_received *received =
        vg_alloc_zero(1, sizeof *received + count * sizeof received->entries[0]);
    received->msg = wire.msg;
    received->meta = count == 0 ? NULL : vg_alloc_zero(count, sizeof *received->meta);
    for (uint32_t i = 0; i < count; i++) {
        if (take_entry(node, received, i, wire.entries[i], error) != VG_OK) {
            received_free(received);
            distrust(node, posted->from, wire.msg.term);
            return error->code;
        }
    }
    posted->of.received = received;
    return VG_OK;
}

/* ---- commands on their way to a leader, and its answers ----------------------------------------
 */

static void take_forwarded(struct posted *posted)
{
    node_propose(posted->node, posted->of.forwarded);
}

static enum vg_code receive_forward(struct posted *posted, vg_span payload, struct vg_error *error)
{
    struct wire_forward forward;
    struct ledger_envelope envelope;
    if (wire_forward_decode(payload, &forward, error) != VG_OK)
        return error->code;
    vg_span bytes = forward.envelope_and_body;
    vg_span head = vg_span_of(bytes.data, bytes.size < LEDGER_ENVELOPE_SIZE ? bytes.size
                                                                            : LEDGER_ENVELOPE_SIZE);
    if (ledger_envelope_decode(head, &envelope, error) != VG_OK)
        return error->code;
    if (!vg_hash_equal(&envelope.cluster, &posted->node->cluster) ||
        !response_has_command(envelope.type) || !vg_node_equal(envelope.origin, posted->from) ||
        bytes.size != LEDGER_ENVELOPE_SIZE + (size_t)envelope.body_size)
        return vg_fail(error, VG_INVALID, "a forwarded envelope that is not the sender's own");
    posted->of.forwarded = vg_alloc_zero(1, sizeof *posted->of.forwarded);
    *posted->of.forwarded = (struct node_proposal){.from = posted->from,
                                                   .token = forward.token,
                                                   .id = envelope.id,
                                                   .envelope = vg_blob_copy(bytes)};
    return VG_OK;
}

static void take_forward_answer(struct posted *posted)
{
    node_submit_answered(posted->node, posted->from, &posted->of.answer);
}

static enum vg_code receive_forward_answer(struct posted *posted, vg_span payload,
                                           struct vg_error *error)
{
    return wire_forward_resp_decode(payload, &posted->of.answer, error);
}

/* ---- damaged entries ---------------------------------------------------------------------------
 */

static void take_fetch(struct posted *posted)
{
    if (!posted->node->closed)
        node_fetch_serve(posted->node, posted->from, &posted->of.fetch);
}

static enum vg_code receive_fetch(struct posted *posted, vg_span payload, struct vg_error *error)
{
    return wire_fetch_decode(payload, &posted->of.fetch, error);
}

static void take_fetched(struct posted *posted)
{
    if (!posted->node->closed)
        node_fetched(posted->node, posted->from, &posted->of.fetched);
    vg_blob_unref(posted->of.fetched.entry);
}

/* The entry is whole in itself, and where it says; whether it is ours is the loop's to say. */
static enum vg_code receive_fetched(struct posted *posted, vg_span payload, struct vg_error *error)
{
    struct wire_fetched decoded;
    struct ledger_view view = {0};
    if (wire_fetched_decode(payload, &decoded, error) != VG_OK)
        return error->code;
    if (decoded.code == VG_OK && ledger_parse(decoded.entry, &view, error) != VG_OK)
        return error->code;
    if (decoded.code == VG_OK && view.header.index != decoded.index)
        return vg_fail(error, VG_INVALID, "entry %" PRIu64 " for %" PRIu64 " that was asked for",
                       view.header.index, decoded.index);
    posted->of.fetched = (struct node_fetched){decoded.index, decoded.code, view.hash, NULL};
    if (decoded.code == VG_OK)
        posted->of.fetched.entry = vg_blob_copy(decoded.entry);
    return VG_OK;
}

/* ---- all of them -------------------------------------------------------------------------------
 */

static enum vg_code receive_met(struct posted *posted, vg_span payload, struct vg_error *error)
{
    struct wire_met met;
    if (wire_met_decode(payload, &met, error) != VG_OK)
        return error->code;
    node_memory_shown(posted->node, posted->from, met.met);
    return VG_OK;
}

/* What is decoded on NNG's thread is taken on the loop; NULL: there is nothing left to do. */
static const struct receiver {
    enum wire_type type;
    enum vg_code (*receive)(struct posted *posted, vg_span payload, struct vg_error *error);
    void (*take)(struct posted *posted);
} receivers[] = {
    {WIRE_RAFT, receive_raft, take_received},
    {WIRE_FORWARD, receive_forward, take_forwarded},
    {WIRE_FORWARD_RESP, receive_forward_answer, take_forward_answer},
    {WIRE_FETCH, receive_fetch, take_fetch},
    {WIRE_FETCHED, receive_fetched, take_fetched},
    {WIRE_MET, receive_met, NULL},
};

/* Each peer fills a place of its own: one that floods us is lost, and nobody else. */
static atomic_size_t *waiting_of(const struct posted *posted)
{
    return &posted->node->received_size[place_of(posted->node, posted->from)];
}

static void take_posted(struct loop_task *task)
{
    struct posted *posted = (struct posted *)task;
    posted->take(posted);
    atomic_fetch_sub(waiting_of(posted), posted->size);
    free(posted);
}

static void receive(struct node *node, vg_node_id from, const struct receiver *receiver,
                    vg_span payload)
{
    struct vg_error error = {0};
    struct posted *posted = vg_alloc_zero(1, sizeof *posted);
    *posted = (struct posted){.task.run = take_posted,
                              .node = node,
                              .from = from,
                              .size = sizeof *posted + payload.size,
                              .take = receiver->take};
    enum vg_code code = receiver->receive(posted, payload, &error);
    if (code != VG_OK && code != VG_EXPIRED)
        vg_log(VG_LOG_WARN, "bad-message", "node=%" PRIu64 " %s", from.value, error.text);
    if (code != VG_OK || receiver->take == NULL) {
        free(posted);
        return;
    }
    atomic_fetch_add(waiting_of(posted), posted->size);
    loop_post(node->loop, &posted->task);
}

void node_frame_received(void *context, vg_node_id from, enum wire_type type,
                         struct vg_blob *payload)
{
    struct node *node = context;
    bool heard = !node_fault(node, NODE_FAULT_PEERS) &&
                 atomic_load(&node->received_size[place_of(node, from)]) <= NODE_RECEIVED_MAX;
    for (size_t i = 0; heard && i < sizeof receivers / sizeof receivers[0]; i++)
        if (receivers[i].type == type)
            receive(node, from, &receivers[i], vg_blob_span(payload));
    vg_blob_unref(payload);
}

struct stop {
    struct loop_task task;
    struct node *node;
    struct vg_error why;
};

static void take_stop(struct loop_task *task)
{
    struct stop *stop = (struct stop *)task;
    stop->node->fatal = stop->why;
    loop_stop(stop->node->loop);
    free(stop);
}

static struct stop *stop_new(struct node *node)
{
    struct stop *stop = vg_alloc_zero(1, sizeof *stop);
    stop->task.run = take_stop;
    stop->node = node;
    return stop;
}

/* Refused before any peer has taken us: we are the second under this identity. */
static void stop_as_twin(struct node *node, vg_node_id witness)
{
    struct stop *stop = stop_new(node);
    vg_fail(&stop->why, VG_EXISTS,
            "node %" PRIu64 " says that another process lives under this node's identity; stop it, "
            "or give this node a key and a data folder of its own",
            witness.value);
    loop_post(node->loop, &stop->task);
}

/* A peer remembers what our folder does not have: what else we promised is forgotten too. */
static void stop_as_outdated(struct node *node, const struct net_peer_event *event)
{
    struct stop *stop = stop_new(node);
    vg_fail(&stop->why, VG_INTEGRITY,
            "%.120s: an older copy of this folder was put back, or a copy of this node runs too "
            "(%.160s); leave this node down, the others go on without it; never start it with this "
            "folder again: it could vote twice",
            node->config->data, event->why);
    loop_post(node->loop, &stop->task);
}

struct told {
    struct loop_task task;
    struct node *node;
    vg_node_id by;
    struct vg_error why;
};

static void take_told(struct loop_task *task)
{
    struct told *told = (struct told *)task;
    if (!told->node->closed && node_told_evicted(told->node, told->by)) {
        told->node->fatal = told->why;
        loop_stop(told->node->loop);
    }
    free(told);
}

static void hear_of_eviction(struct node *node, const struct net_peer_event *event)
{
    struct told *told = vg_alloc_zero(1, sizeof *told);
    told->task.run = take_told;
    told->node = node;
    told->by = event->node;
    vg_fail(&told->why, VG_FORBIDDEN, "%.240s; " NODE_EVICTED_REMEDY, event->why);
    loop_post(node->loop, &told->task);
}

void node_peer_changed(void *context, const struct net_peer_event *event)
{
    struct node *node = context;
    node_memory_link(node, event->node, event->up);
    if (event->up) {
        atomic_store(&node->met_peer, true);
        vg_log(VG_LOG_INFO, "peer-up", "node=%" PRIu64 " rtt_us=%u", event->node.value,
               event->rtt_us);
        return;
    }
    vg_log(event->code == VG_UNAVAILABLE ? VG_LOG_INFO : VG_LOG_ERROR, "peer-down",
           "node=%" PRIu64 " %s: %s", event->node.value, vg_code_name(event->code), event->why);
    if (event->code == VG_EXISTS && !atomic_load(&node->met_peer))
        stop_as_twin(node, event->node);
    if (event->outdated)
        stop_as_outdated(node, event);
    if (event->code == VG_EXPIRED)
        hear_of_eviction(node, event);
}
