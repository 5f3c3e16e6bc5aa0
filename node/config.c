/* SPDX-License-Identifier: Apache-2.0 */
#include "node/config.h"

#include <assert.h>
#include <cyaml/cyaml.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/dial/link.h"
#include "common/file.h"
#include "common/keyring.h"
#include "common/text.h"
#include "node/lockdown/lockdown.h"

enum {
    CONFIG_FILE_MAX = 64 * 1024,
    PATH_TEXT_MAX = 4095,
    URL_TEXT_MAX = 255,
    ELECTION_TIMEOUT_MS = 300,
    HEARTBEAT_MS = 50,
    QUOTA_MIB = 64 * 1024,
    RESERVE_MIB = 64,
};

#define TEXT(key, type, member, max)                                                               \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, member, 1, max)
#define OPTIONAL_UINT(key, member)                                                                 \
    CYAML_FIELD_UINT(key, CYAML_FLAG_OPTIONAL, struct node_config, member)

static const cyaml_schema_field_t listen_fields[] = {
    TEXT("peer", struct node_config_listen, peer, URL_TEXT_MAX),
    TEXT("client", struct node_config_listen, client, URL_TEXT_MAX), CYAML_FIELD_END};

static const cyaml_schema_field_t peer_fields[] = {
    CYAML_FIELD_UINT("node", CYAML_FLAG_DEFAULT, struct node_config_peer, node),
    TEXT("region", struct node_config_peer, region, VG_NAME_MAX),
    TEXT("peer", struct node_config_peer, peer, URL_TEXT_MAX),
    TEXT("client", struct node_config_peer, client, URL_TEXT_MAX), CYAML_FIELD_END};

static const cyaml_schema_value_t peer_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct node_config_peer, peer_fields)};

static const cyaml_strval_t log_levels[] = {
    {"debug", VG_LOG_DEBUG}, {"info", VG_LOG_INFO}, {"warn", VG_LOG_WARN}, {"error", VG_LOG_ERROR}};

static const cyaml_strval_t lockdown_parts[] = {
#define X(symbol, name) {#name, 1 << LOCKDOWN_##symbol},
    LOCKDOWN_PARTS(X)
#undef X
};

static const cyaml_schema_field_t config_fields[] = {
    CYAML_FIELD_UINT("node", CYAML_FLAG_DEFAULT, struct node_config, node),
    TEXT("region", struct node_config, region, VG_NAME_MAX),
    TEXT("data", struct node_config, data, PATH_TEXT_MAX),
    TEXT("genesis", struct node_config, genesis, PATH_TEXT_MAX),
    CYAML_FIELD_STRING_PTR("cluster", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct node_config,
                           cluster, 1, VG_HASH_TEXT - 1),
    TEXT("key", struct node_config, key, PATH_TEXT_MAX),
    CYAML_FIELD_STRING_PTR("key_passphrase", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                           struct node_config, key_passphrase, 1, PATH_TEXT_MAX),
    CYAML_FIELD_BOOL("key_replaced", CYAML_FLAG_OPTIONAL, struct node_config, key_replaced),
    CYAML_FIELD_STRING_PTR("keyring", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct node_config,
                           keyring, 1, PATH_TEXT_MAX),
    CYAML_FIELD_MAPPING("listen", CYAML_FLAG_DEFAULT, struct node_config, listen, listen_fields),
    CYAML_FIELD_SEQUENCE("peers", CYAML_FLAG_POINTER, struct node_config, peers, &peer_schema, 0,
                         VG_NODES_MAX - 1),
    OPTIONAL_UINT("election_timeout_ms", election_timeout_ms),
    OPTIONAL_UINT("heartbeat_ms", heartbeat_ms),
    OPTIONAL_UINT("quota_mib", quota_mib),
    OPTIONAL_UINT("reserve_mib", reserve_mib),
    CYAML_FIELD_ENUM_PTR("log_level", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct node_config,
                         log_level, log_levels, CYAML_ARRAY_LEN(log_levels)),
    CYAML_FIELD_FLAGS("require", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct node_config,
                      require, lockdown_parts, CYAML_ARRAY_LEN(lockdown_parts)),
    CYAML_FIELD_END};

static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct node_config, config_fields)};

/* What libcyaml says of an error: its first line is the reason; the first "(line: N" of the
 * backtrace is where the value read last begins. */
struct complaint {
    char reason[200];
    unsigned line; /* 0: unknown */
};

static void hear(cyaml_log_t level, void *context, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
static void hear(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    static const char prefix[] = "Load: ";
    struct complaint *complaint = context;
    char line[200];
    if (level < CYAML_LOG_ERROR)
        return;
    vsnprintf(line, sizeof line, format, arguments);
    line[strcspn(line, "\n")] = '\0';
    const char *place = strstr(line, "(line: ");
    const char *text = strncmp(line, prefix, strlen(prefix)) == 0 ? line + strlen(prefix) : line;
    if (place != NULL && complaint->line == 0)
        complaint->line = (unsigned)strtoul(place + strlen("(line: "), NULL, 10);
    else if (complaint->reason[0] == '\0' && strcmp(text, "Backtrace:") != 0)
        snprintf(complaint->reason, sizeof complaint->reason, "%s", text);
}

/* The line of the last "KEY:" in the text, 0 if there is none: of a key it refuses, libcyaml names
 * the line of the value before. */
static unsigned line_of_key(const char *text, const char *key)
{
    size_t size = strlen(key);
    unsigned line = 1, found = 0;
    for (const char *at = text; *at != '\0'; at++) {
        bool starts = at == text || strchr(" \n{,-", at[-1]) != NULL;
        if (starts && strncmp(at, key, size) == 0 && at[size] == ':')
            found = line;
        line += *at == '\n';
    }
    return found;
}

static void explain(const struct complaint *complaint, cyaml_err_t failed, const char *text,
                    struct vg_error *error)
{
    const char *reason = complaint->reason[0] != '\0' ? complaint->reason : cyaml_strerror(failed);
    bool of_key = failed == CYAML_ERR_INVALID_KEY || strstr(reason, "already seen") != NULL;
    const char *key = strrchr(reason, ' ');
    unsigned line = of_key && key != NULL ? line_of_key(text, key + 1) : 0;
    if (line > 0)
        vg_fail(error, VG_INVALID, "line %u: %s", line, reason);
    else if (complaint->line > 0)
        vg_fail(error, VG_INVALID, "near line %u: %s", complaint->line, reason);
    else
        vg_fail(error, VG_INVALID, "%s", reason);
}

static const cyaml_config_t *loader(struct complaint *complaint, cyaml_config_t *out)
{
    *out = (cyaml_config_t){.log_fn = complaint == NULL ? NULL : hear,
                            .log_ctx = complaint,
                            .mem_fn = cyaml_mem,
                            .log_level = CYAML_LOG_ERROR,
                            .flags = CYAML_CFG_NO_ALIAS};
    return out;
}

/* NULL where the key is no file. Freed by libcyaml, as what it has loaded. */
static char *keyring_of(const char *key)
{
    static const char no_file[] = "credential:";
    return strncmp(key, no_file, sizeof no_file - 1) == 0 ? NULL : vg_keyring_beside(key);
}

static void set_defaults(struct node_config *config)
{
    assert(config != NULL);
    if (config->keyring == NULL)
        config->keyring = keyring_of(config->key);
    if (config->election_timeout_ms == 0)
        config->election_timeout_ms = ELECTION_TIMEOUT_MS;
    if (config->heartbeat_ms == 0)
        config->heartbeat_ms = HEARTBEAT_MS;
    if (config->quota_mib == 0)
        config->quota_mib = QUOTA_MIB;
    if (config->reserve_mib == 0)
        config->reserve_mib = RESERVE_MIB;
}

static enum vg_code check_numbers(const struct node_config *config, struct vg_error *error)
{
    if (config->node == 0)
        return vg_fail(error, VG_INVALID, "node: ids start at 1");
    if (config->election_timeout_ms < 20 || config->election_timeout_ms > 60000)
        return vg_fail(error, VG_INVALID, "election_timeout_ms: %u is not in 20 .. 60000",
                       config->election_timeout_ms);
    if (config->heartbeat_ms >= config->election_timeout_ms / 2)
        return vg_fail(error, VG_INVALID,
                       "heartbeat_ms: %u must be less than half of election_timeout_ms (%u)",
                       config->heartbeat_ms, config->election_timeout_ms);
    if (config->quota_mib > 1024 * 1024 || config->reserve_mib > 1024 * 1024)
        return vg_fail(error, VG_INVALID,
                       "quota_mib and reserve_mib: at most 1048576 (1 TiB), the size of the map");
    return VG_OK;
}

static enum vg_code check_cluster(const struct node_config *config, struct vg_error *error)
{
    vg_hash id;
    if (config->cluster == NULL || vg_hex_parse(config->cluster, id.bytes, sizeof id.bytes))
        return VG_OK;
    return vg_fail(error, VG_INVALID,
                   "cluster: '%s' is not the id of a cluster, which has 64 hex digits",
                   config->cluster);
}

static enum vg_code check_urls(const struct node_config *config, struct vg_error *error)
{
    if (dial_url_check(config->listen.peer, error) != VG_OK)
        return vg_error_prefix(error, "listen.peer");
    if (dial_url_check(config->listen.client, error) != VG_OK)
        return vg_error_prefix(error, "listen.client");
    if (strcmp(config->listen.peer, config->listen.client) == 0)
        return vg_fail(error, VG_INVALID,
                       "listen: peer and client need two addresses, not %s twice",
                       config->listen.peer);
    for (uint32_t i = 0; i < config->peers_count; i++) {
        const struct node_config_peer *peer = &config->peers[i];
        if (dial_url_check(peer->peer, error) != VG_OK ||
            dial_url_check(peer->client, error) != VG_OK)
            return vg_error_prefix(error, "peers: node %" PRIu64, peer->node);
    }
    return VG_OK;
}

static enum vg_code check_peers(const struct node_config *config, struct vg_error *error)
{
    for (uint32_t i = 0; i < config->peers_count; i++) {
        uint64_t id = config->peers[i].node;
        if (id == 0 || id == config->node)
            return vg_fail(error, VG_INVALID,
                           "peers: node %" PRIu64
                           " is %s; list the others, and this one under node",
                           id, id == 0 ? "no id" : "this node");
        for (uint32_t j = 0; j < i; j++)
            if (config->peers[j].node == id)
                return vg_fail(error, VG_INVALID, "peers: node %" PRIu64 " is listed twice", id);
    }
    return VG_OK;
}

static enum vg_code check_one_document(const char *text, struct vg_error *error)
{
    if (text[strspn(text, " \n")] == '\0')
        return vg_fail(error, VG_INVALID, "the file is empty; see docs/operating.md for its keys");
    if (strstr(text, "\n---") != NULL || strstr(text, "\n...") != NULL)
        return vg_fail(error, VG_INVALID,
                       "one document only: remove the line that starts with '---' or '...'");
    return VG_OK;
}

static struct node_config *load(const char *text, size_t size, struct vg_error *error)
{
    struct complaint complaint = {0};
    struct node_config *out = NULL;
    cyaml_config_t config;
    if (strlen(text) != size) {
        vg_fail(error, VG_INVALID, "there is a NUL at byte %zu", strlen(text));
        return NULL;
    }
    if (check_one_document(text, error) != VG_OK)
        return NULL;
    cyaml_err_t failed = cyaml_load_data((const uint8_t *)text, size, loader(&complaint, &config),
                                         &config_schema, (cyaml_data_t **)&out, NULL);
    if (failed != CYAML_OK)
        explain(&complaint, failed, text, error);
    else if (out == NULL)
        vg_fail(error, VG_INVALID, "no keys; see docs/operating.md");
    return out;
}

static enum vg_code check(const struct node_config *config, struct vg_error *error)
{
    enum vg_code code = check_numbers(config, error);
    if (code == VG_OK)
        code = check_peers(config, error);
    if (code == VG_OK)
        code = check_urls(config, error);
    if (code == VG_OK)
        code = check_cluster(config, error);
    return code;
}

enum vg_code node_config_read(const char *path, struct node_config **out, struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    enum vg_code code = vg_file_read(path, CONFIG_FILE_MAX, &bytes, error);
    *out = NULL;
    if (code != VG_OK) {
        vg_buffer_free(&bytes);
        return code;
    }
    size_t size = bytes.size;
    *vg_buffer_extend(&bytes, 1) = '\0';
    struct node_config *config = load((const char *)bytes.data, size, error);
    vg_buffer_free(&bytes);
    if (config != NULL) {
        set_defaults(config);
        if (check(config, error) == VG_OK) {
            *out = config;
            return VG_OK;
        }
        node_config_free(config);
    }
    return vg_error_prefix(error, "%s", path);
}

void node_config_free(struct node_config *config)
{
    cyaml_config_t settings;
    if (config != NULL)
        cyaml_free(loader(NULL, &settings), &config_schema, config, 0);
}

const char *node_config_region(const struct node_config *config, vg_node_id node)
{
    if (node.value == config->node)
        return config->region;
    for (uint32_t i = 0; i < config->peers_count; i++)
        if (config->peers[i].node == node.value)
            return config->peers[i].region;
    return "";
}
