/* SPDX-License-Identifier: Apache-2.0
 * Connections between nodes. Each node dials every peer and sends on the connection it dialled; it
 * receives on those it accepted. Both begin with the channel's handshake and, inside, a hello.
 * Nothing here blocks its caller, and a slow, dead or rude peer costs only itself: its frames are
 * dropped and counted. Strangers are closed without an answer. */
#ifndef VIGIL_NODE_NET_NET_H
#define VIGIL_NODE_NET_NET_H

#include "common/error.h"
#include "common/mem.h"
#include "node/net/door.h"
#include "proto/wire/frame.h"
#include "proto/wire/peer.h"

struct net;

struct net_peer {
    vg_node_id node;
    const char *url;
    vg_channel_public key;
    uint64_t evicted_at; /* ms since 1970; 0: it is a member. Else as after net_evict */
};

/* A field of 0 has the default named behind it. Everything is borrowed during net_start alone. */
struct net_config {
    const char *listen_url;         /* where peers reach this node; see dial_url_check */
    struct wire_hello self;         /* of this node, but for what `greets` fills in */
    const struct noise_static *key; /* of this node; borrowed until net_stop */
    const struct net_peer *peers;   /* the other members, at most VG_NODES_MAX */
    uint32_t peer_count;
    uint64_t seed;             /* of the jitter of redials */
    size_t queue_max;          /* bytes waiting for one peer; 8 MiB */
    uint32_t dial_timeout_ms;  /* 1000 */
    uint32_t hello_timeout_ms; /* from connection to accepted hello, handshake and all; 2000 */
    uint32_t redial_min_ms;    /* first pause after a failure, doubled by each further one; 20 */
    uint32_t redial_max_ms;    /* 500 */
    uint32_t handshakes_max;   /* accepted connections that have not said who they are; one more
                                  turns out another; 32 */
    uint32_t handshakes_per_s; /* opened, and as many at once; 200 */
    uint32_t silence_max_ms;   /* from a frame sent to any frame of that peer; must be more than
                                  the pause between two of its frames. Then both connections with
                                  it are closed and it is dialled anew: a cut cable gives no sign
                                  of its own for minutes. 5000 */
};

/* A peer can be reached, or no longer, or could not be (told once until `code` changes). */
struct net_peer_event {
    vg_node_id node;
    bool up;
    enum vg_code code; /* up: VG_OK. VG_UNAVAILABLE: gone or not reached. VG_EXISTS: another process
                          lives under our identity, says the peer: it refused us, or took another
                          in our place. VG_FORBIDDEN: it refused us, or is not who the configuration
                          says. VG_INTEGRITY: it broke the protocol. VG_EXPIRED: this node is
                          evicted, it says */
    bool outdated;     /* VG_INTEGRITY: it remembers more of us than our folder has, and says so */
    const char *why;   /* a sentence; borrowed during the call */
    uint32_t rtt_us;   /* up: time from our hello to its answer */
};

/* Called on NNG's threads, several at a time; but the calls of `peer` for one peer come one after
 * the other, and so do the frames of one connection. They must not block, nor call net_stop;
 * net_send is fine. */
struct net_callbacks {
    /* A whole, undamaged frame of a member; type is never WIRE_HELLO. The callee owns one reference
     * of `payload`, whose bytes are as hostile as any. */
    void (*frame)(void *context, vg_node_id from, enum wire_type type, struct vg_blob *payload);
    void (*peer)(void *context, const struct net_peer_event *event);
    /* Fills in what a hello to `peer` says of this node's disk now. May be NULL. */
    void (*greets)(void *context, vg_node_id peer, struct wire_hello *hello);
    /* A member that dials us says hello, and nothing else is wrong with that. VG_OK takes it; else
     * it is refused with `why`, which it is told (NET_REFUSED_OLDER). May be NULL. */
    enum vg_code (*greeted)(void *context, const struct wire_hello *hello, struct vg_error *why);
};

/* Listens, starts to dial, and returns at once. VG_INVALID for a URL dial_url_check refuses, and
 * VG_UNAVAILABLE ("port in use") name the URL and the remedy. */
enum vg_code net_start(const struct net_config *config, const struct net_callbacks *callbacks,
                       void *context, struct net **out, struct vg_error *error);

/* Queues one frame; copies the payload. Any thread. VG_OK says no more than queued. VG_BUSY: the
 * queue is full; VG_UNAVAILABLE: the peer is down; VG_NOT_FOUND: no such peer. In each of these
 * the frame is dropped and counted. */
enum vg_code net_send(struct net *net, vg_node_id to, enum wire_type type, vg_span payload);

/* The node has this channel key from here on: connections under another end, and its former key is
 * a stranger's. The key that it has is fine. Any thread. */
void net_rekey(struct net *net, vg_node_id node, const vg_channel_public *key);

/* The node is a member no longer, and was since `at` (ms since 1970): both connections with it end,
 * no frame of it is taken from here on, it is never dialled again, and when it comes it is told
 * that and nothing else (NET_REFUSED_EVICTED). For good; again is fine. Any thread. */
void net_evict(struct net *net, vg_node_id node, uint64_t at);

struct net_peer_stats {
    vg_node_id node;
    bool up;        /* we can send */
    bool receiving; /* its connection to us lives */
    uint32_t rtt_us;
    size_t queued; /* bytes */
    uint64_t frames_in, frames_out;
    uint64_t bytes_in, bytes_out; /* payloads */
    uint64_t dropped_busy, dropped_down;
    uint64_t dials;    /* attempts so far */
    uint64_t silences; /* given up since nothing came back */
};

struct net_stats {
    uint64_t accepted;
    uint64_t refused[NET_REFUSAL_COUNT];
    uint32_t handshakes; /* under way now, accepted side */
    uint32_t peer_count;
    struct net_peer_stats peers[VG_NODES_MAX];
};

/* A copy of the counters. Any thread. */
void net_stats_read(struct net *net, struct net_stats *out);

/* Whether frames go both ways between this node and that peer. */
bool net_stats_up(const struct net_stats *stats, vg_node_id node);

/* Stops listening, closes every connection, waits for the callbacks under way, frees. Bounded by
 * the callbacks alone. After it returns no callback comes. Not from a callback. */
void net_stop(struct net *net);

#endif
