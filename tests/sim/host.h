/* SPDX-License-Identifier: Apache-2.0
 * A node in miniature: the production core, ledger tail and state machine, with a shell that
 * carries the core's outputs out in their order, as node.c does. */
#ifndef VIGIL_TESTS_SIM_HOST_H
#define VIGIL_TESTS_SIM_HOST_H

#include "common/prng.h"
#include "proto/ledger/tail.h"
#include "proto/response/machine.h"
#include "tests/lib/memkv.h"
#include "tests/sim/disk.h"
#include "tests/sim/net.h"
#include "tests/sim/queue.h"

enum { GATHERED_MAX = RAFT_BATCH_MAX, ASKED_MAX = 64 };

/* Monotonic time is `mono_us` at virtual time `since_us` and runs at `rate` ppm from there. */
struct host_clock {
    uint64_t since_us;
    uint64_t mono_us;
    uint64_t rate_ppm;
    uint64_t wall_zero_ms; /* wall clock at virtual time zero, before jumps */
    int64_t jump_ms;
};

struct held {
    uint64_t after_write;
    struct packet *packet;
};

/* A request the host owes an answer: to its own clients as origin, or a read that waits. */
struct asked {
    uint32_t client;
    uint32_t attempt;
    uint64_t op;
    uint64_t read_id; /* 0: a command */
    uint64_t index;   /* read: 0 until confirmed */
};

/* An envelope that waits for its proposal. */
struct gathered {
    struct vg_blob *blob;
    struct packet *request; /* FORWARD or REQUEST it came with */
};

struct host {
    uint32_t index;
    vg_node_id id;
    bool apart; /* asked for nothing of the first compartment */
    bool blind; /* not cleared for it */
    bool up;
    uint32_t life;
    uint64_t paused_until_us;
    uint32_t crash_in; /* outputs until it crashes; 0: not planned */
    struct host_clock clock;
    struct vg_prng prng; /* salts, ids, jitter seeds */
    struct raft *core;
    struct raft_status status; /* after the last step */
    uint64_t tick_us;          /* of the only valid TICK event; 0: none */
    struct ledger_tail *tail;
    struct disk disk;
    uint64_t written; /* last durable write of this life */
    struct held *held;
    uint32_t held_count;
    uint32_t held_capacity;
    struct memkv *store;
    struct response_machine machine;
    uint64_t cursor;  /* last applied */
    uint64_t target;  /* last committed that this life knows of */
    uint64_t kept_at; /* cursor at the last commit of the store */
    bool apply_waiting;
    struct gathered gathered[GATHERED_MAX];
    uint32_t gathered_count;
    bool propose_waiting;
    struct asked asked[ASKED_MAX];
    uint32_t asked_count;
    uint64_t reads;
};

/* ---- life (life.c) ---- */

/* Makes the host of an index, down and empty. */
void host_make(struct sim *sim, uint32_t index);
void host_free(struct host *host);

/* Recovers from disk and starts the core. */
void host_start(struct sim *sim, struct host *host);

/* Loses memory; some writes under way too. The host stays down until host_start. */
void host_crash(struct sim *sim, struct host *host);

uint64_t host_mono_us(const struct sim *sim, const struct host *host);
uint64_t host_wall_ms(const struct sim *sim, const struct host *host);

/* ---- shell (shell.c) ---- */

/* Steps the core and carries its outputs out. */
void host_step(struct sim *sim, struct host *host, struct raft_event *event, struct packet *packet);

/* Each event of the host, as the queue gives it. */
void host_event(struct sim *sim, struct host *host, const struct event *event);

/* The entry of an index from tail or disk; asserts that there is one. */
struct record host_record(const struct host *host, uint64_t index);

/* ---- origin (origin.c) ---- */

void origin_request(struct sim *sim, struct host *host, struct packet *packet);
void origin_forwarded(struct sim *sim, struct host *host, struct packet *packet);
void origin_answered(struct sim *sim, struct host *host, const struct packet *packet);
void origin_propose(struct sim *sim, struct host *host);

/* The core refused what was gathered. */
void origin_refused(struct sim *sim, struct host *host, enum raft_reason reason);
void origin_read_ready(struct sim *sim, struct host *host, uint64_t id, uint64_t index);
void origin_read_failed(struct sim *sim, struct host *host, uint64_t id);

/* Answers reads whose index is applied. */
void origin_serve_reads(struct sim *sim, struct host *host);

/* Answers whoever waits for this op. */
void origin_applied(struct sim *sim, struct host *host, uint64_t op, const struct reply *reply);

/* Forgets everything a crash loses. */
void origin_clear(struct host *host);

/* The host's own noop at the start of its leadership. */
void origin_noop(struct host *host, uint8_t out[LEDGER_ENVELOPE_SIZE]);

/* ---- apply (apply.c) ---- */

/* Applies what is committed, at most a profile's batch; keeps the store now and then. */
void host_apply(struct sim *sim, struct host *host);

/* Asks for EVENT_APPLY if there is something to apply. */
void host_apply_later(struct sim *sim, struct host *host);

#endif
