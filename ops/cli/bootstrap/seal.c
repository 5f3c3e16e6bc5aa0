/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/bootstrap/seal.h"

#include "common/identity.h"

static enum vg_code seal(struct ledger_genesis *genesis, enum ledger_founded which,
                         const struct bootstrap_holders *holders, struct vg_error *error)
{
    vg_cipher_key key;
    vg_box_public unwraps[COMPARTMENT_WRAPS_MAX] = {holders->recovery};
    uint8_t seeds[COMPARTMENT_WRAPS_MAX][VG_SEED_SIZE];
    vg_random(key.bytes, sizeof key.bytes);
    vg_random(seeds, sizeof seeds);
    for (uint32_t i = 0; i < genesis->member_count; i++)
        unwraps[i + 1] = holders->members[i][which];
    enum vg_code code = ledger_genesis_seal(genesis, which, &key, unwraps, seeds, error);
    vg_wipe(seeds, sizeof seeds);
    vg_wipe(&key, sizeof key);
    return code;
}

enum vg_code bootstrap_seal(struct ledger_genesis *genesis, const struct bootstrap_holders *holders,
                            struct vg_error *error)
{
    enum vg_code code = VG_OK;
    for (uint32_t i = 0; code == VG_OK && i < LEDGER_FOUNDED; i++)
        code = seal(genesis, i, holders, error);
    return code;
}
