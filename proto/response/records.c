/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/records.h"

#include <assert.h>

#include "proto/wire/mp.h"

/* ---- shared ------------------------------------------------------------------------------------
 */

static void write_id(struct vg_buffer *out, const vg_id *id)
{
    mp_write_bytes(out, vg_span_of(id->bytes, sizeof id->bytes));
}

static void read_id(struct mp_reader *reader, vg_id *id)
{
    mp_read_fixed(reader, id->bytes, sizeof id->bytes);
}

static void write_string(struct vg_buffer *out, const char *text)
{
    mp_write_text(out, vg_span_text(text));
}

static void read_string(struct mp_reader *reader, char *out, size_t size)
{
    vg_span text = mp_read_text(reader, size - 1);
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
}

static void write_revisions(struct vg_buffer *out, const struct response_revision *revisions,
                            uint32_t count)
{
    mp_write_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        mp_write_array(out, 5);
        mp_write_uint(out, revisions[i].aspect);
        write_id(out, &revisions[i].part);
        mp_write_uint(out, revisions[i].revision);
        write_id(out, &revisions[i].set_by);
        mp_write_uint(out, revisions[i].set_at_ms);
    }
}

static uint32_t read_revisions(struct mp_reader *reader, struct response_revision *revisions)
{
    uint32_t count = mp_read_array(reader, RESPONSE_REVISIONS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        mp_read_tuple(reader, 5);
        revisions[i].aspect = (uint16_t)mp_read_uint(reader);
        read_id(reader, &revisions[i].part);
        revisions[i].revision = mp_read_uint(reader);
        read_id(reader, &revisions[i].set_by);
        revisions[i].set_at_ms = mp_read_uint(reader);
        mp_end_array(reader);
    }
    mp_end_array(reader);
    return count;
}

static void finish(struct mp_reader *reader)
{
    mp_end_array(reader);
    enum vg_code code = mp_finish(reader, "state", NULL);
    assert(code == VG_OK);
}

/* ---- incident ----------------------------------------------------------------------------------
 */

enum { INCIDENT_FIELDS = 18 };

void response_incident_encode(const struct response_incident *incident, struct vg_buffer *out)
{
    mp_write_array(out, INCIDENT_FIELDS);
    write_id(out, &incident->linked);
    mp_write_uint(out, incident->stage);
    mp_write_uint(out, incident->source);
    mp_write_uint(out, incident->subsource);
    mp_write_uint(out, incident->cia);
    mp_write_bool(out, incident->historical);
    mp_write_uint(out, incident->count);
    mp_write_uint(out, incident->created_at);
    mp_write_uint(out, incident->updated_at);
    mp_write_uint(out, incident->happened_at);
    mp_write_uint(out, incident->records);
    mp_write_uint(out, incident->unknown_members);
    mp_write_uint(out, incident->events);
    write_revisions(out, incident->revisions, incident->revision_count);
    write_string(out, incident->title);
    write_string(out, incident->product);
    write_string(out, incident->classification);
    write_string(out, incident->dedup_key);
}

void response_incident_decode(vg_span bytes, struct response_incident *out)
{
    struct mp_reader reader = mp_reader_of(bytes);
    mp_read_tuple(&reader, INCIDENT_FIELDS);
    read_id(&reader, &out->linked);
    out->stage = (uint8_t)mp_read_uint(&reader);
    out->source = (uint8_t)mp_read_uint(&reader);
    out->subsource = (uint8_t)mp_read_uint(&reader);
    out->cia = (uint8_t)mp_read_uint(&reader);
    out->historical = mp_read_bool(&reader);
    out->count = mp_read_uint(&reader);
    out->created_at = mp_read_uint(&reader);
    out->updated_at = mp_read_uint(&reader);
    out->happened_at = mp_read_uint(&reader);
    out->records = mp_read_uint(&reader);
    out->unknown_members = (uint32_t)mp_read_uint(&reader);
    out->events = mp_read_uint(&reader);
    out->revision_count = read_revisions(&reader, out->revisions);
    read_string(&reader, out->title, sizeof out->title);
    read_string(&reader, out->product, sizeof out->product);
    read_string(&reader, out->classification, sizeof out->classification);
    read_string(&reader, out->dedup_key, sizeof out->dedup_key);
    finish(&reader);
}

/* ---- event -------------------------------------------------------------------------------------
 */

enum { EVENT_FIELDS = 7 };

static const char *const event_names[] = {
    [RESPONSE_EVENT_DETECT] = "detect", [RESPONSE_EVENT_JOIN] = "join",
    [RESPONSE_EVENT_NOTE] = "note",     [RESPONSE_EVENT_STAGE] = "stage",
    [RESPONSE_EVENT_IMPORT] = "import",
};

void response_event_encode(const struct response_event *event, enum response_event_kind kind,
                           struct vg_buffer *out)
{
    assert(event->text.size <= RESPONSE_EVENT_TEXT_MAX);
    mp_write_array(out, EVENT_FIELDS);
    mp_write_uint(out, event->index);
    mp_write_uint(out, event->time_ms);
    mp_write_uint(out, event->happened_at);
    mp_write_uint(out, event->received_at);
    write_id(out, &event->author);
    mp_write_uint(out, (uint64_t)kind);
    mp_write_text(out, event->text);
}

void response_event_decode(vg_span bytes, struct response_event *out)
{
    struct mp_reader reader = mp_reader_of(bytes);
    mp_read_tuple(&reader, EVENT_FIELDS);
    out->index = mp_read_uint(&reader);
    out->time_ms = mp_read_uint(&reader);
    out->happened_at = mp_read_uint(&reader);
    out->received_at = mp_read_uint(&reader);
    read_id(&reader, &out->author);
    uint64_t kind = mp_read_uint(&reader);
    out->text = mp_read_text(&reader, RESPONSE_EVENT_TEXT_MAX);
    if (kind < RESPONSE_EVENT_DETECT || kind > RESPONSE_EVENT_IMPORT)
        mp_fail(&reader, "an unknown kind of event");
    finish(&reader);
    assert(kind >= RESPONSE_EVENT_DETECT && kind <= RESPONSE_EVENT_IMPORT);
    memcpy(out->kind, event_names[kind], strlen(event_names[kind]) + 1);
}

/* ---- outcome -----------------------------------------------------------------------------------
 */

enum { OUTCOME_FIELDS = 10, CONFLICT_FIELDS = 7 };

static void write_conflict(struct vg_buffer *out, const struct response_outcome *outcome)
{
    if (outcome->error.code != VG_CONFLICT) {
        mp_write_nil(out);
        return;
    }
    mp_write_array(out, CONFLICT_FIELDS);
    mp_write_uint(out, outcome->conflict.aspect);
    mp_write_uint(out, outcome->conflict.expected);
    mp_write_uint(out, outcome->conflict.current);
    write_id(out, &outcome->conflict.set_by);
    mp_write_uint(out, outcome->conflict.set_at_ms);
    write_string(out, outcome->conflict.value);
    write_string(out, outcome->conflict.proposed);
}

static void read_conflict(struct mp_reader *reader, struct response_outcome *out)
{
    if (mp_read_nil(reader))
        return;
    mp_read_tuple(reader, CONFLICT_FIELDS);
    out->conflict.aspect = (uint16_t)mp_read_uint(reader);
    out->conflict.expected = mp_read_uint(reader);
    out->conflict.current = mp_read_uint(reader);
    read_id(reader, &out->conflict.set_by);
    out->conflict.set_at_ms = mp_read_uint(reader);
    read_string(reader, out->conflict.value, sizeof out->conflict.value);
    read_string(reader, out->conflict.proposed, sizeof out->conflict.proposed);
    mp_end_array(reader);
}

void response_outcome_encode(const vg_hash *request_hash, const struct response_outcome *outcome,
                             struct vg_buffer *out)
{
    mp_write_array(out, OUTCOME_FIELDS);
    mp_write_bytes(out, vg_span_of(request_hash->bytes, sizeof request_hash->bytes));
    mp_write_uint(out, (uint64_t)outcome->error.code);
    write_string(out, outcome->error.rule);
    write_id(out, &outcome->id);
    mp_write_uint(out, outcome->index);
    mp_write_uint(out, outcome->term);
    mp_write_uint(out, outcome->time_ms);
    mp_write_bool(out, outcome->joined);
    write_revisions(out, outcome->revisions, outcome->revision_count);
    write_conflict(out, outcome);
}

void response_outcome_decode(vg_span bytes, vg_hash *request_hash, struct response_outcome *out)
{
    struct mp_reader reader = mp_reader_of(bytes);
    mp_read_tuple(&reader, OUTCOME_FIELDS);
    mp_read_fixed(&reader, request_hash->bytes, sizeof request_hash->bytes);
    out->error.code = vg_code_from_number((unsigned)mp_read_uint(&reader));
    read_string(&reader, out->error.rule, sizeof out->error.rule);
    read_id(&reader, &out->id);
    out->index = mp_read_uint(&reader);
    out->term = mp_read_uint(&reader);
    out->time_ms = mp_read_uint(&reader);
    out->joined = mp_read_bool(&reader);
    out->revision_count = read_revisions(&reader, out->revisions);
    read_conflict(&reader, out);
    finish(&reader);
}
