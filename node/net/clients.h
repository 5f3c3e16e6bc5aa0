/* SPDX-License-Identifier: Apache-2.0
 * Connections of `vigil` to this node: requests in, responses out, in channels and frames as those
 * of peers but with no hello. What a request means is node/api's. */
#ifndef VIGIL_NODE_NET_CLIENTS_H
#define VIGIL_NODE_NET_CLIENTS_H

#include "common/error.h"
#include "common/mem.h"
#include "node/net/door.h"
#include "proto/wire/frame.h"

struct net_clients;

/* A field of 0 has the default named behind it. Borrowed during net_clients_start alone. */
struct net_clients_config {
    const char *url;
    struct channel_terms terms; /* but for the door; what they borrow is, until net_clients_stop */
    uint32_t hello_timeout_ms;  /* from connection to open channel; 2000 */
    uint32_t handshakes_max;    /* connections whose channel is not open; one more turns out the
                                   oldest that has shown no key of somebody's; 64 */
    uint32_t handshakes_per_s;  /* opened, and as many at once; 200 */
    uint32_t sessions_max;      /* connections at a time; more are closed at once; 256 */
    uint32_t in_flight_max; /* requests unanswered of one session; more are answered VG_BUSY; 64 */
    uint32_t in_flight_total_max;     /* of all sessions together; 1024 */
    size_t in_flight_bytes_max;       /* the same in bytes of requests: of one session; 8 MiB; */
    size_t in_flight_bytes_total_max; /* of all together; 64 MiB */
    size_t queue_max;                 /* response bytes waiting for one session; 8 MiB */
    uint32_t idle_ms;                 /* a session silent and owed nothing is closed; 60000 */
};

struct net_clients_callbacks {
    /* Whether who has this key may come in. Called on NNG's threads under a lock:
     * must not block, nor call anything of this header. */
    bool (*admits)(void *context, const vg_channel_public *theirs);
    /* A payload of WIRE_REQUEST. To be answered exactly once with net_clients_send, which may be
     * called from in here; `asked` names the request and its session until then. The callee owns
     * one reference. Called on NNG's threads, one call at a time per session; must not block. */
    void (*request)(void *context, uint64_t asked, struct vg_blob *payload);
    /* A session is over: answers to it go nowhere. May be NULL. */
    void (*gone)(void *context);
};

/* Listens. VG_INVALID and VG_UNAVAILABLE name the URL and the remedy. */
enum vg_code net_clients_start(const struct net_clients_config *config,
                               const struct net_clients_callbacks *callbacks, void *context,
                               struct net_clients **out, struct vg_error *error);

/* Answers one request with a payload of WIRE_RESPONSE; copies it. Any thread. VG_NOT_FOUND: the
 * session is over. VG_BUSY: the client does not read, and is closed. Neither needs care. */
enum vg_code net_clients_send(struct net_clients *clients, uint64_t asked, vg_span payload);

/* Whose channel the request's session is. Any thread, not within `admits`. False: the session is
 * over. */
bool net_clients_who(struct net_clients *clients, uint64_t asked, vg_channel_public *out);

/* Asks again about everybody who is in, and closes the sessions of those who may not be any more.
 * Any thread. */
void net_clients_ask_again(struct net_clients *clients);

/* Closes every session there is; their requests are answered no more. Any thread. */
void net_clients_drop(struct net_clients *clients);

struct net_clients_stats {
    uint32_t sessions;                   /* now */
    uint32_t in_flight;                  /* now, */
    size_t in_flight_bytes;              /* and their bytes */
    uint64_t accepted;                   /* sessions so far */
    uint64_t requests;                   /* handed to the callback */
    uint64_t responses;                  /* queued to clients */
    uint64_t busy;                       /* requests refused for a bound */
    uint32_t handshakes;                 /* under way now */
    uint64_t expelled;                   /* sessions closed by net_clients_ask_again */
    uint64_t refused[NET_REFUSAL_COUNT]; /* sessions closed for what they sent, or who they are */
    uint64_t slow;                       /* sessions closed because they did not read */
    uint64_t idle;                       /* sessions closed because they were silent */
};

/* A copy of the counters. Any thread. */
void net_clients_stats_read(struct net_clients *clients, struct net_clients_stats *out);

/* Stops listening, closes every session, waits for the callbacks under way, frees. After it
 * returns no callback comes. Not from a callback. */
void net_clients_stop(struct net_clients *clients);

#endif
