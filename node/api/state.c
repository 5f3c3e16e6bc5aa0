/* SPDX-License-Identifier: Apache-2.0
 * Answers about incidents from the state machine. */
#include <assert.h>

#include "common/text.h"
#include "node/api/api.h"
#include "node/api/compartments.h"
#include "node/api/directory.h"
#include "node/api/drill.h"
#include "node/api/epochs.h"
#include "node/api/explain.h"
#include "node/api/incident.h"
#include "node/api/tenants.h"
#include "node/api/text.h"

/* ---- finding -----------------------------------------------------------------------------------
 */

/* Whether an incident of a compartment of which the asker sees so much is one of those. */
static bool is_shown(const struct response_machine *machine, const vg_id *asker,
                     enum response_sight sight, const struct response_incident *incident)
{
    return sight == RESPONSE_SEES_CONTENT ||
           response_is_own(machine, asker, &incident->compartment, &incident->id);
}

static enum vg_code find(struct response_machine *machine, const struct api_query *query,
                         struct response_incident *out, struct vg_error *error)
{
    struct api_compartments list;
    api_compartments_level(machine, &query->asker, &list);
    for (uint32_t i = 0; i < list.count; i++) {
        if (response_incident_get(machine, &list.ids[i], &query->id, out) == VG_OK &&
            is_shown(machine, &query->asker, list.sights[i], out))
            return VG_OK;
    }
    return api_none_here(machine, &query->asker, "incident", &query->id, error);
}

/* The next incident of a compartment that is the asker's to see. */
static bool next_in(const struct response_machine *machine, const struct api_query *query,
                    const struct api_compartments *list, uint32_t place, bool all,
                    const vg_id *after, struct response_incident *out)
{
    bool found = response_incident_next(machine, &list->ids[place], after, all, out);
    while (found && !is_shown(machine, &query->asker, list->sights[place], out))
        found = response_incident_next(machine, &list->ids[place], &out->id, all, out);
    return found;
}

/* The next incident of several compartments in id order: the least of each one's next. */
static bool next_of(const struct response_machine *machine, const struct api_query *query,
                    const struct api_compartments *list, bool all, const vg_id *after,
                    struct response_incident *out)
{
    struct response_incident candidate;
    bool found = false;
    for (uint32_t i = 0; i < list->count; i++) {
        if (!next_in(machine, query, list, i, all, after, &candidate))
            continue;
        if (found && memcmp(candidate.id.bytes, out->id.bytes, sizeof out->id.bytes) >= 0)
            continue;
        *out = candidate;
        found = true;
    }
    return found;
}

/* ---- list, show, page, parts -------------------------------------------------------------------
 */

static json_t *answer_list(struct response_machine *machine, const struct api_query *query,
                           struct vg_error *error)
{
    struct api_compartments list;
    struct response_incident incident;
    vg_id after = query->after_id;
    if (api_compartments_read(machine, query, RESPONSE_SEES_OWN, &list, error) != VG_OK)
        return NULL;
    json_t *page = json_array();
    while (json_array_size(page) < query->limit &&
           next_of(machine, query, &list, query->all, &after, &incident)) {
        after = incident.id;
        if (query->stage == 0 || query->stage == incident.stage)
            json_array_append_new(page, api_incident(machine, query, &incident));
    }
    return page;
}

static json_t *answer_show(struct response_machine *machine, const struct api_query *query,
                           struct vg_error *error)
{
    struct response_incident incident;
    if (find(machine, query, &incident, error) != VG_OK)
        return NULL;
    return api_incident(machine, query, &incident);
}

static json_t *answer_page(struct response_machine *machine, const struct api_query *query,
                           struct vg_error *error)
{
    struct response_incident incident;
    if (find(machine, query, &incident, error) != VG_OK)
        return NULL;
    return api_incident_page(machine, query, &incident);
}

static json_t *answer_parts(struct response_machine *machine, const struct api_query *query,
                            struct vg_error *error)
{
    struct response_incident incident;
    if (find(machine, query, &incident, error) != VG_OK)
        return NULL;
    return api_incident_parts(machine, query, &incident);
}

static json_t *answer_explain(struct response_machine *machine, const struct api_query *query,
                              struct vg_error *error)
{
    struct response_incident incident;
    if (find(machine, query, &incident, error) != VG_OK)
        return NULL;
    return api_explain(machine, &incident);
}

static json_t *answer_document(struct response_machine *machine, const struct api_query *query,
                               struct vg_error *error)
{
    struct response_incident incident;
    vg_span document;
    if (find(machine, query, &incident, error) != VG_OK)
        return NULL;
    if (!response_document_get(machine, &incident.compartment, &incident.id, &document)) {
        vg_fail(error, VG_NOT_FOUND, "this incident keeps no document; imported ones do");
        return NULL;
    }
    json_t *out = json_object();
    api_set(out, "id", api_id(&incident.id));
    api_set(out, "document", json_stringn((const char *)document.data, document.size));
    return out;
}

/* ---- timeline, watch ---------------------------------------------------------------------------
 */

static json_t *answer_timeline(struct response_machine *machine, const struct api_query *query,
                               struct vg_error *error)
{
    struct response_incident incident;
    struct response_event event;
    size_t bytes = 0;
    if (find(machine, query, &incident, error) != VG_OK)
        return NULL;
    json_t *page = json_array();
    for (uint64_t sequence = query->after + 1;
         json_array_size(page) < query->limit && bytes < API_PAGE_BYTES; sequence++) {
        if (!response_event_get(machine, &incident.compartment, &incident.id, sequence, &event))
            break;
        bytes += event.text.size;
        json_array_append_new(page, api_event(machine, &incident, &event));
    }
    return page;
}

static json_t *watched(const struct response_machine *machine, const vg_id *compartment,
                       const vg_id *id, const struct response_place *place,
                       const struct response_event *event)
{
    struct response_incident incident;
    enum vg_code found = response_incident_get(machine, compartment, id, &incident);
    assert(found == VG_OK);
    json_t *out = api_event(machine, &incident, event);
    api_set(out, "number", api_uint(place->number));
    api_set(out, "incident", api_id(id));
    api_set(out, "title", json_string(incident.title));
    return out;
}

/* Events of a compartment after a place in the log; without one, none, and the place of now. */
static json_t *answer_watch(struct response_machine *machine, const struct api_query *query,
                            struct vg_error *error)
{
    struct response_place place = {query->after, (uint32_t)query->after_number};
    struct response_event event;
    size_t bytes = 0;
    vg_id compartment;
    vg_id incident;
    if (api_compartment_open(machine, &query->asker, query->compartment, RESPONSE_SEES_CONTENT,
                             &compartment, error) != VG_OK)
        return NULL;
    if (!query->has_after)
        place = (struct response_place){response_cursor(machine), UINT32_MAX};
    json_t *events = json_array();
    while (json_array_size(events) < query->limit && bytes < API_PAGE_BYTES &&
           response_stream_next(machine, &compartment, &place, &incident, &event)) {
        bytes += event.text.size;
        json_array_append_new(events, watched(machine, &compartment, &incident, &place, &event));
    }
    json_t *out = json_object();
    api_set(out, "events", events);
    api_set(out, "index", api_uint(place.index));
    api_set(out, "number", api_uint(place.number));
    return out;
}

bool api_is_to_wait(const struct api_query *query, const json_t *answer)
{
    const json_t *list =
        query->name == API_INCIDENT_WATCH ? json_object_get(answer, "events") : answer;
    return query->wait_ms > 0 && query->has_after && json_is_array(list) &&
           json_array_size(list) == 0;
}

/* ---- figures -----------------------------------------------------------------------------------
 */

/* What the times of one incident are made from, in milliseconds. */
static json_t *milestones(const struct response_machine *machine, const struct api_query *query,
                          const struct response_incident *incident)
{
    static const char *const keys[] = {"id",         "classification", "severity", "region",
                                       "historical", "exercise",       "stage"};
    json_t *whole = api_incident(machine, query, incident);
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        json_object_set(out, keys[i], json_object_get(whole, keys[i]));
    json_decref(whole);
    api_set(out, "created_ms", api_uint(incident->created_at));
    api_set(out, "assessed_ms", api_uint(incident->assessed_at));
    api_set(out, "contained_ms", api_uint(incident->contained_at));
    api_set(out, "stabilized_ms", api_uint(incident->stabilized_at));
    api_set(out, "closed_ms", api_uint(incident->closed_at));
    return out;
}

static json_t *answer_milestones(struct response_machine *machine, const struct api_query *query,
                                 struct vg_error *error)
{
    struct api_compartments one;
    struct response_incident incident = {.id = query->after_id};
    if (api_compartments_read(machine, query, RESPONSE_SEES_CONTENT, &one, error) != VG_OK)
        return NULL;
    json_t *page = json_array();
    while (json_array_size(page) < query->limit &&
           next_of(machine, query, &one, true, &incident.id, &incident))
        json_array_append_new(page, milestones(machine, query, &incident));
    return page;
}

/* ---- proposals, filters ------------------------------------------------------------------------
 */

static const vg_id control;

/* Of a compartment, or "control" for control entries. */
static enum vg_code find_place(const struct response_machine *machine,
                               const struct api_query *query, vg_id *out, struct vg_error *error)
{
    if (strcmp(query->compartment, RESPONSE_CONTROL_NAME) != 0)
        return api_compartment_open(machine, &query->asker, query->compartment,
                                    RESPONSE_SEES_CONTENT, out, error);
    *out = control;
    if (response_sight_of(machine, &query->asker, &control) == RESPONSE_SEES_CONTENT)
        return VG_OK;
    return vg_fail(error, VG_FORBIDDEN,
                   "proposals of control entries are for operators and key officers");
}

static json_t *answer_proposals(struct response_machine *machine, const struct api_query *query,
                                struct vg_error *error)
{
    struct response_proposal proposal = {.id = query->after_id};
    size_t bytes = 0;
    vg_id compartment;
    if (find_place(machine, query, &compartment, error) != VG_OK)
        return NULL;
    json_t *page = json_array();
    while (json_array_size(page) < query->limit && bytes < API_PAGE_BYTES &&
           response_proposal_next(machine, &compartment, &proposal.id, &proposal)) {
        bytes += proposal.command.size;
        json_array_append_new(page, api_proposal(&proposal));
    }
    return page;
}

static json_t *answer_proposal(struct response_machine *machine, const struct api_query *query,
                               struct vg_error *error)
{
    struct api_compartments list;
    struct response_proposal proposal;
    struct response_incident about;
    char name[VG_NAME_MAX + 1];
    if (response_sight_of(machine, &query->asker, &control) == RESPONSE_SEES_CONTENT &&
        response_proposal_get(machine, &control, &query->id, &proposal) == VG_OK) {
        json_t *out = api_proposal(&proposal);
        api_set(out, "compartment", json_null());
        return out;
    }
    api_compartments_level(machine, &query->asker, &list);
    for (uint32_t i = 0; i < list.count; i++) {
        if (list.sights[i] != RESPONSE_SEES_CONTENT ||
            response_proposal_get(machine, &list.ids[i], &query->id, &proposal) != VG_OK)
            continue;
        json_t *out = api_proposal(&proposal);
        api_compartment_name(machine, &list.ids[i], name);
        api_set(out, "compartment", json_string(name));
        if (response_incident_get(machine, &list.ids[i], &proposal.incident, &about) == VG_OK)
            api_set(out, "title", json_string(about.title));
        return out;
    }
    api_none_here(machine, &query->asker, "proposal", &query->id, error);
    return NULL;
}

/* The first `max` filters behind `after`, by their keys: the store has them in an order of its own,
 * and who asks goes on at another node. */
static uint32_t first_filters(const struct response_machine *machine, const vg_id *compartment,
                              const char *after, struct response_filter *out, uint32_t max)
{
    struct response_filter filter = {.key = ""};
    uint32_t count = 0;
    while (response_filter_next(machine, compartment, filter.key, &filter)) {
        uint32_t at = count;
        while (at > 0 && strcmp(filter.key, out[at - 1].key) < 0)
            at--;
        if (at == max || strcmp(filter.key, after) <= 0)
            continue;
        count += count < max;
        memmove(&out[at + 1], &out[at], (count - 1 - at) * sizeof *out);
        out[at] = filter;
    }
    return count;
}

static json_t *answer_filters(struct response_machine *machine, const struct api_query *query,
                              struct vg_error *error)
{
    struct response_filter filters[API_PAGE_MAX];
    vg_id compartment;
    if (api_compartment_open(machine, &query->asker, query->compartment, RESPONSE_SEES_CONTENT,
                             &compartment, error) != VG_OK)
        return NULL;
    uint32_t count =
        first_filters(machine, &compartment, query->after_text, filters, (uint32_t)query->limit);
    json_t *page = json_array();
    for (uint32_t i = 0; i < count; i++) {
        json_t *object = json_object();
        api_set(object, "match", json_string(filters[i].key));
        api_set(object, "incident", api_id(&filters[i].incident));
        api_set(object, "stands", json_boolean(filters[i].stands));
        api_set(object, "count", api_uint(filters[i].count));
        api_set(object, "last_at", api_time(filters[i].last_at));
        json_array_append_new(page, object);
    }
    return page;
}

json_t *api_state_answer(struct response_machine *machine, const struct api_query *query,
                         struct vg_error *error)
{
    static json_t *(*const answers[API_NAMES])(struct response_machine * machine,
                                               const struct api_query *query,
                                               struct vg_error *error) = {
        [API_COMPARTMENT_SHOW] = api_compartment_show,
        [API_REQUEST_SHOW] = api_request_show,
        [API_DIRECTORY] = api_directory,
        [API_INCIDENT_LIST] = answer_list,
        [API_INCIDENT_SHOW] = answer_show,
        [API_INCIDENT_PAGE] = answer_page,
        [API_INCIDENT_PARTS] = answer_parts,
        [API_INCIDENT_TIMELINE] = answer_timeline,
        [API_INCIDENT_WATCH] = answer_watch,
        [API_INCIDENT_EXPLAIN] = answer_explain,
        [API_INCIDENT_MILESTONES] = answer_milestones,
        [API_INCIDENT_DOCUMENT] = answer_document,
        [API_PROPOSAL_LIST] = answer_proposals,
        [API_PROPOSAL_SHOW] = answer_proposal,
        [API_FILTER_LIST] = answer_filters,
        [API_TENANT_LIST] = api_tenants,
        [API_TENANT_SHOW] = api_tenant,
        [API_CASE_LIST] = api_cases,
        [API_CASE_SHOW] = api_case,
        [API_FACT_LIST] = api_facts,
        [API_DRILL_LIST] = api_drills,
        [API_DRILL_SHOW] = api_drill,
        [API_DRILL_PROBES] = api_drill_probes,
    };
    assert(query->source == API_FROM_STATE && answers[query->name] != NULL);
    return answers[query->name](machine, query, error);
}
