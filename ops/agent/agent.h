/* SPDX-License-Identifier: Apache-2.0
 * The agent's protocol, and asking it (docs/keys.md): one question and one answer a connection,
 * each a u32 little-endian length and that many bytes. */
#ifndef VIGIL_OPS_AGENT_AGENT_H
#define VIGIL_OPS_AGENT_AGENT_H

#include "common/identity.h"
#include "common/limits.h"

/* The first byte of a question. An answer's is a code: VG_OK, or why not and a sentence. */
enum agent_question {
    AGENT_HELD = 1,   /* all keys: id 16, public 32, channel 32, seconds left u32 each */
    AGENT_UNLOCK = 2, /* seconds u32, plain text of an identity */
    AGENT_LOCK = 3,   /* forget all */
    AGENT_SIGN = 4,   /* public 32, encoded command: signature 64 */
    AGENT_DH = 5,     /* channel 32, theirs 32: shared secret 32 */
};

enum {
    AGENT_KEYS_MAX = 16,
    AGENT_LIFE_MAX_S = 24 * 3600,
    AGENT_WAIT_MS = 10000,                           /* for a whole question, and for an answer */
    AGENT_SECRET_MAX = 1 + 4 + VG_IDENTITY_TEXT_MAX, /* questions that may carry a secret */
    AGENT_QUESTION_MAX = 1 + VG_PUBLIC_KEY_SIZE + VG_SIGNED_MAX,
    AGENT_HELD_SIZE = 16 + VG_PUBLIC_KEY_SIZE + VG_CHANNEL_KEY_SIZE + 4,
    AGENT_ANSWER_MAX = 1 + AGENT_KEYS_MAX * AGENT_HELD_SIZE,
};

static_assert((int)AGENT_ANSWER_MAX > (int)VG_ERROR_TEXT, "a sentence fits an answer");

struct agent_held {
    vg_id id;
    vg_public_key pub;
    vg_channel_public channel;
    uint32_t left_s;
};

/* Each asks the agent whose socket is `place`, and waits for its answer; any thread.
 * VG_UNAVAILABLE: none runs there, or it ended meanwhile; VG_TIMEOUT: it is silent; VG_FORBIDDEN:
 * place or agent are not this user's alone, and nothing was sent; else what the agent says, of a
 * key that it does not hold VG_UNAVAILABLE. */

/* `held` has room for AGENT_KEYS_MAX. */
enum vg_code agent_held(const char *place, struct agent_held *held, unsigned *count,
                        struct vg_error *error);

/* Gives the agent an identity for `life_s` seconds; one it holds already lives on as long. */
enum vg_code agent_unlock(const char *place, const struct vg_identity *identity, uint32_t life_s,
                          struct vg_error *error);

enum vg_code agent_lock(const char *place, struct vg_error *error);

/* Signs an encoded command (ledger_command_encode) of the key's person. */
enum vg_code agent_sign(const char *place, const vg_public_key *key, vg_span command,
                        vg_signature *out, struct vg_error *error);

/* The shared secret of a channel key and theirs. VG_INTEGRITY for a key of low order. */
enum vg_code agent_dh(const char *place, const vg_channel_public *key,
                      const vg_channel_public *theirs, uint8_t shared[VG_CHANNEL_KEY_SIZE],
                      struct vg_error *error);

#endif
