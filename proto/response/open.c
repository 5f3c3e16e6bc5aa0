/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"
#include <stdlib.h>

#include "common/mem.h"
#include "proto/compartment/body.h"
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

struct vg_holder response_holder_of(const vg_id *author)
{
    vg_node_id node;
    if (response_is_node_author(author, &node))
        return (struct vg_holder){.kind = VG_IDENTITY_NODE, .node = node};
    return (struct vg_holder){.kind = VG_IDENTITY_PERSON, .person = *author};
}

enum vg_code response_body(const struct response_keys *keys, const struct ledger_view *entry,
                           vg_span *body, uint8_t **made, struct vg_error *error)
{
    const struct ledger_envelope *envelope = &entry->envelope;
    vg_cipher_key key;
    char compartment[VG_ID_TEXT];
    *body = entry->body;
    *made = NULL;
    if (envelope->epoch == 0)
        return VG_OK;
    vg_id_format(&envelope->compartment, compartment);
    if (keys->data_key == NULL ||
        !keys->data_key(keys->keyring, &envelope->compartment, envelope->epoch, &key))
        return vg_fail(error, VG_UNAVAILABLE, "no data key of epoch %llu of compartment %s here",
                       (unsigned long long)envelope->epoch, compartment);
    *made = vg_alloc(body->size + 1);
    bool opens =
        compartment_body_open(&key, envelope->nonce, entry->envelope_bytes, entry->body, *made);
    vg_wipe(&key, sizeof key);
    *body = vg_span_of(*made, entry->body.size);
    return opens ? VG_OK
                 : vg_fail(error, VG_INTEGRITY,
                           "it does not open under the key of epoch %llu of compartment %s",
                           (unsigned long long)envelope->epoch, compartment);
}

void response_body_free(uint8_t *made, const struct ledger_view *entry)
{
    if (made != NULL)
        vg_wipe(made, entry->body.size);
    free(made);
}

/* The signed command in the entry's body, decoded. */
static enum vg_code unpack(const struct ledger_genesis *genesis, const struct response_keys *keys,
                           const struct ledger_view *entry, struct response_opened *out)
{
    const struct ledger_envelope *envelope = &entry->envelope;
    bool in_clear = envelope->type == LEDGER_SEALED && envelope->epoch == 0;
    vg_span body;
    if (in_clear && (genesis->flags & LEDGER_GENESIS_CLEAR) == 0)
        return vg_fail(&out->error, VG_INTEGRITY,
                       "it is in clear, which the genesis does not allow");
    if (response_body(keys, entry, &body, &out->clear, &out->error) != VG_OK)
        return out->error.code;
    if (ledger_body_open(body, &envelope->commitment, &out->bytes, &out->error) != VG_OK)
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

/* No more than a finding: when it is applied, every key of the entries before it is known. */
static void check_signature(const struct response_keys *keys, const struct vg_signer *signer,
                            struct response_opened *out)
{
    out->checked = keys->find(keys->context, &out->command.author, &out->key);
    out->verified = out->checked && ledger_command_verify(out->bytes, signer, &out->key);
}

void response_open(const struct ledger_genesis *genesis, const vg_hash *cluster,
                   const struct response_keys *keys, const struct vg_signer *signer,
                   const struct ledger_view *entry, struct response_opened *out)
{
    memset(out, 0, sizeof *out);
    enum vg_code code = unpack(genesis, keys, entry, out);
    if (code == VG_OK)
        code = check_place(cluster, entry, out);
    if (code == VG_OK)
        check_signature(keys, signer, out);
    if (code == VG_OK)
        return;
    bool lacks_key = code == VG_UNAVAILABLE;
    out->code = out->error.code = lacks_key ? VG_UNAVAILABLE : VG_INTEGRITY;
    vg_error_prefix(&out->error, lacks_key ? "entry %llu cannot be opened" : "entry %llu is void",
                    (unsigned long long)entry->header.index);
}

void response_opened_free(struct response_opened *opened, const struct ledger_view *entry)
{
    response_body_free(opened->clear, entry);
    opened->clear = NULL;
}
