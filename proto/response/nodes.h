/* SPDX-License-Identifier: Apache-2.0
 * Nodes as control entries have it: who is evicted, and from where on. Known alike on every node.
 */
#ifndef VIGIL_PROTO_RESPONSE_NODES_H
#define VIGIL_PROTO_RESPONSE_NODES_H

#include "proto/response/machine.h"

struct response_eviction {
    uint64_t index; /* of the entry; it holds from there on */
    uint64_t at;    /* log time, ms since 1970 */
};

/* Whether the node is evicted as of the cursor; if not, `out` has zeros. */
bool response_node_evicted(const struct response_machine *machine, vg_node_id node,
                           struct response_eviction *out);

#endif
