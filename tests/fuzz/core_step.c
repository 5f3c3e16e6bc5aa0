/* SPDX-License-Identifier: Apache-2.0
 * One core among peers that are who they say and say whatever they like: no message stops it, and
 * none makes it forget what it promised. Bytes choose the configuration, then what happens; the
 * core's own events (time, its disk, proposals, reads) are as the node gives them. */
#include "tests/fuzz/fuzz.h"
#include "tests/lib/raft_cluster.h"

enum {
    SELF = 1,
    NODES = 3,
    LOG_ROOM = RC_LOG_MAX - 2 * RAFT_BATCH_MAX,
    HELD_ROOM = RC_MSGS_MAX - RAFT_OUTPUTS_MAX,
};

struct world {
    struct vg_reader input;
    struct rc *rc;
    uint64_t last_read;
    raft_term term; /* as they were after the step before */
    vg_node_id vote;
    uint64_t committed;
    uint64_t applied;
    uint64_t committed_terms[RC_LOG_MAX + 1];
};

static uint64_t below(struct world *world, uint64_t bound)
{
    return fuzz_below(&world->input, bound);
}

static struct rc_node *self(const struct world *world)
{
    return &world->rc->nodes[SELF];
}

/* ---- messages ----------------------------------------------------------------------------------
 */

/* A number about `value`, one of the log's, or any at all. */
static uint64_t number(struct world *world, uint64_t value)
{
    uint8_t choice = vg_read_u8(&world->input);
    if (choice < 0xf0)
        return value + (choice & 0xf) < 8 ? 0 : value + (choice & 0xf) - 8;
    if (choice < 0xf8)
        return vg_read_u16(&world->input);
    return vg_read_u64(&world->input);
}

/* An index that the log has, or one about its end. */
static uint64_t index_of(struct world *world)
{
    uint64_t last = self(world)->last;
    uint8_t choice = vg_read_u8(&world->input);
    return choice < 0x80 ? number(world, last) : (choice & 0x7f) % (last + 1);
}

static uint64_t term_at(struct world *world, uint64_t index)
{
    bool honest = below(world, 8) != 0;
    if (honest && index <= self(world)->last)
        return index == 0 ? 0 : self(world)->log[index].term;
    return number(world, rc_core(world->rc, SELF)->term.value);
}

static struct raft_msg message(struct world *world)
{
    const struct raft *core = rc_core(world->rc, SELF);
    struct raft_msg msg = {.type = (enum raft_msg_type)below(world, RAFT_MSG_READ_RESP + 2)};
    uint8_t flags = vg_read_u8(&world->input);
    msg.from.value = (flags & 1) != 0 ? 2 : 3;
    msg.to.value = SELF;
    msg.granted = (flags & 2) != 0;
    msg.transfer = (flags & 4) != 0;
    msg.unfit = (flags & 128) != 0;
    msg.term = (flags & 8) != 0 ? core->term.value : number(world, core->term.value);
    msg.prev_index = (flags & 16) != 0 ? self(world)->last : index_of(world);
    msg.prev_term = term_at(world, msg.prev_index);
    msg.commit = number(world, core->committed.value);
    msg.round = number(world, core->round);
    msg.index = (flags & 32) != 0 ? self(world)->last : index_of(world);
    msg.hint_term = number(world, core->term.value);
    msg.read_id = number(world, core->reads.last_sent_id);
    msg.log_time_ms = number(world, core->wall_ms);
    msg.wall_ms = number(world, core->wall_ms);
    if (msg.type == RAFT_MSG_APP)
        msg.entry_count = (uint32_t)below(world, (flags & 64) != 0 ? 4 : RAFT_BATCH_MAX);
    return msg;
}

/* Entries as the message must have them, now and then with something else in one. */
static void entries_of(struct world *world, const struct raft_msg *msg, struct raft_entry *entries)
{
    uint64_t term = msg->prev_term == 0 ? 1 : msg->prev_term;
    uint64_t time_ms = number(world, msg->log_time_ms);
    uint32_t odd = vg_read_u8(&world->input);
    for (uint32_t i = 0; i < msg->entry_count; i++) {
        term = i % 4 == 3 && term < msg->term ? term + 1 : term;
        entries[i] = (struct raft_entry){.index = msg->prev_index + 1 + i,
                                         .term = i + 1 == msg->entry_count ? msg->term : term,
                                         .time_ms = time_ms + i,
                                         .size = 100,
                                         .kind = RAFT_DATA};
        if (i != odd)
            continue;
        entries[i].index = number(world, entries[i].index);
        entries[i].term = number(world, term);
        entries[i].time_ms = number(world, entries[i].time_ms);
        entries[i].size = vg_read_u32(&world->input) % VG_ENTRY_MAX;
        entries[i].kind = vg_read_u8(&world->input);
    }
}

static void receive(struct world *world)
{
    struct raft_entry entries[RAFT_BATCH_MAX];
    struct raft_msg msg = message(world);
    entries_of(world, &msg, entries);
    rc_inject(world->rc, &msg, entries);
}

/* ---- its own events ----------------------------------------------------------------------------
 */

static void pass_time(struct world *world)
{
    rc_wait(world->rc, below(world, 256) * 8);
    if (raft_deadline_us(self(world)->core) <= world->rc->now_us)
        rc_tick(world->rc, SELF);
}

static void write_one(struct world *world)
{
    rc_disk(world->rc, SELF, 1);
}

static void propose(struct world *world)
{
    rc_propose(world->rc, SELF, 1 + (uint32_t)below(world, 64), vg_read_u16(&world->input));
}

static void read_index(struct world *world)
{
    if (self(world)->read_count < RC_READS_MAX)
        rc_read(world->rc, SELF, ++world->last_read);
}

static void transfer(struct world *world)
{
    rc_transfer(world->rc, SELF, below(world, NODES + 2));
}

static void campaign(struct world *world)
{
    rc_campaign(world->rc, SELF);
}

static void set_applied(struct world *world)
{
    struct raft_event event = {.type = RAFT_SET_APPLIED, .index = world->applied};
    rc_step(world->rc, SELF, event);
}

static void apply(struct world *world)
{
    world->applied = rc_core(world->rc, SELF)->committed.value;
    set_applied(world);
}

/* The next life knows what is on its disk and what was applied, which is there for good. Others may
 * then tell it another end of what was committed and not applied. */
static void restart(struct world *world)
{
    struct rc_node *node = self(world);
    rc_crash(world->rc, SELF);
    world->rc->config.seed++;
    node->read_count = 0;
    assert(node->disk_last >= world->applied);
    rc_start(world->rc, SELF);
    set_applied(world);
    world->term = node->disk_term;
    world->vote = node->disk_vote;
    world->committed = world->applied;
    memset(&world->committed_terms[world->applied + 1], 0,
           (RC_LOG_MAX - world->applied) * sizeof world->committed_terms[0]);
}

static void skew_clock(struct world *world)
{
    self(world)->clock_skew_ms = vg_read_u16(&world->input);
}

static void fill_or_clear_disk(struct world *world)
{
    self(world)->full = !self(world)->full;
}

/* ---- what must hold ----------------------------------------------------------------------------
 */

/* One step replaces at most a batch of entries, so of what is committed the last ones tell. */
static void check(struct world *world)
{
    const struct raft *core = rc_core(world->rc, SELF);
    const struct rc_node *node = self(world);
    assert(core->term.value >= world->term.value);
    if (core->term.value == world->term.value && world->vote.value != 0)
        assert(vg_node_equal(core->voted_for, world->vote));
    assert(core->committed.value >= world->committed && core->committed.value <= node->last);
    world->committed = core->committed.value;
    for (uint64_t i = world->committed; i > 0 && i + RAFT_BATCH_MAX > world->committed; i--) {
        uint64_t *known = &world->committed_terms[i];
        assert(*known == 0 || *known == node->log[i].term);
        *known = node->log[i].term;
    }
    assert(node->last == core->window.last.value);
    world->term = core->term;
    world->vote = core->voted_for;
}

/* What leaves promises nothing that is not on the disk, nor of entries that this term's leader has
 * not shown to be its own. */
static void check_promises(const struct world *world)
{
    const struct raft *core = rc_core(world->rc, SELF);
    const struct rc_node *node = self(world);
    for (uint32_t i = 0; i < world->rc->msg_count; i++) {
        const struct raft_msg *msg = rc_msg_at(world->rc, (int)i);
        bool granted = msg->granted;
        bool prevote = msg->type == RAFT_MSG_PREVOTE || msg->type == RAFT_MSG_PREVOTE_RESP;
        assert(prevote || msg->term <= node->disk_term.value);
        if (granted && msg->type == RAFT_MSG_VOTE_RESP)
            assert(msg->term == node->disk_term.value && vg_node_equal(node->disk_vote, msg->to));
        if (granted && msg->type == RAFT_MSG_APP_RESP)
            assert(msg->index <= node->disk_last &&
                   (msg->term < core->term.value || msg->index <= core->verified.value));
    }
}

static void configure(struct world *world)
{
    struct raft_config *config = &world->rc->config;
    uint8_t flags = vg_read_u8(&world->input);
    config->prevote = (flags & 1) == 0;
    config->check_quorum = (flags & 2) == 0;
    world->rc->check_purity = (flags & 4) != 0;
    config->seed = flags;
    if ((flags & 8) == 0)
        return;
    config->batch_entries_max = 1 + (uint32_t)below(world, 3);
    config->inflight_max = 1 + (uint32_t)below(world, 3);
    config->batch_bytes_max = (uint32_t)below(world, 256);
    config->inflight_bytes_max = 2 * (uint32_t)below(world, 256);
    config->uncommitted_bytes_max = 8 * (uint32_t)below(world, 256);
}

/* A log to start from: runs of terms of a few entries each. */
static void preload(struct world *world)
{
    uint64_t terms[RC_LOG_MAX];
    uint32_t count = 0;
    uint64_t runs = below(world, 16);
    for (uint64_t term = 1; term <= runs; term++)
        for (uint64_t left = 1 + below(world, runs > 12 ? 256 : 8); left > 0; left--)
            terms[count++] = term;
    rc_preload(world->rc, SELF, terms, count, runs + below(world, 2), 0);
}

/* An alarm stops the node; the rest is room in the table that the core is on. */
static bool goes_on(const struct world *world)
{
    const struct rc_node *node = self(world);
    return !world->input.failed && node->alarm == RAFT_REASON_NONE && node->last < LOG_ROOM &&
           node->held_count < HELD_ROOM;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const acts[])(struct world *) = {
        receive,   receive,   receive,    receive,           write_one, write_one,
        pass_time, pass_time, propose,    read_index,        transfer,  campaign,
        apply,     restart,   skew_clock, fill_or_clear_disk};
    static struct world world;
    world = (struct world){.input = vg_reader_of(vg_span_of(data, size)), .rc = rc_new(NODES)};
    configure(&world);
    preload(&world);
    rc_start(world.rc, SELF);
    while (goes_on(&world)) {
        acts[below(&world, sizeof acts / sizeof acts[0])](&world);
        check_promises(&world);
        rc_drop_all(world.rc);
        check(&world);
    }
    rc_free(world.rc);
    return 0;
}
