/* SPDX-License-Identifier: Apache-2.0
 * Trees that lie: pages of a real log are altered where LMDB would follow them beyond the file, or
 * write where they say. A start refuses; what only shows later ends the process with a sentence. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "tests/lib/await.h"
#include "tests/lib/leaks.h"
#include "tests/lib/storebox.h"

enum { ENTRIES = 1200, DEEP = 20, SMALL = 2, BIG = 32 }; /* bodies, in units: BIG has own pages */
enum { PAGE = 4096, EXIT_FAILED = 70, SAID_MAX = 8192 };
/* Where things are in a page of LMDB 0.9. */
enum {
    FLAGS = 10,
    LOWER = 12,
    UPPER = 14,
    ROWS = 16,
    FREE_ROOT = 80,
    TABLES_ROOT = 128,
    TURN = 144
};
enum { TREE_FLAGS = 4, TREE_DEPTH = 6, TREE_ROOT = 40 };
enum { ROW_FLAGS = 4, ROW_KEY_SIZE = 6, ROW_KEY = 8, NUMBER = 8 };
enum { DIRTY = 0x10, DUPLICATES = 4 };

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
    storebox_fill(&box, &chain, ENTRIES - 1, SMALL);
    storebox_fill(&box, &chain, 1, BIG);
}

static void teardown(void)
{
    scratch_remove(folder);
}

TestSuite(store_pages, .init = setup, .fini = teardown);

/* ---- the file ----------------------------------------------------------------------------------
 */

static void bytes_at(off_t at, void *out, size_t size)
{
    int file = open(data_path, O_RDONLY);
    cr_assert_geq(file, 0);
    cr_assert_eq(pread(file, out, size, at), (ssize_t)size);
    close(file);
}

static void put_bytes(off_t at, const void *bytes, size_t size)
{
    int file = open(data_path, O_WRONLY);
    cr_assert_geq(file, 0);
    cr_assert_eq(pwrite(file, bytes, size, at), (ssize_t)size);
    close(file);
}

static uint64_t number_at(off_t at)
{
    uint64_t number;
    bytes_at(at, &number, sizeof number);
    return number;
}

static uint16_t short_at(off_t at)
{
    uint16_t number;
    bytes_at(at, &number, sizeof number);
    return number;
}

static off_t page_at(off_t at)
{
    return (off_t)number_at(at) * PAGE;
}

static void flip(off_t at, uint16_t bits)
{
    bits ^= short_at(at);
    put_bytes(at, &bits, sizeof bits);
}

/* ---- places in it ------------------------------------------------------------------------------
 */

static off_t meta(void)
{
    return number_at(TURN) < number_at(PAGE + TURN) ? PAGE : 0;
}

static off_t free_list(void)
{
    return page_at(meta() + FREE_ROOT);
}

static off_t row(off_t page, int index)
{
    return page + short_at(page + ROWS + 2 * index);
}

/* The one before the end for -1, and so on. */
static off_t row_from_end(off_t page, int index)
{
    return row(page, (short_at(page + LOWER) - ROWS) / 2 + index);
}

static off_t tree(const char *table)
{
    off_t page = page_at(meta() + TABLES_ROOT);
    size_t size = strlen(table);
    for (int i = 0;; i++) {
        char name[16] = {0};
        off_t at = row(page, i);
        cr_assert_lt(i, 8);
        bytes_at(at + ROW_KEY, name, size);
        if (short_at(at + ROW_KEY_SIZE) == size && memcmp(name, table, size) == 0)
            return at + ROW_KEY + (off_t)size;
    }
}

static off_t root(const char *table)
{
    return page_at(tree(table) + TREE_ROOT);
}

/* Pages are few: the lowest 16 bits are the number. */
static off_t below(off_t branch_row)
{
    return (off_t)short_at(branch_row) * PAGE;
}

static off_t meta_tree(void)
{
    return tree("meta");
}

static off_t meta_root_end(void)
{
    return row_from_end(root("meta"), -1);
}

static off_t last_leaf(void)
{
    return below(meta_root_end());
}

static off_t compartment_leaf(void)
{
    return below(row_from_end(root("compartment"), -1));
}

static off_t last_leaf_row(void)
{
    return row(last_leaf(), 0);
}

static off_t hard_page(void)
{
    return root("hard");
}

static off_t free_pages(void)
{
    return row(free_list(), 0) + ROW_KEY + NUMBER;
}

static off_t big_value(void)
{
    return row_from_end(below(row_from_end(root("body"), -1)), -1) + ROW_KEY + NUMBER;
}

static off_t big_pages(void)
{
    return page_at(big_value());
}

/* ---- what a start refuses ----------------------------------------------------------------------
 */

static void refused(const char *what)
{
    struct vg_error error = {0};
    cr_assert_eq(storebox_try(&box, &chain.cluster, (vg_node_id){1}, &error), VG_INTEGRITY, "%s",
                 what);
    cr_assert_not_null(strstr(error.text, "damaged structure: page "), "%s: %s", what, error.text);
    cr_assert_not_null(strstr(error.text, what), "%s instead of %s", error.text, what);
    cr_assert_not_null(strstr(error.text, "vote twice"), "%s", error.text);
    cr_assert_not_null(strstr(error.text, box.path), "%s", error.text);
    cr_expect_not(LEAKS_FOUND());
}

Test(store_pages, each_damage_is_refused_and_named)
{
    static const struct {
        off_t (*place)(void);
        off_t offset;
        uint16_t bits;
        const char *said;
    } damages[] = {
        {meta, TURN, 0x0101, "has the number of another transaction"},
        {meta, TABLES_ROOT + 2, 1, "points to page "},
        {meta, FREE_ROOT + 2, 1, "points to page "},
        {meta_tree, TREE_ROOT, 0x8000, "points to page "},
        {meta_tree, TREE_FLAGS, DUPLICATES, "describes a tree that cannot be"},
        {meta_tree, TREE_DEPTH, 1, "is of another kind"},
        {meta_root_end, 0, 0x8000, "points to page "},
        {meta_root_end, ROW_FLAGS, 1, "points to page "},
        {last_leaf, 0, 1, "says it is page "},
        {last_leaf, FLAGS, DIRTY, "is of another kind (0x12)"},
        {hard_page, FLAGS, DIRTY, "is of another kind (0x12)"},
        {last_leaf, LOWER, 1, "has its rows at "},
        {last_leaf, LOWER, 0x8000, "has its rows at "},
        {last_leaf, UPPER, 0x8000, "has its rows at "},
        {compartment_leaf, UPPER, 0x8000, "has its rows at "}, /* LMDB would write 4 GiB */
        {last_leaf, ROWS, 1, "has row 0 outside of it"},
        {last_leaf, ROWS, 0x8000, "has row 0 outside of it"},
        {last_leaf_row, 0, 2, "has row 0 outside of it"},
        {last_leaf_row, 2, 1, "has row 0 outside of it"},
        {last_leaf_row, 0, 0x20, "has rows that overlap or leave a gap"},
        {last_leaf_row, ROW_KEY_SIZE, 2, "has row 0 outside of it"},
        {last_leaf_row, ROW_FLAGS, 2, "has a row of another kind"},
        {last_leaf_row, ROW_KEY, 0x4000, "has keys out of order"},
        {free_pages, 0, 0x8000, "has a list of free pages that is cut off"},
        {free_pages, NUMBER, 0x8000, "points to page "},
        {big_value, 0, 0x8000, "points to page "},
        {big_pages, 0, 1, "does not begin a value of "},
        {big_pages, FLAGS, 1, "does not begin a value of "},
        {big_pages, LOWER, 0x4000, " pages from "},
    };
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        off_t at = damages[i].place() + damages[i].offset;
        flip(at, damages[i].bits);
        refused(damages[i].said);
        flip(at, damages[i].bits);
    }
    storebox_open(&box, &chain);
    storebox_close(&box);
}

/* Written into once, it would be altered in both. */
Test(store_pages, a_page_in_two_places)
{
    off_t end = meta_root_end();
    uint16_t own = short_at(end);
    uint16_t other = short_at(row_from_end(root("meta"), -2));
    put_bytes(end, &other, sizeof other);
    refused("which is in use elsewhere");
    put_bytes(end, &own, sizeof own);
    uint64_t free_page = number_at(free_pages() + NUMBER);
    uint64_t live = (uint64_t)(hard_page() / PAGE);
    put_bytes(free_pages() + NUMBER, &live, sizeof live);
    refused("which is in use elsewhere");
    put_bytes(free_pages() + NUMBER, &free_page, sizeof free_page);
    storebox_open(&box, &chain);
    storebox_close(&box);
}

/* ---- what shows later --------------------------------------------------------------------------
 */

/* A child does it, ends with exit code 70, and has said so. */
static void ends(void (*act)(void), const char *what, const char *remedy)
{
    static char said[SAID_MAX];
    int pipes[2];
    cr_assert_eq(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(pipes[1], STDERR_FILENO);
        act();
        _exit(0);
    }
    close(pipes[1]);
    size_t size = 0;
    for (ssize_t got = 1; got > 0; size += (size_t)(got > 0 ? got : 0))
        got = read(pipes[0], said + size, sizeof said - 1 - size);
    said[size] = '\0';
    close(pipes[0]);
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILED, "status %#x: %s",
              (unsigned)status, said);
    cr_assert_not_null(strstr(said, what), "%s", said);
    cr_assert_not_null(strstr(said, remedy), "%s", said);
    cr_assert_not_null(strstr(said, box.path), "%s", said);
}

static void cut_and_read(void)
{
    struct vg_blob *entry;
    storebox_open(&box, &chain);
    if (truncate(data_path, 2 * PAGE) == 0)
        store_log_read(box.log, DEEP, &entry, NULL);
}

Test(store_pages, a_file_cut_under_a_running_log)
{
    ends(cut_and_read, " error store-damaged store=log path=", "vote twice");
}

static void mark_and_write(void)
{
    storebox_open(&box, &chain);
    flip(hard_page() + FLAGS, DIRTY);
    storebox_vote(&box, 2, 1);
    storebox_settle(&box);
}

/* LMDB takes it for a copy of its own, and writes to the map; on the thread that writes. */
Test(store_pages, a_page_damaged_under_a_running_log)
{
    ends(mark_and_write, "says that it may be written in place", "vote twice");
    flip(hard_page() + FLAGS, DIRTY);
    storebox_open(&box, &chain);
    cr_assert_eq(box.found.term.value, 0, "nothing of that write is there");
    storebox_close(&box);
}

static void repair_deep(void)
{
    struct chain again = chain_new(1);
    struct vg_blob *entry;
    for (int i = 1; i < DEEP; i++)
        vg_blob_unref(chain_filler(&again, SMALL));
    entry = chain_filler(&again, SMALL);
    storebox_open(&box, &chain);
    storebox_repair(&box, entry);
    storebox_settle(&box);
}

static void truncate_deep(void)
{
    storebox_open(&box, &chain);
    storebox_write(&box, &(struct store_write){.truncate_from = DEEP});
    storebox_settle(&box);
}

/* A start does not read so far back; who writes there does. */
Test(store_pages, an_old_page_is_looked_at_before_it_is_changed)
{
    off_t upper = below(row(root("body"), 2)) + UPPER;
    flip(upper, 0x8000);
    ends(repair_deep, "damaged structure: page ", "vote twice");
    ends(truncate_deep, "damaged structure: page ", "vote twice");
    flip(upper, 0x8000);
    storebox_open(&box, &chain);
    cr_assert_eq(box.found.last, ENTRIES);
    storebox_close(&box);
}

static void read_elsewhere(void)
{
    volatile const uint8_t *nothing =
        mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_expect_neq(*nothing, 0);
}

static void be_sent_a_signal(void)
{
    raise(SIGBUS);
}

/* Only a fault within a map is the disk's. */
Test(store_pages, another_fault_ends_as_ever)
{
    static void (*const faults[])(void) = {read_elsewhere, be_sent_a_signal};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        pid_t child = fork();
        if (child == 0) {
            storebox_open(&box, &chain);
            faults[i]();
            _exit(EXIT_FAILED);
        }
        int status;
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert(!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_FAILED);
    }
}
