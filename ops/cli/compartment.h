/* SPDX-License-Identifier: Apache-2.0
 * Compartments: handlers of `vigil compartment`, and what other commands do with them too. */
#ifndef VIGIL_OPS_CLI_COMPARTMENT_H
#define VIGIL_OPS_CLI_COMPARTMENT_H

#include <jansson.h>

#include "ops/cli/clearing.h"
#include "proto/compartment/epoch.h"

enum vg_code compartment_run_list(struct cli_call *call);
enum vg_code compartment_run_show(struct cli_call *call);
enum vg_code compartment_run_create(struct cli_call *call);
enum vg_code compartment_run_grant(struct cli_call *call);
enum vg_code compartment_run_revoke(struct cli_call *call);
enum vg_code compartment_run_rotate(struct cli_call *call);

/* What a node says of a compartment, of the caller's; NULL: the call's error. */
json_t *compartment_ask(struct cli_call *call, const char *name);

/* VG_FORBIDDEN if the compartment of such a document is shredded, or being so. */
enum vg_code compartment_refuse_shredded(struct cli_call *call, const json_t *document);

/* Whether the key in force is wrapped for a node that is evicted; a shredded one has none. */
bool compartment_has_evicted(const json_t *document);

/* Makes the next epoch of such a document, for the same holders without those evicted. The answer
 * is the caller's. */
enum vg_code compartment_rotate(struct cli_call *call, const json_t *document, const vg_id *request,
                                json_t **answer);

/* The record in force of such a document. VG_NOT_FOUND: it is in clear. */
enum vg_code compartment_read_epoch(struct cli_call *call, const json_t *document,
                                    struct compartment_epoch *out);

/* Why there may be fewer nodes than there should be: a reason is sealed in the directory, and the
 * command, which is in clear on every node, has its id. */
enum vg_code compartment_give_reason(struct cli_call *call, const json_t *document,
                                     const char *reason, vg_id *out);

/* Proposes a command that another key officer signs too, and says how. */
enum vg_code compartment_propose(struct cli_call *call, const struct response_command *command);

/* Makes a compartment of a name that is not taken, for exactly these nodes, however few (its
 * min_cleared is 1), with the directory's recovery key. The author of the call is open. */
enum vg_code compartment_create(struct cli_call *call, const char *name,
                                const struct clearing_nodes *nodes, vg_id *out);

#endif
