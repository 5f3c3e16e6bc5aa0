/* SPDX-License-Identifier: Apache-2.0
 * The files a cluster begins with: what its founder sends to the others, and the configuration of a
 * node. */
#ifndef VIGIL_OPS_CLI_BOOTSTRAP_FILES_H
#define VIGIL_OPS_CLI_BOOTSTRAP_FILES_H

#include "ops/cli/core/settings.h"
#include "proto/ledger/genesis.h"

/* ---- the cluster file --------------------------------------------------------------------------
 * The genesis and where its nodes are, as JSON. No secret is in it; what the cluster id does not
 * cover are addresses. */

struct cluster_place {
    char peer[CLI_URL_MAX + 1];
    char client[CLI_URL_MAX + 1];
};

struct cluster_file {
    struct ledger_genesis genesis;
    vg_hash cluster;                           /* its id */
    struct cluster_place places[VG_NODES_MAX]; /* of genesis.members, in their order */
};

/* Writes it whole. VG_EXISTS if there is one already. */
enum vg_code cluster_file_write(const char *path, const struct cluster_file *file,
                                struct vg_error *error);

/* `told`: the first VG_FINGERPRINT_SIZE bytes of the id of the cluster that one was told of, or
 * NULL; VG_INTEGRITY says which cluster it is of instead, whatever else is wrong with it.
 * VG_INVALID for any other file; VG_INTEGRITY and VG_INVALID as ledger_genesis_check. */
enum vg_code cluster_file_read(const char *path, const uint8_t *told, struct cluster_file *out,
                               struct vg_error *error);

/* ---- the configuration of a node ---------------------------------------------------------------
 */

struct node_file {
    const char *made_by; /* "vigil dev up" */
    const char *data;
    const char *genesis;
    const char *key;
    char cluster[2 * sizeof(vg_hash) + 1];
    uint32_t self; /* the node's place among `nodes` */
    uint32_t count;
    struct {
        uint64_t id;
        const char *region;
        const char *peer; /* where the node listens; where it is dialled */
        const char *client;
    } nodes[VG_NODES_MAX];
    uint32_t election_timeout_ms; /* 0: the default */
    uint32_t heartbeat_ms;
};

/* Writes it; replaces one that is there. */
enum vg_code node_file_write(const char *path, const struct node_file *file,
                             struct vg_error *error);

#endif
