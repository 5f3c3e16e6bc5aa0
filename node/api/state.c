/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/text.h"
#include "node/api/api.h"
#include "node/api/compartments.h"
#include "node/api/text.h"

/* Which bits of what is in question, as letters; null while it is not settled. */
static json_t *cia_list(uint8_t cia)
{
    static const char *const names[] = {"confidentiality", "integrity", "availability"};
    json_t *list = json_array();
    for (size_t i = 0; i < 3; i++)
        if ((cia & (1 << i)) != 0)
            json_array_append_new(list, json_string(names[i]));
    return list;
}

static json_t *detection(const struct response_incident *incident)
{
    json_t *out = json_object();
    const char *source = response_source_name(incident->source);
    api_set(out, "source", json_string(source));
    api_set(out, "subsource",
            incident->subsource == RESPONSE_SUB_NONE
                ? json_null()
                : json_string(response_subsource_name(incident->subsource)));
    api_set(out, "count", api_uint(incident->count));
    return out;
}

static json_t *show(const struct response_machine *machine,
                    const struct response_incident *incident)
{
    json_t *out = json_object();
    char name[VG_NAME_MAX + 1];
    api_compartment_name(machine, &incident->compartment, name);
    api_set(out, "id", api_id(&incident->id));
    api_set(out, "compartment", json_string(name));
    api_set(out, "compartment_id", api_id(&incident->compartment));
    api_set(out, "title", json_string(incident->title));
    api_set(out, "stage", json_string(response_stage_name(incident->stage)));
    api_set(out, "classification", api_string(incident->classification));
    api_set(out, "severity", json_null());
    api_set(out, "priority", json_null());
    api_set(out, "responsibility", json_null());
    api_set(out, "detection", detection(incident));
    api_set(out, "cia", cia_list(incident->cia));
    api_set(out, "product", api_string(incident->product));
    api_set(out, "dedup_key", api_string(incident->dedup_key));
    api_set(out, "linked", api_id(&incident->linked));
    api_set(out, "revision", api_revisions(incident->revisions, incident->revision_count));
    api_set(out, "clocks", json_array());
    api_set(out, "created_at", api_time(incident->created_at));
    api_set(out, "updated_at", api_time(incident->updated_at));
    api_set(out, "happened_at", api_time(incident->happened_at));
    api_set(out, "exercise", json_null());
    api_set(out, "historical", json_boolean(incident->historical));
    api_set(out, "records", incident->records == 0 ? json_null() : api_uint(incident->records));
    api_set(out, "unknown_members", api_uint(incident->unknown_members));
    api_set(out, "events", api_uint(incident->events));
    return out;
}

/* The next incident of several compartments in id order: the least of each one's next. */
static bool next_of(const struct response_machine *machine, const struct api_compartments *list,
                    const struct api_query *query, const vg_id *after,
                    struct response_incident *out)
{
    struct response_incident candidate;
    bool found = false;
    for (uint32_t i = 0; i < list->count; i++) {
        if (!response_incident_next(machine, &list->ids[i], after, query->all, &candidate))
            continue;
        if (found && memcmp(candidate.id.bytes, out->id.bytes, sizeof out->id.bytes) >= 0)
            continue;
        *out = candidate;
        found = true;
    }
    return found;
}

static json_t *answer_list(struct response_machine *machine, const struct api_query *query,
                           struct vg_error *error)
{
    struct api_compartments list;
    struct response_incident incident;
    vg_id after = query->after_id;
    api_compartments_list(machine, &list);
    if (query->compartment[0] != '\0') {
        list.count = 1;
        if (api_compartment_find(machine, query->compartment, &list.ids[0], error) != VG_OK)
            return NULL;
    }
    json_t *page = json_array();
    while (json_array_size(page) < query->limit &&
           next_of(machine, &list, query, &after, &incident)) {
        after = incident.id;
        if (query->stage == 0 || query->stage == incident.stage)
            json_array_append_new(page, show(machine, &incident));
    }
    return page;
}

static enum vg_code find(struct response_machine *machine, const vg_id *id,
                         struct response_incident *out, struct vg_error *error)
{
    struct api_compartments list;
    char text[VG_ID_TEXT];
    api_compartments_list(machine, &list);
    for (uint32_t i = 0; i < list.count; i++)
        if (response_incident_get(machine, &list.ids[i], id, out) == VG_OK)
            return VG_OK;
    vg_id_format(id, text);
    return vg_fail(error, VG_NOT_FOUND, "there is no incident %s", text);
}

static json_t *answer_show(struct response_machine *machine, const struct api_query *query,
                           struct vg_error *error)
{
    struct response_incident incident;
    if (find(machine, &query->id, &incident, error) != VG_OK)
        return NULL;
    return show(machine, &incident);
}

static json_t *event_object(const struct response_event *event)
{
    json_t *out = json_object();
    api_set(out, "sequence", api_uint(event->sequence));
    api_set(out, "index", api_uint(event->index));
    api_set(out, "time", api_time(event->time_ms));
    api_set(out, "happened_at", api_time(event->happened_at));
    api_set(out, "received_at", api_time(event->received_at));
    api_set(out, "author", api_id(&event->author));
    api_set(out, "kind", json_string(event->kind));
    api_set(out, "text", json_stringn((const char *)event->text.data, event->text.size));
    return out;
}

static json_t *answer_timeline(struct response_machine *machine, const struct api_query *query,
                               struct vg_error *error)
{
    struct response_incident incident;
    struct response_event event;
    size_t bytes = 0;
    if (find(machine, &query->id, &incident, error) != VG_OK)
        return NULL;
    json_t *page = json_array();
    for (uint64_t sequence = query->after + 1;
         json_array_size(page) < query->limit && bytes < API_PAGE_BYTES; sequence++) {
        if (!response_event_get(machine, &incident.compartment, &incident.id, sequence, &event))
            break;
        bytes += event.text.size;
        json_array_append_new(page, event_object(&event));
    }
    return page;
}

static json_t *answer_document(struct response_machine *machine, const struct api_query *query,
                               struct vg_error *error)
{
    struct response_incident incident;
    vg_span document;
    if (find(machine, &query->id, &incident, error) != VG_OK)
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

static json_t *answer_directory(struct response_machine *machine, const struct api_query *query,
                                struct vg_error *error)
{
    struct api_compartments list;
    char name[VG_NAME_MAX + 1];
    json_t *people = json_array(), *compartments = json_array(), *out = json_object();
    (void)query;
    (void)error;
    for (uint32_t i = 0; i < machine->genesis->person_count; i++) {
        const vg_id *id = &machine->genesis->people[i].id;
        bool named = response_name_get(machine, id, name);
        json_t *person = json_object();
        api_set(person, "id", api_id(id));
        api_set(person, "name", named ? json_string(name) : json_null());
        json_array_append_new(people, person);
    }
    api_compartments_list(machine, &list);
    for (uint32_t i = 0; i < list.count; i++) {
        json_t *compartment = json_object();
        bool named = response_name_get(machine, &list.ids[i], name);
        api_set(compartment, "id", api_id(&list.ids[i]));
        api_set(compartment, "name", named ? json_string(name) : json_null());
        json_array_append_new(compartments, compartment);
    }
    api_set(out, "cluster_id", api_hash(&machine->cluster));
    api_set(out, "directory", api_id(&machine->genesis->directory));
    api_set(out, "people", people);
    api_set(out, "compartments", compartments);
    return out;
}

json_t *api_state_answer(struct response_machine *machine, const struct api_query *query,
                         struct vg_error *error)
{
    static json_t *(*const answers[])(struct response_machine * machine,
                                      const struct api_query *query, struct vg_error *error) = {
        [API_DIRECTORY] = answer_directory,        [API_INCIDENT_LIST] = answer_list,
        [API_INCIDENT_SHOW] = answer_show,         [API_INCIDENT_TIMELINE] = answer_timeline,
        [API_INCIDENT_DOCUMENT] = answer_document,
    };
    assert(query->source == API_FROM_STATE && answers[query->name] != NULL);
    return answers[query->name](machine, query, error);
}
