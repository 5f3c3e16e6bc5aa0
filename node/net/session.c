/* SPDX-License-Identifier: Apache-2.0 */
#include "node/net/session.h"

#include <signal.h>
#include <utlist.h>

#include "common/clock.h"

enum { SWEEP_US = 1000 * 1000 }; /* deadlines that moved without a wake are seen within this */

enum vg_code net_session_receive(struct net_session *session, vg_span bytes,
                                 enum vg_code (*take)(struct net_session *session,
                                                      const struct wire_frame *frame,
                                                      struct vg_error *error),
                                 struct vg_error *error)
{
    wire_reader_feed(&session->reader, bytes);
    for (;;) {
        struct wire_frame frame;
        enum vg_code code = wire_reader_next(&session->reader, &frame, error);
        if (code == VG_UNAVAILABLE)
            return VG_OK;
        if (code == VG_OK)
            code = take(session, &frame, error);
        if (code != VG_OK)
            return code;
    }
}

enum vg_code net_session_send(struct net_session *session, struct vg_buffer *scratch,
                              enum wire_type type, vg_span payload, size_t queue_max)
{
    vg_buffer_clear(scratch);
    wire_frame_write(scratch, type, payload);
    return dial_link_send(session->link, vg_buffer_span(scratch), queue_max);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Closes what is past its deadline; returns the next one. */
static uint64_t watch_deadlines(struct net_keeper *keeper, uint64_t now)
{
    uint64_t next = keeper->sessions == NULL ? UINT64_MAX : now + SWEEP_US;
    struct net_session *session;
    DL_FOREACH(keeper->sessions, session)
    {
        uint64_t deadline = atomic_load(&session->deadline_us);
        if (deadline == 0 || session->over)
            continue;
        if (deadline > now) {
            next = earlier(next, deadline);
            continue;
        }
        atomic_store(&session->expired, true);
        atomic_store(&session->deadline_us, 0);
        dial_link_close(session->link);
    }
    return next;
}

static struct net_session *take_over(struct net_keeper *keeper)
{
    struct net_session *ended = NULL;
    struct net_session *session;
    struct net_session *following;
    DL_FOREACH_SAFE(keeper->sessions, session, following)
    {
        if (!session->over)
            continue;
        DL_DELETE(keeper->sessions, session);
        DL_APPEND(ended, session);
    }
    return ended;
}

static void free_all(struct net_keeper *keeper, struct net_session *ended)
{
    struct net_session *session;
    struct net_session *following;
    DL_FOREACH_SAFE(ended, session, following)
    {
        dial_link_free(session->link);
        wire_reader_free(&session->reader);
        keeper->release(session);
    }
}

static void wait_until(struct net_keeper *keeper, uint64_t until_us)
{
    if (until_us == UINT64_MAX) {
        pthread_cond_wait(&keeper->wake, &keeper->lock);
        return;
    }
    struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                             .tv_nsec = (long)(until_us % 1000000) * 1000};
    (void)pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until);
}

static void *keep(void *argument)
{
    struct net_keeper *keeper = argument;
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->stopping || keeper->sessions != NULL) {
        struct net_session *ended = take_over(keeper);
        if (ended != NULL) {
            pthread_mutex_unlock(&keeper->lock);
            free_all(keeper, ended);
            pthread_mutex_lock(&keeper->lock);
            continue;
        }
        uint64_t now = vg_clock_system.monotonic_us();
        uint64_t next = watch_deadlines(keeper, now);
        if (keeper->tick != NULL && !keeper->stopping)
            next = earlier(next, keeper->tick(keeper->context, now));
        wait_until(keeper, next);
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

/* The thread gets no signals: they are the loop's. */
static int thread_start(struct net_keeper *keeper)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&keeper->thread, NULL, keep, keeper);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

enum vg_code net_keeper_start(struct net_keeper *keeper, struct vg_error *error)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    int result = thread_start(keeper);
    if (result == 0)
        return VG_OK;
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->lock);
    return vg_fail(error, VG_UNAVAILABLE,
                   "cannot start a thread: %s; is a limit reached (ulimit -u)?", strerror(result));
}

void net_keeper_add(struct net_keeper *keeper, struct net_session *session)
{
    DL_APPEND(keeper->sessions, session);
    net_keeper_wake(keeper);
}

void net_keeper_end(struct net_keeper *keeper, struct net_session *session)
{
    session->over = true;
    net_keeper_wake(keeper);
}

void net_keeper_wake(struct net_keeper *keeper)
{
    pthread_cond_signal(&keeper->wake);
}

void net_keeper_stop(struct net_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->stopping = true;
    struct net_session *session;
    DL_FOREACH(keeper->sessions, session)
    {
        if (!session->over)
            dial_link_close(session->link);
    }
    net_keeper_wake(keeper);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->lock);
}
