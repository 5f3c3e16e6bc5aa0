/* SPDX-License-Identifier: Apache-2.0
 * How rows of compartments lie in the state environment (docs/state.md): the value sealed under the
 * compartment's state key, texts in the key as a keyed hash; control's rows are as they are. A
 * stored row says nothing of the environment it lies in. Private to node/store; one thread. */
#ifndef VIGIL_NODE_STORE_VAULT_H
#define VIGIL_NODE_STORE_VAULT_H

#include "common/kv.h"
#include "common/mem.h"
#include "node/store/state.h"

struct store_vault;

/* A key as it is stored. */
struct store_row_key {
    uint8_t bytes[VG_KEY_MAX];
    size_t size;
};

/* Its keys are in locked memory; NULL with VG_UNAVAILABLE when the system locks no more. `keys` is
 * copied. Free with store_vault_free, which wipes; NULL is allowed. */
struct store_vault *store_vault_new(const struct store_state_keys *keys, struct vg_error *error);
void store_vault_free(struct store_vault *vault);

/* Where a key is stored, or a walk from it begins. False if it has texts and its compartment no
 * state key here: then nothing is stored for it. */
bool store_vault_key(struct store_vault *vault, vg_span key, struct store_row_key *out);

/* Appends the stored value of a row to `out`. `stored` is where it is put. False if the compartment
 * has no state key here. */
bool store_vault_seal(struct store_vault *vault, vg_span key, vg_span stored, vg_span value,
                      struct vg_buffer *out);

/* The key and value of a stored row, borrowed until store_vault_rest, or from the row itself. False
 * if it does not open: it was altered or moved, or sealed under another key. */
bool store_vault_open(struct store_vault *vault, vg_span stored, vg_span sealed, vg_span *key,
                      vg_span *value);

/* Wipes all that was opened so far. */
void store_vault_rest(struct store_vault *vault);

/* Wipes what is held of a compartment's state key; it is asked for anew when it is needed. */
void store_vault_forget(struct store_vault *vault, const vg_id *compartment);

#endif
