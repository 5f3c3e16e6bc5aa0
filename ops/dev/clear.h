/* SPDX-License-Identifier: Apache-2.0
 * Which compartments a development cluster is to have beside `default`, and for which nodes:
 * "1=acme,bolt,2=acme". */
#ifndef VIGIL_OPS_DEV_CLEAR_H
#define VIGIL_OPS_DEV_CLEAR_H

#include <stdint.h>

#include "common/error.h"
#include "common/limits.h"

enum { DEV_CLEAR_MAX = 16 };

struct dev_clear {
    struct dev_cleared {
        char name[VG_NAME_MAX + 1];
        uint64_t nodes[VG_NODES_MAX]; /* each once, in the order they were named */
        uint32_t node_count;
    } all[DEV_CLEAR_MAX];
    uint32_t count;
};

/* Adds what the text says, of a cluster of so many nodes; what was said before stays. VG_USAGE
 * names what is wrong. */
enum vg_code dev_clear_parse(const char *text, uint32_t nodes, struct dev_clear *out,
                             struct vg_error *error);

#endif
