/* SPDX-License-Identifier: Apache-2.0
 * A few production cores on a table: the test moves every message, disk write and clock by hand.
 * For unit and paper tests of the core; scenarios and the simulator have their own worlds.
 * Everything is bounded and asserted; one thread. */
#ifndef VIGIL_TESTS_LIB_RAFT_CLUSTER_H
#define VIGIL_TESTS_LIB_RAFT_CLUSTER_H

#include "proto/raft/state.h"

enum { RC_LOG_MAX = 4096, RC_MSGS_MAX = 8192, RC_READS_MAX = 512 };

/* A message under way, with the entries it carries. */
struct rc_msg {
    struct raft_msg msg;
    struct raft_entry entries[RAFT_BATCH_MAX];
};

/* A disk write not yet durable, with the entries it will put on the platter. */
struct rc_write {
    uint64_t id;
    bool hard_state;
    raft_term term;
    vg_node_id voted_for;
    uint64_t truncate_from;
    uint64_t first;
    uint32_t count;
    struct raft_entry *entries;
};

/* A message that waits for a write of its sender. */
struct rc_held {
    uint64_t after_write;
    struct rc_msg *msg;
};

struct rc_read {
    uint64_t id;
    bool done;
    bool ok;
    uint64_t index;
};

struct rc_node {
    struct raft *core; /* NULL while down */
    struct raft_outputs *out;
    uint64_t clock_skew_ms; /* wall clock = now + skew */
    bool full;              /* its disk takes no proposals */

    struct raft_entry log[RC_LOG_MAX + 1]; /* in memory; [index] */
    uint64_t last;
    struct raft_entry disk[RC_LOG_MAX + 1]; /* on the platter */
    uint64_t disk_last;
    raft_term disk_term;
    vg_node_id disk_vote;

    struct rc_write writes[RAFT_WRITES_MAX];
    uint32_t write_count;
    uint64_t written; /* last durable write id */
    struct rc_held held[RC_MSGS_MAX];
    uint32_t held_count;

    struct rc_read reads[RC_READS_MAX];
    uint32_t read_count;
    struct raft_output last_role;
    uint32_t role_count;
    struct raft_output last_refused;
    uint32_t refused_count;
    struct raft_output last_transfer;
    uint32_t transfer_count;
    enum raft_reason alarm;
    struct raft_output last_load;
    uint32_t load_count;
};

struct rc {
    struct raft_config config;
    uint32_t count;
    struct rc_node nodes[VG_NODES_MAX + 1]; /* [id]; 0 unused */
    struct rc_msg *msgs[RC_MSGS_MAX];       /* under way, oldest first */
    uint32_t msg_count;
    uint64_t now_us;
    bool check_purity;                            /* step clones as well and compare (I44) */
    bool slow_disk;                               /* true: writes wait for rc_disk */
    bool slow_loads;                              /* true: loads wait for rc_answer_load */
    bool cut[VG_NODES_MAX + 1][VG_NODES_MAX + 1]; /* [from][to]: lost when sent */
};

/* `count` nodes with ids from 1, empty logs, election timeout 1000 ms, heartbeat 100 ms, limits
 * wide, pre-vote and check-quorum on. Change `config` before rc_start. */
struct rc *rc_new(uint32_t count);
void rc_free(struct rc *rc);

/* Starts every node from its disk. */
void rc_start_all(struct rc *rc);
void rc_start(struct rc *rc, uint64_t id);

/* Puts entries of these terms on a stopped node's disk, from index 1, with this term and vote. */
void rc_preload(struct rc *rc, uint64_t id, const uint64_t *terms, uint32_t count, uint64_t term,
                uint64_t vote);

/* The node loses its memory and the writes not yet durable. */
void rc_crash(struct rc *rc, uint64_t id);

/* One step with `event`; time and wall clock are filled in, the outputs carried out. */
void rc_step(struct rc *rc, uint64_t id, struct raft_event event);

void rc_campaign(struct rc *rc, uint64_t id);
void rc_propose(struct rc *rc, uint64_t id, uint32_t count, uint32_t size);
void rc_read(struct rc *rc, uint64_t id, uint64_t read_id);
void rc_transfer(struct rc *rc, uint64_t id, uint64_t target);

/* Hands a made-up message to its receiver. */
void rc_inject(struct rc *rc, const struct raft_msg *msg, const struct raft_entry *entries);

/* Completes up to `count` writes of a node, oldest first. */
void rc_disk(struct rc *rc, uint64_t id, uint32_t count);

/* Answers a node's last load with up to `count` entries. */
void rc_answer_load(struct rc *rc, uint64_t id, uint32_t count);

/* Delivers the message at `position`; rc_drop loses it; rc_clone delivers a copy, keeping it. */
void rc_deliver(struct rc *rc, uint32_t position);
void rc_drop(struct rc *rc, uint32_t position);
void rc_clone(struct rc *rc, uint32_t position);

/* The first message under way of that kind (0: any) from and to these nodes (0: any); -1: none. */
int rc_find(const struct rc *rc, uint64_t from, uint64_t to, enum raft_msg_type type);
const struct raft_msg *rc_msg_at(const struct rc *rc, int position);
void rc_drop_all(struct rc *rc);

/* Delivers and writes until nothing is under way (slow_disk: until no message is). */
void rc_settle(struct rc *rc);

/* Lets time pass, ticking each node when it is due, and settles after every tick. */
void rc_run(struct rc *rc, uint64_t ms);

/* Lets time pass without any tick. */
void rc_wait(struct rc *rc, uint64_t ms);

/* Ticks one node now. */
void rc_tick(struct rc *rc, uint64_t id);

void rc_isolate(struct rc *rc, uint64_t id);
void rc_heal(struct rc *rc);

/* The node that leads in the highest term, 0 if none. */
uint64_t rc_leader(const struct rc *rc);
const struct raft *rc_core(const struct rc *rc, uint64_t id);

#endif
