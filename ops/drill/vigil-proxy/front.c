/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/vigil-proxy/front.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "ops/dev/node.h"
#include "ops/dev/setup.h"

static const struct dev_routes straight;

enum vg_code front_claim(const struct dev_cluster *cluster, struct vg_error *error)
{
    char path[DEV_PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/proxy.lock", cluster->dir);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0)
        return VG_OK; /* it stays open */
    if (lock >= 0)
        close(lock);
    return vg_fail(error, VG_BUSY, "another vigil-proxy is between the nodes of %s; end it first",
                   cluster->dir);
}

/* Writes the configurations and starts those again that run. */
static enum vg_code restart(struct dev_cluster *cluster, const struct dev_routes *routes,
                            struct vg_error *error)
{
    bool runs[VG_NODES_MAX];
    enum vg_code code = dev_make_configs(cluster, routes, error);
    if (code != VG_OK)
        return code;
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        runs[i] = dev_node_state(&cluster->nodes[i]) != DEV_STOPPED;
        dev_node_stop(&cluster->nodes[i]);
    }
    for (uint32_t i = 0; code == VG_OK && i < cluster->node_count; i++)
        if (runs[i])
            code = dev_node_start(cluster, &cluster->nodes[i], NULL, error);
    enum vg_code saved = dev_cluster_save(cluster, code == VG_OK ? error : NULL);
    return code == VG_OK ? saved : code;
}

static enum vg_code check_all_run(const struct dev_cluster *cluster, struct vg_error *error)
{
    for (uint32_t i = 0; i < cluster->node_count; i++)
        if (dev_node_state(&cluster->nodes[i]) != DEV_RUNNING)
            return vg_fail(error, VG_UNAVAILABLE,
                           "node %llu does not run; 'vigil dev up --dir %s' starts what is missing",
                           (unsigned long long)cluster->nodes[i].id, cluster->dir);
    return VG_OK;
}

enum vg_code front_open(struct cli_call *call, struct dev_cluster *cluster,
                        const struct proxy_mesh *whole, uint64_t seed, struct proxy **out)
{
    struct vg_error late;
    if (check_all_run(cluster, &call->error) != VG_OK ||
        proxy_open(cluster, seed, out, &call->error) != VG_OK)
        return call->error.code;
    proxy_set_all(*out, whole);
    enum vg_code code = restart(cluster, proxy_routes(*out), &call->error);
    dev_point_call(call, cluster);
    if (code == VG_OK)
        code = dev_await_leader(call, cluster);
    if (code != VG_OK) {
        restart(cluster, &straight, &late);
        proxy_close(*out);
    }
    return code;
}

enum vg_code front_close(struct cli_call *call, struct dev_cluster *cluster, struct proxy *proxy)
{
    struct vg_error none_runs;
    enum vg_code code = restart(cluster, &straight, &call->error);
    proxy_close(proxy);
    if (code == VG_OK && check_all_run(cluster, &none_runs) == VG_OK)
        code = dev_await_leader(call, cluster);
    return code;
}
