/* SPDX-License-Identifier: Apache-2.0
 * What takes two people (R12): proposals, their approval and rejection. What a withdrawal does is
 * in test_rules_declare.c. */
#include <criterion/criterion.h>

#include "proto/response/fields.h"
#include "tests/lib/play.h"

enum { MINUTE_MS = 60000, DAY_MS = 24 * 3600 * 1000 };

static struct play declared(void)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_do(&play, RESPONSE_OP_DECLARE);
    return play;
}

static struct desk_order proposing(struct play *play, enum desk_person signer)
{
    struct desk_order withdraw = play_order(play, RESPONSE_OP_WITHDRAW);
    withdraw.command.withdraw.reason = vg_span_text("the copy was ours");
    return play_proposing(play, signer, &withdraw.command);
}

static struct desk_order rejection(const struct play *play, enum desk_person person,
                                   const vg_id *proposal)
{
    struct desk_order order = play_order(play, RESPONSE_OP_REJECT);
    order.person = person;
    order.command.reject.proposal = *proposal;
    order.command.reject.reason = vg_span_text("the harm is real");
    return order;
}

static struct response_proposal proposal_of(const struct play *play, const vg_id *id)
{
    struct response_proposal proposal;
    cr_assert_eq(
        response_proposal_get(&play->desk->machine, &play->desk->genesis.first, id, &proposal),
        VG_OK);
    return proposal;
}

static bool is_declared(const struct play *play)
{
    return play_incident(play).declared_at != 0;
}

/* ---- proposing ---------------------------------------------------------------------------------
 */

Test(two_people, a_proposal_is_a_signature_and_does_nothing_yet)
{
    struct play play = declared();
    vg_id id = play_must(&play, proposing(&play, DESK_LEGAL));
    struct response_proposal proposal = proposal_of(&play, &id);
    vg_id legal = desk_author(play.desk, DESK_LEGAL);
    cr_assert(is_declared(&play));
    cr_assert_eq(proposal.state, RESPONSE_PROPOSAL_OPEN);
    cr_assert_eq(proposal.signer_count, 1);
    cr_assert(vg_id_equal(&proposal.signers[0].person, &legal));
    cr_assert_eq(proposal.signers[0].role, RESPONSE_ROLE_LEGAL);
    cr_assert_eq(proposal.signers[0].signed_at, play.desk->time_ms);
    cr_assert(vg_id_equal(&proposal.incident, &play.incident));
    cr_assert_eq(play_incident(&play).proposals, 1);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_PROPOSE,
                         .aspect = RESPONSE_ASPECT_PROPOSAL, .revision = 1, .to = "withdraw",
                         .text = "as legal: the copy was ours", .by = DESK_LEGAL));
    play_free(&play);
}

Test(two_people, only_what_takes_two_is_proposed)
{
    struct play play = declared();
    struct desk_order withdraw = play_order(&play, RESPONSE_OP_WITHDRAW);
    uint32_t refused = 0;
    play.part = play.evidence;
    for (enum response_op op = response_op_after(0); op != 0; op = response_op_after(op)) {
        struct desk_order order = play_order(&play, op);
        if (response_signing_roles(op) != 0)
            continue;
        cr_assert(play_refuses(&play, play_proposing(&play, DESK_LEGAL, &order.command),
                               RESPONSE_REFUSED_NEEDS_NO_SECOND),
                  "%s", response_op_name(op));
        refused++;
    }
    cr_assert_gt(refused, 0);
    cr_assert_neq(response_signing_roles(RESPONSE_OP_WITHDRAW), 0);
    play_must(&play, play_proposing(&play, DESK_LEGAL, &withdraw.command));
    play_free(&play);
}

Test(two_people, a_proposal_expires_between_five_minutes_and_seven_days)
{
    static const struct {
        int64_t after_ms;
        bool fits;
    } cases[] = {{0, false},
                 {5 * MINUTE_MS - 1, false},
                 {5 * MINUTE_MS, true},
                 {7 * (int64_t)DAY_MS, true},
                 {7 * (int64_t)DAY_MS + 1, false}};
    struct play play = declared();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct desk_order order = proposing(&play, DESK_LEGAL);
        order.command.propose.expires_at = play.desk->time_ms + (uint64_t)cases[i].after_ms;
        if (cases[i].fits)
            play_must(&play, order);
        else
            cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_EXPIRY), "case %zu", i);
    }
    play_free(&play);
}

Test(two_people, the_proposer_signs_as_the_role_named_or_the_first_that_fits)
{
    struct play play = declared();
    struct desk_order order = proposing(&play, DESK_LEGAL);
    order.command.propose.role = RESPONSE_ROLE_EXECUTIVE;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_SIGNS_AS_NOTHING));
    order.command.propose.role = RESPONSE_ROLE_RESPONDER;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_SIGNS_AS_NOTHING));
    play_grant(&play, DESK_LEGAL, RESPONSE_ROLE_EXECUTIVE, 0);
    vg_id first = play_must(&play, proposing(&play, DESK_LEGAL));
    order.command.propose.role = RESPONSE_ROLE_LEGAL;
    vg_id named = play_must(&play, order);
    cr_assert_eq(proposal_of(&play, &first).signers[0].role, RESPONSE_ROLE_EXECUTIVE);
    cr_assert_eq(proposal_of(&play, &named).signers[0].role, RESPONSE_ROLE_LEGAL);
    play_free(&play);
}

Test(two_people, what_is_proposed_would_be_accepted_now)
{
    struct play play = play_new(RESPONSE_ASSESS);
    cr_assert(play_refuses(&play, proposing(&play, DESK_LEGAL), RESPONSE_REFUSED_NOT_DECLARED));
    play_do(&play, RESPONSE_OP_DECLARE);
    struct desk_order order = proposing(&play, DESK_LEGAL);
    order.expectations[0].revision = 0;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_CONFLICT));
    struct desk_order withdraw = play_order(&play, RESPONSE_OP_WITHDRAW);
    withdraw.command.withdraw.incident = play.evidence;
    cr_assert(play_refuses(&play, play_proposing(&play, DESK_LEGAL, &withdraw.command),
                           RESPONSE_REFUSED_NO_INCIDENT));
    play_free(&play);
}

/* The order of docs/process.md: whether it takes two, the expiry, the signature, the rest. */
Test(two_people, what_is_wrong_first_is_the_answer)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order note = play_order(&play, RESPONSE_OP_NOTE);
    struct desk_order order = play_proposing(&play, DESK_LEGAL, &note.command);
    order.command.propose.expires_at = play.desk->time_ms;
    order.command.propose.role = RESPONSE_ROLE_EXECUTIVE;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NEEDS_NO_SECOND));
    order = proposing(&play, DESK_LEGAL);
    order.command.propose.expires_at = play.desk->time_ms;
    order.command.propose.role = RESPONSE_ROLE_EXECUTIVE;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_EXPIRY));
    order = proposing(&play, DESK_LEGAL);
    order.command.propose.role = RESPONSE_ROLE_EXECUTIVE;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_SIGNS_AS_NOTHING));
    cr_assert(play_refuses(&play, proposing(&play, DESK_LEGAL), RESPONSE_REFUSED_NOT_DECLARED));
    play_free(&play);
}

/* ---- approving ---------------------------------------------------------------------------------
 */

Test(two_people, with_the_last_signature_it_is_done)
{
    static const enum desk_person pairs[][2] = {{DESK_LEGAL, DESK_EXECUTIVE},
                                                {DESK_EXECUTIVE, DESK_LEGAL}};
    for (size_t i = 0; i < 2; i++) {
        struct play play = declared();
        vg_id id = play_must(&play, proposing(&play, pairs[i][0]));
        struct response_outcome outcome = play_send(&play, play_approval(&play, pairs[i][1], &id));
        cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
        cr_assert(vg_id_equal(&outcome.id, &id), "it answers with the proposal's id");
        cr_assert_not(is_declared(&play));
        struct response_proposal proposal = proposal_of(&play, &id);
        cr_assert_eq(proposal.state, RESPONSE_PROPOSAL_CARRIED);
        cr_assert_eq(proposal.ended_at, play.desk->time_ms);
        cr_assert_eq(proposal.signer_count, 2);
        play_free(&play);
    }
}

Test(two_people, the_answer_has_the_revisions_of_both)
{
    static const uint16_t aspects[] = {RESPONSE_ASPECT_PROPOSAL, RESPONSE_ASPECT_DECLARATION,
                                       RESPONSE_ASPECT_CLASSIFICATION};
    static const uint64_t revisions[] = {2, 2, 2};
    struct play play = declared();
    vg_id id = play_must(&play, proposing(&play, DESK_LEGAL));
    struct response_outcome outcome = play_send(&play, play_approval(&play, DESK_EXECUTIVE, &id));
    cr_assert_eq(outcome.revision_count, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(outcome.revisions[i].aspect, aspects[i]);
        cr_assert_eq(outcome.revisions[i].revision, revisions[i]);
    }
    play_free(&play);
}

Test(two_people, the_timeline_has_both_signatures_and_what_they_did_by_whom)
{
    struct play play = declared();
    vg_id id = play_must(&play, proposing(&play, DESK_LEGAL));
    struct desk_order order = play_approval(&play, DESK_EXECUTIVE, &id);
    order.command.approve.reason = vg_span_text("checked with counsel");
    play_must(&play, order);
    cr_assert(PLAY_TELLS(&play, 3, .kind = RESPONSE_EVENT_APPROVE,
                         .aspect = RESPONSE_ASPECT_PROPOSAL, .revision = 2, .to = "carried",
                         .text = "as executive-incident-manager: checked with counsel",
                         .by = DESK_EXECUTIVE));
    cr_assert(PLAY_TELLS(&play, 2, .kind = RESPONSE_EVENT_WITHDRAW,
                         .aspect = RESPONSE_ASPECT_DECLARATION, .revision = 2,
                         .from = "declared (access)", .to = "withdrawn",
                         .text = "the copy was ours", .by = DESK_LEGAL));
    play_free(&play);
}

Test(two_people, nobody_signs_twice)
{
    struct play play = declared();
    play_grant(&play, DESK_LEGAL, RESPONSE_ROLE_EXECUTIVE, 0);
    vg_id id = play_must(&play, proposing(&play, DESK_LEGAL));
    cr_assert(
        play_refuses(&play, play_approval(&play, DESK_LEGAL, &id), RESPONSE_REFUSED_SIGNED_ALREADY),
        "not even one with both roles");
    play_free(&play);
}

Test(two_people, the_second_has_the_role_that_is_missing)
{
    struct play play = declared();
    vg_id id = play_must(&play, proposing(&play, DESK_LEGAL));
    play_grant(&play, DESK_PRIVACY, RESPONSE_ROLE_LEGAL, 0);
    struct desk_order order = play_approval(&play, DESK_PRIVACY, &id);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_SIGNS_AS_NOTHING));
    order = play_approval(&play, DESK_EXECUTIVE, &id);
    order.command.approve.role = RESPONSE_ROLE_LEGAL;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_SIGNS_AS_NOTHING));
    order.command.approve.role = RESPONSE_ROLE_EXECUTIVE;
    play_must(&play, order);
    play_free(&play);
}

Test(two_people, what_is_approved_is_what_was_proposed)
{
    struct play play = declared();
    vg_id id = play_must(&play, proposing(&play, DESK_LEGAL));
    struct desk_order order = play_approval(&play, DESK_EXECUTIVE, &id);
    order.command.approve.hash.bytes[31] ^= 1;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_OTHER_TEXT));
    cr_assert(is_declared(&play));
    play_free(&play);
}

Test(two_people, an_expired_proposal_is_not_approved)
{
    for (uint64_t late = 0; late < 2; late++) {
        struct play play = declared();
        vg_id id = play_must(&play, proposing(&play, DESK_LEGAL));
        play.desk->time_ms = proposal_of(&play, &id).expires_at + late;
        struct desk_order order = play_approval(&play, DESK_EXECUTIVE, &id);
        if (late != 0)
            cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_PROPOSAL_EXPIRED));
        else
            play_must(&play, order);
        cr_assert_eq(is_declared(&play), late != 0);
        play_free(&play);
    }
}

Test(two_people, a_proposal_is_carried_once)
{
    struct play play = declared();
    vg_id id = play_must(&play, proposing(&play, DESK_LEGAL));
    play_must(&play, play_approval(&play, DESK_EXECUTIVE, &id));
    cr_assert(play_refuses(&play, play_approval(&play, DESK_EXECUTIVE, &id),
                           RESPONSE_REFUSED_PROPOSAL_ENDED));
    cr_assert(play_refuses(&play, rejection(&play, DESK_EXECUTIVE, &id),
                           RESPONSE_REFUSED_PROPOSAL_ENDED));
    play_free(&play);
}

Test(two_people, there_is_such_a_proposal)
{
    struct play play = declared();
    vg_id id = play_must(&play, proposing(&play, DESK_LEGAL));
    struct desk_order orders[] = {play_approval(&play, DESK_EXECUTIVE, &id),
                                  rejection(&play, DESK_EXECUTIVE, &id)};
    orders[0].command.approve.proposal = orders[1].command.reject.proposal = play.evidence;
    for (size_t i = 0; i < 2; i++)
        cr_assert(play_refuses(&play, orders[i], RESPONSE_REFUSED_NO_PROPOSAL));
    play_free(&play);
}

Test(two_people, every_signer_still_has_the_role_signed_in)
{
    struct play play = declared();
    vg_id id = play_must(&play, proposing(&play, DESK_LEGAL));
    play_grant(&play, DESK_LEGAL, RESPONSE_ROLE_RESPONDER, RESPONSE_ROLE_LEGAL);
    cr_assert(play_refuses(&play, play_approval(&play, DESK_EXECUTIVE, &id),
                           RESPONSE_REFUSED_SIGNER_WITHOUT_ROLE));
    play_grant(&play, DESK_LEGAL, RESPONSE_ROLE_LEGAL, 0);
    play_must(&play, play_approval(&play, DESK_EXECUTIVE, &id));
    play_free(&play);
}

Test(two_people, a_signer_who_has_gone_has_no_role)
{
    struct play play = declared();
    vg_id id = play_must(&play, proposing(&play, DESK_LEGAL));
    play_expel(&play, DESK_LEGAL);
    cr_assert(play_refuses(&play, play_approval(&play, DESK_EXECUTIVE, &id),
                           RESPONSE_REFUSED_SIGNER_WITHOUT_ROLE));
    play_free(&play);
}

Test(two_people, what_was_proposed_is_judged_as_of_the_proposers_expectations)
{
    struct play play = declared();
    struct desk_order order = proposing(&play, DESK_LEGAL);
    order.expectations[order.expectation_count++] = (struct ledger_expectation){
        .aspect = RESPONSE_ASPECT_NOTES, .revision = play_revision(&play, RESPONSE_ASPECT_NOTES)};
    vg_id id = play_must(&play, order);
    play_do(&play, RESPONSE_OP_NOTE);
    cr_assert(play_refuses(&play, play_approval(&play, DESK_EXECUTIVE, &id),
                           RESPONSE_REFUSED_CONFLICT_BESIDE));
    cr_assert_eq(proposal_of(&play, &id).signer_count, 1, "the approval counts as not given");
    play_free(&play);
}

Test(two_people, the_refusal_of_what_was_proposed_is_the_answer)
{
    struct play play = declared();
    vg_id first = play_must(&play, proposing(&play, DESK_LEGAL));
    vg_id second = play_must(&play, proposing(&play, DESK_LEGAL));
    play_must(&play, play_approval(&play, DESK_EXECUTIVE, &first));
    cr_assert(play_refuses(&play, play_approval(&play, DESK_EXECUTIVE, &second),
                           RESPONSE_REFUSED_CONFLICT),
              "the declaration is another by now");
    cr_assert_eq(proposal_of(&play, &second).state, RESPONSE_PROPOSAL_OPEN);
    cr_assert_eq(proposal_of(&play, &second).signer_count, 1);
    play_free(&play);
}

/* ---- rejecting ---------------------------------------------------------------------------------
 */

Test(two_people, a_rejection_ends_an_open_proposal)
{
    static const enum desk_person people[] = {DESK_LEGAL, DESK_EXECUTIVE};
    for (size_t i = 0; i < 2; i++) {
        struct play play = declared();
        vg_id id = play_must(&play, proposing(&play, DESK_LEGAL));
        play_must(&play, rejection(&play, people[i], &id));
        cr_assert_eq(proposal_of(&play, &id).state, RESPONSE_PROPOSAL_REJECTED);
        cr_assert(is_declared(&play));
        cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_REJECT,
                             .aspect = RESPONSE_ASPECT_PROPOSAL, .revision = 2, .to = "rejected",
                             .text = "the harm is real", .by = people[i]));
        cr_assert(play_refuses(&play, play_approval(&play, DESK_EXECUTIVE, &id),
                               RESPONSE_REFUSED_PROPOSAL_ENDED));
        play_free(&play);
    }
}

Test(two_people, a_rejection_has_a_reason_and_comes_in_time)
{
    struct play play = declared();
    vg_id id = play_must(&play, proposing(&play, DESK_LEGAL));
    struct desk_order order = rejection(&play, DESK_EXECUTIVE, &id);
    order.command.reject.reason = vg_span_text("");
    cr_assert(play_misses(&play, order, "reason"));
    play.desk->time_ms = proposal_of(&play, &id).expires_at + 1;
    cr_assert(play_refuses(&play, rejection(&play, DESK_EXECUTIVE, &id),
                           RESPONSE_REFUSED_PROPOSAL_EXPIRED));
    play_free(&play);
}

/* In control entries operators sign some of what is proposed, and key officers all. */
Test(two_people, a_rejection_is_of_one_who_could_sign)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id compartment = play_create(&play, 0x7);
    vg_id shred = play_must(&play, play_proposing_shred(&play, &compartment, 1));
    vg_id rekey = play_must(&play, play_proposing_rekey(&play, DESK_PRIVACY, DESK_BEN, 1));
    struct desk_order order = rejection(&play, DESK_OPERATOR, &shred);
    order.control = true;
    order.compartment = (vg_id){{0}};
    order.command.reject.reason = vg_span_text(RESPONSE_NO_REASON);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_REJECTS_AS_NOTHING));
    order.command.reject.proposal = rekey;
    play_must(&play, order);
    order.command.reject.proposal = shred;
    order.person = DESK_LEGAL;
    play_must(&play, order);
    play_free(&play);
}

/* ---- lists -------------------------------------------------------------------------------------
 */

Test(two_people, proposals_are_listed_by_compartment_and_by_incident)
{
    struct play play = declared();
    vg_id mine = play_must(&play, proposing(&play, DESK_LEGAL));
    play_begin(&play, "", RESPONSE_ASSESS);
    play_do(&play, RESPONSE_OP_DECLARE);
    vg_id others = play_must(&play, proposing(&play, DESK_LEGAL));
    const struct desk *desk = play.desk;
    const vg_id start = {{0}};
    struct response_proposal found;
    cr_assert(response_proposal_next(&desk->machine, &desk->genesis.first, &start, &found));
    cr_assert(vg_id_equal(&found.id, &mine));
    cr_assert(response_proposal_next(&desk->machine, &desk->genesis.first, &mine, &found));
    cr_assert(vg_id_equal(&found.id, &others));
    cr_assert(response_proposed_next(&desk->machine, &desk->genesis.first, &play.incident, &start,
                                     &found));
    cr_assert(vg_id_equal(&found.id, &others));
    cr_assert_not(response_proposed_next(&desk->machine, &desk->genesis.first, &play.incident,
                                         &others, &found));
    play_free(&play);
}
