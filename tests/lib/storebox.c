/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/storebox.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/await.h"

static void on_written(void *context, uint64_t id)
{
    struct storebox *box = context;
    if (id != atomic_load(&box->written) + 1)
        atomic_store(&box->disordered, true);
    atomic_store(&box->written, id);
    if (box->hook != NULL)
        box->hook(id);
}

static void on_repaired(void *context, uint64_t index, bool whole)
{
    struct storebox *box = context;
    (void)index;
    atomic_fetch_add(whole ? &box->mended : &box->dropped, 1);
}

static void on_remembered(void *context, const struct store_peer *peer)
{
    struct storebox *box = context;
    atomic_store(&box->remembered, peer->met);
}

void storebox_init(struct storebox *box, const char *folder)
{
    memset(box, 0, sizeof *box);
    snprintf(box->path, sizeof box->path, "%s/log", folder);
}

enum vg_code storebox_try(struct storebox *box, const vg_hash *cluster, vg_node_id node,
                          struct vg_error *error)
{
    struct store_log_config config = {.path = box->path,
                                      .cluster = *cluster,
                                      .node = node,
                                      .quota_bytes = 1U << 30,
                                      .written = on_written,
                                      .repaired = on_repaired,
                                      .remembered = on_remembered,
                                      .context = box};
    box->submitted = box->repairs = 0;
    atomic_store(&box->written, 0);
    atomic_store(&box->mended, 0);
    atomic_store(&box->dropped, 0);
    return store_log_open(&config, &box->log, &box->found, error);
}

void storebox_open(struct storebox *box, const struct chain *chain)
{
    struct vg_error error;
    if (storebox_try(box, &chain->cluster, (vg_node_id){1}, &error) == VG_OK)
        return;
    (void)fprintf(stderr, "%s\n", error.text);
    abort();
}

void storebox_close(struct storebox *box)
{
    store_log_close(box->log);
    store_recovery_free(&box->found);
}

void storebox_write(struct storebox *box, const struct store_write *write)
{
    struct store_write numbered = *write;
    numbered.id = ++box->submitted;
    store_log_submit(box->log, &numbered);
}

void storebox_append(struct storebox *box, struct vg_blob *entry)
{
    struct vg_blob **entries = vg_alloc(sizeof *entries);
    entries[0] = entry;
    storebox_write(box, &(struct store_write){.count = 1, .entries = entries});
}

void storebox_vote(struct storebox *box, uint64_t term, uint64_t node)
{
    storebox_write(box,
                   &(struct store_write){.hard_state = true, .term = {term}, .voted_for = {node}});
}

void storebox_repair(struct storebox *box, struct vg_blob *entry)
{
    box->repairs++;
    store_log_repair(box->log, entry);
}

void storebox_settle(struct storebox *box)
{
    AWAIT(atomic_load(&box->written) == box->submitted);
    AWAIT(atomic_load(&box->mended) + atomic_load(&box->dropped) == box->repairs);
}

void storebox_fill(struct storebox *box, struct chain *chain, uint32_t count, uint32_t units)
{
    storebox_open(box, chain);
    for (uint32_t i = 0; i < count; i++)
        storebox_append(box, chain_filler(chain, units));
    storebox_settle(box);
    storebox_close(box);
}

static void must(int result)
{
    if (result != 0)
        abort();
}

void storebox_damage(const struct storebox *box, uint64_t index)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    uint8_t bytes[LEDGER_BODY_UNIT] = {0};
    MDB_val key = {sizeof index, &index}, value = {sizeof bytes, bytes};
    must(mdb_env_create(&env));
    must(mdb_env_set_maxdbs(env, 8));
    must(mdb_env_set_mapsize(env, (size_t)1 << 34));
    must(mdb_env_open(env, box->path, 0, 0600));
    must(mdb_txn_begin(env, NULL, 0, &txn));
    must(mdb_dbi_open(txn, "body", MDB_INTEGERKEY, &table));
    must(mdb_put(txn, table, &key, &value, 0));
    must(mdb_txn_commit(txn));
    mdb_env_close(env);
}
