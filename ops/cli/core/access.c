/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/access.h"

#include <stdlib.h>

#include "common/mem.h"
#include "common/text.h"

enum vg_code cli_access_open(const char *identity, const char *cluster, struct cli_access **out,
                             struct vg_error *error)
{
    vg_hash id;
    if (identity == NULL)
        return vg_fail(error, VG_USAGE,
                       "no identity is known; give --identity FILE, or make one with 'vigil "
                       "identity new'");
    if (cluster == NULL)
        return vg_fail(error, VG_USAGE,
                       "the id of the cluster is not known; give --genesis FILE, or use a context "
                       "that has it");
    if (!vg_hex_parse(cluster, id.bytes, sizeof id.bytes))
        return vg_fail(error, VG_INVALID,
                       "'%s' is not the id of a cluster, which has 64 hex digits", cluster);
    struct cli_access *access = vg_alloc_zero(1, sizeof *access);
    access->cluster = id;
    enum vg_code code = cli_signer_open(identity, &access->signer, error);
    if (code != VG_OK) {
        cli_access_free(access);
        return code;
    }
    access->self = (struct noise_static){.pub = access->signer.identity.channel_pub,
                                         .dh = cli_signer_dh,
                                         .context = &access->signer};
    *out = access;
    return VG_OK;
}

void cli_access_free(struct cli_access *access)
{
    if (access == NULL)
        return;
    cli_signer_close(&access->signer);
    free(access);
}
