/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/client.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"
#include "common/dial/link.h"
#include "common/limits.h"
#include "proto/wire/frame.h"

enum {
    DIAL_MS = 5000, /* a connection that takes longer has failed */
    HEDGE_MS = 250, /* an answer that takes longer is waited for at the next node too, */
    DOUBLINGS = 4,  /* twice as long the next time, a few times */
    PAUSE_MS = 50,  /* before a node that failed or was busy is asked again */
};

/* One node, and the connection to it. What NNG's threads touch is under the client's lock. */
struct session {
    struct cli_client *client;
    struct cli_node node;
    struct dial_link *link; /* NULL: not connected, and not connecting */
    bool asked;             /* the request under way is this node's too */
    bool sent;              /* and its bytes are on their way */
    uint64_t retry_at_ms;   /* not asked before this */

    bool connected;
    bool answered;
    struct vg_error broken; /* code VG_OK: the connection is good */
    struct vg_error answer; /* code of the answer */
    struct vg_buffer json;
    struct wire_reader reader;
};

struct cli_client {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct session sessions[CLI_NODES_MAX];
    unsigned count;
    unsigned preferred; /* who answered last */
    bool stays;         /* with it alone */
    uint32_t timeout_ms;
    uint32_t held_ms; /* that an answer may be held back */
    uint64_t token;   /* of the request under way; answers to others are dropped */
    uint64_t repeats;
};

static uint64_t now_ms(void)
{
    return vg_clock_system.monotonic_us() / 1000;
}

/* ---- on NNG's threads --------------------------------------------------------------------------
 */

static void take_frame(struct session *session, const struct wire_frame *frame)
{
    struct wire_response response;
    if (frame->type != WIRE_RESPONSE) {
        vg_fail(&session->broken, VG_INTEGRITY, "it sent a frame of type %u", frame->type);
        return;
    }
    if (wire_response_decode(frame->payload, &response, &session->broken) != VG_OK ||
        response.token != session->client->token || session->answered)
        return;
    session->answer = response.error;
    vg_buffer_clear(&session->json);
    vg_buffer_append(&session->json, response.json.data, response.json.size);
    session->answered = true;
}

static void on_received(void *context, struct dial_link *link, vg_span bytes)
{
    (void)link;
    struct session *session = context;
    struct wire_frame frame;
    enum vg_code code = VG_OK;
    pthread_mutex_lock(&session->client->lock);
    wire_reader_feed(&session->reader, bytes);
    while (session->broken.code == VG_OK && code == VG_OK) {
        struct vg_error error = {.code = VG_OK};
        code = wire_reader_next(&session->reader, &frame, &error);
        if (code == VG_OK)
            take_frame(session, &frame);
        else if (code != VG_UNAVAILABLE)
            session->broken = error;
    }
    pthread_cond_broadcast(&session->client->changed);
    pthread_mutex_unlock(&session->client->lock);
}

static void on_connected(void *context, struct dial_link *link)
{
    (void)link;
    struct session *session = context;
    pthread_mutex_lock(&session->client->lock);
    session->connected = true;
    pthread_cond_broadcast(&session->client->changed);
    pthread_mutex_unlock(&session->client->lock);
}

static void on_closed(void *context, struct dial_link *link, const char *why)
{
    (void)link;
    struct session *session = context;
    pthread_mutex_lock(&session->client->lock);
    if (session->broken.code == VG_OK)
        vg_fail(&session->broken, VG_UNAVAILABLE, "%s", why);
    pthread_cond_broadcast(&session->client->changed);
    pthread_mutex_unlock(&session->client->lock);
}

static const struct dial_events session_events = {
    .received = on_received, .closed = on_closed, .connected = on_connected};

/* ---- one node ----------------------------------------------------------------------------------
 */

static void disconnect(struct session *session)
{
    if (session->link != NULL)
        dial_link_free(session->link); /* no event comes after this */
    session->link = NULL;
    session->asked = session->sent = session->connected = session->answered = false;
    session->broken = (struct vg_error){.code = VG_OK};
    wire_reader_free(&session->reader);
    session->reader = (struct wire_reader){.used = 0};
}

/* A request on its way through the nodes. */
struct exchange {
    struct cli_client *client;
    struct wire_request request;
    struct vg_buffer frame;
    uint64_t deadline_ms;
    uint64_t hedge_at_ms; /* the next node is asked then */
    unsigned asked;       /* attempts so far */
    bool unknown;         /* one of them may have been accepted */
    struct vg_error *error;
};

static void ask(struct exchange *exchange, struct session *session, uint64_t now)
{
    struct vg_error error = {.code = VG_OK};
    session->asked = true;
    session->sent = false;
    exchange->hedge_at_ms =
        now + exchange->client->held_ms + ((uint64_t)HEDGE_MS << exchange->asked % DOUBLINGS);
    exchange->asked++;
    if (session->link == NULL)
        dial_link_start(session->node.url, DIAL_MS, &session_events, session, &session->link,
                        &error);
    pthread_mutex_lock(&session->client->lock);
    session->answered = false;
    if (error.code != VG_OK)
        session->broken = error;
    pthread_mutex_unlock(&session->client->lock);
}

/* Sends to those that were asked and whose connection has come up meanwhile. */
static void send_all(struct exchange *exchange)
{
    struct cli_client *client = exchange->client;
    for (unsigned i = 0; i < client->count; i++) {
        struct session *session = &client->sessions[i];
        pthread_mutex_lock(&client->lock);
        bool ready = session->asked && !session->sent && session->connected;
        pthread_mutex_unlock(&client->lock);
        /* a link that fails to take it says so by its end */
        if (ready)
            session->sent = dial_link_send(session->link, vg_buffer_span(&exchange->frame),
                                           VG_FRAME_MAX) == VG_OK;
    }
}

/* Answers after which another node, or another moment, may do better. */
static bool worth_repeating(enum vg_code code)
{
    return code == VG_BUSY || code == VG_UNAVAILABLE || code == VG_TIMEOUT;
}

/* The end of a connection counts against a node that was asked; an idle one is opened again later.
 */
static void settle_end(struct exchange *exchange, struct session *session, uint64_t now,
                       const char *why)
{
    if (session->asked) {
        bool named = strstr(why, session->node.url) != NULL;
        vg_fail(exchange->error, VG_UNAVAILABLE, "%s%s%.400s", named ? "" : session->node.url,
                named ? "" : ": ", why);
        exchange->hedge_at_ms = now;
    }
    exchange->unknown = exchange->unknown || session->sent;
    disconnect(session);
}

/* Takes note of what came of asking a node; true if its answer is final. */
static bool settle(struct exchange *exchange, struct session *session, uint64_t now)
{
    struct cli_client *client = exchange->client;
    pthread_mutex_lock(&client->lock);
    bool answered = session->asked && session->answered;
    bool broken = session->broken.code != VG_OK;
    struct vg_error failure = session->broken;
    pthread_mutex_unlock(&client->lock);
    if (answered && !worth_repeating(session->answer.code))
        return true;
    if (answered) {
        *exchange->error = session->answer;
        exchange->unknown = exchange->unknown || session->answer.code != VG_BUSY;
        exchange->hedge_at_ms = now;
        session->asked = false;
    } else if (broken) {
        settle_end(exchange, session, now, failure.text);
    }
    if (answered || broken)
        session->retry_at_ms = now + PAUSE_MS;
    return false;
}

static struct session *settle_all(struct exchange *exchange, uint64_t now)
{
    struct cli_client *client = exchange->client;
    for (unsigned i = 0; i < client->count; i++)
        if (settle(exchange, &client->sessions[i], now))
            return &client->sessions[i];
    return NULL;
}

/* The next node to ask, from the preferred one on: one that is not asked and may be soonest. */
static struct session *next_session(const struct exchange *exchange)
{
    struct cli_client *client = exchange->client;
    struct session *next = NULL;
    unsigned count = client->stays ? 1 : client->count;
    for (unsigned i = 0; i < count; i++) {
        struct session *session = &client->sessions[(client->preferred + i) % client->count];
        if (!session->asked && (next == NULL || session->retry_at_ms < next->retry_at_ms))
            next = session;
    }
    return next;
}

static void wait_until(struct cli_client *client, uint64_t until_ms, uint64_t now)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + (until_ms > now ? until_ms - now : 0) * 1000000;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    pthread_mutex_lock(&client->lock);
    bool news = false;
    int late = 0;
    while (!news && late == 0) {
        for (unsigned i = 0; i < client->count; i++) {
            const struct session *session = &client->sessions[i];
            news = news || session->broken.code != VG_OK || (session->asked && session->answered) ||
                   (session->asked && !session->sent && session->connected);
        }
        if (!news)
            late = pthread_cond_timedwait(&client->changed, &client->lock, &until);
    }
    pthread_mutex_unlock(&client->lock);
}

/* Asks one node, and one more each time an answer is late or a node fails, until one answers for
 * good or the time is up (NULL). */
static struct session *run(struct exchange *exchange)
{
    for (;;) {
        uint64_t now = now_ms();
        struct session *answered = settle_all(exchange, now);
        if (answered != NULL || (exchange->asked > 0 && now >= exchange->deadline_ms))
            return answered;
        struct session *next = next_session(exchange);
        uint64_t ask_at = UINT64_MAX;
        if (next != NULL)
            ask_at = next->retry_at_ms > exchange->hedge_at_ms ? next->retry_at_ms
                                                               : exchange->hedge_at_ms;
        /* too little time for an answer is no attempt */
        bool in_time = exchange->asked == 0 || now + PAUSE_MS < exchange->deadline_ms;
        if (ask_at <= now && in_time)
            ask(exchange, next, now);
        send_all(exchange);
        if (ask_at <= now)
            continue;
        wait_until(exchange->client,
                   ask_at < exchange->deadline_ms ? ask_at : exchange->deadline_ms, now);
    }
}

/* ---- a call ------------------------------------------------------------------------------------
 */

static enum vg_code read_answer(struct session *session, json_t **answer, struct vg_error *error,
                                json_t **details)
{
    json_error_t where;
    json_t *document = NULL;
    if (session->json.size > 0)
        document = json_loadb((const char *)session->json.data, session->json.size,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    *error = session->answer;
    *(error->code == VG_OK ? answer : details) = document;
    if (error->code == VG_OK && document == NULL)
        vg_fail(error, VG_INTEGRITY, "%s answered what is not JSON", session->node.url);
    return error->code;
}

/* No answer in time: those still asked may have accepted it. */
static enum vg_code give_up(struct exchange *exchange)
{
    const struct cli_client *client = exchange->client;
    struct vg_error *error = exchange->error;
    const char *silent = NULL;
    for (unsigned i = 0; i < client->count; i++) {
        if (!client->sessions[i].asked)
            continue;
        silent = client->sessions[i].node.url;
        exchange->unknown = exchange->unknown || client->sessions[i].sent;
    }
    if (error->code == VG_OK)
        vg_fail(error, VG_TIMEOUT, "%s gave no answer in %u ms", silent, client->timeout_ms);
    if (error->code == VG_BUSY && exchange->unknown)
        error->code = VG_UNAVAILABLE;
    return error->code;
}

static void encode(struct exchange *exchange)
{
    struct vg_buffer payload = {0};
    wire_request_encode(&exchange->request, &payload);
    wire_frame_write(&exchange->frame, WIRE_REQUEST, vg_buffer_span(&payload));
    vg_buffer_free(&payload);
}

/* What a node gets less than we wait: it knows why there is no answer, and can still say so. */
static uint32_t margin_of(uint32_t timeout_ms)
{
    enum { SHARE = 5, MOST_MS = 300 };
    return timeout_ms / SHARE < MOST_MS ? timeout_ms / SHARE : MOST_MS;
}

enum vg_code cli_client_call(struct cli_client *client, const struct wire_request *request,
                             json_t **answer, struct vg_error *error, json_t **details)
{
    struct exchange exchange = {.client = client, .request = *request, .error = error};
    *error = (struct vg_error){.code = VG_OK};
    pthread_mutex_lock(&client->lock);
    exchange.request.token = ++client->token;
    pthread_mutex_unlock(&client->lock);
    uint32_t wait_ms = client->timeout_ms + client->held_ms;
    exchange.deadline_ms = now_ms() + wait_ms;
    exchange.request.timeout_ms = wait_ms - margin_of(client->timeout_ms);
    encode(&exchange);
    struct session *answered = run(&exchange);
    client->repeats += exchange.asked - 1;
    enum vg_code code =
        answered != NULL ? read_answer(answered, answer, error, details) : give_up(&exchange);
    if (answered != NULL) {
        client->preferred = (unsigned)(answered - client->sessions);
        answered->asked = false;
    }
    for (unsigned i = 0; i < client->count; i++)
        if (client->sessions[i].asked) /* late, and not to be waited for by the next call */
            disconnect(&client->sessions[i]);
    vg_buffer_free(&exchange.frame);
    return code;
}

enum vg_code cli_client_query(struct cli_client *client, const json_t *query, json_t **answer,
                              struct vg_error *error, json_t **details)
{
    char *text = json_dumps(query, JSON_COMPACT);
    struct wire_request request = {.kind = WIRE_QUERY, .body = vg_span_text(text)};
    enum vg_code code = cli_client_call(client, &request, answer, error, details);
    free(text);
    return code;
}

enum vg_code cli_client_new(const struct cli_node *nodes, unsigned count, uint32_t timeout_ms,
                            struct cli_client **out, struct vg_error *error)
{
    assert(count <= CLI_NODES_MAX);
    if (count == 0)
        return vg_fail(error, VG_USAGE,
                       "no node is known; give --node tcp://HOST:PORT, or start a cluster of your "
                       "own with 'vigil dev up'");
    for (unsigned i = 0; i < count; i++)
        if (dial_url_check(nodes[i].url, error) != VG_OK)
            return error->code;
    struct cli_client *client = vg_alloc_zero(1, sizeof *client);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&client->lock, NULL);
    pthread_cond_init(&client->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    client->count = count;
    client->timeout_ms = timeout_ms;
    for (unsigned i = 0; i < count; i++)
        client->sessions[i] = (struct session){.client = client, .node = nodes[i]};
    *out = client;
    return VG_OK;
}

void cli_client_hold(struct cli_client *client, uint32_t held_ms)
{
    client->held_ms = held_ms;
}

void cli_client_stay(struct cli_client *client)
{
    client->stays = true;
}

void cli_client_start_over(struct cli_client *client)
{
    client->preferred = 0;
}

uint64_t cli_client_repeats(const struct cli_client *client)
{
    return client->repeats;
}

void cli_client_free(struct cli_client *client)
{
    if (client == NULL)
        return;
    for (unsigned i = 0; i < client->count; i++) {
        disconnect(&client->sessions[i]);
        vg_buffer_free(&client->sessions[i].json);
    }
    pthread_mutex_destroy(&client->lock);
    pthread_cond_destroy(&client->changed);
    free(client);
}
