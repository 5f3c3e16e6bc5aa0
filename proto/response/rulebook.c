/* SPDX-License-Identifier: Apache-2.0
 * The rules of the response process in short, and what this release lacks of each. A test holds
 * every "lacking" to the program: what is built must be taken out here. */
#include "proto/response/explain.h"

const struct response_rule_text response_rulebook[] = {
    {"R1", "sources",
     "Every incident records a detection source, what is in question (settled before leaving "
     "assess), and the product line. Records from elsewhere are historical and start no clock.",
     NULL},
    {"R2", "exercises",
     "An exercise names its engagement and rules of engagement, is marked for life, is counted "
     "apart, and reaches no real recipient.",
     "exercises: the source is refused"},
    {"R3", "one signal, one incident",
     "A detection with a known deduplication key joins the open incident; a late one opens a new "
     "incident linked to the old. Repeats of an integration are committed as counts.",
     NULL},
    {"R4", "assessment",
     "The assessor is on call or breaks the glass. An assessment cites evidence and gives "
     "functional impact, information impact, recoverability.",
     "schedules: who is on call is a roster in the directory"},
    {"R5", "severity and priority",
     "They follow from the assessment by a published table; a person may override with a reason. "
     "Every change keeps old, new, author, reason.",
     NULL},
    {"R6", "risk to customer data",
     "None, possible, imminent or confirmed. With the last two: at least sev1, no downgrade, never "
     "without an owner, and neither dismissed nor closed on an attestation of before.",
     "acceptance of ownership in a set time, its escalation, and the end of a shift"},
    {"R7", "how assessment ends",
     "In escalation to diagnose, in closure, or in referral. Every transition carries the version "
     "of the SOP in force.",
     NULL},
    {"R8", "shared responsibility",
     "Provider, customer or shared, decided before leaving assess. What is the customer's alone is "
     "referred and closed customer-managed. Support collaboration names its contract.",
     NULL},
    {"R9", "classes",
     "False positive, security event (with its ground), security incident, privacy event (naming "
     "what was broken), privacy incident. A change cites evidence and keeps its participants.",
     NULL},
    {"R10", "false positives",
     "One closes with a root cause and a systematic answer that has an owner: a filter, whose "
     "signals are counted, or a change to the detector.",
     NULL},
    {"R11", "declaration",
     "A reportable incident is set by declaration alone: harm, and unauthorized access that has or "
     "has likely occurred, or a duty to notify. What else is wanted becomes follow-up work.",
     NULL},
    {"R12", "withdrawal and clocks",
     "Two people, legal and executive, withdraw a declaration made in error. Declaring raises "
     "severity to at least sev1 and starts a clock for every affected tenant.",
     "the clocks: a declaration keeps their origin"},
    {"R13", "stages",
     "Detect, assess, diagnose, stabilize, close. Diagnose and stabilize alternate without limit; "
     "the only other way back is reopening. Every transition keeps who, when, why.",
     NULL},
    {"R14", "together",
     "Diagnose and stabilize are worked at the same time from several regions. Different things "
     "never conflict; the same thing is never silently overwritten.",
     NULL},
    {"R15", "emergency containment",
     "Allowed from assess on, before any plan. A broken glass makes a review task.", NULL},
    {"R16", "steps and plan",
     "A step has kind, target, owner, state, whether it is reversible, and who verified it, not "
     "who did it. Stabilize needs a recovery plan. Longer mitigation may outlive the incident with "
     "owner and due date.",
     NULL},
    {"R17", "evidence", "Content hash, size, source, collector. The chain of custody only grows.",
     NULL},
    {"R18", "notification track",
     "On reasonable suspicion the incident manager starts the notification track at any open "
     "stage.",
     "notification"},
    {"R19", "whom to notify", "Affected tenants, regulators, and elected others.", "notification"},
    {"R20", "72 hours",
     "A notice is delivered within 72 hours of the declaration; the deadline is committed and "
     "shown.",
     "notification"},
    {"R21", "delay", "A hold has one of two grounds, two signatures, and a review time.",
     "notification"},
    {"R22", "partial notices", "What is missing is listed and followed up; nothing sent is edited.",
     "notification"},
    {"R23", "what a notice says", "Its fields; missing ones are shown as missing.", "notification"},
    {"R24", "delivery", "Every attempt is recorded before and after; none is repeated unknowingly.",
     "notification"},
    {"R25", "closing",
     "From diagnose or stabilize, or declared: three signed attestations, required notices "
     "delivered or held, and, declared, a completed post-mortem.",
     "notices and the post-mortem: a declared incident stays open"},
    {"R26", "post-mortem", "Confidential, under a key no tenant can hold.", "post-mortems"},
    {"R27", "nothing is deleted",
     "A closed incident may be reopened with a reason. A duplicate is a link; a correction "
     "supersedes and the original stays.",
     NULL},
    {"R28", "auditors", "Read what they are granted, logged, and verify offline.",
     "auditors' grants and receipts"},
    {"R29", "coverage", "Every instant is covered by a schedule.", "schedules"},
    {"R30", "handover", "Offered, read, accepted or refused; the owner is never empty.",
     "handovers"},
    {"R31", "paging", "An unacknowledged page goes to the next person.", "paging"},
    {"R32", "drills", "Scheduled, recorded, scored.",
     "exercises, schedules of drills, and what they say of people's training"},
    {"R33", "cut off", "An isolated region takes observations and merges them once.",
     "the journal of an isolated region"},
    {NULL, NULL, NULL, NULL},
};
