/* SPDX-License-Identifier: Apache-2.0
 * The life of an incident: stages, assessment, classes, declarations. */
#include "tests/lib/model_internal.h"

static bool at_risk(const struct model_case *incident)
{
    return incident->facts.risk >= RESPONSE_RISK_IMMINENT;
}

static bool under_floor(const struct model_case *incident)
{
    return at_risk(incident) || incident->facts.declared;
}

bool model_is_runner(const struct model_call *call, const vg_id *person)
{
    return (model_roles_of(call->model, person, &call->home->id) & RUNNERS) != 0;
}

/* Pieces of evidence are the incident's own. */
bool model_has_evidence(const struct model_call *call, const struct response_ids *ids)
{
    for (uint8_t i = 0; i < ids->count; i++) {
        if (model_part_of(call->home, call->incident, &ids->ids[i], MODEL_EVIDENCE) == NULL)
            return false;
    }
    return true;
}

struct model_refusal model_names_person(const struct model_call *call, const vg_id *person)
{
    return vg_id_is_zero(person) || model_is_here(call->model, person)
               ? model_accepts()
               : model_refuses(VG_NOT_FOUND);
}

/* ---- stage -------------------------------------------------------------------------------------
 */

/* From stage to stage (R13). */
static const bool edges[RESPONSE_CLOSE + 1][RESPONSE_CLOSE + 1] = {
    [RESPONSE_DETECT] = {[RESPONSE_ASSESS] = true},
    [RESPONSE_ASSESS] = {[RESPONSE_DIAGNOSE] = true, [RESPONSE_CLOSE] = true},
    [RESPONSE_DIAGNOSE] = {[RESPONSE_STABILIZE] = true, [RESPONSE_CLOSE] = true},
    [RESPONSE_STABILIZE] = {[RESPONSE_DIAGNOSE] = true, [RESPONSE_CLOSE] = true},
};

/* How it would close from its present stage. */
static uint8_t disposition_of(const struct model_case *incident)
{
    if (incident->facts.declared)
        return RESPONSE_RESOLVED;
    if (incident->facts.class_ == RESPONSE_FALSE_POSITIVE)
        return RESPONSE_AS_FALSE_POSITIVE;
    if (incident->facts.responsibility == RESPONSE_CUSTOMER)
        return RESPONSE_CUSTOMER_MANAGED;
    return incident->facts.stage == RESPONSE_ASSESS ? RESPONSE_NOT_ESCALATED : RESPONSE_RESOLVED;
}

/* What is settled already and named again as it is, is no change. */
static bool settles_cia(const struct model_case *incident, uint8_t cia)
{
    return cia != 0 && cia != incident->facts.cia;
}

static bool alters_cia(const struct model_case *incident, uint8_t cia)
{
    return settles_cia(incident, cia) && incident->facts.cia != 0;
}

static bool stage_changes(const struct model_call *call, uint16_t aspect)
{
    return aspect == RESPONSE_ASPECT_STAGE || alters_cia(call->incident, call->command->stage.cia);
}

static bool edge_exists(const struct model_call *call)
{
    return edges[call->incident->facts.stage][call->command->stage.stage];
}

static bool leaves_assess(const struct model_call *call)
{
    return call->incident->facts.stage == RESPONSE_ASSESS;
}

static bool cia_is_settled(const struct model_call *call)
{
    return !leaves_assess(call) || call->incident->facts.cia != 0 || call->command->stage.cia != 0;
}

static bool is_assessed(const struct model_call *call)
{
    return !leaves_assess(call) || call->incident->facts.assessed_at != 0;
}

static bool responsibility_is_decided(const struct model_call *call)
{
    return !leaves_assess(call) || call->incident->facts.responsibility != 0;
}

static bool is_not_the_customers_alone(const struct model_call *call)
{
    return call->command->stage.stage != RESPONSE_DIAGNOSE ||
           call->incident->facts.responsibility != RESPONSE_CUSTOMER;
}

static bool closes_as(const struct model_call *call, uint8_t disposition)
{
    return call->command->stage.stage == RESPONSE_CLOSE &&
           disposition_of(call->incident) == disposition;
}

static bool no_declaration_keeps_open(const struct model_call *call)
{
    return call->command->stage.stage != RESPONSE_CLOSE || !call->incident->facts.declared;
}

static bool is_answered(const struct model_call *call)
{
    const struct model_case *incident = call->incident;
    bool lost = incident->filter != NULL && incident->filter->filtering != incident;
    return !closes_as(call, RESPONSE_AS_FALSE_POSITIVE) || (incident->answered && !lost);
}

static bool is_out_of_risk(const struct model_call *call)
{
    bool dismissed =
        closes_as(call, RESPONSE_AS_FALSE_POSITIVE) || closes_as(call, RESPONSE_NOT_ESCALATED);
    return !dismissed || !at_risk(call->incident);
}

static bool is_referred(const struct model_call *call)
{
    return !closes_as(call, RESPONSE_CUSTOMER_MANAGED) || call->incident->referred;
}

static bool attests(const struct model_case *incident, uint16_t aspect)
{
    return (incident->facts.attested & 1 << (aspect - RESPONSE_ASPECT_CUSTOMER_RISK)) != 0;
}

static bool customer_risk_is_contained(const struct model_call *call)
{
    return !closes_as(call, RESPONSE_RESOLVED) ||
           attests(call->incident, RESPONSE_ASPECT_CUSTOMER_RISK);
}

static bool business_risk_is_contained(const struct model_call *call)
{
    return !closes_as(call, RESPONSE_RESOLVED) ||
           attests(call->incident, RESPONSE_ASPECT_BUSINESS_RISK);
}

static bool measures_are_taken(const struct model_call *call)
{
    return !closes_as(call, RESPONSE_RESOLVED) ||
           attests(call->incident, RESPONSE_ASPECT_CORRECTIVE_MEASURES);
}

static bool has_recovery_plan(const struct model_call *call)
{
    return !closes_as(call, RESPONSE_RESOLVED) || !call->incident->was_in_stabilize ||
           call->incident->revisions[RESPONSE_ASPECT_RECOVERY_PLAN] > 0;
}

static bool both_risks_attested(const struct model_case *incident)
{
    return attests(incident, RESPONSE_ASPECT_CUSTOMER_RISK) &&
           attests(incident, RESPONSE_ASPECT_BUSINESS_RISK);
}

static bool steps_may_stay(const struct model_call *call)
{
    const struct model_case *incident = call->incident;
    if (call->command->stage.stage != RESPONSE_CLOSE || incident->facts.steps_open == 0)
        return true;
    return incident->steps_long == incident->facts.steps_open && both_risks_attested(incident);
}

static const struct model_guard stage_guards[] = {
    {edge_exists, VG_RULE, "R13"},
    {cia_is_settled, VG_RULE, "R1"},
    {is_assessed, VG_RULE, "R4"},
    {responsibility_is_decided, VG_RULE, "R8"},
    {is_not_the_customers_alone, VG_RULE, "R8"},
    {no_declaration_keeps_open, VG_RULE, "R25"},
    {is_answered, VG_RULE, "R10"},
    {is_out_of_risk, VG_RULE, "R6"},
    {is_referred, VG_RULE, "R8"},
    {customer_risk_is_contained, VG_RULE, "R25"},
    {business_risk_is_contained, VG_RULE, "R25"},
    {measures_are_taken, VG_RULE, "R25"},
    {has_recovery_plan, VG_RULE, "R16"},
    {steps_may_stay, VG_RULE, "R16"},
    {NULL, VG_OK, ""},
};

static void stage(struct model_call *call)
{
    struct model_case *incident = call->incident;
    struct model_facts *facts = &incident->facts;
    if (settles_cia(incident, call->command->stage.cia)) {
        facts->cia = call->command->stage.cia;
        model_change(incident, RESPONSE_ASPECT_DETECTION);
    }
    if (call->command->stage.stage == RESPONSE_CLOSE) {
        facts->disposition = disposition_of(incident);
        facts->closed_at = call->order->time_ms;
        incident->closed_from = facts->stage;
    }
    facts->stage = call->command->stage.stage;
    incident->was_in_stabilize |= facts->stage == RESPONSE_STABILIZE;
    model_change(incident, RESPONSE_ASPECT_STAGE);
}

void model_reopens(struct model_case *incident)
{
    struct model_facts *facts = &incident->facts;
    facts->stage = incident->closed_from;
    facts->disposition = 0;
    facts->closed_at = 0;
    model_change(incident, RESPONSE_ASPECT_STAGE);
    for (uint16_t aspect = RESPONSE_ASPECT_CUSTOMER_RISK;
         aspect <= RESPONSE_ASPECT_CORRECTIVE_MEASURES; aspect++) {
        if (attests(incident, aspect))
            model_change(incident, aspect);
    }
    facts->attested = 0;
}

static void reopen(struct model_call *call)
{
    model_reopens(call->incident);
}

/* ---- assess ------------------------------------------------------------------------------------
 */

/* R5, as people write it: severity, priority; 0 is worst. Rows are functional impact and how many
 * kinds of information are affected, columns recoverability. */
enum { NO_KIND, ONE_KIND, SEVERAL_KINDS, KINDS };
static const uint8_t
    severities[RESPONSE_FUNCTIONAL_HIGH + 1][KINDS][RESPONSE_NOT_RECOVERABLE + 1][2] = {
        [RESPONSE_FUNCTIONAL_NONE] = {{{0}, {4, 4}, {4, 4}, {4, 3}, {4, 3}},
                                      {{0}, {2, 2}, {2, 2}, {2, 1}, {1, 0}},
                                      {{0}, {1, 1}, {1, 1}, {1, 0}, {0, 0}}},
        [RESPONSE_FUNCTIONAL_LOW] = {{{0}, {3, 3}, {3, 3}, {3, 2}, {2, 1}},
                                     {{0}, {2, 2}, {2, 2}, {2, 1}, {1, 0}},
                                     {{0}, {1, 1}, {1, 1}, {1, 0}, {0, 0}}},
        [RESPONSE_FUNCTIONAL_MEDIUM] = {{{0}, {2, 2}, {2, 2}, {2, 1}, {1, 0}},
                                        {{0}, {1, 1}, {1, 1}, {1, 0}, {0, 0}},
                                        {{0}, {1, 1}, {1, 1}, {1, 0}, {0, 0}}},
        [RESPONSE_FUNCTIONAL_HIGH] = {{{0}, {1, 1}, {1, 1}, {1, 0}, {0, 0}},
                                      {{0}, {1, 1}, {1, 1}, {1, 0}, {0, 0}},
                                      {{0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}},
};

struct grade {
    uint8_t severity, priority; /* 1 is sev0 */
};

static uint8_t at_most(uint8_t grade, uint8_t most)
{
    return grade == 0 || grade > most ? most : grade;
}

static struct grade grade_of(const struct model_call *call)
{
    const struct response_command *command = call->command;
    int kinds = 0;
    for (unsigned bits = command->assess.information; bits != 0; bits &= bits - 1)
        kinds++;
    const uint8_t *cell =
        severities[command->assess.functional][kinds < KINDS ? kinds : SEVERAL_KINDS]
                  [command->assess.recoverability];
    struct grade grade = {(uint8_t)(cell[0] + 1), (uint8_t)(cell[1] + 1)};
    if (under_floor(call->incident)) {
        grade.severity = at_most(grade.severity, RESPONSE_SEV1);
        grade.priority = at_most(grade.priority, RESPONSE_SEV1);
    }
    return grade;
}

static bool names_product(const struct model_call *call)
{
    struct model_name product = model_name_of(call->command->assess.product);
    return call->command->assess.product.size > 0 &&
           !model_name_equal(&product, &call->incident->product);
}

static struct model_refusal assess_names(struct model_call *call)
{
    if (!model_has_evidence(call, &call->command->assess.evidence))
        return model_refuses(VG_NOT_FOUND);
    const struct model_standing *standing =
        model_standing_of(call->model, &call->order->author, &call->home->id);
    call->glass = standing == NULL || !standing->on_call;
    return model_accepts();
}

static bool assess_changes(const struct model_call *call, uint16_t aspect)
{
    const struct model_case *incident = call->incident;
    const struct response_command *command = call->command;
    if (aspect == RESPONSE_ASPECT_RESPONSIBILITY)
        return command->assess.responsibility != 0 &&
               command->assess.responsibility != incident->facts.responsibility;
    if (aspect == RESPONSE_ASPECT_DETECTION)
        return alters_cia(incident, command->assess.cia) ||
               (names_product(call) && incident->product.text[0] != '\0');
    return true;
}

bool model_has_left_detect(const struct model_call *call)
{
    return call->incident->facts.stage != RESPONSE_DETECT;
}

static bool assess_cites_evidence(const struct model_call *call)
{
    return call->command->assess.evidence.count > 0;
}

static bool is_on_call_or_breaks_glass(const struct model_call *call)
{
    return !call->glass || call->command->assess.break_glass.size > 0;
}

static bool assess_is_no_downgrade(const struct model_call *call)
{
    return !at_risk(call->incident) || grade_of(call).severity <= call->incident->facts.severity;
}

/* R8: what is declared is not the customer's alone. */
static bool assess_keeps_it_ours(const struct model_call *call)
{
    return !call->incident->facts.declared ||
           call->command->assess.responsibility != RESPONSE_CUSTOMER ||
           call->incident->facts.responsibility == RESPONSE_CUSTOMER;
}

static bool has_product(const struct model_call *call)
{
    return call->incident->product.text[0] != '\0' || names_product(call);
}

static const struct model_guard assess_guards[] = {
    {model_has_left_detect, VG_RULE, "R13"},
    {assess_cites_evidence, VG_RULE, "R4"},
    {has_product, VG_RULE, "R1"},
    {is_on_call_or_breaks_glass, VG_RULE, "R4"},
    {assess_is_no_downgrade, VG_RULE, "R6"},
    {assess_keeps_it_ours, VG_RULE, "R8"},
    {NULL, VG_OK, ""},
};

static void assess(struct model_call *call)
{
    struct model_case *incident = call->incident;
    const struct response_command *command = call->command;
    struct grade grade = grade_of(call);
    incident->facts.severity = grade.severity;
    incident->facts.priority = grade.priority;
    model_change(incident, RESPONSE_ASPECT_SEVERITY);
    if (incident->facts.assessed_at == 0)
        incident->facts.assessed_at = call->order->time_ms;
    if (settles_cia(incident, command->assess.cia) || names_product(call)) {
        if (command->assess.cia != 0)
            incident->facts.cia = command->assess.cia;
        if (command->assess.product.size > 0)
            incident->product = model_name_of(command->assess.product);
        model_change(incident, RESPONSE_ASPECT_DETECTION);
    }
    if (assess_changes(call, RESPONSE_ASPECT_RESPONSIBILITY)) {
        incident->facts.responsibility = command->assess.responsibility;
        model_change(incident, RESPONSE_ASPECT_RESPONSIBILITY);
    }
    if (call->glass)
        model_rule_task(call, 0);
}

/* ---- severity, risk, responsibility, owner -----------------------------------------------------
 */

static bool severity_is_no_downgrade(const struct model_call *call)
{
    return !at_risk(call->incident) ||
           call->command->severity.severity <= call->incident->facts.severity;
}

static bool severity_is_above_floor(const struct model_call *call)
{
    return !call->incident->facts.declared || call->command->severity.severity <= RESPONSE_SEV1;
}

static const struct model_guard severity_guards[] = {
    {severity_is_no_downgrade, VG_RULE, "R6"},
    {severity_is_above_floor, VG_RULE, "R12"},
    {NULL, VG_OK, ""},
};

static void severity(struct model_call *call)
{
    const struct response_command *command = call->command;
    struct model_facts *facts = &call->incident->facts;
    facts->severity = command->severity.severity;
    facts->priority =
        command->severity.priority != 0 ? command->severity.priority : command->severity.severity;
    model_change(call->incident, RESPONSE_ASPECT_SEVERITY);
}

/* By rule: severity at most sev1, priority at most p1. */
void model_raise(struct model_case *incident)
{
    struct model_facts *facts = &incident->facts;
    uint8_t raised = at_most(facts->severity, RESPONSE_SEV1);
    uint8_t sooner = at_most(facts->priority, RESPONSE_SEV1);
    if (raised == facts->severity && sooner == facts->priority)
        return;
    facts->severity = raised;
    facts->priority = sooner;
    model_change(incident, RESPONSE_ASPECT_SEVERITY);
}

static bool is_acute(const struct model_call *call)
{
    return call->command->risk.risk >= RESPONSE_RISK_IMMINENT;
}

static bool has_owner(const struct model_call *call)
{
    return model_is_runner(call, &call->incident->facts.owner);
}

static bool risk_has_owner(const struct model_call *call)
{
    return !is_acute(call) || has_owner(call) || model_is_runner(call, &call->order->author);
}

static const struct model_guard risk_guards[] = {
    {risk_has_owner, VG_RULE, "R6"},
    {NULL, VG_OK, ""},
};

static void risk(struct model_call *call)
{
    struct model_case *incident = call->incident;
    bool before = at_risk(incident);
    incident->facts.risk = call->command->risk.risk;
    model_change(incident, RESPONSE_ASPECT_DATA_RISK);
    if (!is_acute(call))
        return;
    model_raise(incident);
    if (!before && attests(incident, RESPONSE_ASPECT_CUSTOMER_RISK)) {
        incident->facts.attested = (uint8_t)(incident->facts.attested & ~1);
        model_change(incident, RESPONSE_ASPECT_CUSTOMER_RISK);
    }
    if (!has_owner(call)) {
        incident->facts.owner = call->order->author;
        model_change(incident, RESPONSE_ASPECT_OWNER);
    }
}

static bool declared_is_not_the_customers(const struct model_call *call)
{
    return !call->incident->facts.declared ||
           call->command->responsibility.responsibility != RESPONSE_CUSTOMER;
}

static const struct model_guard responsibility_guards[] = {
    {declared_is_not_the_customers, VG_RULE, "R8"},
    {NULL, VG_OK, ""},
};

static void responsibility(struct model_call *call)
{
    call->incident->facts.responsibility = call->command->responsibility.responsibility;
    model_change(call->incident, RESPONSE_ASPECT_RESPONSIBILITY);
}

static const vg_id *new_owner(const struct model_call *call)
{
    const vg_id *owner = &call->command->owner.owner;
    return vg_id_is_zero(owner) ? &call->order->author : owner;
}

static struct model_refusal owner_names(struct model_call *call)
{
    return model_names_person(call, &call->command->owner.owner);
}

static bool owner_is_runner(const struct model_call *call)
{
    return model_is_runner(call, new_owner(call));
}

static const struct model_guard owner_guards[] = {
    {owner_is_runner, VG_RULE, "R6"},
    {NULL, VG_OK, ""},
};

static void own(struct model_call *call)
{
    call->incident->facts.owner = *new_owner(call);
    model_change(call->incident, RESPONSE_ASPECT_OWNER);
}

const struct model_operation model_incident_operations[] = {
    {.op = RESPONSE_OP_STAGE,
     MODEL_ABOUT_INCIDENT,
     .roles = RUNNERS,
     .sets = {RESPONSE_ASPECT_STAGE, RESPONSE_ASPECT_DETECTION},
     .changes = stage_changes,
     .guards = stage_guards,
     .effect = stage},
    {.op = RESPONSE_OP_REOPEN,
     MODEL_ABOUT_INCIDENT,
     .roles = RUNNERS,
     .when_closed = ONLY_WHEN_CLOSED,
     .sets = {RESPONSE_ASPECT_STAGE},
     .effect = reopen},
    {.op = RESPONSE_OP_ASSESS,
     MODEL_ABOUT_INCIDENT,
     .roles = RUNNERS,
     .sets = {RESPONSE_ASPECT_SEVERITY, RESPONSE_ASPECT_DETECTION, RESPONSE_ASPECT_RESPONSIBILITY},
     .names = assess_names,
     .changes = assess_changes,
     .guards = assess_guards,
     .effect = assess},
    {.op = RESPONSE_OP_SEVERITY,
     MODEL_ABOUT_INCIDENT,
     .roles = RUNNERS,
     .sets = {RESPONSE_ASPECT_SEVERITY},
     .guards = severity_guards,
     .effect = severity},
    {.op = RESPONSE_OP_RISK,
     MODEL_ABOUT_INCIDENT,
     .roles = RUNNERS | RESPONSE_ROLE_PRIVACY_OFFICER,
     .sets = {RESPONSE_ASPECT_DATA_RISK},
     .guards = risk_guards,
     .effect = risk},
    {.op = RESPONSE_OP_RESPONSIBILITY,
     MODEL_ABOUT_INCIDENT,
     .roles = RUNNERS,
     .sets = {RESPONSE_ASPECT_RESPONSIBILITY},
     .guards = responsibility_guards,
     .effect = responsibility},
    {.op = RESPONSE_OP_OWNER,
     MODEL_ABOUT_INCIDENT,
     .roles = RUNNERS,
     .sets = {RESPONSE_ASPECT_OWNER},
     .names = owner_names,
     .guards = owner_guards,
     .effect = own},
    {.op = (enum response_op)0},
};
