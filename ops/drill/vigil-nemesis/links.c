/* SPDX-License-Identifier: Apache-2.0
 * Faults of links: partitions of every shape, links that are slow, narrow or stand still, bytes
 * that are others. */
#include <time.h>

#include "ops/drill/partition/partition.h"
#include "ops/drill/vigil-nemesis/faults.h"

enum {
    SLOW_US = 80000,
    JITTER_US = 40000,
    NARROW_BYTES_PER_S = 200000, /* a second's load comes through in several */
    SWIZZLE_MOST_MS = 150,       /* between two links of a swizzle */
};

/* The links of a partition by these terms too, the others by those of the whole run. */
static void set_all(const struct fault_case *the, const struct partition *where,
                    const struct proxy_terms *terms)
{
    struct proxy_mesh mesh = the->stage->whole;
    for (uint32_t from = 0; from < where->nodes; from++)
        for (uint32_t to = 0; to < where->nodes; to++)
            if (partition_cuts(where, from, to))
                proxy_terms_worsen(&mesh.links[from][to], terms);
    proxy_set_all(the->stage->proxy, &mesh);
}

/* With too few nodes for the shape, the victim is alone. */
static struct partition shape_of(const struct fault_case *the, enum partition_shape shape)
{
    uint32_t nodes = the->stage->cluster->node_count;
    if (nodes < partition_least_nodes(shape))
        shape = PARTITION_ISOLATED;
    return partition_make(shape, nodes, the->victim, the->prng);
}

static enum vg_code part(const struct fault_case *the, struct vg_error *error)
{
    static const struct proxy_terms cut = {.cut = true};
    struct partition partition = shape_of(the, (enum partition_shape)the->fault->with);
    (void)error;
    set_all(the, &partition, &cut);
    return VG_OK;
}

static enum vg_code heal(const struct fault_case *the, struct vg_error *error)
{
    (void)error;
    proxy_set_all(the->stage->proxy, &the->stage->whole);
    return VG_OK;
}

/* What all links of the victim do to what they carry. */
enum worsening { WORSE_SLOW, WORSE_NARROW, WORSE_STALLED };

static enum vg_code worsen(const struct fault_case *the, struct vg_error *error)
{
    static const struct proxy_terms terms[] = {
        [WORSE_SLOW] = {.delay_us = SLOW_US, .jitter_us = JITTER_US},
        [WORSE_NARROW] = {.bytes_per_s = NARROW_BYTES_PER_S},
        [WORSE_STALLED] = {.stalled = true},
    };
    struct partition links = shape_of(the, PARTITION_ISOLATED);
    (void)error;
    set_all(the, &links, &terms[the->fault->with]);
    return VG_OK;
}

static enum vg_code flip_bits(const struct fault_case *the, struct vg_error *error)
{
    (void)error;
    for (uint32_t other = 0; other < the->stage->cluster->node_count; other++)
        if (other != the->victim)
            proxy_flip(the->stage->proxy, the->victim, other);
    return VG_OK;
}

static enum vg_code break_records(const struct fault_case *the, struct vg_error *error)
{
    (void)error;
    for (uint32_t other = 0; other < the->stage->cluster->node_count; other++)
        if (other != the->victim)
            proxy_break(the->stage->proxy, other, the->victim);
    return VG_OK;
}

/* ---- swizzle: links are cut one after the other, and healed in another order -------------------
 */

struct link {
    uint32_t from, to;
};

static void shuffle(struct link *links, uint32_t count, struct vg_prng *prng)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = (uint32_t)vg_prng_below(prng, i);
        struct link other = links[j];
        links[j] = links[i - 1];
        links[i - 1] = other;
    }
}

static void set_one(const struct fault_case *the, const struct link *link,
                    const struct proxy_terms *by)
{
    struct proxy_terms terms = the->stage->whole.links[link->from][link->to];
    proxy_terms_worsen(&terms, by);
    proxy_set(the->stage->proxy, link->from, link->to, &terms);
}

static void set_one_by_one(const struct fault_case *the, const struct partition *where,
                           const struct proxy_terms *terms)
{
    struct link links[VG_NODES_MAX * VG_NODES_MAX];
    uint32_t count = 0;
    for (uint32_t from = 0; from < where->nodes; from++)
        for (uint32_t to = 0; to < where->nodes; to++)
            if (from != to && partition_cuts(where, from, to))
                links[count++] = (struct link){from, to};
    shuffle(links, count, the->prng);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t ms = vg_prng_below(the->prng, SWIZZLE_MOST_MS);
        struct timespec pause = {.tv_nsec = (long)ms * 1000000L};
        set_one(the, &links[i], terms);
        nanosleep(&pause, NULL);
    }
}

static enum vg_code swizzle(const struct fault_case *the, struct vg_error *error)
{
    static const struct proxy_terms cut = {.cut = true};
    struct partition some = shape_of(the, PARTITION_RANDOM);
    (void)error;
    set_one_by_one(the, &some, &cut);
    return VG_OK;
}

static enum vg_code unswizzle(const struct fault_case *the, struct vg_error *error)
{
    static const struct proxy_terms whole;
    struct partition all = {.nodes = the->stage->cluster->node_count};
    (void)error;
    for (uint32_t from = 0; from < all.nodes; from++)
        all.cut[from] = UINT32_MAX;
    set_one_by_one(the, &all, &whole);
    return VG_OK;
}

/* ---- the kinds ---------------------------------------------------------------------------------
 */

const struct fault faults_of_links[] = {
    {"isolate-leader", FAULTS_LEADER, part, heal, 4, 300, 3000, PARTITION_ISOLATED},
    {"isolate-one", FAULTS_ANY_ONE, part, heal, 2, 100, 2000, PARTITION_ISOLATED},
    {"mute-leader", FAULTS_LEADER, part, heal, 3, 300, 3000, PARTITION_MUTE},
    {"deaf-leader", FAULTS_LEADER, part, heal, 3, 300, 3000, PARTITION_DEAF},
    {"cut-pair", FAULTS_ANY_ONE, part, heal, 3, 300, 3000, PARTITION_PAIR},
    {"halves", FAULTS_ANY_ONE, part, heal, 3, 300, 3000, PARTITION_HALVES},
    {"bridge", FAULTS_ANY_ONE, part, heal, 3, 300, 3000, PARTITION_BRIDGE},
    {"ring", FAULTS_ANY_ONE, part, heal, 2, 300, 3000, PARTITION_RING},
    {"random-links", FAULTS_ANY_ONE, part, heal, 3, 300, 3000, PARTITION_RANDOM},
    {"swizzle", FAULTS_ANY_ONE, swizzle, unswizzle, 2, 100, 1000, 0},
    {"slow-links", FAULTS_ANY_ONE, worsen, heal, 3, 300, 3000, WORSE_SLOW},
    {"narrow-links", FAULTS_ANY_ONE, worsen, heal, 2, 300, 3000, WORSE_NARROW},
    {"stalled-links", FAULTS_LEADER, worsen, heal, 2, 300, 3000, WORSE_STALLED},
    {"flip-bits", FAULTS_ANY_ONE, flip_bits, heal, 2, 50, 300, 0},
    {"break-records", FAULTS_ANY_ONE, break_records, heal, 2, 50, 300, 0},
    {.name = NULL},
};
