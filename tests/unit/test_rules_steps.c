/* SPDX-License-Identifier: Apache-2.0
 * R15 and R16, sentence by sentence: emergency containment, and steps. What may stay open past
 * close is in test_rules_close.c. */
#include <criterion/criterion.h>

#include "tests/lib/play.h"

static struct desk_order planned(const struct play *play, uint8_t kind, bool emergency)
{
    struct desk_order order = play_order(play, RESPONSE_OP_STEP);
    order.command.step.kind = kind;
    order.command.step.action = vg_span_text("quarantine it");
    order.command.step.target = vg_span_text("build-7");
    order.command.step.emergency = emergency ? RESPONSE_YES : RESPONSE_NO;
    return order;
}

static struct desk_order move(const struct play *play, const vg_id *step, uint8_t state)
{
    struct desk_order order = play_order(play, RESPONSE_OP_STEP_MOVE);
    order.command.step_move.step = *step;
    order.command.step_move.state = state;
    return order;
}

/* A step that Ann planned and brought to a state; Ben verified it. */
static vg_id step_in(struct play *play, uint8_t state, bool reversible)
{
    static const uint8_t ways[][3] = {
        [RESPONSE_STEP_PLANNED] = {0},
        [RESPONSE_STEP_STARTED] = {RESPONSE_STEP_STARTED},
        [RESPONSE_STEP_DONE] = {RESPONSE_STEP_DONE},
        [RESPONSE_STEP_VERIFIED] = {RESPONSE_STEP_DONE, RESPONSE_STEP_VERIFIED},
        [RESPONSE_STEP_REVERTED] = {RESPONSE_STEP_DONE, RESPONSE_STEP_REVERTED},
        [RESPONSE_STEP_DROPPED] = {RESPONSE_STEP_DROPPED},
    };
    struct desk_order order = planned(play, RESPONSE_CONTAINMENT, false);
    order.command.step.reversible = reversible ? RESPONSE_YES : RESPONSE_NO;
    vg_id step = play_must(play, order);
    for (size_t i = 0; i < 3 && ways[state][i] != 0; i++) {
        order = move(play, &step, ways[state][i]);
        order.person = ways[state][i] == RESPONSE_STEP_VERIFIED ? DESK_BEN : DESK_ANN;
        play_must(play, order);
    }
    return step;
}

/* ---- R15 ---------------------------------------------------------------------------------------
 */

Test(r15, emergency_containment_is_allowed_from_assess_on_before_any_plan)
{
    for (unsigned stage = RESPONSE_ASSESS; stage < RESPONSE_CLOSE; stage++) {
        struct play play = play_new((enum response_stage)stage);
        vg_id step = play_must(&play, planned(&play, RESPONSE_CONTAINMENT, true));
        cr_assert(play_step(&play, &step).emergency);
        cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_RECOVERY_PLAN), 0);
        play_free(&play);
    }
}

Test(r15, nothing_is_contained_in_detect)
{
    struct play play = play_new(RESPONSE_DETECT);
    for (int emergency = 0; emergency < 2; emergency++)
        cr_assert(play_refuses(&play, planned(&play, RESPONSE_CONTAINMENT, emergency != 0),
                               RESPONSE_REFUSED_CONTAINED_TOO_EARLY));
    play_free(&play);
}

Test(r15, it_does_not_wait_for_the_assessment)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_move(&play, RESPONSE_ASSESS);
    play_must(&play, planned(&play, RESPONSE_CONTAINMENT, true));
    play_free(&play);
}

Test(r15, in_assess_nothing_but_emergencies_is_taken)
{
    struct play play = play_new(RESPONSE_ASSESS);
    for (uint8_t kind = RESPONSE_CONTAINMENT; kind <= RESPONSE_RECOVERY; kind++)
        cr_assert(
            play_refuses(&play, planned(&play, kind, false), RESPONSE_REFUSED_ONLY_EMERGENCY));
    play_move(&play, RESPONSE_DIAGNOSE);
    for (uint8_t kind = RESPONSE_CONTAINMENT; kind <= RESPONSE_RECOVERY; kind++)
        play_must(&play, planned(&play, kind, false));
    play_free(&play);
}

Test(r15, only_containment_is_an_emergency)
{
    for (unsigned stage = RESPONSE_ASSESS; stage < RESPONSE_CLOSE; stage++) {
        struct play play = play_new((enum response_stage)stage);
        for (uint8_t kind = RESPONSE_MITIGATION; kind <= RESPONSE_RECOVERY; kind++)
            cr_assert(
                play_refuses(&play, planned(&play, kind, true), RESPONSE_REFUSED_EMERGENCY_KIND));
        play_free(&play);
    }
}

static const enum desk_person other_staff[] = {DESK_EXECUTIVE, DESK_LEGAL, DESK_PRIVACY,
                                               DESK_SUPPORT};

Test(r15, other_staff_break_the_glass_which_makes_a_review_task)
{
    for (size_t i = 0; i < 4; i++) {
        struct play play = play_new(RESPONSE_ASSESS);
        struct desk_order order = planned(&play, RESPONSE_CONTAINMENT, true);
        order.person = other_staff[i];
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_ROLE));
        order.command.step.break_glass = vg_span_text("nobody answers");
        vg_id step = play_must(&play, order);
        vg_id person = desk_author(play.desk, other_staff[i]);
        struct response_step made = play_step(&play, &step);
        cr_assert(vg_id_equal(&made.made_by, &person));
        cr_assert_eq(play_incident(&play).tasks_open, 1);
        struct response_event event = play_event(&play, 1);
        struct response_task task = play_task(&play, &event.part);
        cr_assert_eq(task.kind, RESPONSE_TASK_REVIEW);
        cr_assert_eq(task.state, RESPONSE_TASK_OPEN);
        cr_assert_str_eq(task.title, "Review: the glass was broken (R15)");
        cr_assert(PLAY_TELLS(&play, 2, .kind = RESPONSE_EVENT_STEP,
                             .aspect = RESPONSE_ASPECT_CONTAINMENT, .revision = 1, .to = "planned",
                             .by = other_staff[i],
                             .text = "containment of build-7: quarantine it\n"
                                     "glass broken: nobody answers"));
        play_free(&play);
    }
}

Test(r15, the_glass_is_broken_for_emergencies_alone)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    struct desk_order order = planned(&play, RESPONSE_CONTAINMENT, false);
    order.person = DESK_LEGAL;
    order.command.step.break_glass = vg_span_text("nobody answers");
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_GLASS_IS_FOR_EMERGENCIES));
    order = planned(&play, RESPONSE_MITIGATION, true);
    order.person = DESK_LEGAL;
    order.command.step.break_glass = vg_span_text("nobody answers");
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_GLASS_IS_FOR_EMERGENCIES));
    play_free(&play);
}

Test(r15, who_is_no_staff_breaks_no_glass)
{
    static const enum desk_person others[] = {DESK_OPERATOR, DESK_REPORTER, DESK_INTEGRATION,
                                              DESK_STRANGER};
    struct play play = play_new(RESPONSE_ASSESS);
    for (size_t i = 0; i < 4; i++) {
        struct desk_order order = planned(&play, RESPONSE_CONTAINMENT, true);
        order.person = others[i];
        order.command.step.break_glass = vg_span_text("nobody answers");
        cr_assert(play_refuses(&play, order,
                               others[i] == DESK_STRANGER ? RESPONSE_REFUSED_NO_COMPARTMENT
                                                          : RESPONSE_REFUSED_NO_ROLE));
    }
    play_free(&play);
}

Test(r15, a_reason_that_is_not_needed_breaks_no_glass)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = planned(&play, RESPONSE_CONTAINMENT, true);
    order.command.step.break_glass = vg_span_text("just in case");
    play_must(&play, order);
    cr_assert_eq(play_incident(&play).tasks, 0);
    cr_assert(play_says(play_event(&play, 1).text, "containment of build-7: quarantine it"));
    play_free(&play);
}

/* Also under one request id, which is each author's own. */
Test(r15, each_broken_glass_makes_a_review)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = planned(&play, RESPONSE_CONTAINMENT, true);
    order.command.step.break_glass = vg_span_text("nobody answers");
    for (size_t i = 0; i < 2; i++) {
        order.person = other_staff[i];
        play_must(&play, order);
    }
    cr_assert_eq(play_incident(&play).tasks, 2);
    struct desk_order assess = play_order(&play, RESPONSE_OP_ASSESS);
    assess.command.assess.break_glass = vg_span_text("nobody answers");
    assess.request = desk_request(play.desk, play.desk->time_ms);
    assess.person = DESK_BEN;
    play_must(&play, assess);
    cr_assert_eq(play_incident(&play).tasks, 3);
    play_on_call(&play, DESK_ANN, false);
    assess.person = DESK_ANN;
    play_must(&play, assess);
    cr_assert_eq(play_incident(&play).tasks, 4);
    play_free(&play);
}

/* ---- R16: what a step has ----------------------------------------------------------------------
 */

Test(r16, a_step_has_kind_target_owner_state_and_whether_it_is_reversible)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    vg_id ben = desk_author(play.desk, DESK_BEN);
    for (uint8_t kind = RESPONSE_CONTAINMENT; kind <= RESPONSE_RECOVERY; kind++) {
        struct desk_order order = planned(&play, kind, false);
        order.command.step.owner = ben;
        order.command.step.due_at = play.desk->time_ms + 60000;
        order.command.step.reversible = kind % 2 == 0 ? RESPONSE_YES : RESPONSE_NO;
        vg_id id = play_must(&play, order);
        struct response_step step = play_step(&play, &id);
        cr_assert_eq(step.number, kind);
        cr_assert_eq(step.kind, kind);
        cr_assert_str_eq(step.target, "build-7");
        cr_assert_str_eq(step.action, "quarantine it");
        cr_assert(vg_id_equal(&step.owner, &ben));
        cr_assert_eq(step.state, RESPONSE_STEP_PLANNED);
        cr_assert_eq(step.reversible, kind % 2 == 0);
        cr_assert_eq(step.due_at, play.desk->time_ms + 60000);
        cr_assert_eq(step.made_at, play.desk->time_ms);
    }
    cr_assert_eq(play_incident(&play).steps, 4);
    cr_assert_eq(play_incident(&play).steps_open, 4);
    play_free(&play);
}

Test(r16, a_step_lacks_none_of_them)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    struct desk_order order = planned(&play, 0, false);
    cr_assert(play_misses(&play, order, "kind"));
    order = planned(&play, RESPONSE_CONTAINMENT, false);
    order.command.step.target = vg_span_text("");
    cr_assert(play_misses(&play, order, "target"));
    order = planned(&play, RESPONSE_CONTAINMENT, false);
    order.command.step.reversible = 0;
    cr_assert(play_misses(&play, order, "reversible"));
    play_free(&play);
}

Test(r16, naming_nobody_as_owner_is_naming_oneself)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    vg_id id = play_must(&play, planned(&play, RESPONSE_CONTAINMENT, false));
    struct response_step step = play_step(&play, &id);
    vg_id ann = desk_author(play.desk, DESK_ANN);
    cr_assert(vg_id_equal(&step.owner, &ann));
    play_free(&play);
}

Test(r16, an_owner_is_somebody_who_is_here)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    struct desk_order order = planned(&play, RESPONSE_CONTAINMENT, false);
    order.command.step.owner = play.incident;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_PERSON));
    order.command.step.owner = desk_author(play.desk, DESK_BEN);
    play_expel(&play, DESK_BEN);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_PERSON));
    play_free(&play);
}

/* ---- R16: states -------------------------------------------------------------------------------
 */

/* Rows from, columns to: planned, started, done, verified, reverted, dropped. */
static const bool step_edges[6][6] = {
    /* planned */ {false, true, true, false, false, true},
    /* started */ {false, false, true, false, false, true},
    /* done */ {false, true, false, true, true, false},
    /* verified */ {false, false, false, false, true, false},
    /* reverted */ {false, false, false, false, false, false},
    /* dropped */ {false, false, false, false, false, false},
};

Test(r16, a_step_goes_along_these_edges_and_no_others)
{
    for (uint8_t from = RESPONSE_STEP_PLANNED; from <= RESPONSE_STEP_DROPPED; from++) {
        for (uint8_t to = RESPONSE_STEP_PLANNED; to <= RESPONSE_STEP_DROPPED; to++) {
            struct play play = play_new(RESPONSE_DIAGNOSE);
            vg_id step = step_in(&play, from, true);
            struct desk_order order = move(&play, &step, to);
            bool ended = from == RESPONSE_STEP_REVERTED || from == RESPONSE_STEP_DROPPED;
            order.person = DESK_SERVICE;
            if (step_edges[from - 1][to - 1]) {
                play_must(&play, order);
                cr_assert_eq(play_step(&play, &step).state, to);
            } else {
                cr_assert(
                    play_refuses(&play, order,
                                 ended ? RESPONSE_REFUSED_STEP_ENDED : RESPONSE_REFUSED_STEP_EDGE),
                    "%d to %d", from, to);
            }
            play_free(&play);
        }
    }
}

Test(r16, a_refusal_names_the_next_states)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    vg_id step = step_in(&play, RESPONSE_STEP_DONE, true);
    struct response_outcome outcome = play_send(&play, move(&play, &step, RESPONSE_STEP_DROPPED));
    static const char says[] = "a step that is done becomes verified or started or reverted, not ";
    cr_assert_eq(strncmp(outcome.error.text, says, sizeof says - 1), 0, "%s", outcome.error.text);
    play_free(&play);
}

Test(r16, every_move_is_an_event_with_old_and_new)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    vg_id step = step_in(&play, RESPONSE_STEP_DONE, true);
    struct desk_order order = move(&play, &step, RESPONSE_STEP_VERIFIED);
    order.person = DESK_SERVICE;
    order.command.step_move.text = vg_span_text("no traffic since");
    play_must(&play, order);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_STEP,
                         .aspect = RESPONSE_ASPECT_CONTAINMENT, .revision = 3, .from = "done",
                         .to = "verified", .text = "no traffic since", .by = DESK_SERVICE));
    struct response_event event = play_event(&play, 1);
    cr_assert(vg_id_equal(&event.part, &step));
    play_free(&play);
}

Test(r16, who_did_a_step_does_not_verify_it)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    vg_id step = step_in(&play, RESPONSE_STEP_STARTED, true);
    struct desk_order order = move(&play, &step, RESPONSE_STEP_DONE);
    order.person = DESK_BEN;
    play_must(&play, order);
    order = move(&play, &step, RESPONSE_STEP_VERIFIED);
    order.person = DESK_BEN;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_OWN_VERIFICATION));
    order.person = DESK_ANN;
    play_must(&play, order);
    play_free(&play);
}

Test(r16, a_step_keeps_who_did_it_and_who_verified_it)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    vg_id ann = desk_author(play.desk, DESK_ANN);
    vg_id ben = desk_author(play.desk, DESK_BEN);
    uint64_t done_at = play.desk->time_ms;
    vg_id id = step_in(&play, RESPONSE_STEP_DONE, true);
    play.desk->time_ms += 5000;
    struct desk_order order = move(&play, &id, RESPONSE_STEP_VERIFIED);
    order.person = DESK_BEN;
    play_must(&play, order);
    struct response_step step = play_step(&play, &id);
    cr_assert(vg_id_equal(&step.done_by, &ann));
    cr_assert_eq(step.done_at, done_at);
    cr_assert(vg_id_equal(&step.verified_by, &ben));
    cr_assert_eq(step.verified_at, done_at + 5000);
    play_free(&play);
}

Test(r16, only_what_is_reversible_is_reverted)
{
    static const uint8_t from[] = {RESPONSE_STEP_DONE, RESPONSE_STEP_VERIFIED};
    for (size_t i = 0; i < 2; i++) {
        struct play play = play_new(RESPONSE_DIAGNOSE);
        vg_id fixed = step_in(&play, from[i], false);
        vg_id reversible = step_in(&play, from[i], true);
        cr_assert(play_refuses(&play, move(&play, &fixed, RESPONSE_STEP_REVERTED),
                               RESPONSE_REFUSED_IRREVERSIBLE));
        play_must(&play, move(&play, &reversible, RESPONSE_STEP_REVERTED));
        play_free(&play);
    }
}

/* R16 and R13: what outlives the incident is finished after it has closed. */
Test(r16, steps_are_moved_after_close_and_none_is_planned)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    struct desk_order order = planned(&play, RESPONSE_MITIGATION, false);
    order.command.step.due_at = play.desk->time_ms + 60000;
    vg_id step = play_must(&play, order);
    play_attest_all(&play);
    play_move(&play, RESPONSE_CLOSE);
    cr_assert(
        play_refuses(&play, planned(&play, RESPONSE_MITIGATION, false), RESPONSE_REFUSED_CLOSED));
    play_must(&play, move(&play, &step, RESPONSE_STEP_DONE));
    cr_assert_eq(play_step(&play, &step).state, RESPONSE_STEP_DONE);
    cr_assert_eq(play_incident(&play).stage, RESPONSE_CLOSE);
    play_free(&play);
}
