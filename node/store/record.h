/* SPDX-License-Identifier: Apache-2.0
 * Layouts of the fixed records (docs/storage.md): little-endian, each with a checksum of its
 * own, since LMDB's pages have none. Pure. Private to node/store. */
#ifndef VIGIL_NODE_STORE_RECORD_H
#define VIGIL_NODE_STORE_RECORD_H

#include "node/store/log.h"
#include "proto/ledger/entry.h"

enum {
    STORE_FORMAT = 3,       /* of the log */
    STORE_STATE_FORMAT = 6, /* overrides with their index; from 5 on marks, from 4 on sealed */
    STORE_CHECKSUM_SIZE = 16,
    STORE_HARD_SIZE = 4 + 32 + 8 + 16 + 8 + 8 + 8 + 32 + STORE_CHECKSUM_SIZE,
    STORE_META_SIZE = LEDGER_OVERHEAD + 32 + STORE_CHECKSUM_SIZE,
    STORE_PEER_SIZE = 8 + 8 + 8 + 8 + 16 + STORE_CHECKSUM_SIZE,
    STORE_IDENTITY_SIZE = 4 + 32 + 8 + 8 + 32 + STORE_CHECKSUM_SIZE,
};

/* The one record of what the node has promised and where its log ends. */
struct store_hard {
    uint32_t format;
    vg_hash cluster;
    vg_node_id node;
    vg_id incarnation;
    raft_term term;
    vg_node_id voted_for;
    uint64_t last;
    vg_hash last_hash; /* the cluster id for an empty log */
};

void store_hard_encode(const struct store_hard *hard, uint8_t out[STORE_HARD_SIZE]);

/* False if size or checksum do not hold. */
bool store_hard_decode(vg_span bytes, struct store_hard *out);

void store_peer_encode(const struct store_peer *peer, uint8_t out[STORE_PEER_SIZE]);

/* False if size or checksum do not hold. */
bool store_peer_decode(vg_span bytes, struct store_peer *out);

/* An entry without its body; spans borrow the record. */
struct store_meta {
    vg_span headers; /* ledger header and envelope header */
    struct ledger_header header;
    struct ledger_envelope envelope;
    vg_hash hash;
};

void store_meta_encode(const struct ledger_view *entry, uint8_t out[STORE_META_SIZE]);

/* False if size, checksum, layout, hash or index do not hold: the record is not the one written
 * for `index`. */
bool store_meta_decode(vg_span bytes, uint64_t index, struct store_meta *out);

/* What the core knows of the entry. */
struct raft_entry store_meta_entry(const struct store_meta *meta);

/* Whose state it is, and how far it has come. */
struct store_identity {
    uint32_t format;
    vg_hash cluster;
    vg_node_id node;
    uint64_t index; /* of the last entry taken in */
    vg_hash hash;   /* of that entry; the cluster id at index 0 */
};

void store_identity_encode(const struct store_identity *identity, uint8_t out[STORE_IDENTITY_SIZE]);

/* False if size or checksum do not hold. */
bool store_identity_decode(vg_span bytes, struct store_identity *out);

#endif
