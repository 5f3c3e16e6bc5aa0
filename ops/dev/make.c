/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/dev/make.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/identity.h"
#include "common/keyring.h"
#include "ops/cli/bootstrap/files.h"
#include "ops/cli/bootstrap/seal.h"
#include "ops/cli/core/change.h"
#include "ops/cli/core/public.h"
#include "proto/ledger/genesis.h"

enum {
    PUBLIC_FILE = 0644,
    SECRET_FILE = 0600,
    PORTS_PER_NODE = 2,
    PORT_FIRST = 20000, /* Linux dials from 32768 on, unless it is told otherwise */
    PORT_COUNT = 12768,
    PORT_TRIES = 100,
    HEARTBEATS_PER_TIMEOUT = 6,
};

/* A socket bound to a free loopback port, by chance one of those the kernel gives to nobody who
 * dials: a node that is down for a while must find its own free again. -1 if none was found. */
static int hold_port(uint16_t *port)
{
    for (int i = 0; i < PORT_TRIES; i++) {
        uint16_t chance;
        vg_random(&chance, sizeof chance);
        *port = (uint16_t)(PORT_FIRST + chance % PORT_COUNT);
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons(*port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int held = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (held >= 0 && bind(held, (struct sockaddr *)&address, sizeof address) == 0)
            return held;
        if (held >= 0)
            close(held);
    }
    return -1;
}

/* All are held until the last is known, so that they differ. */
static enum vg_code pick_ports(uint16_t *ports, unsigned count, struct vg_error *error)
{
    int held[PORTS_PER_NODE * VG_NODES_MAX];
    unsigned found = 0;
    while (found < count && (held[found] = hold_port(&ports[found])) >= 0)
        found++;
    for (unsigned i = 0; i < found; i++)
        close(held[i]);
    if (found == count)
        return VG_OK;
    return vg_fail(error, VG_UNAVAILABLE, "no free port on 127.0.0.1 among %d to %d", PORT_FIRST,
                   PORT_FIRST + PORT_COUNT - 1);
}

static void take_region(const char *regions, uint32_t number, char *out, size_t size)
{
    uint32_t count = 1;
    for (const char *at = regions; *at != 0; at++)
        count += *at == ',';
    for (uint32_t skip = number % count; skip > 0; skip--)
        regions += strcspn(regions, ",") + 1;
    snprintf(out, size, "%.*s", (int)strcspn(regions, ","), regions);
}

static enum vg_code plan_nodes(struct dev_cluster *cluster, const struct dev_plan *plan,
                               struct vg_error *error)
{
    uint16_t ports[PORTS_PER_NODE * VG_NODES_MAX] = {0};
    cluster->node_count = plan->nodes;
    cluster->people = plan->people;
    cluster->election_timeout_ms = plan->election_timeout_ms;
    if (pick_ports(ports, PORTS_PER_NODE * plan->nodes, error) != VG_OK)
        return error->code;
    for (uint32_t i = 0; i < plan->nodes; i++) {
        struct dev_node *node = &cluster->nodes[i];
        node->id = i + 1;
        take_region(plan->regions, i, node->region, sizeof node->region);
        snprintf(node->peer, sizeof node->peer, "tcp://127.0.0.1:%u", ports[PORTS_PER_NODE * i]);
        snprintf(node->client, sizeof node->client, "tcp://127.0.0.1:%u",
                 ports[PORTS_PER_NODE * i + 1]);
    }
    return VG_OK;
}

/* The node's keyring, with an unwrap key for each compartment of the genesis. */
static enum vg_code make_keyring(const struct dev_cluster *cluster, const struct dev_node *node,
                                 const struct vg_identity *identity,
                                 struct bootstrap_holders *holders, struct vg_error *error)
{
    char path[DEV_PATH_MAX];
    struct vg_keyring keyring = {.count = 0};
    dev_node_path(cluster, node, "keyring", path);
    for (int i = 0; i < LEDGER_FOUNDED; i++)
        holders->members[node->id - 1][i] =
            vg_keyring_add(&keyring, identity, cli_founded[i].before)->key;
    enum vg_code code = vg_keyring_write(path, &keyring, identity, error);
    vg_wipe(&keyring, sizeof keyring);
    return code;
}

static enum vg_code make_node_key(const struct dev_cluster *cluster, struct dev_node *node,
                                  struct ledger_member *member, struct bootstrap_holders *holders,
                                  struct vg_error *error)
{
    char path[DEV_PATH_MAX];
    struct vg_identity identity;
    dev_node_path(cluster, node, "data", path);
    if (vg_folder_make(path, error) != VG_OK)
        return error->code;
    vg_identity_make(VG_IDENTITY_NODE, &(vg_id){0}, (vg_node_id){node->id}, &identity);
    *member = (struct ledger_member){.id = {node->id}, .keys = vg_identity_keys(&identity)};
    memcpy(member->region, node->region, sizeof member->region);
    node->channel = identity.channel_pub;
    dev_node_path(cluster, node, "key", path);
    enum vg_code code = vg_identity_write(path, &identity, error);
    if (code == VG_OK)
        code = make_keyring(cluster, node, &identity, holders, error);
    vg_wipe(&identity, sizeof identity);
    return code;
}

/* The secret half of the recovery key, in a file that a real cluster keeps offline. */
static enum vg_code make_recovery_key(const struct dev_cluster *cluster, vg_box_public *out,
                                      struct vg_error *error)
{
    char path[DEV_PATH_MAX + 16];
    char text[2 * VG_BOX_KEY_SIZE + 1];
    uint8_t seed[VG_SEED_SIZE];
    vg_box_secret secret;
    vg_random(seed, sizeof seed);
    vg_box_keypair(seed, out, &secret);
    vg_hex_format(vg_span_of(secret.bytes, sizeof secret.bytes), text);
    snprintf(path, sizeof path, "%s/recovery.key", cluster->dir);
    enum vg_code code = vg_file_write(path, vg_span_text(text), SECRET_FILE, error);
    vg_wipe(seed, sizeof seed);
    vg_wipe(&secret, sizeof secret);
    vg_wipe(text, sizeof text);
    return code;
}

static enum vg_code make_person_key(const struct dev_cluster *cluster, uint32_t number,
                                    struct ledger_person *person, struct vg_error *error)
{
    char path[DEV_PATH_MAX];
    struct vg_identity identity;
    vg_id id = cli_request_make();
    vg_identity_make(VG_IDENTITY_PERSON, &id, (vg_node_id){0}, &identity);
    *person = (struct ledger_person){.id = id, .keys = vg_identity_keys(&identity)};
    if (number == 1)
        person->bits = LEDGER_PERSON_OPERATOR | LEDGER_PERSON_KEY_OFFICER;
    dev_person_path(cluster, number, path);
    enum vg_code code = vg_identity_write(path, &identity, error);
    vg_wipe(&identity, sizeof identity);
    return code;
}

static enum vg_code make_genesis(struct dev_cluster *cluster, struct vg_error *error)
{
    struct ledger_genesis genesis = {
        .version = LEDGER_GENESIS_VERSION,
        .created_ms = vg_clock_system.wall_ms(),
        .directory = cli_request_make(),
        .first = cli_request_make(),
        .member_count = cluster->node_count,
        .person_count = cluster->people,
    };
    vg_random(genesis.salt, sizeof genesis.salt);
    struct bootstrap_holders holders;
    enum vg_code code = make_recovery_key(cluster, &holders.recovery, error);
    for (uint32_t i = 0; code == VG_OK && i < cluster->node_count; i++)
        code = make_node_key(cluster, &cluster->nodes[i], &genesis.members[i], &holders, error);
    if (code == VG_OK)
        code = bootstrap_seal(&genesis, &holders, error);
    for (uint32_t i = 0; code == VG_OK && i < cluster->people; i++)
        code = make_person_key(cluster, i + 1, &genesis.people[i], error);
    if (code != VG_OK)
        return code;
    uint8_t bytes[LEDGER_GENESIS_MAX];
    vg_span encoded = vg_span_of(bytes, ledger_genesis_encode(&genesis, bytes));
    vg_hash hash = ledger_genesis_hash(encoded);
    vg_hex_format(vg_span_of(hash.bytes, sizeof hash.bytes), cluster->cluster);
    char path[DEV_PATH_MAX];
    dev_genesis_path(cluster, path);
    return vg_file_write(path, encoded, PUBLIC_FILE, error);
}

static enum vg_code make_config(const struct dev_cluster *cluster, uint32_t place,
                                const struct dev_routes *routes, struct vg_error *error)
{
    const struct dev_node *node = &cluster->nodes[place];
    char data[DEV_PATH_MAX], key[DEV_PATH_MAX], path[DEV_PATH_MAX], genesis[DEV_PATH_MAX];
    uint32_t heartbeat_ms = cluster->election_timeout_ms / HEARTBEATS_PER_TIMEOUT;
    struct node_file file = {.made_by = "vigil dev up",
                             .data = data,
                             .genesis = genesis,
                             .key = key,
                             .self = place,
                             .count = cluster->node_count,
                             .election_timeout_ms = cluster->election_timeout_ms,
                             .heartbeat_ms = heartbeat_ms > 0 ? heartbeat_ms : 1};
    dev_node_path(cluster, node, "data", data);
    dev_node_path(cluster, node, "key", key);
    dev_genesis_path(cluster, genesis);
    memcpy(file.cluster, cluster->cluster, sizeof file.cluster);
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        const struct dev_node *other = &cluster->nodes[i];
        const char *route = routes->urls[place][i];
        file.nodes[i].id = other->id;
        file.nodes[i].region = other->region;
        file.nodes[i].peer = i != place && route[0] != 0 ? route : other->peer;
        file.nodes[i].client = other->client;
    }
    dev_node_path(cluster, node, "config.yaml", path);
    return node_file_write(path, &file, error);
}

enum vg_code dev_make_configs(const struct dev_cluster *cluster, const struct dev_routes *routes,
                              struct vg_error *error)
{
    enum vg_code code = VG_OK;
    for (uint32_t i = 0; code == VG_OK && i < cluster->node_count; i++)
        code = make_config(cluster, i, routes, error);
    return code;
}

enum vg_code dev_make_files(struct dev_cluster *cluster, const struct dev_plan *plan,
                            struct vg_error *error)
{
    static const struct dev_routes straight;
    enum vg_code code = plan_nodes(cluster, plan, error);
    if (code == VG_OK)
        code = make_genesis(cluster, error);
    return code == VG_OK ? dev_make_configs(cluster, &straight, error) : code;
}
