/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/words.h"

#include <stdio.h>

#include "proto/ledger/genesis.h"

const char *response_word(const struct response_word *set, uint32_t number)
{
    for (; set->text != NULL; set++) {
        if (set->number == number)
            return set->text;
    }
    return "";
}

uint32_t response_number(const struct response_word *set, const char *text)
{
    for (; set->text != NULL; set++) {
        if (strcmp(set->text, text) == 0)
            return set->number;
    }
    return 0;
}

void response_words(const struct response_word *set, uint32_t bits, const char *none, char *out,
                    size_t size)
{
    size_t used = 0;
    snprintf(out, size, "%s", bits == 0 ? none : "");
    for (; set->text != NULL; set++) {
        if ((bits & set->number) != 0 && used < size)
            used +=
                (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", set->text);
    }
}

uint32_t response_all_bits(const struct response_word *set)
{
    uint32_t bits = 0;
    for (; set->text != NULL; set++)
        bits |= set->number;
    return bits;
}

uint32_t response_last_number(const struct response_word *set)
{
    uint32_t last = 0;
    for (; set->text != NULL; set++)
        last = set->number > last ? set->number : last;
    return last;
}

const struct response_word response_sources[] = {
    {RESPONSE_SOURCE_AUTOMATED, "automated"},
    {RESPONSE_SOURCE_FIRST_PARTY, "first-party"},
    {RESPONSE_SOURCE_VULNERABILITY_REPORT, "vulnerability-report"},
    {RESPONSE_SOURCE_CUSTOMER_REPORT, "customer-report"},
    {RESPONSE_SOURCE_EXERCISE, "exercise"},
    {RESPONSE_SOURCE_OPERATOR, "operator"},
    {RESPONSE_SOURCE_PHYSICAL, "physical"},
    {RESPONSE_SOURCE_UNKNOWN, "unknown"},
    {0, NULL},
};

const struct response_word response_subsources[] = {
    {RESPONSE_SUB_ANTIMALWARE, "antimalware"},
    {RESPONSE_SUB_IDS, "ids"},
    {RESPONSE_SUB_ANOMALY, "anomaly"},
    {RESPONSE_SUB_OTHER, "other"},
    {0, NULL},
};

const struct response_word response_cia[] = {
    {RESPONSE_CONFIDENTIALITY, "confidentiality"},
    {RESPONSE_INTEGRITY, "integrity"},
    {RESPONSE_AVAILABILITY, "availability"},
    {0, NULL},
};

const struct response_word response_cia_letters[] = {
    {RESPONSE_CONFIDENTIALITY, "c"},
    {RESPONSE_INTEGRITY, "i"},
    {RESPONSE_AVAILABILITY, "a"},
    {0, NULL},
};

const struct response_word response_functionals[] = {
    {RESPONSE_FUNCTIONAL_NONE, "none"},
    {RESPONSE_FUNCTIONAL_LOW, "low"},
    {RESPONSE_FUNCTIONAL_MEDIUM, "medium"},
    {RESPONSE_FUNCTIONAL_HIGH, "high"},
    {0, NULL},
};

const struct response_word response_information[] = {
    {RESPONSE_PRIVACY_BREACH, "privacy-breach"},
    {RESPONSE_PROPRIETARY_BREACH, "proprietary-breach"},
    {RESPONSE_INTEGRITY_LOSS, "integrity-loss"},
    {0, NULL},
};

const struct response_word response_recoverabilities[] = {
    {RESPONSE_REGULAR, "regular"},
    {RESPONSE_SUPPLEMENTED, "supplemented"},
    {RESPONSE_EXTENDED, "extended"},
    {RESPONSE_NOT_RECOVERABLE, "not-recoverable"},
    {0, NULL},
};

const struct response_word response_severities[] = {
    {RESPONSE_SEV0, "sev0"}, {RESPONSE_SEV1, "sev1"}, {RESPONSE_SEV2, "sev2"},
    {RESPONSE_SEV3, "sev3"}, {RESPONSE_SEV4, "sev4"}, {0, NULL},
};

const struct response_word response_priorities[] = {
    {1, "p0"}, {2, "p1"}, {3, "p2"}, {4, "p3"}, {5, "p4"}, {0, NULL},
};

const struct response_word response_risks[] = {
    {RESPONSE_RISK_NONE, "none"},
    {RESPONSE_RISK_POSSIBLE, "possible"},
    {RESPONSE_RISK_IMMINENT, "imminent"},
    {RESPONSE_RISK_CONFIRMED, "confirmed"},
    {0, NULL},
};

const struct response_word response_responsibilities[] = {
    {RESPONSE_PROVIDER, "provider"},
    {RESPONSE_CUSTOMER, "customer"},
    {RESPONSE_SHARED, "shared"},
    {0, NULL},
};

const struct response_word response_classes[] = {
    {RESPONSE_FALSE_POSITIVE, "false-positive"},       {RESPONSE_SECURITY_EVENT, "security-event"},
    {RESPONSE_SECURITY_INCIDENT, "security-incident"}, {RESPONSE_PRIVACY_EVENT, "privacy-event"},
    {RESPONSE_PRIVACY_INCIDENT, "privacy-incident"},   {0, NULL},
};

const struct response_word response_grounds[] = {
    {RESPONSE_ATTEMPT, "attempt"},
    {RESPONSE_CIRCUMVENTION, "circumvention"},
    {RESPONSE_DATA_INDICATION, "data-indication"},
    {0, NULL},
};

const struct response_word response_answers[] = {
    {RESPONSE_ANSWER_FILTER, "filter"},
    {RESPONSE_ANSWER_DETECTOR, "detector"},
    {0, NULL},
};

const struct response_word response_harms[] = {
    {RESPONSE_HARM_DESTRUCTION, "destruction"}, {RESPONSE_HARM_LOSS, "loss"},
    {RESPONSE_HARM_ALTERATION, "alteration"},   {RESPONSE_HARM_DISCLOSURE, "disclosure"},
    {RESPONSE_HARM_ACCESS, "access"},           {0, NULL},
};

const struct response_word response_likelihoods[] = {
    {RESPONSE_LIKELY, "likely"}, {RESPONSE_OCCURRED, "occurred"}, {0, NULL}};

const struct response_word response_fact_kinds[] = {
    {RESPONSE_FACT_DECLARED, "declared"},
    {RESPONSE_FACT_WITHDRAWN, "withdrawn"},
    {0, NULL},
};

const struct response_word response_stages[] = {
    {RESPONSE_DETECT, "detect"},       {RESPONSE_ASSESS, "assess"}, {RESPONSE_DIAGNOSE, "diagnose"},
    {RESPONSE_STABILIZE, "stabilize"}, {RESPONSE_CLOSE, "close"},   {0, NULL},
};

const struct response_word response_dispositions[] = {
    {RESPONSE_RESOLVED, "resolved"},
    {RESPONSE_NOT_ESCALATED, "not-escalated"},
    {RESPONSE_CUSTOMER_MANAGED, "customer-managed"},
    {RESPONSE_AS_FALSE_POSITIVE, "false-positive"},
    {0, NULL},
};

const struct response_word response_note_kinds[] = {
    {RESPONSE_NOTE, "note"}, {RESPONSE_FINDING, "finding"}, {0, NULL}};

const struct response_word response_task_kinds[] = {
    {RESPONSE_TASK_WORK, "work"},
    {RESPONSE_TASK_FOLLOW_UP, "follow-up"},
    {RESPONSE_TASK_REVIEW, "review"},
    {0, NULL},
};

const struct response_word response_task_states[] = {
    {RESPONSE_TASK_OPEN, "open"},
    {RESPONSE_TASK_CLAIMED, "claimed"},
    {RESPONSE_TASK_DONE, "done"},
    {RESPONSE_TASK_DROPPED, "dropped"},
    {0, NULL},
};

const struct response_word response_step_kinds[] = {
    {RESPONSE_CONTAINMENT, "containment"},
    {RESPONSE_MITIGATION, "mitigation"},
    {RESPONSE_WORKAROUND, "workaround"},
    {RESPONSE_RECOVERY, "recovery"},
    {0, NULL},
};

const struct response_word response_step_states[] = {
    {RESPONSE_STEP_PLANNED, "planned"},
    {RESPONSE_STEP_STARTED, "started"},
    {RESPONSE_STEP_DONE, "done"},
    {RESPONSE_STEP_VERIFIED, "verified"},
    {RESPONSE_STEP_REVERTED, "reverted"},
    {RESPONSE_STEP_DROPPED, "dropped"},
    {0, NULL},
};

const struct response_word response_custodies[] = {
    {RESPONSE_ACQUIRE, "acquire"}, {RESPONSE_OFFER, "offer"},
    {RESPONSE_ACCEPT, "accept"},   {RESPONSE_ACCESS, "access"},
    {RESPONSE_SEAL, "seal"},       {RESPONSE_VERIFY, "verify"},
    {RESPONSE_DISPOSE, "dispose"}, {0, NULL},
};

const struct response_word response_link_kinds[] = {
    {RESPONSE_LINK_DUPLICATE, "duplicate-of"},
    {RESPONSE_LINK_RELATED, "related-to"},
    {RESPONSE_LINK_CAUSED_BY, "caused-by"},
    {0, NULL},
};

const struct response_word response_link_kinds_back[] = {
    {RESPONSE_LINK_DUPLICATE, "has-duplicate"},
    {RESPONSE_LINK_RELATED, "related-to"},
    {RESPONSE_LINK_CAUSED_BY, "cause-of"},
    {0, NULL},
};

const struct response_word response_yes_no[] = {
    {RESPONSE_YES, "yes"}, {RESPONSE_NO, "no"}, {0, NULL}};

const struct response_word response_roles[] = {
    {RESPONSE_ROLE_REPORTER, "reporter"},
    {RESPONSE_ROLE_RESPONDER, "responder"},
    {RESPONSE_ROLE_INCIDENT_MANAGER, "incident-manager"},
    {RESPONSE_ROLE_EXECUTIVE, "executive-incident-manager"},
    {RESPONSE_ROLE_LEGAL, "legal"},
    {RESPONSE_ROLE_PRIVACY_OFFICER, "privacy-officer"},
    {RESPONSE_ROLE_COMMUNICATIONS, "communications"},
    {RESPONSE_ROLE_SERVICE_TEAM, "service-team"},
    {RESPONSE_ROLE_SUPPORT, "support"},
    {RESPONSE_ROLE_KEY_OFFICER, "key-officer"},
    {RESPONSE_ROLE_AUDITOR, "auditor"},
    {RESPONSE_ROLE_TENANT_CONTACT, "tenant-contact"},
    {RESPONSE_ROLE_OPERATOR, "operator"},
    {0, NULL},
};

const struct response_word response_drill_kinds[] = {
    {RESPONSE_DRILL_LEADER_LOSS, "leader-loss"}, {RESPONSE_DRILL_NODE_LOSS, "node-loss"},
    {RESPONSE_DRILL_ISOLATE, "isolate"},         {RESPONSE_DRILL_SLOW_REGION, "slow-region"},
    {RESPONSE_DRILL_DISK_FULL, "disk-full"},     {0, NULL},
};

const struct response_word response_person_bits[] = {
    {LEDGER_PERSON_OPERATOR, "operator"},
    {LEDGER_PERSON_KEY_OFFICER, "key-officer"},
    {LEDGER_PERSON_INTEGRATION, "integration"},
    {0, NULL},
};

const struct response_word response_aspects[] = {
    {RESPONSE_ASPECT_STAGE, "stage"},
    {RESPONSE_ASPECT_SEVERITY, "severity"},
    {RESPONSE_ASPECT_CLASSIFICATION, "classification"},
    {RESPONSE_ASPECT_RESPONSIBILITY, "responsibility"},
    {RESPONSE_ASPECT_OWNER, "owner"},
    {RESPONSE_ASPECT_RECOVERY_PLAN, "recovery-plan"},
    {RESPONSE_ASPECT_TASK, "task"},
    {RESPONSE_ASPECT_CONTAINMENT, "containment"},
    {RESPONSE_ASPECT_NOTES, "notes"},
    {RESPONSE_ASPECT_DETECTION, "detection"},
    {RESPONSE_ASPECT_DATA_RISK, "data-risk"},
    {RESPONSE_ASPECT_DECLARATION, "declaration"},
    {RESPONSE_ASPECT_EVIDENCE, "evidence"},
    {RESPONSE_ASPECT_LINKS, "links"},
    {RESPONSE_ASPECT_ANSWER, "answer"},
    {RESPONSE_ASPECT_REFERRAL, "referral"},
    {RESPONSE_ASPECT_CUSTOMER_RISK, "customer-risk"},
    {RESPONSE_ASPECT_BUSINESS_RISK, "business-risk"},
    {RESPONSE_ASPECT_CORRECTIVE_MEASURES, "corrective-measures"},
    {RESPONSE_ASPECT_TENANTS, "tenants"},
    {RESPONSE_ASPECT_COLLABORATION, "collaboration"},
    {RESPONSE_ASPECT_PROPOSAL, "proposal"},
    {RESPONSE_ASPECT_FINDINGS, "findings"},
    {RESPONSE_ASPECT_SIGNALS, "signals"},
    {0, NULL},
};

const struct response_word response_attestations[] = {
    {RESPONSE_ASPECT_CUSTOMER_RISK, "customer-risk"},
    {RESPONSE_ASPECT_BUSINESS_RISK, "business-risk"},
    {RESPONSE_ASPECT_CORRECTIVE_MEASURES, "corrective-measures"},
    {0, NULL},
};

const struct response_word response_event_kinds[] = {
    {RESPONSE_EVENT_DETECT, "detect"},
    {RESPONSE_EVENT_JOIN, "join"},
    {RESPONSE_EVENT_NOTE, "note"},
    {RESPONSE_EVENT_STAGE, "stage"},
    {RESPONSE_EVENT_IMPORT, "import"},
    {RESPONSE_EVENT_FINDING, "finding"},
    {RESPONSE_EVENT_SETTLE, "settle"},
    {RESPONSE_EVENT_ASSESS, "assess"},
    {RESPONSE_EVENT_SEVERITY, "severity"},
    {RESPONSE_EVENT_RISK, "risk"},
    {RESPONSE_EVENT_RESPONSIBILITY, "responsibility"},
    {RESPONSE_EVENT_OWNER, "owner"},
    {RESPONSE_EVENT_CLASSIFY, "classify"},
    {RESPONSE_EVENT_ANSWER, "answer"},
    {RESPONSE_EVENT_DECLARE, "declare"},
    {RESPONSE_EVENT_WITHDRAW, "withdraw"},
    {RESPONSE_EVENT_TENANT, "tenant"},
    {RESPONSE_EVENT_REFER, "refer"},
    {RESPONSE_EVENT_COLLABORATE, "collaborate"},
    {RESPONSE_EVENT_PLAN, "plan"},
    {RESPONSE_EVENT_ATTEST, "attest"},
    {RESPONSE_EVENT_REOPEN, "reopen"},
    {RESPONSE_EVENT_LINK, "link"},
    {RESPONSE_EVENT_TASK, "task"},
    {RESPONSE_EVENT_STEP, "step"},
    {RESPONSE_EVENT_EVIDENCE, "evidence"},
    {RESPONSE_EVENT_CUSTODY, "custody"},
    {RESPONSE_EVENT_COUNT, "count"},
    {RESPONSE_EVENT_PROPOSE, "propose"},
    {RESPONSE_EVENT_APPROVE, "approve"},
    {RESPONSE_EVENT_REJECT, "reject"},
    {0, NULL},
};
