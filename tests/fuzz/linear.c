/* SPDX-License-Identifier: Apache-2.0
 * The checker of histories against trying every order: bytes are the operations of a small history
 * and what they answered, true or not. */
#include "ops/drill/check/linear.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/orders.h"

struct small {
    struct history_object object;
    struct history_operation operations[ORDERS_OPERATIONS_MAX];
    uint64_t values[ORDERS_OPERATIONS_MAX][ORDERS_OPERATIONS_MAX];
};

/* A list is asked to append, each time another value, or to list; a register for the rest. */
static void call(struct vg_reader *input, struct small *small, uint64_t line)
{
    size_t i = small->object.count++;
    uint64_t choice = fuzz_below(input, small->object.is_list ? 2 : 3);
    small->operations[i] = (struct history_operation){
        .call =
            (enum history_call)((small->object.is_list ? HISTORY_APPEND : HISTORY_WRITE) + choice),
        .outcome = HISTORY_OPEN,
        .client = i + 1,
        .called = line,
        .value = small->object.is_list ? i + 1 : 1 + fuzz_below(input, 4),
        .values = small->values[i]};
    if (small->operations[i].call == HISTORY_SWAP)
        small->operations[i].expected = fuzz_below(input, 5);
}

static void answer(struct vg_reader *input, struct history_operation *operation, uint64_t line)
{
    operation->returned = line;
    operation->outcome = (enum history_outcome)(HISTORY_OK + fuzz_below(input, 4) % 3);
    bool ok = operation->outcome == HISTORY_OK;
    if (operation->call == HISTORY_LIST && ok) {
        operation->value_count = fuzz_below(input, ORDERS_OPERATIONS_MAX + 1);
        for (size_t i = 0; i < operation->value_count; i++)
            operation->values[i] = 1 + fuzz_below(input, ORDERS_OPERATIONS_MAX + 1);
    } else if (operation->call == HISTORY_READ && ok) {
        operation->value = fuzz_below(input, 5);
    } else if (operation->call == HISTORY_SWAP && operation->outcome == HISTORY_FAILED) {
        operation->found = fuzz_below(input, 2) == 1;
        operation->value = operation->found ? fuzz_below(input, 5) : operation->value;
    }
}

/* Calls and answers in the order of the bytes; what has none by then has none for ever. */
static void make(struct vg_reader *input, struct small *small)
{
    uint64_t line = 2;
    small->object = (struct history_object){.operations = small->operations};
    small->object.is_list = fuzz_below(input, 2) == 0;
    for (; !input->failed; line++) {
        uint64_t choice = fuzz_below(input, 2 * ORDERS_OPERATIONS_MAX);
        if (choice >= ORDERS_OPERATIONS_MAX && small->object.count < ORDERS_OPERATIONS_MAX)
            call(input, small, line);
        else if (choice < small->object.count && small->operations[choice].returned == 0)
            answer(input, &small->operations[choice], line);
    }
    for (size_t i = 0; i < small->object.count; i++) {
        struct history_operation *operation = &small->operations[i];
        operation->outcome = operation->returned == 0 ? HISTORY_UNKNOWN : operation->outcome;
        operation->returned = operation->returned == 0 ? line++ : operation->returned;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct linear_limits plenty = {.memory_max = 1 << 26};
    static struct small small;
    struct linear_finding finding = {0};
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    make(&input, &small);
    if (small.object.count == 0)
        return 0;
    bool expected = orders_exist(&small.object);
    enum linear_verdict verdict = linear_check(&small.object, &plenty, &finding);
    assert(verdict == (expected ? LINEAR_YES : LINEAR_NO));
    assert(expected || finding.text[0] != '\0');
    return 0;
}
