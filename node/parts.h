/* SPDX-License-Identifier: Apache-2.0
 * The node from inside, for the files of node/ alone. Each file is one concern; everything below
 * belongs to the loop thread unless it says otherwise. No function here steps the core while its
 * outputs are being carried out: what wants a step is queued, and the end of the turn flushes it.
 */
#ifndef VIGIL_NODE_PARTS_H
#define VIGIL_NODE_PARTS_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <uthash.h>

#include "common/identity.h"
#include "node/api/api.h"
#include "node/keyring/keyring.h"
#include "node/loop/loop.h"
#include "node/net/clients.h"
#include "node/net/net.h"
#include "node/node.h"
#include "node/store/applier.h"
#include "proto/ledger/tail.h"
#include "proto/raft/raft.h"
#include "proto/response/tenants.h"
#include "proto/wire/client.h"
#include "proto/wire/memory.h"

enum {
    NODE_TAIL_ENTRIES = 1024,            /* durable entries kept in memory */
    NODE_SUBMITS_MAX = 4096,             /* commands of clients under way, */
    NODE_SUBMITS_BYTES_MAX = 64 << 20,   /* and their bytes */
    NODE_PROPOSALS_MAX = 4096,           /* envelopes waiting for the end of a turn, */
    NODE_PROPOSALS_BYTES_MAX = 64 << 20, /* and their bytes */
    NODE_RECEIVED_MAX = 32 << 20,        /* bytes of one peer's frames waiting for the loop */
    NODE_TIMEOUT_MAX_MS = 300 * 1000,    /* of one request */
    NODE_SWEEP_MS = 50,                  /* between looks for what has timed out */
    NODE_WAITING = 4096,                 /* counters of the filter below; a power of two */
    NODE_WATCHES_MAX = 1024,             /* questions parked until something comes */
    NODE_REPAIRS_MAX = 16,               /* damaged entries being fetched again */
    NODE_CONCERNED_MAX = 1024,           /* people and compartments remembered; a power of two */
    NODE_FACTS_MAX = 16,                 /* facts between compartments being told */
};

/* As many compartments as the rules let there be have room everywhere. */
static_assert((int)RESPONSE_COMPARTMENTS_MAX <= (int)API_COMPARTMENTS_MAX &&
                  (int)RESPONSE_COMPARTMENTS_MAX <= (int)STORE_CLEARANCES_MAX &&
                  (int)RESPONSE_COMPARTMENTS_MAX <= (int)KEYRING_COMPARTMENTS_MAX &&
                  (int)RESPONSE_COMPARTMENTS_MAX <= (int)VG_KEYRING_MAX,
              "a table is smaller than there may be compartments");

/* ---- held.c: messages that wait for a disk write ----------------------------------------------
 */

struct node_held {
    struct node_held *next;
    uint64_t after_write;
    struct raft_msg msg;
    struct vg_blob *entries[]; /* msg.entry_count references */
};

/* A reference to an entry of the log as it is now, from memory or disk; NULL when it is damaged,
 * and then it is fetched again. */
struct vg_blob *node_entry_take(struct node *node, uint64_t index);
/* Sends an output's message now, or holds it until its write is durable. */
void node_send(struct node *node, const struct raft_output *output);
/* Sends what waited for `write_id`. */
void node_release(struct node *node, uint64_t write_id);
void node_held_free(struct node *node);

/* ---- receive.c: frames of peers ---------------------------------------------------------------
 */

struct node_entry {
    struct vg_blob *bytes;
    struct ledger_view view; /* borrows bytes */
};

/* A Raft message, decoded and with its entries parsed. */
struct node_received {
    struct raft_msg msg;
    struct raft_entry *meta;
    struct node_entry entries[];
};

/* net_callbacks; net's threads. Of a frame of somebody of whom more than NODE_RECEIVED_MAX bytes
 * wait for the loop nothing is taken: it is as lost on the way. */
void node_frame_received(void *context, vg_node_id from, enum wire_type type,
                         struct vg_blob *payload);
void node_peer_changed(void *context, const struct net_peer_event *event);

/* ---- propose.c: envelopes on their way into the log of a leader --------------------------------
 */

/* An envelope with its body, of this node's own submits (`from` 0) or forwarded by another node. */
struct node_proposal {
    struct node_proposal *next;
    vg_node_id from;
    uint64_t token; /* of the submit, at `from` */
    vg_id id;       /* the envelope's */
    struct vg_blob *envelope;
};

/* One entry this leader has appended and not yet seen committed; drops copies by the random id. */
struct node_in_flight {
    UT_hash_handle hh;
    vg_id id;
    uint64_t index;
    uint64_t term;
    struct node_in_flight *next; /* by index */
};

struct node_proposals {
    struct node_proposal *first, **last;
    uint32_t count;
    size_t bytes;                                /* of their envelopes */
    struct node_proposal *batch[RAFT_BATCH_MAX]; /* of the step under way */
    uint32_t batch_count;
    struct node_in_flight *by_id;
    struct node_in_flight *oldest, **newest;
};

/* Queues a proposal for the end of the turn; takes it over. */
void node_propose(struct node *node, struct node_proposal *proposal);
/* Proposes what is queued. True if it stepped the core. */
bool node_proposals_flush(struct node *node);
/* Carries out RAFT_OUT_APPEND and RAFT_OUT_REFUSED of the batch. */
void node_proposals_appended(struct node *node, const struct raft_output *output);
void node_proposals_refused(struct node *node, const struct raft_output *output);
void node_proposals_committed(struct node *node, uint64_t index);
void node_proposals_lost(struct node *node);
void node_proposals_free(struct node *node);

/* ---- reads.c: when a read may be answered ------------------------------------------------------
 */

/* What wants a confirmed index; embedded in what asks. */
struct node_read {
    struct node_read *next;
    uint64_t deadline_us;
    bool for_log;   /* ready once the log on this node's disk is that long */
    uint64_t index; /* confirmed */
    /* The read is linearizable at `index`. */
    void (*ready)(struct node_read *read, uint64_t index);
    /* Time is over, or the node ends. */
    void (*failed)(struct node_read *read, const struct vg_error *why);
};

/* Reads that share one RAFT_READ_INDEX. */
struct node_read_batch {
    struct node_read_batch *next;
    uint64_t id;
    struct node_read *reads;
};

struct node_reads {
    struct node_read *waiting;       /* for the end of the turn */
    struct node_read_batch *batches; /* asked, not yet answered */
    struct node_read *for_log;       /* confirmed, and waiting for this node's disk */
    uint64_t next_id;
    uint64_t retry_us; /* not before */
};

void node_read_start(struct node *node, struct node_read *read);
/* The log on disk has grown. */
void node_reads_log_grown(struct node *node);
bool node_reads_flush(struct node *node);
void node_read_ready(struct node *node, uint64_t id, uint64_t index);
/* Puts the batch's reads back to be asked again. */
void node_read_again(struct node *node, uint64_t id);
void node_reads_sweep(struct node *node, uint64_t now_us);
void node_reads_end(struct node *node, const struct vg_error *why);

/* ---- submit.c: commands of clients -------------------------------------------------------------
 */

struct node_request_key {
    vg_id compartment;
    vg_id author;
    vg_id request;
};

/* One command from its request to its answer. Lives in both tables from the end of its checks. */
struct node_submit {
    struct loop_task task;
    struct node *node;
    struct node_submit *next; /* checked together */
    UT_hash_handle by_key;
    UT_hash_handle by_token;
    struct node_request_key key;
    uint64_t token; /* ours, towards the leader */
    uint64_t session;
    uint64_t request_token;
    uint64_t deadline_us;
    uint64_t placed_us;
    vg_node_id placed_with; /* 0: no leader has it */
    bool dry_run;
    vg_id bearer;         /* whose session brought it; zero: nobody's any more */
    vg_span signal;       /* the deduplication key of an integration's detection; else empty */
    vg_hash request_hash; /* of such a one */
    struct node_signals *counts; /* the submit is this node's own: a count of those (signals.c) */
    bool doubtful;  /* the author has gone, or has another key, as far as this node knows, or the
                       compartment is not level here, or not known to be a matter of the author's */
    bool confirmed; /* and that was as of a read index, */
    bool concerned; /* as of which the author knows of the compartment */
    struct node_read read;
    bool unanswered;   /* handed to the leader, which has not said yet */
    bool acknowledged; /* the leader has appended it */
    bool uncertain;    /* an earlier leader may have it: a refusal is no longer certain */
    struct vg_blob *payload;
    size_t counted;          /* of the payload, in node_submits.bytes */
    vg_span command;         /* the signed command, within payload */
    vg_public_key signed_by; /* the key that the signature was checked with */
    vg_id envelope_id;
    struct vg_blob *envelope;
    struct vg_error error;
    struct node_submit *twins; /* the same request, asked again meanwhile */
};

struct node_submits {
    struct node_submit *by_key;
    struct node_submit *by_token;
    struct node_submit *unchecked; /* of this turn */
    uint32_t unchecked_count;
    uint32_t count;
    size_t bytes; /* of clients' commands, from their start until they are freed */
    uint64_t next_token;
};

/* A decoded request; takes over `submit`. */
void node_submit_start(struct node *node, struct node_submit *submit);
void node_submit_free(struct node_submit *submit);
/* Gives what came in this turn to the pool, in a few pieces. */
void node_submits_flush(struct node *node);
/* What a node said of a submit; it counts if that is the leader whom it was placed with. */
void node_submit_answered(struct node *node, vg_node_id from,
                          const struct wire_forward_resp *answer);
/* Whether a submit may wait for this request's outcome: most outcomes are of other origins, and
 * need not wake the loop. Any thread. */
bool node_submit_waits(struct node *node, const vg_id *request);
/* The entry of this envelope id was void for its epoch: seals the command anew, under the epoch in
 * force, if that is later than the one it was sealed under here. */
void node_submit_stale(struct node *node, const vg_id *envelope_id);
/* The entry `index` was applied here, with this outcome. */
void node_submit_applied(struct node *node, uint64_t index, const struct response_outcome *outcome);
/* Another leader, or another term: places every open submit anew. */
void node_submits_place(struct node *node);
void node_submits_sweep(struct node *node, uint64_t now_us);
/* Answers every open submit with `why`. */
void node_submits_end(struct node *node, const struct vg_error *why);

/* A command of this node itself, signed, without a deadline yet. */
struct node_submit *node_submit_by_node(struct node *node, const vg_id *compartment,
                                        const struct response_command *command);
/* Such a one, as if it had been checked; takes over `submit`. */
void node_submit_own(struct node *node, struct node_submit *submit);
/* Hands a checked command to whoever leads; takes it over. */
void node_submit_add(struct node *node, struct node_submit *submit);
/* Answers a submit that is in no table, and its twins, and frees them. `json` stays the caller's.
 */
void node_submit_answer(struct node_submit *submit, const struct vg_error *error, const char *json);

/* ---- signals.c: repeats of integrations' signals, gathered into counts (R3) --------------------
 */

/* The signals of one deduplication key that wait for a count. */
struct node_signals {
    UT_hash_handle hh;
    struct {
        vg_id compartment;
        char signal[VG_NAME_MAX + 1]; /* zeros behind it */
    } key;
    struct node_submit *first, **last; /* by `next` */
    uint32_t count;
    uint64_t not_before_us; /* for the next count */
    bool under_way;         /* a count is */
};

struct node_gathered {
    struct node_signals *by_key;
    uint32_t count; /* signals that wait, of all keys */
};

/* A checked detection of an integration: answered, gathered, or given as it is, by what the state
 * says; takes over `submit`. */
void node_signal_start(struct node *node, struct node_submit *submit);
/* The count is answered. */
void node_signals_counted(struct node_signals *signals, uint64_t now_us);
/* Gives the counts that are due; ends what has waited too long. */
void node_signals_sweep(struct node *node, uint64_t now_us);
/* Answers every signal that waits with `why`. */
void node_signals_end(struct node *node, const struct vg_error *why);

/* ---- clearance.c: compartments that this node is not level for ----------------------------------
 */

/* Whether this node may be the origin of a write in the compartment. VG_UNAVAILABLE names who is
 * cleared; VG_NOT_FOUND: none of that id, as far as this node knows. Any thread. */
enum vg_code node_require_level(const struct node *node, const vg_id *compartment,
                                struct vg_error *error);
/* Whether the compartment has diverged here, so that no outcome in it is anybody's answer, with
 * what is answered instead. Any thread. */
bool node_is_diverged(const struct node *node, const vg_id *compartment, struct vg_error *why);
/* There is no such compartment, to somebody to whom it would be no matter if there were. */
enum vg_code node_no_compartment(const vg_id *compartment, struct vg_error *error);
/* Notes that a compartment concerns somebody, who once knew of it; and whether that was noted, of
 * late. Any thread. */
void node_concern_note(struct node *node, const vg_id *person, const vg_id *compartment);
bool node_concerns(struct node *node, const vg_id *person, const vg_id *compartment);
/* Sessions of clients end when this entry has ended the clearance for a compartment: in one, this
 * node's word that it is level counts for as long as it lasts. The apply thread. */
void node_clearance_heed(struct node *node, const struct response_outcome *outcome);
/* store_applier_config.wanted; its thread. */
void node_rebuild_wants(void *context, uint64_t index);
/* Every compartment whose key has epochs, as of what is applied, into out->all, to be freed. Any
 * thread. */
void node_clearance_fill(struct node *node, struct api_clearances *out);
/* Gives this node's word that it has removed what it is no longer cleared for, until the log has
 * it.
 */
void node_attest_sweep(struct node *node, uint64_t now_us);

/* ---- checkpoint.c: what this node has at a mark (docs/compartments.md, "Checkpoints") -----------
 */

/* One compartment of which this node owes a checkpoint. */
struct node_owed {
    struct node_owed *next;
    vg_id compartment;
    uint64_t said; /* the latest mark with a checkpoint, while it waits; another: it waits anew */
    uint64_t since_us; /* it waits */
    uint64_t again_us; /* one was given, and is given again from then on */
};

/* Gives those that are due. */
void node_checkpoint_sweep(struct node *node, uint64_t now_us);
void node_checkpoints_free(struct node *node);

/* Who was found to know of which compartment: a command of theirs goes on without a look at the
 * state. Whoever is in here by mistake or of old is refused when the entry is applied. */
struct node_concerned {
    pthread_mutex_t lock;
    struct {
        vg_id person, compartment;
    } pairs[NODE_CONCERNED_MAX];
};

/* ---- facts.c: what compartments owe each other -------------------------------------------------
 */

/* One that is owed, and that this node can tell. */
struct node_fact {
    struct response_owed owed;
    bool heard;                     /* the case has it, */
    struct response_heard by;       /* by this entry: what is left is to acknowledge it */
    vg_node_id first[VG_NODES_MAX]; /* who would do it before this node */
    uint32_t first_count;
    uint64_t since_us; /* when this node saw it first */
    uint64_t again_us; /* not before: it was given */
};

struct node_facts {
    bool looking;            /* the apply thread is asked */
    uint64_t next_us;        /* not before */
    uint64_t idle_until_us;  /* unless something is applied */
    uint64_t seen;           /* what was applied when it looked */
    struct response_owed at; /* it goes on behind */
    struct node_fact known[NODE_FACTS_MAX];
    uint32_t count;
};

/* Tells what is owed and can be told by this node, in its turn. */
void node_facts_sweep(struct node *node, uint64_t now_us);

/* ---- query.c: questions of clients -------------------------------------------------------------
 */

/* A question from its request to its answer, or a command only to be checked. */
struct node_query {
    struct loop_task task;
    struct node *node;
    struct node_read read;
    struct node_query *next; /* of those that wait for something to come */
    uint64_t session;
    uint64_t request_token;
    bool stale;
    uint64_t last;    /* log questions: the last entry that may be shown */
    uint64_t damaged; /* and the one that could not be, for its damage; 0: none */
    bool looked;      /* compartment.level: the state was asked already, before a read index */
    bool parks;       /* its answer is empty, and may wait */
    uint64_t wait_until_us;
    uint64_t seen; /* the index its empty answer is as of, or a key that is offered */
    struct api_query ask;
    struct api_compartments
        seen_by_asker;           /* log questions that show bodies, as of the read index */
    bool counts;                 /* log.verify: the asker knows of the compartment, as of that */
    struct api_status status;    /* filled on the loop, for those that need it */
    struct node_submit *checked; /* a dry run's command; owned */
    char *json;                  /* the answer or an error's details, to free */
    struct vg_error error;
};

/* clearing.c: whether keyring.offer is answered, on the apply thread, and its answer, on the pool;
 * that of compartment.prepare, on the apply thread. Each leaves it, or the error, in the query. */
void node_clearing_admit(struct node_query *query, const struct response_machine *machine);
void node_clearing_offer(struct node_query *query);
void node_clearing_prepare(struct node_query *query, const struct response_machine *machine);

/* Whose channel a session is, a person's or, under its author id, a node's; false: nobody's any
 * more. The loop. */
bool node_session_person(struct node *node, uint64_t session, struct response_person *out);

/* net_clients_callbacks.request; NNG's threads. */
void node_request_received(void *context, uint64_t session, struct vg_blob *payload);
/* Checks a command against a confirmed view and answers; takes over `submit`. */
void node_dry_run(struct node *node, struct node_submit *submit);
void node_transfer_done(struct node *node, bool ok, enum raft_reason reason);
/* Answers a request: `json` on VG_OK, else its details (may be NULL). Frees `json`. */
void node_reply(struct node *node, uint64_t session, uint64_t token, const struct vg_error *error,
                char *json);

/* Of a question that was parked: its answer as it is, or asked again. */
void node_query_resume(struct node_query *query, bool over);

/* ---- clocks.c: wall clocks, this node's and others' ---------------------------------------------
 */

/* What this node takes log time for: never before the newest stamp it has seen. */
uint64_t node_time_ms(const struct node *node);
/* The issue time for a command of this node's own, which a clock that is ahead makes not too early.
 */
uint64_t node_issue_ms(const struct node *node);
/* Leader: says whose clock has gone astray, and whose is right again. */
void node_clocks_sweep(struct node *node);
/* What a leader knows of a node's clock; zero if this is none. */
struct raft_clock node_clock_of(const struct node *node, const struct raft_status *raft,
                                vg_node_id id);

/* ---- watch.c: questions that wait for something to come ----------------------------------------
 */

struct node_watches {
    struct node_query *first;
    atomic_uint count;
    atomic_bool woken;
    struct loop_task wake;
};

void node_watches_init(struct node *node);
/* False when there is no room, or the node ends: the empty answer goes out. */
bool node_watch_park(struct node *node, struct node_query *query);
/* Asks again what the state has grown for, answers what has waited long enough. */
void node_watches_flush(struct node *node);
void node_watches_end(struct node *node);
/* This node has applied an entry; the apply thread. */
void node_watch_wake(struct node *node);

/* ---- repair.c: damaged entries, fetched again from the other nodes -----------------------------
 */

enum node_repair_stage { NODE_REPAIR_ASKS, NODE_REPAIR_WRITES, NODE_REPAIR_RESTS };

/* One entry that is damaged here. */
struct node_repair {
    uint64_t index; /* 0: the place is free */
    enum node_repair_stage stage;
    bool provable;                   /* the chain says what belongs there: */
    vg_hash hash;                    /* this */
    uint32_t asked;                  /* peers so far, in this round */
    uint32_t at;                     /* the peer that is asked, as the configuration lists them, */
    vg_node_id from;                 /* and its id */
    uint64_t until_us;               /* then the next is asked; resting: the first, again */
    enum vg_code said[VG_NODES_MAX]; /* each of them, in this round */
    bool told;                       /* that nobody has it, in the log of this process */
    struct node_query *waiting;      /* log.repair, by `next` */
};

struct node_repairs {
    struct node_repair all[NODE_REPAIRS_MAX];
    uint64_t applier_waits; /* for the repair of this entry; 0: it does not */
    uint32_t served;        /* fetches of others under way */
};

/* An answer of a peer, decoded and parsed. */
struct node_fetched {
    uint64_t index;
    enum vg_code code;
    vg_hash hash;          /* the entry's own */
    struct vg_blob *entry; /* VG_OK: of that index */
};

/* Has a damaged entry fetched again, unless that is under way; NULL when too many are, and then who
 * still needs it asks again. */
struct node_repair *node_repair_start(struct node *node, uint64_t index);
/* The same for a log.repair, which is answered when the entry is whole, or all have been asked in
 * vain. Takes over `query`. */
void node_repair_wait(struct node *node, struct node_query *query);
void node_repairs_sweep(struct node *node, uint64_t now_us);
/* Answers who waits with `why`. */
void node_repairs_end(struct node *node, const struct vg_error *why);
/* True, with the reason, if there is an entry that nobody asked could give. */
bool node_repairs_stuck(const struct node *node, struct vg_error *out);
/* A peer's answer; and a peer's question. */
void node_fetched(struct node *node, vg_node_id from, const struct node_fetched *answer);
void node_fetch_serve(struct node *node, vg_node_id to, const struct wire_fetch *fetch);
/* store_log_config.repaired; the log writer's thread. */
void node_repaired(void *context, uint64_t index, bool whole);

/* ---- memory.c: what this node remembers of its peers -------------------------------------------
 * Any thread unless it says otherwise. */

struct node_known {
    vg_node_id node;
    uint64_t met;          /* how often this node has met it */
    uint64_t kept;         /* of that, what is on its disk, */
    uint64_t told;         /* and what the peer was told; the loop's */
    bool takes_us;         /* it takes this node's hello, and lives */
    struct wire_memory of; /* what it can be held to */
};

struct node_memory {
    pthread_mutex_t lock; /* guards what follows */
    struct node_known peers[VG_NODES_MAX];
    uint32_t count;
};

void node_memory_init(struct node *node, const struct store_recovery *found);
void node_memory_end(struct node *node);
/* net_callbacks.greets and greeted. */
void node_greets(void *context, vg_node_id peer, struct wire_hello *hello);
enum vg_code node_greeted(void *context, const struct wire_hello *hello, struct vg_error *why);
/* A message has come from a peer. */
void node_memory_hear(struct node *node, const struct raft_msg *msg);
/* A peer says how often it has met this node. */
void node_memory_shown(struct node *node, vg_node_id peer, uint64_t met);
/* A peer has taken this node's hello, which is one more meeting, told once it is durable; or is
 * gone. */
void node_memory_link(struct node *node, vg_node_id peer, bool up);
/* A new term: one more meeting with everybody who takes this node. Of a count that grew without
 * them, an older folder could grow past what they remember. */
void node_memory_meet_again(struct node *node);
/* store_log_config.remembered; the log writer's thread. */
void node_remembered(void *context, const struct store_peer *peer);

/* ---- logread.c: questions about the log, on the pool ------------------------------------------
 */

/* Fills the query's answer or error. */
void node_log_answer(struct node_query *query);

/* ---- admission.c: who may come in, at either door ----------------------------------------------
 */

#define NODE_EVICTED_REMEDY                                                                        \
    "its id and keys open nothing here any more: keep it down, and destroy its key and keyring"

/* net_clients_callbacks.admits: people who are enrolled and not expelled, and members, as of what
 * is applied here. Any thread. */
bool node_admits(void *context, const vg_channel_public *theirs);
/* When a node was evicted, as of what is applied here; 0: it is a member. Any thread. */
uint64_t node_evicted_at(struct node *node, vg_node_id member);
/* The channel key of a member, as of what is applied here. Any thread. */
vg_channel_public node_channel_of(struct node *node, vg_node_id member);
/* VG_FORBIDDEN if this node's key is no longer, or not, the one it has in the log; one that it has
 * not yet there may be configured. The loop's thread, or before it runs. */
enum vg_code node_admission_key(struct node *node, struct vg_error *why);
/* VG_FORBIDDEN if that is this node. */
enum vg_code node_admission_check(struct node *node, struct vg_error *why);
/* A peer says that this node is evicted. True once a majority of all members does. */
bool node_told_evicted(struct node *node, vg_node_id by);
/* Sessions of those whom this entry has expelled or evicted, or given another key, end. The apply
 * thread. */
void node_admission_heed(struct node *node, const struct response_outcome *outcome);

/* ---- drill.c: the fault this node holds for a drill, and what goes out past it ------------------
 */

enum node_fault {
    NODE_FAULT_PEERS = 1,   /* nothing is sent to peers, and nothing of theirs is heard */
    NODE_FAULT_CLIENTS = 2, /* the same of clients */
    NODE_FAULT_DISK = 4,    /* commands are refused as if the disk were full */
    NODE_FAULT_SLOW = 8,    /* what is sent to other regions is late */
};

struct node_drill {
    atomic_uint faults;             /* enum node_fault; 0: no lease */
    atomic_uint_least64_t until_us; /* the lease ends by this alone */
    vg_id id;                       /* of the lease, or of the last that was refused */
    uint8_t kind;
    struct vg_error refused; /* why this node took no fault, or VG_OK */
    uint64_t old_until;      /* entries up to this index were here at the start */
    uint64_t delay_us;
    struct node_delayed *delayed, **delayed_end; /* frames on a slow line, by time */
    size_t delayed_size;
};

/* Whether this node has the fault now. Any thread. */
bool node_fault(struct node *node, enum node_fault fault);
/* A drill was started by this outcome; the apply thread. */
void node_drill_started(struct node *node, const struct response_outcome *outcome);
/* Sends what node->frame holds. What is not VG_OK is lost. */
enum vg_code node_send_frame(struct node *node, vg_node_id to, enum wire_type type);
/* VG_BUSY when the log's disk has no room for commands, or is to be taken for full. */
enum vg_code node_room(struct node *node, struct vg_error *error);
/* Sends what was delayed and is due, ends the lease; and when that is next to be done. */
void node_drill_sweep(struct node *node, uint64_t now_us);
uint64_t node_drill_deadline_us(const struct node *node);
void node_drill_fill(struct node *node, struct api_status *out);
void node_drill_free(struct node *node);

/* ---- status.c ----------------------------------------------------------------------------------
 */

void node_status_fill(struct node *node, struct api_status *out);

/* ---- drain.c: the one order in which outputs are carried out ----------------------------------
 */

/* Steps the core and carries out what it decides. `event` needs no time. */
void node_step(struct node *node, struct raft_event *event);
/* Ends as when asked to by a signal, but with this error. */
void node_end(struct node *node, const struct vg_error *why);
/* The last entry that is committed and on this node's disk. */
uint64_t node_log_readable(struct node *node);
/* What the core knows of an entry. */
struct raft_entry node_entry_metadata(const struct ledger_view *view, size_t size);
/* Answers the RAFT_OUT_LOAD requests of before; new ones, and those whose metadata is damaged, wait
 * for the next turn. */
void node_loads_flush(struct node *node);
/* store_log_config.written and store_applier_config; their threads. */
void node_written(void *context, uint64_t write_id);
void node_applied(void *context, uint64_t index, const struct response_outcome *outcome);
void node_stale(void *context, const struct ledger_envelope *envelope);
void node_apply_stopped(void *context, uint64_t index, const struct vg_error *error, bool damaged);
void node_apply_goes_on(void *context);
/* Stops the process for a broken promise; never returns. */
void node_fail_stop(const char *event, const char *why) __attribute__((noreturn));

/* ---- the node ----------------------------------------------------------------------------------
 */

struct node_load {
    vg_node_id peer;
    uint64_t first;
    uint32_t count;
};

struct node {
    const struct node_config *config;
    vg_node_id self;
    vg_hash cluster;
    struct wire_hello hello; /* what this process says of itself */
    struct ledger_genesis genesis;
    struct vg_identity *identity; /* its keys, in locked memory */
    struct noise_static channel;  /* one of them, for its doors */
    bool key_known;               /* the log has had its key as this node's */
    struct keyring *keyring;
    struct response_keys keys; /* that entries are shown with. Any thread */
    char rebuilds[PATH_MAX];   /* the folder of rebuilds */
    struct api_region regions[VG_NODES_MAX];
    uint32_t region_count;

    struct loop *loop;
    struct store_log *log;
    struct store_applier *applier;
    struct net *net;
    struct net_clients *clients;
    struct node_memory memory;

    struct raft *core;
    struct raft_outputs *outputs;
    struct ledger_tail *tail;
    enum raft_role role;
    raft_term term;
    vg_node_id leader;

    struct node_received *receiving; /* of the step under way */
    struct node_held *held;
    struct node_load loads[VG_NODES_MAX];
    uint32_t load_count;
    uint32_t loads_kept;    /* of them, those that wait for damaged metadata */
    uint64_t submitted;     /* last write given to the log */
    uint64_t written;       /* last durable write */
    uint64_t committed;     /* handed to the applier */
    uint64_t applied;       /* told to the core */
    struct vg_buffer frame; /* scratch for what is sent */

    struct node_proposals proposals;
    struct node_submits submits;
    struct node_gathered gathered;
    struct node_concerned concerned;
    struct node_reads reads;
    struct node_watches watches;
    struct node_repairs repairs;
    struct node_facts facts;
    struct node_drill drill;
    struct node_query *transfer; /* under way; NULL: none */
    uint32_t working;            /* questions and commands on other threads */

    atomic_uint waiting[NODE_WAITING]; /* submits that want an outcome, by their request id */
    /* By member of the genesis: bytes of its frames on their way to the loop; */
    atomic_size_t received_size[VG_NODES_MAX];
    /* the term in which it sent an entry that cannot be; 0: none. */
    atomic_uint_least64_t distrusted[VG_NODES_MAX];
    struct vg_error stopped; /* why the cursor stands still, or VG_OK */

    bool astray[VG_NODES_MAX]; /* leader: whose clocks are off, by member */

    uint64_t next_sweep_us;
    uint64_t next_attest_us;
    uint64_t next_checkpoint_us;
    struct node_owed *owed;
    bool said_evicted[VG_NODES_MAX]; /* by member of the genesis: says that this node is */
    bool ending;                     /* asked to stop: nothing new is taken */
    bool handing_over;               /* ending, and a successor is asked */
    uint64_t end_by_us;
    atomic_bool met_peer;
    struct vg_error fatal; /* why it stopped by itself, or VG_OK */
    bool closed;           /* what is still on its way to the loop is dropped */
};

#endif
