/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/parts.h"

#include <inttypes.h>
#include <stdio.h>

struct response_key response_part_key(const vg_id *compartment, enum response_section section,
                                      const vg_id *incident, const vg_id *part)
{
    struct response_key key = response_key_in(compartment, incident, section);
    response_key_id(&key, part);
    return key;
}

bool response_part_find(const struct response_machine *machine, const vg_id *compartment,
                        enum response_section section, const vg_id *incident, const vg_id *part,
                        vg_span *value)
{
    struct response_key key = response_part_key(compartment, section, incident, part);
    return response_get(&machine->kv, &key, value);
}

bool response_part_after(const struct response_machine *machine, const vg_id *compartment,
                         enum response_section section, const vg_id *incident, vg_id *part,
                         vg_span *value)
{
    struct response_key prefix = response_key_in(compartment, incident, section);
    struct response_key from = response_part_key(compartment, section, incident, part);
    vg_span key;
    if (!response_next(&machine->kv, &prefix, &from, &key, value))
        return false;
    *part = response_key_last_id(key);
    return true;
}

void response_part_put(struct response_call *call, enum response_section section, const vg_id *part,
                       const struct vg_buffer *record)
{
    struct response_key key =
        response_part_key(&call->next.compartment, section, &call->next.id, part);
    response_pairs_put(&call->writing->pairs, &key, vg_buffer_span(record));
}

enum vg_code response_require_fresh(struct response_call *call, enum response_section section)
{
    vg_span value;
    call->outcome->id = call->request->request;
    if (!response_part_find(call->machine, &call->incident.compartment, section, &call->incident.id,
                            &call->request->request, &value))
        return VG_OK;
    return response_refuse(call, RESPONSE_REFUSED_ID_TAKEN);
}

enum vg_code response_require_room(struct response_call *call, uint32_t count, uint32_t max,
                                   const char *what)
{
    char number[16];
    if (count < max)
        return VG_OK;
    snprintf(number, sizeof number, "%" PRIu32, max);
    return RESPONSE_REFUSE(call, FULL, number, what);
}

void response_bump_part(const struct response_call *call, struct response_revision *revision)
{
    revision->revision++;
    revision->set_by = call->request->author;
    revision->set_at_ms = call->time_ms;
}

/* ---- any part ----------------------------------------------------------------------------------
 */

static struct response_part task_part(vg_span value)
{
    struct response_task task;
    response_task_decode(value, &task);
    return (struct response_part){'T', task.number, task.revision};
}

static struct response_part step_part(vg_span value)
{
    struct response_step step;
    response_step_decode(value, &step);
    return (struct response_part){'C', step.number, step.revision};
}

static struct response_part evidence_part(vg_span value)
{
    struct response_evidence evidence;
    response_evidence_decode(value, &evidence);
    return (struct response_part){'E', evidence.number, evidence.revision};
}

bool response_part_get(const struct response_machine *machine, const vg_id *compartment,
                       const vg_id *incident, uint16_t aspect, const vg_id *part,
                       struct response_part *out)
{
    static const struct {
        uint16_t aspect;
        enum response_section section;
        struct response_part (*of)(vg_span value);
    } kinds[] = {{RESPONSE_ASPECT_TASK, RESPONSE_SECTION_TASK, task_part},
                 {RESPONSE_ASPECT_CONTAINMENT, RESPONSE_SECTION_STEP, step_part},
                 {RESPONSE_ASPECT_EVIDENCE, RESPONSE_SECTION_EVIDENCE, evidence_part}};
    vg_span value;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].aspect == aspect &&
            response_part_find(machine, compartment, kinds[i].section, incident, part, &value)) {
            *out = kinds[i].of(value);
            return true;
        }
    }
    return false;
}

struct response_revision response_part_revision(const struct response_call *call,
                                                const vg_id *incident, uint16_t aspect,
                                                const vg_id *part)
{
    const vg_id *compartment = &call->request->compartment;
    struct response_part found = {.revision = {.revision = 0}};
    struct response_proposal proposal;
    response_part_get(call->machine, compartment, incident, aspect, part, &found);
    if (aspect == RESPONSE_ASPECT_PROPOSAL &&
        response_proposal_get(call->machine, compartment, part, &proposal) == VG_OK)
        found.revision = proposal.revision;
    found.revision.aspect = aspect;
    found.revision.part = *part;
    return found.revision;
}
