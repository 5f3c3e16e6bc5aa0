/* SPDX-License-Identifier: Apache-2.0
 * Keys that are replaced (docs/keys.md): by any two who may, for somebody else, from that entry on.
 */
#include <criterion/criterion.h>

#include "proto/response/fields.h"
#include "tests/lib/fast_signer.h"
#include "tests/lib/play.h"

static struct response_person person_of(const struct play *play, enum desk_person person)
{
    struct response_person found = {.enrolled_at = 0};
    vg_id id = desk_author(play->desk, person);
    cr_assert_eq(response_person_get(&play->desk->machine, &id, &found), VG_OK);
    return found;
}

static bool has_keys(const struct play *play, enum desk_person person, const struct vg_keys *keys)
{
    struct response_person found = person_of(play, person);
    return memcmp(&found.keys, keys, sizeof *keys) == 0;
}

static enum response_applied applied(struct play *play, const struct desk_order *order)
{
    struct response_outcome outcome;
    return desk_apply(play->desk, desk_append(play->desk, order), &outcome);
}

static struct desk_order enrolment(const struct play *play, uint8_t bits)
{
    struct desk_order order = play_order(play, RESPONSE_OP_ENROLL);
    order.command.enroll.bits = bits;
    return order;
}

/* ---- what it does ------------------------------------------------------------------------------
 */

Test(keys, from_the_entry_on_the_new_key_signs_and_the_old_one_does_not)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order note = desk_note(&play.incident, "mine");
    struct vg_keys old = person_of(&play, DESK_ANN).keys;
    struct vg_keys fresh = desk_new_keys(play.desk, DESK_ANN, 1);
    vg_id ann = desk_author(play.desk, DESK_ANN);
    vg_id owner;
    play_must(&play, note);
    play_rekey(&play, DESK_ANN, 1);
    cr_assert(has_keys(&play, DESK_ANN, &fresh));
    cr_assert_eq(person_of(&play, DESK_ANN).keyed_at, play.desk->time_ms);
    play_must(&play, note);
    note.outdated = true;
    cr_assert_eq(applied(&play, &note), RESPONSE_APPLIED_VOID);
    cr_assert(PLAY_TELLS(&play, 1, .kind = RESPONSE_EVENT_NOTE, .aspect = RESPONSE_ASPECT_NOTES,
                         .revision = 2, .text = "mine", .by = DESK_ANN));
    cr_assert(response_channel_find(&play.desk->machine, &fresh.channel, &owner));
    cr_assert(vg_id_equal(&owner, &ann));
    cr_assert(response_channel_find(&play.desk->machine, &old.channel, &owner), "it was hers");
    cr_assert(vg_id_equal(&owner, &ann));
    play_free(&play);
}

Test(keys, the_id_keeps_its_name_its_roles_and_what_it_has)
{
    struct play play = play_new(RESPONSE_ASSESS);
    vg_id ann = desk_author(play.desk, DESK_ANN);
    const struct response_machine *machine = &play.desk->machine;
    const vg_id *first = &play.desk->genesis.first;
    char name[VG_NAME_MAX + 1];
    play_do(&play, RESPONSE_OP_OWNER);
    play_name(&play, DESK_ANN, "Ann");
    uint32_t roles = response_roles_of(machine, &ann, first);
    play_rekey(&play, DESK_ANN, 1);
    struct response_incident incident = play_incident(&play);
    cr_assert_eq(response_roles_of(machine, &ann, first), roles);
    cr_assert(response_on_call(machine, first, &ann));
    cr_assert(response_name_get(machine, &ann, name));
    cr_assert_str_eq(name, "Ann");
    cr_assert(vg_id_equal(&incident.owner, &ann));
    play_free(&play);
}

/* The entries before are read again, after a restart, with the key that signed them. */
Test(keys, the_log_is_the_same_when_it_is_applied_again)
{
    struct play play = play_new(RESPONSE_ASSESS);
    static const vg_id control;
    play_do(&play, RESPONSE_OP_NOTE);
    play_rekey(&play, DESK_ANN, 1);
    play_do(&play, RESPONSE_OP_NOTE);
    struct desk *replayed = desk_replay(play.desk);
    for (int i = 0; i < 2; i++) {
        const vg_id *place = i == 0 ? &control : &play.desk->genesis.first;
        vg_hash kept = response_state_hash(&play.desk->machine, place);
        vg_hash again = response_state_hash_scan(&replayed->machine, place);
        cr_assert(vg_hash_equal(&kept, &again));
    }
    desk_free(replayed);
    play_free(&play);
}

/* Entries are opened ahead, when a key may be known that is the author's no longer, or not yet. */
Test(keys, what_was_found_ahead_is_judged_by_the_key_of_the_entrys_place)
{
    for (int by_old = 0; by_old < 2; by_old++) {
        struct play play = play_new(RESPONSE_ASSESS);
        struct desk *desk = play.desk;
        struct ledger_view view;
        struct response_opened opened;
        struct response_outcome outcome;
        const struct response_keys keys = {.find = response_key_find, .context = &desk->machine};
        vg_id proposal = play_must(&play, play_proposing_rekey(&play, DESK_OPERATOR, DESK_ANN, 1));
        struct desk_order approval = play_approving_in_control(&play, DESK_PRIVACY, &proposal);
        struct vg_blob *rekey = desk_append(desk, &approval);
        struct desk_order note = desk_note(&play.incident, "ahead");
        struct vg_keys fresh = desk_new_keys(desk, DESK_ANN, 1);
        note.outdated = true;
        if (by_old == 0) /* the double's secret key ends in the public one */
            memcpy(desk->secrets[DESK_ANN].bytes + VG_SEED_SIZE, &fresh.key, sizeof fresh.key);
        struct vg_blob *ahead = desk_append(desk, &note);
        cr_assert_eq(ledger_parse(vg_blob_span(ahead), &view, NULL), VG_OK);
        response_open(&desk->genesis, &desk->cluster, &keys, &fast_signer, &view, &opened);
        cr_assert_eq(opened.code, VG_OK);
        cr_assert_eq(opened.verified, by_old == 1, "as of the key before");
        cr_assert_eq(desk_apply(desk, rekey, &outcome), RESPONSE_APPLIED_OUTCOME);
        cr_assert_eq(response_apply(&desk->machine, &view, &opened, &outcome),
                     by_old == 1 ? RESPONSE_APPLIED_VOID : RESPONSE_APPLIED_OUTCOME);
        response_opened_free(&opened, &view);
        play_free(&play);
    }
}

/* ---- who signs ---------------------------------------------------------------------------------
 */

Test(keys, any_two_sign_whatever_they_are_of_the_two)
{
    static const enum desk_person pairs[][2] = {{DESK_OPERATOR, DESK_PRIVACY},
                                                {DESK_PRIVACY, DESK_OPERATOR},
                                                {DESK_OPERATOR, DESK_NEWCOMER},
                                                {DESK_NEWCOMER, DESK_OPERATOR}};
    struct play play = play_new(RESPONSE_DETECT);
    play_must(&play, enrolment(&play, LEDGER_PERSON_OPERATOR));
    for (uint8_t i = 0; i < 4; i++) {
        struct vg_keys before = person_of(&play, DESK_ANN).keys;
        uint8_t number = (uint8_t)(i + 1);
        struct vg_keys after = desk_new_keys(play.desk, DESK_ANN, number);
        vg_id id = play_must(&play, play_proposing_rekey(&play, pairs[i][0], DESK_ANN, number));
        cr_assert(has_keys(&play, DESK_ANN, &before), "one alone changes nothing");
        play_must(&play, play_approving_in_control(&play, pairs[i][1], &id));
        cr_assert(has_keys(&play, DESK_ANN, &after));
    }
    play_free(&play);
}

Test(keys, nobody_replaces_keys_alone)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct vg_keys before = person_of(&play, DESK_ANN).keys;
    struct desk_order alone = play_order(&play, RESPONSE_OP_REKEY);
    vg_id id = play_must(&play, play_proposing_rekey(&play, DESK_OPERATOR, DESK_ANN, 1));
    cr_assert(play_refuses(&play, alone, RESPONSE_REFUSED_NEEDS_TWO));
    cr_assert(play_refuses(&play, play_approving_in_control(&play, DESK_OPERATOR, &id),
                           RESPONSE_REFUSED_SIGNED_ALREADY));
    cr_assert(has_keys(&play, DESK_ANN, &before));
    play_free(&play);
}

Test(keys, whose_keys_they_are_signs_neither_time)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id id = play_must(&play, play_proposing_rekey(&play, DESK_OPERATOR, DESK_PRIVACY, 1));
    cr_assert(play_refuses(&play, play_approving_in_control(&play, DESK_PRIVACY, &id),
                           RESPONSE_REFUSED_OWN_KEY));
    cr_assert(play_refuses(&play, play_proposing_rekey(&play, DESK_PRIVACY, DESK_PRIVACY, 1),
                           RESPONSE_REFUSED_OWN_KEY));
    play_third_officer(&play);
    play_must(&play, play_approving_in_control(&play, DESK_NEWCOMER, &id));
    play_free(&play);
}

Test(keys, operators_of_the_directory_alone_do_not_sign)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id id = play_must(&play, play_proposing_rekey(&play, DESK_OPERATOR, DESK_ANN, 1));
    play_grant_in_directory(&play, DESK_BEN, RESPONSE_ROLE_OPERATOR | RESPONSE_ROLE_KEY_OFFICER);
    cr_assert(play_refuses(&play, play_proposing_rekey(&play, DESK_BEN, DESK_ANN, 1),
                           RESPONSE_REFUSED_NO_ROLE));
    cr_assert(play_refuses(&play, play_approving_in_control(&play, DESK_BEN, &id),
                           RESPONSE_REFUSED_NO_ROLE));
    play_free(&play);
}

/* Who stole a key may have signed with it. */
Test(keys, what_the_old_key_signed_counts_no_more)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order stolen = play_approving_old_signature(&play);
    cr_assert(play_refuses(&play, stolen, RESPONSE_REFUSED_SIGNED_WITH_OLD_KEY));
    play.desk->time_ms++;
    vg_id anew = play_must(&play, play_proposing_rekey(&play, DESK_PRIVACY, DESK_ANN, 1));
    play_must(&play, play_approving_in_control(&play, DESK_OPERATOR, &anew));
    play_free(&play);
}

/* ---- which keys --------------------------------------------------------------------------------
 */

static struct desk_order proposing_keys(struct play *play, const struct vg_keys *keys)
{
    struct desk_order rekey = play_order(play, RESPONSE_OP_REKEY);
    struct desk_order order = play_proposing_rekey(play, DESK_OPERATOR, DESK_ANN, 1);
    rekey.command.rekey.keys = *keys;
    vg_buffer_clear(&play->proposed);
    response_command_encode(&rekey.command, &play->proposed);
    order.command.propose.command = vg_buffer_span(&play->proposed);
    return order;
}

/* Of each two keys one is somebody's and the other fresh. */
static void assert_refused(struct play *play, const struct vg_keys *taken)
{
    struct vg_keys keys = desk_new_keys(play->desk, DESK_ANN, 99);
    keys.key = taken->key;
    cr_assert(play_refuses(play, proposing_keys(play, &keys), RESPONSE_REFUSED_KEY_KNOWN));
    keys = desk_new_keys(play->desk, DESK_ANN, 99);
    keys.channel = taken->channel;
    cr_assert(play_refuses(play, proposing_keys(play, &keys), RESPONSE_REFUSED_KEY_KNOWN));
}

Test(keys, neither_of_the_new_keys_is_or_was_anybodys)
{
    static const enum desk_person owners[] = {DESK_ANN, DESK_BEN, DESK_NODE, DESK_NEWCOMER};
    struct play play = play_new(RESPONSE_DETECT);
    struct vg_keys keys[6];
    play_must(&play, enrolment(&play, 0));
    play_expel(&play, DESK_NEWCOMER);
    for (size_t i = 0; i < 4; i++)
        keys[i] = desk_keys(play.desk, owners[i]);
    play_rekey(&play, DESK_BEN, 1);
    play_rekey(&play, DESK_BEN, 2);
    keys[4] = desk_new_keys(play.desk, DESK_BEN, 1);
    keys[5] = desk_new_keys(play.desk, DESK_BEN, 2);
    for (size_t i = 0; i < 6; i++)
        assert_refused(&play, &keys[i]);
    play_free(&play);
}

Test(keys, those_that_were_replaced_enroll_nobody)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_rekey(&play, DESK_ANN, 1);
    play_rekey(&play, DESK_ANN, 2);
    struct vg_keys old[] = {desk_keys(play.desk, DESK_ANN), desk_new_keys(play.desk, DESK_ANN, 1)};
    for (size_t i = 0; i < 2; i++) {
        struct desk_order order = enrolment(&play, 0);
        order.command.enroll.keys.key = old[i].key;
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_KEY_KNOWN));
        order = enrolment(&play, 0);
        order.command.enroll.keys.channel = old[i].channel;
        cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_KEY_KNOWN));
    }
    play_free(&play);
}

Test(keys, the_new_keys_are_bound_for_the_person)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct vg_keys keys = desk_new_keys(play.desk, DESK_BEN, 1);
    cr_assert(play_refuses(&play, proposing_keys(&play, &keys), RESPONSE_REFUSED_UNBOUND),
              "for another id");
    keys = desk_new_keys(play.desk, DESK_ANN, 1);
    keys.binding.bytes[63] ^= 1;
    cr_assert(play_refuses(&play, proposing_keys(&play, &keys), RESPONSE_REFUSED_UNBOUND));
    play_free(&play);
}

Test(keys, they_are_judged_anew_with_the_second_signature)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id id = play_must(&play, play_proposing_rekey(&play, DESK_OPERATOR, DESK_ANN, 1));
    struct desk_order order = enrolment(&play, 0);
    order.command.enroll.keys.key = desk_new_keys(play.desk, DESK_ANN, 1).key;
    order.command.enroll.keys.binding = (vg_signature){{0}};
    struct vg_holder holder = {.kind = VG_IDENTITY_PERSON, .person = order.command.enroll.person};
    vg_secret_key secret;
    memcpy(secret.bytes + VG_SEED_SIZE, &order.command.enroll.keys.key, sizeof(vg_public_key));
    vg_binding_sign(&fast_signer, &holder, &order.command.enroll.keys.channel, &secret,
                    &order.command.enroll.keys.binding);
    play_must(&play, order);
    cr_assert(play_refuses(&play, play_approving_in_control(&play, DESK_PRIVACY, &id),
                           RESPONSE_REFUSED_KEY_KNOWN));
    play_free(&play);
}

/* ---- whose -------------------------------------------------------------------------------------
 */

Test(keys, who_was_removed_is_back_with_new_keys)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order note = desk_note(&play.incident, "back");
    note.person = DESK_BEN;
    play_expel(&play, DESK_BEN);
    cr_assert(play_refuses(&play, note, RESPONSE_REFUSED_GONE));
    play_rekey(&play, DESK_BEN, 1);
    cr_assert_eq(person_of(&play, DESK_BEN).expelled_at, 0);
    play_must(&play, note);
    note.outdated = true;
    cr_assert_eq(applied(&play, &note), RESPONSE_APPLIED_VOID);
    play_expel(&play, DESK_BEN);
    note.outdated = false;
    cr_assert(play_refuses(&play, note, RESPONSE_REFUSED_GONE), "and may go again");
    play_free(&play);
}

Test(keys, of_people_who_are_or_were_here_alone)
{
    struct play play = play_new(RESPONSE_DETECT);
    cr_assert(play_refuses(&play, play_proposing_rekey(&play, DESK_OPERATOR, DESK_NEWCOMER, 1),
                           RESPONSE_REFUSED_NO_PERSON));
    play_free(&play);
}

Test(keys, those_of_a_node_are_replaced_likewise)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct vg_keys fresh = desk_new_keys(play.desk, DESK_NODE, 1);
    vg_id node = desk_author(play.desk, DESK_NODE);
    struct response_person found;
    struct desk_order detect = desk_detect("seen", "scanner-7");
    detect.person = DESK_INTEGRATION;
    detect.command.detect.source = RESPONSE_SOURCE_AUTOMATED;
    play_must(&play, detect);
    play_rekey(&play, DESK_NODE, 1);
    cr_assert(response_author_get(&play.desk->machine, &node, &found));
    cr_assert_eq(memcmp(&found.keys, &fresh, sizeof fresh), 0);
    struct desk_order count = play_order(&play, RESPONSE_OP_COUNT);
    count.command.count.key = vg_span_text("scanner-7");
    count.outdated = true;
    cr_assert_eq(applied(&play, &count), RESPONSE_APPLIED_VOID);
    count.outdated = false;
    play_must(&play, count);
    struct vg_keys old = desk_keys(play.desk, DESK_NODE);
    assert_refused(&play, &old);
    assert_refused(&play, &fresh);
    cr_assert_eq(response_person_get(&play.desk->machine, &node, &found), VG_NOT_FOUND,
                 "it is nobody");
    play_free(&play);
}

Test(keys, a_node_that_was_evicted_stays_out)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id id = play_must(&play, play_proposing_rekey(&play, DESK_OPERATOR, DESK_NODE, 1));
    play_evict(&play, 1);
    cr_assert(play_refuses(&play, play_approving_in_control(&play, DESK_PRIVACY, &id),
                           RESPONSE_REFUSED_NODE_GONE));
    play_free(&play);
}

/* ---- proposals among control entries -----------------------------------------------------------
 */

Test(keys, no_words_are_written_into_control_entries)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id id = play_must(&play, play_proposing_rekey(&play, DESK_OPERATOR, DESK_ANN, 1));
    struct desk_order reject = play_approving_in_control(&play, DESK_PRIVACY, &id);
    reject.command.op = RESPONSE_OP_REJECT;
    reject.command.reject.reason = vg_span_text("ann has it still");
    cr_assert(play_refuses(&play, reject, RESPONSE_REFUSED_REASON_IN_CLEAR));
    reject.command.reject.reason = vg_span_text(RESPONSE_NO_REASON);
    play_must(&play, reject);
    cr_assert(play_refuses(&play, play_approving_in_control(&play, DESK_PRIVACY, &id),
                           RESPONSE_REFUSED_PROPOSAL_ENDED));
    play_free(&play);
}

Test(keys, the_latest_proposals_are_kept_beside_those_of_the_directory)
{
    static const vg_id control;
    struct play play = play_new(RESPONSE_DETECT);
    struct response_proposal found;
    struct desk_order drill = play_order(&play, RESPONSE_OP_DRILL);
    vg_id beside = play_must(&play, play_proposing_drill(&play, DESK_OPERATOR, &drill.command));
    vg_id first = play_must(&play, play_proposing_rekey(&play, DESK_OPERATOR, DESK_ANN, 1));
    for (uint32_t i = 1; i < RESPONSE_PROPOSALS_MAX; i++)
        play_must(&play, play_proposing_rekey(&play, DESK_OPERATOR, DESK_ANN, 1));
    const struct response_machine *machine = &play.desk->machine;
    cr_assert_eq(response_proposal_get(machine, &control, &first, &found), VG_OK);
    vg_id last = play_must(&play, play_proposing_rekey(&play, DESK_OPERATOR, DESK_ANN, 1));
    cr_assert_eq(response_proposal_get(machine, &control, &first, &found), VG_NOT_FOUND);
    cr_assert_eq(response_proposal_get(machine, &control, &last, &found), VG_OK);
    cr_assert_eq(response_proposal_get(machine, &play.desk->genesis.directory, &beside, &found),
                 VG_OK);
    play_free(&play);
}
