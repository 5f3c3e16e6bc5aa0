/* SPDX-License-Identifier: Apache-2.0
 * Who is cleared for a compartment: created, granted, revoked, attested, and why there may be fewer
 * nodes than there should be. Holders are bits: 1 the recovery key's, 2 node 1's, and so on. */
#include <criterion/criterion.h>

#include "proto/response/clearance.h"
#include "tests/lib/play.h"

enum { ALL = 0x1f, THREE = 0xf, TWO = 0x7, ONE = 0x3, SECOND = 0x5 };

static const vg_node_id one = {1}, three = {3};

static bool holds(const struct play *play, const vg_id *compartment, vg_node_id node)
{
    return response_epoch_holds(&play->desk->machine, compartment, node);
}

static bool revoked(const struct play *play, const vg_id *compartment, vg_node_id node,
                    struct response_revoked *out)
{
    return response_revoked_get(&play->desk->machine, compartment, node, out);
}

static void clear(struct play *play, enum response_op op, const vg_id *compartment, uint64_t epoch,
                  unsigned holders)
{
    vg_id answered = play_must(play, play_clearing(play, op, compartment, epoch, holders));
    cr_assert(vg_id_equal(&answered, compartment));
    cr_assert_eq(response_epoch_in_force(&play->desk->machine, compartment), epoch);
}

static struct desk_order attestation(const struct play *play, const vg_id *compartment,
                                     uint64_t epoch)
{
    struct desk_order order = play_order(play, RESPONSE_OP_DESTROYED);
    order.command.destroyed.compartment = *compartment;
    order.command.destroyed.epoch = epoch;
    return order;
}

static struct response_clearance clearance_of(const struct play *play, const vg_id *compartment)
{
    struct response_clearance clearance;
    response_clearance_get(&play->desk->machine, compartment, &clearance);
    return clearance;
}

Test(clearance, a_compartment_is_sealed_from_its_first_entry_for_whom_it_is_created)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = play_create(&play, TWO);
    cr_assert(holds(&play, &compartment, one));
    cr_assert_not(holds(&play, &compartment, three));
    vg_node_id nodes[VG_NODES_MAX];
    cr_assert_eq(response_epoch_nodes(&play.desk->machine, &compartment, nodes), 2);
    cr_assert(nodes[0].value == 1 && nodes[1].value == 2, "and the recovery key is none");
    vg_id none = desk_request(play.desk, play.desk->time_ms);
    cr_assert_eq(response_epoch_nodes(&play.desk->machine, &none, nodes), 0);
    cr_assert_eq(clearance_of(&play, &compartment).min_cleared, 2);
    struct desk_order label = play_order(&play, RESPONSE_OP_LABEL);
    label.person = DESK_PRIVACY;
    label.command.label.compartment = compartment;
    label.command.label.name = vg_span_text("apac");
    play_must(&play, label);
    struct desk_order detect = play_order(&play, RESPONSE_OP_DETECT);
    struct response_outcome outcome;
    detect.compartment = compartment;
    detect.person = DESK_INTEGRATION;
    struct vg_blob *entry = desk_append(play.desk, &detect);
    cr_assert_eq(desk_apply(play.desk, entry, &outcome), RESPONSE_APPLIED_OUTCOME);
    play_free(&play);
}

Test(clearance, a_compartment_is_created_once_and_of_nothing_there_is)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = desk_request(play.desk, play.desk->time_ms);
    struct desk_order order = play_clearing(&play, RESPONSE_OP_CREATE, &compartment, 1, TWO);
    cr_assert_not(desk_send(play.desk, &order).repeated);
    cr_assert(desk_send(play.desk, &order).repeated);
    vg_id labelled = desk_request(play.desk, play.desk->time_ms);
    struct desk_order label = play_order(&play, RESPONSE_OP_LABEL);
    label.command.label.compartment = labelled;
    label.command.label.name = vg_span_text("in clear before");
    play_must(&play, label);
    cr_assert(play_refuses(&play, play_clearing(&play, RESPONSE_OP_CREATE, &labelled, 1, TWO),
                           RESPONSE_REFUSED_ID_TAKEN));
    play_free(&play);
}

Test(clearance, a_grant_adds_and_keeps_and_signs_for_the_new_alone)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = play_create(&play, TWO);
    cr_assert(play_refuses(&play, play_clearing(&play, RESPONSE_OP_CLEAR, &compartment, 2, 0xb),
                           RESPONSE_REFUSED_OTHER_HOLDERS),
              "for another instead");
    struct desk_order nobody = play_clearing(&play, RESPONSE_OP_CLEAR, &compartment, 2, TWO);
    nobody.command.clearing.offers = vg_span_text("-");
    cr_assert(play_refuses(&play, nobody, RESPONSE_REFUSED_OTHER_HOLDERS), "for nobody");
    cr_assert(play_refuses(&play, play_clearing(&play, RESPONSE_OP_CLEAR, &compartment, 2, 0x27),
                           RESPONSE_REFUSED_NO_NODE));
    clear(&play, RESPONSE_OP_CLEAR, &compartment, 2, ALL);
    cr_assert(holds(&play, &compartment, three));
    play_free(&play);
}

/* Each bit of what a node signs counts; so do its key, its node and its compartment. */
Test(clearance, a_grant_to_an_unwrap_key_that_the_node_did_not_sign_is_refused)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = play_create(&play, TWO), other = play_create(&play, TWO);
    static uint8_t offer[sizeof(vg_signature)];
    struct desk_order order = play_clearing(&play, RESPONSE_OP_CLEAR, &compartment, 2, THREE);
    memcpy(offer, order.command.clearing.offers.data, sizeof offer);
    for (size_t bit = 0; bit < 8 * sizeof offer; bit += 37) {
        offer[bit / 8] ^= (uint8_t)(1U << bit % 8);
        order.command.clearing.offers = vg_span_of(offer, sizeof offer);
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_OFFER_UNSIGNED), "bit %zu", bit);
        offer[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    order = play_clearing(&play, RESPONSE_OP_CLEAR, &other, 2, THREE);
    order.command.clearing.offers = vg_span_of(offer, sizeof offer);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_OFFER_UNSIGNED), "of another");
    order = play_clearing(&play, RESPONSE_OP_CLEAR, &compartment, 2, THREE);
    play_must(&play, order);
    play_free(&play);
}

Test(clearance, a_revoked_node_attests_once_and_is_cleared_again_after_that_alone)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_revoked owes;
    vg_id compartment = play_create(&play, ALL);
    clear(&play, RESPONSE_OP_REVOKE, &compartment, 2, 0x1d);
    cr_assert_not(holds(&play, &compartment, one));
    cr_assert(revoked(&play, &compartment, one, &owes));
    cr_assert(owes.epoch == 2 && owes.attested == 0 &&
              owes.index == ledger_tail_last(play.desk->log));
    cr_assert(play_refuses(&play, play_clearing(&play, RESPONSE_OP_CLEAR, &compartment, 3, ALL),
                           RESPONSE_REFUSED_STILL_TO_ATTEST));
    cr_assert(
        play_refuses(&play, attestation(&play, &compartment, 1), RESPONSE_REFUSED_OWES_NOTHING),
        "of another revocation");
    play_must(&play, attestation(&play, &compartment, 2));
    struct desk_order again = attestation(&play, &compartment, 2);
    cr_assert(desk_send(play.desk, &again).repeated);
    cr_assert(revoked(&play, &compartment, one, &owes));
    cr_assert_eq(owes.attested, ledger_tail_last(play.desk->log) - 1);
    clear(&play, RESPONSE_OP_CLEAR, &compartment, 3, ALL);
    cr_assert_not(revoked(&play, &compartment, one, &owes));
    cr_assert(
        play_refuses(&play, attestation(&play, &compartment, 2), RESPONSE_REFUSED_HOLDS_STILL));
    play_free(&play);
}

Test(clearance, whoever_is_evicted_is_left_out_by_every_new_epoch_and_owes_what_it_cannot_give)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_revoked owes;
    vg_id compartment = play_create(&play, THREE);
    play_evict(&play, 3);
    cr_assert(play_refuses(&play, play_clearing(&play, RESPONSE_OP_CLEAR, &compartment, 2, ALL),
                           RESPONSE_REFUSED_OTHER_HOLDERS));
    clear(&play, RESPONSE_OP_ROTATE, &compartment, 2, TWO);
    cr_assert(revoked(&play, &compartment, three, &owes));
    cr_assert_eq(owes.attested, 0);
    play_free(&play);
}

Test(clearance, those_who_owe_are_listed_by_compartment_and_node)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_revoked owes = {.epoch = 0};
    vg_id compartment = play_create(&play, ALL), other = play_create(&play, ALL);
    clear(&play, RESPONSE_OP_REVOKE, &other, 2, THREE);
    clear(&play, RESPONSE_OP_REVOKE, &compartment, 2, 0x15);
    cr_assert(response_revoked_next(&play.desk->machine, &compartment, &owes));
    cr_assert_eq(owes.node.value, 1);
    cr_assert(response_revoked_next(&play.desk->machine, &compartment, &owes));
    cr_assert_eq(owes.node.value, 3);
    cr_assert_not(response_revoked_next(&play.desk->machine, &compartment, &owes));
    play_free(&play);
}

/* ---- enough of them ----------------------------------------------------------------------------
 */

static vg_id overriding(struct play *play, const vg_id *compartment, const char *reason)
{
    struct desk_order order = play_order(play, RESPONSE_OP_OVERRIDE);
    order.command.override_.compartment = *compartment;
    order.command.override_.reason = vg_span_text(reason);
    return play_must(play, order);
}

Test(clearance, fewer_than_the_least_takes_a_reason_that_stays_until_there_are_enough)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_override given;
    vg_id compartment = play_create(&play, THREE), other = play_create(&play, TWO);
    struct desk_order order = play_clearing(&play, RESPONSE_OP_REVOKE, &compartment, 2, SECOND);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_LEFT_BELOW));
    order.command.clearing.override_ = overriding(&play, &other, "of another");
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_OVERRIDE), "of another compartment");
    vg_id reason = overriding(&play, &compartment, "the site is lost");
    order.command.clearing.override_ = reason;
    play_must(&play, order);
    vg_id kept = clearance_of(&play, &compartment).override_;
    cr_assert(vg_id_equal(&kept, &reason));
    cr_assert(response_override_get(&play.desk->machine, &reason, &given));
    cr_assert(play_says(given.reason, "the site is lost"));
    vg_id author = desk_author(play.desk, DESK_PRIVACY);
    cr_assert(vg_id_equal(&given.author, &author));
    clear(&play, RESPONSE_OP_ROTATE, &compartment, 3, SECOND);
    kept = clearance_of(&play, &compartment).override_;
    cr_assert(vg_id_equal(&kept, &reason), "still fewer");
    clear(&play, RESPONSE_OP_CLEAR, &compartment, 4, 0x15);
    kept = clearance_of(&play, &compartment).override_;
    cr_assert(vg_id_is_zero(&kept));
    play_free(&play);
}

/* Nodes 1 and 4 are in apac, 2 in emea, 3 in amer. */
Test(clearance, two_nodes_of_one_region_are_fewer_than_two_of_two)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id fresh = desk_request(play.desk, play.desk->time_ms);
    cr_assert(play_refuses(&play, play_clearing(&play, RESPONSE_OP_CREATE, &fresh, 1, 0x13),
                           RESPONSE_REFUSED_CREATED_BELOW));
    cr_assert(strstr(play.refused.error.text,
                     "with 2 nodes in 1 region, and 2 nodes in 2 regions") != NULL,
              "%s", play.refused.error.text);
    vg_id compartment = play_create(&play, 0x17);
    cr_assert(play_refuses(&play, play_clearing(&play, RESPONSE_OP_REVOKE, &compartment, 2, 0x13),
                           RESPONSE_REFUSED_LEFT_BELOW));
    play_free(&play);
}

/* Nor one that the log had before the epoch: there were enough again in between. */
Test(clearance, a_reason_is_for_one_change)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = play_create(&play, TWO);
    vg_id used = overriding(&play, &compartment, "the site of node 1 is lost");
    vg_id unused = overriding(&play, &compartment, "the site of node 1 is lost indeed");
    struct desk_order order = play_clearing(&play, RESPONSE_OP_REVOKE, &compartment, 2, SECOND);
    order.command.clearing.override_ = used;
    play_must(&play, order);
    clear(&play, RESPONSE_OP_CLEAR, &compartment, 3, 0xd);
    order = play_clearing(&play, RESPONSE_OP_REVOKE, &compartment, 4, 0x9);
    order.command.clearing.override_ = used;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_OVERRIDE));
    order.command.clearing.override_ = unused;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_OVERRIDE));
    order.command.clearing.override_ = overriding(&play, &compartment, "and that of node 2");
    play_must(&play, order);
    play_free(&play);
}

/* Node 2 is the only one in emea. */
Test(clearance, who_is_evicted_does_not_count_among_those_there_could_be)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id fresh = desk_request(play.desk, play.desk->time_ms);
    struct desk_order order = play_clearing(&play, RESPONSE_OP_CREATE, &fresh, 1, 0x13);
    order.command.clearing.boundary =
        (struct response_lines){2, {vg_span_text("apac"), vg_span_text("emea")}};
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_CREATED_BELOW));
    play_evict(&play, 2);
    order.request = desk_request(play.desk, play.desk->time_ms);
    struct desk_order again = play_clearing(&play, RESPONSE_OP_CREATE, &order.request, 1, 0x13);
    again.command.clearing.boundary = order.command.clearing.boundary;
    play_must(&play, again);
    play_free(&play);
}

Test(clearance, a_boundary_holds_at_creation_and_at_every_grant)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = desk_request(play.desk, play.desk->time_ms);
    struct desk_order order = play_clearing(&play, RESPONSE_OP_CREATE, &compartment, 1, 0x13);
    order.command.clearing.boundary = (struct response_lines){1, {vg_span_text("apac")}};
    play_must(&play, order); /* of one region, where there are no two */
    struct response_clearance clearance = clearance_of(&play, &compartment);
    cr_assert(clearance.region_count == 1 && strcmp(clearance.boundary[0], "apac") == 0);
    cr_assert(play_refuses(&play, play_clearing(&play, RESPONSE_OP_CLEAR, &compartment, 2, 0x1b),
                           RESPONSE_REFUSED_OUTSIDE_BOUNDARY));
    play_free(&play);
}

/* What a node asks before it wraps a key: the sentence is that of the refusal. */
Test(clearance, who_may_be_a_holder_is_known_before_there_is_a_record)
{
    struct play play = play_new(RESPONSE_DETECT);
    const struct response_machine *machine = &play.desk->machine;
    vg_id compartment = desk_request(play.desk, play.desk->time_ms);
    struct desk_order order = play_clearing(&play, RESPONSE_OP_CREATE, &compartment, 1, 0x17);
    order.command.clearing.boundary =
        (struct response_lines){2, {vg_span_text("apac"), vg_span_text("emea")}};
    play_must(&play, order);
    clear(&play, RESPONSE_OP_REVOKE, &compartment, 2, TWO); /* node 4 */
    vg_id other = play_create(&play, ALL);
    play_evict(&play, 2);
    const struct {
        const vg_id *compartment;
        uint64_t node;
        enum vg_code code;
        const char *says;
    } cases[] = {
        {&compartment, 1, VG_OK, ""},
        {&compartment, 2, VG_FORBIDDEN, "node 2 was evicted"},
        {&compartment, 3, VG_FORBIDDEN, "node 3 is in region amer"},
        {&compartment, 4, VG_CONFLICT, "node 4 was revoked"},
        {&compartment, 5, VG_NOT_FOUND, "the cluster has no node 5"},
        {&other, 3, VG_OK, ""},
        {&other, 4, VG_OK, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        vg_node_id node = {cases[i].node};
        struct vg_error why = {.code = VG_OK};
        cr_expect_eq(response_require_fit(machine, cases[i].compartment, node, &why), cases[i].code,
                     "case %zu: %s", i, why.text);
        cr_expect_not_null(strstr(why.text, cases[i].says), "case %zu: %s", i, why.text);
        why = (struct vg_error){.code = VG_OK};
        cr_expect_eq(response_require_inside(machine, cases[i].compartment, node, &why) == VG_OK,
                     i != 2 && i != 4, "case %zu: %s", i, why.text);
    }
    play_free(&play);
}

Test(clearance, a_reason_is_its_authors)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = play_create(&play, TWO);
    vg_id reason = overriding(&play, &compartment, "the site is lost");
    play_third_officer(&play);
    struct desk_order order = play_clearing(&play, RESPONSE_OP_REVOKE, &compartment, 2, ONE);
    order.person = DESK_NEWCOMER;
    order.command.clearing.override_ = reason;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_OVERRIDE));
    play_free(&play);
}

Test(clearance, a_compartment_never_loses_its_last_node_nor_the_directory_any)
{
    struct play play = play_new(RESPONSE_DETECT);
    const vg_id *directory = &play.desk->genesis.directory;
    vg_id compartment = play_create(&play, TWO);
    struct desk_order order = play_clearing(&play, RESPONSE_OP_REVOKE, &compartment, 2, 0x1);
    order.command.clearing.override_ = overriding(&play, &compartment, "whatever it takes");
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_HOLDER));
    order = play_clearing(&play, RESPONSE_OP_REVOKE, directory, 2, ONE);
    order.command.clearing.override_ = overriding(&play, directory, "whatever it takes");
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_DIRECTORY_IS_FOR_ALL));
    play_free(&play);
}
