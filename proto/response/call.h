/* SPDX-License-Identifier: Apache-2.0
 * One command on its way through the machine: admit -> decode -> stand -> judge -> conflict ->
 * guards -> effect. Judges read, refuse, and say what is to change and what the incident will be;
 * effects write what is beside the incident, and cannot fail.
 * Internal to proto/response. */
#ifndef VIGIL_PROTO_RESPONSE_CALL_H
#define VIGIL_PROTO_RESPONSE_CALL_H

#include "proto/response/directory.h"
#include "proto/response/drill.h"
#include "proto/response/fields.h"
#include "proto/response/incident.h"
#include "proto/response/pairs.h"
#include "proto/response/records.h"

/* At most: three follow-ups of a declaration, or one review. */
enum { RESPONSE_RULE_TASKS_PER_COMMAND = 4 };

/* An aspect that the command is about to set. */
struct response_change {
    uint8_t kind; /* of its event; 0: it has none of its own */
    uint16_t aspect;
    vg_id part;
    bool by_rule; /* nothing need be expected of it */
    bool append;
    char from[RESPONSE_VALUE_TEXT];
    char to[RESPONSE_VALUE_TEXT];
    vg_span text;
    uint64_t happened_at;
    uint64_t corrects;
};

/* What an entry writes. */
struct response_writing {
    struct response_pairs pairs;
    uint32_t events; /* so far, in the compartment's stream */
};

struct response_rule;

struct response_call {
    const struct response_machine *machine;
    const struct ledger_command *request;
    uint64_t index; /* of the entry; 0: it is only checked */
    vg_hash entry;  /* its hash */
    uint64_t term;
    uint64_t time_ms; /* log time */
    vg_node_id origin;
    const struct response_rule *rule; /* of the operation */
    struct response_command command;
    struct response_incident incident;       /* the one the command is about, as it is */
    struct response_incident next;           /* and as it will be; judges fill both */
    const struct response_proposal *carries; /* that this command carries out; NULL: none */
    union {                                  /* the part of it */
        struct response_task task;
        struct response_step step;
        struct response_evidence evidence;
        struct response_proposal proposal;
        struct response_drill drill; /* of no incident */
    } part;
    bool glass; /* the glass is broken: a review task is made (R15) */
    const char *rule_tasks[RESPONSE_RULE_TASKS_PER_COMMAND]; /* titles of tasks that rules add */
    uint32_t rule_task_count;
    struct response_change changes[RESPONSE_CHANGES_MAX];
    uint32_t change_count;
    struct vg_buffer text;     /* of a change, where it is put together */
    struct vg_buffer proposed; /* what is approved, kept while the store is walked */
    struct response_outcome *outcome;
    struct response_writing *writing; /* for effects */
};

/* Which compartments an operation belongs in. */
enum response_where { RESPONSE_IN_CONTROL, RESPONSE_IN_DIRECTORY, RESPONSE_AMONG_INCIDENTS };

/* Who works on incidents (docs/process.md, "Operations"). */
enum {
    RESPONSE_RUNNERS = RESPONSE_ROLE_RESPONDER | RESPONSE_ROLE_INCIDENT_MANAGER,
    RESPONSE_STAFF = RESPONSE_RUNNERS | RESPONSE_ROLE_EXECUTIVE | RESPONSE_ROLE_LEGAL |
                     RESPONSE_ROLE_PRIVACY_OFFICER | RESPONSE_ROLE_COMMUNICATIONS |
                     RESPONSE_ROLE_SERVICE_TEAM | RESPONSE_ROLE_SUPPORT,
};

/* What an operation is, beside its fields. `effect` may be NULL: the changes are all there is. */
struct response_rule {
    enum response_op op;
    enum response_where where;
    uint32_t roles;           /* one of them is enough */
    uint32_t glass_roles;     /* these with a reason to break the glass */
    uint32_t directory_roles; /* those that may in the directory too; 0: it does not belong there */
    uint32_t control_roles;   /* the same of control entries */
    unsigned flags;
    enum vg_code (*judge)(struct response_call *call);
    void (*effect)(struct response_call *call);
};

enum {
    RESPONSE_BY_NODE = 1,
    RESPONSE_BY_TWO = 2,      /* only as a proposal that one of each role signs */
    RESPONSE_BY_ANY_TWO = 32, /* or, with RESPONSE_BY_TWO, any two who have one of the roles */
    RESPONSE_ON_RECORD = 4,   /* also of historical incidents */
    RESPONSE_WHEN_CLOSED = 8, /* also of closed ones */
    RESPONSE_EXPECTLESS = 16, /* about no incident there is: it can expect nothing of one */
};

const struct response_rule *response_rule_of(enum response_op op);

/* Which sort of compartment one is; where the request is given. */
enum response_where response_where_is(const struct response_machine *machine,
                                      const vg_id *compartment);
enum response_where response_where_of(const struct response_call *call);

/* Roles that may give the operation where the request is given, if that is beside the place it is
 * for; else 0. */
uint32_t response_roles_beside(const struct response_call *call, const struct response_rule *rule);

/* VG_INVALID unless the operation belongs where the request is given. */
enum vg_code response_require_place(struct response_call *call, enum response_op op);

/* Refuses; returns the code. Words end with NULL; without any, response_refuse. */
enum vg_code response_refuse(struct response_call *call, enum response_refusal refusal);
enum vg_code response_refuse_with(struct response_call *call, enum response_refusal refusal,
                                  const char *const *words);
#define RESPONSE_REFUSE(call, symbol, ...)                                                         \
    response_refuse_with(call, RESPONSE_REFUSED_##symbol, (const char *const[]){__VA_ARGS__, NULL})

#ifdef __clang_analyzer__
/* Analyzers look at one file at a time: tell them that a refusal is one. */
#define response_refuse(call, refusal) ((void)response_refuse(call, refusal), VG_RULE)
#define response_refuse_with(call, refusal, ...)                                                   \
    ((void)response_refuse_with(call, refusal, __VA_ARGS__), VG_RULE)
#endif

/* Judges a decoded command of somebody who may give it: what is named, conflicts, guards. */
enum vg_code response_judge(struct response_call *call);

/* Carries out what was judged. */
void response_carry_out(struct response_call *call);

/* A test build may leave out the n-th rule (guards.c), or the request table, to prove that it would
 * be missed. */
#ifndef RESPONSE_MUTANT
#define RESPONSE_MUTANT 0
#endif
#define RESPONSE_MUTANT_ONCE 1000

/* ---- once ----------------------------------------------------------------------------------- */

/* False when the answer is known without looking at the command: the request is repeated, expired,
 * or its id was used for something else. The outcome is filled then. */
bool response_admit(struct response_call *call);

/* VG_NOT_FOUND, as where there is no such compartment, if it is nothing to the author. */
enum vg_code response_require_concern(struct response_call *call);

/* Keeps the outcome as the answer to the call's request. */
void response_remember(struct response_call *call);

/* Whether a request was issued within what the table remembers. */
bool response_is_in_time(const struct response_call *call, const vg_id *request);

/* Whether the request table has (request, author), and keeping an outcome there, which forgets a
 * few requests too old to be repeated. */
bool response_is_remembered(const struct response_call *call, const vg_id *request,
                            const vg_id *author);
void response_remember_answer(struct response_call *call, const vg_id *request, const vg_id *author,
                              const vg_hash *request_hash, const struct response_outcome *outcome);

/* ---- checkpoints --------------------------------------------------------------------------- */

/* Once all of the entry is written: counts it, and keeps a mark where one is due. */
void response_mark_after(struct response_call *call);

/* ---- the directory ------------------------------------------------------------------------- */

/* The compartment of the call keeps the latest of a kind, whose keys end in an id: forgets the
 * first, and what `forget` takes with it (NULL: nothing), until one more makes `max`. */
void response_keep_latest(struct response_call *call, enum response_kind kind, uint32_t max,
                          void (*forget)(struct response_call *call, const vg_id *id));

/* ---- people -------------------------------------------------------------------------------- */

/* The directory's name of a person, or the id of one who has none. */
void response_person_words(const struct response_machine *machine, const vg_id *person,
                           char out[VG_NAME_MAX + 1]);

/* The same for the call's author, to whom somebody who never had a role in its compartment is an
 * id: a name is not to be had by naming ids. */
void response_colleague_words(const struct response_call *call, const vg_id *person,
                              char out[VG_NAME_MAX + 1]);

/* VG_NOT_FOUND unless the person is in the cluster, and has not gone. */
enum vg_code response_require_person(struct response_call *call, const vg_id *id);
/* VG_FORBIDDEN, with NODE_GONE, if the node is evicted. */
enum vg_code response_require_node(struct response_call *call, vg_node_id node);

/* VG_INVALID if the name would be read as an id. */
enum vg_code response_require_no_id(struct response_call *call, vg_span name);

/* VG_INVALID unless there is room for one more compartment. */
enum vg_code response_require_room_for_one(struct response_call *call);

/* VG_FORBIDDEN unless the author may give the command; decides whether the glass is broken. */
enum vg_code response_require_role(struct response_call *call);

/* ---- incidents ------------------------------------------------------------------------------ */

/* Loads the incident a command names into call->incident and call->next. */
enum vg_code response_find_incident(struct response_call *call, const vg_id *id);

/* Starts a new incident under the request's id; VG_EXISTS if that is taken. */
enum vg_code response_begin_incident(struct response_call *call);

/* Says that the command sets an aspect: from its value in call->incident to that in call->next.
 * `text` is what the author said of it. */
struct response_change *response_change(struct response_call *call, uint8_t kind, uint16_t aspect,
                                        vg_span text);

/* As response_change, for a value that is a text and kept by its event alone. */
struct response_change *response_change_told(struct response_call *call, uint8_t kind,
                                             uint16_t aspect, vg_span told, vg_span text);

/* As response_change, for what a rule changes with it: `why` names the rule. */
void response_change_by_rule(struct response_call *call, uint8_t kind, uint16_t aspect,
                             const char *why);

/* As response_change, for what only grows, and for a part. */
struct response_change *response_append(struct response_call *call, uint8_t kind, uint16_t aspect,
                                        vg_span text);
struct response_change *response_change_part(struct response_call *call, uint8_t kind,
                                             uint16_t aspect, const vg_id *part, const char *from,
                                             const char *to);

/* Counts the changes, appends their events, writes the incident. Done after the effect, unless an
 * effect has events of its own to put behind them. */
void response_record_changes(struct response_call *call);

/* Appends one event to an incident's timeline and the compartment's stream. */
void response_add_event(struct response_call *call, struct response_incident *incident,
                        const struct response_change *change,
                        const struct response_revision *revision);

/* Writes an incident and its place among open work. */
void response_save_incident(struct response_call *call, struct response_incident *incident);

void response_append_text(struct vg_buffer *out, const char *text);

/* Copies a span that fits, and ends it. */
void response_copy_text(vg_span text, char *out, size_t size);

/* The first line of a text, cut between characters to what a value may be. */
void response_cut_text(vg_span text, char out[RESPONSE_VALUE_TEXT]);

/* ---- aspects -------------------------------------------------------------------------------- */

/* VG_CONFLICT if an expectation does not hold, or a value that was set is changed without one. */
enum vg_code response_check_conflicts(struct response_call *call);

/* VG_INVALID if the command expects anything of an incident it does not change. */
enum vg_code response_expect_nothing(struct response_call *call);

/* What an aspect without parts has as its value now, in words. */
void response_value_words(const struct response_call *call,
                          const struct response_incident *incident, uint16_t aspect,
                          char out[RESPONSE_VALUE_TEXT]);

/* The bit of an attested aspect (R25). */
uint8_t response_attested_bit(uint16_t aspect);

/* Counts a change of an aspect without parts, under author and log time. */
const struct response_revision *response_bump(const struct response_call *call,
                                              struct response_incident *incident, uint16_t aspect);

/* The revision of a part as it is now; revision 0 if there is none. */
struct response_revision response_part_revision(const struct response_call *call,
                                                const vg_id *incident, uint16_t aspect,
                                                const vg_id *part);

/* ---- epochs --------------------------------------------------------------------------------- */

/* A node that held a compartment's key is to attest that it has destroyed its own: since the entry
 * of the call, by this epoch. */
void response_owes_attestation(struct response_call *call, const vg_id *compartment,
                               vg_node_id node, uint64_t epoch);

/* Has the record of the call, as decoded, come into force. */
void response_keep_epoch(struct response_call *call, const struct compartment_epoch *next);

/* ---- guards --------------------------------------------------------------------------------- */

/* The first rule that does not hold. */
enum vg_code response_check_guards(struct response_call *call);

/* Tells each guard of the call's operation that does not hold, as its refusal. */
void response_each_guard(struct response_call *call,
                         void (*tell)(void *context, const struct vg_error *refusal),
                         void *context);

/* Whether R13 has this transition. */
bool response_is_stage_edge(uint8_t from, uint8_t to);

/* Severity and priority of an assessment (R5). */
struct response_rating {
    uint8_t severity, priority;
};
struct response_rating response_rate(uint8_t functional, uint8_t information,
                                     uint8_t recoverability);
/* What an assess or severity would set, with the floor of risk and declaration. */
struct response_rating response_rating_of(const struct response_call *call);
/* At least sev1 and p1 (R6, R12). */
struct response_rating response_raise(struct response_rating rating);
/* Imminent or confirmed (R6). */
bool response_is_risky(uint8_t risk);
/* Whether a person runs incidents of the compartment; whether one who does owns this (R6). */
bool response_is_runner(const struct response_call *call, const vg_id *person);
bool response_is_owned(const struct response_call *call);

/* ---- operations ------------------------------------------------------------------------------
 */

/* What judges each, and what writes beside the aspects that it sets; those that only set have none.
 */
#define RESPONSE_OPERATIONS(DOES, SETS)                                                            \
    DOES(person)                                                                                   \
    DOES(label)                                                                                    \
    DOES(grant)                                                                                    \
    DOES(roster)                                                                                   \
    DOES(procedure)                                                                                \
    DOES(drill)                                                                                    \
    DOES(drill_start)                                                                              \
    DOES(drill_probe)                                                                              \
    DOES(drill_end)                                                                                \
    DOES(enroll)                                                                                   \
    DOES(expel)                                                                                    \
    DOES(evict)                                                                                    \
    DOES(rekey)                                                                                    \
    DOES(clearing)                                                                                 \
    DOES(destroyed)                                                                                \
    DOES(shred)                                                                                    \
    DOES(recovery_gone)                                                                            \
    DOES(override)                                                                                 \
    DOES(tenant)                                                                                   \
    DOES(detect)                                                                                   \
    DOES(count)                                                                                    \
    DOES(checkpoint)                                                                               \
    DOES(case)                                                                                     \
    DOES(acknowledge)                                                                              \
    DOES(import)                                                                                   \
    DOES(stage)                                                                                    \
    DOES(assess)                                                                                   \
    DOES(answer)                                                                                   \
    DOES(declare)                                                                                  \
    DOES(withdraw)                                                                                 \
    DOES(affect)                                                                                   \
    DOES(reopen)                                                                                   \
    DOES(link)                                                                                     \
    DOES(task)                                                                                     \
    DOES(task_move)                                                                                \
    DOES(step)                                                                                     \
    DOES(step_move)                                                                                \
    DOES(evidence)                                                                                 \
    DOES(custody)                                                                                  \
    DOES(propose)                                                                                  \
    DOES(approve)                                                                                  \
    DOES(reject)                                                                                   \
    SETS(note)                                                                                     \
    SETS(severity)                                                                                 \
    SETS(risk)                                                                                     \
    SETS(responsibility)                                                                           \
    SETS(owner)                                                                                    \
    SETS(classify)                                                                                 \
    SETS(refer)                                                                                    \
    SETS(collaborate)                                                                              \
    SETS(plan)                                                                                     \
    SETS(attest)
#define SETS(name) enum vg_code response_judge_##name(struct response_call *call);
#define DOES(name)                                                                                 \
    SETS(name)                                                                                     \
    void response_effect_##name(struct response_call *call);
RESPONSE_OPERATIONS(DOES, SETS)
#undef DOES
#undef SETS

#endif
