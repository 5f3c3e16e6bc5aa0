/* SPDX-License-Identifier: Apache-2.0
 * The keyring's file: what was written is read by its node alone, and nothing else is. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/keyring.h"

static char folder[32], path[64];
static struct vg_identity self, other; /* nodes 7 and 8 */
static struct vg_error error;

static void set_up(void)
{
    vg_crypto_init();
    vg_identity_make(VG_IDENTITY_NODE, &vg_keyring_directory, (vg_node_id){7}, &self);
    vg_identity_make(VG_IDENTITY_NODE, &vg_keyring_directory, (vg_node_id){8}, &other);
    snprintf(folder, sizeof folder, "/tmp/vigil-keyring-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/keyring", folder);
}

static void tear_down(void)
{
    unlink(path);
    rmdir(folder);
}

TestSuite(keyring, .init = set_up, .fini = tear_down);

/* A keyring of `count` compartments, written. */
static struct vg_keyring written(uint32_t count)
{
    struct vg_keyring keyring = {.count = 0};
    for (uint32_t i = 0; i < count; i++) {
        vg_id compartment = {{1, (uint8_t)(i >> 8), (uint8_t)i}};
        vg_keyring_add(&keyring, &self, &compartment);
    }
    cr_assert_eq(vg_keyring_write(path, &keyring, &self, &error), VG_OK, "%s", error.text);
    return keyring;
}

static void put(const struct vg_buffer *file, size_t size)
{
    cr_assert_eq(vg_file_write(path, vg_span_of(file->data, size), 0600, &error), VG_OK);
}

Test(keyring, comes_back_whole)
{
    static const uint32_t counts[] = {0, 1, 2, VG_KEYRING_MAX};
    struct stat info;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct vg_keyring keyring = written(counts[i]), back;
        cr_assert_eq(vg_keyring_read(path, &self, &back, &error), VG_OK, "%s", error.text);
        cr_assert_eq(back.count, counts[i]);
        cr_assert_arr_eq(keyring.unwraps, back.unwraps, counts[i] * sizeof keyring.unwraps[0]);
    }
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
}

Test(keyring, an_added_secret_is_that_of_its_public_half_and_found_again)
{
    struct vg_keyring keyring = {.count = 0};
    vg_id compartment = {{1}}, none = {{2}};
    const uint8_t seed[VG_SEED_SIZE] = {3}, nonce[VG_NONCE_SIZE] = {4};
    vg_box_public from_pub;
    vg_box_secret from;
    uint8_t box[5 + VG_TAG_SIZE], clear[5];
    vg_box_keypair(seed, &from_pub, &from);
    const struct vg_unwrap_key *added = vg_keyring_add(&keyring, &self, &compartment);
    cr_assert(vg_box_seal(&added->key, &from, nonce, vg_span_text("hello"), box));
    cr_assert(vg_box_open(&vg_keyring_find(&keyring, &compartment)->secret, &from_pub, nonce,
                          vg_span_of(box, sizeof box), clear));
    cr_assert_null(vg_keyring_find(&keyring, &none));
}

Test(keyring, each_compartment_has_a_state_key_of_its_own)
{
    struct vg_keyring one = written(2), again = written(2);
    const struct vg_unwrap *keys[] = {&one.unwraps[0], &one.unwraps[1], &again.unwraps[0],
                                      &again.unwraps[1]};
    const vg_cipher_key none = {{0}};
    for (size_t i = 0; i < 4; i++) {
        cr_assert_arr_neq(&keys[i]->state, &none, sizeof none);
        cr_assert_arr_neq(&keys[i]->state, &keys[i]->secret, sizeof none);
        for (size_t j = 0; j < i; j++)
            cr_assert_arr_neq(&keys[i]->state, &keys[j]->state, sizeof none);
    }
}

Test(keyring, an_unwrap_key_is_signed_for_its_node_and_compartment_alone)
{
    struct vg_keyring keyring = {.count = 0};
    const struct vg_unwrap_key *added = vg_keyring_add(&keyring, &self, &vg_keyring_directory);
    struct vg_unwrap_key altered = *added;
    cr_assert(vg_unwrap_verify(&vg_signer_ed25519, added, self.node, &self.pub));
    cr_assert_not(vg_unwrap_verify(&vg_signer_ed25519, added, other.node, &self.pub));
    cr_assert_not(vg_unwrap_verify(&vg_signer_ed25519, added, self.node, &other.pub));
    for (size_t bit = 0; bit < 8 * sizeof altered; bit++) {
        uint8_t *bytes = (uint8_t *)&altered;
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        cr_assert_not(vg_unwrap_verify(&vg_signer_ed25519, &altered, self.node, &self.pub),
                      "bit %zu", bit);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

Test(keyring, what_is_public_is_read_without_the_secret)
{
    struct vg_identity known = self;
    struct vg_keyring keyring = written(2), back;
    const vg_box_secret none = {{0}};
    memset(&known.secret, 0, sizeof known.secret);
    cr_assert_eq(vg_keyring_read_public(path, &known, &back, &error), VG_OK, "%s", error.text);
    cr_assert_eq(back.count, 2);
    for (uint32_t i = 0; i < back.count; i++) {
        cr_assert_arr_eq(&back.unwraps[i].pub, &keyring.unwraps[i].pub,
                         sizeof keyring.unwraps[i].pub);
        cr_assert_arr_eq(&back.unwraps[i].secret, &none, sizeof none);
        cr_assert_arr_eq(&back.unwraps[i].state, &none, sizeof none);
    }
    known.pub = other.pub;
    cr_assert_eq(vg_keyring_read_public(path, &known, &back, &error), VG_INTEGRITY);
    cr_assert(strstr(error.text, "not signed by the key of node 7") != NULL, "%s", error.text);
}

Test(keyring, is_refused_to_another_node_or_under_another_key)
{
    struct vg_identity replaced = other;
    struct vg_keyring back;
    written(2);
    cr_assert_eq(vg_keyring_read(path, &other, &back, &error), VG_INTEGRITY);
    cr_assert(strstr(error.text, "the keyring of node 7, not of node 8") != NULL, "%s", error.text);
    replaced.node = self.node;
    cr_assert_eq(vg_keyring_read(path, &replaced, &back, &error), VG_INTEGRITY);
    cr_assert(strstr(error.text, "does not open with this node's key") != NULL, "%s", error.text);
    cr_assert_eq(back.count, 0);
}

/* Its node has other keys: the same secrets, signed by those and sealed under them. */
Test(keyring, is_taken_over_by_other_keys_of_its_node)
{
    struct vg_keyring keyring = written(3), back;
    struct vg_identity fresh;
    vg_identity_make(VG_IDENTITY_NODE, &vg_keyring_directory, self.node, &fresh);
    vg_keyring_rebind(&keyring, &fresh);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert(
            vg_unwrap_verify(&vg_signer_ed25519, &keyring.unwraps[i].pub, fresh.node, &fresh.pub));
        cr_assert_not(
            vg_unwrap_verify(&vg_signer_ed25519, &keyring.unwraps[i].pub, self.node, &self.pub));
    }
    cr_assert_eq(vg_keyring_write(path, &keyring, &fresh, &error), VG_OK, "%s", error.text);
    cr_assert_eq(vg_keyring_read(path, &fresh, &back, &error), VG_OK, "%s", error.text);
    cr_assert_arr_eq(keyring.unwraps, back.unwraps, 3 * sizeof keyring.unwraps[0]);
    cr_assert_eq(vg_keyring_read(path, &self, &back, &error), VG_INTEGRITY);
}

Test(keyring, every_flipped_bit_and_every_cut_is_refused)
{
    struct vg_buffer file = {0};
    struct vg_keyring back;
    written(1);
    cr_assert_eq(vg_file_read(path, 4096, &file, &error), VG_OK);
    for (size_t bit = 0; bit < 8 * file.size; bit++) {
        file.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        put(&file, file.size);
        cr_assert_eq(vg_keyring_read(path, &self, &back, &error), VG_INTEGRITY, "bit %zu", bit);
        file.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t size = 0; size < file.size; size++) {
        put(&file, size);
        cr_assert_eq(vg_keyring_read(path, &self, &back, &error), VG_INTEGRITY, "size %zu", size);
        cr_assert_eq(vg_keyring_read_public(path, &self, &back, &error), VG_INTEGRITY);
    }
    vg_buffer_free(&file);
}

Test(keyring, one_of_an_earlier_version_is_named_and_refused)
{
    struct vg_buffer file = {0};
    struct vg_keyring back;
    written(1);
    cr_assert_eq(vg_file_read(path, 4096, &file, &error), VG_OK);
    file.data[0] = 2;
    put(&file, file.size - sizeof(vg_cipher_key));
    cr_assert_eq(vg_keyring_read(path, &self, &back, &error), VG_INTEGRITY);
    cr_assert(strstr(error.text, "a keyring of version 2; this build reads version 4") != NULL,
              "%s", error.text);
    vg_buffer_free(&file);
}

Test(keyring, one_that_others_can_read_is_refused_with_the_remedy)
{
    struct vg_keyring back;
    written(1);
    cr_assert_eq(chmod(path, 0640), 0);
    cr_assert_eq(vg_keyring_read(path, &self, &back, &error), VG_FORBIDDEN);
    cr_assert(strstr(error.text, "mode 600") != NULL, "%s", error.text);
}
