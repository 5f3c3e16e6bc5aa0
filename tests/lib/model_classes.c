/* SPDX-License-Identifier: Apache-2.0
 * What an incident is found to be, and what follows: classes, answers, declarations, referrals,
 * plans, attestations. */
#include "tests/lib/model_internal.h"

static bool is_declarable(uint8_t class_)
{
    return class_ == RESPONSE_SECURITY_INCIDENT || class_ == RESPONSE_PRIVACY_INCIDENT;
}

static bool declaration_stands(const struct model_call *call)
{
    return call->incident->facts.declared;
}

static bool no_declaration_stands(const struct model_call *call)
{
    return !call->incident->facts.declared;
}

/* ---- classify ----------------------------------------------------------------------------------
 */

static bool participants_exist(const struct model_call *call)
{
    const struct response_ids *participants = &call->command->classify.participants;
    for (uint8_t i = 0; i < participants->count; i++) {
        if (!model_is_here(call->model, &participants->ids[i]))
            return false;
    }
    return true;
}

static struct model_refusal classify_names(struct model_call *call)
{
    bool exist =
        model_has_evidence(call, &call->command->classify.evidence) && participants_exist(call);
    return exist ? model_accepts() : model_refuses(VG_NOT_FOUND);
}

static bool class_needs_no_declaration(const struct model_call *call)
{
    return !is_declarable(call->command->classify.class_);
}

static bool ground_fits(const struct model_call *call)
{
    return (call->command->classify.class_ == RESPONSE_SECURITY_EVENT) ==
           (call->command->classify.ground != 0);
}

static bool policy_fits(const struct model_call *call)
{
    return (call->command->classify.class_ == RESPONSE_PRIVACY_EVENT) ==
           (call->command->classify.policy.size > 0);
}

static bool class_cites_evidence(const struct model_call *call)
{
    return call->command->classify.evidence.count > 0;
}

static const struct model_guard classify_guards[] = {
    {class_needs_no_declaration, VG_RULE, "R11"},
    {no_declaration_stands, VG_RULE, "R12"},
    {ground_fits, VG_RULE, "R9"},
    {policy_fits, VG_RULE, "R9"},
    {class_cites_evidence, VG_RULE, "R9"},
    {NULL, VG_OK, ""},
};

static void classify(struct model_call *call)
{
    call->incident->facts.class_ = call->command->classify.class_;
    model_change(call->incident, RESPONSE_ASPECT_CLASSIFICATION);
}

/* ---- answer ------------------------------------------------------------------------------------
 */

static bool is_filter(const struct model_call *call)
{
    return call->command->answer.kind == RESPONSE_ANSWER_FILTER;
}

static struct model_refusal answer_names(struct model_call *call)
{
    if (!model_is_here(call->model, &call->command->answer.owner))
        return model_refuses(VG_NOT_FOUND);
    const struct model_signal *signal =
        is_filter(call) ? model_signal_of(call->home, call->command->answer.match) : NULL;
    const struct model_case *holder = signal != NULL ? signal->filtering : NULL;
    bool taken = holder != NULL && holder != call->incident &&
                 holder->facts.class_ == RESPONSE_FALSE_POSITIVE;
    return taken ? model_refuses(VG_EXISTS) : model_accepts();
}

static bool is_false_positive(const struct model_call *call)
{
    return call->incident->facts.class_ == RESPONSE_FALSE_POSITIVE;
}

static bool answer_is_complete(const struct model_call *call)
{
    return is_filter(call) ? call->command->answer.match.size > 0
                           : call->command->answer.change.size > 0;
}

static const struct model_guard answer_guards[] = {
    {is_false_positive, VG_RULE, "R10"},
    {answer_is_complete, VG_RULE, "R10"},
    {NULL, VG_OK, ""},
};

static void answer(struct model_call *call)
{
    struct model_case *incident = call->incident;
    if (incident->filter != NULL && incident->filter->filtering == incident)
        incident->filter->filtering = NULL;
    incident->filter =
        is_filter(call) ? model_signal_add(call->home, call->command->answer.match) : NULL;
    if (incident->filter != NULL)
        incident->filter->filtering = incident;
    incident->answered = true;
    model_change(incident, RESPONSE_ASPECT_ANSWER);
}

/* ---- declare, withdraw, affect -----------------------------------------------------------------
 */

static bool has_tenant(const struct model_case *incident, const struct model_tenant *tenant)
{
    for (uint32_t i = 0; i < incident->tenants.count; i++) {
        if (incident->tenants.items[i] == tenant)
            return true;
    }
    return false;
}

static void add_tenant(struct model_call *call, vg_span name)
{
    const struct model_tenant *tenant = model_tenant_named(call->model, name);
    model_list_add(&call->incident->tenants, (void *)(uintptr_t)tenant);
    call->incident->facts.tenants = call->incident->tenants.count;
    model_owe(call, tenant, RESPONSE_FACT_DECLARED);
}

static struct model_refusal declare_names(struct model_call *call)
{
    const struct response_lines *tenants = &call->command->declare.tenants;
    bool exist = model_has_evidence(call, &call->command->declare.evidence);
    for (uint8_t i = 0; i < tenants->count; i++)
        exist = exist && model_tenant_named(call->model, tenants->lines[i]) != NULL;
    return exist ? model_accepts() : model_refuses(VG_NOT_FOUND);
}

static bool is_not_the_customers(const struct model_call *call)
{
    return call->incident->facts.responsibility != RESPONSE_CUSTOMER;
}

static bool class_is_declarable(const struct model_call *call)
{
    return is_declarable(call->command->declare.class_);
}

static bool some_harm(const struct model_call *call)
{
    return call->command->declare.harm != 0;
}

static bool access_or_duty(const struct model_call *call)
{
    return call->command->declare.likelihood != 0 || call->command->declare.duty.size > 0;
}

static bool declaration_cites_evidence(const struct model_call *call)
{
    return call->command->declare.evidence.count > 0;
}

static const struct model_guard declare_guards[] = {
    {no_declaration_stands, VG_EXISTS, ""},
    {is_not_the_customers, VG_RULE, "R8"},
    {class_is_declarable, VG_RULE, "R11"},
    {some_harm, VG_RULE, "R11"},
    {access_or_duty, VG_RULE, "R11"},
    {declaration_cites_evidence, VG_RULE, "R9"},
    {NULL, VG_OK, ""},
};

/* What is missing becomes follow-up work (R11). */
static void follow_up(struct model_call *call)
{
    const struct response_command *command = call->command;
    const vg_span wanted[] = {command->declare.impact, command->declare.resources,
                              command->declare.repair};
    uint32_t missing = 0;
    for (int i = 0; i < 3; i++) {
        if (wanted[i].size == 0)
            model_rule_task(call, missing++);
    }
}

static void declare(struct model_call *call)
{
    struct model_case *incident = call->incident;
    const struct response_lines *tenants = &call->command->declare.tenants;
    incident->facts.declared = true;
    incident->class_before = incident->facts.class_;
    incident->facts.class_ = call->command->declare.class_;
    incident->harm = call->command->declare.harm;
    model_change(incident, RESPONSE_ASPECT_DECLARATION);
    model_change(incident, RESPONSE_ASPECT_CLASSIFICATION);
    model_raise(incident);
    if (incident->facts.stage == RESPONSE_CLOSE)
        model_reopens(incident);
    incident->tenants.count = incident->facts.tenants = 0;
    for (uint8_t i = 0; i < tenants->count; i++)
        add_tenant(call, tenants->lines[i]);
    follow_up(call);
}

static const struct model_guard withdraw_guards[] = {
    {declaration_stands, VG_RULE, "R12"},
    {NULL, VG_OK, ""},
};

static void withdraw(struct model_call *call)
{
    struct model_case *incident = call->incident;
    for (uint32_t i = 0; i < incident->tenants.count; i++)
        model_owe(call, incident->tenants.items[i], RESPONSE_FACT_WITHDRAWN);
    incident->facts.declared = false;
    incident->facts.class_ = incident->class_before;
    model_change(incident, RESPONSE_ASPECT_DECLARATION);
    model_change(incident, RESPONSE_ASPECT_CLASSIFICATION);
}

static struct model_refusal affect_names(struct model_call *call)
{
    const struct model_tenant *tenant =
        model_tenant_named(call->model, call->command->affect.tenant);
    if (tenant == NULL)
        return model_refuses(VG_NOT_FOUND);
    if (has_tenant(call->incident, tenant))
        return model_refuses(VG_EXISTS);
    return call->incident->tenants.count < TENANTS_MAX ? model_accepts()
                                                       : model_refuses(VG_INVALID);
}

static const struct model_guard affect_guards[] = {
    {declaration_stands, VG_RULE, "R12"},
    {NULL, VG_OK, ""},
};

static void affect(struct model_call *call)
{
    add_tenant(call, call->command->affect.tenant);
    model_change(call->incident, RESPONSE_ASPECT_TENANTS);
}

/* ---- refer, collaborate, plan, attest ----------------------------------------------------------
 */

static bool is_the_customers(const struct model_call *call)
{
    return call->incident->facts.responsibility == RESPONSE_CUSTOMER;
}

static const struct model_guard refer_guards[] = {
    {is_the_customers, VG_RULE, "R8"},
    {NULL, VG_OK, ""},
};

static void refer(struct model_call *call)
{
    call->incident->referred = true;
    model_change(call->incident, RESPONSE_ASPECT_REFERRAL);
}

static bool has_contract(const struct model_call *call)
{
    return call->command->collaborate.contract.size > 0;
}

static const struct model_guard collaborate_guards[] = {
    {has_contract, VG_RULE, "R8"},
    {NULL, VG_OK, ""},
};

static void collaborate(struct model_call *call)
{
    model_change(call->incident, RESPONSE_ASPECT_COLLABORATION);
}

static bool is_worked_on(const struct model_call *call)
{
    return call->incident->facts.stage == RESPONSE_DIAGNOSE ||
           call->incident->facts.stage == RESPONSE_STABILIZE;
}

static const struct model_guard plan_guards[] = {
    {is_worked_on, VG_RULE, "R14"},
    {NULL, VG_OK, ""},
};

static void plan(struct model_call *call)
{
    model_change(call->incident, RESPONSE_ASPECT_RECOVERY_PLAN);
}

static bool attest_changes(const struct model_call *call, uint16_t aspect)
{
    return aspect == call->command->attest.what;
}

static const struct model_guard attest_guards[] = {
    {model_has_left_detect, VG_RULE, "R25"},
    {NULL, VG_OK, ""},
};

static void attest(struct model_call *call)
{
    enum { BOTH_RISKS = 3 };
    struct model_facts *facts = &call->incident->facts;
    uint8_t bit = (uint8_t)(1 << (call->command->attest.what - RESPONSE_ASPECT_CUSTOMER_RISK));
    facts->attested = (uint8_t)(facts->attested & ~bit);
    if (call->command->attest.holds == RESPONSE_YES)
        facts->attested |= bit;
    if ((facts->attested & BOTH_RISKS) == BOTH_RISKS && facts->stabilized_at == 0)
        facts->stabilized_at = call->order->time_ms;
    model_change(call->incident, call->command->attest.what);
}

const struct model_operation model_class_operations[] = {
    {.op = RESPONSE_OP_CLASSIFY,
     MODEL_ABOUT_INCIDENT,
     .roles = RUNNERS | RESPONSE_ROLE_PRIVACY_OFFICER | RESPONSE_ROLE_SERVICE_TEAM,
     .sets = {RESPONSE_ASPECT_CLASSIFICATION},
     .names = classify_names,
     .guards = classify_guards,
     .effect = classify},
    {.op = RESPONSE_OP_ANSWER,
     MODEL_ABOUT_INCIDENT,
     .roles = RUNNERS | RESPONSE_ROLE_SERVICE_TEAM,
     .sets = {RESPONSE_ASPECT_ANSWER},
     .names = answer_names,
     .guards = answer_guards,
     .effect = answer},
    {.op = RESPONSE_OP_DECLARE,
     MODEL_ABOUT_INCIDENT,
     .roles = RESPONSE_ROLE_INCIDENT_MANAGER,
     .when_closed = ALSO_WHEN_CLOSED,
     .sets = {RESPONSE_ASPECT_DECLARATION, RESPONSE_ASPECT_CLASSIFICATION},
     .names = declare_names,
     .guards = declare_guards,
     .effect = declare},
    {.op = RESPONSE_OP_WITHDRAW,
     MODEL_ABOUT_INCIDENT,
     .signers = RESPONSE_ROLE_LEGAL | RESPONSE_ROLE_EXECUTIVE,
     .sets = {RESPONSE_ASPECT_DECLARATION},
     .guards = withdraw_guards,
     .effect = withdraw},
    {.op = RESPONSE_OP_AFFECT,
     MODEL_ABOUT_INCIDENT,
     .roles = RESPONSE_ROLE_INCIDENT_MANAGER,
     .names = affect_names,
     .guards = affect_guards,
     .effect = affect},
    {.op = RESPONSE_OP_REFER,
     MODEL_ABOUT_INCIDENT,
     .roles = RUNNERS,
     .sets = {RESPONSE_ASPECT_REFERRAL},
     .guards = refer_guards,
     .effect = refer},
    {.op = RESPONSE_OP_COLLABORATE,
     MODEL_ABOUT_INCIDENT,
     .roles = RUNNERS | RESPONSE_ROLE_SUPPORT,
     .guards = collaborate_guards,
     .effect = collaborate},
    {.op = RESPONSE_OP_PLAN,
     MODEL_ABOUT_INCIDENT,
     .roles = RUNNERS | RESPONSE_ROLE_SERVICE_TEAM,
     .sets = {RESPONSE_ASPECT_RECOVERY_PLAN},
     .guards = plan_guards,
     .effect = plan},
    {.op = RESPONSE_OP_ATTEST,
     MODEL_ABOUT_INCIDENT,
     .roles = MANAGERS,
     .sets = {RESPONSE_ASPECT_CUSTOMER_RISK, RESPONSE_ASPECT_BUSINESS_RISK,
              RESPONSE_ASPECT_CORRECTIVE_MEASURES},
     .changes = attest_changes,
     .guards = attest_guards,
     .effect = attest},
    {.op = (enum response_op)0},
};
