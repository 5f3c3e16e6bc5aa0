/* SPDX-License-Identifier: Apache-2.0
 * The public half of an unwrap key: what a node gives to whoever wraps a compartment's key for it
 * (docs/compartments.md). Pure: keys are arguments. Any thread. */
#ifndef VIGIL_COMMON_UNWRAP_H
#define VIGIL_COMMON_UNWRAP_H

#include "common/cipher.h"

/* With the node's signature, so that nobody can exchange it on its way (docs/protocol.md,
 * "Identity"). */
struct vg_unwrap_key {
    vg_id compartment;
    vg_box_public key;
    vg_signature binding;
};

/* Signs it as a node's own. */
void vg_unwrap_bind(const struct vg_signer *signer, struct vg_unwrap_key *unwrap, vg_node_id node,
                    const vg_secret_key *secret);

/* Whether it is a node's own: signed by this key. */
bool vg_unwrap_verify(const struct vg_signer *signer, const struct vg_unwrap_key *unwrap,
                      vg_node_id node, const vg_public_key *key);

#endif
