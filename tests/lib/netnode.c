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
        rude_free_url(nodes[i].url);
    }
}

struct net_config netnode_config(const struct netnode *nodes, uint32_t count, uint32_t at)
{
    static struct net_peer peers[VG_NODES_MAX];
    uint32_t peer_count = 0;
    for (uint32_t i = 0; i < count; i++)
        if (i != at)
            peers[peer_count++] = (struct net_peer){.node = {nodes[i].id}, .url = nodes[i].url};
    return (struct net_config){.listen_url = nodes[at].url,
                               .self = {.version = 1,
                                        .cluster = netnode_cluster(),
                                        .node = {nodes[at].id},
                                        .incarnation = nodes[at].incarnation},
                               .peers = peers,
                               .peer_count = peer_count,
                               .seed = at,
                               .redial_min_ms = 5,
                               .redial_max_ms = 50,
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

struct vg_buffer netnode_frame(unsigned type, vg_span payload)
{
    struct vg_buffer frame = {0};
    wire_frame_write(&frame, (enum wire_type)type, payload);
    return frame;
}

struct vg_buffer netnode_hello(const struct wire_hello *hello)
{
    struct vg_buffer payload = {0};
    wire_hello_encode(hello, &payload);
    struct vg_buffer frame = netnode_frame(WIRE_HELLO, vg_buffer_span(&payload));
    vg_buffer_free(&payload);
    return frame;
}
