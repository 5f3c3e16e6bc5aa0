/* SPDX-License-Identifier: Apache-2.0
 * The log on disk: one LMDB environment, one writer thread, group commit (docs/storage.md, DESIGN
 * section 5). Any write or sync error ends the process with exit code 70: nothing is retried over a
 * failed sync. At most 64 threads read at a time. */
#ifndef VIGIL_NODE_STORE_LOG_H
#define VIGIL_NODE_STORE_LOG_H

#include "common/error.h"
#include "common/mem.h"
#include "proto/ledger/entry.h"
#include "proto/raft/raft.h"

struct store_log;

/* What this node and a peer know of having met (proto/wire/memory.h). */
struct store_peer {
    vg_node_id node;
    uint64_t met;      /* how often this node has met it: what it may be shown */
    uint64_t shown;    /* of it: the highest count it has shown, */
    uint64_t term;     /* the highest term it has spoken in, */
    vg_id incarnation; /* and its folder */
};

struct store_log_config {
    const char *path; /* a folder; made if missing (mode 0700) */
    vg_hash cluster;
    vg_node_id node;
    uint64_t quota_bytes;   /* entries are refused beyond it */
    uint64_t reserve_bytes; /* free disk kept for votes; new commands are refused below it */
    /* Called on the writer thread after each durable transaction, for each write in order. */
    void (*written)(void *context, uint64_t write_id);
    /* The same, for each store_log_repair: true if the log now holds the entry whole; false if it
     * has no place for it any more (truncated meanwhile). */
    void (*repaired)(void *context, uint64_t index, bool whole);
    /* The same, for each store_log_remember. */
    void (*remembered)(void *context, const struct store_peer *peer);
    void *context;
};

/* What recovery found. Owned by the caller; free with store_recovery_free. */
struct store_recovery {
    raft_term term;
    vg_node_id voted_for;
    vg_id incarnation; /* random, made once for this folder */
    uint64_t last;
    vg_hash last_hash; /* the cluster id for an empty log */
    struct raft_entry *tail;
    uint32_t tail_count;
    struct raft_run *runs;
    uint32_t run_count;
    struct store_peer peers[VG_NODES_MAX];
    uint32_t peer_count;
};

/* Opens or makes the log, checks it, starts the writer. Refused, with the remedy named: a store of
 * another cluster or node, of a newer format, truncated, with damaged hard state or structure
 * (VG_INTEGRITY); a folder that is missing and cannot be made, read-only, or held by another
 * process (VG_UNAVAILABLE). */
enum vg_code store_log_open(const struct store_log_config *config, struct store_log **out,
                            struct store_recovery *recovery, struct vg_error *error);
void store_recovery_free(struct store_recovery *recovery);

/* Finishes queued writes, stops the writer, closes. */
void store_log_close(struct store_log *log);

/* One durable step, as RAFT_OUT_WRITE asks for it. */
struct store_write {
    uint64_t id;
    bool hard_state;
    raft_term term;
    vg_node_id voted_for;
    uint64_t truncate_from; /* 0: none */
    uint32_t count;
    struct vg_blob **entries; /* `count` references and the array, moved to the log */
};

/* Queues a write; never blocks on the disk. Any thread; writes become durable in this order. */
void store_log_submit(struct store_log *log, const struct store_write *write);

/* An entry from disk, verified by its hash: VG_OK with a new reference; VG_NOT_FOUND if the log
 * does not have it; VG_INTEGRITY if it is there and damaged. Any thread but NNG's. */
enum vg_code store_log_read(struct store_log *log, uint64_t index, struct vg_blob **out,
                            struct vg_error *error);

/* Queues what is known of a peer, in place of what was. Any thread; they become durable in this
 * order. */
void store_log_remember(struct store_log *log, const struct store_peer *peer);

/* The hash that the entry of `index` must have: its own metadata says so or, where that is damaged,
 * the entry after it. False where the log cannot tell. Any thread but NNG's. */
bool store_log_chain_hash(struct store_log *log, uint64_t index, vg_hash *out);

/* Queues a whole entry, got from elsewhere, in place of a damaged one: its body, and its metadata
 * where that does not hold, become durable in one transaction. Nothing else is touched, and nothing
 * at all unless the entry has the hash that the chain has there. Takes over the reference; `entry`
 * has passed ledger_parse. Any thread. */
void store_log_repair(struct store_log *log, struct vg_blob *entry);

/* Metadata of up to `count` entries from `first`; returns how many. Any thread but NNG's. */
uint32_t store_log_metadata(struct store_log *log, uint64_t first, uint32_t count,
                            struct raft_entry *out);

/* The hash of the entry of `index`, by its metadata alone; false if the log does not have it or its
 * metadata is damaged. Any thread but NNG's. */
bool store_log_hash_at(struct store_log *log, uint64_t index, vg_hash *out);

/* VG_OK, or VG_BUSY with how full it is: asked before a command is accepted. Cheap; any thread. */
enum vg_code store_log_room(struct store_log *log, struct vg_error *error);

/* Durable figures for status and bench. */
struct store_log_figures {
    uint64_t last_durable;
    uint64_t transactions;
    uint64_t writes;
    uint64_t entries;
    uint64_t bytes_used;
    uint64_t damaged;    /* entries found damaged since start */
    uint64_t repaired;   /* of them, made whole again */
    raft_term kept_term; /* what the disk has, as of one transaction: the term, */
    uint64_t kept_last;  /* and the last entry, also one that a queued write will truncate */
    uint64_t sync_us;    /* duration of the last transaction */
};
void store_log_figures(struct store_log *log, struct store_log_figures *out);

/* Checks the whole log offline or beside a running node: every hash, the chain, the stamps. Calls
 * `progress` now and then. VG_INTEGRITY names the first index that does not hold. */
enum vg_code store_log_verify(struct store_log *log,
                              void (*progress)(void *context, uint64_t at, uint64_t last),
                              void *context, uint64_t *checked, struct vg_error *error);

#endif
