/* SPDX-License-Identifier: Apache-2.0
 * The apply thread: takes committed entries in order, has their signatures verified on a worker
 * pool, runs the state machine, commits the state every 50 to 100 ms or 4096 entries, and answers
 * queries from the open transaction. */
#ifndef VIGIL_NODE_STORE_APPLIER_H
#define VIGIL_NODE_STORE_APPLIER_H

#include "node/store/log.h"
#include "proto/response/machine.h"

struct store_applier;

struct store_applier_config {
    const char *path;
    vg_node_id node;
    const struct ledger_genesis *genesis; /* outlives the applier */
    vg_hash cluster;
    struct store_log *log; /* outlives the applier */
    /* On the apply thread, after the entry of `index` has been applied; `outcome` is NULL when it
     * has none. */
    void (*applied)(void *context, uint64_t index, const struct response_outcome *outcome);
    /* On the apply thread, once: the cursor stopped for good, with the reason and the remedy
     * (a damaged body, a rules version this node does not know). */
    void (*stopped)(void *context, uint64_t index, const struct vg_error *error);
    void *context;
};

enum vg_code store_applier_open(const struct store_applier_config *config,
                                struct store_applier **out, struct vg_error *error);

/* Entries up to `index` are committed. `entry` is the one of `index` if the caller still holds it
 * in memory (a reference is taken), else NULL and it is read from the log. Any thread; indices
 * ascend. */
void store_applier_commit(struct store_applier *applier, uint64_t index, struct vg_blob *entry);

/* Runs `query` on the apply thread once `at_least` is applied; `machine` is for reading only.
 * `cancelled` instead when the applier closes or its cursor has stopped before. Any thread. */
void store_applier_query(struct store_applier *applier, uint64_t at_least,
                         void (*query)(void *context, struct response_machine *machine),
                         void (*cancelled)(void *context, const struct vg_error *why),
                         void *context);

/* Last applied index. Any thread. */
uint64_t store_applier_cursor(struct store_applier *applier);

/* Applies what is queued, commits, stops. */
void store_applier_close(struct store_applier *applier);

#endif
