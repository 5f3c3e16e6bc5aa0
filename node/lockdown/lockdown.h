/* SPDX-License-Identifier: Apache-2.0
 * What vigild gives away at its start, for good (docs/security.md, "The process"). */
#ifndef VIGIL_NODE_LOCKDOWN_LOCKDOWN_H
#define VIGIL_NODE_LOCKDOWN_LOCKDOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* symbol, name as people read it; in the order in which they are taken on */
#define LOCKDOWN_PARTS(X)                                                                          \
    X(CORE, core)     /* no core, no tracing, no new privileges */                                 \
    X(MEMORY, memory) /* memory may be locked */                                                   \
    X(SWAP, swap)     /* memory is not swapped */                                                  \
    X(USER, user)     /* not root */                                                               \
    X(FILES, files)   /* Landlock */                                                               \
    X(CALLS, calls)   /* seccomp */

enum lockdown_part {
#define X(symbol, name) LOCKDOWN_##symbol,
    LOCKDOWN_PARTS(X)
#undef X
        LOCKDOWN_PART_COUNT
};

enum lockdown_use {
    LOCKDOWN_READ,   /* a file, or all below a folder */
    LOCKDOWN_WRITE,  /* and changes there */
    LOCKDOWN_LISTEN, /* makes and removes its sockets in the folder */
};

/* A place of the file system that the process goes on using. One that cannot be opened is left
 * out: whoever uses it later says what is wrong with it. */
struct lockdown_place {
    const char *path;
    enum lockdown_use use;
};

struct lockdown_plan {
    const struct lockdown_place *places;
    size_t place_count;
    uint32_t required; /* 1 << enum lockdown_part, of each without which the process is not to go on
                        */
};

/* Takes every part on, once, for the whole process: before its first thread and before it has a
 * secret. Logs `locked-down`, and a `not-locked-down` for each part that cannot be had.
 * VG_UNAVAILABLE when `core` or a required part is not to be had, with reason and remedy. */
enum vg_code lockdown(const struct lockdown_plan *plan, struct vg_error *error);

/* Whether this process has a part; false before lockdown(). Any thread. */
bool lockdown_holds(enum lockdown_part part);

/* "core", "memory", ... */
const char *lockdown_part_name(enum lockdown_part part);

#endif
