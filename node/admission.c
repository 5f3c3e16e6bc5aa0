/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "node/parts.h"

bool node_admits(void *context, const vg_channel_public *theirs)
{
    struct node *node = context;
    struct response_person person;
    return store_people_channel(store_applier_people(node->applier), theirs, &person) &&
           person.expelled_at == 0;
}

struct changed {
    struct loop_task task;
    struct node *node;
};

static void take_changed(struct loop_task *task)
{
    struct changed *changed = (struct changed *)task;
    struct node *node = changed->node;
    if (!node->closed && node->clients != NULL)
        net_clients_ask_again(node->clients);
    free(changed);
}

/* Only control entries, which are of no compartment, say who may sign and come in. */
void node_admission_heed(struct node *node, const struct response_outcome *outcome)
{
    if (!vg_id_is_zero(&outcome->compartment) || outcome->error.code != VG_OK)
        return;
    struct changed *changed = vg_alloc(sizeof *changed);
    *changed = (struct changed){.task.run = take_changed, .node = node};
    loop_post(node->loop, &changed->task);
}
