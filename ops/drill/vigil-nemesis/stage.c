/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/vigil-nemesis/stage.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "ops/dev/node.h"

enum {
    ASK_MS = 500,
    POLL_MS = 50,
    AWAIT_MS = 30000,
    STEERED_PATH = DEV_PATH_MAX + 32,
    SETTING = DEV_PATH_MAX + 32
};

/* ---- disks and clocks --------------------------------------------------------------------------
 */

static void shim_folder(const struct stage *stage, uint32_t node, char out[DEV_PATH_MAX])
{
    dev_node_path(stage->cluster, &stage->cluster->nodes[node], "shim", out);
}

static void steered_path(const struct stage *stage, uint32_t node, const char *name,
                         char out[STEERED_PATH])
{
    char folder[DEV_PATH_MAX];
    shim_folder(stage, node, folder);
    snprintf(out, STEERED_PATH, "%s/%s", folder, name);
}

enum vg_code stage_steer(struct stage *stage, uint32_t node, const char *name, int64_t number,
                         struct vg_error *error)
{
    char path[STEERED_PATH];
    char text[24];
    steered_path(stage, node, name, path);
    snprintf(text, sizeof text, "%" PRId64, number);
    return vg_file_write(path, vg_span_text(text), 0600, error);
}

bool stage_unsteer(struct stage *stage, uint32_t node, const char *name)
{
    char path[STEERED_PATH];
    steered_path(stage, node, name, path);
    return unlink(path) == 0;
}

enum vg_code stage_prepare(struct stage *stage, struct vg_error *error)
{
    pthread_mutex_init(&stage->links, NULL);
    enum vg_code code = VG_OK;
    for (uint32_t node = 0; code == VG_OK && node < stage->cluster->node_count; node++) {
        char folder[DEV_PATH_MAX];
        shim_folder(stage, node, folder);
        code = vg_folder_make(folder, error);
        if (code == VG_OK)
            code = stage_steer(stage, node, "undo", 1, error);
    }
    return code;
}

enum vg_code stage_cut_power(struct stage *stage, uint32_t node, struct vg_prng *prng,
                             struct vg_error *error)
{
    char folder[DEV_PATH_MAX];
    shim_folder(stage, node, folder);
    return shim_power_cut(folder, SHIM_KEPT_RANDOM, prng, error);
}

enum vg_code stage_settle_disk(struct stage *stage, uint32_t node, struct vg_error *error)
{
    char folder[DEV_PATH_MAX];
    shim_folder(stage, node, folder);
    return shim_power_cut(folder, SHIM_KEPT_ALL, NULL, error);
}

/* ---- links -------------------------------------------------------------------------------------
 */

void stage_hold_links(struct stage *stage)
{
    pthread_mutex_lock(&stage->links);
}

void stage_release_links(struct stage *stage)
{
    pthread_mutex_unlock(&stage->links);
}

/* What a node says of the cluster, asked alone; NULL if it does not answer. */
static json_t *ask(const struct stage *stage, uint32_t node)
{
    struct cli_node at = dev_node_at(&stage->cluster->nodes[node]);
    return cli_ask_apart(stage->access, &at, 1, ASK_MS, "cluster.status");
}

/* Whether the node says that it reaches all others, and is reached. */
static bool reaches_all(const struct stage *stage, uint32_t node)
{
    size_t i;
    json_t *row;
    json_t *status = ask(stage, node);
    bool all = status != NULL;
    json_array_foreach(json_object_get(status, "nodes"), i, row) all =
        all && json_is_true(json_object_get(row, "reachable"));
    json_decref(status);
    return all;
}

/* Whether the node has started, or tried to. */
static bool is_past_start(const struct stage *stage, uint32_t node)
{
    json_t *status = ask(stage, node);
    bool serves = status != NULL;
    json_decref(status);
    return serves || dev_node_state(&stage->cluster->nodes[node]) == DEV_STOPPED;
}

static enum vg_code await(const struct stage *stage, uint32_t node,
                          bool (*is_so)(const struct stage *stage, uint32_t node), const char *what,
                          struct vg_error *error)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    uint64_t until_us = vg_clock_system.monotonic_us() + AWAIT_MS * 1000ULL;
    while (!is_so(stage, node)) {
        if (vg_clock_system.monotonic_us() > until_us)
            return vg_fail(error, VG_TIMEOUT, "node %" PRIu64 " has not %s in %d s",
                           stage->cluster->nodes[node].id, what, AWAIT_MS / 1000);
        nanosleep(&pause, NULL);
    }
    return VG_OK;
}

enum vg_code stage_await_met(const struct stage *stage, uint32_t node, struct vg_error *error)
{
    return await(stage, node, reaches_all, "met the others", error);
}

enum vg_code stage_await_start(const struct stage *stage, uint32_t node, struct vg_error *error)
{
    return await(stage, node, is_past_start, "started", error);
}

/* ---- processes ---------------------------------------------------------------------------------
 */

enum vg_code stage_start_node(struct stage *stage, uint32_t node, struct vg_error *error)
{
    char library[DEV_PATH_MAX];
    char folder[DEV_PATH_MAX];
    char preload[SETTING];
    char steering[SETTING];
    char *more[] = {preload, steering, NULL};
    enum vg_code code = dev_find_built("../lib/libvigilshim.so", library, error);
    shim_folder(stage, node, folder);
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", library);
    snprintf(steering, sizeof steering, "VIGIL_SHIM_DIR=%s", folder);
    if (code == VG_OK)
        code = dev_node_start(stage->cluster, &stage->cluster->nodes[node], more, error);
    return code == VG_OK ? dev_cluster_save(stage->cluster, error) : code;
}

uint32_t stage_leader(const struct stage *stage, uint32_t otherwise)
{
    const struct dev_cluster *cluster = stage->cluster;
    struct cli_node all[VG_NODES_MAX];
    for (uint32_t i = 0; i < cluster->node_count; i++)
        all[i] = dev_node_at(&cluster->nodes[i]);
    json_t *status =
        cli_ask_apart(stage->access, all, cluster->node_count, ASK_MS, "cluster.status");
    uint64_t leader = cli_json_number(status, "leader");
    json_decref(status);
    for (uint32_t i = 0; i < cluster->node_count; i++)
        if (cluster->nodes[i].id == leader)
            return i;
    return otherwise;
}

enum vg_code stage_check(const struct stage *stage, struct vg_error *error)
{
    const struct dev_cluster *cluster = stage->cluster;
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        char words[256];
        if (dev_node_state(&cluster->nodes[i]) != DEV_STOPPED)
            continue;
        dev_node_last_words(cluster, &cluster->nodes[i], words, sizeof words);
        return vg_fail(error, VG_INTEGRITY, "node %" PRIu64 " ended by itself: %s",
                       cluster->nodes[i].id, words);
    }
    return VG_OK;
}
