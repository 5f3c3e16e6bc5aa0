/* SPDX-License-Identifier: Apache-2.0
 * The genesis: what decodes is encoded to the same bytes, finds its people, and is checked. */
#include "proto/ledger/genesis.h"
#include "tests/fuzz/fuzz.h"

static void encode(const struct ledger_genesis *genesis, struct vg_buffer *out)
{
    uint8_t bytes[LEDGER_GENESIS_MAX];
    vg_buffer_append(out, bytes, ledger_genesis_encode(genesis, bytes));
    for (uint32_t i = 0; i < genesis->person_count; i++)
        assert(ledger_genesis_person(genesis, &genesis->people[i].id) == &genesis->people[i]);
    struct vg_error error = {0};
    enum vg_code code = ledger_genesis_check(genesis, &vg_signer_ed25519, &error);
    if (code != VG_OK)
        fuzz_refused(code, &error);
}

FUZZ_ROUND_TRIP(again, struct ledger_genesis, ledger_genesis_decode, encode, true)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    again(vg_span_of(data, size));
    return 0;
}
