/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/public.h"

#include <stdio.h>

#include "common/file.h"
#include "common/text.h"
#include "ops/cli/core/output.h"

enum { PUBLIC_FILE_MAX = 4096 };

json_t *cli_json_hex(const void *bytes, size_t size)
{
    char text[2 * VG_SIGNATURE_SIZE + 1];
    vg_hex_format(vg_span_of(bytes, size), text);
    return json_string(text);
}

const struct cli_founded cli_founded[LEDGER_FOUNDED] = {
    [LEDGER_DIRECTORY] = {"directory", &vg_keyring_directory},
    [LEDGER_FIRST] = {"first", &vg_keyring_first},
};

static json_t *describe_unwraps(const struct vg_unwrap_key *unwraps)
{
    json_t *all = json_object();
    for (int i = 0; i < LEDGER_FOUNDED; i++) {
        const struct vg_unwrap_key *unwrap = &unwraps[i];
        json_object_set_new(all, cli_founded[i].name,
                            json_pack("{s:o, s:o}", "key",
                                      cli_json_hex(&unwrap->key, sizeof unwrap->key), "binding",
                                      cli_json_hex(&unwrap->binding, sizeof unwrap->binding)));
    }
    return all;
}

json_t *cli_public_describe(const struct cli_public *public_half)
{
    const struct vg_holder *holder = &public_half->holder;
    const struct vg_keys *keys = &public_half->keys;
    bool person = holder->kind == VG_IDENTITY_PERSON;
    vg_hash hash = vg_identity_hash(holder, keys);
    char id[VG_ID_TEXT];
    char fingerprint[VG_FINGERPRINT_TEXT];
    vg_id_format(&holder->person, id);
    vg_fingerprint_format(&hash, fingerprint);
    json_t *shown = person ? json_string(id) : json_integer((json_int_t)holder->node.value);
    json_t *document =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:s}", "kind", person ? "person" : "node", "id", shown,
                  "public_key", cli_json_hex(&keys->key, sizeof keys->key), "channel_key",
                  cli_json_hex(&keys->channel, sizeof keys->channel), "binding",
                  cli_json_hex(&keys->binding, sizeof keys->binding), "fingerprint", fingerprint);
    if (public_half->has_unwraps)
        json_object_set_new(document, "unwraps", describe_unwraps(public_half->unwraps));
    return document;
}

static bool read_hex(const json_t *document, const char *key, void *out, size_t size)
{
    return vg_hex_parse(cli_json_text(document, key), out, size);
}

bool cli_public_of(const json_t *document, enum vg_identity_kind kind, struct cli_public *out)
{
    struct vg_keys *keys = &out->keys;
    *out = (struct cli_public){.holder.kind = kind};
    bool known = kind == VG_IDENTITY_PERSON
                     ? vg_id_parse(cli_json_text(document, "id"), &out->holder.person)
                     : (out->holder.node.value = cli_json_number(document, "id")) > 0;
    return known && read_hex(document, "public_key", &keys->key, sizeof keys->key) &&
           read_hex(document, "channel_key", &keys->channel, sizeof keys->channel) &&
           read_hex(document, "binding", &keys->binding, sizeof keys->binding);
}

/* Of both compartments, or of none. */
static bool read_unwraps(const json_t *document, struct cli_public *out)
{
    const json_t *all = json_object_get(document, "unwraps");
    bool good = true;
    out->has_unwraps = all != NULL;
    for (int i = 0; all != NULL && i < LEDGER_FOUNDED; i++) {
        const json_t *one = json_object_get(all, cli_founded[i].name);
        struct vg_unwrap_key *unwrap = &out->unwraps[i];
        unwrap->compartment = *cli_founded[i].before;
        good = good && read_hex(one, "key", &unwrap->key, sizeof unwrap->key) &&
               read_hex(one, "binding", &unwrap->binding, sizeof unwrap->binding);
    }
    return good;
}

/* By the node's key. */
static bool unwraps_are_signed(const struct cli_public *read)
{
    bool all = true;
    for (int i = 0; read->has_unwraps && i < LEDGER_FOUNDED; i++)
        all = all && vg_unwrap_verify(&vg_signer_ed25519, &read->unwraps[i], read->holder.node,
                                      &read->keys.key);
    return all;
}

static bool read_all(const json_t *document, struct cli_public *out)
{
    const char *kind = cli_json_text(document, "kind");
    if (strcmp(kind, "person") == 0)
        return cli_public_of(document, VG_IDENTITY_PERSON, out);
    return strcmp(kind, "node") == 0 && cli_public_of(document, VG_IDENTITY_NODE, out) &&
           read_unwraps(document, out);
}

static bool is_of(const char *said, const struct cli_public *read)
{
    char fingerprint[VG_FINGERPRINT_TEXT];
    vg_hash hash = vg_identity_hash(&read->holder, &read->keys);
    vg_fingerprint_format(&hash, fingerprint);
    return said[0] == '\0' || strcmp(said, fingerprint) == 0;
}

/* What was altered on its way. */
static enum vg_code check(const json_t *document, const char *name, const struct cli_public *read,
                          struct vg_error *error)
{
    const char *wrong = NULL;
    if (!vg_binding_verify(&vg_signer_ed25519, &read->holder, &read->keys))
        wrong = "its keys are not bound";
    else if (!is_of(cli_json_text(document, "fingerprint"), read))
        wrong = "its fingerprint is that of other keys";
    else if (!unwraps_are_signed(read))
        wrong = "an unwrap key of it is not signed by its public key";
    if (wrong == NULL)
        return VG_OK;
    return vg_fail(error, VG_INTEGRITY,
                   "%s: %s; it was altered on its way: ask for what 'vigil identity show -o json' "
                   "prints, and send it anew",
                   name, wrong);
}

enum vg_code cli_public_read(const char *path, struct cli_public *out, struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    json_t *document = NULL;
    enum vg_code code = VG_OK;
    if (name != path)
        document = json_loadf(stdin, JSON_REJECT_DUPLICATES, NULL);
    else if ((code = vg_file_read(path, PUBLIC_FILE_MAX, &bytes, error)) == VG_OK)
        document = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, NULL);
    vg_buffer_free(&bytes);
    if (code == VG_OK && !read_all(document, out))
        code =
            vg_fail(error, VG_INVALID, "%s is not what 'vigil identity show -o json' prints", name);
    if (code == VG_OK)
        code = check(document, name, out, error);
    json_decref(document);
    return code;
}
