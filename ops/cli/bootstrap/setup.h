/* SPDX-License-Identifier: Apache-2.0
 * The first entries of a cluster's directory: what its first people are called and may do, and what
 * its first compartment is called. All of it can be done again. */
#ifndef VIGIL_OPS_CLI_BOOTSTRAP_SETUP_H
#define VIGIL_OPS_CLI_BOOTSTRAP_SETUP_H

#include "ops/cli/core/change.h"

struct setup_person {
    vg_id id;
    const char *name;
    uint32_t directory_roles;
    uint32_t roles; /* in the first compartment, or the one that is named */
    bool on_call;   /* there */
};

/* The compartment of the genesis that is not the directory, and whether it has a name yet. The
 * author of the call is open. */
enum vg_code setup_first_find(struct cli_call *call, vg_id *first, bool *named);

/* Names a person, grants the roles, puts on call: an entry for each. */
enum vg_code setup_person(struct cli_call *call, const vg_id *first,
                          const struct setup_person *person);

/* Grants a person's roles in a compartment, and puts on call there: an entry for each. */
enum vg_code setup_roles(struct cli_call *call, const vg_id *compartment,
                         const struct setup_person *person);

/* Names the first compartment: last, since it says that all before it is done. */
enum vg_code setup_first_name(struct cli_call *call, const vg_id *first, const char *name);

#endif
