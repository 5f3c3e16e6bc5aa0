/* SPDX-License-Identifier: Apache-2.0
 * What must hold of the state machine, its clients, partitions and the end of a run. */
#include <inttypes.h>

#include "common/mem.h"
#include "tests/lib/check_books.h"

static struct request *find_request(struct check *check, uint64_t key)
{
    struct request *request = NULL;
    HASH_FIND(hh, check->requests, &key, sizeof key, request);
    return request;
}

/* ---- apply ------------------------------------------------------------------------------------
 */

static void apply_request(struct check *check, const struct book *book,
                          const struct check_apply *apply)
{
    struct request *request = find_request(check, apply->key);
    if (request == NULL) {
        check_fail(check, "I25", book->id, apply->index, 0,
                   "applied key %" PRIu64 " that no client proposed", apply->key);
        return;
    }
    if (request->refused)
        check_fail(check, "I26", book->id, apply->index, 0,
                   "applied key %" PRIu64 " that was refused", apply->key);
    if (request->index == 0 && !apply->duplicate)
        request->index = apply->index;
    bool first = request->index == apply->index;
    if (first == apply->duplicate)
        check_fail(check, "I23", book->id, apply->index, 0,
                   "key %" PRIu64 " took effect at %" PRIu64 " and is %s here", apply->key,
                   request->index, apply->duplicate ? "called a copy" : "applied again");
    if (request->answered && request->outcome != apply->outcome)
        check_fail(check, "I23", book->id, apply->index, 0,
                   "key %" PRIu64 " is answered otherwise than before", apply->key);
    request->answered = true;
    request->outcome = apply->outcome;
}

void check_applied(struct check *check, vg_node_id node, const struct check_apply *apply)
{
    if (check->failed)
        return;
    struct book *book = check_book(check, node);
    check_mix(check, apply->hash);
    check_mix(check, apply->outcome);
    if (apply->index != book->applied + 1)
        check_fail(check, "I15", book->id, apply->index, 0, "applied after %" PRIu64,
                   book->applied);
    if (apply->index > book->commit || apply->index > check->committed) {
        check_fail(check, "I15", book->id, apply->index, 0,
                   "applied beyond the commit index %" PRIu64, book->commit);
        return;
    }
    book->applied = apply->index;
    struct verdict *verdict = &check->verdicts[apply->index];
    if (verdict->entry.hash != apply->hash)
        check_fail(check, "I6", book->id, apply->index, verdict->entry.term,
                   "applied another entry than was committed here");
    if (apply->unread)
        return;
    if (verdict->applied && verdict->outcome != apply->outcome)
        check_fail(check, "I6", book->id, apply->index, verdict->entry.term,
                   "applied with another outcome than elsewhere");
    verdict->applied = true;
    verdict->outcome = apply->outcome;
    if (apply->key != 0)
        apply_request(check, book, apply);
}

/* ---- clients ----------------------------------------------------------------------------------
 */

void check_proposed(struct check *check, uint64_t key)
{
    struct request *request = find_request(check, key);
    if (request == NULL) {
        request = vg_alloc_zero(1, sizeof *request);
        request->key = key;
        HASH_ADD(hh, check->requests, key, sizeof request->key, request);
    }
    request->open++;
    request->refused = false;
}

static struct request *end_request(struct check *check, uint64_t key)
{
    struct request *request = find_request(check, key);
    if (request == NULL || request->open == 0) {
        check_fail(check, "I28", 0, 0, 0, "key %" PRIu64 " is answered twice or was never asked",
                   key);
        return NULL;
    }
    request->open--;
    return request;
}

void check_acked(struct check *check, uint64_t key, uint64_t index, uint64_t outcome)
{
    struct request *request = check->failed ? NULL : end_request(check, key);
    if (request == NULL)
        return;
    if (index > check->committed || request->index != index)
        check_fail(check, "I24", 0, index, 0,
                   "key %" PRIu64 " is acknowledged here and took effect at %" PRIu64, key,
                   request->index);
    if (request->answered && request->outcome != outcome)
        check_fail(check, "I23", 0, index, 0, "key %" PRIu64 " is answered otherwise than before",
                   key);
    request->acked = index;
}

void check_refused(struct check *check, uint64_t key)
{
    struct request *request = check->failed ? NULL : end_request(check, key);
    if (request == NULL || request->unknown || request->acked != 0 || request->open > 0)
        return;
    if (request->index != 0)
        check_fail(check, "I26", 0, request->index, 0, "key %" PRIu64 " is refused and took effect",
                   key);
    request->refused = true;
}

void check_unknown(struct check *check, uint64_t key)
{
    struct request *request = check->failed ? NULL : end_request(check, key);
    if (request != NULL)
        request->unknown = true;
}

/* ---- partitions -------------------------------------------------------------------------------
 */

void check_isolated(struct check *check, const vg_node_id *nodes, uint32_t count)
{
    if (count > check->config.voter_count / 2)
        return;
    uint64_t limit = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct book *book = check_book(check, nodes[i]);
        limit = book->memory.last > limit ? book->memory.last : limit;
    }
    for (uint32_t i = 0; i < count; i++)
        check_book(check, nodes[i])->limit = limit;
}

void check_rejoined(struct check *check)
{
    for (uint32_t i = 0; i < check->book_count; i++)
        check->books[i].limit = UINT64_MAX;
}

/* ---- the end ----------------------------------------------------------------------------------
 */

static const struct raft_status *only_leader(struct check *check, const vg_node_id *ids,
                                             const struct raft_status *live, uint32_t count)
{
    const struct raft_status *leader = NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (live[i].role != RAFT_LEADER)
            continue;
        if (leader != NULL)
            check_fail(check, "I40", ids[i].value, 0, live[i].term.value,
                       "two nodes lead after the heal");
        leader = &live[i];
    }
    if (leader == NULL)
        check_fail(check, "I40", 0, 0, 0, "nobody leads after the heal");
    return leader;
}

void check_converged(struct check *check, const vg_node_id *ids, const struct raft_status *live,
                     uint32_t count, uint64_t term_max)
{
    const struct raft_status *leader = only_leader(check, ids, live, count);
    if (leader != NULL && leader->term.value > term_max)
        check_fail(check, "I40", leader->leader.value, 0, leader->term.value,
                   "the heal took terms beyond %" PRIu64, term_max);
    for (uint32_t i = 0; i < count && leader != NULL; i++) {
        const struct raft_status *node = &live[i];
        if (node->term.value != leader->term.value || node->leader.value != leader->leader.value)
            check_fail(check, "I40", ids[i].value, 0, node->term.value,
                       "follows %" PRIu64 ", the others %" PRIu64 " in term %" PRIu64,
                       node->leader.value, leader->leader.value, leader->term.value);
        if (node->committed.value != leader->committed.value ||
            node->appended.value != leader->appended.value ||
            node->committed.value != node->appended.value)
            check_fail(check, "I40", ids[i].value, node->committed.value, node->term.value,
                       "its log ends at %" PRIu64 "; the leader's at %" PRIu64
                       ", committed to %" PRIu64,
                       node->appended.value, leader->appended.value, leader->committed.value);
    }
}

static bool reaches_quorum(const struct check *check, const vg_node_id *ids,
                           bool links[VG_NODES_MAX][VG_NODES_MAX], uint32_t count, uint32_t self)
{
    uint32_t reached = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool voter = false;
        for (uint32_t v = 0; v < check->config.voter_count; v++)
            voter |= vg_node_equal(check->config.voters[v], ids[i]);
        reached += voter && (i == self || (links[self][i] && links[i][self]));
    }
    return reached > check->config.voter_count / 2;
}

void check_served(struct check *check, const vg_node_id *ids, const struct raft_status *live,
                  bool links[VG_NODES_MAX][VG_NODES_MAX], uint32_t count)
{
    bool possible = false;
    for (uint32_t i = 0; i < count; i++) {
        if (!reaches_quorum(check, ids, links, count, i))
            continue;
        if (live[i].role == RAFT_LEADER)
            return;
        possible = true;
    }
    if (possible)
        check_fail(check, "I41", 0, check->committed, 0,
                   "a node has links both ways with a quorum, no such node leads");
}

void check_finished(struct check *check)
{
    for (struct fact *read = check->reads; read != NULL; read = read->hh.next)
        check_fail(check, "I28", read->key[0], 0, 0, "read %" PRIu64 " never ended", read->key[1]);
    for (struct request *r = check->requests; r != NULL; r = r->hh.next) {
        if (r->open > 0)
            check_fail(check, "I28", 0, r->index, 0, "key %" PRIu64 " was never answered", r->key);
        if (r->acked != 0 && r->acked != r->index)
            check_fail(check, "I24", 0, r->acked, 0, "acknowledged key %" PRIu64 " is not there",
                       r->key);
    }
}
