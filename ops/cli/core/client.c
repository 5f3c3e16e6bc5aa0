/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/client.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"
#include "common/dial/link.h"
#include "common/limits.h"
#include "common/text.h"
#include "proto/ledger/entry.h"
#include "proto/wire/line.h"

enum {
    DIAL_MS = 5000, /* a connection that takes longer has failed */
    HEDGE_MS = 250, /* an answer that takes longer is waited for at the next node too, */
    DOUBLINGS = 4,  /* twice as long the next time, a few times */
    PAUSE_MS = 50,  /* before a node that failed or was busy is asked again */
    REFUSALS = 10,  /* handshakes that a node does not answer, after which it is not one for us */
    SHOWN = 16,     /* digits of a key or a cluster id in a sentence */
};

/* One node, and the connection to it. What NNG's threads touch is under the client's lock. */
struct session {
    struct cli_client *client;
    struct cli_node node;
    struct dial_link *link; /* NULL: not connected, and not connecting */
    bool asked;             /* the request under way is this node's too */
    bool probed;            /* whether it may have the command was asked, and not answered yet */
    bool sent;              /* the request's bytes are on their way */
    vg_id level;            /* the compartment of which it has said that it may, and not since that
                               it cannot */
    uint64_t retry_at_ms;   /* not asked before this */
    unsigned refusals;      /* of this request's handshakes, since one was answered */

    bool dialled; /* the handshake is under way, */
    bool open;    /* and done */
    bool answered;
    struct vg_error broken; /* code VG_OK: the connection is good */
    struct vg_error answer; /* code of the answer */
    struct vg_buffer json;
    struct wire_line line;
    struct vg_buffer out; /* what goes to the link next */
};

struct cli_client {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct channel_terms terms;
    const struct noise_static *lent; /* the person's channel key, */
    struct noise_static self;        /* and the same, with note taken of its failing: */
    struct vg_error keyless;         /* code VG_OK: it could be used whenever it was needed */
    vg_id person;                    /* as whom */
    struct session sessions[CLI_NODES_MAX];
    unsigned count;
    unsigned preferred; /* who answered last */
    bool stays;         /* with it alone */
    uint32_t timeout_ms;
    uint32_t held_ms; /* that an answer may be held back */
    uint64_t token;   /* of the request under way; answers to others are dropped */
    vg_id within;     /* the compartment of its command; zero: it has none to keep to itself */
    uint64_t repeats;
    bool unknown; /* what became of the last request */
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
    bool may = session->probed && response.error.code == VG_OK;
    session->probed = false;
    if (may) {
        session->level = session->client->within;
        return;
    }
    if (response.error.code == VG_UNAVAILABLE) /* it may be cleared no more: it is asked again */
        session->level = (vg_id){{0}};
    session->answer = response.error;
    vg_buffer_clear(&session->json);
    vg_buffer_append(&session->json, response.json.data, response.json.size);
    session->answered = true;
}

static void take_failure(struct session *session, const struct vg_error *error)
{
    const struct vg_error *keyless = &session->client->keyless;
    if (session->open)
        session->broken = *error;
    else if (keyless->code != VG_OK)
        session->broken = *keyless;
    else
        vg_fail(&session->broken, VG_INTEGRITY, "what answers there does not have its channel key");
}

/* Under the lock, as whatever is done with a channel that is not yet open. A key that has gone is
 * no node's fault; what the channel is told is not what says that bytes are missing. */
static enum vg_code dh_of_person(void *context, const vg_channel_public *theirs,
                                 uint8_t shared[NOISE_KEY_SIZE], struct vg_error *error)
{
    struct cli_client *client = context;
    if (client->lent->dh(client->lent->context, theirs, shared, &client->keyless) == VG_OK)
        return VG_OK;
    return vg_fail(error, VG_FORBIDDEN, "%s", client->keyless.text);
}

/* A link that fails to take it says so by its end. */
static void send_out(struct session *session, struct dial_link *link)
{
    if (session->out.size > 0)
        (void)dial_link_send(link, vg_buffer_span(&session->out), VG_FRAME_MAX);
    vg_buffer_clear(&session->out);
}

static void on_received(void *context, struct dial_link *link, vg_span bytes)
{
    struct session *session = context;
    enum vg_code code = VG_OK;
    pthread_mutex_lock(&session->client->lock);
    wire_line_feed(&session->line, bytes);
    while (session->broken.code == VG_OK && code == VG_OK) {
        struct vg_error error = {.code = VG_OK};
        struct wire_line_event event;
        code = wire_line_next(&session->line, &event, &session->out, &error);
        if (code == VG_OK && event.kind == WIRE_LINE_FRAME)
            take_frame(session, &event.frame);
        else if (code != VG_OK && code != VG_UNAVAILABLE)
            take_failure(session, &error);
        session->open = session->open || session->line.channel.opened;
    }
    send_out(session, link);
    pthread_cond_broadcast(&session->client->changed);
    pthread_mutex_unlock(&session->client->lock);
}

static void on_connected(void *context, struct dial_link *link)
{
    struct session *session = context;
    uint8_t seed[VG_SEED_SIZE];
    vg_random(seed, sizeof seed);
    pthread_mutex_lock(&session->client->lock);
    struct vg_error error = {.code = VG_OK};
    if (channel_dial(&session->line.channel, &session->client->terms, &session->node.key, seed,
                     &session->out, &error) != VG_OK)
        take_failure(session, &error);
    session->dialled = true;
    send_out(session, link);
    pthread_cond_broadcast(&session->client->changed);
    pthread_mutex_unlock(&session->client->lock);
    vg_wipe(seed, sizeof seed);
}

/* Strangers are told nothing; so these are the reasons there may be. */
static void explain_refusal(struct session *session)
{
    char key[VG_HASH_TEXT], cluster[VG_HASH_TEXT], person[VG_ID_TEXT];
    vg_hex_format(vg_span_of(session->node.key.bytes, sizeof session->node.key), key);
    vg_hex_format(vg_span_of(session->client->terms.cluster.bytes, sizeof(vg_hash)), cluster);
    vg_id_format(&session->client->person, person);
    vg_fail(
        &session->broken, VG_FORBIDDEN,
        "it closed in the handshake: its channel key is not %.*s..., or its cluster not %.*s... "
        "(compare with the genesis), or it does not know this key of %s (see vigil user add and "
        "rekey), or it is flooded",
        SHOWN, key, SHOWN, cluster, person);
}

static void on_closed(void *context, struct dial_link *link, const char *why)
{
    (void)link;
    struct session *session = context;
    pthread_mutex_lock(&session->client->lock);
    if (session->broken.code == VG_OK && session->dialled && !session->open)
        explain_refusal(session);
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
    session->asked = session->probed = session->sent = session->answered = false;
    session->level = (vg_id){{0}};
    session->dialled = session->open = false;
    session->broken = (struct vg_error){.code = VG_OK};
    wire_line_end(&session->line);
    session->line = (struct wire_line){.reader.used = 0};
    vg_buffer_clear(&session->out);
}

/* A request on its way through the nodes. */
struct exchange {
    struct cli_client *client;
    struct wire_request request;
    struct vg_buffer payload;
    struct vg_buffer probe; /* of a command within a compartment: what is sent before it */
    uint64_t deadline_ms;
    uint64_t hedge_at_ms; /* the next node is asked then */
    unsigned asked;       /* attempts so far */
    bool heard;           /* one was answered: `error` is what a node said */
    bool unknown;         /* one of them may have been accepted */
    struct vg_error *error;
};

static void ask(struct exchange *exchange, struct session *session, uint64_t now)
{
    struct vg_error error = {.code = VG_OK};
    session->asked = true;
    session->probed = session->sent = false;
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

static bool is_to_send(const struct session *session)
{
    return session->asked && session->open && !session->probed && !session->sent;
}

/* A command goes to nobody who is not cleared for what it says: a node that has not said yet that
 * it is level for the compartment is asked first. */
static void send_next(struct exchange *exchange, struct session *session)
{
    const vg_id *within = &exchange->client->within;
    bool may = vg_id_is_zero(within) || vg_id_equal(&session->level, within);
    wire_line_write(&session->line, WIRE_REQUEST,
                    vg_buffer_span(may ? &exchange->payload : &exchange->probe), &session->out);
    send_out(session, session->link);
    session->sent = may;
    session->probed = !may;
}

/* Sends to those that were asked and whose channel has opened meanwhile. */
static void send_all(struct exchange *exchange)
{
    struct cli_client *client = exchange->client;
    for (unsigned i = 0; i < client->count; i++) {
        pthread_mutex_lock(&client->lock);
        if (is_to_send(&client->sessions[i]))
            send_next(exchange, &client->sessions[i]);
        pthread_mutex_unlock(&client->lock);
    }
}

/* Answers after which another node, or another moment, may do better. */
static bool worth_repeating(enum vg_code code)
{
    return code == VG_BUSY || code == VG_UNAVAILABLE || code == VG_TIMEOUT;
}

/* Answers and failures that say nothing of what became of a request that another node was sent. */
static bool is_of_one_node(enum vg_code code)
{
    return code == VG_BUSY || code == VG_FORBIDDEN || code == VG_INTEGRITY;
}

/* The end of a connection counts against a node that was asked; an idle one is opened again later.
 * It is no news where another node has said why it does not answer. */
static void settle_end(struct exchange *exchange, struct session *session, uint64_t now,
                       const struct vg_error *failure)
{
    const char *why = failure->text;
    bool refused = !session->open && is_of_one_node(failure->code);
    session->refusals = refused ? session->refusals + 1 : 0;
    if (session->asked)
        exchange->hedge_at_ms = now;
    if (session->asked && !exchange->heard) {
        bool named = strstr(why, session->node.url) != NULL;
        vg_fail(exchange->error, refused ? failure->code : VG_UNAVAILABLE, "%s%s%.400s",
                named ? "" : session->node.url, named ? "" : ": ", why);
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
        exchange->heard = true;
        exchange->unknown = exchange->unknown || (session->sent && session->answer.code != VG_BUSY);
        exchange->hedge_at_ms = now;
        session->asked = false;
    } else if (broken) {
        settle_end(exchange, session, now, &failure);
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
                   is_to_send(session);
        }
        if (!news)
            late = pthread_cond_timedwait(&client->changed, &client->lock, &until);
    }
    pthread_mutex_unlock(&client->lock);
}

/* Whether the person's key has gone, and no node that we had come to before is to answer. */
static bool is_keyless(struct cli_client *client)
{
    pthread_mutex_lock(&client->lock);
    bool keyless = client->keyless.code != VG_OK;
    pthread_mutex_unlock(&client->lock);
    for (unsigned i = 0; i < client->count; i++)
        keyless = keyless && !client->sessions[i].asked;
    return keyless;
}

/* Whether no node lets us in, however often it is asked. */
static bool is_shut_out(const struct cli_client *client)
{
    unsigned count = 0;
    for (unsigned i = 0; i < client->count; i++)
        count += client->sessions[i].refusals >= REFUSALS;
    return count == client->count;
}

/* Asks one node, and one more each time an answer is late or a node fails, until one answers for
 * good, or (NULL) none lets us in, we have no key to come in with, or the time is up. */
static struct session *run(struct exchange *exchange)
{
    for (;;) {
        uint64_t now = now_ms();
        struct session *answered = settle_all(exchange, now);
        bool over = exchange->asked > 0 && now >= exchange->deadline_ms;
        if (answered != NULL || over || is_shut_out(exchange->client) ||
            is_keyless(exchange->client))
            return answered;
        struct session *next = next_session(exchange);
        uint64_t ask_at = UINT64_MAX;
        if (next != NULL)
            ask_at = next->retry_at_ms > exchange->hedge_at_ms ? next->retry_at_ms
                                                               : exchange->hedge_at_ms;
        /* too little time for an answer is no attempt */
        bool in_time = exchange->asked == 0 || now + PAUSE_MS < exchange->deadline_ms;
        if (next != NULL && ask_at <= now && in_time)
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

/* The sentence of a node that gave one; else what its connection ended with, and how many. */
static void say_why(const struct exchange *exchange, const char *silent)
{
    const struct cli_client *client = exchange->client;
    const struct vg_error last = *exchange->error;
    if (client->keyless.code != VG_OK)
        *exchange->error = client->keyless;
    else if (last.code == VG_OK)
        vg_fail(exchange->error, VG_TIMEOUT, "%s gave no answer in %u ms", silent,
                client->timeout_ms);
    else if (!exchange->heard && !client->stays && client->count > 1)
        vg_fail(exchange->error, last.code, "none of %u nodes answers: %.440s", client->count,
                last.text);
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
    say_why(exchange, silent);
    bool certain = !exchange->unknown &&
                   (error->code == VG_BUSY || is_shut_out(client) || client->keyless.code != VG_OK);
    if (is_of_one_node(error->code) && !certain)
        error->code = VG_UNAVAILABLE;
    return error->code;
}

/* What a node gets less than we wait: it knows why there is no answer, and can still say so. */
static uint32_t margin_of(uint32_t timeout_ms)
{
    enum { SHARE = 5, MOST_MS = 300 };
    return timeout_ms / SHARE < MOST_MS ? timeout_ms / SHARE : MOST_MS;
}

/* The compartment of a command, zero of what is none. */
static vg_id compartment_of(const struct wire_request *request)
{
    struct ledger_command command;
    bool is_command = request->kind == WIRE_SUBMIT &&
                      ledger_command_decode(request->body, &command, NULL) == VG_OK;
    return is_command ? command.compartment : (vg_id){{0}};
}

static void encode_probe(const struct exchange *exchange, struct vg_buffer *out)
{
    char id[VG_ID_TEXT], text[96];
    vg_id_format(&exchange->client->within, id);
    snprintf(text, sizeof text, "{\"query\":\"compartment.level\",\"id\":\"%s\"}", id);
    const struct wire_request probe = {.token = exchange->request.token,
                                       .kind = WIRE_QUERY,
                                       .timeout_ms = exchange->request.timeout_ms,
                                       .body = vg_span_text(text)};
    wire_request_encode(&probe, out);
}

enum vg_code cli_client_call(struct cli_client *client, const struct wire_request *request,
                             json_t **answer, struct vg_error *error, json_t **details)
{
    struct exchange exchange = {.client = client, .request = *request, .error = error};
    *error = (struct vg_error){.code = VG_OK};
    pthread_mutex_lock(&client->lock);
    exchange.request.token = ++client->token;
    client->within = compartment_of(request);
    client->keyless = (struct vg_error){.code = VG_OK};
    pthread_mutex_unlock(&client->lock);
    for (unsigned i = 0; i < client->count; i++)
        client->sessions[i].refusals = 0;
    uint32_t wait_ms = client->timeout_ms + client->held_ms;
    exchange.deadline_ms = now_ms() + wait_ms;
    exchange.request.timeout_ms = wait_ms - margin_of(client->timeout_ms);
    wire_request_encode(&exchange.request, &exchange.payload);
    encode_probe(&exchange, &exchange.probe);
    struct session *answered = run(&exchange);
    client->repeats += exchange.asked - 1;
    enum vg_code code =
        answered != NULL ? read_answer(answered, answer, error, details) : give_up(&exchange);
    client->unknown = answered == NULL && exchange.unknown;
    if (answered != NULL) {
        client->preferred = (unsigned)(answered - client->sessions);
        answered->asked = false;
    }
    for (unsigned i = 0; i < client->count; i++)
        if (client->sessions[i].asked) /* late, and not to be waited for by the next call */
            disconnect(&client->sessions[i]);
    vg_buffer_free(&exchange.payload);
    vg_buffer_free(&exchange.probe);
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

static enum vg_code check_nodes(const struct cli_node *nodes, unsigned count,
                                struct vg_error *error)
{
    for (unsigned i = 0; i < count; i++) {
        if (dial_url_check(nodes[i].url, error) != VG_OK)
            return error->code;
        if (!nodes[i].has_key)
            return vg_fail(error, VG_USAGE,
                           "the channel key of %s is not known; write %s#KEY (64 hex digits), or "
                           "%s#NODE with --genesis FILE, or use a context that has it",
                           nodes[i].url, nodes[i].url, nodes[i].url);
    }
    return VG_OK;
}

enum vg_code cli_client_new(const struct cli_access *access, const struct cli_node *nodes,
                            unsigned count, uint32_t timeout_ms, struct cli_client **out,
                            struct vg_error *error)
{
    assert(count <= CLI_NODES_MAX);
    if (count == 0)
        return vg_fail(error, VG_USAGE,
                       "no node is known; give --node tcp://HOST:PORT, or start a cluster of your "
                       "own with 'vigil dev up'");
    if (check_nodes(nodes, count, error) != VG_OK)
        return error->code;
    struct cli_client *client = vg_alloc_zero(1, sizeof *client);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&client->lock, NULL);
    pthread_cond_init(&client->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    client->lent = &access->self;
    client->self = (struct noise_static){access->self.pub, dh_of_person, client};
    client->terms = (struct channel_terms){
        .door = CHANNEL_CLIENTS, .cluster = access->cluster, .self = &client->self};
    vg_random(client->terms.incarnation.bytes, sizeof client->terms.incarnation.bytes);
    client->person = access->signer.identity.id;
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

bool cli_client_unknown(const struct cli_client *client)
{
    return client->unknown;
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
        vg_buffer_free(&client->sessions[i].out);
    }
    pthread_mutex_destroy(&client->lock);
    pthread_cond_destroy(&client->changed);
    free(client);
}
