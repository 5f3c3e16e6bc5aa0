/* SPDX-License-Identifier: Apache-2.0
 * Who may read what (docs/process.md, "Who may read"): answers of roles alone, as of the cursor.
 * They read rows of the directory and of control, and nothing of the compartment they are about. */
#ifndef VIGIL_PROTO_RESPONSE_READERS_H
#define VIGIL_PROTO_RESPONSE_READERS_H

#include "proto/response/directory.h"

/* How much of a compartment's content a person may see; each has what the one before has. */
enum response_sight {
    RESPONSE_SEES_NOTHING,
    RESPONSE_SEES_OWN, /* incidents that they detected themselves */
    RESPONSE_SEES_CONTENT,
};

/* Of control (the zero id) it is what became of others' requests, and proposals: its entries are in
 * clear, and everybody's. A node, by its author id, sees nothing. */
enum response_sight response_sight_of(const struct response_machine *machine, const vg_id *person,
                                      const vg_id *compartment);

/* Whether a person may know that there is such a compartment, and its name: of the directory
 * everybody; of another who has any role in it, and who manages compartments. */
bool response_knows_compartment(const struct response_machine *machine, const vg_id *person,
                                const vg_id *compartment);

/* Whether a person manages compartments: an operator or key officer of the directory, to whom the
 * name of every compartment and of every person is known. */
bool response_manages(const struct response_machine *machine, const vg_id *person);

/* Whether it is this person's own: the incident is of their making. */
bool response_is_own(const struct response_machine *machine, const vg_id *person,
                     const vg_id *compartment, const vg_id *incident);

#endif
