/* SPDX-License-Identifier: Apache-2.0
 * Signed commands: preamble, body, signature (layout in docs/protocol.md). */
#include <assert.h>
#include <inttypes.h>

#include "common/bytes.h"
#include "proto/ledger/entry.h"

/* version 2, cluster 32, compartment 16, author 16, request 16, count of expectations 2 */
enum { PREAMBLE_SIZE = 84, EXPECTATION_SIZE = 26, LENGTH_SIZE = 4, COMMAND_VERSION = 1 };

static const char signature_label[] = "vigil-command-1";

size_t ledger_command_size(const struct ledger_command *command)
{
    return PREAMBLE_SIZE + (size_t)command->expectation_count * EXPECTATION_SIZE + LENGTH_SIZE +
           command->body.size + VG_SIGNATURE_SIZE;
}

static void write_unsigned(struct vg_writer *writer, const struct ledger_command *command)
{
    vg_write_u16(writer, COMMAND_VERSION);
    vg_write_bytes(writer, command->cluster.bytes, sizeof command->cluster.bytes);
    vg_write_bytes(writer, command->compartment.bytes, sizeof command->compartment.bytes);
    vg_write_bytes(writer, command->author.bytes, sizeof command->author.bytes);
    vg_write_bytes(writer, command->request.bytes, sizeof command->request.bytes);
    vg_write_u16(writer, command->expectation_count);
    for (uint16_t i = 0; i < command->expectation_count; i++) {
        const struct ledger_expectation *expected = &command->expectations[i];
        vg_write_u16(writer, expected->aspect);
        vg_write_bytes(writer, expected->part.bytes, sizeof expected->part.bytes);
        vg_write_u64(writer, expected->revision);
    }
    vg_write_u32(writer, (uint32_t)command->body.size);
    vg_write_bytes(writer, command->body.data, command->body.size);
}

void ledger_command_encode(const struct ledger_command *command, uint8_t *out)
{
    assert(command->expectation_count <= VG_EXPECTATIONS_MAX);
    assert(command->body.size <= VG_COMMAND_MAX);
    struct vg_writer writer = vg_writer_of(out, ledger_command_size(command));
    write_unsigned(&writer, command);
    vg_write_bytes(&writer, command->signature.bytes, VG_SIGNATURE_SIZE);
    assert(!writer.failed && writer.at == writer.end);
}

vg_span ledger_command_covered(vg_span bytes, struct vg_buffer *buffer)
{
    assert(bytes.size >= VG_SIGNATURE_SIZE);
    vg_buffer_append(buffer, signature_label, sizeof signature_label - 1);
    vg_buffer_append(buffer, bytes.data, bytes.size - VG_SIGNATURE_SIZE);
    return vg_buffer_span(buffer);
}

void ledger_command_sign(struct ledger_command *command, const struct vg_signer *signer,
                         const vg_secret_key *secret, uint8_t *out)
{
    struct vg_buffer buffer = {0};
    size_t size = ledger_command_size(command);
    ledger_command_encode(command, out);
    signer->sign(ledger_command_covered(vg_span_of(out, size), &buffer), secret,
                 &command->signature);
    vg_buffer_free(&buffer);
    memcpy(out + size - VG_SIGNATURE_SIZE, command->signature.bytes, VG_SIGNATURE_SIZE);
}

static enum vg_code field_error(struct vg_error *error, const char *field)
{
    return vg_fail(error, VG_INVALID, "signed command: %s", field);
}

enum vg_code ledger_command_decode(vg_span bytes, struct ledger_command *out,
                                   struct vg_error *error)
{
    struct vg_reader reader = vg_reader_of(bytes);
    uint16_t version = vg_read_u16(&reader);
    vg_read_copy(&reader, out->cluster.bytes, sizeof out->cluster.bytes);
    vg_read_copy(&reader, out->compartment.bytes, sizeof out->compartment.bytes);
    vg_read_copy(&reader, out->author.bytes, sizeof out->author.bytes);
    vg_read_copy(&reader, out->request.bytes, sizeof out->request.bytes);
    out->expectation_count = vg_read_u16(&reader);
    if (reader.failed)
        return field_error(error, "the preamble is cut short");
    if (version != COMMAND_VERSION)
        return field_error(error, "a version this build does not know");
    if (out->expectation_count > VG_EXPECTATIONS_MAX)
        return field_error(error, "more expectations than allowed");
    for (uint16_t i = 0; i < out->expectation_count; i++) {
        struct ledger_expectation *expected = &out->expectations[i];
        expected->aspect = vg_read_u16(&reader);
        vg_read_copy(&reader, expected->part.bytes, sizeof expected->part.bytes);
        expected->revision = vg_read_u64(&reader);
    }
    uint32_t body_size = vg_read_u32(&reader);
    if (body_size > VG_COMMAND_MAX)
        return field_error(error, "the command is larger than allowed");
    out->body = vg_read_span(&reader, body_size);
    vg_read_copy(&reader, out->signature.bytes, VG_SIGNATURE_SIZE);
    if (!vg_reader_done(&reader))
        return field_error(error, reader.failed ? "cut short" : "bytes too many at the end");
    return VG_OK;
}

bool ledger_command_verify(vg_span bytes, const struct vg_signer *signer, const vg_public_key *key)
{
    if (bytes.size < VG_SIGNATURE_SIZE)
        return false;
    vg_signature signature;
    memcpy(signature.bytes, bytes.data + bytes.size - VG_SIGNATURE_SIZE, VG_SIGNATURE_SIZE);
    struct vg_buffer buffer = {0};
    bool valid = signer->verify(ledger_command_covered(bytes, &buffer), key, &signature);
    vg_buffer_free(&buffer);
    return valid;
}

vg_hash ledger_request_hash(const struct ledger_command *command)
{
    vg_span parts[] = {vg_span_of(command->compartment.bytes, sizeof command->compartment.bytes),
                       command->body};
    return vg_hash_parts(VG_HASH_REQUEST, parts, 2);
}
