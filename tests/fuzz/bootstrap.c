/* SPDX-License-Identifier: Apache-2.0
 * What people send each other before there is a cluster; the first byte chooses: a public half, the
 * cluster file, a share of the recovery key, its public half, the files of a recovery. What is
 * taken is bound, checked, within its bounds. */
#include "ops/cli/bootstrap/files.h"
#include "ops/cli/bootstrap/paper.h"
#include "ops/cli/bootstrap/share.h"
#include "ops/cli/core/public.h"
#include "tests/fuzz/fuzz.h"

static enum vg_code read_public(const char *path, struct vg_error *error)
{
    struct cli_public read;
    enum vg_code code = cli_public_read(path, &read, error);
    if (code != VG_OK)
        return code;
    assert(vg_binding_verify(&vg_signer_ed25519, &read.holder, &read.keys));
    for (int i = 0; read.has_unwraps && i < LEDGER_FOUNDED; i++)
        assert(vg_unwrap_verify(&vg_signer_ed25519, &read.unwraps[i], read.holder.node,
                                &read.keys.key));
    return VG_OK;
}

static enum vg_code read_cluster(const char *path, struct vg_error *error)
{
    static struct cluster_file read;
    enum vg_code code = cluster_file_read(path, NULL, &read, error);
    if (code != VG_OK)
        return code;
    assert(ledger_genesis_check(&read.genesis, &vg_signer_ed25519, error) == VG_OK);
    for (int i = 0; i < LEDGER_FOUNDED; i++)
        assert(read.genesis.epochs[i].wrap_count == read.genesis.member_count + 1);
    for (uint32_t i = 0; i < read.genesis.member_count; i++)
        assert(read.genesis.members[i].region[0] != '\0' && read.places[i].client[0] != '\0');
    return VG_OK;
}

static enum vg_code read_share(const char *path, struct vg_error *error)
{
    struct recovery_share read;
    enum vg_code code = recovery_share_read(path, &read, error);
    if (code == VG_OK)
        assert(read.number >= 1 && read.number <= read.count && read.threshold <= read.count);
    return code;
}

static enum vg_code read_recovery(const char *path, struct vg_error *error)
{
    vg_box_public read;
    return recovery_public_read(path, &read, error);
}

static enum vg_code read_paper(const char *path, struct vg_error *error)
{
    struct recovery_paper read;
    enum vg_code code = recovery_paper_read(path, RECOVERY_REQUEST, NULL, &read, error);
    for (uint32_t i = 0; code == VG_OK && i < read.count; i++)
        assert(vg_unwrap_verify(&vg_signer_ed25519, &read.offers[i].unwrap, read.offers[i].node,
                                &read.offers[i].key));
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static enum vg_code (*const readers[])(const char *path, struct vg_error *error) = {
        read_public, read_cluster, read_share, read_recovery, read_paper};
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    struct vg_error error = {0};
    uint64_t choice = fuzz_below(&input, sizeof readers / sizeof readers[0]);
    enum vg_code code = readers[choice](fuzz_file(fuzz_rest(&input)), &error);
    if (code != VG_OK)
        fuzz_refused(code, &error);
    return 0;
}
