/* SPDX-License-Identifier: Apache-2.0
 * The fields of a message under their names in scn/1: shown, asserted and injected by one table. */
#ifndef VIGIL_TESTS_SCENARIO_FIELDS_H
#define VIGIL_TESTS_SCENARIO_FIELDS_H

#include "tests/scenario/script.h"

/* The keys of all fields but `n`, for a command's table. */
#define FIELD_KEYS                                                                                 \
    " from to type term prev prevterm commit round granted rej transfer index hint readid logtime" \
    " wall unfit "

/* A field's value in `msg`; false if there is no such field. */
bool field_get(const struct raft_msg *msg, const char *name, uint64_t *out);

/* Sets the fields a call gives; other keys are left alone. False after a bad_syntax(). */
bool fields_set(struct session *session, const struct call *call, struct raft_msg *msg);

/* True if every field the call gives has that value; from=, to= and type= may be lists. */
bool fields_match(struct session *session, const struct call *call, const struct raft_msg *msg);

#endif
