/* SPDX-License-Identifier: Apache-2.0
 * The applied state on disk behaves as the store in memory does, and loses no more than what was
 * not committed. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/prng.h"
#include "node/store/state.h"
#include "proto/response/keys.h"
#include "proto/response/rows.h"
#include "tests/lib/leaks.h"
#include "tests/lib/memkv.h"
#include "tests/lib/scratch.h"
#include "tests/lib/sealing.h"

enum { STEPS = 20000 };

static char folder[SCRATCH_PATH];
static char path[SCRATCH_PATH + 8];
static const vg_hash cluster = {{1}};
static struct store_state *state;
static struct store_position found;
static vg_node_id sealed_for = {1};
static const struct store_state_keys keys = {sealing_state_key, &sealed_for};

static void setup(void)
{
    vg_crypto_init();
    scratch_make(folder);
    snprintf(path, sizeof path, "%s/state", folder);
}

static void teardown(void)
{
    scratch_remove(folder);
}

TestSuite(store_state, .init = setup, .fini = teardown);

static void open_state(void)
{
    struct vg_error error = {0};
    cr_assert_eq(store_state_open(path, &cluster, (vg_node_id){1}, &keys, &state, &found, &error),
                 VG_OK, "%s", error.text);
}

/* ---- against the store in memory ---------------------------------------------------------------
 */

/* The starts of keys that are walked over, some with texts behind them. */
static struct response_key some_prefix(struct vg_prng *prng)
{
    static const enum response_kind kinds[] = {RESPONSE_KIND_OPEN,        RESPONSE_KIND_FILTER,
                                               RESPONSE_KIND_DEDUP,       RESPONSE_KIND_NATURAL,
                                               RESPONSE_KIND_PERSON_NAME, RESPONSE_KIND_LABEL};
    vg_id compartment = {{(uint8_t)vg_prng_below(prng, 3)}}; /* control too */
    vg_id incident = {{9, (uint8_t)vg_prng_below(prng, 2)}};
    uint64_t which = vg_prng_below(prng, 7);
    return which < 6 ? response_key_of(&compartment, kinds[which])
                     : response_key_in(&compartment, &incident, RESPONSE_SECTION_TENANT);
}

static bool has_texts(const struct response_key *prefix)
{
    struct response_key longer = *prefix;
    response_key_text(&longer, vg_span_text("x"));
    return response_row_head(response_key_span(&longer)) < longer.size;
}

/* Few enough that keys come back. */
static struct response_key some_key(struct vg_prng *prng, const struct response_key *prefix)
{
    static const char *const names[] = {"a", "aa", "b", "bank", "zoo"};
    struct response_key key = *prefix;
    vg_id id = {{(uint8_t)vg_prng_below(prng, 8)}};
    if (!has_texts(prefix)) {
        response_key_id(&key, &id);
        return key;
    }
    response_key_text(&key, vg_span_text(names[vg_prng_below(prng, 5)]));
    if (prefix->bytes[sizeof(vg_id)] == RESPONSE_KIND_NATURAL)
        response_key_text(&key, vg_span_text(names[vg_prng_below(prng, 5)]));
    return key;
}

static void same_get(const struct vg_kv *a, const struct vg_kv *b, vg_span key)
{
    vg_span value[2];
    bool is_a = a->get(a->context, key, &value[0]);
    bool is_b = b->get(b->context, key, &value[1]);
    cr_assert_eq(is_a, is_b);
    if (is_a)
        cr_assert(vg_span_equal(value[0], value[1]));
}

static void same_next(const struct vg_kv *a, const struct vg_kv *b, vg_span prefix, vg_span from,
                      bool after)
{
    vg_span key[2];
    vg_span value[2];
    bool is_a = a->next(a->context, prefix, from, after, &key[0], &value[0]);
    bool is_b = b->next(b->context, prefix, from, after, &key[1], &value[1]);
    cr_assert_eq(is_a, is_b);
    if (is_a) {
        cr_assert(vg_span_equal(key[0], key[1]));
        cr_assert(vg_span_equal(value[0], value[1]));
    }
}

/* Walks over `a`, from the empty text on, and finds each row in `b`, as many as are there. */
static uint32_t walk(const struct vg_kv *a, const struct vg_kv *b,
                     const struct response_key *prefix)
{
    struct response_key from = *prefix;
    vg_span key;
    vg_span value;
    vg_span same;
    uint32_t count = 0;
    response_key_text(&from, vg_span_text(""));
    for (vg_span at = response_key_span(&from);
         a->next(a->context, response_key_span(prefix), at, true, &key, &value); at = key) {
        cr_assert(b->get(b->context, key, &same));
        cr_assert(vg_span_equal(value, same));
        count++;
    }
    return count;
}

static void step(const struct vg_kv *a, const struct vg_kv *b, struct vg_prng *prng)
{
    struct response_key prefix = some_prefix(prng);
    struct response_key key = some_key(prng, &prefix);
    uint8_t content[600];
    vg_prng_fill(prng, content, sizeof content);
    vg_span value = vg_span_of(content, vg_prng_below(prng, sizeof content));
    if (vg_prng_below(prng, 3) == 0) {
        a->del(a->context, response_key_span(&key));
        b->del(b->context, response_key_span(&key));
    } else {
        a->put(a->context, response_key_span(&key), value);
        b->put(b->context, response_key_span(&key), value);
    }
    prefix = some_prefix(prng);
    key = some_key(prng, &prefix);
    same_get(a, b, response_key_span(&key));
    if (has_texts(&prefix)) {
        cr_assert_eq(walk(a, b, &prefix), walk(b, a, &prefix));
        return;
    }
    same_next(a, b, response_key_span(&prefix), response_key_span(&key), true);
    same_next(a, b, response_key_span(&prefix), response_key_span(&key), false);
    same_next(a, b, response_key_span(&prefix), vg_span_text(""), false);
}

Test(store_state, behaves_as_the_store_in_memory)
{
    struct vg_prng prng = vg_prng_seed(3);
    struct memkv *model = memkv_new();
    struct vg_kv expected = memkv_kv(model);
    open_state();
    struct vg_kv kv = store_state_kv(state);
    for (uint64_t i = 1; i <= STEPS; i++) {
        step(&kv, &expected, &prng);
        if (vg_prng_below(&prng, 2000) == 0) {
            store_state_commit(state, &(struct store_position){.index = i});
            memkv_commit(model);
        }
        if (vg_prng_below(&prng, 4000) == 0) {
            store_state_close(state);
            memkv_rollback(model);
            open_state();
            kv = store_state_kv(state);
        }
    }
    store_state_close(state);
    memkv_free(model);
    cr_expect_not(LEAKS_FOUND());
}

static void put(const struct vg_kv *kv, const struct response_key *key, vg_span value)
{
    kv->put(kv->context, response_key_span(key), value);
}

Test(store_state, a_value_may_be_what_was_read)
{
    static const vg_id owners[] = {{{0}}, {{7}}};
    uint8_t content[300];
    memset(content, 'x', sizeof content);
    for (size_t i = 0; i < 2; i++) {
        open_state();
        struct vg_kv kv = store_state_kv(state);
        struct response_key key = response_key_of(&owners[i], RESPONSE_KIND_OPEN);
        vg_span value;
        for (uint64_t n = 0; n < 30; n++) {
            struct response_key each = key;
            response_key_u64(&each, n);
            put(&kv, &each, vg_span_of(content, sizeof content));
        }
        response_key_u64(&key, 3);
        cr_assert(response_get(&kv, &key, &value));
        put(&kv, &key, vg_span_of(value.data, value.size - 1));
        cr_assert(response_get(&kv, &key, &value));
        cr_assert(vg_span_equal(value, vg_span_of(content, sizeof content - 1)));
        store_state_close(state);
    }
}

Test(store_state, keeps_the_position_of_its_last_commit)
{
    open_state();
    cr_assert_eq(found.index, 0);
    cr_assert(vg_hash_equal(&found.hash, &cluster));
    struct store_position position = {.index = 9, .hash = {{9}}};
    store_state_commit(state, &position);
    store_state_close(state);
    open_state();
    cr_assert_eq(found.index, 9);
    cr_assert(vg_hash_equal(&found.hash, &position.hash));
    store_state_close(state);
}

static void refused(const vg_hash *of, uint64_t node, enum vg_code code, const char *what,
                    const char *remedy)
{
    struct vg_error error = {0};
    cr_assert_eq(store_state_open(path, of, (vg_node_id){node}, &keys, &state, &found, &error),
                 code, "%s", error.text);
    cr_assert_not_null(strstr(error.text, what), "%s", error.text);
    cr_assert_not_null(strstr(error.text, remedy), "%s", error.text);
    cr_expect_not(LEAKS_FOUND());
}

Test(store_state, what_is_not_this_nodes_is_refused_with_the_remedy)
{
    static const char remedy[] = "remove this folder: the state is rebuilt from the log";
    char data[sizeof path + 16];
    snprintf(data, sizeof data, "%s/data.mdb", path);
    open_state();
    struct store_state *held = state;
    refused(&cluster, 1, VG_UNAVAILABLE, "held by another process", "stop the vigild");
    store_state_close(held);
    vg_hash other = {{2}};
    refused(&other, 1, VG_INTEGRITY, "another cluster", remedy);
    refused(&cluster, 2, VG_INTEGRITY, "another node", remedy);
    static const uint8_t zeros[4 * 4096];
    int fd = open(data, O_WRONLY);
    cr_assert_eq(pwrite(fd, zeros, sizeof zeros, 2 * 4096), (ssize_t)sizeof zeros);
    refused(&cluster, 1, VG_INTEGRITY, "damaged structure: page ", remedy);
    cr_assert_eq(truncate(data, 3 * 4096), 0);
    refused(&cluster, 1, VG_INTEGRITY, "truncated", remedy);
    cr_assert_eq(pwrite(fd, "damage", 6, 16), 6);
    close(fd);
    refused(&cluster, 1, VG_INTEGRITY, "damaged meta page", remedy);
}

/* It is rebuilt from the log then, as a new one is. */
Test(store_state, a_file_cut_off_while_it_was_made_is_made_again)
{
    char data[sizeof path + 16];
    snprintf(data, sizeof data, "%s/data.mdb", path);
    open_state();
    store_state_commit(state, &(struct store_position){.index = 9});
    store_state_close(state);
    cr_assert_eq(truncate(data, 4096), 0);
    open_state();
    cr_assert_eq(found.index, 0);
    store_state_close(state);
}

/* ---- many at once ------------------------------------------------------------------------------
 */

static vg_id compartment_of(char letter)
{
    return (vg_id){{(uint8_t)letter}};
}

static struct response_key row_of(char letter, uint32_t number)
{
    const vg_id compartment = compartment_of(letter);
    struct response_key key = response_key_of(&compartment, RESPONSE_KIND_OPEN);
    response_key_u64(&key, number);
    return key;
}

static void put_row(struct store_state *to, char letter, uint32_t number)
{
    struct vg_kv kv = store_state_kv(to);
    struct response_key key = row_of(letter, number);
    kv.put(kv.context, vg_span_of(key.bytes, key.size), vg_span_text("a value"));
}

static bool has_row(struct store_state *in, char letter, uint32_t number)
{
    struct vg_kv kv = store_state_kv(in);
    struct response_key key = row_of(letter, number);
    vg_span value;
    return kv.get(kv.context, vg_span_of(key.bytes, key.size), &value);
}

static void put_many(struct store_state *to)
{
    for (uint32_t i = 0; i < 50; i++) {
        put_row(to, 'a', i);
        put_row(to, 'b', i);
        put_row(to, 'c', i);
    }
}

Test(store_state, drops_what_starts_alike_in_pieces)
{
    const vg_id b = compartment_of('b');
    vg_span prefix = vg_span_of(b.bytes, sizeof b.bytes);
    uint32_t pieces = 0;
    open_state();
    put_many(state);
    while (store_state_drop(state, prefix, 1000))
        pieces++;
    cr_assert_gt(pieces, 5);
    cr_assert_lt(pieces, 50);
    cr_assert_not(has_row(state, 'b', 0) || has_row(state, 'b', 49));
    cr_assert(has_row(state, 'a', 49) && has_row(state, 'c', 0));
    cr_assert_not(store_state_drop(state, prefix, 1000));
    store_state_close(state);
}

/* From one that is open for reading alone. */
Test(store_state, copies_what_starts_alike_in_pieces)
{
    const vg_id b = compartment_of('b');
    struct store_state *other;
    char beside[SCRATCH_PATH + 8];
    struct vg_error error = {0};
    struct vg_buffer last = {0};
    uint32_t pieces = 0;
    snprintf(beside, sizeof beside, "%s/other", folder);
    open_state();
    cr_assert_eq(store_state_open(beside, &cluster, (vg_node_id){1}, &keys, &other, &found, &error),
                 VG_OK);
    put_many(other);
    store_state_commit(other, &(struct store_position){.index = 7, .hash = {{7}}});
    store_state_close(other);
    cr_assert_eq(
        store_state_open_read(beside, &cluster, (vg_node_id){1}, &keys, &other, &found, &error),
        VG_OK, "%s", error.text);
    cr_assert_eq(found.index, 7);
    put_row(state, 'b', 50); /* stays */
    while (store_state_copy(state, other, vg_span_of(b.bytes, sizeof b.bytes), &last, 1000)) {
        store_state_commit(state, &found);
        pieces++;
    }
    cr_assert_gt(pieces, 5);
    cr_assert(has_row(state, 'b', 0) && has_row(state, 'b', 25) && has_row(state, 'b', 50));
    cr_assert_not(has_row(state, 'a', 49) || has_row(state, 'c', 0));
    vg_buffer_free(&last);
    store_state_close(other);
    store_state_close(state);
    snprintf(beside, sizeof beside, "%s/none", folder);
    cr_assert_eq(
        store_state_open_read(beside, &cluster, (vg_node_id){1}, &keys, &other, &found, &error),
        VG_INTEGRITY);
    cr_expect_not(LEAKS_FOUND());
}
