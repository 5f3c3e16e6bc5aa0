/* SPDX-License-Identifier: Apache-2.0
 * Epoch records: what decodes is encoded to the same bytes, follows no record but the one it names,
 * and gives a key to the holders it was wrapped for alone. */
#include "proto/compartment/epoch.h"
#include "tests/fuzz/fuzz.h"

static void encode(const struct compartment_epoch *epoch, struct vg_buffer *out)
{
    uint8_t bytes[COMPARTMENT_EPOCH_MAX];
    vg_buffer_append(out, bytes, compartment_epoch_encode(epoch, bytes));
}

FUZZ_ROUND_TRIP(again, struct compartment_epoch, compartment_epoch_decode, encode, true)

/* A stranger's secret opens no wrap. */
static void open_as_stranger(const struct compartment_epoch *epoch)
{
    static const vg_hash cluster = {{1}};
    static const uint8_t seed[VG_SEED_SIZE] = "none that a wrap is made to";
    vg_box_public pub;
    vg_box_secret secret;
    vg_cipher_key key;
    struct vg_error error = {0};
    vg_box_keypair(seed, &pub, &secret);
    for (uint32_t i = 0; i < epoch->wrap_count; i++)
        fuzz_refused(
            compartment_unwrap(epoch, &cluster, epoch->wraps[i].holder, &secret, &key, &error),
            &error);
}

/* The epoch made after it follows it, and it follows neither that nor itself. */
static void follow(const struct compartment_epoch *epoch)
{
    static const vg_hash cluster = {{1}};
    static const uint8_t seed[VG_SEED_SIZE] = {2};
    vg_cipher_key key = {{3}}, before = {{4}}, found;
    vg_box_public pub;
    vg_box_secret secret;
    struct compartment_epoch next;
    if (epoch->epoch == UINT64_MAX)
        return;
    vg_box_keypair(seed, &pub, &secret);
    compartment_epoch_begin(&next, &cluster, &epoch->compartment, epoch, &before, &key);
    assert(compartment_epoch_follows(epoch, &next, NULL) == VG_INVALID);
    assert(compartment_epoch_wrap(&next, &cluster, &key, (vg_node_id){COMPARTMENT_RECOVERY}, &pub,
                                  seed, NULL) == VG_OK);
    assert(compartment_epoch_follows(epoch, &next, NULL) == VG_OK);
    assert(compartment_epoch_follows(&next, epoch, NULL) != VG_OK);
    assert(compartment_epoch_follows(epoch, epoch, NULL) != VG_OK);
    enum vg_code code =
        compartment_chain_open(&next, &cluster, &key, epoch, &cluster, &found, NULL);
    /* libFuzzer sees what the commitment is compared with, and can make one to this key */
    assert(code == VG_INTEGRITY || (code == VG_OK && memcmp(&found, &before, sizeof found) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct compartment_epoch epoch;
    vg_crypto_init();
    again(vg_span_of(data, size));
    if (compartment_epoch_decode(vg_span_of(data, size), &epoch, NULL) != VG_OK)
        return 0;
    open_as_stranger(&epoch);
    follow(&epoch);
    return 0;
}
