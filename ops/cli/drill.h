/* SPDX-License-Identifier: Apache-2.0
 * `vigil cluster drill` from inside: the cluster it is run on, its probes, its report. */
#ifndef VIGIL_OPS_CLI_DRILL_H
#define VIGIL_OPS_CLI_DRILL_H

#include "ops/cli/core/change.h"
#include "ops/drill/report/measure.h"
#include "proto/response/words.h"

/* ---- drill_cluster.c: whether the cluster is whole ---------------------------------------------
 */

/* Refuses the call under R32; returns VG_RULE. */
enum vg_code drill_refuse(struct cli_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct drill_node {
    uint64_t id;
    char region[VG_NAME_MAX + 1];
    struct cli_node at;
};

struct drill_cluster {
    struct drill_node nodes[CLI_NODES_MAX];
    uint32_t count;
    char regions[MEASURE_REGIONS_MAX][VG_NAME_MAX + 1]; /* in the order of their nodes */
    uint32_t region_count;
    uint64_t leader;
};

/* Fills `out`. VG_RULE (R32) names what is missing: every member answers and is among the nodes of
 * the call, one leads, all follow it closely, and none holds the fault of a drill. */
enum vg_code drill_cluster_check(struct cli_call *call, struct drill_cluster *out);

/* ---- drill_probe.c: writers and readers of every region ----------------------------------------
 */

struct drill_probes;

/* Begins to probe: a writer and a reader for each region, asking its nodes first. `total_ms` is how
 * long it may last. Call and cluster outlive it. VG_BUSY when no thread can be had. */
enum vg_code drill_probes_start(struct cli_call *call, const struct drill_cluster *cluster,
                                const vg_id *drill, uint64_t total_ms, struct drill_probes **out);

/* Microseconds since it began. */
uint64_t drill_probes_now_us(const struct drill_probes *probes);

/* Ends the probing, waiting for what is under way. */
void drill_probes_stop(struct drill_probes *probes);

/* What came of it, once stopped. The samples stay the probes'. */
struct measure_sample *drill_probes_samples(struct drill_probes *probes, size_t *count);
uint64_t drill_probes_stale(const struct drill_probes *probes);

/* Acknowledged writes that are in none of the runs [first, last] of a node's drill.probes. */
uint64_t drill_probes_lost(const struct drill_probes *probes, const json_t *runs);

void drill_probes_free(struct drill_probes *probes);

/* ---- drill_list.c: what the log has of drills --------------------------------------------------
 */

/* All drills; NULL with the call's error set. */
json_t *drill_all(struct cli_call *call);

enum vg_code drill_run_list(struct cli_call *call);
enum vg_code drill_run_show(struct cli_call *call);

#endif
