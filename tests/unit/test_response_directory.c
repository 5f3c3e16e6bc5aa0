/* SPDX-License-Identifier: Apache-2.0
 * The directory: names, roles, and who may do what. */
#include <criterion/criterion.h>

#include "tests/lib/desk.h"

static const vg_id other = {{0xc0, 2}};

static vg_id person_of(const struct desk *desk, enum desk_person person)
{
    return desk->genesis.people[person].id;
}

static struct desk_order order_of(const struct desk *desk, enum response_op op)
{
    struct desk_order order = {.compartment = desk->genesis.directory};
    order.command.op = op;
    return order;
}

static struct desk_order grant_of(const struct desk *desk, enum desk_person person,
                                  const vg_id *compartment, uint32_t roles)
{
    struct desk_order order = order_of(desk, RESPONSE_OP_GRANT);
    order.command.grant.person = person_of(desk, person);
    order.command.grant.compartment = *compartment;
    order.command.grant.give = roles;
    return order;
}

static struct desk_order label_of(const struct desk *desk, const vg_id *compartment,
                                  const char *name)
{
    struct desk_order order = order_of(desk, RESPONSE_OP_LABEL);
    order.command.label.compartment = *compartment;
    order.command.label.name = vg_span_text(name);
    return order;
}

Test(directory, people_have_names)
{
    struct desk *desk = desk_new();
    char name[VG_NAME_MAX + 1];
    vg_id ann = person_of(desk, DESK_ANN);
    cr_assert_not(response_name_get(&desk->machine, &ann, name));
    cr_assert_str_eq(name, "");
    struct desk_order order = order_of(desk, RESPONSE_OP_PERSON);
    order.command.person.person = ann;
    order.command.person.name = vg_span_text("Ann");
    cr_assert_eq(desk_send(desk, &order).error.code, VG_OK);
    order.command.person.name = vg_span_text("Ann O.");
    cr_assert_eq(desk_send(desk, &order).error.code, VG_OK);
    cr_assert(response_name_get(&desk->machine, &ann, name));
    cr_assert_str_eq(name, "Ann O.");
    desk_free(desk);
}

Test(directory, compartments_have_names)
{
    struct desk *desk = desk_new();
    char name[VG_NAME_MAX + 1];
    struct desk_order order = label_of(desk, &desk->genesis.first, "default");
    cr_assert_eq(desk_send(desk, &order).error.code, VG_OK);
    cr_assert(response_name_get(&desk->machine, &desk->genesis.first, name));
    cr_assert_str_eq(name, "default");
    order = label_of(desk, &desk->genesis.first, "renamed");
    cr_assert_eq(desk_send(desk, &order).error.code, VG_OK);
    cr_assert(response_name_get(&desk->machine, &desk->genesis.first, name));
    cr_assert_str_eq(name, "renamed");
    desk_free(desk);
}

Test(directory, a_name_is_one_compartments)
{
    struct desk *desk = desk_new();
    char name[VG_NAME_MAX + 1];
    struct desk_order order = label_of(desk, &desk->genesis.first, "default");
    desk_send(desk, &order);
    cr_assert_eq(desk_send(desk, &order).error.code, VG_OK, "its own name again is no clash");
    order = label_of(desk, &other, "default");
    cr_assert_eq(desk_send(desk, &order).error.code, VG_EXISTS);
    order = label_of(desk, &desk->genesis.first, "first");
    desk_send(desk, &order);
    order = label_of(desk, &other, "default");
    cr_assert_eq(desk_send(desk, &order).error.code, VG_OK, "a name given up is free");
    cr_assert(response_name_get(&desk->machine, &other, name));
    cr_assert_str_eq(name, "default");
    desk_free(desk);
}

Test(directory, compartments_are_listed_in_id_order)
{
    struct desk *desk = desk_new();
    vg_id at = {{0}};
    struct desk_order order = label_of(desk, &other, "b");
    cr_assert_not(response_compartment_next(&desk->machine, &at, &at));
    desk_send(desk, &order);
    order = label_of(desk, &desk->genesis.first, "a");
    desk_send(desk, &order);
    cr_assert(response_compartment_next(&desk->machine, &at, &at));
    cr_assert(vg_id_equal(&at, &desk->genesis.first));
    cr_assert(response_compartment_next(&desk->machine, &at, &at));
    cr_assert(vg_id_equal(&at, &other));
    cr_assert_not(response_compartment_next(&desk->machine, &at, &at));
    desk_free(desk);
}

Test(directory, roles_are_given_and_taken_per_compartment)
{
    struct desk *desk = desk_new();
    vg_id ann = person_of(desk, DESK_ANN);
    cr_assert_eq(response_roles_of(&desk->machine, &ann, &desk->genesis.first),
                 RESPONSE_ROLE_RESPONDER);
    cr_assert_eq(response_roles_of(&desk->machine, &ann, &desk->genesis.directory), 0);
    struct desk_order order =
        grant_of(desk, DESK_ANN, &desk->genesis.first, RESPONSE_ROLE_LEGAL | RESPONSE_ROLE_AUDITOR);
    cr_assert_eq(desk_send(desk, &order).error.code, VG_OK);
    cr_assert_eq(response_roles_of(&desk->machine, &ann, &desk->genesis.first),
                 RESPONSE_ROLE_RESPONDER | RESPONSE_ROLE_LEGAL | RESPONSE_ROLE_AUDITOR);
    order = grant_of(desk, DESK_ANN, &desk->genesis.first, 0);
    order.command.grant.take = RESPONSE_ROLE_RESPONDER | RESPONSE_ROLE_LEGAL;
    cr_assert_eq(desk_send(desk, &order).error.code, VG_OK);
    cr_assert_eq(response_roles_of(&desk->machine, &ann, &desk->genesis.first),
                 RESPONSE_ROLE_AUDITOR);
    desk_free(desk);
}

Test(directory, roles_count_from_the_entry_that_gives_them_to_the_one_that_takes_them)
{
    struct desk *desk = desk_new();
    struct desk_order note = desk_detect("seen", "");
    struct desk_order grant =
        grant_of(desk, DESK_STRANGER, &desk->genesis.first, RESPONSE_ROLE_SUPPORT);
    note.person = DESK_STRANGER;
    cr_assert_eq(desk_send(desk, &note).error.code, VG_NOT_FOUND);
    desk_send(desk, &grant);
    cr_assert_eq(desk_send(desk, &note).error.code, VG_OK);
    grant.command.grant.give = 0;
    grant.command.grant.take = RESPONSE_ROLE_SUPPORT;
    desk_send(desk, &grant);
    cr_assert_eq(desk_send(desk, &note).error.code, VG_NOT_FOUND);
    desk_free(desk);
}

Test(directory, only_operators_change_it)
{
    struct desk *desk = desk_new();
    struct desk_order orders[] = {
        grant_of(desk, DESK_ANN, &desk->genesis.first, RESPONSE_ROLE_LEGAL),
        label_of(desk, &desk->genesis.first, "default"),
        order_of(desk, RESPONSE_OP_PERSON),
    };
    orders[2].command.person.person = person_of(desk, DESK_ANN);
    orders[2].command.person.name = vg_span_text("Ann");
    for (size_t i = 0; i < 3; i++) {
        orders[i].person = DESK_MANAGER;
        cr_assert_eq(desk_send(desk, &orders[i]).error.code, VG_FORBIDDEN, "order %zu", i);
    }
    struct desk_order order =
        grant_of(desk, DESK_MANAGER, &desk->genesis.directory, RESPONSE_ROLE_OPERATOR);
    cr_assert_eq(desk_send(desk, &order).error.code, VG_OK);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(desk_send(desk, &orders[i]).error.code, VG_OK, "order %zu", i);
    desk_free(desk);
}

Test(directory, an_operators_bit_is_no_role_among_incidents)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_detect("seen", "");
    order.person = DESK_OPERATOR;
    struct response_outcome outcome = desk_send(desk, &order);
    cr_assert_eq(outcome.error.code, VG_FORBIDDEN);
    desk_free(desk);
}

/* Who may do what: one row a role, as docs/process.md has it. */
Test(directory, each_role_may_do_what_the_table_says)
{
    static const struct {
        uint32_t role;
        bool detect, note, stage, import;
    } rows[] = {
        {RESPONSE_ROLE_REPORTER, true, false, false, false},
        {RESPONSE_ROLE_RESPONDER, true, true, true, true},
        {RESPONSE_ROLE_INCIDENT_MANAGER, true, true, true, true},
        {RESPONSE_ROLE_EXECUTIVE, true, true, false, false},
        {RESPONSE_ROLE_LEGAL, true, true, false, false},
        {RESPONSE_ROLE_PRIVACY_OFFICER, true, true, false, false},
        {RESPONSE_ROLE_COMMUNICATIONS, true, true, false, false},
        {RESPONSE_ROLE_SERVICE_TEAM, true, true, false, false},
        {RESPONSE_ROLE_SUPPORT, true, true, false, false},
        {RESPONSE_ROLE_KEY_OFFICER, false, false, false, false},
        {RESPONSE_ROLE_AUDITOR, false, false, false, false},
        {RESPONSE_ROLE_TENANT_CONTACT, false, false, false, false},
        {RESPONSE_ROLE_OPERATOR, false, false, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct desk *desk = desk_new();
        struct desk_order order = desk_detect("seen", "");
        vg_id id = desk_send(desk, &order).id;
        order = grant_of(desk, DESK_STRANGER, &desk->genesis.first, rows[i].role);
        cr_assert_eq(desk_send(desk, &order).error.code, VG_OK);
        struct desk_order orders[] = {desk_detect("by role", ""), desk_note(&id, "by role"),
                                      desk_stage(&id, RESPONSE_ASSESS, 1), desk_import("A", "{}")};
        bool may[] = {rows[i].detect, rows[i].note, rows[i].stage, rows[i].import};
        for (size_t k = 0; k < 4; k++) {
            orders[k].person = DESK_STRANGER;
            cr_assert_eq(desk_send(desk, &orders[k]).error.code, may[k] ? VG_OK : VG_FORBIDDEN,
                         "%s, command %zu", response_word(response_roles, rows[i].role), k);
        }
        desk_free(desk);
    }
}

Test(directory, refusals_name_the_roles_that_are_needed)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_import("A", "{}");
    order.person = DESK_REPORTER;
    struct response_outcome outcome = desk_send(desk, &order);
    cr_assert_not_null(
        strstr(outcome.error.text, "one of the roles responder, incident-manager in"), "%s",
        outcome.error.text);
    desk_free(desk);
}

/* What it says to type does give the role. */
Test(directory, refusals_say_how_the_role_is_given_where_it_is_needed)
{
    static const struct {
        const char *place, *how;
    } said[] = {
        {"in control entries, and", "vigil user add NAME --public FILE --operator"},
        {"in the directory, and", "vigil user grant NAME ROLE --compartment directory"},
        {"in this compartment, and", "vigil user grant NAME ROLE --compartment COMPARTMENT"},
    };
    struct desk *desk = desk_new();
    struct desk_order orders[] = {
        {.control = true, .command = {.op = RESPONSE_OP_EXPEL}},
        grant_of(desk, DESK_BEN, &desk->genesis.first, RESPONSE_ROLE_LEGAL),
        desk_import("A", "{}"),
    };
    orders[0].command.expel.person = person_of(desk, DESK_BEN);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        orders[i].person = DESK_REPORTER;
        struct response_outcome outcome = desk_send(desk, &orders[i]);
        cr_assert_eq(outcome.error.code, VG_FORBIDDEN, "%s", outcome.error.text);
        cr_expect_not_null(strstr(outcome.error.text, said[i].place), "%s", outcome.error.text);
        cr_expect_not_null(strstr(outcome.error.text, said[i].how), "%s", outcome.error.text);
    }
    desk_free(desk);
}

Test(directory, people_and_compartments_must_exist)
{
    struct desk *desk = desk_new();
    struct desk_order order = grant_of(desk, DESK_ANN, &other, RESPONSE_ROLE_RESPONDER);
    cr_assert_eq(desk_send(desk, &order).error.code, VG_NOT_FOUND);
    order = grant_of(desk, DESK_ANN, &desk->genesis.first, RESPONSE_ROLE_RESPONDER);
    order.command.grant.person = other;
    cr_assert_eq(desk_send(desk, &order).error.code, VG_NOT_FOUND);
    order = order_of(desk, RESPONSE_OP_PERSON);
    order.command.person.person = other;
    order.command.person.name = vg_span_text("nobody");
    cr_assert_eq(desk_send(desk, &order).error.code, VG_NOT_FOUND);
    order = desk_detect("seen", "");
    order.compartment = other;
    cr_assert_eq(desk_send(desk, &order).error.code, VG_NOT_FOUND);
    desk_free(desk);
}

Test(directory, commands_stay_in_their_kind_of_compartment)
{
    struct desk *desk = desk_new();
    struct desk_order order = label_of(desk, &other, "b");
    order.compartment = desk->genesis.first;
    cr_assert_eq(desk_send(desk, &order).error.code, VG_INVALID);
    order = desk_detect("seen", "");
    order.compartment = desk->genesis.directory;
    cr_assert_eq(desk_send(desk, &order).error.code, VG_INVALID);
    desk_free(desk);
}

Test(directory, compartments_do_not_see_each_other)
{
    struct desk *desk = desk_new();
    struct response_incident incident;
    struct desk_order order = label_of(desk, &other, "b");
    desk_send(desk, &order);
    order = grant_of(desk, DESK_ANN, &other, RESPONSE_ROLE_RESPONDER);
    desk_send(desk, &order);
    order = desk_detect("here", "ids:1");
    vg_id here = desk_send(desk, &order).id;
    vg_hash untouched = response_state_hash(&desk->machine, &desk->genesis.first);
    order = desk_detect("there", "ids:1");
    order.compartment = other;
    struct response_outcome outcome = desk_send(desk, &order);
    cr_assert_eq(outcome.error.code, VG_OK);
    cr_assert_not(outcome.joined);
    order = desk_note(&here, "from there");
    order.compartment = other;
    cr_assert_eq(desk_send(desk, &order).error.code, VG_NOT_FOUND);
    cr_assert_eq(response_incident_get(&desk->machine, &other, &here, &incident), VG_NOT_FOUND);
    vg_hash after = response_state_hash(&desk->machine, &desk->genesis.first);
    cr_assert(vg_hash_equal(&untouched, &after));
    desk_free(desk);
}
