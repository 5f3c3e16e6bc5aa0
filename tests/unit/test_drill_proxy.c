/* SPDX-License-Identifier: Apache-2.0
 * The fault proxy between real sockets on loopback: what passes, what does not, and what it costs.
 * Nothing here depends on how fast anything is: a thing that must not come is looked for when the
 * proxy has said that it has what was sent. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "ops/drill/proxy/proxy.h"
#include "proto/channel/channel.h"
#include "tests/lib/await.h"
#include "tests/lib/leaks.h"
#include "tests/lib/rude.h"

enum { NODES = 3, WAIT_MS = 20000, BACKLOG = 512 };

static struct dev_cluster cluster;
static int listeners[NODES];
static struct proxy *proxy;

static void start_with(uint64_t seed)
{
    struct vg_error error = {.text = ""};
    cr_assert_eq(proxy_open(&cluster, seed, &proxy, &error), VG_OK, "%s", error.text);
}

static void set_up(void)
{
    cluster = (struct dev_cluster){.node_count = NODES};
    for (uint32_t i = 0; i < NODES; i++) {
        cluster.nodes[i].id = i + 1;
        listeners[i] = rude_listen(cluster.nodes[i].peer, BACKLOG);
    }
    start_with(1);
}

static void tear_down(void)
{
    proxy_close(proxy);
    for (uint32_t i = 0; i < NODES; i++)
        close(listeners[i]);
    cr_expect_not(LEAKS_FOUND());
}

TestSuite(proxy, .init = set_up, .fini = tear_down);

/* Node `from` dials `to`: both ends of what lies between them. */
struct pair {
    int from, to;
};

static int dial(uint32_t from, uint32_t to)
{
    int fd = rude_dial(proxy_routes(proxy)->urls[from][to]);
    cr_assert_geq(fd, 0);
    return fd;
}

static struct pair connect_pair(uint32_t from, uint32_t to)
{
    struct pair pair = {.from = dial(from, to)};
    pair.to = rude_accept(listeners[to]);
    return pair;
}

static void close_pair(struct pair pair)
{
    close(pair.from);
    close(pair.to);
}

/* Reads so many bytes, or fewer if the other side ends; returns how many. */
static size_t receive(int fd, uint8_t *out, size_t size)
{
    size_t got = 0;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    while (got < size && poll(&wait, 1, WAIT_MS) == 1) {
        ssize_t more = recv(fd, out + got, size - got, 0);
        if (more <= 0)
            break;
        got += (size_t)more;
    }
    return got;
}

static void expect_text(int fd, const char *text)
{
    char got[64] = "";
    cr_expect_eq(receive(fd, (uint8_t *)got, strlen(text)), strlen(text));
    cr_expect_str_eq(got, text);
}

static void say(int fd, const char *text)
{
    cr_assert(rude_send(fd, vg_span_text(text)));
}

static bool is_quiet(int fd)
{
    uint8_t byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN;
}

/* Whether the other side has said that it sends no more. */
static bool is_finished(int fd)
{
    uint8_t byte;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return poll(&wait, 1, WAIT_MS) == 1 && recv(fd, &byte, 1, 0) == 0;
}

static bool was_reset(int fd)
{
    uint8_t byte;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return poll(&wait, 1, WAIT_MS) == 1 && recv(fd, &byte, 1, 0) == -1 && errno == ECONNRESET;
}

static void set_cut(uint32_t from, uint32_t to, bool cut)
{
    proxy_set(proxy, from, to, &(struct proxy_terms){.cut = cut});
}

static void fill(uint8_t *bytes, size_t size)
{
    struct vg_prng prng = vg_prng_seed(size);
    vg_prng_fill(&prng, bytes, size);
}

/* Sends all of it and reads it on the other side, both at the same time. */
static void expect_through(struct pair pair, const uint8_t *bytes, size_t size)
{
    uint8_t *got = malloc(size);
    size_t sent = 0, come = 0;
    while (come < size) {
        struct pollfd ends[] = {{.fd = sent < size ? pair.from : -1, .events = POLLOUT},
                                {.fd = pair.to, .events = POLLIN}};
        cr_assert_gt(poll(ends, 2, WAIT_MS), 0);
        ssize_t more =
            ends[0].revents == 0 ? 0 : send(pair.from, bytes + sent, size - sent, MSG_DONTWAIT);
        sent += more > 0 ? (size_t)more : 0;
        more = ends[1].revents == 0 ? 0 : recv(pair.to, got + come, size - come, MSG_DONTWAIT);
        cr_assert(more > 0 || ends[1].revents == 0);
        come += more > 0 ? (size_t)more : 0;
    }
    cr_expect_arr_eq(got, bytes, size);
    free(got);
}

Test(proxy, bytes_go_both_ways_unchanged)
{
    enum { SIZE = 3 * 1024 * 1024 };
    static uint8_t bytes[SIZE];
    struct pair pair = connect_pair(0, 1);
    fill(bytes, SIZE);
    expect_through(pair, bytes, SIZE);
    expect_through((struct pair){.from = pair.to, .to = pair.from}, bytes, SIZE / 3);
    AWAIT(proxy_look(proxy, 0, 1).bytes == SIZE);
    AWAIT(proxy_look(proxy, 1, 0).bytes == SIZE / 3);
    cr_expect_eq(proxy_look(proxy, 0, 1).connections, 1);
    cr_expect_eq(proxy_look(proxy, 1, 0).connections, 0);
    cr_expect_eq(proxy_look(proxy, 0, 2).bytes, 0);
    close_pair(pair);
}

Test(proxy, every_node_reaches_every_other_at_a_port_of_its_own)
{
    for (uint32_t from = 0; from < NODES; from++) {
        for (uint32_t to = 0; to < NODES; to++) {
            if (from == to)
                continue;
            struct pair pair = connect_pair(from, to);
            say(pair.from, "hello");
            expect_text(pair.to, "hello");
            cr_expect_eq(proxy_look(proxy, from, to).connections, 1);
            close_pair(pair);
        }
    }
}

Test(proxy, who_has_finished_still_hears)
{
    struct pair pair = connect_pair(0, 1);
    say(pair.from, "question");
    rude_finish(pair.from);
    expect_text(pair.to, "question");
    cr_expect(is_finished(pair.to));
    say(pair.to, "answer");
    rude_finish(pair.to);
    expect_text(pair.from, "answer");
    cr_expect(is_finished(pair.from));
    close_pair(pair);
}

Test(proxy, a_reset_of_either_end_reaches_the_other)
{
    struct pair pair = connect_pair(0, 1);
    say(pair.from, "x");
    expect_text(pair.to, "x");
    rude_reset(pair.from);
    cr_expect(was_reset(pair.to));
    close(pair.to);
    pair = connect_pair(0, 1);
    rude_reset(pair.to);
    cr_expect(was_reset(pair.from));
    close(pair.from);
}

Test(proxy, who_dials_a_node_that_is_not_there_is_reset)
{
    close(listeners[1]);
    int fd = dial(0, 1);
    cr_expect(was_reset(fd));
    close(fd);
    listeners[1] = -1;
}

Test(proxy, a_link_that_is_cut_one_way_holds_and_the_other_passes)
{
    struct pair pair = connect_pair(0, 1);
    set_cut(0, 1, true);
    say(pair.from, "late");
    AWAIT(proxy_look(proxy, 0, 1).held_most > 0);
    say(pair.to, "now");
    expect_text(pair.from, "now");
    cr_expect(is_quiet(pair.to));
    set_cut(0, 1, false);
    expect_text(pair.to, "late");
    close_pair(pair);
}

Test(proxy, what_a_cut_holds_comes_before_the_end_and_the_end_too)
{
    struct pair pair = connect_pair(0, 1);
    set_cut(0, 1, true);
    say(pair.from, "last");
    AWAIT(proxy_look(proxy, 0, 1).held_most > 0);
    rude_reset(pair.from);
    cr_expect(is_quiet(pair.to));
    set_cut(0, 1, false);
    expect_text(pair.to, "last");
    cr_expect(was_reset(pair.to));
    close(pair.to);
}

Test(proxy, cut_links_do_not_hold_up_others)
{
    enum { SIZE = 1024 * 1024 };
    static uint8_t bytes[SIZE];
    struct pair cut = connect_pair(0, 1), same = connect_pair(1, 0), whole = connect_pair(0, 2);
    fill(bytes, SIZE);
    set_cut(0, 1, true);
    while (send(cut.from, bytes, SIZE, MSG_DONTWAIT) > 0)
        continue;
    expect_through(whole, bytes, SIZE);
    expect_through(same, bytes, SIZE);
    close_pair(cut);
    close_pair(same);
    close_pair(whole);
}

/* Sends until nobody takes more and the proxy has no room; returns how much went. */
static size_t stuff(int fd, const uint8_t *bytes, size_t size)
{
    size_t sent = 0;
    bool full = false;
    while (!full) {
        ssize_t more = send(fd, bytes + sent, size - sent, MSG_DONTWAIT);
        cr_assert_lt(sent, size - 1, "nobody stops the sender");
        if (more > 0)
            sent += (size_t)more;
        else
            full = proxy_look(proxy, 0, 1).held_most + 2 * PROXY_CHUNK_MAX > PROXY_HELD_MAX;
    }
    return sent;
}

Test(proxy, links_are_set_together)
{
    struct proxy_mesh mesh = {0};
    struct pair cut = connect_pair(1, 2), whole = connect_pair(2, 0);
    mesh.links[1][2].cut = true;
    proxy_set_all(proxy, &mesh);
    say(cut.from, "late");
    AWAIT(proxy_look(proxy, 1, 2).held_most > 0);
    say(whole.from, "now");
    expect_text(whole.to, "now");
    cr_expect(is_quiet(cut.to));
    proxy_set_all(proxy, &(struct proxy_mesh){0});
    expect_text(cut.to, "late");
    close_pair(cut);
    close_pair(whole);
}

Test(proxy, a_sender_waits_when_as_much_as_may_be_is_held)
{
    enum { SIZE = 64 * 1024 * 1024 };
    uint8_t *bytes = malloc(SIZE), *got = malloc(SIZE);
    struct pair pair = connect_pair(0, 1);
    fill(bytes, SIZE);
    set_cut(0, 1, true);
    size_t sent = stuff(pair.from, bytes, SIZE);
    cr_expect_leq(proxy_look(proxy, 0, 1).held_most, PROXY_HELD_MAX);
    cr_expect_gt(sent, PROXY_HELD_MAX / 2);
    set_cut(0, 1, false);
    cr_expect_eq(receive(pair.to, got, sent), sent);
    cr_expect_arr_eq(got, bytes, sent);
    cr_expect_leq(proxy_look(proxy, 0, 1).held_most, PROXY_HELD_MAX);
    close_pair(pair);
    free(bytes);
    free(got);
}

Test(proxy, a_link_that_stalls_accepts_and_passes_nothing_on)
{
    proxy_set(proxy, 0, 1, &(struct proxy_terms){.stalled = true});
    int fd = dial(0, 1);
    struct pollfd wait = {.fd = listeners[1], .events = POLLIN};
    say(fd, "later");
    AWAIT(proxy_look(proxy, 0, 1).connections == 1);
    cr_expect_eq(poll(&wait, 1, 0), 0);
    cr_expect_eq(proxy_look(proxy, 0, 1).held_most, 0);
    proxy_set(proxy, 0, 1, &(struct proxy_terms){0});
    struct pair pair = {.from = fd, .to = rude_accept(listeners[1])};
    expect_text(pair.to, "later");
    close_pair(pair);
}

Test(proxy, a_link_that_stalls_takes_nothing_from_those_who_are_there)
{
    struct pair pair = connect_pair(0, 1);
    say(pair.from, "x");
    expect_text(pair.to, "x");
    uint64_t held = proxy_look(proxy, 0, 1).held_most;
    proxy_set(proxy, 0, 1, &(struct proxy_terms){.stalled = true});
    say(pair.from, "a longer sentence");
    say(pair.to, "back");
    expect_text(pair.from, "back");
    cr_expect(is_quiet(pair.to));
    cr_expect_eq(proxy_look(proxy, 0, 1).held_most, held);
    set_cut(0, 1, true); /* what is on its way already is not passed on either */
    AWAIT(proxy_look(proxy, 0, 1).held_most > held);
    proxy_set(proxy, 0, 1, &(struct proxy_terms){.stalled = true});
    cr_expect(is_quiet(pair.to));
    proxy_set(proxy, 0, 1, &(struct proxy_terms){0});
    expect_text(pair.to, "a longer sentence");
    close_pair(pair);
}

/* Sends bytes over a link whose next byte is damaged, by a proxy of that seed; which bit it was. */
static size_t flipped_bit(uint64_t seed)
{
    enum { SIZE = 4000 };
    uint8_t bytes[SIZE], got[SIZE];
    size_t bit = 0, changed = 0;
    proxy_close(proxy);
    start_with(seed);
    struct pair pair = connect_pair(0, 1);
    fill(bytes, SIZE);
    proxy_flip(proxy, 0, 1);
    cr_assert(rude_send(pair.from, vg_span_of(bytes, SIZE)));
    cr_assert_eq(receive(pair.to, got, SIZE), SIZE);
    for (size_t i = 0; i < SIZE * 8; i++) {
        bool differs = ((bytes[i / 8] ^ got[i / 8]) >> i % 8 & 1) != 0;
        changed += differs;
        bit = differs ? i : bit;
    }
    cr_expect_eq(changed, 1);
    cr_expect_eq(proxy_look(proxy, 0, 1).flips, 1);
    close_pair(pair);
    return bit;
}

Test(proxy, a_flip_changes_one_bit_that_the_seed_chooses)
{
    size_t bit = flipped_bit(5);
    cr_expect_eq(flipped_bit(5), bit);
    cr_expect_neq(flipped_bit(6), bit);
}

Test(proxy, a_connection_that_is_broken_ends_within_a_record)
{
    static const uint8_t payload[500];
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct vg_buffer records = {0};
        uint8_t got[4096];
        struct channel from = {.state = CHANNEL_OPEN, .opened = true}, to = from;
        struct channel_event event;
        proxy_close(proxy);
        start_with(seed);
        struct pair pair = connect_pair(0, 1);
        for (size_t i = 0; i < 4; i++) /* equal ones: half of them is no place to break */
            channel_seal(&from, vg_span_of(payload, sizeof payload), &records);
        proxy_break(proxy, 0, 1);
        cr_assert(rude_send(pair.from, vg_buffer_span(&records)));
        size_t size = receive(pair.to, got, sizeof got);
        cr_expect_lt(size, records.size);
        cr_expect_arr_eq(got, records.data, size);
        channel_feed(&to, vg_span_of(got, size));
        while (channel_next(&to, &event, NULL, NULL) == VG_OK)
            size -= channel_sealed_size(event.bytes.size);
        cr_expect_gt(size, 0, "seed %llu", (unsigned long long)seed);
        cr_expect(rude_was_closed(pair.from));
        cr_expect_eq(proxy_look(proxy, 0, 1).breaks, 1);
        channel_end(&to);
        vg_buffer_free(&records);
        close_pair(pair);
    }
}

/* Bytes sent over a link of such terms come whole, in order, and not before their time. */
static void expect_later(const struct proxy_terms *terms, size_t size, uint64_t least_us)
{
    uint8_t *bytes = malloc(size);
    struct pair pair = connect_pair(0, 1);
    fill(bytes, size);
    proxy_set(proxy, 0, 1, terms);
    uint64_t before = vg_clock_system.monotonic_us();
    expect_through(pair, bytes, size);
    cr_expect_geq(vg_clock_system.monotonic_us() - before, least_us);
    close_pair(pair);
    free(bytes);
}

Test(proxy, a_delay_is_waited_for)
{
    expect_later(&(struct proxy_terms){.delay_us = 30000}, 1000, 30000);
    expect_later(&(struct proxy_terms){.delay_us = 1000, .jitter_us = 3000}, 500000, 1000);
}

Test(proxy, an_end_takes_as_long_as_bytes)
{
    struct pair pair = connect_pair(0, 1);
    proxy_set(proxy, 0, 1, &(struct proxy_terms){.delay_us = 30000});
    uint64_t before = vg_clock_system.monotonic_us();
    rude_finish(pair.from);
    cr_expect(is_finished(pair.to));
    cr_expect_geq(vg_clock_system.monotonic_us() - before, 30000);
    close_pair(pair);
}

Test(proxy, a_rate_is_kept)
{
    expect_later(&(struct proxy_terms){.bytes_per_s = 1000000}, 100000, 60000);
}

Test(proxy, connections_share_a_throttled_link)
{
    enum { SIZE = 256 * 1024 };
    static uint8_t bytes[SIZE];
    struct pair much = connect_pair(0, 1), little = connect_pair(0, 1);
    proxy_set(proxy, 0, 1, &(struct proxy_terms){.bytes_per_s = 100000});
    cr_assert(rude_send(much.from, vg_span_of(bytes, SIZE)));
    AWAIT(proxy_look(proxy, 0, 1).held_most > SIZE / 2);
    say(little.from, "me too");
    expect_text(little.to, "me too");
    cr_expect_lt(proxy_look(proxy, 0, 1).bytes, SIZE);
    close_pair(much);
    close_pair(little);
}

Test(proxy, more_connections_than_there_may_be_are_reset)
{
    static int fds[PROXY_CONNECTIONS_MAX];
    for (size_t i = 0; i < PROXY_CONNECTIONS_MAX; i++)
        fds[i] = dial(0, 1);
    AWAIT(proxy_look(proxy, 0, 1).connections == PROXY_CONNECTIONS_MAX);
    int more = dial(0, 1);
    cr_expect(was_reset(more));
    cr_expect_eq(proxy_look(proxy, 0, 1).refused, 1);
    close(more);
    for (size_t i = 0; i < PROXY_CONNECTIONS_MAX; i++)
        close(fds[i]);
}

Test(proxy, nodes_that_are_not_in_digits_are_refused)
{
    static const struct {
        const char *url, *why;
    } cases[] = {{"tcp://node.example.org:7001", "only IPv4"},
                 {"ipc:///tmp/x", "only tcp"},
                 {"tcp://[::1]:7001", "only IPv4"},
                 {"tcp://127.0.0.1:99999", "no port"},
                 {"", "not an address"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vg_error error = {.text = ""};
        struct proxy *other = NULL;
        struct dev_cluster wrong = cluster;
        (void)snprintf(wrong.nodes[1].peer, DEV_URL_MAX, "%s", cases[i].url);
        cr_expect_eq(proxy_open(&wrong, 1, &other, &error), VG_INVALID);
        cr_expect_not_null(strstr(error.text, cases[i].why), "%s", error.text);
        cr_expect_null(other);
    }
}

Test(proxy, it_ends_with_connections_in_every_state)
{
    struct pair held = connect_pair(0, 1), finished = connect_pair(1, 2), open = connect_pair(2, 0);
    set_cut(0, 1, true);
    say(held.from, "never");
    AWAIT(proxy_look(proxy, 0, 1).held_most > 0);
    rude_finish(finished.from);
    cr_expect(is_finished(finished.to));
    proxy_set(proxy, 0, 2, &(struct proxy_terms){.stalled = true});
    int stalled = dial(0, 2);
    AWAIT(proxy_look(proxy, 0, 2).connections == 1);
    proxy_close(proxy);
    proxy = NULL;
    cr_expect(rude_was_closed(open.from));
    cr_expect(rude_was_closed(stalled));
    close_pair(held);
    close_pair(finished);
    close_pair(open);
    close(stalled);
}
