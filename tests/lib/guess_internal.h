/* SPDX-License-Identifier: Apache-2.0
 * Inside of the guesses: one that is being made. */
#ifndef VIGIL_TESTS_LIB_GUESS_INTERNAL_H
#define VIGIL_TESTS_LIB_GUESS_INTERNAL_H

#include "tests/lib/guess.h"

enum { MINUTE_MS = 60 * 1000, DAY_MS = 24 * 3600 * 1000 };

/* One guess being made. */
struct thought {
    struct vg_prng *prng;
    const struct model *model;
    const struct ledger_genesis *genesis;
    uint64_t now_ms;
    uint64_t number;
    struct guess *out;
    uint32_t texts; /* slots of out->text that are used */
    vg_id incident; /* that the command is about */
    struct model_facts facts;
};

static inline uint64_t guess_below(struct thought *thought, uint64_t bound)
{
    return vg_prng_below(thought->prng, bound);
}

/* True once in `times`. */
static inline bool guess_once_in(struct thought *thought, uint64_t times)
{
    return guess_below(thought, times) == 0;
}

static inline bool guess_in_directory(const struct thought *thought)
{
    return vg_id_equal(&thought->out->compartment, &thought->genesis->directory);
}

static inline bool guess_in_control(const struct thought *thought)
{
    return vg_id_is_zero(&thought->out->compartment);
}

/* Somebody of the genesis, or enrolled, or nobody. */
vg_id guess_person(struct thought *thought);
/* What makes sense of proposals, their approval, and probes of drills (guess_signed.c). */
void guess_proposal(struct thought *thought);
void guess_approval(struct thought *thought);
void guess_rejection(struct thought *thought);
void guess_rekey(struct thought *thought);
/* The keys of two numbers, bound for a person or node. */
struct vg_keys guess_keys(struct thought *thought, const vg_id *person, uint64_t key,
                          uint64_t channel);
/* The place in the genesis of somebody who is operator or key officer, of whom there are two. */
uint32_t guess_officer(struct thought *thought);
void guess_probe(struct thought *thought);

/* What makes sense of evictions, of new epochs, and of what follows from them (guess_nodes.c). */
void guess_eviction(struct thought *thought);
void guess_clearing(struct thought *thought);
void guess_attestation(struct thought *thought);
void guess_override(struct thought *thought);
void guess_shredding(struct thought *thought);
void guess_checkpoint(struct thought *thought);
/* What a node has gathered. */
void guess_signals(struct thought *thought);

/* What makes sense of tenants, and of facts between compartments (guess_facts.c). */
void guess_tenant(struct thought *thought);
void guess_case(struct thought *thought);
void guess_told(struct thought *thought);

#endif
