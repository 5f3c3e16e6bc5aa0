/* SPDX-License-Identifier: Apache-2.0
 * The two clocks, as an interface: the node has the machine's, tests and simulator their own. */
#ifndef VIGIL_COMMON_CLOCK_H
#define VIGIL_COMMON_CLOCK_H

#include <stdint.h>

struct vg_clock {
    /* Microseconds that never go back, from an arbitrary start. */
    uint64_t (*monotonic_us)(void);
    /* Milliseconds since 1970 UTC, which may jump. */
    uint64_t (*wall_ms)(void);
};

/* CLOCK_MONOTONIC and CLOCK_REALTIME. */
extern const struct vg_clock vg_clock_system;

#endif
