/* SPDX-License-Identifier: Apache-2.0
 * The keyring of a running node: which data keys it has, and why it has not. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "node/keyring/keyring.h"

static char folder[32], path[64];
static const vg_hash place = {{1}};
static const vg_id sealed = {{2}}, other = {{3}}, first = {{4}};
static struct vg_identity self = {.kind = VG_IDENTITY_NODE, .node = {7}};
static vg_box_public unwrap, first_unwrap; /* this node's, of `sealed` and of `first` */
static struct keyring *keyring;
static struct vg_error error;
static const struct vg_since since = {5, 1234567890123};

static void set_up(void)
{
    struct vg_keyring file = {.count = 0};
    const uint8_t seed[VG_SEED_SIZE] = {4};
    vg_crypto_init();
    vg_signer_ed25519.keypair(seed, &self.pub, &self.secret);
    snprintf(folder, sizeof folder, "/tmp/vigil-keyring-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/keyring", folder);
    unwrap = vg_keyring_add(&file, &self, &vg_keyring_directory)->key;
    first_unwrap = vg_keyring_add(&file, &self, &vg_keyring_first)->key;
    cr_assert_eq(vg_keyring_write(path, &file, &self, &error), VG_OK);
    cr_assert_eq(keyring_open(path, &self, &sealed, &first, &keyring, &error), VG_OK, "%s",
                 error.text);
}

static void tear_down(void)
{
    keyring_close(keyring);
    unlink(path);
    rmdir(folder);
}

TestSuite(node_keyring, .init = set_up, .fini = tear_down);

static vg_cipher_key key_of(uint64_t number)
{
    vg_cipher_key key = {{0x66}};
    memcpy(key.bytes + 1, &number, sizeof number);
    return key;
}

/* An epoch of a compartment after nothing that is known here, wrapped for one node's key. */
static struct compartment_epoch epoch_for(const vg_id *compartment, uint64_t number, uint64_t node,
                                          const vg_box_public *to)
{
    struct compartment_epoch before = {.epoch = number - 1}, epoch;
    const uint8_t seed[VG_SEED_SIZE] = {5};
    vg_cipher_key key = key_of(number);
    compartment_epoch_begin(&epoch, &place, compartment, &before, NULL, &key);
    cr_assert_eq(compartment_epoch_wrap(&epoch, &place, &key, (vg_node_id){node}, to, seed, NULL),
                 VG_OK);
    return epoch;
}

static enum vg_code learn(uint64_t number)
{
    struct compartment_epoch epoch = epoch_for(&sealed, number, self.node.value, &unwrap);
    return keyring_learn(keyring, &epoch, &place, &error);
}

/* A record with the data key before it, after one that had it too. */
static struct compartment_epoch chained(uint64_t number, uint64_t node)
{
    struct compartment_epoch before = epoch_for(&sealed, number - 1, node, &unwrap), epoch;
    const uint8_t seed[VG_SEED_SIZE] = {5};
    vg_cipher_key key = key_of(number), key_before = key_of(number - 1);
    compartment_epoch_begin(&epoch, &place, &sealed, &before, &key_before, &key);
    cr_assert_eq(
        compartment_epoch_wrap(&epoch, &place, &key, (vg_node_id){node}, &unwrap, seed, NULL),
        VG_OK);
    return epoch;
}

static enum vg_code learn_chained(uint64_t number, uint64_t node)
{
    struct compartment_epoch epoch = chained(number, node);
    return keyring_learn(keyring, &epoch, &place, &error);
}

static bool has(uint64_t number)
{
    vg_cipher_key expected = key_of(number), key;
    return keyring_data_key(keyring, &sealed, number, &key) &&
           memcmp(&key, &expected, sizeof key) == 0;
}

Test(node_keyring, has_the_keys_it_has_learned_and_no_others)
{
    vg_cipher_key key;
    cr_assert_not(has(1));
    cr_assert_eq(keyring_epoch(keyring, &sealed), 0);
    cr_assert_eq(learn(1), VG_OK, "%s", error.text);
    cr_assert_eq(learn(1), VG_OK);
    cr_assert(has(1));
    cr_assert_not(has(2) || has(0));
    cr_assert_not(keyring_data_key(keyring, &other, 1, &key));
    cr_assert_eq(learn(2), VG_OK);
    cr_assert(has(1) && has(2));
    cr_assert_eq(keyring_epoch(keyring, &sealed), 2);
    cr_assert_eq(learn(1), VG_OK);
    cr_assert_eq(keyring_epoch(keyring, &sealed), 2);
}

Test(node_keyring, has_a_key_for_the_first_compartment_of_its_genesis)
{
    struct compartment_epoch epoch = epoch_for(&first, 1, self.node.value, &first_unwrap);
    vg_cipher_key key;
    cr_assert_eq(keyring_learn(keyring, &epoch, &place, &error), VG_OK, "%s", error.text);
    cr_assert(keyring_data_key(keyring, &first, 1, &key));
    epoch = epoch_for(&first, 2, self.node.value, &unwrap);
    cr_assert_eq(keyring_learn(keyring, &epoch, &place, &error), VG_INTEGRITY);
}

Test(node_keyring, says_why_it_has_no_key)
{
    struct compartment_epoch epoch = epoch_for(&sealed, 3, 8, &unwrap);
    cr_assert_eq(keyring_learn(keyring, &epoch, &place, &error), VG_NOT_FOUND);
    cr_assert_not_null(strstr(error.text, "holder 7: has no wrap"), "%s", error.text);
    epoch = epoch_for(&other, 1, 7, &unwrap);
    cr_assert_eq(keyring_learn(keyring, &epoch, &place, &error), VG_NOT_FOUND);
    cr_assert_not_null(strstr(error.text, "node 7 has no unwrap secret"), "%s", error.text);
    epoch = epoch_for(&sealed, 4, 7, &unwrap);
    epoch.commitment.bytes[0] ^= 1;
    cr_assert_eq(keyring_learn(keyring, &epoch, &place, &error), VG_INTEGRITY);
    cr_assert_eq(keyring_epoch(keyring, &sealed), 4);
    cr_assert_not(has(3) || has(4));
}

/* One wrap is enough for all that was sealed before: a node that is granted a compartment late. */
Test(node_keyring, one_wrap_opens_the_keys_of_all_epochs_before)
{
    cr_assert_eq(learn_chained(2, 8), VG_NOT_FOUND);
    cr_assert_eq(learn_chained(3, 8), VG_NOT_FOUND);
    cr_assert_not(has(2) || has(3));
    cr_assert_eq(learn_chained(4, 7), VG_OK);
    cr_assert(has(4) && has(2) && has(3));
    cr_assert_not(has(1), "its own record was never seen");
    cr_assert_eq(learn(1), VG_OK);
    cr_assert(has(1));
    cr_assert_eq(learn_chained(2, 8), VG_OK);
}

Test(node_keyring, a_chain_that_leads_astray_is_not_followed)
{
    struct compartment_epoch astray = chained(4, 7);
    cr_assert_eq(learn_chained(2, 8), VG_NOT_FOUND);
    cr_assert_eq(learn_chained(3, 8), VG_NOT_FOUND);
    astray.chain[0] ^= 1;
    cr_assert_eq(keyring_learn(keyring, &astray, &place, &error), VG_OK);
    cr_assert(has(4));
    cr_assert_not(has(3) || has(2));
    cr_assert_eq(learn_chained(3, 8), VG_NOT_FOUND);
    cr_assert_not_null(strstr(error.text, "has no wrap"), "%s", error.text);
}

/* Only so many are kept, the latest always; one that went is had again by the chain. */
Test(node_keyring, what_went_out_of_hand_is_had_again)
{
    cr_assert_eq(learn(1), VG_OK);
    for (uint64_t number = 2; number <= 2 * KEYRING_DATA_KEYS_MAX; number++)
        cr_assert_eq(learn_chained(number, number == 2 * KEYRING_DATA_KEYS_MAX ? 7 : 8),
                     number == 2 * KEYRING_DATA_KEYS_MAX ? VG_OK : VG_NOT_FOUND);
    for (uint64_t number = 1; number <= 2 * KEYRING_DATA_KEYS_MAX; number++)
        cr_assert(has(number), "%d", (int)number);
    cr_assert(has(2 * KEYRING_DATA_KEYS_MAX) && has(1));
}

/* ---- destroying --------------------------------------------------------------------------------
 */

static struct keyring *open_again(void)
{
    struct keyring *again;
    cr_assert_eq(keyring_open(path, &self, &sealed, &first, &again, &error), VG_OK, "%s",
                 error.text);
    return again;
}

Test(node_keyring, destroys_the_secret_in_the_file_and_every_data_key)
{
    struct compartment_epoch epoch = epoch_for(&sealed, 1, 7, &unwrap);
    cr_assert_eq(learn(1), VG_OK);
    cr_assert_eq(keyring_destroy(keyring, path, &self, &other, &error), VG_OK);
    cr_assert(has(1));
    cr_assert_eq(keyring_destroy(keyring, path, &self, &sealed, &error), VG_OK, "%s", error.text);
    cr_assert_not(has(1));
    cr_assert_eq(keyring_destroy(keyring, path, &self, &sealed, &error), VG_OK);
    cr_assert_eq(learn(1), VG_NOT_FOUND);
    keyring_close(keyring);
    keyring = open_again();
    cr_assert_eq(keyring_learn(keyring, &epoch, &place, &error), VG_NOT_FOUND);
    cr_assert_not_null(strstr(error.text, "has no unwrap secret"), "%s", error.text);
}

/* The directory's is in the file under another name, and stays so. */
Test(node_keyring, destroying_one_leaves_the_others)
{
    struct vg_keyring file;
    cr_assert_eq(vg_keyring_read(path, &self, &file, &error), VG_OK);
    unwrap = vg_keyring_add(&file, &self, &other)->key;
    cr_assert_eq(vg_keyring_write(path, &file, &self, &error), VG_OK);
    keyring_close(keyring);
    keyring = open_again();
    cr_assert_eq(keyring_destroy(keyring, path, &self, &other, &error), VG_OK);
    cr_assert_eq(vg_keyring_read_public(path, &self, &file, &error), VG_OK, "%s", error.text);
    cr_assert_null(vg_keyring_find(&file, &other));
    cr_assert_not_null(vg_keyring_find(&file, &vg_keyring_directory));
    unwrap = vg_keyring_find(&file, &vg_keyring_directory)->pub.key;
    keyring_close(keyring);
    keyring = open_again();
    cr_assert_eq(learn(1), VG_OK, "%s", error.text);
}

Test(node_keyring, a_file_that_cannot_be_replaced_is_said_and_tried_again)
{
    char aside[80];
    snprintf(aside, sizeof aside, "%s-aside", folder);
    cr_assert_eq(learn(1), VG_OK);
    cr_assert_eq(rename(folder, aside), 0);
    cr_assert_neq(keyring_destroy(keyring, path, &self, &sealed, &error), VG_OK);
    cr_assert_not(has(1), "it is gone from memory all the same");
    cr_assert_eq(rename(aside, folder), 0);
    error = (struct vg_error){.code = VG_OK};
    cr_assert_eq(keyring_destroy(keyring, path, &self, &sealed, &error), VG_OK, "%s", error.text);
    keyring_close(keyring);
    keyring = open_again();
    cr_assert_eq(learn(1), VG_NOT_FOUND);
}

/* Only so many are kept; one that went is learned again. */
Test(node_keyring, keeps_the_latest_keys)
{
    for (uint64_t number = 1; number <= KEYRING_DATA_KEYS_MAX + 1; number++)
        cr_assert_eq(learn(number), VG_OK);
    cr_assert_not(has(1));
    cr_assert(has(2) && has(KEYRING_DATA_KEYS_MAX + 1));
    cr_assert_eq(learn(1), VG_OK);
    cr_assert(has(1));
    cr_assert_eq(keyring_epoch(keyring, &sealed), KEYRING_DATA_KEYS_MAX + 1);
}

Test(node_keyring, an_epoch_it_cannot_open_costs_no_other_its_place)
{
    struct compartment_epoch foreign = epoch_for(&sealed, 9, 8, &unwrap);
    for (uint64_t number = 1; number <= KEYRING_DATA_KEYS_MAX; number++)
        cr_assert_eq(learn(number), VG_OK);
    foreign.epoch = KEYRING_DATA_KEYS_MAX + 1;
    cr_assert_eq(keyring_learn(keyring, &foreign, &place, &error), VG_NOT_FOUND);
    cr_assert(has(1));
}

Test(node_keyring, is_refused_where_the_file_is_missing_or_anothers)
{
    struct keyring *none;
    struct vg_identity stranger = self;
    stranger.secret.bytes[1] = 1;
    cr_assert_eq(keyring_open(path, &stranger, &sealed, &first, &none, &error), VG_INTEGRITY);
    unlink(path);
    cr_assert_eq(keyring_open(path, &self, &sealed, &first, &none, &error), VG_NOT_FOUND);
    cr_assert_not_null(strstr(error.text, path), "%s", error.text);
}

/* ---- offers and the next epoch -----------------------------------------------------------------
 */

Test(node_keyring, offers_a_key_that_is_in_the_file_and_opens_what_is_wrapped_to_it)
{
    struct vg_unwrap_key offer, again;
    struct vg_keyring file;
    cr_assert_eq(keyring_offer(keyring, path, &self, &other, since, &offer, &error), VG_OK, "%s",
                 error.text);
    cr_assert(vg_unwrap_verify(&vg_signer_ed25519, &offer, self.node, &self.pub));
    cr_assert(vg_id_equal(&offer.compartment, &other));
    cr_assert_eq(keyring_offer(keyring, path, &self, &other, since, &again, &error), VG_OK);
    cr_assert_eq(memcmp(&offer, &again, sizeof offer), 0);
    cr_assert_eq(vg_keyring_read(path, &self, &file, &error), VG_OK, "%s", error.text);
    cr_assert_not_null(vg_keyring_find(&file, &other));
    cr_assert_not_null(vg_keyring_find(&file, &vg_keyring_directory), "what there was stays");
    struct compartment_epoch epoch = epoch_for(&other, 1, self.node.value, &offer.key);
    cr_assert_eq(keyring_learn(keyring, &epoch, &place, &error), VG_OK, "%s", error.text);
    cr_assert_eq(learn(1), VG_OK, "the directory's opens as before");
}

/* Who has the first secret opens what was wrapped to it; the second is of another. */
Test(node_keyring, offers_another_key_once_the_first_is_destroyed)
{
    struct vg_unwrap_key offer, next;
    vg_box_public known;
    struct vg_since from;
    cr_assert_not(keyring_unwrap_key(keyring, &other, &known, &from));
    cr_assert_eq(keyring_offer(keyring, path, &self, &other, since, &offer, &error), VG_OK, "%s",
                 error.text);
    cr_assert(keyring_unwrap_key(keyring, &other, &known, &from));
    cr_assert_eq(memcmp(&known, &offer.key, sizeof known), 0);
    struct compartment_epoch epoch = epoch_for(&other, 1, self.node.value, &offer.key);
    cr_assert_eq(keyring_destroy(keyring, path, &self, &other, &error), VG_OK, "%s", error.text);
    cr_assert_not(keyring_unwrap_key(keyring, &other, &known, &from));
    cr_assert_eq(keyring_offer(keyring, path, &self, &other, since, &next, &error), VG_OK, "%s",
                 error.text);
    cr_assert_neq(memcmp(&next.key, &offer.key, sizeof next.key), 0);
    cr_assert_eq(keyring_learn(keyring, &epoch, &place, &error), VG_INTEGRITY);
    keyring_close(keyring);
    keyring = open_again();
    cr_assert_eq(keyring_learn(keyring, &epoch, &place, &error), VG_INTEGRITY);
}

Test(node_keyring, offers_nothing_for_the_directory_nor_what_it_could_not_write)
{
    struct vg_unwrap_key offer;
    cr_assert_eq(keyring_offer(keyring, path, &self, &sealed, since, &offer, &error), VG_INVALID);
    cr_assert_eq(keyring_offer(keyring, path, &self, &vg_keyring_directory, since, &offer, &error),
                 VG_INVALID);
    cr_assert_eq(keyring_offer(keyring, path, &self, &vg_keyring_first, since, &offer, &error),
                 VG_INVALID, "what the file calls the first before it is founded");
    unlink(path);
    cr_assert_neq(keyring_offer(keyring, path, &self, &other, since, &offer, &error), VG_OK);
    struct compartment_epoch epoch = epoch_for(&other, 1, self.node.value, &unwrap);
    cr_assert_eq(keyring_learn(keyring, &epoch, &place, &error), VG_NOT_FOUND);
}

/* The file was replaced, and whether for good is not known: it failed after that. */
Test(node_keyring, offers_what_the_file_has_and_memory_has_not)
{
    struct vg_keyring file;
    struct vg_unwrap_key offer;
    cr_assert_eq(vg_keyring_read(path, &self, &file, &error), VG_OK);
    vg_box_public there = vg_keyring_add(&file, &self, &other)->key;
    cr_assert_eq(vg_keyring_write(path, &file, &self, &error), VG_OK);
    cr_assert_eq(keyring_offer(keyring, path, &self, &other, since, &offer, &error), VG_OK, "%s",
                 error.text);
    cr_assert_eq(memcmp(&offer.key, &there, sizeof there), 0);
}

Test(node_keyring, says_of_each_key_since_when_it_is_there)
{
    static const vg_id later = {{9}};
    static const vg_id *const in_order[] = {&sealed, &other, &first, &later};
    static const struct vg_since founding, second = {7, 1234567890999};
    const struct vg_since expected[] = {founding, since, founding, second};
    struct vg_unwrap_key offer;
    cr_assert_eq(keyring_offer(keyring, path, &self, &later, second, &offer, &error), VG_OK);
    cr_assert_eq(keyring_offer(keyring, path, &self, &other, since, &offer, &error), VG_OK);
    cr_assert_eq(keyring_offer(keyring, path, &self, &other, second, &offer, &error), VG_OK);
    for (int life = 0; life < 2; life++) {
        vg_id at = {{0}};
        vg_box_public key, same;
        struct vg_since from, again;
        for (int i = 0; i < 4; i++) {
            cr_assert(keyring_next(keyring, &at, &key, &from));
            cr_assert(vg_id_equal(&at, in_order[i]), "%d", i);
            cr_assert_eq(memcmp(&from, &expected[i], sizeof from), 0, "%d", i);
            cr_assert(keyring_unwrap_key(keyring, &at, &same, &again));
            cr_assert(memcmp(&key, &same, sizeof key) == 0 &&
                      memcmp(&from, &again, sizeof from) == 0);
        }
        cr_assert_not(keyring_next(keyring, &at, &key, &from));
        keyring_close(keyring);
        keyring = open_again();
    }
}

static void *offer_another(void *compartment)
{
    struct vg_unwrap_key offer;
    struct vg_error why;
    enum vg_code code = keyring_offer(keyring, path, &self, compartment, since, &offer, &why);
    return code == VG_OK ? compartment : NULL;
}

/* What an offer has read from the file before it was destroyed does not come back with it. */
Test(node_keyring, destroys_one_while_another_is_offered)
{
    enum { ROUNDS = 100 };
    struct vg_unwrap_key offer;
    vg_box_public known;
    struct vg_since from;
    for (uint8_t round = 0; round < ROUNDS; round++) {
        vg_id another = {{0x80, round}};
        pthread_t thread;
        void *offered;
        cr_assert_eq(keyring_offer(keyring, path, &self, &other, since, &offer, &error), VG_OK);
        cr_assert_eq(pthread_create(&thread, NULL, offer_another, &another), 0);
        cr_assert_eq(keyring_destroy(keyring, path, &self, &other, &error), VG_OK);
        cr_assert_eq(pthread_join(thread, &offered), 0);
        cr_assert_not_null(offered);
        cr_assert_not(keyring_unwrap_key(keyring, &other, &known, &from), "round %d", round);
        cr_assert(keyring_unwrap_key(keyring, &another, &known, &from));
    }
}

/* A file that was renamed, and whose folder was not yet synced, is gone with the power. */
Test(node_keyring, destroys_in_the_file_again_what_is_gone_there)
{
    uint8_t before[4096], after[4096];
    size_t size, again;
    cr_assert_eq(keyring_destroy(keyring, path, &self, &sealed, &error), VG_OK);
    cr_assert_eq(vg_file_read_secret(path, VG_SECRET_OWN, before, sizeof before, &size, &error),
                 VG_OK);
    cr_assert_eq(keyring_destroy(keyring, path, &self, &sealed, &error), VG_OK);
    cr_assert_eq(vg_file_read_secret(path, VG_SECRET_OWN, after, sizeof after, &again, &error),
                 VG_OK);
    cr_assert(size != again || memcmp(before, after, size) != 0, "it has another nonce");
}

Test(node_keyring, makes_the_next_epoch_for_its_holders_with_the_key_before_in_its_chain)
{
    struct compartment_epoch now = epoch_for(&sealed, 1, self.node.value, &unwrap), next;
    const struct keyring_holder holders[] = {{{COMPARTMENT_RECOVERY}, unwrap}, {self.node, unwrap}};
    vg_cipher_key before = key_of(1), key, found;
    cr_assert_eq(keyring_next_epoch(keyring, &place, &now, holders, 2, &next, &error), VG_NOT_FOUND,
                 "without the key in force");
    cr_assert_eq(learn(1), VG_OK);
    cr_assert_eq(keyring_next_epoch(keyring, &place, &now, holders, 2, &next, &error), VG_OK, "%s",
                 error.text);
    cr_assert_eq(compartment_epoch_follows(&now, &next, &error), VG_OK, "%s", error.text);
    cr_assert_eq(next.wrap_count, 2);
    cr_assert_eq(keyring_learn(keyring, &next, &place, &error), VG_OK, "%s", error.text);
    cr_assert(keyring_data_key(keyring, &sealed, 2, &key));
    cr_assert_eq(compartment_chain_open(&next, &place, &key, &now, &place, &found, &error), VG_OK,
                 "%s", error.text);
    cr_assert_eq(memcmp(&found, &before, sizeof found), 0);
}

/* The record after one; `node` may open its wrap, unless it was given another key. */
static struct compartment_epoch after(const struct compartment_epoch *before, uint64_t node,
                                      uint64_t wrapped)
{
    struct compartment_epoch epoch;
    const uint8_t seed[VG_SEED_SIZE] = {6};
    vg_cipher_key key = key_of(before->epoch + 1), key_before = key_of(before->epoch),
                  other_key = key_of(wrapped);
    compartment_epoch_begin(&epoch, &place, &sealed, before, &key_before, &key);
    cr_assert_eq(
        compartment_epoch_wrap(&epoch, &place, &other_key, (vg_node_id){node}, &unwrap, seed, NULL),
        VG_OK);
    return epoch;
}

static struct compartment_ahead ahead;

/* Epoch 2 is in force, and the wrap of this node opens to another key. */
static struct compartment_epoch misled(void)
{
    struct compartment_epoch before = epoch_for(&sealed, 1, 7, &unwrap),
                             wanted = after(&before, 7, 99);
    cr_assert_eq(keyring_learn(keyring, &wanted, &place, &error), VG_INTEGRITY);
    compartment_ahead_begin(&ahead, &wanted, &place, &place);
    cr_assert_eq(keyring_learn_ahead(keyring, &ahead, &error), VG_NOT_FOUND);
    return wanted;
}

Test(node_keyring, a_later_wrap_opens_what_a_liar_has_wrapped_otherwise)
{
    struct compartment_epoch wanted = misled(), third = after(&wanted, 7, 99),
                             fourth = after(&third, 7, 4);
    cr_assert(compartment_ahead_add(&ahead, &third));
    cr_assert_eq(keyring_learn_ahead(keyring, &ahead, &error), VG_NOT_FOUND);
    cr_assert_not_null(strstr(error.text, "epoch 2, holder 7: no later record here leads"), "%s",
                       error.text);
    cr_assert(compartment_ahead_add(&ahead, &fourth));
    cr_assert_eq(keyring_learn_ahead(keyring, &ahead, &error), VG_OK, "%s", error.text);
    cr_assert(has(2));
    cr_assert_not(has(3) || has(4), "they may never come into force");
    cr_assert_eq(keyring_epoch(keyring, &sealed), 2);
}

/* Whoever makes records can have them lead anywhere, but not to a key of the one in force. */
Test(node_keyring, no_later_record_can_plant_a_key)
{
    struct compartment_epoch wanted = misled(), third;
    vg_cipher_key key = key_of(3), planted = key_of(77);
    const uint8_t seed[VG_SEED_SIZE] = {6};
    compartment_epoch_begin(&third, &place, &sealed, &wanted, &planted, &key);
    cr_assert_eq(compartment_epoch_wrap(&third, &place, &key, self.node, &unwrap, seed, NULL),
                 VG_OK);
    cr_assert(compartment_ahead_add(&ahead, &third));
    cr_assert_eq(keyring_learn_ahead(keyring, &ahead, &error), VG_NOT_FOUND);
    cr_assert_not(keyring_data_key(keyring, &sealed, 2, &key));
}

/* One that copies a record's commitment, with a chain of its own, does not stand in its way. */
Test(node_keyring, a_forged_copy_of_a_record_is_passed_by)
{
    struct compartment_epoch wanted = misled(), third = after(&wanted, 8, 3),
                             fourth = after(&third, 7, 4), forged = third;
    forged.chain[0] ^= 1;
    const struct compartment_epoch records[] = {forged, third, fourth};
    for (int i = 0; i < 3; i++)
        cr_assert(compartment_ahead_add(&ahead, &records[i]));
    cr_assert_eq(keyring_learn_ahead(keyring, &ahead, &error), VG_OK, "%s", error.text);
    cr_assert(has(2));
}

Test(node_keyring, only_so_many_later_records_are_kept_and_the_latest_is_tried)
{
    struct compartment_epoch wanted = misled(), useless = after(&wanted, 8, 3),
                             third = after(&wanted, 7, 3), fifth = chained(5, 7);
    cr_assert_not(compartment_ahead_add(&ahead, &fifth), "it follows from nothing here");
    for (int i = 0; i < 2 * COMPARTMENT_AHEAD_MAX; i++)
        cr_assert(compartment_ahead_add(&ahead, &useless));
    cr_assert_eq(ahead.count, COMPARTMENT_AHEAD_MAX);
    cr_assert_eq(keyring_learn_ahead(keyring, &ahead, &error), VG_NOT_FOUND);
    cr_assert(compartment_ahead_add(&ahead, &third));
    cr_assert_eq(keyring_learn_ahead(keyring, &ahead, &error), VG_OK, "%s", error.text);
    cr_assert(has(2));
}
