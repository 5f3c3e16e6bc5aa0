/* SPDX-License-Identifier: Apache-2.0
 * The secret half of a person or node, as a small text file only its owner can read. */
#ifndef VIGIL_COMMON_IDENTITY_H
#define VIGIL_COMMON_IDENTITY_H

#include "common/crypto.h"
#include "common/error.h"

enum vg_identity_kind { VG_IDENTITY_PERSON = 1, VG_IDENTITY_NODE = 2 };

struct vg_identity {
    enum vg_identity_kind kind;
    vg_id id;        /* a person's opaque id; zero for a node */
    vg_node_id node; /* a node's id; zero for a person */
    vg_public_key pub;
    vg_secret_key secret;
};

/* A fresh Ed25519 key. `id` and `node` as the kind has them. Uses the system's randomness. */
void vg_identity_make(enum vg_identity_kind kind, const vg_id *id, vg_node_id node,
                      struct vg_identity *out);

/* Writes the file (mode 0600); VG_EXISTS if there is one already. */
enum vg_code vg_identity_write(const char *path, const struct vg_identity *identity,
                               struct vg_error *error);

/* Reads it. VG_INVALID names the line; VG_FORBIDDEN when others can read the file, with the remedy.
 */
enum vg_code vg_identity_read(const char *path, struct vg_identity *out, struct vg_error *error);

/* Fills `size` bytes from the system's randomness. */
void vg_random(void *bytes, size_t size);

#endif
