/* SPDX-License-Identifier: Apache-2.0
 * New keys under an id there is: one person proposes them, another approves (docs/keys.md,
 * "Replacement"). */
#ifndef VIGIL_OPS_CLI_REKEY_H
#define VIGIL_OPS_CLI_REKEY_H

#include "ops/cli/core/command.h"

/* `vigil user rekey NAME --public FILE`, `vigil cluster members rekey NODE --public FILE`. */
enum vg_code rekey_person(struct cli_call *call);
enum vg_code rekey_node(struct cli_call *call);

extern const struct cli_option rekey_options[];

/* Says of a proposal of new keys whose they are, and their fingerprint. `people` is the directory's
 * list. */
void rekey_print(const struct response_command *command, const json_t *people);

#endif
