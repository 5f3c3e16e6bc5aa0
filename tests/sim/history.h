/* SPDX-License-Identifier: Apache-2.0
 * What clients asked and were told, what every node applied, and what must be true of both. */
#ifndef VIGIL_TESTS_SIM_HISTORY_H
#define VIGIL_TESTS_SIM_HISTORY_H

#include "proto/ledger/entry.h"
#include "proto/response/command.h"
#include "tests/sim/net.h"

struct host;
struct sim;

/* One command of one person, however often it is sent. */
struct op {
    uint32_t author;
    vg_id compartment;
    bool acked;
    bool maybe; /* some attempt may have got into the log */
    bool clash; /* another command under the id of an earlier op */
    struct vg_blob *signed_command;
    vg_signature signature;
    vg_id request;
    uint64_t floor;    /* highest index anybody had seen when it was first sent */
    struct reply told; /* acked: what the client was told first */
};

/* What is everybody's after an index, as the first to apply it has it. */
struct state {
    uint64_t common; /* hash of all that every node has */
    bool read;       /* by a node that is cleared for the first compartment: */
    uint64_t first;  /* its hash */
    uint64_t op;     /* of the entry; 0: none, or one that clashes */
};

struct history {
    struct op *ops; /* an op's number is its place + 1 */
    uint64_t count;
    uint64_t capacity;
    struct state *states; /* by index - 1 */
    uint64_t states_count;
    uint64_t states_capacity;
    uint64_t witnessed; /* the last index of which the rules were told */
    uint64_t high;      /* highest index a client has seen the effect of */
    uint64_t acked;
};

/* Adds an op, moving its blob; returns its number. */
uint64_t history_add(struct history *history, const struct op *op);
struct op *history_get(struct history *history, uint64_t number);
void history_free(struct history *history);

/* The op of a command, by its signature; 0: nobody has signed it. */
uint64_t history_find(const struct history *history, const struct ledger_command *command);

/* The op is sent, again perhaps. */
void history_asked(struct sim *sim, uint64_t number);

/* The log has decided and the client was told (I22, I23). */
void history_told(struct sim *sim, uint64_t number, const struct reply *reply);

/* This attempt was refused for certain, or its outcome is unknown. */
void history_refused(struct sim *sim, uint64_t number);
void history_unknown(struct sim *sim, uint64_t number);

/* A read that began when `floor` was seen was answered at `index` (I22). */
void history_read(struct sim *sim, uint64_t floor, uint64_t index);

/* The host applied `index`, which holds `op` (0: none): its state must be everybody's, and that of
 * the first compartment every cleared node's (I6, I15). */
void history_state(struct sim *sim, struct host *host, uint64_t index, uint64_t op);

/* At the end: what was acknowledged is in the timelines, once; what was refused is not; nothing
 * else is (I23 to I26). */
void history_finish(struct sim *sim);

#endif
