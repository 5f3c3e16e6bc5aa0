/* SPDX-License-Identifier: Apache-2.0
 * Timeline events as people read them. */
#ifndef VIGIL_OPS_CLI_EVENTS_H
#define VIGIL_OPS_CLI_EVENTS_H

#include "ops/cli/core/command.h"

/* Prints events of one timeline, or of a watch, and flushes. */
void events_print(struct cli_call *call, const json_t *events, enum cli_output output);

#endif
