/* SPDX-License-Identifier: Apache-2.0
 * `vigil compartment`: what is sealed apart, for whom, and a fresh key for it. */
#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "ops/cli/commands.h"
#include "ops/cli/compartment.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "proto/compartment/epoch.h"

/* ---- list, show --------------------------------------------------------------------------------
 */

static const struct cli_column list_columns[] = {
    {.title = "NAME", .path = "name"},
    {.title = "EPOCH", .path = "epoch"},
    {.title = "ID", .path = "id"},
    {.title = NULL},
};

static const struct cli_column show_columns[] = {
    {.title = "compartment", .path = "name"},      {.title = "id", .path = "id"},
    {.title = "epoch", .path = "epoch"},           {.title = "since entry", .path = "since"},
    {.title = "commitment", .path = "commitment"}, {.title = NULL},
};

static const struct cli_column holder_columns[] = {
    {.title = "NODE", .path = "node"},
    {.title = "UNWRAP KEY", .path = "unwrap_key"},
    {.title = NULL},
};

json_t *compartment_ask(struct cli_call *call, const char *name)
{
    return cli_query(call,
                     json_pack("{s:s, s:s}", "query", "compartment.show", "compartment", name));
}

static enum vg_code run_list(struct cli_call *call)
{
    json_t *directory = cli_query(call, json_pack("{s:s}", "query", "directory"));
    if (directory == NULL)
        return call->error.code;
    const json_t *compartments = json_object_get(directory, "compartments");
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, compartments);
    else
        cli_print_table(stdout, call->settings.output, compartments, list_columns);
    json_decref(directory);
    return VG_OK;
}

static void print_compartment(struct cli_call *call, const json_t *document)
{
    cli_print_fields(stdout, document, show_columns);
    if (cli_json_number(document, "epoch") == 0) {
        printf("in clear: every node reads it\n");
        return;
    }
    printf("\nits key is wrapped for the recovery key (-) and these nodes:\n");
    cli_print_table(stdout, call->settings.output, json_object_get(document, "holders"),
                    holder_columns);
}

static enum vg_code run_show(struct cli_call *call)
{
    json_t *document = compartment_ask(call, call->words[0]);
    if (document == NULL)
        return call->error.code;
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, document);
    else
        print_compartment(call, document);
    json_decref(document);
    return VG_OK;
}

/* ---- rotate ------------------------------------------------------------------------------------
 */

static enum vg_code read_epoch(struct cli_call *call, const json_t *document,
                               struct compartment_epoch *out)
{
    struct vg_buffer bytes = {0};
    const json_t *record = json_object_get(document, "record");
    if (cli_json_number(document, "epoch") == 0)
        return vg_fail(&call->error, VG_NOT_FOUND, "compartment '%s' is in clear: it has no key",
                       cli_json_text(document, "name"));
    bool ok = vg_base64_parse(vg_span_of(json_string_value(record), json_string_length(record)),
                              &bytes) &&
              compartment_epoch_decode(vg_buffer_span(&bytes), out, NULL) == VG_OK;
    vg_buffer_free(&bytes);
    return ok ? VG_OK
              : vg_fail(&call->error, VG_INTEGRITY,
                        "the node shows no record of an epoch; ask another node: --node");
}

static bool is_evicted(const json_t *document, vg_node_id node)
{
    size_t i;
    json_t *holder;
    bool evicted = false;
    json_array_foreach(json_object_get(document, "holders"), i, holder)
    {
        if (cli_json_number(holder, "node") == node.value)
            evicted = json_is_true(json_object_get(holder, "evicted"));
    }
    return evicted;
}

bool compartment_has_evicted(const json_t *document)
{
    size_t i;
    json_t *holder;
    bool any = false;
    json_array_foreach(json_object_get(document, "holders"), i, holder) any |=
        json_is_true(json_object_get(holder, "evicted"));
    return any;
}

/* A fresh key for the holders of the epoch in force that are not evicted; nobody but they can have
 * it when this process has ended. That they are those of the log is checked when it is applied. */
static enum vg_code make_next(struct cli_call *call, const json_t *document,
                              const struct compartment_epoch *in_force,
                              struct compartment_epoch *next)
{
    const vg_hash *cluster = &call->author->cluster;
    vg_cipher_key key;
    uint8_t seed[VG_SEED_SIZE];
    enum vg_code code = VG_OK;
    vg_random(key.bytes, sizeof key.bytes);
    compartment_epoch_begin(next, cluster, &in_force->compartment, in_force, NULL, &key);
    for (uint32_t i = 0; code == VG_OK && i < in_force->wrap_count; i++) {
        const struct compartment_wrap *wrap = &in_force->wraps[i];
        if (is_evicted(document, wrap->holder))
            continue;
        vg_random(seed, sizeof seed);
        code = compartment_epoch_wrap(next, cluster, &key, wrap->holder, &wrap->unwrap, seed,
                                      &call->error);
    }
    vg_wipe(seed, sizeof seed);
    vg_wipe(&key, sizeof key);
    return code;
}

/* A repeat cannot have the key of the first time, so what became of that is asked for, not sent
 * anew; NULL if nothing has, or with the call's error set. */
static json_t *ask_repeated(struct cli_call *call, const json_t *document)
{
    char id[VG_ID_TEXT];
    if (!call->settings.has_request)
        return NULL;
    vg_id_format(&call->settings.request, id);
    json_t *told = cli_query(call, json_pack("{s:s, s:s, s:s}", "query", "request.show", "id", id,
                                             "author", call->author->id));
    json_t *answer = json_incref(json_object_get(told, "answer"));
    unsigned code = (unsigned)cli_json_number(told, "error_code");
    /* of another command's id nothing is made here: the node refuses it */
    bool is_of_this = strcmp(cli_json_text(answer, "id"), cli_json_text(document, "id")) == 0;
    if (is_of_this && code != VG_OK)
        vg_fail(&call->error, vg_code_from_number(code), "%s", cli_json_text(told, "error_text"));
    json_decref(told);
    if (is_of_this && code == VG_OK)
        return answer;
    json_decref(answer);
    return NULL;
}

static enum vg_code submit(struct cli_call *call, const vg_id *request,
                           const struct compartment_epoch *next, json_t **answer)
{
    uint8_t record[COMPARTMENT_EPOCH_MAX];
    struct response_command command = {
        .op = RESPONSE_OP_ROTATE,
        .clearing.epoch = vg_span_of(record, compartment_epoch_encode(next, record))};
    struct cli_change change = {.request = *request, .command = &command};
    return cli_change_submit(call, &change, answer);
}

enum vg_code compartment_rotate(struct cli_call *call, const json_t *document, const vg_id *request,
                                json_t **answer)
{
    struct compartment_epoch in_force, next;
    struct cli_author *author;
    enum vg_code code = cli_author_open(call, &author);
    if (code == VG_OK)
        code = read_epoch(call, document, &in_force);
    if (code == VG_OK)
        code = make_next(call, document, &in_force, &next);
    return code == VG_OK ? submit(call, request, &next, answer) : code;
}

static enum vg_code run_rotate(struct cli_call *call)
{
    struct cli_author *author;
    vg_id request = cli_request_of(call);
    enum vg_code code = cli_author_open(call, &author);
    json_t *document = code == VG_OK ? compartment_ask(call, call->words[0]) : NULL;
    if (document == NULL)
        return call->error.code;
    json_t *answer = ask_repeated(call, document);
    code = call->error.code;
    if (answer == NULL && code == VG_OK)
        code = compartment_rotate(call, document, &request, &answer);
    if (code == VG_OK)
        cli_change_print(call, answer);
    json_decref(answer);
    json_decref(document);
    return code;
}

/* ---- the commands ------------------------------------------------------------------------------
 */

const struct cli_command compartment_commands[] = {
    {.name = "list",
     .summary = "List compartments and the epochs of their keys",
     .examples = "  vigil compartment list",
     .run = run_list},
    {.name = "show",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Show for whom a compartment's key is wrapped",
     .examples = "  vigil compartment show directory",
     .run = run_show},
    {.name = "rotate",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Seal what comes under a fresh key, for the same nodes but those evicted",
     .about = "For key officers. What was sealed before stays readable for who could read it.",
     .examples = "  vigil compartment rotate directory",
     .run = run_rotate,
     .flags = CLI_CHANGES},
    {.name = NULL},
};
