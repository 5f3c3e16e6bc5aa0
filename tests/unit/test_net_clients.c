/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <unistd.h>

#include "common/limits.h"
#include "node/net/clients.h"
#include "proto/wire/client.h"
#include "proto/wire/line.h"
#include "tests/lib/await.h"
#include "tests/lib/caller.h"
#include "tests/lib/leaks.h"
#include "tests/lib/secured.h"

enum { HELD_MAX = 64, ALL_OF_THEM = 1000 * 1000 };

/* The node's key, and that of everybody who may come in. */
static const vg_channel_secret secrets[2] = {{{8, 1}}, {{8, 2}}};
static struct noise_static keys[2];

static struct channel_terms terms_of(int side)
{
    vg_crypto_init();
    keys[side] = noise_static_of(&secrets[side]);
    return (struct channel_terms){
        .door = CHANNEL_CLIENTS, .cluster = {{7}}, .self = &keys[side], .incarnation = {{1}}};
}

/* A node's side: answers each request with its own body, or holds the answers back. */
struct server {
    struct net_clients *clients;
    char url[RUDE_URL];
    atomic_bool hold;
    size_t answer_size; /* 0: the request's body */
    atomic_uint held;
    uint64_t sessions[HELD_MAX];
    uint64_t tokens[HELD_MAX];
    atomic_uint requests, gone;
    atomic_bool bars; /* nobody may come in */
    atomic_uint code; /* of the last answer */
};

static void answer(struct server *server, uint64_t session, uint64_t token, vg_span body)
{
    static const uint8_t zeros[2 * 1024 * 1024];
    struct wire_response response = {.token = token, .json = body};
    if (server->answer_size > 0)
        response.json = vg_span_of(zeros, server->answer_size);
    struct vg_buffer bytes = {0};
    wire_response_encode(&response, &bytes);
    atomic_store(&server->code, net_clients_send(server->clients, session, vg_buffer_span(&bytes)));
    vg_buffer_free(&bytes);
}

static bool on_admits(void *context, const vg_channel_public *theirs)
{
    struct server *server = context;
    return !atomic_load(&server->bars) && memcmp(theirs, &keys[1].pub, sizeof *theirs) == 0;
}

static void on_request(void *context, uint64_t session, struct vg_blob *payload)
{
    struct server *server = context;
    struct wire_request request;
    cr_assert_eq(wire_request_decode(vg_blob_span(payload), &request, NULL), VG_OK);
    if (atomic_load(&server->hold)) {
        unsigned at = atomic_load(&server->held);
        cr_assert_lt(at, HELD_MAX);
        server->sessions[at] = session;
        server->tokens[at] = request.token;
        atomic_store(&server->held, at + 1);
    } else {
        answer(server, session, request.token, request.body);
    }
    atomic_fetch_add(&server->requests, 1);
    vg_blob_unref(payload);
}

static void on_gone(void *context)
{
    struct server *server = context;
    atomic_fetch_add(&server->gone, 1);
}

static void server_start(struct server *server, struct net_clients_config config)
{
    struct net_clients_callbacks callbacks = {
        .admits = on_admits, .request = on_request, .gone = on_gone};
    struct vg_error error = {0};
    rude_free_url(server->url);
    config.url = server->url;
    config.terms = terms_of(0);
    config.handshakes_per_s = config.handshakes_per_s == 0 ? ALL_OF_THEM : config.handshakes_per_s;
    /* The first request may come before this returns, but no test sends one that early. */
    cr_assert_eq(net_clients_start(&config, &callbacks, server, &server->clients, &error), VG_OK,
                 "%s", error.text);
}

static struct net_clients_stats stats_of(struct server *server)
{
    struct net_clients_stats stats;
    net_clients_stats_read(server->clients, &stats);
    return stats;
}

static void server_stop(struct server *server)
{
    net_clients_stop(server->clients);
    cr_expect_not(LEAKS_FOUND());
}

/* A client's side, as `vigil` has it. */
struct client {
    struct secured secured;
    atomic_uint answers, busy;
    atomic_uint_fast64_t bytes, tokens; /* sums over the answers */
};

static void client_received(struct secured *secured, const struct wire_frame *frame)
{
    struct client *client = secured->context;
    struct wire_response response;
    cr_assert_eq(frame->type, WIRE_RESPONSE);
    cr_assert_eq(wire_response_decode(frame->payload, &response, NULL), VG_OK);
    atomic_fetch_add(&client->bytes, response.json.size);
    atomic_fetch_add(&client->tokens, response.token);
    atomic_fetch_add(response.error.code == VG_BUSY ? &client->busy : &client->answers, 1);
}

/* False if it is not let in. */
static bool client_try(struct client *client, const struct server *server)
{
    *client = (struct client){
        .secured = {.terms = terms_of(1), .frame = client_received, .context = client}};
    return secured_dial(&client->secured, server->url, &keys[0].pub);
}

static void client_start(struct client *client, const struct server *server)
{
    cr_assert(client_try(client, server));
}

static void client_stop(struct client *client)
{
    secured_end(&client->secured);
}

static struct vg_buffer request_of(uint64_t token, size_t size)
{
    static const uint8_t zeros[VG_COMMAND_MAX];
    struct wire_request request = {.token = token, .kind = WIRE_SUBMIT, .timeout_ms = 1000};
    request.body = vg_span_of(zeros, size);
    struct vg_buffer payload = {0};
    wire_request_encode(&request, &payload);
    return payload;
}

static void ask(struct client *client, uint64_t token, size_t size)
{
    struct vg_buffer request = request_of(token, size);
    cr_assert_eq(secured_send(&client->secured, WIRE_REQUEST, vg_buffer_span(&request)), VG_OK);
    vg_buffer_free(&request);
}

/* The same over a plain socket. */
static struct caller call(const struct server *server)
{
    struct caller caller;
    struct channel_terms terms = terms_of(1);
    cr_assert(caller_dial(&caller, server->url, &terms, &keys[0].pub));
    cr_assert(caller_open(&caller));
    return caller;
}

Test(net_clients, each_request_is_answered)
{
    enum { COUNT = 300, LARGE = VG_COMMAND_MAX };
    static struct server server;
    struct client clients[2] = {0};
    server_start(&server, (struct net_clients_config){.in_flight_max = COUNT});
    for (int i = 0; i < 2; i++)
        client_start(&clients[i], &server);
    for (uint64_t token = 1; token <= COUNT; token++)
        for (int i = 0; i < 2; i++)
            ask(&clients[i], token, token == COUNT ? LARGE : 10);
    for (int i = 0; i < 2; i++) {
        AWAIT(atomic_load(&clients[i].answers) == COUNT);
        cr_expect_eq(clients[i].tokens, COUNT * (COUNT + 1) / 2);
        cr_expect_eq(clients[i].bytes, (COUNT - 1) * 10 + LARGE);
    }
    struct net_clients_stats stats = stats_of(&server);
    cr_expect_eq(stats.sessions, 2);
    cr_expect_eq(stats.requests, 2 * COUNT);
    cr_expect_eq(stats.responses, 2 * COUNT);
    cr_expect_eq(stats.in_flight, 0);
    client_stop(&clients[0]);
    AWAIT(stats_of(&server).sessions == 1);
    server_stop(&server);
    client_stop(&clients[1]);
    cr_expect_eq(server.gone, 2);
    cr_expect_eq(clients[1].secured.closed, 1);
}

Test(net_clients, more_than_may_be_in_flight_are_answered_busy)
{
    enum { EACH = 4, TOTAL = 6, ASKED = 10 };
    static struct server server = {.hold = true};
    struct client clients[2] = {0};
    server_start(&server,
                 (struct net_clients_config){.in_flight_max = EACH, .in_flight_total_max = TOTAL});
    for (int i = 0; i < 2; i++) {
        client_start(&clients[i], &server);
        for (uint64_t token = 1; token <= ASKED; token++)
            ask(&clients[i], token, 10);
        unsigned held = i == 0 ? EACH : TOTAL - EACH;
        AWAIT(atomic_load(&clients[i].busy) == ASKED - held);
    }
    cr_expect_eq(stats_of(&server).in_flight, TOTAL);
    cr_expect_eq(stats_of(&server).busy, 2 * ASKED - TOTAL);
    AWAIT(atomic_load(&server.held) == TOTAL);
    for (unsigned i = 0; i < TOTAL; i++)
        answer(&server, server.sessions[i], server.tokens[i], vg_span_text("late"));
    AWAIT(atomic_load(&clients[0].answers) == EACH);
    AWAIT(atomic_load(&clients[1].answers) == TOTAL - EACH);
    cr_expect_eq(stats_of(&server).in_flight, 0);
    for (int i = 0; i < 2; i++)
        client_stop(&clients[i]);
    server_stop(&server);
}

/* Large ones are refused by their bytes: of one session, and of both. */
Test(net_clients, more_bytes_than_may_be_in_flight_are_answered_busy)
{
    enum { LARGE = 1024 * 1024, EACH = 3, TOTAL = 4, ASKED = 6 };
    static struct server server = {.hold = true};
    struct client clients[2] = {0};
    struct vg_buffer large = request_of(1, LARGE);
    size_t size = wire_line_size(vg_buffer_span(&large));
    server_start(&server, (struct net_clients_config){.in_flight_bytes_max = EACH * size,
                                                      .in_flight_bytes_total_max = TOTAL * size});
    for (int i = 0; i < 2; i++) {
        client_start(&clients[i], &server);
        for (uint64_t token = 1; token <= ASKED; token++)
            ask(&clients[i], token, LARGE);
        unsigned held = i == 0 ? EACH : TOTAL - EACH;
        AWAIT(atomic_load(&clients[i].busy) == ASKED - held);
    }
    cr_expect_eq(stats_of(&server).in_flight_bytes, TOTAL * size);
    AWAIT(atomic_load(&server.held) == TOTAL);
    answer(&server, server.sessions[1], server.tokens[1], vg_span_text("late"));
    AWAIT(atomic_load(&clients[0].answers) == 1);
    ask(&clients[0], ASKED + 1, LARGE + 1);
    AWAIT(atomic_load(&clients[0].busy) ==
          ASKED - EACH + 1); /* one byte more than was given back */
    ask(&clients[0], ASKED + 2, LARGE);
    AWAIT(atomic_load(&server.held) == TOTAL + 1);
    client_stop(&clients[0]);
    AWAIT(stats_of(&server).sessions == 1);
    cr_expect_eq(stats_of(&server).in_flight_bytes, (TOTAL - EACH) * size);
    client_stop(&clients[1]);
    AWAIT(stats_of(&server).in_flight_bytes == 0);
    vg_buffer_free(&large);
    server_stop(&server);
}

Test(net_clients, answers_to_the_dead_go_nowhere)
{
    static struct server server = {.hold = true};
    struct client client = {0};
    server_start(&server, (struct net_clients_config){0});
    client_start(&client, &server);
    ask(&client, 1, 10);
    AWAIT(atomic_load(&server.requests) == 1);
    client_stop(&client);
    AWAIT(atomic_load(&server.gone) == 1);
    cr_expect_eq(stats_of(&server).in_flight, 0);
    answer(&server, server.sessions[0], server.tokens[0], vg_span_text("late"));
    cr_expect_eq(server.code, VG_NOT_FOUND);
    cr_expect_eq(net_clients_send(server.clients, 99, vg_span_text("")), VG_NOT_FOUND);
    server_stop(&server);
}

Test(net_clients, who_does_not_read_is_closed)
{
    enum { ANSWER = 1024 * 1024 };
    static struct server server = {.answer_size = ANSWER};
    struct client polite = {0};
    server_start(&server, (struct net_clients_config){.queue_max = 2 * ANSWER});
    client_start(&polite, &server);
    struct caller silent = call(&server);
    struct vg_buffer request = request_of(1, 10);
    while (stats_of(&server).slow == 0) {
        caller_write(&silent, WIRE_REQUEST, vg_buffer_span(&request));
        (void)caller_send(&silent);
    }
    AWAIT(atomic_load(&server.gone) == 1);
    ask(&polite, 2, 10);
    AWAIT(atomic_load(&polite.answers) == 1);
    cr_expect_eq(polite.bytes, ANSWER);
    vg_buffer_free(&request);
    caller_end(&silent);
    client_stop(&polite);
    server_stop(&server);
}

Test(net_clients, the_silent_are_closed_and_the_waiting_are_not)
{
    static struct server server = {.hold = true};
    struct client waiting = {0};
    server_start(&server, (struct net_clients_config){.idle_ms = 100});
    client_start(&waiting, &server);
    ask(&waiting, 1, 10);
    AWAIT(atomic_load(&server.held) == 1);
    struct caller silent = call(&server);
    struct caller half = call(&server);
    channel_seal(&half.line.channel, vg_span_text("\x20"), &half.out);
    cr_assert(caller_send(&half));
    cr_expect(rude_was_closed(silent.fd));
    cr_expect(rude_was_closed(half.fd));
    AWAIT(stats_of(&server).idle == 2);
    cr_expect_eq(waiting.secured.closed, 0);
    answer(&server, server.sessions[0], 1, vg_span_text("at last"));
    AWAIT(atomic_load(&waiting.answers) == 1);
    AWAIT(atomic_load(&waiting.secured.closed) == 1);
    caller_end(&silent);
    caller_end(&half);
    client_stop(&waiting);
    server_stop(&server);
}

static uint64_t refused(struct server *server, enum net_refusal refusal)
{
    return stats_of(server).refused[refusal];
}

/* Sends what is written and expects to be closed for it. */
static void expect_refused(struct server *server, struct caller *caller, enum net_refusal refusal)
{
    uint64_t before = refused(server, refusal);
    (void)caller_send(caller);
    cr_expect(rude_was_closed(caller->fd));
    AWAIT(refused(server, refusal) == before + 1);
    caller_end(caller);
}

Test(net_clients, what_is_no_request_ends_the_session)
{
    static struct server server;
    static const unsigned types[] = {0, WIRE_HELLO, WIRE_RAFT, WIRE_RESPONSE, 200};
    static const char *const streams[] = {"GET / HTTP/1.1\r\n\r\n", "\1\0\0", "\xFF\xFF\xFF\x7F"};
    server_start(&server, (struct net_clients_config){0});
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct caller caller = call(&server);
        caller_write(&caller, types[i], vg_span_text("x"));
        expect_refused(&server, &caller, NET_REFUSED_FRAME);
    }
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        struct caller caller = call(&server);
        channel_seal(&caller.line.channel, vg_span_of(streams[i], 4), &caller.out);
        expect_refused(&server, &caller, NET_REFUSED_FRAME);
    }
    struct caller caller = call(&server);
    struct vg_buffer request = request_of(1, 10);
    caller_write(&caller, WIRE_REQUEST, vg_buffer_span(&request));
    caller.out.data[caller.out.size - 1] ^= 1;
    expect_refused(&server, &caller, NET_REFUSED_RECORD);
    caller = (struct caller){.fd = rude_dial(server.url)};
    vg_buffer_append(&caller.out, "GET / HTTP/1.1\r\n\r\n", 18);
    expect_refused(&server, &caller, NET_REFUSED_HANDSHAKE);
    vg_buffer_free(&request);
    cr_expect_eq(server.requests, 0);
    server_stop(&server);
}

Test(net_clients, sessions_are_bounded)
{
    enum { MOST = 3 };
    static struct server server;
    int fds[MOST + 1];
    server_start(&server, (struct net_clients_config){.sessions_max = MOST});
    for (int i = 0; i <= MOST; i++)
        fds[i] = rude_dial(server.url);
    cr_expect(rude_was_closed(fds[MOST]));
    cr_expect_eq(stats_of(&server).accepted, MOST);
    for (int i = 0; i <= MOST; i++)
        rude_reset(fds[i]);
    AWAIT(stats_of(&server).sessions == 0);
    server_stop(&server);
}

/* ---- who comes in ----------------------------------------------------------------------------
 */

Test(net_clients, strangers_are_closed_without_an_answer)
{
    static struct server server;
    struct client client;
    server_start(&server, (struct net_clients_config){0});
    atomic_store(&server.bars, true);
    cr_expect_not(client_try(&client, &server));
    cr_expect_eq(client.secured.line.channel.pending.size, 0);
    AWAIT(refused(&server, NET_REFUSED_STRANGER) == 1);
    client_stop(&client);
    struct caller caller;
    struct channel_terms terms = terms_of(1);
    terms.door = CHANNEL_PEERS;
    cr_assert(caller_dial(&caller, server.url, &terms, &keys[0].pub));
    expect_refused(&server, &caller, NET_REFUSED_HANDSHAKE);
    server_stop(&server);
}

/* Its requests under way are answered no more; whoever may stay does. */
Test(net_clients, who_may_not_come_in_any_more_is_closed)
{
    static struct server server;
    struct client client;
    server_start(&server, (struct net_clients_config){0});
    client_start(&client, &server);
    net_clients_ask_again(server.clients);
    ask(&client, 1, 10);
    AWAIT(atomic_load(&client.answers) == 1);
    cr_expect_eq(stats_of(&server).expelled, 0);
    atomic_store(&server.bars, true);
    net_clients_ask_again(server.clients);
    AWAIT(atomic_load(&client.secured.closed) == 1);
    cr_expect_eq(stats_of(&server).expelled, 1);
    client_stop(&client);
    AWAIT(atomic_load(&server.gone) == 1);
    server_stop(&server);
}

Test(net_clients, who_does_not_say_who_it_is_is_closed_in_time)
{
    static struct server server;
    struct caller caller;
    struct channel_terms terms = terms_of(1);
    server_start(&server, (struct net_clients_config){.hello_timeout_ms = 100});
    cr_assert(caller_dial(&caller, server.url, &terms, &keys[0].pub));
    expect_refused(&server, &caller, NET_REFUSED_SLOW); /* message 1 alone may be a replay */
    caller = (struct caller){.fd = rude_dial(server.url)};
    expect_refused(&server, &caller, NET_REFUSED_SLOW);
    cr_expect_eq(stats_of(&server).handshakes, 0);
    server_stop(&server);
}

Test(net_clients, handshakes_are_bounded_at_a_time_and_in_a_second)
{
    enum { DOOR = 4, CROWD = 20, RATE = 2 };
    static struct server server;
    struct client client;
    int crowd[CROWD];
    server_start(&server,
                 (struct net_clients_config){.handshakes_max = DOOR, .handshakes_per_s = RATE});
    for (int i = 0; i < CROWD; i++)
        crowd[i] = rude_dial(server.url);
    AWAIT(refused(&server, NET_REFUSED_CROWD) == CROWD - DOOR);
    for (int i = 0; i < CROWD; i++)
        (void)close(crowd[i]);
    AWAIT(stats_of(&server).handshakes == 0);
    unsigned opened = 0;
    for (unsigned i = 0; i < 5 * RATE; i++) {
        opened += client_try(&client, &server);
        client_stop(&client);
        AWAIT(stats_of(&server).sessions == 0);
    }
    cr_expect_geq(opened, RATE);
    cr_expect_eq(opened + refused(&server, NET_REFUSED_RATE), 5 * RATE);
    cr_expect_gt(refused(&server, NET_REFUSED_RATE), 0);
    server_stop(&server);
}

Test(net_clients, somebody_comes_in_past_a_crowd_that_stays)
{
    enum { DOOR = 4, CROWD = 20 };
    static struct server server;
    struct client client;
    int crowd[CROWD];
    server_start(&server, (struct net_clients_config){.handshakes_max = DOOR,
                                                      .hello_timeout_ms = 60 * 1000});
    for (int i = 0; i < CROWD; i++)
        crowd[i] = rude_dial(server.url);
    AWAIT(refused(&server, NET_REFUSED_CROWD) == CROWD - DOOR);
    client_start(&client, &server);
    ask(&client, 1, 10);
    AWAIT(atomic_load(&client.answers) == 1);
    client_stop(&client);
    for (int i = 0; i < CROWD; i++)
        (void)close(crowd[i]);
    AWAIT(stats_of(&server).sessions == 0);
    cr_expect_eq(stats_of(&server).handshakes, 0);
    server_stop(&server);
}

Test(net_clients, a_bad_or_taken_address_is_refused)
{
    static struct server server;
    struct net_clients_callbacks callbacks = {.request = on_request};
    struct net_clients *clients = NULL;
    struct vg_error error = {0};
    int taken = rude_listen(server.url, 1);
    struct net_clients_config config = {.url = server.url, .terms = terms_of(0)};
    cr_expect_eq(net_clients_start(&config, &callbacks, &server, &clients, &error), VG_UNAVAILABLE);
    cr_expect_not_null(strstr(error.text, "port in use"), "%s", error.text);
    config.url = "tcp://1.2.3:80";
    cr_expect_eq(net_clients_start(&config, &callbacks, &server, &clients, &error), VG_INVALID);
    cr_expect_not_null(strstr(error.text, config.url), "%s", error.text);
    (void)close(taken);
    cr_expect_not(LEAKS_FOUND());
}

Test(net_clients, stopping_in_full_swing_leaves_nothing)
{
    enum { ROUNDS = 10, CLIENTS = 4, COUNT = 50 };
    for (int round = 0; round < ROUNDS; round++) {
        struct server server = {0};
        struct client clients[CLIENTS] = {0};
        server_start(&server, (struct net_clients_config){0});
        for (int i = 0; i < CLIENTS; i++) {
            client_start(&clients[i], &server);
            for (uint64_t token = 1; token <= COUNT; token++)
                ask(&clients[i], token, 1000);
        }
        AWAIT(stats_of(&server).accepted == CLIENTS);
        net_clients_stop(server.clients);
        for (int i = 0; i < CLIENTS; i++)
            client_stop(&clients[i]);
        cr_expect_eq(server.gone, CLIENTS);
    }
    cr_expect_not(LEAKS_FOUND());
}
