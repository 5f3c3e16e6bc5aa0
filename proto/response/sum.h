/* SPDX-License-Identifier: Apache-2.0
 * Sums of digests: what a state hash is made of, so that pairs come and go in any order. Internal
 * to proto/response. */
#ifndef VIGIL_PROTO_RESPONSE_SUM_H
#define VIGIL_PROTO_RESPONSE_SUM_H

#include "common/types.h"

/* A number modulo 2^256, least significant lane first. */
struct response_sum {
    uint64_t lanes[4];
};

/* A digest as a little-endian number, and back. */
struct response_sum response_sum_of(const vg_hash *digest);
vg_hash response_sum_digest(const struct response_sum *sum);

void response_sum_add(struct response_sum *sum, const struct response_sum *other);
void response_sum_subtract(struct response_sum *sum, const struct response_sum *other);

#endif
