/* SPDX-License-Identifier: Apache-2.0
 * Detection: R1's sources, and R3's one incident per signal. */
#include "proto/response/call.h"

/* ---- R1, R2: sources ---------------------------------------------------------------------------
 */

/* A refusal of sources: `bad` says when it applies. */
struct source_rule {
    bool (*bad)(uint8_t source, uint8_t subsource);
    const char *rule;
    const char *sentence;
};

static bool is_exercise(uint8_t source, uint8_t subsource)
{
    (void)subsource;
    return source == RESPONSE_SOURCE_EXERCISE;
}

static bool has_stray_subsource(uint8_t source, uint8_t subsource)
{
    return subsource != RESPONSE_SUB_NONE && source != RESPONSE_SOURCE_AUTOMATED;
}

static const struct source_rule source_rules[] = {
    {is_exercise, "R2",
     "an exercise names its engagement and its rules of engagement and lives in an exercise "
     "compartment; exercises come with R2, which this release does not have"},
    {has_stray_subsource, "R1",
     "only the source automated has sub-kinds (antimalware, ids, anomaly, other); give the source "
     "alone"},
};

enum vg_code response_judge_source(uint8_t source, uint8_t subsource, struct vg_error *error)
{
    for (size_t i = 0; i < sizeof source_rules / sizeof source_rules[0]; i++) {
        if (source_rules[i].bad(source, subsource))
            return vg_fail_rule(error, source_rules[i].rule, "%s", source_rules[i].sentence);
    }
    return VG_OK;
}

static void append_text(struct vg_buffer *out, const char *text)
{
    vg_buffer_append(out, text, strlen(text));
}

void response_describe_source(uint8_t source, uint8_t subsource, vg_span title,
                              struct vg_buffer *out)
{
    append_text(out, response_source_name(source));
    if (subsource != RESPONSE_SUB_NONE) {
        append_text(out, "/");
        append_text(out, response_subsource_name(subsource));
    }
    append_text(out, ": ");
    vg_buffer_append(out, title.data, title.size);
}

/* ---- R3: joining -------------------------------------------------------------------------------
 */

static struct response_key dedup_key(const struct response_call *call)
{
    struct response_key key = response_key_of(&call->request->compartment, RESPONSE_KIND_DEDUP);
    response_key_text(&key, call->command.detect.dedup_key);
    return key;
}

/* The latest incident of the command's deduplication key. */
static bool find_signal(const struct response_call *call, struct response_incident *out)
{
    struct response_key key = dedup_key(call);
    vg_span value;
    if (call->command.detect.dedup_key.size == 0 || !response_get(&call->machine->kv, &key, &value))
        return false;
    vg_id id = response_key_last_id(value);
    return response_incident_get(call->machine, &call->request->compartment, &id, out) == VG_OK;
}

enum vg_code response_judge_detect(struct response_call *call)
{
    struct response_outcome *outcome = call->outcome;
    struct response_incident known;
    if (response_expect_nothing(call) != VG_OK ||
        response_judge_source(call->command.detect.source, call->command.detect.subsource,
                              &outcome->error) != VG_OK)
        return outcome->error.code;
    bool found = find_signal(call, &known);
    if (found && known.stage != RESPONSE_CLOSE) {
        call->incident = known;
        outcome->id = known.id;
        outcome->joined = true;
        return VG_OK;
    }
    enum vg_code code = response_begin_incident(call);
    if (code == VG_OK && found)
        call->incident.linked = known.id;
    return code;
}

/* The whole of what was detected, so that a joined signal loses nothing. */
static void add_signal(struct response_call *call, enum response_event_kind kind)
{
    struct vg_buffer text = {0};
    response_describe_source(call->command.detect.source, call->command.detect.subsource,
                             call->command.detect.title, &text);
    if (call->command.detect.detail.size > 0) {
        append_text(&text, "\n");
        vg_buffer_append(&text, call->command.detect.detail.data, call->command.detect.detail.size);
    }
    response_add_event(call, kind, call->command.detect.happened_at, vg_buffer_span(&text));
    vg_buffer_free(&text);
}

static void fill_incident(struct response_call *call)
{
    struct response_incident *incident = &call->incident;
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

static void remember_signal(struct response_call *call)
{
    if (call->command.detect.dedup_key.size == 0)
        return;
    struct response_key key = dedup_key(call);
    response_pairs_put(&call->pairs, &key,
                       vg_span_of(call->incident.id.bytes, sizeof call->incident.id.bytes));
}

void response_effect_detect(struct response_call *call)
{
    if (call->outcome->joined) {
        call->incident.count++;
        add_signal(call, RESPONSE_EVENT_JOIN);
    } else {
        fill_incident(call);
        remember_signal(call);
        response_bump(call, RESPONSE_ASPECT_STAGE);
        add_signal(call, RESPONSE_EVENT_DETECT);
    }
    response_bump(call, RESPONSE_ASPECT_DETECTION);
    response_save_incident(call);
}
