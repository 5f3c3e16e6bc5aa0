/* SPDX-License-Identifier: Apache-2.0
 * Parts of incidents, and what several operations do with them and with each other. Internal to
 * proto/response. */
#ifndef VIGIL_PROTO_RESPONSE_PARTS_H
#define VIGIL_PROTO_RESPONSE_PARTS_H

#include "proto/response/call.h"

/* ---- any part ---------------------------------------------------------------------------------
 */

/* The key of a part of an incident; of the first, with a zero id. */
struct response_key response_part_key(const vg_id *compartment, enum response_section section,
                                      const vg_id *incident, const vg_id *part);

/* VG_EXISTS if the request's id is a part's already. */
enum vg_code response_require_fresh(struct response_call *call, enum response_section section);

/* VG_INVALID if there are `max` of `what` already. */
enum vg_code response_require_room(struct response_call *call, uint32_t count, uint32_t max,
                                   const char *what);

/* One more revision of a part, under author and log time. */
void response_bump_part(const struct response_call *call, struct response_revision *revision);

/* The value of a part in its record; false if there is none. */
bool response_part_find(const struct response_machine *machine, const vg_id *compartment,
                        enum response_section section, const vg_id *incident, const vg_id *part,
                        vg_span *value);
bool response_part_after(const struct response_machine *machine, const vg_id *compartment,
                         enum response_section section, const vg_id *incident, vg_id *part,
                         vg_span *value);
void response_part_put(struct response_call *call, enum response_section section, const vg_id *part,
                       const struct vg_buffer *record);

/* ---- tasks ------------------------------------------------------------------------------------
 */

/* Tasks that rules add. Judging says so and finds the room; the effect writes all of them. */
/* R15: with a broken glass, the task that reviews it. */
enum vg_code response_judge_review(struct response_call *call);
/* Appends why, as a line, if the glass is broken. */
void response_describe_glass(const struct response_call *call, vg_span why, struct vg_buffer *out);
/* R11: for something that is wanted and not there yet. */
enum vg_code response_judge_follow_up(struct response_call *call, const char *title);
void response_effect_rule_tasks(struct response_call *call);

/* ---- evidence ---------------------------------------------------------------------------------
 */

/* VG_NOT_FOUND unless the incident has each of them. */
enum vg_code response_require_evidence(struct response_call *call, const struct response_ids *ids);
/* Appends "rests on E1, E2" as a line, for evidence that was required. */
void response_describe_evidence(const struct response_call *call, const struct response_ids *ids,
                                struct vg_buffer *out);

/* ---- stages -----------------------------------------------------------------------------------
 */

/* R1: which of the three are in question, where a stage settles it. */
void response_settle_cia(struct response_call *call, uint8_t cia, vg_span reason);

/* At least sev1, by the rule named. */
void response_raise_severity(struct response_call *call, const char *why);

/* An attestation holds no longer, by the rule named; nothing where it did not hold. */
void response_lapse(struct response_call *call, uint16_t attestation, const char *why);

/* call->next goes back to the stage it was closed from, and attestations lapse (R27). The change of
 * the stage itself is the caller's to say. */
void response_reopen_next(struct response_call *call);

#endif
