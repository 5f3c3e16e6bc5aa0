/* SPDX-License-Identifier: Apache-2.0
 * Where messages of proto/channel begin and end in a stream of bytes, whatever they hold. */
#ifndef VIGIL_OPS_DRILL_PROXY_RECORDS_H
#define VIGIL_OPS_DRILL_PROXY_RECORDS_H

#include "common/prng.h"
#include "common/types.h"

/* A place in a stream; all zero at its start. */
struct proxy_place {
    uint8_t length[2]; /* of the record, as far as it has come */
    uint32_t length_size;
    uint32_t left; /* of the record, after its length */
};

/* Moves on over bytes. */
void proxy_place_move(struct proxy_place *place, vg_span bytes);

/* How many of these bytes to pass on, if the stream is to end within a record: as chance has it,
 * but never up to the end of one. */
size_t proxy_place_break(const struct proxy_place *place, vg_span bytes, struct vg_prng *prng);

#endif
