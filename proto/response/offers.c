/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/offers.h"

#include "proto/response/clearance.h"
#include "proto/response/incident.h"

static bool wraps(const struct response_offer *offer, vg_span record)
{
    struct compartment_epoch epoch;
    if (compartment_epoch_decode(record, &epoch, NULL) != VG_OK ||
        !vg_id_equal(&epoch.compartment, &offer->compartment))
        return false;
    const struct compartment_wrap *wrap = compartment_wrap_of(&epoch, offer->node);
    return wrap != NULL && memcmp(&wrap->unwrap, &offer->key, sizeof offer->key) == 0;
}

bool response_offer_is_in(const struct response_offer *offer, vg_span command)
{
    struct response_command made;
    if (response_command_decode(command, &made, NULL) != VG_OK)
        return false;
    if (made.op == RESPONSE_OP_PROPOSE &&
        response_command_decode(made.propose.command, &made, NULL) != VG_OK)
        return false;
    return response_makes_epoch(made.op) && wraps(offer, made.clearing.epoch);
}

static bool is_open(const struct response_proposal *proposal, uint64_t time_ms)
{
    return proposal->state == RESPONSE_PROPOSAL_OPEN && time_ms <= proposal->expires_at;
}

enum response_offer_use response_offer_use(const struct response_machine *machine,
                                           const struct response_offer *offer, uint64_t time_ms)
{
    static const vg_id control;
    enum response_offer_use use = RESPONSE_OFFER_UNUSED;
    struct response_proposal proposal = {.made_at = 0};
    vg_id after = {.bytes = {0}};
    while (use != RESPONSE_OFFER_WAITS &&
           response_proposal_next(machine, &control, &after, &proposal)) {
        after = proposal.id;
        if (proposal.state == RESPONSE_PROPOSAL_CARRIED ||
            !response_offer_is_in(offer, proposal.command))
            continue;
        use = is_open(&proposal, time_ms) ? RESPONSE_OFFER_WAITS : RESPONSE_OFFER_MISSED;
    }
    return use;
}
