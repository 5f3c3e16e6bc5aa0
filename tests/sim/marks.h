/* SPDX-License-Identifier: Apache-2.0
 * SOMETIMES marks: situations that a healthy simulator must run into. A mark that stays at zero
 * over many seeds says that the simulator has decayed, not that the program is good. */
#ifndef VIGIL_TESTS_SIM_MARKS_H
#define VIGIL_TESTS_SIM_MARKS_H

#include <stdint.h>

#define MARKS(X)                                                                                   \
    X(LEADER_CHANGED, "leader changed")                                                            \
    X(OLD_TERM_OVERWRITTEN, "old-term entry overwritten")                                          \
    X(DURABLE_OVERWRITTEN, "durable entry overwritten")                                            \
    X(APPEND_REJECTED, "append refused with a hint")                                               \
    X(PREVOTE_REFUSED, "pre-vote refused")                                                         \
    X(VOTE_REFUSED, "vote refused")                                                                \
    X(LEADER_STEPPED_DOWN, "leader stepped down without another's term")                           \
    X(TRANSFER_DONE, "leadership transferred")                                                     \
    X(TRANSFER_FAILED, "transfer refused or given up")                                             \
    X(PROPOSAL_BUSY, "proposal refused for uncommitted bytes")                                     \
    X(PROPOSAL_NOT_LEADER, "proposal refused by a deposed leader")                                 \
    X(LOADED, "older entries read from disk for a lagging follower")                               \
    X(STAMP_WITHHELD, "acknowledgement withheld below the durable entry")                          \
    X(LEADER_BEHIND_FOLLOWER, "follower durable before the leader")                                \
    X(HELD_ACROSS_TERM, "message held for a write left in a later term")                           \
    X(READ_ANSWERED, "read confirmed by a quorum")                                                 \
    X(READ_REFUSED, "read refused after deposition")                                               \
    X(READ_FROM_FOLLOWER, "read answered by a follower")                                           \
    X(CONFLICT_ANSWERED, "conflict answered with both values")                                     \
    X(RULE_REFUSED, "command refused by a rule")                                                   \
    X(FORBIDDEN, "command refused for want of a role")                                             \
    X(DETECTION_JOINED, "detection joined an open incident")                                       \
    X(SIGNAL_FILTERED, "signal counted at a filter")                                               \
    X(SIGNALS_COUNTED, "repeats of an integration counted")                                        \
    X(MARK_SAID, "checkpoint of a mark accepted")                                                  \
    X(PERSON_ENROLLED, "person enrolled by a control entry")                                       \
    X(PROPOSAL_CARRIED, "proposal carried by its second signer")                                   \
    X(INCIDENT_DECLARED, "incident declared")                                                      \
    X(INCIDENT_CLOSED, "incident closed")                                                          \
    X(CASE_MADE, "fact told in a tenant's compartment")                                            \
    X(CASE_TOLD, "fact acknowledged by its source")                                                \
    X(RETRY_ANSWERED, "retry answered from the request table")                                     \
    X(COPY_APPLIED, "second copy of a request applied without effect")                             \
    X(CLASH_REFUSED, "request id with another command refused")                                    \
    X(FORGERY_VOID, "forged command found void")                                                   \
    X(ANSWER_UNKNOWN, "client told that the outcome is unknown")                                   \
    X(DISK_FULL_REFUSED, "command refused for a full disk")                                        \
    X(FULL_GAVE_WAY, "leader with a full disk handed over")                                        \
    X(FULL_ELECTED, "node with a full disk elected")                                               \
    X(DISK_STALLED, "write stalled for a hundred milliseconds")                                    \
    X(CRASH_BETWEEN_OUTPUTS, "crash between two outputs of a step")                                \
    X(CRASH_LOST_WRITES, "crash lost writes under way")                                            \
    X(CRASH_KEPT_WRITES, "crash kept writes whose completion was not seen")                        \
    X(STATE_REPLAYED, "state rebuilt from the log after a crash")                                  \
    X(ALL_DOWN, "all nodes down at once")                                                          \
    X(MINORITY_LEADER_CUT, "leader cut off in a minority")                                         \
    X(ONE_WAY_CUT, "link cut in one direction")                                                    \
    X(ANCIENT_REPLAYED, "message of an earlier life delivered")                                    \
    X(PAUSED, "leader paused beyond the election timeout")                                         \
    X(WALL_JUMPED, "wall clock jumped by more than a minute")                                      \
    X(HEALED_WITHOUT_MINORITY, "healed with a minority left down")

enum mark {
#define X(symbol, text) MARK_##symbol,
    MARKS(X)
#undef X
        MARK_COUNT
};

struct marks {
    uint64_t count[MARK_COUNT];
};

/* Counts `mark` if `condition` holds. */
#define SOMETIMES(marks, mark, condition) ((marks)->count[MARK_##mark] += (condition) ? 1 : 0)

const char *mark_text(enum mark mark);

#endif
