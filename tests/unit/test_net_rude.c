/* SPDX-License-Identifier: Apache-2.0
 * What strangers and broken peers may send: it costs them their connection, and the node nothing.
 */
#include <criterion/criterion.h>
#include <unistd.h>

#include "common/prng.h"
#include "tests/lib/await.h"
#include "tests/lib/leaks.h"
#include "tests/lib/netnode.h"

enum { TWO = 2, PEER = 3, HELLO_MS = 200, IN_ANY_CASE_MS = 60000 };

/* Nodes 1 and 2 run; 3 is a member that only rude connections claim to be. */
static struct netnode nodes[PEER];

/* A hello may take `hello_ms`. */
static void start_two_within(uint32_t hello_ms)
{
    netnodes_init(nodes, PEER);
    for (uint32_t at = 0; at < TWO; at++) {
        struct net_config config = netnode_config(nodes, PEER, at);
        config.hello_timeout_ms = hello_ms;
        netnode_start(&nodes[at], &config);
    }
    AWAIT(atomic_load(&nodes[0].views[1].up) && atomic_load(&nodes[1].views[0].up));
}

static void start_two(void)
{
    start_two_within(HELLO_MS);
}

static void stop_two(void)
{
    uint64_t before = atomic_load(&nodes[0].views[1].frames);
    cr_expect_eq(netnode_send(&nodes[1], 1, 1000, 8), VG_OK);
    AWAIT(atomic_load(&nodes[0].views[1].frames) == before + 1);
    for (uint32_t at = 0; at < TWO; at++)
        netnode_stop(&nodes[at]);
    cr_expect_not(LEAKS_FOUND());
}

static struct wire_hello hello_of(uint64_t id)
{
    return (struct wire_hello){.version = 1, .cluster = netnode_cluster(), .node = {id}};
}

static void send_frame(int fd, struct vg_buffer frame)
{
    (void)rude_send(fd, vg_buffer_span(&frame));
    vg_buffer_free(&frame);
}

static uint64_t refused(enum net_refusal refusal)
{
    return netnode_stats(&nodes[0]).refused[refusal];
}

/* Sends bytes to node 1, maybe after a good hello, and expects one refusal of a kind. */
static void expect_refused(bool greet, vg_span bytes, enum net_refusal refusal)
{
    uint64_t before = refused(refusal);
    int fd = rude_dial(nodes[0].url);
    struct wire_hello hello = hello_of(PEER);
    if (greet)
        send_frame(fd, netnode_hello(&hello));
    (void)rude_send(fd, bytes);
    cr_expect(rude_was_closed(fd), "%s", net_refusal_name(refusal));
    AWAIT(refused(refusal) == before + 1);
    (void)close(fd);
    AWAIT(!netnode_peer(&nodes[0], PEER).receiving);
}

static void expect_frame_refused(bool greet, unsigned type, const char *payload,
                                 enum net_refusal refusal)
{
    struct vg_buffer frame = netnode_frame(type, vg_span_text(payload));
    expect_refused(greet, vg_buffer_span(&frame), refusal);
    vg_buffer_free(&frame);
}

Test(net_rude, hellos_that_do_not_fit_are_refused)
{
    start_two();
    struct wire_hello hellos[] = {hello_of(PEER), hello_of(PEER), hello_of(PEER),
                                  hello_of(9),    hello_of(1),    hello_of(2)};
    static const enum net_refusal refusals[] = {NET_REFUSED_HELLO,    NET_REFUSED_CLUSTER,
                                                NET_REFUSED_CLUSTER,  NET_REFUSED_STRANGER,
                                                NET_REFUSED_IDENTITY, NET_REFUSED_IDENTITY};
    hellos[0].version = 2;
    hellos[1].cluster.bytes[0] ^= 1;
    hellos[2].cluster.bytes[31] ^= 1;
    for (size_t i = 0; i < sizeof hellos / sizeof *hellos; i++) {
        struct vg_buffer frame = netnode_hello(&hellos[i]);
        expect_refused(false, vg_buffer_span(&frame), refusals[i]);
        vg_buffer_free(&frame);
    }
    cr_expect_eq(nodes[0].views[PEER - 1].ups, 0);
    stop_two();
}

Test(net_rude, a_refused_node_is_told_why)
{
    netnodes_init(nodes, PEER);
    struct net_config config = netnode_config(nodes, PEER, 0);
    netnode_start(&nodes[0], &config);
    config = netnode_config(nodes, PEER, 1);
    config.self.cluster.bytes[0] = 0;
    netnode_start(&nodes[1], &config);
    AWAIT(atomic_load(&nodes[1].views[0].code) == VG_FORBIDDEN);
    cr_expect_gt(refused(NET_REFUSED_CLUSTER), 0);
    cr_expect_eq(nodes[0].views[1].ups + nodes[1].views[0].ups, 0);
    netnode_stop(&nodes[0]);
    netnode_stop(&nodes[1]);
    cr_expect_not(LEAKS_FOUND());
}

Test(net_rude, an_address_of_another_node_is_noticed)
{
    netnodes_init(nodes, PEER);
    struct net_config config = netnode_config(nodes, PEER, 0);
    struct net_peer swapped[] = {{.node = {3}, .url = nodes[1].url},
                                 {.node = {2}, .url = nodes[2].url}};
    config.peers = swapped;
    netnode_start(&nodes[0], &config);
    config = netnode_config(nodes, PEER, 1);
    netnode_start(&nodes[1], &config);
    AWAIT(atomic_load(&nodes[0].views[2].code) == VG_FORBIDDEN);
    cr_expect_eq(nodes[0].views[2].ups, 0);
    netnode_stop(&nodes[0]);
    netnode_stop(&nodes[1]);
    cr_expect_not(LEAKS_FOUND());
}

Test(net_rude, an_address_that_leads_back_is_no_twin)
{
    netnodes_init(nodes, PEER);
    struct net_config config = netnode_config(nodes, PEER, 0);
    struct net_peer looped[] = {{.node = {2}, .url = nodes[0].url},
                                {.node = {3}, .url = nodes[2].url}};
    config.peers = looped;
    netnode_start(&nodes[0], &config);
    AWAIT(atomic_load(&nodes[0].views[1].code) == VG_FORBIDDEN);
    cr_expect_eq(nodes[0].views[1].twins, 0);
    cr_expect_gt(refused(NET_REFUSED_SELF), 0);
    netnode_stop(&nodes[0]);
    cr_expect_not(LEAKS_FOUND());
}

Test(net_rude, frames_out_of_place_end_the_connection)
{
    static const unsigned strange[] = {0, 8, 15, WIRE_REQUEST, WIRE_RESPONSE, 18, 255};
    start_two();
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        expect_frame_refused(false, strange[i], "", NET_REFUSED_TYPE);
        expect_frame_refused(true, strange[i], "", NET_REFUSED_TYPE);
    }
    expect_frame_refused(false, WIRE_RAFT, "before any hello", NET_REFUSED_TYPE);
    expect_frame_refused(true, WIRE_HELLO, "a second one", NET_REFUSED_TYPE);
    expect_frame_refused(false, WIRE_HELLO, "", NET_REFUSED_HELLO);
    expect_frame_refused(false, WIRE_HELLO, "not msgpack of a hello", NET_REFUSED_HELLO);
    cr_expect_eq(nodes[0].views[PEER - 1].frames, 0);
    stop_two();
}

Test(net_rude, damaged_and_oversize_frames_end_the_connection)
{
    start_two_within(IN_ANY_CASE_MS); /* what is damaged is refused, not what is late */
    static const uint8_t lengths[][4] = {
        {0, 0, 0, 0},    {17, 0, 0, 0},         {0xFF, 0xFF, 0xFF, 0xFF},
        {0, 0, 0x40, 0}, {0xFD, 0xFF, 0x3F, 0}, {'G', 'E', 'T', ' '}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (int greet = 0; greet < 2; greet++)
            expect_refused(greet == 1, vg_span_of(lengths[i], 4), NET_REFUSED_FRAME);
    struct wire_hello hello = hello_of(PEER);
    struct vg_buffer frame = netnode_hello(&hello);
    for (size_t at = 4; at < frame.size; at++) { /* the length is above */
        frame.data[at] ^= 0x10;
        expect_refused(false, vg_buffer_span(&frame), NET_REFUSED_FRAME);
        frame.data[at] ^= 0x10;
    }
    vg_buffer_free(&frame);
    char large[2000];
    memset(large, 'x', sizeof large);
    large[sizeof large - 1] = '\0';
    expect_frame_refused(false, WIRE_HELLO, large, NET_REFUSED_FRAME);
    stop_two();
}

Test(net_rude, a_frame_may_come_byte_by_byte)
{
    start_two();
    struct wire_hello hello = hello_of(PEER);
    struct vg_buffer bytes = netnode_hello(&hello);
    static const uint8_t number[8] = {1};
    wire_frame_write(&bytes, WIRE_RAFT, vg_span_of(number, sizeof number));
    int fd = rude_dial(nodes[0].url);
    for (size_t at = 0; at < bytes.size; at++)
        cr_assert(rude_send(fd, vg_span_of(bytes.data + at, 1)));
    AWAIT(atomic_load(&nodes[0].views[PEER - 1].frames) == 1);
    vg_buffer_free(&bytes);
    (void)close(fd);
    stop_two();
}

Test(net_rude, who_says_nothing_is_closed_in_time)
{
    start_two();
    int silent = rude_dial(nodes[0].url);
    int half = rude_dial(nodes[0].url);
    (void)rude_send(half, vg_span_text("\x40"));
    cr_expect(rude_was_closed(silent));
    cr_expect(rude_was_closed(half));
    AWAIT(refused(NET_REFUSED_SLOW) == 2);
    (void)close(silent);
    (void)close(half);
    stop_two();
}

Test(net_rude, a_crowd_at_the_door_is_bounded)
{
    enum { DOOR = 4, CROWD = 40 };
    int crowd[CROWD];
    netnodes_init(nodes, PEER);
    struct net_config config = netnode_config(nodes, PEER, 0);
    config.handshakes_max = DOOR;
    config.hello_timeout_ms = IN_ANY_CASE_MS;
    netnode_start(&nodes[0], &config);
    for (int i = 0; i < CROWD; i++)
        crowd[i] = rude_dial(nodes[0].url);
    AWAIT(netnode_stats(&nodes[0]).accepted == CROWD);
    AWAIT(refused(NET_REFUSED_CROWD) == CROWD - DOOR);
    cr_expect_eq(netnode_stats(&nodes[0]).handshakes, DOOR);
    for (int i = 0; i < CROWD; i++)
        (void)close(crowd[i]);
    AWAIT(netnode_stats(&nodes[0]).handshakes == 0);
    config = netnode_config(nodes, PEER, 1);
    netnode_start(&nodes[1], &config);
    AWAIT(atomic_load(&nodes[1].views[0].up));
    stop_two();
}

/* As after a pause of this node: the peer has given up several times, and is there now. */
Test(net_rude, the_newest_connection_of_a_peer_is_kept)
{
    enum { GIVEN_UP = 20 };
    start_two();
    struct wire_hello hello = hello_of(PEER);
    int older = rude_dial(nodes[0].url);
    send_frame(older, netnode_hello(&hello));
    AWAIT(netnode_peer(&nodes[0], PEER).receiving);
    for (int i = 0; i < GIVEN_UP; i++) {
        int fd = rude_dial(nodes[0].url);
        send_frame(fd, netnode_hello(&hello));
        (void)close(fd);
    }
    cr_expect(rude_was_closed(older));
    int newest = rude_dial(nodes[0].url);
    static const uint8_t number[8] = {1};
    send_frame(newest, netnode_hello(&hello));
    send_frame(newest, netnode_frame(WIRE_RAFT, vg_span_of(number, sizeof number)));
    AWAIT(atomic_load(&nodes[0].views[PEER - 1].frames) == 1);
    cr_expect_eq(refused(NET_REFUSED_IDENTITY), 0);
    (void)close(older);
    (void)close(newest);
    stop_two();
}

static void be_rude(struct vg_prng *prng)
{
    uint8_t garbage[300];
    struct wire_hello hello = hello_of(PEER);
    int fd = rude_dial(nodes[0].url);
    cr_assert_geq(fd, 0);
    if (vg_prng_below(prng, 3) == 0)
        send_frame(fd, netnode_hello(&hello));
    size_t size = (size_t)vg_prng_below(prng, sizeof garbage);
    vg_prng_fill(prng, garbage, size);
    (void)rude_send(fd, vg_span_of(garbage, size));
    if (vg_prng_below(prng, 3) == 0)
        rude_finish(fd);
    if (vg_prng_below(prng, 2) == 0)
        rude_reset(fd);
    else
        (void)close(fd);
}

Test(net_rude, a_thousand_rude_connections_harm_nobody)
{
    enum { ROUNDS = 1000, SEED = 11 };
    struct vg_prng prng = vg_prng_seed(SEED);
    start_two();
    unsigned ups = nodes[0].views[1].ups;
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        be_rude(&prng);
        cr_expect_eq(netnode_send(&nodes[1], 1, i, 100), VG_OK);
    }
    AWAIT(atomic_load(&nodes[0].views[1].frames) == ROUNDS);
    cr_expect_eq(nodes[0].views[1].out_of_order, 0);
    cr_expect_eq(nodes[0].views[1].ups, ups, "seed %d", SEED);
    AWAIT(netnode_stats(&nodes[0]).handshakes == 0);
    stop_two();
}

/* Whoever sits at the address of a peer may be as rude to those who dial it. */
Test(net_rude, rude_answers_harm_nobody)
{
    enum { ROUNDS = 60 };
    netnodes_init(nodes, PEER);
    int listener = rude_listen(nodes[2].url, 16);
    for (uint32_t at = 0; at < TWO; at++) {
        struct net_config config = netnode_config(nodes, PEER, at);
        netnode_start(&nodes[at], &config);
    }
    struct wire_hello other = hello_of(2);
    struct wire_hello own = hello_of(1);
    for (int round = 0; round < ROUNDS; round++) {
        int fd = rude_accept(listener);
        struct wire_hello hello = round % 2 == 0 ? other : own;
        if (round % 3 == 0)
            send_frame(fd, netnode_hello(&hello));
        if (round % 3 == 1)
            send_frame(fd, netnode_frame(WIRE_RESPONSE, vg_span_text("no response")));
        if (round % 3 == 2)
            (void)rude_send(fd, vg_span_text("HTTP/1.1 400 Bad Request\r\n"));
        if (round % 2 == 0)
            rude_reset(fd);
        else
            (void)close(fd);
    }
    AWAIT(atomic_load(&nodes[0].views[1].up) && atomic_load(&nodes[1].views[0].up));
    cr_expect_eq(nodes[0].views[2].ups, 0);
    (void)close(listener);
    stop_two();
}
