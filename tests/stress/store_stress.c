/* SPDX-License-Identifier: Apache-2.0
 * Log and applier under every kind of caller at once, for the thread sanitizer: one thread that
 * appends, replaces and commits, readers of entries and metadata, a verifier, askers. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/prng.h"
#include "node/store/applier.h"
#include "tests/lib/await.h"
#include "tests/lib/sealing.h"
#include "tests/lib/storebox.h"

enum { ENTRIES = 1500, LAG_MAX = 12, READERS = 2, ASKERS = 2, SEED = 5 };

static char folder[SCRATCH_PATH];
static struct storebox box;
static struct chain history[ENTRIES + 1]; /* as it was after each index */
static struct store_applier *applier;
static _Atomic bool done;
static _Atomic uint64_t applied;
static _Atomic uint64_t asked;
static _Atomic uint64_t answered;

static void must(bool holds, const char *sentence)
{
    if (holds)
        return;
    (void)fprintf(stderr, "seed %d: does not hold: %s\n", SEED, sentence);
    abort();
}

static void on_applied(void *context, uint64_t index, const struct response_outcome *outcome)
{
    (void)context;
    must(outcome != NULL && outcome->error.code == VG_OK, "every command is accepted");
    must(index == atomic_load(&applied) + 1, "entries are applied in order");
    atomic_store(&applied, index);
}

static void on_stopped(void *context, uint64_t index, const struct vg_error *error, bool damaged)
{
    (void)context;
    (void)index;
    (void)damaged;
    must(false, error->text);
}

static void on_query(void *context, struct response_machine *machine)
{
    must(response_cursor(machine) >= (uintptr_t)context, "an answer is as of its index or later");
    atomic_fetch_add(&answered, 1);
}

static void on_cancelled(void *context, const struct vg_error *why)
{
    (void)context;
    must(why->code == VG_UNAVAILABLE || why->code == VG_BUSY, "queries end for a reason");
    atomic_fetch_add(&answered, 1);
}

static void *asker_run(void *context)
{
    struct vg_prng prng = vg_prng_seed((uintptr_t)context);
    while (!atomic_load(&done)) {
        uintptr_t index = store_applier_cursor(applier) + vg_prng_below(&prng, 4);
        index = index < ENTRIES ? index : ENTRIES; /* no answer comes for what never does */
        atomic_fetch_add(&asked, 1);
        store_applier_query(applier, index, on_query, on_cancelled, (void *)index);
        AWAIT(atomic_load(&asked) - atomic_load(&answered) < 64);
    }
    return NULL;
}

static void *reader_run(void *context)
{
    struct vg_prng prng = vg_prng_seed((uintptr_t)context);
    while (!atomic_load(&done)) {
        uint64_t settled = atomic_load(&applied);
        struct store_log_figures figures;
        store_log_figures(box.log, &figures);
        must(figures.damaged == 0, "nothing is damaged");
        store_log_room(box.log, NULL);
        if (settled == 0)
            continue;
        uint64_t index = vg_prng_between(&prng, 1, settled);
        struct raft_entry entries[8];
        struct vg_blob *entry;
        enum vg_code code = store_log_read(box.log, index, &entry, NULL);
        if (code == VG_NOT_FOUND)
            continue; /* applied from memory, not yet durable */
        must(code == VG_OK, "what was applied reads well");
        vg_blob_unref(entry);
        must(store_log_metadata(box.log, index, 8, entries) >= 1 && entries[0].index == index,
             "and so does its metadata");
    }
    return NULL;
}

static void *verifier_run(void *context)
{
    (void)context;
    while (!atomic_load(&done)) {
        uint64_t checked;
        struct vg_error error;
        enum vg_code code = store_log_verify(box.log, NULL, NULL, &checked, &error);
        must(code == VG_OK, "a log verifies while it is written");
    }
    return NULL;
}

/* Replaces some of what is not committed, as a follower does under a new leader. */
static uint64_t replace_tail(struct vg_prng *prng, uint64_t last, uint64_t committed)
{
    uint64_t from = vg_prng_between(prng, committed + 1, last);
    uint64_t term = history[last].term + 1;
    history[from] = history[from - 1];
    history[from].term = term;
    struct vg_blob **entries = vg_alloc(sizeof *entries);
    entries[0] = chain_command(&history[from]);
    storebox_write(&box,
                   &(struct store_write){.truncate_from = from, .count = 1, .entries = entries});
    return from;
}

static void write_history(void)
{
    struct vg_prng prng = vg_prng_seed(SEED);
    uint64_t last = 0;
    uint64_t committed = 0;
    while (committed < ENTRIES) {
        if (last > committed && vg_prng_below(&prng, 20) == 0)
            last = replace_tail(&prng, last, committed);
        else if (last < ENTRIES) {
            history[last + 1] = history[last];
            last++;
            struct vg_blob *entry = chain_command(&history[last]);
            storebox_append(&box, vg_blob_ref(entry));
            if (vg_prng_below(&prng, 2) == 0 && last > committed) {
                committed = last;
                store_applier_commit(applier, committed, entry);
            }
            vg_blob_unref(entry);
        }
        if (last == ENTRIES || last - committed > LAG_MAX) {
            storebox_settle(&box);
            committed = last;
            store_applier_commit(applier, committed, NULL);
        }
    }
}

int main(void)
{
    scratch_make(folder);
    storebox_init(&box, folder);
    history[0] = chain_new(1);
    storebox_open(&box, &history[0]);
    char state[SCRATCH_PATH + 8];
    snprintf(state, sizeof state, "%s/state", folder);
    struct store_applier_config config = {.path = state,
                                          .keys.state.find = sealing_state_key,
                                          .node = {1},
                                          .genesis = &history[0].genesis,
                                          .cluster = history[0].cluster,
                                          .log = box.log,
                                          .applied = on_applied,
                                          .stopped = on_stopped};
    struct vg_error error;
    must(store_applier_open(&config, &applier, &error) == VG_OK, "the applier opens");
    pthread_t threads[READERS + ASKERS + 1];
    size_t count = 0;
    for (uintptr_t i = 0; i < READERS; i++)
        pthread_create(&threads[count++], NULL, reader_run, (void *)(SEED + i));
    for (uintptr_t i = 0; i < ASKERS; i++)
        pthread_create(&threads[count++], NULL, asker_run, (void *)(SEED + READERS + i));
    pthread_create(&threads[count++], NULL, verifier_run, NULL);
    write_history();
    AWAIT(atomic_load(&applied) == ENTRIES);
    atomic_store(&done, true);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    store_applier_close(applier);
    must(atomic_load(&asked) == atomic_load(&answered), "every query ends");
    storebox_close(&box);
    scratch_remove(folder);
    return 0;
}
