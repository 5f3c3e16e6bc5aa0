/* SPDX-License-Identifier: Apache-2.0
 * Tenants, and what an incident in one compartment means for a tenant whose data is in another
 * (docs/process.md, "Tenants, cases, facts"). Each of it is state of one compartment: tenants are
 * the directory's, what is owed is the source's, cases are the tenant's. Spans are borrowed until
 * the store changes. */
#ifndef VIGIL_PROTO_RESPONSE_TENANTS_H
#define VIGIL_PROTO_RESPONSE_TENANTS_H

#include "proto/response/machine.h"

/* ---- tenants: of the directory -----------------------------------------------------------------
 */

struct response_tenant {
    vg_id id;
    vg_id compartment; /* that its data is in */
    uint64_t added_at; /* log time */
    char name[VG_NAME_MAX + 1];
};

/* By id, or by name; false if there is none. */
bool response_tenant_get(const struct response_machine *machine, const vg_id *id,
                         struct response_tenant *out);
bool response_tenant_find(const struct response_machine *machine, vg_span name,
                          struct response_tenant *out);

/* The first tenant after `after` in id order; false at the end. */
bool response_tenant_next(const struct response_machine *machine, const vg_id *after,
                          struct response_tenant *out);

/* ---- affected tenants: of an incident ----------------------------------------------------------
 */

struct response_affected {
    vg_id tenant;
    uint64_t added_at; /* log time; its clock starts there (R12) */
    char name[VG_NAME_MAX + 1];
};

/* In id order; `after` zero starts. */
bool response_affected_next(const struct response_machine *machine, const vg_id *compartment,
                            const vg_id *incident, const vg_id *after,
                            struct response_affected *out);

/* ---- facts: of the source ----------------------------------------------------------------------
 */

/* How far a fact has come; the first byte of its key, so that those owed lie together. */
enum response_progress {
    RESPONSE_FACT_OWED = 'o',
    RESPONSE_FACT_TOLD = 't', /* acknowledged, or told in the same compartment */
};

struct response_owed {
    struct response_fact fact;
    vg_id target;        /* the tenant's compartment */
    uint64_t case_index; /* of the entry that tells it there; 0: owed */
    vg_hash case_hash;
    uint64_t told_at; /* log time of the acknowledgement; 0: owed */
};

/* The next fact of a compartment by incident, tenant and index, from `*out` on: zeroed but for
 * fact.source, the compartment, it is the first; with fact.incident, the first of the incident.
 * False at the end. */
bool response_owed_next(const struct response_machine *machine, enum response_progress progress,
                        struct response_owed *out);

/* As response_owed_next, of the incident and tenant of `*out` alone. */
bool response_owed_next_of(const struct response_machine *machine, enum response_progress progress,
                           struct response_owed *out);

/* What becomes of a fact that is owed since `at`, by log time alone. */
enum { RESPONSE_LATE_MS = 5 * 60 * 1000, RESPONSE_OVERDUE_MS = 60 * 60 * 1000 };
enum response_lateness {
    RESPONSE_WAITING,
    RESPONSE_LATE,
    RESPONSE_OVERDUE,
    RESPONSE_ENDED, /* its target is shredded: nobody can hear it any more */
};
enum response_lateness response_lateness_of(uint64_t at, uint64_t now_ms);

/* The same, unless it has ended. */
enum response_lateness response_owed_lateness(const struct response_machine *machine,
                                              const struct response_owed *owed, uint64_t now_ms);
const char *response_lateness_name(enum response_lateness lateness);

/* Whether a node is cleared for both compartments as of the cursor, so that it may tell a fact of
 * one in the other. What is in clear is everybody's. */
bool response_carries(const struct response_machine *machine, const vg_id *source,
                      const vg_id *target, vg_node_id node);

/* ---- cases: of the tenant's compartment --------------------------------------------------------
 */

/* What one incident means for one tenant. Facts come in any order: of each kind the latest counts,
 * by their index in the log. */
struct response_tenant_case {
    vg_id source; /* compartment of the incident */
    vg_id incident;
    vg_id tenant;
    uint64_t declared_index; /* of the source's entry; 0: not heard of yet */
    uint64_t declared_at;    /* the source's log time */
    uint64_t withdrawn_index;
    uint64_t withdrawn_at;
    uint8_t class_; /* of the latest declaration */
    uint8_t harm;
    uint32_t facts; /* it is made of */
    uint64_t made_at;
    uint64_t updated_at;
};

/* Whether the declaration stands, as far as the case has heard. */
bool response_case_stands(const struct response_tenant_case *found);

/* The next case of a compartment by incident, tenant and source, from a zeroed one on; false at the
 * end. */
bool response_case_next(const struct response_machine *machine, const vg_id *compartment,
                        struct response_tenant_case *out);

/* A fact as a case has it. */
struct response_heard {
    struct response_fact fact;
    uint64_t case_index; /* of the entry that told it */
    vg_hash case_hash;
};

/* The fact of an incident, tenant, source and index; false if the case has not heard it. */
bool response_heard_get(const struct response_machine *machine, const vg_id *compartment,
                        const struct response_fact *of, struct response_heard *out);

/* Whether two facts say the same of the same. */
bool response_fact_equal(const struct response_fact *a, const struct response_fact *b);

#endif
