/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/dev/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"
#include "common/identity.h"
#include "ops/cli/bootstrap/setup.h"
#include "ops/cli/core/config.h"
#include "ops/cli/core/output.h"
#include "ops/dev/node.h"

enum { LEADER_WAIT_MS = 30000, POLL_MS = 50, TRY_MS = 1000, SETUP_MS = 20000 };

static const char compartment_name[] = "default";

void dev_point_call(struct cli_call *call, const struct dev_cluster *cluster)
{
    struct cli_settings *settings = &call->settings;
    enum cli_output output = settings->output;
    char path[DEV_PATH_MAX];
    cli_settings_free(settings);
    dev_person_path(cluster, 1, path);
    *settings = (struct cli_settings){.output = output,
                                      .node_count = cluster->node_count,
                                      .identity = vg_strdup(path),
                                      .cluster = vg_strdup(cluster->cluster),
                                      .timeout_ms = SETUP_MS};
    for (uint32_t i = 0; i < cluster->node_count; i++)
        settings->nodes[i] = dev_node_at(&cluster->nodes[i]);
}

/* A node that ended by itself says why in its log. */
static enum vg_code check_node(const struct dev_cluster *cluster, const struct dev_node *node,
                               struct vg_error *error)
{
    if (dev_node_state(node) != DEV_STOPPED)
        return VG_OK;
    char words[256];
    dev_node_last_words(cluster, node, words, sizeof words);
    return vg_fail(error, VG_UNAVAILABLE, "node %llu stopped: %s", (unsigned long long)node->id,
                   words);
}

static uint64_t now_ms(void)
{
    return vg_clock_system.monotonic_us() / 1000;
}

static void wait_a_little(void)
{
    struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    nanosleep(&pause, NULL);
}

enum vg_code dev_await_leader(struct cli_call *call, const struct dev_cluster *cluster)
{
    const struct cli_settings *settings = &call->settings;
    if (cli_access(call) == NULL)
        return call->error.code;
    for (uint64_t until = now_ms() + LEADER_WAIT_MS; now_ms() < until; wait_a_little()) {
        for (uint32_t i = 0; i < cluster->node_count; i++)
            if (check_node(cluster, &cluster->nodes[i], &call->error) != VG_OK)
                return call->error.code;
        json_t *status = cli_ask_apart(cli_access(call), settings->nodes, settings->node_count,
                                       TRY_MS, "cluster.status");
        bool led = cli_json_number(status, "leader") != 0;
        json_decref(status);
        if (led)
            return VG_OK;
    }
    return vg_fail(&call->error, VG_TIMEOUT, "no leader in %d s; see the logs in %s",
                   LEADER_WAIT_MS / 1000, cluster->dir);
}

enum vg_code dev_await_node(const struct dev_cluster *cluster, const struct dev_node *node,
                            struct vg_error *error)
{
    struct cli_node at = dev_node_at(node);
    struct cli_access *access = NULL;
    char path[DEV_PATH_MAX];
    dev_person_path(cluster, 1, path);
    enum vg_code code = cli_access_open(path, cluster->cluster, &access, error);
    bool answered = false;
    uint64_t until = now_ms() + LEADER_WAIT_MS;
    for (; code == VG_OK && !answered && now_ms() < until; wait_a_little()) {
        json_t *status = cli_ask_apart(access, &at, 1, TRY_MS, "cluster.status");
        answered = status != NULL;
        json_decref(status);
        if (!answered)
            code = check_node(cluster, node, error);
    }
    if (code == VG_OK && !answered)
        code =
            vg_fail(error, VG_TIMEOUT, "node %llu does not answer after %d s; see the logs in %s",
                    (unsigned long long)node->id, LEADER_WAIT_MS / 1000, cluster->dir);
    cli_access_free(access);
    return code;
}

enum { NAME_TEXT = 32 };

static enum vg_code find_person(struct cli_call *call, const struct dev_cluster *cluster,
                                uint32_t number, char name[NAME_TEXT], struct setup_person *out)
{
    /* the first person has every role; the others do the work, and second drills */
    static const uint32_t others =
        RESPONSE_ROLE_REPORTER | RESPONSE_ROLE_RESPONDER | RESPONSE_ROLE_INCIDENT_MANAGER;
    uint32_t every = response_all_bits(response_roles);
    char path[DEV_PATH_MAX];
    struct vg_identity identity;
    dev_person_path(cluster, number, path);
    snprintf(name, NAME_TEXT, "person-%u", number);
    enum vg_code code = vg_identity_read_public(path, &identity, &call->error);
    *out = (struct setup_person){.id = identity.id,
                                 .name = name,
                                 .directory_roles =
                                     number == 1 ? every : RESPONSE_ROLE_INCIDENT_MANAGER,
                                 .roles = number == 1 ? every : others,
                                 .on_call = true};
    return code;
}

enum vg_code dev_fill_compartment(struct cli_call *call, const struct dev_cluster *cluster,
                                  const vg_id *compartment)
{
    enum vg_code code = VG_OK;
    for (uint32_t i = 1; code == VG_OK && i <= cluster->people; i++) {
        struct setup_person person;
        char name[NAME_TEXT];
        code = find_person(call, cluster, i, name, &person);
        if (code == VG_OK)
            code = setup_roles(call, compartment, &person);
    }
    return code;
}

enum vg_code dev_fill_directory(struct cli_call *call, const struct dev_cluster *cluster)
{
    struct cli_author *author;
    vg_id first;
    bool named = false;
    enum vg_code code = cli_author_open(call, &author);
    if (code == VG_OK)
        code = setup_first_find(call, &first, &named);
    if (code != VG_OK || named)
        return code;
    for (uint32_t i = 1; code == VG_OK && i <= cluster->people; i++) {
        struct setup_person person;
        char name[NAME_TEXT];
        code = find_person(call, cluster, i, name, &person);
        if (code == VG_OK)
            code = setup_person(call, &first, &person);
    }
    return code == VG_OK ? setup_first_name(call, &first, compartment_name) : code;
}

/* The context of one person, whose own region's node comes first. */
static enum vg_code write_context(const struct dev_cluster *cluster, uint32_t number,
                                  const char *path, char **used, struct vg_error *error)
{
    char name[32] = "dev";
    char compartment[sizeof compartment_name];
    char identity[DEV_PATH_MAX];
    char *nodes[VG_NODES_MAX];
    char pin[sizeof cluster->cluster];
    char texts[VG_NODES_MAX][CLI_NODE_TEXT];
    if (number > 1)
        snprintf(name, sizeof name, "dev-person-%u", number);
    memcpy(compartment, compartment_name, sizeof compartment);
    memcpy(pin, cluster->cluster, sizeof pin);
    dev_person_path(cluster, number, identity);
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        struct cli_node at = dev_node_at(&cluster->nodes[(number - 1 + i) % cluster->node_count]);
        cli_node_format(&at, texts[i]);
        nodes[i] = texts[i];
    }
    struct cli_context context = {.name = name,
                                  .nodes = nodes,
                                  .nodes_count = cluster->node_count,
                                  .identity = identity,
                                  .cluster = pin,
                                  .compartment = compartment};
    return cli_config_put(path, &context, used, error);
}

enum vg_code dev_write_contexts(struct cli_call *call, struct dev_cluster *cluster)
{
    char *path = cli_config_path();
    enum vg_code code = VG_OK;
    for (uint32_t number = cluster->people; code == VG_OK && number > 0; number--) {
        char *used = NULL;
        code = write_context(cluster, number, path, &used, &call->error);
        if (code == VG_OK)
            snprintf(cluster->context, sizeof cluster->context, "%s", used);
        free(used);
    }
    free(path);
    return code;
}
