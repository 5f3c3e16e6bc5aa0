/* SPDX-License-Identifier: Apache-2.0
 * Drills (R32) as they can be read: an operator and an incident manager sign what is to be
 * rehearsed, the operator starts it, nodes take the fault by themselves, the operator records what
 * came of it (docs/drills.md). They are in the directory, which every node can read. */
#ifndef VIGIL_PROTO_RESPONSE_DRILL_H
#define VIGIL_PROTO_RESPONSE_DRILL_H

#include "proto/response/machine.h"

enum {
    RESPONSE_DRILLS_MAX = 1000,               /* the latest are kept; the log has all */
    RESPONSE_DRILL_APPROVED_MS = 3600 * 1000, /* in which an approved drill may be started */
    RESPONSE_DRILL_GRACE_MS = 15 * 1000,      /* after the fault, to measure and record */
    RESPONSE_PROBE_BITS = 256,                /* probes one pair of the state tells of */
};

enum response_drill_state {
    RESPONSE_DRILL_APPROVED = 1,
    RESPONSE_DRILL_LAPSED, /* was not started in time */
    RESPONSE_DRILL_RUNNING,
    RESPONSE_DRILL_UNFINISHED, /* its time is over, and nobody has recorded what came of it */
    RESPONSE_DRILL_PASSED,
    RESPONSE_DRILL_FAILED, /* a target was missed, a write lost, or a read stale */
};
extern const struct response_word response_drill_states[];

struct response_drill {
    vg_id id; /* of the proposal */
    uint8_t kind;
    vg_node_id node;              /* 0: none is named */
    char region[VG_NAME_MAX + 1]; /* "": none is named */
    uint64_t duration_ms;         /* of the fault */
    uint64_t delay_ms;            /* of a slow region */
    uint64_t recovery_target_ms;
    uint64_t stalled_target_ms;
    char reason[VG_TITLE_MAX + 1];
    vg_id operated_by;
    vg_id seconded_by;
    uint64_t approved_at;
    uint64_t started_at; /* 0: not yet */
    uint64_t start_index;
    uint64_t ended_at; /* 0: not yet */
    uint64_t end_index;
    uint64_t probes; /* that came, each number once */
    /* What the operator's program measured (the fields of drill-end). */
    uint8_t recovered;
    uint64_t recovery_ms;
    uint64_t stalled_ms;
    vg_span stalled; /* "emea 412", a line for each region; borrowed */
    uint64_t writes, reads, lost, stale;
};

/* VG_NOT_FOUND. Spans borrow the store. */
enum vg_code response_drill_get(const struct response_machine *machine, const vg_id *id,
                                struct response_drill *out);

/* The drill after `after` in the order of their ids, which is that of their proposals; false at the
 * end. */
bool response_drill_next(const struct response_machine *machine, const vg_id *after,
                         struct response_drill *out);

/* What it is at a log time. */
enum response_drill_state response_drill_state(const struct response_drill *drill,
                                               uint64_t time_ms);

/* When a started drill is over at the latest, whatever becomes of those who run it. */
uint64_t response_drill_over_at(const struct response_drill *drill);

/* The bits of the probes [RESPONSE_PROBE_BITS * block, ...) that came, the lowest number in the
 * lowest bit of the first byte. */
void response_drill_probes(const struct response_machine *machine, const vg_id *id, uint64_t block,
                           uint8_t out[RESPONSE_PROBE_BITS / 8]);

#endif
