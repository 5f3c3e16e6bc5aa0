/* SPDX-License-Identifier: Apache-2.0
 * An incident played through at a desk: lawful commands with whatever they need, which a test bends
 * to what it is about. Single-threaded. */
#ifndef VIGIL_TESTS_LIB_PLAY_H
#define VIGIL_TESTS_LIB_PLAY_H

#include "tests/lib/desk.h"

struct play {
    struct desk *desk;
    vg_id incident;
    vg_id evidence; /* E1; in the incident from the start */
    vg_id tenant;   /* "acme", at home in the first compartment; in the directory from the start */
    vg_id part;     /* task, step or proposal that the next command is about, where it has one */
    struct vg_buffer proposed;       /* what the last play_proposing proposes, encoded */
    struct response_outcome refused; /* the answer that the last play_refuses got */
};

/* A desk of its own, with an incident in a stage that was come to lawfully: from assess on it is
 * assessed (sev3) and the provider's. One that is closed was not escalated. */
struct play play_new(enum response_stage stage);
void play_free(struct play *play);

/* Another incident at the same desk, of a deduplication key or "", which is the play's from now. */
void play_begin(struct play *play, const char *dedup_key, enum response_stage stage);

/* The least command of an operation that is lawful in the stages it is meant for: what must be said
 * is said, about the incident, citing E1; given by a person with the role for it. To be bent before
 * it is sent. */
struct desk_order play_order(const struct play *play, enum response_op op);

/* Sends an order, expecting of each aspect it sets the revision it has now. An order with
 * expectations of its own keeps them instead. */
struct response_outcome play_send(struct play *play, struct desk_order order);

/* As play_send, and it must be accepted; answers with the id it made or changed. */
vg_id play_must(struct play *play, struct desk_order order);

/* play_must of play_order. */
vg_id play_do(struct play *play, enum response_op op);

/* Whether the order is refused like this, with the code and rule of the table, by a check as well,
 * and changes nothing but the request table. Says on stderr what is otherwise. */
bool play_refuses(struct play *play, struct desk_order order, enum response_refusal refusal);

/* Whether the order does not even decode, for what it says in a field. */
bool play_misses(struct play *play, struct desk_order order, const char *field);

/* Moves to a stage; it must be accepted. */
void play_move(struct play *play, enum response_stage stage);

/* Attestations, and a recovery plan: what a close from diagnose or stabilize needs. */
void play_attest_all(struct play *play);
void play_plan(struct play *play);

/* Closes as a false positive whose answer is a filter of the key. */
void play_filter(struct play *play, const char *dedup_key);

/* Names a tenant of a compartment; its id. And several of the first compartment. */
vg_id play_tenant(struct play *play, const char *name, const vg_id *compartment);
void play_tenants(struct play *play, const char *const *names, size_t count);

/* ---- people ------------------------------------------------------------------------------------
 */

void play_grant(struct play *play, enum desk_person person, uint32_t give, uint32_t take);
void play_on_call(struct play *play, enum desk_person person, bool on);
void play_expel(struct play *play, enum desk_person person);
void play_evict(struct play *play, uint64_t node);
void play_name(struct play *play, enum desk_person person, const char *name);

/* A proposal by a signer of what this command says, expecting the declaration as it is; for a day.
 * It borrows the play until the next one. */
struct desk_order play_proposing(struct play *play, enum desk_person signer,
                                 const struct response_command *command);

/* Proposes to withdraw the declaration; the proposal's id. */
vg_id play_propose(struct play *play, enum desk_person signer);

/* A second signature under a proposal. */
struct desk_order play_approval(const struct play *play, enum desk_person signer,
                                const vg_id *proposal);

/* A new epoch of a compartment, by a key officer, for these holders (bits as sealing_epoch_for has
 * them); those who are new sign. It borrows the play until the next one. */
struct desk_order play_clearing(const struct play *play, enum response_op op,
                                const vg_id *compartment, uint64_t epoch, unsigned holders);

/* Creating one for nodes 1 and 2 and a recovery key, likewise. */
struct desk_order play_creating_with(const struct play *play, const vg_box_public *recovery);

/* Creates a compartment for these holders, at least two nodes; its id. */
vg_id play_create(struct play *play, unsigned holders);

/* Withdraws the declaration, with both signatures. */
void play_withdraw(struct play *play);

/* As many compartments as there may be. Written past the log, which would take a command each. */
void play_full(struct play *play);

/* Names a compartment. */
void play_label(struct play *play, const vg_id *compartment, const char *name);

/* Gives roles in a compartment; in the directory. */
void play_grant_in(struct play *play, const vg_id *compartment, enum desk_person person,
                   uint32_t give);
void play_grant_in_directory(struct play *play, enum desk_person person, uint32_t give);

/* Drills (R32): a proposal by an operator, the manager's approval of one, and both, of a loss of
 * the leader for five seconds; the last answers with the drill's id. */
struct desk_order play_proposing_drill(struct play *play, enum desk_person operator_,
                                       const struct response_command *drill);
struct desk_order play_approving_drill(const struct play *play, const vg_id *proposal);
vg_id play_drill(struct play *play, enum desk_person operator_);

/* Keys (number as desk_new_keys has it): a proposal to give them to a person, somebody's approval
 * of one, and both, by operator and key officer. */
struct desk_order play_proposing_rekey(struct play *play, enum desk_person signer,
                                       enum desk_person person, uint8_t number);
struct desk_order play_approving_in_control(const struct play *play, enum desk_person signer,
                                            const vg_id *proposal);
void play_rekey(struct play *play, enum desk_person person, uint8_t number);

/* Shredding a compartment at an epoch, and saying that its recovery key is destroyed: proposals by
 * the privacy officer, who is a key officer as legal is; the first with both signatures. */
struct desk_order play_proposing_shred(struct play *play, const vg_id *compartment, uint64_t epoch);
struct desk_order play_proposing_recovery_gone(struct play *play, const vg_id *compartment,
                                               const vg_box_public *key);
/* Recovering a compartment for these holders, likewise. */
struct desk_order play_proposing_recover(struct play *play, const vg_id *compartment,
                                         uint64_t epoch, unsigned holders);
void play_recover(struct play *play, const vg_id *compartment, uint64_t epoch, unsigned holders);
void play_shred(struct play *play, const vg_id *compartment, uint64_t epoch);

/* Enrolls the newcomer as key officer: a third who may sign for keys. */
void play_third_officer(struct play *play);

/* The operator's approval of what a key officer proposed, whose key was replaced since. */
struct desk_order play_approving_old_signature(struct play *play);

/* ---- what became of it -------------------------------------------------------------------------
 */

struct response_incident play_incident(const struct play *play);
uint64_t play_revision(const struct play *play, uint16_t aspect);

/* Parts by their ids; they must be there. */
struct response_task play_task(const struct play *play, const vg_id *id);
struct response_step play_step(const struct play *play, const vg_id *id);
struct response_evidence play_evidence(const struct play *play, const vg_id *id);

/* The n-th event from the end of the timeline; 1 is the last. */
struct response_event play_event(const struct play *play, uint64_t from_end);

/* What an event should say. NULL is "" in `from` and `to`, and anything in `text`; nobody said is
 * Ann. */
struct play_telling {
    enum response_event_kind kind;
    uint16_t aspect;
    uint64_t revision;
    const char *from, *to, *text;
    enum desk_person by;
};

/* Whether the n-th event from the end says that, at this time. Says on stderr what is otherwise. */
bool play_tells(const struct play *play, uint64_t from_end, struct play_telling telling);
#define PLAY_TELLS(play, from_end, ...)                                                            \
    play_tells(play, from_end, (struct play_telling){__VA_ARGS__})

/* Whether a span says exactly, or contains, a text. */
bool play_says(vg_span span, const char *text);
bool play_contains(vg_span span, const char *text);

#endif
