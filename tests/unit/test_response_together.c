/* SPDX-License-Identifier: Apache-2.0
 * Several people at one incident (R14, DESIGN "Together"): aspects, revisions, conflicts. */
#include <criterion/criterion.h>

#include "tests/lib/desk.h"

static struct response_outcome send(struct desk *desk, struct desk_order order,
                                    enum desk_person person)
{
    order.person = person;
    return desk_send(desk, &order);
}

static vg_id detected(struct desk *desk)
{
    return send(desk, desk_detect("seen", "ids:1"), DESK_ANN).id;
}

static uint64_t revision_of(const struct response_revision *revisions, uint32_t count,
                            uint16_t aspect)
{
    for (uint32_t i = 0; i < count; i++) {
        if (revisions[i].aspect == aspect)
            return revisions[i].revision;
    }
    return 0;
}

static struct desk_order expecting(struct desk_order order, uint16_t aspect, uint64_t revision)
{
    order.expectations[order.expectation_count++] =
        (struct ledger_expectation){.aspect = aspect, .revision = revision};
    return order;
}

Test(together, the_second_change_of_the_same_aspect_gets_both_values)
{
    struct desk *desk = desk_new();
    vg_id id = detected(desk);
    desk->time_ms += 60000;
    uint64_t changed_at = desk->time_ms;
    send(desk, desk_stage(&id, RESPONSE_ASSESS, 1), DESK_ANN);
    desk->time_ms += 60000;
    struct response_outcome outcome = send(desk, desk_stage(&id, RESPONSE_CLOSE, 1), DESK_BEN);
    cr_assert_eq(outcome.error.code, VG_CONFLICT);
    cr_assert_eq(outcome.conflict.aspect, RESPONSE_ASPECT_STAGE);
    cr_assert_eq(outcome.conflict.expected, 1);
    cr_assert_eq(outcome.conflict.current, 2);
    cr_assert_str_eq(outcome.conflict.value, "assess");
    cr_assert_str_eq(outcome.conflict.proposed, "close");
    cr_assert(vg_id_equal(&outcome.conflict.set_by, &desk->genesis.people[DESK_ANN].id));
    cr_assert_eq(outcome.conflict.set_at_ms, changed_at);
    cr_assert_not_null(strstr(outcome.error.text, "--expect stage=2"), "%s", outcome.error.text);
    cr_assert_eq(desk_incident(desk, &id).stage, RESPONSE_ASSESS);
    desk_free(desk);
}

Test(together, a_conflict_names_the_person_who_was_first)
{
    struct desk *desk = desk_new();
    struct desk_order order = {.compartment = desk->genesis.directory};
    order.command.op = RESPONSE_OP_PERSON;
    order.command.person.person = desk->genesis.people[DESK_ANN].id;
    order.command.person.name = vg_span_text("Ann Oyelaran");
    desk_send(desk, &order);
    vg_id id = detected(desk);
    struct response_outcome outcome = send(desk, desk_stage(&id, RESPONSE_ASSESS, 0), DESK_BEN);
    cr_assert_not_null(strstr(outcome.error.text, "set by Ann Oyelaran at"), "%s",
                       outcome.error.text);
    desk_free(desk);
}

Test(together, a_change_of_what_was_never_read_is_a_conflict)
{
    struct desk *desk = desk_new();
    vg_id id = detected(desk);
    struct response_outcome outcome = send(desk, desk_stage(&id, RESPONSE_ASSESS, 0), DESK_BEN);
    cr_assert_eq(outcome.error.code, VG_CONFLICT);
    cr_assert_eq(outcome.conflict.expected, UINT64_MAX);
    cr_assert_eq(outcome.conflict.current, 1);
    cr_assert_str_eq(outcome.conflict.value, "detect");
    cr_assert_str_eq(outcome.conflict.proposed, "assess");
    desk_free(desk);
}

Test(together, expecting_the_future_is_a_conflict)
{
    struct desk *desk = desk_new();
    vg_id id = detected(desk);
    cr_assert_eq(send(desk, desk_stage(&id, RESPONSE_ASSESS, 2), DESK_BEN).error.code, VG_CONFLICT);
    desk_free(desk);
}

Test(together, changes_of_different_aspects_both_succeed)
{
    struct desk *desk = desk_new();
    vg_id id = detected(desk);
    cr_assert_eq(send(desk, desk_note(&id, "a note"), DESK_BEN).error.code, VG_OK);
    cr_assert_eq(send(desk, desk_detect("again", "ids:1"), DESK_BEN).error.code, VG_OK);
    cr_assert_eq(send(desk, desk_stage(&id, RESPONSE_ASSESS, 1), DESK_ANN).error.code, VG_OK);
    cr_assert_eq(send(desk, desk_note(&id, "more"), DESK_MANAGER).error.code, VG_OK);
    struct response_incident incident = desk_incident(desk, &id);
    cr_assert_eq(revision_of(incident.revisions, incident.revision_count, RESPONSE_ASPECT_STAGE),
                 2);
    cr_assert_eq(revision_of(incident.revisions, incident.revision_count, RESPONSE_ASPECT_NOTES),
                 2);
    cr_assert_eq(
        revision_of(incident.revisions, incident.revision_count, RESPONSE_ASPECT_DETECTION), 1);
    cr_assert_eq(revision_of(incident.revisions, incident.revision_count, RESPONSE_ASPECT_SIGNALS),
                 1);
    desk_free(desk);
}

Test(together, answers_carry_the_revisions_of_what_was_changed_and_no_others)
{
    struct desk *desk = desk_new();
    vg_id id = detected(desk);
    struct response_outcome outcome = send(desk, desk_stage(&id, RESPONSE_ASSESS, 1), DESK_ANN);
    cr_assert(vg_id_equal(&outcome.id, &id));
    cr_assert_eq(revision_of(outcome.revisions, outcome.revision_count, RESPONSE_ASPECT_STAGE), 2);
    cr_assert_eq(outcome.revision_count, 1);
    desk_free(desk);
}

Test(together, notes_are_appends_and_need_nothing)
{
    struct desk *desk = desk_new();
    vg_id id = detected(desk);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(
            send(desk, desk_note(&id, "note"), i % 2 == 0 ? DESK_ANN : DESK_BEN).error.code, VG_OK);
    struct response_event event;
    cr_assert(response_event_get(&desk->machine, &desk->genesis.first, &id, 21, &event));
    cr_assert_eq(event.kind, RESPONSE_EVENT_NOTE);
    cr_assert(vg_span_equal(event.text, vg_span_text("note")));
    desk_free(desk);
}

Test(together, an_expectation_that_is_given_is_held)
{
    struct desk *desk = desk_new();
    vg_id id = detected(desk);
    struct desk_order note = desk_note(&id, "only if I am the first");
    note = expecting(note, RESPONSE_ASPECT_NOTES, 0);
    cr_assert_eq(send(desk, note, DESK_ANN).error.code, VG_OK);
    struct response_outcome outcome = send(desk, note, DESK_BEN);
    cr_assert_eq(outcome.error.code, VG_CONFLICT);
    cr_assert_eq(outcome.conflict.aspect, RESPONSE_ASPECT_NOTES);
    cr_assert_str_eq(outcome.conflict.value, "1 so far");
    struct desk_order stage =
        expecting(desk_stage(&id, RESPONSE_ASSESS, 1), RESPONSE_ASPECT_NOTES, 2);
    outcome = send(desk, stage, DESK_ANN);
    cr_assert_eq(outcome.error.code, VG_CONFLICT);
    cr_assert_eq(outcome.conflict.aspect, RESPONSE_ASPECT_NOTES);
    cr_assert_str_eq(outcome.conflict.proposed, "");
    desk_free(desk);
}

Test(together, aspects_never_set_are_at_revision_0)
{
    struct desk *desk = desk_new();
    vg_id id = detected(desk);
    struct desk_order order =
        expecting(desk_stage(&id, RESPONSE_ASSESS, 1), RESPONSE_ASPECT_OWNER, 0);
    cr_assert_eq(send(desk, order, DESK_ANN).error.code, VG_OK);
    order = expecting(desk_stage(&id, RESPONSE_CLOSE, 2), RESPONSE_ASPECT_OWNER, 1);
    struct response_outcome outcome = send(desk, order, DESK_ANN);
    cr_assert_eq(outcome.error.code, VG_CONFLICT);
    cr_assert_str_eq(outcome.conflict.value, "not set");
    desk_free(desk);
}

Test(together, an_expectation_of_a_part_is_none_of_the_whole)
{
    struct desk *desk = desk_new();
    vg_id id = detected(desk);
    struct desk_order order = desk_stage(&id, RESPONSE_ASSESS, 1);
    order.expectations[0].part.bytes[0] = 1;
    order.expectations[0].revision = 0;
    cr_assert_eq(send(desk, order, DESK_ANN).error.code, VG_CONFLICT);
    desk_free(desk);
}

Test(together, unknown_aspects_are_invalid)
{
    struct desk *desk = desk_new();
    vg_id id = detected(desk);
    static const uint16_t unknown[] = {0, RESPONSE_ASPECT_SIGNALS + 1, UINT16_MAX};
    for (size_t i = 0; i < 3; i++) {
        struct desk_order order = expecting(desk_note(&id, "x"), unknown[i], 0);
        cr_assert_eq(send(desk, order, DESK_ANN).error.code, VG_INVALID);
    }
    desk_free(desk);
}

Test(together, a_detection_can_expect_nothing)
{
    struct desk *desk = desk_new();
    struct desk_order order = expecting(desk_detect("seen", ""), RESPONSE_ASPECT_STAGE, 0);
    cr_assert_eq(send(desk, order, DESK_ANN).error.code, VG_INVALID);
    order = expecting(desk_import("A", "{}"), RESPONSE_ASPECT_STAGE, 0);
    cr_assert_eq(send(desk, order, DESK_MANAGER).error.code, VG_INVALID);
    desk_free(desk);
}

Test(together, naming_something_else_in_question_needs_the_detection_read)
{
    struct desk *desk = desk_new();
    vg_id id = detected(desk);
    struct desk_order order = desk_stage(&id, RESPONSE_ASSESS, 1);
    order.command.stage.cia = RESPONSE_AVAILABILITY;
    struct response_outcome outcome = send(desk, order, DESK_BEN);
    cr_assert_eq(outcome.error.code, VG_CONFLICT);
    cr_assert_eq(outcome.conflict.aspect, RESPONSE_ASPECT_DETECTION);
    cr_assert_str_eq(outcome.conflict.value, "cia c");
    cr_assert_str_eq(outcome.conflict.proposed, "cia a");
    outcome = send(desk, expecting(order, RESPONSE_ASPECT_DETECTION, 1), DESK_BEN);
    cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
    cr_assert_eq(desk_incident(desk, &id).cia, RESPONSE_AVAILABILITY);
    cr_assert_eq(revision_of(outcome.revisions, outcome.revision_count, RESPONSE_ASPECT_DETECTION),
                 2);
    desk_free(desk);
}

/* Signals that join are counted apart (R3): a noisy sensor keeps nobody from settling it. */
Test(together, signals_that_join_do_not_conflict_with_what_is_settled)
{
    struct desk *desk = desk_new();
    vg_id id = detected(desk);
    struct desk_order order = desk_stage(&id, RESPONSE_ASSESS, 1);
    order.command.stage.cia = RESPONSE_AVAILABILITY;
    order = expecting(order, RESPONSE_ASPECT_DETECTION, 1);
    cr_assert(send(desk, desk_detect("again", "ids:1"), DESK_BEN).joined);
    struct response_outcome outcome = send(desk, order, DESK_BEN);
    cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
    cr_assert_eq(desk_incident(desk, &id).cia, RESPONSE_AVAILABILITY);
    cr_assert_eq(desk_incident(desk, &id).count, 2);
    desk_free(desk);
}

Test(together, repeating_what_is_settled_changes_nothing_of_it)
{
    struct desk *desk = desk_new();
    vg_id id = detected(desk);
    struct desk_order order = desk_stage(&id, RESPONSE_ASSESS, 1);
    order.command.stage.cia = RESPONSE_CONFIDENTIALITY;
    struct response_outcome outcome = send(desk, order, DESK_BEN);
    cr_assert_eq(outcome.error.code, VG_OK);
    cr_assert_eq(outcome.revision_count, 1, "the stage alone");
    desk_free(desk);
}

Test(together, incidents_that_do_not_exist_are_not_found)
{
    struct desk *desk = desk_new();
    vg_id nobody = {{9}};
    cr_assert_eq(send(desk, desk_note(&nobody, "x"), DESK_ANN).error.code, VG_NOT_FOUND);
    cr_assert_eq(send(desk, desk_stage(&nobody, RESPONSE_ASSESS, 1), DESK_ANN).error.code,
                 VG_NOT_FOUND);
    desk_free(desk);
}
