/* SPDX-License-Identifier: Apache-2.0
 * What a link between two nodes does to the bytes of one direction, and when: arithmetic alone.
 * Times are microseconds of one clock. */
#ifndef VIGIL_OPS_DRILL_PROXY_TERMS_H
#define VIGIL_OPS_DRILL_PROXY_TERMS_H

#include "common/limits.h"
#include "common/prng.h"
#include "common/types.h"

enum {
    PROXY_CHUNK_MAX = 64 * 1024, /* bytes handed on at a time */
    PROXY_BURST_US = 20000,      /* of a throttled link: what it may catch up with at once */
};

/* All zero: a link that passes everything on at once. */
struct proxy_terms {
    bool cut;     /* what is sent is held, and comes late when the link is whole again */
    bool stalled; /* connections are accepted; nothing is taken from them, nothing passed on */
    uint64_t delay_us;
    uint64_t jitter_us;   /* up to so much later still, by chance */
    uint64_t bytes_per_s; /* 0: as fast as it goes */
};

/* The terms of every link of a cluster: from, to, as places of nodes. */
struct proxy_mesh {
    struct proxy_terms links[VG_NODES_MAX][VG_NODES_MAX];
};

/* Both together: delays add up, the lower rate counts. */
void proxy_terms_worsen(struct proxy_terms *terms, const struct proxy_terms *by);

/* When bytes that come now are to go on: never before those that came earlier, at `last_us`. */
uint64_t proxy_due_us(const struct proxy_terms *terms, struct vg_prng *prng, uint64_t now_us,
                      uint64_t last_us);

/* How many of `wanted` bytes may go now over a link that is busy until `busy_us`; 0: none before
 * then. */
size_t proxy_allowed(const struct proxy_terms *terms, uint64_t busy_us, uint64_t now_us,
                     size_t wanted);

/* Until when the link is busy after `size` bytes that go now. */
uint64_t proxy_busy_us(const struct proxy_terms *terms, uint64_t busy_us, uint64_t now_us,
                       size_t size);

#endif
