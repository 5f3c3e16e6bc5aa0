/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/netnode.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/bytes.h"

static void on_frame(void *context, vg_node_id from, enum wire_type type, struct vg_blob *payload)
{
    struct netnode *node = context;
    struct netnode_view *view = &node->views[from.value - 1];
    struct vg_reader reader = vg_reader_of(vg_blob_span(payload));
    uint64_t number = vg_read_u64(&reader);
    (void)type;
    if (number <= atomic_load(&view->last))
        atomic_fetch_add(&view->out_of_order, 1);
    atomic_store(&view->last, number);
    atomic_fetch_add(&view->bytes, payload->size);
    atomic_fetch_add(&view->frames, 1);
    vg_blob_unref(payload);
}

static void on_peer(void *context, const struct net_peer_event *event)
{
    struct netnode *node = context;
    struct netnode_view *view = &node->views[event->node.value - 1];
    atomic_store(&view->code, event->code);
    atomic_store(&view->up, event->up);
    atomic_fetch_add(event->up ? &view->ups : &view->downs, 1);
    atomic_fetch_add(&view->twins, event->code == VG_EXISTS);
    atomic_fetch_add(&view->outdated, event->outdated);
}

static enum vg_code on_greeted(void *context, const struct wire_hello *hello, struct vg_error *why)
{
    struct netnode *node = context;
    atomic_store(&node->views[hello->node.value - 1].met, hello->met);
    if (hello->node.value != atomic_load(&node->doubts))
        return VG_OK;
    return vg_fail(why, VG_INTEGRITY, "an older folder");
}

static void on_greets(void *context, vg_node_id peer, struct wire_hello *hello)
{
    const struct netnode *node = context;
    hello->met = node->met[peer.value - 1];
}

vg_channel_secret netnode_secret(uint64_t id)
{
    return (vg_channel_secret){{0xC0, (uint8_t)id}}; /* the lowest bits mean nothing */
}

struct channel_terms netnode_terms(const struct netnode *node, enum channel_door door)
{
    return (struct channel_terms){.door = door,
                                  .cluster = netnode_cluster(),
                                  .self = &node->key,
                                  .incarnation = node->incarnation};
}

vg_hash netnode_cluster(void)
{
    vg_hash cluster;
    memset(cluster.bytes, 0xC1, sizeof cluster.bytes);
    return cluster;
}

void netnodes_init(struct netnode *nodes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        nodes[i].id = i + 1;
        nodes[i].incarnation.bytes[0] = (uint8_t)(i + 1);
        nodes[i].secret = netnode_secret(i + 1);
        nodes[i].key = noise_static_of(&nodes[i].secret);
        rude_free_url(nodes[i].url);
    }
}

struct net_config netnode_config(const struct netnode *nodes, uint32_t count, uint32_t at)
{
    static struct net_peer peers[VG_NODES_MAX];
    uint32_t peer_count = 0;
    for (uint32_t i = 0; i < count; i++)
        if (i != at)
            peers[peer_count++] = (struct net_peer){
                .node = {nodes[i].id}, .url = nodes[i].url, .key = nodes[i].key.pub};
    return (struct net_config){.listen_url = nodes[at].url,
                               .self = netnode_hello(&nodes[at]),
                               .key = &nodes[at].key,
                               .peers = peers,
                               .peer_count = peer_count,
                               .seed = at,
                               .redial_min_ms = 5,
                               .redial_max_ms = 50,
                               .handshakes_per_s = 1000 * 1000,
                               .silence_max_ms = UINT32_MAX};
}

enum vg_code netnode_try(struct netnode *node, const struct net_config *config,
                         struct vg_error *error)
{
    struct net_callbacks callbacks = {
        .frame = on_frame, .peer = on_peer, .greets = on_greets, .greeted = on_greeted};
    return net_start(config, &callbacks, node, &node->net, error);
}

void netnode_start(struct netnode *node, const struct net_config *config)
{
    struct vg_error error = {0};
    if (netnode_try(node, config, &error) == VG_OK)
        return;
    (void)fprintf(stderr, "node %llu: %s\n", (unsigned long long)node->id, error.text);
    abort();
}

void netnode_stop(struct netnode *node)
{
    net_stop(node->net);
    node->net = NULL;
}

enum vg_code netnode_send(struct netnode *node, uint64_t to, uint64_t number, size_t size)
{
    uint8_t *payload = vg_alloc_zero(1, size);
    struct vg_writer writer = vg_writer_of(payload, size);
    vg_write_u64(&writer, number);
    enum vg_code code = net_send(node->net, (vg_node_id){to}, WIRE_RAFT, vg_span_of(payload, size));
    free(payload);
    return code;
}

struct net_stats netnode_stats(struct netnode *node)
{
    struct net_stats stats;
    net_stats_read(node->net, &stats);
    return stats;
}

struct net_peer_stats netnode_peer(struct netnode *node, uint64_t id)
{
    struct net_stats stats = netnode_stats(node);
    for (uint32_t i = 0; i < stats.peer_count; i++)
        if (stats.peers[i].node.value == id)
            return stats.peers[i];
    abort();
}

struct wire_hello netnode_hello(const struct netnode *node)
{
    return (struct wire_hello){.version = 1,
                               .cluster = netnode_cluster(),
                               .node = {node->id},
                               .incarnation = node->incarnation};
}

bool netnode_call(struct caller *caller, const struct netnode *as, const struct netnode *to)
{
    struct channel_terms terms = netnode_terms(as, CHANNEL_PEERS);
    return caller_dial(caller, to->url, &terms, &to->key.pub) && caller_open(caller);
}

void netnode_write_hello(struct caller *caller, const struct wire_hello *hello)
{
    struct vg_buffer payload = {0};
    wire_hello_encode(hello, &payload);
    caller_write(caller, WIRE_HELLO, vg_buffer_span(&payload));
    vg_buffer_free(&payload);
}
