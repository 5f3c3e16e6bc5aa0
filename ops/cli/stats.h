/* SPDX-License-Identifier: Apache-2.0
 * `vigil stats`: how long it took from detection to assessment, containment, stability and close,
 * from the committed times of accepted commands alone. */
#ifndef VIGIL_OPS_CLI_STATS_H
#define VIGIL_OPS_CLI_STATS_H

#include "ops/cli/core/command.h"

extern const char stats_about[];
extern const char stats_examples[];
extern const struct cli_option stats_options[];

enum vg_code stats_run(struct cli_call *call);

#endif
