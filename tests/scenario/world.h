/* SPDX-License-Identifier: Apache-2.0
 * A cluster of production cores in a world that a scenario drives by hand: virtual time, a disk
 * with a queue of writes per node, and a network whose every message waits to be delivered. All of
 * it is told to the invariant checker as it happens. Nothing happens that was not asked for. */
#ifndef VIGIL_TESTS_SCENARIO_WORLD_H
#define VIGIL_TESTS_SCENARIO_WORLD_H

#include <jansson.h>

#include "proto/raft/raft.h"
#include "tests/lib/check.h"

enum {
    WORLD_NODES = VG_NODES_MAX,
    WORLD_NAME = 64,    /* longest name of a mark or client, and the end */
    WORLD_PASSES = 400, /* rounds in which a stabilize must come to rest */
};

#define WORLD_ALL ((1U << (WORLD_NODES + 1)) - 2) /* bits 1 .. WORLD_NODES: a set of node ids */

/* ---- entries ----------------------------------------------------------------------------------
 */

/* What a core never sees of an entry. */
struct body {
    char *data;
    uint64_t key; /* of the request; 0: none */
};

struct item {
    struct raft_entry entry;
    uint64_t hash; /* over this and all before it */
    uint32_t body; /* index into world.bodies */
};

/* items[1 .. last] */
struct history {
    struct item *items;
    uint64_t last;
    uint64_t room;
};

/* ---- disk -------------------------------------------------------------------------------------
 */

struct write {
    uint64_t id;
    bool hard_state;
    uint64_t term;
    vg_node_id voted_for;
    uint64_t truncate_from;
    struct item *items;
    uint32_t count;
};

enum disk_fault {
    DISK_GOOD,
    DISK_STALLED,
    DISK_BROKEN, /* the next write stops the node */
    DISK_FULL,   /* no proposals; what is written has room set aside */
};

struct platter {
    uint64_t term;
    vg_node_id voted_for;
    struct history history;
};

/* ---- nodes ------------------------------------------------------------------------------------
 */

enum outcome { OUTCOME_PENDING, OUTCOME_OK, OUTCOME_REFUSED, OUTCOME_UNKNOWN };

struct load {
    vg_node_id peer;
    uint64_t first;
    uint32_t count;
};

struct node {
    vg_node_id id;
    bool up;
    bool paused;
    uint32_t starts; /* each draws another seed */
    struct raft *core;
    uint64_t now_us;
    int64_t wall_offset_ms;
    struct history log;     /* in memory */
    struct platter platter; /* survives a crash */
    struct write *writes;   /* under way, oldest first */
    uint32_t write_count;
    enum disk_fault fault;
    struct load loads[WORLD_NODES];
    uint32_t load_count;
    uint64_t commit;
    uint64_t applied;
    uint64_t *effects; /* key -> index where it took effect here, 0: not yet */
    uint64_t effect_room;
    enum raft_reason refused;
    vg_node_id refused_leader;
    enum outcome transfer; /* of the last transfer it led */
    enum raft_reason alarm;
};

/* ---- messages ---------------------------------------------------------------------------------
 */

enum parcel_state {
    PARCEL_HELD,   /* until its write is durable */
    PARCEL_FLYING, /* may be delivered */
    PARCEL_GONE,   /* delivered or lost; kept for replays */
};

struct parcel {
    uint64_t id;
    enum parcel_state state;
    bool sent; /* it did leave its node, so that it can be replayed */
    uint64_t after_write;
    struct raft_msg msg;
    struct item *items;
};

/* Which messages: bits of node ids and of message types. */
struct filter {
    uint32_t from;
    uint32_t to;
    uint32_t types;
};

#define FILTER_ALL ((struct filter){.from = WORLD_ALL, .to = WORLD_ALL, .types = UINT32_MAX})

/* ---- clients ----------------------------------------------------------------------------------
 */

struct attempt {
    uint64_t key;
    vg_node_id origin;
    uint64_t index;
    uint64_t term;
    enum outcome outcome;
};

struct client_key {
    char client[WORLD_NAME]; /* "" for a proposal without a client */
    uint64_t seq;
};

struct read {
    char name[WORLD_NAME];
    uint64_t id;
    vg_node_id node;
    uint64_t index;
    enum outcome outcome;
};

struct mark {
    char name[WORLD_NAME];
    struct platter platters[WORLD_NODES + 1];
};

/* ---- the world --------------------------------------------------------------------------------
 */

struct world_options {
    uint32_t node_count;
    uint64_t seed;
    uint32_t preloaded; /* noops of term 1 every log starts with */
    bool stopped;       /* nodes wait for a restart */
    bool sync_disk;     /* each write is durable at once */
    struct raft_config core;
};

struct world {
    struct world_options options;
    struct node nodes[WORLD_NODES + 1]; /* by id */
    struct check *check;
    struct raft_outputs *outputs;
    struct raft_outputs *outputs_again;
    struct raft *clone;
    struct body *bodies;
    uint32_t body_count;
    struct parcel **parcels; /* by id - 1 */
    uint64_t parcel_count;
    uint64_t settled; /* parcels before this one are gone */
    bool cut[WORLD_NODES + 1][WORLD_NODES + 1];
    struct filter *holds;
    uint32_t hold_count;
    struct attempt *attempts;
    uint32_t attempt_count;
    struct client_key *keys; /* by key - 1 */
    uint64_t key_count;
    struct read *reads;
    uint32_t read_count;
    struct mark *marks;
    uint32_t mark_count;
    FILE *trace; /* borrowed; NULL: none */
};

/* A world with its nodes started, unless they are to be stopped; the caller frees it. */
struct world *world_new(const struct world_options *options, FILE *trace);
void world_free(struct world *world);

/* The node of an id in 1 .. node_count. */
struct node *world_node(struct world *world, uint64_t id);

/* What a node says of itself; all zero but its id if it is down. */
struct raft_status world_status(const struct node *node);

/* Takes one step of a running node and carries its outputs out. `items` are the bodies of the
 * event's entries, if it has any; time and wall clock are filled in. */
void world_step(struct world *world, struct node *node, struct raft_event *event,
                const struct item *items);

/* ---- time (world_time.c) */

/* Moves one node's clock by `us`, firing its timers as they come due. A stopped or paused node
 * only loses the time. False if its timers fire without end. */
bool world_tick(struct world *world, struct node *node, uint64_t us);

/* Lets all nodes live for `us`, messages and disks being immediate. False if it found no rest. */
bool world_run(struct world *world, uint64_t us);

/* The wall clock a node sees. */
uint64_t world_wall_ms(const struct world *world, const struct node *node);

/* Heals everything and demands I40. */
void world_converge(struct world *world);

/* ---- disk (world_disk.c) */

void world_queue_write(struct world *world, struct node *node, const struct raft_output *out);

/* Completes the oldest write; false if there is none or the disk is stalled. */
bool world_disk_step(struct world *world, struct node *node);

/* Stops the node; the first `keep` of its unfinished writes are on the platter. */
void world_crash(struct world *world, struct node *node, uint32_t keep);

/* Starts a stopped node from its platter. */
void world_restart(struct world *world, struct node *node);

/* Replaces a stopped node's platter before its first start. */
void world_preload(struct world *world, struct node *node, const uint64_t *terms, uint32_t count,
                   uint64_t term, uint64_t vote);

void world_mark(struct world *world, const char *name);

/* Takes a stopped node's disk back to a mark; false if there is no such mark. */
bool world_rollback(struct world *world, struct node *node, const char *name);

/* ---- network (world_net.c) */

void world_send(struct world *world, struct node *node, const struct raft_output *out);

/* Lets the messages go that waited for the write. */
void world_release_held(struct world *world, const struct node *node, uint64_t write_id);
void world_forget_held(struct world *world, const struct node *node);

/* Puts a message on the wire as if `msg->from` had sent it. Moves `items`. */
struct parcel *world_post(struct world *world, const struct raft_msg *msg, struct item *items);

bool world_matches(const struct filter *filter, const struct raft_msg *msg);

/* True if the parcel waits on the wire and nothing holds it back. */
bool world_deliverable(const struct world *world, const struct parcel *parcel);

void world_deliver(struct world *world, struct parcel *parcel);

/* Delivers what is deliverable now; of what that causes, nothing. Returns how many. */
uint64_t world_deliver_all(struct world *world, const struct filter *filter);

void world_lose(struct world *world, struct parcel *parcel);
struct parcel *world_parcel(struct world *world, uint64_t id);

/* Posts a copy. */
void world_repeat(struct world *world, const struct parcel *parcel);

void world_hold(struct world *world, struct filter filter);
void world_unhold(struct world *world, const struct filter *filter);

/* Opens or cuts one direction; what is under way there is lost. Call world_links_changed() when
 * all are set. */
void world_cut(struct world *world, uint64_t from, uint64_t to, bool cut);
void world_links_changed(struct world *world);

/* Disks, applies and deliveries of these nodes until nothing is left to do; false if that does
 * not happen within `passes`. */
bool world_stabilize(struct world *world, uint32_t nodes, uint32_t passes);

/* ---- entries and clients (world_app.c) */

void history_truncate(struct history *history, uint64_t from);

/* Appends an entry, chaining its hash. */
void history_append(const struct world *world, struct history *history,
                    const struct raft_entry *entry, uint32_t body);
void history_copy(struct history *to, const struct history *from);

uint32_t world_body(struct world *world, const char *data, uint64_t key);

/* The entry any node has at (index, term), else one made up from these numbers. */
struct item world_known_item(struct world *world, uint64_t index, uint64_t term, uint64_t time_ms);

/* The key of a client's request, a new one for a client without name. */
uint64_t world_key(struct world *world, const char *client, uint64_t seq);

/* Proposes `count` entries at once; the reason if refused. */
enum raft_reason world_propose(struct world *world, struct node *node, const uint64_t *keys,
                               const char *const *data, uint32_t count);

/* Applies one committed entry; false if there is none. */
bool world_apply_step(struct world *world, struct node *node);

/* Ends a node's open attempts at indices from `from` on as unknown, and with `reads` its reads. */
void world_lose_attempts(struct world *world, struct node *node, uint64_t from);
void world_end_read(struct world *world, const struct node *node, const struct raft_output *out);
void world_lose_reads(struct world *world, const struct node *node);

/* Starts a read; `name` is the scenario's. */
void world_read(struct world *world, struct node *node, const char *name);

/* ---- trace (world_trace.c): one JSON object a line; takes the object, nothing if not tracing */
void world_trace(const struct world *world, json_t *object);
void world_trace_msg(const struct world *world, const char *what, const struct parcel *parcel);

/* ---- names of the language scn/1 (names.c); NULL or 0 if unknown */
const char *outcome_name(enum outcome outcome);
unsigned type_of_name(const char *name);

#endif
