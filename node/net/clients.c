/* SPDX-License-Identifier: Apache-2.0 */
#include "node/net/clients.h"

#include <assert.h>
#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#include "common/clock.h"
#include "common/limits.h"
#include "common/text.h"
#include "node/net/session.h"
#include "proto/wire/client.h"

enum {
    SESSIONS_MAX = 256,
    IN_FLIGHT_MAX = 64,
    IN_FLIGHT_TOTAL_MAX = 1024,
    IN_FLIGHT_BYTES_MAX = 8 * 1024 * 1024,
    IN_FLIGHT_BYTES_TOTAL_MAX = 64 * 1024 * 1024,
    SLOT_BITS = 16, /* of what names a request: its place among the session's */
    QUEUE_MAX = 8 * 1024 * 1024,
    IDLE_MS = 60 * 1000,
    HELLO_TIMEOUT_MS = 2000,
    HANDSHAKES_MAX = 64,
    DOOR_LINKS = 4, /* for each of them, with those that are over */
    HANDSHAKES_PER_S = 200,
    REQUEST_FRAME_MAX = VG_SIGNED_MAX + 4096, /* a signed command and what is around it */
};

static_assert((int)QUEUE_MAX >= (int)VG_FRAME_MAX, "every response must fit an empty queue");
static_assert((int)IN_FLIGHT_BYTES_MAX >= (int)REQUEST_FRAME_MAX, "every request must fit alone");

struct client {
    struct net_session session;
    struct net_clients *clients;
    UT_hash_handle hh; /* with the keeper's lock, until the session is over: */
    uint64_t id;
    uint32_t in_flight;
    size_t in_flight_bytes;
    bool open;    /* its channel */
    bool at_door; /* it is not open yet, nor over, nor turned out for another */
    bool known;   /* and whose key it is: */
    vg_channel_public theirs;
    size_t asked[]; /* config.in_flight_max: bytes of a request in flight; 0: the place is free */
};

/* All counters and the table are guarded by the keeper's lock. */
struct net_clients {
    struct net_keeper keeper;
    struct net_clients_config config; /* its pointers are not kept */
    struct net_clients_callbacks callbacks;
    void *context;
    struct net_door door;
    struct dial_listener *listener;
    struct client *by_id;
    uint64_t last_id;
    struct net_clients_stats stats;
};

/* With the lock. A session that is owed an answer may wait for it as long as it takes. */
static void set_deadline(struct client *client)
{
    const struct net_clients_config *config = &client->clients->config;
    uint64_t within_ms = client->open ? config->idle_ms : config->hello_timeout_ms;
    uint64_t now_us = vg_clock_system.monotonic_us();
    atomic_store(&client->session.deadline_us,
                 client->in_flight > 0 ? 0 : now_us + within_ms * 1000);
}

/* ---- who comes in ----------------------------------------------------------------------------
 */

/* Under the lock, so that who is expelled meanwhile is noticed here or by net_clients_ask_again. */
static enum vg_code asks(struct net_session *session, const vg_channel_public *theirs,
                         struct vg_error *error)
{
    struct client *client = (struct client *)session;
    struct net_clients *clients = client->clients;
    char key[VG_HASH_TEXT];
    pthread_mutex_lock(&clients->keeper.lock);
    client->known = clients->callbacks.admits(clients->context, theirs);
    client->theirs = *theirs;
    bool admitted = client->known;
    pthread_mutex_unlock(&clients->keeper.lock);
    if (admitted)
        return VG_OK;
    vg_hex_format(vg_span_of(theirs->bytes, sizeof theirs->bytes), key);
    return vg_fail(error, VG_FORBIDDEN, "channel key %s is not that of anybody who may come in",
                   key);
}

/* With the lock. */
static void leave_door(struct client *client)
{
    client->clients->stats.handshakes -= client->at_door;
    client->at_door = false;
}

static enum vg_code opened(struct net_session *session, const vg_id *incarnation,
                           struct vg_error *error)
{
    struct client *client = (struct client *)session;
    (void)incarnation;
    (void)error;
    pthread_mutex_lock(&client->clients->keeper.lock);
    client->open = client->at_door;
    leave_door(client);
    set_deadline(client);
    pthread_mutex_unlock(&client->clients->keeper.lock);
    return client->open ? VG_OK : VG_UNAVAILABLE;
}

/* ---- requests --------------------------------------------------------------------------------
 */

/* Whether as much more, up to `max`, may be under way. */
static bool fits(size_t under_way, size_t size, size_t max)
{
    return size <= max && under_way <= max - size;
}

/* With the lock. */
static bool has_room(const struct client *client, size_t size)
{
    const struct net_clients_config *config = &client->clients->config;
    const struct net_clients_stats *stats = &client->clients->stats;
    return fits(client->in_flight, 1, config->in_flight_max) &&
           fits(stats->in_flight, 1, config->in_flight_total_max) &&
           fits(client->in_flight_bytes, size, config->in_flight_bytes_max) &&
           fits(stats->in_flight_bytes, size, config->in_flight_bytes_total_max);
}

/* With the lock: notes a request; what names it. */
static uint64_t take_place(struct client *client, size_t size)
{
    struct net_clients_stats *stats = &client->clients->stats;
    uint32_t slot = 0;
    while (client->asked[slot] != 0)
        slot++;
    assert(slot < client->clients->config.in_flight_max && size > 0);
    client->asked[slot] = size;
    client->in_flight++;
    client->in_flight_bytes += size;
    stats->in_flight++;
    stats->in_flight_bytes += size;
    stats->requests++;
    set_deadline(client);
    return client->id << SLOT_BITS | slot;
}

/* With the lock: the request is answered. */
static void give_place(struct client *client, uint64_t asked)
{
    struct net_clients_stats *stats = &client->clients->stats;
    size_t *size = &client->asked[asked & ((1 << SLOT_BITS) - 1)];
    assert(client->in_flight > 0 && *size > 0);
    client->in_flight--;
    client->in_flight_bytes -= *size;
    stats->in_flight--;
    stats->in_flight_bytes -= *size;
    *size = 0;
    set_deadline(client);
}

static bool admit(struct client *client, vg_span payload, uint64_t *asked)
{
    struct net_clients *clients = client->clients;
    size_t size = wire_line_size(payload);
    pthread_mutex_lock(&clients->keeper.lock);
    bool admitted = has_room(client, size);
    if (admitted)
        *asked = take_place(client, size);
    else
        clients->stats.busy++;
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
    vg_fail(&answer.error, VG_BUSY,
            "too many requests are under way, or too large; send fewer at a time");
    struct vg_buffer bytes = {0};
    wire_response_encode(&answer, &bytes);
    code = net_session_send(&client->session, WIRE_RESPONSE, vg_buffer_span(&bytes),
                            client->clients->config.queue_max);
    vg_buffer_free(&bytes);
    return code;
}

static enum vg_code take(struct net_session *session, const struct wire_frame *frame,
                         struct vg_error *error)
{
    struct client *client = (struct client *)session;
    struct net_clients *clients = client->clients;
    if (frame->type != WIRE_REQUEST)
        return vg_fail(error, VG_INVALID, "a frame of type %u, not a request", frame->type);
    uint64_t asked;
    if (!admit(client, frame->payload, &asked))
        return refuse_busy(client, frame->payload, error);
    clients->callbacks.request(clients->context, asked, vg_blob_copy(frame->payload));
    return VG_OK;
}

/* ---- events of links -------------------------------------------------------------------------
 */

static const struct net_session_calls calls = {.asks = asks, .opened = opened, .take = take};

static void note_failure(struct client *client, enum vg_code code, const char *why)
{
    struct net_clients *clients = client->clients;
    bool slow = code == VG_BUSY && client->open;
    if (slow) {
        pthread_mutex_lock(&clients->keeper.lock);
        clients->stats.slow++;
        pthread_mutex_unlock(&clients->keeper.lock);
    } else if (code != VG_UNAVAILABLE) { /* which its end is about already */
        net_door_refuse(&clients->door,
                        code == VG_FORBIDDEN ? NET_REFUSED_STRANGER
                                             : net_session_refusal(&client->session, code),
                        why);
    }
}

static void received(void *context, struct dial_link *link, vg_span bytes)
{
    struct client *client = context;
    struct vg_error error = {0};
    enum vg_code code = net_session_receive(&client->session, bytes, &error);
    if (code == VG_OK)
        return;
    note_failure(client, code, error.text);
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
    clients->stats.in_flight_bytes -= client->in_flight_bytes;
    clients->stats.sessions--;
    leave_door(client);
    bool expired = atomic_load(&client->session.expired);
    clients->stats.idle += expired && client->open;
    pthread_mutex_unlock(&clients->keeper.lock);
    if (expired && !client->open)
        net_door_refuse(&clients->door, NET_REFUSED_SLOW,
                        "a connection that did not say who it is");
    if (clients->callbacks.gone != NULL)
        clients->callbacks.gone(clients->context);
    pthread_mutex_lock(&clients->keeper.lock);
    net_keeper_end(&clients->keeper, &client->session);
    pthread_mutex_unlock(&clients->keeper.lock);
}

static const struct dial_events events = {.received = received, .closed = closed};

/* With the lock: the oldest at the door that has not shown a key of somebody's leaves, since who
 * has one shows it at once. False: there is none. */
static bool make_room(struct net_clients *clients)
{
    struct net_session *session;
    DL_FOREACH(clients->keeper.sessions, session)
    {
        struct client *client = (struct client *)session;
        if (!client->at_door || client->known)
            continue;
        leave_door(client);
        dial_link_close(session->link);
        return true;
    }
    return false;
}

/* Whether it may stand at the door, and whether that was crowded. */
static bool let_stand(struct net_clients *clients, bool *crowded)
{
    const struct net_clients_config *config = &clients->config;
    pthread_mutex_lock(&clients->keeper.lock);
    bool full = clients->stats.sessions >= config->sessions_max;
    *crowded = full || clients->stats.handshakes >= config->handshakes_max;
    bool stands = !full && (!*crowded || make_room(clients));
    clients->stats.handshakes += stands;
    pthread_mutex_unlock(&clients->keeper.lock);
    return stands;
}

static void accepted(void *context, struct dial_link *link)
{
    struct net_clients *clients = context;
    bool crowded = true;
    bool stands = link != NULL && let_stand(clients, &crowded);
    if (crowded)
        net_door_refuse(&clients->door, NET_REFUSED_CROWD,
                        "more connections than may be at the door at a time");
    if (!stands)
        return;
    struct client *client =
        vg_alloc_zero(1, sizeof *client + clients->config.in_flight_max * sizeof *client->asked);
    client->clients = clients;
    client->at_door = true;
    client->session.link = link;
    net_session_await(&client->session, &clients->door, &calls, REQUEST_FRAME_MAX);
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

/* With the lock: whose request it is; NULL if the session is over. */
static struct client *find(struct net_clients *clients, uint64_t asked)
{
    struct client *client = NULL;
    uint64_t id = asked >> SLOT_BITS;
    HASH_FIND(hh, clients->by_id, &id, sizeof id, client);
    return client;
}

/* With the lock. */
static enum vg_code answer(struct net_clients *clients, struct client *client, vg_span payload)
{
    enum vg_code code =
        net_session_send(&client->session, WIRE_RESPONSE, payload, clients->config.queue_max);
    if (code == VG_OK)
        clients->stats.responses++;
    if (code == VG_BUSY) {
        clients->stats.slow++;
        dial_link_close(client->session.link);
    }
    return code == VG_UNAVAILABLE ? VG_NOT_FOUND : code;
}

enum vg_code net_clients_send(struct net_clients *clients, uint64_t asked, vg_span payload)
{
    enum vg_code code = VG_NOT_FOUND;
    pthread_mutex_lock(&clients->keeper.lock);
    struct client *client = find(clients, asked);
    if (client != NULL) {
        give_place(client, asked);
        code = answer(clients, client, payload);
    }
    pthread_mutex_unlock(&clients->keeper.lock);
    return code;
}

void net_clients_ask_again(struct net_clients *clients)
{
    pthread_mutex_lock(&clients->keeper.lock);
    for (struct client *client = clients->by_id; client != NULL; client = client->hh.next) {
        if (!client->known || clients->callbacks.admits(clients->context, &client->theirs))
            continue;
        client->known = false;
        clients->stats.expelled++;
        dial_link_close(client->session.link);
    }
    pthread_mutex_unlock(&clients->keeper.lock);
}

bool net_clients_who(struct net_clients *clients, uint64_t asked, vg_channel_public *out)
{
    pthread_mutex_lock(&clients->keeper.lock);
    const struct client *client = find(clients, asked);
    if (client != NULL)
        *out = client->theirs;
    pthread_mutex_unlock(&clients->keeper.lock);
    return client != NULL;
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
        {&config->hello_timeout_ms, HELLO_TIMEOUT_MS},
        {&config->handshakes_max, HANDSHAKES_MAX},
        {&config->handshakes_per_s, HANDSHAKES_PER_S},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (*fields[i].value == 0)
            *fields[i].value = fields[i].otherwise;
    struct {
        size_t *value;
        size_t otherwise;
    } const sizes[] = {
        {&config->in_flight_bytes_max, IN_FLIGHT_BYTES_MAX},
        {&config->in_flight_bytes_total_max, IN_FLIGHT_BYTES_TOTAL_MAX},
        {&config->queue_max, QUEUE_MAX},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (*sizes[i].value == 0)
            *sizes[i].value = sizes[i].otherwise;
    assert(config->in_flight_max <= 1 << SLOT_BITS);
}

static void clients_free(struct net_clients *clients)
{
    net_door_close(&clients->door);
    free(clients);
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
    clients->config.terms.door = CHANNEL_CLIENTS;
    net_door_open(&clients->door, &clients->config.terms, clients->config.handshakes_per_s);
    enum vg_code code = net_keeper_start(&clients->keeper, error);
    if (code != VG_OK) {
        clients_free(clients);
        return code;
    }
    /* Sessions, and handshakes that have failed and are not freed yet. */
    uint32_t links_max = clients->config.sessions_max + DOOR_LINKS * clients->config.handshakes_max;
    code = dial_listen(config->url, links_max, accepted, clients, &clients->listener, error);
    if (code != VG_OK) {
        net_keeper_stop(&clients->keeper);
        clients_free(clients);
        return code;
    }
    *out = clients;
    return VG_OK;
}

void net_clients_stop(struct net_clients *clients)
{
    dial_listener_free(clients->listener);
    net_keeper_stop(&clients->keeper);
    clients_free(clients);
}

void net_clients_stats_read(struct net_clients *clients, struct net_clients_stats *out)
{
    pthread_mutex_lock(&clients->keeper.lock);
    *out = clients->stats;
    net_door_refused(&clients->door, out->refused);
    pthread_mutex_unlock(&clients->keeper.lock);
}
