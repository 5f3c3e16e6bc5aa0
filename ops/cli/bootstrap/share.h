/* SPDX-License-Identifier: Apache-2.0
 * The recovery key, split among holders: any `threshold` of its shares give it back, fewer say
 * nothing of it (Shamir, by libgfshare). Each share is a text file, short enough to be printed and
 * typed in again. */
#ifndef VIGIL_OPS_CLI_BOOTSTRAP_SHARE_H
#define VIGIL_OPS_CLI_BOOTSTRAP_SHARE_H

#include "common/cipher.h"
#include "common/error.h"
#include "common/limits.h"
#include "common/text.h"

enum { SHARES_MAX = 32 };

struct recovery_share {
    vg_box_public key; /* of the whole */
    uint8_t number;    /* from 1 */
    uint8_t threshold;
    uint8_t count;
    char holder[VG_NAME_MAX + 1];
    uint8_t secret[VG_SEED_SIZE];
};

/* Fills number, threshold, count, key and secret of `count` shares of the key with this seed. Uses
 * the system's randomness. 1 <= threshold <= count <= SHARES_MAX. */
void recovery_split(const uint8_t seed[VG_SEED_SIZE], uint8_t threshold, uint8_t count,
                    struct recovery_share *out);

/* The key of these shares. VG_INVALID when they are too few, not of one key, or one comes twice;
 * VG_INTEGRITY when what they give is another key than they say. The caller wipes *out. */
enum vg_code recovery_combine(const struct recovery_share *shares, uint8_t count,
                              vg_box_secret *out, struct vg_error *error);

/* Writes a share (mode 0600); VG_EXISTS if the file is there. */
enum vg_code recovery_share_write(const char *path, const struct recovery_share *share,
                                  struct vg_error *error);

/* Reads one. VG_INVALID names the line; VG_INTEGRITY when a digit was mistyped. */
enum vg_code recovery_share_read(const char *path, struct recovery_share *out,
                                 struct vg_error *error);

/* What people compare of the recovery key: the text of its fingerprint. */
void recovery_fingerprint(const vg_box_public *key, char out[VG_FINGERPRINT_TEXT]);

/* Reads the public half that `vigil recovery new` leaves. VG_INVALID for any other file,
 * VG_INTEGRITY when its fingerprint is another's. */
enum vg_code recovery_public_read(const char *path, vg_box_public *out, struct vg_error *error);

#endif
