/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/proxy/terms.h"

#include <assert.h>

enum { US_PER_S = 1000000 };

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static size_t fewer(size_t a, size_t b)
{
    return a < b ? a : b;
}

void proxy_terms_worsen(struct proxy_terms *terms, const struct proxy_terms *by)
{
    terms->cut = terms->cut || by->cut;
    terms->stalled = terms->stalled || by->stalled;
    terms->delay_us += by->delay_us;
    terms->jitter_us += by->jitter_us;
    if (terms->bytes_per_s == 0 || (by->bytes_per_s > 0 && by->bytes_per_s < terms->bytes_per_s))
        terms->bytes_per_s = by->bytes_per_s;
}

uint64_t proxy_due_us(const struct proxy_terms *terms, struct vg_prng *prng, uint64_t now_us,
                      uint64_t last_us)
{
    uint64_t more_us = terms->jitter_us > 0 ? vg_prng_between(prng, 0, terms->jitter_us) : 0;
    return later(now_us + terms->delay_us + more_us, last_us);
}

size_t proxy_allowed(const struct proxy_terms *terms, uint64_t busy_us, uint64_t now_us,
                     size_t wanted)
{
    assert(wanted > 0);
    wanted = fewer(wanted, PROXY_CHUNK_MAX);
    if (terms->bytes_per_s == 0)
        return wanted;
    if (busy_us > now_us)
        return 0;
    uint64_t burst = terms->bytes_per_s * PROXY_BURST_US / US_PER_S;
    return fewer(wanted, (size_t)later(burst, 1));
}

uint64_t proxy_busy_us(const struct proxy_terms *terms, uint64_t busy_us, uint64_t now_us,
                       size_t size)
{
    assert(size <= PROXY_CHUNK_MAX);
    if (terms->bytes_per_s == 0)
        return now_us;
    uint64_t since_us = now_us > PROXY_BURST_US ? now_us - PROXY_BURST_US : 0;
    return later(busy_us, since_us) + size * US_PER_S / terms->bytes_per_s;
}
