/* SPDX-License-Identifier: Apache-2.0
 * Incidents: the record, its place among open work, and writing what a command has changed. */
#include "proto/response/incident.h"

#include <assert.h>

#include "common/text.h"
#include "proto/response/call.h"

static struct response_key record_key(const vg_id *compartment, const vg_id *incident)
{
    return response_key_in(compartment, incident, RESPONSE_SECTION_RECORD);
}

static struct response_key open_key(const vg_id *compartment, const vg_id *incident)
{
    struct response_key key = response_key_of(compartment, RESPONSE_KIND_OPEN);
    response_key_id(&key, incident);
    return key;
}

void response_copy_text(vg_span text, char *out, size_t size)
{
    assert(text.size < size);
    if (text.size > 0)
        memcpy(out, text.data, text.size);
    out[text.size] = '\0';
}

void response_append_text(struct vg_buffer *out, const char *text)
{
    vg_buffer_append(out, text, strlen(text));
}

void response_cut_text(vg_span text, char out[RESPONSE_VALUE_TEXT])
{
    static const char more[] = "\u2026";
    const uint8_t *end = text.size > 0 ? memchr(text.data, '\n', text.size) : NULL;
    size_t line = end != NULL ? (size_t)(end - text.data) : text.size;
    size_t size = line < RESPONSE_VALUE_TEXT ? line : RESPONSE_VALUE_TEXT - sizeof more;
    while (size > 0 && size < text.size && (text.data[size] & 0xc0) == 0x80)
        size--;
    response_copy_text(vg_span_of(text.data, size), out, RESPONSE_VALUE_TEXT);
    if (size < text.size && size + sizeof more <= RESPONSE_VALUE_TEXT)
        memcpy(out + size, more, sizeof more);
}

/* ---- views -------------------------------------------------------------------------------------
 */

enum vg_code response_incident_get(const struct response_machine *machine, const vg_id *compartment,
                                   const vg_id *id, struct response_incident *out)
{
    struct response_key key = record_key(compartment, id);
    vg_span value;
    if (!response_get(&machine->kv, &key, &value))
        return VG_NOT_FOUND;
    response_incident_decode(value, out);
    out->id = *id;
    out->compartment = *compartment;
    return VG_OK;
}

static bool next_open(const struct response_machine *machine, const vg_id *compartment,
                      const vg_id *after, struct response_incident *out)
{
    struct response_key prefix = response_key_of(compartment, RESPONSE_KIND_OPEN);
    struct response_key from = open_key(compartment, after);
    vg_span key;
    vg_span value;
    if (!response_next(&machine->kv, &prefix, &from, &key, &value))
        return false;
    vg_id id = response_key_last_id(key);
    enum vg_code found = response_incident_get(machine, compartment, &id, out);
    assert(found == VG_OK);
    return found == VG_OK;
}

static bool next_of_all(const struct response_machine *machine, const vg_id *compartment,
                        const vg_id *after, struct response_incident *out)
{
    struct response_key prefix = response_key_of(compartment, RESPONSE_KIND_INCIDENT);
    struct response_key from = response_key_in(compartment, after, RESPONSE_SECTION_END);
    vg_span key;
    vg_span value;
    if (!response_next(&machine->kv, &prefix, &from, &key, &value))
        return false;
    assert(key.data[key.size - 1] == RESPONSE_SECTION_RECORD);
    response_incident_decode(value, out);
    out->id = response_key_last_id(vg_span_of(key.data, key.size - 1));
    out->compartment = *compartment;
    return true;
}

bool response_incident_next(const struct response_machine *machine, const vg_id *compartment,
                            const vg_id *after, bool all, struct response_incident *out)
{
    return all ? next_of_all(machine, compartment, after, out)
               : next_open(machine, compartment, after, out);
}

bool response_document_get(const struct response_machine *machine, const vg_id *compartment,
                           const vg_id *incident, vg_span *out)
{
    struct response_key key = response_key_in(compartment, incident, RESPONSE_SECTION_DOCUMENT);
    return response_get(&machine->kv, &key, out);
}

/* In this order: what stands decides how it closes (docs/process.md, "stage"). */
uint8_t response_disposition_of(const struct response_incident *incident)
{
    if (incident->declared_at != 0)
        return RESPONSE_RESOLVED;
    if (incident->class_ == RESPONSE_FALSE_POSITIVE)
        return RESPONSE_AS_FALSE_POSITIVE;
    if (incident->responsibility == RESPONSE_CUSTOMER)
        return RESPONSE_CUSTOMER_MANAGED;
    return incident->stage == RESPONSE_ASSESS ? RESPONSE_NOT_ESCALATED : RESPONSE_RESOLVED;
}

/* ---- shared by the commands --------------------------------------------------------------------
 */

enum vg_code response_find_incident(struct response_call *call, const vg_id *id)
{
    char text[VG_ID_TEXT];
    if (response_incident_get(call->machine, &call->request->compartment, id, &call->incident) ==
        VG_OK) {
        call->next = call->incident;
        call->outcome->id = *id;
        return VG_OK;
    }
    vg_id_format(id, text);
    return RESPONSE_REFUSE(call, NO_INCIDENT, text);
}

enum vg_code response_begin_incident(struct response_call *call)
{
    const vg_id *id = &call->request->request;
    struct response_key key = record_key(&call->request->compartment, id);
    vg_span value;
    call->outcome->id = *id;
    if (response_get(&call->machine->kv, &key, &value))
        return response_refuse(call, RESPONSE_REFUSED_ID_TAKEN);
    call->next = (struct response_incident){
        .id = *id,
        .compartment = call->request->compartment,
        .origin = call->origin,
        .count = 1,
        .created_at = call->time_ms,
    };
    call->incident = call->next;
    return VG_OK;
}

static void save_open(struct response_call *call, const struct response_incident *incident)
{
    struct response_key key = open_key(&incident->compartment, &incident->id);
    if (incident->stage == RESPONSE_CLOSE)
        response_pairs_del(&call->writing->pairs, &key);
    else
        response_pairs_put(&call->writing->pairs, &key, vg_span_of(&incident->stage, 1));
}

void response_save_incident(struct response_call *call, struct response_incident *incident)
{
    struct vg_buffer buffer = {0};
    struct response_key key = record_key(&incident->compartment, &incident->id);
    incident->updated_at = call->time_ms;
    response_incident_encode(incident, &buffer);
    response_pairs_put(&call->writing->pairs, &key, vg_buffer_span(&buffer));
    vg_buffer_free(&buffer);
    save_open(call, incident);
}

/* The revision that a change has made, for its event and the answer. */
static struct response_revision count_change(struct response_call *call,
                                             const struct response_change *change)
{
    if (vg_id_is_zero(&change->part))
        return *response_bump(call, &call->incident, change->aspect);
    return response_part_revision(call, &call->incident.id, change->aspect, &change->part);
}

void response_record_changes(struct response_call *call)
{
    struct response_outcome *outcome = call->outcome;
    call->incident = call->next;
    for (uint32_t i = 0; i < call->change_count; i++) {
        struct response_revision revision = count_change(call, &call->changes[i]);
        if (call->changes[i].kind != 0)
            response_add_event(call, &call->incident, &call->changes[i], &revision);
        outcome->revisions[outcome->revision_count++] = revision;
    }
    call->change_count = 0;
    response_save_incident(call, &call->incident);
}
