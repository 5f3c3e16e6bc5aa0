/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/disk.h"

#include <assert.h>
#include <stdlib.h>

#include "tests/sim/sim.h"

enum { STALL_MARK_US = 100 * 1000 };

static struct disk_write *pending_at(struct disk *disk, uint32_t place)
{
    return &disk->pending[(disk->pending_first + place) % RAFT_WRITES_MAX];
}

static void records_free(struct record *records, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        vg_blob_unref(records[i].blob);
    free(records);
}

static uint64_t write_duration(struct sim *sim)
{
    struct vg_prng *chance = &sim->disk_chance;
    uint64_t duration = sim_delay(chance, sim->profile.write_us, sim->profile.write_tail_us);
    if (vg_prng_chance_ppm(chance, sim->profile.stall_ppm) && sim->faults)
        duration += sim_around(chance, sim->profile.stall_ms * 1000ULL);
    SOMETIMES(&sim->marks, DISK_STALLED, duration >= STALL_MARK_US);
    return duration;
}

void disk_submit(struct sim *sim, struct host *host, const struct disk_write *write)
{
    struct disk *disk = &host->disk;
    assert(disk->pending_count < RAFT_WRITES_MAX);
    uint64_t start = disk->busy_until_us > sim->now_us ? disk->busy_until_us : sim->now_us;
    struct disk_write *slot = pending_at(disk, disk->pending_count++);
    *slot = *write;
    /* Group commit: half of the writes ride on the transaction before them. */
    bool joins = start > sim->now_us && vg_prng_below(&sim->disk_chance, 2) == 0;
    slot->ready_us = joins ? start : start + write_duration(sim);
    disk->busy_until_us = slot->ready_us;
    queue_push(&sim->queue, (struct event){.at_us = slot->ready_us,
                                           .kind = EVENT_DISK,
                                           .who = host->index,
                                           .life = host->life});
}

static void platter_append(struct disk *disk, const struct record *record)
{
    assert(record->meta.index == disk->count + 1);
    if (disk->count == disk->capacity) {
        disk->capacity = disk->capacity ? 2 * disk->capacity : 256;
        disk->records = vg_realloc(disk->records, disk->capacity * sizeof *disk->records);
    }
    disk->records[disk->count++] = *record;
}

static void platter_truncate(struct disk *disk, uint64_t from)
{
    while (disk->count >= from)
        vg_blob_unref(disk->records[--disk->count].blob);
}

static void tell_checker(struct sim *sim, const struct host *host, const struct disk_write *write)
{
    struct check_entry entries[RAFT_WINDOW];
    for (uint32_t i = 0; i < write->count; i++) {
        const struct record *record = &write->records[i];
        entries[i].index = record->meta.index;
        entries[i].term = record->meta.term;
        memcpy(&entries[i].hash, record->hash.bytes, sizeof entries[i].hash);
    }
    struct check_write told = {
        .hard_state = write->hard_state,
        .term = write->term,
        .voted_for = write->voted_for,
        .truncate_from = write->truncate_from,
        .entries = entries,
        .count = write->count,
    };
    check_written(sim->check, host->id, &told);
}

uint64_t disk_complete(struct sim *sim, struct host *host)
{
    struct disk *disk = &host->disk;
    assert(disk->pending_count > 0);
    struct disk_write write = *pending_at(disk, 0);
    disk->pending_first = (disk->pending_first + 1) % RAFT_WRITES_MAX;
    disk->pending_count--;
    if (write.hard_state) {
        disk->term = write.term;
        disk->voted_for = write.voted_for;
    }
    if (write.truncate_from > 0)
        platter_truncate(disk, write.truncate_from);
    for (uint32_t i = 0; i < write.count; i++)
        platter_append(disk, &write.records[i]);
    tell_checker(sim, host, &write);
    free(write.records);
    return write.id;
}

void disk_crash(struct sim *sim, struct host *host)
{
    struct disk *disk = &host->disk;
    uint64_t kept = vg_prng_below(&sim->disk_chance, disk->pending_count + 1ULL);
    SOMETIMES(&sim->marks, CRASH_KEPT_WRITES, kept > 0);
    SOMETIMES(&sim->marks, CRASH_LOST_WRITES, kept < disk->pending_count);
    while (kept-- > 0)
        disk_complete(sim, host);
    for (uint32_t i = 0; i < disk->pending_count; i++) {
        struct disk_write *write = pending_at(disk, i);
        records_free(write->records, write->count);
    }
    disk->pending_count = 0;
    disk->busy_until_us = 0;
}

const struct record *disk_get(const struct disk *disk, uint64_t index)
{
    return index >= 1 && index <= disk->count ? &disk->records[index - 1] : NULL;
}

void disk_free(struct disk *disk)
{
    for (uint32_t i = 0; i < disk->pending_count; i++) {
        struct disk_write *write = pending_at(disk, i);
        records_free(write->records, write->count);
    }
    platter_truncate(disk, 1);
    free(disk->records);
}
