/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdlib.h>

#include "common/dial/internal.h"

/* Where the system has no descriptor or memory left, accepting again at once would only spin. */
enum { PAUSE_MS = 100 };

struct dial_listener {
    void (*accepted)(void *context, struct dial_link *link);
    void *context;
    uint32_t links_max;
    nng_stream_listener *listener;
    nng_aio *accepting;
    bool pausing;           /* `accepting` sleeps */
    bool begun;             /* the link in `accepted` has an owner */
    atomic_uint references; /* its owner's, and one of each link that lives */
};

void dial_listener_begun(struct dial_listener *listener)
{
    listener->begun = true;
}

void dial_listener_unref(struct dial_listener *listener)
{
    if (atomic_fetch_sub(&listener->references, 1) == 1)
        free(listener);
}

static void offer(struct dial_listener *listener, nng_stream *stream)
{
    if (atomic_fetch_add(&listener->references, 1) > listener->links_max) {
        nng_stream_free(stream);
        atomic_fetch_sub(&listener->references, 1); /* the owner's remains */
        listener->accepted(listener->context, NULL);
        return;
    }
    struct dial_link *link = dial_link_accepted(stream, listener);
    listener->begun = false;
    listener->accepted(listener->context, link);
    if (!listener->begun)
        dial_link_drop(link);
}

static void accept_done(void *argument)
{
    struct dial_listener *listener = argument;
    int result = nng_aio_result(listener->accepting);
    if (result == NNG_ECLOSED || result == NNG_ECANCELED)
        return;
    if (result == 0 && !listener->pausing)
        offer(listener, nng_aio_get_output(listener->accepting, 0));
    listener->pausing = result != 0;
    if (listener->pausing)
        nng_sleep_aio(PAUSE_MS, listener->accepting);
    else
        nng_stream_listener_accept(listener->listener, listener->accepting);
}

static enum vg_code listen_failed(const char *url, int result, struct vg_error *error)
{
    switch (result) {
    case NNG_EADDRINUSE:
        return vg_fail(
            error, VG_UNAVAILABLE,
            "%s: port in use; stop the process that listens there (ss -lxtp shows it) or "
            "configure another address",
            url);
    case NNG_ENOENT:
    case NNG_EPERM:
        return vg_fail(error, VG_UNAVAILABLE,
                       "%s: cannot listen there (%s); the folder must exist and be writable", url,
                       nng_strerror(result));
    default:
        return vg_fail(error, VG_UNAVAILABLE, "%s: cannot listen there: %s", url,
                       nng_strerror(result));
    }
}

enum vg_code dial_listen(const char *url, uint32_t links_max,
                         void (*accepted)(void *context, struct dial_link *link), void *context,
                         struct dial_listener **out, struct vg_error *error)
{
    enum vg_code code = dial_url_check(url, error);
    if (code != VG_OK)
        return code;
    nng_stream_listener *listener = NULL;
    int result = nng_stream_listener_alloc(&listener, url);
    if (result != 0)
        return listen_failed(url, result, error);
    /* Each is refused by the transport that does not know it. */
    (void)nng_stream_listener_set_bool(listener, NNG_OPT_TCP_NODELAY, true);
    (void)nng_stream_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, 0600);
    result = nng_stream_listener_listen(listener);
    if (result != 0) {
        nng_stream_listener_free(listener);
        return listen_failed(url, result, error);
    }
    struct dial_listener *made = vg_alloc_zero(1, sizeof *made);
    made->accepted = accepted;
    made->context = context;
    made->links_max = links_max;
    made->listener = listener;
    made->accepting = dial_aio_new(accept_done, made);
    atomic_init(&made->references, 1);
    *out = made;
    nng_stream_listener_accept(listener, made->accepting);
    return VG_OK;
}

void dial_listener_free(struct dial_listener *listener)
{
    nng_stream_listener_close(listener->listener);
    nng_aio_stop(listener->accepting);
    nng_aio_free(listener->accepting);
    nng_stream_listener_free(listener->listener);
    dial_listener_unref(listener);
}
