/* SPDX-License-Identifier: Apache-2.0
 * The genesis: what a cluster starts from. Its hash is the cluster's identity. */
#ifndef VIGIL_PROTO_LEDGER_GENESIS_H
#define VIGIL_PROTO_LEDGER_GENESIS_H

#include "common/crypto.h"
#include "common/error.h"
#include "common/limits.h"
#include "proto/compartment/epoch.h"

enum {
    LEDGER_GENESIS_CLEAR = 1, /* flag: epoch 0 entries are valid; no node starts from such a one */
};
/* The compartments that are there from the first entry on. */
enum ledger_founded {
    LEDGER_DIRECTORY, /* to which every member is cleared */
    LEDGER_FIRST,     /* the first tenants' */
    LEDGER_FOUNDED,
};
enum {
    LEDGER_PERSON_OPERATOR = 1,
    LEDGER_PERSON_KEY_OFFICER = 2,
    LEDGER_PERSON_INTEGRATION = 4, /* a machine that reports signals (R3) */
    LEDGER_PERSON_BITS = 7,        /* all of them */
};

struct ledger_member {
    vg_node_id id;
    char region[VG_NAME_MAX + 1]; /* UTF-8; for good, so that all judge boundaries alike */
    struct vg_keys keys;
};

struct ledger_person {
    vg_id id; /* opaque */
    struct vg_keys keys;
    uint8_t bits; /* LEDGER_PERSON_* */
};

struct ledger_genesis {
    uint16_t version; /* LEDGER_GENESIS_VERSION */
    uint8_t flags;
    uint64_t created_ms;
    uint8_t salt[32];
    vg_id directory;                            /* id of LEDGER_DIRECTORY */
    vg_id first;                                /* id of LEDGER_FIRST */
    struct ledger_member members[VG_NODES_MAX]; /* ids 1.. ascending */
    uint32_t member_count;
    struct ledger_person people[VG_PEOPLE_MAX];
    uint32_t person_count;
    /* The first epoch of each, with a wrap for every member; epoch 0: in clear, under the flag. */
    struct compartment_epoch epochs[LEDGER_FOUNDED];
};

enum { LEDGER_GENESIS_VERSION = 3, LEDGER_GENESIS_MAX = 16384 };

/* Fixed layout; returns the size, at most LEDGER_GENESIS_MAX. */
size_t ledger_genesis_encode(const struct ledger_genesis *genesis, uint8_t out[LEDGER_GENESIS_MAX]);

/* Strict; VG_INVALID names the field. */
enum vg_code ledger_genesis_decode(vg_span bytes, struct ledger_genesis *out,
                                   struct vg_error *error);

/* Whether it can be started from: VG_INTEGRITY names whose binding does not hold, VG_INVALID who
 * has a key that is another's too. What decodes is to be checked once, where it is read. */
enum vg_code ledger_genesis_check(const struct ledger_genesis *genesis,
                                  const struct vg_signer *signer, struct vg_error *error);

/* H(0x05, bytes): the cluster id. */
vg_hash ledger_genesis_hash(vg_span bytes);

/* Has a compartment sealed from its first entry on: under `key`, wrapped for the recovery key and
 * for each member. `unwraps` and `seeds` are theirs, the recovery key's first; seeds are random.
 * Salt, ids and members stand already. VG_INVALID names whose unwrap key is none. */
enum vg_code ledger_genesis_seal(struct ledger_genesis *genesis, enum ledger_founded which,
                                 const vg_cipher_key *key, const vg_box_public *unwraps,
                                 const uint8_t (*seeds)[VG_SEED_SIZE], struct vg_error *error);

/* What stands for the cluster id in the epochs of the genesis: the salt, since the id is the hash
 * of these epochs too. */
vg_hash ledger_genesis_place(const struct ledger_genesis *genesis);

/* The epoch that the genesis has of a compartment; NULL if it has none. */
const struct compartment_epoch *ledger_genesis_epoch(const struct ledger_genesis *genesis,
                                                     const vg_id *compartment);

/* The member, or the person, of an id; NULL if there is none. */
const struct ledger_member *ledger_genesis_member(const struct ledger_genesis *genesis,
                                                  vg_node_id id);
const struct ledger_person *ledger_genesis_person(const struct ledger_genesis *genesis,
                                                  const vg_id *id);

#endif
