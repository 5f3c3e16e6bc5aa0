/* SPDX-License-Identifier: Apache-2.0
 * Containment and recovery steps: R15, R16. */
#include "common/text.h"
#include "proto/response/parts.h"

bool response_step_next(const struct response_machine *machine, const vg_id *compartment,
                        const vg_id *incident, const vg_id *after, struct response_step *out)
{
    vg_id id = *after;
    vg_span value;
    if (!response_part_after(machine, compartment, RESPONSE_SECTION_STEP, incident, &id, &value))
        return false;
    response_step_decode(value, out);
    out->id = id;
    return true;
}

static enum vg_code find_step(struct response_call *call, const vg_id *id)
{
    char text[VG_ID_TEXT];
    vg_span value;
    call->outcome->id = *id;
    if (response_part_find(call->machine, &call->incident.compartment, RESPONSE_SECTION_STEP,
                           &call->incident.id, id, &value)) {
        response_step_decode(value, &call->part.step);
        call->part.step.id = *id;
        return VG_OK;
    }
    vg_id_format(id, text);
    return RESPONSE_REFUSE(call, NO_STEP, text);
}

static void put_step(struct response_call *call, struct response_step *step)
{
    struct vg_buffer record = {0};
    response_bump_part(call, &step->revision);
    response_step_encode(step, &record);
    response_part_put(call, RESPONSE_SECTION_STEP, &step->id, &record);
    vg_buffer_free(&record);
}

static bool is_open(uint8_t state)
{
    return state == RESPONSE_STEP_PLANNED || state == RESPONSE_STEP_STARTED ||
           state == RESPONSE_STEP_DONE;
}

/* R16: mitigation with an owner, which every step has, and a due time may outlive the incident. */
static bool is_long(uint8_t kind, uint64_t due_at, uint64_t made_at)
{
    return kind == RESPONSE_MITIGATION && due_at > made_at;
}

/* ---- step --------------------------------------------------------------------------------------
 */

/* "containment of build-7: quarantine it" */
static vg_span describe_step(struct response_call *call)
{
    struct vg_buffer *text = &call->text;
    response_append_text(text, response_word(response_step_kinds, call->command.step.kind));
    response_append_text(text, " of ");
    vg_buffer_append(text, call->command.step.target.data, call->command.step.target.size);
    response_append_text(text, ": ");
    vg_buffer_append(text, call->command.step.action.data, call->command.step.action.size);
    response_describe_glass(call, call->command.step.break_glass, text);
    return vg_buffer_span(text);
}

enum vg_code response_judge_step(struct response_call *call)
{
    const vg_id *owner = &call->command.step.owner;
    const struct response_incident *incident = &call->incident;
    if (response_find_incident(call, &call->command.step.incident) != VG_OK ||
        response_require_fresh(call, RESPONSE_SECTION_STEP) != VG_OK ||
        response_require_room(call, incident->steps, RESPONSE_STEPS_MAX, "steps") != VG_OK ||
        (!vg_id_is_zero(owner) && response_require_person(call, owner) != VG_OK))
        return call->outcome->error.code;
    call->next.steps++;
    call->next.steps_open++;
    call->next.steps_long +=
        is_long(call->command.step.kind, call->command.step.due_at, call->time_ms);
    response_change_part(call, RESPONSE_EVENT_STEP, RESPONSE_ASPECT_CONTAINMENT,
                         &call->request->request, "", "planned")
        ->text = describe_step(call);
    return response_judge_review(call);
}

void response_effect_step(struct response_call *call)
{
    const vg_id *owner = &call->command.step.owner;
    struct response_step step = {
        .id = call->request->request,
        .number = call->next.steps,
        .kind = call->command.step.kind,
        .state = RESPONSE_STEP_PLANNED,
        .reversible = call->command.step.reversible == RESPONSE_YES,
        .emergency = call->command.step.emergency == RESPONSE_YES,
        .owner = vg_id_is_zero(owner) ? call->request->author : *owner,
        .due_at = call->command.step.due_at,
        .made_at = call->time_ms,
        .made_by = call->request->author,
    };
    response_copy_text(call->command.step.action, step.action, sizeof step.action);
    response_copy_text(call->command.step.target, step.target, sizeof step.target);
    put_step(call, &step);
    response_effect_rule_tasks(call);
}

/* ---- step-move ---------------------------------------------------------------------------------
 */

enum vg_code response_judge_step_move(struct response_call *call)
{
    const struct response_step *step = &call->part.step;
    uint8_t state = call->command.step_move.state;
    if (response_find_incident(call, &call->command.step_move.incident) != VG_OK ||
        find_step(call, &call->command.step_move.step) != VG_OK)
        return call->outcome->error.code;
    struct response_incident *next = &call->next;
    bool ends = is_open(step->state) && !is_open(state);
    next->steps_open -= ends;
    next->steps_long -= ends && is_long(step->kind, step->due_at, step->made_at);
    if (state == RESPONSE_STEP_VERIFIED && step->kind == RESPONSE_CONTAINMENT &&
        next->contained_at == 0)
        next->contained_at = call->time_ms;
    response_change_part(call, RESPONSE_EVENT_STEP, RESPONSE_ASPECT_CONTAINMENT, &step->id,
                         response_word(response_step_states, step->state),
                         response_word(response_step_states, state))
        ->text = call->command.step_move.text;
    return VG_OK;
}

void response_effect_step_move(struct response_call *call)
{
    struct response_step *step = &call->part.step;
    step->state = call->command.step_move.state;
    if (step->state == RESPONSE_STEP_DONE) {
        step->done_by = call->request->author;
        step->done_at = call->time_ms;
    } else if (step->state == RESPONSE_STEP_VERIFIED) {
        step->verified_by = call->request->author;
        step->verified_at = call->time_ms;
    }
    put_step(call, step);
}
