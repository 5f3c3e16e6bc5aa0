/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/stats.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "ops/cli/view/figures.h"

enum { PAGE = 500 };

const char stats_about[] =
    "From detection to the first assessment, the first verified containment step, the first time\n"
    "that customer and business risk were both attested as contained, and the close that stands.\n"
    "Times are those of the log. Historical incidents and exercises are counted apart.";
const char stats_examples[] = "  vigil stats\n"
                              "  vigil stats --since 2026-10-01T00:00:00Z -o json";
const struct cli_option stats_options[] = {
    {.name = "compartment", .value = "NAME", .help = "whose incidents (the context's)"},
    {.name = "since", .value = "TIME", .help = "detected since then, RFC 3339 with a zone"},
    {.name = NULL},
};

/* ---- the command -------------------------------------------------------------------------------
 */

static enum vg_code ask_milestones(struct cli_call *call, json_t *all)
{
    const char *place;
    return cli_compartment_name(call, cli_text(call, "compartment"), &place) != VG_OK
               ? call->error.code
               : cli_query_all(call,
                               json_pack("{s:s, s:s, s:i}", "query", "incident.milestones",
                                         "compartment", place, "limit", PAGE),
                               "id", all);
}

/* "2h 05m", "4m 10s", "3.2s"; "-" where there is none. */
static json_t *duration_text(const json_t *seconds_value)
{
    double s = json_real_value(seconds_value);
    unsigned long whole = (unsigned long)s;
    if (!json_is_real(seconds_value))
        return json_string("-");
    if (whole >= 86400)
        return json_sprintf("%lud %02luh", whole / 86400, whole % 86400 / 3600);
    if (whole >= 3600)
        return json_sprintf("%luh %02lum", whole / 3600, whole % 3600 / 60);
    return whole >= 60 ? json_sprintf("%lum %02lus", whole / 60, whole % 60)
                       : json_sprintf("%.1fs", s);
}

static json_t *row_of(const json_t *figure_of_group)
{
    const json_t *value = json_object_get(figure_of_group, "value");
    json_t *row = json_object();
    json_object_set(row, "by", json_object_get(figure_of_group, "by"));
    json_object_set_new(row, "value",
                        json_is_integer(value) ? json_sprintf("sev%lld", json_integer_value(value))
                        : json_is_null(value)  ? json_string("-")
                                               : json_incref((json_t *)value));
    json_object_set(row, "incidents", json_object_get(figure_of_group, "incidents"));
    for (const struct view_span *span = view_spans; span->name != NULL; span++)
        json_object_set_new(row, span->name,
                            duration_text(json_object_get(
                                json_object_get(figure_of_group, span->name), "median_s")));
    return row;
}

static void print_stats(const struct cli_call *call, const json_t *stats)
{
    static const struct cli_column columns[] = {
        {.title = "BY", .path = "by"},
        {.title = "VALUE", .path = "value"},
        {.title = "INCIDENTS", .path = "incidents", .number = true},
        {.title = "TO ASSESS", .path = "assess", .number = true},
        {.title = "TO CONTAIN", .path = "contain", .number = true},
        {.title = "TO STABILIZE", .path = "stabilize", .number = true},
        {.title = "TO CLOSE", .path = "close", .number = true},
        {.title = NULL},
    };
    json_t *rows = json_array();
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(stats, "figures"), i, item)
        json_array_append_new(rows, row_of(item));
    printf("%llu incidents, %llu of them open; apart: %llu historical, %llu exercises\n",
           (unsigned long long)cli_json_number(stats, "incidents"),
           (unsigned long long)cli_json_number(stats, "open"),
           (unsigned long long)cli_json_number(stats, "historical"),
           (unsigned long long)cli_json_number(stats, "exercise"));
    if (json_array_size(rows) > 0)
        printf("medians; -o json has percentiles\n\n");
    cli_print_table(stdout, call->settings.output, rows, columns);
    json_decref(rows);
}

enum vg_code stats_run(struct cli_call *call)
{
    const char *since = cli_text(call, "since");
    uint64_t since_ms = 0;
    if (since != NULL && !vg_time_parse(since, &since_ms))
        return vg_fail(&call->error, VG_USAGE,
                       "--since is '%s'; it must be a time with its zone, such as "
                       "2026-10-01T00:00:00Z",
                       since);
    json_t *milestones = json_array();
    if (ask_milestones(call, milestones) == VG_OK) {
        json_t *stats = view_figures(milestones, since_ms);
        if (cli_is_json(call->settings.output))
            cli_print_json(stdout, call->settings.output, stats);
        else
            print_stats(call, stats);
        json_decref(stats);
    }
    json_decref(milestones);
    return call->error.code;
}
