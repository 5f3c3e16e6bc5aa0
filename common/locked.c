/* SPDX-License-Identifier: Apache-2.0 */
#include "common/locked.h"

#include <errno.h>
#include <sodium.h>

enum { ALIGNMENT = _Alignof(max_align_t) };

void *vg_locked_alloc(size_t size, struct vg_error *error)
{
    /* libsodium puts what it gives at the end of a page: aligned if the size is. */
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *memory = sodium_malloc(rounded);
    /* sodium_malloc goes on where it could not lock, so ask again for an answer. */
    if (memory != NULL && sodium_mlock(memory, rounded) == 0)
        return memset(memory, 0, rounded);
    vg_fail(error, VG_UNAVAILABLE,
            "cannot lock %zu bytes of memory for secrets: %s; raise the limit (ulimit -l)", rounded,
            strerror(errno));
    sodium_free(memory);
    return NULL;
}

void vg_locked_free(void *memory)
{
    sodium_free(memory);
}
