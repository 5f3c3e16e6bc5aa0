/* SPDX-License-Identifier: Apache-2.0
 * The Raft trace of a run: a rolling hash (sim->raft) of what each core was told and when, its
 * term, vote, role and indices after it, all it put out, the messages that left, and the bytes of
 * its log by their hashes. Nothing of the state machine is in it, so that runs can be compared in
 * which nodes read different things (I33). */
#ifndef VIGIL_TESTS_SIM_RAFT_TRACE_H
#define VIGIL_TESTS_SIM_RAFT_TRACE_H

#include "proto/raft/raft.h"

struct disk_write;
struct host;
struct sim;

/* A core was started from its disk. */
void raft_trace_started(struct sim *sim, const struct host *host);

/* It took a step; its outputs are sim->outputs. */
void raft_trace_step(struct sim *sim, const struct host *host, const struct raft_event *event);

/* All that it is. Slow. */
void raft_trace_core(struct sim *sim, const struct host *host);

/* Hard state and entries on their way to the disk. */
void raft_trace_write(struct sim *sim, const struct disk_write *write);

/* A message left. */
void raft_trace_sent(struct sim *sim, const struct raft_msg *msg);

#endif
