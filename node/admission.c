/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
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

static struct vg_keys keys_of(struct node *node, vg_node_id member)
{
    struct response_person person;
    vg_id author = response_node_author(member);
    bool known = store_people_get(store_applier_people(node->applier), &author, &person);
    assert(known); /* all members are */
    return person.keys;
}

vg_channel_public node_channel_of(struct node *node, vg_node_id member)
{
    return keys_of(node, member).channel;
}

/* Whether this node's key is the one it has in the log; notes that it was. */
static bool has_own_key(struct node *node)
{
    struct vg_keys logged = keys_of(node, node->self);
    struct vg_keys own = vg_identity_keys(node->identity);
    bool same = memcmp(&logged, &own, sizeof own) == 0;
    node->key_known = node->key_known || same;
    return same;
}

static enum vg_code refuse_key(const struct node *node, struct vg_error *why)
{
    return vg_fail(why, VG_FORBIDDEN,
                   "key %s is no longer that of node %" PRIu64
                   ": two people have replaced it; configure the new one, with key_replaced: yes",
                   node->config->key, node->self.value);
}

enum vg_code node_admission_key(struct node *node, struct vg_error *why)
{
    if (has_own_key(node))
        return VG_OK;
    if (!node->config->key_replaced)
        return refuse_key(node, why);
    vg_log(
        VG_LOG_WARN, "key-not-in-log",
        "file=%s the log here has another key for this node; if it was replaced by this one, the "
        "others let it in",
        node->config->key);
    return VG_OK;
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

/* Nodes that are evicted, and keys that were replaced, are out at both doors; if it is this one it
 * ends, once it has answered and handed over what it can. */
static void heed_nodes(struct node *node)
{
    struct vg_error why = {0};
    for (uint32_t i = 0; i < node->genesis.member_count; i++) {
        vg_node_id member = node->genesis.members[i].id;
        uint64_t evicted_at = node_evicted_at(node, member);
        vg_channel_public key = node_channel_of(node, member);
        if (evicted_at != 0)
            net_evict(node->net, member, evicted_at);
        net_rekey(node->net, member, &key);
    }
    if (node_admission_check(node, &why) == VG_OK && !has_own_key(node) && node->key_known)
        refuse_key(node, &why);
    if (why.code != VG_OK)
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
        heed_nodes(node);
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
