/* SPDX-License-Identifier: Apache-2.0
 * Bounds of an incident (docs/process.md, "Bounds"): the last that fits is taken, the next is not.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/lib/play.h"

/* One more of the same. */
static struct desk_order one_more(struct play *play, enum response_op op, uint32_t number)
{
    static char name[16];
    struct desk_order order = play_order(play, op);
    struct desk_order withdraw = play_order(play, RESPONSE_OP_WITHDRAW);
    struct desk_order detection = desk_detect("another", "");
    if (op == RESPONSE_OP_PROPOSE)
        return play_proposing(play, DESK_LEGAL, &withdraw.command);
    if (op == RESPONSE_OP_AFFECT) {
        snprintf(name, sizeof name, "tenant %u", number);
        play_tenant(play, name, &play->desk->genesis.first);
        order.command.affect.tenant = vg_span_text(name);
    }
    if (op == RESPONSE_OP_LINK)
        order.command.link.other = desk_send(play->desk, &detection).id;
    return order;
}

Test(bounds, the_last_that_fits_is_taken_and_the_next_is_not, .timeout = 600)
{
    static const struct {
        enum response_op op;
        uint32_t there, max;
        const char *says;
    } cases[] = {
        {RESPONSE_OP_TASK, 0, RESPONSE_TASKS_MAX, "an incident has at most 1000 tasks"},
        {RESPONSE_OP_STEP, 0, RESPONSE_STEPS_MAX, "an incident has at most 1000 steps"},
        {RESPONSE_OP_EVIDENCE, 1, RESPONSE_EVIDENCE_MAX,
         "an incident has at most 1000 pieces of evidence"},
        {RESPONSE_OP_AFFECT, 0, RESPONSE_TENANTS_MAX, "an incident has at most 64 tenants"},
        {RESPONSE_OP_LINK, 0, RESPONSE_LINKS_MAX, "an incident has at most 64 links"},
        {RESPONSE_OP_PROPOSE, 0, RESPONSE_PROPOSALS_MAX, "an incident has at most 1000 proposals"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct play play = play_new(RESPONSE_DIAGNOSE);
        struct desk_order order = play_order(&play, RESPONSE_OP_DECLARE);
        order.command.declare.impact = order.command.declare.resources =
            order.command.declare.repair = vg_span_text("known");
        play_must(&play, order);
        for (uint32_t number = cases[i].there; number < cases[i].max; number++)
            play_must(&play, one_more(&play, cases[i].op, number));
        order = one_more(&play, cases[i].op, cases[i].max);
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_FULL), "case %zu", i);
        cr_assert_eq(strncmp(play.refused.error.text, cases[i].says, strlen(cases[i].says)), 0,
                     "%s", play.refused.error.text);
        play_free(&play);
    }
}

/* Either incident of a link may be the full one. */
Test(bounds, a_full_incident_is_linked_to_by_no_other)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    for (uint32_t number = 0; number < RESPONSE_LINKS_MAX; number++)
        play_must(&play, one_more(&play, RESPONSE_OP_LINK, number));
    vg_id full = play.incident;
    play_begin(&play, "", RESPONSE_DETECT);
    struct desk_order order = play_order(&play, RESPONSE_OP_LINK);
    order.command.link.other = full;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_FULL));
    play_free(&play);
}

Test(bounds, no_more_tenants_are_affected_than_fit)
{
    char names[RESPONSE_TENANTS_MAX + 1][3];
    struct play play = play_new(RESPONSE_DIAGNOSE);
    struct desk_order order = play_order(&play, RESPONSE_OP_DECLARE);
    order.command.declare.tenants.count = RESPONSE_LINES_MAX;
    for (size_t i = 0; i <= RESPONSE_TENANTS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "%02zu", i);
        play_tenants(&play, (const char *const[]){names[i]}, 1);
    }
    for (size_t i = 0; i < RESPONSE_LINES_MAX; i++)
        order.command.declare.tenants.lines[i] = vg_span_text(names[i]);
    play_must(&play, order);
    order = play_order(&play, RESPONSE_OP_AFFECT);
    for (size_t i = RESPONSE_LINES_MAX; i < RESPONSE_TENANTS_MAX; i++) {
        order.command.affect.tenant = vg_span_text(names[i]);
        play_must(&play, order);
    }
    cr_assert_eq(play_incident(&play).tenants, RESPONSE_TENANTS_MAX);
    order.command.affect.tenant = vg_span_text(names[RESPONSE_TENANTS_MAX]);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_FULL));
    play_free(&play);
}

/* A full list of tasks leaves room for those that rules add, up to a bound of their own. */
Test(bounds, tasks_that_rules_add_have_room_of_their_own, .timeout = 600)
{
    struct play play = play_new(RESPONSE_ASSESS);
    for (uint32_t number = 0; number < RESPONSE_TASKS_MAX; number++)
        play_must(&play, one_more(&play, RESPONSE_OP_TASK, number));
    struct desk_order order = play_order(&play, RESPONSE_OP_ASSESS);
    order.person = DESK_BEN;
    order.command.assess.break_glass = vg_span_text("nobody answers");
    for (uint32_t number = RESPONSE_TASKS_MAX; number < RESPONSE_RULE_TASKS_MAX; number++)
        play_must(&play, order);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_FULL));
    play_free(&play);
}
