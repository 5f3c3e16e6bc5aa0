/* SPDX-License-Identifier: Apache-2.0
 * Answers about drills (R32), for the files of node/api alone. NULL with `error` set. */
#ifndef VIGIL_NODE_API_DRILL_H
#define VIGIL_NODE_API_DRILL_H

#include "node/api/api.h"

/* A page of drills in the order of their ids; one drill. */
json_t *api_drills(struct response_machine *machine, const struct api_query *query,
                   struct vg_error *error);
json_t *api_drill(struct response_machine *machine, const struct api_query *query,
                  struct vg_error *error);

/* The numbers of the probes that came, as [first, last] pairs, ascending. */
json_t *api_drill_probes(struct response_machine *machine, const struct api_query *query,
                         struct vg_error *error);

#endif
