/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/agree.h"

#include "proto/response/fields.h"
#include "proto/response/tenants.h"

struct sides {
    const struct response_machine *machine;
    const struct model *model;
};

/* ---- commands ----------------------------------------------------------------------------------
 */

void agree_take(const struct ledger_command *command, uint64_t index, uint64_t time_ms,
                const vg_hash *entry, struct agree_taken *out)
{
    struct vg_error error;
    bool decodes = response_command_decode(command->body, &out->command, &error) == VG_OK;
    out->order = (struct model_order){.index = index,
                                      .time_ms = time_ms,
                                      .compartment = command->compartment,
                                      .author = command->author,
                                      .request = command->request,
                                      .entry = *entry,
                                      .content = ledger_request_hash(command),
                                      .expectations = command->expectations,
                                      .expectation_count = command->expectation_count,
                                      .command = decodes ? &out->command : NULL};
}

vg_id agree_concerned(const struct response_machine *machine, const struct agree_taken *taken,
                      const struct response_outcome *outcome)
{
    struct response_proposal proposal;
    uint32_t count = 0;
    const struct response_field *fields =
        taken->order.command != NULL ? response_fields(taken->command.op, &count) : NULL;
    if (count > 0 && fields[0].of == RESPONSE_OF_INCIDENT)
        return taken->command.note.incident;
    if (count > 0 && fields[0].of == RESPONSE_OF_PROPOSAL &&
        response_proposal_get(machine, &taken->order.compartment, &taken->command.approve.proposal,
                              &proposal) == VG_OK)
        return proposal.incident;
    return outcome->id;
}

/* ---- answers -----------------------------------------------------------------------------------
 */

bool agree_checks(const struct model_verdict *model, const struct response_outcome *machine)
{
    return machine->error.code == model->code && strcmp(machine->error.rule, model->rule) == 0 &&
           machine->repeated == model->repeated && machine->joined == model->joined &&
           machine->filtered == model->filtered &&
           (model->code != VG_OK || vg_id_equal(&machine->id, &model->id));
}

bool agree_verdicts(const struct model_verdict *model, const struct response_outcome *machine)
{
    bool indexed = model->code == VG_OK || model->repeated;
    return agree_checks(model, machine) && (!indexed || machine->index == model->index);
}

/* What differs, or NULL. */
static const char *facts_differ(const struct model_facts *model,
                                const struct response_incident *machine)
{
#define COMPARE(fact)                                                                              \
    if (machine->fact != model->fact)                                                              \
    return #fact
    COMPARE(stage);
    COMPARE(disposition);
    COMPARE(cia);
    COMPARE(severity);
    COMPARE(priority);
    COMPARE(risk);
    COMPARE(responsibility);
    COMPARE(class_);
    COMPARE(attested);
    COMPARE(historical);
    COMPARE(count);
    COMPARE(assessed_at);
    COMPARE(contained_at);
    COMPARE(stabilized_at);
    COMPARE(closed_at);
    COMPARE(tasks);
    COMPARE(tasks_open);
    COMPARE(steps);
    COMPARE(steps_open);
    COMPARE(evidence);
    COMPARE(tenants);
    COMPARE(links);
    COMPARE(proposals);
#undef COMPARE
    if ((machine->declared_at != 0) != model->declared)
        return "declared";
    if (!vg_id_equal(&machine->owner, &model->owner))
        return "owner";
    return vg_id_equal(&machine->linked, &model->linked) ? NULL : "linked";
}

static bool part_agrees(const struct sides *sides, const struct response_incident *machine,
                        uint16_t aspect, const vg_id *part,
                        const struct response_revision *revision)
{
    return model_revision(sides->model, &machine->compartment, &machine->id, aspect, part) ==
           revision->revision;
}

/* Of each kind as many as the facts say, each at the model's revision. */
static bool parts_agree(const struct sides *sides, const struct response_incident *machine)
{
    const struct response_machine *of = sides->machine;
    const vg_id *home = &machine->compartment;
    struct response_task task = {0};
    struct response_step step = {0};
    struct response_evidence evidence = {0};
    struct response_proposal proposal = {0};
    uint32_t left[] = {machine->tasks, machine->steps, machine->evidence, machine->proposals};
    bool ok = true;
    for (vg_id at = {{0}}; response_task_next(of, home, &machine->id, &at, &task);
         at = task.id, left[0]--)
        ok = ok && part_agrees(sides, machine, RESPONSE_ASPECT_TASK, &task.id, &task.revision);
    for (vg_id at = {{0}}; response_step_next(of, home, &machine->id, &at, &step);
         at = step.id, left[1]--)
        ok = ok &&
             part_agrees(sides, machine, RESPONSE_ASPECT_CONTAINMENT, &step.id, &step.revision);
    for (vg_id at = {{0}}; response_evidence_next(of, home, &machine->id, &at, &evidence);
         at = evidence.id, left[2]--)
        ok = ok && part_agrees(sides, machine, RESPONSE_ASPECT_EVIDENCE, &evidence.id,
                               &evidence.revision);
    for (vg_id at = {{0}}; response_proposed_next(of, home, &machine->id, &at, &proposal);
         at = proposal.id, left[3]--)
        ok = ok && part_agrees(sides, machine, RESPONSE_ASPECT_PROPOSAL, &proposal.id,
                               &proposal.revision);
    return ok && left[0] == 0 && left[1] == 0 && left[2] == 0 && left[3] == 0;
}

static const char *revisions_differ(const struct sides *sides,
                                    const struct response_incident *machine)
{
    static const vg_id whole;
    for (const struct response_word *aspect = response_aspects; aspect->text != NULL; aspect++) {
        if (model_revision(sides->model, &machine->compartment, &machine->id,
                           (uint16_t)aspect->number,
                           &whole) != response_revision_of(machine, (uint16_t)aspect->number))
            return aspect->text;
    }
    return parts_agree(sides, machine) ? NULL : "parts";
}

const char *agree_incident(const struct response_machine *machine, const struct model *model,
                           const vg_id *compartment, const vg_id *id)
{
    const struct sides both = {machine, model};
    const struct sides *sides = &both;
    struct model_facts facts;
    struct response_incident incident;
    bool modelled = model_incident(sides->model, compartment, id, &facts);
    bool found = response_incident_get(sides->machine, compartment, id, &incident) == VG_OK;
    if (modelled != found)
        return "one knows an incident that the other does not";
    if (!found)
        return NULL;
    const char *what = facts_differ(&facts, &incident);
    return what != NULL ? what : revisions_differ(sides, &incident);
}

/* ---- facts between compartments ----------------------------------------------------------------
 */

/* How many the machine has in this state, each of them the model's. */
static bool owed_agree(const struct sides *sides, const vg_id *compartment,
                       enum response_progress progress, uint32_t *count)
{
    struct response_owed owed = {.fact.source = *compartment};
    bool told = progress == RESPONSE_FACT_TOLD;
    bool ok = true;
    for (*count = 0; response_owed_next(sides->machine, progress, &owed); (*count)++) {
        bool known = false;
        for (uint32_t i = 0; !known && i < model_fact_count(sides->model, compartment); i++) {
            vg_id target;
            bool is_told;
            struct response_fact fact =
                model_fact_at(sides->model, compartment, i, &target, &is_told);
            known = response_fact_equal(&fact, &owed.fact) && vg_id_equal(&target, &owed.target) &&
                    is_told == told;
        }
        ok = ok && known;
    }
    return ok;
}

static bool cases_agree(const struct sides *sides, const vg_id *compartment)
{
    struct response_tenant_case found = {.facts = 0};
    while (response_case_next(sides->machine, compartment, &found)) {
        struct model_case_facts facts;
        if (!model_case(sides->model, compartment, &found.source, &found.incident, &found.tenant,
                        &facts) ||
            facts.facts != found.facts || facts.declared_at != found.declared_at ||
            facts.withdrawn_at != found.withdrawn_at || facts.class_ != found.class_ ||
            facts.harm != found.harm || facts.stands != response_case_stands(&found))
            return false;
    }
    return true;
}

const char *agree_facts(const struct response_machine *machine, const struct model *model,
                        const vg_id *compartment)
{
    const struct sides sides = {machine, model};
    uint32_t owed;
    uint32_t told;
    if (!owed_agree(&sides, compartment, RESPONSE_FACT_OWED, &owed) ||
        !owed_agree(&sides, compartment, RESPONSE_FACT_TOLD, &told) ||
        owed + told != model_fact_count(model, compartment))
        return "what is owed";
    return cases_agree(&sides, compartment) ? NULL : "cases";
}
