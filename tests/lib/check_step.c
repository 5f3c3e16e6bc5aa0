/* SPDX-License-Identifier: Apache-2.0
 * What must hold of one step of a core, and of each message that leaves a node. */
#include <inttypes.h>

#include "common/mem.h"
#include "tests/lib/check_books.h"

/* ---- roles ------------------------------------------------------------------------------------
 */

static uint32_t grants(struct check *check, uint64_t candidate, uint64_t term)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < check->config.voter_count; i++)
        count += fact_value(check->votes, check->config.voters[i].value, term) == candidate;
    return count;
}

static void new_leader(struct check *check, const struct book *book, uint64_t term)
{
    struct reign *reign = check_reign(check, term);
    if (reign->node != 0 && reign->node != book->id)
        check_fail(check, "I1", book->id, 0, term, "leads beside %" PRIu64, reign->node);
    reign->node = book->id;
    uint32_t count = grants(check, book->id, term);
    if (count < check_quorum(check))
        check_fail(check, "I3", book->id, 0, term, "leads with %u durable votes of %u", count,
                   check->config.voter_count);
    /* A leader elected late, in a term that has passed, owes nothing to what came after it. */
    uint64_t index = check->committed;
    while (index > 0 && check->verdicts[index].term >= term)
        index--;
    if (index > 0 &&
        (book->memory.last < index || book->memory.at[index] != check->verdicts[index].entry.term))
        check_fail(check, "I5", book->id, index, term,
                   "leads without this committed entry, its log ends at %" PRIu64,
                   book->memory.last);
}

static void check_role(struct check *check, const struct book *book, const struct check_step *s)
{
    uint64_t before = s->before->term.value;
    uint64_t after = s->after->term.value;
    if (after < before)
        check_fail(check, "I14", book->id, 0, after, "term falls from %" PRIu64, before);
    if (s->before->voted_for.value != 0 && after == before &&
        s->after->voted_for.value != s->before->voted_for.value)
        check_fail(check, "I2", book->id, 0, after, "vote changes from %" PRIu64 " to %" PRIu64,
                   s->before->voted_for.value, s->after->voted_for.value);
    bool led = s->before->role == RAFT_LEADER && before == after;
    if (s->after->role == RAFT_LEADER && !led)
        new_leader(check, book, after);
}

/* I35: a pre-vote request changes nothing but what is sent. */
static void check_prevote(struct check *check, const struct book *book, const struct check_step *s)
{
    if (s->event->type != RAFT_RECEIVE || s->event->msg->type != RAFT_MSG_PREVOTE)
        return;
    const struct raft_status *a = s->before;
    const struct raft_status *b = s->after;
    bool hard = false;
    for (uint32_t i = 0; i < s->outputs->count; i++)
        hard |= s->outputs->items[i].type == RAFT_OUT_WRITE;
    if (a->term.value != b->term.value || a->voted_for.value != b->voted_for.value ||
        a->role != b->role || a->leader.value != b->leader.value || hard)
        check_fail(check, "I35", book->id, 0, b->term.value,
                   "a pre-vote request of %" PRIu64 " changed term, vote, role, leader or disk",
                   s->event->msg->from.value);
    bool overdue = s->deadline_before_us <= s->event->now_us; /* that timer may end by any step */
    if (!overdue && s->deadline_before_us != s->deadline_after_us)
        check_fail(check, "I35", book->id, 0, b->term.value,
                   "a pre-vote request of %" PRIu64 " moved a timer from %" PRIu64 " to %" PRIu64,
                   s->event->msg->from.value, s->deadline_before_us, s->deadline_after_us);
}

/* ---- the log in memory ------------------------------------------------------------------------
 */

static void follow_append(struct check *check, struct book *book, const struct check_step *s,
                          const struct raft_output *out)
{
    const struct raft_event *event = s->event;
    bool copies = out->source == RAFT_FROM_MESSAGE;
    uint32_t given = copies ? event->msg->entry_count : event->entry_count;
    if (out->first != book->memory.last + 1)
        check_fail(check, "I8", book->id, out->first, s->after->term.value,
                   "appended behind a log that ends at %" PRIu64, book->memory.last);
    if (out->source != RAFT_FROM_LEADERSHIP && out->count > given)
        check_fail(check, "I25", book->id, out->first, s->after->term.value,
                   "appends %u entries, the event has %u", out->count, given);
    if (check->failed)
        return;
    const struct raft_entry *copied = copies ? event->entries + (given - out->count) : NULL;
    for (uint32_t i = 0; i < out->count && !check->failed; i++) {
        terms_push(&book->memory, copies ? copied[i].term : out->entry_term);
        if (copies && copied[i].index != book->memory.last)
            check_fail(check, "I8", book->id, copied[i].index, copied[i].term,
                       "appended at %" PRIu64, book->memory.last);
    }
}

static void follow_truncate(struct check *check, struct book *book, const struct check_step *s,
                            uint64_t from)
{
    if (from <= s->before->committed.value)
        check_fail(check, "I8", book->id, from, s->after->term.value,
                   "truncates what it knows committed (%" PRIu64 ")", s->before->committed.value);
    if (s->after->role == RAFT_LEADER)
        check_fail(check, "I8", book->id, from, s->after->term.value,
                   "a leader truncates its own log");
    if (from == 0 || from > book->memory.last)
        check_fail(check, "I8", book->id, from, s->after->term.value,
                   "truncates a log that ends at %" PRIu64, book->memory.last);
    else
        book->memory.last = from - 1;
}

static void check_log(struct check *check, struct book *book, const struct check_step *s)
{
    for (uint32_t i = 0; i < s->outputs->count && !check->failed; i++) {
        const struct raft_output *out = &s->outputs->items[i];
        if (out->type == RAFT_OUT_TRUNCATE)
            follow_truncate(check, book, s, out->first);
        else if (out->type == RAFT_OUT_APPEND)
            follow_append(check, book, s, out);
    }
    if (check->failed)
        return;
    if (s->after->appended.value != book->memory.last)
        check_fail(check, "I8", book->id, s->after->appended.value, s->after->term.value,
                   "its outputs make a log that ends at %" PRIu64, book->memory.last);
    uint64_t durable = s->after->durable.value;
    if (durable > book->memory.last || durable > book->platter_last ||
        (durable > 0 && book->platter[durable].term != book->memory.at[durable]))
        check_fail(check, "I11", book->id, durable, s->after->term.value,
                   "believed durable, the disk ends at %" PRIu64 " or holds another entry",
                   book->platter_last);
}

/* Remembers how far this log was compared with the leader's, entry by entry. */
static void follow_verified(struct check *check, const struct book *book,
                            const struct check_step *s, uint64_t prev_term_before)
{
    if (s->event->type != RAFT_RECEIVE || s->event->msg->type != RAFT_MSG_APP)
        return;
    const struct raft_msg *msg = s->event->msg;
    if (msg->term != s->after->term.value || prev_term_before != msg->prev_term)
        return;
    uint64_t last = msg->prev_index;
    for (uint32_t i = 0; i < msg->entry_count; i++) {
        if (last + 1 > book->memory.last || book->memory.at[last + 1] != s->event->entries[i].term)
            break;
        last++;
    }
    fact_raise(&check->verified, book->id, msg->term, last);
}

/* Remembers how far a leader has vouched for this log: committed, and checked against its own. */
static void follow_assured(struct check *check, struct book *book, const struct check_step *s)
{
    const struct raft_msg *msg = s->event->msg;
    if (s->event->type != RAFT_RECEIVE || msg->term != s->after->term.value ||
        (msg->type != RAFT_MSG_APP && msg->type != RAFT_MSG_HEARTBEAT))
        return;
    uint64_t verified = fact_value(check->verified, book->id, msg->term);
    uint64_t assured = msg->commit < verified ? msg->commit : verified;
    book->assured = assured > book->assured ? assured : book->assured;
}

/* The term at the message's prev_index before the step; UINT64_MAX if there is no such entry. */
static uint64_t prev_term(const struct book *book, const struct raft_event *event)
{
    if (event->type != RAFT_RECEIVE || event->msg->prev_index > book->memory.last)
        return UINT64_MAX;
    return event->msg->prev_index == 0 ? 0 : book->memory.at[event->msg->prev_index];
}

/* ---- commit -----------------------------------------------------------------------------------
 */

static void first_commit(struct check *check, const struct book *book, const struct check_step *s)
{
    uint64_t commit = s->after->committed.value;
    uint64_t term = s->after->term.value;
    if (s->before->role != RAFT_LEADER && s->after->role != RAFT_LEADER)
        check_fail(check, "I10", book->id, commit, term,
                   "committed before any leader did, who has "
                   "%" PRIu64,
                   check->committed);
    if (book->platter[commit].term != term)
        check_fail(check, "I9", book->id, commit, book->platter[commit].term,
                   "committed by counting in term %" PRIu64, term);
    if (commit >= check->verdict_room) {
        check->verdict_room = commit * 2 + 64;
        check->verdicts =
            vg_realloc(check->verdicts, check->verdict_room * sizeof *check->verdicts);
    }
    for (uint64_t i = check->committed + 1; i <= commit && !check->failed; i++) {
        const struct check_entry *entry = &book->platter[i];
        uint32_t copies = check_copies(check, entry);
        if (copies < check_quorum(check))
            check_fail(check, "I10", book->id, i, entry->term,
                       "committed with %u durable copies of %u", copies, check->config.voter_count);
        check->verdicts[i] = (struct verdict){.entry = *entry, .term = term};
        check->committed = i;
    }
}

static void check_commit(struct check *check, struct book *book, const struct check_step *s)
{
    uint64_t commit = s->after->committed.value;
    uint64_t term = s->after->term.value;
    if (commit < s->before->committed.value)
        check_fail(check, "I7", book->id, commit, term, "commit falls from %" PRIu64,
                   s->before->committed.value);
    if (s->after->applied.value > commit)
        check_fail(check, "I15", book->id, s->after->applied.value, term,
                   "applied beyond the commit index %" PRIu64, commit);
    if (commit <= s->before->committed.value || check->failed)
        return;
    if (commit > book->platter_last || book->platter[commit].term != book->memory.at[commit]) {
        check_fail(check, "I7", book->id, commit, term,
                   "committed, its disk ends at %" PRIu64 " or holds another entry",
                   book->platter_last);
        return;
    }
    if (commit > book->limit)
        check_fail(check, "I43", book->id, commit, term,
                   "a cut off minority commits beyond %" PRIu64, book->limit);
    if (s->after->role != RAFT_LEADER && s->before->role != RAFT_LEADER && commit > book->assured)
        check_fail(check, "I12", book->id, commit, term,
                   "committed, a leader has vouched only to %" PRIu64, book->assured);
    if (commit > check->committed)
        first_commit(check, book, s);
    else if (book->platter[commit].hash != check->verdicts[commit].entry.hash)
        check_fail(check, "I6", book->id, commit, term,
                   "commits another entry than was committed here");
    book->commit = commit;
}

/* ---- reads and limits -------------------------------------------------------------------------
 */

static void read_ready(struct check *check, const struct book *book, const struct raft_output *out,
                       uint64_t term)
{
    if (!fact_known(check->reads, book->id, out->id)) {
        check_fail(check, "I28", book->id, out->first, term,
                   "read %" PRIu64 " is answered twice or was never asked", out->id);
        return;
    }
    uint64_t needed = fact_value(check->reads, book->id, out->id);
    if (out->type == RAFT_OUT_READ_READY && out->first < needed)
        check_fail(check, "I21", book->id, out->first, term,
                   "read %" PRIu64 " is stale: %" PRIu64 " was committed when it began", out->id,
                   needed);
    fact_forget(&check->reads, book->id, out->id);
}

static void check_reads(struct check *check, const struct book *book, const struct check_step *s)
{
    for (uint32_t i = 0; i < s->outputs->count && !check->failed; i++) {
        const struct raft_output *out = &s->outputs->items[i];
        if (out->type == RAFT_OUT_READ_READY || out->type == RAFT_OUT_READ_FAILED)
            read_ready(check, book, out, s->after->term.value);
    }
}

static void check_limits(struct check *check, const struct book *book, const struct check_step *s)
{
    const struct raft_status *after = s->after;
    uint64_t limit = check->config.uncommitted_bytes_max;
    if (after->role != RAFT_LEADER || limit == 0)
        return;
    bool accepted =
        s->event->type == RAFT_PROPOSE && after->appended.value > s->before->appended.value;
    if (accepted && s->before->uncommitted_bytes > limit)
        check_fail(check, "I27", book->id, after->appended.value, after->term.value,
                   "a proposal is taken beyond %" PRIu64 " of %" PRIu64 " uncommitted bytes",
                   s->before->uncommitted_bytes, limit);
    if (after->committed.value == after->appended.value && after->uncommitted_bytes != 0)
        check_fail(check, "I27", book->id, after->appended.value, after->term.value,
                   "%" PRIu64 " uncommitted bytes counted, all is committed",
                   after->uncommitted_bytes);
}

static void check_match(struct check *check, const struct book *book, const struct check_step *s)
{
    const struct raft_status *after = s->after;
    uint64_t term = after->term.value;
    bool led = s->before->role == RAFT_LEADER && s->before->term.value == term;
    for (uint32_t i = 0; i < after->peer_count && after->role == RAFT_LEADER; i++) {
        const struct raft_peer_status *peer = &after->peers[i];
        uint64_t told = fact_value(check->acked, peer->id.value, term);
        if (peer->match > told)
            check_fail(check, "I13", book->id, peer->match, term,
                       "believed of %" PRIu64 ", which acknowledged only %" PRIu64, peer->id.value,
                       told);
        if (peer->match >= peer->next)
            check_fail(check, "I13", book->id, peer->match, term,
                       "match of %" PRIu64 " is not below next %" PRIu64, peer->id.value,
                       peer->next);
        for (uint32_t j = 0; led && j < s->before->peer_count; j++) {
            if (vg_node_equal(s->before->peers[j].id, peer->id) &&
                s->before->peers[j].match > peer->match)
                check_fail(check, "I13", book->id, peer->match, term,
                           "match of %" PRIu64 " falls from %" PRIu64, peer->id.value,
                           s->before->peers[j].match);
        }
    }
}

static void mix_step(struct check *check, const struct check_step *s)
{
    const uint64_t seen[] = {
        s->node.value,
        (uint64_t)s->event->type,
        s->event->now_us,
        s->after->term.value,
        s->after->voted_for.value,
        (uint64_t)s->after->role,
        s->after->appended.value,
        s->after->durable.value,
        s->after->committed.value,
        s->outputs->count,
        s->deadline_after_us,
    };
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++)
        check_mix(check, seen[i]);
}

void check_step(struct check *check, const struct check_step *step)
{
    if (check->failed)
        return;
    struct book *book = check_book(check, step->node);
    mix_step(check, step);
    if (step->event->type == RAFT_READ_INDEX)
        fact_set(&check->reads, book->id, step->event->id, check->committed);
    uint64_t prev = prev_term(book, step->event);
    check_role(check, book, step);
    check_prevote(check, book, step);
    check_log(check, book, step);
    if (check->failed)
        return;
    if (step->after->role == RAFT_LEADER)
        check_reign_log(check, book, step->after->term.value);
    follow_verified(check, book, step, prev);
    follow_assured(check, book, step);
    check_commit(check, book, step);
    check_reads(check, book, step);
    check_match(check, book, step);
    check_limits(check, book, step);
}

/* ---- messages ---------------------------------------------------------------------------------
 */

static void sent_vote(struct check *check, const struct book *book, const struct raft_msg *msg)
{
    uint64_t vote = fact_value(check->votes, book->id, msg->term);
    if (msg->granted && vote != msg->to.value)
        check_fail(check, "I2", book->id, 0, msg->term,
                   "grants %" PRIu64 " its vote, its disk says %" PRIu64, msg->to.value, vote);
}

static void sent_ack(struct check *check, const struct book *book, const struct raft_msg *msg)
{
    if (!msg->granted)
        return;
    uint64_t verified = fact_value(check->verified, book->id, msg->term);
    if (msg->index > verified)
        check_fail(check, "I12", book->id, msg->index, msg->term,
                   "acknowledged to %" PRIu64 ", checked against it only to %" PRIu64,
                   msg->to.value, verified);
    uint64_t agreed = check_agreed(check, book, msg->term);
    if (msg->index > agreed)
        check_fail(check, "I11", book->id, msg->index, msg->term,
                   "acknowledged to %" PRIu64 ", its disk holds that leader's log only to %" PRIu64,
                   msg->to.value, agreed);
    fact_raise(&check->acked, book->id, msg->term, msg->index);
}

/* A candidate promises the log that its disk holds, not one that a crash may take (B9). */
static void sent_candidacy(struct check *check, const struct book *book, const struct raft_msg *msg)
{
    uint64_t index = msg->prev_index;
    if (index == 0 || book->term > msg->term)
        return;
    if (index > book->platter_last || book->platter[index].term != msg->prev_term)
        check_fail(check, "I11", book->id, index, msg->term,
                   "campaigns with an entry of term %" PRIu64 ", its disk ends at %" PRIu64
                   " or holds another entry",
                   msg->prev_term, book->platter_last);
}

static void sent_by_leader(struct check *check, const struct book *book, const struct raft_msg *msg)
{
    uint64_t leader = check_reign(check, msg->term)->node;
    if (leader != book->id)
        check_fail(check, "I1", book->id, 0, msg->term, "speaks as the leader, which is %" PRIu64,
                   leader);
}

void check_sent(struct check *check, const struct raft_msg *msg)
{
    if (check->failed)
        return;
    struct book *book = check_book(check, msg->from);
    check_mix(check, msg->from.value * 64 + (uint64_t)msg->type);
    check_mix(check, msg->to.value);
    check_mix(check, msg->index);
    uint64_t allowed = book->term + (msg->type == RAFT_MSG_PREVOTE ? 1 : 0);
    if (msg->term > allowed && msg->type != RAFT_MSG_PREVOTE_RESP)
        check_fail(check, "I14", book->id, 0, msg->term,
                   "a message of a term above its durable term %" PRIu64, book->term);
    switch (msg->type) {
    case RAFT_MSG_APP:
    case RAFT_MSG_HEARTBEAT:
    case RAFT_MSG_TIMEOUT_NOW:
        sent_by_leader(check, book, msg);
        break;
    case RAFT_MSG_APP_RESP:
        sent_ack(check, book, msg);
        break;
    case RAFT_MSG_VOTE_RESP:
        sent_vote(check, book, msg);
        break;
    case RAFT_MSG_PREVOTE:
    case RAFT_MSG_VOTE:
        sent_candidacy(check, book, msg);
        break;
    case RAFT_MSG_HEARTBEAT_RESP:
    case RAFT_MSG_PREVOTE_RESP:
    case RAFT_MSG_READ:
    case RAFT_MSG_READ_RESP:
        break;
    }
}
