/* SPDX-License-Identifier: Apache-2.0 */
#include "node/store/pages.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/mem.h"

/* LMDB 0.9 as it lies on the disk of a machine of 64 bits; numbers are in its byte order. */
enum {
    PAGE_MAX = 32768,
    DEPTH_MAX = 32, /* of one tree: LMDB's cursors go no deeper */
    KEY_MAX = 511,
    FIRST_PAGE = 2, /* behind the meta pages */
};
enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4 };
enum { ROW_BIG = 1, ROW_TABLE = 2 };
static const uint64_t no_page = UINT64_MAX;

struct page_header {
    uint64_t number;
    uint16_t pad;
    uint16_t flags;
    uint16_t lower; /* end of the offsets of rows, which follow this header */
    uint16_t upper; /* start of the rows, which go on to the page's end */
};

struct overflow_header {
    uint64_t number;
    uint16_t pad;
    uint16_t flags;
    uint32_t pages;
};

struct row_header {
    uint16_t low; /* low, high: size of the value; low, high, flags: page below a branch */
    uint16_t high;
    uint16_t flags;
    uint16_t key_size;
};

struct tree {
    uint32_t pad;
    uint16_t flags;
    uint16_t depth;
    uint64_t branches;
    uint64_t leaves;
    uint64_t overflows;
    uint64_t rows;
    uint64_t root;
};

struct meta {
    struct page_header header;
    uint32_t magic;
    uint32_t version;
    uint64_t address;
    uint64_t map_size;
    struct tree free_list;
    struct tree tables;
    uint64_t last;
    uint64_t transaction;
};

static_assert(sizeof(struct tree) == 48 && sizeof(struct meta) == 152, "LMDB has no padding here");

struct row {
    struct row_header header;
    const uint8_t *key;
    const uint8_t *value; /* behind the key */
};

/* Which tree a page is of. Rows outside [first, last] are left alone. */
struct part {
    struct tree tree;
    enum { FREE_LIST, TABLES, TABLE } kind;
    uint64_t first;
    uint64_t last;
};

/* One page on the way down; what is below its rows `next` to `end` is still to be visited. */
struct level {
    struct part of;
    uint32_t depth; /* 1: the root */
    uint32_t rows;
    uint32_t next;
    uint32_t end;
    uint8_t *bytes;
};

struct walk {
    const struct store_env *env;
    const char *only; /* the table whose rows are asked for; NULL: all */
    uint64_t first;
    uint64_t last;
    int file;
    uint64_t last_page;
    uint8_t *reached; /* a bit for each page */
    struct level levels[2 * DEPTH_MAX];
    uint32_t depth;
    uint16_t sizes[PAGE_MAX / 2]; /* of the rows of a page, by where they begin */
    struct vg_error *error;
};

static bool damaged(const struct walk *walk, uint64_t page, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Always false. */
static bool damaged(const struct walk *walk, uint64_t page, const char *format, ...)
{
    char what[VG_ERROR_TEXT / 4];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    vg_fail(walk->error, VG_INTEGRITY, "damaged structure: page %llu of data.mdb %s",
            (unsigned long long)page, what);
    return false;
}

/* ---- bytes -------------------------------------------------------------------------------------
 */

static bool read_bytes(const struct walk *walk, uint64_t page, size_t skip, void *out, size_t size)
{
    off_t at = (off_t)(page * walk->env->page_size + skip);
    ssize_t got = pread(walk->file, out, size, at);
    if (got == (ssize_t)size)
        return true;
    return damaged(walk, page, "cannot be read (%s)", got < 0 ? strerror(errno) : "too short");
}

/* Takes `count` pages into what was reached, named by page `from`. */
static bool reach(struct walk *walk, uint64_t from, uint64_t page, uint64_t count)
{
    if (page < FIRST_PAGE || page > walk->last_page)
        return damaged(walk, from, "points to page %llu, outside of %d to %llu",
                       (unsigned long long)page, FIRST_PAGE, (unsigned long long)walk->last_page);
    if (count > walk->last_page - page + 1)
        return damaged(walk, from, "points to %llu pages from %llu on, and the last is %llu",
                       (unsigned long long)count, (unsigned long long)page,
                       (unsigned long long)walk->last_page);
    for (uint64_t at = page; at < page + count; at++) {
        uint8_t bit = (uint8_t)(1U << at % 8);
        if ((walk->reached[at / 8] & bit) != 0)
            return damaged(walk, from, "points to page %llu, which is in use elsewhere",
                           (unsigned long long)at);
        walk->reached[at / 8] |= bit;
    }
    return true;
}

static struct page_header header_of(const struct level *level)
{
    struct page_header header;
    memcpy(&header, level->bytes, sizeof header);
    return header;
}

static bool is_leaf(const struct level *level)
{
    return level->depth == level->of.tree.depth;
}

static bool has_numbers(const struct level *level)
{
    return (level->of.tree.flags & MDB_INTEGERKEY) != 0;
}

static uint16_t offset_of(const struct level *level, uint32_t index)
{
    uint16_t offset;
    memcpy(&offset, level->bytes + sizeof(struct page_header) + index * sizeof offset,
           sizeof offset);
    return offset;
}

static struct row row_at(const struct level *level, uint32_t index)
{
    struct row row;
    const uint8_t *at = level->bytes + offset_of(level, index);
    memcpy(&row.header, at, sizeof row.header);
    row.key = at + sizeof row.header;
    row.value = row.key + row.header.key_size;
    return row;
}

static size_t value_size(const struct row *row)
{
    return (size_t)row->header.high << 16 | row->header.low;
}

static uint64_t number_at(const uint8_t *at)
{
    uint64_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

static uint64_t page_below(const struct row *row)
{
    return (uint64_t)row->header.flags << 32 | value_size(row);
}

/* ---- one page ----------------------------------------------------------------------------------
 */

static bool header_holds(const struct walk *walk, const struct level *level, uint64_t page)
{
    struct page_header header = header_of(level);
    if (header.number != page)
        return damaged(walk, page, "says it is page %llu", (unsigned long long)header.number);
    if (header.flags != (is_leaf(level) ? PAGE_LEAF : PAGE_BRANCH))
        return damaged(walk, page, "is of another kind (%#x)", (unsigned)header.flags);
    if (header.lower <= sizeof header || header.lower % 2 != 0 || header.lower > header.upper ||
        header.upper > walk->env->page_size)
        return damaged(walk, page, "has its rows at %u to %u", (unsigned)header.lower,
                       (unsigned)header.upper);
    return true;
}

static size_t row_size(const struct level *level, const struct row *row)
{
    bool big = (row->header.flags & ROW_BIG) != 0;
    size_t value = !is_leaf(level) ? 0 : big ? sizeof(uint64_t) : value_size(row);
    return (sizeof row->header + row->header.key_size + value + 1) / 2 * 2;
}

/* Rows fill the page from `upper` to its end, side by side, in any order. */
static bool rows_lie_in(struct walk *walk, const struct level *level, uint64_t page)
{
    const size_t page_size = walk->env->page_size;
    const size_t upper = header_of(level).upper;
    memset(walk->sizes, 0, page_size / 2 * sizeof walk->sizes[0]);
    for (uint32_t i = 0; i < level->rows; i++) {
        size_t at = offset_of(level, i);
        bool within = at % 2 == 0 && at >= upper && at + sizeof(struct row_header) <= page_size;
        struct row row = within ? row_at(level, i) : (struct row){0};
        size_t size = within ? row_size(level, &row) : 0;
        if (!within || size > page_size - at || walk->sizes[at / 2] != 0)
            return damaged(walk, page, "has row %u outside of it or on another", i);
        walk->sizes[at / 2] = (uint16_t)size;
    }
    uint32_t met = 0;
    size_t at = upper;
    for (; at < page_size && walk->sizes[at / 2] > 0; met++)
        at += walk->sizes[at / 2];
    return (met == level->rows && at == page_size) ||
           damaged(walk, page, "has rows that overlap or leave a gap");
}

static int compare_keys(const struct level *level, const struct row *a, const struct row *b)
{
    size_t a_size = a->header.key_size;
    size_t b_size = b->header.key_size;
    if (has_numbers(level)) {
        uint64_t a_number = number_at(a->key);
        uint64_t b_number = number_at(b->key);
        return (a_number > b_number) - (a_number < b_number);
    }
    int order = memcmp(a->key, b->key, a_size < b_size ? a_size : b_size);
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

/* The first key of a branch stands for all that is less than the second, and may be any. */
static bool keys_ascend(const struct walk *walk, const struct level *level, uint64_t page)
{
    struct row before = {0};
    for (uint32_t i = is_leaf(level) ? 0 : 1; i < level->rows; i++) {
        struct row row = row_at(level, i);
        size_t size = row.header.key_size;
        if (has_numbers(level) ? size != sizeof(uint64_t) : size == 0 || size > KEY_MAX)
            return damaged(walk, page, "has a key of %zu bytes", size);
        if (before.key != NULL && compare_keys(level, &before, &row) >= 0)
            return damaged(walk, page, "has keys out of order");
        before = row;
    }
    return true;
}

/* ---- values ------------------------------------------------------------------------------------
 */

/* Pages of a value that has some to itself. */
static bool check_big(struct walk *walk, uint64_t page, const struct row *row)
{
    struct overflow_header header;
    uint64_t at = number_at(row->value);
    uint64_t needed =
        (value_size(row) + sizeof header + walk->env->page_size - 1) / walk->env->page_size;
    if (at < FIRST_PAGE || at > walk->last_page)
        return reach(walk, page, at, needed);
    if (!read_bytes(walk, at, 0, &header, sizeof header))
        return false;
    if (header.number != at || header.flags != PAGE_OVERFLOW || header.pages < needed)
        return damaged(walk, at, "does not begin a value of %zu bytes", value_size(row));
    return reach(walk, page, at, header.pages);
}

/* Pages that one transaction has freed: how many, and their numbers, descending. */
static bool free_pages_hold(struct walk *walk, uint64_t page, const uint8_t *list, size_t size)
{
    uint64_t count = size < sizeof count ? 0 : number_at(list);
    if (size < sizeof count || count > size / sizeof count - 1)
        return damaged(walk, page, "has a list of free pages that is cut off");
    uint64_t before = UINT64_MAX;
    for (uint64_t i = 1; i <= count; i++) {
        uint64_t free_page = number_at(list + i * sizeof free_page);
        if (free_page >= before)
            return damaged(walk, page, "has a list of free pages out of order");
        if (!reach(walk, page, free_page, 1))
            return false;
        before = free_page;
    }
    return true;
}

static bool check_free(struct walk *walk, uint64_t page, const struct row *row)
{
    size_t size = value_size(row);
    if ((row->header.flags & ROW_BIG) == 0)
        return free_pages_hold(walk, page, row->value, size);
    uint8_t *list = vg_alloc(size);
    bool good =
        read_bytes(walk, number_at(row->value), sizeof(struct overflow_header), list, size) &&
        free_pages_hold(walk, page, list, size);
    free(list);
    return good;
}

static bool check_values(struct walk *walk, const struct level *level, uint64_t page)
{
    for (uint32_t i = 0; i < level->rows; i++) {
        struct row row = row_at(level, i);
        uint16_t flags = row.header.flags;
        if (flags != (level->of.kind == TABLES ? ROW_TABLE : flags & ROW_BIG))
            return damaged(walk, page, "has a row of another kind (%#x)", (unsigned)flags);
        if (level->of.kind == TABLES && value_size(&row) != sizeof(struct tree))
            return damaged(walk, page, "has a table of %zu bytes", value_size(&row));
        if ((flags & ROW_BIG) != 0 && !check_big(walk, page, &row))
            return false;
        if (level->of.kind == FREE_LIST && !check_free(walk, page, &row))
            return false;
    }
    return true;
}

/* ---- trees -------------------------------------------------------------------------------------
 */

/* Leaves out the pages below a branch that hold no row of [first, last], nor are beside one that
 * does: LMDB merges neighbours. */
static void narrow(struct level *level)
{
    if (!has_numbers(level))
        return;
    while (level->next + 2 < level->rows) {
        struct row row = row_at(level, level->next + 2);
        if (number_at(row.key) > level->of.first)
            break;
        level->next++;
    }
    while (level->end > level->next + 2) {
        struct row row = row_at(level, level->end - 2);
        if (number_at(row.key) <= level->of.last)
            break;
        level->end--;
    }
}

static bool push(struct walk *walk, uint64_t from, uint64_t page, const struct part *of,
                 uint32_t depth)
{
    if (!reach(walk, from, page, 1))
        return false;
    assert(walk->depth < 2 * DEPTH_MAX);
    struct level *level = &walk->levels[walk->depth++];
    if (level->bytes == NULL)
        level->bytes = vg_alloc(walk->env->page_size);
    level->of = *of;
    level->depth = depth;
    if (!read_bytes(walk, page, 0, level->bytes, walk->env->page_size) ||
        !header_holds(walk, level, page))
        return false;
    level->rows = (header_of(level).lower - (uint32_t)sizeof(struct page_header)) / 2;
    level->next = 0;
    level->end = level->rows;
    if (!rows_lie_in(walk, level, page) || !keys_ascend(walk, level, page))
        return false;
    if (is_leaf(level))
        return check_values(walk, level, page);
    narrow(level);
    return true;
}

static bool push_root(struct walk *walk, uint64_t from, const struct part *of)
{
    const struct tree *tree = &of->tree;
    if ((tree->flags & ~MDB_INTEGERKEY) != 0 || tree->depth > DEPTH_MAX ||
        (tree->depth == 0) != (tree->root == no_page))
        return damaged(walk, from, "describes a tree that cannot be");
    return tree->depth == 0 || push(walk, from, tree->root, of, 1);
}

static bool is_long(const struct store_env *env, const char *name)
{
    const char *const *at = env->long_tables;
    while (at != NULL && *at != NULL && strcmp(*at, name) != 0)
        at++;
    return at != NULL && *at != NULL;
}

static bool push_table(struct walk *walk, uint64_t from, const struct row *row)
{
    struct part of = {.kind = TABLE, .last = UINT64_MAX};
    char name[KEY_MAX + 1];
    memcpy(name, row->key, row->header.key_size);
    name[row->header.key_size] = '\0';
    memcpy(&of.tree, row->value, sizeof of.tree);
    if (walk->only != NULL && strcmp(walk->only, name) != 0)
        return true;
    if (walk->only != NULL) {
        of.first = walk->first;
        of.last = walk->last;
    } else if (is_long(walk->env, name) && of.tree.rows > STORE_TAIL_ROWS) {
        of.first = of.tree.rows - STORE_TAIL_ROWS;
    }
    return push_root(walk, from, &of);
}

/* What the next row of the deepest page leads to, if to anything. */
static bool step(struct walk *walk)
{
    struct level *level = &walk->levels[walk->depth - 1];
    if (level->next == level->end || (is_leaf(level) && level->of.kind != TABLES)) {
        walk->depth--;
        return true;
    }
    struct row row = row_at(level, level->next++);
    uint64_t page = header_of(level).number;
    return is_leaf(level) ? push_table(walk, page, &row)
                          : push(walk, page, page_below(&row), &level->of, level->depth + 1);
}

static bool walk_tree(struct walk *walk, uint64_t from, const struct part *of)
{
    bool good = push_root(walk, from, of);
    while (good && walk->depth > 0)
        good = step(walk);
    return good;
}

/* The meta page of the last commit: LMDB takes the later one, and then the one whose turn it was.
 */
static bool read_meta(const struct walk *walk, uint64_t *page, struct meta *out)
{
    struct meta both[2];
    if (!read_bytes(walk, 0, 0, &both[0], sizeof both[0]) ||
        !read_bytes(walk, 1, 0, &both[1], sizeof both[1]))
        return false;
    *page = both[0].transaction < both[1].transaction;
    *out = both[*page];
    return out->transaction % 2 == *page ||
           damaged(walk, *page, "has the number of another transaction (%llu)",
                   (unsigned long long)out->transaction);
}

static bool walk_all(struct walk *walk)
{
    struct meta meta;
    uint64_t page;
    if (!read_meta(walk, &page, &meta))
        return false;
    const struct part trees[] = {
        {.tree = meta.free_list, .kind = FREE_LIST, .last = UINT64_MAX},
        {.tree = meta.tables, .kind = TABLES, .last = UINT64_MAX},
    };
    walk->last_page = meta.last;
    walk->reached = vg_alloc_zero(meta.last / 8 + 1, 1);
    return (walk->only != NULL || walk_tree(walk, page, &trees[FREE_LIST])) &&
           walk_tree(walk, page, &trees[TABLES]);
}

static enum vg_code check(const struct store_env *env, const char *only, uint64_t first,
                          uint64_t last, struct vg_error *error)
{
    struct walk *walk = vg_alloc_zero(1, sizeof *walk);
    walk->env = env;
    walk->only = only;
    walk->first = first;
    walk->last = last;
    walk->error = error;
    mdb_env_get_fd(env->mdb, &walk->file);
    enum vg_code code = walk_all(walk) ? VG_OK : VG_INTEGRITY;
    for (uint32_t i = 0; i < 2 * DEPTH_MAX; i++)
        free(walk->levels[i].bytes);
    free(walk->reached);
    free(walk);
    return code;
}

enum vg_code store_pages_check(const struct store_env *env, struct vg_error *error)
{
    return check(env, NULL, 0, UINT64_MAX, error);
}

enum vg_code store_pages_check_rows(const struct store_env *env, const char *table, uint64_t first,
                                    uint64_t last, struct vg_error *error)
{
    return check(env, table, first, last, error);
}
