/* SPDX-License-Identifier: Apache-2.0
 * Makes entries that follow each other, as a leader would: one operator, Ed25519 keys, a clear
 * genesis. The struct is plain data: copy it to fork the history. Single-threaded. */
#ifndef VIGIL_TESTS_LIB_CHAIN_H
#define VIGIL_TESTS_LIB_CHAIN_H

#include "common/mem.h"
#include "proto/ledger/entry.h"
#include "proto/ledger/genesis.h"
#include "proto/response/command.h"

struct chain {
    struct ledger_genesis genesis;
    vg_hash cluster;
    vg_secret_key secret;
    uint64_t last;
    vg_hash hash;
    uint64_t term; /* of the next entry; set it freely, never back */
    uint64_t time_ms;
    uint64_t epoch; /* that the next command is sealed under; 0: in clear */
};

/* An empty history; other seeds are other clusters. */
struct chain chain_new(uint8_t seed);

/* The same with the directory sealed (tests/lib/sealing.h). */
struct chain chain_new_sealed(uint8_t seed);

/* The next entry, with one reference: a leader's noop; a sealed one of the first compartment whose
 * body of `units` times LEDGER_BODY_UNIT bytes is no command; a command that is accepted. */
struct vg_blob *chain_noop(struct chain *chain);
struct vg_blob *chain_filler(struct chain *chain, uint32_t units);
struct vg_blob *chain_command(struct chain *chain);

/* The id that the next command's request will have. */
vg_id chain_request(const struct chain *chain);

/* The next entry: a command of the operator, in a compartment (the zero id: a control entry),
 * sealed under an epoch. */
struct vg_blob *chain_give(struct chain *chain, const vg_id *compartment, uint64_t epoch,
                           const struct response_command *command);

/* The same by somebody else. */
struct vg_blob *chain_give_by(struct chain *chain, const vg_id *author, const vg_secret_key *secret,
                              const vg_id *compartment, uint64_t epoch,
                              const struct response_command *command);

#endif
