/* SPDX-License-Identifier: Apache-2.0
 * A valid command of each operation, every field said. */
#ifndef VIGIL_TESTS_LIB_EXAMPLE_H
#define VIGIL_TESTS_LIB_EXAMPLE_H

#include "proto/response/fields.h"

/* Its spans borrow static memory. It decodes; the rules may refuse it. */
struct response_command example_command(enum response_op op);

/* Gives one field its value in example_command. */
void example_field(const struct response_field *field, struct response_command *command);

#endif
