/* SPDX-License-Identifier: Apache-2.0
 * VERIS documents: what is taken becomes an import command that nodes can decode. */
#include "ops/cli/veris/veris.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vg_span document = vg_span_of(data, size);
    struct veris_incident incident;
    struct response_command command, decoded;
    struct vg_error error = {0};
    enum vg_code code = veris_read(document, &incident, &error);
    if (code != VG_OK) {
        fuzz_refused(code, &error);
        return 0;
    }
    struct vg_buffer bytes = {0};
    command = veris_command(&incident, "veris", document);
    response_command_encode(&command, &bytes);
    assert(response_command_decode(vg_buffer_span(&bytes), &decoded, &error) == VG_OK);
    assert(vg_span_equal(decoded.import.document, document));
    vg_buffer_free(&bytes);
    return 0;
}
