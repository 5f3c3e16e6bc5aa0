/* SPDX-License-Identifier: Apache-2.0
 * The log on disk: what was reported written is there after a restart, and nothing else. */
#include <criterion/criterion.h>

#include "common/prng.h"
#include "tests/lib/leaks.h"
#include "tests/lib/storebox.h"

static char folder[SCRATCH_PATH];
static struct storebox box;
static struct chain chain;

static void setup(void)
{
    scratch_make(folder);
    storebox_init(&box, folder);
    chain = chain_new(1);
}

static void teardown(void)
{
    scratch_remove(folder);
}

static void reopen(void)
{
    storebox_settle(&box);
    storebox_close(&box);
    storebox_open(&box, &chain);
}

static void close_box(void)
{
    storebox_close(&box);
    cr_expect_not(LEAKS_FOUND());
}

TestSuite(store_log, .init = setup, .fini = teardown);

Test(store_log, a_new_log_is_empty_and_has_an_incarnation_for_good)
{
    storebox_open(&box, &chain);
    cr_assert_eq(box.found.last, 0);
    cr_assert(vg_hash_equal(&box.found.last_hash, &chain.cluster));
    cr_assert_eq(box.found.tail_count, 0);
    cr_assert_eq(box.found.run_count, 0);
    vg_id incarnation = box.found.incarnation;
    cr_assert_not(vg_id_is_zero(&incarnation));
    reopen();
    cr_assert(vg_id_equal(&incarnation, &box.found.incarnation));
    struct vg_blob *entry;
    cr_assert_eq(store_log_read(box.log, 1, &entry, NULL), VG_NOT_FOUND);
    cr_assert_eq(store_log_read(box.log, 0, &entry, NULL), VG_NOT_FOUND);
    close_box();
}

Test(store_log, entries_are_read_back_as_written)
{
    enum { COUNT = 40 };
    struct vg_blob *written[COUNT];
    storebox_open(&box, &chain);
    for (uint32_t i = 0; i < COUNT; i++) {
        written[i] = i % 4 == 0 ? chain_noop(&chain) : chain_filler(&chain, i * i);
        storebox_append(&box, vg_blob_ref(written[i]));
    }
    reopen();
    cr_assert_eq(box.found.last, COUNT);
    cr_assert(vg_hash_equal(&box.found.last_hash, &chain.hash));
    for (uint32_t i = 0; i < COUNT; i++) {
        struct vg_blob *entry;
        cr_assert_eq(store_log_read(box.log, i + 1, &entry, NULL), VG_OK);
        cr_assert(vg_span_equal(vg_blob_span(entry), vg_blob_span(written[i])));
        vg_blob_unref(entry);
        vg_blob_unref(written[i]);
    }
    close_box();
}

Test(store_log, metadata_tail_and_runs_are_those_of_the_entries)
{
    enum { ENTRIES = RAFT_WINDOW + 100, PER_TERM = 7 };
    storebox_open(&box, &chain);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        chain.term = 3 + i / PER_TERM;
        storebox_append(&box, chain_noop(&chain));
    }
    reopen();
    cr_assert_eq(box.found.tail_count, RAFT_WINDOW);
    cr_assert_eq(box.found.tail[0].index, ENTRIES - RAFT_WINDOW + 1);
    cr_assert_eq(box.found.run_count, (ENTRIES + PER_TERM - 1) / PER_TERM);
    for (uint32_t i = 0; i < box.found.run_count; i++) {
        cr_assert_eq(box.found.runs[i].first, 1 + i * PER_TERM);
        cr_assert_eq(box.found.runs[i].term, 3 + i);
    }
    struct raft_entry entries[10];
    cr_assert_eq(store_log_metadata(box.log, ENTRIES - 3, 10, entries), 4);
    for (uint32_t i = 0; i < 4; i++) {
        uint64_t index = ENTRIES - 3 + i;
        cr_assert_eq(entries[i].index, index);
        cr_assert_eq(entries[i].term, 3 + (index - 1) / PER_TERM);
        cr_assert_eq(entries[i].kind, RAFT_NOOP);
        cr_assert_eq(entries[i].size, LEDGER_OVERHEAD);
        cr_assert_eq(entries[i].time_ms, chain.time_ms - (ENTRIES - index));
    }
    close_box();
}

Test(store_log, only_the_last_runs_are_given)
{
    enum { TERMS = RAFT_RUNS_MAX + 5 };
    storebox_open(&box, &chain);
    for (uint32_t i = 0; i < TERMS; i++) {
        chain.term = 1 + i;
        storebox_append(&box, chain_noop(&chain));
    }
    reopen();
    cr_assert_eq(box.found.run_count, RAFT_RUNS_MAX);
    cr_assert_eq(box.found.runs[0].first, TERMS - RAFT_RUNS_MAX + 1);
    cr_assert_eq(box.found.runs[RAFT_RUNS_MAX - 1].term, TERMS);
    close_box();
}

Test(store_log, term_and_vote_go_with_the_entries_of_their_write)
{
    storebox_open(&box, &chain);
    storebox_vote(&box, 5, 2);
    reopen();
    cr_assert_eq(box.found.term.value, 5);
    cr_assert_eq(box.found.voted_for.value, 2);
    struct vg_blob **entries = vg_alloc(sizeof *entries);
    entries[0] = chain_noop(&chain);
    storebox_write(&box, &(struct store_write){
                             .hard_state = true, .term = {6}, .count = 1, .entries = entries});
    reopen();
    cr_assert_eq(box.found.term.value, 6);
    cr_assert_eq(box.found.voted_for.value, 0);
    cr_assert_eq(box.found.last, 1);
    storebox_append(&box, chain_noop(&chain));
    reopen();
    cr_assert_eq(box.found.term.value, 6, "a write without hard state leaves it");
    close_box();
}

Test(store_log, writes_are_reported_in_order_and_share_transactions)
{
    enum { WRITES = 3000 };
    storebox_open(&box, &chain);
    for (uint32_t i = 0; i < WRITES; i++)
        storebox_append(&box, chain_filler(&chain, 1));
    storebox_settle(&box);
    struct store_log_figures figures;
    store_log_figures(box.log, &figures);
    cr_assert_not(atomic_load(&box.disordered));
    cr_assert_eq(figures.writes, WRITES);
    cr_assert_eq(figures.entries, WRITES);
    cr_assert_eq(figures.last_durable, WRITES);
    cr_assert_lt(figures.transactions, WRITES);
    close_box();
}

/* B36: the tail is replaced while writes of it are still under way. */
Test(store_log, truncation_replaces_the_tail_with_writes_in_flight)
{
    struct vg_prng prng = vg_prng_seed(11);
    struct chain history[200];
    uint64_t last = 0;
    history[0] = chain;
    storebox_open(&box, &chain);
    for (uint32_t round = 0; round < 300; round++) {
        if (last > 0 && vg_prng_below(&prng, 3) == 0) {
            uint64_t from = vg_prng_between(&prng, 1, last);
            uint64_t term = history[last].term + 1;
            last = from - 1;
            struct chain fork = history[last];
            fork.term = term;
            struct vg_blob **entries = vg_alloc(sizeof *entries);
            entries[0] = chain_filler(&fork, (uint32_t)vg_prng_below(&prng, 20));
            history[++last] = fork;
            storebox_write(
                &box, &(struct store_write){.truncate_from = from, .count = 1, .entries = entries});
        } else if (last + 1 < sizeof history / sizeof history[0]) {
            history[last + 1] = history[last];
            last++;
            storebox_append(&box, chain_filler(&history[last], 1));
        }
    }
    reopen();
    cr_assert_eq(box.found.last, last);
    cr_assert(vg_hash_equal(&box.found.last_hash, &history[last].hash));
    uint64_t checked;
    cr_assert_eq(store_log_verify(box.log, NULL, NULL, &checked, NULL), VG_OK);
    cr_assert_eq(checked, last);
    close_box();
}

Test(store_log, a_truncation_alone_shortens_the_log)
{
    storebox_open(&box, &chain);
    struct chain before = chain;
    for (uint32_t i = 0; i < 5; i++) {
        if (i == 3)
            before = chain;
        storebox_append(&box, chain_noop(&chain));
    }
    storebox_write(&box, &(struct store_write){.truncate_from = 4});
    struct store_log_figures figures;
    store_log_figures(box.log, &figures);
    cr_assert_leq(figures.last_durable, 3, "what a queued write truncates is not durable");
    reopen();
    cr_assert_eq(box.found.last, 3);
    cr_assert(vg_hash_equal(&box.found.last_hash, &before.hash));
    struct vg_blob *entry;
    cr_assert_eq(store_log_read(box.log, 4, &entry, NULL), VG_NOT_FOUND);
    storebox_write(&box, &(struct store_write){.truncate_from = 1});
    reopen();
    cr_assert_eq(box.found.last, 0);
    cr_assert_eq(box.found.run_count, 0);
    close_box();
}

Test(store_log, a_full_quota_is_said_before_a_command_is_accepted)
{
    struct vg_error error;
    struct store_log_config config = {.path = box.path,
                                      .cluster = chain.cluster,
                                      .node = {1},
                                      .quota_bytes = 256 * 1024,
                                      .written = NULL};
    struct storebox *unused = &box;
    storebox_open(unused, &chain);
    for (uint32_t i = 0; i < 4; i++)
        storebox_append(&box, chain_filler(&chain, 300));
    storebox_settle(&box);
    cr_assert_eq(store_log_room(box.log, &error), VG_OK);
    storebox_close(&box);
    struct store_log *log;
    cr_assert_eq(store_log_open(&config, &log, &box.found, &error), VG_OK);
    cr_assert_eq(store_log_room(log, &error), VG_BUSY);
    cr_assert_not_null(strstr(error.text, "quota"), "%s", error.text);
    store_log_close(log);
    store_recovery_free(&box.found);
}

Test(store_log, a_disk_below_the_reserve_is_said_before_a_command_is_accepted)
{
    struct vg_error error;
    struct store_log_config config = {.path = box.path,
                                      .cluster = chain.cluster,
                                      .node = {1},
                                      .quota_bytes = 1U << 30,
                                      .reserve_bytes = UINT64_MAX / 2};
    struct store_log *log;
    cr_assert_eq(store_log_open(&config, &log, &box.found, &error), VG_OK);
    cr_assert_eq(store_log_room(log, &error), VG_BUSY);
    cr_assert_not_null(strstr(error.text, "by itself"), "%s", error.text);
    store_log_close(log);
    store_recovery_free(&box.found);
}

Test(store_log, what_is_known_of_peers_is_kept_the_latest_of_each)
{
    enum { ROUNDS = 10000 }; /* more than the queue has places */
    storebox_open(&box, &chain);
    cr_assert_eq(box.found.peer_count, 0);
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        for (uint64_t node = 2; node <= 3; node++) {
            struct store_peer peer = {{node}, i, 2 * i, node * i, {{(uint8_t)i}}};
            store_log_remember(box.log, &peer);
        }
    }
    storebox_vote(&box, 4, 2); /* behind them */
    reopen();
    cr_assert_eq(atomic_load(&box.remembered), ROUNDS);
    cr_assert_eq(box.found.peer_count, 2);
    for (uint64_t i = 0; i < 2; i++) {
        const struct store_peer *peer = &box.found.peers[i];
        cr_assert(peer->node.value == i + 2 && peer->met == ROUNDS && peer->shown == 2 * ROUNDS);
        cr_assert(peer->term == (i + 2) * ROUNDS);
        cr_assert_eq(peer->incarnation.bytes[0], (uint8_t)ROUNDS);
    }
    cr_assert_eq(box.found.term.value, 4);
    close_box();
}
