/* SPDX-License-Identifier: Apache-2.0
 * What is told of a drill: the reasons of a failure, and a page that holds everything it needs and
 * lets nobody's words become markup. */
#include <criterion/criterion.h>

#include "ops/drill/report/report.h"

enum { MS = 1000, S = 1000 * MS };

static const struct measure_window window = {.sent_us = 2 * S,
                                             .taken_us = 2 * S,
                                             .fault_end_us = 7 * S,
                                             .end_us = 10 * S,
                                             .stall_us = 300 * MS,
                                             .regions = 2};

/* A drill that passed, as drill.show has it. */
static json_t *drill(const char *reason, const char *state)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:i, s:i, s:{s:i, s:i}}", "id",
                     "01a2", "kind", "node-loss", "state", state, "reason", reason, "duration_ms",
                     5000, "approved_at", "2026-11-26T15:18:45.111Z", "started_at",
                     "2026-11-26T15:18:47.259Z", "ended_at", "2026-11-26T15:18:55.322Z",
                     "start_index", 11, "end_index", 99, "targets", "recovery_ms", 1000,
                     "stalled_ms", 1000);
}

static struct measure_figures good(void)
{
    struct measure_figures figures = {.recovered = true,
                                      .recovery_us = 400 * MS,
                                      .stalled_us = 410 * MS,
                                      .writes = 7,
                                      .reads = 8};
    figures.regions[1].stalled_us = 410 * MS;
    figures.regions[1].stall_count = 1;
    figures.regions[1].stalls[0] =
        (struct measure_stall){.from_us = 2 * S, .to_us = 2 * S + 410 * MS, .write = true};
    return figures;
}

static struct report_input input_of(const json_t *about, const struct measure_figures *figures,
                                    const json_t *hit, const json_t *refused)
{
    return (struct report_input){.drill = about,
                                 .cluster_id = "c1",
                                 .operated_by = "ann",
                                 .seconded_by = "ben",
                                 .regions = {"apac", "emea"},
                                 .window = &window,
                                 .figures = figures,
                                 .hit = hit,
                                 .refused = refused,
                                 .whole = true};
}

static bool has_reason(const json_t *report, const char *words)
{
    size_t i;
    json_t *reason;
    json_array_foreach(json_object_get(report, "reasons"), i, reason)
    {
        if (strstr(json_string_value(reason), words) != NULL)
            return true;
    }
    return false;
}

Test(report, what_passed_has_no_reasons)
{
    json_t *about = drill("to see", "passed");
    json_t *hit = json_pack("[{s:i, s:s}]", "id", 2, "region", "emea");
    json_t *refused = json_array();
    struct measure_figures figures = good();
    struct report_input input = input_of(about, &figures, hit, refused);
    json_t *report = report_make(&input);
    cr_assert_eq(json_array_size(json_object_get(report, "reasons")), 0);
    cr_assert_str_eq(json_string_value(json_object_get(report, "verdict")), "passed");
    cr_assert_eq(json_integer_value(json_object_get(report, "recovery_ms")), 400);
    json_t *emea = json_array_get(json_object_get(report, "regions"), 1);
    cr_assert_eq(json_integer_value(json_object_get(emea, "stalled_ms")), 410);
    cr_assert_eq(json_array_size(json_object_get(emea, "stalls")), 1);
    json_decref(report);
    json_decref(about);
    json_decref(hit);
    json_decref(refused);
}

Test(report, each_way_to_fail_is_named)
{
    json_t *about = drill("to see", "failed");
    json_t *hit = json_pack("[{s:i, s:s}]", "id", 2, "region", "emea");
    json_t *nobody = json_array();
    json_t *refused = json_pack("[s]", "node 2 took no fault: no quorum");
    struct measure_figures figures = good();
    figures.recovery_us = figures.stalled_us = 1001 * MS;
    struct report_input input = input_of(about, &figures, hit, nobody);
    input.lost = 1;
    input.stale = 2;
    input.whole = false;
    json_t *report = report_make(&input);
    cr_assert(has_reason(report, "recovery took 1001 ms, the target is 1000 ms"));
    cr_assert(has_reason(report, "stalled for 1001 ms"));
    cr_assert(has_reason(report, "1 acknowledged writes are lost"));
    cr_assert(has_reason(report, "2 reads"));
    cr_assert(has_reason(report, "not whole"));
    json_decref(report);
    figures.recovered = false;
    report = report_make(&input);
    cr_assert(has_reason(report, "not every region was served again"));
    json_decref(report);
    input.hit = nobody;
    input.refused = refused;
    report = report_make(&input);
    cr_assert(has_reason(report, "took no fault: no quorum"));
    cr_assert(has_reason(report, "nothing was rehearsed"));
    json_decref(report);
    json_decref(about);
    json_decref(hit);
    json_decref(nobody);
    json_decref(refused);
}

static uint32_t count_of(const char *page, const char *word)
{
    uint32_t count = 0;
    for (const char *at = strstr(page, word); at != NULL; at = strstr(at + 1, word))
        count++;
    return count;
}

Test(report, the_page_needs_nothing_else_and_runs_nothing)
{
    static const char *const never[] = {
        "<script", "http:", "https:", "src=", "href=", "url(", "@import", "onload"};
    static const char evil[] = "</td><script src='http://x'>\"&";
    const struct measure_sample samples[] = {
        {.start_us = 1 * S, .end_us = 1 * S + 9 * MS, .region = 0, .write = true, .ok = true},
        {.start_us = 3 * S, .end_us = 5 * S, .region = 1, .write = true, .ok = false},
        {.start_us = 4 * S, .end_us = 4 * S + 2 * MS, .region = 1, .write = false, .ok = true},
    };
    json_t *about = drill(evil, "passed");
    json_t *hit = json_pack("[{s:i, s:s}]", "id", 2, "region", evil);
    json_t *refused = json_array();
    struct measure_figures figures = good();
    struct report_input input = input_of(about, &figures, hit, refused);
    input.regions[0] = input.operated_by = evil;
    json_t *report = report_make(&input);
    struct vg_buffer page = {0};
    report_html(report, samples, 3, &page);
    vg_buffer_append(&page, "", 1);
    const char *text = (const char *)page.data;
    cr_assert_eq(count_of(text, "&lt;script src=&#39;http"), 7,
                 "why, hit, run by, a region's four");
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        uint32_t told = strcmp(never[i], "src=") == 0 || strcmp(never[i], "http:") == 0
                            ? count_of(text, "&lt;script src=&#39;http:")
                            : 0;
        cr_assert_eq(count_of(text, never[i]), told, "%s", never[i]);
    }
    cr_assert_eq(count_of(text, "<svg"), 3, "a chart for each region, and the bars");
    cr_assert_eq(count_of(text, "<svg"), count_of(text, "</svg>"));
    cr_assert_eq(count_of(text, "class=\"stall\""), 1);
    vg_buffer_free(&page);
    json_decref(report);
    json_decref(about);
    json_decref(hit);
    json_decref(refused);
}
