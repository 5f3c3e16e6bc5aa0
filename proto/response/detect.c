/* SPDX-License-Identifier: Apache-2.0
 * Detection: R1's sources, R3's one incident per signal, and R10's filters, which count what they
 * take out. */
#include <assert.h>

#include "proto/response/detect.h"

/* ---- R1, R2: sources ---------------------------------------------------------------------------
 */

enum vg_code response_judge_source(struct response_call *call, uint8_t source, uint8_t subsource)
{
    if (source == RESPONSE_SOURCE_EXERCISE)
        return response_refuse(call, RESPONSE_REFUSED_EXERCISE);
    if (subsource != RESPONSE_SUB_NONE && source != RESPONSE_SOURCE_AUTOMATED)
        return response_refuse(call, RESPONSE_REFUSED_STRAY_SUBSOURCE);
    return VG_OK;
}

void response_describe_source(uint8_t source, uint8_t subsource, vg_span title,
                              struct vg_buffer *out)
{
    response_append_text(out, response_word(response_sources, source));
    if (subsource != RESPONSE_SUB_NONE) {
        response_append_text(out, "/");
        response_append_text(out, response_word(response_subsources, subsource));
    }
    response_append_text(out, ": ");
    vg_buffer_append(out, title.data, title.size);
}

/* ---- R3: the incident of a signal --------------------------------------------------------------
 */

static struct response_key signal_key(const vg_id *compartment, enum response_kind kind,
                                      vg_span signal)
{
    struct response_key key = response_key_of(compartment, kind);
    response_key_text(&key, signal);
    return key;
}

bool response_find_signal(const struct response_machine *machine, const vg_id *compartment,
                          vg_span signal, struct response_incident *out)
{
    vg_span value;
    if (signal.size == 0)
        return false;
    struct response_key key = signal_key(compartment, RESPONSE_KIND_DEDUP, signal);
    if (!response_get(&machine->kv, &key, &value))
        return false;
    vg_id id = response_key_last_id(value);
    return response_incident_get(machine, compartment, &id, out) == VG_OK;
}

void response_remember_latest(struct response_call *call)
{
    const struct response_incident *incident = &call->next;
    vg_span signal = vg_span_text(incident->dedup_key);
    if (signal.size == 0)
        return;
    struct response_key key = signal_key(&incident->compartment, RESPONSE_KIND_DEDUP, signal);
    response_pairs_put(&call->writing->pairs, &key,
                       vg_span_of(incident->id.bytes, sizeof incident->id.bytes));
}

/* ---- R10: filters ------------------------------------------------------------------------------
 */

bool response_filter_get(const struct response_machine *machine, const vg_id *compartment,
                         vg_span signal, struct response_filter *out)
{
    vg_span value;
    if (signal.size == 0)
        return false;
    struct response_key key = signal_key(compartment, RESPONSE_KIND_FILTER, signal);
    if (!response_get(&machine->kv, &key, &value))
        return false;
    response_filter_decode(value, out);
    response_copy_text(signal, out->key, sizeof out->key);
    return true;
}

bool response_filter_next(const struct response_machine *machine, const vg_id *compartment,
                          const char *after, struct response_filter *out)
{
    struct response_key prefix = response_key_of(compartment, RESPONSE_KIND_FILTER);
    struct response_key from = signal_key(compartment, RESPONSE_KIND_FILTER, vg_span_text(after));
    vg_span key;
    vg_span value;
    if (!response_next(&machine->kv, &prefix, &from, &key, &value))
        return false;
    response_filter_decode(value, out);
    response_copy_text(response_key_last_text(&prefix, key), out->key, sizeof out->key);
    return true;
}

static void put_filter(struct response_call *call, const struct response_filter *filter)
{
    struct vg_buffer buffer = {0};
    struct response_key key =
        signal_key(&call->request->compartment, RESPONSE_KIND_FILTER, vg_span_text(filter->key));
    response_filter_encode(filter, &buffer);
    response_pairs_put(&call->writing->pairs, &key, vg_buffer_span(&buffer));
    vg_buffer_free(&buffer);
}

void response_count_filtered(struct response_call *call, vg_span signal, uint64_t more)
{
    struct response_filter filter;
    bool found = response_filter_get(call->machine, &call->request->compartment, signal, &filter);
    assert(found);
    filter.count += more;
    filter.last_at = call->time_ms;
    put_filter(call, &filter);
}

/* The filter that the incident's answer names, if it is still this incident's. */
static bool own_filter(const struct response_call *call, const struct response_incident *incident,
                       struct response_filter *out)
{
    return response_filter_get(call->machine, &incident->compartment,
                               vg_span_text(incident->filter), out) &&
           vg_id_equal(&out->incident, &incident->id);
}

bool response_owns_filter(const struct response_call *call,
                          const struct response_incident *incident)
{
    struct response_filter filter;
    return own_filter(call, incident, &filter);
}

void response_set_filter(struct response_call *call, const struct response_incident *incident,
                         bool stands)
{
    struct response_filter filter;
    if (!own_filter(call, incident, &filter))
        return;
    filter.stands = stands;
    put_filter(call, &filter);
}

void response_claim_filter(struct response_call *call)
{
    const struct response_incident *incident = &call->next;
    struct response_filter filter;
    if (incident->filter[0] == '\0' || own_filter(call, incident, &filter))
        return;
    if (!response_filter_get(call->machine, &incident->compartment, vg_span_text(incident->filter),
                             &filter))
        filter = (struct response_filter){.count = 0};
    filter.incident = incident->id;
    filter.stands = false;
    memcpy(filter.key, incident->filter, sizeof filter.key);
    put_filter(call, &filter);
}

/* ---- detect ------------------------------------------------------------------------------------
 */

/* What it says of the incident, which a joined one does not set. */
static void describe_claims(const struct response_call *call, struct vg_buffer *text)
{
    char cia[8];
    response_words(response_cia_letters, call->command.detect.cia, "", cia, sizeof cia);
    if (cia[0] != '\0') {
        response_append_text(text, "\ncia ");
        response_append_text(text, cia);
    }
    if (call->command.detect.product.size > 0) {
        response_append_text(text, "\nproduct ");
        vg_buffer_append(text, call->command.detect.product.data,
                         call->command.detect.product.size);
    }
}

/* What the event of a detection says: the whole of it, so that a joined signal loses nothing. */
static void add_detection(struct response_call *call, uint8_t kind)
{
    struct vg_buffer *text = &call->text;
    bool joins = kind == RESPONSE_EVENT_JOIN;
    response_describe_source(call->command.detect.source, call->command.detect.subsource,
                             call->command.detect.title, text);
    if (joins)
        describe_claims(call, text);
    if (call->command.detect.detail.size > 0) {
        response_append_text(text, "\n");
        vg_buffer_append(text, call->command.detect.detail.data, call->command.detect.detail.size);
    }
    response_append(call, kind, joins ? RESPONSE_ASPECT_SIGNALS : RESPONSE_ASPECT_DETECTION,
                    vg_buffer_span(text))
        ->happened_at = call->command.detect.happened_at;
}

static enum vg_code judge_joining(struct response_call *call, const struct response_incident *known)
{
    call->incident = call->next = *known;
    call->outcome->id = known->id;
    call->outcome->joined = true;
    call->next.count++;
    add_detection(call, RESPONSE_EVENT_JOIN);
    return VG_OK;
}

/* A signal that a filter has makes nothing. */
static bool is_filtered(struct response_call *call)
{
    struct response_filter filter;
    if (call->command.detect.source != RESPONSE_SOURCE_AUTOMATED ||
        !response_filter_get(call->machine, &call->request->compartment,
                             call->command.detect.dedup_key, &filter) ||
        !filter.stands)
        return false;
    call->outcome->id = filter.incident;
    call->outcome->filtered = true;
    return true;
}

static void fill_incident(const struct response_call *call, struct response_incident *incident)
{
    incident->stage = RESPONSE_DETECT;
    incident->source = call->command.detect.source;
    incident->subsource = call->command.detect.subsource;
    incident->cia = call->command.detect.cia;
    incident->happened_at = call->command.detect.happened_at;
    response_copy_text(call->command.detect.title, incident->title, sizeof incident->title);
    response_copy_text(call->command.detect.product, incident->product, sizeof incident->product);
    response_copy_text(call->command.detect.dedup_key, incident->dedup_key,
                       sizeof incident->dedup_key);
}

enum vg_code response_judge_detect(struct response_call *call)
{
    static const vg_span nothing;
    struct response_incident known;
    if (response_judge_source(call, call->command.detect.source, call->command.detect.subsource) !=
        VG_OK)
        return call->outcome->error.code;
    bool found = response_find_signal(call->machine, &call->request->compartment,
                                      call->command.detect.dedup_key, &known);
    if (found && known.stage != RESPONSE_CLOSE)
        return judge_joining(call, &known);
    if (is_filtered(call))
        return VG_OK;
    if (response_begin_incident(call) != VG_OK)
        return call->outcome->error.code;
    fill_incident(call, &call->next);
    if (found)
        call->next.linked = known.id;
    add_detection(call, RESPONSE_EVENT_DETECT);
    response_change(call, 0, RESPONSE_ASPECT_STAGE, nothing);
    return VG_OK;
}

void response_effect_detect(struct response_call *call)
{
    if (call->outcome->filtered)
        response_count_filtered(call, call->command.detect.dedup_key, 1);
    else if (!call->outcome->joined)
        response_remember_latest(call);
}
