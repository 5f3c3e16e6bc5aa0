/* SPDX-License-Identifier: Apache-2.0 */
#include "node/store/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "node/store/log_private.h"
#include "node/store/thread.h"

/* True words until membership changes exist: an empty or older log may have forgotten a vote. */
static const char log_remedy[] =
    "leave this node down (the others go on without it) or put back a copy of the folder taken "
    "after the node stopped; never start it with an empty or older one: it could vote twice";

const char *const store_long_tables[] = {"meta", "body", NULL};

MDB_val store_hard_key(void)
{
    static const char key[] = "hard";
    return store_val(key, sizeof key - 1);
}

bool store_table_get(const struct store_log *log, MDB_txn *txn, enum store_table table,
                     const uint64_t *index, MDB_val *value)
{
    MDB_val key = store_val(index, sizeof *index);
    int rc = mdb_get(txn, log->tables[table], &key, value);
    if (rc == MDB_NOTFOUND)
        return false;
    store_env_must(&log->env, rc, "read");
    return true;
}

enum vg_code store_log_open(const struct store_log_config *config, struct store_log **out,
                            struct store_recovery *recovery, struct vg_error *error)
{
    struct store_log *log = vg_alloc_zero(1, sizeof *log);
    struct store_env_config env = {.path = config->path,
                                   .name = "log",
                                   .remedy = log_remedy,
                                   .marker = "vigil log, format 3\n",
                                   .long_tables = store_long_tables,
                                   .databases = STORE_TABLE_COUNT};
    *recovery = (struct store_recovery){0};
    enum vg_code code = store_env_open(&log->env, &env, error);
    if (code != VG_OK) {
        free(log);
        return code;
    }
    log->quota_bytes = config->quota_bytes;
    log->reserve_bytes = config->reserve_bytes;
    log->written = config->written;
    log->repaired = config->repaired;
    log->remembered = config->remembered;
    log->context = config->context;
    code = store_recover(log, config, recovery, error);
    if (code != VG_OK) {
        store_recovery_free(recovery);
        store_env_close(&log->env);
        free(log);
        return code;
    }
    log->figures.last_durable = log->figures.kept_last = log->hard.last;
    log->figures.kept_term = log->hard.term;
    log->figures.bytes_used = store_env_used(&log->env);
    pthread_mutex_init(&log->lock, NULL);
    store_cond_init(&log->work);
    log->writer = store_thread_start(store_writer_run, log);
    *out = log;
    return VG_OK;
}

void store_recovery_free(struct store_recovery *recovery)
{
    free(recovery->tail);
    free(recovery->runs);
    *recovery = (struct store_recovery){0};
}

void store_log_close(struct store_log *log)
{
    pthread_mutex_lock(&log->lock);
    log->closing = true;
    pthread_cond_signal(&log->work);
    pthread_mutex_unlock(&log->lock);
    pthread_join(log->writer, NULL);
    store_env_close(&log->env);
    pthread_cond_destroy(&log->work);
    pthread_mutex_destroy(&log->lock);
    free(log);
}

static void enqueue(struct store_log *log, struct store_pending *pending)
{
    const struct store_write *write = &pending->write;
    pthread_mutex_lock(&log->lock);
    struct store_queue *queue = &log->queue;
    assert(!log->closing && queue->count < STORE_QUEUE_MAX);
    if (queue->last != NULL)
        queue->last->next = pending;
    else
        queue->first = pending;
    queue->last = pending;
    queue->count++;
    queue->bytes += pending->bytes;
    if (write->truncate_from > 0 && write->truncate_from <= log->figures.last_durable)
        log->figures.last_durable = write->truncate_from - 1;
    pthread_cond_signal(&log->work);
    pthread_mutex_unlock(&log->lock);
}

void store_log_submit(struct store_log *log, const struct store_write *write)
{
    struct store_pending *pending = vg_alloc_zero(1, sizeof *pending);
    pending->write = *write;
    for (uint32_t i = 0; i < write->count; i++)
        pending->bytes += write->entries[i]->size;
    enqueue(log, pending);
}

void store_log_repair(struct store_log *log, struct vg_blob *entry)
{
    struct store_pending *pending = vg_alloc_zero(1, sizeof *pending);
    pending->kind = STORE_REPAIR;
    pending->repair = entry;
    pending->bytes = entry->size;
    enqueue(log, pending);
}

/* One that still waits for the writer says the same of an earlier time. */
static bool replace_remembered(struct store_log *log, const struct store_peer *peer)
{
    struct store_pending *at = log->queue.first;
    while (at != NULL && (at->kind != STORE_REMEMBER || !vg_node_equal(at->peer.node, peer->node)))
        at = at->next;
    if (at != NULL)
        at->peer = *peer;
    return at != NULL;
}

void store_log_remember(struct store_log *log, const struct store_peer *peer)
{
    pthread_mutex_lock(&log->lock);
    bool replaced = replace_remembered(log, peer);
    pthread_mutex_unlock(&log->lock);
    if (replaced)
        return;
    struct store_pending *pending = vg_alloc_zero(1, sizeof *pending);
    pending->kind = STORE_REMEMBER;
    pending->peer = *peer;
    enqueue(log, pending);
}

static void look_at_disk(struct store_log *log)
{
    uint64_t now = vg_clock_system.monotonic_us();
    if (log->space_checked_us != 0 && now - log->space_checked_us < STORE_SPACE_CHECK_US)
        return;
    log->space_checked_us = now;
    log->disk_free = store_env_disk_free(&log->env);
}

enum vg_code store_log_room(struct store_log *log, struct vg_error *error)
{
    pthread_mutex_lock(&log->lock);
    look_at_disk(log);
    uint64_t under_way = log->queue.bytes + log->writing_bytes;
    uint64_t used = log->figures.bytes_used + under_way;
    uint64_t disk_free = log->disk_free;
    bool cramped = log->cramped;
    pthread_mutex_unlock(&log->lock);
    if (used >= log->quota_bytes) {
        return vg_fail(error, VG_BUSY,
                       "the log holds %" PRIu64 " of the %" PRIu64
                       " bytes of its quota; raise the quota of this node",
                       used, log->quota_bytes);
    }
    if (cramped || disk_free < log->reserve_bytes + under_way) {
        return vg_fail(error, VG_BUSY,
                       "the disk of the log is full (%" PRIu64 " bytes free, %" PRIu64
                       " of them reserved for votes); free some space, service returns by itself",
                       disk_free, log->reserve_bytes);
    }
    return VG_OK;
}

void store_log_figures(struct store_log *log, struct store_log_figures *out)
{
    pthread_mutex_lock(&log->lock);
    *out = log->figures;
    pthread_mutex_unlock(&log->lock);
}
