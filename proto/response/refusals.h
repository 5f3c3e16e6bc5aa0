/* SPDX-License-Identifier: Apache-2.0
 * Everything the state machine may refuse, in one place, so that it can be read as a whole
 * (docs/refusals.md is made from it) and every one is known to be reached by a test. {0}, {1}, ...
 * are the words of the case. Each says what was wrong, and what to do. */
#ifndef VIGIL_PROTO_RESPONSE_REFUSALS_H
#define VIGIL_PROTO_RESPONSE_REFUSALS_H

#include "common/error.h"

/* symbol, code, process rule, sentence */
#define RESPONSE_REFUSALS(X)                                                                       \
    /* once */                                                                                     \
    X(NOT_UUID7, INVALID, "", "the request id is not a UUIDv7; leave it out and one is made")      \
    X(NO_COMPARTMENT, NOT_FOUND, "",                                                               \
      "there is no compartment {0} in which you have a role; check its id, or let an operator "    \
      "give you one: vigil user grant")                                                            \
    X(TOO_OLD, EXPIRED, "",                                                                        \
      "the request was issued at {0}, {2} behind log time {1}, and 7 days are the most; look "     \
      "whether it was done, then send it anew if not, from a machine whose clock is right")        \
    X(TOO_EARLY, EXPIRED, "",                                                                      \
      "the request was issued at {0}, {2} ahead of log time {1}, and 10 minutes are the most; "    \
      "the clock of the machine that made it is ahead: set it, and send it anew")                  \
    X(REUSED, INVALID, "",                                                                         \
      "this request id was used for another command, applied at index {0}; make a new id for "     \
      "each command")                                                                              \
    /* standing */                                                                                 \
    X(BELONGS_ELSEWHERE, INVALID, "", "{0} belongs {1}; give it there")                            \
    X(GONE, FORBIDDEN, "",                                                                         \
      "person {0} was removed from this cluster at {1}; two people can bring them back, with new " \
      "keys: vigil user rekey")                                                                    \
    X(NODE_GONE, FORBIDDEN, "",                                                                    \
      "node {0} was evicted from this cluster with entry {1}, and reports nothing any more; "      \
      "leave "                                                                                     \
      "it down")                                                                                   \
    X(FOR_NODES, FORBIDDEN, "",                                                                    \
      "{0} is what a node reports by itself, and no person's to give; a person records a signal "  \
      "with vigil incident detect")                                                                \
    X(FOR_PEOPLE, FORBIDDEN, "",                                                                   \
      "{0} is a person's to give, not a node's; sign it with a person's identity")                 \
    X(NEEDS_TWO, RULE, "R12",                                                                      \
      "{0} takes two people, {1}; propose it, and let the other approve: vigil proposal approve")  \
    X(NO_ROLE, FORBIDDEN, "",                                                                      \
      "{0} needs one of the roles {1} in {2}, and {3} has none of them; {4}")                      \
    X(GLASS_IS_FOR_EMERGENCIES, FORBIDDEN, "",                                                     \
      "without a role that works on steps, breaking the glass is for emergency containment "       \
      "alone; mark it as that (--emergency), or ask a responder")                                  \
    /* expectations */                                                                             \
    X(EXPECTS_NOTHING, INVALID, "",                                                                \
      "{0} changes no aspect of an incident, so it can expect none; leave out --expect")           \
    X(NO_ASPECT, INVALID, "",                                                                      \
      "the command expects something of aspect {0}, which does not exist; vigil incident show "    \
      "-o json has those that do")                                                                 \
    X(CONFLICT, CONFLICT, "",                                                                      \
      "{0} is \"{1}\" at revision {2}, set by {3} at {4}; this command, given {5}, proposes "      \
      "\"{6}\": read the incident, then repeat with --expect {0}={2}")                             \
    X(CONFLICT_BESIDE, CONFLICT, "",                                                               \
      "{0} is \"{1}\" at revision {2}, set by {3} at {4}, and this command expects revision {5} "  \
      "of it; read the incident, then repeat with --expect {0}={2}")                               \
    X(CONFLICT_UNSET, CONFLICT, "",                                                                \
      "{0} is not set, and this command expects revision {1} of it; read the incident, then "      \
      "repeat with --expect {0}=0")                                                                \
    /* what is named */                                                                            \
    X(NO_INCIDENT, NOT_FOUND, "",                                                                  \
      "this compartment has no incident {0}; see vigil incident list --all")                       \
    X(NO_TASK, NOT_FOUND, "", "this incident has no task {0}; see vigil task list")                \
    X(NO_STEP, NOT_FOUND, "", "this incident has no step {0}; see vigil contain list")             \
    X(NO_EVIDENCE, NOT_FOUND, "", "this incident has no evidence {0}; see vigil evidence list")    \
    X(NO_EVENT, NOT_FOUND, "",                                                                     \
      "the timeline of this incident has no entry {0} to correct; see vigil incident timeline")    \
    X(NO_PERSON, NOT_FOUND, "", "person {0} is not in this cluster; see vigil user list")          \
    X(NO_PROPOSAL, NOT_FOUND, "", "this compartment has no proposal {0}; see vigil proposal list") \
    X(NO_SIGNAL, NOT_FOUND, "",                                                                    \
      "no incident of this compartment has the signal \"{0}\"; detect it first, then count what "  \
      "repeats it")                                                                                \
    X(NO_TENANT, NOT_FOUND, "",                                                                    \
      "no tenant has the name \"{0}\"; let an operator or key officer add it: vigil tenant add")   \
    X(ID_TAKEN, EXISTS, "", "another request made something of this id; make a new request id")    \
    X(FULL, INVALID, "",                                                                           \
      "an incident has at most {0} {1}, and this one has them; open another incident and link it") \
    /* directory and control */                                                                    \
    X(NOT_LABELLED, NOT_FOUND, "", "the cluster has no compartment {0}; label it first")           \
    X(LABEL_TAKEN, EXISTS, "", "compartment {0} has this name already; choose another name")       \
    X(NAMED_AS_ID, INVALID, "",                                                                    \
      "\"{0}\" is read as an id wherever it is named; choose another name")                        \
    X(NOTHING_TO_NAME, NOT_FOUND, "",                                                              \
      "the cluster has no compartment {0} to name; create it first: vigil compartment create")     \
    X(COMPARTMENTS_FULL, INVALID, "",                                                              \
      "a cluster has at most {0} compartments, those that are shredded included, and this one "    \
      "has them; only a new cluster has room")                                                     \
    X(NAME_TAKEN, EXISTS, "", "person {0} has this name already; choose another name")             \
    X(TENANT_NAMED, EXISTS, "", "tenant {0} has this name already; choose another name")           \
    X(TENANT_IN_DIRECTORY, INVALID, "",                                                            \
      "a tenant's data is in a compartment of incidents, and the directory is none; name another " \
      "one with --compartment")                                                                    \
    X(TENANT_IN_SHREDDED, FORBIDDEN, "",                                                           \
      "compartment {0} was shredded with entry {1}, and nobody hears anything there any more; "    \
      "name another one with --compartment")                                                       \
    X(GIVES_AND_TAKES, INVALID, "", "the same role is given and taken: {0}; say one of them")      \
    X(ID_OF_NODES, INVALID, "",                                                                    \
      "ids that begin with eight zero bytes are nodes'; make an identity with vigil identity new") \
    X(PERSON_KNOWN, EXISTS, "",                                                                    \
      "person {0} is or was in this cluster, under this id; give them these keys with vigil user " \
      "rekey, or make a new identity for somebody else")                                           \
    X(KEY_KNOWN, EXISTS, "",                                                                       \
      "this {0} is that of {1}; a key is one person's, make a new identity: vigil identity new")   \
    X(UNBOUND, INTEGRITY, "",                                                                      \
      "the channel key of {0} is not signed by their key; hand over what vigil identity "          \
      "show -o json prints, as it is")                                                             \
    X(LAST_OPERATOR, FORBIDDEN, "", "person {0} is the last operator; enroll another one first")   \
    X(OWN_KEY, FORBIDDEN, "",                                                                      \
      "these keys are for {0}, who does not sign for them; let two others who are operator or "    \
      "key officer propose and approve it")                                                        \
    X(PEOPLE_FULL, INVALID, "",                                                                    \
      "a cluster enrolls at most {0} people, those removed included, and this one has them; "      \
      "only a new cluster has room")                                                               \
    X(QUORUM_LOST, FORBIDDEN, "",                                                                  \
      "without node {0} only {1} would be left where {2} must agree, so nothing could be decided " \
      "any more; stop it and keep it down instead")                                                \
    /* epochs */                                                                                   \
    X(EPOCH_UNREADABLE, INVALID, "", "no record of an epoch: {0}; let vigil compartment make it")  \
    X(IN_CLEAR, NOT_FOUND, "",                                                                     \
      "compartment {0} is in clear, so it has no epoch to follow; see vigil compartment list")     \
    X(EPOCH_BEHIND, CONFLICT, "",                                                                  \
      "compartment {0}: {1}; look at it, then try again: vigil compartment show")                  \
    X(OTHER_HOLDERS, INVALID, "",                                                                  \
      "compartment {0}: the new epoch is not for {1}; let vigil compartment {2} make it")          \
    X(NOT_ITS_REQUEST, INVALID, "",                                                                \
      "a compartment takes the id of the request that creates it, and this epoch is of {0}; let "  \
      "vigil compartment create make it")                                                          \
    X(DIRECTORY_IS_FOR_ALL, FORBIDDEN, "",                                                         \
      "every node is cleared for the directory; a node that should not be is evicted: vigil "      \
      "cluster members remove")                                                                    \
    X(NO_HOLDER, FORBIDDEN, "",                                                                    \
      "compartment {0} would be left without a node that can read it; clear another one first: "   \
      "vigil compartment grant")                                                                   \
    X(HOLDER_EVICTED, FORBIDDEN, "",                                                               \
      "node {0} was evicted from this cluster with entry {1}, so no key is wrapped for it; name "  \
      "another node")                                                                              \
    X(STILL_TO_ATTEST, CONFLICT, "",                                                               \
      "node {0} was revoked from compartment {1} with epoch {2} and has not attested yet that "    \
      "its key is destroyed; clear it again once it has: vigil compartment show")                  \
    X(OFFERS_DO_NOT_FIT, INVALID, "",                                                              \
      "the epoch has {0} new holders and {1} signatures of unwrap keys; let vigil compartment "    \
      "{2} make it")                                                                               \
    X(OFFER_UNSIGNED, INTEGRITY, "",                                                               \
      "the unwrap key of node {0} for compartment {1} is not signed by that node with the key it " \
      "has now; let the node offer it again: vigil compartment {2}")                               \
    X(NO_REGION, NOT_FOUND, "",                                                                    \
      "no node is in region {0}, so it bounds nothing; see vigil cluster status")                  \
    X(OUTSIDE_BOUNDARY, FORBIDDEN, "",                                                             \
      "node {0} is in region {1}, and the boundary of compartment {2} is {3}: its key is never "   \
      "wrapped outside; name another node")                                                        \
    X(CREATED_BELOW, FORBIDDEN, "",                                                                \
      "the compartment would begin with {0}, and {1} are the least; name more nodes (--nodes), "   \
      "or a smaller --min-cleared")                                                                \
    X(LEFT_BELOW, FORBIDDEN, "",                                                                   \
      "compartment {0} would be left with {1}, and {2} are the least; clear another node first, "  \
      "or say why it must be: --override REASON")                                                  \
    X(NO_OVERRIDE, NOT_FOUND, "",                                                                  \
      "you gave no reason under {0} for compartment {1} to have fewer nodes than it should, or "   \
      "gave it before the epoch that is in force; let vigil compartment revoke --override give "   \
      "it")                                                                                        \
    X(HOLDS_STILL, FORBIDDEN, "",                                                                  \
      "node {0} is cleared for compartment {1} by epoch {2}, in force; it attests once it is "     \
      "revoked")                                                                                   \
    X(OWES_NOTHING, NOT_FOUND, "",                                                                 \
      "node {0} was not revoked from compartment {1} with epoch {2}; see vigil compartment show")  \
    X(SHREDDED, FORBIDDEN, "",                                                                     \
      "compartment {0} was shredded with entry {1}: its key is no more made, given or taken; see " \
      "vigil compartment show")                                                                    \
    X(SHREDDED_ALREADY, EXISTS, "",                                                                \
      "compartment {0} was shredded with entry {1}; vigil compartment show names who has still "   \
      "to destroy a key")                                                                          \
    X(SHREDS_DIRECTORY, FORBIDDEN, "",                                                             \
      "the directory is never shredded: without it no node knows who may do anything; shred the "  \
      "compartments that must go")                                                                 \
    X(SHRED_BEHIND, CONFLICT, "",                                                                  \
      "compartment {0} is at epoch {1}, and epoch {2} was to be shredded: its key was changed "    \
      "meanwhile; look at it, and propose it anew: vigil compartment shred")                       \
    X(RECOVERS_DIRECTORY, FORBIDDEN, "",                                                           \
      "the directory is not recovered: without its key no node knows who may sign that; put a "    \
      "keyring back on one node, or read the log with the recovery key and begin a new cluster")   \
    X(NOT_SHREDDED, FORBIDDEN, "",                                                                 \
      "compartment {0} is not shredded, and its recovery key is what is left when its nodes are "  \
      "lost; keep it, or shred the compartment first: vigil compartment shred")                    \
    X(OTHER_RECOVERY, INVALID, "",                                                                 \
      "that is not the recovery key of compartment {0}; vigil compartment show has it, under -")   \
    X(RECOVERY_GONE_ALREADY, EXISTS, "",                                                           \
      "entry {1} says already that the recovery key of compartment {0} is destroyed; see vigil "   \
      "compartment show")                                                                          \
    X(RECOVERY_SHARED, FORBIDDEN, "",                                                              \
      "the recovery key of compartment {0} is that of compartment {1} too, which is not "          \
      "shredded: it still opens both, and nobody can say that it is destroyed")                    \
    X(RECOVERY_DESTROYED, FORBIDDEN, "",                                                           \
      "the recovery key that compartment {0} would begin with is destroyed, as entry {1} says; "   \
      "give it another one: vigil compartment create --recovery")                                  \
    X(NOT_CLEARED, FORBIDDEN, "",                                                                  \
      "node {0} is not cleared for compartment {1}, so that it has no state of it; see vigil "     \
      "compartment show")                                                                          \
    X(NO_MARK, NOT_FOUND, "",                                                                      \
      "entry {0} is none of the latest marks of compartment {1}; a checkpoint is of one of them")  \
    /* drills */                                                                                   \
    X(DRILL_TARGET, INVALID, "",                                                                   \
      "a drill of kind {0} is of {1}, and of nothing else; say that alone: vigil cluster drill "   \
      "{0} --help")                                                                                \
    X(NO_NODE, NOT_FOUND, "", "the cluster has no node {0}; see vigil cluster status")             \
    X(NO_DRILL, NOT_FOUND, "",                                                                     \
      "no drill {0} was approved; propose it and let another approve: vigil cluster drill")        \
    X(NOT_YOUR_DRILL, FORBIDDEN, "",                                                               \
      "this drill is run by the operator who signed it, {0}; ask them, or propose your own")       \
    X(DRILL_USED, EXISTS, "",                                                                      \
      "this drill was started at {0}, and an approval is for one run; propose it anew")            \
    X(DRILL_LAPSED, EXPIRED, "",                                                                   \
      "this drill was approved at {0}, and an approval is good for an hour; propose it anew")      \
    X(DRILL_UNDER_WAY, RULE, "R32",                                                                \
      "drill {0} is under way until {1} at the latest, and one runs at a time; wait for its end")  \
    X(DRILL_NOT_RUNNING, RULE, "R32",                                                              \
      "this drill is over, or not yet running; see vigil cluster drill show")                      \
    /* detection */                                                                                \
    X(EXERCISE, RULE, "R2",                                                                        \
      "an exercise names its engagement and its rules of engagement and lives in an exercise "     \
      "compartment; exercises come with R2, which this release does not have: keep its records "   \
      "elsewhere until then")                                                                      \
    X(STRAY_SUBSOURCE, RULE, "R1",                                                                 \
      "only the source automated has sub-kinds (antimalware, ids, anomaly, other); give the "      \
      "source alone")                                                                              \
    X(OTHER_DOCUMENT, EXISTS, "",                                                                  \
      "incident {0} was imported under this key from another document; nothing is overwritten, "   \
      "import it under another namespace or note the change there")                                \
    X(HISTORICAL, RULE, "R1",                                                                      \
      "this incident is historical, a record of what happened elsewhere: it takes notes, links "   \
      "and evidence alone; if it goes on here, record a new incident and link it")                 \
    /* stages */                                                                                   \
    X(CLOSED, RULE, "R27",                                                                         \
      "this incident is closed; to go on with it, reopen it: vigil incident reopen")               \
    X(NOT_CLOSED, RULE, "R27",                                                                     \
      "this incident is open, in {0}; only a closed one is reopened, so go on with it as it is")   \
    X(NO_STAGE_AFTER_CLOSE, RULE, "R13",                                                           \
      "a closed incident has no next stage; the only way back is reopening it: vigil incident "    \
      "reopen")                                                                                    \
    X(NO_EDGE, RULE, "R13",                                                                        \
      "from {0} the next stage is {1}, not {2}; see vigil rules explain for what it needs")        \
    X(CIA_OPEN, RULE, "R1",                                                                        \
      "which of confidentiality, integrity and availability are in question is settled before "    \
      "leaving assess; say which with --cia")                                                      \
    X(NOT_ASSESSED, RULE, "R4",                                                                    \
      "nothing leaves assess without an assessment; make it: vigil incident assess")               \
    X(RESPONSIBILITY_OPEN, RULE, "R8",                                                             \
      "whose responsibility it is, is decided before leaving assess; decide it: vigil incident "   \
      "responsibility ID provider, customer or shared")                                            \
    X(CUSTOMERS_ALONE, RULE, "R8",                                                                 \
      "a compromise in the customer's own area alone is not run as a provider incident; refer "    \
      "it to the tenant with vigil incident refer, then close it")                                 \
    X(DECLARED_STAYS_OPEN, RULE, "R25",                                                            \
      "a declared incident stays open until its notices are delivered or lawfully held and its "   \
      "post-mortem is complete, which this release does not have; a declaration made in error "    \
      "is withdrawn by two people: vigil incident withdraw")                                       \
    X(NOT_ANSWERED, RULE, "R10",                                                                   \
      "a false positive closes once it has a root cause and a systematic answer with an owner: "   \
      "vigil incident answer")                                                                     \
    X(RISK_OPEN, RULE, "R6",                                                                       \
      "customer data is at risk ({0}), so this is not dismissed; contain it, or say with reasons " \
      "that the risk is gone: vigil incident risk ID none or possible")                            \
    X(NOT_REFERRED, RULE, "R8",                                                                    \
      "what is the customer's alone closes once it is referred to the tenant with what the "       \
      "tenant needs: vigil incident refer")                                                        \
    X(CUSTOMER_RISK_OPEN, RULE, "R25",                                                             \
      "a manager attests first that customer risk is contained: vigil incident attest ID "         \
      "customer-risk yes")                                                                         \
    X(BUSINESS_RISK_OPEN, RULE, "R25",                                                             \
      "a manager attests first that business risk is contained: vigil incident attest ID "         \
      "business-risk yes")                                                                         \
    X(MEASURES_OPEN, RULE, "R25",                                                                  \
      "a manager attests first that corrective measures are implemented: vigil incident attest "   \
      "ID corrective-measures yes")                                                                \
    X(NO_PLAN, RULE, "R16",                                                                        \
      "stabilize is not complete without a recovery plan: vigil plan ID --text TEXT")              \
    X(STEPS_OPEN, RULE, "R16",                                                                     \
      "steps are still open: verify, revert or drop them; only mitigation with an owner and a "    \
      "due time stays open past close, once customer and business risk are attested as contained") \
    /* assessing */                                                                                \
    X(STILL_IN_DETECT, RULE, "R13",                                                                \
      "it is still in detect; take it into assess first: vigil incident stage ID assess")          \
    X(ASSESSED_WITHOUT_EVIDENCE, RULE, "R4",                                                       \
      "an assessment rests on at least one piece of evidence: add it with vigil evidence add, "    \
      "cite it with --evidence")                                                                   \
    X(PRODUCT_OPEN, RULE, "R1",                                                                    \
      "an incident records its product line, and this one has none yet; name it with --product")   \
    X(NOT_ON_CALL, RULE, "R4",                                                                     \
      "who assesses is on call for this compartment, or says with --break-glass why it cannot "    \
      "wait; vigil oncall now shows who is on call")                                               \
    X(NO_DOWNGRADE, RULE, "R6",                                                                    \
      "severity is not lowered while risk to customer data is imminent or confirmed; if that "     \
      "has passed, say so first: vigil incident risk")                                             \
    X(DECLARED_FLOOR, RULE, "R12",                                                                 \
      "a declared incident is at least sev1; a declaration made in error is withdrawn by two "     \
      "people: vigil incident withdraw")                                                           \
    X(RISK_WITHOUT_OWNER, RULE, "R6",                                                              \
      "with this risk the incident is never without an owner; make a responder or incident "       \
      "manager its owner first: vigil incident own")                                               \
    X(DECLARED_NOT_CUSTOMERS, RULE, "R8",                                                          \
      "a declared incident cannot be the customer's alone; a declaration made in error is "        \
      "withdrawn by two people: vigil incident withdraw")                                          \
    X(CUSTOMERS_NOT_DECLARED, RULE, "R8",                                                          \
      "what is the customer's alone is not declared, and no clock of 72 hours runs for it; if it " \
      "is not theirs alone, say whose it is first: vigil incident responsibility")                 \
    X(NOT_AN_OWNER, RULE, "R6",                                                                    \
      "an owner is a responder or incident manager of this compartment, and {0} is neither; "      \
      "name another one with --owner")                                                             \
    /* classifying */                                                                              \
    X(BY_DECLARATION, RULE, "R11",                                                                 \
      "security-incident and privacy-incident are set by declaration alone: vigil incident "       \
      "declare")                                                                                   \
    X(CLASS_IS_DECLARED, RULE, "R12",                                                              \
      "this incident is declared; its class changes when two people withdraw the declaration: "    \
      "vigil incident withdraw")                                                                   \
    X(GROUND, RULE, "R9",                                                                          \
      "a security-event has a ground, and no other class has one; say or leave out --ground "      \
      "attempt, circumvention or data-indication")                                                 \
    X(POLICY, RULE, "R9",                                                                          \
      "a privacy-event names the policy or control that was broken, and no other class does; "     \
      "say or leave out --policy")                                                                 \
    X(CLASS_WITHOUT_EVIDENCE, RULE, "R9",                                                          \
      "a change of class cites evidence: add it with vigil evidence add, cite it with --evidence") \
    X(NOT_FALSE_POSITIVE, RULE, "R10",                                                             \
      "a root cause with a systematic answer belongs to a false positive; classify it as that "    \
      "first: vigil incident classify ID false-positive")                                          \
    X(ANSWER_INCOMPLETE, RULE, "R10",                                                              \
      "a filter names the deduplication key it takes out (--match), and a change to the "          \
      "detector says what changes (--change); say which")                                          \
    X(FILTERED_ALREADY, EXISTS, "",                                                                \
      "incident {0} has the filter of this key already, and a key has one filter; answer with "    \
      "another key, or with a change to the detector")                                             \
    X(DECLARED_ALREADY, EXISTS, "",                                                                \
      "it was declared at {0}; a tenant found later is added with vigil incident affect")          \
    X(DECLARED_CLASS, RULE, "R11",                                                                 \
      "a declaration is of a security-incident or a privacy-incident; say which: vigil incident "  \
      "declare ID security-incident")                                                              \
    X(DECLARED_WITHOUT_HARM, RULE, "R11",                                                          \
      "a declaration needs harm: --harm with some of destruction, loss, alteration, disclosure, "  \
      "access")                                                                                    \
    X(DECLARED_WITHOUT_GROUND, RULE, "R11",                                                        \
      "a declaration needs unauthorized access that has or has likely occurred, or a legal or "    \
      "contractual duty to notify, or both; say --access occurred or likely, or --duty")           \
    X(NOT_DECLARED, RULE, "R12",                                                                   \
      "no declaration stands for this incident, so there is nothing to withdraw and no tenant "    \
      "to add; vigil incident declare makes one")                                                  \
    X(TENANT_KNOWN, EXISTS, "",                                                                    \
      "tenant \"{0}\" is among the affected ones already; nothing is left to do")                  \
    X(NOT_CUSTOMERS, RULE, "R8",                                                                   \
      "only what is the customer's own area alone is referred to the tenant; decide that first: "  \
      "vigil incident responsibility ID customer")                                                 \
    X(NO_CONTRACT, RULE, "R8",                                                                     \
      "support collaboration is recorded with its contract reference: --contract")                 \
    /* working */                                                                                  \
    X(PLANNED_TOO_EARLY, RULE, "R14",                                                              \
      "a recovery plan is worked on in diagnose and stabilize; take the incident there first: "    \
      "vigil incident stage ID diagnose")                                                          \
    X(ATTESTED_TOO_EARLY, RULE, "R25",                                                             \
      "what is contained is attested after the incident has left detect; take it into assess "     \
      "first: vigil incident stage ID assess")                                                     \
    X(LINKED_TO_ITSELF, RULE, "R27", "an incident is not linked to itself; name another one")      \
    X(LINKED_ALREADY, EXISTS, "",                                                                  \
      "these two incidents are linked in this way already; nothing is left to do")                 \
    X(TASK_EDGE, RULE, "R14", "a task that is {0} becomes {1}, not {2}; see vigil task list")      \
    X(CONTAINED_TOO_EARLY, RULE, "R15",                                                            \
      "containment begins in assess; take the incident there first: vigil incident stage ID "      \
      "assess")                                                                                    \
    X(EMERGENCY_KIND, RULE, "R15",                                                                 \
      "only containment is taken as an emergency; plan other steps in diagnose or stabilize")      \
    X(ONLY_EMERGENCY, RULE, "R15",                                                                 \
      "in assess only emergency containment is taken (--emergency); other steps come with "        \
      "diagnose and stabilize")                                                                    \
    X(STEP_EDGE, RULE, "R16", "a step that is {0} becomes {1}, not {2}; see vigil contain list")   \
    X(STEP_ENDED, RULE, "R16",                                                                     \
      "this step was {0}, and that is the end of it; plan another one: vigil contain add")         \
    X(OWN_VERIFICATION, RULE, "R16",                                                               \
      "who did a step does not verify it; ask somebody else to look")                              \
    X(IRREVERSIBLE, RULE, "R16",                                                                   \
      "this step was recorded as irreversible, so it cannot be reverted; plan one that makes up "  \
      "for it: vigil contain add")                                                                 \
    /* evidence */                                                                                 \
    X(OTHER_CONTENT, INTEGRITY, "",                                                                \
      "the content has another size or SHA-256 than the command names; hash the file again and "   \
      "send both together")                                                                        \
    X(DISPOSED, RULE, "R17",                                                                       \
      "this evidence was disposed of, and its chain of custody is complete; what is left to say "  \
      "is a note: vigil incident note")                                                            \
    X(NOT_HOLDER, RULE, "R17",                                                                     \
      "only who holds the evidence may {0} it, and that is {1}; ask them to, or to offer it to "   \
      "you; where they have left, an incident manager offers it")                                  \
    X(NOT_OFFERED, RULE, "R17",                                                                    \
      "the evidence is not offered to you; {0} holds it and can offer it: vigil evidence offer")   \
    X(VERIFIED_WHAT, RULE, "R17",                                                                  \
      "a verification names the SHA-256 that was found, and no other action does; vigil evidence " \
      "verify computes it from the file")                                                          \
    X(OFFER_TO_WHOM, RULE, "R17",                                                                  \
      "an offer names who is to receive the evidence, and no other action does; give --to with "   \
      "vigil evidence offer alone")                                                                \
    /* facts between compartments */                                                               \
    X(FACT_OF_HOME, INVALID, "",                                                                   \
      "the cases of this compartment's own incidents are made with them; there is nothing to "     \
      "tell "                                                                                      \
      "it")                                                                                        \
    X(TENANT_UNKNOWN, NOT_FOUND, "", "the directory has no tenant {0}; see vigil tenant list")     \
    X(TENANT_ELSEWHERE, INVALID, "",                                                               \
      "the data of tenant {0} is in another compartment, and its cases with it; tell it there: "   \
      "vigil tenant list")                                                                         \
    X(NO_CARRIER, FORBIDDEN, "",                                                                   \
      "node {0} is not cleared for compartment {1}, so it has not seen both sides of what it "     \
      "tells; let a node that is cleared for both, or clear it: vigil compartment grant")          \
    X(FACT_INCOMPLETE, INVALID, "",                                                                \
      "a fact that something is declared has class and harm, and one that it is withdrawn has "    \
      "neither; tell it as the source has it")                                                     \
    X(FACT_AHEAD, INVALID, "",                                                                     \
      "a fact is of an entry before the one that tells it, and this is of entry {0} and {1}; "     \
      "tell "                                                                                      \
      "it as the log has it")                                                                      \
    X(NOT_OWED, NOT_FOUND, "",                                                                     \
      "incident {0} owes tenant {1} nothing with entry {2}; see vigil incident show")              \
    X(FACT_DIFFERS, INTEGRITY, "",                                                                 \
      "another fact of entry {0} is known here than the one told; compare both with that entry: "  \
      "vigil log get {0}")                                                                         \
    /* two people */                                                                               \
    X(NEEDS_NO_SECOND, INVALID, "", "{0} needs no second person; give it as it is")                \
    X(EXPIRY, INVALID, "",                                                                         \
      "a proposal expires between 5 minutes and 7 days from log time {0}, and {1} is outside "     \
      "that; choose another time with --expires")                                                  \
    X(SIGNS_AS_NOTHING, FORBIDDEN, "",                                                             \
      "what is missing is the signature of {0}, and {1} does not sign as that here; ask "          \
      "somebody who has the role, or leave out --as")                                              \
    X(REJECTS_AS_NOTHING, FORBIDDEN, "",                                                           \
      "a proposal of {0} is signed by {1}, so none but they reject it, and {2} is none here; ask " \
      "one of them, or let it expire")                                                             \
    X(PROPOSAL_ENDED, EXISTS, "", "this proposal was {0} at {1}; nothing is left to sign")         \
    X(PROPOSAL_EXPIRED, EXPIRED, "", "this proposal expired at {0}; propose it anew")              \
    X(OTHER_TEXT, INTEGRITY, "",                                                                   \
      "what is signed here is not what was proposed; read it again: vigil proposal show")          \
    X(SIGNED_ALREADY, RULE, "R12",                                                                 \
      "it takes two different people, and you have signed already; let the other approve it: "     \
      "vigil proposal approve")                                                                    \
    X(SIGNER_WITHOUT_ROLE, FORBIDDEN, "",                                                          \
      "{0} signed as {1} and has that role no longer; propose it anew")                            \
    X(SIGNED_WITH_OLD_KEY, FORBIDDEN, "",                                                          \
      "{0} signed with a key that was replaced at {1}; propose it anew")                           \
    X(REASON_IN_CLEAR, INVALID, "",                                                                \
      "control entries are in clear on every node, so no reason is written into them; leave out "  \
      "--reason")

enum response_refusal {
    RESPONSE_REFUSED_NOT = 0,
#define X(symbol, code, rule, sentence) RESPONSE_REFUSED_##symbol,
    RESPONSE_REFUSALS(X)
#undef X
        RESPONSE_REFUSALS_END
};

enum { RESPONSE_REFUSAL_WORDS_MAX = 8 };

/* The parts of a refusal as they are in the table. */
enum vg_code response_refusal_code(enum response_refusal refusal);
const char *response_refusal_rule(enum response_refusal refusal);
const char *response_refusal_sentence(enum response_refusal refusal);

/* Fills `error` with the refusal, its {n} replaced by words[n]; returns its code. The words end
 * with NULL. */
enum vg_code response_refusal_say(enum response_refusal refusal, const char *const *words,
                                  struct vg_error *error);

#endif
