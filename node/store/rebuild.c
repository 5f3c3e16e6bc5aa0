/* SPDX-License-Identifier: Apache-2.0 */
#include "node/store/rebuild.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

enum { FEED_ENTRIES = 1024 }; /* that a close may have to wait for */

struct store_rebuild {
    const struct store_applier_config *node;
    vg_id compartment;
    char path[PATH_MAX];
    struct store_applier *applier; /* NULL once it is finished */
    struct store_state *state;     /* and then this */
    pthread_mutex_t lock;          /* guards what follows */
    struct vg_error stopped;
};

/* ---- its applier -------------------------------------------------------------------------------
 */

static void on_applied(void *context, uint64_t index, const struct response_outcome *outcome)
{
    (void)context;
    (void)index;
    (void)outcome;
}

static void on_stale(void *context, const struct ledger_envelope *envelope)
{
    (void)context;
    (void)envelope;
}

static void on_going_on(void *context)
{
    (void)context;
}

static void on_stopped(void *context, uint64_t index, const struct vg_error *error, bool damaged)
{
    struct store_rebuild *rebuild = context;
    if (damaged) {
        rebuild->node->wanted(rebuild->node->context, index);
        return;
    }
    pthread_mutex_lock(&rebuild->lock);
    rebuild->stopped = *error;
    pthread_mutex_unlock(&rebuild->lock);
}

static enum vg_code open_applier(struct store_rebuild *rebuild, struct vg_error *error)
{
    struct store_applier_config config = *rebuild->node;
    config.path = rebuild->path;
    config.rebuilds = NULL;
    config.only = &rebuild->compartment;
    config.applied = on_applied;
    config.stale = on_stale;
    config.stopped = on_stopped;
    config.going_on = on_going_on;
    config.context = rebuild;
    return store_applier_open(&config, &rebuild->applier, error);
}

/* "REBUILDS/ID". */
static void path_of(const char *rebuilds, const vg_id *compartment, char out[PATH_MAX])
{
    char id[VG_ID_TEXT];
    vg_id_format(compartment, id);
    snprintf(out, PATH_MAX, "%s/%s", rebuilds, id);
}

enum vg_code store_rebuild_open(const struct store_applier_config *node, const vg_id *compartment,
                                struct store_rebuild **out, struct vg_error *error)
{
    struct store_rebuild *rebuild = vg_alloc_zero(1, sizeof *rebuild);
    rebuild->node = node;
    rebuild->compartment = *compartment;
    pthread_mutex_init(&rebuild->lock, NULL);
    path_of(node->rebuilds, compartment, rebuild->path);
    enum vg_code code = open_applier(rebuild, error);
    if (code == VG_INTEGRITY)
        code = store_rebuild_remove(node->rebuilds, compartment, error);
    if (code == VG_OK && rebuild->applier == NULL)
        code = open_applier(rebuild, error);
    if (code == VG_OK)
        *out = rebuild;
    else
        store_rebuild_close(rebuild);
    return code;
}

void store_rebuild_close(struct store_rebuild *rebuild)
{
    if (rebuild == NULL)
        return;
    if (rebuild->applier != NULL)
        store_applier_close(rebuild->applier);
    if (rebuild->state != NULL)
        store_state_close(rebuild->state);
    pthread_mutex_destroy(&rebuild->lock);
    free(rebuild);
}

const vg_id *store_rebuild_compartment(const struct store_rebuild *rebuild)
{
    return &rebuild->compartment;
}

void store_rebuild_feed(struct store_rebuild *rebuild, uint64_t index)
{
    uint64_t soon = store_applier_cursor(rebuild->applier) + FEED_ENTRIES;
    store_applier_commit(rebuild->applier, soon < index ? soon : index, NULL);
}

uint64_t store_rebuild_cursor(const struct store_rebuild *rebuild)
{
    return store_applier_cursor(rebuild->applier);
}

void store_rebuild_mended(struct store_rebuild *rebuild)
{
    if (rebuild->applier != NULL)
        store_applier_mended(rebuild->applier);
}

bool store_rebuild_stopped(struct store_rebuild *rebuild, struct vg_error *why)
{
    pthread_mutex_lock(&rebuild->lock);
    *why = rebuild->stopped;
    pthread_mutex_unlock(&rebuild->lock);
    return why->code != VG_OK;
}

/* ---- what it has made --------------------------------------------------------------------------
 */

enum vg_code store_rebuild_finish(struct store_rebuild *rebuild, uint64_t index,
                                  struct vg_error *error)
{
    const struct store_applier_config *node = rebuild->node;
    struct store_position position;
    store_applier_close(rebuild->applier);
    rebuild->applier = NULL;
    enum vg_code code = store_state_open_read(rebuild->path, &node->cluster, node->node,
                                              &node->keys.state, &rebuild->state, &position, error);
    if (code == VG_OK && position.index != index)
        code = vg_fail(error, VG_UNAVAILABLE,
                       "%s: it is as of entry %" PRIu64 ", and not yet of %" PRIu64, rebuild->path,
                       position.index, index);
    return code;
}

const struct store_state *store_rebuild_state(const struct store_rebuild *rebuild)
{
    return rebuild->state;
}

struct response_machine store_rebuild_machine(const struct store_rebuild *rebuild)
{
    return (struct response_machine){.genesis = rebuild->node->genesis,
                                     .cluster = rebuild->node->cluster,
                                     .kv = store_state_kv(rebuild->state)};
}

/* ---- what is left of it ------------------------------------------------------------------------
 */

/* Names that are gone come back after a crash unless their folder is synced. */
static int sync_folder(const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = folder < 0 ? -1 : fsync(folder);
    if (folder >= 0)
        close(folder);
    return rc;
}

static int remove_files(const char *path)
{
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    char file[PATH_MAX];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(file, sizeof file, "%.*s/%s", PATH_MAX - 16, path, files[i]);
        if (unlink(file) != 0 && errno != ENOENT)
            return -1;
    }
    return rmdir(path);
}

enum vg_code store_rebuild_remove(const char *rebuilds, const vg_id *compartment,
                                  struct vg_error *error)
{
    char path[PATH_MAX];
    path_of(rebuilds, compartment, path);
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return VG_OK;
    if (remove_files(path) == 0 && sync_folder(rebuilds) == 0)
        return VG_OK;
    return vg_fail(error, VG_UNAVAILABLE, "%s: cannot be removed: %s; remove this folder", path,
                   strerror(errno));
}

static void sweep_one(const char *rebuilds, const vg_id *compartment)
{
    struct vg_error why = {0};
    if (store_rebuild_remove(rebuilds, compartment, &why) != VG_OK)
        vg_log(VG_LOG_WARN, "rebuild-left", "%s", why.text);
}

void store_rebuilds_sweep(const char *rebuilds,
                          bool (*keep)(void *context, const vg_id *compartment), void *context)
{
    DIR *folder = opendir(rebuilds);
    if (folder == NULL)
        return;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        vg_id compartment;
        if (vg_id_parse(entry->d_name, &compartment) && !keep(context, &compartment))
            sweep_one(rebuilds, &compartment);
    }
    closedir(folder);
}
