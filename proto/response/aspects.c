/* SPDX-License-Identifier: Apache-2.0
 * Revisions of an incident's aspects: two people changing different things never conflict, two
 * changing the same thing never silently overwrite (R14, DESIGN "Together"). */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "proto/response/call.h"

static const vg_id whole;

/* ---- values in words ---------------------------------------------------------------------------
 */

static void stage_words(const struct response_call *call, const struct response_incident *incident,
                        char out[RESPONSE_VALUE_TEXT])
{
    (void)call;
    snprintf(out, RESPONSE_VALUE_TEXT, "%s", response_word(response_stages, incident->stage));
}

/* "sev1 p1 (high; privacy-breach; extended)", or "sev1 p1" where a person or a rule has set it. */
static void severity_words(const struct response_call *call,
                           const struct response_incident *incident, char out[RESPONSE_VALUE_TEXT])
{
    char information[64];
    (void)call;
    int size = snprintf(out, RESPONSE_VALUE_TEXT, "%s %s",
                        response_word(response_severities, incident->severity),
                        response_word(response_priorities, incident->priority));
    if (incident->functional == 0 || incident->overridden)
        return;
    response_words(response_information, incident->information, "none", information,
                   sizeof information);
    snprintf(out + size, RESPONSE_VALUE_TEXT - (size_t)size, " (%s; %s; %s)",
             response_word(response_functionals, incident->functional), information,
             response_word(response_recoverabilities, incident->recoverability));
}

static void class_words(const struct response_call *call, const struct response_incident *incident,
                        char out[RESPONSE_VALUE_TEXT])
{
    const char *class_ = response_word(response_classes, incident->class_);
    const char *detail = "";
    (void)call;
    /* a declaration keeps both for the day it is withdrawn */
    if (incident->class_ == RESPONSE_SECURITY_EVENT)
        detail = response_word(response_grounds, incident->ground);
    if (incident->class_ == RESPONSE_PRIVACY_EVENT)
        detail = incident->policy;
    snprintf(out, RESPONSE_VALUE_TEXT, detail[0] != '\0' ? "%s (%s)" : "%s%s",
             class_[0] != '\0' ? class_ : "unclassified", detail);
}

static void responsibility_words(const struct response_call *call,
                                 const struct response_incident *incident,
                                 char out[RESPONSE_VALUE_TEXT])
{
    (void)call;
    snprintf(out, RESPONSE_VALUE_TEXT, "%s",
             response_word(response_responsibilities, incident->responsibility));
}

static void owner_words(const struct response_call *call, const struct response_incident *incident,
                        char out[RESPONSE_VALUE_TEXT])
{
    response_person_words(call->machine, &incident->owner, out);
}

static void risk_words(const struct response_call *call, const struct response_incident *incident,
                       char out[RESPONSE_VALUE_TEXT])
{
    (void)call;
    snprintf(out, RESPONSE_VALUE_TEXT, "%s", response_word(response_risks, incident->risk));
}

static void detection_words(const struct response_call *call,
                            const struct response_incident *incident, char out[RESPONSE_VALUE_TEXT])
{
    char cia[8];
    (void)call;
    response_words(response_cia_letters, incident->cia, "-", cia, sizeof cia);
    snprintf(out, RESPONSE_VALUE_TEXT,
             incident->product[0] != '\0' ? "cia %s, product %s" : "cia %s%s", cia,
             incident->product);
}

/* Apart from what is settled, so that a noisy sensor keeps nobody from settling it. */
static void signals_words(const struct response_call *call,
                          const struct response_incident *incident, char out[RESPONSE_VALUE_TEXT])
{
    (void)call;
    snprintf(out, RESPONSE_VALUE_TEXT, "count %" PRIu64, incident->count);
}

static void declaration_words(const struct response_call *call,
                              const struct response_incident *incident,
                              char out[RESPONSE_VALUE_TEXT])
{
    char harm[64];
    (void)call;
    response_words(response_harms, incident->harm, "none", harm, sizeof harm);
    if (incident->declared_at == 0)
        snprintf(out, RESPONSE_VALUE_TEXT, "withdrawn");
    else
        snprintf(out, RESPONSE_VALUE_TEXT, "declared (%s)", harm);
}

static void answer_words(const struct response_call *call, const struct response_incident *incident,
                         char out[RESPONSE_VALUE_TEXT])
{
    (void)call;
    snprintf(out, RESPONSE_VALUE_TEXT, incident->filter[0] != '\0' ? "%s %s" : "%s%s",
             response_word(response_answers, incident->answer), incident->filter);
}

static void attested_words(const struct response_incident *incident, uint16_t aspect,
                           char out[RESPONSE_VALUE_TEXT])
{
    bool holds = (incident->attested & response_attested_bit(aspect)) != 0;
    snprintf(out, RESPONSE_VALUE_TEXT, "%s",
             response_word(response_yes_no, holds ? RESPONSE_YES : RESPONSE_NO));
}

/* A text is kept by the event that set it. */
static void told_words(const struct response_call *call, const struct response_incident *incident,
                       uint16_t aspect, uint64_t revision, char out[RESPONSE_VALUE_TEXT])
{
    struct response_event event;
    if (response_change_get(call->machine, &incident->compartment, &incident->id, aspect, &whole,
                            revision, &event))
        response_cut_text(event.to, out);
    else
        snprintf(out, RESPONSE_VALUE_TEXT, "%" PRIu64 " so far", revision);
}

/* Aspects whose value is in the incident itself. */
static const struct {
    uint16_t aspect;
    void (*words)(const struct response_call *call, const struct response_incident *incident,
                  char out[RESPONSE_VALUE_TEXT]);
} values[] = {
    {RESPONSE_ASPECT_STAGE, stage_words},
    {RESPONSE_ASPECT_SEVERITY, severity_words},
    {RESPONSE_ASPECT_CLASSIFICATION, class_words},
    {RESPONSE_ASPECT_RESPONSIBILITY, responsibility_words},
    {RESPONSE_ASPECT_OWNER, owner_words},
    {RESPONSE_ASPECT_DATA_RISK, risk_words},
    {RESPONSE_ASPECT_DETECTION, detection_words},
    {RESPONSE_ASPECT_SIGNALS, signals_words},
    {RESPONSE_ASPECT_DECLARATION, declaration_words},
    {RESPONSE_ASPECT_ANSWER, answer_words},
};

/* What the aspect is in this incident, set or not; false where its value is not in the incident. */
static bool say_value(const struct response_call *call, const struct response_incident *incident,
                      uint16_t aspect, char out[RESPONSE_VALUE_TEXT])
{
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (values[i].aspect == aspect) {
            values[i].words(call, incident, out);
            return true;
        }
    }
    if (response_word(response_attestations, aspect)[0] == '\0')
        return false;
    attested_words(incident, aspect, out);
    return true;
}

void response_value_words(const struct response_call *call,
                          const struct response_incident *incident, uint16_t aspect,
                          char out[RESPONSE_VALUE_TEXT])
{
    uint64_t revision = response_revision_of(incident, aspect);
    if (revision == 0)
        snprintf(out, RESPONSE_VALUE_TEXT, "not set");
    else if (!say_value(call, incident, aspect, out))
        told_words(call, incident, aspect, revision, out);
}

uint8_t response_attested_bit(uint16_t aspect)
{
    uint8_t bit = 1;
    for (const struct response_word *word = response_attestations; word->number != aspect; word++)
        bit = (uint8_t)(bit << 1);
    return bit;
}

/* ---- revisions ---------------------------------------------------------------------------------
 */

static const struct response_revision *find_revision(const struct response_incident *incident,
                                                     uint16_t aspect)
{
    for (uint32_t i = 0; i < incident->revision_count; i++) {
        if (incident->revisions[i].aspect == aspect)
            return &incident->revisions[i];
    }
    return NULL;
}

uint64_t response_revision_of(const struct response_incident *incident, uint16_t aspect)
{
    const struct response_revision *revision = find_revision(incident, aspect);
    return revision != NULL ? revision->revision : 0;
}

/* The revision of an aspect, or part of one, as it is now; 0 if it was never set. */
static struct response_revision current_of(const struct response_call *call, uint16_t aspect,
                                           const vg_id *part)
{
    const struct response_revision *known = find_revision(&call->incident, aspect);
    if (!vg_id_is_zero(part))
        return response_part_revision(call, &call->incident.id, aspect, part);
    return known != NULL ? *known : (struct response_revision){.aspect = aspect};
}

const struct response_revision *response_bump(const struct response_call *call,
                                              struct response_incident *incident, uint16_t aspect)
{
    uint32_t i = 0;
    while (i < incident->revision_count && incident->revisions[i].aspect != aspect)
        i++;
    if (i == incident->revision_count) {
        assert(incident->revision_count < RESPONSE_REVISIONS_MAX);
        incident->revision_count++;
        incident->revisions[i] = (struct response_revision){.aspect = aspect};
    }
    incident->revisions[i].revision++;
    incident->revisions[i].set_by = call->request->author;
    incident->revisions[i].set_at_ms = call->time_ms;
    return &incident->revisions[i];
}

/* ---- what a command changes --------------------------------------------------------------------
 */

struct response_change *response_change_part(struct response_call *call, uint8_t kind,
                                             uint16_t aspect, const vg_id *part, const char *from,
                                             const char *to)
{
    assert(call->change_count < RESPONSE_CHANGES_MAX);
    struct response_change *change = &call->changes[call->change_count++];
    *change = (struct response_change){.kind = kind, .aspect = aspect, .part = *part};
    snprintf(change->from, sizeof change->from, "%s", from);
    snprintf(change->to, sizeof change->to, "%s", to);
    return change;
}

static struct response_change *change_whole(struct response_call *call, uint8_t kind,
                                            uint16_t aspect, const char *to)
{
    char from[RESPONSE_VALUE_TEXT] = "";
    if (response_revision_of(&call->incident, aspect) > 0)
        response_value_words(call, &call->incident, aspect, from);
    return response_change_part(call, kind, aspect, &whole, from, to);
}

struct response_change *response_change(struct response_call *call, uint8_t kind, uint16_t aspect,
                                        vg_span text)
{
    char to[RESPONSE_VALUE_TEXT] = "";
    say_value(call, &call->next, aspect, to);
    struct response_change *change = change_whole(call, kind, aspect, to);
    change->text = text;
    return change;
}

struct response_change *response_change_told(struct response_call *call, uint8_t kind,
                                             uint16_t aspect, vg_span told, vg_span text)
{
    char to[RESPONSE_VALUE_TEXT];
    response_cut_text(told, to);
    struct response_change *change = change_whole(call, kind, aspect, to);
    change->text = text;
    return change;
}

void response_change_by_rule(struct response_call *call, uint8_t kind, uint16_t aspect,
                             const char *why)
{
    response_change(call, kind, aspect, vg_span_text(why))->by_rule = true;
}

struct response_change *response_append(struct response_call *call, uint8_t kind, uint16_t aspect,
                                        vg_span text)
{
    struct response_change *change = response_change(call, kind, aspect, text);
    change->append = true;
    change->from[0] = '\0';
    return change;
}

/* ---- conflicts ---------------------------------------------------------------------------------
 */

/* "stage"; of a part "task/T1", or by its id where it has no number. */
static void name_aspect(const struct response_call *call, uint16_t aspect, const vg_id *part,
                        char *out, size_t size)
{
    struct response_part found;
    char name[VG_ID_TEXT] = "";
    if (response_part_get(call->machine, &call->request->compartment, &call->incident.id, aspect,
                          part, &found))
        snprintf(name, sizeof name, "%c%" PRIu32, found.letter, found.number);
    else if (!vg_id_is_zero(part))
        vg_id_format(part, name);
    snprintf(out, size, "%s%s%s", response_word(response_aspects, aspect),
             name[0] != '\0' ? "/" : "", name);
}

/* What the command is about to set an aspect to; "" if it leaves it alone. */
static const struct response_change *change_of(const struct response_call *call, uint16_t aspect,
                                               const vg_id *part)
{
    for (uint32_t i = 0; i < call->change_count; i++) {
        if (call->changes[i].aspect == aspect && vg_id_equal(&call->changes[i].part, part))
            return &call->changes[i];
    }
    return NULL;
}

static void fill_conflict(struct response_call *call, const struct response_revision *current,
                          uint64_t expected)
{
    struct response_outcome *outcome = call->outcome;
    const struct response_change *change = change_of(call, current->aspect, &current->part);
    outcome->conflict.aspect = current->aspect;
    outcome->conflict.part = current->part;
    outcome->conflict.expected = expected;
    outcome->conflict.current = current->revision;
    outcome->conflict.set_by = current->set_by;
    outcome->conflict.set_at_ms = current->set_at_ms;
    if (change != NULL)
        snprintf(outcome->conflict.proposed, RESPONSE_VALUE_TEXT, "%s",
                 change->to[0] != '\0' ? change->to : "one more");
    if (vg_id_is_zero(&current->part))
        response_value_words(call, &call->incident, current->aspect, outcome->conflict.value);
    else if (change != NULL)
        snprintf(outcome->conflict.value, RESPONSE_VALUE_TEXT, "%s", change->from);
    else
        snprintf(outcome->conflict.value, RESPONSE_VALUE_TEXT, "version %" PRIu64,
                 current->revision);
}

/* As much of a value as a sentence with two of them has room for; the outcome has all of it. */
enum { SHORT_TEXT = 56 };

static void shorten(const char *value, char out[SHORT_TEXT])
{
    static const char more[] = "\u2026";
    size_t size = strlen(value);
    bool fits = size < SHORT_TEXT;
    if (!fits)
        size = SHORT_TEXT - sizeof more;
    while (!fits && (value[size] & 0xc0) == 0x80)
        size--;
    snprintf(out, SHORT_TEXT, "%.*s%s", (int)size, value, fits ? "" : more);
}

/* Two people at the same aspect, or one who expects something of an aspect and leaves it alone. */
static enum vg_code refuse_conflict(struct response_call *call,
                                    const struct response_revision *current, uint64_t expected)
{
    char name[64];
    char person[VG_NAME_MAX + 1];
    char by[SHORT_TEXT];
    char at[VG_TIME_TEXT];
    char revision[24];
    char seen[48] = "without having read it";
    char value[SHORT_TEXT];
    char proposed[SHORT_TEXT];
    name_aspect(call, current->aspect, &current->part, name, sizeof name);
    response_person_words(call->machine, &current->set_by, person);
    shorten(person, by);
    vg_time_format(current->set_at_ms, at);
    snprintf(revision, sizeof revision, "%" PRIu64, current->revision);
    if (expected != UINT64_MAX)
        snprintf(seen, sizeof seen, "as of revision %" PRIu64, expected);
    shorten(call->outcome->conflict.value, value);
    shorten(call->outcome->conflict.proposed, proposed);
    if (proposed[0] == '\0')
        return RESPONSE_REFUSE(call, CONFLICT_BESIDE, name, value, revision, by, at,
                               seen + strlen("as of revision "));
    return RESPONSE_REFUSE(call, CONFLICT, name, value, revision, by, at, seen, proposed);
}

static enum vg_code conflict(struct response_call *call, const struct response_revision *current,
                             uint64_t expected)
{
    char name[64];
    char number[24];
    fill_conflict(call, current, expected);
    if (current->revision > 0)
        return refuse_conflict(call, current, expected);
    name_aspect(call, current->aspect, &current->part, name, sizeof name);
    snprintf(number, sizeof number, "%" PRIu64, expected);
    return RESPONSE_REFUSE(call, CONFLICT_UNSET, name, number);
}

enum vg_code response_expect_nothing(struct response_call *call)
{
    if (call->request->expectation_count == 0)
        return VG_OK;
    return RESPONSE_REFUSE(call, EXPECTS_NOTHING, response_op_name(call->command.op));
}

static enum vg_code check_expectations(struct response_call *call)
{
    for (uint16_t i = 0; i < call->request->expectation_count; i++) {
        const struct ledger_expectation *expected = &call->request->expectations[i];
        char number[8];
        snprintf(number, sizeof number, "%u", expected->aspect);
        if (response_word(response_aspects, expected->aspect)[0] == '\0')
            return RESPONSE_REFUSE(call, NO_ASPECT, number);
        struct response_revision current = current_of(call, expected->aspect, &expected->part);
        if (current.revision != expected->revision)
            return conflict(call, &current, expected->revision);
    }
    return VG_OK;
}

static bool is_expected(const struct response_call *call, const struct response_change *change)
{
    for (uint16_t i = 0; i < call->request->expectation_count; i++) {
        const struct ledger_expectation *expected = &call->request->expectations[i];
        if (expected->aspect == change->aspect && vg_id_equal(&expected->part, &change->part))
            return true;
    }
    return false;
}

enum vg_code response_check_conflicts(struct response_call *call)
{
    if (check_expectations(call) != VG_OK)
        return call->outcome->error.code;
    for (uint32_t i = 0; i < call->change_count; i++) {
        const struct response_change *change = &call->changes[i];
        if (change->by_rule || change->append || is_expected(call, change))
            continue;
        struct response_revision current = current_of(call, change->aspect, &change->part);
        if (current.revision > 0)
            return conflict(call, &current, UINT64_MAX);
    }
    return VG_OK;
}
