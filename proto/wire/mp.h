/* SPDX-License-Identifier: Apache-2.0
 * msgpack as we speak it: positional arrays, shortest forms, nothing behind. Writing goes through
 * msgpack-c; reading is a bounded cursor of our own, because msgpack-c allocates by what a header
 * claims (docs/protocol.md). */
#ifndef VIGIL_PROTO_WIRE_MP_H
#define VIGIL_PROTO_WIRE_MP_H

#include "common/error.h"
#include "common/mem.h"

/* A cursor over borrowed bytes. The first failure sticks; later reads return zeros. */
struct mp_reader {
    vg_span input;
    size_t at;
    uint32_t depth;
    const char *failed; /* NULL, or what was wrong */
    size_t failed_at;   /* offset of the failure */
};

struct mp_reader mp_reader_of(vg_span bytes);

/* Each takes one value in its shortest form, or fails. Spans borrow the input. */
uint64_t mp_read_uint(struct mp_reader *reader);
bool mp_read_bool(struct mp_reader *reader);
/* UTF-8 text of at most `max` bytes. */
vg_span mp_read_text(struct mp_reader *reader, size_t max);
/* Bytes of at most `max`. */
vg_span mp_read_bytes(struct mp_reader *reader, size_t max);
/* Bytes of exactly `size`, copied; zeroed on failure. */
void mp_read_fixed(struct mp_reader *reader, void *out, size_t size);
/* Takes a nil if one is next. */
bool mp_read_nil(struct mp_reader *reader);
/* The count of an array of at most `max` items, at most VG_DECODE_DEPTH_MAX deep. Each array is
 * closed by mp_end_array after its items. */
uint32_t mp_read_array(struct mp_reader *reader, uint32_t max);
/* As mp_read_array, for exactly `count` items. */
void mp_read_tuple(struct mp_reader *reader, uint32_t count);
void mp_end_array(struct mp_reader *reader);

/* Marks a failure found by the caller ("unknown severity"). */
void mp_fail(struct mp_reader *reader, const char *what);

/* VG_OK if all went well and the input is used up; else VG_INVALID naming `what` and the offset. */
enum vg_code mp_finish(const struct mp_reader *reader, const char *what, struct vg_error *error);

/* Writing: appends to a buffer the caller owns. */
void mp_write_uint(struct vg_buffer *out, uint64_t value);
void mp_write_bool(struct vg_buffer *out, bool value);
void mp_write_text(struct vg_buffer *out, vg_span text);
void mp_write_bytes(struct vg_buffer *out, vg_span bytes);
void mp_write_nil(struct vg_buffer *out);
void mp_write_array(struct vg_buffer *out, uint32_t count);

#endif
