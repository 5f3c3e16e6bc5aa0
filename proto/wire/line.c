/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/line.h"

void wire_line_feed(struct wire_line *line, vg_span bytes)
{
    channel_feed(&line->channel, bytes);
}

/* Frames that are there come first, so that the reader holds no more than what one record adds. */
enum vg_code wire_line_next(struct wire_line *line, struct wire_line_event *event,
                            struct vg_buffer *out, struct vg_error *error)
{
    struct channel_event got;
    enum vg_code code;
    while ((code = wire_reader_next(&line->reader, &event->frame, error)) == VG_UNAVAILABLE) {
        code = channel_next(&line->channel, &got, out, error);
        if (code != VG_OK)
            return code;
        if (got.kind != CHANNEL_BYTES) {
            event->kind = got.kind == CHANNEL_ASKS ? WIRE_LINE_ASKS : WIRE_LINE_OPENED;
            event->theirs = got.theirs;
            event->incarnation = got.incarnation;
            return VG_OK;
        }
        wire_reader_feed(&line->reader, got.bytes);
    }
    event->kind = WIRE_LINE_FRAME;
    return code;
}

void wire_line_write(struct wire_line *line, enum wire_type type, vg_span payload,
                     struct vg_buffer *out)
{
    vg_buffer_clear(&line->plain);
    wire_frame_write(&line->plain, type, payload);
    channel_seal(&line->channel, vg_buffer_span(&line->plain), out);
}

size_t wire_line_size(vg_span payload)
{
    return channel_sealed_size(wire_frame_size(payload));
}

void wire_line_end(struct wire_line *line)
{
    channel_end(&line->channel);
    wire_reader_free(&line->reader);
    vg_buffer_free(&line->plain);
}
