/* SPDX-License-Identifier: Apache-2.0
 * Packets between hosts and clients, and the links they travel on. */
#ifndef VIGIL_TESTS_SIM_NET_H
#define VIGIL_TESTS_SIM_NET_H

#include "common/error.h"
#include "common/mem.h"
#include "proto/raft/raft.h"

struct sim;

enum { ANCIENT_MAX = 128 };

enum packet_kind {
    PACKET_RAFT,    /* host to host: lost, doubled, reordered, replayed */
    PACKET_FORWARD, /* host to host: an origin's envelope for the leader; lost, never doubled */
    PACKET_ANSWER,  /* host to host: the leader certainly did not append it */
    PACKET_REQUEST, /* client to host */
    PACKET_REPLY,   /* host to client */
};

/* What a client is told. `decided`: by the log, at `index`. Otherwise `code` is a certain refusal
 * of this attempt. */
struct reply {
    enum vg_code code;
    bool decided;
    bool repeated;
    bool joined;
    bool changed; /* an incident: it is in the timelines */
    uint64_t index;
    uint64_t outcome; /* hash of the whole outcome */
    vg_id id;
};

struct packet {
    uint32_t references;
    enum packet_kind kind;
    uint32_t from; /* index of a host or client */
    uint32_t to;
    uint32_t life;   /* of the sending host */
    uint32_t client; /* all but RAFT: who asks, for which op, at which attempt */
    uint32_t attempt;
    uint64_t op;
    bool read;
    struct raft_msg msg;      /* RAFT */
    struct vg_blob **entries; /* RAFT: msg.entry_count references */
    struct vg_blob *blob;     /* FORWARD: envelope and body; REQUEST: signed command */
    struct reply reply;       /* ANSWER, REPLY */
};

struct net {
    bool cut[VG_NODES_MAX][VG_NODES_MAX]; /* [from][to] */
    uint64_t clogged_until_us[VG_NODES_MAX][VG_NODES_MAX];
    uint32_t base_us[VG_NODES_MAX][VG_NODES_MAX];
    struct packet *ancient[ANCIENT_MAX]; /* of any time and life, for replay */
    uint32_t ancient_next;
    uint64_t sent;
};

/* A packet with one reference. */
struct packet *packet_new(enum packet_kind kind, uint32_t from, uint32_t to);
void packet_unref(struct packet *packet);

/* Draws the distances of a seed's regions. */
void net_start(struct sim *sim);
void net_stop(struct net *net);

/* Puts a packet on its way, or loses it; takes the caller's reference. */
void net_send(struct sim *sim, struct packet *packet);

/* True if the packet gets through the links as they are at its arrival. */
bool net_arrives(const struct sim *sim, const struct packet *packet);

/* Cuts links in a shape of the seed's choice; `served`: a shape in which some node keeps links both
 * ways with a quorum. Tells the checker of groups cut off from the rest. */
void net_cut(struct sim *sim, bool served);

/* Mends every link. */
void net_mend(struct sim *sim);

#endif
