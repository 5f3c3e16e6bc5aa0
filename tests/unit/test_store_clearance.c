/* SPDX-License-Identifier: Apache-2.0
 * A node that is cleared for some compartments: what it passes by, how it becomes level after a
 * grant, that nothing is left after a revocation, and when it stops serving. */
#include <criterion/criterion.h>

#include "tests/lib/await.h"
#include "tests/lib/leaks.h"
#include "tests/lib/peers.h"

enum { NOTE_BYTES = 60000 };

TestSuite(store_clearance, .init = peers_setup, .fini = peers_teardown, .timeout = 120);

/* ---- a node's life -----------------------------------------------------------------------------
 */

Test(store_clearance, blind_granted_level_revoked_and_rid_of_it)
{
    static struct peer one, two;
    peer_prepare(&one, 1);
    peer_prepare(&two, 2);
    peer_start(&one);
    peer_start(&two);
    cleared_create(&peers_story);
    cleared_tell(&peers_story, 10, 100);
    cleared_rotate(&peers_story);
    cleared_tell(&peers_story, 30, NOTE_BYTES);
    peer_follow(&one);
    peer_follow(&two);
    cr_assert_eq(peer_status(&one), RESPONSE_BLIND);
    cr_assert_eq(peer_status(&two), RESPONSE_LEVEL);
    peer_expect_nothing(peer_ask(&one));
    cr_assert_eq(peer_ask(&one).counters.blind, 41);
    cr_assert_eq(peer_offers(&one), VG_OK);

    cleared_grant(&peers_story);
    cleared_tell(&peers_story, 10, 100);
    peer_follow(&one);
    peer_follow(&two);
    AWAIT(peer_status(&one) == RESPONSE_LEVEL);
    cleared_tell(&peers_story, 3, 100);
    peer_follow(&one);
    peer_follow(&two);
    peer_expect_equal(peer_ask(&one), peer_ask(&two));
    cr_assert(peers_is_empty(one.rebuilds));

    cleared_revoke(&peers_story);
    cleared_tell(&peers_story, 3, 100);
    peer_follow(&one);
    AWAIT(peer_owes(&one));
    cr_assert_eq(peer_offers(&one), VG_CONFLICT);
    cr_assert_eq(atomic_load(&one.keys.destroyed), 1);
    cr_assert_not(atomic_load(&one.keys.secret));
    peer_expect_nothing(peer_ask(&one));
    cleared_attest(&peers_story);
    peer_follow(&one);
    AWAIT(peer_status(&one) == RESPONSE_BLIND);
    cr_assert_eq(peer_offers(&one), VG_OK);
    peer_follow(&two);
    cr_assert_eq(atomic_load(&one.stopped_at), 0);
    cr_assert(vg_hash_equal(&(vg_hash[]){peer_ask(&one).control}[0],
                            &(vg_hash[]){peer_ask(&two).control}[0]));
    store_applier_close(one.applier);
    store_applier_close(two.applier);
    storebox_close(&peers_box);
    cr_expect_not(LEAKS_FOUND());
}

/* A holder by the log whose keyring has no secret for it: it stops alone, and once the keyring is
 * back it is rebuilt, since entries were passed by. */
Test(store_clearance, a_holder_without_its_key_stops_alone_and_is_rebuilt_when_it_has_it)
{
    static struct peer one, two;
    peer_prepare(&one, 1);
    peer_prepare(&two, 2);
    peer_start(&one);
    peer_start(&two);
    cleared_create(&peers_story);
    cleared_grant(&peers_story);
    cleared_tell(&peers_story, 10, 100);
    peer_follow(&one);
    AWAIT(peer_status(&one) == RESPONSE_LEVEL);
    store_applier_close(one.applier);
    atomic_store(&one.keys.secret, false);
    atomic_store(&one.keys.opened, 0);
    peer_start(&one);
    cleared_tell(&peers_story, 10, 100);
    peer_follow(&one);
    cr_assert_eq(peer_status(&one), RESPONSE_STOPPED);
    cr_assert_eq(atomic_load(&one.stopped_at), 0);
    struct store_clearance stopped;
    store_clearances_get(store_applier_clearances(one.applier), &peers_story.compartment, &stopped);
    cr_assert_not_null(strstr(stopped.why, "let a key officer revoke this node and grant it anew"),
                       "%s", stopped.why);
    store_applier_close(one.applier);
    atomic_store(&one.keys.secret, true);
    peer_start(&one);
    peer_follow(&one);
    AWAIT(peer_status(&one) == RESPONSE_LEVEL);
    peer_follow(&two);
    peer_expect_equal(peer_ask(&one), peer_ask(&two));
    store_applier_close(one.applier);
    store_applier_close(two.applier);
    storebox_close(&peers_box);
}

/* The first compartment's keys cannot be destroyed for now; the told one's can, and another one is
 * given meanwhile. */
Test(store_clearance, a_removal_that_cannot_be_finished_holds_up_no_other)
{
    static struct peer one;
    struct store_clearance first;
    const vg_id *founded = &peers_story.chain.genesis.first;
    peer_prepare(&one, 1);
    peer_start(&one);
    cleared_create(&peers_story);
    cleared_grant(&peers_story);
    cleared_tell(&peers_story, 3, 100);
    peer_follow(&one);
    AWAIT(peer_status(&one) == RESPONSE_LEVEL);
    atomic_store(&one.keys.refuses, true);
    cleared_revoke_first(&peers_story);
    cleared_revoke(&peers_story);
    peer_follow(&one);
    AWAIT(peer_owes(&one));
    store_clearances_get(store_applier_clearances(one.applier), founded, &first);
    cr_assert(first.status == RESPONSE_REMOVING && !first.owes);
    cleared_attest(&peers_story);
    peer_follow(&one);
    AWAIT(peer_status(&one) == RESPONSE_BLIND);
    atomic_store(&one.keys.secret, true);
    cleared_grant(&peers_story);
    peer_follow(&one);
    AWAIT(peer_status(&one) == RESPONSE_LEVEL);
    atomic_store(&one.keys.refuses, false);
    AWAIT(store_clearances_get(store_applier_clearances(one.applier), founded, &first) &&
          first.owes);
    store_applier_close(one.applier);
    storebox_close(&peers_box);
}

/* A rebuild that stands before an entry that is damaged, near the cursor: at 16 entries in two
 * seconds, which it was, this took longer than anybody waits. */
Test(store_clearance, a_rebuild_that_cannot_go_on_does_not_hold_up_the_cursor)
{
    static struct peer one;
    peer_prepare(&one, 1);
    peer_start(&one);
    cleared_create(&peers_story);
    cleared_tell(&peers_story, 1, 100);
    uint64_t damaged = peers_story.chain.last - 1;
    peer_follow(&one);
    store_applier_close(one.applier);
    storebox_close(&peers_box);
    storebox_damage(&peers_box, damaged);
    storebox_open(&peers_box, &peers_story.chain);
    one.config.log = peers_box.log;
    peer_start(&one);
    cleared_grant(&peers_story);
    cleared_tell(&peers_story, 470, 100);
    peer_follow(&one);
    cr_assert_eq(peer_status(&one), RESPONSE_REBUILDING);
    storebox_repair(&peers_box, vg_blob_ref(peers_story.entries[damaged - 1]));
    storebox_settle(&peers_box);
    store_applier_mended(one.applier);
    AWAIT(peer_status(&one) == RESPONSE_LEVEL);
    store_applier_close(one.applier);
    storebox_close(&peers_box);
}

/* ---- checkpoints -------------------------------------------------------------------------------
 */

static struct store_clearance clearance_of(struct peer *peer)
{
    struct store_clearance one = {.epoch = 0};
    cr_assert(store_clearances_get(store_applier_clearances(peer->applier),
                                   &peers_story.compartment, &one));
    return one;
}

/* With the next note there is a mark, which both owe a checkpoint of. */
static struct response_mark make_mark(struct peer *one, struct peer *two)
{
    peers_story.chain.time_ms += RESPONSE_MARK_MS;
    cleared_tell(&peers_story, 1, 100);
    peer_follow(one);
    peer_follow(two);
    struct store_clearance ours = clearance_of(one), theirs = clearance_of(two);
    cr_assert(response_mark_equal(&ours.due, &theirs.due));
    cr_assert_eq(ours.due.index, peers_story.chain.last - 1);
    cr_assert_not(ours.due_at_once || theirs.due_at_once);
    cr_assert_eq(ours.earlier_count, 0);
    cr_assert_eq(theirs.earlier_count, 1);
    cr_assert_eq(theirs.earlier[0].value, 1);
    return ours.due;
}

static bool served(struct peer *peer)
{
    struct store_clearances *all = store_applier_clearances(peer->applier);
    cr_assert(store_clearances_level(all, &peers_story.compartment), "its entries are applied");
    return store_clearances_served(all, &peers_story.compartment);
}

static void restart(struct peer *peer)
{
    store_applier_close(peer->applier);
    peer_start(peer);
    peer_follow(peer);
}

Test(store_clearance, who_differs_at_a_mark_stops_serving_and_goes_on_once_it_is_outvoted)
{
    static struct peer one, two;
    peer_prepare(&one, 1);
    peer_prepare(&two, 2);
    peer_start(&one);
    peer_start(&two);
    cleared_create(&peers_story);
    cleared_tell(&peers_story, 5, 100);
    cleared_grant(&peers_story);
    peer_follow(&one);
    peer_follow(&two);
    AWAIT(peer_status(&one) == RESPONSE_LEVEL);
    struct response_mark mark = make_mark(&one, &two), wrong = mark;
    cleared_checkpoint(&peers_story, 1, &mark);
    peer_follow(&two);
    cr_assert_eq(clearance_of(&two).due.index, 0);
    cr_assert(served(&two));

    mark = wrong = make_mark(&one, &two);
    wrong.hash.bytes[0] ^= 1;
    cleared_checkpoint(&peers_story, 1, &wrong);
    peer_follow(&two);
    cr_assert_eq(peer_status(&two), RESPONSE_DIVERGED);
    cr_assert_not(served(&two));
    cr_assert(clearance_of(&two).due_at_once);
    cr_assert(response_mark_equal(&(struct response_mark[]){clearance_of(&two).due}[0], &mark));
    cr_assert_not_null(strstr(clearance_of(&two).why, "at node 1 (1 of 1 checkpoints)"), "%s",
                       clearance_of(&two).why);
    restart(&two);
    cr_assert_eq(peer_status(&two), RESPONSE_DIVERGED);
    cr_assert(clearance_of(&two).due_at_once);

    cleared_checkpoint(&peers_story, 2, &mark);
    cleared_tell(&peers_story, 3, 100);
    peer_follow(&two);
    cr_assert_eq(peer_status(&two), RESPONSE_DIVERGED, "of as many the first");
    cr_assert_eq(clearance_of(&two).due.index, 0);
    cleared_checkpoint(&peers_story, 1, &mark);
    peer_follow(&one);
    peer_follow(&two);
    cr_assert_eq(peer_status(&two), RESPONSE_LEVEL);
    cr_assert_str_eq(clearance_of(&two).why, "");
    cr_assert(served(&two));
    restart(&two);
    cr_assert_eq(peer_status(&two), RESPONSE_LEVEL);
    peer_expect_equal(peer_ask(&one), peer_ask(&two));
    store_applier_close(one.applier);
    store_applier_close(two.applier);
    storebox_close(&peers_box);
}

/* With a third member, so that one of them may go. */
static void seat_a_third(void)
{
    struct ledger_genesis *genesis = &peers_story.chain.genesis;
    const uint8_t seed[VG_SEED_SIZE] = {0x77};
    struct ledger_member *third = &genesis->members[genesis->member_count++];
    vg_secret_key ignored;
    *third = genesis->members[1];
    third->id.value = genesis->member_count;
    vg_signer_ed25519.keypair(seed, &third->keys.key, &ignored);
}

static void evict(uint64_t node)
{
    static const vg_id control;
    struct chain *chain = &peers_story.chain;
    struct response_command command = {.op = RESPONSE_OP_EVICT, .evict.node = node};
    struct vg_blob *entry = chain_give(chain, &control, 0, &command);
    peers_story.entries[chain->last - 1] = entry;
}

/* One against one: who spoke first counts, until nothing counts that it has said. */
Test(store_clearance, who_stopped_for_a_liar_serves_again_once_that_is_evicted)
{
    static struct peer one, two;
    seat_a_third();
    peer_prepare(&one, 1);
    peer_prepare(&two, 2);
    peer_start(&one);
    peer_start(&two);
    cleared_create(&peers_story);
    cleared_tell(&peers_story, 5, 100);
    cleared_grant(&peers_story);
    peer_follow(&one);
    peer_follow(&two);
    AWAIT(peer_status(&one) == RESPONSE_LEVEL);
    struct response_mark mark = make_mark(&one, &two), wrong = mark;
    wrong.hash.bytes[0] ^= 1;
    cleared_checkpoint(&peers_story, 1, &wrong);
    cleared_checkpoint(&peers_story, 2, &mark);
    peer_follow(&two);
    cr_assert_eq(peer_status(&two), RESPONSE_DIVERGED);
    cr_assert_not(served(&two));
    evict(1);
    peer_follow(&two);
    cr_assert_eq(peer_status(&two), RESPONSE_LEVEL, "without another entry, or a start");
    cr_assert_str_eq(clearance_of(&two).why, "");
    cr_assert(served(&two));
    store_applier_close(one.applier);
    store_applier_close(two.applier);
    storebox_close(&peers_box);
}
