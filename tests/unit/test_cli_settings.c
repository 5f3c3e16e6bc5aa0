/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/identity.h"
#include "common/text.h"
#include "ops/cli/core/config.h"
#include "ops/cli/core/session.h"
#include "ops/cli/core/settings.h"
#include "proto/ledger/genesis.h"

static char folder[] = "/tmp/vigil-cli-XXXXXX";

static void set_up(void)
{
    static const char *const variables[] = {"VIGIL_CONTEXT", "VIGIL_NODE", "VIGIL_IDENTITY",
                                            "VIGIL_OUTPUT", "VIGIL_GENESIS"};
    cr_assert_not_null(mkdtemp(folder));
    setenv("XDG_CONFIG_HOME", folder, 1);
    setenv("XDG_STATE_HOME", folder, 1);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
}

static void tear_down(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(cli_settings, .init = set_up, .fini = tear_down);

static void write_config(const char *text)
{
    struct vg_error error;
    char own[64];
    char path[96];
    snprintf(own, sizeof own, "%s/vigil", folder);
    snprintf(path, sizeof path, "%s/config.yaml", own);
    cr_assert_eq(vg_folder_make(own, &error), VG_OK, "%s", error.text);
    cr_assert_eq(vg_file_write(path, vg_span_text(text), 0600, &error), VG_OK, "%s", error.text);
}

#define KEY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* of a node */

static const char two_contexts[] = "current: home\n"
                                   "contexts:\n"
                                   "  - name: home\n"
                                   "    nodes: [tcp://127.0.0.1:1, tcp://127.0.0.1:2]\n"
                                   "    identity: /home.identity\n"
                                   "    compartment: default\n"
                                   "  - name: away\n"
                                   "    nodes:\n"
                                   "      - tcp://127.0.0.1:3\n";

Test(cli_settings, nothing_given_is_no_error)
{
    struct cli_flags flags = {.context = NULL};
    struct cli_settings settings;
    struct vg_error error;
    cr_assert_eq(cli_settings_resolve(&flags, &settings, &error), VG_OK);
    cr_assert_eq(error.code, VG_OK, "%s", error.text); /* that there is no file is forgotten */
    cr_assert_eq(settings.node_count, 0);
    cr_assert_null(settings.identity);
    cr_assert_eq(settings.timeout_ms, CLI_TIMEOUT_DEFAULT_MS);
    cli_settings_free(&settings);
}

Test(cli_settings, the_current_context_counts_then_variables_then_flags)
{
    struct cli_flags flags = {.context = NULL};
    struct cli_settings settings;
    struct vg_error error;
    write_config(two_contexts);
    cr_assert_eq(cli_settings_resolve(&flags, &settings, &error), VG_OK, "%s", error.text);
    cr_assert_str_eq(settings.context, "home");
    cr_assert_eq(settings.node_count, 2);
    cr_assert_str_eq(settings.identity, "/home.identity");
    cr_assert_str_eq(settings.compartment, "default");
    cli_settings_free(&settings);

    setenv("VIGIL_CONTEXT", "away", 1);
    setenv("VIGIL_IDENTITY", "/my.identity", 1);
    setenv("VIGIL_OUTPUT", "jsonl", 1);
    cr_assert_eq(cli_settings_resolve(&flags, &settings, &error), VG_OK, "%s", error.text);
    cr_assert_str_eq(settings.nodes[0].url, "tcp://127.0.0.1:3");
    cr_assert_str_eq(settings.identity, "/my.identity");
    cr_assert_eq(settings.output, CLI_JSONL);
    cli_settings_free(&settings);

    flags = (struct cli_flags){
        .context = "home", .node = "tcp://127.0.0.1:9,ipc:///run/v#" KEY, .output = "wide"};
    cr_assert_eq(cli_settings_resolve(&flags, &settings, &error), VG_OK, "%s", error.text);
    cr_assert_eq(settings.node_count, 2);
    cr_assert_str_eq(settings.nodes[1].url, "ipc:///run/v");
    cr_assert_not(settings.nodes[0].has_key);
    cr_assert(settings.nodes[1].has_key);
    cr_assert_eq(settings.nodes[1].key.bytes[31], 0xaa);
    char text[CLI_NODE_TEXT];
    cli_node_format(&settings.nodes[1], text);
    cr_assert_str_eq(text, "ipc:///run/v#" KEY);
    cr_assert_str_eq(settings.compartment, "default");
    cr_assert_eq(settings.output, CLI_WIDE);
    cli_settings_free(&settings);
}

#define CLUSTER "404c671561309137e2b3627282fdac6deaf336e5f7c628baabcf40daf5c6ff88"

Test(cli_settings, a_node_by_its_address_alone_has_the_key_of_the_context)
{
    struct cli_flags flags = {.node = "tcp://127.0.0.1:2,tcp://127.0.0.1:9"};
    struct cli_settings settings;
    struct vg_error error;
    write_config("current: home\ncontexts:\n  - name: home\n    cluster: " CLUSTER "\n"
                 "    nodes: [\"tcp://127.0.0.1:1#" KEY "\", \"tcp://127.0.0.1:2#" KEY "\"]\n");
    cr_assert_eq(cli_settings_resolve(&flags, &settings, &error), VG_OK, "%s", error.text);
    cr_assert_eq(settings.node_count, 2);
    cr_assert(settings.nodes[0].has_key && !settings.nodes[1].has_key);
    cr_assert_eq(settings.nodes[0].key.bytes[0], 0xaa);
    cr_assert_str_eq(settings.cluster, CLUSTER);
    cli_settings_free(&settings);
}

/* A genesis of one member, 7, and one person in a file; the member's key is returned, and its hash
 * as text. */
static vg_channel_public write_genesis(const char *path, char cluster[VG_HASH_TEXT])
{
    struct vg_identity node, person;
    struct vg_error error;
    uint8_t bytes[LEDGER_GENESIS_MAX];
    vg_crypto_init();
    vg_identity_make(VG_IDENTITY_NODE, &(vg_id){0}, (vg_node_id){7}, &node);
    vg_identity_make(VG_IDENTITY_PERSON, &(vg_id){{9}}, (vg_node_id){0}, &person);
    struct ledger_genesis genesis = {.version = LEDGER_GENESIS_VERSION,
                                     .flags = LEDGER_GENESIS_CLEAR,
                                     .directory = {{1}},
                                     .first = {{2}},
                                     .member_count = 1,
                                     .person_count = 1};
    genesis.people[0] = (struct ledger_person){.id = person.id, .keys = vg_identity_keys(&person)};
    genesis.members[0] =
        (struct ledger_member){.id = {7}, .region = "apac", .keys = vg_identity_keys(&node)};
    size_t size = ledger_genesis_encode(&genesis, bytes);
    vg_hash id = ledger_genesis_hash(vg_span_of(bytes, size));
    vg_hex_format(vg_span_of(id.bytes, sizeof id.bytes), cluster);
    cr_assert_eq(vg_file_write(path, vg_span_of(bytes, size), 0600, &error), VG_OK);
    return node.channel_pub;
}

Test(cli_settings, a_genesis_file_has_the_cluster_and_the_keys_of_its_members)
{
    char path[64], cluster[VG_HASH_TEXT];
    struct cli_settings settings;
    struct vg_error error;
    snprintf(path, sizeof path, "%s/genesis", folder);
    vg_channel_public key = write_genesis(path, cluster);
    struct cli_flags flags = {.genesis = path, .node = "tcp://127.0.0.1:1#7"};
    cr_assert_eq(cli_settings_resolve(&flags, &settings, &error), VG_OK, "%s", error.text);
    cr_assert_str_eq(settings.cluster, cluster);
    cr_assert(settings.nodes[0].has_key);
    cr_assert_arr_eq(settings.nodes[0].key.bytes, key.bytes, sizeof key.bytes);
    cli_settings_free(&settings);
    flags.node = "tcp://127.0.0.1:2#8";
    cr_expect_eq(cli_settings_resolve(&flags, &settings, &error), VG_USAGE);
    cr_expect_not_null(strstr(error.text, "member 8 is not in the genesis"), "%s", error.text);
    cli_settings_free(&settings);
    static const char *const strangers[] = {"tcp://127.0.0.1:1#8", "tcp://127.0.0.1:1#",
                                            "tcp://127.0.0.1:1#7x"};
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        flags.node = strangers[i];
        cr_expect_eq(cli_settings_resolve(&flags, &settings, &error), VG_USAGE, "%zu", i);
        cr_expect_not_null(strstr(error.text, strangers[i]), "%s", error.text);
        cli_settings_free(&settings);
    }
}

Test(cli_settings, no_bit_of_a_genesis_file_is_the_same_cluster)
{
    char path[64], cluster[VG_HASH_TEXT];
    struct cli_flags flags = {.genesis = path};
    struct cli_settings settings;
    struct vg_error error;
    struct vg_buffer bytes = {0};
    snprintf(path, sizeof path, "%s/genesis", folder);
    write_genesis(path, cluster);
    cr_assert_eq(vg_file_read(path, LEDGER_GENESIS_MAX, &bytes, &error), VG_OK);
    int fd = open(path, O_WRONLY);
    for (size_t bit = 0; bit < bytes.size * 8; bit++) {
        uint8_t turned = bytes.data[bit / 8] ^ (uint8_t)(1 << bit % 8);
        cr_assert_eq(pwrite(fd, &turned, 1, (off_t)(bit / 8)), 1);
        if (cli_settings_resolve(&flags, &settings, &error) == VG_OK)
            cr_expect_neq(strcmp(settings.cluster, cluster), 0, "bit %zu", bit);
        else
            cr_expect(strstr(error.text, path) != NULL && strchr(error.text, ';') != NULL,
                      "bit %zu: %s", bit, error.text);
        if (bit / 8 == bytes.size - 10)
            cr_expect_eq(error.code, VG_INTEGRITY, "bit %zu is the binding's", bit);
        cli_settings_free(&settings);
        cr_assert_eq(pwrite(fd, &bytes.data[bit / 8], 1, (off_t)(bit / 8)), 1);
    }
    close(fd);
    vg_buffer_free(&bytes);
}

Test(cli_settings, what_is_wrong_is_named_with_its_place)
{
    static const struct {
        struct cli_flags flags;
        const char *text;
    } wrong[] = {
        {{.output = "xml"}, "--output is 'xml'"},
        {{.timeout = "soon"}, "--timeout is 'soon'"},
        {{.request_id = "7"}, "--request-id is '7'"},
        {{.request_id = "0193a5f2-7c1e-4d43-9a53-0b6f1c2d3e4f"}, "not a UUIDv7"},
        {{.node = "localhost"}, "--node: 'localhost' is not a node"},
        {{.node = "tcp://a:1,,tcp://b:1"}, "--node: '' is not a node"},
        {{.node = "tcp://a:1#12"}, "is not a node"},
        {{.node = "tcp://a:1#" KEY "a"}, "is not a node"},
        {{.node = "tcp://a:1#" KEY "#"}, "is not a node"},
        {{.node = "#" KEY}, "is not a node"},
        {{.context = "mars"}, "there is no context 'mars'"},
        {{.context = "mars"}, "; it has home, away"},
    };
    write_config(two_contexts);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct cli_settings settings;
        struct vg_error error = {.text = ""};
        cr_expect_eq(cli_settings_resolve(&wrong[i].flags, &settings, &error), VG_USAGE);
        cr_expect(strstr(error.text, wrong[i].text) != NULL, "%s", error.text);
        cli_settings_free(&settings);
    }
}

Test(cli_settings, a_bad_configuration_is_refused_with_its_place)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"contexts: 7\n", "config.yaml:1:"},
        {"contexts:\n  - name: a\n    nodes: [tcp://127.0.0.1:1]\n    colour: red\n",
         "config.yaml:3:12: Unexpected key: colour"},
        {"contexts:\n  - nodes: [tcp://127.0.0.1:1]\n",
         "config.yaml:2:12: Missing required mapping field: name"},
        {"current: [a\n", "config.yaml:1:10: "},
        {"current: a\ncurrent: b\n", "config.yaml:1:10: Mapping field already seen: current"},
        {"nonsense", "config.yaml is not a configuration of vigil: Expecting MAPPING"},
        {"\xff\xfe", "config.yaml is not a configuration of vigil: it is empty"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cli_flags flags = {.context = NULL};
        struct cli_settings settings;
        struct vg_error error = {.text = ""};
        write_config(bad[i].text);
        cr_expect_eq(cli_settings_resolve(&flags, &settings, &error), VG_INVALID, "%zu", i);
        cr_expect(strstr(error.text, bad[i].why) != NULL, "%s", error.text);
        cli_settings_free(&settings);
        flags.local = true;
        cr_expect_eq(cli_settings_resolve(&flags, &settings, &error), VG_OK);
        cli_settings_free(&settings);
    }
}

Test(cli_settings, a_context_is_put_beside_the_others)
{
    char name[] = "home";
    char node[] = "tcp://127.0.0.1:7";
    char identity[] = "/other.identity";
    char *nodes[] = {node};
    struct cli_context context = {
        .name = name, .nodes = nodes, .nodes_count = 1, .identity = identity};
    struct vg_error error;
    struct cli_config *config = NULL;
    char kept[64];
    char *used = NULL;
    char *path = cli_config_path();
    snprintf(kept, sizeof kept, "%s/home.identity", folder);
    char text[512];
    snprintf(text, sizeof text,
             "contexts:\n  - name: home\n    nodes: [tcp://127.0.0.1:1]\n"
             "    identity: %s\n",
             kept);
    write_config(text);
    cr_assert_eq(vg_file_write(kept, vg_span_text("x"), 0600, &error), VG_OK);

    cr_assert_eq(cli_config_put(path, &context, &used, &error), VG_OK, "%s", error.text);
    cr_assert_str_eq(used, "home-2", "a name in use by another person's context is kept");
    free(used);
    cr_assert_eq(cli_config_put(path, &context, &used, &error), VG_OK, "%s", error.text);
    cr_assert_str_eq(used, "home-2", "the same context is put in its old place");
    free(used);
    cr_assert_eq(cli_config_load(path, &config, &error), VG_OK, "%s", error.text);
    cr_assert_eq(config->contexts_count, 2);
    cr_assert_str_eq(config->current, "home-2");
    cr_assert_str_eq(cli_config_find(config, "home-2")->nodes[0], node);
    cr_assert_str_eq(cli_config_find(config, "home")->identity, kept);
    cli_config_free(config);
    free(path);
}

/* ---- what a session has read -------------------------------------------------------------------
 */

Test(cli_settings, a_session_remembers_what_was_read_by_whom)
{
    struct vg_error error;
    uint64_t revision = 0;
    json_t *list = json_pack("[{s:s, s:{s:i, s:i}}, {s:s, s:{s:i}}]", "id", "i-1", "revision",
                             "stage", 3, "notes", 1, "id", "i-2", "revision", "stage", 1);
    json_t *one = json_pack("{s:s, s:{s:i}}", "id", "i-1", "revision", "stage", 4);
    cr_assert_not(cli_session_revision("s", "ada", "i-1", "stage", &revision));
    cr_assert_eq(cli_session_learn("s", "ada", list, &error), VG_OK, "%s", error.text);
    cr_assert(cli_session_revision("s", "ada", "i-1", "stage", &revision));
    cr_assert_eq(revision, 3);
    cr_assert_eq(cli_session_learn("s", "ada", one, &error), VG_OK);
    cr_assert(cli_session_revision("s", "ada", "i-1", "stage", &revision));
    cr_assert_eq(revision, 4);
    cr_assert(cli_session_revision("s", "ada", "i-1", "notes", &revision), "others stay");
    cr_assert_not(cli_session_revision("s", "bob", "i-1", "stage", &revision));
    cr_assert_not(cli_session_revision("t", "ada", "i-1", "stage", &revision));
    cr_assert_not(cli_session_revision(NULL, "ada", "i-1", "stage", &revision));
    cr_assert_eq(cli_session_learn(NULL, "ada", one, &error), VG_OK);
    cr_assert(cli_session_revision(NULL, "ada", "i-1", "stage", &revision));
    json_decref(list);
    json_decref(one);
}

Test(cli_settings, a_damaged_memory_is_an_empty_one)
{
    struct vg_error error;
    uint64_t revision;
    char path[128];
    json_t *one = json_pack("{s:s, s:{s:i}}", "id", "i-1", "revision", "stage", 4);
    cr_assert_eq(cli_session_learn("s", "ada", one, &error), VG_OK);
    snprintf(path, sizeof path, "%s/vigil/sessions/s.json", folder);
    cr_assert_eq(vg_file_write(path, vg_span_text("{\"ada/i-1\":"), 0600, &error), VG_OK);
    cr_assert_not(cli_session_revision("s", "ada", "i-1", "stage", &revision));
    cr_assert_eq(cli_session_learn("s", "ada", one, &error), VG_OK);
    cr_assert(cli_session_revision("s", "ada", "i-1", "stage", &revision));
    json_decref(one);
}

Test(cli_settings, the_name_of_a_session_is_no_path)
{
    cr_assert(cli_session_valid("shift-2.apac_1"));
    cr_assert_not(cli_session_valid(""));
    cr_assert_not(cli_session_valid("../x"));
    cr_assert_not(cli_session_valid(".x"));
    cr_assert_not(cli_session_valid("a/b"));
}
