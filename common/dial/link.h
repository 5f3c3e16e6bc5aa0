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

/* Called on NNG's threads, one call at a time per link. */
struct dial_events {
    /* Bytes have arrived; borrowed during the call. */
    void (*received)(void *context, struct dial_link *link, vg_span bytes);
    /* The link is over, after which no call for it comes; `why` is a sentence. The owner calls
     * dial_link_free some time later, from a thread that is not NNG's. */
    void (*closed)(void *context, struct dial_link *link, const char *why);
};

/* True for URLs this build may use: tcp:// on a loopback address, and ipc://. Beyond loopback waits
 * for the secure channel. Error names the URL and the remedy. */
enum vg_code dial_url_check(const char *url, struct vg_error *error);

/* Dials and waits at most `timeout_ms`; not on NNG's threads. VG_UNAVAILABLE or VG_TIMEOUT names
 * the URL. Receiving starts at once. */
enum vg_code dial_link_connect(const char *url, uint32_t timeout_ms,
                               const struct dial_events *events, void *context,
                               struct dial_link **out, struct vg_error *error);

/* Dials without waiting: `connected` is called on an NNG thread with the link, or with NULL and
 * why. */
void dial_link_start(const char *url, uint32_t timeout_ms, const struct dial_events *events,
                     void *context,
                     void (*connected)(void *context, struct dial_link *link, const char *why));

/* Queues bytes. Any thread. VG_BUSY, and nothing queued, when more than `queue_max` bytes would
 * wait; VG_UNAVAILABLE when the link is closed. */
enum vg_code dial_link_send(struct dial_link *link, vg_span bytes, size_t queue_max);

/* Bytes queued and not yet taken by the kernel. */
size_t dial_link_queued(struct dial_link *link);

/* Asks for the end: `closed` follows. Any thread, several times. */
void dial_link_close(struct dial_link *link);

/* Frees a link after its `closed`. Not on NNG's threads. */
void dial_link_free(struct dial_link *link);

/* Listens; `accepted` is called on an NNG thread for each new connection, at most `links_max` at a
 * time (more are closed at once). Setting events and context of the link in `accepted` is done by
 * dial_link_begin. VG_UNAVAILABLE names the URL ("port in use"). */
enum vg_code dial_listen(const char *url, uint32_t links_max,
                         void (*accepted)(void *context, struct dial_link *link), void *context,
                         struct dial_listener **out, struct vg_error *error);

/* Starts receiving on an accepted link. */
void dial_link_begin(struct dial_link *link, const struct dial_events *events, void *context);

/* Stops accepting and frees; accepted links live on. Not on NNG's threads. */
void dial_listener_free(struct dial_listener *listener);

#endif
