/* SPDX-License-Identifier: Apache-2.0
 * Waiting in tests for what another thread will do: looks again every millisecond, and ends the
 * program with the condition's text when it has not come true in 100 seconds. */
#ifndef VIGIL_TESTS_LIB_AWAIT_H
#define VIGIL_TESTS_LIB_AWAIT_H

#include <stdint.h>

#define AWAIT(condition)                                                                           \
    for (uint64_t until_ = 0; !(condition);)                                                       \
    await_again(&until_, #condition, __FILE__, __LINE__)

/* One round of AWAIT. */
void await_again(uint64_t *until_us, const char *condition, const char *file, int line);

#endif
