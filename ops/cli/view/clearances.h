/* SPDX-License-Identifier: Apache-2.0
 * Who is cleared for each compartment, and how they stand, for the table of `cluster status`; and
 * what is amiss, in short. */
#ifndef VIGIL_OPS_CLI_VIEW_CLEARANCES_H
#define VIGIL_OPS_CLI_VIEW_CLEARANCES_H

#include <jansson.h>

/* One row for each compartment of a merged cluster.status, by name: {"name", "cleared", "least",
 * "nodes", "note"}. `nodes` names each holder, and in brackets how it stands if it is not level;
 * `note` is what is amiss, or null. One that is shredded has no `cleared` and no `nodes` (null),
 * and its `note` says who has still to destroy a key. A new array. */
json_t *view_clearances(const json_t *status);

/* What a merged cluster.status has that keeps the cluster from being whole, though commands may be
 * taken: a text for each. A new array. */
json_t *view_degraded(const json_t *status);

#endif
