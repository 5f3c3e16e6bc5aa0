/* SPDX-License-Identifier: Apache-2.0
 * The folder of a local cluster: keys, genesis, one configuration per node, and cluster.json, which
 * says what is there and which processes run it. */
#ifndef VIGIL_OPS_DEV_CLUSTER_H
#define VIGIL_OPS_DEV_CLUSTER_H

#include <jansson.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/limits.h"
#include "common/text.h"
#include "ops/cli/core/settings.h"

enum { DEV_PATH_MAX = 1024, DEV_URL_MAX = 64 };

struct dev_node {
    uint64_t id;
    char region[VG_NAME_MAX + 1];
    char peer[DEV_URL_MAX];
    char client[DEV_URL_MAX];
    vg_channel_public channel;
    pid_t pid;                  /* 0: never started */
    unsigned long long started; /* with it, the process itself */
};

struct dev_cluster {
    char dir[DEV_PATH_MAX]; /* absolute */
    int lock;               /* held while the folder is worked on */
    char cluster[VG_HASH_TEXT];
    char context[VG_NAME_MAX + 8]; /* "" until the context is written */
    uint32_t election_timeout_ms;
    uint32_t people;
    uint32_t node_count;
    struct dev_node nodes[VG_NODES_MAX];
};

/* What a new cluster is to be. */
struct dev_plan {
    uint32_t nodes;
    uint32_t people;
    uint32_t election_timeout_ms;
    const char *regions; /* "apac,emea,amer"; nodes take turns */
};

/* Opens and locks the folder of a cluster. VG_NOT_FOUND if there is none; VG_INVALID names what is
 * wrong with it. On success dev_cluster_close ends it. */
enum vg_code dev_cluster_open(const char *dir, struct dev_cluster *out, struct vg_error *error);

/* Makes a new one in a folder that is empty or not there: keys, genesis, configurations. */
enum vg_code dev_cluster_make(const char *dir, const struct dev_plan *plan, struct dev_cluster *out,
                              struct vg_error *error);

/* Writes cluster.json. */
enum vg_code dev_cluster_save(const struct dev_cluster *cluster, struct vg_error *error);

/* Removes the folder and everything in it. */
enum vg_code dev_cluster_delete(const struct dev_cluster *cluster, struct vg_error *error);

void dev_cluster_close(struct dev_cluster *cluster);

/* The node of an id or a region's name; VG_NOT_FOUND names what there is. */
enum vg_code dev_cluster_find(struct dev_cluster *cluster, const char *name, struct dev_node **out,
                              struct vg_error *error);

/* Where its clients find it. */
struct cli_node dev_node_at(const struct dev_node *node);

/* Paths within the folder. */
void dev_node_path(const struct dev_cluster *cluster, const struct dev_node *node, const char *file,
                   char out[DEV_PATH_MAX]);
void dev_person_path(const struct dev_cluster *cluster, uint32_t number, char out[DEV_PATH_MAX]);
void dev_genesis_path(const struct dev_cluster *cluster, char out[DEV_PATH_MAX]);

/* The document of CLI.md's `dev up`. Owned by the caller. */
json_t *dev_cluster_describe(const struct dev_cluster *cluster);

#endif
