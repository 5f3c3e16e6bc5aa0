/* SPDX-License-Identifier: Apache-2.0
 * What a key officer asks of this node's keys: the unwrap key that others may wrap a compartment's
 * key to, and the next epoch of a compartment that it is cleared for. The officer signs that epoch
 * and sees no key of it (docs/compartments.md). */
#include <inttypes.h>
#include <stdio.h>

#include "common/log.h"
#include "common/text.h"
#include "node/parts.h"
#include "proto/response/clearance.h"
#include "proto/response/nodes.h"
#include "proto/response/shred.h"

/* ---- offers ------------------------------------------------------------------------------------
 */

void node_clearing_admit(struct node_query *query, const struct response_machine *machine)
{
    response_require_inside(machine, &query->ask.id, query->node->self, &query->error);
    query->seen = response_cursor(machine);
}

void node_clearing_offer(struct node_query *query)
{
    struct node *node = query->node;
    struct vg_unwrap_key offer;
    char compartment[VG_ID_TEXT];
    const vg_id *id = &query->ask.id;
    const struct vg_since since = {query->seen, query->ask.now_ms};
    if (store_clearances_offers(store_applier_clearances(node->applier), id, &query->error) !=
            VG_OK ||
        keyring_offer(node->keyring, node->config->keyring, node->identity, id, since, &offer,
                      &query->error) != VG_OK)
        return;
    vg_id_format(id, compartment);
    vg_log(VG_LOG_INFO, "unwrap-key-offered", "compartment=%s", compartment);
    query->json = api_text(api_offer(node->self, &offer));
}

/* ---- the next epoch ----------------------------------------------------------------------------
 */

static const struct api_offer *offer_of(const struct api_query *ask, vg_node_id node)
{
    for (uint32_t i = 0; i < ask->offer_count; i++)
        if (vg_node_equal(ask->offers[i].node, node))
            return &ask->offers[i];
    return NULL;
}

/* The unwrap key of a holder, as the log or the node itself gives it. */
static enum vg_code unwrap_of(const struct response_machine *machine, struct node_query *query,
                              const struct compartment_epoch *in_force, vg_node_id holder,
                              vg_box_public *out)
{
    const struct compartment_wrap *wrap = compartment_wrap_of(in_force, holder);
    const struct api_offer *offer = offer_of(&query->ask, holder);
    const vg_id author = response_node_author(holder);
    struct response_person keys;
    if (wrap != NULL) {
        *out = wrap->unwrap;
        return VG_OK;
    }
    if (offer == NULL || !response_author_get(machine, &author, &keys))
        return vg_fail(&query->error, VG_INVALID,
                       "node %" PRIu64 " is no holder of the epoch in force, and has offered no "
                       "unwrap key",
                       holder.value);
    struct vg_unwrap_key unwrap = offer->unwrap;
    unwrap.compartment = in_force->compartment;
    *out = unwrap.key;
    if (vg_unwrap_verify(machine->signer, &unwrap, holder, &keys.keys.key))
        return VG_OK;
    return vg_fail(&query->error, VG_INTEGRITY,
                   "the unwrap key for node %" PRIu64 " is not signed by that node", holder.value);
}

/* The recovery key's and those that are asked for. Each is looked at before the first key is drawn:
 * who asks need not bring the record to the log, which would refuse it. */
static enum vg_code list_holders(const struct response_machine *machine, struct node_query *query,
                                 const struct compartment_epoch *in_force,
                                 struct keyring_holder out[COMPARTMENT_WRAPS_MAX], uint32_t *count)
{
    const vg_node_id recovery = {COMPARTMENT_RECOVERY};
    enum vg_code code = unwrap_of(machine, query, in_force, recovery, &out[0].unwrap);
    out[0].node = recovery;
    *count = 1;
    for (uint32_t i = 0; code == VG_OK && i < query->ask.holder_count; i++) {
        struct keyring_holder *holder = &out[(*count)++];
        holder->node = query->ask.holders[i];
        code = response_require_fit(machine, &in_force->compartment, holder->node, &query->error);
        if (code == VG_OK)
            code = unwrap_of(machine, query, in_force, holder->node, &holder->unwrap);
    }
    return code;
}

/* One that is to lose its clearance would know the key that is made against it. */
static bool stays(const struct node_query *query)
{
    for (uint32_t i = 0; i < query->ask.holder_count; i++)
        if (vg_node_equal(query->ask.holders[i], query->node->self))
            return true;
    return false;
}

static enum vg_code find_in_force(const struct response_machine *machine, struct node_query *query,
                                  struct response_epoch *out)
{
    const vg_id *id = &query->ask.id;
    char compartment[VG_ID_TEXT];
    uint64_t in_force = response_epoch_in_force(machine, id);
    uint64_t shredded = response_shredded_at(machine, id);
    vg_id_format(id, compartment);
    if (shredded > 0)
        return api_is_shredded(compartment, shredded, &query->error);
    if (in_force == 0 || !response_epoch_get(machine, id, in_force, out))
        return vg_fail(&query->error, VG_NOT_FOUND, "compartment %s is in clear: it has no key",
                       compartment);
    if (stays(query) && compartment_wrap_of(&out->record, query->node->self) != NULL)
        return VG_OK;
    return vg_fail(&query->error, VG_UNAVAILABLE,
                   "node %" PRIu64 " is not cleared for compartment %s before and after; ask one "
                   "that is",
                   query->node->self.value, compartment);
}

void node_clearing_prepare(struct node_query *query, const struct response_machine *machine)
{
    struct node *node = query->node;
    struct response_epoch in_force;
    struct compartment_epoch next;
    struct keyring_holder holders[COMPARTMENT_WRAPS_MAX];
    uint32_t count;
    char compartment[VG_ID_TEXT];
    if (find_in_force(machine, query, &in_force) != VG_OK ||
        list_holders(machine, query, &in_force.record, holders, &count) != VG_OK ||
        keyring_next_epoch(node->keyring, &machine->cluster, &in_force.record, holders, count,
                           &next, &query->error) != VG_OK)
        return;
    vg_id_format(&query->ask.id, compartment);
    vg_log(VG_LOG_INFO, "epoch-prepared", "compartment=%s epoch=%" PRIu64, compartment, next.epoch);
    query->json = api_text(api_prepared(node->self, &next));
}
