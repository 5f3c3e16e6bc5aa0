/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "node/api/api.h"
#include "node/api/text.h"
#include "proto/response/fields.h"

static json_t *ids_of(const struct response_ids *ids)
{
    json_t *list = json_array();
    for (uint8_t i = 0; i < ids->count; i++)
        json_array_append_new(list, api_id(&ids->ids[i]));
    return list;
}

static json_t *lines_of(const struct response_lines *lines)
{
    json_t *list = json_array();
    for (uint8_t i = 0; i < lines->count; i++)
        json_array_append_new(list, api_span(lines->lines[i]));
    return list;
}

/* A field's value; of bytes that are kept as they are, how many. */
static json_t *value_of(const struct response_field *field, const struct response_command *command)
{
    const void *member = response_field_at(field, command);
    switch (field->type) {
    case RESPONSE_FIELD_ID:
        return api_id(member);
    case RESPONSE_FIELD_IDS:
        return ids_of(member);
    case RESPONSE_FIELD_FIXED:
        return response_field_given(field, command) ? api_hex(vg_span_of(member, field->size))
                                                    : json_null();
    case RESPONSE_FIELD_WORD:
        return api_word(field->words, (uint32_t)response_field_number(field, command));
    case RESPONSE_FIELD_BITS:
        return api_words(field->words, (uint32_t)response_field_number(field, command));
    case RESPONSE_FIELD_NUMBER:
        return api_uint(response_field_number(field, command));
    case RESPONSE_FIELD_TIME:
        return api_time(response_field_number(field, command));
    case RESPONSE_FIELD_LINES:
        return lines_of(member);
    case RESPONSE_FIELD_BYTES:
    case RESPONSE_FIELD_SIGNALS:
        return api_uint(((const vg_span *)member)->size);
    case RESPONSE_FIELD_LINE:
    case RESPONSE_FIELD_TEXT:
    case RESPONSE_FIELD_EVENTS:
        return api_span(*(const vg_span *)member);
    }
    return json_null();
}

/* "dedup-key" as "dedup_key"; bytes say that they are counted. */
static void key_of(const struct response_field *field, char *out, size_t size)
{
    bool counted = field->type == RESPONSE_FIELD_BYTES || field->type == RESPONSE_FIELD_SIGNALS;
    snprintf(out, size, "%s%s", field->name, counted ? "_bytes" : "");
    for (; *out != '\0'; out++) {
        if (*out == '-')
            *out = '_';
    }
}

static json_t *command_object(const struct ledger_command *signed_command)
{
    struct response_command command;
    uint32_t count;
    if (response_command_decode(signed_command->body, &command, NULL) != VG_OK)
        return json_null();
    json_t *out = json_object();
    api_set(out, "op", api_string(response_op_name(command.op)));
    api_set(out, "request", api_id(&signed_command->request));
    const struct response_field *fields = response_fields((uint64_t)command.op, &count);
    for (uint32_t i = 0; i < count; i++) {
        char key[48];
        key_of(&fields[i], key, sizeof key);
        api_set(out, key, value_of(&fields[i], &command));
    }
    return out;
}

/* The signed command of an entry whose body is in clear. */
static bool open_body(const struct ledger_view *entry, struct ledger_command *out)
{
    vg_span bytes;
    return response_has_command(entry->envelope.type) &&
           ledger_body_open(entry->body, &entry->envelope.commitment, &bytes, NULL) == VG_OK &&
           ledger_command_decode(bytes, out, NULL) == VG_OK;
}

static void set_body(json_t *out, const struct ledger_view *entry, enum response_sight sight,
                     const vg_id *asker)
{
    struct ledger_command command;
    if (sight == RESPONSE_SEES_NOTHING || !open_body(entry, &command) ||
        (sight == RESPONSE_SEES_OWN && !vg_id_equal(&command.author, asker)))
        return;
    api_set(out, "author", api_id(&command.author));
    api_set(out, "command", command_object(&command));
}

bool api_is_by_asker(const struct api_query *query)
{
    if (query->name == API_LOG_VERIFY)
        return !vg_id_is_zero(&query->id);
    return query->name == API_LOG_GET || query->name == API_LOG_TAIL ||
           query->name == API_LOG_CONTENT;
}

enum response_sight api_body_sight(const struct api_compartments *seen,
                                   const struct ledger_view *entry)
{
    enum response_sight sight =
        entry->envelope.type == LEDGER_CONTROL ? RESPONSE_SEES_CONTENT : RESPONSE_SEES_NOTHING;
    for (uint32_t i = 0; i < seen->count; i++) {
        if (vg_id_equal(&seen->ids[i], &entry->envelope.compartment))
            sight = seen->sights[i];
    }
    return sight;
}

json_t *api_content(const struct ledger_view *entry, enum response_sight sight,
                    struct vg_error *error)
{
    struct ledger_command signed_command;
    struct response_command command;
    bool has_content = sight == RESPONSE_SEES_CONTENT && open_body(entry, &signed_command) &&
                       response_command_decode(signed_command.body, &command, NULL) == VG_OK &&
                       command.op == RESPONSE_OP_EVIDENCE && command.evidence.content.size > 0;
    if (!has_content) {
        vg_fail(error, VG_NOT_FOUND, "entry %llu keeps no evidence",
                (unsigned long long)entry->header.index);
        return NULL;
    }
    json_t *out = json_object();
    api_set(out, "index", api_uint(entry->header.index));
    api_set(out, "sha256", api_hash(&command.evidence.hash));
    api_set(out, "content", api_base64(command.evidence.content));
    return out;
}

json_t *api_entry(const struct ledger_view *entry, enum response_sight sight, const vg_id *asker)
{
    json_t *out = json_object();
    size_t size = entry->header_bytes.size + entry->envelope_bytes.size + entry->body.size;
    api_set(out, "index", api_uint(entry->header.index));
    api_set(out, "term", api_uint(entry->header.term));
    api_set(out, "time", api_time(entry->header.time_ms));
    api_set(out, "type", json_string(ledger_type_name(entry->envelope.type)));
    api_set(out, "origin", api_uint(entry->envelope.origin.value));
    api_set(out, "compartment", api_id(&entry->envelope.compartment));
    api_set(out, "key_epoch", api_uint(entry->envelope.epoch));
    api_set(out, "size", api_uint(size));
    api_set(out, "hash", api_hash(&entry->hash));
    set_body(out, entry, sight, asker);
    return out;
}
