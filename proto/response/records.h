/* SPDX-License-Identifier: Apache-2.0
 * Values of the state as msgpack. Internal to proto/response. A value that does not decode is a
 * damaged state: the process stops, since the state is a cache of the log and is made anew from it.
 */
#ifndef VIGIL_PROTO_RESPONSE_RECORDS_H
#define VIGIL_PROTO_RESPONSE_RECORDS_H

#include "proto/response/machine.h"

/* Kinds of timeline events. Numbers are frozen. */
enum response_event_kind {
    RESPONSE_EVENT_DETECT = 1,
    RESPONSE_EVENT_JOIN,
    RESPONSE_EVENT_NOTE,
    RESPONSE_EVENT_STAGE,
    RESPONSE_EVENT_IMPORT,
};

/* The longest text of an event: a detection's title and detail with its source. */
enum { RESPONSE_EVENT_TEXT_MAX = VG_TEXT_MAX + VG_TITLE_MAX + 64 };

/* Without id and compartment, which are in the key. */
void response_incident_encode(const struct response_incident *incident, struct vg_buffer *out);
void response_incident_decode(vg_span bytes, struct response_incident *out);

/* Without the sequence, which is in the key. */
void response_event_encode(const struct response_event *event, enum response_event_kind kind,
                           struct vg_buffer *out);
void response_event_decode(vg_span bytes, struct response_event *out);

/* Without compartment, author and request, which are in the key, and without the sentence. */
void response_outcome_encode(const vg_hash *request_hash, const struct response_outcome *outcome,
                             struct vg_buffer *out);
void response_outcome_decode(vg_span bytes, vg_hash *request_hash, struct response_outcome *out);

#endif
