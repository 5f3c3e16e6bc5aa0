/* SPDX-License-Identifier: Apache-2.0
 * The file of a node's unwrap secrets and state keys, one of each for each compartment it is or was
 * to be cleared for (docs/compartments.md). It lies outside of the node's data and of every backup:
 * who destroys an unwrap secret destroys what every wrap made to it holds, and who destroys a state
 * key what this node's disk has of that compartment. What is public of it can be read without the
 * node's key. Not for pure modules. */
#ifndef VIGIL_COMMON_KEYRING_H
#define VIGIL_COMMON_KEYRING_H

#include "common/cipher.h"
#include "common/error.h"
#include "common/identity.h"
#include "common/unwrap.h"

enum { VG_KEYRING_MAX = 256 };

/* Stand for the directory and the first tenants' compartment, which have no ids before their
 * cluster is founded: the node that starts from a genesis has them stand for that one's. */
extern const vg_id vg_keyring_directory;
extern const vg_id vg_keyring_first;

/* How far the log was when a key was made, so that no entry up to there knows of it; zeros: before
 * its cluster was founded. */
struct vg_since {
    uint64_t index;
    uint64_t time_ms; /* log time, since 1970 */
};

/* Holds secrets: keep it in locked memory (common/locked.h), or wipe it soon. */
struct vg_keyring {
    struct vg_unwrap {
        struct vg_unwrap_key pub;
        struct vg_since since;
        vg_box_secret secret;
        vg_cipher_key
            state; /* what lies in this node's state of it is sealed under (docs/state.md) */
    } unwraps[VG_KEYRING_MAX];
    uint32_t count;
};

/* Makes an unwrap key and a state key for a compartment that has none here, as if before its
 * cluster was founded; returns the public half of the first, which is the keyring's. Uses the
 * system's randomness. */
const struct vg_unwrap_key *vg_keyring_add(struct vg_keyring *keyring,
                                           const struct vg_identity *node,
                                           const vg_id *compartment);

/* Wipes and removes the key of a compartment; false if there is none. */
bool vg_keyring_remove(struct vg_keyring *keyring, const vg_id *compartment);

/* Signs every public half anew: the keyring is to be that of other keys of the node. */
void vg_keyring_rebind(struct vg_keyring *keyring, const struct vg_identity *node);

/* The keys of a compartment, or NULL. */
const struct vg_unwrap *vg_keyring_find(const struct vg_keyring *keyring, const vg_id *compartment);

/* "FOLDER/key" has its keyring in "FOLDER/keyring", where nothing else is said. Owned by the
 * caller. */
char *vg_keyring_beside(const char *key_file);

/* Writes it whole or not at all, mode 0600, its secrets sealed under a key made of the node's
 * secret. Errors name the path. */
enum vg_code vg_keyring_write(const char *path, const struct vg_keyring *keyring,
                              const struct vg_identity *node, struct vg_error *error);

/* Reads it. VG_FORBIDDEN: others can read the file; VG_INTEGRITY: it is another node's, was
 * altered, or is under another key. */
enum vg_code vg_keyring_read(const char *path, const struct vg_identity *node,
                             struct vg_keyring *out, struct vg_error *error);

/* Reads what is public of it, without the node's secret: secrets are zero. VG_INTEGRITY when it is
 * another node's, or a key in it is not signed by this one. */
enum vg_code vg_keyring_read_public(const char *path, const struct vg_identity *node,
                                    struct vg_keyring *out, struct vg_error *error);

#endif
