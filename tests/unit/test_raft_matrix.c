/* SPDX-License-Identifier: Apache-2.0
 * The state by message matrix, cell by cell: a core is brought into the state by events, steps the
 * message, and must do what the table says and nothing else. */
#include "proto/raft/internal.h"
#include "tests/lib/raft_cluster.h"
#include "tests/lib/raft_matrix.h"

#include <criterion/criterion.h>

enum { SELF = 1, SENDER = 2, OTHER = 3, TERM = 4, COMMITTED = 2, READ_ID = 7 };

/* What must happen. States from left to right: a follower of nobody, of the sender, of another, a
 * precandidate, a candidate, a leader.
 *
 *   .  nothing               n  refused, by an answer with our term; nothing changes
 *   !  the alarm             g  pre-vote granted; nothing changes
 *   f  the leader is followed, the append or heartbeat answered or written
 *   h  the answer counts with the leader         r  the read is taken     R  ended
 *   c  the refusal counts with the candidate     v  the vote is given
 *   L  becomes leader        C  campaigns in the next term
 *   D  the higher term is taken over; with it  F follows, V votes, N refuses */
static const char *const expected[MATRIX_KINDS][MATRIX_TERMS] = {
    /*                                 lower     same      higher */
    [MATRIX_APP_EMPTY] = {"nnnnnn", "ff!ff!", "FFFFFF"},
    [MATRIX_APP_MATCH] = {"nnnnnn", "ff!ff!", "FFFFFF"},
    [MATRIX_APP_CONFLICT] = {"nnnnnn", "ff!ff!", "FFFFFF"},
    [MATRIX_APP_GAP] = {"nnnnnn", "ff!ff!", "FFFFFF"},
    [MATRIX_HEARTBEAT] = {"nnnnnn", "ff!ff!", "FFFFFF"},
    [MATRIX_APP_RESP_GRANTED] = {"......", ".....h", "DDDDDD"},
    [MATRIX_APP_RESP_REFUSED] = {"......", ".....h", "DDDDDD"},
    [MATRIX_HEARTBEAT_RESP] = {"......", ".....h", "DDDDDD"},
    [MATRIX_PREVOTE] = {"nnnnnn", "gnngnn", "gnnggn"},
    [MATRIX_PREVOTE_BEHIND] = {"nnnnnn", "nnnnnn", "nnnnnn"},
    [MATRIX_PREVOTE_RESP_GRANTED] = {"......", "......", "...C.."},
    [MATRIX_PREVOTE_RESP_REFUSED] = {"......", "......", "DDDDDD"},
    [MATRIX_VOTE] = {"nnnnnn", "v..vn.", "V..VV."},
    [MATRIX_VOTE_BEHIND] = {"nnnnnn", "n..nn.", "N..NN."},
    [MATRIX_VOTE_RESP_GRANTED] = {"......", "....L.", "DDDDDD"},
    [MATRIX_VOTE_RESP_REFUSED] = {"......", "....c.", "DDDDDD"},
    [MATRIX_TIMEOUT_NOW] = {"......", ".C....", "DDDDDD"},
    [MATRIX_READ] = {"nnnnnn", "nnnnnr", "NNNNNN"},
    [MATRIX_READ_RESP_GRANTED] = {"......", ".R....", "DDDDDD"},
    [MATRIX_READ_RESP_REFUSED] = {"......", ".R....", "DDDDDD"},
};

/* ---- the receiver, brought into its state by events ---------------------------------------------
 */

static void inject(struct rc *rc, enum raft_msg_type type, uint64_t from, uint64_t term,
                   bool granted)
{
    struct raft_msg msg = {
        .type = type, .from = {from}, .to = {SELF}, .term = term, .granted = granted};
    rc_inject(rc, &msg, NULL);
}

static void follow_sender(struct rc *rc)
{
    inject(rc, RAFT_MSG_HEARTBEAT, SENDER, TERM, false);
    rc_read(rc, SELF, READ_ID);
}

static void follow_other(struct rc *rc)
{
    inject(rc, RAFT_MSG_HEARTBEAT, OTHER, TERM, false);
}

static void precampaign(struct rc *rc)
{
    rc_campaign(rc, SELF);
}

static void campaign(struct rc *rc)
{
    rc_campaign(rc, SELF);
    inject(rc, RAFT_MSG_PREVOTE_RESP, OTHER, TERM, true);
    rc_disk(rc, SELF, 1);
}

static void lead(struct rc *rc)
{
    campaign(rc);
    inject(rc, RAFT_MSG_VOTE_RESP, OTHER, TERM, true);
    rc_disk(rc, SELF, 1);
}

static const struct {
    void (*reach)(struct rc *rc);
    uint64_t start_term;
} states[MATRIX_STATES] = {
    [MATRIX_ALONE] = {NULL, TERM},
    [MATRIX_OF_SENDER] = {follow_sender, TERM},
    [MATRIX_OF_OTHER] = {follow_other, TERM},
    [MATRIX_PRECANDIDATE] = {precampaign, TERM},
    [MATRIX_CANDIDATE] = {campaign, TERM - 1},
    [MATRIX_LEADER] = {lead, TERM - 1},
};

static struct rc *receiver_in(enum matrix_state state, bool full)
{
    struct rc *rc = rc_new(3);
    rc->check_purity = true;
    rc->nodes[SELF].full = full;
    rc_preload(rc, SELF, (uint64_t[]){1, 1, 2, 2}, 4, states[state].start_term, 0);
    rc_start(rc, SELF);
    rc_step(rc, SELF, (struct raft_event){.type = RAFT_SET_APPLIED, .index = COMMITTED});
    if (states[state].reach != NULL)
        states[state].reach(rc);
    rc_drop_all(rc);
    cr_assert_eq(rc_core(rc, SELF)->term.value, TERM);
    return rc;
}

/* ---- the message --------------------------------------------------------------------------------
 */

static struct raft_msg message(const struct raft *core, enum raft_msg_type type, bool granted)
{
    return (struct raft_msg){.type = type,
                             .from = {SENDER},
                             .to = {SELF},
                             .round = core->round,
                             .granted = granted,
                             .read_id = core->reads.last_sent_id};
}

/* An append of `count` entries after the `back`-th entry from the end of the receiver's log. */
static struct raft_msg append(const struct raft *core, uint64_t back, uint32_t count)
{
    struct raft_msg msg = message(core, RAFT_MSG_APP, false);
    msg.prev_index = core->window.last.value - back;
    raft_window_term(&core->window, msg.prev_index, &msg.prev_term);
    msg.entry_count = count;
    msg.commit = COMMITTED + 1;
    return msg;
}

static struct raft_msg append_beyond(const struct raft *core)
{
    struct raft_msg msg = append(core, 0, 1);
    msg.prev_index += 5;
    return msg;
}

static struct raft_msg acknowledgement(const struct raft *core, bool granted)
{
    struct raft_msg msg = message(core, RAFT_MSG_APP_RESP, granted);
    msg.index = granted ? core->window.last.value : COMMITTED;
    return msg;
}

static struct raft_msg vote_request(const struct raft *core, enum raft_msg_type type, bool behind)
{
    struct raft_msg msg = message(core, type, false);
    msg.prev_index = behind ? 1 : core->window.last.value;
    msg.prev_term = behind ? 1 : TERM;
    return msg;
}

static struct raft_msg message_of(const struct raft *core, enum matrix_kind kind)
{
    switch (kind) {
    case MATRIX_APP_EMPTY:
        return append(core, 0, 0);
    case MATRIX_APP_MATCH:
        return append(core, 0, 1);
    case MATRIX_APP_CONFLICT:
        return append(core, 2, 1);
    case MATRIX_APP_GAP:
        return append_beyond(core);
    case MATRIX_APP_RESP_GRANTED:
    case MATRIX_APP_RESP_REFUSED:
        return acknowledgement(core, kind == MATRIX_APP_RESP_GRANTED);
    case MATRIX_HEARTBEAT:
        return message(core, RAFT_MSG_HEARTBEAT, false);
    case MATRIX_HEARTBEAT_RESP:
        return message(core, RAFT_MSG_HEARTBEAT_RESP, true);
    case MATRIX_PREVOTE:
    case MATRIX_PREVOTE_BEHIND:
        return vote_request(core, RAFT_MSG_PREVOTE, kind == MATRIX_PREVOTE_BEHIND);
    case MATRIX_PREVOTE_RESP_GRANTED:
    case MATRIX_PREVOTE_RESP_REFUSED:
        return message(core, RAFT_MSG_PREVOTE_RESP, kind == MATRIX_PREVOTE_RESP_GRANTED);
    case MATRIX_VOTE:
    case MATRIX_VOTE_BEHIND:
        return vote_request(core, RAFT_MSG_VOTE, kind == MATRIX_VOTE_BEHIND);
    case MATRIX_VOTE_RESP_GRANTED:
    case MATRIX_VOTE_RESP_REFUSED:
        return message(core, RAFT_MSG_VOTE_RESP, kind == MATRIX_VOTE_RESP_GRANTED);
    case MATRIX_TIMEOUT_NOW:
        return message(core, RAFT_MSG_TIMEOUT_NOW, false);
    case MATRIX_READ:
        return message(core, RAFT_MSG_READ, false);
    case MATRIX_READ_RESP_GRANTED:
    case MATRIX_READ_RESP_REFUSED:
        return message(core, RAFT_MSG_READ_RESP, kind == MATRIX_READ_RESP_GRANTED);
    case MATRIX_KINDS:
        break;
    }
    cr_assert_fail("no such kind");
    return (struct raft_msg){0};
}

/* ---- what happened ------------------------------------------------------------------------------
 */

struct outcome {
    char name[MATRIX_NAME_MAX];
    enum matrix_kind kind;
    struct raft_msg msg;
    struct raft before;
    struct raft after;
    struct raft_outputs out;
};

static const struct raft_output *find(const struct outcome *o, enum raft_output_type type)
{
    for (uint32_t i = 0; i < o->out.count; i++)
        if (o->out.items[i].type == type)
            return &o->out.items[i];
    return NULL;
}

static const struct raft_output *must_find(const struct outcome *o, enum raft_output_type type)
{
    const struct raft_output *output = find(o, type);
    cr_assert_not_null(output, "%s: no output of type %d", o->name, type);
    return output;
}

static uint32_t count_sent(const struct outcome *o, enum raft_msg_type type)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < o->out.count; i++)
        count += o->out.items[i].type == RAFT_OUT_SEND && o->out.items[i].msg.type == type;
    return count;
}

static void assert_unchanged(const struct outcome *o)
{
    cr_assert_eq(raft_state_hash(&o->before), raft_state_hash(&o->after), "%s: changed", o->name);
}

/* The only message sent: an answer to the sender. */
static void assert_answered(const struct outcome *o, bool granted, uint64_t term)
{
    static const enum raft_msg_type answers[] = {
        [RAFT_MSG_APP] = RAFT_MSG_APP_RESP,         [RAFT_MSG_HEARTBEAT] = RAFT_MSG_HEARTBEAT_RESP,
        [RAFT_MSG_PREVOTE] = RAFT_MSG_PREVOTE_RESP, [RAFT_MSG_VOTE] = RAFT_MSG_VOTE_RESP,
        [RAFT_MSG_READ] = RAFT_MSG_READ_RESP,
    };
    const struct raft_msg *answer = &must_find(o, RAFT_OUT_SEND)->msg;
    cr_assert_eq(answer->type, answers[o->msg.type], "%s", o->name);
    cr_assert_eq(count_sent(o, answer->type), 1, "%s", o->name);
    cr_assert_eq(answer->to.value, SENDER, "%s", o->name);
    cr_assert_eq(answer->term, term, "%s: answered in term %lu", o->name, answer->term);
    cr_assert_eq(answer->granted, granted, "%s", o->name);
    cr_assert(answer->unfit == o->before.full || o->kind == MATRIX_READ, "%s", o->name);
}

static void assert_term_taken(const struct outcome *o)
{
    cr_assert_eq(o->after.term.value, o->msg.term, "%s", o->name);
    cr_assert_eq(o->after.role, RAFT_FOLLOWER, "%s", o->name);
    const struct raft_output *write = must_find(o, RAFT_OUT_WRITE);
    cr_assert(write->hard_state && write->term.value == o->msg.term, "%s", o->name);
    cr_assert_eq(write->voted_for.value, o->after.voted_for.value, "%s", o->name);
}

static void nothing(const struct outcome *o)
{
    assert_unchanged(o);
    cr_assert_eq(o->out.count, 0, "%s: %u outputs", o->name, o->out.count);
}

static void refused(const struct outcome *o)
{
    assert_unchanged(o);
    cr_assert_eq(o->out.count, 1, "%s", o->name);
    assert_answered(o, false, TERM);
}

static void prevote_granted(const struct outcome *o)
{
    assert_unchanged(o);
    cr_assert_eq(o->out.count, 1, "%s", o->name);
    assert_answered(o, true, o->msg.term);
}

static void alarmed(const struct outcome *o)
{
    assert_unchanged(o);
    cr_assert_eq(o->out.count, 1, "%s", o->name);
    cr_assert_eq(must_find(o, RAFT_OUT_ALARM)->reason, RAFT_REASON_TWO_LEADERS, "%s", o->name);
}

static void appended(const struct outcome *o)
{
    uint64_t first = o->msg.prev_index + 1;
    cr_assert_eq(must_find(o, RAFT_OUT_APPEND)->first, first, "%s", o->name);
    const struct raft_output *write = must_find(o, RAFT_OUT_WRITE);
    cr_assert(write->first == first && write->count == 1, "%s", o->name);
    cr_assert_eq(o->after.verified.value, first, "%s", o->name);
    cr_assert_eq(count_sent(o, RAFT_MSG_APP_RESP), 0, "%s: before it is durable", o->name);
}

static void replaced(const struct outcome *o)
{
    uint64_t first = o->msg.prev_index + 1;
    cr_assert_eq(must_find(o, RAFT_OUT_TRUNCATE)->first, first, "%s", o->name);
    cr_assert_eq(must_find(o, RAFT_OUT_WRITE)->truncate_from, first, "%s", o->name);
    appended(o);
}

static void followed(const struct outcome *o)
{
    cr_assert_eq(o->after.role, RAFT_FOLLOWER, "%s", o->name);
    cr_assert_eq(o->after.leader.value, SENDER, "%s", o->name);
    cr_assert_eq(o->after.term.value, o->msg.term, "%s", o->name);
    cr_assert_eq(o->after.following.contact_us, o->after.now_us, "%s", o->name);
    if (o->kind == MATRIX_APP_MATCH)
        appended(o);
    else if (o->kind == MATRIX_APP_CONFLICT)
        replaced(o);
    else
        assert_answered(o, o->kind != MATRIX_APP_GAP, o->msg.term);
}

static void term_taken_and_followed(const struct outcome *o)
{
    assert_term_taken(o);
    followed(o);
}

static void progressed(const struct outcome *o)
{
    const struct raft_peer *before = &o->before.leading.peers[SENDER - 1];
    const struct raft_peer *after = &o->after.leading.peers[SENDER - 1];
    cr_assert_eq(o->after.role, RAFT_LEADER, "%s", o->name);
    cr_assert_eq(after->acked_round, o->msg.round, "%s", o->name);
    cr_assert_eq(after->contact_us, o->after.now_us, "%s", o->name);
    bool acknowledged = o->kind == MATRIX_APP_RESP_GRANTED;
    cr_assert_eq(after->match, acknowledged ? o->msg.index : before->match, "%s", o->name);
    cr_assert_eq(o->after.committed.value, acknowledged ? o->msg.index : COMMITTED, "%s", o->name);
    if (o->kind == MATRIX_APP_RESP_REFUSED)
        cr_assert_eq(after->next, o->msg.index + 1, "%s", o->name);
}

static void read_taken(const struct outcome *o)
{
    cr_assert_eq(o->after.reads.count, 1, "%s", o->name);
    cr_assert_eq(count_sent(o, RAFT_MSG_HEARTBEAT), 2, "%s", o->name);
    cr_assert_eq(o->out.count, 2, "%s", o->name);
}

static void read_ended(const struct outcome *o)
{
    cr_assert_eq(o->after.reads.count, 0, "%s", o->name);
    cr_assert_eq(o->out.count, 1, "%s", o->name);
    const struct raft_output *end =
        must_find(o, o->msg.granted ? RAFT_OUT_READ_READY : RAFT_OUT_READ_FAILED);
    cr_assert_eq(end->id, READ_ID, "%s", o->name);
}

static void refusal_counted(const struct outcome *o)
{
    cr_assert_eq(o->after.role, RAFT_CANDIDATE, "%s", o->name);
    cr_assert_eq(o->after.election.refused, 1U << (SENDER - 1), "%s", o->name);
    cr_assert_eq(o->out.count, 0, "%s", o->name);
}

static void voted(const struct outcome *o)
{
    cr_assert_eq(o->after.voted_for.value, SENDER, "%s", o->name);
    cr_assert_eq(o->after.term.value, o->msg.term, "%s", o->name);
    const struct raft_output *write = must_find(o, RAFT_OUT_WRITE);
    cr_assert(write->hard_state && write->voted_for.value == SENDER, "%s", o->name);
    assert_answered(o, true, o->msg.term);
}

static void term_taken_and_voted(const struct outcome *o)
{
    assert_term_taken(o);
    voted(o);
}

static void elected(const struct outcome *o)
{
    cr_assert_eq(o->after.role, RAFT_LEADER, "%s", o->name);
    cr_assert_eq(o->after.term.value, TERM, "%s", o->name);
    cr_assert_eq(must_find(o, RAFT_OUT_APPEND)->source, RAFT_FROM_LEADERSHIP, "%s", o->name);
    cr_assert_eq(count_sent(o, RAFT_MSG_APP), 2, "%s", o->name);
}

static void campaigned(const struct outcome *o)
{
    cr_assert_eq(o->after.role, RAFT_CANDIDATE, "%s", o->name);
    cr_assert_eq(o->after.term.value, TERM + 1, "%s", o->name);
    cr_assert_eq(o->after.voted_for.value, SELF, "%s", o->name);
    cr_assert_eq(count_sent(o, RAFT_MSG_VOTE), 2, "%s", o->name);
    bool by_order = o->kind == MATRIX_TIMEOUT_NOW;
    cr_assert_eq(must_find(o, RAFT_OUT_SEND)->msg.transfer, by_order, "%s", o->name);
}

static void term_taken(const struct outcome *o)
{
    assert_term_taken(o);
    cr_assert_eq(o->after.leader.value, 0, "%s", o->name);
    cr_assert_eq(o->after.voted_for.value, 0, "%s", o->name);
    cr_assert_null(find(o, RAFT_OUT_SEND), "%s", o->name);
}

static void term_taken_and_refused(const struct outcome *o)
{
    assert_term_taken(o);
    cr_assert_eq(o->after.leader.value, 0, "%s", o->name);
    cr_assert_eq(o->after.voted_for.value, 0, "%s", o->name);
    assert_answered(o, false, o->msg.term);
}

static void (*const checks[])(const struct outcome *o) = {
    ['.'] = nothing,    ['n'] = refused,
    ['!'] = alarmed,    ['g'] = prevote_granted,
    ['f'] = followed,   ['F'] = term_taken_and_followed,
    ['h'] = progressed, ['r'] = read_taken,
    ['R'] = read_ended, ['c'] = refusal_counted,
    ['v'] = voted,      ['V'] = term_taken_and_voted,
    ['L'] = elected,    ['C'] = campaigned,
    ['D'] = term_taken, ['N'] = term_taken_and_refused,
};

/* ---- what holds in every cell -------------------------------------------------------------------
 */

static void assert_sent_safely(const struct outcome *o, const struct raft_output *sent)
{
    const struct raft *core = &o->after;
    const struct raft_msg *msg = &sent->msg;
    cr_assert_eq(sent->after_write, core->writes.hard_id, "%s: I2, I14", o->name);
    bool prevote = msg->type == RAFT_MSG_PREVOTE || msg->type == RAFT_MSG_PREVOTE_RESP;
    cr_assert(prevote || msg->term == core->term.value, "%s: I14", o->name);
    if (msg->type == RAFT_MSG_APP_RESP && msg->granted)
        cr_assert(msg->index <= core->durable.value && msg->index <= core->verified.value,
                  "%s: I11, I12", o->name);
}

static void assert_safe(const struct outcome *o)
{
    const struct raft *before = &o->before;
    const struct raft *after = &o->after;
    cr_assert_geq(after->term.value, before->term.value, "%s: I14", o->name);
    cr_assert_geq(after->committed.value, before->committed.value, "%s: I7", o->name);
    cr_assert(after->term.value > before->term.value || before->voted_for.value == 0 ||
                  vg_node_equal(after->voted_for, before->voted_for),
              "%s: I2", o->name);
    for (uint32_t i = 0; i < o->out.count; i++) {
        if (o->out.items[i].type == RAFT_OUT_SEND)
            assert_sent_safely(o, &o->out.items[i]);
        if (o->out.items[i].type == RAFT_OUT_TRUNCATE)
            cr_assert_gt(o->out.items[i].first, before->committed.value, "%s: I8", o->name);
    }
    bool moved = after->role != before->role || after->term.value != before->term.value ||
                 !vg_node_equal(after->leader, before->leader);
    cr_assert_eq(find(o, RAFT_OUT_ROLE) != NULL, moved, "%s", o->name);
}

/* The same message again moves nothing that safety rests on (I36). */
static void assert_repeatable(const struct outcome *o, const struct raft *again)
{
    const struct raft *once = &o->after;
    cr_assert_eq(again->term.value, once->term.value, "%s: I36", o->name);
    cr_assert_eq(again->voted_for.value, once->voted_for.value, "%s: I36", o->name);
    cr_assert_eq(again->window.last.value, once->window.last.value, "%s: I36", o->name);
    cr_assert_eq(again->committed.value, once->committed.value, "%s: I36", o->name);
    cr_assert_eq(again->role, once->role, "%s: I36", o->name);
}

static void enter(enum matrix_kind kind, enum matrix_term term, enum matrix_state state, bool full)
{
    static struct outcome o;
    uint32_t cell = matrix_cell(kind, term, state);
    matrix_format(cell, o.name, sizeof o.name);
    struct rc *rc = receiver_in(state, full);
    const struct raft *core = rc_core(rc, SELF);
    o.kind = kind;
    o.msg = message_of(core, kind);
    o.msg.term = TERM - 1 + (uint64_t)term;
    struct raft_entry entry = {.index = o.msg.prev_index + 1,
                               .term = o.msg.term,
                               .time_ms = raft_window_time(&core->window),
                               .kind = RAFT_DATA};
    cr_assert_eq(matrix_cell_of(core, &o.msg, &entry), cell, "%s: is another cell", o.name);
    memcpy(&o.before, core, sizeof o.before);
    rc_inject(rc, &o.msg, &entry);
    memcpy(&o.after, core, sizeof o.after);
    memcpy(&o.out, rc->nodes[SELF].out, sizeof o.out);
    assert_safe(&o);
    checks[(unsigned char)expected[kind][term][state]](&o);
    rc_inject(rc, &o.msg, &entry);
    assert_repeatable(&o, core);
    rc_free(rc);
}

static void enter_all(bool full)
{
    for (int kind = 0; kind < MATRIX_KINDS; kind++)
        for (int term = 0; term < MATRIX_TERMS; term++)
            for (int state = 0; state < MATRIX_STATES; state++)
                enter((enum matrix_kind)kind, (enum matrix_term)term, (enum matrix_state)state,
                      full);
}

Test(raft_matrix, every_cell_does_what_the_table_says)
{
    enter_all(false);
}

/* It votes, follows and leads as any other. */
Test(raft_matrix, a_full_disk_changes_no_cell)
{
    enter_all(true);
}
