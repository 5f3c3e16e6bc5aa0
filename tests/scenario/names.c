/* SPDX-License-Identifier: Apache-2.0
 * The words of scn/1 beside the core's own names. */
#include "tests/scenario/world.h"

static const char *const outcomes[] = {
    [OUTCOME_PENDING] = "pending",
    [OUTCOME_OK] = "ok",
    [OUTCOME_REFUSED] = "refused",
    [OUTCOME_UNKNOWN] = "unknown",
};

const char *outcome_name(enum outcome outcome)
{
    return outcomes[outcome];
}

unsigned type_of_name(const char *name)
{
    for (unsigned type = RAFT_MSG_APP; type <= RAFT_MSG_READ_RESP; type++) {
        if (strcmp(raft_msg_name((enum raft_msg_type)type), name) == 0)
            return type;
    }
    return 0;
}
