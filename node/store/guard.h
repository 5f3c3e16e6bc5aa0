/* SPDX-License-Identifier: Apache-2.0
 * LMDB reads its file through a map: a page that cannot be had is a fault and no error. Within a
 * guarded map a fault ends the process as store_env_fatal does, with a sentence and exit code 70;
 * any other fault ends it as ever (docs/storage.md). Private to node/store. */
#ifndef VIGIL_NODE_STORE_GUARD_H
#define VIGIL_NODE_STORE_GUARD_H

#include <stdint.h>

enum {
    STORE_EXIT_FAILED = 70, /* exit code of a store that cannot go on: EX_SOFTWARE */
    STORE_GUARD_LINE = 1024,
};

/* Why a fault was one. */
enum store_fault { STORE_FAULT_BEYOND, STORE_FAULT_UNREADABLE, STORE_FAULT_WRITTEN };

struct store_guard {
    uintptr_t begin; /* of the map; 0: not armed */
    uintptr_t end;
    int file;
    char lines[STORE_FAULT_WRITTEN + 1][STORE_GUARD_LINE]; /* what is said of each */
};

/* Guards the map of the open file `file`; texts as in struct store_env, copied. The guard stays
 * where it is until it is disarmed. A map that cannot be found (no /proc) is warned of and stays
 * without a guard. Any thread. */
void store_guard_arm(struct store_guard *guard, int file, const char *name, const char *path,
                     const char *remedy);

/* Before the map goes; also of a guard that was never armed. */
void store_guard_disarm(struct store_guard *guard);

#endif
