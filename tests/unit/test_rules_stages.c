/* SPDX-License-Identifier: Apache-2.0
 * R7 and R13, sentence by sentence: how assessment ends, and from stage to stage. Closing and
 * reopening are in test_rules_close.c. */
#include <criterion/criterion.h>

#include "tests/lib/play.h"

static struct desk_order stage(const struct play *play, unsigned to)
{
    struct desk_order order = play_order(play, RESPONSE_OP_STAGE);
    order.command.stage.stage = (uint8_t)to;
    order.command.stage.reason = vg_span_text("it is real");
    return order;
}

/* In a stage, with all that closing or going on needs. */
static struct play ready_in(unsigned at)
{
    struct play play = play_new((enum response_stage)at);
    if (at == RESPONSE_DIAGNOSE || at == RESPONSE_STABILIZE) {
        play_attest_all(&play);
        play_plan(&play);
    }
    return play;
}

/* R13 word for word: rows from, columns to. */
static const bool allowed[5][5] = {
    /* detect */ {false, true, false, false, false},
    /* assess */ {false, false, true, false, true},
    /* diagnose */ {false, false, false, true, true},
    /* stabilize */ {false, false, true, false, true},
    /* close */ {false, false, false, false, false},
};

static enum response_refusal edge_refusal(unsigned from)
{
    return from == RESPONSE_CLOSE ? RESPONSE_REFUSED_NO_STAGE_AFTER_CLOSE
                                  : RESPONSE_REFUSED_NO_EDGE;
}

/* ---- R13 ---------------------------------------------------------------------------------------
 */

Test(r13, stages_go_along_these_edges_and_no_others)
{
    for (unsigned from = RESPONSE_DETECT; from <= RESPONSE_CLOSE; from++) {
        for (unsigned to = RESPONSE_DETECT; to <= RESPONSE_CLOSE; to++) {
            struct play play = ready_in(from);
            if (allowed[from - 1][to - 1]) {
                play_must(&play, stage(&play, to));
                cr_assert_eq(play_incident(&play).stage, to);
            } else {
                cr_assert(play_refuses(&play, stage(&play, to), edge_refusal(from)), "%u to %u",
                          from, to);
            }
            play_free(&play);
        }
    }
}

Test(r13, a_refusal_names_the_next_stages)
{
    static const char *const says[] = {
        "from detect the next stage is assess, not detect",
        "from assess the next stage is diagnose or close, not detect",
        "from diagnose the next stage is stabilize or close, not detect",
        "from stabilize the next stage is close or diagnose, not detect",
        "a closed incident has no next stage; the only way back is reopening it",
    };
    for (unsigned from = RESPONSE_DETECT; from <= RESPONSE_CLOSE; from++) {
        struct play play = play_new((enum response_stage)from);
        struct response_outcome outcome = play_send(&play, stage(&play, RESPONSE_DETECT));
        cr_assert_eq(strncmp(outcome.error.text, says[from - 1], strlen(says[from - 1])), 0, "%s",
                     outcome.error.text);
        play_free(&play);
    }
}

Test(r13, diagnose_and_stabilize_alternate_without_limit)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    for (int i = 0; i < 200; i++)
        play_move(&play, i % 2 == 0 ? RESPONSE_STABILIZE : RESPONSE_DIAGNOSE);
    cr_assert_eq(play_incident(&play).stage, RESPONSE_DIAGNOSE);
    cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_STAGE), 203);
    play_free(&play);
}

Test(r13, the_only_other_way_back_is_reopening)
{
    static const unsigned closed_from[] = {RESPONSE_ASSESS, RESPONSE_DIAGNOSE, RESPONSE_STABILIZE};
    for (size_t i = 0; i < 3; i++) {
        struct play play = ready_in(closed_from[i]);
        play_must(&play, stage(&play, RESPONSE_CLOSE));
        for (unsigned to = RESPONSE_DETECT; to <= RESPONSE_CLOSE; to++)
            cr_assert(play_refuses(&play, stage(&play, to), RESPONSE_REFUSED_NO_STAGE_AFTER_CLOSE));
        play_do(&play, RESPONSE_OP_REOPEN);
        cr_assert_eq(play_incident(&play).stage, closed_from[i]);
        play_free(&play);
    }
}

Test(r13, every_transition_keeps_who_when_and_why)
{
    struct play play = play_new(RESPONSE_DETECT);
    play.desk->time_ms += 5000;
    struct desk_order order = stage(&play, RESPONSE_ASSESS);
    order.person = DESK_BEN;
    order.request = desk_request(play.desk, play.desk->time_ms - 700);
    struct response_outcome outcome = play_send(&play, order);
    cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_STAGE, .aspect = RESPONSE_ASPECT_STAGE,
                         .revision = 2, .from = "detect", .to = "assess", .text = "it is real",
                         .by = DESK_BEN));
    cr_assert_eq(play_event(&play, 1).received_at, play.desk->time_ms - 700);
    cr_assert_eq(play_event(&play, 1).index, outcome.index);
    cr_assert_eq(play_incident(&play).updated_at, play.desk->time_ms);
    play_free(&play);
}

Test(r13, no_transition_is_without_a_why)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = stage(&play, RESPONSE_ASSESS);
    order.command.stage.reason = vg_span_text("");
    cr_assert(play_misses(&play, order, "reason"));
    play_free(&play);
}

/* ---- R7 ----------------------------------------------------------------------------------------
 */

Test(r7, assessment_ends_in_escalation_in_closure_or_in_referral)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, stage(&play, RESPONSE_DIAGNOSE));
    play_begin(&play, "", RESPONSE_ASSESS);
    play_must(&play, stage(&play, RESPONSE_CLOSE));
    cr_assert_eq(play_incident(&play).disposition, RESPONSE_NOT_ESCALATED);
    play_begin(&play, "", RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_RESPONSIBILITY);
    order.command.responsibility.responsibility = RESPONSE_CUSTOMER;
    play_must(&play, order);
    play_do(&play, RESPONSE_OP_REFER);
    play_must(&play, stage(&play, RESPONSE_CLOSE));
    cr_assert_eq(play_incident(&play).disposition, RESPONSE_CUSTOMER_MANAGED);
    play_free(&play);
}

Test(r7, there_is_an_assessment_before_it_ends)
{
    static const unsigned ways[] = {RESPONSE_DIAGNOSE, RESPONSE_CLOSE};
    struct play play = play_new(RESPONSE_DETECT);
    play_move(&play, RESPONSE_ASSESS);
    struct desk_order severity = play_order(&play, RESPONSE_OP_SEVERITY);
    play_must(&play, severity);
    for (size_t i = 0; i < 2; i++)
        cr_assert(play_refuses(&play, stage(&play, ways[i]), RESPONSE_REFUSED_NOT_ASSESSED),
                  "severity by hand is no assessment");
    play_free(&play);
}

static void adopt(struct play *play, const vg_id *compartment, const char *version)
{
    struct desk_order order = play_order(play, RESPONSE_OP_PROCEDURE);
    order.command.procedure.compartment = *compartment;
    order.command.procedure.version = vg_span_text(version);
    play_must(play, order);
}

Test(r7, every_transition_is_stamped_with_the_sop_in_force)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_move(&play, RESPONSE_ASSESS);
    cr_assert(play_says(play_event(&play, 1).procedure, "vigil-1"));
    adopt(&play, &play.desk->genesis.first, "IR-2026.3");
    play_begin(&play, "", RESPONSE_CLOSE);
    cr_assert(play_says(play_event(&play, 1).procedure, "IR-2026.3"));
    adopt(&play, &play.desk->genesis.first, "IR-2026.4");
    play_do(&play, RESPONSE_OP_REOPEN);
    cr_assert_eq(play_event(&play, 1).kind, RESPONSE_EVENT_REOPEN);
    cr_assert(play_says(play_event(&play, 1).procedure, "IR-2026.4"));
    cr_assert(play_says(play_event(&play, 2).procedure, "IR-2026.3"), "what was stays");
    play_free(&play);
}

Test(r7, a_procedure_is_of_a_compartment)
{
    static const vg_id elsewhere = {{0xc0, 2}};
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order label = play_order(&play, RESPONSE_OP_LABEL);
    label.command.label.compartment = elsewhere;
    play_must(&play, label);
    adopt(&play, &elsewhere, "IR-2026.3");
    play_move(&play, RESPONSE_ASSESS);
    cr_assert(play_says(play_event(&play, 1).procedure, "vigil-1"));
    play_free(&play);
}

Test(r7, only_transitions_are_stamped)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_do(&play, RESPONSE_OP_NOTE);
    cr_assert_eq(play_event(&play, 1).procedure.size, 0);
    play_do(&play, RESPONSE_OP_SEVERITY);
    cr_assert_eq(play_event(&play, 1).procedure.size, 0);
    play_free(&play);
}
