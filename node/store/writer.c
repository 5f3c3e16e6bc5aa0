/* SPDX-License-Identifier: Apache-2.0
 * The writer thread: takes all that is queued, makes it durable in one transaction, says so. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "common/clock.h"
#include "common/log.h"
#include "node/store/log_private.h"
#include "node/store/pages.h"
#include "node/store/thread.h"

enum { COMPARTMENT_KEY_SIZE = 16 + 8 };

static void compartment_key(const vg_id *compartment, uint64_t index,
                            uint8_t out[COMPARTMENT_KEY_SIZE])
{
    memcpy(out, compartment->bytes, sizeof compartment->bytes);
    for (int i = 0; i < 8; i++)
        out[16 + i] = (uint8_t)(index >> (56 - 8 * i));
}

static void put(const struct store_log *log, MDB_txn *txn, enum store_table table, MDB_val key,
                MDB_val value, unsigned flags)
{
    store_env_must(&log->env, mdb_put(txn, log->tables[table], &key, &value, flags), "write");
}

/* What truncation removes need not be there: a body may be missing. */
static void drop(const struct store_log *log, MDB_txn *txn, enum store_table table, MDB_val key)
{
    int rc = mdb_del(txn, log->tables[table], &key, NULL);
    if (rc != MDB_NOTFOUND)
        store_env_must(&log->env, rc, "remove");
}

void store_hard_put(const struct store_log *log, MDB_txn *txn, const struct store_hard *hard)
{
    uint8_t record[STORE_HARD_SIZE];
    store_hard_encode(hard, record);
    put(log, txn, STORE_HARD, store_hard_key(), store_val(record, sizeof record), 0);
}

/* Metadata the log cannot do without; damage to it stops the process. */
static struct store_meta meta_of(const struct store_log *log, MDB_txn *txn, uint64_t index)
{
    struct store_meta meta;
    if (!store_meta_at(log, txn, index, &meta))
        store_env_fatal(&log->env, MDB_CORRUPTED, "read metadata");
    return meta;
}

static void truncate_entries(struct store_log *log, MDB_txn *txn, uint64_t from)
{
    struct store_hard *hard = &log->hard;
    assert(from >= 1);
    for (uint64_t index = hard->last; index >= from; index--) {
        struct store_meta meta = meta_of(log, txn, index);
        uint8_t key[COMPARTMENT_KEY_SIZE];
        compartment_key(&meta.envelope.compartment, index, key);
        drop(log, txn, STORE_COMPARTMENT, store_val(key, sizeof key));
        drop(log, txn, STORE_META, store_val(&index, sizeof index));
        drop(log, txn, STORE_BODY, store_val(&index, sizeof index));
        drop(log, txn, STORE_RUNS, store_val(&index, sizeof index));
    }
    if (hard->last < from)
        return;
    hard->last = from - 1;
    hard->last_hash = hard->cluster;
    log->last_term = 0;
    if (hard->last > 0) {
        struct store_meta meta = meta_of(log, txn, hard->last);
        hard->last_hash = meta.hash;
        log->last_term = meta.header.term;
    }
}

static void append_entry(struct store_log *log, MDB_txn *txn, const struct vg_blob *entry)
{
    struct store_hard *hard = &log->hard;
    struct ledger_view view;
    enum vg_code code = ledger_cut(vg_blob_span(entry), &view, NULL);
    assert(code == VG_OK && view.header.index == hard->last + 1);
    (void)code;
    assert(vg_hash_equal(&view.header.previous, &hard->last_hash));
    uint64_t index = view.header.index;
    MDB_val key = store_val(&index, sizeof index);
    uint8_t record[STORE_META_SIZE];
    store_meta_encode(&view, record);
    put(log, txn, STORE_META, key, store_val(record, sizeof record), MDB_APPEND);
    put(log, txn, STORE_BODY, key, store_val(view.body.data, view.body.size), MDB_APPEND);
    uint64_t term = view.header.term;
    if (term != log->last_term)
        put(log, txn, STORE_RUNS, key, store_val(&term, sizeof term), MDB_APPEND);
    if (!vg_id_is_zero(&view.envelope.compartment)) {
        uint8_t place[COMPARTMENT_KEY_SIZE];
        compartment_key(&view.envelope.compartment, index, place);
        put(log, txn, STORE_COMPARTMENT, store_val(place, sizeof place), store_val(NULL, 0), 0);
    }
    hard->last = index;
    hard->last_hash = view.hash;
    log->last_term = term;
}

static void put_write(struct store_log *log, MDB_txn *txn, struct store_pending *pending)
{
    const struct store_write *write = &pending->write;
    if (write->hard_state) {
        log->hard.term = write->term;
        log->hard.voted_for = write->voted_for;
    }
    if (write->truncate_from > 0)
        truncate_entries(log, txn, write->truncate_from);
    for (uint32_t i = 0; i < write->count; i++)
        append_entry(log, txn, write->entries[i]);
}

/* The body, and metadata that does not hold. The chain says what belongs there, so an entry that
 * was truncated since it was asked for finds no place. */
static void put_repair(struct store_log *log, MDB_txn *txn, struct store_pending *pending)
{
    struct ledger_view view;
    struct store_meta meta;
    vg_hash hash;
    enum vg_code code = ledger_cut(vg_blob_span(pending->repair), &view, NULL);
    assert(code == VG_OK);
    (void)code;
    uint64_t index = view.header.index;
    if (!store_chain_hash(log, txn, index, &hash) || !vg_hash_equal(&hash, &view.hash))
        return;
    pending->found = STORE_WHOLE;
    if (store_entry_check(log, txn, index) == VG_OK)
        return;
    MDB_val key = store_val(&index, sizeof index);
    if (!store_meta_at(log, txn, index, &meta)) {
        uint8_t record[STORE_META_SIZE];
        store_meta_encode(&view, record);
        put(log, txn, STORE_META, key, store_val(record, sizeof record), 0);
    }
    put(log, txn, STORE_BODY, key, store_val(view.body.data, view.body.size), 0);
    pending->found = STORE_MENDED;
}

static void put_peer(struct store_log *log, MDB_txn *txn, struct store_pending *pending)
{
    uint8_t record[STORE_PEER_SIZE];
    const uint64_t *node = &pending->peer.node.value;
    store_peer_encode(&pending->peer, record);
    put(log, txn, STORE_PEERS, store_val(node, sizeof *node), store_val(record, sizeof record), 0);
}

/* Waits for work; tries now and then to get the headroom back when the disk was full. */
static void wait_for_work(struct store_log *log)
{
    while (log->queue.first == NULL && !log->closing) {
        if (!log->cramped) {
            pthread_cond_wait(&log->work, &log->lock);
            continue;
        }
        store_cond_wait_us(&log->work, &log->lock, STORE_SPACE_RETRY_US);
        pthread_mutex_unlock(&log->lock);
        bool cramped = !store_env_reserve(&log->env, STORE_HEADROOM_BYTES);
        pthread_mutex_lock(&log->lock);
        log->cramped = cramped;
    }
}

/* The next writes in order, as many as one transaction may carry; NULL to end. */
static struct store_pending *take_batch(struct store_log *log, uint64_t *bytes)
{
    pthread_mutex_lock(&log->lock);
    wait_for_work(log);
    struct store_queue *queue = &log->queue;
    struct store_pending *batch = queue->first;
    struct store_pending **end = &queue->first;
    uint32_t count = 0;
    *bytes = 0;
    while (*end != NULL && count < STORE_BATCH_WRITES_MAX &&
           (count == 0 || *bytes + (*end)->bytes <= STORE_BATCH_BYTES_MAX)) {
        *bytes += (*end)->bytes;
        count++;
        end = &(*end)->next;
    }
    queue->first = *end;
    *end = NULL;
    if (queue->first == NULL)
        queue->last = NULL;
    queue->count -= count;
    queue->bytes -= *bytes;
    log->writing_bytes = *bytes;
    pthread_mutex_unlock(&log->lock);
    return count > 0 ? batch : NULL;
}

/* A body may take twice its size in pages. */
static uint64_t growth_of(uint64_t bytes)
{
    return 2 * bytes + STORE_TRANSACTION_OVERHEAD;
}

/* Makes sure that the transaction cannot meet a full disk halfway: waits until there is room. False
 * if the log closes before; then the writes were never confirmed, as if the node had crashed. */
static bool wait_for_space(struct store_log *log, uint64_t bytes)
{
    bool cramped = !store_env_reserve(&log->env, growth_of(bytes) + STORE_HEADROOM_BYTES);
    bool fits = !cramped || store_env_reserve(&log->env, growth_of(bytes));
    pthread_mutex_lock(&log->lock);
    log->cramped = cramped;
    if (!fits)
        vg_log(VG_LOG_ERROR, "store-full",
               "path=%s the disk is full; writes wait until it has room", log->env.path);
    while (!fits && !log->closing) {
        store_cond_wait_us(&log->work, &log->lock, STORE_SPACE_RETRY_US);
        pthread_mutex_unlock(&log->lock);
        fits = store_env_reserve(&log->env, growth_of(bytes));
        pthread_mutex_lock(&log->lock);
    }
    pthread_mutex_unlock(&log->lock);
    return fits;
}

static void (*const putters[])(struct store_log *log, MDB_txn *txn,
                               struct store_pending *pending) = {
    [STORE_WRITE] = put_write,
    [STORE_REPAIR] = put_repair,
    [STORE_REMEMBER] = put_peer,
};

static uint64_t repaired_index(const struct store_pending *pending)
{
    struct ledger_header header;
    vg_span bytes = vg_span_of(pending->repair->data, LEDGER_HEADER_SIZE);
    enum vg_code code = ledger_header_decode(bytes, &header, NULL);
    assert(code == VG_OK);
    (void)code;
    return header.index;
}

/* A start has looked at the end of the long tables. What lies before is looked at when it is to be
 * changed: LMDB would believe it, and write where it points. */
static void check_changed(const struct store_log *log, const struct store_pending *pending)
{
    struct vg_error found;
    bool repair = pending->kind == STORE_REPAIR;
    uint64_t first = repair ? repaired_index(pending) : pending->write.truncate_from;
    uint64_t last = repair ? first : UINT64_MAX;
    for (const char *const *table = store_long_tables; first > 0 && *table != NULL; table++)
        if (store_pages_check_rows(&log->env, *table, first, last, &found) != VG_OK)
            store_env_end(&log->env, "%s", found.text);
}

/* One transaction; returns how long its commit took. */
static uint64_t write_batch(struct store_log *log, struct store_pending *batch)
{
    for (const struct store_pending *at = batch; at != NULL; at = at->next)
        check_changed(log, at);
    MDB_txn *txn = store_env_begin(&log->env, 0);
    for (struct store_pending *at = batch; at != NULL; at = at->next)
        putters[at->kind](log, txn, at);
    store_hard_put(log, txn, &log->hard);
    uint64_t start = vg_clock_system.monotonic_us();
    store_env_must(&log->env, mdb_txn_commit(txn), "commit");
    return vg_clock_system.monotonic_us() - start;
}

/* Entries that a queued write will truncate are on the disk no longer as far as others see. */
static uint64_t settled_last(const struct store_log *log)
{
    uint64_t last = log->hard.last;
    for (const struct store_pending *at = log->queue.first; at != NULL; at = at->next) {
        uint64_t from = at->write.truncate_from;
        if (from > 0 && from <= last)
            last = from - 1;
    }
    return last;
}

static void publish(struct store_log *log, const struct store_pending *batch, uint64_t sync_us)
{
    uint64_t used = store_env_used(&log->env);
    pthread_mutex_lock(&log->lock);
    struct store_log_figures *figures = &log->figures;
    figures->transactions++;
    figures->sync_us = sync_us;
    figures->bytes_used = used;
    figures->last_durable = settled_last(log);
    figures->kept_term = log->hard.term;
    figures->kept_last = log->hard.last;
    for (const struct store_pending *at = batch; at != NULL; at = at->next) {
        figures->writes += at->kind == STORE_WRITE;
        figures->entries += at->write.count;
    }
    log->writing_bytes = 0;
    pthread_mutex_unlock(&log->lock);
}

void store_pending_free(struct store_pending *pending)
{
    for (uint32_t i = 0; i < pending->write.count; i++)
        vg_blob_unref(pending->write.entries[i]);
    free(pending->write.entries);
    vg_blob_unref(pending->repair);
    free(pending);
}

static void tell_written(struct store_log *log, const struct store_pending *pending)
{
    log->written(log->context, pending->write.id);
}

static void tell_remembered(struct store_log *log, const struct store_pending *pending)
{
    log->remembered(log->context, &pending->peer);
}

static void tell_repaired(struct store_log *log, const struct store_pending *pending)
{
    uint64_t index = repaired_index(pending);
    if (pending->found == STORE_MENDED)
        store_damage_mended(log, index);
    log->repaired(log->context, index, pending->found != STORE_NO_PLACE);
}

static void (*const tellers[])(struct store_log *log, const struct store_pending *pending) = {
    [STORE_WRITE] = tell_written,
    [STORE_REPAIR] = tell_repaired,
    [STORE_REMEMBER] = tell_remembered,
};

static void report(struct store_log *log, const struct store_pending *batch)
{
    for (const struct store_pending *at = batch; at != NULL; at = at->next)
        tellers[at->kind](log, at);
}

static void free_batch(struct store_pending *batch)
{
    while (batch != NULL) {
        struct store_pending *next = batch->next;
        store_pending_free(batch);
        batch = next;
    }
}

void *store_writer_run(void *context)
{
    struct store_log *log = context;
    const bool early = STORE_MUTANT == STORE_MUTANT_EARLY;
    uint64_t bytes;
    struct store_pending *batch;
    prctl(PR_SET_NAME, "log-writer");
    while ((batch = take_batch(log, &bytes)) != NULL) {
        bool fits = wait_for_space(log, bytes);
        if (fits && early)
            report(log, batch);
        if (fits)
            publish(log, batch, write_batch(log, batch));
        if (fits && !early)
            report(log, batch);
        free_batch(batch);
    }
    return NULL;
}
