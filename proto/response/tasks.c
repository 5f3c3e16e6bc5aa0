/* SPDX-License-Identifier: Apache-2.0
 * Tasks: work that somebody does, follow-ups of a declaration (R11), reviews of a broken glass
 * (R15). */
#include <assert.h>

#include "common/text.h"
#include "proto/response/parts.h"

bool response_task_next(const struct response_machine *machine, const vg_id *compartment,
                        const vg_id *incident, const vg_id *after, struct response_task *out)
{
    vg_id id = *after;
    vg_span value;
    if (!response_part_after(machine, compartment, RESPONSE_SECTION_TASK, incident, &id, &value))
        return false;
    response_task_decode(value, out);
    out->id = id;
    return true;
}

static enum vg_code find_task(struct response_call *call, const vg_id *id)
{
    char text[VG_ID_TEXT];
    vg_span value;
    call->outcome->id = *id;
    if (response_part_find(call->machine, &call->incident.compartment, RESPONSE_SECTION_TASK,
                           &call->incident.id, id, &value)) {
        response_task_decode(value, &call->part.task);
        call->part.task.id = *id;
        return VG_OK;
    }
    vg_id_format(id, text);
    return RESPONSE_REFUSE(call, NO_TASK, text);
}

static bool is_open(uint8_t state)
{
    return state == RESPONSE_TASK_OPEN || state == RESPONSE_TASK_CLAIMED;
}

static void put_task(struct response_call *call, const struct response_task *task)
{
    struct vg_buffer record = {0};
    response_task_encode(task, &record);
    response_part_put(call, RESPONSE_SECTION_TASK, &task->id, &record);
    vg_buffer_free(&record);
}

static void put_new(struct response_call *call, const vg_id *id, uint32_t number, uint8_t kind,
                    const vg_id *owner, uint64_t due_at, vg_span title)
{
    struct response_task task = {
        .id = *id,
        .number = number,
        .kind = kind,
        .state = vg_id_is_zero(owner) ? RESPONSE_TASK_OPEN : RESPONSE_TASK_CLAIMED,
        .owner = *owner,
        .due_at = due_at,
        .made_at = call->time_ms,
        .made_by = call->request->author,
    };
    response_copy_text(title, task.title, sizeof task.title);
    response_bump_part(call, &task.revision);
    put_task(call, &task);
}

/* ---- tasks that rules add ----------------------------------------------------------------------
 */

/* An id of its own for each, from that of the request: a UUIDv8 (RFC 9562 section 5.8). */
static vg_id derive_id(const struct response_call *call, uint32_t place)
{
    uint8_t number = (uint8_t)place;
    vg_span parts[] = {vg_span_of(call->request->request.bytes, sizeof(vg_id)),
                       vg_span_of(call->request->author.bytes, sizeof(vg_id)),
                       vg_span_of(&number, 1)};
    vg_hash hash = vg_hash_parts(VG_HASH_DERIVED_ID, parts, 3);
    vg_id id;
    memcpy(id.bytes, hash.bytes, sizeof id.bytes);
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x80);
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

static enum vg_code add_rule_task(struct response_call *call, const char *title)
{
    assert(call->rule_task_count < RESPONSE_RULE_TASKS_PER_COMMAND);
    if (response_require_room(call, call->next.tasks, RESPONSE_RULE_TASKS_MAX, "tasks") != VG_OK)
        return call->outcome->error.code;
    vg_id id = derive_id(call, call->rule_task_count);
    call->rule_tasks[call->rule_task_count++] = title;
    call->next.tasks++;
    call->next.tasks_open++;
    struct response_change *change =
        response_change_part(call, RESPONSE_EVENT_TASK, RESPONSE_ASPECT_TASK, &id, "", "open");
    change->by_rule = true;
    change->text = vg_span_text(title);
    return VG_OK;
}

enum vg_code response_judge_review(struct response_call *call)
{
    return call->glass ? add_rule_task(call, "Review: the glass was broken (R15)") : VG_OK;
}

void response_describe_glass(const struct response_call *call, vg_span why, struct vg_buffer *out)
{
    if (!call->glass)
        return;
    response_append_text(out, "\nglass broken: ");
    vg_buffer_append(out, why.data, why.size);
}

enum vg_code response_judge_follow_up(struct response_call *call, const char *title)
{
    return add_rule_task(call, title);
}

void response_effect_rule_tasks(struct response_call *call)
{
    static const vg_id nobody;
    uint8_t kind = call->glass ? RESPONSE_TASK_REVIEW : RESPONSE_TASK_FOLLOW_UP;
    uint32_t before = call->next.tasks - call->rule_task_count;
    for (uint32_t i = 0; i < call->rule_task_count; i++) {
        vg_id id = derive_id(call, i);
        put_new(call, &id, before + i + 1, kind, &nobody, 0, vg_span_text(call->rule_tasks[i]));
    }
}

/* ---- task, task-move ---------------------------------------------------------------------------
 */

enum vg_code response_judge_task(struct response_call *call)
{
    const vg_id *owner = &call->command.task.owner;
    const struct response_incident *incident = &call->incident;
    bool owned = !vg_id_is_zero(owner);
    if (response_find_incident(call, &call->command.task.incident) != VG_OK ||
        response_require_fresh(call, RESPONSE_SECTION_TASK) != VG_OK ||
        response_require_room(call, incident->tasks, RESPONSE_TASKS_MAX, "tasks") != VG_OK ||
        (owned && response_require_person(call, owner) != VG_OK))
        return call->outcome->error.code;
    call->next.tasks++;
    call->next.tasks_open++;
    response_change_part(call, RESPONSE_EVENT_TASK, RESPONSE_ASPECT_TASK, &call->request->request,
                         "", owned ? "claimed" : "open")
        ->text = call->command.task.title;
    return VG_OK;
}

void response_effect_task(struct response_call *call)
{
    put_new(call, &call->request->request, call->next.tasks, RESPONSE_TASK_WORK,
            &call->command.task.owner, call->command.task.due_at, call->command.task.title);
}

enum vg_code response_judge_task_move(struct response_call *call)
{
    struct response_task *task = &call->part.task;
    uint8_t state = call->command.task_move.state;
    const vg_id *owner = &call->command.task_move.owner;
    if (response_find_incident(call, &call->command.task_move.incident) != VG_OK ||
        find_task(call, &call->command.task_move.task) != VG_OK ||
        (!vg_id_is_zero(owner) && response_require_person(call, owner) != VG_OK))
        return call->outcome->error.code;
    call->next.tasks_open = call->next.tasks_open - is_open(task->state) + (uint32_t)is_open(state);
    response_change_part(call, RESPONSE_EVENT_TASK, RESPONSE_ASPECT_TASK, &task->id,
                         response_word(response_task_states, task->state),
                         response_word(response_task_states, state))
        ->text = call->command.task_move.text;
    return VG_OK;
}

void response_effect_task_move(struct response_call *call)
{
    static const vg_id nobody;
    struct response_task *task = &call->part.task;
    const vg_id *owner = &call->command.task_move.owner;
    task->state = call->command.task_move.state;
    if (task->state == RESPONSE_TASK_CLAIMED)
        task->owner = vg_id_is_zero(owner) ? call->request->author : *owner;
    else if (task->state == RESPONSE_TASK_OPEN)
        task->owner = nobody;
    response_bump_part(call, &task->revision);
    put_task(call, task);
}
