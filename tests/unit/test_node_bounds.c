/* SPDX-License-Identifier: Apache-2.0
 * What a node takes of others: whose answer to a forwarded command counts, how many bytes may wait,
 * and whose entries are of another history. A node of which only the parts under test are there, so
 * that nothing moves but by them. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/clock.h"
#include "node/parts.h"
#include "tests/lib/chain.h"

enum { SELF = 1, LEADER = 2, LIAR = 3, LARGE = 1 << 20 };

static struct node node;

static void turn_ended(void *context)
{
    (void)context;
}

static void stop(struct loop_task *task)
{
    (void)task;
    loop_stop(node.loop);
}

/* Hands over what was posted. */
static void turn(void)
{
    struct loop_task last = {.run = stop};
    loop_post(node.loop, &last);
    loop_run(node.loop);
}

static void up(void)
{
    static const struct loop_events none = {.turn = turn_ended};
    static struct node_config config;
    struct vg_error error;
    vg_crypto_init();
    node = (struct node){.config = &config, .self = {SELF}, .cluster = {{7}}};
    node.genesis.member_count = 3;
    for (uint32_t i = 0; i < node.genesis.member_count; i++)
        node.genesis.members[i].id.value = i + 1;
    node.proposals.last = &node.proposals.first;
    node.proposals.newest = &node.proposals.oldest;
    cr_assert_eq(loop_open(&none, &node, &node.loop, &error), VG_OK, "%s", error.text);
}

static void down(void)
{
    static const struct vg_error over = {.code = VG_UNAVAILABLE};
    node_submits_end(&node, &over);
    loop_close(node.loop);
    node_proposals_free(&node);
    vg_buffer_free(&node.frame);
}

TestSuite(node_bounds, .init = up, .fini = down);

/* What was answered last; VG_OK: nothing was. */
static enum vg_code answered(void)
{
    struct wire_response response = {.token = 0};
    struct vg_error error;
    if (node.frame.size == 0)
        return VG_OK;
    cr_assert_eq(wire_response_decode(vg_buffer_span(&node.frame), &response, &error), VG_OK);
    vg_buffer_clear(&node.frame);
    return response.error.code;
}

static struct node_submit *submit_of(uint8_t request, size_t size)
{
    struct node_submit *submit = vg_alloc_zero(1, sizeof *submit);
    submit->node = &node;
    submit->key.request.bytes[0] = request;
    submit->deadline_us = UINT64_MAX;
    submit->payload = vg_blob_new(size);
    submit->envelope = vg_blob_new(size);
    submit->envelope_id.bytes[0] = request;
    return submit;
}

/* ---- answers to forwarded commands -------------------------------------------------------------
 */

/* As if it had been forwarded to the leader; nothing is sent, for want of a net. */
static struct node_submit *forwarded(void)
{
    struct node_submit *submit = submit_of(1, 1);
    node.leader.value = LEADER;
    node_submit_add(&node, submit);
    submit->placed_with = node.leader;
    submit->unanswered = true;
    vg_buffer_clear(&node.frame);
    return submit;
}

static void say(uint64_t from, uint64_t token, enum vg_code code)
{
    const struct wire_forward_resp answer = {
        .token = token, .code = code, .index = 9, .term = 1, .leader = {LEADER}};
    struct vg_buffer bytes = {0};
    wire_forward_resp_encode(&answer, &bytes);
    node_frame_received(&node, (vg_node_id){from}, WIRE_FORWARD_RESP,
                        vg_blob_copy(vg_buffer_span(&bytes)));
    vg_buffer_free(&bytes);
    turn();
}

/* Tokens are counted up, so whoever likes can guess one. */
Test(node_bounds, an_answer_of_somebody_else_than_the_leader_changes_nothing)
{
    static const enum vg_code codes[] = {VG_OK, VG_BUSY, VG_UNAVAILABLE};
    const struct node_submit *submit = forwarded();
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        say(LIAR, submit->token, codes[i]);
        cr_assert_eq(node.submits.count, 1);
        cr_assert_eq(answered(), VG_OK, "nobody is told anything");
        cr_assert(submit->unanswered && !submit->acknowledged);
        cr_assert_eq(submit->placed_with.value, LEADER);
    }
    say(LEADER, submit->token, VG_OK);
    cr_assert(submit->acknowledged && !submit->unanswered);
    say(LIAR, submit->token, VG_UNAVAILABLE);
    cr_assert(submit->acknowledged, "nor afterwards");
}

Test(node_bounds, a_busy_leader_is_believed)
{
    const struct node_submit *submit = forwarded();
    say(LEADER, submit->token, VG_BUSY);
    cr_assert_eq(node.submits.count, 0);
    cr_assert_eq(answered(), VG_BUSY);
}

/* ---- bytes -------------------------------------------------------------------------------------
 */

/* Envelopes of this node's own, as it leads. */
Test(node_bounds, proposals_are_bounded_by_their_bytes)
{
    enum { FIT = NODE_PROPOSALS_BYTES_MAX / LARGE };
    node.role = RAFT_LEADER;
    node.leader = node.self;
    for (unsigned i = 0; i < FIT; i++)
        node_submit_add(&node, submit_of((uint8_t)i, LARGE));
    cr_assert_eq(node.proposals.bytes, NODE_PROPOSALS_BYTES_MAX);
    cr_assert_eq(answered(), VG_OK);
    node_submit_add(&node, submit_of(FIT, 1));
    cr_assert_eq(answered(), VG_BUSY, "not one byte more");
    cr_assert_eq(node.proposals.count, FIT);
    node_proposals_lost(&node);
    cr_assert_eq(node.proposals.bytes, 0);
    node_submit_add(&node, submit_of(FIT, LARGE));
    cr_assert_eq(node.proposals.bytes, LARGE);
}

/* Whatever becomes of the sessions that they came on. */
Test(node_bounds, commands_of_clients_are_bounded_by_their_bytes)
{
    enum { FIT = NODE_SUBMITS_BYTES_MAX / LARGE };
    for (unsigned i = 0; i <= FIT; i++) {
        struct node_submit *submit = submit_of((uint8_t)i, LARGE);
        submit->dry_run = true; /* needs no room on a disk */
        node_submit_start(&node, submit);
        cr_assert_eq(answered(), i < FIT ? VG_OK : VG_BUSY, "%u", i);
    }
    cr_assert_eq(node.submits.bytes, NODE_SUBMITS_BYTES_MAX);
    struct node_submit *next;
    for (struct node_submit *submit = node.submits.unchecked; submit != NULL; submit = next) {
        next = submit->next;
        node_submit_free(submit);
    }
    node.submits.unchecked = NULL;
    cr_assert_eq(node.submits.bytes, 0);
}

static void forward(uint64_t from)
{
    struct ledger_envelope envelope = {.version = LEDGER_FORMAT,
                                       .cluster = node.cluster,
                                       .type = LEDGER_SEALED,
                                       .origin = {from},
                                       .body_size = LARGE};
    struct vg_blob *bytes = vg_blob_new(LEDGER_ENVELOPE_SIZE + LARGE);
    struct vg_buffer frame = {0};
    memset(bytes->data, 0, bytes->size);
    ledger_envelope_encode(&envelope, bytes->data);
    wire_forward_encode(
        &(struct wire_forward){.token = 1, .envelope_and_body = vg_blob_span(bytes)}, &frame);
    node_frame_received(&node, (vg_node_id){from}, WIRE_FORWARD,
                        vg_blob_copy(vg_buffer_span(&frame)));
    vg_buffer_free(&frame);
    vg_blob_unref(bytes);
}

/* The loop does not turn meanwhile. Somebody else is heard all the same. */
Test(node_bounds, what_waits_for_the_loop_is_bounded_for_each_peer)
{
    enum { FIT = NODE_RECEIVED_MAX / LARGE };
    node.role = RAFT_LEADER;
    for (unsigned i = 0; i < 2 * FIT; i++)
        forward(LIAR);
    cr_assert_leq(node.received_size[LIAR - 1], NODE_RECEIVED_MAX + 2 * LARGE);
    cr_assert_geq(node.received_size[LIAR - 1], NODE_RECEIVED_MAX);
    forward(LEADER);
    cr_assert_gt(node.received_size[LEADER - 1], LARGE);
    turn();
    cr_assert_eq(node.proposals.count, FIT + 1, "and the rest is as lost");
    for (uint64_t member = 0; member < node.genesis.member_count; member++)
        cr_assert_eq(node.received_size[member], 0);
}

/* ---- entries of another history ----------------------------------------------------------------
 */

enum { HELD = 5, TERM = 3 };

/* The same entry, but for its stamp or what comes before it. */
static struct vg_blob *forged(const struct vg_blob *entry, const vg_hash *previous)
{
    struct ledger_header header;
    struct vg_blob *copy = vg_blob_copy(vg_span_of(entry->data, entry->size));
    vg_span bytes = vg_span_of(copy->data, LEDGER_HEADER_SIZE);
    cr_assert_eq(ledger_header_decode(bytes, &header, NULL), VG_OK);
    if (previous != NULL)
        header.previous = *previous;
    else
        header.time_ms++;
    ledger_header_encode(&header, copy->data);
    return copy;
}

/* A history: what the node holds, and two more. */
struct history {
    struct vg_blob *entries[HELD + 2 + 1]; /* by index */
};

static void put(struct vg_blob *entry)
{
    struct ledger_view view;
    struct vg_error error;
    cr_assert_eq(ledger_parse(vg_blob_span(entry), &view, &error), VG_OK, "%s", error.text);
    cr_assert_eq(ledger_tail_append(node.tail, entry, &view, &error), VG_OK, "%s", error.text);
}

/* The node follows the leader of TERM and has HELD entries of it, none of them committed. */
static struct history hold(void)
{
    static struct raft_entry tail[HELD];
    static const struct raft_run run = {1, TERM};
    struct chain chain = chain_new(1);
    struct history history = {{NULL}};
    chain.term = TERM;
    node.cluster = chain.cluster;
    node.term.value = TERM;
    node.tail = ledger_tail_new(0, &chain.cluster, NODE_TAIL_ENTRIES);
    for (uint64_t i = 1; i <= HELD + 2; i++) {
        struct ledger_view view;
        history.entries[i] = chain_noop(&chain);
        cr_assert_eq(ledger_parse(vg_blob_span(history.entries[i]), &view, NULL), VG_OK);
        if (i <= HELD) {
            put(history.entries[i]);
            tail[i - 1] = node_entry_metadata(&view, history.entries[i]->size);
        }
    }
    const struct raft_config config = {.self = {SELF},
                                       .voters = {{SELF}, {LEADER}, {LIAR}},
                                       .voter_count = 3,
                                       .seed = 1,
                                       .election_timeout_ms = 1000,
                                       .heartbeat_ms = 100,
                                       .batch_entries_max = 1,
                                       .inflight_max = 1,
                                       .prevote = true,
                                       .check_quorum = true};
    const struct raft_recovery found = {
        .term = {TERM}, .tail = tail, .tail_count = HELD, .runs = &run, .run_count = 1};
    node.core = vg_alloc_zero(1, raft_size());
    node.outputs = vg_alloc_zero(1, sizeof *node.outputs);
    raft_init(node.core, &config, &found, vg_clock_system.monotonic_us(), 0);
    /* no look at a disk that is not there */
    atomic_store(&node.drill.faults, NODE_FAULT_DISK);
    atomic_store(&node.drill.until_us, UINT64_MAX);
    pthread_mutex_init(&node.memory.lock, NULL);
    node.memory.count = 2;
    for (uint32_t i = 0; i < node.memory.count; i++)
        node.memory.peers[i] = (struct node_known){.node = {LEADER + i}, .of.term = TERM};
    return history;
}

static void let_go(struct history *history)
{
    for (size_t i = 1; i < sizeof history->entries / sizeof *history->entries; i++)
        vg_blob_unref(history->entries[i]);
    node_held_free(&node);
    ledger_tail_free(node.tail);
    free(node.core);
    free(node.outputs);
    pthread_mutex_destroy(&node.memory.lock);
}

/* An append of entries `first` to `end` as this history has them. */
static void append(uint64_t from, const struct history *history, uint64_t first, uint64_t end)
{
    struct wire_raft message = {.msg = {.type = RAFT_MSG_APP,
                                        .from = {from},
                                        .to = {SELF},
                                        .term = TERM,
                                        .prev_index = first - 1,
                                        .prev_term = first > 1 ? TERM : 0,
                                        .round = 1,
                                        .entry_count = (uint32_t)(end - first + 1)}};
    struct vg_buffer bytes = {0};
    for (uint64_t i = first; i <= end; i++)
        message.entries[i - first] = vg_blob_span(history->entries[i]);
    wire_raft_encode(&message, &bytes);
    node_frame_received(&node, (vg_node_id){from}, WIRE_RAFT, vg_blob_copy(vg_buffer_span(&bytes)));
    vg_buffer_free(&bytes);
    turn();
}

/* A message with these is an alarm, and refused with its sender, for this term; the node lives on,
 * has what it had, and hears others. */
static void expect_refused(const struct history *lie, uint64_t first, uint64_t end,
                           const struct history *truth)
{
    vg_hash before = ledger_tail_hash(node.tail);
    atomic_store(&node.distrusted[LIAR - 1], 0);
    append(LIAR, lie, first, end);
    cr_expect_eq(node.distrusted[LIAR - 1], TERM, "%lu to %lu", first, end);
    append(LIAR, truth, 1, HELD);
    cr_expect_eq(node.leader.value, 0, "nor is it heard afterwards");
    vg_hash after = ledger_tail_hash(node.tail);
    cr_expect_eq(ledger_tail_last(node.tail), HELD);
    cr_expect(vg_hash_equal(&before, &after));
}

Test(node_bounds, one_peer_with_another_history_ends_nobody)
{
    static const vg_hash nowhere = {{9}};
    struct history truth = hold();
    /* entries that are held, the last of them or one before, with another hash */
    for (uint64_t at = 1; at <= HELD; at++) {
        struct history lie = truth;
        lie.entries[at] = forged(truth.entries[at], NULL);
        expect_refused(&lie, at, at, &truth);
        for (uint64_t before = 1; before < at; before++)
            expect_refused(&lie, before, at, &truth);
        vg_blob_unref(lie.entries[at]);
    }
    /* and new ones on top of what is held nowhere */
    for (uint64_t at = HELD + 1; at <= HELD + 2; at++) {
        struct history lie = truth;
        lie.entries[at] = forged(truth.entries[at], &nowhere);
        expect_refused(&lie, HELD + 1, at, &truth);
        expect_refused(&lie, 2, at, &truth);
        vg_blob_unref(lie.entries[at]);
    }
    append(LEADER, &truth, 2, HELD);
    cr_expect_eq(node.distrusted[LEADER - 1], 0);
    cr_expect_eq(node.leader.value, LEADER);
    let_go(&truth);
}
