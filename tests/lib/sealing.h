/* SPDX-License-Identifier: Apache-2.0
 * A sealed compartment for tests: epochs whose data keys are made of their number, so that whoever
 * knows the number can seal, open, and say which epoch follows. */
#ifndef VIGIL_TESTS_LIB_SEALING_H
#define VIGIL_TESTS_LIB_SEALING_H

#include "proto/ledger/entry.h"
#include "proto/ledger/genesis.h"

/* Has the directory sealed from the genesis on, for the first member. */
void sealing_begin(struct ledger_genesis *genesis);

/* The record of a compartment's epoch, for the recovery key and nodes 1 and 2: the one after the
 * record of the number before. */
struct compartment_epoch sealing_epoch(const vg_id *compartment, uint64_t epoch);

/* Among holders: the recovery key is the compartment's own, and not that of all others. */
enum { SEALING_OWN_RECOVERY = 1 << 15 };

/* The same for these holders: bits by node, 1 the recovery key's. */
struct compartment_epoch sealing_epoch_for(const vg_id *compartment, uint64_t epoch,
                                           unsigned holders);

/* The recovery key of an epoch, and whether it is the compartment's own. */
vg_box_public sealing_recovery(const struct compartment_epoch *epoch);
bool sealing_has_own_recovery(const struct compartment_epoch *epoch);

/* What the node whose key this is signs of its unwrap key in such an epoch, with fast_signer. */
vg_signature sealing_offer(const vg_id *compartment, uint64_t node, const vg_public_key *key);

/* As struct response_keys has it: every epoch is known. */
bool sealing_key(void *keyring, const vg_id *compartment, uint64_t epoch, vg_cipher_key *key);

/* Encodes the envelope before its clear body, and seals the body if its epoch is not 0; the nonce
 * is made of the envelope's id. */
void sealing_envelope(struct ledger_envelope *envelope, uint8_t *envelope_and_body);

/* As struct store_state_keys has it: every compartment has a key, another one for each node id that
 * `node` points to (NULL: for none). */
bool sealing_state_key(void *node, const vg_id *compartment, vg_cipher_key *key);

#endif
