/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>

#include "tests/sim/sim.h"

enum { HEARTBEAT_FLOOR_MS = 5 };

uint64_t host_mono_us(const struct sim *sim, const struct host *host)
{
    const struct host_clock *clock = &host->clock;
    uint64_t passed = sim->now_us > clock->since_us ? sim->now_us - clock->since_us : 0;
    return clock->mono_us + passed * clock->rate_ppm / 1000000;
}

uint64_t host_wall_ms(const struct sim *sim, const struct host *host)
{
    uint64_t wall = host->clock.wall_zero_ms + sim->now_us / 1000;
    return (uint64_t)((int64_t)wall + host->clock.jump_ms);
}

static void clock_make(struct sim *sim, struct host *host)
{
    struct vg_prng *chance = &sim->clock_chance;
    struct host_clock *clock = &host->clock;
    uint32_t drift = sim->profile.drift_ppm;
    uint32_t offset = sim->profile.wall_offset_ms;
    clock->mono_us = vg_prng_between(chance, 1, 1000ULL * 1000 * 1000);
    clock->rate_ppm = 1000000 - drift + vg_prng_below(chance, 2ULL * drift + 1);
    clock->wall_zero_ms = SIM_EPOCH_MS - offset + vg_prng_below(chance, 2ULL * offset + 1);
}

static bool is_apart(const struct sim *sim, uint32_t index)
{
    bool chosen = index == sim->options.seed % sim->host_count;
    if (sim->options.apart == SIM_APART_NONE || sim->host_count == 1)
        return false;
    return sim->options.apart == SIM_APART_ONE ? chosen : !chosen;
}

static bool blind_level(void *context, const vg_id *compartment)
{
    const struct host *host = context;
    return !vg_id_equal(compartment, &host->machine.genesis->first);
}

static void clear(const struct sim *sim, struct host *host)
{
    host->apart = is_apart(sim, host->index);
    host->blind = host->apart && sim->options.blind;
    if (!host->blind)
        return;
    host->machine.level = blind_level;
    host->machine.clearance = host;
}

void host_make(struct sim *sim, uint32_t index)
{
    struct host *host = &sim->hosts[index];
    host->index = index;
    host->id = sim->genesis.members[index].id;
    host->prng = vg_prng_seed(sim->options.seed * 31 + index);
    host->core = vg_alloc_zero(1, raft_size());
    host->store = memkv_new();
    host->machine = (struct response_machine){.genesis = &sim->genesis,
                                              .cluster = sim->cluster,
                                              .signer = sim->signer,
                                              .kv = memkv_kv(host->store)};
    clear(sim, host);
    clock_make(sim, host);
}

void host_free(struct host *host)
{
    origin_clear(host);
    for (uint32_t i = 0; i < host->held_count; i++)
        packet_unref(host->held[i].packet);
    free(host->held);
    if (host->tail)
        ledger_tail_free(host->tail);
    disk_free(&host->disk);
    memkv_free(host->store);
    free(host->core);
}

static struct raft_config core_config(struct sim *sim, struct host *host)
{
    const struct profile *profile = &sim->profile;
    uint32_t heartbeat = profile->election_ms / profile->heartbeat_part;
    struct raft_config config = {
        .self = host->id,
        .voter_count = sim->host_count,
        .seed = vg_prng_next(&host->prng),
        .election_timeout_ms = profile->election_ms,
        .heartbeat_ms = heartbeat > HEARTBEAT_FLOOR_MS ? heartbeat : HEARTBEAT_FLOOR_MS,
        .batch_entries_max = profile->batch_entries,
        .batch_bytes_max = profile->batch_bytes,
        .inflight_max = profile->inflight,
        .inflight_bytes_max = profile->inflight_bytes,
        .uncommitted_bytes_max = profile->uncommitted_bytes,
        .prevote = sim->options.prevote,
        .check_quorum = true,
    };
    for (uint32_t i = 0; i < sim->host_count; i++)
        config.voters[i] = sim->hosts[i].id;
    return config;
}

/* The last term runs of the durable log, oldest first. */
static uint32_t find_runs(const struct disk *disk, struct raft_run runs[RAFT_RUNS_MAX])
{
    uint32_t count = 0;
    for (uint64_t i = 0; i < disk->count; i++) {
        const struct raft_entry *meta = &disk->records[i].meta;
        if (count > 0 && runs[count - 1].term == meta->term)
            continue;
        if (count == RAFT_RUNS_MAX)
            memmove(runs, runs + 1, --count * sizeof *runs);
        runs[count++] = (struct raft_run){.first = meta->index, .term = meta->term};
    }
    return count;
}

static void start_core(struct sim *sim, struct host *host)
{
    const struct disk *disk = &host->disk;
    struct raft_entry tail[RAFT_WINDOW];
    struct raft_run runs[RAFT_RUNS_MAX];
    uint32_t wanted = sim->profile.recovery_tail;
    uint32_t count = disk->count < wanted ? (uint32_t)disk->count : wanted;
    for (uint32_t i = 0; i < count; i++)
        tail[i] = disk->records[disk->count - count + i].meta;
    struct raft_recovery recovery = {
        .term = {disk->term},
        .voted_for = disk->voted_for,
        .tail = tail,
        .tail_count = count,
        .runs = runs,
        .run_count = find_runs(disk, runs),
    };
    struct raft_config config = core_config(sim, host);
    raft_init(host->core, &config, &recovery, host_mono_us(sim, host), host_wall_ms(sim, host));
    raft_status(host->core, &host->status);
}

void host_start(struct sim *sim, struct host *host)
{
    assert(!host->up);
    const struct disk *disk = &host->disk;
    const struct record *last = disk_get(disk, disk->count);
    host->up = true;
    host->life++;
    host->tail = ledger_tail_new(disk->count, last ? &last->hash : &sim->cluster,
                                 sim->profile.tail_capacity);
    host->written = 0;
    host->cursor = response_cursor(&host->machine);
    host->target = 0;
    host->kept_at = host->cursor;
    start_core(sim, host);
    raft_trace_started(sim, host);
    check_started(sim->check, host->id, &host->status, host->cursor);
    SOMETIMES(&sim->marks, STATE_REPLAYED, host->life > 1 && host->cursor < disk->count);
    sim_trace(sim, host->id.value, "starts: term %llu, %llu entries, applied %llu",
              (unsigned long long)disk->term, (unsigned long long)disk->count,
              (unsigned long long)host->cursor);
    host->tick_us = sim->now_us + 1;
    queue_push(&sim->queue, (struct event){.at_us = host->tick_us,
                                           .kind = EVENT_TICK,
                                           .who = host->index,
                                           .life = host->life});
}

void host_crash(struct sim *sim, struct host *host)
{
    assert(host->up);
    sim_trace(sim, host->id.value, "crashes");
    disk_crash(sim, host);
    check_crashed(sim->check, host->id);
    memkv_rollback(host->store);
    ledger_tail_free(host->tail);
    host->tail = NULL;
    for (uint32_t i = 0; i < host->held_count; i++)
        packet_unref(host->held[i].packet);
    host->held_count = 0;
    origin_clear(host);
    host->up = false;
    host->tick_us = 0;
    host->crash_in = 0;
    host->paused_until_us = 0;
    host->apply_waiting = false;
    host->propose_waiting = false;
    memset(&host->status, 0, sizeof host->status);
}
