/* SPDX-License-Identifier: Apache-2.0
 * Bends of commands about epochs and clearances, for test_rules_refusals.c alone, which has BEND
 * and `nothing`. */
#ifndef VIGIL_TESTS_UNIT_REFUSED_EPOCHS_H
#define VIGIL_TESTS_UNIT_REFUSED_EPOCHS_H

BEND(cut_short, order->command.clearing.epoch.size--)
BEND(of_a_compartment_in_clear,
     *order = play_clearing(play, RESPONSE_OP_ROTATE, &play->desk->genesis.first, 1, 0x7))
BEND(the_epoch_after_the_next,
     *order = play_clearing(play, RESPONSE_OP_ROTATE, &play->desk->genesis.directory, 3, 0x7))
BEND(for_the_recovery_key_alone,
     *order = play_clearing(play, RESPONSE_OP_ROTATE, &play->desk->genesis.directory, 2, 0x1))
BEND(under_another_request, order->request = desk_request(play->desk, play->desk->time_ms))
BEND(of_the_directory,
     *order = play_clearing(play, RESPONSE_OP_REVOKE, &play->desk->genesis.directory, 2, 0x3))

static void revoking(struct play *play, struct desk_order *order, unsigned holders)
{
    vg_id compartment = play_create(play, 0x7);
    *order = play_clearing(play, RESPONSE_OP_REVOKE, &compartment, 2, holders);
}
BEND(of_all_nodes, revoking(play, order, 0x1))
BEND(of_all_but_one, revoking(play, order, 0x3))

static void for_a_reason_nobody_gave(struct play *play, struct desk_order *order)
{
    revoking(play, order, 0x3);
    order->command.clearing.override_ = nothing;
}

static void to_an_evicted_node(struct play *play, struct desk_order *order)
{
    play_evict(play, 4);
    *order = play_clearing(play, RESPONSE_OP_CLEAR, &play->desk->genesis.directory, 2, 0x17);
}

static void to_one_that_is_yet_to_attest(struct play *play, struct desk_order *order)
{
    vg_id compartment = play_create(play, 0xf);
    play_must(play, play_clearing(play, RESPONSE_OP_REVOKE, &compartment, 2, 0x7));
    *order = play_clearing(play, RESPONSE_OP_CLEAR, &compartment, 3, 0xf);
}

static void with_a_signature_too_many(struct play *play, struct desk_order *order)
{
    (void)play;
    order->command.clearing.offers.size += sizeof(vg_signature);
}

static void signed_by_another_node(struct play *play, struct desk_order *order)
{
    static vg_signature offer;
    offer =
        sealing_offer(&play->desk->genesis.directory, 3, &play->desk->genesis.members[0].keys.key);
    order->command.clearing.offers = vg_span_of(&offer, sizeof offer);
}

static void bounded_by(struct desk_order *order, const char *region)
{
    order->command.clearing.boundary = (struct response_lines){1, {vg_span_text(region)}};
}
BEND(bounded_by_nowhere, bounded_by(order, "antarctica"))
BEND(bounded_by_one_region, bounded_by(order, "apac"))

static void for_one_node_of_two(struct play *play, struct desk_order *order)
{
    *order = play_clearing(play, RESPONSE_OP_CREATE, &order->request, 1, 0x3);
}

static void by_a_holder(struct play *play, struct desk_order *order)
{
    order->command.destroyed.compartment = play->desk->genesis.directory;
}

/* ---- shredding ---------------------------------------------------------------------------------
 */

/* A compartment of nodes 1 and 2, shredded. */
static vg_id shredded(struct play *play, unsigned more)
{
    vg_id compartment = play_create(play, 0x7 | more);
    play_shred(play, &compartment, 1);
    return compartment;
}

static void of_a_shredded_one(struct play *play, struct desk_order *order)
{
    vg_id compartment = shredded(play, 0);
    *order = play_clearing(play, RESPONSE_OP_CLEAR, &compartment, 2, 0xf);
}

static void shred_twice(struct play *play, struct desk_order *order)
{
    vg_id compartment = shredded(play, 0);
    *order = play_proposing_shred(play, &compartment, 1);
}
BEND(shred_the_directory, *order = play_proposing_shred(play, &play->desk->genesis.directory, 1))

BEND(recover_the_directory,
     *order = play_proposing_recover(play, &play->desk->genesis.directory, 2, 0x7))

static void by_one_who_could_not_sign(struct play *play, struct desk_order *order)
{
    vg_id compartment = play_create(play, 0x7);
    order->command.reject.proposal = play_must(play, play_proposing_shred(play, &compartment, 1));
    order->command.reject.reason = vg_span_text(RESPONSE_NO_REASON);
    order->person = DESK_OPERATOR;
    order->control = true;
}

static void shred_an_epoch_of_before(struct play *play, struct desk_order *order)
{
    vg_id compartment = play_create(play, 0x7);
    vg_id proposal = play_must(play, play_proposing_shred(play, &compartment, 1));
    play_must(play, play_clearing(play, RESPONSE_OP_ROTATE, &compartment, 2, 0x7));
    *order = play_approving_in_control(play, DESK_LEGAL, &proposal);
}

/* What is said of a compartment's recovery key. */
static void recovery_gone(struct play *play, struct desk_order *order, const vg_id *compartment,
                          unsigned holders)
{
    struct compartment_epoch epoch = sealing_epoch_for(compartment, 1, holders);
    vg_box_public key = sealing_recovery(&epoch);
    *order = play_proposing_recovery_gone(play, compartment, &key);
}

static void recovery_of_one_that_is_read(struct play *play, struct desk_order *order)
{
    vg_id compartment = play_create(play, 0x7);
    recovery_gone(play, order, &compartment, 0x7);
}

static void recovery_of_another(struct play *play, struct desk_order *order)
{
    vg_id compartment = shredded(play, 0);
    recovery_gone(play, order, &compartment, 0x7 | SEALING_OWN_RECOVERY);
}

static void recovery_that_is_the_directorys(struct play *play, struct desk_order *order)
{
    vg_id compartment = shredded(play, 0);
    recovery_gone(play, order, &compartment, 0x7);
}

static void recovery_gone_twice(struct play *play, struct desk_order *order)
{
    vg_id compartment = shredded(play, SEALING_OWN_RECOVERY);
    recovery_gone(play, order, &compartment, 0x7 | SEALING_OWN_RECOVERY);
    vg_id proposal = play_must(play, *order);
    play_must(play, play_approving_in_control(play, DESK_LEGAL, &proposal));
    recovery_gone(play, order, &compartment, 0x7 | SEALING_OWN_RECOVERY);
}

static void with_a_recovery_key_that_is_gone(struct play *play, struct desk_order *order)
{
    vg_id compartment = shredded(play, SEALING_OWN_RECOVERY);
    struct compartment_epoch epoch = sealing_epoch_for(&compartment, 1, 0x7 | SEALING_OWN_RECOVERY);
    vg_box_public key = sealing_recovery(&epoch);
    recovery_gone(play, order, &compartment, 0x7 | SEALING_OWN_RECOVERY);
    vg_id proposal = play_must(play, *order);
    play_must(play, play_approving_in_control(play, DESK_LEGAL, &proposal));
    *order = play_creating_with(play, &key);
}

static void by_one_that_never_held(struct play *play, struct desk_order *order)
{
    order->command.destroyed.compartment = play_create(play, 0xd);
}

/* The node that gives commands here is none of its holders. */
static void of_a_compartment_of_others(struct play *play, struct desk_order *order)
{
    enum { TWO_AND_THREE = 0xd };
    struct desk_order label = play_order(play, RESPONSE_OP_LABEL);
    order->compartment = play_create(play, TWO_AND_THREE);
    label.person = DESK_PRIVACY;
    label.command.label.compartment = order->compartment;
    label.command.label.name = vg_span_text("others");
    play_must(play, label);
}

#endif
