/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "ops/drill/check/judge.h"

/* A call or an outcome in the list of those that no operation done has. */
struct event {
    const struct history_operation *operation;
    struct event *before, *after;
    struct event *match; /* the outcome of a call; NULL: unknown */
    uint64_t line;
    size_t number; /* of the operation */
    bool is_call;
};

struct frame {
    struct event *call;
    uint64_t value; /* of the register before it */
};

/* Operations done and value reached: the words of the set between those that are full and those
 * that are empty. */
struct memory {
    UT_hash_handle hh;
    size_t size;
    uint64_t key[];
};

struct search {
    const struct linear_limits *limits;
    struct event *events;
    struct event head;
    size_t count;   /* of operations */
    size_t certain; /* of them that have an outcome and are not done */
    uint64_t *done; /* a bit each */
    uint64_t *key;  /* room for one */
    size_t words;
    uint64_t value;
    struct frame *stack;
    size_t depth;
    size_t deepest; /* and what stood in the way there */
    const struct event *wall;
    struct memory *seen;
    size_t bytes;
    uint64_t steps;
};

enum { STEPS_BETWEEN_LOOKS = 1024 };

static void put_done(struct search *search, size_t number, bool done)
{
    uint64_t bit = UINT64_C(1) << number % 64;
    search->done[number / 64] =
        done ? search->done[number / 64] | bit : search->done[number / 64] & ~bit;
}

static size_t make_key(struct search *search)
{
    size_t from = 0;
    size_t to = search->words;
    while (from < search->words && search->done[from] == UINT64_MAX)
        from++;
    while (to > from && search->done[to - 1] == 0)
        to--;
    search->key[0] = search->value;
    search->key[1] = from;
    memcpy(&search->key[2], &search->done[from], (to - from) * sizeof *search->done);
    return (2 + to - from) * sizeof *search->key;
}

/* False where this was tried before. */
static bool remember(struct search *search)
{
    size_t size = make_key(search);
    struct memory *memory = NULL;
    HASH_FIND(hh, search->seen, search->key, size, memory);
    if (memory != NULL)
        return false;
    memory = vg_alloc(sizeof *memory + size);
    memory->size = size;
    memcpy(memory->key, search->key, size);
    HASH_ADD_KEYPTR(hh, search->seen, memory->key, memory->size, memory);
    search->bytes += sizeof *memory + size;
    return true;
}

/* What a register of `value` does; false if it cannot have. */
static bool act(const struct history_operation *operation, uint64_t value, uint64_t *out)
{
    bool reads = operation->call == HISTORY_READ || operation->outcome == HISTORY_FAILED;
    *out = reads ? value : operation->value;
    if (reads)
        return operation->value == value;
    return operation->call == HISTORY_WRITE || operation->expected == value;
}

static void unlink_event(struct event *event)
{
    event->before->after = event->after;
    if (event->after != NULL)
        event->after->before = event->before;
}

static void relink_event(struct event *event)
{
    event->before->after = event;
    if (event->after != NULL)
        event->after->before = event;
}

static void go_on(struct search *search, struct event *call, uint64_t value)
{
    search->stack[search->depth++] = (struct frame){call, search->value};
    search->value = value;
    search->certain -= call->match != NULL;
    unlink_event(call);
    if (call->match != NULL)
        unlink_event(call->match);
}

static struct event *go_back(struct search *search)
{
    struct frame *frame = &search->stack[--search->depth];
    struct event *call = frame->call;
    search->value = frame->value;
    search->certain += call->match != NULL;
    put_done(search, call->number, false);
    if (call->match != NULL)
        relink_event(call->match);
    relink_event(call);
    return call->after;
}

/* Whether the call may be next; then it is done. */
static bool try_call(struct search *search, struct event *call)
{
    uint64_t before = search->value;
    uint64_t value;
    if (!act(call->operation, before, &value))
        return false;
    put_done(search, call->number, true);
    search->value = value;
    bool fresh = remember(search);
    search->value = before;
    if (fresh)
        go_on(search, call, value);
    else
        put_done(search, call->number, false);
    return fresh;
}

static bool is_over(struct search *search)
{
    const struct linear_limits *limits = search->limits;
    if (search->bytes > limits->memory_max)
        return true;
    return search->steps++ % STEPS_BETWEEN_LOOKS == 0 && limits->is_over != NULL &&
           limits->is_over(limits->context);
}

static void note_wall(struct search *search, const struct event *event)
{
    if (search->wall != NULL && search->depth <= search->deepest)
        return;
    search->deepest = search->depth;
    search->wall = event;
}

static enum linear_verdict run(struct search *search)
{
    struct event *event = search->head.after;
    while (search->certain > 0) {
        if (is_over(search))
            return LINEAR_UNDECIDED;
        if (event->is_call) {
            event = try_call(search, event) ? search->head.after : event->after;
            continue;
        }
        note_wall(search, event);
        if (search->depth == 0)
            return LINEAR_NO;
        event = go_back(search);
    }
    return LINEAR_YES;
}

/* Those that prove nothing are left out. */
static bool tells(const struct history_operation *operation)
{
    if (operation->outcome == HISTORY_FAILED)
        return operation->found;
    return operation->outcome == HISTORY_OK || operation->call != HISTORY_READ;
}

static int by_line(const void *left, const void *right)
{
    const struct event *a = left;
    const struct event *b = right;
    return a->line < b->line ? -1 : 1;
}

/* The events in the order of their lines, in one list. */
static void search_begin(struct search *search, const struct history_object *object)
{
    size_t count = 0;
    search->events = vg_alloc_zero(2 * object->count + 1, sizeof *search->events);
    for (size_t i = 0; i < object->count; i++) {
        const struct history_operation *operation = &object->operations[i];
        if (!tells(operation))
            continue;
        size_t number = search->count++;
        search->events[count++] = (struct event){
            .operation = operation, .line = operation->called, .number = number, .is_call = true};
        if (operation->outcome == HISTORY_UNKNOWN)
            continue;
        search->events[count++] =
            (struct event){.operation = operation, .line = operation->returned, .number = number};
        search->certain++;
    }
    qsort(search->events, count, sizeof *search->events, by_line);
    struct event **calls = vg_alloc_zero(search->count + 1, sizeof *calls);
    struct event *before = &search->head;
    for (size_t i = 0; i < count; i++) {
        struct event *event = &search->events[i];
        event->before = before;
        before->after = event;
        before = event;
        if (event->is_call)
            calls[event->number] = event;
        else
            calls[event->number]->match = event;
    }
    free(calls);
    search->words = (search->count + 63) / 64;
    search->done = vg_alloc_zero(search->words + 1, sizeof *search->done);
    search->key = vg_alloc_zero(search->words + 2, sizeof *search->key);
    search->stack = vg_alloc_zero(search->count + 1, sizeof *search->stack);
}

static void search_end(struct search *search)
{
    struct memory *memory = search->seen;
    HASH_CLEAR(hh, search->seen); /* the table; what was in it keeps its order */
    for (struct memory *next; memory != NULL; memory = next) {
        next = memory->hh.next;
        free(memory);
    }
    free(search->events);
    free(search->done);
    free(search->key);
    free(search->stack);
}

enum linear_verdict judge_register(const struct history_object *object,
                                   const struct linear_limits *limits,
                                   struct linear_finding *finding)
{
    struct search search = {.limits = limits};
    search_begin(&search, object);
    enum linear_verdict verdict = run(&search);
    if (verdict == LINEAR_NO)
        judge_refute(finding, search.wall->line,
                     "no order of what was called before explains this %s of %" PRIu64,
                     history_call_name(search.wall->operation->call),
                     search.wall->operation->value);
    if (verdict == LINEAR_UNDECIDED) {
        judge_refute(finding, search.wall != NULL ? search.wall->line : 0,
                     "not decided after %" PRIu64 " steps and %zu bytes of memory", search.steps,
                     search.bytes);
    }
    search_end(&search);
    return verdict;
}
