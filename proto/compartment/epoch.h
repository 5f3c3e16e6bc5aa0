/* SPDX-License-Identifier: Apache-2.0
 * Epochs of a compartment and the wraps of their data keys (docs/compartments.md, DESIGN section
 * 7). Pure: cluster, keys and seeds are arguments. Any thread. Whoever is given a key wipes it. */
#ifndef VIGIL_PROTO_COMPARTMENT_EPOCH_H
#define VIGIL_PROTO_COMPARTMENT_EPOCH_H

#include "common/cipher.h"
#include "common/error.h"
#include "common/limits.h"

enum {
    COMPARTMENT_RECOVERY = 0, /* the holder that is no node: the offline recovery key */
    COMPARTMENT_WRAPS_MAX = VG_NODES_MAX + 1,
    COMPARTMENT_BOX_SIZE = VG_CIPHER_KEY_SIZE + VG_TAG_SIZE,
    /* holder 8, unwrap key 32, ephemeral key 32, box */
    COMPARTMENT_WRAP_SIZE = 72 + COMPARTMENT_BOX_SIZE,
    COMPARTMENT_CHAIN_SIZE = VG_CIPHER_KEY_SIZE + VG_TAG_SIZE,
    /* version 2, compartment 16, epoch 8, previous 32, commitment 32, chain, number of wraps 2 */
    COMPARTMENT_EPOCH_MIN = 92 + COMPARTMENT_CHAIN_SIZE,
    COMPARTMENT_EPOCH_MAX = COMPARTMENT_EPOCH_MIN + COMPARTMENT_WRAPS_MAX * COMPARTMENT_WRAP_SIZE,
};

/* An epoch's data key, sealed to the unwrap key of one holder. */
struct compartment_wrap {
    vg_node_id holder; /* or COMPARTMENT_RECOVERY */
    vg_box_public unwrap;
    vg_box_public ephemeral;
    uint8_t box[COMPARTMENT_BOX_SIZE];
};

struct compartment_epoch {
    vg_id compartment;
    uint64_t epoch;     /* from 1 */
    vg_hash previous;   /* commitment of the epoch before; zero before the first */
    vg_hash commitment; /* H(0x09, cluster, compartment, epoch, data key) */
    uint8_t
        chain[COMPARTMENT_CHAIN_SIZE]; /* the data key before, under this one; zero in the first */
    struct compartment_wrap wraps[COMPARTMENT_WRAPS_MAX]; /* holders ascend */
    uint32_t wrap_count;
};

/* The epoch after `in_force` (NULL: the first) under this data key, without wraps yet. `before` is
 * the data key of the epoch in force; NULL for the first, and for one that nobody decodes. A data
 * key begins one epoch alone. */
void compartment_epoch_begin(struct compartment_epoch *out, const vg_hash *cluster,
                             const vg_id *compartment, const struct compartment_epoch *in_force,
                             const vg_cipher_key *before, const vg_cipher_key *key);

/* Adds the wrap of `key` for a holder above those there are; `seed` is random and used for this
 * wrap alone. VG_INVALID if the unwrap key is none that anything can be sealed to. */
enum vg_code compartment_epoch_wrap(struct compartment_epoch *epoch, const vg_hash *cluster,
                                    const vg_cipher_key *key, vg_node_id holder,
                                    const vg_box_public *unwrap, const uint8_t seed[VG_SEED_SIZE],
                                    struct vg_error *error);

/* The wrap of a holder, or NULL. */
const struct compartment_wrap *compartment_wrap_of(const struct compartment_epoch *epoch,
                                                   vg_node_id holder);

/* The data key out of a holder's wrap, accepted only if the epoch commits to it. VG_NOT_FOUND: the
 * epoch has no wrap for the holder; VG_INTEGRITY: it does not open with this secret, or opens to
 * another key. Zeros in `out` then. */
enum vg_code compartment_unwrap(const struct compartment_epoch *epoch, const vg_hash *cluster,
                                vg_node_id holder, const vg_box_secret *secret, vg_cipher_key *out,
                                struct vg_error *error);

/* The data key of the epoch before, out of the chain of `epoch`, whose own data key is `key`;
 * accepted only if `before` commits to it. Each has its own `cluster`. VG_INTEGRITY: `before` is
 * not the epoch before, or the chain does not open, or to another key. Zeros in `out` then. */
enum vg_code compartment_chain_open(const struct compartment_epoch *epoch, const vg_hash *cluster,
                                    const vg_cipher_key *key,
                                    const struct compartment_epoch *before,
                                    const vg_hash *cluster_before, vg_cipher_key *out,
                                    struct vg_error *error);

/* Whether `next` may come into force where `in_force` is (NULL: none yet). VG_CONFLICT: not the
 * next number, or another epoch before it; VG_INVALID: another compartment, or no wrap for the
 * recovery key. */
enum vg_code compartment_epoch_follows(const struct compartment_epoch *in_force,
                                       const struct compartment_epoch *next,
                                       struct vg_error *error);

/* Fixed layout (docs/protocol.md); returns the size. */
size_t compartment_epoch_encode(const struct compartment_epoch *epoch,
                                uint8_t out[COMPARTMENT_EPOCH_MAX]);

/* Strict; VG_INVALID names the field. */
enum vg_code compartment_epoch_decode(vg_span bytes, struct compartment_epoch *out,
                                      struct vg_error *error);

#endif
