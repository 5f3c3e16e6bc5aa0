/* SPDX-License-Identifier: Apache-2.0
 * Commands that let time pass, disks write, entries apply and messages arrive. */
#include <inttypes.h>

#include "tests/scenario/script.h"

static void tick_nodes(struct session *session, uint32_t nodes, uint64_t us)
{
    for (uint64_t id = 1; id <= session->world->options.node_count; id++) {
        if ((nodes >> id & 1) != 0 && !world_tick(session->world, &session->world->nodes[id], us))
            fail(session, "stuck", "timers of node %" PRIu64 " fire without end", id);
    }
}

static void do_tick(struct session *session, const struct call *call)
{
    uint32_t nodes = 0;
    uint64_t count = 1;
    if (!parse_nodes(session, call->words[0], &nodes) ||
        (call->word_count == 2 && !parse_number(session, call->words[1], &count)))
        return;
    if (count > 1000000)
        bad_syntax(session, "at most 1000000 ticks");
    else
        tick_nodes(session, nodes, count * session->world->options.core.heartbeat_ms * 1000);
}

static void do_tick_heartbeat(struct session *session, const struct call *call)
{
    uint32_t nodes = 0;
    if (parse_nodes(session, call->words[0], &nodes))
        tick_nodes(session, nodes, session->world->options.core.heartbeat_ms * 1000ULL);
}

/* Just short of two election timeouts: every follower's timer fires once. */
static void do_tick_election(struct session *session, const struct call *call)
{
    uint32_t nodes = 0;
    if (parse_nodes(session, call->words[0], &nodes))
        tick_nodes(session, nodes, session->world->options.core.election_timeout_ms * 2000ULL - 1);
}

static void do_run(struct session *session, const struct call *call)
{
    uint64_t ms = 0;
    if (!parse_number(session, call->words[0], &ms))
        return;
    if (ms > 10000000)
        bad_syntax(session, "at most 10000000 ms");
    else if (!world_run(session->world, ms * 1000))
        fail(session, "stuck", "the nodes find no rest");
}

static void do_stabilize(struct session *session, const struct call *call)
{
    uint32_t nodes = WORLD_ALL;
    uint64_t passes = WORLD_PASSES;
    if ((call->word_count == 1 && !parse_nodes(session, call->words[0], &nodes)) ||
        !pair_number(session, call, "max", &passes))
        return;
    if (passes < 1 || passes > 1000000)
        bad_syntax(session, "max= is 1 .. 1000000");
    else if (!world_stabilize(session->world, nodes, (uint32_t)passes))
        fail(session, "stuck", "no rest within %" PRIu64 " passes", passes);
}

/* ---- disks and applies ------------------------------------------------------------------------
 */

/* Calls `step` of each node once, `count` times or until it has nothing to do. */
static void each_node(struct session *session, uint32_t nodes, uint64_t count,
                      bool (*step)(struct world *, struct node *))
{
    for (uint64_t id = 1; id <= session->world->options.node_count; id++) {
        struct node *node = &session->world->nodes[id];
        if ((nodes >> id & 1) == 0 || node->paused)
            continue;
        for (uint64_t i = 0; i < count && step(session->world, node); i++)
            continue;
    }
}

/* "one", "all" or a number; all if absent. */
static bool how_many(struct session *session, const struct call *call, uint64_t *out)
{
    *out = UINT64_MAX;
    if (call->word_count < 2 || strcmp(call->words[1], "all") == 0)
        return true;
    if (strcmp(call->words[1], "one") == 0) {
        *out = 1;
        return true;
    }
    return parse_number(session, call->words[1], out);
}

/* How many writes of the node there are up to and with the one of `id`. */
static bool writes_up_to(struct session *session, uint32_t nodes, uint64_t id, uint64_t *out)
{
    for (uint64_t n = 1; n <= session->world->options.node_count; n++) {
        const struct node *node = &session->world->nodes[n];
        for (uint32_t i = 0; i < node->write_count && (nodes >> n & 1) != 0; i++) {
            if (node->writes[i].id == id) {
                *out = i + 1;
                return true;
            }
        }
    }
    fail(session, "no-write", "no write %" PRIu64 " is under way there", id);
    return false;
}

static void do_disk(struct session *session, const struct call *call)
{
    uint32_t nodes = 0;
    uint64_t count = 0;
    uint64_t id = 0;
    if (!parse_nodes(session, call->words[0], &nodes) || !how_many(session, call, &count) ||
        !pair_number(session, call, "id", &id))
        return;
    if (pair_value(call, "id") == NULL || writes_up_to(session, nodes, id, &count))
        each_node(session, nodes, count, world_disk_step);
}

static void do_apply(struct session *session, const struct call *call)
{
    uint32_t nodes = 0;
    uint64_t count = 0;
    if (parse_nodes(session, call->words[0], &nodes) && how_many(session, call, &count))
        each_node(session, nodes, count, world_apply_step);
}

static void do_process(struct session *session, const struct call *call)
{
    uint32_t nodes = 0;
    if (!parse_nodes(session, call->words[0], &nodes))
        return;
    each_node(session, nodes, UINT64_MAX, world_disk_step);
    each_node(session, nodes, UINT64_MAX, world_apply_step);
}

/* ---- messages ---------------------------------------------------------------------------------
 */

static uint64_t lose_all(struct session *session, const struct filter *filter)
{
    struct world *world = session->world;
    uint64_t lost = 0;
    for (uint64_t i = world->settled; i < world->parcel_count; i++) {
        struct parcel *parcel = world->parcels[i];
        if (parcel->state == PARCEL_FLYING && world_matches(filter, &parcel->msg)) {
            world_lose(world, parcel);
            lost++;
        }
    }
    return lost;
}

static void do_deliver(struct session *session, const struct call *call)
{
    struct filter filter;
    uint32_t drop = 0;
    const char *dropped = pair_value(call, "drop");
    if (!pair_filter(session, call, &filter) ||
        (call->word_count == 1 && !parse_nodes(session, call->words[0], &filter.to)) ||
        (dropped != NULL && !parse_nodes(session, dropped, &drop)))
        return;
    uint64_t lost = 0;
    if (dropped != NULL) {
        struct filter losing = filter;
        losing.to = drop;
        lost = lose_all(session, &losing);
    }
    uint64_t delivered = world_deliver_all(session->world, &filter);
    fprintf(session->out, "delivered %" PRIu64 " lost %" PRIu64 "\n", delivered, lost);
}

static void do_drop(struct session *session, const struct call *call)
{
    struct filter filter;
    if (pair_filter(session, call, &filter))
        fprintf(session->out, "lost %" PRIu64 "\n", lose_all(session, &filter));
}

/* The parcel of the first word that left its node; with `waiting`, one that is on the wire. */
static struct parcel *parcel_of(struct session *session, const struct call *call, bool waiting)
{
    uint64_t id = 0;
    if (!parse_number(session, call->words[0], &id))
        return NULL;
    struct parcel *parcel = world_parcel(session->world, id);
    bool there = parcel != NULL && parcel->sent;
    if (!there || (waiting && parcel->state != PARCEL_FLYING)) {
        fail(session, "no-message", "no message %" PRIu64 " is %s", id,
             waiting ? "on the wire" : "known");
        return NULL;
    }
    return parcel;
}

static void do_deliver_id(struct session *session, const struct call *call)
{
    struct parcel *parcel = parcel_of(session, call, true);
    if (parcel != NULL)
        world_deliver(session->world, parcel);
}

static void do_dup_id(struct session *session, const struct call *call)
{
    const struct parcel *parcel = parcel_of(session, call, false);
    if (parcel != NULL)
        world_repeat(session->world, parcel);
}

static void do_drop_id(struct session *session, const struct call *call)
{
    struct parcel *parcel = parcel_of(session, call, true);
    if (parcel != NULL)
        world_lose(session->world, parcel);
}

static void do_hold(struct session *session, const struct call *call)
{
    struct filter filter;
    if (pair_filter(session, call, &filter))
        world_hold(session->world, filter);
}

static void do_release(struct session *session, const struct call *call)
{
    struct filter filter;
    if (pair_filter(session, call, &filter))
        world_unhold(session->world, &filter);
}

const struct command drive_commands[] = {
    {"tick", "NODES [COUNT] (heartbeat intervals)", 1, 2, NULL, do_tick},
    {"tick-heartbeat", "NODES", 1, 1, NULL, do_tick_heartbeat},
    {"tick-election", "NODES", 1, 1, NULL, do_tick_election},
    {"run", "MS (all nodes, nothing delayed)", 1, 1, NULL, do_run},
    {"stabilize", "[NODES] [max=]", 0, 1, " max ", do_stabilize},
    {"process", "NODES (disk and apply)", 1, 1, NULL, do_process},
    {"disk", "NODES [one|all|COUNT] [id=]", 1, 2, " id ", do_disk},
    {"apply", "NODES [one|all|COUNT]", 1, 2, NULL, do_apply},
    {"deliver", "[NODES] [from= to= type= drop=NODES]", 0, 1, " from to type drop ", do_deliver},
    {"deliver-id", "ID", 1, 1, NULL, do_deliver_id},
    {"dup-id", "ID", 1, 1, NULL, do_dup_id},
    {"drop-id", "ID", 1, 1, NULL, do_drop_id},
    {"drop", "[from= to= type=]", 0, 0, " from to type ", do_drop},
    {"hold", "[from= to= type=]", 0, 0, " from to type ", do_hold},
    {"release", "[from= to= type=]", 0, 0, " from to type ", do_release},
    {0},
};
