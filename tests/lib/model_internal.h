/* SPDX-License-Identifier: Apache-2.0
 * Inside of the model: what it keeps, and how one command is judged. Each operation is a row: where
 * it is given, by whom, on what kind of incident, what it names, which values it sets, which rules
 * it must hold, in the order of docs/process.md, and what it does. */
#ifndef VIGIL_TESTS_LIB_MODEL_INTERNAL_H
#define VIGIL_TESTS_LIB_MODEL_INTERNAL_H

#include <uthash.h>

#include "common/mem.h"
#include "proto/response/incident.h"
#include "tests/lib/model.h"

enum {
    MODEL_ASPECTS = RESPONSE_ASPECT_SIGNALS + 1,
    MODEL_OPS = RESPONSE_OP_RECOVERY_GONE + 1,
    MODEL_INCIDENT = MODEL_PROPOSAL + 1, /* what requests make, beside the parts */
    MODEL_SETS_MAX = 3,                  /* values that one operation sets */
};

/* Bounds of an incident, and of the cluster. */
enum {
    TASKS_MAX = 1000,
    STEPS_MAX = 1000,
    EVIDENCE_MAX = 1000,
    TENANTS_MAX = 64,
    LINKS_MAX = 64,
    PROPOSALS_MAX = 1000,
    PEOPLE_MAX = 4096, /* beside those of the genesis */
    COMPARTMENTS_MAX = 256,
    SIGNERS_MAX = 2,
    DRILLS_MAX = 1000,          /* the latest that are known */
    LOOSE_PROPOSALS_MAX = 1000, /* those about no incident, likewise */
    DRILL_PROBES = 1 << 16,
};

enum {
    STAFF = RESPONSE_ROLE_RESPONDER | RESPONSE_ROLE_INCIDENT_MANAGER | RESPONSE_ROLE_EXECUTIVE |
            RESPONSE_ROLE_LEGAL | RESPONSE_ROLE_PRIVACY_OFFICER | RESPONSE_ROLE_COMMUNICATIONS |
            RESPONSE_ROLE_SERVICE_TEAM | RESPONSE_ROLE_SUPPORT,
    RUNNERS = RESPONSE_ROLE_RESPONDER | RESPONSE_ROLE_INCIDENT_MANAGER,
    MANAGERS = RESPONSE_ROLE_INCIDENT_MANAGER | RESPONSE_ROLE_EXECUTIVE,
};

/* ---- what is kept ------------------------------------------------------------------------------
 */

struct model_list {
    void **items;
    uint32_t count;
    uint32_t capacity;
};

struct model_name {
    char text[VG_NAME_MAX + 1];
};

struct model_person {
    vg_id id;
    struct vg_keys keys;
    uint8_t bits;
    bool gone;
    uint64_t keyed_at; /* when the keys replaced others; 0: never */
    struct model_name name;
    UT_hash_handle hh;
};

/* A person in a compartment. */
struct model_standing {
    struct model_membership {
        vg_id person;
        vg_id compartment;
    } of;
    uint32_t roles;
    bool on_call;
    UT_hash_handle hh;
};

struct model_request {
    struct model_request_key {
        vg_id request;
        vg_id author;
    } key;
    vg_hash content;
    struct model_verdict verdict;
    UT_hash_handle hh;
};

/* A deduplication key: its latest incident, and the one whose answer filters it. */
struct model_signal {
    struct model_name key;
    struct model_case *latest;
    struct model_case *filtering;
    UT_hash_handle hh;
};

struct model_import {
    struct model_natural_key {
        struct model_name space;
        struct model_name key;
    } key;
    vg_hash document;
    struct model_case *incident;
    UT_hash_handle hh;
};

struct model_step {
    uint8_t kind;
    bool reversible;
    bool due;
    vg_id done_by;
};

struct model_evidence {
    vg_id holder;
    vg_id offered_to;
    bool disposed;
};

struct model_proposal {
    vg_span command; /* its own copy */
    vg_hash hash;
    uint64_t expires_at;
    struct {
        vg_id person;
        uint32_t role;
        uint64_t signed_at;
    } signers[SIGNERS_MAX];
    uint32_t signer_count;
    struct ledger_expectation expectations[VG_EXPECTATIONS_MAX];
    uint16_t expectation_count;
};

/* What may be rehearsed, or was (R32). */
struct model_drill {
    vg_id id;
    vg_id operated_by;
    uint64_t duration_ms;
    uint64_t approved_at;
    uint64_t started_at; /* 0: not yet */
    bool ended;
    bool probes[DRILL_PROBES];
};

/* Something a request (or a rule) made: a part of an incident, or an incident itself. */
struct model_thing {
    struct model_thing_key {
        vg_id id;
        vg_id within;  /* the incident of a task, step or piece of evidence; else zero */
        uint32_t kind; /* enum model_part or MODEL_INCIDENT */
    } key;
    uint32_t revision;
    struct model_case *incident;
    uint8_t state;
    union {
        struct model_step step;
        struct model_evidence evidence;
        struct model_proposal *proposal;
    };
    UT_hash_handle hh;
};

struct model_link {
    const struct model_case *other;
    uint8_t kind;
};

/* An incident. */
struct model_case {
    vg_id id;
    struct model_facts facts;
    uint8_t source, subsource;
    uint8_t closed_from;
    uint8_t class_before; /* the declaration */
    uint8_t harm;
    bool answered, referred, was_in_stabilize;
    uint64_t events;
    uint32_t steps_long; /* open ones that may outlast the incident (R16) */
    struct model_name product;
    struct model_signal *signal; /* its deduplication key */
    struct model_signal *filter; /* what its answer takes out */
    uint32_t revisions[MODEL_ASPECTS];
    struct model_list parts[MODEL_PROPOSAL + 1]; /* struct model_thing */
    struct model_list tenants;                   /* struct model_tenant, the model's */
    struct model_list links;                     /* struct model_link */
};

/* A point of the log at which nodes keep what state they have, and which nodes have said what. */
struct model_mark {
    uint64_t index;
    struct model_said {
        vg_hash hash;
        uint64_t accepted, refused;
        bool given;
    } said[VG_NODES_MAX]; /* by place in struct model */
};

/* Somebody whose data is in one compartment. */
struct model_tenant {
    vg_id id;
    struct model_name name;
    vg_id compartment;
};

/* What a compartment owes or has told, and what another has heard of it. */
struct model_fact {
    struct response_fact fact;
    vg_id target;
    bool told;
    uint64_t index; /* of the entry that it was heard with */
    vg_hash entry;
};

struct model_compartment {
    vg_id id;
    struct model_list marks; /* struct model_mark, by index */
    uint32_t commands;       /* since the last of them */
    uint64_t counted_from;   /* log time of it; before the first, of the first command */
    struct model_name name;
    struct model_list incidents; /* struct model_case, in the order they were made */
    struct model_thing *things;
    struct model_signal *signals;
    struct model_import *imports;
    struct model_request *requests;
    struct model_list owed;   /* struct model_fact, those told too */
    struct model_list heard;  /* the same of cases */
    struct model_list loose;  /* proposals about no incident: struct model_thing */
    struct model_list oldest; /* the requests as a heap, the next to be forgotten first */
};

/* Whom the key of a sealed compartment is for. */
struct model_clearance {
    struct compartment_epoch epoch; /* in force */
    uint64_t since;                 /* index of its entry; 0: the genesis has it */
    uint64_t min_cleared;
    struct model_list boundary; /* struct model_name; none: every region */
    struct {
        uint64_t epoch; /* that revoked the node; 0: it is a holder, or never was */
        bool attested;
    } revoked[VG_NODES_MAX]; /* by its place in struct model */
    bool shredded;
    bool recovery_gone;
};

/* Why one may have fewer holders than it should. */
struct model_override {
    vg_id id;
    vg_id compartment;
    vg_id author;
    uint64_t index;
};

struct model {
    vg_id directory;
    bool in_clear;         /* compartments may be without an epoch */
    uint32_t first_people; /* of the genesis */
    struct vg_keys node_keys[VG_NODES_MAX];
    const struct vg_signer *signer;
    vg_node_id nodes[VG_NODES_MAX];
    struct model_name regions[VG_NODES_MAX];
    bool nodes_gone[VG_NODES_MAX];
    uint32_t node_count;
    struct model_list compartments;
    struct model_person *people;
    struct model_list old_keys; /* struct vg_keys, that were replaced */
    struct model_standing *standings;
    struct model_list drills;     /* struct model_drill */
    struct model_list tenants;    /* struct model_tenant */
    struct model_list clearances; /* struct model_clearance */
    struct model_list overrides;  /* struct model_override */
    const struct model_operation *operations[MODEL_OPS];
};

/* ---- how one command is judged -----------------------------------------------------------------
 */

struct model_refusal {
    enum vg_code code; /* VG_OK: none */
    const char *rule;
};

/* One command on its way: what it names, as it is found. */
struct model_call {
    struct model *model; /* written by effects alone */
    const struct model_order *order;
    const struct response_command *command;
    const struct model_operation *operation;
    struct model_compartment *home;
    const struct ledger_expectation *expectations;
    uint16_t expectation_count;
    struct model_case *incident; /* that it is about; NULL: one that it would make */
    struct model_case *other;    /* of a link; whose filter has the signal; the closed one before */
    struct model_thing *thing;   /* the part that it is about */
    struct model_drill *drill;   /* or the drill */
    const struct model_thing *carries; /* the proposal that it carries out; NULL: none */
    vg_id answer;                      /* the id that an accepted command is answered with */
    bool glass;                        /* was broken */
    bool joined, filtered;
    uint64_t signals;                 /* of a count, that are new */
    bool repeated;                    /* was done before */
    struct response_command proposed; /* of propose, approve */
};

enum model_place { IN_CONTROL = 1, IN_DIRECTORY, AMONG_INCIDENTS };
enum model_when_closed { NOT_WHEN_CLOSED, ALSO_WHEN_CLOSED, ONLY_WHEN_CLOSED };

struct model_guard {
    bool (*holds)(const struct model_call *call); /* NULL: the last */
    enum vg_code code;
    const char *rule;
};

struct model_operation {
    enum response_op op;
    enum model_place place;
    uint32_t roles;           /* one of them is needed */
    uint32_t directory_roles; /* of those who may in the directory too; 0: not there */
    uint32_t control_roles;   /* the same of control entries */
    uint32_t signers;         /* each of them signs; 0: one person gives it */
    bool any_two;             /* or two people who have one of them each */
    bool by_node;
    bool expects_nothing; /* is about no incident there is */
    bool about_incident;  /* and names it in its first field */
    bool historical;      /* historical incidents take it too */
    enum model_when_closed when_closed;
    uint16_t sets[MODEL_SETS_MAX]; /* values */
    int makes;                     /* a part, of `bound` an incident at most */
    uint32_t bound;                /* 0: it makes none */
    /* What is named exists, and what must be true of it before conflicts are. */
    struct model_refusal (*names)(struct model_call *call);
    /* Whether a value of `sets` is changed in this case; NULL: all are. */
    bool (*changes)(const struct model_call *call, uint16_t aspect);
    const struct model_guard *guards;
    void (*effect)(struct model_call *call);
};

/* Of those whose first field is an incident. */
#define MODEL_ABOUT_INCIDENT .place = AMONG_INCIDENTS, .about_incident = true

/* Rows end with op 0. */
extern const struct model_operation model_directory_operations[];
extern const struct model_operation model_detection_operations[];
extern const struct model_operation model_incident_operations[];
extern const struct model_operation model_class_operations[];
extern const struct model_operation model_part_operations[];
extern const struct model_operation model_proposal_operations[];
extern const struct model_operation model_drill_operations[];
extern const struct model_operation model_clearance_operations[];
extern const struct model_operation model_checkpoint_operations[];
extern const struct model_operation model_tenant_operations[];

static inline struct model_refusal model_accepts(void)
{
    return (struct model_refusal){VG_OK, ""};
}

static inline struct model_refusal model_refuses(enum vg_code code)
{
    return (struct model_refusal){code, ""};
}

/* Has a compartment sealed from its first epoch on. */
struct model_clearance *model_clearance_add(struct model *model,
                                            const struct compartment_epoch *first);
/* The place of a node; node_count if there is none. */
uint32_t model_node_place(const struct model *model, uint64_t node);
/* Whether a request was issued in the time that is remembered. */
bool model_is_in_time(const vg_id *request, uint64_t now_ms);
/* Roles that give the operation where the call is, beside where it is at home; 0: none. */
uint32_t model_roles_beside(const struct model_call *call);
/* The kind of compartment that the call is in. */
enum model_place model_place_of(const struct model_call *call);
/* The first of the rules that does not hold. */
struct model_refusal model_holds(const struct model_call *call, const struct model_guard *guards);
/* Stands, then what is named, conflicts, guards. */
struct model_refusal model_judge(struct model_call *call);
/* The same after standing, for what was proposed. */
struct model_refusal model_judge_case(struct model_call *call);
/* Counts what was judged in a compartment, but checkpoints, and makes a mark where one is due. */
void model_count(struct model *model, struct model_compartment *home,
                 const struct model_order *order);
/* No part is made under the id of another of its kind; an incident holds only so much. */
struct model_refusal model_has_room(const struct model_call *call);
/* Goes back to the stage it was closed from; attestations lapse. */
void model_reopens(struct model_case *incident);
/* By rule: severity at most sev1, priority at most p1. */
void model_raise(struct model_case *incident);
/* A task that a rule adds; `number` counts those of one command. */
void model_rule_task(struct model_call *call, uint32_t number);

/* The tenant of a name; NULL if there is none. */
const struct model_tenant *model_tenant_named(const struct model *model, vg_span name);
/* The incident of the call owes a tenant's compartment a fact; its own has heard it at once. */
void model_owe(struct model_call *call, const struct model_tenant *tenant,
               enum response_fact_kind kind);
/* What several operations ask. */
bool model_is_runner(const struct model_call *call, const vg_id *person);
bool model_has_evidence(const struct model_call *call, const struct response_ids *ids);
bool model_has_left_detect(const struct model_call *call);
/* Somebody who is here, or nobody. */
struct model_refusal model_names_person(const struct model_call *call, const vg_id *person);

/* ---- state (model_state.c) ---------------------------------------------------------------------
 */

void model_list_add(struct model_list *list, void *item);
struct model_name model_name_of(vg_span text);
bool model_name_equal(const struct model_name *a, const struct model_name *b);

struct model_compartment *model_compartment_of(const struct model *model, const vg_id *id);
/* How many there are, named or with an epoch. */
uint32_t model_compartments(const struct model *model);
struct model_compartment *model_compartment_add(struct model *model, const vg_id *id);
void model_compartment_free(struct model_compartment *compartment);

struct model_person *model_person_of(const struct model *model, const vg_id *id);
/* Ids that begin with eight zero bytes are nodes'. */
bool model_is_node(const vg_id *id);
/* A person who is still here. */
bool model_is_here(const struct model *model, const vg_id *id);
struct model_standing *model_standing_of(const struct model *model, const vg_id *person,
                                         const vg_id *compartment);
uint32_t model_roles_of(const struct model *model, const vg_id *person, const vg_id *compartment);

struct model_case *model_case_of(const struct model_compartment *home, const vg_id *id);
/* A part of an incident; a proposal, which needs no incident to be found (NULL). */
struct model_thing *model_part_of(const struct model_compartment *home,
                                  const struct model_case *incident, const vg_id *id,
                                  enum model_part kind);
struct model_case *model_case_add(struct model_compartment *home, const vg_id *id);
struct model_thing *model_part_add(struct model_compartment *home, struct model_case *incident,
                                   const vg_id *id, enum model_part kind);
/* Forgets the proposal about no incident that has the least id. */
void model_drop_least(struct model_compartment *home);
struct model_signal *model_signal_of(const struct model_compartment *home, vg_span key);
struct model_signal *model_signal_add(struct model_compartment *home, vg_span key);

uint64_t model_revision_in(const struct model_case *incident, uint16_t aspect, const vg_id *part);
/* One more revision of an aspect, and its event. */
void model_change(struct model_case *incident, uint16_t aspect);
void model_change_part(struct model_thing *thing);

struct model_request *model_request_of(const struct model_compartment *home, const vg_id *request,
                                       const vg_id *author);
void model_remember(struct model_compartment *home, const vg_id *request, const vg_id *author,
                    const vg_hash *content, const struct model_verdict *verdict);
void model_forget(struct model_compartment *home, uint64_t now_ms);

#endif
