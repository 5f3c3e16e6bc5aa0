/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/frame.h"

#include <assert.h>

#include "common/bytes.h"
#include "common/limits.h"

enum { LENGTH_SIZE = 4, FRAME_REST_MIN = WIRE_FRAME_HEAD - LENGTH_SIZE };

size_t wire_frame_size(vg_span payload)
{
    return WIRE_FRAME_HEAD + payload.size;
}

void wire_frame_write(struct vg_buffer *out, enum wire_type type, vg_span payload)
{
    size_t size = wire_frame_size(payload);
    assert(size <= VG_FRAME_MAX);
    struct vg_writer writer = vg_writer_of(vg_buffer_extend(out, size), size);
    vg_write_u32(&writer, (uint32_t)(size - LENGTH_SIZE));
    vg_write_u8(&writer, WIRE_VERSION);
    vg_write_u8(&writer, (uint8_t)type);
    vg_write_bytes(&writer, payload.data, payload.size);
    assert(!writer.failed);
}

void wire_reader_feed(struct wire_reader *reader, vg_span bytes)
{
    vg_buffer_consume(&reader->pending, reader->used);
    reader->used = 0;
    vg_buffer_append(&reader->pending, bytes.data, bytes.size);
}

/* Checks a whole frame and points *out at its payload. */
static enum vg_code open_frame(vg_span frame, struct wire_frame *out, struct vg_error *error)
{
    struct vg_reader reader = vg_reader_of(frame);
    vg_read_u32(&reader);
    uint8_t version = vg_read_u8(&reader);
    uint8_t type = vg_read_u8(&reader);
    vg_span payload = vg_read_span(&reader, frame.size - WIRE_FRAME_HEAD);
    assert(vg_reader_done(&reader));
    if (version != WIRE_VERSION)
        return vg_fail(error, VG_INVALID, "frame: version %u, this build speaks %d", version,
                       WIRE_VERSION);
    *out = (struct wire_frame){.type = type, .payload = payload};
    return VG_OK;
}

enum vg_code wire_reader_next(struct wire_reader *reader, struct wire_frame *out,
                              struct vg_error *error)
{
    size_t frame_max = reader->frame_max == 0 ? VG_FRAME_MAX : reader->frame_max;
    vg_span rest =
        vg_span_of(reader->pending.data + reader->used, reader->pending.size - reader->used);
    if (rest.size < LENGTH_SIZE)
        return VG_UNAVAILABLE;
    struct vg_reader head = vg_reader_of(rest);
    size_t size = (size_t)vg_read_u32(&head) + LENGTH_SIZE;
    if (size > frame_max || size < LENGTH_SIZE + FRAME_REST_MIN)
        return vg_fail(error, VG_INVALID, "frame: a length of %zu bytes is out of bounds", size);
    if (rest.size < size)
        return VG_UNAVAILABLE;
    reader->used += size;
    return open_frame(vg_span_of(rest.data, size), out, error);
}

void wire_reader_free(struct wire_reader *reader)
{
    vg_buffer_free(&reader->pending);
    reader->used = 0;
}
