/* SPDX-License-Identifier: Apache-2.0
 * A second state machine, written from docs/process.md alone: plain arrays and tables, no store, no
 * msgpack, no code in common with proto/response but its words and structs. Tests and the simulator
 * give it what the first one is given, in the same order, and every verdict must agree.
 * Single-threaded. */
#ifndef VIGIL_TESTS_LIB_MODEL_H
#define VIGIL_TESTS_LIB_MODEL_H

#include "proto/ledger/entry.h"
#include "proto/ledger/genesis.h"
#include "proto/response/command.h"

struct model;

/* A command as it comes to be applied. */
struct model_order {
    uint64_t index;
    uint64_t time_ms;  /* log time */
    vg_id compartment; /* zero: control */
    vg_id author;
    vg_id request;
    vg_hash entry;   /* hash of the entry */
    vg_hash content; /* equal for equal compartment and command */
    const struct ledger_expectation *expectations;
    uint16_t expectation_count;
    const struct response_command *command; /* NULL: its bytes did not decode */
};

/* What becomes of it, as far as a sentence does not matter. */
struct model_verdict {
    enum vg_code code;
    char rule[VG_RULE_TEXT];
    vg_id id; /* where accepted */
    uint64_t index;
    bool repeated;
    bool joined;
    bool filtered;
};

/* An empty machine; borrows nothing. Free with model_free. */
struct model *model_new(const struct ledger_genesis *genesis, const struct vg_signer *signer);
const struct vg_signer *model_signer(const struct model *model);
void model_free(struct model *model);

/* Applies the command, as response_apply does of one that opened. */
void model_apply(struct model *model, const struct model_order *order, struct model_verdict *out);

/* What model_apply would say, changing nothing. */
void model_check(const struct model *model, const struct model_order *order,
                 struct model_verdict *out);

/* What is known of an incident; severity and priority as in the commands (1 is sev0, 0 is none). */
struct model_facts {
    uint8_t stage, disposition, cia, severity, priority, risk, responsibility, class_, attested;
    bool historical, declared;
    vg_id owner, linked;
    uint64_t count;
    uint64_t assessed_at, contained_at, stabilized_at, closed_at;
    uint32_t tasks, tasks_open, steps, steps_open, evidence, tenants, links, proposals;
};

/* False if the compartment has no incident of this id. */
bool model_incident(const struct model *model, const vg_id *compartment, const vg_id *incident,
                    struct model_facts *out);

/* The revision of an aspect, or of a part of one (zero: the whole); 0 if it was never set. */
uint64_t model_revision(const struct model *model, const vg_id *compartment, const vg_id *incident,
                        uint16_t aspect, const vg_id *part);

/* For those who make up commands: incidents of a compartment in the order they were made, and the
 * parts of one. The counts move as commands are applied. */
uint32_t model_incident_count(const struct model *model, const vg_id *compartment);
vg_id model_incident_at(const struct model *model, const vg_id *compartment, uint32_t place);
enum model_part { MODEL_TASK, MODEL_STEP, MODEL_EVIDENCE, MODEL_PROPOSAL };
uint32_t model_part_count(const struct model *model, const vg_id *compartment,
                          const vg_id *incident, enum model_part kind);
vg_id model_part_at(const struct model *model, const vg_id *compartment, const vg_id *incident,
                    enum model_part kind, uint32_t place);

/* Proposals about no incident, of the directory and of control entries; and what one's approval
 * signs, false if there is none of this id. */
uint32_t model_loose_count(const struct model *model, const vg_id *compartment);
vg_id model_loose_at(const struct model *model, const vg_id *compartment, uint32_t place);
bool model_proposed(const struct model *model, const vg_id *compartment, const vg_id *proposal,
                    vg_hash *out);

/* Tenants, and where their data is. */
uint32_t model_tenant_count(const struct model *model);
vg_id model_tenant_at(const struct model *model, uint32_t place, vg_id *compartment);

/* Facts that a compartment owes, or has told, in the order they came up; `target` is the
 * compartment of the tenant. */
uint32_t model_fact_count(const struct model *model, const vg_id *compartment);
struct response_fact model_fact_at(const struct model *model, const vg_id *compartment,
                                   uint32_t place, vg_id *target, bool *told);

/* The entry with which a case heard a fact; false if it has not. */
bool model_heard(const struct model *model, const vg_id *compartment,
                 const struct response_fact *fact, uint64_t *index, vg_hash *entry);

/* What a compartment knows of an incident, which may be another's, for a tenant; false if it has no
 * case of it. */
struct model_case_facts {
    bool stands;
    uint64_t declared_at, withdrawn_at;
    uint8_t class_, harm;
    uint32_t facts;
};
bool model_case(const struct model *model, const vg_id *compartment, const vg_id *source,
                const vg_id *incident, const vg_id *tenant, struct model_case_facts *out);

/* Drills. */
uint32_t model_drill_count(const struct model *model);
vg_id model_drill_at(const struct model *model, uint32_t place);

/* What is known of a drill; false if there is none of this id. */
struct model_drill_facts {
    uint64_t started_at;
    bool ended;
    uint64_t probes;
};
bool model_drill_of(const struct model *model, const vg_id *id, struct model_drill_facts *out);

/* Whether the node is evicted. */
bool model_node_gone(const struct model *model, uint64_t node);

/* What is known of a person; false if nobody has had the id. */
struct model_person_facts {
    struct vg_keys keys;
    bool gone;
};
bool model_person(const struct model *model, const vg_id *id, struct model_person_facts *out);

/* The key that a node signs with; false if there is no such node. */
bool model_node_key(const struct model *model, uint64_t node, vg_public_key *out);

/* Sealed compartments, the directory first, and what is in force of one; NULL: it is in clear. */
uint32_t model_sealed_count(const struct model *model);
vg_id model_sealed_at(const struct model *model, uint32_t place);
const struct compartment_epoch *model_epoch(const struct model *model, const vg_id *compartment);

/* The epoch that revoked a node from a compartment; 0: it is a holder, or never was. */
uint64_t model_revoked(const struct model *model, const vg_id *compartment, uint64_t node);

/* Whether nothing of a compartment counts any more. */
bool model_shredded(const struct model *model, const vg_id *compartment);

/* The n-th mark from the last one of a compartment, 0 the last; 0 if there is none. */
uint64_t model_mark(const struct model *model, const vg_id *compartment, uint32_t back);

/* Overrides that were given. */
uint32_t model_override_count(const struct model *model);
vg_id model_override_at(const struct model *model, uint32_t place, vg_id *compartment);

#endif
