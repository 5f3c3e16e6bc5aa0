/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/bootstrap/seal.h"

#include "common/identity.h"

enum vg_code bootstrap_seal(struct ledger_genesis *genesis, const vg_box_public *unwraps,
                            struct vg_error *error)
{
    vg_cipher_key key;
    uint8_t seeds[COMPARTMENT_WRAPS_MAX][VG_SEED_SIZE];
    vg_random(key.bytes, sizeof key.bytes);
    vg_random(seeds, sizeof seeds);
    enum vg_code code = ledger_genesis_seal(genesis, LEDGER_DIRECTORY, &key, unwraps, seeds, error);
    vg_wipe(seeds, sizeof seeds);
    vg_wipe(&key, sizeof key);
    return code;
}
