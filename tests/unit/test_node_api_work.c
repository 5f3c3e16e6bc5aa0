/* SPDX-License-Identifier: Apache-2.0
 * Questions about the work on incidents: pages, parts, streams, what comes next, proposals,
 * filters, milestones, people. */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdlib.h>

#include "common/text.h"
#include "node/api/api.h"
#include "tests/lib/play.h"

static struct play named_play(enum response_stage stage)
{
    struct play play = play_new(stage);
    struct desk_order order = play_order(&play, RESPONSE_OP_LABEL);
    order.command.label.name = vg_span_text("default");
    cr_assert_eq(desk_send(play.desk, &order).error.code, VG_OK);
    return play;
}

/* Asks a question in which ID stands for the incident's. */
static json_t *ask(const struct play *play, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static json_t *ask(const struct play *play, const char *format, ...)
{
    char text[512];
    struct api_query query;
    struct vg_error error = {.text = ""};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    cr_assert_eq(api_query_parse(vg_span_text(text), &query, &error), VG_OK, "%s", error.text);
    query.asker = desk_author(play->desk, DESK_ANN);
    json_t *answer = api_state_answer(&play->desk->machine, &query, &error);
    cr_assert_not_null(answer, "%s: %s", text, error.text);
    return answer;
}

struct id_text {
    char text[VG_ID_TEXT];
};

static struct id_text text_of(const vg_id *id)
{
    struct id_text text;
    vg_id_format(id, text.text);
    return text;
}

static const char *string_at(const json_t *array, size_t place, const char *key)
{
    return json_string_value(json_object_get(json_array_get(array, place), key));
}

static json_t *ask_page(const struct play *play)
{
    return ask(play, "{\"query\":\"incident.page\",\"id\":\"%s\"}", text_of(&play->incident).text);
}

/* ---- pages and parts ---------------------------------------------------------------------------
 */

Test(api_work, a_page_has_the_parts_their_history_and_the_latest_events)
{
    struct play play = named_play(RESPONSE_DIAGNOSE);
    struct desk_order finding = play_order(&play, RESPONSE_OP_NOTE);
    finding.command.note.kind = RESPONSE_FINDING;
    cr_assert_eq(play_send(&play, finding).error.code, VG_OK);
    play.part = play_do(&play, RESPONSE_OP_TASK);
    struct desk_order claim = play_order(&play, RESPONSE_OP_TASK_MOVE);
    claim.command.task_move.state = RESPONSE_TASK_CLAIMED;
    cr_assert_eq(play_send(&play, claim).error.code, VG_OK);
    play_do(&play, RESPONSE_OP_STEP);
    json_t *page = ask_page(&play);
    const json_t *tasks = json_object_get(page, "tasks");
    cr_expect_str_eq(string_at(tasks, 0, "number"), "T1");
    cr_expect_str_eq(string_at(tasks, 0, "state"), "claimed");
    cr_expect_str_eq(string_at(json_object_get(page, "containment"), 0, "number"), "C1");
    cr_expect_str_eq(string_at(json_object_get(page, "evidence"), 0, "number"), "E1");
    const json_t *history = json_object_get(page, "history");
    cr_expect_eq(json_array_size(json_object_get(history, "stage")), 2, "what was set, not made");
    cr_expect_eq(json_array_size(json_object_get(history, "severity")), 1);
    cr_expect_eq(json_array_size(json_object_get(history, "findings")), 1);
    const json_t *timeline = json_object_get(page, "timeline");
    size_t last = json_array_size(timeline) - 1;
    cr_expect_str_eq(string_at(timeline, last - 1, "part_number"), "T1");
    cr_expect_str_eq(string_at(timeline, last - 1, "from"), "open");
    cr_expect_str_eq(string_at(timeline, last - 1, "to"), "claimed");
    cr_expect_eq(json_integer_value(json_object_get(page, "events")), (json_int_t)(last + 1));
    json_decref(page);
    play_free(&play);
}

/* But for `revision`, whose keys are names of aspects. */
static void expect_snake_case(const json_t *value)
{
    const char *key;
    json_t *below;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)value, key, below)
    {
        cr_expect_eq(key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_")], '\0', "%s", key);
        if (strcmp(key, "revision") != 0)
            expect_snake_case(below);
    }
    json_array_foreach(value, i, below) expect_snake_case(below);
}

Test(api_work, the_keys_of_a_page_are_in_snake_case)
{
    struct play play = named_play(RESPONSE_STABILIZE);
    json_t *page = ask_page(&play);
    expect_snake_case(page);
    cr_expect(
        json_is_boolean(json_object_get(json_object_get(page, "attestations"), "customer_risk")));
    json_decref(page);
    play_free(&play);
}

/* However long texts and lists are, a page stays a page. */
Test(api_work, a_page_has_a_bound)
{
    struct play play = named_play(RESPONSE_DETECT);
    char *text = malloc(VG_TEXT_MAX);
    memset(text, 'x', VG_TEXT_MAX);
    memcpy(text + 1023, "\xc3\xa9", 2); /* across the place of the cut */
    struct desk_order note = play_order(&play, RESPONSE_OP_NOTE);
    note.command.note.text = vg_span_of(text, VG_TEXT_MAX);
    for (int i = 0; i < 40; i++)
        cr_assert_eq(play_send(&play, note).error.code, VG_OK);
    for (int i = 0; i < 250; i++)
        play_do(&play, RESPONSE_OP_TASK);
    for (int i = 0; i < 40; i++)
        cr_assert_eq(play_send(&play, note).error.code, VG_OK);
    json_t *page = ask_page(&play);
    const json_t *timeline = json_object_get(page, "timeline");
    cr_expect_eq(json_array_size(timeline), 30);
    cr_expect_eq(strlen(string_at(timeline, 29, "text")), 1023, "cut between characters");
    cr_expect(json_is_true(json_object_get(json_array_get(timeline, 29), "cut")));
    cr_expect_eq(json_array_size(json_object_get(page, "tasks")), 200);
    json_decref(page);
    free(text);
    play_free(&play);
}

Test(api_work, parts_come_page_by_page)
{
    struct play play = named_play(RESPONSE_DETECT);
    vg_id after = {{0}};
    size_t seen = 0;
    for (int i = 0; i < 7; i++)
        play_do(&play, RESPONSE_OP_TASK);
    for (size_t count = 3; count == 3;) {
        json_t *page = ask(&play,
                           "{\"query\":\"incident.parts\",\"id\":\"%s\",\"kind\":\"tasks\","
                           "\"after\":\"%s\",\"limit\":3}",
                           text_of(&play.incident).text, text_of(&after).text);
        count = json_array_size(page);
        seen += count;
        cr_assert(count == 0 || vg_id_parse(string_at(page, count - 1, "id"), &after));
        json_decref(page);
    }
    cr_expect_eq(seen, 7);
    play_free(&play);
}

/* ---- streams -----------------------------------------------------------------------------------
 */

Test(api_work, a_watch_goes_on_where_it_was)
{
    struct play play = named_play(RESPONSE_ASSESS);
    json_int_t index = 0;
    json_int_t number = 0;
    size_t seen = 0;
    size_t all = (size_t)play_incident(&play).events;
    for (size_t count = 2; count == 2;) {
        json_t *answer = ask(&play,
                             "{\"query\":\"incident.watch\",\"compartment\":\"default\","
                             "\"after\":%lld,\"after_number\":%lld,\"limit\":2}",
                             (long long)index, (long long)number);
        const json_t *events = json_object_get(answer, "events");
        count = json_array_size(events);
        for (size_t i = 0; i < count; i++) {
            seen++;
            const json_t *event = json_array_get(events, i);
            cr_expect_eq(json_integer_value(json_object_get(event, "sequence")), (json_int_t)seen);
            cr_expect_str_eq(string_at(events, i, "title"), "odd login");
        }
        index = json_integer_value(json_object_get(answer, "index"));
        number = json_integer_value(json_object_get(answer, "number"));
        json_decref(answer);
    }
    cr_expect_eq(seen, all);
    play_free(&play);
}

Test(api_work, a_watch_without_a_place_begins_now)
{
    struct play play = named_play(RESPONSE_DETECT);
    json_t *answer = ask(&play, "{\"query\":\"incident.watch\",\"compartment\":\"default\"}");
    cr_expect_eq(json_array_size(json_object_get(answer, "events")), 0);
    cr_expect_eq((uint64_t)json_integer_value(json_object_get(answer, "index")),
                 response_cursor(&play.desk->machine));
    json_decref(answer);
    play_free(&play);
}

Test(api_work, only_an_empty_answer_from_a_known_place_waits)
{
    static const struct {
        const char *arguments;
        const char *answer;
        bool waits;
    } cases[] = {
        {"\"after\":1,\"wait_ms\":10", "{\"events\":[]}", true},
        {"\"after\":1,\"wait_ms\":10", "{\"events\":[1]}", false},
        {"\"after\":1", "{\"events\":[]}", false},
        {"\"wait_ms\":10", "{\"events\":[]}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        struct api_query query;
        struct vg_error error;
        json_t *answer = json_loads(cases[i].answer, 0, NULL);
        snprintf(text, sizeof text, "{\"query\":\"incident.watch\",\"compartment\":\"x\",%s}",
                 cases[i].arguments);
        cr_assert_eq(api_query_parse(vg_span_text(text), &query, &error), VG_OK);
        cr_expect_eq(api_is_to_wait(&query, answer), cases[i].waits, "%s", text);
        json_decref(answer);
    }
}

/* ---- what comes next ---------------------------------------------------------------------------
 */

static const json_t *find_step(const json_t *steps, const char *operation, const char *to)
{
    size_t i;
    json_t *step;
    json_array_foreach(steps, i, step)
    {
        const char *stage = json_string_value(json_object_get(step, "to"));
        if (strcmp(string_at(steps, i, "operation"), operation) == 0 &&
            (to == NULL || (stage != NULL && strcmp(stage, to) == 0)))
            return step;
    }
    return NULL;
}

static json_t *ask_request(const struct play *play, const vg_id *request, enum desk_person author)
{
    vg_id person = desk_author(play->desk, author);
    return ask(
        play, "{\"query\":\"request.show\",\"id\":\"%s\",\"author\":\"%s\",\"compartment\":\"%s\"}",
        text_of(request).text, text_of(&person).text, text_of(&play->desk->genesis.first).text);
}

Test(api_work, what_became_of_a_request)
{
    struct play play = named_play(RESPONSE_DETECT);
    struct desk_order order = play_order(&play, RESPONSE_OP_NOTE);
    order.request = desk_request(play.desk, play.desk->time_ms);
    uint64_t index = desk_send(play.desk, &order).index;
    struct desk_order late = play_order(&play, RESPONSE_OP_PLAN);
    late.request = desk_request(play.desk, play.desk->time_ms);
    cr_assert_eq(desk_send(play.desk, &late).error.code, VG_RULE);

    json_t *done = ask_request(&play, &order.request, order.person);
    const json_t *answer = json_object_get(done, "answer");
    cr_expect_eq(json_integer_value(json_object_get(answer, "index")), (json_int_t)index);
    cr_expect(json_is_true(json_object_get(answer, "repeated")));
    cr_expect_eq(json_integer_value(json_object_get(done, "error_code")), VG_OK);
    json_t *refused = ask_request(&play, &late.request, late.person);
    cr_expect_eq(json_integer_value(json_object_get(refused, "error_code")), VG_RULE);
    cr_expect(json_is_string(json_object_get(refused, "error_text")));
    json_t *another = ask_request(&play, &order.request, DESK_BEN);
    cr_expect(json_is_null(json_object_get(another, "answer")), "ids are each author's own");
    json_decref(done);
    json_decref(refused);
    json_decref(another);
    play_free(&play);
}

Test(api_work, what_each_next_step_needs_and_who_may_do_it)
{
    struct play play = named_play(RESPONSE_DETECT);
    play_move(&play, RESPONSE_ASSESS);
    json_t *answer =
        ask(&play, "{\"query\":\"incident.explain\",\"id\":\"%s\"}", text_of(&play.incident).text);
    const json_t *steps = json_object_get(answer, "steps");
    const json_t *diagnose = find_step(steps, "stage", "diagnose");
    cr_assert_not_null(diagnose);
    const json_t *needs = json_object_get(diagnose, "needs");
    cr_expect_eq(json_array_size(needs), 2, "an assessment, and whose it is");
    cr_expect_str_eq(string_at(needs, 0, "rule"), "R4");
    cr_expect_str_eq(string_at(needs, 1, "rule"), "R8");
    cr_expect_eq(json_array_size(json_object_get(diagnose, "people")), 3, "Ann, Ben, the manager");
    cr_expect_null(find_step(steps, "stage", "stabilize"));
    cr_expect_null(find_step(steps, "withdraw", NULL));
    const json_t *declare = find_step(steps, "declare", NULL);
    cr_expect_eq(json_array_size(json_object_get(declare, "people")), 1);
    json_decref(answer);
    play_free(&play);
}

/* ---- two people --------------------------------------------------------------------------------
 */

Test(api_work, a_proposal_shows_the_bytes_that_are_signed)
{
    struct play play = named_play(RESPONSE_DIAGNOSE);
    struct vg_buffer inner = {0};
    struct vg_buffer shown = {0};
    play_do(&play, RESPONSE_OP_DECLARE);
    struct desk_order withdraw = play_order(&play, RESPONSE_OP_WITHDRAW);
    response_command_encode(&withdraw.command, &inner);
    struct desk_order propose = {.person = DESK_LEGAL, .command.op = RESPONSE_OP_PROPOSE};
    propose.command.propose.command = vg_buffer_span(&inner);
    propose.command.propose.expires_at = play.desk->time_ms + 3600000;
    propose.expectation_count = 1;
    propose.expectations[0] =
        (struct ledger_expectation){.aspect = RESPONSE_ASPECT_DECLARATION, .revision = 1};
    struct response_outcome outcome = desk_send(play.desk, &propose);
    cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
    json_t *answer =
        ask(&play, "{\"query\":\"proposal.show\",\"id\":\"%s\"}", text_of(&outcome.id).text);
    const char *base64 = json_string_value(json_object_get(answer, "command"));
    cr_assert(vg_base64_parse(vg_span_text(base64), &shown));
    cr_expect(vg_span_equal(vg_buffer_span(&shown), vg_buffer_span(&inner)));
    cr_expect_str_eq(json_string_value(json_object_get(answer, "title")), "odd login");
    cr_expect_str_eq(json_string_value(json_object_get(answer, "compartment")), "default");
    cr_expect_str_eq(string_at(json_object_get(answer, "signers"), 0, "as"), "legal");
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(answer, "missing"), 0)),
                     "executive-incident-manager");
    json_decref(answer);
    answer = ask(&play, "{\"query\":\"proposal.list\",\"compartment\":\"default\"}");
    cr_expect_eq(json_array_size(answer), 1);
    json_decref(answer);
    vg_buffer_free(&shown);
    vg_buffer_free(&inner);
    play_free(&play);
}

/* ---- filters, milestones, people ---------------------------------------------------------------
 */

Test(api_work, filters_show_what_they_took_out)
{
    struct play play = named_play(RESPONSE_ASSESS);
    struct desk_order order = play_order(&play, RESPONSE_OP_CLASSIFY);
    order.command.classify.class_ = RESPONSE_FALSE_POSITIVE;
    cr_assert_eq(play_send(&play, order).error.code, VG_OK);
    order = play_order(&play, RESPONSE_OP_ANSWER);
    order.command.answer.kind = RESPONSE_ANSWER_FILTER;
    order.command.answer.match = vg_span_text("ids:1");
    cr_assert_eq(play_send(&play, order).error.code, VG_OK);
    play_move(&play, RESPONSE_CLOSE);
    order = desk_detect("again", "ids:1");
    order.command.detect.source = RESPONSE_SOURCE_AUTOMATED;
    cr_assert(desk_send(play.desk, &order).filtered);
    json_t *filters = ask(&play, "{\"query\":\"filter.list\",\"compartment\":\"default\"}");
    cr_assert_eq(json_array_size(filters), 1);
    cr_expect_str_eq(string_at(filters, 0, "match"), "ids:1");
    cr_expect_eq(json_integer_value(json_object_get(json_array_get(filters, 0), "count")), 1);
    cr_expect(json_is_true(json_object_get(json_array_get(filters, 0), "stands")));
    json_decref(filters);
    play_free(&play);
}

Test(api_work, milestones_are_of_all_incidents_page_by_page)
{
    struct play play = named_play(RESPONSE_CLOSE);
    struct desk_order order = desk_import("A-1", "{}");
    cr_assert_eq(desk_send(play.desk, &order).error.code, VG_OK);
    json_t *page =
        ask(&play, "{\"query\":\"incident.milestones\",\"compartment\":\"default\",\"limit\":1}");
    cr_assert_eq(json_array_size(page), 1);
    const json_t *first = json_array_get(page, 0);
    cr_expect_eq((uint64_t)json_integer_value(json_object_get(first, "assessed_ms")),
                 play_incident(&play).assessed_at);
    cr_expect_eq((uint64_t)json_integer_value(json_object_get(first, "closed_ms")),
                 play_incident(&play).closed_at);
    json_t *next = ask(&play,
                       "{\"query\":\"incident.milestones\",\"compartment\":\"default\","
                       "\"after\":\"%s\"}",
                       string_at(page, 0, "id"));
    cr_expect_eq(json_array_size(next), 1);
    cr_expect(json_is_true(json_object_get(json_array_get(next, 0), "historical")));
    json_decref(next);
    json_decref(page);
    play_free(&play);
}

Test(api_work, the_directory_shows_roles_rosters_and_who_has_gone)
{
    struct play play = named_play(RESPONSE_DETECT);
    vg_id ben = desk_author(play.desk, DESK_BEN);
    struct desk_order expel = play_order(&play, RESPONSE_OP_EXPEL);
    expel.command.expel.person = ben;
    cr_assert_eq(desk_send(play.desk, &expel).error.code, VG_OK);
    json_t *answer = ask(&play, "{\"query\":\"directory\"}");
    const json_t *people = json_object_get(answer, "people");
    cr_assert_eq(json_array_size(people), DESK_PEOPLE);
    const json_t *ann = json_array_get(people, DESK_ANN);
    const json_t *roles = json_object_get(json_object_get(ann, "roles"), "default");
    cr_expect_str_eq(json_string_value(json_array_get(roles, 0)), "responder");
    cr_expect_eq(json_array_size(json_object_get(ann, "on_call")), 1);
    cr_expect_str_eq(json_string_value(json_array_get(
                         json_object_get(json_array_get(people, DESK_OPERATOR), "rights"), 0)),
                     "operator");
    const json_t *gone = json_array_get(people, DESK_BEN);
    cr_expect(json_is_string(json_object_get(gone, "removed_at")));
    cr_expect_eq(json_object_size(json_object_get(gone, "roles")), 0);
    cr_expect_str_eq(string_at(json_object_get(answer, "compartments"), 1, "procedure"), "vigil-1");
    json_decref(answer);
    play_free(&play);
}
