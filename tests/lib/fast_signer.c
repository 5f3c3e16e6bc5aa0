/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/fast_signer.h"

#include <sodium.h>

static void keyed_hash(vg_span message, const uint8_t key[VG_PUBLIC_KEY_SIZE], vg_signature *out)
{
    crypto_generichash(out->bytes, sizeof out->bytes, message.data, message.size, key,
                       VG_PUBLIC_KEY_SIZE);
}

/* As Ed25519 keeps it: the secret key ends in the public one. */
static void fast_sign(vg_span message, const vg_secret_key *key, vg_signature *out)
{
    keyed_hash(message, key->bytes + VG_SEED_SIZE, out);
}

static bool fast_verify(vg_span message, const vg_public_key *key, const vg_signature *signature)
{
    vg_signature expected;
    keyed_hash(message, key->bytes, &expected);
    return memcmp(expected.bytes, signature->bytes, sizeof expected.bytes) == 0;
}

static void fast_keypair(const uint8_t seed[VG_SEED_SIZE], vg_public_key *pub,
                         vg_secret_key *secret)
{
    crypto_generichash(pub->bytes, sizeof pub->bytes, seed, VG_SEED_SIZE, NULL, 0);
    memcpy(secret->bytes, seed, VG_SEED_SIZE);
    memcpy(secret->bytes + VG_SEED_SIZE, pub->bytes, sizeof pub->bytes);
}

const struct vg_signer fast_signer = {fast_sign, fast_verify, fast_keypair};
