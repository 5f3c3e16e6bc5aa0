/* SPDX-License-Identifier: Apache-2.0
 * The directory compartment: names of people and compartments, who has which roles where, who is on
 * call, and the SOP in force. */
#include "proto/response/directory.h"

#include <stdio.h>

#include "common/text.h"
#include "proto/response/call.h"
#include "proto/response/epochs.h"

enum { NUMBER_TEXT = 24 };

static struct response_key directory_key(const struct response_machine *machine,
                                         enum response_kind kind)
{
    return response_key_of(&machine->genesis->directory, kind);
}

static struct response_key id_key(const struct response_machine *machine, enum response_kind kind,
                                  const vg_id *id)
{
    struct response_key key = directory_key(machine, kind);
    response_key_id(&key, id);
    return key;
}

static struct response_key name_key(const struct response_machine *machine, enum response_kind kind,
                                    vg_span name)
{
    struct response_key key = directory_key(machine, kind);
    response_key_text(&key, name);
    return key;
}

/* What a person has in a compartment. */
static struct response_key pair_key(const struct response_machine *machine, enum response_kind kind,
                                    const vg_id *compartment, const vg_id *person)
{
    struct response_key key = id_key(machine, kind, compartment);
    response_key_id(&key, person);
    return key;
}

/* ---- views -------------------------------------------------------------------------------------
 */

bool response_name_get(const struct response_machine *machine, const vg_id *id,
                       char out[VG_NAME_MAX + 1])
{
    static const enum response_kind kinds[] = {RESPONSE_KIND_PERSON, RESPONSE_KIND_COMPARTMENT};
    out[0] = '\0';
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct response_key key = id_key(machine, kinds[i], id);
        vg_span name;
        if (response_get(&machine->kv, &key, &name)) {
            response_copy_text(name, out, VG_NAME_MAX + 1);
            return true;
        }
    }
    return false;
}

void response_person_words(const struct response_machine *machine, const vg_id *person,
                           char out[VG_NAME_MAX + 1])
{
    if (!response_name_get(machine, person, out))
        vg_id_format(person, out);
}

/* Colleagues know each other by name. */
void response_colleague_words(const struct response_call *call, const vg_id *person,
                              char out[VG_NAME_MAX + 1])
{
    const struct ledger_command *request = call->request;
    bool known = vg_id_equal(person, &request->author) ||
                 response_belongs(call->machine, person, &request->compartment);
    if (known)
        response_person_words(call->machine, person, out);
    else
        vg_id_format(person, out);
}

static bool find_name(const struct response_machine *machine, enum response_kind kind, vg_span name,
                      vg_id *out)
{
    if (name.size > VG_NAME_MAX)
        return false;
    struct response_key key = name_key(machine, kind, name);
    vg_span value;
    if (!response_get(&machine->kv, &key, &value))
        return false;
    *out = response_key_last_id(value);
    return true;
}

bool response_person_find(const struct response_machine *machine, vg_span name, vg_id *out)
{
    return find_name(machine, RESPONSE_KIND_PERSON_NAME, name, out);
}

bool response_compartment_next(const struct response_machine *machine, const vg_id *after,
                               vg_id *out)
{
    struct response_key prefix = directory_key(machine, RESPONSE_KIND_COMPARTMENT);
    struct response_key from = id_key(machine, RESPONSE_KIND_COMPARTMENT, after);
    vg_span key;
    vg_span value;
    if (!response_next(&machine->kv, &prefix, &from, &key, &value))
        return false;
    *out = response_key_last_id(key);
    return true;
}

static bool is_founded(const struct response_machine *machine, const vg_id *compartment)
{
    return vg_id_equal(compartment, &machine->genesis->directory) ||
           vg_id_equal(compartment, &machine->genesis->first);
}

uint32_t response_compartment_count(const struct response_machine *machine)
{
    struct response_key prefix = response_key_of(NULL, RESPONSE_KIND_IN_FORCE);
    struct response_key at = prefix;
    uint32_t count = LEDGER_FOUNDED;
    vg_id id = {{0}};
    vg_span key;
    vg_span value;
    while (response_next(&machine->kv, &prefix, &at, &key, &value)) {
        id = response_key_last_id(key);
        at = response_key_control(RESPONSE_KIND_IN_FORCE, &id);
        count += !is_founded(machine, &id);
    }
    id = (vg_id){{0}};
    while (response_compartment_next(machine, &id, &id))
        count += !is_founded(machine, &id) && response_epoch_in_force(machine, &id) == 0;
    return count;
}

enum vg_code response_require_room_for_one(struct response_call *call)
{
    char most[NUMBER_TEXT];
    snprintf(most, sizeof most, "%d", RESPONSE_COMPARTMENTS_MAX);
    return response_compartment_count(call->machine) < RESPONSE_COMPARTMENTS_MAX
               ? VG_OK
               : RESPONSE_REFUSE(call, COMPARTMENTS_FULL, most);
}

bool response_compartment_known(const struct response_machine *machine, const vg_id *compartment)
{
    struct response_key key = id_key(machine, RESPONSE_KIND_COMPARTMENT, compartment);
    vg_span value;
    return vg_id_is_zero(compartment) || is_founded(machine, compartment) ||
           response_get(&machine->kv, &key, &value);
}

/* Roles as they were granted, whether the person is still here or not. */
static uint32_t granted(const struct response_machine *machine, const vg_id *person,
                        const vg_id *compartment)
{
    struct response_key key = pair_key(machine, RESPONSE_KIND_GRANT, compartment, person);
    uint32_t roles = 0;
    vg_span value;
    if (response_get(&machine->kv, &key, &value)) {
        for (size_t i = 0; i < value.size; i++)
            roles |= (uint32_t)value.data[i] << (8 * i);
    }
    return roles;
}

uint32_t response_roles_of(const struct response_machine *machine, const vg_id *person,
                           const vg_id *compartment)
{
    struct response_person who;
    if (response_person_get(machine, person, &who) != VG_OK || who.expelled_at != 0)
        return 0;
    uint32_t own = (who.bits & LEDGER_PERSON_OPERATOR) != 0 ? RESPONSE_ROLE_OPERATOR : 0;
    if ((who.bits & LEDGER_PERSON_KEY_OFFICER) != 0 &&
        (vg_id_is_zero(compartment) || vg_id_equal(compartment, &machine->genesis->directory)))
        own |= RESPONSE_ROLE_KEY_OFFICER; /* in control entries and the directory alone */
    return own | granted(machine, person, compartment);
}

bool response_belongs(const struct response_machine *machine, const vg_id *person,
                      const vg_id *compartment)
{
    return granted(machine, person, compartment) != 0;
}

bool response_on_call(const struct response_machine *machine, const vg_id *compartment,
                      const vg_id *person)
{
    struct response_key key = pair_key(machine, RESPONSE_KIND_ROSTER, compartment, person);
    vg_span value;
    return response_get(&machine->kv, &key, &value);
}

void response_procedure_of(const struct response_machine *machine, const vg_id *compartment,
                           char out[VG_NAME_MAX + 1])
{
    struct response_key key = id_key(machine, RESPONSE_KIND_PROCEDURE, compartment);
    vg_span value = vg_span_text("vigil-1");
    response_get(&machine->kv, &key, &value);
    response_copy_text(value, out, VG_NAME_MAX + 1);
}

void response_keep_latest(struct response_call *call, enum response_kind kind, uint32_t max,
                          void (*forget)(struct response_call *call, const vg_id *id))
{
    struct response_key prefix = response_key_of(&call->request->compartment, kind);
    struct response_key at = prefix;
    uint32_t count = 0;
    vg_span key;
    vg_span value;
    while (response_next(&call->machine->kv, &prefix, &at, &key, &value)) {
        vg_id id = response_key_last_id(key);
        at = prefix;
        response_key_id(&at, &id);
        count++;
    }
    for (; count >= max; count--) {
        if (!response_next(&call->machine->kv, &prefix, &prefix, &key, &value))
            return;
        vg_id id = response_key_last_id(key);
        struct response_key first = prefix;
        response_key_id(&first, &id);
        response_pairs_del(&call->writing->pairs, &first);
        if (forget != NULL)
            forget(call, &id);
    }
}

/* ---- roles -------------------------------------------------------------------------------------
 */

/* Any of them may give the command where it is given. */
static uint32_t roles_wanted(const struct response_call *call)
{
    uint32_t beside = response_roles_beside(call, call->rule);
    return beside != 0 ? beside : call->rule->roles;
}

/* What gives a role differs with the place, and is said as it is typed. */
static enum vg_code refuse_role(struct response_call *call)
{
    static const struct {
        const char *place, *remedy;
    } ways[] = {
        [RESPONSE_IN_CONTROL] = {"control entries",
                                 "they come with enrolment alone: vigil user add NAME --public "
                                 "FILE --operator (or --key-officer)"},
        [RESPONSE_IN_DIRECTORY] = {"the directory",
                                   "an operator can grant one: vigil user grant NAME ROLE "
                                   "--compartment directory"},
        [RESPONSE_AMONG_INCIDENTS] = {"this compartment",
                                      "an operator can grant one: vigil user grant NAME ROLE "
                                      "--compartment COMPARTMENT"},
    };
    enum response_where where = response_where_of(call);
    char author[VG_NAME_MAX + 1];
    char allowed[256];
    response_person_words(call->machine, &call->request->author, author);
    response_words(response_roles, roles_wanted(call), "", allowed, sizeof allowed);
    return RESPONSE_REFUSE(call, NO_ROLE, response_op_name(call->command.op), allowed,
                           ways[where].place, author, ways[where].remedy);
}

enum vg_code response_require_role(struct response_call *call)
{
    const struct ledger_command *request = call->request;
    uint32_t roles = response_roles_of(call->machine, &request->author, &request->compartment);
    if ((roles & roles_wanted(call)) != 0)
        return VG_OK;
    bool breaks = call->command.op == RESPONSE_OP_STEP && call->command.step.break_glass.size > 0;
    if ((roles & call->rule->glass_roles) == 0 || !breaks)
        return refuse_role(call);
    call->glass = call->command.step.emergency == RESPONSE_YES &&
                  call->command.step.kind == RESPONSE_CONTAINMENT;
    return call->glass ? VG_OK : response_refuse(call, RESPONSE_REFUSED_GLASS_IS_FOR_EMERGENCIES);
}

/* ---- names -------------------------------------------------------------------------------------
 */

static enum vg_code require_compartment(struct response_call *call, const vg_id *compartment)
{
    char text[VG_ID_TEXT];
    call->outcome->id = *compartment;
    if (!vg_id_is_zero(compartment) && response_compartment_known(call->machine, compartment))
        return VG_OK;
    vg_id_format(compartment, text);
    return RESPONSE_REFUSE(call, NOT_LABELLED, text);
}

enum vg_code response_judge_person(struct response_call *call)
{
    const vg_id *person = &call->command.person.person;
    vg_id holder;
    char text[VG_ID_TEXT];
    call->outcome->id = *person;
    if (response_require_person(call, person) != VG_OK)
        return call->outcome->error.code;
    if (!response_person_find(call->machine, call->command.person.name, &holder) ||
        vg_id_equal(&holder, person))
        return VG_OK;
    vg_id_format(&holder, text);
    return RESPONSE_REFUSE(call, NAME_TAKEN, text);
}

/* Which compartment has a name, or is the only one that may. */
static bool find_named(const struct response_machine *machine, vg_span name, vg_id *out)
{
    bool of_directory = vg_span_equal(name, vg_span_text(RESPONSE_DIRECTORY_NAME));
    bool of_control = vg_span_equal(name, vg_span_text(RESPONSE_CONTROL_NAME));
    if (!of_directory && !of_control)
        return find_name(machine, RESPONSE_KIND_LABEL, name, out);
    *out = of_directory ? machine->genesis->directory : (vg_id){{0}};
    return true;
}

enum vg_code response_require_no_id(struct response_call *call, vg_span name)
{
    char words[VG_NAME_MAX + 1];
    vg_id id;
    response_copy_text(name, words, sizeof words);
    return vg_id_parse(words, &id) ? RESPONSE_REFUSE(call, NAMED_AS_ID, words) : VG_OK;
}

/* What has no epoch is a compartment only where the genesis lets them be in clear. The name is
 * looked at before this, so that a check tells of it before there is anything to name. */
static enum vg_code require_nameable(struct response_call *call, const vg_id *compartment)
{
    char text[VG_ID_TEXT];
    vg_id_format(compartment, text);
    if (response_epoch_in_force(call->machine, compartment) > 0 ||
        response_compartment_known(call->machine, compartment))
        return VG_OK;
    if ((call->machine->genesis->flags & LEDGER_GENESIS_CLEAR) == 0)
        return RESPONSE_REFUSE(call, NOTHING_TO_NAME, text);
    return response_require_room_for_one(call);
}

enum vg_code response_judge_label(struct response_call *call)
{
    const vg_id *compartment = &call->command.label.compartment;
    vg_id holder;
    char text[VG_ID_TEXT];
    call->outcome->id = *compartment;
    if (response_require_no_id(call, call->command.label.name) != VG_OK)
        return call->outcome->error.code;
    if (!find_named(call->machine, call->command.label.name, &holder) ||
        vg_id_equal(&holder, compartment))
        return require_nameable(call, compartment);
    vg_id_format(&holder, text);
    return RESPONSE_REFUSE(call, LABEL_TAKEN, text);
}

/* Puts a name both ways, and takes away the name there was. */
static void put_name(struct response_call *call, enum response_kind by_id,
                     enum response_kind by_name, const vg_id *id, vg_span name)
{
    struct response_key key = id_key(call->machine, by_id, id);
    struct response_key back = name_key(call->machine, by_name, name);
    vg_span old_name;
    if (response_get(&call->machine->kv, &key, &old_name)) {
        struct response_key old = name_key(call->machine, by_name, old_name);
        response_pairs_del(&call->writing->pairs, &old);
    }
    response_pairs_put(&call->writing->pairs, &key, name);
    response_pairs_put(&call->writing->pairs, &back, vg_span_of(id->bytes, sizeof id->bytes));
}

void response_effect_person(struct response_call *call)
{
    put_name(call, RESPONSE_KIND_PERSON, RESPONSE_KIND_PERSON_NAME, &call->command.person.person,
             call->command.person.name);
}

void response_effect_label(struct response_call *call)
{
    put_name(call, RESPONSE_KIND_COMPARTMENT, RESPONSE_KIND_LABEL, &call->command.label.compartment,
             call->command.label.name);
}

/* ---- grants, roster, procedure -----------------------------------------------------------------
 */

enum vg_code response_judge_grant(struct response_call *call)
{
    uint32_t both = call->command.grant.give & call->command.grant.take;
    char words[256];
    if (require_compartment(call, &call->command.grant.compartment) != VG_OK)
        return call->outcome->error.code;
    call->outcome->id = call->command.grant.person;
    if (both != 0) {
        response_words(response_roles, both, "", words, sizeof words);
        return RESPONSE_REFUSE(call, GIVES_AND_TAKES, words);
    }
    struct response_person person;
    bool known = response_person_get(call->machine, &call->command.grant.person, &person) == VG_OK;
    /* what one who has gone was granted can still be taken away */
    if (known && call->command.grant.give == 0)
        return VG_OK;
    return response_require_person(call, &call->command.grant.person);
}

void response_effect_grant(struct response_call *call)
{
    const vg_id *person = &call->command.grant.person;
    const vg_id *compartment = &call->command.grant.compartment;
    uint32_t roles = granted(call->machine, person, compartment);
    roles = (roles | call->command.grant.give) & ~call->command.grant.take;
    uint8_t bytes[4] = {(uint8_t)roles, (uint8_t)(roles >> 8), (uint8_t)(roles >> 16),
                        (uint8_t)(roles >> 24)};
    struct response_key key = pair_key(call->machine, RESPONSE_KIND_GRANT, compartment, person);
    if (roles == 0)
        response_pairs_del(&call->writing->pairs, &key);
    else
        response_pairs_put(&call->writing->pairs, &key, vg_span_of(bytes, sizeof bytes));
}

enum vg_code response_judge_roster(struct response_call *call)
{
    const vg_id *person = &call->command.roster.person;
    if (require_compartment(call, &call->command.roster.compartment) != VG_OK)
        return call->outcome->error.code;
    call->outcome->id = *person;
    if (call->command.roster.on == RESPONSE_NO &&
        response_on_call(call->machine, &call->command.roster.compartment, person))
        return VG_OK;
    return response_require_person(call, person);
}

void response_effect_roster(struct response_call *call)
{
    struct response_key key =
        pair_key(call->machine, RESPONSE_KIND_ROSTER, &call->command.roster.compartment,
                 &call->command.roster.person);
    if (call->command.roster.on == RESPONSE_NO)
        response_pairs_del(&call->writing->pairs, &key);
    else
        response_pairs_put(&call->writing->pairs, &key, vg_span_text("on"));
}

enum vg_code response_judge_procedure(struct response_call *call)
{
    return require_compartment(call, &call->command.procedure.compartment);
}

void response_effect_procedure(struct response_call *call)
{
    struct response_key key =
        id_key(call->machine, RESPONSE_KIND_PROCEDURE, &call->command.procedure.compartment);
    response_pairs_put(&call->writing->pairs, &key, call->command.procedure.version);
}
