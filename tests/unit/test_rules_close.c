/* SPDX-License-Identifier: Apache-2.0
 * R25 and R27 of closing and reopening, R16 of what may stay open, sentence by sentence; how an
 * incident is closed, and the times it keeps. */
#include <criterion/criterion.h>

#include "tests/lib/play.h"

static struct desk_order closing(const struct play *play)
{
    struct desk_order order = play_order(play, RESPONSE_OP_STAGE);
    order.command.stage.stage = RESPONSE_CLOSE;
    return order;
}

static struct desk_order attestation(const struct play *play, uint16_t what, uint8_t holds)
{
    struct desk_order order = play_order(play, RESPONSE_OP_ATTEST);
    order.command.attest.what = (uint8_t)what;
    order.command.attest.holds = holds;
    order.command.attest.reason = vg_span_text("keys revoked, verified");
    return order;
}

/* The order in which a close asks for them. */
static const struct {
    uint16_t aspect;
    enum response_refusal refusal;
} attestations[] = {
    {RESPONSE_ASPECT_CUSTOMER_RISK, RESPONSE_REFUSED_CUSTOMER_RISK_OPEN},
    {RESPONSE_ASPECT_BUSINESS_RISK, RESPONSE_REFUSED_BUSINESS_RISK_OPEN},
    {RESPONSE_ASPECT_CORRECTIVE_MEASURES, RESPONSE_REFUSED_MEASURES_OPEN},
};

static const unsigned worked_on[] = {RESPONSE_DIAGNOSE, RESPONSE_STABILIZE};

/* ---- R25: attestations -------------------------------------------------------------------------
 */

Test(r25, closing_from_diagnose_or_stabilize_needs_each_of_three_attestations)
{
    for (size_t i = 0; i < 2; i++) {
        for (size_t missing = 0; missing < 3; missing++) {
            struct play play = play_new((enum response_stage)worked_on[i]);
            play_plan(&play);
            for (size_t k = 0; k < 3; k++) {
                if (k != missing)
                    play_must(&play, attestation(&play, attestations[k].aspect, RESPONSE_YES));
            }
            cr_assert(play_refuses(&play, closing(&play), attestations[missing].refusal));
            play_must(&play, attestation(&play, attestations[missing].aspect, RESPONSE_YES));
            play_must(&play, closing(&play));
            cr_assert_eq(play_incident(&play).disposition, RESPONSE_RESOLVED);
            play_free(&play);
        }
    }
}

Test(r25, an_attestation_is_signed_and_keeps_its_reason)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    for (size_t i = 0; i < 3; i++) {
        struct desk_order order = attestation(&play, attestations[i].aspect, RESPONSE_YES);
        order.person = i == 1 ? DESK_EXECUTIVE : DESK_MANAGER;
        play_must(&play, order);
        cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_ATTEST,
                             .aspect = attestations[i].aspect, .revision = 1, .to = "yes",
                             .text = "keys revoked, verified", .by = order.person));
        order.command.attest.reason = vg_span_text("");
        cr_assert(play_misses(&play, order, "reason"));
    }
    play_free(&play);
}

Test(r25, what_is_attested_not_to_hold_holds_the_close_up)
{
    for (size_t i = 0; i < 3; i++) {
        struct play play = play_new(RESPONSE_DIAGNOSE);
        play_attest_all(&play);
        play_must(&play, attestation(&play, attestations[i].aspect, RESPONSE_NO));
        cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_ATTEST,
                             .aspect = attestations[i].aspect, .revision = 2, .from = "yes",
                             .to = "no", .by = DESK_MANAGER));
        cr_assert(play_refuses(&play, closing(&play), attestations[i].refusal));
        play_free(&play);
    }
}

Test(r25, only_managers_attest)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    struct desk_order order = attestation(&play, RESPONSE_ASPECT_CUSTOMER_RISK, RESPONSE_YES);
    order.person = DESK_ANN;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_ROLE));
    play_free(&play);
}

Test(r25, nothing_is_attested_in_detect)
{
    struct play play = play_new(RESPONSE_DETECT);
    for (size_t i = 0; i < 3; i++)
        cr_assert(play_refuses(&play, attestation(&play, attestations[i].aspect, RESPONSE_YES),
                               RESPONSE_REFUSED_ATTESTED_TOO_EARLY));
    play_move(&play, RESPONSE_ASSESS);
    play_must(&play, attestation(&play, attestations[0].aspect, RESPONSE_YES));
    play_free(&play);
}

Test(r25, a_declared_incident_does_not_close)
{
    for (unsigned stage = RESPONSE_ASSESS; stage < RESPONSE_CLOSE; stage++) {
        struct play play = play_new((enum response_stage)stage);
        if (stage != RESPONSE_ASSESS)
            play_plan(&play);
        play_attest_all(&play);
        play_do(&play, RESPONSE_OP_DECLARE);
        cr_assert(play_refuses(&play, closing(&play), RESPONSE_REFUSED_DECLARED_STAYS_OPEN));
        play_withdraw(&play);
        play_must(&play, closing(&play));
        play_free(&play);
    }
}

/* ---- R25: how an incident is closed ------------------------------------------------------------
 */

/* What is known of the incident when it closes. */
struct known {
    enum response_stage stage;
    bool false_positive;
    bool customers;
    uint8_t disposition;
};

static void make_known(struct play *play, const struct known *known)
{
    struct desk_order order = play_order(play, RESPONSE_OP_RESPONSIBILITY);
    order.command.responsibility.responsibility = RESPONSE_CUSTOMER;
    if (known->customers)
        play_must(play, order);
    if (known->false_positive)
        play_do(play, RESPONSE_OP_CLASSIFY);
}

/* What each way of closing needs, given; and the refusal without it. */
static void give_needs(struct play *play, uint8_t disposition)
{
    struct desk_order order = play_order(play, RESPONSE_OP_ANSWER);
    order.command.answer.match = vg_span_text("scanner-7");
    if (disposition == RESPONSE_RESOLVED) {
        play_plan(play);
        play_attest_all(play);
    }
    if (disposition == RESPONSE_AS_FALSE_POSITIVE)
        play_must(play, order);
    if (disposition == RESPONSE_CUSTOMER_MANAGED)
        play_do(play, RESPONSE_OP_REFER);
}

static const struct known dispositions[] = {
    {RESPONSE_ASSESS, false, false, RESPONSE_NOT_ESCALATED},
    {RESPONSE_ASSESS, true, false, RESPONSE_AS_FALSE_POSITIVE},
    {RESPONSE_ASSESS, false, true, RESPONSE_CUSTOMER_MANAGED},
    {RESPONSE_ASSESS, true, true, RESPONSE_AS_FALSE_POSITIVE},
    {RESPONSE_DIAGNOSE, false, false, RESPONSE_RESOLVED},
    {RESPONSE_DIAGNOSE, true, false, RESPONSE_AS_FALSE_POSITIVE},
    {RESPONSE_DIAGNOSE, false, true, RESPONSE_CUSTOMER_MANAGED},
    {RESPONSE_STABILIZE, false, false, RESPONSE_RESOLVED},
    {RESPONSE_STABILIZE, true, false, RESPONSE_AS_FALSE_POSITIVE},
    {RESPONSE_STABILIZE, false, true, RESPONSE_CUSTOMER_MANAGED},
    {RESPONSE_STABILIZE, true, true, RESPONSE_AS_FALSE_POSITIVE},
};

Test(r25, closing_needs_what_its_disposition_needs_and_nothing_else)
{
    static const enum response_refusal refusals[] = {
        [RESPONSE_RESOLVED] = RESPONSE_REFUSED_CUSTOMER_RISK_OPEN,
        [RESPONSE_CUSTOMER_MANAGED] = RESPONSE_REFUSED_NOT_REFERRED,
        [RESPONSE_AS_FALSE_POSITIVE] = RESPONSE_REFUSED_NOT_ANSWERED,
    };
    for (size_t i = 0; i < sizeof dispositions / sizeof dispositions[0]; i++) {
        const struct known *known = &dispositions[i];
        struct play play = play_new(known->stage);
        make_known(&play, known);
        if (known->disposition != RESPONSE_NOT_ESCALATED)
            cr_assert(play_refuses(&play, closing(&play), refusals[known->disposition]), "case %zu",
                      i);
        give_needs(&play, known->disposition);
        struct response_incident before = play_incident(&play);
        cr_assert_eq(response_disposition_of(&before), known->disposition, "case %zu", i);
        play_must(&play, closing(&play));
        cr_assert_eq(play_incident(&play).disposition, known->disposition, "case %zu", i);
        cr_assert_eq(play_incident(&play).stage, RESPONSE_CLOSE);
        play_free(&play);
    }
}

/* ---- R16: what closing from stabilize needs, and what may stay open ----------------------------
 */

Test(r16, stabilize_is_not_complete_without_a_recovery_plan)
{
    struct play play = play_new(RESPONSE_STABILIZE);
    play_attest_all(&play);
    cr_assert(play_refuses(&play, closing(&play), RESPONSE_REFUSED_NO_PLAN));
    play_plan(&play);
    play_must(&play, closing(&play));
    play_free(&play);
}

Test(r16, and_going_back_to_diagnose_does_not_spare_it)
{
    struct play play = play_new(RESPONSE_STABILIZE);
    play_move(&play, RESPONSE_DIAGNOSE);
    play_attest_all(&play);
    cr_assert(play_refuses(&play, closing(&play), RESPONSE_REFUSED_NO_PLAN));
    play_plan(&play);
    play_must(&play, closing(&play));
    play_free(&play);
}

Test(r16, diagnose_closes_without_one)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    play_attest_all(&play);
    play_must(&play, closing(&play));
    play_free(&play);
}

static vg_id add_step(struct play *play, uint8_t kind, uint64_t due_at)
{
    struct desk_order order = play_order(play, RESPONSE_OP_STEP);
    order.command.step.kind = kind;
    order.command.step.due_at = due_at;
    return play_must(play, order);
}

static void move_step(struct play *play, const vg_id *step, uint8_t state)
{
    struct desk_order order = play_order(play, RESPONSE_OP_STEP_MOVE);
    order.person = state == RESPONSE_STEP_VERIFIED ? DESK_BEN : DESK_ANN;
    order.command.step_move.step = *step;
    order.command.step_move.state = state;
    play_must(play, order);
}

Test(r16, only_mitigation_with_a_due_date_stays_open_past_close)
{
    for (uint8_t kind = RESPONSE_CONTAINMENT; kind <= RESPONSE_RECOVERY; kind++) {
        for (int due = 0; due < 2; due++) {
            struct play play = play_new(RESPONSE_DIAGNOSE);
            play_attest_all(&play);
            vg_id step = add_step(&play, kind, due != 0 ? play.desk->time_ms + 1 : 0);
            if (kind == RESPONSE_MITIGATION && due != 0) {
                play_must(&play, closing(&play));
                cr_assert_eq(play_incident(&play).steps_open, 1);
                struct response_step open = play_step(&play, &step);
                cr_assert_not(vg_id_is_zero(&open.owner), "every step has an owner");
            } else {
                cr_assert(play_refuses(&play, closing(&play), RESPONSE_REFUSED_STEPS_OPEN));
            }
            play_free(&play);
        }
    }
}

Test(r16, a_due_date_that_has_passed_is_none)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    play_attest_all(&play);
    add_step(&play, RESPONSE_MITIGATION, play.desk->time_ms);
    cr_assert(play_refuses(&play, closing(&play), RESPONSE_REFUSED_STEPS_OPEN));
    play_free(&play);
}

Test(r16, one_that_may_stay_open_does_not_cover_for_one_that_may_not)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    play_attest_all(&play);
    add_step(&play, RESPONSE_MITIGATION, play.desk->time_ms + 1);
    vg_id step = add_step(&play, RESPONSE_CONTAINMENT, play.desk->time_ms + 1);
    cr_assert(play_refuses(&play, closing(&play), RESPONSE_REFUSED_STEPS_OPEN));
    move_step(&play, &step, RESPONSE_STEP_DROPPED);
    play_must(&play, closing(&play));
    play_free(&play);
}

Test(r16, nor_does_one_that_has_ended_cover_for_one_that_may_not)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    play_attest_all(&play);
    vg_id ended = add_step(&play, RESPONSE_MITIGATION, play.desk->time_ms + 1);
    move_step(&play, &ended, RESPONSE_STEP_DROPPED);
    vg_id step = add_step(&play, RESPONSE_CONTAINMENT, 0);
    cr_assert(play_refuses(&play, closing(&play), RESPONSE_REFUSED_STEPS_OPEN));
    move_step(&play, &step, RESPONSE_STEP_DROPPED);
    add_step(&play, RESPONSE_MITIGATION, play.desk->time_ms + 1);
    play_must(&play, closing(&play));
    play_free(&play);
}

Test(r16, it_stays_open_once_the_immediate_risk_has_passed)
{
    static const bool risks[3][2] = {{false, false}, {true, false}, {false, true}};
    for (size_t i = 0; i < 3; i++) {
        struct play play = play_new(RESPONSE_ASSESS);
        struct desk_order order = play_order(&play, RESPONSE_OP_STEP);
        play_move(&play, RESPONSE_DIAGNOSE);
        order.command.step.kind = RESPONSE_MITIGATION;
        order.command.step.due_at = play.desk->time_ms + 1;
        play_must(&play, order);
        play_do(&play, RESPONSE_OP_CLASSIFY);
        order = play_order(&play, RESPONSE_OP_ANSWER);
        order.command.answer.match = vg_span_text("scanner-7");
        play_must(&play, order);
        for (size_t k = 0; k < 2; k++) {
            if (risks[i][k])
                play_must(&play, attestation(&play, attestations[k].aspect, RESPONSE_YES));
        }
        cr_assert(play_refuses(&play, closing(&play), RESPONSE_REFUSED_STEPS_OPEN), "case %zu", i);
        for (size_t k = 0; k < 2; k++) {
            if (!risks[i][k])
                play_must(&play, attestation(&play, attestations[k].aspect, RESPONSE_YES));
        }
        play_must(&play, closing(&play));
        play_free(&play);
    }
}

Test(r16, a_step_is_open_until_it_is_verified_reverted_or_dropped)
{
    static const struct {
        uint8_t way[3];
        bool open;
    } cases[] = {
        {{0}, true},
        {{RESPONSE_STEP_STARTED}, true},
        {{RESPONSE_STEP_STARTED, RESPONSE_STEP_DONE}, true},
        {{RESPONSE_STEP_DONE, RESPONSE_STEP_STARTED, RESPONSE_STEP_DONE}, true},
        {{RESPONSE_STEP_DROPPED}, false},
        {{RESPONSE_STEP_DONE, RESPONSE_STEP_VERIFIED}, false},
        {{RESPONSE_STEP_DONE, RESPONSE_STEP_REVERTED}, false},
        {{RESPONSE_STEP_DONE, RESPONSE_STEP_VERIFIED, RESPONSE_STEP_REVERTED}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct play play = play_new(RESPONSE_DIAGNOSE);
        play_attest_all(&play);
        vg_id step = add_step(&play, RESPONSE_CONTAINMENT, 0);
        for (size_t k = 0; k < 3 && cases[i].way[k] != 0; k++)
            move_step(&play, &step, cases[i].way[k]);
        cr_assert_eq(play_incident(&play).steps_open, cases[i].open, "case %zu", i);
        if (cases[i].open)
            cr_assert(play_refuses(&play, closing(&play), RESPONSE_REFUSED_STEPS_OPEN));
        else
            play_must(&play, closing(&play));
        play_free(&play);
    }
}

/* ---- R27: reopening ----------------------------------------------------------------------------
 */

Test(r27, a_closed_incident_may_be_reopened_with_a_reason)
{
    struct play play = play_new(RESPONSE_CLOSE);
    struct desk_order order = play_order(&play, RESPONSE_OP_REOPEN);
    order.command.reopen.reason = vg_span_text("");
    cr_assert(play_misses(&play, order, "reason"));
    order.command.reopen.reason = vg_span_text("the beacon is back");
    order.person = DESK_BEN;
    play_must(&play, order);
    struct response_incident incident = play_incident(&play);
    cr_assert_eq(incident.stage, RESPONSE_ASSESS);
    cr_assert_eq(incident.disposition, 0);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_REOPEN, .aspect = RESPONSE_ASPECT_STAGE,
                         .revision = 4, .from = "close", .to = "assess",
                         .text = "the beacon is back", .by = DESK_BEN));
    play_free(&play);
}

Test(r27, an_open_one_is_not)
{
    for (unsigned stage = RESPONSE_DETECT; stage < RESPONSE_CLOSE; stage++) {
        struct play play = play_new((enum response_stage)stage);
        cr_assert(play_refuses(&play, play_order(&play, RESPONSE_OP_REOPEN),
                               RESPONSE_REFUSED_NOT_CLOSED));
        play_free(&play);
    }
}

Test(r27, its_history_stays)
{
    struct play play = play_new(RESPONSE_CLOSE);
    uint64_t before = play_incident(&play).events;
    play_do(&play, RESPONSE_OP_REOPEN);
    cr_assert_eq(play_incident(&play).events, before + 1);
    cr_assert(play_says(play_event(&play, 2).to, "close"));
    play_free(&play);
}

Test(r27, attestations_lapse_with_it_by_rule)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    play_attest_all(&play);
    play_must(&play, closing(&play));
    struct desk_order order = play_order(&play, RESPONSE_OP_REOPEN);
    order.expectation_count = 1;
    order.expectations[0] =
        (struct ledger_expectation){.aspect = RESPONSE_ASPECT_STAGE, .revision = 4};
    struct response_outcome outcome = desk_send(play.desk, &order);
    cr_assert_eq(outcome.error.code, VG_OK, "nothing is expected of what lapses");
    cr_assert_eq(outcome.revision_count, 4);
    cr_assert_eq(play_incident(&play).attested, 0);
    for (size_t i = 0; i < 3; i++)
        cr_assert(PLAY_TELLS(&play, 4 - i, .kind = RESPONSE_EVENT_ATTEST,
                             .aspect = attestations[i].aspect, .revision = 2, .from = "yes",
                             .to = "no", .text = "lapsed with the reopening (R27)"));
    cr_assert(play_refuses(&play, closing(&play), RESPONSE_REFUSED_CUSTOMER_RISK_OPEN));
    play_attest_all(&play);
    play_must(&play, closing(&play));
    play_free(&play);
}

Test(r27, only_what_was_attested_lapses)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, attestation(&play, RESPONSE_ASPECT_BUSINESS_RISK, RESPONSE_YES));
    play_must(&play, closing(&play));
    struct response_outcome outcome = play_send(&play, play_order(&play, RESPONSE_OP_REOPEN));
    cr_assert_eq(outcome.revision_count, 2);
    cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_CUSTOMER_RISK), 0);
    cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_BUSINESS_RISK), 2);
    play_free(&play);
}

/* ---- milestones --------------------------------------------------------------------------------
 */

Test(milestones, an_incident_keeps_when_it_was_first_assessed)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_move(&play, RESPONSE_ASSESS);
    play_do(&play, RESPONSE_OP_SEVERITY);
    cr_assert_eq(play_incident(&play).assessed_at, 0);
    uint64_t first = play.desk->time_ms += 1000;
    play_do(&play, RESPONSE_OP_ASSESS);
    play.desk->time_ms += 1000;
    play_do(&play, RESPONSE_OP_ASSESS);
    cr_assert_eq(play_incident(&play).assessed_at, first);
    play_free(&play);
}

Test(milestones, and_when_it_first_had_a_verified_containment_step)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    vg_id mitigation = add_step(&play, RESPONSE_MITIGATION, 0);
    vg_id first = add_step(&play, RESPONSE_CONTAINMENT, 0);
    vg_id second = add_step(&play, RESPONSE_CONTAINMENT, 0);
    move_step(&play, &mitigation, RESPONSE_STEP_DONE);
    move_step(&play, &mitigation, RESPONSE_STEP_VERIFIED);
    move_step(&play, &first, RESPONSE_STEP_DONE);
    cr_assert_eq(play_incident(&play).contained_at, 0);
    uint64_t verified = play.desk->time_ms += 1000;
    move_step(&play, &first, RESPONSE_STEP_VERIFIED);
    cr_assert_eq(play_incident(&play).contained_at, verified);
    play.desk->time_ms += 1000;
    move_step(&play, &second, RESPONSE_STEP_DONE);
    move_step(&play, &second, RESPONSE_STEP_VERIFIED);
    cr_assert_eq(play_incident(&play).contained_at, verified);
    play_free(&play);
}

Test(milestones, and_when_it_first_had_both_risks_attested)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    play_must(&play, attestation(&play, RESPONSE_ASPECT_BUSINESS_RISK, RESPONSE_YES));
    play_must(&play, attestation(&play, RESPONSE_ASPECT_CORRECTIVE_MEASURES, RESPONSE_YES));
    cr_assert_eq(play_incident(&play).stabilized_at, 0);
    uint64_t first = play.desk->time_ms += 1000;
    play_must(&play, attestation(&play, RESPONSE_ASPECT_CUSTOMER_RISK, RESPONSE_YES));
    cr_assert_eq(play_incident(&play).stabilized_at, first);
    play.desk->time_ms += 1000;
    play_must(&play, attestation(&play, RESPONSE_ASPECT_CUSTOMER_RISK, RESPONSE_NO));
    play_must(&play, attestation(&play, RESPONSE_ASPECT_CUSTOMER_RISK, RESPONSE_YES));
    cr_assert_eq(play_incident(&play).stabilized_at, first);
    play_free(&play);
}

Test(milestones, and_when_it_was_last_closed)
{
    struct play play = play_new(RESPONSE_CLOSE);
    cr_assert_eq(play_incident(&play).closed_at, play.desk->time_ms);
    play.desk->time_ms += 1000;
    play_do(&play, RESPONSE_OP_REOPEN);
    cr_assert_eq(play_incident(&play).closed_at, 0, "not while it is open");
    play.desk->time_ms += 1000;
    play_must(&play, closing(&play));
    cr_assert_eq(play_incident(&play).closed_at, play.desk->time_ms);
    play_free(&play);
}
