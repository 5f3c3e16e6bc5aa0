/* SPDX-License-Identifier: Apache-2.0 */
#include "node/store/record.h"

#include <assert.h>

#include "common/bytes.h"

static void seal(uint8_t *record, size_t size)
{
    size_t covered = size - STORE_CHECKSUM_SIZE;
    vg_hash_short(vg_span_of(record, covered), record + covered);
}

static bool sealed(vg_span record, size_t size)
{
    if (record.size != size)
        return false;
    uint8_t checksum[STORE_CHECKSUM_SIZE];
    size_t covered = size - STORE_CHECKSUM_SIZE;
    vg_hash_short(vg_span_of(record.data, covered), checksum);
    return memcmp(checksum, record.data + covered, sizeof checksum) == 0;
}

void store_hard_encode(const struct store_hard *hard, uint8_t out[STORE_HARD_SIZE])
{
    struct vg_writer writer = vg_writer_of(out, STORE_HARD_SIZE - STORE_CHECKSUM_SIZE);
    vg_write_u32(&writer, hard->format);
    vg_write_bytes(&writer, hard->cluster.bytes, sizeof hard->cluster.bytes);
    vg_write_u64(&writer, hard->node.value);
    vg_write_bytes(&writer, hard->incarnation.bytes, sizeof hard->incarnation.bytes);
    vg_write_u64(&writer, hard->term.value);
    vg_write_u64(&writer, hard->voted_for.value);
    vg_write_u64(&writer, hard->last);
    vg_write_bytes(&writer, hard->last_hash.bytes, sizeof hard->last_hash.bytes);
    assert(!writer.failed && writer.at == writer.end);
    seal(out, STORE_HARD_SIZE);
}

bool store_hard_decode(vg_span bytes, struct store_hard *out)
{
    if (!sealed(bytes, STORE_HARD_SIZE))
        return false;
    struct vg_reader reader =
        vg_reader_of(vg_span_of(bytes.data, STORE_HARD_SIZE - STORE_CHECKSUM_SIZE));
    out->format = vg_read_u32(&reader);
    vg_read_copy(&reader, out->cluster.bytes, sizeof out->cluster.bytes);
    out->node.value = vg_read_u64(&reader);
    vg_read_copy(&reader, out->incarnation.bytes, sizeof out->incarnation.bytes);
    out->term.value = vg_read_u64(&reader);
    out->voted_for.value = vg_read_u64(&reader);
    out->last = vg_read_u64(&reader);
    vg_read_copy(&reader, out->last_hash.bytes, sizeof out->last_hash.bytes);
    return vg_reader_done(&reader);
}

void store_peer_encode(const struct store_peer *peer, uint8_t out[STORE_PEER_SIZE])
{
    struct vg_writer writer = vg_writer_of(out, STORE_PEER_SIZE - STORE_CHECKSUM_SIZE);
    vg_write_u64(&writer, peer->node.value);
    vg_write_u64(&writer, peer->met);
    vg_write_u64(&writer, peer->shown);
    vg_write_u64(&writer, peer->term);
    vg_write_bytes(&writer, peer->incarnation.bytes, sizeof peer->incarnation.bytes);
    assert(!writer.failed && writer.at == writer.end);
    seal(out, STORE_PEER_SIZE);
}

bool store_peer_decode(vg_span bytes, struct store_peer *out)
{
    if (!sealed(bytes, STORE_PEER_SIZE))
        return false;
    struct vg_reader reader =
        vg_reader_of(vg_span_of(bytes.data, STORE_PEER_SIZE - STORE_CHECKSUM_SIZE));
    out->node.value = vg_read_u64(&reader);
    out->met = vg_read_u64(&reader);
    out->shown = vg_read_u64(&reader);
    out->term = vg_read_u64(&reader);
    vg_read_copy(&reader, out->incarnation.bytes, sizeof out->incarnation.bytes);
    return vg_reader_done(&reader);
}

void store_meta_encode(const struct ledger_view *entry, uint8_t out[STORE_META_SIZE])
{
    struct vg_writer writer = vg_writer_of(out, STORE_META_SIZE - STORE_CHECKSUM_SIZE);
    vg_write_bytes(&writer, entry->header_bytes.data, entry->header_bytes.size);
    vg_write_bytes(&writer, entry->envelope_bytes.data, entry->envelope_bytes.size);
    vg_write_bytes(&writer, entry->hash.bytes, sizeof entry->hash.bytes);
    assert(!writer.failed && writer.at == writer.end);
    seal(out, STORE_META_SIZE);
}

bool store_meta_decode(vg_span bytes, uint64_t index, struct store_meta *out)
{
    if (!sealed(bytes, STORE_META_SIZE))
        return false;
    out->headers = vg_span_of(bytes.data, LEDGER_OVERHEAD);
    vg_span header = vg_span_of(bytes.data, LEDGER_HEADER_SIZE);
    vg_span envelope = vg_span_of(bytes.data + LEDGER_HEADER_SIZE, LEDGER_ENVELOPE_SIZE);
    memcpy(out->hash.bytes, bytes.data + LEDGER_OVERHEAD, sizeof out->hash.bytes);
    vg_hash hash = ledger_entry_hash(header);
    return ledger_header_decode(header, &out->header, NULL) == VG_OK &&
           ledger_envelope_decode(envelope, &out->envelope, NULL) == VG_OK &&
           vg_hash_equal(&hash, &out->hash) && out->header.index == index;
}

struct raft_entry store_meta_entry(const struct store_meta *meta)
{
    return (struct raft_entry){
        .index = meta->header.index,
        .term = meta->header.term,
        .time_ms = meta->header.time_ms,
        .size = (uint32_t)LEDGER_OVERHEAD + meta->envelope.body_size,
        .kind = meta->envelope.type == LEDGER_NOOP ? RAFT_NOOP : RAFT_DATA,
    };
}

void store_identity_encode(const struct store_identity *identity, uint8_t out[STORE_IDENTITY_SIZE])
{
    struct vg_writer writer = vg_writer_of(out, STORE_IDENTITY_SIZE - STORE_CHECKSUM_SIZE);
    vg_write_u32(&writer, identity->format);
    vg_write_bytes(&writer, identity->cluster.bytes, sizeof identity->cluster.bytes);
    vg_write_u64(&writer, identity->node.value);
    vg_write_u64(&writer, identity->index);
    vg_write_bytes(&writer, identity->hash.bytes, sizeof identity->hash.bytes);
    assert(!writer.failed && writer.at == writer.end);
    seal(out, STORE_IDENTITY_SIZE);
}

bool store_identity_decode(vg_span bytes, struct store_identity *out)
{
    if (!sealed(bytes, STORE_IDENTITY_SIZE))
        return false;
    struct vg_reader reader =
        vg_reader_of(vg_span_of(bytes.data, STORE_IDENTITY_SIZE - STORE_CHECKSUM_SIZE));
    out->format = vg_read_u32(&reader);
    vg_read_copy(&reader, out->cluster.bytes, sizeof out->cluster.bytes);
    out->node.value = vg_read_u64(&reader);
    out->index = vg_read_u64(&reader);
    vg_read_copy(&reader, out->hash.bytes, sizeof out->hash.bytes);
    return vg_reader_done(&reader);
}
