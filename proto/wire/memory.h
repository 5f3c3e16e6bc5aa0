/* SPDX-License-Identifier: Apache-2.0
 * What a node remembers of a peer, so that a folder which has forgotten what it promised is noticed
 * (B75, B87; docs/storage.md "An old folder put back"). Every number here is a lower bound of what
 * the peer had on its disk when it told it, and a hello is made before anything else is told on its
 * connection: so an accusation is true however little is remembered. Pure; the caller guards it. */
#ifndef VIGIL_PROTO_WIRE_MEMORY_H
#define VIGIL_PROTO_WIRE_MEMORY_H

#include "proto/wire/peer.h"

/* All zero: nothing is known of it. */
struct wire_memory {
    /* Kept on disk: */
    vg_id incarnation; /* of its folder; zero: not met yet */
    uint64_t met;      /* the highest count of meetings it has shown */
    uint64_t term;     /* the highest it has spoken in */
    /* Since this node started: */
    uint64_t ack_term; /* the term in which it last acknowledged entries to us, */
    uint64_t acked;    /* and the highest of them */
    vg_id run;         /* the process of its that was greeted last */
};

enum wire_verdict {
    WIRE_PLAUSIBLE,
    WIRE_OTHER_FOLDER, /* it was another one */
    WIRE_OLD_MEETINGS, /* it has shown more meetings */
    WIRE_OLD_TERM,     /* it has spoken in a later term */
    WIRE_OLD_LOG,      /* it has acknowledged more in its latest term */
};

/* Whether a hello's folder is the one that is remembered, and as new as what is remembered. A
 * process that was greeted before is not judged again: its hello may have been long under way. */
enum wire_verdict wire_memory_judge(const struct wire_memory *memory,
                                    const struct wire_hello *hello);

/* Each learns something; true if what is kept on disk has changed. A hello must be plausible. */
bool wire_memory_greet(struct wire_memory *memory, const struct wire_hello *hello);
bool wire_memory_meet(struct wire_memory *memory, uint64_t met);
bool wire_memory_hear(struct wire_memory *memory, const struct raft_msg *msg);

/* The verdict as a sentence about "node N", with both numbers. */
void wire_memory_explain(const struct wire_memory *memory, const struct wire_hello *hello,
                         enum wire_verdict verdict, struct vg_error *out);

#endif
