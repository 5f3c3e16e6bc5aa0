/* SPDX-License-Identifier: Apache-2.0
 * How incidents come to be: detections, counted signals, imports. */
#include "common/text.h"
#include "tests/lib/model_internal.h"

/* ---- where a signal goes -----------------------------------------------------------------------
 */

static bool is_open(const struct model_case *incident)
{
    return incident->facts.stage != RESPONSE_CLOSE;
}

/* The filter of an answer stands while its incident is closed as the false positive it is. */
static struct model_case *filter_of(const struct model_signal *signal)
{
    struct model_case *incident = signal->filtering;
    bool stands = incident != NULL && !is_open(incident) &&
                  incident->facts.disposition == RESPONSE_AS_FALSE_POSITIVE;
    return stands ? incident : NULL;
}

/* The open incident of the key; else its filter; else a new one, linked to the closed one. */
static struct model_refusal route(struct model_call *call, const struct model_signal *signal,
                                  bool may_filter)
{
    struct model_case *latest = signal != NULL ? signal->latest : NULL;
    struct model_case *filter = signal != NULL && may_filter ? filter_of(signal) : NULL;
    call->joined = latest != NULL && is_open(latest);
    call->filtered = !call->joined && filter != NULL;
    if (call->joined)
        call->incident = latest;
    if (call->filtered)
        call->other = filter;
    if (call->joined || call->filtered) {
        call->answer = call->joined ? latest->id : filter->id;
        return model_accepts();
    }
    call->other = latest;
    call->answer = call->order->request;
    return model_case_of(call->home, &call->answer) != NULL ? model_refuses(VG_EXISTS)
                                                            : model_accepts();
}

/* R2, R1: looked at before anything else. */
static struct model_refusal check_source(uint8_t source, uint8_t subsource)
{
    if (source == RESPONSE_SOURCE_EXERCISE)
        return (struct model_refusal){VG_RULE, "R2"};
    if (subsource != 0 && source != RESPONSE_SOURCE_AUTOMATED)
        return (struct model_refusal){VG_RULE, "R1"};
    return model_accepts();
}

/* ---- detect ------------------------------------------------------------------------------------
 */

static struct model_refusal detect_names(struct model_call *call)
{
    const struct response_command *command = call->command;
    struct model_refusal refusal = check_source(command->detect.source, command->detect.subsource);
    if (refusal.code != VG_OK)
        return refusal;
    return route(call, model_signal_of(call->home, command->detect.dedup_key),
                 command->detect.source == RESPONSE_SOURCE_AUTOMATED);
}

static struct model_case *begin(struct model_call *call, uint8_t stage)
{
    struct model_case *incident = model_case_add(call->home, &call->order->request);
    incident->facts.stage = stage;
    incident->facts.count = 1;
    incident->revisions[RESPONSE_ASPECT_STAGE] = 1;
    incident->revisions[RESPONSE_ASPECT_DETECTION] = 1;
    incident->events = 1;
    if (call->other != NULL)
        incident->facts.linked = call->other->id;
    return incident;
}

static void detect(struct model_call *call)
{
    const struct response_command *command = call->command;
    if (call->filtered)
        return;
    if (call->joined) {
        call->incident->facts.count++;
        model_change(call->incident, RESPONSE_ASPECT_SIGNALS);
        return;
    }
    struct model_case *incident = begin(call, RESPONSE_DETECT);
    incident->source = command->detect.source;
    incident->subsource = command->detect.subsource;
    incident->facts.cia = command->detect.cia;
    incident->product = model_name_of(command->detect.product);
    incident->signal = model_signal_add(call->home, command->detect.dedup_key);
    if (incident->signal != NULL)
        incident->signal->latest = incident;
}

/* ---- count -------------------------------------------------------------------------------------
 */

/* One of the signals of a count. */
static struct model_request_key signal_at(const struct model_call *call, size_t place,
                                          vg_hash *content)
{
    const uint8_t *at = call->command->count.signals.data + place * RESPONSE_SIGNAL_SIZE;
    struct model_request_key key;
    memcpy(key.author.bytes, at, sizeof key.author.bytes);
    memcpy(key.request.bytes, at + 16, sizeof key.request.bytes);
    memcpy(content->bytes, at + 32, sizeof content->bytes);
    return key;
}

static size_t signals_in(const struct model_call *call)
{
    return call->command->count.signals.size / RESPONSE_SIGNAL_SIZE;
}

/* An integration, still here, of which detections are taken. */
static bool may_signal(const struct model_call *call, const vg_id *author)
{
    const struct model_person *person = model_person_of(call->model, author);
    return person != NULL && (person->bits & LEDGER_PERSON_INTEGRATION) != 0 &&
           (model_roles_of(call->model, author, &call->home->id) &
            (STAFF | RESPONSE_ROLE_REPORTER)) != 0;
}

/* Those of integrations that neither were answered before, nor are in the list twice, nor out of
 * time. */
static uint64_t new_signals(const struct model_call *call)
{
    uint64_t fresh = 0;
    for (size_t i = 0; i < signals_in(call); i++) {
        vg_hash content;
        struct model_request_key key = signal_at(call, i, &content);
        bool known = !model_is_in_time(&key.request, call->order->time_ms) ||
                     !vg_uuid7_valid(&key.request) || !may_signal(call, &key.author) ||
                     model_request_of(call->home, &key.request, &key.author) != NULL;
        for (size_t k = 0; k < i && !known; k++) {
            struct model_request_key other = signal_at(call, k, &content);
            known = memcmp(&key, &other, sizeof key) == 0;
        }
        fresh += !known;
    }
    return fresh;
}

static struct model_refusal count_names(struct model_call *call)
{
    const struct model_signal *signal = model_signal_of(call->home, call->command->count.key);
    if (signal == NULL || (signal->latest == NULL && filter_of(signal) == NULL))
        return model_refuses(VG_NOT_FOUND);
    call->signals = new_signals(call);
    struct model_refusal refusal = route(call, signal, true);
    if (call->signals > 0 || call->joined || call->filtered)
        return refusal;
    call->answer = signal->latest->id; /* nothing new makes nothing */
    return model_accepts();
}

static void remember_signals(struct model_call *call)
{
    const struct model_verdict verdict = {.id = call->answer,
                                          .index = call->order->index,
                                          .joined = call->joined,
                                          .filtered = call->filtered};
    for (size_t i = 0; i < signals_in(call); i++) {
        vg_hash content;
        struct model_request_key key = signal_at(call, i, &content);
        if (model_is_in_time(&key.request, call->order->time_ms) && vg_uuid7_valid(&key.request) &&
            may_signal(call, &key.author) &&
            model_request_of(call->home, &key.request, &key.author) == NULL)
            model_remember(call->home, &key.request, &key.author, &content, &verdict);
    }
}

static void count(struct model_call *call)
{
    remember_signals(call);
    if (call->filtered || call->signals == 0)
        return;
    if (call->joined) {
        call->incident->facts.count += call->signals;
        model_change(call->incident, RESPONSE_ASPECT_SIGNALS);
        return;
    }
    const struct model_case *before = call->other;
    struct model_case *incident = begin(call, RESPONSE_DETECT);
    incident->facts.count = call->signals;
    incident->source = before->source;
    incident->subsource = before->subsource;
    incident->product = before->product;
    incident->signal = before->signal;
    incident->signal->latest = incident;
}

/* ---- import ------------------------------------------------------------------------------------
 */

static struct model_import *import_of(const struct model_call *call, struct model_natural_key *key)
{
    struct model_import *known;
    key->space = model_name_of(call->command->import.space);
    key->key = model_name_of(call->command->import.key);
    HASH_FIND(hh, call->home->imports, key, sizeof *key, known);
    return known;
}

static struct model_refusal import_names(struct model_call *call)
{
    struct model_natural_key key;
    const struct model_import *known = import_of(call, &key);
    const vg_hash document = vg_sha256(call->command->import.document);
    struct model_refusal refusal =
        check_source(call->command->import.source, call->command->import.subsource);
    if (refusal.code != VG_OK)
        return refusal;
    call->answer = call->order->request;
    if (known == NULL)
        return model_case_of(call->home, &call->answer) != NULL ? model_refuses(VG_EXISTS)
                                                                : model_accepts();
    call->repeated = vg_hash_equal(&known->document, &document);
    call->answer = known->incident->id;
    return call->repeated ? model_accepts() : model_refuses(VG_EXISTS);
}

static uint64_t lines_of(vg_span text)
{
    uint64_t lines = 0;
    bool within = false;
    for (size_t i = 0; i < text.size; i++) {
        lines += text.data[i] != '\n' && !within;
        within = text.data[i] != '\n';
    }
    return lines;
}

/* Historical: a claim, at close from the start, of which no clock runs (R1). */
static void import(struct model_call *call)
{
    const struct response_command *command = call->command;
    if (call->repeated)
        return;
    struct model_import *known = vg_alloc_zero(1, sizeof *known);
    import_of(call, &known->key);
    known->document = vg_sha256(command->import.document);
    known->incident = begin(call, RESPONSE_CLOSE);
    HASH_ADD(hh, call->home->imports, key, sizeof known->key, known);
    struct model_case *incident = known->incident;
    incident->source = command->import.source;
    incident->subsource = command->import.subsource;
    incident->facts.historical = true;
    incident->facts.cia = command->import.cia;
    incident->facts.class_ = command->import.classification;
    incident->events += lines_of(command->import.timeline);
}

const struct model_operation model_detection_operations[] = {
    {.op = RESPONSE_OP_DETECT,
     .place = AMONG_INCIDENTS,
     .roles = STAFF | RESPONSE_ROLE_REPORTER,
     .expects_nothing = true,
     .names = detect_names,
     .effect = detect},
    {.op = RESPONSE_OP_COUNT,
     .place = AMONG_INCIDENTS,
     .by_node = true,
     .expects_nothing = true,
     .names = count_names,
     .effect = count},
    {.op = RESPONSE_OP_IMPORT,
     .place = AMONG_INCIDENTS,
     .roles = RUNNERS,
     .expects_nothing = true,
     .names = import_names,
     .effect = import},
    {.op = (enum response_op)0},
};
