/* SPDX-License-Identifier: Apache-2.0
 * Entries: both headers, the cut, the hash over envelope and body, the padded body, and the tail
 * that takes them. The first byte chooses how much of it is put right before it is read, so that
 * what lies behind a hash is reached too. */
#include "proto/ledger/entry.h"
#include "proto/ledger/tail.h"
#include "tests/fuzz/fuzz.h"

enum { MEND_HASH = 1, MEND_BODY = 2 };

static void header_again(vg_span bytes, const struct ledger_header *header)
{
    uint8_t again[LEDGER_HEADER_SIZE];
    ledger_header_encode(header, again);
    assert(vg_span_equal(vg_span_of(again, sizeof again), bytes));
}

static void envelope_again(vg_span bytes, const struct ledger_envelope *envelope)
{
    uint8_t again[LEDGER_ENVELOPE_SIZE];
    ledger_envelope_encode(envelope, again);
    assert(vg_span_equal(vg_span_of(again, sizeof again), bytes));
}

/* The envelope says how long the body is. */
static void mend_body(struct vg_buffer *entry)
{
    struct ledger_envelope envelope;
    uint8_t *at = entry->data + LEDGER_HEADER_SIZE;
    size_t size = (entry->size - LEDGER_OVERHEAD) / LEDGER_BODY_UNIT * LEDGER_BODY_UNIT;
    ledger_envelope_decode(vg_span_of(at, LEDGER_ENVELOPE_SIZE), &envelope, NULL);
    entry->size = LEDGER_OVERHEAD + size;
    envelope.body_size = (uint32_t)size;
    ledger_envelope_encode(&envelope, at);
}

/* The header has the hash of envelope and body. */
static void mend_hash(struct vg_buffer *entry)
{
    struct ledger_header header;
    vg_span body = vg_span_of(entry->data + LEDGER_OVERHEAD, entry->size - LEDGER_OVERHEAD);
    vg_hash body_hash = ledger_body_hash(body);
    ledger_header_decode(vg_span_of(entry->data, LEDGER_HEADER_SIZE), &header, NULL);
    header.envelope = ledger_envelope_hash(
        vg_span_of(entry->data + LEDGER_HEADER_SIZE, LEDGER_ENVELOPE_SIZE), &body_hash);
    ledger_header_encode(&header, entry->data);
}

/* A body opens under the commitment to what is in it and under no other. */
static void open_body(const struct ledger_view *view)
{
    vg_span command;
    struct vg_error error = {0};
    vg_hash commitment = view->envelope.commitment;
    struct vg_reader reader = vg_reader_of(view->body);
    vg_span salt = vg_read_span(&reader, LEDGER_SALT_SIZE);
    vg_span content = vg_read_span(&reader, vg_read_u32(&reader));
    if (ledger_body_open(view->body, &commitment, &command, &error) != VG_OK)
        fuzz_refused(VG_INTEGRITY, &error);
    if (reader.failed || view->body.size != ledger_body_size(content.size))
        return;
    struct vg_buffer built = {0};
    commitment = ledger_body_build(salt.data, content, vg_buffer_extend(&built, view->body.size));
    bool same = vg_span_equal(vg_buffer_span(&built), view->body);
    assert((ledger_body_open(view->body, &commitment, &command, &error) == VG_OK) == same);
    assert(!same || vg_span_equal(command, content));
    commitment.bytes[0] ^= 1;
    assert(ledger_body_open(view->body, &commitment, &command, &error) == VG_INTEGRITY);
    vg_buffer_free(&built);
}

/* The tail takes the entry that follows, and no other. It gets none with an index beyond what the
 * core takes. */
static void follow(const struct ledger_view *view, vg_span bytes)
{
    static const uint64_t index_max = UINT64_MAX / 4;
    static const vg_hash other = {{1}};
    uint64_t last = view->header.index - 1;
    if (last >= index_max)
        return;
    struct ledger_tail *tail = ledger_tail_new(last, &view->header.previous, 4);
    struct ledger_tail *elsewhere = ledger_tail_new(last, &other, 4);
    struct vg_blob *entry = vg_blob_copy(bytes);
    struct vg_error error = {0};
    assert(ledger_tail_append(tail, entry, view, &error) == VG_OK);
    vg_hash hash = ledger_tail_hash(tail);
    assert(ledger_tail_last(tail) == last + 1 && vg_hash_equal(&hash, &view->hash));
    assert(ledger_tail_append(tail, entry, view, &error) == VG_INTEGRITY);
    bool same = vg_hash_equal(&other, &view->header.previous);
    assert((ledger_tail_append(elsewhere, entry, view, &error) == VG_OK) == same);
    ledger_tail_free(tail);
    ledger_tail_free(elsewhere);
    vg_blob_unref(entry);
}

static void check(vg_span bytes, bool hash_holds)
{
    struct ledger_view view, cut;
    struct vg_error error = {0};
    enum vg_code code = ledger_parse(bytes, &view, &error);
    if (ledger_cut(bytes, &cut, NULL) == VG_OK) {
        header_again(cut.header_bytes, &cut.header);
        envelope_again(cut.envelope_bytes, &cut.envelope);
        assert(cut.body.size + LEDGER_OVERHEAD == bytes.size);
        assert(code == VG_OK || (code == VG_INTEGRITY && !hash_holds));
        open_body(&cut);
    }
    if (code == VG_OK)
        follow(&view, bytes);
    else
        fuzz_refused(code, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vg_crypto_init();
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    uint64_t mend = fuzz_below(&input, 4);
    vg_span rest = fuzz_rest(&input);
    struct vg_buffer entry = {0};
    vg_buffer_append(&entry, rest.data, rest.size);
    mend = entry.size < LEDGER_OVERHEAD ? 0 : mend;
    if ((mend & MEND_BODY) != 0)
        mend_body(&entry);
    if ((mend & MEND_HASH) != 0)
        mend_hash(&entry);
    check(vg_buffer_span(&entry), (mend & MEND_HASH) != 0);
    vg_buffer_free(&entry);
    return 0;
}
