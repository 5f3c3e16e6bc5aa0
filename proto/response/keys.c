/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/keys.h"

#include <assert.h>

#include "common/bytes.h"
#include "common/limits.h"

static_assert((int)sizeof(vg_id) + 1 + 2 * (1 + VG_NAME_MAX) <= VG_KEY_MAX,
              "two names must fit a key");
static_assert(VG_NAME_MAX <= UINT8_MAX, "a name's length must fit its byte");

static void append(struct response_key *key, const void *bytes, size_t size)
{
    assert(size <= sizeof key->bytes - key->size);
    if (size > 0)
        memcpy(key->bytes + key->size, bytes, size);
    key->size += size;
}

struct response_key response_key_of(const vg_id *compartment, enum response_kind kind)
{
    static const vg_id own;
    struct response_key key = {.size = 0};
    response_key_id(&key, compartment != NULL ? compartment : &own);
    response_key_byte(&key, (uint8_t)kind);
    return key;
}

struct response_key response_key_control(enum response_kind kind, const vg_id *id)
{
    struct response_key key = response_key_of(NULL, kind);
    response_key_id(&key, id);
    return key;
}

struct response_key response_key_in(const vg_id *compartment, const vg_id *incident,
                                    enum response_section section)
{
    struct response_key key = response_key_of(compartment, RESPONSE_KIND_INCIDENT);
    response_key_id(&key, incident);
    response_key_byte(&key, (uint8_t)section);
    return key;
}

void response_key_id(struct response_key *key, const vg_id *id)
{
    append(key, id->bytes, sizeof id->bytes);
}

void response_key_byte(struct response_key *key, uint8_t value)
{
    append(key, &value, 1);
}

vg_id response_key_id_at(vg_span key, size_t skipped, size_t place)
{
    vg_id id;
    size_t at = sizeof id + 1 + skipped + place * sizeof id;
    assert(key.size >= at + sizeof id);
    memcpy(id.bytes, key.data + at, sizeof id.bytes);
    return id;
}

void response_key_u64(struct response_key *key, uint64_t value)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * (7 - i)));
    append(key, bytes, sizeof bytes);
}

void response_key_text(struct response_key *key, vg_span text)
{
    assert(text.size <= VG_NAME_MAX);
    uint8_t size = (uint8_t)text.size;
    append(key, &size, 1);
    append(key, text.data, text.size);
}

vg_span response_key_last_text(const struct response_key *prefix, vg_span key)
{
    size_t start = prefix->size + 1; /* the text's length is before it */
    assert(key.size >= start);
    return vg_span_of(key.data + start, key.size - start);
}

vg_id response_key_last_id(vg_span key)
{
    vg_id id;
    assert(key.size >= sizeof id.bytes);
    memcpy(id.bytes, key.data + key.size - sizeof id.bytes, sizeof id.bytes);
    return id;
}

uint64_t response_key_last_u64(vg_span key)
{
    uint64_t value = 0;
    assert(key.size >= 8);
    for (size_t i = key.size - 8; i < key.size; i++)
        value = value << 8 | key.data[i];
    return value;
}

bool response_get(const struct vg_kv *kv, const struct response_key *key, vg_span *value)
{
    return kv->get(kv->context, response_key_span(key), value);
}

bool response_next(const struct vg_kv *kv, const struct response_key *prefix,
                   const struct response_key *from, vg_span *key, vg_span *value)
{
    return kv->next(kv->context, response_key_span(prefix), response_key_span(from), true, key,
                    value);
}

vg_span response_u64_value(uint64_t number, uint8_t out[8])
{
    struct vg_writer writer = vg_writer_of(out, 8);
    vg_write_u64(&writer, number);
    return vg_span_of(out, 8);
}

uint64_t response_u64_of(vg_span value)
{
    struct vg_reader reader = vg_reader_of(value);
    uint64_t number = vg_read_u64(&reader);
    assert(vg_reader_done(&reader));
    return number;
}
