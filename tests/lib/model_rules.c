/* SPDX-License-Identifier: Apache-2.0
 * The way of one command: where it stands, what it names, conflicts, guards, in that order; the
 * first thing that is wrong is the answer. */
#include "tests/lib/model_internal.h"

/* ---- standing ----------------------------------------------------------------------------------
 */

enum model_place model_place_of(const struct model_call *call)
{
    if (vg_id_is_zero(&call->home->id))
        return IN_CONTROL;
    return vg_id_equal(&call->home->id, &call->model->directory) ? IN_DIRECTORY : AMONG_INCIDENTS;
}

uint32_t model_roles_beside(const struct model_call *call)
{
    enum model_place place = model_place_of(call);
    if (place == IN_DIRECTORY)
        return call->operation->directory_roles;
    return place == IN_CONTROL ? call->operation->control_roles : 0;
}

/* Staff without a role that works on steps may take emergency containment (R15). */
static bool breaks_glass(const struct model_call *call, uint32_t roles)
{
    return call->command->op == RESPONSE_OP_STEP && (roles & STAFF) != 0 &&
           call->command->step.break_glass.size > 0 &&
           call->command->step.emergency == RESPONSE_YES &&
           call->command->step.kind == RESPONSE_CONTAINMENT;
}

static bool is_evicted(const struct model *model, const vg_id *author)
{
    bool gone = false;
    for (uint32_t i = 0; i < model->node_count; i++) {
        vg_id node = response_node_author(model->nodes[i]);
        gone = gone || (model->nodes_gone[i] && vg_id_equal(&node, author));
    }
    return gone;
}

static struct model_refusal stand(struct model_call *call)
{
    const struct model_operation *operation = call->operation;
    const vg_id *author = &call->order->author;
    bool is_node = model_is_node(author);
    uint32_t beside = model_roles_beside(call);
    if (model_place_of(call) != operation->place && beside == 0)
        return model_refuses(VG_INVALID);
    if (is_node != operation->by_node)
        return model_refuses(VG_FORBIDDEN);
    if (is_node)
        return is_evicted(call->model, author) ? model_refuses(VG_FORBIDDEN) : model_accepts();
    if (!model_is_here(call->model, author))
        return model_refuses(VG_FORBIDDEN);
    if (operation->signers != 0)
        return (struct model_refusal){VG_RULE, "R12"};
    uint32_t roles = model_roles_of(call->model, author, &call->home->id);
    if ((roles & (beside != 0 ? beside : operation->roles)) != 0)
        return model_accepts();
    call->glass = breaks_glass(call, roles);
    return call->glass ? model_accepts() : model_refuses(VG_FORBIDDEN);
}

/* ---- what is named -----------------------------------------------------------------------------
 */

/* Every command about an incident begins with its id. */
static const vg_id *named_incident(const struct response_command *command)
{
    return &command->note.incident;
}

struct model_refusal model_has_room(const struct model_call *call)
{
    const struct model_operation *operation = call->operation;
    if (operation->bound == 0 || call->incident == NULL)
        return model_accepts();
    if (model_part_of(call->home, call->incident, &call->order->request,
                      (enum model_part)operation->makes) != NULL)
        return model_refuses(VG_EXISTS);
    return call->incident->parts[operation->makes].count < operation->bound
               ? model_accepts()
               : model_refuses(VG_INVALID);
}

static struct model_refusal name(struct model_call *call)
{
    const struct model_operation *operation = call->operation;
    if (operation->about_incident) {
        call->incident = model_case_of(call->home, named_incident(call->command));
        if (call->incident == NULL)
            return model_refuses(VG_NOT_FOUND);
        call->answer = operation->bound > 0 ? call->order->request : call->incident->id;
    }
    struct model_refusal refusal = model_has_room(call);
    if (refusal.code == VG_OK && operation->names != NULL)
        refusal = operation->names(call);
    return refusal;
}

/* ---- conflicts ---------------------------------------------------------------------------------
 */

static const vg_id nothing;

static bool is_expected(const struct model_call *call, uint16_t aspect, const vg_id *part)
{
    for (uint16_t i = 0; i < call->expectation_count; i++) {
        const struct ledger_expectation *expectation = &call->expectations[i];
        if (expectation->aspect == aspect && vg_id_equal(&expectation->part, part))
            return true;
    }
    return false;
}

/* Every expectation is held, also of what the command does not change. */
static struct model_refusal hold_expectations(const struct model_call *call)
{
    for (uint16_t i = 0; i < call->expectation_count; i++) {
        const struct ledger_expectation *expectation = &call->expectations[i];
        if (expectation->aspect == 0 || expectation->aspect >= MODEL_ASPECTS)
            return model_refuses(VG_INVALID);
        if (model_revision_in(call->incident, expectation->aspect, &expectation->part) !=
            expectation->revision)
            return model_refuses(VG_CONFLICT);
    }
    return model_accepts();
}

/* What was set is changed by those alone who say what they have seen. */
static struct model_refusal hold_values(const struct model_call *call)
{
    const struct model_operation *operation = call->operation;
    for (int i = 0; i < MODEL_SETS_MAX && operation->sets[i] != 0; i++) {
        uint16_t aspect = operation->sets[i];
        bool is_part = aspect == RESPONSE_ASPECT_TASK || aspect == RESPONSE_ASPECT_CONTAINMENT;
        const vg_id *part = is_part ? &call->thing->key.id : &nothing;
        if (operation->changes != NULL && !operation->changes(call, aspect))
            continue;
        if (model_revision_in(call->incident, aspect, part) != 0 &&
            !is_expected(call, aspect, part))
            return model_refuses(VG_CONFLICT);
    }
    return model_accepts();
}

/* ---- guards ------------------------------------------------------------------------------------
 */

static struct model_refusal guard_incident(const struct model_call *call)
{
    const struct model_operation *operation = call->operation;
    const struct model_case *incident = call->incident;
    if (incident->facts.historical && !operation->historical)
        return (struct model_refusal){VG_RULE, "R1"};
    bool closed = incident->facts.stage == RESPONSE_CLOSE;
    if (closed && operation->when_closed == NOT_WHEN_CLOSED)
        return (struct model_refusal){VG_RULE, operation->op == RESPONSE_OP_STAGE ? "R13" : "R27"};
    if (!closed && operation->when_closed == ONLY_WHEN_CLOSED)
        return (struct model_refusal){VG_RULE, "R27"};
    return model_accepts();
}

struct model_refusal model_holds(const struct model_call *call, const struct model_guard *guards)
{
    for (; guards != NULL && guards->holds != NULL; guards++) {
        if (!guards->holds(call))
            return (struct model_refusal){guards->code, guards->rule};
    }
    return model_accepts();
}

static struct model_refusal guard(struct model_call *call)
{
    const struct model_operation *operation = call->operation;
    if (call->incident != NULL && !call->joined) {
        struct model_refusal refusal = guard_incident(call);
        if (refusal.code != VG_OK)
            return refusal;
    }
    return model_holds(call, operation->guards);
}

struct model_refusal model_judge_case(struct model_call *call)
{
    bool expects_nothing =
        call->operation->expects_nothing || model_place_of(call) != AMONG_INCIDENTS;
    if (expects_nothing && call->expectation_count > 0)
        return model_refuses(VG_INVALID);
    struct model_refusal refusal = name(call);
    if (refusal.code == VG_OK)
        refusal = hold_expectations(call);
    if (refusal.code == VG_OK)
        refusal = hold_values(call);
    return refusal.code == VG_OK ? guard(call) : refusal;
}

struct model_refusal model_judge(struct model_call *call)
{
    call->operation = call->model->operations[call->command->op];
    struct model_refusal refusal = stand(call);
    return refusal.code == VG_OK ? model_judge_case(call) : refusal;
}
