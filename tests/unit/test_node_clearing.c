/* SPDX-License-Identifier: Apache-2.0
 * For whom a node makes the next epoch of a compartment, whoever asks: a record opens for those it
 * is wrapped for whether it comes to the log or not. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "node/parts.h"
#include "proto/response/epochs.h"
#include "tests/lib/play.h"

static struct node node = {.self = {1}}; /* without a keyring: nothing is made by it */

/* As an officer's client asks who has everything that can be had: offers that the nodes signed. */
static struct node_query asking(struct play *play, const vg_id *compartment, unsigned holders)
{
    struct node_query query = {.node = &node, .ask = {.id = *compartment}};
    struct desk_order order = play_clearing(play, RESPONSE_OP_CLEAR, compartment, 3, holders);
    struct compartment_epoch epoch;
    const uint8_t *offer = order.command.clearing.offers.data;
    cr_assert_eq(compartment_epoch_decode(order.command.clearing.epoch, &epoch, NULL), VG_OK);
    struct response_epoch now;
    cr_assert(response_epoch_get(&play->desk->machine, compartment, 2, &now));
    for (uint32_t i = 0; i < epoch.wrap_count; i++) {
        const struct compartment_wrap *wrap = &epoch.wraps[i];
        if (wrap->holder.value == COMPARTMENT_RECOVERY)
            continue;
        query.ask.holders[query.ask.holder_count++] = wrap->holder;
        if (compartment_wrap_of(&now.record, wrap->holder) != NULL)
            continue;
        struct api_offer *given = &query.ask.offers[query.ask.offer_count++];
        *given = (struct api_offer){.node = wrap->holder, .unwrap.key = wrap->unwrap};
        memcpy(&given->unwrap.binding, offer, sizeof given->unwrap.binding);
        offer += sizeof given->unwrap.binding;
    }
    return query;
}

/* Nodes 1 and 4 are in apac, 2 in emea, 3 in amer; holders are bits, as in test_rules_clearance. */
Test(node_clearing, a_key_is_wrapped_for_no_node_that_may_not_hold_it)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = desk_request(play.desk, play.desk->time_ms);
    struct desk_order order = play_clearing(&play, RESPONSE_OP_CREATE, &compartment, 1, 0x17);
    order.command.clearing.boundary =
        (struct response_lines){2, {vg_span_text("apac"), vg_span_text("emea")}};
    play_must(&play, order);
    play_must(&play, play_clearing(&play, RESPONSE_OP_REVOKE, &compartment, 2, 0x7));
    static const struct {
        unsigned holders;
        uint64_t evicted; /* meanwhile; 0: nobody */
        enum vg_code code;
        const char *says;
    } cases[] = {
        {0xf, 0, VG_FORBIDDEN, "its key is never wrapped outside"},
        {0x17, 0, VG_CONFLICT, "node 4 was revoked from compartment"},
        {0x7, 2, VG_FORBIDDEN, "node 2 was evicted from this cluster"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i].evicted != 0)
            play_evict(&play, cases[i].evicted);
        struct node_query query = asking(&play, &compartment, cases[i].holders);
        node_clearing_prepare(&query, &play.desk->machine);
        cr_expect_eq(query.error.code, cases[i].code, "case %zu: %s", i, query.error.text);
        cr_expect_not_null(strstr(query.error.text, cases[i].says), "case %zu: %s", i,
                           query.error.text);
        cr_expect_null(query.json);
    }
    play_free(&play);
}

Test(node_clearing, a_node_outside_of_the_boundary_offers_no_key)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = desk_request(play.desk, play.desk->time_ms);
    struct desk_order order = play_clearing(&play, RESPONSE_OP_CREATE, &compartment, 1, 0x7);
    order.command.clearing.boundary =
        (struct response_lines){2, {vg_span_text("apac"), vg_span_text("emea")}};
    play_must(&play, order);
    for (uint64_t self = 1; self <= DESK_NODES; self++) {
        node.self.value = self;
        struct node_query query = {.node = &node, .ask = {.id = compartment}};
        node_clearing_admit(&query, &play.desk->machine);
        cr_expect_eq(query.error.code, self == 3 ? VG_FORBIDDEN : VG_OK, "node %lu: %s", self,
                     query.error.text);
    }
    node.self.value = 1;
    play_free(&play);
}
