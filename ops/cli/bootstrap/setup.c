/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/bootstrap/setup.h"

#include "ops/cli/core/output.h"

static enum vg_code give(struct cli_call *call, const struct response_command *command)
{
    json_t *answer = NULL;
    struct cli_change change = {
        .request = cli_request_make(), .compartment = call->author->directory, .command = command};
    enum vg_code code = cli_change_submit(call, &change, &answer);
    json_decref(answer);
    return code;
}

static enum vg_code grant(struct cli_call *call, const vg_id *person, const vg_id *compartment,
                          uint32_t roles)
{
    struct response_command command = {
        .op = RESPONSE_OP_GRANT,
        .grant = {.person = *person, .compartment = *compartment, .give = roles}};
    return give(call, &command);
}

static enum vg_code put_on_call(struct cli_call *call, const vg_id *person,
                                const vg_id *compartment)
{
    struct response_command command = {
        .op = RESPONSE_OP_ROSTER,
        .roster = {.person = *person, .compartment = *compartment, .on = RESPONSE_YES}};
    return give(call, &command);
}

enum vg_code setup_first_find(struct cli_call *call, vg_id *first, bool *named)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(call->author->names, "compartments"), i, entry)
    {
        vg_id id;
        if (!vg_id_parse(cli_json_text(entry, "id"), &id) ||
            vg_id_equal(&id, &call->author->directory))
            continue;
        *first = id;
        *named = cli_json_text(entry, "name")[0] != 0;
        return VG_OK;
    }
    return vg_fail(&call->error, VG_INTEGRITY, "the directory names no first compartment");
}

enum vg_code setup_roles(struct cli_call *call, const vg_id *compartment,
                         const struct setup_person *person)
{
    enum vg_code code = VG_OK;
    if (person->roles != 0)
        code = grant(call, &person->id, compartment, person->roles);
    if (code == VG_OK && person->on_call)
        code = put_on_call(call, &person->id, compartment);
    return code;
}

enum vg_code setup_person(struct cli_call *call, const vg_id *first,
                          const struct setup_person *person)
{
    struct response_command command = {
        .op = RESPONSE_OP_PERSON,
        .person = {.person = person->id, .name = vg_span_text(person->name)}};
    enum vg_code code = give(call, &command);
    if (code == VG_OK && person->directory_roles != 0)
        code = grant(call, &person->id, &call->author->directory, person->directory_roles);
    return code == VG_OK ? setup_roles(call, first, person) : code;
}

enum vg_code setup_first_name(struct cli_call *call, const vg_id *first, const char *name)
{
    struct response_command label = {.op = RESPONSE_OP_LABEL,
                                     .label = {.compartment = *first, .name = vg_span_text(name)}};
    return give(call, &label);
}
