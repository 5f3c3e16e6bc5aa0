/* SPDX-License-Identifier: Apache-2.0
 * A compartment whose nodes have lost its key (docs/compartments.md, "Recovery"): an officer's
 * machine asks nodes what they offer, one without a network makes the next epoch with the shares,
 * and two officers have it come into force. */
#ifndef VIGIL_OPS_CLI_RECOVER_H
#define VIGIL_OPS_CLI_RECOVER_H

#include "ops/cli/core/command.h"

/* `vigil recovery request NAME`, `vigil recovery open REQUEST SHARE...`, `vigil compartment recover
 * NAME`. */
enum vg_code recover_request(struct cli_call *call);
enum vg_code recover_open(struct cli_call *call);
enum vg_code recover_compartment(struct cli_call *call);

extern const struct cli_option recover_request_options[];
extern const struct cli_option recover_open_options[];
extern const struct cli_option recover_options[];

#endif
