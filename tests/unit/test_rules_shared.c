/* SPDX-License-Identifier: Apache-2.0
 * R8, sentence by sentence: whose responsibility an incident is, and what follows. */
#include <criterion/criterion.h>

#include "tests/lib/play.h"

static struct desk_order responsibility(const struct play *play, uint8_t to)
{
    struct desk_order order = play_order(play, RESPONSE_OP_RESPONSIBILITY);
    order.command.responsibility.responsibility = to;
    order.command.responsibility.reason = vg_span_text("their key, our bucket");
    return order;
}

static struct desk_order stage(const struct play *play, uint8_t to)
{
    struct desk_order order = play_order(play, RESPONSE_OP_STAGE);
    order.command.stage.stage = to;
    return order;
}

/* In assess, and the customer's alone. */
static struct play customers(void)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, responsibility(&play, RESPONSE_CUSTOMER));
    return play;
}

Test(r8, responsibility_is_the_providers_the_customers_or_shared)
{
    struct play play = play_new(RESPONSE_DETECT);
    const char *before = NULL;
    uint64_t revision = 0;
    for (const struct response_word *word = response_responsibilities; word->text; word++) {
        play_must(&play, responsibility(&play, (uint8_t)word->number));
        cr_assert_eq(play_incident(&play).responsibility, word->number);
        cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_RESPONSIBILITY,
                             .aspect = RESPONSE_ASPECT_RESPONSIBILITY, .revision = ++revision,
                             .from = before, .to = word->text, .text = "their key, our bucket"));
        before = word->text;
    }
    play_free(&play);
}

Test(r8, it_is_decided_before_leaving_assess)
{
    static const uint8_t ways[] = {RESPONSE_DIAGNOSE, RESPONSE_CLOSE};
    for (size_t i = 0; i < 2; i++) {
        struct play play = play_new(RESPONSE_DETECT);
        play_move(&play, RESPONSE_ASSESS);
        play_do(&play, RESPONSE_OP_ASSESS);
        cr_assert(play_refuses(&play, stage(&play, ways[i]), RESPONSE_REFUSED_RESPONSIBILITY_OPEN));
        play_must(&play, responsibility(&play, RESPONSE_SHARED));
        play_must(&play, stage(&play, ways[i]));
        play_free(&play);
    }
}

Test(r8, it_may_be_decided_with_the_assessment)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_move(&play, RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_ASSESS);
    order.command.assess.responsibility = RESPONSE_SHARED;
    play_must(&play, order);
    cr_assert_eq(play_incident(&play).responsibility, RESPONSE_SHARED);
    cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_RESPONSIBILITY), 1);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_RESPONSIBILITY,
                         .aspect = RESPONSE_ASPECT_RESPONSIBILITY, .revision = 1, .to = "shared"));
    play_free(&play);
}

Test(r8, an_assessment_that_repeats_it_changes_nothing_of_it)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_ASSESS);
    order.command.assess.responsibility = RESPONSE_PROVIDER;
    struct response_outcome outcome = play_send(&play, order);
    cr_assert_eq(outcome.revision_count, 1, "severity alone");
    cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_RESPONSIBILITY), 1);
    play_free(&play);
}

/* ---- the customer's own area alone -------------------------------------------------------------
 */

Test(r8, what_is_the_customers_alone_is_not_run_as_a_provider_incident)
{
    struct play play = customers();
    cr_assert(
        play_refuses(&play, stage(&play, RESPONSE_DIAGNOSE), RESPONSE_REFUSED_CUSTOMERS_ALONE));
    play_do(&play, RESPONSE_OP_REFER);
    cr_assert(
        play_refuses(&play, stage(&play, RESPONSE_DIAGNOSE), RESPONSE_REFUSED_CUSTOMERS_ALONE));
    play_must(&play, responsibility(&play, RESPONSE_SHARED));
    play_must(&play, stage(&play, RESPONSE_DIAGNOSE));
    play_free(&play);
}

Test(r8, nor_does_it_go_back_to_diagnose_when_that_is_found_later)
{
    struct play play = play_new(RESPONSE_STABILIZE);
    play_must(&play, responsibility(&play, RESPONSE_CUSTOMER));
    cr_assert(
        play_refuses(&play, stage(&play, RESPONSE_DIAGNOSE), RESPONSE_REFUSED_CUSTOMERS_ALONE));
    play_free(&play);
}

Test(r8, it_is_referred_to_the_tenant_with_what_the_tenant_needs)
{
    struct play play = customers();
    struct desk_order order = play_order(&play, RESPONSE_OP_REFER);
    order.command.refer.tenant = vg_span_text("acme");
    order.command.refer.text = vg_span_text("rotate the key of build-7\nindicators follow");
    play_must(&play, order);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_REFER, .aspect = RESPONSE_ASPECT_REFERRAL,
                         .revision = 1, .to = "acme",
                         .text = "rotate the key of build-7\nindicators follow"));
    order.command.refer.text = vg_span_text("");
    cr_assert(play_misses(&play, order, "text"));
    order = play_order(&play, RESPONSE_OP_REFER);
    order.command.refer.tenant = vg_span_text("");
    cr_assert(play_misses(&play, order, "tenant"));
    play_free(&play);
}

Test(r8, nothing_else_is_referred)
{
    static const uint8_t others[] = {RESPONSE_PROVIDER, RESPONSE_SHARED};
    struct play play = play_new(RESPONSE_ASSESS);
    for (size_t i = 0; i < 2; i++) {
        play_must(&play, responsibility(&play, others[i]));
        cr_assert(play_refuses(&play, play_order(&play, RESPONSE_OP_REFER),
                               RESPONSE_REFUSED_NOT_CUSTOMERS));
    }
    play_free(&play);
}

Test(r8, it_is_closed_customer_managed_once_it_is_referred)
{
    struct play play = customers();
    cr_assert(play_refuses(&play, stage(&play, RESPONSE_CLOSE), RESPONSE_REFUSED_NOT_REFERRED));
    play_do(&play, RESPONSE_OP_REFER);
    play_must(&play, stage(&play, RESPONSE_CLOSE));
    cr_assert_eq(play_incident(&play).disposition, RESPONSE_CUSTOMER_MANAGED);
    play_free(&play);
}

Test(r8, no_clock_of_72_hours_runs_for_it)
{
    struct play play = customers();
    play_do(&play, RESPONSE_OP_REFER);
    play_must(&play, stage(&play, RESPONSE_CLOSE));
    struct response_incident incident = play_incident(&play);
    cr_assert_eq(incident.declared_at, 0);
    cr_assert_eq(incident.tenants, 0);
    play_free(&play);
}

Test(r8, a_declared_incident_cannot_be_the_customers)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_do(&play, RESPONSE_OP_DECLARE);
    cr_assert(play_refuses(&play, responsibility(&play, RESPONSE_CUSTOMER),
                           RESPONSE_REFUSED_DECLARED_NOT_CUSTOMERS));
    play_must(&play, responsibility(&play, RESPONSE_SHARED));
    play_withdraw(&play);
    play_must(&play, responsibility(&play, RESPONSE_CUSTOMER));
    play_free(&play);
}

/* Not in assess, nor when it is closed, which a declaration would reopen. */
Test(r8, nor_is_what_is_the_customers_declared_so_that_the_clock_ran)
{
    struct play play = customers();
    struct desk_order declare = play_order(&play, RESPONSE_OP_DECLARE);
    cr_assert(play_refuses(&play, declare, RESPONSE_REFUSED_CUSTOMERS_NOT_DECLARED));
    play_do(&play, RESPONSE_OP_REFER);
    play_must(&play, stage(&play, RESPONSE_CLOSE));
    cr_assert(play_refuses(&play, declare, RESPONSE_REFUSED_CUSTOMERS_NOT_DECLARED));
    play_do(&play, RESPONSE_OP_REOPEN);
    play_must(&play, responsibility(&play, RESPONSE_SHARED));
    play_must(&play, declare);
    play_free(&play);
}

Test(r8, nor_does_an_assessment_make_it_so)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_do(&play, RESPONSE_OP_DECLARE);
    struct desk_order order = play_order(&play, RESPONSE_OP_ASSESS);
    order.command.assess.responsibility = RESPONSE_CUSTOMER;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_DECLARED_NOT_CUSTOMERS));
    play_free(&play);
}

/* ---- support collaboration ---------------------------------------------------------------------
 */

Test(r8, support_collaboration_is_recorded_with_its_contract_reference)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_COLLABORATE);
    order.person = DESK_SUPPORT;
    order.command.collaborate.text = vg_span_text("joint log review");
    order.command.collaborate.contract = (vg_span){0};
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_CONTRACT));
    order.command.collaborate.contract = vg_span_text("C-2041");
    for (uint64_t revision = 1; revision <= 2; revision++) {
        struct response_outcome outcome = desk_send(play.desk, &order);
        cr_assert_eq(outcome.error.code, VG_OK, "it appends, and needs nothing expected");
        cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_COLLABORATE,
                             .aspect = RESPONSE_ASPECT_COLLABORATION, .revision = revision,
                             .text = "contract C-2041\njoint log review", .by = DESK_SUPPORT));
    }
    play_free(&play);
}
