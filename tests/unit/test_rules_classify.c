/* SPDX-License-Identifier: Apache-2.0
 * R9 and R10, sentence by sentence: classes, and what a false positive needs. Declaration is in
 * test_rules_declare.c. */
#include <criterion/criterion.h>

#include "tests/lib/play.h"

static struct desk_order classification(const struct play *play, uint8_t class_, uint8_t ground,
                                        const char *policy)
{
    struct desk_order order = play_order(play, RESPONSE_OP_CLASSIFY);
    order.command.classify.class_ = class_;
    order.command.classify.ground = ground;
    order.command.classify.policy = vg_span_text(policy);
    order.command.classify.reason = vg_span_text("as found");
    return order;
}

static struct desk_order false_positive(const struct play *play)
{
    return classification(play, RESPONSE_FALSE_POSITIVE, 0, "");
}

static struct desk_order answer(const struct play *play, uint8_t kind, const char *match,
                                const char *change)
{
    struct desk_order order = play_order(play, RESPONSE_OP_ANSWER);
    order.command.answer.kind = kind;
    order.command.answer.cause = vg_span_text("our own scanner");
    order.command.answer.match = vg_span_text(match);
    order.command.answer.change = vg_span_text(change);
    order.command.answer.owner = desk_author(play->desk, DESK_BEN);
    return order;
}

static struct desk_order closing(const struct play *play)
{
    struct desk_order order = play_order(play, RESPONSE_OP_STAGE);
    order.command.stage.stage = RESPONSE_CLOSE;
    return order;
}

/* The filter of a key, standing or not. */
static bool has_filter(const struct play *play, const char *key, struct response_filter *out)
{
    const struct desk *desk = play->desk;
    for (*out = (struct response_filter){.key = ""};
         response_filter_next(&desk->machine, &desk->genesis.first, out->key, out);) {
        if (strcmp(out->key, key) == 0)
            return true;
    }
    return false;
}

static bool is_filtered(const struct play *play, const char *key)
{
    struct response_filter filter;
    return has_filter(play, key, &filter) && filter.stands;
}

/* Whether a signal of the key is taken out. */
static bool takes_out(const struct play *play, const char *key)
{
    struct desk_order order = desk_detect("beacon", key);
    order.command.detect.source = RESPONSE_SOURCE_AUTOMATED;
    return desk_send(play->desk, &order).filtered;
}

/* ---- R9 ----------------------------------------------------------------------------------------
 */

static const struct {
    uint8_t class_, ground;
    const char *policy;
    const char *words;
} classes[] = {
    {RESPONSE_FALSE_POSITIVE, 0, "", "false-positive"},
    {RESPONSE_SECURITY_EVENT, RESPONSE_ATTEMPT, "", "security-event (attempt)"},
    {RESPONSE_SECURITY_EVENT, RESPONSE_CIRCUMVENTION, "", "security-event (circumvention)"},
    {RESPONSE_SECURITY_EVENT, RESPONSE_DATA_INDICATION, "", "security-event (data-indication)"},
    {RESPONSE_PRIVACY_EVENT, 0, "retention 4.2", "privacy-event (retention 4.2)"},
};

Test(r9, the_classes_that_are_set_by_classification)
{
    struct play play = play_new(RESPONSE_DETECT);
    const char *before = NULL;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        play_must(&play,
                  classification(&play, classes[i].class_, classes[i].ground, classes[i].policy));
        struct response_incident incident = play_incident(&play);
        cr_assert_eq(incident.class_, classes[i].class_);
        cr_assert_eq(incident.ground, classes[i].ground);
        cr_assert_str_eq(incident.policy, classes[i].policy);
        cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_CLASSIFY,
                             .aspect = RESPONSE_ASPECT_CLASSIFICATION, .revision = i + 1,
                             .from = before, .to = classes[i].words,
                             .text = "as found\nrests on E1"),
                  "class %zu", i);
        before = classes[i].words;
    }
    play_free(&play);
}

Test(r9, a_security_event_has_a_ground_and_no_other_class_has)
{
    struct play play = play_new(RESPONSE_ASSESS);
    cr_assert(play_refuses(&play, classification(&play, RESPONSE_SECURITY_EVENT, 0, ""),
                           RESPONSE_REFUSED_GROUND));
    cr_assert(play_refuses(&play,
                           classification(&play, RESPONSE_FALSE_POSITIVE, RESPONSE_ATTEMPT, ""),
                           RESPONSE_REFUSED_GROUND));
    cr_assert(play_refuses(
        &play, classification(&play, RESPONSE_PRIVACY_EVENT, RESPONSE_ATTEMPT, "retention"),
        RESPONSE_REFUSED_GROUND));
    play_free(&play);
}

Test(r9, a_privacy_event_names_the_policy_or_control_and_no_other_class_does)
{
    struct play play = play_new(RESPONSE_ASSESS);
    cr_assert(play_refuses(&play, classification(&play, RESPONSE_PRIVACY_EVENT, 0, ""),
                           RESPONSE_REFUSED_POLICY));
    cr_assert(play_refuses(&play, classification(&play, RESPONSE_FALSE_POSITIVE, 0, "retention"),
                           RESPONSE_REFUSED_POLICY));
    cr_assert(play_refuses(
        &play, classification(&play, RESPONSE_SECURITY_EVENT, RESPONSE_ATTEMPT, "retention"),
        RESPONSE_REFUSED_POLICY));
    play_free(&play);
}

Test(r9, a_change_of_class_cites_evidence_of_the_incident)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = false_positive(&play);
    order.command.classify.evidence.count = 0;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_CLASS_WITHOUT_EVIDENCE));
    order.command.classify.evidence = (struct response_ids){1, {play.incident}};
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_EVIDENCE));
    play_free(&play);
}

Test(r9, each_is_kept_with_its_participants)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = false_positive(&play);
    play_name(&play, DESK_BEN, "Ben");
    play_name(&play, DESK_PRIVACY, "Pia");
    order.command.classify.participants = (struct response_ids){
        2, {desk_author(play.desk, DESK_BEN), desk_author(play.desk, DESK_PRIVACY)}};
    play_must(&play, order);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_CLASSIFY,
                         .aspect = RESPONSE_ASPECT_CLASSIFICATION, .revision = 1,
                         .to = "false-positive", .text = "as found\nrests on E1\nwith Ben, Pia"));
    play_free(&play);
}

Test(r9, participants_are_people_who_are_here)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = false_positive(&play);
    order.command.classify.participants =
        (struct response_ids){2, {desk_author(play.desk, DESK_ANN), play.incident}};
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_PERSON));
    order.command.classify.participants.ids[1] = desk_author(play.desk, DESK_BEN);
    play_expel(&play, DESK_BEN);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_PERSON));
    play_free(&play);
}

/* ---- R10: what a false positive needs ----------------------------------------------------------
 */

Test(r10, a_false_positive_needs_its_answer_before_it_closes)
{
    for (unsigned stage = RESPONSE_ASSESS; stage < RESPONSE_CLOSE; stage++) {
        struct play play = play_new((enum response_stage)stage);
        play_must(&play, false_positive(&play));
        cr_assert(play_refuses(&play, closing(&play), RESPONSE_REFUSED_NOT_ANSWERED));
        play_must(&play, answer(&play, RESPONSE_ANSWER_DETECTOR, "", "ignore scanner-7"));
        play_must(&play, closing(&play));
        cr_assert_eq(play_incident(&play).disposition, RESPONSE_AS_FALSE_POSITIVE);
        play_free(&play);
    }
}

Test(r10, an_answer_has_root_cause_systematic_answer_and_owner)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_name(&play, DESK_BEN, "Ben");
    play_must(&play, false_positive(&play));
    play_must(&play, answer(&play, RESPONSE_ANSWER_FILTER, "scanner-7", ""));
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_ANSWER, .aspect = RESPONSE_ASPECT_ANSWER,
                         .revision = 1, .to = "filter scanner-7",
                         .text = "root cause: our own scanner\nfilter: scanner-7\nowner: Ben"));
    play_must(&play, answer(&play, RESPONSE_ANSWER_DETECTOR, "", "ignore it"));
    cr_assert(PLAY_TELLS(
        &play, 1, .kind = RESPONSE_EVENT_ANSWER, .aspect = RESPONSE_ASPECT_ANSWER, .revision = 2,
        .from = "filter scanner-7", .to = "detector",
        .text = "root cause: our own scanner\nchange to the detector: ignore it\nowner: Ben"));
    play_free(&play);
}

Test(r10, none_of_the_three_may_be_missing)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, false_positive(&play));
    struct desk_order order = answer(&play, RESPONSE_ANSWER_FILTER, "scanner-7", "");
    order.command.answer.cause = vg_span_text("");
    cr_assert(play_misses(&play, order, "root-cause"));
    order = answer(&play, 0, "scanner-7", "");
    cr_assert(play_misses(&play, order, "answer"));
    order = answer(&play, RESPONSE_ANSWER_FILTER, "scanner-7", "");
    order.command.answer.owner = (vg_id){{0}};
    cr_assert(play_misses(&play, order, "owner"));
    order.command.answer.owner = play.incident;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_PERSON));
    play_free(&play);
}

Test(r10, a_filter_names_its_key_and_a_change_says_which)
{
    static const struct {
        uint8_t kind;
        const char *match, *change;
        bool whole;
    } cases[] = {
        {RESPONSE_ANSWER_FILTER, "", "", false},
        {RESPONSE_ANSWER_FILTER, "", "ignore it", false},
        {RESPONSE_ANSWER_FILTER, "scanner-7", "", true},
        {RESPONSE_ANSWER_DETECTOR, "", "", false},
        {RESPONSE_ANSWER_DETECTOR, "scanner-7", "", false},
        {RESPONSE_ANSWER_DETECTOR, "", "ignore it", true},
    };
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, false_positive(&play));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct desk_order order = answer(&play, cases[i].kind, cases[i].match, cases[i].change);
        if (cases[i].whole)
            play_must(&play, order);
        else
            cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_ANSWER_INCOMPLETE), "case %zu",
                      i);
    }
    play_free(&play);
}

Test(r10, only_a_false_positive_has_an_answer)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = answer(&play, RESPONSE_ANSWER_FILTER, "scanner-7", "");
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NOT_FALSE_POSITIVE));
    play_must(&play, classification(&play, RESPONSE_SECURITY_EVENT, RESPONSE_ATTEMPT, ""));
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NOT_FALSE_POSITIVE));
    play_free(&play);
}

/* ---- R10: filters ------------------------------------------------------------------------------
 */

Test(r10, the_filter_stands_from_the_close_to_the_reopening)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct response_filter filter;
    play_must(&play, false_positive(&play));
    play_must(&play, answer(&play, RESPONSE_ANSWER_FILTER, "scanner-7", ""));
    cr_assert_not(is_filtered(&play, "scanner-7"));
    play_must(&play, closing(&play));
    cr_assert(has_filter(&play, "scanner-7", &filter));
    cr_assert(vg_id_equal(&filter.incident, &play.incident));
    play_do(&play, RESPONSE_OP_REOPEN);
    cr_assert_not(is_filtered(&play, "scanner-7"));
    play_must(&play, closing(&play));
    cr_assert(is_filtered(&play, "scanner-7"));
    play_free(&play);
}

Test(r10, a_declaration_that_reopens_takes_the_filter_away)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_filter(&play, "scanner-7");
    cr_assert(is_filtered(&play, "scanner-7"));
    play_do(&play, RESPONSE_OP_DECLARE);
    cr_assert_not(is_filtered(&play, "scanner-7"));
    play_free(&play);
}

Test(r10, a_change_to_the_detector_filters_nothing)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, false_positive(&play));
    play_must(&play, answer(&play, RESPONSE_ANSWER_FILTER, "scanner-7", ""));
    play_must(&play, answer(&play, RESPONSE_ANSWER_DETECTOR, "scanner-7", "ignore it"));
    play_must(&play, closing(&play));
    cr_assert_not(is_filtered(&play, "scanner-7"));
    play_free(&play);
}

Test(r10, an_answered_incident_of_another_class_by_then_filters_nothing)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_must(&play, false_positive(&play));
    play_must(&play, answer(&play, RESPONSE_ANSWER_FILTER, "scanner-7", ""));
    play_must(&play, classification(&play, RESPONSE_SECURITY_EVENT, RESPONSE_ATTEMPT, ""));
    play_must(&play, closing(&play));
    cr_assert_eq(play_incident(&play).disposition, RESPONSE_NOT_ESCALATED);
    cr_assert_not(is_filtered(&play, "scanner-7"));
    play_free(&play);
}

Test(r10, a_key_has_one_filter)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_filter(&play, "scanner-7");
    play_begin(&play, "", RESPONSE_ASSESS);
    play_must(&play, false_positive(&play));
    cr_assert(play_refuses(&play, answer(&play, RESPONSE_ANSWER_FILTER, "scanner-7", ""),
                           RESPONSE_REFUSED_FILTERED_ALREADY));
    play_must(&play, answer(&play, RESPONSE_ANSWER_FILTER, "scanner-8", ""));
    play_must(&play, answer(&play, RESPONSE_ANSWER_DETECTOR, "scanner-7", "ignore it"));
    play_free(&play);
}

Test(r10, a_key_is_the_answers_before_its_incident_closes_too)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct response_filter filter;
    vg_id first = play.incident;
    vg_id cited = play.evidence;
    play_must(&play, false_positive(&play));
    play_must(&play, answer(&play, RESPONSE_ANSWER_FILTER, "scanner-7", ""));
    play_begin(&play, "", RESPONSE_ASSESS);
    vg_id second = play.incident;
    play_must(&play, false_positive(&play));
    struct desk_order late = answer(&play, RESPONSE_ANSWER_FILTER, "scanner-7", "");
    cr_assert(play_refuses(&play, late, RESPONSE_REFUSED_FILTERED_ALREADY));
    play.incident = first;
    play.evidence = cited;
    play_must(&play, classification(&play, RESPONSE_SECURITY_EVENT, RESPONSE_ATTEMPT, ""));
    play.incident = second;
    play_must(&play, late);
    play_must(&play, closing(&play));
    cr_assert(is_filtered(&play, "scanner-7"));
    cr_assert(has_filter(&play, "scanner-7", &filter));
    cr_assert(vg_id_equal(&filter.incident, &second));
    play_free(&play);
}

/* Another incident answers with the same key; what was answered before it is answered no longer. */
Test(r10, a_filter_that_another_answer_has_taken_is_no_answer)
{
    struct play play = play_new(RESPONSE_ASSESS);
    vg_id first = play.incident;
    vg_id cited = play.evidence;
    play_must(&play, false_positive(&play));
    play_must(&play, answer(&play, RESPONSE_ANSWER_FILTER, "scanner-7", ""));
    play_must(&play, classification(&play, RESPONSE_SECURITY_EVENT, RESPONSE_ATTEMPT, ""));
    play_begin(&play, "", RESPONSE_ASSESS);
    play_filter(&play, "scanner-7");
    play.incident = first;
    play.evidence = cited;
    play_must(&play, false_positive(&play));
    cr_assert(play_refuses(&play, closing(&play), RESPONSE_REFUSED_NOT_ANSWERED));
    play_must(&play, answer(&play, RESPONSE_ANSWER_DETECTOR, "", "ignore it"));
    play_must(&play, closing(&play));
    play_free(&play);
}

Test(r3, what_a_filter_took_out_stays_counted_when_the_answer_is_another)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct response_filter filter;
    play_filter(&play, "scanner-7");
    for (int i = 0; i < 3; i++)
        cr_assert(takes_out(&play, "scanner-7"));
    play_do(&play, RESPONSE_OP_REOPEN);
    play_must(&play, answer(&play, RESPONSE_ANSWER_DETECTOR, "", "ignore it"));
    cr_assert(has_filter(&play, "scanner-7", &filter));
    cr_assert_eq(filter.count, 3);
    cr_assert_not(filter.stands);
    play_must(&play, closing(&play));
    cr_assert_not(is_filtered(&play, "scanner-7"));
    play_begin(&play, "", RESPONSE_ASSESS);
    play_filter(&play, "scanner-7");
    cr_assert(takes_out(&play, "scanner-7"));
    cr_assert(has_filter(&play, "scanner-7", &filter));
    cr_assert_eq(filter.count, 4);
    play_free(&play);
}
