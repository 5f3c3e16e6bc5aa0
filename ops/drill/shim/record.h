/* SPDX-License-Identifier: Apache-2.0
 * What the shim writes to its control folder.
 *
 * `record`: a struct shim_record a call, the bytes of a write behind it.
 */
#ifndef VIGIL_OPS_DRILL_SHIM_RECORD_H
#define VIGIL_OPS_DRILL_SHIM_RECORD_H

#include <stdint.h>

enum shim_call {
    SHIM_WRITE = 1,    /* durable after the next SHIM_SYNC */
    SHIM_WRITE_SYNCED, /* through O_DSYNC: durable when it returns */
    SHIM_SYNC,
    SHIM_GROW, /* the file is allocated up to offset + size; as SHIM_WRITE */
};

struct shim_record {
    uint64_t call; /* enum shim_call */
    uint64_t offset;
    uint64_t size;
};

#endif
