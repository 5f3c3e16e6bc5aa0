/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/fill.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "common/file.h"
#include "common/text.h"
#include "ops/cli/core/find.h"
#include "ops/cli/core/output.h"
#include "proto/response/fields.h"

enum { VALUES_MAX = 32 };

/* The values of one field, as the call has them. */
struct values {
    const char *text[VALUES_MAX];
    uint32_t count;
    bool flag; /* an option without a value was given */
};

/* An option's name has its dashes, that of a word has none. */
static const char *dashes(const struct cli_call *call, const struct response_field *field)
{
    return cli_option_of(call->command, field->name) != NULL ? "--" : "";
}

static enum vg_code refuse(struct cli_call *call, const struct response_field *field,
                           const char *text)
{
    char allowed[300];
    response_field_describe(field, allowed, sizeof allowed);
    return vg_fail(&call->error, VG_USAGE, "%s%s is '%.80s'; it must be %s", dashes(call, field),
                   field->name, text, allowed);
}

/* ---- where values come from --------------------------------------------------------------------
 */

void cli_fill_give(struct cli_fill *fill, const char *field, const char *text)
{
    assert(fill->given_count < CLI_GIVEN_MAX);
    fill->given[fill->given_count].field = field;
    fill->given[fill->given_count].text = text;
    fill->given_count++;
}

/* What is left of standard input, up to more than a text may have. */
static void read_stdin(struct vg_buffer *out)
{
    char bytes[4096];
    size_t size;
    while (out->size <= VG_TEXT_MAX && (size = fread(bytes, 1, sizeof bytes, stdin)) > 0)
        vg_buffer_append(out, bytes, size);
}

enum vg_code cli_fill_give_file(struct cli_call *call, struct cli_fill *fill, const char *field,
                                const char *path)
{
    bool from_stdin = strcmp(path, "-") == 0;
    const char *name = from_stdin ? "standard input" : path;
    assert(fill->text_count < CLI_TEXTS_MAX);
    struct vg_buffer *bytes = &fill->texts[fill->text_count++];
    if (from_stdin)
        read_stdin(bytes);
    else if (vg_file_read(path, VG_TEXT_MAX, bytes, &call->error) != VG_OK)
        return call->error.code;
    if (bytes->size > VG_TEXT_MAX)
        return vg_fail(&call->error, VG_INVALID, "%s is longer than %d bytes", name, VG_TEXT_MAX);
    if (!vg_utf8_valid(vg_buffer_span(bytes)) || memchr(bytes->data, 0, bytes->size) != NULL)
        return vg_fail(&call->error, VG_INVALID, "%s is not UTF-8 text", name);
    while (bytes->size > 0 && strchr("\r\n", bytes->data[bytes->size - 1]) != NULL)
        bytes->size--;
    vg_buffer_append(bytes, "", 1);
    cli_fill_give(fill, field, (const char *)bytes->data);
    return VG_OK;
}

/* Cuts "a=b,c=d" and "a,b" of the command's row into what is given. */
static void give_row(struct cli_call *call, struct cli_fill *fill)
{
    const struct cli_command *command = call->command;
    char *at = fill->words;
    snprintf(fill->words, sizeof fill->words, "%s,%s",
             command->fields != NULL ? command->fields : "",
             command->defaults != NULL ? command->defaults : "");
    assert(strlen(fill->words) < sizeof fill->words - 1);
    char *rest = NULL;
    int word = 0;
    for (at = strtok_r(at, ",", &rest); at != NULL; at = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(at, '=');
        if (value != NULL) {
            *value++ = '\0';
            bool said = cli_option_of(command, at) != NULL && cli_flag(call, at);
            if (!said)
                cli_fill_give(fill, at, value);
        } else if (word < call->word_count) {
            cli_fill_give(fill, at, call->words[word++]);
        }
    }
}

static enum vg_code collect(struct cli_call *call, const struct cli_fill *fill, const char *name,
                            struct values *out)
{
    *out = (struct values){.count = 0};
    for (uint32_t i = 0; i < fill->given_count; i++)
        if (strcmp(fill->given[i].field, name) == 0)
            out->text[out->count++] = fill->given[i].text;
    for (int i = 0; i < call->value_count && out->count < VALUES_MAX; i++) {
        if (strcmp(call->values[i].option->name, name) != 0)
            continue;
        out->flag = call->values[i].text == NULL;
        out->text[out->count++] = out->flag ? "yes" : call->values[i].text;
    }
    if (out->count < VALUES_MAX)
        return VG_OK;
    return vg_fail(&call->error, VG_USAGE, "--%s is given more than %d times", name, VALUES_MAX);
}

/* ---- values of each type -----------------------------------------------------------------------
 */

static const char *kind_of(enum response_referent of)
{
    return of == RESPONSE_OF_TASK ? "tasks" : of == RESPONSE_OF_STEP ? "containment" : "evidence";
}

static enum vg_code take_id(struct cli_call *call, const struct cli_fill *fill,
                            const struct response_field *field, const char *text, vg_id *out)
{
    switch (field->of) {
    case RESPONSE_OF_PERSON:
        return cli_person_find(call, text, out);
    case RESPONSE_OF_COMPARTMENT:
        return cli_compartment_find(call, text, out);
    case RESPONSE_OF_TASK:
    case RESPONSE_OF_STEP:
    case RESPONSE_OF_EVIDENCE:
        return cli_part_find(call, fill->incident[0] != '\0' ? fill->incident : NULL,
                             kind_of(field->of), text, out);
    default:
        if (vg_id_parse(text, out))
            return VG_OK;
        return vg_fail(&call->error, VG_INVALID,
                       "'%s' is not an id of an %s; it looks like "
                       "0193a5f2-7c1e-7d43-9a53-0b6f1c2d3e4f",
                       text, field->name);
    }
}

/* One value or several with commas between. */
static enum vg_code take_ids(struct cli_call *call, const struct cli_fill *fill,
                             const struct response_field *field, const struct values *values,
                             struct response_ids *out)
{
    for (uint32_t i = 0; i < values->count; i++) {
        for (const char *at = values->text[i]; *at != '\0';) {
            char word[VG_NAME_MAX + 1];
            size_t size = strcspn(at, ",");
            if (size == 0 || size > VG_NAME_MAX || out->count == RESPONSE_IDS_MAX)
                return refuse(call, field, values->text[i]);
            snprintf(word, sizeof word, "%.*s", (int)size, at);
            enum vg_code code = take_id(call, fill, field, word, &out->ids[out->count]);
            if (code != VG_OK)
                return code;
            out->count++;
            at += size + (at[size] == ',');
        }
    }
    return VG_OK;
}

/* The number of a word; severities and priorities may be said as their number alone. */
static uint32_t word_number(const struct response_word *set, const char *text)
{
    for (const struct response_word *word = set; word->text != NULL; word++) {
        size_t prefix = strcspn(word->text, "0123456789");
        bool number = word->text[prefix] != '\0' && strcmp(word->text + prefix, text) == 0;
        if (number || strcasecmp(word->text, text) == 0)
            return word->number;
    }
    return 0;
}

static enum vg_code take_bits(struct cli_call *call, const struct response_field *field,
                              const struct values *values, struct response_command *command)
{
    const struct response_word *letters =
        field->words == response_cia ? response_cia_letters : field->words;
    uint32_t bits = 0;
    for (uint32_t i = 0; i < values->count; i++) {
        for (const char *at = values->text[i]; *at != '\0';) {
            char word[64];
            size_t size = strcspn(at, ",");
            snprintf(word, sizeof word, "%.*s", (int)size, at);
            uint32_t bit = response_number(field->words, word);
            bit = bit != 0 ? bit : response_number(letters, word);
            if (bit == 0 && strcmp(word, "none") != 0)
                return refuse(call, field, values->text[i]);
            bits |= bit;
            at += size + (at[size] == ',');
        }
    }
    response_field_set_number(field, command, bits);
    return VG_OK;
}

static enum vg_code take_word(struct cli_call *call, const struct response_field *field,
                              const char *text, struct response_command *command)
{
    uint32_t number = word_number(field->words, text);
    if (number == 0 || number < field->min)
        return refuse(call, field, text);
    response_field_set_number(field, command, number);
    return VG_OK;
}

static enum vg_code take_time(struct cli_call *call, const struct response_field *field,
                              const char *text, struct response_command *command)
{
    uint64_t time_ms;
    if (!vg_time_parse(text, &time_ms))
        return vg_fail(&call->error, VG_USAGE,
                       "--%s is '%s'; write a time with a zone, such as 2026-11-22T03:04:05Z",
                       field->name, text);
    response_field_set_number(field, command, time_ms);
    return VG_OK;
}

static enum vg_code take_number(struct cli_call *call, const struct response_field *field,
                                const char *text, struct response_command *command)
{
    char what[64];
    uint64_t number;
    snprintf(what, sizeof what, "--%s", field->name);
    enum vg_code code = cli_number_parse(text, what, field->min, field->max, &number, &call->error);
    if (code == VG_OK)
        response_field_set_number(field, command, number);
    return code;
}

/* One that is there, as it is. */
static enum vg_code take_text(struct cli_call *call, const struct response_field *field,
                              const char *text, vg_span *out)
{
    *out = vg_span_text(text);
    if (field->min == 0)
        return VG_OK;
    if (out->size > 0 && text[strspn(text, " \t\r\n")] == '\0')
        return vg_fail(&call->error, VG_USAGE, "%s%s has blanks alone; write what it is to say",
                       dashes(call, field), field->name);
    return out->size > 0 ? VG_OK : refuse(call, field, text);
}

static enum vg_code take_lines(struct cli_call *call, const struct response_field *field,
                               const struct values *values, struct response_lines *out)
{
    for (uint32_t i = 0; i < values->count; i++) {
        if (out->count == RESPONSE_LINES_MAX)
            return refuse(call, field, values->text[i]);
        out->lines[out->count++] = vg_span_text(values->text[i]);
    }
    return VG_OK;
}

static enum vg_code take_hash(struct cli_call *call, const struct response_field *field,
                              const char *text, vg_hash *out)
{
    if (vg_hex_parse(text, out->bytes, sizeof out->bytes))
        return VG_OK;
    return vg_fail(&call->error, VG_USAGE, "--%s is '%.80s'; it must be 64 hex digits", field->name,
                   text);
}

static enum vg_code take_value(struct cli_call *call, struct cli_fill *fill,
                               const struct response_field *field, const struct values *values)
{
    void *member = (uint8_t *)&fill->command + field->at;
    const char *text = values->text[0];
    switch (field->type) {
    case RESPONSE_FIELD_ID:
        return take_id(call, fill, field, text, member);
    case RESPONSE_FIELD_IDS:
        return take_ids(call, fill, field, values, member);
    case RESPONSE_FIELD_FIXED:
        return take_hash(call, field, text, member);
    case RESPONSE_FIELD_WORD:
        return take_word(call, field, text, &fill->command);
    case RESPONSE_FIELD_BITS:
        return take_bits(call, field, values, &fill->command);
    case RESPONSE_FIELD_NUMBER:
        return take_number(call, field, text, &fill->command);
    case RESPONSE_FIELD_TIME:
        return take_time(call, field, text, &fill->command);
    case RESPONSE_FIELD_LINES:
        return take_lines(call, field, values, member);
    case RESPONSE_FIELD_LINE:
    case RESPONSE_FIELD_TEXT:
        return take_text(call, field, text, member);
    case RESPONSE_FIELD_EVENTS: /* given by handlers, never by options */
    case RESPONSE_FIELD_BYTES:
    case RESPONSE_FIELD_SIGNALS:
        break;
    }
    assert(false);
    return VG_INVALID;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

/* The incident that is named, and the compartment it lives in. */
static enum vg_code find_incident(struct cli_call *call, struct cli_fill *fill, const char *text)
{
    vg_id id;
    if (!vg_id_parse(text, &id))
        return vg_fail(&call->error, VG_INVALID,
                       "'%s' is not an id of an incident; it looks like "
                       "0193a5f2-7c1e-7d43-9a53-0b6f1c2d3e4f",
                       text);
    json_t *shown = cli_query(call, json_pack("{s:s, s:s}", "query", "incident.show", "id", text));
    if (shown == NULL)
        return call->error.code;
    vg_id_format(&id, fill->incident); /* as sessions have it */
    enum vg_code code =
        cli_compartment_find(call, cli_json_text(shown, "compartment_id"), &fill->compartment);
    json_decref(shown);
    return code;
}

static void note_aspect(struct cli_fill *fill, const struct response_field *field)
{
    struct cli_aspect aspect = {.aspect = field->aspect};
    if (field->aspect == 0)
        return;
    if (field->aspect == RESPONSE_ASPECT_OF_WORD)
        aspect.aspect = (uint16_t)response_field_number(field, &fill->command);
    bool part = field->of == RESPONSE_OF_TASK || field->of == RESPONSE_OF_STEP;
    if (part)
        aspect.part = *(const vg_id *)response_field_at(field, &fill->command);
    assert(fill->aspect_count < CLI_ASPECTS_MAX);
    fill->aspects[fill->aspect_count++] = aspect;
}

static enum vg_code fill_field(struct cli_call *call, struct cli_fill *fill,
                               const struct response_field *field)
{
    struct values values;
    enum vg_code code = collect(call, fill, field->name, &values);
    if (code != VG_OK)
        return code;
    if (values.count == 0 && field->min == 0)
        return VG_OK;
    if (values.count == 0 && field->of == RESPONSE_OF_COMPARTMENT) /* the context has a default */
        return cli_compartment_find(call, NULL, (vg_id *)((uint8_t *)&fill->command + field->at));
    char command[128];
    cli_call_name(call, command, sizeof command);
    if (values.count == 0)
        return vg_fail(&call->error, VG_USAGE, "'%s' needs --%s; see '%s --help'", command,
                       field->name, command);
    if (field->of == RESPONSE_OF_INCIDENT && fill->incident[0] == '\0')
        code = find_incident(call, fill, values.text[0]);
    if (code == VG_OK)
        code = take_value(call, fill, field, &values);
    if (code == VG_OK)
        note_aspect(fill, field);
    return code;
}

/* Refuses here what the rules of text would refuse there, so that the words of the call are named.
 */
static enum vg_code check_command(struct cli_call *call, const struct response_command *command)
{
    struct vg_buffer bytes = {0};
    struct response_command decoded;
    response_command_encode(command, &bytes);
    enum vg_code code = response_command_decode(vg_buffer_span(&bytes), &decoded, &call->error);
    vg_buffer_free(&bytes);
    return code;
}

/* Operations of the directory are in its compartment, those of control in none. */
static enum vg_code find_place(struct cli_call *call, struct cli_fill *fill)
{
    struct cli_author *author;
    enum vg_code code = cli_author_open(call, &author);
    if (code == VG_OK && call->command->op < RESPONSE_OP_DETECT)
        fill->compartment = author->directory;
    return code;
}

enum vg_code cli_fill(struct cli_call *call, struct cli_fill *fill)
{
    uint32_t count;
    const struct response_field *fields = response_fields((uint64_t)call->command->op, &count);
    assert(fields != NULL);
    fill->command.op = call->command->op;
    fill->request = cli_request_of(call);
    give_row(call, fill);
    enum vg_code code = find_place(call, fill);
    for (uint32_t i = 0; code == VG_OK && i < count; i++)
        if (fields[i].type != RESPONSE_FIELD_BYTES)
            code = fill_field(call, fill, &fields[i]);
    if (code != VG_OK) {
        const struct cli_change unsent = {.request = fill->request};
        cli_change_explain(call, &unsent);
    }
    return code;
}

void cli_fill_free(struct cli_fill *fill)
{
    for (uint32_t i = 0; i < fill->text_count; i++)
        vg_buffer_free(&fill->texts[i]);
}

enum vg_code cli_fill_send(struct cli_call *call, struct cli_fill *fill, json_t **answer)
{
    struct cli_change change = {.command = &fill->command,
                                .request = fill->request,
                                .incident = fill->incident[0] != '\0' ? fill->incident : NULL,
                                .compartment = fill->compartment,
                                .aspect_count = fill->aspect_count};
    memcpy(change.aspects, fill->aspects, sizeof change.aspects);
    enum vg_code code = check_command(call, &fill->command);
    if (code == VG_OK)
        code = cli_change_submit(call, &change, answer);
    cli_change_explain(call, &change);
    return code;
}

enum vg_code cli_fill_submit(struct cli_call *call, struct cli_fill *fill)
{
    json_t *answer = NULL;
    enum vg_code code = cli_fill_send(call, fill, &answer);
    if (code == VG_OK)
        cli_change_print(call, answer);
    json_decref(answer);
    return code;
}

enum vg_code cli_run_operation(struct cli_call *call)
{
    struct cli_fill fill = {.given_count = 0};
    enum vg_code code = cli_fill(call, &fill);
    if (code == VG_OK)
        code = cli_fill_submit(call, &fill);
    cli_fill_free(&fill);
    return code;
}
