/* SPDX-License-Identifier: Apache-2.0
 * What is done to the nodes of a development cluster and to what is between them, and undone. One
 * thread. */
#ifndef VIGIL_OPS_DRILL_VIGIL_NEMESIS_FAULTS_H
#define VIGIL_OPS_DRILL_VIGIL_NEMESIS_FAULTS_H

#include "common/prng.h"
#include "ops/drill/proxy/regions.h"

enum { FAULT_KINDS = 15 };

struct faults {
    struct dev_cluster *cluster;
    struct proxy *proxy;
    struct proxy_mesh whole; /* links where nothing is wrong with them */
    struct vg_prng prng;
    uint64_t counts[FAULT_KINDS];
};

/* One fault, for as long as chance says, and its end: after it every node runs and hears every
 * other. VG_INTEGRITY when a node had ended by itself; else what kept the fault from being done or
 * undone. */
enum vg_code faults_next(struct faults *faults, struct vg_error *error);

/* The name of a kind of fault ("kill-leader"). */
const char *faults_name(uint32_t kind);

/* VG_INTEGRITY names a node that ended by itself, with its last words. */
enum vg_code faults_check(const struct dev_cluster *cluster, struct vg_error *error);

#endif
