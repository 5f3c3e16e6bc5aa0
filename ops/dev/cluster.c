/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700 /* nftw */
#include "ops/dev/cluster.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "ops/cli/core/output.h"
#include "ops/dev/make.h"
#include "ops/dev/node.h"

enum {
    STATE_FILE_MAX = 64 * 1024,
    PERMISSIONS = 0600,
    LOCK_WAIT_MS = 120000, /* another vigil dev may be starting nodes */
};

static void file_path(const struct dev_cluster *cluster, const char *file, char out[DEV_PATH_MAX])
{
    snprintf(out, DEV_PATH_MAX, "%.*s/%s", DEV_PATH_MAX - 64, cluster->dir, file);
}

void dev_node_path(const struct dev_cluster *cluster, const struct dev_node *node, const char *file,
                   char out[DEV_PATH_MAX])
{
    char name[64];
    snprintf(name, sizeof name, "node-%llu/%.40s", (unsigned long long)node->id, file);
    file_path(cluster, name, out);
}

void dev_person_path(const struct dev_cluster *cluster, uint32_t number, char out[DEV_PATH_MAX])
{
    char name[48];
    snprintf(name, sizeof name, "person-%u.identity", number);
    file_path(cluster, name, out);
}

void dev_genesis_path(const struct dev_cluster *cluster, char out[DEV_PATH_MAX])
{
    file_path(cluster, "genesis", out);
}

struct cli_node dev_node_at(const struct dev_node *node)
{
    struct cli_node at = {.has_key = true, .key = node->channel};
    memcpy(at.url, node->client, sizeof node->client);
    return at;
}

static const char *channel_text(const struct dev_node *node, char out[VG_HASH_TEXT])
{
    vg_hex_format(vg_span_of(node->channel.bytes, sizeof node->channel.bytes), out);
    return out;
}

static enum vg_code lock_dir(const char *dir, struct dev_cluster *out, struct vg_error *error)
{
    *out = (struct dev_cluster){.lock = -1};
    char *absolute = realpath(dir, NULL);
    if (absolute == NULL)
        return vg_fail(error, VG_NOT_FOUND, "there is no cluster in %s; 'vigil dev up' makes one",
                       dir);
    bool fits = strlen(absolute) < DEV_PATH_MAX - 64;
    snprintf(out->dir, sizeof out->dir, "%s", absolute);
    free(absolute);
    if (!fits)
        return vg_fail(error, VG_USAGE, "the path of --dir is longer than %d bytes",
                       DEV_PATH_MAX - 64);
    return vg_folder_lock(out->dir, LOCK_WAIT_MS, &out->lock, error);
}

static bool read_node(const json_t *document, struct dev_node *node)
{
    *node = (struct dev_node){
        .id = cli_json_number(document, "id"),
        .pid = (pid_t)cli_json_number(document, "pid"),
        .started = cli_json_number(document, "started"),
    };
    snprintf(node->region, sizeof node->region, "%s", cli_json_text(document, "region"));
    snprintf(node->peer, sizeof node->peer, "%s", cli_json_text(document, "peer"));
    snprintf(node->client, sizeof node->client, "%s", cli_json_text(document, "client"));
    return vg_hex_parse(cli_json_text(document, "channel_key"), node->channel.bytes,
                        sizeof node->channel.bytes);
}

static enum vg_code read_state(struct dev_cluster *cluster, struct vg_error *error)
{
    char path[DEV_PATH_MAX];
    struct vg_buffer bytes = {0};
    file_path(cluster, "cluster.json", path);
    enum vg_code code = vg_file_read(path, STATE_FILE_MAX, &bytes, error);
    if (code == VG_NOT_FOUND)
        return vg_fail(error, VG_NOT_FOUND, "there is no cluster in %s; 'vigil dev up' makes one",
                       cluster->dir);
    json_t *state = NULL;
    if (code == VG_OK)
        state = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, NULL);
    vg_buffer_free(&bytes);
    if (code != VG_OK)
        return code;
    const json_t *nodes = json_object_get(state, "nodes");
    size_t count = json_array_size(nodes);
    bool good = count > 0 && count <= VG_NODES_MAX;
    for (size_t i = 0; good && i < count; i++)
        good = read_node(json_array_get(nodes, i), &cluster->nodes[i]);
    if (!good)
        code = vg_fail(error, VG_INVALID,
                       "%s does not describe a cluster of this release; remove the folder", path);
    cluster->node_count = (uint32_t)count;
    cluster->people = (uint32_t)cli_json_number(state, "people");
    cluster->election_timeout_ms = (uint32_t)cli_json_number(state, "election_timeout_ms");
    snprintf(cluster->cluster, sizeof cluster->cluster, "%s", cli_json_text(state, "cluster_id"));
    snprintf(cluster->context, sizeof cluster->context, "%s", cli_json_text(state, "context"));
    json_decref(state);
    return code;
}

enum vg_code dev_cluster_open(const char *dir, struct dev_cluster *out, struct vg_error *error)
{
    enum vg_code code = lock_dir(dir, out, error);
    if (code == VG_OK)
        code = read_state(out, error);
    if (code != VG_OK)
        dev_cluster_close(out);
    return code;
}

static bool is_empty(const char *dir)
{
    DIR *folder = opendir(dir);
    unsigned entries = 0;
    while (folder != NULL && readdir(folder) != NULL)
        entries++;
    if (folder != NULL)
        closedir(folder);
    return entries <= 2; /* itself and its parent */
}

enum vg_code dev_cluster_make(const char *dir, const struct dev_plan *plan, struct dev_cluster *out,
                              struct vg_error *error)
{
    enum vg_code code = vg_folder_make(dir, error);
    if (code == VG_OK)
        code = lock_dir(dir, out, error);
    if (code == VG_OK && !is_empty(out->dir))
        code = vg_fail(error, VG_EXISTS,
                       "%s holds something that is no cluster; remove it or give another --dir",
                       out->dir);
    if (code == VG_OK)
        code = dev_make_files(out, plan, error);
    if (code == VG_OK)
        code = dev_cluster_save(out, error);
    if (code != VG_OK)
        dev_cluster_close(out);
    return code;
}

static json_t *describe_node(const struct dev_cluster *cluster, const struct dev_node *node)
{
    char log[DEV_PATH_MAX];
    char key[VG_HASH_TEXT];
    dev_node_path(cluster, node, "log", log);
    enum dev_state state = dev_node_state(node);
    json_t *pid = state != DEV_STOPPED ? json_integer(node->pid) : json_null();
    return json_pack("{s:I, s:s, s:o, s:s, s:s, s:s, s:n, s:s, s:s}", "id", (json_int_t)node->id,
                     "region", node->region, "pid", pid, "peer", node->peer, "client", node->client,
                     "channel_key", channel_text(node, key), "http", "log", log, "state",
                     dev_state_name(state));
}

json_t *dev_cluster_describe(const struct dev_cluster *cluster)
{
    json_t *nodes = json_array();
    json_t *people = json_array();
    for (uint32_t i = 0; i < cluster->node_count; i++)
        json_array_append_new(nodes, describe_node(cluster, &cluster->nodes[i]));
    for (uint32_t i = 1; i <= cluster->people; i++) {
        char path[DEV_PATH_MAX];
        dev_person_path(cluster, i, path);
        json_array_append_new(people, json_string(path));
    }
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "dir", cluster->dir, "context", cluster->context,
                     "cluster_id", cluster->cluster, "people", people, "nodes", nodes);
}

enum vg_code dev_cluster_save(const struct dev_cluster *cluster, struct vg_error *error)
{
    char path[DEV_PATH_MAX];
    json_t *nodes = json_array();
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        const struct dev_node *node = &cluster->nodes[i];
        char key[VG_HASH_TEXT];
        json_array_append_new(
            nodes, json_pack("{s:I, s:s, s:s, s:s, s:s, s:I, s:I}", "id", (json_int_t)node->id,
                             "region", node->region, "peer", node->peer, "client", node->client,
                             "channel_key", channel_text(node, key), "pid", (json_int_t)node->pid,
                             "started", (json_int_t)node->started));
    }
    json_t *state =
        json_pack("{s:s, s:s, s:I, s:I, s:o}", "cluster_id", cluster->cluster, "context",
                  cluster->context, "people", (json_int_t)cluster->people, "election_timeout_ms",
                  (json_int_t)cluster->election_timeout_ms, "nodes", nodes);
    char *text = json_dumps(state, JSON_INDENT(2));
    file_path(cluster, "cluster.json", path);
    enum vg_code code = vg_file_write(path, vg_span_text(text), PERMISSIONS, error);
    free(text);
    json_decref(state);
    return code;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

enum vg_code dev_cluster_delete(const struct dev_cluster *cluster, struct vg_error *error)
{
    enum { OPEN_FOLDERS = 16 };
    if (nftw(cluster->dir, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) == 0)
        return VG_OK;
    return vg_fail(error, VG_UNAVAILABLE, "cannot remove all of %s", cluster->dir);
}

void dev_cluster_close(struct dev_cluster *cluster)
{
    if (cluster->lock >= 0)
        close(cluster->lock);
    cluster->lock = -1;
}

enum vg_code dev_cluster_find(struct dev_cluster *cluster, const char *name, struct dev_node **out,
                              struct vg_error *error)
{
    char known[256] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        struct dev_node *node = &cluster->nodes[i];
        char id[24];
        snprintf(id, sizeof id, "%llu", (unsigned long long)node->id);
        if (strcmp(name, id) == 0 || strcmp(name, node->region) == 0) {
            *out = node;
            return VG_OK;
        }
        if (used < sizeof known)
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%s (%s)",
                                     i > 0 ? ", " : "", id, node->region);
    }
    return vg_fail(error, VG_NOT_FOUND, "there is no node '%s'; there are %s", name, known);
}
