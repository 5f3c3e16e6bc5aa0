/* SPDX-License-Identifier: Apache-2.0 */
#include "node/net/net.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/limits.h"
#include "common/log.h"
#include "node/net/internal.h"

enum {
    QUEUE_MAX = 8 * 1024 * 1024,
    DIAL_TIMEOUT_MS = 1000,
    HELLO_TIMEOUT_MS = 2000,
    REDIAL_MIN_MS = 20,
    REDIAL_MAX_MS = 500,
    HANDSHAKES_MAX = 32,
    DOOR_LINKS = 8, /* for each of them, with those that are over */
    HANDSHAKES_PER_S = 200,
    SILENCE_MAX_MS = 5000,
    DOUBLINGS_MAX = 16,
};

static_assert((int)QUEUE_MAX >= (int)VG_FRAME_MAX, "every frame must fit an empty queue");

struct peer *net_find_peer(struct net *net, vg_node_id node)
{
    for (uint32_t i = 0; i < net->peer_count; i++)
        if (vg_node_equal(net->peers[i].node, node))
            return &net->peers[i];
    return NULL;
}

/* ---- dialling --------------------------------------------------------------------------------
 */

static void plan_dial(struct net *net, struct peer *peer, uint64_t now_us)
{
    uint32_t doublings = peer->failures < DOUBLINGS_MAX ? peer->failures : DOUBLINGS_MAX;
    uint64_t pause_ms = (uint64_t)net->config.redial_min_ms << doublings;
    if (pause_ms > net->config.redial_max_ms)
        pause_ms = net->config.redial_max_ms;
    peer->failures++;
    peer->dial_at_us = now_us + vg_prng_between(&net->prng, pause_ms * 500, pause_ms * 1000);
}

static void dial(struct net *net, struct peer *peer, uint64_t now_us)
{
    struct conn *conn = vg_alloc_zero(1, sizeof *conn);
    conn->net = net;
    conn->peer = peer;
    conn->dialled = true;
    net_session_prepare(&conn->session, &net->door, &net_dialled_calls, NET_HELLO_MAX);
    atomic_fetch_add(&peer->dials, 1);
    /* The callbacks wait for the lock that we hold, so they see `link`. */
    if (dial_link_start(peer->url, net->config.dial_timeout_ms, &net_dialled_events, conn,
                        &conn->session.link, NULL) != VG_OK) {
        plan_dial(net, peer, now_us);
        net_session_end(&conn->session);
        free(conn);
        return;
    }
    peer->dialled = conn;
    plan_dial(net, peer, now_us);
    net_keeper_add(&net->keeper, &conn->session);
}

/* Both connections: the one it sends on may be as dead, and it learns of that by ours. */
static void give_up(struct peer *peer, uint64_t silent_ms)
{
    atomic_fetch_add(&peer->silences, 1);
    atomic_store(&peer->asked_us, 0);
    dial_link_close(peer->dialled->session.link);
    if (peer->receiver != NULL)
        dial_link_close(peer->receiver->session.link);
    peer->failures = 0;
    peer->dial_at_us = 0;
    vg_log(VG_LOG_WARN, "peer-silent",
           "node=%" PRIu64 " nothing came back for %" PRIu64 " ms; connecting anew",
           peer->node.value, silent_ms);
}

/* When the peer is to be looked at again. */
static uint64_t mind_silence(struct net *net, struct peer *peer, uint64_t now_us)
{
    uint64_t asked_us = atomic_load(&peer->asked_us);
    uint64_t due_us = asked_us + (uint64_t)net->config.silence_max_ms * 1000;
    if (asked_us == 0)
        return UINT64_MAX;
    if (due_us > now_us)
        return due_us;
    give_up(peer, (now_us - asked_us) / 1000);
    return UINT64_MAX;
}

static uint64_t look_after(struct net *net, struct peer *peer, uint64_t now_us)
{
    if (peer->evicted_at != 0)
        return UINT64_MAX;
    if (peer->sender != NULL)
        return mind_silence(net, peer, now_us);
    if (peer->dialled == NULL && peer->dial_at_us <= now_us)
        dial(net, peer, now_us);
    return peer->dialled == NULL ? peer->dial_at_us : UINT64_MAX;
}

static uint64_t look_after_all(void *context, uint64_t now_us)
{
    struct net *net = context;
    uint64_t next = UINT64_MAX;
    for (uint32_t i = 0; i < net->peer_count; i++) {
        uint64_t due_us = look_after(net, &net->peers[i], now_us);
        next = due_us < next ? due_us : next;
    }
    return next;
}

static void release(struct net_session *session)
{
    free(session);
}

/* ---- start and stop --------------------------------------------------------------------------
 */

static void fill_defaults(struct net_config *config)
{
    struct {
        uint32_t *value;
        uint32_t otherwise;
    } const fields[] = {
        {&config->dial_timeout_ms, DIAL_TIMEOUT_MS},
        {&config->hello_timeout_ms, HELLO_TIMEOUT_MS},
        {&config->redial_min_ms, REDIAL_MIN_MS},
        {&config->redial_max_ms, REDIAL_MAX_MS},
        {&config->handshakes_max, HANDSHAKES_MAX},
        {&config->silence_max_ms, SILENCE_MAX_MS},
        {&config->handshakes_per_s, HANDSHAKES_PER_S},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (*fields[i].value == 0)
            *fields[i].value = fields[i].otherwise;
    if (config->queue_max == 0)
        config->queue_max = QUEUE_MAX;
}

static enum vg_code add_peer(struct net *net, const struct net_peer *entry, struct vg_error *error)
{
    enum vg_code code = dial_url_check(entry->url, error);
    if (code != VG_OK)
        return vg_error_prefix(error, "peer %llu", (unsigned long long)entry->node.value);
    if (entry->node.value == 0 || vg_node_equal(entry->node, net->config.self.node) ||
        net_find_peer(net, entry->node) != NULL)
        return vg_fail(
            error, VG_INVALID,
            "peer %llu at %s: ids must be at least 1, differ, and not be this node's own",
            (unsigned long long)entry->node.value, entry->url);
    struct peer *peer = &net->peers[net->peer_count++];
    peer->node = entry->node;
    peer->key = entry->key;
    peer->evicted_at = entry->evicted_at;
    peer->url = vg_strdup(entry->url);
    pthread_mutex_init(&peer->sending, NULL);
    return VG_OK;
}

static enum vg_code add_peers(struct net *net, const struct net_config *config,
                              struct vg_error *error)
{
    if (config->peer_count > VG_NODES_MAX)
        return vg_fail(error, VG_INVALID, "%u peers: a cluster has at most %d nodes",
                       config->peer_count, VG_NODES_MAX);
    enum vg_code code = VG_OK;
    for (uint32_t i = 0; i < config->peer_count && code == VG_OK; i++)
        code = add_peer(net, &config->peers[i], error);
    return code;
}

static void net_free(struct net *net)
{
    for (uint32_t i = 0; i < net->peer_count; i++) {
        struct peer *peer = &net->peers[i];
        pthread_mutex_destroy(&peer->sending);
        free(peer->url);
    }
    net_door_close(&net->door);
    free(net);
}

static enum vg_code run(struct net *net, struct vg_error *error)
{
    for (uint32_t i = 0; i < net->peer_count; i++)
        net->peers[i].dial_at_us = UINT64_MAX; /* not before we are known to be alone on our port */
    enum vg_code code = net_keeper_start(&net->keeper, error);
    if (code != VG_OK)
        return code;
    /* Those at the door, and more that have gone and are not freed yet, since newcomers turn them
     * out as fast as they come; and one or two connections of each peer while a new one replaces an
     * old. */
    uint32_t links_max = DOOR_LINKS * net->config.handshakes_max + 2 * net->peer_count;
    code = dial_listen(net->config.listen_url, links_max, net_accepted, net, &net->listener, error);
    if (code != VG_OK) {
        net_keeper_stop(&net->keeper);
        return code;
    }
    pthread_mutex_lock(&net->keeper.lock);
    for (uint32_t i = 0; i < net->peer_count; i++)
        net->peers[i].dial_at_us = 0;
    net_keeper_wake(&net->keeper);
    pthread_mutex_unlock(&net->keeper.lock);
    return VG_OK;
}

enum vg_code net_start(const struct net_config *config, const struct net_callbacks *callbacks,
                       void *context, struct net **out, struct vg_error *error)
{
    struct net *net = vg_alloc_zero(1, sizeof *net);
    net->config = *config;
    net->callbacks = *callbacks;
    net->context = context;
    net->prng = vg_prng_seed(config->seed);
    net->keeper.tick = look_after_all;
    net->keeper.release = release;
    net->keeper.context = net;
    fill_defaults(&net->config);
    const struct channel_terms terms = {.door = CHANNEL_PEERS,
                                        .cluster = config->self.cluster,
                                        .self = config->key,
                                        .incarnation = config->self.incarnation};
    net_door_open(&net->door, &terms, net->config.handshakes_per_s);
    enum vg_code code = add_peers(net, config, error);
    if (code == VG_OK)
        code = run(net, error);
    if (code != VG_OK) {
        net_free(net);
        return code;
    }
    *out = net;
    return VG_OK;
}

void net_stop(struct net *net)
{
    dial_listener_free(net->listener);
    net_keeper_stop(&net->keeper);
    net_free(net);
}

/* ---- sending ---------------------------------------------------------------------------------
 */

/* What a peer has no answer to, and so no reason to take its silence amiss for. */
static bool asks_nothing(enum wire_type type)
{
    return type == WIRE_MET || type == WIRE_FETCHED || type == WIRE_FORWARD_RESP;
}

/* From now on its silence counts, if it does not already. */
static void note_asked(struct peer *peer, enum wire_type type)
{
    uint_fast64_t nothing = 0;
    if (asks_nothing(type))
        return;
    if (atomic_load(&peer->asked_us) == 0)
        atomic_compare_exchange_strong(&peer->asked_us, &nothing, vg_clock_system.monotonic_us());
}

static void count_sent(struct peer *peer, enum vg_code code, enum wire_type type, size_t size)
{
    switch (code) {
    case VG_OK:
        atomic_fetch_add(&peer->frames_out, 1);
        atomic_fetch_add(&peer->bytes_out, size);
        note_asked(peer, type);
        return;
    case VG_BUSY:
        atomic_fetch_add(&peer->dropped_busy, 1);
        return;
    default:
        atomic_fetch_add(&peer->dropped_down, 1);
        return;
    }
}

enum vg_code net_send(struct net *net, vg_node_id to, enum wire_type type, vg_span payload)
{
    struct peer *peer = net_find_peer(net, to);
    if (peer == NULL)
        return VG_NOT_FOUND;
    enum vg_code code = VG_UNAVAILABLE;
    pthread_mutex_lock(&peer->sending);
    if (peer->sender != NULL)
        code = net_session_send(&peer->sender->session, type, payload, net->config.queue_max);
    pthread_mutex_unlock(&peer->sending);
    count_sent(peer, code, type, payload.size);
    return code;
}

/* ---- counters --------------------------------------------------------------------------------
 */

static void read_peer(struct peer *peer, struct net_peer_stats *out)
{
    *out = (struct net_peer_stats){
        .node = peer->node,
        .receiving = peer->receiver != NULL,
        .rtt_us = atomic_load(&peer->rtt_us),
        .frames_in = atomic_load(&peer->frames_in),
        .frames_out = atomic_load(&peer->frames_out),
        .bytes_in = atomic_load(&peer->bytes_in),
        .bytes_out = atomic_load(&peer->bytes_out),
        .dropped_busy = atomic_load(&peer->dropped_busy),
        .dropped_down = atomic_load(&peer->dropped_down),
        .dials = atomic_load(&peer->dials),
        .silences = atomic_load(&peer->silences),
    };
    pthread_mutex_lock(&peer->sending);
    out->up = peer->sender != NULL;
    if (out->up)
        out->queued = dial_link_queued(peer->sender->session.link);
    pthread_mutex_unlock(&peer->sending);
}

void net_stats_read(struct net *net, struct net_stats *out)
{
    pthread_mutex_lock(&net->keeper.lock);
    *out = (struct net_stats){
        .accepted = net->accepted, .handshakes = net->handshakes, .peer_count = net->peer_count};
    net_door_refused(&net->door, out->refused);
    for (uint32_t i = 0; i < net->peer_count; i++)
        read_peer(&net->peers[i], &out->peers[i]);
    pthread_mutex_unlock(&net->keeper.lock);
}

bool net_stats_up(const struct net_stats *stats, vg_node_id node)
{
    for (uint32_t i = 0; i < stats->peer_count; i++)
        if (vg_node_equal(stats->peers[i].node, node))
            return stats->peers[i].up && stats->peers[i].receiving;
    return false;
}
