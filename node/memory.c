/* SPDX-License-Identifier: Apache-2.0
 * What this node remembers of its peers, and what they may hold it to (docs/storage.md "An old
 * folder put back"). Hellos and counts come on NNG's threads, messages on the loop; what changes on
 * disk is queued under the lock, so that it becomes durable in the order it was learned. */
#include <inttypes.h>
#include <stdlib.h>

#include "node/parts.h"

static struct node_known *find(struct node_memory *memory, vg_node_id node)
{
    for (uint32_t i = 0; i < memory->count; i++)
        if (vg_node_equal(memory->peers[i].node, node))
            return &memory->peers[i];
    return NULL;
}

void node_memory_init(struct node *node, const struct store_recovery *found)
{
    struct node_memory *memory = &node->memory;
    pthread_mutex_init(&memory->lock, NULL);
    for (uint32_t i = 0; i < node->config->peers_count; i++)
        memory->peers[memory->count++].node.value = node->config->peers[i].node;
    for (uint32_t i = 0; i < found->peer_count; i++) {
        const struct store_peer *kept = &found->peers[i];
        struct node_known *known = find(memory, kept->node);
        if (known == NULL)
            continue;
        known->met = known->kept = known->told = kept->met;
        known->of = (struct wire_memory){
            .incarnation = kept->incarnation, .met = kept->shown, .term = kept->term};
    }
}

void node_memory_end(struct node *node)
{
    pthread_mutex_destroy(&node->memory.lock);
}

void node_greets(void *context, vg_node_id peer, struct wire_hello *hello)
{
    struct node *node = context;
    struct store_log_figures figures;
    store_log_figures(node->log, &figures);
    hello->term = figures.kept_term.value;
    hello->last = figures.kept_last;
    pthread_mutex_lock(&node->memory.lock);
    hello->met = find(&node->memory, peer)->kept;
    pthread_mutex_unlock(&node->memory.lock);
}

/* With the lock. */
static void keep(struct node *node, const struct node_known *known)
{
    struct store_peer peer = {.node = known->node,
                              .met = known->met,
                              .shown = known->of.met,
                              .term = known->of.term,
                              .incarnation = known->of.incarnation};
    store_log_remember(node->log, &peer);
}

enum vg_code node_greeted(void *context, const struct wire_hello *hello, struct vg_error *why)
{
    struct node *node = context;
    enum vg_code code = VG_OK;
    pthread_mutex_lock(&node->memory.lock);
    struct node_known *known = find(&node->memory, hello->node);
    enum wire_verdict verdict = wire_memory_judge(&known->of, hello);
    if (verdict != WIRE_PLAUSIBLE) {
        wire_memory_explain(&known->of, hello, verdict, why);
        code = why->code;
    } else if (wire_memory_greet(&known->of, hello)) {
        keep(node, known);
    }
    pthread_mutex_unlock(&node->memory.lock);
    return code;
}

void node_memory_hear(struct node *node, const struct raft_msg *msg)
{
    pthread_mutex_lock(&node->memory.lock);
    struct node_known *known = find(&node->memory, msg->from);
    if (wire_memory_hear(&known->of, msg))
        keep(node, known);
    pthread_mutex_unlock(&node->memory.lock);
}

void node_memory_shown(struct node *node, vg_node_id peer, uint64_t met)
{
    pthread_mutex_lock(&node->memory.lock);
    struct node_known *known = find(&node->memory, peer);
    if (wire_memory_meet(&known->of, met))
        keep(node, known);
    pthread_mutex_unlock(&node->memory.lock);
}

/* With the lock. */
static void meet(struct node *node, struct node_known *known)
{
    known->met++;
    keep(node, known);
}

void node_memory_link(struct node *node, vg_node_id peer, bool up)
{
    pthread_mutex_lock(&node->memory.lock);
    struct node_known *known = find(&node->memory, peer);
    known->takes_us = up;
    if (up)
        meet(node, known);
    pthread_mutex_unlock(&node->memory.lock);
}

void node_memory_meet_again(struct node *node)
{
    pthread_mutex_lock(&node->memory.lock);
    for (uint32_t i = 0; i < node->memory.count; i++)
        if (node->memory.peers[i].takes_us)
            meet(node, &node->memory.peers[i]);
    pthread_mutex_unlock(&node->memory.lock);
}

struct remembered {
    struct loop_task task;
    struct node *node;
    struct store_peer peer;
};

/* Only now that it is on our disk may we be held to it. */
static void take_remembered(struct loop_task *task)
{
    struct remembered *remembered = (struct remembered *)task;
    struct node *node = remembered->node;
    const struct store_peer *peer = &remembered->peer;
    struct node_known *known = find(&node->memory, peer->node);
    if (peer->met > known->told) {
        const struct wire_met met = {peer->met};
        known->told = peer->met;
        vg_buffer_clear(&node->frame);
        wire_met_encode(&met, &node->frame);
        node_send_frame(node, peer->node, WIRE_MET);
    }
    free(remembered);
}

void node_remembered(void *context, const struct store_peer *peer)
{
    struct node *node = context;
    pthread_mutex_lock(&node->memory.lock);
    find(&node->memory, peer->node)->kept = peer->met;
    pthread_mutex_unlock(&node->memory.lock);
    struct remembered *remembered = vg_alloc(sizeof *remembered);
    *remembered = (struct remembered){.task.run = take_remembered, .node = node, .peer = *peer};
    loop_post(node->loop, &remembered->task);
}
