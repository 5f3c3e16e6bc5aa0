/* SPDX-License-Identifier: Apache-2.0
 * What people call things by, as ids: names of people and compartments, numbers of parts. */
#ifndef VIGIL_OPS_CLI_CORE_FIND_H
#define VIGIL_OPS_CLI_CORE_FIND_H

#include "ops/cli/core/command.h"

/* The compartment of a name or id; NULL: the context's default. */
enum vg_code cli_compartment_find(struct cli_call *call, const char *name, vg_id *out);

/* The person of a name or id in the directory; "me" is the author. */
enum vg_code cli_person_find(struct cli_call *call, const char *name, vg_id *out);

/* The directory's entry of a person's name or id, borrowed; NULL if there is none. */
const json_t *cli_person_entry(const json_t *people, const char *name);

/* The same of a compartment, as far as who asks may know of it. */
const json_t *cli_compartment_entry(const json_t *compartments, const char *name);

/* The directory's name of a person, or the id itself. `people` is the directory's list. */
const char *cli_person_name(const json_t *people, const char *id);

/* Part of an incident by its id or its number ("T3", "C1", "E2"); `kind` as incident.parts has it:
 * "tasks", "containment", "evidence". */
enum vg_code cli_part_find(struct cli_call *call, const char *incident, const char *kind,
                           const char *name, vg_id *out);

#endif
