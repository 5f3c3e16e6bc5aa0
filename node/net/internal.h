/* SPDX-License-Identifier: Apache-2.0
 * What net.c (peers, sending, dialling) and greeting.c (hello, receiving) share.
 *
 * Locks: keeper.lock guards all connections and peers; peer.sending is held while a frame is sent
 * to a peer, and is taken after it. No callback of the owner is called under either. */
#ifndef VIGIL_NODE_NET_INTERNAL_H
#define VIGIL_NODE_NET_INTERNAL_H

#include "common/prng.h"
#include "node/net/net.h"
#include "node/net/session.h"

enum {
    NET_HELLO_MAX = 1024, /* a frame of somebody we do not know yet */
    NET_WHY_TEXT = 480,
};

/* A dialled connection is GREETING once it is there, UP with the answer to our hello; an accepted
 * one GREETING from the start, UP with a good hello. Both begin with the channel's handshake.
 * ENDED: nothing it says counts any more. */
enum conn_state { CONN_DIALLING, CONN_GREETING, CONN_UP, CONN_ENDED };

struct peer;

struct conn {
    struct net_session session;
    struct net *net;
    struct peer *peer;     /* NULL while an accepted one has not shown its key */
    vg_channel_public key; /* that the peer was dialled for, or has shown */
    bool dialled;
    bool at_door;         /* with keeper.lock: accepted, not UP, not over, and not turned away */
    atomic_bool replaced; /* by a newer connection or other keys of the same peer, or its peer is
                             evicted; or at the door, by whoever */
    /* For callbacks of the link alone, which come one by one: */
    enum conn_state state;
    bool outdated;     /* we are, says the peer */
    vg_id incarnation; /* as the channel has it */
    uint64_t hello_sent_us;
    enum vg_code code; /* why it ended, when not for the link's own reason */
    char why[NET_WHY_TEXT];
};

struct peer {
    vg_node_id node;
    char *url;
    enum vg_code told; /* with the last event; VG_OK: up. For callbacks of the dialled link alone */
    bool told_any;

    /* With keeper.lock: */
    struct conn *dialled;  /* in any state, until it is over */
    struct conn *receiver; /* the accepted connection that is UP */
    uint64_t evicted_at;   /* 0: it is a member */
    vg_channel_public key; /* replaced by another: connections of this one end */
    uint32_t failures;     /* to dial, since we were up */
    uint64_t dial_at_us;
    vg_id incarnation; /* of its last hello */
    uint32_t replaced; /* receivers by others, since then: */
    uint64_t replacing_since_us;

    pthread_mutex_t sending;
    struct conn *sender; /* the dialled connection while it is UP; changed with keeper.lock too */

    atomic_uint_fast64_t frames_in, frames_out, bytes_in, bytes_out;
    atomic_uint_fast64_t dropped_busy, dropped_down, dials, silences;
    atomic_uint_fast64_t asked_us; /* the first question that none of its frames came after; 0 */
    atomic_uint rtt_us;
};

struct net {
    struct net_keeper keeper;
    struct net_config config; /* its pointers are not kept */
    struct net_callbacks callbacks;
    void *context;
    struct dial_listener *listener;
    struct vg_prng prng;
    uint32_t handshakes; /* connections at the door */
    uint64_t accepted;
    struct net_door door;
    uint32_t peer_count;
    struct peer peers[VG_NODES_MAX];
};

/* Events of links whose context is a struct conn. */
extern const struct dial_events net_dialled_events;

/* `accepted` of the listener; its context is the struct net. */
void net_accepted(void *context, struct dial_link *link);

/* What dialled connections do with what their channels say. */
extern const struct net_session_calls net_dialled_calls;

/* The peer with this id; NULL if there is none. */
struct peer *net_find_peer(struct net *net, vg_node_id node);

#endif
