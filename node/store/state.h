/* SPDX-License-Identifier: Apache-2.0
 * The applied state on disk: the second LMDB environment, owned by the apply thread (DESIGN section
 * 5). It lags the log by at most one commit interval; after a crash the log fills the gap. */
#ifndef VIGIL_NODE_STORE_STATE_H
#define VIGIL_NODE_STORE_STATE_H

#include "common/error.h"
#include "common/kv.h"
#include "common/types.h"

struct store_state;

/* Opens or makes the environment and begins the open write transaction. The calling thread must be
 * the one that makes every other call. A state of another cluster or node, or ahead of the log's
 * `log_last`, is VG_INTEGRITY with the remedy (remove it; it is rebuilt from the log). */
enum vg_code store_state_open(const char *path, const vg_hash *cluster, vg_node_id node,
                              struct store_state **out, struct vg_error *error);

/* The store as the state machine sees it: reads and writes go to the open transaction. */
struct vg_kv store_state_kv(struct store_state *state);

/* Makes all puts so far durable and begins anew. Errors stop the process. */
void store_state_commit(struct store_state *state);

/* Commits and closes. */
void store_state_close(struct store_state *state);

#endif
