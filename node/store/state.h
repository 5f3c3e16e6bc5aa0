/* SPDX-License-Identifier: Apache-2.0
 * The applied state on disk: the second LMDB environment, owned by the apply thread (DESIGN section
 * 5). It lags the log by at most one commit interval; after a crash the log fills the gap. */
#ifndef VIGIL_NODE_STORE_STATE_H
#define VIGIL_NODE_STORE_STATE_H

#include "common/cipher.h"
#include "common/error.h"
#include "common/kv.h"
#include "common/mem.h"

struct store_state;

/* The state keys of this node. */
struct store_state_keys {
    /* False if there is none of this compartment, which is then not cleared here: nothing of it is
     * stored, nor ever written. The zero id is asked for by what control's rows have in words. Who
     * is given a key wipes it. */
    bool (*find)(void *context, const vg_id *compartment, vg_cipher_key *key);
    void *context;
};

/* The last entry that a committed state has taken in. */
struct store_position {
    uint64_t index;
    vg_hash hash; /* of that entry; the cluster id at index 0 */
};

/* Opens or makes the environment and begins the open write transaction. The calling thread must be
 * the one that makes every other call. `keys` is copied, and asked on that thread. `position` is
 * what was committed last: the caller compares it with the log. Refused as store_log_open refuses,
 * and if it is sealed under other keys than these; the remedy is always to remove the folder, since
 * it is rebuilt from the log. */
enum vg_code store_state_open(const char *path, const vg_hash *cluster, vg_node_id node,
                              const struct store_state_keys *keys, struct store_state **out,
                              struct store_position *position, struct vg_error *error);

/* Opens one that is closed, to read it on the calling thread: LMDB's lock of writers is not taken,
 * so that this thread may hold another state's. Refused as store_state_open refuses, and if nothing
 * was ever committed. Nothing may be put to it, nor committed. */
enum vg_code store_state_open_read(const char *path, const vg_hash *cluster, vg_node_id node,
                                   const struct store_state_keys *keys, struct store_state **out,
                                   struct store_position *position, struct vg_error *error);

/* The store as the state machine sees it: reads and writes go to the open transaction. What lies in
 * it is sealed (docs/state.md). A row that does not open, and a put to a compartment without a
 * state key, stop the process. */
struct vg_kv store_state_kv(struct store_state *state);

/* The state key of a compartment was destroyed, or replaced: wipes what is held of it. Its rows are
 * deleted before. */
void store_state_forget_key(struct store_state *state, const vg_id *compartment);

/* Bytes put since the last commit. */
uint64_t store_state_uncommitted(const struct store_state *state);

/* True if the disk has room for what may be put until the next commit. */
bool store_state_room(struct store_state *state);

/* Makes all puts so far durable, with their position, and begins anew. Errors stop the process. */
void store_state_commit(struct store_state *state, const struct store_position *position);

/* Removes pairs whose keys start with `prefix`, about `bytes` of them; false if there was none. */
bool store_state_drop(struct store_state *state, vg_span prefix, uint64_t bytes);

/* Copies pairs whose keys start with `prefix`, as they lie in `from`, about `bytes` of them, and
 * keeps its place in `last`: empty at first. False if there was none after it. */
bool store_state_copy(struct store_state *state, const struct store_state *from, vg_span prefix,
                      struct vg_buffer *last, uint64_t bytes);

/* VG_INTEGRITY: "PATH: WHAT; " and the remedy. */
enum vg_code store_state_refuse(const struct store_state *state, const char *what,
                                struct vg_error *error);

/* Closes; what was not committed is gone and comes again from the log. */
void store_state_close(struct store_state *state);

#endif
