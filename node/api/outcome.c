/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/api.h"
#include "node/api/compartments.h"
#include "node/api/text.h"

static json_t *accepted(const struct response_outcome *outcome)
{
    json_t *answer = json_object();
    api_set(answer, "id", api_id(&outcome->id));
    api_set(answer, "index", api_uint(outcome->index));
    api_set(answer, "term", api_uint(outcome->term));
    api_set(answer, "time", api_time(outcome->time_ms));
    api_set(answer, "revision", api_revisions(outcome->revisions, outcome->revision_count));
    api_set(answer, "receipt", json_null());
    api_set(answer, "joined", json_boolean(outcome->joined));
    api_set(answer, "filtered", json_boolean(outcome->filtered));
    api_set(answer, "repeated", json_boolean(outcome->repeated));
    return answer;
}

static json_t *conflict(const struct response_outcome *outcome)
{
    json_t *details = json_object();
    bool expected = outcome->conflict.expected != UINT64_MAX;
    api_set(details, "aspect", api_word(response_aspects, outcome->conflict.aspect));
    api_set(details, "part", api_id(&outcome->conflict.part));
    api_set(details, "expected", expected ? api_uint(outcome->conflict.expected) : json_null());
    api_set(details, "current", api_uint(outcome->conflict.current));
    api_set(details, "value", api_string(outcome->conflict.value));
    api_set(details, "proposed", api_string(outcome->conflict.proposed));
    api_set(details, "set_by", api_id(&outcome->conflict.set_by));
    api_set(details, "set_at", api_time(outcome->conflict.set_at_ms));
    return details;
}

/* Their own, or those of what they may read. */
static bool may_recall(const struct response_machine *machine, const struct api_query *query,
                       const vg_id *compartment)
{
    return vg_id_equal(&query->author, &query->asker) ||
           response_sight_of(machine, &query->asker, compartment) == RESPONSE_SEES_CONTENT;
}

json_t *api_request_show(struct response_machine *machine, const struct api_query *query,
                         struct vg_error *error)
{
    struct response_outcome outcome = {.index = 0};
    vg_id compartment = {{0}}; /* the control stream */
    if (query->compartment[0] != '\0' &&
        api_compartment_open(machine, &query->asker, query->compartment, RESPONSE_SEES_NOTHING,
                             &compartment, error) != VG_OK)
        return NULL;
    json_t *out = json_object();
    bool known = may_recall(machine, query, &compartment) &&
                 response_recall(machine, &compartment, &query->id, &query->author, &outcome);
    api_set(out, "answer", known ? accepted(&outcome) : json_null());
    api_set(out, "error_code", api_uint(outcome.error.code));
    api_set(out, "error_text", api_string(outcome.error.text));
    return out;
}

char *api_outcome_text(const struct response_outcome *outcome)
{
    if (outcome->error.code == VG_OK)
        return api_text(accepted(outcome));
    return outcome->error.code == VG_CONFLICT ? api_text(conflict(outcome)) : NULL;
}
