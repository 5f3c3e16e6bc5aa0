/* SPDX-License-Identifier: Apache-2.0
 * What is between the nodes of a development cluster (docs/proxy.md): every connection of one to
 * another goes through here, and each direction between two nodes can be cut, stalled, delayed,
 * throttled, damaged and broken off. libuv on a thread of its own; the functions may be called from
 * any other, and what they order is in force when they return. */
#ifndef VIGIL_OPS_DRILL_PROXY_PROXY_H
#define VIGIL_OPS_DRILL_PROXY_PROXY_H

#include "ops/dev/make.h"
#include "ops/drill/proxy/terms.h"

enum {
    PROXY_CONNECTIONS_MAX = 256,      /* at a time; beyond them, new ones are reset */
    PROXY_HELD_MAX = 4 * 1024 * 1024, /* of one direction of one; then its sender must wait */
};

struct proxy;

/* What has gone over a link so far. */
struct proxy_figures {
    uint64_t connections; /* dialled by who sends */
    uint64_t refused;     /* of them, as there were too many */
    uint64_t bytes;
    uint64_t flips;
    uint64_t breaks;
    uint64_t held_most; /* bytes of one connection held at once, with what holding them costs */
};

/* Listens on loopback, at one port for each node and each other that it dials, and passes on to the
 * peer addresses of the cluster's nodes. VG_INVALID for a node whose address is not tcp and
 * IPv4 in digits; VG_UNAVAILABLE when the system refuses. Chance is of the seed. */
enum vg_code proxy_open(const struct dev_cluster *cluster, uint64_t seed, struct proxy **out,
                        struct vg_error *error);

/* Ends all connections, its thread and itself; NULL is allowed. */
void proxy_close(struct proxy *proxy);

/* Where nodes dial each other to go through it. Valid until proxy_close. */
const struct dev_routes *proxy_routes(const struct proxy *proxy);

/* From here on `from` and `to` are places of two nodes in the cluster, and it is about what the one
 * sends to the other, whoever dialled. */

/* What comes from now on is passed on by these terms; when they cut or stall no longer, what waits
 * comes at once. */
void proxy_set(struct proxy *proxy, uint32_t from, uint32_t to, const struct proxy_terms *terms);

/* Every link at the same moment. */
void proxy_set_all(struct proxy *proxy, const struct proxy_mesh *mesh);

/* One bit of what is passed on next is another. */
void proxy_flip(struct proxy *proxy, uint32_t from, uint32_t to);

/* The connection that passes something on next ends within a record of the channel. */
void proxy_break(struct proxy *proxy, uint32_t from, uint32_t to);

struct proxy_figures proxy_look(struct proxy *proxy, uint32_t from, uint32_t to);

#endif
