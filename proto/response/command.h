/* SPDX-License-Identifier: Apache-2.0
 * The commands people give, as structs and as msgpack: positional arrays [op, field...]. What
 * fields each operation has, what they may hold and which aspect they set is one table (fields.c),
 * which encoding, decoding, refusals, `vigil`'s options and the text of a command all read. */
#ifndef VIGIL_PROTO_RESPONSE_COMMAND_H
#define VIGIL_PROTO_RESPONSE_COMMAND_H

#include "common/cipher.h"
#include "common/error.h"
#include "common/limits.h"
#include "proto/response/words.h"

/* Numbers are frozen: they are in signed commands. */
enum response_op {
    /* in the directory compartment */
    RESPONSE_OP_PERSON = 1, /* names a person */
    RESPONSE_OP_LABEL = 2,  /* names a compartment */
    RESPONSE_OP_GRANT = 3,  /* gives and takes roles in a compartment */
    RESPONSE_OP_ROSTER = 4, /* who is on call for a compartment, until there are schedules (R4) */
    RESPONSE_OP_PROCEDURE = 5, /* the version of the SOP in force (R7) */
    /* R32; there too, since every member must be able to read them */
    RESPONSE_OP_DRILL = 6, /* by two people alone */
    RESPONSE_OP_DRILL_START = 7,
    RESPONSE_OP_DRILL_PROBE = 8, /* a write that is looked for afterwards */
    RESPONSE_OP_DRILL_END = 9,
    RESPONSE_OP_OVERRIDE = 10, /* why a compartment may have fewer holders than it should */
    RESPONSE_OP_TENANT = 11,   /* names a tenant, and the compartment its data is in */
    /* among a compartment's incidents */
    RESPONSE_OP_DETECT = 16,
    RESPONSE_OP_NOTE = 17,
    RESPONSE_OP_STAGE = 18,
    RESPONSE_OP_IMPORT = 19, /* a historical incident from elsewhere */
    RESPONSE_OP_ASSESS = 20,
    RESPONSE_OP_SEVERITY = 21,
    RESPONSE_OP_RISK = 22,
    RESPONSE_OP_RESPONSIBILITY = 23,
    RESPONSE_OP_OWNER = 24,
    RESPONSE_OP_CLASSIFY = 25,
    RESPONSE_OP_ANSWER = 26, /* root cause and systematic answer of a false positive (R10) */
    RESPONSE_OP_DECLARE = 27,
    RESPONSE_OP_WITHDRAW = 28, /* by two people alone (R12) */
    RESPONSE_OP_AFFECT = 29,   /* one more affected tenant */
    RESPONSE_OP_REFER = 30,
    RESPONSE_OP_COLLABORATE = 31,
    RESPONSE_OP_PLAN = 32,
    RESPONSE_OP_ATTEST = 33,
    RESPONSE_OP_REOPEN = 34,
    RESPONSE_OP_LINK = 35,
    RESPONSE_OP_TASK = 36,
    RESPONSE_OP_TASK_MOVE = 37,
    RESPONSE_OP_STEP = 38,
    RESPONSE_OP_STEP_MOVE = 39,
    RESPONSE_OP_EVIDENCE = 40,
    RESPONSE_OP_CUSTODY = 41,
    RESPONSE_OP_COUNT = 42, /* repeats of an integration's signal, by a node (R3) */
    /* by a node, between the compartment of an incident and that of a tenant (R12) */
    RESPONSE_OP_CASE = 43,        /* there: what the incident means for the tenant */
    RESPONSE_OP_ACKNOWLEDGE = 44, /* here: that it is known there */
    RESPONSE_OP_CHECKPOINT = 45,  /* a node's state hash at a mark */
    RESPONSE_OP_PROPOSE = 48,
    RESPONSE_OP_APPROVE = 49,
    RESPONSE_OP_REJECT = 50,
    /* control entries: opaque ids and keys alone */
    RESPONSE_OP_ENROLL = 64,
    RESPONSE_OP_EXPEL = 65,
    RESPONSE_OP_EVICT = 66, /* a node */
    RESPONSE_OP_REKEY = 67, /* by two people alone */
    /* of compartments; each but the last is a new epoch */
    RESPONSE_OP_ROTATE = 72, /* for the same holders */
    RESPONSE_OP_CREATE = 73,
    RESPONSE_OP_CLEAR = 74,     /* for more holders */
    RESPONSE_OP_REVOKE = 75,    /* for fewer */
    RESPONSE_OP_DESTROYED = 76, /* by a node: its unwrap key, of a compartment it is revoked from */
    /* by two people alone */
    RESPONSE_OP_SHRED = 77,
    RESPONSE_OP_RECOVER = 78,       /* a new epoch, made by the holders of the recovery key */
    RESPONSE_OP_RECOVERY_GONE = 79, /* the recovery key of one that is shredded */
};

enum {
    RESPONSE_EVENT_LINES_MAX = 64, /* lines of an imported timeline */
    RESPONSE_IDS_MAX = 16,         /* pieces of evidence, participants of one command */
    RESPONSE_LINES_MAX = 32,       /* tenants of one command */
    RESPONSE_PROBES_MAX = 65535,   /* the largest number of a drill's probe */
    RESPONSE_SIGNAL_SIZE = 64,     /* author, request, request hash */
    RESPONSE_SIGNALS_MAX = 1024,   /* of one count */
    RESPONSE_OFFERS_SIZE = VG_NODES_MAX * VG_SIGNATURE_SIZE,
};

/* Stands for a reason in control entries, which are in clear on every node. */
#define RESPONSE_NO_REASON "-"

struct response_ids {
    uint8_t count;
    vg_id ids[RESPONSE_IDS_MAX];
};

struct response_lines {
    uint8_t count;
    vg_span lines[RESPONSE_LINES_MAX];
};

/* What an entry of one compartment, the source, says of a tenant whose data is in another: that an
 * incident is declared for it, or no longer. */
struct response_fact {
    vg_id source;
    vg_id incident;
    vg_id tenant;
    uint8_t kind;   /* of response_fact_kinds */
    uint64_t index; /* of the source's entry */
    vg_hash hash;
    uint64_t at;    /* its log time */
    uint8_t class_; /* declared: as what, and with what harm; withdrawn: 0 */
    uint8_t harm;
};

/* One decoded command. Text spans borrow the decoded bytes. Zero is "not said" where a field may be
 * left out. Times are ms since 1970. */
struct response_command {
    enum response_op op;
    union {
        struct {
            vg_id person;
            vg_span name;
        } person;
        struct {
            vg_id compartment;
            vg_span name;
        } label;
        struct {
            vg_id person;
            vg_id compartment;
            uint32_t give; /* roles */
            uint32_t take;
        } grant;
        struct {
            vg_id compartment;
            vg_id person;
            uint8_t on; /* on call: yes or no */
        } roster;
        struct {
            vg_id compartment;
            vg_span version;
        } procedure;
        struct {
            uint8_t kind;
            uint64_t node;  /* the victim, where it is one node */
            vg_span region; /* or all nodes of one */
            uint64_t duration_ms;
            uint64_t delay_ms; /* of what a slow region sends */
            uint64_t recovery_target_ms;
            uint64_t stalled_target_ms;
            vg_span reason;
        } drill;
        struct {
            vg_id drill;
        } drill_start;
        struct {
            vg_id drill;
            uint64_t number;
        } drill_probe;
        struct {
            vg_id drill;
            uint8_t recovered; /* yes or no */
            uint64_t recovery_ms;
            uint64_t stalled_ms;           /* of the region that was stalled longest */
            struct response_lines stalled; /* "emea 412", one a region */
            uint64_t writes;               /* acknowledged */
            uint64_t reads;                /* answered */
            uint64_t lost;                 /* writes that were acknowledged and are not there */
            uint64_t stale;                /* reads that did not know an acknowledged write */
        } drill_end;
        struct {
            uint8_t source;
            uint8_t subsource;
            uint8_t cia;
            vg_span title;
            vg_span product;
            vg_span dedup_key; /* R3 */
            vg_span detail;
            uint64_t happened_at;
        } detect;
        struct {
            vg_id incident;
            uint8_t kind;
            uint64_t corrects; /* sequence of an earlier event; 0: none */
            vg_span text;
        } note;
        struct {
            vg_id incident;
            uint8_t stage;
            uint8_t cia;    /* settles what is in question (R1) */
            vg_span reason; /* R13: why */
        } stage;
        struct {
            vg_span space; /* namespace of the natural key */
            vg_span key;   /* natural key within it */
            uint8_t source;
            uint8_t subsource;
            uint8_t cia;
            vg_span title;
            uint8_t classification; /* claimed */
            uint64_t happened_at;
            uint64_t records;         /* claimed count of records */
            uint32_t unknown_members; /* members the importer did not know */
            vg_span timeline;         /* claimed, one event a line */
            vg_span document;         /* whole, as found */
        } import;
        struct {
            vg_id incident;
            uint8_t functional;
            uint8_t information; /* bits; 0: none */
            uint8_t recoverability;
            uint8_t cia;
            uint8_t responsibility;
            vg_span product;
            struct response_ids evidence;
            vg_span break_glass; /* why, though not on call */
            vg_span reason;
        } assess;
        struct {
            vg_id incident;
            uint8_t severity;
            uint8_t priority;
            vg_span reason;
        } severity;
        struct {
            vg_id incident;
            uint8_t risk;
            vg_span reason;
        } risk;
        struct {
            vg_id incident;
            uint8_t responsibility;
            vg_span reason;
        } responsibility;
        struct {
            vg_id incident;
            vg_id owner; /* zero: the author */
            vg_span reason;
        } owner;
        struct {
            vg_id incident;
            uint8_t class_;
            uint8_t ground; /* of a security event */
            vg_span policy; /* that a privacy event broke */
            struct response_ids evidence;
            struct response_ids participants; /* beside the author */
            vg_span reason;
        } classify;
        struct {
            vg_id incident;
            uint8_t kind;
            vg_span cause;  /* root cause */
            vg_span match;  /* a filter's deduplication key */
            vg_span change; /* to the detector */
            vg_id owner;
        } answer;
        struct {
            vg_id incident;
            uint8_t class_;
            uint8_t harm;
            uint8_t likelihood; /* of unauthorized access */
            vg_span duty;       /* law or contract */
            struct response_lines tenants;
            vg_span impact;
            vg_span resources;
            vg_span repair;
            struct response_ids evidence;
            vg_span reason;
        } declare;
        struct {
            vg_id incident;
            vg_span reason;
        } withdraw, reopen;
        struct {
            vg_id incident;
            vg_span tenant;
            vg_span reason;
        } affect;
        struct {
            vg_id incident;
            vg_span tenant;
            vg_span text; /* what the tenant needs */
        } refer;
        struct {
            vg_id incident;
            vg_span contract;
            vg_span text;
        } collaborate;
        struct {
            vg_id incident;
            vg_span text;
        } plan;
        struct {
            vg_id incident;
            uint8_t what;  /* an aspect of response_attestations */
            uint8_t holds; /* yes or no */
            vg_span reason;
        } attest;
        struct {
            vg_id incident;
            vg_id other;
            uint8_t kind;
            vg_span reason;
        } link;
        struct {
            vg_id incident;
            vg_span title;
            vg_id owner;
            uint64_t due_at;
        } task;
        struct {
            vg_id incident;
            vg_id task;
            uint8_t state;
            vg_id owner; /* of a claim; zero: the author */
            vg_span text;
        } task_move;
        struct {
            vg_id incident;
            uint8_t kind;
            vg_span action;
            vg_span target;
            vg_id owner; /* zero: the author */
            uint64_t due_at;
            uint8_t reversible; /* yes or no */
            uint8_t emergency;  /* yes or no */
            vg_span break_glass;
        } step;
        struct {
            vg_id incident;
            vg_id step;
            uint8_t state;
            vg_span text;
        } step_move;
        struct {
            vg_id incident;
            vg_span name;
            vg_span source;
            vg_span collector;
            vg_hash hash; /* SHA-256 of the content */
            uint64_t size;
            uint64_t collected_at;
            vg_span content; /* "" when it is kept elsewhere */
        } evidence;
        struct {
            vg_id incident;
            vg_id evidence;
            uint8_t action;
            vg_id to;     /* of an offer */
            vg_hash hash; /* of a verification, SHA-256 as found; else zero */
            vg_span text;
        } custody;
        struct {
            vg_span key;       /* deduplication key */
            uint64_t first_at; /* when the first of them was received */
            vg_span signals;   /* RESPONSE_SIGNAL_SIZE each */
        } count;
        struct {
            uint64_t mark; /* index of its entry */
            vg_hash hash;  /* of the state as of that entry */
            uint64_t accepted;
            uint64_t refused;
        } checkpoint;
        struct {
            vg_span command; /* an encoded one */
            uint32_t role;   /* the proposer signs as; 0: the first that fits */
            uint64_t expires_at;
        } propose;
        struct {
            vg_id proposal;
            vg_hash hash; /* of compartment and proposed command, as requests have it */
            uint32_t role;
            vg_span reason;
        } approve;
        struct {
            vg_id proposal;
            vg_span reason;
        } reject;
        struct {
            vg_id person;
            struct vg_keys keys;
            uint8_t bits;
        } enroll;
        struct {
            vg_id person;
        } expel;
        struct {
            uint64_t node;
        } evict;
        struct {
            vg_id holder; /* a person, or a node by its author id */
            struct vg_keys keys;
        } rekey;
        struct {
            vg_span epoch;   /* record */
            vg_span offers;  /* of each new holder, in their order: who signs its unwrap key */
            vg_id override_; /* that has the reason to go below min_cleared */
            uint64_t min_cleared;
            struct response_lines boundary; /* regions; none: all */
        } clearing;                         /* rotate, create, clear, revoke, recover */
        struct {
            vg_id compartment;
            uint64_t epoch; /* that revoked the node */
        } destroyed;
        struct {
            vg_id compartment;
            uint64_t epoch; /* in force */
        } shred;
        struct {
            vg_id compartment;
            vg_box_public key;
        } recovery_gone;
        struct {
            vg_id compartment;
            vg_span reason;
        } override_;
        struct {
            vg_span name;
            vg_id compartment;
        } tenant;
        struct response_fact case_;
        struct {
            vg_id tenant;
            vg_id incident;
            uint64_t index; /* of the entry that owes the fact */
            vg_hash hash;
            uint64_t case_index; /* of the entry that has told it there */
            vg_hash case_hash;
        } acknowledge;
    };
};

void response_command_encode(const struct response_command *command, struct vg_buffer *out);

/* Strict: bounds, enumerations, UTF-8 and control characters are checked; VG_INVALID names the
 * field and what it may be. */
enum vg_code response_command_decode(vg_span bytes, struct response_command *out,
                                     struct vg_error *error);

#endif
