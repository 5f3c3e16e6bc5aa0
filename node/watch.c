/* SPDX-License-Identifier: Apache-2.0
 * Questions that wait for something to come: an empty answer is held back until this node has
 * applied more, or its time is up. Parked on the loop, asked again on the apply thread. */
#include "common/clock.h"
#include "node/parts.h"

/* ---- on the apply thread -----------------------------------------------------------------------
 */

void node_watch_wake(struct node *node)
{
    struct node_watches *watches = &node->watches;
    if (atomic_load(&watches->count) > 0 && !atomic_exchange(&watches->woken, true))
        loop_post(node->loop, &watches->wake);
}

/* ---- on the loop -------------------------------------------------------------------------------
 */

/* The turn that follows looks at what is parked. */
static void woken(struct loop_task *task)
{
    struct node_watches *watches =
        (struct node_watches *)((char *)task - offsetof(struct node_watches, wake));
    atomic_store(&watches->woken, false);
}

void node_watches_init(struct node *node)
{
    node->watches.wake.run = woken;
}

bool node_watch_park(struct node *node, struct node_query *query)
{
    struct node_watches *watches = &node->watches;
    if (node->ending || node->closed || atomic_load(&watches->count) == NODE_WATCHES_MAX)
        return false;
    query->next = watches->first;
    watches->first = query;
    atomic_fetch_add(&watches->count, 1);
    return true;
}

/* Takes out those that `all`, or time, or news end; gives each to `end`. */
static void take_out(struct node *node, bool all)
{
    if (node->watches.first == NULL)
        return;
    uint64_t now_us = vg_clock_system.monotonic_us();
    uint64_t cursor = store_applier_cursor(node->applier);
    struct node_query **at = &node->watches.first;
    while (*at != NULL) {
        struct node_query *query = *at;
        bool over = all || now_us >= query->wait_until_us;
        if (!over && cursor <= query->seen) {
            at = &query->next;
            continue;
        }
        *at = query->next;
        atomic_fetch_sub(&node->watches.count, 1);
        node_query_resume(query, over);
    }
}

void node_watches_flush(struct node *node)
{
    take_out(node, node->ending);
}

void node_watches_end(struct node *node)
{
    take_out(node, true);
}
