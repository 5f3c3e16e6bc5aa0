/* SPDX-License-Identifier: Apache-2.0
 * The applied state on disk: the second LMDB environment, owned by the apply thread (DESIGN section
 * 5). It lags the log by at most one commit interval; after a crash the log fills the gap. */
#ifndef VIGIL_NODE_STORE_STATE_H
#define VIGIL_NODE_STORE_STATE_H

#include "common/error.h"
#include "common/kv.h"
#include "common/types.h"

struct store_state;

/* The last entry that a committed state has taken in. */
struct store_position {
    uint64_t index;
    vg_hash hash; /* of that entry; the cluster id at index 0 */
};

/* Opens or makes the environment and begins the open write transaction. The calling thread must be
 * the one that makes every other call. `position` is what was committed last: the caller compares
 * it with the log. Refused as store_log_open refuses; the remedy is always to remove the folder,
 * since it is rebuilt from the log. */
enum vg_code store_state_open(const char *path, const vg_hash *cluster, vg_node_id node,
                              struct store_state **out, struct store_position *position,
                              struct vg_error *error);

/* The store as the state machine sees it: reads and writes go to the open transaction. */
struct vg_kv store_state_kv(struct store_state *state);

/* Bytes put since the last commit. */
uint64_t store_state_uncommitted(const struct store_state *state);

/* True if the disk has room for what may be put until the next commit. */
bool store_state_room(struct store_state *state);

/* Makes all puts so far durable, with their position, and begins anew. Errors stop the process. */
void store_state_commit(struct store_state *state, const struct store_position *position);

/* VG_INTEGRITY: "PATH: WHAT; " and the remedy. */
enum vg_code store_state_refuse(const struct store_state *state, const char *what,
                                struct vg_error *error);

/* Closes; what was not committed is gone and comes again from the log. */
void store_state_close(struct store_state *state);

#endif
