/* SPDX-License-Identifier: Apache-2.0
 * The core's whole state: one flat struct without pointers, so that memcpy clones it. The core's
 * own files change it; simulator, scenarios and tests look at it; the node does neither. */
#ifndef VIGIL_PROTO_RAFT_STATE_H
#define VIGIL_PROTO_RAFT_STATE_H

#include "proto/raft/raft.h"

enum {
    RAFT_BURST_MAX = 16,      /* append messages to one peer in one step */
    RAFT_WRITES_SPARE = 8,    /* write slots that entries leave for terms and votes */
    RAFT_AHEAD_MS = 30000,    /* a stamp further ahead of our clock gets no acknowledgement */
    RAFT_ASTRAY_MS = 2000,    /* a leader this far off the median gives up */
    RAFT_SLEW = 1000,         /* log time is corrected by at most 1 part in this many */
    RAFT_SAMPLE_MS = 1000,    /* a clock report older than this is asked for anew */
    RAFT_ASTRAY_TIMEOUTS = 3, /* election timeouts a leader with a bad clock stays out */
    RAFT_FULL_TIMEOUTS = 3,   /* election timeouts before a full disk's node stands for election */
};

/* What is known of the log: its recent entries, and of the older ones the terms. */
struct raft_window {
    struct raft_entry entries[RAFT_WINDOW]; /* at index % RAFT_WINDOW */
    uint64_t first;                         /* oldest entry held; last + 1 if none */
    raft_appended last;
    struct raft_run runs[RAFT_RUNS_MAX]; /* oldest first */
    uint32_t run_count;
};

/* A disk write under way. */
struct raft_write {
    uint64_t id;
    uint64_t issued_us;
    uint64_t tail;          /* last entry of the log on disk once it is done */
    uint64_t truncate_from; /* 0: it removes nothing */
    bool hard_state;
};

/* The write that the running step has gathered so far; empty between steps. */
struct raft_draft {
    bool hard_state;
    bool probe; /* term and vote again, which are durable: no message waits for it */
    uint64_t truncate_from;
    uint64_t first;
    uint32_t count;
};

struct raft_writes {
    struct raft_write ring[RAFT_WRITES_MAX]; /* `count` from `start`, in the order put out */
    uint32_t start;
    uint32_t count;
    uint64_t last_id;
    uint64_t hard_id; /* the latest write of term and vote while it is under way, else 0 */
    bool late;        /* the last write that ended took an election timeout (B68) */
    struct raft_draft draft;
};

/* The election under way. Bits are slots of config.voters. */
struct raft_election {
    uint64_t deadline_us;
    uint32_t granted;
    uint32_t refused;
};

/* A follower's view of its term's leader. All of it is forgotten with the term, except `heard`. */
struct raft_following {
    uint64_t contact_us;   /* when the leader was last heard of */
    uint64_t round;        /* latest round whose append matched */
    uint64_t acknowledged; /* highest index acknowledged in this term */
    uint64_t heard;        /* commit index heard and held; `committed` follows when durable */
    uint64_t stamp_ok;     /* entries of this term up to here passed the clock check */
    uint64_t start_ms;     /* stamp of this term's first known entry */
    bool start_known;
    uint64_t recheck_us; /* when to look again at a withheld acknowledgement; 0: none is */
};

struct raft_inflight {
    uint64_t last;
    uint64_t bytes;
};

enum raft_peer_state {
    RAFT_PROBE,     /* where the logs part is unknown: one message at a time */
    RAFT_REPLICATE, /* the peer follows: messages in a pipeline */
};

/* A leader's view of one other voter. */
struct raft_peer {
    enum raft_peer_state state;
    uint64_t match;       /* durable there and equal to ours; only acknowledgements raise it */
    uint64_t next;        /* first entry of the next message */
    uint64_t probe_round; /* PROBE: first round sent from this `next`; 0: none yet */
    uint64_t probe_last;  /* last entry of the latest such message */
    uint64_t state_round; /* REPLICATE: refusals of rounds up to this one are stale */
    struct raft_inflight inflight[RAFT_INFLIGHT_MAX]; /* ring of `inflight_count` */
    uint32_t inflight_start;
    uint32_t inflight_count;
    uint64_t inflight_bytes;
    uint64_t load_first;   /* first entry asked for by RAFT_OUT_LOAD; 0: none is */
    uint64_t told;         /* commit index last sent */
    uint64_t acked_round;  /* latest round answered */
    uint64_t contact_us;   /* when; 0: never in this leadership */
    bool unfit;            /* and what that answer said of its sender */
    uint64_t active_us;    /* last time entries left, a probe left or an acknowledgement came */
    uint64_t sample_round; /* heartbeat whose answer will carry the wall clock; 0: none */
    uint64_t sample_us;    /* when it was sent */
};

/* A voter's wall clock as last reported; aged by the monotonic clock. */
struct raft_report {
    bool known;
    uint64_t wall_us;
    uint64_t at_us;
};

/* Leadership. Zero outside of it. */
struct raft_leading {
    uint64_t since_us;
    uint64_t first;             /* own noop: the first entry of this leadership */
    uint64_t uncommitted_bytes; /* of own proposals */
    uint64_t heartbeat_us;      /* when the next heartbeat is due */
    uint64_t time_us;           /* log time, as of time_at_us */
    uint64_t time_at_us;
    bool time_settled;                    /* the start of log time needs no further correction */
    struct raft_peer peers[VG_NODES_MAX]; /* by voter slot; our own is unused */
};

struct raft_transfer {
    bool active;
    bool sent; /* TIMEOUT_NOW left */
    vg_node_id target;
    uint64_t term;
    uint64_t deadline_us;
};

/* A read waiting for its index. At a leader, for its own node or a follower; at a follower, for the
 * leader's answer. */
struct raft_read {
    uint64_t id;      /* the event's; from a follower, its message's */
    uint64_t sent_id; /* follower: what its question is known by */
    vg_node_id from;  /* who asked: this node or a follower */
    uint64_t round;   /* leader: answers to later rounds prove leadership */
    uint64_t index;   /* leader: the read index */
    uint64_t deadline_us;
};

struct raft_reads {
    struct raft_read items[RAFT_READS_MAX]; /* oldest first */
    uint32_t count;
    uint64_t last_sent_id; /* starts at random, so that no answer outlives the life that asked */
};

struct raft {
    struct raft_config config;
    uint32_t self; /* slot in config.voters */
    struct vg_prng prng;
    uint64_t now_us;
    uint64_t wall_ms;
    bool full; /* the disk takes no proposals */

    raft_term term;
    vg_node_id voted_for;
    enum raft_role role;
    vg_node_id leader;

    struct raft_window window;
    raft_durable durable;
    raft_verified verified;
    raft_committed committed;
    raft_applied applied;

    uint64_t round; /* of the last APP or HEARTBEAT; never goes back */
    struct raft_writes writes;
    struct raft_election election;
    struct raft_following following;
    struct raft_leading leading;
    struct raft_transfer transfer;
    struct raft_reads reads;
    struct raft_report reports[VG_NODES_MAX]; /* by voter slot */
    uint64_t astray_until_us; /* gave up leadership over its clock: no campaign before this */
};

#endif
