/* SPDX-License-Identifier: Apache-2.0
 * What faults act on: the processes, the disks and clocks they see, and the links between them. */
#ifndef VIGIL_OPS_DRILL_VIGIL_NEMESIS_STAGE_H
#define VIGIL_OPS_DRILL_VIGIL_NEMESIS_STAGE_H

#include <pthread.h>

#include "ops/cli/core/access.h"
#include "ops/dev/cluster.h"
#include "ops/drill/proxy/regions.h"
#include "ops/drill/shim/undo.h"

struct stage {
    struct dev_cluster *cluster;
    const struct cli_access *access; /* by which its nodes are asked */
    struct proxy *proxy;
    struct proxy_mesh whole; /* what lies between the nodes when nothing is wrong */
    pthread_mutex_t links;   /* whoever has it may spoil them, or wants them whole */
};

/* Makes the folders from which the nodes' disks and clocks are steered (ops/drill/shim). */
enum vg_code stage_prepare(struct stage *stage, struct vg_error *error);

/* Starts a node with such a disk and clock. */
enum vg_code stage_start_node(struct stage *stage, uint32_t node, struct vg_error *error);

/* Puts a file of that name into a node's folder, with a number in it; takes it out again: false
 * if it was not there any more. */
enum vg_code stage_steer(struct stage *stage, uint32_t node, const char *name, int64_t number,
                         struct vg_error *error);
bool stage_unsteer(struct stage *stage, uint32_t node, const char *name);

/* Takes the power from the disk of a node that was killed: of what no sync had made durable, any
 * part has reached it. */
enum vg_code stage_cut_power(struct stage *stage, uint32_t node, struct vg_prng *prng,
                             struct vg_error *error);

/* What a node that was killed had written counts as durable. */
enum vg_code stage_settle_disk(struct stage *stage, uint32_t node, struct vg_error *error);

/* Links are whole from here to there: waits for the end of the fault that spoils them. */
void stage_hold_links(struct stage *stage);
void stage_release_links(struct stage *stage);

/* Waits until a node and every other have reached each other; VG_TIMEOUT. */
enum vg_code stage_await_met(const struct stage *stage, uint32_t node, struct vg_error *error);

/* Waits until a node that was started serves, or has ended instead; VG_TIMEOUT. */
enum vg_code stage_await_start(const struct stage *stage, uint32_t node, struct vg_error *error);

/* The place of the node that leads, as the first to answer says; else `otherwise`. */
uint32_t stage_leader(const struct stage *stage, uint32_t otherwise);

/* VG_INTEGRITY names a node that ended by itself, with its last words. */
enum vg_code stage_check(const struct stage *stage, struct vg_error *error);

#endif
