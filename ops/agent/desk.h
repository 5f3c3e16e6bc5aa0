/* SPDX-License-Identifier: Apache-2.0
 * The agent without its socket: keys for a time, and a question answered. */
#ifndef VIGIL_OPS_AGENT_DESK_H
#define VIGIL_OPS_AGENT_DESK_H

#include "ops/agent/agent.h"

struct agent_desk;

/* Has no key yet. In locked memory: VG_UNAVAILABLE if there is none. One thread at a time. */
enum vg_code agent_desk_new(struct agent_desk **out, struct vg_error *error);

/* Wipes and frees; NULL is allowed. */
void agent_desk_free(struct agent_desk *desk);

/* Answers any bytes, at `now_s` on a clock that never goes back, into `answer` of AGENT_ANSWER_MAX
 * bytes; returns the answer's size, at least 1. */
size_t agent_desk_answer(struct agent_desk *desk, vg_span question, uint64_t now_s,
                         uint8_t *answer);

/* Wipes the keys whose time is over, and says when the next one's is; UINT64_MAX: there is none. */
uint64_t agent_desk_expire(struct agent_desk *desk, uint64_t now_s);

#endif
