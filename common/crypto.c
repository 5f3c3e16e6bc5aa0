/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/bytes.h"
#include "common/text.h"

static_assert(sizeof(vg_hash) == 32 && crypto_generichash_BYTES == 32, "H is BLAKE2b-256");
static_assert(VG_SIGNATURE_SIZE == crypto_sign_BYTES, "Ed25519");
static_assert(VG_PUBLIC_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519");
static_assert(VG_SECRET_KEY_SIZE == crypto_sign_SECRETKEYBYTES, "Ed25519");
static_assert(VG_CHANNEL_KEY_SIZE == crypto_scalarmult_BYTES, "X25519");
static_assert((int)VG_SEED_SIZE == (int)VG_CHANNEL_KEY_SIZE, "an X25519 secret is its seed");

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

void vg_channel_keypair(const uint8_t seed[VG_SEED_SIZE], vg_channel_public *pub,
                        vg_channel_secret *secret)
{
    memcpy(secret->bytes, seed, sizeof secret->bytes);
    crypto_scalarmult_base(pub->bytes, secret->bytes);
}

bool vg_channel_dh(const vg_channel_secret *secret, const vg_channel_public *theirs,
                   uint8_t shared[VG_CHANNEL_KEY_SIZE])
{
    bool good = crypto_scalarmult(shared, secret->bytes, theirs->bytes) == 0;
    if (!good)
        memset(shared, 0, VG_CHANNEL_KEY_SIZE);
    return good;
}

const char *vg_holder_format(const struct vg_holder *holder, char out[VG_HOLDER_TEXT])
{
    char id[VG_ID_TEXT];
    vg_id_format(&holder->person, id);
    if (holder->kind == VG_IDENTITY_NODE)
        snprintf(out, VG_HOLDER_TEXT, "node %" PRIu64, holder->node.value);
    else
        snprintf(out, VG_HOLDER_TEXT, "person %s", id);
    return out;
}

enum { HOLDER_MAX = 1 + sizeof(vg_id) };

/* u8 kind and the id of that kind. */
static vg_span holder_bytes(const struct vg_holder *holder, uint8_t out[HOLDER_MAX])
{
    struct vg_writer writer = vg_writer_of(out, HOLDER_MAX);
    vg_write_u8(&writer, (uint8_t)holder->kind);
    if (holder->kind == VG_IDENTITY_PERSON)
        vg_write_bytes(&writer, holder->person.bytes, sizeof holder->person.bytes);
    else
        vg_write_u64(&writer, holder->node.value);
    return vg_span_of(out, vg_writer_size(&writer));
}

vg_hash vg_identity_hash(const struct vg_holder *holder, const struct vg_keys *keys)
{
    uint8_t bytes[HOLDER_MAX];
    const vg_span parts[] = {holder_bytes(holder, bytes),
                             vg_span_of(keys->key.bytes, sizeof keys->key.bytes),
                             vg_span_of(keys->channel.bytes, sizeof keys->channel.bytes)};
    return vg_hash_parts(VG_HASH_IDENTITY, parts, sizeof parts / sizeof parts[0]);
}

static const char binding_label[] = "vigil-channel-key-1";

enum { BINDING_MAX = sizeof binding_label - 1 + HOLDER_MAX + VG_CHANNEL_KEY_SIZE };

static vg_span binding_text(const struct vg_holder *holder, const vg_channel_public *channel,
                            uint8_t out[BINDING_MAX])
{
    uint8_t bytes[HOLDER_MAX];
    vg_span whose = holder_bytes(holder, bytes);
    struct vg_writer writer = vg_writer_of(out, BINDING_MAX);
    vg_write_bytes(&writer, binding_label, sizeof binding_label - 1);
    vg_write_bytes(&writer, whose.data, whose.size);
    vg_write_bytes(&writer, channel->bytes, sizeof channel->bytes);
    assert(!writer.failed);
    return vg_span_of(out, vg_writer_size(&writer));
}

void vg_binding_sign(const struct vg_signer *signer, const struct vg_holder *holder,
                     const vg_channel_public *channel, const vg_secret_key *key, vg_signature *out)
{
    uint8_t text[BINDING_MAX];
    signer->sign(binding_text(holder, channel, text), key, out);
}

bool vg_binding_verify(const struct vg_signer *signer, const struct vg_holder *holder,
                       const struct vg_keys *keys)
{
    uint8_t text[BINDING_MAX];
    return signer->verify(binding_text(holder, &keys->channel, text), &keys->key, &keys->binding);
}

void vg_crypto_init(void)
{
    if (sodium_init() < 0)
        abort();
}

void vg_wipe(void *bytes, size_t size)
{
    sodium_memzero(bytes, size);
}
