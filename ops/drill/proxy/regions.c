/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/proxy/regions.h"

enum { ONE_WAY_US_PER_RTT_MS = 500 };

const struct proxy_regions proxy_regions_default = {
    .count = 3,
    .pairs = {{"apac", "emea", 150}, {"emea", "amer", 90}, {"apac", "amer", 210}},
};

const struct proxy_pair *proxy_regions_find(const struct proxy_regions *regions, const char *one,
                                            const char *other)
{
    for (uint32_t i = 0; i < regions->count; i++) {
        const struct proxy_pair *pair = &regions->pairs[i];
        if ((strcmp(pair->one, one) == 0 && strcmp(pair->other, other) == 0) ||
            (strcmp(pair->one, other) == 0 && strcmp(pair->other, one) == 0))
            return pair;
    }
    return NULL;
}

static enum vg_code map_link(const struct proxy_regions *regions, const struct dev_node *from,
                             const struct dev_node *to, struct proxy_terms *out,
                             struct vg_error *error)
{
    *out = (struct proxy_terms){0};
    if (regions->count == 0 || strcmp(from->region, to->region) == 0)
        return VG_OK;
    const struct proxy_pair *pair = proxy_regions_find(regions, from->region, to->region);
    if (pair == NULL)
        return vg_fail(error, VG_INVALID,
                       "regions: no round trip between '%s' of node %llu and '%s' of node %llu",
                       from->region, (unsigned long long)from->id, to->region,
                       (unsigned long long)to->id);
    out->delay_us = (uint64_t)pair->rtt_ms * ONE_WAY_US_PER_RTT_MS;
    return VG_OK;
}

enum vg_code proxy_regions_map(const struct proxy_regions *regions,
                               const struct dev_cluster *cluster, struct proxy_mesh *out,
                               struct vg_error *error)
{
    struct proxy_mesh mesh = {0};
    enum vg_code code = VG_OK;
    for (uint32_t from = 0; from < cluster->node_count; from++)
        for (uint32_t to = 0; code == VG_OK && to < cluster->node_count; to++)
            code = map_link(regions, &cluster->nodes[from], &cluster->nodes[to],
                            &mesh.links[from][to], error);
    if (code == VG_OK)
        *out = mesh;
    return code;
}
