/* SPDX-License-Identifier: Apache-2.0
 * Thin wrappers over libsodium, and the signature interface that the simulator replaces. */
#ifndef VIGIL_COMMON_CRYPTO_H
#define VIGIL_COMMON_CRYPTO_H

#include "common/types.h"

enum {
    VG_SIGNATURE_SIZE = 64,
    VG_PUBLIC_KEY_SIZE = 32,
    VG_SECRET_KEY_SIZE = 64,
    VG_SEED_SIZE = 32
};

typedef struct vg_public_key {
    uint8_t bytes[VG_PUBLIC_KEY_SIZE];
} vg_public_key;

typedef struct vg_secret_key {
    uint8_t bytes[VG_SECRET_KEY_SIZE];
} vg_secret_key;

typedef struct vg_signature {
    uint8_t bytes[VG_SIGNATURE_SIZE];
} vg_signature;

/* Labels that separate the uses of H; the first byte of whatever is hashed (DESIGN section 3). */
enum vg_hash_label {
    VG_HASH_ENTRY = 0x00,
    VG_HASH_MERKLE_NODE = 0x01,
    VG_HASH_ENVELOPE = 0x02,
    VG_HASH_BODY = 0x03,
    VG_HASH_COMMITMENT = 0x04,
    VG_HASH_GENESIS = 0x05,
    VG_HASH_REQUEST = 0x06,
    VG_HASH_STATE = 0x07,
    VG_HASH_DERIVED_ID = 0x08,
};

/* BLAKE2b-256 of the label and the parts one after the other. Pure; any thread. */
vg_hash vg_hash_parts(enum vg_hash_label label, const vg_span *parts, size_t count);

/* SHA-256 (FIPS 180-4): how evidence is known outside of Vigil. Pure; any thread. */
vg_hash vg_sha256(vg_span bytes);

/* BLAKE2b-128 of `bytes`: the digest at the end of a frame. Pure; any thread. */
void vg_hash_short(vg_span bytes, uint8_t out[16]);

/* How commands are signed and verified. Production has Ed25519 (RFC 8032); the simulator a keyed
 * hash that is as deterministic and a hundred times as fast. Both must be pure and thread-safe. */
struct vg_signer {
    void (*sign)(vg_span message, const vg_secret_key *key, vg_signature *out);
    bool (*verify)(vg_span message, const vg_public_key *key, const vg_signature *signature);
    void (*keypair)(const uint8_t seed[VG_SEED_SIZE], vg_public_key *pub, vg_secret_key *secret);
};

/* Ed25519 of libsodium. */
extern const struct vg_signer vg_signer_ed25519;

/* Starts libsodium; aborts if it cannot start. Once, before any other call of this header. */
void vg_crypto_init(void);

/* Overwrites memory that held a secret; never optimised away. */
void vg_wipe(void *bytes, size_t size);

#endif
