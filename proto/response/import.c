/* SPDX-License-Identifier: Apache-2.0
 * Historical incidents: records from elsewhere, once by their natural key, kept whole (R1). */
#include "common/text.h"
#include "proto/response/detect.h"

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
    char text[VG_ID_TEXT];
    vg_span kept;
    call->outcome->id = *id;
    call->outcome->repeated =
        response_document_get(call->machine, &call->request->compartment, id, &kept) &&
        vg_span_equal(kept, call->command.import.document);
    if (call->outcome->repeated)
        return VG_OK;
    vg_id_format(id, text);
    return RESPONSE_REFUSE(call, OTHER_DOCUMENT, text);
}

/* "NAMESPACE KEY, SOURCE: TITLE", so that a record can be followed back to where it came from. */
static vg_span describe(struct response_call *call)
{
    struct vg_buffer *text = &call->text;
    vg_buffer_append(text, call->command.import.space.data, call->command.import.space.size);
    response_append_text(text, " ");
    vg_buffer_append(text, call->command.import.key.data, call->command.import.key.size);
    response_append_text(text, ", ");
    response_describe_source(call->command.import.source, call->command.import.subsource,
                             call->command.import.title, text);
    return vg_buffer_span(text);
}

static void fill_incident(const struct response_call *call, struct response_incident *incident)
{
    incident->historical = true;
    incident->stage = RESPONSE_CLOSE;
    incident->source = call->command.import.source;
    incident->subsource = call->command.import.subsource;
    incident->cia = call->command.import.cia;
    incident->class_ = call->command.import.classification;
    incident->happened_at = call->command.import.happened_at;
    incident->records = call->command.import.records;
    incident->unknown_members = call->command.import.unknown_members;
    response_copy_text(call->command.import.title, incident->title, sizeof incident->title);
}

enum vg_code response_judge_import(struct response_call *call)
{
    static const vg_span nothing;
    struct response_key key = natural_key(call);
    vg_span value;
    if (response_judge_source(call, call->command.import.source, call->command.import.subsource) !=
        VG_OK)
        return call->outcome->error.code;
    if (response_get(&call->machine->kv, &key, &value)) {
        vg_id id = response_key_last_id(value);
        return judge_known(call, &id);
    }
    if (response_begin_incident(call) != VG_OK)
        return call->outcome->error.code;
    fill_incident(call, &call->next);
    response_append(call, RESPONSE_EVENT_IMPORT, RESPONSE_ASPECT_DETECTION, describe(call))
        ->happened_at = call->command.import.happened_at;
    response_change(call, 0, RESPONSE_ASPECT_STAGE, nothing);
    return VG_OK;
}

/* One event for each line of the claimed timeline; they set nothing. */
static void add_claimed_events(struct response_call *call)
{
    static const struct response_revision none;
    vg_span lines = call->command.import.timeline;
    for (size_t start = 0, end = 0; start < lines.size; start = end + 1) {
        for (end = start; end < lines.size && lines.data[end] != '\n';)
            end++;
        struct response_change line = {.kind = RESPONSE_EVENT_IMPORT,
                                       .append = true,
                                       .text = vg_span_of(lines.data + start, end - start)};
        if (end > start)
            response_add_event(call, &call->incident, &line, &none);
    }
}

void response_effect_import(struct response_call *call)
{
    const struct response_incident *incident = &call->next;
    struct response_key document =
        response_key_in(&incident->compartment, &incident->id, RESPONSE_SECTION_DOCUMENT);
    struct response_key natural = natural_key(call);
    response_pairs_put(&call->writing->pairs, &document, call->command.import.document);
    response_pairs_put(&call->writing->pairs, &natural,
                       vg_span_of(incident->id.bytes, sizeof incident->id.bytes));
    response_record_changes(call);
    add_claimed_events(call);
    response_save_incident(call, &call->incident);
}
