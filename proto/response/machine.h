/* SPDX-License-Identifier: Apache-2.0
 * The incident state machine: rules R1.. of the response process over an ordered key-value store
 * (docs/process.md). Pure: the same entries give the same state on every node. Used alike by the
 * node's apply thread and the simulator. One thread at a time per machine. What can be read from
 * it is in incident.h and directory.h. */
#ifndef VIGIL_PROTO_RESPONSE_MACHINE_H
#define VIGIL_PROTO_RESPONSE_MACHINE_H

#include "common/kv.h"
#include "proto/ledger/entry.h"
#include "proto/ledger/genesis.h"
#include "proto/response/command.h"
#include "proto/response/refusals.h"

enum {
    RESPONSE_CHANGES_MAX = 12, /* aspects one command changes */
    RESPONSE_VALUE_TEXT = 192, /* a value in words, as conflicts and the timeline show it */
};

/* How often an aspect was set, by whom last and when. Unset aspects have no revision (0). `part` is
 * the task, step, piece of evidence or proposal of an aspect that has many; else zero. */
struct response_revision {
    uint16_t aspect;
    vg_id part;
    uint64_t revision;
    vg_id set_by;
    uint64_t set_at_ms;
};

/* What became of a command. Kept in the request table (DESIGN "Once"), so all of it is plain data.
 */
struct response_outcome {
    struct vg_error error;         /* VG_OK when accepted */
    enum response_refusal refusal; /* which one; not kept, so 0 in a repeated answer */
    vg_id compartment;
    vg_id author;
    vg_id request;
    vg_id id; /* what the command made or changed; on a joined detection (R3) the joined incident */
    uint64_t index;
    uint64_t term;
    uint64_t time_ms;
    bool repeated; /* answered from the request table, or there already */
    bool joined;   /* R3 */
    bool filtered; /* R10: counted at a filter */
    bool drills;   /* R32: starts a drill, whose victims take their fault; not kept either */
    struct response_revision revisions[RESPONSE_CHANGES_MAX]; /* of what the command changed */
    uint32_t revision_count;
    /* VG_CONFLICT: the aspect, both values, and who set the first when. */
    struct {
        uint16_t aspect;
        vg_id part;
        uint64_t expected; /* UINT64_MAX: the command expected nothing */
        uint64_t current;
        vg_id set_by;
        uint64_t set_at_ms;
        char value[RESPONSE_VALUE_TEXT]; /* now */
        char proposed[RESPONSE_VALUE_TEXT];
    } conflict;
};

/* ---- opening -----------------------------------------------------------------------------------
 */

/* Finds the key of an author, a person or a node; false if it is not known here (yet). */
struct response_keys {
    bool (*find)(void *context, const vg_id *author, vg_public_key *key);
    void *context;
};

/* An entry with a command, opened and checked apart from its rules: made on any thread, ahead of
 * apply. */
struct response_opened {
    struct ledger_command command; /* borrows the entry */
    vg_span bytes;                 /* the signed command, borrowed */
    enum vg_code code;             /* VG_OK, or VG_INTEGRITY: void everywhere, and counted */
    bool verified;                 /* the signature is that of `key` */
    vg_public_key key;
    struct vg_error error;
};

/* Opens a sealed or control entry: commitment, decoding, cluster and compartment of preamble and
 * envelope, and the signature if the author's key is known. What has no key yet is verified when it
 * is applied: an entry before it may enroll its author. Thread-safe if `keys` is. */
void response_open(const struct ledger_genesis *genesis, const vg_hash *cluster,
                   const struct response_keys *keys, const struct vg_signer *signer,
                   const struct ledger_view *entry, struct response_opened *out);

/* The author id under which a node gives commands: eight zero bytes and its number. */
vg_id response_node_author(vg_node_id node);
bool response_is_node_author(const vg_id *author, vg_node_id *node);

/* ---- applying ----------------------------------------------------------------------------------
 */

struct response_machine {
    const struct ledger_genesis *genesis;
    vg_hash cluster;
    const struct vg_signer *signer;
    struct vg_kv kv;
};

enum response_applied {
    RESPONSE_APPLIED_OTHER, /* noop, config: no outcome */
    RESPONSE_APPLIED_VOID,  /* did not open; counted, no outcome */
    RESPONSE_APPLIED_OUTCOME,
};

/* Applies the entry after the last applied one; asserts that it is. `opened` is for entries with a
 * command. Moves the cursor, the request table, the views and the state hash. */
enum response_applied response_apply(struct response_machine *machine,
                                     const struct ledger_view *entry,
                                     const struct response_opened *opened,
                                     struct response_outcome *outcome);

/* What the command would answer now, changing nothing (`--dry-run`). */
void response_check(struct response_machine *machine, const struct ledger_command *command,
                    uint64_t time_ms, struct response_outcome *outcome);

/* Whether an entry of this type carries a command. */
bool response_has_command(uint8_t type);

/* Index of the last applied entry; 0 for a new store. */
uint64_t response_cursor(const struct response_machine *machine);

/* Content hash of a compartment's state (zero id: control): equal on every node whose cursor is
 * equal. It is the sum modulo 2^256 of H(0x07, key, value) over the compartment's pairs, digests
 * taken as little-endian numbers, so it can be computed anew from the store. Cursors and the
 * sentences of refusals are not in it. */
vg_hash response_state_hash(const struct response_machine *machine, const vg_id *compartment);

/* The same from the pairs themselves; for checks. */
vg_hash response_state_hash_scan(const struct response_machine *machine, const vg_id *compartment);

/* What became of the entries applied so far; each with a command is in one of them. */
struct response_counters {
    uint64_t accepted, refused, repeated, voided;
};
void response_counters_get(const struct response_machine *machine, struct response_counters *out);

#endif
