/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/dev/dev.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ops/cli/compartment.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "ops/dev/clear.h"
#include "ops/dev/node.h"
#include "ops/dev/setup.h"

enum { TIMEOUT_MIN_MS = 20, TIMEOUT_MAX_MS = 60000, TIMEOUT_DEFAULT_MS = 300 };

static const struct cli_option dir_options[] = {
    {.name = "dir", .value = "DIR", .help = "the cluster's folder (.vigil/dev)"},
    {.name = NULL},
};

static const struct cli_option up_options[] = {
    {.name = "dir", .value = "DIR", .help = "the cluster's folder (.vigil/dev)"},
    {.name = "nodes", .value = "N", .help = "how many nodes (3)"},
    {.name = "people", .value = "N", .help = "how many people have keys (1)"},
    {.name = "regions", .value = "NAME,...", .help = "their regions (apac,emea,amer)"},
    {.name = "clear",
     .value = "NODE=NAME,...",
     .help = "compartments beside default, and who is cleared for them: 1=acme,bolt,2=acme",
     .repeats = true},
    {.name = "election-timeout-ms", .value = "MS", .help = "shortest election timeout (300)"},
    {.name = NULL},
};

static const struct cli_option down_options[] = {
    {.name = "dir", .value = "DIR", .help = "the cluster's folder (.vigil/dev)"},
    {.name = "delete", .help = "remove the folder too, with all its data"},
    {.name = NULL},
};

static const struct cli_column node_columns[] = {
    {.title = "NODE", .path = "id", .number = true},
    {.title = "REGION", .path = "region"},
    {.title = "STATE", .path = "state"},
    {.title = "PID", .path = "pid", .number = true},
    {.title = "CLIENT", .path = "client"},
    {.title = "PEER", .path = "peer", .wide = true},
    {.title = "LOG", .path = "log", .wide = true},
    {.title = NULL},
};

static const char *dir_of(const struct cli_call *call)
{
    const char *dir = cli_text(call, "dir");
    return dir != NULL ? dir : ".vigil/dev";
}

static void print_cluster(struct cli_call *call, const struct dev_cluster *cluster)
{
    json_t *document = dev_cluster_describe(cluster);
    if (cli_is_json(call->settings.output)) {
        cli_print_json(stdout, call->settings.output, document);
    } else {
        printf("cluster %.16s in %s, context %s\n", cluster->cluster, cluster->dir,
               cluster->context);
        cli_print_table(stdout, call->settings.output, json_object_get(document, "nodes"),
                        node_columns);
    }
    json_decref(document);
}

static enum vg_code check_regions(struct cli_call *call, const char *regions)
{
    for (const char *at = regions;; at++) {
        size_t size = strcspn(at, ",");
        if (size == 0 || size > VG_NAME_MAX)
            return vg_fail(&call->error, VG_USAGE,
                           "--regions is '%s'; write names of 1 to %d bytes with commas between",
                           regions, VG_NAME_MAX);
        at += size;
        if (*at == 0)
            return VG_OK;
    }
}

static enum vg_code read_clear(struct cli_call *call, uint32_t nodes, struct dev_clear *out)
{
    enum vg_code code = VG_OK;
    out->count = 0;
    for (int i = 0; code == VG_OK && i < call->value_count; i++)
        if (strcmp(call->values[i].option->name, "clear") == 0)
            code = dev_clear_parse(call->values[i].text, nodes, out, &call->error);
    return code;
}

static enum vg_code read_plan(struct cli_call *call, struct dev_plan *plan)
{
    uint64_t nodes, people, timeout_ms;
    const char *regions = cli_text(call, "regions");
    enum vg_code code = cli_number(call, "nodes", 1, VG_NODES_MAX, 3, &nodes);
    if (code == VG_OK)
        code = cli_number(call, "people", 1, VG_PEOPLE_MAX, 1, &people);
    if (code == VG_OK)
        code = cli_number(call, "election-timeout-ms", TIMEOUT_MIN_MS, TIMEOUT_MAX_MS,
                          TIMEOUT_DEFAULT_MS, &timeout_ms);
    if (code != VG_OK)
        return code;
    *plan = (struct dev_plan){.nodes = (uint32_t)nodes,
                              .people = (uint32_t)people,
                              .election_timeout_ms = (uint32_t)timeout_ms,
                              .regions = regions != NULL ? regions : "apac,emea,amer"};
    return check_regions(call, plan->regions);
}

/* What is there is taken as it is; asking for something else is an error, not a change. */
static enum vg_code check_plan(struct cli_call *call, const struct dev_plan *plan,
                               const struct dev_cluster *cluster)
{
    const struct {
        const char *option;
        uint32_t asked, there;
    } checks[] = {{"nodes", plan->nodes, cluster->node_count},
                  {"people", plan->people, cluster->people},
                  {"election-timeout-ms", plan->election_timeout_ms, cluster->election_timeout_ms}};
    for (unsigned i = 0; i < sizeof checks / sizeof *checks; i++)
        if (cli_flag(call, checks[i].option) && checks[i].asked != checks[i].there)
            return vg_fail(&call->error, VG_EXISTS,
                           "the cluster in %s was made with --%s %u; give another --dir for %u",
                           cluster->dir, checks[i].option, checks[i].there, checks[i].asked);
    return VG_OK;
}

static enum vg_code open_or_make(struct cli_call *call, struct dev_cluster *cluster,
                                 struct dev_clear *clear)
{
    struct dev_plan plan;
    enum vg_code code = read_plan(call, &plan);
    if (code != VG_OK)
        return code;
    code = dev_cluster_open(dir_of(call), cluster, &call->error);
    bool is_new = code == VG_NOT_FOUND;
    if (code != VG_OK && !is_new)
        return code;
    /* what is wrong in it is said before anything is made */
    if (read_clear(call, is_new ? plan.nodes : cluster->node_count, clear) != VG_OK) {
        if (!is_new)
            dev_cluster_close(cluster);
        return call->error.code;
    }
    if (is_new)
        return dev_cluster_make(dir_of(call), &plan, cluster, &call->error);
    code = check_plan(call, &plan, cluster);
    if (code != VG_OK)
        dev_cluster_close(cluster);
    return code;
}

static enum vg_code start_all(struct cli_call *call, struct dev_cluster *cluster)
{
    enum vg_code code = VG_OK;
    for (uint32_t i = 0; code == VG_OK && i < cluster->node_count; i++) {
        struct dev_node *node = &cluster->nodes[i];
        enum dev_state state = dev_node_state(node);
        if (state == DEV_STOPPED)
            code = dev_node_start(cluster, node, NULL, &call->error);
        else if (state == DEV_PAUSED)
            code = dev_node_resume(node, &call->error);
    }
    enum vg_code saved = dev_cluster_save(cluster, code == VG_OK ? &call->error : NULL);
    return code == VG_OK ? saved : code;
}

/* ---- compartments beside `default` -------------------------------------------------------------
 */

/* Whether a compartment that is there is for exactly these nodes; else another cluster is asked
 * for. */
static enum vg_code check_cleared(struct cli_call *call, const struct dev_cluster *cluster,
                                  const struct dev_cleared *one)
{
    json_t *document = compartment_ask(call, one->name);
    if (document == NULL)
        return call->error.code;
    size_t i;
    json_t *holder;
    uint32_t found = 0, others = 0;
    json_array_foreach(json_object_get(document, "holders"), i, holder)
    {
        uint64_t node = cli_json_number(holder, "node");
        bool wanted = false;
        for (uint32_t k = 0; k < one->node_count; k++)
            wanted = wanted || one->nodes[k] == node;
        found += wanted;
        others += node != 0 && !wanted;
    }
    json_decref(document);
    return found == one->node_count && others == 0
               ? VG_OK
               : vg_fail(&call->error, VG_EXISTS,
                         "the cluster in %s has a compartment \"%s\" for other nodes; change it "
                         "with vigil compartment grant and revoke, or give another --dir",
                         cluster->dir, one->name);
}

/* The id of a compartment by its name, as the directory had it when the call began. */
static bool find_named(const struct cli_call *call, const char *name, vg_id *out)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(call->author->names, "compartments"), i, entry)
    {
        if (strcmp(cli_json_text(entry, "name"), name) == 0)
            return vg_id_parse(cli_json_text(entry, "id"), out);
    }
    return false;
}

static enum vg_code clear_all(struct cli_call *call, const struct dev_cluster *cluster,
                              const struct dev_clear *clear)
{
    enum vg_code code = VG_OK;
    for (uint32_t i = 0; code == VG_OK && i < clear->count; i++) {
        const struct dev_cleared *one = &clear->all[i];
        struct clearing_nodes nodes = {.count = 0};
        vg_id id;
        for (uint32_t k = 0; k < one->node_count; k++)
            clearing_nodes_add(&nodes, one->nodes[k]);
        code = find_named(call, one->name, &id) ? check_cleared(call, cluster, one)
                                                : compartment_create(call, one->name, &nodes, &id);
        if (code == VG_OK)
            code = dev_fill_compartment(call, cluster, &id);
    }
    return code;
}

static enum vg_code run_up(struct cli_call *call)
{
    struct dev_cluster cluster;
    struct dev_clear clear;
    if (call->settings.dry_run) {
        struct dev_plan plan;
        if (read_plan(call, &plan) != VG_OK || read_clear(call, plan.nodes, &clear) != VG_OK)
            return call->error.code;
        cli_print_would(call->settings.output, "start %u nodes in %s and write contexts",
                        plan.nodes, dir_of(call));
        return VG_OK;
    }
    enum vg_code code = open_or_make(call, &cluster, &clear);
    if (code != VG_OK)
        return code;
    dev_point_call(call, &cluster);
    code = start_all(call, &cluster);
    if (code == VG_OK)
        code = dev_await_leader(call, &cluster);
    if (code == VG_OK)
        code = dev_fill_directory(call, &cluster);
    if (code == VG_OK)
        code = clear_all(call, &cluster, &clear);
    if (code == VG_OK)
        code = dev_write_contexts(call, &cluster);
    if (code == VG_OK)
        code = dev_cluster_save(&cluster, &call->error);
    if (code == VG_OK)
        print_cluster(call, &cluster);
    dev_cluster_close(&cluster);
    return code;
}

static enum vg_code run_status(struct cli_call *call)
{
    struct dev_cluster cluster;
    enum vg_code code = dev_cluster_open(dir_of(call), &cluster, &call->error);
    if (code != VG_OK)
        return code;
    print_cluster(call, &cluster);
    dev_cluster_close(&cluster);
    return VG_OK;
}

static enum vg_code run_down(struct cli_call *call)
{
    struct dev_cluster cluster;
    enum vg_code code = dev_cluster_open(dir_of(call), &cluster, &call->error);
    if (code != VG_OK)
        return code;
    bool delete = cli_flag(call, "delete");
    if (call->settings.dry_run) {
        cli_print_would(call->settings.output, "stop %u nodes%s", cluster.node_count,
                        delete ? " and remove their data" : "");
    } else {
        for (uint32_t i = 0; i < cluster.node_count; i++)
            dev_node_stop(&cluster.nodes[i]);
        if (delete)
            code = dev_cluster_delete(&cluster, &call->error);
        if (code == VG_OK)
            print_cluster(call, &cluster);
    }
    dev_cluster_close(&cluster);
    return code;
}

/* ---- one node ----------------------------------------------------------------------------------
 */

static enum vg_code restart(struct dev_cluster *cluster, struct dev_node *node,
                            struct vg_error *error)
{
    dev_node_stop(node);
    enum vg_code code = dev_node_start(cluster, node, NULL, error);
    if (code == VG_OK)
        code = dev_cluster_save(cluster, error);
    return code == VG_OK ? dev_await_node(cluster, node, error) : code;
}

/* Signals by the command's name. */
static const struct {
    const char *name;
    enum vg_code (*act)(const struct dev_node *node, struct vg_error *error);
} signals[] = {{"kill", dev_node_kill}, {"pause", dev_node_pause}, {"resume", dev_node_resume}};

static enum vg_code act_on(struct cli_call *call, struct dev_cluster *cluster,
                           struct dev_node *node)
{
    const char *name = call->command->name;
    enum vg_code code = VG_OK;
    if (call->settings.dry_run) {
        cli_print_would(call->settings.output, "%s node %llu", name, (unsigned long long)node->id);
        return VG_OK;
    }
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        if (strcmp(signals[i].name, name) == 0)
            code = signals[i].act(node, &call->error);
    if (strcmp(name, "restart") == 0)
        code = restart(cluster, node, &call->error);
    if (code == VG_OK)
        print_cluster(call, cluster);
    return code;
}

static enum vg_code run_on_node(struct cli_call *call)
{
    struct dev_cluster cluster;
    struct dev_node *node;
    enum vg_code code = dev_cluster_open(dir_of(call), &cluster, &call->error);
    if (code != VG_OK)
        return code;
    code = dev_cluster_find(&cluster, call->words[0], &node, &call->error);
    if (code == VG_OK)
        code = act_on(call, &cluster, node);
    dev_cluster_close(&cluster);
    return code;
}

#define ON_NODE(verb, does, shows)                                                                 \
    {                                                                                              \
        .name = verb, .words = "NODE", .summary = does, .examples = shows, .options = dir_options, \
        .run = run_on_node, .words_min = 1, .words_max = 1, .flags = CLI_CHANGES | CLI_LOCAL       \
    }

const struct cli_command dev_commands[] = {
    {.name = "up",
     .summary = "Start a cluster, or what is missing of it",
     .about =
         "Makes keys, a genesis and configurations in the folder, starts the nodes on free\n"
         "loopback ports, and returns when a leader serves. The first person has every role;\n"
         "the others respond and manage, and all are on call. Each has a context, whose first\n"
         "node is in another region; that of the first person becomes current. --clear makes\n"
         "further compartments, for exactly the nodes it names, so that the others are blind.",
     .examples = "  vigil dev up\n"
                 "  vigil dev up --dir /tmp/c5 --nodes 5 --people 3 -o json\n"
                 "  vigil dev up --clear 1=acme,bolt,2=acme",
     .options = up_options,
     .run = run_up,
     .flags = CLI_CHANGES | CLI_LOCAL},
    {.name = "down",
     .summary = "Stop all nodes; the data stays",
     .examples = "  vigil dev down\n"
                 "  vigil dev down --delete",
     .options = down_options,
     .run = run_down,
     .flags = CLI_CHANGES | CLI_LOCAL},
    {.name = "status",
     .summary = "Show the nodes and their processes",
     .examples = "  vigil dev status -o wide",
     .options = dir_options,
     .run = run_status,
     .flags = CLI_LOCAL},
    ON_NODE("kill", "End a node at once (SIGKILL)", "  vigil dev kill 1"),
    ON_NODE("pause", "Stop a node's process (SIGSTOP)", "  vigil dev pause emea"),
    ON_NODE("resume", "Let a paused node go on (SIGCONT)", "  vigil dev resume emea"),
    ON_NODE("restart", "Stop a node (SIGTERM) if it runs, and start it again",
            "  vigil dev restart 1"),
    {.name = NULL},
};
