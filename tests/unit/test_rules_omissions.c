/* SPDX-License-Identifier: Apache-2.0
 * What `vigil rules list` says is not built yet is really not there: whoever builds it has to take
 * it out of the rulebook and of the table below. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "proto/response/explain.h"
#include "proto/response/fields.h"
#include "tests/lib/play.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static const char not_built[] = "this release does not have";

/* ---- what is refused or does not happen --------------------------------------------------------
 */

static void exercises_are_refused(void)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order orders[] = {desk_detect("red team", ""), desk_import("A", "{}")};
    orders[0].command.detect.source = RESPONSE_SOURCE_EXERCISE;
    orders[1].command.import.source = RESPONSE_SOURCE_EXERCISE;
    for (size_t i = 0; i < 2; i++)
        cr_assert(play_refuses(&play, orders[i], RESPONSE_REFUSED_EXERCISE));
    play_free(&play);
}

/* Nobody's shift ends: who is on the roster stays on call whatever the time. */
static void the_roster_knows_no_time(void)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play.desk->time_ms += 400 * (uint64_t)DAY_MS;
    play_do(&play, RESPONSE_OP_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_ASSESS);
    order.person = DESK_BEN;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NOT_ON_CALL));
    play_free(&play);
}

/* Who is named owner is it at once, without a word, and however long nothing happens. */
static void owners_need_not_accept(void)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_OWNER);
    order.command.owner.owner = desk_author(play.desk, DESK_BEN);
    play_must(&play, order);
    order = play_order(&play, RESPONSE_OP_RISK);
    order.command.risk.risk = RESPONSE_RISK_CONFIRMED;
    play_must(&play, order);
    struct response_incident before = play_incident(&play);
    cr_assert(vg_id_equal(&before.owner, &play.desk->genesis.people[DESK_BEN].id));
    play.desk->time_ms += 30 * (uint64_t)DAY_MS;
    desk_noop(play.desk);
    struct response_incident after = play_incident(&play);
    cr_assert(vg_id_equal(&after.owner, &before.owner));
    cr_assert_eq(after.events, before.events);
    cr_assert_eq(after.tasks, before.tasks);
    play_free(&play);
}

/* The origin of the clocks is kept, and nothing warns when 72 hours have passed. */
static void no_clock_runs(void)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_DECLARE);
    order.command.declare.tenants = (struct response_lines){1, {vg_span_text("acme")}};
    play_must(&play, order);
    struct response_incident before = play_incident(&play);
    cr_assert_eq(before.declared_at, play.desk->time_ms);
    play.desk->time_ms += 4 * (uint64_t)DAY_MS;
    desk_noop(play.desk);
    cr_assert_eq(play_incident(&play).events, before.events);
    cr_assert_eq(play_incident(&play).declared_at, before.declared_at);
    play_free(&play);
}

static void a_declared_incident_stays_open(void)
{
    struct play play = play_new(RESPONSE_STABILIZE);
    struct desk_order order = play_order(&play, RESPONSE_OP_STAGE);
    play_do(&play, RESPONSE_OP_DECLARE);
    play_plan(&play);
    play_attest_all(&play);
    order.command.stage.stage = RESPONSE_CLOSE;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_DECLARED_STAYS_OPEN));
    play_free(&play);
}

/* ---- what is lacking of which rule -------------------------------------------------------------
 */

/* Words that no operation and no event is named with while the thing is not built, and a check
 * that what is lacking does not happen. */
static const struct {
    const char *rule;
    const char *words[4];
    void (*check)(void);
} omissions[] = {
    {"R2", {"exercise", "engagement"}, exercises_are_refused},
    {"R4", {"schedule", "shift"}, the_roster_knows_no_time},
    {"R6", {"take-over", "escalate", "shift"}, owners_need_not_accept},
    {"R12", {"clock", "deadline", "missed"}, no_clock_runs},
    {"R18", {"notify", "notification", "track"}, NULL},
    {"R19", {"recipient", "contact", "regulator"}, NULL},
    {"R20", {"clock", "deadline", "missed"}, no_clock_runs},
    {"R21", {"hold", "renew"}, NULL},
    {"R22", {"notice"}, NULL},
    {"R23", {"notice"}, NULL},
    {"R24", {"deliver", "send", "advisory"}, NULL},
    {"R25", {"notice", "post-mortem"}, a_declared_incident_stays_open},
    {"R26", {"post-mortem"}, NULL},
    {"R28", {"audit", "receipt"}, NULL},
    {"R29", {"schedule", "shift", "coverage"}, NULL},
    {"R30", {"handover"}, NULL},
    {"R31", {"page", "acknowledge"}, NULL},
    {"R32", {"exercise", "schedule", "training"}, NULL},
    {"R33", {"journal", "merge"}, NULL},
};

static bool is_omitted(const char *rule)
{
    for (size_t i = 0; i < sizeof omissions / sizeof omissions[0]; i++) {
        if (strcmp(omissions[i].rule, rule) == 0)
            return true;
    }
    return false;
}

Test(omissions, what_the_rulebook_says_is_lacking_is_in_the_table_and_nothing_else)
{
    uint32_t lacking = 0;
    for (const struct response_rule_text *rule = response_rulebook; rule->number; rule++) {
        cr_assert_eq(rule->lacking != NULL, is_omitted(rule->number), "%s", rule->number);
        lacking += rule->lacking != NULL;
    }
    cr_assert_eq(lacking, sizeof omissions / sizeof omissions[0]);
}

Test(omissions, what_is_lacking_is_not_there)
{
    for (size_t i = 0; i < sizeof omissions / sizeof omissions[0]; i++) {
        if (omissions[i].check != NULL)
            omissions[i].check();
    }
}

static void check_absent(const char *rule, const char *word)
{
    for (enum response_op op = response_op_after(0); op != 0; op = response_op_after(op))
        cr_assert_null(strstr(response_op_name(op), word), "%s: %s", rule, response_op_name(op));
    for (const struct response_word *kind = response_event_kinds; kind->text != NULL; kind++)
        cr_assert_null(strstr(kind->text, word), "%s: %s", rule, kind->text);
}

Test(omissions, no_operation_or_event_has_its_name)
{
    for (size_t i = 0; i < sizeof omissions / sizeof omissions[0]; i++) {
        for (size_t k = 0; k < 4 && omissions[i].words[k] != NULL; k++)
            check_absent(omissions[i].rule, omissions[i].words[k]);
    }
}

/* ---- what is built -----------------------------------------------------------------------------
 */

Test(omissions, no_refusal_says_that_something_is_not_built_of_a_rule_that_is)
{
    uint32_t found = 0;
    for (int number = RESPONSE_REFUSED_NOT + 1; number < RESPONSE_REFUSALS_END; number++) {
        enum response_refusal refusal = (enum response_refusal)number;
        const char *sentence = response_refusal_sentence(refusal);
        if (strstr(sentence, not_built) == NULL)
            continue;
        found++;
        cr_assert(is_omitted(response_refusal_rule(refusal)), "%s", sentence);
    }
    cr_assert_eq(found, 2, "exercises (R2), and closing what is declared (R25)");
}

Test(omissions, every_rule_of_a_refusal_is_in_the_rulebook)
{
    for (int number = RESPONSE_REFUSED_NOT + 1; number < RESPONSE_REFUSALS_END; number++) {
        const char *rule = response_refusal_rule((enum response_refusal)number);
        const struct response_rule_text *at = response_rulebook;
        while (at->number != NULL && strcmp(at->number, rule) != 0)
            at++;
        cr_assert(rule[0] == '\0' || at->number != NULL, "%s", rule);
    }
}

Test(omissions, the_rulebook_has_r1_to_r33_in_their_order)
{
    long number = 0;
    for (const struct response_rule_text *rule = response_rulebook; rule->number; rule++) {
        cr_assert_eq(strtol(rule->number + 1, NULL, 10), ++number, "%s", rule->number);
        cr_assert_gt(strlen(rule->title), 0);
        cr_assert_gt(strlen(rule->text), 0);
        cr_assert(rule->lacking == NULL || rule->lacking[0] != '\0', "%s", rule->number);
    }
    cr_assert_eq(number, 33);
}
