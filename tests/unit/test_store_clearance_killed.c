/* SPDX-License-Identifier: Apache-2.0
 * A node whose clearance changes, killed after every step; and what becomes of an unwrap key that
 * it has offered. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "node/store/clearing.h"
#include "tests/lib/await.h"
#include "tests/lib/leaks.h"
#include "tests/lib/peers.h"

enum { NOTE_BYTES = 60000 };

TestSuite(store_clearance_killed, .init = peers_setup, .fini = peers_teardown, .timeout = 120);

/* ---- killed after every step -------------------------------------------------------------------
 */

/* The apply thread of a node by hand, so that it can end between any two steps. */
struct life {
    struct peer *peer;
    struct store_state *state;
    struct store_position applied;
    struct response_machine machine;
    struct store_clearing clearing;
};

static bool commit_life(void *context)
{
    struct life *life = context;
    store_state_commit(life->state, &life->applied);
    return true;
}

static void begin_life(struct life *life, struct peer *peer)
{
    struct vg_error error = {0};
    *life = (struct life){.peer = peer};
    cr_assert_eq(store_state_open(peer->state, &peers_story.chain.cluster, peer->config.node,
                                  &peer->config.keys.state, &life->state, &life->applied, &error),
                 VG_OK, "%s", error.text);
    struct store_clearances *table = store_clearances_new(&peers_story.chain.genesis, NULL);
    life->machine = (struct response_machine){.genesis = &peers_story.chain.genesis,
                                              .cluster = peers_story.chain.cluster,
                                              .signer = &vg_signer_ed25519,
                                              .kv = store_state_kv(life->state),
                                              .level = store_clearances_level,
                                              .clearance = table};
    life->clearing = (struct store_clearing){.config = &peer->config,
                                             .machine = &life->machine,
                                             .state = life->state,
                                             .applied = &life->applied,
                                             .table = table,
                                             .commit = commit_life,
                                             .context = life};
    store_clearing_open(&life->clearing);
}

/* What is not committed is gone. */
static void kill_life(struct life *life)
{
    store_clearing_close(&life->clearing);
    store_clearances_free(life->clearing.table);
    store_state_close(life->state);
}

static void live_to(struct life *life, uint64_t last)
{
    const struct response_keys keys = {.find = response_key_find,
                                       .context = &life->machine,
                                       .data_key = peers_find_key,
                                       .keyring = &life->peer->keys};
    while (life->applied.index < last) {
        struct ledger_view view;
        struct response_opened opened;
        struct response_outcome outcome;
        cr_assert_eq(
            ledger_parse(vg_blob_span(peers_story.entries[life->applied.index]), &view, NULL),
            VG_OK);
        response_open(&peers_story.chain.genesis, &peers_story.chain.cluster, &keys,
                      &vg_signer_ed25519, &view, &opened);
        enum response_applied result = response_apply(&life->machine, &view, &opened, &outcome);
        if (view.envelope.type == LEDGER_CONTROL && result == RESPONSE_APPLIED_OUTCOME) {
            store_clearing_heed(&life->clearing, &outcome.id, view.header.index);
            store_clearing_heed(&life->clearing, &outcome.keyed, view.header.index);
            if (outcome.error.code != VG_OK)
                store_clearing_refused(&life->clearing, opened.command.body);
        }
        response_opened_free(&opened, &view);
        life->applied = (struct store_position){view.header.index, view.hash};
    }
}

static struct store_clearance standing(struct life *life)
{
    struct store_clearance one = {.status = RESPONSE_BLIND};
    store_clearances_get(life->clearing.table, &peers_story.compartment, &one);
    return one;
}

/* One step; whether it did something, or all was done before. */
static bool moves(struct life *life, enum store_pace *pace)
{
    int phase = (int)life->clearing.phase;
    bool rebuilds = life->clearing.rebuild != NULL;
    *pace = store_clearing_step(&life->clearing);
    return *pace != STORE_PACE_SOON || phase != (int)life->clearing.phase ||
           rebuilds != (life->clearing.rebuild != NULL);
}

/* So many steps that did something; false if all was done before. */
static bool step(struct life *life, uint32_t count)
{
    enum store_pace pace = STORE_PACE_NOW;
    for (; count > 0 && pace != STORE_PACE_IDLE; count--)
        AWAIT(moves(life, &pace));
    return pace != STORE_PACE_IDLE;
}

/* Ends a life after every number of steps, and lets the next one finish. How many there were. */
static uint32_t kill_everywhere(struct peer *peer, uint64_t before, uint64_t last,
                                void (*check)(struct life *life))
{
    bool cut = true;
    char command[4 * SCRATCH_PATH];
    struct life life;
    uint32_t count = 0;
    for (; cut; count++) {
        snprintf(command, sizeof command, "rm -rf %s %s", peer->state, peer->rebuilds);
        cr_assert_eq(system(command), 0);
        atomic_store(&peer->keys.secret, true);
        atomic_store(&peer->keys.opened, 0);
        begin_life(&life, peer);
        live_to(&life, before);
        while (step(&life, 1))
            ;
        live_to(&life, last);
        commit_life(&life);
        cut = step(&life, count);
        kill_life(&life);
        begin_life(&life, peer);
        while (step(&life, 1))
            ;
        check(&life);
        kill_life(&life);
    }
    return count;
}

static struct peer_found expected; /* of the node that is cleared all along */

static void is_level(struct life *life)
{
    struct peer_found found;
    peer_look(&life->machine, &found);
    cr_assert_eq(standing(life).status, RESPONSE_LEVEL);
    peer_expect_equal(found, expected);
    cr_assert(peers_is_empty(life->peer->rebuilds));
}

static void is_gone(struct life *life)
{
    struct peer_found found;
    peer_look(&life->machine, &found);
    cr_assert_eq(standing(life).status, RESPONSE_REMOVING);
    cr_assert(standing(life).owes);
    cr_assert_not(atomic_load(&life->peer->keys.secret));
    peer_expect_nothing(found);
    cr_assert(peers_is_empty(life->peer->rebuilds));
}

Test(store_clearance_killed, a_rebuild_that_is_killed_anywhere_ends_the_same)
{
    static struct peer one, two;
    struct life life;
    cleared_create(&peers_story);
    cleared_tell(&peers_story, 20, NOTE_BYTES);
    uint64_t before = peers_story.chain.last;
    cleared_grant(&peers_story);
    cleared_tell(&peers_story, 2, 100);
    peers_append();
    peer_prepare(&one, 1);
    peer_prepare(&two, 2);
    begin_life(&life, &two);
    live_to(&life, peers_story.chain.last);
    peer_look(&life.machine, &expected);
    kill_life(&life);
    cr_assert_gt(kill_everywhere(&one, before, peers_story.chain.last, is_level), 6);
    storebox_close(&peers_box);
}

/* Node 1 is cleared and has a state, and then something takes both from it. */
static void kill_a_removal(void (*taken)(struct cleared *story))
{
    static struct peer one;
    cleared_create(&peers_story);
    cleared_grant(&peers_story);
    cleared_tell(&peers_story, 40, NOTE_BYTES);
    uint64_t before = peers_story.chain.last;
    taken(&peers_story);
    peers_append();
    peer_prepare(&one, 1);
    cr_assert_gt(kill_everywhere(&one, before, peers_story.chain.last, is_gone), 6);
    storebox_close(&peers_box);
}

Test(store_clearance_killed, a_removal_that_is_killed_anywhere_ends_the_same)
{
    kill_a_removal(cleared_revoke);
}

Test(store_clearance_killed, a_shredding_that_is_killed_anywhere_ends_the_same)
{
    kill_a_removal(cleared_shred);
}

/* Node 1 never held its key, and may have offered one for a record that never came into force. */
Test(store_clearance_killed, a_node_that_is_blind_to_what_is_shredded_destroys_its_keys_too)
{
    static struct peer one, two;
    peer_prepare(&one, 1);
    peer_prepare(&two, 2);
    peer_start(&one);
    peer_start(&two);
    cleared_create(&peers_story);
    cleared_tell(&peers_story, 3, 100);
    peer_follow(&one);
    peer_follow(&two);
    cr_assert_eq(peer_status(&one), RESPONSE_BLIND);
    cleared_shred(&peers_story);
    cleared_tell(&peers_story, 1, 100);
    peer_follow(&one);
    peer_follow(&two);
    AWAIT(peer_owes(&one) && peer_owes(&two));
    cr_assert_not(atomic_load(&one.keys.secret));
    cr_assert_not(atomic_load(&two.keys.secret));
    peer_expect_nothing(peer_ask(&one));
    peer_expect_nothing(peer_ask(&two));
    cr_assert_eq(peer_ask(&two).counters.voided, 1, "what was sealed before anybody knew");
    cleared_attest(&peers_story);
    peer_follow(&one);
    AWAIT(peer_status(&one) == RESPONSE_BLIND);
    struct vg_error why = {0};
    cr_assert_eq(store_clearances_offers(store_applier_clearances(one.applier),
                                         &peers_story.compartment, &why),
                 VG_FORBIDDEN);
    store_applier_close(one.applier);
    store_applier_close(two.applier);
    peer_start(&one);
    cr_assert_eq(peer_status(&one), RESPONSE_BLIND);
    store_applier_close(one.applier);
    storebox_close(&peers_box);
    cr_expect_not(LEAKS_FOUND());
}

/* ---- offers ------------------------------------------------------------------------------------
 */

/* Node 1 is blind, and has an unwrap key that it has offered. */
static void begin_offered(struct peer *one)
{
    peer_prepare(one, 1);
    one->keys.asked = true;
    atomic_store(&one->keys.secret, false);
    peer_start(one);
    cleared_create(&peers_story);
    peer_follow(one);
    peer_offer(one);
    peers_story.chain.time_ms += 60 * 1000; /* when it looks again */
    cleared_tell(&peers_story, 3, 100);
    peer_follow(one);
}

static bool keeps_its_offer(struct peer *one)
{
    return peer_status(one) == RESPONSE_BLIND && atomic_load(&one->keys.secret);
}

/* It is gone, nothing is owed for it, and the next one is another. */
static void expect_spent(struct peer *one)
{
    AWAIT(peer_status(one) == RESPONSE_BLIND && !atomic_load(&one->keys.secret));
    cr_assert_eq(atomic_load(&one->keys.destroyed), 1);
    cr_assert_not(peer_owes(one));
    cr_assert_eq(peer_offers(one), VG_OK);
    atomic_store(&one->keys.secret, true);
    cleared_grant(&peers_story);
    cleared_tell(&peers_story, 1, 100);
    peer_follow(one);
    AWAIT(peer_status(one) == RESPONSE_LEVEL);
    store_applier_close(one->applier);
    storebox_close(&peers_box);
}

Test(store_clearance_killed, an_offer_is_destroyed_once_the_record_that_wraps_for_it_is_refused)
{
    static struct peer one;
    begin_offered(&one);
    peers_refused_at = peers_story.chain.last + 1;
    cleared_refuse(&peers_story, false);
    peer_follow(&one);
    cr_assert(keeps_its_offer(&one), "a record that is not for it is nothing to it");
    peers_refused_at = peers_story.chain.last + 1;
    cleared_refuse(&peers_story, true);
    peer_follow(&one);
    expect_spent(&one);
}

Test(store_clearance_killed, an_offer_is_destroyed_once_another_epoch_comes_into_force)
{
    static struct peer one;
    begin_offered(&one);
    cr_assert(keeps_its_offer(&one));
    cleared_rotate(&peers_story);
    peer_follow(&one);
    expect_spent(&one);
}

Test(store_clearance_killed,
     an_offer_waits_with_its_proposal_and_is_destroyed_when_that_is_rejected)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    static struct peer one;
    begin_offered(&one);
    vg_id proposal = cleared_propose(&peers_story, peers_story.chain.time_ms + 7 * DAY_MS);
    peers_story.chain.time_ms += 6 * DAY_MS;
    cleared_tell(&peers_story, 1, 100);
    peer_follow(&one);
    cr_assert(keeps_its_offer(&one));
    cleared_reject(&peers_story, &proposal);
    peer_follow(&one);
    expect_spent(&one);
}

Test(store_clearance_killed, an_offer_is_destroyed_once_its_proposal_has_expired)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    static struct peer one;
    begin_offered(&one);
    uint64_t expires_at = peers_story.chain.time_ms + DAY_MS;
    cleared_propose(&peers_story, expires_at);
    peers_story.chain.time_ms = expires_at - 60 * 1000;
    cleared_tell(&peers_story, 1, 100);
    peer_follow(&one);
    cr_assert(keeps_its_offer(&one));
    peers_story.chain.time_ms = expires_at + 60 * 1000;
    cleared_tell(&peers_story, 1, 100);
    peer_follow(&one);
    expect_spent(&one);
}

Test(store_clearance_killed, an_offer_that_nothing_uses_is_destroyed_after_seven_days)
{
    enum { WEEK_MS = 7 * 24 * 3600 * 1000 };
    static struct peer one;
    begin_offered(&one);
    uint64_t made_at = one.keys.since_ms;
    peers_story.chain.time_ms = made_at + WEEK_MS - 60 * 1000;
    cleared_tell(&peers_story, 1, 100);
    peer_follow(&one);
    cr_assert(keeps_its_offer(&one));
    peers_story.chain.time_ms = made_at + WEEK_MS + 60 * 1000;
    cleared_tell(&peers_story, 1, 100);
    peer_follow(&one);
    expect_spent(&one);
}

/* Of a compartment that never begins, with the key of one that did. */
Test(store_clearance_killed, an_offer_for_a_compartment_that_never_begins_is_destroyed_as_well)
{
    enum { WEEK_MS = 7 * 24 * 3600 * 1000 };
    static struct peer one;
    begin_offered(&one);
    atomic_store(&one.keys.stray, true);
    uint64_t made_at = one.keys.since_ms;
    peers_story.chain.time_ms = made_at + WEEK_MS - 60 * 1000;
    cleared_tell(&peers_story, 1, 100);
    peer_follow(&one);
    cr_assert(atomic_load(&one.keys.stray));
    peers_story.chain.time_ms = made_at + WEEK_MS + 60 * 1000;
    cleared_tell(&peers_story, 1, 100);
    peer_follow(&one);
    AWAIT(!atomic_load(&one.keys.stray));
    expect_spent(&one);
}

/* The log is applied once more, by a node whose state is gone: what ends on the way has ended keys
 * of before, not the one that it has. */
static void expect_kept_once_granted(struct peer *one)
{
    static struct peer two;
    peer_offer(one);
    cleared_grant(&peers_story);
    cleared_tell(&peers_story, 3, 100);
    peer_follow(one);
    AWAIT(peer_status(one) == RESPONSE_LEVEL);
    peer_remake(one);
    AWAIT(peer_status(one) == RESPONSE_LEVEL);
    cr_assert_eq(atomic_load(&one->keys.destroyed), 0);
    peer_prepare(&two, 2);
    peer_start(&two);
    peer_follow(&two);
    peer_expect_equal(peer_ask(one), peer_ask(&two));
    store_applier_close(one->applier);
    store_applier_close(two.applier);
    storebox_close(&peers_box);
}

Test(store_clearance_killed, a_state_made_anew_leaves_the_key_of_a_later_grant)
{
    enum { MONTH_MS = 30u * 24 * 3600 * 1000 };
    static struct peer one;
    peer_prepare(&one, 1);
    atomic_store(&one.keys.secret, false);
    peer_start(&one);
    cleared_create(&peers_story);
    cleared_rotate(&peers_story);
    peers_story.chain.time_ms += MONTH_MS; /* longer than an offer is kept */
    cleared_tell(&peers_story, 3, 100);
    peer_follow(&one);
    expect_kept_once_granted(&one);
}

Test(store_clearance_killed, a_state_made_anew_leaves_the_key_of_a_second_grant)
{
    static struct peer one;
    peer_prepare(&one, 1);
    one.keys.asked = true;
    peer_start(&one);
    cleared_create(&peers_story);
    cleared_grant(&peers_story);
    cleared_tell(&peers_story, 3, 100);
    cleared_revoke(&peers_story);
    peer_follow(&one);
    AWAIT(peer_owes(&one));
    cleared_attest(&peers_story);
    peer_follow(&one);
    AWAIT(peer_status(&one) == RESPONSE_BLIND);
    expect_kept_once_granted(&one);
}

/* Not granted yet. */
Test(store_clearance_killed, a_state_made_anew_leaves_an_offer)
{
    static struct peer one;
    begin_offered(&one);
    peer_remake(&one);
    cr_assert(keeps_its_offer(&one));
    cleared_grant(&peers_story);
    peer_follow(&one);
    AWAIT(peer_status(&one) == RESPONSE_LEVEL);
    store_applier_close(one.applier);
    storebox_close(&peers_box);
}

static void has_no_offer(struct life *life)
{
    cr_assert_eq(standing(life).status, RESPONSE_BLIND);
    cr_assert_not(standing(life).owes);
    cr_assert_not(atomic_load(&life->peer->keys.secret));
}

Test(store_clearance_killed, a_refused_offer_is_destroyed_wherever_the_node_is_killed)
{
    static struct peer one;
    cleared_create(&peers_story);
    cleared_tell(&peers_story, 3, 100);
    uint64_t before = peers_story.chain.last;
    cleared_refuse(&peers_story, true);
    peers_append();
    peer_prepare(&one, 1);
    one.keys.asked = true;
    cr_assert_gt(kill_everywhere(&one, before, peers_story.chain.last, has_no_offer), 1);
    storebox_close(&peers_box);
}
