/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/bench/histogram.h"

#include <math.h>

/* The first doubling is linear; in each later one the top bits after the first choose the bucket.
 */
static unsigned bucket_of(uint64_t time_us)
{
    if (time_us < BENCH_LINEAR)
        return (unsigned)time_us;
    unsigned shift = 63 - (unsigned)__builtin_clzll(time_us) - BENCH_LINEAR_BITS;
    if (shift >= BENCH_DOUBLINGS)
        return BENCH_BUCKETS - 1;
    return (shift + 1) * BENCH_LINEAR + (unsigned)(time_us >> shift) - BENCH_LINEAR;
}

static uint64_t end_of(unsigned bucket)
{
    if (bucket < BENCH_LINEAR)
        return bucket;
    unsigned shift = bucket / BENCH_LINEAR - 1;
    return (((uint64_t)(bucket % BENCH_LINEAR) + BENCH_LINEAR + 1) << shift) - 1;
}

void bench_histogram_add(struct bench_histogram *histogram, uint64_t time_us)
{
    histogram->counts[bucket_of(time_us)]++;
    histogram->total++;
    if (time_us > histogram->max_us)
        histogram->max_us = time_us;
}

void bench_histogram_merge(struct bench_histogram *into, const struct bench_histogram *from)
{
    for (unsigned i = 0; i < BENCH_BUCKETS; i++)
        into->counts[i] += from->counts[i];
    into->total += from->total;
    if (from->max_us > into->max_us)
        into->max_us = from->max_us;
}

uint64_t bench_histogram_at(const struct bench_histogram *histogram, double part)
{
    uint64_t wanted = (uint64_t)ceil(part * (double)histogram->total);
    uint64_t seen = 0;
    for (unsigned i = 0; i < BENCH_BUCKETS && histogram->total > 0; i++) {
        seen += histogram->counts[i];
        if (seen >= wanted && seen > 0)
            return i < BENCH_BUCKETS - 1 && end_of(i) < histogram->max_us ? end_of(i)
                                                                          : histogram->max_us;
    }
    return 0;
}
