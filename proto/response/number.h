/* SPDX-License-Identifier: Apache-2.0
 * Members of structs that tables name by their place and size. Internal to proto/response. */
#ifndef VIGIL_PROTO_RESPONSE_NUMBER_H
#define VIGIL_PROTO_RESPONSE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* The unsigned number of 1, 2, 4 or 8 bytes at a place, and setting it. */
uint64_t response_number_at(const void *member, size_t size);
void response_number_set(void *member, size_t size, uint64_t value);

#endif
