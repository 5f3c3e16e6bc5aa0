/* SPDX-License-Identifier: Apache-2.0
 * The two kinds of objects, judged. Internal to ops/drill/check. */
#ifndef VIGIL_OPS_DRILL_CHECK_JUDGE_H
#define VIGIL_OPS_DRILL_CHECK_JUDGE_H

#include "ops/drill/check/linear.h"

/* Fills a finding; returns LINEAR_NO. */
enum linear_verdict judge_refute(struct linear_finding *finding, uint64_t line, const char *format,
                                 ...) __attribute__((format(printf, 3, 4)));

/* A list, without a search: docs/history.md has why that is enough. */
enum linear_verdict judge_list(const struct history_object *object, struct linear_finding *finding);

/* A register, by the search of Wing and Gong ("Testing and verifying concurrent objects", 1993)
 * with the memory of Lowe ("Testing for linearizability", 2017). */
enum linear_verdict judge_register(const struct history_object *object,
                                   const struct linear_limits *limits,
                                   struct linear_finding *finding);

#endif
