/* SPDX-License-Identifier: Apache-2.0
 * vigild and vigil that count their nonces from one in each process, as they must not:
 * cluster/nonces has to notice. Whatever else is drawn is random. */
#include <stdatomic.h>
#include <string.h>

#include "common/cipher.h"
#include "common/identity.h"

static atomic_uint_least64_t drawn;

void __real_vg_random(void *bytes, size_t size);
void __wrap_vg_random(void *bytes, size_t size);

void __wrap_vg_random(void *bytes, size_t size)
{
    if (size != VG_NONCE_SIZE) {
        __real_vg_random(bytes, size);
        return;
    }
    uint64_t number = atomic_fetch_add(&drawn, 1) + 1;
    memset(bytes, 0, size);
    memcpy(bytes, &number, sizeof number);
}
