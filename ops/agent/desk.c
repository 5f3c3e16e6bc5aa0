/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/agent/desk.h"

#include <assert.h>

#include "common/bytes.h"
#include "common/locked.h"
#include "proto/ledger/entry.h"

struct key {
    struct vg_identity identity;
    uint64_t until_s;
};

struct agent_desk {
    struct key keys[AGENT_KEYS_MAX];
    unsigned count;
    uint64_t now_s;               /* of the question */
    struct vg_identity_text text; /* of an unlock, while it is read */
    struct vg_identity_file unlocked;
};

enum vg_code agent_desk_new(struct agent_desk **out, struct vg_error *error)
{
    *out = vg_locked_alloc(sizeof **out, error);
    return *out != NULL ? VG_OK : VG_UNAVAILABLE;
}

void agent_desk_free(struct agent_desk *desk)
{
    vg_locked_free(desk);
}

uint64_t agent_desk_expire(struct agent_desk *desk, uint64_t now_s)
{
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < desk->count;) {
        struct key *key = &desk->keys[i];
        if (key->until_s > now_s) {
            next = key->until_s < next ? key->until_s : next;
            i++;
            continue;
        }
        *key = desk->keys[--desk->count];
        vg_wipe(&desk->keys[desk->count], sizeof *key);
    }
    return next;
}

/* ---- questions ---------------------------------------------------------------------------------
 * Each takes what is left of the question, and writes its answer behind the code.
 */

static const struct vg_identity *find(const struct agent_desk *desk, const vg_public_key *pub)
{
    for (unsigned i = 0; i < desk->count; i++)
        if (memcmp(desk->keys[i].identity.pub.bytes, pub->bytes, sizeof pub->bytes) == 0)
            return &desk->keys[i].identity;
    return NULL;
}

static const struct vg_identity *find_channel(const struct agent_desk *desk,
                                              const vg_channel_public *pub)
{
    for (unsigned i = 0; i < desk->count; i++)
        if (memcmp(desk->keys[i].identity.channel_pub.bytes, pub->bytes, sizeof pub->bytes) == 0)
            return &desk->keys[i].identity;
    return NULL;
}

static enum vg_code malformed(struct vg_error *error)
{
    return vg_fail(error, VG_INVALID,
                   "not a question this agent knows; are vigil and its agent "
                   "of one version?");
}

static enum vg_code not_held(struct vg_error *error)
{
    return vg_fail(error, VG_UNAVAILABLE,
                   "the agent does not hold this key, or no longer; run: vigil identity unlock");
}

static enum vg_code answer_held(struct agent_desk *desk, struct vg_reader *in,
                                struct vg_writer *out, struct vg_error *error)
{
    if (!vg_reader_done(in))
        return malformed(error);
    for (unsigned i = 0; i < desk->count; i++) {
        const struct vg_identity *identity = &desk->keys[i].identity;
        vg_write_bytes(out, identity->id.bytes, sizeof identity->id.bytes);
        vg_write_bytes(out, identity->pub.bytes, sizeof identity->pub.bytes);
        vg_write_bytes(out, identity->channel_pub.bytes, sizeof identity->channel_pub.bytes);
        vg_write_u32(out, (uint32_t)(desk->keys[i].until_s - desk->now_s));
    }
    return VG_OK;
}

/* The place of a key, a new one if it is not held; NULL if there is no room. */
static struct key *place_for(struct agent_desk *desk, const vg_public_key *pub)
{
    for (unsigned i = 0; i < desk->count; i++)
        if (memcmp(desk->keys[i].identity.pub.bytes, pub->bytes, sizeof pub->bytes) == 0)
            return &desk->keys[i];
    return desk->count < AGENT_KEYS_MAX ? &desk->keys[desk->count++] : NULL;
}

static enum vg_code keep(struct agent_desk *desk, uint32_t life_s, struct vg_error *error)
{
    const struct vg_identity_file *file = &desk->unlocked;
    if (file->sealed || file->identity.kind != VG_IDENTITY_PERSON)
        return vg_fail(error, VG_INVALID,
                       "the agent takes a person's identity that is open; a node's is for its "
                       "vigild: name it there as key");
    struct key *key = place_for(desk, &file->identity.pub);
    if (key == NULL)
        return vg_fail(error, VG_BUSY,
                       "the agent holds %d keys and takes no more; have it forget them first: "
                       "vigil identity lock",
                       AGENT_KEYS_MAX);
    *key = (struct key){.identity = file->identity, .until_s = desk->now_s + life_s};
    return VG_OK;
}

static enum vg_code answer_unlock(struct agent_desk *desk, struct vg_reader *in,
                                  struct vg_writer *out, struct vg_error *error)
{
    (void)out;
    uint32_t life_s = vg_read_u32(in);
    desk->text.size = (size_t)(in->end - in->at);
    if (in->failed || life_s == 0 || life_s > AGENT_LIFE_MAX_S ||
        desk->text.size > VG_IDENTITY_TEXT_MAX)
        return malformed(error);
    vg_read_copy(in, desk->text.text, desk->text.size);
    enum vg_code code = vg_identity_parse(&desk->text, "the identity", &desk->unlocked, error);
    if (code == VG_OK)
        code = keep(desk, life_s, error);
    vg_wipe(&desk->text, sizeof desk->text);
    vg_wipe(&desk->unlocked, sizeof desk->unlocked);
    return code;
}

static enum vg_code answer_lock(struct agent_desk *desk, struct vg_reader *in,
                                struct vg_writer *out, struct vg_error *error)
{
    (void)out;
    if (!vg_reader_done(in))
        return malformed(error);
    agent_desk_expire(desk, UINT64_MAX);
    return VG_OK;
}

/* The label is put before the command here, and only here: nothing else can be signed. */
static enum vg_code answer_sign(struct agent_desk *desk, struct vg_reader *in,
                                struct vg_writer *out, struct vg_error *error)
{
    vg_public_key pub;
    struct ledger_command command;
    struct vg_buffer buffer = {0};
    vg_signature signature;
    vg_read_copy(in, pub.bytes, sizeof pub.bytes);
    vg_span bytes = vg_read_span(in, (size_t)(in->end - in->at));
    const struct vg_identity *identity = find(desk, &pub);
    if (in->failed)
        return malformed(error);
    if (identity == NULL)
        return not_held(error);
    enum vg_code code = ledger_command_decode(bytes, &command, error);
    if (code != VG_OK)
        return code;
    if (!vg_id_equal(&command.author, &identity->id))
        return vg_fail(error, VG_FORBIDDEN,
                       "the agent signs commands of the person whose key it is, and no others");
    vg_signer_ed25519.sign(ledger_command_covered(bytes, &buffer), &identity->secret, &signature);
    vg_write_bytes(out, signature.bytes, sizeof signature.bytes);
    vg_buffer_free(&buffer);
    return VG_OK;
}

static enum vg_code answer_dh(struct agent_desk *desk, struct vg_reader *in, struct vg_writer *out,
                              struct vg_error *error)
{
    vg_channel_public pub;
    vg_channel_public theirs;
    uint8_t shared[VG_CHANNEL_KEY_SIZE];
    vg_read_copy(in, pub.bytes, sizeof pub.bytes);
    vg_read_copy(in, theirs.bytes, sizeof theirs.bytes);
    const struct vg_identity *identity = find_channel(desk, &pub);
    if (!vg_reader_done(in))
        return malformed(error);
    if (identity == NULL)
        return not_held(error);
    if (!vg_channel_dh(&identity->channel_secret, &theirs, shared))
        return vg_fail(error, VG_INTEGRITY, "no channel with a key of low order");
    vg_write_bytes(out, shared, sizeof shared);
    vg_wipe(shared, sizeof shared);
    return VG_OK;
}

static enum vg_code answer_unknown(struct agent_desk *desk, struct vg_reader *in,
                                   struct vg_writer *out, struct vg_error *error)
{
    (void)desk;
    (void)in;
    (void)out;
    return malformed(error);
}

typedef enum vg_code answer_function(struct agent_desk *desk, struct vg_reader *in,
                                     struct vg_writer *out, struct vg_error *error);

static answer_function *const questions[] = {
    [0] = answer_unknown,       [AGENT_HELD] = answer_held, [AGENT_UNLOCK] = answer_unlock,
    [AGENT_LOCK] = answer_lock, [AGENT_SIGN] = answer_sign, [AGENT_DH] = answer_dh,
};

size_t agent_desk_answer(struct agent_desk *desk, vg_span question, uint64_t now_s, uint8_t *answer)
{
    struct vg_reader in = vg_reader_of(question);
    struct vg_writer out = vg_writer_of(answer, AGENT_ANSWER_MAX);
    struct vg_error error = {.code = VG_OK};
    uint8_t which = vg_read_u8(&in);
    desk->now_s = now_s;
    agent_desk_expire(desk, now_s);
    vg_write_u8(&out, VG_OK);
    enum vg_code code = questions[which < sizeof questions / sizeof questions[0] ? which : 0](
        desk, &in, &out, &error);
    if (code != VG_OK) {
        out = vg_writer_of(answer, AGENT_ANSWER_MAX);
        vg_write_u8(&out, (uint8_t)code);
        vg_write_bytes(&out, error.text, strlen(error.text));
    }
    assert(!out.failed);
    return vg_writer_size(&out);
}
