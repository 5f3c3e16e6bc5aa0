/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ops/cli/cluster.h"
#include "ops/cli/core/output.h"
#include "ops/cli/drill.h"

enum { LAG_MAX = 100 }; /* entries that a follower may be behind */

/* All that the nodes said; entries are NULL where one did not. */
struct answers {
    struct cli_call *call;
    json_t *of[CLI_NODES_MAX];
    const json_t *leaders; /* borrowed; that of whoever leads, or NULL */
};

enum vg_code drill_refuse(struct cli_call *call, const char *format, ...)
{
    char text[VG_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    vg_fail(&call->error, VG_RULE, "%s", text);
    snprintf(call->error.rule, sizeof call->error.rule, "R32");
    return VG_RULE;
}

/* "a drill needs a whole cluster: node 2 ..." */
#define NOT_WHOLE(call, what, ...)                                                                 \
    drill_refuse(call,                                                                             \
                 "a drill needs a whole cluster: " what                                            \
                 "; mend that first, see vigil cluster status",                                    \
                 __VA_ARGS__)

static bool is_evicted(const json_t *row)
{
    return strcmp(cli_json_text(row, "role"), "evicted") == 0;
}

static enum vg_code check_answers(struct answers *answers)
{
    struct cli_call *call = answers->call;
    for (unsigned i = 0; i < call->settings.node_count; i++) {
        const json_t *one = answers->of[i];
        uint64_t self = cli_json_number(one, "answered_by");
        const json_t *drill = cli_json_at(cluster_row_of(one, self), "drill");
        if (one == NULL)
            return NOT_WHOLE(call, "%s does not answer", call->settings.nodes[i].url);
        if (cli_json_text(one, "stopped")[0] != '\0')
            return NOT_WHOLE(call, "node %" PRIu64 " applies nothing any more", self);
        if (cli_json_number(drill, "remaining_ms") > 0)
            return NOT_WHOLE(call, "node %" PRIu64 " holds the fault of drill %s", self,
                             cli_json_text(drill, "id"));
        if (self != 0 && cli_json_number(one, "leader") == self)
            answers->leaders = one;
    }
    return VG_OK;
}

/* All follow one leader, and it hears from them. */
static enum vg_code check_followers(const struct answers *answers)
{
    struct cli_call *call = answers->call;
    uint64_t leader = cli_json_number(answers->leaders, "leader");
    if (leader == 0)
        return NOT_WHOLE(call, "no node %s", "leads");
    size_t i;
    json_t *row;
    for (unsigned k = 0; k < call->settings.node_count; k++) {
        if (cli_json_number(answers->of[k], "leader") != leader)
            return NOT_WHOLE(call, "node %" PRIu64 " does not follow node %" PRIu64 ", which leads",
                             cli_json_number(answers->of[k], "answered_by"), leader);
    }
    json_array_foreach(json_object_get(answers->leaders, "nodes"), i, row)
    {
        if (is_evicted(row))
            continue;
        if (!json_is_true(json_object_get(row, "reachable")))
            return NOT_WHOLE(call, "node %" PRIu64 " cannot be reached by the leader",
                             cli_json_number(row, "id"));
        if (cli_json_number(row, "lag_entries") > LAG_MAX)
            return NOT_WHOLE(call, "node %" PRIu64 " is %" PRIu64 " entries behind",
                             cli_json_number(row, "id"), cli_json_number(row, "lag_entries"));
    }
    return VG_OK;
}

static enum vg_code add_region(struct cli_call *call, struct drill_cluster *cluster,
                               const char *name)
{
    for (uint32_t i = 0; i < cluster->region_count; i++) {
        if (strcmp(cluster->regions[i], name) == 0)
            return VG_OK;
    }
    if (cluster->region_count == MEASURE_REGIONS_MAX)
        return vg_fail(&call->error, VG_INVALID, "a drill measures at most %d regions",
                       MEASURE_REGIONS_MAX);
    snprintf(cluster->regions[cluster->region_count++], VG_NAME_MAX + 1, "%s", name);
    return VG_OK;
}

/* The members with their addresses, which the call must have of all. */
static enum vg_code take_nodes(const struct answers *answers, struct drill_cluster *out)
{
    struct cli_call *call = answers->call;
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(answers->of[0], "nodes"), i, row)
    {
        const char *region = cli_json_text(row, "region");
        uint64_t id = cli_json_number(row, "id");
        unsigned k = 0;
        if (is_evicted(row))
            continue;
        while (k < call->settings.node_count &&
               cli_json_number(answers->of[k], "answered_by") != id)
            k++;
        if (k == call->settings.node_count)
            return NOT_WHOLE(call, "node %" PRIu64 " is not among the nodes of this call (--node)",
                             id);
        struct drill_node *node = &out->nodes[out->count++];
        *node = (struct drill_node){.id = id, .at = call->settings.nodes[k]};
        snprintf(node->region, sizeof node->region, "%s", region);
        if (add_region(call, out, region) != VG_OK)
            return call->error.code;
    }
    return VG_OK;
}

enum vg_code drill_cluster_check(struct cli_call *call, struct drill_cluster *out)
{
    struct answers answers = {.call = call};
    *out = (struct drill_cluster){.count = 0};
    cluster_ask_each(call, answers.of);
    enum vg_code code = check_answers(&answers);
    if (code == VG_OK)
        code = take_nodes(&answers, out);
    if (code == VG_OK)
        code = check_followers(&answers);
    if (code == VG_OK)
        out->leader = cli_json_number(answers.leaders, "leader");
    for (unsigned i = 0; i < call->settings.node_count; i++)
        json_decref(answers.of[i]);
    return code;
}
