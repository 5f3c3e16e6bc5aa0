/* SPDX-License-Identifier: Apache-2.0
 * What detections, counts and imports share. Internal to proto/response. */
#ifndef VIGIL_PROTO_RESPONSE_DETECT_H
#define VIGIL_PROTO_RESPONSE_DETECT_H

#include "proto/response/call.h"

/* R1 and R2: what may be given as a source. */
enum vg_code response_judge_source(struct response_call *call, uint8_t source, uint8_t subsource);

/* Appends "SOURCE[/SUB]: TITLE" to a text. */
void response_describe_source(uint8_t source, uint8_t subsource, vg_span title,
                              struct vg_buffer *out);

/* The latest incident of a deduplication key (R3); "" has none. */
bool response_find_signal(const struct response_machine *machine, const vg_id *compartment,
                          vg_span signal, struct response_incident *out);

/* Makes the call's incident the latest of its key. */
void response_remember_latest(struct response_call *call);

/* R10: the filter of a key, standing or not, and counting what it took out. */
bool response_filter_get(const struct response_machine *machine, const vg_id *compartment,
                         vg_span signal, struct response_filter *out);
void response_count_filtered(struct response_call *call, vg_span signal, uint64_t more);

/* The filter of the incident's answer, if it has one, stands from now on, or no longer. */
void response_set_filter(struct response_call *call, const struct response_incident *incident,
                         bool stands);

/* Whether the key that the incident's answer filters is still its own. */
bool response_owns_filter(const struct response_call *call,
                          const struct response_incident *incident);

/* With another answer: takes the key of it, and what was taken out under that key so far. */
void response_claim_filter(struct response_call *call);

#endif
