/* SPDX-License-Identifier: Apache-2.0
 * What the model keeps: lists that grow, hashes over ids, and the table of requests. */
#include <stdlib.h>

#include "common/text.h"
#include "tests/lib/model_internal.h"

void model_list_add(struct model_list *list, void *item)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 2 : 2 * list->capacity;
        list->items = vg_realloc(list->items, list->capacity * sizeof list->items[0]);
    }
    list->items[list->count++] = item;
}

struct model_name model_name_of(vg_span text)
{
    struct model_name name = {{0}};
    size_t size = text.size <= VG_NAME_MAX ? text.size : VG_NAME_MAX;
    if (size > 0)
        memcpy(name.text, text.data, size);
    return name;
}

bool model_name_equal(const struct model_name *a, const struct model_name *b)
{
    return strcmp(a->text, b->text) == 0;
}

/* ---- compartments and people -------------------------------------------------------------------
 */

struct model_compartment *model_compartment_of(const struct model *model, const vg_id *id)
{
    for (uint32_t i = 0; i < model->compartments.count; i++) {
        struct model_compartment *compartment = model->compartments.items[i];
        if (vg_id_equal(&compartment->id, id))
            return compartment;
    }
    return NULL;
}

uint32_t model_compartments(const struct model *model)
{
    uint32_t count = model->compartments.count - 1; /* control is none */
    for (uint32_t i = 0; i < model_sealed_count(model); i++) {
        vg_id id = model_sealed_at(model, i);
        count += model_compartment_of(model, &id) == NULL;
    }
    return count;
}

struct model_compartment *model_compartment_add(struct model *model, const vg_id *id)
{
    struct model_compartment *compartment = vg_alloc_zero(1, sizeof *compartment);
    compartment->id = *id;
    model_list_add(&model->compartments, compartment);
    return compartment;
}

bool model_is_node(const vg_id *id)
{
    static const uint8_t zeros[8];
    return memcmp(id->bytes, zeros, sizeof zeros) == 0;
}

struct model_person *model_person_of(const struct model *model, const vg_id *id)
{
    struct model_person *person;
    HASH_FIND(hh, model->people, id, sizeof *id, person);
    return person;
}

bool model_is_here(const struct model *model, const vg_id *id)
{
    const struct model_person *person = model_person_of(model, id);
    return person != NULL && !person->gone;
}

struct model_standing *model_standing_of(const struct model *model, const vg_id *person,
                                         const vg_id *compartment)
{
    const struct model_membership of = {*person, *compartment};
    struct model_standing *standing;
    HASH_FIND(hh, model->standings, &of, sizeof of, standing);
    return standing;
}

/* An operator is one by an enrolment's bit, for the cluster; by a grant, in the directory. Key
 * officers are by their bit, for the cluster. */
uint32_t model_roles_of(const struct model *model, const vg_id *person, const vg_id *compartment)
{
    const struct model_person *known = model_person_of(model, person);
    if (known == NULL || known->gone)
        return 0;
    const struct model_standing *standing = model_standing_of(model, person, compartment);
    uint32_t roles = standing != NULL ? standing->roles : 0;
    bool of_cluster = vg_id_is_zero(compartment) || vg_id_equal(compartment, &model->directory);
    if (of_cluster && (known->bits & LEDGER_PERSON_OPERATOR) != 0)
        roles |= RESPONSE_ROLE_OPERATOR;
    if (of_cluster && (known->bits & LEDGER_PERSON_KEY_OFFICER) != 0)
        roles |= RESPONSE_ROLE_KEY_OFFICER;
    return roles;
}

/* ---- incidents and their parts -----------------------------------------------------------------
 */

static struct model_thing_key key_of(const struct model_case *incident, const vg_id *id, int kind)
{
    struct model_thing_key key = {.id = *id, .kind = (uint32_t)kind};
    if (kind < MODEL_PROPOSAL)
        key.within = incident->id;
    return key;
}

static struct model_thing *thing_of(const struct model_compartment *home,
                                    const struct model_case *incident, const vg_id *id, int kind)
{
    const struct model_thing_key key = key_of(incident, id, kind);
    struct model_thing *thing;
    HASH_FIND(hh, home->things, &key, sizeof key, thing);
    return thing;
}

struct model_thing *model_part_of(const struct model_compartment *home,
                                  const struct model_case *incident, const vg_id *id,
                                  enum model_part kind)
{
    return thing_of(home, incident, id, (int)kind);
}

struct model_case *model_case_of(const struct model_compartment *home, const vg_id *id)
{
    const struct model_thing *thing = thing_of(home, NULL, id, MODEL_INCIDENT);
    return thing != NULL ? thing->incident : NULL;
}

static struct model_thing *thing_add(struct model_compartment *home, struct model_case *incident,
                                     const vg_id *id, int kind)
{
    struct model_thing *thing = vg_alloc_zero(1, sizeof *thing);
    thing->key = key_of(incident, id, kind);
    thing->incident = incident;
    HASH_ADD(hh, home->things, key, sizeof thing->key, thing);
    return thing;
}

struct model_case *model_case_add(struct model_compartment *home, const vg_id *id)
{
    struct model_case *incident = vg_alloc_zero(1, sizeof *incident);
    incident->id = *id;
    thing_add(home, incident, id, MODEL_INCIDENT);
    model_list_add(&home->incidents, incident);
    return incident;
}

struct model_thing *model_part_add(struct model_compartment *home, struct model_case *incident,
                                   const vg_id *id, enum model_part kind)
{
    struct model_thing *part = thing_add(home, incident, id, (int)kind);
    model_list_add(incident != NULL ? &incident->parts[kind] : &home->loose, part);
    model_change_part(part);
    return part;
}

struct model_signal *model_signal_of(const struct model_compartment *home, vg_span key)
{
    if (key.size == 0)
        return NULL;
    const struct model_name name = model_name_of(key);
    struct model_signal *signal;
    HASH_FIND(hh, home->signals, &name, sizeof name, signal);
    return signal;
}

struct model_signal *model_signal_add(struct model_compartment *home, vg_span key)
{
    struct model_signal *signal = model_signal_of(home, key);
    if (signal != NULL || key.size == 0)
        return signal;
    signal = vg_alloc_zero(1, sizeof *signal);
    signal->key = model_name_of(key);
    HASH_ADD(hh, home->signals, key, sizeof signal->key, signal);
    return signal;
}

/* ---- revisions ---------------------------------------------------------------------------------
 */

static const uint16_t part_aspects[] = {
    [MODEL_TASK] = RESPONSE_ASPECT_TASK,
    [MODEL_STEP] = RESPONSE_ASPECT_CONTAINMENT,
    [MODEL_EVIDENCE] = RESPONSE_ASPECT_EVIDENCE,
    [MODEL_PROPOSAL] = RESPONSE_ASPECT_PROPOSAL,
};

uint64_t model_revision_in(const struct model_case *incident, uint16_t aspect, const vg_id *part)
{
    if (incident == NULL || aspect >= MODEL_ASPECTS)
        return 0;
    if (vg_id_is_zero(part))
        return incident->revisions[aspect];
    for (int kind = MODEL_TASK; kind <= MODEL_PROPOSAL; kind++) {
        const struct model_list *parts = &incident->parts[kind];
        for (uint32_t i = 0; part_aspects[kind] == aspect && i < parts->count; i++) {
            const struct model_thing *thing = parts->items[i];
            if (vg_id_equal(&thing->key.id, part))
                return thing->revision;
        }
    }
    return 0;
}

void model_change(struct model_case *incident, uint16_t aspect)
{
    incident->revisions[aspect]++;
    incident->events++;
}

void model_change_part(struct model_thing *thing)
{
    thing->revision++;
    if (thing->incident != NULL)
        thing->incident->events++;
}

/* ---- requests ----------------------------------------------------------------------------------
 */

struct model_request *model_request_of(const struct model_compartment *home, const vg_id *request,
                                       const vg_id *author)
{
    const struct model_request_key key = {*request, *author};
    struct model_request *known;
    HASH_FIND(hh, home->requests, &key, sizeof key, known);
    return known;
}

static bool is_older(const struct model_list *heap, size_t a, size_t b)
{
    const struct model_request *first = heap->items[a];
    const struct model_request *second = heap->items[b];
    return memcmp(&first->key, &second->key, sizeof first->key) < 0;
}

static void swap(struct model_list *heap, size_t a, size_t b)
{
    void *item = heap->items[a];
    heap->items[a] = heap->items[b];
    heap->items[b] = item;
}

void model_remember(struct model_compartment *home, const vg_id *request, const vg_id *author,
                    const vg_hash *content, const struct model_verdict *verdict)
{
    struct model_request *known = vg_alloc_zero(1, sizeof *known);
    known->key = (struct model_request_key){*request, *author};
    known->content = *content;
    known->verdict = *verdict;
    HASH_ADD(hh, home->requests, key, sizeof known->key, known);
    model_list_add(&home->oldest, known);
    for (size_t at = home->oldest.count - 1; at > 0 && is_older(&home->oldest, at, (at - 1) / 2);
         at = (at - 1) / 2)
        swap(&home->oldest, at, (at - 1) / 2);
}

static void drop_oldest(struct model_compartment *home)
{
    struct model_list *heap = &home->oldest;
    struct model_request *known = heap->items[0];
    heap->items[0] = heap->items[--heap->count];
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < heap->count && is_older(heap, child, least))
                least = child;
        }
        if (least == at)
            break;
        swap(heap, at, least);
        at = least;
    }
    HASH_DEL(home->requests, known);
    free(known);
}

void model_forget(struct model_compartment *home, uint64_t now_ms)
{
    enum { FORGOTTEN_AT_ONCE = 4 };
    for (int i = 0; i < FORGOTTEN_AT_ONCE && home->oldest.count > 0; i++) {
        const struct model_request *known = home->oldest.items[0];
        if (vg_uuid7_time_ms(&known->key.request) + VG_REQUEST_PAST_MS >= now_ms)
            return;
        drop_oldest(home);
    }
}

/* ---- the end -----------------------------------------------------------------------------------
 */

static void case_free(struct model_case *incident)
{
    for (uint32_t i = 0; i < incident->links.count; i++)
        free(incident->links.items[i]);
    for (int kind = MODEL_TASK; kind <= MODEL_PROPOSAL; kind++)
        free(incident->parts[kind].items);
    free(incident->tenants.items);
    free(incident->links.items);
    free(incident);
}

static void thing_free(struct model_compartment *home, struct model_thing *thing)
{
    HASH_DEL(home->things, thing);
    if (thing->key.kind == MODEL_PROPOSAL) {
        free((void *)(uintptr_t)thing->proposal->command.data);
        free(thing->proposal);
    }
    free(thing);
}

void model_drop_least(struct model_compartment *home)
{
    struct model_list *loose = &home->loose;
    uint32_t least = 0;
    for (uint32_t i = 1; i < loose->count; i++) {
        const struct model_thing *one = loose->items[i];
        const struct model_thing *other = loose->items[least];
        if (memcmp(&one->key.id, &other->key.id, sizeof one->key.id) < 0)
            least = i;
    }
    thing_free(home, loose->items[least]);
    loose->items[least] = loose->items[--loose->count];
}

static void things_free(struct model_compartment *compartment)
{
    struct model_thing *thing, *next;
    HASH_ITER(hh, compartment->things, thing, next)
    {
        thing_free(compartment, thing);
    }
    for (uint32_t i = 0; i < compartment->incidents.count; i++)
        case_free(compartment->incidents.items[i]);
    free(compartment->incidents.items);
    free(compartment->loose.items);
}

void model_compartment_free(struct model_compartment *compartment)
{
    struct model_signal *signal, *next_signal;
    struct model_import *import, *next_import;
    things_free(compartment);
    HASH_ITER(hh, compartment->signals, signal, next_signal)
    {
        HASH_DEL(compartment->signals, signal);
        free(signal);
    }
    HASH_ITER(hh, compartment->imports, import, next_import)
    {
        HASH_DEL(compartment->imports, import);
        free(import);
    }
    for (uint32_t i = 0; i < compartment->marks.count; i++)
        free(compartment->marks.items[i]);
    free(compartment->marks.items);
    for (uint32_t i = 0; i < compartment->owed.count; i++)
        free(compartment->owed.items[i]);
    for (uint32_t i = 0; i < compartment->heard.count; i++)
        free(compartment->heard.items[i]);
    free(compartment->owed.items);
    free(compartment->heard.items);
    while (compartment->oldest.count > 0)
        drop_oldest(compartment);
    free(compartment->oldest.items);
    free(compartment);
}
