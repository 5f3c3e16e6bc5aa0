/* SPDX-License-Identifier: Apache-2.0
 * vigild and vigil that draw their nonces from a generator which starts with the same seed in each
 * process, as one that was copied with a machine would: cluster/nonces has to notice. Whatever else
 * is drawn is random. */
#include <pthread.h>

#include "common/cipher.h"
#include "common/identity.h"
#include "common/prng.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct vg_prng prng;
static bool seeded;

void __real_vg_random(void *bytes, size_t size);
void __wrap_vg_random(void *bytes, size_t size);

void __wrap_vg_random(void *bytes, size_t size)
{
    if (size != VG_NONCE_SIZE) {
        __real_vg_random(bytes, size);
        return;
    }
    pthread_mutex_lock(&lock);
    if (!seeded)
        prng = vg_prng_seed(1);
    seeded = true;
    vg_prng_fill(&prng, bytes, size);
    pthread_mutex_unlock(&lock);
}
