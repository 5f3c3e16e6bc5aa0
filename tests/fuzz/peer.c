/* SPDX-License-Identifier: Apache-2.0
 * Messages between nodes: the first byte chooses which, the rest is decoded. A value has one
 * encoding, so what decodes is encoded to the same bytes. */
#include "proto/wire/peer.h"
#include "tests/fuzz/fuzz.h"

FUZZ_ROUND_TRIP(hello, struct wire_hello, wire_hello_decode, wire_hello_encode, true)
FUZZ_ROUND_TRIP(raft, struct wire_raft, wire_raft_decode, wire_raft_encode, true)
FUZZ_ROUND_TRIP(forward, struct wire_forward, wire_forward_decode, wire_forward_encode, true)
/* A code that this build does not know is taken for the last one. */
FUZZ_ROUND_TRIP(forward_resp, struct wire_forward_resp, wire_forward_resp_decode,
                wire_forward_resp_encode, out->code != VG_INTEGRITY)
FUZZ_ROUND_TRIP(fetch, struct wire_fetch, wire_fetch_decode, wire_fetch_encode, true)
FUZZ_ROUND_TRIP(fetched, struct wire_fetched, wire_fetched_decode, wire_fetched_encode,
                out->code != VG_INTEGRITY)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const messages[])(vg_span) = {hello, raft, forward, forward_resp, fetch, fetched};
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    uint64_t choice = fuzz_below(&input, sizeof messages / sizeof messages[0]);
    messages[choice](fuzz_rest(&input));
    return 0;
}
