/* SPDX-License-Identifier: Apache-2.0
 * The trace: what happened, one JSON object a line. */
#include <stdio.h>

#include "tests/scenario/world.h"

void world_trace(const struct world *world, json_t *object)
{
    if (world->trace != NULL) {
        json_dumpf(object, world->trace, JSON_COMPACT);
        fputc('\n', world->trace);
    }
    json_decref(object);
}

void world_trace_msg(const struct world *world, const char *what, const struct parcel *parcel)
{
    if (world->trace == NULL)
        return;
    const struct raft_msg *msg = &parcel->msg;
    world_trace(world,
                json_pack("{s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I}", "what",
                          what, "id", (json_int_t)parcel->id, "type", raft_msg_name(msg->type),
                          "from", (json_int_t)msg->from.value, "to", (json_int_t)msg->to.value,
                          "term", (json_int_t)msg->term, "prev", (json_int_t)msg->prev_index, "n",
                          (json_int_t)msg->entry_count, "commit", (json_int_t)msg->commit, "round",
                          (json_int_t)msg->round, "granted", msg->granted, "index",
                          (json_int_t)msg->index));
}
