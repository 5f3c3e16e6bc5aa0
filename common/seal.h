/* SPDX-License-Identifier: Apache-2.0
 * A few secret bytes under a passphrase: Argon2id makes the key, XChaCha20-Poly1305 the box
 * (docs/keys.md). */
#ifndef VIGIL_COMMON_SEAL_H
#define VIGIL_COMMON_SEAL_H

#include "common/cipher.h"
#include "common/error.h"

enum {
    VG_SEAL_SALT = 16,
    VG_SEAL_PASSES = 3,       /* of a new seal */
    VG_SEAL_KIB = 256 * 1024, /* and its memory */
    VG_SEAL_PASSES_MAX = 10,  /* what a seal that is read may ask for */
    VG_SEAL_KIB_MIN = 8 * 1024,
    VG_SEAL_KIB_MAX = 1024 * 1024,
};

/* What a box is opened with beside the passphrase; all of it is public. */
struct vg_seal {
    uint32_t passes;
    uint32_t memory_kib;
    uint8_t salt[VG_SEAL_SALT];
    uint8_t nonce[VG_NONCE_SIZE];
};

/* A seal of this cost, with fresh salt and nonce: for one box. Uses the system's randomness. */
struct vg_seal vg_seal_make(uint32_t passes, uint32_t memory_kib);

/* True if the cost is within the bounds above. */
bool vg_seal_is_bounded(const struct vg_seal *seal);

/* Seals `secret` into secret.size + VG_TAG_SIZE bytes at `box`; `additional` is authenticated with
 * it. VG_UNAVAILABLE when there is no memory for Argon2id. Takes about half a second; any thread.
 */
enum vg_code vg_seal_close(const struct vg_seal *seal, vg_span passphrase, vg_span additional,
                           vg_span secret, uint8_t *box, struct vg_error *error);

/* Opens a box into box.size - VG_TAG_SIZE bytes at `secret`. The seal must be bounded.
 * VG_FORBIDDEN: another passphrase, or something was altered; VG_UNAVAILABLE as above. */
enum vg_code vg_seal_open(const struct vg_seal *seal, vg_span passphrase, vg_span additional,
                          vg_span box, uint8_t *secret, struct vg_error *error);

#endif
