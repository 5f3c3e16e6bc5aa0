/* SPDX-License-Identifier: Apache-2.0
 * A host's log on disk: a platter, and the transactions that are not durable yet. Transactions are
 * atomic and become durable in order, as LMDB's are; a crash keeps a prefix of those under way. */
#ifndef VIGIL_TESTS_SIM_DISK_H
#define VIGIL_TESTS_SIM_DISK_H

#include "common/mem.h"
#include "proto/raft/raft.h"

struct sim;
struct host;

/* An entry as bytes, as the core knows it, and its hash. */
struct record {
    struct vg_blob *blob;
    struct raft_entry meta;
    vg_hash hash;
};

struct disk_write {
    uint64_t id;
    bool hard_state;
    uint64_t term;
    vg_node_id voted_for;
    uint64_t truncate_from;
    uint32_t count;
    struct record *records;
    uint64_t ready_us;
};

struct disk {
    uint64_t term;
    vg_node_id voted_for;
    struct record *records; /* of index 1 on */
    uint64_t count;
    uint64_t capacity;
    struct disk_write pending[RAFT_WRITES_MAX];
    uint32_t pending_first;
    uint32_t pending_count;
    uint64_t busy_until_us;
    bool full; /* no proposals; what the core writes has its reserve */
};

/* Queues a write and takes its records; EVENT_DISK follows when it is durable. */
void disk_submit(struct sim *sim, struct host *host, const struct disk_write *write);

/* Makes the oldest write durable; returns its id. */
uint64_t disk_complete(struct sim *sim, struct host *host);

/* The machine lost power: some prefix of the writes under way is durable. */
void disk_crash(struct sim *sim, struct host *host);

/* The durable entry of an index, or NULL. */
const struct record *disk_get(const struct disk *disk, uint64_t index);

void disk_free(struct disk *disk);

#endif
