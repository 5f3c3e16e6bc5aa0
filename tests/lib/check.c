/* SPDX-License-Identifier: Apache-2.0
 * The checker's books: platters, starts and crashes, facts and the first violation. */
#include "tests/lib/check.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "tests/lib/check_books.h"
#include "tests/lib/mix.h"

static struct fact *fact_find(struct fact *facts, uint64_t a, uint64_t b)
{
    uint64_t key[2] = {a, b};
    struct fact *found = NULL;
    HASH_FIND(hh, facts, key, sizeof key, found);
    return found;
}

uint64_t fact_value(struct fact *facts, uint64_t a, uint64_t b)
{
    struct fact *found = fact_find(facts, a, b);
    return found != NULL ? found->value : 0;
}

bool fact_known(struct fact *facts, uint64_t a, uint64_t b)
{
    return fact_find(facts, a, b) != NULL;
}

void fact_set(struct fact **facts, uint64_t a, uint64_t b, uint64_t value)
{
    struct fact *fact = fact_find(*facts, a, b);
    if (fact == NULL) {
        fact = vg_alloc_zero(1, sizeof *fact);
        fact->key[0] = a;
        fact->key[1] = b;
        HASH_ADD(hh, *facts, key, sizeof fact->key, fact);
    }
    fact->value = value;
}

void fact_raise(struct fact **facts, uint64_t a, uint64_t b, uint64_t value)
{
    if (value > fact_value(*facts, a, b))
        fact_set(facts, a, b, value);
}

void fact_forget(struct fact **facts, uint64_t a, uint64_t b)
{
    struct fact *fact = fact_find(*facts, a, b);
    if (fact != NULL) {
        HASH_DEL(*facts, fact);
        free(fact);
    }
}

void facts_free(struct fact **facts)
{
    struct fact *fact = NULL;
    struct fact *next = NULL;
    HASH_ITER(hh, *facts, fact, next)
    {
        HASH_DEL(*facts, fact);
        free(fact);
    }
}

void terms_start(struct terms *terms)
{
    *terms = (struct terms){.room = 64};
    terms->at = vg_alloc_zero(terms->room, sizeof *terms->at);
}

void terms_push(struct terms *terms, uint64_t term)
{
    if (++terms->last >= terms->room) {
        terms->room *= 2;
        terms->at = vg_realloc(terms->at, terms->room * sizeof *terms->at);
    }
    terms->at[terms->last] = term;
}

struct check *check_new(const struct check_config *config)
{
    assert(config->voter_count >= 1 && config->voter_count <= VG_NODES_MAX);
    struct check *check = vg_alloc_zero(1, sizeof *check);
    check->config = *config;
    for (uint32_t i = 0; i < config->voter_count; i++)
        check_book(check, config->voters[i]);
    return check;
}

void check_free(struct check *check)
{
    if (check == NULL)
        return;
    struct fact **all[] = {&check->votes, &check->hashes, &check->verified,
                           &check->acked, &check->agreed, &check->reads};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        facts_free(all[i]);
    reigns_free(&check->reigns);
    struct request *request = NULL;
    struct request *next = NULL;
    HASH_ITER(hh, check->requests, request, next)
    {
        HASH_DEL(check->requests, request);
        free(request);
    }
    for (uint32_t i = 0; i < check->book_count; i++) {
        free(check->books[i].memory.at);
        free(check->books[i].platter);
    }
    free(check->verdicts);
    free(check);
}

struct book *check_book(struct check *check, vg_node_id node)
{
    for (uint32_t i = 0; i < check->book_count; i++) {
        if (check->books[i].id == node.value)
            return &check->books[i];
    }
    assert(node.value != 0 && check->book_count < BOOKS_MAX);
    struct book *book = &check->books[check->book_count++];
    book->id = node.value;
    book->limit = UINT64_MAX;
    book->platter_room = 64;
    terms_start(&book->memory);
    book->platter = vg_alloc_zero(book->platter_room, sizeof *book->platter);
    return book;
}

void check_mix(struct check *check, uint64_t value)
{
    check->trace = mix64(check->trace, value);
}

uint64_t check_trace_hash(const struct check *check)
{
    return check->trace;
}

void check_fail(struct check *check, const char *invariant, uint64_t node, uint64_t index,
                uint64_t term, const char *format, ...)
{
    if (check->failed)
        return;
    check->failed = true;
    check->violation = (struct check_violation){
        .invariant = invariant, .node = node, .index = index, .term = term};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(check->violation.text, sizeof check->violation.text, format, arguments);
    va_end(arguments);
}

const struct check_violation *check_violation(const struct check *check)
{
    return check->failed ? &check->violation : NULL;
}

void check_violation_format(const struct check_violation *violation, char *out, size_t size)
{
    snprintf(out, size, "%s node %" PRIu64 " index %" PRIu64 " term %" PRIu64 ": %s",
             violation->invariant, violation->node, violation->index, violation->term,
             violation->text);
}

uint64_t check_committed(const struct check *check)
{
    return check->committed;
}

struct check_entry check_committed_entry(const struct check *check, uint64_t index)
{
    if (index == 0 || index > check->committed)
        return (struct check_entry){0};
    return check->verdicts[index].entry;
}

bool check_platter(const struct check *check, vg_node_id node, uint64_t index,
                   struct check_entry *out)
{
    for (uint32_t i = 0; i < check->book_count; i++) {
        const struct book *book = &check->books[i];
        if (book->id == node.value && index >= 1 && index <= book->platter_last) {
            *out = book->platter[index];
            return true;
        }
    }
    return false;
}

/* ---- the platter ------------------------------------------------------------------------------
 */

static void write_hard_state(struct check *check, struct book *book, const struct check_write *w)
{
    uint64_t vote = w->voted_for.value;
    if (w->term < book->term && !book->forgiven)
        check_fail(check, "I14", book->id, 0, w->term, "durable term falls from %" PRIu64,
                   book->term);
    if (w->term == book->term && book->vote != 0 && vote != book->vote)
        check_fail(check, "I2", book->id, 0, w->term,
                   "durable vote of one term changes from %" PRIu64 " to %" PRIu64, book->vote,
                   vote);
    uint64_t before = fact_value(check->votes, book->id, w->term);
    if (vote != 0 && before != 0 && before != vote && !book->forgiven)
        check_fail(check, "I2", book->id, 0, w->term,
                   "votes for %" PRIu64 " after a vote for %" PRIu64, vote, before);
    if (vote != 0 && before == 0)
        fact_set(&check->votes, book->id, w->term, vote);
    if (w->term > book->term)
        check_term_left(check, book);
    book->term = w->term;
    book->vote = vote;
}

uint32_t check_quorum(const struct check *check)
{
    return check->config.voter_count / 2 + 1;
}

uint32_t check_copies(const struct check *check, const struct check_entry *entry)
{
    uint32_t count = 0;
    for (uint32_t v = 0; v < check->config.voter_count; v++) {
        struct check_entry held;
        count += check_platter(check, check->config.voters[v], entry->index, &held) &&
                 held.term == entry->term && held.hash == entry->hash;
    }
    return count;
}

/* A slow disk may still remove what others have committed since this node dropped it: it was none
 * of their quorum, which must have it all the same. */
static void truncate_platter(struct check *check, struct book *book, uint64_t from)
{
    uint64_t last = book->platter_last < check->committed ? book->platter_last : check->committed;
    if (from > book->platter_last)
        return;
    book->platter_last = from - 1;
    for (uint64_t i = from; i <= last; i++) {
        const struct check_entry *entry = &check->verdicts[i].entry;
        bool own = i <= book->commit && book->platter[i].hash == entry->hash;
        if (own || check_copies(check, entry) < check_quorum(check))
            check_fail(check, "I8", book->id, i, book->term,
                       "a committed entry is removed from the disk");
    }
}

static void write_entry(struct check *check, struct book *book, const struct check_entry *entry)
{
    if (entry->index != book->platter_last + 1) {
        check_fail(check, "I8", book->id, entry->index, entry->term,
                   "written behind a disk that ends at %" PRIu64, book->platter_last);
        return;
    }
    if (entry->term < book->platter[book->platter_last].term)
        check_fail(check, "I14", book->id, entry->index, entry->term,
                   "an entry of a lower term than the one before it");
    if (!fact_known(check->hashes, entry->index, entry->term))
        fact_set(&check->hashes, entry->index, entry->term, entry->hash);
    else if (fact_value(check->hashes, entry->index, entry->term) != entry->hash)
        check_fail(check, "I4", book->id, entry->index, entry->term,
                   "same index and term as elsewhere, other content");
    if (entry->index >= book->platter_room) {
        book->platter_room *= 2;
        book->platter = vg_realloc(book->platter, book->platter_room * sizeof *book->platter);
    }
    book->platter[entry->index] = *entry;
    book->platter_last = entry->index;
}

void check_written(struct check *check, vg_node_id node, const struct check_write *write)
{
    if (check->failed)
        return;
    struct book *book = check_book(check, node);
    check_mix(check, node.value);
    if (write->hard_state)
        write_hard_state(check, book, write);
    if (write->truncate_from > 0)
        truncate_platter(check, book, write->truncate_from);
    for (uint32_t i = 0; i < write->count && !check->failed; i++) {
        write_entry(check, book, &write->entries[i]);
        check_mix(check, write->entries[i].hash);
    }
}

void check_media_lost(struct check *check, vg_node_id node, uint64_t term, vg_node_id voted_for,
                      uint64_t last)
{
    struct book *book = check_book(check, node);
    assert(!book->up && last <= book->platter_last);
    book->forgiven = true;
    book->platter_last = last;
    book->term = term;
    book->vote = voted_for.value;
}

/* ---- starts and crashes -----------------------------------------------------------------------
 */

static void reload_memory(struct book *book)
{
    book->memory.last = 0;
    for (uint64_t i = 1; i <= book->platter_last; i++)
        terms_push(&book->memory, book->platter[i].term);
}

void check_started(struct check *check, vg_node_id node, const struct raft_status *status,
                   uint64_t applied)
{
    if (check->failed)
        return;
    struct book *book = check_book(check, node);
    check_mix(check, node.value);
    if (status->term.value != book->term || status->voted_for.value != book->vote ||
        status->appended.value != book->platter_last || status->durable.value != book->platter_last)
        check_fail(check, "I37", book->id, status->appended.value, status->term.value,
                   "started with vote %" PRIu64 ", last %" PRIu64 "; its disk has term %" PRIu64
                   ", vote %" PRIu64 ", last %" PRIu64,
                   status->voted_for.value, status->appended.value, book->term, book->vote,
                   book->platter_last);
    if (status->role != RAFT_FOLLOWER)
        check_fail(check, "I37", book->id, 0, status->term.value, "started as no follower");
    if (applied > check->committed || applied > book->platter_last)
        check_fail(check, "I15", book->id, applied, status->term.value,
                   "its state machine is ahead of what is committed or on its disk");
    book->up = true;
    book->applied = applied;
    book->commit = status->committed.value;
    book->assured = 0;
    reload_memory(book);
}

void check_crashed(struct check *check, vg_node_id node)
{
    struct book *book = check_book(check, node);
    book->up = false;
    struct fact *read = NULL;
    struct fact *next = NULL;
    HASH_ITER(hh, check->reads, read, next)
    {
        if (read->key[0] == book->id) {
            HASH_DEL(check->reads, read);
            free(read);
        }
    }
}

void check_pure(struct check *check, vg_node_id node, uint64_t hash, uint64_t hash_again)
{
    if (hash != hash_again)
        check_fail(check, "I44", node.value, 0, 0, "the same step ended in two states");
}

void check_repeated(struct check *check, vg_node_id node, const struct raft_msg *msg,
                    const struct raft_status *first, const struct raft_status *second)
{
    const uint64_t a[] = {first->term.value,    first->voted_for.value, first->appended.value,
                          first->durable.value, first->verified.value,  first->committed.value};
    const uint64_t b[] = {second->term.value,    second->voted_for.value, second->appended.value,
                          second->durable.value, second->verified.value,  second->committed.value};
    if (memcmp(a, b, sizeof a) != 0)
        check_fail(check, "I36", node.value, second->appended.value, second->term.value,
                   "taking a message of %" PRIu64 " (type %d) twice changed more than once",
                   msg->from.value, (int)msg->type);
}
