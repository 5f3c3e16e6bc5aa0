/* SPDX-License-Identifier: Apache-2.0
 * New epochs of a compartment as key officers have them made: a cleared node draws the key, the
 * officer checks for whom it is and signs (docs/compartments.md). */
#ifndef VIGIL_OPS_CLI_CLEARING_H
#define VIGIL_OPS_CLI_CLEARING_H

#include "common/unwrap.h"
#include "ops/cli/core/command.h"
#include "proto/compartment/epoch.h"

/* Nodes, ascending, each once. */
struct clearing_nodes {
    uint64_t nodes[VG_NODES_MAX];
    uint32_t count;
};

/* What nodes have offered, in the order of the nodes. */
struct clearing_offers {
    struct vg_unwrap_key keys[VG_NODES_MAX];
    struct clearing_nodes from;
    uint8_t signatures[VG_NODES_MAX * VG_SIGNATURE_SIZE];
};

/* "1,2,3". VG_USAGE names what is wrong. */
enum vg_code clearing_nodes_parse(struct cli_call *call, const char *text,
                                  struct clearing_nodes *out);

/* Adds a node in its place; false if it is there, or there is no room. */
bool clearing_nodes_add(struct clearing_nodes *nodes, uint64_t node);

/* Asks each node for its unwrap key of the compartment, and checks that it is signed by the key the
 * cluster knows it by. VG_NOT_FOUND: no such node, or its address is not in the context. */
enum vg_code clearing_collect(struct cli_call *call, const vg_id *compartment,
                              const struct clearing_nodes *nodes, struct clearing_offers *out);

/* The key that a node signs with, as the cluster knows it. */
enum vg_code clearing_key_of(struct cli_call *call, uint64_t node, vg_public_key *out);

/* Has a node that holds the epoch in force, and is to hold the next, make the next for these nodes
 * and the recovery key; asks one after the other until one does. VG_INTEGRITY: what came is not the
 * epoch that was asked for. */
enum vg_code clearing_prepare(struct cli_call *call, const struct compartment_epoch *in_force,
                              const struct clearing_nodes *nodes,
                              const struct clearing_offers *offers, struct compartment_epoch *out);

#endif
