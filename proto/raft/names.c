/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/raft/raft.h"

#include <assert.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const role_names[] = {
    [RAFT_FOLLOWER] = "follower",
    [RAFT_PRECANDIDATE] = "precandidate",
    [RAFT_CANDIDATE] = "candidate",
    [RAFT_LEADER] = "leader",
};

static const char *const msg_names[] = {
    [0] = "none",
    [RAFT_MSG_APP] = "app",
    [RAFT_MSG_APP_RESP] = "appresp",
    [RAFT_MSG_HEARTBEAT] = "hb",
    [RAFT_MSG_HEARTBEAT_RESP] = "hbresp",
    [RAFT_MSG_PREVOTE] = "prevote",
    [RAFT_MSG_PREVOTE_RESP] = "prevoteresp",
    [RAFT_MSG_VOTE] = "vote",
    [RAFT_MSG_VOTE_RESP] = "voteresp",
    [RAFT_MSG_TIMEOUT_NOW] = "timeoutnow",
    [RAFT_MSG_READ] = "readidx",
    [RAFT_MSG_READ_RESP] = "readresp",
};

static const char *const reason_names[] = {
    [RAFT_REASON_NONE] = "none",
    [RAFT_REASON_NOT_LEADER] = "not-leader",
    [RAFT_REASON_BUSY] = "busy",
    [RAFT_REASON_TRANSFERRING] = "transferring",
    [RAFT_REASON_NOT_CAUGHT_UP] = "not-caught-up",
    [RAFT_REASON_TWO_LEADERS] = "two-leaders",
    [RAFT_REASON_COMMIT_LOST] = "commit-lost",
};

const char *raft_role_name(enum raft_role role)
{
    assert((size_t)role < COUNT_OF(role_names));
    return role_names[role];
}

const char *raft_msg_name(enum raft_msg_type type)
{
    assert((size_t)type < COUNT_OF(msg_names));
    return msg_names[type];
}

const char *raft_reason_name(enum raft_reason reason)
{
    assert((size_t)reason < COUNT_OF(reason_names));
    return reason_names[reason];
}
