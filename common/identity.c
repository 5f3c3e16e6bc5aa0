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

void vg_identity_make(enum vg_identity_kind kind, const vg_id *id, vg_node_id node,
                      struct vg_identity *out)
{
    uint8_t seed[VG_SEED_SIZE];
    *out = (struct vg_identity){.kind = kind, .id = *id, .node = node};
    vg_random(seed, sizeof seed);
    vg_signer_ed25519.keypair(seed, &out->pub, &out->secret);
    vg_wipe(seed, sizeof seed);
}

static void format_id(const struct vg_identity *identity, char out[VG_ID_TEXT])
{
    if (identity->kind == VG_IDENTITY_PERSON)
        vg_id_format(&identity->id, out);
    else
        snprintf(out, VG_ID_TEXT, "%" PRIu64, identity->node.value);
}

enum vg_code vg_identity_write(const char *path, const struct vg_identity *identity,
                               struct vg_error *error)
{
    char id[VG_ID_TEXT], public_hex[2 * VG_PUBLIC_KEY_SIZE + 1], seed_hex[2 * VG_SEED_SIZE + 1];
    char text[IDENTITY_FILE_MAX];
    if (access(path, F_OK) == 0)
        return vg_fail(error, VG_EXISTS,
                       "%s: there is an identity already; name another file, or move this one away",
                       path);
    format_id(identity, id);
    vg_hex_format(vg_span_of(identity->pub.bytes, VG_PUBLIC_KEY_SIZE), public_hex);
    /* libsodium's secret key starts with its seed. */
    vg_hex_format(vg_span_of(identity->secret.bytes, VG_SEED_SIZE), seed_hex);
    int size = snprintf(text, sizeof text, "vigil-identity 1\nkind %s\nid %s\npublic %s\nseed %s\n",
                        kind_names[identity->kind], id, public_hex, seed_hex);
    enum vg_code code = vg_file_write(path, vg_span_of(text, (size_t)size), 0600, error);
    vg_wipe(seed_hex, sizeof seed_hex);
    vg_wipe(text, sizeof text);
    return code;
}

static bool parse_node(const char *text, vg_node_id *out)
{
    char *end;
    errno = 0;
    out->value = strtoull(text, &end, 10);
    return text[0] >= '1' && text[0] <= '9' && *end == '\0' && errno == 0;
}

/* The file's lines in their order, each "word value". */
static enum vg_code parse(char *text, const char *path, struct vg_identity *out,
                          struct vg_error *error)
{
    static const char *const words[] = {"vigil-identity", "kind", "id", "public", "seed"};
    uint8_t seed[VG_SEED_SIZE];
    vg_public_key stated;
    char *rest = text;
    for (size_t i = 0; i < 5; i++) {
        char *line = strtok_r(rest, "\n", &rest);
        char *value = line == NULL ? NULL : strchr(line, ' ');
        vg_span word = vg_span_of(line, value == NULL ? 0 : (size_t)(value - line));
        bool ok = vg_span_equal(word, vg_span_text(words[i]));
        value = ok ? value + 1 : NULL;
        if (ok && i == 0)
            ok = strcmp(value, "1") == 0;
        else if (ok && i == 1) {
            bool person = strcmp(value, "person") == 0;
            out->kind = person ? VG_IDENTITY_PERSON : VG_IDENTITY_NODE;
            ok = person || strcmp(value, "node") == 0;
        } else if (ok && i == 2)
            ok = out->kind == VG_IDENTITY_PERSON ? vg_id_parse(value, &out->id)
                                                 : parse_node(value, &out->node);
        else if (ok && i == 3)
            ok = vg_hex_parse(value, stated.bytes, sizeof stated.bytes);
        else if (ok)
            ok = vg_hex_parse(value, seed, sizeof seed);
        if (!ok)
            return vg_fail(error, VG_INVALID,
                           "%s: line %zu: expected \"%s ...\"; is this an identity file?", path,
                           i + 1, words[i]);
    }
    vg_signer_ed25519.keypair(seed, &out->pub, &out->secret);
    vg_wipe(seed, sizeof seed);
    if (memcmp(stated.bytes, out->pub.bytes, sizeof stated.bytes) != 0)
        return vg_fail(error, VG_INTEGRITY,
                       "%s: line 4: the public key is not the seed's; restore the file from a copy",
                       path);
    return VG_OK;
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
    *out = (struct vg_identity){0};
    enum vg_code code = check_private(path, error);
    if (code == VG_OK)
        code = vg_file_read(path, IDENTITY_FILE_MAX - 1, &bytes, error);
    if (code == VG_OK) {
        *vg_buffer_extend(&bytes, 1) = '\0';
        code = parse((char *)bytes.data, path, out, error);
    }
    if (bytes.data != NULL)
        vg_wipe(bytes.data, bytes.size);
    vg_buffer_free(&bytes);
    return code;
}
