/* SPDX-License-Identifier: Apache-2.0
 * Questions of clients and their answers, over a state machine in memory. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/text.h"
#include "node/api/api.h"
#include "tests/lib/desk.h"

static enum vg_code parse(const char *text, struct api_query *query, struct vg_error *error)
{
    *error = (struct vg_error){0};
    return api_query_parse(vg_span_text(text), query, error);
}

static json_t *ask(struct desk *desk, const char *text, struct vg_error *error)
{
    struct api_query query;
    cr_assert_eq(parse(text, &query, error), VG_OK, "%s: %s", text, error->text);
    query.asker = desk_author(desk, DESK_ANN);
    return api_state_answer(&desk->machine, &query, error);
}

static json_t *ask_well(struct desk *desk, const char *text)
{
    struct vg_error error;
    json_t *answer = ask(desk, text, &error);
    cr_assert_not_null(answer, "%s: %s", text, error.text);
    return answer;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* ---- questions ---------------------------------------------------------------------------------
 */

Test(api_query, reads_arguments_and_defaults)
{
    struct api_query query;
    struct vg_error error;
    cr_assert_eq(parse("{\"query\":\"incident.list\",\"all\":true,\"stage\":\"assess\","
                       "\"compartment\":\"default\",\"after\":null}",
                       &query, &error),
                 VG_OK, "%s", error.text);
    cr_expect_eq(query.name, API_INCIDENT_LIST);
    cr_expect_eq(query.source, API_FROM_STATE);
    cr_expect(query.all);
    cr_expect_eq(query.stage, RESPONSE_ASSESS);
    cr_expect_str_eq(query.compartment, "default");
    cr_expect_eq(query.limit, 200u);
    cr_assert_eq(parse("{\"query\":\"log.tail\",\"count\":4096}", &query, &error), VG_OK);
    cr_expect_not(query.has_from);
    cr_expect_eq(query.count, (unsigned)API_PAGE_MAX);
    cr_assert_eq(parse("{\"query\":\"log.verify\",\"from\":7}", &query, &error), VG_OK);
    cr_expect_eq(query.from, 7u);
    cr_expect_eq(query.count, (unsigned)API_VERIFY_MAX);
}

static const struct {
    const char *text;
    const char *says;
} bad[] = {
    {"", "not JSON"},
    {"[]", "\"query\": NAME"},
    {"{\"query\":7}", "\"query\": NAME"},
    {"{\"query\":\"directory\"} x", "not JSON"},
    {"{\"query\":\"directory\",\"query\":\"directory\"}", "not JSON"},
    {"{\"query\":\"\xff\"}", "not JSON"},
    {"{\"query\":\"incident.delete\"}", "incident.delete"},
    {"{\"query\":\"directory\",\"id\":1}", "no argument \"id\""},
    {"{\"query\":\"incident.show\"}", "needs \"id\""},
    {"{\"query\":\"incident.show\",\"id\":null}", "needs \"id\""},
    {"{\"query\":\"incident.show\",\"id\":12}", "a UUID"},
    {"{\"query\":\"incident.list\",\"stage\":\"open\"}", "detect, assess"},
    {"{\"query\":\"incident.list\",\"all\":1}", "true or false"},
    {"{\"query\":\"incident.list\",\"limit\":0}", "1 .. 500"},
    {"{\"query\":\"incident.list\",\"limit\":2.5}", "1 .. 500"},
    {"{\"query\":\"incident.list\",\"compartment\":\"\"}", "compartment"},
    {"{\"query\":\"log.get\",\"index\":0}", "a log index from 1"},
    {"{\"query\":\"log.get\",\"index\":-4}", "a log index from 1"},
    {"{\"query\":\"log.tail\",\"count\":5000}", "1 .. 4096"},
    {"{\"query\":\"cluster.transfer\",\"to\":\"2\"}", "a node id"},
    {"{\"query\":\"incident.page\"}", "needs \"id\""},
    {"{\"query\":\"incident.parts\",\"id\":\"01930000-0000-7000-8000-000000000001\"}",
     "needs \"kind\""},
    {"{\"query\":\"incident.parts\",\"kind\":\"notes\"}", "tasks, containment or evidence"},
    {"{\"query\":\"incident.parts\",\"kind\":7}", "tasks, containment or evidence"},
    {"{\"query\":\"incident.timeline\",\"wait_ms\":30001}", "0 .. 30000"},
    {"{\"query\":\"incident.timeline\",\"wait_ms\":-1}", "0 .. 30000"},
    {"{\"query\":\"incident.timeline\",\"after\":\"7\"}", "a sequence number"},
    {"{\"query\":\"incident.watch\"}", "needs \"compartment\""},
    {"{\"query\":\"incident.watch\",\"compartment\":\"x\",\"after_number\":4294967296}",
     "an event's number"},
    {"{\"query\":\"incident.explain\",\"id\":\"first\"}", "a UUID"},
    {"{\"query\":\"request.show\",\"id\":\"01930000-0000-7000-8000-000000000001\"}",
     "needs \"author\""},
    {"{\"query\":\"request.show\",\"author\":\"ann\"}", "a UUID"},
    {"{\"query\":\"incident.milestones\",\"compartment\":7}", "compartment"},
    {"{\"query\":\"proposal.list\",\"after\":\"x\"}", "a UUID"},
    {"{\"query\":\"proposal.show\",\"id\":true}", "a UUID"},
    {"{\"query\":\"filter.list\",\"compartment\":\"x\",\"after\":7}", "a deduplication key"},
    {"{\"query\":\"log.content\",\"index\":\"1\"}", "a log index from 1"},
};

Test(api_query, names_each_mistake)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct api_query query;
        struct vg_error error;
        cr_expect_eq(parse(bad[i].text, &query, &error), VG_INVALID, "%s", bad[i].text);
        cr_expect_not_null(strstr(error.text, bad[i].says), "%s says: %s", bad[i].text, error.text);
    }
}

Test(api_query, bears_depth_and_size)
{
    struct api_query query;
    struct vg_error error = {0};
    static char deep[200000];
    memset(deep, '[', sizeof deep);
    cr_expect_eq(api_query_parse(vg_span_of(deep, sizeof deep), &query, &error), VG_INVALID);
    static char name[3000] = "{\"query\":\"";
    memset(name + 10, 'x', sizeof name - 13);
    memcpy(name + sizeof name - 3, "\"}", 3);
    cr_expect_eq(parse(name, &query, &error), VG_INVALID);
    cr_expect_not_null(strstr(error.text, "knows no question"));
}

/* ---- answers from the state --------------------------------------------------------------------
 */

static vg_id detect(struct desk *desk, const char *title)
{
    struct desk_order order = desk_detect(title, "");
    struct response_outcome outcome = desk_send(desk, &order);
    cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
    return outcome.id;
}

static json_t *ask_id(struct desk *desk, const char *name, const vg_id *id)
{
    char text[160], id_text[VG_ID_TEXT];
    vg_id_format(id, id_text);
    snprintf(text, sizeof text, "{\"query\":\"%s\",\"id\":\"%s\"}", name, id_text);
    return ask_well(desk, text);
}

Test(api_state, shows_an_incident_with_the_keys_of_the_command_line)
{
    static const char *const keys[] = {
        "id",       "compartment", "title",          "stage",      "classification",
        "severity", "priority",    "responsibility", "detection",  "revision",
        "clocks",   "created_at",  "exercise",       "updated_at", "historical"};
    struct desk *desk = desk_new();
    vg_id id = detect(desk, "Odd logins");
    json_t *answer = ask_id(desk, "incident.show", &id);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        cr_expect_not_null(json_object_get(answer, keys[i]), "%s", keys[i]);
    cr_expect_str_eq(text_of(answer, "title"), "Odd logins");
    cr_expect_str_eq(text_of(answer, "stage"), "detect");
    cr_expect(json_is_null(json_object_get(answer, "severity")));
    json_t *detection = json_object_get(answer, "detection");
    cr_expect_eq(json_integer_value(json_object_get(detection, "count")), 1);
    json_decref(answer);
    desk_free(desk);
}

Test(api_state, lists_in_id_order_page_by_page)
{
    struct desk *desk = desk_new();
    for (int i = 0; i < 5; i++)
        detect(desk, "One of five");
    char after[VG_ID_TEXT] = "00000000-0000-0000-0000-000000000000", last[VG_ID_TEXT] = "";
    size_t seen = 0, pages = 0;
    for (size_t got = 1; got > 0; pages++) {
        char text[160];
        snprintf(text, sizeof text, "{\"query\":\"incident.list\",\"limit\":2,\"after\":\"%s\"}",
                 after);
        json_t *page = ask_well(desk, text);
        got = json_array_size(page);
        for (size_t i = 0; i < got; i++) {
            const char *id = text_of(json_array_get(page, i), "id");
            cr_expect_gt(strcmp(id, last), 0);
            snprintf(last, sizeof last, "%s", id);
        }
        snprintf(after, sizeof after, "%s", last);
        seen += got;
        json_decref(page);
    }
    cr_expect_eq(seen, 5u);
    cr_expect_eq(pages, 4u);
    desk_free(desk);
}

Test(api_state, filters_by_stage_and_compartment)
{
    struct desk *desk = desk_new();
    struct vg_error error;
    vg_id id = detect(desk, "To be assessed");
    detect(desk, "Left alone");
    struct desk_order order = desk_stage(&id, RESPONSE_ASSESS, 1);
    cr_assert_eq(desk_send(desk, &order).error.code, VG_OK);
    json_t *page = ask_well(desk, "{\"query\":\"incident.list\",\"stage\":\"assess\"}");
    cr_assert_eq(json_array_size(page), 1u);
    cr_expect_str_eq(text_of(json_array_get(page, 0), "title"), "To be assessed");
    json_decref(page);
    cr_expect_null(ask(desk, "{\"query\":\"incident.list\",\"compartment\":\"nowhere\"}", &error));
    cr_expect_eq(error.code, VG_NOT_FOUND);
    desk_free(desk);
}

static bool of_none(void *clearance, const vg_id *compartment)
{
    (void)clearance;
    (void)compartment;
    return false;
}

/* Whoever asks for what is not here is sent on; a list is of what is here. */
Test(api_state, a_compartment_that_is_not_level_here_is_not_answered_for)
{
    static const struct {
        const char *name, *argument;
    } questions[] = {
        {"incident.list", "compartment"},
        {"incident.watch", "compartment"},
        {"proposal.list", "compartment"},
        {"filter.list", "compartment"},
        {"incident.milestones", "compartment"},
        {"incident.show", "id"},
        {"incident.timeline", "id"},
        {"proposal.show", "id"},
    };
    struct desk *desk = desk_new();
    char id[VG_ID_TEXT], text[160];
    struct vg_error error;
    vg_id incident = detect(desk, "Not for everybody");
    desk->machine.level = of_none;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        bool by_id = strcmp(questions[i].argument, "id") == 0;
        vg_id_format(by_id ? &incident : &desk->genesis.first, id);
        snprintf(text, sizeof text, "{\"query\":\"%s\",\"%s\":\"%s\"}", questions[i].name,
                 questions[i].argument, id);
        error = (struct vg_error){.code = VG_OK};
        cr_expect_null(ask(desk, text, &error), "%s", text);
        cr_expect_eq(error.code, VG_UNAVAILABLE, "%s: %s", text, error.text);
        cr_expect_null(strstr(error.text, "Not for everybody"));
    }
    json_t *page = ask_well(desk, "{\"query\":\"incident.list\",\"all\":true}");
    cr_expect_eq(json_array_size(page), 0u);
    json_decref(page);
    desk_free(desk);
}

Test(api_state, tells_the_timeline)
{
    struct desk *desk = desk_new();
    vg_id id = detect(desk, "Odd logins");
    struct desk_order order = desk_note(&id, "Seen in \"apac\" too\n");
    cr_assert_eq(desk_send(desk, &order).error.code, VG_OK);
    json_t *events = ask_id(desk, "incident.timeline", &id);
    cr_assert_eq(json_array_size(events), 2u);
    json_t *note = json_array_get(events, 1);
    cr_expect_str_eq(text_of(note, "kind"), "note");
    cr_expect_str_eq(text_of(note, "text"), "Seen in \"apac\" too\n");
    cr_expect_not_null(text_of(note, "author"));
    cr_expect_not_null(text_of(note, "received_at"));
    json_decref(events);
    desk_free(desk);
}

Test(api_state, gives_the_kept_document_and_says_when_there_is_none)
{
    struct desk *desk = desk_new();
    struct vg_error error;
    char text[160], id_text[VG_ID_TEXT];
    struct desk_order order = desk_import("K-1", "{\"kept\":true}");
    order.person = DESK_MANAGER;
    struct response_outcome outcome = desk_send(desk, &order);
    cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
    json_t *answer = ask_id(desk, "incident.document", &outcome.id);
    cr_expect_str_eq(text_of(answer, "document"), "{\"kept\":true}");
    json_decref(answer);
    vg_id id = detect(desk, "Nothing kept");
    vg_id_format(&id, id_text);
    snprintf(text, sizeof text, "{\"query\":\"incident.document\",\"id\":\"%s\"}", id_text);
    cr_expect_null(ask(desk, text, &error));
    cr_expect_eq(error.code, VG_NOT_FOUND);
    desk_free(desk);
}

Test(api_state, says_when_there_is_no_such_incident)
{
    struct desk *desk = desk_new();
    struct vg_error error;
    static const char id[] = "0192f0c4-0000-7000-8000-000000000001";
    char text[160];
    snprintf(text, sizeof text, "{\"query\":\"incident.show\",\"id\":\"%s\"}", id);
    cr_expect_null(ask(desk, text, &error));
    cr_expect_eq(error.code, VG_NOT_FOUND);
    cr_expect_not_null(strstr(error.text, id));
    desk_free(desk);
}

Test(api_state, names_the_directory_and_the_first_compartment)
{
    struct desk *desk = desk_new();
    json_t *answer = ask_well(desk, "{\"query\":\"directory\"}");
    cr_expect_eq(json_array_size(json_object_get(answer, "people")), (size_t)DESK_PEOPLE);
    cr_expect_geq(json_array_size(json_object_get(answer, "compartments")), 2u);
    cr_expect_eq(strlen(text_of(answer, "cluster_id")), 64u);
    json_decref(answer);
    desk_free(desk);
}

/* ---- outcomes, entries, status -----------------------------------------------------------------
 */

Test(api_outcome, answers_a_change)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_detect("Odd logins", "");
    struct response_outcome outcome = desk_send(desk, &order);
    char *text = api_outcome_text(&outcome);
    json_t *answer = json_loads(text, 0, NULL);
    cr_assert_not_null(answer);
    cr_expect_eq(json_integer_value(json_object_get(answer, "index")), (json_int_t)outcome.index);
    cr_expect(json_is_null(json_object_get(answer, "receipt")));
    cr_expect_eq(json_integer_value(json_object_get(json_object_get(answer, "revision"), "stage")),
                 1);
    json_decref(answer);
    free(text);
    desk_free(desk);
}

Test(api_outcome, explains_a_conflict)
{
    struct desk *desk = desk_new();
    vg_id id = detect(desk, "Odd logins");
    struct desk_order first = desk_stage(&id, RESPONSE_ASSESS, 1);
    cr_assert_eq(desk_send(desk, &first).error.code, VG_OK);
    struct desk_order second = desk_stage(&id, RESPONSE_CLOSE, 1);
    struct response_outcome outcome = desk_send(desk, &second);
    cr_assert_eq(outcome.error.code, VG_CONFLICT, "%s", outcome.error.text);
    char *text = api_outcome_text(&outcome);
    json_t *details = json_loads(text, 0, NULL);
    cr_expect_str_eq(text_of(details, "aspect"), "stage");
    cr_expect_eq(json_integer_value(json_object_get(details, "expected")), 1);
    cr_expect_eq(json_integer_value(json_object_get(details, "current")), 2);
    cr_expect_str_eq(text_of(details, "value"), "assess");
    cr_expect_str_eq(text_of(details, "proposed"), "close");
    json_decref(details);
    free(text);
    desk_free(desk);
}

Test(api_entry, shows_a_command_and_its_author)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_detect("Odd logins", "");
    struct vg_blob *bytes = desk_append(desk, &order);
    struct ledger_view view;
    struct vg_error error;
    cr_assert_eq(ledger_parse(vg_blob_span(bytes), &view, &error), VG_OK, "%s", error.text);
    vg_id ann = desk_author(desk, DESK_ANN);
    json_t *entry = api_entry(&view, RESPONSE_SEES_CONTENT, &ann);
    cr_expect_str_eq(text_of(entry, "type"), "sealed");
    cr_expect_not_null(text_of(entry, "author"));
    json_t *command = json_object_get(entry, "command");
    cr_expect_str_eq(text_of(command, "op"), "detect");
    cr_expect_str_eq(text_of(command, "title"), "Odd logins");
    json_decref(entry);
    desk_free(desk);
}

Test(api_status, a_node_that_is_not_reachable_has_no_round_trip)
{
    struct desk *desk = desk_new();
    struct api_status status = {.self = {1}, .node_count = 2, .role = "leader"};
    vg_id operator_ = desk_author(desk, DESK_OPERATOR);
    status.nodes[0] = (struct api_node_status){.id = {2}, .reachable = true, .rtt_us = 220};
    status.nodes[1] = (struct api_node_status){.id = {3}, .reachable = false, .rtt_us = 220};
    json_t *answer = api_status_answer(&status, &(struct api_clearances){.count = 0},
                                       &desk->machine, &operator_);
    const json_t *nodes = json_object_get(answer, "nodes");
    const json_t *up = json_object_get(json_array_get(nodes, 0), "rtt_ms");
    const json_t *down = json_object_get(json_array_get(nodes, 1), "rtt_ms");
    cr_expect_float_eq(json_real_value(up), 0.22, 0.0001);
    cr_expect(json_is_null(down));
    json_decref(answer);
    desk_free(desk);
}

Test(api_status, has_the_keys_of_the_command_line)
{
    static const char *const keys[] = {"cluster_id", "leader",  "term",           "commit_index",
                                       "quorum",     "healthy", "on_duty_region", "nodes"};
    static const char *const node_keys[] = {
        "id",          "region",        "role",   "reachable", "last_index", "match_index",
        "lag_entries", "applied_index", "rtt_ms", "clearance", "version",    "drill"};
    struct desk *desk = desk_new();
    struct api_status status = {.self = {1}, .quorum = 2, .node_count = 2, .role = "follower"};
    status.nodes[0] = (struct api_node_status){.id = {1}, .self = true, .last = 4};
    status.nodes[1] = (struct api_node_status){.id = {2}};
    api_status_figure(&status, "log_transactions", 12);
    vg_id operator_ = desk_author(desk, DESK_OPERATOR);
    json_t *answer = api_status_answer(&status, &(struct api_clearances){.count = 0},
                                       &desk->machine, &operator_);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        cr_expect_not_null(json_object_get(answer, keys[i]), "%s", keys[i]);
    json_t *other = json_array_get(json_object_get(answer, "nodes"), 1);
    for (size_t i = 0; i < sizeof node_keys / sizeof node_keys[0]; i++)
        cr_expect_not_null(json_object_get(other, node_keys[i]), "%s", node_keys[i]);
    cr_expect(json_is_null(json_object_get(answer, "leader")));
    cr_expect(json_is_null(json_object_get(other, "match_index")));
    json_decref(answer);
    json_t *figures = api_figures_answer(&status, &desk->machine, &operator_);
    cr_expect_eq(json_integer_value(json_object_get(figures, "log_transactions")), 12);
    json_decref(figures);
    desk_free(desk);
}
