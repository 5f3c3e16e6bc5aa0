/* SPDX-License-Identifier: Apache-2.0
 * The directory as JSON, for the files of node/api alone. */
#ifndef VIGIL_NODE_API_DIRECTORY_H
#define VIGIL_NODE_API_DIRECTORY_H

#include "node/api/api.h"

/* The cluster, its compartments, and its people with what they may do where. A new reference. */
json_t *api_directory(struct response_machine *machine, const struct api_query *query,
                      struct vg_error *error);

#endif
