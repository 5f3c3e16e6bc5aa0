/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/settings.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/mem.h"
#include "common/text.h"
#include "ops/cli/core/command.h"
#include "ops/cli/core/config.h"
#include "ops/cli/core/place.h"
#include "proto/ledger/genesis.h"

static const char *const output_names[] = {
    [CLI_TABLE] = "table", [CLI_WIDE] = "wide", [CLI_JSON] = "json", [CLI_JSONL] = "jsonl"};

/* A setting and where it came from, for the error that names it. */
struct source {
    const char *text;
    const char *where;
};

static struct source flag_or_variable(const char *flag, const char *name, const char *variable)
{
    if (flag != NULL)
        return (struct source){flag, name};
    const char *value = getenv(variable);
    if (value != NULL && value[0] != 0)
        return (struct source){value, variable};
    return (struct source){NULL, NULL};
}

static bool find_output(const char *text, enum cli_output *out)
{
    for (unsigned i = 0; i < sizeof output_names / sizeof *output_names; i++)
        if (strcmp(text, output_names[i]) == 0) {
            *out = (enum cli_output)i;
            return true;
        }
    return false;
}

enum cli_output cli_output_guess(const char *flag)
{
    enum cli_output output = CLI_TABLE;
    struct source source = flag_or_variable(flag, "--output", "VIGIL_OUTPUT");
    if (source.text != NULL)
        find_output(source.text, &output);
    return output;
}

static enum vg_code set_output(const struct cli_flags *flags, struct cli_settings *out,
                               struct vg_error *error)
{
    struct source source = flag_or_variable(flags->output, "--output", "VIGIL_OUTPUT");
    if (source.text == NULL || find_output(source.text, &out->output))
        return VG_OK;
    return vg_fail(error, VG_USAGE, "%s is '%s'; it may be table, wide, json or jsonl",
                   source.where, source.text);
}

void cli_node_format(const struct cli_node *node, char out[CLI_NODE_TEXT])
{
    size_t size = strlen(node->url);
    memcpy(out, node->url, size + 1);
    if (!node->has_key)
        return;
    out[size] = '#';
    vg_hex_format(vg_span_of(node->key.bytes, sizeof node->key.bytes), out + size + 1);
}

/* The key of a member by its id, "#2". */
static bool find_member(const struct ledger_genesis *genesis, const char *id,
                        vg_channel_public *out)
{
    char *end = NULL;
    unsigned long long value = strtoull(id, &end, 10);
    if (genesis == NULL || end == id || *end != 0)
        return false;
    for (uint32_t i = 0; i < genesis->member_count; i++)
        if (genesis->members[i].id.value == value) {
            *out = genesis->members[i].keys.channel;
            return true;
        }
    return false;
}

/* A KEY of fewer digits than it has is what a cut line has, and refused as any other text. */
static bool parse_node(const char *text, size_t size, const struct ledger_genesis *genesis,
                       struct cli_node *out)
{
    char whole[CLI_NODE_TEXT];
    if (size >= sizeof whole)
        return false;
    memcpy(whole, text, size);
    whole[size] = 0;
    char *hash = strchr(whole, '#');
    *out = (struct cli_node){.has_key = hash != NULL};
    if (hash != NULL)
        *hash = 0;
    if (strlen(whole) > CLI_URL_MAX || strstr(whole, "://") == NULL)
        return false;
    memcpy(out->url, whole, strlen(whole) + 1);
    return hash == NULL || vg_hex_parse(hash + 1, out->key.bytes, sizeof out->key.bytes) ||
           find_member(genesis, hash + 1, &out->key);
}

/* Digits of the id behind '#', if a member is named so; else 0. */
static size_t member_digits(const char *text, size_t size, const char **digits)
{
    const char *hash = memchr(text, '#', size);
    *digits = hash != NULL ? hash + 1 : text + size;
    size_t rest = size - (size_t)(*digits - text);
    return rest > 0 && strspn(*digits, "0123456789") >= rest ? rest : 0;
}

static enum vg_code add_node(struct cli_settings *out, const char *text, size_t size,
                             const char *where, const struct ledger_genesis *genesis,
                             struct vg_error *error)
{
    if (out->node_count == CLI_NODES_MAX)
        return vg_fail(error, VG_USAGE, "%s names more than %d nodes", where, CLI_NODES_MAX);
    const char *digits;
    size_t member = member_digits(text, size, &digits);
    if (parse_node(text, size, genesis, &out->nodes[out->node_count])) {
        out->node_count++;
        return VG_OK;
    }
    if (genesis != NULL && member > 0 && member < VG_HASH_TEXT - 1)
        return vg_fail(error, VG_USAGE,
                       "%s: '%.*s': member %.*s is not in the genesis; see vigil cluster members",
                       where, (int)size, text, (int)member, digits);
    return vg_fail(error, VG_USAGE,
                   "%s: '%.*s' is not a node; write tcp://HOST:PORT, with #KEY (%d hex digits), "
                   "or with #NODE, the id of a member of the genesis file, or without",
                   where, (int)size, text, 2 * VG_CHANNEL_KEY_SIZE);
}

static enum vg_code add_node_list(struct cli_settings *out, const char *list, const char *where,
                                  const struct ledger_genesis *genesis, struct vg_error *error)
{
    enum vg_code code = VG_OK;
    while (code == VG_OK) {
        size_t size = strcspn(list, ",");
        code = add_node(out, list, size, where, genesis, error);
        if (list[size] == 0)
            break;
        list += size + 1;
    }
    return code;
}

static char *copy_or_null(const char *text)
{
    return text != NULL ? vg_strdup(text) : NULL;
}

/* Nodes that were given without their key have that of the context's node of the same address. */
static void lend_keys(const struct cli_settings *from, struct cli_settings *to)
{
    for (unsigned i = 0; i < to->node_count; i++)
        for (unsigned k = 0; !to->nodes[i].has_key && k < from->node_count; k++)
            if (strcmp(to->nodes[i].url, from->nodes[k].url) == 0)
                to->nodes[i] = from->nodes[k];
}

/* What was said by flags and the genesis file stays. */
static enum vg_code use_context(const struct cli_context *context, const char *path,
                                struct cli_settings *out, struct vg_error *error)
{
    struct cli_settings own = {.node_count = 0};
    enum vg_code code = VG_OK;
    out->context = vg_strdup(context->name);
    out->compartment = copy_or_null(context->compartment);
    out->identity = copy_or_null(context->identity);
    if (out->cluster == NULL)
        out->cluster = copy_or_null(context->cluster);
    for (unsigned i = 0; code == VG_OK && i < context->nodes_count; i++)
        code = add_node(&own, context->nodes[i], strlen(context->nodes[i]), path, NULL, error);
    lend_keys(&own, out);
    for (unsigned i = 0; out->node_count == 0 && i < own.node_count; i++)
        out->nodes[i] = own.nodes[i];
    out->node_count = out->node_count == 0 ? own.node_count : out->node_count;
    return code;
}

/* "home, away", as far as they fit. */
static void list_contexts(const struct cli_config *config, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s", config->contexts_count == 0 ? "none" : "");
    for (unsigned i = 0; i < config->contexts_count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "",
                                 config->contexts[i].name);
}

/* The context by flag, variable or the configuration's `current`. */
static enum vg_code set_context(const struct cli_flags *flags, struct cli_settings *out,
                                struct vg_error *error)
{
    struct source source = flag_or_variable(flags->context, "--context", "VIGIL_CONTEXT");
    char *path = cli_config_path();
    struct cli_config *config = NULL;
    enum vg_code code = cli_config_load(path, &config, error);
    if (code == VG_OK) {
        const char *name = source.text != NULL ? source.text : config->current;
        const struct cli_context *context = name != NULL ? cli_config_find(config, name) : NULL;
        char there[160];
        list_contexts(config, there, sizeof there);
        if (context != NULL)
            code = use_context(context, path, out, error);
        else if (name != NULL)
            code = vg_fail(error, VG_USAGE, "there is no context '%s' in %s (%s); it has %s", name,
                           path, source.where != NULL ? source.where : "current", there);
    }
    cli_config_free(config);
    free(path);
    return code;
}

static enum vg_code set_request(const struct cli_flags *flags, struct cli_settings *out,
                                struct vg_error *error)
{
    if (flags->request_id == NULL)
        return VG_OK;
    out->has_request = vg_id_parse(flags->request_id, &out->request);
    if (out->has_request && vg_uuid7_valid(&out->request))
        return VG_OK;
    return vg_fail(error, VG_USAGE, "--request-id is '%s', which is not a UUIDv7",
                   flags->request_id);
}

/* Where `vigil identity new` puts it, if it is there. */
static char *own_identity(void)
{
    char *path = cli_identity_place();
    if (access(path, F_OK) == 0)
        return path;
    free(path);
    return NULL;
}

/* Its hash is the cluster's id, and its members have keys. */
static enum vg_code read_genesis(const char *path, struct cli_settings *out,
                                 struct ledger_genesis *genesis, struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    char cluster[VG_HASH_TEXT];
    enum vg_code code = vg_file_read(path, LEDGER_GENESIS_MAX, &bytes, error);
    if (code == VG_OK)
        code = ledger_genesis_decode(vg_buffer_span(&bytes), genesis, error);
    if (code == VG_OK)
        code = ledger_genesis_check(genesis, &vg_signer_ed25519, error);
    if (code == VG_OK) {
        vg_hash id = ledger_genesis_hash(vg_buffer_span(&bytes));
        vg_hex_format(vg_span_of(id.bytes, sizeof id.bytes), cluster);
        out->cluster = vg_strdup(cluster);
    } else {
        vg_error_prefix(error, "genesis %s", path);
    }
    vg_buffer_free(&bytes);
    return code;
}

/* Of --node and --genesis, and the variables for them. */
static enum vg_code set_nodes(const struct cli_flags *flags, struct cli_settings *out,
                              struct vg_error *error)
{
    struct source file = flag_or_variable(flags->genesis, "--genesis", "VIGIL_GENESIS");
    struct source node = flag_or_variable(flags->node, "--node", "VIGIL_NODE");
    struct ledger_genesis *genesis = file.text != NULL ? vg_alloc_zero(1, sizeof *genesis) : NULL;
    enum vg_code code = VG_OK;
    if (genesis != NULL)
        code = read_genesis(file.text, out, genesis, error);
    if (code == VG_OK && node.text != NULL)
        code = add_node_list(out, node.text, node.where, genesis, error);
    free(genesis);
    return code;
}

enum vg_code cli_settings_resolve(const struct cli_flags *flags, struct cli_settings *out,
                                  struct vg_error *error)
{
    *out = (struct cli_settings){.timeout_ms = CLI_TIMEOUT_DEFAULT_MS, .dry_run = flags->dry_run};
    enum vg_code code = set_output(flags, out, error);
    if (code == VG_OK && flags->timeout != NULL)
        code = cli_duration_parse(flags->timeout, "--timeout", &out->timeout_ms, error);
    if (code == VG_OK)
        code = set_request(flags, out, error);
    if (code == VG_OK)
        code = set_nodes(flags, out, error);
    if (code == VG_OK && !flags->local)
        code = set_context(flags, out, error);
    struct source identity = flag_or_variable(flags->identity, "--identity", "VIGIL_IDENTITY");
    if (code == VG_OK && identity.text != NULL) {
        free(out->identity);
        out->identity = vg_strdup(identity.text);
    }
    if (code == VG_OK && out->identity == NULL)
        out->identity = own_identity();
    return code;
}

void cli_settings_free(struct cli_settings *settings)
{
    free(settings->context);
    free(settings->identity);
    free(settings->compartment);
    free(settings->cluster);
    *settings = (struct cli_settings){0};
}
