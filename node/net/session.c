/* SPDX-License-Identifier: Apache-2.0 */
#include "node/net/session.h"

#include <signal.h>
#include <utlist.h>

#include "common/clock.h"
#include "common/identity.h"

enum {
    SWEEP_US = 1000 * 1000,  /* deadlines that moved without a wake are seen within this */
    KEEP_SIZE = 1024 * 1024, /* of a buffer between two frames */
};

/* ---- the channel -----------------------------------------------------------------------------
 */

void net_session_prepare(struct net_session *session, struct net_door *door,
                         const struct net_session_calls *calls, size_t frame_max)
{
    session->door = door;
    session->calls = calls;
    session->line.reader.frame_max = frame_max;
    pthread_mutex_init(&session->sending, NULL);
}

void net_session_end(struct net_session *session)
{
    wire_line_end(&session->line);
    vg_buffer_free(&session->out);
    pthread_mutex_destroy(&session->sending);
}

void net_session_await(struct net_session *session, struct net_door *door,
                       const struct net_session_calls *calls, size_t frame_max)
{
    net_session_prepare(session, door, calls, frame_max);
    channel_await(&session->line.channel, &door->terms);
}

/* With `sending`. A link that fails to take it says so by its end. */
static void send_out(struct net_session *session)
{
    if (session->out.size > 0)
        (void)dial_link_send(session->link, vg_buffer_span(&session->out), SIZE_MAX);
    vg_buffer_clear(&session->out);
}

enum vg_code net_session_dial(struct net_session *session, const vg_channel_public *theirs,
                              struct vg_error *error)
{
    uint8_t seed[VG_SEED_SIZE];
    vg_random(seed, sizeof seed);
    pthread_mutex_lock(&session->sending);
    enum vg_code code = channel_dial(&session->line.channel, &session->door->terms, theirs, seed,
                                     &session->out, error);
    send_out(session);
    pthread_mutex_unlock(&session->sending);
    vg_wipe(seed, sizeof seed);
    return code;
}

static enum vg_code admit(struct net_session *session, struct vg_error *error)
{
    uint8_t seed[VG_SEED_SIZE];
    vg_random(seed, sizeof seed);
    pthread_mutex_lock(&session->sending);
    enum vg_code code = channel_admit(&session->line.channel, seed, &session->out, error);
    send_out(session);
    pthread_mutex_unlock(&session->sending);
    vg_wipe(seed, sizeof seed);
    return code;
}

/* Until it is open, what comes may have an answer. Then nobody who sends is waited for. */
static enum vg_code next_event(struct net_session *session, struct wire_line_event *event,
                               struct vg_error *error)
{
    struct channel *channel = &session->line.channel;
    if (channel->opened)
        return wire_line_next(&session->line, event, NULL, error);
    if (channel->state == CHANNEL_AWAITED && channel_due(channel) &&
        !net_door_may_open(session->door))
        return vg_fail(error, VG_BUSY, "more than %u handshakes in a second",
                       session->door->handshakes_per_s);
    pthread_mutex_lock(&session->sending);
    enum vg_code code = wire_line_next(&session->line, event, &session->out, error);
    send_out(session);
    pthread_mutex_unlock(&session->sending);
    return code;
}

static enum vg_code tell(struct net_session *session, const struct wire_line_event *event,
                         struct vg_error *error)
{
    enum vg_code code = VG_OK;
    switch (event->kind) {
    case WIRE_LINE_ASKS:
        code = session->calls->asks(session, &event->theirs, error);
        return code == VG_OK ? admit(session, error) : code;
    case WIRE_LINE_OPENED:
        return session->calls->opened(session, &event->incarnation, error);
    case WIRE_LINE_FRAME:
        return session->calls->take(session, &event->frame, error);
    }
    return code;
}

enum vg_code net_session_receive(struct net_session *session, vg_span bytes, struct vg_error *error)
{
    enum vg_code code = VG_OK;
    wire_line_feed(&session->line, bytes);
    while (code == VG_OK) {
        struct wire_line_event event;
        code = next_event(session, &event, error);
        if (code == VG_UNAVAILABLE)
            return VG_OK;
        if (code == VG_OK)
            code = tell(session, &event, error);
    }
    return code;
}

enum net_refusal net_session_refusal(const struct net_session *session, enum vg_code code)
{
    const struct channel *channel = &session->line.channel;
    if (channel->state != CHANNEL_BROKEN)
        return code == VG_BUSY ? NET_REFUSED_RATE : NET_REFUSED_FRAME;
    return channel->opened ? NET_REFUSED_RECORD : NET_REFUSED_HANDSHAKE;
}

/* A buffer that grew for a large frame gives its memory back. */
static void give_back(struct vg_buffer *buffer)
{
    vg_buffer_clear(buffer);
    if (buffer->capacity > KEEP_SIZE)
        vg_buffer_free(buffer);
}

/* What would not fit must not be sealed: the other side would miss it in the order of records. */
enum vg_code net_session_send(struct net_session *session, enum wire_type type, vg_span payload,
                              size_t queue_max)
{
    size_t size = wire_line_size(payload);
    enum vg_code code = VG_BUSY;
    pthread_mutex_lock(&session->sending);
    if (size <= queue_max && dial_link_queued(session->link) <= queue_max - size) {
        wire_line_write(&session->line, type, payload, &session->out);
        code = dial_link_send(session->link, vg_buffer_span(&session->out), SIZE_MAX);
        give_back(&session->out);
        give_back(&session->line.plain);
    }
    pthread_mutex_unlock(&session->sending);
    return code;
}

/* ---- the keeper ------------------------------------------------------------------------------
 */

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
        net_session_end(session);
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
