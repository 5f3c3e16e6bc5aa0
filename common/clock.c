/* SPDX-License-Identifier: Apache-2.0 */
#include "common/clock.h"

#include <time.h>

static uint64_t read_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t system_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

static uint64_t system_wall_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

const struct vg_clock vg_clock_system = {system_monotonic_us, system_wall_ms};
