/* SPDX-License-Identifier: Apache-2.0
 * The epochs of each compartment's data key, as control entries have brought them into force
 * (docs/compartments.md). Known alike on every node, cleared or blind. */
#ifndef VIGIL_PROTO_RESPONSE_EPOCHS_H
#define VIGIL_PROTO_RESPONSE_EPOCHS_H

#include "proto/response/machine.h"

struct response_epoch {
    struct compartment_epoch record;
    uint64_t since; /* index of the entry that brought it into force; 0: the genesis has it */
};

/* The epoch in force for the entry after the last applied one; 0: the compartment is in clear. */
uint64_t response_epoch_in_force(const struct response_machine *machine, const vg_id *compartment);

/* Whether the node is cleared: the key of the epoch in force is wrapped for it, and the compartment
 * is not shredded. */
bool response_epoch_holds(const struct response_machine *machine, const vg_id *compartment,
                          vg_node_id node);

/* The same, but that what is in clear, as a genesis may have it that no node starts from, is every
 * node's. */
bool response_is_cleared(const struct response_machine *machine, const vg_id *compartment,
                         vg_node_id node);

/* The nodes that the key of the epoch in force is wrapped for, ascending, of a compartment that is
 * shredded too; how many. */
uint32_t response_epoch_nodes(const struct response_machine *machine, const vg_id *compartment,
                              vg_node_id out[VG_NODES_MAX]);

/* False if the compartment has had no such epoch. */
bool response_epoch_get(const struct response_machine *machine, const vg_id *compartment,
                        uint64_t epoch, struct response_epoch *out);

/* The epoch after *out, from a zeroed one on: those of the genesis, then the others by compartment
 * and number; false at the end. */
bool response_epoch_next(const struct response_machine *machine, struct response_epoch *out);

/* What stands for the cluster id in an epoch's commitment and wraps. */
vg_hash response_epoch_place(const struct response_machine *machine,
                             const struct response_epoch *epoch);

#endif
