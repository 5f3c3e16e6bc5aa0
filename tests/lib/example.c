/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/example.h"

static const vg_id some_id = {{1, 2, 3}};
static const uint8_t some_bytes[VG_SIGNATURE_SIZE] = {4, 5, 6};

static uint32_t some_word(const struct response_field *field)
{
    const struct response_word *word = field->words;
    while (word->number < field->min)
        word++;
    return word->number;
}

void example_field(const struct response_field *field, struct response_command *command)
{
    static const uint8_t signal[RESPONSE_SIGNAL_SIZE] = {7};
    void *member = (uint8_t *)command + field->at;
    switch (field->type) {
    case RESPONSE_FIELD_ID:
        memcpy(member, &some_id, sizeof some_id);
        break;
    case RESPONSE_FIELD_IDS:
        *(struct response_ids *)member = (struct response_ids){1, {some_id}};
        break;
    case RESPONSE_FIELD_FIXED:
        memcpy(member, some_bytes, field->size);
        break;
    case RESPONSE_FIELD_WORD:
        response_field_set_number(field, command, some_word(field));
        break;
    case RESPONSE_FIELD_BITS:
        response_field_set_number(field, command, response_all_bits(field->words));
        break;
    case RESPONSE_FIELD_NUMBER:
    case RESPONSE_FIELD_TIME:
        response_field_set_number(field, command, field->min + 1);
        break;
    case RESPONSE_FIELD_LINES:
        *(struct response_lines *)member = (struct response_lines){1, {vg_span_text("acme")}};
        break;
    case RESPONSE_FIELD_SIGNALS:
        *(vg_span *)member = vg_span_of(signal, sizeof signal);
        break;
    case RESPONSE_FIELD_LINE:
    case RESPONSE_FIELD_TEXT:
    case RESPONSE_FIELD_EVENTS:
    case RESPONSE_FIELD_BYTES:
        *(vg_span *)member = vg_span_text("odd login \xc3\xa9");
        break;
    }
}

struct response_command example_command(enum response_op op)
{
    struct response_command command;
    uint32_t count;
    const struct response_field *fields = response_fields((uint64_t)op, &count);
    memset(&command, 0, sizeof command);
    command.op = op;
    for (uint32_t i = 0; i < count; i++)
        example_field(&fields[i], &command);
    return command;
}
