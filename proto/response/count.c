/* SPDX-License-Identifier: Apache-2.0
 * Repeats of an integration's signal, gathered and committed as one count by the node they reached
 * (R3). Each signal is remembered as a request of its own, so that none is counted twice. */
#include <inttypes.h>
#include <stdio.h>

#include "proto/response/detect.h"

struct signal {
    vg_id author;
    vg_id request;
    vg_hash hash;
};

static uint32_t count_of(const struct response_call *call)
{
    return (uint32_t)(call->command.count.signals.size / RESPONSE_SIGNAL_SIZE);
}

static struct signal signal_at(const struct response_call *call, uint32_t place)
{
    const uint8_t *at = call->command.count.signals.data + (size_t)place * RESPONSE_SIGNAL_SIZE;
    struct signal signal;
    memcpy(signal.author.bytes, at, sizeof signal.author);
    memcpy(signal.request.bytes, at + 16, sizeof signal.request);
    memcpy(signal.hash.bytes, at + 32, sizeof signal.hash);
    return signal;
}

/* A node answers for integrations alone, and for those that may detect: nobody else's request is
 * to be answered without being done. */
static bool may_detect(const struct response_call *call, const vg_id *author)
{
    struct response_person person;
    return response_person_get(call->machine, author, &person) == VG_OK &&
           (person.bits & LEDGER_PERSON_INTEGRATION) != 0 &&
           (response_roles_of(call->machine, author, &call->request->compartment) &
            response_rule_of(RESPONSE_OP_DETECT)->roles) != 0;
}

/* A signal that was counted before, or twice in this list, adds nothing; nor does one that is out
 * of the time in which the request table would know it. */
static bool is_new(const struct response_call *call, uint32_t place)
{
    struct signal signal = signal_at(call, place);
    if (!response_is_in_time(call, &signal.request) || !may_detect(call, &signal.author))
        return false;
    for (uint32_t i = 0; i < place; i++) {
        struct signal earlier = signal_at(call, i);
        if (vg_id_equal(&earlier.author, &signal.author) &&
            vg_id_equal(&earlier.request, &signal.request))
            return false;
    }
    return !response_is_remembered(call, &signal.request, &signal.author);
}

static uint32_t count_new(const struct response_call *call)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < count_of(call); i++)
        count += is_new(call, i);
    return count;
}

/* The closed incident of the signal lives on in a new one, with what is known of it. */
static enum vg_code begin_again(struct response_call *call, const struct response_incident *known)
{
    static const vg_span nothing;
    if (response_begin_incident(call) != VG_OK)
        return call->outcome->error.code;
    struct response_incident *next = &call->next;
    next->linked = known->id;
    next->stage = RESPONSE_DETECT;
    next->source = known->source;
    next->subsource = known->subsource;
    next->count = 0;
    memcpy(next->title, known->title, sizeof next->title);
    memcpy(next->product, known->product, sizeof next->product);
    memcpy(next->dedup_key, known->dedup_key, sizeof next->dedup_key);
    response_change(call, 0, RESPONSE_ASPECT_STAGE, nothing);
    return VG_OK;
}

/* The count goes to the open incident of the signal, to a filter, or to a new incident; one of
 * nothing new goes nowhere. */
static enum vg_code find_target(struct response_call *call, uint32_t more)
{
    struct response_incident known;
    struct response_filter filter;
    char words[VG_NAME_MAX + 1];
    vg_span key = call->command.count.key;
    const vg_id *compartment = &call->request->compartment;
    bool is_known = response_find_signal(call->machine, compartment, key, &known);
    call->outcome->joined = is_known && known.stage != RESPONSE_CLOSE;
    call->outcome->filtered = !call->outcome->joined &&
                              response_filter_get(call->machine, compartment, key, &filter) &&
                              filter.stands;
    if (!call->outcome->filtered && !is_known) {
        response_copy_text(key, words, sizeof words);
        return RESPONSE_REFUSE(call, NO_SIGNAL, words);
    }
    call->outcome->id = call->outcome->filtered ? filter.incident : known.id;
    if (call->outcome->filtered)
        return VG_OK;
    if (!call->outcome->joined && more > 0)
        return begin_again(call, &known);
    call->incident = call->next = known;
    return VG_OK;
}

enum vg_code response_judge_count(struct response_call *call)
{
    char words[64];
    uint32_t more = count_new(call);
    if (find_target(call, more) != VG_OK)
        return call->outcome->error.code;
    if (call->outcome->filtered || more == 0)
        return VG_OK;
    call->next.count += more;
    snprintf(words, sizeof words, "%" PRIu32 " more of this signal", more);
    response_append_text(&call->text, words);
    response_append(call, RESPONSE_EVENT_COUNT,
                    call->outcome->joined ? RESPONSE_ASPECT_SIGNALS : RESPONSE_ASPECT_DETECTION,
                    vg_buffer_span(&call->text))
        ->happened_at = call->command.count.first_at;
    return VG_OK;
}

/* Each author's answer: joined to whatever the count has gone to. */
static void remember_signals(struct response_call *call)
{
    for (uint32_t i = 0; i < count_of(call); i++) {
        if (!is_new(call, i))
            continue;
        struct signal signal = signal_at(call, i);
        struct response_outcome outcome = *call->outcome;
        outcome.author = signal.author;
        outcome.request = signal.request;
        response_remember_answer(call, &signal.request, &signal.author, &signal.hash, &outcome);
    }
}

void response_effect_count(struct response_call *call)
{
    uint32_t more = count_new(call);
    if (call->outcome->filtered && more > 0)
        response_count_filtered(call, call->command.count.key, more);
    else if (!call->outcome->joined && call->change_count > 0)
        response_remember_latest(call);
    remember_signals(call);
}
