/* SPDX-License-Identifier: Apache-2.0
 * What is to happen to the links of a cluster, and when: the script of docs/proxy.md, decoded and
 * checked. Nothing here does anything to a link. */
#ifndef VIGIL_OPS_DRILL_PROXY_SCRIPT_H
#define VIGIL_OPS_DRILL_PROXY_SCRIPT_H

#include "ops/drill/proxy/regions.h"

enum {
    SCRIPT_BYTES_MAX = 256 * 1024,
    SCRIPT_STEPS_MAX = 256,
    SCRIPT_NAME_MAX = 63,
    SCRIPT_MS_MAX = 24 * 3600 * 1000, /* of the whole */
    SCRIPT_DELAY_MAX_MS = 60000,
    SCRIPT_RATE_MAX = 1000 * 1000 * 1000, /* bytes a second */
};

enum script_deed {
    SCRIPT_CUT,
    SCRIPT_DELAY,
    SCRIPT_THROTTLE,
    SCRIPT_STALL,
    SCRIPT_FLIP,
    SCRIPT_BREAK,
    SCRIPT_DEEDS, /* how many there are */
};

struct script_step {
    char name[SCRIPT_NAME_MAX + 1];
    enum script_deed deed;
    uint64_t from, to; /* ids of nodes; 0: every one */
    bool both_ways;
    uint64_t begin_ms, end_ms; /* since the start; equal where it is done at once */
    struct proxy_terms terms;  /* of its links in between */
};

struct script {
    uint64_t seed;
    struct proxy_regions regions;
    uint32_t count;
    struct script_step steps[SCRIPT_STEPS_MAX];
};

/* Reads a script from JSON. VG_INVALID names the place and what is wrong there; `name` is what the
 * error calls the whole. Any thread. */
enum vg_code script_parse(const char *name, vg_span bytes, struct script *out,
                          struct vg_error *error);

/* Whether a cluster has the nodes, and the map its regions. VG_INVALID as script_parse. */
enum vg_code script_check(const char *name, const struct script *script,
                          const struct dev_cluster *cluster, struct vg_error *error);

/* The word of a deed ("cut"). */
const char *script_deed_name(enum script_deed deed);

#endif
