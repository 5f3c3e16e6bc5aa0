/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"
#include "proto/response/machine.h"

/* The signed command in the entry's body, decoded. */
static enum vg_code unpack(const struct ledger_genesis *genesis, const struct ledger_view *entry,
                           vg_span *bytes, struct response_opened *out)
{
    if (entry->envelope.epoch != 0 || (genesis->flags & LEDGER_GENESIS_CLEAR) == 0)
        return vg_fail(&out->error, VG_INTEGRITY,
                       "key epoch %llu is not open: this release reads epoch 0 under the genesis "
                       "flag clear",
                       (unsigned long long)entry->envelope.epoch);
    if (ledger_body_open(entry->body, &entry->envelope.commitment, bytes, &out->error) != VG_OK)
        return out->error.code;
    return ledger_command_decode(*bytes, &out->command, &out->error);
}

static enum vg_code check_place(const vg_hash *cluster, const struct ledger_view *entry,
                                struct response_opened *out)
{
    if (!vg_hash_equal(&out->command.cluster, cluster))
        return vg_fail(&out->error, VG_INTEGRITY, "the command was signed for another cluster");
    if (!vg_id_equal(&out->command.compartment, &entry->envelope.compartment))
        return vg_fail(&out->error, VG_INTEGRITY,
                       "the command was signed for another compartment than its envelope names");
    if (vg_id_is_zero(&out->command.compartment))
        return vg_fail(&out->error, VG_INTEGRITY, "the command names no compartment");
    return VG_OK;
}

static enum vg_code check_author(const struct ledger_genesis *genesis,
                                 const struct vg_signer *signer, vg_span bytes,
                                 struct response_opened *out)
{
    char author[VG_ID_TEXT];
    vg_id_format(&out->command.author, author);
    const struct ledger_person *person = ledger_genesis_person(genesis, &out->command.author);
    if (person == NULL)
        return vg_fail(&out->error, VG_INTEGRITY, "author %s has no key in this cluster", author);
    if (!ledger_command_verify(bytes, signer, &person->key))
        return vg_fail(&out->error, VG_INTEGRITY, "the signature is not author %s's", author);
    return VG_OK;
}

void response_open(const struct ledger_genesis *genesis, const vg_hash *cluster,
                   const struct vg_signer *signer, const struct ledger_view *entry,
                   struct response_opened *out)
{
    vg_span bytes = {0};
    memset(out, 0, sizeof *out);
    if (unpack(genesis, entry, &bytes, out) != VG_OK || check_place(cluster, entry, out) != VG_OK ||
        check_author(genesis, signer, bytes, out) != VG_OK) {
        out->code = VG_INTEGRITY;
        out->error.code = VG_INTEGRITY;
        vg_error_prefix(&out->error, "entry %llu is void", (unsigned long long)entry->header.index);
    }
}
