/* SPDX-License-Identifier: Apache-2.0
 * What a new cluster is told first: names of people and compartments, and who may do what. */
#ifndef VIGIL_OPS_DEV_SETUP_H
#define VIGIL_OPS_DEV_SETUP_H

#include "ops/cli/core/command.h"
#include "ops/dev/cluster.h"

/* Points the call at the cluster, as its first person. */
void dev_point_call(struct cli_call *call, const struct dev_cluster *cluster);

/* Waits until a leader serves. */
enum vg_code dev_await_leader(struct cli_call *call, const struct dev_cluster *cluster);

/* Waits until the node answers; it need not be in touch with others. */
enum vg_code dev_await_node(const struct dev_cluster *cluster, const struct dev_node *node,
                            struct vg_error *error);

/* Names, roles and the compartment `default`, as commands signed by the first person; does nothing
 * where they are there already. */
enum vg_code dev_fill_directory(struct cli_call *call, const struct dev_cluster *cluster);

/* Gives everybody the roles in a compartment that they have in `default`. */
enum vg_code dev_fill_compartment(struct cli_call *call, const struct dev_cluster *cluster,
                                  const vg_id *compartment);

/* Writes a context for each person, in a region each, and makes the first person's the current one;
 * its name is put into the cluster. */
enum vg_code dev_write_contexts(struct cli_call *call, struct dev_cluster *cluster);

#endif
