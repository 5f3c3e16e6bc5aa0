/* SPDX-License-Identifier: Apache-2.0
 * `vigil cluster join`: a cluster file, compared with what one was told, becomes the genesis and
 * configuration of a node, and a person's context (docs/bootstrap.md). */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/identity.h"
#include "common/text.h"
#include "ops/cli/bootstrap/members.h"
#include "ops/cli/cluster.h"
#include "ops/cli/core/config.h"
#include "ops/cli/core/output.h"
#include "ops/cli/core/place.h"
#include "ops/cli/identity.h"

const struct cli_option cluster_join_options[] = {
    {.name = "fingerprint", .value = "TEXT", .help = "of the cluster, as its founder read it out"},
    {.name = "key", .value = "FILE", .help = "keys of the node this machine runs"},
    {.name = "dir",
     .value = "DIR",
     .help = "where to write genesis and node.yaml, and where the node keeps its data (.)"},
    {.name = "as", .value = "NAME", .help = "name of the context to write (the cluster's id)"},
    {.name = "compartment", .value = "NAME", .help = "default compartment of the context"},
    {.name = NULL},
};

/* What one who joins has. */
struct joining {
    struct cluster_file file;
    const struct ledger_member *member; /* this node; NULL: none */
    uint32_t place;                     /* of the member */
    const struct ledger_person *person; /* this person; NULL: not among the first */
};

/* ---- comparing --------------------------------------------------------------------------------
 */

static enum vg_code take_fingerprint(struct cli_call *call, uint8_t out[VG_FINGERPRINT_SIZE])
{
    const char *told;
    if (cli_required(call, "fingerprint", &told) != VG_OK)
        return call->error.code;
    if (vg_fingerprint_parse(told, out))
        return VG_OK;
    return vg_fail(&call->error, VG_USAGE,
                   "--fingerprint is '%s'; it is %d hex digits, with or without blanks", told,
                   2 * VG_FINGERPRINT_SIZE);
}

static enum vg_code refuse_keys(struct cli_call *call, const char *file, const char *whose,
                                const struct cli_public *there)
{
    char text[VG_FINGERPRINT_TEXT];
    vg_hash hash = vg_identity_hash(&there->holder, &there->keys);
    vg_fingerprint_format(&hash, text);
    return vg_fail(&call->error, VG_INTEGRITY,
                   "the cluster has other keys for %s than %s: their fingerprint is %s; what you "
                   "sent was altered on its way, or is older: let the founder make it anew",
                   whose, file, text);
}

/* The place of a node in the genesis, if it has these keys. */
static enum vg_code find_member(struct cli_call *call, const char *file,
                                const struct vg_identity *identity, struct joining *out)
{
    const struct ledger_genesis *genesis = &out->file.genesis;
    struct vg_keys keys = vg_identity_keys(identity);
    char whose[VG_HOLDER_TEXT];
    if (identity->kind != VG_IDENTITY_NODE)
        return vg_fail(&call->error, VG_INVALID, "%s is a person's identity; a node's is needed",
                       file);
    struct vg_holder holder = vg_identity_holder(identity);
    vg_holder_format(&holder, whose);
    while (out->place < genesis->member_count &&
           !vg_node_equal(genesis->members[out->place].id, identity->node))
        out->place++;
    if (out->place == genesis->member_count)
        return vg_fail(&call->error, VG_INVALID,
                       "%s is not in this cluster; its founder plans the nodes: vigil cluster init",
                       whose);
    out->member = &genesis->members[out->place];
    if (memcmp(&out->member->keys, &keys, sizeof keys) == 0)
        return VG_OK;
    return refuse_keys(call, file, whose,
                       &(struct cli_public){.holder = holder, .keys = out->member->keys});
}

/* Both compartments are sealed for the unwrap keys that are here. */
static enum vg_code compare_unwraps(struct cli_call *call, const char *keyring, vg_node_id node,
                                    const struct ledger_genesis *genesis,
                                    const struct vg_unwrap_key here[LEDGER_FOUNDED])
{
    for (int i = 0; i < LEDGER_FOUNDED; i++) {
        const struct compartment_wrap *wrap = compartment_wrap_of(&genesis->epochs[i], node);
        if (memcmp(&wrap->unwrap, &here[i].key, sizeof here[i].key) != 0)
            return vg_fail(&call->error, VG_INTEGRITY,
                           "the cluster seals its %s compartment for another unwrap key than that "
                           "of %s; what you sent was altered on its way, or is older: let the "
                           "founder make it anew",
                           cli_founded[i].name, keyring);
    }
    return VG_OK;
}

static enum vg_code check_keyring(struct cli_call *call, const char *key,
                                  const struct vg_identity *identity, const struct joining *joining)
{
    struct vg_unwrap_key here[LEDGER_FOUNDED];
    char *keyring = vg_keyring_beside(key);
    enum vg_code code = identity_unwrap_keys(keyring, identity, here, &call->error);
    if (code == VG_NOT_FOUND)
        code = vg_fail(&call->error, code,
                       "%s: there is no keyring beside the key; put the one back that was made "
                       "with it, since the node opens what is sealed by it",
                       keyring);
    else if (code == VG_OK)
        code = compare_unwraps(call, keyring, identity->node, &joining->file.genesis, here);
    free(keyring);
    return code;
}

static enum vg_code take_node(struct cli_call *call, struct joining *out)
{
    const char *file = cli_text(call, "key");
    struct vg_identity identity;
    if (file == NULL)
        return VG_OK;
    enum vg_code code = vg_identity_read_public(file, &identity, &call->error);
    if (code == VG_OK)
        code = find_member(call, file, &identity, out);
    return code == VG_OK ? check_keyring(call, file, &identity, out) : code;
}

/* Who is not among the first people is enrolled later; who is has these keys. */
static enum vg_code take_person(struct cli_call *call, struct joining *out)
{
    const char *file = call->settings.identity;
    struct vg_identity identity;
    char whose[VG_HOLDER_TEXT];
    if (file == NULL)
        return VG_OK;
    enum vg_code code = vg_identity_read_public(file, &identity, &call->error);
    if (code == VG_OK && identity.kind != VG_IDENTITY_PERSON)
        code = vg_fail(&call->error, VG_INVALID, "%s is a node's identity; a person's is needed",
                       file);
    struct vg_holder holder = vg_identity_holder(&identity);
    struct vg_keys keys = vg_identity_keys(&identity);
    if (code != VG_OK)
        return code;
    out->person = ledger_genesis_person(&out->file.genesis, &holder.person);
    if (out->person == NULL || memcmp(&out->person->keys, &keys, sizeof keys) == 0)
        return VG_OK;
    return refuse_keys(call, file, vg_holder_format(&holder, whose),
                       &(struct cli_public){.holder = holder, .keys = out->person->keys});
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static enum vg_code check_free(struct cli_call *call, const char *path)
{
    if (access(path, F_OK) != 0)
        return VG_OK;
    return vg_fail(&call->error, VG_EXISTS,
                   "%s is there already: this folder is a node's; give another --dir", path);
}

static enum vg_code write_node(struct cli_call *call, const struct joining *joining,
                               const char *folder, const char *key)
{
    const struct cluster_file *cluster = &joining->file;
    uint8_t bytes[LEDGER_GENESIS_MAX];
    vg_span encoded = vg_span_of(bytes, ledger_genesis_encode(&cluster->genesis, bytes));
    char *genesis = cli_join(folder, "genesis");
    char *data = cli_join(folder, "data");
    char *config = cli_join(folder, "node.yaml");
    struct node_file file = {.made_by = "vigil cluster join",
                             .data = data,
                             .genesis = genesis,
                             .key = key,
                             .self = joining->place,
                             .count = cluster->genesis.member_count};
    vg_hex_format(vg_span_of(cluster->cluster.bytes, sizeof cluster->cluster.bytes), file.cluster);
    for (uint32_t i = 0; i < file.count; i++) {
        file.nodes[i].id = cluster->genesis.members[i].id.value;
        file.nodes[i].region = cluster->genesis.members[i].region;
        file.nodes[i].peer = cluster->places[i].peer;
        file.nodes[i].client = cluster->places[i].client;
    }
    enum vg_code code = check_free(call, data);
    if (code == VG_OK)
        code = check_free(call, config);
    if (code == VG_OK)
        code = vg_file_write(genesis, encoded, 0644, &call->error);
    if (code == VG_OK)
        code = node_file_write(config, &file, &call->error);
    free(genesis);
    free(data);
    free(config);
    return code;
}

/* Paths in the configuration are whole, since vigild may be started anywhere. */
static enum vg_code join_node(struct cli_call *call, const struct joining *joining)
{
    const char *given = cli_text(call, "dir") != NULL ? cli_text(call, "dir") : ".";
    if (vg_folder_make(given, &call->error) != VG_OK)
        return call->error.code;
    char *folder = realpath(given, NULL);
    char *key = realpath(cli_text(call, "key"), NULL);
    enum vg_code code = folder != NULL && key != NULL
                            ? write_node(call, joining, folder, key)
                            : vg_fail(&call->error, VG_UNAVAILABLE, "cannot find %s", given);
    free(folder);
    free(key);
    return code;
}

/* The node of one's own comes first. */
static enum vg_code write_context(struct cli_call *call, const struct joining *joining, char **used)
{
    const struct cluster_file *file = &joining->file;
    uint32_t count = file->genesis.member_count;
    char texts[VG_NODES_MAX][CLI_NODE_TEXT];
    char *nodes[VG_NODES_MAX];
    char cluster[VG_HASH_TEXT];
    char name[VG_NAME_MAX + 1];
    vg_hex_format(vg_span_of(file->cluster.bytes, sizeof file->cluster.bytes), cluster);
    snprintf(name, sizeof name, "cluster-%.8s", cluster);
    if (cli_text(call, "as") != NULL)
        snprintf(name, sizeof name, "%s", cli_text(call, "as"));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = (joining->place + i) % count;
        struct cli_node node = {.has_key = true, .key = file->genesis.members[place].keys.channel};
        memcpy(node.url, file->places[place].client, sizeof node.url);
        cli_node_format(&node, texts[i]);
        nodes[i] = texts[i];
    }
    char *identity = realpath(call->settings.identity, NULL);
    char *path = cli_config_path();
    const struct cli_context context = {.name = name,
                                        .nodes = nodes,
                                        .nodes_count = count,
                                        .identity = identity,
                                        .cluster = cluster,
                                        .compartment = (char *)cli_text(call, "compartment")};
    enum vg_code code = cli_config_put(path, &context, used, &call->error);
    free(identity);
    free(path);
    return code;
}

/* ---- the call ---------------------------------------------------------------------------------
 */

static void say_node(const struct cli_call *call, const struct ledger_member *member)
{
    const char *folder = cli_text(call, "dir");
    char *config = folder != NULL ? cli_join(folder, "node.yaml") : vg_strdup("node.yaml");
    printf("this is node %llu; ", (unsigned long long)member->id.value);
    if (call->settings.dry_run)
        printf("would write %s and the genesis beside it\n", config);
    else
        printf("start it: vigild --config %s\n", config);
    free(config);
}

static void say(const struct cli_call *call, const struct joining *joining, const char *context)
{
    json_t *document = members_of_file(&joining->file);
    json_object_set_new(document, "context", context != NULL ? json_string(context) : json_null());
    members_print(call, document);
    json_decref(document);
    if (cli_is_json(call->settings.output))
        return;
    fputc('\n', stdout);
    if (joining->member != NULL)
        say_node(call, joining->member);
    if (context != NULL)
        printf("your context is %s%s\n", context,
               joining->person != NULL ? "" : "; an operator enrolls you: vigil user add");
}

static enum vg_code join(struct cli_call *call, struct joining *joining)
{
    char *context = NULL;
    enum vg_code code = VG_OK;
    if (call->settings.dry_run) {
        say(call, joining, NULL);
        return VG_OK;
    }
    if (joining->member != NULL)
        code = join_node(call, joining);
    if (code == VG_OK && call->settings.identity != NULL)
        code = write_context(call, joining, &context);
    if (code == VG_OK)
        say(call, joining, context);
    free(context);
    return code;
}

enum vg_code cluster_join(struct cli_call *call)
{
    static struct joining joining;
    const char *path = call->words[0];
    uint8_t told[VG_FINGERPRINT_SIZE];
    if (cli_text(call, "key") == NULL && call->settings.identity == NULL)
        return vg_fail(&call->error, VG_USAGE,
                       "who joins? give --key for a node, or --identity for a person");
    enum vg_code code = take_fingerprint(call, told);
    if (code == VG_OK)
        code = cluster_file_read(path, told, &joining.file, &call->error);
    if (code == VG_OK)
        code = take_node(call, &joining);
    if (code == VG_OK)
        code = take_person(call, &joining);
    return code == VG_OK ? join(call, &joining) : code;
}
