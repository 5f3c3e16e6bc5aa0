/* SPDX-License-Identifier: Apache-2.0
 * The directory compartment: names of people and compartments, and who has which roles where. */
#include <stdio.h>

#include "common/text.h"
#include "proto/response/call.h"

static struct response_key directory_key(const struct response_machine *machine,
                                         enum response_kind kind)
{
    return response_key_of(&machine->genesis->directory, kind);
}

static struct response_key named_key(const struct response_machine *machine,
                                     enum response_kind kind, const vg_id *id)
{
    struct response_key key = directory_key(machine, kind);
    response_key_id(&key, id);
    return key;
}

static struct response_key label_key(const struct response_machine *machine, vg_span name)
{
    struct response_key key = directory_key(machine, RESPONSE_KIND_LABEL);
    response_key_text(&key, name);
    return key;
}

static struct response_key grant_key(const struct response_machine *machine, const vg_id *person,
                                     const vg_id *compartment)
{
    struct response_key key = named_key(machine, RESPONSE_KIND_GRANT, compartment);
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
        struct response_key key = named_key(machine, kinds[i], id);
        vg_span name;
        if (response_get(&machine->kv, &key, &name)) {
            response_copy_text(name, out, VG_NAME_MAX + 1);
            return true;
        }
    }
    return false;
}

static bool find_label(const struct response_machine *machine, vg_span name, vg_id *out)
{
    struct response_key key = label_key(machine, name);
    vg_span value;
    if (!response_get(&machine->kv, &key, &value))
        return false;
    *out = response_key_last_id(value);
    return true;
}

bool response_compartment_find(const struct response_machine *machine, const char *name, vg_id *out)
{
    vg_span text = vg_span_text(name);
    return text.size <= VG_NAME_MAX && find_label(machine, text, out);
}

bool response_compartment_next(const struct response_machine *machine, const vg_id *after,
                               vg_id *out)
{
    const struct vg_kv *kv = &machine->kv;
    struct response_key prefix = directory_key(machine, RESPONSE_KIND_COMPARTMENT);
    struct response_key from = named_key(machine, RESPONSE_KIND_COMPARTMENT, after);
    vg_span key;
    vg_span value;
    if (!kv->next(kv->context, response_key_span(&prefix), response_key_span(&from), true, &key,
                  &value))
        return false;
    *out = response_key_last_id(key);
    return true;
}

uint32_t response_roles(const struct response_machine *machine, const vg_id *person,
                        const vg_id *compartment)
{
    const struct ledger_person *first = ledger_genesis_person(machine->genesis, person);
    struct response_key key = grant_key(machine, person, compartment);
    uint32_t roles = 0;
    vg_span value;
    if (first != NULL && (first->bits & LEDGER_PERSON_OPERATOR) != 0)
        roles |= RESPONSE_ROLE_OPERATOR;
    if (response_get(&machine->kv, &key, &value)) {
        for (size_t i = 0; i < value.size; i++)
            roles |= (uint32_t)value.data[i] << (8 * i);
    }
    return roles;
}

bool response_compartment_known(const struct response_machine *machine, const vg_id *compartment)
{
    struct response_key key = named_key(machine, RESPONSE_KIND_COMPARTMENT, compartment);
    vg_span value;
    return vg_id_equal(compartment, &machine->genesis->directory) ||
           vg_id_equal(compartment, &machine->genesis->first) ||
           response_get(&machine->kv, &key, &value);
}

/* ---- roles -------------------------------------------------------------------------------------
 */

static void list_roles(uint32_t roles, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t bit = 1; bit != 0 && used < size; bit <<= 1) {
        if ((roles & bit) != 0)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "",
                                     response_role_name(bit));
    }
}

enum vg_code response_require_role(struct response_call *call, uint32_t roles)
{
    const struct ledger_command *request = call->request;
    if ((response_roles(call->machine, &request->author, &request->compartment) & roles) != 0)
        return VG_OK;
    char author[VG_ID_TEXT];
    char allowed[256];
    vg_id_format(&request->author, author);
    list_roles(roles, allowed, sizeof allowed);
    return vg_fail(&call->outcome->error, VG_FORBIDDEN,
                   "%s needs one of the roles %s in this compartment, and %s has none of them",
                   response_op_name(call->command.op), allowed, author);
}

/* ---- commands ----------------------------------------------------------------------------------
 */

static enum vg_code require_person(struct response_call *call, const vg_id *person)
{
    char text[VG_ID_TEXT];
    if (ledger_genesis_person(call->machine->genesis, person) != NULL)
        return VG_OK;
    vg_id_format(person, text);
    return vg_fail(&call->outcome->error, VG_NOT_FOUND, "person %s has no key in this cluster",
                   text);
}

enum vg_code response_judge_person(struct response_call *call)
{
    call->outcome->id = call->command.person.person;
    return require_person(call, &call->command.person.person);
}

enum vg_code response_judge_label(struct response_call *call)
{
    const vg_id *compartment = &call->command.label.compartment;
    vg_id holder;
    call->outcome->id = *compartment;
    if (!find_label(call->machine, call->command.label.name, &holder) ||
        vg_id_equal(&holder, compartment))
        return VG_OK;
    char text[VG_ID_TEXT];
    vg_id_format(&holder, text);
    return vg_fail(&call->outcome->error, VG_EXISTS, "compartment %s has this name already", text);
}

enum vg_code response_judge_grant(struct response_call *call)
{
    const vg_id *compartment = &call->command.grant.compartment;
    call->outcome->id = call->command.grant.person;
    if (!response_compartment_known(call->machine, compartment)) {
        char text[VG_ID_TEXT];
        vg_id_format(compartment, text);
        return vg_fail(&call->outcome->error, VG_NOT_FOUND,
                       "the cluster has no compartment %s; label it first", text);
    }
    return require_person(call, &call->command.grant.person);
}

void response_effect_person(struct response_call *call)
{
    struct response_key key =
        named_key(call->machine, RESPONSE_KIND_PERSON, &call->command.person.person);
    response_pairs_put(&call->pairs, &key, call->command.person.name);
}

void response_effect_label(struct response_call *call)
{
    const vg_id *compartment = &call->command.label.compartment;
    struct response_key key = named_key(call->machine, RESPONSE_KIND_COMPARTMENT, compartment);
    struct response_key label = label_key(call->machine, call->command.label.name);
    vg_span old_name;
    if (response_get(&call->machine->kv, &key, &old_name)) {
        struct response_key old = label_key(call->machine, old_name);
        response_pairs_del(&call->pairs, &old);
    }
    response_pairs_put(&call->pairs, &key, call->command.label.name);
    response_pairs_put(&call->pairs, &label,
                       vg_span_of(compartment->bytes, sizeof compartment->bytes));
}

void response_effect_grant(struct response_call *call)
{
    uint32_t roles = call->command.grant.roles;
    uint8_t bytes[4] = {(uint8_t)roles, (uint8_t)(roles >> 8), (uint8_t)(roles >> 16),
                        (uint8_t)(roles >> 24)};
    struct response_key key =
        grant_key(call->machine, &call->command.grant.person, &call->command.grant.compartment);
    if (roles == 0)
        response_pairs_del(&call->pairs, &key);
    else
        response_pairs_put(&call->pairs, &key, vg_span_of(bytes, sizeof bytes));
}
