/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/rekey.h"

#include <stdio.h>

#include "common/text.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/public.h"

enum { EXPIRES_DEFAULT_MS = 24 * 3600 * 1000 };

const struct cli_option rekey_options[] = {
    {.name = "public",
     .value = "FILE",
     .help = "what 'vigil identity show -o json' printed of the new keys; - is standard input"},
    {.name = "expires", .value = "TIME", .help = "how long the other may take (24h)"},
    {.name = NULL},
};

static void fingerprint_of(const struct response_command *command, char out[VG_FINGERPRINT_TEXT])
{
    const struct vg_holder holder = {.kind = VG_IDENTITY_PERSON, .person = command->rekey.person};
    vg_hash hash = vg_identity_hash(&holder, &command->rekey.keys);
    vg_fingerprint_format(&hash, out);
}

/* The new keys, which must be for the id that the name has. */
static enum vg_code read_keys(struct cli_call *call, struct response_command *rekey)
{
    struct cli_public found;
    const char *path;
    char theirs[VG_ID_TEXT];
    char named[VG_ID_TEXT];
    if (cli_required(call, "public", &path) != VG_OK ||
        cli_person_find(call, call->words[0], &rekey->rekey.person) != VG_OK ||
        cli_public_read(path, &found, &call->error) != VG_OK)
        return call->error.code;
    rekey->rekey.keys = found.keys;
    if (found.holder.kind == VG_IDENTITY_PERSON &&
        vg_id_equal(&found.holder.person, &rekey->rekey.person))
        return VG_OK;
    vg_id_format(&found.holder.person, theirs);
    vg_id_format(&rekey->rekey.person, named);
    return vg_fail(&call->error, VG_INVALID,
                   "%s has keys for %s, and %s is %s; they make them with: vigil identity new "
                   "--id %s",
                   path, found.holder.kind == VG_IDENTITY_PERSON ? theirs : "a node",
                   call->words[0], named, named);
}

static enum vg_code propose(struct cli_call *call, const struct response_command *rekey,
                            uint32_t expires_ms, json_t **answer)
{
    struct vg_buffer bytes = {0};
    response_command_encode(rekey, &bytes);
    struct response_command command = {.op = RESPONSE_OP_PROPOSE,
                                       .propose.command = vg_buffer_span(&bytes)};
    struct cli_change change = {.request = cli_request_of(call), .command = &command};
    command.propose.expires_at = vg_uuid7_time_ms(&change.request) + expires_ms;
    enum vg_code code = cli_change_submit(call, &change, answer);
    cli_change_explain(call, &change);
    vg_buffer_free(&bytes);
    return code;
}

/* The person at the terminal reads this on stderr, whatever is asked for on stdout. */
static void announce(const struct cli_call *call, const struct response_command *rekey,
                     const json_t *answer)
{
    char fingerprint[VG_FINGERPRINT_TEXT];
    fingerprint_of(rekey, fingerprint);
    fprintf(stderr,
            "proposed new keys for %s, fingerprint\n  %s\nanother operator or key officer compares "
            "it with them by voice, and signs:\n  vigil proposal approve %s\n",
            call->words[0], fingerprint, cli_json_text(answer, "id"));
}

enum vg_code rekey_person(struct cli_call *call)
{
    struct response_command rekey = {.op = RESPONSE_OP_REKEY};
    const char *expires = cli_text(call, "expires");
    uint32_t expires_ms = EXPIRES_DEFAULT_MS;
    json_t *answer = NULL;
    enum vg_code code = read_keys(call, &rekey);
    if (code == VG_OK && expires != NULL)
        code = cli_duration_parse(expires, "--expires", &expires_ms, &call->error);
    if (code == VG_OK)
        code = propose(call, &rekey, expires_ms, &answer);
    if (code == VG_OK)
        cli_change_print(call, answer);
    if (code == VG_OK && !call->settings.dry_run)
        announce(call, &rekey, answer);
    json_decref(answer);
    return code;
}

void rekey_print(const struct response_command *command, const json_t *people)
{
    char fingerprint[VG_FINGERPRINT_TEXT];
    char id[VG_ID_TEXT];
    fingerprint_of(command, fingerprint);
    vg_id_format(&command->rekey.person, id);
    printf("new keys for  ");
    cli_print_text(stdout, cli_person_name(people, id), 14);
    printf("fingerprint   %s (compare it with them by voice)\n", fingerprint);
}
