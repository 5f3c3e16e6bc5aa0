/* SPDX-License-Identifier: Apache-2.0
 * Epochs: the first, the next, and for whom. */
#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "ops/cli/compartment.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"

enum { MIN_CLEARED = 2 };

json_t *compartment_ask(struct cli_call *call, const char *name)
{
    return cli_query(call,
                     json_pack("{s:s, s:s}", "query", "compartment.show", "compartment", name));
}

enum vg_code compartment_refuse_shredded(struct cli_call *call, const json_t *document)
{
    const json_t *shredding = json_object_get(document, "shredding");
    if (!json_is_object(shredding))
        return VG_OK;
    return vg_fail(&call->error, VG_FORBIDDEN,
                   "compartment '%s' was shredded with entry %" PRIu64
                   ": its key is no more made, given or taken",
                   cli_json_text(document, "name"), cli_json_number(shredding, "since"));
}

/* ---- what a node says of one --------------------------------------------------------------------
 */

enum vg_code compartment_read_epoch(struct cli_call *call, const json_t *document,
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
    return any && !json_is_object(json_object_get(document, "shredding"));
}

/* Nodes that hold the epoch in force and are not evicted. */
static void list_holders(const json_t *document, const struct compartment_epoch *in_force,
                         struct clearing_nodes *out)
{
    *out = (struct clearing_nodes){.count = 0};
    for (uint32_t i = 0; i < in_force->wrap_count; i++) {
        vg_node_id holder = in_force->wraps[i].holder;
        if (holder.value != COMPARTMENT_RECOVERY && !is_evicted(document, holder))
            clearing_nodes_add(out, holder.value);
    }
}

/* A repeat cannot have the key of the first time, so what became of that is asked for, not sent
 * anew; NULL if nothing has, or with the call's error set. */
static json_t *ask_repeated(struct cli_call *call, const char *compartment)
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
    bool is_of_this = strcmp(cli_json_text(answer, "id"), compartment) == 0;
    if (is_of_this && code != VG_OK)
        vg_fail(&call->error, vg_code_from_number(code), "%s", cli_json_text(told, "error_text"));
    json_decref(told);
    if (is_of_this && code == VG_OK)
        return answer;
    json_decref(answer);
    return NULL;
}

static enum vg_code submit(struct cli_call *call, const vg_id *request,
                           const struct compartment_epoch *next,
                           const struct response_command *command, json_t **answer)
{
    uint8_t record[COMPARTMENT_EPOCH_MAX];
    struct response_command given = *command;
    struct cli_change change = {.request = *request, .command = &given};
    given.clearing.epoch = vg_span_of(record, compartment_epoch_encode(next, record));
    return cli_change_submit(call, &change, answer);
}

/* ---- the next epoch ----------------------------------------------------------------------------
 */

/* The next epoch of such a document as a command, for its holders with one node more, or one fewer;
 * 0: neither. */
static enum vg_code go_on(struct cli_call *call, const json_t *document, const vg_id *request,
                          const struct response_command *command, uint64_t more, uint64_t fewer,
                          json_t **answer)
{
    struct response_command given = *command;
    struct compartment_epoch in_force, next;
    struct clearing_offers offers = {.from.count = 0};
    struct clearing_nodes nodes, added = {.count = 0}, all;
    struct cli_author *author;
    enum vg_code code = cli_author_open(call, &author);
    if (code == VG_OK)
        code = compartment_read_epoch(call, document, &in_force);
    if (code != VG_OK)
        return code;
    list_holders(document, &in_force, &all);
    nodes = (struct clearing_nodes){.count = 0};
    for (uint32_t i = 0; i < all.count; i++)
        if (all.nodes[i] != fewer)
            clearing_nodes_add(&nodes, all.nodes[i]);
    if (more != 0 && clearing_nodes_add(&nodes, more))
        clearing_nodes_add(&added, more);
    code = clearing_collect(call, &in_force.compartment, &added, &offers);
    if (code == VG_OK)
        code = clearing_prepare(call, &in_force, &nodes, &offers, &next);
    given.clearing.offers = vg_span_of(offers.signatures, (size_t)added.count * VG_SIGNATURE_SIZE);
    return code == VG_OK ? submit(call, request, &next, &given, answer) : code;
}

enum vg_code compartment_rotate(struct cli_call *call, const json_t *document, const vg_id *request,
                                json_t **answer)
{
    struct response_command command = {.op = RESPONSE_OP_ROTATE};
    return go_on(call, document, request, &command, 0, 0, answer);
}

static bool is_holder(const json_t *document, uint64_t node)
{
    size_t i;
    json_t *holder;
    bool found = false;
    json_array_foreach(json_object_get(document, "holders"), i, holder) found |=
        cli_json_number(holder, "node") == node;
    return found;
}

enum vg_code compartment_give_reason(struct cli_call *call, const json_t *document,
                                     const char *reason, vg_id *out)
{
    struct response_command command = {.op = RESPONSE_OP_OVERRIDE,
                                       .override_.reason = vg_span_text(reason)};
    json_t *answer = NULL;
    *out = cli_request_make();
    vg_id_parse(cli_json_text(document, "id"), &command.override_.compartment);
    struct cli_change change = {
        .request = *out, .compartment = call->author->directory, .command = &command};
    enum vg_code code = cli_change_submit(call, &change, &answer);
    json_decref(answer);
    return code;
}

/* Whether a node is the only one that can read a compartment, and so can make its next epoch. */
static bool is_last(const json_t *document, uint64_t node)
{
    size_t i;
    json_t *holder;
    bool others = false;
    json_array_foreach(json_object_get(document, "holders"), i, holder) others |=
        json_is_integer(json_object_get(holder, "node")) &&
        cli_json_number(holder, "node") != node &&
        !json_is_true(json_object_get(holder, "evicted"));
    return !others;
}

static enum vg_code grant(struct cli_call *call, const json_t *document, const vg_id *request,
                          uint64_t node, json_t **answer)
{
    struct response_command command = {.op = RESPONSE_OP_CLEAR};
    if (is_holder(document, node))
        return vg_fail(&call->error, VG_EXISTS, "node %" PRIu64 " is cleared for '%s' already",
                       node, cli_json_text(document, "name"));
    return go_on(call, document, request, &command, node, 0, answer);
}

static enum vg_code revoke(struct cli_call *call, const json_t *document, const vg_id *request,
                           uint64_t node, json_t **answer)
{
    struct response_command command = {.op = RESPONSE_OP_REVOKE};
    const char *reason = cli_text(call, "override");
    if (!is_holder(document, node))
        return vg_fail(&call->error, VG_NOT_FOUND, "node %" PRIu64 " is not cleared for '%s'", node,
                       cli_json_text(document, "name"));
    if (is_last(document, node))
        return vg_fail(&call->error, VG_FORBIDDEN,
                       "'%s' would be left without a node that can read it; clear another one "
                       "first: vigil compartment grant",
                       cli_json_text(document, "name"));
    enum vg_code code = reason != NULL ? compartment_give_reason(call, document, reason,
                                                                 &command.clearing.override_)
                                       : VG_OK;
    return code == VG_OK ? go_on(call, document, request, &command, 0, node, answer) : code;
}

enum vg_code compartment_propose(struct cli_call *call, const struct response_command *command)
{
    json_t *answer = NULL;
    enum vg_code code = cli_change_propose(call, command, &answer);
    if (code == VG_OK)
        cli_change_print(call, answer);
    if (code == VG_OK && !call->settings.dry_run)
        fprintf(stderr,
                "proposed; another key officer reads it and signs:\n"
                "  vigil proposal approve %s\n",
                cli_json_text(answer, "id"));
    json_decref(answer);
    return code;
}

static enum vg_code rotate(struct cli_call *call, const json_t *document, const vg_id *request,
                           uint64_t node, json_t **answer)
{
    (void)node;
    return compartment_rotate(call, document, request, answer);
}

/* A new epoch of the compartment that is named, done once per request. */
static enum vg_code run_clearing(struct cli_call *call, uint64_t node,
                                 enum vg_code (*clear)(struct cli_call *call,
                                                       const json_t *document, const vg_id *request,
                                                       uint64_t node, json_t **answer))
{
    struct cli_author *author;
    vg_id request = cli_request_of(call);
    enum vg_code code = cli_author_open(call, &author);
    json_t *document = code == VG_OK ? compartment_ask(call, call->words[0]) : NULL;
    if (document == NULL)
        return call->error.code;
    json_t *answer = ask_repeated(call, cli_json_text(document, "id"));
    code = call->error.code;
    if (answer == NULL && code == VG_OK)
        code = compartment_refuse_shredded(call, document);
    if (answer == NULL && code == VG_OK)
        code = clear(call, document, &request, node, &answer);
    if (code == VG_OK)
        cli_change_print(call, answer);
    json_decref(answer);
    json_decref(document);
    return code;
}

enum vg_code compartment_run_rotate(struct cli_call *call)
{
    return run_clearing(call, 0, rotate);
}

static enum vg_code node_of(struct cli_call *call, uint64_t *node)
{
    const char *given;
    if (cli_required(call, "node-id", &given) != VG_OK)
        return call->error.code;
    return cli_number_parse(given, "--node-id", 1, INT64_MAX, node, &call->error);
}

enum vg_code compartment_run_grant(struct cli_call *call)
{
    uint64_t node = 0;
    enum vg_code code = node_of(call, &node);
    return code == VG_OK ? run_clearing(call, node, grant) : code;
}

enum vg_code compartment_run_revoke(struct cli_call *call)
{
    uint64_t node = 0;
    enum vg_code code = node_of(call, &node);
    return code == VG_OK ? run_clearing(call, node, revoke) : code;
}

/* ---- create ------------------------------------------------------------------------------------
 */

/* What is said of a compartment that is to be created. */
struct creation {
    vg_id id;
    struct clearing_nodes nodes;
    struct clearing_offers offers;
    vg_box_public recovery;
    char boundary[VG_NODES_MAX * (VG_NAME_MAX + 1)]; /* cut into lines of the command */
    struct response_command command;
};

/* That of the directory, unless one is given. */
static enum vg_code take_recovery(struct cli_call *call, const char *given, vg_box_public *out)
{
    size_t i;
    json_t *holder;
    bool found = given != NULL && vg_hex_parse(given, out->bytes, sizeof out->bytes);
    if (given != NULL)
        return found ? VG_OK
                     : vg_fail(&call->error, VG_USAGE,
                               "--recovery: 64 hex digits of a public key are needed");
    json_t *directory = compartment_ask(call, "directory");
    if (directory == NULL)
        return call->error.code;
    json_array_foreach(json_object_get(directory, "holders"), i, holder)
    {
        if (json_is_null(json_object_get(holder, "node")))
            found =
                vg_hex_parse(cli_json_text(holder, "unwrap_key"), out->bytes, sizeof out->bytes);
    }
    json_decref(directory);
    if (!found)
        return vg_fail(&call->error, VG_INTEGRITY,
                       "the node's directory is sealed for no recovery key; see its log");
    return VG_OK;
}

/* "emea,amer", cut in place. */
static enum vg_code take_boundary(struct cli_call *call, struct creation *creation)
{
    struct response_lines *out = &creation->command.clearing.boundary;
    const char *given = cli_text(call, "boundary");
    snprintf(creation->boundary, sizeof creation->boundary, "%s", given != NULL ? given : "");
    for (char *at = creation->boundary; *at != '\0';) {
        size_t size = strcspn(at, ",");
        if (size == 0 || size > VG_NAME_MAX || out->count == VG_NODES_MAX)
            return vg_fail(&call->error, VG_USAGE,
                           "--boundary: at most %d regions are needed, with commas between",
                           VG_NODES_MAX);
        out->lines[out->count++] = vg_span_of(at, size);
        at += at[size] == ',' ? size + 1 : size;
    }
    return VG_OK;
}

static enum vg_code take_creation(struct cli_call *call, struct creation *out)
{
    const char *nodes;
    uint64_t min_cleared;
    enum vg_code code = cli_required(call, "nodes", &nodes);
    out->command.op = RESPONSE_OP_CREATE;
    if (code == VG_OK)
        code = clearing_nodes_parse(call, nodes, &out->nodes);
    if (code == VG_OK)
        code = cli_number(call, "min-cleared", 1, VG_NODES_MAX, MIN_CLEARED, &min_cleared);
    if (code == VG_OK)
        code = take_boundary(call, out);
    if (code == VG_OK)
        code = take_recovery(call, cli_text(call, "recovery"), &out->recovery);
    if (code == VG_OK)
        out->command.clearing.min_cleared = min_cleared;
    return code;
}

/* The first epoch has nothing before it, so its key is drawn here, and forgotten. */
static enum vg_code make_first(struct cli_call *call, const struct creation *creation,
                               struct compartment_epoch *out)
{
    const vg_hash *cluster = &call->author->cluster;
    const vg_node_id recovery = {COMPARTMENT_RECOVERY};
    vg_cipher_key key;
    uint8_t seed[VG_SEED_SIZE];
    vg_random(key.bytes, sizeof key.bytes);
    vg_random(seed, sizeof seed);
    compartment_epoch_begin(out, cluster, &creation->id, NULL, NULL, &key);
    enum vg_code code = compartment_epoch_wrap(out, cluster, &key, recovery, &creation->recovery,
                                               seed, &call->error);
    for (uint32_t i = 0; code == VG_OK && i < creation->nodes.count; i++) {
        vg_random(seed, sizeof seed);
        code = compartment_epoch_wrap(out, cluster, &key, (vg_node_id){creation->nodes.nodes[i]},
                                      &creation->offers.keys[i].key, seed, &call->error);
    }
    vg_wipe(seed, sizeof seed);
    vg_wipe(&key, sizeof key);
    return code;
}

static enum vg_code create(struct cli_call *call, struct creation *creation, json_t **answer)
{
    struct compartment_epoch first;
    struct clearing_offers *offers = &creation->offers;
    enum vg_code code = clearing_collect(call, &creation->id, &creation->nodes, offers);
    if (code == VG_OK)
        code = make_first(call, creation, &first);
    creation->command.clearing.offers =
        vg_span_of(offers->signatures, (size_t)creation->nodes.count * VG_SIGNATURE_SIZE);
    return code == VG_OK ? submit(call, &creation->id, &first, &creation->command, answer) : code;
}

/* Its name is sealed in the directory: another entry, given again by whoever repeats the request.
 */
static enum vg_code name_it(struct cli_call *call, const vg_id *id, const char *name, bool dry_run)
{
    struct response_command command = {.op = RESPONSE_OP_LABEL,
                                       .label = {.compartment = *id, .name = vg_span_text(name)}};
    struct cli_change change = {
        .request = cli_request_make(), .compartment = call->author->directory, .command = &command};
    json_t *answer = NULL;
    bool as_said = call->settings.dry_run;
    call->settings.dry_run = dry_run;
    enum vg_code code = cli_change_submit(call, &change, &answer);
    call->settings.dry_run = as_said;
    json_decref(answer);
    return code;
}

/* A name that is taken, or that none may have, is refused before there is anything to name: that
 * there is not is what is said of one that is free. */
static enum vg_code may_be_named(struct cli_call *call, const vg_id *id)
{
    enum vg_code code = name_it(call, id, call->words[0], true);
    if (code == VG_NOT_FOUND)
        call->error = (struct vg_error){.code = VG_OK};
    return call->error.code;
}

/* A creation that is repeated has no name yet, or this one. */
static enum vg_code is_same_name(struct cli_call *call, const char *id)
{
    json_t *document = compartment_ask(call, id);
    if (document == NULL)
        return call->error.code;
    const char *name = cli_json_text(document, "name");
    if (name[0] != '\0' && strcmp(name, id) != 0 && strcmp(name, call->words[0]) != 0)
        vg_fail(&call->error, VG_INVALID,
                "this request created compartment '%s'; leave out --request-id for another one",
                name);
    json_decref(document);
    return call->error.code;
}

enum vg_code compartment_run_create(struct cli_call *call)
{
    struct cli_author *author;
    struct creation creation = {.id = cli_request_of(call)};
    char id[VG_ID_TEXT];
    json_t *answer = NULL;
    vg_id_format(&creation.id, id);
    enum vg_code code = cli_author_open(call, &author);
    if (code == VG_OK)
        code = may_be_named(call, &creation.id);
    if (code == VG_OK) {
        answer = ask_repeated(call, id);
        code = call->error.code;
    }
    if (answer != NULL)
        code = is_same_name(call, id);
    if (code == VG_OK && answer == NULL)
        code = take_creation(call, &creation);
    if (code == VG_OK && answer == NULL)
        code = create(call, &creation, &answer);
    if (code == VG_OK && !call->settings.dry_run)
        code = name_it(call, &creation.id, call->words[0], false);
    if (code == VG_OK && cli_text(call, "recovery") == NULL)
        fprintf(stderr, "vigil: note: its recovery key is the directory's; --recovery gives it one "
                        "of its own, without which it can never be shredded for good\n");
    if (code == VG_OK)
        cli_change_print(call, answer);
    json_decref(answer);
    return code;
}

enum vg_code compartment_create(struct cli_call *call, const char *name,
                                const struct clearing_nodes *nodes, vg_id *out)
{
    struct creation creation = {.id = cli_request_make(), .nodes = *nodes};
    json_t *answer = NULL;
    creation.command.op = RESPONSE_OP_CREATE;
    creation.command.clearing.min_cleared = 1;
    *out = creation.id;
    enum vg_code code = take_recovery(call, NULL, &creation.recovery);
    if (code == VG_OK)
        code = create(call, &creation, &answer);
    if (code == VG_OK)
        code = name_it(call, &creation.id, name, false);
    json_decref(answer);
    return code;
}
