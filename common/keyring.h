/* SPDX-License-Identifier: Apache-2.0
 * The file of a node's unwrap secrets, one for each compartment it is or was to be cleared for
 * (docs/compartments.md). It lies outside of the node's data and of every backup: who destroys an
 * unwrap secret destroys what every wrap made to it holds. Not for pure modules. */
#ifndef VIGIL_COMMON_KEYRING_H
#define VIGIL_COMMON_KEYRING_H

#include "common/cipher.h"
#include "common/error.h"
#include "common/identity.h"

enum { VG_KEYRING_MAX = 256 };

/* Holds secrets: keep it in locked memory (common/locked.h), or wipe it soon. */
struct vg_keyring {
    struct vg_unwrap {
        vg_id compartment;
        vg_box_secret secret;
    } unwraps[VG_KEYRING_MAX];
    uint32_t count;
};

/* The key a node's keyring is sealed under: of its identity's secret, until the node key is itself
 * sealed. The one place that says where it comes from. */
void vg_keyring_start_key(const struct vg_identity *node, vg_cipher_key *out);

/* Makes an unwrap secret for a compartment that has none here, and says its public half. Uses the
 * system's randomness. */
void vg_keyring_add(struct vg_keyring *keyring, const vg_id *compartment, vg_box_public *pub);

/* The secret of a compartment, or NULL. */
const vg_box_secret *vg_keyring_find(const struct vg_keyring *keyring, const vg_id *compartment);

/* Writes it whole or not at all, sealed, mode 0600. Errors name the path. */
enum vg_code vg_keyring_write(const char *path, const struct vg_keyring *keyring, vg_node_id node,
                              const vg_cipher_key *start, struct vg_error *error);

/* Reads it. VG_FORBIDDEN: others can read the file; VG_INTEGRITY: it is another node's, was
 * altered, or is under another key. */
enum vg_code vg_keyring_read(const char *path, vg_node_id node, const vg_cipher_key *start,
                             struct vg_keyring *out, struct vg_error *error);

#endif
