/* SPDX-License-Identifier: Apache-2.0
 * R1, R3 and R13 of the response process, sentence by sentence. */
#include <criterion/criterion.h>

#include "tests/lib/desk.h"

static const char *const all_stages[] = {"detect", "assess", "diagnose", "stabilize", "close"};

static struct response_outcome detect(struct desk *desk, const char *title, const char *key)
{
    struct desk_order order = desk_detect(title, key);
    return desk_send(desk, &order);
}

/* Sends a stage with the expectation the incident has now. */
static struct response_outcome move(struct desk *desk, const vg_id *id, uint8_t stage)
{
    struct response_incident incident = desk_incident(desk, id);
    uint64_t revision = 0;
    for (uint32_t i = 0; i < incident.revision_count; i++) {
        if (incident.revisions[i].aspect == RESPONSE_ASPECT_STAGE)
            revision = incident.revisions[i].revision;
    }
    struct desk_order order = desk_stage(id, stage, revision);
    return desk_send(desk, &order);
}

static void assert_refused(const struct response_outcome *outcome, const char *rule,
                           const char *says)
{
    cr_assert_eq(outcome->error.code, VG_RULE, "%s", outcome->error.text);
    cr_assert_str_eq(outcome->error.rule, rule);
    cr_assert_not_null(strstr(outcome->error.text, says), "%s", outcome->error.text);
}

static struct response_event last_event(const struct desk *desk, const vg_id *id)
{
    struct response_event event = {0};
    uint64_t sequence = desk_incident(desk, id).events;
    cr_assert(response_event_get(&desk->machine, &desk->genesis.first, id, sequence, &event));
    cr_assert_not(
        response_event_get(&desk->machine, &desk->genesis.first, id, sequence + 1, &event));
    return event;
}

/* ---- R1 ----------------------------------------------------------------------------------------
 */

Test(r1, every_incident_records_a_detection_source)
{
    struct desk *desk = desk_new();
    for (uint8_t source = 1; source <= RESPONSE_SOURCE_UNKNOWN; source++) {
        struct desk_order order = desk_detect("seen", "");
        order.command.detect.source = source;
        struct response_outcome outcome = desk_send(desk, &order);
        if (source == RESPONSE_SOURCE_EXERCISE)
            continue;
        cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
        cr_assert_eq(desk_incident(desk, &outcome.id).source, source);
    }
    desk_free(desk);
}

Test(r1, automated_has_sub_kinds_and_no_other_source_has)
{
    struct desk *desk = desk_new();
    for (uint8_t source = 1; source <= RESPONSE_SOURCE_UNKNOWN; source++) {
        for (uint8_t sub = 1; sub <= RESPONSE_SUB_OTHER; sub++) {
            struct desk_order order = desk_detect("seen", "");
            order.command.detect.source = source;
            order.command.detect.subsource = sub;
            struct response_outcome outcome = desk_send(desk, &order);
            if (source == RESPONSE_SOURCE_AUTOMATED) {
                cr_assert_eq(outcome.error.code, VG_OK);
                cr_assert_eq(desk_incident(desk, &outcome.id).subsource, sub);
            } else if (source != RESPONSE_SOURCE_EXERCISE) {
                assert_refused(&outcome, "R1", "only the source automated has sub-kinds");
            }
        }
    }
    desk_free(desk);
}

Test(r1, what_is_in_question_and_the_product_line_are_recorded)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_detect("mail is odd", "");
    order.command.detect.cia = RESPONSE_CONFIDENTIALITY | RESPONSE_AVAILABILITY;
    order.command.detect.product = vg_span_text("mail");
    order.command.detect.happened_at = desk->time_ms - 1000;
    struct response_outcome outcome = desk_send(desk, &order);
    struct response_incident incident = desk_incident(desk, &outcome.id);
    cr_assert_eq(incident.cia, RESPONSE_CONFIDENTIALITY | RESPONSE_AVAILABILITY);
    cr_assert_str_eq(incident.product, "mail");
    cr_assert_str_eq(incident.title, "mail is odd");
    cr_assert_eq(incident.happened_at, desk->time_ms - 1000);
    cr_assert_eq(incident.created_at, desk->time_ms);
    cr_assert_eq(incident.stage, RESPONSE_DETECT);
    desk_free(desk);
}

Test(r1, what_is_in_question_is_settled_before_leaving_assess)
{
    static const uint8_t out_of_assess[] = {RESPONSE_DIAGNOSE, RESPONSE_CLOSE};
    for (size_t i = 0; i < 2; i++) {
        struct desk *desk = desk_new();
        struct desk_order order = desk_detect("unclear", "");
        order.command.detect.cia = 0;
        vg_id id = desk_send(desk, &order).id;
        cr_assert_eq(move(desk, &id, RESPONSE_ASSESS).error.code, VG_OK);
        struct response_outcome outcome = move(desk, &id, out_of_assess[i]);
        assert_refused(&outcome, "R1", "--cia");
        order = desk_stage(&id, out_of_assess[i], 2);
        order.command.stage.cia = RESPONSE_INTEGRITY;
        cr_assert_eq(desk_send(desk, &order).error.code, VG_OK);
        cr_assert_eq(desk_incident(desk, &id).cia, RESPONSE_INTEGRITY);
        desk_free(desk);
    }
}

Test(r1, records_from_elsewhere_are_historical_and_no_open_work)
{
    struct desk *desk = desk_new();
    struct response_incident incident;
    static const vg_id start;
    struct desk_order order = desk_import("A-1", "{}");
    order.command.import.classification = vg_span_text("privacy-incident");
    vg_id id = desk_send(desk, &order).id;
    incident = desk_incident(desk, &id);
    cr_assert(incident.historical);
    cr_assert_str_eq(incident.classification, "privacy-incident");
    cr_assert_not(
        response_incident_next(&desk->machine, &desk->genesis.first, &start, false, &incident));
    cr_assert(
        response_incident_next(&desk->machine, &desk->genesis.first, &start, true, &incident));
    cr_assert(vg_id_equal(&incident.id, &id));
    desk_free(desk);
}

Test(r2, exercises_are_refused_until_they_are_built)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_detect("red team", "");
    order.command.detect.source = RESPONSE_SOURCE_EXERCISE;
    struct response_outcome outcome = desk_send(desk, &order);
    assert_refused(&outcome, "R2", "exercises come with R2");
    order = desk_import("A-1", "{}");
    order.command.import.source = RESPONSE_SOURCE_EXERCISE;
    outcome = desk_send(desk, &order);
    assert_refused(&outcome, "R2", "exercises come with R2");
    desk_free(desk);
}

/* ---- R3 ----------------------------------------------------------------------------------------
 */

Test(r3, a_known_key_joins_the_open_incident_and_raises_its_count)
{
    struct desk *desk = desk_new();
    struct response_outcome first = detect(desk, "one", "ids:1");
    struct response_outcome second = detect(desk, "two", "ids:1");
    cr_assert_not(first.joined);
    cr_assert(second.joined);
    cr_assert_eq(desk_incident(desk, &first.id).count, 2);
    cr_assert_str_eq(desk_incident(desk, &first.id).title, "one");
    desk_free(desk);
}

Test(r3, the_answer_carries_the_joined_incidents_id)
{
    struct desk *desk = desk_new();
    struct response_outcome first = detect(desk, "one", "ids:1");
    struct response_outcome second = detect(desk, "two", "ids:1");
    struct response_incident none;
    cr_assert(vg_id_equal(&second.id, &first.id));
    cr_assert_not(vg_id_equal(&second.request, &first.request));
    cr_assert_eq(
        response_incident_get(&desk->machine, &desk->genesis.first, &second.request, &none),
        VG_NOT_FOUND);
    desk_free(desk);
}

Test(r3, a_joined_detection_is_its_own_entry_in_the_timeline)
{
    struct desk *desk = desk_new();
    struct response_outcome first = detect(desk, "one", "ids:1");
    struct desk_order order = desk_detect("two", "ids:1");
    order.person = DESK_BEN;
    order.command.detect.detail = vg_span_text("seen on host 7");
    struct response_outcome second = desk_send(desk, &order);
    struct response_event event = last_event(desk, &first.id);
    cr_assert_str_eq(event.kind, "join");
    cr_assert_eq(event.index, second.index);
    cr_assert(vg_id_equal(&event.author, &desk->genesis.people[DESK_BEN].id));
    cr_assert(vg_span_equal(event.text, vg_span_text("operator: two\nseen on host 7")));
    desk_free(desk);
}

Test(r3, detections_without_a_key_are_incidents_of_their_own)
{
    struct desk *desk = desk_new();
    struct response_outcome first = detect(desk, "same words", "");
    struct response_outcome second = detect(desk, "same words", "");
    cr_assert_not(second.joined);
    cr_assert_not(vg_id_equal(&first.id, &second.id));
    desk_free(desk);
}

Test(r3, detections_join_at_every_open_stage)
{
    struct desk *desk = desk_new();
    struct response_outcome first = detect(desk, "one", "ids:1");
    static const uint8_t way[] = {RESPONSE_ASSESS, RESPONSE_DIAGNOSE, RESPONSE_STABILIZE};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(move(desk, &first.id, way[i]).error.code, VG_OK);
        cr_assert(detect(desk, "again", "ids:1").joined);
        cr_assert_eq(desk_incident(desk, &first.id).count, i + 2);
    }
    desk_free(desk);
}

Test(r3, a_late_signal_opens_a_new_incident_linked_to_the_closed_one)
{
    struct desk *desk = desk_new();
    struct response_outcome first = detect(desk, "one", "ids:1");
    move(desk, &first.id, RESPONSE_ASSESS);
    move(desk, &first.id, RESPONSE_CLOSE);
    struct response_outcome late = detect(desk, "late", "ids:1");
    cr_assert_eq(late.error.code, VG_OK);
    cr_assert_not(late.joined);
    cr_assert(vg_id_equal(&late.id, &late.request));
    struct response_incident incident = desk_incident(desk, &late.id);
    cr_assert(vg_id_equal(&incident.linked, &first.id));
    cr_assert_eq(incident.stage, RESPONSE_DETECT);
    cr_assert_eq(desk_incident(desk, &first.id).count, 1);
    struct response_outcome next = detect(desk, "next", "ids:1");
    cr_assert(next.joined);
    cr_assert(vg_id_equal(&next.id, &late.id));
    desk_free(desk);
}

Test(r3, keys_are_compared_whole)
{
    struct desk *desk = desk_new();
    static const char *const keys[] = {"a", "ab", "b", "A", "a "};
    for (size_t i = 0; i < 5; i++)
        cr_assert_not(detect(desk, "one", keys[i]).joined, "%s", keys[i]);
    for (size_t i = 0; i < 5; i++)
        cr_assert(detect(desk, "two", keys[i]).joined, "%s", keys[i]);
    desk_free(desk);
}

/* ---- R13 ---------------------------------------------------------------------------------------
 */

/* The shortest way to each stage. */
static const uint8_t ways[][4] = {
    [RESPONSE_DETECT] = {0},
    [RESPONSE_ASSESS] = {RESPONSE_ASSESS},
    [RESPONSE_DIAGNOSE] = {RESPONSE_ASSESS, RESPONSE_DIAGNOSE},
    [RESPONSE_STABILIZE] = {RESPONSE_ASSESS, RESPONSE_DIAGNOSE, RESPONSE_STABILIZE},
    [RESPONSE_CLOSE] = {RESPONSE_ASSESS, RESPONSE_CLOSE},
};

static vg_id incident_at(struct desk *desk, uint8_t stage)
{
    vg_id id = detect(desk, "seen", "").id;
    for (size_t i = 0; i < 4 && ways[stage][i] != 0; i++)
        cr_assert_eq(move(desk, &id, ways[stage][i]).error.code, VG_OK);
    cr_assert_eq(desk_incident(desk, &id).stage, stage);
    return id;
}

/* R13 word for word: rows from, columns to. */
static const bool allowed[5][5] = {
    /* detect */ {false, true, false, false, false},
    /* assess */ {false, false, true, false, true},
    /* diagnose */ {false, false, false, true, true},
    /* stabilize */ {false, false, true, false, true},
    /* close */ {false, false, false, false, false},
};

Test(r13, forward_edges_and_no_others)
{
    struct desk *desk = desk_new();
    for (uint8_t from = 1; from <= 5; from++) {
        for (uint8_t to = 1; to <= 5; to++) {
            vg_id id = incident_at(desk, from);
            struct response_outcome outcome = move(desk, &id, to);
            bool ok = allowed[from - 1][to - 1];
            cr_assert_eq(outcome.error.code, ok ? VG_OK : VG_RULE, "%s to %s: %s",
                         all_stages[from - 1], all_stages[to - 1], outcome.error.text);
            cr_assert_eq(desk_incident(desk, &id).stage, ok ? to : from);
            if (!ok)
                cr_assert_str_eq(outcome.error.rule, "R13");
        }
    }
    desk_free(desk);
}

Test(r13, refusals_name_the_next_stages)
{
    struct desk *desk = desk_new();
    static const char *const says[] = {
        "from detect the next stage is assess, not close",
        "from assess the next stage is diagnose or close, not detect",
        "from diagnose the next stage is stabilize or close, not detect",
        "from stabilize the next stage is close or diagnose, not detect",
        "the only way back is reopening (R27)",
    };
    for (uint8_t from = 1; from <= 5; from++) {
        vg_id id = incident_at(desk, from);
        struct response_outcome outcome =
            move(desk, &id, from == RESPONSE_DETECT ? RESPONSE_CLOSE : RESPONSE_DETECT);
        assert_refused(&outcome, "R13", says[from - 1]);
    }
    desk_free(desk);
}

Test(r13, diagnose_and_stabilize_alternate_without_limit)
{
    struct desk *desk = desk_new();
    vg_id id = incident_at(desk, RESPONSE_DIAGNOSE);
    for (int i = 0; i < 200; i++)
        cr_assert_eq(
            move(desk, &id, i % 2 == 0 ? RESPONSE_STABILIZE : RESPONSE_DIAGNOSE).error.code, VG_OK);
    cr_assert_eq(move(desk, &id, RESPONSE_CLOSE).error.code, VG_OK);
    desk_free(desk);
}

Test(r13, every_transition_keeps_who_when_why)
{
    struct desk *desk = desk_new();
    vg_id id = detect(desk, "seen", "").id;
    desk->time_ms += 5000;
    struct desk_order order = desk_stage(&id, RESPONSE_ASSESS, 1);
    order.person = DESK_BEN;
    order.request = desk_request(desk, desk->time_ms - 700);
    order.command.stage.cia = RESPONSE_CONFIDENTIALITY;
    order.command.stage.reason = vg_span_text("it is real");
    struct response_outcome outcome = desk_send(desk, &order);
    struct response_event event = last_event(desk, &id);
    cr_assert_str_eq(event.kind, "stage");
    cr_assert(vg_id_equal(&event.author, &desk->genesis.people[DESK_BEN].id));
    cr_assert_eq(event.time_ms, desk->time_ms);
    cr_assert_eq(event.received_at, desk->time_ms - 700);
    cr_assert_eq(event.index, outcome.index);
    cr_assert(vg_span_equal(event.text, vg_span_text("detect to assess (cia c): it is real")));
    cr_assert_eq(desk_incident(desk, &id).updated_at, desk->time_ms);
    desk_free(desk);
}

Test(r13, a_historical_record_has_no_stages)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_import("A-1", "{}");
    vg_id id = desk_send(desk, &order).id;
    for (uint8_t to = 1; to <= 5; to++) {
        struct response_outcome outcome = move(desk, &id, to);
        assert_refused(&outcome, "R13", "historical");
    }
    desk_free(desk);
}

Test(r13, refused_commands_change_nothing_but_the_request_table)
{
    struct desk *desk = desk_new();
    vg_id id = incident_at(desk, RESPONSE_DETECT);
    struct response_incident before = desk_incident(desk, &id);
    move(desk, &id, RESPONSE_CLOSE);
    struct response_incident after = desk_incident(desk, &id);
    cr_assert_eq(before.events, after.events);
    cr_assert_eq(before.updated_at, after.updated_at);
    cr_assert_eq(before.revisions[0].revision, after.revisions[0].revision);
    desk_free(desk);
}

/* ---- open work ---------------------------------------------------------------------------------
 */

Test(open_work, is_what_is_neither_closed_nor_historical_in_id_order)
{
    struct desk *desk = desk_new();
    vg_id open[3];
    for (size_t i = 0; i < 3; i++) {
        desk->time_ms += 10;
        struct desk_order order = desk_import(i == 0 ? "A" : i == 1 ? "B" : "C", "{}");
        desk_send(desk, &order);
        incident_at(desk, RESPONSE_CLOSE);
        open[i] = incident_at(desk, i == 1 ? RESPONSE_STABILIZE : RESPONSE_ASSESS);
    }
    vg_id after = {{0}};
    struct response_incident incident;
    for (size_t i = 0; i < 3; i++) {
        cr_assert(
            response_incident_next(&desk->machine, &desk->genesis.first, &after, false, &incident));
        cr_assert(vg_id_equal(&incident.id, &open[i]), "open %zu", i);
        after = incident.id;
    }
    cr_assert_not(
        response_incident_next(&desk->machine, &desk->genesis.first, &after, false, &incident));
    uint32_t all = 0;
    for (after = (vg_id){{0}};
         response_incident_next(&desk->machine, &desk->genesis.first, &after, true, &incident);
         after = incident.id)
        all++;
    cr_assert_eq(all, 9);
    desk_free(desk);
}
