/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <uthash.h>

#include "ops/drill/check/judge.h"

/* A value of the longest read: its place there, and who appended it. */
struct placed {
    UT_hash_handle hh;
    uint64_t value;
    size_t place; /* from 1; 0: in no read */
    const struct history_operation *append;
};

/* An operation and its class: 2n reads n values, 2n - 1 appends the n-th. */
struct classed {
    const struct history_operation *operation;
    size_t class_;
};

static struct placed *placed_of(struct placed **values, uint64_t value)
{
    struct placed *placed = NULL;
    HASH_FIND(hh, *values, &value, sizeof value, placed);
    if (placed == NULL) {
        placed = vg_alloc_zero(1, sizeof *placed);
        placed->value = value;
        HASH_ADD(hh, *values, value, sizeof placed->value, placed);
    }
    return placed;
}

static void free_placed(struct placed *values)
{
    struct placed *placed = values;
    HASH_CLEAR(hh, values); /* the table; what was in it keeps its order */
    for (struct placed *next; placed != NULL; placed = next) {
        next = placed->hh.next;
        free(placed);
    }
}

static bool is_read(const struct history_operation *operation)
{
    return operation->call == HISTORY_LIST && operation->outcome == HISTORY_OK;
}

/* The longest read; NULL without any. */
static const struct history_operation *longest_read(const struct history_object *object)
{
    const struct history_operation *longest = NULL;
    for (size_t i = 0; i < object->count; i++) {
        const struct history_operation *operation = &object->operations[i];
        if (is_read(operation) &&
            (longest == NULL || operation->value_count > longest->value_count))
            longest = operation;
    }
    return longest;
}

/* Gives the values of the longest read their places. */
static enum linear_verdict place_values(const struct history_operation *longest,
                                        struct placed **values, struct linear_finding *finding)
{
    for (size_t i = 0; i < longest->value_count; i++) {
        struct placed *placed = placed_of(values, longest->values[i]);
        if (placed->place != 0)
            return judge_refute(finding, longest->returned,
                                "reads %" PRIu64 " at %zu and again at %zu", placed->value,
                                placed->place, i + 1);
        if (placed->append == NULL)
            return judge_refute(finding, longest->returned,
                                "reads %" PRIu64 ", which nobody appended", placed->value);
        if (placed->append->outcome == HISTORY_FAILED)
            return judge_refute(finding, longest->returned,
                                "reads %" PRIu64 ", whose append (line %" PRIu64 ") failed",
                                placed->value, placed->append->called);
        placed->place = i + 1;
    }
    return LINEAR_YES;
}

static enum linear_verdict compare_reads(const struct history_object *object,
                                         const struct history_operation *longest,
                                         struct linear_finding *finding)
{
    for (size_t i = 0; i < object->count; i++) {
        const struct history_operation *read = &object->operations[i];
        if (!is_read(read))
            continue;
        for (size_t k = 0; k < read->value_count; k++) {
            if (read->values[k] != longest->values[k])
                return judge_refute(finding, read->returned,
                                    "reads %" PRIu64 " at %zu, where line %" PRIu64
                                    " reads %" PRIu64,
                                    read->values[k], k + 1, longest->returned, longest->values[k]);
        }
    }
    return LINEAR_YES;
}

/* False for what did not happen. */
static bool classify(const struct history_operation *operation, struct placed **values,
                     size_t longest, size_t *out)
{
    if (operation->call == HISTORY_LIST) {
        *out = 2 * operation->value_count;
        return operation->outcome == HISTORY_OK;
    }
    size_t place = placed_of(values, operation->value)->place;
    *out = place != 0 ? 2 * place - 1 : 2 * longest + 1;
    return place != 0 || operation->outcome == HISTORY_OK;
}

static int by_class(const void *left, const void *right)
{
    const struct classed *a = left;
    const struct classed *b = right;
    if (a->class_ != b->class_)
        return a->class_ < b->class_ ? -1 : 1;
    return a->operation->called < b->operation->called ? -1 : 1;
}

/* `late` returned before `early` was called, and has to come behind it. */
static enum linear_verdict refute_inversion(const struct history_operation *early,
                                            const struct history_operation *late,
                                            struct linear_finding *finding)
{
    bool early_reads = early->call == HISTORY_LIST;
    bool late_reads = late->call == HISTORY_LIST;
    if (early_reads && late_reads)
        return judge_refute(finding, early->returned,
                            "reads less than line %" PRIu64
                            ", which returned before this was called",
                            late->returned);
    if (early_reads)
        return judge_refute(finding, early->returned,
                            "misses %" PRIu64 ", whose append (line %" PRIu64
                            ") returned before this was called",
                            late->value, late->called);
    if (late_reads)
        return judge_refute(finding, late->returned,
                            "reads %" PRIu64 " before line %" PRIu64 " calls its append",
                            early->value, early->called);
    return judge_refute(finding, late->returned,
                        "appended %" PRIu64 " before %" PRIu64 " was (line %" PRIu64
                        "), and is read behind it",
                        late->value, early->value, early->called);
}

/* When it returned; never, if nobody knows. */
static uint64_t returned(const struct history_operation *operation)
{
    return operation->outcome == HISTORY_UNKNOWN ? UINT64_MAX : operation->returned;
}

/* Nothing may return before something of an earlier class is called. */
static enum linear_verdict check_classes(const struct classed *classed, size_t count,
                                         struct linear_finding *finding)
{
    const struct classed *latest = NULL; /* called last, of earlier classes */
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from; to < count && classed[to].class_ == classed[from].class_; to++) {
            if (latest != NULL && returned(classed[to].operation) < latest->operation->called)
                return refute_inversion(latest->operation, classed[to].operation, finding);
        }
        const struct classed *last = &classed[to - 1];
        if (latest == NULL || last->operation->called > latest->operation->called)
            latest = last;
    }
    return LINEAR_YES;
}

static enum linear_verdict check_order(const struct history_object *object, struct placed **values,
                                       size_t longest, struct linear_finding *finding)
{
    struct classed *classed = vg_alloc((object->count + 1) * sizeof *classed);
    size_t count = 0;
    for (size_t i = 0; i < object->count; i++) {
        classed[count].operation = &object->operations[i];
        if (classify(&object->operations[i], values, longest, &classed[count].class_))
            count++;
    }
    qsort(classed, count, sizeof *classed, by_class);
    enum linear_verdict verdict = check_classes(classed, count, finding);
    free(classed);
    return verdict;
}

enum linear_verdict judge_list(const struct history_object *object, struct linear_finding *finding)
{
    const struct history_operation *longest = longest_read(object);
    struct placed *values = NULL;
    enum linear_verdict verdict = LINEAR_YES;
    for (size_t i = 0; i < object->count; i++)
        if (object->operations[i].call == HISTORY_APPEND)
            placed_of(&values, object->operations[i].value)->append = &object->operations[i];
    if (longest != NULL)
        verdict = place_values(longest, &values, finding);
    if (verdict == LINEAR_YES && longest != NULL)
        verdict = compare_reads(object, longest, finding);
    if (verdict == LINEAR_YES)
        verdict = check_order(object, &values, longest != NULL ? longest->value_count : 0, finding);
    free_placed(values);
    return verdict;
}
