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
    bool checks;   /* a mark, or a checkpoint, is new (checkpoint.h); not kept either */
    vg_id keyed;   /* whose standing or keys it has changed: a person's, a node's, a compartment's;
                      zero: nobody's; not kept either */
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

/* Finds the key of an author, a person or a node; false if it is not known here (yet). Whoever is
 * given a data key wipes it. */
struct response_keys {
    bool (*find)(void *context, const vg_id *author, vg_public_key *key);
    void *context;
    /* Finds the data key of a compartment's epoch; false if it is not at hand. NULL: none is. */
    bool (*data_key)(void *keyring, const vg_id *compartment, uint64_t epoch, vg_cipher_key *key);
    void *keyring;
};

/* An entry with a command, opened and checked apart from its rules: made on any thread, ahead of
 * apply. */
struct response_opened {
    struct ledger_command command; /* borrows the entry, or `clear` */
    vg_span bytes;                 /* the signed command, likewise */
    /* VG_OK; VG_INTEGRITY: void everywhere, and counted; VG_UNAVAILABLE: its data key is not at
     * hand here, so that nothing is known of it. */
    enum vg_code code;
    uint8_t *clear; /* body of a sealed entry, owned */
    bool checked;   /* the author's key was known, and is `key` */
    bool verified;  /* and the signature is that of it */
    vg_public_key key;
    struct vg_error error;
};

/* Opens a sealed or control entry: commitment, decoding, cluster and compartment of preamble and
 * envelope, and the signature if the author's key is known. With what key it counts is found when
 * it is applied: an entry before it may enroll its author, or replace the key. Ends with
 * response_opened_free. Thread-safe if `keys` is. */
void response_open(const struct ledger_genesis *genesis, const vg_hash *cluster,
                   const struct response_keys *keys, const struct vg_signer *signer,
                   const struct ledger_view *entry, struct response_opened *out);

/* Wipes and frees what was opened of the entry. */
void response_opened_free(struct response_opened *opened, const struct ledger_view *entry);

/* The body of an entry with a command in clear: the entry's own at epoch 0, else made; ends with
 * response_body_free of what was made (NULL: nothing). VG_UNAVAILABLE: its data key is not at hand;
 * VG_INTEGRITY: it does not open. Thread-safe if `keys` is. */
enum vg_code response_body(const struct response_keys *keys, const struct ledger_view *entry,
                           vg_span *body, uint8_t **made, struct vg_error *error);

/* Wipes and frees a body that was made for an entry. */
void response_body_free(uint8_t *made, const struct ledger_view *entry);

/* The author id under which a node gives commands: eight zero bytes and its number. */
vg_id response_node_author(vg_node_id node);
bool response_is_node_author(const vg_id *author, vg_node_id *node);

/* Whose keys those of an author are. */
struct vg_holder response_holder_of(const vg_id *author);

/* ---- applying ----------------------------------------------------------------------------------
 */

struct response_machine {
    const struct ledger_genesis *genesis;
    vg_hash cluster;
    const struct vg_signer *signer;
    struct vg_kv kv;
    /* Whether this store has all of a compartment's state, so that its entries are applied and its
     * questions answered here. NULL: every compartment's. Of one that is not, entries are passed
     * by; control entries and the directory's never are. */
    bool (*level)(void *clearance, const vg_id *compartment);
    void *clearance;
};

/* As `level` says; true of the zero id (control) and the directory. */
bool response_is_level(const struct response_machine *machine, const vg_id *compartment);

enum response_applied {
    RESPONSE_APPLIED_OTHER, /* noop, config: no outcome */
    RESPONSE_APPLIED_VOID,  /* did not open, or is no noop for all its type; counted, no outcome */
    RESPONSE_APPLIED_STALE, /* void for its epoch: another is in force; its origin seals it anew */
    RESPONSE_APPLIED_SHREDDED, /* void: its compartment is shredded; its origin is told so */
    RESPONSE_APPLIED_BLIND, /* passed by: its compartment is not level here; counted, no outcome */
    RESPONSE_APPLIED_OUTCOME,
};

/* True if the entry after the last applied one cannot be applied for want of its data key: opened
 * again with the key at hand, it can. */
bool response_lacks_key(const struct response_machine *machine, const struct ledger_view *entry,
                        const struct response_opened *opened);

/* Applies the entry after the last applied one; asserts that it is, and that it lacks no key.
 * `opened` is for entries with a command. Moves the cursor, the request table, the views and the
 * state hash. */
enum response_applied response_apply(struct response_machine *machine,
                                     const struct ledger_view *entry,
                                     const struct response_opened *opened,
                                     struct response_outcome *outcome);

/* What the command would answer now, changing nothing (`--dry-run`). */
void response_check(struct response_machine *machine, const struct ledger_command *command,
                    uint64_t time_ms, struct response_outcome *outcome);

/* What became of a request, as long as it is remembered; false if nothing has, or no longer. For a
 * command that cannot be given twice to the letter, such as one with a fresh key in it. */
bool response_recall(const struct response_machine *machine, const vg_id *compartment,
                     const vg_id *request, const vg_id *author, struct response_outcome *outcome);

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
    uint64_t accepted, refused, repeated, voided, blind;
};
void response_counters_get(const struct response_machine *machine, struct response_counters *out);

#endif
