/* SPDX-License-Identifier: Apache-2.0
 * `vigil identity`: the keys of people and nodes. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/passphrase.h"
#include "ops/cli/commands.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/place.h"
#include "ops/cli/core/public.h"
#include "ops/cli/core/signer.h"
#include "ops/cli/identity.h"

#define NO_PASSPHRASE                                                                              \
    {                                                                                              \
        .name = "no-passphrase", .help = "leave the secret keys plain, for machines"               \
    }
#define PASSPHRASE_FILE(text)                                                                      \
    {                                                                                              \
        .name = "passphrase-file", .value = "FILE", .help = (text)                                 \
    }

static const struct cli_option new_options[] = {
    {.name = "file", .value = "FILE", .help = "where to write it (~/.config/vigil/identity)"},
    {.name = "for-node",
     .value = "NUMBER",
     .help = "of this node, instead of a person; needs --file"},
    {.name = "replaces",
     .value = "KEY",
     .help = "the node's present key file: what its keyring opens, the new one opens too"},
    {.name = "id",
     .value = "ID",
     .help = "of this person, whose other keys are lost or stolen: vigil user rekey"},
    PASSPHRASE_FILE("take its passphrase from a file of yours alone"),
    NO_PASSPHRASE,
    {.name = NULL},
};

static const struct cli_option passphrase_options[] = {
    PASSPHRASE_FILE("take the present one from a file of yours alone"),
    {.name = "new-passphrase-file", .value = "FILE", .help = "and the new one"},
    NO_PASSPHRASE,
    {.name = NULL},
};

static const struct cli_option unlock_options[] = {
    {.name = "for", .value = "TIME", .help = "how long the agent holds it (12h)"},
    PASSPHRASE_FILE("take its passphrase from a file of yours alone"),
    {.name = NULL},
};

#define IDENTITY_COLUMNS                                                                           \
    {.title = "file", .path = "file"}, {.title = "kind", .path = "kind"},                          \
        {.title = "id", .path = "id"}, {.title = "public key", .path = "public_key"},              \
        {.title = "channel key", .path = "channel_key"}, {.title = "binding", .path = "binding"},  \
        {.title = "fingerprint", .path = "fingerprint"},                                           \
    {                                                                                              \
        .title = "passphrase", .path = "passphrase"                                                \
    }

static const struct cli_column person_columns[] = {IDENTITY_COLUMNS, {.title = NULL}};

static const struct cli_column node_columns[] = {
    IDENTITY_COLUMNS,
    {.title = "keyring", .path = "keyring"},
    {.title = "directory unwrap key", .path = "unwraps.directory.key"},
    {.title = "first unwrap key", .path = "unwraps.first.key"},
    {.title = NULL},
};

/* ---- what is public ----------------------------------------------------------------------------
 */

/* The unwrap keys in the keyring beside a node's key; the file may lie elsewhere. */
static enum vg_code take_unwraps(const char *keyring, const struct vg_identity *node,
                                 struct cli_public *out, struct vg_error *error)
{
    enum vg_code code = access(keyring, F_OK) == 0
                            ? identity_unwrap_keys(keyring, node, out->unwraps, error)
                            : VG_NOT_FOUND;
    out->has_unwraps = code == VG_OK;
    return code == VG_NOT_FOUND ? VG_OK : code;
}

static void print_public(const struct cli_call *call, const char *path, const char *keyring,
                         const struct cli_public *shown, bool sealed)
{
    json_t *document = json_pack("{s:s}", "file", path);
    json_t *keys = cli_public_describe(shown);
    json_object_update(document, keys);
    json_object_set_new(document, "passphrase", json_boolean(sealed));
    if (shown->has_unwraps)
        json_object_set_new(document, "keyring", json_string(keyring));
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, document);
    else
        cli_print_fields(stdout, document,
                         shown->holder.kind == VG_IDENTITY_NODE ? node_columns : person_columns);
    json_decref(document);
    json_decref(keys);
}

static enum vg_code print_identity(struct cli_call *call, const char *path,
                                   const struct vg_identity_file *file)
{
    const struct vg_identity *identity = &file->identity;
    struct cli_public shown = {.holder = vg_identity_holder(identity),
                               .keys = vg_identity_keys(identity)};
    char *keyring = vg_keyring_beside(path);
    enum vg_code code = VG_OK;
    if (identity->kind == VG_IDENTITY_NODE)
        code = take_unwraps(keyring, identity, &shown, &call->error);
    if (code == VG_OK)
        print_public(call, path, keyring, &shown, file->sealed);
    free(keyring);
    return code;
}

enum vg_code identity_unwrap_keys(const char *keyring, const struct vg_identity *node,
                                  struct vg_unwrap_key out[LEDGER_FOUNDED], struct vg_error *error)
{
    struct vg_keyring read;
    if (vg_keyring_read_public(keyring, node, &read, error) != VG_OK)
        return error->code;
    for (int i = 0; i < LEDGER_FOUNDED; i++) {
        const struct vg_unwrap *found = vg_keyring_find(&read, cli_founded[i].before);
        if (found == NULL)
            return vg_fail(error, VG_INVALID,
                           "%s has no unwrap key for the %s compartment of a genesis; make the "
                           "node's keys anew: vigil identity new --for-node",
                           keyring, cli_founded[i].name);
        out[i] = found->pub;
    }
    return VG_OK;
}

enum vg_code identity_path(struct cli_call *call, const char **out)
{
    *out = call->word_count > 0 ? call->words[0] : call->settings.identity;
    if (*out == NULL)
        return vg_fail(&call->error, VG_NOT_FOUND,
                       "there is no identity yet; make one with 'vigil identity new'");
    return VG_OK;
}

static enum vg_code run_show(struct cli_call *call)
{
    struct vg_identity_file file;
    const char *path;
    enum vg_code code = identity_path(call, &path);
    if (code == VG_OK)
        code = vg_identity_file_read(path, VG_SECRET_OWN, &file, &call->error);
    if (code == VG_OK)
        code = print_identity(call, path, &file);
    vg_wipe(&file, sizeof file);
    return code;
}

/* ---- passphrases -------------------------------------------------------------------------------
 */

enum vg_code identity_open(struct cli_call *call, const char *path, struct vg_identity_file *out)
{
    struct vg_passphrase passphrase;
    const char *given = cli_text(call, "passphrase-file");
    enum vg_code code = vg_identity_file_read(path, VG_SECRET_OWN, out, &call->error);
    if (code != VG_OK || !out->sealed)
        return code;
    if (given == NULL)
        return cli_identity_ask(out, path, "give --passphrase-file FILE", &call->error);
    code = vg_passphrase_read(given, VG_SECRET_OWN, &passphrase, &call->error);
    if (code == VG_OK)
        code = vg_identity_open(out, path, vg_passphrase_span(&passphrase), &call->error);
    vg_wipe(&passphrase, sizeof passphrase);
    return code;
}

/* A new passphrase, empty with --no-passphrase. `option` names the file it may be in. */
static enum vg_code choose_passphrase(struct cli_call *call, const char *option,
                                      struct vg_passphrase *out)
{
    const char *given = cli_text(call, option);
    bool none = cli_flag(call, "no-passphrase");
    char remedy[80];
    out->size = 0;
    if (given != NULL && none)
        return vg_fail(&call->error, VG_USAGE, "give --%s or --no-passphrase, not both", option);
    if (none)
        return VG_OK;
    snprintf(remedy, sizeof remedy, "give --%s FILE, or --no-passphrase", option);
    if (given == NULL)
        return vg_passphrase_ask_new("New passphrase", remedy, out, &call->error);
    enum vg_code code = vg_passphrase_read(given, VG_SECRET_OWN, out, &call->error);
    return code == VG_OK ? vg_passphrase_check_new(out, &call->error) : code;
}

/* Writes the file, sealed where there is a passphrase, and shows what is public of it. */
static enum vg_code save(struct cli_call *call, const char *path,
                         const struct vg_identity *identity, const struct vg_passphrase *passphrase)
{
    struct vg_identity_file file = {.identity = *identity};
    struct vg_seal seal = vg_seal_make(VG_SEAL_PASSES, VG_SEAL_KIB);
    enum vg_code code = VG_OK;
    if (passphrase->size > 0)
        code =
            vg_identity_seal(identity, &seal, vg_passphrase_span(passphrase), &file, &call->error);
    if (code == VG_OK)
        code = vg_identity_file_write(path, &file, &call->error);
    if (code == VG_OK && !file.sealed && identity->kind == VG_IDENTITY_PERSON)
        fprintf(stderr, "vigil: note: %s is under no passphrase: who can read it can sign\n", path);
    if (code == VG_OK)
        code = print_identity(call, path, &file);
    vg_wipe(&file, sizeof file);
    return code;
}

static enum vg_code run_passphrase(struct cli_call *call)
{
    struct vg_identity_file file = {.sealed = false};
    struct vg_passphrase passphrase;
    const char *path;
    enum vg_code code = identity_path(call, &path);
    if (code == VG_OK)
        code = identity_open(call, path, &file);
    if (code == VG_OK)
        code = choose_passphrase(call, "new-passphrase-file", &passphrase);
    if (code == VG_OK && !call->settings.dry_run)
        code = save(call, path, &file.identity, &passphrase);
    else if (code == VG_OK)
        cli_print_would(call->settings.output, "%s the passphrase of %s",
                        passphrase.size > 0 ? "change" : "take away", path);
    vg_wipe(&passphrase, sizeof passphrase);
    vg_wipe(&file, sizeof file);
    return code;
}

/* ---- new ---------------------------------------------------------------------------------------
 */

static enum vg_code make_folder(const char *file, struct vg_error *error)
{
    char *folder = cli_folder_of(file);
    enum vg_code code = vg_folder_make(folder, error);
    free(folder);
    return code;
}

/* The unwrap keys of the keyring beside the key that is to be replaced, for the node's new one. */
static enum vg_code take_over(const char *replaced, const struct vg_identity *node,
                              struct vg_keyring *out, struct vg_error *error)
{
    struct vg_identity_file file;
    char *path = vg_keyring_beside(replaced);
    enum vg_code code = vg_identity_file_read(replaced, VG_SECRET_OWN, &file, error);
    if (code == VG_OK && file.sealed)
        code = cli_identity_ask(&file, replaced, "run this on a terminal", error);
    if (code == VG_OK &&
        (file.identity.kind != VG_IDENTITY_NODE || !vg_node_equal(file.identity.node, node->node)))
        code = vg_fail(error, VG_INVALID, "%s is not the key of node %llu", replaced,
                       (unsigned long long)node->node.value);
    if (code == VG_OK)
        code = vg_keyring_read(path, &file.identity, out, error);
    if (code == VG_OK)
        vg_keyring_rebind(out, node);
    vg_wipe(&file, sizeof file);
    free(path);
    return code;
}

/* A node's keyring: with an unwrap key for each compartment of the genesis that it is to start
 * from, or with those it had under the key that is replaced (NULL: none is). */
static enum vg_code write_keyring(const char *key_file, const struct vg_identity *node,
                                  const char *replaced, struct vg_error *error)
{
    struct vg_keyring keyring = {.count = 0};
    char *path = vg_keyring_beside(key_file);
    enum vg_code code = VG_OK;
    if (access(path, F_OK) == 0)
        code = vg_fail(error, VG_EXISTS,
                       "%s: there is a keyring already; name another file, or move this one away",
                       path);
    if (code == VG_OK && replaced != NULL)
        code = take_over(replaced, node, &keyring, error);
    for (int i = 0; code == VG_OK && replaced == NULL && i < LEDGER_FOUNDED; i++)
        vg_keyring_add(&keyring, node, cli_founded[i].before);
    if (code == VG_OK)
        code = vg_keyring_write(path, &keyring, node, error);
    vg_wipe(&keyring, sizeof keyring);
    free(path);
    return code;
}

/* Of a person, or of the node with a number. Nobody is there to be asked when a node starts, so its
 * keys are under a passphrase only where one is given. */
static enum vg_code write_new(struct cli_call *call, const char *path, const vg_id *id,
                              uint64_t node)
{
    struct vg_passphrase passphrase = {.size = 0};
    struct vg_identity identity;
    enum vg_identity_kind kind = node == 0 ? VG_IDENTITY_PERSON : VG_IDENTITY_NODE;
    enum vg_code code = VG_OK;
    if (node == 0 || cli_text(call, "passphrase-file") != NULL)
        code = choose_passphrase(call, "passphrase-file", &passphrase);
    vg_identity_make(kind, id, (vg_node_id){node}, &identity);
    if (code == VG_OK)
        code = make_folder(path, &call->error);
    if (code == VG_OK && node != 0)
        code = write_keyring(path, &identity, cli_text(call, "replaces"), &call->error);
    if (code == VG_OK)
        code = save(call, path, &identity, &passphrase);
    vg_wipe(&identity, sizeof identity);
    vg_wipe(&passphrase, sizeof passphrase);
    return code;
}

/* Whose the keys will be: the node of a number, or a person, by the id that is given or a fresh
 * one.
 */
static enum vg_code read_holder(struct cli_call *call, vg_id *id, uint64_t *node)
{
    const char *given = cli_text(call, "id");
    *id = (vg_id){{0}};
    if (cli_number(call, "for-node", 1, INT64_MAX, 0, node) != VG_OK)
        return call->error.code;
    if (given == NULL && *node == 0)
        *id = cli_request_make();
    if (given == NULL || (*node == 0 && vg_id_parse(given, id)))
        return VG_OK;
    return vg_fail(&call->error, VG_USAGE,
                   *node != 0 ? "give --for-node or --id, not both"
                              : "--id is not an id of a person; see vigil user list");
}

static enum vg_code run_new(struct cli_call *call)
{
    const char *given = cli_text(call, "file");
    vg_id id;
    uint64_t node;
    if (read_holder(call, &id, &node) != VG_OK)
        return call->error.code;
    if (node == 0 && cli_text(call, "replaces") != NULL)
        return vg_fail(&call->error, VG_USAGE, "only a node's key has a keyring: --for-node");
    if (node != 0 && given == NULL)
        return vg_fail(&call->error, VG_USAGE,
                       "a node's keys need --file, the place its configuration names");
    char *path = given != NULL ? vg_strdup(given) : cli_identity_place();
    enum vg_code code = vg_identity_absent(path, &call->error);
    if (code == VG_OK && !call->settings.dry_run)
        code = write_new(call, path, &id, node);
    else if (code == VG_OK)
        cli_print_would(call->settings.output, "write a new identity to %s", path);
    free(path);
    return code;
}

const struct cli_command identity_commands[] = {
    {.name = "new",
     .summary = "Make the keys of a person or a node",
     .about =
         "The file holds the secret keys, one to sign and one for channels, under a passphrase "
         "that\n"
         "is asked for (a node's under none, unless given), and only its owner can read it. Its "
         "id,\n"
         "public keys and what binds them are what a cluster is told, and its fingerprint is what\n"
         "people compare. A node's keyring lies beside its key (FILEring): the secrets that open\n"
         "what is sealed for the node. It stays with the key, and in no backup.",
     .examples = "  vigil identity new\n"
                 "  vigil identity new --file siem.identity --no-passphrase -o json\n"
                 "  vigil identity new --for-node 2 --file /etc/vigil/key\n"
                 "  vigil identity new --for-node 2 --file /etc/vigil/key.new --replaces "
                 "/etc/vigil/key\n"
                 "  vigil identity new --id 01a20163-f045-7fee-a55c-0abf55442de4",
     .options = new_options,
     .run = run_new,
     .flags = CLI_CHANGES | CLI_LOCAL},
    {.name = "show",
     .words = "[FILE]",
     .summary = "Show whose identity a file is, without its secret",
     .examples = "  vigil identity show\n"
                 "  vigil identity show ada.identity -o json",
     .run = run_show,
     .words_max = 1},
    {.name = "passphrase",
     .words = "[FILE]",
     .summary = "Set, change or take away the passphrase of an identity",
     .examples = "  vigil identity passphrase\n"
                 "  vigil identity passphrase siem.identity --no-passphrase",
     .options = passphrase_options,
     .run = run_passphrase,
     .words_max = 1,
     .flags = CLI_CHANGES},
    {.name = "unlock",
     .words = "[FILE]",
     .summary = "Open an identity once, for hours",
     .about =
         "Its keys are given to the agent, which signs for later calls of vigil and lets nobody "
         "have\n"
         "them. One is started if none runs.",
     .examples = "  vigil identity unlock\n"
                 "  vigil identity unlock --for 8h",
     .options = unlock_options,
     .run = identity_unlock,
     .words_max = 1},
    {.name = "held",
     .summary = "List the identities that the agent holds",
     .examples = "  vigil identity held",
     .run = identity_held,
     .flags = CLI_LOCAL},
    {.name = "lock",
     .summary = "Have the agent forget all identities",
     .examples = "  vigil identity lock",
     .run = identity_lock,
     .flags = CLI_LOCAL},
    {.name = "agent",
     .summary = "Be the agent, until it is ended",
     .about = "For a service manager; 'vigil identity unlock' starts one by itself.",
     .examples = "  vigil identity agent",
     .run = identity_agent,
     .flags = CLI_LOCAL},
    {.name = NULL},
};
