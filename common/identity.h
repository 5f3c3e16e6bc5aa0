/* SPDX-License-Identifier: Apache-2.0
 * The secret half of a person or node, as a small text file only its owner can read. */
#ifndef VIGIL_COMMON_IDENTITY_H
#define VIGIL_COMMON_IDENTITY_H

#include "common/crypto.h"
#include "common/error.h"

struct vg_identity {
    enum vg_identity_kind kind;
    vg_id id;          /* a person's opaque id; zero for a node */
    vg_node_id node;   /* a node's id; zero for a person */
    vg_public_key pub; /* Ed25519: signs */
    vg_secret_key secret;
    vg_channel_public channel_pub; /* X25519: is known by it on a channel */
    vg_channel_secret channel_secret;
    vg_signature binding; /* of the second key by the first */
};

/* Two fresh keys, bound. `id` and `node` as the kind has them. Uses the system's randomness. */
void vg_identity_make(enum vg_identity_kind kind, const vg_id *id, vg_node_id node,
                      struct vg_identity *out);

/* Writes the file (mode 0600); VG_EXISTS if there is one already. */
enum vg_code vg_identity_write(const char *path, const struct vg_identity *identity,
                               struct vg_error *error);

/* Whose it is, and what others may know of it. */
struct vg_holder vg_identity_holder(const struct vg_identity *identity);
struct vg_keys vg_identity_keys(const struct vg_identity *identity);

/* Reads it. VG_INVALID names the line; VG_INTEGRITY when keys and binding do not fit together;
 * VG_FORBIDDEN when others can read the file, with the remedy. */
enum vg_code vg_identity_read(const char *path, struct vg_identity *out, struct vg_error *error);

/* Fills `size` bytes from the system's randomness. */
void vg_random(void *bytes, size_t size);

#endif
