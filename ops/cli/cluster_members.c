/* SPDX-License-Identifier: Apache-2.0
 * `vigil cluster members`: whose keys the cluster knows, and their fingerprints. */
#include <stdio.h>

#include "common/text.h"
#include "ops/cli/bootstrap/members.h"
#include "ops/cli/cluster.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"

/* The node is not believed: what it says of keys must hold by itself. */
static enum vg_code take(struct cli_call *call, const json_t *row, enum vg_identity_kind kind,
                         struct cli_public *out)
{
    char whose[VG_HOLDER_TEXT];
    if (!cli_public_of(row, kind, out))
        return vg_fail(&call->error, VG_INTEGRITY,
                       "the node's directory has a member without keys; see its log");
    if (vg_binding_verify(&vg_signer_ed25519, &out->holder, &out->keys))
        return VG_OK;
    return vg_fail(&call->error, VG_INTEGRITY,
                   "the keys of %s are not bound to each other; ask another node, and see the log "
                   "of this one",
                   vg_holder_format(&out->holder, whose));
}

static enum vg_code add_nodes(struct cli_call *call, const json_t *directory, const json_t *status,
                              json_t *out)
{
    size_t i;
    json_t *node;
    struct cli_public identity;
    json_array_foreach(json_object_get(directory, "nodes"), i, node)
    {
        if (cli_json_text(node, "evicted_at")[0] != '\0')
            continue;
        if (take(call, node, VG_IDENTITY_NODE, &identity) != VG_OK)
            return call->error.code;
        const json_t *row = cluster_row_of(status, identity.holder.node.value);
        json_array_append_new(out, members_node(&identity, cli_json_text(row, "region"), NULL));
    }
    return VG_OK;
}

static enum vg_code add_people(struct cli_call *call, const json_t *directory, json_t *out)
{
    size_t i, k;
    json_t *person, *right;
    struct cli_public identity;
    json_array_foreach(json_object_get(directory, "people"), i, person)
    {
        uint32_t bits = 0;
        const char *name = cli_json_text(person, "name");
        if (cli_json_text(person, "removed_at")[0] != '\0')
            continue;
        if (take(call, person, VG_IDENTITY_PERSON, &identity) != VG_OK)
            return call->error.code;
        json_array_foreach(json_object_get(person, "rights"), k, right) bits |=
            response_number(response_person_bits, cli_json_text(right, ""));
        json_array_append_new(
            out, members_person(&identity, name[0] != '\0' ? name : NULL, (uint8_t)bits));
    }
    return VG_OK;
}

/* The recovery key is the holder of the directory's key that is no node. */
static enum vg_code take_recovery(struct cli_call *call, vg_box_public *out)
{
    size_t i;
    json_t *holder;
    bool found = false;
    json_t *shown = cli_query(
        call, json_pack("{s:s, s:s}", "query", "compartment.show", "compartment", "directory"));
    json_array_foreach(json_object_get(shown, "holders"), i, holder)
    {
        if (json_is_null(json_object_get(holder, "node")))
            found =
                vg_hex_parse(cli_json_text(holder, "unwrap_key"), out->bytes, sizeof out->bytes);
    }
    json_decref(shown);
    if (call->error.code == VG_OK && !found)
        return vg_fail(&call->error, VG_INTEGRITY,
                       "the node's directory is sealed for no recovery key; see its log");
    return call->error.code;
}

enum vg_code cluster_members(struct cli_call *call)
{
    vg_hash cluster;
    vg_box_public recovery;
    json_t *directory = cli_query(call, json_pack("{s:s}", "query", "directory"));
    json_t *status =
        directory != NULL ? cli_query(call, json_pack("{s:s}", "query", "cluster.status")) : NULL;
    json_t *document = NULL;
    enum vg_code code = call->error.code;
    if (code == VG_OK &&
        !vg_hex_parse(cli_json_text(directory, "cluster_id"), cluster.bytes, sizeof cluster.bytes))
        code = vg_fail(&call->error, VG_INTEGRITY, "the node's directory has no cluster id");
    if (code == VG_OK)
        code = take_recovery(call, &recovery);
    if (code == VG_OK) {
        document = members_document(&cluster, &recovery);
        code = add_nodes(call, directory, status, json_object_get(document, "nodes"));
    }
    if (code == VG_OK)
        code = add_people(call, directory, json_object_get(document, "people"));
    if (code == VG_OK)
        members_print(call, document);
    json_decref(document);
    json_decref(directory);
    json_decref(status);
    return code;
}
