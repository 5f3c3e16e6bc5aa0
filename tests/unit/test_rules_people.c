/* SPDX-License-Identifier: Apache-2.0
 * People, sentence by sentence: enrolled with a key, named, given roles, removed. Who may give
 * which command is in test_rules_operations.c. */
#include <criterion/criterion.h>

#include "proto/response/fields.h"
#include "tests/lib/play.h"

static struct desk_order enrolment(const struct play *play, enum desk_person person, uint8_t bits)
{
    struct desk_order order = play_order(play, RESPONSE_OP_ENROLL);
    order.command.enroll.person = desk_author(play->desk, person);
    order.command.enroll.keys = desk_keys(play->desk, person);
    order.command.enroll.bits = bits;
    return order;
}

static struct desk_order removal(const struct play *play, enum desk_person person)
{
    struct desk_order order = play_order(play, RESPONSE_OP_EXPEL);
    order.command.expel.person = desk_author(play->desk, person);
    return order;
}

static struct desk_order grant(const struct play *play, enum desk_person person, uint32_t give,
                               uint32_t take)
{
    struct desk_order order = play_order(play, RESPONSE_OP_GRANT);
    order.command.grant.person = desk_author(play->desk, person);
    order.command.grant.give = give;
    order.command.grant.take = take;
    return order;
}

static struct desk_order by(struct desk_order order, enum desk_person person)
{
    order.person = person;
    return order;
}

static struct response_person person_of(const struct play *play, enum desk_person person)
{
    struct response_person found = {.enrolled_at = 0};
    vg_id id = desk_author(play->desk, person);
    cr_assert_eq(response_person_get(&play->desk->machine, &id, &found), VG_OK);
    return found;
}

/* ---- enrolling ---------------------------------------------------------------------------------
 */

Test(people, a_person_exists_once_an_enrolment_has_a_key_for_the_id)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_outcome outcome;
    struct response_person person;
    vg_id id = desk_author(play.desk, DESK_NEWCOMER);
    struct desk_order note = by(desk_note(&play.incident, "hello"), DESK_NEWCOMER);
    cr_assert_eq(response_person_get(&play.desk->machine, &id, &person), VG_NOT_FOUND);
    cr_assert_eq(desk_apply(play.desk, desk_append(play.desk, &note), &outcome),
                 RESPONSE_APPLIED_VOID, "nobody knows the key");
    cr_assert(play_refuses(&play, grant(&play, DESK_NEWCOMER, RESPONSE_ROLE_SUPPORT, 0),
                           RESPONSE_REFUSED_NO_PERSON));
    vg_id answered = play_must(&play, enrolment(&play, DESK_NEWCOMER, LEDGER_PERSON_INTEGRATION));
    cr_assert(vg_id_equal(&answered, &id));
    person = person_of(&play, DESK_NEWCOMER);
    cr_assert_eq(person.enrolled_at, play.desk->time_ms);
    cr_assert_eq(person.expelled_at, 0);
    cr_assert_eq(person.bits, LEDGER_PERSON_INTEGRATION);
    cr_assert_not(person.first);
    cr_assert(play_refuses(&play, note, RESPONSE_REFUSED_NO_COMPARTMENT),
              "with a key, without a role");
    play_grant(&play, DESK_NEWCOMER, RESPONSE_ROLE_SUPPORT, 0);
    play_must(&play, note);
    play_free(&play);
}

Test(people, the_same_enrolment_again_is_answered_repeated)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_must(&play, enrolment(&play, DESK_NEWCOMER, 0));
    struct desk_order again[] = {enrolment(&play, DESK_NEWCOMER, 0), enrolment(&play, DESK_ANN, 0)};
    for (size_t i = 0; i < 2; i++) {
        struct response_outcome outcome = desk_send(play.desk, &again[i]);
        cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
        cr_assert(outcome.repeated);
        cr_assert(vg_id_equal(&outcome.id, &again[i].command.enroll.person));
    }
    play_free(&play);
}

Test(people, ids_are_never_used_twice)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_must(&play, enrolment(&play, DESK_NEWCOMER, 0));
    cr_assert(play_refuses(&play, enrolment(&play, DESK_NEWCOMER, LEDGER_PERSON_OPERATOR),
                           RESPONSE_REFUSED_PERSON_KNOWN),
              "with other rights");
    struct desk_order order = enrolment(&play, DESK_ANN, 0);
    order.command.enroll.keys.key.bytes[0] ^= 1;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_PERSON_KNOWN), "with another key");
    order = enrolment(&play, DESK_ANN, 0);
    order.command.enroll.keys.channel.bytes[0] ^= 1;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_PERSON_KNOWN), "or channel key");
    play_expel(&play, DESK_NEWCOMER);
    cr_assert(
        play_refuses(&play, enrolment(&play, DESK_NEWCOMER, 0), RESPONSE_REFUSED_PERSON_KNOWN),
        "of one who has gone");
    play_free(&play);
}

/* Neither of both: one key alone is fresh here, and the other that of somebody who is, or was,
 * here. */
Test(people, keys_are_never_used_twice)
{
    static const enum desk_person owners[] = {DESK_ANN, DESK_NEWCOMER, DESK_NODE};
    struct play play = play_new(RESPONSE_DETECT);
    play_must(&play, enrolment(&play, DESK_NEWCOMER, 0));
    for (int gone = 0; gone < 2; gone++) {
        for (size_t i = 0; i < 3; i++) {
            struct desk_order order = enrolment(&play, DESK_NEWCOMER, 0);
            order.command.enroll.person = (vg_id){{0xa0, 0x99}};
            order.command.enroll.keys = desk_keys(play.desk, owners[i]);
            order.command.enroll.keys.channel.bytes[0] ^= 1;
            cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_KEY_KNOWN), "the key");
            order.command.enroll.keys.channel.bytes[0] ^= 1;
            order.command.enroll.keys.key.bytes[0] ^= 1;
            cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_KEY_KNOWN), "the channel key");
            if (gone == 0 && owners[i] != DESK_NODE)
                play_expel(&play, owners[i]);
        }
    }
    play_free(&play);
}

Test(people, a_binding_holds_for_this_person_and_these_keys)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = enrolment(&play, DESK_NEWCOMER, 0);
    order.command.enroll.keys.binding.bytes[63] ^= 1;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_UNBOUND), "of altered bytes");
    order = enrolment(&play, DESK_NEWCOMER, 0);
    order.command.enroll.person.bytes[15] ^= 1;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_UNBOUND), "for another id");
    desk_bind(play.desk, DESK_NEWCOMER, &order.command);
    play_must(&play, order);
    play_free(&play);
}

static bool owns(const struct play *play, const vg_channel_public *channel, enum desk_person person)
{
    vg_id owner, expected = desk_author(play->desk, person);
    return response_channel_find(&play->desk->machine, channel, &owner) &&
           vg_id_equal(&owner, &expected);
}

Test(people, whose_a_channel_key_is_can_be_found_for_ever)
{
    static const enum desk_person owners[] = {DESK_ANN, DESK_NODE, DESK_NEWCOMER};
    struct play play = play_new(RESPONSE_DETECT);
    struct vg_keys newcomer = desk_keys(play.desk, DESK_NEWCOMER);
    vg_id owner;
    cr_assert_not(response_channel_find(&play.desk->machine, &newcomer.channel, &owner));
    play_must(&play, enrolment(&play, DESK_NEWCOMER, 0));
    for (size_t i = 0; i < 3; i++) {
        struct vg_keys keys = desk_keys(play.desk, owners[i]);
        cr_assert(owns(&play, &keys.channel, owners[i]));
        if (owners[i] != DESK_NODE)
            play_expel(&play, owners[i]);
        cr_assert(owns(&play, &keys.channel, owners[i]), "also of one who has gone");
    }
    play_free(&play);
}

Test(people, ids_of_nodes_are_nobodys)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = enrolment(&play, DESK_NEWCOMER, 0);
    order.command.enroll.person = desk_author(play.desk, DESK_NODE);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_ID_OF_NODES));
    play_free(&play);
}

Test(people, those_of_the_genesis_are_listed_first_and_then_by_id)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_person person = {.first = false};
    play_expel(&play, DESK_BEN);
    play_must(&play, enrolment(&play, DESK_NEWCOMER, 0));
    for (int i = 0; i < DESK_PEOPLE; i++) {
        vg_id id = desk_author(play.desk, (enum desk_person)i);
        cr_assert(response_person_next(&play.desk->machine, &person));
        cr_assert(vg_id_equal(&person.id, &id));
        cr_assert_eq(person.expelled_at != 0, i == DESK_BEN);
    }
    vg_id id = desk_author(play.desk, DESK_NEWCOMER);
    cr_assert(response_person_next(&play.desk->machine, &person));
    cr_assert(vg_id_equal(&person.id, &id));
    cr_assert_not(response_person_next(&play.desk->machine, &person));
    play_free(&play);
}

/* ---- removing ----------------------------------------------------------------------------------
 */

Test(people, commands_of_one_who_has_gone_are_forbidden_from_there_on)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    struct desk_order note = by(desk_note(&play.incident, "hello"), DESK_BEN);
    play_must(&play, note);
    play_expel(&play, DESK_BEN);
    cr_assert(play_refuses(&play, note, RESPONSE_REFUSED_GONE));
    struct desk_order operators = removal(&play, DESK_ANN);
    play_must(&play, enrolment(&play, DESK_NEWCOMER, LEDGER_PERSON_OPERATOR));
    play_must(&play, by(removal(&play, DESK_OPERATOR), DESK_NEWCOMER));
    cr_assert(play_refuses(&play, operators, RESPONSE_REFUSED_GONE));
    play_free(&play);
}

Test(people, the_id_the_key_and_all_that_was_done_stay)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    vg_id ben = desk_author(play.desk, DESK_BEN);
    vg_public_key key;
    char name[VG_NAME_MAX + 1];
    play_name(&play, DESK_BEN, "Ben");
    play_must(&play, by(desk_note(&play.incident, "hello"), DESK_BEN));
    play.desk->time_ms += 5000;
    play_expel(&play, DESK_BEN);
    cr_assert_eq(person_of(&play, DESK_BEN).expelled_at, play.desk->time_ms);
    cr_assert(response_key_find(&play.desk->machine, &ben, &key));
    cr_assert_eq(
        memcmp(key.bytes, play.desk->genesis.people[DESK_BEN].keys.key.bytes, sizeof key.bytes), 0);
    cr_assert(response_name_get(&play.desk->machine, &ben, name));
    cr_assert_str_eq(name, "Ben");
    struct response_event event = play_event(&play, 1);
    cr_assert(vg_id_equal(&event.author, &ben));
    play_free(&play);
}

Test(people, the_same_removal_again_is_answered_repeated)
{
    struct play play = play_new(RESPONSE_DETECT);
    play_expel(&play, DESK_BEN);
    uint64_t at = play.desk->time_ms;
    play.desk->time_ms += 5000;
    struct desk_order again = removal(&play, DESK_BEN);
    struct response_outcome outcome = desk_send(play.desk, &again);
    cr_assert_eq(outcome.error.code, VG_OK);
    cr_assert(outcome.repeated);
    cr_assert_eq(person_of(&play, DESK_BEN).expelled_at, at);
    play_free(&play);
}

Test(people, who_was_never_here_is_not_removed)
{
    struct play play = play_new(RESPONSE_DETECT);
    cr_assert(play_refuses(&play, removal(&play, DESK_NEWCOMER), RESPONSE_REFUSED_NO_PERSON));
    play_free(&play);
}

Test(people, the_last_operator_cannot_be_removed)
{
    struct play play = play_new(RESPONSE_DETECT);
    cr_assert(play_refuses(&play, removal(&play, DESK_OPERATOR), RESPONSE_REFUSED_LAST_OPERATOR));
    play_grant(&play, DESK_ANN, RESPONSE_ROLE_OPERATOR, 0);
    cr_assert(play_refuses(&play, removal(&play, DESK_OPERATOR), RESPONSE_REFUSED_LAST_OPERATOR),
              "a role in a compartment runs no cluster");
    play_must(&play, enrolment(&play, DESK_NEWCOMER, LEDGER_PERSON_OPERATOR));
    play_expel(&play, DESK_OPERATOR);
    cr_assert(play_refuses(&play, by(removal(&play, DESK_NEWCOMER), DESK_NEWCOMER),
                           RESPONSE_REFUSED_LAST_OPERATOR));
    play_free(&play);
}

/* ---- roles and names of those who have gone ----------------------------------------------------
 */

Test(people, gone_people_have_no_roles_are_given_none_and_lose_those_they_had)
{
    struct play play = play_new(RESPONSE_DETECT);
    vg_id ben = desk_author(play.desk, DESK_BEN);
    play_expel(&play, DESK_BEN);
    cr_assert_eq(response_roles_of(&play.desk->machine, &ben, &play.desk->genesis.first), 0);
    cr_assert(play_refuses(&play, grant(&play, DESK_BEN, RESPONSE_ROLE_LEGAL, 0),
                           RESPONSE_REFUSED_NO_PERSON));
    play_must(&play, grant(&play, DESK_BEN, 0, RESPONSE_ROLE_RESPONDER));
    play_free(&play);
}

Test(people, gone_people_are_put_on_no_roster_and_are_taken_off_it)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = play_order(&play, RESPONSE_OP_ROSTER);
    vg_id ann = desk_author(play.desk, DESK_ANN);
    play_expel(&play, DESK_ANN);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_PERSON));
    order.command.roster.on = RESPONSE_NO;
    play_must(&play, order);
    cr_assert_not(response_on_call(&play.desk->machine, &play.desk->genesis.first, &ann));
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_PERSON), "once");
    play_free(&play);
}

Test(people, gone_people_are_named_nowhere_anew)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    vg_id ben = desk_author(play.desk, DESK_BEN);
    struct desk_order orders[] = {
        play_order(&play, RESPONSE_OP_OWNER),   play_order(&play, RESPONSE_OP_TASK),
        play_order(&play, RESPONSE_OP_STEP),    play_order(&play, RESPONSE_OP_CLASSIFY),
        play_order(&play, RESPONSE_OP_CUSTODY), play_order(&play, RESPONSE_OP_ANSWER),
        play_order(&play, RESPONSE_OP_PERSON),
    };
    play_do(&play, RESPONSE_OP_CLASSIFY);
    orders[0].command.owner.owner = ben;
    orders[1].command.task.owner = ben;
    orders[2].command.step.owner = ben;
    orders[3].command.classify.participants = (struct response_ids){1, {ben}};
    orders[4].command.custody.action = RESPONSE_OFFER;
    orders[4].command.custody.to = ben;
    orders[5].command.answer.owner = ben;
    orders[5].command.answer.match = vg_span_text("scanner-7");
    orders[6].command.person.person = ben;
    play_expel(&play, DESK_BEN);
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        cr_assert(play_refuses(&play, orders[i], RESPONSE_REFUSED_NO_PERSON), "%s",
                  response_op_name(orders[i].command.op));
    play_free(&play);
}

/* ---- names and roles ---------------------------------------------------------------------------
 */

Test(people, names_of_people_are_unique)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = play_order(&play, RESPONSE_OP_PERSON);
    vg_id found;
    play_name(&play, DESK_BEN, "Ben");
    order.command.person.name = vg_span_text("Ben");
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NAME_TAKEN));
    play_name(&play, DESK_BEN, "Ben");
    play_name(&play, DESK_BEN, "Benjamin");
    play_must(&play, order);
    cr_assert(response_person_find(&play.desk->machine, vg_span_text("Ben"), &found));
    cr_assert(vg_id_equal(&found, &order.command.person.person), "a name given up is free");
    play_free(&play);
}

Test(people, names_of_compartments_are_unique)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = play_order(&play, RESPONSE_OP_LABEL);
    play_must(&play, order);
    order.command.label.compartment = (vg_id){{0xc0, 2}};
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_LABEL_TAKEN));
    order.command.label.name = vg_span_text("directory");
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_LABEL_TAKEN), "or rotate meant another");
    order.command.label.compartment = play.desk->genesis.directory;
    play_must(&play, order);
    play_free(&play);
}

/* Those that none may have, and what has nothing to name: neither an epoch, nor is it the genesis'
 * own, nor does the genesis let it be in clear. */
Test(people, a_name_is_of_a_compartment_and_is_read_as_nothing_else)
{
    static const vg_id elsewhere = {{0xc0, 2}};
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order order = play_order(&play, RESPONSE_OP_LABEL);
    struct desk_order tenant = play_order(&play, RESPONSE_OP_TENANT);
    order.command.label.name = vg_span_text("control");
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_LABEL_TAKEN));
    order.command.label.name = tenant.command.tenant.name =
        vg_span_text("0190AA00-0000-7000-8000-000000000001");
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NAMED_AS_ID));
    cr_assert(play_refuses(&play, tenant, RESPONSE_REFUSED_NAMED_AS_ID));
    order.command.label.name = vg_span_text("0190aa00-0000-7000-8000-00000000000");
    play_must(&play, order);
    play.desk->genesis.flags = 0;
    play_must(&play, order);
    vg_id made = play_create(&play, 0x7);
    play_label(&play, &made, "made");
    order.command.label.compartment = elsewhere;
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_LABEL_TAKEN), "the name first");
    order.command.label.name = vg_span_text("free");
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NOTHING_TO_NAME));
    play_free(&play);
}

Test(people, there_are_so_many_compartments_and_no_more)
{
    struct play play = play_new(RESPONSE_DETECT);
    const struct response_machine *machine = &play.desk->machine;
    struct desk_order label = play_order(&play, RESPONSE_OP_LABEL);
    cr_assert_eq(response_compartment_count(machine), 2, "the genesis' own");
    vg_id made = play_create(&play, 0x7), unnamed = play_create(&play, 0x7);
    play_label(&play, &made, "made");
    label.command.label.compartment = (vg_id){{0xc0, 2}};
    label.command.label.name = vg_span_text("in clear");
    play_must(&play, label);
    cr_assert_eq(response_compartment_count(machine), 5);
    play_shred(&play, &unnamed, 1);
    cr_assert_eq(response_compartment_count(machine), 5, "it is known for ever");
    play_full(&play);
    label.command.label.compartment = (vg_id){{0xc0, 3}};
    label.command.label.name = vg_span_text("one more");
    cr_assert(play_refuses(&play, label, RESPONSE_REFUSED_COMPARTMENTS_FULL));
    vg_id fresh = desk_request(play.desk, play.desk->time_ms);
    cr_assert(play_refuses(&play, play_clearing(&play, RESPONSE_OP_CREATE, &fresh, 1, 0x7),
                           RESPONSE_REFUSED_COMPARTMENTS_FULL));
    play_label(&play, &made, "another name");
    play_free(&play);
}

Test(people, a_grant_does_not_give_and_take_the_same_role)
{
    struct play play = play_new(RESPONSE_DETECT);
    cr_assert(play_refuses(&play,
                           grant(&play, DESK_ANN, RESPONSE_ROLE_LEGAL | RESPONSE_ROLE_SUPPORT,
                                 RESPONSE_ROLE_SUPPORT | RESPONSE_ROLE_RESPONDER),
                           RESPONSE_REFUSED_GIVES_AND_TAKES));
    play_must(&play, grant(&play, DESK_ANN, RESPONSE_ROLE_LEGAL, RESPONSE_ROLE_RESPONDER));
    vg_id ann = desk_author(play.desk, DESK_ANN);
    cr_assert_eq(response_roles_of(&play.desk->machine, &ann, &play.desk->genesis.first),
                 RESPONSE_ROLE_LEGAL);
    play_free(&play);
}

Test(people, a_compartment_exists_once_it_is_the_genesis_own_or_labelled)
{
    static const vg_id elsewhere = {{0xc0, 2}};
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order orders[] = {play_order(&play, RESPONSE_OP_GRANT),
                                  play_order(&play, RESPONSE_OP_ROSTER),
                                  play_order(&play, RESPONSE_OP_PROCEDURE)};
    struct desk_order detection = desk_detect("there", "");
    orders[0].command.grant.compartment = elsewhere;
    orders[0].command.grant.give = RESPONSE_ROLE_RESPONDER;
    orders[1].command.roster.compartment = elsewhere;
    orders[2].command.procedure.compartment = elsewhere;
    detection.compartment = elsewhere;
    for (size_t i = 0; i < 3; i++)
        cr_assert(play_refuses(&play, orders[i], RESPONSE_REFUSED_NOT_LABELLED));
    cr_assert(play_refuses(&play, detection, RESPONSE_REFUSED_NO_COMPARTMENT));
    struct desk_order label = play_order(&play, RESPONSE_OP_LABEL);
    label.command.label.compartment = elsewhere;
    play_must(&play, label);
    for (size_t i = 0; i < 3; i++)
        play_must(&play, orders[i]);
    cr_assert_eq(desk_send(play.desk, &detection).error.code, VG_OK);
    play_free(&play);
}
