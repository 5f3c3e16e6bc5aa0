/* SPDX-License-Identifier: Apache-2.0
 * The apply thread: takes committed entries in order, has their signatures verified on a worker
 * pool, runs the state machine, commits the state every 50 to 100 ms or 4096 entries, and answers
 * queries from the open transaction. */
#ifndef VIGIL_NODE_STORE_APPLIER_H
#define VIGIL_NODE_STORE_APPLIER_H

#include "node/store/clearance.h"
#include "node/store/log.h"
#include "node/store/people.h"
#include "node/store/state.h"
#include "proto/compartment/ahead.h"
#include "proto/response/offers.h"

enum { STORE_APPLIER_QUERIES_MAX = 4096 };

/* The data keys of this node, for whoever opens entries. Any thread. */
struct store_keys {
    /* As struct response_keys has it; NULL: there are none. */
    bool (*find)(void *context, const vg_id *compartment, uint64_t epoch, vg_cipher_key *key);
    /* An epoch came into force, or is needed: has its key at hand from here on, or says why not.
     * `place` is what its commitment and wraps have for the cluster id. */
    enum vg_code (*learn)(void *context, const struct compartment_epoch *epoch,
                          const vg_hash *place, struct vg_error *error);
    /* The first record is in force and its key is wanted: has it at hand from here on, if the
     * others, of later entries, lead to it. NULL: there are none. */
    enum vg_code (*learn_ahead)(void *context, const struct compartment_ahead *ahead,
                                struct vg_error *error);
    /* This node is no longer cleared for the compartment: destroys its unwrap secret and state key
     * on disk, and wipes its data keys; what is gone already is fine. NULL: there are none. */
    enum vg_code (*destroy)(void *context, const vg_id *compartment, struct vg_error *error);
    /* This node's unwrap key of a compartment, but for the node; false if there is none. NULL:
     * there are none. */
    bool (*offered)(void *context, const vg_id *compartment, struct response_offer *out);
    /* The same of the first compartment after that of `offer`, in the order of ids. NULL as well.
     */
    bool (*next_offered)(void *context, struct response_offer *offer);
    void *context;
    struct store_state_keys state;
};

struct store_applier;

struct store_applier_config {
    const char *path;
    vg_node_id node;
    const struct ledger_genesis *genesis; /* outlives the applier */
    vg_hash cluster;
    struct store_log *log; /* outlives the applier */
    struct store_keys keys;
    /* The folder in which states of single compartments are rebuilt; NULL: none are. */
    const char *rebuilds;
    /* Of such a rebuild, the compartment it is level for. NULL: those that the log clears the node
     * for. */
    const vg_id *only;
    /* The entry is damaged in the log, and a rebuild needs it, or a look ahead. Any thread. */
    void (*wanted)(void *context, uint64_t index);
    /* On the apply thread, after the entry of `index` has been applied; `outcome` is NULL when it
     * has none. */
    void (*applied)(void *context, uint64_t index, const struct response_outcome *outcome);
    /* On the apply thread: the entry of this envelope was void for its epoch (DESIGN section 7), or
     * since its compartment is shredded. */
    void (*stale)(void *context, const struct ledger_envelope *envelope);
    /* On the apply thread: the cursor has stopped before the entry of `index`, with the reason and
     * the remedy. `damaged`: it is damaged in the log, and the cursor goes on once it is whole
     * again; for want of a key, once a later entry leads to that; else (a rules version this node
     * does not know, another history) for good. */
    void (*stopped)(void *context, uint64_t index, const struct vg_error *error, bool damaged);
    /* On the apply thread, after such a stop: it has another look, and goes on or stops again. */
    void (*going_on)(void *context);
    void *context;
};

/* Opens the state, compares it with the log, starts the threads. Entries after the state's cursor
 * are applied again once store_applier_commit says how far they are committed. Refused with the
 * remedy named: what store_state_open refuses, a state ahead of the log or of another history
 * (VG_INTEGRITY). */
enum vg_code store_applier_open(const struct store_applier_config *config,
                                struct store_applier **out, struct vg_error *error);

/* Entries up to `index` are committed. `entry` is the one of `index` if the caller still holds it
 * in memory (a reference is taken), else NULL and it is read from the log once it is durable there.
 * Any thread; indices ascend. */
void store_applier_commit(struct store_applier *applier, uint64_t index, struct vg_blob *entry);

/* A damaged entry of the log is whole again: a cursor that stopped for one looks again. Any thread.
 */
void store_applier_mended(struct store_applier *applier);

/* Runs `query` on the apply thread once `at_least` is applied; `machine` is for reading only.
 * `cancelled` instead, on the apply thread, when the applier closes or its cursor stops before; at
 * once, on the caller's thread, when the cursor has stopped already or STORE_APPLIER_QUERIES_MAX
 * wait (VG_BUSY). Any thread. */
void store_applier_query(struct store_applier *applier, uint64_t at_least,
                         void (*query)(void *context, struct response_machine *machine),
                         void (*cancelled)(void *context, const struct vg_error *why),
                         void *context);

/* Says that the signature of the command behind a commitment has been verified here already, by the
 * origin, with this key: applying it need not verify it again, while it is the author's. Only the
 * latest few hundred are kept. Any thread. */
void store_applier_vouch(struct store_applier *applier, const vg_hash *commitment,
                         const vg_public_key *key);

/* The keys of people as of what is applied; lives as long as the applier. Any thread. */
struct store_people *store_applier_people(struct store_applier *applier);

/* How this node stands to each compartment as of what is applied; lives as long as the applier. Any
 * thread. */
struct store_clearances *store_applier_clearances(struct store_applier *applier);

/* As struct response_keys has it, for who answers and seals; `applier` is a struct store_applier.
 * Of compartments that are level here alone. Any thread. */
bool store_applier_data_key(void *applier, const vg_id *compartment, uint64_t epoch,
                            vg_cipher_key *key);

/* Last applied index. Any thread. */
uint64_t store_applier_cursor(struct store_applier *applier);

/* Applies what is committed and at hand, cancels the queries that remain, commits, stops. */
void store_applier_close(struct store_applier *applier);

#endif
