/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/memkv.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"

/* One pair; key and value follow each other in `bytes`. Never changed once in the map, so that the
 * journal can hold on to the pair that was replaced. */
struct pair {
    size_t key_size;
    size_t value_size;
    uint8_t bytes[];
};

/* What a key was before one put or del: the pair it had, or none, with only the key kept. */
struct change {
    struct pair *before;
    bool absent;
};

/* A copy that was given out, until it is to be used no longer. */
struct lent {
    struct lent *next;
    uint8_t bytes[];
};

struct memkv {
    struct pair **pairs; /* in key order */
    struct lent *lent;
    size_t count;
    size_t capacity;
    struct change *journal; /* since the last commit, oldest first */
    size_t changes;
    size_t journal_capacity;
};

static struct pair *pair_new(vg_span key, vg_span value)
{
    struct pair *pair = vg_alloc(sizeof *pair + key.size + value.size);
    pair->key_size = key.size;
    pair->value_size = value.size;
    memcpy(pair->bytes, key.data, key.size);
    if (value.size > 0)
        memcpy(pair->bytes + key.size, value.data, value.size);
    return pair;
}

static vg_span pair_key(const struct pair *pair)
{
    return vg_span_of(pair->bytes, pair->key_size);
}

static vg_span pair_value(const struct pair *pair)
{
    return vg_span_of(pair->bytes + pair->key_size, pair->value_size);
}

static int key_compare(vg_span a, vg_span b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

/* The place of the first key >= `key`; *found tells whether it is that key. */
static size_t place_of(const struct memkv *store, vg_span key, bool *found)
{
    size_t low = 0;
    size_t high = store->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = key_compare(pair_key(store->pairs[middle]), key);
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
            *found = *found || order == 0;
        }
    }
    return low;
}

static void insert_at(struct memkv *store, size_t place, struct pair *pair)
{
    if (store->count == store->capacity) {
        store->capacity = store->capacity ? store->capacity * 2 : 64;
        store->pairs = vg_realloc(store->pairs, store->capacity * sizeof *store->pairs);
    }
    memmove(store->pairs + place + 1, store->pairs + place,
            (store->count - place) * sizeof *store->pairs);
    store->pairs[place] = pair;
    store->count++;
}

static struct pair *remove_at(struct memkv *store, size_t place)
{
    struct pair *pair = store->pairs[place];
    store->count--;
    memmove(store->pairs + place, store->pairs + place + 1,
            (store->count - place) * sizeof *store->pairs);
    return pair;
}

static void remember(struct memkv *store, struct pair *before, bool absent)
{
    if (store->changes == store->journal_capacity) {
        store->journal_capacity = store->journal_capacity ? store->journal_capacity * 2 : 64;
        store->journal =
            vg_realloc(store->journal, store->journal_capacity * sizeof(struct change));
    }
    store->journal[store->changes++] = (struct change){.before = before, .absent = absent};
}

/* Whoever uses what was given out for too long uses memory that was freed. */
static vg_span lend(struct memkv *store, vg_span bytes)
{
    struct lent *lent = vg_alloc(sizeof *lent + bytes.size);
    if (bytes.size > 0)
        memcpy(lent->bytes, bytes.data, bytes.size);
    lent->next = store->lent;
    store->lent = lent;
    return vg_span_of(lent->bytes, bytes.size);
}

static void take_back(struct memkv *store)
{
    while (store->lent != NULL) {
        struct lent *next = store->lent->next;
        free(store->lent);
        store->lent = next;
    }
}

static bool kv_get(void *context, vg_span key, vg_span *value)
{
    struct memkv *store = context;
    bool found;
    size_t place = place_of(store, key, &found);
    if (found)
        *value = lend(store, pair_value(store->pairs[place]));
    return found;
}

static void kv_put(void *context, vg_span key, vg_span value)
{
    struct memkv *store = context;
    assert(key.size > 0 && key.size <= VG_KEY_MAX);
    bool found;
    size_t place = place_of(store, key, &found);
    struct pair *pair = pair_new(key, value);
    if (found) {
        remember(store, store->pairs[place], false);
        store->pairs[place] = pair;
    } else {
        remember(store, pair_new(key, vg_span_of(NULL, 0)), true);
        insert_at(store, place, pair);
    }
    take_back(store);
}

static void kv_del(void *context, vg_span key)
{
    struct memkv *store = context;
    bool found;
    size_t place = place_of(store, key, &found);
    if (found)
        remember(store, remove_at(store, place), false);
    take_back(store);
}

static bool has_prefix(vg_span key, vg_span prefix)
{
    return key.size >= prefix.size && memcmp(key.data, prefix.data, prefix.size) == 0;
}

static bool kv_next(void *context, vg_span prefix, vg_span from, bool after, vg_span *key,
                    vg_span *value)
{
    struct memkv *store = context;
    bool from_prefix = key_compare(from, prefix) < 0;
    bool found;
    size_t place = place_of(store, from_prefix ? prefix : from, &found);
    if (found && after && !from_prefix)
        place++;
    bool there = place < store->count && has_prefix(pair_key(store->pairs[place]), prefix);
    take_back(store);
    if (there) {
        *key = lend(store, pair_key(store->pairs[place]));
        *value = lend(store, pair_value(store->pairs[place]));
    }
    return there;
}

struct memkv *memkv_new(void)
{
    return vg_alloc_zero(1, sizeof(struct memkv));
}

void memkv_free(struct memkv *store)
{
    if (!store)
        return;
    memkv_commit(store);
    take_back(store);
    for (size_t i = 0; i < store->count; i++)
        free(store->pairs[i]);
    free(store->pairs);
    free(store->journal);
    free(store);
}

struct memkv *memkv_clone(const struct memkv *store)
{
    struct memkv *copy = memkv_new();
    copy->capacity = store->count;
    copy->count = store->count;
    copy->pairs = vg_alloc((store->count + 1) * sizeof *copy->pairs);
    for (size_t i = 0; i < store->count; i++)
        copy->pairs[i] = pair_new(pair_key(store->pairs[i]), pair_value(store->pairs[i]));
    return copy;
}

struct vg_kv memkv_kv(struct memkv *store)
{
    return (struct vg_kv){
        .context = store, .get = kv_get, .put = kv_put, .del = kv_del, .next = kv_next};
}

void memkv_commit(struct memkv *store)
{
    for (size_t i = 0; i < store->changes; i++)
        free(store->journal[i].before);
    store->changes = 0;
}

static void undo(struct memkv *store, const struct change *change)
{
    bool found;
    size_t place = place_of(store, pair_key(change->before), &found);
    if (found)
        free(remove_at(store, place));
    if (change->absent)
        free(change->before);
    else
        insert_at(store, place, change->before);
}

void memkv_rollback(struct memkv *store)
{
    while (store->changes > 0)
        undo(store, &store->journal[--store->changes]);
}

size_t memkv_count(const struct memkv *store)
{
    return store->count;
}

bool memkv_equal(const struct memkv *a, const struct memkv *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!vg_span_equal(pair_key(a->pairs[i]), pair_key(b->pairs[i])) ||
            !vg_span_equal(pair_value(a->pairs[i]), pair_value(b->pairs[i])))
            return false;
    return true;
}
