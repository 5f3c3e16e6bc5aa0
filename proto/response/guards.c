/* SPDX-License-Identifier: Apache-2.0
 * The rules of the response process as one table (docs/process.md, "Rules"). A guard says what must
 * hold of an operation, and what it is refused with; `vigil rules explain` reads the same rows. */
#include <stdio.h>

#include "common/text.h"
#include "proto/response/detect.h"

enum { ANY = 0 };

/* ---- what is about an incident at all ----------------------------------------------------------
 */

static bool is_not_historical(const struct response_call *call)
{
    return (call->rule->flags & RESPONSE_ON_RECORD) != 0 || !call->incident.historical;
}

static bool is_not_closed(const struct response_call *call)
{
    return (call->rule->flags & RESPONSE_WHEN_CLOSED) != 0 ||
           call->incident.stage != RESPONSE_CLOSE;
}

/* ---- stages ------------------------------------------------------------------------------------
 */

/* R13. The only other way back is reopening (R27). */
static const struct edge {
    uint8_t from, to;
} stage_edges[] = {
    {RESPONSE_DETECT, RESPONSE_ASSESS},      {RESPONSE_ASSESS, RESPONSE_DIAGNOSE},
    {RESPONSE_ASSESS, RESPONSE_CLOSE},       {RESPONSE_DIAGNOSE, RESPONSE_STABILIZE},
    {RESPONSE_DIAGNOSE, RESPONSE_CLOSE},     {RESPONSE_STABILIZE, RESPONSE_CLOSE},
    {RESPONSE_STABILIZE, RESPONSE_DIAGNOSE}, {ANY, ANY},
};

/* R14 */
static const struct edge task_edges[] = {
    {RESPONSE_TASK_OPEN, RESPONSE_TASK_CLAIMED},    {RESPONSE_TASK_OPEN, RESPONSE_TASK_DONE},
    {RESPONSE_TASK_OPEN, RESPONSE_TASK_DROPPED},    {RESPONSE_TASK_CLAIMED, RESPONSE_TASK_CLAIMED},
    {RESPONSE_TASK_CLAIMED, RESPONSE_TASK_OPEN},    {RESPONSE_TASK_CLAIMED, RESPONSE_TASK_DONE},
    {RESPONSE_TASK_CLAIMED, RESPONSE_TASK_DROPPED}, {RESPONSE_TASK_DONE, RESPONSE_TASK_OPEN},
    {RESPONSE_TASK_DROPPED, RESPONSE_TASK_OPEN},    {ANY, ANY},
};

/* R16 */
static const struct edge step_edges[] = {
    {RESPONSE_STEP_PLANNED, RESPONSE_STEP_STARTED},   {RESPONSE_STEP_PLANNED, RESPONSE_STEP_DONE},
    {RESPONSE_STEP_PLANNED, RESPONSE_STEP_DROPPED},   {RESPONSE_STEP_STARTED, RESPONSE_STEP_DONE},
    {RESPONSE_STEP_STARTED, RESPONSE_STEP_DROPPED},   {RESPONSE_STEP_DONE, RESPONSE_STEP_VERIFIED},
    {RESPONSE_STEP_DONE, RESPONSE_STEP_STARTED},      {RESPONSE_STEP_DONE, RESPONSE_STEP_REVERTED},
    {RESPONSE_STEP_VERIFIED, RESPONSE_STEP_REVERTED}, {ANY, ANY},
};

static bool is_edge(const struct edge *edges, uint8_t from, uint8_t to)
{
    for (; edges->from != ANY; edges++) {
        if (edges->from == from && edges->to == to)
            return true;
    }
    return false;
}

/* Refuses with what is, what may come next, and what was wanted. */
static enum vg_code refuse_edge(struct response_call *call, enum response_refusal refusal,
                                const struct edge *edges, const struct response_word *words,
                                const uint8_t asked[2])
{
    char next[96] = "";
    size_t used = 0;
    for (; edges->from != ANY; edges++) {
        if (edges->from == asked[0] && used < sizeof next)
            used += (size_t)snprintf(next + used, sizeof next - used, "%s%s",
                                     used > 0 ? " or " : "", response_word(words, edges->to));
    }
    return response_refuse_with(call, refusal,
                                (const char *const[]){response_word(words, asked[0]), next,
                                                      response_word(words, asked[1]), NULL});
}

bool response_is_stage_edge(uint8_t from, uint8_t to)
{
    return is_edge(stage_edges, from, to);
}

static bool is_stage_edge(const struct response_call *call)
{
    return response_is_stage_edge(call->incident.stage, call->command.stage.stage);
}

static enum vg_code refuse_stage(struct response_call *call)
{
    const uint8_t asked[] = {call->incident.stage, call->command.stage.stage};
    if (asked[0] == RESPONSE_CLOSE)
        return response_refuse(call, RESPONSE_REFUSED_NO_STAGE_AFTER_CLOSE);
    return refuse_edge(call, RESPONSE_REFUSED_NO_EDGE, stage_edges, response_stages, asked);
}

static bool is_task_edge(const struct response_call *call)
{
    return is_edge(task_edges, call->part.task.state, call->command.task_move.state);
}

static enum vg_code refuse_task(struct response_call *call)
{
    const uint8_t asked[] = {call->part.task.state, call->command.task_move.state};
    return refuse_edge(call, RESPONSE_REFUSED_TASK_EDGE, task_edges, response_task_states, asked);
}

static bool is_step_edge(const struct response_call *call)
{
    return is_edge(step_edges, call->part.step.state, call->command.step_move.state);
}

static enum vg_code refuse_step(struct response_call *call)
{
    const uint8_t asked[] = {call->part.step.state, call->command.step_move.state};
    if (asked[0] == RESPONSE_STEP_REVERTED || asked[0] == RESPONSE_STEP_DROPPED)
        return RESPONSE_REFUSE(call, STEP_ENDED, response_word(response_step_states, asked[0]));
    return refuse_edge(call, RESPONSE_REFUSED_STEP_EDGE, step_edges, response_step_states, asked);
}

static bool cia_is_settled(const struct response_call *call)
{
    return call->incident.cia != 0 || call->command.stage.cia != 0;
}

static bool is_assessed(const struct response_call *call)
{
    return call->incident.functional != 0;
}

static bool responsibility_is_decided(const struct response_call *call)
{
    return call->incident.responsibility != 0;
}

static bool is_not_customers_alone(const struct response_call *call)
{
    return call->incident.responsibility != RESPONSE_CUSTOMER;
}

/* ---- closing -----------------------------------------------------------------------------------
 */

static bool is_not_declared(const struct response_call *call)
{
    return call->incident.declared_at == 0;
}

static bool is_declared(const struct response_call *call)
{
    return call->incident.declared_at != 0;
}

static bool closes_as(const struct response_call *call, uint8_t disposition)
{
    return response_disposition_of(&call->incident) == disposition;
}

/* A filter whose key another incident has taken meanwhile answers nothing. */
static bool is_answered_if_false(const struct response_call *call)
{
    const struct response_incident *incident = &call->incident;
    return !closes_as(call, RESPONSE_AS_FALSE_POSITIVE) ||
           (incident->answer == RESPONSE_ANSWER_FILTER ? response_owns_filter(call, incident)
                                                       : incident->answer != 0);
}

/* What is resolved has its customer risk attested, and what is the customer's is worked on there.
 */
static bool risk_has_passed(const struct response_call *call)
{
    bool is_dismissed =
        closes_as(call, RESPONSE_NOT_ESCALATED) || closes_as(call, RESPONSE_AS_FALSE_POSITIVE);
    return !is_dismissed || !response_is_risky(call->incident.risk);
}

static bool is_referred_if_customers(const struct response_call *call)
{
    return !closes_as(call, RESPONSE_CUSTOMER_MANAGED) ||
           response_revision_of(&call->incident, RESPONSE_ASPECT_REFERRAL) > 0;
}

static enum vg_code refuse_risk(struct response_call *call)
{
    return RESPONSE_REFUSE(call, RISK_OPEN, response_word(response_risks, call->incident.risk));
}

static bool is_attested(const struct response_call *call, uint16_t aspect)
{
    return (call->incident.attested & response_attested_bit(aspect)) != 0;
}

static bool customer_risk_is_attested(const struct response_call *call)
{
    return !closes_as(call, RESPONSE_RESOLVED) || is_attested(call, RESPONSE_ASPECT_CUSTOMER_RISK);
}

static bool business_risk_is_attested(const struct response_call *call)
{
    return !closes_as(call, RESPONSE_RESOLVED) || is_attested(call, RESPONSE_ASPECT_BUSINESS_RISK);
}

static bool measures_are_attested(const struct response_call *call)
{
    return !closes_as(call, RESPONSE_RESOLVED) ||
           is_attested(call, RESPONSE_ASPECT_CORRECTIVE_MEASURES);
}

static bool has_plan(const struct response_call *call)
{
    return !closes_as(call, RESPONSE_RESOLVED) || !call->incident.was_in_stabilize ||
           response_revision_of(&call->incident, RESPONSE_ASPECT_RECOVERY_PLAN) > 0;
}

static bool steps_may_stay(const struct response_call *call)
{
    const struct response_incident *incident = &call->incident;
    bool both_are_contained = is_attested(call, RESPONSE_ASPECT_CUSTOMER_RISK) &&
                              is_attested(call, RESPONSE_ASPECT_BUSINESS_RISK);
    return incident->steps_open == 0 ||
           (incident->steps_open == incident->steps_long && both_are_contained);
}

static bool is_closed(const struct response_call *call)
{
    return call->incident.stage == RESPONSE_CLOSE;
}

static enum vg_code refuse_open(struct response_call *call)
{
    const char *stage = response_word(response_stages, call->incident.stage);
    return RESPONSE_REFUSE(call, NOT_CLOSED, stage);
}

/* ---- assessing ---------------------------------------------------------------------------------
 */

static bool is_beyond_detect(const struct response_call *call)
{
    return call->incident.stage != RESPONSE_DETECT;
}

static bool assessment_cites(const struct response_call *call)
{
    return call->command.assess.evidence.count > 0;
}

/* R1: every incident records its product line; by now it is known. */
static bool product_is_named(const struct response_call *call)
{
    return call->incident.product[0] != '\0' || call->command.assess.product.size > 0;
}

static bool assessor_is_on_call(const struct response_call *call)
{
    return call->glass ||
           response_on_call(call->machine, &call->request->compartment, &call->request->author);
}

/* R6: a larger number is less severe. */
static bool is_no_downgrade(const struct response_call *call)
{
    return !response_is_risky(call->incident.risk) || call->incident.severity == 0 ||
           response_rating_of(call).severity <= call->incident.severity;
}

static bool is_above_declared_floor(const struct response_call *call)
{
    return call->incident.declared_at == 0 || call->command.severity.severity <= RESPONSE_SEV1;
}

static bool has_owner_if_risky(const struct response_call *call)
{
    return !response_is_risky(call->command.risk.risk) || response_is_owned(call) ||
           response_is_runner(call, &call->request->author);
}

static bool may_be_customers(const struct response_call *call)
{
    return call->command.responsibility.responsibility != RESPONSE_CUSTOMER ||
           call->incident.declared_at == 0;
}

static bool assessment_may_be_customers(const struct response_call *call)
{
    return call->command.assess.responsibility != RESPONSE_CUSTOMER ||
           call->incident.responsibility == RESPONSE_CUSTOMER || call->incident.declared_at == 0;
}

static const vg_id *owner_to_be(const struct response_call *call)
{
    const vg_id *owner = &call->command.owner.owner;
    return vg_id_is_zero(owner) ? &call->request->author : owner;
}

static bool owner_is_runner(const struct response_call *call)
{
    return response_is_runner(call, owner_to_be(call));
}

static enum vg_code refuse_owner(struct response_call *call)
{
    char name[VG_NAME_MAX + 1];
    response_colleague_words(call, owner_to_be(call), name);
    return RESPONSE_REFUSE(call, NOT_AN_OWNER, name);
}

/* ---- classifying -------------------------------------------------------------------------------
 */

static bool is_by_declaration(uint8_t class_)
{
    return class_ == RESPONSE_SECURITY_INCIDENT || class_ == RESPONSE_PRIVACY_INCIDENT;
}

static bool class_needs_no_declaration(const struct response_call *call)
{
    return !is_by_declaration(call->command.classify.class_);
}

static bool ground_fits(const struct response_call *call)
{
    return (call->command.classify.class_ == RESPONSE_SECURITY_EVENT) ==
           (call->command.classify.ground != 0);
}

static bool policy_fits(const struct response_call *call)
{
    return (call->command.classify.class_ == RESPONSE_PRIVACY_EVENT) ==
           (call->command.classify.policy.size > 0);
}

static bool class_cites(const struct response_call *call)
{
    return call->command.classify.evidence.count > 0;
}

static bool is_false_positive(const struct response_call *call)
{
    return call->incident.class_ == RESPONSE_FALSE_POSITIVE;
}

static bool answer_is_whole(const struct response_call *call)
{
    return call->command.answer.kind == RESPONSE_ANSWER_FILTER
               ? call->command.answer.match.size > 0
               : call->command.answer.change.size > 0;
}

static enum vg_code refuse_second(struct response_call *call)
{
    char at[VG_TIME_TEXT];
    vg_time_format(call->incident.declared_at, at);
    return RESPONSE_REFUSE(call, DECLARED_ALREADY, at);
}

static bool declares_class(const struct response_call *call)
{
    return is_by_declaration(call->command.declare.class_);
}

static bool declares_harm(const struct response_call *call)
{
    return call->command.declare.harm != 0;
}

static bool declares_ground(const struct response_call *call)
{
    return call->command.declare.likelihood != 0 || call->command.declare.duty.size > 0;
}

static bool declaration_cites(const struct response_call *call)
{
    return call->command.declare.evidence.count > 0;
}

static bool is_customers_alone(const struct response_call *call)
{
    return call->incident.responsibility == RESPONSE_CUSTOMER;
}

static bool has_contract(const struct response_call *call)
{
    return call->command.collaborate.contract.size > 0;
}

/* ---- working -----------------------------------------------------------------------------------
 */

static bool is_being_worked_on(const struct response_call *call)
{
    return call->incident.stage == RESPONSE_DIAGNOSE || call->incident.stage == RESPONSE_STABILIZE;
}

static bool is_another(const struct response_call *call)
{
    return !vg_id_equal(&call->command.link.incident, &call->command.link.other);
}

static bool is_emergency(const struct response_call *call)
{
    return call->command.step.emergency == RESPONSE_YES;
}

static bool emergency_is_containment(const struct response_call *call)
{
    return !is_emergency(call) || call->command.step.kind == RESPONSE_CONTAINMENT;
}

static bool is_emergency_in_assess(const struct response_call *call)
{
    return call->incident.stage != RESPONSE_ASSESS || is_emergency(call);
}

static bool verifier_is_another(const struct response_call *call)
{
    return call->command.step_move.state != RESPONSE_STEP_VERIFIED ||
           !vg_id_equal(&call->part.step.done_by, &call->request->author);
}

static bool may_be_reverted(const struct response_call *call)
{
    return call->command.step_move.state != RESPONSE_STEP_REVERTED || call->part.step.reversible;
}

/* ---- evidence ----------------------------------------------------------------------------------
 */

static bool is_not_disposed(const struct response_call *call)
{
    return !call->part.evidence.disposed;
}

/* Evidence whose holder has left, or may keep none here, is handed on by an incident manager. */
static bool is_left_behind(const struct response_call *call)
{
    const vg_id *compartment = &call->request->compartment;
    uint32_t holders = response_roles_of(call->machine, &call->part.evidence.holder, compartment);
    uint32_t authors = response_roles_of(call->machine, &call->request->author, compartment);
    return call->command.custody.action == RESPONSE_OFFER && (holders & call->rule->roles) == 0 &&
           (authors & RESPONSE_ROLE_INCIDENT_MANAGER) != 0;
}

static bool holder_acts(const struct response_call *call)
{
    uint8_t action = call->command.custody.action;
    bool holders =
        action == RESPONSE_OFFER || action == RESPONSE_SEAL || action == RESPONSE_DISPOSE;
    return !holders || is_left_behind(call) ||
           vg_id_equal(&call->part.evidence.holder, &call->request->author);
}

static enum vg_code refuse_holder(struct response_call *call)
{
    char name[VG_NAME_MAX + 1];
    response_person_words(call->machine, &call->part.evidence.holder, name);
    return RESPONSE_REFUSE(call, NOT_HOLDER,
                           response_word(response_custodies, call->command.custody.action), name);
}

static bool is_offered(const struct response_call *call)
{
    return call->command.custody.action != RESPONSE_ACCEPT ||
           vg_id_equal(&call->part.evidence.offered_to, &call->request->author);
}

static enum vg_code refuse_offer(struct response_call *call)
{
    char name[VG_NAME_MAX + 1];
    response_person_words(call->machine, &call->part.evidence.holder, name);
    return RESPONSE_REFUSE(call, NOT_OFFERED, name);
}

static bool hash_fits(const struct response_call *call)
{
    static const vg_hash none;
    return (call->command.custody.action == RESPONSE_VERIFY) ==
           !vg_hash_equal(&call->command.custody.hash, &none);
}

static bool receiver_fits(const struct response_call *call)
{
    return (call->command.custody.action == RESPONSE_OFFER) ==
           !vg_id_is_zero(&call->command.custody.to);
}

/* ---- the table ---------------------------------------------------------------------------------
 */

#define GUARD(op, from, to, holds, refusal)                                                        \
    {                                                                                              \
        op, from, to, holds, RESPONSE_REFUSED_##refusal, NULL                                      \
    }
#define GUARD_WITH(op, from, to, holds, refuse)                                                    \
    {                                                                                              \
        op, from, to, holds, RESPONSE_REFUSED_NOT, refuse                                          \
    }

enum {
    STAGE = RESPONSE_OP_STAGE,
    ASSESSING = RESPONSE_ASSESS,
    DIAGNOSING = RESPONSE_DIAGNOSE,
    CLOSING = RESPONSE_CLOSE,
};

static const struct guard {
    int op;           /* ANY, or one operation */
    uint8_t from, to; /* ANY, or stages that a `stage` moves between */
    bool (*holds)(const struct response_call *call);
    enum response_refusal refusal;
    enum vg_code (*refuse)(
        struct response_call *call); /* where the sentence has words of the case */
} guards[] = {
    GUARD(ANY, ANY, ANY, is_not_historical, HISTORICAL),
    GUARD(ANY, ANY, ANY, is_not_closed, CLOSED),

    GUARD_WITH(STAGE, ANY, ANY, is_stage_edge, refuse_stage),
    GUARD(STAGE, ASSESSING, ANY, cia_is_settled, CIA_OPEN),
    GUARD(STAGE, ASSESSING, ANY, is_assessed, NOT_ASSESSED),
    GUARD(STAGE, ASSESSING, ANY, responsibility_is_decided, RESPONSIBILITY_OPEN),
    GUARD(STAGE, ANY, DIAGNOSING, is_not_customers_alone, CUSTOMERS_ALONE),
    GUARD(STAGE, ANY, CLOSING, is_not_declared, DECLARED_STAYS_OPEN),
    GUARD(STAGE, ANY, CLOSING, is_answered_if_false, NOT_ANSWERED),
    GUARD_WITH(STAGE, ANY, CLOSING, risk_has_passed, refuse_risk),
    GUARD(STAGE, ANY, CLOSING, is_referred_if_customers, NOT_REFERRED),
    GUARD(STAGE, ANY, CLOSING, customer_risk_is_attested, CUSTOMER_RISK_OPEN),
    GUARD(STAGE, ANY, CLOSING, business_risk_is_attested, BUSINESS_RISK_OPEN),
    GUARD(STAGE, ANY, CLOSING, measures_are_attested, MEASURES_OPEN),
    GUARD(STAGE, ANY, CLOSING, has_plan, NO_PLAN),
    GUARD(STAGE, ANY, CLOSING, steps_may_stay, STEPS_OPEN),

    GUARD(RESPONSE_OP_ASSESS, ANY, ANY, is_beyond_detect, STILL_IN_DETECT),
    GUARD(RESPONSE_OP_ASSESS, ANY, ANY, assessment_cites, ASSESSED_WITHOUT_EVIDENCE),
    GUARD(RESPONSE_OP_ASSESS, ANY, ANY, product_is_named, PRODUCT_OPEN),
    GUARD(RESPONSE_OP_ASSESS, ANY, ANY, assessor_is_on_call, NOT_ON_CALL),
    GUARD(RESPONSE_OP_ASSESS, ANY, ANY, is_no_downgrade, NO_DOWNGRADE),
    GUARD(RESPONSE_OP_ASSESS, ANY, ANY, assessment_may_be_customers, DECLARED_NOT_CUSTOMERS),
    GUARD(RESPONSE_OP_SEVERITY, ANY, ANY, is_no_downgrade, NO_DOWNGRADE),
    GUARD(RESPONSE_OP_SEVERITY, ANY, ANY, is_above_declared_floor, DECLARED_FLOOR),
    GUARD(RESPONSE_OP_RISK, ANY, ANY, has_owner_if_risky, RISK_WITHOUT_OWNER),
    GUARD(RESPONSE_OP_RESPONSIBILITY, ANY, ANY, may_be_customers, DECLARED_NOT_CUSTOMERS),
    GUARD_WITH(RESPONSE_OP_OWNER, ANY, ANY, owner_is_runner, refuse_owner),

    GUARD(RESPONSE_OP_CLASSIFY, ANY, ANY, class_needs_no_declaration, BY_DECLARATION),
    GUARD(RESPONSE_OP_CLASSIFY, ANY, ANY, is_not_declared, CLASS_IS_DECLARED),
    GUARD(RESPONSE_OP_CLASSIFY, ANY, ANY, ground_fits, GROUND),
    GUARD(RESPONSE_OP_CLASSIFY, ANY, ANY, policy_fits, POLICY),
    GUARD(RESPONSE_OP_CLASSIFY, ANY, ANY, class_cites, CLASS_WITHOUT_EVIDENCE),
    GUARD(RESPONSE_OP_ANSWER, ANY, ANY, is_false_positive, NOT_FALSE_POSITIVE),
    GUARD(RESPONSE_OP_ANSWER, ANY, ANY, answer_is_whole, ANSWER_INCOMPLETE),
    GUARD_WITH(RESPONSE_OP_DECLARE, ANY, ANY, is_not_declared, refuse_second),
    GUARD(RESPONSE_OP_DECLARE, ANY, ANY, is_not_customers_alone, CUSTOMERS_NOT_DECLARED),
    GUARD(RESPONSE_OP_DECLARE, ANY, ANY, declares_class, DECLARED_CLASS),
    GUARD(RESPONSE_OP_DECLARE, ANY, ANY, declares_harm, DECLARED_WITHOUT_HARM),
    GUARD(RESPONSE_OP_DECLARE, ANY, ANY, declares_ground, DECLARED_WITHOUT_GROUND),
    GUARD(RESPONSE_OP_DECLARE, ANY, ANY, declaration_cites, CLASS_WITHOUT_EVIDENCE),
    GUARD(RESPONSE_OP_WITHDRAW, ANY, ANY, is_declared, NOT_DECLARED),
    GUARD(RESPONSE_OP_AFFECT, ANY, ANY, is_declared, NOT_DECLARED),
    GUARD(RESPONSE_OP_REFER, ANY, ANY, is_customers_alone, NOT_CUSTOMERS),
    GUARD(RESPONSE_OP_COLLABORATE, ANY, ANY, has_contract, NO_CONTRACT),

    GUARD(RESPONSE_OP_PLAN, ANY, ANY, is_being_worked_on, PLANNED_TOO_EARLY),
    GUARD(RESPONSE_OP_ATTEST, ANY, ANY, is_beyond_detect, ATTESTED_TOO_EARLY),
    GUARD_WITH(RESPONSE_OP_REOPEN, ANY, ANY, is_closed, refuse_open),
    GUARD(RESPONSE_OP_LINK, ANY, ANY, is_another, LINKED_TO_ITSELF),
    GUARD_WITH(RESPONSE_OP_TASK_MOVE, ANY, ANY, is_task_edge, refuse_task),
    GUARD(RESPONSE_OP_STEP, ANY, ANY, is_beyond_detect, CONTAINED_TOO_EARLY),
    GUARD(RESPONSE_OP_STEP, ANY, ANY, emergency_is_containment, EMERGENCY_KIND),
    GUARD(RESPONSE_OP_STEP, ANY, ANY, is_emergency_in_assess, ONLY_EMERGENCY),
    GUARD_WITH(RESPONSE_OP_STEP_MOVE, ANY, ANY, is_step_edge, refuse_step),
    GUARD(RESPONSE_OP_STEP_MOVE, ANY, ANY, verifier_is_another, OWN_VERIFICATION),
    GUARD(RESPONSE_OP_STEP_MOVE, ANY, ANY, may_be_reverted, IRREVERSIBLE),

    GUARD(RESPONSE_OP_CUSTODY, ANY, ANY, is_not_disposed, DISPOSED),
    GUARD_WITH(RESPONSE_OP_CUSTODY, ANY, ANY, holder_acts, refuse_holder),
    GUARD_WITH(RESPONSE_OP_CUSTODY, ANY, ANY, is_offered, refuse_offer),
    GUARD(RESPONSE_OP_CUSTODY, ANY, ANY, receiver_fits, OFFER_TO_WHOM),
    GUARD(RESPONSE_OP_CUSTODY, ANY, ANY, hash_fits, VERIFIED_WHAT),
};

_Static_assert(RESPONSE_MUTANT <= sizeof guards / sizeof guards[0] ||
                   RESPONSE_MUTANT == RESPONSE_MUTANT_ONCE,
               "there are not so many rules");

static bool concerns(const struct guard *guard, const struct response_call *call)
{
    if (guard - guards + 1 == RESPONSE_MUTANT)
        return false;
    if (guard->op != ANY && guard->op != (int)call->command.op)
        return false;
    return (guard->from == ANY || guard->from == call->incident.stage) &&
           (guard->to == ANY || guard->to == call->command.stage.stage);
}

static enum vg_code refuse(const struct guard *guard, struct response_call *call)
{
    return guard->refuse != NULL ? guard->refuse(call) : response_refuse(call, guard->refusal);
}

enum vg_code response_check_guards(struct response_call *call)
{
    for (size_t i = 0; i < sizeof guards / sizeof guards[0]; i++) {
        if (concerns(&guards[i], call) && !guards[i].holds(call))
            return refuse(&guards[i], call);
    }
    return VG_OK;
}

void response_each_guard(struct response_call *call,
                         void (*tell)(void *context, const struct vg_error *refusal), void *context)
{
    for (size_t i = 0; i < sizeof guards / sizeof guards[0]; i++) {
        if (!concerns(&guards[i], call) || guards[i].holds(call))
            continue;
        refuse(&guards[i], call);
        tell(context, &call->outcome->error);
    }
}
