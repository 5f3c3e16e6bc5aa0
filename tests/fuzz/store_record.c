/* SPDX-License-Identifier: Apache-2.0
 * The store's fixed records: the first byte chooses which, and whether the checksum is put right
 * before it is read, so that what lies behind it is reached. What decodes is encoded to the same
 * bytes. */
#include "node/store/record.h"
#include "tests/fuzz/fuzz.h"

enum { RECORDS = 4 };

static bool is_same(const uint8_t *again, vg_span bytes, size_t size)
{
    return vg_span_equal(vg_span_of(again, size), bytes);
}

static void hard(vg_span bytes)
{
    struct store_hard record;
    uint8_t again[STORE_HARD_SIZE];
    if (!store_hard_decode(bytes, &record))
        return;
    store_hard_encode(&record, again);
    assert(is_same(again, bytes, sizeof again));
}

static void peer(vg_span bytes)
{
    struct store_peer record;
    uint8_t again[STORE_PEER_SIZE];
    if (!store_peer_decode(bytes, &record))
        return;
    store_peer_encode(&record, again);
    assert(is_same(again, bytes, sizeof again));
}

static void identity(vg_span bytes)
{
    struct store_identity record;
    uint8_t again[STORE_IDENTITY_SIZE];
    if (!store_identity_decode(bytes, &record))
        return;
    store_identity_encode(&record, again);
    assert(is_same(again, bytes, sizeof again));
}

static void meta(vg_span bytes)
{
    struct store_meta record;
    uint8_t again[STORE_META_SIZE];
    uint64_t index = 0;
    if (bytes.size > LEDGER_HEADER_SIZE)
        memcpy(&index, bytes.data + 6, sizeof index); /* behind version and group */
    assert(!store_meta_decode(bytes, index + 1, &record));
    if (!store_meta_decode(bytes, index, &record))
        return;
    struct ledger_view view = {.hash = record.hash,
                               .header_bytes = vg_span_of(bytes.data, LEDGER_HEADER_SIZE)};
    view.envelope_bytes = vg_span_of(bytes.data + LEDGER_HEADER_SIZE, LEDGER_ENVELOPE_SIZE);
    store_meta_encode(&view, again);
    assert(is_same(again, bytes, sizeof again) && store_meta_entry(&record).index == index);
}

static void mend(struct vg_buffer *record)
{
    size_t covered = record->size - STORE_CHECKSUM_SIZE;
    if (record->size == STORE_META_SIZE) {
        vg_hash hash = ledger_entry_hash(vg_span_of(record->data, LEDGER_HEADER_SIZE));
        memcpy(record->data + LEDGER_OVERHEAD, hash.bytes, sizeof hash.bytes);
    }
    vg_hash_short(vg_span_of(record->data, covered), record->data + covered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const records[])(vg_span) = {hard, identity, meta, peer};
    vg_crypto_init();
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    uint64_t choice = fuzz_below(&input, 2 * RECORDS);
    vg_span rest = fuzz_rest(&input);
    struct vg_buffer record = {0};
    vg_buffer_append(&record, rest.data, rest.size);
    if (choice >= RECORDS && record.size >= STORE_CHECKSUM_SIZE)
        mend(&record);
    records[choice % RECORDS](vg_buffer_span(&record));
    vg_buffer_free(&record);
    return 0;
}
