/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/tenants.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/text.h"
#include "node/api/compartments.h"
#include "node/api/text.h"
#include "proto/response/standing.h"
#include "proto/response/tenants.h"

enum { OWED_MAX = 256 }; /* facts of one incident that are gone through */

static json_t *compartment_name(const struct response_machine *machine,
                                const struct api_query *query, const vg_id *id)
{
    char name[VG_NAME_MAX + 1];
    api_compartment_name_for(machine, &query->asker, id, name);
    return json_string(name);
}

static json_t *tenant_name(const struct response_machine *machine, const vg_id *id)
{
    struct response_tenant tenant;
    return response_tenant_get(machine, id, &tenant) ? json_string(tenant.name) : json_null();
}

/* ---- tenants -----------------------------------------------------------------------------------
 */

static json_t *tenant_object(const struct response_machine *machine, const struct api_query *query,
                             const struct response_tenant *tenant)
{
    json_t *out = json_object();
    api_set(out, "id", api_id(&tenant->id));
    api_set(out, "name", json_string(tenant->name));
    api_set(out, "compartment", compartment_name(machine, query, &tenant->compartment));
    api_set(out, "compartment_id", api_id(&tenant->compartment));
    api_set(out, "added_at", api_time(tenant->added_at));
    api_set(out, "served", json_boolean(response_is_served(machine, &tenant->compartment)));
    return out;
}

/* Of the compartments that the asker knows of. */
json_t *api_tenants(struct response_machine *machine, const struct api_query *query,
                    struct vg_error *error)
{
    struct api_compartments known;
    struct response_tenant tenant = {.id = query->after_id};
    json_t *page = json_array();
    (void)error;
    api_compartments_known(machine, &query->asker, &known);
    while (json_array_size(page) < query->limit &&
           response_tenant_next(machine, &tenant.id, &tenant))
        if (api_compartments_have(&known, &tenant.compartment))
            json_array_append_new(page, tenant_object(machine, query, &tenant));
    return page;
}

/* By its name, else by its id. One of a compartment that the asker does not know is read like one
 * that is not there. */
static enum vg_code find_tenant(const struct response_machine *machine,
                                const struct api_query *query, struct response_tenant *out,
                                struct vg_error *error)
{
    struct api_compartments known;
    vg_id id;
    api_compartments_known(machine, &query->asker, &known);
    bool found = response_tenant_find(machine, vg_span_text(query->tenant), out) ||
                 (vg_id_parse(query->tenant, &id) && response_tenant_get(machine, &id, out));
    if (found && api_compartments_have(&known, &out->compartment))
        return VG_OK;
    return vg_fail(error, VG_NOT_FOUND, "there is no tenant \"%s\"; see vigil tenant list",
                   query->tenant);
}

json_t *api_tenant(struct response_machine *machine, const struct api_query *query,
                   struct vg_error *error)
{
    struct response_tenant tenant;
    return find_tenant(machine, query, &tenant, error) == VG_OK
               ? tenant_object(machine, query, &tenant)
               : NULL;
}

/* ---- where a page goes on ----------------------------------------------------------------------
 */

/* Three ids, or two and a number, as a place to go on behind. */
static json_t *place_of(const vg_id *first, const vg_id *second, const char *third)
{
    char texts[2][VG_ID_TEXT];
    vg_id_format(first, texts[0]);
    vg_id_format(second, texts[1]);
    return json_sprintf("%s/%s/%s", texts[0], texts[1], third);
}

/* The third part, or NULL with the error set; "" is the start. */
static const char *read_place(const char *place, vg_id *first, vg_id *second,
                              struct vg_error *error)
{
    char part[VG_ID_TEXT];
    const char *third = place + 2 * VG_ID_TEXT; /* each of two ids with the slash behind it */
    bool whole = strlen(place) > (size_t)2 * VG_ID_TEXT;
    bool ok = whole;
    vg_id *const ids[] = {first, second};
    for (size_t i = 0; ok && i < 2; i++) {
        memcpy(part, place + i * VG_ID_TEXT, VG_ID_TEXT - 1);
        part[VG_ID_TEXT - 1] = '\0';
        ok = place[(i + 1) * VG_ID_TEXT - 1] == '/' && vg_id_parse(part, ids[i]);
    }
    if (ok || place[0] == '\0')
        return ok ? third : place;
    vg_fail(error, VG_INVALID, "\"after\" must be the place of an item of an earlier answer");
    return NULL;
}

/* ---- cases -------------------------------------------------------------------------------------
 */

static json_t *case_object(const struct response_machine *machine, const struct api_query *query,
                           const vg_id *compartment, const struct response_tenant_case *found)
{
    char source[VG_ID_TEXT];
    json_t *out = json_object();
    const char *state = response_case_stands(found) ? "declared" : "withdrawn";
    vg_id_format(&found->source, source);
    api_set(out, "incident", api_id(&found->incident));
    api_set(out, "tenant", tenant_name(machine, &found->tenant));
    api_set(out, "tenant_id", api_id(&found->tenant));
    api_set(out, "compartment", compartment_name(machine, query, compartment));
    api_set(out, "source", compartment_name(machine, query, &found->source));
    api_set(out, "source_id", api_id(&found->source));
    api_set(out, "state", json_string(state));
    api_set(out, "declared_at", api_time(found->declared_at));
    api_set(out, "withdrawn_at", api_time(found->withdrawn_at));
    api_set(out, "classification", api_word(response_classes, found->class_));
    api_set(out, "harm", api_words(response_harms, found->harm));
    api_set(out, "facts", api_uint(found->facts));
    api_set(out, "made_at", api_time(found->made_at));
    api_set(out, "updated_at", api_time(found->updated_at));
    api_set(out, "place", place_of(&found->incident, &found->tenant, source));
    return out;
}

static int compare(const struct response_tenant_case *a, const struct response_tenant_case *b)
{
    int by_incident = memcmp(&a->incident, &b->incident, sizeof a->incident);
    int by_tenant = memcmp(&a->tenant, &b->tenant, sizeof a->tenant);
    if (by_incident != 0)
        return by_incident;
    return by_tenant != 0 ? by_tenant : memcmp(&a->source, &b->source, sizeof a->source);
}

/* The least of what is next in several compartments; `place` is that it is in. */
static bool next_case(const struct response_machine *machine, const struct api_compartments *list,
                      const struct response_tenant_case *after, uint32_t *place,
                      struct response_tenant_case *out)
{
    bool found = false;
    for (uint32_t i = 0; i < list->count; i++) {
        struct response_tenant_case next = *after;
        if (!response_case_next(machine, &list->ids[i], &next) ||
            (found && compare(&next, out) >= 0))
            continue;
        *out = next;
        *place = i;
        found = true;
    }
    return found;
}

json_t *api_cases(struct response_machine *machine, const struct api_query *query,
                  struct vg_error *error)
{
    struct api_compartments list;
    struct response_tenant_case at = {.facts = 0};
    uint32_t place = 0;
    const char *source = read_place(query->after_text, &at.incident, &at.tenant, error);
    if (source == NULL)
        return NULL;
    at.facts = source[0] != '\0' && vg_id_parse(source, &at.source);
    if (api_compartments_read(machine, query, RESPONSE_SEES_CONTENT, &list, error) != VG_OK)
        return NULL;
    json_t *page = json_array();
    while (json_array_size(page) < query->limit && next_case(machine, &list, &at, &place, &at))
        json_array_append_new(page, case_object(machine, query, &list.ids[place], &at));
    return page;
}

json_t *api_case(struct response_machine *machine, const struct api_query *query,
                 struct vg_error *error)
{
    struct response_tenant tenant;
    struct response_tenant_case found = {.incident = query->id};
    char name[VG_NAME_MAX + 1];
    char id[VG_ID_TEXT];
    vg_id compartment;
    if (find_tenant(machine, query, &tenant, error) != VG_OK)
        return NULL;
    vg_id_format(&tenant.compartment, name);
    if (api_compartment_open(machine, &query->asker, name, RESPONSE_SEES_CONTENT, &compartment,
                             error) != VG_OK)
        return NULL;
    found.tenant = tenant.id;
    found.facts = 1; /* behind a source of zeros, which is none */
    vg_id_format(&query->id, id);
    if (response_case_next(machine, &compartment, &found) &&
        vg_id_equal(&found.incident, &query->id) && vg_id_equal(&found.tenant, &tenant.id))
        return case_object(machine, query, &compartment, &found);
    vg_fail(error, VG_NOT_FOUND,
            "tenant \"%s\" has no case of incident %s here; if it is affected, vigil incident show "
            "says how far it is told",
            tenant.name, id);
    return NULL;
}

/* ---- what is owed ------------------------------------------------------------------------------
 */

/* The nodes that could tell it. */
static json_t *carriers(const struct response_machine *machine, const struct response_owed *owed)
{
    const struct ledger_genesis *genesis = machine->genesis;
    json_t *out = json_array();
    for (uint32_t i = 0; i < genesis->member_count; i++)
        if (response_carries(machine, &owed->fact.source, &owed->target, genesis->members[i].id))
            json_array_append_new(out, api_uint(genesis->members[i].id.value));
    return out;
}

static void set_owed(json_t *out, const struct response_machine *machine,
                     const struct api_query *query, const struct response_owed *owed)
{
    enum response_lateness lateness = response_owed_lateness(machine, owed, query->now_ms);
    api_set(out, "state", json_string(response_lateness_name(lateness)));
    api_set(out, "since", api_time(owed->fact.at));
    api_set(out, "entry", json_null());
    api_set(out, "nodes", carriers(machine, owed));
}

static json_t *fact_object(const struct response_machine *machine, const struct api_query *query,
                           const struct response_owed *owed)
{
    char index[24];
    json_t *out = json_object();
    const struct response_fact *fact = &owed->fact;
    snprintf(index, sizeof index, "%" PRIu64, fact->index);
    api_set(out, "incident", api_id(&fact->incident));
    api_set(out, "tenant", tenant_name(machine, &fact->tenant));
    api_set(out, "tenant_id", api_id(&fact->tenant));
    api_set(out, "compartment", compartment_name(machine, query, &owed->target));
    api_set(out, "kind", api_word(response_fact_kinds, fact->kind));
    api_set(out, "index", api_uint(fact->index));
    api_set(out, "hash", api_hash(&fact->hash));
    set_owed(out, machine, query, owed);
    api_set(out, "place", place_of(&fact->incident, &fact->tenant, index));
    return out;
}

json_t *api_facts(struct response_machine *machine, const struct api_query *query,
                  struct vg_error *error)
{
    struct response_owed owed = {.case_index = 0};
    if (api_compartment_open(machine, &query->asker, query->compartment, RESPONSE_SEES_CONTENT,
                             &owed.fact.source, error) != VG_OK)
        return NULL;
    const char *index =
        read_place(query->after_text, &owed.fact.incident, &owed.fact.tenant, error);
    if (index == NULL)
        return NULL;
    owed.fact.index = strtoull(index, NULL, 10);
    json_t *page = json_array();
    while (json_array_size(page) < query->limit &&
           response_owed_next(machine, RESPONSE_FACT_OWED, &owed))
        json_array_append_new(page, fact_object(machine, query, &owed));
    return page;
}

/* The first that is owed to the tenant; else the last that was told. */
static json_t *case_of(const struct response_machine *machine, const struct api_query *query,
                       const struct response_incident *incident, const vg_id *tenant)
{
    const struct response_owed start = {
        .fact = {.source = incident->compartment, .incident = incident->id, .tenant = *tenant}};
    struct response_owed owed = start;
    json_t *out = json_object();
    if (response_owed_next_of(machine, RESPONSE_FACT_OWED, &owed)) {
        set_owed(out, machine, query, &owed);
        return out;
    }
    owed = start;
    for (int i = 0; i < OWED_MAX && response_owed_next_of(machine, RESPONSE_FACT_TOLD, &owed);)
        i++;
    api_set(out, "state", json_string("told"));
    api_set(out, "since", api_time(owed.told_at));
    api_set(out, "entry", api_uint(owed.case_index));
    api_set(out, "nodes", json_array());
    return out;
}

static int by_name(const void *a, const void *b)
{
    const struct response_affected *left = a;
    const struct response_affected *right = b;
    return strcmp(left->name, right->name);
}

json_t *api_affected(const struct response_machine *machine, const struct api_query *query,
                     const struct response_incident *incident)
{
    json_t *out = json_array();
    struct response_affected found[RESPONSE_TENANTS_MAX];
    vg_id after = {{0}};
    uint32_t count = 0;
    while (count < RESPONSE_TENANTS_MAX &&
           response_affected_next(machine, &incident->compartment, &incident->id, &after,
                                  &found[count]))
        after = found[count++].tenant;
    qsort(found, count, sizeof found[0], by_name);
    for (uint32_t i = 0; i < count; i++) {
        json_t *object = json_object();
        api_set(object, "tenant", json_string(found[i].name));
        api_set(object, "id", api_id(&found[i].tenant));
        api_set(object, "added_at", api_time(found[i].added_at));
        api_set(object, "case", case_of(machine, query, incident, &found[i].tenant));
        json_array_append_new(out, object);
    }
    return out;
}

json_t *api_owes(const struct response_machine *machine, const struct api_query *query,
                 const struct response_incident *incident)
{
    struct response_owed owed = {
        .fact = {.source = incident->compartment, .incident = incident->id}};
    uint64_t since = UINT64_MAX;
    uint32_t count = 0;
    for (uint32_t seen = 0;
         seen < OWED_MAX && response_owed_next(machine, RESPONSE_FACT_OWED, &owed) &&
         vg_id_equal(&owed.fact.incident, &incident->id);
         seen++) {
        if (response_owed_lateness(machine, &owed, query->now_ms) == RESPONSE_ENDED)
            continue;
        since = owed.fact.at < since ? owed.fact.at : since;
        count++;
    }
    if (count == 0)
        return json_null();
    json_t *out = json_object();
    api_set(out, "count", api_uint(count));
    api_set(out, "since", api_time(since));
    api_set(out, "state",
            json_string(response_lateness_name(response_lateness_of(since, query->now_ms))));
    return out;
}
