/* SPDX-License-Identifier: Apache-2.0
 * Compartments that are shredded: no entry of them counts any more, and every node is to
 * say that it has destroyed its keys of them (docs/compartments.md, "Shredding"). Known alike on
 * every node. */
#ifndef VIGIL_PROTO_RESPONSE_SHRED_H
#define VIGIL_PROTO_RESPONSE_SHRED_H

#include "proto/response/epochs.h"

struct response_shredded {
    uint64_t epoch;         /* that was in force */
    uint64_t index;         /* of the entry that shredded it */
    uint64_t recovery_gone; /* of the one that says its recovery key is destroyed; 0: none does */
    vg_box_public recovery; /* that key */
};

/* False if the compartment is not shredded. */
bool response_shredded_get(const struct response_machine *machine, const vg_id *compartment,
                           struct response_shredded *out);

/* The index of the entry that shredded it; 0: it is not. */
uint64_t response_shredded_at(const struct response_machine *machine, const vg_id *compartment);

/* Since which entry every holder has said that its key is destroyed: each node, and the recovery
 * key. 0: some have still to, or it is not shredded. */
uint64_t response_shredded_for_good(const struct response_machine *machine,
                                    const vg_id *compartment);

/* Index of the entry that says a recovery key is destroyed, of whatever compartment it was; 0: none
 * does. */
uint64_t response_recovery_gone_at(const struct response_machine *machine,
                                   const vg_box_public *recovery);

/* Another compartment that has the recovery key of a shredded one, and is not shredded. False if
 * none has. */
bool response_recovery_shared(const struct response_machine *machine, const vg_id *compartment,
                              const vg_box_public *recovery, vg_id *other);

#endif
