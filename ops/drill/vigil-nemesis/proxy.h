/* SPDX-License-Identifier: Apache-2.0
 * What is between the nodes of a development cluster: every connection of one to another goes
 * through here, and each direction between two nodes can be cut, delayed and damaged. One thread of
 * its own; the functions may be called from any. */
#ifndef VIGIL_OPS_DRILL_VIGIL_NEMESIS_PROXY_H
#define VIGIL_OPS_DRILL_VIGIL_NEMESIS_PROXY_H

#include "ops/dev/cluster.h"

struct proxy;

/* Starts it for a cluster that was made and does not run yet, and points the nodes' configurations
 * at it. The cluster outlives it. */
enum vg_code proxy_start(const struct dev_cluster *cluster, struct proxy **out,
                         struct vg_error *error);
void proxy_stop(struct proxy *proxy);

/* `from` and `to` are places of nodes in the cluster.
 * Cut: what one sends does not reach the other; it is held, as far as the kernel has room, and
 * comes late when the link is whole again. */
void proxy_cut(struct proxy *proxy, uint32_t from, uint32_t to, bool cut);

/* Each piece arrives that much later, in order. */
void proxy_delay(struct proxy *proxy, uint32_t from, uint32_t to, uint32_t ms);

/* One bit of the next piece is another. */
void proxy_flip(struct proxy *proxy, uint32_t from, uint32_t to);

/* The connection ends within the next piece: half of it has arrived. */
void proxy_break(struct proxy *proxy, uint32_t from, uint32_t to);

#endif
