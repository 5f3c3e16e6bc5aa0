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
static const vg_node_id self = {7};
static struct vg_error error;

static void set_up(void)
{
    vg_crypto_init();
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

static vg_cipher_key start_key_of(uint8_t byte)
{
    struct vg_identity node = {.secret.bytes = {byte}};
    vg_cipher_key key;
    vg_keyring_start_key(&node, &key);
    return key;
}

/* A keyring of `count` compartments, written. */
static struct vg_keyring written(uint32_t count)
{
    struct vg_keyring keyring = {.count = 0};
    vg_cipher_key start = start_key_of(1);
    for (uint32_t i = 0; i < count; i++) {
        vg_id compartment = {{1, (uint8_t)(i >> 8), (uint8_t)i}};
        vg_box_public pub;
        vg_keyring_add(&keyring, &compartment, &pub);
    }
    cr_assert_eq(vg_keyring_write(path, &keyring, self, &start, &error), VG_OK, "%s", error.text);
    return keyring;
}

static enum vg_code read_back(vg_node_id node, uint8_t start_byte, struct vg_keyring *out)
{
    vg_cipher_key start = start_key_of(start_byte);
    *out = (struct vg_keyring){.count = 0};
    return vg_keyring_read(path, node, &start, out, &error);
}

Test(keyring, comes_back_whole)
{
    static const uint32_t counts[] = {0, 1, 2, VG_KEYRING_MAX};
    struct stat info;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct vg_keyring keyring = written(counts[i]), back;
        cr_assert_eq(read_back(self, 1, &back), VG_OK, "%s", error.text);
        cr_assert_eq(back.count, counts[i]);
        cr_assert_arr_eq(keyring.unwraps, back.unwraps, counts[i] * sizeof keyring.unwraps[0]);
    }
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
}

Test(keyring, an_added_secret_is_that_of_its_public_half_and_found_again)
{
    struct vg_keyring keyring = {.count = 0};
    vg_id compartment = {{1}}, other = {{2}};
    vg_box_public pub;
    const uint8_t seed[VG_SEED_SIZE] = {3}, nonce[VG_NONCE_SIZE] = {4};
    vg_box_public from_pub;
    vg_box_secret from;
    uint8_t box[5 + VG_TAG_SIZE], clear[5];
    vg_box_keypair(seed, &from_pub, &from);
    vg_keyring_add(&keyring, &compartment, &pub);
    cr_assert(vg_box_seal(&pub, &from, nonce, vg_span_text("hello"), box));
    cr_assert(vg_box_open(vg_keyring_find(&keyring, &compartment), &from_pub, nonce,
                          vg_span_of(box, sizeof box), clear));
    cr_assert_null(vg_keyring_find(&keyring, &other));
}

Test(keyring, is_refused_to_another_node_or_under_another_key)
{
    struct vg_keyring back;
    written(2);
    cr_assert_eq(read_back((vg_node_id){8}, 1, &back), VG_INTEGRITY);
    cr_assert(strstr(error.text, "the keyring of node 7, not of node 8") != NULL, "%s", error.text);
    cr_assert_eq(read_back(self, 2, &back), VG_INTEGRITY);
    cr_assert(strstr(error.text, "does not open with this node's key") != NULL, "%s", error.text);
    cr_assert_eq(back.count, 0);
}

Test(keyring, every_flipped_bit_and_every_cut_is_refused)
{
    struct vg_buffer file = {0};
    struct vg_keyring back;
    written(2);
    cr_assert_eq(vg_file_read(path, 4096, &file, &error), VG_OK);
    for (size_t bit = 0; bit < 8 * file.size; bit++) {
        file.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        cr_assert_eq(vg_file_write(path, vg_buffer_span(&file), 0600, &error), VG_OK);
        cr_assert_eq(read_back(self, 1, &back), VG_INTEGRITY, "bit %zu", bit);
        file.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t size = 0; size < file.size; size++) {
        cr_assert_eq(vg_file_write(path, vg_span_of(file.data, size), 0600, &error), VG_OK);
        cr_assert_eq(read_back(self, 1, &back), VG_INTEGRITY, "size %zu", size);
    }
    vg_buffer_free(&file);
}

Test(keyring, one_that_others_can_read_is_refused_with_the_remedy)
{
    struct vg_keyring back;
    written(1);
    cr_assert_eq(chmod(path, 0640), 0);
    cr_assert_eq(read_back(self, 1, &back), VG_FORBIDDEN);
    cr_assert(strstr(error.text, "chmod 600") != NULL, "%s", error.text);
}
