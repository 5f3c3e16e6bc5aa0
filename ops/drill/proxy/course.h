/* SPDX-License-Identifier: Apache-2.0
 * A script in the order of its time: what happens when, and what the links are like then. Pure. */
#ifndef VIGIL_OPS_DRILL_PROXY_COURSE_H
#define VIGIL_OPS_DRILL_PROXY_COURSE_H

#include "ops/drill/proxy/script.h"

enum { COURSE_EVENTS_MAX = 2 * SCRIPT_STEPS_MAX };

struct course_event {
    uint64_t at_ms;
    uint32_t step;
    bool begins; /* or ends; what is done at once has no end */
};

/* In order; of the same time, ends come first, then steps as they are written. Returns how many. */
uint32_t course_events(const struct script *script, struct course_event out[COURSE_EVENTS_MAX]);

/* Whether a step is about what the node at one place sends to that at another. */
bool course_is_about(const struct script_step *step, const struct dev_cluster *cluster,
                     uint32_t from, uint32_t to);

/* All links at a time, if they are as in `whole` when nothing is wrong. A step begins at its first
 * millisecond and is over at its last. */
void course_mesh(const struct script *script, const struct dev_cluster *cluster,
                 const struct proxy_mesh *whole, uint64_t at_ms, struct proxy_mesh *out);

#endif
