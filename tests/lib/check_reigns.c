/* SPDX-License-Identifier: Apache-2.0
 * Who led each term with what log, and how far a platter was that log: what an acknowledgement
 * promises. The node's own memory is no witness of it, it may be a term further. */
#include "common/mem.h"
#include "tests/lib/check_books.h"

struct reign *check_reign(struct check *check, uint64_t term)
{
    struct reign *reign = NULL;
    HASH_FIND(hh, check->reigns, &term, sizeof term, reign);
    if (reign == NULL) {
        reign = vg_alloc_zero(1, sizeof *reign);
        reign->term = term;
        terms_start(&reign->log);
        HASH_ADD(hh, check->reigns, term, sizeof reign->term, reign);
    }
    return reign;
}

void reigns_free(struct reign **reigns)
{
    struct reign *reign = NULL;
    struct reign *next = NULL;
    HASH_ITER(hh, *reigns, reign, next)
    {
        HASH_DEL(*reigns, reign);
        free(reign->log.at);
        free(reign);
    }
}

void check_reign_log(struct check *check, const struct book *book, uint64_t term)
{
    struct terms *log = &check_reign(check, term)->log;
    while (log->last < book->memory.last)
        terms_push(log, book->memory.at[log->last + 1]);
}

static uint64_t agreed_now(struct check *check, const struct book *book)
{
    const struct terms *log = &check_reign(check, book->term)->log;
    uint64_t index = book->platter_last < log->last ? book->platter_last : log->last;
    while (book->platter[index].term != log->at[index])
        index--;
    return index;
}

void check_term_left(struct check *check, const struct book *book)
{
    fact_set(&check->agreed, book->id, book->term, agreed_now(check, book));
}

uint64_t check_agreed(struct check *check, const struct book *book, uint64_t term)
{
    return term == book->term ? agreed_now(check, book) : fact_value(check->agreed, book->id, term);
}
