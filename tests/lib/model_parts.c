/* SPDX-License-Identifier: Apache-2.0
 * What an incident consists of: notes, links, tasks, steps, evidence. */
#include "tests/lib/model_internal.h"

/* ---- note, link --------------------------------------------------------------------------------
 */

static struct model_refusal note_names(struct model_call *call)
{
    return call->command->note.corrects <= call->incident->events ? model_accepts()
                                                                  : model_refuses(VG_NOT_FOUND);
}

static void note(struct model_call *call)
{
    model_change(call->incident, call->command->note.kind == RESPONSE_FINDING
                                     ? RESPONSE_ASPECT_FINDINGS
                                     : RESPONSE_ASPECT_NOTES);
}

static bool links_anew(const struct model_call *call)
{
    for (uint32_t i = 0; i < call->incident->links.count; i++) {
        const struct model_link *link = call->incident->links.items[i];
        if (link->other == call->other && link->kind == call->command->link.kind)
            return false;
    }
    return true;
}

static struct model_refusal link_names(struct model_call *call)
{
    call->other = model_case_of(call->home, &call->command->link.other);
    if (call->other == NULL)
        return model_refuses(VG_NOT_FOUND);
    if (!links_anew(call))
        return model_refuses(VG_EXISTS);
    bool full = call->incident->facts.links >= LINKS_MAX || call->other->facts.links >= LINKS_MAX;
    return full ? model_refuses(VG_INVALID) : model_accepts();
}

static bool links_two(const struct model_call *call)
{
    return call->other != call->incident;
}

static const struct model_guard link_guards[] = {
    {links_two, VG_RULE, "R27"},
    {NULL, VG_OK, ""},
};

static void link_both(struct model_call *call)
{
    struct model_link *link = vg_alloc_zero(1, sizeof *link);
    *link = (struct model_link){call->other, call->command->link.kind};
    model_list_add(&call->incident->links, link);
    call->incident->facts.links++;
    call->other->facts.links++;
    model_change(call->incident, RESPONSE_ASPECT_LINKS);
    model_change(call->other, RESPONSE_ASPECT_LINKS);
}

/* ---- tasks -------------------------------------------------------------------------------------
 */

static bool is_unfinished(uint8_t state)
{
    return state == RESPONSE_TASK_OPEN || state == RESPONSE_TASK_CLAIMED;
}

static void add_task(struct model_call *call, const vg_id *id, uint8_t state)
{
    struct model_thing *task = model_part_add(call->home, call->incident, id, MODEL_TASK);
    task->state = state;
    call->incident->facts.tasks++;
    call->incident->facts.tasks_open++;
}

/* Its id follows from the request: a UUIDv8 of H(0x08, request, author, number). */
void model_rule_task(struct model_call *call, uint32_t number)
{
    const uint8_t counted[] = {(uint8_t)number};
    const vg_span parts[] = {vg_span_of(call->order->request.bytes, sizeof(vg_id)),
                             vg_span_of(call->order->author.bytes, sizeof(vg_id)),
                             vg_span_of(counted, sizeof counted)};
    vg_hash hash = vg_hash_parts(VG_HASH_DERIVED_ID, parts, 3);
    vg_id id;
    memcpy(id.bytes, hash.bytes, sizeof id.bytes);
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x80);
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
    add_task(call, &id, RESPONSE_TASK_OPEN);
}

static struct model_refusal task_names(struct model_call *call)
{
    return model_names_person(call, &call->command->task.owner);
}

static void task(struct model_call *call)
{
    bool owned = !vg_id_is_zero(&call->command->task.owner);
    add_task(call, &call->order->request, owned ? RESPONSE_TASK_CLAIMED : RESPONSE_TASK_OPEN);
}

/* The part of the incident that the command moves. */
static struct model_refusal find_part(struct model_call *call, const vg_id *id,
                                      enum model_part kind)
{
    call->thing = model_part_of(call->home, call->incident, id, kind);
    call->answer = *id;
    return call->thing != NULL ? model_accepts() : model_refuses(VG_NOT_FOUND);
}

static struct model_refusal task_move_names(struct model_call *call)
{
    struct model_refusal refusal = find_part(call, &call->command->task_move.task, MODEL_TASK);
    return refusal.code == VG_OK ? model_names_person(call, &call->command->task_move.owner)
                                 : refusal;
}

static const bool task_edges[RESPONSE_TASK_DROPPED + 1][RESPONSE_TASK_DROPPED + 1] = {
    [RESPONSE_TASK_OPEN] = {[RESPONSE_TASK_CLAIMED] = true,
                            [RESPONSE_TASK_DONE] = true,
                            [RESPONSE_TASK_DROPPED] = true},
    [RESPONSE_TASK_CLAIMED] = {[RESPONSE_TASK_CLAIMED] = true,
                               [RESPONSE_TASK_OPEN] = true,
                               [RESPONSE_TASK_DONE] = true,
                               [RESPONSE_TASK_DROPPED] = true},
    [RESPONSE_TASK_DONE] = {[RESPONSE_TASK_OPEN] = true},
    [RESPONSE_TASK_DROPPED] = {[RESPONSE_TASK_OPEN] = true},
};

static bool task_edge_exists(const struct model_call *call)
{
    return task_edges[call->thing->state][call->command->task_move.state];
}

static const struct model_guard task_move_guards[] = {
    {task_edge_exists, VG_RULE, "R14"},
    {NULL, VG_OK, ""},
};

static void task_move(struct model_call *call)
{
    struct model_facts *facts = &call->incident->facts;
    facts->tasks_open -= is_unfinished(call->thing->state);
    call->thing->state = call->command->task_move.state;
    facts->tasks_open += is_unfinished(call->thing->state);
    model_change_part(call->thing);
}

/* ---- steps -------------------------------------------------------------------------------------
 */

static struct model_refusal step_names(struct model_call *call)
{
    return model_names_person(call, &call->command->step.owner);
}

static bool is_emergency(const struct model_call *call)
{
    return call->command->step.emergency == RESPONSE_YES;
}

static bool emergency_is_containment(const struct model_call *call)
{
    return !is_emergency(call) || call->command->step.kind == RESPONSE_CONTAINMENT;
}

static bool assess_takes_emergencies(const struct model_call *call)
{
    return call->incident->facts.stage != RESPONSE_ASSESS || is_emergency(call);
}

static const struct model_guard step_guards[] = {
    {model_has_left_detect, VG_RULE, "R15"},
    {emergency_is_containment, VG_RULE, "R15"},
    {assess_takes_emergencies, VG_RULE, "R15"},
    {NULL, VG_OK, ""},
};

/* Adds or takes away what a step in its present state counts for. */
static void count_step(struct model_thing *step, uint32_t by)
{
    bool open = step->state == RESPONSE_STEP_PLANNED || step->state == RESPONSE_STEP_STARTED ||
                step->state == RESPONSE_STEP_DONE;
    if (open)
        step->incident->facts.steps_open += by;
    /* every step has an owner */
    if (open && step->step.kind == RESPONSE_MITIGATION && step->step.due)
        step->incident->steps_long += by;
}

static void step(struct model_call *call)
{
    const struct response_command *command = call->command;
    struct model_thing *made =
        model_part_add(call->home, call->incident, &call->order->request, MODEL_STEP);
    made->state = RESPONSE_STEP_PLANNED;
    made->step = (struct model_step){.kind = command->step.kind,
                                     .reversible = command->step.reversible == RESPONSE_YES,
                                     .due = command->step.due_at > call->order->time_ms};
    call->incident->facts.steps++;
    count_step(made, 1);
    if (call->glass)
        model_rule_task(call, 0);
}

static struct model_refusal step_move_names(struct model_call *call)
{
    return find_part(call, &call->command->step_move.step, MODEL_STEP);
}

static const bool step_edges[RESPONSE_STEP_DROPPED + 1][RESPONSE_STEP_DROPPED + 1] = {
    [RESPONSE_STEP_PLANNED] = {[RESPONSE_STEP_STARTED] = true,
                               [RESPONSE_STEP_DONE] = true,
                               [RESPONSE_STEP_DROPPED] = true},
    [RESPONSE_STEP_STARTED] = {[RESPONSE_STEP_DONE] = true, [RESPONSE_STEP_DROPPED] = true},
    [RESPONSE_STEP_DONE] = {[RESPONSE_STEP_VERIFIED] = true,
                            [RESPONSE_STEP_STARTED] = true,
                            [RESPONSE_STEP_REVERTED] = true},
    [RESPONSE_STEP_VERIFIED] = {[RESPONSE_STEP_REVERTED] = true},
};

static bool step_edge_exists(const struct model_call *call)
{
    return step_edges[call->thing->state][call->command->step_move.state];
}

static bool verified_by_another(const struct model_call *call)
{
    return call->command->step_move.state != RESPONSE_STEP_VERIFIED ||
           !vg_id_equal(&call->thing->step.done_by, &call->order->author);
}

static bool reverted_if_reversible(const struct model_call *call)
{
    return call->command->step_move.state != RESPONSE_STEP_REVERTED || call->thing->step.reversible;
}

static const struct model_guard step_move_guards[] = {
    {step_edge_exists, VG_RULE, "R16"},
    {verified_by_another, VG_RULE, "R16"},
    {reverted_if_reversible, VG_RULE, "R16"},
    {NULL, VG_OK, ""},
};

static void step_move(struct model_call *call)
{
    struct model_thing *moved = call->thing;
    struct model_facts *facts = &call->incident->facts;
    count_step(moved, (uint32_t)-1);
    moved->state = call->command->step_move.state;
    count_step(moved, 1);
    if (moved->state == RESPONSE_STEP_DONE)
        moved->step.done_by = call->order->author;
    if (moved->state == RESPONSE_STEP_VERIFIED && moved->step.kind == RESPONSE_CONTAINMENT &&
        facts->contained_at == 0)
        facts->contained_at = call->order->time_ms;
    model_change_part(moved);
}

/* ---- evidence ----------------------------------------------------------------------------------
 */

static struct model_refusal evidence_names(struct model_call *call)
{
    const struct response_command *command = call->command;
    vg_span content = command->evidence.content;
    if (content.size == 0)
        return model_accepts();
    vg_hash hash = vg_sha256(content);
    bool same =
        content.size == command->evidence.size && vg_hash_equal(&hash, &command->evidence.hash);
    return same ? model_accepts() : model_refuses(VG_INTEGRITY);
}

static void evidence(struct model_call *call)
{
    struct model_thing *made =
        model_part_add(call->home, call->incident, &call->order->request, MODEL_EVIDENCE);
    made->evidence.holder = call->order->author;
    call->incident->facts.evidence++;
}

static struct model_refusal custody_names(struct model_call *call)
{
    struct model_refusal refusal =
        find_part(call, &call->command->custody.evidence, MODEL_EVIDENCE);
    return refusal.code == VG_OK ? model_names_person(call, &call->command->custody.to) : refusal;
}

static bool is_not_disposed(const struct model_call *call)
{
    return !call->thing->evidence.disposed;
}

/* An incident manager hands on what somebody left behind who has no part in this any more. */
static bool takes_over(const struct model_call *call)
{
    const vg_id *home = &call->home->id;
    return (model_roles_of(call->model, &call->thing->evidence.holder, home) & STAFF) == 0 &&
           (model_roles_of(call->model, &call->order->author, home) &
            RESPONSE_ROLE_INCIDENT_MANAGER) != 0;
}

static bool is_by_whom_it_may(const struct model_call *call)
{
    const vg_id *author = &call->order->author;
    switch (call->command->custody.action) {
    case RESPONSE_OFFER:
        return vg_id_equal(&call->thing->evidence.holder, author) || takes_over(call);
    case RESPONSE_SEAL:
    case RESPONSE_DISPOSE:
        return vg_id_equal(&call->thing->evidence.holder, author);
    case RESPONSE_ACCEPT:
        return vg_id_equal(&call->thing->evidence.offered_to, author);
    default:
        return true;
    }
}

static bool offer_alone_has_receiver(const struct model_call *call)
{
    return (call->command->custody.action == RESPONSE_OFFER) !=
           vg_id_is_zero(&call->command->custody.to);
}

static bool verification_alone_has_hash(const struct model_call *call)
{
    static const vg_hash none;
    return (call->command->custody.action == RESPONSE_VERIFY) !=
           vg_hash_equal(&call->command->custody.hash, &none);
}

static const struct model_guard custody_guards[] = {
    {is_not_disposed, VG_RULE, "R17"},
    {is_by_whom_it_may, VG_RULE, "R17"},
    {offer_alone_has_receiver, VG_RULE, "R17"},
    {verification_alone_has_hash, VG_RULE, "R17"},
    {NULL, VG_OK, ""},
};

static void custody(struct model_call *call)
{
    static const vg_id nobody;
    struct model_evidence *held = &call->thing->evidence;
    switch (call->command->custody.action) {
    case RESPONSE_OFFER:
        held->offered_to = call->command->custody.to;
        break;
    case RESPONSE_ACCEPT:
        held->holder = call->order->author;
        held->offered_to = nobody;
        break;
    case RESPONSE_DISPOSE:
        held->disposed = true;
        break;
    default:
        break;
    }
    model_change_part(call->thing);
}

const struct model_operation model_part_operations[] = {
    {.op = RESPONSE_OP_NOTE,
     MODEL_ABOUT_INCIDENT,
     .roles = STAFF,
     .historical = true,
     .when_closed = ALSO_WHEN_CLOSED,
     .names = note_names,
     .effect = note},
    {.op = RESPONSE_OP_LINK,
     MODEL_ABOUT_INCIDENT,
     .roles = STAFF,
     .historical = true,
     .when_closed = ALSO_WHEN_CLOSED,
     .names = link_names,
     .guards = link_guards,
     .effect = link_both},
    {.op = RESPONSE_OP_TASK,
     MODEL_ABOUT_INCIDENT,
     .roles = STAFF,
     .makes = MODEL_TASK,
     .bound = TASKS_MAX,
     .names = task_names,
     .effect = task},
    {.op = RESPONSE_OP_TASK_MOVE,
     MODEL_ABOUT_INCIDENT,
     .roles = STAFF,
     .when_closed = ALSO_WHEN_CLOSED,
     .sets = {RESPONSE_ASPECT_TASK},
     .names = task_move_names,
     .guards = task_move_guards,
     .effect = task_move},
    {.op = RESPONSE_OP_STEP,
     MODEL_ABOUT_INCIDENT,
     .roles = RUNNERS | RESPONSE_ROLE_SERVICE_TEAM,
     .makes = MODEL_STEP,
     .bound = STEPS_MAX,
     .names = step_names,
     .guards = step_guards,
     .effect = step},
    {.op = RESPONSE_OP_STEP_MOVE,
     MODEL_ABOUT_INCIDENT,
     .roles = RUNNERS | RESPONSE_ROLE_SERVICE_TEAM,
     .when_closed = ALSO_WHEN_CLOSED,
     .sets = {RESPONSE_ASPECT_CONTAINMENT},
     .names = step_move_names,
     .guards = step_move_guards,
     .effect = step_move},
    {.op = RESPONSE_OP_EVIDENCE,
     MODEL_ABOUT_INCIDENT,
     .roles = STAFF,
     .historical = true,
     .when_closed = ALSO_WHEN_CLOSED,
     .makes = MODEL_EVIDENCE,
     .bound = EVIDENCE_MAX,
     .names = evidence_names,
     .effect = evidence},
    {.op = RESPONSE_OP_CUSTODY,
     MODEL_ABOUT_INCIDENT,
     .roles = STAFF,
     .historical = true,
     .when_closed = ALSO_WHEN_CLOSED,
     .names = custody_names,
     .guards = custody_guards,
     .effect = custody},
    {.op = (enum response_op)0},
};
