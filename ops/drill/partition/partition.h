/* SPDX-License-Identifier: Apache-2.0
 * The shapes in which a network falls apart, as sets of directed links that are cut
 * (docs/nemesis.md; the shapes are those of Jepsen and of FoundationDB's simulator). Pure: any
 * thread. */
#ifndef VIGIL_OPS_DRILL_PARTITION_PARTITION_H
#define VIGIL_OPS_DRILL_PARTITION_PARTITION_H

#include "common/limits.h"
#include "common/prng.h"

enum partition_shape {
    PARTITION_ISOLATED, /* the victim is cut off, both ways */
    PARTITION_MUTE,     /* nobody hears the victim, which hears all */
    PARTITION_DEAF,     /* the victim hears nobody, and all hear it */
    PARTITION_PAIR,     /* the victim and one other do not hear each other */
    PARTITION_HALVES,   /* two sides, of which the smaller is no quorum */
    PARTITION_BRIDGE,   /* two sides that meet only in the victim */
    PARTITION_RING,   /* each hears its two neighbours alone; all are majorities with five nodes */
    PARTITION_RANDOM, /* each direction of each link by itself, one in three */
    PARTITION_SHAPES,
};

/* Bit `to` of cut[from]: what `from` sends does not reach `to`. */
struct partition {
    uint32_t nodes;
    uint32_t cut[VG_NODES_MAX];
};

/* A partition of that shape among `nodes` (2 to VG_NODES_MAX) nodes, about `victim` (a place). The
 * chance decides sides, partners and random links. */
struct partition partition_make(enum partition_shape shape, uint32_t nodes, uint32_t victim,
                                struct vg_prng *prng);

/* The least number of nodes with which the shape is one of its own. */
uint32_t partition_least_nodes(enum partition_shape shape);

/* "isolated", "ring", ... */
const char *partition_name(enum partition_shape shape);

/* Whether what `from` sends is cut off from `to`. */
bool partition_cuts(const struct partition *partition, uint32_t from, uint32_t to);

#endif
