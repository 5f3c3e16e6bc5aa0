/* SPDX-License-Identifier: Apache-2.0 */
#include "common/prng.h"

#include <assert.h>

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

struct vg_prng vg_prng_seed(uint64_t seed)
{
    struct vg_prng prng;
    for (int i = 0; i < 4; i++)
        prng.state[i] = splitmix64(&seed);
    return prng;
}

uint64_t vg_prng_next(struct vg_prng *prng)
{
    uint64_t *s = prng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t vg_prng_below(struct vg_prng *prng, uint64_t bound)
{
    assert(bound > 0);
    uint64_t reject_below = (0 - bound) % bound;
    uint64_t x;
    do
        x = vg_prng_next(prng);
    while (x < reject_below);
    return x % bound;
}

uint64_t vg_prng_between(struct vg_prng *prng, uint64_t low, uint64_t high)
{
    assert(low <= high);
    uint64_t width = high - low + 1;
    return width == 0 ? vg_prng_next(prng) : low + vg_prng_below(prng, width);
}

bool vg_prng_chance_ppm(struct vg_prng *prng, uint32_t parts)
{
    return vg_prng_below(prng, 1000000) < parts;
}

void vg_prng_fill(struct vg_prng *prng, void *bytes, uint64_t size)
{
    uint8_t *at = bytes;
    for (uint64_t i = 0, word = 0; i < size; i++, word >>= 8) {
        if (i % 8 == 0)
            word = vg_prng_next(prng);
        at[i] = (uint8_t)word;
    }
}
