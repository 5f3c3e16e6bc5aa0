/* SPDX-License-Identifier: Apache-2.0
 * What the shim writes to its control folder.
 *
 * `record`: a struct shim_record a call that has returned, in an order in which what one caused
 * comes after it. The last may be cut short, when the process was killed.
 *
 * `undo-INODE`, one for each file with writes that no sync has made durable: the file's path in
 * SHIM_UNDO_PATH bytes, then a struct shim_undo a piece written, oldest first. The last may be cut
 * short, when the process was killed: then what it was to undo never happened. */
#ifndef VIGIL_OPS_DRILL_SHIM_RECORD_H
#define VIGIL_OPS_DRILL_SHIM_RECORD_H

#include <stdint.h>

enum shim_call {
    SHIM_OPEN = 1,     /* a path and a zero; new if nothing had that name; offset 1: a folder */
    SHIM_WRITE,        /* durable after the next SHIM_SYNC of the file */
    SHIM_WRITE_SYNCED, /* through O_DSYNC: durable when it returns */
    SHIM_GROW,         /* the file is allocated up to offset; as SHIM_WRITE */
    SHIM_SYNC,         /* of a folder: what has which name in it */
    SHIM_RENAME,       /* two such paths; as SHIM_WRITE of the folder of both */
    SHIM_MARK,         /* the program's own, appended by it */
};

struct shim_record {
    uint64_t call; /* enum shim_call */
    uint64_t file; /* its inode */
    uint64_t offset;
    uint64_t size; /* of the bytes behind this */
};

#define SHIM_UNDO_PREFIX "undo-"
enum { SHIM_UNDO_PATH = 4096, SHIM_UNDO_PIECE = 4096 };

struct shim_undo {
    uint64_t offset;
    uint64_t size;                   /* of the piece; 0: the file only grew */
    uint64_t file_size;              /* before */
    uint8_t before[SHIM_UNDO_PIECE]; /* zeros beyond the file's end */
};

#endif
