/* SPDX-License-Identifier: Apache-2.0
 * What a plain test program holds to be true: else it ends with the sentence and exit code 1. */
#ifndef VIGIL_TESTS_LIB_MUST_H
#define VIGIL_TESTS_LIB_MUST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static inline void must(bool holds, const char *sentence)
{
    if (holds)
        return;
    (void)fprintf(stderr, "does not hold: %s\n", sentence);
    exit(1);
}

#endif
