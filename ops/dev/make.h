/* SPDX-License-Identifier: Apache-2.0
 * The files of a new local cluster. */
#ifndef VIGIL_OPS_DEV_MAKE_H
#define VIGIL_OPS_DEV_MAKE_H

#include "ops/dev/cluster.h"

/* Makes keys, genesis and configurations in cluster->dir and fills the rest of `cluster`. */
enum vg_code dev_make_files(struct dev_cluster *cluster, const struct dev_plan *plan,
                            struct vg_error *error);

#endif
