/* SPDX-License-Identifier: Apache-2.0
 * Histories of one object judged by trying every order there is: what the checker of histories is
 * held to. For a few operations alone. */
#ifndef VIGIL_TESTS_LIB_ORDERS_H
#define VIGIL_TESTS_LIB_ORDERS_H

#include "ops/drill/check/history.h"

enum { ORDERS_OPERATIONS_MAX = 7 };

/* What an object is after some operations. A register keeps all it had; the last is its value. */
struct orders_state {
    uint64_t values[ORDERS_OPERATIONS_MAX + 1];
    size_t count;
};

/* The value of a register, 0 for none. */
uint64_t orders_register(const struct orders_state *state);

/* Whether an order of the object's operations explains their answers and respects real time; at
 * most ORDERS_OPERATIONS_MAX of them, each with a value list of at most as many. */
bool orders_exist(const struct history_object *object);

#endif
