/* SPDX-License-Identifier: Apache-2.0
 * A new cluster's compartments, sealed from its first entry on (docs/compartments.md). */
#ifndef VIGIL_OPS_CLI_BOOTSTRAP_SEAL_H
#define VIGIL_OPS_CLI_BOOTSTRAP_SEAL_H

#include "proto/ledger/genesis.h"

/* Whom they are sealed for. */
struct bootstrap_holders {
    vg_box_public recovery;                              /* one for both */
    vg_box_public members[VG_NODES_MAX][LEDGER_FOUNDED]; /* unwrap keys, in the members' order */
};

/* Draws the data keys of the genesis' compartments, wraps each for the recovery key and every
 * member, and forgets them. Salt, ids and members stand already. Errors of ledger_genesis_seal.
 * Uses the system's randomness. */
enum vg_code bootstrap_seal(struct ledger_genesis *genesis, const struct bootstrap_holders *holders,
                            struct vg_error *error);

#endif
