/* SPDX-License-Identifier: Apache-2.0
 * The apply thread. Entries go from the callers' hands or the log into chunks (load), through the
 * verifier's workers, and in order into the state machine (apply); the state is committed behind
 * them, never beyond what the log has durable. */
#include "node/store/applier.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "common/clock.h"
#include "common/log.h"
#include "node/store/ahead.h"
#include "node/store/clearing.h"
#include "node/store/log_private.h"
#include "node/store/thread.h"
#include "node/store/verifier.h"
#include "proto/response/epochs.h"

enum {
    HELD_ENTRIES = 1024,      /* committed entries kept in memory until they are loaded */
    HELD_BYTES_MAX = 8 << 20, /* later ones are read from the log */
    COMMIT_INTERVAL_US = 75000,
    COMMIT_ENTRIES = 4096,
    COMMIT_BYTES = 4 << 20,
    UNCOMMITTED_BYTES_MAX = 32 << 20, /* nothing more is applied until the log has caught up */
    RETRY_US = 10000,                 /* waiting for the log's disk, or for space */
};

struct query {
    uint64_t at_least;
    void (*run)(void *context, struct response_machine *machine);
    void (*cancelled)(void *context, const struct vg_error *why);
    void *context;
    struct query *next;
};

struct held {
    uint64_t index;
    struct vg_blob *entry;
};

struct store_applier {
    struct store_applier_config config;
    pthread_t thread;

    /* the apply thread's */
    struct store_state *state;
    struct response_machine machine;
    struct store_verifier *verifier;
    struct store_people *people;
    struct store_clearances *clearances;
    struct store_clearing clearing; /* unless it is a rebuild's */
    struct store_position applied;
    struct store_position loaded;
    struct vg_error load_error; /* why loading ended; code VG_OK while it goes on */
    bool damaged;               /* for an entry that may be whole again later */
    struct store_ahead *ahead;  /* for want of a key that is looked for; else NULL */
    uint64_t committed_index;   /* of the state */
    uint64_t dirty_since_us;

    _Atomic uint64_t cursor;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;
    pthread_cond_t opened;
    enum { OPENING, OPEN, REFUSED, CLOSING } life;
    struct vg_error *open_error;
    uint64_t known; /* committed entries of the log */
    bool mended;    /* one of its entries is whole again */
    struct held held[HELD_ENTRIES];
    uint64_t held_bytes;
    struct query *queries; /* oldest first */
    struct query **queries_end;
    uint32_t query_count;
    struct vg_error stop; /* code VG_OK until the cursor has stopped */
};

/* ---- loading -----------------------------------------------------------------------------------
 */

/* The entry a caller handed over, with its reference; NULL if none did. */
static struct vg_blob *take_held(struct store_applier *applier, uint64_t index)
{
    struct vg_blob *entry = NULL;
    pthread_mutex_lock(&applier->lock);
    struct held *held = &applier->held[index % HELD_ENTRIES];
    if (held->entry != NULL && held->index == index) {
        entry = held->entry;
        applier->held_bytes -= entry->size;
        *held = (struct held){0};
    }
    pthread_mutex_unlock(&applier->lock);
    return entry;
}

static uint64_t durable(const struct store_applier *applier)
{
    struct store_log_figures figures;
    store_log_figures(applier->config.log, &figures);
    return figures.last_durable;
}

static enum vg_code check_follows(struct store_applier *applier, const struct ledger_view *view)
{
    struct vg_error *error = &applier->load_error;
    uint64_t index = applier->loaded.index + 1;
    if (view->header.index != index ||
        !vg_hash_equal(&view->header.previous, &applier->loaded.hash))
        return vg_fail(error, VG_INTEGRITY,
                       "entry %" PRIu64 " does not follow from the one applied before", index);
    if (view->header.rules > LEDGER_RULES_VERSION)
        return vg_fail(error, VG_UNAVAILABLE,
                       "entry %" PRIu64 " needs rules version %" PRIu32
                       ", this vigild knows %d; install a newer one",
                       index, view->header.rules, LEDGER_RULES_VERSION);
    return VG_OK;
}

/* The next entry into `out`. VG_NOT_FOUND: not at hand yet; else loading has ended. */
static enum vg_code load_entry(struct store_applier *applier, struct store_verified *out)
{
    uint64_t index = applier->loaded.index + 1;
    struct vg_error *error = &applier->load_error;
    out->entry = take_held(applier, index);
    if (out->entry == NULL && index > durable(applier))
        return VG_NOT_FOUND;
    enum vg_code code = VG_OK;
    if (out->entry == NULL)
        code = store_log_read(applier->config.log, index, &out->entry, error);
    applier->damaged = code == VG_INTEGRITY;
    if (code == VG_NOT_FOUND) {
        error->code = VG_OK;
        return code;
    }
    if (code == VG_OK)
        code = ledger_cut(vg_blob_span(out->entry), &out->view, error);
    if (code == VG_OK)
        code = check_follows(applier, &out->view);
    if (code != VG_OK) {
        vg_blob_unref(out->entry);
        return code;
    }
    applier->loaded = (struct store_position){index, out->view.hash};
    return VG_OK;
}

static uint64_t known_index(struct store_applier *applier)
{
    pthread_mutex_lock(&applier->lock);
    uint64_t known = applier->known;
    pthread_mutex_unlock(&applier->lock);
    return known;
}

/* Fills and offers one chunk; false if nothing more can be loaded now. */
static bool load_chunk(struct store_applier *applier, uint64_t known)
{
    struct store_chunk *chunk = store_verifier_next(applier->verifier);
    if (chunk == NULL)
        return false;
    bool more = true;
    while (more && applier->loaded.index < known && chunk->count < STORE_CHUNK_ENTRIES &&
           chunk->bytes < STORE_CHUNK_BYTES) {
        struct store_verified *entry = &chunk->entries[chunk->count];
        more = load_entry(applier, entry) == VG_OK;
        if (more) {
            chunk->bytes += entry->entry->size;
            chunk->count++;
        }
    }
    if (chunk->count > 0)
        store_verifier_push(applier->verifier);
    return more && applier->loaded.index < known;
}

/* What stopped the cursor is there now. */
static void go_on(struct store_applier *applier)
{
    pthread_mutex_lock(&applier->lock);
    bool stopped = applier->stop.code != VG_OK;
    applier->stop = (struct vg_error){0};
    pthread_mutex_unlock(&applier->lock);
    applier->load_error = (struct vg_error){0};
    applier->damaged = false;
    if (stopped)
        applier->config.going_on(applier->config.context);
}

/* Something in the log is whole again: looks once more at what was damaged. */
static void look_again(struct store_applier *applier)
{
    pthread_mutex_lock(&applier->lock);
    bool mended = applier->mended;
    applier->mended = false;
    pthread_mutex_unlock(&applier->lock);
    if (!mended)
        return;
    if (applier->clearing.rebuild != NULL)
        store_rebuild_mended(applier->clearing.rebuild);
    if (applier->ahead != NULL)
        store_ahead_again(applier->ahead);
    if (applier->damaged)
        go_on(applier);
}

static void load(struct store_applier *applier)
{
    look_again(applier);
    uint64_t known = known_index(applier);
    bool more = applier->load_error.code == VG_OK && applier->loaded.index < known;
    while (more)
        more = load_chunk(applier, known);
}

/* ---- applying ----------------------------------------------------------------------------------
 */

/* A control entry has told of a person, or a node. */
static void learn_author(struct store_applier *applier, const vg_id *id)
{
    struct response_person person;
    if (response_author_get(&applier->machine, id, &person))
        store_people_put(applier->people, &person);
}

/* A control entry has told of a compartment. */
static void learn_compartment(struct store_applier *applier, const vg_id *id, uint64_t index)
{
    if (applier->config.only == NULL)
        store_clearing_heed(&applier->clearing, id, index);
}

/* The epoch that an entry is sealed under, which is in force. */
static struct response_epoch epoch_of(const struct store_applier *applier,
                                      const struct store_verified *entry)
{
    const struct ledger_envelope *envelope = &entry->view.envelope;
    struct response_epoch epoch;
    bool known =
        response_epoch_get(&applier->machine, &envelope->compartment, envelope->epoch, &epoch);
    assert(known);
    return epoch;
}

/* Asks for the key that an entry is sealed under; why it is not to be had, into `why`. */
static void find_key(struct store_applier *applier, struct store_verified *entry,
                     struct vg_error *why)
{
    const struct store_keys *keys = &applier->config.keys;
    struct response_epoch epoch = epoch_of(applier, entry);
    vg_hash place = response_epoch_place(&applier->machine, &epoch);
    *why = entry->opened.error;
    if (keys->learn != NULL && keys->learn(keys->context, &epoch.record, &place, why) == VG_OK)
        store_verifier_again(applier->verifier, entry);
}

static bool is_of_directory(const struct store_applier *applier, const struct store_verified *entry)
{
    return vg_id_equal(&entry->view.envelope.compartment, &applier->config.genesis->directory);
}

/* Of a compartment that the cursor need not wait for: it stops alone. */
static bool stops_alone(const struct store_applier *applier, const struct store_verified *entry)
{
    return applier->config.only == NULL && !is_of_directory(applier, entry);
}

/* Loading has ended for want of a key. A later entry may lead to it; a rebuild has the records of
 * those already. */
static void want_key(struct store_applier *applier, const struct store_verified *entry,
                     const struct vg_error *why)
{
    struct response_epoch epoch = epoch_of(applier, entry);
    vg_hash place = response_epoch_place(&applier->machine, &epoch);
    vg_fail(&applier->load_error, VG_UNAVAILABLE,
            "entry %" PRIu64 " is sealed and this node has no key for it: %s; %s",
            entry->view.header.index, why->text,
            store_clearing_remedy(is_of_directory(applier, entry), why->code));
    if (applier->config.keys.learn_ahead != NULL && applier->config.only == NULL)
        applier->ahead = store_ahead_new(&epoch.record, &place, &applier->machine.cluster,
                                         applier->applied.index);
}

/* True if the entry can be applied; else loading has ended for want of its key. */
static bool has_key(struct store_applier *applier, struct store_verified *entry)
{
    struct vg_error why = {0};
    if (!response_lacks_key(&applier->machine, &entry->view, &entry->opened))
        return true;
    find_key(applier, entry, &why);
    if (!response_lacks_key(&applier->machine, &entry->view, &entry->opened))
        return true;
    if (stops_alone(applier, entry)) {
        store_clearing_stop(&applier->clearing, &entry->view.envelope.compartment, &why);
        return true;
    }
    want_key(applier, entry, &why);
    return false;
}

/* What is loaded behind the cursor is as not yet loaded. */
static void unload(struct store_applier *applier)
{
    while (!store_verifier_empty(applier->verifier)) {
        store_verifier_take(applier->verifier);
        store_verifier_release(applier->verifier);
    }
    applier->loaded = applier->applied;
}

/* In the transaction that moves the cursor: what is found to be spent is not forgotten. */
static void look_at_offers(struct store_applier *applier, const struct store_verified *entry,
                           const struct response_outcome *outcome, bool control)
{
    if (control && outcome->error.code != VG_OK)
        store_clearing_refused(&applier->clearing, entry->opened.command.body);
    store_clearing_look(&applier->clearing, outcome->time_ms, control);
}

static void apply_entry(struct store_applier *applier, const struct store_verified *entry)
{
    struct response_outcome outcome;
    enum response_applied result =
        response_apply(&applier->machine, &entry->view, &entry->opened, &outcome);
    uint64_t index = entry->view.header.index;
    bool control = entry->view.envelope.type == LEDGER_CONTROL;
    if (control && result == RESPONSE_APPLIED_OUTCOME) {
        learn_author(applier, &outcome.keyed);
        learn_compartment(applier, &outcome.id, index);
        learn_compartment(applier, &outcome.keyed, index); /* by what two people have signed */
    }
    if (result == RESPONSE_APPLIED_OUTCOME && applier->config.only == NULL) {
        look_at_offers(applier, entry, &outcome, control);
        store_clearing_check(&applier->clearing, &outcome);
    }
    applier->applied = (struct store_position){index, entry->view.hash};
    atomic_store(&applier->cursor, index);
    applier->config.applied(applier->config.context, index,
                            result == RESPONSE_APPLIED_OUTCOME ? &outcome : NULL);
    if (result == RESPONSE_APPLIED_STALE || result == RESPONSE_APPLIED_SHREDDED)
        applier->config.stale(applier->config.context, &entry->view.envelope);
}

/* While the cursor stands still for want of a key: looks on behind it, as far as the log goes. */
static void look_ahead(struct store_applier *applier)
{
    uint64_t known = known_index(applier), last = durable(applier);
    if (applier->ahead == NULL ||
        !store_ahead_look(applier->ahead, &applier->config, known < last ? known : last))
        return;
    free(applier->ahead);
    applier->ahead = NULL;
    store_clearing_heed(&applier->clearing, &applier->config.genesis->directory, UINT64_MAX);
    go_on(applier);
}

static bool may_apply(struct store_applier *applier)
{
    return !store_clearing_pauses(&applier->clearing) &&
           store_state_uncommitted(applier->state) < UNCOMMITTED_BYTES_MAX &&
           store_state_room(applier->state);
}

/* Applies the oldest chunk; false if there is none, or the disk must catch up first. */
static bool apply_chunk(struct store_applier *applier)
{
    if (store_verifier_empty(applier->verifier) || !may_apply(applier))
        return false;
    struct store_chunk *chunk = store_verifier_take(applier->verifier);
    if (applier->applied.index == applier->committed_index)
        applier->dirty_since_us = vg_clock_system.monotonic_us();
    uint32_t done = 0;
    while (done < chunk->count && has_key(applier, &chunk->entries[done]))
        apply_entry(applier, &chunk->entries[done++]);
    bool all = done == chunk->count;
    store_verifier_release(applier->verifier);
    if (!all)
        unload(applier);
    return true;
}

static bool dirty(const struct store_applier *applier)
{
    return applier->applied.index > applier->committed_index;
}

static bool commit_due(const struct store_applier *applier)
{
    return dirty(applier) &&
           (applier->applied.index - applier->committed_index >= COMMIT_ENTRIES ||
            store_state_uncommitted(applier->state) >= COMMIT_BYTES ||
            vg_clock_system.monotonic_us() - applier->dirty_since_us >= COMMIT_INTERVAL_US);
}

/* A state ahead of its log could not be told from one of another history: it waits for the log. */
static bool commit_state(void *context)
{
    struct store_applier *applier = context;
    if (durable(applier) < applier->applied.index || !store_state_room(applier->state))
        return false;
    store_state_commit(applier->state, &applier->applied);
    applier->committed_index = applier->applied.index;
    return true;
}

/* ---- queries -----------------------------------------------------------------------------------
 */

/* Removes the queries whose `at_least` lies in [low, high], oldest first. Locked. */
static struct query *take_queries(struct store_applier *applier, uint64_t low, uint64_t high)
{
    struct query *taken = NULL;
    struct query **end = &taken;
    struct query **at = &applier->queries;
    while (*at != NULL) {
        struct query *query = *at;
        if (query->at_least < low || query->at_least > high) {
            at = &query->next;
            continue;
        }
        *at = query->next;
        query->next = NULL;
        *end = query;
        end = &query->next;
        applier->query_count--;
    }
    applier->queries_end = at;
    return taken;
}

static void run_queries(struct store_applier *applier)
{
    pthread_mutex_lock(&applier->lock);
    struct query *query = take_queries(applier, 0, applier->applied.index);
    pthread_mutex_unlock(&applier->lock);
    while (query != NULL) {
        struct query *next = query->next;
        query->run(query->context, &applier->machine);
        free(query);
        query = next;
    }
}

/* Cancels the queries for `low` and later. */
static void cancel_queries(struct store_applier *applier, uint64_t low, const struct vg_error *why)
{
    pthread_mutex_lock(&applier->lock);
    struct query *query = take_queries(applier, low, UINT64_MAX);
    pthread_mutex_unlock(&applier->lock);
    while (query != NULL) {
        struct query *next = query->next;
        query->cancelled(query->context, why);
        free(query);
        query = next;
    }
}

/* ---- the thread --------------------------------------------------------------------------------
 */

/* Why the cursor stands still. Another node can answer what this one cannot for its damage. */
static void say_why(const struct store_applier *applier, struct vg_error *out)
{
    const struct vg_error *why = &applier->load_error;
    uint64_t index = applier->applied.index;
    if (applier->damaged)
        vg_fail(out, VG_UNAVAILABLE,
                "this node applies no further than entry %" PRIu64
                " until it has fetched the next one again from another node: %s; ask another node",
                index, why->text);
    else
        vg_fail(out, why->code, "this node applies no further than entry %" PRIu64 ": %s", index,
                why->text);
}

/* Once loading has ended and all before it is applied: the cursor stays where it is, for good or
 * until the log is whole again. */
static void stop_if_ended(struct store_applier *applier)
{
    if (applier->load_error.code == VG_OK || !store_verifier_empty(applier->verifier))
        return;
    pthread_mutex_lock(&applier->lock);
    bool first = applier->stop.code == VG_OK;
    if (first)
        say_why(applier, &applier->stop);
    pthread_mutex_unlock(&applier->lock);
    if (!first)
        return;
    applier->config.stopped(applier->config.context, applier->applied.index + 1, &applier->stop,
                            applier->damaged);
    cancel_queries(applier, applier->applied.index + 1, &applier->stop);
}

static bool can_load(const struct store_applier *applier)
{
    return applier->load_error.code == VG_OK && applier->loaded.index < applier->known;
}

static bool query_ready(const struct store_applier *applier)
{
    for (const struct query *query = applier->queries; query != NULL; query = query->next) {
        if (query->at_least <= applier->applied.index)
            return true;
    }
    return false;
}

/* How long the thread may sleep when there is nothing to apply; 0: until it is woken. */
static uint64_t sleep_us(const struct store_applier *applier)
{
    if (!dirty(applier))
        return 0;
    uint64_t passed = vg_clock_system.monotonic_us() - applier->dirty_since_us;
    return passed + RETRY_US < COMMIT_INTERVAL_US ? COMMIT_INTERVAL_US - passed : RETRY_US;
}

/* Waits for work, or until something is due; false to end. `pace`: when there is more to do than is
 * seen here (a change of clearance; what is at hand, and waits for the disk). */
static bool wait_for_work(struct store_applier *applier, enum store_pace pace)
{
    pthread_mutex_lock(&applier->lock);
    bool backlog = can_load(applier) || !store_verifier_empty(applier->verifier) ||
                   (applier->ahead != NULL && applier->ahead->read < applier->known);
    bool idle = pace != STORE_PACE_NOW && (pace == STORE_PACE_SOON || !backlog) &&
                applier->life != CLOSING && !query_ready(applier) && !applier->mended;
    uint64_t us = pace == STORE_PACE_SOON ? RETRY_US : sleep_us(applier);
    if (idle && us > 0)
        store_cond_wait_us(&applier->work, &applier->lock, us);
    else if (idle)
        pthread_cond_wait(&applier->work, &applier->lock);
    bool goes_on = applier->life != CLOSING || (backlog && pace != STORE_PACE_SOON &&
                                                !store_clearing_pauses(&applier->clearing));
    pthread_mutex_unlock(&applier->lock);
    return goes_on;
}

/* True if something is at hand that cannot be applied now. */
static bool is_stalled(struct store_applier *applier)
{
    bool loading = applier->load_error.code == VG_OK;
    uint64_t known = known_index(applier);
    return !store_verifier_empty(applier->verifier) || (loading && known > applier->loaded.index) ||
           (applier->ahead != NULL && known > applier->ahead->read);
}

/* One round. */
static enum store_pace work(struct store_applier *applier)
{
    enum store_pace pace = STORE_PACE_IDLE;
    load(applier);
    look_ahead(applier);
    bool moved = apply_chunk(applier);
    run_queries(applier);
    if (commit_due(applier))
        commit_state(applier);
    if (applier->config.only == NULL)
        pace = store_clearing_step(&applier->clearing);
    stop_if_ended(applier);
    if (moved)
        return pace == STORE_PACE_IDLE ? pace : STORE_PACE_NOW;
    return pace == STORE_PACE_IDLE && is_stalled(applier) ? STORE_PACE_SOON : pace;
}

static void run(struct store_applier *applier)
{
    enum store_pace pace = STORE_PACE_NOW; /* something may have been left by the last process */
    while (wait_for_work(applier, pace))
        pace = work(applier);
    if (dirty(applier))
        commit_state(applier);
    struct vg_error closing;
    vg_fail(&closing, VG_UNAVAILABLE, "this node is stopping; ask another one");
    cancel_queries(applier, 0, &closing);
    store_clearing_close(&applier->clearing);
}

static enum vg_code check_position(struct store_applier *applier, struct vg_error *error)
{
    const struct store_position *found = &applier->applied;
    vg_hash hash = applier->config.cluster;
    if (response_cursor(&applier->machine) != found->index)
        return store_state_refuse(applier->state, "its cursor is not where it was committed",
                                  error);
    if (found->index > durable(applier))
        return store_state_refuse(applier->state, "it is ahead of the log", error);
    if (found->index > 0 && !store_log_hash_at(applier->config.log, found->index, &hash))
        return VG_OK; /* the log counts that damage; the chain goes on from the state's own hash */
    if (!vg_hash_equal(&hash, &found->hash))
        return store_state_refuse(applier->state, "it belongs to another history than the log",
                                  error);
    return VG_OK;
}

static enum vg_code open_state(struct store_applier *applier, struct vg_error *error)
{
    const struct store_applier_config *config = &applier->config;
    enum vg_code code =
        store_state_open(config->path, &config->cluster, config->node, &config->keys.state,
                         &applier->state, &applier->applied, error);
    if (code != VG_OK)
        return code;
    applier->machine = (struct response_machine){.genesis = config->genesis,
                                                 .cluster = config->cluster,
                                                 .signer = &vg_signer_ed25519,
                                                 .kv = store_state_kv(applier->state),
                                                 .level = store_clearances_level,
                                                 .clearance = applier->clearances};
    code = check_position(applier, error);
    if (code != VG_OK) {
        store_state_close(applier->state);
        return code;
    }
    store_people_load(applier->people, &applier->machine);
    applier->clearing = (struct store_clearing){.config = config,
                                                .machine = &applier->machine,
                                                .state = applier->state,
                                                .applied = &applier->applied,
                                                .table = applier->clearances,
                                                .commit = commit_state,
                                                .context = applier};
    if (config->only == NULL)
        store_clearing_open(&applier->clearing);
    applier->loaded = applier->applied;
    applier->committed_index = applier->applied.index;
    atomic_store(&applier->cursor, applier->applied.index);
    return VG_OK;
}

/* The state is opened and closed here, since LMDB ties a write transaction to its thread. */
static void *applier_run(void *context)
{
    struct store_applier *applier = context;
    prctl(PR_SET_NAME, applier->config.only == NULL ? "apply" : "rebuild");
    enum vg_code code = open_state(applier, applier->open_error);
    pthread_mutex_lock(&applier->lock);
    applier->life = code == VG_OK ? OPEN : REFUSED;
    pthread_cond_signal(&applier->opened);
    pthread_mutex_unlock(&applier->lock);
    if (code != VG_OK)
        return NULL;
    run(applier);
    store_state_close(applier->state);
    return NULL;
}

/* ---- the callers' side -------------------------------------------------------------------------
 */

static void applier_free(struct store_applier *applier)
{
    pthread_join(applier->thread, NULL);
    store_verifier_free(applier->verifier);
    free(applier->ahead);
    store_people_free(applier->people);
    store_clearances_free(applier->clearances);
    for (size_t i = 0; i < HELD_ENTRIES; i++)
        vg_blob_unref(applier->held[i].entry);
    pthread_cond_destroy(&applier->opened);
    pthread_cond_destroy(&applier->work);
    pthread_mutex_destroy(&applier->lock);
    free(applier);
}

enum vg_code store_applier_open(const struct store_applier_config *config,
                                struct store_applier **out, struct vg_error *error)
{
    struct store_applier *applier = vg_alloc_zero(1, sizeof *applier);
    struct vg_error cause = {0};
    applier->config = *config;
    applier->open_error = &cause;
    applier->queries_end = &applier->queries;
    pthread_mutex_init(&applier->lock, NULL);
    store_cond_init(&applier->work);
    store_cond_init(&applier->opened);
    applier->people = store_people_new(config->genesis);
    applier->clearances = store_clearances_new(config->genesis, config->only);
    const struct response_keys keys = {.find = store_people_key,
                                       .context = applier->people,
                                       .data_key = store_applier_data_key,
                                       .keyring = applier};
    applier->verifier = store_verifier_new(config->genesis, &config->cluster, &keys);
    applier->thread = store_thread_start(applier_run, applier);
    pthread_mutex_lock(&applier->lock);
    while (applier->life == OPENING)
        pthread_cond_wait(&applier->opened, &applier->lock);
    bool refused = applier->life == REFUSED;
    pthread_mutex_unlock(&applier->lock);
    if (refused) {
        applier_free(applier);
        return vg_fail(error, cause.code, "%s", cause.text);
    }
    *out = applier;
    return VG_OK;
}

static void hold(struct store_applier *applier, uint64_t index, struct vg_blob *entry)
{
    struct held *held = &applier->held[index % HELD_ENTRIES];
    if (held->entry != NULL || applier->stop.code != VG_OK ||
        applier->held_bytes + entry->size > HELD_BYTES_MAX)
        return;
    *held = (struct held){index, vg_blob_ref(entry)};
    applier->held_bytes += entry->size;
}

void store_applier_commit(struct store_applier *applier, uint64_t index, struct vg_blob *entry)
{
    pthread_mutex_lock(&applier->lock);
    if (index > applier->known) {
        applier->known = index;
        if (entry != NULL && index > atomic_load(&applier->cursor))
            hold(applier, index, entry);
        pthread_cond_signal(&applier->work);
    }
    pthread_mutex_unlock(&applier->lock);
}

void store_applier_mended(struct store_applier *applier)
{
    pthread_mutex_lock(&applier->lock);
    applier->mended = true;
    pthread_cond_signal(&applier->work);
    pthread_mutex_unlock(&applier->lock);
}

/* Why a query cannot be taken, into `why`; VG_OK if it can. Locked. */
static enum vg_code refuse_query(const struct store_applier *applier, uint64_t at_least,
                                 struct vg_error *why)
{
    if (applier->stop.code != VG_OK && at_least > atomic_load(&applier->cursor))
        *why = applier->stop;
    else if (applier->query_count == STORE_APPLIER_QUERIES_MAX)
        vg_fail(why, VG_BUSY, "%d reads wait on this node; ask again, or another node",
                STORE_APPLIER_QUERIES_MAX);
    return why->code;
}

void store_applier_query(struct store_applier *applier, uint64_t at_least,
                         void (*query)(void *context, struct response_machine *machine),
                         void (*cancelled)(void *context, const struct vg_error *why),
                         void *context)
{
    struct vg_error why = {0};
    pthread_mutex_lock(&applier->lock);
    assert(applier->life == OPEN);
    bool taken = refuse_query(applier, at_least, &why) == VG_OK;
    if (taken) {
        struct query *added = vg_alloc(sizeof *added);
        *added = (struct query){at_least, query, cancelled, context, NULL};
        *applier->queries_end = added;
        applier->queries_end = &added->next;
        applier->query_count++;
        pthread_cond_signal(&applier->work);
    }
    pthread_mutex_unlock(&applier->lock);
    if (!taken)
        cancelled(context, &why);
}

void store_applier_vouch(struct store_applier *applier, const vg_hash *commitment,
                         const vg_public_key *key)
{
    store_verifier_vouch(applier->verifier, commitment, key);
}

struct store_people *store_applier_people(struct store_applier *applier)
{
    return applier->people;
}

struct store_clearances *store_applier_clearances(struct store_applier *applier)
{
    return applier->clearances;
}

bool store_applier_data_key(void *context, const vg_id *compartment, uint64_t epoch,
                            vg_cipher_key *key)
{
    struct store_applier *applier = context;
    const struct store_keys *keys = &applier->config.keys;
    bool level = vg_id_equal(compartment, &applier->config.genesis->directory) ||
                 store_clearances_level(applier->clearances, compartment);
    return level && keys->find(keys->context, compartment, epoch, key);
}

uint64_t store_applier_cursor(struct store_applier *applier)
{
    return atomic_load(&applier->cursor);
}

void store_applier_close(struct store_applier *applier)
{
    pthread_mutex_lock(&applier->lock);
    applier->life = CLOSING;
    pthread_cond_signal(&applier->work);
    pthread_mutex_unlock(&applier->lock);
    applier_free(applier);
}
