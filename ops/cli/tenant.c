/* SPDX-License-Identifier: Apache-2.0
 * `vigil tenant` and `vigil case`: whose data is in which compartment, and what incidents elsewhere
 * mean for it. */
#include <stdio.h>

#include "ops/cli/commands.h"
#include "ops/cli/core/fill.h"
#include "ops/cli/core/output.h"
#include "ops/cli/incident.h"

enum { PAGE = 500 };

static const struct cli_column tenant_columns[] = {
    {.title = "NAME", .path = "name"},
    {.title = "COMPARTMENT", .path = "compartment"},
    {.title = "ADDED", .path = "added_at"},
    {.title = "ID", .path = "id"},
    {.title = NULL},
};

static const struct cli_column tenant_fields[] = {
    {.title = "tenant", .path = "name"},
    {.title = "id", .path = "id"},
    {.title = "compartment", .path = "compartment"},
    {.title = "added at", .path = "added_at"},
    {.title = NULL},
};

static const struct cli_column case_columns[] = {
    {.title = "INCIDENT", .path = "incident"},
    {.title = "TENANT", .path = "tenant"},
    {.title = "STATE", .path = "state"},
    {.title = "DECLARED", .path = "declared_at"},
    {.title = "WITHDRAWN", .path = "withdrawn_at"},
    {.title = "CLASSIFICATION", .path = "classification", .wide = true},
    {.title = "COMPARTMENT", .path = "compartment", .wide = true},
    {.title = "SOURCE", .path = "source", .wide = true},
    {.title = NULL},
};

static const struct cli_column case_fields[] = {
    {.title = "incident", .path = "incident"},
    {.title = "of compartment", .path = "source"},
    {.title = "tenant", .path = "tenant"},
    {.title = "in compartment", .path = "compartment"},
    {.title = "state", .path = "state"},
    {.title = "declared at", .path = "declared_at"},
    {.title = "withdrawn at", .path = "withdrawn_at"},
    {.title = "classification", .path = "classification"},
    {.title = "harm", .path = "harm"},
    {.title = NULL},
};

static const struct cli_column owed_columns[] = {
    {.title = "INCIDENT", .path = "incident"},
    {.title = "TENANT", .path = "tenant"},
    {.title = "WHAT", .path = "kind"},
    {.title = "STATE", .path = "state"},
    {.title = "SINCE", .path = "since"},
    {.title = "CLEARED FOR BOTH", .path = "nodes"},
    {.title = NULL},
};

/* All of a list, page by page; takes over `query`. */
static enum vg_code print_all(struct cli_call *call, json_t *query, const char *key,
                              const struct cli_column *columns, const char *none)
{
    json_t *all = json_array();
    enum vg_code code = cli_query_all(call, query, key, all);
    if (code == VG_OK && cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, all);
    else if (code == VG_OK && json_array_size(all) == 0)
        printf("%s\n", none);
    else if (code == VG_OK)
        cli_print_table(stdout, call->settings.output, all, columns);
    json_decref(all);
    return code;
}

static enum vg_code print_one(struct cli_call *call, json_t *document,
                              const struct cli_column *fields)
{
    if (document == NULL)
        return call->error.code;
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, document);
    else
        cli_print_fields(stdout, document, fields);
    json_decref(document);
    return VG_OK;
}

/* ---- tenant ------------------------------------------------------------------------------------
 */

static enum vg_code run_list(struct cli_call *call)
{
    return print_all(call, json_pack("{s:s, s:i}", "query", "tenant.list", "limit", PAGE), "id",
                     tenant_columns, "no tenants");
}

static enum vg_code run_show(struct cli_call *call)
{
    return print_one(
        call,
        cli_query(call, json_pack("{s:s, s:s}", "query", "tenant.show", "tenant", call->words[0])),
        tenant_fields);
}

static const struct cli_option add_options[] = {
    {.name = "compartment", .value = "NAME", .help = "that its data is in (the context's)"},
    {.name = NULL},
};

const struct cli_command tenant_commands[] = {
    {.name = "add",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Name a tenant and the compartment its data is in; prints the id",
     .about = "Names are unique, and stay. What an incident of any compartment means for the\n"
              "tenant is kept in this one: vigil case list.",
     .examples = "  vigil tenant add globex --compartment emea-customers",
     .options = add_options,
     .run = cli_run_operation,
     .op = RESPONSE_OP_TENANT,
     .fields = "name",
     .flags = CLI_CHANGES},
    {.name = "list",
     .summary = "List tenants with their compartments",
     .examples = "  vigil tenant list",
     .run = run_list},
    {.name = "show",
     .words = "NAME",
     .words_min = 1,
     .words_max = 1,
     .summary = "Show a tenant",
     .examples = "  vigil tenant show globex",
     .run = run_show},
    {.name = NULL},
};

/* ---- case --------------------------------------------------------------------------------------
 */

static const struct cli_option place_options[] = {
    {.name = "compartment", .value = "NAME", .help = "of the tenants alone (all that are served)"},
    {.name = NULL},
};

static const struct cli_option owed_options[] = {
    {.name = "compartment", .value = "NAME", .help = "of the incidents (the context's)"},
    {.name = NULL},
};

static const struct cli_option tenant_options[] = {
    {.name = "tenant", .value = "NAME", .help = "whose case"},
    {.name = NULL},
};

static enum vg_code run_case_list(struct cli_call *call)
{
    enum vg_code code = print_all(call,
                                  json_pack("{s:s, s:s?, s:i}", "query", "case.list", "compartment",
                                            cli_text(call, "compartment"), "limit", PAGE),
                                  "place", case_columns, "no cases");
    if (code == VG_OK)
        incident_say_left_out(call);
    return code;
}

static enum vg_code run_case_show(struct cli_call *call)
{
    const char *tenant;
    vg_id id;
    if (cli_required(call, "tenant", &tenant) != VG_OK)
        return call->error.code;
    if (!vg_id_parse(call->words[0], &id))
        return vg_fail(&call->error, VG_INVALID, "'%s' is not an id of an incident",
                       call->words[0]);
    return print_one(call,
                     cli_query(call, json_pack("{s:s, s:s, s:s}", "query", "case.show", "id",
                                               call->words[0], "tenant", tenant)),
                     case_fields);
}

static enum vg_code run_case_owed(struct cli_call *call)
{
    const char *place;
    if (cli_compartment_name(call, cli_text(call, "compartment"), &place) != VG_OK)
        return call->error.code;
    return print_all(
        call,
        json_pack("{s:s, s:s, s:i}", "query", "fact.list", "compartment", place, "limit", PAGE),
        "place", owed_columns, "nothing is owed");
}

const struct cli_command case_commands[] = {
    {.name = "list",
     .summary = "List what incidents mean for tenants, as their compartments have it",
     .examples = "  vigil case list\n"
                 "  vigil case list --compartment emea-customers",
     .options = place_options,
     .run = run_case_list},
    {.name = "show",
     .words = "INCIDENT",
     .words_min = 1,
     .words_max = 1,
     .summary = "Show what an incident means for a tenant",
     .examples = "  vigil case show ID --tenant globex",
     .options = tenant_options,
     .run = run_case_show},
    {.name = "owed",
     .summary = "List what a compartment's incidents have still to tell others",
     .about = "Nodes that are cleared for both compartments tell it by themselves. Where there is\n"
              "none, let a key officer clear one: vigil compartment grant.",
     .examples = "  vigil case owed --compartment default",
     .options = owed_options,
     .run = run_case_owed},
    {.name = NULL},
};
