/* SPDX-License-Identifier: Apache-2.0
 * Epochs, wraps and sealed bodies: frozen vectors, computed by an independent program from
 * docs/protocol.md, then what must be refused. */
#include <criterion/criterion.h>

#include "common/mem.h"
#include "common/prng.h"
#include "common/text.h"
#include "proto/compartment/body.h"
#include "proto/compartment/epoch.h"

static void setup(void)
{
    vg_crypto_init();
}

TestSuite(compartment, .init = setup);

static const vg_node_id recovery = {COMPARTMENT_RECOVERY};
static const vg_node_id two = {2};

static vg_hash hash_of(uint8_t byte)
{
    vg_hash hash;
    memset(hash.bytes, byte, sizeof hash.bytes);
    return hash;
}

static vg_id id_of(uint8_t byte)
{
    vg_id id;
    memset(id.bytes, byte, sizeof id.bytes);
    return id;
}

static vg_cipher_key key_of(uint8_t byte)
{
    vg_cipher_key key;
    memset(key.bytes, byte, sizeof key.bytes);
    return key;
}

/* The unwrap keys of the tests are known by the byte of their seed. */
static vg_box_secret unwrap_of(uint8_t byte, vg_box_public *pub)
{
    vg_box_secret secret;
    uint8_t seed[VG_SEED_SIZE];
    memset(seed, byte, sizeof seed);
    vg_box_keypair(seed, pub, &secret);
    return secret;
}

static void wrap(struct compartment_epoch *epoch, const vg_cipher_key *key, vg_node_id holder,
                 uint8_t unwrap_byte, uint8_t seed_byte)
{
    vg_hash cluster = hash_of(1);
    vg_box_public unwrap;
    uint8_t seed[VG_SEED_SIZE];
    memset(seed, seed_byte, sizeof seed);
    unwrap_of(unwrap_byte, &unwrap);
    cr_assert_eq(compartment_epoch_wrap(epoch, &cluster, key, holder, &unwrap, seed, NULL), VG_OK);
}

/* Cluster 1.., compartment 2.., data key 3.., wrapped for the recovery key and for node 2. */
static struct compartment_epoch sample(void)
{
    vg_hash cluster = hash_of(1);
    vg_id compartment = id_of(2);
    vg_cipher_key key = key_of(3);
    struct compartment_epoch epoch;
    compartment_epoch_begin(&epoch, &cluster, &compartment, NULL, NULL, &key);
    wrap(&epoch, &key, recovery, 4, 5);
    wrap(&epoch, &key, two, 6, 7);
    return epoch;
}

static void expect_hex(const void *bytes, size_t size, const char *expected)
{
    char text[2 * 256 + 1];
    cr_assert(size <= 256);
    vg_hex_format(vg_span_of(bytes, size), text);
    cr_expect_str_eq(text, expected, "%s", text);
}

Test(compartment, frozen_vector_of_an_epoch)
{
    struct compartment_epoch epoch = sample();
    uint8_t record[COMPARTMENT_EPOCH_MAX];
    vg_span bytes = vg_span_of(record, compartment_epoch_encode(&epoch, record));
    vg_hash whole = vg_hash_parts(VG_HASH_BODY, &bytes, 1);
    cr_assert_eq(bytes.size, COMPARTMENT_EPOCH_MIN + 2 * COMPARTMENT_WRAP_SIZE);
    expect_hex(epoch.commitment.bytes, 32,
               "057cf0a99db8816e4fbab40e836fb954107bcaade07a4c9638811f6bd2ed3a8e");
    expect_hex(epoch.wraps[0].box, COMPARTMENT_BOX_SIZE,
               "02f410dab4aa7ae0805974c49acb38f7f4d5930047a1d24a44069c86438cb823"
               "55476d32ec3a43006d7ec98e5854a20c");
    expect_hex(epoch.wraps[1].box, COMPARTMENT_BOX_SIZE,
               "4552523904cb76dbd1bc633f1afb5008acf0a26f260184c853c5a931a8e09388"
               "2d9ba8d9ad1df0b7cc38fb1a271205a4");
    expect_hex(whole.bytes, 32, "3a117e95c25595227856f342a51fb2ebd685ca7de811eafcff03fbf52bf50a99");
}

static const uint8_t nonce[VG_NONCE_SIZE] = {8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
                                             8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8};

/* A body of 256 bytes that counts from 0, without its last 16, sealed. */
static void sealed_body(uint8_t body[256], vg_span header)
{
    vg_cipher_key key = key_of(3);
    for (size_t i = 0; i < 256; i++)
        body[i] = i < 240 ? (uint8_t)i : 0;
    compartment_body_seal(&key, nonce, header, body, 256);
}

Test(compartment, frozen_vector_of_a_sealed_body)
{
    uint8_t body[256];
    sealed_body(body, vg_span_text("header"));
    vg_span bytes = vg_span_of(body, sizeof body);
    vg_hash whole = vg_hash_parts(VG_HASH_BODY, &bytes, 1);
    expect_hex(body + 240, 16, "939a3300b5fa0d11f61cbf0423f9ace5");
    expect_hex(whole.bytes, 32, "367db6deef0546fd61d0fe112c8553acfc1383c12efcd77f1a76d6ff55d217dc");
}

Test(compartment, a_body_comes_back_with_zeros_for_its_tag)
{
    vg_cipher_key key = key_of(3);
    uint8_t body[256], clear[256];
    sealed_body(body, vg_span_text("header"));
    cr_assert(compartment_body_open(&key, nonce, vg_span_text("header"),
                                    vg_span_of(body, sizeof body), clear));
    for (size_t i = 0; i < 256; i++)
        cr_assert_eq(clear[i], i < 240 ? i : 0);
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++)
        any |= bytes[i];
    return any == 0;
}

/* One flipped bit of key, nonce, header or body opens nothing and leaves nothing. */
Test(compartment, every_flipped_bit_of_a_sealed_body_is_refused)
{
    struct {
        vg_cipher_key key;
        uint8_t nonce[VG_NONCE_SIZE];
        uint8_t header[32];
        uint8_t body[256];
    } all = {.key = key_of(3), .header = "the header of an envelope"};
    vg_span header = vg_span_of(all.header, sizeof all.header);
    vg_span body = vg_span_of(all.body, sizeof all.body);
    uint8_t clear[256];
    memcpy(all.nonce, nonce, sizeof nonce);
    sealed_body(all.body, header);
    cr_assert(compartment_body_open(&all.key, all.nonce, header, body, clear));
    for (size_t bit = 0; bit < 8 * sizeof all; bit++) {
        ((uint8_t *)&all)[bit / 8] ^= (uint8_t)(1U << bit % 8);
        cr_assert_not(compartment_body_open(&all.key, all.nonce, header, body, clear), "bit %zu",
                      bit);
        cr_assert(all_zero(clear, sizeof clear), "bit %zu", bit);
        ((uint8_t *)&all)[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

Test(compartment, a_body_cut_short_or_too_short_for_a_tag_is_refused)
{
    vg_cipher_key key = key_of(3);
    uint8_t body[256], clear[256];
    sealed_body(body, vg_span_text("header"));
    for (size_t size = 0; size < sizeof body; size++)
        cr_assert_not(compartment_body_open(&key, nonce, vg_span_text("header"),
                                            vg_span_of(body, size), clear));
}

static enum vg_code open_as_two(const struct compartment_epoch *epoch, const vg_hash *cluster,
                                vg_cipher_key *out)
{
    vg_box_public pub;
    vg_box_secret secret = unwrap_of(6, &pub);
    struct vg_error error;
    return compartment_unwrap(epoch, cluster, two, &secret, out, &error);
}

Test(compartment, each_holder_opens_its_own_wrap_and_no_other)
{
    struct compartment_epoch epoch = sample();
    vg_hash cluster = hash_of(1);
    vg_cipher_key expected = key_of(3), key;
    vg_box_public pub;
    vg_box_secret mine = unwrap_of(6, &pub), offline = unwrap_of(4, &pub);
    cr_assert_eq(compartment_unwrap(&epoch, &cluster, two, &mine, &key, NULL), VG_OK);
    cr_assert_arr_eq(key.bytes, expected.bytes, sizeof key.bytes);
    cr_assert_eq(compartment_unwrap(&epoch, &cluster, recovery, &offline, &key, NULL), VG_OK);
    cr_assert_arr_eq(key.bytes, expected.bytes, sizeof key.bytes);
    cr_assert_eq(compartment_unwrap(&epoch, &cluster, recovery, &mine, &key, NULL), VG_INTEGRITY);
    cr_assert(all_zero(key.bytes, sizeof key.bytes));
    cr_assert_eq(compartment_unwrap(&epoch, &cluster, (vg_node_id){3}, &mine, &key, NULL),
                 VG_NOT_FOUND);
}

/* Whatever of the record is altered: it does not decode, or node 2 gets no key out of it; but what
 * is said of the epoch before, and the other's wrap, are nothing to its own. */
Test(compartment, every_flipped_bit_of_a_record_is_refused)
{
    enum { PREVIOUS = 26, PREVIOUS_END = 58, OTHER_WRAP = 140, OWN_WRAP = 140 + 120 };
    struct compartment_epoch epoch = sample(), altered;
    vg_hash cluster = hash_of(1);
    vg_cipher_key key;
    uint8_t record[COMPARTMENT_EPOCH_MAX];
    size_t size = compartment_epoch_encode(&epoch, record);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        size_t at = bit / 8;
        bool not_its_own =
            (at >= PREVIOUS && at < PREVIOUS_END) || (at >= OTHER_WRAP && at < OWN_WRAP);
        record[at] ^= (uint8_t)(1U << bit % 8);
        enum vg_code code = compartment_epoch_decode(vg_span_of(record, size), &altered, NULL);
        if (code == VG_OK)
            code = open_as_two(&altered, &cluster, &key);
        cr_assert(not_its_own || code != VG_OK, "bit %zu", bit);
        record[at] ^= (uint8_t)(1U << bit % 8);
    }
}

Test(compartment, a_wrap_of_another_cluster_epoch_or_compartment_does_not_open)
{
    struct compartment_epoch epoch = sample(), other;
    vg_hash cluster = hash_of(1), elsewhere = hash_of(9);
    vg_cipher_key key;
    cr_assert_eq(open_as_two(&epoch, &cluster, &key), VG_OK);
    cr_assert_eq(open_as_two(&epoch, &elsewhere, &key), VG_INTEGRITY);
    other = epoch;
    other.epoch++;
    cr_assert_eq(open_as_two(&other, &cluster, &key), VG_INTEGRITY);
    other = epoch;
    other.compartment = id_of(3);
    cr_assert_eq(open_as_two(&other, &cluster, &key), VG_INTEGRITY);
}

Test(compartment, a_wrap_that_opens_to_another_key_is_refused)
{
    struct compartment_epoch epoch = sample();
    vg_hash cluster = hash_of(1);
    vg_cipher_key planted = key_of(0x66), key;
    struct vg_error error = {0};
    vg_box_public pub;
    vg_box_secret secret = unwrap_of(6, &pub);
    epoch.wrap_count = 1;
    wrap(&epoch, &planted, two, 6, 8);
    cr_assert_eq(compartment_unwrap(&epoch, &cluster, two, &secret, &key, &error), VG_INTEGRITY);
    cr_assert(strstr(error.text, "another key than the epoch commits to") != NULL, "%s",
              error.text);
    cr_assert(all_zero(key.bytes, sizeof key.bytes));
}

/* ---- the chain ---------------------------------------------------------------------------------
 */

/* The epoch after the sample's, under a data key 8.. that the sample's own is sealed under. */
static struct compartment_epoch chained(void)
{
    vg_hash cluster = hash_of(1);
    vg_id compartment = id_of(2);
    vg_cipher_key before = key_of(3), key = key_of(8);
    struct compartment_epoch first = sample(), epoch;
    compartment_epoch_begin(&epoch, &cluster, &compartment, &first, &before, &key);
    wrap(&epoch, &key, recovery, 4, 9);
    return epoch;
}

static enum vg_code open_chain(const struct compartment_epoch *epoch, uint8_t key_byte,
                               const struct compartment_epoch *before, vg_cipher_key *out,
                               struct vg_error *error)
{
    vg_hash cluster = hash_of(1);
    vg_cipher_key key = key_of(key_byte);
    return compartment_chain_open(epoch, &cluster, &key, before, &cluster, out, error);
}

Test(compartment, frozen_vector_of_a_chain)
{
    struct compartment_epoch epoch = chained();
    expect_hex(epoch.chain, sizeof epoch.chain,
               "3796641a0b544702210d1f7dec2e89cb5bb235aa16c438714cc4bf1644267c71"
               "93b37a2f61b974eb74f862e9706c02cf");
}

/* From the last of many epochs back to the first, with its key alone. */
Test(compartment, one_data_key_opens_all_before_it)
{
    enum { EPOCHS = 50 };
    static struct compartment_epoch epochs[EPOCHS];
    vg_hash cluster = hash_of(1);
    vg_id compartment = id_of(2);
    for (uint8_t i = 0; i < EPOCHS; i++) {
        vg_cipher_key key = key_of(i), before = key_of((uint8_t)(i - 1));
        compartment_epoch_begin(&epochs[i], &cluster, &compartment, i > 0 ? &epochs[i - 1] : NULL,
                                i > 0 ? &before : NULL, &key);
    }
    vg_cipher_key key = key_of(EPOCHS - 1), before;
    for (uint8_t i = EPOCHS - 1; i > 0; i--) {
        vg_cipher_key expected = key_of((uint8_t)(i - 1));
        cr_assert_eq(compartment_chain_open(&epochs[i], &cluster, &key, &epochs[i - 1], &cluster,
                                            &before, NULL),
                     VG_OK);
        cr_assert_arr_eq(before.bytes, expected.bytes, sizeof before.bytes);
        key = before;
    }
}

/* As in the directory's second epoch: the first is the genesis', under its salt. */
Test(compartment, each_epoch_of_a_chain_has_its_own_cluster)
{
    struct compartment_epoch first, epoch;
    vg_hash salt = hash_of(7), cluster = hash_of(1);
    vg_id compartment = id_of(2);
    vg_cipher_key before = key_of(3), key = key_of(8), found;
    compartment_epoch_begin(&first, &salt, &compartment, NULL, NULL, &before);
    compartment_epoch_begin(&epoch, &cluster, &compartment, &first, &before, &key);
    cr_assert_eq(compartment_chain_open(&epoch, &cluster, &key, &first, &salt, &found, NULL),
                 VG_OK);
    cr_assert_arr_eq(found.bytes, before.bytes, sizeof found.bytes);
    cr_assert_eq(compartment_chain_open(&epoch, &cluster, &key, &first, &cluster, &found, NULL),
                 VG_INTEGRITY);
    cr_assert_eq(compartment_chain_open(&epoch, &salt, &key, &first, &salt, &found, NULL),
                 VG_INTEGRITY);
    cr_assert(all_zero(found.bytes, sizeof found.bytes));
}

Test(compartment, a_chain_opens_with_its_own_key_to_the_epoch_before_alone)
{
    struct compartment_epoch first = sample(), epoch = chained(), other;
    vg_cipher_key found;
    struct vg_error error = {0};
    cr_assert_eq(open_chain(&epoch, 8, &first, &found, NULL), VG_OK);
    cr_assert_eq(open_chain(&epoch, 9, &first, &found, &error), VG_INTEGRITY);
    cr_assert(strstr(error.text, "epoch 2: its chain does not open") != NULL, "%s", error.text);
    cr_assert_eq(open_chain(&epoch, 8, &epoch, &found, &error), VG_INTEGRITY);
    cr_assert(strstr(error.text, "leads to another epoch") != NULL, "%s", error.text);
    other = first;
    other.compartment = id_of(3);
    cr_assert_eq(open_chain(&epoch, 8, &other, &found, NULL), VG_INTEGRITY);
    other = first;
    other.commitment.bytes[0] ^= 1;
    cr_assert_eq(open_chain(&epoch, 8, &other, &found, &error), VG_INTEGRITY);
    cr_assert(strstr(error.text, "to another key than the epoch before") != NULL, "%s", error.text);
    cr_assert(all_zero(found.bytes, sizeof found.bytes));
    for (size_t bit = 0; bit < 8 * sizeof epoch.chain; bit++) {
        other = epoch;
        other.chain[bit / 8] ^= (uint8_t)(1U << bit % 8);
        cr_assert_eq(open_chain(&other, 8, &first, &found, NULL), VG_INTEGRITY, "bit %zu", bit);
        cr_assert(all_zero(found.bytes, sizeof found.bytes));
    }
}

Test(compartment, nothing_is_wrapped_to_a_key_of_low_order)
{
    struct compartment_epoch epoch = sample();
    vg_hash cluster = hash_of(1);
    vg_cipher_key key = key_of(3);
    vg_box_public zero = {{0}}, one = {{1}};
    uint8_t seed[VG_SEED_SIZE] = {1};
    vg_node_id three = {3};
    cr_assert_eq(compartment_epoch_wrap(&epoch, &cluster, &key, three, &zero, seed, NULL),
                 VG_INVALID);
    cr_assert_eq(compartment_epoch_wrap(&epoch, &cluster, &key, three, &one, seed, NULL),
                 VG_INVALID);
    cr_assert_eq(epoch.wrap_count, 2);
}

/* The epoch after `before` under a data key of this byte. */
static struct compartment_epoch after(const struct compartment_epoch *before, uint8_t byte)
{
    vg_hash cluster = hash_of(1);
    vg_id compartment = id_of(2);
    vg_cipher_key key = key_of(byte);
    struct compartment_epoch epoch;
    compartment_epoch_begin(&epoch, &cluster, &compartment, before, NULL, &key);
    wrap(&epoch, &key, recovery, 4, 9);
    return epoch;
}

Test(compartment, epochs_follow_one_another_and_no_other)
{
    struct compartment_epoch first = sample();
    struct compartment_epoch second = after(&first, 10), rival = after(&first, 11);
    struct compartment_epoch third = after(&second, 12), of_rival = after(&rival, 13);
    struct vg_error error = {0};
    cr_assert_eq(compartment_epoch_follows(NULL, &first, NULL), VG_OK);
    cr_assert_eq(compartment_epoch_follows(&first, &second, NULL), VG_OK);
    cr_assert_eq(compartment_epoch_follows(&second, &third, NULL), VG_OK);
    cr_assert_eq(compartment_epoch_follows(NULL, &second, NULL), VG_CONFLICT);
    cr_assert_eq(compartment_epoch_follows(&first, &first, NULL), VG_CONFLICT);
    cr_assert_eq(compartment_epoch_follows(&first, &third, NULL), VG_CONFLICT);
    cr_assert_eq(compartment_epoch_follows(&third, &second, NULL), VG_CONFLICT);
    cr_assert_eq(compartment_epoch_follows(&second, &rival, NULL), VG_CONFLICT);
    cr_assert_eq(compartment_epoch_follows(&second, &of_rival, &error), VG_CONFLICT);
    cr_assert(strstr(error.text, "after another epoch 2") != NULL, "%s", error.text);
}

Test(compartment, an_epoch_of_another_compartment_or_without_recovery_is_refused)
{
    struct compartment_epoch first = sample(), next = after(&first, 10);
    next.compartment = id_of(3);
    cr_assert_eq(compartment_epoch_follows(&first, &next, NULL), VG_INVALID);
    next = after(&first, 10);
    next.wrap_count = 0;
    cr_assert_eq(compartment_epoch_follows(&first, &next, NULL), VG_INVALID);
}

/* A record of many wraps comes back, whatever their bytes; every cut of it is refused. */
Test(compartment, a_full_record_comes_back_and_no_part_of_it_decodes)
{
    struct vg_prng random = vg_prng_seed(4);
    struct compartment_epoch epoch = sample(), back;
    uint8_t record[COMPARTMENT_EPOCH_MAX + 1] = {0}, again[COMPARTMENT_EPOCH_MAX];
    for (epoch.wrap_count = 2; epoch.wrap_count < COMPARTMENT_WRAPS_MAX; epoch.wrap_count++) {
        struct compartment_wrap *at = &epoch.wraps[epoch.wrap_count];
        at->holder.value = at[-1].holder.value + 1 + vg_prng_next(&random) % 5;
        vg_prng_fill(&random, at->unwrap.bytes, sizeof at->unwrap.bytes);
        vg_prng_fill(&random, at->box, sizeof at->box);
    }
    size_t size = compartment_epoch_encode(&epoch, record);
    cr_assert_eq(size, COMPARTMENT_EPOCH_MAX);
    cr_assert_eq(compartment_epoch_decode(vg_span_of(record, size), &back, NULL), VG_OK);
    cr_assert_eq(compartment_epoch_encode(&back, again), size);
    cr_assert_arr_eq(record, again, size);
    for (size_t cut = 0; cut <= size + 1; cut++) {
        if (cut != size)
            cr_assert_eq(compartment_epoch_decode(vg_span_of(record, cut), &back, NULL),
                         VG_INVALID);
    }
}

Test(compartment, a_record_with_holders_out_of_order_or_a_chain_out_of_place_does_not_decode)
{
    static const uint64_t second[] = {0, 1, 2};
    struct compartment_epoch epoch, back;
    uint8_t record[COMPARTMENT_EPOCH_MAX];
    for (size_t i = 0; i < sizeof second / sizeof second[0]; i++) {
        epoch = sample();
        epoch.wraps[0].holder.value = 1;
        epoch.wraps[1].holder.value = second[i];
        vg_span bytes = vg_span_of(record, compartment_epoch_encode(&epoch, record));
        cr_assert_eq(compartment_epoch_decode(bytes, &back, NULL) == VG_OK, second[i] == 2);
    }
    epoch = sample();
    epoch.epoch = 0;
    vg_span none = vg_span_of(record, compartment_epoch_encode(&epoch, record));
    cr_assert_eq(compartment_epoch_decode(none, &back, NULL), VG_INVALID);
    epoch = chained();
    memset(epoch.chain, 0, sizeof epoch.chain);
    none = vg_span_of(record, compartment_epoch_encode(&epoch, record));
    cr_assert_eq(compartment_epoch_decode(none, &back, NULL), VG_INVALID);
    epoch = sample();
    epoch.chain[0] = 1;
    none = vg_span_of(record, compartment_epoch_encode(&epoch, record));
    cr_assert_eq(compartment_epoch_decode(none, &back, NULL), VG_INVALID);
    epoch = sample();
    epoch.compartment = (vg_id){{0}};
    none = vg_span_of(record, compartment_epoch_encode(&epoch, record));
    cr_assert_eq(compartment_epoch_decode(none, &back, NULL), VG_INVALID);
}
