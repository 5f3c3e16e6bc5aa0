/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/response/command.h"

#include <assert.h>
#include <stdio.h>

#include "proto/wire/mp.h"

/* What a field holds. `min` and `max` bound a number, or the size of texts and documents. */
enum field_type {
    FIELD_ID, /* 16 bytes, not all zero */
    FIELD_U8, /* numbers, by the width of their member */
    FIELD_U32,
    FIELD_U64,
    FIELD_LINE,   /* text of one line: no control characters */
    FIELD_TEXT,   /* text of many lines: no control characters but newline and tab */
    FIELD_CLASS,  /* one of R9's names, or nothing */
    FIELD_EVENTS, /* as FIELD_TEXT, of at most RESPONSE_EVENT_LINES_MAX lines */
    FIELD_WHOLE,  /* bytes kept as they are */
};

struct field {
    const char *name;
    enum field_type type;
    size_t at; /* offset in struct response_command */
    uint64_t min, max;
};

#define AT(member) offsetof(struct response_command, member)

static const uint64_t LAST_TIME_MS = 253402300799999U; /* the end of 9999 */

enum {
    ALL_CIA = RESPONSE_CONFIDENTIALITY | RESPONSE_INTEGRITY | RESPONSE_AVAILABILITY,
    ALL_ROLES = 0
#define X(symbol, bit, name) | RESPONSE_ROLE_##symbol
    RESPONSE_ROLES(X)
#undef X
};

static const struct field person_fields[] = {
    {"person", FIELD_ID, AT(person.person), 0, 0},
    {"name", FIELD_LINE, AT(person.name), 1, VG_NAME_MAX},
};

static const struct field label_fields[] = {
    {"compartment", FIELD_ID, AT(label.compartment), 0, 0},
    {"name", FIELD_LINE, AT(label.name), 1, VG_NAME_MAX},
};

static const struct field grant_fields[] = {
    {"person", FIELD_ID, AT(grant.person), 0, 0},
    {"compartment", FIELD_ID, AT(grant.compartment), 0, 0},
    {"roles", FIELD_U32, AT(grant.roles), 0, ALL_ROLES},
};

static const struct field detect_fields[] = {
    {"source", FIELD_U8, AT(detect.source), 1, RESPONSE_SOURCE_UNKNOWN},
    {"sub-kind", FIELD_U8, AT(detect.subsource), 0, RESPONSE_SUB_OTHER},
    {"cia", FIELD_U8, AT(detect.cia), 0, ALL_CIA},
    {"title", FIELD_LINE, AT(detect.title), 1, VG_TITLE_MAX},
    {"product", FIELD_LINE, AT(detect.product), 0, VG_NAME_MAX},
    {"dedup-key", FIELD_LINE, AT(detect.dedup_key), 0, VG_NAME_MAX},
    {"detail", FIELD_TEXT, AT(detect.detail), 0, VG_TEXT_MAX},
    {"happened-at", FIELD_U64, AT(detect.happened_at), 0, LAST_TIME_MS},
};

static const struct field note_fields[] = {
    {"incident", FIELD_ID, AT(note.incident), 0, 0},
    {"text", FIELD_TEXT, AT(note.text), 1, VG_TEXT_MAX},
};

static const struct field stage_fields[] = {
    {"incident", FIELD_ID, AT(stage.incident), 0, 0},
    {"stage", FIELD_U8, AT(stage.stage), RESPONSE_DETECT, RESPONSE_CLOSE},
    {"cia", FIELD_U8, AT(stage.cia), 0, ALL_CIA},
    {"reason", FIELD_TEXT, AT(stage.reason), 1, VG_TEXT_MAX},
};

static const struct field import_fields[] = {
    {"namespace", FIELD_LINE, AT(import.space), 1, VG_NAME_MAX},
    {"key", FIELD_LINE, AT(import.key), 1, VG_NAME_MAX},
    {"source", FIELD_U8, AT(import.source), 1, RESPONSE_SOURCE_UNKNOWN},
    {"sub-kind", FIELD_U8, AT(import.subsource), 0, RESPONSE_SUB_OTHER},
    {"cia", FIELD_U8, AT(import.cia), 0, ALL_CIA},
    {"title", FIELD_LINE, AT(import.title), 1, VG_TITLE_MAX},
    {"classification", FIELD_CLASS, AT(import.classification), 0, VG_NAME_MAX},
    {"happened-at", FIELD_U64, AT(import.happened_at), 0, LAST_TIME_MS},
    {"records", FIELD_U64, AT(import.records), 0, UINT64_MAX},
    {"unknown members", FIELD_U32, AT(import.unknown_members), 0, UINT32_MAX},
    {"timeline", FIELD_EVENTS, AT(import.timeline), 0, VG_TEXT_MAX},
    {"document", FIELD_WHOLE, AT(import.document), 1, VG_DOCUMENT_MAX},
};

struct layout {
    enum response_op op;
    const struct field *fields;
    uint32_t count;
};

#define LAYOUT(op, fields)                                                                         \
    {                                                                                              \
        op, fields, sizeof(fields) / sizeof((fields)[0])                                           \
    }

static const struct layout layouts[] = {
    LAYOUT(RESPONSE_OP_PERSON, person_fields), LAYOUT(RESPONSE_OP_LABEL, label_fields),
    LAYOUT(RESPONSE_OP_GRANT, grant_fields),   LAYOUT(RESPONSE_OP_DETECT, detect_fields),
    LAYOUT(RESPONSE_OP_NOTE, note_fields),     LAYOUT(RESPONSE_OP_STAGE, stage_fields),
    LAYOUT(RESPONSE_OP_IMPORT, import_fields),
};

static const struct layout *layout_of(uint64_t op)
{
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        if ((uint64_t)layouts[i].op == op)
            return &layouts[i];
    }
    return NULL;
}

/* ---- encoding ----------------------------------------------------------------------------------
 */

static uint64_t number_at(const void *member, enum field_type type)
{
    uint32_t u32;
    uint64_t u64;
    switch (type) {
    case FIELD_U8:
        return *(const uint8_t *)member;
    case FIELD_U32:
        memcpy(&u32, member, sizeof u32);
        return u32;
    default:
        memcpy(&u64, member, sizeof u64);
        return u64;
    }
}

static void encode_field(const struct field *field, const struct response_command *command,
                         struct vg_buffer *out)
{
    const void *member = (const uint8_t *)command + field->at;
    switch (field->type) {
    case FIELD_ID:
        mp_write_bytes(out, vg_span_of(member, sizeof(vg_id)));
        break;
    case FIELD_U8:
    case FIELD_U32:
    case FIELD_U64:
        mp_write_uint(out, number_at(member, field->type));
        break;
    case FIELD_WHOLE:
        mp_write_bytes(out, *(const vg_span *)member);
        break;
    default:
        mp_write_text(out, *(const vg_span *)member);
    }
}

void response_command_encode(const struct response_command *command, struct vg_buffer *out)
{
    const struct layout *layout = layout_of((uint64_t)command->op);
    assert(layout != NULL);
    mp_write_array(out, layout->count + 1);
    mp_write_uint(out, (uint64_t)command->op);
    for (uint32_t i = 0; i < layout->count; i++)
        encode_field(&layout->fields[i], command, out);
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

static bool is_class(vg_span text)
{
    static const char *const names[] = {
        "",
        "false-positive",
        "security-event",
        "security-incident",
        "privacy-event",
        "privacy-incident",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (vg_span_equal(text, vg_span_text(names[i])))
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

static void read_id(struct mp_reader *reader, void *member)
{
    vg_id id;
    mp_read_fixed(reader, id.bytes, sizeof id.bytes);
    if (vg_id_is_zero(&id))
        mp_fail(reader, "an id that is all zero");
    memcpy(member, &id, sizeof id);
}

static void read_number(struct mp_reader *reader, const struct field *field, void *member)
{
    uint64_t value = mp_read_uint(reader);
    if (value < field->min || value > field->max)
        mp_fail(reader, "a number out of bounds");
    if (field->type == FIELD_U64) {
        memcpy(member, &value, sizeof value);
    } else if (field->type == FIELD_U32) {
        uint32_t narrow = (uint32_t)value;
        memcpy(member, &narrow, sizeof narrow);
    } else {
        *(uint8_t *)member = (uint8_t)value;
    }
}

static void read_text(struct mp_reader *reader, const struct field *field, void *member)
{
    vg_span text = mp_read_text(reader, (size_t)field->max);
    bool lines = field->type == FIELD_TEXT || field->type == FIELD_EVENTS;
    if (text.size < field->min)
        mp_fail(reader, "an empty text");
    if (has_control(text, lines))
        mp_fail(reader, "a control character");
    if (field->type == FIELD_CLASS && !is_class(text))
        mp_fail(reader, "an unknown classification");
    if (field->type == FIELD_EVENTS && count_lines(text) > RESPONSE_EVENT_LINES_MAX)
        mp_fail(reader, "too many lines");
    memcpy(member, &text, sizeof text);
}

static void read_whole(struct mp_reader *reader, const struct field *field, void *member)
{
    vg_span bytes = mp_read_bytes(reader, (size_t)field->max);
    if (bytes.size < field->min)
        mp_fail(reader, "nothing in it");
    memcpy(member, &bytes, sizeof bytes);
}

static void read_field(struct mp_reader *reader, const struct field *field,
                       struct response_command *out)
{
    void *member = (uint8_t *)out + field->at;
    switch (field->type) {
    case FIELD_ID:
        read_id(reader, member);
        break;
    case FIELD_U8:
    case FIELD_U32:
    case FIELD_U64:
        read_number(reader, field, member);
        break;
    case FIELD_WHOLE:
        read_whole(reader, field, member);
        break;
    default:
        read_text(reader, field, member);
    }
}

/* What a field may be, for the sentence of a refusal. */
static void describe(const struct field *field, char *out, size_t size)
{
    switch (field->type) {
    case FIELD_ID:
        snprintf(out, size, "an id of 16 bytes, not all zero");
        break;
    case FIELD_U8:
    case FIELD_U32:
    case FIELD_U64:
        snprintf(out, size, "a number from %llu to %llu", (unsigned long long)field->min,
                 (unsigned long long)field->max);
        break;
    case FIELD_LINE:
        snprintf(out, size, "%llu to %llu bytes of UTF-8 without control characters",
                 (unsigned long long)field->min, (unsigned long long)field->max);
        break;
    case FIELD_TEXT:
        snprintf(out, size, "%llu to %llu bytes of UTF-8, control characters only newline and tab",
                 (unsigned long long)field->min, (unsigned long long)field->max);
        break;
    case FIELD_EVENTS:
        snprintf(out, size, "at most %d lines in %llu bytes of UTF-8", RESPONSE_EVENT_LINES_MAX,
                 (unsigned long long)field->max);
        break;
    case FIELD_CLASS:
        snprintf(out, size,
                 "false-positive, security-event, security-incident, privacy-event, "
                 "privacy-incident or empty");
        break;
    case FIELD_WHOLE:
        snprintf(out, size, "%llu to %llu bytes", (unsigned long long)field->min,
                 (unsigned long long)field->max);
        break;
    }
}

static enum vg_code refuse_field(const struct mp_reader *reader, const struct layout *layout,
                                 const struct field *field, struct vg_error *error)
{
    char allowed[160];
    describe(field, allowed, sizeof allowed);
    return vg_fail(error, VG_INVALID, "command %s: field %s, byte %zu: %s; it must be %s",
                   response_op_name(layout->op), field->name, reader->failed_at, reader->failed,
                   allowed);
}

enum vg_code response_command_decode(vg_span bytes, struct response_command *out,
                                     struct vg_error *error)
{
    memset(out, 0, sizeof *out);
    if (bytes.size > VG_COMMAND_MAX)
        return vg_fail(error, VG_INVALID, "command: %zu bytes, at most %d are allowed", bytes.size,
                       VG_COMMAND_MAX);
    struct mp_reader reader = mp_reader_of(bytes);
    uint32_t count = mp_read_array(&reader, 16);
    uint64_t op = mp_read_uint(&reader);
    if (reader.failed != NULL)
        return mp_finish(&reader, "command", error);
    const struct layout *layout = layout_of(op);
    if (layout == NULL)
        return vg_fail(error, VG_INVALID, "command: operation %llu is unknown to this release",
                       (unsigned long long)op);
    if (count != layout->count + 1)
        return vg_fail(error, VG_INVALID, "command %s: %u fields, it must have %u",
                       response_op_name(layout->op), count - 1, layout->count);
    out->op = layout->op;
    for (uint32_t i = 0; i < layout->count; i++) {
        read_field(&reader, &layout->fields[i], out);
        if (reader.failed != NULL)
            return refuse_field(&reader, layout, &layout->fields[i], error);
    }
    mp_end_array(&reader);
    return mp_finish(&reader, response_op_name(layout->op), error);
}
