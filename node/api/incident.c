/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/incident.h"

#include "node/api/compartments.h"
#include "node/api/tenants.h"
#include "node/api/text.h"

/* A page has a bound; what is behind it is asked for by itself (incident.parts, incident.timeline).
 */
enum {
    HISTORY_MAX = 32,              /* latest values of an aspect */
    TIMELINE_MAX = 30,             /* latest events */
    PARTS_MAX = 200,               /* of a kind */
    CUSTODY_MAX = 8,               /* latest links of a chain */
    TEXT_CUT = 1024,               /* of an event's text */
    PAGE_PARTS_BYTES = 512 * 1024, /* of a kind */
};

static const vg_id none;

/* ---- the record --------------------------------------------------------------------------------
 */

static json_t *detection(const struct response_incident *incident)
{
    json_t *out = json_object();
    api_set(out, "source", api_word(response_sources, incident->source));
    api_set(out, "subsource", api_word(response_subsources, incident->subsource));
    api_set(out, "count", api_uint(incident->count));
    return out;
}

/* sev0 is 0. */
static json_t *level(uint8_t number)
{
    return number == 0 ? json_null() : api_uint(number - 1u);
}

static json_t *assessment(const struct response_incident *incident)
{
    if (incident->functional == 0)
        return json_null();
    json_t *out = json_object();
    api_set(out, "functional", api_word(response_functionals, incident->functional));
    api_set(out, "information", api_words(response_information, incident->information));
    api_set(out, "recoverability", api_word(response_recoverabilities, incident->recoverability));
    return out;
}

static json_t *declaration(const struct response_incident *incident)
{
    if (incident->declared_at == 0 && incident->withdrawn_at == 0)
        return json_null();
    json_t *out = json_object();
    api_set(out, "stands", json_boolean(incident->declared_at != 0));
    api_set(out, "declared_at", api_time(incident->declared_at));
    api_set(out, "withdrawn_at", api_time(incident->withdrawn_at));
    api_set(out, "harm", api_words(response_harms, incident->harm));
    api_set(out, "access", api_word(response_likelihoods, incident->likelihood));
    api_set(out, "duty", api_string(incident->duty));
    return out;
}

/* Under a word as key: "customer-risk" as "customer_risk". */
static void set_by_word(json_t *object, const char *word, json_t *value)
{
    char key[64];
    snprintf(key, sizeof key, "%s", word);
    for (char *at = strchr(key, '-'); at != NULL; at = strchr(at, '-'))
        *at = '_';
    api_set(object, key, value);
}

static json_t *attestations(const struct response_incident *incident)
{
    json_t *out = json_object();
    unsigned bit = 1;
    for (const struct response_word *word = response_attestations; word->text != NULL; word++) {
        set_by_word(out, word->text, json_boolean((incident->attested & bit) != 0));
        bit <<= 1;
    }
    return out;
}

static json_t *answer(const struct response_incident *incident)
{
    if (incident->answer == 0)
        return json_null();
    json_t *out = json_object();
    api_set(out, "kind", api_word(response_answers, incident->answer));
    api_set(out, "match", api_string(incident->filter));
    return out;
}

static json_t *counts(const struct response_incident *incident)
{
    json_t *out = json_object();
    api_set(out, "tasks", api_uint(incident->tasks));
    api_set(out, "tasks_open", api_uint(incident->tasks_open));
    api_set(out, "steps", api_uint(incident->steps));
    api_set(out, "steps_open", api_uint(incident->steps_open));
    api_set(out, "evidence", api_uint(incident->evidence));
    api_set(out, "tenants", api_uint(incident->tenants));
    api_set(out, "links", api_uint(incident->links));
    api_set(out, "proposals", api_uint(incident->proposals));
    return out;
}

static json_t *region_of(const struct api_query *query, vg_node_id origin)
{
    for (uint32_t i = 0; i < query->region_count; i++)
        if (vg_node_equal(query->regions[i].node, origin))
            return json_string(query->regions[i].name);
    return json_null();
}

/* What CLI.md fixes. */
static void set_fixed(json_t *out, const struct response_machine *machine,
                      const struct response_incident *incident)
{
    char name[VG_NAME_MAX + 1];
    api_compartment_name(machine, &incident->compartment, name);
    api_set(out, "id", api_id(&incident->id));
    api_set(out, "compartment", json_string(name));
    api_set(out, "title", json_string(incident->title));
    api_set(out, "stage", api_word(response_stages, incident->stage));
    api_set(out, "classification", api_word(response_classes, incident->class_));
    api_set(out, "severity", level(incident->severity));
    api_set(out, "priority", level(incident->priority));
    api_set(out, "responsibility", api_word(response_responsibilities, incident->responsibility));
    api_set(out, "detection", detection(incident));
    api_set(out, "revision", api_revisions(incident->revisions, incident->revision_count));
    api_set(out, "clocks", json_array());
    api_set(out, "created_at", api_time(incident->created_at));
    api_set(out, "updated_at", api_time(incident->updated_at));
    api_set(out, "exercise", json_null());
    api_set(out, "historical", json_boolean(incident->historical));
}

/* A declaration keeps ground and policy for the day it is withdrawn; until then it has neither. */
static void set_class(json_t *out, const struct response_incident *incident)
{
    bool is_event = incident->class_ == RESPONSE_SECURITY_EVENT;
    bool breaks_policy = incident->class_ == RESPONSE_PRIVACY_EVENT;
    api_set(out, "ground", api_word(response_grounds, is_event ? incident->ground : 0));
    api_set(out, "policy", api_string(breaks_policy ? incident->policy : ""));
}

json_t *api_incident(const struct response_machine *machine, const struct api_query *query,
                     const struct response_incident *incident)
{
    json_t *out = json_object();
    bool has_records = incident->records != 0;
    set_fixed(out, machine, incident);
    api_set(out, "compartment_id", api_id(&incident->compartment));
    api_set(out, "owner", api_id(&incident->owner));
    api_set(out, "data_risk", api_word(response_risks, incident->risk));
    api_set(out, "assessment", assessment(incident));
    api_set(out, "overridden", json_boolean(incident->overridden));
    set_class(out, incident);
    api_set(out, "declaration", declaration(incident));
    api_set(out, "owed", api_owes(machine, query, incident));
    api_set(out, "attestations", attestations(incident));
    api_set(out, "answer", answer(incident));
    api_set(out, "disposition", api_word(response_dispositions, incident->disposition));
    api_set(out, "cia", api_words(response_cia, incident->cia));
    api_set(out, "product", api_string(incident->product));
    api_set(out, "dedup_key", api_string(incident->dedup_key));
    api_set(out, "linked", api_id(&incident->linked));
    api_set(out, "region", region_of(query, incident->origin));
    api_set(out, "happened_at", api_time(incident->happened_at));
    api_set(out, "assessed_at", api_time(incident->assessed_at));
    api_set(out, "contained_at", api_time(incident->contained_at));
    api_set(out, "stabilized_at", api_time(incident->stabilized_at));
    api_set(out, "closed_at", api_time(incident->closed_at));
    api_set(out, "records", has_records ? api_uint(incident->records) : json_null());
    api_set(out, "unknown_members", api_uint(incident->unknown_members));
    api_set(out, "counts", counts(incident));
    api_set(out, "events", api_uint(incident->events));
    return out;
}

/* ---- timeline ----------------------------------------------------------------------------------
 */

static json_t *uint_or_null(uint64_t value)
{
    return value == 0 ? json_null() : api_uint(value);
}

/* At most `max` bytes of a text, cut between characters. */
static vg_span cut(vg_span text, size_t max)
{
    size_t size = text.size < max ? text.size : max;
    while (size > 0 && size < text.size && (text.data[size] & 0xc0) == 0x80)
        size--;
    return vg_span_of(text.data, size);
}

/* "T1" */
static json_t *part_number(const struct response_machine *machine,
                           const struct response_incident *incident,
                           const struct response_event *event)
{
    struct response_part part;
    bool found = response_part_get(machine, &incident->compartment, &incident->id, event->aspect,
                                   &event->part, &part);
    return found ? json_sprintf("%c%u", part.letter, part.number) : json_null();
}

static json_t *event_object(const struct response_machine *machine,
                            const struct response_incident *incident,
                            const struct response_event *event, size_t text_max)
{
    json_t *out = json_object();
    vg_span text = cut(event->text, text_max);
    api_set(out, "sequence", api_uint(event->sequence));
    api_set(out, "index", api_uint(event->index));
    api_set(out, "time", api_time(event->time_ms));
    api_set(out, "happened_at", api_time(event->happened_at));
    api_set(out, "received_at", api_time(event->received_at));
    api_set(out, "author", api_id(&event->author));
    api_set(out, "kind", api_word(response_event_kinds, event->kind));
    api_set(out, "aspect", api_word(response_aspects, event->aspect));
    api_set(out, "part", api_id(&event->part));
    api_set(out, "part_number", part_number(machine, incident, event));
    api_set(out, "revision", uint_or_null(event->revision));
    api_set(out, "from", api_span(event->from));
    api_set(out, "to", api_span(event->to));
    api_set(out, "procedure", api_span(event->procedure));
    api_set(out, "corrects", uint_or_null(event->corrects));
    api_set(out, "corrected_by", uint_or_null(event->corrected_by));
    api_set(out, "text", json_stringn((const char *)text.data, text.size));
    api_set(out, "cut", json_boolean(text.size < event->text.size));
    return out;
}

json_t *api_event(const struct response_machine *machine, const struct response_incident *incident,
                  const struct response_event *event)
{
    return event_object(machine, incident, event, SIZE_MAX);
}

static json_t *timeline(const struct response_machine *machine,
                        const struct response_incident *incident)
{
    json_t *out = json_array();
    struct response_event event;
    uint64_t first = incident->events > TIMELINE_MAX ? incident->events - TIMELINE_MAX + 1 : 1;
    for (uint64_t i = first; i <= incident->events; i++) {
        if (response_event_get(machine, &incident->compartment, &incident->id, i, &event))
            json_array_append_new(out, event_object(machine, incident, &event, TEXT_CUT));
    }
    return out;
}

/* The events that set an aspect, the latest ones. */
static json_t *history(const struct response_machine *machine,
                       const struct response_incident *incident, uint16_t aspect)
{
    json_t *out = json_array();
    struct response_event event;
    uint64_t last = response_revision_of(incident, aspect);
    for (uint64_t i = last > HISTORY_MAX ? last - HISTORY_MAX + 1 : 1; i <= last; i++) {
        if (response_change_get(machine, &incident->compartment, &incident->id, aspect, &none, i,
                                &event))
            json_array_append_new(out, event_object(machine, incident, &event, TEXT_CUT));
    }
    return out;
}

static json_t *histories(const struct response_machine *machine,
                         const struct response_incident *incident)
{
    static const uint16_t aspects[] = {
        RESPONSE_ASPECT_STAGE,   RESPONSE_ASPECT_SEVERITY,    RESPONSE_ASPECT_CLASSIFICATION,
        RESPONSE_ASPECT_OWNER,   RESPONSE_ASPECT_DATA_RISK,   RESPONSE_ASPECT_RECOVERY_PLAN,
        RESPONSE_ASPECT_ANSWER,  RESPONSE_ASPECT_DECLARATION, RESPONSE_ASPECT_REFERRAL,
        RESPONSE_ASPECT_FINDINGS};
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof aspects / sizeof aspects[0]; i++)
        set_by_word(out, response_word(response_aspects, aspects[i]),
                    history(machine, incident, aspects[i]));
    return out;
}

/* ---- parts -------------------------------------------------------------------------------------
 */

static void set_part(json_t *out, const vg_id *id, char letter, uint32_t number,
                     const struct response_revision *revision)
{
    char name[16];
    snprintf(name, sizeof name, "%c%u", letter, number);
    api_set(out, "id", api_id(id));
    api_set(out, "number", json_string(name));
    api_set(out, "revision", api_uint(revision->revision));
    api_set(out, "updated_by", api_id(&revision->set_by));
    api_set(out, "updated_at", api_time(revision->set_at_ms));
}

static json_t *task_object(const struct response_task *task)
{
    json_t *out = json_object();
    set_part(out, &task->id, 'T', task->number, &task->revision);
    api_set(out, "kind", api_word(response_task_kinds, task->kind));
    api_set(out, "state", api_word(response_task_states, task->state));
    api_set(out, "title", json_string(task->title));
    api_set(out, "owner", api_id(&task->owner));
    api_set(out, "due_at", api_time(task->due_at));
    api_set(out, "made_by", api_id(&task->made_by));
    api_set(out, "made_at", api_time(task->made_at));
    return out;
}

static json_t *tasks(const struct response_machine *machine,
                     const struct response_incident *incident, const vg_id *after, size_t max)
{
    json_t *out = json_array();
    struct response_task task = {.id = *after};
    while (json_array_size(out) < max &&
           response_task_next(machine, &incident->compartment, &incident->id, &task.id, &task))
        json_array_append_new(out, task_object(&task));
    return out;
}

static json_t *step_object(const struct response_step *step)
{
    json_t *out = json_object();
    set_part(out, &step->id, 'C', step->number, &step->revision);
    api_set(out, "kind", api_word(response_step_kinds, step->kind));
    api_set(out, "state", api_word(response_step_states, step->state));
    api_set(out, "action", json_string(step->action));
    api_set(out, "target", json_string(step->target));
    api_set(out, "emergency", json_boolean(step->emergency));
    api_set(out, "reversible", json_boolean(step->reversible));
    api_set(out, "owner", api_id(&step->owner));
    api_set(out, "due_at", api_time(step->due_at));
    api_set(out, "made_by", api_id(&step->made_by));
    api_set(out, "made_at", api_time(step->made_at));
    api_set(out, "done_by", api_id(&step->done_by));
    api_set(out, "done_at", api_time(step->done_at));
    api_set(out, "verified_by", api_id(&step->verified_by));
    api_set(out, "verified_at", api_time(step->verified_at));
    return out;
}

static json_t *steps(const struct response_machine *machine,
                     const struct response_incident *incident, const vg_id *after, size_t max)
{
    json_t *out = json_array();
    struct response_step step = {.id = *after};
    while (json_array_size(out) < max &&
           response_step_next(machine, &incident->compartment, &incident->id, &step.id, &step))
        json_array_append_new(out, step_object(&step));
    return out;
}

/* The chain of custody, its latest links: the events that have set this part of the aspect. */
static json_t *custody(const struct response_machine *machine,
                       const struct response_incident *incident,
                       const struct response_evidence *evidence, uint64_t max)
{
    json_t *out = json_array();
    struct response_event event;
    uint64_t last = evidence->revision.revision;
    for (uint64_t i = last > max ? last - max + 1 : 1; i <= last; i++) {
        if (response_change_get(machine, &incident->compartment, &incident->id,
                                RESPONSE_ASPECT_EVIDENCE, &evidence->id, i, &event))
            json_array_append_new(out, event_object(machine, incident, &event, TEXT_CUT));
    }
    return out;
}

static json_t *evidence_object(const struct response_machine *machine,
                               const struct response_incident *incident,
                               const struct response_evidence *evidence)
{
    json_t *out = json_object();
    set_part(out, &evidence->id, 'E', evidence->number, &evidence->revision);
    api_set(out, "name", json_string(evidence->name));
    api_set(out, "source", json_string(evidence->source));
    api_set(out, "collector", json_string(evidence->collector));
    api_set(out, "sha256", api_hash(&evidence->hash));
    api_set(out, "size", api_uint(evidence->size));
    api_set(out, "content_index", uint_or_null(evidence->index));
    api_set(out, "collected_at", api_time(evidence->collected_at));
    api_set(out, "made_at", api_time(evidence->made_at));
    api_set(out, "holder", api_id(&evidence->holder));
    api_set(out, "offered_to", api_id(&evidence->offered_to));
    api_set(out, "sealed", json_boolean(evidence->sealed));
    api_set(out, "disposed", json_boolean(evidence->disposed));
    api_set(out, "custody", custody(machine, incident, evidence, CUSTODY_MAX));
    return out;
}

static json_t *all_evidence(const struct response_machine *machine,
                            const struct response_incident *incident, const vg_id *after,
                            size_t max)
{
    json_t *out = json_array();
    struct response_evidence evidence = {.id = *after};
    while (json_array_size(out) < max &&
           response_evidence_next(machine, &incident->compartment, &incident->id, &evidence.id,
                                  &evidence))
        json_array_append_new(out, evidence_object(machine, incident, &evidence));
    return out;
}

/* In the order of enum api_parts. */
static const struct {
    const char *key;
    json_t *(*list)(const struct response_machine *machine,
                    const struct response_incident *incident, const vg_id *after, size_t max);
} part_lists[] = {
    [API_TASKS] = {"tasks", tasks},
    [API_STEPS] = {"containment", steps},
    [API_EVIDENCE] = {"evidence", all_evidence},
};

/* Takes items from the end until the rest has at most `max` bytes as text; one stays. */
static json_t *trim(json_t *list, size_t max)
{
    size_t bytes = 0;
    size_t count = 0;
    while (count < json_array_size(list) && (count == 0 || bytes < max))
        bytes += json_dumpb(json_array_get(list, count++), NULL, 0, JSON_COMPACT);
    while (json_array_size(list) > count)
        json_array_remove(list, json_array_size(list) - 1);
    return list;
}

json_t *api_incident_parts(const struct response_machine *machine, const struct api_query *query,
                           const struct response_incident *incident)
{
    return trim(part_lists[query->parts].list(machine, incident, &query->after_id, query->limit),
                API_PAGE_BYTES);
}

static json_t *links(const struct response_machine *machine,
                     const struct response_incident *incident)
{
    json_t *out = json_array();
    struct response_link link = {.kind = 0};
    while (response_link_next(machine, &incident->compartment, &incident->id, &link, &link)) {
        json_t *object = json_object();
        const struct response_word *words =
            link.back ? response_link_kinds_back : response_link_kinds;
        api_set(object, "incident", api_id(&link.other));
        api_set(object, "kind", api_word(words, link.kind));
        json_array_append_new(out, object);
    }
    return out;
}

/* ---- proposals ---------------------------------------------------------------------------------
 */

static json_t *signers(const struct response_proposal *proposal)
{
    json_t *out = json_array();
    for (uint32_t i = 0; i < proposal->signer_count; i++) {
        json_t *object = json_object();
        api_set(object, "person", api_id(&proposal->signers[i].person));
        api_set(object, "as", api_word(response_roles, proposal->signers[i].role));
        api_set(object, "at", api_time(proposal->signers[i].signed_at));
        json_array_append_new(out, object);
    }
    return out;
}

static json_t *roles_missing(const struct response_proposal *proposal)
{
    struct response_command command;
    if (proposal->state != RESPONSE_PROPOSAL_OPEN ||
        response_command_decode(proposal->command, &command, NULL) != VG_OK)
        return json_array();
    uint32_t roles = response_roles_missing(proposal, command.op);
    return api_words(response_roles, roles);
}

json_t *api_proposal(const struct response_proposal *proposal)
{
    static const char *const states[] = {[RESPONSE_PROPOSAL_OPEN] = "open",
                                         [RESPONSE_PROPOSAL_CARRIED] = "carried",
                                         [RESPONSE_PROPOSAL_REJECTED] = "rejected"};
    json_t *out = json_object();
    api_set(out, "id", api_id(&proposal->id));
    api_set(out, "incident", api_id(&proposal->incident));
    api_set(out, "state", json_string(states[proposal->state]));
    api_set(out, "hash", api_hash(&proposal->hash));
    api_set(out, "command", api_base64(proposal->command));
    api_set(out, "made_at", api_time(proposal->made_at));
    api_set(out, "expires_at", api_time(proposal->expires_at));
    api_set(out, "ended_at", api_time(proposal->ended_at));
    api_set(out, "signers", signers(proposal));
    api_set(out, "missing", roles_missing(proposal));
    return out;
}

/* Without the commands they are about, which proposal.show has. */
static json_t *proposals(const struct response_machine *machine,
                         const struct response_incident *incident)
{
    json_t *out = json_array();
    struct response_proposal proposal = {.id = none};
    while (json_array_size(out) < PARTS_MAX &&
           response_proposed_next(machine, &incident->compartment, &incident->id, &proposal.id,
                                  &proposal)) {
        json_t *object = api_proposal(&proposal);
        json_object_del(object, "command");
        json_array_append_new(out, object);
    }
    return out;
}

/* ---- the page ----------------------------------------------------------------------------------
 */

json_t *api_incident_page(const struct response_machine *machine, const struct api_query *query,
                          const struct response_incident *incident)
{
    static const struct {
        const char *key;
        json_t *(*list)(const struct response_machine *machine,
                        const struct response_incident *incident);
    } lists[] = {
        {"history", histories},
        {"links", links},
        {"proposals", proposals},
        {"timeline", timeline},
    };
    json_t *out = api_incident(machine, query, incident);
    for (size_t i = 0; i < sizeof part_lists / sizeof part_lists[0]; i++)
        api_set(out, part_lists[i].key,
                trim(part_lists[i].list(machine, incident, &none, PARTS_MAX), PAGE_PARTS_BYTES));
    api_set(out, "tenants", api_affected(machine, query, incident));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        api_set(out, lists[i].key, lists[i].list(machine, incident));
    return out;
}
