/* SPDX-License-Identifier: Apache-2.0
 * One connection of a peer or client, and the keeper who looks after many.
 *
 * Bytes become frames and frames become bytes here and nowhere else: this is the one place of the
 * secure channel to come. It will open what a link received before the reader sees it, and seal
 * what the writer wrote before a link queues it. */
#ifndef VIGIL_NODE_NET_SESSION_H
#define VIGIL_NODE_NET_SESSION_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/dial/link.h"
#include "proto/wire/frame.h"

/* The first member of whatever a peer's or client's connection is. */
struct net_session {
    struct dial_link *link;
    struct wire_reader reader; /* for callbacks of the link alone */
    /* Monotonic; past it the keeper sets `expired` and closes the link. 0: no limit. */
    atomic_uint_fast64_t deadline_us;
    atomic_bool expired;
    bool over; /* with the keeper's lock; the keeper frees it soon */
    struct net_session *prev;
    struct net_session *next;
};

/* Cuts bytes into frames and hands each to `take`, until there is no whole one (VG_OK), one is bad
 * (VG_INVALID, VG_INTEGRITY), or `take` returns something else than VG_OK. */
enum vg_code net_session_receive(struct net_session *session, vg_span bytes,
                                 enum vg_code (*take)(struct net_session *session,
                                                      const struct wire_frame *frame,
                                                      struct vg_error *error),
                                 struct vg_error *error);

/* Makes a frame in `scratch`, whose content is lost, and queues it. Codes of dial_link_send. */
enum vg_code net_session_send(struct net_session *session, struct vg_buffer *scratch,
                              enum wire_type type, vg_span payload, size_t queue_max);

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
