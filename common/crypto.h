/* SPDX-License-Identifier: Apache-2.0
 * Thin wrappers over libsodium, and the signature interface that the simulator replaces. */
#ifndef VIGIL_COMMON_CRYPTO_H
#define VIGIL_COMMON_CRYPTO_H

#include "common/types.h"

enum {
    VG_SIGNATURE_SIZE = 64,
    VG_PUBLIC_KEY_SIZE = 32,
    VG_SECRET_KEY_SIZE = 64,
    VG_SEED_SIZE = 32,
    VG_CHANNEL_KEY_SIZE = 32
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

/* X25519 (RFC 7748): by which a person or node is known at the other end of a channel. */
typedef struct vg_channel_public {
    uint8_t bytes[VG_CHANNEL_KEY_SIZE];
} vg_channel_public;

typedef struct vg_channel_secret {
    uint8_t bytes[VG_CHANNEL_KEY_SIZE];
} vg_channel_secret;

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
    VG_HASH_DATA_KEY = 0x09,
    VG_HASH_WRAP_NONCE = 0x0a,
    VG_HASH_START_KEY = 0x0b,
    VG_HASH_IDENTITY = 0x0c,
    VG_HASH_CHAIN_NONCE = 0x0d,
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

/* The X25519 pair whose secret is `seed`. Pure; any thread. */
void vg_channel_keypair(const uint8_t seed[VG_SEED_SIZE], vg_channel_public *pub,
                        vg_channel_secret *secret);

/* The public half of an identity. */
struct vg_keys {
    vg_public_key key; /* Ed25519: signs */
    vg_channel_public channel;
    vg_signature binding; /* of the channel key, by the first */
};

/* X25519 of a secret and their public key; false, and zeros, for a key of low order. Pure; any
 * thread. */
bool vg_channel_dh(const vg_channel_secret *secret, const vg_channel_public *theirs,
                   uint8_t shared[VG_CHANNEL_KEY_SIZE]);

enum vg_identity_kind { VG_IDENTITY_PERSON = 1, VG_IDENTITY_NODE = 2 };

/* Whose keys: a person's or a node's, as the kind has it. */
struct vg_holder {
    enum vg_identity_kind kind;
    vg_id person;
    vg_node_id node;
};

enum { VG_HOLDER_TEXT = 64 };

/* "node 2" or "person 01a2...". Returns `out`. */
const char *vg_holder_format(const struct vg_holder *holder, char out[VG_HOLDER_TEXT]);

/* Signs a binding with `key`; whether that of `keys` holds (docs/protocol.md, "Identity"). Pure;
 * any thread. */
void vg_binding_sign(const struct vg_signer *signer, const struct vg_holder *holder,
                     const vg_channel_public *channel, const vg_secret_key *key, vg_signature *out);
bool vg_binding_verify(const struct vg_signer *signer, const struct vg_holder *holder,
                       const struct vg_keys *keys);

/* By whose first bytes people compare an identity: over the holder and both keys. Pure; any thread.
 */
vg_hash vg_identity_hash(const struct vg_holder *holder, const struct vg_keys *keys);

/* Starts libsodium; aborts if it cannot start. Once, before any other call of this header. */
void vg_crypto_init(void);

/* Overwrites memory that held a secret; never optimised away. */
void vg_wipe(void *bytes, size_t size);

#endif
