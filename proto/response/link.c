/* SPDX-License-Identifier: Apache-2.0
 * Links between incidents of a compartment: nothing is merged away, a duplicate is a link (R27). */
#include "common/text.h"
#include "proto/response/parts.h"

static struct response_key link_key(const vg_id *compartment, const vg_id *incident,
                                    const struct response_link *link)
{
    struct response_key key =
        response_part_key(compartment, RESPONSE_SECTION_LINK, incident, &link->other);
    response_key_u64(&key, (uint64_t)link->kind << 1 | link->back);
    return key;
}

bool response_link_next(const struct response_machine *machine, const vg_id *compartment,
                        const vg_id *incident, const struct response_link *after,
                        struct response_link *out)
{
    struct response_key prefix = response_key_in(compartment, incident, RESPONSE_SECTION_LINK);
    struct response_key from = link_key(compartment, incident, after);
    vg_span key;
    vg_span value;
    if (!response_next(&machine->kv, &prefix, &from, &key, &value))
        return false;
    uint64_t number = response_key_last_u64(key);
    out->other = response_key_last_id(vg_span_of(key.data, key.size - 8));
    out->kind = (uint8_t)(number >> 1);
    out->back = (number & 1) != 0;
    return true;
}

static bool is_linked(const struct response_call *call, const struct response_link *link)
{
    struct response_key key = link_key(&call->incident.compartment, &call->incident.id, link);
    vg_span value;
    return response_get(&call->machine->kv, &key, &value);
}

static vg_span describe_link(struct response_call *call, const vg_id *other, const char *kind)
{
    char id[VG_ID_TEXT];
    vg_id_format(other, id);
    vg_buffer_clear(&call->text);
    response_append_text(&call->text, kind);
    response_append_text(&call->text, " ");
    response_append_text(&call->text, id);
    if (call->command.link.reason.size > 0) {
        response_append_text(&call->text, "\n");
        vg_buffer_append(&call->text, call->command.link.reason.data,
                         call->command.link.reason.size);
    }
    return vg_buffer_span(&call->text);
}

enum vg_code response_judge_link(struct response_call *call)
{
    const struct response_link link = {call->command.link.other, call->command.link.kind, false};
    struct response_incident other;
    char text[VG_ID_TEXT];
    if (response_find_incident(call, &call->command.link.incident) != VG_OK)
        return call->outcome->error.code;
    vg_id_format(&link.other, text);
    if (response_incident_get(call->machine, &call->incident.compartment, &link.other, &other) !=
        VG_OK)
        return RESPONSE_REFUSE(call, NO_INCIDENT, text);
    if (is_linked(call, &link))
        return response_refuse(call, RESPONSE_REFUSED_LINKED_ALREADY);
    if (response_require_room(call, call->incident.links, RESPONSE_LINKS_MAX, "links") != VG_OK ||
        response_require_room(call, other.links, RESPONSE_LINKS_MAX, "links") != VG_OK)
        return call->outcome->error.code;
    call->next.links++;
    response_append(
        call, RESPONSE_EVENT_LINK, RESPONSE_ASPECT_LINKS,
        describe_link(call, &link.other, response_word(response_link_kinds, link.kind)));
    return VG_OK;
}

static void put_link(struct response_call *call, const vg_id *incident,
                     const struct response_link *link)
{
    struct response_key key = link_key(&call->next.compartment, incident, link);
    response_pairs_put(&call->writing->pairs, &key, vg_span_text("linked"));
}

/* The other incident says so too. */
static void link_back(struct response_call *call)
{
    const struct response_link back = {call->next.id, call->command.link.kind, true};
    struct response_incident other;
    struct response_change change = {
        .kind = RESPONSE_EVENT_LINK,
        .aspect = RESPONSE_ASPECT_LINKS,
        .append = true,
        .text = describe_link(call, &call->next.id,
                              response_word(response_link_kinds_back, back.kind))};
    response_incident_get(call->machine, &call->next.compartment, &call->command.link.other,
                          &other);
    put_link(call, &other.id, &back);
    other.links++;
    struct response_revision revision = *response_bump(call, &other, RESPONSE_ASPECT_LINKS);
    response_add_event(call, &other, &change, &revision);
    response_save_incident(call, &other);
}

void response_effect_link(struct response_call *call)
{
    const struct response_link link = {call->command.link.other, call->command.link.kind, false};
    put_link(call, &call->next.id, &link);
    response_record_changes(call);
    link_back(call);
}
