/* SPDX-License-Identifier: Apache-2.0
 * Byte streams over NNG (`nng_stream` of 1.5.2), for peers and clients alike. A link carries bytes;
 * frames are proto/wire's. TCP_NODELAY is set; dialling has a time limit; sending is queued under a
 * cap; a link that fails closes once, and says so once. */
#ifndef VIGIL_COMMON_DIAL_LINK_H
#define VIGIL_COMMON_DIAL_LINK_H

#include "common/error.h"
#include "common/mem.h"

struct dial_link;
struct dial_listener;

/* Called on NNG's threads, one call at a time per link. They must not block. */
struct dial_events {
    /* Bytes have arrived; borrowed during the call. */
    void (*received)(void *context, struct dial_link *link, vg_span bytes);
    /* The link is over, after which no call for it comes; `why` is a sentence. The owner calls
     * dial_link_free some time later, from a thread that is not NNG's. */
    void (*closed)(void *context, struct dial_link *link, const char *why);
    /* A link of dial_link_start can be used from now on. May be NULL. */
    void (*connected)(void *context, struct dial_link *link);
};

/* VG_OK for tcp://HOST:PORT, HOST a name or an address in digits, and ipc:///PATH. Error names the
 * URL and the remedy. */
enum vg_code dial_url_check(const char *url, struct vg_error *error);

/* Dials and waits at most `timeout_ms`; not on NNG's threads. Receiving starts at once, with *out
 * set. VG_UNAVAILABLE or VG_TIMEOUT names the URL, and no event was or will be called. */
enum vg_code dial_link_connect(const char *url, uint32_t timeout_ms,
                               const struct dial_events *events, void *context,
                               struct dial_link **out, struct vg_error *error);

/* Dials without waiting: `connected` follows and later `closed`, or `closed` alone with why it
 * failed. dial_link_close gives up at once. VG_INVALID as dial_url_check, and no link. */
enum vg_code dial_link_start(const char *url, uint32_t timeout_ms, const struct dial_events *events,
                             void *context, struct dial_link **out, struct vg_error *error);

/* Queues bytes. Any thread. VG_BUSY, and nothing queued, when more than `queue_max` bytes would
 * wait; VG_UNAVAILABLE when the link is closed. */
enum vg_code dial_link_send(struct dial_link *link, vg_span bytes, size_t queue_max);

/* Bytes queued and not yet taken by the kernel. */
size_t dial_link_queued(struct dial_link *link);

/* Asks for the end: `closed` follows. Any thread, several times. */
void dial_link_close(struct dial_link *link);

/* Closes if that has not happened, waits for `closed` to return, and frees. Not on NNG's threads,
 * nor under a lock that `closed` takes. */
void dial_link_free(struct dial_link *link);

/* Listens; `accepted` is called on an NNG thread for each new connection, one at a time. It calls
 * dial_link_begin, and the link is its own; or it does not, and the connection is dropped. At most
 * `links_max` accepted links may live (until dial_link_free); a further connection is dropped, and
 * `accepted` is told of it, without a link. VG_INVALID as dial_url_check; VG_UNAVAILABLE names the
 * URL and why ("port in use"). */
enum vg_code dial_listen(const char *url, uint32_t links_max,
                         void (*accepted)(void *context, struct dial_link *link), void *context,
                         struct dial_listener **out, struct vg_error *error);

/* Starts receiving on an accepted link; in `accepted` alone. */
void dial_link_begin(struct dial_link *link, const struct dial_events *events, void *context);

/* Stops accepting and frees; accepted links live on. Not on NNG's threads. */
void dial_listener_free(struct dial_listener *listener);

#endif
