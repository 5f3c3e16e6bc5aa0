/* SPDX-License-Identifier: Apache-2.0
 * `vigil proposal`: what takes two people. The second signer is shown the whole of what the first
 * has signed, decoded here from the very bytes that the signature covers. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/text.h"
#include "ops/cli/commands.h"
#include "ops/cli/core/fill.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/incident.h"
#include "ops/cli/rekey.h"
#include "ops/cli/shred.h"
#include "proto/response/fields.h"

enum { PAGE = 500 };

/* ---- list --------------------------------------------------------------------------------------
 */

static const struct cli_option list_options[] = {
    {.name = "compartment",
     .value = "NAME",
     .help = "of this compartment (the context's); 'control' has those of keys"},
    {.name = NULL},
};

static const struct cli_column columns[] = {
    {.title = "ID", .path = "id"},
    {.title = "STATE", .path = "state"},
    {.title = "INCIDENT", .path = "incident"},
    {.title = "EXPIRES", .path = "expires_at"},
    {.title = "MISSING", .path = "missing"},
    {.title = NULL},
};

static enum vg_code run_list(struct cli_call *call)
{
    const char *place;
    json_t *all = json_array();
    enum vg_code code = cli_compartment_name(call, cli_text(call, "compartment"), &place);
    if (code == VG_OK)
        code = cli_query_all(call,
                             json_pack("{s:s, s:s, s:i}", "query", "proposal.list", "compartment",
                                       place, "limit", PAGE),
                             "id", all);
    if (code == VG_OK && cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, all);
    else if (code == VG_OK && json_array_size(all) == 0)
        printf("no proposals\n");
    else if (code == VG_OK)
        cli_print_table(stdout, call->settings.output, all, columns);
    json_decref(all);
    return code;
}

/* ---- the whole text ----------------------------------------------------------------------------
 */

/* A proposal as a node told it, and what its bytes say. */
struct proposal {
    json_t *document;
    vg_id id;
    vg_id compartment;
    struct vg_buffer bytes;
    struct response_command command;
    vg_hash hash; /* computed here: what an approval signs */
};

static void proposal_free(struct proposal *proposal)
{
    json_decref(proposal->document);
    vg_buffer_free(&proposal->bytes);
}

static enum vg_code decode(struct cli_call *call, struct proposal *proposal)
{
    const json_t *text = json_object_get(proposal->document, "command");
    char told[VG_HASH_TEXT];
    bool ok = vg_base64_parse(vg_span_of(json_string_value(text), json_string_length(text)),
                              &proposal->bytes);
    struct ledger_command request = {.compartment = proposal->compartment,
                                     .body = vg_buffer_span(&proposal->bytes)};
    proposal->hash = ledger_request_hash(&request);
    vg_hex_format(vg_span_of(proposal->hash.bytes, sizeof(vg_hash)), told);
    if (!ok || strcmp(told, cli_json_text(proposal->document, "hash")) != 0)
        return vg_fail(&call->error, VG_INTEGRITY,
                       "the node shows another text than was proposed; ask another node");
    return response_command_decode(request.body, &proposal->command, &call->error);
}

static enum vg_code ask(struct cli_call *call, struct proposal *proposal)
{
    *proposal = (struct proposal){.document = NULL};
    if (!vg_id_parse(call->words[0], &proposal->id))
        return vg_fail(&call->error, VG_INVALID, "'%s' is not an id of a proposal", call->words[0]);
    proposal->document =
        cli_query(call, json_pack("{s:s, s:s}", "query", "proposal.show", "id", call->words[0]));
    if (proposal->document == NULL)
        return call->error.code;
    const char *place = cli_json_text(proposal->document, "compartment");
    enum vg_code code = VG_OK;
    if (place[0] != '\0') /* else it is among control entries, which are in none */
        code = cli_compartment_find(call, place, &proposal->compartment);
    return code == VG_OK ? decode(call, proposal) : code;
}

/* Every field that says something, by its name. */
static void print_command(const struct response_command *command)
{
    uint32_t count;
    const struct response_field *fields = response_fields((uint64_t)command->op, &count);
    printf("  %-12s %s\n", "operation", response_op_name((uint64_t)command->op));
    for (uint32_t i = 0; i < count; i++) {
        struct vg_buffer text = {0};
        if (!response_field_given(&fields[i], command))
            continue;
        response_field_text(&fields[i], command, &text);
        vg_buffer_append(&text, "", 1);
        printf("  %-12s ", fields[i].name);
        cli_print_text(stdout, (const char *)text.data, 15);
        vg_buffer_free(&text);
    }
}

/* Of new keys one more signature is missing, whichever of the roles gives it; else all are. */
static void print_missing(const struct proposal *proposal)
{
    const json_t *missing = json_object_get(proposal->document, "missing");
    bool any = proposal->command.op == RESPONSE_OP_REKEY;
    size_t count = json_array_size(missing);
    size_t i;
    json_t *role;
    json_array_foreach(missing, i, role)
        printf("%s%s%s", any && i > 0 ? " or " : "missing       ", cli_json_text(role, ""),
               any && i + 1 < count ? "" : "\n");
}

static void print_proposal(struct cli_call *call, const struct proposal *proposal)
{
    const json_t *people = incident_people(call);
    size_t i;
    json_t *signer;
    printf("proposal      %s (%s)\n", call->words[0], cli_json_text(proposal->document, "state"));
    if (cli_json_at(proposal->document, "title") != NULL) {
        printf("about         ");
        cli_print_text(stdout, cli_json_text(proposal->document, "title"), 14);
    }
    json_array_foreach(json_object_get(proposal->document, "signers"), i, signer)
    {
        const char *name = cli_person_name(people, cli_json_text(signer, "person"));
        struct cli_cell cell = cli_cell_of(name, 0);
        printf("signed        by %s, as %s, at %s\n", cell.text, cli_json_text(signer, "as"),
               cli_json_text(signer, "at"));
        free(cell.text);
    }
    print_missing(proposal);
    printf("expires       %s\n", cli_json_text(proposal->document, "expires_at"));
    if (proposal->command.op == RESPONSE_OP_REKEY)
        rekey_print(&proposal->command, people);
    shred_print_proposed(call, &proposal->command);
    printf("what is signed\n");
    print_command(&proposal->command);
}

static enum vg_code run_show(struct cli_call *call)
{
    struct proposal proposal;
    enum vg_code code = ask(call, &proposal);
    if (code == VG_OK && cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, proposal.document);
    else if (code == VG_OK)
        print_proposal(call, &proposal);
    proposal_free(&proposal);
    return code;
}

/* ---- approve, reject ---------------------------------------------------------------------------
 */

static const struct cli_option approve_options[] = {
    {.name = "reason", .value = "TEXT", .help = "why you agree"},
    {.name = "as",
     .value = "ROLE",
     .help = "sign as this role (the first that fits)",
     .choices = "legal|executive-incident-manager|operator|incident-manager|key-officer"},
    {.name = "yes", .help = "do not ask: I have read what I sign"},
    {.name = NULL},
};

static const struct cli_option reject_options[] = {
    {.name = "reason", .value = "TEXT", .help = "why not"},
    {.name = NULL},
};

/* Control entries are in clear on every node, so nobody's words go into them. */
static bool takes_reason(const struct proposal *proposal)
{
    return !vg_id_is_zero(&proposal->compartment);
}

/* The text is shown before it is signed; without a terminal only --yes signs. */
static enum vg_code confirm(struct cli_call *call, const struct proposal *proposal)
{
    char answer[16] = "";
    if (cli_flag(call, "yes") || call->settings.dry_run)
        return VG_OK;
    if (!isatty(STDIN_FILENO))
        return vg_fail(&call->error, VG_USAGE,
                       "there is no terminal to ask on; read it with 'vigil proposal show %s', "
                       "then sign: vigil proposal approve %s --yes%s",
                       call->words[0], call->words[0],
                       takes_reason(proposal) ? " --reason 'TEXT'" : "");
    print_proposal(call, proposal);
    printf("Sign it? [y/N] ");
    fflush(stdout);
    if (fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y'))
        return VG_OK;
    return vg_fail(&call->error, VG_FORBIDDEN, "not signed; nothing was changed");
}

static enum vg_code give_reason(struct cli_call *call, const struct proposal *proposal,
                                struct cli_fill *fill)
{
    if (takes_reason(proposal))
        return VG_OK;
    if (cli_text(call, "reason") != NULL)
        return vg_fail(&call->error, VG_USAGE,
                       "this is decided in the clear, on every node, so no reason is written "
                       "down; leave out --reason");
    cli_fill_give(fill, "reason", RESPONSE_NO_REASON);
    return VG_OK;
}

/* Approves what was shown, by the hash of it, or rejects it. */
static enum vg_code run_decide(struct cli_call *call)
{
    struct proposal proposal;
    struct cli_fill fill = {.given_count = 0};
    char hash[VG_HASH_TEXT];
    bool approves = call->command->op == RESPONSE_OP_APPROVE;
    enum vg_code code = ask(call, &proposal);
    if (code == VG_OK)
        code = give_reason(call, &proposal, &fill);
    if (code == VG_OK && approves)
        code = confirm(call, &proposal);
    if (code == VG_OK) {
        vg_hex_format(vg_span_of(proposal.hash.bytes, sizeof(vg_hash)), hash);
        if (approves)
            cli_fill_give(&fill, "hash", hash);
        fill.compartment = proposal.compartment;
        snprintf(fill.incident, sizeof fill.incident, "%s",
                 cli_json_text(proposal.document, "incident"));
        code = cli_fill(call, &fill);
    }
    if (code == VG_OK)
        code = cli_fill_submit(call, &fill);
    cli_fill_free(&fill);
    proposal_free(&proposal);
    return code;
}

const struct cli_command proposal_commands[] = {
    {.name = "list",
     .summary = "List proposals, open and ended",
     .examples = "  vigil proposal list\n"
                 "  vigil proposal list --compartment control",
     .options = list_options,
     .run = run_list},
    {.name = "show",
     .words = "ID",
     .words_min = 1,
     .words_max = 1,
     .summary = "Show what was proposed, word for word",
     .examples = "  vigil proposal show ID",
     .run = run_show},
    {.name = "approve",
     .words = "ID",
     .words_min = 1,
     .words_max = 1,
     .summary = "Sign what was proposed, as the second person",
     .about =
         "Shows the whole of it first and asks; without a terminal --yes signs. With the last\n"
         "signature it is done. Incidents and drills take a --reason; what is about keys takes\n"
         "none.",
     .examples = "  vigil proposal approve ID --reason 'checked with counsel'\n"
                 "  vigil proposal approve ID --yes",
     .options = approve_options,
     .run = run_decide,
     .op = RESPONSE_OP_APPROVE,
     .fields = "proposal",
     .flags = CLI_CHANGES | CLI_EXPECTS},
    {.name = "reject",
     .words = "ID",
     .words_min = 1,
     .words_max = 1,
     .summary = "End a proposal without doing what it proposes",
     .examples = "  vigil proposal reject ID --reason 'the harm is real'",
     .options = reject_options,
     .run = run_decide,
     .op = RESPONSE_OP_REJECT,
     .fields = "proposal",
     .flags = CLI_CHANGES | CLI_EXPECTS},
    {.name = NULL},
};
