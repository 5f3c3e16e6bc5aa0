/* SPDX-License-Identifier: Apache-2.0
 * What the nodes of a call say of themselves and each other. */
#ifndef VIGIL_OPS_CLI_CLUSTER_H
#define VIGIL_OPS_CLI_CLUSTER_H

#include "ops/cli/core/command.h"

/* Asks every node of the call for its status at the same time; `out` has an answer of the caller's
 * for each, in their order, and NULL where none came. */
void cluster_ask_each(struct cli_call *call, json_t *out[CLI_NODES_MAX]);

/* The row of a node in a status, borrowed; NULL if there is none. */
json_t *cluster_row_of(const json_t *status, uint64_t node);

/* cluster_init.c, cluster_join.c, cluster_members.c, cluster_evict.c */
extern const struct cli_option cluster_init_options[];
extern const struct cli_option cluster_join_options[];
enum vg_code cluster_init(struct cli_call *call);
enum vg_code cluster_setup(struct cli_call *call);
enum vg_code cluster_join(struct cli_call *call);
enum vg_code cluster_members(struct cli_call *call);
enum vg_code cluster_evict(struct cli_call *call);

#endif
