/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/proxy/records.h"

#include <assert.h>

static bool is_between_records(const struct proxy_place *place)
{
    return place->length_size == 0;
}

/* One more byte of the length. */
static void take_length(struct proxy_place *place, uint8_t byte)
{
    place->length[place->length_size++] = byte;
    if (place->length_size < sizeof place->length)
        return;
    place->left = (uint32_t)place->length[0] << 8 | place->length[1];
    if (place->left == 0)
        place->length_size = 0;
}

void proxy_place_move(struct proxy_place *place, vg_span bytes)
{
    while (bytes.size > 0) {
        size_t step = 1;
        if (place->length_size < sizeof place->length) {
            take_length(place, bytes.data[0]);
        } else {
            step = bytes.size < place->left ? bytes.size : place->left;
            place->left -= (uint32_t)step;
            if (place->left == 0)
                place->length_size = 0;
        }
        bytes = vg_span_of(bytes.data + step, bytes.size - step);
    }
}

size_t proxy_place_break(const struct proxy_place *place, vg_span bytes, struct vg_prng *prng)
{
    assert(bytes.size > 0);
    struct proxy_place there = *place;
    size_t size = vg_prng_between(prng, 1, bytes.size);
    proxy_place_move(&there, vg_span_of(bytes.data, size));
    return is_between_records(&there) ? size - 1 : size; /* every record has more than one byte */
}
