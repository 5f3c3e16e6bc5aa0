/* SPDX-License-Identifier: Apache-2.0
 * People, compartments and roles as they can be read: keys from control entries and the genesis,
 * names and roles from the directory compartment. */
#ifndef VIGIL_PROTO_RESPONSE_DIRECTORY_H
#define VIGIL_PROTO_RESPONSE_DIRECTORY_H

#include "proto/response/machine.h"

enum { RESPONSE_PEOPLE_MAX = 4096 }; /* enrolled beside those of the genesis */

/* That a cluster has in its life: those of the genesis and those that are shredded count. */
enum { RESPONSE_COMPARTMENTS_MAX = 256 };

/* The directory's, unless it is labelled otherwise; no other compartment's in any case. */
#define RESPONSE_DIRECTORY_NAME "directory"
/* Of control entries, and no compartment's. */
#define RESPONSE_CONTROL_NAME "control"

/* The name of a person or compartment into `out`; "" and false if not named. */
bool response_name_get(const struct response_machine *machine, const vg_id *id,
                       char out[VG_NAME_MAX + 1]);

/* The person of a name; false if there is none. */
bool response_person_find(const struct response_machine *machine, vg_span name, vg_id *out);

/* The first compartment after `after`; false at the end. */
bool response_compartment_next(const struct response_machine *machine, const vg_id *after,
                               vg_id *out);

/* How many there are: the genesis' two, and what else has an epoch or a name. */
uint32_t response_compartment_count(const struct response_machine *machine);

/* True for control (the zero id), the directory, the genesis' first compartment, and whatever the
 * directory has named. */
bool response_compartment_known(const struct response_machine *machine, const vg_id *compartment);

/* Roles of a person in a compartment, as a set of bits; none for one who has gone. */
uint32_t response_roles_of(const struct response_machine *machine, const vg_id *person,
                           const vg_id *compartment);

/* Whether a person, here or gone, has a role that was granted in the compartment. */
bool response_belongs(const struct response_machine *machine, const vg_id *person,
                      const vg_id *compartment);

/* Whether a person is on the roster of a compartment (R4). */
bool response_on_call(const struct response_machine *machine, const vg_id *compartment,
                      const vg_id *person);

/* The version of the SOP in force in a compartment (R7). */
void response_procedure_of(const struct response_machine *machine, const vg_id *compartment,
                           char out[VG_NAME_MAX + 1]);

struct response_person {
    vg_id id;
    struct vg_keys keys;
    uint8_t bits; /* LEDGER_PERSON_* */
    bool first;   /* of the genesis */
    uint64_t enrolled_at;
    uint64_t expelled_at; /* 0: is here */
    uint64_t keyed_at;    /* when the keys replaced others; 0: they are the first */
};

/* VG_NOT_FOUND if no entry has ever enrolled the id and the genesis does not have it. */
enum vg_code response_person_get(const struct response_machine *machine, const vg_id *id,
                                 struct response_person *out);

/* As response_person_get, of whoever may sign: a person, or a node of the genesis, which has gone
 * once it is evicted. */
bool response_author_get(const struct response_machine *machine, const vg_id *author,
                         struct response_person *out);

/* The next of all people there are or were: the genesis' in its order, then by id. Zero-initialise
 * `out` to start; false at the end. */
bool response_person_next(const struct response_machine *machine, struct response_person *out);

/* Whose channel key it is, or was, as of the cursor: a person, or a node by its author id. */
bool response_channel_find(const struct response_machine *machine, const vg_channel_public *channel,
                           vg_id *out);

/* As struct response_keys has it; `context` is a machine. Nodes too. */
bool response_key_find(void *context, const vg_id *author, vg_public_key *key);

#endif
