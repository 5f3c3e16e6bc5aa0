/* SPDX-License-Identifier: Apache-2.0
 * What becomes of an unwrap key that a node has offered: whoever has its secret opens each record
 * that was ever wrapped to it, and by its chain all before, also a record that never came into
 * force (docs/compartments.md, "Offers"). */
#ifndef VIGIL_PROTO_RESPONSE_OFFERS_H
#define VIGIL_PROTO_RESPONSE_OFFERS_H

#include "proto/response/epochs.h"

struct response_offer {
    vg_id compartment;
    vg_node_id node;
    vg_box_public key;
    uint64_t index;   /* as of which it was made: entries up to there do not know of it */
    uint64_t time_ms; /* log time of that */
};

/* Whether a record in this encoded command, or in the one that it proposes, wraps for the offer. */
bool response_offer_is_in(const struct response_offer *offer, vg_span command);

enum response_offer_use {
    RESPONSE_OFFER_UNUSED, /* no proposal wraps for it */
    RESPONSE_OFFER_WAITS,  /* one does that can still be approved */
    RESPONSE_OFFER_MISSED, /* those that did were rejected, or have expired by then */
};

/* What the proposals that are kept make of it, at this log time, ms since 1970. */
enum response_offer_use response_offer_use(const struct response_machine *machine,
                                           const struct response_offer *offer, uint64_t time_ms);

#endif
