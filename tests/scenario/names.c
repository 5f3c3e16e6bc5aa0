/* SPDX-License-Identifier: Apache-2.0
 * The words of scn/1 for what the core numbers. The language is stable; the core is not bound. */
#include "tests/scenario/world.h"

static const char *const roles[] = {
    [RAFT_FOLLOWER] = "follower",
    [RAFT_PRECANDIDATE] = "precandidate",
    [RAFT_CANDIDATE] = "candidate",
    [RAFT_LEADER] = "leader",
};

static const char *const types[] = {
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

static const char *const reasons[] = {
    [RAFT_REASON_NONE] = "none",
    [RAFT_REASON_NOT_LEADER] = "not-leader",
    [RAFT_REASON_BUSY] = "busy",
    [RAFT_REASON_TRANSFERRING] = "transferring",
    [RAFT_REASON_NOT_CAUGHT_UP] = "not-caught-up",
    [RAFT_REASON_TWO_LEADERS] = "two-leaders",
    [RAFT_REASON_COMMIT_LOST] = "commit-lost",
};

static const char *const outcomes[] = {
    [OUTCOME_PENDING] = "pending",
    [OUTCOME_OK] = "ok",
    [OUTCOME_REFUSED] = "refused",
    [OUTCOME_UNKNOWN] = "unknown",
};

const char *role_name(enum raft_role role)
{
    return roles[role];
}

const char *type_name(enum raft_msg_type type)
{
    return types[type];
}

const char *reason_name(enum raft_reason reason)
{
    return reasons[reason];
}

const char *outcome_name(enum outcome outcome)
{
    return outcomes[outcome];
}

unsigned type_of_name(const char *name)
{
    for (unsigned type = 1; type < sizeof types / sizeof types[0]; type++) {
        if (strcmp(types[type], name) == 0)
            return type;
    }
    return 0;
}
