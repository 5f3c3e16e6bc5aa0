/* SPDX-License-Identifier: Apache-2.0
 * Closed sets of words: what commands and records hold as numbers, and people read and write as
 * text. Every number is frozen: they are in signed commands. */
#ifndef VIGIL_PROTO_RESPONSE_WORDS_H
#define VIGIL_PROTO_RESPONSE_WORDS_H

#include "common/mem.h"
#include "common/types.h"

/* One word of a set; NULL text ends it. 0 is no word's number: it means "not said". */
struct response_word {
    uint32_t number;
    const char *text;
};

/* "" for a number that is not in the set; 0 for a text that is not. */
const char *response_word(const struct response_word *set, uint32_t number);
uint32_t response_number(const struct response_word *set, const char *text);

/* Bits as words, ", " between them, in the order of the set; `none` where there is no bit. */
void response_words(const struct response_word *set, uint32_t bits, const char *none, char *out,
                    size_t size);

/* All bits, or the largest number, of a set. */
uint32_t response_all_bits(const struct response_word *set);
uint32_t response_last_number(const struct response_word *set);

/* R1 */
enum response_source {
    RESPONSE_SOURCE_AUTOMATED = 1,
    RESPONSE_SOURCE_FIRST_PARTY,
    RESPONSE_SOURCE_VULNERABILITY_REPORT,
    RESPONSE_SOURCE_CUSTOMER_REPORT,
    RESPONSE_SOURCE_EXERCISE, /* refused until R2 is built */
    RESPONSE_SOURCE_OPERATOR,
    RESPONSE_SOURCE_PHYSICAL,
    RESPONSE_SOURCE_UNKNOWN,
};
extern const struct response_word response_sources[];

/* R1: sub-kinds of `automated`; 0 for every other source */
enum response_subsource {
    RESPONSE_SUB_NONE,
    RESPONSE_SUB_ANTIMALWARE,
    RESPONSE_SUB_IDS,
    RESPONSE_SUB_ANOMALY,
    RESPONSE_SUB_OTHER,
};
extern const struct response_word response_subsources[];

/* R1: bits of what is in question */
enum { RESPONSE_CONFIDENTIALITY = 1, RESPONSE_INTEGRITY = 2, RESPONSE_AVAILABILITY = 4 };
extern const struct response_word response_cia[];
extern const struct response_word response_cia_letters[];

/* R4: the three inputs of an assessment; information is bits */
enum response_functional {
    RESPONSE_FUNCTIONAL_NONE = 1,
    RESPONSE_FUNCTIONAL_LOW,
    RESPONSE_FUNCTIONAL_MEDIUM,
    RESPONSE_FUNCTIONAL_HIGH,
};
extern const struct response_word response_functionals[];
enum {
    RESPONSE_PRIVACY_BREACH = 1,
    RESPONSE_PROPRIETARY_BREACH = 2,
    RESPONSE_INTEGRITY_LOSS = 4,
};
extern const struct response_word response_information[];
enum response_recoverability {
    RESPONSE_REGULAR = 1,
    RESPONSE_SUPPLEMENTED,
    RESPONSE_EXTENDED,
    RESPONSE_NOT_RECOVERABLE,
};
extern const struct response_word response_recoverabilities[];

/* R5: sev0 and p0 are 1, so that 0 stays "not said" */
enum { RESPONSE_SEV0 = 1, RESPONSE_SEV1, RESPONSE_SEV2, RESPONSE_SEV3, RESPONSE_SEV4 };
extern const struct response_word response_severities[];
extern const struct response_word response_priorities[];

/* R6 */
enum response_risk {
    RESPONSE_RISK_NONE = 1,
    RESPONSE_RISK_POSSIBLE,
    RESPONSE_RISK_IMMINENT,
    RESPONSE_RISK_CONFIRMED,
};
extern const struct response_word response_risks[];

/* R8 */
enum response_responsibility { RESPONSE_PROVIDER = 1, RESPONSE_CUSTOMER, RESPONSE_SHARED };
extern const struct response_word response_responsibilities[];

/* R9 */
enum response_class {
    RESPONSE_FALSE_POSITIVE = 1,
    RESPONSE_SECURITY_EVENT,
    RESPONSE_SECURITY_INCIDENT,
    RESPONSE_PRIVACY_EVENT,
    RESPONSE_PRIVACY_INCIDENT,
};
extern const struct response_word response_classes[];
enum response_ground {
    RESPONSE_ATTEMPT = 1,
    RESPONSE_CIRCUMVENTION,
    RESPONSE_DATA_INDICATION,
};
extern const struct response_word response_grounds[];

/* R10 */
enum response_answer { RESPONSE_ANSWER_FILTER = 1, RESPONSE_ANSWER_DETECTOR };
extern const struct response_word response_answers[];

/* R11: bits of harm, and how sure unauthorized access is */
enum {
    RESPONSE_HARM_DESTRUCTION = 1,
    RESPONSE_HARM_LOSS = 2,
    RESPONSE_HARM_ALTERATION = 4,
    RESPONSE_HARM_DISCLOSURE = 8,
    RESPONSE_HARM_ACCESS = 16,
};
extern const struct response_word response_harms[];
enum response_likelihood { RESPONSE_LIKELY = 1, RESPONSE_OCCURRED };
extern const struct response_word response_likelihoods[];

/* R12: what a fact tells the compartment of an affected tenant */
enum response_fact_kind { RESPONSE_FACT_DECLARED = 1, RESPONSE_FACT_WITHDRAWN };
extern const struct response_word response_fact_kinds[];

/* R13 */
enum response_stage {
    RESPONSE_DETECT = 1,
    RESPONSE_ASSESS,
    RESPONSE_DIAGNOSE,
    RESPONSE_STABILIZE,
    RESPONSE_CLOSE,
};
extern const struct response_word response_stages[];

/* How an incident was closed (R7, R8, R10, R25); follows from what is known of it. */
enum response_disposition {
    RESPONSE_RESOLVED = 1,
    RESPONSE_NOT_ESCALATED,
    RESPONSE_CUSTOMER_MANAGED,
    RESPONSE_AS_FALSE_POSITIVE,
};
extern const struct response_word response_dispositions[];

/* R14, R16 */
enum response_note_kind { RESPONSE_NOTE = 1, RESPONSE_FINDING };
extern const struct response_word response_note_kinds[];
enum response_task_kind { RESPONSE_TASK_WORK = 1, RESPONSE_TASK_FOLLOW_UP, RESPONSE_TASK_REVIEW };
extern const struct response_word response_task_kinds[];
enum response_task_state {
    RESPONSE_TASK_OPEN = 1,
    RESPONSE_TASK_CLAIMED,
    RESPONSE_TASK_DONE,
    RESPONSE_TASK_DROPPED,
};
extern const struct response_word response_task_states[];
enum response_step_kind {
    RESPONSE_CONTAINMENT = 1,
    RESPONSE_MITIGATION,
    RESPONSE_WORKAROUND,
    RESPONSE_RECOVERY,
};
extern const struct response_word response_step_kinds[];
enum response_step_state {
    RESPONSE_STEP_PLANNED = 1,
    RESPONSE_STEP_STARTED,
    RESPONSE_STEP_DONE,
    RESPONSE_STEP_VERIFIED,
    RESPONSE_STEP_REVERTED,
    RESPONSE_STEP_DROPPED,
};
extern const struct response_word response_step_states[];

/* R17 */
enum response_custody {
    RESPONSE_ACQUIRE = 1, /* with the evidence itself */
    RESPONSE_OFFER,
    RESPONSE_ACCEPT,
    RESPONSE_ACCESS,
    RESPONSE_SEAL,
    RESPONSE_VERIFY,
    RESPONSE_DISPOSE,
};
extern const struct response_word response_custodies[];

/* R27: what the first incident is to the second */
enum response_link_kind {
    RESPONSE_LINK_DUPLICATE = 1,
    RESPONSE_LINK_RELATED,
    RESPONSE_LINK_CAUSED_BY,
};
extern const struct response_word response_link_kinds[];
extern const struct response_word response_link_kinds_back[];

/* R32: what a drill does to whom */
enum response_drill_kind {
    RESPONSE_DRILL_LEADER_LOSS = 1,
    RESPONSE_DRILL_NODE_LOSS,
    RESPONSE_DRILL_ISOLATE,
    RESPONSE_DRILL_SLOW_REGION,
    RESPONSE_DRILL_DISK_FULL,
};
extern const struct response_word response_drill_kinds[];

/* A yes or no that must be said. */
enum { RESPONSE_YES = 1, RESPONSE_NO };
extern const struct response_word response_yes_no[];

/* PROCESS "People": bits of a grant. */
enum response_role {
    RESPONSE_ROLE_REPORTER = 1 << 0,
    RESPONSE_ROLE_RESPONDER = 1 << 1,
    RESPONSE_ROLE_INCIDENT_MANAGER = 1 << 2,
    RESPONSE_ROLE_EXECUTIVE = 1 << 3,
    RESPONSE_ROLE_LEGAL = 1 << 4,
    RESPONSE_ROLE_PRIVACY_OFFICER = 1 << 5,
    RESPONSE_ROLE_COMMUNICATIONS = 1 << 6,
    RESPONSE_ROLE_SERVICE_TEAM = 1 << 7,
    RESPONSE_ROLE_SUPPORT = 1 << 8,
    RESPONSE_ROLE_KEY_OFFICER = 1 << 9,
    RESPONSE_ROLE_AUDITOR = 1 << 10,
    RESPONSE_ROLE_TENANT_CONTACT = 1 << 11,
    RESPONSE_ROLE_OPERATOR = 1 << 12,
};
extern const struct response_word response_roles[];

/* What a person of the cluster is: bits of an enrolment, as the genesis has them. */
extern const struct response_word response_person_bits[];

/* Aspects of an incident that have a revision (DESIGN "Together"); they are in preambles. */
enum response_aspect {
    RESPONSE_ASPECT_STAGE = 1,
    RESPONSE_ASPECT_SEVERITY,
    RESPONSE_ASPECT_CLASSIFICATION,
    RESPONSE_ASPECT_RESPONSIBILITY,
    RESPONSE_ASPECT_OWNER,
    RESPONSE_ASPECT_RECOVERY_PLAN,
    RESPONSE_ASPECT_TASK,        /* a part each */
    RESPONSE_ASPECT_CONTAINMENT, /* a part each step */
    RESPONSE_ASPECT_NOTES,
    RESPONSE_ASPECT_DETECTION,
    RESPONSE_ASPECT_DATA_RISK,
    RESPONSE_ASPECT_DECLARATION,
    RESPONSE_ASPECT_EVIDENCE, /* a part each */
    RESPONSE_ASPECT_LINKS,
    RESPONSE_ASPECT_ANSWER,
    RESPONSE_ASPECT_REFERRAL,
    RESPONSE_ASPECT_CUSTOMER_RISK,
    RESPONSE_ASPECT_BUSINESS_RISK,
    RESPONSE_ASPECT_CORRECTIVE_MEASURES,
    RESPONSE_ASPECT_TENANTS,
    RESPONSE_ASPECT_COLLABORATION,
    RESPONSE_ASPECT_PROPOSAL, /* a part each */
    RESPONSE_ASPECT_FINDINGS,
    RESPONSE_ASPECT_SIGNALS, /* that joined (R3) */
};
extern const struct response_word response_aspects[];
/* R25: those of them that are attested. */
extern const struct response_word response_attestations[];

/* Kinds of timeline events. */
enum response_event_kind {
    RESPONSE_EVENT_DETECT = 1,
    RESPONSE_EVENT_JOIN,
    RESPONSE_EVENT_NOTE,
    RESPONSE_EVENT_STAGE,
    RESPONSE_EVENT_IMPORT,
    RESPONSE_EVENT_FINDING,
    RESPONSE_EVENT_SETTLE,
    RESPONSE_EVENT_ASSESS,
    RESPONSE_EVENT_SEVERITY,
    RESPONSE_EVENT_RISK,
    RESPONSE_EVENT_RESPONSIBILITY,
    RESPONSE_EVENT_OWNER,
    RESPONSE_EVENT_CLASSIFY,
    RESPONSE_EVENT_ANSWER,
    RESPONSE_EVENT_DECLARE,
    RESPONSE_EVENT_WITHDRAW,
    RESPONSE_EVENT_TENANT,
    RESPONSE_EVENT_REFER,
    RESPONSE_EVENT_COLLABORATE,
    RESPONSE_EVENT_PLAN,
    RESPONSE_EVENT_ATTEST,
    RESPONSE_EVENT_REOPEN,
    RESPONSE_EVENT_LINK,
    RESPONSE_EVENT_TASK,
    RESPONSE_EVENT_STEP,
    RESPONSE_EVENT_EVIDENCE,
    RESPONSE_EVENT_CUSTODY,
    RESPONSE_EVENT_COUNT,
    RESPONSE_EVENT_PROPOSE,
    RESPONSE_EVENT_APPROVE,
    RESPONSE_EVENT_REJECT,
};
extern const struct response_word response_event_kinds[];

#endif
