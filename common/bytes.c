/* SPDX-License-Identifier: Apache-2.0 */
#include "common/bytes.h"

struct vg_reader vg_reader_of(vg_span bytes)
{
    return (struct vg_reader){.at = bytes.data, .end = bytes.data + bytes.size};
}

vg_span vg_read_span(struct vg_reader *reader, size_t size)
{
    if (reader->failed || (size_t)(reader->end - reader->at) < size) {
        reader->failed = true;
        return vg_span_of(NULL, 0);
    }
    vg_span span = vg_span_of(reader->at, size);
    reader->at += size;
    return span;
}

static uint64_t read_little(struct vg_reader *reader, size_t size)
{
    vg_span span = vg_read_span(reader, size);
    uint64_t value = 0;
    for (size_t i = 0; i < span.size; i++)
        value |= (uint64_t)span.data[i] << (8 * i);
    return value;
}

uint8_t vg_read_u8(struct vg_reader *reader)
{
    return (uint8_t)read_little(reader, 1);
}

uint16_t vg_read_u16(struct vg_reader *reader)
{
    return (uint16_t)read_little(reader, 2);
}

uint32_t vg_read_u32(struct vg_reader *reader)
{
    return (uint32_t)read_little(reader, 4);
}

uint64_t vg_read_u64(struct vg_reader *reader)
{
    return read_little(reader, 8);
}

void vg_read_copy(struct vg_reader *reader, void *out, size_t size)
{
    vg_span span = vg_read_span(reader, size);
    if (span.size == size && size > 0)
        memcpy(out, span.data, size);
    else
        memset(out, 0, size);
}

bool vg_reader_done(const struct vg_reader *reader)
{
    return !reader->failed && reader->at == reader->end;
}

struct vg_writer vg_writer_of(void *bytes, size_t size)
{
    uint8_t *start = bytes;
    return (struct vg_writer){.start = start, .at = start, .end = start + size};
}

void vg_write_bytes(struct vg_writer *writer, const void *bytes, size_t size)
{
    if (writer->failed || (size_t)(writer->end - writer->at) < size) {
        writer->failed = true;
        return;
    }
    if (size > 0)
        memcpy(writer->at, bytes, size);
    writer->at += size;
}

static void write_little(struct vg_writer *writer, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    vg_write_bytes(writer, bytes, size);
}

void vg_write_u8(struct vg_writer *writer, uint8_t value)
{
    write_little(writer, value, 1);
}

void vg_write_u16(struct vg_writer *writer, uint16_t value)
{
    write_little(writer, value, 2);
}

void vg_write_u32(struct vg_writer *writer, uint32_t value)
{
    write_little(writer, value, 4);
}

void vg_write_u64(struct vg_writer *writer, uint64_t value)
{
    write_little(writer, value, 8);
}

size_t vg_writer_size(const struct vg_writer *writer)
{
    return (size_t)(writer->at - writer->start);
}
