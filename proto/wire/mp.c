/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/mp.h"

#include <assert.h>
#include <msgpack.h>

#include "common/limits.h"
#include "common/text.h"

/* ---- reading: one byte of type, then its argument (msgpack specification, "Formats") -----------
 */

struct mp_reader mp_reader_of(vg_span bytes)
{
    return (struct mp_reader){.input = bytes};
}

void mp_fail(struct mp_reader *reader, const char *what)
{
    if (reader->failed != NULL)
        return;
    reader->failed = what;
    reader->failed_at = reader->at;
}

static size_t left(const struct mp_reader *reader)
{
    return reader->input.size - reader->at;
}

static const uint8_t *take(struct mp_reader *reader, size_t size)
{
    if (reader->failed == NULL && left(reader) < size)
        mp_fail(reader, "the bytes end too early");
    if (reader->failed != NULL)
        return NULL;
    const uint8_t *at = reader->input.data + reader->at;
    reader->at += size;
    return at;
}

static uint8_t take_type(struct mp_reader *reader)
{
    const uint8_t *at = take(reader, 1);
    return at == NULL ? 0xc1 : *at; /* 0xc1 is never used by msgpack */
}

/* A big-endian number of `size` bytes, refused below `least`: a shorter form exists for it. */
static uint64_t take_number(struct mp_reader *reader, size_t size, uint64_t least)
{
    const uint8_t *at = take(reader, size);
    uint64_t value = 0;
    for (size_t i = 0; at != NULL && i < size; i++)
        value = value << 8 | at[i];
    if (at != NULL && value < least)
        mp_fail(reader, "not the shortest form");
    return value;
}

static uint64_t wrong_type(struct mp_reader *reader, const char *what)
{
    mp_fail(reader, what);
    return 0;
}

uint64_t mp_read_uint(struct mp_reader *reader)
{
    uint8_t type = take_type(reader);
    if (type <= 0x7f)
        return type;
    switch (type) {
    case 0xcc:
        return take_number(reader, 1, 0x80);
    case 0xcd:
        return take_number(reader, 2, 0x100);
    case 0xce:
        return take_number(reader, 4, 0x10000);
    case 0xcf:
        return take_number(reader, 8, 0x100000000U);
    default:
        return wrong_type(reader, "expected an unsigned number");
    }
}

bool mp_read_bool(struct mp_reader *reader)
{
    uint8_t type = take_type(reader);
    if (type != 0xc2 && type != 0xc3)
        wrong_type(reader, "expected true or false");
    return type == 0xc3;
}

/* How a str, bin or array says its length: in the low bits of the type byte from `fix` on (0: not
 * so), or in one (0: not so), two or four bytes behind it. */
struct length_form {
    uint8_t fix, fix_max, type8, type16, type32;
    const char *expected;
};

static const struct length_form text_form = {0xa0, 31, 0xd9, 0xda, 0xdb, "expected text"};
static const struct length_form bytes_form = {0, 0, 0xc4, 0xc5, 0xc6, "expected bytes"};
static const struct length_form array_form = {0x90, 15, 0, 0xdc, 0xdd, "expected an array"};

static uint64_t take_length(struct mp_reader *reader, const struct length_form *form)
{
    uint8_t type = take_type(reader);
    if (form->fix != 0 && type >= form->fix && type <= form->fix + form->fix_max)
        return (uint64_t)(type - form->fix);
    uint64_t least = form->fix != 0 ? (uint64_t)form->fix_max + 1 : 0;
    if (form->type8 != 0 && type == form->type8)
        return take_number(reader, 1, least);
    if (type == form->type16)
        return take_number(reader, 2, form->type8 != 0 ? 0x100 : least);
    if (type == form->type32)
        return take_number(reader, 4, 0x10000);
    return wrong_type(reader, form->expected);
}

static vg_span take_span(struct mp_reader *reader, const struct length_form *form, size_t max)
{
    uint64_t size = take_length(reader, form);
    if (size > max)
        mp_fail(reader, "longer than allowed");
    const uint8_t *at = take(reader, reader->failed == NULL ? (size_t)size : 0);
    return at == NULL ? vg_span_of("", 0) : vg_span_of(at, (size_t)size);
}

vg_span mp_read_text(struct mp_reader *reader, size_t max)
{
    vg_span text = take_span(reader, &text_form, max);
    if (!vg_utf8_valid(text))
        mp_fail(reader, "text that is not UTF-8");
    return text;
}

vg_span mp_read_bytes(struct mp_reader *reader, size_t max)
{
    return take_span(reader, &bytes_form, max);
}

void mp_read_fixed(struct mp_reader *reader, void *out, size_t size)
{
    vg_span bytes = mp_read_bytes(reader, size);
    if (bytes.size == size) {
        memcpy(out, bytes.data, size);
        return;
    }
    mp_fail(reader, "bytes of another length");
    memset(out, 0, size);
}

bool mp_read_nil(struct mp_reader *reader)
{
    bool nil = reader->failed == NULL && left(reader) > 0 && reader->input.data[reader->at] == 0xc0;
    if (nil)
        reader->at++;
    return nil;
}

uint32_t mp_read_array(struct mp_reader *reader, uint32_t max)
{
    uint64_t count = take_length(reader, &array_form);
    if (count > max || count > left(reader))
        mp_fail(reader, "more items than allowed");
    if (reader->depth >= VG_DECODE_DEPTH_MAX)
        mp_fail(reader, "nested too deeply");
    reader->depth++;
    return reader->failed == NULL ? (uint32_t)count : 0;
}

void mp_read_tuple(struct mp_reader *reader, uint32_t count)
{
    if (mp_read_array(reader, count) != count)
        mp_fail(reader, "another number of fields");
}

void mp_end_array(struct mp_reader *reader)
{
    assert(reader->depth > 0);
    reader->depth--;
}

enum vg_code mp_finish(const struct mp_reader *reader, const char *what, struct vg_error *error)
{
    if (reader->failed != NULL)
        return vg_fail(error, VG_INVALID, "%s: byte %zu of %zu: %s", what, reader->failed_at,
                       reader->input.size, reader->failed);
    if (left(reader) > 0)
        return vg_fail(error, VG_INVALID, "%s: %zu bytes too many at the end", what, left(reader));
    return VG_OK;
}

/* ---- writing -----------------------------------------------------------------------------------
 */

static int append(void *buffer, const char *bytes, size_t size)
{
    vg_buffer_append(buffer, bytes, size);
    return 0;
}

static msgpack_packer packer(struct vg_buffer *out)
{
    msgpack_packer made;
    msgpack_packer_init(&made, out, append);
    return made;
}

void mp_write_uint(struct vg_buffer *out, uint64_t value)
{
    msgpack_packer to = packer(out);
    msgpack_pack_uint64(&to, value);
}

void mp_write_bool(struct vg_buffer *out, bool value)
{
    msgpack_packer to = packer(out);
    (value ? msgpack_pack_true : msgpack_pack_false)(&to);
}

void mp_write_text(struct vg_buffer *out, vg_span text)
{
    msgpack_packer to = packer(out);
    msgpack_pack_str(&to, text.size);
    msgpack_pack_str_body(&to, text.data, text.size);
}

void mp_write_bytes(struct vg_buffer *out, vg_span bytes)
{
    msgpack_packer to = packer(out);
    msgpack_pack_bin(&to, bytes.size);
    msgpack_pack_bin_body(&to, bytes.data, bytes.size);
}

void mp_write_nil(struct vg_buffer *out)
{
    msgpack_packer to = packer(out);
    msgpack_pack_nil(&to);
}

void mp_write_array(struct vg_buffer *out, uint32_t count)
{
    msgpack_packer to = packer(out);
    msgpack_pack_array(&to, count);
}
