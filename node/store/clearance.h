/* SPDX-License-Identifier: Apache-2.0
 * How this node stands to each compartment whose key has epochs, for threads beside the apply
 * thread, which keeps it as of what is applied (docs/storage.md, "Clearance"). Any thread. */
#ifndef VIGIL_NODE_STORE_CLEARANCE_H
#define VIGIL_NODE_STORE_CLEARANCE_H

#include "common/error.h"
#include "common/limits.h"
#include "proto/ledger/genesis.h"
#include "proto/response/checkpoint.h"
#include "proto/response/standing.h"

enum { STORE_CLEARANCES_MAX = 1024 };

struct store_clearance {
    vg_id compartment;
    enum response_status status;
    uint64_t epoch;    /* in force */
    uint64_t shredded; /* index of the entry that shredded it; 0: it is not */
    uint64_t ended;    /* owes: the epoch that ended the clearance */
    bool owes;         /* removing: nothing of it is here any more; the log has yet to say so */
    uint64_t rebuilt;  /* rebuilding: up to this index */
    uint64_t retry_us; /* not before, what the disk or the keyring has refused; 0: nothing */
    vg_node_id holders[VG_NODES_MAX]; /* nodes that are cleared by the log */
    uint32_t holder_count;
    char why[VG_ERROR_TEXT];          /* stopped: for want of what; diverged: how; "" otherwise */
    struct response_mark due;         /* that this node owes a checkpoint of; index 0: none */
    uint64_t said;                    /* the latest mark that has a checkpoint; 0: none */
    bool due_at_once;                 /* whatever others do; else one of these gives it first: */
    vg_node_id earlier[VG_NODES_MAX]; /* cleared, of a lower id, and not at odds with the others */
    uint32_t earlier_count;
};

struct store_clearances;

/* Empty; free with store_clearances_free. `only` not NULL: level is that compartment alone, ever.
 */
struct store_clearances *store_clearances_new(const struct ledger_genesis *genesis,
                                              const vg_id *only);
void store_clearances_free(struct store_clearances *all);

/* Adds or replaces one. VG_UNAVAILABLE when STORE_CLEARANCES_MAX others are kept. */
enum vg_code store_clearances_put(struct store_clearances *all,
                                  const struct store_clearance *clearance);

/* False if no epoch of the compartment's key is known here. */
bool store_clearances_get(struct store_clearances *all, const vg_id *compartment,
                          struct store_clearance *out);

/* The next after out->compartment, in their order, from a zeroed one on; false at the end. */
bool store_clearances_next(struct store_clearances *all, struct store_clearance *out);

/* As struct response_machine has it; `all` is the table. A compartment that is in clear, where the
 * genesis allows that, is level; so is one that has diverged, as its entries are applied. */
bool store_clearances_level(void *all, const vg_id *compartment);

/* Whether its questions are answered here, and writes in it begin here: level, and not diverged. */
bool store_clearances_served(struct store_clearances *all, const vg_id *compartment);

/* Whether an unwrap key of the compartment that this node gives now stays: VG_CONFLICT, with the
 * remedy, while the node removes the compartment, since its secret goes too; VG_FORBIDDEN if the
 * compartment is shredded. */
enum vg_code store_clearances_offers(struct store_clearances *all, const vg_id *compartment,
                                     struct vg_error *error);

/* "node 1, node 2"; "no node". */
void store_clearance_holders(const struct store_clearance *clearance, char *out, size_t size);

#endif
