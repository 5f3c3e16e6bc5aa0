/* SPDX-License-Identifier: Apache-2.0
 * Shredding: from its entry on nothing of the compartment counts, and every holder of its key owes
 * its word that it has destroyed it; the recovery key's is two people's. */
#include <criterion/criterion.h>

#include "proto/response/clearance.h"
#include "proto/response/shred.h"
#include "tests/lib/play.h"
#include "tests/lib/sealing.h"

enum { OWN = SEALING_OWN_RECOVERY, THREE = 0xf | OWN, TWO = 0x7 | OWN };

static struct response_shredded of(const struct play *play, const vg_id *compartment)
{
    struct response_shredded shredded;
    cr_assert(response_shredded_get(&play->desk->machine, compartment, &shredded));
    return shredded;
}

static uint64_t for_good(const struct play *play, const vg_id *compartment)
{
    return response_shredded_for_good(&play->desk->machine, compartment);
}

static struct desk_order attestation(const struct play *play, const vg_id *compartment,
                                     uint64_t epoch)
{
    struct desk_order order = play_order(play, RESPONSE_OP_DESTROYED);
    order.command.destroyed.compartment = *compartment;
    order.command.destroyed.epoch = epoch;
    return order;
}

/* By node 1, as every node's command here is. */
static void attest(struct play *play, const vg_id *compartment, uint64_t epoch)
{
    play_must(play, attestation(play, compartment, epoch));
}

static void recovery_gone(struct play *play, const vg_id *compartment)
{
    vg_box_public key = of(play, compartment).recovery;
    vg_id proposal = play_must(play, play_proposing_recovery_gone(play, compartment, &key));
    play_must(play, play_approving_in_control(play, DESK_LEGAL, &proposal));
}

Test(shred, two_people_end_a_compartment_and_its_holders_owe_their_word)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_revoked owes;
    const vg_node_id one = {1}, two = {2}, three = {3};
    vg_id compartment = play_create(&play, TWO);
    vg_id proposal = play_must(&play, play_proposing_shred(&play, &compartment, 1));
    cr_assert_eq(response_shredded_at(&play.desk->machine, &compartment), 0, "one alone");
    play_must(&play, play_approving_in_control(&play, DESK_LEGAL, &proposal));
    struct response_shredded shredded = of(&play, &compartment);
    cr_assert(shredded.epoch == 1 && shredded.recovery_gone == 0);
    cr_assert_eq(shredded.index, ledger_tail_last(play.desk->log));
    cr_assert_eq(response_shredded_at(&play.desk->machine, &compartment), shredded.index);
    cr_assert_not(response_epoch_holds(&play.desk->machine, &compartment, one));
    cr_assert(response_revoked_get(&play.desk->machine, &compartment, one, &owes));
    cr_assert(owes.epoch == 2 && owes.index == shredded.index && owes.attested == 0);
    cr_assert(response_revoked_get(&play.desk->machine, &compartment, two, &owes));
    cr_assert(response_revoked_get(&play.desk->machine, &compartment, three, &owes),
              "who never held it may have offered a key");
    cr_assert_eq(owes.epoch, 2);
    play_free(&play);
}

Test(shred, an_officer_alone_or_two_others_shred_nothing)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = play_create(&play, TWO);
    struct desk_order order = play_order(&play, RESPONSE_OP_SHRED);
    order.command.shred.compartment = compartment;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NEEDS_TWO));
    order = play_proposing_shred(&play, &compartment, 1);
    order.person = DESK_OPERATOR;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_SIGNS_AS_NOTHING));
    order.person = DESK_ANN;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_ROLE));
    vg_id proposal = play_must(&play, play_proposing_shred(&play, &compartment, 1));
    cr_assert(play_refuses(&play, play_approving_in_control(&play, DESK_PRIVACY, &proposal),
                           RESPONSE_REFUSED_SIGNED_ALREADY));
    cr_assert(play_refuses(&play, play_approving_in_control(&play, DESK_OPERATOR, &proposal),
                           RESPONSE_REFUSED_SIGNS_AS_NOTHING));
    play_free(&play);
}

/* The entry after it, under the epoch that was in force, and every epoch command. */
Test(shred, what_is_sealed_after_it_is_void_and_no_epoch_follows)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_counters before, after;
    struct response_outcome outcome;
    vg_id compartment = play_create(&play, TWO);
    struct desk_order label = play_order(&play, RESPONSE_OP_LABEL);
    label.command.label.compartment = compartment;
    label.command.label.name = vg_span_text("acme");
    play_must(&play, label);
    struct desk_order detect = play_order(&play, RESPONSE_OP_DETECT);
    detect.compartment = compartment;
    detect.person = DESK_INTEGRATION;
    struct vg_blob *entry = desk_append(play.desk, &detect);
    cr_assert_eq(desk_apply(play.desk, entry, &outcome), RESPONSE_APPLIED_OUTCOME);
    play_shred(&play, &compartment, 1);
    response_counters_get(&play.desk->machine, &before);
    entry = desk_append(play.desk, &detect);
    cr_assert_eq(desk_apply(play.desk, entry, &outcome), RESPONSE_APPLIED_SHREDDED);
    response_counters_get(&play.desk->machine, &after);
    cr_assert_eq(after.voided, before.voided + 1);
    static const enum response_op ops[] = {RESPONSE_OP_ROTATE, RESPONSE_OP_CLEAR,
                                           RESPONSE_OP_REVOKE};
    static const unsigned holders[] = {TWO, THREE, 0x3 | OWN};
    for (size_t i = 0; i < 3; i++)
        cr_assert(play_refuses(&play, play_clearing(&play, ops[i], &compartment, 2, holders[i]),
                               RESPONSE_REFUSED_SHREDDED));
    play_free(&play);
}

Test(shred, it_is_not_for_good_while_one_that_held_it_is_evicted_and_can_say_nothing)
{
    struct play play = play_new(RESPONSE_DETECT);
    const vg_node_id two = {2};
    struct response_revoked owes;
    vg_id compartment = play_create(&play, TWO), other = play_create(&play, TWO);
    play_evict(&play, 2);
    play_shred(&play, &compartment, 1);
    attest(&play, &compartment, 2);
    recovery_gone(&play, &compartment);
    cr_assert(response_revoked_get(&play.desk->machine, &compartment, two, &owes));
    cr_assert_eq(owes.attested, 0, "an evicted node can say nothing");
    cr_assert_eq(for_good(&play, &compartment), 0);
    cr_assert_eq(for_good(&play, &other), 0, "not shredded at all");
    play_free(&play);
}

/* Also one that was revoked before, and had said so: it may have offered another key since. */
Test(shred, every_node_gives_its_word_anew_and_who_is_evicted_only_if_it_held_the_last)
{
    struct play play = play_new(RESPONSE_DETECT);
    const vg_node_id three = {3}, four = {4};
    struct response_revoked owes;
    vg_id compartment = play_create(&play, THREE);
    play_must(&play, play_clearing(&play, RESPONSE_OP_REVOKE, &compartment, 2, 0xd | OWN));
    attest(&play, &compartment, 2);
    play_evict(&play, 4);
    play_shred(&play, &compartment, 2);
    cr_assert(
        play_refuses(&play, attestation(&play, &compartment, 2), RESPONSE_REFUSED_OWES_NOTHING),
        "of the revocation");
    attest(&play, &compartment, 3);
    cr_assert(response_revoked_get(&play.desk->machine, &compartment, three, &owes));
    cr_assert_not(response_revoked_get(&play.desk->machine, &compartment, four, &owes));
    recovery_gone(&play, &compartment);
    cr_assert_eq(for_good(&play, &compartment), 0, "nodes 2 and 3");
    play_free(&play);
}

Test(shred, a_shared_recovery_key_opens_it_until_all_that_have_it_are_shredded)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id other, compartment = play_create(&play, 0x7);
    play_shred(&play, &compartment, 1);
    struct response_shredded shredded = of(&play, &compartment);
    cr_assert(
        response_recovery_shared(&play.desk->machine, &compartment, &shredded.recovery, &other));
    cr_assert(vg_id_equal(&other, &play.desk->genesis.directory));
    vg_id own = play_create(&play, TWO);
    play_shred(&play, &own, 1);
    shredded = of(&play, &own);
    cr_assert_not(response_recovery_shared(&play.desk->machine, &own, &shredded.recovery, &other));
    play_free(&play);
}

Test(shred, a_recovery_key_that_is_said_to_be_destroyed_begins_nothing)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id first = play_create(&play, TWO), other = play_create(&play, TWO);
    play_shred(&play, &first, 1);
    play_shred(&play, &other, 1);
    vg_box_public gone = of(&play, &other).recovery, kept = of(&play, &first).recovery;
    cr_assert_eq(response_recovery_gone_at(&play.desk->machine, &gone), 0);
    recovery_gone(&play, &other);
    cr_assert_eq(response_recovery_gone_at(&play.desk->machine, &gone),
                 of(&play, &other).recovery_gone);
    cr_assert_eq(response_recovery_gone_at(&play.desk->machine, &kept), 0);
    cr_assert(
        play_refuses(&play, play_creating_with(&play, &gone), RESPONSE_REFUSED_RECOVERY_DESTROYED));
    play_must(&play, play_creating_with(&play, &kept));
    play_free(&play);
}

Test(shred, nothing_of_another_compartment_changes)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = play_create(&play, TWO), other = play_create(&play, TWO);
    vg_hash before = response_state_hash(&play.desk->machine, &play.desk->genesis.first);
    play_shred(&play, &compartment, 1);
    vg_hash after = response_state_hash(&play.desk->machine, &play.desk->genesis.first);
    cr_assert(vg_hash_equal(&before, &after));
    cr_assert_eq(response_epoch_in_force(&play.desk->machine, &other), 1);
    cr_assert_eq(response_shredded_at(&play.desk->machine, &other), 0);
    play_must(&play, play_clearing(&play, RESPONSE_OP_CLEAR, &other, 2, THREE));
    play_free(&play);
}
