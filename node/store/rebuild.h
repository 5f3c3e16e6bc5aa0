/* SPDX-License-Identifier: Apache-2.0
 * The state of one compartment made anew from the start of the log, beside the node's own: an
 * applier with an environment of its own that is level for that compartment alone (docs/storage.md,
 * "Clearance"). It is a cache: removable at any time. The apply thread's, which owns it. Private to
 * node/store. */
#ifndef VIGIL_NODE_STORE_REBUILD_H
#define VIGIL_NODE_STORE_REBUILD_H

#include "node/store/applier.h"
#include "node/store/state.h"

struct store_rebuild;

/* Begins, or goes on with what an earlier process has made in `node`->rebuilds; what is damaged
 * there, or of another history, is begun again. `node` is the configuration of the node's applier,
 * and outlives the rebuild. Errors name the folder. */
enum vg_code store_rebuild_open(const struct store_applier_config *node, const vg_id *compartment,
                                struct store_rebuild **out, struct vg_error *error);

/* Ends it where it is; what it has made stays, to be gone on with. NULL is allowed. */
void store_rebuild_close(struct store_rebuild *rebuild);

const vg_id *store_rebuild_compartment(const struct store_rebuild *rebuild);

/* Has it go on towards this index, in small steps, so that it can be closed soon; to be repeated.
 */
void store_rebuild_feed(struct store_rebuild *rebuild, uint64_t index);

/* The last index it has applied. */
uint64_t store_rebuild_cursor(const struct store_rebuild *rebuild);

/* Something in the log is whole again. */
void store_rebuild_mended(struct store_rebuild *rebuild);

/* True if it goes no further, with the reason; damage in the log is waited out, and does not count.
 */
bool store_rebuild_stopped(struct store_rebuild *rebuild, struct vg_error *why);

/* Ends its threads and opens what it has made, to be read on this thread: VG_UNAVAILABLE if that is
 * not as of `index`. Close it in any case. */
enum vg_code store_rebuild_finish(struct store_rebuild *rebuild, uint64_t index,
                                  struct vg_error *error);

/* What a finished one has made. */
const struct store_state *store_rebuild_state(const struct store_rebuild *rebuild);
struct response_machine store_rebuild_machine(const struct store_rebuild *rebuild);

/* Removes what a closed one has left in the folder of rebuilds, for good; nothing there is fine. */
enum vg_code store_rebuild_remove(const char *rebuilds, const vg_id *compartment,
                                  struct vg_error *error);

/* Removes what was left of every compartment that is not to be kept. */
void store_rebuilds_sweep(const char *rebuilds,
                          bool (*keep)(void *context, const vg_id *compartment), void *context);

#endif
