/* SPDX-License-Identifier: Apache-2.0
 * One connection of a peer or client, and the keeper who looks after many.
 *
 * Bytes become frames and frames become bytes here and nowhere else, and the secure channel is in
 * between: what a link received is opened before anything reads it, and what is written is sealed
 * before a link queues it. */
#ifndef VIGIL_NODE_NET_SESSION_H
#define VIGIL_NODE_NET_SESSION_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/dial/link.h"
#include "node/net/door.h"
#include "proto/wire/line.h"

struct net_session;

/* Whose session it is. Called one by one on the thread of the link's callbacks; each returns VG_OK,
 * or the session goes no further. */
struct net_session_calls {
    /* Of who accepted: somebody has this key, and gets an answer on VG_OK alone. */
    enum vg_code (*asks)(struct net_session *session, const vg_channel_public *theirs,
                         struct vg_error *error);
    /* Both sides know each other; frames may be sent. */
    enum vg_code (*opened)(struct net_session *session, const vg_id *incarnation,
                           struct vg_error *error);
    enum vg_code (*take)(struct net_session *session, const struct wire_frame *frame,
                         struct vg_error *error);
};

/* The first member of whatever a peer's or client's connection is. */
struct net_session {
    struct dial_link *link;
    struct net_door *door;
    const struct net_session_calls *calls;
    pthread_mutex_t sending; /* what is sealed is queued in its order; taken before the link's */
    struct wire_line line;   /* its receiving half is for callbacks of the link alone */
    struct vg_buffer out;    /* with `sending`: what is on its way to the link */
    /* Monotonic; past it the keeper sets `expired` and closes the link. 0: no limit. */
    atomic_uint_fast64_t deadline_us;
    atomic_bool expired;
    bool over; /* with the keeper's lock; the keeper frees it soon */
    struct net_session *prev;
    struct net_session *next;
};

/* Of a connection that will be dialled, with frames of at most `frame_max` bytes: net_session_dial
 * once it is connected. Before the link's first callback. */
void net_session_prepare(struct net_session *session, struct net_door *door,
                         const struct net_session_calls *calls, size_t frame_max);
enum vg_code net_session_dial(struct net_session *session, const vg_channel_public *theirs,
                              struct vg_error *error);

/* The same of one that was accepted: it waits for who asks. */
void net_session_await(struct net_session *session, struct net_door *door,
                       const struct net_session_calls *calls, size_t frame_max);

/* Ends one whose link is gone or never was. The keeper does for those it has. */
void net_session_end(struct net_session *session);

/* Opens bytes and makes the calls, until there is nothing whole (VG_OK), something is bad
 * (VG_INVALID, VG_INTEGRITY), too much (VG_BUSY), or a call returned something else than VG_OK. */
enum vg_code net_session_receive(struct net_session *session, vg_span bytes,
                                 struct vg_error *error);

/* What net_session_receive failed for, if no call did. */
enum net_refusal net_session_refusal(const struct net_session *session, enum vg_code code);

/* Seals and queues a frame, after `opened`. Any thread. Codes of dial_link_send. */
enum vg_code net_session_send(struct net_session *session, enum wire_type type, vg_span payload,
                              size_t queue_max);

/* Frees links on a thread of its own (NNG's must not), and watches deadlines. */
struct net_keeper {
    pthread_mutex_t lock; /* of the sessions, and of whatever the owner guards with it */
    pthread_cond_t wake;
    pthread_t thread;
    struct net_session *sessions;
    bool stopping;
    /* With the lock: does what is due by `now_us`, returns when to be called next at the latest
     * (UINT64_MAX: no need). May be NULL. */
    uint64_t (*tick)(void *context, uint64_t now_us);
    /* Without the lock: frees a session whose link and reader are gone. */
    void (*release)(struct net_session *session);
    void *context;
};

/* Starts the thread; `keeper` is zero but for tick, release and context. VG_UNAVAILABLE: the system
 * has no thread left, and there is nothing to stop. */
enum vg_code net_keeper_start(struct net_keeper *keeper, struct vg_error *error);

/* With the lock: a session joins; `link` may be set until the lock is given back. */
void net_keeper_add(struct net_keeper *keeper, struct net_session *session);

/* With the lock, as the last thing `closed` of its link does: the session leaves. */
void net_keeper_end(struct net_keeper *keeper, struct net_session *session);

/* With the lock: the next tick or a deadline has come nearer. */
void net_keeper_wake(struct net_keeper *keeper);

/* Closes all sessions, waits until each is freed, ends the thread. None may be added meanwhile: the
 * listener is freed before, and there is no tick any more. */
void net_keeper_stop(struct net_keeper *keeper);

#endif
