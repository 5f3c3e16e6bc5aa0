/* SPDX-License-Identifier: Apache-2.0
 * What the connections of one door share: the terms of their channels, how often a handshake may be
 * opened, and who was refused. Any thread. */
#ifndef VIGIL_NODE_NET_DOOR_H
#define VIGIL_NODE_NET_DOOR_H

#include <pthread.h>

#include "proto/channel/channel.h"

/* Why a connection was closed by this node, or a frame not taken. */
#define NET_REFUSALS(X)                                                                            \
    X(RATE, "handshakes-too-fast")  /* more of them a second than are opened */                    \
    X(CROWD, "too-many-handshakes") /* more of them at a time */                                   \
    X(SLOW, "no-handshake-in-time") /* who it is was not said within hello_timeout_ms */           \
    X(HANDSHAKE, "bad-handshake")   /* no handshake, or not one for this key, cluster and door */  \
    X(STRANGER, "not-known")        /* a key that is not a member's, or, to clients' door, not a   \
                                       person's who is enrolled and not expelled */                \
    X(RECORD, "bad-record")         /* altered, replayed, left out, or not in order */             \
    X(FRAME, "bad-frame")           /* inside the channel: oversize, or of another version */      \
    X(TYPE, "unexpected-frame")     /* a type that does not belong there, a second hello */        \
    X(HELLO, "bad-hello")           /* not one we understand, or not that of the key */            \
    X(IDENTITY, "identity-in-use")  /* our own key, or another incarnation of a connected node */  \
    X(OLDER, "older-folder")        /* a folder that has forgotten what it promised */             \
    X(EVICTED, "evicted")           /* the key of a node that is a member no longer */

enum net_refusal {
#define X(symbol, name) NET_REFUSED_##symbol,
    NET_REFUSALS(X)
#undef X
        NET_REFUSAL_COUNT
};

/* The name of a refusal ("bad-frame"); never NULL. */
const char *net_refusal_name(enum net_refusal refusal);

struct net_door {
    struct channel_terms terms;
    uint32_t handshakes_per_s; /* and as many at once */
    pthread_mutex_t lock;      /* guards what follows; taken last */
    uint64_t refilled_us;
    uint64_t tokens_us; /* what is left, in microseconds of refilling */
    uint64_t refused[NET_REFUSAL_COUNT];
    uint64_t logged_us[NET_REFUSAL_COUNT];
};

/* `terms` are copied; what they borrow is borrowed until the door is closed. */
void net_door_open(struct net_door *door, const struct channel_terms *terms,
                   uint32_t handshakes_per_s);
void net_door_close(struct net_door *door);

/* Whether one more handshake may be opened now; before any key is used for it. */
bool net_door_may_open(struct net_door *door);

/* Counts, and logs when nothing of the kind was logged for a while: strangers do not fill disks. */
void net_door_refuse(struct net_door *door, enum net_refusal refusal, const char *why);

/* A copy of the counts. */
void net_door_refused(struct net_door *door, uint64_t out[NET_REFUSAL_COUNT]);

#endif
