/* SPDX-License-Identifier: Apache-2.0
 * Opens and verifies entries ahead of their application: a ring of chunks that the apply thread
 * fills, two workers verify in any order, and the apply thread takes in the order it filled them.
 * Private to node/store. */
#ifndef VIGIL_NODE_STORE_VERIFIER_H
#define VIGIL_NODE_STORE_VERIFIER_H

#include "common/mem.h"
#include "node/store/people.h"

enum {
    STORE_CHUNK_ENTRIES = 16,
    STORE_CHUNK_BYTES = 1 << 20, /* one entry is always admitted */
    STORE_CHUNKS = 8,
    STORE_VERIFY_WORKERS = 2,
    STORE_VOUCHED_MAX = 512,
};

struct store_verified {
    struct vg_blob *entry; /* one reference */
    struct ledger_view view;
    struct response_opened opened; /* of entries with a command */
};

struct store_chunk {
    struct store_verified entries[STORE_CHUNK_ENTRIES];
    uint32_t count;
    uint64_t bytes;
    enum { STORE_CHUNK_FREE, STORE_CHUNK_FILLED, STORE_CHUNK_TAKEN, STORE_CHUNK_READY } status;
};

struct store_verifier;

/* Starts the workers; `genesis`, and what `keys` has, outlive the verifier. */
struct store_verifier *store_verifier_new(const struct ledger_genesis *genesis,
                                          const vg_hash *cluster, const struct response_keys *keys);

/* Stops the workers and gives back every entry still held. */
void store_verifier_free(struct store_verifier *verifier);

/* The signature behind this commitment is that of the key: it need not be verified again, unless
 * the author has another by now. The commitment itself still is, so it can stand for those bytes
 * alone. Any thread. */
void store_verifier_vouch(struct store_verifier *verifier, const vg_hash *commitment,
                          const vg_public_key *key);

/* The calls below are the apply thread's. */

/* The chunk to fill next; NULL while all are in use. */
struct store_chunk *store_verifier_next(struct store_verifier *verifier);

/* Offers the chunk of store_verifier_next to the workers. */
void store_verifier_push(struct store_verifier *verifier);

/* True if no chunk waits to be taken. */
bool store_verifier_empty(const struct store_verifier *verifier);

/* The oldest chunk, verified: by a worker, or by the caller if none has begun. Not when empty. */
struct store_chunk *store_verifier_take(struct store_verifier *verifier);

/* Opens an entry of that chunk anew, now that its key is at hand. */
void store_verifier_again(struct store_verifier *verifier, struct store_verified *entry);

/* Gives back the chunk of store_verifier_take and its entries. */
void store_verifier_release(struct store_verifier *verifier);

#endif
