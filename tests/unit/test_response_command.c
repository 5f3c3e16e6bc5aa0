/* SPDX-License-Identifier: Apache-2.0
 * Commands as msgpack: what goes out comes in, and every bound of every field holds. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/prng.h"
#include "proto/response/command.h"
#include "proto/wire/mp.h"

static const vg_id some_id = {{1, 2, 3}};

static vg_span text(const char *what)
{
    return vg_span_text(what);
}

/* One valid command of each operation, every field set. */
static struct response_command example(enum response_op op)
{
    struct response_command command = {.op = op};
    switch (op) {
    case RESPONSE_OP_PERSON:
        command.person.person = some_id;
        command.person.name = text("Ann Oyelaran");
        break;
    case RESPONSE_OP_LABEL:
        command.label.compartment = some_id;
        command.label.name = text("default");
        break;
    case RESPONSE_OP_GRANT:
        command.grant.person = some_id;
        command.grant.compartment = some_id;
        command.grant.roles = RESPONSE_ROLE_RESPONDER | RESPONSE_ROLE_LEGAL;
        break;
    case RESPONSE_OP_DETECT:
        command.detect.source = RESPONSE_SOURCE_AUTOMATED;
        command.detect.subsource = RESPONSE_SUB_IDS;
        command.detect.cia = 7;
        command.detect.title = text("odd login \xc3\xa9");
        command.detect.product = text("mail");
        command.detect.dedup_key = text("ids:17");
        command.detect.detail = text("line\n\tline");
        command.detect.happened_at = 1234567890123U;
        break;
    case RESPONSE_OP_NOTE:
        command.note.incident = some_id;
        command.note.text = text("a note");
        break;
    case RESPONSE_OP_STAGE:
        command.stage.incident = some_id;
        command.stage.stage = RESPONSE_ASSESS;
        command.stage.cia = 1;
        command.stage.reason = text("it is real");
        break;
    case RESPONSE_OP_IMPORT:
        command.import.space = text("veris");
        command.import.key = text("A-1");
        command.import.source = RESPONSE_SOURCE_CUSTOMER_REPORT;
        command.import.cia = 2;
        command.import.title = text("lost laptop");
        command.import.classification = text("security-incident");
        command.import.happened_at = 5;
        command.import.records = UINT64_MAX;
        command.import.unknown_members = 3;
        command.import.timeline = text("discovery: 2 days");
        command.import.document = text("{\"incident_id\":\"A-1\"}");
        break;
    }
    return command;
}

static const enum response_op all_ops[] = {
    RESPONSE_OP_PERSON, RESPONSE_OP_LABEL, RESPONSE_OP_GRANT,  RESPONSE_OP_DETECT,
    RESPONSE_OP_NOTE,   RESPONSE_OP_STAGE, RESPONSE_OP_IMPORT,
};
enum { OPS = sizeof all_ops / sizeof all_ops[0] };

static enum vg_code decode_again(const struct response_command *command, struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    struct response_command decoded;
    response_command_encode(command, &bytes);
    enum vg_code code = response_command_decode(vg_buffer_span(&bytes), &decoded, error);
    vg_buffer_free(&bytes);
    return code;
}

Test(response_command, every_operation_comes_back)
{
    for (size_t i = 0; i < OPS; i++) {
        struct vg_buffer bytes = {0};
        struct vg_buffer again = {0};
        struct response_command decoded;
        struct vg_error error;
        struct response_command command = example(all_ops[i]);
        response_command_encode(&command, &bytes);
        cr_assert_eq(response_command_decode(vg_buffer_span(&bytes), &decoded, &error), VG_OK);
        response_command_encode(&decoded, &again);
        cr_assert(vg_span_equal(vg_buffer_span(&bytes), vg_buffer_span(&again)), "%s",
                  response_op_name(all_ops[i]));
        vg_buffer_free(&bytes);
        vg_buffer_free(&again);
    }
}

#define AT(member) offsetof(struct response_command, member)

/* Text fields: shortest and longest that is allowed. */
static const struct {
    enum response_op op;
    size_t at;
    size_t min, max;
    const char *name;
    bool lines;
    bool utf8;
} texts[] = {
    {RESPONSE_OP_PERSON, AT(person.name), 1, 128, "name", false, true},
    {RESPONSE_OP_LABEL, AT(label.name), 1, 128, "name", false, true},
    {RESPONSE_OP_DETECT, AT(detect.title), 1, 256, "title", false, true},
    {RESPONSE_OP_DETECT, AT(detect.product), 0, 128, "product", false, true},
    {RESPONSE_OP_DETECT, AT(detect.dedup_key), 0, 128, "dedup-key", false, true},
    {RESPONSE_OP_DETECT, AT(detect.detail), 0, 65536, "detail", true, true},
    {RESPONSE_OP_NOTE, AT(note.text), 1, 65536, "text", true, true},
    {RESPONSE_OP_STAGE, AT(stage.reason), 1, 65536, "reason", true, true},
    {RESPONSE_OP_IMPORT, AT(import.space), 1, 128, "namespace", false, true},
    {RESPONSE_OP_IMPORT, AT(import.key), 1, 128, "key", false, true},
    {RESPONSE_OP_IMPORT, AT(import.title), 1, 256, "title", false, true},
    {RESPONSE_OP_IMPORT, AT(import.timeline), 0, 65536, "timeline", true, true},
    {RESPONSE_OP_IMPORT, AT(import.document), 1, 1048576, "document", true, false},
};
enum { TEXTS = sizeof texts / sizeof texts[0] };

static void set_text(struct response_command *command, size_t at, vg_span value)
{
    memcpy((uint8_t *)command + at, &value, sizeof value);
}

static enum vg_code decode_with_text(size_t i, vg_span value, struct vg_error *error)
{
    struct response_command command = example(texts[i].op);
    set_text(&command, texts[i].at, value);
    return decode_again(&command, error);
}

Test(response_command, texts_have_both_bounds)
{
    char *filler = malloc(2 * 1048576);
    memset(filler, 'x', 2 * 1048576);
    for (size_t i = 0; i < TEXTS; i++) {
        struct vg_error error = {0};
        const char *name = texts[i].name;
        cr_assert_eq(decode_with_text(i, vg_span_of(filler, texts[i].min), &error), VG_OK, "%s",
                     name);
        cr_assert_eq(decode_with_text(i, vg_span_of(filler, texts[i].max), &error), VG_OK, "%s",
                     name);
        cr_assert_eq(decode_with_text(i, vg_span_of(filler, texts[i].max + 1), &error), VG_INVALID,
                     "%s", name);
        cr_assert_not_null(strstr(error.text, name), "%s", error.text);
        if (texts[i].min > 0)
            cr_assert_eq(decode_with_text(i, vg_span_of(filler, 0), &error), VG_INVALID, "%s",
                         name);
    }
    free(filler);
}

Test(response_command, texts_are_utf8_without_control_characters)
{
    static const char *const never[] = {"a\x01",        "a\x1b[2J",  "a\r",  "a\x7f",
                                        "a\xc2\x80",    "a\xc2\x9f", "\xff", "\xc0\xaf",
                                        "\xed\xa0\x80", "\xc3"};
    static const char *const in_lines[] = {"a\nb", "a\tb"};
    for (size_t i = 0; i < TEXTS; i++) {
        struct vg_error error;
        enum vg_code verdict = texts[i].utf8 ? VG_INVALID : VG_OK;
        for (size_t k = 0; k < sizeof never / sizeof never[0]; k++)
            cr_assert_eq(decode_with_text(i, text(never[k]), &error), verdict, "%s %zu",
                         texts[i].name, k);
        for (size_t k = 0; k < 2; k++)
            cr_assert_eq(decode_with_text(i, text(in_lines[k]), &error),
                         texts[i].lines ? VG_OK : VG_INVALID, "%s %zu", texts[i].name, k);
        cr_assert_eq(decode_with_text(i, vg_span_of("a\0b", 3), &error), verdict, "%s",
                     texts[i].name);
        cr_assert_eq(decode_with_text(i, text("a\xc2\xa0\xe2\x82\xac\xf0\x9f\x94\xa5"), &error),
                     VG_OK, "%s", texts[i].name);
    }
}

/* Numbers: by width, with the smallest and largest that is allowed. */
static const struct {
    enum response_op op;
    size_t at;
    size_t width;
    uint64_t min, max;
} numbers[] = {
    {RESPONSE_OP_GRANT, AT(grant.roles), 4, 0, 8191},
    {RESPONSE_OP_DETECT, AT(detect.source), 1, 1, 8},
    {RESPONSE_OP_DETECT, AT(detect.subsource), 1, 0, 4},
    {RESPONSE_OP_DETECT, AT(detect.cia), 1, 0, 7},
    {RESPONSE_OP_DETECT, AT(detect.happened_at), 8, 0, 253402300799999U},
    {RESPONSE_OP_STAGE, AT(stage.stage), 1, 1, 5},
    {RESPONSE_OP_STAGE, AT(stage.cia), 1, 0, 7},
    {RESPONSE_OP_IMPORT, AT(import.source), 1, 1, 8},
    {RESPONSE_OP_IMPORT, AT(import.subsource), 1, 0, 4},
    {RESPONSE_OP_IMPORT, AT(import.cia), 1, 0, 7},
    {RESPONSE_OP_IMPORT, AT(import.happened_at), 8, 0, 253402300799999U},
    {RESPONSE_OP_IMPORT, AT(import.records), 8, 0, UINT64_MAX},
    {RESPONSE_OP_IMPORT, AT(import.unknown_members), 4, 0, UINT32_MAX},
};

static enum vg_code decode_with_number(size_t i, uint64_t value)
{
    struct response_command command = example(numbers[i].op);
    struct vg_error error;
    memcpy((uint8_t *)&command + numbers[i].at, &value, numbers[i].width);
    return decode_again(&command, &error);
}

Test(response_command, numbers_have_both_bounds)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint64_t widest =
            numbers[i].width == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * numbers[i].width)) - 1;
        cr_assert_eq(decode_with_number(i, numbers[i].min), VG_OK, "number %zu", i);
        cr_assert_eq(decode_with_number(i, numbers[i].max), VG_OK, "number %zu", i);
        if (numbers[i].max < widest)
            cr_assert_eq(decode_with_number(i, numbers[i].max + 1), VG_INVALID, "number %zu", i);
        if (numbers[i].min > 0)
            cr_assert_eq(decode_with_number(i, numbers[i].min - 1), VG_INVALID, "number %zu", i);
    }
}

Test(response_command, a_number_wider_than_its_member_is_refused)
{
    struct vg_buffer bytes = {0};
    struct response_command decoded;
    struct vg_error error;
    mp_write_array(&bytes, 5);
    mp_write_uint(&bytes, RESPONSE_OP_STAGE);
    mp_write_bytes(&bytes, vg_span_of(some_id.bytes, sizeof some_id.bytes));
    mp_write_uint(&bytes, 256 + RESPONSE_ASSESS);
    mp_write_uint(&bytes, 0);
    mp_write_text(&bytes, text("why"));
    cr_assert_eq(response_command_decode(vg_buffer_span(&bytes), &decoded, &error), VG_INVALID);
    cr_assert_not_null(strstr(error.text, "a number from 1 to 5"), "%s", error.text);
    vg_buffer_free(&bytes);
}

Test(response_command, ids_are_never_zero)
{
    static const struct {
        enum response_op op;
        size_t at;
    } ids[] = {
        {RESPONSE_OP_PERSON, AT(person.person)}, {RESPONSE_OP_LABEL, AT(label.compartment)},
        {RESPONSE_OP_GRANT, AT(grant.person)},   {RESPONSE_OP_GRANT, AT(grant.compartment)},
        {RESPONSE_OP_NOTE, AT(note.incident)},   {RESPONSE_OP_STAGE, AT(stage.incident)},
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct response_command command = example(ids[i].op);
        struct vg_error error;
        memset((uint8_t *)&command + ids[i].at, 0, sizeof(vg_id));
        cr_assert_eq(decode_again(&command, &error), VG_INVALID, "id %zu", i);
    }
}

Test(response_command, a_classification_is_one_of_r9s_or_none)
{
    static const char *const good[] = {"",
                                       "false-positive",
                                       "security-event",
                                       "security-incident",
                                       "privacy-event",
                                       "privacy-incident"};
    static const char *const bad[] = {"security", "Security-event", "security-event ", "x"};
    struct vg_error error;
    struct response_command command = example(RESPONSE_OP_IMPORT);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        command.import.classification = text(good[i]);
        cr_assert_eq(decode_again(&command, &error), VG_OK, "%s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        command.import.classification = text(bad[i]);
        cr_assert_eq(decode_again(&command, &error), VG_INVALID, "%s", bad[i]);
    }
}

Test(response_command, a_timeline_has_at_most_64_lines)
{
    char lines[128];
    struct vg_error error;
    struct response_command command = example(RESPONSE_OP_IMPORT);
    for (size_t i = 0; i < sizeof lines; i++)
        lines[i] = i % 2 == 0 ? 'x' : '\n';
    command.import.timeline = vg_span_of(lines, 127);
    cr_assert_eq(decode_again(&command, &error), VG_OK);
    command.import.timeline = vg_span_of(lines, 128);
    cr_assert_eq(decode_again(&command, &error), VG_INVALID);
}

Test(response_command, the_array_has_exactly_its_fields)
{
    for (size_t i = 0; i < OPS; i++) {
        struct vg_buffer bytes = {0};
        struct response_command decoded;
        struct vg_error error;
        struct response_command command = example(all_ops[i]);
        response_command_encode(&command, &bytes);
        bytes.data[0]++;
        mp_write_uint(&bytes, 1);
        cr_assert_eq(response_command_decode(vg_buffer_span(&bytes), &decoded, &error), VG_INVALID);
        bytes.data[0] = (uint8_t)(bytes.data[0] - 2);
        cr_assert_eq(response_command_decode(vg_buffer_span(&bytes), &decoded, &error), VG_INVALID);
        bytes.data[0]++;
        cr_assert_eq(response_command_decode(vg_buffer_span(&bytes), &decoded, &error), VG_INVALID,
                     "bytes too many at the end");
        bytes.size--;
        cr_assert_eq(response_command_decode(vg_buffer_span(&bytes), &decoded, &error), VG_OK);
        for (size_t size = 0; size < bytes.size; size++)
            cr_assert_eq(response_command_decode(vg_span_of(bytes.data, size), &decoded, &error),
                         VG_INVALID, "cut to %zu", size);
        vg_buffer_free(&bytes);
    }
}

Test(response_command, unknown_operations_are_named)
{
    struct response_command decoded;
    struct vg_error error;
    uint8_t bytes[] = {0x92, 0x63, 0x00};
    cr_assert_eq(response_command_decode(vg_span_of(bytes, 3), &decoded, &error), VG_INVALID);
    cr_assert_not_null(strstr(error.text, "operation 99"), "%s", error.text);
}

Test(response_command, nesting_where_a_field_belongs_is_refused)
{
    struct response_command decoded;
    struct vg_error error;
    uint8_t bytes[64];
    memset(bytes, 0x91, sizeof bytes);
    cr_assert_eq(response_command_decode(vg_span_of(bytes, sizeof bytes), &decoded, &error),
                 VG_INVALID);
    bytes[0] = 0x93;
    bytes[1] = RESPONSE_OP_NOTE;
    cr_assert_eq(response_command_decode(vg_span_of(bytes, sizeof bytes), &decoded, &error),
                 VG_INVALID);
}

Test(response_command, nothing_larger_than_a_command_is_looked_at)
{
    struct response_command decoded;
    struct vg_error error;
    uint8_t *bytes = calloc(1, VG_COMMAND_MAX + 1);
    cr_assert_eq(response_command_decode(vg_span_of(bytes, VG_COMMAND_MAX + 1), &decoded, &error),
                 VG_INVALID);
    cr_assert_not_null(strstr(error.text, "at most"), "%s", error.text);
    free(bytes);
}

/* Whatever bytes come, decoding ends, and what it takes it would write itself. */
Test(response_command, altered_bytes_are_refused_or_canonical)
{
    enum { ROUNDS = 40000 };
    const uint64_t seed = 20261122;
    struct vg_prng prng = vg_prng_seed(seed);
    uint32_t taken = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct vg_buffer bytes = {0};
        struct vg_buffer again = {0};
        struct response_command decoded;
        struct vg_error error;
        struct response_command command = example(all_ops[vg_prng_below(&prng, OPS)]);
        response_command_encode(&command, &bytes);
        for (uint64_t flips = vg_prng_between(&prng, 1, 3); flips > 0; flips--)
            bytes.data[vg_prng_below(&prng, bytes.size)] = (uint8_t)vg_prng_next(&prng);
        if (response_command_decode(vg_buffer_span(&bytes), &decoded, &error) == VG_OK) {
            response_command_encode(&decoded, &again);
            cr_assert(vg_span_equal(vg_buffer_span(&bytes), vg_buffer_span(&again)),
                      "seed %llu round %u", (unsigned long long)seed, round);
            taken++;
        }
        vg_buffer_free(&bytes);
        vg_buffer_free(&again);
    }
    cr_assert_gt(taken, ROUNDS / 20);
    cr_assert_lt(taken, ROUNDS);
}

Test(response_names, every_number_has_a_name_that_leads_back)
{
    for (uint8_t i = 1; i <= RESPONSE_SOURCE_UNKNOWN; i++)
        cr_assert_eq(response_source_parse(response_source_name(i)), i);
    for (uint8_t i = 1; i <= RESPONSE_SUB_OTHER; i++)
        cr_assert_eq(response_subsource_parse(response_subsource_name(i)), i);
    for (uint8_t i = 1; i <= RESPONSE_CLOSE; i++)
        cr_assert_eq(response_stage_parse(response_stage_name(i)), i);
    for (uint16_t i = 1; i <= RESPONSE_ASPECT_DETECTION; i++)
        cr_assert_eq(response_aspect_parse(response_aspect_name(i)), i);
    for (uint32_t bit = 1; bit <= RESPONSE_ROLE_OPERATOR; bit <<= 1)
        cr_assert_eq(response_role_parse(response_role_name(bit)), bit);
    cr_assert_eq(response_stage_parse("nonsense"), 0);
    cr_assert_eq(response_stage_parse(""), 0);
    cr_assert_str_eq(response_stage_name(6), "");
    cr_assert_str_eq(response_source_name(RESPONSE_SOURCE_VULNERABILITY_REPORT),
                     "vulnerability-report");
    cr_assert_str_eq(response_role_name(RESPONSE_ROLE_EXECUTIVE), "executive-incident-manager");
}
