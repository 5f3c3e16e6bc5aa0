/* SPDX-License-Identifier: Apache-2.0
 * Stories told at a desk, the same each time: what their state hashes are is frozen. */
#ifndef VIGIL_TESTS_LIB_STORY_H
#define VIGIL_TESTS_LIB_STORY_H

#include "tests/lib/play.h"

/* A compartment that they label, beside the genesis' first. */
extern const vg_id story_second;

/* Incidents of one compartment, and what an outsider tries in a second: labels, a name, signals,
 * refusals, repeats, an import. */
void story_tell(struct desk *desk);

/* The same, and then every operation once, accepted; free with play_free. */
struct play story_tell_all(void);

#endif
