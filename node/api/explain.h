/* SPDX-License-Identifier: Apache-2.0
 * What an incident's next steps need, as JSON, for the files of node/api alone. */
#ifndef VIGIL_NODE_API_EXPLAIN_H
#define VIGIL_NODE_API_EXPLAIN_H

#include "node/api/api.h"

/* A new reference. */
json_t *api_explain(const struct response_machine *machine,
                    const struct response_incident *incident);

#endif
