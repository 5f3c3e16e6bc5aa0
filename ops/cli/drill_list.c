/* SPDX-License-Identifier: Apache-2.0
 * `vigil cluster drill list|show`: what the log has of drills, and how they have gone over time. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "ops/cli/drill.h"
#include "ops/cli/incident.h"

enum { PAGE = 500 };

json_t *drill_all(struct cli_call *call)
{
    json_t *all = json_array();
    if (cli_query_all(call, json_pack("{s:s, s:i}", "query", "drill.list", "limit", PAGE), "id",
                      all) == VG_OK)
        return all;
    json_decref(all);
    return NULL;
}

/* ---- the trend ---------------------------------------------------------------------------------
 */

static int by_size(const void *a, const void *b)
{
    const uint64_t *first = a;
    const uint64_t *second = b;
    return (*first > *second) - (*first < *second);
}

/* A figure of the last drill of a kind that has a result, against the median of those before. */
static json_t *trend_of(const json_t *all, const char *kind, const char *path)
{
    uint64_t *before = vg_alloc_zero(json_array_size(all) + 1, sizeof *before);
    size_t count = 0, i;
    uint64_t last = 0;
    json_t *drill;
    json_array_foreach((json_t *)(uintptr_t)all, i, drill)
    {
        if (strcmp(cli_json_text(drill, "kind"), kind) != 0 ||
            json_is_null(json_object_get(drill, "result")))
            continue;
        before[count++] = last = cli_json_number(drill, path);
    }
    json_t *median = json_null();
    if (count > 1) {
        qsort(before, count - 1, sizeof *before, by_size);
        median = json_integer((json_int_t)before[(count - 1) / 2]);
    }
    free(before);
    return json_pack("{s:o, s:o, s:I}", "last",
                     count > 0 ? json_integer((json_int_t)last) : json_null(), "median_before",
                     median, "runs", (json_int_t)count);
}

/* "leader-loss: recovery 412 ms, the median of the 3 before 430 ms" */
static void print_trend(const json_t *all, const char *kind)
{
    json_t *recovery = trend_of(all, kind, "result.recovery_ms");
    json_t *stalled = trend_of(all, kind, "result.stalled_ms");
    uint64_t runs = cli_json_number(recovery, "runs");
    if (runs > 1)
        printf("%s: recovery %" PRIu64 " ms, stalled %" PRIu64 " ms; the median of the %" PRIu64
               " before: %" PRIu64 " and %" PRIu64 " ms\n",
               kind, cli_json_number(recovery, "last"), cli_json_number(stalled, "last"), runs - 1,
               cli_json_number(recovery, "median_before"),
               cli_json_number(stalled, "median_before"));
    json_decref(recovery);
    json_decref(stalled);
}

/* ---- list --------------------------------------------------------------------------------------
 */

static const struct cli_column columns[] = {
    {.title = "STARTED", .path = "started_at"},
    {.title = "DRILL", .path = "kind"},
    {.title = "OF", .path = "of"},
    {.title = "STATE", .path = "state"},
    {.title = "RECOVERY MS", .path = "result.recovery_ms", .number = true},
    {.title = "STALLED MS", .path = "result.stalled_ms", .number = true},
    {.title = "LOST", .path = "result.lost", .number = true},
    {.title = "BY", .path = "by"},
    {.title = "APPROVED BY", .path = "second"},
    {.title = "ID", .path = "id"},
    {.title = NULL},
};

/* What a table shows of a drill beside its own members. */
static json_t *row_of(const json_t *drill, const json_t *people)
{
    char of[VG_NAME_MAX + 32] = "the leader";
    json_t *row = json_copy((json_t *)(uintptr_t)drill);
    if (!json_is_null(json_object_get(drill, "node")))
        snprintf(of, sizeof of, "node %" PRIu64, cli_json_number(drill, "node"));
    else if (cli_json_text(drill, "region")[0] != '\0')
        snprintf(of, sizeof of, "%s", cli_json_text(drill, "region"));
    json_object_set_new(row, "of", json_string(of));
    json_object_set_new(row, "by",
                        json_string(cli_person_name(people, cli_json_text(drill, "operated_by"))));
    json_object_set_new(row, "second",
                        json_string(cli_person_name(people, cli_json_text(drill, "seconded_by"))));
    return row;
}

static void print_list(struct cli_call *call, const json_t *all)
{
    const json_t *people = incident_people(call);
    json_t *rows = json_array();
    size_t i;
    json_t *drill;
    json_array_foreach((json_t *)(uintptr_t)all, i, drill)
        json_array_append_new(rows, row_of(drill, people));
    if (json_array_size(rows) == 0)
        printf("no drills\n");
    else
        cli_print_table(stdout, call->settings.output, rows, columns);
    for (const struct response_word *kind = response_drill_kinds; kind->text != NULL; kind++)
        print_trend(all, kind->text);
    json_decref(rows);
}

enum vg_code drill_run_list(struct cli_call *call)
{
    json_t *all = drill_all(call);
    if (all == NULL)
        return call->error.code;
    if (cli_is_json(call->settings.output))
        cli_print_json(stdout, call->settings.output, all);
    else
        print_list(call, all);
    json_decref(all);
    return VG_OK;
}

/* ---- show --------------------------------------------------------------------------------------
 */

static const struct cli_column fields[] = {
    {.title = "drill", .path = "kind"},
    {.title = "of", .path = "of"},
    {.title = "state", .path = "state"},
    {.title = "why", .path = "reason"},
    {.title = "run by", .path = "by"},
    {.title = "approved by", .path = "second"},
    {.title = "approved at", .path = "approved_at"},
    {.title = "started at", .path = "started_at"},
    {.title = "fault ms", .path = "duration_ms"},
    {.title = "recovery ms", .path = "result.recovery_ms"},
    {.title = "  target", .path = "targets.recovery_ms"},
    {.title = "stalled ms", .path = "result.stalled_ms"},
    {.title = "  target", .path = "targets.stalled_ms"},
    {.title = "writes", .path = "result.writes"},
    {.title = "lost", .path = "result.lost"},
    {.title = "reads", .path = "result.reads"},
    {.title = "stale", .path = "result.stale"},
    {.title = "entries", .path = "entries"},
    {.title = NULL},
};

static const struct cli_column stalled_columns[] = {
    {.title = "REGION", .path = "region"},
    {.title = "STALLED MS", .path = "ms", .number = true},
    {.title = NULL},
};

static void print_drill(struct cli_call *call, const json_t *drill, const json_t *all)
{
    json_t *row = row_of(drill, incident_people(call));
    const json_t *stalled = cli_json_at(drill, "result.stalled");
    char entries[64];
    snprintf(entries, sizeof entries, "%" PRIu64 " to %" PRIu64,
             cli_json_number(drill, "start_index"), cli_json_number(drill, "end_index"));
    json_object_set_new(row, "entries", json_string(entries));
    cli_print_fields(stdout, row, fields);
    if (json_array_size(stalled) > 0) {
        fputc('\n', stdout);
        cli_print_table(stdout, call->settings.output, stalled, stalled_columns);
    }
    print_trend(all, cli_json_text(drill, "kind"));
    json_decref(row);
}

enum vg_code drill_run_show(struct cli_call *call)
{
    json_t *drill =
        cli_query(call, json_pack("{s:s, s:s}", "query", "drill.show", "id", call->words[0]));
    json_t *all = drill != NULL ? drill_all(call) : NULL;
    if (all != NULL && cli_is_json(call->settings.output)) {
        const char *kind = cli_json_text(drill, "kind");
        json_object_set_new(drill, "trend",
                            json_pack("{s:o, s:o}", "recovery_ms",
                                      trend_of(all, kind, "result.recovery_ms"), "stalled_ms",
                                      trend_of(all, kind, "result.stalled_ms")));
        cli_print_json(stdout, call->settings.output, drill);
    } else if (all != NULL) {
        print_drill(call, drill, all);
    }
    json_decref(drill);
    json_decref(all);
    return call->error.code;
}
