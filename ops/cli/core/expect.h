/* SPDX-License-Identifier: Apache-2.0
 * What a change expects of an incident: what --expect says, and for the aspects it sets what this
 * session has read. */
#ifndef VIGIL_OPS_CLI_CORE_EXPECT_H
#define VIGIL_OPS_CLI_CORE_EXPECT_H

#include "ops/cli/core/change.h"

struct cli_expectations {
    struct ledger_expectation list[VG_EXPECTATIONS_MAX];
    uint16_t count;
};

/* VG_USAGE where an --expect of the call is none. The author is open. */
enum vg_code cli_expectations_collect(struct cli_call *call, const struct cli_change *change,
                                      struct cli_expectations *out);

/* Sets or replaces what is expected of an aspect; false where there is no room for one more. */
bool cli_expectations_set(struct cli_expectations *expectations, const struct cli_aspect *aspect,
                          uint64_t revision);

/* "stage", or "task/ID" of a part, as revisions in answers have it. */
enum { CLI_ASPECT_TEXT = 72 };
void cli_aspect_name(const struct cli_aspect *aspect, char out[CLI_ASPECT_TEXT]);

#endif
