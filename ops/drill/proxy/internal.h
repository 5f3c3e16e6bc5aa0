/* SPDX-License-Identifier: Apache-2.0
 * Links and the connections that go over them; all on the proxy's thread. */
#ifndef VIGIL_OPS_DRILL_PROXY_INTERNAL_H
#define VIGIL_OPS_DRILL_PROXY_INTERNAL_H

#include <stdatomic.h>
#include <uv.h>

#include "ops/drill/proxy/proxy.h"

struct flow;
struct order;

/* What one node sends to another. */
struct link {
    struct proxy *proxy;
    struct link *back;
    uv_tcp_t listener;         /* that the sender dials */
    struct sockaddr_in target; /* the peer address of the other */
    struct proxy_terms terms;
    struct vg_prng prng;
    bool flips, breaks; /* what is passed on next */
    uint64_t busy_us;   /* as proxy_busy_us has it */
    struct flow *flows; /* who had its turn last is last */
    uv_timer_t alarm;
    uint64_t alarm_us; /* 0: none is set */
    struct proxy_figures figures;
};

struct proxy {
    uv_loop_t loop;
    uv_thread_t thread;
    uint32_t nodes;
    struct link links[VG_NODES_MAX][VG_NODES_MAX]; /* from, to */
    struct dev_routes routes;
    uint32_t connections;
    uint8_t scratch[PROXY_CHUNK_MAX]; /* what is read goes here first */
    uv_mutex_t calling;               /* held by the one who gives an order */
    uv_async_t wake;
    uv_sem_t done;
    _Atomic(struct order *) order;
};

/* Takes the next connection of the listener. */
void link_accept(struct link *link);

/* Does what is due, by the terms as they are now. */
void link_turn(struct link *link);

/* Ends every connection that uses it. */
void link_drop(struct link *link);

#endif
