/* SPDX-License-Identifier: Apache-2.0
 * What the files of the core share. Every function takes the core of the step under way; those that
 * can put something out take its outputs too. */
#ifndef VIGIL_PROTO_RAFT_INTERNAL_H
#define VIGIL_PROTO_RAFT_INTERNAL_H

#include "proto/raft/mutant.h"
#include "proto/raft/state.h"

#include <assert.h>

/* Clocks and stamps beyond this are nobody's; microseconds of those below cannot overflow. */
static const uint64_t raft_time_ms_max = UINT64_MAX / 4000;

static inline uint64_t raft_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t raft_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ---- outputs (output.c) -----------------------------------------------------------------------
 */

/* The next output, zeroed but for its type. */
struct raft_output *raft_put(struct raft_outputs *out, enum raft_output_type type);

/* A message of the current term to `to`; the caller fills in the rest and calls raft_send. */
struct raft_msg raft_msg_to(const struct raft *core, enum raft_msg_type type, vg_node_id to);

/* What an answer tells of this node: its wall clock, and whether it is fit to lead. */
void raft_report(const struct raft *core, struct raft_msg *answer);

/* The answer to `msg`: its round, and what it tells of this node. */
struct raft_msg raft_answer_to(const struct raft *core, enum raft_msg_type type,
                               const struct raft_msg *msg);

/* Puts `msg` out, after the write that makes this node's term and vote durable (I2, I14). The
 * step's draft is put out first, so a write always precedes the messages that depend on it. */
void raft_send(struct raft *core, const struct raft_msg *msg, struct raft_outputs *out);

void raft_alarm(enum raft_reason reason, struct raft_outputs *out);

/* ---- voters (voters.c) ------------------------------------------------------------------------
 */

uint32_t raft_quorum(const struct raft *core);
uint64_t raft_election_us(const struct raft *core);

/* The slot of a voter, or VG_NODES_MAX if `id` is none. */
uint32_t raft_slot(const struct raft *core, vg_node_id id);

/* True if the voters of these slots are a quorum. */
bool raft_is_quorum(const struct raft *core, uint32_t slots);

/* The highest value that a quorum of voters reaches; values by slot. */
uint64_t raft_quorum_value(const struct raft *core, const uint64_t values[VG_NODES_MAX]);

/* ---- the log as known here (window.c) -----------------------------------------------------------
 */

void raft_window_init(struct raft_window *window, const struct raft_recovery *recovery);

/* The entry's metadata, or NULL when the window does not hold it. */
const struct raft_entry *raft_window_get(const struct raft_window *window, uint64_t index);

/* The entry's term; false for what is beyond the log or older than the runs. Index 0 has term 0. */
bool raft_window_term(const struct raft_window *window, uint64_t index, uint64_t *term);
bool raft_window_has(const struct raft_window *window, uint64_t index, uint64_t term);

void raft_window_append(struct raft_window *window, const struct raft_entry *entry);
void raft_window_truncate(struct raft_window *window, uint64_t from);

/* The last entry up to `index` whose term is at most `term`; before all known runs, the entry
 * before the oldest. Both sides use it to step back over whole terms (F15). */
uint64_t raft_window_back(const struct raft_window *window, uint64_t index, uint64_t term);

/* The last entry's stamp, which the window always holds; 0 for an empty log. */
uint64_t raft_window_time(const struct raft_window *window);

/* The first entry of `term` if that is the log's last term; else last + 1. */
uint64_t raft_window_term_first(const struct raft_window *window, uint64_t term);

/* ---- disk writes (writes.c) ---------------------------------------------------------------------
 */

/* True if another write may carry entries; terms and votes may use the last slots. */
bool raft_writes_take_entries(const struct raft *core);
bool raft_writes_take_hard_state(const struct raft *core);

void raft_writes_hard_state(struct raft *core);
void raft_writes_entries(struct raft *core, uint64_t truncate_from, uint64_t first, uint32_t count);

/* Puts the draft out as one write, if there is one. */
void raft_writes_flush(struct raft *core, struct raft_outputs *out);

/* The oldest write is done: moves `durable`. */
void raft_writes_done(struct raft *core, uint64_t id);

/* The oldest write has been under way for an election timeout (B68). */
bool raft_writes_stalled(const struct raft *core);

/* A disk that may lead: nothing is stalled, and what ended last was in time. */
bool raft_writes_in_time(const struct raft *core);

/* Finds out whether a disk that was late still is, by writing term and vote again. */
void raft_writes_probe(struct raft *core);

/* ---- elections (election.c) -------------------------------------------------------------------
 */

/* A disk in time and a clock like the others' (B68). Who is not fit never stands for election. */
bool raft_is_fit(const struct raft *core);

/* Draws a new election timeout: from [T, 2T), with a full disk from [3T, 4T), so that whoever has
 * room stands first and a cluster without any room has a leader all the same. */
void raft_election_arm(struct raft *core);

/* Becomes a follower in `term` (>= ours) of `leader` (0: unknown). */
void raft_become_follower(struct raft *core, uint64_t term, vg_node_id leader,
                          struct raft_outputs *out);

/* The election timer fired. */
void raft_election_timeout(struct raft *core, struct raft_outputs *out);

/* Asks for votes in the next term, without a pre-vote (B23: also for a transfer). */
void raft_campaign(struct raft *core, bool transfer, struct raft_outputs *out);

/* Own term and vote may have become durable: counts the own vote. */
void raft_election_written(struct raft *core, struct raft_outputs *out);

/* A vote or pre-vote request is refused for the sake of a leader heard from lately (F3). */
bool raft_is_shielded(const struct raft *core, const struct raft_msg *msg);

void raft_on_prevote(struct raft *core, const struct raft_event *event, struct raft_outputs *out);
void raft_on_prevote_resp(struct raft *core, const struct raft_event *event,
                          struct raft_outputs *out);
void raft_on_vote(struct raft *core, const struct raft_event *event, struct raft_outputs *out);
void raft_on_vote_resp(struct raft *core, const struct raft_event *event, struct raft_outputs *out);

/* ---- followers (append.c) -----------------------------------------------------------------------
 */

void raft_on_app(struct raft *core, const struct raft_event *event, struct raft_outputs *out);
void raft_on_heartbeat(struct raft *core, const struct raft_event *event, struct raft_outputs *out);

/* Acknowledges what has become durable or acceptable since the last acknowledgement. */
void raft_acknowledge(struct raft *core, struct raft_outputs *out);

/* ---- leaders (lead.c, replicate.c) --------------------------------------------------------------
 */

void raft_become_leader(struct raft *core, struct raft_outputs *out);
void raft_on_propose(struct raft *core, const struct raft_event *event, struct raft_outputs *out);

/* Heartbeats, and the reasons to step down: no quorum heard (F2), stalled disk (B68). */
void raft_lead_tick(struct raft *core, struct raft_outputs *out);

/* A heartbeat to one peer, or to all; each counts as a round. */
void raft_heartbeat(struct raft *core, uint32_t slot, struct raft_outputs *out);
void raft_heartbeat_all(struct raft *core, struct raft_outputs *out);

/* Sends each peer what it lacks and may get. */
void raft_replicate_all(struct raft *core, struct raft_outputs *out);

/* Tells peers of the commit index at once, those who did not just get it with entries. */
void raft_announce_commit(struct raft *core, struct raft_outputs *out);

void raft_peers_reset(struct raft *core);

/* When the last member of a quorum was heard from. */
uint64_t raft_quorum_contact_us(const struct raft *core);

void raft_on_app_resp(struct raft *core, const struct raft_event *event, struct raft_outputs *out);
void raft_on_heartbeat_resp(struct raft *core, const struct raft_event *event,
                            struct raft_outputs *out);
void raft_on_loaded(struct raft *core, const struct raft_event *event, struct raft_outputs *out);

/* ---- commit (commit.c) --------------------------------------------------------------------------
 */

/* Leader: counts copies; true if the commit index moved. */
bool raft_commit_count(struct raft *core, struct raft_outputs *out);

/* Follower: `index` is committed and verified here; reported once durable. */
void raft_commit_hear(struct raft *core, uint64_t index, struct raft_outputs *out);

void raft_on_set_applied(struct raft *core, const struct raft_event *event,
                         struct raft_outputs *out);

/* ---- reads (read.c) -----------------------------------------------------------------------------
 */

void raft_on_read_index(struct raft *core, const struct raft_event *event,
                        struct raft_outputs *out);
void raft_on_read(struct raft *core, const struct raft_event *event, struct raft_outputs *out);
void raft_on_read_resp(struct raft *core, const struct raft_event *event, struct raft_outputs *out);

/* Leader: answers the reads whose leadership is proved and whose index is committed, and asks on
 * behalf of the others, unless an answer is under way. */
void raft_reads_answer(struct raft *core, struct raft_outputs *out);

/* Ends all reads without an answer; call before the term changes. */
void raft_reads_fail(struct raft *core, struct raft_outputs *out);

/* Ends those that have waited for an election timeout. */
void raft_reads_expire(struct raft *core, struct raft_outputs *out);

/* ---- transfer (transfer.c) ----------------------------------------------------------------------
 */

void raft_on_transfer(struct raft *core, const struct raft_event *event, struct raft_outputs *out);
void raft_on_timeout_now(struct raft *core, const struct raft_event *event,
                         struct raft_outputs *out);

/* Hands leadership to `target` (0: the best follower); false if it cannot. */
bool raft_transfer_begin(struct raft *core, vg_node_id target);

/* Hands it to the best follower that is fit and has room; does nothing if there is none. */
void raft_transfer_to_room(struct raft *core);

/* The target may have caught up. */
void raft_transfer_advance(struct raft *core, struct raft_outputs *out);

/* Ends a transfer that reached its goal or its time limit. */
void raft_transfer_settle(struct raft *core, struct raft_outputs *out);

/* ---- log time (logtime.c) -----------------------------------------------------------------------
 */

/* A voter told its wall clock, `age_us` ago. */
void raft_logtime_report(struct raft *core, uint32_t slot, uint64_t wall_ms, uint64_t age_us);

void raft_logtime_start(struct raft *core);
void raft_logtime_advance(struct raft *core);

/* The stamp for the next entry. */
uint64_t raft_logtime_stamp(const struct raft *core);

/* Follower: how far the stamps of this term's entries may be acknowledged, up to `limit`. */
uint64_t raft_logtime_accepted(struct raft *core, uint64_t limit);

/* Leader: true if the own clock is too far off to lead. */
bool raft_logtime_astray(const struct raft *core);
/* Leader: what is known of a voter's clock. */
struct raft_clock raft_logtime_clock(const struct raft *core, uint32_t slot);

/* ---- the promises the core makes to itself (invariants.c) ---------------------------------------
 */

void raft_assert_invariants(const struct raft *core);

#endif
