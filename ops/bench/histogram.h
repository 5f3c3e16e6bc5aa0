/* SPDX-License-Identifier: Apache-2.0
 * A log-linear histogram of times: 64 buckets to each doubling, so that a percentile is off by less
 * than 2 %. */
#ifndef VIGIL_OPS_BENCH_HISTOGRAM_H
#define VIGIL_OPS_BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
    BENCH_LINEAR_BITS = 6,
    BENCH_LINEAR = 1 << BENCH_LINEAR_BITS,
    BENCH_DOUBLINGS = 32, /* up to 2^38 us, three days */
    BENCH_BUCKETS = BENCH_LINEAR * (BENCH_DOUBLINGS + 1),
};

/* Zero-initialise. */
struct bench_histogram {
    uint64_t counts[BENCH_BUCKETS];
    uint64_t total;
    uint64_t max_us;
};

void bench_histogram_add(struct bench_histogram *histogram, uint64_t time_us);

/* Adds all of `from` to `into`. */
void bench_histogram_merge(struct bench_histogram *into, const struct bench_histogram *from);

/* The time that `part` (0 to 1) of the entries do not exceed, rounded up to its bucket's end; 0
 * without entries. */
uint64_t bench_histogram_at(const struct bench_histogram *histogram, double part);

#endif
