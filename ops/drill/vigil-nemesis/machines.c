/* SPDX-License-Identifier: Apache-2.0
 * Faults of machines: processes, their disks and clocks. One at a time, so a node that does not run
 * although none of these began is one that ended by itself. */
#include <inttypes.h>
#include <string.h>

#include "ops/dev/node.h"
#include "ops/drill/vigil-nemesis/folders.h"

#define FAIL_SYNC "sync-error"

enum { STEER_SLOW, STEER_FULL, STEER_CLOCK };

enum {
    SLOW_LEAST_MS = 5,
    SLOW_MOST_MS = 60,
    SLOWER_MS = 150,            /* but not so slow that nobody leads */
    STALL_MS = 600000,          /* longer than any fault */
    JUMP_MS = 24 * 3600 * 1000, /* of a clock, either way, at most */
    END_MS = 10000,             /* a node that is to stop may take so long */
};

/* ---- processes ---------------------------------------------------------------------------------
 */

static enum vg_code kill_node(const struct fault_case *the, struct vg_error *error)
{
    return dev_node_kill(faults_node(the), error);
}

static enum vg_code start_node(const struct fault_case *the, struct vg_error *error)
{
    return stage_start_node(the->stage, the->victim, error);
}

static enum vg_code pause_node(const struct fault_case *the, struct vg_error *error)
{
    return dev_node_pause(faults_node(the), error);
}

static enum vg_code resume_node(const struct fault_case *the, struct vg_error *error)
{
    return dev_node_resume(faults_node(the), error);
}

static enum vg_code start_without_lost_writes(const struct fault_case *the, struct vg_error *error)
{
    enum vg_code code = stage_cut_power(the->stage, the->victim, the->prng, error);
    return code == VG_OK ? start_node(the, error) : code;
}

/* ---- disks and clocks --------------------------------------------------------------------------
 */

static const char *const steered[] = {
    [STEER_SLOW] = "slow", [STEER_FULL] = "full", [STEER_CLOCK] = "clock"};

static enum vg_code slow_disk(const struct fault_case *the, struct vg_error *error)
{
    int64_t ms = (int64_t)vg_prng_between(the->prng, SLOW_LEAST_MS, SLOW_MOST_MS);
    return stage_steer(the->stage, the->victim, steered[STEER_SLOW], ms, error);
}

static enum vg_code stall_disk(const struct fault_case *the, struct vg_error *error)
{
    return stage_steer(the->stage, the->victim, steered[STEER_SLOW], STALL_MS, error);
}

static enum vg_code fill_disk(const struct fault_case *the, struct vg_error *error)
{
    return stage_steer(the->stage, the->victim, steered[STEER_FULL], 1, error);
}

static enum vg_code jump_clock(const struct fault_case *the, struct vg_error *error)
{
    int64_t ms = (int64_t)vg_prng_below(the->prng, 2 * JUMP_MS + 1) - JUMP_MS;
    return stage_steer(the->stage, the->victim, steered[STEER_CLOCK], ms, error);
}

static enum vg_code unsteer(const struct fault_case *the, struct vg_error *error)
{
    (void)error;
    (void)stage_unsteer(the->stage, the->victim, steered[the->fault->with]);
    return VG_OK;
}

/* A node that was about to start does not on a full disk, by design, and somebody starts it again.
 */
static enum vg_code empty_disk(const struct fault_case *the, struct vg_error *error)
{
    char words[256];
    enum vg_code code = unsteer(the, error);
    if (code == VG_OK)
        code = stage_await_start(the->stage, the->victim, error);
    if (code != VG_OK || dev_node_state(faults_node(the)) != DEV_STOPPED)
        return code;
    dev_node_last_words(the->stage->cluster, faults_node(the), words, sizeof words);
    if (strstr(words, "the disk is full") == NULL)
        return vg_fail(error, VG_INTEGRITY, "node %" PRIu64 " ended on a full disk: %s",
                       faults_node(the)->id, words);
    return start_node(the, error);
}

static enum vg_code fail_sync(const struct fault_case *the, struct vg_error *error)
{
    return stage_steer(the->stage, the->victim, FAIL_SYNC, 1, error);
}

/* A node whose sync failed stops by design, and somebody starts it again. */
static enum vg_code start_after_failed_sync(const struct fault_case *the, struct vg_error *error)
{
    char words[256];
    if (stage_unsteer(the->stage, the->victim, FAIL_SYNC))
        return VG_OK; /* nothing was synced meanwhile */
    bool ended = dev_node_await_end(faults_node(the), END_MS);
    dev_node_last_words(the->stage->cluster, faults_node(the), words, sizeof words);
    if (!ended || strstr(words, "store-failed") == NULL)
        return vg_fail(error, VG_INTEGRITY, "node %" PRIu64 " %s after a failed sync: %s",
                       faults_node(the)->id, ended ? "ended otherwise" : "goes on", words);
    return start_node(the, error);
}

/* ---- power of all at once ----------------------------------------------------------------------
 */

/* Much is on its way to a disk whose syncs take so long, and what was promised too early is there.
 */
static enum vg_code slow_disk_much(const struct fault_case *the, struct vg_error *error)
{
    return stage_steer(the->stage, the->victim, steered[STEER_SLOW], SLOWER_MS, error);
}

static enum vg_code slow_all_disks(const struct fault_case *the, struct vg_error *error)
{
    return faults_on_all(the, slow_disk_much, error);
}

static enum vg_code lose_power_of_all(const struct fault_case *the, struct vg_error *error)
{
    enum vg_code code = faults_on_all(the, kill_node, error);
    if (code == VG_OK)
        code = faults_on_all(the, unsteer, error);
    return code == VG_OK ? faults_on_all(the, start_without_lost_writes, error) : code;
}

/* ---- the kinds ---------------------------------------------------------------------------------
 */

const struct fault faults_of_machines[] = {
    {"kill-leader", FAULTS_LEADER, kill_node, start_node, 3, 200, 2500, 0},
    {"kill-one", FAULTS_ANY_ONE, kill_node, start_node, 2, 100, 2000, 0},
    {"kill-all", FAULTS_EVERYBODY, kill_node, start_node, 1, 100, 1000, 0},
    {"power-leader", FAULTS_LEADER, kill_node, start_without_lost_writes, 2, 100, 1500, 0},
    {"power-one", FAULTS_ANY_ONE, kill_node, start_without_lost_writes, 2, 100, 1500, 0},
    {"power-all", FAULTS_ANY_ONE, slow_all_disks, lose_power_of_all, 3, 100, 1000, STEER_SLOW},
    {"pause-leader", FAULTS_LEADER, pause_node, resume_node, 3, 300, 3000, 0},
    {"pause-one", FAULTS_ANY_ONE, pause_node, resume_node, 2, 100, 2000, 0},
    {"slow-disk", FAULTS_ANY_ONE, slow_disk, unsteer, 2, 300, 3000, STEER_SLOW},
    {"slow-disk-leader", FAULTS_LEADER, slow_disk, unsteer, 2, 300, 3000, STEER_SLOW},
    {"stall-disk", FAULTS_ANY_ONE, stall_disk, unsteer, 2, 300, 3000, STEER_SLOW},
    {"stall-disk-leader", FAULTS_LEADER, stall_disk, unsteer, 3, 300, 3000, STEER_SLOW},
    {"full-disk", FAULTS_ANY_ONE, fill_disk, empty_disk, 2, 300, 3000, STEER_FULL},
    {"full-disk-leader", FAULTS_LEADER, fill_disk, empty_disk, 2, 300, 3000, STEER_FULL},
    {"full-disk-all", FAULTS_EVERYBODY, fill_disk, empty_disk, 1, 300, 2000, STEER_FULL},
    {"sync-error", FAULTS_ANY_ONE, fail_sync, start_after_failed_sync, 2, 100, 1000, 0},
    {"sync-error-leader", FAULTS_LEADER, fail_sync, start_after_failed_sync, 2, 100, 1000, 0},
    {"damage", FAULTS_ANY_ONE, folders_damage, folders_repair, 2, 100, 2000, 0},
    {"old-image", FAULTS_ANY_ONE, folders_take_image, folders_put_image_back, 1, 1000, 2000, 0},
    {"structure", FAULTS_ANY_ONE, folders_lose_structure, folders_restore, 2, 100, 2000, 0},
    {"clock-jump", FAULTS_ANY_ONE, jump_clock, unsteer, 2, 300, 4000, STEER_CLOCK},
    {"clock-jump-leader", FAULTS_LEADER, jump_clock, unsteer, 2, 300, 4000, STEER_CLOCK},
    {.name = NULL},
};
