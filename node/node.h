/* SPDX-License-Identifier: Apache-2.0
 * One node: its parts put together, and the one place where what the consensus core decides is
 * carried out (docs/architecture.md). */
#ifndef VIGIL_NODE_NODE_H
#define VIGIL_NODE_NODE_H

#include "node/config.h"

struct node;

/* Makes the data folder if it is not there. VG_UNAVAILABLE names it and the remedy. */
enum vg_code node_make_data(const struct node_config *config, struct vg_error *error);

/* Gives away what a node does not need, for the whole process and for good
 * (node/lockdown/lockdown.h): before node_open and node_check, since both read the key. The data
 * folder, unless it is there, cannot be made from then on. */
enum vg_code node_lock_down(const struct node_config *config, struct vg_error *error);

/* Opens store, state, network. `config` is borrowed until node_close. Everything that can be wrong
 * at start is refused here, with the remedy named; a failed open leaves nothing behind. */
enum vg_code node_open(const struct node_config *config, struct node **out, struct vg_error *error);

/* Serves until SIGTERM or SIGINT, then hands leadership over and answers what is under way. Not
 * VG_OK when the node had to stop by itself, with the remedy named. */
enum vg_code node_run(struct node *node, struct vg_error *error);

void node_close(struct node *node);

/* Checks what can be checked without touching the data folder: genesis, key, members, addresses. */
enum vg_code node_check(const struct node_config *config, struct vg_error *error);

#endif
