/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/report/measure.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "ops/bench/histogram.h"

enum { SOON_US = 1000000 };

/* What is being computed, for the helpers. */
struct work {
    const struct measure_sample *samples;
    size_t count;
    const struct measure_window *window;
    struct measure_figures *out;
};

static int by_end(const void *a, const void *b)
{
    const struct measure_sample *first = a;
    const struct measure_sample *second = b;
    return (first->end_us > second->end_us) - (first->end_us < second->end_us);
}

static int by_beginning(const void *a, const void *b)
{
    const struct measure_stall *first = a;
    const struct measure_stall *second = b;
    return (first->from_us > second->from_us) - (first->from_us < second->from_us);
}

/* ---- stalls ------------------------------------------------------------------------------------
 */

static void add_stall(const struct work *work, struct measure_region *region,
                      const struct measure_stall *stall)
{
    if (stall->to_us - stall->from_us <= work->window->stall_us ||
        region->stall_count == MEASURE_STALLS_MAX)
        return;
    region->stalls[region->stall_count++] = *stall;
}

/* Between one answer and the next, for the writer or the reader of a region. */
static void find_stalls(const struct work *work, uint32_t place, bool write)
{
    struct measure_region *region = &work->out->regions[place];
    struct measure_stall stall = {.from_us = 0, .write = write};
    for (size_t i = 0; i < work->count; i++) {
        const struct measure_sample *sample = &work->samples[i];
        if (!sample->ok || sample->region != place || sample->write != write)
            continue;
        stall.to_us = sample->end_us;
        add_stall(work, region, &stall);
        stall.from_us = sample->end_us;
    }
    stall.to_us = work->window->end_us > stall.from_us ? work->window->end_us : stall.from_us;
    stall.open = true;
    add_stall(work, region, &stall);
}

/* From the start of the drill on; what stood still before is shown, and not the drill's. */
static uint64_t union_of(const struct measure_region *region, uint64_t since_us)
{
    uint64_t total = 0, reached = since_us;
    for (uint32_t i = 0; i < region->stall_count; i++) {
        const struct measure_stall *stall = &region->stalls[i];
        uint64_t from = stall->from_us > reached ? stall->from_us : reached;
        if (stall->to_us > from)
            total += stall->to_us - from;
        reached = stall->to_us > reached ? stall->to_us : reached;
    }
    return total;
}

/* ---- recovery ----------------------------------------------------------------------------------
 */

/* The end of the first write that a region began with the fault on and had answered; UINT64_MAX
 * without one. */
static uint64_t first_served(const struct work *work, uint32_t place)
{
    for (size_t i = 0; i < work->count; i++) {
        const struct measure_sample *sample = &work->samples[i];
        if (sample->ok && sample->write && sample->region == place &&
            sample->start_us >= work->window->taken_us)
            return sample->end_us;
    }
    return UINT64_MAX;
}

/* Whether a region stands still when measuring ends. */
static bool stands_still(const struct measure_region *region)
{
    for (uint32_t i = 0; i < region->stall_count; i++) {
        if (region->stalls[i].open)
            return true;
    }
    return false;
}

/* The end of a stall that the time `at` is within, in any region; else `at`. A stall that begins
 * soon after the start counts as if it began with it: what was answered just before the fault was
 * felt is no recovery. */
static uint64_t end_of_stall_at(const struct work *work, uint64_t at)
{
    uint64_t soon_us = work->window->taken_us + SOON_US;
    uint64_t until_us = at > soon_us ? at : soon_us;
    for (uint32_t place = 0; place < work->window->regions; place++) {
        const struct measure_region *region = &work->out->regions[place];
        for (uint32_t i = 0; i < region->stall_count; i++) {
            const struct measure_stall *stall = &region->stalls[i];
            if (stall->from_us < until_us && stall->to_us > at)
                return stall->to_us;
        }
    }
    return at;
}

/* The first moment after the start at which no region stands still and each has had a write
 * answered that it began with the fault on. What stands still later is stalled time, and no part of
 * the recovery. */
static void find_recovery(const struct work *work)
{
    struct measure_figures *out = work->out;
    uint64_t at = work->window->sent_us, before;
    out->recovered = true;
    for (uint32_t place = 0; place < work->window->regions; place++) {
        uint64_t served = first_served(work, place);
        out->recovered =
            out->recovered && served != UINT64_MAX && !stands_still(&out->regions[place]);
        at = served != UINT64_MAX && served > at ? served : at;
    }
    do {
        before = at;
        at = end_of_stall_at(work, at);
    } while (at != before);
    out->recovery_us = (out->recovered ? at : work->window->end_us) - work->window->sent_us;
}

/* ---- the rest ----------------------------------------------------------------------------------
 */

static void find_latencies(const struct work *work, uint32_t place)
{
    struct measure_region *region = &work->out->regions[place];
    struct bench_histogram *phases = vg_alloc_zero(MEASURE_PHASES, sizeof *phases);
    for (size_t i = 0; i < work->count; i++) {
        const struct measure_sample *sample = &work->samples[i];
        if (sample->region != place)
            continue;
        region->given_up += !sample->ok;
        region->writes += sample->ok && sample->write;
        region->reads += sample->ok && !sample->write;
        enum measure_phase phase = sample->start_us < work->window->sent_us        ? MEASURE_BEFORE
                                   : sample->start_us < work->window->fault_end_us ? MEASURE_DURING
                                                                                   : MEASURE_AFTER;
        if (sample->ok && sample->write)
            bench_histogram_add(&phases[phase], sample->end_us - sample->start_us);
    }
    for (int i = 0; i < MEASURE_PHASES; i++) {
        region->p50_us[i] = bench_histogram_at(&phases[i], 0.5);
        region->p99_us[i] = bench_histogram_at(&phases[i], 0.99);
    }
    free(phases);
}

void measure(struct measure_sample *samples, size_t count, const struct measure_window *window,
             struct measure_figures *out)
{
    struct work work = {samples, count, window, out};
    assert(window->regions <= MEASURE_REGIONS_MAX);
    memset(out, 0, sizeof *out);
    if (count > 0)
        qsort(samples, count, sizeof *samples, by_end);
    for (uint32_t place = 0; place < window->regions; place++) {
        struct measure_region *region = &out->regions[place];
        find_stalls(&work, place, true);
        find_stalls(&work, place, false);
        qsort(region->stalls, region->stall_count, sizeof region->stalls[0], by_beginning);
        region->stalled_us = union_of(region, window->sent_us);
        find_latencies(&work, place);
        if (region->stalled_us > out->stalled_us)
            out->stalled_us = region->stalled_us;
        out->writes += region->writes;
        out->reads += region->reads;
    }
    find_recovery(&work);
}
