/* SPDX-License-Identifier: Apache-2.0
 * The core's state by message matrix: every kind of message, in a term below, at or above the
 * receiver's own, to a receiver in every state. It looks at a core from outside and shares no
 * decision with it. What must happen in each cell is tests/unit/test_raft_matrix.c's to say. */
#ifndef VIGIL_TESTS_LIB_RAFT_MATRIX_H
#define VIGIL_TESTS_LIB_RAFT_MATRIX_H

#include "proto/raft/state.h"

/* Followers differ by whom they follow: a leader speaks otherwise to its own than to another's. */
enum matrix_state {
    MATRIX_ALONE, /* a follower that knows no leader */
    MATRIX_OF_SENDER,
    MATRIX_OF_OTHER,
    MATRIX_PRECANDIDATE,
    MATRIX_CANDIDATE,
    MATRIX_LEADER,
    MATRIX_STATES,
};

/* The message's term as it stands in the message: a pre-vote asks for the term after its sender's.
 */
enum matrix_term { MATRIX_LOWER, MATRIX_SAME, MATRIX_HIGHER, MATRIX_TERMS };

enum matrix_kind {
    MATRIX_APP_EMPTY,
    MATRIX_APP_MATCH,    /* entries that continue or repeat the receiver's log */
    MATRIX_APP_CONFLICT, /* prev or an entry contradicts the receiver's log */
    MATRIX_APP_GAP,      /* prev is beyond the receiver's log */
    MATRIX_APP_RESP_GRANTED,
    MATRIX_APP_RESP_REFUSED,
    MATRIX_HEARTBEAT,
    MATRIX_HEARTBEAT_RESP,
    MATRIX_PREVOTE,
    MATRIX_PREVOTE_BEHIND, /* the sender's log is behind the receiver's durable one */
    MATRIX_PREVOTE_RESP_GRANTED,
    MATRIX_PREVOTE_RESP_REFUSED,
    MATRIX_VOTE,
    MATRIX_VOTE_BEHIND,
    MATRIX_VOTE_RESP_GRANTED,
    MATRIX_VOTE_RESP_REFUSED,
    MATRIX_TIMEOUT_NOW,
    MATRIX_READ,
    MATRIX_READ_RESP_GRANTED,
    MATRIX_READ_RESP_REFUSED,
    MATRIX_KINDS,
};

enum { MATRIX_CELLS = MATRIX_KINDS * MATRIX_TERMS * MATRIX_STATES, MATRIX_NAME_MAX = 80 };

/* A cell by its number, 0 to MATRIX_CELLS - 1. */
uint32_t matrix_cell(enum matrix_kind kind, enum matrix_term term, enum matrix_state state);

/* The cell that `msg` with its entries falls into at `core`, before the core steps it. */
uint32_t matrix_cell_of(const struct raft *core, const struct raft_msg *msg,
                        const struct raft_entry *entries);

/* True if honest peers can never bring it about: only a forged message reaches the cell. */
bool matrix_is_forged(uint32_t cell);

/* "app-match, same term, to a leader" */
void matrix_format(uint32_t cell, char *text, size_t size);

#endif
