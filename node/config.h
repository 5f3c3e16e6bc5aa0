/* SPDX-License-Identifier: Apache-2.0
 * The configuration of one node, from a strict YAML file (docs/operating.md). */
#ifndef VIGIL_NODE_CONFIG_H
#define VIGIL_NODE_CONFIG_H

#include "common/error.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/types.h"

struct node_config_listen {
    char *peer;
    char *client;
};

struct node_config_peer {
    uint64_t node;
    char *region;
    char *peer;
    char *client;
};

/* Strings and the array belong to the configuration. Optional values not given have their default.
 */
struct node_config {
    uint64_t node;
    char *region;
    char *data;           /* folder of log and state */
    char *genesis;        /* file */
    char *cluster;        /* the id that genesis must have, hex; NULL: any */
    char *key;            /* identity file of kind node, or "credential:NAME" */
    char *key_passphrase; /* "credential:NAME", "terminal", a file, or NULL: there is none */
    bool key_replaced;    /* by an entry: it is not the one of the genesis */
    char *keyring; /* file of its unwrap secrets; NULL: none was named, nor has the key a file */
    struct node_config_listen listen;
    struct node_config_peer *peers; /* the others */
    uint32_t peers_count;
    uint32_t election_timeout_ms;
    uint32_t heartbeat_ms;
    uint64_t quota_mib;
    uint64_t reserve_mib;
    enum vg_log_level *log_level; /* NULL: info */
    uint32_t require; /* 1 << enum lockdown_part, of each part it does not run without */
};

/* Reads and checks a file. VG_NOT_FOUND, VG_UNAVAILABLE, or VG_INVALID that names the line or the
 * key and what it may be. */
enum vg_code node_config_read(const char *path, struct node_config **out, struct vg_error *error);

void node_config_free(struct node_config *config);

/* The region of a node, or "" if the configuration does not name the node. */
const char *node_config_region(const struct node_config *config, vg_node_id node);

#endif
