/* SPDX-License-Identifier: Apache-2.0
 * Lists of an incident's parts. */
#ifndef VIGIL_OPS_CLI_PARTS_H
#define VIGIL_OPS_CLI_PARTS_H

#include "ops/cli/core/command.h"
#include "ops/cli/core/output.h"

/* Lists all parts of a kind ("tasks") of the incident that the call names, in the order of their
 * numbers, and remembers their revisions as those of `aspect`. */
enum vg_code parts_list(struct cli_call *call, const char *kind, const char *aspect,
                        const struct cli_column *columns);

/* Remembers the revisions of parts of the incident that the call names. */
void parts_learn(struct cli_call *call, const char *aspect, const json_t *parts);

/* Puts names in the place of people's ids, for tables. */
void parts_name_people(json_t *rows, const json_t *people);

#endif
