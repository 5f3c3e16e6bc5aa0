/* SPDX-License-Identifier: Apache-2.0 */
#include "node/net/clients.h"

#include <assert.h>
#include <stdlib.h>
#include <uthash.h>

#include "common/clock.h"
#include "common/limits.h"
#include "node/net/session.h"
#include "proto/wire/client.h"

enum {
    SESSIONS_MAX = 256,
    IN_FLIGHT_MAX = 64,
    IN_FLIGHT_TOTAL_MAX = 1024,
    QUEUE_MAX = 8 * 1024 * 1024,
    IDLE_MS = 60 * 1000,
    REQUEST_FRAME_MAX = VG_SIGNED_MAX + 4096, /* a signed command and what is around it */
};

static_assert((int)QUEUE_MAX >= (int)VG_FRAME_MAX, "every response must fit an empty queue");

struct client {
    struct net_session session;
    struct net_clients *clients;
    UT_hash_handle hh; /* with the keeper's lock, until the session is over: */
    uint64_t id;
    uint32_t in_flight;
};

/* All counters and the table are guarded by the keeper's lock. */
struct net_clients {
    struct net_keeper keeper;
    struct net_clients_config config; /* its pointers are not kept */
    struct net_clients_callbacks callbacks;
    void *context;
    struct dial_listener *listener;
    struct client *by_id;
    uint64_t last_id;
    struct net_clients_stats stats;
};

/* With the lock. A session that is owed an answer may wait for it as long as it takes. */
static void set_deadline(struct client *client)
{
    uint64_t idle_us = (uint64_t)client->clients->config.idle_ms * 1000;
    uint64_t deadline = client->in_flight > 0 ? 0 : vg_clock_system.monotonic_us() + idle_us;
    atomic_store(&client->session.deadline_us, deadline);
}

static void count(struct net_clients *clients, uint64_t *counter)
{
    pthread_mutex_lock(&clients->keeper.lock);
    ++*counter;
    pthread_mutex_unlock(&clients->keeper.lock);
}

/* ---- requests --------------------------------------------------------------------------------
 */

static bool admit(struct client *client)
{
    struct net_clients *clients = client->clients;
    pthread_mutex_lock(&clients->keeper.lock);
    bool admitted = client->in_flight < clients->config.in_flight_max &&
                    clients->stats.in_flight < clients->config.in_flight_total_max;
    if (admitted) {
        client->in_flight++;
        clients->stats.in_flight++;
        clients->stats.requests++;
        set_deadline(client);
    } else {
        clients->stats.busy++;
    }
    pthread_mutex_unlock(&clients->keeper.lock);
    return admitted;
}

static enum vg_code refuse_busy(struct client *client, vg_span payload, struct vg_error *error)
{
    struct wire_request request;
    enum vg_code code = wire_request_decode(payload, &request, error);
    if (code != VG_OK)
        return code;
    struct wire_response answer = {.token = request.token};
    vg_fail(&answer.error, VG_BUSY, "too many requests are under way; send fewer at a time");
    struct vg_buffer bytes = {0};
    struct vg_buffer frame = {0};
    wire_response_encode(&answer, &bytes);
    code = net_session_send(&client->session, &frame, WIRE_RESPONSE, vg_buffer_span(&bytes),
                            client->clients->config.queue_max);
    vg_buffer_free(&bytes);
    vg_buffer_free(&frame);
    return code;
}

static enum vg_code take(struct net_session *session, const struct wire_frame *frame,
                         struct vg_error *error)
{
    struct client *client = (struct client *)session;
    struct net_clients *clients = client->clients;
    if (frame->type != WIRE_REQUEST)
        return vg_fail(error, VG_INVALID, "a frame of type %u, not a request", frame->type);
    if (!admit(client))
        return refuse_busy(client, frame->payload, error);
    clients->callbacks.request(clients->context, client->id, vg_blob_copy(frame->payload));
    return VG_OK;
}

/* ---- events of links -------------------------------------------------------------------------
 */

static void received(void *context, struct dial_link *link, vg_span bytes)
{
    struct client *client = context;
    struct net_clients *clients = client->clients;
    struct vg_error error = {0};
    enum vg_code code = net_session_receive(&client->session, bytes, take, &error);
    if (code == VG_OK)
        return;
    if (code == VG_BUSY)
        count(clients, &clients->stats.slow);
    else if (code != VG_UNAVAILABLE)
        count(clients, &clients->stats.bad_frames);
    dial_link_close(link);
}

static void closed(void *context, struct dial_link *link, const char *why)
{
    struct client *client = context;
    struct net_clients *clients = client->clients;
    (void)link;
    (void)why;
    pthread_mutex_lock(&clients->keeper.lock);
    HASH_DEL(clients->by_id, client);
    clients->stats.in_flight -= client->in_flight;
    clients->stats.sessions--;
    if (atomic_load(&client->session.expired))
        clients->stats.idle++;
    pthread_mutex_unlock(&clients->keeper.lock);
    if (clients->callbacks.gone != NULL)
        clients->callbacks.gone(clients->context, client->id);
    pthread_mutex_lock(&clients->keeper.lock);
    net_keeper_end(&clients->keeper, &client->session);
    pthread_mutex_unlock(&clients->keeper.lock);
}

static const struct dial_events events = {.received = received, .closed = closed};

static void accepted(void *context, struct dial_link *link)
{
    struct net_clients *clients = context;
    struct client *client = vg_alloc_zero(1, sizeof *client);
    client->clients = clients;
    client->session.link = link;
    client->session.reader.frame_max = REQUEST_FRAME_MAX;
    pthread_mutex_lock(&clients->keeper.lock);
    client->id = ++clients->last_id;
    clients->stats.accepted++;
    clients->stats.sessions++;
    HASH_ADD(hh, clients->by_id, id, sizeof client->id, client);
    set_deadline(client);
    dial_link_begin(link, &events, client);
    net_keeper_add(&clients->keeper, &client->session);
    pthread_mutex_unlock(&clients->keeper.lock);
}

/* ---- responses -------------------------------------------------------------------------------
 */

/* With the lock. */
static enum vg_code answer(struct net_clients *clients, struct client *client, vg_span frame)
{
    assert(client->in_flight > 0);
    client->in_flight--;
    clients->stats.in_flight--;
    set_deadline(client);
    enum vg_code code = dial_link_send(client->session.link, frame, clients->config.queue_max);
    if (code == VG_OK)
        clients->stats.responses++;
    if (code == VG_BUSY) {
        clients->stats.slow++;
        dial_link_close(client->session.link);
    }
    return code == VG_UNAVAILABLE ? VG_NOT_FOUND : code;
}

enum vg_code net_clients_send(struct net_clients *clients, uint64_t session, vg_span payload)
{
    struct vg_buffer frame = {0};
    wire_frame_write(&frame, WIRE_RESPONSE, payload);
    struct client *client = NULL;
    enum vg_code code = VG_NOT_FOUND;
    pthread_mutex_lock(&clients->keeper.lock);
    HASH_FIND(hh, clients->by_id, &session, sizeof session, client);
    if (client != NULL)
        code = answer(clients, client, vg_buffer_span(&frame));
    pthread_mutex_unlock(&clients->keeper.lock);
    vg_buffer_free(&frame);
    return code;
}

void net_clients_drop(struct net_clients *clients)
{
    pthread_mutex_lock(&clients->keeper.lock);
    for (struct client *client = clients->by_id; client != NULL; client = client->hh.next)
        dial_link_close(client->session.link);
    pthread_mutex_unlock(&clients->keeper.lock);
}

/* ---- start and stop --------------------------------------------------------------------------
 */

static void release(struct net_session *session)
{
    free(session);
}

static void fill_defaults(struct net_clients_config *config)
{
    struct {
        uint32_t *value;
        uint32_t otherwise;
    } const fields[] = {
        {&config->sessions_max, SESSIONS_MAX},
        {&config->in_flight_max, IN_FLIGHT_MAX},
        {&config->in_flight_total_max, IN_FLIGHT_TOTAL_MAX},
        {&config->idle_ms, IDLE_MS},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (*fields[i].value == 0)
            *fields[i].value = fields[i].otherwise;
    if (config->queue_max == 0)
        config->queue_max = QUEUE_MAX;
}

enum vg_code net_clients_start(const struct net_clients_config *config,
                               const struct net_clients_callbacks *callbacks, void *context,
                               struct net_clients **out, struct vg_error *error)
{
    struct net_clients *clients = vg_alloc_zero(1, sizeof *clients);
    clients->config = *config;
    clients->callbacks = *callbacks;
    clients->context = context;
    clients->keeper.release = release;
    fill_defaults(&clients->config);
    enum vg_code code = net_keeper_start(&clients->keeper, error);
    if (code != VG_OK) {
        free(clients);
        return code;
    }
    code = dial_listen(config->url, clients->config.sessions_max, accepted, clients,
                       &clients->listener, error);
    if (code != VG_OK) {
        net_keeper_stop(&clients->keeper);
        free(clients);
        return code;
    }
    *out = clients;
    return VG_OK;
}

void net_clients_stop(struct net_clients *clients)
{
    dial_listener_free(clients->listener);
    net_keeper_stop(&clients->keeper);
    free(clients);
}

void net_clients_stats_read(struct net_clients *clients, struct net_clients_stats *out)
{
    pthread_mutex_lock(&clients->keeper.lock);
    *out = clients->stats;
    pthread_mutex_unlock(&clients->keeper.lock);
}
