/* SPDX-License-Identifier: Apache-2.0
 * Entry format 1: frozen vectors first, then what every reader must refuse. A vector that changes
 * is a new format, never an edit here. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/text.h"
#include "proto/ledger/entry.h"
#include "proto/ledger/genesis.h"
#include "proto/ledger/tail.h"

static void setup(void)
{
    vg_crypto_init();
}

TestSuite(ledger, .init = setup);

static vg_hash hash_of_bytes(uint8_t byte)
{
    vg_hash hash;
    memset(hash.bytes, byte, sizeof hash.bytes);
    return hash;
}

static vg_id id_of_bytes(uint8_t byte)
{
    vg_id id;
    memset(id.bytes, byte, sizeof id.bytes);
    return id;
}

static void keys_of(uint8_t byte, vg_public_key *pub, vg_secret_key *secret)
{
    uint8_t seed[VG_SEED_SIZE];
    memset(seed, byte, sizeof seed);
    vg_signer_ed25519.keypair(seed, pub, secret);
}

/* One signed command with a fixed key, and its envelope and body, as bytes. */
static struct vg_buffer signed_sample(vg_public_key *pub)
{
    vg_secret_key secret;
    keys_of(7, pub, &secret);
    struct ledger_command command = {
        .cluster = hash_of_bytes(1),
        .compartment = id_of_bytes(2),
        .author = id_of_bytes(3),
        .request =
            vg_uuid7_make(1767225600000U, (const uint8_t[10]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10}),
        .expectations = {{.aspect = 1, .revision = 4}},
        .expectation_count = 1,
        .body = vg_span_text("\x93\x11\x01\xa2hi"),
    };
    struct vg_buffer bytes = {0};
    size_t size = ledger_command_size(&command);
    ledger_command_sign(&command, &vg_signer_ed25519, &secret, vg_buffer_extend(&bytes, size));
    return bytes;
}

static struct vg_buffer envelope_sample(vg_span signed_command)
{
    uint8_t salt[LEDGER_SALT_SIZE];
    memset(salt, 0x5a, sizeof salt);
    size_t size = ledger_body_size(signed_command.size);
    struct vg_buffer bytes = {0};
    uint8_t *at = vg_buffer_extend(&bytes, LEDGER_ENVELOPE_SIZE + size);
    struct ledger_envelope envelope = {
        .version = LEDGER_FORMAT,
        .cluster = hash_of_bytes(1),
        .type = LEDGER_SEALED,
        .compartment = id_of_bytes(2),
        .origin = {2},
        .id = id_of_bytes(9),
        .body_size = (uint32_t)size,
        .commitment = ledger_body_build(salt, signed_command, at + LEDGER_ENVELOPE_SIZE),
    };
    ledger_envelope_encode(&envelope, at);
    return bytes;
}

static struct ledger_tail *tail_of_two(void)
{
    vg_public_key pub;
    vg_hash cluster = hash_of_bytes(1);
    struct vg_buffer command = signed_sample(&pub);
    struct vg_buffer envelope = envelope_sample(vg_buffer_span(&command));
    struct ledger_tail *tail = ledger_tail_new(0, &cluster, 16);
    ledger_tail_append_own(tail, vg_buffer_span(&envelope), 1, 1767225600123U);
    ledger_tail_append_own(tail, vg_buffer_span(&envelope), 2, 1767225600124U);
    vg_buffer_free(&command);
    vg_buffer_free(&envelope);
    return tail;
}

static void expect_hex(vg_hash hash, const char *expected, const char *what)
{
    char text[VG_HASH_TEXT];
    vg_hex_format(vg_span_of(hash.bytes, sizeof hash.bytes), text);
    cr_expect_str_eq(text, expected, "%s is %s", what, text);
}

Test(ledger, frozen_vector_of_a_signed_command)
{
    vg_public_key pub;
    struct vg_buffer command = signed_sample(&pub);
    cr_assert_eq(command.size, 84 + 26 + 4 + 6 + 64);
    vg_span bytes = vg_buffer_span(&command);
    expect_hex(vg_hash_parts(VG_HASH_BODY, &bytes, 1),
               "aef9fec1861bcef56dcc03d955208d7f5c73cfbc872ea8e999e40e610caa8948",
               "signed command");
    vg_buffer_free(&command);
}

Test(ledger, frozen_vector_of_an_entry_and_its_chain)
{
    struct ledger_tail *tail = tail_of_two();
    vg_hash first, second;
    cr_assert(ledger_tail_hash_at(tail, 1, &first) && ledger_tail_hash_at(tail, 2, &second));
    expect_hex(first, "135aa7cf9eb0f4bbf06749d4b5c5af4cadee9f4205153f0b3f43ac4778de5fa5",
               "entry 1");
    expect_hex(second, "e4a1de04785090e8a691a7b4e40071ee5ff7846fc43d459db4da1d2d35ca0e3a",
               "entry 2");
    vg_span whole = vg_blob_span(ledger_tail_get(tail, 2));
    expect_hex(vg_hash_parts(VG_HASH_BODY, &whole, 1),
               "d195775b32b0c30418f0284d62f7a076676595d79f72d89c3f46c66c9c55e034",
               "bytes of entry 2");
    ledger_tail_free(tail);
}

static struct ledger_genesis sample_genesis(void)
{
    struct ledger_genesis genesis = {
        .version = LEDGER_GENESIS_VERSION,
        .flags = LEDGER_GENESIS_CLEAR,
        .created_ms = 1767225600000U,
        .directory = id_of_bytes(4),
        .first = id_of_bytes(5),
        .members = {{.id = {1}, .region = "apac"},
                    {.id = {2}, .region = "emea"},
                    {.id = {5}, .region = "amer"}},
        .member_count = 3,
        .people = {{.id = id_of_bytes(6), .bits = LEDGER_PERSON_OPERATOR}, {.id = id_of_bytes(7)}},
        .person_count = 2,
    };
    return genesis;
}

static struct vg_keys bound_keys(const struct vg_holder *holder, uint8_t number)
{
    const uint8_t seed[VG_SEED_SIZE] = {number, number}; /* X25519 has no lowest three bits */
    struct vg_keys keys;
    vg_secret_key secret;
    vg_channel_secret unused;
    vg_signer_ed25519.keypair(seed, &keys.key, &secret);
    vg_channel_keypair(seed, &keys.channel, &unused);
    vg_binding_sign(&vg_signer_ed25519, holder, &keys.channel, &secret, &keys.binding);
    return keys;
}

/* The same with keys, from the seeds 1, 1, 0, ... to 5, 5, 0, ... */
static struct ledger_genesis genesis_with_keys(void)
{
    struct ledger_genesis genesis = sample_genesis();
    uint8_t number = 0;
    for (uint32_t i = 0; i < genesis.member_count; i++) {
        struct vg_holder holder = {.kind = VG_IDENTITY_NODE, .node = genesis.members[i].id};
        genesis.members[i].keys = bound_keys(&holder, ++number);
    }
    for (uint32_t i = 0; i < genesis.person_count; i++) {
        struct vg_holder holder = {.kind = VG_IDENTITY_PERSON, .person = genesis.people[i].id};
        genesis.people[i].keys = bound_keys(&holder, ++number);
    }
    return genesis;
}

Test(ledger, frozen_vector_of_a_genesis)
{
    struct ledger_genesis genesis = genesis_with_keys(), back;
    uint8_t bytes[LEDGER_GENESIS_MAX];
    size_t size = ledger_genesis_encode(&genesis, bytes);
    expect_hex(ledger_genesis_hash(vg_span_of(bytes, size)),
               "9fd8a14796ed755c4129c07edfcee3df95710e582a69428f208c6df4da873492", "genesis");
    cr_assert_eq(ledger_genesis_decode(vg_span_of(bytes, size), &back, NULL), VG_OK);
    uint8_t again[LEDGER_GENESIS_MAX];
    size_t again_size = ledger_genesis_encode(&back, again);
    cr_assert(vg_span_equal(vg_span_of(bytes, size), vg_span_of(again, again_size)));
}

Test(ledger, a_genesis_that_is_cut_or_altered_is_refused_or_another_cluster)
{
    struct ledger_genesis genesis = sample_genesis(), back;
    uint8_t bytes[LEDGER_GENESIS_MAX];
    size_t size = ledger_genesis_encode(&genesis, bytes);
    vg_hash cluster = ledger_genesis_hash(vg_span_of(bytes, size));
    for (size_t cut = 0; cut < size; cut++)
        cr_assert_eq(ledger_genesis_decode(vg_span_of(bytes, cut), &back, NULL), VG_INVALID);
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        vg_hash other = ledger_genesis_hash(vg_span_of(bytes, size));
        cr_assert(!vg_hash_equal(&cluster, &other), "bit %zu", bit);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* The sample with both compartments sealed, for the same keys of recovery and members. */
static struct ledger_genesis sealed_genesis(void)
{
    struct ledger_genesis genesis = sample_genesis();
    const uint8_t seeds[4][VG_SEED_SIZE] = {{1}, {2}, {3}, {4}};
    const vg_cipher_key keys[LEDGER_FOUNDED] = {{{1}}, {{2}}};
    vg_box_public unwraps[4];
    vg_box_secret secret;
    for (size_t i = 0; i < 4; i++)
        vg_box_keypair(seeds[i], &unwraps[i], &secret);
    genesis.flags = 0;
    for (uint32_t i = 0; i < LEDGER_FOUNDED; i++)
        cr_assert_eq(ledger_genesis_seal(&genesis, i, &keys[i], unwraps, seeds, NULL), VG_OK);
    return genesis;
}

static enum vg_code decode_again(const struct ledger_genesis *genesis, struct vg_error *error)
{
    struct ledger_genesis back;
    uint8_t bytes[LEDGER_GENESIS_MAX];
    return ledger_genesis_decode(vg_span_of(bytes, ledger_genesis_encode(genesis, bytes)), &back,
                                 error);
}

static void expect_refused(const struct ledger_genesis *genesis, const char *why)
{
    struct vg_error error = {.text = ""};
    cr_assert_eq(decode_again(genesis, &error), VG_INVALID, "%s", why);
    cr_assert_not_null(strstr(error.text, why), "%s", error.text);
}

Test(ledger, a_genesis_has_the_first_epoch_of_both_compartments_for_each_member)
{
    static const char *const names[LEDGER_FOUNDED] = {"the directory", "the first compartment"};
    struct ledger_genesis genesis = sealed_genesis();
    struct vg_error error = {0};
    cr_assert_eq(decode_again(&genesis, &error), VG_OK, "%s", error.text);
    for (int i = 0; i < LEDGER_FOUNDED; i++) {
        struct compartment_epoch *epoch = &genesis.epochs[i];
        genesis = sealed_genesis();
        epoch->previous = hash_of_bytes(1);
        expect_refused(&genesis, names[i]);
        genesis = sealed_genesis();
        epoch->compartment = genesis.epochs[1 - i].compartment;
        expect_refused(&genesis, "a first epoch of another compartment");
        genesis = sealed_genesis();
        epoch->wrap_count--;
        expect_refused(&genesis, "a first epoch without a wrap for each member");
        genesis = sealed_genesis();
        epoch->wraps[3].holder.value++;
        expect_refused(&genesis, "a first epoch without a wrap for each member");
        genesis = sealed_genesis();
        epoch->epoch = 0;
        expect_refused(&genesis, "in clear, without the flag");
        genesis.flags = LEDGER_GENESIS_CLEAR;
        cr_assert_eq(decode_again(&genesis, &error), VG_OK, "%s", error.text);
        cr_assert_null(
            ledger_genesis_epoch(&genesis, i == 0 ? &genesis.directory : &genesis.first));
    }
    genesis.flags = 2;
    expect_refused(&genesis, "flags this build does not know");
}

Test(ledger, a_genesis_says_of_each_member_in_which_region_it_is)
{
    static const char *const bad[] = {"", "\xff"};
    struct ledger_genesis genesis = sample_genesis(), back;
    struct ledger_member *second = &genesis.members[1];
    uint8_t bytes[LEDGER_GENESIS_MAX];
    memset(second->region, 'r', VG_NAME_MAX);
    size_t size = ledger_genesis_encode(&genesis, bytes);
    cr_assert_eq(ledger_genesis_decode(vg_span_of(bytes, size), &back, NULL), VG_OK);
    cr_assert_str_eq(back.members[1].region, second->region);
    cr_assert_str_eq(back.members[2].region, "amer");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(second->region, sizeof second->region, "%s", bad[i]);
        expect_refused(&genesis, "a member's region that is no text");
    }
    snprintf(second->region, sizeof second->region, "r");
    size = ledger_genesis_encode(&genesis, bytes);
    const size_t place = 77 + (8 + 1 + 4 + 128) + 8; /* of the size: the first member is in apac */
    cr_assert_eq(bytes[place], 1);
    bytes[place] = VG_NAME_MAX + 1;
    cr_assert_eq(ledger_genesis_decode(vg_span_of(bytes, size), &back, NULL), VG_INVALID);
}

/* Salt, then the wraps are made: the holder of a member's secret gets the key, of each its own. */
Test(ledger, the_keys_of_a_sealed_genesis_are_its_members)
{
    struct ledger_genesis genesis = sealed_genesis();
    const uint8_t seed[VG_SEED_SIZE] = {3}; /* the second member's */
    vg_box_public pub;
    vg_box_secret secret;
    vg_cipher_key key;
    vg_box_keypair(seed, &pub, &secret);
    for (int i = 0; i < LEDGER_FOUNDED; i++) {
        const struct compartment_epoch *epoch =
            ledger_genesis_epoch(&genesis, i == 0 ? &genesis.directory : &genesis.first);
        vg_hash place = ledger_genesis_place(&genesis);
        const vg_node_id second = {2};
        cr_assert_eq(epoch, &genesis.epochs[i]);
        cr_assert_eq(compartment_unwrap(epoch, &place, second, &secret, &key, NULL), VG_OK);
        cr_assert_eq(key.bytes[0], i + 1);
        place.bytes[0] ^= 1;
        cr_assert_eq(compartment_unwrap(epoch, &place, second, &secret, &key, NULL), VG_INTEGRITY);
    }
}

Test(ledger, a_genesis_with_an_epoch_that_is_cut_is_refused)
{
    struct ledger_genesis genesis = sealed_genesis(), back;
    uint8_t bytes[LEDGER_GENESIS_MAX];
    size_t size = ledger_genesis_encode(&genesis, bytes);
    for (size_t cut = 0; cut < size; cut++)
        cr_assert_eq(ledger_genesis_decode(vg_span_of(bytes, cut), &back, NULL), VG_INVALID);
}

Test(ledger, a_genesis_of_the_first_version_is_refused_with_the_remedy)
{
    struct ledger_genesis genesis = sample_genesis(), back;
    struct vg_error error = {.text = ""};
    uint8_t bytes[LEDGER_GENESIS_MAX];
    size_t size = ledger_genesis_encode(&genesis, bytes);
    bytes[0] = 1;
    cr_assert_eq(ledger_genesis_decode(vg_span_of(bytes, size), &back, &error), VG_INVALID);
    cr_assert_str_eq(error.text,
                     "genesis: of version 1, and this build reads version 3; make a new cluster");
}

/* Each bit of whose keys they are, of both keys and of the binding counts, and who it is is named.
 */
Test(ledger, a_genesis_is_checked_binding_by_binding)
{
    struct ledger_genesis genesis = genesis_with_keys();
    struct vg_error error = {.text = ""};
    cr_assert_eq(ledger_genesis_check(&genesis, &vg_signer_ed25519, &error), VG_OK, "%s",
                 error.text);
    uint8_t *keys = (uint8_t *)&genesis.members[1].keys;
    for (size_t bit = 0; bit < sizeof genesis.members[1].keys * 8; bit++) {
        keys[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_eq(ledger_genesis_check(&genesis, &vg_signer_ed25519, &error), VG_INTEGRITY,
                     "bit %zu", bit);
        cr_assert(strstr(error.text, "the keys of node 2 are not bound") != NULL, "%s", error.text);
        keys[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    genesis.people[1].id.bytes[15] ^= 1;
    cr_assert_eq(ledger_genesis_check(&genesis, &vg_signer_ed25519, &error), VG_INTEGRITY);
    cr_assert(strstr(error.text, "the keys of person 07") != NULL, "%s", error.text);
}

Test(ledger, nobody_in_a_genesis_has_a_key_of_another)
{
    struct ledger_genesis genesis = genesis_with_keys();
    struct vg_error error = {.text = ""};
    struct ledger_person *person = &genesis.people[0];
    struct vg_holder holder = {.kind = VG_IDENTITY_PERSON, .person = person->id};
    person->keys = bound_keys(&holder, 3); /* as node 5 */
    cr_assert_eq(ledger_genesis_check(&genesis, &vg_signer_ed25519, &error), VG_INVALID);
    cr_assert(strstr(error.text, "is one of node 5 too") != NULL, "%s", error.text);

    const uint8_t seed[VG_SEED_SIZE] = {4, 4};
    vg_secret_key secret;
    vg_signer_ed25519.keypair(seed, &person->keys.key, &secret);
    vg_binding_sign(&vg_signer_ed25519, &holder, &person->keys.channel, &secret,
                    &person->keys.binding);
    cr_assert_eq(ledger_genesis_check(&genesis, &vg_signer_ed25519, &error), VG_INVALID,
                 "the channel key of node 5 alone");
    vg_channel_secret unused;
    vg_channel_keypair(seed, &person->keys.channel, &unused);
    vg_binding_sign(&vg_signer_ed25519, &holder, &person->keys.channel, &secret,
                    &person->keys.binding);
    cr_assert_eq(ledger_genesis_check(&genesis, &vg_signer_ed25519, &error), VG_OK, "%s",
                 error.text);
}

Test(ledger, every_flipped_bit_of_an_entry_is_noticed)
{
    struct ledger_tail *tail = tail_of_two();
    struct vg_blob *entry = vg_blob_copy(vg_blob_span(ledger_tail_get(tail, 1)));
    vg_hash hash;
    ledger_tail_hash_at(tail, 1, &hash);
    for (size_t bit = 0; bit < entry->size * 8; bit++) {
        struct ledger_view view;
        entry->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        bool noticed = ledger_parse(vg_blob_span(entry), &view, NULL) != VG_OK ||
                       !vg_hash_equal(&view.hash, &hash);
        cr_assert(noticed, "bit %zu", bit);
        entry->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    vg_blob_unref(entry);
    ledger_tail_free(tail);
}

Test(ledger, the_chain_verifies_without_the_body)
{
    struct ledger_tail *tail = tail_of_two();
    struct ledger_view one, two;
    ledger_parse(vg_blob_span(ledger_tail_get(tail, 1)), &one, NULL);
    ledger_parse(vg_blob_span(ledger_tail_get(tail, 2)), &two, NULL);
    vg_hash first = ledger_entry_hash(one.header_bytes);
    cr_assert(vg_hash_equal(&first, &two.header.previous));
    ledger_tail_free(tail);
}

Test(ledger, a_signature_holds_for_its_key_and_bytes_alone)
{
    vg_public_key pub, other;
    vg_secret_key secret;
    struct vg_buffer command = signed_sample(&pub);
    keys_of(8, &other, &secret);
    cr_assert(ledger_command_verify(vg_buffer_span(&command), &vg_signer_ed25519, &pub));
    cr_assert(!ledger_command_verify(vg_buffer_span(&command), &vg_signer_ed25519, &other));
    for (size_t i = 0; i < command.size; i += 5) {
        command.data[i] ^= 1;
        cr_assert(!ledger_command_verify(vg_buffer_span(&command), &vg_signer_ed25519, &pub),
                  "byte %zu", i);
        command.data[i] ^= 1;
    }
    vg_buffer_free(&command);
}

Test(ledger, a_signed_command_that_is_cut_or_longer_is_refused)
{
    vg_public_key pub;
    struct ledger_command command;
    struct vg_buffer bytes = signed_sample(&pub);
    for (size_t size = 0; size < bytes.size; size++)
        cr_assert_eq(ledger_command_decode(vg_span_of(bytes.data, size), &command, NULL),
                     VG_INVALID);
    vg_buffer_append(&bytes, "", 1);
    cr_assert_eq(ledger_command_decode(vg_buffer_span(&bytes), &command, NULL), VG_INVALID);
    vg_buffer_free(&bytes);
}

Test(ledger, a_body_opens_under_its_own_commitment_alone)
{
    uint8_t salt[LEDGER_SALT_SIZE] = {1}, body[512];
    for (size_t size = 0; size <= 300; size += 50) {
        uint8_t content[300] = {42};
        vg_span out, in = vg_span_of(content, size);
        size_t padded = ledger_body_size(size);
        cr_assert_eq(padded % LEDGER_BODY_UNIT, 0);
        vg_hash commitment = ledger_body_build(salt, in, body);
        vg_span whole = vg_span_of(body, padded);
        cr_assert_eq(ledger_body_open(whole, &commitment, &out, NULL), VG_OK, "size %zu", size);
        cr_assert(vg_span_equal(in, out));
        body[padded - 1] ^= 1;
        cr_assert_eq(ledger_body_open(whole, &commitment, &out, NULL), VG_INTEGRITY);
        body[padded - 1] ^= 1;
        commitment.bytes[0] ^= 1;
        cr_assert_eq(ledger_body_open(whole, &commitment, &out, NULL), VG_INTEGRITY);
    }
}

Test(ledger, an_entry_of_another_history_is_an_alarm)
{
    struct ledger_tail *tail = tail_of_two(), *other = tail_of_two();
    struct vg_blob *third = vg_blob_ref(ledger_tail_get(tail, 2));
    vg_hash first;
    struct ledger_view view;
    struct vg_error error;
    ledger_tail_hash_at(tail, 1, &first);
    ledger_parse(vg_blob_span(third), &view, NULL);
    cr_assert_eq(ledger_tail_append(other, third, &view, &error), VG_INTEGRITY);

    ledger_tail_truncate(other, 2, &first);
    cr_assert_eq(ledger_tail_append(other, third, &view, &error), VG_OK);
    ledger_tail_truncate(other, 1, &(vg_hash){{0}});
    struct ledger_view one;
    ledger_parse(vg_blob_span(ledger_tail_get(tail, 1)), &one, NULL);
    cr_assert_eq(ledger_tail_append(other, ledger_tail_get(tail, 1), &one, &error), VG_INTEGRITY);
    vg_blob_unref(third);
    ledger_tail_free(tail);
    ledger_tail_free(other);
}

Test(ledger, the_tail_keeps_what_is_not_durable_and_lets_the_rest_go)
{
    vg_public_key pub;
    vg_hash cluster = hash_of_bytes(1);
    struct vg_buffer command = signed_sample(&pub);
    struct vg_buffer envelope = envelope_sample(vg_buffer_span(&command));
    struct ledger_tail *tail = ledger_tail_new(0, &cluster, 8);
    for (int i = 0; i < 200; i++)
        ledger_tail_append_own(tail, vg_buffer_span(&envelope), 1, 5);
    cr_assert_not_null(ledger_tail_get(tail, 1));
    ledger_tail_set_durable(tail, 150);
    cr_assert_null(ledger_tail_get(tail, 150));
    cr_assert_not_null(ledger_tail_get(tail, 151));
    ledger_tail_set_durable(tail, 200);
    cr_assert_null(ledger_tail_get(tail, 192));
    cr_assert_not_null(ledger_tail_get(tail, 193));
    vg_buffer_free(&command);
    vg_buffer_free(&envelope);
    ledger_tail_free(tail);
}
