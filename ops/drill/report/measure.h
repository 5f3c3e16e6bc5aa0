/* SPDX-License-Identifier: Apache-2.0
 * From the probes of a drill to its figures (docs/drills.md, "What is measured"). Pure. Times are
 * microseconds since measuring began. */
#ifndef VIGIL_OPS_DRILL_REPORT_MEASURE_H
#define VIGIL_OPS_DRILL_REPORT_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MEASURE_REGIONS_MAX = 16, MEASURE_STALLS_MAX = 128 };

/* One probe and what became of it. */
struct measure_sample {
    uint64_t start_us;
    uint64_t end_us;
    uint8_t region; /* its place among the regions */
    bool write;
    bool ok;
};

/* The drill that was probed. */
struct measure_window {
    uint64_t sent_us;  /* the start of the drill was given */
    uint64_t taken_us; /* and answered: the fault is on */
    uint64_t fault_end_us;
    uint64_t end_us;   /* of measuring */
    uint64_t stall_us; /* longer without an answer is a stall */
    uint32_t regions;
};

/* A time without an answer. */
struct measure_stall {
    uint64_t from_us;
    uint64_t to_us;
    bool write; /* of the writer; else of the reader */
    bool open;  /* when measuring ended */
};

enum measure_phase { MEASURE_BEFORE, MEASURE_DURING, MEASURE_AFTER, MEASURE_PHASES };

struct measure_region {
    uint64_t stalled_us; /* of writer or reader or both, each moment once, since the start */
    uint64_t writes;     /* acknowledged */
    uint64_t reads;      /* answered */
    uint64_t given_up;
    uint64_t p50_us[MEASURE_PHASES]; /* of writes, by when they were begun; 0 without any */
    uint64_t p99_us[MEASURE_PHASES];
    struct measure_stall stalls[MEASURE_STALLS_MAX]; /* the first ones, by their beginning */
    uint32_t stall_count;
};

struct measure_figures {
    bool recovered;
    uint64_t recovery_us;
    uint64_t stalled_us; /* of the region that was stalled longest */
    uint64_t writes;
    uint64_t reads;
    struct measure_region regions[MEASURE_REGIONS_MAX];
};

/* Sorts the samples by their end, and computes everything. */
void measure(struct measure_sample *samples, size_t count, const struct measure_window *window,
             struct measure_figures *out);

#endif
