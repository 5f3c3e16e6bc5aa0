/* SPDX-License-Identifier: Apache-2.0
 * Signed commands: what decodes is, signed again, the same bytes but for the signature, which then
 * verifies under its key and under no other bytes. */
#include "proto/ledger/entry.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/fast_signer.h"

static void sign_again(struct ledger_command *command, vg_span bytes)
{
    static const uint8_t seed[VG_SEED_SIZE] = {1};
    vg_public_key key;
    vg_secret_key secret;
    struct vg_buffer again = {0};
    size_t size = ledger_command_size(command);
    assert(size == bytes.size);
    fast_signer.keypair(seed, &key, &secret);
    ledger_command_verify(bytes, &fast_signer, &key);
    ledger_command_sign(command, &fast_signer, &secret, vg_buffer_extend(&again, size));
    assert(memcmp(again.data, bytes.data, size - VG_SIGNATURE_SIZE) == 0);
    assert(ledger_command_verify(vg_buffer_span(&again), &fast_signer, &key));
    again.data[command->signature.bytes[0] % (size - VG_SIGNATURE_SIZE)] ^= 1;
    assert(!ledger_command_verify(vg_buffer_span(&again), &fast_signer, &key));
    vg_buffer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vg_span bytes = vg_span_of(data, size);
    struct ledger_command command;
    struct vg_error error = {0};
    enum vg_code code = ledger_command_decode(bytes, &command, &error);
    if (code == VG_OK)
        sign_again(&command, bytes);
    else
        fuzz_refused(code, &error);
    return 0;
}
