/* SPDX-License-Identifier: Apache-2.0
 * What both environments share (docs/storage.md): a locked folder, an LMDB environment in default
 * (fully synchronous) mode that is refused when damaged, space allocated ahead, and the one way to
 * stop the process. Private to node/store. */
#ifndef VIGIL_NODE_STORE_ENV_H
#define VIGIL_NODE_STORE_ENV_H

#include <lmdb.h>

#include "common/error.h"
#include "common/types.h"
#include "node/store/guard.h"

enum {
    STORE_HEADROOM_BYTES = 16 << 20,      /* kept allocated beyond what is used */
    STORE_TRANSACTION_OVERHEAD = 2 << 20, /* pages of the trees that one transaction may copy */
    STORE_READERS_MAX = 64,               /* read transactions at a time */
};

struct store_env_config {
    const char *path;
    const char *name;   /* "log", "state": as messages call it */
    const char *remedy; /* what to do when it is damaged; static */
    const char *marker; /* text of the file `format` that an initialised folder has; NULL: none */
    unsigned databases; /* named ones */
    /* Tables by ascending number of which a start checks the end alone; NULL-terminated; NULL: none
     */
    const char *const *long_tables;
};

struct store_env {
    MDB_env *mdb;
    char *path;
    const char *name;
    const char *remedy;
    const char *marker;
    const char *const *long_tables;
    struct store_guard guard;
    int folder; /* open and locked */
    size_t page_size;
    uint64_t allocated; /* bytes of data.mdb known to be allocated; the write thread's */
    bool marked;        /* an earlier start has initialised this folder */
};

/* Locks the folder (made if missing) and opens the environment. `env` stays where it is until
 * store_env_close; a failed open needs no close. VG_UNAVAILABLE or VG_INTEGRITY, with the remedy.
 */
enum vg_code store_env_open(struct store_env *env, const struct store_env_config *config,
                            struct vg_error *error);
void store_env_close(struct store_env *env);

/* Writes the marker: from now on an empty folder is a loss, not a new store. */
enum vg_code store_env_mark(struct store_env *env, struct vg_error *error);

/* VG_INTEGRITY: "PATH: WHAT; REMEDY". */
enum vg_code store_env_damaged(const struct store_env *env, struct vg_error *error,
                               const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Logs the same sentence, for what is met while running, and ends the process with
 * STORE_EXIT_FAILED. */
_Noreturn void store_env_end(const struct store_env *env, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Logs `doing` and the LMDB or system error `rc` with its remedy, and ends the process with
 * STORE_EXIT_FAILED. */
_Noreturn void store_env_fatal(const struct store_env *env, int rc, const char *doing);

/* store_env_fatal unless rc is 0. */
static inline void store_env_must(const struct store_env *env, int rc, const char *doing)
{
    if (rc != MDB_SUCCESS)
        store_env_fatal(env, rc, doing);
}

/* Begins a transaction; `flags` as LMDB's. Stops the process when it cannot. */
MDB_txn *store_env_begin(const struct store_env *env, unsigned flags);

/* Bytes of the file that pages occupy. */
uint64_t store_env_used(const struct store_env *env);

/* Has `bytes` beyond what is used allocated on disk; false when the disk is full. Write thread. */
bool store_env_reserve(struct store_env *env, uint64_t bytes);

/* Free bytes of the file system for this user. Any thread. */
uint64_t store_env_disk_free(const struct store_env *env);

#endif
