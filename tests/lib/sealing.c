/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/sealing.h"

#include <assert.h>

#include "common/unwrap.h"
#include "proto/compartment/body.h"
#include "tests/lib/fast_signer.h"

bool sealing_key(void *keyring, const vg_id *compartment, uint64_t epoch, vg_cipher_key *key)
{
    (void)keyring;
    *key = (vg_cipher_key){{0x5e}};
    memcpy(key->bytes + 1, compartment->bytes, sizeof compartment->bytes);
    memcpy(key->bytes + 1 + sizeof compartment->bytes, &epoch, sizeof epoch);
    return true;
}

/* The unwrap key of a holder, in every compartment; or of one alone. */
static vg_box_public unwrap_of(uint64_t holder, const vg_id *alone, uint8_t seed[VG_SEED_SIZE])
{
    vg_box_public unwrap;
    vg_box_secret secret;
    memset(seed, 0, VG_SEED_SIZE);
    seed[0] = 0x5e;
    seed[1] = (uint8_t)holder;
    if (alone != NULL)
        memcpy(seed + 2, alone->bytes, sizeof alone->bytes);
    vg_box_keypair(seed, &unwrap, &secret);
    return unwrap;
}

bool sealing_state_key(void *node, const vg_id *compartment, vg_cipher_key *key)
{
    const vg_node_id *of = node;
    *key = (vg_cipher_key){{0x57}};
    memcpy(key->bytes + 1, compartment->bytes, sizeof compartment->bytes);
    if (of != NULL)
        memcpy(key->bytes + 1 + sizeof compartment->bytes, &of->value, sizeof of->value);
    return true;
}

static void wrap(struct compartment_epoch *epoch, const vg_hash *place, const vg_cipher_key *key,
                 uint64_t holder, bool own)
{
    uint8_t seed[VG_SEED_SIZE];
    vg_box_public unwrap = unwrap_of(holder, own ? &epoch->compartment : NULL, seed);
    enum vg_code code =
        compartment_epoch_wrap(epoch, place, key, (vg_node_id){holder}, &unwrap, seed, NULL);
    assert(code == VG_OK);
}

vg_signature sealing_offer(const vg_id *compartment, uint64_t node, const vg_public_key *key)
{
    uint8_t seed[VG_SEED_SIZE];
    struct vg_unwrap_key offer = {.compartment = *compartment, .key = unwrap_of(node, NULL, seed)};
    vg_secret_key secret = {{0}};
    memcpy(secret.bytes + VG_SEED_SIZE, key->bytes, sizeof key->bytes);
    vg_unwrap_bind(&fast_signer, &offer, (vg_node_id){node}, &secret);
    return offer.binding;
}

struct compartment_epoch sealing_epoch(const vg_id *compartment, uint64_t epoch)
{
    return sealing_epoch_for(compartment, epoch, 1 << COMPARTMENT_RECOVERY | 1 << 1 | 1 << 2);
}

struct compartment_epoch sealing_epoch_for(const vg_id *compartment, uint64_t epoch,
                                           unsigned holders)
{
    static const vg_hash place; /* nobody opens these wraps */
    struct compartment_epoch before = {.epoch = epoch - 1}, made;
    vg_cipher_key key, key_before;
    if (epoch > 1) {
        struct compartment_epoch older = {.epoch = epoch - 2};
        sealing_key(NULL, compartment, epoch - 1, &key_before);
        compartment_epoch_begin(&before, &place, compartment, &older, NULL, &key_before);
    }
    sealing_key(NULL, compartment, epoch, &key);
    compartment_epoch_begin(&made, &place, compartment, &before, epoch > 1 ? &key_before : NULL,
                            &key);
    for (uint64_t holder = 0; holder < COMPARTMENT_WRAPS_MAX; holder++)
        if ((holders >> holder & 1) != 0)
            wrap(&made, &place, &key, holder,
                 holder == COMPARTMENT_RECOVERY && (holders & SEALING_OWN_RECOVERY) != 0);
    return made;
}

vg_box_public sealing_recovery(const struct compartment_epoch *epoch)
{
    const vg_node_id recovery = {COMPARTMENT_RECOVERY};
    const struct compartment_wrap *wrap = compartment_wrap_of(epoch, recovery);
    return wrap != NULL ? wrap->unwrap : (vg_box_public){{0}};
}

bool sealing_has_own_recovery(const struct compartment_epoch *epoch)
{
    uint8_t seed[VG_SEED_SIZE];
    vg_box_public own = unwrap_of(COMPARTMENT_RECOVERY, &epoch->compartment, seed);
    vg_box_public recovery = sealing_recovery(epoch);
    return memcmp(&own, &recovery, sizeof own) == 0;
}

void sealing_begin(struct ledger_genesis *genesis)
{
    genesis->epochs[LEDGER_DIRECTORY] = sealing_epoch(&genesis->directory, 1);
}

void sealing_envelope(struct ledger_envelope *envelope, uint8_t *envelope_and_body)
{
    vg_cipher_key key;
    if (envelope->epoch > 0)
        memcpy(envelope->nonce, envelope->id.bytes, sizeof envelope->id.bytes);
    ledger_envelope_encode(envelope, envelope_and_body);
    if (envelope->epoch == 0)
        return;
    sealing_key(NULL, &envelope->compartment, envelope->epoch, &key);
    compartment_body_seal(&key, envelope->nonce,
                          vg_span_of(envelope_and_body, LEDGER_ENVELOPE_SIZE),
                          envelope_and_body + LEDGER_ENVELOPE_SIZE, envelope->body_size);
}
