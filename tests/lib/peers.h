/* SPDX-License-Identifier: Apache-2.0
 * Nodes that are cleared for some compartments and not for others: an applier each, over one log
 * that a story (cleared.h) writes. One story at a time; what does not hold ends the program. */
#ifndef VIGIL_TESTS_LIB_PEERS_H
#define VIGIL_TESTS_LIB_PEERS_H

#include "node/store/applier.h"
#include "tests/lib/cleared.h"
#include "tests/lib/storebox.h"

/* A keyring as the node's is: what its wraps open, and what was before that. */
struct peer_keys {
    uint64_t node;
    _Atomic bool secret; /* of the told compartment; others' are always there */
    _Atomic uint64_t opened;
    _Atomic int destroyed;
    bool asked;               /* what the node has offered is asked for */
    uint64_t since, since_ms; /* the index and the log time as of which it was offered, */
    uint64_t since_epoch;     /* and the epoch: no wrap of an earlier one is to it */
    _Atomic bool stray;       /* so was a key of a compartment that never begins */
    _Atomic bool refuses;     /* keys of other compartments than the told one stay in the file */
};

struct peer {
    struct peer_keys keys;
    char state[SCRATCH_PATH + 16], rebuilds[SCRATCH_PATH + 16];
    struct store_applier_config config;
    struct store_applier *applier;
    _Atomic uint64_t stopped_at;
};

/* What a node has of the told compartment and beside it. */
struct peer_found {
    _Atomic bool done;
    vg_hash hash, scanned, control, directory;
    struct response_counters counters;
    uint32_t rows;
};

extern struct storebox peers_box;
extern struct cleared peers_story;
extern uint64_t peers_refused_at; /* the entry that the story has refused */

/* A folder, a log in it, a story that has just begun; and their end. */
void peers_setup(void);
void peers_teardown(void);

/* What was told goes into the log. */
void peers_append(void);

/* struct response_keys.data_key over a struct peer_keys. */
bool peers_find_key(void *context, const vg_id *compartment, uint64_t epoch, vg_cipher_key *key);

/* The node of this number, with its unwrap secret, not yet started; started; up to what was told.
 */
void peer_prepare(struct peer *peer, uint64_t node);
void peer_start(struct peer *peer);
void peer_follow(struct peer *peer);

/* It offers a key that it did not have before, for what is told next. */
void peer_offer(struct peer *peer);
/* Its state's folder is removed, it starts again and follows. */
void peer_remake(struct peer *peer);

/* How it stands to the told compartment; whether it owes its word; whether it may offer a key. */
enum response_status peer_status(struct peer *peer);
bool peer_owes(struct peer *peer);
enum vg_code peer_offers(struct peer *peer);

/* What a state has; what a running node's has, once it has applied what was told. */
void peer_look(const struct response_machine *machine, struct peer_found *out);
struct peer_found peer_ask(struct peer *peer);
void peer_expect_equal(struct peer_found ours, struct peer_found theirs);
void peer_expect_nothing(struct peer_found found);

bool peers_is_empty(const char *path);

#endif
