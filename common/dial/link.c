/* SPDX-License-Identifier: Apache-2.0
 *
 * A link counts its operations under way. While it is open one receive always is, the only way to
 * see the other side go. Closing ends them all, and the callback that leaves last tells the owner:
 * so `closed` comes once, and nothing after it.
 *
 * NNG 1.5.2 never completes an operation posted on a stream that this side has closed. So `closing`
 * is set, streams are closed and operations are posted under one lock. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/dial/internal.h"

enum {
    INBOX_SIZE = 64 * 1024,
    KEEP_SIZE = 256 * 1024, /* an idle buffer that grew beyond this gives its memory back */
    WHY_TEXT = 256,
};

struct dial_link {
    struct dial_events events;
    void *context;
    struct dial_listener *listener; /* NULL if dialled */
    char *url;                      /* NULL if accepted */
    nng_stream_dialer *dialer;
    nng_aio *dialling;
    nng_aio *receiving;
    nng_aio *sending;
    uint8_t *inbox;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    nng_stream *stream;
    unsigned under_way; /* operations whose callback has not left */
    bool quiet;         /* a failure to dial is told by dial_link_connect, not by `closed` */
    bool open;
    bool closing;
    bool over; /* `closed` has returned */
    bool send_under_way;
    int result; /* of the dial */
    struct vg_buffer queue;
    struct vg_buffer flight; /* what the send under way takes from */
    size_t flight_done;
    char why[WHY_TEXT];
};

nng_aio *dial_aio_new(void (*done)(void *), void *argument)
{
    nng_aio *aio = NULL;
    if (nng_aio_alloc(&aio, done, argument) != 0)
        abort();
    return aio;
}

const char *dial_reason(int result)
{
    switch (result) {
    case NNG_ECONNSHUT:
    case NNG_ECONNRESET:
    case NNG_ECLOSED:
        return "the other side closed the connection";
    case NNG_ECONNREFUSED:
    case NNG_ENOENT:
        return "nobody listens there";
    case NNG_ETIMEDOUT:
        return "no answer in time";
    default:
        return nng_strerror(result);
    }
}

/* Under the lock. The first reason stays. */
static void shut(struct dial_link *link, const char *why)
{
    if (link->closing)
        return;
    link->closing = true;
    (void)snprintf(link->why, sizeof link->why, "%s", why);
    if (link->stream != NULL)
        nng_stream_close(link->stream);
    else if (link->dialling != NULL)
        nng_aio_cancel(link->dialling);
}

/* Under the lock. */
static void receive_more(struct dial_link *link)
{
    if (link->closing)
        return;
    nng_iov iov = {.iov_buf = link->inbox, .iov_len = INBOX_SIZE};
    nng_aio_set_iov(link->receiving, 1, &iov);
    link->under_way++;
    nng_stream_recv(link->stream, link->receiving);
}

/* Under the lock. All of `flight` is sent: what has come since is next. */
static void turn_buffers(struct dial_link *link)
{
    struct vg_buffer sent = link->flight;
    vg_buffer_clear(&sent);
    if (sent.capacity > KEEP_SIZE)
        vg_buffer_free(&sent);
    link->flight = link->queue;
    link->queue = sent;
    link->flight_done = 0;
}

/* Under the lock. */
static void send_more(struct dial_link *link)
{
    if (link->send_under_way || link->closing)
        return;
    if (link->flight_done == link->flight.size)
        turn_buffers(link);
    size_t left = link->flight.size - link->flight_done;
    if (left == 0)
        return;
    nng_iov iov = {.iov_buf = link->flight.data + link->flight_done, .iov_len = left};
    nng_aio_set_iov(link->sending, 1, &iov);
    link->send_under_way = true;
    link->under_way++;
    nng_stream_send(link->stream, link->sending);
}

/* The end of every callback, without the lock; its caller must not touch the link afterwards. */
static void leave(struct dial_link *link)
{
    pthread_mutex_lock(&link->lock);
    bool last = --link->under_way == 0;
    bool tell = last && !link->quiet;
    pthread_mutex_unlock(&link->lock);
    if (!last)
        return;
    if (tell)
        link->events.closed(link->context, link, link->why);
    pthread_mutex_lock(&link->lock);
    link->over = true;
    pthread_cond_broadcast(&link->changed);
    pthread_mutex_unlock(&link->lock);
}

static void received(void *argument)
{
    struct dial_link *link = argument;
    int result = nng_aio_result(link->receiving);
    pthread_mutex_lock(&link->lock);
    if (result != 0)
        shut(link, dial_reason(result));
    bool deliver = !link->closing;
    pthread_mutex_unlock(&link->lock);
    if (deliver) {
        size_t size = nng_aio_count(link->receiving);
        link->events.received(link->context, link, vg_span_of(link->inbox, size));
        pthread_mutex_lock(&link->lock);
        receive_more(link);
        pthread_mutex_unlock(&link->lock);
    }
    leave(link);
}

static void sent(void *argument)
{
    struct dial_link *link = argument;
    int result = nng_aio_result(link->sending);
    pthread_mutex_lock(&link->lock);
    link->send_under_way = false;
    if (result != 0)
        shut(link, dial_reason(result));
    else
        link->flight_done += nng_aio_count(link->sending);
    send_more(link);
    pthread_mutex_unlock(&link->lock);
    leave(link);
}

/* Under the lock. NNG 1.5.2 may call a dial done while the kernel still connects: its poller takes
 * the hang-up of a socket that has not begun for the end. Sending nothing ends when it is. */
static bool probe_follows(struct dial_link *link)
{
    if (link->result != 0 || link->stream != NULL)
        return false;
    link->stream = nng_aio_get_output(link->dialling, 0);
    if (link->closing) {
        nng_stream_close(link->stream);
        return false;
    }
    nng_iov nothing = {.iov_buf = link->inbox, .iov_len = 0};
    nng_aio_set_iov(link->dialling, 1, &nothing);
    nng_stream_send(link->stream, link->dialling);
    return true;
}

/* Under the lock. */
static void settle(struct dial_link *link)
{
    if (link->result != 0) {
        char why[WHY_TEXT];
        (void)snprintf(why, sizeof why, "%s: %s", link->url, dial_reason(link->result));
        shut(link, why);
    }
    if (link->closing)
        return;
    link->open = true;
    link->quiet = false;
    pthread_cond_broadcast(&link->changed);
}

static void dialled(void *argument)
{
    struct dial_link *link = argument;
    pthread_mutex_lock(&link->lock);
    link->result = nng_aio_result(link->dialling);
    bool goes_on = probe_follows(link);
    if (!goes_on)
        settle(link);
    bool open = link->open;
    pthread_mutex_unlock(&link->lock);
    if (goes_on)
        return;
    if (open) {
        if (link->events.connected != NULL)
            link->events.connected(link->context, link);
        pthread_mutex_lock(&link->lock);
        receive_more(link);
        pthread_mutex_unlock(&link->lock);
    }
    leave(link);
}

static struct dial_link *link_new(void)
{
    struct dial_link *link = vg_alloc_zero(1, sizeof *link);
    pthread_mutex_init(&link->lock, NULL);
    pthread_cond_init(&link->changed, NULL);
    return link;
}

static void link_prepare(struct dial_link *link, const struct dial_events *events, void *context)
{
    link->events = *events;
    link->context = context;
    link->inbox = vg_alloc(INBOX_SIZE);
    link->receiving = dial_aio_new(received, link);
    link->sending = dial_aio_new(sent, link);
}

/* No operation of the link is under way and none will be. */
static void link_release(struct dial_link *link)
{
    if (link->dialer != NULL)
        nng_stream_dialer_free(link->dialer);
    if (link->stream != NULL)
        nng_stream_free(link->stream);
    if (link->listener != NULL)
        dial_listener_unref(link->listener);
    vg_buffer_free(&link->queue);
    vg_buffer_free(&link->flight);
    pthread_cond_destroy(&link->changed);
    pthread_mutex_destroy(&link->lock);
    free(link->inbox);
    free(link->url);
    free(link);
}

static void aio_end(nng_aio *aio)
{
    if (aio == NULL)
        return;
    nng_aio_stop(aio);
    nng_aio_free(aio);
}

/* NULL, with *error set, when there is nothing to wait for. */
static struct dial_link *start(const char *url, uint32_t timeout_ms,
                               const struct dial_events *events, void *context, bool quiet,
                               struct dial_link **out, struct vg_error *error)
{
    if (dial_url_check(url, error) != VG_OK)
        return NULL;
    nng_stream_dialer *dialer = NULL;
    int result = nng_stream_dialer_alloc(&dialer, url);
    if (result != 0) {
        vg_fail(error, VG_UNAVAILABLE, "%s: %s", url, nng_strerror(result));
        return NULL;
    }
    /* Fails for ipc, which has no such delay. */
    (void)nng_stream_dialer_set_bool(dialer, NNG_OPT_TCP_NODELAY, true);
    struct dial_link *link = link_new();
    link_prepare(link, events, context);
    link->url = vg_strdup(url);
    link->dialer = dialer;
    link->quiet = quiet;
    link->dialling = dial_aio_new(dialled, link);
    nng_aio_set_timeout(link->dialling, (nng_duration)timeout_ms);
    link->under_way = 1;
    *out = link; /* before anything can be called */
    nng_stream_dialer_dial(dialer, link->dialling);
    return link;
}

enum vg_code dial_link_start(const char *url, uint32_t timeout_ms, const struct dial_events *events,
                             void *context, struct dial_link **out, struct vg_error *error)
{
    struct vg_error own;
    error = error == NULL ? &own : error;
    return start(url, timeout_ms, events, context, false, out, error) == NULL ? error->code : VG_OK;
}

enum vg_code dial_link_connect(const char *url, uint32_t timeout_ms,
                               const struct dial_events *events, void *context,
                               struct dial_link **out, struct vg_error *error)
{
    struct vg_error own;
    error = error == NULL ? &own : error;
    struct dial_link *link = start(url, timeout_ms, events, context, true, out, error);
    if (link == NULL)
        return error->code;
    pthread_mutex_lock(&link->lock);
    while (!link->open && !link->over)
        pthread_cond_wait(&link->changed, &link->lock);
    bool open = link->open;
    pthread_mutex_unlock(&link->lock);
    if (open)
        return VG_OK;
    enum vg_code code = vg_fail(error, link->result == NNG_ETIMEDOUT ? VG_TIMEOUT : VG_UNAVAILABLE,
                                "%s; is the node running?", link->why);
    *out = NULL;
    dial_link_free(link);
    return code;
}

struct dial_link *dial_link_accepted(nng_stream *stream, struct dial_listener *listener)
{
    struct dial_link *link = link_new();
    link->stream = stream;
    link->listener = listener;
    return link;
}

void dial_link_drop(struct dial_link *link)
{
    link_release(link);
}

void dial_link_begin(struct dial_link *link, const struct dial_events *events, void *context)
{
    dial_listener_begun(link->listener);
    link_prepare(link, events, context);
    pthread_mutex_lock(&link->lock);
    link->open = true;
    receive_more(link);
    pthread_mutex_unlock(&link->lock);
}

enum vg_code dial_link_send(struct dial_link *link, vg_span bytes, size_t queue_max)
{
    enum vg_code code = VG_OK;
    pthread_mutex_lock(&link->lock);
    size_t waiting = link->queue.size + link->flight.size - link->flight_done;
    if (!link->open || link->closing) {
        code = VG_UNAVAILABLE;
    } else if (bytes.size > queue_max || waiting > queue_max - bytes.size) {
        code = VG_BUSY;
    } else {
        vg_buffer_append(&link->queue, bytes.data, bytes.size);
        send_more(link);
    }
    pthread_mutex_unlock(&link->lock);
    return code;
}

size_t dial_link_queued(struct dial_link *link)
{
    pthread_mutex_lock(&link->lock);
    size_t waiting = link->queue.size + link->flight.size - link->flight_done;
    pthread_mutex_unlock(&link->lock);
    return waiting;
}

void dial_link_close(struct dial_link *link)
{
    pthread_mutex_lock(&link->lock);
    shut(link, "closed by this side");
    pthread_mutex_unlock(&link->lock);
}

void dial_link_free(struct dial_link *link)
{
    dial_link_close(link);
    pthread_mutex_lock(&link->lock);
    while (!link->over)
        pthread_cond_wait(&link->changed, &link->lock);
    pthread_mutex_unlock(&link->lock);
    aio_end(link->dialling);
    aio_end(link->receiving);
    aio_end(link->sending);
    link_release(link);
}
