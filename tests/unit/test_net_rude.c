/* SPDX-License-Identifier: Apache-2.0
 * What strangers and broken peers may send: it costs them their connection, and the node nothing.
 */
#include <criterion/criterion.h>
#include <unistd.h>

#include "common/prng.h"
#include "tests/lib/await.h"
#include "tests/lib/leaks.h"
#include "tests/lib/netnode.h"

enum { TWO = 2, PEER = 3, HELLO_MS = 1000, IN_ANY_CASE_MS = 60000 };

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

static uint64_t refused(enum net_refusal refusal)
{
    return netnode_stats(&nodes[0]).refused[refusal];
}

/* Calls node 1 as the one that does not run; again while others still stand at its door. */
static struct caller call(void)
{
    struct caller caller = {.fd = -1};
    AWAIT(netnode_call(&caller, &nodes[PEER - 1], &nodes[0]) || (caller_end(&caller), false));
    return caller;
}

/* The same up to a hello that is taken. */
static struct caller call_and_greet(void)
{
    struct caller caller = call();
    struct wire_hello hello = netnode_hello(&nodes[PEER - 1]);
    struct wire_frame answer;
    netnode_write_hello(&caller, &hello);
    cr_assert(caller_next(&caller, &answer));
    cr_assert_eq(answer.type, WIRE_HELLO);
    return caller;
}

/* Sends what is written and expects to be closed for it. */
static void expect_refused(struct caller *caller, enum net_refusal refusal)
{
    uint64_t before = refused(refusal);
    (void)caller_send(caller);
    cr_expect(rude_was_closed(caller->fd), "%s", net_refusal_name(refusal));
    AWAIT(refused(refusal) == before + 1);
    caller_end(caller);
    AWAIT(!netnode_peer(&nodes[0], PEER).receiving);
}

static void expect_raw_refused(vg_span bytes, enum net_refusal refusal)
{
    struct caller caller = {.fd = rude_dial(nodes[0].url)};
    vg_buffer_append(&caller.out, bytes.data, bytes.size);
    expect_refused(&caller, refusal);
}

static void expect_frame_refused(bool greet, unsigned type, const char *payload,
                                 enum net_refusal refusal)
{
    struct caller caller = greet ? call_and_greet() : call();
    caller_write(&caller, type, vg_span_text(payload));
    expect_refused(&caller, refusal);
}

/* ---- who comes in ----------------------------------------------------------------------------
 */

Test(net_rude, hellos_that_do_not_fit_the_channel_are_refused)
{
    start_two();
    struct wire_hello hellos[5];
    for (size_t i = 0; i < sizeof hellos / sizeof *hellos; i++)
        hellos[i] = netnode_hello(&nodes[PEER - 1]);
    hellos[0].version = 2;
    hellos[1].cluster.bytes[31] ^= 1;
    hellos[2].node.value = 9;
    hellos[3].node.value = 1;
    hellos[4].incarnation.bytes[7] ^= 1;
    for (size_t i = 0; i < sizeof hellos / sizeof *hellos; i++) {
        struct caller caller = call();
        netnode_write_hello(&caller, &hellos[i]);
        expect_refused(&caller, NET_REFUSED_HELLO);
    }
    cr_expect_eq(nodes[0].views[PEER - 1].ups, 0);
    stop_two();
}

/* What a node that is let in can be told; another one's key, cluster or door says nothing at all.
 */
Test(net_rude, strangers_are_closed_without_an_answer)
{
    start_two();
    struct netnode stranger = nodes[PEER - 1];
    static const vg_channel_secret secret = {{99}};
    struct caller caller;
    stranger.key = noise_static_of(&secret);
    cr_expect_not(netnode_call(&caller, &stranger, &nodes[0]));
    cr_expect_eq(caller.line.channel.pending.size, 0);
    AWAIT(refused(NET_REFUSED_STRANGER) == 1);
    caller_end(&caller);
    cr_expect_not(netnode_call(&caller, &nodes[0], &nodes[0]), "it has our own key");
    AWAIT(refused(NET_REFUSED_IDENTITY) == 1);
    caller_end(&caller);
    struct channel_terms terms[] = {netnode_terms(&nodes[PEER - 1], CHANNEL_CLIENTS),
                                    netnode_terms(&nodes[PEER - 1], CHANNEL_PEERS),
                                    netnode_terms(&nodes[PEER - 1], CHANNEL_PEERS)};
    terms[1].cluster.bytes[0] ^= 1;
    for (unsigned i = 0; i < 3; i++) {
        const struct netnode *to = &nodes[i == 2 ? 1 : 0];
        cr_assert(caller_dial(&caller, nodes[0].url, &terms[i], &to->key.pub));
        cr_expect_not(caller_open(&caller), "terms %u", i);
        cr_expect_eq(caller.line.channel.pending.size, 0);
        AWAIT(refused(NET_REFUSED_HANDSHAKE) == i + 1);
        caller_end(&caller);
    }
    stop_two();
}

Test(net_rude, another_incarnation_of_a_connected_node_is_refused)
{
    start_two();
    struct netnode twin = nodes[1];
    struct caller caller;
    twin.incarnation.bytes[9] ^= 1;
    cr_assert(netnode_call(&caller, &twin, &nodes[0]));
    struct wire_hello hello = netnode_hello(&twin);
    netnode_write_hello(&caller, &hello);
    expect_refused(&caller, NET_REFUSED_IDENTITY);
    stop_two();
}

/* Node 1 runs; what node 2 would have is returned. */
static struct net_config start_first(void)
{
    netnodes_init(nodes, PEER);
    struct net_config first = netnode_config(nodes, PEER, 0);
    netnode_start(&nodes[0], &first);
    return netnode_config(nodes, PEER, 1);
}

static void stop_strange(void)
{
    cr_expect_eq(nodes[0].views[1].ups + nodes[1].views[0].ups, 0);
    netnode_stop(&nodes[0]);
    netnode_stop(&nodes[1]);
    cr_expect_not(LEAKS_FOUND());
}

Test(net_rude, a_refused_member_is_told_why)
{
    struct net_config config = start_first();
    config.self.version = 2;
    netnode_start(&nodes[1], &config);
    AWAIT(atomic_load(&nodes[1].views[0].code) == VG_FORBIDDEN);
    cr_expect_gt(refused(NET_REFUSED_HELLO), 0);
    stop_strange();
}

Test(net_rude, a_node_of_another_cluster_is_told_nothing)
{
    struct net_config config = start_first();
    config.self.cluster.bytes[0] = 0;
    netnode_start(&nodes[1], &config);
    AWAIT(atomic_load(&nodes[1].views[0].downs) > 0);
    AWAIT(refused(NET_REFUSED_HANDSHAKE) > 0);
    cr_expect_eq(nodes[1].views[0].code, VG_UNAVAILABLE);
    stop_strange();
}

Test(net_rude, an_address_of_another_node_is_noticed)
{
    netnodes_init(nodes, PEER);
    struct net_config config = netnode_config(nodes, PEER, 0);
    struct net_peer *peers = (struct net_peer *)config.peers;
    peers[0].url = nodes[2].url;
    peers[1].url = nodes[1].url;
    netnode_start(&nodes[0], &config);
    config = netnode_config(nodes, PEER, 1);
    netnode_start(&nodes[1], &config);
    AWAIT(netnode_stats(&nodes[1]).refused[NET_REFUSED_HANDSHAKE] > 0);
    AWAIT(atomic_load(&nodes[0].views[2].downs) > 0);
    cr_expect_eq(nodes[0].views[2].ups, 0);
    netnode_stop(&nodes[0]);
    netnode_stop(&nodes[1]);
    cr_expect_not(LEAKS_FOUND());
}

Test(net_rude, an_address_that_leads_back_is_no_twin)
{
    netnodes_init(nodes, PEER);
    struct net_config config = netnode_config(nodes, PEER, 0);
    ((struct net_peer *)config.peers)[0].url = nodes[0].url;
    netnode_start(&nodes[0], &config);
    AWAIT(refused(NET_REFUSED_HANDSHAKE) > 0);
    AWAIT(atomic_load(&nodes[0].views[1].downs) > 0);
    cr_expect_eq(nodes[0].views[1].twins, 0);
    netnode_stop(&nodes[0]);
    cr_expect_not(LEAKS_FOUND());
}

/* ---- what is said ----------------------------------------------------------------------------
 */

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

/* Bytes of the stream that are no frames, from a member. */
static void expect_stream_refused(bool greet, vg_span bytes)
{
    struct caller caller = greet ? call_and_greet() : call();
    channel_seal(&caller.line.channel, bytes, &caller.out);
    expect_refused(&caller, NET_REFUSED_FRAME);
}

Test(net_rude, damaged_and_oversize_frames_end_the_connection)
{
    start_two_within(IN_ANY_CASE_MS); /* what is damaged is refused, not what is late */
    static const uint8_t lengths[][4] = {
        {0, 0, 0, 0},    {1, 0, 0, 0},          {0xFF, 0xFF, 0xFF, 0xFF},
        {0, 0, 0x40, 0}, {0xFD, 0xFF, 0x3F, 0}, {'G', 'E', 'T', ' '}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (int greet = 0; greet < 2; greet++)
            expect_stream_refused(greet == 1, vg_span_of(lengths[i], 4));
    char large[2000];
    memset(large, 'x', sizeof large);
    large[sizeof large - 1] = '\0';
    expect_frame_refused(false, WIRE_HELLO, large, NET_REFUSED_FRAME);
    expect_raw_refused(vg_span_text("GET / HTTP/1.1\r\n\r\n"), NET_REFUSED_HANDSHAKE);
    expect_raw_refused(vg_span_of("\0\0", 2), NET_REFUSED_HANDSHAKE);
    expect_raw_refused(vg_span_of("\0\x61", 2), NET_REFUSED_HANDSHAKE);
    stop_two();
}

/* Message 1 with each of its bytes altered, and a record with each of its. */
Test(net_rude, what_is_altered_on_the_way_ends_the_connection)
{
    start_two_within(IN_ANY_CASE_MS);
    struct channel_terms terms = netnode_terms(&nodes[PEER - 1], CHANNEL_PEERS);
    for (size_t at = 2; at < 2 + CHANNEL_FIRST_SIZE; at++) {
        struct caller caller;
        cr_assert(caller_dial(&caller, nodes[0].url, &terms, &nodes[0].key.pub));
        caller.out.data[at] ^= 0x10;
        expect_refused(&caller, NET_REFUSED_HANDSHAKE);
    }
    for (size_t at = 2; at < 2 + 7 + NOISE_TAG_SIZE; at++) {
        struct caller caller = call_and_greet();
        caller_write(&caller, WIRE_RAFT, vg_span_text("x"));
        caller.out.data[at] ^= 0x10;
        expect_refused(&caller, NET_REFUSED_RECORD);
    }
    cr_expect_eq(nodes[0].views[PEER - 1].frames, 0);
    stop_two();
}

/* Of two records one comes twice, both in the wrong order, the second without the first; a third is
 * forged (2), and the first cut short (3): what came before is heard, and nothing else. */
Test(net_rude, replayed_reordered_forged_and_truncated_records_end_the_connection)
{
    static const int orders[][3] = {{0, 0, 1}, {1, 0, 0}, {1, 1, 1}, {0, 2, 1}, {3, 1, 1}};
    static const unsigned heard[] = {1, 0, 0, 1, 0};
    start_two_within(IN_ANY_CASE_MS);
    for (size_t i = 0; i < sizeof heard / sizeof *heard; i++) {
        struct caller caller = call_and_greet();
        struct vg_buffer records[4] = {0};
        unsigned before = (unsigned)nodes[0].views[PEER - 1].frames;
        for (uint64_t k = 0; k < 2; k++)
            wire_line_write(&caller.line, WIRE_RAFT, vg_span_of(&k, sizeof k), &records[k]);
        vg_buffer_append(&records[2], records[0].data, records[0].size);
        memset(records[2].data + 2, 'f', records[2].size - 2);
        vg_buffer_append(&records[3], records[0].data, records[0].size - 1);
        for (int k = 0; k < 3; k++)
            vg_buffer_append(&caller.out, records[orders[i][k]].data, records[orders[i][k]].size);
        expect_refused(&caller, NET_REFUSED_RECORD);
        cr_expect_eq(nodes[0].views[PEER - 1].frames, before + heard[i], "order %zu", i);
        for (int k = 0; k < 4; k++)
            vg_buffer_free(&records[k]);
    }
    stop_two();
}

/* All that was said on one connection, said again on another: it has an answer, and leads nowhere.
 */
Test(net_rude, a_recorded_connection_opens_nothing)
{
    start_two_within(IN_ANY_CASE_MS);
    struct channel_terms terms = netnode_terms(&nodes[PEER - 1], CHANNEL_PEERS);
    struct wire_hello hello = netnode_hello(&nodes[PEER - 1]);
    struct caller caller;
    struct vg_buffer said = {0};
    cr_assert(caller_dial(&caller, nodes[0].url, &terms, &nodes[0].key.pub));
    vg_buffer_append(&said, caller.out.data, caller.out.size);
    cr_assert(caller_open(&caller));
    netnode_write_hello(&caller, &hello);
    vg_buffer_append(&said, caller.out.data, caller.out.size);
    caller_end(&caller);
    expect_raw_refused(vg_buffer_span(&said), NET_REFUSED_HANDSHAKE);
    vg_buffer_free(&said);
    stop_two();
}

Test(net_rude, a_frame_may_come_byte_by_byte)
{
    start_two();
    struct channel_terms terms = netnode_terms(&nodes[PEER - 1], CHANNEL_PEERS);
    struct wire_hello hello = netnode_hello(&nodes[PEER - 1]);
    static const uint8_t number[8] = {1};
    struct caller caller;
    cr_assert(caller_dial(&caller, nodes[0].url, &terms, &nodes[0].key.pub));
    for (size_t at = 0; at < caller.out.size; at++)
        cr_assert(rude_send(caller.fd, vg_span_of(caller.out.data + at, 1)));
    vg_buffer_clear(&caller.out);
    cr_assert(caller_open(&caller));
    netnode_write_hello(&caller, &hello);
    caller_write(&caller, WIRE_RAFT, vg_span_of(number, sizeof number));
    for (size_t at = 0; at < caller.out.size; at++)
        cr_assert(rude_send(caller.fd, vg_span_of(caller.out.data + at, 1)));
    AWAIT(atomic_load(&nodes[0].views[PEER - 1].frames) == 1);
    caller_end(&caller);
    stop_two();
}

/* ---- how many, how often, how long -----------------------------------------------------------
 */

/* Nothing, half of message 1, all of it and no more, and an open channel without a hello. */
Test(net_rude, who_says_nothing_is_closed_in_time)
{
    start_two();
    struct channel_terms terms = netnode_terms(&nodes[PEER - 1], CHANNEL_PEERS);
    struct caller silent[4];
    for (int i = 0; i < 3; i++) {
        cr_assert(caller_dial(&silent[i], nodes[0].url, &terms, &nodes[0].key.pub));
        silent[i].out.size = silent[i].out.size * (size_t)i / 2;
        cr_assert(caller_send(&silent[i]));
    }
    silent[3] = call();
    for (int i = 0; i < 4; i++) {
        cr_expect(rude_was_closed(silent[i].fd), "%d", i);
        caller_end(&silent[i]);
    }
    AWAIT(refused(NET_REFUSED_SLOW) == 4);
    stop_two();
}

/* Node 1 alone, with few places at its door, and time enough there. */
static void start_with_door(uint32_t places)
{
    netnodes_init(nodes, PEER);
    struct net_config config = netnode_config(nodes, PEER, 0);
    config.handshakes_max = places;
    config.hello_timeout_ms = IN_ANY_CASE_MS;
    netnode_start(&nodes[0], &config);
}

Test(net_rude, a_crowd_at_the_door_is_bounded)
{
    enum { DOOR = 4, CROWD = 24 }; /* few enough to be there before the first is freed */
    int crowd[CROWD];
    start_with_door(DOOR);
    for (int i = 0; i < CROWD; i++)
        crowd[i] = rude_dial(nodes[0].url);
    AWAIT(netnode_stats(&nodes[0]).accepted == CROWD);
    AWAIT(refused(NET_REFUSED_CROWD) == CROWD - DOOR);
    cr_expect_eq(netnode_stats(&nodes[0]).handshakes, DOOR);
    for (int i = 0; i < CROWD - DOOR; i++)
        cr_expect(rude_was_closed(crowd[i]), "the oldest give place: %d", i);
    for (int i = 0; i < CROWD; i++)
        (void)close(crowd[i]);
    AWAIT(netnode_stats(&nodes[0]).handshakes == 0);
    struct net_config config = netnode_config(nodes, PEER, 1);
    netnode_start(&nodes[1], &config);
    AWAIT(atomic_load(&nodes[1].views[0].up));
    stop_two();
}

/* Whoever stands there without a key, and comes again as soon as there is place. */
Test(net_rude, a_member_comes_in_past_a_crowd_that_stays)
{
    enum { DOOR = 4, CROWD = 3 * DOOR };
    int crowd[CROWD];
    start_with_door(DOOR);
    for (int i = 0; i < CROWD; i++)
        crowd[i] = rude_dial(nodes[0].url);
    AWAIT(netnode_stats(&nodes[0]).accepted == CROWD);
    struct caller caller = call(); /* has shown its key, and waits there */
    for (int i = 0; i < CROWD; i++) {
        (void)close(crowd[i]);
        crowd[i] = rude_dial(nodes[0].url);
    }
    AWAIT(netnode_stats(&nodes[0]).accepted == 2 * CROWD + 1);
    cr_expect_leq(netnode_stats(&nodes[0]).handshakes, DOOR);
    struct wire_hello hello = netnode_hello(&nodes[PEER - 1]);
    struct wire_frame answer;
    netnode_write_hello(&caller, &hello);
    cr_assert(caller_next(&caller, &answer));
    cr_expect_eq(answer.type, WIRE_HELLO, "it was not turned out meanwhile");
    caller_end(&caller);
    for (int i = 0; i < CROWD; i++)
        (void)close(crowd[i]);
    AWAIT(netnode_stats(&nodes[0]).handshakes == 0);
    netnode_stop(&nodes[0]);
    cr_expect_not(LEAKS_FOUND());
}

/* A member's first message, recorded, is its key too: it takes places of that member alone. */
Test(net_rude, shown_keys_are_turned_out_by_the_same_key)
{
    enum { DOOR = 4 };
    start_with_door(DOOR);
    struct channel_terms two = netnode_terms(&nodes[1], CHANNEL_PEERS);
    struct caller other;
    cr_assert(caller_dial(&other, nodes[0].url, &two, &nodes[0].key.pub));
    cr_assert(caller_open(&other));
    struct caller same[2 * DOOR];
    for (int i = 0; i < 2 * DOOR; i++)
        same[i] = call();
    AWAIT(refused(NET_REFUSED_CROWD) == DOOR + 1);
    for (int i = 0; i < DOOR + 1; i++)
        cr_expect(rude_was_closed(same[i].fd), "%d", i);
    struct wire_hello hello = netnode_hello(&nodes[1]);
    struct wire_frame answer;
    netnode_write_hello(&other, &hello);
    cr_assert(caller_next(&other, &answer));
    cr_expect_eq(answer.type, WIRE_HELLO);
    caller_end(&other);
    for (int i = 0; i < 2 * DOOR; i++)
        caller_end(&same[i]);
    AWAIT(netnode_stats(&nodes[0]).handshakes == 0);
    netnode_stop(&nodes[0]);
    cr_expect_not(LEAKS_FOUND());
}

/* More than are opened in a second are closed before a key is used; it passes by itself. */
Test(net_rude, handshakes_have_a_rate)
{
    enum { RATE = 2, FLOOD = 20 };
    netnodes_init(nodes, PEER);
    struct net_config config = netnode_config(nodes, PEER, 0);
    config.handshakes_per_s = RATE;
    netnode_start(&nodes[0], &config);
    struct channel_terms terms = netnode_terms(&nodes[PEER - 1], CHANNEL_PEERS);
    unsigned opened = 0;
    for (int i = 0; i < FLOOD; i++) {
        struct caller caller;
        cr_assert(caller_dial(&caller, nodes[0].url, &terms, &nodes[0].key.pub));
        opened += caller_open(&caller);
        caller_end(&caller);
    }
    cr_expect_eq(opened + refused(NET_REFUSED_RATE), FLOOD);
    cr_expect_geq(opened, RATE);
    cr_expect_gt(refused(NET_REFUSED_RATE), 0);
    struct caller caller = {.fd = -1};
    AWAIT(netnode_call(&caller, &nodes[PEER - 1], &nodes[0]) || (caller_end(&caller), false));
    caller_end(&caller);
    netnode_stop(&nodes[0]);
    cr_expect_not(LEAKS_FOUND());
}

/* As after a pause of this node: the peer has given up several times, and is there now. */
Test(net_rude, the_newest_connection_of_a_peer_is_kept)
{
    enum { GIVEN_UP = 20 };
    start_two();
    struct wire_hello hello = netnode_hello(&nodes[PEER - 1]);
    struct caller older = call_and_greet();
    AWAIT(netnode_peer(&nodes[0], PEER).receiving);
    for (int i = 0; i < GIVEN_UP; i++) {
        struct caller caller = call();
        netnode_write_hello(&caller, &hello);
        (void)caller_send(&caller);
        caller_end(&caller);
    }
    cr_expect(rude_was_closed(older.fd));
    static const uint8_t number[8] = {1};
    struct caller newest = call_and_greet();
    caller_write(&newest, WIRE_RAFT, vg_span_of(number, sizeof number));
    cr_assert(caller_send(&newest));
    AWAIT(atomic_load(&nodes[0].views[PEER - 1].frames) == 1);
    cr_expect_eq(refused(NET_REFUSED_IDENTITY), 0);
    caller_end(&older);
    caller_end(&newest);
    stop_two();
}

static void be_rude(struct vg_prng *prng)
{
    uint8_t garbage[300];
    struct caller caller;
    if (vg_prng_below(prng, 3) == 0)
        caller = call_and_greet();
    else
        caller = (struct caller){.fd = rude_dial(nodes[0].url)};
    cr_assert_geq(caller.fd, 0);
    size_t size = (size_t)vg_prng_below(prng, sizeof garbage);
    vg_prng_fill(prng, garbage, size);
    (void)rude_send(caller.fd, vg_span_of(garbage, size));
    if (vg_prng_below(prng, 3) == 0)
        rude_finish(caller.fd);
    if (vg_prng_below(prng, 2) == 0)
        rude_reset(caller.fd);
    else
        (void)close(caller.fd);
    caller_leave(&caller);
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

/* Whoever sits at the address of a peer may be as rude to those who dial it: with the peer's key
 * and without. */
static void answer_rudely(int fd, int round)
{
    struct caller caller;
    struct channel_terms terms = netnode_terms(&nodes[2], CHANNEL_PEERS);
    struct wire_hello own = netnode_hello(&nodes[2]);
    caller_accept(&caller, fd, &terms);
    bool open = round % 4 != 0 && caller_open(&caller);
    own.node.value = 1 + (uint64_t)round % 2;
    if (open && round % 4 == 1)
        netnode_write_hello(&caller, &own);
    if (open && round % 4 == 2)
        caller_write(&caller, WIRE_RESPONSE, vg_span_text("no response"));
    if (open)
        (void)caller_send(&caller);
    (void)rude_send(fd, vg_span_text("HTTP/1.1 400 Bad Request\r\n"));
    if (round % 3 == 0)
        rude_reset(fd);
    else
        (void)close(fd);
    caller_leave(&caller);
}

Test(net_rude, rude_answers_harm_nobody)
{
    enum { ROUNDS = 60 };
    netnodes_init(nodes, PEER);
    int listener = rude_listen(nodes[2].url, 16);
    for (uint32_t at = 0; at < TWO; at++) {
        struct net_config config = netnode_config(nodes, PEER, at);
        netnode_start(&nodes[at], &config);
    }
    for (int round = 0; round < ROUNDS; round++)
        answer_rudely(rude_accept(listener), round);
    AWAIT(atomic_load(&nodes[0].views[1].up) && atomic_load(&nodes[1].views[0].up));
    cr_expect_eq(nodes[0].views[2].ups, 0);
    (void)close(listener);
    stop_two();
}
