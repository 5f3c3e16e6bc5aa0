/* SPDX-License-Identifier: Apache-2.0
 * Tenants, the facts that compartments owe each other, and cases (docs/process.md, "Tenants, cases,
 * facts"). The incident is in the first compartment, which is in clear at this desk; the tenant
 * globex in another one, of nodes 1 and 2, unless a test says otherwise. */
#include <criterion/criterion.h>

#include "proto/response/epochs.h"
#include "proto/response/tenants.h"
#include "tests/lib/play.h"

enum { MINUTE = 60 * 1000, WITH_NODE_1 = 0x7, WITHOUT_NODE_1 = 0xd };

struct two {
    struct play play;
    vg_id home; /* of globex */
    vg_id globex;
};

static struct two two_compartments(unsigned holders)
{
    struct two two = {.play = play_new(RESPONSE_ASSESS)};
    struct desk_order label = play_order(&two.play, RESPONSE_OP_LABEL);
    two.home = play_create(&two.play, holders);
    label.command.label.compartment = two.home;
    play_must(&two.play, label);
    two.globex = play_tenant(&two.play, "globex", &two.home);
    return two;
}

static void declare(struct play *play, struct response_lines tenants)
{
    struct desk_order order = play_order(play, RESPONSE_OP_DECLARE);
    order.command.declare.tenants = tenants;
    play_must(play, order);
}

static const struct response_lines globex = {1, {{(const uint8_t *)"globex", 6}}};

/* The n-th fact of the incident in a state; false if there are fewer. */
static bool fact_at(const struct play *play, enum response_progress progress, uint32_t n,
                    struct response_owed *out)
{
    *out = (struct response_owed){.fact.source = play->desk->genesis.first};
    for (uint32_t i = 0; i <= n; i++) {
        if (!response_owed_next(&play->desk->machine, progress, out))
            return false;
    }
    return true;
}

static uint32_t facts(const struct play *play, enum response_progress progress)
{
    struct response_owed owed;
    uint32_t count = 0;
    while (fact_at(play, progress, count, &owed))
        count++;
    return count;
}

static uint32_t cases(const struct play *play, const vg_id *compartment,
                      struct response_tenant_case *last)
{
    uint32_t count = 0;
    struct response_tenant_case found = {.facts = 0};
    for (; response_case_next(&play->desk->machine, compartment, &found); count++)
        *last = found;
    return count;
}

/* What a node says of a fact, in the tenant's compartment. */
static struct desk_order telling(const struct two *two, const struct response_fact *fact)
{
    struct desk_order order = play_order(&two->play, RESPONSE_OP_CASE);
    order.compartment = two->home;
    order.command.case_ = *fact;
    return order;
}

static struct response_heard heard(const struct two *two, const struct response_fact *fact)
{
    struct response_heard found;
    cr_assert(response_heard_get(&two->play.desk->machine, &two->home, fact, &found));
    return found;
}

static struct desk_order acknowledging(const struct two *two, const struct response_fact *fact)
{
    struct desk_order order = play_order(&two->play, RESPONSE_OP_ACKNOWLEDGE);
    struct response_heard by = heard(two, fact);
    order.command.acknowledge.tenant = fact->tenant;
    order.command.acknowledge.index = fact->index;
    order.command.acknowledge.hash = fact->hash;
    order.command.acknowledge.case_index = by.case_index;
    order.command.acknowledge.case_hash = by.case_hash;
    return order;
}

/* ---- tenants -----------------------------------------------------------------------------------
 */

Test(tenants, one_is_found_by_name_and_by_the_id_of_its_request)
{
    struct two two = two_compartments(WITH_NODE_1);
    struct response_tenant found, same, next = {.added_at = 0};
    cr_assert(response_tenant_find(&two.play.desk->machine, vg_span_text("globex"), &found));
    cr_assert(vg_id_equal(&found.id, &two.globex));
    cr_assert(vg_id_equal(&found.compartment, &two.home));
    cr_assert_eq(found.added_at, two.play.desk->time_ms);
    cr_assert(response_tenant_get(&two.play.desk->machine, &two.globex, &same));
    cr_assert_str_eq(same.name, "globex");
    cr_assert_not(response_tenant_find(&two.play.desk->machine, vg_span_text("glob"), &found));
    cr_assert(response_tenant_next(&two.play.desk->machine, &next.id, &next));
    cr_assert_str_eq(next.name, "acme");
    cr_assert(response_tenant_next(&two.play.desk->machine, &next.id, &next));
    cr_assert_not(response_tenant_next(&two.play.desk->machine, &next.id, &next));
    play_free(&two.play);
}

Test(tenants, a_key_officer_may_add_one)
{
    struct two two = two_compartments(WITH_NODE_1);
    struct desk_order order = play_order(&two.play, RESPONSE_OP_TENANT);
    order.person = DESK_PRIVACY;
    play_must(&two.play, order);
    play_free(&two.play);
}

Test(tenants, none_is_declared_that_the_directory_does_not_have)
{
    struct two two = two_compartments(WITH_NODE_1);
    struct desk_order order = play_order(&two.play, RESPONSE_OP_DECLARE);
    order.command.declare.tenants =
        (struct response_lines){2, {vg_span_text("globex"), vg_span_text("nobody")}};
    cr_assert(play_refuses(&two.play, order, RESPONSE_REFUSED_NO_TENANT));
    cr_assert_not_null(strstr(two.play.refused.error.text, "vigil tenant add"));
    cr_assert_eq(facts(&two.play, RESPONSE_FACT_OWED), 0);
    play_free(&two.play);
}

/* ---- owed --------------------------------------------------------------------------------------
 */

Test(facts, a_declaration_owes_each_tenant_elsewhere_its_own_time)
{
    struct two two = two_compartments(WITH_NODE_1);
    struct play *play = &two.play;
    struct response_owed owed;
    struct response_tenant_case unused;
    declare(play, (struct response_lines){2, {vg_span_text("globex"), vg_span_text("acme")}});
    cr_assert_eq(facts(play, RESPONSE_FACT_OWED), 1);
    cr_assert(fact_at(play, RESPONSE_FACT_OWED, 0, &owed));
    cr_assert(vg_id_equal(&owed.fact.tenant, &two.globex));
    cr_assert(vg_id_equal(&owed.fact.incident, &play->incident));
    cr_assert(vg_id_equal(&owed.target, &two.home));
    cr_assert_eq(owed.fact.kind, RESPONSE_FACT_DECLARED);
    cr_assert_eq(owed.fact.at, play_incident(play).declared_at);
    cr_assert_eq(owed.fact.class_, RESPONSE_SECURITY_INCIDENT);
    cr_assert_eq(owed.fact.harm, RESPONSE_HARM_ACCESS);
    vg_hash entry = ledger_tail_hash(play->desk->log);
    cr_assert(vg_hash_equal(&owed.fact.hash, &entry));
    cr_assert_eq(owed.fact.index, ledger_tail_last(play->desk->log));
    cr_assert_eq(cases(play, &two.home, &unused), 0);
    play_free(play);
}

/* Its compartment is the incident's: nothing has to be told, and it is kept that it was. */
Test(facts, a_tenant_of_the_same_compartment_has_its_case_at_once)
{
    struct two two = two_compartments(WITH_NODE_1);
    struct play *play = &two.play;
    struct response_owed told;
    struct response_tenant_case found;
    declare(play, (struct response_lines){1, {vg_span_text("acme")}});
    cr_assert_eq(facts(play, RESPONSE_FACT_OWED), 0);
    cr_assert(fact_at(play, RESPONSE_FACT_TOLD, 0, &told));
    cr_assert_eq(told.case_index, told.fact.index);
    cr_assert_eq(cases(play, &play->desk->genesis.first, &found), 1);
    cr_assert_eq(found.declared_at, play_incident(play).declared_at);
    cr_assert(response_case_stands(&found));
    play_withdraw(play);
    cr_assert_eq(cases(play, &play->desk->genesis.first, &found), 1);
    cr_assert_not(response_case_stands(&found));
    cr_assert_eq(found.withdrawn_at, play_incident(play).withdrawn_at);
    play_free(play);
}

Test(facts, a_tenant_found_later_is_owed_when_it_was_found)
{
    struct two two = two_compartments(WITH_NODE_1);
    struct play *play = &two.play;
    struct response_owed owed;
    play_do(play, RESPONSE_OP_DECLARE);
    play->desk->time_ms += 5000;
    struct desk_order order = play_order(play, RESPONSE_OP_AFFECT);
    order.command.affect.tenant = vg_span_text("globex");
    play_must(play, order);
    cr_assert(fact_at(play, RESPONSE_FACT_OWED, 0, &owed));
    cr_assert_eq(owed.fact.at, play_incident(play).declared_at + 5000);
    play_free(play);
}

Test(facts, a_withdrawal_and_a_new_declaration_are_owed_beside_the_first)
{
    struct two two = two_compartments(WITH_NODE_1);
    struct play *play = &two.play;
    struct response_owed owed[3];
    declare(play, globex);
    play->desk->time_ms += MINUTE;
    play_withdraw(play);
    play->desk->time_ms += MINUTE;
    declare(play, globex);
    for (uint32_t i = 0; i < 3; i++)
        cr_assert(fact_at(play, RESPONSE_FACT_OWED, i, &owed[i]));
    cr_assert_eq(owed[0].fact.kind, RESPONSE_FACT_DECLARED);
    cr_assert_eq(owed[1].fact.kind, RESPONSE_FACT_WITHDRAWN);
    cr_assert_eq(owed[1].fact.class_, 0);
    cr_assert_eq(owed[1].fact.harm, 0);
    cr_assert_eq(owed[2].fact.kind, RESPONSE_FACT_DECLARED);
    cr_assert_eq(owed[2].fact.at, owed[0].fact.at + (uint64_t)2 * MINUTE);
    cr_assert(owed[0].fact.index < owed[1].fact.index && owed[1].fact.index < owed[2].fact.index);
    play_free(play);
}

Test(facts, what_is_owed_is_late_after_five_minutes_and_overdue_after_an_hour)
{
    static const struct {
        uint64_t after;
        enum response_lateness is;
        const char *name;
    } rows[] = {
        {0, RESPONSE_WAITING, "waiting"},           {5 * MINUTE - 1, RESPONSE_WAITING, "waiting"},
        {5 * MINUTE, RESPONSE_LATE, "late"},        {60 * MINUTE - 1, RESPONSE_LATE, "late"},
        {60 * MINUTE, RESPONSE_OVERDUE, "overdue"}, {UINT64_MAX / 2, RESPONSE_OVERDUE, "overdue"}};
    const uint64_t at = 1790000000000U;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(response_lateness_of(at, at + rows[i].after), rows[i].is, "row %zu", i);
        cr_assert_str_eq(response_lateness_name(rows[i].is), rows[i].name);
    }
    cr_assert_eq(response_lateness_of(at, at - 1), RESPONSE_WAITING);
}

/* Before it was owed, or since. */
Test(facts, what_is_owed_to_a_shredded_compartment_has_ended_and_no_tenant_comes_there)
{
    struct two two = two_compartments(WITH_NODE_1);
    const struct response_machine *machine = &two.play.desk->machine;
    const vg_id first = two.play.incident;
    struct response_owed owed;
    declare(&two.play, globex);
    cr_assert(fact_at(&two.play, RESPONSE_FACT_OWED, 0, &owed));
    cr_assert_eq(response_owed_lateness(machine, &owed, owed.fact.at), RESPONSE_WAITING);
    cr_assert_eq(response_owed_lateness(machine, &owed, owed.fact.at + (uint64_t)60 * MINUTE),
                 RESPONSE_OVERDUE);
    play_shred(&two.play, &two.home, 1);
    play_begin(&two.play, "another", RESPONSE_ASSESS);
    declare(&two.play, globex);
    for (uint32_t n = 0; n < 2; n++) {
        cr_assert(fact_at(&two.play, RESPONSE_FACT_OWED, n, &owed));
        cr_assert_eq(vg_id_equal(&owed.fact.incident, &first), n == 0);
        cr_assert_eq(response_owed_lateness(machine, &owed, owed.fact.at), RESPONSE_ENDED);
        cr_assert_eq(response_owed_lateness(machine, &owed, UINT64_MAX / 2), RESPONSE_ENDED);
    }
    cr_assert_str_eq(response_lateness_name(RESPONSE_ENDED), "shredded");
    struct desk_order tenant = play_order(&two.play, RESPONSE_OP_TENANT);
    tenant.command.tenant.compartment = two.home;
    tenant.command.tenant.name = vg_span_text("initech");
    cr_assert(play_refuses(&two.play, tenant, RESPONSE_REFUSED_TENANT_IN_SHREDDED));
    play_free(&two.play);
}

/* ---- told, and acknowledged --------------------------------------------------------------------
 */

Test(cases, a_node_tells_it_and_acknowledges_that)
{
    struct two two = two_compartments(WITH_NODE_1);
    struct play *play = &two.play;
    struct response_owed owed, told;
    struct response_tenant_case found;
    declare(play, globex);
    cr_assert(fact_at(play, RESPONSE_FACT_OWED, 0, &owed));
    play->desk->time_ms += MINUTE;
    vg_id answered = play_must(play, telling(&two, &owed.fact));
    cr_assert(vg_id_equal(&answered, &play->incident));
    cr_assert_eq(cases(play, &two.home, &found), 1);
    cr_assert(vg_id_equal(&found.incident, &play->incident));
    cr_assert(vg_id_equal(&found.source, &play->desk->genesis.first));
    cr_assert(vg_id_equal(&found.tenant, &two.globex));
    cr_assert_eq(found.declared_at, play_incident(play).declared_at);
    cr_assert_eq(found.made_at, play->desk->time_ms);
    cr_assert(response_case_stands(&found));
    cr_assert_eq(facts(play, RESPONSE_FACT_OWED), 1);
    struct response_heard by = heard(&two, &owed.fact);
    vg_hash entry = ledger_tail_hash(play->desk->log);
    cr_assert_eq(by.case_index, ledger_tail_last(play->desk->log));
    cr_assert(vg_hash_equal(&by.case_hash, &entry));
    play_must(play, acknowledging(&two, &owed.fact));
    cr_assert_eq(facts(play, RESPONSE_FACT_OWED), 0);
    cr_assert(fact_at(play, RESPONSE_FACT_TOLD, 0, &told));
    cr_assert(response_fact_equal(&told.fact, &owed.fact));
    cr_assert_eq(told.case_index, by.case_index);
    cr_assert(vg_hash_equal(&told.case_hash, &by.case_hash));
    cr_assert_eq(told.told_at, play->desk->time_ms);
    play_free(play);
}

/* By another node, perhaps, that did not know of the first: answered, and nothing is changed. */
Test(cases, telling_and_acknowledging_again_change_nothing)
{
    struct two two = two_compartments(WITH_NODE_1);
    struct play *play = &two.play;
    struct response_owed owed;
    declare(play, globex);
    cr_assert(fact_at(play, RESPONSE_FACT_OWED, 0, &owed));
    play_must(play, telling(&two, &owed.fact));
    struct response_heard by = heard(&two, &owed.fact);
    struct response_outcome again = play_send(play, telling(&two, &owed.fact));
    cr_assert(again.error.code == VG_OK && again.repeated);
    cr_assert_eq(heard(&two, &owed.fact).case_index, by.case_index);
    struct desk_order order = acknowledging(&two, &owed.fact);
    play_must(play, order);
    again = play_send(play, order);
    cr_assert(again.error.code == VG_OK && again.repeated);
    cr_assert_eq(facts(play, RESPONSE_FACT_TOLD), 1);
    play_free(play);
}

/* Declared, withdrawn, declared: in each order, and after each step the latest heard counts. */
Test(cases, facts_may_come_in_any_order)
{
    static const uint8_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                        {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct two two = two_compartments(WITH_NODE_1);
        struct play *play = &two.play;
        struct response_owed owed[3];
        struct response_tenant_case found;
        uint64_t latest = 0;
        declare(play, globex);
        play->desk->time_ms += MINUTE;
        play_withdraw(play);
        play->desk->time_ms += MINUTE;
        declare(play, globex);
        for (uint32_t k = 0; k < 3; k++)
            cr_assert(fact_at(play, RESPONSE_FACT_OWED, k, &owed[k]));
        for (size_t k = 0; k < 3; k++) {
            play_must(play, telling(&two, &owed[orders[i][k]].fact));
            latest = orders[i][k] > latest ? orders[i][k] : latest;
            cr_assert_eq(cases(play, &two.home, &found), 1);
            cr_assert_eq(response_case_stands(&found), latest != 1, "order %zu, %zu", i, k);
            cr_assert_eq(found.facts, k + 1);
        }
        cr_assert_eq(found.declared_at, owed[2].fact.at);
        cr_assert_eq(found.withdrawn_at, owed[1].fact.at);
        play_free(play);
    }
}

/* Not even the time of a declaration that it has not heard of. */
Test(cases, a_withdrawal_heard_first_makes_a_case_that_does_not_stand)
{
    struct two two = two_compartments(WITH_NODE_1);
    struct play *play = &two.play;
    struct response_owed owed;
    struct response_tenant_case found;
    declare(play, globex);
    play_withdraw(play);
    cr_assert(fact_at(play, RESPONSE_FACT_OWED, 1, &owed));
    play_must(play, telling(&two, &owed.fact));
    cr_assert_eq(cases(play, &two.home, &found), 1);
    cr_assert_not(response_case_stands(&found));
    cr_assert_eq(found.declared_at, 0);
    cr_assert_eq(found.withdrawn_at, owed.fact.at);
    play_free(play);
}

/* ---- who may -----------------------------------------------------------------------------------
 */

/* Node 1 gives it, and is cleared for the incident's compartment alone; then for both. */
Test(cases, a_node_that_is_not_cleared_for_both_tells_nothing)
{
    struct two two = two_compartments(WITHOUT_NODE_1);
    struct play *play = &two.play;
    struct response_owed owed;
    declare(play, globex);
    cr_assert(fact_at(play, RESPONSE_FACT_OWED, 0, &owed));
    cr_assert_not(
        response_carries(&play->desk->machine, &owed.fact.source, &two.home, (vg_node_id){1}));
    cr_assert(
        response_carries(&play->desk->machine, &owed.fact.source, &two.home, (vg_node_id){2}));
    cr_assert(play_refuses(play, telling(&two, &owed.fact), RESPONSE_REFUSED_NO_CARRIER));
    struct desk_order order = play_order(play, RESPONSE_OP_ACKNOWLEDGE);
    order.command.acknowledge.tenant = two.globex;
    order.command.acknowledge.index = owed.fact.index;
    order.command.acknowledge.hash = owed.fact.hash;
    cr_assert(play_refuses(play, order, RESPONSE_REFUSED_NO_CARRIER));
    play_must(play, play_clearing(play, RESPONSE_OP_CLEAR, &two.home, 2, 0xf));
    play_must(play, telling(&two, &owed.fact));
    play_must(play, acknowledging(&two, &owed.fact));
    cr_assert_eq(facts(play, RESPONSE_FACT_OWED), 0);
    play_free(play);
}

Test(cases, an_evicted_node_carries_nothing)
{
    struct two two = two_compartments(WITH_NODE_1);
    struct play *play = &two.play;
    const vg_id *first = &play->desk->genesis.first;
    cr_assert(response_carries(&play->desk->machine, first, &two.home, (vg_node_id){2}));
    play_evict(play, 2);
    cr_assert_not(response_carries(&play->desk->machine, first, &two.home, (vg_node_id){2}));
    play_free(play);
}

Test(cases, an_acknowledgement_is_of_the_entry_that_owes)
{
    struct two two = two_compartments(WITH_NODE_1);
    struct play *play = &two.play;
    struct response_owed owed;
    declare(play, globex);
    cr_assert(fact_at(play, RESPONSE_FACT_OWED, 0, &owed));
    play_must(play, telling(&two, &owed.fact));
    struct desk_order order = acknowledging(&two, &owed.fact);
    order.command.acknowledge.hash.bytes[0] ^= 1;
    cr_assert(play_refuses(play, order, RESPONSE_REFUSED_FACT_DIFFERS));
    order = acknowledging(&two, &owed.fact);
    order.command.acknowledge.index--;
    cr_assert(play_refuses(play, order, RESPONSE_REFUSED_NOT_OWED));
    order = acknowledging(&two, &owed.fact);
    order.command.acknowledge.case_index = 100000;
    cr_assert(play_refuses(play, order, RESPONSE_REFUSED_FACT_AHEAD));
    order = acknowledging(&two, &owed.fact);
    memset(&order.command.acknowledge.hash, 0, sizeof order.command.acknowledge.hash);
    cr_assert(play_misses(play, order, "hash"));
    cr_assert_eq(facts(play, RESPONSE_FACT_OWED), 1);
    play_free(play);
}

Test(cases, a_fact_says_what_its_kind_has)
{
    struct two two = two_compartments(WITH_NODE_1);
    struct play *play = &two.play;
    struct response_owed owed;
    declare(play, globex);
    cr_assert(fact_at(play, RESPONSE_FACT_OWED, 0, &owed));
    struct desk_order order = telling(&two, &owed.fact);
    order.command.case_.class_ = RESPONSE_SECURITY_EVENT;
    cr_assert(play_refuses(play, order, RESPONSE_REFUSED_FACT_INCOMPLETE));
    order = telling(&two, &owed.fact);
    order.command.case_.kind = RESPONSE_FACT_WITHDRAWN;
    cr_assert(play_refuses(play, order, RESPONSE_REFUSED_FACT_INCOMPLETE));
    order = telling(&two, &owed.fact);
    order.command.case_.at = play->desk->time_ms + 1;
    cr_assert(play_refuses(play, order, RESPONSE_REFUSED_FACT_AHEAD));
    order = telling(&two, &owed.fact);
    memset(&order.command.case_.hash, 0, sizeof order.command.case_.hash);
    cr_assert(play_misses(play, order, "hash"));
    play_free(play);
}
