/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"
#include "node/api/api.h"
#include "node/api/text.h"

static void set_person(json_t *out, const struct response_command *command)
{
    api_set(out, "person", api_id(&command->person.person));
    api_set(out, "name", api_span(command->person.name));
}

static void set_label(json_t *out, const struct response_command *command)
{
    api_set(out, "compartment", api_id(&command->label.compartment));
    api_set(out, "name", api_span(command->label.name));
}

static void set_grant(json_t *out, const struct response_command *command)
{
    json_t *roles = json_array();
    for (uint32_t bit = 0; bit < 32; bit++) {
        if ((command->grant.roles & (1u << bit)) != 0)
            json_array_append_new(roles, json_string(response_role_name(1u << bit)));
    }
    api_set(out, "person", api_id(&command->grant.person));
    api_set(out, "compartment", api_id(&command->grant.compartment));
    api_set(out, "roles", roles);
}

static json_t *source_text(uint8_t source, uint8_t subsource)
{
    if (subsource == RESPONSE_SUB_NONE)
        return api_string(response_source_name(source));
    return json_sprintf("%s/%s", response_source_name(source), response_subsource_name(subsource));
}

static void set_detect(json_t *out, const struct response_command *command)
{
    api_set(out, "source", source_text(command->detect.source, command->detect.subsource));
    api_set(out, "title", api_span(command->detect.title));
    api_set(out, "product", api_span(command->detect.product));
    api_set(out, "dedup_key", api_span(command->detect.dedup_key));
    api_set(out, "detail", api_span(command->detect.detail));
    api_set(out, "happened_at", api_time(command->detect.happened_at));
}

static void set_note(json_t *out, const struct response_command *command)
{
    api_set(out, "incident", api_id(&command->note.incident));
    api_set(out, "text", api_span(command->note.text));
}

static void set_stage(json_t *out, const struct response_command *command)
{
    api_set(out, "incident", api_id(&command->stage.incident));
    api_set(out, "stage", api_string(response_stage_name(command->stage.stage)));
    api_set(out, "reason", api_span(command->stage.reason));
}

/* The document itself is incident.document's. */
static void set_import(json_t *out, const struct response_command *command)
{
    api_set(out, "namespace", api_span(command->import.space));
    api_set(out, "key", api_span(command->import.key));
    api_set(out, "source", source_text(command->import.source, command->import.subsource));
    api_set(out, "title", api_span(command->import.title));
    api_set(out, "document_bytes", api_uint(command->import.document.size));
}

static const struct {
    enum response_op op;
    void (*set)(json_t *out, const struct response_command *command);
} setters[] = {
    {RESPONSE_OP_PERSON, set_person}, {RESPONSE_OP_LABEL, set_label},
    {RESPONSE_OP_GRANT, set_grant},   {RESPONSE_OP_DETECT, set_detect},
    {RESPONSE_OP_NOTE, set_note},     {RESPONSE_OP_STAGE, set_stage},
    {RESPONSE_OP_IMPORT, set_import},
};

static json_t *command_object(const struct ledger_command *signed_command)
{
    struct response_command command;
    if (response_command_decode(signed_command->body, &command, NULL) != VG_OK)
        return json_null();
    json_t *out = json_object();
    api_set(out, "op", api_string(response_op_name(command.op)));
    api_set(out, "request", api_id(&signed_command->request));
    for (size_t i = 0; i < sizeof setters / sizeof setters[0]; i++) {
        if (setters[i].op == command.op)
            setters[i].set(out, &command);
    }
    return out;
}

static void set_body(json_t *out, const struct ledger_view *entry)
{
    struct ledger_command command;
    vg_span bytes;
    bool open = entry->envelope.type == LEDGER_SEALED && entry->envelope.epoch == 0 &&
                ledger_body_open(entry->body, &entry->envelope.commitment, &bytes, NULL) == VG_OK &&
                ledger_command_decode(bytes, &command, NULL) == VG_OK;
    if (!open)
        return;
    api_set(out, "author", api_id(&command.author));
    api_set(out, "command", command_object(&command));
}

json_t *api_entry(const struct ledger_view *entry)
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
    set_body(out, entry);
    return out;
}
