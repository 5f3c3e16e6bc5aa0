/* SPDX-License-Identifier: Apache-2.0
 * The pairs of one compartment while an entry is applied to it, and the state hash over them: the
 * only way in which the state is written. Internal to proto/response. */
#ifndef VIGIL_PROTO_RESPONSE_PAIRS_H
#define VIGIL_PROTO_RESPONSE_PAIRS_H

#include "proto/response/keys.h"
#include "proto/response/sum.h"

struct response_pairs {
    const struct vg_kv *kv;
    vg_id compartment;
    struct response_sum sum;
};

/* Begins and ends the writing of one compartment; close keeps the state hash. */
void response_pairs_open(struct response_pairs *pairs, const struct vg_kv *kv,
                         const vg_id *compartment);
void response_pairs_close(struct response_pairs *pairs);

/* Inserts, replaces, removes. Keys of another compartment are a defect. */
void response_pairs_put(struct response_pairs *pairs, const struct response_key *key,
                        vg_span value);
void response_pairs_del(struct response_pairs *pairs, const struct response_key *key);

#endif
