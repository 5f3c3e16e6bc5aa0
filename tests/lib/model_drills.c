/* SPDX-License-Identifier: Apache-2.0
 * Drills (R32): signed by two, started once, one at a time, within their time. */
#include <stdlib.h>

#include "tests/lib/model_internal.h"

enum { APPROVED_FOR_MS = 60 * 60 * 1000, GRACE_MS = 15 * 1000 };

static struct model_drill *drill_of(const struct model *model, const vg_id *id)
{
    for (uint32_t i = 0; i < model->drills.count; i++) {
        struct model_drill *drill = model->drills.items[i];
        if (vg_id_equal(&drill->id, id))
            return drill;
    }
    return NULL;
}

static bool runs_at(const struct model_drill *drill, uint64_t now_ms)
{
    return drill->started_at != 0 && !drill->ended &&
           now_ms <= drill->started_at + drill->duration_ms + GRACE_MS;
}

/* ---- drill -------------------------------------------------------------------------------------
 */

static bool names_what_it_is_of(const struct response_command *command)
{
    bool node = command->drill.node != 0;
    bool region = command->drill.region.size > 0;
    bool delay = command->drill.delay_ms != 0;
    switch (command->drill.kind) {
    case RESPONSE_DRILL_LEADER_LOSS:
        return !node && !region && !delay;
    case RESPONSE_DRILL_ISOLATE:
        return node != region && !delay;
    case RESPONSE_DRILL_SLOW_REGION:
        return !node && region && delay;
    default:
        return node && !region && !delay;
    }
}

static struct model_refusal drill_names(struct model_call *call)
{
    const struct model *model = call->model;
    uint64_t node = call->command->drill.node;
    if (!names_what_it_is_of(call->command))
        return model_refuses(VG_INVALID);
    for (uint32_t i = 0; i < model->node_count; i++) {
        if (model->nodes[i].value == node)
            return model_accepts();
    }
    return node == 0 ? model_accepts() : model_refuses(VG_NOT_FOUND);
}

static void forget_least(struct model_list *drills)
{
    uint32_t least = 0;
    for (uint32_t i = 1; i < drills->count; i++) {
        const struct model_drill *one = drills->items[i];
        const struct model_drill *other = drills->items[least];
        if (memcmp(&one->id, &other->id, sizeof one->id) < 0)
            least = i;
    }
    free(drills->items[least]);
    drills->items[least] = drills->items[--drills->count];
}

static void drill(struct model_call *call)
{
    const struct model_thing *proposal = call->carries;
    struct model_list *drills = &call->model->drills;
    struct model_drill *made = vg_alloc_zero(1, sizeof *made);
    if (drills->count == DRILLS_MAX)
        forget_least(drills);
    made->id = proposal->key.id;
    made->duration_ms = call->command->drill.duration_ms;
    made->approved_at = call->order->time_ms;
    for (uint32_t i = 0; i < proposal->proposal->signer_count; i++) {
        if (proposal->proposal->signers[i].role == RESPONSE_ROLE_OPERATOR)
            made->operated_by = proposal->proposal->signers[i].person;
    }
    model_list_add(drills, made);
}

/* ---- running it --------------------------------------------------------------------------------
 */

/* All three begin with the drill's id. */
static struct model_refusal finds_drill(struct model_call *call)
{
    call->answer = call->command->drill_start.drill;
    call->drill = drill_of(call->model, &call->answer);
    return call->drill != NULL ? model_accepts() : model_refuses(VG_NOT_FOUND);
}

static bool is_own(const struct model_call *call)
{
    return vg_id_equal(&call->drill->operated_by, &call->order->author);
}

static bool is_unused(const struct model_call *call)
{
    return call->drill->started_at == 0;
}

static bool is_fresh(const struct model_call *call)
{
    return call->order->time_ms <= call->drill->approved_at + APPROVED_FOR_MS;
}

static bool is_alone(const struct model_call *call)
{
    const struct model_list *drills = &call->model->drills;
    for (uint32_t i = 0; i < drills->count; i++) {
        if (runs_at(drills->items[i], call->order->time_ms))
            return false;
    }
    return true;
}

static bool is_running(const struct model_call *call)
{
    return runs_at(call->drill, call->order->time_ms);
}

static const struct model_guard start_rules[] = {
    {is_own, VG_FORBIDDEN, ""}, {is_unused, VG_EXISTS, ""}, {is_fresh, VG_EXPIRED, ""},
    {is_alone, VG_RULE, "R32"}, {NULL, VG_OK, ""},
};

static bool is_to_run_or_running(const struct model_call *call)
{
    return is_running(call) || (is_unused(call) && is_fresh(call));
}

static const struct model_guard probe_rules[] = {
    {is_own, VG_FORBIDDEN, ""},
    {is_to_run_or_running, VG_RULE, "R32"},
    {NULL, VG_OK, ""},
};

static const struct model_guard end_rules[] = {
    {is_own, VG_FORBIDDEN, ""},
    {is_running, VG_RULE, "R32"},
    {NULL, VG_OK, ""},
};

static void start(struct model_call *call)
{
    call->drill->started_at = call->order->time_ms;
}

static struct model_refusal probe_names(struct model_call *call)
{
    struct model_refusal refusal = finds_drill(call);
    if (refusal.code == VG_OK)
        call->repeated = call->drill->probes[call->command->drill_probe.number];
    return refusal;
}

static void probe(struct model_call *call)
{
    call->drill->probes[call->command->drill_probe.number] = true;
}

static void end(struct model_call *call)
{
    call->drill->ended = true;
}

#define BY_OPERATORS .place = IN_DIRECTORY, .roles = RESPONSE_ROLE_OPERATOR, .expects_nothing = true

const struct model_operation model_drill_operations[] = {
    {.op = RESPONSE_OP_DRILL,
     .place = IN_DIRECTORY,
     .signers = RESPONSE_ROLE_OPERATOR | RESPONSE_ROLE_INCIDENT_MANAGER,
     .expects_nothing = true,
     .names = drill_names,
     .effect = drill},
    {.op = RESPONSE_OP_DRILL_START,
     BY_OPERATORS,
     .names = finds_drill,
     .guards = start_rules,
     .effect = start},
    {.op = RESPONSE_OP_DRILL_PROBE,
     BY_OPERATORS,
     .names = probe_names,
     .guards = probe_rules,
     .effect = probe},
    {.op = RESPONSE_OP_DRILL_END,
     BY_OPERATORS,
     .names = finds_drill,
     .guards = end_rules,
     .effect = end},
    {.op = (enum response_op)0},
};

/* ---- reading -----------------------------------------------------------------------------------
 */

uint32_t model_drill_count(const struct model *model)
{
    return model->drills.count;
}

vg_id model_drill_at(const struct model *model, uint32_t place)
{
    const struct model_drill *found = model->drills.items[place];
    return found->id;
}

bool model_drill_of(const struct model *model, const vg_id *id, struct model_drill_facts *out)
{
    const struct model_drill *found = drill_of(model, id);
    if (found == NULL)
        return false;
    *out = (struct model_drill_facts){.started_at = found->started_at, .ended = found->ended};
    for (uint32_t i = 0; i < DRILL_PROBES; i++)
        out->probes += found->probes[i];
    return true;
}
