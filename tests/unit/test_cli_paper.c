/* SPDX-License-Identifier: Apache-2.0
 * What goes between the machines of a recovery: it comes back as it was, nothing altered is taken
 * for it, and the epoch that is made of it is for those it names, with all that was before. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "common/file.h"
#include "common/identity.h"
#include "common/mem.h"
#include "ops/cli/bootstrap/paper.h"
#include "tests/lib/scratch.h"

enum { OFFERS = 2 };

static char folder[SCRATCH_PATH];
static vg_box_secret recovery_secret, unwrap_secrets[OFFERS];
static vg_cipher_key in_force;

static void begin(void)
{
    vg_crypto_init();
    scratch_make(folder);
}

static void end(void)
{
    scratch_remove(folder);
}

TestSuite(cli_paper, .init = begin, .fini = end);

static const char *place(const char *name)
{
    static char path[SCRATCH_PATH + 32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void offer(struct recovery_offer *out, uint64_t node, const vg_id *compartment,
                  vg_box_secret *secret)
{
    const vg_id none = {{0}};
    const uint8_t seed[VG_SEED_SIZE] = {(uint8_t)node, 7};
    struct vg_identity identity;
    vg_identity_make(VG_IDENTITY_NODE, &none, (vg_node_id){node}, &identity);
    out->node = identity.node;
    out->key = identity.pub;
    out->unwrap.compartment = *compartment;
    vg_box_keypair(seed, &out->unwrap.key, secret);
    vg_unwrap_bind(&vg_signer_ed25519, &out->unwrap, out->node, &identity.secret);
}

static struct recovery_paper sample(void)
{
    const uint8_t seed[VG_SEED_SIZE] = {1}, drawn[VG_SEED_SIZE] = {2};
    const vg_node_id recovery = {COMPARTMENT_RECOVERY};
    const vg_id compartment = {{0xac, 0x3e}};
    struct recovery_paper paper = {.cluster = {{5}}, .place = {{6}}, .name = "acme, \"east\""};
    vg_box_public pub;
    vg_box_keypair(seed, &pub, &recovery_secret);
    in_force = (vg_cipher_key){{9, 9}};
    compartment_epoch_begin(&paper.epoch, &paper.place, &compartment, NULL, NULL, &in_force);
    compartment_epoch_wrap(&paper.epoch, &paper.place, &in_force, recovery, &pub, drawn, NULL);
    for (uint32_t i = 0; i < OFFERS; i++)
        offer(&paper.offers[paper.count++], 3 + 2 * i, &compartment, &unwrap_secrets[i]);
    return paper;
}

static vg_hash hash_of_file(const char *path)
{
    vg_hash hash;
    uint64_t size;
    cr_assert_eq(vg_file_sha256(path, &hash, &size, NULL), VG_OK);
    return hash;
}

Test(cli_paper, it_comes_back_as_it_was)
{
    struct recovery_paper paper = sample(), read;
    struct vg_error error = {0};
    char fingerprint[VG_FINGERPRINT_TEXT], text[VG_FINGERPRINT_TEXT];
    cr_assert_eq(recovery_paper_write(place("a"), RECOVERY_REQUEST, &paper, fingerprint, &error),
                 VG_OK, "%s", error.text);
    vg_hash hash = hash_of_file(place("a"));
    vg_fingerprint_format(&hash, text);
    cr_assert_str_eq(text, fingerprint);
    cr_assert_eq(recovery_paper_read(place("a"), RECOVERY_REQUEST, hash.bytes, &read, &error),
                 VG_OK, "%s", error.text);
    cr_assert(vg_hash_equal(&read.cluster, &paper.cluster));
    cr_assert(vg_hash_equal(&read.place, &paper.place));
    cr_assert_str_eq(read.name, paper.name);
    cr_assert_eq(read.count, OFFERS);
    cr_assert_eq(
        memcmp(&read.offers[1].unwrap, &paper.offers[1].unwrap, sizeof paper.offers[1].unwrap), 0);
    cr_assert(vg_hash_equal(&read.epoch.commitment, &paper.epoch.commitment));
    cr_assert_eq(recovery_paper_read(place("a"), RECOVERY_EPOCH, NULL, &read, &error), VG_INVALID,
                 "a request is not an epoch");
    cr_assert_eq(recovery_paper_write(place("a"), RECOVERY_REQUEST, &paper, fingerprint, &error),
                 VG_EXISTS);
}

/* Each byte of it: with the fingerprint that was told, no other file is taken; without it, no key
 * that its node did not sign. */
Test(cli_paper, what_was_altered_is_refused)
{
    struct recovery_paper paper = sample(), read;
    struct vg_buffer bytes = {0};
    struct vg_error error = {0};
    char fingerprint[VG_FINGERPRINT_TEXT];
    cr_assert_eq(recovery_paper_write(place("a"), RECOVERY_REQUEST, &paper, fingerprint, &error),
                 VG_OK);
    vg_hash hash = hash_of_file(place("a"));
    cr_assert_eq(vg_file_read(place("a"), 1 << 16, &bytes, &error), VG_OK);
    for (size_t i = 0; i < bytes.size; i += 7) {
        bytes.data[i] ^= 1;
        FILE *file = fopen(place("b"), "wb");
        cr_assert_not_null(file);
        cr_assert_eq(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
        cr_assert_eq(fclose(file), 0);
        cr_assert_eq(recovery_paper_read(place("b"), RECOVERY_REQUEST, hash.bytes, &read, &error),
                     VG_INTEGRITY, "byte %zu", i);
        if (recovery_paper_read(place("b"), RECOVERY_REQUEST, NULL, &read, &error) == VG_OK)
            for (uint32_t k = 0; k < read.count; k++)
                cr_assert(vg_unwrap_verify(&vg_signer_ed25519, &read.offers[k].unwrap,
                                           read.offers[k].node, &read.offers[k].key));
        bytes.data[i] ^= 1;
    }
    vg_buffer_free(&bytes);
}

Test(cli_paper, the_next_epoch_opens_for_those_who_offered_and_opens_what_was_before)
{
    struct recovery_paper request = sample(), next;
    struct vg_error error = {0};
    cr_assert_eq(recovery_paper_answer(&request, &recovery_secret, &next, &error), VG_OK, "%s",
                 error.text);
    cr_assert_eq(compartment_epoch_follows(&request.epoch, &next.epoch, &error), VG_OK);
    cr_assert_eq(next.epoch.wrap_count, OFFERS + 1);
    for (uint32_t i = 0; i <= OFFERS; i++) {
        const vg_node_id holder = {i < OFFERS ? request.offers[i].node.value
                                              : (uint64_t)COMPARTMENT_RECOVERY};
        const vg_box_secret *secret = i < OFFERS ? &unwrap_secrets[i] : &recovery_secret;
        vg_cipher_key key, before;
        cr_assert_eq(compartment_unwrap(&next.epoch, &next.cluster, holder, secret, &key, &error),
                     VG_OK, "%s", error.text);
        cr_assert_eq(compartment_chain_open(&next.epoch, &next.cluster, &key, &request.epoch,
                                            &request.place, &before, &error),
                     VG_OK, "%s", error.text);
        cr_assert_eq(memcmp(&before, &in_force, sizeof before), 0);
    }
}

Test(cli_paper, another_recovery_key_makes_nothing)
{
    struct recovery_paper request = sample(), next;
    struct vg_error error = {0};
    recovery_secret.bytes[3] ^= 4;
    cr_assert_eq(recovery_paper_answer(&request, &recovery_secret, &next, &error), VG_INTEGRITY);
    cr_assert_not_null(strstr(error.text, "acme"), "%s", error.text);
}
