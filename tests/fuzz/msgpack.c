/* SPDX-License-Identifier: Apache-2.0
 * The reader of msgpack: whatever values it takes, written by msgpack-c they are the bytes that
 * were read, so that a value has one encoding. */
#include "common/limits.h"
#include "proto/wire/mp.h"
#include "tests/fuzz/fuzz.h"

enum { ITEMS_MAX = 64, TEXT_MAX = 300 };

static void copy_value(struct mp_reader *reader, struct vg_buffer *out);

static void copy_array(struct mp_reader *reader, struct vg_buffer *out)
{
    uint32_t count = mp_read_array(reader, ITEMS_MAX);
    mp_write_array(out, count);
    for (uint32_t i = 0; i < count; i++)
        copy_value(reader, out);
    mp_end_array(reader);
}

/* One value of whatever type is next. */
static void copy_value(struct mp_reader *reader, struct vg_buffer *out)
{
    uint8_t type = reader->at < reader->input.size ? reader->input.data[reader->at] : 0;
    if (mp_read_nil(reader))
        mp_write_nil(out);
    else if (type == 0xc2 || type == 0xc3)
        mp_write_bool(out, mp_read_bool(reader));
    else if ((type >= 0xa0 && type <= 0xbf) || (type >= 0xd9 && type <= 0xdb))
        mp_write_text(out, mp_read_text(reader, TEXT_MAX));
    else if (type >= 0xc4 && type <= 0xc6)
        mp_write_bytes(out, mp_read_bytes(reader, TEXT_MAX));
    else if ((type >= 0x90 && type <= 0x9f) || type == 0xdc || type == 0xdd)
        copy_array(reader, out);
    else
        mp_write_uint(out, mp_read_uint(reader));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mp_reader reader = mp_reader_of(vg_span_of(data, size));
    struct vg_buffer copy = {0};
    struct vg_error error = {0};
    size_t good = 0;
    while (reader.failed == NULL && reader.at < size) {
        good = copy.size;
        copy_value(&reader, &copy);
    }
    good = reader.failed == NULL ? copy.size : good;
    assert(good <= size && vg_span_equal(vg_span_of(copy.data, good), vg_span_of(data, good)));
    assert(reader.at <= size && reader.failed_at <= size && reader.depth == 0);
    enum vg_code code = mp_finish(&reader, "value", &error);
    if (reader.failed != NULL) {
        fuzz_refused(code, &error);
        assert(mp_read_uint(&reader) == 0 && mp_read_text(&reader, TEXT_MAX).size == 0);
    } else {
        assert(code == VG_OK);
    }
    vg_buffer_free(&copy);
    return 0;
}
