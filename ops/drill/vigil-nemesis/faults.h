/* SPDX-License-Identifier: Apache-2.0
 * What is done to the nodes of a development cluster and to what is between them, and undone: two
 * streams at a time, of faults of machines and of faults of links, each fault with its end. */
#ifndef VIGIL_OPS_DRILL_VIGIL_NEMESIS_FAULTS_H
#define VIGIL_OPS_DRILL_VIGIL_NEMESIS_FAULTS_H

#include "common/prng.h"
#include "ops/drill/vigil-nemesis/stage.h"

enum { FAULTS_MAX = 32 }; /* kinds of one stream */

/* Whom a fault hits. */
enum faults_victims { FAULTS_ANY_ONE, FAULTS_LEADER, FAULTS_EVERYBODY };

struct fault;

/* One fault as it happens; the chance is its stream's. */
struct fault_case {
    struct stage *stage;
    const struct fault *fault;
    uint32_t victim; /* its place; for everybody each in turn */
    struct vg_prng *prng;
};

typedef enum vg_code fault_act(const struct fault_case *the, struct vg_error *error);

/* A kind of fault. After its end every node runs, or comes up, and hears every other, as far as
 * this fault goes. */
struct fault {
    const char *name;
    enum faults_victims victims;
    fault_act *begin, *end;
    uint32_t weight;            /* how often, compared with others */
    uint32_t least_ms, most_ms; /* how long it lasts, and how long it is quiet after it */
    uint32_t with;              /* what the acts make of it */
};

/* The kinds of a stream; the last has no name. */
extern const struct fault faults_of_machines[];
extern const struct fault faults_of_links[];

struct faults_counts {
    uint64_t machines[FAULTS_MAX];
    uint64_t links[FAULTS_MAX];
};

/* The node it happens to. */
struct dev_node *faults_node(const struct fault_case *the);

/* Does it to one node after the other, until one of them fails. */
enum vg_code faults_on_all(const struct fault_case *the, fault_act *act, struct vg_error *error);

/* Runs both streams for `ms` and ends what they began. VG_INTEGRITY when a node had ended by
 * itself; else what kept a fault from being done or undone. */
enum vg_code faults_run(struct stage *stage, uint64_t seed, uint64_t ms,
                        struct faults_counts *counts, struct vg_error *error);

#endif
