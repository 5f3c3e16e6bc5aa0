/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/ledger/tail.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

struct slot {
    struct vg_blob *entry;
    vg_hash hash;
};

/* Entries [first, last] in a ring that grows while more than its size are not durable. */
struct ledger_tail {
    struct slot *ring;
    uint64_t ring_size; /* a power of two */
    uint32_t capacity;
    uint64_t first;
    uint64_t last;
    uint64_t durable;
    vg_hash last_hash;
};

static struct slot *slot_of(const struct ledger_tail *tail, uint64_t index)
{
    return &tail->ring[index & (tail->ring_size - 1)];
}

static uint64_t held(const struct ledger_tail *tail)
{
    return tail->last + 1 - tail->first;
}

struct ledger_tail *ledger_tail_new(uint64_t last, const vg_hash *hash, uint32_t capacity)
{
    assert(capacity > 0);
    struct ledger_tail *tail = vg_alloc_zero(1, sizeof *tail);
    tail->ring_size = 64;
    tail->ring = vg_alloc_zero(tail->ring_size, sizeof *tail->ring);
    tail->capacity = capacity;
    tail->first = last + 1;
    tail->last = last;
    tail->durable = last;
    tail->last_hash = *hash;
    return tail;
}

static void forget(struct ledger_tail *tail, uint64_t index)
{
    struct slot *slot = slot_of(tail, index);
    vg_blob_unref(slot->entry);
    slot->entry = NULL;
}

void ledger_tail_free(struct ledger_tail *tail)
{
    for (uint64_t index = tail->first; index <= tail->last; index++)
        forget(tail, index);
    free(tail->ring);
    free(tail);
}

uint64_t ledger_tail_last(const struct ledger_tail *tail)
{
    return tail->last;
}

vg_hash ledger_tail_hash(const struct ledger_tail *tail)
{
    return tail->last_hash;
}

/* Lets go of the oldest durable entries while the tail is over its capacity. */
static void shrink(struct ledger_tail *tail)
{
    while (held(tail) > tail->capacity && tail->first <= tail->durable)
        forget(tail, tail->first++);
}

static void grow(struct ledger_tail *tail)
{
    struct ledger_tail larger = *tail;
    larger.ring_size = 2 * tail->ring_size;
    larger.ring = vg_alloc_zero(larger.ring_size, sizeof *larger.ring);
    for (uint64_t index = tail->first; index <= tail->last; index++)
        *slot_of(&larger, index) = *slot_of(tail, index);
    free(tail->ring);
    *tail = larger;
}

static void push(struct ledger_tail *tail, struct vg_blob *entry, const vg_hash *hash)
{
    if (held(tail) == tail->ring_size)
        grow(tail);
    tail->last++;
    *slot_of(tail, tail->last) = (struct slot){.entry = entry, .hash = *hash};
    tail->last_hash = *hash;
    shrink(tail);
}

struct vg_blob *ledger_tail_append_own(struct ledger_tail *tail, vg_span envelope_and_body,
                                       uint64_t term, uint64_t time_ms)
{
    assert(envelope_and_body.size >= LEDGER_ENVELOPE_SIZE);
    vg_span envelope = vg_span_of(envelope_and_body.data, LEDGER_ENVELOPE_SIZE);
    vg_hash body = ledger_body_hash(vg_span_of(envelope_and_body.data + LEDGER_ENVELOPE_SIZE,
                                               envelope_and_body.size - LEDGER_ENVELOPE_SIZE));
    struct ledger_header header = {
        .version = LEDGER_FORMAT,
        .index = tail->last + 1,
        .term = term,
        .time_ms = time_ms,
        .rules = LEDGER_RULES_VERSION,
        .previous = tail->last_hash,
        .envelope = ledger_envelope_hash(envelope, &body),
    };
    struct vg_blob *entry = vg_blob_new(LEDGER_HEADER_SIZE + envelope_and_body.size);
    ledger_header_encode(&header, entry->data);
    memcpy(entry->data + LEDGER_HEADER_SIZE, envelope_and_body.data, envelope_and_body.size);
    vg_hash hash = ledger_entry_hash(vg_span_of(entry->data, LEDGER_HEADER_SIZE));
    push(tail, entry, &hash);
    return entry;
}

enum vg_code ledger_tail_append(struct ledger_tail *tail, struct vg_blob *entry,
                                const struct ledger_view *view, struct vg_error *error)
{
    if (view->header.index != tail->last + 1)
        return vg_fail(error, VG_INTEGRITY,
                       "entry %" PRIu64 " does not follow entry %" PRIu64 ", the log's last",
                       view->header.index, tail->last);
    if (!vg_hash_equal(&view->header.previous, &tail->last_hash))
        return vg_fail(error, VG_INTEGRITY,
                       "entry %" PRIu64 " names another predecessor than entry %" PRIu64
                       " of this log: two histories",
                       view->header.index, tail->last);
    push(tail, vg_blob_ref(entry), &view->hash);
    return VG_OK;
}

void ledger_tail_truncate(struct ledger_tail *tail, uint64_t from, const vg_hash *hash_before)
{
    assert(from >= 1 && from <= tail->last);
    vg_hash before;
    bool known = ledger_tail_hash_at(tail, from - 1, &before);
    while (tail->last >= from && tail->last >= tail->first)
        forget(tail, tail->last--);
    tail->last = from - 1;
    if (tail->first > from)
        tail->first = from;
    if (tail->durable > tail->last)
        tail->durable = tail->last;
    tail->last_hash = known ? before : *hash_before;
}

void ledger_tail_set_durable(struct ledger_tail *tail, uint64_t durable)
{
    tail->durable = durable < tail->last ? durable : tail->last;
    shrink(tail);
}

static bool holds(const struct ledger_tail *tail, uint64_t index)
{
    return index >= tail->first && index <= tail->last;
}

struct vg_blob *ledger_tail_get(const struct ledger_tail *tail, uint64_t index)
{
    return holds(tail, index) ? slot_of(tail, index)->entry : NULL;
}

bool ledger_tail_hash_at(const struct ledger_tail *tail, uint64_t index, vg_hash *out)
{
    if (holds(tail, index))
        *out = slot_of(tail, index)->hash;
    return holds(tail, index);
}
