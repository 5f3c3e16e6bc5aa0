/* SPDX-License-Identifier: Apache-2.0
 * The consensus core: one pure entry point, raft_step(core, event, outputs).
 *
 * Sources: Ongaro, "Consensus: Bridging Theory and Practice" (2014), cited as D followed by the
 * section; features and historic bugs are cited as F.. and B.., invariants as I..
 * (docs/testing.md).
 *
 * The core knows entries by index, term, stamp and size alone: their bytes, hashes and the chain
 * are the ledger's (proto/ledger/tail.h). It has no clock, randomness, allocation or I/O: time and
 * the results of disk writes are events, randomness is a seed. One thread at a time. */
#ifndef VIGIL_PROTO_RAFT_RAFT_H
#define VIGIL_PROTO_RAFT_RAFT_H

#include "common/limits.h"
#include "common/prng.h"
#include "common/types.h"

enum {
    RAFT_WINDOW = 1024,     /* recent entries whose metadata the core holds; a power of two */
    RAFT_RUNS_MAX = 512,    /* recent terms whose first index the core holds */
    RAFT_WRITES_MAX = 64,   /* disk writes under way */
    RAFT_READS_MAX = 256,   /* reads waiting for their index */
    RAFT_INFLIGHT_MAX = 64, /* append messages under way to one peer */
    RAFT_BATCH_MAX = 256,   /* entries of one append message or one proposal */
    RAFT_OUTPUTS_MAX = 512, /* outputs of one step */
};

/* Typed indices (F-list "lessons counted"): one struct each, so that what was only appended cannot
 * be passed for what is durable or verified. 0 is "nothing yet"; the first entry has index 1. */
typedef struct raft_term {
    uint64_t value;
} raft_term;
typedef struct raft_appended {
    uint64_t value;
} raft_appended; /* last entry in memory */
typedef struct raft_durable {
    uint64_t value;
} raft_durable; /* last entry known on our disk */
typedef struct raft_verified {
    uint64_t value;
} raft_verified; /* last entry checked against this term's leader */
typedef struct raft_committed {
    uint64_t value;
} raft_committed;
typedef struct raft_applied {
    uint64_t value;
} raft_applied;

enum raft_role { RAFT_FOLLOWER, RAFT_PRECANDIDATE, RAFT_CANDIDATE, RAFT_LEADER };

enum raft_entry_kind { RAFT_NOOP = 1, RAFT_DATA = 2 };

/* What the core knows of an entry. */
struct raft_entry {
    uint64_t index;
    uint64_t term;
    uint64_t time_ms; /* log time, DESIGN section 8 */
    uint32_t size;    /* bytes of the whole entry, for limits */
    uint8_t kind;     /* enum raft_entry_kind */
};

/* ---- configuration ----------------------------------------------------------------------------
 */

struct raft_config {
    vg_node_id self;
    vg_node_id voters[VG_NODES_MAX]; /* self among them; ids >= 1, distinct */
    uint32_t voter_count;
    uint64_t seed;                /* of election jitter and read ids; another at every start */
    uint32_t election_timeout_ms; /* T: each timeout is drawn from [T, 2T) */
    uint32_t heartbeat_ms;        /* < T / 2 */
    uint32_t batch_entries_max;   /* 1 .. RAFT_BATCH_MAX */
    uint32_t batch_bytes_max;     /* per append message; one entry is always admitted */
    uint32_t inflight_max;        /* append messages per peer, 1 .. RAFT_INFLIGHT_MAX */
    uint32_t inflight_bytes_max;  /* per peer; one message is always admitted */
    uint32_t
        uncommitted_bytes_max; /* proposals beyond are refused as busy (F19); one always admitted */
    bool prevote;              /* F1; always on in the node, switchable for scenarios */
    bool check_quorum;         /* F2 and F3 */
};

/* What a node finds on its disk at start. */
struct raft_recovery {
    raft_term term;
    vg_node_id voted_for;          /* 0: nobody in `term` */
    const struct raft_entry *tail; /* the last entries, oldest first; at most RAFT_WINDOW */
    uint32_t tail_count;           /* 0 only for an empty log */
    const struct raft_run *runs;   /* term runs of the whole log, oldest first; the last */
    uint32_t run_count;            /* RAFT_RUNS_MAX are kept */
};

/* A run of consecutive entries of one term, from `first` to the next run's first. */
struct raft_run {
    uint64_t first;
    uint64_t term;
};

/* ---- messages between cores --------------------------------------------------------------------
 */

enum raft_msg_type {
    RAFT_MSG_APP = 1, /* append entries after (prev_index, prev_term); may carry none */
    RAFT_MSG_APP_RESP,
    RAFT_MSG_HEARTBEAT, /* no log check; commit is clipped by match (B28) */
    RAFT_MSG_HEARTBEAT_RESP,
    RAFT_MSG_PREVOTE,      /* term is the one the sender would campaign in; changes nothing (I35) */
    RAFT_MSG_PREVOTE_RESP, /* a grant echoes the requested term (B21); a refusal tells our own */
    RAFT_MSG_VOTE,
    RAFT_MSG_VOTE_RESP,
    RAFT_MSG_TIMEOUT_NOW, /* leadership transfer (D3.10) */
    RAFT_MSG_READ,        /* a follower asks for a read index (D6.4) */
    RAFT_MSG_READ_RESP,
};

/* One struct for every type; fields a type does not use are zero. Decoded by proto/wire, so every
 * field is still hostile here: values out of order are dropped, never asserted. */
struct raft_msg {
    enum raft_msg_type type;
    vg_node_id from;
    vg_node_id to;
    uint64_t term;
    uint64_t prev_index;  /* APP; VOTE and PREVOTE: index of the candidate's last durable entry */
    uint64_t prev_term;   /* APP; VOTE and PREVOTE: its term */
    uint32_t entry_count; /* APP: entries prev_index + 1 .. prev_index + entry_count */
    uint64_t commit;      /* APP, HEARTBEAT */
    uint64_t round;       /* APP, HEARTBEAT and their answers: quorum contact and reads; strictly
                             increasing within a leadership (B51) */
    bool granted;   /* VOTE_RESP, PREVOTE_RESP; APP_RESP: prev matched; READ_RESP: index valid */
    bool transfer;  /* VOTE: sent after TIMEOUT_NOW, bypasses stickiness (B23) */
    uint64_t index; /* APP_RESP granted: acknowledged = min(durable, verified, stamp accepted);
                       refused: hint, see hint_term. READ_RESP: the read index. HEARTBEAT_RESP:
                       verified, so that a leader sees who restarted within its term */
    uint64_t hint_term; /* APP_RESP refused: term of the hint (F15); advice, never evidence (B57) */
    uint64_t read_id;   /* READ, READ_RESP: made by the asking core, of no earlier life (B51) */
    uint64_t log_time_ms; /* APP, HEARTBEAT: leader's log time now */
    uint64_t wall_ms;     /* answers: the sender's wall clock, for the median */
    bool unfit; /* answers but READ_RESP: its disk is full or late, or its clock astray; advice */
};

/* ---- events ------------------------------------------------------------------------------------
 */

enum raft_event_type {
    RAFT_TICK,        /* time has passed; call at raft_deadline_us() or later */
    RAFT_RECEIVE,     /* a message; for APP `entries` has msg.entry_count items */
    RAFT_WRITTEN,     /* a disk write is durable; writes complete in the order they were put out.
                         A failed write has no event: the process stops (DESIGN section 5) */
    RAFT_PROPOSE,     /* entries to append: only size and kind of `entries` are read */
    RAFT_READ_INDEX,  /* a linearizable read wants its index */
    RAFT_LOADED,      /* the answer to RAFT_OUT_LOAD */
    RAFT_TRANSFER,    /* hand leadership to `node`; 0: to the best follower */
    RAFT_CAMPAIGN,    /* as if the election timer had fired (scenarios) */
    RAFT_SET_APPLIED, /* the state machine has applied up to `index` */
};

struct raft_event {
    enum raft_event_type type;
    uint64_t now_us;                  /* monotonic, never less than in the event before */
    uint64_t wall_ms;                 /* this node's wall clock */
    bool full;                        /* this node's disk takes no proposals, the rest it does */
    const struct raft_msg *msg;       /* RECEIVE; borrowed during the step */
    const struct raft_entry *entries; /* RECEIVE, PROPOSE, LOADED; borrowed during the step */
    uint32_t entry_count;             /* PROPOSE, LOADED: 1 .. RAFT_BATCH_MAX */
    uint64_t id;                      /* WRITTEN: write id; READ_INDEX: read id, unique per node */
    vg_node_id node;                  /* LOADED: the peer of the request; TRANSFER: target */
    uint64_t index;                   /* SET_APPLIED */
};

/* ---- outputs -----------------------------------------------------------------------------------
 */

enum raft_output_type {
    /* Entries from `first` on leave the log's tail. Precedes APPEND and the WRITE that carries it.
     */
    RAFT_OUT_TRUNCATE,
    /* `count` entries from `first` join the tail. From a proposal: in proposal order, with
     * `entry_term` and `time_ms` as their stamp (all of one batch share it). `source` says whether
     * they are the event's proposals, the new leader's own noop, or the last `count` of the entries
     * that the received message carried (its earlier ones were held already). */
    RAFT_OUT_APPEND,
    /* One durable transaction: hard state if `hard_state`, truncation if `truncate_from` > 0, then
     * entries [first, first + count). Answered by RAFT_WRITTEN with `write_id`. */
    RAFT_OUT_WRITE,
    /* Send `msg` once write `after_write` is durable (0: at once). An APP's entries are
     * [msg.prev_index + 1, + msg.entry_count) of the log as it is at this output. */
    RAFT_OUT_SEND,
    /* Entries up to `first` are committed; strictly increasing. */
    RAFT_OUT_COMMIT,
    /* The read of `id` is linearizable once `first` is applied. */
    RAFT_OUT_READ_READY,
    /* The read of `id` will never be answered: ask again. */
    RAFT_OUT_READ_FAILED,
    /* The event's proposal was not accepted and never will be: `reason`, `leader` as a hint. */
    RAFT_OUT_REFUSED,
    /* Read the metadata of up to `count` entries from `first` on, which the window no longer holds,
     * for peer `leader`; answer with RAFT_LOADED. One request per peer is under way at most. */
    RAFT_OUT_LOAD,
    /* Role, term or known leader changed. */
    RAFT_OUT_ROLE,
    /* A transfer ended; `ok` if another leads now. */
    RAFT_OUT_TRANSFER_DONE,
    /* A promise is broken that no protocol can mend: fail-stop. `reason` says which. */
    RAFT_OUT_ALARM,
};

enum raft_append_source { RAFT_FROM_PROPOSAL, RAFT_FROM_LEADERSHIP, RAFT_FROM_MESSAGE };

enum raft_reason {
    RAFT_REASON_NONE,
    RAFT_REASON_NOT_LEADER,
    RAFT_REASON_BUSY, /* too many uncommitted bytes, reads or writes under way */
    RAFT_REASON_TRANSFERRING,
    RAFT_REASON_NOT_CAUGHT_UP, /* transfer target unknown, unreachable or behind */
    RAFT_REASON_TWO_LEADERS,   /* alarm: two leaders of one term (B82) */
    RAFT_REASON_COMMIT_LOST,   /* alarm: a leader asks to overwrite a committed entry */
};

struct raft_output {
    enum raft_output_type type;
    struct raft_msg msg;  /* SEND */
    uint64_t write_id;    /* WRITE */
    uint64_t after_write; /* SEND */
    uint64_t first;
    uint32_t count;
    uint64_t truncate_from; /* WRITE */
    uint64_t entry_term;    /* APPEND */
    uint64_t time_ms;       /* APPEND of own entries */
    enum raft_append_source source;
    bool hard_state;      /* WRITE */
    raft_term term;       /* WRITE with hard_state; ROLE */
    vg_node_id voted_for; /* WRITE with hard_state */
    vg_node_id leader;    /* ROLE, REFUSED: 0 if unknown; LOAD: the peer */
    enum raft_role role;  /* ROLE */
    uint64_t id;          /* READ_READY, READ_FAILED */
    enum raft_reason reason;
    bool ok;
};

struct raft_outputs {
    struct raft_output items[RAFT_OUTPUTS_MAX];
    uint32_t count;
};

/* ---- the core ----------------------------------------------------------------------------------
 */

struct raft;

/* The state's definition is in proto/raft/state.h, for the simulator, scenarios and tests, which
 * clone and look at it; the node uses the functions below. sizeof is known through this: */
size_t raft_size(void);

/* Starts a core in `raft_size()` bytes the caller owns, as a follower with what recovery found.
 * Asserts that the configuration is in its bounds. */
void raft_init(struct raft *core, const struct raft_config *config,
               const struct raft_recovery *recovery, uint64_t now_us, uint64_t wall_ms);

/* Takes one event and replaces *out by its ordered outputs, to be carried out in that order. Never
 * fails on what a message says: a message that makes no sense is dropped. */
void raft_step(struct raft *core, const struct raft_event *event, struct raft_outputs *out);

/* The time by which the next RAFT_TICK is due. */
uint64_t raft_deadline_us(const struct raft *core);

/* A voter's wall clock as it was last reported to the leader; zero before that. */
struct raft_clock {
    int64_t ahead_ms; /* of log time; behind if negative */
    bool astray;      /* too far off to lead */
};

/* What status pages show; all current as of the last step. */
struct raft_peer_status {
    vg_node_id id;
    uint64_t match;
    uint64_t next;
    uint64_t last_contact_us; /* 0: never in this leadership */
    struct raft_clock clock;
};

struct raft_status {
    enum raft_role role;
    raft_term term;
    vg_node_id voted_for;
    vg_node_id leader;
    raft_appended appended;
    raft_durable durable;
    raft_verified verified;
    raft_committed committed;
    raft_applied applied;
    uint64_t last_time_ms;      /* stamp of the last entry */
    uint64_t log_time_ms;       /* leader: log time now; else 0 */
    uint64_t uncommitted_bytes; /* leader */
    struct raft_clock clock;    /* leader: its own */
    uint32_t peer_count;        /* leader: one per other voter; else 0 */
    struct raft_peer_status peers[VG_NODES_MAX];
};

void raft_status(const struct raft *core, struct raft_status *out);

/* A field-wise 64-bit hash of the whole state, the same for every compiler (I38, I44). */
uint64_t raft_state_hash(const struct raft *core);

/* Names as the scenario driver and logs print them: "follower", "appresp", ... */
const char *raft_role_name(enum raft_role role);
const char *raft_msg_name(enum raft_msg_type type);
const char *raft_reason_name(enum raft_reason reason);

#endif
