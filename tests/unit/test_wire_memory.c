/* SPDX-License-Identifier: Apache-2.0
 * What peers remember: an older folder is refused, and an honest node never is, whatever was lost
 * on the way and in whatever order. */
#include <criterion/criterion.h>

#include "common/prng.h"
#include "proto/wire/memory.h"

static struct wire_hello hello_of(uint8_t run, uint64_t met, uint64_t term, uint64_t last)
{
    return (struct wire_hello){
        .node = {3}, .incarnation = {{5}}, .run = {{run}}, .met = met, .term = term, .last = last};
}

static void hear(struct wire_memory *memory, enum raft_msg_type type, uint64_t term, uint64_t acked)
{
    struct raft_msg msg = {.type = type, .term = term, .granted = acked > 0, .index = acked};
    wire_memory_hear(memory, &msg);
}

static void judged(const struct wire_memory *memory, struct wire_hello hello,
                   enum wire_verdict expected)
{
    cr_expect_eq(wire_memory_judge(memory, &hello), expected, "met %u term %u last %u",
                 (unsigned)hello.met, (unsigned)hello.term, (unsigned)hello.last);
}

Test(wire_memory, who_is_not_known_is_plausible)
{
    struct wire_memory memory = {0};
    judged(&memory, hello_of(1, 0, 0, 0), WIRE_PLAUSIBLE);
    judged(&memory, hello_of(1, 9, 9, 9), WIRE_PLAUSIBLE);
}

Test(wire_memory, each_thing_told_is_a_lower_bound)
{
    struct wire_memory memory = {0};
    struct wire_hello first = hello_of(1, 4, 5, 100);
    cr_assert(wire_memory_greet(&memory, &first));
    cr_assert_not(wire_memory_greet(&memory, &first), "nothing new");
    judged(&memory, hello_of(2, 4, 5, 100), WIRE_PLAUSIBLE);
    judged(&memory, hello_of(2, 3, 5, 100), WIRE_OLD_MEETINGS);
    judged(&memory, hello_of(2, 4, 4, 100), WIRE_OLD_TERM);
    cr_assert(wire_memory_meet(&memory, 5));
    cr_assert_not(wire_memory_meet(&memory, 5));
    judged(&memory, hello_of(2, 4, 5, 100), WIRE_OLD_MEETINGS);
    hear(&memory, RAFT_MSG_VOTE_RESP, 7, 0);
    judged(&memory, hello_of(2, 5, 6, 100), WIRE_OLD_TERM);
    hear(&memory, RAFT_MSG_APP_RESP, 7, 120);
    judged(&memory, hello_of(2, 5, 7, 119), WIRE_OLD_LOG);
    judged(&memory, hello_of(2, 5, 7, 120), WIRE_PLAUSIBLE);
}

Test(wire_memory, in_a_later_term_the_log_may_be_shorter)
{
    struct wire_memory memory = {0};
    hear(&memory, RAFT_MSG_APP_RESP, 7, 120);
    judged(&memory, hello_of(2, 0, 8, 90), WIRE_PLAUSIBLE);
    hear(&memory, RAFT_MSG_APP_RESP, 8, 95);
    judged(&memory, hello_of(2, 0, 8, 95), WIRE_PLAUSIBLE);
    hear(&memory, RAFT_MSG_APP_RESP, 7, 130); /* late */
    judged(&memory, hello_of(2, 0, 8, 95), WIRE_PLAUSIBLE);
}

/* Its hello may have waited while it told more elsewhere. */
Test(wire_memory, a_process_that_comes_again_is_not_judged_again)
{
    struct wire_memory memory = {0};
    struct wire_hello hello = hello_of(1, 4, 5, 100);
    wire_memory_greet(&memory, &hello);
    wire_memory_meet(&memory, 9);
    hear(&memory, RAFT_MSG_APP_RESP, 8, 300);
    judged(&memory, hello, WIRE_PLAUSIBLE);
}

Test(wire_memory, what_nobody_has_on_disk_is_not_held_against_it)
{
    struct wire_memory memory = {0};
    hear(&memory, RAFT_MSG_PREVOTE, 9, 0);
    hear(&memory, RAFT_MSG_PREVOTE_RESP, 9, 0);
    judged(&memory, hello_of(1, 0, 1, 0), WIRE_PLAUSIBLE);
    struct raft_msg refused = {.type = RAFT_MSG_APP_RESP, .term = 1, .index = 500};
    wire_memory_hear(&memory, &refused); /* a hint, no acknowledgement */
    hear(&memory, RAFT_MSG_HEARTBEAT_RESP, 1, 500);
    judged(&memory, hello_of(1, 0, 1, 3), WIRE_PLAUSIBLE);
}

Test(wire_memory, a_folder_made_anew_is_another_one)
{
    struct wire_memory memory = {0};
    struct wire_hello old = hello_of(1, 4, 5, 100), anew = hello_of(1, 9, 9, 900);
    anew.incarnation.bytes[0] = 6;
    wire_memory_greet(&memory, &old);
    judged(&memory, anew, WIRE_OTHER_FOLDER);
    judged(&memory, old, WIRE_PLAUSIBLE);
}

Test(wire_memory, the_reason_names_both_numbers)
{
    struct wire_memory memory = {.met = 12};
    struct wire_hello hello = hello_of(2, 7, 0, 0);
    struct vg_error why = {0};
    wire_memory_explain(&memory, &hello, WIRE_OLD_MEETINGS, &why);
    cr_assert_eq(why.code, VG_INTEGRITY);
    cr_assert_not_null(strstr(why.text, "node 3 comes with a folder older"), "%s", why.text);
    cr_assert_not_null(strstr(why.text, "12 then and 7 now"), "%s", why.text);
}

/* ---- a world in which everything is lost that can be
 * --------------------------------------------- One node and its peers. It puts on its disk what it
 * tells, on a connection that was greeted; it dies and redials at any point; what it has said
 * arrives late, after its next life has spoken, or never. Peers write behind, die, and come back
 * from images of any age. */

enum { PEERS = 3, LINES = 64, IMAGES = 4, STEPS = 60000 };

struct disk {
    uint64_t met[PEERS];
    uint64_t term;
    uint64_t last;
};

/* Something under way to a peer. */
struct said {
    bool used;
    uint32_t peer;
    enum { SAYS_HELLO, SAYS_MET, SAYS_ACK, SAYS_TERM } what;
    struct wire_hello hello;
    uint64_t connection, number, term;
};

struct watcher {
    struct wire_memory memory;
    struct wire_memory kept; /* on its disk */
    struct wire_memory images[IMAGES];
};

struct world {
    struct vg_prng prng;
    struct disk disk;
    struct disk image; /* of the node's disk, for the one test that puts it back */
    uint32_t runs;
    uint64_t connections;
    uint64_t connection[PEERS]; /* the present one to each */
    bool up[PEERS];             /* and whether it was greeted */
    struct said line[LINES];
    struct watcher watchers[PEERS];
    uint64_t refused;
};

static void start(struct world *world)
{
    world->runs++;
    for (uint32_t peer = 0; peer < PEERS; peer++) {
        world->connection[peer] = 0;
        world->up[peer] = false;
    }
}

static struct wire_hello hello_now(const struct world *world, uint32_t peer)
{
    struct wire_hello hello =
        hello_of(0, world->disk.met[peer], world->disk.term, world->disk.last);
    memcpy(hello.run.bytes, &world->runs, sizeof world->runs);
    return hello;
}

static void say(struct world *world, uint32_t peer, int what, uint64_t number)
{
    struct said *said = &world->line[vg_prng_below(&world->prng, LINES)]; /* may lose another */
    *said = (struct said){.used = true,
                          .peer = peer,
                          .what = what,
                          .hello = hello_now(world, peer),
                          .connection = world->connection[peer],
                          .number = number,
                          .term = world->disk.term};
}

static void dial(struct world *world, uint32_t peer)
{
    world->connection[peer] = ++world->connections;
    world->up[peer] = false;
    say(world, peer, SAYS_HELLO, 0);
}

/* On a connection that is over nobody hears what the peer thinks. */
static void take_hello(struct world *world, const struct said *said)
{
    struct wire_memory *memory = &world->watchers[said->peer].memory;
    bool lives = said->connection == world->connection[said->peer];
    if (wire_memory_judge(memory, &said->hello) != WIRE_PLAUSIBLE) {
        world->refused += lives;
        return;
    }
    wire_memory_greet(memory, &said->hello);
    if (!lives)
        return;
    world->up[said->peer] = true;
    say(world, said->peer, SAYS_MET, ++world->disk.met[said->peer]);
}

static void deliver(struct world *world)
{
    struct said *slot = &world->line[vg_prng_below(&world->prng, LINES)];
    struct said said = *slot;
    slot->used = false;
    if (!said.used)
        return;
    struct wire_memory *memory = &world->watchers[said.peer].memory;
    if (said.what == SAYS_HELLO)
        take_hello(world, &said);
    else if (said.what == SAYS_MET)
        wire_memory_meet(memory, said.number);
    else
        hear(memory, said.what == SAYS_ACK ? RAFT_MSG_APP_RESP : RAFT_MSG_VOTE_RESP, said.term,
             said.what == SAYS_ACK ? said.number : 0);
}

static void change_disk(struct world *world)
{
    bool new_term = vg_prng_below(&world->prng, 4) == 0;
    world->disk.term += new_term;
    if (new_term && vg_prng_below(&world->prng, 2) == 0) /* truncated by its leader */
        world->disk.last -= vg_prng_below(&world->prng, world->disk.last + 1);
    world->disk.last += vg_prng_below(&world->prng, 3);
}

static void disturb_watcher(struct world *world, struct watcher *watcher)
{
    uint64_t image = vg_prng_below(&world->prng, IMAGES);
    switch (vg_prng_below(&world->prng, 4)) {
    case 0: /* its writer has caught up */
        watcher->kept = watcher->memory;
        watcher->kept.ack_term = watcher->kept.acked = 0;
        break;
    case 1:
        watcher->images[image] = watcher->kept;
        break;
    case 2: /* it was killed */
        watcher->memory = watcher->kept;
        break;
    default: /* and an old image of it was put back */
        watcher->memory = watcher->kept = watcher->images[image];
    }
}

static void step(struct world *world)
{
    uint32_t peer = (uint32_t)vg_prng_below(&world->prng, PEERS);
    uint64_t dice = vg_prng_below(&world->prng, 100);
    if (dice < 40)
        deliver(world);
    else if (dice < 50)
        dial(world, peer);
    else if (dice < 65)
        change_disk(world);
    else if (dice < 90 && world->up[peer])
        say(world, peer, dice < 78 ? SAYS_ACK : SAYS_TERM, world->disk.last);
    else if (dice < 93)
        start(world);
    else
        disturb_watcher(world, &world->watchers[peer]);
}

Test(wire_memory, an_honest_node_is_never_refused)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world world = {.prng = vg_prng_seed(seed)};
        start(&world);
        for (int i = 0; i < STEPS; i++) {
            step(&world);
            cr_assert_eq(world.refused, 0, "seed %u step %d", (unsigned)seed, i);
        }
    }
}

/* Puts the node's disk back to what it was; whoever was told more since must refuse it. */
Test(wire_memory, a_folder_that_was_told_of_more_is_refused)
{
    uint64_t refused = 0;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        struct world world = {.prng = vg_prng_seed(seed)};
        start(&world);
        for (int i = 0; i < 400; i++)
            step(&world);
        world.image = world.disk;
        for (int i = 0; i < 400; i++)
            step(&world);
        world.disk = world.image;
        start(&world);
        for (uint32_t peer = 0; peer < PEERS; peer++) {
            const struct wire_memory *memory = &world.watchers[peer].memory;
            struct wire_hello hello = hello_now(&world, peer);
            bool told = memory->met > world.image.met[peer] || memory->term > world.image.term;
            bool plausible = wire_memory_judge(memory, &hello) == WIRE_PLAUSIBLE;
            cr_assert(!told || !plausible, "seed %u peer %u", (unsigned)seed, peer);
            refused += !plausible;
        }
    }
    cr_assert_gt(refused, 4000, "of 6000: %u", (unsigned)refused);
}
