/* SPDX-License-Identifier: Apache-2.0
 * Revisions of an incident's aspects: two people changing different things never conflict, two
 * changing the same thing never silently overwrite (R14, DESIGN "Together"). */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "proto/response/call.h"

/* The revision of an aspect as it is now; 0 if it was never set. */
static struct response_revision current_of(const struct response_incident *incident,
                                           uint16_t aspect, const vg_id *part)
{
    for (uint32_t i = 0; i < incident->revision_count; i++) {
        const struct response_revision *revision = &incident->revisions[i];
        if (revision->aspect == aspect && vg_id_equal(&revision->part, part))
            return *revision;
    }
    return (struct response_revision){.aspect = aspect, .part = *part};
}

void response_format_cia(uint8_t cia, char out[RESPONSE_CIA_TEXT])
{
    static const struct {
        uint8_t bit;
        char letter;
    } letters[] = {
        {RESPONSE_CONFIDENTIALITY, 'c'}, {RESPONSE_INTEGRITY, 'i'}, {RESPONSE_AVAILABILITY, 'a'}};
    size_t size = 0;
    for (size_t i = 0; i < 3; i++) {
        if ((cia & letters[i].bit) == 0)
            continue;
        if (size > 0)
            out[size++] = ',';
        out[size++] = letters[i].letter;
    }
    if (size == 0)
        out[size++] = '-';
    out[size] = '\0';
}

/* What an aspect has as its value now, in words. */
static void format_value(const struct response_incident *incident, uint16_t aspect,
                         uint64_t revision, char out[RESPONSE_VALUE_TEXT])
{
    char cia[RESPONSE_CIA_TEXT];
    response_format_cia(incident->cia, cia);
    if (revision == 0)
        snprintf(out, RESPONSE_VALUE_TEXT, "not set");
    else if (aspect == RESPONSE_ASPECT_STAGE)
        snprintf(out, RESPONSE_VALUE_TEXT, "%s", response_stage_name(incident->stage));
    else if (aspect == RESPONSE_ASPECT_DETECTION)
        snprintf(out, RESPONSE_VALUE_TEXT, "count %" PRIu64 ", cia %s", incident->count, cia);
    else
        snprintf(out, RESPONSE_VALUE_TEXT, "%" PRIu64 " so far", revision);
}

/* The directory's name of a person, or the id of one who has none. */
static void format_person(const struct response_call *call, const vg_id *person,
                          char out[VG_NAME_MAX + 1])
{
    if (!response_name_get(call->machine, person, out))
        vg_id_format(person, out);
}

static enum vg_code conflict(struct response_call *call, const struct response_revision *current,
                             uint64_t expected, const char *proposed)
{
    struct response_outcome *outcome = call->outcome;
    const char *name = response_aspect_name(current->aspect);
    char by[VG_NAME_MAX + 1];
    char at[VG_TIME_TEXT];
    char seen[48] = "without having read it";
    outcome->conflict.aspect = current->aspect;
    outcome->conflict.expected = expected;
    outcome->conflict.current = current->revision;
    outcome->conflict.set_by = current->set_by;
    outcome->conflict.set_at_ms = current->set_at_ms;
    format_value(&call->incident, current->aspect, current->revision, outcome->conflict.value);
    snprintf(outcome->conflict.proposed, sizeof outcome->conflict.proposed, "%s", proposed);
    format_person(call, &current->set_by, by);
    vg_time_format(current->set_at_ms, at);
    if (expected != UINT64_MAX)
        snprintf(seen, sizeof seen, "as of revision %" PRIu64, expected);
    return vg_fail(&outcome->error, VG_CONFLICT,
                   "%s is \"%s\" at revision %" PRIu64 ", set by %s at %s; this command, given %s, "
                   "proposes \"%s\": read the incident, then repeat with --expect %s=%" PRIu64,
                   name, outcome->conflict.value, current->revision, by, at, seen, proposed, name,
                   current->revision);
}

enum vg_code response_expect_nothing(struct response_call *call)
{
    if (call->request->expectation_count == 0)
        return VG_OK;
    return vg_fail(&call->outcome->error, VG_INVALID,
                   "%s changes no aspect of an incident, so it can expect none",
                   response_op_name(call->command.op));
}

enum vg_code response_check_expectations(struct response_call *call, uint16_t aspect,
                                         const char *proposed)
{
    for (uint16_t i = 0; i < call->request->expectation_count; i++) {
        const struct ledger_expectation *expected = &call->request->expectations[i];
        if (response_aspect_name(expected->aspect)[0] == '\0')
            return vg_fail(&call->outcome->error, VG_INVALID,
                           "the command expects something of aspect %u, which does not exist",
                           expected->aspect);
        struct response_revision current =
            current_of(&call->incident, expected->aspect, &expected->part);
        if (current.revision != expected->revision)
            return conflict(call, &current, expected->revision,
                            expected->aspect == aspect ? proposed : "");
    }
    return VG_OK;
}

enum vg_code response_require_expected(struct response_call *call, uint16_t aspect,
                                       const char *proposed)
{
    static const vg_id whole;
    struct response_revision current = current_of(&call->incident, aspect, &whole);
    if (current.revision == 0)
        return VG_OK;
    for (uint16_t i = 0; i < call->request->expectation_count; i++) {
        const struct ledger_expectation *expected = &call->request->expectations[i];
        if (expected->aspect == aspect && vg_id_is_zero(&expected->part))
            return VG_OK;
    }
    return conflict(call, &current, UINT64_MAX, proposed);
}

void response_bump(struct response_call *call, uint16_t aspect)
{
    struct response_incident *incident = &call->incident;
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
}
