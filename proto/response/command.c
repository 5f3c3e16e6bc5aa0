/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/command.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "proto/response/fields.h"
#include "proto/wire/mp.h"

enum { FIELDS_MAX = 16 };

/* ---- encoding ----------------------------------------------------------------------------------
 */

static void encode_ids(const struct response_ids *ids, struct vg_buffer *out)
{
    mp_write_array(out, ids->count);
    for (uint8_t i = 0; i < ids->count; i++)
        mp_write_bytes(out, vg_span_of(ids->ids[i].bytes, sizeof ids->ids[i].bytes));
}

static void encode_lines(const struct response_lines *lines, struct vg_buffer *out)
{
    mp_write_array(out, lines->count);
    for (uint8_t i = 0; i < lines->count; i++)
        mp_write_text(out, lines->lines[i]);
}

static void encode_field(const struct response_field *field, const struct response_command *command,
                         struct vg_buffer *out)
{
    const void *member = response_field_at(field, command);
    switch (field->type) {
    case RESPONSE_FIELD_ID:
    case RESPONSE_FIELD_FIXED:
        mp_write_bytes(out, vg_span_of(member, field->size));
        break;
    case RESPONSE_FIELD_IDS:
        encode_ids(member, out);
        break;
    case RESPONSE_FIELD_WORD:
    case RESPONSE_FIELD_BITS:
    case RESPONSE_FIELD_NUMBER:
    case RESPONSE_FIELD_TIME:
        mp_write_uint(out, response_field_number(field, command));
        break;
    case RESPONSE_FIELD_LINES:
        encode_lines(member, out);
        break;
    case RESPONSE_FIELD_BYTES:
    case RESPONSE_FIELD_SIGNALS:
        mp_write_bytes(out, *(const vg_span *)member);
        break;
    case RESPONSE_FIELD_LINE:
    case RESPONSE_FIELD_TEXT:
    case RESPONSE_FIELD_EVENTS:
        mp_write_text(out, *(const vg_span *)member);
        break;
    }
}

void response_command_encode(const struct response_command *command, struct vg_buffer *out)
{
    uint32_t count;
    const struct response_field *fields = response_fields((uint64_t)command->op, &count);
    assert(fields != NULL);
    mp_write_array(out, count + 1);
    mp_write_uint(out, (uint64_t)command->op);
    for (uint32_t i = 0; i < count; i++)
        encode_field(&fields[i], command, out);
}

/* ---- decoding ----------------------------------------------------------------------------------
 */

/* C0, DEL and C1 (U+0080 to U+009F, as UTF-8 C2 80 to C2 9F): they steer terminals. */
static bool has_control(vg_span text, bool lines)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool allowed = lines && (c == '\n' || c == '\t');
        if ((c < 0x20 && !allowed) || c == 0x7f)
            return true;
        if (c == 0xc2 && i + 1 < text.size && text.data[i + 1] < 0xa0)
            return true;
    }
    return false;
}

static uint32_t count_lines(vg_span text)
{
    uint32_t lines = text.size > 0;
    for (size_t i = 0; i < text.size; i++)
        lines += text.data[i] == '\n';
    return lines;
}

/* 16 bytes that are not all zero, unless they may be. */
static vg_id read_id(struct mp_reader *reader, bool must)
{
    vg_id id;
    mp_read_fixed(reader, id.bytes, sizeof id.bytes);
    if (must && vg_id_is_zero(&id))
        mp_fail(reader, "an id that is all zero");
    return id;
}

static void read_fixed(struct mp_reader *reader, const struct response_field *field,
                       struct response_command *out)
{
    mp_read_fixed(reader, (uint8_t *)out + field->at, field->size);
    if (field->min > 0 && !response_field_given(field, out))
        mp_fail(reader, "bytes that are all zero");
}

static void read_ids(struct mp_reader *reader, struct response_ids *out)
{
    uint32_t count = mp_read_array(reader, RESPONSE_IDS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        out->ids[i] = read_id(reader, true);
        for (uint32_t j = 0; j < i; j++) {
            if (vg_id_equal(&out->ids[i], &out->ids[j]))
                mp_fail(reader, "an id twice");
        }
    }
    mp_end_array(reader);
    out->count = (uint8_t)count;
}

static bool number_fits(const struct response_field *field, uint64_t value)
{
    switch (field->type) {
    case RESPONSE_FIELD_WORD:
        return value == 0 ? field->min == 0
                          : value >= field->min && value <= UINT32_MAX &&
                                response_word(field->words, (uint32_t)value)[0] != '\0';
    case RESPONSE_FIELD_BITS:
        return (value & ~(uint64_t)response_all_bits(field->words)) == 0;
    default:
        return value >= field->min && value <= field->max;
    }
}

static vg_span read_text(struct mp_reader *reader, const struct response_field *field, bool lines)
{
    vg_span text = mp_read_text(reader, (size_t)field->max);
    if (text.size < field->min)
        mp_fail(reader, "an empty text");
    if (has_control(text, lines))
        mp_fail(reader, "a control character");
    return text;
}

static void read_lines(struct mp_reader *reader, const struct response_field *field,
                       struct response_lines *out)
{
    static const struct response_field line = {.min = 1, .max = VG_NAME_MAX};
    assert(field->max <= RESPONSE_LINES_MAX);
    uint32_t count = mp_read_array(reader, (uint32_t)field->max);
    for (uint32_t i = 0; i < count; i++) {
        out->lines[i] = read_text(reader, &line, false);
        for (uint32_t j = 0; j < i; j++) {
            if (vg_span_equal(out->lines[i], out->lines[j]))
                mp_fail(reader, "a text twice");
        }
    }
    mp_end_array(reader);
    out->count = (uint8_t)count;
}

static vg_span read_bytes(struct mp_reader *reader, const struct response_field *field)
{
    vg_span bytes = mp_read_bytes(reader, (size_t)field->max);
    if (bytes.size < field->min)
        mp_fail(reader, "nothing in it");
    if (field->type == RESPONSE_FIELD_SIGNALS && bytes.size % RESPONSE_SIGNAL_SIZE != 0)
        mp_fail(reader, "a signal cut short");
    return bytes;
}

static void read_field(struct mp_reader *reader, const struct response_field *field,
                       struct response_command *out)
{
    void *member = (uint8_t *)out + field->at;
    uint64_t number;
    switch (field->type) {
    case RESPONSE_FIELD_ID:
        *(vg_id *)member = read_id(reader, field->min > 0);
        break;
    case RESPONSE_FIELD_FIXED:
        read_fixed(reader, field, out);
        break;
    case RESPONSE_FIELD_IDS:
        read_ids(reader, member);
        break;
    case RESPONSE_FIELD_WORD:
    case RESPONSE_FIELD_BITS:
    case RESPONSE_FIELD_NUMBER:
    case RESPONSE_FIELD_TIME:
        number = mp_read_uint(reader);
        if (!number_fits(field, number))
            mp_fail(reader, "a number out of bounds");
        response_field_set_number(field, out, number);
        break;
    case RESPONSE_FIELD_LINES:
        read_lines(reader, field, member);
        break;
    case RESPONSE_FIELD_BYTES:
    case RESPONSE_FIELD_SIGNALS:
        *(vg_span *)member = read_bytes(reader, field);
        break;
    case RESPONSE_FIELD_LINE:
        *(vg_span *)member = read_text(reader, field, false);
        break;
    case RESPONSE_FIELD_EVENTS:
    case RESPONSE_FIELD_TEXT:
        *(vg_span *)member = read_text(reader, field, true);
        if (field->type == RESPONSE_FIELD_EVENTS &&
            count_lines(*(vg_span *)member) > RESPONSE_EVENT_LINES_MAX)
            mp_fail(reader, "too many lines");
        break;
    }
}

/* ---- refusals ----------------------------------------------------------------------------------
 */

static void list_words(const struct response_field *field, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (const struct response_word *word = field->words; word->text != NULL; word++) {
        if (word->number >= field->min && used < size)
            used +=
                (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", word->text);
    }
}

void response_field_describe(const struct response_field *field, char *out, size_t size)
{
    char words[240] = "";
    if (field->words != NULL)
        list_words(field, words, sizeof words);
    switch (field->type) {
    case RESPONSE_FIELD_ID:
        snprintf(out, size, "an id of 16 bytes%s", field->min > 0 ? ", not all zero" : "");
        break;
    case RESPONSE_FIELD_FIXED:
        snprintf(out, size, "%zu bytes%s", field->size, field->min > 0 ? ", not all zero" : "");
        break;
    case RESPONSE_FIELD_IDS:
        snprintf(out, size, "at most %d different ids", RESPONSE_IDS_MAX);
        break;
    case RESPONSE_FIELD_WORD:
        snprintf(out, size, "one of %s%s", words, field->min > 0 ? "" : ", or nothing");
        break;
    case RESPONSE_FIELD_BITS:
        snprintf(out, size, "any of %s", words);
        break;
    case RESPONSE_FIELD_NUMBER:
    case RESPONSE_FIELD_TIME:
        snprintf(out, size, "a number from %" PRIu64 " to %" PRIu64, field->min, field->max);
        break;
    case RESPONSE_FIELD_LINE:
        snprintf(out, size, "%" PRIu64 " to %" PRIu64 " bytes of UTF-8 without control characters",
                 field->min, field->max);
        break;
    case RESPONSE_FIELD_LINES:
        snprintf(out, size,
                 "at most %" PRIu64
                 " different texts of 1 to %d bytes of UTF-8 without control characters",
                 field->max, VG_NAME_MAX);
        break;
    case RESPONSE_FIELD_TEXT:
        snprintf(out, size,
                 "%" PRIu64 " to %" PRIu64
                 " bytes of UTF-8, control characters only newline and tab",
                 field->min, field->max);
        break;
    case RESPONSE_FIELD_EVENTS:
        snprintf(out, size, "at most %d lines in %" PRIu64 " bytes of UTF-8",
                 RESPONSE_EVENT_LINES_MAX, field->max);
        break;
    case RESPONSE_FIELD_BYTES:
        snprintf(out, size, "%" PRIu64 " to %" PRIu64 " bytes", field->min, field->max);
        break;
    case RESPONSE_FIELD_SIGNALS:
        snprintf(out, size, "1 to %d signals of %d bytes", RESPONSE_SIGNALS_MAX,
                 RESPONSE_SIGNAL_SIZE);
        break;
    }
}

static enum vg_code refuse_field(const struct mp_reader *reader, enum response_op op,
                                 const struct response_field *field, struct vg_error *error)
{
    char allowed[300];
    response_field_describe(field, allowed, sizeof allowed);
    return vg_fail(error, VG_INVALID, "command %s: field %s, byte %zu: %s; it must be %s",
                   response_op_name(op), field->name, reader->failed_at, reader->failed, allowed);
}

enum vg_code response_command_decode(vg_span bytes, struct response_command *out,
                                     struct vg_error *error)
{
    memset(out, 0, sizeof *out);
    if (bytes.size > VG_COMMAND_MAX)
        return vg_fail(error, VG_INVALID, "command: %zu bytes, at most %d are allowed", bytes.size,
                       VG_COMMAND_MAX);
    struct mp_reader reader = mp_reader_of(bytes);
    uint32_t count = mp_read_array(&reader, FIELDS_MAX);
    uint64_t op = mp_read_uint(&reader);
    if (reader.failed != NULL)
        return mp_finish(&reader, "command", error);
    uint32_t wanted;
    const struct response_field *fields = response_fields(op, &wanted);
    if (fields == NULL)
        return vg_fail(error, VG_INVALID, "command: operation %llu is unknown to this release",
                       (unsigned long long)op);
    if (count != wanted + 1)
        return vg_fail(error, VG_INVALID, "command %s: %u fields, it must have %u",
                       response_op_name(op), count - 1, wanted);
    out->op = (enum response_op)op;
    for (uint32_t i = 0; i < wanted; i++) {
        read_field(&reader, &fields[i], out);
        if (reader.failed != NULL)
            return refuse_field(&reader, out->op, &fields[i], error);
    }
    mp_end_array(&reader);
    return mp_finish(&reader, response_op_name(op), error);
}
