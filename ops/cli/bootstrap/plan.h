/* SPDX-License-Identifier: Apache-2.0
 * What a new cluster is to be, as its founder wrote it down (docs/bootstrap.md): whose public
 * halves make the genesis, where the nodes are, what people are called and do. */
#ifndef VIGIL_OPS_CLI_BOOTSTRAP_PLAN_H
#define VIGIL_OPS_CLI_BOOTSTRAP_PLAN_H

#include "ops/cli/core/public.h"
#include "ops/cli/core/settings.h"

struct plan_node {
    char *public_file;
    char *region;
    char *peer;
    char *client;
    struct cli_public identity; /* what the file says */
};

struct plan_person {
    char *public_file;
    char *name;
    bool operates;
    bool key_officer;
    bool on_call;
    char **roles; /* in the first compartment */
    unsigned roles_count;
    uint32_t role_bits;
    struct cli_public identity;
};

struct plan {
    char *compartment; /* name of the first one */
    char *recovery_file;
    vg_box_public recovery; /* what the file says */
    struct plan_node *nodes;
    unsigned nodes_count;
    struct plan_person *people;
    unsigned people_count;
};

/* Reads a plan and the public files it names, which lie beside it unless their path is absolute.
 * VG_INVALID and VG_NOT_FOUND name what is wrong and where: nobody twice, a node's file with its
 * unwrap keys among the nodes, an operator and a key officer among the people. VG_INTEGRITY as
 * cli_public_read and recovery_public_read. The nodes
 * are in the order of their ids. Free with plan_free. */
enum vg_code plan_read(const char *path, struct plan **out, struct vg_error *error);

void plan_free(struct plan *plan);

#endif
