/* SPDX-License-Identifier: Apache-2.0
 * What people look at: the page of an incident, events in words, figures. */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdlib.h>

#include "ops/cli/core/output.h"
#include "ops/cli/view/clearances.h"
#include "ops/cli/view/event.h"
#include "ops/cli/view/figures.h"
#include "ops/cli/view/page.h"

static void set_up(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
}

TestSuite(cli_view, .init = set_up);

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *document = json_loads(text, 0, &error);
    cr_assert_not_null(document, "%s in %s", error.text, text);
    return document;
}

/* ---- events ------------------------------------------------------------------------------------
 */

Test(cli_view, an_event_says_what_was_changed_and_what_its_author_said)
{
    static const struct {
        const char *event, *change, *said;
    } cases[] = {
        {"{'kind':'stage','from':'detect','to':'assess','text':'seen'}", "detect to assess",
         "seen"},
        {"{'kind':'task','part_number':'T1','to':'open','text':'Rotate'}", "T1 open", "Rotate"},
        {"{'kind':'attest','aspect':'customer-risk','to':'yes','text':'x'}", "customer-risk yes",
         "x"},
        {"{'kind':'plan','to':'rebuild','text':'rebuild'}", "rebuild", ""},
        {"{'kind':'note','text':'x'}", "", "x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        char change[64];
        snprintf(text, sizeof text, "%s", cases[i].event);
        for (char *at = text; *at != '\0'; at++)
            *at = *at == '\'' ? '"' : *at;
        json_t *event = parse(text);
        view_change(event, change, sizeof change);
        cr_expect_str_eq(change, cases[i].change);
        cr_expect_str_eq(view_said(event), cases[i].said);
        json_decref(event);
    }
}

/* ---- parts -------------------------------------------------------------------------------------
 */

Test(cli_view, parts_come_in_the_order_of_their_numbers)
{
    json_t *parts = parse("[{\"number\":\"T10\"},{\"number\":\"T9\"},{\"number\":\"T1\"},{}]");
    json_t *sorted = view_in_order(parts);
    cr_expect_eq(json_array_size(sorted), 4);
    cr_expect_str_eq(cli_json_text(json_array_get(sorted, 1), "number"), "T1");
    cr_expect_str_eq(cli_json_text(json_array_get(sorted, 3), "number"), "T10");
    json_decref(sorted);
    json_decref(parts);
}

/* ---- the page ----------------------------------------------------------------------------------
 */

static const char facts[] =
    "{\"id\":\"01a2\",\"title\":\"Beacon\",\"stage\":\"diagnose\",\"severity\":1,\"priority\":0,"
    "\"owner\":\"p1\",\"data_risk\":\"imminent\",\"detection\":{\"source\":\"automated\","
    "\"subsource\":\"ids\",\"count\":3},\"compartment\":\"default\",\"attestations\":"
    "{\"customer_risk\":true},\"history\":{\"severity\":[{\"time\":\"2026-11-26T03:04:05.000Z\","
    "\"author\":\"p1\",\"to\":\"sev1 p0\",\"text\":\"as assessed\"}],\"findings\":[]},"
    "\"tasks\":[{\"number\":\"T1\",\"state\":\"open\",\"title\":\"Rotate\"}],\"containment\":[],"
    "\"evidence\":[],\"events\":1,\"timeline\":[{\"time\":\"2026-11-26T03:04:05.000Z\","
    "\"kind\":\"detect\",\"author\":\"p1\",\"text\":\"a beacon\"}]}";

static char *page_of(unsigned width)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    json_t *page = parse(facts);
    json_t *people = parse("[{\"id\":\"00000000-0000-0000-0000-000000000001\",\"name\":\"Ann\"}]");
    json_object_set_new(page, "owner", json_string("00000000-0000-0000-0000-000000000001"));
    view_page(out, width, page, people);
    fclose(out);
    json_decref(people);
    json_decref(page);
    return text;
}

Test(cli_view, a_page_shows_where_the_incident_stands)
{
    char *page = page_of(100);
    static const char *const says[] = {
        "Beacon\n01a2\n",
        "detect \u2501\u2501\u2501\u2501\u2501\u2501\u2501\u2501 assess",
        "[diagnose] \u2500",
        "sev1 p0   unclassified   owner Ann\n",
        "customer data at risk: imminent\n",
        "from automated/ids, count 3   in default\n",
        "  11-26 03:04  sev1 p0  p1  as assessed\n",
        "Diagnose ",
        "\u2502 [x] customer risk contained\n",
        "\u2502 [ ] business risk contained\n",
        "  T1   open     nobody     Rotate\n",
        "  11-26 03:04  detect         p1         a beacon\n",
    };
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        cr_expect_not_null(strstr(page, says[i]), "%s is not in\n%s", says[i], page);
    free(page);
}

Test(cli_view, lanes_are_below_each_other_where_there_is_no_room)
{
    char *page = page_of(60);
    const char *left = strstr(page, "\nDiagnose\n");
    const char *right = strstr(page, "\nStabilize\n");
    cr_expect_not_null(left, "%s", page);
    cr_expect(right > left, "%s", page);
    cr_expect_null(strstr(page, "\u2502"));
    free(page);
}

/* ---- figures -----------------------------------------------------------------------------------
 */

static void expect_spread(const json_t *figure, const char *span, int count, double median,
                          double p90, double max)
{
    const json_t *spread = json_object_get(figure, span);
    cr_expect_eq(json_integer_value(json_object_get(spread, "count")), count, "%s", span);
    cr_expect_eq(json_real_value(json_object_get(spread, "median_s")), median, "%s", span);
    cr_expect_eq(json_real_value(json_object_get(spread, "p90_s")), p90, "%s", span);
    cr_expect_eq(json_real_value(json_object_get(spread, "max_s")), max, "%s", span);
}

/* Ten incidents assessed after 1 to 10 seconds, two of them closed; one historical, one exercise.
 */
static json_t *milestones(void)
{
    json_t *all = json_array();
    for (int i = 1; i <= 10; i++)
        json_array_append_new(all, json_pack("{s:s?, s:i, s:s, s:b, s:n, s:i, s:i, s:i, s:i, s:i}",
                                             "classification", i <= 4 ? "security-event" : NULL,
                                             "severity", i % 2, "region", "apac", "historical", 0,
                                             "exercise", "created_ms", 1000 * i, "assessed_ms",
                                             2000 * i, "contained_ms", 0, "stabilized_ms", 0,
                                             "closed_ms", i <= 2 ? 100000 : 0));
    json_array_append_new(
        all, json_pack("{s:n, s:b, s:i}", "exercise", "historical", 1, "created_ms", 5));
    json_array_append_new(
        all, json_pack("{s:s, s:b, s:i}", "exercise", "red", "historical", 0, "created_ms", 5));
    return all;
}

Test(cli_view, figures_are_of_real_incidents_that_came_so_far)
{
    json_t *all = milestones();
    json_t *figures = view_figures(all, 0);
    cr_expect_eq(cli_json_number(figures, "incidents"), 10);
    cr_expect_eq(cli_json_number(figures, "open"), 8);
    cr_expect_eq(cli_json_number(figures, "historical"), 1);
    cr_expect_eq(cli_json_number(figures, "exercise"), 1);
    const json_t *whole = json_array_get(json_object_get(figures, "figures"), 0);
    cr_expect_str_eq(cli_json_text(whole, "by"), "all");
    expect_spread(whole, "assess", 10, 5, 9, 10);
    expect_spread(whole, "contain", 0, 0, 0, 0);
    cr_expect(json_is_null(cli_json_at(whole, "contain.median_s")));
    expect_spread(whole, "close", 2, 98, 99, 99);
    json_decref(figures);
    json_decref(all);
}

Test(cli_view, figures_are_per_class_severity_and_region)
{
    static const struct {
        const char *by, *value;
        int incidents;
    } wanted[] = {{"all", "null", 10},           {"classification", "\"security-event\"", 4},
                  {"classification", "null", 6}, {"severity", "0", 5},
                  {"severity", "1", 5},          {"region", "\"apac\"", 10}};
    json_t *all = milestones();
    json_t *figures = view_figures(all, 0);
    const json_t *groups = json_object_get(figures, "figures");
    cr_assert_eq(json_array_size(groups), sizeof wanted / sizeof *wanted);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const json_t *group = json_array_get(groups, i);
        char *value = json_dumps(json_object_get(group, "value"), JSON_ENCODE_ANY);
        cr_expect_str_eq(cli_json_text(group, "by"), wanted[i].by);
        cr_expect_str_eq(value, wanted[i].value);
        cr_expect_eq((int)cli_json_number(group, "incidents"), wanted[i].incidents);
        free(value);
    }
    json_decref(figures);
    json_decref(all);
}

Test(cli_view, what_was_detected_before_is_left_out)
{
    json_t *all = milestones();
    json_t *figures = view_figures(all, 6000);
    cr_expect_eq(cli_json_number(figures, "incidents"), 5);
    cr_expect_eq(cli_json_number(figures, "historical"), 0);
    json_decref(figures);
    json_decref(all);
}

/* ---- clearances --------------------------------------------------------------------------------
 */

Test(cli_view, a_compartment_has_its_holders_how_they_stand_and_what_is_amiss)
{
    static const struct {
        const char *one, *nodes;  /* of the compartment in the answer; of the nodes */
        int cleared;              /* 0: not said */
        const char *shown, *note; /* NULL: nothing is amiss */
    } cases[] = {
        {"\"holders\":[1,2],\"min_cleared\":2,\"unattested\":[]",
         "{\"id\":1,\"compartments\":[{\"id\":\"c\",\"status\":\"level\"}]},"
         "{\"id\":2,\"compartments\":[{\"id\":\"c\",\"status\":\"level\"}]},"
         "{\"id\":3,\"compartments\":[{\"id\":\"c\",\"status\":\"blind\"}]}",
         2, "1, 2", NULL},
        {"\"holders\":[1,2,3],\"min_cleared\":2,\"unattested\":[]",
         "{\"id\":1},{\"id\":2,\"compartments\":[{\"id\":\"c\",\"status\":\"rebuilding\","
         "\"applied_index\":30}]},"
         "{\"id\":3,\"compartments\":[{\"id\":\"c\",\"status\":\"stopped\"}]}",
         3, "1 (no answer), 2 (rebuilding, 60%), 3 (stopped)", NULL},
        {"\"holders\":[1],\"min_cleared\":2,\"unattested\":[3],\"override\":{\"reason\":\"in "
         "repair\"}",
         "{\"id\":1,\"compartments\":[{\"id\":\"c\",\"status\":\"level\"}]},"
         "{\"id\":3,\"compartments\":[{\"id\":\"c\",\"status\":\"removing\"}]}",
         1, "1, 3 (removing)", "fewer than the least: in repair; node 3 has not attested yet"},
        {"\"holders\":[1,2],\"min_cleared\":2,\"unattested\":[],\"override\":null",
         "{\"id\":1,\"compartments\":[{\"id\":\"c\",\"status\":\"level\"}]},"
         "{\"id\":2,\"role\":\"evicted\"}",
         1, "1, 2 (evicted)", "fewer than the least"},
        {"\"holders\":[1,2],\"min_cleared\":2,\"unattested\":[1,3],\"override\":{\"reason\":\"site "
         "lost\"},\"shredding\":{\"state\":\"shredding\",\"missing\":[1,3],\"for_good\":null,"
         "\"recovery\":{\"attested\":null}}",
         "{\"id\":1,\"compartments\":[{\"id\":\"c\",\"status\":\"removing\"}]},"
         "{\"id\":2,\"compartments\":[{\"id\":\"c\",\"status\":\"blind\"}]}",
         0, "", "shredding: missing node 1, node 3, the recovery key"},
        {"\"holders\":[1],\"min_cleared\":1,\"shredding\":{\"state\":\"shredding\","
         "\"missing\":[],\"for_good\":null,\"recovery\":{\"attested\":null}}",
         "{\"id\":1}", 0, "", "shredding: missing the recovery key"},
        {"\"holders\":[1],\"min_cleared\":1,\"shredding\":{\"state\":\"shredding\","
         "\"missing\":[2],\"for_good\":null,\"recovery\":{\"attested\":9}}",
         "{\"id\":1}", 0, "", "shredding: missing node 2"},
        {"\"holders\":[1],\"min_cleared\":2,\"shredding\":{\"state\":\"shredded\","
         "\"missing\":[],\"for_good\":9,\"recovery\":{\"attested\":9}}",
         "{\"id\":1,\"compartments\":[{\"id\":\"c\",\"status\":\"blind\"}]}", 0, "", "shredded"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *status = json_sprintf(
            "{\"commit_index\":50,\"compartments\":[{\"id\":\"c\",\"name\":\"acme\",%s}],"
            "\"nodes\":[%s]}",
            cases[i].one, cases[i].nodes);
        json_t *document = parse(json_string_value(status));
        json_t *rows = view_clearances(document);
        const json_t *row = json_array_get(rows, 0);
        cr_assert_eq(json_array_size(rows), 1);
        cr_expect_str_eq(cli_json_text(row, "name"), "acme");
        cr_expect_eq(json_integer_value(json_object_get(row, "cleared")), cases[i].cleared);
        cr_expect_eq(json_is_null(json_object_get(row, "cleared")), cases[i].cleared == 0);
        cr_expect_str_eq(cli_json_text(row, "nodes"), cases[i].shown);
        cr_expect_eq(json_is_null(json_object_get(row, "note")), cases[i].note == NULL);
        cr_expect_str_eq(cli_json_text(row, "note"), cases[i].note != NULL ? cases[i].note : "");
        json_decref(rows);
        json_decref(document);
        json_decref(status);
    }
}

/* A status has what is as it should be, but for what each case says. */
Test(cli_view, a_cluster_is_degraded_by_each_thing_that_is_missing)
{
    static const char level[] = "\"reachable\":true,\"compartments\":[{\"id\":\"c\",\"name\":"
                                "\"acme\",\"status\":\"level\"}]";
    static const char down[] = "\"reachable\":false";
    static const char cleared[] = "\"holders\":[1,2],\"min_cleared\":2";
    static const struct {
        const char *one, *first, *second, *reasons; /* the compartment, two nodes; with ", " */
    } cases[] = {
        {cleared, level, level, ""},
        {cleared, level, down, "node 2 is not reachable"},
        {cleared, level, "\"reachable\":true,\"stopped\":\"why\"",
         "node 2 applies nothing any more"},
        {cleared, level,
         "\"reachable\":true,\"compartments\":[{\"id\":\"c\",\"name\":\"acme\",\"status\":"
         "\"diverged\"}]",
         "node 2: acme is diverged"},
        {cleared, "\"reachable\":false,\"role\":\"evicted\"", level,
         "acme: fewer nodes are cleared than the least"},
        {"\"holders\":[2],\"min_cleared\":1",
         "\"reachable\":true,\"compartments\":[{\"id\":\"c\",\"name\":\"acme\",\"status\":"
         "\"blind\"}]",
         down, "node 2 is not reachable, acme: no node serves it"},
        {"\"holders\":[2],\"min_cleared\":1",
         "\"reachable\":true,\"compartments\":[{\"id\":\"c\",\"name\":\"acme\",\"status\":"
         "\"blind\"}]",
         "\"reachable\":true,\"compartments\":[{\"id\":\"c\",\"name\":\"acme\",\"status\":"
         "\"stopped\"}]",
         "node 2: acme is stopped, acme: no node serves it"},
        {"\"holders\":[2],\"min_cleared\":1", down, "\"reachable\":true",
         "node 1 is not reachable"}, /* nobody has asked node 2 how it stands */
        {"\"holders\":[1],\"min_cleared\":2,\"shredding\":{\"state\":\"shredding\"}", level, level,
         ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512] = "";
        json_t *status = json_sprintf("{\"compartments\":[{\"id\":\"c\",\"name\":\"acme\",%s}],"
                                      "\"nodes\":[{\"id\":1,%s},{\"id\":2,%s}]}",
                                      cases[i].one, cases[i].first, cases[i].second);
        json_t *document = parse(json_string_value(status));
        json_t *reasons = view_degraded(document);
        size_t k;
        const json_t *reason;
        json_array_foreach(reasons, k, reason)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", k > 0 ? ", " : "",
                     json_string_value(reason));
        cr_expect_str_eq(text, cases[i].reasons, "case %zu: %s", i, text);
        json_decref(reasons);
        json_decref(document);
        json_decref(status);
    }
}
