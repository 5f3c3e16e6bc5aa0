/* SPDX-License-Identifier: Apache-2.0
 * A node in the test's own process: a cluster of one, on a real disk and real sockets, with one
 * person who may do everything in the first compartment. Ends the program when the machine refuses.
 */
#ifndef VIGIL_TESTS_LIB_LONE_H
#define VIGIL_TESTS_LIB_LONE_H

#include <jansson.h>
#include <pthread.h>

#include "common/identity.h"
#include "node/node.h"
#include "proto/ledger/entry.h"
#include "proto/ledger/genesis.h"
#include "proto/response/command.h"
#include "proto/wire/client.h"
#include "tests/lib/caller.h"

struct lone {
    char folder[64];
    char url[RUDE_URL];
    struct ledger_genesis genesis;
    vg_hash cluster;
    struct vg_identity person;
    struct ledger_expectation expects; /* of the commands signed next; aspect 0: nothing */
    struct node_config *config;
    struct node *node;
    pthread_t thread;
    struct vg_identity self;     /* the node's */
    struct noise_static channel; /* of whose session it is: the person's, at first */
    struct caller caller;
    uint64_t token;
};

/* A fresh cluster that leads and has granted its person every role. */
void lone_start(struct lone *lone);
/* Ends the node as SIGTERM does; lone_restart opens the same folder again; lone_free removes it. */
void lone_stop(struct lone *lone);
void lone_restart(struct lone *lone);
void lone_free(struct lone *lone);

/* Goes on by a session of somebody else, who is enrolled, or of the person again. */
void lone_enter(struct lone *lone, const struct vg_identity *as);

/* A fresh request id, issued now. */
vg_id lone_request(void);

/* Signs a command of the person for a compartment. */
void lone_sign(struct lone *lone, const vg_id *compartment, const vg_id *request,
               const struct response_command *command, struct vg_buffer *out);

/* One request and its answer: the JSON document (of an answer or of an error's details; NULL if
 * there is none), and the error, VG_OK for none. */
json_t *lone_call(struct lone *lone, struct wire_request request, struct vg_error *error);

/* A question, linearizable. */
json_t *lone_ask(struct lone *lone, const char *question, struct vg_error *error);

/* A signed command. */
json_t *lone_submit(struct lone *lone, const struct vg_buffer *command, bool dry_run,
                    struct vg_error *error);

#endif
