/* SPDX-License-Identifier: Apache-2.0
 * Requests and responses of clients: the first byte chooses which, the rest is decoded. */
#include "proto/wire/client.h"
#include "tests/fuzz/fuzz.h"

FUZZ_ROUND_TRIP(request, struct wire_request, wire_request_decode, wire_request_encode, true)
FUZZ_ROUND_TRIP(response, struct wire_response, wire_response_decode, wire_response_encode, true)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    (fuzz_below(&input, 2) == 0 ? request : response)(fuzz_rest(&input));
    return 0;
}
