/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/standing.h"

#include <assert.h>

#include "proto/response/keys.h"

const char *response_status_name(enum response_status status)
{
    static const char *const names[RESPONSE_STATUSES] = {
        [RESPONSE_BLIND] = "blind",       [RESPONSE_REBUILDING] = "rebuilding",
        [RESPONSE_LEVEL] = "level",       [RESPONSE_STOPPED] = "stopped",
        [RESPONSE_REMOVING] = "removing", [RESPONSE_DIVERGED] = "diverged",
    };
    assert(status < RESPONSE_STATUSES);
    return names[status];
}

static enum response_status status_of(vg_span value)
{
    assert(value.size == 1 && value.data[0] < RESPONSE_STATUSES);
    return (enum response_status)value.data[0];
}

struct response_standing response_standing_get(const struct response_machine *machine,
                                               const vg_id *compartment)
{
    struct response_key key = response_key_control(RESPONSE_KIND_STANDING, compartment);
    struct response_standing standing = {*compartment, RESPONSE_BLIND};
    vg_span value;
    if (response_get(&machine->kv, &key, &value))
        standing.status = status_of(value);
    return standing;
}

bool response_standing_next(const struct response_machine *machine, struct response_standing *out)
{
    struct response_key prefix = response_key_of(NULL, RESPONSE_KIND_STANDING);
    struct response_key from = response_key_control(RESPONSE_KIND_STANDING, &out->compartment);
    vg_span key;
    vg_span value;
    if (!response_next(&machine->kv, &prefix, &from, &key, &value))
        return false;
    out->compartment = response_key_last_id(key);
    out->status = status_of(value);
    return true;
}

void response_standing_put(const struct response_machine *machine,
                           const struct response_standing *standing)
{
    const struct vg_kv *kv = &machine->kv;
    struct response_key key = response_key_control(RESPONSE_KIND_STANDING, &standing->compartment);
    const uint8_t status = (uint8_t)standing->status;
    if (standing->status == RESPONSE_BLIND)
        kv->del(kv->context, response_key_span(&key));
    else
        kv->put(kv->context, response_key_span(&key), vg_span_of(&status, 1));
}

bool response_is_served(const struct response_machine *machine, const vg_id *compartment)
{
    return response_is_level(machine, compartment) &&
           response_standing_get(machine, compartment).status != RESPONSE_DIVERGED;
}

bool response_state_forget(const struct response_machine *machine, const vg_id *compartment)
{
    struct response_key key = response_key_control(RESPONSE_KIND_HASH, compartment);
    vg_span hash;
    bool known = response_get(&machine->kv, &key, &hash);
    machine->kv.del(machine->kv.context, response_key_span(&key));
    return known;
}

void response_state_adopt(const struct response_machine *machine,
                          const struct response_machine *from, const vg_id *compartment)
{
    struct response_key key = response_key_control(RESPONSE_KIND_HASH, compartment);
    vg_hash hash = response_state_hash(from, compartment);
    machine->kv.put(machine->kv.context, response_key_span(&key),
                    vg_span_of(hash.bytes, sizeof hash.bytes));
}
