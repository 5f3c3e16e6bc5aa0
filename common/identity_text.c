/* SPDX-License-Identifier: Apache-2.0
 * The text of an identity: what is public, and what is secret in plain or in a box. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/identity.h"
#include "common/text.h"

static const char *const kind_names[] = {
    [VG_IDENTITY_PERSON] = "person", [VG_IDENTITY_NODE] = "node"};

/* ---- writing -----------------------------------------------------------------------------------
 */

static void add_line(struct vg_identity_text *out, const char *word, const char *value)
{
    size_t room = sizeof out->text - out->size;
    out->size += (size_t)snprintf(out->text + out->size, room, "%s %s\n", word, value);
}

static void add_hex(struct vg_identity_text *out, const char *word, const void *bytes, size_t size)
{
    char hex[2 * VG_IDENTITY_BOX + 1];
    vg_hex_format(vg_span_of(bytes, size), hex);
    add_line(out, word, hex);
    vg_wipe(hex, sizeof hex);
}

static void add_public(struct vg_identity_text *out, const struct vg_identity *identity)
{
    char id[VG_ID_TEXT];
    if (identity->kind == VG_IDENTITY_PERSON)
        vg_id_format(&identity->id, id);
    else
        snprintf(id, sizeof id, "%" PRIu64, identity->node.value);
    add_line(out, "vigil-identity", "2");
    add_line(out, "kind", kind_names[identity->kind]);
    add_line(out, "id", id);
    add_hex(out, "public", identity->pub.bytes, sizeof identity->pub.bytes);
    add_hex(out, "channel", identity->channel_pub.bytes, sizeof identity->channel_pub.bytes);
    add_hex(out, "binding", identity->binding.bytes, sizeof identity->binding.bytes);
}

/* All that stands before the box, which is authenticated with it. */
static void add_head(struct vg_identity_text *out, const struct vg_identity_file *file)
{
    char cost[48];
    add_public(out, &file->identity);
    snprintf(cost, sizeof cost, "argon2id %" PRIu32 " %" PRIu32, file->seal.passes,
             file->seal.memory_kib);
    add_line(out, "sealed", cost);
    add_hex(out, "salt", file->seal.salt, sizeof file->seal.salt);
    add_hex(out, "nonce", file->seal.nonce, sizeof file->seal.nonce);
}

void vg_identity_format(const struct vg_identity_file *file, struct vg_identity_text *out)
{
    const struct vg_identity *identity = &file->identity;
    out->size = 0;
    if (file->sealed) {
        add_head(out, file);
        add_hex(out, "box", file->box, sizeof file->box);
        return;
    }
    add_public(out, identity);
    /* libsodium's secret key starts with its seed */
    add_hex(out, "seed", identity->secret.bytes, VG_SEED_SIZE);
    add_hex(out, "channel-seed", identity->channel_secret.bytes, VG_SEED_SIZE);
}

/* ---- reading -----------------------------------------------------------------------------------
 */

/* What the lines say. */
struct draft {
    struct vg_identity_file *file;
    uint8_t seeds[2][VG_SEED_SIZE];
};

static bool take_version(const char *value, struct draft *draft)
{
    (void)draft;
    return strcmp(value, "2") == 0;
}

static bool take_kind(const char *value, struct draft *draft)
{
    bool person = strcmp(value, kind_names[VG_IDENTITY_PERSON]) == 0;
    draft->file->identity.kind = person ? VG_IDENTITY_PERSON : VG_IDENTITY_NODE;
    return person || strcmp(value, kind_names[VG_IDENTITY_NODE]) == 0;
}

static bool take_id(const char *value, struct draft *draft)
{
    char *end;
    struct vg_identity *identity = &draft->file->identity;
    if (identity->kind == VG_IDENTITY_PERSON)
        return vg_id_parse(value, &identity->id);
    errno = 0;
    identity->node.value = strtoull(value, &end, 10);
    return value[0] >= '1' && value[0] <= '9' && *end == '\0' && errno == 0;
}

/* Numbers that are too large stay out of bounds. */
static bool take_cost(const char *value, struct draft *draft)
{
    static const char method[] = "argon2id ";
    char *end;
    draft->file->sealed = true;
    if (strncmp(value, method, sizeof method - 1) != 0)
        return false;
    unsigned long passes = strtoul(value + sizeof method - 1, &end, 10);
    unsigned long kib = strtoul(end, NULL, 10);
    draft->file->seal.passes = passes > UINT32_MAX ? UINT32_MAX : (uint32_t)passes;
    draft->file->seal.memory_kib = kib > UINT32_MAX ? UINT32_MAX : (uint32_t)kib;
    return vg_seal_is_bounded(&draft->file->seal);
}

#define TAKE_HEX(name, member)                                                                     \
    static bool take_##name(const char *value, struct draft *draft)                                \
    {                                                                                              \
        return vg_hex_parse(value, &draft->member, sizeof draft->member);                          \
    }
TAKE_HEX(pub, file->identity.pub)
TAKE_HEX(channel, file->identity.channel_pub)
TAKE_HEX(binding, file->identity.binding)
TAKE_HEX(salt, file->seal.salt)
TAKE_HEX(nonce, file->seal.nonce)
TAKE_HEX(box, file->box)
TAKE_HEX(seed, seeds[0])
TAKE_HEX(channel_seed, seeds[1])

struct line {
    const char *word;
    bool (*take)(const char *value, struct draft *draft);
    const char *value; /* what it may be, for people */
};

static const struct line public_lines[] = {
    {"vigil-identity", take_version, "2"},
    {"kind", take_kind, "person or node"},
    {"id", take_id, "a UUID of a person, a number of a node"},
    {"public", take_pub, "64 hex digits"},
    {"channel", take_channel, "64 hex digits"},
    {"binding", take_binding, "128 hex digits"},
    {NULL, NULL, NULL},
};

static const struct line plain_lines[] = {
    {"seed", take_seed, "64 hex digits"},
    {"channel-seed", take_channel_seed, "64 hex digits"},
    {NULL, NULL, NULL},
};

static const struct line sealed_lines[] = {
    {"sealed", take_cost, "argon2id, 1 to 10 passes, 8192 to 1048576 KiB"},
    {"salt", take_salt, "32 hex digits"},
    {"nonce", take_nonce, "48 hex digits"},
    {"box", take_box, "160 hex digits"},
    {NULL, NULL, NULL},
};

static_assert(VG_SEAL_PASSES_MAX == 10 && VG_SEAL_KIB_MIN == 8192 && VG_SEAL_KIB_MAX == 1048576,
              "as the line says");

static enum vg_code parse_lines(char **rest, const struct line *lines, int *number,
                                struct draft *draft, const char *path, struct vg_error *error)
{
    for (; lines->word != NULL; lines++, ++*number) {
        char *line = strtok_r(*rest, "\n", rest);
        char *value = line == NULL ? NULL : strchr(line, ' ');
        bool fits = value != NULL && vg_span_equal(vg_span_of(line, (size_t)(value - line)),
                                                   vg_span_text(lines->word));
        if (fits && lines->take(value + 1, draft))
            continue;
        if (fits && lines == public_lines && strcmp(value, " 1") == 0)
            return vg_fail(error, VG_INVALID,
                           "%s: an identity of version 1, which has no channel key; make a new "
                           "one: vigil identity new",
                           path);
        return vg_fail(error, VG_INVALID,
                       "%s: line %d: expected \"%s ...\" (%s); name the file that 'vigil identity "
                       "new' wrote, or restore it from a copy",
                       path, *number, lines->word, lines->value);
    }
    return VG_OK;
}

/* Both pairs from their seeds, which must be the keys that were stated. */
static const char *fill_secrets(struct vg_identity *identity, uint8_t seeds[2][VG_SEED_SIZE])
{
    vg_public_key pub;
    vg_channel_public channel;
    vg_signer_ed25519.keypair(seeds[0], &pub, &identity->secret);
    vg_channel_keypair(seeds[1], &channel, &identity->channel_secret);
    if (memcmp(pub.bytes, identity->pub.bytes, sizeof pub.bytes) != 0)
        return "line 4: the public key is not the seed's";
    if (memcmp(channel.bytes, identity->channel_pub.bytes, sizeof channel.bytes) != 0)
        return "line 5: the channel key is not the channel seed's";
    return NULL;
}

static enum vg_code refuse(const char *path, const char *wrong, struct vg_error *error)
{
    return vg_fail(error, VG_INTEGRITY, "%s: %s; restore the file from a copy", path, wrong);
}

static enum vg_code check_keys(struct draft *draft, const char *path, struct vg_error *error)
{
    struct vg_identity *identity = &draft->file->identity;
    struct vg_holder holder = vg_identity_holder(identity);
    struct vg_keys keys = vg_identity_keys(identity);
    const char *wrong = draft->file->sealed ? NULL : fill_secrets(identity, draft->seeds);
    if (wrong == NULL && !vg_binding_verify(&vg_signer_ed25519, &holder, &keys))
        wrong = "line 6: the binding is not of this id and these keys";
    return wrong == NULL ? VG_OK : refuse(path, wrong, error);
}

/* There is one text for an identity: no bit of a file means nothing. */
static enum vg_code check_text(const struct vg_identity_file *file,
                               const struct vg_identity_text *read, const char *path,
                               struct vg_error *error)
{
    struct vg_identity_text written;
    vg_identity_format(file, &written);
    bool same = written.size == read->size && memcmp(written.text, read->text, read->size) == 0;
    vg_wipe(&written, sizeof written);
    if (same)
        return VG_OK;
    return vg_fail(error, VG_INVALID,
                   "%s: not written as vigil writes it; restore the file from a copy", path);
}

enum vg_code vg_identity_parse(struct vg_identity_text *text, const char *path,
                               struct vg_identity_file *out, struct vg_error *error)
{
    struct draft draft = {.file = out};
    int number = 1;
    char *rest = text->text;
    struct vg_identity_text read = *text;
    *out = (struct vg_identity_file){.sealed = false};
    text->text[text->size] = '\0';
    enum vg_code code = parse_lines(&rest, public_lines, &number, &draft, path, error);
    if (code == VG_OK) {
        bool sealed = strncmp(rest, "sealed ", strlen("sealed ")) == 0;
        const struct line *lines = sealed ? sealed_lines : plain_lines;
        code = parse_lines(&rest, lines, &number, &draft, path, error);
    }
    if (code == VG_OK)
        code = check_keys(&draft, path, error);
    if (code == VG_OK)
        code = check_text(out, &read, path, error);
    vg_wipe(&draft, sizeof draft);
    vg_wipe(&read, sizeof read);
    return code;
}

/* ---- a passphrase ------------------------------------------------------------------------------
 */

enum vg_code vg_identity_seal(const struct vg_identity *identity, const struct vg_seal *seal,
                              vg_span passphrase, struct vg_identity_file *out,
                              struct vg_error *error)
{
    uint8_t seeds[2][VG_SEED_SIZE];
    struct vg_identity_text head = {.size = 0};
    *out = (struct vg_identity_file){.identity = *identity, .sealed = true, .seal = *seal};
    vg_wipe(&out->identity.secret, sizeof out->identity.secret);
    vg_wipe(&out->identity.channel_secret, sizeof out->identity.channel_secret);
    memcpy(seeds[0], identity->secret.bytes, VG_SEED_SIZE);
    memcpy(seeds[1], identity->channel_secret.bytes, VG_SEED_SIZE);
    add_head(&head, out);
    enum vg_code code = vg_seal_close(seal, passphrase, vg_span_of(head.text, head.size),
                                      vg_span_of(seeds, sizeof seeds), out->box, error);
    vg_wipe(seeds, sizeof seeds);
    return code;
}

enum vg_code vg_identity_open(struct vg_identity_file *file, const char *path, vg_span passphrase,
                              struct vg_error *error)
{
    uint8_t seeds[2][VG_SEED_SIZE];
    struct vg_identity_text head = {.size = 0};
    add_head(&head, file);
    enum vg_code code =
        vg_seal_open(&file->seal, passphrase, vg_span_of(head.text, head.size),
                     vg_span_of(file->box, sizeof file->box), (uint8_t *)seeds, error);
    if (code != VG_OK)
        return vg_error_prefix(error, "%s", path);
    const char *wrong = fill_secrets(&file->identity, seeds);
    vg_wipe(seeds, sizeof seeds);
    file->sealed = false;
    return wrong == NULL ? VG_OK : refuse(path, wrong, error);
}
