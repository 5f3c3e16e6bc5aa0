/* SPDX-License-Identifier: Apache-2.0
 * Who may read what: what each role lets see, from the entry that gives it to the one that takes
 * it. */
#include <criterion/criterion.h>

#include "proto/response/fields.h"
#include "proto/response/readers.h"
#include "tests/lib/play.h"

static const vg_id control;
static const vg_id unknown = {{0x77}};

static enum response_sight sees(const struct desk *desk, enum desk_person person,
                                const vg_id *compartment)
{
    vg_id id = desk_author(desk, person);
    return response_sight_of(&desk->machine, &id, compartment);
}

static bool knows(const struct desk *desk, enum desk_person person, const vg_id *compartment)
{
    vg_id id = desk_author(desk, person);
    return response_knows_compartment(&desk->machine, &id, compartment);
}

static bool manages(const struct desk *desk, enum desk_person person)
{
    vg_id id = desk_author(desk, person);
    return response_manages(&desk->machine, &id);
}

/* One row a role, as docs/process.md has it ("Who may read"). */
Test(readers, each_role_sees_what_the_page_says)
{
    static const struct {
        uint32_t role;
        enum response_sight incidents, directory;
        bool manages; /* given for the directory */
    } rows[] = {
        {RESPONSE_ROLE_REPORTER, RESPONSE_SEES_OWN, RESPONSE_SEES_NOTHING, false},
        {RESPONSE_ROLE_RESPONDER, RESPONSE_SEES_CONTENT, RESPONSE_SEES_CONTENT, false},
        {RESPONSE_ROLE_INCIDENT_MANAGER, RESPONSE_SEES_CONTENT, RESPONSE_SEES_CONTENT, false},
        {RESPONSE_ROLE_EXECUTIVE, RESPONSE_SEES_CONTENT, RESPONSE_SEES_CONTENT, false},
        {RESPONSE_ROLE_LEGAL, RESPONSE_SEES_CONTENT, RESPONSE_SEES_CONTENT, false},
        {RESPONSE_ROLE_PRIVACY_OFFICER, RESPONSE_SEES_CONTENT, RESPONSE_SEES_CONTENT, false},
        {RESPONSE_ROLE_COMMUNICATIONS, RESPONSE_SEES_CONTENT, RESPONSE_SEES_CONTENT, false},
        {RESPONSE_ROLE_SERVICE_TEAM, RESPONSE_SEES_CONTENT, RESPONSE_SEES_CONTENT, false},
        {RESPONSE_ROLE_SUPPORT, RESPONSE_SEES_CONTENT, RESPONSE_SEES_CONTENT, false},
        {RESPONSE_ROLE_KEY_OFFICER, RESPONSE_SEES_NOTHING, RESPONSE_SEES_CONTENT, true},
        {RESPONSE_ROLE_AUDITOR, RESPONSE_SEES_CONTENT, RESPONSE_SEES_CONTENT, false},
        {RESPONSE_ROLE_TENANT_CONTACT, RESPONSE_SEES_NOTHING, RESPONSE_SEES_NOTHING, false},
        {RESPONSE_ROLE_OPERATOR, RESPONSE_SEES_NOTHING, RESPONSE_SEES_CONTENT, true},
    };
    uint32_t all = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *role = response_word(response_roles, rows[i].role);
        struct play play = play_new(RESPONSE_DETECT);
        const struct desk *desk = play.desk;
        play_grant(&play, DESK_STRANGER, rows[i].role, 0);
        cr_expect_eq(sees(desk, DESK_STRANGER, &desk->genesis.first), rows[i].incidents, "%s",
                     role);
        cr_expect(knows(desk, DESK_STRANGER, &desk->genesis.first), "%s", role);
        cr_expect_not(manages(desk, DESK_STRANGER), "%s", role);
        cr_expect_eq(sees(desk, DESK_STRANGER, &desk->genesis.directory), RESPONSE_SEES_NOTHING);
        play_grant(&play, DESK_STRANGER, 0, rows[i].role);
        play_grant_in_directory(&play, DESK_STRANGER, rows[i].role);
        cr_expect_eq(sees(desk, DESK_STRANGER, &desk->genesis.directory), rows[i].directory, "%s",
                     role);
        cr_expect_eq(manages(desk, DESK_STRANGER), rows[i].manages, "%s", role);
        cr_expect_eq(knows(desk, DESK_STRANGER, &desk->genesis.first), rows[i].manages, "%s", role);
        cr_expect_eq(sees(desk, DESK_STRANGER, &desk->genesis.first), RESPONSE_SEES_NOTHING, "%s",
                     role);
        play_free(&play);
        all |= rows[i].role;
    }
    cr_assert_eq(all, response_all_bits(response_roles), "a role without a row");
}

Test(readers, a_role_counts_from_the_entry_that_gives_it_to_the_one_that_takes_it)
{
    struct play play = play_new(RESPONSE_DETECT);
    const struct desk *desk = play.desk;
    const vg_id *first = &desk->genesis.first;
    cr_assert_not(knows(desk, DESK_STRANGER, first));
    play_grant(&play, DESK_STRANGER, RESPONSE_ROLE_AUDITOR | RESPONSE_ROLE_REPORTER, 0);
    cr_assert_eq(sees(desk, DESK_STRANGER, first), RESPONSE_SEES_CONTENT);
    play_grant(&play, DESK_STRANGER, 0, RESPONSE_ROLE_AUDITOR);
    cr_assert_eq(sees(desk, DESK_STRANGER, first), RESPONSE_SEES_OWN);
    play_grant(&play, DESK_STRANGER, 0, RESPONSE_ROLE_REPORTER);
    cr_assert_eq(sees(desk, DESK_STRANGER, first), RESPONSE_SEES_NOTHING);
    cr_assert_not(knows(desk, DESK_STRANGER, first));
    cr_assert_eq(sees(desk, DESK_ANN, first), RESPONSE_SEES_CONTENT);
    play_expel(&play, DESK_ANN);
    cr_assert_eq(sees(desk, DESK_ANN, first), RESPONSE_SEES_NOTHING);
    cr_assert_not(knows(desk, DESK_ANN, first), "who has gone knows nothing new");
    play_free(&play);
}

Test(readers, the_bits_of_an_enrolment_manage_and_read_no_incidents)
{
    struct play play = play_new(RESPONSE_DETECT);
    const struct desk *desk = play.desk;
    cr_assert(manages(desk, DESK_OPERATOR));
    cr_assert(manages(desk, DESK_PRIVACY), "a key officer");
    cr_assert(knows(desk, DESK_OPERATOR, &unknown));
    cr_assert_eq(sees(desk, DESK_OPERATOR, &desk->genesis.first), RESPONSE_SEES_NOTHING);
    cr_assert_eq(sees(desk, DESK_OPERATOR, &desk->genesis.directory), RESPONSE_SEES_CONTENT);
    cr_assert_eq(sees(desk, DESK_OPERATOR, &control), RESPONSE_SEES_CONTENT);
    cr_assert_eq(sees(desk, DESK_PRIVACY, &control), RESPONSE_SEES_CONTENT);
    cr_assert_eq(sees(desk, DESK_ANN, &control), RESPONSE_SEES_NOTHING);
    play_free(&play);
}

Test(readers, the_directory_is_known_to_all_and_a_node_sees_nothing)
{
    struct play play = play_new(RESPONSE_DETECT);
    const struct desk *desk = play.desk;
    const vg_id *all[] = {&control, &desk->genesis.directory, &desk->genesis.first, &unknown};
    cr_assert(knows(desk, DESK_STRANGER, &desk->genesis.directory));
    cr_assert(knows(desk, DESK_STRANGER, &control));
    cr_assert_not(knows(desk, DESK_STRANGER, &unknown));
    cr_assert_not(knows(desk, DESK_NODE, &desk->genesis.first));
    cr_assert_not(manages(desk, DESK_NODE));
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(sees(desk, DESK_NODE, all[i]), RESPONSE_SEES_NOTHING);
        cr_assert_eq(sees(desk, DESK_STRANGER, all[i]), RESPONSE_SEES_NOTHING);
    }
    play_free(&play);
}

Test(readers, an_incident_is_of_who_detected_it)
{
    struct play play = play_new(RESPONSE_DETECT);
    const struct desk *desk = play.desk;
    struct desk_order order = desk_detect("mine", "key:1");
    order.person = DESK_REPORTER;
    vg_id mine = play_must(&play, order);
    order = desk_detect("mine again", "key:1");
    vg_id joined = play_must(&play, order);
    vg_id reporter = desk_author(desk, DESK_REPORTER);
    vg_id ann = desk_author(desk, DESK_ANN);
    cr_assert(vg_id_equal(&mine, &joined));
    cr_assert(response_is_own(&desk->machine, &reporter, &desk->genesis.first, &mine));
    cr_assert_not(response_is_own(&desk->machine, &ann, &desk->genesis.first, &mine));
    cr_assert_not(response_is_own(&desk->machine, &reporter, &desk->genesis.first, &play.incident));
    cr_assert_not(response_is_own(&desk->machine, &reporter, &desk->genesis.first, &unknown));
    play_free(&play);
}

/* What an outsider is told in a compartment that is there is what they are told in one that is not:
 * the same sentence, before anything of the command is looked at. */
Test(readers, an_outsiders_command_is_refused_as_where_there_is_no_compartment)
{
    for (enum response_op op = response_op_after(0); op != 0; op = response_op_after(op)) {
        struct play play = play_new(RESPONSE_DIAGNOSE);
        struct desk_order order = play_order(&play, op);
        bool directory = vg_id_equal(&order.compartment, &play.desk->genesis.directory);
        if (order.control || directory) {
            play_free(&play);
            continue;
        }
        order.person = DESK_STRANGER;
        order.request = desk_request(play.desk, play.desk->time_ms);
        order.compartment = play.desk->genesis.first;
        struct response_outcome real = desk_check(play.desk, &order);
        order.compartment = unknown;
        struct response_outcome fake = desk_check(play.desk, &order);
        cr_assert_eq(real.error.code, VG_NOT_FOUND, "%s", response_op_name(op));
        cr_assert_eq(real.error.code, fake.error.code);
        cr_assert_eq(real.refusal, fake.refusal);
        cr_assert(vg_id_is_zero(&real.id) && real.revision_count == 0);
        cr_assert_str_eq(strstr(real.error.text, " in which"),
                         strstr(fake.error.text, " in which"));
        play_free(&play);
    }
}

/* What they were answered once they may be answered again: it is of when they had a role. What is
 * new, whether it would be in time or not, is nothing to them. */
Test(readers, who_has_no_role_any_more_is_answered_what_they_were_and_nothing_new)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = desk_note(&play.incident, "seen");
    order.person = DESK_SUPPORT;
    order.request = desk_request(play.desk, play.desk->time_ms);
    uint64_t index = desk_send(play.desk, &order).index;
    play_grant(&play, DESK_SUPPORT, 0, RESPONSE_ROLE_SUPPORT);
    struct response_outcome outcome = desk_send(play.desk, &order);
    cr_assert(outcome.repeated);
    cr_assert_eq(outcome.index, index);
    order.request = desk_request(play.desk, play.desk->time_ms);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_COMPARTMENT));
    order.request = desk_request(play.desk, play.desk->time_ms - VG_REQUEST_PAST_MS - 1);
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_NO_COMPARTMENT), "too old");
    play_free(&play);
}

/* It is in the log, perhaps twice, and a role may be given between: what was refused stays it. */
Test(readers, what_an_outsider_was_refused_is_not_done_later)
{
    struct play play = play_new(RESPONSE_ASSESS);
    struct desk_order order = desk_note(&play.incident, "seen");
    order.person = DESK_STRANGER;
    order.request = desk_request(play.desk, play.desk->time_ms);
    cr_assert_eq(desk_send(play.desk, &order).refusal, RESPONSE_REFUSED_NO_COMPARTMENT);
    cr_assert(desk_send(play.desk, &order).repeated);
    play_grant(&play, DESK_STRANGER, RESPONSE_ROLE_SUPPORT, 0);
    struct response_outcome outcome = desk_send(play.desk, &order);
    cr_assert(outcome.repeated);
    cr_assert_eq(outcome.error.code, VG_NOT_FOUND);
    order.request = desk_request(play.desk, play.desk->time_ms);
    play_must(&play, order);
    play_free(&play);
}

/* Naming an id gives no name to it: of who never had a role here, a refusal and the timeline have
 * the id. */
Test(readers, a_name_is_not_to_be_had_by_an_id)
{
    struct play play = play_new(RESPONSE_DIAGNOSE);
    vg_id stranger = desk_author(play.desk, DESK_STRANGER);
    play_name(&play, DESK_STRANGER, "Sam Elsewhere");
    play_name(&play, DESK_BEN, "Ben");
    struct desk_order owner = play_order(&play, RESPONSE_OP_OWNER);
    owner.command.owner.owner = stranger;
    struct response_outcome outcome = play_send(&play, owner);
    cr_assert_eq(outcome.refusal, RESPONSE_REFUSED_NOT_AN_OWNER);
    cr_assert_null(strstr(outcome.error.text, "Sam"), "%s", outcome.error.text);
    struct desk_order classify = play_order(&play, RESPONSE_OP_CLASSIFY);
    classify.command.classify.participants.ids[0] = stranger;
    classify.command.classify.participants.ids[1] = desk_author(play.desk, DESK_BEN);
    classify.command.classify.participants.count = 2;
    play_must(&play, classify);
    cr_assert_not(play_contains(play_event(&play, 1).text, "Sam"));
    cr_assert(play_contains(play_event(&play, 1).text, "Ben"), "a colleague is named");
    play_free(&play);
}
