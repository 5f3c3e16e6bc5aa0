/* SPDX-License-Identifier: Apache-2.0
 * The apply thread: every committed entry once and in order, whatever its source; a stop that is
 * final and says why; answers as of an index. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/file.h"
#include "node/store/applier.h"
#include "node/store/verifier.h"
#include "tests/lib/await.h"
#include "tests/lib/leaks.h"
#include "tests/lib/sealing.h"
#include "tests/lib/storebox.h"

static char folder[SCRATCH_PATH];
static char state_path[SCRATCH_PATH + 8];
static struct storebox box;
static struct chain chain;
static struct store_applier *applier;

/* What the callbacks saw. */
static _Atomic uint64_t applied;  /* the last index */
static _Atomic uint64_t first;    /* the first since the applier was opened */
static _Atomic uint64_t accepted; /* outcomes without error */
static _Atomic bool disordered;
static _Atomic uint64_t stopped_at;
static struct vg_error stop; /* written before stopped_at */
static bool stop_is_damage;  /* too */
static _Atomic int went_on;

static void on_applied(void *context, uint64_t index, const struct response_outcome *outcome)
{
    (void)context;
    if (atomic_load(&first) == 0)
        atomic_store(&first, index);
    else if (index != atomic_load(&applied) + 1)
        atomic_store(&disordered, true);
    if (outcome != NULL && outcome->error.code == VG_OK)
        atomic_fetch_add(&accepted, 1);
    atomic_store(&applied, index);
}

static void on_stopped(void *context, uint64_t index, const struct vg_error *error, bool damaged)
{
    (void)context;
    stop = *error;
    stop_is_damage = damaged;
    atomic_store(&stopped_at, index);
}

static void on_going_on(void *context)
{
    (void)context;
    atomic_fetch_add(&went_on, 1);
}

static _Atomic uint64_t stale; /* entries that were void for their epoch */

static void on_stale(void *context, const struct ledger_envelope *envelope)
{
    (void)context;
    (void)envelope;
    atomic_fetch_add(&stale, 1);
}

/* What this node holds of the keys: wraps that it can open, and keys that are at hand. */
static _Atomic bool has_wraps, has_keys;

static bool find_key(void *context, const vg_id *compartment, uint64_t epoch, vg_cipher_key *key)
{
    return atomic_load(&has_keys) && sealing_key(context, compartment, epoch, key);
}

static enum vg_code learn_key(void *context, const struct compartment_epoch *epoch,
                              const vg_hash *place, struct vg_error *error)
{
    (void)context;
    (void)place;
    if (!atomic_load(&has_wraps))
        return vg_fail(error, VG_NOT_FOUND, "epoch %llu has no wrap",
                       (unsigned long long)epoch->epoch);
    atomic_store(&has_keys, true);
    return VG_OK;
}

/* Whether a later record leads to the key. */
static _Atomic bool leads;
static _Atomic uint32_t looked; /* how many records there were when it was asked last */

static enum vg_code learn_key_ahead(void *context, const struct compartment_ahead *ahead,
                                    struct vg_error *error)
{
    (void)context;
    atomic_store(&looked, ahead->count);
    if (!atomic_load(&leads))
        return vg_fail(error, VG_NOT_FOUND, "none leads to it");
    atomic_store(&has_keys, true);
    return VG_OK;
}

static _Atomic uint64_t wanted;

static void on_wanted(void *context, uint64_t index)
{
    (void)context;
    atomic_store(&wanted, index);
}

static void open_box(struct chain made)
{
    scratch_make(folder);
    snprintf(state_path, sizeof state_path, "%s/state", folder);
    storebox_init(&box, folder);
    chain = made;
    storebox_open(&box, &chain);
}

static void setup(void)
{
    open_box(chain_new(1));
}

static void setup_sealed(void)
{
    open_box(chain_new_sealed(1));
}

static void teardown(void)
{
    scratch_remove(folder);
}

TestSuite(store_applier, .init = setup, .fini = teardown);

static enum vg_code try_applier(struct vg_error *error)
{
    struct store_applier_config config = {.path = state_path,
                                          .node = {1},
                                          .genesis = &chain.genesis,
                                          .cluster = chain.cluster,
                                          .log = box.log,
                                          .keys = {.find = find_key,
                                                   .learn = learn_key,
                                                   .learn_ahead = learn_key_ahead,
                                                   .state.find = sealing_state_key},
                                          .wanted = on_wanted,
                                          .applied = on_applied,
                                          .stale = on_stale,
                                          .stopped = on_stopped,
                                          .going_on = on_going_on};
    atomic_store(&first, 0);
    return store_applier_open(&config, &applier, error);
}

static void open_applier(void)
{
    struct vg_error error = {0};
    cr_assert_eq(try_applier(&error), VG_OK, "%s", error.text);
}

static void close_all(void)
{
    store_applier_close(applier);
    storebox_close(&box);
    cr_expect_not(atomic_load(&disordered));
    cr_expect_not(LEAKS_FOUND());
}

/* Commands into the log, committed as the entries in memory or from the disk. */
static void commit_commands(uint32_t count, bool in_memory)
{
    for (uint32_t i = 0; i < count; i++) {
        struct vg_blob *entry = chain_command(&chain);
        storebox_append(&box, vg_blob_ref(entry));
        if (in_memory)
            store_applier_commit(applier, chain.last, entry);
        vg_blob_unref(entry);
    }
    storebox_settle(&box);
    store_applier_commit(applier, chain.last, NULL);
}

/* ---- queries -----------------------------------------------------------------------------------
 */

struct asked {
    _Atomic int answered; /* 1: ran, 2: cancelled */
    uint64_t cursor;
    struct vg_error why;
};

static void on_query(void *context, struct response_machine *machine)
{
    struct asked *asked = context;
    asked->cursor = response_cursor(machine);
    atomic_store(&asked->answered, 1);
}

static void on_cancelled(void *context, const struct vg_error *why)
{
    struct asked *asked = context;
    asked->why = *why;
    atomic_store(&asked->answered, 2);
}

static void ask(struct asked *asked, uint64_t at_least)
{
    *asked = (struct asked){0};
    store_applier_query(applier, at_least, on_query, on_cancelled, asked);
}

/* ---- tests -------------------------------------------------------------------------------------
 */

Test(store_applier, applies_what_callers_hold_and_what_lies_on_disk)
{
    open_applier();
    commit_commands(300, true);
    commit_commands(300, false);
    AWAIT(atomic_load(&applied) == 600);
    cr_assert_eq(atomic_load(&first), 1);
    cr_assert_eq(atomic_load(&accepted), 600);
    cr_assert_eq(store_applier_cursor(applier), 600);
    close_all();
}

Test(store_applier, an_entry_that_is_no_command_is_void_and_a_noop_has_no_outcome)
{
    open_applier();
    storebox_append(&box, chain_noop(&chain));
    storebox_append(&box, chain_filler(&chain, 2));
    commit_commands(1, true);
    AWAIT(atomic_load(&applied) == 3);
    cr_assert_eq(atomic_load(&accepted), 1);
    cr_assert_eq(atomic_load(&stopped_at), 0);
    close_all();
}

/* All commands are forged, so only what is not verified again is taken: what somebody vouched for,
 * with the key that the author has. */
Test(store_applier, what_the_origin_vouched_for_is_not_verified_again_and_nothing_else_is_spared)
{
    vg_public_key stranger;
    vg_signer_ed25519.keypair((const uint8_t[VG_SEED_SIZE]){99}, &stranger, &chain.secret);
    open_applier();
    for (int i = 0; i < 3; i++) {
        struct vg_blob *entry = chain_command(&chain);
        struct ledger_view view;
        cr_assert_eq(ledger_parse(vg_blob_span(entry), &view, NULL), VG_OK);
        if (i > 0)
            store_applier_vouch(applier, &view.envelope.commitment,
                                i == 1 ? &chain.genesis.people[0].keys.key : &stranger);
        storebox_append(&box, entry);
    }
    storebox_settle(&box);
    store_applier_commit(applier, chain.last, NULL);
    AWAIT(atomic_load(&applied) == 3);
    cr_assert_eq(atomic_load(&accepted), 1);
    close_all();
}

Test(store_applier, a_restart_goes_on_where_the_state_was_committed)
{
    open_applier();
    commit_commands(50, true);
    AWAIT(atomic_load(&applied) == 50);
    store_applier_close(applier);
    open_applier();
    cr_assert_eq(store_applier_cursor(applier), 50);
    store_applier_commit(applier, 30, NULL);
    commit_commands(10, false);
    AWAIT(atomic_load(&applied) == 60);
    cr_assert_eq(atomic_load(&first), 51);
    close_all();
}

Test(store_applier, nothing_is_applied_beyond_the_commit)
{
    struct asked asked;
    open_applier();
    for (uint32_t i = 0; i < 20; i++)
        storebox_append(&box, chain_command(&chain));
    storebox_settle(&box);
    store_applier_commit(applier, 7, NULL);
    ask(&asked, 7);
    AWAIT(atomic_load(&asked.answered) != 0);
    cr_assert_eq(atomic_load(&asked.answered), 1);
    cr_assert_eq(asked.cursor, 7);
    close_all();
    cr_assert_eq(atomic_load(&applied), 7);
}

Test(store_applier, a_query_waits_for_its_index)
{
    struct asked later;
    struct asked now;
    open_applier();
    ask(&later, 5);
    ask(&now, 0);
    AWAIT(atomic_load(&now.answered) == 1);
    cr_assert_eq(atomic_load(&later.answered), 0);
    commit_commands(5, true);
    AWAIT(atomic_load(&later.answered) == 1);
    cr_assert_geq(later.cursor, 5);
    close_all();
}

Test(store_applier, closing_cancels_what_waits)
{
    struct asked asked;
    open_applier();
    ask(&asked, 1);
    close_all();
    cr_assert_eq(atomic_load(&asked.answered), 2);
    cr_assert_eq(asked.why.code, VG_UNAVAILABLE);
}

Test(store_applier, too_many_queries_are_refused_at_once)
{
    static struct asked waiting[STORE_APPLIER_QUERIES_MAX];
    struct asked asked;
    open_applier();
    for (uint32_t i = 0; i < STORE_APPLIER_QUERIES_MAX; i++)
        ask(&waiting[i], 1);
    ask(&asked, 1);
    cr_assert_eq(atomic_load(&asked.answered), 2);
    cr_assert_eq(asked.why.code, VG_BUSY);
    close_all();
}

/* The leader's disk may be behind what others have committed; a state ahead of its log would be
 * refused at the next start. */
Test(store_applier, a_state_is_never_durable_before_its_log)
{
    open_applier();
    for (uint32_t i = 0; i < 5; i++) {
        struct vg_blob *entry = chain_command(&chain);
        store_applier_commit(applier, chain.last, entry);
        vg_blob_unref(entry);
    }
    AWAIT(atomic_load(&applied) == 5);
    store_applier_close(applier);
    open_applier();
    cr_assert_eq(store_applier_cursor(applier), 0);
    close_all();
}

/* ---- damage ------------------------------------------------------------------------------------
 */

Test(store_applier, a_damaged_body_stops_the_cursor_before_it_until_it_is_whole_again)
{
    enum { DAMAGED = 40 };
    struct asked before;
    struct asked after;
    struct vg_blob *whole = NULL;
    open_applier();
    store_applier_close(applier);
    for (uint32_t i = 0; i < 60; i++) {
        struct vg_blob *entry = chain_command(&chain);
        if (i + 1 == DAMAGED)
            whole = vg_blob_ref(entry);
        storebox_append(&box, entry);
    }
    storebox_settle(&box);
    storebox_close(&box);
    storebox_damage(&box, DAMAGED);
    storebox_open(&box, &chain);
    open_applier();
    ask(&after, DAMAGED);
    store_applier_commit(applier, 60, NULL);
    AWAIT(atomic_load(&stopped_at) != 0);
    cr_assert_eq(atomic_load(&stopped_at), DAMAGED);
    cr_assert(stop_is_damage && stop.code == VG_UNAVAILABLE, "%s", stop.text);
    cr_assert_not_null(strstr(stop.text, "entry 40 is damaged"), "%s", stop.text);
    cr_assert_not_null(strstr(stop.text, "fetched the next one again"), "%s", stop.text);
    AWAIT(atomic_load(&after.answered) == 2);
    cr_assert_eq(after.why.code, VG_UNAVAILABLE);
    ask(&after, DAMAGED);
    cr_assert_eq(atomic_load(&after.answered), 2);
    ask(&before, DAMAGED - 1);
    AWAIT(atomic_load(&before.answered) == 1);
    commit_commands(3, true);
    cr_assert_eq(atomic_load(&applied), DAMAGED - 1);
    cr_assert_eq(atomic_load(&went_on), 0);
    storebox_repair(&box, whole);
    storebox_settle(&box);
    store_applier_mended(applier);
    AWAIT(atomic_load(&applied) == 63);
    cr_assert_eq(atomic_load(&went_on), 1);
    ask(&after, 63);
    AWAIT(atomic_load(&after.answered) == 1);
    close_all();
}

/* Nothing is lost by a node that ends while it waits. */
Test(store_applier, a_cursor_that_waits_for_a_repair_can_be_closed)
{
    open_applier();
    commit_commands(5, true);
    AWAIT(atomic_load(&applied) == 5);
    store_applier_close(applier);
    for (uint32_t i = 0; i < 5; i++)
        storebox_append(&box, chain_command(&chain));
    storebox_settle(&box);
    storebox_close(&box);
    storebox_damage(&box, 6);
    storebox_open(&box, &chain);
    open_applier();
    store_applier_commit(applier, 10, NULL);
    AWAIT(atomic_load(&stopped_at) == 6);
    close_all();
    cr_assert_eq(atomic_load(&applied), 5);
}

static void refused(const char *what)
{
    struct vg_error error = {0};
    cr_assert_eq(try_applier(&error), VG_INTEGRITY, "%s", error.text);
    cr_assert_not_null(strstr(error.text, what), "%s", error.text);
    cr_assert_not_null(strstr(error.text, "remove this folder"), "%s", error.text);
}

Test(store_applier, a_state_that_is_not_of_this_log_is_refused)
{
    open_applier();
    struct chain fork = chain;
    commit_commands(5, true);
    AWAIT(atomic_load(&applied) == 5);
    store_applier_close(applier);
    storebox_write(&box, &(struct store_write){.truncate_from = 1});
    storebox_settle(&box);
    refused("ahead of the log");
    fork.term = 2;
    for (uint32_t i = 0; i < 5; i++)
        storebox_append(&box, chain_command(&fork));
    storebox_settle(&box);
    refused("another history");
    storebox_close(&box);
    cr_expect_not(LEAKS_FOUND());
}

Test(store_applier, an_entry_of_another_history_stops_the_cursor)
{
    open_applier();
    struct chain fork = chain;
    fork.term = 2;
    struct vg_blob *ours = chain_command(&chain);
    struct vg_blob *theirs[] = {chain_command(&fork), chain_command(&fork)};
    store_applier_commit(applier, 1, ours);
    store_applier_commit(applier, 2, theirs[1]);
    AWAIT(atomic_load(&stopped_at) == 2);
    cr_assert(!stop_is_damage && stop.code == VG_INTEGRITY);
    cr_assert_not_null(strstr(stop.text, "does not follow"), "%s", stop.text);
    vg_blob_unref(ours);
    vg_blob_unref(theirs[0]);
    vg_blob_unref(theirs[1]);
    close_all();
}

Test(store_applier, rules_that_this_version_does_not_know_stop_the_cursor)
{
    open_applier();
    struct chain before = chain;
    struct vg_blob *entry = chain_noop(&chain);
    struct ledger_header header;
    cr_assert_eq(ledger_header_decode(vg_span_of(entry->data, LEDGER_HEADER_SIZE), &header, NULL),
                 VG_OK);
    header.rules = LEDGER_RULES_VERSION + 1;
    ledger_header_encode(&header, entry->data);
    chain = before;
    storebox_append(&box, vg_blob_ref(entry));
    storebox_settle(&box);
    store_applier_commit(applier, 1, entry);
    vg_blob_unref(entry);
    AWAIT(atomic_load(&stopped_at) == 1);
    cr_assert_not_null(strstr(stop.text, "install a newer one"), "%s", stop.text);
    close_all();
}

/* ---- sealed entries ----------------------------------------------------------------------------
 */

TestSuite(store_applier_sealed, .init = setup_sealed, .fini = teardown);

static void open_with(bool wraps)
{
    atomic_store(&has_wraps, wraps);
    atomic_store(&has_keys, false);
    open_applier();
}

Test(store_applier_sealed, sealed_entries_are_applied_once_their_key_was_learned)
{
    open_with(true);
    commit_commands(40, true);
    AWAIT(atomic_load(&applied) == 40);
    cr_assert_eq(atomic_load(&accepted), 40);
    cr_assert(atomic_load(&has_keys));
    close_all();
}

/* The verifier had no key yet: it is asked for when the entry's turn comes. */
Test(store_applier_sealed, a_key_that_went_out_of_hand_is_learned_again)
{
    open_with(true);
    atomic_store(&has_keys, false);
    commit_commands(3, true);
    AWAIT(atomic_load(&applied) == 3);
    cr_assert_eq(atomic_load(&accepted), 3);
    close_all();
}

/* Noops, which need no key, at 1 and at the start of the second chunk; commands between and behind
 * them. */
static void append_around_noops(void)
{
    for (uint32_t i = 0; i < 41; i++) {
        bool noop = i % STORE_CHUNK_ENTRIES == 0 && i <= STORE_CHUNK_ENTRIES;
        storebox_append(&box, noop ? chain_noop(&chain) : chain_command(&chain));
    }
    storebox_settle(&box);
}

Test(store_applier_sealed, a_node_without_the_key_stops_before_the_first_sealed_entry_and_says_so)
{
    struct asked before;
    struct asked after;
    open_with(false);
    ask(&after, 2);
    append_around_noops();
    store_applier_commit(applier, 41, NULL);
    AWAIT(atomic_load(&stopped_at) != 0);
    cr_assert_eq(atomic_load(&stopped_at), 2);
    cr_assert(!stop_is_damage && stop.code == VG_UNAVAILABLE);
    cr_assert_not_null(strstr(stop.text, "this node has no key for it: epoch 1 has no wrap"), "%s",
                       stop.text);
    AWAIT(atomic_load(&after.answered) == 2);
    ask(&before, 1);
    AWAIT(atomic_load(&before.answered) == 1);
    store_applier_close(applier);
    cr_assert_eq(atomic_load(&applied), 1);
    atomic_store(&has_wraps, true);
    open_applier();
    store_applier_commit(applier, 41, NULL);
    AWAIT(atomic_load(&applied) == 41);
    cr_assert_eq(atomic_load(&accepted), 39);
    close_all();
}

Test(store_applier_sealed, entries_under_another_epoch_are_void_and_told_of)
{
    open_with(true);
    chain.epoch = 2;
    commit_commands(2, true);
    chain.epoch = 1;
    commit_commands(1, true);
    AWAIT(atomic_load(&applied) == 3);
    cr_assert_eq(atomic_load(&stale), 2);
    cr_assert_eq(atomic_load(&accepted), 1);
    close_all();
}

/* ---- looking ahead -----------------------------------------------------------------------------
 */

/* A control entry with a record of the directory, which nobody here may bring into force. */
static void append_record(uint64_t epoch)
{
    static const vg_id control;
    uint8_t bytes[COMPARTMENT_EPOCH_MAX];
    struct compartment_epoch record = sealing_epoch(&chain.genesis.directory, epoch);
    struct response_command rotate = {.op = RESPONSE_OP_ROTATE};
    rotate.clearing.epoch = vg_span_of(bytes, compartment_epoch_encode(&record, bytes));
    storebox_append(&box, chain_give(&chain, &control, 0, &rotate));
}

/* Commits all there is. */
static void settle(void)
{
    storebox_settle(&box);
    store_applier_commit(applier, chain.last, NULL);
}

/* Before entry 1, with `count` of them in the log. */
static void stop_for_want_of_a_key(uint32_t count)
{
    atomic_store(&leads, false);
    open_with(false);
    commit_commands(count, false);
    AWAIT(atomic_load(&stopped_at) == 1);
}

Test(store_applier_sealed, a_later_record_that_leads_to_the_key_lets_the_cursor_go_on)
{
    stop_for_want_of_a_key(3);
    append_record(2);
    settle();
    AWAIT(atomic_load(&looked) == 2);
    append_record(3);
    append_record(9); /* follows from nothing */
    settle();
    AWAIT(atomic_load(&looked) == 3);
    cr_assert_eq(atomic_load(&applied), 0);
    cr_assert_eq(atomic_load(&went_on), 0);
    atomic_store(&leads, true);
    commit_commands(2, false); /* by which nothing is asked for */
    append_record(4);
    settle();
    AWAIT(atomic_load(&applied) == chain.last);
    cr_assert_eq(atomic_load(&looked), 4);
    cr_assert_eq(atomic_load(&went_on), 1);
    cr_assert_eq(atomic_load(&accepted), 5);
    close_all();
}

Test(store_applier_sealed, a_record_that_was_there_before_a_restart_is_found_after_it)
{
    stop_for_want_of_a_key(1500);
    append_record(2);
    settle();
    AWAIT(atomic_load(&looked) == 2);
    store_applier_close(applier);
    atomic_store(&leads, true);
    open_applier();
    settle();
    AWAIT(atomic_load(&applied) == chain.last);
    cr_assert_eq(atomic_load(&accepted), 1500);
    close_all();
}

/* It is asked for, and read once it is whole. */
Test(store_applier_sealed, a_record_that_is_damaged_is_found_when_it_is_whole_again)
{
    stop_for_want_of_a_key(3);
    append_record(2);
    storebox_settle(&box);
    uint64_t record = chain.last;
    struct vg_blob *whole = NULL;
    struct vg_error error = {0};
    cr_assert_eq(store_log_read(box.log, record, &whole, &error), VG_OK, "%s", error.text);
    store_applier_close(applier);
    storebox_close(&box);
    storebox_damage(&box, record);
    storebox_open(&box, &chain);
    atomic_store(&leads, true);
    open_applier();
    store_applier_commit(applier, chain.last, NULL);
    AWAIT(atomic_load(&wanted) == record);
    cr_assert_eq(atomic_load(&applied), 0);
    storebox_repair(&box, whole);
    storebox_settle(&box);
    store_applier_mended(applier);
    AWAIT(atomic_load(&applied) == record);
    close_all();
}
