/* SPDX-License-Identifier: Apache-2.0
 * The request table (DESIGN "Once"): the same command is applied once however often it is sent. */
#include <criterion/criterion.h>

#include "tests/lib/desk.h"

enum { DAY_MS = 24 * 3600 * 1000, MINUTE_MS = 60000 };

static uint64_t incidents(const struct desk *desk)
{
    struct response_incident incident;
    uint64_t count = 0;
    for (vg_id after = {{0}};
         response_incident_next(&desk->machine, &desk->genesis.first, &after, true, &incident);
         after = incident.id)
        count++;
    return count;
}

static struct desk_order detect_as(struct desk *desk, const char *title)
{
    struct desk_order order = desk_detect(title, "");
    order.request = desk_request(desk, desk->time_ms);
    return order;
}

Test(once, the_same_request_gets_the_same_answer)
{
    struct desk *desk = desk_new();
    struct desk_order order = detect_as(desk, "seen");
    struct response_outcome first = desk_send(desk, &order);
    desk->time_ms += DAY_MS;
    struct response_outcome again = desk_send(desk, &order);
    cr_assert_not(first.repeated);
    cr_assert(again.repeated);
    cr_assert_eq(again.error.code, VG_OK);
    cr_assert(vg_id_equal(&again.id, &first.id));
    cr_assert_eq(again.index, first.index);
    cr_assert_eq(again.term, first.term);
    cr_assert_eq(again.time_ms, first.time_ms);
    cr_assert_eq(again.revision_count, first.revision_count);
    cr_assert_eq(incidents(desk), 1);
    desk_free(desk);
}

Test(once, a_joined_detection_counts_once)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_detect("one", "ids:1");
    vg_id id = desk_send(desk, &order).id;
    order = desk_detect("two", "ids:1");
    order.request = desk_request(desk, desk->time_ms);
    for (int i = 0; i < 3; i++) {
        struct response_outcome outcome = desk_send(desk, &order);
        cr_assert(outcome.joined);
        cr_assert(vg_id_equal(&outcome.id, &id));
    }
    cr_assert_eq(desk_incident(desk, &id).count, 2);
    desk_free(desk);
}

Test(once, a_refusal_is_repeated_as_it_was)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_detect("one", "");
    vg_id id = desk_send(desk, &order).id;
    struct desk_order stage = desk_stage(&id, RESPONSE_CLOSE, 1);
    stage.request = desk_request(desk, desk->time_ms);
    struct response_outcome first = desk_send(desk, &stage);
    cr_assert_eq(first.error.code, VG_RULE);
    struct desk_order assess = desk_stage(&id, RESPONSE_ASSESS, 1);
    desk_send(desk, &assess);
    struct response_outcome again = desk_send(desk, &stage);
    cr_assert(again.repeated);
    cr_assert_eq(again.error.code, VG_RULE);
    cr_assert_str_eq(again.error.rule, first.error.rule);
    cr_assert_str_eq(again.error.text, first.error.text);
    desk_free(desk);
}

Test(once, a_conflict_is_repeated_with_both_values)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_detect("one", "");
    vg_id id = desk_send(desk, &order).id;
    struct desk_order stage = desk_stage(&id, RESPONSE_ASSESS, 0);
    stage.request = desk_request(desk, desk->time_ms);
    struct response_outcome first = desk_send(desk, &stage);
    struct response_outcome again = desk_send(desk, &stage);
    cr_assert_eq(again.error.code, VG_CONFLICT);
    cr_assert_eq(again.conflict.aspect, first.conflict.aspect);
    cr_assert_eq(again.conflict.expected, first.conflict.expected);
    cr_assert_eq(again.conflict.current, first.conflict.current);
    cr_assert_eq(again.conflict.set_at_ms, first.conflict.set_at_ms);
    cr_assert(vg_id_equal(&again.conflict.set_by, &first.conflict.set_by));
    cr_assert_str_eq(again.conflict.value, first.conflict.value);
    cr_assert_str_eq(again.conflict.proposed, first.conflict.proposed);
    desk_free(desk);
}

Test(once, expectations_are_not_part_of_the_request)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_detect("one", "");
    vg_id id = desk_send(desk, &order).id;
    struct desk_order stage = desk_stage(&id, RESPONSE_ASSESS, 0);
    stage.request = desk_request(desk, desk->time_ms);
    cr_assert_eq(desk_send(desk, &stage).error.code, VG_CONFLICT);
    stage.expectation_count = 1;
    stage.expectations[0].revision = 1;
    struct response_outcome again = desk_send(desk, &stage);
    cr_assert(again.repeated);
    cr_assert_eq(again.error.code, VG_CONFLICT);
    desk_free(desk);
}

Test(once, another_command_under_the_same_id_is_invalid)
{
    struct desk *desk = desk_new();
    struct desk_order order = detect_as(desk, "one");
    struct response_outcome first = desk_send(desk, &order);
    order.command.detect.title = vg_span_text("two");
    struct response_outcome other = desk_send(desk, &order);
    cr_assert_eq(other.error.code, VG_INVALID);
    cr_assert_not_null(strstr(other.error.text, "used for another command"), "%s",
                       other.error.text);
    cr_assert_str_eq(desk_incident(desk, &first.id).title, "one");
    order.command.detect.title = vg_span_text("one");
    cr_assert(desk_send(desk, &order).repeated, "the first stays what counts");
    desk_free(desk);
}

Test(once, a_command_that_does_not_decode_uses_its_id_up)
{
    struct desk *desk = desk_new();
    struct desk_order order = detect_as(desk, "one");
    order.body = vg_span_text("\x91\x63");
    cr_assert_eq(desk_send(desk, &order).error.code, VG_INVALID);
    struct response_outcome again = desk_send(desk, &order);
    cr_assert(again.repeated);
    cr_assert_not_null(strstr(again.error.text, "operation 99"), "%s", again.error.text);
    order.body = vg_span_of(NULL, 0);
    cr_assert_eq(desk_send(desk, &order).error.code, VG_INVALID);
    cr_assert_eq(incidents(desk), 0);
    desk_free(desk);
}

Test(once, ids_are_each_authors_own)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_detect("one", "");
    vg_id id = desk_send(desk, &order).id;
    struct desk_order note = desk_note(&id, "same words");
    note.request = desk_request(desk, desk->time_ms);
    cr_assert_not(desk_send(desk, &note).repeated);
    note.person = DESK_BEN;
    cr_assert_not(desk_send(desk, &note).repeated);
    cr_assert_eq(desk_incident(desk, &id).events, 3);
    desk_free(desk);
}

Test(once, an_id_that_is_an_incident_already_makes_no_second_one)
{
    struct desk *desk = desk_new();
    struct desk_order order = detect_as(desk, "one");
    vg_id id = desk_send(desk, &order).id;
    order.person = DESK_BEN;
    order.command.detect.title = vg_span_text("two");
    struct response_outcome outcome = desk_send(desk, &order);
    cr_assert_eq(outcome.error.code, VG_EXISTS);
    cr_assert(vg_id_equal(&outcome.id, &id));
    cr_assert_str_eq(desk_incident(desk, &id).title, "one");
    desk_free(desk);
}

Test(once, request_ids_are_uuids_of_version_7)
{
    struct desk *desk = desk_new();
    struct desk_order order = detect_as(desk, "one");
    order.request.bytes[6] = (uint8_t)((order.request.bytes[6] & 0x0f) | 0x40);
    cr_assert_eq(desk_send(desk, &order).error.code, VG_INVALID);
    cr_assert_eq(incidents(desk), 0);
    desk_free(desk);
}

Test(once, issue_times_have_both_bounds)
{
    static const struct {
        int64_t offset_ms;
        enum vg_code code;
        const char *by; /* in the refusal */
    } cases[] = {
        {-8 * (int64_t)DAY_MS, VG_EXPIRED, " 8 days behind log time "},
        {-7 * (int64_t)DAY_MS - 1, VG_EXPIRED, " 7 days behind log time "},
        {-7 * (int64_t)DAY_MS, VG_OK, ""},
        {-7 * (int64_t)DAY_MS + 1, VG_OK, ""},
        {0, VG_OK, ""},
        {10 * MINUTE_MS - 1, VG_OK, ""},
        {10 * MINUTE_MS, VG_OK, ""},
        {10 * MINUTE_MS + 1, VG_EXPIRED, " 10 minutes ahead of log time "},
        {(int64_t)DAY_MS, VG_EXPIRED, " 24 hours ahead of log time "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct desk *desk = desk_new();
        struct desk_order order = desk_detect("seen", "");
        order.request = desk_request(desk, desk->time_ms + (uint64_t)cases[i].offset_ms);
        struct response_outcome outcome = desk_send(desk, &order);
        cr_assert_eq(outcome.error.code, cases[i].code, "case %zu", i);
        cr_assert_not_null(strstr(outcome.error.text, cases[i].by), "%s", outcome.error.text);
        cr_assert_eq(incidents(desk), cases[i].code == VG_OK);
        desk_free(desk);
    }
}

Test(once, a_late_retry_is_refused_and_never_repeated)
{
    struct desk *desk = desk_new();
    struct desk_order order = detect_as(desk, "seen");
    desk_send(desk, &order);
    desk->time_ms += 7 * (uint64_t)DAY_MS;
    cr_assert(desk_send(desk, &order).repeated);
    desk->time_ms += 1;
    for (int i = 0; i < 3; i++) {
        struct response_outcome late = desk_send(desk, &order);
        cr_assert_eq(late.error.code, VG_EXPIRED);
        cr_assert_not(late.repeated);
    }
    cr_assert_eq(incidents(desk), 1);
    desk_free(desk);
}

Test(once, a_request_issued_too_early_may_be_sent_again)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_detect("seen", "");
    order.request = desk_request(desk, desk->time_ms + 11 * MINUTE_MS);
    cr_assert_eq(desk_send(desk, &order).error.code, VG_EXPIRED);
    desk->time_ms += 2 * MINUTE_MS;
    cr_assert_eq(desk_send(desk, &order).error.code, VG_OK);
    desk_free(desk);
}

/* Each command of a compartment forgets more old requests than it adds. */
Test(once, old_requests_leave_the_table)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_detect("one", "ids:1");
    desk_send(desk, &order);
    order = desk_detect("refused", "");
    order.command.detect.subsource = RESPONSE_SUB_IDS;
    for (int i = 0; i < 40; i++)
        cr_assert_eq(desk_send(desk, &order).error.code, VG_RULE);
    size_t before = memkv_count(desk->store);
    desk->time_ms += 7 * (uint64_t)DAY_MS + 1;
    order = desk_detect("again", "ids:1");
    for (int i = 0; i < 11; i++)
        desk_send(desk, &order);
    /* 11 rows, 11 events and their places in the stream, and a mark came; 41 rows and 40 sentences
     * went. */
    cr_assert_eq(memkv_count(desk->store), before + 11 + 11 + 11 + 1 - 41 - 40);
    desk_free(desk);
}

Test(once, the_table_of_another_compartment_is_not_touched)
{
    struct desk *desk = desk_new();
    struct desk_order order = detect_as(desk, "one");
    cr_assert_eq(desk_send(desk, &order).error.code, VG_OK);
    order.compartment = desk->genesis.directory;
    struct response_outcome outcome = desk_send(desk, &order);
    cr_assert_not(outcome.repeated);
    cr_assert_eq(outcome.error.code, VG_INVALID);
    desk_free(desk);
}

Test(once, check_answers_as_apply_would_and_changes_nothing)
{
    struct desk *desk = desk_new();
    struct memkv *before;
    struct desk_order order = detect_as(desk, "one");
    before = memkv_clone(desk->store);
    struct response_outcome checked = desk_check(desk, &order);
    cr_assert_eq(checked.error.code, VG_OK);
    cr_assert(memkv_equal(before, desk->store));
    memkv_free(before);
    struct response_outcome sent = desk_send(desk, &order);
    cr_assert(vg_id_equal(&checked.id, &sent.id));
    struct desk_order stage = desk_stage(&sent.id, RESPONSE_CLOSE, 1);
    before = memkv_clone(desk->store);
    checked = desk_check(desk, &stage);
    cr_assert_eq(checked.error.code, VG_RULE);
    cr_assert(desk_check(desk, &order).repeated);
    cr_assert(memkv_equal(before, desk->store));
    memkv_free(before);
    sent = desk_send(desk, &stage);
    cr_assert_str_eq(checked.error.text, sent.error.text);
    desk_free(desk);
}

Test(once, counters_tell_what_became_of_commands)
{
    struct desk *desk = desk_new();
    struct response_counters before, after;
    struct desk_order order = detect_as(desk, "one");
    response_counters_get(&desk->machine, &before);
    desk_send(desk, &order);
    desk_send(desk, &order);
    desk_send(desk, &order);
    order = detect_as(desk, "two");
    order.person = DESK_STRANGER;
    desk_send(desk, &order);
    desk_noop(desk);
    response_counters_get(&desk->machine, &after);
    cr_assert_eq(after.accepted - before.accepted, 1);
    cr_assert_eq(after.repeated - before.repeated, 2);
    cr_assert_eq(after.refused - before.refused, 1);
    cr_assert_eq(after.voided - before.voided, 0);
    desk_free(desk);
}
