/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <unistd.h>

#include "tests/lib/await.h"
#include "tests/lib/leaks.h"
#include "tests/lib/netnode.h"

enum { THREE = 3 };

static struct netnode nodes[THREE];

static void start(uint32_t at)
{
    struct net_config config = netnode_config(nodes, THREE, at);
    netnode_start(&nodes[at], &config);
}

static bool sees(uint32_t at, uint32_t other)
{
    return atomic_load(&nodes[at].views[other].up);
}

static void await_all_up(void)
{
    for (uint32_t at = 0; at < THREE; at++)
        for (uint32_t other = 0; other < THREE; other++)
            AWAIT(at == other || sees(at, other));
}

static void start_all(void)
{
    netnodes_init(nodes, THREE);
    for (uint32_t at = 0; at < THREE; at++)
        start(at);
    await_all_up();
}

static void stop_all(void)
{
    for (uint32_t at = 0; at < THREE; at++)
        if (nodes[at].net != NULL)
            netnode_stop(&nodes[at]);
    cr_expect_not(LEAKS_FOUND());
}

Test(net_peers, frames_of_any_size_arrive_whole_and_in_order)
{
    enum { COUNT = 500 };
    start_all();
    size_t total = 0;
    for (uint64_t i = 1; i <= COUNT; i++) {
        size_t size = i % 100 == 0 ? 1000 * 1000 : 8 + (size_t)i;
        AWAIT(netnode_peer(&nodes[0], 2).queued < 1000 * 1000);
        cr_assert_eq(netnode_send(&nodes[0], 2, i, size), VG_OK);
        total += size;
    }
    AWAIT(atomic_load(&nodes[1].views[0].frames) == COUNT);
    cr_expect_eq(nodes[1].views[0].bytes, total);
    cr_expect_eq(nodes[1].views[0].out_of_order, 0);
    cr_expect_eq(nodes[2].views[0].frames, 0);
    struct net_peer_stats sender = netnode_peer(&nodes[0], 2);
    struct net_peer_stats receiver = netnode_peer(&nodes[1], 1);
    cr_expect(sender.up && sender.receiving && sender.rtt_us > 0);
    cr_expect_eq(sender.frames_out, COUNT);
    cr_expect_eq(receiver.frames_in, COUNT);
    cr_expect_eq(sender.bytes_out, total);
    cr_expect_eq(receiver.bytes_in, total);
    stop_all();
}

Test(net_peers, the_largest_frame_passes)
{
    enum { LARGEST = VG_FRAME_MAX - WIRE_FRAME_HEAD };
    start_all();
    cr_assert_eq(netnode_send(&nodes[0], 3, 1, LARGEST), VG_OK);
    AWAIT(atomic_load(&nodes[2].views[0].bytes) == LARGEST);
    stop_all();
}

Test(net_peers, a_peer_that_dies_is_told_and_found_again)
{
    enum { LIVES = 10 };
    start_all();
    unsigned downs = nodes[0].views[2].downs; /* before it was there at all */
    for (unsigned life = 1; life <= LIVES; life++) {
        netnode_stop(&nodes[2]);
        AWAIT(!sees(0, 2) && !sees(1, 2));
        cr_expect_eq(nodes[0].views[2].code, VG_UNAVAILABLE);
        cr_expect_eq(netnode_send(&nodes[0], 3, 1, 8), VG_UNAVAILABLE);
        cr_expect_eq(netnode_send(&nodes[0], 2, life, 8), VG_OK);
        start(2);
        await_all_up();
        cr_expect_eq(nodes[0].views[2].ups, life + 1);
        cr_expect_eq(nodes[0].views[2].downs, downs + life);
    }
    AWAIT(atomic_load(&nodes[1].views[0].frames) == LIVES);
    cr_expect_eq(netnode_peer(&nodes[0], 3).dropped_down, LIVES);
    cr_expect_geq(netnode_peer(&nodes[0], 3).dials, LIVES + 1);
    stop_all();
}

Test(net_peers, a_peer_nobody_listens_for_is_told_once)
{
    netnodes_init(nodes, THREE);
    start(0);
    AWAIT(netnode_peer(&nodes[0], 2).dials >= 5 && netnode_peer(&nodes[0], 3).dials >= 5);
    cr_expect_eq(nodes[0].views[1].downs, 1);
    cr_expect_eq(nodes[0].views[1].code, VG_UNAVAILABLE);
    cr_expect_eq(netnode_send(&nodes[0], 9, 1, 8), VG_NOT_FOUND);
    stop_all();
}

/* Node 3 says hello, on a connection that is open. */
static void greet(struct caller *caller)
{
    struct wire_hello hello = netnode_hello(&nodes[2]);
    netnode_write_hello(caller, &hello);
    cr_assert(caller_send(caller));
}

/* It takes the next dial, and says hello. */
static struct caller answer_dial(int listener)
{
    struct caller caller;
    struct channel_terms terms = netnode_terms(&nodes[2], CHANNEL_PEERS);
    caller_accept(&caller, rude_accept(listener), &terms);
    cr_assert(caller_open(&caller));
    greet(&caller);
    return caller;
}

/* A cut cable: node 3 is connected both ways, takes what is sent, and says nothing any more. */
Test(net_peers, who_says_nothing_is_dialled_anew)
{
    netnodes_init(nodes, THREE);
    int listener = rude_listen(nodes[2].url, 4);
    struct net_config config = netnode_config(nodes, THREE, 0);
    config.silence_max_ms = 50;
    netnode_start(&nodes[0], &config);
    struct caller dialling;
    cr_assert(netnode_call(&dialling, &nodes[2], &nodes[0]));
    greet(&dialling);
    for (uint64_t life = 1; life <= 3; life++) {
        struct caller silent = answer_dial(listener);
        AWAIT(atomic_load(&nodes[0].views[2].ups) == life);
        cr_expect_eq(netnode_peer(&nodes[0], 3).silences, life - 1,
                     "who is asked nothing owes none");
        cr_assert_eq(netnode_send(&nodes[0], 3, life, 8), VG_OK);
        AWAIT(netnode_peer(&nodes[0], 3).silences == life);
        cr_expect(rude_was_closed(silent.fd));
        caller_end(&silent);
    }
    cr_expect(rude_was_closed(dialling.fd), "what it sends on is as dead");
    caller_end(&dialling);
    rude_reset(listener);
    stop_all();
}

/* Node 2 is told something that has no answer, node 3 is asked: by the time that 3 is given up 2
 * would be too. */
Test(net_peers, what_asks_nothing_is_no_reason_to_give_up)
{
    netnodes_init(nodes, THREE);
    int listener = rude_listen(nodes[2].url, 4);
    struct net_config config = netnode_config(nodes, THREE, 0);
    config.silence_max_ms = 50;
    netnode_start(&nodes[0], &config);
    struct caller silent = answer_dial(listener);
    start(1);
    AWAIT(sees(0, 1) && sees(0, 2));
    cr_assert_eq(net_send(nodes[0].net, (vg_node_id){2}, WIRE_MET, vg_span_text("12345678")),
                 VG_OK);
    cr_assert_eq(netnode_send(&nodes[0], 3, 1, 8), VG_OK);
    AWAIT(netnode_peer(&nodes[0], 3).silences == 1);
    cr_expect_eq(netnode_peer(&nodes[0], 2).silences, 0);
    caller_end(&silent);
    rude_reset(listener);
    stop_all();
}

/* Each frame that comes back proves the other alive. */
Test(net_peers, who_answers_is_not_silent)
{
    enum { TURNS = 200 };
    netnodes_init(nodes, THREE);
    for (uint32_t at = 0; at < THREE; at++) {
        struct net_config config = netnode_config(nodes, THREE, at);
        config.silence_max_ms = at == 0 ? 2000 : UINT32_MAX;
        netnode_start(&nodes[at], &config);
    }
    await_all_up();
    for (uint64_t turn = 1; turn <= TURNS; turn++) {
        cr_assert_eq(netnode_send(&nodes[0], 2, turn, 8), VG_OK);
        AWAIT(atomic_load(&nodes[1].views[0].frames) == turn);
        cr_assert_eq(netnode_send(&nodes[1], 1, turn, 8), VG_OK);
        AWAIT(atomic_load(&nodes[0].views[1].frames) == turn);
    }
    cr_expect_eq(netnode_peer(&nodes[0], 2).silences, 0);
    stop_all();
}

/* Node 3 says hello and then never reads: a paused process, or a far slower one. */
Test(net_peers, who_does_not_read_costs_only_itself)
{
    enum { SIZE = 100 * 1000, COUNT = 200 };
    netnodes_init(nodes, THREE);
    int listener = rude_listen(nodes[2].url, 4);
    struct net_config config = netnode_config(nodes, THREE, 0);
    config.queue_max = 1024 * 1024;
    netnode_start(&nodes[0], &config);
    struct caller silent = answer_dial(listener);
    start(1);
    AWAIT(sees(0, 2) && sees(0, 1));
    enum vg_code code = VG_OK;
    for (uint64_t i = 1; code == VG_OK; i++)
        code = netnode_send(&nodes[0], 3, i, SIZE);
    cr_expect_eq(code, VG_BUSY);
    struct net_peer_stats stats = netnode_peer(&nodes[0], 3);
    cr_expect(stats.up);
    cr_expect_eq(stats.dropped_busy, 1);
    for (uint64_t i = 1; i <= COUNT; i++) {
        (void)netnode_send(&nodes[0], 3, i, SIZE);
        cr_expect_leq(netnode_peer(&nodes[0], 3).queued, config.queue_max);
        cr_expect_eq(netnode_send(&nodes[0], 2, i, 100), VG_OK);
    }
    AWAIT(atomic_load(&nodes[1].views[0].frames) == COUNT);
    caller_end(&silent);
    (void)close(listener);
    stop_all();
}

Test(net_peers, stopping_in_full_swing_leaves_nothing)
{
    enum { ROUNDS = 10, COUNT = 2000 };
    start_all();
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t victim = round % THREE;
        for (uint64_t i = 1; i <= COUNT; i++)
            for (uint32_t at = 0; at < THREE; at++)
                (void)netnode_send(&nodes[at], (at + 1) % THREE + 1, i, 1000);
        netnode_stop(&nodes[victim]);
        start(victim);
        await_all_up();
    }
    stop_all();
}

static uint64_t evicted_by(uint32_t at)
{
    return netnode_stats(&nodes[at]).refused[NET_REFUSED_EVICTED];
}

/* Node 3 goes on as if nothing had happened, with a key that is as good as before. */
Test(net_peers, an_evicted_node_is_out_for_good)
{
    enum { AGAIN = 5, AT = 1000 };
    start_all();
    net_evict(nodes[0].net, (vg_node_id){3}, AT);
    AWAIT(!netnode_peer(&nodes[0], 3).up && !netnode_peer(&nodes[0], 3).receiving);
    AWAIT(atomic_load(&nodes[2].views[0].code) == VG_EXPIRED);
    cr_expect_eq(netnode_send(&nodes[0], 3, 1, 8), VG_UNAVAILABLE);
    uint64_t dials = netnode_peer(&nodes[0], 3).dials;
    AWAIT(evicted_by(0) >= AGAIN);
    cr_expect_eq(netnode_peer(&nodes[0], 3).dials, dials, "it is dialled no more");
    cr_expect_eq(netnode_send(&nodes[2], 1, 1, 8), VG_UNAVAILABLE);
    cr_expect_eq(nodes[0].views[2].frames, 0);
    net_evict(nodes[0].net, (vg_node_id){3}, AT + 1);
    net_evict(nodes[0].net, (vg_node_id){9}, AT);
    cr_expect(sees(0, 1) && sees(1, 0) && sees(1, 2) && sees(2, 1), "no other is touched");
    cr_expect_eq(evicted_by(1), 0);
    stop_all();
}

/* Told once by its old connection, and at each hello after that. */
Test(net_peers, who_was_evicted_before_the_start_is_told_when)
{
    netnodes_init(nodes, THREE);
    struct net_config config = netnode_config(nodes, THREE, 0);
    ((struct net_peer *)config.peers)[1].evicted_at = 1000;
    netnode_start(&nodes[0], &config);
    start(1);
    start(2);
    AWAIT(atomic_load(&nodes[2].views[0].code) == VG_EXPIRED);
    AWAIT(sees(0, 1) && sees(1, 2) && sees(2, 1));
    cr_expect_eq(netnode_peer(&nodes[0], 3).dials, 0);
    cr_expect_gt(evicted_by(0), 0);
    cr_expect_eq(nodes[2].views[0].ups, 0);
    stop_all();
}

/* Neither a hello nor anything else is looked at: it is told while it is still silent. */
Test(net_peers, no_frame_of_an_evicted_node_is_taken)
{
    netnodes_init(nodes, THREE);
    start(0);
    struct caller caller;
    cr_assert(netnode_call(&caller, &nodes[2], &nodes[0]));
    net_evict(nodes[0].net, (vg_node_id){3}, 1000);
    greet(&caller);
    AWAIT(evicted_by(0) == 1);
    struct caller later;
    cr_assert(netnode_call(&later, &nodes[2], &nodes[0]));
    AWAIT(evicted_by(0) == 2);
    caller_end(&later);
    caller_end(&caller);
    stop_all();
}

/* ---- keys that were replaced -------------------------------------------------------------------
 */

/* The key of a number that no node begins with. */
static vg_channel_public give_key(struct netnode *node, uint64_t number)
{
    node->secret = netnode_secret(number);
    node->key = noise_static_of(&node->secret);
    return node->key.pub;
}

static uint64_t strangers_at(uint32_t at)
{
    return netnode_stats(&nodes[at]).refused[NET_REFUSED_STRANGER];
}

/* Node 3 goes on with the old one, until it is started with the new one. */
Test(net_peers, a_key_that_was_replaced_is_a_strangers_and_the_new_one_is_let_in)
{
    enum { AGAIN = 3, NEW = 9 };
    start_all();
    struct netnode fresh = nodes[2];
    vg_channel_public key = give_key(&fresh, NEW);
    for (uint32_t at = 0; at < 2; at++)
        net_rekey(nodes[at].net, (vg_node_id){3}, &key);
    AWAIT(!sees(2, 0) && !sees(2, 1) && !sees(0, 2) && !sees(1, 2));
    AWAIT(strangers_at(0) >= AGAIN);
    cr_expect_eq(netnode_send(&nodes[2], 1, 1, 8), VG_UNAVAILABLE);
    cr_expect_eq(nodes[0].views[2].frames, 0);
    cr_expect(sees(0, 1) && sees(1, 0), "no other is touched");
    netnode_stop(&nodes[2]);
    give_key(&nodes[2], NEW);
    start(2);
    await_all_up();
    cr_assert_eq(netnode_send(&nodes[2], 1, 1, 8), VG_OK);
    AWAIT(atomic_load(&nodes[0].views[2].frames) == 1);
    stop_all();
}

Test(net_peers, the_key_that_a_node_has_changes_nothing)
{
    start_all();
    unsigned downs = atomic_load(&nodes[0].views[2].downs);
    net_rekey(nodes[0].net, (vg_node_id){3}, &nodes[2].key.pub);
    net_rekey(nodes[0].net, (vg_node_id){9}, &nodes[2].key.pub);
    cr_assert_eq(netnode_send(&nodes[2], 1, 1, 8), VG_OK);
    AWAIT(atomic_load(&nodes[0].views[2].frames) == 1);
    cr_expect_eq(nodes[0].views[2].downs, downs);
    cr_expect_eq(strangers_at(0), 0);
    stop_all();
}

/* Its channel was open, and nothing was said as yet. */
Test(net_peers, no_hello_is_taken_of_who_has_shown_a_key_that_was_replaced)
{
    netnodes_init(nodes, THREE);
    start(0);
    struct netnode fresh = nodes[2];
    vg_channel_public key = give_key(&fresh, 9);
    struct caller caller;
    cr_assert(netnode_call(&caller, &nodes[2], &nodes[0]));
    net_rekey(nodes[0].net, (vg_node_id){3}, &key);
    greet(&caller);
    AWAIT(strangers_at(0) == 1);
    cr_expect_not(netnode_peer(&nodes[0], 3).receiving);
    caller_end(&caller);
    stop_all();
}

static const struct {
    const char *listen;
    const char *peer;
    uint64_t peer_id;
    enum vg_code code;
    const char *says;
} bad_configs[] = {
    {"tcp://*:7101", NULL, 2, VG_INVALID, "tcp://*:7101"},
    {"tcp://192.0.2.1:7101", NULL, 2, VG_UNAVAILABLE, "tcp://192.0.2.1:7101: cannot listen there"},
    {NULL, "tcp://300.0.0.1:7101", 2, VG_INVALID, "peer 2: tcp://300.0.0.1:7101"},
    {NULL, "nonsense", 2, VG_INVALID, "nonsense"},
    {NULL, NULL, 1, VG_INVALID, "not be this node's own"},
    {NULL, NULL, 0, VG_INVALID, "at least 1"},
    {NULL, NULL, 3, VG_INVALID, "differ"},
};

Test(net_peers, what_cannot_be_is_refused_at_start)
{
    netnodes_init(nodes, THREE);
    for (size_t i = 0; i < sizeof bad_configs / sizeof *bad_configs; i++) {
        struct net_config config = netnode_config(nodes, THREE, 0);
        struct net_peer *first = (struct net_peer *)&config.peers[0];
        first->node.value = bad_configs[i].peer_id;
        if (bad_configs[i].peer != NULL)
            first->url = bad_configs[i].peer;
        if (bad_configs[i].listen != NULL)
            config.listen_url = bad_configs[i].listen;
        struct vg_error error = {0};
        cr_expect_eq(netnode_try(&nodes[0], &config, &error), bad_configs[i].code, "%zu", i);
        cr_expect_not_null(strstr(error.text, bad_configs[i].says), "%s", error.text);
    }
    stop_all();
}

Test(net_peers, a_port_in_use_is_refused_at_start)
{
    start_all();
    struct netnode twin = {.id = 1};
    uint64_t dials = netnode_peer(&nodes[1], 1).dials;
    struct net_config config = netnode_config(nodes, THREE, 0);
    struct vg_error error = {0};
    cr_expect_eq(netnode_try(&twin, &config, &error), VG_UNAVAILABLE);
    cr_expect_not_null(strstr(error.text, nodes[0].url), "%s", error.text);
    cr_expect_not_null(strstr(error.text, "port in use"), "%s", error.text);
    cr_expect_eq(netnode_peer(&nodes[1], 1).dials, dials, "the others have not noticed");
    stop_all();
}

static struct netnode twin = {.id = 1};

/* Node 1 once more, on another port. */
static void start_twin(const vg_id *incarnation)
{
    rude_free_url(twin.url);
    struct net_config config = netnode_config(nodes, THREE, 0);
    config.listen_url = twin.url;
    config.self.incarnation = *incarnation;
    netnode_start(&twin, &config);
}

Test(net_peers, a_second_node_with_an_identity_is_refused)
{
    start_all();
    unsigned ups = nodes[0].views[1].ups;
    vg_id fresh = {.bytes = {77}};
    start_twin(&fresh);
    AWAIT(atomic_load(&twin.views[1].twins) > 0);
    cr_expect_gt(netnode_stats(&nodes[1]).refused[NET_REFUSED_IDENTITY], 0);
    cr_expect_eq(twin.views[1].ups, 0);
    cr_expect_eq(nodes[0].views[1].ups, ups, "the node that was there stays");
    netnode_stop(&twin);
    stop_all();
}

Test(net_peers, a_copy_of_a_node_makes_both_know)
{
    start_all();
    start_twin(&nodes[0].incarnation);
    AWAIT(atomic_load(&nodes[0].views[1].twins) > 0);
    AWAIT(atomic_load(&twin.views[1].twins) > 0);
    netnode_stop(&twin);
    await_all_up();
    stop_all();
}

/* Nothing is taken from it, and it is told; the third node has no doubts. */
Test(net_peers, a_node_whose_folder_is_older_is_refused_and_told)
{
    netnodes_init(nodes, THREE);
    atomic_store(&nodes[0].doubts, 2);
    start(0);
    nodes[1].met[0] = 7;
    nodes[1].met[2] = 9;
    start(1);
    start(2);
    AWAIT(atomic_load(&nodes[1].views[0].outdated) > 0);
    AWAIT(sees(1, 2) && sees(2, 1) && sees(0, 2) && sees(2, 0));
    cr_expect_gt(netnode_stats(&nodes[0]).refused[NET_REFUSED_OLDER], 0);
    cr_expect_not(sees(1, 0));
    cr_expect_eq(netnode_send(&nodes[1], 1, 1, 8), VG_UNAVAILABLE);
    cr_expect_eq(atomic_load(&nodes[0].views[1].met), 7);
    cr_expect_eq(atomic_load(&nodes[2].views[1].met), 9);
    cr_expect_eq(atomic_load(&nodes[1].views[2].outdated), 0);
    stop_all();
}

Test(net_peers, a_node_that_lost_its_disk_comes_back)
{
    start_all();
    netnode_stop(&nodes[2]);
    AWAIT(!sees(0, 2) && !sees(1, 2));
    nodes[2].incarnation.bytes[15] = 1;
    start(2);
    await_all_up();
    stop_all();
}
