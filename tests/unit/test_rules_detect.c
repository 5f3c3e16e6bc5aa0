/* SPDX-License-Identifier: Apache-2.0
 * Detection, sentence by sentence: R1's sources and records, R3's one incident a signal. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "proto/response/fields.h"
#include "tests/lib/play.h"

/* Detects as Ann; the incident, made or joined, becomes the play's. */
static struct response_outcome detect(struct play *play, const char *title, const char *key)
{
    struct desk_order order = desk_detect(title, key);
    struct response_outcome outcome = desk_send(play->desk, &order);
    cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
    play->incident = outcome.id;
    return outcome;
}

static uint32_t incidents(const struct play *play, bool all)
{
    struct response_incident incident = {.id = {{0}}};
    const struct desk *desk = play->desk;
    uint32_t count = 0;
    for (vg_id after = {{0}};
         response_incident_next(&desk->machine, &desk->genesis.first, &after, all, &incident);
         after = incident.id)
        count++;
    return count;
}

/* ---- R1: sources -------------------------------------------------------------------------------
 */

Test(r1, every_incident_records_a_detection_source)
{
    struct play play = play_new(RESPONSE_DETECT);
    for (const struct response_word *source = response_sources; source->text != NULL; source++) {
        struct desk_order order = desk_detect("seen", "");
        char text[64];
        if (source->number == RESPONSE_SOURCE_EXERCISE)
            continue;
        order.command.detect.source = (uint8_t)source->number;
        play.incident = play_must(&play, order);
        cr_assert_eq(play_incident(&play).source, source->number);
        snprintf(text, sizeof text, "%s: seen", source->text);
        cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_DETECT,
                             .aspect = RESPONSE_ASPECT_DETECTION, .revision = 1, .to = "cia c",
                             .text = text));
    }
    play_free(&play);
}

Test(r1, no_incident_is_without_a_source)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = desk_detect("seen", "");
    order.command.detect.source = 0;
    cr_assert(play_misses(&play, order, "source"));
    order = desk_import("A", "{}");
    order.command.import.source = 0;
    cr_assert(play_misses(&play, order, "source"));
    play_free(&play);
}

Test(r1, automated_has_sub_kinds_and_no_other_source_has)
{
    struct play play = play_new(RESPONSE_DETECT);
    for (uint8_t source = 1; source <= RESPONSE_SOURCE_UNKNOWN; source++) {
        for (uint8_t sub = RESPONSE_SUB_ANTIMALWARE; sub <= RESPONSE_SUB_OTHER; sub++) {
            struct desk_order orders[] = {desk_detect("seen", ""), desk_import("A", "{}")};
            orders[0].command.detect.source = orders[1].command.import.source = source;
            orders[0].command.detect.subsource = orders[1].command.import.subsource = sub;
            if (source == RESPONSE_SOURCE_AUTOMATED) {
                play.incident = play_must(&play, orders[0]);
                cr_assert_eq(play_incident(&play).subsource, sub);
            } else if (source != RESPONSE_SOURCE_EXERCISE) {
                for (size_t i = 0; i < 2; i++)
                    cr_assert(play_refuses(&play, orders[i], RESPONSE_REFUSED_STRAY_SUBSOURCE));
            }
        }
    }
    play_free(&play);
}

Test(r1, a_sub_kind_is_told_with_its_source)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = desk_detect("beacon", "");
    order.command.detect.source = RESPONSE_SOURCE_AUTOMATED;
    order.command.detect.subsource = RESPONSE_SUB_IDS;
    order.command.detect.detail = vg_span_text("to 203.0.113.9\nevery minute");
    play.incident = play_must(&play, order);
    cr_assert(play_says(play_event(&play, 1).text,
                        "automated/ids: beacon\nto 203.0.113.9\nevery minute"));
    play_free(&play);
}

/* ---- R1: what is in question, product, times ---------------------------------------------------
 */

Test(r1, what_is_in_question_and_the_product_line_are_recorded)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = desk_detect("mail is odd", "");
    order.command.detect.cia = RESPONSE_CONFIDENTIALITY | RESPONSE_AVAILABILITY;
    order.command.detect.product = vg_span_text("mail");
    order.command.detect.happened_at = play.desk->time_ms - 1000;
    play.incident = play_must(&play, order);
    struct response_incident incident = play_incident(&play);
    cr_assert_eq(incident.cia, RESPONSE_CONFIDENTIALITY | RESPONSE_AVAILABILITY);
    cr_assert_str_eq(incident.product, "mail");
    cr_assert_str_eq(incident.title, "mail is odd");
    cr_assert_eq(incident.stage, RESPONSE_DETECT);
    play_free(&play);
}

Test(r1, what_happened_was_received_and_was_committed_are_three_times)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = desk_detect("seen", "");
    uint64_t now = play.desk->time_ms;
    order.command.detect.happened_at = now - 60000;
    order.request = desk_request(play.desk, now - 700);
    play.incident = play_must(&play, order);
    struct response_incident incident = play_incident(&play);
    struct response_event event = play_event(&play, 1);
    cr_assert_eq(incident.happened_at, now - 60000);
    cr_assert_eq(incident.created_at, now);
    cr_assert_eq(event.happened_at, now - 60000);
    cr_assert_eq(event.received_at, now - 700);
    cr_assert_eq(event.time_ms, now);
    play_free(&play);
}

Test(r1, what_is_in_question_may_stay_open_at_detection)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = desk_detect("unclear", "");
    order.command.detect.cia = 0;
    play.incident = play_must(&play, order);
    cr_assert_eq(play_incident(&play).cia, 0);
    cr_assert(play_says(play_event(&play, 1).to, "cia -"));
    play_move(&play, RESPONSE_ASSESS);
    play_free(&play);
}

/* An incident in assess that lacks nothing but what is in question. */
static struct play unclear(void)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = desk_detect("unclear", "");
    order.command.detect.cia = 0;
    play.incident = play_must(&play, order);
    play.evidence = play_do(&play, RESPONSE_OP_EVIDENCE);
    play_move(&play, RESPONSE_ASSESS);
    order = play_order(&play, RESPONSE_OP_ASSESS);
    order.command.assess.responsibility = RESPONSE_PROVIDER;
    play_must(&play, order);
    return play;
}

static const uint8_t out_of_assess[] = {RESPONSE_DIAGNOSE, RESPONSE_CLOSE};

Test(r1, what_is_in_question_is_settled_before_leaving_assess)
{
    struct play play = unclear();
    for (size_t i = 0; i < 2; i++) {
        struct desk_order order = play_order(&play, RESPONSE_OP_STAGE);
        order.command.stage.stage = out_of_assess[i];
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_CIA_OPEN));
    }
    play_free(&play);
}

Test(r1, it_is_settled_with_the_stage)
{
    for (size_t i = 0; i < 2; i++) {
        struct play play = unclear();
        struct desk_order order = play_order(&play, RESPONSE_OP_STAGE);
        order.command.stage.stage = out_of_assess[i];
        order.command.stage.cia = RESPONSE_INTEGRITY;
        play_must(&play, order);
        cr_assert_eq(play_incident(&play).cia, RESPONSE_INTEGRITY);
        cr_assert_eq(play_incident(&play).stage, out_of_assess[i]);
        cr_assert(PLAY_TELLS(
            &play, 2, .kind = RESPONSE_EVENT_SETTLE, .aspect = RESPONSE_ASPECT_DETECTION,
            .revision = 3, .from = "cia -, product build-farm", .to = "cia i, product build-farm"));
        play_free(&play);
    }
}

Test(r1, it_is_settled_with_an_assessment_and_so_is_the_product_line)
{
    struct play play = unclear();
    struct desk_order order = play_order(&play, RESPONSE_OP_ASSESS);
    order.command.assess.cia = RESPONSE_AVAILABILITY;
    order.command.assess.product = vg_span_text("mail");
    play_must(&play, order);
    cr_assert_eq(play_incident(&play).cia, RESPONSE_AVAILABILITY);
    cr_assert_str_eq(play_incident(&play).product, "mail");
    cr_assert_eq(play_event(&play, 1).kind, RESPONSE_EVENT_SETTLE);
    play_move(&play, RESPONSE_DIAGNOSE);
    play_free(&play);
}

/* ---- R1: records from elsewhere ----------------------------------------------------------------
 */

static struct play imported(void)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = desk_import("A-1", "{}");
    order.command.import.classification = RESPONSE_PRIVACY_INCIDENT;
    order.command.import.records = 4711;
    play.incident = play_must(&play, order);
    return play;
}

Test(r1, records_brought_in_are_historical_and_their_class_is_a_claim)
{
    struct play play = imported();
    struct response_incident incident = play_incident(&play);
    cr_assert(incident.historical);
    cr_assert_eq(incident.class_, RESPONSE_PRIVACY_INCIDENT);
    cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_CLASSIFICATION), 0, "nobody classified it");
    cr_assert_eq(play_revision(&play, RESPONSE_ASPECT_DECLARATION), 0, "nobody declared it");
    cr_assert_eq(incident.severity, 0);
    cr_assert_eq(incident.records, 4711);
    play_free(&play);
}

Test(r1, historical_records_start_no_clock)
{
    struct play play = imported();
    struct response_incident incident = play_incident(&play);
    cr_assert_eq(incident.declared_at, 0);
    cr_assert_eq(incident.assessed_at, 0);
    cr_assert_eq(incident.contained_at, 0);
    cr_assert_eq(incident.stabilized_at, 0);
    cr_assert_eq(incident.closed_at, 0);
    cr_assert_eq(incident.stage, RESPONSE_CLOSE);
    cr_assert_eq(incident.disposition, 0);
    play_free(&play);
}

Test(r1, historical_records_take_notes_links_evidence_and_custody)
{
    struct play play = imported();
    struct desk_order detection = desk_detect("now", "");
    struct desk_order link = play_order(&play, RESPONSE_OP_LINK);
    link.command.link.other = desk_send(play.desk, &detection).id;
    play_must(&play, link);
    play.evidence = play_do(&play, RESPONSE_OP_EVIDENCE);
    play_do(&play, RESPONSE_OP_CUSTODY);
    play_do(&play, RESPONSE_OP_NOTE);
    cr_assert_eq(play_incident(&play).links, 1);
    cr_assert_eq(play_incident(&play).evidence, 1);
    cr_assert_eq(play_incident(&play).events, 5);
    play_free(&play);
}

static bool is_taken_on_record(enum response_op op)
{
    return op == RESPONSE_OP_NOTE || op == RESPONSE_OP_LINK || op == RESPONSE_OP_EVIDENCE ||
           op == RESPONSE_OP_CUSTODY;
}

/* But moving a task or step, of which it never has one, and withdrawing, which takes two. */
static bool may_be_tried_alone(enum response_op op)
{
    uint32_t count;
    return response_fields(op, &count)[0].of == RESPONSE_OF_INCIDENT &&
           op != RESPONSE_OP_TASK_MOVE && op != RESPONSE_OP_STEP_MOVE && op != RESPONSE_OP_WITHDRAW;
}

Test(r1, historical_records_take_nothing_else)
{
    struct play play = imported();
    uint32_t refused = 0;
    play.evidence = play_do(&play, RESPONSE_OP_EVIDENCE);
    for (enum response_op op = response_op_after(0); op != 0; op = response_op_after(op)) {
        if (!may_be_tried_alone(op) || is_taken_on_record(op))
            continue;
        cr_assert(play_refuses(&play, play_order(&play, op), RESPONSE_REFUSED_HISTORICAL), "%s",
                  response_op_name(op));
        refused++;
    }
    cr_assert_gt(refused, 0);
    struct desk_order withdraw = play_order(&play, RESPONSE_OP_WITHDRAW);
    cr_assert(play_refuses(&play, play_proposing(&play, DESK_LEGAL, &withdraw.command),
                           RESPONSE_REFUSED_HISTORICAL));
    play_free(&play);
}

/* ---- R3 ----------------------------------------------------------------------------------------
 */

Test(r3, a_known_key_joins_the_open_incident_and_raises_its_count)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_outcome first = detect(&play, "one", "ids:1");
    uint32_t before = incidents(&play, true);
    struct response_outcome second = detect(&play, "two", "ids:1");
    cr_assert_not(first.joined);
    cr_assert(second.joined);
    cr_assert_eq(play_incident(&play).count, 2);
    cr_assert_str_eq(play_incident(&play).title, "one");
    cr_assert_eq(incidents(&play, true), before);
    play_free(&play);
}

Test(r3, the_answer_carries_the_joined_incidents_id)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_outcome first = detect(&play, "one", "ids:1");
    struct response_outcome second = detect(&play, "two", "ids:1");
    cr_assert(vg_id_equal(&second.id, &first.id));
    cr_assert_not(vg_id_equal(&second.request, &first.request));
    play_free(&play);
}

Test(r3, a_persons_detection_is_its_own_entry_and_joins_when_it_is_applied)
{
    struct play play = play_new(RESPONSE_DETECT);
    detect(&play, "one", "ids:1");
    struct desk_order order = desk_detect("two", "ids:1");
    order.person = DESK_BEN;
    order.command.detect.detail = vg_span_text("seen on host 7");
    order.command.detect.happened_at = 77;
    struct response_outcome outcome = desk_send(play.desk, &order);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_JOIN, .aspect = RESPONSE_ASPECT_SIGNALS,
                         .revision = 1, .to = "count 2",
                         .text = "operator: two\ncia c\nseen on host 7", .by = DESK_BEN));
    cr_assert_eq(play_event(&play, 1).index, outcome.index);
    cr_assert_eq(play_event(&play, 1).happened_at, 77);
    play_free(&play);
}

Test(r3, detections_without_a_key_are_incidents_of_their_own)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_outcome first = detect(&play, "same words", "");
    struct response_outcome second = detect(&play, "same words", "");
    cr_assert_not(second.joined);
    cr_assert_not(vg_id_equal(&first.id, &second.id));
    play_free(&play);
}

Test(r3, detections_join_at_every_open_stage)
{
    for (uint8_t stage = RESPONSE_DETECT; stage < RESPONSE_CLOSE; stage++) {
        struct play play = play_new(RESPONSE_DETECT);
        play_begin(&play, "ids:1", (enum response_stage)stage);
        cr_assert(detect(&play, "again", "ids:1").joined);
        cr_assert_eq(play_incident(&play).count, 2);
        cr_assert_eq(play_incident(&play).stage, stage, "joining moves nothing");
        play_free(&play);
    }
}

Test(r3, a_late_signal_opens_a_new_incident_linked_to_the_closed_one)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_begin(&play, "ids:1", RESPONSE_CLOSE);
    struct response_incident closed = play_incident(&play);
    struct response_outcome late = detect(&play, "late", "ids:1");
    cr_assert_not(late.joined);
    cr_assert(vg_id_equal(&late.id, &late.request));
    struct response_incident incident = play_incident(&play);
    cr_assert(vg_id_equal(&incident.linked, &closed.id));
    cr_assert_eq(incident.stage, RESPONSE_DETECT);
    cr_assert_eq(incident.count, 1);
    struct response_incident after = desk_incident(play.desk, &closed.id);
    cr_assert_eq(after.count, closed.count);
    cr_assert_eq(after.events, closed.events);
    cr_assert_eq(after.stage, RESPONSE_CLOSE);
    play_free(&play);
}

Test(r3, what_comes_after_a_late_signal_joins_the_new_incident)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_begin(&play, "ids:1", RESPONSE_CLOSE);
    struct response_outcome late = detect(&play, "late", "ids:1");
    struct response_outcome next = detect(&play, "next", "ids:1");
    cr_assert(next.joined);
    cr_assert(vg_id_equal(&next.id, &late.id));
    play_free(&play);
}

Test(r3, a_first_signal_is_linked_to_nothing)
{
    struct play play = play_new(RESPONSE_DETECT);
    detect(&play, "one", "ids:1");
    struct response_incident incident = play_incident(&play);
    cr_assert(vg_id_is_zero(&incident.linked));
    play_free(&play);
}

Test(r3, keys_are_compared_whole)
{
    struct play play = play_new(RESPONSE_DETECT);
    static const char *const keys[] = {"a", "ab", "b", "A", "a "};
    for (size_t i = 0; i < 5; i++)
        cr_assert_not(detect(&play, "one", keys[i]).joined, "%s", keys[i]);
    for (size_t i = 0; i < 5; i++)
        cr_assert(detect(&play, "two", keys[i]).joined, "%s", keys[i]);
    play_free(&play);
}

/* ---- R3, R10: filtered signals -----------------------------------------------------------------
 */

static struct response_filter filter_of(const struct play *play)
{
    struct response_filter filter;
    bool found =
        response_filter_next(&play->desk->machine, &play->desk->genesis.first, "", &filter);
    cr_assert(found);
    return filter;
}

static struct response_outcome signal(struct play *play, const char *key, uint8_t source)
{
    struct desk_order order = desk_detect("again", key);
    order.person = DESK_INTEGRATION;
    order.command.detect.source = source;
    return desk_send(play->desk, &order);
}

Test(r3, filtered_signals_are_counted_and_make_nothing)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_filter(&play, "scanner-7");
    cr_assert_eq(filter_of(&play).count, 0);
    struct response_incident before = play_incident(&play);
    uint32_t count = incidents(&play, true);
    for (uint64_t i = 1; i <= 3; i++) {
        play.desk->time_ms += 1000;
        struct response_outcome outcome = signal(&play, "scanner-7", RESPONSE_SOURCE_AUTOMATED);
        cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
        cr_assert(outcome.filtered);
        cr_assert_not(outcome.joined);
        cr_assert(vg_id_equal(&outcome.id, &play.incident));
        cr_assert_eq(filter_of(&play).count, i);
        cr_assert_eq(filter_of(&play).last_at, play.desk->time_ms);
    }
    cr_assert_eq(incidents(&play, true), count);
    cr_assert_eq(play_incident(&play).events, before.events);
    play_free(&play);
}

Test(r3, only_what_is_automated_is_filtered)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_filter(&play, "scanner-7");
    for (uint8_t source = RESPONSE_SOURCE_FIRST_PARTY; source <= RESPONSE_SOURCE_UNKNOWN;
         source++) {
        if (source == RESPONSE_SOURCE_EXERCISE)
            continue;
        struct response_outcome outcome = signal(&play, "scanner-7", source);
        cr_assert_eq(outcome.error.code, VG_OK);
        cr_assert_not(outcome.filtered);
    }
    cr_assert_eq(filter_of(&play).count, 0);
    play_free(&play);
}

Test(r3, a_filter_takes_out_its_own_key_alone)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_filter(&play, "scanner-7");
    cr_assert_not(signal(&play, "scanner-77", RESPONSE_SOURCE_AUTOMATED).filtered);
    cr_assert_not(signal(&play, "", RESPONSE_SOURCE_AUTOMATED).filtered);
    cr_assert_eq(filter_of(&play).count, 0);
    play_free(&play);
}

/* What is open is joined, filter or not: a filter may name another key than its own incident's. */
Test(r3, a_signal_of_an_open_incident_is_not_filtered)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_filter(&play, "scanner-7");
    vg_id open = detect(&play, "a person says so", "scanner-7").id;
    struct response_outcome outcome = signal(&play, "scanner-7", RESPONSE_SOURCE_AUTOMATED);
    cr_assert(outcome.joined);
    cr_assert_not(outcome.filtered);
    cr_assert(vg_id_equal(&outcome.id, &open));
    play_free(&play);
}

/* ---- open work ---------------------------------------------------------------------------------
 */

Test(open_work, is_what_is_neither_closed_nor_historical_in_id_order)
{
    static const char *const keys[] = {"A", "B", "C"};
    static const uint8_t stages[] = {RESPONSE_ASSESS, RESPONSE_STABILIZE, RESPONSE_DETECT};
    struct play play = play_new(RESPONSE_CLOSE);
    vg_id open[3];
    for (size_t i = 0; i < 3; i++) {
        play.desk->time_ms += 10;
        play_must(&play, desk_import(keys[i], "{}"));
        play_begin(&play, "", RESPONSE_CLOSE);
        play_begin(&play, "", (enum response_stage)stages[i]);
        open[i] = play.incident;
    }
    vg_id after = {{0}};
    struct response_incident incident;
    for (size_t i = 0; i < 3; i++) {
        cr_assert(response_incident_next(&play.desk->machine, &play.desk->genesis.first, &after,
                                         false, &incident));
        cr_assert(vg_id_equal(&incident.id, &open[i]), "open %zu", i);
        after = incident.id;
    }
    cr_assert_eq(incidents(&play, false), 3);
    cr_assert_eq(incidents(&play, true), 10);
    play_free(&play);
}
