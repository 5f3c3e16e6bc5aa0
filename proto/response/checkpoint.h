/* SPDX-License-Identifier: Apache-2.0
 * Checkpoints of a compartment's state (docs/compartments.md, "Checkpoints"). A mark is a point of
 * the log at which every node that is level keeps what it has there: alike on all of them, as they
 * have applied the same. A checkpoint is the command by which a node says what that was. From the
 * checkpoints of one mark follows which state counts, and each node sees from them and from its own
 * mark whether it is astray. */
#ifndef VIGIL_PROTO_RESPONSE_CHECKPOINT_H
#define VIGIL_PROTO_RESPONSE_CHECKPOINT_H

#include "proto/response/machine.h"

enum {
    RESPONSE_MARKS_MAX = 8,           /* that are kept, beside the latest that has a checkpoint */
    RESPONSE_MARK_COMMANDS = 256,     /* after so many commands there is one more, */
    RESPONSE_MARK_MS = 10 * 60 * 1000 /* or with the first that comes so long after the last */
};

/* What a node has at a mark. Equal in all members but the first two: the same state. */
struct response_mark {
    uint64_t index;             /* of its entry; the state is as of that */
    uint64_t time_ms;           /* log time of that */
    uint64_t accepted, refused; /* commands of the compartment so far, without checkpoints */
    vg_hash hash;               /* of the state */
};

/* What a node says that it has; mark.time_ms is 0. */
struct response_checkpoint {
    struct response_mark mark;
    vg_node_id node;
    uint64_t index; /* of the entry that says so */
    uint64_t time_ms;
};

/* Whether both are of the same state. */
bool response_mark_equal(const struct response_mark *one, const struct response_mark *other);

/* The mark of an index, here; false if none is kept. */
bool response_mark_get(const struct response_machine *machine, const vg_id *compartment,
                       uint64_t index, struct response_mark *out);

/* The next mark after out->index, from a zeroed one on; false at the end. */
bool response_mark_next(const struct response_machine *machine, const vg_id *compartment,
                        struct response_mark *out);

/* The next checkpoint after *out by mark and node, from a zeroed one on; false at the end. */
bool response_checkpoint_next(const struct response_machine *machine, const vg_id *compartment,
                              struct response_checkpoint *out);

/* What the checkpoints of the latest mark that has any say together, and this store of it. Those of
 * nodes that are evicted, or not cleared any more, do not count. */
struct response_accord {
    uint64_t newest; /* the latest mark here; 0: none */
    uint64_t mark;   /* the latest with a checkpoint; 0: none, and the rest is zero */
    /* The state that counts: that of most of its checkpoints; of as many, the one that was said
     * first. The first checkpoint that says so. */
    struct response_checkpoint counts;
    uint32_t agree, differ;   /* checkpoints that are of that state, and of others */
    bool known;               /* this store has the mark: */
    struct response_mark own; /* this */
    bool astray;              /* and it is of another state than the one that counts */
};

/* As of the cursor. A compartment that is not level here has none of it. */
void response_accord_get(const struct response_machine *machine, const vg_id *compartment,
                         struct response_accord *out);

/* Whether a node is among those who say otherwise in that accord. */
bool response_accord_differs(const struct response_machine *machine, const vg_id *compartment,
                             const struct response_accord *accord, vg_node_id node);

/* The mark that this node owes a checkpoint of: false if none. `*at_once`: its own state is not the
 * one that counts, or not what it has said, so that it must speak whatever others do; else it is a
 * mark without any checkpoint yet, for which one node is enough. */
bool response_checkpoint_due(const struct response_machine *machine, const vg_id *compartment,
                             vg_node_id node, struct response_mark *out, bool *at_once);

#endif
