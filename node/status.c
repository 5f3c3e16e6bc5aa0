/* SPDX-License-Identifier: Apache-2.0
 * What this node knows of itself and the others. */
#include <stdio.h>

#include "common/clock.h"
#include "node/lockdown/lockdown.h"
#include "node/parts.h"

static const struct raft_peer_status *progress_of(const struct raft_status *raft, vg_node_id id)
{
    for (uint32_t i = 0; i < raft->peer_count; i++)
        if (vg_node_equal(raft->peers[i].id, id))
            return &raft->peers[i];
    return NULL;
}

static const struct net_peer_stats *link_of(const struct net_stats *net, vg_node_id id)
{
    for (uint32_t i = 0; i < net->peer_count; i++)
        if (vg_node_equal(net->peers[i].node, id))
            return &net->peers[i];
    return NULL;
}

static uint64_t all_refused(const uint64_t refused[NET_REFUSAL_COUNT])
{
    uint64_t all = 0;
    for (int i = 0; i < NET_REFUSAL_COUNT; i++)
        all += refused[i];
    return all;
}

static void fill_self(const struct node *node, const struct raft_status *raft,
                      const struct net_stats *net, struct api_node_status *out)
{
    struct store_log_figures log;
    struct net_clients_stats clients;
    store_log_figures(node->log, &log);
    net_clients_stats_read(node->clients, &clients);
    out->refused_peers = all_refused(net->refused);
    out->refused_clients = all_refused(clients.refused);
    out->damaged = log.damaged;
    out->repaired = log.repaired;
    out->self = true;
    out->reachable = true;
    out->last = raft->appended.value;
    out->applied = store_applier_cursor(node->applier);
    out->has_match = node->role == RAFT_LEADER;
    out->match = raft->durable.value;
}

/* A leader believes a peer reachable while it answers; others while both connections live. */
static void fill_peer(const struct node *node, const struct raft_status *raft,
                      const struct net_stats *net, struct api_node_status *out)
{
    const struct raft_peer_status *progress = progress_of(raft, out->id);
    const struct net_peer_stats *link = link_of(net, out->id);
    uint64_t silence_us = 2000 * (uint64_t)node->config->election_timeout_ms;
    uint64_t now_us = vg_clock_system.monotonic_us();
    out->reachable = link != NULL && link->up && link->receiving;
    out->rtt_us = link == NULL ? 0 : link->rtt_us;
    if (progress == NULL)
        return;
    out->has_match = true;
    out->match = progress->match;
    out->reachable = out->reachable && progress->last_contact_us + silence_us >= now_us;
}

/* All together, and those there were by their reason: "peer_refused_bad_handshake". */
static void fill_refusals(const char *door, const uint64_t refused[NET_REFUSAL_COUNT],
                          struct api_status *out)
{
    char name[API_FIGURE_NAME];
    for (int i = 0; i < NET_REFUSAL_COUNT; i++) {
        snprintf(name, sizeof name, "%s_refused_%s", door, net_refusal_name((enum net_refusal)i));
        for (char *at = strchr(name, '-'); at != NULL; at = strchr(at, '-'))
            *at = '_';
        if (refused[i] > 0)
            api_status_figure(out, name, refused[i]);
    }
    snprintf(name, sizeof name, "%s_refused", door);
    api_status_figure(out, name, all_refused(refused));
}

static void fill_figures(struct node *node, const struct raft_status *raft,
                         const struct net_stats *net, struct api_status *out)
{
    struct store_log_figures store;
    struct net_clients_stats clients;
    uint64_t dropped = 0, sent = 0, received = 0;
    store_log_figures(node->log, &store);
    net_clients_stats_read(node->clients, &clients);
    for (uint32_t i = 0; i < net->peer_count; i++) {
        dropped += net->peers[i].dropped_busy + net->peers[i].dropped_down;
        sent += net->peers[i].bytes_out;
        received += net->peers[i].bytes_in;
    }
    const struct api_figure figures[] = {
        {"last_index", raft->appended.value},
        {"durable_index", raft->durable.value},
        {"uncommitted_bytes", raft->uncommitted_bytes},
        {"log_transactions", store.transactions},
        {"log_writes", store.writes},
        {"log_entries", store.entries},
        {"log_bytes", store.bytes_used},
        {"log_damaged", store.damaged},
        {"log_repaired", store.repaired},
        {"log_sync_us", store.sync_us},
        {"peer_bytes_out", sent},
        {"peer_bytes_in", received},
        {"peer_frames_dropped", dropped},
        {"client_sessions", clients.sessions},
        {"client_handshakes", clients.handshakes},
        {"client_expelled", clients.expelled},
        {"client_requests", clients.requests},
        {"client_busy", clients.busy},
        {"submits_open", node->submits.count},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        api_status_figure(out, figures[i].name, figures[i].value);
    fill_refusals("peer", net->refused, out);
    fill_refusals("client", clients.refused, out);
}

static void fill_lockdown(struct api_status *out)
{
#define X(symbol, name) api_status_figure(out, "locked_" #name, lockdown_holds(LOCKDOWN_##symbol));
    LOCKDOWN_PARTS(X)
#undef X
}

void node_status_fill(struct node *node, struct api_status *out)
{
    struct raft_status raft;
    struct net_stats net;
    raft_status(node->core, &raft);
    net_stats_read(node->net, &net);
    *out = (struct api_status){
        .cluster = node->cluster,
        .self = node->self,
        .leader = node->leader,
        .role = raft_role_name(node->role),
        .term = raft.term.value,
        .commit = raft.committed.value,
        .applied = store_applier_cursor(node->applier),
        .quorum = node->genesis.member_count / 2 + 1,
        .healthy = node->leader.value != 0 && node->stopped.code == VG_OK,
        .node_count = node->genesis.member_count,
    };
    struct vg_error stuck;
    if (node->stopped.code != VG_OK)
        snprintf(out->stopped, sizeof out->stopped, "%s", node->stopped.text);
    if (node_repairs_stuck(node, &stuck))
        snprintf(out->damage, sizeof out->damage, "%s", stuck.text);
    for (uint32_t i = 0; i < out->node_count; i++) {
        struct api_node_status *one = &out->nodes[i];
        struct raft_clock clock = node_clock_of(node, &raft, node->genesis.members[i].id);
        one->clock_ahead_ms = clock.ahead_ms;
        one->clock_astray = clock.astray;
        one->id = node->genesis.members[i].id;
        one->leader = vg_node_equal(one->id, node->leader);
        snprintf(one->region, sizeof one->region, "%s", node_config_region(node->config, one->id));
        if (vg_node_equal(one->id, node->self))
            fill_self(node, &raft, &net, one);
        else
            fill_peer(node, &raft, &net, one);
    }
    fill_figures(node, &raft, &net, out);
    fill_lockdown(out);
    node_drill_fill(node, out);
}
