/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/clearing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/text.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/public.h"

bool clearing_nodes_add(struct clearing_nodes *nodes, uint64_t node)
{
    uint32_t at = nodes->count;
    for (uint32_t i = 0; i < nodes->count; i++)
        if (nodes->nodes[i] == node)
            return false;
    if (nodes->count == VG_NODES_MAX)
        return false;
    for (; at > 0 && nodes->nodes[at - 1] > node; at--)
        nodes->nodes[at] = nodes->nodes[at - 1];
    nodes->nodes[at] = node;
    nodes->count++;
    return true;
}

enum vg_code clearing_nodes_parse(struct cli_call *call, const char *text,
                                  struct clearing_nodes *out)
{
    *out = (struct clearing_nodes){.count = 0};
    for (const char *at = text; at != NULL;) {
        const char *comma = strchr(at, ',');
        char word[24];
        uint64_t node;
        snprintf(word, sizeof word, "%.*s", comma != NULL ? (int)(comma - at) : 20, at);
        if (cli_number_parse(word, "--nodes", 1, INT64_MAX, &node, &call->error) != VG_OK)
            return call->error.code;
        if (!clearing_nodes_add(out, node))
            return vg_fail(&call->error, VG_USAGE,
                           "--nodes: node %" PRIu64 " is named twice, or more than %d are named",
                           node, VG_NODES_MAX);
        at = comma != NULL ? comma + 1 : NULL;
    }
    return VG_OK;
}

/* ---- one node ----------------------------------------------------------------------------------
 */

/* A node as the cluster knows it. */
static enum vg_code find_member(struct cli_call *call, uint64_t node, struct cli_public *out)
{
    struct cli_author *author;
    size_t i;
    json_t *row;
    enum vg_code code = cli_author_open(call, &author);
    if (code != VG_OK)
        return code;
    json_array_foreach(json_object_get(author->names, "nodes"), i, row)
    {
        if (cli_public_of(row, VG_IDENTITY_NODE, out) && out->holder.node.value == node)
            return VG_OK;
    }
    return vg_fail(&call->error, VG_NOT_FOUND,
                   "the cluster has no node %" PRIu64 "; see vigil cluster status", node);
}

enum vg_code clearing_key_of(struct cli_call *call, uint64_t node, vg_public_key *out)
{
    struct cli_public member;
    enum vg_code code = find_member(call, node, &member);
    if (code == VG_OK)
        *out = member.keys.key;
    return code;
}

/* Where it is: the place of the context that is known by its channel key. */
static const struct cli_node *place_of(struct cli_call *call, const struct cli_public *node)
{
    for (unsigned i = 0; i < call->settings.node_count; i++) {
        const struct cli_node *place = &call->settings.nodes[i];
        if (place->has_key && memcmp(&place->key, &node->keys.channel, sizeof place->key) == 0)
            return place;
    }
    vg_fail(&call->error, VG_NOT_FOUND,
            "this context has no address of node %" PRIu64
            ", which must be asked itself; add it: vigil context --help",
            node->holder.node.value);
    return NULL;
}

/* Asks that node and no other; takes the reference to `query`. */
static json_t *ask_node(struct cli_call *call, const struct cli_public *node, json_t *query)
{
    const struct cli_node *place = place_of(call, node);
    struct cli_client *client = NULL;
    json_t *answer = NULL;
    if (place != NULL && cli_client_new(cli_access(call), place, 1, call->settings.timeout_ms,
                                        &client, &call->error) == VG_OK)
        cli_client_query(client, query, &answer, &call->error, &call->details);
    cli_client_free(client);
    json_decref(query);
    return answer;
}

/* ---- offers ------------------------------------------------------------------------------------
 */

static enum vg_code collect_one(struct cli_call *call, const vg_id *compartment, uint64_t node,
                                struct vg_unwrap_key *out)
{
    char id[VG_ID_TEXT];
    struct cli_public member;
    vg_id_format(compartment, id);
    if (find_member(call, node, &member) != VG_OK)
        return call->error.code;
    json_t *offer =
        ask_node(call, &member, json_pack("{s:s, s:s}", "query", "keyring.offer", "id", id));
    if (offer == NULL)
        return call->error.code;
    out->compartment = *compartment;
    bool reads =
        vg_hex_parse(cli_json_text(offer, "unwrap_key"), out->key.bytes, sizeof out->key.bytes) &&
        vg_hex_parse(cli_json_text(offer, "unwrap_binding"), out->binding.bytes,
                     sizeof out->binding.bytes);
    json_decref(offer);
    if (reads && vg_unwrap_verify(&vg_signer_ed25519, out, member.holder.node, &member.keys.key))
        return VG_OK;
    return vg_fail(&call->error, VG_INTEGRITY,
                   "node %" PRIu64 " offers an unwrap key that it did not sign for compartment %s",
                   node, id);
}

enum vg_code clearing_collect(struct cli_call *call, const vg_id *compartment,
                              const struct clearing_nodes *nodes, struct clearing_offers *out)
{
    enum vg_code code = VG_OK;
    *out = (struct clearing_offers){.from = *nodes};
    for (uint32_t i = 0; code == VG_OK && i < nodes->count; i++) {
        code = collect_one(call, compartment, nodes->nodes[i], &out->keys[i]);
        memcpy(out->signatures + (size_t)i * VG_SIGNATURE_SIZE, &out->keys[i].binding,
               VG_SIGNATURE_SIZE);
    }
    return code;
}

/* ---- the next epoch ----------------------------------------------------------------------------
 */

static json_t *prepare_query(const struct compartment_epoch *in_force,
                             const struct clearing_nodes *nodes,
                             const struct clearing_offers *offers)
{
    char id[VG_ID_TEXT];
    json_t *holders = json_array();
    json_t *given = json_array();
    vg_id_format(&in_force->compartment, id);
    for (uint32_t i = 0; i < nodes->count; i++)
        json_array_append_new(holders, json_integer((json_int_t)nodes->nodes[i]));
    for (uint32_t i = 0; i < offers->from.count; i++)
        json_array_append_new(
            given,
            json_pack("{s:I, s:o, s:o}", "node", (json_int_t)offers->from.nodes[i], "unwrap_key",
                      cli_json_hex(&offers->keys[i].key, sizeof offers->keys[i].key),
                      "unwrap_binding",
                      cli_json_hex(&offers->keys[i].binding, sizeof offers->keys[i].binding)));
    return json_pack("{s:s, s:s, s:o, s:o}", "query", "compartment.prepare", "id", id, "holders",
                     holders, "offers", given);
}

static const vg_box_public *expected_key(const struct compartment_epoch *in_force,
                                         const struct clearing_offers *offers, vg_node_id holder)
{
    const struct compartment_wrap *wrap = compartment_wrap_of(in_force, holder);
    for (uint32_t i = 0; wrap == NULL && i < offers->from.count; i++)
        if (offers->from.nodes[i] == holder.value)
            return &offers->keys[i].key;
    return wrap != NULL ? &wrap->unwrap : NULL;
}

/* The epoch that was asked for, for whom it was asked: nothing else is signed. */
static bool is_as_asked(const struct compartment_epoch *in_force,
                        const struct clearing_nodes *nodes, const struct clearing_offers *offers,
                        const struct compartment_epoch *next)
{
    if (!vg_id_equal(&next->compartment, &in_force->compartment) ||
        compartment_epoch_follows(in_force, next, NULL) != VG_OK ||
        next->wrap_count != nodes->count + 1)
        return false;
    for (uint32_t i = 0; i < next->wrap_count; i++) {
        const struct compartment_wrap *wrap = &next->wraps[i];
        vg_node_id holder = {i == 0 ? COMPARTMENT_RECOVERY : nodes->nodes[i - 1]};
        const vg_box_public *expected = expected_key(in_force, offers, holder);
        if (!vg_node_equal(wrap->holder, holder) || expected == NULL ||
            memcmp(expected, &wrap->unwrap, sizeof *expected) != 0)
            return false;
    }
    return true;
}

static enum vg_code take_record(struct cli_call *call, const json_t *answer, uint64_t node,
                                const struct compartment_epoch *in_force,
                                const struct clearing_nodes *nodes,
                                const struct clearing_offers *offers, struct compartment_epoch *out)
{
    struct vg_buffer bytes = {0};
    const json_t *record = json_object_get(answer, "record");
    bool ok = vg_base64_parse(vg_span_of(json_string_value(record), json_string_length(record)),
                              &bytes) &&
              compartment_epoch_decode(vg_buffer_span(&bytes), out, NULL) == VG_OK;
    vg_buffer_free(&bytes);
    if (ok && out->epoch != in_force->epoch + 1)
        return vg_fail(&call->error, VG_CONFLICT,
                       "epoch %" PRIu64 " is in force at node %" PRIu64 ", not epoch %" PRIu64
                       ": somebody else has made another meanwhile; look at it, and try again",
                       out->epoch - 1, node, in_force->epoch);
    return ok && is_as_asked(in_force, nodes, offers, out)
               ? VG_OK
               : vg_fail(&call->error, VG_INTEGRITY,
                         "node %" PRIu64 " made another epoch than it was asked for; see its log",
                         node);
}

enum vg_code clearing_prepare(struct cli_call *call, const struct compartment_epoch *in_force,
                              const struct clearing_nodes *nodes,
                              const struct clearing_offers *offers, struct compartment_epoch *out)
{
    json_t *answer = NULL;
    uint64_t node = 0;
    vg_fail(&call->error, VG_UNAVAILABLE,
            "no node that is cleared now is to be cleared after; clear another one first");
    for (uint32_t i = 0; answer == NULL && i < nodes->count; i++) {
        struct cli_public member = {.holder.node = {nodes->nodes[i]}};
        node = nodes->nodes[i];
        if (compartment_wrap_of(in_force, (vg_node_id){node}) == NULL ||
            find_member(call, node, &member) != VG_OK)
            continue;
        answer = ask_node(call, &member, prepare_query(in_force, nodes, offers));
    }
    if (answer == NULL)
        return call->error.code;
    call->error = (struct vg_error){.code = VG_OK};
    enum vg_code code = take_record(call, answer, node, in_force, nodes, offers, out);
    json_decref(answer);
    return code;
}
