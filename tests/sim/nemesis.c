/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/nemesis.h"

#include <assert.h>
#include <stddef.h>

#include "tests/sim/sim.h"

enum {
    OUTPUTS_MAX = 12,    /* a crash comes within so many outputs */
    STRIKE_PERCENT = 98, /* of seeds in which the leader fails in the middle */
    SMALL_JUMP_MS = 900, /* that any clock may make */
    MINUTE_MS = 60 * 1000,
    JUMP_BITS = 27, /* up to 2^27 ms: a day and a half */
};

static uint64_t below(struct sim *sim, uint64_t bound)
{
    return vg_prng_below(&sim->nemesis_chance, bound);
}

static struct host *any_host(struct sim *sim)
{
    return &sim->hosts[below(sim, sim->host_count)];
}

/* Half of the time the leader, if there is one. */
static struct host *leader_or_any(struct sim *sim)
{
    struct host *leader = sim_leader(sim);
    struct host *any = any_host(sim);
    return below(sim, 2) == 0 && leader ? leader : any;
}

/* ---- crashes -----------------------------------------------------------------------------------
 */

void nemesis_crash(struct sim *sim, struct host *host)
{
    host_crash(sim, host);
    uint32_t up = 0;
    for (uint32_t i = 0; i < sim->host_count; i++)
        up += sim->hosts[i].up;
    SOMETIMES(&sim->marks, ALL_DOWN, up == 0 && sim->host_count > 1);
    uint64_t down_us = sim_around(&sim->nemesis_chance, sim->profile.down_ms * 1000ULL);
    queue_push(&sim->queue, (struct event){.at_us = sim->now_us + 1 + down_us,
                                           .kind = EVENT_START,
                                           .who = host->index,
                                           .life = host->life});
}

static void crash_soon(struct sim *sim, struct host *host)
{
    if (host->up && host->crash_in == 0)
        host->crash_in = 1 + (uint32_t)below(sim, OUTPUTS_MAX);
}

static void act_crash(struct sim *sim)
{
    struct host *host = leader_or_any(sim);
    if (below(sim, 100) >= sim->profile.all_down_percent) {
        crash_soon(sim, host);
        return;
    }
    for (uint32_t i = 0; i < sim->host_count; i++)
        if (sim->hosts[i].up)
            nemesis_crash(sim, &sim->hosts[i]);
}

/* ---- network -----------------------------------------------------------------------------------
 */

static void act_mend(struct sim *sim)
{
    net_mend(sim);
}

static void after(struct sim *sim, uint32_t fault, uint64_t mean_ms)
{
    queue_push(
        &sim->queue,
        (struct event){.at_us = sim->now_us + 1 + sim_around(&sim->nemesis_chance, mean_ms * 1000),
                       .kind = EVENT_NEMESIS,
                       .who = fault});
}

static void act_clog(struct sim *sim)
{
    uint32_t from = any_host(sim)->index;
    uint32_t to = any_host(sim)->index;
    uint64_t length = sim_around(&sim->nemesis_chance, sim->profile.clog_length_ms * 1000ULL);
    sim->net.clogged_until_us[from][to] = sim->now_us + length;
    sim_trace(sim, from + 1, "link to %u clogged", to + 1);
}

/* ---- processes and clocks ----------------------------------------------------------------------
 */

static void pause_host(struct sim *sim, struct host *host)
{
    if (!host->up || host->paused_until_us > sim->now_us)
        return;
    uint64_t length = 1 + sim_around(&sim->nemesis_chance, sim->profile.pause_length_ms * 1000ULL);
    host->paused_until_us = sim->now_us + length;
    SOMETIMES(&sim->marks, PAUSED,
              host->status.role == RAFT_LEADER && length > sim->profile.election_ms * 1000ULL);
    sim_trace(sim, host->id.value, "pauses");
    if (below(sim, 2) == 0)
        return;
    /* A suspended machine: its monotonic clock stands still. */
    host->clock.mono_us = host_mono_us(sim, host);
    host->clock.since_us = host->paused_until_us;
}

static void act_pause(struct sim *sim)
{
    pause_host(sim, leader_or_any(sim));
}

/* One host's clock may go mad, the same one all along: when a majority's does, no protocol can tell
 * who is right. */
static void act_jump(struct sim *sim)
{
    struct host *host = leader_or_any(sim);
    bool mad = sim->host_count >= 3 && host->index == sim->options.seed % sim->host_count;
    int64_t size = (int64_t)below(sim, 1ULL << (1 + below(sim, JUMP_BITS)));
    if (!mad)
        size %= SMALL_JUMP_MS;
    host->clock.jump_ms = below(sim, 2) == 0 ? size : -size;
    SOMETIMES(&sim->marks, WALL_JUMPED, size > MINUTE_MS);
    sim_trace(sim, host->id.value, "wall clock jumps by %lld ms", (long long)host->clock.jump_ms);
}

static void act_full(struct sim *sim)
{
    leader_or_any(sim)->disk.full = true;
}

static void act_room(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->host_count; i++)
        sim->hosts[i].disk.full = false;
}

/* ---- leadership --------------------------------------------------------------------------------
 */

static void transfer(struct sim *sim, struct host *leader)
{
    struct raft_event event = {.type = RAFT_TRANSFER};
    if (below(sim, 2) == 0)
        event.node = any_host(sim)->id;
    host_step(sim, leader, &event, NULL);
}

static bool awake(const struct sim *sim, const struct host *host)
{
    return host->up && host->paused_until_us <= sim->now_us;
}

static void act_transfer(struct sim *sim)
{
    struct host *leader = sim_leader(sim);
    if (leader && awake(sim, leader))
        transfer(sim, leader);
}

/* ---- all of them -------------------------------------------------------------------------------
 */

/* `length`: a fault that another one ends, after a mean time of that knob. */
static const struct fault {
    size_t period; /* offset of the knob */
    size_t length;
    void (*begin)(struct sim *sim);
    void (*finish)(struct sim *sim);
} faults[] = {
    {offsetof(struct profile, crash_ms), 0, act_crash, NULL},
    {offsetof(struct profile, cut_ms), offsetof(struct profile, cut_length_ms), NULL, act_mend},
    {offsetof(struct profile, clog_ms), 0, act_clog, NULL},
    {offsetof(struct profile, pause_ms), 0, act_pause, NULL},
    {offsetof(struct profile, jump_ms), 0, act_jump, NULL},
    {offsetof(struct profile, full_ms), offsetof(struct profile, full_length_ms), act_full,
     act_room},
    {offsetof(struct profile, transfer_ms), 0, act_transfer, NULL},
};

enum { FAULTS = sizeof faults / sizeof faults[0] };

static uint32_t knob(const struct sim *sim, size_t offset)
{
    uint32_t value;
    memcpy(&value, (const char *)&sim->profile + offset, sizeof value);
    return value;
}

static void plan(struct sim *sim, uint32_t number)
{
    uint32_t period = knob(sim, faults[number].period);
    if (period > 0)
        after(sim, number, period);
}

void nemesis_start(struct sim *sim)
{
    sim->nemesis.active = true;
    sim->faults = true;
    for (uint32_t i = 0; i < FAULTS; i++)
        plan(sim, i);
}

/* Faults that end have a second number, beyond the first ones. */
void nemesis_event(struct sim *sim, const struct event *event)
{
    if (!sim->nemesis.active)
        return;
    if (event->who >= FAULTS) {
        faults[event->who - FAULTS].finish(sim);
        return;
    }
    const struct fault *fault = &faults[event->who];
    if (fault->begin)
        fault->begin(sim);
    else
        net_cut(sim, false);
    if (fault->finish)
        after(sim, FAULTS + event->who, knob(sim, fault->length));
    plan(sim, event->who);
}

void nemesis_strike_leader(struct sim *sim)
{
    struct host *leader = sim_leader(sim);
    if (sim->nemesis.leader_struck || !leader || !awake(sim, leader))
        return;
    sim->nemesis.leader_struck = true;
    if (below(sim, 100) >= STRIKE_PERCENT)
        return;
    switch (below(sim, 3)) {
    case 0:
        pause_host(sim, leader);
        break;
    case 1:
        transfer(sim, leader);
        break;
    default:
        crash_soon(sim, leader);
    }
}

void nemesis_start_all(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->host_count; i++)
        if (!sim->hosts[i].up)
            host_start(sim, &sim->hosts[i]);
}

void nemesis_heal(struct sim *sim)
{
    sim_trace(sim, 0, "heal");
    sim->nemesis.active = false;
    sim->faults = false;
    net_mend(sim);
    act_room(sim);
    memset(sim->net.clogged_until_us, 0, sizeof sim->net.clogged_until_us);
    uint32_t spare = below(sim, 4) == 0 ? (sim->host_count - 1) / 2 : 0;
    if (sim->options.apart != SIM_APART_NONE)
        spare = 0; /* the only node that some commands are asked of must be there */
    SOMETIMES(&sim->marks, HEALED_WITHOUT_MINORITY, spare > 0);
    for (uint32_t i = 0; i < sim->host_count; i++) {
        struct host *host = &sim->hosts[i];
        host->clock.jump_ms = 0;
        host->crash_in = 0;
        if (i < spare && host->up)
            host_crash(sim, host);
        else if (i >= spare && !host->up)
            host_start(sim, host);
    }
}
