/* SPDX-License-Identifier: Apache-2.0
 * The figures of a drill from its probes, on histories short enough to work out by hand. */
#include <criterion/criterion.h>

#include "ops/drill/report/measure.h"

enum { MS = 1000, S = 1000 * MS };

/* Two regions; the fault from 2 to 7 s, measured to 10 s; 300 ms without an answer is a stall. */
static const struct measure_window window = {.sent_us = 2 * S,
                                             .taken_us = 2 * S + 10 * MS,
                                             .fault_end_us = 7 * S,
                                             .end_us = 10 * S,
                                             .stall_us = 300 * MS,
                                             .regions = 2};

struct history {
    struct measure_sample samples[2048];
    size_t count;
};

/* A probe every 100 ms that takes 5 ms, in [from, to). */
static void serve(struct history *history, uint8_t region, bool write, uint64_t from_ms,
                  uint64_t to_ms)
{
    for (uint64_t at = from_ms; at < to_ms; at += 100)
        history->samples[history->count++] = (struct measure_sample){.start_us = at * MS,
                                                                     .end_us = (at + 5) * MS,
                                                                     .region = region,
                                                                     .write = write,
                                                                     .ok = true};
}

static void probe(struct history *history, uint8_t region, bool write, uint64_t from_ms,
                  uint64_t to_ms, bool ok)
{
    history->samples[history->count++] = (struct measure_sample){
        .start_us = from_ms * MS, .end_us = to_ms * MS, .region = region, .write = write, .ok = ok};
}

/* Everything answered but the writer of region 0. */
static struct history others(void)
{
    struct history history = {.count = 0};
    serve(&history, 0, false, 0, 10000);
    serve(&history, 1, true, 0, 10000);
    serve(&history, 1, false, 0, 10000);
    return history;
}

Test(measure, without_a_stall_the_next_write_of_each_region_is_the_recovery)
{
    struct history history = others();
    struct measure_figures figures;
    serve(&history, 0, true, 0, 10000);
    measure(history.samples, history.count, &window, &figures);
    cr_assert(figures.recovered);
    cr_assert_eq(figures.recovery_us, 105 * MS, "%llu", (unsigned long long)figures.recovery_us);
    cr_assert_eq(figures.stalled_us, 0);
    cr_assert_eq(figures.writes, 200);
    cr_assert_eq(figures.reads, 200);
    cr_assert_eq(figures.regions[0].stall_count, 0);
}

Test(measure, a_stall_ends_with_the_first_answer)
{
    struct history history = others();
    struct measure_figures figures;
    serve(&history, 0, true, 0, 2000); /* the last one is answered at 1905 */
    probe(&history, 0, true, 2000, 4000, false);
    probe(&history, 0, true, 3100, 3200, true);
    serve(&history, 0, true, 3300, 10000);
    measure(history.samples, history.count, &window, &figures);
    cr_assert(figures.recovered);
    cr_assert_eq(figures.recovery_us, 1200 * MS);
    cr_assert_eq(figures.regions[0].stall_count, 1);
    cr_assert_eq(figures.regions[0].stalls[0].from_us, 1905 * MS);
    cr_assert_eq(figures.regions[0].stalls[0].to_us, 3200 * MS);
    cr_assert(figures.regions[0].stalls[0].write);
    cr_assert_eq(figures.stalled_us, 1200 * MS, "since the start");
    cr_assert_eq(figures.regions[1].stalled_us, 0);
    cr_assert_eq(figures.regions[0].given_up, 1);
}

/* Writer and reader that stand still at once are one standstill of their region. */
Test(measure, stalls_of_a_region_are_counted_once)
{
    struct history history = {.count = 0};
    struct measure_figures figures;
    serve(&history, 1, true, 0, 10000);
    serve(&history, 1, false, 0, 10000);
    serve(&history, 0, true, 0, 2000);
    serve(&history, 0, true, 3000, 10000); /* 1905 to 3005 */
    serve(&history, 0, false, 0, 2500);
    serve(&history, 0, false, 3500, 10000); /* 2405 to 3505 */
    measure(history.samples, history.count, &window, &figures);
    cr_assert_eq(figures.regions[0].stall_count, 2);
    cr_assert_eq(figures.regions[0].stalled_us, 1505 * MS);
    cr_assert_eq(figures.recovery_us, 1505 * MS);
}

/* What begins when all were served again is a stall, and no part of the recovery. */
Test(measure, a_later_stall_is_not_recovery)
{
    struct history history = others();
    struct measure_figures figures;
    serve(&history, 0, true, 0, 5200);
    serve(&history, 0, true, 6000, 10000);
    measure(history.samples, history.count, &window, &figures);
    cr_assert_eq(figures.recovery_us, 105 * MS);
    cr_assert_eq(figures.stalled_us, 900 * MS);
}

/* The fault is felt a moment after it was taken: what was answered in between is no recovery. */
Test(measure, a_stall_that_begins_soon_is_part_of_the_recovery)
{
    struct history history = others();
    struct measure_figures figures;
    serve(&history, 0, true, 0, 2900); /* the last one is answered at 2805 */
    serve(&history, 0, true, 4000, 10000);
    measure(history.samples, history.count, &window, &figures);
    cr_assert_eq(figures.recovery_us, 2005 * MS);
}

Test(measure, what_was_never_served_again_has_not_recovered)
{
    struct history history = others();
    struct measure_figures figures;
    serve(&history, 0, true, 0, 3000);
    measure(history.samples, history.count, &window, &figures);
    cr_assert_not(figures.recovered);
    cr_assert(figures.regions[0].stalls[0].open);
    cr_assert_eq(figures.recovery_us, 8 * S);
    cr_assert_eq(figures.regions[0].stalled_us, 7095 * MS);
}

Test(measure, no_probe_at_all_is_no_recovery)
{
    struct measure_figures figures;
    measure(NULL, 0, &window, &figures);
    cr_assert_not(figures.recovered);
    cr_assert_eq(figures.stalled_us, 8 * S);
}

Test(measure, latencies_are_those_of_writes_by_when_they_began)
{
    struct history history = others();
    struct measure_figures figures;
    probe(&history, 0, true, 1000, 1010, true);
    probe(&history, 0, true, 3000, 3100, true);
    probe(&history, 0, true, 6900, 7100, true);
    probe(&history, 0, true, 8000, 8020, true);
    measure(history.samples, history.count, &window, &figures);
    const struct measure_region *region = &figures.regions[0];
    cr_assert_eq(region->p50_us[MEASURE_BEFORE], 10 * MS);
    cr_assert_leq(region->p50_us[MEASURE_DURING], 102 * MS);
    cr_assert_geq(region->p50_us[MEASURE_DURING], 98 * MS);
    cr_assert_eq(region->p99_us[MEASURE_DURING], 200 * MS);
    cr_assert_eq(region->p99_us[MEASURE_AFTER], 20 * MS);
}

Test(measure, what_stood_still_before_the_start_is_not_the_drills)
{
    struct history history = others();
    struct measure_figures figures;
    serve(&history, 0, true, 0, 500);
    serve(&history, 0, true, 1500, 10000);
    measure(history.samples, history.count, &window, &figures);
    cr_assert_eq(figures.regions[0].stall_count, 1, "it is shown");
    cr_assert_eq(figures.stalled_us, 0);
    cr_assert_eq(figures.recovery_us, 105 * MS);
}
