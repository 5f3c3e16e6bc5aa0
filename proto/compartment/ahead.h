/* SPDX-License-Identifier: Apache-2.0
 * A data key that a holder has no wrap of which opens, out of records that the log has after it
 * (docs/compartments.md, "Looking ahead"). Whether those came into force need not be known: what is
 * found counts only if the wanted record commits to it. Pure. Any thread. */
#ifndef VIGIL_PROTO_COMPARTMENT_AHEAD_H
#define VIGIL_PROTO_COMPARTMENT_AHEAD_H

#include "proto/compartment/epoch.h"

enum { COMPARTMENT_AHEAD_MAX = 64 };

/* The wanted record, then later ones in the order of the log. About 90 KB. */
struct compartment_ahead {
    vg_hash place;   /* what the first one's commitment has for the cluster id */
    vg_hash cluster; /* and those of the others */
    struct compartment_epoch records[COMPARTMENT_AHEAD_MAX];
    uint32_t count;
};

/* `wanted` is in force, and its key is not to be had. */
void compartment_ahead_begin(struct compartment_ahead *ahead,
                             const struct compartment_epoch *wanted, const vg_hash *place,
                             const vg_hash *cluster);

/* Takes the next record of the log; false if it does not follow from one that is here. Once there
 * are too many, the latest takes the last one's place, so that it can be tried alone. */
bool compartment_ahead_add(struct compartment_ahead *ahead, const struct compartment_epoch *record);

/* The wanted data key: opens the holder's wraps and goes down the chains; whoever is given it wipes
 * it. VG_NOT_FOUND: no record here leads to it. Zeros in `out` then. */
enum vg_code compartment_ahead_open(const struct compartment_ahead *ahead, vg_node_id holder,
                                    const vg_box_secret *secret, vg_cipher_key *out,
                                    struct vg_error *error);

#endif
