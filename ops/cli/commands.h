/* SPDX-License-Identifier: Apache-2.0
 * The subcommands of `vigil`, one file each; the tables of children and handlers. */
#ifndef VIGIL_OPS_CLI_COMMANDS_H
#define VIGIL_OPS_CLI_COMMANDS_H

#include "ops/cli/core/command.h"

extern const struct cli_command vigil_commands; /* the root */

extern const struct cli_command identity_commands[];
extern const struct cli_command cluster_commands[];
extern const struct cli_command recovery_commands[];
extern const struct cli_command drill_commands[];
extern const struct cli_command log_commands[];
extern const struct cli_command incident_commands[];
extern const struct cli_command history_commands[];
extern const struct cli_command import_commands[];
extern const struct cli_command completion_commands[];
extern const struct cli_command task_commands[];
extern const struct cli_command contain_commands[];
extern const struct cli_command evidence_commands[];
extern const struct cli_command proposal_commands[];
extern const struct cli_command user_commands[];
extern const struct cli_command oncall_commands[];
extern const struct cli_command compartment_commands[];
extern const struct cli_command tenant_commands[];
extern const struct cli_command case_commands[];
extern const struct cli_command rules_commands[];

/* `vigil rules` without more: all of them. */
enum vg_code rules_all(struct cli_call *call);

#endif
