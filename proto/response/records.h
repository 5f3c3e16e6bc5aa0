/* SPDX-License-Identifier: Apache-2.0
 * Values of the state as msgpack. What is in the key is not in the value. Internal to
 * proto/response. A value that does not decode is a damaged state: the process stops, since the
 * state is a cache of the log and is made anew from it. */
#ifndef VIGIL_PROTO_RESPONSE_RECORDS_H
#define VIGIL_PROTO_RESPONSE_RECORDS_H

#include "proto/response/directory.h"
#include "proto/response/drill.h"
#include "proto/response/incident.h"
#include "proto/response/tenants.h"

/* The longest text of an event: the four texts of a declaration and its tenants, with titles. */
enum { RESPONSE_EVENT_TEXT_MAX = 4 * VG_TEXT_MAX + RESPONSE_LINES_MAX * (VG_NAME_MAX + 32) + 1024 };

/* Spans of decoded records borrow `bytes`. */
#define RESPONSE_RECORDS(X)                                                                        \
    X(incident)                                                                                    \
    X(event)                                                                                       \
    X(task)                                                                                        \
    X(step)                                                                                        \
    X(evidence)                                                                                    \
    X(affected) X(proposal) X(filter) X(person) X(drill) X(tenant) X(owed) X(tenant_case) X(heard)
#define X(name)                                                                                    \
    void response_##name##_encode(const struct response_##name *record, struct vg_buffer *out);    \
    void response_##name##_decode(vg_span bytes, struct response_##name *out);
RESPONSE_RECORDS(X)
#undef X

/* Without compartment, author and request, which are in the key, and without the sentence. */
void response_outcome_encode(const vg_hash *request_hash, const struct response_outcome *outcome,
                             struct vg_buffer *out);
void response_outcome_decode(vg_span bytes, vg_hash *request_hash, struct response_outcome *out);

#endif
