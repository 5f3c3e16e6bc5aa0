/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/explain.h"

#include "node/api/text.h"
#include "proto/response/explain.h"
#include "proto/response/fields.h"

struct explaining {
    const struct response_machine *machine;
    const struct response_incident *incident;
    json_t *steps;
    json_t *needs; /* of the step told last; borrowed */
};

/* Who has one of the roles in the incident's compartment. */
static json_t *people_with(const struct explaining *explaining, uint32_t roles)
{
    struct response_person person = {.first = false};
    json_t *out = json_array();
    while (response_person_next(explaining->machine, &person)) {
        uint32_t own =
            response_roles_of(explaining->machine, &person.id, &explaining->incident->compartment);
        if ((own & roles) != 0)
            json_array_append_new(out, api_id(&person.id));
    }
    return out;
}

static void tell_step(void *context, const struct response_ahead *ahead)
{
    struct explaining *explaining = context;
    json_t *out = json_object();
    explaining->needs = json_array();
    api_set(out, "operation", json_string(response_op_name(ahead->op)));
    api_set(out, "to", api_word(response_stages, ahead->stage));
    api_set(out, "disposition", api_word(response_dispositions, ahead->disposition));
    api_set(out, "attests", api_word(response_aspects, ahead->attests));
    api_set(out, "roles", api_words(response_roles, ahead->roles));
    api_set(out, "by_two", json_boolean(ahead->by_two));
    api_set(out, "people", people_with(explaining, ahead->roles));
    api_set(out, "needs", explaining->needs);
    json_array_append_new(explaining->steps, out);
}

static void tell_need(void *context, const struct vg_error *refusal)
{
    struct explaining *explaining = context;
    json_t *out = json_object();
    api_set(out, "rule", api_string(refusal->rule));
    api_set(out, "text", json_string(refusal->text));
    json_array_append_new(explaining->needs, out);
}

json_t *api_explain(const struct response_machine *machine,
                    const struct response_incident *incident)
{
    struct explaining explaining = {
        .machine = machine, .incident = incident, .steps = json_array()};
    json_t *out = json_object();
    response_explain(machine, incident, tell_step, tell_need, &explaining);
    api_set(out, "id", api_id(&incident->id));
    api_set(out, "title", json_string(incident->title));
    api_set(out, "stage", api_word(response_stages, incident->stage));
    api_set(out, "disposition", api_word(response_dispositions, incident->disposition));
    api_set(out, "steps", explaining.steps);
    return out;
}
