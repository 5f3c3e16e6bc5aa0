/* SPDX-License-Identifier: Apache-2.0
 * `vigil identity`: the keys of people and nodes. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/identity.h"
#include "ops/cli/commands.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/place.h"
#include "ops/cli/core/public.h"

static const struct cli_option new_options[] = {
    {.name = "file", .value = "FILE", .help = "where to write it (~/.config/vigil/identity)"},
    {.name = "for-node",
     .value = "NUMBER",
     .help = "of this node, instead of a person; needs --file"},
    {.name = NULL},
};

static const struct cli_column identity_columns[] = {
    {.title = "file", .path = "file"},
    {.title = "kind", .path = "kind"},
    {.title = "id", .path = "id"},
    {.title = "public key", .path = "public_key"},
    {.title = "channel key", .path = "channel_key"},
    {.title = "binding", .path = "binding"},
    {.title = "fingerprint", .path = "fingerprint"},
    {.title = NULL},
};

static json_t *describe(const char *file, const struct vg_identity *identity)
{
    struct cli_public shown = {vg_identity_holder(identity), vg_identity_keys(identity)};
    json_t *document = json_pack("{s:s}", "file", file);
    json_t *keys = cli_public_describe(&shown);
    json_object_update(document, keys);
    json_decref(keys);
    return document;
}

static void print_identity(const struct cli_call *call, json_t *document)
{
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, document);
    else
        cli_print_fields(stdout, document, identity_columns);
    json_decref(document);
}

static enum vg_code make_folder(const char *file, struct vg_error *error)
{
    char *folder = cli_folder_of(file);
    enum vg_code code = vg_folder_make(folder, error);
    free(folder);
    return code;
}

/* Of a person, or of the node with a number. */
static enum vg_code write_new(struct cli_call *call, const char *file, uint64_t node)
{
    struct vg_identity identity;
    const vg_id id = node == 0 ? cli_request_make() : (vg_id){{0}};
    enum vg_identity_kind kind = node == 0 ? VG_IDENTITY_PERSON : VG_IDENTITY_NODE;
    vg_identity_make(kind, &id, (vg_node_id){node}, &identity);
    enum vg_code code = make_folder(file, &call->error);
    if (code == VG_OK)
        code = vg_identity_write(file, &identity, &call->error);
    if (code == VG_OK)
        print_identity(call, describe(file, &identity));
    vg_wipe(&identity, sizeof identity);
    return code;
}

static enum vg_code run_new(struct cli_call *call)
{
    const char *given = cli_text(call, "file");
    uint64_t node;
    if (cli_number(call, "for-node", 1, INT64_MAX, 0, &node) != VG_OK)
        return call->error.code;
    if (node != 0 && given == NULL)
        return vg_fail(&call->error, VG_USAGE,
                       "a node's keys need --file, the place its configuration names");
    char *file = given != NULL ? vg_strdup(given) : cli_identity_place();
    enum vg_code code = VG_OK;
    if (!call->settings.dry_run)
        code = write_new(call, file, node);
    else if (access(file, F_OK) == 0)
        code = vg_fail(&call->error, VG_EXISTS, "%s is there already", file);
    else
        cli_print_would(call->settings.output, "write a new identity to %s", file);
    free(file);
    return code;
}

static enum vg_code run_show(struct cli_call *call)
{
    struct vg_identity identity;
    const char *file = call->word_count > 0 ? call->words[0] : call->settings.identity;
    if (file == NULL)
        return vg_fail(&call->error, VG_NOT_FOUND,
                       "there is no identity yet; make one with 'vigil identity new'");
    enum vg_code code = vg_identity_read(file, &identity, &call->error);
    if (code == VG_OK)
        print_identity(call, describe(file, &identity));
    vg_wipe(&identity, sizeof identity);
    return code;
}

const struct cli_command identity_commands[] = {
    {.name = "new",
     .summary = "Make the keys of a person or a node",
     .about =
         "The file holds the secret keys, one to sign and one for channels, and only its "
         "owner can\n"
         "read it. Its id, public keys and what binds them are what a cluster is told, and its\n"
         "fingerprint is what people compare.",
     .examples = "  vigil identity new\n"
                 "  vigil identity new --file ada.identity -o json\n"
                 "  vigil identity new --for-node 2 --file /etc/vigil/key",
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
    {.name = NULL},
};
