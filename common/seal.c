/* SPDX-License-Identifier: Apache-2.0 */
#include "common/seal.h"

#include <assert.h>
#include <sodium.h>

static_assert((int)VG_SEAL_SALT == (int)crypto_pwhash_SALTBYTES, "Argon2id");
static_assert(VG_SEAL_KIB <= VG_SEAL_KIB_MAX && VG_SEAL_PASSES <= VG_SEAL_PASSES_MAX,
              "what is sealed can be opened");

struct vg_seal vg_seal_make(uint32_t passes, uint32_t memory_kib)
{
    struct vg_seal seal = {.passes = passes, .memory_kib = memory_kib};
    randombytes_buf(seal.salt, sizeof seal.salt);
    randombytes_buf(seal.nonce, sizeof seal.nonce);
    return seal;
}

bool vg_seal_is_bounded(const struct vg_seal *seal)
{
    return seal->passes >= 1 && seal->passes <= VG_SEAL_PASSES_MAX &&
           seal->memory_kib >= VG_SEAL_KIB_MIN && seal->memory_kib <= VG_SEAL_KIB_MAX;
}

static enum vg_code make_key(const struct vg_seal *seal, vg_span passphrase, vg_cipher_key *key,
                             struct vg_error *error)
{
    assert(vg_seal_is_bounded(seal));
    int failed = crypto_pwhash(key->bytes, sizeof key->bytes, (const char *)passphrase.data,
                               passphrase.size, seal->salt, seal->passes,
                               (size_t)seal->memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13);
    if (failed)
        return vg_fail(error, VG_UNAVAILABLE,
                       "no memory for a passphrase: Argon2id needs %u MiB; end other programs, or "
                       "raise the limit (ulimit -v)",
                       seal->memory_kib / 1024);
    return VG_OK;
}

enum vg_code vg_seal_close(const struct vg_seal *seal, vg_span passphrase, vg_span additional,
                           vg_span secret, uint8_t *box, struct vg_error *error)
{
    vg_cipher_key key;
    enum vg_code code = make_key(seal, passphrase, &key, error);
    if (code == VG_OK)
        vg_cipher_seal(&key, seal->nonce, additional, secret, box);
    vg_wipe(&key, sizeof key);
    return code;
}

enum vg_code vg_seal_open(const struct vg_seal *seal, vg_span passphrase, vg_span additional,
                          vg_span box, uint8_t *secret, struct vg_error *error)
{
    vg_cipher_key key;
    enum vg_code code = make_key(seal, passphrase, &key, error);
    if (code == VG_OK && !vg_cipher_open(&key, seal->nonce, additional, box, secret))
        code = vg_fail(error, VG_FORBIDDEN,
                       "it does not open with this passphrase; try again, and if that is the right "
                       "one the file was altered: restore it from a copy");
    vg_wipe(&key, sizeof key);
    return code;
}
