/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/epochs.h"

#include "node/api/compartments.h"
#include "node/api/text.h"
#include "proto/response/checkpoint.h"
#include "proto/response/clearance.h"
#include "proto/response/nodes.h"
#include "proto/response/shred.h"

static json_t *public_key(const vg_box_public *key)
{
    vg_hash bytes;
    memcpy(bytes.bytes, key->bytes, sizeof bytes.bytes);
    return api_hash(&bytes);
}

/* Each holder of the key: a node, or the recovery key as null. */
static json_t *holders_of(const struct response_machine *machine,
                          const struct compartment_epoch *epoch)
{
    json_t *out = json_array();
    for (uint32_t i = 0; i < epoch->wrap_count; i++) {
        const struct compartment_wrap *wrap = &epoch->wraps[i];
        bool is_node = wrap->holder.value != COMPARTMENT_RECOVERY;
        json_t *holder = json_object();
        struct response_eviction eviction;
        api_set(holder, "node", is_node ? api_uint(wrap->holder.value) : json_null());
        api_set(holder, "unwrap_key", public_key(&wrap->unwrap));
        api_set(holder, "evicted",
                json_boolean(response_node_evicted(machine, wrap->holder, &eviction)));
        json_array_append_new(out, holder);
    }
    return out;
}

static json_t *record_of(const struct compartment_epoch *epoch)
{
    uint8_t record[COMPARTMENT_EPOCH_MAX];
    return api_base64(vg_span_of(record, compartment_epoch_encode(epoch, record)));
}

json_t *api_offer(vg_node_id node, const struct vg_unwrap_key *unwrap)
{
    json_t *out = json_object();
    api_set(out, "node", api_uint(node.value));
    api_set(out, "compartment", api_id(&unwrap->compartment));
    api_set(out, "unwrap_key", public_key(&unwrap->key));
    api_set(out, "unwrap_binding",
            api_hex(vg_span_of(unwrap->binding.bytes, sizeof unwrap->binding)));
    return out;
}

json_t *api_prepared(vg_node_id node, const struct compartment_epoch *epoch)
{
    json_t *out = json_object();
    api_set(out, "node", api_uint(node.value));
    api_set(out, "record", record_of(epoch));
    return out;
}

static json_t *override_of(const struct response_machine *machine, const vg_id *id)
{
    struct response_override given;
    if (vg_id_is_zero(id) || !response_override_get(machine, id, &given))
        return json_null();
    json_t *out = json_object();
    api_set(out, "id", api_id(id));
    api_set(out, "author", api_id(&given.author));
    api_set(out, "at", api_time(given.at));
    api_set(out, "reason", api_span(given.reason));
    return out;
}

/* Who was revoked, and has attested or has still to. */
static json_t *revoked_of(const struct response_machine *machine, const vg_id *compartment)
{
    json_t *out = json_array();
    struct response_revoked revoked = {.epoch = 0};
    while (response_revoked_next(machine, compartment, &revoked)) {
        struct response_eviction eviction;
        json_t *row = json_object();
        api_set(row, "node", api_uint(revoked.node.value));
        api_set(row, "epoch", api_uint(revoked.epoch));
        api_set(row, "since", api_uint(revoked.index));
        api_set(row, "attested", revoked.attested > 0 ? api_uint(revoked.attested) : json_null());
        api_set(row, "evicted",
                json_boolean(response_node_evicted(machine, revoked.node, &eviction)));
        json_array_append_new(out, row);
    }
    return out;
}

static json_t *nodes_of(const struct response_machine *machine, const vg_id *compartment)
{
    json_t *out = json_array();
    vg_node_id nodes[VG_NODES_MAX];
    uint32_t count = response_epoch_nodes(machine, compartment, nodes);
    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(out, api_uint(nodes[i].value));
    return out;
}

/* Nodes that have still to say that their key is destroyed. */
static json_t *unattested_of(const struct response_machine *machine, const vg_id *compartment)
{
    json_t *out = json_array();
    struct response_revoked revoked = {.epoch = 0};
    while (response_revoked_next(machine, compartment, &revoked)) {
        if (revoked.attested == 0)
            json_array_append_new(out, api_uint(revoked.node.value));
    }
    return out;
}

/* How many must hold it, and why fewer do, which is for who knows the compartment. */
static void set_least(json_t *out, const struct response_machine *machine, const vg_id *asker,
                      const vg_id *compartment, const struct response_clearance *clearance)
{
    bool known = response_knows_compartment(machine, asker, compartment);
    api_set(out, "min_cleared", api_uint(clearance->min_cleared));
    api_set(out, "override", known ? override_of(machine, &clearance->override_) : json_null());
}

void api_set_clearance(json_t *out, const struct response_machine *machine, const vg_id *asker,
                       const vg_id *compartment)
{
    struct response_clearance clearance;
    response_clearance_get(machine, compartment, &clearance);
    api_set(out, "holders", nodes_of(machine, compartment));
    set_least(out, machine, asker, compartment, &clearance);
    api_set(out, "unattested", unattested_of(machine, compartment));
}

static void add_clearance(const struct response_machine *machine, const vg_id *asker,
                          const vg_id *compartment, json_t *out)
{
    struct response_clearance clearance;
    json_t *boundary = json_array();
    response_clearance_get(machine, compartment, &clearance);
    for (uint32_t i = 0; i < clearance.region_count; i++)
        json_array_append_new(boundary, json_string(clearance.boundary[i]));
    api_set(out, "boundary", boundary);
    set_least(out, machine, asker, compartment, &clearance);
    api_set(out, "revoked", revoked_of(machine, compartment));
}

static json_t *recovery_of(const struct response_machine *machine, const vg_id *asker,
                           const vg_id *compartment, const struct response_shredded *shredded)
{
    json_t *out = json_object();
    char name[VG_NAME_MAX + 1] = "";
    vg_id other;
    if (response_recovery_shared(machine, compartment, &shredded->recovery, &other))
        api_compartment_name_for(machine, asker, &other, name);
    api_set(out, "unwrap_key", public_key(&shredded->recovery));
    api_set(out, "attested",
            shredded->recovery_gone > 0 ? api_uint(shredded->recovery_gone) : json_null());
    api_set(out, "also_of", api_string(name));
    return out;
}

json_t *api_shredding(const struct response_machine *machine, const vg_id *asker,
                      const vg_id *compartment)
{
    struct response_shredded shredded;
    if (!response_shredded_get(machine, compartment, &shredded))
        return json_null();
    json_t *out = json_object();
    uint64_t for_good = response_shredded_for_good(machine, compartment);
    api_set(out, "state", json_string(for_good > 0 ? "shredded" : "shredding"));
    api_set(out, "since", api_uint(shredded.index));
    api_set(out, "for_good", for_good > 0 ? api_uint(for_good) : json_null());
    api_set(out, "missing", unattested_of(machine, compartment));
    api_set(out, "recovery", recovery_of(machine, asker, compartment, &shredded));
    return out;
}

/* Each node that has said what it has at the mark, and whether that is the state that counts. */
static json_t *said_of(const struct response_machine *machine, const vg_id *compartment,
                       const struct response_accord *accord)
{
    struct response_checkpoint one = {.mark.index = accord->mark};
    json_t *out = json_array();
    while (response_checkpoint_next(machine, compartment, &one) && one.mark.index == accord->mark) {
        json_t *row = json_object();
        api_set(row, "node", api_uint(one.node.value));
        api_set(row, "index", api_uint(one.index));
        api_set(row, "at", api_time(one.time_ms));
        api_set(row, "state_hash", api_hash(&one.mark.hash));
        api_set(row, "agrees", json_boolean(response_mark_equal(&one.mark, &accord->counts.mark)));
        json_array_append_new(out, row);
    }
    return out;
}

/* Figures of a compartment's commands are for who reads all of it, or manages compartments. */
static bool may_count(const struct response_machine *machine, const vg_id *asker,
                      const vg_id *compartment)
{
    return response_manages(machine, asker) ||
           response_sight_of(machine, asker, compartment) == RESPONSE_SEES_CONTENT;
}

/* The latest, where its compartment can be read at all. */
static json_t *checkpoint_of(const struct response_machine *machine, const vg_id *asker,
                             const vg_id *compartment)
{
    bool counts_shown = may_count(machine, asker, compartment);
    struct response_accord accord = {.mark = 0};
    if (response_is_level(machine, compartment))
        response_accord_get(machine, compartment, &accord);
    if (accord.mark == 0)
        return json_null();
    json_t *out = json_object();
    const struct response_checkpoint *counts = &accord.counts;
    api_set(out, "mark", api_uint(accord.mark));
    api_set(out, "state_hash", api_hash(&counts->mark.hash));
    api_set(out, "accepted", counts_shown ? api_uint(counts->mark.accepted) : json_null());
    api_set(out, "refused", counts_shown ? api_uint(counts->mark.refused) : json_null());
    api_set(out, "agree", api_uint(accord.agree));
    api_set(out, "differ", api_uint(accord.differ));
    api_set(out, "said", said_of(machine, compartment, &accord));
    return out;
}

json_t *api_compartment_show(struct response_machine *machine, const struct api_query *query,
                             struct vg_error *error)
{
    char name[VG_NAME_MAX + 1];
    struct response_epoch epoch;
    vg_id id;
    if (api_compartment_find(machine, &query->asker, query->compartment, &id, error) != VG_OK)
        return NULL;
    json_t *out = json_object();
    uint64_t in_force = response_epoch_in_force(machine, &id);
    api_compartment_name(machine, &id, name);
    api_set(out, "id", api_id(&id));
    api_set(out, "name", json_string(name));
    api_set(out, "epoch", api_uint(in_force));
    if (in_force == 0 || !response_epoch_get(machine, &id, in_force, &epoch))
        return out;
    api_set(out, "since", api_uint(epoch.since));
    api_set(out, "commitment", api_hash(&epoch.record.commitment));
    api_set(out, "holders", holders_of(machine, &epoch.record));
    add_clearance(machine, &query->asker, &id, out);
    api_set(out, "shredding", api_shredding(machine, &query->asker, &id));
    vg_hash place = response_epoch_place(machine, &epoch);
    api_set(out, "place", api_hash(&place));
    api_set(out, "checkpoint", checkpoint_of(machine, &query->asker, &id));
    api_set(out, "record", record_of(&epoch.record));
    return out;
}
