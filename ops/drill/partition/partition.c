/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/partition/partition.h"

#include <assert.h>

enum { RANDOM_CUT_PPM = 333333 };

static void cut(struct partition *partition, uint32_t from, uint32_t to)
{
    if (from != to)
        partition->cut[from] |= 1U << to;
}

static void cut_both(struct partition *partition, uint32_t one, uint32_t other)
{
    cut(partition, one, other);
    cut(partition, other, one);
}

/* ---- shapes ------------------------------------------------------------------------------------
 */

typedef void maker(struct partition *partition, uint32_t victim, struct vg_prng *prng);

static void make_mute(struct partition *partition, uint32_t victim, struct vg_prng *prng)
{
    (void)prng;
    for (uint32_t other = 0; other < partition->nodes; other++)
        cut(partition, victim, other);
}

static void make_deaf(struct partition *partition, uint32_t victim, struct vg_prng *prng)
{
    (void)prng;
    for (uint32_t other = 0; other < partition->nodes; other++)
        cut(partition, other, victim);
}

static void make_isolated(struct partition *partition, uint32_t victim, struct vg_prng *prng)
{
    make_mute(partition, victim, prng);
    make_deaf(partition, victim, prng);
}

static void make_pair(struct partition *partition, uint32_t victim, struct vg_prng *prng)
{
    uint32_t step = 1 + (uint32_t)vg_prng_below(prng, partition->nodes - 1);
    cut_both(partition, victim, (victim + step) % partition->nodes);
}

/* `size` nodes by chance, as bits, none of those in `without`. */
static uint32_t draw_side(uint32_t nodes, uint32_t size, uint32_t without, struct vg_prng *prng)
{
    uint32_t side = 0;
    while (size > 0) {
        uint32_t bit = 1U << vg_prng_below(prng, nodes);
        if (((side | without) & bit) != 0)
            continue;
        side |= bit;
        size--;
    }
    return side;
}

/* No node of `side` hears one of neither `side` nor `bridge`, nor the other way round. */
static void cut_sides(struct partition *partition, uint32_t side, uint32_t bridge)
{
    for (uint32_t one = 0; one < partition->nodes; one++)
        for (uint32_t other = 0; other < partition->nodes; other++)
            if ((side >> one & 1U) != 0 && ((side | bridge) >> other & 1U) == 0)
                cut_both(partition, one, other);
}

static void make_halves(struct partition *partition, uint32_t victim, struct vg_prng *prng)
{
    (void)victim;
    uint32_t side = draw_side(partition->nodes, (partition->nodes - 1) / 2, 0, prng);
    cut_sides(partition, side, 0);
}

static void make_bridge(struct partition *partition, uint32_t victim, struct vg_prng *prng)
{
    uint32_t bridge = 1U << victim;
    uint32_t side = draw_side(partition->nodes, (partition->nodes - 1) / 2, bridge, prng);
    cut_sides(partition, side, bridge);
}

static void make_ring(struct partition *partition, uint32_t victim, struct vg_prng *prng)
{
    (void)victim;
    (void)prng;
    uint32_t nodes = partition->nodes;
    for (uint32_t one = 0; one < nodes; one++)
        for (uint32_t other = 0; other < nodes; other++)
            if ((one + 1) % nodes != other && (other + 1) % nodes != one)
                cut(partition, one, other);
}

static void make_random(struct partition *partition, uint32_t victim, struct vg_prng *prng)
{
    (void)victim;
    for (uint32_t one = 0; one < partition->nodes; one++)
        for (uint32_t other = 0; other < partition->nodes; other++)
            if (vg_prng_chance_ppm(prng, RANDOM_CUT_PPM))
                cut(partition, one, other);
}

static const struct shape {
    const char *name;
    maker *make;
    uint32_t least_nodes;
} shapes[PARTITION_SHAPES] = {
    [PARTITION_ISOLATED] = {"isolated", make_isolated, 2},
    [PARTITION_MUTE] = {"mute", make_mute, 2},
    [PARTITION_DEAF] = {"deaf", make_deaf, 2},
    [PARTITION_PAIR] = {"pair", make_pair, 3},
    [PARTITION_HALVES] = {"halves", make_halves, 4},
    [PARTITION_BRIDGE] = {"bridge", make_bridge, 4},
    [PARTITION_RING] = {"ring", make_ring, 4},
    [PARTITION_RANDOM] = {"random", make_random, 2},
};

/* ---- what others see ---------------------------------------------------------------------------
 */

struct partition partition_make(enum partition_shape shape, uint32_t nodes, uint32_t victim,
                                struct vg_prng *prng)
{
    assert(shape < PARTITION_SHAPES && nodes >= 2 && nodes <= VG_NODES_MAX && victim < nodes);
    struct partition partition = {.nodes = nodes};
    shapes[shape].make(&partition, victim, prng);
    return partition;
}

uint32_t partition_least_nodes(enum partition_shape shape)
{
    return shapes[shape].least_nodes;
}

const char *partition_name(enum partition_shape shape)
{
    return shapes[shape].name;
}

bool partition_cuts(const struct partition *partition, uint32_t from, uint32_t to)
{
    assert(from < partition->nodes && to < partition->nodes);
    return (partition->cut[from] >> to & 1U) != 0;
}
