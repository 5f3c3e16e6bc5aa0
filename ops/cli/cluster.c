/* SPDX-License-Identifier: Apache-2.0
 * `vigil cluster`: what the nodes are doing, and who leads. */
#include <stdio.h>

#include "ops/cli/commands.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"

static const struct cli_column summary_columns[] = {
    {.title = "cluster", .path = "cluster_id"},
    {.title = "leader", .path = "leader"},
    {.title = "term", .path = "term"},
    {.title = "commit index", .path = "commit_index"},
    {.title = "quorum", .path = "quorum"},
    {.title = "healthy", .path = "healthy"},
    {.title = NULL},
};

static const struct cli_column node_columns[] = {
    {.title = "NODE", .path = "id", .number = true},
    {.title = "REGION", .path = "region"},
    {.title = "ROLE", .path = "role"},
    {.title = "REACHABLE", .path = "reachable"},
    {.title = "LAST", .path = "last_index", .number = true},
    {.title = "APPLIED", .path = "applied_index", .number = true},
    {.title = "LAG", .path = "lag_entries", .number = true},
    {.title = "RTT MS", .path = "rtt_ms", .number = true},
    {.title = "MATCH", .path = "match_index", .wide = true, .number = true},
    {.title = "CLEARANCE", .path = "clearance", .wide = true},
    {.title = "VERSION", .path = "version", .wide = true},
    {.title = NULL},
};

static enum vg_code run_status(struct cli_call *call)
{
    json_t *status = cli_query(call, json_pack("{s:s}", "query", "cluster.status"));
    if (status == NULL)
        return call->error.code;
    if (cli_is_json(call->settings.output)) {
        cli_print_json(stdout, call->settings.output, status);
    } else {
        cli_print_fields(stdout, status, summary_columns);
        fputc('\n', stdout);
        cli_print_table(stdout, call->settings.output, json_object_get(status, "nodes"),
                        node_columns);
    }
    json_decref(status);
    return VG_OK;
}

static const struct cli_option transfer_options[] = {
    {.name = "to", .value = "NODE", .help = "the node that is to lead"},
    {.name = NULL},
};

static enum vg_code run_transfer(struct cli_call *call)
{
    const char *to;
    uint64_t node;
    enum vg_code code = cli_required(call, "to", &to);
    if (code == VG_OK)
        code = cli_number_parse(to, "--to", 1, INT64_MAX, &node, &call->error);
    if (code != VG_OK)
        return code;
    if (call->settings.dry_run) {
        printf("would hand leadership to node %s\n", to);
        return VG_OK;
    }
    json_t *answer = cli_query(
        call, json_pack("{s:s, s:I}", "query", "cluster.transfer", "to", (json_int_t)node));
    if (answer == NULL)
        return call->error.code;
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, answer);
    else
        printf("node %llu leads in term %llu\n",
               (unsigned long long)cli_json_number(answer, "leader"),
               (unsigned long long)cli_json_number(answer, "term"));
    json_decref(answer);
    return VG_OK;
}

const struct cli_command cluster_commands[] = {
    {.name = "status",
     .summary = "Show leader, term and the state of each node",
     .examples = "  vigil cluster status\n"
                 "  vigil cluster status -o json | jq .leader",
     .run = run_status},
    {.name = "transfer",
     .summary = "Hand leadership to another node",
     .about =
         "The leader brings the node up to date, tells it to stand, and steps back. Writes go on\n"
         "after a pause of about one round trip.",
     .examples = "  vigil cluster transfer --to 2",
     .options = transfer_options,
     .run = run_transfer,
     .flags = CLI_CHANGES},
    {.name = NULL},
};
