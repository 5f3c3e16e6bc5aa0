/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"
#include "tests/lib/await.h"

enum { LIMIT_US = 100 * 1000 * 1000, PAUSE_NS = 1000 * 1000 };

void await_again(uint64_t *until_us, const char *condition, const char *file, int line)
{
    uint64_t now = vg_clock_system.monotonic_us();
    if (*until_us == 0)
        *until_us = now + LIMIT_US;
    if (now > *until_us) {
        (void)fprintf(stderr, "%s:%d: never came true: %s\n", file, line, condition);
        abort();
    }
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}
