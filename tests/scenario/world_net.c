/* SPDX-License-Identifier: Apache-2.0
 * The network of a scenario: every message has an id and waits until something happens to it. */
#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "tests/scenario/world.h"

static struct parcel *new_parcel(struct world *world, const struct raft_msg *msg,
                                 struct item *items)
{
    struct parcel *parcel = vg_alloc_zero(1, sizeof *parcel);
    parcel->id = world->parcel_count + 1;
    parcel->msg = *msg;
    parcel->items = items;
    world->parcels =
        vg_realloc(world->parcels, (world->parcel_count + 1) * sizeof(struct parcel *));
    world->parcels[world->parcel_count++] = parcel;
    return parcel;
}

static bool known(const struct world *world, vg_node_id node)
{
    return node.value >= 1 && node.value <= world->options.node_count;
}

/* The message has left its node. */
static void fly(struct world *world, struct parcel *parcel)
{
    const struct raft_msg *msg = &parcel->msg;
    parcel->sent = true;
    parcel->state = PARCEL_FLYING;
    if (!known(world, msg->to) ||
        (known(world, msg->from) && world->cut[msg->from.value][msg->to.value]))
        world_lose(world, parcel);
    else
        world_trace_msg(world, "send", parcel);
}

static bool pending(const struct node *node, uint64_t write_id)
{
    for (uint32_t i = 0; i < node->write_count; i++) {
        if (node->writes[i].id == write_id)
            return true;
    }
    return false;
}

void world_send(struct world *world, struct node *node, const struct raft_output *out)
{
    struct item *items = NULL;
    uint32_t count = out->msg.type == RAFT_MSG_APP ? out->msg.entry_count : 0;
    if (count > 0) {
        assert(out->msg.prev_index + count <= node->log.last);
        items = vg_alloc(count * sizeof *items);
        memcpy(items, &node->log.items[out->msg.prev_index + 1], count * sizeof *items);
    }
    struct parcel *parcel = new_parcel(world, &out->msg, items);
    parcel->after_write = out->after_write;
    if (out->after_write != 0 && pending(node, out->after_write))
        return;
    check_sent(world->check, &parcel->msg);
    fly(world, parcel);
}

void world_release_held(struct world *world, const struct node *node, uint64_t write_id)
{
    for (uint64_t i = world->settled; i < world->parcel_count; i++) {
        struct parcel *parcel = world->parcels[i];
        if (parcel->state != PARCEL_HELD || parcel->after_write != write_id ||
            !vg_node_equal(parcel->msg.from, node->id))
            continue;
        check_sent(world->check, &parcel->msg);
        fly(world, parcel);
    }
}

void world_forget_held(struct world *world, const struct node *node)
{
    for (uint64_t i = world->settled; i < world->parcel_count; i++) {
        struct parcel *parcel = world->parcels[i];
        if (parcel->state == PARCEL_HELD && vg_node_equal(parcel->msg.from, node->id))
            parcel->state = PARCEL_GONE;
    }
}

struct parcel *world_post(struct world *world, const struct raft_msg *msg, struct item *items)
{
    struct parcel *parcel = new_parcel(world, msg, items);
    fly(world, parcel);
    return parcel;
}

void world_repeat(struct world *world, const struct parcel *parcel)
{
    struct item *items = NULL;
    if (parcel->msg.entry_count > 0) {
        items = vg_alloc(parcel->msg.entry_count * sizeof *items);
        memcpy(items, parcel->items, parcel->msg.entry_count * sizeof *items);
    }
    world_post(world, &parcel->msg, items);
}

/* ---- delivery ---------------------------------------------------------------------------------
 */

/* Ids outside 1 .. WORLD_NODES (of injected messages) match only a filter of all. */
static bool node_matches(uint32_t set, uint64_t id)
{
    return set == WORLD_ALL || (id <= WORLD_NODES && (set >> id & 1) != 0);
}

bool world_matches(const struct filter *filter, const struct raft_msg *msg)
{
    return node_matches(filter->from, msg->from.value) && node_matches(filter->to, msg->to.value) &&
           (filter->types >> (unsigned)msg->type & 1) != 0;
}

bool world_deliverable(const struct world *world, const struct parcel *parcel)
{
    if (parcel->state != PARCEL_FLYING || world->nodes[parcel->msg.to.value].paused)
        return false;
    for (uint32_t i = 0; i < world->hold_count; i++) {
        if (world_matches(&world->holds[i], &parcel->msg))
            return false;
    }
    return true;
}

void world_deliver(struct world *world, struct parcel *parcel)
{
    struct node *node = world_node(world, parcel->msg.to.value);
    parcel->state = PARCEL_GONE;
    if (!node->up)
        return;
    world_trace_msg(world, "deliver", parcel);
    struct raft_entry entries[RAFT_BATCH_MAX];
    for (uint32_t i = 0; i < parcel->msg.entry_count; i++)
        entries[i] = parcel->items[i].entry;
    struct raft_event event = {.type = RAFT_RECEIVE,
                               .msg = &parcel->msg,
                               .entries = entries,
                               .entry_count = parcel->msg.entry_count};
    world_step(world, node, &event, parcel->items);
}

static void settle(struct world *world)
{
    while (world->settled < world->parcel_count &&
           world->parcels[world->settled]->state == PARCEL_GONE)
        world->settled++;
}

uint64_t world_deliver_all(struct world *world, const struct filter *filter)
{
    uint64_t delivered = 0;
    uint64_t end = world->parcel_count;
    settle(world);
    for (uint64_t i = world->settled; i < end; i++) {
        struct parcel *parcel = world->parcels[i];
        if (!world_deliverable(world, parcel) || !world_matches(filter, &parcel->msg))
            continue;
        world_deliver(world, parcel);
        delivered++;
        if (check_violation(world->check) != NULL)
            break;
    }
    return delivered;
}

void world_lose(struct world *world, struct parcel *parcel)
{
    world_trace_msg(world, "lose", parcel);
    parcel->state = PARCEL_GONE;
}

struct parcel *world_parcel(struct world *world, uint64_t id)
{
    return id >= 1 && id <= world->parcel_count ? world->parcels[id - 1] : NULL;
}

/* ---- faults -----------------------------------------------------------------------------------
 */

void world_hold(struct world *world, struct filter filter)
{
    world->holds = vg_realloc(world->holds, (world->hold_count + 1) * sizeof *world->holds);
    world->holds[world->hold_count++] = filter;
}

static bool within(uint32_t part, uint32_t whole)
{
    return (part & ~whole) == 0;
}

void world_unhold(struct world *world, const struct filter *filter)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < world->hold_count; i++) {
        const struct filter *hold = &world->holds[i];
        if (!within(hold->from, filter->from) || !within(hold->to, filter->to) ||
            !within(hold->types, filter->types))
            world->holds[kept++] = *hold;
    }
    world->hold_count = kept;
}

void world_cut(struct world *world, uint64_t from, uint64_t to, bool cut)
{
    world->cut[from][to] = cut;
    for (uint64_t i = world->settled; cut && i < world->parcel_count; i++) {
        struct parcel *parcel = world->parcels[i];
        if (parcel->state == PARCEL_FLYING && parcel->msg.from.value == from &&
            parcel->msg.to.value == to)
            world_lose(world, parcel);
    }
}

/* The nodes that exchange messages with `id`, over whatever hops and in either direction. */
static uint32_t component(const struct world *world, uint64_t id)
{
    uint32_t set = 1U << id;
    uint32_t before = 0;
    while (set != before) {
        before = set;
        for (uint64_t a = 1; a <= world->options.node_count; a++) {
            for (uint64_t b = 1; b <= world->options.node_count; b++) {
                bool linked = !world->cut[a][b] || !world->cut[b][a];
                if (linked && (set >> a & 1) != 0)
                    set |= 1U << b;
            }
        }
    }
    return set;
}

void world_links_changed(struct world *world)
{
    check_rejoined(world->check);
    for (uint64_t id = 1; id <= world->options.node_count; id++) {
        uint32_t set = component(world, id);
        vg_node_id nodes[WORLD_NODES];
        uint32_t count = 0;
        for (uint64_t other = 1; other <= world->options.node_count; other++) {
            if ((set >> other & 1) != 0)
                nodes[count++].value = other;
        }
        if (nodes[0].value == id)
            check_isolated(world->check, nodes, count);
    }
}

/* ---- rest -------------------------------------------------------------------------------------
 */

static bool stabilize_node(struct world *world, struct node *node)
{
    bool moved = false;
    while (node->up && !node->paused && world_disk_step(world, node))
        moved = true;
    while (node->up && !node->paused && world_apply_step(world, node))
        moved = true;
    return moved;
}

bool world_stabilize(struct world *world, uint32_t nodes, uint32_t passes)
{
    struct filter filter = {.from = WORLD_ALL, .to = nodes, .types = UINT32_MAX};
    for (uint32_t pass = 0; pass < passes; pass++) {
        bool moved = false;
        for (uint64_t id = 1; id <= world->options.node_count; id++) {
            if ((nodes >> id & 1) != 0)
                moved |= stabilize_node(world, world_node(world, id));
        }
        moved |= world_deliver_all(world, &filter) > 0;
        if (!moved || check_violation(world->check) != NULL)
            return true;
    }
    return false;
}
