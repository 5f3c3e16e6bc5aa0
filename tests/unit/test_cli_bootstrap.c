/* SPDX-License-Identifier: Apache-2.0
 * What a cluster begins with: the plan, the cluster file, a node's configuration, the shares of the
 * recovery key. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/keyring.h"
#include "common/text.h"
#include "node/config.h"
#include "ops/cli/bootstrap/files.h"
#include "ops/cli/bootstrap/plan.h"
#include "ops/cli/bootstrap/seal.h"
#include "ops/cli/bootstrap/share.h"

static char folder[] = "/tmp/vigil-bootstrap-XXXXXX";

static void set_up(void)
{
    vg_crypto_init();
    cr_assert_not_null(mkdtemp(folder));
}

static void tear_down(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(cli_bootstrap, .init = set_up, .fini = tear_down);

static const char *place(const char *name)
{
    static char paths[4][96];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    struct vg_error error = {.text = ""};
    cr_assert_eq(vg_file_write(place(name), vg_span_text(text), 0600, &error), VG_OK, "%s",
                 error.text);
}

/* The public half of fresh keys, in a file. */
static struct cli_public make_public(const char *name, enum vg_identity_kind kind, uint64_t node)
{
    struct vg_identity identity;
    vg_id id = {{1}};
    id.bytes[15] = (uint8_t)name[0];
    vg_identity_make(kind, kind == VG_IDENTITY_PERSON ? &id : &(vg_id){{0}}, (vg_node_id){node},
                     &identity);
    struct cli_public made = {.holder = vg_identity_holder(&identity),
                              .keys = vg_identity_keys(&identity),
                              .has_unwraps = kind == VG_IDENTITY_NODE};
    for (int i = 0; made.has_unwraps && i < LEDGER_FOUNDED; i++)
        made.unwraps[i] =
            *vg_keyring_add(&(struct vg_keyring){0}, &identity, cli_founded[i].before);
    json_t *document = cli_public_describe(&made);
    char *text = json_dumps(document, 0);
    write_file(name, text);
    free(text);
    json_decref(document);
    return made;
}

/* The public half of a recovery key, as the ceremony leaves it. */
static vg_box_public make_recovery(const char *name)
{
    const uint8_t seed[VG_SEED_SIZE] = {7};
    char text[512], key[2 * VG_BOX_KEY_SIZE + 1], fingerprint[VG_FINGERPRINT_TEXT];
    vg_box_public made;
    vg_box_secret secret;
    vg_box_keypair(seed, &made, &secret);
    vg_hex_format(vg_span_of(made.bytes, sizeof made.bytes), key);
    recovery_fingerprint(&made, fingerprint);
    snprintf(text, sizeof text,
             "{\"kind\": \"recovery\", \"public_key\": \"%s\", \"fingerprint\": \"%s\"}", key,
             fingerprint);
    write_file(name, text);
    return made;
}

static void make_all(void)
{
    make_recovery("recovery.json");
    make_public("1.json", VG_IDENTITY_NODE, 1);
    make_public("2.json", VG_IDENTITY_NODE, 2);
    make_public("ann.json", VG_IDENTITY_PERSON, 0);
    make_public("ben.json", VG_IDENTITY_PERSON, 0);
}

/* ---- public halves ----------------------------------------------------------------------------
 */

/* Each digit of what is sent counts, that of the fingerprint too. */
Test(cli_bootstrap, a_public_half_that_was_altered_is_refused)
{
    static const char *const keys[][3] = {{"public_key"},
                                          {"channel_key"},
                                          {"binding"},
                                          {"fingerprint"},
                                          {"unwraps", "directory", "key"},
                                          {"unwraps", "directory", "binding"},
                                          {"unwraps", "first", "key"},
                                          {"unwraps", "first", "binding"}};
    struct cli_public made = make_public("node.json", VG_IDENTITY_NODE, 7), read;
    struct vg_error error = {.text = ""};
    cr_assert_eq(cli_public_read(place("node.json"), &read, &error), VG_OK, "%s", error.text);
    cr_expect_eq(memcmp(&read.keys, &made.keys, sizeof read.keys), 0);
    cr_expect_eq(read.holder.node.value, 7u);
    cr_expect(read.has_unwraps);
    cr_expect_eq(memcmp(read.unwraps, made.unwraps, sizeof read.unwraps), 0);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_t *document = json_load_file(place("node.json"), 0, NULL), *at = document;
        const char *const *key = keys[i];
        for (; key < keys[i] + 2 && key[1] != NULL; key++)
            at = json_object_get(at, *key);
        char *text = strdup(json_string_value(json_object_get(at, *key)));
        text[0] = text[0] == '0' ? '1' : '0';
        json_object_set_new(at, *key, json_string(text));
        cr_assert_eq(json_dump_file(document, place("altered.json"), 0), 0);
        cr_expect_eq(cli_public_read(place("altered.json"), &read, &error), VG_INTEGRITY, "%s",
                     *key);
        free(text);
        json_decref(document);
    }
    write_file("other.json", "{\"kind\": \"node\", \"id\": 7}");
    cr_expect_eq(cli_public_read(place("other.json"), &read, &error), VG_INVALID);
}

static void expect_public(const json_t *document, enum vg_code code)
{
    struct cli_public read;
    struct vg_error error = {.text = ""};
    cr_assert_eq(json_dump_file(document, place("exchanged.json"), 0), 0);
    cr_expect_eq(cli_public_read(place("exchanged.json"), &read, &error), code, "%s", error.text);
    cr_expect(code != VG_INTEGRITY || strstr(error.text, "an unwrap key of it is not signed"), "%s",
              error.text);
}

/* Nor can one node's unwrap key pass for another's, or one compartment's. */
Test(cli_bootstrap, an_unwrap_key_of_another_node_is_refused)
{
    make_all();
    json_t *one = json_load_file(place("1.json"), 0, NULL);
    json_t *two = json_load_file(place("2.json"), 0, NULL);
    for (int i = 0; i < LEDGER_FOUNDED; i++) {
        const char *name = cli_founded[i].name, *other = cli_founded[1 - i].name;
        const json_t *theirs = json_object_get(two, "unwraps");
        json_t *bad = json_deep_copy(one), *unwraps = json_object_get(bad, "unwraps");
        json_object_set(unwraps, name, json_object_get(theirs, name));
        expect_public(bad, VG_INTEGRITY);
        json_object_set(unwraps, name, json_object_get(unwraps, other));
        expect_public(bad, VG_INTEGRITY);
        json_object_del(unwraps, name);
        expect_public(bad, VG_INVALID);
        json_decref(bad);
    }
    json_decref(one);
    json_decref(two);
}

Test(cli_bootstrap, a_recovery_key_that_was_altered_is_refused)
{
    struct vg_error error = {.text = ""};
    vg_box_public made = make_recovery("recovery.json"), read;
    cr_assert_eq(recovery_public_read(place("recovery.json"), &read, &error), VG_OK, "%s",
                 error.text);
    cr_expect_eq(memcmp(&read, &made, sizeof read), 0);
    json_t *document = json_load_file(place("recovery.json"), 0, NULL);
    char *key = strdup(json_string_value(json_object_get(document, "public_key")));
    key[0] = key[0] == '0' ? '1' : '0';
    json_object_set_new(document, "public_key", json_string(key));
    cr_assert_eq(json_dump_file(document, place("altered.json"), 0), 0);
    cr_expect_eq(recovery_public_read(place("altered.json"), &read, &error), VG_INTEGRITY);
    json_object_set_new(document, "kind", json_string("node"));
    cr_assert_eq(json_dump_file(document, place("altered.json"), 0), 0);
    cr_expect_eq(recovery_public_read(place("altered.json"), &read, &error), VG_INVALID);
    free(key);
    json_decref(document);
}

/* ---- plan -------------------------------------------------------------------------------------
 */

#define NODE(number)                                                                               \
    "- {public: " number ".json, region: r" number ", peer: \"ipc:///p" number "\", client: "      \
    "\"ipc:///c" number "\"}\n"
#define ANN "- {public: ann.json, name: ann, operator: true, key_officer: true, roles: [legal]}\n"
#define BEN "- {public: ben.json, name: ben}\n"
#define RECOVERY "recovery: recovery.json\n"
#define PLAN(nodes, people) "compartment: default\n" RECOVERY "nodes:\n" nodes "people:\n" people

Test(cli_bootstrap, a_plan_has_its_nodes_by_number_and_its_people_as_written)
{
    struct plan *plan;
    struct vg_error error = {.text = ""};
    make_all();
    write_file("plan.yaml", PLAN(NODE("2") NODE("1"), ANN BEN));
    cr_assert_eq(plan_read(place("plan.yaml"), &plan, &error), VG_OK, "%s", error.text);
    cr_expect_eq(plan->nodes_count, 2u);
    cr_expect_eq(plan->nodes[0].identity.holder.node.value, 1u);
    cr_expect_str_eq(plan->nodes[1].region, "r2");
    cr_expect_eq(plan->people_count, 2u);
    cr_expect(plan->people[0].operates && plan->people[0].key_officer);
    cr_expect_not(plan->people[1].operates || plan->people[1].on_call);
    cr_expect_neq(plan->people[0].role_bits, 0u);
    plan_free(plan);
}

/* A node's public half whose keyring was not there. */
static void make_bare(const char *name)
{
    make_public(name, VG_IDENTITY_NODE, 1);
    json_t *document = json_load_file(place(name), 0, NULL);
    json_object_del(document, "unwraps");
    cr_assert_eq(json_dump_file(document, place(name), 0), 0);
    json_decref(document);
}

Test(cli_bootstrap, what_is_wrong_in_a_plan_is_named)
{
    static const struct {
        const char *text, *says;
        enum vg_code code;
    } bad[] = {
        {PLAN(NODE("1") NODE("1"), ANN), "ipc:///p1 stands there twice", VG_INVALID},
        {PLAN(NODE("1") NODE("one"), ANN), "nodes: two have the number 1", VG_INVALID},
        {PLAN(NODE("1"), BEN), "nobody is operator", VG_INVALID},
        {PLAN(NODE("1"), "- {public: ann.json, name: ann, operator: true}\n"),
         "nobody is key officer", VG_INVALID},
        {PLAN(NODE("ann"), ANN), "ann.json is the identity of a person", VG_INVALID},
        {PLAN(NODE("1"), "- {public: 2.json, name: x, operator: true, key_officer: true}\n"),
         "2.json is the identity of a node", VG_INVALID},
        {PLAN(NODE("1"), ANN "- {public: ben.json, name: ann}\n"), "two are called ann",
         VG_INVALID},
        {PLAN(NODE("1"), ANN "- {public: ann.json, name: ben}\n"),
         "ann and ben are one person twice", VG_INVALID},
        {PLAN(NODE("1"), ANN "- {public: ben.json, name: ben, roles: [boss]}\n"),
         "'boss' is not a role", VG_INVALID},
        {PLAN(NODE("9"), ANN), "plan.yaml: ", VG_NOT_FOUND},
        {PLAN(NODE("bare"), ANN), "bare.json has no unwrap keys", VG_INVALID},
        {"compartment: default\nnodes:\n" NODE("1") "people:\n" ANN,
         "plan.yaml: for which recovery key", VG_INVALID},
        {"compartment: default\nrecovery: 1.json\nnodes:\n" NODE("1") "people:\n" ANN,
         "1.json is not the recovery.json", VG_INVALID},
        {PLAN(NODE("1"), ANN) "colour: red\n", "Unexpected key: colour", VG_INVALID},
        {"nodes: []\n", "plan.yaml:1:8: Insufficient entries", VG_INVALID},
        {"", "is not the plan of a cluster", VG_INVALID},
    };
    make_all();
    make_bare("bare.json");
    make_public("one.json", VG_IDENTITY_NODE, 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct plan *plan = NULL;
        struct vg_error error = {.text = ""};
        write_file("plan.yaml", bad[i].text);
        cr_expect_eq(plan_read(place("plan.yaml"), &plan, &error), bad[i].code, "%zu: %s", i,
                     error.text);
        cr_expect_not_null(strstr(error.text, bad[i].says), "%zu: %s", i, error.text);
    }
}

/* ---- the cluster file, a node's configuration --------------------------------------------------
 */

static struct cluster_file sample_file(void)
{
    struct cluster_file file = {.genesis = {.version = LEDGER_GENESIS_VERSION,
                                            .directory = {{1}},
                                            .first = {{2}},
                                            .member_count = 2,
                                            .person_count = 1},
                                .places = {{"tcp://127.0.0.1:1", "tcp://127.0.0.1:2"},
                                           {"tcp://127.0.0.1:3", "tcp://127.0.0.1:4"}}};
    struct vg_error error = {.text = ""};
    struct bootstrap_holders holders = {.recovery = make_recovery("recovery.json")};
    for (uint32_t i = 0; i < 2; i++) {
        struct cli_public node = make_public("node.json", VG_IDENTITY_NODE, i + 1);
        file.genesis.members[i] =
            (struct ledger_member){.id = node.holder.node, .region = "apac", .keys = node.keys};
        for (int which = 0; which < LEDGER_FOUNDED; which++)
            holders.members[i][which] = node.unwraps[which].key;
    }
    struct cli_public person = make_public("ann.json", VG_IDENTITY_PERSON, 0);
    file.genesis.people[0] = (struct ledger_person){
        .id = person.holder.person, .keys = person.keys, .bits = LEDGER_PERSON_OPERATOR};
    cr_assert_eq(bootstrap_seal(&file.genesis, &holders, &error), VG_OK, "%s", error.text);
    return file;
}

Test(cli_bootstrap, a_cluster_file_comes_back_and_is_never_overwritten)
{
    static struct cluster_file made, read;
    struct vg_error error = {.text = ""};
    uint8_t bytes[LEDGER_GENESIS_MAX];
    made = sample_file();
    const char *path = place("cluster.json");
    cr_assert_eq(cluster_file_write(path, &made, &error), VG_OK, "%s", error.text);
    cr_expect_eq(cluster_file_write(path, &made, &error), VG_EXISTS);
    cr_assert_eq(cluster_file_read(path, NULL, &read, &error), VG_OK, "%s", error.text);
    vg_hash cluster =
        ledger_genesis_hash(vg_span_of(bytes, ledger_genesis_encode(&made.genesis, bytes)));
    cr_expect(vg_hash_equal(&read.cluster, &cluster));
    cr_expect_str_eq(read.places[1].client, "tcp://127.0.0.1:4");
    cr_assert_eq(cluster_file_read(path, cluster.bytes, &read, &error), VG_OK, "%s", error.text);
    cluster.bytes[VG_FINGERPRINT_SIZE - 1] ^= 1;
    cr_expect_eq(cluster_file_read(path, cluster.bytes, &read, &error), VG_INTEGRITY);
    cr_expect_not_null(strstr(error.text, "you were told another"), "%s", error.text);
}

Test(cli_bootstrap, a_cluster_file_that_lacks_something_is_refused)
{
    static struct cluster_file made, read;
    struct vg_error error = {.text = ""};
    made = sample_file();
    cr_assert_eq(cluster_file_write(place("cluster.json"), &made, &error), VG_OK);
    json_t *good = json_load_file(place("cluster.json"), 0, NULL);
    for (int i = 0; i < 5; i++) {
        json_t *bad = json_deep_copy(good);
        json_t *node = json_array_get(json_object_get(bad, "nodes"), 1);
        if (i == 0)
            json_object_set_new(bad, "format", json_string("vigil-cluster 9"));
        if (i == 1)
            json_object_set_new(bad, "genesis", json_string("AAAA"));
        if (i == 2)
            json_array_remove(json_object_get(bad, "nodes"), 0);
        if (i == 3)
            json_object_set_new(node, "id", json_integer(3));
        if (i == 4)
            json_object_del(node, "peer");
        cr_assert_eq(json_dump_file(bad, place("bad.json"), 0), 0);
        cr_expect_eq(cluster_file_read(place("bad.json"), NULL, &read, &error), VG_INVALID,
                     "%d: %s", i, error.text);
        json_decref(bad);
    }
    json_decref(good);
    made.genesis.flags = LEDGER_GENESIS_CLEAR;
    cr_assert_eq(cluster_file_write(place("clear.json"), &made, &error), VG_OK);
    cr_expect_eq(cluster_file_read(place("clear.json"), NULL, &read, &error), VG_INVALID);
    cr_expect_not_null(strstr(error.text, "it lets entries be in clear"), "%s", error.text);
    made.genesis.flags = 0;
    made.genesis.members[0].keys.channel.bytes[0] ^= 1;
    cr_assert_eq(cluster_file_write(place("altered.json"), &made, &error), VG_OK);
    cr_expect_eq(cluster_file_read(place("altered.json"), NULL, &read, &error), VG_INTEGRITY);
}

Test(cli_bootstrap, a_node_takes_the_configuration_that_is_written_for_it)
{
    struct node_file file = {.made_by = "a test",
                             .data = "/var/lib/\"vigil\": #1",
                             .genesis = "/etc/vigil/genesis",
                             .key = "/etc/vigil/key",
                             .self = 1,
                             .count = 2,
                             .nodes = {{1, "apac", "tcp://127.0.0.1:1", "tcp://127.0.0.1:2"},
                                       {2, "emea", "tcp://127.0.0.1:3", "tcp://127.0.0.1:4"}}};
    struct node_config *config;
    struct vg_error error = {.text = ""};
    memset(file.cluster, 'a', sizeof file.cluster - 1);
    cr_assert_eq(node_file_write(place("node.yaml"), &file, &error), VG_OK, "%s", error.text);
    cr_assert_eq(node_config_read(place("node.yaml"), &config, &error), VG_OK, "%s", error.text);
    cr_expect_eq(config->node, 2u);
    cr_expect_str_eq(config->data, file.data);
    cr_expect_str_eq(config->cluster, file.cluster);
    cr_expect_str_eq(config->listen.peer, "tcp://127.0.0.1:3");
    cr_expect_eq(config->peers_count, 1u);
    cr_expect_str_eq(config->peers[0].client, "tcp://127.0.0.1:2");
    node_config_free(config);
}

/* ---- shares -----------------------------------------------------------------------------------
 */

enum { COUNT = 5, THRESHOLD = 3 };

static uint8_t seed[VG_SEED_SIZE] = {9, 8, 7};

static void split(struct recovery_share out[COUNT])
{
    recovery_split(seed, THRESHOLD, COUNT, out);
    for (uint8_t i = 0; i < COUNT; i++)
        snprintf(out[i].holder, sizeof out[i].holder, "holder %u", i + 1U);
}

/* Every choice of shares: enough of them give the key, in any order, and fewer do not. */
Test(cli_bootstrap, any_shares_give_the_key_if_they_are_enough)
{
    struct recovery_share all[COUNT], some[COUNT];
    vg_box_public key;
    vg_box_secret secret;
    split(all);
    vg_box_keypair(seed, &key, &secret);
    for (unsigned choice = 1; choice < 1U << COUNT; choice++) {
        vg_box_secret back;
        struct vg_error error = {.text = ""};
        uint8_t count = 0;
        for (unsigned i = COUNT; i-- > 0;)
            if ((choice >> i & 1) != 0)
                some[count++] = all[i];
        enum vg_code code = recovery_combine(some, count, &back, &error);
        cr_assert_eq(code, count >= THRESHOLD ? VG_OK : VG_INVALID, "%x: %s", choice, error.text);
        if (code == VG_OK)
            cr_assert_eq(memcmp(&back, &secret, sizeof back), 0, "%x", choice);
    }
}

/* With one share less than it takes, every key is as likely: here, no two splits share a secret. */
Test(cli_bootstrap, a_share_is_not_the_key_and_no_split_is_another)
{
    struct recovery_share one[COUNT], other[COUNT];
    split(one);
    split(other);
    for (uint8_t i = 0; i < COUNT; i++) {
        cr_expect_neq(memcmp(one[i].secret, seed, sizeof seed), 0);
        cr_expect_neq(memcmp(one[i].secret, other[i].secret, sizeof seed), 0);
    }
}

Test(cli_bootstrap, shares_that_do_not_belong_together_are_named)
{
    struct recovery_share mine[COUNT], theirs[COUNT], some[THRESHOLD];
    struct vg_error error = {.text = ""};
    vg_box_secret back;
    split(mine);
    seed[9] ^= 1;
    split(theirs);
    memcpy(some, mine, sizeof some);
    some[2] = some[0];
    cr_expect_eq(recovery_combine(some, THRESHOLD, &back, &error), VG_INVALID);
    cr_expect_not_null(strstr(error.text, "share 1 (holder 1) is given twice"), "%s", error.text);
    some[2] = theirs[2];
    cr_expect_eq(recovery_combine(some, THRESHOLD, &back, &error), VG_INVALID);
    cr_expect_not_null(strstr(error.text, "of two recovery keys"), "%s", error.text);
    some[2] = mine[2];
    some[2].secret[5] ^= 1;
    cr_expect_eq(recovery_combine(some, THRESHOLD, &back, &error), VG_INTEGRITY);
}

/* What the shares give opens what a genesis has sealed for the recovery key. */
Test(cli_bootstrap, the_recovered_key_opens_both_compartments)
{
    static struct cluster_file file;
    struct recovery_share all[COUNT];
    struct bootstrap_holders holders;
    vg_box_secret recovered, stranger;
    vg_cipher_key by_recovery, other;
    struct vg_error error = {.text = ""};
    const vg_node_id recovery = {COMPARTMENT_RECOVERY};
    split(all);
    file = sample_file();
    holders.recovery = all[0].key;
    for (uint32_t i = 0; i < 2; i++)
        for (int which = 0; which < LEDGER_FOUNDED; which++)
            holders.members[i][which] = file.genesis.epochs[which].wraps[i + 1].unwrap;
    cr_assert_eq(bootstrap_seal(&file.genesis, &holders, &error), VG_OK, "%s", error.text);
    cr_assert_eq(recovery_combine(&all[1], THRESHOLD, &recovered, &error), VG_OK);
    vg_hash at = ledger_genesis_place(&file.genesis);
    stranger = recovered;
    stranger.bytes[1] ^= 1;
    for (int which = 0; which < LEDGER_FOUNDED; which++) {
        const struct compartment_epoch *epoch = &file.genesis.epochs[which];
        cr_expect_eq(compartment_unwrap(epoch, &at, recovery, &recovered, &by_recovery, &error),
                     VG_OK, "%s", error.text);
        cr_expect_eq(compartment_unwrap(epoch, &at, recovery, &stranger, &other, &error),
                     VG_INTEGRITY);
    }
}

/* Each character of a share's file counts. */
Test(cli_bootstrap, a_share_comes_back_and_a_mistyped_one_is_refused)
{
    struct recovery_share all[COUNT], read;
    struct vg_error error = {.text = ""};
    struct vg_buffer bytes = {0};
    split(all);
    cr_assert_eq(recovery_share_write(place("share"), &all[1], &error), VG_OK, "%s", error.text);
    cr_expect_eq(recovery_share_write(place("share"), &all[1], &error), VG_EXISTS);
    cr_assert_eq(recovery_share_read(place("share"), &read, &error), VG_OK, "%s", error.text);
    cr_expect_eq(memcmp(&read.secret, &all[1].secret, sizeof read.secret), 0);
    cr_expect_str_eq(read.holder, "holder 2");
    cr_expect_eq(read.number, 2);
    cr_assert_eq(vg_file_read(place("share"), 2000, &bytes, &error), VG_OK);
    for (size_t i = 0; i + 1 < bytes.size; i++) {
        uint8_t before = bytes.data[i];
        bytes.data[i] = before == '0' ? '1' : '0';
        cr_assert_eq(vg_file_write(place("bad"), vg_buffer_span(&bytes), 0600, &error), VG_OK);
        cr_assert_neq(recovery_share_read(place("bad"), &read, &error), VG_OK, "byte %zu", i);
        bytes.data[i] = before;
    }
    vg_buffer_free(&bytes);
}
