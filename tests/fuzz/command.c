/* SPDX-License-Identifier: Apache-2.0
 * Commands of every operation: what decodes is encoded to the same bytes, since signatures and
 * request hashes rest on that, and every field of it can be shown. */
#include "proto/response/fields.h"
#include "tests/fuzz/fuzz.h"

static void show_fields(const struct response_command *command)
{
    struct vg_buffer text = {0};
    uint32_t count;
    const struct response_field *fields = response_fields(command->op, &count);
    for (uint32_t i = 0; i < count; i++) {
        response_field_text(&fields[i], command, &text);
        response_field_given(&fields[i], command);
    }
    vg_buffer_free(&text);
}

static void encode(const struct response_command *command, struct vg_buffer *out)
{
    show_fields(command);
    response_command_encode(command, out);
}

FUZZ_ROUND_TRIP(again, struct response_command, response_command_decode, encode, true)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    again(vg_span_of(data, size));
    return 0;
}
