/* SPDX-License-Identifier: Apache-2.0
 * `vigil cluster`: what the nodes are doing, and who leads. */
#include <pthread.h>
#include <stdio.h>

#include "ops/cli/cluster.h"
#include "ops/cli/commands.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "ops/cli/rekey.h"
#include "ops/cli/view/clearances.h"

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

static const struct cli_column clearance_columns[] = {
    {.title = "COMPARTMENT", .path = "name"},
    {.title = "CLEARED", .path = "cleared", .number = true},
    {.title = "LEAST", .path = "least", .number = true},
    {.title = "NODES", .path = "nodes"},
    {.title = "NOTE", .path = "note"},
    {.title = NULL},
};

/* ---- status ------------------------------------------------------------------------------------
 * A node knows itself and, if it leads, what it knows of the others; so each is asked, at the same
 * time, and what each says of itself is put into the leader's document. */

enum { ASK_MS = 1000 };

struct ask {
    const struct cli_access *access;
    const struct cli_node *node;
    pthread_t thread;
    bool started;
    json_t *status; /* NULL: did not answer */
};

static void *ask_node(void *context)
{
    struct ask *ask = context;
    ask->status = cli_ask_apart(ask->access, ask->node, 1, ASK_MS, "cluster.status");
    return NULL;
}

void cluster_ask_each(struct cli_call *call, json_t *out[CLI_NODES_MAX])
{
    struct ask asks[CLI_NODES_MAX];
    unsigned count = call->settings.node_count;
    for (unsigned i = 0; i < count; i++) {
        asks[i] = (struct ask){.access = cli_access(call), .node = &call->settings.nodes[i]};
        asks[i].started = pthread_create(&asks[i].thread, NULL, ask_node, &asks[i]) == 0;
    }
    for (unsigned i = 0; i < count; i++) {
        if (asks[i].started)
            pthread_join(asks[i].thread, NULL);
        out[i] = asks[i].status;
    }
}

/* The answer of the leader of the latest term, else of the latest term. */
static json_t *choose(json_t *const *answers, unsigned count)
{
    json_t *chosen = NULL;
    uint64_t best = 0;
    for (unsigned i = 0; i < count; i++) {
        uint64_t self = cli_json_number(answers[i], "answered_by");
        bool leads = self != 0 && cli_json_number(answers[i], "leader") == self;
        uint64_t rank = 2 * cli_json_number(answers[i], "term") + leads;
        if (answers[i] != NULL && (chosen == NULL || rank > best)) {
            chosen = answers[i];
            best = rank;
        }
    }
    return json_incref(chosen);
}

json_t *cluster_row_of(const json_t *status, uint64_t node)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(status, "nodes"), i, row)
    {
        if (cli_json_number(row, "id") == node)
            return row;
    }
    return NULL;
}

static void merge(json_t *into, const json_t *from)
{
    static const char *const own[] = {"last_index",    "applied_index",   "version",  "drill",
                                      "damaged",       "repaired",        "damage",   "stopped",
                                      "refused_peers", "refused_clients", "clearance"};
    uint64_t node = cli_json_number(from, "answered_by");
    json_t *row = cluster_row_of(into, node);
    const json_t *said = cluster_row_of(from, node);
    if (row == NULL || said == NULL)
        return;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        json_object_set(row, own[i], json_object_get(said, own[i]));
    json_object_set(row, "state_hashes", json_object_get(from, "state_hashes"));
    json_object_set(row, "compartments", json_object_get(from, "compartments"));
}

static json_t *ask_status(struct cli_call *call)
{
    json_t *answers[CLI_NODES_MAX];
    unsigned count = call->settings.node_count;
    cluster_ask_each(call, answers);
    json_t *status = choose(answers, count);
    for (unsigned i = 0; i < count; i++) {
        if (answers[i] != NULL)
            merge(status, answers[i]);
        json_decref(answers[i]);
    }
    if (status != NULL)
        return status;
    return cli_query(call, json_pack("{s:s}", "query", "cluster.status"));
}

/* Why the cluster is not whole, a line each: the last of the summary. */
static void print_degraded(const json_t *status)
{
    size_t i;
    const json_t *reason;
    json_array_foreach(json_object_get(status, "degraded"), i, reason)
    {
        printf("%-14s", i == 0 ? "degraded" : "");
        cli_print_inline(stdout, json_string_value(reason));
        putchar('\n');
    }
}

/* Who is cleared for each compartment, and how they stand. */
static void print_clearances(const struct cli_call *call, const json_t *status)
{
    json_t *rows = view_clearances(status);
    if (json_array_size(rows) > 0) {
        fputc('\n', stdout);
        cli_print_table(stdout, call->settings.output, rows, clearance_columns);
    }
    json_decref(rows);
}

/* Why a node does not go on with a compartment: a line each. */
static void print_stopped(const json_t *node)
{
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(node, "compartments"), i, one)
    {
        if (*cli_json_text(one, "stopped") == '\0')
            continue;
        printf("node %llu: compartment ", (unsigned long long)cli_json_number(node, "id"));
        cli_print_inline(stdout, cli_json_text(one, "name"));
        printf(": %s: ", cli_json_text(one, "status"));
        cli_print_inline(stdout, cli_json_text(one, "stopped"));
        putchar('\n');
    }
}

/* What a node found wrong with its own log, and what it waits for, in lines below the table. */
static void print_damage(const json_t *nodes)
{
    size_t i;
    const json_t *node;
    json_array_foreach(nodes, i, node)
    {
        static const char *const whys[] = {"stopped", "damage", "clock"};
        uint64_t damaged = cli_json_number(node, "damaged");
        unsigned long long id = cli_json_number(node, "id");
        if (damaged > 0)
            printf("node %llu: %llu entries found damaged, %llu fetched again\n", id,
                   (unsigned long long)damaged,
                   (unsigned long long)cli_json_number(node, "repaired"));
        for (size_t k = 0; k < sizeof whys / sizeof *whys; k++) {
            const char *why = cli_json_text(node, whys[k]);
            if (*why == '\0')
                continue;
            printf("node %llu: ", id);
            cli_print_inline(stdout, why);
            putchar('\n');
        }
        print_stopped(node);
    }
}

static enum vg_code run_status(struct cli_call *call)
{
    json_t *status = ask_status(call);
    if (status == NULL)
        return call->error.code;
    json_object_set_new(status, "degraded", view_degraded(status));
    if (cli_is_json(call->settings.output)) {
        cli_print_json(stdout, call->settings.output, status);
    } else {
        cli_print_fields(stdout, status, summary_columns);
        print_degraded(status);
        fputc('\n', stdout);
        cli_print_table(stdout, call->settings.output, json_object_get(status, "nodes"),
                        node_columns);
        print_clearances(call, status);
        print_damage(json_object_get(status, "nodes"));
    }
    json_decref(status);
    return VG_OK;
}

/* ---- transfer ----------------------------------------------------------------------------------
 */

static const struct cli_option transfer_options[] = {
    {.name = "to", .value = "NODE", .help = "the node that is to lead"},
    {.name = NULL},
};

static enum vg_code check_node(struct cli_call *call, uint64_t node)
{
    json_t *status = ask_status(call);
    if (status != NULL && cluster_row_of(status, node) == NULL)
        vg_fail(&call->error, VG_NOT_FOUND,
                "the cluster has no node %llu; see 'vigil cluster status'",
                (unsigned long long)node);
    json_decref(status);
    return call->error.code;
}

static enum vg_code run_transfer(struct cli_call *call)
{
    const char *to;
    uint64_t node;
    enum vg_code code = cli_required(call, "to", &to);
    if (code == VG_OK)
        code = cli_number_parse(to, "--to", 1, INT64_MAX, &node, &call->error);
    if (code == VG_OK)
        code = check_node(call, node);
    if (code != VG_OK)
        return code;
    if (call->settings.dry_run) {
        cli_print_would(call->settings.output, "hand leadership to node %s", to);
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

static const struct cli_command member_commands[] = {
    {.name = "remove",
     .words = "NODE",
     .words_min = 1,
     .words_max = 1,
     .summary = "Evict a node: from there on no other has anything to do with it",
     .about =
         "For good: neither its id nor its keys are ever used again. Its seat stays counted, so\n"
         "as many nodes must agree as before. What it had the keys of is sealed under fresh\n"
         "ones, if you are a key officer too; else ask one: vigil compartment rotate.",
     .examples = "  vigil cluster members remove 3",
     .run = cluster_evict,
     .op = RESPONSE_OP_EVICT,
     .fields = "node",
     .flags = CLI_CHANGES | CLI_FINAL},
    {.name = "rekey",
     .words = "NODE",
     .words_min = 1,
     .words_max = 1,
     .summary = "Propose new keys for a node; prints the proposal",
     .about =
         "Whoever runs the node makes them (vigil identity new --for-node NODE) and gives you "
         "what\n"
         "'vigil identity show FILE -o json' prints. Another operator or key officer approves.\n"
         "With that entry the node ends, and starts again with the new keys once its "
         "configuration\n"
         "names them and says key_replaced: yes.",
     .examples = "  vigil cluster members rekey 3 --public node-3.json\n"
                 "  vigil proposal approve ID",
     .options = rekey_options,
     .run = rekey_node,
     .flags = CLI_CHANGES},
    {.name = NULL},
};

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
         "after a pause of about one round trip. For operators.",
     .examples = "  vigil cluster transfer --to 2",
     .options = transfer_options,
     .run = run_transfer,
     .flags = CLI_CHANGES},
    {.name = "drill",
     .summary = "Rehearse a failure on the live cluster, with a second person's approval",
     .children = drill_commands,
     .examples =
         "  vigil cluster drill leader-loss --reason 'quarterly rehearsal' --html report.html\n"
         "  vigil cluster drill list"},
    {.name = "members",
     .summary = "Show whose keys make the cluster, with the fingerprints that people compare",
     .about = "Bindings are verified here, whatever the node says of them.",
     .examples = "  vigil cluster members\n"
                 "  vigil cluster members -o wide",
     .children = member_commands,
     .run = cluster_members},
    {.name = "init",
     .words = "PLAN",
     .words_min = 1,
     .words_max = 1,
     .summary = "Found a cluster: from a plan and public keys, the file that all others join by",
     .about =
         "The plan is YAML and names the public halves of nodes and people; docs/bootstrap.md\n"
         "has one. Compare each fingerprint with its holder, by voice: --dry-run shows them.",
     .examples = "  vigil cluster init plan.yaml --dry-run\n"
                 "  vigil cluster init plan.yaml --out cluster.json",
     .options = cluster_init_options,
     .run = cluster_init,
     .flags = CLI_CHANGES | CLI_LOCAL},
    {.name = "join",
     .words = "FILE",
     .words_min = 1,
     .words_max = 1,
     .summary = "Join a cluster by its fingerprint: genesis, configuration and context",
     .about =
         "The file comes from the cluster's founder by any way; the fingerprint comes by voice.\n"
         "A node's keys, and yours, must be in it as they are here.",
     .examples = "  vigil cluster join cluster.json --fingerprint '8f2c 91d0 ...' --key node.key\n"
                 "  vigil cluster join cluster.json --fingerprint '8f2c 91d0 ...'",
     .options = cluster_join_options,
     .run = cluster_join,
     .flags = CLI_CHANGES | CLI_LOCAL},
    {.name = "setup",
     .words = "PLAN",
     .words_min = 1,
     .words_max = 1,
     .summary = "Give a new cluster's people and its first compartment the names of the plan",
     .about = "Safe to repeat. By an operator, once the cluster serves.",
     .examples = "  vigil cluster setup plan.yaml",
     .run = cluster_setup,
     .flags = CLI_CHANGES},
    {.name = NULL},
};
