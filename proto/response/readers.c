/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/readers.h"

#include "proto/response/call.h"

enum { MANAGERS = RESPONSE_ROLE_OPERATOR | RESPONSE_ROLE_KEY_OFFICER };

/* What roles let see, and where. */
static const struct {
    enum response_where where;
    uint32_t roles;
    enum response_sight sight;
} sights[] = {
    {RESPONSE_IN_CONTROL, MANAGERS, RESPONSE_SEES_CONTENT},
    {RESPONSE_IN_DIRECTORY, MANAGERS | RESPONSE_STAFF | RESPONSE_ROLE_AUDITOR,
     RESPONSE_SEES_CONTENT},
    {RESPONSE_AMONG_INCIDENTS, RESPONSE_STAFF | RESPONSE_ROLE_AUDITOR, RESPONSE_SEES_CONTENT},
    {RESPONSE_AMONG_INCIDENTS, RESPONSE_ROLE_REPORTER, RESPONSE_SEES_OWN},
};

enum response_sight response_sight_of(const struct response_machine *machine, const vg_id *person,
                                      const vg_id *compartment)
{
    enum response_where where = response_where_is(machine, compartment);
    uint32_t roles = response_roles_of(machine, person, compartment);
    enum response_sight most = RESPONSE_SEES_NOTHING;
    for (size_t i = 0; i < sizeof sights / sizeof sights[0]; i++) {
        if (sights[i].where == where && (sights[i].roles & roles) != 0 && sights[i].sight > most)
            most = sights[i].sight;
    }
    return most;
}

bool response_manages(const struct response_machine *machine, const vg_id *person)
{
    return (response_roles_of(machine, person, &machine->genesis->directory) & MANAGERS) != 0;
}

bool response_knows_compartment(const struct response_machine *machine, const vg_id *person,
                                const vg_id *compartment)
{
    return response_where_is(machine, compartment) != RESPONSE_AMONG_INCIDENTS ||
           response_roles_of(machine, person, compartment) != 0 ||
           response_manages(machine, person);
}

bool response_is_own(const struct response_machine *machine, const vg_id *person,
                     const vg_id *compartment, const vg_id *incident)
{
    struct response_event first;
    return response_event_get(machine, compartment, incident, 1, &first) &&
           vg_id_equal(&first.author, person);
}
