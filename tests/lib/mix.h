/* SPDX-License-Identifier: Apache-2.0
 * Folds numbers into a 64-bit hash, the same on every machine; for traces, never for security. */
#ifndef VIGIL_TESTS_LIB_MIX_H
#define VIGIL_TESTS_LIB_MIX_H

#include <stdint.h>

/* `hash` with `value` folded in; the finaliser of SplitMix64. */
static inline uint64_t mix64(uint64_t hash, uint64_t value)
{
    uint64_t z = hash ^ (value + 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

#endif
