/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/ledger/entry.h"

#include <assert.h>
#include <inttypes.h>

#include "common/bytes.h"
#include "common/cipher.h"

enum { LENGTH_SIZE = 4 };

static const char *const type_names[] = {
    [LEDGER_NOOP] = "noop",
    [LEDGER_CONFIG] = "config",
    [LEDGER_CONTROL] = "control",
    [LEDGER_SEALED] = "sealed",
};

static bool type_known(uint8_t type)
{
    return type >= LEDGER_NOOP && type <= LEDGER_SEALED;
}

const char *ledger_type_name(uint8_t type)
{
    return type_known(type) ? type_names[type] : "unknown";
}

void ledger_header_encode(const struct ledger_header *header, uint8_t out[LEDGER_HEADER_SIZE])
{
    struct vg_writer writer = vg_writer_of(out, LEDGER_HEADER_SIZE);
    vg_write_u16(&writer, header->version);
    vg_write_u32(&writer, header->group);
    vg_write_u64(&writer, header->index);
    vg_write_u64(&writer, header->term);
    vg_write_u64(&writer, header->time_ms);
    vg_write_u32(&writer, header->rules);
    vg_write_bytes(&writer, header->previous.bytes, sizeof header->previous.bytes);
    vg_write_bytes(&writer, header->envelope.bytes, sizeof header->envelope.bytes);
    assert(!writer.failed && vg_writer_size(&writer) == LEDGER_HEADER_SIZE);
}

enum vg_code ledger_header_decode(vg_span bytes, struct ledger_header *out, struct vg_error *error)
{
    struct vg_reader reader = vg_reader_of(bytes);
    out->version = vg_read_u16(&reader);
    out->group = vg_read_u32(&reader);
    out->index = vg_read_u64(&reader);
    out->term = vg_read_u64(&reader);
    out->time_ms = vg_read_u64(&reader);
    out->rules = vg_read_u32(&reader);
    vg_read_copy(&reader, out->previous.bytes, sizeof out->previous.bytes);
    vg_read_copy(&reader, out->envelope.bytes, sizeof out->envelope.bytes);
    if (!vg_reader_done(&reader))
        return vg_fail(error, VG_INVALID, "ledger header: %zu bytes, not %d", bytes.size,
                       LEDGER_HEADER_SIZE);
    if (out->version != LEDGER_FORMAT)
        return vg_fail(error, VG_INVALID, "ledger header: format %u, this build knows %d",
                       out->version, LEDGER_FORMAT);
    if (out->group != 0 || out->index == 0 || out->term == 0)
        return vg_fail(error, VG_INVALID,
                       "ledger header: group %" PRIu32 ", index %" PRIu64 ", term %" PRIu64
                       " cannot be",
                       out->group, out->index, out->term);
    return VG_OK;
}

void ledger_envelope_encode(const struct ledger_envelope *envelope,
                            uint8_t out[LEDGER_ENVELOPE_SIZE])
{
    struct vg_writer writer = vg_writer_of(out, LEDGER_ENVELOPE_SIZE);
    vg_write_u16(&writer, envelope->version);
    vg_write_bytes(&writer, envelope->cluster.bytes, sizeof envelope->cluster.bytes);
    vg_write_u8(&writer, envelope->type);
    vg_write_bytes(&writer, envelope->compartment.bytes, sizeof envelope->compartment.bytes);
    vg_write_u64(&writer, envelope->epoch);
    vg_write_u64(&writer, envelope->origin.value);
    vg_write_bytes(&writer, envelope->id.bytes, sizeof envelope->id.bytes);
    vg_write_bytes(&writer, envelope->nonce, sizeof envelope->nonce);
    vg_write_u32(&writer, envelope->body_size);
    vg_write_bytes(&writer, envelope->commitment.bytes, sizeof envelope->commitment.bytes);
    assert(!writer.failed && vg_writer_size(&writer) == LEDGER_ENVELOPE_SIZE);
}

enum vg_code ledger_envelope_decode(vg_span bytes, struct ledger_envelope *out,
                                    struct vg_error *error)
{
    struct vg_reader reader = vg_reader_of(bytes);
    out->version = vg_read_u16(&reader);
    vg_read_copy(&reader, out->cluster.bytes, sizeof out->cluster.bytes);
    out->type = vg_read_u8(&reader);
    vg_read_copy(&reader, out->compartment.bytes, sizeof out->compartment.bytes);
    out->epoch = vg_read_u64(&reader);
    out->origin.value = vg_read_u64(&reader);
    vg_read_copy(&reader, out->id.bytes, sizeof out->id.bytes);
    vg_read_copy(&reader, out->nonce, sizeof out->nonce);
    out->body_size = vg_read_u32(&reader);
    vg_read_copy(&reader, out->commitment.bytes, sizeof out->commitment.bytes);
    if (!vg_reader_done(&reader))
        return vg_fail(error, VG_INVALID, "envelope: %zu bytes, not %d", bytes.size,
                       LEDGER_ENVELOPE_SIZE);
    if (out->version != LEDGER_FORMAT)
        return vg_fail(error, VG_INVALID, "envelope: format %u, this build knows %d", out->version,
                       LEDGER_FORMAT);
    if (!type_known(out->type))
        return vg_fail(error, VG_INVALID, "envelope: entry type %u is unknown", out->type);
    if (out->body_size > VG_BODY_MAX || out->body_size % LEDGER_BODY_UNIT != 0)
        return vg_fail(error, VG_INVALID, "envelope: a body of %" PRIu32 " bytes cannot be",
                       out->body_size);
    return VG_OK;
}

bool ledger_is_bare(const struct ledger_envelope *envelope)
{
    static const uint8_t nonce[LEDGER_NONCE_SIZE];
    static const vg_hash commitment;
    return envelope->body_size == 0 && envelope->epoch == 0 &&
           vg_id_is_zero(&envelope->compartment) &&
           memcmp(envelope->nonce, nonce, sizeof nonce) == 0 &&
           vg_hash_equal(&envelope->commitment, &commitment);
}

vg_hash ledger_body_hash(vg_span body)
{
    return vg_hash_parts(VG_HASH_BODY, &body, 1);
}

vg_hash ledger_envelope_hash(vg_span envelope_bytes, const vg_hash *body_hash)
{
    vg_span parts[] = {envelope_bytes, vg_span_of(body_hash->bytes, sizeof body_hash->bytes)};
    return vg_hash_parts(VG_HASH_ENVELOPE, parts, 2);
}

vg_hash ledger_entry_hash(vg_span header_bytes)
{
    return vg_hash_parts(VG_HASH_ENTRY, &header_bytes, 1);
}

enum vg_code ledger_cut(vg_span entry, struct ledger_view *out, struct vg_error *error)
{
    if (entry.size < LEDGER_OVERHEAD)
        return vg_fail(error, VG_INVALID, "entry: %zu bytes are too few", entry.size);
    out->header_bytes = vg_span_of(entry.data, LEDGER_HEADER_SIZE);
    out->envelope_bytes = vg_span_of(entry.data + LEDGER_HEADER_SIZE, LEDGER_ENVELOPE_SIZE);
    out->body = vg_span_of(entry.data + LEDGER_OVERHEAD, entry.size - LEDGER_OVERHEAD);
    enum vg_code code = ledger_header_decode(out->header_bytes, &out->header, error);
    if (code == VG_OK)
        code = ledger_envelope_decode(out->envelope_bytes, &out->envelope, error);
    if (code != VG_OK)
        return code;
    if (out->envelope.body_size != out->body.size)
        return vg_fail(error, VG_INVALID,
                       "entry %" PRIu64 ": a body of %zu bytes, its envelope says %" PRIu32,
                       out->header.index, out->body.size, out->envelope.body_size);
    out->hash = ledger_entry_hash(out->header_bytes);
    return VG_OK;
}

enum vg_code ledger_parse(vg_span entry, struct ledger_view *out, struct vg_error *error)
{
    enum vg_code code = ledger_cut(entry, out, error);
    if (code != VG_OK)
        return code;
    vg_hash body = ledger_body_hash(out->body);
    vg_hash envelope = ledger_envelope_hash(out->envelope_bytes, &body);
    if (!vg_hash_equal(&envelope, &out->header.envelope))
        return vg_fail(error, VG_INTEGRITY,
                       "entry %" PRIu64 ": envelope and body do not have the header's hash",
                       out->header.index);
    return VG_OK;
}

size_t ledger_body_size(size_t signed_size)
{
    size_t bare = LEDGER_SALT_SIZE + LENGTH_SIZE + signed_size + VG_TAG_SIZE;
    return (bare + LEDGER_BODY_UNIT - 1) / LEDGER_BODY_UNIT * LEDGER_BODY_UNIT;
}

static vg_hash commitment_of(vg_span salt, vg_span signed_command)
{
    vg_span parts[] = {salt, signed_command};
    return vg_hash_parts(VG_HASH_COMMITMENT, parts, 2);
}

vg_hash ledger_body_build(const uint8_t salt[LEDGER_SALT_SIZE], vg_span signed_command,
                          uint8_t *out)
{
    size_t size = ledger_body_size(signed_command.size);
    assert(signed_command.size <= VG_SIGNED_MAX && size <= VG_BODY_MAX);
    struct vg_writer writer = vg_writer_of(out, size);
    vg_write_bytes(&writer, salt, LEDGER_SALT_SIZE);
    vg_write_u32(&writer, (uint32_t)signed_command.size);
    vg_write_bytes(&writer, signed_command.data, signed_command.size);
    assert(!writer.failed);
    memset(writer.at, 0, (size_t)(writer.end - writer.at));
    return commitment_of(vg_span_of(salt, LEDGER_SALT_SIZE), signed_command);
}

static bool all_zero(vg_span bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] != 0)
            return false;
    }
    return true;
}

enum vg_code ledger_body_open(vg_span body, const vg_hash *commitment, vg_span *signed_command,
                              struct vg_error *error)
{
    struct vg_reader reader = vg_reader_of(body);
    vg_span salt = vg_read_span(&reader, LEDGER_SALT_SIZE);
    uint32_t size = vg_read_u32(&reader);
    vg_span content = vg_read_span(&reader, size);
    if (reader.failed || body.size != ledger_body_size(size))
        return vg_fail(error, VG_INTEGRITY, "body: a command of %" PRIu32 " bytes in %zu", size,
                       body.size);
    if (!all_zero(vg_span_of(reader.at, (size_t)(reader.end - reader.at))))
        return vg_fail(error, VG_INTEGRITY, "body: the padding is not zero");
    vg_hash found = commitment_of(salt, content);
    if (!vg_hash_equal(&found, commitment))
        return vg_fail(error, VG_INTEGRITY,
                       "body: the envelope's commitment is to another command");
    *signed_command = content;
    return VG_OK;
}
