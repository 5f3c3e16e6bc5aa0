/* SPDX-License-Identifier: Apache-2.0
 * The log's tail in memory: recent entries as bytes, and the hash chain over them. Sits between the
 * core, which orders entries, and disk and network, which carry them. Used alike by the node and
 * the simulator. Owned by one thread. */
#ifndef VIGIL_PROTO_LEDGER_TAIL_H
#define VIGIL_PROTO_LEDGER_TAIL_H

#include "common/mem.h"
#include "proto/ledger/entry.h"

struct ledger_tail;

/* A tail whose last entry is `last` with hash `hash` (0 and the cluster id for an empty log). It
 * holds at most `capacity` entries once they are durable; undurable ones are always held. */
struct ledger_tail *ledger_tail_new(uint64_t last, const vg_hash *hash, uint32_t capacity);
void ledger_tail_free(struct ledger_tail *tail);

uint64_t ledger_tail_last(const struct ledger_tail *tail);
vg_hash ledger_tail_hash(const struct ledger_tail *tail);

/* The leader's own entry: makes header and hash for an encoded envelope header with its body, at
 * last + 1. Returns the entry, borrowed from the tail. */
struct vg_blob *ledger_tail_append_own(struct ledger_tail *tail, vg_span envelope_and_body,
                                       uint64_t term, uint64_t time_ms);

/* An entry from a leader, already parsed by ledger_parse: takes a reference if its index is last +
 * 1 and its previous hash is ours; else VG_INTEGRITY, which is the alarm of DESIGN section 3. */
enum vg_code ledger_tail_append(struct ledger_tail *tail, struct vg_blob *entry,
                                const struct ledger_view *view, struct vg_error *error);

/* Drops entries from `from` on. `hash_before` is that of entry from - 1, for when the tail no
 * longer holds it. */
void ledger_tail_truncate(struct ledger_tail *tail, uint64_t from, const vg_hash *hash_before);

/* Entries up to `durable` may be forgotten when the tail is over its capacity. */
void ledger_tail_set_durable(struct ledger_tail *tail, uint64_t durable);

/* The entry of an index, borrowed, or NULL when the tail does not hold it. */
struct vg_blob *ledger_tail_get(const struct ledger_tail *tail, uint64_t index);

/* The hash of an entry that the tail holds; false otherwise. */
bool ledger_tail_hash_at(const struct ledger_tail *tail, uint64_t index, vg_hash *out);

#endif
