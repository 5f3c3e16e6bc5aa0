/* SPDX-License-Identifier: Apache-2.0
 * A few cores in the world of the scenarios: bytes are the schedule of messages, disks, clocks,
 * crashes and clients, and the checker of invariants (tests/lib/check.h) looks on at each step. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "tests/scenario/world.h"

enum { ACTS_MAX = 400, CONVERGE = 1 };

struct schedule {
    struct vg_reader input;
    struct world *world;
    struct node *node; /* whom the act is about */
    uint64_t requests;
    uint64_t reads;
};

static uint64_t below(struct schedule *schedule, uint64_t bound)
{
    return fuzz_below(&schedule->input, bound);
}

/* ---- messages ----------------------------------------------------------------------------------
 */

/* The message on the wire that comes after `skipped` others; NULL if there are none. */
static struct parcel *flying(const struct world *world, uint64_t skipped)
{
    struct parcel *found = NULL;
    for (uint64_t i = world->settled; i < world->parcel_count; i++) {
        struct parcel *parcel = world->parcels[i];
        if (!world_deliverable(world, parcel))
            continue;
        found = parcel;
        if (skipped-- == 0)
            break;
    }
    return found;
}

static void deliver_oldest(struct schedule *schedule)
{
    struct parcel *parcel = flying(schedule->world, 0);
    if (parcel != NULL)
        world_deliver(schedule->world, parcel);
}

static void deliver_any(struct schedule *schedule)
{
    struct parcel *parcel = flying(schedule->world, below(schedule, 16));
    if (parcel != NULL)
        world_deliver(schedule->world, parcel);
}

static void deliver_all(struct schedule *schedule)
{
    struct filter filter = FILTER_ALL;
    filter.to = 1U << schedule->node->id.value;
    world_deliver_all(schedule->world, &filter);
}

static void lose(struct schedule *schedule)
{
    struct parcel *parcel = flying(schedule->world, below(schedule, 16));
    if (parcel != NULL)
        world_lose(schedule->world, parcel);
}

/* One of the last messages that ever left, once more. */
static void repeat(struct schedule *schedule)
{
    uint64_t back = below(schedule, 256);
    const struct world *world = schedule->world;
    const struct parcel *parcel =
        back < world->parcel_count ? world->parcels[world->parcel_count - 1 - back] : NULL;
    if (parcel != NULL && parcel->sent)
        world_repeat(schedule->world, parcel);
}

static void cut(struct schedule *schedule)
{
    uint64_t from = schedule->node->id.value;
    uint64_t to = 1 + below(schedule, schedule->world->options.node_count);
    if (from != to)
        world_cut(schedule->world, from, to, !schedule->world->cut[from][to]);
    world_links_changed(schedule->world);
}

/* ---- nodes -------------------------------------------------------------------------------------
 */

static void write_one(struct schedule *schedule)
{
    world_disk_step(schedule->world, schedule->node);
}

static void apply(struct schedule *schedule)
{
    while (world_apply_step(schedule->world, schedule->node))
        continue;
}

static void pass_time(struct schedule *schedule)
{
    uint64_t us = 1000 * 8 * below(schedule, 256);
    for (uint64_t id = 1; id <= schedule->world->options.node_count; id++)
        assert(world_tick(schedule->world, world_node(schedule->world, id), us));
}

/* Up to the node's own next timer. */
static void fire(struct schedule *schedule)
{
    struct node *node = schedule->node;
    uint64_t due = node->up ? raft_deadline_us(node->core) : 0;
    assert(world_tick(schedule->world, node, due > node->now_us ? due - node->now_us : 0));
}

static void crash(struct schedule *schedule)
{
    uint32_t keep = (uint32_t)below(schedule, 4);
    if (schedule->node->up)
        world_crash(schedule->world, schedule->node, keep);
    else
        world_restart(schedule->world, schedule->node);
}

static void stall(struct schedule *schedule)
{
    bool stalled = schedule->node->fault == DISK_STALLED;
    schedule->node->fault = stalled ? DISK_GOOD : DISK_STALLED;
}

static void pause_or_resume(struct schedule *schedule)
{
    schedule->node->paused = schedule->node->up && !schedule->node->paused;
}

/* One clock at a time: two of a quorum are beyond what log time promises. */
static void skew_clock(struct schedule *schedule)
{
    for (uint64_t id = 1; id <= schedule->world->options.node_count; id++)
        schedule->world->nodes[id].wall_offset_ms = 0;
    schedule->node->wall_offset_ms = vg_read_u16(&schedule->input);
}

/* ---- clients: an event of a node that is up ----------------------------------------------------
 */

static bool is_awake(const struct node *node)
{
    return node->up && !node->paused;
}

static void propose(struct schedule *schedule)
{
    static const char *const data[] = {"x", "a longer datum, of forty bytes or thereabout"};
    const char *chosen[2] = {data[below(schedule, 2)], data[0]};
    uint32_t count = 1 + (uint32_t)below(schedule, 2);
    uint64_t keys[2];
    if (!is_awake(schedule->node))
        return;
    for (uint32_t i = 0; i < count; i++)
        keys[i] = world_key(schedule->world, "", ++schedule->requests);
    world_propose(schedule->world, schedule->node, keys, chosen, count);
}

/* A client asks again, anywhere, as often as it likes. */
static void propose_again(struct schedule *schedule)
{
    static const char *const data = "again";
    uint64_t seq = below(schedule, 8);
    if (!is_awake(schedule->node))
        return;
    uint64_t key = world_key(schedule->world, "c", seq);
    world_propose(schedule->world, schedule->node, &key, &data, 1);
}

static void read_index(struct schedule *schedule)
{
    char name[WORLD_NAME];
    snprintf(name, sizeof name, "r%llu", (unsigned long long)++schedule->reads);
    if (is_awake(schedule->node))
        world_read(schedule->world, schedule->node, name);
}

static void step(struct schedule *schedule, struct raft_event event)
{
    if (is_awake(schedule->node))
        world_step(schedule->world, schedule->node, &event, NULL);
}

static void transfer(struct schedule *schedule)
{
    uint64_t target = below(schedule, schedule->world->options.node_count + 1);
    step(schedule, (struct raft_event){.type = RAFT_TRANSFER, .node = {target}});
}

static void campaign(struct schedule *schedule)
{
    step(schedule, (struct raft_event){.type = RAFT_CAMPAIGN});
}

/* ---- the run -----------------------------------------------------------------------------------
 */

static struct world *make_world(struct schedule *schedule, uint8_t flags)
{
    static const uint32_t counts[] = {3, 3, 3, 5, 3, 4, 2, 1};
    struct world_options options = {.node_count = counts[flags >> 5],
                                    .seed = flags,
                                    .core = {.election_timeout_ms = 1000,
                                             .heartbeat_ms = 100,
                                             .batch_entries_max = RAFT_BATCH_MAX,
                                             .batch_bytes_max = VG_BATCH_BYTES_MAX,
                                             .inflight_max = RAFT_INFLIGHT_MAX,
                                             .inflight_bytes_max = VG_FRAME_MAX,
                                             .uncommitted_bytes_max = VG_FRAME_MAX,
                                             .prevote = (flags & 2) == 0,
                                             .check_quorum = (flags & 4) == 0}};
    options.sync_disk = (flags & 8) != 0;
    if ((flags & 16) != 0) {
        options.core.batch_entries_max = 1 + (uint32_t)below(schedule, 3);
        options.core.inflight_max = 1 + (uint32_t)below(schedule, 3);
        options.core.batch_bytes_max = 1 + (uint32_t)below(schedule, 128);
        options.core.inflight_bytes_max = 1 + (uint32_t)below(schedule, 256);
        options.core.uncommitted_bytes_max = 1 + 4 * (uint32_t)below(schedule, 256);
    }
    return world_new(&options, NULL);
}

static void must_hold(const struct world *world)
{
    char text[512];
    const struct check_violation *violation = check_violation(world->check);
    if (violation == NULL)
        return;
    check_violation_format(violation, text, sizeof text);
    fprintf(stderr, "VIOLATION %s\n", text);
    abort();
}

static void act(struct schedule *schedule)
{
    static void (*const acts[])(struct schedule *) = {
        deliver_oldest, deliver_oldest, deliver_any, deliver_all,
        lose,           repeat,         cut,         write_one,
        write_one,      apply,          pass_time,   fire,
        fire,           crash,          stall,       skew_clock,
        propose,        propose_again,  read_index,  transfer,
        campaign,       write_one,      deliver_any, pause_or_resume};
    uint64_t choice = below(schedule, sizeof acts / sizeof acts[0]);
    uint64_t id = 1 + below(schedule, schedule->world->options.node_count);
    schedule->node = world_node(schedule->world, id);
    acts[choice](schedule);
    must_hold(schedule->world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct schedule schedule = {.input = vg_reader_of(vg_span_of(data, size))};
    uint8_t flags = vg_read_u8(&schedule.input);
    schedule.world = make_world(&schedule, flags);
    for (uint32_t i = 0; i < ACTS_MAX && !schedule.input.failed; i++)
        act(&schedule);
    if ((flags & CONVERGE) != 0)
        world_converge(schedule.world);
    must_hold(schedule.world);
    world_free(schedule.world);
    return 0;
}
