/* SPDX-License-Identifier: Apache-2.0
 * What is told of a drill: as JSON for programs, and as one HTML page that needs nothing else
 * (docs/drills.md). Pure. */
#ifndef VIGIL_OPS_DRILL_REPORT_REPORT_H
#define VIGIL_OPS_DRILL_REPORT_REPORT_H

#include <jansson.h>

#include "common/mem.h"
#include "ops/drill/report/measure.h"

/* A drill that was measured; everything is borrowed. */
struct report_input {
    const json_t *drill; /* as drill.show has it, after its end was recorded */
    const char *cluster_id;
    const char *operated_by; /* names */
    const char *seconded_by;
    const char *regions[MEASURE_REGIONS_MAX];
    const struct measure_window *window;
    const struct measure_figures *figures;
    uint64_t lost;
    uint64_t stale;
    const json_t *hit;     /* nodes that took the fault: [{"id", "region"}] */
    const json_t *refused; /* sentences of nodes that took none */
    bool whole;            /* the cluster, afterwards */
};

/* The report; the caller's. Times are in ms since measuring began. */
json_t *report_make(const struct report_input *input);

/* The page, appended to `out`: the report and the samples that were measured. */
void report_html(const json_t *report, const struct measure_sample *samples, size_t count,
                 struct vg_buffer *out);

#endif
