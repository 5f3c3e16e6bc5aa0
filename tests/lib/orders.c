/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/orders.h"

#include <string.h>

uint64_t orders_register(const struct orders_state *state)
{
    return state->count == 0 ? 0 : state->values[state->count - 1];
}

/* Carries an operation out; false if it cannot have answered so. A register keeps all it had. */
static bool carry_out(const struct history_operation *operation, struct orders_state *state)
{
    bool failed = operation->outcome == HISTORY_FAILED;
    switch (operation->call) {
    case HISTORY_APPEND:
    case HISTORY_WRITE:
        break;
    case HISTORY_LIST:
        return operation->value_count == state->count &&
               memcmp(operation->values, state->values, state->count * sizeof(uint64_t)) == 0;
    case HISTORY_READ:
        return operation->value == orders_register(state);
    case HISTORY_SWAP:
        if (failed)
            return operation->value == orders_register(state);
        if (operation->expected != orders_register(state))
            return false;
        break;
    }
    state->values[state->count++] = operation->value;
    return true;
}

static bool is_certain(const struct history_operation *operation)
{
    return operation->outcome != HISTORY_UNKNOWN;
}

/* An operation that says nothing of any order. */
static bool is_silent(const struct history_operation *operation)
{
    bool reads = operation->call == HISTORY_LIST || operation->call == HISTORY_READ;
    return (operation->outcome == HISTORY_FAILED && !operation->found) ||
           (reads && !is_certain(operation));
}

/* Whether what is left can follow, in an order that respects real time. */
static bool can_follow(const struct history_object *object, unsigned left,
                       const struct orders_state *state)
{
    uint64_t first_return = UINT64_MAX;
    bool certain = false;
    for (size_t i = 0; i < object->count; i++) {
        if ((left >> i & 1) == 0 || !is_certain(&object->operations[i]))
            continue;
        certain = true;
        if (object->operations[i].returned < first_return)
            first_return = object->operations[i].returned;
    }
    if (!certain)
        return true;
    for (size_t i = 0; i < object->count; i++) {
        struct orders_state next = *state;
        if ((left >> i & 1) != 0 && object->operations[i].called < first_return &&
            carry_out(&object->operations[i], &next) &&
            can_follow(object, left & ~(1U << i), &next))
            return true;
    }
    return false;
}

bool orders_exist(const struct history_object *object)
{
    struct orders_state state = {.count = 0};
    unsigned left = 0;
    for (size_t i = 0; i < object->count; i++)
        if (!is_silent(&object->operations[i]))
            left |= 1U << i;
    return can_follow(object, left, &state);
}
