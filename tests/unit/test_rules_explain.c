/* SPDX-License-Identifier: Apache-2.0
 * `vigil rules explain`: it tells the steps that may come next and no others, and what it says that
 * each still needs is what a command without any arguments is refused with, one after the other,
 * until it is accepted. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "proto/response/explain.h"
#include "proto/response/fields.h"
#include "tests/lib/play.h"

enum { STEPS_MAX = 16, NEEDS_MAX = 8 };

/* ---- what is told ------------------------------------------------------------------------------
 */

struct told {
    struct response_ahead ahead;
    enum response_refusal needs[NEEDS_MAX];
    uint32_t need_count;
};

struct explained {
    struct told steps[STEPS_MAX];
    uint32_t count;
};

static void take_step(void *context, const struct response_ahead *ahead)
{
    struct explained *explained = context;
    cr_assert_lt(explained->count, STEPS_MAX);
    explained->steps[explained->count++] = (struct told){.ahead = *ahead};
}

/* The refusal of a sentence without words. */
static enum response_refusal refusal_of(const struct vg_error *error)
{
    int refusal = RESPONSE_REFUSED_NOT + 1;
    while (refusal < RESPONSE_REFUSALS_END &&
           strcmp(response_refusal_sentence((enum response_refusal)refusal), error->text) != 0)
        refusal++;
    cr_assert_lt(refusal, RESPONSE_REFUSALS_END, "%s", error->text);
    cr_assert_str_eq(error->rule, response_refusal_rule((enum response_refusal)refusal));
    return (enum response_refusal)refusal;
}

static void take_need(void *context, const struct vg_error *refusal)
{
    struct explained *explained = context;
    struct told *told = &explained->steps[explained->count - 1];
    cr_assert_gt(explained->count, 0);
    cr_assert_lt(told->need_count, NEEDS_MAX);
    told->needs[told->need_count++] = refusal_of(refusal);
}

static struct explained explain(const struct play *play)
{
    struct explained explained = {.count = 0};
    struct response_incident incident = play_incident(play);
    response_explain(&play->desk->machine, &incident, take_step, take_need, &explained);
    return explained;
}

/* "stage close as resolved", "attest customer-risk", "declare" */
static void name_step(const struct response_ahead *ahead, char *out, size_t size)
{
    const char *stage = response_word(response_stages, ahead->stage);
    const char *attests = response_word(response_attestations, ahead->attests);
    const char *as = response_word(response_dispositions, ahead->disposition);
    snprintf(out, size, "%s%s%s%s%s%s", response_op_name(ahead->op),
             stage[0] != '\0' || attests[0] != '\0' ? " " : "", stage, attests,
             as[0] != '\0' ? " as " : "", as);
}

/* ---- states ------------------------------------------------------------------------------------
 */

static struct play in_detect(void)
{
    return play_new(RESPONSE_DETECT);
}

static struct play in_assess(void)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order detection = desk_detect("unclear", "");
    detection.command.detect.cia = 0;
    play.incident = play_must(&play, detection);
    play.evidence = play_do(&play, RESPONSE_OP_EVIDENCE);
    play_move(&play, RESPONSE_ASSESS);
    return play;
}

static struct play assessed(void)
{
    return play_new(RESPONSE_ASSESS);
}

static struct play in_diagnose(void)
{
    return play_new(RESPONSE_DIAGNOSE);
}

static struct play in_stabilize(void)
{
    return play_new(RESPONSE_STABILIZE);
}

static struct play in_stabilize_with_a_step(void)
{
    struct play play = play_new(RESPONSE_STABILIZE);
    play.part = play_do(&play, RESPONSE_OP_STEP);
    return play;
}

static struct play planned(void)
{
    struct play play = play_new(RESPONSE_STABILIZE);
    play_plan(&play);
    return play;
}

static struct play attested(void)
{
    struct play play = play_new(RESPONSE_STABILIZE);
    play_attest_all(&play);
    return play;
}

static struct play false_positive(void)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_do(&play, RESPONSE_OP_CLASSIFY);
    return play;
}

static struct play answered(void)
{
    struct play play = false_positive();
    struct desk_order order = play_order(&play, RESPONSE_OP_ANSWER);
    order.command.answer.match = vg_span_text("scanner-7");
    play_must(&play, order);
    return play;
}

static struct play customers(void)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_RESPONSIBILITY);
    order.command.responsibility.responsibility = RESPONSE_CUSTOMER;
    play_must(&play, order);
    return play;
}

static struct play referred(void)
{
    struct play play = customers();
    play_do(&play, RESPONSE_OP_REFER);
    return play;
}

static struct play declared(void)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_do(&play, RESPONSE_OP_DECLARE);
    return play;
}

static struct play declared_in_diagnose(void)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    play_do(&play, RESPONSE_OP_DECLARE);
    return play;
}

static struct play closed(void)
{
    return play_new(RESPONSE_CLOSE);
}

static struct play historical(void)
{
    struct play play = play_new(RESPONSE_DETECT);
    play.incident = play_do(&play, RESPONSE_OP_IMPORT);
    return play;
}

#define ATTESTATIONS ", attest customer-risk, attest business-risk, attest corrective-measures"

static const struct {
    struct play (*make)(void);
    const char *steps;
} states[] = {
    {in_detect, "stage assess, assess, responsibility, classify, declare"},
    {in_assess, "stage diagnose, stage close as not-escalated, assess, responsibility, classify, "
                "declare"},
    {assessed, "stage diagnose, stage close as not-escalated, classify, declare"},
    {in_diagnose, "stage stabilize, stage close as resolved, classify, declare, plan" ATTESTATIONS},
    {in_stabilize, "stage diagnose, stage close as resolved, classify, declare, plan" ATTESTATIONS},
    {in_stabilize_with_a_step,
     "stage diagnose, stage close as resolved, classify, declare, plan" ATTESTATIONS},
    {planned, "stage diagnose, stage close as resolved, classify, declare" ATTESTATIONS},
    {attested, "stage diagnose, stage close as resolved, classify, declare, plan"},
    {false_positive, "stage diagnose, stage close as false-positive, classify, answer, declare"},
    {answered, "stage diagnose, stage close as false-positive, classify, declare"},
    {customers, "stage diagnose, stage close as customer-managed, classify, refer, declare"},
    {referred, "stage diagnose, stage close as customer-managed, classify, declare"},
    {declared, "stage diagnose, stage close as resolved, withdraw"},
    {declared_in_diagnose, "stage stabilize, stage close as resolved, withdraw, plan" ATTESTATIONS},
    {closed, "declare, reopen"},
    {historical, ""},
};

enum { STATES = sizeof states / sizeof states[0] };

Test(explain, it_lists_exactly_the_next_steps)
{
    for (size_t i = 0; i < STATES; i++) {
        struct play play = states[i].make();
        struct explained explained = explain(&play);
        char steps[512] = "";
        for (uint32_t k = 0; k < explained.count; k++) {
            char name[64];
            name_step(&explained.steps[k].ahead, name, sizeof name);
            size_t used = strlen(steps);
            snprintf(steps + used, sizeof steps - used, "%s%s", k > 0 ? ", " : "", name);
        }
        cr_assert_str_eq(steps, states[i].steps);
        play_free(&play);
    }
}

/* ---- needs -------------------------------------------------------------------------------------
 */

/* Who gives a step: somebody with the role, and not on call. */
static enum desk_person person_for(enum response_op op)
{
    return op == RESPONSE_OP_DECLARE || op == RESPONSE_OP_ATTEST ? DESK_MANAGER : DESK_BEN;
}

/* A step as a command that says no more than must be said. */
static struct desk_order bare(struct play *play, const struct response_ahead *ahead)
{
    struct desk_order order = play_order(play, ahead->op);
    if (ahead->op == RESPONSE_OP_WITHDRAW)
        return play_proposing(play, DESK_LEGAL, &order.command);
    order.person = person_for(ahead->op);
    if (ahead->op == RESPONSE_OP_STAGE)
        order.command.stage.stage = ahead->stage;
    if (ahead->op == RESPONSE_OP_ATTEST)
        order.command.attest.what = (uint8_t)ahead->attests;
    if (ahead->op == RESPONSE_OP_ASSESS) {
        order.command.assess.evidence.count = 0;
        order.command.assess.product.size = 0;
    }
    if (ahead->op == RESPONSE_OP_CLASSIFY)
        order.command.classify.evidence.count = 0;
    if (ahead->op == RESPONSE_OP_DECLARE) {
        order.command.declare.evidence.count = 0;
        order.command.declare.class_ = RESPONSE_FALSE_POSITIVE; /* it must be some word */
        order.command.declare.harm = 0;
        order.command.declare.likelihood = 0;
    }
    return order;
}

static void attest(struct play *play, uint16_t what)
{
    struct desk_order order = play_order(play, RESPONSE_OP_ATTEST);
    order.command.attest.what = (uint8_t)what;
    play_must(play, order);
}

/* Fulfils what the command itself lacks; false if that is not it. */
static bool say_more(const struct play *play, struct desk_order *order, enum response_refusal need)
{
    const struct response_ids evidence = {1, {play->evidence}};
    struct response_command *command = &order->command;
    switch (need) {
    case RESPONSE_REFUSED_CIA_OPEN:
        command->stage.cia = RESPONSE_INTEGRITY;
        return true;
    case RESPONSE_REFUSED_ASSESSED_WITHOUT_EVIDENCE:
        command->assess.evidence = evidence;
        return true;
    case RESPONSE_REFUSED_PRODUCT_OPEN:
        command->assess.product = vg_span_text("build-farm");
        return true;
    case RESPONSE_REFUSED_CLASS_WITHOUT_EVIDENCE:
        if (command->op == RESPONSE_OP_DECLARE)
            command->declare.evidence = evidence;
        else
            command->classify.evidence = evidence;
        return true;
    case RESPONSE_REFUSED_DECLARED_CLASS:
        command->declare.class_ = RESPONSE_PRIVACY_INCIDENT;
        return true;
    case RESPONSE_REFUSED_DECLARED_WITHOUT_HARM:
        command->declare.harm = RESPONSE_HARM_LOSS;
        return true;
    case RESPONSE_REFUSED_DECLARED_WITHOUT_GROUND:
        command->declare.likelihood = RESPONSE_LIKELY;
        return true;
    case RESPONSE_REFUSED_ANSWER_INCOMPLETE:
        command->answer.match = vg_span_text("scanner-7");
        return true;
    default:
        return false;
    }
}

/* Fulfils what others do first. */
static void do_first(struct play *play, enum response_refusal need)
{
    static const struct {
        enum response_refusal need;
        enum response_op op;
    } commands[] = {
        {RESPONSE_REFUSED_NOT_ASSESSED, RESPONSE_OP_ASSESS},
        {RESPONSE_REFUSED_RESPONSIBILITY_OPEN, RESPONSE_OP_RESPONSIBILITY},
        {RESPONSE_REFUSED_CUSTOMERS_ALONE, RESPONSE_OP_RESPONSIBILITY}, /* the provider's */
        {RESPONSE_REFUSED_CUSTOMERS_NOT_DECLARED, RESPONSE_OP_RESPONSIBILITY},
        {RESPONSE_REFUSED_NOT_ANSWERED, RESPONSE_OP_ANSWER},
        {RESPONSE_REFUSED_NOT_REFERRED, RESPONSE_OP_REFER},
        {RESPONSE_REFUSED_NO_PLAN, RESPONSE_OP_PLAN},
        {RESPONSE_REFUSED_STEPS_OPEN, RESPONSE_OP_STEP_MOVE},
    };
    size_t i = 0;
    while (i < sizeof commands / sizeof commands[0] && commands[i].need != need)
        i++;
    cr_assert_lt(i, sizeof commands / sizeof commands[0], "%s", response_refusal_sentence(need));
    struct desk_order order = play_order(play, commands[i].op);
    if (need == RESPONSE_REFUSED_NOT_ANSWERED)
        order.command.answer.match = vg_span_text("scanner-7");
    if (need == RESPONSE_REFUSED_STEPS_OPEN)
        order.command.step_move.state = RESPONSE_STEP_DROPPED;
    play_must(play, order);
}

static void fulfil(struct play *play, struct desk_order *order, enum response_refusal need)
{
    if (say_more(play, order, need))
        return;
    if (need == RESPONSE_REFUSED_STILL_IN_DETECT)
        play_move(play, RESPONSE_ASSESS);
    else if (need == RESPONSE_REFUSED_NOT_ON_CALL)
        play_on_call(play, DESK_BEN, true);
    else if (need == RESPONSE_REFUSED_CUSTOMER_RISK_OPEN)
        attest(play, RESPONSE_ASPECT_CUSTOMER_RISK);
    else if (need == RESPONSE_REFUSED_BUSINESS_RISK_OPEN)
        attest(play, RESPONSE_ASPECT_BUSINESS_RISK);
    else if (need == RESPONSE_REFUSED_MEASURES_OPEN)
        attest(play, RESPONSE_ASPECT_CORRECTIVE_MEASURES);
    else
        do_first(play, need);
}

/* One step of one state, in a play of its own. */
static void check_step(size_t state, uint32_t place)
{
    struct play play = states[state].make();
    struct explained explained = explain(&play);
    const struct told *told = &explained.steps[place];
    struct desk_order order = bare(&play, &told->ahead);
    bool can_be = true;
    for (uint32_t i = 0; i < told->need_count && can_be; i++) {
        cr_assert(play_refuses(&play, order, told->needs[i]), "state %zu, step %u, need %u", state,
                  place, i);
        can_be = told->needs[i] != RESPONSE_REFUSED_DECLARED_STAYS_OPEN; /* what is not built */
        if (can_be)
            fulfil(&play, &order, told->needs[i]);
    }
    if (can_be)
        play_must(&play, order);
    play_free(&play);
}

Test(explain, needs_are_the_refusals_one_after_the_other_until_it_is_accepted)
{
    uint32_t checked = 0;
    for (size_t state = 0; state < STATES; state++) {
        struct play play = states[state].make();
        struct explained explained = explain(&play);
        play_free(&play);
        for (uint32_t place = 0; place < explained.count; place++) {
            check_step(state, place);
            checked++;
        }
    }
    cr_assert_gt(checked, 60);
}

Test(explain, a_declared_incidents_close_needs_what_is_not_built_and_all_else_too)
{
    static const enum response_refusal needs[] = {
        RESPONSE_REFUSED_DECLARED_STAYS_OPEN, RESPONSE_REFUSED_CUSTOMER_RISK_OPEN,
        RESPONSE_REFUSED_BUSINESS_RISK_OPEN, RESPONSE_REFUSED_MEASURES_OPEN};
    struct play play = declared_in_diagnose();
    struct explained explained = explain(&play);
    const struct told *close = &explained.steps[1];
    cr_assert_eq(close->ahead.stage, RESPONSE_CLOSE);
    cr_assert_eq(close->need_count, 4);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(close->needs[i], needs[i]);
    play_free(&play);
}

/* ---- who ---------------------------------------------------------------------------------------
 */

Test(explain, it_names_the_roles_that_a_step_asks_for)
{
    for (size_t state = 0; state < STATES; state++) {
        struct play play = states[state].make();
        struct explained explained = explain(&play);
        for (uint32_t k = 0; k < explained.count; k++) {
            const struct response_ahead *ahead = &explained.steps[k].ahead;
            struct desk_order order = bare(&play, ahead);
            cr_assert_eq(ahead->by_two, response_signing_roles(ahead->op) != 0);
            for (int person = 0; person < DESK_PEOPLE; person++) {
                vg_id id = desk_author(play.desk, (enum desk_person)person);
                uint32_t roles =
                    response_roles_of(&play.desk->machine, &id, &play.desk->genesis.first);
                order.person = (enum desk_person)person;
                struct response_outcome outcome = desk_check(play.desk, &order);
                bool without = outcome.refusal == RESPONSE_REFUSED_NO_ROLE ||
                               outcome.refusal == RESPONSE_REFUSED_NO_COMPARTMENT;
                cr_assert_eq(without, (roles & ahead->roles) == 0, "%s, person %d",
                             response_op_name(ahead->op), person);
            }
        }
        play_free(&play);
    }
}
