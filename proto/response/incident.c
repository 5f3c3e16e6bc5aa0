/* SPDX-License-Identifier: Apache-2.0
 * Incidents: the record, its timeline, its place among open work; and notes. */
#include <assert.h>

#include "common/text.h"
#include "proto/response/call.h"

static struct response_key incident_key(const vg_id *compartment, enum response_kind kind,
                                        const vg_id *incident)
{
    struct response_key key = response_key_of(compartment, kind);
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

/* ---- views -------------------------------------------------------------------------------------
 */

enum vg_code response_incident_get(const struct response_machine *machine, const vg_id *compartment,
                                   const vg_id *id, struct response_incident *out)
{
    struct response_key key = incident_key(compartment, RESPONSE_KIND_INCIDENT, id);
    vg_span value;
    if (!response_get(&machine->kv, &key, &value))
        return VG_NOT_FOUND;
    response_incident_decode(value, out);
    out->id = *id;
    out->compartment = *compartment;
    return VG_OK;
}

bool response_incident_next(const struct response_machine *machine, const vg_id *compartment,
                            const vg_id *after, bool all, struct response_incident *out)
{
    const struct vg_kv *kv = &machine->kv;
    enum response_kind kind = all ? RESPONSE_KIND_INCIDENT : RESPONSE_KIND_OPEN;
    struct response_key prefix = response_key_of(compartment, kind);
    struct response_key from = incident_key(compartment, kind, after);
    vg_span key;
    vg_span value;
    if (!kv->next(kv->context, response_key_span(&prefix), response_key_span(&from), true, &key,
                  &value))
        return false;
    vg_id id = response_key_last_id(key);
    enum vg_code found = response_incident_get(machine, compartment, &id, out);
    assert(found == VG_OK);
    return found == VG_OK;
}

bool response_event_get(const struct response_machine *machine, const vg_id *compartment,
                        const vg_id *incident, uint64_t sequence, struct response_event *out)
{
    struct response_key key = incident_key(compartment, RESPONSE_KIND_EVENT, incident);
    vg_span value;
    response_key_u64(&key, sequence);
    if (!response_get(&machine->kv, &key, &value))
        return false;
    response_event_decode(value, out);
    out->sequence = sequence;
    return true;
}

bool response_document_get(const struct response_machine *machine, const vg_id *compartment,
                           const vg_id *incident, vg_span *out)
{
    struct response_key key = incident_key(compartment, RESPONSE_KIND_DOCUMENT, incident);
    return response_get(&machine->kv, &key, out);
}

/* ---- shared by the commands --------------------------------------------------------------------
 */

enum vg_code response_find_incident(struct response_call *call, const vg_id *id)
{
    char text[VG_ID_TEXT];
    if (response_incident_get(call->machine, &call->request->compartment, id, &call->incident) ==
        VG_OK) {
        call->outcome->id = *id;
        return VG_OK;
    }
    vg_id_format(id, text);
    return vg_fail(&call->outcome->error, VG_NOT_FOUND, "this compartment has no incident %s",
                   text);
}

enum vg_code response_begin_incident(struct response_call *call)
{
    const vg_id *id = &call->request->request;
    struct response_key key = incident_key(&call->request->compartment, RESPONSE_KIND_INCIDENT, id);
    vg_span value;
    if (response_get(&call->machine->kv, &key, &value)) {
        call->outcome->id = *id;
        return vg_fail(&call->outcome->error, VG_EXISTS,
                       "another person's request made an incident of this id; make a new request "
                       "id");
    }
    call->incident = (struct response_incident){
        .id = *id,
        .compartment = call->request->compartment,
        .count = 1,
        .created_at = call->time_ms,
    };
    call->outcome->id = *id;
    return VG_OK;
}

void response_add_event(struct response_call *call, enum response_event_kind kind,
                        uint64_t happened_at, vg_span text)
{
    struct response_event event = {
        .index = call->index,
        .time_ms = call->time_ms,
        .happened_at = happened_at,
        .received_at = vg_uuid7_time_ms(&call->request->request),
        .author = call->request->author,
        .text = text,
    };
    struct vg_buffer buffer = {0};
    struct response_key key =
        incident_key(&call->request->compartment, RESPONSE_KIND_EVENT, &call->incident.id);
    response_key_u64(&key, ++call->incident.events);
    response_event_encode(&event, kind, &buffer);
    response_pairs_put(&call->pairs, &key, vg_buffer_span(&buffer));
    vg_buffer_free(&buffer);
}

static void save_open(struct response_call *call)
{
    const struct response_incident *incident = &call->incident;
    struct response_key key =
        incident_key(&incident->compartment, RESPONSE_KIND_OPEN, &incident->id);
    if (incident->stage == RESPONSE_CLOSE)
        response_pairs_del(&call->pairs, &key);
    else
        response_pairs_put(&call->pairs, &key, vg_span_of(&incident->stage, 1));
}

void response_save_incident(struct response_call *call)
{
    struct response_incident *incident = &call->incident;
    struct response_outcome *outcome = call->outcome;
    struct vg_buffer buffer = {0};
    struct response_key key =
        incident_key(&incident->compartment, RESPONSE_KIND_INCIDENT, &incident->id);
    incident->updated_at = call->time_ms;
    response_incident_encode(incident, &buffer);
    response_pairs_put(&call->pairs, &key, vg_buffer_span(&buffer));
    vg_buffer_free(&buffer);
    save_open(call);
    outcome->revision_count = incident->revision_count;
    memcpy(outcome->revisions, incident->revisions, sizeof outcome->revisions);
}

/* ---- note --------------------------------------------------------------------------------------
 */

enum vg_code response_judge_note(struct response_call *call)
{
    enum vg_code code = response_find_incident(call, &call->command.note.incident);
    return code == VG_OK ? response_check_expectations(call, RESPONSE_ASPECT_NOTES, "one more note")
                         : code;
}

void response_effect_note(struct response_call *call)
{
    response_bump(call, RESPONSE_ASPECT_NOTES);
    response_add_event(call, RESPONSE_EVENT_NOTE, 0, call->command.note.text);
    response_save_incident(call);
}
