/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"
#include "proto/response/machine.h"

bool response_has_command(uint8_t type)
{
    return type == LEDGER_SEALED || type == LEDGER_CONTROL;
}

vg_id response_node_author(vg_node_id node)
{
    vg_id author = {{0}};
    for (int i = 0; i < 8; i++)
        author.bytes[8 + i] = (uint8_t)(node.value >> (8 * (7 - i)));
    return author;
}

bool response_is_node_author(const vg_id *author, vg_node_id *node)
{
    uint64_t high = 0;
    node->value = 0;
    for (int i = 0; i < 8; i++) {
        high = high << 8 | author->bytes[i];
        node->value = node->value << 8 | author->bytes[8 + i];
    }
    return high == 0 && node->value != 0;
}

/* The signed command in the entry's body, decoded. */
static enum vg_code unpack(const struct ledger_genesis *genesis, const struct ledger_view *entry,
                           struct response_opened *out)
{
    bool sealed = entry->envelope.type == LEDGER_SEALED;
    if (entry->envelope.epoch != 0 || (sealed && (genesis->flags & LEDGER_GENESIS_CLEAR) == 0))
        return vg_fail(&out->error, VG_INTEGRITY,
                       "key epoch %llu is not open: this release reads epoch 0 under the genesis "
                       "flag clear",
                       (unsigned long long)entry->envelope.epoch);
    if (ledger_body_open(entry->body, &entry->envelope.commitment, &out->bytes, &out->error) !=
        VG_OK)
        return out->error.code;
    return ledger_command_decode(out->bytes, &out->command, &out->error);
}

static enum vg_code check_place(const vg_hash *cluster, const struct ledger_view *entry,
                                struct response_opened *out)
{
    bool control = entry->envelope.type == LEDGER_CONTROL;
    if (!vg_hash_equal(&out->command.cluster, cluster))
        return vg_fail(&out->error, VG_INTEGRITY, "the command was signed for another cluster");
    if (!vg_id_equal(&out->command.compartment, &entry->envelope.compartment))
        return vg_fail(&out->error, VG_INTEGRITY,
                       "the command was signed for another compartment than its envelope names");
    if (vg_id_is_zero(&out->command.compartment) != control)
        return vg_fail(&out->error, VG_INTEGRITY,
                       control ? "a control entry names a compartment"
                               : "the command names no compartment");
    return VG_OK;
}

static enum vg_code check_signature(const struct response_keys *keys,
                                    const struct vg_signer *signer, struct response_opened *out)
{
    char author[VG_ID_TEXT];
    if (!keys->find(keys->context, &out->command.author, &out->key))
        return VG_OK; /* when it is applied, every key of the entries before it is known */
    out->verified = ledger_command_verify(out->bytes, signer, &out->key);
    if (out->verified)
        return VG_OK;
    vg_id_format(&out->command.author, author);
    return vg_fail(&out->error, VG_INTEGRITY, "the signature is not author %s's", author);
}

void response_open(const struct ledger_genesis *genesis, const vg_hash *cluster,
                   const struct response_keys *keys, const struct vg_signer *signer,
                   const struct ledger_view *entry, struct response_opened *out)
{
    memset(out, 0, sizeof *out);
    if (unpack(genesis, entry, out) != VG_OK || check_place(cluster, entry, out) != VG_OK ||
        check_signature(keys, signer, out) != VG_OK) {
        out->code = VG_INTEGRITY;
        out->error.code = VG_INTEGRITY;
        vg_error_prefix(&out->error, "entry %llu is void", (unsigned long long)entry->header.index);
    }
}
