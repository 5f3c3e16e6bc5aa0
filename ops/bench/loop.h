/* SPDX-License-Identifier: Apache-2.0
 * The clients of a bench: threads, each with a connection, an incident of its own, and one request
 * under way. */
#ifndef VIGIL_OPS_BENCH_LOOP_H
#define VIGIL_OPS_BENCH_LOOP_H

#include "ops/bench/histogram.h"
#include "ops/cli/core/change.h"

enum { BENCH_CLIENTS_MAX = 256 };

struct bench_plan {
    uint32_t clients;
    uint32_t payload;      /* bytes of text in each note */
    uint32_t seconds;      /* 0: until `operations` are done */
    uint64_t operations;   /* of all clients together; 0: until the time is up */
    uint32_t rate;         /* operations begun in a second, evenly; 0: as they are answered */
    uint32_t read_percent; /* of the operations, linearizable reads */
    vg_id compartment;
};

struct bench_result {
    struct bench_histogram writes;
    struct bench_histogram reads;
    uint64_t errors;
    uint64_t repeats;      /* requests that had to be asked again */
    double seconds;        /* from the first to the last */
    struct vg_error first; /* the first error, if any */
};

/* Runs the clients and waits for them. VG_OK also when some operations failed; they are counted. */
enum vg_code bench_loop(struct cli_call *call, const struct bench_plan *plan,
                        struct bench_result *out);

#endif
