/* SPDX-License-Identifier: Apache-2.0
 * Made-up tenants, and facts between compartments: mostly what a node would tell. */
#include <stdio.h>

#include "tests/lib/guess_internal.h"

enum { RECENT = 12, TENANTS = 7 };

/* From the names that declarations have; and mostly of a compartment there is. */
void guess_tenant(struct thought *thought)
{
    struct response_command *command = &thought->out->command;
    char *slot = thought->out->text[thought->texts++];
    snprintf(slot, GUESS_TEXT, "tenant %u", (unsigned)guess_below(thought, TENANTS));
    command->tenant.name = vg_span_text(slot);
    if (guess_once_in(thought, 3))
        command->tenant.compartment = thought->genesis->first;
}

/* One of the latest that the place owes, or has told. */
static bool some_fact(struct thought *thought, struct response_fact *out, vg_id *target)
{
    const vg_id *home = &thought->out->compartment;
    uint32_t count = model_fact_count(thought->model, home);
    uint32_t recent = count < RECENT ? count : RECENT;
    bool told;
    if (count == 0)
        return false;
    uint32_t back = (uint32_t)guess_below(thought, guess_once_in(thought, 4) ? count : recent);
    *out = model_fact_at(thought->model, home, count - 1 - back, target, &told);
    return true;
}

/* Now and then as nobody has said it. */
static void distort(struct thought *thought, struct response_fact *fact)
{
    if (guess_once_in(thought, 12))
        fact->hash.bytes[0] ^= 1;
    if (guess_once_in(thought, 12))
        fact->index += guess_below(thought, 100000);
    if (guess_once_in(thought, 12))
        fact->at += guess_below(thought, 10 * (uint64_t)DAY_MS);
    if (guess_once_in(thought, 12))
        fact->harm ^= 1;
    if (guess_once_in(thought, 12))
        fact->kind = RESPONSE_FACT_WITHDRAWN;
}

/* In the tenant's compartment, wherever that is. */
void guess_case(struct thought *thought)
{
    struct response_fact fact;
    vg_id target;
    if (!some_fact(thought, &fact, &target))
        return;
    if (guess_once_in(thought, 4))
        distort(thought, &fact);
    thought->out->command.case_ = fact;
    if (!guess_once_in(thought, 20))
        thought->out->compartment = target;
}

/* As the case has it, where it has heard of it. */
void guess_told(struct thought *thought)
{
    struct response_command *command = &thought->out->command;
    struct response_fact fact;
    vg_id target;
    if (!some_fact(thought, &fact, &target))
        return;
    command->acknowledge.tenant = fact.tenant;
    command->acknowledge.incident = fact.incident;
    command->acknowledge.index = fact.index;
    command->acknowledge.hash = fact.hash;
    command->acknowledge.case_index = fact.index;
    if (model_heard(thought->model, &target, &fact, &command->acknowledge.case_index,
                    &command->acknowledge.case_hash) &&
        guess_once_in(thought, 12))
        command->acknowledge.hash.bytes[0] ^= 1;
    if (guess_once_in(thought, 20))
        command->acknowledge.case_index += guess_below(thought, 100000);
}
