/* SPDX-License-Identifier: Apache-2.0
 * Commands as msgpack: what goes out comes in, every bound of every field holds, and no layout
 * changes unnoticed, since commands are signed as they were sent. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/prng.h"
#include "proto/wire/mp.h"
#include "tests/lib/example.h"

static enum vg_code decode_again(const struct response_command *command, struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    struct response_command decoded;
    response_command_encode(command, &bytes);
    enum vg_code code = response_command_decode(vg_buffer_span(&bytes), &decoded, error);
    vg_buffer_free(&bytes);
    return code;
}

static const struct response_field *find_field(enum response_op op, const char *name)
{
    uint32_t count;
    const struct response_field *fields = response_fields((uint64_t)op, &count);
    uint32_t at = 0;
    while (at < count && strcmp(fields[at].name, name) != 0)
        at++;
    cr_assert_lt(at, count, "%s has no field %s", response_op_name(op), name);
    return &fields[at];
}

/* ---- layouts -----------------------------------------------------------------------------------
 */

/* number, name, then each field as NAME:KIND[LOW-HIGH]. Frozen: a release that reads them otherwise
 * could not read the log. Kinds: i id, I ids, h hash, w word, b bits, n number, t time, l line,
 * L lines, x text, e event lines, o bytes, s signals. */
static const char *const layouts[] = {
    "1 person person:i1 name:l1-128",
    "2 label compartment:i1 name:l1-128",
    "3 grant person:i1 compartment:i1 give:b8191 take:b8191",
    "4 roster compartment:i1 person:i1 on:w1-2",
    "5 procedure compartment:i1 version:l1-128",
    "6 drill kind:w1-5 node:n0-9223372036854775807 region:l0-128 duration-ms:n5000-600000 "
    "delay-ms:n0-5000 recovery-target-ms:n1-600000 stalled-target-ms:n1-600000 reason:l1-256",
    "7 drill-start drill:i1",
    "8 drill-probe drill:i1 number:n1-65535",
    "9 drill-end drill:i1 recovered:w1-2 recovery-ms:n0-4294967295 stalled-ms:n0-4294967295 "
    "stalled:L writes:n0-4294967295 reads:n0-4294967295 lost:n0-4294967295 stale:n0-4294967295",
    "10 override compartment:i1 reason:x1-65536",
    "11 tenant name:l1-128 compartment:i1",
    "16 detect source:w1-8 sub-kind:w0-4 cia:b7 title:l1-256 product:l0-128 dedup-key:l0-128 "
    "detail:x0-65536 happened-at:t",
    "17 note incident:i1 kind:w1-2 corrects:n0-9223372036854775807 text:x1-65536",
    "18 stage incident:i1 stage:w1-5 cia:b7 reason:x1-65536",
    "19 import namespace:l1-128 key:l1-128 source:w1-8 sub-kind:w0-4 cia:b7 title:l1-256 "
    "classification:w0-5 happened-at:t records:n0-9223372036854775807 "
    "unknown-members:n0-4294967295 timeline:e0-65536 document:o1-1048576",
    "20 assess incident:i1 functional:w1-4 information:b7 recoverability:w1-4 cia:b7 "
    "responsibility:w0-3 product:l0-128 evidence:I break-glass:x0-65536 reason:x1-65536",
    "21 severity incident:i1 severity:w1-5 priority:w0-5 reason:x1-65536",
    "22 risk incident:i1 risk:w1-4 reason:x1-65536",
    "23 responsibility incident:i1 responsibility:w1-3 reason:x1-65536",
    "24 owner incident:i1 owner:i0 reason:x1-65536",
    "25 classify incident:i1 class:w1-5 ground:w0-3 policy:l0-128 evidence:I participant:I "
    "reason:x1-65536",
    "26 answer incident:i1 answer:w1-2 root-cause:x1-65536 match:l0-128 change:x0-65536 owner:i1",
    "27 declare incident:i1 class:w1-5 harm:b31 access:w0-2 duty:l0-256 tenant:L impact:x0-65536 "
    "resources:x0-65536 repair:x0-65536 evidence:I reason:x1-65536",
    "28 withdraw incident:i1 reason:x1-65536",
    "29 affect incident:i1 tenant:l1-128 reason:x1-65536",
    "30 refer incident:i1 tenant:l1-128 text:x1-65536",
    "31 collaborate incident:i1 contract:l0-128 text:x1-65536",
    "32 plan incident:i1 text:x1-65536",
    "33 attest incident:i1 what:w17-19 holds:w1-2 reason:x1-65536",
    "34 reopen incident:i1 reason:x1-65536",
    "35 link incident:i1 other:i1 kind:w1-3 reason:x0-65536",
    "36 task incident:i1 title:l1-256 owner:i0 due:t",
    "37 task-move incident:i1 task:i1 state:w1-4 owner:i0 text:x0-65536",
    "38 step incident:i1 kind:w1-4 action:l1-256 target:l1-128 owner:i0 due:t reversible:w1-2 "
    "emergency:w1-2 break-glass:x0-65536",
    "39 step-move incident:i1 step:i1 state:w1-6 text:x0-65536",
    "40 evidence incident:i1 name:l1-256 source:l1-128 collector:l1-128 hash:h1/32 "
    "size:n1-9223372036854775807 collected-at:t content:o0-1048576",
    "41 custody incident:i1 evidence:i1 action:w2-7 to:i0 hash:h0/32 text:x0-65536",
    "42 count key:l1-128 first-at:t signals:s64-65536",
    "43 case source:i1 incident:i1 tenant:i1 kind:w1-2 index:n1-9223372036854775807 hash:h1/32 "
    "at:t "
    "class:w0-5 harm:b31",
    "44 case-told tenant:i1 incident:i1 index:n1-9223372036854775807 hash:h1/32 "
    "case-index:n1-9223372036854775807 case-hash:h1/32",
    "45 checkpoint mark:n1-9223372036854775807 hash:h1/32 accepted:n0-9223372036854775807 "
    "refused:n0-9223372036854775807",
    "48 propose command:o1-131072 as:w0-4096 expires-at:t",
    "49 approve proposal:i1 hash:h1/32 as:w0-4096 reason:x1-65536",
    "50 reject proposal:i1 reason:x1-65536",
    "64 enroll person:i1 key:h1/32 channel:h1/32 binding:h1/64 bits:b7",
    "65 expel person:i1",
    "66 evict node:n1-9223372036854775807",
    "67 rekey holder:i1 key:h1/32 channel:h1/32 binding:h1/64",
    "72 rotate epoch:o1-1340",
    "73 compartment-create epoch:o1-1340 offers:o1-576 boundary:L min-cleared:n1-9",
    "74 compartment-grant epoch:o1-1340 offers:o1-576",
    "75 compartment-revoke epoch:o1-1340 override:i0",
    "76 compartment-attest compartment:i1 epoch:n1-9223372036854775807",
    "77 compartment-shred compartment:i1 epoch:n1-9223372036854775807",
    "78 compartment-recover epoch:o1-1340 offers:o1-576 override:i0",
    "79 recovery-attest compartment:i1 key:h1/32",
};

static void describe_field(const struct response_field *field, char *out, size_t size)
{
    static const char kinds[] = "iIhwbntlLxeos";
    uint64_t low = field->min;
    uint64_t high = field->max;
    if (field->type == RESPONSE_FIELD_WORD) {
        high = response_last_number(field->words);
        while (low > 0 && response_word(field->words, (uint32_t)low)[0] == '\0')
            low++;
    }
    int used = snprintf(out, size, " %s:%c", field->name, kinds[field->type]);
    switch (field->type) {
    case RESPONSE_FIELD_FIXED:
        snprintf(out + used, size - (size_t)used, "%" PRIu64 "/%zu", low, field->size);
        break;
    case RESPONSE_FIELD_ID:
        snprintf(out + used, size - (size_t)used, "%" PRIu64, low);
        break;
    case RESPONSE_FIELD_BITS:
        snprintf(out + used, size - (size_t)used, "%u", response_all_bits(field->words));
        break;
    case RESPONSE_FIELD_IDS:
    case RESPONSE_FIELD_LINES:
    case RESPONSE_FIELD_TIME:
        break;
    default:
        snprintf(out + used, size - (size_t)used, "%" PRIu64 "-%" PRIu64, low, high);
    }
}

Test(response_layout, none_has_changed)
{
    size_t place = 0;
    for (uint64_t op = response_op_after(0); op != 0; op = response_op_after(op)) {
        char text[512];
        uint32_t count;
        const struct response_field *fields = response_fields(op, &count);
        int used = snprintf(text, sizeof text, "%" PRIu64 " %s", op, response_op_name(op));
        for (uint32_t i = 0; i < count; i++) {
            describe_field(&fields[i], text + used, sizeof text - (size_t)used);
            used += (int)strlen(text + used);
        }
        cr_assert_lt(place, sizeof layouts / sizeof layouts[0]);
        /* words of `attest` begin at 17: the least is what its set has */
        if (op == RESPONSE_OP_ATTEST)
            cr_assert_eq(response_word(response_attestations, 16)[0], '\0');
        cr_expect_str_eq(text, layouts[place]);
        place++;
    }
    cr_assert_eq(place, sizeof layouts / sizeof layouts[0]);
}

/* The words themselves, in the order of their numbers. */
Test(response_layout, no_word_has_changed)
{
    static const struct {
        const struct response_word *set;
        const char *words;
    } sets[] = {
        {response_sources, "automated=1 first-party=2 vulnerability-report=3 customer-report=4 "
                           "exercise=5 operator=6 physical=7 unknown=8"},
        {response_subsources, "antimalware=1 ids=2 anomaly=3 other=4"},
        {response_cia, "confidentiality=1 integrity=2 availability=4"},
        {response_functionals, "none=1 low=2 medium=3 high=4"},
        {response_information, "privacy-breach=1 proprietary-breach=2 integrity-loss=4"},
        {response_recoverabilities, "regular=1 supplemented=2 extended=3 not-recoverable=4"},
        {response_severities, "sev0=1 sev1=2 sev2=3 sev3=4 sev4=5"},
        {response_priorities, "p0=1 p1=2 p2=3 p3=4 p4=5"},
        {response_risks, "none=1 possible=2 imminent=3 confirmed=4"},
        {response_responsibilities, "provider=1 customer=2 shared=3"},
        {response_classes, "false-positive=1 security-event=2 security-incident=3 privacy-event=4 "
                           "privacy-incident=5"},
        {response_grounds, "attempt=1 circumvention=2 data-indication=3"},
        {response_answers, "filter=1 detector=2"},
        {response_harms, "destruction=1 loss=2 alteration=4 disclosure=8 access=16"},
        {response_likelihoods, "likely=1 occurred=2"},
        {response_fact_kinds, "declared=1 withdrawn=2"},
        {response_stages, "detect=1 assess=2 diagnose=3 stabilize=4 close=5"},
        {response_dispositions, "resolved=1 not-escalated=2 customer-managed=3 false-positive=4"},
        {response_note_kinds, "note=1 finding=2"},
        {response_task_kinds, "work=1 follow-up=2 review=3"},
        {response_task_states, "open=1 claimed=2 done=3 dropped=4"},
        {response_step_kinds, "containment=1 mitigation=2 workaround=3 recovery=4"},
        {response_step_states, "planned=1 started=2 done=3 verified=4 reverted=5 dropped=6"},
        {response_custodies, "acquire=1 offer=2 accept=3 access=4 seal=5 verify=6 dispose=7"},
        {response_link_kinds, "duplicate-of=1 related-to=2 caused-by=3"},
        {response_yes_no, "yes=1 no=2"},
        {response_drill_kinds, "leader-loss=1 node-loss=2 isolate=3 slow-region=4 disk-full=5"},
        {response_roles, "reporter=1 responder=2 incident-manager=4 executive-incident-manager=8 "
                         "legal=16 privacy-officer=32 communications=64 service-team=128 "
                         "support=256 key-officer=512 auditor=1024 tenant-contact=2048 "
                         "operator=4096"},
        {response_person_bits, "operator=1 key-officer=2 integration=4"},
        {response_aspects,
         "stage=1 severity=2 classification=3 responsibility=4 owner=5 recovery-plan=6 task=7 "
         "containment=8 notes=9 detection=10 data-risk=11 declaration=12 evidence=13 links=14 "
         "answer=15 referral=16 customer-risk=17 business-risk=18 corrective-measures=19 "
         "tenants=20 collaboration=21 proposal=22 findings=23 signals=24"},
        {response_attestations, "customer-risk=17 business-risk=18 corrective-measures=19"},
        {response_event_kinds,
         "detect=1 join=2 note=3 stage=4 import=5 finding=6 settle=7 assess=8 severity=9 risk=10 "
         "responsibility=11 owner=12 classify=13 answer=14 declare=15 withdraw=16 tenant=17 "
         "refer=18 collaborate=19 plan=20 attest=21 reopen=22 link=23 task=24 step=25 evidence=26 "
         "custody=27 count=28 propose=29 approve=30 reject=31"},
    };
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        char text[1024] = "";
        size_t used = 0;
        for (const struct response_word *word = sets[i].set; word->text != NULL; word++) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s=%u",
                                     used > 0 ? " " : "", word->text, word->number);
            cr_assert_eq(response_number(sets[i].set, word->text), word->number);
            cr_assert_str_eq(response_word(sets[i].set, word->number), word->text);
        }
        cr_expect_str_eq(text, sets[i].words);
        cr_assert_eq(response_number(sets[i].set, "nonsense"), 0);
        cr_assert_eq(response_number(sets[i].set, ""), 0);
        cr_assert_str_eq(response_word(sets[i].set, 0), "");
    }
}

/* ---- every operation ---------------------------------------------------------------------------
 */

#define FOR_EACH_OP(op)                                                                            \
    for (enum response_op op = response_op_after(0); (int)(op) != 0; op = response_op_after(op))

Test(response_command, every_operation_comes_back)
{
    FOR_EACH_OP(op)
    {
        struct vg_buffer bytes = {0};
        struct vg_buffer again = {0};
        struct response_command decoded;
        struct vg_error error;
        struct response_command command = example_command(op);
        response_command_encode(&command, &bytes);
        cr_assert_eq(response_command_decode(vg_buffer_span(&bytes), &decoded, &error), VG_OK, "%s",
                     error.text);
        response_command_encode(&decoded, &again);
        cr_assert(vg_span_equal(vg_buffer_span(&bytes), vg_buffer_span(&again)), "%s",
                  response_op_name(op));
        vg_buffer_free(&bytes);
        vg_buffer_free(&again);
    }
}

Test(response_command, the_array_has_exactly_its_fields)
{
    FOR_EACH_OP(op)
    {
        struct vg_buffer bytes = {0};
        struct response_command decoded;
        struct vg_error error;
        struct response_command command = example_command(op);
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

static void skip_value(struct mp_reader *reader, const struct response_field *field)
{
    uint32_t items;
    switch (field->type) {
    case RESPONSE_FIELD_WORD:
    case RESPONSE_FIELD_BITS:
    case RESPONSE_FIELD_NUMBER:
    case RESPONSE_FIELD_TIME:
        mp_read_uint(reader);
        break;
    case RESPONSE_FIELD_LINE:
    case RESPONSE_FIELD_TEXT:
    case RESPONSE_FIELD_EVENTS:
        mp_read_text(reader, SIZE_MAX);
        break;
    case RESPONSE_FIELD_LINES:
        for (items = mp_read_array(reader, UINT32_MAX); items > 0; items--)
            mp_read_text(reader, SIZE_MAX);
        mp_end_array(reader);
        break;
    case RESPONSE_FIELD_IDS:
        for (items = mp_read_array(reader, UINT32_MAX); items > 0; items--)
            mp_read_bytes(reader, SIZE_MAX);
        mp_end_array(reader);
        break;
    default:
        mp_read_bytes(reader, SIZE_MAX);
    }
}

/* Where a field's bytes begin. */
static size_t offset_of(vg_span whole, enum response_op op, const struct response_field *field)
{
    uint32_t count;
    struct mp_reader reader = mp_reader_of(whole);
    mp_read_array(&reader, UINT32_MAX);
    mp_read_uint(&reader);
    for (const struct response_field *at = response_fields(op, &count); at != field; at++)
        skip_value(&reader, at);
    cr_assert_null(reader.failed);
    return reader.at;
}

/* A nil, false, a map, a negative number, a float, bytes that are no text, text that is no UTF-8.
 */
static const vg_span foreign[] = {
    {(const uint8_t *)"\xc0", 1},
    {(const uint8_t *)"\xc2", 1},
    {(const uint8_t *)"\x80", 1},
    {(const uint8_t *)"\xff", 1},
    {(const uint8_t *)"\xca\0\0\0\0", 5},
    {(const uint8_t *)"\xc4\x03\x01\x02\xff", 5},
    {(const uint8_t *)"\xa3"
                      "a\xff"
                      "b",
     4},
};

enum { FIELDS_MAX = 32 };

static void try_foreign_values(enum response_op op, const struct response_field *field)
{
    struct response_command command = example_command(op);
    struct vg_buffer whole = {0};
    response_command_encode(&command, &whole);
    size_t start = offset_of(vg_buffer_span(&whole), op, field);
    bool takes_bytes = field->type == RESPONSE_FIELD_BYTES;
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        struct response_command decoded;
        struct vg_error error = {0};
        if (takes_bytes && foreign[i].data[0] == 0xc4)
            continue;
        whole.size = start;
        vg_buffer_append(&whole, foreign[i].data, foreign[i].size);
        memset(vg_buffer_extend(&whole, FIELDS_MAX), 0, FIELDS_MAX); /* room for all items */
        cr_assert_eq(response_command_decode(vg_buffer_span(&whole), &decoded, &error), VG_INVALID,
                     "%s %s %zu", response_op_name(op), field->name, i);
        cr_assert_not_null(strstr(error.text, field->name), "%s", error.text);
    }
    vg_buffer_free(&whole);
}

Test(response_command, a_field_of_another_type_is_refused_by_its_name)
{
    FOR_EACH_OP(op)
    {
        uint32_t count;
        const struct response_field *fields = response_fields((uint64_t)op, &count);
        for (uint32_t i = 0; i < count; i++)
            try_foreign_values(op, &fields[i]);
    }
}

/* ---- bounds ------------------------------------------------------------------------------------
 */

static bool is_text(const struct response_field *field)
{
    switch (field->type) {
    case RESPONSE_FIELD_LINE:
    case RESPONSE_FIELD_TEXT:
    case RESPONSE_FIELD_EVENTS:
    case RESPONSE_FIELD_BYTES:
        return true;
    default:
        return false;
    }
}

static enum vg_code decode_with_text(enum response_op op, const struct response_field *field,
                                     vg_span value, struct vg_error *error)
{
    struct response_command command = example_command(op);
    memcpy((uint8_t *)&command + field->at, &value, sizeof value);
    return decode_again(&command, error);
}

Test(response_command, texts_have_both_bounds)
{
    char *filler = malloc(VG_DOCUMENT_MAX + 1);
    memset(filler, 'x', VG_DOCUMENT_MAX + 1);
    FOR_EACH_OP(op)
    {
        uint32_t count;
        const struct response_field *fields = response_fields((uint64_t)op, &count);
        for (uint32_t i = 0; i < count; i++) {
            const struct response_field *field = &fields[i];
            struct vg_error error = {0};
            if (!is_text(field))
                continue;
            cr_assert_eq(decode_with_text(op, field, vg_span_of(filler, field->min), &error), VG_OK,
                         "%s", error.text);
            cr_assert_eq(decode_with_text(op, field, vg_span_of(filler, field->max), &error), VG_OK,
                         "%s", error.text);
            cr_assert_eq(decode_with_text(op, field, vg_span_of(filler, field->max + 1), &error),
                         VG_INVALID, "%s", field->name);
            cr_assert_not_null(strstr(error.text, field->name), "%s", error.text);
            if (field->min > 0)
                cr_assert_eq(decode_with_text(op, field, vg_span_of(filler, 0), &error), VG_INVALID,
                             "%s", field->name);
        }
    }
    free(filler);
}

Test(response_command, texts_are_utf8_without_control_characters)
{
    static const char *const never[] = {"a\x01",        "a\x1b[2J",  "a\r",  "a\x7f",
                                        "a\xc2\x80",    "a\xc2\x9f", "\xff", "\xc0\xaf",
                                        "\xed\xa0\x80", "\xc3"};
    static const char *const in_lines[] = {"a\nb", "a\tb"};
    static const char *const always = "a\xc2\xa0\xe2\x82\xac\xf0\x9f\x94\xa5\xe2\x80\xae";
    FOR_EACH_OP(op)
    {
        uint32_t count;
        const struct response_field *fields = response_fields((uint64_t)op, &count);
        for (uint32_t i = 0; i < count; i++) {
            const struct response_field *field = &fields[i];
            struct vg_error error;
            bool bytes = field->type == RESPONSE_FIELD_BYTES;
            bool lines = bytes || field->type != RESPONSE_FIELD_LINE;
            if (!is_text(field))
                continue;
            for (size_t k = 0; k < sizeof never / sizeof never[0]; k++)
                cr_assert_eq(decode_with_text(op, field, vg_span_text(never[k]), &error),
                             bytes ? VG_OK : VG_INVALID, "%s %zu", field->name, k);
            for (size_t k = 0; k < 2; k++)
                cr_assert_eq(decode_with_text(op, field, vg_span_text(in_lines[k]), &error),
                             lines ? VG_OK : VG_INVALID, "%s %zu", field->name, k);
            cr_assert_eq(decode_with_text(op, field, vg_span_of("a\0b", 3), &error),
                         bytes ? VG_OK : VG_INVALID, "%s", field->name);
            cr_assert_eq(decode_with_text(op, field, vg_span_text(always), &error), VG_OK, "%s",
                         field->name);
        }
    }
}

static bool number_is_allowed(const struct response_field *field, uint64_t value)
{
    switch (field->type) {
    case RESPONSE_FIELD_WORD:
        return (value == 0 && field->min == 0) ||
               (value >= field->min && value <= UINT32_MAX &&
                response_word(field->words, (uint32_t)value)[0] != '\0');
    case RESPONSE_FIELD_BITS:
        return value <= response_all_bits(field->words);
    default:
        return value >= field->min && value <= field->max;
    }
}

/* Every small number, those around every power of two, and the field's own bounds. */
static void try_numbers(enum response_op op, const struct response_field *field)
{
    const uint64_t edges[] = {field->min, field->min - 1, field->max, field->max + 1};
    for (uint64_t i = 0; i < 32 + 3 * 64 + 4; i++) {
        uint64_t value = i < 32 ? i : (UINT64_C(1) << ((i - 32) / 3 % 64)) + (i - 32) % 3 - 1;
        if (i >= 32 + 3 * 64)
            value = edges[i - 32 - 3 * 64];
        uint64_t widest = field->size == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * field->size)) - 1;
        struct response_command command = example_command(op);
        struct vg_error error = {0};
        if (value > widest)
            continue;
        response_field_set_number(field, &command, value);
        cr_assert_eq(decode_again(&command, &error),
                     number_is_allowed(field, value) ? VG_OK : VG_INVALID, "%s %s %" PRIu64 ": %s",
                     response_op_name(op), field->name, value, error.text);
    }
}

Test(response_command, numbers_have_both_bounds)
{
    FOR_EACH_OP(op)
    {
        uint32_t count;
        const struct response_field *fields = response_fields((uint64_t)op, &count);
        for (uint32_t i = 0; i < count; i++) {
            bool number =
                fields[i].type == RESPONSE_FIELD_WORD || fields[i].type == RESPONSE_FIELD_BITS ||
                fields[i].type == RESPONSE_FIELD_NUMBER || fields[i].type == RESPONSE_FIELD_TIME;
            if (number)
                try_numbers(op, &fields[i]);
        }
    }
}

Test(response_command, a_number_wider_than_its_member_is_refused)
{
    struct vg_buffer bytes = {0};
    struct response_command decoded;
    struct vg_error error;
    vg_id id = {{1}};
    mp_write_array(&bytes, 5);
    mp_write_uint(&bytes, RESPONSE_OP_STAGE);
    mp_write_bytes(&bytes, vg_span_of(id.bytes, sizeof id.bytes));
    mp_write_uint(&bytes, 256 + RESPONSE_ASSESS);
    mp_write_uint(&bytes, 0);
    mp_write_text(&bytes, vg_span_text("why"));
    cr_assert_eq(response_command_decode(vg_buffer_span(&bytes), &decoded, &error), VG_INVALID);
    cr_assert_not_null(strstr(error.text, "one of detect, assess, diagnose, stabilize, close"),
                       "%s", error.text);
    vg_buffer_free(&bytes);
}

Test(response_command, ids_and_fixed_bytes_are_zero_only_where_they_may_be)
{
    FOR_EACH_OP(op)
    {
        uint32_t count;
        const struct response_field *fields = response_fields((uint64_t)op, &count);
        for (uint32_t i = 0; i < count; i++) {
            bool opaque =
                fields[i].type == RESPONSE_FIELD_ID || fields[i].type == RESPONSE_FIELD_FIXED;
            struct response_command command = example_command(op);
            struct vg_error error;
            if (!opaque)
                continue;
            memset((uint8_t *)&command + fields[i].at, 0, fields[i].size);
            cr_assert_eq(decode_again(&command, &error), fields[i].min > 0 ? VG_INVALID : VG_OK,
                         "%s %s", response_op_name(op), fields[i].name);
        }
    }
}

Test(response_command, lists_have_a_bound_and_nothing_twice)
{
    struct response_command command = example_command(RESPONSE_OP_DECLARE);
    struct vg_error error;
    char names[RESPONSE_LINES_MAX][8];
    command.declare.evidence.count = RESPONSE_IDS_MAX;
    command.declare.tenants.count = RESPONSE_LINES_MAX;
    for (uint8_t i = 0; i < RESPONSE_IDS_MAX; i++)
        command.declare.evidence.ids[i] = (vg_id){{1, i}};
    for (uint8_t i = 0; i < RESPONSE_LINES_MAX; i++) {
        snprintf(names[i], sizeof names[i], "t%u", i);
        command.declare.tenants.lines[i] = vg_span_text(names[i]);
    }
    cr_assert_eq(decode_again(&command, &error), VG_OK, "%s", error.text);
    command.declare.evidence.ids[3] = command.declare.evidence.ids[7];
    cr_assert_eq(decode_again(&command, &error), VG_INVALID);
    cr_assert_not_null(strstr(error.text, "an id twice"), "%s", error.text);
    command.declare.evidence.count = 1;
    command.declare.tenants.lines[3] = command.declare.tenants.lines[7];
    cr_assert_eq(decode_again(&command, &error), VG_INVALID);
    cr_assert_not_null(strstr(error.text, "a text twice"), "%s", error.text);
    command.declare.tenants.lines[3] = vg_span_text("");
    cr_assert_eq(decode_again(&command, &error), VG_INVALID);
}

/* As many lines as there may be, and one more, of every field that has lines. */
Test(response_command, lines_have_the_bound_of_their_field)
{
    uint32_t count;
    char names[RESPONSE_LINES_MAX + 1][8];
    for (uint32_t i = 0; i <= RESPONSE_LINES_MAX; i++)
        snprintf(names[i], sizeof names[i], "t%u", i);
    FOR_EACH_OP(op)
    {
        struct response_command command = example_command(op);
        const struct response_field *fields = response_fields(op, &count);
        for (uint32_t i = 0; i < count; i++) {
            struct response_lines *lines = (void *)((uint8_t *)&command + fields[i].at);
            if (fields[i].type != RESPONSE_FIELD_LINES)
                continue;
            for (uint32_t more = 0; more <= 1; more++) {
                struct vg_buffer bytes = {0};
                struct response_command decoded;
                struct vg_error error;
                *lines = (struct response_lines){.count = 0};
                response_command_encode(&command, &bytes);
                size_t at = offset_of(vg_buffer_span(&bytes), op, &fields[i]);
                struct vg_buffer longer = {0};
                vg_buffer_append(&longer, bytes.data, at);
                mp_write_array(&longer, (uint32_t)fields[i].max + more);
                for (uint32_t j = 0; j < fields[i].max + more; j++)
                    mp_write_text(&longer, vg_span_text(names[j]));
                vg_buffer_append(&longer, bytes.data + at + 1, bytes.size - at - 1);
                cr_assert_eq(response_command_decode(vg_buffer_span(&longer), &decoded, &error),
                             more == 0 ? VG_OK : VG_INVALID, "%s %s: %s", response_op_name(op),
                             fields[i].name, error.text);
                vg_buffer_free(&bytes);
                vg_buffer_free(&longer);
            }
        }
    }
}

/* One item more than there may be, in bytes that our own encoder would not make. */
Test(response_command, lists_that_are_too_long_are_refused)
{
    struct vg_buffer bytes = {0};
    struct response_command decoded;
    struct vg_error error;
    vg_id id = {{1}};
    mp_write_array(&bytes, 8);
    mp_write_uint(&bytes, RESPONSE_OP_CLASSIFY);
    mp_write_bytes(&bytes, vg_span_of(id.bytes, sizeof id.bytes));
    mp_write_uint(&bytes, RESPONSE_FALSE_POSITIVE);
    mp_write_uint(&bytes, 0);
    mp_write_text(&bytes, vg_span_text(""));
    mp_write_array(&bytes, RESPONSE_IDS_MAX + 1);
    for (uint8_t i = 0; i <= RESPONSE_IDS_MAX; i++) {
        id.bytes[1] = i;
        mp_write_bytes(&bytes, vg_span_of(id.bytes, sizeof id.bytes));
    }
    mp_write_array(&bytes, 0);
    mp_write_text(&bytes, vg_span_text("why"));
    cr_assert_eq(response_command_decode(vg_buffer_span(&bytes), &decoded, &error), VG_INVALID);
    cr_assert_not_null(strstr(error.text, "field evidence"), "%s", error.text);
    vg_buffer_free(&bytes);
}

Test(response_command, signals_come_whole)
{
    struct response_command command = example_command(RESPONSE_OP_COUNT);
    static uint8_t signals[(RESPONSE_SIGNALS_MAX + 1) * RESPONSE_SIGNAL_SIZE];
    struct vg_error error;
    static const struct {
        size_t size;
        enum vg_code code;
    } sizes[] = {{0, VG_INVALID},
                 {RESPONSE_SIGNAL_SIZE - 1, VG_INVALID},
                 {RESPONSE_SIGNAL_SIZE, VG_OK},
                 {RESPONSE_SIGNAL_SIZE + 1, VG_INVALID},
                 {RESPONSE_SIGNALS_MAX * RESPONSE_SIGNAL_SIZE, VG_OK},
                 {(RESPONSE_SIGNALS_MAX + 1) * RESPONSE_SIGNAL_SIZE, VG_INVALID}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        command.count.signals = vg_span_of(signals, sizes[i].size);
        cr_assert_eq(decode_again(&command, &error), sizes[i].code, "%zu", sizes[i].size);
    }
}

Test(response_command, a_timeline_has_at_most_64_lines)
{
    char lines[128];
    struct vg_error error;
    struct response_command command = example_command(RESPONSE_OP_IMPORT);
    for (size_t i = 0; i < sizeof lines; i++)
        lines[i] = i % 2 == 0 ? 'x' : '\n';
    command.import.timeline = vg_span_of(lines, 127);
    cr_assert_eq(decode_again(&command, &error), VG_OK);
    command.import.timeline = vg_span_of(lines, 128);
    cr_assert_eq(decode_again(&command, &error), VG_INVALID);
}

Test(response_command, refusals_name_the_field_and_what_it_may_be)
{
    struct response_command command = example_command(RESPONSE_OP_RISK);
    struct vg_error error;
    command.risk.risk = 5;
    cr_assert_eq(decode_again(&command, &error), VG_INVALID);
    cr_assert_not_null(strstr(error.text, "command risk: field risk"), "%s", error.text);
    cr_assert_not_null(strstr(error.text, "one of none, possible, imminent, confirmed"), "%s",
                       error.text);
    char words[300];
    response_field_describe(find_field(RESPONSE_OP_CUSTODY, "action"), words, sizeof words);
    cr_assert_null(strstr(words, "acquire"), "%s", words);
}

/* ---- hostile bytes -----------------------------------------------------------------------------
 */

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
    bytes[0] = 0x95;
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
    enum { ROUNDS = 60000 };
    const uint64_t seed = 20261122;
    struct vg_prng prng = vg_prng_seed(seed);
    enum response_op op = response_op_after(0);
    uint32_t taken = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct vg_buffer bytes = {0};
        struct vg_buffer again = {0};
        struct response_command decoded;
        struct vg_error error;
        struct response_command command = example_command(op);
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
        op = response_op_after((uint64_t)op);
        op = (int)op != 0 ? op : response_op_after(0);
    }
    cr_assert_gt(taken, ROUNDS / 20);
    cr_assert_lt(taken, ROUNDS);
}
