/* SPDX-License-Identifier: Apache-2.0
 * Checkpoints among four nodes that apply one log, each in its own time, and give what they owe as
 * they see it; some of them have another state from somewhere on. Whatever the order: in the end
 * those stop, no other does, and made anew they agree. */
#include <criterion/criterion.h>

#include "proto/response/checkpoint.h"
#include "proto/response/keys.h"
#include "tests/lib/play.h"

enum { NODES = 4, SEEDS = 60, STEPS = 400, MINUTE_MS = 60000 };

struct node {
    struct desk *desk; /* its store; the log is the world's */
    uint64_t applied;
    uint64_t given; /* index of its last checkpoint: it waits until it has applied that */
    bool up, wrong;
};

struct world {
    uint64_t seed;
    struct vg_prng prng;
    struct play play; /* who holds the log, and has applied all of it */
    struct node nodes[NODES];
    bool changed;
};

static uint64_t below(struct world *world, uint64_t bound)
{
    return vg_prng_below(&world->prng, bound);
}

static uint64_t last_index(const struct world *world)
{
    return ledger_tail_last(world->play.desk->log);
}

static struct response_accord accord_of(const struct node *node)
{
    struct response_accord accord;
    response_accord_get(&node->desk->machine, &node->desk->genesis.first, &accord);
    return accord;
}

/* ---- what happens ------------------------------------------------------------------------------
 */

static void note(struct world *world, uint64_t later_ms)
{
    world->play.desk->time_ms += later_ms;
    play_must(&world->play, desk_note(&world->play.incident, "one more"));
}

static void apply(struct world *world, struct node *node, uint64_t entries)
{
    struct response_outcome outcome;
    for (; entries > 0 && node->applied < last_index(world); entries--) {
        node->applied++;
        desk_apply(node->desk, ledger_tail_get(world->play.desk->log, node->applied), &outcome);
        world->changed = true;
    }
}

static bool is_turn(const struct world *world, uint32_t place)
{
    for (uint32_t i = 0; i < place; i++)
        if (world->nodes[i].up && !accord_of(&world->nodes[i]).astray)
            return false;
    return true;
}

/* What it owes, as far as it has seen. */
static void speak(struct world *world, uint32_t place)
{
    struct node *node = &world->nodes[place];
    const vg_node_id id = world->play.desk->genesis.members[place].id;
    struct response_mark mark;
    bool at_once;
    if (node->applied < node->given ||
        !response_checkpoint_due(&node->desk->machine, &node->desk->genesis.first, id, &mark,
                                 &at_once) ||
        !(at_once || is_turn(world, place)))
        return;
    struct desk_order order = {.person = DESK_NODE, .node = id};
    order.command.op = RESPONSE_OP_CHECKPOINT;
    order.command.checkpoint.mark = mark.index;
    order.command.checkpoint.hash = mark.hash;
    order.command.checkpoint.accepted = mark.accepted;
    order.command.checkpoint.refused = mark.refused;
    desk_send(world->play.desk, &order); /* the mark may be too old by now */
    node->given = last_index(world);
    world->changed = true;
}

/* Another state from here on, all in one way or each in its own. */
static void go_wrong(struct node *node, uint8_t how)
{
    struct response_key key = response_key_control(RESPONSE_KIND_HASH, &node->desk->genesis.first);
    const struct vg_kv *kv = &node->desk->machine.kv;
    vg_span value;
    vg_hash hash;
    if (!response_get(kv, &key, &value))
        return;
    memcpy(hash.bytes, value.data, sizeof hash.bytes);
    hash.bytes[0] ^= how;
    kv->put(kv->context, response_key_span(&key), vg_span_of(hash.bytes, sizeof hash.bytes));
    node->wrong = true;
}

static void happen(struct world *world)
{
    uint32_t place = (uint32_t)below(world, NODES);
    struct node *node = &world->nodes[place];
    switch (below(world, 8)) {
    case 0:
    case 1:
        note(world, below(world, 8 * MINUTE_MS));
        break;
    case 2:
        node->up = !node->up || below(world, 3) > 0;
        break;
    case 3:
        if (node->up)
            speak(world, place);
        break;
    default:
        if (node->up)
            apply(world, node, 1 + below(world, 8));
        break;
    }
}

/* Until nobody has anything to say. */
static void settle(struct world *world)
{
    do {
        world->changed = false;
        for (uint32_t i = 0; i < NODES; i++)
            apply(world, &world->nodes[i], UINT64_MAX);
        uint32_t first = (uint32_t)below(world, NODES);
        for (uint32_t i = 0; i < NODES; i++)
            speak(world, (first + i) % NODES);
    } while (world->changed);
}

/* ---- whole lives -------------------------------------------------------------------------------
 */

static void begin(struct world *world, uint64_t seed)
{
    *world = (struct world){.seed = seed, .play = play_new(RESPONSE_DETECT)};
    world->prng = vg_prng_seed(seed);
    for (uint32_t i = 0; i < NODES; i++)
        world->nodes[i] = (struct node){.desk = desk_new_bare(), .up = true};
}

static void end(struct world *world)
{
    for (uint32_t i = 0; i < NODES; i++)
        desk_free(world->nodes[i].desk);
    play_free(&world->play);
}

static void make_anew(struct node *node)
{
    desk_free(node->desk);
    *node = (struct node){.desk = desk_new_bare(), .up = true, .given = node->given};
}

static void expect_stopped(const struct world *world)
{
    for (uint32_t i = 0; i < NODES; i++) {
        const struct node *node = &world->nodes[i];
        struct response_accord accord = accord_of(node);
        cr_assert_neq(accord.mark, 0, "seed %u", (unsigned)world->seed);
        cr_assert(accord.known);
        cr_assert_eq(accord.astray, node->wrong, "seed %u: node %u", (unsigned)world->seed, i + 1);
    }
}

/* One node, or two of which each has its own state, or none, go wrong somewhere. */
Test(checkpoints, who_is_wrong_stops_and_no_other_whatever_the_order)
{
    uint32_t stopped = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world world;
        begin(&world, seed);
        uint64_t wrong = seed % 3;
        for (uint64_t step = 0; step < STEPS; step++) {
            if (step == STEPS / 4 && wrong > 0)
                go_wrong(&world.nodes[seed % NODES], 1);
            if (step == STEPS / 2 && wrong > 1)
                go_wrong(&world.nodes[(seed + 1) % NODES], 2);
            happen(&world);
        }
        settle(&world);
        note(&world, RESPONSE_MARK_MS); /* a mark after all that */
        settle(&world);
        expect_stopped(&world);
        for (uint32_t i = 0; i < NODES; i++) {
            if (!world.nodes[i].wrong)
                continue;
            make_anew(&world.nodes[i]);
            stopped++;
        }
        settle(&world);
        expect_stopped(&world);
        cr_assert_eq(accord_of(&world.nodes[0]).differ, 0, "seed %u", (unsigned)seed);
        end(&world);
    }
    cr_assert_gt(stopped, SEEDS / 2);
}
