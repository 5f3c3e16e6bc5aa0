/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/report/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "ops/cli/core/output.h"

static json_t *ms_of(uint64_t us)
{
    return json_real(round((double)us / 100) / 10);
}

static json_t *latency(const struct measure_region *region, enum measure_phase phase)
{
    bool any = region->p99_us[phase] > 0;
    return json_pack("{s:o, s:o}", "p50_ms", any ? ms_of(region->p50_us[phase]) : json_null(),
                     "p99_ms", any ? ms_of(region->p99_us[phase]) : json_null());
}

static json_t *stalls_of(const struct measure_region *region)
{
    json_t *out = json_array();
    for (uint32_t i = 0; i < region->stall_count; i++) {
        const struct measure_stall *stall = &region->stalls[i];
        json_array_append_new(out, json_pack("{s:s, s:o, s:o}", "of",
                                             stall->write ? "writes" : "reads", "from_ms",
                                             ms_of(stall->from_us), "to_ms", ms_of(stall->to_us)));
    }
    return out;
}

static json_t *regions_of(const struct report_input *input)
{
    json_t *out = json_array();
    for (uint32_t i = 0; i < input->window->regions; i++) {
        const struct measure_region *region = &input->figures->regions[i];
        json_array_append_new(
            out,
            json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "region", input->regions[i],
                      "stalled_ms", (json_int_t)(region->stalled_us / 1000), "writes",
                      (json_int_t)region->writes, "reads", (json_int_t)region->reads, "given_up",
                      (json_int_t)region->given_up, "before", latency(region, MEASURE_BEFORE),
                      "during", latency(region, MEASURE_DURING), "after",
                      latency(region, MEASURE_AFTER), "stalls", stalls_of(region)));
    }
    return out;
}

/* ---- why it failed -----------------------------------------------------------------------------
 */

static void add_reason(json_t *reasons, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_reason(json_t *reasons, const char *format, ...)
{
    char text[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_array_append_new(reasons, json_string(text));
}

static json_t *reasons_of(const struct report_input *input)
{
    const struct measure_figures *figures = input->figures;
    uint64_t recovery_ms = cli_json_number(input->drill, "targets.recovery_ms");
    uint64_t stalled_ms = cli_json_number(input->drill, "targets.stalled_ms");
    json_t *reasons = json_array();
    size_t i;
    json_t *why;
    json_array_foreach((json_t *)(uintptr_t)input->refused, i, why)
        add_reason(reasons, "%s", json_string_value(why));
    if (json_array_size(input->hit) == 0)
        add_reason(reasons, "no node took the fault, so nothing was rehearsed");
    else if (!figures->recovered)
        add_reason(reasons, "not every region was served again");
    else if (figures->recovery_us / 1000 > recovery_ms)
        add_reason(reasons, "recovery took %" PRIu64 " ms, the target is %" PRIu64 " ms",
                   figures->recovery_us / 1000, recovery_ms);
    if (figures->stalled_us / 1000 > stalled_ms)
        add_reason(reasons, "a region was stalled for %" PRIu64 " ms, the target is %" PRIu64 " ms",
                   figures->stalled_us / 1000, stalled_ms);
    if (input->lost > 0)
        add_reason(reasons, "%" PRIu64 " acknowledged writes are lost", input->lost);
    if (input->stale > 0)
        add_reason(reasons, "%" PRIu64 " reads did not know an acknowledged write", input->stale);
    if (!input->whole)
        add_reason(reasons, "the cluster was not whole at the end; see vigil cluster status");
    return reasons;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static uint64_t given_up(const struct report_input *input)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < input->window->regions; i++)
        count += input->figures->regions[i].given_up;
    return count;
}

json_t *report_make(const struct report_input *input)
{
    const struct measure_figures *figures = input->figures;
    const struct measure_window *window = input->window;
    json_t *out = json_pack("{s:O, s:s, s:s, s:s, s:s, s:O, s:b}", "drill", input->drill, "verdict",
                            cli_json_text(input->drill, "state"), "cluster_id", input->cluster_id,
                            "operated_by", input->operated_by, "seconded_by", input->seconded_by,
                            "hit", input->hit, "whole_after", input->whole);
    json_object_set_new(out, "reasons", reasons_of(input));
    json_object_set_new(out, "fault",
                        json_pack("{s:o, s:o}", "from_ms", ms_of(window->sent_us), "to_ms",
                                  ms_of(window->fault_end_us)));
    json_object_set_new(out, "measured_ms", ms_of(window->end_us));
    json_object_set_new(out, "stall_ms", ms_of(window->stall_us));
    json_t *counts =
        json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "recovered", figures->recovered,
                  "recovery_ms", (json_int_t)(figures->recovery_us / 1000), "stalled_ms",
                  (json_int_t)(figures->stalled_us / 1000), "writes", (json_int_t)figures->writes,
                  "reads", (json_int_t)figures->reads, "lost", (json_int_t)input->lost, "stale",
                  (json_int_t)input->stale, "given_up", (json_int_t)given_up(input));
    json_object_update(out, counts);
    json_decref(counts);
    json_object_set_new(out, "regions", regions_of(input));
    return out;
}
