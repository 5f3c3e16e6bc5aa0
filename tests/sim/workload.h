/* SPDX-License-Identifier: Apache-2.0
 * The clients: people who report, note and move incidents, retry at another node with the same
 * request id when they lose patience, and read what there is. */
#ifndef VIGIL_TESTS_SIM_WORKLOAD_H
#define VIGIL_TESTS_SIM_WORKLOAD_H

#include "proto/ledger/entry.h"
#include "proto/ledger/genesis.h"
#include "tests/sim/queue.h"

struct sim;

enum { CLIENTS_MAX = 8, PEOPLE = 5, KNOWN_MAX = 12 };

struct client {
    bool busy;
    bool reading;
    bool waiting; /* an attempt is under way */
    uint64_t op;
    uint64_t floor; /* reading: highest index seen when it began */
    uint32_t attempt;
    uint32_t tries;
};

/* An incident that clients have heard of, with the revision of its stage. */
struct known {
    vg_id id;
    uint64_t stage_revision;
};

struct workload {
    struct client clients[CLIENTS_MAX];
    vg_secret_key keys[PEOPLE]; /* person 0 is the operator */
    struct known known[KNOWN_MAX];
    uint32_t known_count;
    uint32_t script; /* commands of the bootstrap that are answered */
    bool draining;   /* clients end what they are about and begin nothing */
};

/* Fills the genesis with people of the seed's own keys. */
void workload_people(struct sim *sim);

/* Starts the first client, who names people and grants their roles; the others wait for that. */
void workload_start(struct sim *sim);
bool workload_scripted(const struct sim *sim);

/* Lets all clients work. */
void workload_all(struct sim *sim);

/* True if no client waits for an answer. */
bool workload_idle(const struct sim *sim);

void workload_event(struct sim *sim, const struct event *event);
void workload_reply(struct sim *sim, const struct packet *packet);

#endif
