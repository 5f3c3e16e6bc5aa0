/* SPDX-License-Identifier: Apache-2.0
 * How far regions are from each other, as delays of the links between their nodes. */
#ifndef VIGIL_OPS_DRILL_PROXY_REGIONS_H
#define VIGIL_OPS_DRILL_PROXY_REGIONS_H

#include "ops/drill/proxy/proxy.h"

enum { PROXY_PAIRS_MAX = VG_NODES_MAX * (VG_NODES_MAX - 1) / 2, PROXY_RTT_MAX_MS = 10000 };

/* A round trip between two regions, either way. */
struct proxy_pair {
    char one[VG_NAME_MAX + 1];
    char other[VG_NAME_MAX + 1];
    uint32_t rtt_ms;
};

struct proxy_regions {
    uint32_t count; /* 0: all are one place */
    struct proxy_pair pairs[PROXY_PAIRS_MAX];
};

/* apac, emea and amer, as between data centres of the large providers: Singapore, Frankfurt and
 * Virginia. */
extern const struct proxy_regions proxy_regions_default;

/* The row of two regions in either order, or NULL. */
const struct proxy_pair *proxy_regions_find(const struct proxy_regions *regions, const char *one,
                                            const char *other);

/* Half of each round trip on each of its two links, nothing within a region. VG_INVALID names two
 * nodes whose regions have no row, and leaves *out as it was. */
enum vg_code proxy_regions_map(const struct proxy_regions *regions,
                               const struct dev_cluster *cluster, struct proxy_mesh *out,
                               struct vg_error *error);

#endif
