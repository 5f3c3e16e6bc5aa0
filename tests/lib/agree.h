/* SPDX-License-Identifier: Apache-2.0
 * Whether the state machine and the model (model.h) answer and know the same. */
#ifndef VIGIL_TESTS_LIB_AGREE_H
#define VIGIL_TESTS_LIB_AGREE_H

#include "proto/response/incident.h"
#include "tests/lib/model.h"

/* A command as the model takes it; borrows what was signed. */
struct agree_taken {
    struct response_command command;
    struct model_order order;
};

void agree_take(const struct ledger_command *command, uint64_t index, uint64_t time_ms,
                const vg_hash *entry, struct agree_taken *out);

/* The incident a command is about: the one it names, that of the proposal it signs, or the one it
 * was answered with. */
vg_id agree_concerned(const struct response_machine *machine, const struct agree_taken *taken,
                      const struct response_outcome *outcome);

/* Answers to a check, and to a command that was given: a repeated one is that of its time, index
 * and all. */
bool agree_checks(const struct model_verdict *model, const struct response_outcome *machine);
bool agree_verdicts(const struct model_verdict *model, const struct response_outcome *machine);

/* In what they differ about an incident, which neither need know; NULL: in nothing. */
const char *agree_incident(const struct response_machine *machine, const struct model *model,
                           const vg_id *compartment, const vg_id *id);

/* In what they differ about what a compartment owes, has told and has heard; NULL: in nothing. */
const char *agree_facts(const struct response_machine *machine, const struct model *model,
                        const vg_id *compartment);

#endif
