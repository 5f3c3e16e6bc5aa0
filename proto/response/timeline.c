/* SPDX-License-Identifier: Apache-2.0
 * Timelines: an incident's events in their order, the events that set an aspect, and a
 * compartment's events in the order of the log; and notes. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "proto/response/call.h"

static struct response_key event_key(const vg_id *compartment, const vg_id *incident,
                                     uint64_t sequence)
{
    struct response_key key = response_key_in(compartment, incident, RESPONSE_SECTION_EVENT);
    response_key_u64(&key, sequence);
    return key;
}

static struct response_key change_key(const vg_id *compartment, const vg_id *incident,
                                      uint16_t aspect, const vg_id *part, uint64_t revision)
{
    struct response_key key = response_key_in(compartment, incident, RESPONSE_SECTION_CHANGE);
    response_key_u64(&key, aspect);
    response_key_id(&key, part);
    response_key_u64(&key, revision);
    return key;
}

static struct response_key stream_key(const vg_id *compartment, const struct response_place *place)
{
    struct response_key key = response_key_of(compartment, RESPONSE_KIND_STREAM);
    response_key_u64(&key, place->index);
    response_key_u64(&key, place->number);
    return key;
}

/* ---- views -------------------------------------------------------------------------------------
 */

bool response_event_get(const struct response_machine *machine, const vg_id *compartment,
                        const vg_id *incident, uint64_t sequence, struct response_event *out)
{
    struct response_key key = event_key(compartment, incident, sequence);
    vg_span value;
    if (!response_get(&machine->kv, &key, &value))
        return false;
    response_event_decode(value, out);
    out->sequence = sequence;
    return true;
}

bool response_change_get(const struct response_machine *machine, const vg_id *compartment,
                         const vg_id *incident, uint16_t aspect, const vg_id *part,
                         uint64_t revision, struct response_event *out)
{
    struct response_key key = change_key(compartment, incident, aspect, part, revision);
    vg_span value;
    return response_get(&machine->kv, &key, &value) &&
           response_event_get(machine, compartment, incident, response_u64_of(value), out);
}

bool response_stream_next(const struct response_machine *machine, const vg_id *compartment,
                          struct response_place *place, vg_id *incident, struct response_event *out)
{
    struct response_key prefix = response_key_of(compartment, RESPONSE_KIND_STREAM);
    struct response_key from = stream_key(compartment, place);
    vg_span key;
    vg_span value;
    if (!response_next(&machine->kv, &prefix, &from, &key, &value))
        return false;
    place->number = (uint32_t)response_key_last_u64(key);
    place->index = response_key_last_u64(vg_span_of(key.data, key.size - 8));
    assert(value.size == sizeof(vg_id) + 8);
    memcpy(incident->bytes, value.data, sizeof incident->bytes);
    uint64_t sequence = response_u64_of(vg_span_of(value.data + sizeof(vg_id), 8));
    bool found = response_event_get(machine, compartment, incident, sequence, out);
    assert(found);
    return found;
}

/* ---- writing -----------------------------------------------------------------------------------
 */

static void put_number(struct response_call *call, const struct response_key *key, uint64_t number)
{
    uint8_t bytes[8];
    response_pairs_put(&call->writing->pairs, key, response_u64_value(number, bytes));
}

static void put_event(struct response_call *call, const struct response_incident *incident,
                      const struct response_event *event)
{
    struct vg_buffer buffer = {0};
    struct response_key key = event_key(&incident->compartment, &incident->id, event->sequence);
    response_event_encode(event, &buffer);
    response_pairs_put(&call->writing->pairs, &key, vg_buffer_span(&buffer));
    vg_buffer_free(&buffer);
}

static void put_stream(struct response_call *call, const struct response_incident *incident)
{
    uint8_t value[sizeof(vg_id) + 8];
    struct response_place place = {call->index, ++call->writing->events};
    struct response_key key = stream_key(&incident->compartment, &place);
    memcpy(value, incident->id.bytes, sizeof(vg_id));
    response_u64_value(incident->events, value + sizeof(vg_id));
    response_pairs_put(&call->writing->pairs, &key, vg_span_of(value, sizeof value));
}

/* The latest event corrects an earlier one, which says so from now on; what it says stays (R27). */
static void correct_event(struct response_call *call, const struct response_incident *incident,
                          uint64_t sequence)
{
    struct response_event event;
    bool found =
        response_event_get(call->machine, &incident->compartment, &incident->id, sequence, &event);
    assert(found);
    event.corrected_by = incident->events;
    put_event(call, incident, &event);
}

/* Notes and joined signals are many, and nobody asks for the n-th of them. */
static bool is_looked_up(const struct response_change *change)
{
    return change->aspect != RESPONSE_ASPECT_NOTES && change->aspect != RESPONSE_ASPECT_SIGNALS &&
           change->aspect != RESPONSE_ASPECT_DETECTION;
}

void response_add_event(struct response_call *call, struct response_incident *incident,
                        const struct response_change *change,
                        const struct response_revision *revision)
{
    char procedure[VG_NAME_MAX + 1] = "";
    if (change->aspect == RESPONSE_ASPECT_STAGE)
        response_procedure_of(call->machine, &incident->compartment, procedure);
    struct response_event event = {
        .sequence = ++incident->events,
        .index = call->index,
        .time_ms = call->time_ms,
        .happened_at = change->happened_at,
        .received_at = vg_uuid7_time_ms(&call->request->request),
        .author = call->request->author,
        .kind = change->kind,
        .aspect = change->aspect,
        .part = change->part,
        .revision = revision->revision,
        .corrects = change->corrects,
        .from = vg_span_text(change->from),
        .to = vg_span_text(change->to),
        .procedure = vg_span_text(procedure),
        .text = change->text,
    };
    put_event(call, incident, &event);
    put_stream(call, incident);
    if (is_looked_up(change)) {
        struct response_key key = change_key(&incident->compartment, &incident->id, change->aspect,
                                             &change->part, revision->revision);
        put_number(call, &key, incident->events);
    }
    if (change->corrects != 0)
        correct_event(call, incident, change->corrects);
}

/* ---- note --------------------------------------------------------------------------------------
 */

enum vg_code response_judge_note(struct response_call *call)
{
    uint64_t corrects = call->command.note.corrects;
    bool finding = call->command.note.kind == RESPONSE_FINDING;
    if (response_find_incident(call, &call->command.note.incident) != VG_OK)
        return call->outcome->error.code;
    if (corrects > call->incident.events) {
        char number[24];
        snprintf(number, sizeof number, "%" PRIu64, corrects);
        return RESPONSE_REFUSE(call, NO_EVENT, number);
    }
    struct response_change *change = response_append(
        call, finding ? RESPONSE_EVENT_FINDING : RESPONSE_EVENT_NOTE,
        finding ? RESPONSE_ASPECT_FINDINGS : RESPONSE_ASPECT_NOTES, call->command.note.text);
    change->corrects = corrects;
    return VG_OK;
}
