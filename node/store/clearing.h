/* SPDX-License-Identifier: Apache-2.0
 * Carries out what the log says of this node's clearance: notes how it stands to each compartment,
 * rebuilds what it was cleared for, removes what it is cleared for no longer, in slices between
 * entries (docs/storage.md, "Clearance"). Every step can be the last before a crash: what is left
 * to do is seen from what is there. The apply thread's. Private to node/store. */
#ifndef VIGIL_NODE_STORE_CLEARING_H
#define VIGIL_NODE_STORE_CLEARING_H

#include "node/store/rebuild.h"

/* When there is something to be done next. */
enum store_pace { STORE_PACE_IDLE, STORE_PACE_SOON, STORE_PACE_NOW };

struct store_clearing {
    /* What it is given. */
    const struct store_applier_config *config;
    struct response_machine *machine;
    struct store_state *state;
    const struct store_position *applied;
    struct store_clearances *table;
    /* Commits the state as of `applied`; false if that cannot be now. */
    bool (*commit)(void *context);
    void *context;
    /* Its own. */
    bool dirty;                    /* something was done since the last commit */
    uint32_t open;                 /* compartments that are to be rebuilt or removed */
    struct store_rebuild *rebuild; /* of one at a time; NULL: none */
    enum {
        STORE_REBUILD_RUNS,
        STORE_REBUILD_NEARS,
        STORE_REBUILD_DROPS,
        STORE_REBUILD_COPIES,
        STORE_REBUILD_DONE
    } phase;
    struct vg_buffer last; /* key that was copied */
    uint64_t near_until_us;
    uint64_t stood_at; /* by the rebuild's cursor, while it was waited for in vain */
    uint64_t look_ms;  /* log time at which offers are looked at again */
};

/* Once the state is open: compares the notes with the log and the keys, and removes what rebuilds
 * have left. */
void store_clearing_open(struct store_clearing *clearing);
void store_clearing_close(struct store_clearing *clearing);

/* The entry of `index`, just applied, has told of a compartment. */
void store_clearing_heed(struct store_clearing *clearing, const vg_id *compartment, uint64_t index);

/* An entry cannot be opened for want of its key, for this reason: its compartment stops. */
void store_clearing_stop(struct store_clearing *clearing, const vg_id *compartment,
                         const struct vg_error *why);

/* What to do where a compartment's key is not to be had, for this reason: a wrap that does not open
 * (VG_INTEGRITY), or to another key, is whose who made the epoch; else the key is not here. Static.
 */
const char *store_clearing_remedy(bool directory, enum vg_code why);

/* An entry was just applied. Where it has made a mark, or given a checkpoint, of a compartment, or
 * has changed whose word counts: whether this node's state is the one that counts, and what it
 * owes. */
void store_clearing_check(struct store_clearing *clearing, const struct response_outcome *outcome);

/* The control command just applied was refused: an unwrap key that its record, or a proposed one,
 * wraps for and this node is not cleared with, is removed. */
void store_clearing_refused(struct store_clearing *clearing, vg_span command);

/* Log time has come that far, ms since 1970: removes unwrap keys that were offered for proposals
 * which were rejected or have expired, and those that nothing has used for long. Looks once a
 * minute, or `at_once`. */
void store_clearing_look(struct store_clearing *clearing, uint64_t time_ms, bool at_once);

/* Does a little of what is to be done. */
enum store_pace store_clearing_step(struct store_clearing *clearing);

/* True while nothing may be applied: a rebuild is to come to the same index and be taken over. */
bool store_clearing_pauses(const struct store_clearing *clearing);

#endif
