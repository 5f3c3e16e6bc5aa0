/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/explain.h"

#include "proto/response/call.h"

/* ---- what may come next ------------------------------------------------------------------------
 */

static bool is_open(const struct response_incident *incident)
{
    return incident->stage != RESPONSE_CLOSE;
}

static bool may_assess(const struct response_incident *incident)
{
    return is_open(incident) && incident->functional == 0;
}

static bool may_decide(const struct response_incident *incident)
{
    return is_open(incident) && incident->responsibility == 0;
}

static bool may_classify(const struct response_incident *incident)
{
    return is_open(incident) && incident->declared_at == 0;
}

static bool may_answer(const struct response_incident *incident)
{
    return may_classify(incident) && incident->class_ == RESPONSE_FALSE_POSITIVE &&
           incident->answer == 0;
}

static bool may_refer(const struct response_incident *incident)
{
    return is_open(incident) && incident->responsibility == RESPONSE_CUSTOMER &&
           response_revision_of(incident, RESPONSE_ASPECT_REFERRAL) == 0;
}

static bool may_declare(const struct response_incident *incident)
{
    return !incident->historical && incident->declared_at == 0;
}

static bool may_withdraw(const struct response_incident *incident)
{
    return incident->declared_at != 0;
}

static bool may_plan(const struct response_incident *incident)
{
    return is_open(incident) && incident->stage >= RESPONSE_DIAGNOSE &&
           response_revision_of(incident, RESPONSE_ASPECT_RECOVERY_PLAN) == 0;
}

static bool may_reopen(const struct response_incident *incident)
{
    return !is_open(incident) && !incident->historical;
}

static const struct {
    enum response_op op;
    bool (*may)(const struct response_incident *incident);
} operations[] = {
    {RESPONSE_OP_ASSESS, may_assess},     {RESPONSE_OP_RESPONSIBILITY, may_decide},
    {RESPONSE_OP_CLASSIFY, may_classify}, {RESPONSE_OP_ANSWER, may_answer},
    {RESPONSE_OP_REFER, may_refer},       {RESPONSE_OP_DECLARE, may_declare},
    {RESPONSE_OP_WITHDRAW, may_withdraw}, {RESPONSE_OP_PLAN, may_plan},
    {RESPONSE_OP_REOPEN, may_reopen},
};

/* ---- asking the guards -------------------------------------------------------------------------
 */

struct asking {
    struct response_call call;
    struct ledger_command request;
    struct response_outcome outcome;
    void (*step)(void *context, const struct response_ahead *ahead);
    void (*need)(void *context, const struct vg_error *refusal);
    void *context;
};

static void ask(struct asking *asking, struct response_ahead ahead)
{
    const struct response_rule *rule = response_rule_of(ahead.op);
    ahead.roles = rule->roles;
    ahead.by_two = (rule->flags & RESPONSE_BY_TWO) != 0;
    asking->call.rule = rule;
    asking->call.command = (struct response_command){.op = ahead.op};
    asking->call.command.stage.stage = ahead.stage;
    asking->step(asking->context, &ahead);
    response_each_guard(&asking->call, asking->need, asking->context);
}

static void ask_stages(struct asking *asking)
{
    const struct response_incident *incident = &asking->call.incident;
    for (unsigned stage = RESPONSE_DETECT; stage <= RESPONSE_CLOSE; stage++) {
        uint8_t to = (uint8_t)stage;
        struct response_ahead ahead = {.op = RESPONSE_OP_STAGE, .stage = to};
        if (to == RESPONSE_CLOSE)
            ahead.disposition = response_disposition_of(incident);
        if (response_is_stage_edge(incident->stage, to))
            ask(asking, ahead);
    }
}

static void ask_attestations(struct asking *asking)
{
    const struct response_incident *incident = &asking->call.incident;
    for (const struct response_word *word = response_attestations; word->text != NULL; word++) {
        uint16_t aspect = (uint16_t)word->number;
        bool wanted = is_open(incident) && incident->stage >= RESPONSE_DIAGNOSE &&
                      (incident->attested & response_attested_bit(aspect)) == 0;
        if (wanted)
            ask(asking, (struct response_ahead){.op = RESPONSE_OP_ATTEST, .attests = aspect});
    }
}

void response_explain(const struct response_machine *machine,
                      const struct response_incident *incident,
                      void (*step)(void *context, const struct response_ahead *ahead),
                      void (*need)(void *context, const struct vg_error *refusal), void *context)
{
    struct asking asking = {.step = step, .need = need, .context = context};
    asking.request.compartment = incident->compartment;
    asking.call.machine = machine;
    asking.call.request = &asking.request;
    asking.call.outcome = &asking.outcome;
    asking.call.incident = asking.call.next = *incident;
    if (!incident->historical)
        ask_stages(&asking);
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (!incident->historical && operations[i].may(incident))
            ask(&asking, (struct response_ahead){.op = operations[i].op});
    }
    ask_attestations(&asking);
}

void response_severity_cell(uint8_t functional, uint8_t information, uint8_t recoverability,
                            uint8_t *severity, uint8_t *priority)
{
    struct response_rating rating = response_rate(functional, information, recoverability);
    *severity = (uint8_t)(rating.severity - RESPONSE_SEV0);
    *priority = (uint8_t)(rating.priority - 1);
}
