/* SPDX-License-Identifier: Apache-2.0
 * Compartments as other commands change them too. */
#ifndef VIGIL_OPS_CLI_COMPARTMENT_H
#define VIGIL_OPS_CLI_COMPARTMENT_H

#include <jansson.h>

#include "ops/cli/core/command.h"

/* What a node says of a compartment, of the caller's; NULL: the call's error. */
json_t *compartment_ask(struct cli_call *call, const char *name);

/* Whether the key in force is wrapped for a node that is evicted; a shredded one has none. */
bool compartment_has_evicted(const json_t *document);

/* Makes the next epoch of such a document, for the same holders without those evicted. The answer
 * is the caller's. */
enum vg_code compartment_rotate(struct cli_call *call, const json_t *document, const vg_id *request,
                                json_t **answer);

#endif
