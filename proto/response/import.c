/* SPDX-License-Identifier: Apache-2.0
 * Historical incidents: records from elsewhere, once by their natural key, kept whole (R1). */
#include "common/text.h"
#include "proto/response/call.h"

static struct response_key natural_key(const struct response_call *call)
{
    struct response_key key = response_key_of(&call->request->compartment, RESPONSE_KIND_NATURAL);
    response_key_text(&key, call->command.import.space);
    response_key_text(&key, call->command.import.key);
    return key;
}

/* The incident that has the natural key already: the same document is the same import. */
static enum vg_code judge_known(struct response_call *call, const vg_id *id)
{
    vg_span kept;
    bool same = response_find_incident(call, id) == VG_OK &&
                response_document_get(call->machine, &call->request->compartment, id, &kept) &&
                vg_span_equal(kept, call->command.import.document);
    if (!same) {
        char text[VG_ID_TEXT];
        vg_id_format(id, text);
        return vg_fail(&call->outcome->error, VG_EXISTS,
                       "incident %s was imported under this key from another document; nothing is "
                       "overwritten, import it under another namespace or note the change there",
                       text);
    }
    call->outcome->repeated = true;
    call->outcome->revision_count = call->incident.revision_count;
    memcpy(call->outcome->revisions, call->incident.revisions, sizeof call->outcome->revisions);
    return VG_OK;
}

enum vg_code response_judge_import(struct response_call *call)
{
    struct response_key key = natural_key(call);
    vg_span value;
    if (response_expect_nothing(call) != VG_OK ||
        response_judge_source(call->command.import.source, call->command.import.subsource,
                              &call->outcome->error) != VG_OK)
        return call->outcome->error.code;
    if (!response_get(&call->machine->kv, &key, &value))
        return response_begin_incident(call);
    vg_id id = response_key_last_id(value);
    return judge_known(call, &id);
}

static void fill_incident(struct response_call *call)
{
    struct response_incident *incident = &call->incident;
    incident->historical = true;
    incident->stage = RESPONSE_CLOSE;
    incident->source = call->command.import.source;
    incident->subsource = call->command.import.subsource;
    incident->cia = call->command.import.cia;
    incident->happened_at = call->command.import.happened_at;
    incident->records = call->command.import.records;
    incident->unknown_members = call->command.import.unknown_members;
    response_copy_text(call->command.import.title, incident->title, sizeof incident->title);
    response_copy_text(call->command.import.classification, incident->classification,
                       sizeof incident->classification);
}

/* "NAMESPACE KEY, " so that a record can be followed back to where it came from. */
static void append_natural_key(const struct response_call *call, struct vg_buffer *out)
{
    vg_buffer_append(out, call->command.import.space.data, call->command.import.space.size);
    vg_buffer_append(out, " ", 1);
    vg_buffer_append(out, call->command.import.key.data, call->command.import.key.size);
    vg_buffer_append(out, ", ", 2);
}

/* One event for the import, and one for each line of the claimed timeline. */
static void add_events(struct response_call *call)
{
    struct vg_buffer text = {0};
    append_natural_key(call, &text);
    response_describe_source(call->command.import.source, call->command.import.subsource,
                             call->command.import.title, &text);
    response_add_event(call, RESPONSE_EVENT_IMPORT, call->command.import.happened_at,
                       vg_buffer_span(&text));
    vg_buffer_free(&text);

    vg_span lines = call->command.import.timeline;
    for (size_t start = 0, end = 0; start < lines.size; start = end + 1) {
        for (end = start; end < lines.size && lines.data[end] != '\n';)
            end++;
        if (end > start)
            response_add_event(call, RESPONSE_EVENT_IMPORT, 0,
                               vg_span_of(lines.data + start, end - start));
    }
}

void response_effect_import(struct response_call *call)
{
    const struct response_incident *incident = &call->incident;
    fill_incident(call);
    struct response_key document = response_key_of(&incident->compartment, RESPONSE_KIND_DOCUMENT);
    struct response_key natural = natural_key(call);
    response_key_id(&document, &incident->id);
    response_pairs_put(&call->pairs, &document, call->command.import.document);
    response_pairs_put(&call->pairs, &natural,
                       vg_span_of(incident->id.bytes, sizeof incident->id.bytes));
    response_bump(call, RESPONSE_ASPECT_STAGE);
    response_bump(call, RESPONSE_ASPECT_DETECTION);
    add_events(call);
    response_save_incident(call);
}
