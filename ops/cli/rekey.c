/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/rekey.h"

#include <stdio.h>

#include "common/text.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/public.h"
#include "proto/response/machine.h"

const struct cli_option rekey_options[] = {
    {.name = "public",
     .value = "FILE",
     .help = "what 'vigil identity show -o json' printed of the new keys; - is standard input"},
    {.name = "expires", .value = "TIME", .help = "how long the other may take (24h)"},
    {.name = NULL},
};

static void fingerprint_of(const struct response_command *command, char out[VG_FINGERPRINT_TEXT])
{
    const struct vg_holder holder = response_holder_of(&command->rekey.holder);
    vg_hash hash = vg_identity_hash(&holder, &command->rekey.keys);
    vg_fingerprint_format(&hash, out);
}

/* The id that the call names: a person's, by name or id; a node's author id, by its number. */
static enum vg_code find_holder(struct cli_call *call, enum vg_identity_kind kind, vg_id *out)
{
    uint64_t node;
    if (kind == VG_IDENTITY_PERSON)
        return cli_person_find(call, call->words[0], out);
    if (cli_number_parse(call->words[0], "NODE", 1, INT64_MAX, &node, &call->error) == VG_OK)
        *out = response_node_author((vg_node_id){node});
    return call->error.code;
}

static vg_id author_of(const struct vg_holder *holder)
{
    return holder->kind == VG_IDENTITY_NODE ? response_node_author(holder->node) : holder->person;
}

/* How its holder makes new keys for an id. */
static void remedy_for(const vg_id *id, char *out, size_t size)
{
    const struct vg_holder holder = response_holder_of(id);
    char text[VG_ID_TEXT];
    vg_id_format(id, text);
    if (holder.kind == VG_IDENTITY_NODE)
        snprintf(out, size, "--for-node %llu --file FILE", (unsigned long long)holder.node.value);
    else
        snprintf(out, size, "--id %s", text);
}

/* The new keys, which must be for who the call names. */
static enum vg_code read_keys(struct cli_call *call, enum vg_identity_kind kind,
                              struct response_command *rekey)
{
    struct cli_public found;
    const char *path;
    char theirs[VG_HOLDER_TEXT], remedy[96];
    if (cli_required(call, "public", &path) != VG_OK ||
        find_holder(call, kind, &rekey->rekey.holder) != VG_OK ||
        cli_public_read(path, &found, &call->error) != VG_OK)
        return call->error.code;
    vg_id id = author_of(&found.holder);
    rekey->rekey.keys = found.keys;
    if (vg_id_equal(&id, &rekey->rekey.holder))
        return VG_OK;
    remedy_for(&rekey->rekey.holder, remedy, sizeof remedy);
    return vg_fail(&call->error, VG_INVALID,
                   "%s has keys for %s, not for %s; those are made with: vigil identity new %s",
                   path, vg_holder_format(&found.holder, theirs), call->words[0], remedy);
}

/* The person at the terminal reads this on stderr, whatever is asked for on stdout. */
static void announce(const struct cli_call *call, const struct response_command *rekey,
                     const json_t *answer)
{
    char fingerprint[VG_FINGERPRINT_TEXT];
    fingerprint_of(rekey, fingerprint);
    fprintf(stderr,
            "proposed new keys for %s%s, fingerprint\n  %s\nanother operator or key officer "
            "compares it by voice with who has them, and signs:\n  vigil proposal approve %s\n",
            response_holder_of(&rekey->rekey.holder).kind == VG_IDENTITY_NODE ? "node " : "",
            call->words[0], fingerprint, cli_json_text(answer, "id"));
}

static enum vg_code rekey(struct cli_call *call, enum vg_identity_kind kind)
{
    struct response_command command = {.op = RESPONSE_OP_REKEY};
    json_t *answer = NULL;
    enum vg_code code = read_keys(call, kind, &command);
    if (code == VG_OK)
        code = cli_change_propose(call, &command, &answer);
    if (code == VG_OK)
        cli_change_print(call, answer);
    if (code == VG_OK && !call->settings.dry_run)
        announce(call, &command, answer);
    json_decref(answer);
    return code;
}

enum vg_code rekey_person(struct cli_call *call)
{
    return rekey(call, VG_IDENTITY_PERSON);
}

enum vg_code rekey_node(struct cli_call *call)
{
    return rekey(call, VG_IDENTITY_NODE);
}

void rekey_print(const struct response_command *command, const json_t *people)
{
    const struct vg_holder holder = response_holder_of(&command->rekey.holder);
    char fingerprint[VG_FINGERPRINT_TEXT];
    char whose[VG_HOLDER_TEXT];
    char id[VG_ID_TEXT];
    fingerprint_of(command, fingerprint);
    vg_id_format(&command->rekey.holder, id);
    vg_holder_format(&holder, whose);
    printf("new keys for  ");
    cli_print_text(stdout, holder.kind == VG_IDENTITY_NODE ? whose : cli_person_name(people, id),
                   14);
    printf("fingerprint   %s (compare it by voice with who has them)\n", fingerprint);
}
