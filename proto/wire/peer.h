/* SPDX-License-Identifier: Apache-2.0
 * Messages between nodes, as payloads of frames. */
#ifndef VIGIL_PROTO_WIRE_PEER_H
#define VIGIL_PROTO_WIRE_PEER_H

#include "common/error.h"
#include "common/limits.h"
#include "common/mem.h"
#include "proto/raft/raft.h"

/* First frame in both directions. A peer of another cluster, with an id that is not a member's or
 * is our own, a known id with another incarnation while its old connection lives, or with a folder
 * older than what is remembered of it (memory.h), is refused. */
struct wire_hello {
    uint16_t version;
    vg_hash cluster;
    vg_node_id node;
    vg_id incarnation;
    vg_id run; /* random, of this process */
    /* What its disk has now: */
    uint64_t met;  /* how often it has met the node it speaks to */
    uint64_t term; /* its term, */
    uint64_t last; /* and the last entry of its log */
};

void wire_hello_encode(const struct wire_hello *hello, struct vg_buffer *out);
enum vg_code wire_hello_decode(vg_span bytes, struct wire_hello *out, struct vg_error *error);

/* A node has met the one it tells this, and has it on its disk. */
struct wire_met {
    uint64_t met;
};

void wire_met_encode(const struct wire_met *met, struct vg_buffer *out);
enum vg_code wire_met_decode(vg_span bytes, struct wire_met *out, struct vg_error *error);

/* A Raft message with the whole entries an append carries. */
struct wire_raft {
    struct raft_msg msg;
    vg_span entries[RAFT_BATCH_MAX]; /* msg.entry_count of them; borrowed on decode */
};

void wire_raft_encode(const struct wire_raft *message, struct vg_buffer *out);
/* Checks types, bounds and counts only: entries are still to be parsed by the ledger. */
enum vg_code wire_raft_decode(vg_span bytes, struct wire_raft *out, struct vg_error *error);

/* An origin hands a sealed envelope to the leader. `token` pairs the answer with it. */
struct wire_forward {
    uint64_t token;
    vg_span envelope_and_body; /* borrowed */
};

void wire_forward_encode(const struct wire_forward *forward, struct vg_buffer *out);
enum vg_code wire_forward_decode(vg_span bytes, struct wire_forward *out, struct vg_error *error);

/* VG_OK: appended at (index, term), outcome still open. VG_BUSY, VG_UNAVAILABLE: certainly not. */
struct wire_forward_resp {
    uint64_t token;
    enum vg_code code;
    uint64_t index;
    uint64_t term;
    vg_node_id leader; /* VG_UNAVAILABLE: who leads, if known */
};

void wire_forward_resp_encode(const struct wire_forward_resp *answer, struct vg_buffer *out);
enum vg_code wire_forward_resp_decode(vg_span bytes, struct wire_forward_resp *out,
                                      struct vg_error *error);

/* A node whose own copy of an entry is damaged asks another for it. The hash is the one its chain
 * has for that place, so that the answer needs no trust. */
struct wire_fetch {
    uint64_t index;
    vg_hash hash;
};

void wire_fetch_encode(const struct wire_fetch *fetch, struct vg_buffer *out);
enum vg_code wire_fetch_decode(vg_span bytes, struct wire_fetch *out, struct vg_error *error);

/* VG_OK: here it is. VG_NOT_FOUND: not held here. VG_INTEGRITY: damaged here too. VG_BUSY: ask
 * later. */
struct wire_fetched {
    uint64_t index;
    enum vg_code code;
    vg_span entry; /* whole; borrowed on decode; empty unless VG_OK */
};

void wire_fetched_encode(const struct wire_fetched *answer, struct vg_buffer *out);
/* Checks form and bounds only: the entry is still to be parsed, and compared with its hash. */
enum vg_code wire_fetched_decode(vg_span bytes, struct wire_fetched *out, struct vg_error *error);

#endif
