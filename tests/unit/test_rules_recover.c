/* SPDX-License-Identifier: Apache-2.0
 * A compartment whose nodes have lost its key: the next epoch is made by the holders of the
 * recovery key, signed by two key officers, for nodes that have all offered an unwrap key for it.
 */
#include <criterion/criterion.h>

#include "proto/response/clearance.h"
#include "tests/lib/play.h"
#include "tests/lib/sealing.h"

enum { ALL = 0x1f, THREE = 0xf, TWO = 0x7, SECOND = 0x5, LATER = 0x19 };

static bool holds(const struct play *play, const vg_id *compartment, uint64_t node)
{
    return response_epoch_holds(&play->desk->machine, compartment, (vg_node_id){node});
}

static bool owes(const struct play *play, const vg_id *compartment, uint64_t node)
{
    struct response_revoked revoked;
    return response_revoked_get(&play->desk->machine, compartment, (vg_node_id){node}, &revoked);
}

/* The last bytes of a proposed recovery are its override's field: what is proposed is made anew. */
static struct desk_order proposing(struct play *play, const vg_id *compartment, uint64_t epoch,
                                   unsigned holders, const vg_id *reason)
{
    struct desk_order recover =
        play_clearing(play, RESPONSE_OP_RECOVER, compartment, epoch, holders);
    struct desk_order order = play_proposing_recover(play, compartment, epoch, holders);
    recover.command.clearing.override_ = *reason;
    vg_buffer_clear(&play->proposed);
    response_command_encode(&recover.command, &play->proposed);
    order.command.propose.command = vg_buffer_span(&play->proposed);
    return order;
}

Test(recover, two_people_bring_an_epoch_into_force_for_other_nodes_and_for_some_of_before)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = play_create(&play, TWO);
    play_recover(&play, &compartment, 2, LATER);
    cr_assert_eq(response_epoch_in_force(&play.desk->machine, &compartment), 2);
    cr_assert(holds(&play, &compartment, 3) && holds(&play, &compartment, 4));
    cr_assert(!holds(&play, &compartment, 1) && owes(&play, &compartment, 1));
    cr_assert(owes(&play, &compartment, 2) && !owes(&play, &compartment, 3));
    play_recover(&play, &compartment, 3, 0x19);
    cr_assert_eq(response_epoch_in_force(&play.desk->machine, &compartment), 3);
    play_must(&play, play_clearing(&play, RESPONSE_OP_ROTATE, &compartment, 4, LATER));
    play_free(&play);
}

Test(recover, nobody_does_it_alone)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = play_create(&play, TWO);
    cr_assert(play_refuses(&play, play_clearing(&play, RESPONSE_OP_RECOVER, &compartment, 2, TWO),
                           RESPONSE_REFUSED_NEEDS_TWO));
    vg_id proposal = play_must(&play, play_proposing_recover(&play, &compartment, 2, TWO));
    cr_assert(play_refuses(&play, play_approving_in_control(&play, DESK_PRIVACY, &proposal),
                           RESPONSE_REFUSED_SIGNED_ALREADY));
    cr_assert(play_refuses(&play, play_approving_in_control(&play, DESK_OPERATOR, &proposal),
                           RESPONSE_REFUSED_SIGNS_AS_NOTHING));
    cr_assert_eq(response_epoch_in_force(&play.desk->machine, &compartment), 1);
    play_free(&play);
}

/* What was made of an epoch that is in force no longer is for nothing, also when it was proposed in
 * time. */
Test(recover, it_follows_the_epoch_in_force_when_it_is_approved)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = play_create(&play, TWO);
    cr_assert(play_refuses(&play, play_proposing_recover(&play, &compartment, 3, TWO),
                           RESPONSE_REFUSED_EPOCH_BEHIND));
    vg_id proposal = play_must(&play, play_proposing_recover(&play, &compartment, 2, THREE));
    play_must(&play, play_clearing(&play, RESPONSE_OP_ROTATE, &compartment, 2, TWO));
    cr_assert(play_refuses(&play, play_approving_in_control(&play, DESK_LEGAL, &proposal),
                           RESPONSE_REFUSED_EPOCH_BEHIND));
    play_free(&play);
}

Test(recover, every_node_signs_for_it_also_one_that_held_the_key)
{
    struct play play = play_new(RESPONSE_DETECT);
    static const vg_id none;
    vg_id compartment = play_create(&play, TWO);
    struct desk_order recover = play_clearing(&play, RESPONSE_OP_RECOVER, &compartment, 2, TWO);
    struct desk_order order = proposing(&play, &compartment, 2, TWO, &none);
    cr_assert_eq(recover.command.clearing.offers.size, 2 * sizeof(vg_signature));
    recover.command.clearing.offers.size -= sizeof(vg_signature);
    vg_buffer_clear(&play.proposed);
    response_command_encode(&recover.command, &play.proposed);
    order.command.propose.command = vg_buffer_span(&play.proposed);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_OFFERS_DO_NOT_FIT));
    play_free(&play);
}

Test(recover, the_recovery_key_stays_what_it_was)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = play_create(&play, TWO);
    cr_assert(play_refuses(
        &play, play_proposing_recover(&play, &compartment, 2, TWO | SEALING_OWN_RECOVERY),
        RESPONSE_REFUSED_OTHER_HOLDERS));
    play_free(&play);
}

Test(recover, boundary_and_least_number_hold_and_a_reason_overrides_the_number)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = desk_request(play.desk, play.desk->time_ms);
    struct desk_order order = play_clearing(&play, RESPONSE_OP_CREATE, &compartment, 1, TWO);
    order.command.clearing.boundary =
        (struct response_lines){2, {vg_span_text("apac"), vg_span_text("emea")}};
    play_must(&play, order);
    cr_assert(play_refuses(&play, play_proposing_recover(&play, &compartment, 2, THREE),
                           RESPONSE_REFUSED_OUTSIDE_BOUNDARY));
    cr_assert(play_refuses(&play, play_proposing_recover(&play, &compartment, 2, SECOND),
                           RESPONSE_REFUSED_LEFT_BELOW));
    struct desk_order said = play_order(&play, RESPONSE_OP_OVERRIDE);
    said.command.override_.compartment = compartment;
    vg_id reason = play_must(&play, said);
    order = proposing(&play, &compartment, 2, SECOND, &reason);
    vg_id proposal = play_must(&play, order);
    play_must(&play, play_approving_in_control(&play, DESK_LEGAL, &proposal));
    struct response_clearance clearance;
    response_clearance_get(&play.desk->machine, &compartment, &clearance);
    cr_assert(vg_id_equal(&clearance.override_, &reason));
    play_free(&play);
}

Test(recover, neither_the_evicted_nor_who_owes_nor_what_is_shredded_comes_back)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = play_create(&play, THREE), other = play_create(&play, TWO);
    play_must(&play, play_clearing(&play, RESPONSE_OP_REVOKE, &compartment, 2, TWO));
    cr_assert(play_refuses(&play, play_proposing_recover(&play, &compartment, 3, THREE),
                           RESPONSE_REFUSED_STILL_TO_ATTEST));
    play_evict(&play, 4);
    cr_assert(play_refuses(&play, play_proposing_recover(&play, &other, 2, ALL),
                           RESPONSE_REFUSED_HOLDER_EVICTED));
    play_shred(&play, &other, 1);
    cr_assert(play_refuses(&play, play_proposing_recover(&play, &other, 2, THREE),
                           RESPONSE_REFUSED_SHREDDED));
    play_free(&play);
}
