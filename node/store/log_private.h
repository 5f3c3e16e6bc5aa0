/* SPDX-License-Identifier: Apache-2.0
 * The log's inside, shared by its files: log.c (life), writer.c (the one thread that writes),
 * recover.c (what start checks), read.c (everything that only reads). Private to node/store. */
#ifndef VIGIL_NODE_STORE_LOG_PRIVATE_H
#define VIGIL_NODE_STORE_LOG_PRIVATE_H

#include <pthread.h>

#include "node/store/env.h"
#include "node/store/log.h"
#include "node/store/record.h"

enum {
    STORE_QUEUE_MAX = 4096,          /* writes waiting; the core has RAFT_WRITES_MAX at most */
    STORE_BATCH_WRITES_MAX = 1024,   /* writes of one transaction */
    STORE_BATCH_BYTES_MAX = 4 << 20, /* entries of one transaction; one write is always taken */
    STORE_DAMAGED_MAX = 256,         /* damaged entries told apart; others count at each reading */
    STORE_SPACE_CHECK_US = 100000,   /* how often free space is looked at */
    STORE_SPACE_RETRY_US = 200000,   /* how often a full disk is tried again */
};

/* A test build may report writes before they are durable (B30), to prove that it would be seen. */
#ifndef STORE_MUTANT
#define STORE_MUTANT 0
#endif
enum { STORE_MUTANT_EARLY = 30 };

/* The named databases of the environment. */
#define STORE_TABLES(X)                                                                            \
    X(HARD, "hard", 0)                /* one record, struct store_hard */                          \
    X(META, "meta", MDB_INTEGERKEY)   /* index -> headers, hash, checksum */                       \
    X(BODY, "body", MDB_INTEGERKEY)   /* index -> body */                                          \
    X(RUNS, "runs", MDB_INTEGERKEY)   /* first index of a term's run -> term */                    \
    X(COMPARTMENT, "compartment", 0)  /* compartment id, index (big-endian) -> nothing */          \
    X(PEERS, "peers", MDB_INTEGERKEY) /* node id -> struct store_peer */

enum store_table {
#define X(symbol, name, flags) STORE_##symbol,
    STORE_TABLES(X)
#undef X
        STORE_TABLE_COUNT
};

struct store_pending {
    enum { STORE_WRITE, STORE_REPAIR, STORE_REMEMBER } kind;
    struct store_write write;
    struct vg_blob *repair;
    enum { STORE_NO_PLACE, STORE_WHOLE, STORE_MENDED } found; /* by the repair */
    struct store_peer peer;
    uint64_t bytes;
    struct store_pending *next;
};

struct store_queue {
    struct store_pending *first;
    struct store_pending *last;
    uint32_t count;
    uint64_t bytes;
};

struct store_log {
    struct store_env env;
    MDB_dbi tables[STORE_TABLE_COUNT];
    uint64_t quota_bytes;
    uint64_t reserve_bytes;
    void (*written)(void *context, uint64_t write_id);
    void (*repaired)(void *context, uint64_t index, bool whole);
    void (*remembered)(void *context, const struct store_peer *peer);
    void *context;

    pthread_t writer;
    struct store_hard hard; /* the writer thread's, as is the next */
    uint64_t last_term;     /* of the last entry; 0 for an empty log */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;
    struct store_queue queue;
    uint64_t writing_bytes; /* of the transaction under way */
    bool closing;
    bool cramped; /* the headroom could not be allocated */
    uint64_t space_checked_us;
    uint64_t disk_free;
    struct store_log_figures figures;
    uint64_t damaged[STORE_DAMAGED_MAX]; /* not repaired yet */
    uint32_t damaged_count;
};

static inline MDB_val store_val(const void *data, size_t size)
{
    return (MDB_val){.mv_data = (void *)(uintptr_t)data, .mv_size = size};
}

static inline vg_span store_span(MDB_val value)
{
    return vg_span_of(value.mv_data, value.mv_size);
}

/* Those that grow with the log and are read by index: a start checks their end, the writer what it
 * changes before. NULL-terminated. */
extern const char *const store_long_tables[];

/* Key of the one record of STORE_HARD. */
MDB_val store_hard_key(void);

/* Reads a table's value of an index; false if there is none. */
bool store_table_get(const struct store_log *log, MDB_txn *txn, enum store_table table,
                     const uint64_t *index, MDB_val *value);

/* Metadata of an index, by its record alone; false if there is none or it does not hold. */
bool store_meta_at(const struct store_log *log, MDB_txn *txn, uint64_t index,
                   struct store_meta *meta);

/* store_log_chain_hash within a transaction. */
bool store_chain_hash(const struct store_log *log, MDB_txn *txn, uint64_t index, vg_hash *out);

/* Metadata and body of `index` as store_log_read finds them, which counts damage. */
enum vg_code store_entry_check(struct store_log *log, MDB_txn *txn, uint64_t index);

/* The entry of `index`, which was damaged, is whole again. */
void store_damage_mended(struct store_log *log, uint64_t index);

/* Opens the tables of a new or an old log, checks hard state and structure, and fills `recovery`
 * and log->hard. */
enum vg_code store_recover(struct store_log *log, const struct store_log_config *config,
                           struct store_recovery *recovery, struct vg_error *error);

/* The body of the writer thread. */
void *store_writer_run(void *context);

/* Frees a write's references and array. */
void store_pending_free(struct store_pending *pending);

/* Puts hard state into an open transaction. */
void store_hard_put(const struct store_log *log, MDB_txn *txn, const struct store_hard *hard);

#endif
