/* SPDX-License-Identifier: Apache-2.0
 * Marks, and what nodes say that they have there. */
#include <stdlib.h>

#include "tests/lib/model_internal.h"

enum { COMMANDS = 256, APART_MS = 10 * 60 * 1000, KEPT = 8 };

/* ---- marks -------------------------------------------------------------------------------------
 */

static bool has_any(const struct model_mark *mark)
{
    for (uint32_t i = 0; i < VG_NODES_MAX; i++)
        if (mark->said[i].given)
            return true;
    return false;
}

/* The place of the latest of which anybody has said something; the count, if there is none. */
static uint32_t latest_said(const struct model_compartment *home)
{
    uint32_t place = home->marks.count;
    for (uint32_t i = 0; i < home->marks.count; i++)
        if (has_any(home->marks.items[i]))
            place = i;
    return place;
}

/* With each that is new the oldest goes, if there are too many beside that one. */
static void add_mark(struct model_compartment *home, uint64_t index)
{
    struct model_mark *mark = vg_alloc_zero(1, sizeof *mark);
    struct model_list *marks = &home->marks;
    mark->index = index;
    model_list_add(marks, mark);
    uint32_t said = latest_said(home);
    uint32_t others = marks->count - (said < marks->count);
    uint32_t oldest = said == 0 ? 1 : 0;
    if (others <= KEPT)
        return;
    free(marks->items[oldest]);
    marks->count--;
    for (uint32_t i = oldest; i < marks->count; i++)
        marks->items[i] = marks->items[i + 1];
}

void model_count(struct model *model, struct model_compartment *home,
                 const struct model_order *order)
{
    bool apart = vg_id_is_zero(&home->id) || vg_id_equal(&home->id, &model->directory);
    if (apart || order->command == NULL || order->command->op == RESPONSE_OP_CHECKPOINT)
        return;
    if (home->counted_from == 0)
        home->counted_from = order->time_ms;
    home->commands++;
    if (home->commands < COMMANDS && order->time_ms - home->counted_from < APART_MS)
        return;
    add_mark(home, order->index);
    home->commands = 0;
    home->counted_from = order->time_ms;
}

uint64_t model_mark(const struct model *model, const vg_id *compartment, uint32_t back)
{
    const struct model_compartment *home = model_compartment_of(model, compartment);
    if (home == NULL || back >= home->marks.count)
        return 0;
    return ((const struct model_mark *)home->marks.items[home->marks.count - 1 - back])->index;
}

static struct model_mark *mark_of(const struct model_compartment *home, uint64_t index)
{
    for (uint32_t i = 0; i < home->marks.count; i++) {
        struct model_mark *mark = home->marks.items[i];
        if (mark->index == index)
            return mark;
    }
    return NULL;
}

/* ---- checkpoints -------------------------------------------------------------------------------
 */

static vg_node_id author_of(const struct model_call *call)
{
    vg_node_id node = {0};
    for (uint32_t i = 8; i < sizeof(vg_id); i++)
        node.value = node.value << 8 | call->order->author.bytes[i];
    return node;
}

static struct model_said *said_of(const struct model_call *call)
{
    struct model_mark *mark = mark_of(call->home, call->command->checkpoint.mark);
    uint32_t place = model_node_place(call->model, author_of(call).value);
    return mark == NULL ? NULL : &mark->said[place];
}

static struct model_refusal checkpoint_names(struct model_call *call)
{
    const struct compartment_epoch *now = model_epoch(call->model, &call->home->id);
    const struct model_said *said = said_of(call);
    call->answer = call->home->id;
    if (now != NULL && compartment_wrap_of(now, author_of(call)) == NULL)
        return model_refuses(VG_FORBIDDEN);
    if (said == NULL)
        return model_refuses(VG_NOT_FOUND);
    call->repeated = said->given && said->accepted == call->command->checkpoint.accepted &&
                     said->refused == call->command->checkpoint.refused &&
                     vg_hash_equal(&said->hash, &call->command->checkpoint.hash);
    return model_accepts();
}

static void checkpoint(struct model_call *call)
{
    *said_of(call) = (struct model_said){.hash = call->command->checkpoint.hash,
                                         .accepted = call->command->checkpoint.accepted,
                                         .refused = call->command->checkpoint.refused,
                                         .given = true};
}

const struct model_operation model_checkpoint_operations[] = {
    {.op = RESPONSE_OP_CHECKPOINT,
     .place = AMONG_INCIDENTS,
     .by_node = true,
     .expects_nothing = true,
     .names = checkpoint_names,
     .effect = checkpoint},
    {.op = (enum response_op)0},
};
