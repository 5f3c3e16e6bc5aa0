/* SPDX-License-Identifier: Apache-2.0
 * The other side of a node's channel over a plain socket (rude.h): it speaks as it should, until a
 * test wants it otherwise. Waits, with the patience of rude.h. */
#ifndef VIGIL_TESTS_LIB_CALLER_H
#define VIGIL_TESTS_LIB_CALLER_H

#include "proto/wire/line.h"
#include "tests/lib/rude.h"

struct caller {
    int fd;
    struct wire_line line;
    struct vg_buffer out; /* written and not yet sent */
};

/* Connects, and writes message 1 for the node with this key. The `self` of `terms` is borrowed
 * until the channel is open. False if nobody listens. */
bool caller_dial(struct caller *caller, const char *url, const struct channel_terms *terms,
                 const vg_channel_public *theirs);

/* Takes an accepted connection over: the other side is to dial, and anybody is admitted. */
void caller_accept(struct caller *caller, int fd, const struct channel_terms *terms);

/* Sends what is written. False once the other side has closed. */
bool caller_send(struct caller *caller);

/* Sends what is written and goes on until the channel is open; false if the other side closes. */
bool caller_open(struct caller *caller);

/* Writes a frame. */
void caller_write(struct caller *caller, unsigned type, vg_span payload);

/* Waits for the next frame, which is good until the next call; false if the other side closes. */
bool caller_next(struct caller *caller, struct wire_frame *out);

/* Ends it with a FIN, or leaves the socket to others. */
void caller_end(struct caller *caller);
void caller_leave(struct caller *caller);

#endif
