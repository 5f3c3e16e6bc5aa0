/* SPDX-License-Identifier: Apache-2.0
 * An ordered key-value store as the state machine sees it: sealed rows of an LMDB transaction in
 * the node, a map in tests and the simulator. Keys are at most 400 bytes and compare as memcmp
 * does, but for the texts in them, which are in any order (proto/response/rows.h). */
#ifndef VIGIL_COMMON_KV_H
#define VIGIL_COMMON_KV_H

#include "common/types.h"

enum { VG_KEY_MAX = 400 };

/* Spans given out are borrowed until the next put, del or next on the same store, which may be
 * given them. */
struct vg_kv {
    void *context;
    /* False if the key is absent. */
    bool (*get)(void *context, vg_span key, vg_span *value);
    /* Inserts or replaces; copies both. */
    void (*put)(void *context, vg_span key, vg_span value);
    /* Removes; absent keys are no error. */
    void (*del)(void *context, vg_span key);
    /* The first pair whose key is >= `from` (or > `from` when `after`) and starts with `prefix`.
     * False when there is none. */
    bool (*next)(void *context, vg_span prefix, vg_span from, bool after, vg_span *key,
                 vg_span *value);
};

#endif
