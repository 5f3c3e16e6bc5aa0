/* SPDX-License-Identifier: Apache-2.0
 * What a start checks before it trusts the log: whose it is, the hard state, that metadata has no
 * gap, and the chain over the last entries. Bodies are checked whenever they are read. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/identity.h"
#include "common/log.h"
#include "node/store/log_private.h"

struct recovering {
    struct store_log *log;
    MDB_txn *txn;
    struct store_recovery *out;
    struct vg_error *error;
};

static const struct {
    const char *name;
    unsigned flags;
} tables[] = {
#define X(symbol, name, flags) [STORE_##symbol] = {name, flags},
    STORE_TABLES(X)
#undef X
};

static enum vg_code open_tables(struct recovering *at, unsigned create)
{
    for (size_t i = 0; i < STORE_TABLE_COUNT; i++) {
        int rc =
            mdb_dbi_open(at->txn, tables[i].name, tables[i].flags | create, &at->log->tables[i]);
        if (rc != MDB_SUCCESS)
            return store_env_damaged(&at->log->env, at->error, "cannot open the table \"%s\" (%s)",
                                     tables[i].name, mdb_strerror(rc));
    }
    return VG_OK;
}

static void make_hard(struct recovering *at, const struct store_log_config *config)
{
    struct store_hard *hard = &at->log->hard;
    *hard = (struct store_hard){.format = STORE_FORMAT,
                                .cluster = config->cluster,
                                .node = config->node,
                                .last_hash = config->cluster};
    vg_random(hard->incarnation.bytes, sizeof hard->incarnation.bytes);
    store_hard_put(at->log, at->txn, hard);
}

static enum vg_code check_owner(struct recovering *at, const struct store_log_config *config)
{
    const struct store_hard *hard = &at->log->hard;
    const char *path = at->log->env.path;
    if (hard->format != STORE_FORMAT) {
        return vg_fail(at->error, VG_INTEGRITY,
                       "%s: log format %" PRIu32 ", this version knows %d; start the version of "
                       "vigild that made it",
                       path, hard->format, STORE_FORMAT);
    }
    if (!vg_hash_equal(&hard->cluster, &config->cluster)) {
        return vg_fail(at->error, VG_INTEGRITY,
                       "%s: the log of another cluster; configure the folder or the genesis that "
                       "belongs to this node",
                       path);
    }
    if (!vg_node_equal(hard->node, config->node)) {
        return vg_fail(at->error, VG_INTEGRITY,
                       "%s: the log of node %" PRIu64 ", but this is node %" PRIu64
                       "; configure the folder that belongs to this node",
                       path, hard->node.value, config->node.value);
    }
    return VG_OK;
}

static enum vg_code read_hard(struct recovering *at, const struct store_log_config *config)
{
    struct store_log *log = at->log;
    MDB_val key = store_hard_key();
    MDB_val value;
    int rc = mdb_get(at->txn, log->tables[STORE_HARD], &key, &value);
    if (rc == MDB_NOTFOUND && !log->env.marked) {
        make_hard(at, config);
        return VG_OK;
    }
    if (rc != MDB_SUCCESS)
        return store_env_damaged(&log->env, at->error, "no hard state (%s)", mdb_strerror(rc));
    if (!store_hard_decode(store_span(value), &log->hard))
        return store_env_damaged(&log->env, at->error, "damaged hard state (term and vote)");
    return check_owner(at, config);
}

static uint64_t rows_of(struct recovering *at, enum store_table table)
{
    MDB_stat stat;
    store_env_must(&at->log->env, mdb_stat(at->txn, at->log->tables[table], &stat), "look");
    return stat.ms_entries;
}

/* Keys are ascending and distinct, so first, last and their number show any gap. */
static enum vg_code check_rows(struct recovering *at)
{
    struct store_log *log = at->log;
    uint64_t last = log->hard.last;
    uint64_t rows = rows_of(at, STORE_META);
    uint64_t beyond = last + 1;
    uint64_t first = 1;
    MDB_val value;
    if (rows != last ||
        (last > 0 && (!store_table_get(log, at->txn, STORE_META, &last, &value) ||
                      !store_table_get(log, at->txn, STORE_META, &first, &value)))) {
        return store_env_damaged(
            &log->env, at->error,
            "damaged structure: metadata of %" PRIu64 " entries, not of %" PRIu64, rows, last);
    }
    if (store_table_get(log, at->txn, STORE_META, &beyond, &value))
        return store_env_damaged(&log->env, at->error,
                                 "damaged structure: an entry beyond the last, %" PRIu64, last);
    uint64_t bodies = rows_of(at, STORE_BODY);
    if (bodies != last)
        vg_log(VG_LOG_WARN, "store-bodies-missing",
               "path=%s bodies=%" PRIu64 " entries=%" PRIu64 "; `vigil log verify` names them",
               log->env.path, bodies, last);
    return VG_OK;
}

/* The chain over the last entries, backwards from the hash that the hard state keeps. */
static enum vg_code read_tail(struct recovering *at)
{
    const struct store_hard *hard = &at->log->hard;
    uint32_t count = hard->last < RAFT_WINDOW ? (uint32_t)hard->last : RAFT_WINDOW;
    at->out->tail = vg_alloc(count * sizeof *at->out->tail);
    at->out->tail_count = count;
    vg_hash expected = hard->last_hash;
    for (uint32_t i = count; i-- > 0;) {
        uint64_t index = hard->last - count + 1 + i;
        struct store_meta meta;
        if (!store_meta_at(at->log, at->txn, index, &meta))
            return store_env_damaged(&at->log->env, at->error, "damaged metadata of entry %" PRIu64,
                                     index);
        if (!vg_hash_equal(&meta.hash, &expected))
            return store_env_damaged(&at->log->env, at->error,
                                     "the hash chain breaks after entry %" PRIu64, index);
        expected = meta.header.previous;
        at->out->tail[i] = store_meta_entry(&meta);
    }
    if (count == hard->last && !vg_hash_equal(&expected, &hard->cluster))
        return store_env_damaged(&at->log->env, at->error,
                                 "entry 1 does not follow from this cluster's genesis");
    return VG_OK;
}

/* The runs must agree with the tail: the last term, and every change of term in it. */
static bool runs_match_tail(const struct store_recovery *found)
{
    uint32_t run = found->run_count;
    for (uint32_t i = found->tail_count; i-- > 0;) {
        const struct raft_entry *entry = &found->tail[i];
        while (run > 0 && found->runs[run - 1].first > entry->index)
            run--;
        if (run == 0)
            return found->run_count == RAFT_RUNS_MAX;
        if (found->runs[run - 1].term != entry->term)
            return false;
    }
    return true;
}

static enum vg_code read_runs(struct recovering *at)
{
    struct store_log *log = at->log;
    struct raft_run *runs = vg_alloc(RAFT_RUNS_MAX * sizeof *runs);
    at->out->runs = runs;
    MDB_cursor *cursor;
    store_env_must(&log->env, mdb_cursor_open(at->txn, log->tables[STORE_RUNS], &cursor), "read");
    uint32_t room = RAFT_RUNS_MAX;
    MDB_val key;
    MDB_val value;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    for (; rc == MDB_SUCCESS && room > 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_PREV)) {
        struct raft_run *run = &runs[--room];
        *run = (struct raft_run){0};
        if (key.mv_size == sizeof run->first && value.mv_size == sizeof run->term) {
            memcpy(&run->first, key.mv_data, sizeof run->first);
            memcpy(&run->term, value.mv_data, sizeof run->term);
        }
    }
    mdb_cursor_close(cursor);
    at->out->run_count = RAFT_RUNS_MAX - room;
    memmove(runs, runs + room, at->out->run_count * sizeof *runs);
    if (!runs_match_tail(at->out))
        return store_env_damaged(&log->env, at->error, "damaged table of terms");
    return VG_OK;
}

/* What is known of peers is this node's promise too: not to show less than it has shown. */
static enum vg_code read_peers(struct recovering *at)
{
    struct store_log *log = at->log;
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    bool good = true;
    store_env_must(&log->env, mdb_cursor_open(at->txn, log->tables[STORE_PEERS], &cursor), "read");
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    for (; rc == MDB_SUCCESS && good; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        good = at->out->peer_count < VG_NODES_MAX &&
               store_peer_decode(store_span(value), &at->out->peers[at->out->peer_count++]);
    }
    mdb_cursor_close(cursor);
    return good ? VG_OK
                : store_env_damaged(&log->env, at->error, "damaged record of a peer (meetings)");
}

static enum vg_code recover_in(struct recovering *at, const struct store_log_config *config)
{
    enum vg_code code = open_tables(at, at->log->env.marked ? 0 : MDB_CREATE);
    if (code == VG_OK)
        code = read_hard(at, config);
    if (code == VG_OK)
        code = check_rows(at);
    if (code == VG_OK)
        code = read_tail(at);
    if (code == VG_OK)
        code = read_runs(at);
    if (code == VG_OK)
        code = read_peers(at);
    if (code != VG_OK)
        return code;
    const struct store_hard *hard = &at->log->hard;
    if (hard->last > 0)
        at->log->last_term = at->out->tail[at->out->tail_count - 1].term;
    at->out->term = hard->term;
    at->out->voted_for = hard->voted_for;
    at->out->incarnation = hard->incarnation;
    at->out->last = hard->last;
    at->out->last_hash = hard->last_hash;
    return VG_OK;
}

enum vg_code store_recover(struct store_log *log, const struct store_log_config *config,
                           struct store_recovery *recovery, struct vg_error *error)
{
    struct recovering at = {.log = log, .out = recovery, .error = error};
    at.txn = store_env_begin(&log->env, 0);
    enum vg_code code = recover_in(&at, config);
    if (code != VG_OK) {
        mdb_txn_abort(at.txn);
        return code;
    }
    store_env_must(&log->env, mdb_txn_commit(at.txn), "commit");
    return log->env.marked ? VG_OK : store_env_mark(&log->env, error);
}
