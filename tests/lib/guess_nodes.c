/* SPDX-License-Identifier: Apache-2.0
 * Made-up evictions of nodes, and what follows from them. */
#include "tests/lib/guess_internal.h"

/* Seldom the node that gives commands, and now and then one that there is not. */
void guess_eviction(struct thought *thought)
{
    uint64_t *node = &thought->out->command.evict.node;
    uint32_t count = thought->genesis->member_count;
    bool of_nowhere = guess_once_in(thought, 20) || count == 1;
    *node = 2 + guess_below(thought, of_nowhere ? count : count - 1);
    if (guess_once_in(thought, 40))
        *node = 1;
}

void guess_drop_evicted(const struct model *model, struct compartment_epoch *epoch)
{
    uint32_t stay = 0;
    for (uint32_t i = 0; i < epoch->wrap_count; i++)
        if (!model_node_gone(model, epoch->wraps[i].holder.value))
            epoch->wraps[stay++] = epoch->wraps[i];
    epoch->wrap_count = stay;
}
