/* SPDX-License-Identifier: Apache-2.0
 * The end of a compartment: one key officer proposes it, another approves
 * (docs/compartments.md, "Shredding"). */
#ifndef VIGIL_OPS_CLI_SHRED_H
#define VIGIL_OPS_CLI_SHRED_H

#include "ops/cli/core/command.h"

/* `vigil compartment shred NAME`, `vigil compartment recovery-destroyed NAME --key KEY`. */
enum vg_code shred_compartment(struct cli_call *call);
enum vg_code shred_recovery(struct cli_call *call);

extern const struct cli_option shred_options[];
extern const struct cli_option shred_recovery_options[];

/* Says how far the compartment of such a document is shredded; false if it is not to be. */
bool shred_print(const struct cli_call *call, const json_t *document);

/* Says of a proposal of either, or of a recovery, which compartment it is about; nothing of any
 * other. */
void shred_print_proposed(struct cli_call *call, const struct response_command *command);

#endif
