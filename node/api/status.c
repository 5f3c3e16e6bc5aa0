/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "node/api/api.h"
#include "node/api/compartments.h"
#include "node/api/epochs.h"
#include "node/api/text.h"
#include "proto/response/epochs.h"
#include "proto/response/nodes.h"

void api_status_figure(struct api_status *status, const char *name, uint64_t value)
{
    assert(status->figure_count < API_FIGURES_MAX);
    struct api_figure *figure = &status->figures[status->figure_count++];
    figure->value = value;
    snprintf(figure->name, sizeof figure->name, "%s", name);
}

/* Of what is served here and known to the asker. */
static json_t *state_hashes(struct response_machine *machine, const vg_id *asker)
{
    json_t *hashes = json_object();
    struct api_compartments known;
    api_compartments_known(machine, asker, &known);
    for (uint32_t i = 0; i < known.count; i++) {
        char name[VG_NAME_MAX + 1];
        if (!response_is_served(machine, &known.ids[i]))
            continue;
        vg_hash hash = response_state_hash(machine, &known.ids[i]);
        api_compartment_name(machine, &known.ids[i], name);
        api_set(hashes, name, api_hash(&hash));
    }
    return hashes;
}

/* What a node can read: this one's is level; of another only the log is known, which clears it. A
 * compartment in clear can be read by all. */
static bool reads(const struct response_machine *machine, const struct api_node_status *node,
                  const vg_id *compartment)
{
    if (node->self || response_epoch_in_force(machine, compartment) == 0)
        return response_is_served(machine, compartment);
    return response_epoch_holds(machine, compartment, node->id);
}

static json_t *clearance(struct response_machine *machine, const vg_id *asker,
                         const struct api_node_status *node)
{
    json_t *names = json_array();
    struct api_compartments all;
    api_compartments_all(machine, &all);
    for (uint32_t i = 0; i < all.count; i++) {
        char name[VG_NAME_MAX + 1];
        api_compartment_name_for(machine, asker, &all.ids[i], name);
        if (reads(machine, node, &all.ids[i]))
            json_array_append_new(names, json_string(name));
    }
    return names;
}

/* How a state differs tells its hashes, which are for who knows of the compartment. */
static json_t *why_of(const struct api_clearance *one, const struct response_machine *machine,
                      const vg_id *asker)
{
    bool shown = one->status != RESPONSE_DIVERGED ||
                 response_knows_compartment(machine, asker, &one->compartment);
    return api_string(shown ? one->why : "");
}

/* How the node that answers stands to each compartment. */
static json_t *compartments(const struct api_clearances *clearances,
                            const struct response_machine *machine, const vg_id *asker)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < clearances->count; i++) {
        const struct api_clearance *one = &clearances->all[i];
        json_t *out = json_object();
        char name[VG_NAME_MAX + 1];
        api_compartment_name_for(machine, asker, &one->compartment, name);
        api_set(out, "id", api_id(&one->compartment));
        api_set(out, "name", json_string(name));
        api_set(out, "status", json_string(response_status_name(one->status)));
        api_set(out, "epoch", api_uint(one->epoch));
        api_set(out, "applied_index", one->applied > 0 ? api_uint(one->applied) : json_null());
        api_set(out, "stopped", why_of(one, machine, asker));
        api_set(out, "shredding", api_shredding(machine, asker, &one->compartment));
        api_set_clearance(out, machine, asker, &one->compartment);
        json_array_append_new(list, out);
    }
    return list;
}

static json_t *uint_if(bool known, uint64_t value)
{
    return known ? api_uint(value) : json_null();
}

/* The fault that this node holds for a drill, or why it took none of the last. */
static json_t *drill(const struct api_status *status)
{
    json_t *out = json_object();
    api_set(out, "id", api_id(&status->drill));
    api_set(out, "kind", api_string(status->drill_kind));
    api_set(out, "remaining_ms", api_uint(status->drill_left_ms));
    api_set(out, "refused", api_string(status->drill_refused));
    return out;
}

/* What is to be done about a node's clock; "" if nothing is. */
static json_t *clock_words(const struct api_node_status *node)
{
    bool ahead = node->clock_ahead_ms > 0;
    uint64_t off_s = (uint64_t)(ahead ? node->clock_ahead_ms : -node->clock_ahead_ms) / 1000;
    char text[96] = "";
    if (node->clock_astray)
        snprintf(text, sizeof text, "its clock is %" PRIu64 " s %s; set it", off_s,
                 ahead ? "ahead of the others'" : "behind the others'");
    return api_string(text);
}

static const char *role_of(const struct api_node_status *node, struct response_machine *machine)
{
    struct response_eviction eviction;
    if (response_node_evicted(machine, node->id, &eviction))
        return "evicted";
    return node->leader ? "leader" : "voter";
}

static json_t *one_node(const struct api_status *status, const struct api_node_status *node,
                        struct response_machine *machine, const vg_id *asker)
{
    json_t *out = json_object();
    uint64_t known = node->self ? node->last : node->match;
    uint64_t lag = status->commit > known ? status->commit - known : 0;
    bool has_lag = node->self || node->has_match;
    api_set(out, "id", api_uint(node->id.value));
    api_set(out, "region", api_string(node->region));
    api_set(out, "role", json_string(role_of(node, machine)));
    api_set(out, "reachable", json_boolean(node->reachable));
    api_set(out, "last_index", uint_if(node->self, node->last));
    api_set(out, "match_index", uint_if(node->has_match, node->match));
    api_set(out, "applied_index", uint_if(node->self, node->applied));
    api_set(out, "lag_entries", uint_if(has_lag, lag));
    api_set(out, "damaged", uint_if(node->self, node->damaged));
    api_set(out, "repaired", uint_if(node->self, node->repaired));
    api_set(out, "refused_peers", uint_if(node->self, node->refused_peers));
    api_set(out, "refused_clients", uint_if(node->self, node->refused_clients));
    api_set(out, "damage", api_string(node->self ? status->damage : ""));
    api_set(out, "stopped", api_string(node->self ? status->stopped : ""));
    api_set(out, "clock_ahead_ms",
            node->has_match ? json_integer(node->clock_ahead_ms) : json_null());
    api_set(out, "clock", clock_words(node));
    bool has_rtt = node->reachable && node->rtt_us > 0;
    api_set(out, "rtt_ms", has_rtt ? json_real((double)node->rtt_us / 1000) : json_null());
    api_set(out, "clearance", clearance(machine, asker, node));
    bool drills = node->self && !vg_id_is_zero(&status->drill);
    api_set(out, "drill", drills ? drill(status) : json_null());
    api_set(out, "version", node->self ? json_string(VIGIL_VERSION) : json_null());
    return out;
}

json_t *api_status_answer(const struct api_status *status, const struct api_clearances *clearances,
                          struct response_machine *machine, const vg_id *asker)
{
    json_t *out = json_object();
    json_t *nodes = json_array();
    for (uint32_t i = 0; i < status->node_count; i++)
        json_array_append_new(nodes, one_node(status, &status->nodes[i], machine, asker));
    api_set(out, "cluster_id", api_hash(&status->cluster));
    api_set(out, "answered_by", api_uint(status->self.value));
    api_set(out, "leader", uint_if(status->leader.value != 0, status->leader.value));
    api_set(out, "term", api_uint(status->term));
    api_set(out, "commit_index", api_uint(status->commit));
    api_set(out, "applied_index", api_uint(status->applied));
    api_set(out, "quorum", api_uint(status->quorum));
    api_set(out, "healthy", json_boolean(status->healthy));
    api_set(out, "stopped", api_string(status->stopped));
    api_set(out, "on_duty_region", json_null());
    api_set(out, "nodes", nodes);
    api_set(out, "compartments", compartments(clearances, machine, asker));
    api_set(out, "state_hashes", state_hashes(machine, asker));
    return out;
}

/* Whether a command was refused is known to who may read it alone; how many were, all compartments
 * together, to those who keep the cluster running. */
static void set_counters(json_t *out, const struct response_machine *machine, const vg_id *asker)
{
    struct response_counters counters;
    bool shown = response_manages(machine, asker);
    response_counters_get(machine, &counters);
    api_set(out, "commands_accepted", uint_if(shown, counters.accepted));
    api_set(out, "commands_refused", uint_if(shown, counters.refused));
    api_set(out, "commands_repeated", uint_if(shown, counters.repeated));
    api_set(out, "entries_void", uint_if(shown, counters.voided));
    api_set(out, "entries_blind", uint_if(shown, counters.blind));
}

json_t *api_figures_answer(const struct api_status *status, struct response_machine *machine,
                           const vg_id *asker)
{
    json_t *out = json_object();
    api_set(out, "node", api_uint(status->self.value));
    api_set(out, "role", json_string(status->role));
    api_set(out, "term", api_uint(status->term));
    api_set(out, "leader", uint_if(status->leader.value != 0, status->leader.value));
    api_set(out, "commit_index", api_uint(status->commit));
    api_set(out, "applied_index", api_uint(response_cursor(machine)));
    for (uint32_t i = 0; i < status->figure_count; i++)
        api_set(out, status->figures[i].name, api_uint(status->figures[i].value));
    set_counters(out, machine, asker);
    api_set(out, "state_hashes", state_hashes(machine, asker));
    return out;
}
