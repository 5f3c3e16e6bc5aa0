/* SPDX-License-Identifier: Apache-2.0 */
#include "node/store/state.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "common/text.h"
#include "node/store/env.h"
#include "node/store/record.h"
#include "node/store/vault.h"
#include "proto/response/rows.h"

enum { PUT_OVERHEAD = 256 }; /* of a pair, in its pages */

struct store_state {
    struct store_env env;
    struct store_vault *vault;
    MDB_dbi pairs;
    MDB_dbi identity;
    MDB_txn *txn;
    MDB_cursor *cursor; /* over pairs, within txn */
    vg_hash cluster;
    vg_node_id node;
    uint64_t uncommitted;
    struct vg_buffer scratch; /* the value of a put as it is stored */
};

static const char remedy[] = "remove this folder: the state is rebuilt from the log";

static MDB_val val_of(vg_span span)
{
    return (MDB_val){.mv_data = (void *)(uintptr_t)span.data, .mv_size = span.size};
}

static vg_span span_of(MDB_val value)
{
    return vg_span_of(value.mv_data, value.mv_size);
}

static bool found(const struct store_state *state, int rc)
{
    if (rc != MDB_NOTFOUND)
        store_env_must(&state->env, rc, "read");
    return rc == MDB_SUCCESS;
}

static vg_span span_of_key(const struct store_row_key *key)
{
    return vg_span_of(key->bytes, key->size);
}

/* Opens a row; one that does not is damage. */
static void open_row(struct store_state *state, MDB_val stored, MDB_val sealed, vg_span *key,
                     vg_span *value)
{
    if (!store_vault_open(state->vault, span_of(stored), span_of(sealed), key, value))
        store_env_end(&state->env, "a row does not open under this node's state key: damaged");
}

static bool kv_get(void *context, vg_span key, vg_span *value)
{
    struct store_state *state = context;
    struct store_row_key stored;
    if (!store_vault_key(state->vault, key, &stored))
        return false;
    MDB_val mdb_key = val_of(span_of_key(&stored));
    MDB_val mdb_value;
    /* a cursor looks at the page it is on first: what belongs together lies together */
    if (!found(state, mdb_cursor_get(state->cursor, &mdb_key, &mdb_value, MDB_SET)))
        return false;
    open_row(state, mdb_key, mdb_value, &key, value);
    return true;
}

_Noreturn static void end_without_key(const struct store_state *state, vg_span key)
{
    vg_id owner = response_row_owner(key);
    char text[VG_ID_TEXT];
    vg_id_format(&owner, text);
    vg_log(
        VG_LOG_ERROR, "state-key-missing",
        "compartment=%s path=%s this node's keyring has no state key for it, so nothing of it can "
        "be kept here: put this node's own keyring back, then start again",
        text, state->env.path);
    _exit(STORE_EXIT_FAILED);
}

static void kv_put(void *context, vg_span key, vg_span value)
{
    struct store_state *state = context;
    struct store_row_key stored;
    assert(key.size > 0 && key.size <= VG_KEY_MAX);
    vg_buffer_clear(&state->scratch);
    if (!store_vault_key(state->vault, key, &stored) ||
        !store_vault_seal(state->vault, key, span_of_key(&stored), value, &state->scratch))
        end_without_key(state, key);
    MDB_val mdb_key = val_of(span_of_key(&stored));
    MDB_val mdb_value = val_of(vg_buffer_span(&state->scratch));
    store_env_must(&state->env, mdb_put(state->txn, state->pairs, &mdb_key, &mdb_value, 0),
                   "write");
    state->uncommitted += mdb_key.mv_size + mdb_value.mv_size + PUT_OVERHEAD;
    store_vault_rest(state->vault);
}

static void kv_del(void *context, vg_span key)
{
    struct store_state *state = context;
    struct store_row_key stored;
    if (store_vault_key(state->vault, key, &stored)) {
        MDB_val mdb_key = val_of(span_of_key(&stored));
        found(state, mdb_del(state->txn, state->pairs, &mdb_key, NULL));
        state->uncommitted += PUT_OVERHEAD;
    }
    store_vault_rest(state->vault);
}

static bool has_prefix(vg_span key, vg_span prefix)
{
    return key.size >= prefix.size && memcmp(key.data, prefix.data, prefix.size) == 0;
}

/* `prefix` itself when `from` sorts before it, else `from`. */
static vg_span later_of(vg_span prefix, vg_span from)
{
    size_t shorter = prefix.size < from.size ? prefix.size : from.size;
    int order = shorter == 0 ? 0 : memcmp(from.data, prefix.data, shorter);
    return order < 0 || (order == 0 && from.size < prefix.size) ? prefix : from;
}

/* The cursor on the first row at `start` or after it, or after that one. */
static bool seek(const struct store_state *state, vg_span start, bool after, MDB_val *key,
                 MDB_val *value)
{
    *key = val_of(start);
    /* LMDB seeks no empty key; nothing sorts before the first */
    MDB_cursor_op first = start.size == 0 ? MDB_FIRST : MDB_SET_RANGE;
    if (!found(state, mdb_cursor_get(state->cursor, key, value, first)))
        return false;
    return !after || !vg_span_equal(span_of(*key), start) ||
           found(state, mdb_cursor_get(state->cursor, key, value, MDB_NEXT));
}

static bool kv_next(void *context, vg_span prefix, vg_span from, bool after, vg_span *key,
                    vg_span *value)
{
    struct store_state *state = context;
    vg_span start = later_of(prefix, from);
    struct store_row_key stored;
    struct store_row_key within;
    bool stores = store_vault_key(state->vault, start, &stored) &&
                  store_vault_key(state->vault, prefix, &within);
    bool from_here = vg_span_equal(start, from);
    MDB_val mdb_key;
    MDB_val mdb_value;
    assert(response_row_head(prefix) == prefix.size); /* nobody walks within a text */
    store_vault_rest(state->vault);
    if (!stores || !seek(state, span_of_key(&stored), after && from_here, &mdb_key, &mdb_value) ||
        !has_prefix(span_of(mdb_key), span_of_key(&within)))
        return false;
    open_row(state, mdb_key, mdb_value, key, value);
    return true;
}

struct vg_kv store_state_kv(struct store_state *state)
{
    return (struct vg_kv){
        .context = state, .get = kv_get, .put = kv_put, .del = kv_del, .next = kv_next};
}

void store_state_forget_key(struct store_state *state, const vg_id *compartment)
{
    store_vault_forget(state->vault, compartment);
}

static void begin(struct store_state *state, unsigned flags)
{
    state->txn = store_env_begin(&state->env, flags);
    state->uncommitted = 0;
}

static void open_cursor(struct store_state *state)
{
    store_env_must(&state->env, mdb_cursor_open(state->txn, state->pairs, &state->cursor), "read");
}

static const vg_span identity_key = {(const uint8_t *)"identity", 8};

static void put_identity(struct store_state *state, const struct store_position *position)
{
    struct store_identity identity = {.format = STORE_STATE_FORMAT,
                                      .cluster = state->cluster,
                                      .node = state->node,
                                      .index = position->index,
                                      .hash = position->hash};
    uint8_t record[STORE_IDENTITY_SIZE];
    store_identity_encode(&identity, record);
    MDB_val key = val_of(identity_key);
    MDB_val value = val_of(vg_span_of(record, sizeof record));
    store_env_must(&state->env, mdb_put(state->txn, state->identity, &key, &value, 0), "write");
}

enum vg_code store_state_refuse(const struct store_state *state, const char *what,
                                struct vg_error *error)
{
    return store_env_damaged(&state->env, error, "%s", what);
}

static enum vg_code check_identity(struct store_state *state, vg_span record,
                                   struct store_position *position, struct vg_error *error)
{
    struct store_identity identity;
    if (!store_identity_decode(record, &identity))
        return store_state_refuse(state, "damaged identity record", error);
    if (identity.format < STORE_STATE_FORMAT)
        return store_state_refuse(state, "a state of an earlier format", error);
    if (identity.format != STORE_STATE_FORMAT)
        return store_state_refuse(state, "a state format that this version does not know", error);
    if (!vg_hash_equal(&identity.cluster, &state->cluster))
        return store_state_refuse(state, "the state of another cluster", error);
    if (!vg_node_equal(identity.node, state->node))
        return store_state_refuse(state, "the state of another node", error);
    *position = (struct store_position){identity.index, identity.hash};
    return VG_OK;
}

static enum vg_code open_pairs(struct store_state *state, bool writes,
                               struct store_position *position, struct vg_error *error)
{
    const unsigned flags = writes ? MDB_CREATE : 0;
    int rc = mdb_dbi_open(state->txn, "pairs", flags, &state->pairs);
    if (rc == MDB_SUCCESS)
        rc = mdb_dbi_open(state->txn, "identity", flags, &state->identity);
    if (rc != MDB_SUCCESS)
        return store_state_refuse(state, mdb_strerror(rc), error);
    MDB_val key = val_of(identity_key);
    MDB_val value;
    if (found(state, mdb_get(state->txn, state->identity, &key, &value)))
        return check_identity(state, span_of(value), position, error);
    MDB_stat stat;
    store_env_must(&state->env, mdb_stat(state->txn, state->pairs, &stat), "look");
    if (stat.ms_entries > 0 || !writes)
        return store_state_refuse(state, "no identity record", error);
    *position = (struct store_position){.hash = state->cluster};
    put_identity(state, position);
    return VG_OK;
}

/* The least id after this one; false after the last. */
static bool id_after(vg_id *id)
{
    for (size_t i = sizeof id->bytes; i-- > 0;) {
        if (++id->bytes[i] != 0)
            return true;
    }
    return false;
}

/* One row of each compartment opens: the keyring is the one that this state was written with. */
static enum vg_code check_keys(struct store_state *state, struct vg_error *error)
{
    vg_id next = {{0}};
    MDB_val stored;
    MDB_val sealed;
    vg_span key;
    vg_span value;
    while (id_after(&next) &&
           seek(state, vg_span_of(next.bytes, sizeof next.bytes), false, &stored, &sealed)) {
        char text[VG_ID_TEXT];
        next = response_row_owner(span_of(stored));
        vg_id_format(&next, text);
        if (!store_vault_open(state->vault, span_of(stored), span_of(sealed), &key, &value))
            return store_env_damaged(&state->env, error,
                                     "what it has of compartment %s does not open with the state "
                                     "key of this node's keyring",
                                     text);
    }
    store_vault_rest(state->vault);
    return VG_OK;
}

static enum vg_code open_vault(struct store_state *state, const struct store_state_keys *keys,
                               struct vg_error *error)
{
    state->vault = store_vault_new(keys, error);
    return state->vault != NULL ? VG_OK : VG_UNAVAILABLE;
}

static enum vg_code open_state(const char *path, const vg_hash *cluster, vg_node_id node,
                               const struct store_state_keys *keys, bool writes,
                               struct store_state **out, struct store_position *position,
                               struct vg_error *error)
{
    struct store_state *state = vg_alloc_zero(1, sizeof *state);
    struct store_env_config env = {.path = path, .name = "state", .remedy = remedy, .databases = 2};
    enum vg_code code = open_vault(state, keys, error);
    if (code == VG_OK)
        code = store_env_open(&state->env, &env, error);
    if (code != VG_OK) {
        store_vault_free(state->vault);
        free(state);
        return code;
    }
    state->cluster = *cluster;
    state->node = node;
    begin(state, writes ? 0 : MDB_RDONLY);
    code = open_pairs(state, writes, position, error);
    if (code == VG_OK) {
        open_cursor(state);
        code = check_keys(state, error);
    }
    if (code == VG_OK)
        *out = state;
    else
        store_state_close(state);
    return code;
}

enum vg_code store_state_open(const char *path, const vg_hash *cluster, vg_node_id node,
                              const struct store_state_keys *keys, struct store_state **out,
                              struct store_position *position, struct vg_error *error)
{
    enum vg_code code = open_state(path, cluster, node, keys, true, out, position, error);
    if (code == VG_OK)
        store_state_commit(*out, position);
    return code;
}

enum vg_code store_state_open_read(const char *path, const vg_hash *cluster, vg_node_id node,
                                   const struct store_state_keys *keys, struct store_state **out,
                                   struct store_position *position, struct vg_error *error)
{
    return open_state(path, cluster, node, keys, false, out, position, error);
}

uint64_t store_state_uncommitted(const struct store_state *state)
{
    return state->uncommitted;
}

bool store_state_room(struct store_state *state)
{
    return store_env_reserve(&state->env, 2 * state->uncommitted + STORE_HEADROOM_BYTES);
}

void store_state_commit(struct store_state *state, const struct store_position *position)
{
    put_identity(state, position);
    mdb_cursor_close(state->cursor);
    state->cursor = NULL;
    store_env_must(&state->env, mdb_txn_commit(state->txn), "commit");
    begin(state, 0);
    open_cursor(state);
}

/* ---- many at once ------------------------------------------------------------------------------
 */

bool store_state_drop(struct store_state *state, vg_span prefix, uint64_t bytes)
{
    uint64_t dropped = 0;
    MDB_val key;
    MDB_val value;
    while (dropped < bytes && seek(state, prefix, false, &key, &value) &&
           has_prefix(span_of(key), prefix)) {
        dropped += key.mv_size + value.mv_size + PUT_OVERHEAD;
        store_env_must(&state->env, mdb_cursor_del(state->cursor, 0), "write");
    }
    state->uncommitted += dropped;
    return dropped > 0;
}

bool store_state_copy(struct store_state *state, const struct store_state *from, vg_span prefix,
                      struct vg_buffer *last, uint64_t bytes)
{
    uint64_t copied = 0;
    MDB_val key;
    MDB_val value;
    while (copied < bytes) {
        vg_span start = last->size == 0 ? prefix : vg_buffer_span(last);
        if (!seek(from, start, last->size > 0, &key, &value) || !has_prefix(span_of(key), prefix))
            break;
        vg_buffer_clear(last);
        vg_buffer_append(last, key.mv_data, key.mv_size);
        store_env_must(&state->env, mdb_put(state->txn, state->pairs, &key, &value, 0), "write");
        copied += key.mv_size + value.mv_size + PUT_OVERHEAD;
    }
    state->uncommitted += copied;
    return copied > 0;
}

void store_state_close(struct store_state *state)
{
    if (state->cursor != NULL)
        mdb_cursor_close(state->cursor);
    mdb_txn_abort(state->txn);
    store_env_close(&state->env);
    store_vault_free(state->vault);
    vg_buffer_free(&state->scratch);
    free(state);
}
