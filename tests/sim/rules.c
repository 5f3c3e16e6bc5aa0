/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/rules.h"

#include "proto/response/directory.h"
#include "proto/response/fields.h"
#include "tests/lib/agree.h"
#include "tests/sim/sim.h"

static void differ(struct sim *sim, const struct host *host, uint64_t index,
                   const struct agree_taken *taken, const struct model_verdict *model,
                   const struct response_outcome *outcome)
{
    const char *op = taken->order.command != NULL ? response_op_name(taken->command.op) : "?";
    sim_violate(sim, "rules", host->id.value, index, "%s is answered %s %s%s, by the model %s %s%s",
                op, vg_code_name(outcome->error.code), outcome->error.rule,
                outcome->repeated ? " repeated" : "", vg_code_name(model->code), model->rule,
                model->repeated ? " repeated" : "");
}

static void compare(struct sim *sim, const struct host *host, uint64_t index,
                    const vg_id *compartment, const vg_id *incident)
{
    const char *what = agree_incident(&host->machine, sim->rules, compartment, incident);
    if (what != NULL)
        sim_violate(sim, "rules", host->id.value, index, "an incident here is not the model's: %s",
                    what);
}

static void mark(struct marks *marks, const struct agree_taken *taken,
                 const struct response_outcome *outcome)
{
    bool done = outcome->error.code == VG_OK && !outcome->repeated;
    enum response_op op = done ? taken->command.op : (enum response_op)0;
    SOMETIMES(marks, SIGNAL_FILTERED, outcome->filtered);
    SOMETIMES(marks, SIGNALS_COUNTED, op == RESPONSE_OP_COUNT);
    SOMETIMES(marks, MARK_SAID, op == RESPONSE_OP_CHECKPOINT);
    SOMETIMES(marks, PERSON_ENROLLED, op == RESPONSE_OP_ENROLL);
    SOMETIMES(marks, PROPOSAL_CARRIED, op == RESPONSE_OP_APPROVE && outcome->revision_count > 1);
    SOMETIMES(marks, INCIDENT_DECLARED, op == RESPONSE_OP_DECLARE);
    SOMETIMES(marks, CASE_MADE, op == RESPONSE_OP_CASE);
    SOMETIMES(marks, CASE_TOLD, op == RESPONSE_OP_ACKNOWLEDGE);
    SOMETIMES(marks, INCIDENT_CLOSED,
              op == RESPONSE_OP_STAGE && taken->command.stage.stage == RESPONSE_CLOSE);
}

void rules_applied(struct sim *sim, const struct host *host, const struct ledger_view *entry,
                   const struct ledger_command *command, const struct response_outcome *outcome)
{
    const struct ledger_header *header = &entry->header;
    struct agree_taken taken;
    struct model_verdict verdict;
    agree_take(command, header->index, header->time_ms, &entry->hash, &taken);
    model_apply(sim->rules, &taken.order, &verdict);
    sim->verdicts++;
    if (!agree_verdicts(&verdict, outcome))
        differ(sim, host, header->index, &taken, &verdict, outcome);
    mark(&sim->marks, &taken, outcome);
    vg_id concerned = agree_concerned(&host->machine, &taken, outcome);
    compare(sim, host, header->index, &command->compartment, &concerned);
    compare(sim, host, header->index, &command->compartment, &outcome->id);
}

void rules_finish(struct sim *sim, const struct host *host)
{
    vg_id home = {{0}};
    while (response_compartment_next(&host->machine, &home, &home)) {
        struct response_incident incident;
        vg_id at = {{0}};
        uint32_t count = 0;
        while (response_incident_next(&host->machine, &home, &at, true, &incident)) {
            at = incident.id;
            count++;
            compare(sim, host, host->cursor, &home, &at);
        }
        const char *what = agree_facts(&host->machine, sim->rules, &home);
        if (what != NULL)
            sim_violate(sim, "rules", host->id.value, host->cursor,
                        "facts here are not the model's: %s", what);
        if (count != model_incident_count(sim->rules, &home))
            sim_violate(sim, "rules", host->id.value, host->cursor,
                        "%u incidents, the model has %u", count,
                        model_incident_count(sim->rules, &home));
    }
}
