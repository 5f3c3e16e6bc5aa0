/* SPDX-License-Identifier: Apache-2.0
 * The files of a new local cluster. */
#ifndef VIGIL_OPS_DEV_MAKE_H
#define VIGIL_OPS_DEV_MAKE_H

#include "ops/dev/cluster.h"

/* Makes keys, genesis and configurations in cluster->dir and fills the rest of `cluster`. */
enum vg_code dev_make_files(struct dev_cluster *cluster, const struct dev_plan *plan,
                            struct vg_error *error);

/* By whom and whom: where a node dials another instead of at its peer address; "": there. */
struct dev_routes {
    char urls[VG_NODES_MAX][VG_NODES_MAX][DEV_URL_MAX];
};

/* Writes the configuration of every node again; nodes that run read it when they are restarted. */
enum vg_code dev_make_configs(const struct dev_cluster *cluster, const struct dev_routes *routes,
                              struct vg_error *error);

#endif
