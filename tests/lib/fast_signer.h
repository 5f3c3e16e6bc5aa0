/* SPDX-License-Identifier: Apache-2.0
 * A signature double for simulation: as deterministic as Ed25519 and a hundred times as fast. It
 * keeps what the protocol rests on (a signature fits one message and one key) and nothing of its
 * secrecy: whoever knows a public key can forge. */
#ifndef VIGIL_TESTS_LIB_FAST_SIGNER_H
#define VIGIL_TESTS_LIB_FAST_SIGNER_H

#include "common/crypto.h"

extern const struct vg_signer fast_signer;

#endif
