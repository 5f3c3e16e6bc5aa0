/* SPDX-License-Identifier: Apache-2.0
 * Assessment, sentence by sentence: R4 who assesses on what, R5 severity and priority, R6 risk to
 * customer data. */
#include <criterion/criterion.h>

#include "proto/response/explain.h"
#include "tests/lib/play.h"

static struct desk_order assessment(const struct play *play, uint8_t functional,
                                    uint8_t information, uint8_t recoverability)
{
    struct desk_order order = play_order(play, RESPONSE_OP_ASSESS);
    order.command.assess.functional = functional;
    order.command.assess.information = information;
    order.command.assess.recoverability = recoverability;
    return order;
}

static struct desk_order severity(const struct play *play, uint8_t to, uint8_t priority)
{
    struct desk_order order = play_order(play, RESPONSE_OP_SEVERITY);
    order.command.severity.severity = to;
    order.command.severity.priority = priority;
    order.command.severity.reason = vg_span_text("as it looks now");
    return order;
}

static struct desk_order risk(const struct play *play, uint8_t to)
{
    struct desk_order order = play_order(play, RESPONSE_OP_RISK);
    order.command.risk.risk = to;
    order.command.risk.reason = vg_span_text("the key opens the archive");
    return order;
}

static bool is_owned_by(const struct play *play, enum desk_person person)
{
    struct response_incident incident = play_incident(play);
    vg_id id = desk_author(play->desk, person);
    return vg_id_equal(&incident.owner, &id);
}

/* Severity and priority as people write them: 0 is the worst. */
static bool is_rated(const struct play *play, int severity_is, int priority_is)
{
    struct response_incident incident = play_incident(play);
    return incident.severity == severity_is + 1 && incident.priority == priority_is + 1;
}

/* ---- R4 ----------------------------------------------------------------------------------------
 */

Test(r4, the_assessor_is_on_call_at_that_moment)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_ASSESS);
    order.person = DESK_BEN;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NOT_ON_CALL));
    play_on_call(&play, DESK_BEN, true);
    play_must(&play, order);
    play_on_call(&play, DESK_BEN, false);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NOT_ON_CALL));
    play_free(&play);
}

Test(r4, being_on_call_is_of_a_compartment)
{
    static const vg_id elsewhere = {{0xc0, 2}};
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order label = play_order(&play, RESPONSE_OP_LABEL);
    label.command.label.compartment = elsewhere;
    play_must(&play, label);
    struct desk_order roster = play_order(&play, RESPONSE_OP_ROSTER);
    roster.command.roster.compartment = elsewhere;
    roster.command.roster.person = desk_author(play.desk, DESK_BEN);
    play_must(&play, roster);
    struct desk_order order = play_order(&play, RESPONSE_OP_ASSESS);
    order.person = DESK_BEN;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NOT_ON_CALL));
    play_free(&play);
}

Test(r4, or_gives_a_break_glass_reason_which_makes_a_review_task)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_ASSESS);
    struct response_task task;
    static const vg_id start;
    order.person = DESK_BEN;
    order.command.assess.break_glass = vg_span_text("Ann does not answer");
    play_must(&play, order);
    cr_assert_eq(play_incident(&play).tasks, 1);
    cr_assert_eq(play_incident(&play).tasks_open, 1);
    cr_assert(response_task_next(&play.desk->machine, &play.desk->genesis.first, &play.incident,
                                 &start, &task));
    cr_assert_eq(task.kind, RESPONSE_TASK_REVIEW);
    cr_assert_eq(task.state, RESPONSE_TASK_OPEN);
    cr_assert(vg_id_is_zero(&task.owner));
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_TASK, .aspect = RESPONSE_ASPECT_TASK,
                         .revision = 1, .to = "open", .by = DESK_BEN,
                         .text = "Review: the glass was broken (R15)"));
    cr_assert(PLAY_TELLS(&play, 2, .kind = RESPONSE_EVENT_ASSESS,
                         .aspect = RESPONSE_ASPECT_SEVERITY, .revision = 2,
                         .from = "sev3 p3 (low; none; regular)",
                         .to = "sev4 p4 (none; none; regular)", .by = DESK_BEN));
    cr_assert(play_contains(play_event(&play, 2).text,
                            "\nrests on E1\nglass broken: Ann does not answer"));
    play_free(&play);
}

Test(r4, a_reason_that_is_not_needed_breaks_no_glass)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_ASSESS);
    order.command.assess.break_glass = vg_span_text("just in case");
    play_must(&play, order);
    cr_assert_eq(play_incident(&play).tasks, 0);
    play_free(&play);
}

Test(r4, an_assessment_cites_at_least_one_piece_of_evidence_of_the_incident)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_ASSESS);
    order.command.assess.evidence.count = 0;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_ASSESSED_WITHOUT_EVIDENCE));
    vg_id here = play.evidence;
    play_begin(&play, "", RESPONSE_ASSESS);
    order = play_order(&play, RESPONSE_OP_ASSESS);
    order.command.assess.evidence = (struct response_ids){2, {play.evidence, here}};
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_EVIDENCE));
    play_free(&play);
}

Test(r1, an_assessed_incident_has_its_product_line)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_move(&play, RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_ASSESS);
    order.command.assess.product.size = 0;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_PRODUCT_OPEN));
    order.command.assess.product = vg_span_text("mail");
    play_must(&play, order);
    cr_assert_str_eq(play_incident(&play).product, "mail");
    order.command.assess.product.size = 0;
    play_must(&play, order);
    cr_assert_str_eq(play_incident(&play).product, "mail");
    play_free(&play);
}

Test(r4, an_assessment_has_its_three_inputs)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = assessment(&play, 0, 0, RESPONSE_REGULAR);
    cr_assert(play_misses(&play, order, "functional"));
    order = assessment(&play, RESPONSE_FUNCTIONAL_LOW, 0, 0);
    cr_assert(play_misses(&play, order, "recoverability"));
    uint8_t all = RESPONSE_PRIVACY_BREACH | RESPONSE_PROPRIETARY_BREACH | RESPONSE_INTEGRITY_LOSS;
    play_must(&play, assessment(&play, RESPONSE_FUNCTIONAL_HIGH, all, RESPONSE_EXTENDED));
    struct response_incident incident = play_incident(&play);
    cr_assert_eq(incident.functional, RESPONSE_FUNCTIONAL_HIGH);
    cr_assert_eq(incident.information, all, "several may hold");
    cr_assert_eq(incident.recoverability, RESPONSE_EXTENDED);
    play_free(&play);
}

Test(r4, nothing_is_assessed_in_detect)
{
    struct play play = play_new(RESPONSE_DETECT);
    cr_assert(play_refuses(&play, play_order(&play, RESPONSE_OP_ASSESS),
                           RESPONSE_REFUSED_STILL_IN_DETECT));
    play_free(&play);
}

Test(r4, an_assessment_may_be_made_anew_at_any_later_stage)
{
    for (unsigned stage = RESPONSE_ASSESS; stage < RESPONSE_CLOSE; stage++) {
        struct play play = play_new((enum response_stage)stage);
        play_must(&play, assessment(&play, RESPONSE_FUNCTIONAL_HIGH, 0, RESPONSE_REGULAR));
        cr_assert(is_rated(&play, 1, 1));
        cr_assert_eq(play_incident(&play).stage, stage);
        play_free(&play);
    }
}

/* ---- R5 ----------------------------------------------------------------------------------------
 */

static const uint8_t informations[] = {
    0,
    RESPONSE_PRIVACY_BREACH,
    RESPONSE_PROPRIETARY_BREACH,
    RESPONSE_INTEGRITY_LOSS,
    RESPONSE_PRIVACY_BREACH | RESPONSE_PROPRIETARY_BREACH,
    RESPONSE_PRIVACY_BREACH | RESPONSE_INTEGRITY_LOSS,
    RESPONSE_PROPRIETARY_BREACH | RESPONSE_INTEGRITY_LOSS,
    RESPONSE_PRIVACY_BREACH | RESPONSE_PROPRIETARY_BREACH | RESPONSE_INTEGRITY_LOSS,
};

Test(r5, severity_and_priority_follow_from_the_published_table)
{
    struct play play = play_new(RESPONSE_ASSESS);
    for (uint8_t f = RESPONSE_FUNCTIONAL_NONE; f <= RESPONSE_FUNCTIONAL_HIGH; f++) {
        for (size_t i = 0; i < sizeof informations; i++) {
            for (uint8_t r = RESPONSE_REGULAR; r <= RESPONSE_NOT_RECOVERABLE; r++) {
                uint8_t severity_is, priority_is;
                response_severity_cell(f, informations[i], r, &severity_is, &priority_is);
                play_must(&play, assessment(&play, f, informations[i], r));
                cr_assert(is_rated(&play, severity_is, priority_is), "%d %zu %d", f, i, r);
            }
        }
    }
    play_free(&play);
}

/* The table's corners, and what an extra kind of information or effort does. */
Test(r5, the_table_is_this_one)
{
    static const struct {
        uint8_t functional, information, recoverability, severity, priority;
    } cells[] = {
        {RESPONSE_FUNCTIONAL_NONE, 0, RESPONSE_REGULAR, 4, 4},
        {RESPONSE_FUNCTIONAL_NONE, 0, RESPONSE_NOT_RECOVERABLE, 4, 3},
        {RESPONSE_FUNCTIONAL_NONE, RESPONSE_PRIVACY_BREACH, RESPONSE_REGULAR, 2, 2},
        {RESPONSE_FUNCTIONAL_NONE, RESPONSE_PRIVACY_BREACH | RESPONSE_INTEGRITY_LOSS,
         RESPONSE_REGULAR, 1, 1},
        {RESPONSE_FUNCTIONAL_LOW, 0, RESPONSE_EXTENDED, 3, 2},
        {RESPONSE_FUNCTIONAL_LOW, 0, RESPONSE_NOT_RECOVERABLE, 2, 1},
        {RESPONSE_FUNCTIONAL_MEDIUM, 0, RESPONSE_SUPPLEMENTED, 2, 2},
        {RESPONSE_FUNCTIONAL_MEDIUM, RESPONSE_INTEGRITY_LOSS, RESPONSE_NOT_RECOVERABLE, 0, 0},
        {RESPONSE_FUNCTIONAL_HIGH, 0, RESPONSE_EXTENDED, 1, 0},
        {RESPONSE_FUNCTIONAL_HIGH, RESPONSE_PRIVACY_BREACH | RESPONSE_PROPRIETARY_BREACH,
         RESPONSE_REGULAR, 0, 0},
    };
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        uint8_t severity_is, priority_is;
        response_severity_cell(cells[i].functional, cells[i].information, cells[i].recoverability,
                               &severity_is, &priority_is);
        cr_assert_eq(severity_is, cells[i].severity, "cell %zu", i);
        cr_assert_eq(priority_is, cells[i].priority, "cell %zu", i);
    }
}

/* The cell of a place: the second input is the number of kinds of information impact. */
static void cell_at(const int place[3], uint8_t out[2])
{
    static const uint8_t kinds[] = {0, RESPONSE_PRIVACY_BREACH,
                                    RESPONSE_PRIVACY_BREACH | RESPONSE_INTEGRITY_LOSS};
    response_severity_cell((uint8_t)(place[0] + 1), kinds[place[1]], (uint8_t)(place[2] + 1),
                           &out[0], &out[1]);
}

Test(r5, what_is_worse_in_an_input_is_never_rated_better)
{
    static const int sizes[3] = {4, 3, 4};
    for (int at = 0; at < 4 * 3 * 4; at++) {
        const int place[3] = {at / 12, at / 4 % 3, at % 4};
        uint8_t here[2], worse[2];
        cell_at(place, here);
        for (int input = 0; input < 3; input++) {
            int next[3] = {place[0], place[1], place[2]};
            if (++next[input] == sizes[input])
                continue;
            cell_at(next, worse);
            cr_assert(worse[0] <= here[0] && worse[1] <= here[1], "%d %d %d, input %d", place[0],
                      place[1], place[2], input);
        }
    }
}

Test(r5, a_person_may_override_with_a_reason)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, severity(&play, RESPONSE_SEV0, 3));
    cr_assert(is_rated(&play, 0, 2));
    struct desk_order order = severity(&play, RESPONSE_SEV1, 0);
    order.command.severity.reason = vg_span_text("");
    cr_assert(play_misses(&play, order, "reason"));
    play_free(&play);
}

Test(r5, without_a_priority_it_is_the_number_of_the_severity)
{
    struct play play = play_new(RESPONSE_ASSESS);
    for (uint8_t to = RESPONSE_SEV0; to <= RESPONSE_SEV4; to++) {
        play_must(&play, severity(&play, to, 0));
        cr_assert(is_rated(&play, to - 1, to - 1));
    }
    play_free(&play);
}

Test(r5, severity_may_change_at_any_time_while_the_incident_is_open)
{
    for (unsigned stage = RESPONSE_DETECT; stage <= RESPONSE_CLOSE; stage++) {
        struct play play = play_new((enum response_stage)stage);
        if (stage == RESPONSE_CLOSE) {
            cr_assert(
                play_refuses(&play, severity(&play, RESPONSE_SEV0, 0), RESPONSE_REFUSED_CLOSED));
        } else {
            play_must(&play, severity(&play, RESPONSE_SEV0, 0));
            cr_assert(is_rated(&play, 0, 0));
        }
        play_free(&play);
    }
}

Test(r5, every_change_keeps_old_new_author_and_reason)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play.desk->time_ms += 5000;
    struct desk_order order =
        assessment(&play, RESPONSE_FUNCTIONAL_HIGH, RESPONSE_PRIVACY_BREACH, RESPONSE_EXTENDED);
    order.person = DESK_MANAGER;
    order.command.assess.reason = vg_span_text("customer mail was read");
    play_must(&play, order);
    cr_assert(PLAY_TELLS(
        &play, 1, .kind = RESPONSE_EVENT_ASSESS, .aspect = RESPONSE_ASPECT_SEVERITY, .revision = 2,
        .from = "sev3 p3 (low; none; regular)", .to = "sev1 p0 (high; privacy-breach; extended)",
        .text = "customer mail was read\nrests on E1", .by = DESK_MANAGER));
    order = severity(&play, RESPONSE_SEV2, 5);
    order.person = DESK_BEN;
    play_must(&play, order);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_SEVERITY,
                         .aspect = RESPONSE_ASPECT_SEVERITY, .revision = 3,
                         .from = "sev1 p0 (high; privacy-breach; extended)", .to = "sev2 p4",
                         .text = "as it looks now", .by = DESK_BEN));
    play_must(&play, risk(&play, RESPONSE_RISK_IMMINENT));
    cr_assert(PLAY_TELLS(&play, 2, .kind = RESPONSE_EVENT_SEVERITY,
                         .aspect = RESPONSE_ASPECT_SEVERITY, .revision = 4, .from = "sev2 p4",
                         .to = "sev1 p1", .text = "raised with the risk to customer data (R6)"));
    play_free(&play);
}

Test(r5, the_events_of_every_revision_can_be_found)
{
    static const vg_id whole;
    static const char *const values[] = {"sev3 p3 (low; none; regular)", "sev0 p0", "sev4 p4"};
    struct play play = play_new(RESPONSE_ASSESS);
    struct response_event event;
    play_must(&play, severity(&play, RESPONSE_SEV0, 0));
    play_must(&play, severity(&play, RESPONSE_SEV4, 0));
    for (uint64_t revision = 1; revision <= 3; revision++) {
        cr_assert(response_change_get(&play.desk->machine, &play.desk->genesis.first,
                                      &play.incident, RESPONSE_ASPECT_SEVERITY, &whole, revision,
                                      &event));
        cr_assert(play_says(event.to, values[revision - 1]));
        cr_assert(play_says(event.from, revision > 1 ? values[revision - 2] : ""));
    }
    cr_assert_not(response_change_get(&play.desk->machine, &play.desk->genesis.first,
                                      &play.incident, RESPONSE_ASPECT_SEVERITY, &whole, 4, &event));
    play_free(&play);
}

Test(r5, a_new_assessment_takes_the_place_of_an_override)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, severity(&play, RESPONSE_SEV0, 0));
    cr_assert(play_incident(&play).overridden);
    play_must(&play, assessment(&play, RESPONSE_FUNCTIONAL_LOW, 0, RESPONSE_REGULAR));
    cr_assert(is_rated(&play, 3, 3));
    cr_assert_not(play_incident(&play).overridden);
    play_free(&play);
}

/* ---- R6: risk ----------------------------------------------------------------------------------
 */

Test(r6, risk_is_none_possible_imminent_or_confirmed)
{
    struct play play = play_new(RESPONSE_ASSESS);
    const char *before = NULL;
    uint64_t revision = 0;
    play_do(&play, RESPONSE_OP_OWNER);
    play_must(&play, severity(&play, RESPONSE_SEV0, 0));
    for (const struct response_word *word = response_risks; word->text != NULL; word++) {
        play_must(&play, risk(&play, (uint8_t)word->number));
        cr_assert_eq(play_incident(&play).risk, word->number);
        cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_RISK,
                             .aspect = RESPONSE_ASPECT_DATA_RISK, .revision = ++revision,
                             .from = before, .to = word->text,
                             .text = "the key opens the archive"));
        before = word->text;
    }
    play_free(&play);
}

static const uint8_t risky[] = {RESPONSE_RISK_IMMINENT, RESPONSE_RISK_CONFIRMED};
static const uint8_t harmless[] = {RESPONSE_RISK_NONE, RESPONSE_RISK_POSSIBLE};

Test(r6, imminent_or_confirmed_makes_at_least_sev1_and_p1)
{
    for (size_t i = 0; i < 2; i++) {
        struct play play = play_new(RESPONSE_ASSESS);
        play_must(&play, risk(&play, harmless[i]));
        cr_assert(is_rated(&play, 3, 3));
        play_must(&play, risk(&play, risky[i]));
        cr_assert(is_rated(&play, 1, 1));
        play_free(&play);
    }
}

Test(r6, what_is_worse_already_stays_so)
{
    static const struct {
        uint8_t severity, priority, then_severity, then_priority;
    } cases[] = {{0, 0, 0, 0}, {0, 3, 0, 1}, {1, 0, 1, 0}, {4, 0, 1, 0}, {1, 1, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct play play = play_new(RESPONSE_ASSESS);
        play_do(&play, RESPONSE_OP_OWNER);
        play_must(&play, severity(&play, (uint8_t)(cases[i].severity + 1),
                                  (uint8_t)(cases[i].priority + 1)));
        uint64_t revision = play_revision(&play, RESPONSE_ASPECT_SEVERITY);
        play_must(&play, risk(&play, RESPONSE_RISK_CONFIRMED));
        cr_assert(is_rated(&play, cases[i].then_severity, cases[i].then_priority), "case %zu", i);
        bool same = cases[i].severity == cases[i].then_severity &&
                    cases[i].priority == cases[i].then_priority;
        cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_SEVERITY), revision + !same);
        play_free(&play);
    }
}

Test(r6, an_incident_that_was_never_assessed_becomes_sev1_too)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_must(&play, risk(&play, RESPONSE_RISK_IMMINENT));
    cr_assert(is_rated(&play, 1, 1));
    play_free(&play);
}

Test(r6, there_is_no_downgrade_while_it_lasts)
{
    for (size_t i = 0; i < 2; i++) {
        struct play play = play_new(RESPONSE_ASSESS);
        play_must(&play, risk(&play, risky[i]));
        cr_assert(
            play_refuses(&play, severity(&play, RESPONSE_SEV2, 0), RESPONSE_REFUSED_NO_DOWNGRADE));
        play_must(&play, severity(&play, RESPONSE_SEV0, 0));
        cr_assert(
            play_refuses(&play, severity(&play, RESPONSE_SEV1, 0), RESPONSE_REFUSED_NO_DOWNGRADE));
        cr_assert(play_refuses(&play,
                               assessment(&play, RESPONSE_FUNCTIONAL_LOW, 0, RESPONSE_REGULAR),
                               RESPONSE_REFUSED_NO_DOWNGRADE));
        play_must(&play, severity(&play, RESPONSE_SEV0, 5));
        play_must(&play, risk(&play, harmless[i]));
        play_must(&play, severity(&play, RESPONSE_SEV4, 0));
        play_free(&play);
    }
}

Test(r6, an_assessment_under_risk_stays_at_least_sev1_and_p1)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, risk(&play, RESPONSE_RISK_CONFIRMED));
    play_must(&play, assessment(&play, RESPONSE_FUNCTIONAL_LOW, 0, RESPONSE_REGULAR));
    cr_assert(is_rated(&play, 1, 1));
    cr_assert_not(play_incident(&play).overridden);
    play_free(&play);
}

/* ---- R6: never without an owner ----------------------------------------------------------------
 */

Test(r6, it_is_never_without_an_owner_so_who_says_it_becomes_one)
{
    for (size_t i = 0; i < 2; i++) {
        struct play play = play_new(RESPONSE_ASSESS);
        play_name(&play, DESK_BEN, "Ben");
        play_must(&play, risk(&play, harmless[i]));
        cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_OWNER), 0);
        struct desk_order order = risk(&play, risky[i]);
        order.person = DESK_BEN;
        play_must(&play, order);
        cr_assert(is_owned_by(&play, DESK_BEN));
        cr_assert(PLAY_TELLS(
            &play, 1, .kind = RESPONSE_EVENT_OWNER, .aspect = RESPONSE_ASPECT_OWNER, .revision = 1,
            .to = "Ben", .text = "never without an owner under this risk (R6)", .by = DESK_BEN));
        play_free(&play);
    }
}

Test(r6, an_owner_there_is_stays_owner)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_do(&play, RESPONSE_OP_OWNER);
    struct desk_order order = risk(&play, RESPONSE_RISK_IMMINENT);
    order.person = DESK_BEN;
    play_must(&play, order);
    cr_assert(is_owned_by(&play, DESK_ANN));
    cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_OWNER), 1);
    play_free(&play);
}

Test(r6, an_owner_who_runs_incidents_no_longer_is_none)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_do(&play, RESPONSE_OP_OWNER);
    play_grant(&play, DESK_ANN, 0, RESPONSE_ROLE_RESPONDER);
    struct desk_order order = risk(&play, RESPONSE_RISK_IMMINENT);
    order.person = DESK_BEN;
    play_must(&play, order);
    cr_assert(is_owned_by(&play, DESK_BEN));
    play_free(&play);
}

Test(r6, who_runs_no_incidents_needs_an_owner_first)
{
    for (size_t i = 0; i < 2; i++) {
        struct play play = play_new(RESPONSE_ASSESS);
        struct desk_order order = risk(&play, risky[i]);
        order.person = DESK_PRIVACY;
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_RISK_WITHOUT_OWNER));
        play_do(&play, RESPONSE_OP_OWNER);
        play_must(&play, order);
        cr_assert(is_owned_by(&play, DESK_ANN));
        play_free(&play);
    }
}

Test(r6, whoever_says_that_nothing_is_at_risk_needs_no_owner)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = risk(&play, RESPONSE_RISK_POSSIBLE);
    order.person = DESK_PRIVACY;
    play_must(&play, order);
    cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_OWNER), 0);
    play_free(&play);
}

/* What is closed as not escalated or as a false positive was not worked on. */
Test(r6, nothing_is_dismissed_while_customer_data_is_at_risk)
{
    for (size_t i = 0; i < 2; i++) {
        struct play play = play_new(RESPONSE_ASSESS);
        struct desk_order close = play_order(&play, RESPONSE_OP_STAGE);
        close.command.stage.stage = RESPONSE_CLOSE;
        play_must(&play, risk(&play, risky[i]));
        cr_assert(play_refuses(&play, close, RESPONSE_REFUSED_RISK_OPEN));
        cr_assert(play_contains(vg_span_text(play.refused.error.text),
                                response_word(response_risks, risky[i])));
        play_must(&play, risk(&play, harmless[i]));
        play_must(&play, close);
        play_free(&play);
    }
}

Test(r6, an_attestation_of_before_the_risk_holds_no_longer)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    play_do(&play, RESPONSE_OP_OWNER);
    play_must(&play, severity(&play, RESPONSE_SEV0, 0));
    play_attest_all(&play);
    play_must(&play, risk(&play, RESPONSE_RISK_IMMINENT));
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_ATTEST,
                         .aspect = RESPONSE_ASPECT_CUSTOMER_RISK, .revision = 2, .from = "yes",
                         .to = "no", .text = "lapsed with the risk to customer data (R6)"));
    struct desk_order close = play_order(&play, RESPONSE_OP_STAGE);
    close.command.stage.stage = RESPONSE_CLOSE;
    cr_assert(play_refuses(&play, close, RESPONSE_REFUSED_CUSTOMER_RISK_OPEN));
    play_attest_all(&play);
    play_must(&play, risk(&play, RESPONSE_RISK_CONFIRMED)); /* at risk as before */
    play_must(&play, close);
    play_free(&play);
}

Test(r6, an_owner_is_a_responder_or_incident_manager)
{
    struct play play = play_new(RESPONSE_ASSESS);
    for (int person = 0; person < DESK_PEOPLE; person++) {
        struct desk_order order = play_order(&play, RESPONSE_OP_OWNER);
        bool runs = person == DESK_ANN || person == DESK_BEN || person == DESK_MANAGER;
        order.command.owner.owner = desk_author(play.desk, (enum desk_person)person);
        if (runs) {
            play_must(&play, order);
            cr_assert(is_owned_by(&play, (enum desk_person)person));
        } else {
            cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NOT_AN_OWNER));
        }
    }
    play_free(&play);
}

Test(r6, naming_nobody_as_owner_is_naming_oneself)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_OWNER);
    play_name(&play, DESK_BEN, "Ben");
    order.person = DESK_BEN;
    order.command.owner.reason = vg_span_text("taking over for the night");
    play_must(&play, order);
    cr_assert(is_owned_by(&play, DESK_BEN));
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_OWNER, .aspect = RESPONSE_ASPECT_OWNER,
                         .revision = 1, .to = "Ben", .text = "taking over for the night",
                         .by = DESK_BEN));
    play_free(&play);
}

/* What a rule changes needs nothing expected. */
Test(by_rule, risk_raises_severity_and_names_an_owner_without_an_expectation)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_OWNER);
    play_must(&play, order);
    play_grant(&play, DESK_ANN, 0, RESPONSE_ROLE_RESPONDER);
    order = risk(&play, RESPONSE_RISK_CONFIRMED);
    order.person = DESK_BEN;
    struct response_outcome outcome = desk_send(play.desk, &order);
    cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
    cr_assert_eq(outcome.revision_count, 3);
    cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_SEVERITY), 2);
    cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_OWNER), 2);
    play_free(&play);
}
