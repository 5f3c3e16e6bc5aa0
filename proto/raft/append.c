/* SPDX-License-Identifier: Apache-2.0
 * Followers: appends and heartbeats (D3.5). What is acknowledged is never more than what is
 * durable, checked against this term's leader, and stamped acceptably; it is worked out when it is
 * sent, never promised ahead (B3, B6). */
#include "proto/raft/internal.h"

/* Hears the term's leader. False if there was another: an alarm, never a merge (B82). */
static bool follow(struct raft *core, const struct raft_msg *msg, struct raft_outputs *out)
{
    bool rival = core->leader.value != 0 && !vg_node_equal(core->leader, msg->from);
    if (rival) {
        raft_alarm(RAFT_REASON_TWO_LEADERS, out);
        return false;
    }
    if (core->role != RAFT_FOLLOWER || core->leader.value == 0)
        raft_become_follower(core, core->term.value, msg->from, out);
    core->following.contact_us = core->now_us;
    raft_election_arm(core);
    assert(core->role == RAFT_FOLLOWER && vg_node_equal(core->leader, msg->from));
    return true;
}

/* Entries as a leader could have: consecutive, terms and stamps in order. */
static bool entries_make_sense(const struct raft *core, const struct raft_msg *msg,
                               const struct raft_entry *entries)
{
    const struct raft_entry *before = raft_window_get(&core->window, msg->prev_index);
    bool known = before != NULL && before->term == msg->prev_term;
    uint64_t term = msg->prev_term;
    uint64_t time_ms = known ? before->time_ms : 0;
    for (uint32_t i = 0; i < msg->entry_count; i++) {
        const struct raft_entry *entry = &entries[i];
        if (entry->index != msg->prev_index + 1 + i || entry->term < term || entry->term == 0 ||
            entry->term > msg->term || entry->time_ms < time_ms ||
            entry->time_ms > raft_time_ms_max ||
            (entry->kind != RAFT_NOOP && entry->kind != RAFT_DATA))
            return false;
        term = entry->term;
        time_ms = entry->time_ms;
    }
    return true;
}

/* Refuses with a hint: the last entry that could match, stepping over whole terms. Where our own
 * terms are forgotten only what was committed can be vouched for. */
static void refuse(struct raft *core, const struct raft_msg *msg, struct raft_outputs *out)
{
    struct raft_msg answer = raft_answer_to(core, RAFT_MSG_APP_RESP, msg);
    uint64_t below = msg->prev_index > 0 ? msg->prev_index - 1 : 0;
    answer.index = raft_window_back(&core->window, below, msg->prev_term);
    if (!raft_window_term(&core->window, answer.index, &answer.hint_term))
        answer.index = raft_min(answer.index, core->following.heard);
    raft_send(core, &answer, out);
}

static uint64_t acknowledgeable(struct raft *core)
{
    if (MUTANT(6))
        return core->durable.value;
    uint64_t held = MUTANT(38) ? core->window.last.value : core->durable.value;
    return raft_logtime_accepted(core, raft_min(held, core->verified.value));
}

static void send_acknowledgement(struct raft *core, struct raft_outputs *out)
{
    uint64_t index = acknowledgeable(core);
    assert(MUTANT(6) || MUTANT(38) ||
           (index <= core->durable.value && index <= core->verified.value));
    core->following.acknowledged = raft_max(core->following.acknowledged, index);
    struct raft_msg answer = raft_msg_to(core, RAFT_MSG_APP_RESP, core->leader);
    answer.granted = true;
    answer.round = core->following.round;
    answer.index = index;
    raft_report(core, &answer);
    raft_send(core, &answer, out);
}

void raft_acknowledge(struct raft *core, struct raft_outputs *out)
{
    bool following = core->role == RAFT_FOLLOWER && core->leader.value != 0;
    if (following && acknowledgeable(core) > core->following.acknowledged)
        send_acknowledgement(core, out);
}

/* Where the message's entries stop being ours: an index in (prev, prev + count + 1]. False if that
 * cannot be told, for entries older than the term runs. */
static bool find_news(const struct raft *core, const struct raft_msg *msg,
                      const struct raft_entry *entries, uint64_t *news)
{
    uint64_t end = msg->prev_index + msg->entry_count;
    for (*news = msg->prev_index + 1; *news <= end && *news <= core->window.last.value; ++*news) {
        uint64_t term;
        if (raft_window_term(&core->window, *news, &term)) {
            if (term != entries[*news - msg->prev_index - 1].term || MUTANT(27))
                return true;
        } else if (*news > core->following.heard) {
            return false;
        }
    }
    return true;
}

/* True if the entries before the message's are the leader's. */
static bool prev_matches(const struct raft *core, const struct raft_msg *msg)
{
    uint64_t term;
    if (raft_window_term(&core->window, msg->prev_index, &term))
        return term == msg->prev_term;
    return msg->prev_index <= core->following.heard;
}

/* Removes what contradicts the leader from `from` on. False with an alarm if that was committed,
 * or came from this very leadership: its log only grows. */
static bool drop_conflict(struct raft *core, uint64_t from, struct raft_outputs *out)
{
    bool kept = from <= core->following.heard || from <= core->verified.value;
    if (kept && !MUTANT(27)) {
        bool committed = from <= core->following.heard;
        raft_alarm(committed ? RAFT_REASON_COMMIT_LOST : RAFT_REASON_TWO_LEADERS, out);
        return false;
    }
    assert(from > core->committed.value || MUTANT(27));
    raft_window_truncate(&core->window, from);
    core->durable.value = raft_min(core->durable.value, from - 1);
    raft_put(out, RAFT_OUT_TRUNCATE)->first = from;
    return true;
}

/* True if `count` more entries from `from` on can be held until they are acknowledged. */
static bool has_room(const struct raft *core, uint64_t from, uint32_t count)
{
    uint64_t settled = raft_min(core->durable.value, from - 1);
    if (core->following.recheck_us != 0)
        settled = raft_min(settled, core->following.acknowledged);
    return raft_writes_take_entries(core) && from + count - 1 - settled <= RAFT_WINDOW;
}

static bool append_news(struct raft *core, const struct raft_msg *msg,
                        const struct raft_entry *entries, uint64_t news, struct raft_outputs *out)
{
    uint32_t held = (uint32_t)(news - msg->prev_index - 1);
    uint32_t count = msg->entry_count - held;
    assert(count > 0 && news <= core->window.last.value + 1);
    if (!has_room(core, news, count))
        return false;
    bool conflict = news <= core->window.last.value;
    if (conflict && !drop_conflict(core, news, out))
        return false;
    for (uint32_t i = held; i < msg->entry_count; i++)
        raft_window_append(&core->window, &entries[i]);
    struct raft_output *output = raft_put(out, RAFT_OUT_APPEND);
    output->source = RAFT_FROM_MESSAGE;
    output->first = news;
    output->count = count;
    output->entry_term = entries[held].term;
    raft_writes_entries(core, conflict ? news : 0, news, count);
    assert(core->window.last.value == msg->prev_index + msg->entry_count);
    return true;
}

void raft_on_app(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    const struct raft_msg *msg = event->msg;
    assert(msg->term == core->term.value);
    if (!follow(core, msg, out) || !entries_make_sense(core, msg, event->entries))
        return;
    uint64_t news;
    if (!prev_matches(core, msg) || !find_news(core, msg, event->entries, &news)) {
        refuse(core, msg, out);
        return;
    }
    uint64_t end = msg->prev_index + msg->entry_count;
    bool appends = news <= end;
    if (appends && !append_news(core, msg, event->entries, news, out))
        return;
    core->verified.value = raft_max(core->verified.value, end);
    core->following.round = raft_max(core->following.round, msg->round);
    raft_commit_hear(core, raft_min(msg->commit, MUTANT(7) ? core->window.last.value : end), out);
    if (!appends)
        send_acknowledgement(core, out);
}

void raft_on_heartbeat(struct raft *core, const struct raft_event *event, struct raft_outputs *out)
{
    const struct raft_msg *msg = event->msg;
    if (!follow(core, msg, out))
        return;
    raft_writes_probe(core);
    uint64_t held = MUTANT(28) ? core->window.last.value : core->verified.value;
    raft_commit_hear(core, raft_min(msg->commit, held), out);
    struct raft_msg answer = raft_answer_to(core, RAFT_MSG_HEARTBEAT_RESP, msg);
    answer.granted = true;
    answer.index = core->verified.value;
    raft_send(core, &answer, out);
}
