/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "common/text.h"
#include "node/parts.h"

bool node_admits(void *context, const vg_channel_public *theirs)
{
    struct node *node = context;
    struct response_person person;
    return store_people_channel(store_applier_people(node->applier), theirs, &person) &&
           person.expelled_at == 0;
}

uint64_t node_evicted_at(struct node *node, vg_node_id member)
{
    struct response_person person;
    vg_id author = response_node_author(member);
    bool known = store_people_get(store_applier_people(node->applier), &author, &person);
    return known ? person.expelled_at : 0;
}

enum vg_code node_admission_check(struct node *node, struct vg_error *why)
{
    char at[VG_TIME_TEXT];
    uint64_t evicted_at = node_evicted_at(node, node->self);
    if (evicted_at == 0)
        return VG_OK;
    vg_time_format(evicted_at, at);
    return vg_fail(why, VG_FORBIDDEN,
                   "node %" PRIu64 " was evicted from this cluster at %s; " NODE_EVICTED_REMEDY,
                   node->self.value, at);
}

/* One that lies ends nobody by it. */
bool node_told_evicted(struct node *node, vg_node_id by)
{
    uint32_t say_so = 0;
    for (uint32_t i = 0; i < node->genesis.member_count; i++) {
        if (vg_node_equal(node->genesis.members[i].id, by))
            node->said_evicted[i] = true;
        say_so += node->said_evicted[i];
    }
    return say_so >= node->genesis.member_count / 2 + 1;
}

/* Nodes that are evicted are out at both doors; this one ends, once it has answered and handed over
 * what it can. */
static void turn_out_nodes(struct node *node)
{
    struct vg_error why = {0};
    for (uint32_t i = 0; i < node->genesis.member_count; i++) {
        vg_node_id member = node->genesis.members[i].id;
        uint64_t evicted_at = node_evicted_at(node, member);
        if (evicted_at != 0)
            net_evict(node->net, member, evicted_at);
    }
    if (node_admission_check(node, &why) != VG_OK)
        node_end(node, &why);
}

struct changed {
    struct loop_task task;
    struct node *node;
};

static void take_changed(struct loop_task *task)
{
    struct changed *changed = (struct changed *)task;
    struct node *node = changed->node;
    if (!node->closed && node->clients != NULL) {
        net_clients_ask_again(node->clients);
        turn_out_nodes(node);
    }
    free(changed);
}

/* Only control entries, which are of no compartment, say who may sign and come in. */
void node_admission_heed(struct node *node, const struct response_outcome *outcome)
{
    if (!vg_id_is_zero(&outcome->compartment) || outcome->error.code != VG_OK)
        return;
    struct changed *changed = vg_alloc(sizeof *changed);
    *changed = (struct changed){.task.run = take_changed, .node = node};
    loop_post(node->loop, &changed->task);
}
