/* SPDX-License-Identifier: Apache-2.0
 * What links and listeners of this module share. */
#ifndef VIGIL_COMMON_DIAL_INTERNAL_H
#define VIGIL_COMMON_DIAL_INTERNAL_H

#include <nng/nng.h>

#include "common/dial/link.h"

/* An aio; out of memory aborts. */
nng_aio *dial_aio_new(void (*done)(void *), void *argument);

/* NNG's result code as part of a sentence. */
const char *dial_reason(int result);

/* A link over an accepted stream, which it owns from now on. It holds a reference of the listener
 * until it is freed. */
struct dial_link *dial_link_accepted(nng_stream *stream, struct dial_listener *listener);

/* Frees a link that was never begun. Any thread. */
void dial_link_drop(struct dial_link *link);

/* Notes that the link under way in `accepted` found its owner. */
void dial_listener_begun(struct dial_listener *listener);

/* Gives a reference back. Any thread. */
void dial_listener_unref(struct dial_listener *listener);

#endif
