/* SPDX-License-Identifier: Apache-2.0
 * A node that is cleared for some compartments: what it passes by, how it becomes level after a
 * grant, and that nothing is left after a revocation; killed after every step of both. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/store/clearing.h"
#include "proto/response/epochs.h"
#include "tests/lib/await.h"
#include "tests/lib/cleared.h"
#include "tests/lib/leaks.h"
#include "tests/lib/sealing.h"
#include "tests/lib/storebox.h"

enum { NOTE_BYTES = 60000 };

static char folder[SCRATCH_PATH];
static struct storebox box;
static struct cleared story;

static void setup(void)
{
    scratch_make(folder);
    storebox_init(&box, folder);
    story = cleared_new();
    storebox_open(&box, &story.chain);
}

static void teardown(void)
{
    cleared_free(&story);
    scratch_remove(folder);
}

TestSuite(store_clearance, .init = setup, .fini = teardown, .timeout = 120);

/* ---- the keys of a node ------------------------------------------------------------------------
 */

/* A keyring as the node's is: what its wraps open, and what was before that. */
struct keys {
    uint64_t node;
    _Atomic bool secret; /* of the told compartment; others' are always there */
    _Atomic uint64_t opened;
    _Atomic int destroyed;
    bool asked; /* what the node has offered is asked for */
};

static bool is_told(const vg_id *compartment)
{
    return vg_id_equal(compartment, &story.compartment);
}

static bool find_key(void *context, const vg_id *compartment, uint64_t epoch, vg_cipher_key *key)
{
    struct keys *keys = context;
    if (is_told(compartment) && epoch > atomic_load(&keys->opened))
        return false;
    return sealing_key(NULL, compartment, epoch, key);
}

static enum vg_code learn_key(void *context, const struct compartment_epoch *epoch,
                              const vg_hash *place, struct vg_error *error)
{
    struct keys *keys = context;
    (void)place;
    if (!is_told(&epoch->compartment) || epoch->epoch <= atomic_load(&keys->opened))
        return VG_OK;
    if (!atomic_load(&keys->secret))
        return vg_fail(error, VG_NOT_FOUND, "no unwrap secret");
    if (compartment_wrap_of(epoch, (vg_node_id){keys->node}) == NULL)
        return vg_fail(error, VG_NOT_FOUND, "no wrap");
    atomic_store(&keys->opened, epoch->epoch);
    return VG_OK;
}

static enum vg_code destroy_keys(void *context, const vg_id *compartment, struct vg_error *error)
{
    struct keys *keys = context;
    (void)error;
    cr_assert(is_told(compartment));
    atomic_store(&keys->secret, false);
    atomic_store(&keys->opened, 0);
    atomic_fetch_add(&keys->destroyed, 1);
    return VG_OK;
}

/* Destroyed with the unwrap secret. */
static bool find_state_key(void *context, const vg_id *compartment, vg_cipher_key *key)
{
    struct keys *keys = context;
    if (is_told(compartment) && atomic_load(&keys->destroyed) > 0 && !atomic_load(&keys->secret))
        return false;
    return sealing_state_key(NULL, compartment, key);
}

/* The unwrap key of node 1, as the story's records have it. */
static bool find_offered(void *context, const vg_id *compartment, vg_box_public *key)
{
    struct keys *keys = context;
    if (!is_told(compartment) || !keys->asked || !atomic_load(&keys->secret))
        return false;
    struct compartment_epoch record = sealing_epoch_for(compartment, 1, 1 << 1);
    *key = record.wraps[0].unwrap;
    return true;
}

/* ---- a node's applier --------------------------------------------------------------------------
 */

struct peer {
    struct keys keys;
    char state[SCRATCH_PATH + 16], rebuilds[SCRATCH_PATH + 16];
    struct store_applier_config config;
    struct store_applier *applier;
    _Atomic uint64_t stopped_at;
};

static uint64_t refused_at; /* the entry that the story has refused */

static void on_applied(void *context, uint64_t index, const struct response_outcome *outcome)
{
    (void)context;
    if (outcome != NULL && index != refused_at)
        cr_assert_eq(outcome->error.code, VG_OK, "entry %d: %s", (int)index, outcome->error.text);
}

static void on_stale(void *context, const struct ledger_envelope *envelope)
{
    (void)context;
    (void)envelope;
}

static void on_stopped(void *context, uint64_t index, const struct vg_error *error, bool damaged)
{
    struct peer *peer = context;
    (void)error;
    (void)damaged;
    atomic_store(&peer->stopped_at, index);
}

static void on_going_on(void *context)
{
    (void)context;
}

static void on_wanted(void *context, uint64_t index)
{
    (void)context;
    (void)index;
}

static void prepare(struct peer *peer, uint64_t node)
{
    *peer = (struct peer){.keys = {.node = node, .secret = true}};
    snprintf(peer->state, sizeof peer->state, "%s/state%d", folder, (int)node);
    snprintf(peer->rebuilds, sizeof peer->rebuilds, "%s/rebuild%d", folder, (int)node);
    peer->config = (struct store_applier_config){.path = peer->state,
                                                 .node = {node},
                                                 .genesis = &story.chain.genesis,
                                                 .cluster = story.chain.cluster,
                                                 .log = box.log,
                                                 .keys = {.find = find_key,
                                                          .learn = learn_key,
                                                          .destroy = destroy_keys,
                                                          .offered = find_offered,
                                                          .context = &peer->keys,
                                                          .state = {find_state_key, &peer->keys}},
                                                 .rebuilds = peer->rebuilds,
                                                 .wanted = on_wanted,
                                                 .applied = on_applied,
                                                 .stale = on_stale,
                                                 .stopped = on_stopped,
                                                 .going_on = on_going_on,
                                                 .context = peer};
}

static void start(struct peer *peer)
{
    struct vg_error error = {0};
    cr_assert_eq(store_applier_open(&peer->config, &peer->applier, &error), VG_OK, "%s",
                 error.text);
}

static uint64_t written; /* entries of the story in the log */

/* What was told goes into the log. */
static void append_told(void)
{
    while (written < story.chain.last)
        storebox_append(&box, vg_blob_ref(story.entries[written++]));
    storebox_settle(&box);
}

static void follow(struct peer *peer)
{
    append_told();
    store_applier_commit(peer->applier, story.chain.last, NULL);
    AWAIT(store_applier_cursor(peer->applier) == story.chain.last);
}

static enum response_status status_of(struct peer *peer)
{
    struct store_clearance one;
    bool known =
        store_clearances_get(store_applier_clearances(peer->applier), &story.compartment, &one);
    return known ? one.status : RESPONSE_BLIND;
}

static bool owes(struct peer *peer)
{
    struct store_clearance one;
    return store_clearances_get(store_applier_clearances(peer->applier), &story.compartment,
                                &one) &&
           one.owes && one.ended == story.epoch;
}

static enum vg_code offers(struct peer *peer)
{
    struct vg_error why = {0};
    enum vg_code code =
        store_clearances_offers(store_applier_clearances(peer->applier), &story.compartment, &why);
    cr_assert_eq(code != VG_OK, strstr(why.text, "once vigil compartment show") != NULL, "%s",
                 why.text);
    return code;
}

/* ---- what it has -------------------------------------------------------------------------------
 */

struct found {
    _Atomic bool done;
    vg_hash hash, scanned, control, directory;
    struct response_counters counters;
    uint32_t rows;
};

static uint32_t count_rows(const struct response_machine *machine, const vg_id *compartment)
{
    const struct vg_kv *kv = &machine->kv;
    vg_span prefix = vg_span_of(compartment->bytes, sizeof compartment->bytes);
    vg_span key = prefix;
    vg_span value;
    uint32_t rows = 0;
    for (bool more = kv->next(kv->context, prefix, prefix, false, &key, &value); more;
         more = kv->next(kv->context, prefix, key, true, &key, &value))
        rows++;
    return rows;
}

static void look(const struct response_machine *machine, struct found *out)
{
    static const vg_id control;
    out->hash = response_state_hash(machine, &story.compartment);
    out->scanned = response_state_hash_scan(machine, &story.compartment);
    out->control = response_state_hash(machine, &control);
    out->directory = response_state_hash(machine, &story.chain.genesis.directory);
    out->rows = count_rows(machine, &story.compartment);
    response_counters_get(machine, &out->counters);
}

static void on_query(void *context, struct response_machine *machine)
{
    struct found *found = context;
    look(machine, found);
    atomic_store(&found->done, true);
}

static void on_cancelled(void *context, const struct vg_error *why)
{
    (void)context;
    cr_assert_fail("%s", why->text);
}

static struct found ask(struct peer *peer)
{
    static struct found found;
    atomic_store(&found.done, false);
    store_applier_query(peer->applier, story.chain.last, on_query, on_cancelled, &found);
    AWAIT(atomic_load(&found.done));
    return found;
}

static void expect_equal(struct found ours, struct found theirs)
{
    cr_assert(vg_hash_equal(&ours.control, &theirs.control));
    cr_assert(vg_hash_equal(&ours.directory, &theirs.directory));
    cr_assert(vg_hash_equal(&ours.hash, &theirs.hash));
    cr_assert(vg_hash_equal(&ours.hash, &ours.scanned));
    cr_assert_eq(ours.rows, theirs.rows);
}

static void expect_nothing(struct found found)
{
    static const vg_hash none;
    cr_assert_eq(found.rows, 0);
    cr_assert(vg_hash_equal(&found.hash, &none));
}

static bool is_empty_folder(const char *path)
{
    return rmdir(path) == 0 || access(path, F_OK) != 0;
}

/* ---- a node's life -----------------------------------------------------------------------------
 */

Test(store_clearance, blind_granted_level_revoked_and_rid_of_it)
{
    static struct peer one, two;
    prepare(&one, 1);
    prepare(&two, 2);
    start(&one);
    start(&two);
    cleared_create(&story);
    cleared_tell(&story, 10, 100);
    cleared_rotate(&story);
    cleared_tell(&story, 30, NOTE_BYTES);
    follow(&one);
    follow(&two);
    cr_assert_eq(status_of(&one), RESPONSE_BLIND);
    cr_assert_eq(status_of(&two), RESPONSE_LEVEL);
    expect_nothing(ask(&one));
    cr_assert_eq(ask(&one).counters.blind, 41);
    cr_assert_eq(offers(&one), VG_OK);

    cleared_grant(&story);
    cleared_tell(&story, 10, 100);
    follow(&one);
    follow(&two);
    AWAIT(status_of(&one) == RESPONSE_LEVEL);
    cleared_tell(&story, 3, 100);
    follow(&one);
    follow(&two);
    expect_equal(ask(&one), ask(&two));
    cr_assert(is_empty_folder(one.rebuilds));

    cleared_revoke(&story);
    cleared_tell(&story, 3, 100);
    follow(&one);
    AWAIT(owes(&one));
    cr_assert_eq(offers(&one), VG_CONFLICT);
    cr_assert_eq(atomic_load(&one.keys.destroyed), 1);
    cr_assert_not(atomic_load(&one.keys.secret));
    expect_nothing(ask(&one));
    cleared_attest(&story);
    follow(&one);
    AWAIT(status_of(&one) == RESPONSE_BLIND);
    cr_assert_eq(offers(&one), VG_OK);
    follow(&two);
    cr_assert_eq(atomic_load(&one.stopped_at), 0);
    cr_assert(
        vg_hash_equal(&(vg_hash[]){ask(&one).control}[0], &(vg_hash[]){ask(&two).control}[0]));
    store_applier_close(one.applier);
    store_applier_close(two.applier);
    storebox_close(&box);
    cr_expect_not(LEAKS_FOUND());
}

/* A holder by the log whose keyring has no secret for it: it stops alone, and once the keyring is
 * back it is rebuilt, since entries were passed by. */
Test(store_clearance, a_holder_without_its_key_stops_alone_and_is_rebuilt_when_it_has_it)
{
    static struct peer one, two;
    prepare(&one, 1);
    prepare(&two, 2);
    start(&one);
    start(&two);
    cleared_create(&story);
    cleared_grant(&story);
    cleared_tell(&story, 10, 100);
    follow(&one);
    AWAIT(status_of(&one) == RESPONSE_LEVEL);
    store_applier_close(one.applier);
    atomic_store(&one.keys.secret, false);
    atomic_store(&one.keys.opened, 0);
    start(&one);
    cleared_tell(&story, 10, 100);
    follow(&one);
    cr_assert_eq(status_of(&one), RESPONSE_STOPPED);
    cr_assert_eq(atomic_load(&one.stopped_at), 0);
    struct store_clearance stopped;
    store_clearances_get(store_applier_clearances(one.applier), &story.compartment, &stopped);
    cr_assert_not_null(strstr(stopped.why, "let a key officer revoke this node and grant it anew"),
                       "%s", stopped.why);
    store_applier_close(one.applier);
    atomic_store(&one.keys.secret, true);
    start(&one);
    follow(&one);
    AWAIT(status_of(&one) == RESPONSE_LEVEL);
    follow(&two);
    expect_equal(ask(&one), ask(&two));
    store_applier_close(one.applier);
    store_applier_close(two.applier);
    storebox_close(&box);
}

/* ---- checkpoints -------------------------------------------------------------------------------
 */

static struct store_clearance clearance_of(struct peer *peer)
{
    struct store_clearance one = {.epoch = 0};
    cr_assert(
        store_clearances_get(store_applier_clearances(peer->applier), &story.compartment, &one));
    return one;
}

/* With the next note there is a mark, which both owe a checkpoint of. */
static struct response_mark make_mark(struct peer *one, struct peer *two)
{
    story.chain.time_ms += RESPONSE_MARK_MS;
    cleared_tell(&story, 1, 100);
    follow(one);
    follow(two);
    struct store_clearance ours = clearance_of(one), theirs = clearance_of(two);
    cr_assert(response_mark_equal(&ours.due, &theirs.due));
    cr_assert_eq(ours.due.index, story.chain.last - 1);
    cr_assert_not(ours.due_at_once || theirs.due_at_once);
    cr_assert_eq(ours.earlier_count, 0);
    cr_assert_eq(theirs.earlier_count, 1);
    cr_assert_eq(theirs.earlier[0].value, 1);
    return ours.due;
}

static bool served(struct peer *peer)
{
    struct store_clearances *all = store_applier_clearances(peer->applier);
    cr_assert(store_clearances_level(all, &story.compartment), "its entries are applied");
    return store_clearances_served(all, &story.compartment);
}

static void restart(struct peer *peer)
{
    store_applier_close(peer->applier);
    start(peer);
    follow(peer);
}

Test(store_clearance, who_differs_at_a_mark_stops_serving_and_goes_on_once_it_is_outvoted)
{
    static struct peer one, two;
    prepare(&one, 1);
    prepare(&two, 2);
    start(&one);
    start(&two);
    cleared_create(&story);
    cleared_tell(&story, 5, 100);
    cleared_grant(&story);
    follow(&one);
    follow(&two);
    AWAIT(status_of(&one) == RESPONSE_LEVEL);
    struct response_mark mark = make_mark(&one, &two), wrong = mark;
    cleared_checkpoint(&story, 1, &mark);
    follow(&two);
    cr_assert_eq(clearance_of(&two).due.index, 0);
    cr_assert(served(&two));

    mark = wrong = make_mark(&one, &two);
    wrong.hash.bytes[0] ^= 1;
    cleared_checkpoint(&story, 1, &wrong);
    follow(&two);
    cr_assert_eq(status_of(&two), RESPONSE_DIVERGED);
    cr_assert_not(served(&two));
    cr_assert(clearance_of(&two).due_at_once);
    cr_assert(response_mark_equal(&(struct response_mark[]){clearance_of(&two).due}[0], &mark));
    cr_assert_not_null(strstr(clearance_of(&two).why, "at node 1 (1 of 1 checkpoints)"), "%s",
                       clearance_of(&two).why);
    restart(&two);
    cr_assert_eq(status_of(&two), RESPONSE_DIVERGED);
    cr_assert(clearance_of(&two).due_at_once);

    cleared_checkpoint(&story, 2, &mark);
    cleared_tell(&story, 3, 100);
    follow(&two);
    cr_assert_eq(status_of(&two), RESPONSE_DIVERGED, "of as many the first");
    cr_assert_eq(clearance_of(&two).due.index, 0);
    cleared_checkpoint(&story, 1, &mark);
    follow(&one);
    follow(&two);
    cr_assert_eq(status_of(&two), RESPONSE_LEVEL);
    cr_assert_str_eq(clearance_of(&two).why, "");
    cr_assert(served(&two));
    restart(&two);
    cr_assert_eq(status_of(&two), RESPONSE_LEVEL);
    expect_equal(ask(&one), ask(&two));
    store_applier_close(one.applier);
    store_applier_close(two.applier);
    storebox_close(&box);
}

/* ---- killed after every step -------------------------------------------------------------------
 */

/* The apply thread of a node by hand, so that it can end between any two steps. */
struct life {
    struct peer *peer;
    struct store_state *state;
    struct store_position applied;
    struct response_machine machine;
    struct store_clearing clearing;
};

static bool commit_life(void *context)
{
    struct life *life = context;
    store_state_commit(life->state, &life->applied);
    return true;
}

static void begin_life(struct life *life, struct peer *peer)
{
    struct vg_error error = {0};
    *life = (struct life){.peer = peer};
    cr_assert_eq(store_state_open(peer->state, &story.chain.cluster, peer->config.node,
                                  &peer->config.keys.state, &life->state, &life->applied, &error),
                 VG_OK, "%s", error.text);
    struct store_clearances *table = store_clearances_new(&story.chain.genesis, NULL);
    life->machine = (struct response_machine){.genesis = &story.chain.genesis,
                                              .cluster = story.chain.cluster,
                                              .signer = &vg_signer_ed25519,
                                              .kv = store_state_kv(life->state),
                                              .level = store_clearances_level,
                                              .clearance = table};
    life->clearing = (struct store_clearing){.config = &peer->config,
                                             .machine = &life->machine,
                                             .state = life->state,
                                             .applied = &life->applied,
                                             .table = table,
                                             .commit = commit_life,
                                             .context = life};
    store_clearing_open(&life->clearing);
}

/* What is not committed is gone. */
static void kill_life(struct life *life)
{
    store_clearing_close(&life->clearing);
    store_clearances_free(life->clearing.table);
    store_state_close(life->state);
}

static void live_to(struct life *life, uint64_t last)
{
    const struct response_keys keys = {.find = response_key_find,
                                       .context = &life->machine,
                                       .data_key = find_key,
                                       .keyring = &life->peer->keys};
    while (life->applied.index < last) {
        struct ledger_view view;
        struct response_opened opened;
        struct response_outcome outcome;
        cr_assert_eq(ledger_parse(vg_blob_span(story.entries[life->applied.index]), &view, NULL),
                     VG_OK);
        response_open(&story.chain.genesis, &story.chain.cluster, &keys, &vg_signer_ed25519, &view,
                      &opened);
        enum response_applied result = response_apply(&life->machine, &view, &opened, &outcome);
        if (view.envelope.type == LEDGER_CONTROL && result == RESPONSE_APPLIED_OUTCOME) {
            store_clearing_heed(&life->clearing, &outcome.id, view.header.index);
            store_clearing_heed(&life->clearing, &outcome.keyed, view.header.index);
            if (outcome.error.code != VG_OK)
                store_clearing_refused(&life->clearing, opened.command.body);
        }
        response_opened_free(&opened, &view);
        life->applied = (struct store_position){view.header.index, view.hash};
    }
}

static struct store_clearance standing(struct life *life)
{
    struct store_clearance one = {.status = RESPONSE_BLIND};
    store_clearances_get(life->clearing.table, &story.compartment, &one);
    return one;
}

/* One step; whether it did something, or all was done before. */
static bool moves(struct life *life, enum store_pace *pace)
{
    int phase = (int)life->clearing.phase;
    bool rebuilds = life->clearing.rebuild != NULL;
    *pace = store_clearing_step(&life->clearing);
    return *pace != STORE_PACE_SOON || phase != (int)life->clearing.phase ||
           rebuilds != (life->clearing.rebuild != NULL);
}

/* So many steps that did something; false if all was done before. */
static bool step(struct life *life, uint32_t count)
{
    enum store_pace pace = STORE_PACE_NOW;
    for (; count > 0 && pace != STORE_PACE_IDLE; count--)
        AWAIT(moves(life, &pace));
    return pace != STORE_PACE_IDLE;
}

/* Ends a life after every number of steps, and lets the next one finish. How many there were. */
static uint32_t kill_everywhere(struct peer *peer, uint64_t before, uint64_t last,
                                void (*check)(struct life *life))
{
    bool cut = true;
    char command[4 * SCRATCH_PATH];
    struct life life;
    uint32_t count = 0;
    for (; cut; count++) {
        snprintf(command, sizeof command, "rm -rf %s %s", peer->state, peer->rebuilds);
        cr_assert_eq(system(command), 0);
        atomic_store(&peer->keys.secret, true);
        atomic_store(&peer->keys.opened, 0);
        begin_life(&life, peer);
        live_to(&life, before);
        while (step(&life, 1))
            ;
        live_to(&life, last);
        commit_life(&life);
        cut = step(&life, count);
        kill_life(&life);
        begin_life(&life, peer);
        while (step(&life, 1))
            ;
        check(&life);
        kill_life(&life);
    }
    return count;
}

static struct found expected; /* of the node that is cleared all along */

static void is_level(struct life *life)
{
    struct found found;
    look(&life->machine, &found);
    cr_assert_eq(standing(life).status, RESPONSE_LEVEL);
    expect_equal(found, expected);
    cr_assert(is_empty_folder(life->peer->rebuilds));
}

static void is_gone(struct life *life)
{
    struct found found;
    look(&life->machine, &found);
    cr_assert_eq(standing(life).status, RESPONSE_REMOVING);
    cr_assert(standing(life).owes);
    cr_assert_not(atomic_load(&life->peer->keys.secret));
    expect_nothing(found);
    cr_assert(is_empty_folder(life->peer->rebuilds));
}

Test(store_clearance, a_rebuild_that_is_killed_anywhere_ends_the_same)
{
    static struct peer one, two;
    struct life life;
    cleared_create(&story);
    cleared_tell(&story, 20, NOTE_BYTES);
    uint64_t before = story.chain.last;
    cleared_grant(&story);
    cleared_tell(&story, 2, 100);
    append_told();
    prepare(&one, 1);
    prepare(&two, 2);
    begin_life(&life, &two);
    live_to(&life, story.chain.last);
    look(&life.machine, &expected);
    kill_life(&life);
    cr_assert_gt(kill_everywhere(&one, before, story.chain.last, is_level), 6);
    storebox_close(&box);
}

Test(store_clearance, a_removal_that_is_killed_anywhere_ends_the_same)
{
    static struct peer one;
    cleared_create(&story);
    cleared_grant(&story);
    cleared_tell(&story, 40, NOTE_BYTES);
    uint64_t before = story.chain.last;
    cleared_revoke(&story);
    append_told();
    prepare(&one, 1);
    cr_assert_gt(kill_everywhere(&one, before, story.chain.last, is_gone), 6);
    storebox_close(&box);
}

/* As a removal that follows from a revocation. */
Test(store_clearance, a_shredding_that_is_killed_anywhere_ends_the_same)
{
    static struct peer one;
    cleared_create(&story);
    cleared_grant(&story);
    cleared_tell(&story, 40, NOTE_BYTES);
    uint64_t before = story.chain.last;
    cleared_shred(&story);
    append_told();
    prepare(&one, 1);
    cr_assert_gt(kill_everywhere(&one, before, story.chain.last, is_gone), 6);
    storebox_close(&box);
}

/* Node 1 never held its key, and may have offered one for a record that never came into force. */
Test(store_clearance, a_node_that_is_blind_to_what_is_shredded_destroys_its_keys_too)
{
    static struct peer one, two;
    prepare(&one, 1);
    prepare(&two, 2);
    start(&one);
    start(&two);
    cleared_create(&story);
    cleared_tell(&story, 3, 100);
    follow(&one);
    follow(&two);
    cr_assert_eq(status_of(&one), RESPONSE_BLIND);
    cleared_shred(&story);
    cleared_tell(&story, 1, 100);
    follow(&one);
    follow(&two);
    AWAIT(owes(&one) && owes(&two));
    cr_assert_not(atomic_load(&one.keys.secret));
    cr_assert_not(atomic_load(&two.keys.secret));
    expect_nothing(ask(&one));
    expect_nothing(ask(&two));
    cr_assert_eq(ask(&two).counters.voided, 1, "what was sealed before anybody knew");
    cleared_attest(&story);
    follow(&one);
    AWAIT(status_of(&one) == RESPONSE_BLIND);
    struct vg_error why = {0};
    cr_assert_eq(
        store_clearances_offers(store_applier_clearances(one.applier), &story.compartment, &why),
        VG_FORBIDDEN);
    store_applier_close(one.applier);
    store_applier_close(two.applier);
    start(&one);
    cr_assert_eq(status_of(&one), RESPONSE_BLIND);
    store_applier_close(one.applier);
    storebox_close(&box);
    cr_expect_not(LEAKS_FOUND());
}

/* ---- offers ------------------------------------------------------------------------------------
 */

/* Node 1 is blind, and has an unwrap key that it has offered. */
static void begin_offered(struct peer *one)
{
    prepare(one, 1);
    one->keys.asked = true;
    atomic_store(&one->keys.secret, false);
    start(one);
    cleared_create(&story);
    follow(one);
    atomic_store(&one->keys.secret, true);
    story.chain.time_ms += 60 * 1000; /* when it looks again */
    cleared_tell(&story, 3, 100);
    follow(one);
}

static bool keeps_its_offer(struct peer *one)
{
    return status_of(one) == RESPONSE_BLIND && atomic_load(&one->keys.secret);
}

/* It is gone, nothing is owed for it, and the next one is another. */
static void expect_spent(struct peer *one)
{
    AWAIT(status_of(one) == RESPONSE_BLIND && !atomic_load(&one->keys.secret));
    cr_assert_eq(atomic_load(&one->keys.destroyed), 1);
    cr_assert_not(owes(one));
    cr_assert_eq(offers(one), VG_OK);
    atomic_store(&one->keys.secret, true);
    cleared_grant(&story);
    cleared_tell(&story, 1, 100);
    follow(one);
    AWAIT(status_of(one) == RESPONSE_LEVEL);
    store_applier_close(one->applier);
    storebox_close(&box);
}

Test(store_clearance, an_offer_is_destroyed_once_the_record_that_wraps_for_it_is_refused)
{
    static struct peer one;
    begin_offered(&one);
    refused_at = story.chain.last + 1;
    cleared_refuse(&story, false);
    follow(&one);
    cr_assert(keeps_its_offer(&one), "a record that is not for it is nothing to it");
    refused_at = story.chain.last + 1;
    cleared_refuse(&story, true);
    follow(&one);
    expect_spent(&one);
}

Test(store_clearance, an_offer_is_destroyed_once_another_epoch_comes_into_force)
{
    static struct peer one;
    begin_offered(&one);
    cr_assert(keeps_its_offer(&one));
    cleared_rotate(&story);
    follow(&one);
    expect_spent(&one);
}

Test(store_clearance, an_offer_waits_with_its_proposal_and_is_destroyed_when_that_is_rejected)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    static struct peer one;
    begin_offered(&one);
    vg_id proposal = cleared_propose(&story, story.chain.time_ms + 7 * DAY_MS);
    story.chain.time_ms += 6 * DAY_MS;
    cleared_tell(&story, 1, 100);
    follow(&one);
    cr_assert(keeps_its_offer(&one));
    cleared_reject(&story, &proposal);
    follow(&one);
    expect_spent(&one);
}

Test(store_clearance, an_offer_is_destroyed_once_its_proposal_has_expired)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    static struct peer one;
    begin_offered(&one);
    uint64_t expires_at = story.chain.time_ms + DAY_MS;
    cleared_propose(&story, expires_at);
    story.chain.time_ms = expires_at - 60 * 1000;
    cleared_tell(&story, 1, 100);
    follow(&one);
    cr_assert(keeps_its_offer(&one));
    story.chain.time_ms = expires_at + 60 * 1000;
    cleared_tell(&story, 1, 100);
    follow(&one);
    expect_spent(&one);
}

Test(store_clearance, an_offer_that_nothing_uses_is_destroyed_after_seven_days)
{
    enum { WEEK_MS = 7 * 24 * 3600 * 1000 };
    static struct peer one;
    begin_offered(&one);
    uint64_t made_at = story.chain.time_ms;
    story.chain.time_ms = made_at + WEEK_MS - 60 * 1000;
    cleared_tell(&story, 1, 100);
    follow(&one);
    cr_assert(keeps_its_offer(&one));
    story.chain.time_ms = made_at + WEEK_MS + 60 * 1000;
    cleared_tell(&story, 1, 100);
    follow(&one);
    expect_spent(&one);
}

static void has_no_offer(struct life *life)
{
    cr_assert_eq(standing(life).status, RESPONSE_BLIND);
    cr_assert_not(standing(life).owes);
    cr_assert_not(atomic_load(&life->peer->keys.secret));
}

Test(store_clearance, a_refused_offer_is_destroyed_wherever_the_node_is_killed)
{
    static struct peer one;
    cleared_create(&story);
    cleared_tell(&story, 3, 100);
    uint64_t before = story.chain.last;
    cleared_refuse(&story, true);
    append_told();
    prepare(&one, 1);
    one.keys.asked = true;
    cr_assert_gt(kill_everywhere(&one, before, story.chain.last, has_no_offer), 1);
    storebox_close(&box);
}
