/* SPDX-License-Identifier: Apache-2.0
 * `vigil recovery`: the ceremony of the offline recovery key (docs/bootstrap.md). */
#include <stdio.h>
#include <stdlib.h>

#include "common/file.h"
#include "common/identity.h"
#include "common/text.h"
#include "ops/cli/bootstrap/files.h"
#include "ops/cli/bootstrap/share.h"
#include "ops/cli/commands.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/place.h"
#include "ops/cli/core/public.h"
#include "ops/cli/recover.h"

static const struct cli_option new_options[] = {
    {.name = "holder", .value = "NAME", .help = "who keeps a share", .repeats = true},
    {.name = "threshold", .value = "K", .help = "how many give the key (more than half of them)"},
    {.name = "dir",
     .value = "DIR",
     .help = "where to write share-1.txt, ... and recovery.json (.)"},
    {.name = NULL},
};

static const struct cli_column key_columns[] = {
    {.title = "public key", .path = "public_key"},
    {.title = "fingerprint", .path = "fingerprint"},
    {.title = "takes", .path = "threshold"},
    {.title = "of", .path = "count"},
    {.title = NULL},
};

static const struct cli_column share_columns[] = {
    {.title = "SHARE", .path = "number", .number = true},
    {.title = "HOLDER", .path = "holder"},
    {.title = "FILE", .path = "file"},
    {.title = NULL},
};

static const struct cli_column cluster_columns[] = {
    {.title = "cluster", .path = "cluster_id"},
    {.title = NULL},
};

static const struct cli_column opened_columns[] = {
    {.title = "OPENS", .path = "name"},
    {.title = "COMPARTMENT", .path = "id"},
    {.title = "EPOCH", .path = "epoch", .number = true},
    {.title = NULL},
};

static json_t *describe(const struct recovery_share *shares, char *const *files, uint8_t count)
{
    char key[2 * VG_BOX_KEY_SIZE + 1];
    char fingerprint[VG_FINGERPRINT_TEXT];
    json_t *list = json_array();
    vg_hex_format(vg_span_of(shares[0].key.bytes, sizeof shares[0].key.bytes), key);
    recovery_fingerprint(&shares[0].key, fingerprint);
    for (uint8_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:i, s:s, s:s}", "number", shares[i].number,
                                              "holder", shares[i].holder, "file", files[i]));
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:o}", "kind", "recovery", "public_key", key,
                     "fingerprint", fingerprint, "threshold", shares[0].threshold, "count",
                     shares[0].count, "shares", list);
}

static void print_opened(const struct cli_call *call, const json_t *opened)
{
    if (opened == NULL)
        return;
    fputc('\n', stdout);
    cli_print_fields(stdout, opened, cluster_columns);
    fputc('\n', stdout);
    cli_print_table(stdout, call->settings.output, json_object_get(opened, "compartments"),
                    opened_columns);
}

static void print(const struct cli_call *call, json_t *document)
{
    if (cli_is_json(call->settings.output)) {
        cli_print_json(stdout, call->settings.output, document);
    } else {
        cli_print_fields(stdout, document, key_columns);
        fputc('\n', stdout);
        cli_print_table(stdout, call->settings.output, json_object_get(document, "shares"),
                        share_columns);
        print_opened(call, json_object_get(document, "opens"));
    }
    json_decref(document);
}

/* ---- new ---------------------------------------------------------------------------------------
 */

struct ceremony {
    struct recovery_share shares[SHARES_MAX];
    char *files[SHARES_MAX];
    uint8_t count;
    uint8_t threshold;
};

static bool has_share(const struct ceremony *ceremony, const char *holder)
{
    for (uint8_t i = 0; i < ceremony->count; i++)
        if (strcmp(ceremony->shares[i].holder, holder) == 0)
            return true;
    return false;
}

/* One of one is allowed, and no split key. */
static void say_alone(const struct ceremony *ceremony)
{
    if (ceremony->threshold == 1)
        fprintf(stderr,
                "vigil: note: any one share gives the whole key; --holder for more people, and "
                "--threshold, make it take several\n");
}

static enum vg_code take_holders(struct cli_call *call, struct ceremony *out)
{
    uint64_t threshold;
    for (int i = 0; i < call->value_count; i++) {
        if (strcmp(call->values[i].option->name, "holder") != 0)
            continue;
        const char *holder = call->values[i].text;
        if (out->count == SHARES_MAX)
            return vg_fail(&call->error, VG_USAGE, "more than %d holders", SHARES_MAX);
        if (holder[0] == '\0' || strlen(holder) > VG_NAME_MAX || strchr(holder, '\n') != NULL)
            return vg_fail(&call->error, VG_USAGE, "a holder's name is one line of 1 to %d bytes",
                           VG_NAME_MAX);
        if (has_share(out, holder))
            return vg_fail(&call->error, VG_USAGE,
                           "holder '%s' is given twice; each share has a holder of its own",
                           holder);
        snprintf(out->shares[out->count++].holder, VG_NAME_MAX + 1, "%s", holder);
    }
    if (out->count == 0)
        return vg_fail(&call->error, VG_USAGE, "who keeps the key? give --holder for each");
    if (cli_number(call, "threshold", 1, out->count, out->count / 2 + 1, &threshold) != VG_OK)
        return call->error.code;
    out->threshold = (uint8_t)threshold;
    return VG_OK;
}

/* Splits a fresh key; what it was is nowhere but in the shares. */
static void make_shares(struct ceremony *ceremony)
{
    uint8_t seed[VG_SEED_SIZE];
    struct recovery_share made[SHARES_MAX];
    vg_random(seed, sizeof seed);
    recovery_split(seed, ceremony->threshold, ceremony->count, made);
    for (uint8_t i = 0; i < ceremony->count; i++) {
        memcpy(made[i].holder, ceremony->shares[i].holder, sizeof made[i].holder);
        ceremony->shares[i] = made[i];
    }
    vg_wipe(seed, sizeof seed);
    vg_wipe(made, sizeof made);
}

static enum vg_code write_public(const char *folder, const json_t *document, struct vg_error *error)
{
    char *path = cli_join(folder, "recovery.json");
    char *text = json_dumps(document, JSON_INDENT(2));
    enum vg_code code = vg_file_write(path, vg_span_text(text), 0644, error);
    free(text);
    free(path);
    return code;
}

static enum vg_code write_shares(struct cli_call *call, const char *folder,
                                 struct ceremony *ceremony)
{
    enum vg_code code = vg_folder_make(folder, &call->error);
    for (uint8_t i = 0; i < ceremony->count; i++) {
        char name[32];
        snprintf(name, sizeof name, "share-%u.txt", i + 1U);
        ceremony->files[i] = cli_join(folder, name);
        if (code == VG_OK)
            code = recovery_share_write(ceremony->files[i], &ceremony->shares[i], &call->error);
    }
    if (code != VG_OK)
        return code;
    json_t *document = describe(ceremony->shares, ceremony->files, ceremony->count);
    code = write_public(folder, document, &call->error);
    if (code == VG_OK)
        print(call, json_incref(document));
    json_decref(document);
    return code;
}

static enum vg_code run_new(struct cli_call *call)
{
    struct ceremony ceremony = {.count = 0};
    const char *folder = cli_text(call, "dir") != NULL ? cli_text(call, "dir") : ".";
    if (take_holders(call, &ceremony) != VG_OK)
        return call->error.code;
    say_alone(&ceremony);
    if (call->settings.dry_run) {
        cli_print_would(call->settings.output, "write %u shares, of which %u give the key, to %s",
                        ceremony.count, ceremony.threshold, folder);
        return VG_OK;
    }
    make_shares(&ceremony);
    enum vg_code code = write_shares(call, folder, &ceremony);
    for (uint8_t i = 0; i < ceremony.count; i++)
        free(ceremony.files[i]);
    vg_wipe(&ceremony, sizeof ceremony);
    return code;
}

/* ---- check -------------------------------------------------------------------------------------
 */

static const struct cli_option check_options[] = {
    {.name = "cluster",
     .value = "FILE",
     .help = "also open the first keys that this cluster file seals for it"},
    {.name = NULL},
};

/* Opens a wrap that the genesis has for the recovery key. The data key is checked against the
 * epoch's commitment, and forgotten. */
static enum vg_code open_epoch(const char *path, const struct ledger_genesis *genesis,
                               enum ledger_founded which, const vg_box_secret *secret, json_t *out,
                               struct vg_error *error)
{
    vg_cipher_key key;
    char id[VG_ID_TEXT];
    const struct compartment_epoch *epoch = &genesis->epochs[which];
    vg_hash place = ledger_genesis_place(genesis);
    enum vg_code code =
        compartment_unwrap(epoch, &place, (vg_node_id){COMPARTMENT_RECOVERY}, secret, &key, error);
    vg_wipe(&key, sizeof key);
    if (code != VG_OK)
        return vg_fail(error, code,
                       "%s: its %s compartment is not sealed for the key of these shares; bring "
                       "those of the recovery key that 'vigil cluster members' shows",
                       path, cli_founded[which].name);
    vg_id_format(&epoch->compartment, id);
    json_array_append_new(out, json_pack("{s:s, s:s, s:I}", "name", cli_founded[which].name, "id",
                                         id, "epoch", (json_int_t)epoch->epoch));
    return VG_OK;
}

static enum vg_code open_genesis(const char *path, const vg_box_secret *secret, json_t *document,
                                 struct vg_error *error)
{
    static struct cluster_file file;
    json_t *opened = json_array();
    enum vg_code code = cluster_file_read(path, NULL, &file, error);
    for (uint32_t i = 0; code == VG_OK && i < LEDGER_FOUNDED; i++)
        code = open_epoch(path, &file.genesis, i, secret, opened, error);
    json_object_set_new(document, "opens",
                        json_pack("{s:o, s:o}", "cluster_id",
                                  cli_json_hex(&file.cluster, sizeof file.cluster), "compartments",
                                  opened));
    return code;
}

/* The key is here no longer than this takes. */
static enum vg_code rehearse(struct cli_call *call, const struct recovery_share *shares,
                             uint8_t count, json_t *document)
{
    vg_box_secret secret;
    const char *cluster = cli_text(call, "cluster");
    enum vg_code code = recovery_combine(shares, count, &secret, &call->error);
    if (code == VG_OK && cluster != NULL)
        code = open_genesis(cluster, &secret, document, &call->error);
    vg_wipe(&secret, sizeof secret);
    return code;
}

static enum vg_code run_check(struct cli_call *call)
{
    struct recovery_share shares[SHARES_MAX];
    char *files[SHARES_MAX];
    enum vg_code code = VG_OK;
    uint8_t count = (uint8_t)call->word_count;
    for (uint8_t i = 0; code == VG_OK && i < count; i++) {
        files[i] = (char *)call->words[i];
        code = recovery_share_read(files[i], &shares[i], &call->error);
    }
    json_t *document = code == VG_OK ? describe(shares, files, count) : NULL;
    if (code == VG_OK)
        code = rehearse(call, shares, count, document);
    if (code == VG_OK)
        print(call, json_incref(document));
    json_decref(document);
    vg_wipe(shares, sizeof shares);
    return code;
}

const struct cli_command recovery_commands[] = {
    {.name = "new",
     .summary = "Make the recovery key and split it among its holders",
     .about = "On a machine without a network, with the holders present. The key itself is never\n"
              "written: each holder takes a share with them, and only recovery.json stays.",
     .examples = "  vigil recovery new --holder ann --holder ben --holder carol\n"
                 "  vigil recovery new --holder ann --holder ben --holder carol --threshold 3 "
                 "--dir /media/usb",
     .options = new_options,
     .run = run_new,
     .flags = CLI_CHANGES | CLI_LOCAL},
    {.name = "request",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Ask nodes what a compartment's next key is to be wrapped for",
     .about = "For key officers, where no node can read the compartment any more. What is written\n"
              "goes to a machine without a network, and its fingerprint by voice.",
     .examples = "  vigil recovery request acme --nodes 3,1 --out request.json",
     .options = recover_request_options,
     .run = recover_request,
     .flags = CLI_CHANGES},
    {.name = "open",
     .words = "REQUEST SHARE...",
     .words_min = 2,
     .words_max = 1 + SHARES_MAX,
     .summary = "Make a compartment's next epoch with the shares of its recovery key",
     .about =
         "On a machine without a network, with the holders present. The key is put together\n"
         "in memory and wiped; what is written has no secret in it: vigil compartment recover.",
     .examples = "  vigil recovery open request.json share-1.txt share-3.txt \\\n"
                 "      --fingerprint 'a1b2 c3d4 ...' --out next.json",
     .options = recover_open_options,
     .run = recover_open,
     .flags = CLI_CHANGES | CLI_LOCAL},
    {.name = "check",
     .words = "SHARE...",
     .words_min = 1,
     .words_max = SHARES_MAX,
     .summary = "Rehearse: whether these shares give the recovery key",
     .about = "The key is put together in memory, compared with the public half that the shares\n"
              "name, and wiped. With --cluster it also opens the first keys of that cluster.",
     .examples = "  vigil recovery check share-1.txt share-3.txt\n"
                 "  vigil recovery check share-1.txt share-3.txt --cluster cluster.json",
     .options = check_options,
     .run = run_check,
     .flags = CLI_LOCAL},
    {.name = NULL},
};
