/* SPDX-License-Identifier: Apache-2.0
 * Incidents and their parts as the state machine keeps them, and how they are read. Spans are
 * borrowed until the store changes. */
#ifndef VIGIL_PROTO_RESPONSE_INCIDENT_H
#define VIGIL_PROTO_RESPONSE_INCIDENT_H

#include "proto/response/machine.h"

enum {
    RESPONSE_REVISIONS_MAX = 24, /* aspects of an incident that have no parts */
    RESPONSE_TASKS_MAX = 1000,
    RESPONSE_RULE_TASKS_MAX = 1024, /* with those that rules add */
    RESPONSE_STEPS_MAX = 1000,
    RESPONSE_EVIDENCE_MAX = 1000,
    RESPONSE_TENANTS_MAX = 64,
    RESPONSE_LINKS_MAX = 64,
    RESPONSE_PROPOSALS_MAX = 1000,
    RESPONSE_SIGNERS_MAX = 2,
};

struct response_incident {
    vg_id id;
    vg_id compartment;
    vg_id linked;      /* R3: the closed incident this late signal belongs to; zero if none */
    vg_node_id origin; /* where it was detected */
    uint8_t stage;
    uint8_t closed_from; /* the stage it was closed from last */
    uint8_t disposition; /* of a closed one */
    uint8_t source;
    uint8_t subsource;
    uint8_t cia;
    uint8_t functional; /* the assessment; 0: none yet */
    uint8_t information;
    uint8_t recoverability;
    uint8_t severity;
    uint8_t priority;
    bool overridden; /* severity is a person's, not the table's */
    uint8_t risk;
    uint8_t responsibility;
    uint8_t class_;
    uint8_t ground;
    uint8_t class_before; /* the declaration */
    uint8_t harm;
    uint8_t likelihood;
    uint8_t answer;
    uint8_t attested; /* bits, in the order of response_attestations */
    bool historical;
    bool was_in_stabilize; /* at any time: it needs a recovery plan (R16) */
    vg_id owner;
    uint64_t declared_at; /* 0: no declaration stands */
    uint64_t withdrawn_at;
    uint64_t count; /* detections joined, itself included (R3) */
    uint64_t created_at;
    uint64_t updated_at;
    uint64_t happened_at;
    uint64_t assessed_at;   /* first */
    uint64_t contained_at;  /* first verified containment step */
    uint64_t stabilized_at; /* first time both risks were attested */
    uint64_t closed_at;     /* last; 0 while open */
    uint64_t records;
    uint32_t unknown_members;
    uint32_t tasks, tasks_open;
    uint32_t steps, steps_open;
    uint32_t steps_long; /* open ones that may stay so past close (R16) */
    uint32_t evidence;
    uint32_t tenants;
    uint32_t links;
    uint32_t proposals;
    uint64_t events; /* of the timeline */
    struct response_revision revisions[RESPONSE_REVISIONS_MAX];
    uint32_t revision_count;
    char title[VG_TITLE_MAX + 1];
    char product[VG_NAME_MAX + 1];
    char dedup_key[VG_NAME_MAX + 1];
    char policy[VG_NAME_MAX + 1]; /* that a privacy event broke */
    char duty[VG_TITLE_MAX + 1];  /* of the declaration */
    char filter[VG_NAME_MAX + 1]; /* of the answer */
};

/* VG_NOT_FOUND if there is none of this id. */
enum vg_code response_incident_get(const struct response_machine *machine, const vg_id *compartment,
                                   const vg_id *id, struct response_incident *out);

/* The first incident after `after` (zero: from the start) in id order; open ones only, or all.
 * False at the end. */
bool response_incident_next(const struct response_machine *machine, const vg_id *compartment,
                            const vg_id *after, bool all, struct response_incident *out);

/* The revision of an aspect that has no parts; 0 if it was never set. */
uint64_t response_revision_of(const struct response_incident *incident, uint16_t aspect);

/* How it would close now. */
uint8_t response_disposition_of(const struct response_incident *incident);

/* ---- timeline ----------------------------------------------------------------------------------
 */

struct response_event {
    uint64_t sequence; /* 1.. within the incident */
    uint64_t index;
    uint64_t time_ms;     /* committed */
    uint64_t happened_at; /* 0 if unknown */
    uint64_t received_at; /* issue time of the request */
    vg_id author;
    uint8_t kind;
    uint16_t aspect; /* what was changed; 0 where nothing was set */
    vg_id part;
    uint64_t revision;
    uint64_t corrects;     /* sequence of an earlier event; 0: none (R27) */
    uint64_t corrected_by; /* of a later one that corrects this; 0: none */
    vg_span from;
    vg_span to;
    vg_span procedure; /* SOP of a transition (R7) */
    vg_span text;
};

/* The timeline event of a sequence number; false beyond the last. */
bool response_event_get(const struct response_machine *machine, const vg_id *compartment,
                        const vg_id *incident, uint64_t sequence, struct response_event *out);

/* The event that made a revision of an aspect; false if there is none. */
bool response_change_get(const struct response_machine *machine, const vg_id *compartment,
                         const vg_id *incident, uint16_t aspect, const vg_id *part,
                         uint64_t revision, struct response_event *out);

/* A place in a compartment's stream of events: the n-th of a log index. */
struct response_place {
    uint64_t index;
    uint32_t number;
};

/* The first event of the compartment after a place; moves the place. False at the end. */
bool response_stream_next(const struct response_machine *machine, const vg_id *compartment,
                          struct response_place *place, vg_id *incident,
                          struct response_event *out);

/* ---- parts: each in the order of their ids; `after` zero starts -------------------------------
 */

/* What every part has: T1, C1 and E1 are what people call it. */
struct response_part {
    char letter;
    uint32_t number; /* 1.. within the incident */
    struct response_revision revision;
};

/* The part of an aspect that has parts; false if there is none, as of proposals, which have no
 * number. */
bool response_part_get(const struct response_machine *machine, const vg_id *compartment,
                       const vg_id *incident, uint16_t aspect, const vg_id *part,
                       struct response_part *out);

struct response_task {
    vg_id id;
    uint32_t number; /* 1.. within the incident: T1 */
    uint8_t kind;
    uint8_t state;
    vg_id owner; /* zero: nobody */
    uint64_t due_at;
    uint64_t made_at;
    vg_id made_by;
    struct response_revision revision;
    char title[VG_TITLE_MAX + 1];
};
bool response_task_next(const struct response_machine *machine, const vg_id *compartment,
                        const vg_id *incident, const vg_id *after, struct response_task *out);

struct response_step {
    vg_id id;
    uint32_t number; /* C1 */
    uint8_t kind;
    uint8_t state;
    bool reversible;
    bool emergency;
    vg_id owner;
    uint64_t due_at;
    uint64_t made_at;
    vg_id made_by;
    vg_id done_by;
    uint64_t done_at;
    vg_id verified_by;
    uint64_t verified_at;
    struct response_revision revision;
    char action[VG_TITLE_MAX + 1];
    char target[VG_NAME_MAX + 1];
};
bool response_step_next(const struct response_machine *machine, const vg_id *compartment,
                        const vg_id *incident, const vg_id *after, struct response_step *out);

struct response_evidence {
    vg_id id;
    uint32_t number; /* E1 */
    vg_hash hash;    /* SHA-256 */
    uint64_t size;
    uint64_t index; /* of the entry that has the content; 0: it is kept elsewhere */
    uint64_t collected_at;
    uint64_t made_at;
    vg_id holder;
    vg_id offered_to;
    bool sealed;
    bool disposed;
    struct response_revision revision; /* counts its chain of custody */
    char name[VG_TITLE_MAX + 1];
    char source[VG_NAME_MAX + 1];
    char collector[VG_NAME_MAX + 1];
};
bool response_evidence_next(const struct response_machine *machine, const vg_id *compartment,
                            const vg_id *incident, const vg_id *after,
                            struct response_evidence *out);

struct response_link {
    vg_id other;
    uint8_t kind;
    bool back; /* the other one was linked to this */
};
bool response_link_next(const struct response_machine *machine, const vg_id *compartment,
                        const vg_id *incident, const struct response_link *after,
                        struct response_link *out);

enum response_proposal_state {
    RESPONSE_PROPOSAL_OPEN = 1,
    RESPONSE_PROPOSAL_CARRIED,
    RESPONSE_PROPOSAL_REJECTED,
};

struct response_signer {
    vg_id person;
    uint32_t role;
    uint64_t signed_at;
};

struct response_proposal {
    vg_id id;
    vg_id incident;
    vg_hash hash;    /* what is signed */
    vg_span command; /* encoded */
    uint8_t state;
    uint64_t made_at;
    uint64_t expires_at;
    uint64_t ended_at;
    struct response_signer signers[RESPONSE_SIGNERS_MAX];
    uint32_t signer_count;
    struct ledger_expectation expectations[VG_EXPECTATIONS_MAX];
    uint16_t expectation_count;
    struct response_revision revision;
};
enum vg_code response_proposal_get(const struct response_machine *machine, const vg_id *compartment,
                                   const vg_id *id, struct response_proposal *out);
bool response_proposal_next(const struct response_machine *machine, const vg_id *compartment,
                            const vg_id *after, struct response_proposal *out);

/* Those about one incident. */
bool response_proposed_next(const struct response_machine *machine, const vg_id *compartment,
                            const vg_id *incident, const vg_id *after,
                            struct response_proposal *out);

/* The roles that must sign an operation; 0 for one that a single person gives. */
uint32_t response_signing_roles(enum response_op op);

/* Roles of which a signature is missing, for a proposal of this operation; 0: none is. */
uint32_t response_roles_missing(const struct response_proposal *proposal, enum response_op op);

/* Whether the person is among the signers. */
bool response_has_signed(const struct response_proposal *proposal, const vg_id *person);

/* A key that a false positive's answer names. */
struct response_filter {
    vg_id incident;
    bool stands;    /* the incident is closed as one: signals are taken out */
    uint64_t count; /* of them */
    uint64_t last_at;
    char key[VG_NAME_MAX + 1];
};
/* In an order of the store's own (proto/response/rows.h); `after` "" starts. */
bool response_filter_next(const struct response_machine *machine, const vg_id *compartment,
                          const char *after, struct response_filter *out);

/* The document an imported incident keeps; false if there is none. */
bool response_document_get(const struct response_machine *machine, const vg_id *compartment,
                           const vg_id *incident, vg_span *out);

#endif
