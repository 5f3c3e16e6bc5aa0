/* SPDX-License-Identifier: Apache-2.0
 * A told story of one compartment, as a chain of entries: node 2 is cleared for it all along, node
 * 1 is blind, granted, level, revoked and rid of it. Keys are those of sealing.h. Single-threaded.
 */
#ifndef VIGIL_TESTS_LIB_CLEARED_H
#define VIGIL_TESTS_LIB_CLEARED_H

#include "proto/response/checkpoint.h"
#include "tests/lib/chain.h"

enum { CLEARED_ENTRIES_MAX = 1024 };

struct cleared {
    struct chain chain;
    vg_secret_key node_secrets[2];
    vg_secret_key officer_secret;
    vg_id compartment;
    vg_id incident;
    uint64_t epoch;                               /* in force at the end of what was told */
    struct vg_blob *entries[CLEARED_ENTRIES_MAX]; /* of index 1 .. chain.last */
};

/* Members 1 and 2, an operator who is key officer too, and a second key officer; nothing told yet.
 */
struct cleared cleared_new(void);
void cleared_free(struct cleared *story);

/* The compartment is made, for node 2; the operator can write in it, and begins an incident. */
void cleared_create(struct cleared *story);
/* The next epoch of its key: for node 2 alone, for both, for node 2 alone again. */
void cleared_rotate(struct cleared *story);
void cleared_grant(struct cleared *story);
void cleared_revoke(struct cleared *story);
/* The first compartment is for node 2 alone from here on. */
void cleared_revoke_first(struct cleared *story);
/* A grant or, not `named`, a rotation whose epoch is not the next, so that it is refused: its
 * record is for node 1 too, or not. */
void cleared_refuse(struct cleared *story, bool named);
/* The first officer proposes that both nodes have it by its recovery key; until when that may be
 * approved, ms of log time. The proposal; the second officer rejects it. */
vg_id cleared_propose(struct cleared *story, uint64_t expires_at);
void cleared_reject(struct cleared *story, const vg_id *proposal);
/* Both officers end it; then every node is to say that it has removed it. */
void cleared_shred(struct cleared *story);
/* Node 1's word that it has removed it. */
void cleared_attest(struct cleared *story);
/* As if a node had said that it has this at a mark. */
void cleared_checkpoint(struct cleared *story, uint64_t node, const struct response_mark *mark);
/* So many notes of `size` bytes on the incident, and as many names in the directory. */
void cleared_tell(struct cleared *story, uint32_t count, uint32_t size);

#endif
