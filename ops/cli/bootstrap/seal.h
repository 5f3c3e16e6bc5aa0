/* SPDX-License-Identifier: Apache-2.0
 * A new cluster's directory, sealed from its first entry on (docs/compartments.md). */
#ifndef VIGIL_OPS_CLI_BOOTSTRAP_SEAL_H
#define VIGIL_OPS_CLI_BOOTSTRAP_SEAL_H

#include "proto/ledger/genesis.h"

/* Draws the data key of the genesis' directory, wraps it for the recovery key and each member, and
 * forgets it. `unwraps` are theirs, the recovery key's first, then in the order of the members.
 * Salt, directory and members stand already. Errors of ledger_genesis_seal. Uses the system's
 * randomness. */
enum vg_code bootstrap_seal(struct ledger_genesis *genesis, const vg_box_public *unwraps,
                            struct vg_error *error);

#endif
