/* SPDX-License-Identifier: Apache-2.0
 * The incident state machine: rules R1.. of the response process over an ordered key-value store
 * (docs/process.md). Pure: the same entries give the same state on every node. Used alike by the
 * node's apply thread and the simulator. One thread at a time per machine. */
#ifndef VIGIL_PROTO_RESPONSE_MACHINE_H
#define VIGIL_PROTO_RESPONSE_MACHINE_H

#include "common/kv.h"
#include "proto/ledger/entry.h"
#include "proto/ledger/genesis.h"
#include "proto/response/command.h"

enum { RESPONSE_REVISIONS_MAX = 16, RESPONSE_VALUE_TEXT = 96 };

/* How often an aspect was set, by whom last and when. Unset aspects have no revision (0). */
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
    struct vg_error error; /* VG_OK when accepted */
    vg_id compartment;
    vg_id author;
    vg_id request;
    vg_id id; /* what the command made or changed; on a joined detection (R3) the joined incident */
    uint64_t index;
    uint64_t term;
    uint64_t time_ms;
    bool repeated; /* answered from the request table, or an import that is there already */
    bool joined;   /* R3 */
    struct response_revision revisions[RESPONSE_REVISIONS_MAX];
    uint32_t revision_count;
    /* VG_CONFLICT: the aspect, both values, and who set the first when. */
    struct {
        uint16_t aspect;
        uint64_t expected; /* UINT64_MAX: the command expected nothing */
        uint64_t current;
        vg_id set_by;
        uint64_t set_at_ms;
        char value[RESPONSE_VALUE_TEXT]; /* now */
        char proposed[RESPONSE_VALUE_TEXT];
    } conflict;
};

/* A sealed entry opened and checked, apart from its rules: made on any thread, ahead of apply. */
struct response_opened {
    struct ledger_command command; /* borrows the entry */
    enum vg_code code;             /* VG_OK, or VG_INTEGRITY: void everywhere, and counted */
    struct vg_error error;
};

/* Opens a sealed entry: commitment, decoding, cluster and compartment of preamble and envelope,
 * author known, signature. Thread-safe and pure. */
void response_open(const struct ledger_genesis *genesis, const vg_hash *cluster,
                   const struct vg_signer *signer, const struct ledger_view *entry,
                   struct response_opened *out);

struct response_machine {
    const struct ledger_genesis *genesis;
    vg_hash cluster;
    struct vg_kv kv;
};

enum response_applied {
    RESPONSE_APPLIED_OTHER, /* noop, config, control: no outcome */
    RESPONSE_APPLIED_VOID,  /* did not open; counted, no outcome */
    RESPONSE_APPLIED_OUTCOME,
};

/* Applies the entry after the last applied one; asserts that it is. `opened` is for sealed entries.
 * Moves the cursors of control and compartment, the request table, the views and the state hash. */
enum response_applied response_apply(struct response_machine *machine,
                                     const struct ledger_view *entry,
                                     const struct response_opened *opened,
                                     struct response_outcome *outcome);

/* What the command would answer now, changing nothing (`--dry-run`, and the origin's early
 * refusal). */
void response_check(struct response_machine *machine, const struct ledger_command *command,
                    uint64_t time_ms, struct response_outcome *outcome);

/* Index of the last applied entry; 0 for a new store. */
uint64_t response_cursor(const struct response_machine *machine);

/* Content hash of a compartment's state: equal on every node whose cursor is equal. It is the sum
 * modulo 2^256 of H(0x07, key, value) over the compartment's pairs, digests taken as little-endian
 * numbers, so it can be computed anew from the store. Cursors and the sentences of refusals are not
 * in it. */
vg_hash response_state_hash(const struct response_machine *machine, const vg_id *compartment);

/* The same from the pairs themselves; for checks. */
vg_hash response_state_hash_scan(const struct response_machine *machine, const vg_id *compartment);

/* ---- views -------------------------------------------------------------------------------------
 */

struct response_incident {
    vg_id id;
    vg_id compartment;
    vg_id linked; /* R3: the closed incident this late signal belongs to; zero if none */
    uint8_t stage;
    uint8_t source;
    uint8_t subsource;
    uint8_t cia;
    bool historical;
    uint64_t count; /* detections joined, itself included (R3) */
    uint64_t created_at;
    uint64_t updated_at;
    uint64_t happened_at;
    uint64_t records;
    uint32_t unknown_members;
    uint64_t events; /* timeline events */
    struct response_revision revisions[RESPONSE_REVISIONS_MAX];
    uint32_t revision_count;
    char title[VG_TITLE_MAX + 1];
    char product[VG_NAME_MAX + 1];
    char classification[VG_NAME_MAX + 1];
    char dedup_key[VG_NAME_MAX + 1];
};

/* VG_NOT_FOUND if there is none of this id. */
enum vg_code response_incident_get(const struct response_machine *machine, const vg_id *compartment,
                                   const vg_id *id, struct response_incident *out);

/* The first incident after `after` (zero: from the start) in id order; open ones only, or all.
 * False at the end. */
bool response_incident_next(const struct response_machine *machine, const vg_id *compartment,
                            const vg_id *after, bool all, struct response_incident *out);

struct response_event {
    uint64_t sequence; /* 1.. within the incident */
    uint64_t index;
    uint64_t time_ms;     /* committed */
    uint64_t happened_at; /* 0 if unknown */
    uint64_t received_at; /* issue time of the request */
    vg_id author;
    char kind[32]; /* "detect", "note", "stage", "import", "join" */
    vg_span text;  /* borrowed until the store changes */
};

/* The timeline event of a sequence number; false beyond the last. */
bool response_event_get(const struct response_machine *machine, const vg_id *compartment,
                        const vg_id *incident, uint64_t sequence, struct response_event *out);

/* The document an imported incident keeps, borrowed; false if there is none. */
bool response_document_get(const struct response_machine *machine, const vg_id *compartment,
                           const vg_id *incident, vg_span *out);

/* Directory: the name of a person or compartment into `out`; "" and false if not named. */
bool response_name_get(const struct response_machine *machine, const vg_id *id,
                       char out[VG_NAME_MAX + 1]);

/* Directory: the compartment of a name; false if there is none. */
bool response_compartment_find(const struct response_machine *machine, const char *name,
                               vg_id *out);

/* Directory: the first compartment after `after`; false at the end. */
bool response_compartment_next(const struct response_machine *machine, const vg_id *after,
                               vg_id *out);

/* Roles of a person in a compartment, as a set of bits. */
uint32_t response_roles(const struct response_machine *machine, const vg_id *person,
                        const vg_id *compartment);

/* What became of the entries applied so far; each sealed entry is in one of them. */
struct response_counters {
    uint64_t accepted, refused, repeated, voided;
};
void response_counters_get(const struct response_machine *machine, struct response_counters *out);

#endif
