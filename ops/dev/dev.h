/* SPDX-License-Identifier: Apache-2.0
 * `vigil dev`: a cluster of real processes on this machine (docs/cli.md). */
#ifndef VIGIL_OPS_DEV_DEV_H
#define VIGIL_OPS_DEV_DEV_H

#include "ops/cli/core/command.h"

extern const struct cli_command dev_commands[];

#endif
