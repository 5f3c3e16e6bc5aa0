/* SPDX-License-Identifier: Apache-2.0
 * vigild that ends itself by SIGKILL after a step of a change of clearance, for cluster/steps. The
 * linker leads calls of the functions below here (CMakeLists.txt); each is a step that is over once
 * its function has returned. From SIGUSR1 on they are counted and logged, as `step`; at the one
 * that VIGIL_STEPWISE names, NAME:N for the N-th of that name or any:N for the N-th of all, the
 * process is gone before anything else happens. Until then it logs, as `committed`, up to which
 * entry its state is on the disk, so that a test can wait for what came before. */
#include <assert.h>
#include <lmdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "node/keyring/keyring.h"
#include "node/parts.h"
#include "node/store/clearing.h"
#include "proto/response/standing.h"

static struct {
    char name[32];      /* of the step to end at, or `any` */
    unsigned long left; /* of those, to the one to end at; 0: none */
    unsigned long crossed;
    atomic_bool armed;
    pthread_mutex_t lock; /* held over a step's line and what follows it */
} steps = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void cross(const char *name)
{
    if (!atomic_load(&steps.armed))
        return;
    pthread_mutex_lock(&steps.lock);
    bool meant = strcmp(steps.name, "any") == 0 || strcmp(steps.name, name) == 0;
    vg_log(VG_LOG_INFO, "step", "n=%lu name=%s", ++steps.crossed, name);
    if (meant && steps.left > 0 && --steps.left == 0) {
        kill(getpid(), SIGKILL);
        for (;;)
            pause();
    }
    pthread_mutex_unlock(&steps.lock);
}

/* One that gives something back, one that does not. */
#define STEP(type, name, parameters, arguments, step)                                              \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        type result = __real_##name arguments;                                                     \
        cross(step);                                                                               \
        return result;                                                                             \
    }
#define STEP_VOID(name, parameters, arguments, step)                                               \
    void __real_##name parameters;                                                                 \
    void __wrap_##name parameters;                                                                 \
    void __wrap_##name parameters                                                                  \
    {                                                                                              \
        __real_##name arguments;                                                                   \
        cross(step);                                                                               \
    }

/* ---- files -------------------------------------------------------------------------------------
 */

static const char *synced(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISDIR(info.st_mode) ? "folder-synced" : "file-synced";
}

static bool is_thread(const char *name)
{
    char thread[16] = "";
    prctl(PR_GET_NAME, thread);
    return strcmp(thread, name) == 0;
}

/* Whose transaction it is, by the name of its thread (docs/architecture.md). */
static const char *committed(void)
{
    static const char *const names[][2] = {{"log-writer", "log-committed"},
                                           {"apply", "state-committed"},
                                           {"rebuild", "rebuild-committed"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is_thread(names[i][0]))
            return names[i][1];
    return "committed";
}

STEP(int, fsync, (int fd), (fd), synced(fd))
STEP(int, rename, (const char *from, const char *to), (from, to), "file-renamed")
STEP(int, unlink, (const char *path), (path), "file-removed")
STEP(int, rmdir, (const char *path), (path), "folder-removed")
STEP(int, mdb_txn_commit, (MDB_txn * txn), (txn), committed())

void __real_store_state_commit(struct store_state *state, const struct store_position *position);
void __wrap_store_state_commit(struct store_state *state, const struct store_position *position);

void __wrap_store_state_commit(struct store_state *state, const struct store_position *position)
{
    __real_store_state_commit(state, position);
    if (!atomic_load(&steps.armed) && is_thread("apply"))
        vg_log(VG_LOG_INFO, "committed", "index=%llu", (unsigned long long)position->index);
}

/* ---- keys --------------------------------------------------------------------------------------
 */

STEP(enum vg_code, keyring_offer,
     (struct keyring * keyring, const char *path, const struct vg_identity *node,
      const vg_id *compartment, struct vg_since since, struct vg_unwrap_key *out,
      struct vg_error *error),
     (keyring, path, node, compartment, since, out, error), "unwrap-key-offered")
STEP(enum vg_code, keyring_next_epoch,
     (struct keyring * keyring, const vg_hash *cluster, const struct compartment_epoch *in_force,
      const struct keyring_holder *holders, uint32_t count, struct compartment_epoch *out,
      struct vg_error *error),
     (keyring, cluster, in_force, holders, count, out, error), "epoch-made")
STEP(enum vg_code, keyring_learn,
     (struct keyring * keyring, const struct compartment_epoch *epoch, const vg_hash *place,
      struct vg_error *error),
     (keyring, epoch, place, error), "key-learned")
STEP(enum vg_code, keyring_destroy,
     (struct keyring * keyring, const char *path, const struct vg_identity *node,
      const vg_id *compartment, struct vg_error *error),
     (keyring, path, node, compartment, error), "keys-destroyed")
STEP_VOID(store_state_forget_key, (struct store_state * state, const vg_id *compartment),
          (state, compartment), "row-keys-wiped")

/* ---- entries -----------------------------------------------------------------------------------
 */

STEP_VOID(node_propose, (struct node * node, struct node_proposal *proposal), (node, proposal),
          "entry-proposed")
STEP_VOID(node_proposals_appended, (struct node * node, const struct raft_output *output),
          (node, output), "entry-appended")
STEP(struct node_submit *, node_submit_by_node,
     (struct node * node, const vg_id *compartment, const struct response_command *command),
     (node, compartment, command), "attestation-signed")
STEP_VOID(node_submit_own, (struct node * node, struct node_submit *submit), (node, submit),
          "attestation-placed")

/* ---- state -------------------------------------------------------------------------------------
 */

STEP_VOID(store_clearing_heed,
          (struct store_clearing * clearing, const vg_id *compartment, uint64_t index),
          (clearing, compartment, index), "epoch-heeded")
STEP_VOID(response_standing_put,
          (const struct response_machine *machine, const struct response_standing *standing),
          (machine, standing), "standing-noted")
STEP(bool, store_state_drop, (struct store_state * state, vg_span prefix, uint64_t bytes),
     (state, prefix, bytes), "rows-dropped")
STEP(bool, store_state_copy,
     (struct store_state * state, const struct store_state *from, vg_span prefix,
      struct vg_buffer *last, uint64_t bytes),
     (state, from, prefix, last, bytes), "rows-copied")
STEP_VOID(response_state_adopt,
          (const struct response_machine *machine, const struct response_machine *from,
           const vg_id *compartment),
          (machine, from, compartment), "hash-adopted")
STEP(bool, response_state_forget,
     (const struct response_machine *machine, const vg_id *compartment), (machine, compartment),
     "hash-forgotten")
STEP(enum vg_code, store_rebuild_open,
     (const struct store_applier_config *node, const vg_id *compartment, struct store_rebuild **out,
      struct vg_error *error),
     (node, compartment, out, error), "rebuild-begun")
STEP(enum vg_code, store_rebuild_finish,
     (struct store_rebuild * rebuild, uint64_t index, struct vg_error *error),
     (rebuild, index, error), "rebuild-finished")
STEP(enum vg_code, store_rebuild_remove,
     (const char *rebuilds, const vg_id *compartment, struct vg_error *error),
     (rebuilds, compartment, error), "rebuild-removed")

/* ---- life --------------------------------------------------------------------------------------
 */

/* By write alone: it interrupts anything. */
static void arm(int number)
{
    static const char line[] = "steps are counted from here on\n";
    (void)number;
    atomic_store(&steps.armed, true);
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0)
        _exit(1);
}

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

int __wrap_main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    const char *where = getenv("VIGIL_STEPWISE");
    if (strcmp(slash != NULL ? slash + 1 : argv[0], "vigild") == 0) {
        struct sigaction action = {.sa_handler = arm, .sa_flags = SA_RESTART};
        sigaction(SIGUSR1, &action, NULL);
        if (where != NULL && sscanf(where, "%31[^:]:%lu", steps.name, &steps.left) != 2)
            return 2;
        vg_log(VG_LOG_WARN, "test-build", "ends itself after a step: %s",
               where != NULL ? where : "none");
    }
    return __real_main(argc, argv);
}
