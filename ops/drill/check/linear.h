/* SPDX-License-Identifier: Apache-2.0
 * Whether one list or one register could have answered so (docs/history.md; Herlihy and Wing,
 * "Linearizability", 1990). Pure, but for memory. */
#ifndef VIGIL_OPS_DRILL_CHECK_LINEAR_H
#define VIGIL_OPS_DRILL_CHECK_LINEAR_H

#include "ops/drill/check/history.h"

enum linear_verdict { LINEAR_YES = 1, LINEAR_NO, LINEAR_UNDECIDED };

/* When a search gives up. */
struct linear_limits {
    size_t memory_max; /* bytes of what is remembered for one object */
    /* Asked now and then; true ends the search. May be NULL. */
    bool (*is_over)(void *context);
    void *context;
};

/* Why an object is not linearizable, or not decided. */
struct linear_finding {
    uint64_t line; /* of the outcome, or the call, that no order explains */
    char text[240];
};

/* Judges one object; fills the finding unless the verdict is LINEAR_YES. */
enum linear_verdict linear_check(const struct history_object *object,
                                 const struct linear_limits *limits,
                                 struct linear_finding *finding);

#endif
