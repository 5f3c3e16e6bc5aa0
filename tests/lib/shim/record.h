/* SPDX-License-Identifier: Apache-2.0
 * What the shim writes to VIGIL_SHIM_RECORD: one of these a call, the bytes of a write behind it.
 */
#ifndef VIGIL_TESTS_LIB_SHIM_RECORD_H
#define VIGIL_TESTS_LIB_SHIM_RECORD_H

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
