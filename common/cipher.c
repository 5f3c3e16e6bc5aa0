/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cipher.h"

#include <assert.h>
#include <sodium.h>

static_assert(VG_CIPHER_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "XChaCha20");
static_assert(VG_NONCE_SIZE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "XChaCha20");
static_assert(VG_TAG_SIZE == crypto_aead_xchacha20poly1305_ietf_ABYTES, "Poly1305");
static_assert(VG_NONCE_SIZE == crypto_box_NONCEBYTES && VG_TAG_SIZE == crypto_box_MACBYTES, "box");
static_assert(VG_BOX_KEY_SIZE == crypto_box_PUBLICKEYBYTES, "X25519");
static_assert(VG_BOX_KEY_SIZE == crypto_box_SECRETKEYBYTES, "X25519");
static_assert(VG_CIPHER_KEY_SIZE == crypto_kdf_KEYBYTES &&
                  VG_CIPHER_USE_SIZE == crypto_kdf_CONTEXTBYTES,
              "BLAKE2b");
static_assert(VG_SEED_SIZE == crypto_box_SEEDBYTES, "one size of seeds");

void vg_cipher_seal(const vg_cipher_key *key, const uint8_t nonce[VG_NONCE_SIZE], vg_span header,
                    vg_span clear, uint8_t *out)
{
    crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, clear.data, clear.size, header.data,
                                               header.size, NULL, nonce, key->bytes);
}

bool vg_cipher_open(const vg_cipher_key *key, const uint8_t nonce[VG_NONCE_SIZE], vg_span header,
                    vg_span sealed, uint8_t *out)
{
    assert(sealed.size >= VG_TAG_SIZE);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.data, sealed.size,
                                                   header.data, header.size, nonce,
                                                   key->bytes) == 0)
        return true;
    vg_wipe(out, sealed.size - VG_TAG_SIZE);
    return false;
}

void vg_cipher_derive(const vg_cipher_key *key, const char use[VG_CIPHER_USE_SIZE], uint64_t number,
                      vg_cipher_key *out)
{
    crypto_kdf_derive_from_key(out->bytes, sizeof out->bytes, number, use, key->bytes);
}

vg_hash vg_hash_keyed(const vg_cipher_key *key, vg_span bytes)
{
    vg_hash out;
    crypto_generichash(out.bytes, sizeof out.bytes, bytes.data, bytes.size, key->bytes,
                       sizeof key->bytes);
    return out;
}

void vg_box_keypair(const uint8_t seed[VG_SEED_SIZE], vg_box_public *pub, vg_box_secret *secret)
{
    crypto_box_seed_keypair(pub->bytes, secret->bytes, seed);
}

bool vg_box_seal(const vg_box_public *to, const vg_box_secret *from,
                 const uint8_t nonce[VG_NONCE_SIZE], vg_span clear, uint8_t *out)
{
    return crypto_box_easy(out, clear.data, clear.size, nonce, to->bytes, from->bytes) == 0;
}

bool vg_box_open(const vg_box_secret *to, const vg_box_public *from,
                 const uint8_t nonce[VG_NONCE_SIZE], vg_span sealed, uint8_t *out)
{
    assert(sealed.size >= VG_TAG_SIZE);
    if (crypto_box_open_easy(out, sealed.data, sealed.size, nonce, from->bytes, to->bytes) == 0)
        return true;
    vg_wipe(out, sealed.size - VG_TAG_SIZE);
    return false;
}
