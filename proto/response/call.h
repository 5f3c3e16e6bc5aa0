/* SPDX-License-Identifier: Apache-2.0
 * One command on its way through the machine: admit -> decode -> roles -> judge -> effect. Judges
 * read and refuse; effects write and cannot fail. Internal to proto/response. */
#ifndef VIGIL_PROTO_RESPONSE_CALL_H
#define VIGIL_PROTO_RESPONSE_CALL_H

#include "proto/response/pairs.h"
#include "proto/response/records.h"

struct response_call {
    const struct response_machine *machine;
    const struct ledger_command *request;
    uint64_t index;
    uint64_t term;
    uint64_t time_ms; /* log time */
    struct response_command command;
    struct response_incident incident; /* the one the command is about; a judge fills it */
    struct response_outcome *outcome;
    struct response_pairs pairs; /* for effects */
};

/* ---- once ----------------------------------------------------------------------------------- */

/* False when the answer is known without looking at the command: the request is repeated, expired,
 * or its id was used for something else. The outcome is filled then. */
bool response_admit(struct response_call *call);

/* Keeps the outcome, and forgets a few requests too old to be repeated. */
void response_remember(struct response_call *call);

/* ---- directory ------------------------------------------------------------------------------ */

/* VG_FORBIDDEN unless the author has one of `roles` in the command's compartment. */
enum vg_code response_require_role(struct response_call *call, uint32_t roles);

/* True for the directory, the genesis' first compartment, and whatever the directory has named. */
bool response_compartment_known(const struct response_machine *machine, const vg_id *compartment);

enum vg_code response_judge_person(struct response_call *call);
enum vg_code response_judge_label(struct response_call *call);
enum vg_code response_judge_grant(struct response_call *call);
void response_effect_person(struct response_call *call);
void response_effect_label(struct response_call *call);
void response_effect_grant(struct response_call *call);

/* ---- incidents ------------------------------------------------------------------------------ */

/* Loads the incident a command names; VG_NOT_FOUND if the compartment has none of this id. */
enum vg_code response_find_incident(struct response_call *call, const vg_id *id);

/* Starts a new incident under the request's id; VG_EXISTS if that is taken. */
enum vg_code response_begin_incident(struct response_call *call);

/* Appends a timeline event to the call's incident. */
void response_add_event(struct response_call *call, enum response_event_kind kind,
                        uint64_t happened_at, vg_span text);

/* Writes the call's incident, its place among open work, and the revisions of the answer. */
void response_save_incident(struct response_call *call);

/* R1 and R2: what a detection may give as its source. */
enum vg_code response_judge_source(uint8_t source, uint8_t subsource, struct vg_error *error);

/* Appends "SOURCE[/SUB]: TITLE" to a text. */
void response_describe_source(uint8_t source, uint8_t subsource, vg_span title,
                              struct vg_buffer *out);

/* Copies a span that fits, and ends it. */
void response_copy_text(vg_span text, char *out, size_t size);

enum vg_code response_judge_detect(struct response_call *call);
enum vg_code response_judge_note(struct response_call *call);
enum vg_code response_judge_stage(struct response_call *call);
enum vg_code response_judge_import(struct response_call *call);
void response_effect_detect(struct response_call *call);
void response_effect_note(struct response_call *call);
void response_effect_stage(struct response_call *call);
void response_effect_import(struct response_call *call);

/* ---- aspects -------------------------------------------------------------------------------- */

/* VG_INVALID if the command expects anything of an incident it does not change. */
enum vg_code response_expect_nothing(struct response_call *call);

/* VG_CONFLICT if an expectation of the command does not hold. `aspect` is what the command is about
 * to set to `proposed`. */
enum vg_code response_check_expectations(struct response_call *call, uint16_t aspect,
                                         const char *proposed);

/* VG_CONFLICT if the command sets an aspect that was set before without expecting its revision. */
enum vg_code response_require_expected(struct response_call *call, uint16_t aspect,
                                       const char *proposed);

/* Counts a change of the call's incident under its author and log time. */
void response_bump(struct response_call *call, uint16_t aspect);

/* Bits as "c,i,a"; "-" for none. */
enum { RESPONSE_CIA_TEXT = 8 };
void response_format_cia(uint8_t cia, char out[RESPONSE_CIA_TEXT]);

#endif
