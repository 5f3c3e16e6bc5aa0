/* SPDX-License-Identifier: Apache-2.0
 * The keys of this node, in locked memory (docs/compartments.md): the unwrap secrets of its
 * keyring's file, and the data keys they have opened, with those before them that these open in
 * turn. Any thread. */
#ifndef VIGIL_NODE_KEYRING_KEYRING_H
#define VIGIL_NODE_KEYRING_KEYRING_H

#include "common/keyring.h"
#include "proto/compartment/ahead.h"

enum {
    KEYRING_DATA_KEYS_MAX = 512,     /* the latest that were learned; others are learned again */
    KEYRING_COMPARTMENTS_MAX = 1024, /* that are sealed */
    KEYRING_EPOCHS_MAX = 65536,      /* of all of them, whose chain is known */
};

static_assert((int)VG_KEYRING_MAX < (int)KEYRING_DATA_KEYS_MAX,
              "the latest data key of each compartment is always at hand");

struct keyring;

/* The keyring of a file, for the cluster with this directory and first compartment. Refused: what
 * vg_keyring_read refuses, and VG_UNAVAILABLE when memory cannot be locked. */
enum vg_code keyring_open(const char *path, const struct vg_identity *node, const vg_id *directory,
                          const vg_id *first, struct keyring **out, struct vg_error *error);

/* Wipes and frees; NULL is allowed. */
void keyring_close(struct keyring *keyring);

/* An epoch is in force, or was: keeps its data key, out of this node's wrap or the chain of a later
 * epoch that was learned. `place` is what the commitment and the wrap have for the cluster id.
 * VG_NOT_FOUND: no wrap for this node, or no secret of the compartment; VG_INTEGRITY: the wrap does
 * not open, or to another key. */
enum vg_code keyring_learn(struct keyring *keyring, const struct compartment_epoch *epoch,
                           const vg_hash *place, struct vg_error *error);

/* The first record of `ahead` is in force and its key is not to be had otherwise: keeps it if later
 * ones lead to it. They are not learned by that, since they may never come into force.
 * VG_NOT_FOUND: none does, or there is no secret of the compartment. */
enum vg_code keyring_learn_ahead(struct keyring *keyring, const struct compartment_ahead *ahead,
                                 struct vg_error *error);

/* The public half of this node's unwrap key of a compartment, for whoever is to wrap for it: made
 * if there is none, as of `since`, and on the disk before it is given. VG_INVALID: the directory's
 * is of the genesis, or no compartment has this id; VG_UNAVAILABLE: the keyring is full; errors of
 * vg_keyring_read and vg_keyring_write. Blocks on the disk. */
enum vg_code keyring_offer(struct keyring *keyring, const char *path,
                           const struct vg_identity *node, const vg_id *compartment,
                           struct vg_since since, struct vg_unwrap_key *out,
                           struct vg_error *error);

/* The public half of this node's unwrap key of a compartment, and since when there is one; false if
 * there is none. */
bool keyring_unwrap_key(struct keyring *keyring, const vg_id *compartment, vg_box_public *out,
                        struct vg_since *since);

/* The same of the first compartment after this one, in the order of ids, which is put in its place;
 * false if there is none. */
bool keyring_next(struct keyring *keyring, vg_id *compartment, vg_box_public *out,
                  struct vg_since *since);

/* Removes the compartment's unwrap secret from memory and file, which is replaced whole (also where
 * it is gone: a file before it may be the one on the disk), and wipes its data keys. Errors of
 * vg_keyring_read and vg_keyring_write: the file has the secret until a later call succeeds. Blocks
 * on the disk. */
enum vg_code keyring_destroy(struct keyring *keyring, const char *path,
                             const struct vg_identity *node, const vg_id *compartment,
                             struct vg_error *error);

/* Whom a data key is wrapped for. */
struct keyring_holder {
    vg_node_id node; /* or COMPARTMENT_RECOVERY */
    vg_box_public unwrap;
};

/* The epoch after `in_force` for these holders, ascending, under a fresh data key that nobody else
 * has seen. VG_NOT_FOUND: the data key in force, which goes into its chain, is not here;
 * VG_INVALID: an unwrap key is none. Uses the system's randomness. */
enum vg_code keyring_next_epoch(struct keyring *keyring, const vg_hash *cluster,
                                const struct compartment_epoch *in_force,
                                const struct keyring_holder *holders, uint32_t count,
                                struct compartment_epoch *out, struct vg_error *error);

/* The latest epoch of a compartment that was learned, with its key or without; 0: none. */
uint64_t keyring_epoch(struct keyring *keyring, const vg_id *compartment);

/* As struct response_keys has it; `keyring` is a struct keyring. What went out of hand is had again
 * by the chain. */
bool keyring_data_key(void *keyring, const vg_id *compartment, uint64_t epoch, vg_cipher_key *key);

/* The state key of a compartment; false if there is none. As struct store_state_keys has it;
 * `keyring` is a struct keyring. */
bool keyring_state_key(void *keyring, const vg_id *compartment, vg_cipher_key *key);

#endif
