/* SPDX-License-Identifier: Apache-2.0
 * `vigil identity`: the keys of a person. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/identity.h"
#include "ops/cli/commands.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/place.h"

static const struct cli_option new_options[] = {
    {.name = "file", .value = "FILE", .help = "where to write it (~/.config/vigil/identity)"},
    {.name = NULL},
};

static const struct cli_column identity_columns[] = {
    {.title = "file", .path = "file"},
    {.title = "kind", .path = "kind"},
    {.title = "id", .path = "id"},
    {.title = "public key", .path = "public_key"},
    {.title = "channel key", .path = "channel_key"},
    {.title = "binding", .path = "binding"},
    {.title = NULL},
};

static json_t *hex(const void *bytes, size_t size)
{
    char text[2 * VG_SIGNATURE_SIZE + 1];
    vg_hex_format(vg_span_of(bytes, size), text);
    return json_string(text);
}

static json_t *describe(const char *file, const struct vg_identity *identity)
{
    char id[VG_ID_TEXT];
    struct vg_keys keys = vg_identity_keys(identity);
    bool person = identity->kind == VG_IDENTITY_PERSON;
    vg_id_format(&identity->id, id);
    json_t *shown = person ? json_string(id) : json_integer((json_int_t)identity->node.value);
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "file", file, "kind",
                     person ? "person" : "node", "id", shown, "public_key",
                     hex(&keys.key, sizeof keys.key), "channel_key",
                     hex(&keys.channel, sizeof keys.channel), "binding",
                     hex(&keys.binding, sizeof keys.binding));
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
    char *folder = vg_strdup(file);
    char *slash = strrchr(folder, '/');
    enum vg_code code = VG_OK;
    if (slash != NULL && slash != folder) {
        *slash = 0;
        code = vg_folder_make(folder, error);
    }
    free(folder);
    return code;
}

static enum vg_code write_new(struct cli_call *call, const char *file)
{
    struct vg_identity identity;
    vg_id id = cli_request_make();
    vg_identity_make(VG_IDENTITY_PERSON, &id, (vg_node_id){0}, &identity);
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
    char *file = given != NULL ? vg_strdup(given) : cli_identity_place();
    enum vg_code code = VG_OK;
    if (!call->settings.dry_run)
        code = write_new(call, file);
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
     .summary = "Make the keys of a person",
     .about = "The file holds the secret keys, one to sign and one for channels, and only its "
              "owner can\n"
              "read it. Its id, public keys and what binds them are what a cluster is told.",
     .examples = "  vigil identity new\n"
                 "  vigil identity new --file ada.identity -o json",
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
