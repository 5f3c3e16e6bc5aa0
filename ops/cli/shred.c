/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/shred.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/text.h"
#include "ops/cli/compartment.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "proto/compartment/epoch.h"

const struct cli_option shred_options[] = {
    {.name = "yes", .value = "NAME", .help = "do not ask: the compartment's name once more"},
    {.name = "expires", .value = "TIME", .help = "how long the other may take (24h)"},
    {.name = NULL},
};

const struct cli_option shred_recovery_options[] = {
    {.name = "key", .value = "KEY", .help = "its public half, in hex, as the shares have it"},
    {.name = "expires", .value = "TIME", .help = "how long the other may take (24h)"},
    {.name = NULL},
};

/* ---- proposing ---------------------------------------------------------------------------------
 */

/* It cannot be undone, so whoever proposes it gives the name twice. */
static enum vg_code confirm(struct cli_call *call, const char *name)
{
    char line[VG_NAME_MAX + 2] = "";
    const char *given = cli_text(call, "yes");
    if (call->settings.dry_run)
        return VG_OK;
    if (given == NULL && !isatty(STDIN_FILENO))
        return vg_fail(&call->error, VG_USAGE,
                       "there is no terminal to ask on, and shredding cannot be undone; give the "
                       "name of the compartment once more: --yes NAME");
    if (given == NULL) {
        fprintf(stderr, "Nobody will ever read this compartment again, and nothing undoes that.\n"
                        "Its name, to propose it: ");
        fflush(stderr);
        if (fgets(line, sizeof line, stdin) != NULL)
            line[strcspn(line, "\n")] = '\0';
        given = line;
    }
    if (strcmp(given, name) == 0)
        return VG_OK;
    return vg_fail(&call->error, VG_USAGE, "'%s' is not the name of '%s'; nothing was proposed",
                   given, name);
}

enum vg_code shred_compartment(struct cli_call *call)
{
    struct response_command command = {.op = RESPONSE_OP_SHRED};
    json_t *document = compartment_ask(call, call->words[0]);
    if (document == NULL)
        return call->error.code;
    enum vg_code code = confirm(call, cli_json_text(document, "name"));
    command.shred.epoch = cli_json_number(document, "epoch");
    vg_id_parse(cli_json_text(document, "id"), &command.shred.compartment);
    if (code == VG_OK && command.shred.epoch == 0)
        code = vg_fail(&call->error, VG_NOT_FOUND, "compartment '%s' is in clear: it has no key",
                       cli_json_text(document, "name"));
    json_decref(document);
    return code == VG_OK ? compartment_propose(call, &command) : code;
}

enum vg_code shred_recovery(struct cli_call *call)
{
    struct response_command command = {.op = RESPONSE_OP_RECOVERY_GONE};
    vg_box_public *key = &command.recovery_gone.key;
    const char *given;
    if (cli_required(call, "key", &given) != VG_OK)
        return call->error.code;
    if (!vg_hex_parse(given, key->bytes, sizeof key->bytes))
        return vg_fail(&call->error, VG_USAGE, "--key: 64 hex digits of a public key are needed");
    json_t *document = compartment_ask(call, call->words[0]);
    if (document == NULL)
        return call->error.code;
    vg_id_parse(cli_json_text(document, "id"), &command.recovery_gone.compartment);
    json_decref(document);
    return compartment_propose(call, &command);
}

/* ---- showing -----------------------------------------------------------------------------------
 */

static const struct cli_column revoked_columns[] = {
    {.title = "NODE", .path = "node"},
    {.title = "ATTESTED WITH ENTRY", .path = "attested"},
    {.title = "EVICTED", .path = "evicted"},
    {.title = NULL},
};

static void print_missing(const json_t *shredding)
{
    const json_t *missing = json_object_get(shredding, "missing");
    const json_t *recovery = json_object_get(shredding, "recovery");
    bool gone = json_is_integer(json_object_get(recovery, "attested"));
    const char *also = cli_json_text(recovery, "also_of");
    size_t i;
    json_t *node;
    printf("missing      ");
    json_array_foreach(missing, i, node)
        printf("%snode %lld", i > 0 ? ", " : "", (long long)json_integer_value(node));
    if (!gone)
        printf("%sthe recovery key", json_array_size(missing) > 0 ? ", " : "");
    printf("\n");
    if (!gone && also[0] != '\0') {
        printf("             the recovery key is that of ");
        cli_print_inline(stdout, also);
        printf(" too: it still opens this compartment's entries\n");
    }
}

bool shred_print(const struct cli_call *call, const json_t *document)
{
    const json_t *shredding = json_object_get(document, "shredding");
    const json_t *recovery = json_object_get(shredding, "recovery");
    if (!json_is_object(shredding))
        return false;
    bool for_good = json_is_integer(json_object_get(shredding, "for_good"));
    printf("\n%-12s since entry %" PRIu64 "%s\n", cli_json_text(shredding, "state"),
           cli_json_number(shredding, "since"), for_good ? "; no holder has its key any more" : "");
    if (!for_good)
        print_missing(shredding);
    printf("recovery key %s\n", cli_json_text(recovery, "unwrap_key"));
    if (json_is_integer(json_object_get(recovery, "attested")))
        printf("             destroyed, as entry %" PRIu64 " says\n",
               cli_json_number(recovery, "attested"));
    printf("\nevery node says that it has destroyed what it had of its keys:\n");
    cli_print_table(stdout, call->settings.output, json_object_get(document, "revoked"),
                    revoked_columns);
    return true;
}

static const vg_id *compartment_of(const struct response_command *command)
{
    return command->op == RESPONSE_OP_SHRED ? &command->shred.compartment
                                            : &command->recovery_gone.compartment;
}

static void print_about(struct cli_call *call, const char *what, const vg_id *compartment)
{
    char id[VG_ID_TEXT];
    vg_id_format(compartment, id);
    json_t *document = compartment_ask(call, id);
    printf("%-13s ", what);
    cli_print_text(stdout, document != NULL ? cli_json_text(document, "name") : id, 14);
    json_decref(document);
}

/* Of a recovery: for whom the next epoch is. */
static void print_recovery(struct cli_call *call, const struct response_command *command)
{
    struct compartment_epoch epoch;
    const char *between = "for nodes     ";
    if (compartment_epoch_decode(command->clearing.epoch, &epoch, NULL) != VG_OK)
        return;
    print_about(call, "recovers", &epoch.compartment);
    for (uint32_t i = 0; i < epoch.wrap_count; i++) {
        if (epoch.wraps[i].holder.value == COMPARTMENT_RECOVERY)
            continue;
        printf("%s%" PRIu64, between, epoch.wraps[i].holder.value);
        between = ", ";
    }
    printf("\n");
}

void shred_print_proposed(struct cli_call *call, const struct response_command *command)
{
    if (command->op == RESPONSE_OP_RECOVER)
        print_recovery(call, command);
    if (command->op == RESPONSE_OP_RECOVERY_GONE)
        print_about(call, "recovery of", compartment_of(command));
    if (command->op != RESPONSE_OP_SHRED)
        return;
    print_about(call, "shreds", compartment_of(command));
    printf("              nobody reads it afterwards, and nothing undoes that\n");
}
