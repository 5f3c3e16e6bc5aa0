/* SPDX-License-Identifier: Apache-2.0
 * Puts the fault proxy between the nodes of a cluster that runs, and takes it away again. Nodes are
 * restarted for it: they read where the others are when they start. */
#ifndef VIGIL_OPS_DRILL_VIGIL_PROXY_FRONT_H
#define VIGIL_OPS_DRILL_VIGIL_PROXY_FRONT_H

#include "ops/cli/core/command.h"
#include "ops/drill/proxy/regions.h"

/* Returns when a leader serves through it. `cluster` is open; every node must run. On failure the
 * nodes are as they were, if that could be done. */
enum vg_code front_open(struct cli_call *call, struct dev_cluster *cluster,
                        const struct proxy_mesh *whole, uint64_t seed, struct proxy **out);

/* The other way round, with `cluster` open again; returns when a leader serves, if all nodes run.
 * Those that do not stay so. */
enum vg_code front_close(struct cli_call *call, struct dev_cluster *cluster, struct proxy *proxy);

/* Holds the place before a cluster until the program ends; VG_BUSY where another has it. */
enum vg_code front_claim(const struct dev_cluster *cluster, struct vg_error *error);

#endif
