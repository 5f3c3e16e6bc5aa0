/* SPDX-License-Identifier: Apache-2.0
 * Memory for secrets: never swapped out, between guard pages, wiped when given back. */
#ifndef VIGIL_COMMON_LOCKED_H
#define VIGIL_COMMON_LOCKED_H

#include "common/error.h"
#include "common/types.h"

/* Zeroed, aligned for any type, and locked; NULL with VG_UNAVAILABLE when the system lets this
 * process lock no more. Free with vg_locked_free. Any thread. */
void *vg_locked_alloc(size_t size, struct vg_error *error);

/* Wipes and frees; NULL is allowed. */
void vg_locked_free(void *memory);

#endif
