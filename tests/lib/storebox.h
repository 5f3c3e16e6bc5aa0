/* SPDX-License-Identifier: Apache-2.0
 * A log on disk with somebody to write to it: numbers the writes and counts what became durable.
 * One thread submits. */
#ifndef VIGIL_TESTS_LIB_STOREBOX_H
#define VIGIL_TESTS_LIB_STOREBOX_H

#include <stdatomic.h>

#include "node/store/log.h"
#include "tests/lib/chain.h"
#include "tests/lib/scratch.h"

struct storebox {
    char path[SCRATCH_PATH + 8]; /* of the log */
    struct store_log *log;
    struct store_recovery found;
    uint64_t submitted;
    _Atomic uint64_t written;  /* the last id that was reported */
    _Atomic bool disordered;   /* ids came out of order */
    void (*hook)(uint64_t id); /* if not NULL: for each id, before the writer does anything else */
    uint64_t repairs;          /* submitted */
    _Atomic uint64_t mended;   /* reported: entries whole again, */
    _Atomic uint64_t dropped;  /* and those that had no place */
    _Atomic uint64_t remembered; /* `met` of the last peer that was reported */
};

/* A box over the folder "log" of `folder`, not yet open. */
void storebox_init(struct storebox *box, const char *folder);

/* Opens as node 1 of the chain's cluster, with 1 GiB of quota and no reserve; storebox_open ends
 * the program on failure. */
enum vg_code storebox_try(struct storebox *box, const vg_hash *cluster, vg_node_id node,
                          struct vg_error *error);
void storebox_open(struct storebox *box, const struct chain *chain);
void storebox_close(struct storebox *box);

/* One write each; references move to the log. */
void storebox_append(struct storebox *box, struct vg_blob *entry);
void storebox_write(struct storebox *box, const struct store_write *write);
void storebox_vote(struct storebox *box, uint64_t term, uint64_t node);

/* Gives the log an entry to repair with; takes over the reference. */
void storebox_repair(struct storebox *box, struct vg_blob *entry);

/* Makes the body of an entry another one's behind the log's back, which is closed. */
void storebox_damage(const struct storebox *box, uint64_t index);

/* Waits until all submitted writes and repairs are reported. */
void storebox_settle(struct storebox *box);

/* Opens, appends `count` fillers of `units` units to chain and log, closes. */
void storebox_fill(struct storebox *box, struct chain *chain, uint32_t count, uint32_t units);

#endif
