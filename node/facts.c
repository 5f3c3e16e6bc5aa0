/* SPDX-License-Identifier: Apache-2.0
 * Facts that compartments owe each other (docs/process.md, "Tenants, cases, facts"): a node that is
 * level for both sides tells the tenant's compartment, and then acknowledges it to the source's.
 * What is to be done is in the state alone, so any other node goes on where one was lost; it is
 * the lowest that is up who does it, and the others only if it does not. */
#include <stdlib.h>

#include "common/clock.h"
#include "node/parts.h"
#include "proto/response/standing.h"

enum {
    LOOKS_MAX = 256,            /* rows that one look goes through on the apply thread */
    LOOK_US = 100 * 1000,       /* between two looks */
    IDLE_US = 2 * 1000 * 1000,  /* the same where nothing is to be told and nothing was applied */
    AGAIN_US = 5 * 1000 * 1000, /* before what was given is given again */
    STAND_IN_US = 3 * 1000 * 1000, /* for each node that is up and would be first */
};

/* ---- what the state says is owed ---------------------------------------------------------------
 */

struct look {
    struct loop_task task;
    struct node *node;
    struct response_owed at; /* behind which it looks, and how far it came; zeros: the start */
    struct node_fact found[NODE_FACTS_MAX];
    uint32_t count;
    bool ended; /* there is nothing behind */
};

/* Those who are to do it before this node, if they are up. */
static void name_first(const struct look *look, const struct response_machine *machine,
                       struct node_fact *fact)
{
    const struct ledger_genesis *genesis = machine->genesis;
    const struct response_owed *owed = &fact->owed;
    for (uint32_t i = 0; i < genesis->member_count; i++) {
        vg_node_id id = genesis->members[i].id;
        if (id.value < look->node->self.value &&
            response_carries(machine, &owed->fact.source, &owed->target, id))
            fact->first[fact->first_count++] = id;
    }
}

/* One that this node can tell, or acknowledge. A case that has heard otherwise of this entry is
 * nothing a node can mend: it stays owed, and is shown. */
static void consider(struct look *look, const struct response_machine *machine)
{
    const struct response_owed *owed = &look->at;
    struct node_fact fact = {.owed = *owed};
    if (!response_is_served(machine, &owed->target) ||
        !response_carries(machine, &owed->fact.source, &owed->target, look->node->self))
        return;
    fact.heard = response_heard_get(machine, &owed->target, &owed->fact, &fact.by);
    if (fact.heard && !response_fact_equal(&owed->fact, &fact.by.fact))
        return;
    name_first(look, machine, &fact);
    look->found[look->count++] = fact;
}

/* The compartment in which the look goes on, and those behind it; false at the end. */
static bool next_source(struct look *look, struct store_clearance *one, bool *begun)
{
    struct store_clearances *all = store_applier_clearances(look->node->applier);
    bool goes_on = !*begun && !vg_id_is_zero(&look->at.fact.source);
    *begun = true;
    if (goes_on && store_clearances_get(all, &look->at.fact.source, one))
        return true;
    if (!store_clearances_next(all, one))
        return false;
    look->at = (struct response_owed){.fact.source = one->compartment};
    return true;
}

/* On the apply thread. */
static void look_around(void *context, struct response_machine *machine)
{
    struct look *look = context;
    struct store_clearance one = {.epoch = 0};
    bool begun = false;
    uint32_t looks = 0;
    one.compartment = look->at.fact.source;
    while (looks < LOOKS_MAX && look->count < NODE_FACTS_MAX && !look->ended) {
        look->ended = !next_source(look, &one, &begun);
        bool serves = !look->ended && one.status == RESPONSE_LEVEL;
        while (serves && looks < LOOKS_MAX && look->count < NODE_FACTS_MAX &&
               response_owed_next(machine, RESPONSE_FACT_OWED, &look->at)) {
            looks++;
            consider(look, machine);
        }
    }
    loop_post(look->node->loop, &look->task);
}

static void not_looked(void *context, const struct vg_error *why)
{
    struct look *look = context;
    (void)why; /* it looks again */
    look->ended = true;
    loop_post(look->node->loop, &look->task);
}

/* ---- telling -----------------------------------------------------------------------------------
 */

static void give(struct node *node, const struct node_fact *fact, uint64_t now_us)
{
    const struct response_fact *said = &fact->owed.fact;
    struct response_command command = {.op = RESPONSE_OP_CASE, .case_ = *said};
    if (fact->heard) {
        command = (struct response_command){.op = RESPONSE_OP_ACKNOWLEDGE};
        command.acknowledge.incident = said->incident;
        command.acknowledge.tenant = said->tenant;
        command.acknowledge.index = said->index;
        command.acknowledge.hash = said->hash;
        command.acknowledge.case_index = fact->by.case_index;
        command.acknowledge.case_hash = fact->by.case_hash;
    }
    struct node_submit *own =
        node_submit_by_node(node, fact->heard ? &said->source : &fact->owed.target, &command);
    own->deadline_us = now_us + AGAIN_US;
    node_submit_own(node, own);
}

static uint32_t count_ahead(const struct net_stats *net, const struct node_fact *fact)
{
    uint32_t ahead = 0;
    for (uint32_t i = 0; i < fact->first_count; i++)
        ahead += net_stats_up(net, fact->first[i]);
    return ahead;
}

/* Since when it is known, and when it was given, of one that is known already. */
static void recall(const struct node_facts *facts, struct node_fact *fact, uint64_t now_us)
{
    fact->since_us = now_us;
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct node_fact *known = &facts->known[i];
        if (!response_fact_equal(&known->owed.fact, &fact->owed.fact))
            continue;
        fact->since_us = known->since_us;
        fact->again_us = known->heard == fact->heard ? known->again_us : 0;
    }
}

static void take_found(struct node *node, struct look *look, uint64_t now_us)
{
    struct node_facts *facts = &node->facts;
    struct net_stats net;
    net_stats_read(node->net, &net);
    for (uint32_t i = 0; i < look->count; i++) {
        struct node_fact *fact = &look->found[i];
        recall(facts, fact, now_us);
        uint64_t from_us = fact->since_us + (uint64_t)STAND_IN_US * count_ahead(&net, fact);
        if (now_us < from_us || now_us < fact->again_us || node->leader.value == 0)
            continue;
        fact->again_us = now_us + AGAIN_US;
        give(node, fact, now_us);
    }
    memcpy(facts->known, look->found, look->count * sizeof look->found[0]);
    facts->count = look->count;
}

/* It looks on behind what nobody here can tell; while there is something to tell, in one place. */
static void looked(struct loop_task *task)
{
    struct look *look = (struct look *)task;
    struct node *node = look->node;
    struct node_facts *facts = &node->facts;
    uint64_t now_us = vg_clock_system.monotonic_us();
    node->working--;
    facts->looking = false;
    facts->idle_until_us = look->count > 0 || !look->ended ? 0 : now_us + IDLE_US;
    if (look->count == 0 && look->ended)
        look->at = (struct response_owed){.case_index = 0};
    if (look->count == 0)
        facts->at = look->at;
    if (!node->closed && !node->ending)
        take_found(node, look, now_us);
    free(look);
}

void node_facts_sweep(struct node *node, uint64_t now_us)
{
    struct node_facts *facts = &node->facts;
    bool moved = node->applied != facts->seen || now_us >= facts->idle_until_us;
    if (facts->looking || node->ending || !moved || now_us < facts->next_us)
        return;
    struct look *look = vg_alloc_zero(1, sizeof *look);
    look->task.run = looked;
    look->node = node;
    look->at = facts->at;
    facts->looking = true;
    facts->seen = node->applied;
    facts->next_us = now_us + LOOK_US;
    node->working++;
    store_applier_query(node->applier, 0, look_around, not_looked, look);
}
