/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "common/prng.h"
#include "tests/lib/fast_signer.h"
#include "tests/lib/memkv.h"

enum { KEYS = 40, STEPS = 20000 };

/* The obvious model: a slot per possible key. */
struct model {
    uint8_t value[KEYS];
    bool present[KEYS];
};

static vg_span key_of(unsigned number, uint8_t bytes[2])
{
    bytes[0] = (uint8_t)('a' + number / 10);
    bytes[1] = (uint8_t)('0' + number % 10);
    return vg_span_of(bytes, 2);
}

static void check_scan(const struct vg_kv *kv, const struct model *model, unsigned from, bool after)
{
    uint8_t bytes[2];
    vg_span start = key_of(from, bytes);
    vg_span prefix = vg_span_of(bytes, 1);
    unsigned expected = from + (after ? 1 : 0);
    unsigned end = (from / 10 + 1) * 10;
    while (expected < end && !model->present[expected])
        expected++;
    vg_span key;
    vg_span value;
    bool found = kv->next(kv->context, prefix, start, after, &key, &value);
    cr_assert_eq(found, expected < end);
    if (found) {
        cr_assert(vg_span_equal(key, key_of(expected, bytes)));
        cr_assert_eq(value.data[0], model->value[expected]);
    }
}

static void step(struct memkv *store, struct model *now, struct model *kept, struct vg_prng *prng)
{
    struct vg_kv kv = memkv_kv(store);
    uint8_t bytes[2];
    unsigned number = (unsigned)vg_prng_below(prng, KEYS);
    uint8_t value = (uint8_t)vg_prng_next(prng);
    vg_span found;
    switch (vg_prng_below(prng, 100)) {
    case 0:
        memkv_commit(store);
        *kept = *now;
        break;
    case 1:
        memkv_rollback(store);
        *now = *kept;
        break;
    default:
        now->present[number] = value % 3 != 0;
        now->value[number] = value;
        if (now->present[number])
            kv.put(kv.context, key_of(number, bytes), vg_span_of(&value, 1));
        else
            kv.del(kv.context, key_of(number, bytes));
    }
    cr_assert_eq(kv.get(kv.context, key_of(number, bytes), &found), now->present[number]);
    check_scan(&kv, now, number, value % 2 == 0);
}

Test(memkv, behaves_as_the_model)
{
    struct memkv *store = memkv_new();
    struct model now = {0};
    struct model kept = {0};
    struct vg_prng prng = vg_prng_seed(7);
    for (unsigned i = 0; i < STEPS; i++)
        step(store, &now, &kept, &prng);
    struct memkv *copy = memkv_clone(store);
    cr_assert(memkv_equal(store, copy));
    memkv_free(copy);
    memkv_free(store);
}

Test(memkv, clone_is_its_own)
{
    struct memkv *store = memkv_new();
    struct vg_kv kv = memkv_kv(store);
    kv.put(kv.context, vg_span_text("one"), vg_span_text("1"));
    struct memkv *copy = memkv_clone(store);
    kv.put(kv.context, vg_span_text("one"), vg_span_text("2"));
    cr_assert_not(memkv_equal(store, copy));
    cr_assert_eq(memkv_count(copy), 1);
    memkv_free(copy);
    memkv_free(store);
}

Test(fast_signer, fits_one_message_and_one_key)
{
    vg_crypto_init();
    uint8_t seed[VG_SEED_SIZE] = {1};
    vg_public_key pub;
    vg_public_key other;
    vg_secret_key secret;
    vg_signature signature;
    fast_signer.keypair(seed, &pub, &secret);
    fast_signer.sign(vg_span_text("stage assess"), &secret, &signature);
    cr_assert(fast_signer.verify(vg_span_text("stage assess"), &pub, &signature));
    cr_assert_not(fast_signer.verify(vg_span_text("stage close"), &pub, &signature));
    seed[0] = 2;
    fast_signer.keypair(seed, &other, &secret);
    cr_assert_not(fast_signer.verify(vg_span_text("stage assess"), &other, &signature));
}
