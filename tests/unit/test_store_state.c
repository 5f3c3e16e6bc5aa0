/* SPDX-License-Identifier: Apache-2.0
 * The applied state on disk behaves as the store in memory does, and loses no more than what was
 * not committed. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/prng.h"
#include "node/store/state.h"
#include "tests/lib/leaks.h"
#include "tests/lib/memkv.h"
#include "tests/lib/scratch.h"

enum { KEYS = 120, STEPS = 20000 };

static char folder[SCRATCH_PATH];
static char path[SCRATCH_PATH + 8];
static const vg_hash cluster = {{1}};
static struct store_state *state;
static struct store_position found;

static void setup(void)
{
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
    cr_assert_eq(store_state_open(path, &cluster, (vg_node_id){1}, &state, &found, &error), VG_OK,
                 "%s", error.text);
}

/* Keys of 1 to 4 bytes over four letters, so that many are prefixes of others. */
static vg_span key_of(struct vg_prng *prng, uint8_t bytes[4])
{
    size_t size = vg_prng_between(prng, 1, 4);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t) "\x01"
                             "a"
                             "b"
                             "\xff"[vg_prng_below(prng, 4)];
    return vg_span_of(bytes, size);
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

static void step(const struct vg_kv *a, const struct vg_kv *b, struct vg_prng *prng)
{
    uint8_t bytes[3][4];
    vg_span key = key_of(prng, bytes[0]);
    uint8_t content[600];
    vg_prng_fill(prng, content, sizeof content);
    vg_span value = vg_span_of(content, vg_prng_below(prng, sizeof content));
    if (vg_prng_below(prng, 3) == 0) {
        a->del(a->context, key);
        b->del(b->context, key);
    } else {
        a->put(a->context, key, value);
        b->put(b->context, key, value);
    }
    vg_span prefix = key_of(prng, bytes[1]);
    if (vg_prng_below(prng, 4) == 0)
        prefix.size = 0;
    same_next(a, b, prefix, key_of(prng, bytes[2]), vg_prng_below(prng, 2) == 0);
    same_next(a, b, prefix, vg_span_text(""), false);
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

Test(store_state, a_value_may_be_what_was_read)
{
    open_state();
    struct vg_kv kv = store_state_kv(state);
    uint8_t content[300];
    memset(content, 'x', sizeof content);
    for (uint8_t i = 'a'; i < 'z'; i++)
        kv.put(kv.context, vg_span_of(&i, 1), vg_span_of(content, sizeof content));
    vg_span value;
    cr_assert(kv.get(kv.context, vg_span_text("c"), &value));
    kv.put(kv.context, vg_span_text("c"), vg_span_of(value.data, value.size - 1));
    cr_assert(kv.get(kv.context, vg_span_text("c"), &value));
    cr_assert(vg_span_equal(value, vg_span_of(content, sizeof content - 1)));
    store_state_close(state);
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
    cr_assert_eq(store_state_open(path, of, (vg_node_id){node}, &state, &found, &error), code, "%s",
                 error.text);
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
