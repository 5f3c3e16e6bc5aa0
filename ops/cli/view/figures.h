/* SPDX-License-Identifier: Apache-2.0
 * Figures of the response, from what incidents keep of their milestones. */
#ifndef VIGIL_OPS_CLI_VIEW_FIGURES_H
#define VIGIL_OPS_CLI_VIEW_FIGURES_H

#include <jansson.h>
#include <stdint.h>

/* What is measured, from detection on; ends with a NULL name. */
struct view_span {
    const char *name; /* "assess" */
    const char *key;  /* of a milestone */
};
extern const struct view_span view_spans[];

/* The figures of incidents as incident.milestones lists them; `since_ms` leaves out what was
 * detected before. Real incidents alone are measured; historical ones and exercises are counted
 * apart. A new document:
 * {"incidents", "open", "historical", "exercise", "figures": [{"by", "value", "incidents",
 *  "assess": {"count", "median_s", "p90_s", "max_s"}, "contain", "stabilize", "close"}]} */
json_t *view_figures(const json_t *milestones, uint64_t since_ms);

#endif
