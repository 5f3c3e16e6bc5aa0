/* SPDX-License-Identifier: Apache-2.0
 * Requests of `vigil` to a node and their answers, as payloads of WIRE_REQUEST and WIRE_RESPONSE.
 * Several requests may be under way on one connection; `token` pairs answers. */
#ifndef VIGIL_PROTO_WIRE_CLIENT_H
#define VIGIL_PROTO_WIRE_CLIENT_H

#include "common/error.h"
#include "common/mem.h"

enum wire_request_kind {
    WIRE_SUBMIT = 1, /* body: a signed command; answered from the origin's own apply */
    WIRE_QUERY = 2,  /* body: JSON {"query": NAME, ...arguments}; see docs/protocol.md */
};

struct wire_request {
    uint64_t token;
    enum wire_request_kind kind;
    bool stale;          /* QUERY: answer from this node's state without ReadIndex */
    bool dry_run;        /* SUBMIT: check against a confirmed view, append nothing */
    uint32_t timeout_ms; /* the node gives up after this */
    vg_span body;        /* borrowed */
};

void wire_request_encode(const struct wire_request *request, struct vg_buffer *out);
enum vg_code wire_request_decode(vg_span bytes, struct wire_request *out, struct vg_error *error);

/* VG_OK with a JSON document, or an error with JSON details (may be empty). */
struct wire_response {
    uint64_t token;
    struct vg_error error; /* code VG_OK: none */
    vg_span json;          /* borrowed; UTF-8 */
};

void wire_response_encode(const struct wire_response *response, struct vg_buffer *out);
enum vg_code wire_response_decode(vg_span bytes, struct wire_response *out, struct vg_error *error);

#endif
