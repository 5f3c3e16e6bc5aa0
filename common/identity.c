/* SPDX-License-Identifier: Apache-2.0 */
#include "common/identity.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/text.h"

enum { IDENTITY_FILE_MAX = 1024 };

static const char *const kind_names[] = {
    [VG_IDENTITY_PERSON] = "person", [VG_IDENTITY_NODE] = "node"};

void vg_random(void *bytes, size_t size)
{
    randombytes_buf(bytes, size);
}

struct vg_holder vg_identity_holder(const struct vg_identity *identity)
{
    return (struct vg_holder){
        .kind = identity->kind, .person = identity->id, .node = identity->node};
}

struct vg_keys vg_identity_keys(const struct vg_identity *identity)
{
    return (struct vg_keys){
        .key = identity->pub, .channel = identity->channel_pub, .binding = identity->binding};
}

/* Both pairs from their seeds. */
static void fill_keys(struct vg_identity *identity, const uint8_t seed[VG_SEED_SIZE],
                      const uint8_t channel_seed[VG_SEED_SIZE])
{
    vg_signer_ed25519.keypair(seed, &identity->pub, &identity->secret);
    vg_channel_keypair(channel_seed, &identity->channel_pub, &identity->channel_secret);
}

void vg_identity_make(enum vg_identity_kind kind, const vg_id *id, vg_node_id node,
                      struct vg_identity *out)
{
    uint8_t seeds[2][VG_SEED_SIZE];
    *out = (struct vg_identity){.kind = kind, .id = *id, .node = node};
    vg_random(seeds, sizeof seeds);
    fill_keys(out, seeds[0], seeds[1]);
    vg_wipe(seeds, sizeof seeds);
    struct vg_holder holder = vg_identity_holder(out);
    vg_binding_sign(&vg_signer_ed25519, &holder, &out->channel_pub, &out->secret, &out->binding);
}

static void format_id(const struct vg_identity *identity, char out[VG_ID_TEXT])
{
    if (identity->kind == VG_IDENTITY_PERSON)
        vg_id_format(&identity->id, out);
    else
        snprintf(out, VG_ID_TEXT, "%" PRIu64, identity->node.value);
}

/* The file's lines in their order, each "word value". libsodium's secret key starts with its seed.
 */
static int format(const struct vg_identity *identity, char out[IDENTITY_FILE_MAX])
{
    char id[VG_ID_TEXT];
    char pub[2 * VG_PUBLIC_KEY_SIZE + 1], channel[2 * VG_CHANNEL_KEY_SIZE + 1];
    char binding[2 * VG_SIGNATURE_SIZE + 1];
    char seeds[2][2 * VG_SEED_SIZE + 1];
    format_id(identity, id);
    vg_hex_format(vg_span_of(identity->pub.bytes, VG_PUBLIC_KEY_SIZE), pub);
    vg_hex_format(vg_span_of(identity->channel_pub.bytes, VG_CHANNEL_KEY_SIZE), channel);
    vg_hex_format(vg_span_of(identity->binding.bytes, VG_SIGNATURE_SIZE), binding);
    vg_hex_format(vg_span_of(identity->secret.bytes, VG_SEED_SIZE), seeds[0]);
    vg_hex_format(vg_span_of(identity->channel_secret.bytes, VG_SEED_SIZE), seeds[1]);
    int size = snprintf(out, IDENTITY_FILE_MAX,
                        "vigil-identity 2\nkind %s\nid %s\npublic %s\nchannel %s\nbinding %s\n"
                        "seed %s\nchannel-seed %s\n",
                        kind_names[identity->kind], id, pub, channel, binding, seeds[0], seeds[1]);
    vg_wipe(seeds, sizeof seeds);
    return size;
}

enum vg_code vg_identity_write(const char *path, const struct vg_identity *identity,
                               struct vg_error *error)
{
    char text[IDENTITY_FILE_MAX];
    if (access(path, F_OK) == 0)
        return vg_fail(error, VG_EXISTS,
                       "%s: there is an identity already; name another file, or move this one away",
                       path);
    int size = format(identity, text);
    enum vg_code code = vg_file_write(path, vg_span_of(text, (size_t)size), 0600, error);
    vg_wipe(text, sizeof text);
    return code;
}

/* ---- reading -----------------------------------------------------------------------------------
 */

/* What the lines say. */
struct draft {
    enum vg_identity_kind kind;
    vg_id id;
    vg_node_id node;
    vg_public_key pub;
    vg_channel_public channel;
    vg_signature binding;
    uint8_t seed[VG_SEED_SIZE];
    uint8_t channel_seed[VG_SEED_SIZE];
};

static bool take_version(const char *value, struct draft *draft)
{
    (void)draft;
    return strcmp(value, "2") == 0;
}

static bool take_kind(const char *value, struct draft *draft)
{
    bool person = strcmp(value, kind_names[VG_IDENTITY_PERSON]) == 0;
    draft->kind = person ? VG_IDENTITY_PERSON : VG_IDENTITY_NODE;
    return person || strcmp(value, kind_names[VG_IDENTITY_NODE]) == 0;
}

static bool take_id(const char *value, struct draft *draft)
{
    char *end;
    if (draft->kind == VG_IDENTITY_PERSON)
        return vg_id_parse(value, &draft->id);
    errno = 0;
    draft->node.value = strtoull(value, &end, 10);
    return value[0] >= '1' && value[0] <= '9' && *end == '\0' && errno == 0;
}

#define TAKE_HEX(member)                                                                           \
    static bool take_##member(const char *value, struct draft *draft)                              \
    {                                                                                              \
        return vg_hex_parse(value, &draft->member, sizeof draft->member);                          \
    }
TAKE_HEX(pub)
TAKE_HEX(channel)
TAKE_HEX(binding)
TAKE_HEX(seed)
TAKE_HEX(channel_seed)

static const struct {
    const char *word;
    bool (*take)(const char *value, struct draft *draft);
} lines[] = {
    {"vigil-identity", take_version},
    {"kind", take_kind},
    {"id", take_id},
    {"public", take_pub},
    {"channel", take_channel},
    {"binding", take_binding},
    {"seed", take_seed},
    {"channel-seed", take_channel_seed},
};

static enum vg_code parse(char *text, const char *path, struct draft *draft, struct vg_error *error)
{
    char *rest = text;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char *line = strtok_r(rest, "\n", &rest);
        char *value = line == NULL ? NULL : strchr(line, ' ');
        vg_span word = vg_span_of(line, value == NULL ? 0 : (size_t)(value - line));
        bool fits = vg_span_equal(word, vg_span_text(lines[i].word));
        if (fits && lines[i].take(value + 1, draft))
            continue;
        if (fits && i == 0 && strcmp(value, " 1") == 0)
            return vg_fail(
                error, VG_INVALID,
                "%s: an identity of version 1, which has no channel key; make a new one: "
                "vigil identity new",
                path);
        return vg_fail(error, VG_INVALID,
                       "%s: line %zu: expected \"%s ...\"; is this an identity file?", path, i + 1,
                       lines[i].word);
    }
    return VG_OK;
}

/* The keys of the seeds, if they are those that the other lines state, and bound. */
static enum vg_code take_keys(const struct draft *draft, const char *path, struct vg_identity *out,
                              struct vg_error *error)
{
    *out = (struct vg_identity){
        .kind = draft->kind, .id = draft->id, .node = draft->node, .binding = draft->binding};
    fill_keys(out, draft->seed, draft->channel_seed);
    struct vg_holder holder = vg_identity_holder(out);
    struct vg_keys keys = vg_identity_keys(out);
    const char *wrong = NULL;
    if (memcmp(draft->pub.bytes, out->pub.bytes, sizeof out->pub.bytes) != 0)
        wrong = "line 4: the public key is not the seed's";
    else if (memcmp(draft->channel.bytes, out->channel_pub.bytes, sizeof out->channel_pub.bytes) !=
             0)
        wrong = "line 5: the channel key is not the channel seed's";
    else if (!vg_binding_verify(&vg_signer_ed25519, &holder, &keys))
        wrong = "line 6: the binding is not of this id and these keys";
    return wrong == NULL
               ? VG_OK
               : vg_fail(error, VG_INTEGRITY, "%s: %s; restore the file from a copy", path, wrong);
}

static enum vg_code check_private(const char *path, struct vg_error *error)
{
    struct stat info;
    if (stat(path, &info) == 0 && (info.st_mode & 077) != 0)
        return vg_fail(error, VG_FORBIDDEN, "%s: others can read this secret; run: chmod 600 %s",
                       path, path);
    return VG_OK;
}

enum vg_code vg_identity_read(const char *path, struct vg_identity *out, struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    struct draft draft = {0};
    *out = (struct vg_identity){0};
    enum vg_code code = check_private(path, error);
    if (code == VG_OK)
        code = vg_file_read(path, IDENTITY_FILE_MAX - 1, &bytes, error);
    if (code == VG_OK) {
        *vg_buffer_extend(&bytes, 1) = '\0';
        code = parse((char *)bytes.data, path, &draft, error);
    }
    if (code == VG_OK)
        code = take_keys(&draft, path, out, error);
    if (bytes.data != NULL)
        vg_wipe(bytes.data, bytes.size);
    vg_wipe(&draft, sizeof draft);
    vg_buffer_free(&bytes);
    return code;
}
