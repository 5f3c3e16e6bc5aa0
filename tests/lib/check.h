/* SPDX-License-Identifier: Apache-2.0
 * The god view: an independent checker of the invariants I.. of docs/testing.md.
 *
 * It is fed observations of a cluster (starts, steps, durable writes, released messages, applies,
 * crashes) and keeps its own books: each node's log in memory, its platter, every grant and
 * acknowledgement sent, who led each term with what log, what is committed. It shares no code with
 * the core and sees of it only raft_status() and its outputs. The first violation is kept; later
 * observations are then ignored. Memory grows as needed; one thread at a time. Callers:
 * raft-scn, vigil-sim and unit tests.
 *
 * Order of calls for one step of a node:
 *   raft_status(before); raft_step(); raft_status(after); check_step();
 *   then carry the outputs out, calling check_sent() for each message that leaves and
 *   check_written() for each write at the moment it is on the platter (before RAFT_WRITTEN). */
#ifndef VIGIL_TESTS_LIB_CHECK_H
#define VIGIL_TESTS_LIB_CHECK_H

#include "proto/raft/raft.h"

struct check;

struct check_violation {
    const char *invariant; /* "I7" */
    uint64_t node;         /* 0: the cluster */
    uint64_t index;        /* 0: none */
    uint64_t term;
    char text[256]; /* what was seen */
};

/* The voters, and the limit that I27 checks. */
struct check_config {
    vg_node_id voters[VG_NODES_MAX];
    uint32_t voter_count;
    uint32_t uncommitted_bytes_max; /* as in raft_config; 0: not checked */
};

/* A new view of a cluster whose nodes are all down and empty; the caller frees it. */
struct check *check_new(const struct check_config *config);
void check_free(struct check *check);

/* The first violation, borrowed; NULL while all holds. */
const struct check_violation *check_violation(const struct check *check);

/* "I7 node 2 index 5 term 3: committed 5 but durable only to 4"; out is always ended. */
void check_violation_format(const struct check_violation *violation, char *out, size_t size);

/* I38: a hash of every observation so far; equal runs have equal hashes. */
uint64_t check_trace_hash(const struct check *check);

/* ---- the node's disk --------------------------------------------------------------------------
 */

struct check_entry {
    uint64_t index;
    uint64_t term;
    uint64_t hash; /* of the entry and, by chaining, of all before it */
};

struct check_write {
    bool hard_state;
    uint64_t term; /* with hard_state */
    vg_node_id voted_for;
    uint64_t truncate_from; /* 0: none */
    const struct check_entry *entries;
    uint32_t count;
};

/* A write is on the node's platter now. Also used before the first start for a preloaded log.
 * I4, I8, I14. */
void check_written(struct check *check, vg_node_id node, const struct check_write *write);

/* Declared loss of media (a disk rolled back or damaged): the platter now ends at `last` with this
 * hard state. Only for nodes that are down; what the node said before is no longer held against
 * the leader's match (I13) or its vote memory (I2, I14). */
void check_media_lost(struct check *check, vg_node_id node, uint64_t term, vg_node_id voted_for,
                      uint64_t last);

/* ---- the node's life --------------------------------------------------------------------------
 */

/* A core was started from its platter: `status` right after raft_init; `applied` is the durable
 * cursor of its state machine, 0 if that is rebuilt from nothing. I14, I15, I37. */
void check_started(struct check *check, vg_node_id node, const struct raft_status *status,
                   uint64_t applied);

/* The node lost its memory; reads it had open end as unknown. */
void check_crashed(struct check *check, vg_node_id node);

struct check_step {
    vg_node_id node;
    const struct raft_event *event;
    const struct raft_status *before;
    const struct raft_status *after;
    uint64_t deadline_before_us; /* raft_deadline_us() */
    uint64_t deadline_after_us;
    const struct raft_outputs *outputs;
};

/* One raft_step() was taken. I1, I3, I5, I7 to I10, I14, I15, I21, I27, I28 (reads), I35, I43. */
void check_step(struct check *check, const struct check_step *step);

/* A message really left: after its write was durable, before any network fault.
 * I2, I11, I12, I13, I14. */
void check_sent(struct check *check, const struct raft_msg *msg);

/* Two runs of the same step on clones of one state must end in equal hashes (I44). */
void check_pure(struct check *check, vg_node_id node, uint64_t hash, uint64_t hash_again);

/* A message was taken twice in a row on a clone: what the core says of itself after the first and
 * after the second time (I36). */
void check_repeated(struct check *check, vg_node_id node, const struct raft_msg *msg,
                    const struct raft_status *first, const struct raft_status *second);

/* ---- the state machine and its clients ----------------------------------------------------------
 * A proposal has a key that its retries share; 0 is no key. */

struct check_apply {
    uint64_t index;
    uint64_t hash;    /* as in check_entry */
    uint64_t key;     /* 0: a noop */
    uint64_t outcome; /* hash of the state machine's answer */
    bool duplicate;   /* the state machine saw the key before and repeated its answer */
    bool unread;      /* passed by: this node cannot read it, so key and outcome are not known */
};

/* The node applied an entry. I6, I15, I23, I25, I26. */
void check_applied(struct check *check, vg_node_id node, const struct check_apply *apply);

/* A client asks; again with the same key for a retry. Call before RAFT_PROPOSE. */
void check_proposed(struct check *check, uint64_t key);

/* The client was told success at `index`, a certain refusal, or that the outcome is unknown.
 * I23, I24, I26, I28. A retry reopens the key; a refusal is certain only if no earlier try is
 * unknown. */
void check_acked(struct check *check, uint64_t key, uint64_t index, uint64_t outcome);
void check_refused(struct check *check, uint64_t key);
void check_unknown(struct check *check, uint64_t key);

/* ---- the network ------------------------------------------------------------------------------
 */

/* From now on these nodes exchange messages with nobody else, nor are any under way. If they are a
 * minority, nothing they append from here on may be committed by them (I43), until
 * check_rejoined(). Groups may be several. */
void check_isolated(struct check *check, const vg_node_id *nodes, uint32_t count);
void check_rejoined(struct check *check);

/* ---- the end ----------------------------------------------------------------------------------
 */

/* I40, after a heal and enough time: `live` are the running nodes' statuses, `ids` their names.
 * One leader, known to all; one term, at most `term_max`; one log, all of it committed. */
void check_converged(struct check *check, const vg_node_id *ids, const struct raft_status *live,
                     uint32_t count, uint64_t term_max);

/* I41, after enough time: links[a][b] is "a's messages reach b", in the order of `ids`. If a node
 * has links both ways with a quorum, a leader exists that has such links. */
void check_served(struct check *check, const vg_node_id *ids, const struct raft_status *live,
                  bool links[VG_NODES_MAX][VG_NODES_MAX], uint32_t count);

/* I24 and I28: every key ended, every acked one is in the log, every read ended. */
void check_finished(struct check *check);

/* The highest index any node has reported committed, and the entry there (index 0 if none). */
uint64_t check_committed(const struct check *check);
struct check_entry check_committed_entry(const struct check *check, uint64_t index);

/* What the node's platter holds at `index`; false if nothing. */
bool check_platter(const struct check *check, vg_node_id node, uint64_t index,
                   struct check_entry *out);

#endif
