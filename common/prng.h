/* SPDX-License-Identifier: Apache-2.0
 * Seeded pseudo-random numbers for jitter and simulation. Never for keys, salts or nonces.
 * xoshiro256** by Blackman and Vigna, seeded through SplitMix64. */
#ifndef VIGIL_COMMON_PRNG_H
#define VIGIL_COMMON_PRNG_H

#include <stdbool.h>
#include <stdint.h>

struct vg_prng {
    uint64_t state[4];
};

/* A generator whose stream is a function of the seed alone; every seed is good, 0 too. */
struct vg_prng vg_prng_seed(uint64_t seed);

/* The next 64 bits. */
uint64_t vg_prng_next(struct vg_prng *prng);

/* A number in [0, bound); bound > 0. Unbiased. */
uint64_t vg_prng_below(struct vg_prng *prng, uint64_t bound);

/* A number in [low, high], both included; low <= high. */
uint64_t vg_prng_between(struct vg_prng *prng, uint64_t low, uint64_t high);

/* True `parts` times in a million on average. */
bool vg_prng_chance_ppm(struct vg_prng *prng, uint32_t parts);

/* Fills `size` bytes. */
void vg_prng_fill(struct vg_prng *prng, void *bytes, uint64_t size);

#endif
