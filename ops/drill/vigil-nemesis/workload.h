/* SPDX-License-Identifier: Apache-2.0
 * Clients that append to incidents, change their severity and read both, while things go wrong, and
 * record what they see. */
#ifndef VIGIL_OPS_DRILL_VIGIL_NEMESIS_WORKLOAD_H
#define VIGIL_OPS_DRILL_VIGIL_NEMESIS_WORKLOAD_H

#include "ops/cli/core/change.h"
#include "ops/drill/vigil-nemesis/recorder.h"

struct workload;

struct workload_figures {
    uint64_t ok, failed, unknown;
    uint64_t incidents;
    struct vg_error wrong; /* an answer that no fault explains; code VG_OK: none */
};

/* Starts `clients` threads with clients of the call's settings, the author of the call; `seed`
 * decides what they do. The call and the recorder outlive it. */
struct workload *workload_start(struct cli_call *call, const vg_id *compartment,
                                struct recorder *recorder, uint32_t clients, uint64_t seed);

/* Ends the clients. Then, with everything healed, each incident that was written to is read once
 * more, so that nothing that was acknowledged can be missing unseen. Frees. */
void workload_end(struct workload *workload, struct workload_figures *out);

#endif
