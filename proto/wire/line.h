/* SPDX-License-Identifier: Apache-2.0
 * Frames inside a secure channel (proto/channel): what a link carries on the one side, frames on
 * the other. Threads, broken channels and `out` as in proto/channel/channel.h. */
#ifndef VIGIL_PROTO_WIRE_LINE_H
#define VIGIL_PROTO_WIRE_LINE_H

#include "proto/channel/channel.h"
#include "proto/wire/frame.h"

/* Starts with channel_dial or channel_await of `channel`, all else zero. */
struct wire_line {
    struct channel channel;
    struct wire_reader reader;
    struct vg_buffer plain; /* scratch of who writes */
};

enum wire_line_kind {
    WIRE_LINE_ASKS,   /* as CHANNEL_ASKS: channel_admit is next */
    WIRE_LINE_OPENED, /* as CHANNEL_OPENED */
    WIRE_LINE_FRAME,
};

struct wire_line_event {
    enum wire_line_kind kind;
    vg_channel_public theirs; /* of the first two */
    vg_id incarnation;        /* of the second */
    struct wire_frame frame;  /* of the third; borrowed until the next call that receives */
};

/* Adds received bytes. Invalidates what was given out. */
void wire_line_feed(struct wire_line *line, vg_span bytes);

/* What has come: codes of channel_next and wire_reader_next. When the channel is not broken after
 * a failure, it was what a member said inside. */
enum vg_code wire_line_next(struct wire_line *line, struct wire_line_event *event,
                            struct vg_buffer *out, struct vg_error *error);

/* Appends one frame as it goes over the wire; on an open channel. */
void wire_line_write(struct wire_line *line, enum wire_type type, vg_span payload,
                     struct vg_buffer *out);

/* How many bytes that appends. */
size_t wire_line_size(vg_span payload);

/* Wipes keys, frees. A zeroed line is fine too. */
void wire_line_end(struct wire_line *line);

#endif
