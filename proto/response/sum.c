/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/sum.h"

struct response_sum response_sum_of(const vg_hash *digest)
{
    struct response_sum sum = {{0}};
    for (size_t i = 0; i < sizeof digest->bytes; i++)
        sum.lanes[i / 8] |= (uint64_t)digest->bytes[i] << (8 * (i % 8));
    return sum;
}

vg_hash response_sum_digest(const struct response_sum *sum)
{
    vg_hash digest;
    for (size_t i = 0; i < sizeof digest.bytes; i++)
        digest.bytes[i] = (uint8_t)(sum->lanes[i / 8] >> (8 * (i % 8)));
    return digest;
}

void response_sum_add(struct response_sum *sum, const struct response_sum *other)
{
    uint64_t carry = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t with_carry = sum->lanes[i] + carry;
        carry = with_carry < carry;
        sum->lanes[i] = with_carry + other->lanes[i];
        carry += sum->lanes[i] < with_carry;
    }
}

void response_sum_subtract(struct response_sum *sum, const struct response_sum *other)
{
    struct response_sum negative;
    uint64_t carry = 1;
    for (int i = 0; i < 4; i++) {
        negative.lanes[i] = ~other->lanes[i] + carry;
        carry = carry != 0 && negative.lanes[i] == 0;
    }
    response_sum_add(sum, &negative);
}
