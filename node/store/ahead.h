/* SPDX-License-Identifier: Apache-2.0
 * Where the cursor has stopped for want of a data key: the committed log behind it is looked
 * through for records that may lead to the key (proto/compartment/ahead.h). Each entry is read
 * once. The apply thread's. Private to node/store. */
#ifndef VIGIL_NODE_STORE_AHEAD_H
#define VIGIL_NODE_STORE_AHEAD_H

#include "node/store/applier.h"
#include "proto/compartment/ahead.h"

struct store_ahead {
    struct compartment_ahead records;
    uint64_t stopped; /* the last index that is applied */
    uint64_t read;    /* up to here */
};

/* The next entry to be applied wants the key of this epoch, in force there. Free with free(). */
struct store_ahead *store_ahead_new(const struct compartment_epoch *wanted, const vg_hash *place,
                                    const vg_hash *cluster, uint64_t applied);

/* From the start again: what was damaged is whole. */
void store_ahead_again(struct store_ahead *ahead);

/* Reads on, some entries at a time, up to index `last`, which the log has durable; what is damaged
 * is passed by, and wanted. True once a record has led to the key, which is at hand then. */
bool store_ahead_look(struct store_ahead *ahead, const struct store_applier_config *config,
                      uint64_t last);

#endif
