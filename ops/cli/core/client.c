/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/client.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"
#include "common/dial/link.h"
#include "common/limits.h"
#include "proto/wire/frame.h"

enum {
    DIAL_MAX_MS = 1000,    /* a node that does not take a connection in this is passed over */
    ATTEMPT_MIN_MS = 1000, /* the first wait for an answer where another node could be asked */
    PAUSE_MS = 50,         /* between two rounds over all nodes */
};

/* One connection. Shared with NNG's threads under `lock`. */
struct session {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct dial_link *link;
    struct wire_reader reader;
    uint64_t token; /* the answer waited for; 0: none */
    bool answered;
    enum vg_code code; /* of decoding; not of the answer */
    struct vg_error error;
    struct vg_error answer_error;
    struct vg_buffer json;
};

struct cli_client {
    char *const *urls;
    unsigned url_count;
    unsigned current;
    uint32_t timeout_ms;
    uint64_t next_token;
    uint64_t repeats;
    struct session *session; /* NULL: not connected */
};

static uint64_t now_ms(void)
{
    return vg_clock_system.monotonic_us() / 1000;
}

static void take_answer(struct session *session, const struct wire_frame *frame)
{
    struct wire_response response;
    if (frame->type != WIRE_RESPONSE) {
        session->code = vg_fail(&session->error, VG_INTEGRITY, "sent a frame of type %u",
                                (unsigned)frame->type);
        return;
    }
    session->code = wire_response_decode(frame->payload, &response, &session->error);
    if (session->code != VG_OK || response.token != session->token)
        return; /* an answer nobody waits for any more is dropped */
    session->answer_error = response.error;
    vg_buffer_clear(&session->json);
    vg_buffer_append(&session->json, response.json.data, response.json.size);
    session->answered = true;
    session->token = 0;
}

static void on_received(void *context, struct dial_link *link, vg_span bytes)
{
    (void)link;
    struct session *session = context;
    pthread_mutex_lock(&session->lock);
    wire_reader_feed(&session->reader, bytes);
    struct wire_frame frame;
    struct vg_error error = {.code = VG_OK};
    enum vg_code code = VG_OK;
    while (session->code == VG_OK &&
           (code = wire_reader_next(&session->reader, &frame, &error)) == VG_OK)
        take_answer(session, &frame);
    if (session->code == VG_OK && code != VG_UNAVAILABLE) {
        session->code = code;
        session->error = error;
    }
    pthread_cond_broadcast(&session->changed);
    pthread_mutex_unlock(&session->lock);
}

static void on_closed(void *context, struct dial_link *link, const char *why)
{
    (void)link;
    struct session *session = context;
    pthread_mutex_lock(&session->lock);
    if (session->code == VG_OK)
        session->code = vg_fail(&session->error, VG_UNAVAILABLE, "closed the connection: %s", why);
    pthread_cond_broadcast(&session->changed);
    pthread_mutex_unlock(&session->lock);
}

static const struct dial_events session_events = {.received = on_received, .closed = on_closed};

static struct session *session_new(void)
{
    struct session *session = vg_alloc_zero(1, sizeof *session);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&session->lock, NULL);
    pthread_cond_init(&session->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return session;
}

static void session_free(struct session *session)
{
    pthread_mutex_destroy(&session->lock);
    pthread_cond_destroy(&session->changed);
    wire_reader_free(&session->reader);
    vg_buffer_free(&session->json);
    free(session);
}

static void disconnect(struct cli_client *client)
{
    if (client->session == NULL)
        return;
    dial_link_free(client->session->link);
    session_free(client->session);
    client->session = NULL;
}

static enum vg_code connect_current(struct cli_client *client, uint32_t wait_ms,
                                    struct vg_error *error)
{
    if (client->session != NULL)
        return VG_OK;
    struct session *session = session_new();
    uint32_t dial_ms = wait_ms < DIAL_MAX_MS ? wait_ms : DIAL_MAX_MS;
    enum vg_code code = dial_link_connect(client->urls[client->current], dial_ms, &session_events,
                                          session, &session->link, error);
    if (code == VG_OK)
        client->session = session;
    else
        session_free(session);
    return code;
}

/* Waits for the answer, the end of the connection or the time. */
static enum vg_code await_answer(struct cli_client *client, uint32_t wait_ms,
                                 struct vg_error *error)
{
    struct session *session = client->session;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    const char *url = client->urls[client->current];
    int late = 0;
    pthread_mutex_lock(&session->lock);
    while (!session->answered && session->code == VG_OK && late == 0)
        late = pthread_cond_timedwait(&session->changed, &session->lock, &until);
    enum vg_code code = VG_OK;
    if (!session->answered && session->code != VG_OK)
        code = vg_fail(error, session->code, "%s %s", url, session->error.text);
    else if (!session->answered)
        code = vg_fail(error, VG_TIMEOUT, "%s gave no answer in %u ms", url, wait_ms);
    pthread_mutex_unlock(&session->lock);
    return code;
}

/* What one attempt came to. */
enum attempt {
    ATTEMPT_ANSWERED,
    ATTEMPT_NOT_SENT, /* certainly not accepted */
    ATTEMPT_UNKNOWN,  /* perhaps accepted */
};

static enum attempt attempt(struct cli_client *client, struct wire_request *request,
                            uint32_t wait_ms, struct vg_error *error)
{
    uint64_t start = now_ms();
    if (connect_current(client, wait_ms, error) != VG_OK)
        return ATTEMPT_NOT_SENT;
    uint64_t spent = now_ms() - start;
    wait_ms = spent < wait_ms ? wait_ms - (uint32_t)spent : 1;
    struct session *session = client->session;
    request->token = ++client->next_token;
    request->timeout_ms = wait_ms;
    struct vg_buffer payload = {0};
    struct vg_buffer frame = {0};
    wire_request_encode(request, &payload);
    wire_frame_write(&frame, WIRE_REQUEST, vg_buffer_span(&payload));
    pthread_mutex_lock(&session->lock);
    session->token = request->token;
    session->answered = false;
    pthread_mutex_unlock(&session->lock);
    enum vg_code code = dial_link_send(session->link, vg_buffer_span(&frame), VG_FRAME_MAX);
    vg_buffer_free(&payload);
    vg_buffer_free(&frame);
    if (code != VG_OK) {
        vg_fail(error, VG_UNAVAILABLE, "%s took no request", client->urls[client->current]);
        return ATTEMPT_NOT_SENT;
    }
    return await_answer(client, wait_ms, error) == VG_OK ? ATTEMPT_ANSWERED : ATTEMPT_UNKNOWN;
}

/* How long one attempt may take: all that is left at an only node, else a growing share, so that a
 * node that hangs does not use up the time of the others. */
static uint32_t attempt_time(const struct cli_client *client, unsigned number, uint64_t left_ms)
{
    uint64_t share = (uint64_t)ATTEMPT_MIN_MS << (number < 10 ? number / client->url_count : 10);
    if (client->url_count == 1 || share > left_ms)
        share = left_ms;
    return (uint32_t)share;
}

/* A moment after each round over all nodes. Then what is left of the time; too little for an answer
 * counts as none. */
static uint64_t time_left(const struct cli_client *client, unsigned number, uint64_t deadline)
{
    struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    if ((number + 1) % client->url_count == 0)
        nanosleep(&pause, NULL);
    uint64_t now = now_ms();
    return now + PAUSE_MS < deadline ? deadline - now : 0;
}

/* Answers after which another node, or another moment, may do better. */
static bool worth_repeating(enum vg_code code)
{
    return code == VG_BUSY || code == VG_UNAVAILABLE || code == VG_TIMEOUT;
}

static enum vg_code read_answer(struct cli_client *client, json_t **answer, struct vg_error *error,
                                json_t **details)
{
    struct session *session = client->session;
    json_error_t where;
    json_t *document = NULL;
    if (session->json.size > 0)
        document = json_loadb((const char *)session->json.data, session->json.size,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    *error = session->answer_error;
    *(error->code == VG_OK ? answer : details) = document;
    if (error->code == VG_OK && document == NULL)
        vg_fail(error, VG_INTEGRITY, "%s answered what is not JSON", client->urls[client->current]);
    return error->code;
}

enum vg_code cli_client_call(struct cli_client *client, const struct wire_request *request,
                             json_t **answer, struct vg_error *error, json_t **details)
{
    struct wire_request sent = *request;
    uint64_t deadline = now_ms() + client->timeout_ms;
    uint64_t left = client->timeout_ms;
    bool unknown = false; /* an attempt may have been accepted */
    for (unsigned number = 0; left > 0; number++) {
        client->repeats += number > 0;
        enum attempt result = attempt(client, &sent, attempt_time(client, number, left), error);
        if (result == ATTEMPT_ANSWERED) {
            if (!worth_repeating(read_answer(client, answer, error, details)))
                return error->code;
            json_decref(*details);
            *details = NULL;
        }
        unknown = unknown || (result != ATTEMPT_NOT_SENT && error->code != VG_BUSY);
        disconnect(client);
        client->current = (client->current + 1) % client->url_count;
        left = time_left(client, number, deadline);
    }
    if (error->code == VG_BUSY && unknown)
        error->code = VG_UNAVAILABLE;
    return error->code;
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

enum vg_code cli_client_new(char *const *urls, unsigned count, uint32_t timeout_ms,
                            struct cli_client **out, struct vg_error *error)
{
    if (count == 0)
        return vg_fail(error, VG_USAGE,
                       "no node is known; give --node tcp://HOST:PORT, or start a cluster of your "
                       "own with 'vigil dev up'");
    for (unsigned i = 0; i < count; i++)
        if (dial_url_check(urls[i], error) != VG_OK)
            return error->code;
    *out = vg_alloc_zero(1, sizeof **out);
    (*out)->urls = urls;
    (*out)->url_count = count;
    (*out)->timeout_ms = timeout_ms;
    return VG_OK;
}

uint64_t cli_client_repeats(const struct cli_client *client)
{
    return client->repeats;
}

void cli_client_free(struct cli_client *client)
{
    if (client == NULL)
        return;
    disconnect(client);
    free(client);
}
