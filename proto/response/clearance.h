/* SPDX-License-Identifier: Apache-2.0
 * Who is cleared for a compartment, who may be and who must be, and what a node that is revoked
 * still owes (docs/compartments.md). Known alike on every node, cleared or blind. */
#ifndef VIGIL_PROTO_RESPONSE_CLEARANCE_H
#define VIGIL_PROTO_RESPONSE_CLEARANCE_H

#include "proto/response/epochs.h"

enum { RESPONSE_MIN_CLEARED = 2 }; /* of a compartment that nothing else was said of */

/* The record of an epoch that an entry gives, whether it comes into force there or not; false if it
 * gives none. */
bool response_epoch_given(const struct ledger_view *entry, struct compartment_epoch *out);

struct response_clearance {
    uint64_t min_cleared;
    vg_id override_; /* by which it has fewer holders than it should; zero: it has enough */
    uint32_t region_count;
    char boundary[VG_NODES_MAX][VG_NAME_MAX + 1]; /* none: every region */
};

/* What holds for the compartment, as it was created. */
void response_clearance_get(const struct response_machine *machine, const vg_id *compartment,
                            struct response_clearance *out);

/* VG_OK if the key of a compartment may be wrapped for the node from here on: a member, not
 * evicted, that does not owe the word of having destroyed one, inside of the compartment's
 * boundary. Else as a record that has it is refused: VG_NOT_FOUND, VG_FORBIDDEN, VG_CONFLICT.
 * *error is VG_OK before.
 */
enum vg_code response_require_fit(const struct response_machine *machine, const vg_id *compartment,
                                  vg_node_id node, struct vg_error *error);

/* The last of that alone. */
enum vg_code response_require_inside(const struct response_machine *machine,
                                     const vg_id *compartment, vg_node_id node,
                                     struct vg_error *error);

/* Whether its command carries the record of an epoch. */
bool response_makes_epoch(enum response_op op);

/* A node that was revoked, and is no holder now. */
struct response_revoked {
    vg_node_id node;
    uint64_t epoch;    /* that revoked it */
    uint64_t index;    /* of that epoch's entry */
    uint64_t attested; /* index of the entry that says its unwrap key is destroyed; 0: none does */
};

/* False if the node was never revoked, or is a holder again. */
bool response_revoked_get(const struct response_machine *machine, const vg_id *compartment,
                          vg_node_id node, struct response_revoked *out);

/* The next of a compartment by node id; zero-initialise `out` to start; false at the end. */
bool response_revoked_next(const struct response_machine *machine, const vg_id *compartment,
                           struct response_revoked *out);

/* Why a compartment has fewer holders than it should, as a person said it. */
struct response_override {
    vg_id compartment;
    vg_id author;
    uint64_t at;    /* log time, ms since 1970 */
    uint64_t index; /* of its entry; no epoch that came into force after it takes it */
    vg_span reason; /* borrowed from the store */
};

/* False if nobody has given this one. */
bool response_override_get(const struct response_machine *machine, const vg_id *id,
                           struct response_override *out);

#endif
