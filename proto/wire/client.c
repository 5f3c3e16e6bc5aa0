/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/client.h"

#include <stdio.h>

#include "common/limits.h"
#include "proto/wire/mp.h"

enum { REQUEST_FIELDS = 6, RESPONSE_FIELDS = 5 };

void wire_request_encode(const struct wire_request *request, struct vg_buffer *out)
{
    mp_write_array(out, REQUEST_FIELDS);
    mp_write_uint(out, request->token);
    mp_write_uint(out, request->kind);
    mp_write_bool(out, request->stale);
    mp_write_bool(out, request->dry_run);
    mp_write_uint(out, request->timeout_ms);
    mp_write_bytes(out, request->body);
}

enum vg_code wire_request_decode(vg_span bytes, struct wire_request *out, struct vg_error *error)
{
    struct mp_reader reader = mp_reader_of(bytes);
    mp_read_tuple(&reader, REQUEST_FIELDS);
    out->token = mp_read_uint(&reader);
    uint64_t kind = mp_read_uint(&reader);
    if (kind != WIRE_SUBMIT && kind != WIRE_QUERY)
        mp_fail(&reader, "a kind of request this build does not know");
    out->kind = (enum wire_request_kind)kind;
    out->stale = mp_read_bool(&reader);
    out->dry_run = mp_read_bool(&reader);
    uint64_t timeout_ms = mp_read_uint(&reader);
    if (timeout_ms > UINT32_MAX)
        mp_fail(&reader, "a timeout out of bounds");
    out->timeout_ms = (uint32_t)timeout_ms;
    out->body = mp_read_bytes(&reader, VG_SIGNED_MAX);
    mp_end_array(&reader);
    return mp_finish(&reader, "request", error);
}

void wire_response_encode(const struct wire_response *response, struct vg_buffer *out)
{
    mp_write_array(out, RESPONSE_FIELDS);
    mp_write_uint(out, response->token);
    mp_write_uint(out, response->error.code);
    mp_write_text(out, vg_span_text(response->error.rule));
    mp_write_text(out, vg_span_text(response->error.text));
    mp_write_bytes(out, response->json);
}

static void read_into(struct mp_reader *reader, char *out, size_t size)
{
    vg_span text = mp_read_text(reader, size - 1);
    snprintf(out, size, "%.*s", (int)text.size, (const char *)text.data);
}

enum vg_code wire_response_decode(vg_span bytes, struct wire_response *out, struct vg_error *error)
{
    struct mp_reader reader = mp_reader_of(bytes);
    mp_read_tuple(&reader, RESPONSE_FIELDS);
    out->token = mp_read_uint(&reader);
    uint64_t code = mp_read_uint(&reader);
    if (code > VG_INTEGRITY)
        mp_fail(&reader, "an error code this build does not know");
    out->error.code = vg_code_from_number(code > VG_INTEGRITY ? VG_INTEGRITY : (unsigned)code);
    read_into(&reader, out->error.rule, sizeof out->error.rule);
    read_into(&reader, out->error.text, sizeof out->error.text);
    out->json = mp_read_bytes(&reader, VG_FRAME_MAX);
    mp_end_array(&reader);
    return mp_finish(&reader, "response", error);
}
