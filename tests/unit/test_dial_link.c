/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/dial/link.h"
#include "common/prng.h"
#include "tests/lib/await.h"
#include "tests/lib/leaks.h"
#include "tests/lib/rude.h"

enum { DIAL_MS = 5000, SIDES_MAX = 8, PLENTY = 64 * 1024 * 1024 };

/* One end of a link: counts what it is told and sums up what it receives. */
struct side {
    struct dial_link *_Atomic link;
    atomic_uint connected;
    atomic_uint closed;
    atomic_size_t size;
    atomic_uint_fast64_t sum; /* of byte times position */
    bool echo;
};

struct server {
    struct dial_listener *listener;
    struct side sides[SIDES_MAX];
    atomic_uint count;
    atomic_uint dropped; /* beyond as many as may live */
    bool echo;
    atomic_bool refuse;
};

static void side_received(void *context, struct dial_link *link, vg_span bytes)
{
    struct side *side = context;
    size_t at = atomic_load(&side->size);
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes.size; i++)
        sum += (uint64_t)bytes.data[i] * (at + i + 1);
    if (side->echo)
        cr_assert_eq(dial_link_send(link, bytes, PLENTY), VG_OK);
    atomic_fetch_add(&side->sum, sum);
    atomic_fetch_add(&side->size, bytes.size);
}

static void side_closed(void *context, struct dial_link *link, const char *why)
{
    struct side *side = context;
    (void)link;
    cr_assert_neq(why[0], '\0');
    atomic_fetch_add(&side->closed, 1);
}

static void side_connected(void *context, struct dial_link *link)
{
    struct side *side = context;
    (void)link;
    atomic_fetch_add(&side->connected, 1);
}

static const struct dial_events side_events = {
    .received = side_received, .closed = side_closed, .connected = side_connected};

static void server_accepted(void *context, struct dial_link *link)
{
    struct server *server = context;
    atomic_fetch_add(&server->dropped, link == NULL);
    if (server->refuse || link == NULL)
        return;
    struct side *side = &server->sides[atomic_load(&server->count)];
    side->echo = server->echo;
    side->link = link;
    dial_link_begin(link, &side_events, side);
    atomic_fetch_add(&server->count, 1);
}

static void server_start(struct server *server, const char *url, uint32_t links_max)
{
    struct vg_error error = {0};
    enum vg_code code =
        dial_listen(url, links_max, server_accepted, server, &server->listener, &error);
    cr_assert_eq(code, VG_OK, "%s", error.text);
}

static void server_stop(struct server *server)
{
    dial_listener_free(server->listener);
    for (unsigned i = 0; i < server->count; i++) {
        dial_link_free(server->sides[i].link);
        cr_assert_eq(server->sides[i].closed, 1);
    }
}

static void client_start(struct side *side, const char *url)
{
    struct vg_error error = {0};
    struct dial_link *link = NULL;
    enum vg_code code = dial_link_connect(url, DIAL_MS, &side_events, side, &link, &error);
    cr_assert_eq(code, VG_OK, "%s", error.text);
    side->link = link;
}

static void exchange(const char *url)
{
    static struct server server = {.echo = true};
    static uint8_t bytes[3 * 1024 * 1024];
    struct side client = {0};
    struct vg_prng prng = vg_prng_seed(7);
    vg_prng_fill(&prng, bytes, sizeof bytes);
    server_start(&server, url, 4);
    client_start(&client, url);
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        sum += (uint64_t)bytes[i] * (i + 1);
    for (size_t at = 0; at < sizeof bytes;) {
        size_t size = (size_t)vg_prng_between(&prng, 1, 200 * 1000);
        size = size < sizeof bytes - at ? size : sizeof bytes - at;
        cr_assert_eq(dial_link_send(client.link, vg_span_of(bytes + at, size), PLENTY), VG_OK);
        at += size;
    }
    AWAIT(atomic_load(&client.size) == sizeof bytes);
    cr_expect_eq(server.sides[0].sum, sum);
    cr_expect_eq(client.sum, sum);
    cr_expect_eq(dial_link_queued(client.link), 0);
    dial_link_free(client.link);
    cr_expect_eq(client.closed, 1);
    AWAIT(atomic_load(&server.sides[0].closed) == 1);
    cr_expect_eq(dial_link_send(server.sides[0].link, vg_span_text("late"), 100), VG_UNAVAILABLE);
    server_stop(&server);
    cr_expect_not(LEAKS_FOUND());
}

Test(dial_link, bytes_go_both_ways_over_tcp)
{
    char url[RUDE_URL];
    rude_free_url(url);
    exchange(url);
}

Test(dial_link, bytes_go_both_ways_over_ipc)
{
    char url[RUDE_URL];
    (void)snprintf(url, sizeof url, "ipc:///tmp/vigil-dial-%ld.sock", (long)getpid());
    exchange(url);
    cr_expect_neq(access(url + strlen("ipc://"), F_OK), 0, "the socket file stays behind");
}

Test(dial_link, failure_to_dial_names_the_url)
{
    char url[RUDE_URL];
    rude_free_url(url);
    const char *urls[] = {url, "ipc:///tmp/vigil-there-is-no-such.sock"};
    for (size_t i = 0; i < 2; i++) {
        struct side client = {0};
        struct vg_error error = {0};
        struct dial_link *link = NULL;
        cr_expect_eq(dial_link_connect(urls[i], DIAL_MS, &side_events, &client, &link, &error),
                     VG_UNAVAILABLE);
        cr_expect_not_null(strstr(error.text, urls[i]), "%s", error.text);
        cr_expect_not_null(strstr(error.text, "nobody listens"), "%s", error.text);
        cr_expect_eq(client.closed, 0);
    }
    cr_expect_not(LEAKS_FOUND());
}

Test(dial_link, a_failed_start_ends_in_closed)
{
    char url[RUDE_URL];
    rude_free_url(url);
    struct side client = {0};
    struct dial_link *link = NULL;
    cr_assert_eq(dial_link_start(url, DIAL_MS, &side_events, &client, &link, NULL), VG_OK);
    AWAIT(atomic_load(&client.closed) == 1);
    cr_expect_eq(client.connected, 0);
    dial_link_free(link);
    cr_expect_eq(client.closed, 1);
    cr_expect_eq(dial_link_start("tcp://10.0.0:7", 1, &side_events, &client, &link, NULL),
                 VG_INVALID);
}

/* A listener whose backlog is full drops what else arrives, as a dead host does. */
Test(dial_link, dialling_has_a_limit_and_can_be_given_up)
{
    char url[RUDE_URL];
    int listener = rude_listen(url, 0);
    int only = rude_dial(url);
    struct pollfd waits_there = {.fd = listener, .events = POLLIN};
    cr_assert_eq(poll(&waits_there, 1, DIAL_MS), 1);
    struct side client = {0};
    struct vg_error error = {0};
    struct dial_link *link = NULL;
    cr_expect_eq(dial_link_connect(url, 100, &side_events, &client, &link, &error), VG_TIMEOUT);
    cr_expect_not_null(strstr(error.text, url), "%s", error.text);
    cr_assert_eq(dial_link_start(url, 3600 * 1000, &side_events, &client, &link, NULL), VG_OK);
    cr_expect_eq(dial_link_send(link, vg_span_text("early"), 100), VG_UNAVAILABLE);
    dial_link_free(link);
    cr_expect_eq(client.closed, 1);
    cr_expect_eq(client.connected, 0);
    (void)close(only);
    (void)close(listener);
    cr_expect_not(LEAKS_FOUND());
}

Test(dial_link, who_does_not_read_meets_the_cap)
{
    enum { CAP = 1024 * 1024, PIECE = 10000 };
    static const uint8_t piece[PIECE];
    char url[RUDE_URL];
    int listener = rude_listen(url, 4);
    struct side client = {0};
    client_start(&client, url);
    int silent = rude_accept(listener);
    /* the kernel takes what it has room for, and may take all of a full queue once more */
    do {
        enum vg_code code = VG_OK;
        while (code == VG_OK)
            code = dial_link_send(client.link, vg_span_of(piece, PIECE), CAP);
        cr_expect_eq(code, VG_BUSY);
        cr_expect_leq(dial_link_queued(client.link), CAP);
    } while (dial_link_queued(client.link) == 0);
    cr_expect_eq(dial_link_send(client.link, vg_span_of(piece, PIECE), PIECE - 1), VG_BUSY);
    dial_link_free(client.link);
    cr_expect_eq(client.closed, 1);
    (void)close(silent);
    (void)close(listener);
    cr_expect_not(LEAKS_FOUND());
}

static void *close_it(void *context)
{
    struct side *side = context;
    for (int i = 0; i < 10; i++)
        dial_link_close(side->link);
    return NULL;
}

Test(dial_link, closed_comes_once_however_many_ask)
{
    enum { ROUNDS = 50, THREADS = 3 };
    static struct server servers[ROUNDS];
    char url[RUDE_URL];
    rude_free_url(url);
    for (int round = 0; round < ROUNDS; round++) {
        struct side client = {0};
        pthread_t threads[THREADS];
        server_start(&servers[round], url, 4);
        client_start(&client, url);
        (void)dial_link_send(client.link, vg_span_text("under way"), 100);
        for (int i = 0; i < THREADS; i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, close_it, &client), 0);
        AWAIT(atomic_load(&servers[round].count) == 1);
        dial_link_close(servers[round].sides[0].link);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        dial_link_free(client.link);
        cr_assert_eq(client.closed, 1);
        server_stop(&servers[round]);
    }
    cr_expect_not(LEAKS_FOUND());
}

Test(dial_link, more_links_than_allowed_are_dropped)
{
    static struct server server;
    char url[RUDE_URL];
    rude_free_url(url);
    server_start(&server, url, 2);
    int first = rude_dial(url);
    int second = rude_dial(url);
    AWAIT(atomic_load(&server.count) == 2);
    int third = rude_dial(url);
    cr_expect(rude_was_closed(third));
    AWAIT(atomic_load(&server.dropped) == 1);
    rude_reset(first);
    AWAIT(atomic_load(&server.sides[0].closed) == 1 || atomic_load(&server.sides[1].closed) == 1);
    cr_expect_eq(server.count, 2);
    (void)close(second);
    (void)close(third);
    server_stop(&server);
    cr_expect_not(LEAKS_FOUND());
}

Test(dial_link, a_connection_nobody_begins_is_dropped)
{
    static struct server server = {.refuse = true};
    char url[RUDE_URL];
    rude_free_url(url);
    server_start(&server, url, 1);
    for (int i = 0; i < 10; i++) {
        int fd = rude_dial(url);
        cr_expect(rude_was_closed(fd));
        (void)close(fd);
    }
    server_stop(&server);
    cr_expect_not(LEAKS_FOUND());
}

static void limit_descriptors(rlim_t limit)
{
    struct rlimit limits;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limits), 0);
    limits.rlim_cur = limit;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limits), 0);
}

Test(dial_link, without_descriptors_who_is_connected_goes_on)
{
    static struct server server = {.echo = true};
    char url[RUDE_URL];
    rude_free_url(url);
    server_start(&server, url, 4);
    struct side polite = {0};
    client_start(&polite, url);
    AWAIT(atomic_load(&server.count) == 1);
    int next = dup(0);
    (void)close(next);
    limit_descriptors((rlim_t)next + 1);
    int last = rude_dial(url); /* takes the descriptor that accepting needs */
    cr_assert_eq(last, next);
    cr_assert_eq(dial_link_send(polite.link, vg_span_text("still there"), 100), VG_OK);
    AWAIT(atomic_load(&polite.size) == strlen("still there"));
    cr_expect_eq(server.count, 1);
    limit_descriptors(1024);
    AWAIT(atomic_load(&server.count) == 2);
    (void)close(last);
    dial_link_free(polite.link);
    server_stop(&server);
    cr_expect_not(LEAKS_FOUND());
}

Test(dial_link, a_port_in_use_is_named)
{
    static struct server server;
    char url[RUDE_URL];
    int taken = rude_listen(url, 1);
    struct vg_error error = {0};
    struct dial_listener *listener = NULL;
    cr_expect_eq(dial_listen(url, 1, server_accepted, &server, &listener, &error), VG_UNAVAILABLE);
    cr_expect_not_null(strstr(error.text, url), "%s", error.text);
    cr_expect_not_null(strstr(error.text, "port in use"), "%s", error.text);
    cr_expect_eq(dial_listen("tcp://0.0.0:7101", 1, server_accepted, &server, &listener, &error),
                 VG_INVALID);
    (void)close(taken);
    cr_expect_not(LEAKS_FOUND());
}

Test(dial_link, a_thousand_rude_connections_harm_nobody)
{
    enum { ROUNDS = 1000, KINDS = 5 };
    static struct server server = {.refuse = false, .echo = true};
    char url[RUDE_URL];
    rude_free_url(url);
    server_start(&server, url, SIDES_MAX);
    struct side polite = {0};
    client_start(&polite, url);
    AWAIT(atomic_load(&server.count) == 1);
    server.refuse = true;
    for (int round = 0; round < ROUNDS; round++) {
        int fd = rude_dial(url);
        cr_assert_geq(fd, 0);
        if (round % KINDS >= 2)
            (void)rude_send(fd, vg_span_text("half a"));
        if (round % KINDS >= 3)
            rude_finish(fd);
        if (round % KINDS == 1 || round % KINDS == 4)
            rude_reset(fd);
        else
            (void)close(fd);
    }
    cr_assert_eq(dial_link_send(polite.link, vg_span_text("still there"), 100), VG_OK);
    AWAIT(atomic_load(&polite.size) == strlen("still there"));
    dial_link_free(polite.link);
    server_stop(&server);
    cr_expect_not(LEAKS_FOUND());
}
