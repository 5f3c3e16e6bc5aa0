/* SPDX-License-Identifier: Apache-2.0 */
#include "common/identity.h"

#include <sodium.h>
#include <unistd.h>

#include "common/file.h"

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

void vg_identity_make(enum vg_identity_kind kind, const vg_id *id, vg_node_id node,
                      struct vg_identity *out)
{
    uint8_t seeds[2][VG_SEED_SIZE];
    *out = (struct vg_identity){.kind = kind, .id = *id, .node = node};
    vg_random(seeds, sizeof seeds);
    vg_signer_ed25519.keypair(seeds[0], &out->pub, &out->secret);
    vg_channel_keypair(seeds[1], &out->channel_pub, &out->channel_secret);
    vg_wipe(seeds, sizeof seeds);
    struct vg_holder holder = vg_identity_holder(out);
    vg_binding_sign(&vg_signer_ed25519, &holder, &out->channel_pub, &out->secret, &out->binding);
}

enum vg_code vg_identity_file_read(const char *path, unsigned forbidden,
                                   struct vg_identity_file *out, struct vg_error *error)
{
    struct vg_identity_text text;
    enum vg_code code =
        vg_file_read_secret(path, forbidden, text.text, VG_IDENTITY_TEXT_MAX, &text.size, error);
    if (code == VG_NOT_FOUND)
        vg_fail(
            error, code,
            "%s: there is no such file; name the identity's, restore it from a copy, or make one "
            "with 'vigil identity new'",
            path);
    if (code == VG_OK)
        code = vg_identity_parse(&text, path, out, error);
    vg_wipe(&text, sizeof text);
    return code;
}

enum vg_code vg_identity_file_write(const char *path, const struct vg_identity_file *file,
                                    struct vg_error *error)
{
    struct vg_identity_text text;
    vg_identity_format(file, &text);
    enum vg_code code = vg_file_write(path, vg_span_of(text.text, text.size), 0600, error);
    vg_wipe(&text, sizeof text);
    return code;
}

enum vg_code vg_identity_absent(const char *path, struct vg_error *error)
{
    if (access(path, F_OK) != 0)
        return VG_OK;
    return vg_fail(error, VG_EXISTS,
                   "%s: there is an identity already; name another file, or move this one away",
                   path);
}

enum vg_code vg_identity_write(const char *path, const struct vg_identity *identity,
                               struct vg_error *error)
{
    struct vg_identity_file file = {.identity = *identity};
    enum vg_code code = vg_identity_absent(path, error);
    if (code == VG_OK)
        code = vg_identity_file_write(path, &file, error);
    vg_wipe(&file, sizeof file);
    return code;
}

enum vg_code vg_identity_read(const char *path, struct vg_identity *out, struct vg_error *error)
{
    struct vg_identity_file file;
    *out = (struct vg_identity){0};
    enum vg_code code = vg_identity_file_read(path, VG_SECRET_OWN, &file, error);
    if (code == VG_OK && file.sealed)
        code = vg_fail(error, VG_FORBIDDEN,
                       "%s: under a passphrase, where none can be asked for; take it away with: "
                       "vigil identity passphrase --no-passphrase %s",
                       path, path);
    if (code == VG_OK)
        *out = file.identity;
    vg_wipe(&file, sizeof file);
    return code;
}

enum vg_code vg_identity_read_public(const char *path, struct vg_identity *out,
                                     struct vg_error *error)
{
    struct vg_identity_file file;
    *out = (struct vg_identity){0};
    enum vg_code code = vg_identity_file_read(path, VG_SECRET_OWN, &file, error);
    vg_wipe(&file.identity.secret, sizeof file.identity.secret);
    vg_wipe(&file.identity.channel_secret, sizeof file.identity.channel_secret);
    if (code == VG_OK)
        *out = file.identity;
    return code;
}
