/* SPDX-License-Identifier: Apache-2.0
 * Evidence and its chain of custody, which only grows (R17). */
#include <inttypes.h>
#include <stdio.h>

#include "common/crypto.h"
#include "common/text.h"
#include "proto/response/parts.h"

bool response_evidence_next(const struct response_machine *machine, const vg_id *compartment,
                            const vg_id *incident, const vg_id *after,
                            struct response_evidence *out)
{
    vg_id id = *after;
    vg_span value;
    if (!response_part_after(machine, compartment, RESPONSE_SECTION_EVIDENCE, incident, &id,
                             &value))
        return false;
    response_evidence_decode(value, out);
    out->id = id;
    return true;
}

static enum vg_code find_evidence(struct response_call *call, const vg_id *id, vg_span *value)
{
    char text[VG_ID_TEXT];
    if (response_part_find(call->machine, &call->incident.compartment, RESPONSE_SECTION_EVIDENCE,
                           &call->incident.id, id, value))
        return VG_OK;
    vg_id_format(id, text);
    return RESPONSE_REFUSE(call, NO_EVIDENCE, text);
}

enum vg_code response_require_evidence(struct response_call *call, const struct response_ids *ids)
{
    vg_span value;
    for (uint8_t i = 0; i < ids->count; i++) {
        if (find_evidence(call, &ids->ids[i], &value) != VG_OK)
            return call->outcome->error.code;
    }
    return VG_OK;
}

void response_describe_evidence(const struct response_call *call, const struct response_ids *ids,
                                struct vg_buffer *out)
{
    for (uint8_t i = 0; i < ids->count; i++) {
        struct response_part part;
        char number[16];
        response_part_get(call->machine, &call->incident.compartment, &call->incident.id,
                          RESPONSE_ASPECT_EVIDENCE, &ids->ids[i], &part);
        snprintf(number, sizeof number, "%c%" PRIu32, part.letter, part.number);
        response_append_text(out, i == 0 ? "\nrests on " : ", ");
        response_append_text(out, number);
    }
}

static void put_evidence(struct response_call *call, struct response_evidence *evidence)
{
    struct vg_buffer record = {0};
    response_bump_part(call, &evidence->revision);
    response_evidence_encode(evidence, &record);
    response_part_put(call, RESPONSE_SECTION_EVIDENCE, &evidence->id, &record);
    vg_buffer_free(&record);
}

/* ---- evidence ----------------------------------------------------------------------------------
 */

static enum vg_code check_content(struct response_call *call)
{
    vg_span content = call->command.evidence.content;
    if (content.size == 0)
        return VG_OK;
    vg_hash hash = vg_sha256(content);
    if (content.size == call->command.evidence.size &&
        vg_hash_equal(&hash, &call->command.evidence.hash))
        return VG_OK;
    return response_refuse(call, RESPONSE_REFUSED_OTHER_CONTENT);
}

/* "memory.img, 4711 bytes, SHA-256 ab12..., from build-7, collected by Ann" */
static vg_span describe_evidence(struct response_call *call)
{
    struct vg_buffer *text = &call->text;
    char hash[VG_HASH_TEXT];
    char line[VG_HASH_TEXT + 64];
    vg_hex_format(vg_span_of(call->command.evidence.hash.bytes, sizeof(vg_hash)), hash);
    snprintf(line, sizeof line, ", %" PRIu64 " bytes, SHA-256 %s, from ",
             call->command.evidence.size, hash);
    vg_buffer_append(text, call->command.evidence.name.data, call->command.evidence.name.size);
    response_append_text(text, line);
    vg_buffer_append(text, call->command.evidence.source.data, call->command.evidence.source.size);
    response_append_text(text, ", collected by ");
    vg_buffer_append(text, call->command.evidence.collector.data,
                     call->command.evidence.collector.size);
    return vg_buffer_span(text);
}

enum vg_code response_judge_evidence(struct response_call *call)
{
    if (response_find_incident(call, &call->command.evidence.incident) != VG_OK ||
        response_require_fresh(call, RESPONSE_SECTION_EVIDENCE) != VG_OK ||
        response_require_room(call, call->incident.evidence, RESPONSE_EVIDENCE_MAX,
                              "pieces of evidence") != VG_OK ||
        check_content(call) != VG_OK)
        return call->outcome->error.code;
    call->next.evidence++;
    struct response_change *change =
        response_change_part(call, RESPONSE_EVENT_EVIDENCE, RESPONSE_ASPECT_EVIDENCE,
                             &call->request->request, "", "acquire");
    change->append = true;
    change->happened_at = call->command.evidence.collected_at;
    change->text = describe_evidence(call);
    return VG_OK;
}

void response_effect_evidence(struct response_call *call)
{
    struct response_evidence evidence = {
        .id = call->request->request,
        .number = call->next.evidence,
        .hash = call->command.evidence.hash,
        .size = call->command.evidence.size,
        .index = call->command.evidence.content.size > 0 ? call->index : 0,
        .collected_at = call->command.evidence.collected_at,
        .made_at = call->time_ms,
        .holder = call->request->author,
    };
    response_copy_text(call->command.evidence.name, evidence.name, sizeof evidence.name);
    response_copy_text(call->command.evidence.source, evidence.source, sizeof evidence.source);
    response_copy_text(call->command.evidence.collector, evidence.collector,
                       sizeof evidence.collector);
    put_evidence(call, &evidence);
}

/* ---- custody -----------------------------------------------------------------------------------
 */

/* "verify: the hash is the same", "offer to Ben" */
static void say_action(const struct response_call *call, char out[RESPONSE_VALUE_TEXT])
{
    uint8_t action = call->command.custody.action;
    char name[VG_NAME_MAX + 1] = "";
    bool same = vg_hash_equal(&call->command.custody.hash, &call->part.evidence.hash);
    if (action == RESPONSE_OFFER)
        response_colleague_words(call, &call->command.custody.to, name);
    const char *more = action == RESPONSE_OFFER    ? " to "
                       : action != RESPONSE_VERIFY ? ""
                       : same                      ? ": the hash is the same"
                                                   : ": the hash is ANOTHER one";
    snprintf(out, RESPONSE_VALUE_TEXT, "%s%s%s", response_word(response_custodies, action), more,
             name);
}

enum vg_code response_judge_custody(struct response_call *call)
{
    struct response_evidence *evidence = &call->part.evidence;
    const vg_id *id = &call->command.custody.evidence;
    const vg_id *to = &call->command.custody.to;
    char words[RESPONSE_VALUE_TEXT];
    vg_span value;
    if (response_find_incident(call, &call->command.custody.incident) != VG_OK ||
        find_evidence(call, id, &value) != VG_OK ||
        (!vg_id_is_zero(to) && response_require_person(call, to) != VG_OK))
        return call->outcome->error.code;
    response_evidence_decode(value, evidence);
    evidence->id = *id;
    call->outcome->id = *id;
    say_action(call, words);
    struct response_change *change =
        response_change_part(call, RESPONSE_EVENT_CUSTODY, RESPONSE_ASPECT_EVIDENCE, id, "", words);
    change->append = true;
    change->text = call->command.custody.text;
    return VG_OK;
}

void response_effect_custody(struct response_call *call)
{
    static const vg_id nobody;
    struct response_evidence *evidence = &call->part.evidence;
    switch (call->command.custody.action) {
    case RESPONSE_OFFER:
        evidence->offered_to = call->command.custody.to;
        break;
    case RESPONSE_ACCEPT:
        evidence->holder = call->request->author;
        evidence->offered_to = nobody;
        break;
    case RESPONSE_SEAL:
        evidence->sealed = true;
        break;
    case RESPONSE_DISPOSE:
        evidence->disposed = true;
        break;
    default: /* access and verification change nothing but the chain */
        break;
    }
    put_evidence(call, evidence);
}
