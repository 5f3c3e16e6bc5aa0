/* SPDX-License-Identifier: Apache-2.0
 * What each shape of a partition cuts, and what it leaves. */
#include <criterion/criterion.h>

#include "ops/drill/partition/partition.h"

enum { SEED = 20261126, ROUNDS = 200 };

static uint32_t links_cut(const struct partition *partition)
{
    uint32_t count = 0;
    for (uint32_t from = 0; from < partition->nodes; from++)
        for (uint32_t to = 0; to < partition->nodes; to++)
            count += partition_cuts(partition, from, to);
    return count;
}

static bool hear_each_other(const struct partition *partition, uint32_t one, uint32_t other)
{
    return !partition_cuts(partition, one, other) && !partition_cuts(partition, other, one);
}

/* How many a node hears both ways, itself among them. */
static uint32_t company_of(const struct partition *partition, uint32_t node)
{
    uint32_t count = 0;
    for (uint32_t other = 0; other < partition->nodes; other++)
        count += other == node || hear_each_other(partition, node, other);
    return count;
}

Test(partition, nobody_is_cut_from_itself_and_the_seed_decides)
{
    struct vg_prng prng = vg_prng_seed(SEED);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        enum partition_shape shape = (enum partition_shape)(round % PARTITION_SHAPES);
        uint32_t nodes = 4 + (uint32_t)vg_prng_below(&prng, VG_NODES_MAX - 3);
        uint32_t victim = (uint32_t)vg_prng_below(&prng, nodes);
        struct vg_prng again = prng;
        struct partition made = partition_make(shape, nodes, victim, &prng);
        struct partition same = partition_make(shape, nodes, victim, &again);
        for (uint32_t node = 0; node < nodes; node++) {
            cr_assert_not(partition_cuts(&made, node, node), "%s", partition_name(shape));
            cr_assert_eq(made.cut[node], same.cut[node], "%s", partition_name(shape));
        }
    }
}

Test(partition, about_one_victim)
{
    struct vg_prng prng = vg_prng_seed(SEED);
    struct partition isolated = partition_make(PARTITION_ISOLATED, 5, 2, &prng);
    struct partition mute = partition_make(PARTITION_MUTE, 5, 2, &prng);
    struct partition deaf = partition_make(PARTITION_DEAF, 5, 2, &prng);
    struct partition pair = partition_make(PARTITION_PAIR, 5, 2, &prng);
    cr_assert_eq(links_cut(&isolated), 8);
    cr_assert_eq(links_cut(&mute), 4);
    cr_assert_eq(links_cut(&deaf), 4);
    cr_assert_eq(links_cut(&pair), 2);
    cr_assert_eq(company_of(&isolated, 2), 1);
    cr_assert_eq(company_of(&pair, 2), 4);
    cr_assert(partition_cuts(&mute, 2, 0) && !partition_cuts(&mute, 0, 2));
    cr_assert(partition_cuts(&deaf, 0, 2) && !partition_cuts(&deaf, 2, 0));
}

/* The larger side is a quorum, and nobody hears the other side. */
Test(partition, halves_leave_one_quorum)
{
    struct vg_prng prng = vg_prng_seed(SEED);
    for (uint32_t nodes = 4; nodes <= VG_NODES_MAX; nodes++) {
        struct partition halves = partition_make(PARTITION_HALVES, nodes, 0, &prng);
        uint32_t small = (nodes - 1) / 2;
        uint32_t in_small = 0;
        for (uint32_t node = 0; node < nodes; node++) {
            uint32_t company = company_of(&halves, node);
            cr_assert(company == small || company == nodes - small);
            in_small += company == small && small != nodes - small;
        }
        cr_assert_eq(in_small, small);
    }
}

Test(partition, a_bridge_alone_hears_both_sides)
{
    struct vg_prng prng = vg_prng_seed(SEED);
    struct partition bridge = partition_make(PARTITION_BRIDGE, 5, 3, &prng);
    cr_assert_eq(company_of(&bridge, 3), 5);
    for (uint32_t node = 0; node < 5; node++)
        cr_assert(node == 3 || company_of(&bridge, node) == 3);
    cr_assert_eq(links_cut(&bridge), 8);
}

Test(partition, in_a_ring_of_five_all_are_majorities_of_their_own)
{
    struct vg_prng prng = vg_prng_seed(SEED);
    struct partition ring = partition_make(PARTITION_RING, 5, 0, &prng);
    for (uint32_t node = 0; node < 5; node++) {
        cr_assert_eq(company_of(&ring, node), 3);
        cr_assert(hear_each_other(&ring, node, (node + 1) % 5));
    }
}

/* One in three, each direction by itself: some links are cut one way. */
Test(partition, random_links_are_cut_one_way_too)
{
    struct vg_prng prng = vg_prng_seed(SEED);
    uint32_t cut = 0;
    uint32_t one_way = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct partition random = partition_make(PARTITION_RANDOM, 5, 0, &prng);
        cut += links_cut(&random);
        for (uint32_t one = 0; one < 5; one++)
            for (uint32_t other = 0; other < one; other++)
                one_way +=
                    partition_cuts(&random, one, other) != partition_cuts(&random, other, one);
    }
    cr_assert(cut > ROUNDS * 20 / 4 && cut < ROUNDS * 20 / 2, "%u of %d", cut, ROUNDS * 20);
    cr_assert_gt(one_way, 0);
}

Test(partition, shapes_that_need_more_nodes_say_so)
{
    cr_assert_eq(partition_least_nodes(PARTITION_ISOLATED), 2);
    cr_assert_eq(partition_least_nodes(PARTITION_RING), 4);
    for (uint32_t shape = 0; shape < PARTITION_SHAPES; shape++)
        cr_assert_not_null(partition_name((enum partition_shape)shape));
}
