/* SPDX-License-Identifier: Apache-2.0
 * Crash images of the real store: log and state written by the node's own code, from the first
 * start on, with everything they do to the disk recorded; then the disk as a cut of power at each
 * call may leave it, opened by the real recovery. Exit code 0 if all held, else the sentence that
 * did not; the image is kept. VIGIL_LONG=yes opens more of them.
 *
 *   I11  a write that was reported is there
 *   I15  the state belongs to the log, and brought up to its end equals a fresh replay
 *   I37  term, vote, incarnation and entries are those after some write, never a mixture */
#include <fcntl.h>
#include <inttypes.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "node/store/applier.h"
#include "ops/drill/shim/record.h"
#include "tests/lib/await.h"
#include "tests/lib/control.h"
#include "tests/lib/memkv.h"
#include "tests/lib/must.h"
#include "tests/lib/powercut.h"
#include "tests/lib/sealing.h"
#include "tests/lib/storebox.h"

#define MEMORY "/dev/shm"

enum {
    SEED = 21,
    STEPS = 60,
    STATE_EVERY = 8, /* entries committed until the state is waited for */
    RESTART = 30,    /* the step before which the node is started again */
    ENTRIES_MAX = 3 * STEPS,
    COMPARTMENTS = 3,
    FILLER_UNITS = 50,
    IMAGE_TEXT = 400,
    UNITS_MAX = 4096,
};

static char folder[SCRATCH_PATH];
static struct storebox box;
static struct store_applier *applier;

/* ---- what is written ----------------------------------------------------------------------------
 */

struct step {
    struct store_write write;
    bool settled;    /* waited for */
    uint64_t commit; /* then entries up to here are committed */
};

/* What a node that has done a number of steps must find. */
struct outcome {
    raft_term term;
    vg_node_id voted_for;
    uint64_t last;
    vg_hash last_hash;
    vg_hash states[COMPARTMENTS]; /* with every entry applied */
};

static struct step steps[STEPS];
static struct outcome outcomes[STEPS + 1];
static struct chain history[ENTRIES_MAX + 1]; /* as it is after each index */
static struct vg_blob *entries[ENTRIES_MAX + 1];

static vg_id compartment(int number)
{
    const struct ledger_genesis *genesis = &history[0].genesis;
    const vg_id ids[COMPARTMENTS] = {{{0}}, genesis->directory, genesis->first};
    return ids[number];
}

static void hash_states(const struct response_machine *machine, vg_hash out[COMPARTMENTS])
{
    for (int i = 0; i < COMPARTMENTS; i++) {
        vg_id id = compartment(i);
        out[i] = response_state_hash(machine, &id);
        vg_hash scanned = response_state_hash_scan(machine, &id);
        must(vg_hash_equal(&out[i], &scanned), "a state's hash is that of what it holds");
    }
}

/* The state of entries 1 to `last`, applied to an empty store in memory. */
static void replay(uint64_t last, vg_hash out[COMPARTMENTS])
{
    struct memkv *store = memkv_new();
    struct response_machine machine = {.genesis = &history[0].genesis,
                                       .cluster = history[0].cluster,
                                       .signer = &vg_signer_ed25519,
                                       .kv = memkv_kv(store)};
    const struct response_keys keys = {.find = response_key_find, .context = &machine};
    for (uint64_t i = 1; i <= last; i++) {
        struct ledger_view view;
        struct response_opened opened;
        struct response_outcome outcome;
        must(ledger_parse(vg_blob_span(entries[i]), &view, NULL) == VG_OK, "an entry parses");
        if (response_has_command(view.envelope.type))
            response_open(machine.genesis, &machine.cluster, &keys, machine.signer, &view, &opened);
        response_apply(&machine, &view, &opened, &outcome);
    }
    hash_states(&machine, out);
    memkv_free(store);
}

/* One to three entries that follow, of the current term. */
static void add_entries(struct step *step, struct vg_prng *prng, struct outcome *now)
{
    struct store_write *write = &step->write;
    write->count = (uint32_t)vg_prng_between(prng, 1, 3);
    write->entries = vg_alloc(write->count * sizeof(struct vg_blob *));
    for (uint32_t i = 0; i < write->count; i++) {
        uint64_t index = ++now->last;
        struct chain *chain = &history[index];
        *chain = history[index - 1];
        chain->term = now->term.value;
        vg_blob_unref(entries[index]);
        entries[index] = vg_prng_below(prng, 3) == 0
                             ? chain_filler(chain, (uint32_t)vg_prng_below(prng, FILLER_UNITS))
                             : chain_command(chain);
        write->entries[i] = vg_blob_ref(entries[index]);
    }
}

/* An election, a new leader's entries instead of some not committed, or entries that follow. */
static void plan_write(struct step *step, struct vg_prng *prng, struct outcome *now,
                       uint64_t committed)
{
    bool replaces = now->last > committed && vg_prng_below(prng, 5) == 0;
    bool elects = replaces || vg_prng_below(prng, 5) == 0;
    if (elects) {
        now->term.value++;
        now->voted_for.value = vg_prng_between(prng, 1, 3);
        step->write.hard_state = true;
        step->write.term = now->term;
        step->write.voted_for = now->voted_for;
    }
    if (replaces) {
        step->write.truncate_from = vg_prng_between(prng, committed + 1, now->last);
        now->last = step->write.truncate_from - 1;
    }
    if (replaces || !elects)
        add_entries(step, prng, now);
    now->last_hash = history[now->last].hash;
    replay(now->last, now->states);
}

/* The same in every process. */
static void plan(void)
{
    struct vg_prng prng = vg_prng_seed(SEED);
    uint64_t committed = 0;
    history[0] = chain_new(1);
    outcomes[0].last_hash = history[0].cluster;
    replay(0, outcomes[0].states);
    for (int i = 0; i < STEPS; i++) {
        outcomes[i + 1] = outcomes[i];
        plan_write(&steps[i], &prng, &outcomes[i + 1], committed);
        steps[i].settled = vg_prng_below(&prng, 2) == 0;
        if (steps[i].settled && vg_prng_below(&prng, 3) > 0)
            committed = outcomes[i + 1].last;
        steps[i].commit = committed;
    }
}

/* ---- the node -----------------------------------------------------------------------------------
 */

static void ignore_applied(void *context, uint64_t index, const struct response_outcome *outcome)
{
    (void)context;
    (void)index;
    (void)outcome;
}

static void on_stopped(void *context, uint64_t index, const struct vg_error *error, bool damaged)
{
    (void)context;
    (void)index;
    (void)damaged;
    must(false, error->text);
}

/* Log and state as node.c opens them, in a data folder of a disk that is made if it is not there.
 */
static void open_node(const char *disk)
{
    char node[SCRATCH_PATH + 32];
    char state[sizeof node + 8];
    struct vg_error error;
    snprintf(node, sizeof node, "%s/data", disk);
    snprintf(state, sizeof state, "%s/state", node);
    storebox_init(&box, node);
    must(storebox_try(&box, &history[0].cluster, (vg_node_id){1}, &error) == VG_OK, error.text);
    struct store_applier_config config = {.path = state,
                                          .keys.state.find = sealing_state_key,
                                          .node = {1},
                                          .genesis = &history[0].genesis,
                                          .cluster = history[0].cluster,
                                          .log = box.log,
                                          .applied = ignore_applied,
                                          .stopped = on_stopped};
    must(store_applier_open(&config, &applier, &error) == VG_OK, error.text);
}

static void close_node(void)
{
    store_applier_close(applier);
    storebox_close(&box);
}

/* From here on a cut must not take what was said before: that there is a log, then each write. */
static void mark(uint64_t id)
{
    char record[CONTROL_PATH];
    struct shim_record call = {.call = SHIM_MARK, .offset = id};
    control_path("record", record);
    int fd = open(record, O_WRONLY | O_APPEND | O_CLOEXEC);
    must(fd >= 0 && write(fd, &call, sizeof call) == (ssize_t)sizeof call, "a mark is recorded");
    close(fd);
}

static struct timespec changed(const char *disk)
{
    char path[SCRATCH_PATH + 32];
    struct stat info;
    snprintf(path, sizeof path, "%s/data/state/data.mdb", disk);
    must(stat(path, &info) == 0, "there is a state");
    return info.st_mtim;
}

/* Waits until entries up to `index` are in a state that has been committed. */
static void await_state(const char *disk, uint64_t index)
{
    static struct timespec before;
    AWAIT(store_applier_cursor(applier) == index);
    AWAIT(changed(disk).tv_sec != before.tv_sec || changed(disk).tv_nsec != before.tv_nsec);
    before = changed(disk);
}

/* What was planned, as a node does it that started with nothing. */
static void live(const char *disk, const char *record)
{
    uint64_t awaited = 0;
    (void)record;
    open_node(disk);
    mark(0);
    for (int i = 0; i < STEPS; i++) {
        if (i == RESTART) {
            close_node();
            open_node(disk);
        }
        box.hook = mark;
        storebox_write(&box, &steps[i].write);
        if (!steps[i].settled)
            continue;
        storebox_settle(&box);
        store_applier_commit(applier, steps[i].commit, NULL);
        if (steps[i].commit < awaited + STATE_EVERY)
            continue;
        awaited = steps[i].commit;
        await_state(disk, awaited);
    }
    close_node();
}

/* ---- the images ---------------------------------------------------------------------------------
 */

static struct powercut cut;
static uint64_t prefix;
static char *image; /* which it is, for the parent: shared with it */
static char image_folder[SCRATCH_PATH];
static char image_disk[SCRATCH_PATH + 16]; /* in it */
static vg_id incarnation;                  /* zero until it was said that there is a log */
static uint64_t states_behind;             /* images whose state took in some entries and not all */
static sem_t done;                         /* what another thread was asked for */

static void wait_done(void)
{
    while (sem_wait(&done) != 0)
        ;
}

static void on_written(uint64_t id)
{
    (void)id;
    sem_post(&done);
}

static void on_query(void *context, struct response_machine *machine)
{
    hash_states(machine, context);
    sem_post(&done);
}

static void on_cancelled(void *context, const struct vg_error *why)
{
    (void)context;
    must(false, why->text);
}

/* The outcome of a number of writes, at least as many as were reported, that the log holds. */
static const struct outcome *find_outcome(const struct store_recovery *found, uint64_t reported)
{
    for (uint64_t i = reported; i <= STEPS; i++) {
        const struct outcome *outcome = &outcomes[i];
        if (found->term.value == outcome->term.value &&
            vg_node_equal(found->voted_for, outcome->voted_for) && found->last == outcome->last &&
            vg_hash_equal(&found->last_hash, &outcome->last_hash))
            return outcome;
    }
    must(false, "I11, I37: the log is as after some write, none of those reported missing");
    return NULL;
}

static void check_log(const struct outcome *outcome)
{
    uint64_t checked;
    struct vg_error error;
    must(store_log_verify(box.log, NULL, NULL, &checked, &error) == VG_OK, error.text);
    must(checked == outcome->last, "every entry verifies, to the last");
    if (cut.mark_count == 0)
        return;
    if (vg_id_is_zero(&incarnation))
        incarnation = box.found.incarnation;
    must(vg_id_equal(&incarnation, &box.found.incarnation), "I37: a log keeps its incarnation");
}

static void check_state(const struct outcome *outcome)
{
    vg_hash states[COMPARTMENTS];
    uint64_t cursor = store_applier_cursor(applier);
    must(cursor <= outcome->last, "I15: the state is not ahead of the log");
    states_behind += cursor > 0 && cursor < outcome->last;
    store_applier_commit(applier, outcome->last, NULL);
    store_applier_query(applier, outcome->last, on_query, on_cancelled, states);
    wait_done();
    for (int i = 0; i < COMPARTMENTS; i++)
        must(vg_hash_equal(&states[i], &outcome->states[i]),
             "I15: the state equals a fresh replay");
}

static void check_writing(const struct outcome *outcome)
{
    box.hook = on_written;
    storebox_vote(&box, outcome->term.value + 1, 1);
    wait_done();
}

static void check_image(const bool *kept, const char *choice, uint64_t number)
{
    snprintf(image, IMAGE_TEXT,
             "%s after call %" PRIu64 " and %" PRIu64 " marks, %s set %" PRIu64 " of %u units",
             image_disk, prefix, cut.mark_count, choice, number, cut.unit_count);
    scratch_remove(image_disk);
    must(mkdir(image_disk, 0700) == 0, "the image has a disk");
    powercut_write(&cut, kept, image_disk);
    open_node(image_disk);
    const struct outcome *outcome =
        find_outcome(&box.found, cut.mark_count > 0 ? cut.mark_count - 1 : 0);
    check_log(outcome);
    check_state(outcome);
    check_writing(outcome);
    close_node();
}

/* How many are opened: all subsets of so many units that are not durable, so many of more. */
struct limits {
    uint32_t exhaustive;
    uint32_t samples;
};

static const struct limits regular = {8, 8};
static const struct limits thorough = {12, 150};

static void choose_set(bool *kept, uint64_t set)
{
    for (uint32_t i = 0; i < cut.unit_count; i++)
        kept[i] = set >> i & 1;
}

/* Pages reach the disk whole in one sample, sectors in the next. */
static void choose_sample(bool *kept, uint64_t seed)
{
    uint64_t grain = seed % 2 == 0 ? POWERCUT_PAGE : POWERCUT_SECTOR;
    struct vg_prng salt = vg_prng_seed(SEED + (prefix << 8) + seed);
    uint64_t salted = vg_prng_next(&salt);
    for (uint32_t i = 0; i < cut.unit_count; i++) {
        const struct powercut_unit *unit = &cut.units[i];
        uint64_t place = unit->kind == POWERCUT_BYTES ? unit->offset / grain : i;
        struct vg_prng coin = vg_prng_seed(salted + ((uint64_t)unit->file << 48) + place);
        kept[i] = vg_prng_below(&coin, 2) == 0;
    }
}

/* The images of a cut right now: none, all, and others of the units. Returns how many they are;
 * `opens` them. A set with nothing of this call was one of the last call's, with no more promised.
 */
static uint64_t visit(const struct limits *limits, bool opens)
{
    static bool kept[UNITS_MAX];
    uint32_t count = cut.unit_count;
    bool all = count <= limits->exhaustive;
    uint64_t sets = all ? (uint64_t)1 << count : 2 + (uint64_t)limits->samples;
    uint64_t images = 0;
    must(count <= UNITS_MAX, "there is room for the units");
    for (uint64_t i = 0; i < sets; i++) {
        if (all)
            choose_set(kept, i);
        else if (i < 2)
            memset(kept, i != 0, count);
        else
            choose_sample(kept, i);
        if (all && i > 0 && cut.fresh > 0 && i >> (count - cut.fresh) == 0)
            continue;
        images++;
        if (opens)
            check_image(kept, all ? "exhaustive" : "sampled", i);
    }
    return images;
}

static void open_images(const char *disk, const char *record)
{
    const char *choice = getenv("VIGIL_LONG");
    bool is_long = choice != NULL && strcmp(choice, "yes") == 0;
    uint64_t opened = 0;
    uint64_t more = 0;
    sem_init(&done, 0, 0);
    vg_log_threshold(VG_LOG_ERROR); /* what is made again is as it should be */
    if (getenv("TMPDIR") == NULL && access(MEMORY, W_OK) == 0)
        setenv("TMPDIR", MEMORY, 1); /* thousands of files, of which the disk need not know */
    scratch_make(image_folder);
    snprintf(image_disk, sizeof image_disk, "%s/disk", image_folder);
    must(mkdir(image_disk, 0700) == 0, "the images have a folder");
    powercut_load(&cut, record, disk);
    while (powercut_step(&cut)) {
        prefix++;
        opened += visit(is_long ? &thorough : &regular, true);
        more += visit(&thorough, false);
    }
    must(cut.mark_count == STEPS + 1, "the record holds every write");
    must(states_behind > opened / 4, "many a state is behind its log");
    printf("seed %d: %" PRIu64 " crash images of %" PRIu64 " prefixes (%" PRIu64
           " with VIGIL_LONG=yes), the state behind the log in %" PRIu64 "\n",
           SEED, opened, prefix, more, states_behind);
    powercut_free(&cut);
    scratch_remove(image_folder);
}

/* Runs it in a process of its own, since the store ends the process when it meets damage. */
static bool apart(void (*run)(const char *disk, const char *record), const char *disk,
                  const char *record)
{
    int status;
    pid_t child = fork();
    must(child >= 0, "a process can be made");
    if (child == 0) {
        run(disk, record);
        exit(0);
    }
    must(waitpid(child, &status, 0) == child, "it ends");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int count, char **arguments)
{
    char disk[SCRATCH_PATH + 16];
    char record[CONTROL_PATH];
    (void)count;
    control_enter(arguments);
    scratch_make(folder);
    snprintf(disk, sizeof disk, "%s/disk", folder);
    must(mkdir(disk, 0700) == 0, "there is a disk");
    control_path("record", record);
    image = mmap(NULL, IMAGE_TEXT, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(image != MAP_FAILED, "memory can be shared");
    plan();
    control_put("tree", "%s", disk);
    must(apart(live, disk, record), "a node lives as planned");
    control_clear("tree");
    control_put("pretend", "%s", ""); /* each image is opened once and removed */
    if (!apart(open_images, disk, record)) {
        (void)fprintf(stderr, "seed %d; kept for a look: %s, %s\n", SEED, folder, image);
        return 1;
    }
    scratch_remove(folder);
    control_leave();
    return 0;
}
