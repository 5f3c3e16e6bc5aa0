/* SPDX-License-Identifier: Apache-2.0
 * The simulated world of one seed. One thread, virtual time, five independent streams of chance:
 * taking one kind of fault away leaves the others' draws as they were. */
#ifndef VIGIL_TESTS_SIM_SIM_H
#define VIGIL_TESTS_SIM_SIM_H

#include "tests/lib/check.h"
#include "tests/lib/raft_matrix.h"
#include "tests/sim/history.h"
#include "tests/sim/host.h"
#include "tests/sim/marks.h"
#include "tests/sim/nemesis.h"
#include "tests/sim/net.h"
#include "tests/sim/profile.h"
#include "tests/sim/queue.h"
#include "tests/sim/raft_trace.h"
#include "tests/sim/rules.h"
#include "tests/sim/workload.h"

/* The true wall clock at virtual time zero. */
#define SIM_EPOCH_MS UINT64_C(1700000000000)

/* Nodes that are asked for nothing of the first compartment, so that clients send the same to nodes
 * that are cleared for it and to nodes that are not (I33). Of a single node: none. */
enum sim_apart { SIM_APART_NONE, SIM_APART_ONE, SIM_APART_ALL_BUT_ONE };

struct sim_options {
    uint64_t seed;
    const char *profile; /* NULL: swarm */
    bool prevote;
    uint64_t trace_from; /* first event to print; UINT64_MAX: none */
    enum sim_apart apart;
    bool blind;   /* and those nodes have no key of it either */
    bool telling; /* and what they pass by, they apply later: a bug, to see that it is noticed */
};

struct sim {
    struct sim_options options;
    struct profile profile;
    uint64_t now_us;
    uint64_t events;
    uint64_t steps;
    uint64_t trace; /* rolling hash of everything that happened */
    uint64_t raft;  /* of what the cores were told, became and put out, and of their logs */
    struct queue queue;
    struct vg_prng network_chance;
    struct vg_prng disk_chance;
    struct vg_prng clock_chance;
    struct vg_prng work_chance;
    struct vg_prng nemesis_chance;
    bool faults; /* on from the end of the bootstrap to the heal */
    struct host hosts[VG_NODES_MAX];
    uint32_t host_count;
    struct net net;
    struct nemesis nemesis;
    struct workload work;
    struct history history;
    struct check *check;
    struct model *rules;
    uint64_t verdicts; /* commands on which it agreed */
    uint64_t passed_by;
    struct marks marks;
    uint64_t cells[MATRIX_CELLS]; /* messages received, by cell of the matrix */
    uint64_t leaderships;
    vg_node_id last_leader;
    const struct vg_signer *signer;
    struct ledger_genesis genesis;
    vg_hash cluster;
    struct raft *twin;           /* for sampled clone checks */
    struct raft_outputs outputs; /* of the step under way */
    struct raft_outputs twin_outputs;
    struct ledger_view views[RAFT_BATCH_MAX]; /* of the message under way */
    bool failed;
    struct check_violation violation;
};

/* What a run leaves behind. */
struct sim_result {
    bool failed;
    struct check_violation violation;
    char profile[16];
    uint32_t nodes;
    uint64_t events;
    uint64_t acked;
    uint64_t verdicts;
    uint64_t leader_changes;
    uint64_t time_us;
    uint64_t trace;
    uint64_t raft;
    uint64_t passed_by; /* entries that blind nodes had no key of */
    struct marks marks;
    uint64_t cells[MATRIX_CELLS];
};

/* One seed from beginning to end. */
void sim_run(const struct sim_options *options, struct sim_result *result);

/* As far as the run under way had come; for the handler of a failed assertion. */
void sim_where(uint64_t *event, uint64_t *time_us);

/* Notes a violation the simulator itself has seen; the first one counts. */
void sim_violate(struct sim *sim, const char *invariant, uint64_t node, uint64_t index,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* One line about what happens, when the run is being traced. */
void sim_trace(const struct sim *sim, uint64_t node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static inline bool sim_traced(const struct sim *sim)
{
    return sim->events >= sim->options.trace_from;
}

/* Adds to the trace hash. */
void sim_mix(struct sim *sim, uint64_t value);

/* Whether the entries of this compartment are read by some nodes only. */
bool sim_is_apart(const struct sim *sim, const vg_id *compartment);

/* The first host that is asked for everything. */
struct host *sim_witness(struct sim *sim);

/* The host whose core leads in the highest term, or NULL. */
struct host *sim_leader(struct sim *sim);

/* `value` drawn around a mean: mean / 2 to 3 mean / 2. */
uint64_t sim_around(struct vg_prng *chance, uint64_t mean);

/* A delay: `base` and a tail that halves its chance with each further `tail`. */
uint64_t sim_delay(struct vg_prng *chance, uint64_t base, uint64_t tail);

#endif
