/* SPDX-License-Identifier: Apache-2.0
 * Disks that lie: damage is told from absence, never served, never taken for an empty log, and
 * each refusal names its remedy. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "tests/lib/await.h"
#include "tests/lib/leaks.h"
#include "tests/lib/storebox.h"

enum { ENTRIES = 1200, UNITS = 2, DEEP = 20 }; /* more than the window that start verifies */

static char folder[SCRATCH_PATH];
static struct storebox box;
static struct chain chain;
static char data_path[sizeof box.path + 16];

static void setup(void)
{
    scratch_make(folder);
    storebox_init(&box, folder);
    snprintf(data_path, sizeof data_path, "%s/data.mdb", box.path);
    chain = chain_new(1);
    storebox_fill(&box, &chain, ENTRIES, UNITS);
}

static void teardown(void)
{
    scratch_remove(folder);
}

TestSuite(store_damage, .init = setup, .fini = teardown);

/* ---- tools: the records as LMDB has them --------------------------------------------------------
 */

struct raw {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
};

static void raw_open(struct raw *raw, const char *table, unsigned flags)
{
    cr_assert_eq(mdb_env_create(&raw->env), 0);
    mdb_env_set_maxdbs(raw->env, 8);
    mdb_env_set_mapsize(raw->env, (size_t)1 << 34);
    cr_assert_eq(mdb_env_open(raw->env, box.path, 0, 0600), 0);
    cr_assert_eq(mdb_txn_begin(raw->env, NULL, 0, &raw->txn), 0);
    cr_assert_eq(mdb_dbi_open(raw->txn, table, flags, &raw->table), 0);
}

static void raw_close(struct raw *raw)
{
    cr_assert_eq(mdb_txn_commit(raw->txn), 0);
    mdb_env_close(raw->env);
}

static MDB_val val_of(const void *data, size_t size)
{
    return (MDB_val){size, (void *)(uintptr_t)data};
}

static MDB_val key_of(const uint64_t *index)
{
    return val_of(index, sizeof *index);
}

/* Flips a bit of the record at `offset`, or of the one named "hard". */
static void flip(const char *table, uint64_t index, size_t offset)
{
    struct raw raw;
    bool hard = strcmp(table, "hard") == 0;
    raw_open(&raw, table, hard ? 0 : MDB_INTEGERKEY);
    MDB_val key = hard ? val_of("hard", 4) : key_of(&index);
    MDB_val value;
    cr_assert_eq(mdb_get(raw.txn, raw.table, &key, &value), 0);
    uint8_t *copy = vg_alloc(value.mv_size);
    memcpy(copy, value.mv_data, value.mv_size);
    copy[offset % value.mv_size] ^= 0x10;
    MDB_val changed = {value.mv_size, copy};
    cr_assert_eq(mdb_put(raw.txn, raw.table, &key, &changed, 0), 0);
    raw_close(&raw);
    free(copy);
}

static void erase(const char *table, uint64_t index)
{
    struct raw raw;
    raw_open(&raw, table, MDB_INTEGERKEY);
    MDB_val key = key_of(&index);
    cr_assert_eq(mdb_del(raw.txn, raw.table, &key, NULL), 0);
    raw_close(&raw);
}

/* A misdirected write: the record of `from` also lies at `to` (B71). */
static void misdirect(const char *table, uint64_t from, uint64_t to)
{
    struct raw raw;
    raw_open(&raw, table, MDB_INTEGERKEY);
    MDB_val key = key_of(&from);
    MDB_val value;
    cr_assert_eq(mdb_get(raw.txn, raw.table, &key, &value), 0);
    uint8_t copy[UNITS * LEDGER_BODY_UNIT];
    cr_assert_leq(value.mv_size, sizeof copy);
    memcpy(copy, value.mv_data, value.mv_size);
    MDB_val same = {value.mv_size, copy};
    key = key_of(&to);
    cr_assert_eq(mdb_put(raw.txn, raw.table, &key, &same, 0), 0);
    raw_close(&raw);
}

/* Overwrites bytes of data.mdb itself. */
static void scribble(off_t offset, size_t size, uint8_t with)
{
    uint8_t *bytes = vg_alloc(size);
    memset(bytes, with, size);
    int fd = open(data_path, O_WRONLY);
    cr_assert_geq(fd, 0);
    cr_assert_eq(pwrite(fd, bytes, size, offset), (ssize_t)size);
    close(fd);
    free(bytes);
}

static void says(enum vg_code expected, const char *what, const char *remedy)
{
    struct vg_error error = {0};
    cr_assert_eq(storebox_try(&box, &chain.cluster, (vg_node_id){1}, &error), expected, "%s",
                 error.text);
    cr_assert_not_null(strstr(error.text, what), "%s", error.text);
    cr_assert_not_null(strstr(error.text, remedy), "%s", error.text);
    cr_assert_not_null(strstr(error.text, box.path), "%s", error.text);
}

static void refused(enum vg_code expected, const char *what, const char *remedy)
{
    says(expected, what, remedy);
    cr_expect_not(LEAKS_FOUND());
}

/* ---- a damaged entry ----------------------------------------------------------------------------
 */

/* Only entry DEEP is bad, and says so; its neighbours, and what is beyond the end, are as ever. */
static void only_deep_is_damaged(const char *what)
{
    storebox_open(&box, &chain);
    struct vg_error error = {0};
    struct vg_blob *entry;
    cr_assert_eq(store_log_read(box.log, DEEP, &entry, &error), VG_INTEGRITY);
    cr_assert_not_null(strstr(error.text, what), "%s", error.text);
    cr_assert_eq(store_log_read(box.log, DEEP, &entry, &error), VG_INTEGRITY);
    cr_assert_eq(store_log_read(box.log, ENTRIES + 1, &entry, &error), VG_NOT_FOUND);
    for (uint64_t index = DEEP - 1; index <= DEEP + 1; index += 2) {
        cr_assert_eq(store_log_read(box.log, index, &entry, &error), VG_OK);
        vg_blob_unref(entry);
    }
    struct store_log_figures figures;
    store_log_figures(box.log, &figures);
    cr_assert_eq(figures.damaged, 1, "an entry read twice is damaged once");
    uint64_t checked;
    cr_assert_eq(store_log_verify(box.log, NULL, NULL, &checked, &error), VG_INTEGRITY);
    cr_assert_eq(checked, DEEP - 1);
    cr_assert_not_null(strstr(error.text, "entry 20 "), "%s", error.text);
    storebox_close(&box);
    cr_expect_not(LEAKS_FOUND());
}

Test(store_damage, a_flipped_bit_in_a_body)
{
    flip("body", DEEP, 100);
    only_deep_is_damaged("its body has another hash");
}

Test(store_damage, a_body_of_another_length)
{
    struct raw raw;
    uint64_t index = DEEP;
    raw_open(&raw, "body", MDB_INTEGERKEY);
    MDB_val key = key_of(&index);
    MDB_val shorter = val_of("abc", 3);
    cr_assert_eq(mdb_put(raw.txn, raw.table, &key, &shorter, 0), 0);
    raw_close(&raw);
    only_deep_is_damaged("its body has another length");
}

Test(store_damage, a_body_of_another_entry)
{
    misdirect("body", DEEP + 1, DEEP);
    only_deep_is_damaged("its body has another hash");
}

Test(store_damage, a_missing_body_is_damage_and_not_absence)
{
    erase("body", DEEP);
    only_deep_is_damaged("its body is missing");
}

Test(store_damage, a_flipped_bit_in_metadata)
{
    for (size_t offset = 0; offset < 3; offset++) {
        flip("meta", DEEP, offset * 140);
        only_deep_is_damaged("its metadata has another checksum");
        flip("meta", DEEP, offset * 140);
    }
}

Test(store_damage, metadata_of_another_entry)
{
    misdirect("meta", DEEP + 1, DEEP);
    only_deep_is_damaged("its metadata has another checksum");
}

Test(store_damage, metadata_of_a_body_that_is_damaged_still_votes)
{
    flip("body", ENTRIES, 1);
    storebox_open(&box, &chain);
    struct raft_entry entry;
    cr_assert_eq(store_log_metadata(box.log, ENTRIES, 1, &entry), 1);
    cr_assert_eq(box.found.tail[box.found.tail_count - 1].index, ENTRIES);
    storebox_close(&box);
}

/* ---- an entry put right -------------------------------------------------------------------------
 */

/* An entry as it lies in the whole log. */
static struct vg_blob *whole_entry(uint64_t index)
{
    struct vg_blob *entry = NULL;
    storebox_open(&box, &chain);
    cr_assert_eq(store_log_read(box.log, index, &entry, NULL), VG_OK);
    storebox_close(&box);
    return entry;
}

static struct store_log_figures figures_now(void)
{
    struct store_log_figures figures;
    store_log_figures(box.log, &figures);
    return figures;
}

static void verifies(void)
{
    struct vg_error error = {0};
    uint64_t checked;
    cr_assert_eq(store_log_verify(box.log, NULL, NULL, &checked, &error), VG_OK, "%s", error.text);
    cr_assert_eq(checked, ENTRIES);
}

/* DEEP is damaged; it is given back, and the log is as it was, also after a restart. Consumes the
 * reference. */
static void deep_is_mended_by(struct vg_blob *whole)
{
    struct vg_blob *entry = NULL;
    storebox_open(&box, &chain);
    cr_assert_eq(store_log_read(box.log, DEEP, &entry, NULL), VG_INTEGRITY);
    storebox_repair(&box, vg_blob_ref(whole));
    storebox_settle(&box);
    for (int life = 0; life < 2; life++) {
        cr_assert_eq(store_log_read(box.log, DEEP, &entry, NULL), VG_OK, "life %d", life);
        cr_assert(vg_span_equal(vg_blob_span(entry), vg_blob_span(whole)));
        vg_blob_unref(entry);
        cr_assert_eq(figures_now().damaged, life == 0);
        cr_assert_eq(figures_now().repaired, life == 0);
        cr_assert_eq(figures_now().last_durable, ENTRIES);
        verifies();
        storebox_close(&box);
        storebox_open(&box, &chain);
    }
    cr_assert_eq(box.found.last, ENTRIES);
    storebox_close(&box);
    vg_blob_unref(whole);
    cr_expect_not(LEAKS_FOUND());
}

Test(store_damage, a_repaired_body_is_served_again)
{
    struct vg_blob *whole = whole_entry(DEEP);
    flip("body", DEEP, 100);
    deep_is_mended_by(vg_blob_ref(whole));
    misdirect("body", DEEP + 1, DEEP);
    deep_is_mended_by(vg_blob_ref(whole));
    erase("body", DEEP);
    deep_is_mended_by(whole);
}

/* The entry after it says what belongs there. */
Test(store_damage, repaired_metadata_holds_again)
{
    struct vg_blob *whole = whole_entry(DEEP);
    flip("meta", DEEP, 50);
    flip("body", DEEP, 100);
    deep_is_mended_by(vg_blob_ref(whole));
    misdirect("meta", DEEP + 1, DEEP);
    deep_is_mended_by(whole);
}

Test(store_damage, metadata_of_neighbours_is_repaired_from_the_later_one_on)
{
    struct vg_blob *whole[] = {whole_entry(DEEP), whole_entry(DEEP + 1)};
    vg_hash hash;
    flip("meta", DEEP, 50);
    flip("meta", DEEP + 1, 50);
    storebox_open(&box, &chain);
    cr_assert_not(store_log_chain_hash(box.log, DEEP, &hash));
    storebox_repair(&box, vg_blob_ref(whole[0]));
    storebox_settle(&box);
    cr_assert_eq(atomic_load(&box.dropped), 1, "nothing proves that it belongs there");
    storebox_repair(&box, vg_blob_ref(whole[1]));
    storebox_repair(&box, vg_blob_ref(whole[0]));
    storebox_settle(&box);
    cr_assert_eq(atomic_load(&box.mended), 2);
    verifies();
    storebox_close(&box);
    vg_blob_unref(whole[0]);
    vg_blob_unref(whole[1]);
    cr_expect_not(LEAKS_FOUND());
}

Test(store_damage, an_entry_that_is_not_the_one_has_no_place)
{
    struct chain other = chain_new(2);
    struct vg_blob *entry;
    flip("body", DEEP, 100);
    storebox_open(&box, &chain);
    for (uint32_t i = 1; i <= ENTRIES + 1; i++) {
        entry = chain_filler(&other, UNITS);
        if (i == DEEP || i == ENTRIES + 1)
            storebox_repair(&box, vg_blob_ref(entry));
        vg_blob_unref(entry);
    }
    storebox_settle(&box);
    cr_assert_eq(atomic_load(&box.dropped), 2);
    cr_assert_eq(store_log_read(box.log, DEEP, &entry, NULL), VG_INTEGRITY);
    cr_assert_eq(figures_now().repaired, 0);
    storebox_close(&box);
    cr_expect_not(LEAKS_FOUND());
}

/* It was asked for, and before it came another history took its place. */
Test(store_damage, what_was_truncated_meanwhile_is_not_repaired)
{
    struct chain fork = chain_new(1);
    struct vg_blob *old = whole_entry(DEEP);
    struct vg_blob *entry;
    for (uint32_t i = 1; i < DEEP; i++)
        vg_blob_unref(chain_filler(&fork, UNITS));
    flip("body", DEEP, 100);
    storebox_open(&box, &chain);
    storebox_write(&box, &(struct store_write){.truncate_from = DEEP});
    storebox_repair(&box, vg_blob_ref(old));
    storebox_settle(&box);
    cr_assert_eq(store_log_read(box.log, DEEP, &entry, NULL), VG_NOT_FOUND);
    fork.term = 2;
    storebox_append(&box, chain_filler(&fork, UNITS));
    storebox_repair(&box, old);
    storebox_settle(&box);
    cr_assert_eq(atomic_load(&box.dropped), 2);
    cr_assert_eq(store_log_read(box.log, DEEP, &entry, NULL), VG_OK);
    vg_blob_unref(entry);
    cr_assert_eq(figures_now().last_durable, DEEP);
    storebox_close(&box);
    cr_expect_not(LEAKS_FOUND());
}

/* A repair that comes twice, or whose node ends at any point of it, leaves the entry damaged or
 * whole, and nothing else changed. */
Test(store_damage, a_repair_that_is_repeated_or_cut_off)
{
    enum { ROUNDS = 12 };
    struct vg_blob *whole = whole_entry(DEEP);
    bool mended = false;
    flip("body", DEEP, 100);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        pid_t child = fork();
        if (child == 0) {
            storebox_open(&box, &chain);
            storebox_repair(&box, vg_blob_ref(whole));
            storebox_repair(&box, vg_blob_ref(whole));
            AWAIT(atomic_load(&box.mended) >= round % 3);
            _exit(0);
        }
        cr_assert_eq(waitpid(child, NULL, 0), child);
        storebox_open(&box, &chain);
        struct vg_blob *entry;
        bool held = store_log_read(box.log, DEEP, &entry, NULL) == VG_OK;
        if (held)
            vg_blob_unref(entry);
        cr_assert(held || !mended, "what was mended stays so");
        mended = held;
        cr_assert_eq(box.found.last, ENTRIES);
        storebox_close(&box);
    }
    storebox_open(&box, &chain);
    storebox_repair(&box, whole);
    storebox_settle(&box);
    verifies();
    storebox_close(&box);
    cr_expect_not(LEAKS_FOUND());
}

/* ---- a log that cannot be trusted ---------------------------------------------------------------
 */

static const char *const twice = "vote twice";

Test(store_damage, hard_state_with_a_flipped_bit)
{
    for (size_t offset = 0; offset < 132; offset += 11) {
        flip("hard", 0, offset);
        refused(VG_INTEGRITY, "damaged hard state", twice);
        flip("hard", 0, offset);
    }
    storebox_open(&box, &chain);
    storebox_close(&box);
}

Test(store_damage, metadata_of_the_tail)
{
    flip("meta", ENTRIES - 3, 50);
    refused(VG_INTEGRITY, "damaged metadata of entry 1197", twice);
}

Test(store_damage, a_gap_in_the_metadata)
{
    erase("meta", DEEP);
    refused(VG_INTEGRITY, "damaged structure", twice);
}

Test(store_damage, a_lost_tail)
{
    erase("meta", ENTRIES);
    refused(VG_INTEGRITY, "damaged structure", twice);
}

Test(store_damage, terms_that_do_not_match)
{
    flip("runs", 1, 0);
    refused(VG_INTEGRITY, "table of terms", twice);
}

/* A count that fell could not be told from an older folder. */
Test(store_damage, what_is_known_of_a_peer)
{
    struct store_peer peer = {.node = {2}, .met = 7};
    storebox_open(&box, &chain);
    store_log_remember(box.log, &peer);
    AWAIT(atomic_load(&box.remembered) == 7);
    storebox_close(&box);
    for (size_t offset = 0; offset < 64; offset += 9) {
        flip("peers", 2, offset);
        refused(VG_INTEGRITY, "damaged record of a peer", twice);
        flip("peers", 2, offset);
    }
}

Test(store_damage, a_truncated_file)
{
    cr_assert_eq(truncate(data_path, 30 * 4096), 0);
    refused(VG_INTEGRITY, "data.mdb is truncated", twice);
    cr_assert_eq(truncate(data_path, 4096), 0);
    refused(VG_INTEGRITY, "damaged meta page", twice);
}

Test(store_damage, an_emptied_or_removed_file_is_not_a_new_log)
{
    cr_assert_eq(truncate(data_path, 0), 0);
    refused(VG_INTEGRITY, "missing or empty", twice);
    cr_assert_eq(unlink(data_path), 0);
    refused(VG_INTEGRITY, "missing or empty", twice);
}

Test(store_damage, a_damaged_meta_page)
{
    scribble(0, 64, 0xff);
    refused(VG_INTEGRITY, "damaged meta page", twice);
}

/* LMDB would divide by it. */
Test(store_damage, a_page_size_that_cannot_be)
{
    static const off_t places[] = {41, 4096 + 41};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        scribble(places[i], 1, 0);
        refused(VG_INTEGRITY, "damaged meta page (pages of ", twice);
        scribble(places[i], 1, 0x10);
    }
    storebox_open(&box, &chain);
    storebox_close(&box);
}

Test(store_damage, both_meta_pages_zeroed)
{
    scribble(0, 8192, 0);
    refused(VG_INTEGRITY, "damaged meta page", twice);
}

/* What a cut of power may leave of a log whose first start it ended: nothing was promised in it. */
Test(store_damage, a_file_cut_off_while_it_was_made_is_made_again)
{
    char marker[sizeof box.path + 16];
    snprintf(marker, sizeof marker, "%s/format", box.path);
    for (int page = 0; page < 3; page++) {
        scratch_remove(box.path);
        storebox_open(&box, &chain);
        vg_id before = box.found.incarnation;
        storebox_close(&box);
        if (page < 2)
            scribble(page * 4096, 4096, 0);
        else
            cr_assert_eq(truncate(data_path, 2 * 4096 - 512), 0);
        refused(VG_INTEGRITY, page < 2 ? "damaged meta page" : "data.mdb is truncated", twice);
        cr_assert_eq(unlink(marker), 0);
        storebox_open(&box, &chain);
        cr_expect_not(vg_id_equal(&before, &box.found.incarnation));
        storebox_close(&box);
    }
}

Test(store_damage, zeroed_data_pages)
{
    struct stat info;
    cr_assert_eq(stat(data_path, &info), 0);
    scribble(8192, (size_t)info.st_size - 8192, 0);
    refused(VG_INTEGRITY, "says it is page 0", twice);
}

/* Metadata that truncation needs is damaged: the writer cannot go on, nor may it guess. */
Test(store_damage, metadata_damaged_under_a_running_log)
{
    enum { EXIT_FAILED = 70 };
    flip("meta", DEEP, 50);
    pid_t child = fork(); /* whose end must not be that of the clean-up */
    if (child == 0) {
        storebox_open(&box, &chain);
        storebox_write(&box, &(struct store_write){.truncate_from = DEEP});
        storebox_settle(&box);
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILED);
}

/* ---- somebody else's log ------------------------------------------------------------------------
 */

Test(store_damage, another_cluster)
{
    struct vg_error error;
    struct chain other = chain_new(2);
    cr_assert_eq(storebox_try(&box, &other.cluster, (vg_node_id){1}, &error), VG_INTEGRITY);
    cr_assert_not_null(strstr(error.text, "another cluster"), "%s", error.text);
}

Test(store_damage, another_node)
{
    struct vg_error error;
    cr_assert_eq(storebox_try(&box, &chain.cluster, (vg_node_id){2}, &error), VG_INTEGRITY);
    cr_assert_not_null(strstr(error.text, "the log of node 1, but this is node 2"), "%s",
                       error.text);
}

Test(store_damage, another_format)
{
    static const char *const others[] = {"vigil log, format 2\n", "vigil log, format 4\n"};
    char marker[sizeof box.path + 16];
    snprintf(marker, sizeof marker, "%s/format", box.path);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(vg_file_write(marker, vg_span_text(others[i]), 0600, NULL), VG_OK);
        refused(VG_INTEGRITY, "format that this version does not know", "start the version");
    }
}

Test(store_damage, a_folder_that_another_process_holds)
{
    storebox_open(&box, &chain);
    struct storebox second;
    struct vg_error error;
    storebox_init(&second, folder);
    cr_assert_eq(storebox_try(&second, &chain.cluster, (vg_node_id){1}, &error), VG_UNAVAILABLE);
    cr_assert_not_null(strstr(error.text, "held by another process"), "%s", error.text);
    storebox_close(&box);
}

Test(store_damage, folders_that_cannot_be)
{
    struct vg_error error;
    struct storebox nowhere = {.path = "/proc/vigil/log"};
    cr_assert_eq(storebox_try(&nowhere, &chain.cluster, (vg_node_id){1}, &error), VG_UNAVAILABLE);
    cr_assert_not_null(strstr(error.text, "that this user can write"), "%s", error.text);
    struct storebox file = {0};
    snprintf(file.path, sizeof file.path, "%s", data_path);
    cr_assert_eq(storebox_try(&file, &chain.cluster, (vg_node_id){1}, &error), VG_UNAVAILABLE);
    cr_assert_not_null(strstr(error.text, "that this user can write"), "%s", error.text);
}

/* By a relative path: as nobody, folders above this one may be closed. */
Test(store_damage, a_folder_that_is_read_only)
{
    enum { NOBODY = 65534 };
    struct vg_error error = {0};
    struct storebox here = {.path = "log"};
    cr_assert_eq(chdir(folder), 0);
    cr_assert_eq(chmod(folder, 0755), 0);
    cr_assert_eq(chmod(here.path, 0555), 0);
    bool root = geteuid() == 0;               /* whom no mode keeps out */
    cr_assert(!root || seteuid(NOBODY) == 0); /* after which no leak check can run */
    cr_assert_eq(storebox_try(&here, &chain.cluster, (vg_node_id){1}, &error), VG_UNAVAILABLE);
    cr_assert(!root || seteuid(0) == 0);
    cr_assert_not_null(strstr(error.text, "Permission denied"), "%s", error.text);
    cr_assert_not_null(strstr(error.text, "that this user can write"), "%s", error.text);
}
