/* SPDX-License-Identifier: Apache-2.0
 * This node's checkpoints: given by the lowest of those that are cleared and up, by the next if
 * that gives none, and at once by whoever is at odds with the others. What is owed is seen from the
 * state; here is only when. */
#include <stdlib.h>

#include "common/mem.h"
#include "node/parts.h"

enum {
    LOOK_US = 200 * 1000,
    AGAIN_US = 5 * 1000 * 1000,
    LATER_US = 3 * 1000 * 1000, /* than each that comes before and is up */
};

/* When it is this node's turn. */
static uint64_t turn_us(const struct store_clearance *one, const struct net_stats *net,
                        const struct node_owed *owed)
{
    uint64_t before = 0;
    for (uint32_t i = 0; !one->due_at_once && i < one->earlier_count; i++)
        before += net_stats_up(net, one->earlier[i]);
    return owed->since_us + before * LATER_US;
}

static void give(struct node *node, const struct store_clearance *one, uint64_t now_us)
{
    struct response_command word = {.op = RESPONSE_OP_CHECKPOINT};
    word.checkpoint.mark = one->due.index;
    word.checkpoint.hash = one->due.hash;
    word.checkpoint.accepted = one->due.accepted;
    word.checkpoint.refused = one->due.refused;
    struct node_submit *own = node_submit_by_node(node, &one->compartment, &word);
    own->deadline_us = now_us + AGAIN_US;
    node_submit_own(node, own);
}

/* Where that of a compartment is, or would be. */
static struct node_owed **place_of(struct node *node, const vg_id *compartment)
{
    struct node_owed **at = &node->owed;
    while (*at != NULL && !vg_id_equal(&(*at)->compartment, compartment))
        at = &(*at)->next;
    return at;
}

/* Time counts from the latest checkpoint on that anybody gave: marks may come faster than they do.
 */
static struct node_owed *owed_of(struct node *node, const struct store_clearance *one,
                                 uint64_t now_us)
{
    struct node_owed **at = place_of(node, &one->compartment);
    if (*at != NULL && (*at)->said == one->said)
        return *at;
    struct node_owed *next = NULL;
    if (*at != NULL)
        next = (*at)->next;
    else
        *at = vg_alloc(sizeof **at);
    **at = (struct node_owed){
        .next = next, .compartment = one->compartment, .said = one->said, .since_us = now_us};
    return *at;
}

static void forget(struct node *node, const vg_id *compartment)
{
    struct node_owed **at = place_of(node, compartment);
    struct node_owed *gone = *at;
    if (gone == NULL)
        return;
    *at = gone->next;
    free(gone);
}

void node_checkpoint_sweep(struct node *node, uint64_t now_us)
{
    struct store_clearances *all = store_applier_clearances(node->applier);
    struct store_clearance one = {.epoch = 0};
    struct net_stats net;
    if (now_us < node->next_checkpoint_us || node->ending || node->leader.value == 0)
        return;
    node->next_checkpoint_us = now_us + LOOK_US;
    net_stats_read(node->net, &net);
    while (store_clearances_next(all, &one)) {
        if (one.due.index == 0) {
            forget(node, &one.compartment);
            continue;
        }
        struct node_owed *owed = owed_of(node, &one, now_us);
        if (now_us < owed->again_us || now_us < turn_us(&one, &net, owed))
            continue;
        owed->again_us = now_us + AGAIN_US;
        give(node, &one, now_us);
    }
}

void node_checkpoints_free(struct node *node)
{
    while (node->owed != NULL) {
        struct node_owed *next = node->owed->next;
        free(node->owed);
        node->owed = next;
    }
}
