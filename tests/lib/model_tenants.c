/* SPDX-License-Identifier: Apache-2.0
 * Tenants; what the compartment of an incident owes theirs, and what that has heard. */
#include "common/text.h"
#include "tests/lib/model_internal.h"

/* ---- tenants -----------------------------------------------------------------------------------
 */

uint32_t model_tenant_count(const struct model *model)
{
    return model->tenants.count;
}

vg_id model_tenant_at(const struct model *model, uint32_t place, vg_id *compartment)
{
    const struct model_tenant *tenant = model->tenants.items[place];
    *compartment = tenant->compartment;
    return tenant->id;
}

const struct model_tenant *model_tenant_named(const struct model *model, vg_span name)
{
    struct model_name wanted = model_name_of(name);
    for (uint32_t i = 0; i < model->tenants.count; i++) {
        const struct model_tenant *tenant = model->tenants.items[i];
        if (model_name_equal(&tenant->name, &wanted))
            return tenant;
    }
    return NULL;
}

static const struct model_tenant *tenant_of(const struct model *model, const vg_id *id)
{
    for (uint32_t i = 0; i < model->tenants.count; i++) {
        const struct model_tenant *tenant = model->tenants.items[i];
        if (vg_id_equal(&tenant->id, id))
            return tenant;
    }
    return NULL;
}

static struct model_refusal tenant_names(struct model_call *call)
{
    const vg_id *compartment = &call->command->tenant.compartment;
    vg_id read;
    call->answer = call->order->request;
    if (vg_id_equal(compartment, &call->model->directory))
        return model_refuses(VG_INVALID);
    if (model_compartment_of(call->model, compartment) == NULL)
        return model_refuses(VG_NOT_FOUND);
    if (model_shredded(call->model, compartment))
        return model_refuses(VG_FORBIDDEN);
    if (vg_id_parse(model_name_of(call->command->tenant.name).text, &read))
        return model_refuses(VG_INVALID);
    bool taken = tenant_of(call->model, &call->order->request) != NULL ||
                 model_tenant_named(call->model, call->command->tenant.name) != NULL;
    return taken ? model_refuses(VG_EXISTS) : model_accepts();
}

static void add_tenant(struct model_call *call)
{
    struct model_tenant *tenant = vg_alloc_zero(1, sizeof *tenant);
    tenant->id = call->order->request;
    tenant->name = model_name_of(call->command->tenant.name);
    tenant->compartment = call->command->tenant.compartment;
    model_list_add(&call->model->tenants, tenant);
}

/* ---- what is owed, and heard -------------------------------------------------------------------
 */

static bool is_of(const struct response_fact *a, const struct response_fact *b)
{
    return vg_id_equal(&a->source, &b->source) && vg_id_equal(&a->incident, &b->incident) &&
           vg_id_equal(&a->tenant, &b->tenant) && a->index == b->index;
}

static struct model_fact *fact_of(const struct model_list *list, const struct response_fact *of)
{
    for (uint32_t i = 0; i < list->count; i++) {
        struct model_fact *known = list->items[i];
        if (is_of(&known->fact, of))
            return known;
    }
    return NULL;
}

static struct model_fact *keep(struct model_list *list, const struct model_call *call,
                               const struct response_fact *fact)
{
    struct model_fact *kept = vg_alloc_zero(1, sizeof *kept);
    kept->fact = *fact;
    kept->index = call->order->index;
    kept->entry = call->order->entry;
    model_list_add(list, kept);
    return kept;
}

void model_owe(struct model_call *call, const struct model_tenant *tenant,
               enum response_fact_kind kind)
{
    bool declared = kind == RESPONSE_FACT_DECLARED;
    const struct model_case *incident = call->incident;
    const struct response_fact fact = {.source = call->home->id,
                                       .incident = incident->id,
                                       .tenant = tenant->id,
                                       .kind = (uint8_t)kind,
                                       .index = call->order->index,
                                       .hash = call->order->entry,
                                       .at = call->order->time_ms,
                                       .class_ = declared ? incident->facts.class_ : 0,
                                       .harm = declared ? incident->harm : 0};
    struct model_fact *owed = keep(&call->home->owed, call, &fact);
    owed->target = tenant->compartment;
    owed->told = vg_id_equal(&owed->target, &fact.source);
    if (owed->told)
        keep(&call->home->heard, call, &fact);
}

/* What is in clear is everybody's. */
static bool is_cleared(const struct model *model, const vg_id *compartment, const vg_id *author)
{
    const struct compartment_epoch *epoch = model_epoch(model, compartment);
    vg_node_id node;
    return epoch == NULL ||
           (response_is_node_author(author, &node) && compartment_wrap_of(epoch, node) != NULL);
}

static bool may_tell(const struct model_call *call, const vg_id *source, const vg_id *target)
{
    return is_cleared(call->model, source, &call->order->author) &&
           is_cleared(call->model, target, &call->order->author);
}

static bool is_whole(const struct response_fact *fact)
{
    if (fact->kind == RESPONSE_FACT_WITHDRAWN)
        return fact->class_ == 0 && fact->harm == 0;
    return (fact->class_ == RESPONSE_SECURITY_INCIDENT ||
            fact->class_ == RESPONSE_PRIVACY_INCIDENT) &&
           fact->harm != 0;
}

static bool says_the_same(const struct response_fact *a, const struct response_fact *b)
{
    return a->kind == b->kind && vg_hash_equal(&a->hash, &b->hash) && a->at == b->at &&
           a->class_ == b->class_ && a->harm == b->harm;
}

/* A check is of the entry that would come next. */
static bool is_past(const struct model_call *call, uint64_t index)
{
    return call->order->index == 0 || index < call->order->index;
}

/* ---- case, case-told ---------------------------------------------------------------------------
 */

static struct model_refusal case_names(struct model_call *call)
{
    const struct response_fact *fact = &call->command->case_;
    const struct model_tenant *tenant = tenant_of(call->model, &fact->tenant);
    call->answer = fact->incident;
    if (vg_id_equal(&fact->source, &call->home->id))
        return model_refuses(VG_INVALID);
    if (model_compartment_of(call->model, &fact->source) == NULL || tenant == NULL)
        return model_refuses(VG_NOT_FOUND);
    if (!vg_id_equal(&tenant->compartment, &call->home->id))
        return model_refuses(VG_INVALID);
    if (!may_tell(call, &fact->source, &call->home->id))
        return model_refuses(VG_FORBIDDEN);
    if (!is_whole(fact) || !is_past(call, fact->index) || fact->at > call->order->time_ms)
        return model_refuses(VG_INVALID);
    const struct model_fact *known = fact_of(&call->home->heard, fact);
    if (known != NULL && !says_the_same(&known->fact, fact))
        return model_refuses(VG_INTEGRITY);
    call->repeated = known != NULL;
    return model_accepts();
}

static void hear(struct model_call *call)
{
    if (!call->repeated)
        keep(&call->home->heard, call, &call->command->case_);
}

static struct model_fact *owed_of(const struct model_call *call)
{
    const struct response_fact of = {.source = call->home->id,
                                     .incident = call->command->acknowledge.incident,
                                     .tenant = call->command->acknowledge.tenant,
                                     .index = call->command->acknowledge.index};
    return fact_of(&call->home->owed, &of);
}

static struct model_refusal told_names(struct model_call *call)
{
    call->answer = call->command->acknowledge.incident;
    const struct model_fact *owed = owed_of(call);
    if (model_case_of(call->home, &call->answer) == NULL || owed == NULL)
        return model_refuses(VG_NOT_FOUND);
    if (!vg_hash_equal(&owed->fact.hash, &call->command->acknowledge.hash))
        return model_refuses(VG_INTEGRITY);
    if (!may_tell(call, &call->home->id, &owed->target))
        return model_refuses(VG_FORBIDDEN);
    if (!is_past(call, call->command->acknowledge.case_index))
        return model_refuses(VG_INVALID);
    call->repeated = owed->told;
    return model_accepts();
}

static void tell(struct model_call *call)
{
    owed_of(call)->told = true;
}

/* ---- reading -----------------------------------------------------------------------------------
 */

uint32_t model_fact_count(const struct model *model, const vg_id *compartment)
{
    const struct model_compartment *home = model_compartment_of(model, compartment);
    return home != NULL ? home->owed.count : 0;
}

struct response_fact model_fact_at(const struct model *model, const vg_id *compartment,
                                   uint32_t place, vg_id *target, bool *told)
{
    const struct model_fact *owed = model_compartment_of(model, compartment)->owed.items[place];
    *target = owed->target;
    *told = owed->told;
    return owed->fact;
}

bool model_heard(const struct model *model, const vg_id *compartment,
                 const struct response_fact *fact, uint64_t *index, vg_hash *entry)
{
    const struct model_compartment *home = model_compartment_of(model, compartment);
    const struct model_fact *heard = home != NULL ? fact_of(&home->heard, fact) : NULL;
    if (heard == NULL)
        return false;
    *index = heard->index;
    *entry = heard->entry;
    return true;
}

bool model_case(const struct model *model, const vg_id *compartment, const vg_id *source,
                const vg_id *incident, const vg_id *tenant, struct model_case_facts *out)
{
    const struct model_compartment *home = model_compartment_of(model, compartment);
    uint64_t latest[3] = {0}; /* by kind */
    *out = (struct model_case_facts){.facts = 0};
    for (uint32_t i = 0; home != NULL && i < home->heard.count; i++) {
        const struct response_fact *fact = &((struct model_fact *)home->heard.items[i])->fact;
        if (!vg_id_equal(&fact->source, source) || !vg_id_equal(&fact->incident, incident) ||
            !vg_id_equal(&fact->tenant, tenant))
            continue;
        out->facts++;
        if (fact->index < latest[fact->kind])
            continue;
        latest[fact->kind] = fact->index;
        if (fact->kind == RESPONSE_FACT_WITHDRAWN) {
            out->withdrawn_at = fact->at;
            continue;
        }
        out->declared_at = fact->at;
        out->class_ = fact->class_;
        out->harm = fact->harm;
    }
    out->stands = latest[RESPONSE_FACT_DECLARED] > latest[RESPONSE_FACT_WITHDRAWN];
    return out->facts > 0;
}

const struct model_operation model_tenant_operations[] = {
    {.op = RESPONSE_OP_TENANT,
     .place = IN_DIRECTORY,
     .roles = RESPONSE_ROLE_OPERATOR | RESPONSE_ROLE_KEY_OFFICER,
     .expects_nothing = true,
     .names = tenant_names,
     .effect = add_tenant},
    {.op = RESPONSE_OP_CASE,
     .place = AMONG_INCIDENTS,
     .by_node = true,
     .expects_nothing = true,
     .names = case_names,
     .effect = hear},
    {.op = RESPONSE_OP_ACKNOWLEDGE,
     .place = AMONG_INCIDENTS,
     .by_node = true,
     .expects_nothing = true,
     .names = told_names,
     .effect = tell},
    {.op = (enum response_op)0},
};
