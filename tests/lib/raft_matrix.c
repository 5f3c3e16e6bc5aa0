/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/raft_matrix.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/raft/internal.h"

/* For each kind and term the states that only a forged message finds. States by their letters:
 * - alone, s and o a follower of the sender and of another, p precandidate, c candidate, l leader.
 */
struct kind_row {
    const char *name;
    const char *forged[MATRIX_TERMS]; /* lower, same, higher */
};

static const char state_letters[MATRIX_STATES + 1] = "-sopcl";

static const struct kind_row rows[MATRIX_KINDS] = {
    /* A term has one leader (I1): none speaks to another, nor to another's follower. */
    [MATRIX_APP_MATCH] = {"app-match", {"", "ol", ""}},
    [MATRIX_APP_CONFLICT] = {"app-conflict", {"", "ol", ""}},
    [MATRIX_APP_GAP] = {"app-gap", {"", "ol", ""}},
    [MATRIX_HEARTBEAT] = {"heartbeat", {"", "ol", ""}},
    /* Without entries it is a probe of who has answered in that term: the term's first append, to
     * everybody, carries its noop. A candidate of the term has when it told the leader, whose
     * message of an earlier term was late, which term it is in. */
    [MATRIX_APP_EMPTY] = {"app-empty", {"", "ol", "-sopcl"}},
    /* What is granted was asked in that very term by its leader, which is never above its own; and
     * who led in a term neither follows nor campaigns in it later. */
    [MATRIX_APP_RESP_GRANTED] = {"appresp-granted", {"", "soc", "-sopcl"}},
    [MATRIX_READ_RESP_GRANTED] = {"readresp-granted", {"", "ocl", "-sopcl"}},
    /* A grant was asked by the candidate of that term; a leader gives none in its term. */
    [MATRIX_VOTE_RESP_GRANTED] = {"voteresp-granted", {"", "s", "-sopcl"}},
    /* Who asks for a term's pre-votes is in the term before, and campaigned or led there, if it did
     * at all, before it asked. */
    [MATRIX_PREVOTE_RESP_GRANTED] = {"prevoteresp-granted", {"", "", "cl"}},
    /* Its target held the leader's whole log, so it has been a follower in that term. */
    [MATRIX_TIMEOUT_NOW] = {"timeoutnow", {"", "ocl", "-sopcl"}},
    /* Asked of the one that led in the asker's term. */
    [MATRIX_READ] = {"read", {"", "soc", "-sopcl"}},
    /* Refusals tell the refuser's own term, whatever it is, and anybody may ask for votes. */
    [MATRIX_APP_RESP_REFUSED] = {"appresp-refused", {"", "", ""}},
    [MATRIX_HEARTBEAT_RESP] = {"heartbeatresp", {"", "", ""}},
    [MATRIX_PREVOTE] = {"prevote", {"", "", ""}},
    [MATRIX_PREVOTE_BEHIND] = {"prevote-behind", {"", "", ""}},
    [MATRIX_PREVOTE_RESP_REFUSED] = {"prevoteresp-refused", {"", "", ""}},
    [MATRIX_VOTE] = {"vote", {"", "", ""}},
    [MATRIX_VOTE_BEHIND] = {"vote-behind", {"", "", ""}},
    [MATRIX_VOTE_RESP_REFUSED] = {"voteresp-refused", {"", "", ""}},
    [MATRIX_READ_RESP_REFUSED] = {"readresp-refused", {"", "", ""}},
};

static const char *const term_names[MATRIX_TERMS] = {"lower term", "same term", "higher term"};

static const char *const state_names[MATRIX_STATES] = {
    "a follower of nobody",  "a follower of the sender",
    "a follower of another", "a precandidate",
    "a candidate",           "a leader"};

uint32_t matrix_cell(enum matrix_kind kind, enum matrix_term term, enum matrix_state state)
{
    assert(kind < MATRIX_KINDS && term < MATRIX_TERMS && state < MATRIX_STATES);
    return ((uint32_t)kind * MATRIX_TERMS + (uint32_t)term) * MATRIX_STATES + (uint32_t)state;
}

static enum matrix_state state_of(const struct raft *core, const struct raft_msg *msg)
{
    switch (core->role) {
    case RAFT_PRECANDIDATE:
        return MATRIX_PRECANDIDATE;
    case RAFT_CANDIDATE:
        return MATRIX_CANDIDATE;
    case RAFT_LEADER:
        return MATRIX_LEADER;
    case RAFT_FOLLOWER:
        break;
    }
    if (core->leader.value == 0)
        return MATRIX_ALONE;
    return vg_node_equal(core->leader, msg->from) ? MATRIX_OF_SENDER : MATRIX_OF_OTHER;
}

static bool contradicts(const struct raft *core, uint64_t index, uint64_t term)
{
    uint64_t own;
    return raft_window_term(&core->window, index, &own) && own != term;
}

static enum matrix_kind append_of(const struct raft *core, const struct raft_msg *msg,
                                  const struct raft_entry *entries)
{
    if (msg->prev_index > core->window.last.value)
        return MATRIX_APP_GAP;
    if (contradicts(core, msg->prev_index, msg->prev_term))
        return MATRIX_APP_CONFLICT;
    for (uint32_t i = 0; i < msg->entry_count; i++)
        if (contradicts(core, entries[i].index, entries[i].term))
            return MATRIX_APP_CONFLICT;
    return msg->entry_count == 0 ? MATRIX_APP_EMPTY : MATRIX_APP_MATCH;
}

static bool is_behind(const struct raft *core, const struct raft_msg *msg)
{
    uint64_t own;
    bool known = raft_window_term(&core->window, core->durable.value, &own);
    return known && (msg->prev_term < own ||
                     (msg->prev_term == own && msg->prev_index < core->durable.value));
}

static enum matrix_kind kind_of(const struct raft *core, const struct raft_msg *msg,
                                const struct raft_entry *entries)
{
    switch (msg->type) {
    case RAFT_MSG_APP:
        return append_of(core, msg, entries);
    case RAFT_MSG_APP_RESP:
        return msg->granted ? MATRIX_APP_RESP_GRANTED : MATRIX_APP_RESP_REFUSED;
    case RAFT_MSG_HEARTBEAT:
        return MATRIX_HEARTBEAT;
    case RAFT_MSG_HEARTBEAT_RESP:
        return MATRIX_HEARTBEAT_RESP;
    case RAFT_MSG_PREVOTE:
        return is_behind(core, msg) ? MATRIX_PREVOTE_BEHIND : MATRIX_PREVOTE;
    case RAFT_MSG_PREVOTE_RESP:
        return msg->granted ? MATRIX_PREVOTE_RESP_GRANTED : MATRIX_PREVOTE_RESP_REFUSED;
    case RAFT_MSG_VOTE:
        return is_behind(core, msg) ? MATRIX_VOTE_BEHIND : MATRIX_VOTE;
    case RAFT_MSG_VOTE_RESP:
        return msg->granted ? MATRIX_VOTE_RESP_GRANTED : MATRIX_VOTE_RESP_REFUSED;
    case RAFT_MSG_TIMEOUT_NOW:
        return MATRIX_TIMEOUT_NOW;
    case RAFT_MSG_READ:
        return MATRIX_READ;
    case RAFT_MSG_READ_RESP:
        return msg->granted ? MATRIX_READ_RESP_GRANTED : MATRIX_READ_RESP_REFUSED;
    }
    assert(false);
    return MATRIX_KINDS;
}

uint32_t matrix_cell_of(const struct raft *core, const struct raft_msg *msg,
                        const struct raft_entry *entries)
{
    enum matrix_term term = MATRIX_SAME;
    if (msg->term != core->term.value)
        term = msg->term < core->term.value ? MATRIX_LOWER : MATRIX_HIGHER;
    return matrix_cell(kind_of(core, msg, entries), term, state_of(core, msg));
}

bool matrix_is_forged(uint32_t cell)
{
    assert(cell < MATRIX_CELLS);
    const struct kind_row *row = &rows[cell / MATRIX_STATES / MATRIX_TERMS];
    const char *forged = row->forged[cell / MATRIX_STATES % MATRIX_TERMS];
    return strchr(forged, state_letters[cell % MATRIX_STATES]) != NULL;
}

void matrix_format(uint32_t cell, char *text, size_t size)
{
    assert(cell < MATRIX_CELLS);
    snprintf(text, size, "%s, %s, to %s", rows[cell / MATRIX_STATES / MATRIX_TERMS].name,
             term_names[cell / MATRIX_STATES % MATRIX_TERMS], state_names[cell % MATRIX_STATES]);
}
