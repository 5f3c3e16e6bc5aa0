/* SPDX-License-Identifier: Apache-2.0
 * Tenants' cases: what an incident means for one of them, in the compartment of that one alone,
 * made of facts that come in any order, some more than once. */
#include <inttypes.h>
#include <stdio.h>

#include "common/text.h"
#include "proto/response/facts.h"

enum { NUMBER_TEXT = 24 };

/* Behind the case itself, whose index is 0, are the facts it is made of. */
static struct response_key case_key(const vg_id *compartment, const struct response_fact *of,
                                    uint64_t index)
{
    struct response_key key = response_key_of(compartment, RESPONSE_KIND_CASE);
    response_key_id(&key, &of->incident);
    response_key_id(&key, &of->tenant);
    response_key_id(&key, &of->source);
    response_key_u64(&key, index);
    return key;
}

/* ---- views -------------------------------------------------------------------------------------
 */

bool response_case_stands(const struct response_tenant_case *found)
{
    return found->declared_index > found->withdrawn_index;
}

bool response_case_next(const struct response_machine *machine, const vg_id *compartment,
                        struct response_tenant_case *out)
{
    const struct response_fact of = {
        .source = out->source, .incident = out->incident, .tenant = out->tenant};
    struct response_key prefix = response_key_of(compartment, RESPONSE_KIND_CASE);
    struct response_key from = case_key(compartment, &of, UINT64_MAX); /* behind its facts */
    vg_span key;
    vg_span value;
    if (!response_next(&machine->kv, &prefix, out->facts > 0 ? &from : &prefix, &key, &value))
        return false;
    response_tenant_case_decode(value, out);
    out->incident = response_key_id_at(key, 0, 0);
    out->tenant = response_key_id_at(key, 0, 1);
    out->source = response_key_id_at(key, 0, 2);
    return true;
}

bool response_heard_get(const struct response_machine *machine, const vg_id *compartment,
                        const struct response_fact *of, struct response_heard *out)
{
    struct response_key key = case_key(compartment, of, of->index);
    const struct response_fact wanted = *of; /* it may lie in `out` */
    vg_span value;
    if (!response_get(&machine->kv, &key, &value))
        return false;
    response_heard_decode(value, out);
    out->fact.source = wanted.source;
    out->fact.incident = wanted.incident;
    out->fact.tenant = wanted.tenant;
    out->fact.index = wanted.index;
    return true;
}

/* ---- hearing a fact ----------------------------------------------------------------------------
 */

static void put(struct response_call *call, const struct response_key *key,
                struct vg_buffer *record)
{
    response_pairs_put(&call->writing->pairs, key, vg_buffer_span(record));
    vg_buffer_clear(record);
}

/* Of each kind the latest counts, so that the order they come in does not. */
static void add(struct response_tenant_case *to, const struct response_fact *fact)
{
    bool declared = fact->kind == RESPONSE_FACT_DECLARED;
    to->facts++;
    if (declared && fact->index > to->declared_index) {
        to->declared_index = fact->index;
        to->declared_at = fact->at;
        to->class_ = fact->class_;
        to->harm = fact->harm;
    }
    if (!declared && fact->index > to->withdrawn_index) {
        to->withdrawn_index = fact->index;
        to->withdrawn_at = fact->at;
    }
}

void response_hear(struct response_call *call, const struct response_fact *fact)
{
    const vg_id *compartment = &call->request->compartment;
    const struct response_heard heard = {
        .fact = *fact, .case_index = call->index, .case_hash = call->entry};
    struct response_key key = case_key(compartment, fact, 0);
    struct response_key behind = case_key(compartment, fact, fact->index);
    struct response_tenant_case made = {.made_at = call->time_ms};
    struct vg_buffer record = {0};
    vg_span value;
    if (response_get(&call->machine->kv, &key, &value))
        response_tenant_case_decode(value, &made);
    made.updated_at = call->time_ms;
    add(&made, fact);
    response_tenant_case_encode(&made, &record);
    put(call, &key, &record);
    response_heard_encode(&heard, &record);
    put(call, &behind, &record);
    vg_buffer_free(&record);
}

/* ---- case --------------------------------------------------------------------------------------
 */

static enum vg_code require_source(struct response_call *call, const vg_id *source)
{
    char text[VG_ID_TEXT];
    vg_id_format(source, text);
    if (vg_id_equal(source, &call->request->compartment))
        return response_refuse(call, RESPONSE_REFUSED_FACT_OF_HOME);
    return response_compartment_known(call->machine, source)
               ? VG_OK
               : RESPONSE_REFUSE(call, NOT_LABELLED, text);
}

/* The tenant is there, and its data here. */
static enum vg_code require_at_home(struct response_call *call, const vg_id *id)
{
    struct response_tenant tenant;
    char text[VG_ID_TEXT];
    vg_id_format(id, text);
    if (!response_tenant_get(call->machine, id, &tenant))
        return RESPONSE_REFUSE(call, TENANT_UNKNOWN, text);
    return vg_id_equal(&tenant.compartment, &call->request->compartment)
               ? VG_OK
               : RESPONSE_REFUSE(call, TENANT_ELSEWHERE, text);
}

static bool is_complete(const struct response_fact *fact)
{
    bool reportable =
        fact->class_ == RESPONSE_SECURITY_INCIDENT || fact->class_ == RESPONSE_PRIVACY_INCIDENT;
    return fact->kind == RESPONSE_FACT_DECLARED ? reportable && fact->harm != 0
                                                : fact->class_ == 0 && fact->harm == 0;
}

enum vg_code response_judge_case(struct response_call *call)
{
    const struct response_fact *fact = &call->command.case_;
    const vg_id *compartment = &call->request->compartment;
    struct response_heard heard;
    char index[NUMBER_TEXT];
    call->outcome->id = fact->incident;
    if (require_source(call, &fact->source) != VG_OK ||
        require_at_home(call, &fact->tenant) != VG_OK ||
        response_require_carrier(call, &fact->source, compartment) != VG_OK)
        return call->outcome->error.code;
    if (!is_complete(fact))
        return response_refuse(call, RESPONSE_REFUSED_FACT_INCOMPLETE);
    if (response_require_past(call, fact->index, fact->at) != VG_OK)
        return call->outcome->error.code;
    call->outcome->repeated = response_heard_get(call->machine, compartment, fact, &heard);
    if (!call->outcome->repeated || response_fact_equal(fact, &heard.fact))
        return VG_OK;
    call->outcome->repeated = false;
    snprintf(index, sizeof index, "%" PRIu64, fact->index);
    return RESPONSE_REFUSE(call, FACT_DIFFERS, index);
}

void response_effect_case(struct response_call *call)
{
    response_hear(call, &call->command.case_);
}
