/* SPDX-License-Identifier: Apache-2.0
 * A node that is nothing but its network side: it counts what it is told. For tests. */
#ifndef VIGIL_TESTS_LIB_NETNODE_H
#define VIGIL_TESTS_LIB_NETNODE_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/limits.h"
#include "node/net/net.h"
#include "tests/lib/caller.h"

/* What a node knows of one other; [id - 1] of its node. */
struct netnode_view {
    atomic_bool up;
    atomic_uint ups, downs, twins; /* twins: downs with VG_EXISTS */
    atomic_uint outdated;          /* downs because it remembers more of us */
    atomic_uint_fast64_t met;      /* as its last hello had it */
    atomic_uint code;              /* of the last event */
    atomic_uint_fast64_t frames, bytes;
    atomic_uint_fast64_t out_of_order; /* frames whose leading u64 is not above the last one's */
    atomic_uint_fast64_t last;
};

struct netnode {
    struct net *net;
    uint64_t id;
    char url[RUDE_URL];
    vg_channel_secret secret;
    struct noise_static key;
    vg_id incarnation;
    uint64_t met[VG_NODES_MAX];  /* what its hello shows each other; set before it starts */
    atomic_uint_fast64_t doubts; /* the node whose folder it finds older; 0: none */
    struct netnode_view views[VG_NODES_MAX];
};

/* Nodes 1 to `count`, each with a fresh URL, not yet started. */
void netnodes_init(struct netnode *nodes, uint32_t count);

/* Configuration of one of them: all others are its peers, which live as long as the next call.
 * Pauses between dials are short, and peers may be silent for ever. */
struct net_config netnode_config(const struct netnode *nodes, uint32_t count, uint32_t at);

/* Starts with that configuration; ends the program on failure. */
void netnode_start(struct netnode *node, const struct net_config *config);
enum vg_code netnode_try(struct netnode *node, const struct net_config *config,
                         struct vg_error *error);
void netnode_stop(struct netnode *node);

/* The cluster all of them are of. */
vg_hash netnode_cluster(void);

/* Sends a RAFT frame of `size` bytes, at least 8, whose leading u64 is `number`. */
enum vg_code netnode_send(struct netnode *node, uint64_t to, uint64_t number, size_t size);

/* Its counters of a peer, and of itself. */
struct net_peer_stats netnode_peer(struct netnode *node, uint64_t id);
struct net_stats netnode_stats(struct netnode *node);

/* The key of the node with this id, and the other terms of its channels. */
vg_channel_secret netnode_secret(uint64_t id);
struct channel_terms netnode_terms(const struct netnode *node, enum channel_door door);

/* What a node that need not run says of itself, dialling node `to` and up to its open channel
 * (false if it is refused), and writing a hello. */
struct wire_hello netnode_hello(const struct netnode *node);
bool netnode_call(struct caller *caller, const struct netnode *as, const struct netnode *to);
void netnode_write_hello(struct caller *caller, const struct wire_hello *hello);

#endif
