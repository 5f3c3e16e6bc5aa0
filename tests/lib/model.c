/* SPDX-License-Identifier: Apache-2.0
 * What becomes of a command: admitted, judged, done, remembered. */
#include "tests/lib/model.h"

#include <stdlib.h>

#include "common/text.h"
#include "tests/lib/model_internal.h"

static void learn_operations(struct model *model, const struct model_operation *rows)
{
    for (; rows->op != 0; rows++)
        model->operations[rows->op] = rows;
}

struct model *model_new(const struct ledger_genesis *genesis, const struct vg_signer *signer)
{
    static const vg_id control;
    struct model *model = vg_alloc_zero(1, sizeof *model);
    model->signer = signer;
    model->directory = genesis->directory;
    model->in_clear = (genesis->flags & LEDGER_GENESIS_CLEAR) != 0;
    model->first_people = genesis->person_count;
    model_compartment_add(model, &control);
    model_compartment_add(model, &genesis->directory);
    model_compartment_add(model, &genesis->first);
    model->node_count = genesis->member_count;
    for (uint32_t i = 0; i < genesis->member_count; i++) {
        model->node_keys[i] = genesis->members[i].keys;
        model->nodes[i] = genesis->members[i].id;
        model->regions[i] = model_name_of(vg_span_text(genesis->members[i].region));
    }
    for (uint32_t i = 0; i < LEDGER_FOUNDED; i++)
        if (genesis->epochs[i].epoch > 0)
            model_clearance_add(model, &genesis->epochs[i]);
    for (uint32_t i = 0; i < genesis->person_count; i++) {
        struct model_person *person = vg_alloc_zero(1, sizeof *person);
        person->id = genesis->people[i].id;
        person->keys = genesis->people[i].keys;
        person->bits = genesis->people[i].bits;
        HASH_ADD(hh, model->people, id, sizeof person->id, person);
    }
    learn_operations(model, model_directory_operations);
    learn_operations(model, model_detection_operations);
    learn_operations(model, model_incident_operations);
    learn_operations(model, model_class_operations);
    learn_operations(model, model_part_operations);
    learn_operations(model, model_proposal_operations);
    learn_operations(model, model_drill_operations);
    learn_operations(model, model_clearance_operations);
    learn_operations(model, model_checkpoint_operations);
    learn_operations(model, model_tenant_operations);
    return model;
}

const struct vg_signer *model_signer(const struct model *model)
{
    return model->signer;
}

static void free_list(struct model_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
}

void model_free(struct model *model)
{
    struct model_person *person, *next_person;
    struct model_standing *standing, *next_standing;
    for (uint32_t i = 0; i < model->compartments.count; i++)
        model_compartment_free(model->compartments.items[i]);
    free(model->compartments.items);
    free_list(&model->drills);
    free_list(&model->old_keys);
    for (uint32_t i = 0; i < model->clearances.count; i++)
        free_list(&((struct model_clearance *)model->clearances.items[i])->boundary);
    free_list(&model->clearances);
    free_list(&model->overrides);
    free_list(&model->tenants);
    HASH_ITER(hh, model->people, person, next_person)
    {
        HASH_DEL(model->people, person);
        free(person);
    }
    HASH_ITER(hh, model->standings, standing, next_standing)
    {
        HASH_DEL(model->standings, standing);
        free(standing);
    }
    free(model);
}

/* ---- applying ----------------------------------------------------------------------------------
 */

static struct model_verdict refused(enum vg_code code)
{
    return (struct model_verdict){.code = code};
}

bool model_is_in_time(const vg_id *request, uint64_t now_ms)
{
    uint64_t issued_ms = vg_uuid7_time_ms(request);
    return issued_ms + VG_REQUEST_PAST_MS >= now_ms && issued_ms <= now_ms + VG_REQUEST_AHEAD_MS;
}

/* Somebody who is here and has no role of the compartment: it is nothing to them, unless they
 * manage compartments. */
static bool is_outsider(const struct model *model, const struct model_compartment *home,
                        const vg_id *author)
{
    uint32_t managing = RESPONSE_ROLE_OPERATOR | RESPONSE_ROLE_KEY_OFFICER;
    return !vg_id_is_zero(&home->id) && !vg_id_equal(&home->id, &model->directory) &&
           model_is_here(model, author) && model_roles_of(model, author, &home->id) == 0 &&
           (model_roles_of(model, author, &model->directory) & managing) == 0;
}

/* Whether the request is new; else `out` is its answer, not to be remembered. */
static bool admit(const struct model *model, const struct model_compartment *home,
                  const struct model_order *order, struct model_verdict *out)
{
    if (!vg_uuid7_valid(&order->request)) {
        *out = refused(VG_INVALID);
        return false;
    }
    if (home == NULL) {
        *out = refused(VG_NOT_FOUND);
        return false;
    }
    if (!model_is_in_time(&order->request, order->time_ms)) {
        *out = refused(is_outsider(model, home, &order->author) ? VG_NOT_FOUND : VG_EXPIRED);
        return false;
    }
    const struct model_request *known = model_request_of(home, &order->request, &order->author);
    if (known == NULL)
        return true;
    if (!vg_hash_equal(&known->content, &order->content)) {
        *out = refused(VG_INVALID);
        return false;
    }
    *out = known->verdict;
    out->repeated = true;
    return false;
}

/* Judges a new request; false if it is refused. */
static bool decide(struct model *model, struct model_compartment *home,
                   const struct model_order *order, struct model_call *call,
                   struct model_verdict *out)
{
    *call = (struct model_call){.model = model,
                                .order = order,
                                .command = order->command,
                                .home = home,
                                .expectations = order->expectations,
                                .expectation_count = order->expectation_count};
    struct model_refusal refusal =
        order->command != NULL ? model_judge(call) : model_refuses(VG_INVALID);
    if (is_outsider(model, home, &order->author))
        refusal = model_refuses(VG_NOT_FOUND);
    *out = (struct model_verdict){.code = refusal.code, .index = order->index};
    memcpy(out->rule, refusal.rule, strlen(refusal.rule) + 1);
    if (refusal.code != VG_OK)
        return false;
    out->id = call->answer;
    out->joined = call->joined;
    out->filtered = call->filtered;
    out->repeated = call->repeated;
    return true;
}

void model_apply(struct model *model, const struct model_order *order, struct model_verdict *out)
{
    struct model_call call;
    struct model_compartment *home = model_compartment_of(model, &order->compartment);
    if (!admit(model, home, order, out))
        return;
    if (decide(model, home, order, &call, out))
        call.operation->effect(&call);
    if (!is_outsider(model, home, &order->author))
        model_count(model, home, order);
    model_remember(home, &order->request, &order->author, &order->content, out);
    model_forget(home, order->time_ms);
}

void model_check(const struct model *model, const struct model_order *order,
                 struct model_verdict *out)
{
    struct model_call call;
    struct model_compartment *home = model_compartment_of(model, &order->compartment);
    if (admit(model, home, order, out))
        decide((struct model *)(uintptr_t)model, home, order, &call, out);
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static const struct model_case *case_of(const struct model *model, const vg_id *compartment,
                                        const vg_id *incident)
{
    const struct model_compartment *home = model_compartment_of(model, compartment);
    return home != NULL ? model_case_of(home, incident) : NULL;
}

bool model_incident(const struct model *model, const vg_id *compartment, const vg_id *incident,
                    struct model_facts *out)
{
    const struct model_case *found = case_of(model, compartment, incident);
    if (found != NULL)
        *out = found->facts;
    return found != NULL;
}

uint64_t model_revision(const struct model *model, const vg_id *compartment, const vg_id *incident,
                        uint16_t aspect, const vg_id *part)
{
    return model_revision_in(case_of(model, compartment, incident), aspect, part);
}

uint32_t model_incident_count(const struct model *model, const vg_id *compartment)
{
    const struct model_compartment *home = model_compartment_of(model, compartment);
    return home != NULL ? home->incidents.count : 0;
}

vg_id model_incident_at(const struct model *model, const vg_id *compartment, uint32_t place)
{
    const struct model_compartment *home = model_compartment_of(model, compartment);
    const struct model_case *incident = home->incidents.items[place];
    return incident->id;
}

uint32_t model_part_count(const struct model *model, const vg_id *compartment,
                          const vg_id *incident, enum model_part kind)
{
    const struct model_case *found = case_of(model, compartment, incident);
    return found != NULL ? found->parts[kind].count : 0;
}

vg_id model_part_at(const struct model *model, const vg_id *compartment, const vg_id *incident,
                    enum model_part kind, uint32_t place)
{
    const struct model_case *found = case_of(model, compartment, incident);
    const struct model_thing *part = found->parts[kind].items[place];
    return part->key.id;
}
