/* SPDX-License-Identifier: Apache-2.0
 * The god view of the response rules: the second state machine (tests/lib/model.h) is given every
 * command in the order of the log, and the first answer any host gives must be its own. */
#ifndef VIGIL_TESTS_SIM_RULES_H
#define VIGIL_TESTS_SIM_RULES_H

#include "proto/ledger/entry.h"
#include "tests/lib/model.h"

struct host;
struct response_outcome;
struct sim;

/* A host is the first to have applied the entry of this command, with this outcome. */
void rules_applied(struct sim *sim, const struct host *host, const struct ledger_view *entry,
                   const struct ledger_command *command, const struct response_outcome *outcome);

/* At the end: everything that is known of every incident is the same. */
void rules_finish(struct sim *sim, const struct host *host);

#endif
