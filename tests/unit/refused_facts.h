/* SPDX-License-Identifier: Apache-2.0
 * Bends of commands about tenants, and of facts between compartments, for test_rules_refusals.c
 * alone, which has BEND and `elsewhere`. */
#ifndef VIGIL_TESTS_UNIT_REFUSED_FACTS_H
#define VIGIL_TESTS_UNIT_REFUSED_FACTS_H

static void a_tenant_twice(struct play *play, struct desk_order *order)
{
    play_do(play, RESPONSE_OP_DECLARE);
    play_must(play, *order);
}

BEND(a_tenant_nobody_knows, play_do(play, RESPONSE_OP_DECLARE);
     order->command.affect.tenant = vg_span_text("nobody"))

static void a_tenants_name_twice(struct play *play, struct desk_order *order)
{
    play_must(play, *order);
    order->request = desk_request(play->desk, play->desk->time_ms);
}
BEND(a_tenant_of_the_directory, order->command.tenant.compartment = play->desk->genesis.directory)

static void a_tenant_of_a_shredded_one(struct play *play, struct desk_order *order)
{
    order->command.tenant.compartment = play_create(play, 0x7);
    play_label(play, &order->command.tenant.compartment, "gone");
    play_shred(play, &order->command.tenant.compartment, 1);
}

/* ---- facts between compartments ----------------------------------------------------------------
 */

BEND(of_its_own_compartment, order->command.case_.source = play->desk->genesis.first)
BEND(of_a_tenant_nobody_knows, order->command.case_.tenant = elsewhere)

static vg_id labelled(struct play *play, unsigned holders)
{
    vg_id compartment = play_create(play, holders);
    struct desk_order label = play_order(play, RESPONSE_OP_LABEL);
    label.command.label.compartment = compartment;
    play_must(play, label);
    return compartment;
}

static void of_a_tenant_elsewhere(struct play *play, struct desk_order *order)
{
    vg_id compartment = labelled(play, 0x7);
    order->command.case_.tenant = play_tenant(play, "globex", &compartment);
}
/* Sealed for nodes 2 and 3 alone. */
BEND(by_one_that_is_not_cleared, order->command.case_.source = labelled(play, 0xd))
BEND(declared_without_harm, order->command.case_.harm = 0)
BEND(of_an_entry_to_come, order->command.case_.index = 1000)

static void told_otherwise_before(struct play *play, struct desk_order *order)
{
    play_must(play, *order);
    order->command.case_.hash.bytes[3] ^= 1;
}

#endif
