/* SPDX-License-Identifier: Apache-2.0
 * What a store that keeps the state sealed must know of its keys (docs/state.md): whose a row is,
 * and where the texts in its key begin. Pure; any thread. */
#ifndef VIGIL_PROTO_RESPONSE_ROWS_H
#define VIGIL_PROTO_RESPONSE_ROWS_H

#include "common/types.h"

/* The compartment that a row tells of, the zero id for control's; of the start of a key too. */
vg_id response_row_owner(vg_span key);

/* Whether a row says what every node may know: control's do, but for the sentences that its
 * commands were refused with, which have names of the directory in them. */
bool response_row_is_public(vg_span key);

/* How many bytes of a key are ids, numbers and kinds. What is behind them, to the end, are texts of
 * the compartment: names, keys of signals. A store may keep such rows in any order among each
 * other, so that no walk over them means anything by theirs. `key` may be the start of one. */
size_t response_row_head(vg_span key);

#endif
