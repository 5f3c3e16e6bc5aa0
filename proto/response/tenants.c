/* SPDX-License-Identifier: Apache-2.0
 * Tenants: names in the directory, and those that an incident affects (R12). */
#include "proto/response/tenants.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "proto/response/facts.h"
#include "proto/response/shred.h"

enum { NUMBER_TEXT = 24 };

static struct response_key tenant_key(const struct response_machine *machine, const vg_id *id)
{
    struct response_key key = response_key_of(&machine->genesis->directory, RESPONSE_KIND_TENANT);
    response_key_id(&key, id);
    return key;
}

static struct response_key name_key(const struct response_machine *machine, vg_span name)
{
    struct response_key key =
        response_key_of(&machine->genesis->directory, RESPONSE_KIND_TENANT_NAME);
    response_key_text(&key, name);
    return key;
}

/* ---- views -------------------------------------------------------------------------------------
 */

bool response_tenant_get(const struct response_machine *machine, const vg_id *id,
                         struct response_tenant *out)
{
    struct response_key key = tenant_key(machine, id);
    vg_span value;
    if (!response_get(&machine->kv, &key, &value))
        return false;
    response_tenant_decode(value, out);
    return true;
}

bool response_tenant_find(const struct response_machine *machine, vg_span name,
                          struct response_tenant *out)
{
    vg_span value;
    if (name.size > VG_NAME_MAX)
        return false;
    struct response_key key = name_key(machine, name);
    if (!response_get(&machine->kv, &key, &value))
        return false;
    response_tenant_decode(value, out);
    return true;
}

bool response_tenant_next(const struct response_machine *machine, const vg_id *after,
                          struct response_tenant *out)
{
    struct response_key prefix =
        response_key_of(&machine->genesis->directory, RESPONSE_KIND_TENANT);
    struct response_key from = tenant_key(machine, after);
    vg_span key;
    vg_span value;
    if (!response_next(&machine->kv, &prefix, &from, &key, &value))
        return false;
    response_tenant_decode(value, out);
    return true;
}

bool response_affected_next(const struct response_machine *machine, const vg_id *compartment,
                            const vg_id *incident, const vg_id *after,
                            struct response_affected *out)
{
    struct response_key prefix = response_key_in(compartment, incident, RESPONSE_SECTION_TENANT);
    struct response_key from = prefix;
    vg_span key;
    vg_span value;
    response_key_id(&from, after);
    if (!response_next(&machine->kv, &prefix, &from, &key, &value))
        return false;
    response_affected_decode(value, out);
    out->tenant = response_key_last_id(key);
    return true;
}

enum vg_code response_require_tenant(struct response_call *call, vg_span name,
                                     struct response_tenant *out)
{
    char words[VG_NAME_MAX + 1];
    if (response_tenant_find(call->machine, name, out))
        return VG_OK;
    response_copy_text(name, words, sizeof words);
    return RESPONSE_REFUSE(call, NO_TENANT, words);
}

/* ---- the operation -----------------------------------------------------------------------------
 */

/* Its data is where incidents are: the directory is every member's, and so nobody's. */
static enum vg_code require_home(struct response_call *call, const vg_id *compartment)
{
    char text[VG_ID_TEXT], entry[NUMBER_TEXT];
    uint64_t shredded = response_shredded_at(call->machine, compartment);
    vg_id_format(compartment, text);
    snprintf(entry, sizeof entry, "%" PRIu64, shredded);
    if (vg_id_equal(compartment, &call->machine->genesis->directory))
        return response_refuse(call, RESPONSE_REFUSED_TENANT_IN_DIRECTORY);
    if (!response_compartment_known(call->machine, compartment))
        return RESPONSE_REFUSE(call, NOT_LABELLED, text);
    return shredded > 0 ? RESPONSE_REFUSE(call, TENANT_IN_SHREDDED, text, entry) : VG_OK;
}

enum vg_code response_judge_tenant(struct response_call *call)
{
    struct response_tenant known;
    char text[VG_ID_TEXT];
    call->outcome->id = call->request->request;
    if (require_home(call, &call->command.tenant.compartment) != VG_OK)
        return call->outcome->error.code;
    if (response_require_no_id(call, call->command.tenant.name) != VG_OK)
        return call->outcome->error.code;
    if (response_tenant_get(call->machine, &call->request->request, &known))
        return response_refuse(call, RESPONSE_REFUSED_ID_TAKEN);
    if (!response_tenant_find(call->machine, call->command.tenant.name, &known))
        return VG_OK;
    vg_id_format(&known.id, text);
    return RESPONSE_REFUSE(call, TENANT_NAMED, text);
}

void response_effect_tenant(struct response_call *call)
{
    const vg_id *id = &call->request->request;
    struct response_tenant tenant = {
        .id = *id, .compartment = call->command.tenant.compartment, .added_at = call->time_ms};
    struct response_key key = tenant_key(call->machine, id);
    struct response_key back = name_key(call->machine, call->command.tenant.name);
    struct vg_buffer record = {0};
    response_copy_text(call->command.tenant.name, tenant.name, sizeof tenant.name);
    response_tenant_encode(&tenant, &record);
    response_pairs_put(&call->writing->pairs, &key, vg_buffer_span(&record));
    response_pairs_put(&call->writing->pairs, &back, vg_buffer_span(&record));
    vg_buffer_free(&record);
}
