/* SPDX-License-Identifier: Apache-2.0
 * The log on a disk that is slow, fails, loses power or is full: one mode a run, by name; needs
 * the shim of ops/drill/shim. Exit code 0 if all held, else the sentence that did not. */
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/store/state.h"
#include "ops/drill/shim/undo.h"
#include "tests/lib/await.h"
#include "tests/lib/control.h"
#include "tests/lib/must.h"
#include "tests/lib/sealing.h"
#include "tests/lib/storebox.h"

extern char **environ;

static char folder[SCRATCH_PATH];
static struct storebox box;
static struct chain chain;

static struct store_log_figures figures(void)
{
    struct store_log_figures found;
    store_log_figures(box.log, &found);
    return found;
}

/* ---- group commit -------------------------------------------------------------------------------
 */

enum { CLIENTS = 64, WRITES_EACH = 40, PER_TRANSACTION = 25, ALONE = 20 };

/* Clients that each wait for their write and then send the next, as the node's loop carries them:
 * `total` writes, never more than `clients` under way. */
static void serve(uint64_t clients, uint64_t total)
{
    uint64_t done = atomic_load(&box.written);
    uint64_t end = done + total;
    while (done < end) {
        while (box.submitted < end && box.submitted - done < clients)
            storebox_append(&box, chain_filler(&chain, 2));
        AWAIT(atomic_load(&box.written) > done);
        done = atomic_load(&box.written);
    }
}

static void group_commit(void)
{
    control_put("slow", "5");
    storebox_open(&box, &chain);
    serve(1, ALONE);
    struct store_log_figures alone = figures();
    must(alone.transactions == ALONE, "a client alone has a transaction for each write");
    must(alone.sync_us >= 10000, "the shim makes both syncs of a transaction slow");
    serve(CLIENTS, CLIENTS * WRITES_EACH);
    struct store_log_figures all = figures();
    uint64_t writes = all.writes - alone.writes;
    uint64_t transactions = all.transactions - alone.transactions;
    printf("%" PRIu64 " writes of %d clients in %" PRIu64 " transactions\n", writes, CLIENTS,
           transactions);
    must(writes == CLIENTS * WRITES_EACH, "every write is counted");
    must(writes >= transactions * PER_TRANSACTION, "64 clients have 25 writes a transaction");
    storebox_close(&box);
}

/* ---- a process that ends in the middle
 * -----------------------------------------------------------
 */

enum { NEVER = 0, STALL_MS = 600000 };

static void say_reported(uint64_t id)
{
    (void)id;
    must(write(STDOUT_FILENO, ".", 1) == 1, "the parent listens");
}

/* Votes and appends for ever, and says on stdout what was reported durable: one byte a write. Each
 * write has a vote equal to its term, and an entry. The disk stalls in the sync of one of them. */
static void doomed(const char *path, uint64_t stalled)
{
    snprintf(folder, sizeof folder, "%s", path);
    storebox_init(&box, folder);
    box.hook = say_reported;
    storebox_open(&box, &chain);
    for (uint64_t term = 1;; term++) {
        struct vg_blob **entries = vg_alloc(sizeof *entries);
        entries[0] = chain_filler(&chain, (uint32_t)(term % 7) * 9);
        if (term == stalled) {
            AWAIT(figures().writes == term - 1); /* else it might stall in the one before */
            control_put("slow", "%d", STALL_MS);
        }
        storebox_write(&box, &(struct store_write){.hard_state = true,
                                                   .term = {term},
                                                   .voted_for = {term},
                                                   .count = 1,
                                                   .entries = entries});
        storebox_settle(&box);
    }
}

struct doomed {
    pid_t pid;
    int reports;
};

/* Runs doomed() in a process of its own. */
static struct doomed start_doomed(int stalled)
{
    char write_number[16];
    snprintf(write_number, sizeof write_number, "%d", stalled);
    char name[] = "store_disk";
    char mode[] = "doomed";
    char *arguments[] = {name, mode, folder, write_number, NULL};
    int ends[2];
    must(pipe(ends) == 0, "a pipe can be made");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    struct doomed child = {.reports = ends[0]};
    must(posix_spawn(&child.pid, "/proc/self/exe", &actions, NULL, arguments, environ) == 0,
         "it starts");
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    return child;
}

/* How many there are until it ends. */
static uint64_t read_reports(const struct doomed *child)
{
    uint64_t reported = 0;
    char byte;
    while (read(child->reports, &byte, 1) == 1)
        reported++;
    return reported;
}

static int wait_for_end(const struct doomed *child)
{
    int status = 0;
    close(child->reports);
    waitpid(child->pid, &status, 0);
    return status;
}

/* ---- sync failure -------------------------------------------------------------------------------
 */

enum { FAILURES = 24, EXIT_FAILED = 70 };

/* Runs doomed() with the n-th sync failing; returns how many writes it reported. */
static uint64_t run_failing(int n)
{
    control_put("sync-error", "%d", n);
    struct doomed child = start_doomed(NEVER);
    uint64_t reported = read_reports(&child);
    int status = wait_for_end(&child);
    must(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILED,
         "a failed sync ends the process with exit code 70");
    return reported;
}

/* B15, B29, B38c: whatever sync fails, what was reported is there, term and vote are of one write,
 * and nothing was reported after the failure. */
static void sync_failure(void)
{
    uint64_t most = 0;
    for (int n = 1; n <= FAILURES; n++) {
        scratch_remove(folder);
        scratch_make(folder);
        storebox_init(&box, folder);
        uint64_t reported = run_failing(n);
        storebox_open(&box, &chain);
        must(box.found.term.value == box.found.voted_for.value, "term and vote are of one write");
        must(box.found.last == box.found.term.value, "and so is the entry");
        must(box.found.last >= reported, "what was reported durable is there");
        must(box.found.last <= reported + 1, "the failed write was the last");
        most = reported > most ? reported : most;
        storebox_close(&box);
    }
    must(most >= 5, "some writes were reported before the failure");
}

/* ---- lost writes --------------------------------------------------------------------------------
 */

enum { STALLED_WRITE = 5, LOSSES = 12, LOSS_SEED = 4 };

static bool has_undo_log(void)
{
    bool found = false;
    DIR *control = opendir(control_folder());
    for (struct dirent *entry; (entry = readdir(control)) != NULL;)
        found |= strncmp(entry->d_name, "undo-", 5) == 0;
    closedir(control);
    return found;
}

/* What is written through a mapping could not be taken back. */
static void check_mappings(void)
{
    char line[1024];
    bool mapped = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    must(maps != NULL, "the mappings can be listed");
    while (fgets(line, sizeof line, maps) != NULL) {
        if (strstr(line, "/data.mdb") == NULL)
            continue;
        mapped = true;
        must(strstr(line, " r--s ") != NULL, "LMDB writes to no mapping");
    }
    fclose(maps);
    must(mapped, "LMDB maps its file");
}

/* Kills doomed() while the disk holds one of its writes, and takes what no sync has made durable.
 */
static void lose_writes(enum shim_kept kept, struct vg_prng *prng)
{
    struct vg_error error;
    control_put("undo", "%s", "");
    struct doomed child = start_doomed(STALLED_WRITE);
    AWAIT(control_has("slow") && has_undo_log());
    kill(child.pid, SIGKILL);
    uint64_t reported = read_reports(&child);
    wait_for_end(&child);
    control_clear("slow");
    control_clear("undo"); /* else the cut itself could be undone: this process has the shim too */
    must(shim_power_cut(control_folder(), kept, prng, &error) == VG_OK, error.text);
    must(!has_undo_log(), "what was lost cannot be lost again");
    storebox_open(&box, &chain);
    check_mappings();
    must(box.found.last >= reported, "what was reported durable is there");
    must(box.found.last == STALLED_WRITE - 1, "and what was not is gone");
    must(box.found.term.value == box.found.last, "term and entry are of one write");
    storebox_close(&box);
}

/* B29, B30: nothing is reported that a cut of power takes. */
static void lost_writes(void)
{
    struct vg_prng prng = vg_prng_seed(LOSS_SEED);
    for (int i = 0; i < LOSSES; i++) {
        scratch_remove(folder);
        scratch_make(folder);
        storebox_init(&box, folder);
        lose_writes(i < 2 ? (enum shim_kept)i : SHIM_KEPT_RANDOM, &prng);
    }
    printf("seed %d: %d cuts of power in a sync\n", LOSS_SEED, LOSSES);
}

/* ---- full disk ----------------------------------------------------------------------------------
 */

enum { VOTES = 500, BIG_UNITS = 4096, BIG_ENTRIES = 40 };

static void full_disk(void)
{
    storebox_open(&box, &chain);
    storebox_append(&box, chain_filler(&chain, 1));
    storebox_settle(&box);
    must(store_log_room(box.log, NULL) == VG_OK, "an empty disk has room");
    control_put("full", "%s", "");
    for (uint64_t term = 1; term <= VOTES; term++)
        storebox_vote(&box, term, 1);
    storebox_settle(&box);
    for (int i = 0; i < BIG_ENTRIES; i++)
        storebox_append(&box, chain_filler(&chain, BIG_UNITS));
    AWAIT(store_log_room(box.log, NULL) == VG_BUSY);
    AWAIT(atomic_load(&box.written) > VOTES + 2);
    control_clear("full");
    storebox_settle(&box);
    AWAIT(store_log_room(box.log, NULL) == VG_OK);
    storebox_close(&box);
    storebox_open(&box, &chain);
    must(box.found.term.value == VOTES, "votes are kept on a full disk");
    must(box.found.last == 1 + BIG_ENTRIES, "what was under way is written once there is space");
    storebox_close(&box);
}

enum { VALUE = 512 * 1024, VALUES_MAX = 200, COMMIT_EVERY = 4 };

/* The state says in time that it has no room, so that no commit meets the full disk. */
static void full_disk_state(void)
{
    struct store_state *state;
    struct store_position position;
    const struct store_state_keys keys = {.find = sealing_state_key};
    must(store_state_open(box.path, &chain.cluster, (vg_node_id){1}, &keys, &state, &position,
                          NULL) == VG_OK,
         "the state opens");
    struct vg_kv kv = store_state_kv(state);
    uint8_t *value = vg_alloc_zero(VALUE, 1);
    control_put("full", "%s", "");
    uint32_t put = 0;
    for (; put < VALUES_MAX && store_state_room(state); put++) {
        kv.put(kv.context, vg_span_of(&put, sizeof put), vg_span_of(value, VALUE));
        if (put % COMMIT_EVERY == 0)
            store_state_commit(state, &position);
    }
    store_state_commit(state, &position);
    must(put > COMMIT_EVERY && put < VALUES_MAX, "the headroom is used, and its end is seen");
    control_clear("full");
    must(store_state_room(state), "there is room again");
    store_state_close(state);
    free(value);
}

/* ---- the modes ----------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    void (*run)(void);
} modes[] = {
    {"group-commit", group_commit},       {"sync-failure", sync_failure},
    {"lost-writes", lost_writes},         {"full-disk", full_disk},
    {"full-disk-state", full_disk_state},
};

int main(int count, char **arguments)
{
    control_enter(arguments);
    chain = chain_new(1);
    const char *name = count > 1 ? arguments[1] : "";
    if (strcmp(name, "doomed") == 0)
        doomed(arguments[2], strtoull(arguments[3], NULL, 10));
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(name, modes[i].name) != 0)
            continue;
        scratch_make(folder);
        storebox_init(&box, folder);
        modes[i].run();
        scratch_remove(folder);
        control_leave();
        return 0;
    }
    must(false, "the first argument is a mode: see the table");
    return 1;
}
