/* SPDX-License-Identifier: Apache-2.0
 * `vigil bench`: a closed loop of clients, each waiting for its answer before it asks again. */
#ifndef VIGIL_OPS_BENCH_BENCH_H
#define VIGIL_OPS_BENCH_BENCH_H

#include "ops/cli/core/command.h"

extern const char bench_about[];
extern const char bench_examples[];
extern const struct cli_option bench_options[];

enum vg_code bench_run(struct cli_call *call);

#endif
