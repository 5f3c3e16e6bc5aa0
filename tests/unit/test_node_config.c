/* SPDX-License-Identifier: Apache-2.0
 * The configuration file: what it may say, and that each mistake is named where it is. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "common/file.h"
#include "node/config.h"
#include "node/lockdown/lockdown.h"

#define HEAD                                                                                       \
    "node: 1\n"                                                                                    \
    "region: apac\n"                                                                               \
    "data: /tmp/data\n"                                                                            \
    "genesis: genesis.bin\n"                                                                       \
    "key: node.key\n"
#define LISTEN "listen: {peer: \"tcp://127.0.0.1:7001\", client: \"tcp://127.0.0.1:7002\"}\n"
#define PEERS                                                                                      \
    "peers:\n"                                                                                     \
    "  - {node: 2, region: emea, peer: \"tcp://127.0.0.1:7003\", client: "                         \
    "\"tcp://127.0.0.1:7004\"}"                                                                    \
    "\n"
#define GOOD HEAD LISTEN PEERS
#define CLUSTER "404c671561309137e2b3627282fdac6deaf336e5f7c628baabcf40daf5c6ff88"

/* Reads `size` bytes as a configuration file. */
static enum vg_code read_bytes(const char *text, size_t size, struct node_config **out,
                               struct vg_error *error)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/vigil-config-%d.yaml", (int)getpid());
    *error = (struct vg_error){0};
    cr_assert_eq(vg_file_write(path, vg_span_of(text, size), 0600, error), VG_OK, "%s",
                 error->text);
    enum vg_code code = node_config_read(path, out, error);
    unlink(path);
    return code;
}

static enum vg_code read_text(const char *text, struct node_config **out, struct vg_error *error)
{
    return read_bytes(text, strlen(text), out, error);
}

Test(node_config, gives_every_value_and_the_defaults)
{
    struct node_config *config;
    struct vg_error error;
    cr_assert_eq(read_text(GOOD, &config, &error), VG_OK, "%s", error.text);
    cr_expect_eq(config->node, 1u);
    cr_expect_str_eq(config->region, "apac");
    cr_expect_str_eq(config->listen.client, "tcp://127.0.0.1:7002");
    cr_expect_eq(config->peers_count, 1u);
    cr_expect_str_eq(node_config_region(config, (vg_node_id){2}), "emea");
    cr_expect_str_eq(node_config_region(config, (vg_node_id){9}), "");
    cr_expect_eq(config->election_timeout_ms, 300u);
    cr_expect_eq(config->heartbeat_ms, 50u);
    cr_expect_null(config->log_level);
    cr_expect_eq(config->require, 0u);
    cr_expect_not(config->key_replaced);
    node_config_free(config);
}

Test(node_config, takes_optional_values)
{
    struct node_config *config;
    struct vg_error error;
    cr_assert_eq(read_text(GOOD "election_timeout_ms: 200\nheartbeat_ms: 20\nlog_level: warn\n"
                                "quota_mib: 100\ncluster: " CLUSTER "\nrequire: [files, user]\n"
                                "key_replaced: yes\n",
                           &config, &error),
                 VG_OK, "%s", error.text);
    cr_expect_eq(config->election_timeout_ms, 200u);
    cr_expect_eq(config->quota_mib, 100u);
    cr_expect_eq(*config->log_level, VG_LOG_WARN);
    cr_expect_str_eq(config->cluster, CLUSTER);
    cr_expect(config->key_replaced);
    cr_expect_eq(config->require, 1u << LOCKDOWN_FILES | 1u << LOCKDOWN_USER);
    node_config_free(config);
}

Test(node_config, the_keyring_lies_beside_a_key_that_is_a_file)
{
    static const struct {
        const char *text, *keyring;
    } cases[] = {
        {GOOD, "node.keyring"},
        {GOOD "keyring: /elsewhere/ring\n", "/elsewhere/ring"},
        {"node: 1\nregion: apac\ndata: d\ngenesis: g\nkey: \"credential:key\"\n" LISTEN PEERS,
         NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct node_config *config;
        struct vg_error error;
        cr_assert_eq(read_text(cases[i].text, &config, &error), VG_OK, "%s", error.text);
        if (cases[i].keyring == NULL)
            cr_expect_null(config->keyring);
        else
            cr_expect_str_eq(config->keyring, cases[i].keyring);
        node_config_free(config);
    }
}

Test(node_config, takes_a_cluster_of_one)
{
    struct node_config *config;
    struct vg_error error;
    cr_assert_eq(read_text(HEAD LISTEN "peers: []\n", &config, &error), VG_OK, "%s", error.text);
    cr_expect_eq(config->peers_count, 0u);
    node_config_free(config);
}

static const struct {
    const char *text;
    const char *says; /* part of the sentence */
} bad[] = {
    {"", "empty"},
    {"# nothing\n", "no keys"},
    {"[1, 2]\n", "MAPPING"},
    {GOOD "colour: red\n", "line 9: Unexpected key: colour"},
    {GOOD "node: 2\n", "line 9: Mapping field already seen: node"},
    {HEAD LISTEN "peers:\n  - {node: 2, region: a, region: b, peer: x, client: y}\n", "line 8"},
    {HEAD PEERS, "listen"},
    {GOOD "cluster: 12ab\n", "cluster: '12ab' is not the id of a cluster"},
    {HEAD LISTEN, "peers"},
    {GOOD "heartbeat_ms: -3\n", "near line 9"},
    {GOOD "heartbeat_ms: 150\n", "heartbeat_ms: 150 must be less than half"},
    {GOOD "election_timeout_ms: 5\n", "election_timeout_ms: 5 is not in 20 .. 60000"},
    {GOOD "log_level: loud\n", "loud"},
    {GOOD "require: [files, walls]\n", "walls"},
    {GOOD "quota_mib: 99999999\n", "quota_mib"},
    {"node: 18446744073709551616\n", "18446744073709551616"},
    {GOOD "...\n---\nnode: 3\n", "one document only"},
    {"node: &a 1\nregion: *a\n", "alias"},
    {GOOD "region2: \xff\n", "UTF-8"},
    {GOOD "]\n", "near line"},
    {HEAD LISTEN "peers:\n  - {node: 1, region: a, peer: x, client: y}\n", "this node"},
    {HEAD "listen: {peer: \"tcp://127.0.0.1:1\", client: \"tcp://127.0.0.1:1\"}\npeers: []\n",
     "two addresses"},
    {HEAD "listen: {peer: \"tcp://192.0.2:1\", client: \"tcp://127.0.0.1:1\"}\npeers: []\n",
     "listen.peer"},
};

Test(node_config, names_each_mistake)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct node_config *config;
        struct vg_error error;
        cr_expect_eq(read_text(bad[i].text, &config, &error), VG_INVALID, "case %zu", i);
        cr_expect_not_null(strstr(error.text, bad[i].says), "case %zu says: %s", i, error.text);
        cr_expect_not_null(strstr(error.text, ".yaml: "), "case %zu says: %s", i, error.text);
        cr_expect_null(config);
    }
}

Test(node_config, refuses_nul_and_deep_nesting)
{
    struct node_config *config;
    struct vg_error error;
    static const char nul[] = "node: 1\0region: apac\n";
    cr_expect_eq(read_bytes(nul, sizeof nul - 1, &config, &error), VG_INVALID);
    char deep[4000];
    memset(deep, '[', sizeof deep);
    cr_expect_eq(read_bytes(deep, sizeof deep, &config, &error), VG_INVALID);
}

Test(node_config, names_a_missing_file)
{
    struct node_config *config;
    struct vg_error error;
    cr_expect_eq(node_config_read("/nonexistent/vigil.yaml", &config, &error), VG_NOT_FOUND);
    cr_expect_not_null(strstr(error.text, "/nonexistent/vigil.yaml"));
}
