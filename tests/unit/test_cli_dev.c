/* SPDX-License-Identifier: Apache-2.0
 * The files of a local cluster, read by the programs they are for. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "common/identity.h"
#include "common/keyring.h"
#include "node/config.h"
#include "ops/cli/core/process.h"
#include "ops/cli/core/public.h"
#include "ops/dev/clear.h"
#include "ops/dev/make.h"
#include "ops/dev/node.h"
#include "proto/ledger/genesis.h"

static char folder[] = "/tmp/vigil-dev-XXXXXX";

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(folder));
}

static void tear_down(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(cli_dev, .init = set_up, .fini = tear_down);

static struct dev_cluster make_cluster(const char *regions)
{
    struct dev_plan plan = {
        .nodes = 3, .people = 2, .election_timeout_ms = 400, .regions = regions};
    struct dev_cluster cluster;
    struct vg_error error = {.text = ""};
    cr_assert_eq(dev_cluster_make(folder, &plan, &cluster, &error), VG_OK, "%s", error.text);
    return cluster;
}

Test(cli_dev, vigild_takes_the_configurations)
{
    struct dev_cluster cluster = make_cluster("apac,a \"b\": #c,\u00e9meA\\");
    struct vg_error error = {.text = ""};
    for (uint32_t i = 0; i < 3; i++) {
        struct node_config *config = NULL;
        struct vg_identity key;
        char path[DEV_PATH_MAX];
        dev_node_path(&cluster, &cluster.nodes[i], "config.yaml", path);
        cr_assert_eq(node_config_read(path, &config, &error), VG_OK, "%s", error.text);
        cr_expect_eq(config->node, i + 1);
        cr_expect_str_eq(config->region, cluster.nodes[i].region);
        cr_expect_str_eq(config->listen.client, cluster.nodes[i].client);
        cr_expect_eq(config->peers_count, 2);
        cr_expect_eq(config->election_timeout_ms, 400);
        cr_expect_eq(vg_identity_read(config->key, &key, &error), VG_OK, "%s", error.text);
        cr_expect_eq(key.node.value, i + 1);
        node_config_free(config);
    }
    cr_expect_str_eq(cluster.nodes[1].region, "a \"b\": #c");
    dev_cluster_close(&cluster);
}

/* The address at which a node's configuration has another. */
static void expect_peer(const struct dev_cluster *cluster, uint32_t node, uint32_t other,
                        const char *url)
{
    struct node_config *config = NULL;
    struct vg_error error = {.text = ""};
    char path[DEV_PATH_MAX];
    dev_node_path(cluster, &cluster->nodes[node], "config.yaml", path);
    cr_assert_eq(node_config_read(path, &config, &error), VG_OK, "%s", error.text);
    for (uint32_t i = 0; i < config->peers_count; i++)
        if (config->peers[i].node == cluster->nodes[other].id)
            cr_expect_str_eq(config->peers[i].peer, url);
    node_config_free(config);
}

Test(cli_dev, nodes_dial_each_other_by_the_routes_they_are_given)
{
    struct dev_cluster cluster = make_cluster("apac,emea,amer");
    struct dev_routes routes = {.urls = {{"", "tcp://127.0.0.1:9"}}};
    struct vg_error error = {.text = ""};
    expect_peer(&cluster, 0, 1, cluster.nodes[1].peer);
    cr_assert_eq(dev_make_configs(&cluster, &routes, &error), VG_OK, "%s", error.text);
    expect_peer(&cluster, 0, 1, "tcp://127.0.0.1:9");
    expect_peer(&cluster, 0, 2, cluster.nodes[2].peer);
    expect_peer(&cluster, 1, 0, cluster.nodes[0].peer);
    dev_cluster_close(&cluster);
}

static struct ledger_genesis read_genesis(void)
{
    struct vg_error error = {.text = ""};
    struct vg_buffer bytes = {0};
    struct ledger_genesis genesis;
    char path[DEV_PATH_MAX];
    snprintf(path, sizeof path, "%s/genesis", folder);
    cr_assert_eq(vg_file_read(path, LEDGER_GENESIS_MAX, &bytes, &error), VG_OK, "%s", error.text);
    cr_assert_eq(ledger_genesis_decode(vg_buffer_span(&bytes), &genesis, &error), VG_OK, "%s",
                 error.text);
    vg_buffer_free(&bytes);
    return genesis;
}

/* A data key of the genesis out of a node's wrap, with what lies in the node's folder. */
static vg_cipher_key data_key_of(const struct dev_cluster *cluster, const struct dev_node *node,
                                 const struct ledger_genesis *genesis, enum ledger_founded which)
{
    struct vg_error error = {.text = ""};
    struct vg_identity identity;
    struct vg_keyring keyring;
    vg_cipher_key key;
    vg_hash place = ledger_genesis_place(genesis);
    char path[DEV_PATH_MAX];
    dev_node_path(cluster, node, "key", path);
    cr_assert_eq(vg_identity_read(path, &identity, &error), VG_OK, "%s", error.text);
    dev_node_path(cluster, node, "keyring", path);
    cr_assert_eq(vg_keyring_read(path, &identity, &keyring, &error), VG_OK, "%s", error.text);
    const struct vg_unwrap *unwrap = vg_keyring_find(&keyring, cli_founded[which].before);
    cr_assert_not_null(unwrap);
    cr_assert_eq(compartment_unwrap(&genesis->epochs[which], &place, identity.node, &unwrap->secret,
                                    &key, &error),
                 VG_OK, "%s", error.text);
    return key;
}

static vg_box_secret read_recovery_key(void)
{
    struct vg_error error = {.text = ""};
    struct vg_buffer text = {0};
    vg_box_secret recovery;
    char path[DEV_PATH_MAX];
    snprintf(path, sizeof path, "%s/recovery.key", folder);
    cr_assert_eq(vg_file_read(path, 64, &text, &error), VG_OK, "%s", error.text);
    vg_buffer_append(&text, "", 1);
    cr_assert(vg_hex_parse((const char *)text.data, recovery.bytes, sizeof recovery.bytes));
    vg_buffer_free(&text);
    return recovery;
}

Test(cli_dev, every_keyring_opens_the_keys_of_the_genesis_and_so_does_the_recovery_key)
{
    struct dev_cluster cluster = make_cluster("apac");
    struct ledger_genesis genesis = read_genesis();
    struct vg_error error = {.text = ""};
    vg_hash place = ledger_genesis_place(&genesis);
    vg_box_secret recovery = read_recovery_key();
    vg_cipher_key first[LEDGER_FOUNDED], key;
    cr_assert_eq(genesis.flags, 0);
    for (uint32_t which = 0; which < LEDGER_FOUNDED; which++) {
        first[which] = data_key_of(&cluster, &cluster.nodes[0], &genesis, which);
        for (uint32_t i = 1; i < 3; i++) {
            key = data_key_of(&cluster, &cluster.nodes[i], &genesis, which);
            cr_assert_arr_eq(key.bytes, first[which].bytes, sizeof key.bytes);
        }
        cr_assert_eq(compartment_unwrap(&genesis.epochs[which], &place,
                                        (vg_node_id){COMPARTMENT_RECOVERY}, &recovery, &key,
                                        &error),
                     VG_OK, "%s", error.text);
        cr_assert_arr_eq(key.bytes, first[which].bytes, sizeof key.bytes);
    }
    cr_assert_neq(memcmp(&first[0], &first[1], sizeof key), 0);
    dev_cluster_close(&cluster);
}

Test(cli_dev, the_genesis_has_the_keys_and_the_first_person_operates)
{
    struct dev_cluster cluster = make_cluster("apac");
    struct vg_error error = {.text = ""};
    struct ledger_genesis genesis = read_genesis();
    struct vg_identity person;
    char path[DEV_PATH_MAX];
    cr_expect_eq(ledger_genesis_check(&genesis, &vg_signer_ed25519, &error), VG_OK, "%s",
                 error.text);
    cr_expect_eq(genesis.member_count, 3);
    cr_expect_eq(genesis.person_count, 2);
    cr_expect_eq(memcmp(&genesis.members[2].keys.channel, &cluster.nodes[2].channel,
                        sizeof(vg_channel_public)),
                 0);
    for (uint32_t i = 0; i < 2; i++) {
        dev_person_path(&cluster, i + 1, path);
        cr_assert_eq(vg_identity_read(path, &person, &error), VG_OK, "%s", error.text);
        const struct ledger_person *known = ledger_genesis_person(&genesis, &person.id);
        cr_assert_not_null(known);
        struct vg_keys keys = vg_identity_keys(&person);
        cr_expect_eq(memcmp(&known->keys, &keys, sizeof keys), 0);
        cr_expect_eq((known->bits & LEDGER_PERSON_OPERATOR) != 0, i == 0);
    }
    dev_cluster_close(&cluster);
}

Test(cli_dev, a_cluster_is_found_again_and_never_made_over_something_else)
{
    struct dev_cluster made = make_cluster("apac,emea,amer");
    struct dev_cluster found;
    struct dev_node *node = NULL;
    struct vg_error error = {.text = ""};
    dev_cluster_close(&made);
    cr_assert_eq(dev_cluster_open(folder, &found, &error), VG_OK, "%s", error.text);
    cr_expect_str_eq(found.cluster, made.cluster);
    cr_expect_eq(found.people, 2);
    cr_expect_eq(dev_cluster_find(&found, "emea", &node, &error), VG_OK);
    cr_expect_eq(node->id, 2);
    cr_expect_str_eq(node->peer, made.nodes[1].peer);
    cr_expect_eq(memcmp(&node->channel, &made.nodes[1].channel, sizeof node->channel), 0);
    cr_expect_eq(dev_cluster_find(&found, "3", &node, &error), VG_OK);
    cr_expect_eq(dev_cluster_find(&found, "4", &node, &error), VG_NOT_FOUND);
    dev_cluster_close(&found);

    char state[128];
    struct dev_plan plan = {.nodes = 1, .people = 1, .election_timeout_ms = 300, .regions = "x"};
    snprintf(state, sizeof state, "%s/cluster.json", folder);
    cr_assert_eq(vg_file_write(state, vg_span_text("{\"nodes\":7}"), 0600, &error), VG_OK);
    cr_expect_eq(dev_cluster_open(folder, &found, &error), VG_INVALID);
    cr_assert_eq(unlink(state), 0);
    cr_expect_eq(dev_cluster_open(folder, &found, &error), VG_NOT_FOUND);
    cr_expect_eq(dev_cluster_make(folder, &plan, &found, &error), VG_EXISTS);
}

/* A process that waits for the end of a pipe, as a node that runs. */
static struct dev_node start_process(int *end)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char byte;
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(ends[0]);
    *end = ends[1];
    return (struct dev_node){.id = 1, .pid = pid, .started = cli_process_look(pid).started};
}

Test(cli_dev, signals_are_real_and_done_when_they_return)
{
    struct vg_error error = {.text = ""};
    int end;
    struct dev_node node = start_process(&end);
    cr_expect_eq(dev_node_state(&node), DEV_RUNNING);
    cr_expect_eq(dev_node_pause(&node, &error), VG_OK, "%s", error.text);
    cr_expect_eq(dev_node_state(&node), DEV_PAUSED);
    cr_expect_eq(dev_node_resume(&node, &error), VG_OK, "%s", error.text);
    cr_expect_eq(dev_node_state(&node), DEV_RUNNING);
    cr_expect_eq(dev_node_pause(&node, &error), VG_OK, "%s", error.text);
    cr_expect_eq(dev_node_kill(&node, &error), VG_OK, "%s", error.text);
    cr_expect_eq(dev_node_state(&node), DEV_STOPPED);
    cr_expect_eq(dev_node_kill(&node, &error), VG_NOT_FOUND);
    close(end);
}

Test(cli_dev, a_stranger_with_the_id_of_a_node_is_left_alone)
{
    struct vg_error error = {.text = ""};
    int end;
    struct dev_node node = start_process(&end);
    node.started--;
    cr_expect_eq(dev_node_state(&node), DEV_STOPPED);
    cr_expect_eq(dev_node_kill(&node, &error), VG_NOT_FOUND);
    dev_node_stop(&node);
    cr_expect(cli_process_look(node.pid).alive);
    close(end);
    waitpid(node.pid, NULL, 0);
}

/* ---- --clear -----------------------------------------------------------------------------------
 */

static void expect_cleared(const struct dev_clear *clear, uint32_t place, const char *name,
                           const uint64_t *nodes, uint32_t count)
{
    const struct dev_cleared *one = &clear->all[place];
    cr_assert_lt(place, clear->count);
    cr_expect_str_eq(one->name, name);
    cr_assert_eq(one->node_count, count, "%s", name);
    for (uint32_t i = 0; i < count; i++)
        cr_expect_eq(one->nodes[i], nodes[i], "%s", name);
}

Test(cli_dev, clear_says_who_is_cleared_for_what)
{
    struct dev_clear clear = {.count = 0};
    struct vg_error error = {.text = ""};
    cr_assert_eq(dev_clear_parse("1=acme,bolt,2=acme,2=acme", 3, &clear, &error), VG_OK);
    cr_assert_eq(dev_clear_parse("3=two words", 3, &clear, &error), VG_OK);
    cr_assert_eq(clear.count, 3);
    expect_cleared(&clear, 0, "acme", (const uint64_t[]){1, 2}, 2);
    expect_cleared(&clear, 1, "bolt", (const uint64_t[]){1}, 1);
    expect_cleared(&clear, 2, "two words", (const uint64_t[]){3}, 1);
}

Test(cli_dev, clear_names_what_is_wrong)
{
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"4=acme", "\"4\" is no node"},
        {"0=acme", "\"0\" is no node"},
        {"18446744073709551617=acme", "is no node"},
        {"x=acme", "\"x\" is no node"},
        {"=acme", "\"\" is no node"},
        {"acme", "does not begin with NODE="},
        {"", "does not begin with NODE="},
        {"1=", "1 to 128 bytes"},
        {"1=acme,,2=acme", "1 to 128 bytes"},
        {"1=default", "every node is cleared for \"default\""},
        {"1=acme,directory", "every node is cleared for \"directory\""},
        {"1=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "more than 16"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct dev_clear clear = {.count = 0};
        struct vg_error error = {.text = ""};
        cr_expect_eq(dev_clear_parse(wrong[i].text, 3, &clear, &error), VG_USAGE, "%s",
                     wrong[i].text);
        cr_expect_not_null(strstr(error.text, wrong[i].says), "%s: %s", wrong[i].text, error.text);
    }
}
