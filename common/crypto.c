/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

static_assert(sizeof(vg_hash) == 32 && crypto_generichash_BYTES == 32, "H is BLAKE2b-256");
static_assert(VG_SIGNATURE_SIZE == crypto_sign_BYTES, "Ed25519");
static_assert(VG_PUBLIC_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519");
static_assert(VG_SECRET_KEY_SIZE == crypto_sign_SECRETKEYBYTES, "Ed25519");

vg_hash vg_hash_parts(enum vg_hash_label label, const vg_span *parts, size_t count)
{
    crypto_generichash_state state;
    vg_hash out;
    uint8_t first = (uint8_t)label;
    crypto_generichash_init(&state, NULL, 0, sizeof out.bytes);
    crypto_generichash_update(&state, &first, 1);
    for (size_t i = 0; i < count; i++)
        crypto_generichash_update(&state, parts[i].data, parts[i].size);
    crypto_generichash_final(&state, out.bytes, sizeof out.bytes);
    return out;
}

vg_hash vg_sha256(vg_span bytes)
{
    vg_hash out;
    crypto_hash_sha256(out.bytes, bytes.data, bytes.size);
    return out;
}

void vg_hash_short(vg_span bytes, uint8_t out[16])
{
    crypto_generichash(out, 16, bytes.data, bytes.size, NULL, 0);
}

static void ed25519_sign(vg_span message, const vg_secret_key *key, vg_signature *out)
{
    crypto_sign_detached(out->bytes, NULL, message.data, message.size, key->bytes);
}

static bool ed25519_verify(vg_span message, const vg_public_key *key, const vg_signature *signature)
{
    return crypto_sign_verify_detached(signature->bytes, message.data, message.size, key->bytes) ==
           0;
}

static void ed25519_keypair(const uint8_t seed[VG_SEED_SIZE], vg_public_key *pub,
                            vg_secret_key *secret)
{
    crypto_sign_seed_keypair(pub->bytes, secret->bytes, seed);
}

const struct vg_signer vg_signer_ed25519 = {ed25519_sign, ed25519_verify, ed25519_keypair};

void vg_crypto_init(void)
{
    if (sodium_init() < 0)
        abort();
}

void vg_wipe(void *bytes, size_t size)
{
    sodium_memzero(bytes, size);
}
