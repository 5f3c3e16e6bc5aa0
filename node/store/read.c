/* SPDX-License-Identifier: Apache-2.0
 * Everything that only reads the log: short read transactions on the caller's thread. */
#include <assert.h>
#include <inttypes.h>

#include "common/log.h"
#include "node/store/log_private.h"

enum { VERIFY_CHUNK = 256 }; /* entries of one read transaction: a long one pins old pages */

/* Where in the list of damaged entries an index is, or would be. With the lock. */
static uint32_t find_damage(const struct store_log *log, uint64_t index)
{
    uint32_t at = 0;
    while (at < log->damaged_count && log->damaged[at] != index)
        at++;
    return at;
}

/* Counts an index once, however often it is read. */
static void note_damage(struct store_log *log, uint64_t index, const char *what)
{
    pthread_mutex_lock(&log->lock);
    uint32_t at = find_damage(log, index);
    bool seen = at < log->damaged_count;
    if (!seen) {
        log->figures.damaged++;
        if (at < STORE_DAMAGED_MAX)
            log->damaged[log->damaged_count++] = index;
    }
    pthread_mutex_unlock(&log->lock);
    if (!seen)
        vg_log(VG_LOG_ERROR, "entry-damaged", "path=%s index=%" PRIu64 " %s", log->env.path, index,
               what);
}

void store_damage_mended(struct store_log *log, uint64_t index)
{
    pthread_mutex_lock(&log->lock);
    uint32_t at = find_damage(log, index);
    if (at < log->damaged_count)
        log->damaged[at] = log->damaged[--log->damaged_count];
    log->figures.repaired++;
    pthread_mutex_unlock(&log->lock);
}

static enum vg_code damaged(struct store_log *log, uint64_t index, struct vg_error *error,
                            const char *what)
{
    note_damage(log, index, what);
    return vg_fail(error, VG_INTEGRITY, "%s: entry %" PRIu64 " is damaged: %s", log->env.path,
                   index, what);
}

/* Index of the last entry as this transaction sees it. */
static uint64_t last_in(const struct store_log *log, MDB_txn *txn)
{
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    uint64_t last = 0;
    store_env_must(&log->env, mdb_cursor_open(txn, log->tables[STORE_META], &cursor), "read");
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    if (rc == MDB_SUCCESS && key.mv_size == sizeof last)
        memcpy(&last, key.mv_data, sizeof last);
    mdb_cursor_close(cursor);
    return last;
}

/* Metadata of an index: VG_OK, VG_NOT_FOUND beyond the end, VG_INTEGRITY. */
static enum vg_code read_meta(struct store_log *log, MDB_txn *txn, uint64_t index,
                              struct store_meta *meta, struct vg_error *error)
{
    MDB_val value;
    if (!store_table_get(log, txn, STORE_META, &index, &value)) {
        if (index == 0 || index > last_in(log, txn))
            return vg_fail(error, VG_NOT_FOUND, "the log has no entry %" PRIu64, index);
        return damaged(log, index, error, "its metadata is missing");
    }
    if (!store_meta_decode(store_span(value), index, meta))
        return damaged(log, index, error, "its metadata has another checksum");
    return VG_OK;
}

/* The body of an entry whose metadata holds, borrowed from the transaction. */
static enum vg_code read_body(struct store_log *log, MDB_txn *txn, const struct store_meta *meta,
                              vg_span *body, struct vg_error *error)
{
    uint64_t index = meta->header.index;
    MDB_val value;
    if (!store_table_get(log, txn, STORE_BODY, &index, &value))
        return damaged(log, index, error, "its body is missing");
    *body = store_span(value);
    if (body->size != meta->envelope.body_size)
        return damaged(log, index, error, "its body has another length");
    vg_hash body_hash = ledger_body_hash(*body);
    vg_span envelope = vg_span_of(meta->headers.data + LEDGER_HEADER_SIZE, LEDGER_ENVELOPE_SIZE);
    vg_hash hash = ledger_envelope_hash(envelope, &body_hash);
    if (!vg_hash_equal(&hash, &meta->header.envelope))
        return damaged(log, index, error, "its body has another hash");
    return VG_OK;
}

enum vg_code store_log_read(struct store_log *log, uint64_t index, struct vg_blob **out,
                            struct vg_error *error)
{
    MDB_txn *txn = store_env_begin(&log->env, MDB_RDONLY);
    struct store_meta meta;
    vg_span body;
    enum vg_code code = read_meta(log, txn, index, &meta, error);
    if (code == VG_OK)
        code = read_body(log, txn, &meta, &body, error);
    if (code == VG_OK) {
        struct vg_blob *entry = vg_blob_new(LEDGER_OVERHEAD + body.size);
        memcpy(entry->data, meta.headers.data, LEDGER_OVERHEAD);
        if (body.size > 0)
            memcpy(entry->data + LEDGER_OVERHEAD, body.data, body.size);
        *out = entry;
    }
    mdb_txn_abort(txn);
    return code;
}

enum vg_code store_entry_check(struct store_log *log, MDB_txn *txn, uint64_t index)
{
    struct store_meta meta;
    vg_span body;
    enum vg_code code = read_meta(log, txn, index, &meta, NULL);
    return code == VG_OK ? read_body(log, txn, &meta, &body, NULL) : code;
}

uint32_t store_log_metadata(struct store_log *log, uint64_t first, uint32_t count,
                            struct raft_entry *out)
{
    MDB_txn *txn = store_env_begin(&log->env, MDB_RDONLY);
    uint32_t found = 0;
    struct store_meta meta;
    while (found < count && read_meta(log, txn, first + found, &meta, NULL) == VG_OK)
        out[found++] = store_meta_entry(&meta);
    mdb_txn_abort(txn);
    return found;
}

bool store_log_hash_at(struct store_log *log, uint64_t index, vg_hash *out)
{
    MDB_txn *txn = store_env_begin(&log->env, MDB_RDONLY);
    struct store_meta meta;
    bool found = read_meta(log, txn, index, &meta, NULL) == VG_OK;
    if (found)
        *out = meta.hash;
    mdb_txn_abort(txn);
    return found;
}

bool store_meta_at(const struct store_log *log, MDB_txn *txn, uint64_t index,
                   struct store_meta *meta)
{
    MDB_val value;
    return store_table_get(log, txn, STORE_META, &index, &value) &&
           store_meta_decode(store_span(value), index, meta);
}

bool store_chain_hash(const struct store_log *log, MDB_txn *txn, uint64_t index, vg_hash *out)
{
    struct store_meta meta;
    bool own = store_meta_at(log, txn, index, &meta);
    if (!own && !store_meta_at(log, txn, index + 1, &meta))
        return false;
    *out = own ? meta.hash : meta.header.previous;
    return true;
}

bool store_log_chain_hash(struct store_log *log, uint64_t index, vg_hash *out)
{
    MDB_txn *txn = store_env_begin(&log->env, MDB_RDONLY);
    bool known = store_chain_hash(log, txn, index, out);
    mdb_txn_abort(txn);
    return known;
}

/* What one entry must agree with: the one before it. */
struct verified {
    vg_hash hash;
    uint64_t term;
    uint64_t time_ms;
};

static enum vg_code verify_entry(struct store_log *log, MDB_txn *txn, uint64_t index,
                                 struct verified *before, struct vg_error *error)
{
    struct store_meta meta;
    vg_span body;
    enum vg_code code = read_meta(log, txn, index, &meta, error);
    if (code == VG_OK)
        code = read_body(log, txn, &meta, &body, error);
    if (code != VG_OK)
        return code;
    if (!vg_hash_equal(&meta.header.previous, &before->hash))
        return damaged(log, index, error, "it does not follow from the entry before");
    if (!vg_hash_equal(&meta.envelope.cluster, &log->hard.cluster))
        return damaged(log, index, error, "it belongs to another cluster");
    if (meta.header.term < before->term || meta.header.time_ms < before->time_ms)
        return damaged(log, index, error, "its term or stamp is less than that of the one before");
    *before = (struct verified){meta.hash, meta.header.term, meta.header.time_ms};
    return VG_OK;
}

/* Verifies from `first` on within one transaction. The entry before is read again, since an
 * uncommitted one may have been replaced in between. */
static enum vg_code verify_chunk(struct store_log *log, MDB_txn *txn, uint64_t first,
                                 uint64_t *checked, struct vg_error *error)
{
    uint64_t last = last_in(log, txn);
    uint64_t end = last < first + VERIFY_CHUNK - 1 ? last : first + VERIFY_CHUNK - 1;
    struct verified before = {.hash = log->hard.cluster};
    if (first > 1 && first <= last) {
        struct store_meta meta;
        enum vg_code code = read_meta(log, txn, first - 1, &meta, error);
        if (code != VG_OK)
            return code;
        before = (struct verified){meta.hash, meta.header.term, meta.header.time_ms};
    }
    for (uint64_t index = first; index <= end; index++) {
        enum vg_code code = verify_entry(log, txn, index, &before, error);
        if (code != VG_OK)
            return code;
        *checked = index;
    }
    return VG_OK;
}

enum vg_code store_log_verify(struct store_log *log,
                              void (*progress)(void *context, uint64_t at, uint64_t last),
                              void *context, uint64_t *checked, struct vg_error *error)
{
    struct store_log_figures figures;
    store_log_figures(log, &figures);
    enum vg_code code = VG_OK;
    uint64_t before;
    *checked = 0;
    do {
        before = *checked;
        MDB_txn *txn = store_env_begin(&log->env, MDB_RDONLY);
        code = verify_chunk(log, txn, before + 1, checked, error);
        mdb_txn_abort(txn);
        if (progress != NULL)
            progress(context, *checked, figures.last_durable);
    } while (code == VG_OK && *checked > before && *checked < figures.last_durable);
    return code;
}
