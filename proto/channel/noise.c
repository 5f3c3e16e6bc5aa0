/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/channel/noise.h"

#include <assert.h>
#include <sodium.h>

#include "common/bytes.h"

static_assert((int)NOISE_KEY_SIZE == (int)VG_CHANNEL_KEY_SIZE, "X25519");
static_assert(NOISE_KEY_SIZE == crypto_scalarmult_BYTES, "X25519");
static_assert(NOISE_KEY_SIZE == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "ChaChaPoly");
static_assert(NOISE_TAG_SIZE == crypto_aead_chacha20poly1305_ietf_ABYTES, "ChaChaPoly");
static_assert(NOISE_HASH_SIZE == crypto_hash_sha256_BYTES, "SHA256");
static_assert(NOISE_HASH_SIZE == crypto_auth_hmacsha256_BYTES, "HMAC-SHA256");

enum { NONCE_SIZE = crypto_aead_chacha20poly1305_ietf_NPUBBYTES };

/* As long as a hash, so it is the first one as it is (section 5.2). */
static const char protocol_name[] = "Noise_IK_25519_ChaChaPoly_SHA256";
static_assert(sizeof protocol_name - 1 == NOISE_HASH_SIZE, "the name would have to be hashed");

static const vg_span nothing;

/* ---- hashing: sections 4.3 and 5.2 ----------------------------------------------------------- */

static void mix_hash(struct noise_handshake *handshake, vg_span bytes)
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, handshake->hash, sizeof handshake->hash);
    crypto_hash_sha256_update(&state, bytes.data, bytes.size);
    crypto_hash_sha256_final(&state, handshake->hash);
}

static void hmac(const uint8_t key[NOISE_HASH_SIZE], vg_span first, vg_span second,
                 uint8_t out[NOISE_HASH_SIZE])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, NOISE_HASH_SIZE);
    crypto_auth_hmacsha256_update(&state, first.data, first.size);
    crypto_auth_hmacsha256_update(&state, second.data, second.size);
    crypto_auth_hmacsha256_final(&state, out);
    vg_wipe(&state, sizeof state);
}

/* Two outputs, as everything here needs. `one` may be `chain`. */
static void hkdf(const uint8_t chain[NOISE_KEY_SIZE], vg_span input, uint8_t one[NOISE_KEY_SIZE],
                 uint8_t two[NOISE_KEY_SIZE])
{
    static const uint8_t counts[] = {1, 2};
    uint8_t temporary[NOISE_HASH_SIZE];
    hmac(chain, input, nothing, temporary);
    hmac(temporary, nothing, vg_span_of(&counts[0], 1), one);
    hmac(temporary, vg_span_of(one, NOISE_KEY_SIZE), vg_span_of(&counts[1], 1), two);
    vg_wipe(temporary, sizeof temporary);
}

static void mix_key(struct noise_handshake *handshake, vg_span input)
{
    hkdf(handshake->chain, input, handshake->chain, handshake->cipher.key);
    handshake->cipher.next = 0;
}

/* ---- one direction: sections 4.2 and 5.1 ----------------------------------------------------- */

static void nonce_of(uint64_t number, uint8_t nonce[NONCE_SIZE])
{
    struct vg_writer writer = vg_writer_of(nonce, NONCE_SIZE);
    vg_write_u32(&writer, 0);
    vg_write_u64(&writer, number);
}

static void encrypt(const struct noise_cipher *cipher, uint64_t number, vg_span hash, vg_span plain,
                    uint8_t *out)
{
    uint8_t nonce[NONCE_SIZE];
    nonce_of(number, nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain.data, plain.size, hash.data,
                                              hash.size, NULL, nonce, cipher->key);
}

static bool decrypt(const struct noise_cipher *cipher, vg_span hash, vg_span sealed, uint8_t *out)
{
    uint8_t nonce[NONCE_SIZE];
    nonce_of(cipher->next, nonce);
    return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.data, sealed.size,
                                                     hash.data, hash.size, nonce, cipher->key) == 0;
}

static void rekey(struct noise_cipher *cipher)
{
    static const uint8_t zeros[NOISE_KEY_SIZE];
    uint8_t sealed[NOISE_KEY_SIZE + NOISE_TAG_SIZE];
    encrypt(cipher, UINT64_MAX, nothing, vg_span_of(zeros, sizeof zeros), sealed);
    memcpy(cipher->key, sealed, sizeof cipher->key);
    vg_wipe(sealed, sizeof sealed);
}

static void count_message(struct noise_cipher *cipher)
{
    cipher->next++;
    if (cipher->next % NOISE_REKEY_AFTER == 0)
        rekey(cipher);
}

void noise_seal(struct noise_cipher *cipher, vg_span plain, uint8_t *out)
{
    assert(cipher->next < UINT64_MAX);
    assert(plain.size <= NOISE_MESSAGE_MAX - NOISE_TAG_SIZE);
    encrypt(cipher, cipher->next, nothing, plain, out);
    count_message(cipher);
}

enum vg_code noise_open(struct noise_cipher *cipher, uint8_t *message, size_t size, vg_span *plain,
                        struct vg_error *error)
{
    if (size < NOISE_TAG_SIZE)
        return vg_fail(error, VG_INVALID, "channel: a record of %zu bytes is too short", size);
    if (cipher->next == UINT64_MAX || !decrypt(cipher, nothing, vg_span_of(message, size), message))
        return vg_fail(error, VG_INTEGRITY,
                       "channel: record %llu does not open: it was altered, forged, or is not the "
                       "next one",
                       (unsigned long long)cipher->next);
    count_message(cipher);
    *plain = vg_span_of(message, size - NOISE_TAG_SIZE);
    return VG_OK;
}

/* ---- X25519 ---------------------------------------------------------------------------------- */

static enum vg_code dh_in_memory(void *context, const vg_channel_public *theirs,
                                 uint8_t shared[NOISE_KEY_SIZE], struct vg_error *error)
{
    (void)error;
    vg_channel_dh(context, theirs,
                  shared); /* zeros of a key of low order are seen where it is used */
    return VG_OK;
}

struct noise_static noise_static_of(const vg_channel_secret *secret)
{
    struct noise_static pair = {.dh = dh_in_memory, .context = (void *)secret};
    (void)crypto_scalarmult_base(pair.pub.bytes, secret->bytes);
    return pair;
}

/* ---- pieces of a handshake message: sections 5.2 and 5.3 ------------------------------------- */

static vg_span key_span(const vg_channel_public *key)
{
    return vg_span_of(key->bytes, sizeof key->bytes);
}

static vg_span hash_span(const struct noise_handshake *handshake)
{
    return vg_span_of(handshake->hash, sizeof handshake->hash);
}

static void seal_and_hash(struct noise_handshake *handshake, vg_span plain, struct vg_buffer *out)
{
    size_t size = plain.size + NOISE_TAG_SIZE;
    uint8_t *sealed = vg_buffer_extend(out, size);
    encrypt(&handshake->cipher, handshake->cipher.next++, hash_span(handshake), plain, sealed);
    mix_hash(handshake, vg_span_of(sealed, size));
}

static enum vg_code open_and_hash(struct noise_handshake *handshake, vg_span sealed, uint8_t *out,
                                  struct vg_error *error)
{
    if (!decrypt(&handshake->cipher, hash_span(handshake), sealed, out))
        return vg_fail(error, VG_INTEGRITY,
                       "channel: the handshake does not open: it was made for another key, cluster "
                       "or door, or was altered");
    handshake->cipher.next++;
    mix_hash(handshake, sealed);
    return VG_OK;
}

static void write_ephemeral(struct noise_handshake *handshake, const uint8_t seed[VG_SEED_SIZE],
                            struct vg_buffer *out)
{
    vg_channel_public pub;
    vg_channel_keypair(seed, &pub, &handshake->ephemeral);
    vg_buffer_append(out, pub.bytes, sizeof pub.bytes);
    mix_hash(handshake, key_span(&pub));
}

static void read_ephemeral(struct noise_handshake *handshake, vg_span message)
{
    memcpy(handshake->their_ephemeral.bytes, message.data, NOISE_KEY_SIZE);
    mix_hash(handshake, key_span(&handshake->their_ephemeral));
}

/* MixKey, unless a key of low order has made the secret one that everybody knows. */
static enum vg_code mix_shared(struct noise_handshake *handshake, uint8_t shared[NOISE_KEY_SIZE],
                               struct vg_error *error)
{
    if (sodium_is_zero(shared, NOISE_KEY_SIZE))
        return vg_fail(error, VG_INTEGRITY, "channel: a key of the other side is of low order");
    mix_key(handshake, vg_span_of(shared, NOISE_KEY_SIZE));
    vg_wipe(shared, NOISE_KEY_SIZE);
    return VG_OK;
}

/* MixKey(DH(e, theirs)) */
static enum vg_code mix_ephemeral(struct noise_handshake *handshake,
                                  const vg_channel_public *theirs, struct vg_error *error)
{
    uint8_t shared[NOISE_KEY_SIZE];
    vg_channel_dh(&handshake->ephemeral, theirs, shared);
    return mix_shared(handshake, shared, error);
}

/* MixKey(DH(s, theirs)) */
static enum vg_code mix_static(struct noise_handshake *handshake, const vg_channel_public *theirs,
                               struct vg_error *error)
{
    uint8_t shared[NOISE_KEY_SIZE] = {0};
    enum vg_code code = handshake->self->dh(handshake->self->context, theirs, shared, error);
    return code != VG_OK ? code : mix_shared(handshake, shared, error);
}

static enum vg_code open_payload(struct noise_handshake *handshake, vg_span message, size_t at,
                                 struct vg_buffer *payload, struct vg_error *error)
{
    vg_span sealed = vg_span_of(message.data + at, message.size - at);
    size_t before = payload->size;
    uint8_t *plain = vg_buffer_extend(payload, sealed.size);
    enum vg_code code = open_and_hash(handshake, sealed, plain, error);
    payload->size = code == VG_OK ? payload->size - NOISE_TAG_SIZE : before;
    return code;
}

static enum vg_code check_size(vg_span message, size_t least, struct vg_error *error)
{
    if (message.size >= least && message.size <= NOISE_MESSAGE_MAX)
        return VG_OK;
    return vg_fail(error, VG_INVALID, "channel: a handshake message of %zu bytes", message.size);
}

/* ---- the handshake: section 7.5, IK ---------------------------------------------------------- */

static void begin(struct noise_handshake *handshake, const struct noise_static *self,
                  const vg_channel_public *responder, vg_span prologue)
{
    *handshake = (struct noise_handshake){.self = self};
    memcpy(handshake->hash, protocol_name, sizeof handshake->hash);
    memcpy(handshake->chain, handshake->hash, sizeof handshake->chain);
    mix_hash(handshake, prologue);
    mix_hash(handshake, key_span(responder));
}

void noise_initiate(struct noise_handshake *handshake, const struct noise_static *self,
                    const vg_channel_public *theirs, vg_span prologue)
{
    begin(handshake, self, theirs, prologue);
    handshake->their_static = *theirs;
}

void noise_respond(struct noise_handshake *handshake, const struct noise_static *self,
                   vg_span prologue)
{
    begin(handshake, self, &self->pub, prologue);
}

/* -> e, es, s, ss */
enum vg_code noise_write_first(struct noise_handshake *handshake, const uint8_t seed[VG_SEED_SIZE],
                               vg_span payload, struct vg_buffer *out, struct vg_error *error)
{
    size_t before = out->size;
    write_ephemeral(handshake, seed, out);
    enum vg_code code = mix_ephemeral(handshake, &handshake->their_static, error);
    if (code == VG_OK) {
        seal_and_hash(handshake, key_span(&handshake->self->pub), out);
        code = mix_static(handshake, &handshake->their_static, error);
    }
    if (code == VG_OK)
        seal_and_hash(handshake, payload, out);
    else
        out->size = before;
    return code;
}

enum vg_code noise_read_first(struct noise_handshake *handshake, vg_span message,
                              struct vg_buffer *payload, struct vg_error *error)
{
    enum vg_code code = check_size(message, NOISE_FIRST_SIZE, error);
    if (code != VG_OK)
        return code;
    vg_span theirs = vg_span_of(message.data + NOISE_KEY_SIZE, NOISE_KEY_SIZE + NOISE_TAG_SIZE);
    read_ephemeral(handshake, message);
    code = mix_static(handshake, &handshake->their_ephemeral, error);
    if (code == VG_OK)
        code = open_and_hash(handshake, theirs, handshake->their_static.bytes, error);
    if (code == VG_OK)
        code = mix_static(handshake, &handshake->their_static, error);
    if (code == VG_OK)
        code = open_payload(handshake, message, NOISE_KEY_SIZE + theirs.size, payload, error);
    return code;
}

/* <- e, ee, se */
enum vg_code noise_write_second(struct noise_handshake *handshake, const uint8_t seed[VG_SEED_SIZE],
                                vg_span payload, struct vg_buffer *out, struct vg_error *error)
{
    size_t before = out->size;
    write_ephemeral(handshake, seed, out);
    enum vg_code code = mix_ephemeral(handshake, &handshake->their_ephemeral, error);
    if (code == VG_OK)
        code = mix_ephemeral(handshake, &handshake->their_static, error);
    if (code == VG_OK)
        seal_and_hash(handshake, payload, out);
    else
        out->size = before;
    return code;
}

enum vg_code noise_read_second(struct noise_handshake *handshake, vg_span message,
                               struct vg_buffer *payload, struct vg_error *error)
{
    enum vg_code code = check_size(message, NOISE_SECOND_SIZE, error);
    if (code != VG_OK)
        return code;
    read_ephemeral(handshake, message);
    code = mix_ephemeral(handshake, &handshake->their_ephemeral, error);
    if (code == VG_OK)
        code = mix_static(handshake, &handshake->their_ephemeral, error);
    if (code == VG_OK)
        code = open_payload(handshake, message, NOISE_KEY_SIZE, payload, error);
    return code;
}

void noise_split(struct noise_handshake *handshake, struct noise_cipher *from_initiator,
                 struct noise_cipher *from_responder)
{
    hkdf(handshake->chain, nothing, from_initiator->key, from_responder->key);
    from_initiator->next = 0;
    from_responder->next = 0;
    noise_wipe(handshake);
}

void noise_wipe(struct noise_handshake *handshake)
{
    vg_wipe(handshake->chain, sizeof handshake->chain);
    vg_wipe(&handshake->cipher, sizeof handshake->cipher);
    vg_wipe(&handshake->ephemeral, sizeof handshake->ephemeral);
}
