/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/recover.h"

#include <inttypes.h>
#include <stdio.h>

#include "ops/cli/bootstrap/paper.h"
#include "ops/cli/bootstrap/share.h"
#include "ops/cli/clearing.h"
#include "ops/cli/compartment.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/public.h"

const struct cli_option recover_request_options[] = {
    {.name = "nodes", .value = "IDS", .help = "those that are to be cleared for it: 3,1"},
    {.name = "out", .value = "FILE", .help = "where to write the request"},
    {.name = NULL},
};

const struct cli_option recover_open_options[] = {
    {.name = "fingerprint", .value = "TEXT", .help = "of the request, as its officer read it out"},
    {.name = "out", .value = "FILE", .help = "where to write the next epoch"},
    {.name = NULL},
};

const struct cli_option recover_options[] = {
    {.name = "record", .value = "FILE", .help = "what 'vigil recovery open' wrote"},
    {.name = "override",
     .value = "REASON",
     .help = "why there may be fewer nodes than there should be; stays visible"},
    {.name = "expires", .value = "TIME", .help = "how long the other may take (24h)"},
    {.name = NULL},
};

static const struct cli_column paper_columns[] = {
    {.title = "compartment", .path = "compartment"}, {.title = "epoch", .path = "epoch"},
    {.title = "for nodes", .path = "nodes"},         {.title = "file", .path = "file"},
    {.title = "fingerprint", .path = "fingerprint"}, {.title = NULL},
};

/* An array for programs, "2, 3" for people. */
static json_t *nodes_of(const struct recovery_paper *paper, bool as_array)
{
    char text[VG_NODES_MAX * 24] = "";
    json_t *nodes = json_array();
    size_t size = 0;
    for (uint32_t i = 0; i < paper->count; i++) {
        uint64_t node = paper->offers[i].node.value;
        json_array_append_new(nodes, json_integer((json_int_t)node));
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%" PRIu64, i > 0 ? ", " : "",
                                 node);
    }
    if (as_array)
        return nodes;
    json_decref(nodes);
    return json_string(text);
}

static void print_paper(const struct cli_call *call, const struct recovery_paper *paper,
                        const char *path, const char *fingerprint)
{
    bool is_json = cli_is_json(call->settings.output);
    json_t *document = json_pack("{s:s, s:I, s:o, s:s, s:s}", "compartment", paper->name, "epoch",
                                 (json_int_t)paper->epoch.epoch, "nodes", nodes_of(paper, is_json),
                                 "file", path, "fingerprint", fingerprint);
    if (is_json)
        cli_print_json(stdout, call->settings.output, document);
    else
        cli_print_fields(stdout, document, paper_columns);
    json_decref(document);
}

/* Writes it and says so; with --dry-run the latter alone. */
static enum vg_code write_paper(struct cli_call *call, enum recovery_paper_kind kind,
                                const struct recovery_paper *paper, const char *path)
{
    char fingerprint[VG_FINGERPRINT_TEXT];
    if (call->settings.dry_run) {
        cli_print_would(call->settings.output, "write %s", path);
        return VG_OK;
    }
    enum vg_code code = recovery_paper_write(path, kind, paper, fingerprint, &call->error);
    if (code == VG_OK)
        print_paper(call, paper, path, fingerprint);
    return code;
}

/* ---- request: an officer's machine -------------------------------------------------------------
 */

static enum vg_code take_request(struct cli_call *call, const json_t *document,
                                 const struct clearing_nodes *nodes, struct recovery_paper *out)
{
    struct clearing_offers offers;
    char directory[VG_ID_TEXT];
    vg_id_format(&call->author->directory, directory);
    if (strcmp(cli_json_text(document, "id"), directory) == 0)
        return vg_fail(&call->error, VG_FORBIDDEN,
                       "the directory is not recovered: without its key no node knows who may sign "
                       "that; put a keyring back on one node");
    enum vg_code code = compartment_refuse_shredded(call, document);
    if (code == VG_OK)
        code = compartment_read_epoch(call, document, &out->epoch);
    if (code == VG_OK)
        code = clearing_collect(call, &out->epoch.compartment, nodes, &offers);
    if (code != VG_OK)
        return code;
    out->cluster = call->author->cluster;
    snprintf(out->name, sizeof out->name, "%s", cli_json_text(document, "name"));
    for (uint32_t i = 0; i < nodes->count; i++) {
        struct recovery_offer *offer = &out->offers[out->count++];
        *offer = (struct recovery_offer){.node = {nodes->nodes[i]}, .unwrap = offers.keys[i]};
        if (clearing_key_of(call, nodes->nodes[i], &offer->key) != VG_OK)
            return call->error.code;
    }
    return vg_hex_parse(cli_json_text(document, "place"), out->place.bytes, sizeof out->place)
               ? VG_OK
               : vg_fail(&call->error, VG_INTEGRITY,
                         "the node does not say where its record was made; ask another: --node");
}

enum vg_code recover_request(struct cli_call *call)
{
    struct recovery_paper request = {.count = 0};
    struct clearing_nodes nodes;
    struct cli_author *author;
    const char *given, *path;
    if (cli_required(call, "nodes", &given) != VG_OK || cli_required(call, "out", &path) != VG_OK ||
        clearing_nodes_parse(call, given, &nodes) != VG_OK ||
        cli_author_open(call, &author) != VG_OK)
        return call->error.code;
    json_t *document = compartment_ask(call, call->words[0]);
    if (document == NULL)
        return call->error.code;
    enum vg_code code = take_request(call, document, &nodes, &request);
    json_decref(document);
    return code == VG_OK ? write_paper(call, RECOVERY_REQUEST, &request, path) : code;
}

/* ---- open: the machine without a network -------------------------------------------------------
 */

static enum vg_code combine(struct cli_call *call, vg_box_secret *out)
{
    struct recovery_share shares[SHARES_MAX];
    uint8_t count = (uint8_t)(call->word_count - 1);
    enum vg_code code = VG_OK;
    for (uint8_t i = 0; code == VG_OK && i < count; i++)
        code = recovery_share_read(call->words[1 + i], &shares[i], &call->error);
    if (code == VG_OK)
        code = recovery_combine(shares, count, out, &call->error);
    vg_wipe(shares, sizeof shares);
    return code;
}

enum vg_code recover_open(struct cli_call *call)
{
    struct recovery_paper request, next;
    uint8_t told[VG_FINGERPRINT_SIZE];
    vg_box_secret secret;
    const char *given, *path;
    if (cli_required(call, "fingerprint", &given) != VG_OK ||
        cli_required(call, "out", &path) != VG_OK)
        return call->error.code;
    if (!vg_fingerprint_parse(given, told))
        return vg_fail(&call->error, VG_USAGE,
                       "--fingerprint is '%s'; it is %d hex digits, with or without blanks", given,
                       2 * VG_FINGERPRINT_SIZE);
    if (recovery_paper_read(call->words[0], RECOVERY_REQUEST, told, &request, &call->error) !=
            VG_OK ||
        combine(call, &secret) != VG_OK)
        return call->error.code;
    enum vg_code code = recovery_paper_answer(&request, &secret, &next, &call->error);
    vg_wipe(&secret, sizeof secret);
    return code == VG_OK ? write_paper(call, RECOVERY_EPOCH, &next, path) : code;
}

/* ---- recover: an officer's machine again -------------------------------------------------------
 */

/* What was made is for this cluster and compartment, and follows what is in force now. */
static enum vg_code check_record(struct cli_call *call, const json_t *document, const char *path,
                                 const struct recovery_paper *paper)
{
    struct compartment_epoch in_force;
    struct vg_error why = {0};
    char id[VG_ID_TEXT];
    vg_id_format(&paper->epoch.compartment, id);
    if (compartment_read_epoch(call, document, &in_force) != VG_OK ||
        compartment_refuse_shredded(call, document) != VG_OK)
        return call->error.code;
    if (!vg_hash_equal(&paper->cluster, &call->author->cluster) ||
        strcmp(id, cli_json_text(document, "id")) != 0)
        return vg_fail(&call->error, VG_INVALID,
                       "%s is of compartment %s of another cluster, or of another compartment",
                       path, paper->name);
    if (compartment_epoch_follows(&in_force, &paper->epoch, &why) == VG_OK)
        return VG_OK;
    return vg_fail(&call->error, VG_CONFLICT,
                   "%s was made of an epoch that is in force no longer: %.200s; begin again: vigil "
                   "recovery request",
                   path, why.text);
}

static enum vg_code propose(struct cli_call *call, const json_t *document, const char *path,
                            const struct recovery_paper *paper)
{
    struct response_command command = {.op = RESPONSE_OP_RECOVER};
    uint8_t record[COMPARTMENT_EPOCH_MAX];
    uint8_t signatures[VG_NODES_MAX * VG_SIGNATURE_SIZE];
    const char *reason = cli_text(call, "override");
    enum vg_code code = check_record(call, document, path, paper);
    for (uint32_t i = 0; i < paper->count; i++)
        memcpy(signatures + (size_t)i * VG_SIGNATURE_SIZE, &paper->offers[i].unwrap.binding,
               VG_SIGNATURE_SIZE);
    command.clearing.epoch = vg_span_of(record, compartment_epoch_encode(&paper->epoch, record));
    command.clearing.offers = vg_span_of(signatures, (size_t)paper->count * VG_SIGNATURE_SIZE);
    if (code == VG_OK && reason != NULL)
        code = compartment_give_reason(call, document, reason, &command.clearing.override_);
    return code == VG_OK ? compartment_propose(call, &command) : code;
}

enum vg_code recover_compartment(struct cli_call *call)
{
    struct recovery_paper paper;
    struct cli_author *author;
    const char *path;
    if (cli_required(call, "record", &path) != VG_OK ||
        recovery_paper_read(path, RECOVERY_EPOCH, NULL, &paper, &call->error) != VG_OK ||
        cli_author_open(call, &author) != VG_OK)
        return call->error.code;
    json_t *document = compartment_ask(call, call->words[0]);
    if (document == NULL)
        return call->error.code;
    enum vg_code code = propose(call, document, path, &paper);
    json_decref(document);
    return code;
}
