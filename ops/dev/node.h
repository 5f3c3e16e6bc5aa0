/* SPDX-License-Identifier: Apache-2.0
 * The processes of a local cluster: real ones, real signals. */
#ifndef VIGIL_OPS_DEV_NODE_H
#define VIGIL_OPS_DEV_NODE_H

#include "ops/dev/cluster.h"

enum dev_state { DEV_STOPPED, DEV_RUNNING, DEV_PAUSED };

enum dev_state dev_node_state(const struct dev_node *node);
const char *dev_state_name(enum dev_state state);

/* Starts `vigild` (which is beside this program) with the node's configuration, in this program's
 * environment and that of `more`, "NAME=value", if it is not NULL; its last is NULL. */
enum vg_code dev_node_start(const struct dev_cluster *cluster, struct dev_node *node, char **more,
                            struct vg_error *error);

/* Where `name` is that was built with this program, as from its folder ("vigild"). VG_NOT_FOUND. */
enum vg_code dev_find_built(const char *name, char out[DEV_PATH_MAX], struct vg_error *error);

/* Waits until the process has ended; false if it has not within `wait_ms`. */
bool dev_node_await_end(const struct dev_node *node, uint64_t wait_ms);

/* SIGSTOP and SIGCONT; return when the process has stopped, or goes on. */
enum vg_code dev_node_pause(const struct dev_node *node, struct vg_error *error);
enum vg_code dev_node_resume(const struct dev_node *node, struct vg_error *error);

/* SIGTERM, and SIGKILL if that does not end it in 10 s. Returns when the process is gone; a node
 * that does not run is stopped already. */
void dev_node_stop(const struct dev_node *node);

/* SIGKILL; returns when the process is gone. As pause and resume, VG_NOT_FOUND where it is not
 * there. */
enum vg_code dev_node_kill(const struct dev_node *node, struct vg_error *error);

/* The last line of a node's log into `out`, "" if there is none. */
void dev_node_last_words(const struct dev_cluster *cluster, const struct dev_node *node, char *out,
                         size_t size);

#endif
