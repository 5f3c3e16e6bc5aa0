/* SPDX-License-Identifier: Apache-2.0
 * A channel with frames over a link, on either side, for tests of what is above it. */
#ifndef VIGIL_TESTS_LIB_SECURED_H
#define VIGIL_TESTS_LIB_SECURED_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/dial/link.h"
#include "proto/wire/line.h"

struct secured {
    struct dial_link *link;
    pthread_mutex_t lock; /* of the line and what goes out */
    struct wire_line line;
    struct vg_buffer out;
    struct channel_terms terms;
    vg_channel_public theirs; /* dialled: whom */
    atomic_bool open;
    atomic_uint closed;
    /* Each frame, on an NNG thread; it may send. */
    void (*frame)(struct secured *secured, const struct wire_frame *frame);
    void *context; /* its own */
};

/* Connects to a node with this key and waits for the open channel; `frame`, `context` and `terms`
 * are set before. Ends the program when nobody listens. False if the node closes. */
bool secured_dial(struct secured *secured, const char *url, const vg_channel_public *theirs);

/* Takes a link within `accepted`, and admits anybody. */
void secured_take(struct secured *secured, struct dial_link *link);

/* Queues a frame on an open channel; codes of dial_link_send. */
enum vg_code secured_send(struct secured *secured, unsigned type, vg_span payload);

/* Closes, waits for the last callback, frees. */
void secured_end(struct secured *secured);

#endif
