/* SPDX-License-Identifier: Apache-2.0
 * Noise_IK_25519_ChaChaPoly_SHA256 (Noise Protocol Framework, revision 34): handshake and transport
 * messages, without their lengths. Pure: what is random is an argument. docs/channel.md has the way
 * it is used.
 *
 * Whatever fails leaves a handshake that nothing more can be done with but noise_wipe. */
#ifndef VIGIL_PROTO_CHANNEL_NOISE_H
#define VIGIL_PROTO_CHANNEL_NOISE_H

#include "common/crypto.h"
#include "common/error.h"
#include "common/mem.h"

enum {
    NOISE_KEY_SIZE = 32,
    NOISE_HASH_SIZE = 32,
    NOISE_TAG_SIZE = 16,
    NOISE_MESSAGE_MAX = 65535, /* section 3 */
    NOISE_FIRST_SIZE = NOISE_KEY_SIZE + NOISE_KEY_SIZE + NOISE_TAG_SIZE + NOISE_TAG_SIZE,
    NOISE_SECOND_SIZE = NOISE_KEY_SIZE + NOISE_TAG_SIZE, /* both with an empty payload */
    NOISE_REKEY_AFTER = 65536, /* messages of one direction; both sides count them */
};

/* A static key pair whose secret may live elsewhere. Borrowed by who gets it, for as long as that
 * makes handshakes. */
struct noise_static {
    vg_channel_public pub;
    /* X25519 of the secret and `theirs`. VG_OK, or why the secret cannot be used now: not
     * VG_UNAVAILABLE, by which channel_next says that bytes are missing. */
    enum vg_code (*dh)(void *context, const vg_channel_public *theirs,
                       uint8_t shared[NOISE_KEY_SIZE], struct vg_error *error);
    void *context;
};

/* A key pair whose secret lies in memory, which is borrowed as long as the key pair is used. */
struct noise_static noise_static_of(const vg_channel_secret *secret);

/* One direction. */
struct noise_cipher {
    uint8_t key[NOISE_KEY_SIZE];
    uint64_t next; /* messages so far, and the next one's nonce */
};

/* `ck`, `h`, `k`, `e`, `re`, `rs` of section 5 in this order. */
struct noise_handshake {
    const struct noise_static *self;
    uint8_t chain[NOISE_KEY_SIZE];
    uint8_t hash[NOISE_HASH_SIZE];
    struct noise_cipher cipher;
    vg_channel_secret ephemeral;
    vg_channel_public their_ephemeral;
    vg_channel_public their_static;
};

/* The initiator's side, to the responder with this static key. */
void noise_initiate(struct noise_handshake *handshake, const struct noise_static *self,
                    const vg_channel_public *theirs, vg_span prologue);

/* The responder's side. */
void noise_respond(struct noise_handshake *handshake, const struct noise_static *self,
                   vg_span prologue);

/* Appends message 1 or 2. `seed` is 32 fresh random bytes: the ephemeral secret. Codes of `dh`, and
 * VG_INTEGRITY when a key of the other side is of low order. */
enum vg_code noise_write_first(struct noise_handshake *handshake, const uint8_t seed[VG_SEED_SIZE],
                               vg_span payload, struct vg_buffer *out, struct vg_error *error);
enum vg_code noise_write_second(struct noise_handshake *handshake, const uint8_t seed[VG_SEED_SIZE],
                                vg_span payload, struct vg_buffer *out, struct vg_error *error);

/* Opens a whole message 1 or 2 and appends its payload; `their_static` is known after the first.
 * VG_INVALID: it is too short; VG_INTEGRITY: it does not open. Codes of `dh`. */
enum vg_code noise_read_first(struct noise_handshake *handshake, vg_span message,
                              struct vg_buffer *payload, struct vg_error *error);
enum vg_code noise_read_second(struct noise_handshake *handshake, vg_span message,
                               struct vg_buffer *payload, struct vg_error *error);

/* After message 2: the ciphers of what the initiator sends and of what the responder sends; the
 * handshake is wiped but for `hash`, which names this channel, and `their_static`. */
void noise_split(struct noise_handshake *handshake, struct noise_cipher *from_initiator,
                 struct noise_cipher *from_responder);

/* Seals a message of this direction into plain.size + NOISE_TAG_SIZE bytes at `out`, which may be
 * `plain` itself. The direction must not be at its end: 2^64 - 1 messages. */
void noise_seal(struct noise_cipher *cipher, vg_span plain, uint8_t *out);

/* Opens the next message of this direction in place, and says where the plain bytes are in it.
 * VG_INVALID: shorter than a tag; VG_INTEGRITY: it does not open as the next message. */
enum vg_code noise_open(struct noise_cipher *cipher, uint8_t *message, size_t size, vg_span *plain,
                        struct vg_error *error);

/* Overwrites keys. */
void noise_wipe(struct noise_handshake *handshake);

#endif
