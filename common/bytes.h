/* SPDX-License-Identifier: Apache-2.0
 * Fixed little-endian layouts: a reader and a writer that never pass their bounds.
 * Both carry a sticky `failed` flag, so that a layout is read field by field and checked once. */
#ifndef VIGIL_COMMON_BYTES_H
#define VIGIL_COMMON_BYTES_H

#include "common/types.h"

struct vg_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

struct vg_writer {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool failed;
};

/* A reader over borrowed bytes. */
struct vg_reader vg_reader_of(vg_span bytes);

/* Each takes its field, or sets `failed` and returns zero when the bytes run out. */
uint8_t vg_read_u8(struct vg_reader *reader);
uint16_t vg_read_u16(struct vg_reader *reader);
uint32_t vg_read_u32(struct vg_reader *reader);
uint64_t vg_read_u64(struct vg_reader *reader);

/* Copies `size` bytes to `out`; on failure `out` is zeroed. */
void vg_read_copy(struct vg_reader *reader, void *out, size_t size);

/* Borrows `size` bytes of the input; an empty span on failure. */
vg_span vg_read_span(struct vg_reader *reader, size_t size);

/* True if every read so far succeeded and nothing is left. */
bool vg_reader_done(const struct vg_reader *reader);

/* A writer over `size` bytes that the caller owns. */
struct vg_writer vg_writer_of(void *bytes, size_t size);

/* Each puts its field, or sets `failed` and writes nothing when there is no room. */
void vg_write_u8(struct vg_writer *writer, uint8_t value);
void vg_write_u16(struct vg_writer *writer, uint16_t value);
void vg_write_u32(struct vg_writer *writer, uint32_t value);
void vg_write_u64(struct vg_writer *writer, uint64_t value);
void vg_write_bytes(struct vg_writer *writer, const void *bytes, size_t size);

/* Bytes written so far. */
size_t vg_writer_size(const struct vg_writer *writer);

#endif
