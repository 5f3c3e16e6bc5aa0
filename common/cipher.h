/* SPDX-License-Identifier: Apache-2.0
 * Thin wrappers over libsodium's authenticated encryption. Pure: keys, nonces and seeds are
 * arguments. Any thread, after vg_crypto_init. */
#ifndef VIGIL_COMMON_CIPHER_H
#define VIGIL_COMMON_CIPHER_H

#include "common/crypto.h"

enum {
    VG_CIPHER_KEY_SIZE = 32,
    VG_NONCE_SIZE = 24,
    VG_TAG_SIZE = 16, /* what a sealed text is longer than a clear one */
    VG_BOX_KEY_SIZE = 32,
    VG_CIPHER_USE_SIZE = 8,
};

typedef struct vg_cipher_key {
    uint8_t bytes[VG_CIPHER_KEY_SIZE];
} vg_cipher_key;

/* X25519. */
typedef struct vg_box_public {
    uint8_t bytes[VG_BOX_KEY_SIZE];
} vg_box_public;

typedef struct vg_box_secret {
    uint8_t bytes[VG_BOX_KEY_SIZE];
} vg_box_secret;

/* XChaCha20-Poly1305 (IETF). `out` has VG_TAG_SIZE bytes more than `clear`, and may be it. A nonce
 * is never used twice under one key: draw it. */
void vg_cipher_seal(const vg_cipher_key *key, const uint8_t nonce[VG_NONCE_SIZE], vg_span header,
                    vg_span clear, uint8_t *out);

/* The reverse; `out` has VG_TAG_SIZE bytes less than `sealed`, and may be it. False, and zeros in
 * `out`, if anything is not as sealed. */
bool vg_cipher_open(const vg_cipher_key *key, const uint8_t nonce[VG_NONCE_SIZE], vg_span header,
                    vg_span sealed, uint8_t *out);

/* A key made of another for one purpose (crypto_kdf): who has it knows neither that one nor those
 * of other numbers. `use` is a label of eight bytes. */
void vg_cipher_derive(const vg_cipher_key *key, const char use[VG_CIPHER_USE_SIZE], uint64_t number,
                      vg_cipher_key *out);

/* BLAKE2b-256 of `bytes` under a key. */
vg_hash vg_hash_keyed(const vg_cipher_key *key, vg_span bytes);

/* The key pair of a seed (crypto_box_seed_keypair). */
void vg_box_keypair(const uint8_t seed[VG_SEED_SIZE], vg_box_public *pub, vg_box_secret *secret);

/* crypto_box_easy (X25519, XSalsa20-Poly1305). `out` has VG_TAG_SIZE bytes more than `clear`. False
 * if `to` is no key that anything can be sealed to (of low order). */
bool vg_box_seal(const vg_box_public *to, const vg_box_secret *from,
                 const uint8_t nonce[VG_NONCE_SIZE], vg_span clear, uint8_t *out);

/* The reverse; `out` has VG_TAG_SIZE bytes less than `sealed`. False, and zeros in `out`, if it
 * does not open. */
bool vg_box_open(const vg_box_secret *to, const vg_box_public *from,
                 const uint8_t nonce[VG_NONCE_SIZE], vg_span sealed, uint8_t *out);

#endif
