/* SPDX-License-Identifier: Apache-2.0
 * The clients: people, and a node, who give commands of all kinds, retry at another node with the
 * same request id when they lose patience, and read what there is. */
#ifndef VIGIL_TESTS_SIM_WORKLOAD_H
#define VIGIL_TESTS_SIM_WORKLOAD_H

#include "proto/ledger/entry.h"
#include "proto/ledger/genesis.h"
#include "tests/sim/queue.h"

struct sim;

enum { CLIENTS_MAX = 8, PEOPLE = 8 };

struct client {
    bool busy;
    bool reading;
    bool waiting; /* an attempt is under way */
    uint64_t op;
    uint64_t floor; /* reading: highest index seen when it began */
    uint32_t attempt;
    uint32_t tries;
};

struct workload {
    struct client clients[CLIENTS_MAX];
    vg_secret_key keys[PEOPLE + 1]; /* person 0 is the operator; the last is node 1's */
    uint32_t script;                /* commands of the bootstrap that are answered */
    bool draining;                  /* clients end what they are about and begin nothing */
};

/* Fills the genesis with keys of the seed's own. */
void workload_people(struct sim *sim);

/* Starts the first client, who grants roles; the others wait for that. */
void workload_start(struct sim *sim);
bool workload_scripted(const struct sim *sim);

/* Lets all clients work. */
void workload_all(struct sim *sim);

/* True if no client waits for an answer. */
bool workload_idle(const struct sim *sim);

void workload_event(struct sim *sim, const struct event *event);
void workload_reply(struct sim *sim, const struct packet *packet);

#endif
