/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/peers.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/store/clearing.h"
#include "tests/lib/await.h"
#include "tests/lib/sealing.h"

static char folder[SCRATCH_PATH];
struct storebox peers_box;
struct cleared peers_story;

void peers_setup(void)
{
    scratch_make(folder);
    storebox_init(&peers_box, folder);
    peers_story = cleared_new();
    storebox_open(&peers_box, &peers_story.chain);
}

void peers_teardown(void)
{
    cleared_free(&peers_story);
    scratch_remove(folder);
}

/* ---- the keys of a node ------------------------------------------------------------------------
 */

static const vg_id stray = {{0xff, 0xff}}; /* after all others */

static bool peers_is_told(const vg_id *compartment)
{
    return vg_id_equal(compartment, &peers_story.compartment);
}

bool peers_find_key(void *context, const vg_id *compartment, uint64_t epoch, vg_cipher_key *key)
{
    struct peer_keys *keys = context;
    if (peers_is_told(compartment) && epoch > atomic_load(&keys->opened))
        return false;
    return sealing_key(NULL, compartment, epoch, key);
}

static enum vg_code learn_key(void *context, const struct compartment_epoch *epoch,
                              const vg_hash *place, struct vg_error *error)
{
    struct peer_keys *keys = context;
    (void)place;
    if (!peers_is_told(&epoch->compartment) || epoch->epoch <= atomic_load(&keys->opened))
        return VG_OK;
    if (!atomic_load(&keys->secret))
        return vg_fail(error, VG_NOT_FOUND, "no unwrap secret");
    if (epoch->epoch <= keys->since_epoch)
        return vg_fail(error, VG_INTEGRITY, "a wrap to a key that was destroyed");
    if (compartment_wrap_of(epoch, (vg_node_id){keys->node}) == NULL)
        return vg_fail(error, VG_NOT_FOUND, "no wrap");
    atomic_store(&keys->opened, epoch->epoch);
    return VG_OK;
}

static enum vg_code destroy_keys(void *context, const vg_id *compartment, struct vg_error *error)
{
    struct peer_keys *keys = context;
    if (!peers_is_told(compartment) && atomic_load(&keys->refuses))
        return vg_fail(error, VG_UNAVAILABLE, "the keyring's folder is full");
    if (vg_id_equal(compartment, &stray))
        atomic_store(&keys->stray, false);
    if (!peers_is_told(compartment))
        return VG_OK;
    atomic_store(&keys->secret, false);
    atomic_store(&keys->opened, 0);
    atomic_fetch_add(&keys->destroyed, 1);
    return VG_OK;
}

/* Destroyed with the unwrap secret. */
static bool find_state_key(void *context, const vg_id *compartment, vg_cipher_key *key)
{
    struct peer_keys *keys = context;
    if (peers_is_told(compartment) && atomic_load(&keys->destroyed) > 0 &&
        !atomic_load(&keys->secret))
        return false;
    return sealing_state_key(NULL, compartment, key);
}

/* The unwrap key of node 1, as the story's records have it. */
static bool find_offered(void *context, const vg_id *compartment, struct response_offer *out)
{
    struct peer_keys *keys = context;
    if (!peers_is_told(compartment) || !keys->asked || !atomic_load(&keys->secret))
        return false;
    struct compartment_epoch record = sealing_epoch_for(compartment, 1, 1 << 1);
    *out = (struct response_offer){.compartment = *compartment,
                                   .node = {keys->node},
                                   .key = record.wraps[0].unwrap,
                                   .index = keys->since,
                                   .time_ms = keys->since_ms};
    return true;
}

static bool next_offered(void *context, struct response_offer *offer)
{
    const struct peer_keys *keys = context;
    const vg_id *told = &peers_story.compartment;
    if (memcmp(&offer->compartment, told, sizeof *told) < 0 && find_offered(context, told, offer))
        return true;
    bool next = memcmp(&offer->compartment, &stray, sizeof stray) < 0 && atomic_load(&keys->stray);
    if (next)
        *offer = (struct response_offer){stray, {keys->node}, {{0}}, keys->since, keys->since_ms};
    return next;
}

/* ---- a node's applier --------------------------------------------------------------------------
 */

uint64_t peers_refused_at;

static void on_applied(void *context, uint64_t index, const struct response_outcome *outcome)
{
    (void)context;
    if (outcome != NULL && index != peers_refused_at)
        assert(outcome->error.code == VG_OK);
}

static void on_stale(void *context, const struct ledger_envelope *envelope)
{
    (void)context;
    (void)envelope;
}

static void on_stopped(void *context, uint64_t index, const struct vg_error *error, bool damaged)
{
    struct peer *peer = context;
    (void)error;
    (void)damaged;
    atomic_store(&peer->stopped_at, index);
}

static void on_going_on(void *context)
{
    (void)context;
}

static void on_wanted(void *context, uint64_t index)
{
    (void)context;
    (void)index;
}

void peer_prepare(struct peer *peer, uint64_t node)
{
    *peer = (struct peer){.keys = {.node = node, .secret = true}};
    snprintf(peer->state, sizeof peer->state, "%s/state%d", folder, (int)node);
    snprintf(peer->rebuilds, sizeof peer->rebuilds, "%s/rebuild%d", folder, (int)node);
    peer->config = (struct store_applier_config){.path = peer->state,
                                                 .node = {node},
                                                 .genesis = &peers_story.chain.genesis,
                                                 .cluster = peers_story.chain.cluster,
                                                 .log = peers_box.log,
                                                 .keys = {.find = peers_find_key,
                                                          .learn = learn_key,
                                                          .destroy = destroy_keys,
                                                          .offered = find_offered,
                                                          .next_offered = next_offered,
                                                          .context = &peer->keys,
                                                          .state = {find_state_key, &peer->keys}},
                                                 .rebuilds = peer->rebuilds,
                                                 .wanted = on_wanted,
                                                 .applied = on_applied,
                                                 .stale = on_stale,
                                                 .stopped = on_stopped,
                                                 .going_on = on_going_on,
                                                 .context = peer};
}

void peer_start(struct peer *peer)
{
    struct vg_error error = {0};
    enum vg_code code = store_applier_open(&peer->config, &peer->applier, &error);
    assert(code == VG_OK);
}

static uint64_t written; /* entries of the story in the log */

/* What was told goes into the log. */
void peers_append(void)
{
    while (written < peers_story.chain.last)
        storebox_append(&peers_box, vg_blob_ref(peers_story.entries[written++]));
    storebox_settle(&peers_box);
}

void peer_follow(struct peer *peer)
{
    peers_append();
    store_applier_commit(peer->applier, peers_story.chain.last, NULL);
    AWAIT(store_applier_cursor(peer->applier) == peers_story.chain.last);
}

void peer_offer(struct peer *peer)
{
    struct peer_keys *keys = &peer->keys;
    keys->asked = true;
    keys->since = peers_story.chain.last;
    keys->since_ms = peers_story.chain.time_ms;
    keys->since_epoch = peers_story.epoch;
    atomic_store(&keys->secret, true);
}

void peer_remake(struct peer *peer)
{
    store_applier_close(peer->applier);
    scratch_remove(peer->state);
    atomic_store(&peer->keys.opened, 0);
    atomic_store(&peer->keys.destroyed, 0);
    peer_start(peer);
    peer_follow(peer);
}

enum response_status peer_status(struct peer *peer)
{
    struct store_clearance one;
    bool known = store_clearances_get(store_applier_clearances(peer->applier),
                                      &peers_story.compartment, &one);
    return known ? one.status : RESPONSE_BLIND;
}

bool peer_owes(struct peer *peer)
{
    struct store_clearance one;
    return store_clearances_get(store_applier_clearances(peer->applier), &peers_story.compartment,
                                &one) &&
           one.owes && one.ended == peers_story.epoch;
}

enum vg_code peer_offers(struct peer *peer)
{
    struct vg_error why = {0};
    enum vg_code code = store_clearances_offers(store_applier_clearances(peer->applier),
                                                &peers_story.compartment, &why);
    assert((code != VG_OK) == (strstr(why.text, "once vigil compartment show") != NULL));
    return code;
}

/* ---- what it has -------------------------------------------------------------------------------
 */

static uint32_t count_rows(const struct response_machine *machine, const vg_id *compartment)
{
    const struct vg_kv *kv = &machine->kv;
    vg_span prefix = vg_span_of(compartment->bytes, sizeof compartment->bytes);
    vg_span key = prefix;
    vg_span value;
    uint32_t rows = 0;
    for (bool more = kv->next(kv->context, prefix, prefix, false, &key, &value); more;
         more = kv->next(kv->context, prefix, key, true, &key, &value))
        rows++;
    return rows;
}

void peer_look(const struct response_machine *machine, struct peer_found *out)
{
    static const vg_id control;
    out->hash = response_state_hash(machine, &peers_story.compartment);
    out->scanned = response_state_hash_scan(machine, &peers_story.compartment);
    out->control = response_state_hash(machine, &control);
    out->directory = response_state_hash(machine, &peers_story.chain.genesis.directory);
    out->rows = count_rows(machine, &peers_story.compartment);
    response_counters_get(machine, &out->counters);
}

static void on_query(void *context, struct response_machine *machine)
{
    struct peer_found *found = context;
    peer_look(machine, found);
    atomic_store(&found->done, true);
}

static void on_cancelled(void *context, const struct vg_error *why)
{
    (void)context;
    fprintf(stderr, "%s\n", why->text);
    abort();
}

struct peer_found peer_ask(struct peer *peer)
{
    static struct peer_found found;
    atomic_store(&found.done, false);
    store_applier_query(peer->applier, peers_story.chain.last, on_query, on_cancelled, &found);
    AWAIT(atomic_load(&found.done));
    return found;
}

void peer_expect_equal(struct peer_found ours, struct peer_found theirs)
{
    assert(vg_hash_equal(&ours.control, &theirs.control));
    assert(vg_hash_equal(&ours.directory, &theirs.directory));
    assert(vg_hash_equal(&ours.hash, &theirs.hash));
    assert(vg_hash_equal(&ours.hash, &ours.scanned));
    assert(ours.rows == theirs.rows);
}

void peer_expect_nothing(struct peer_found found)
{
    static const vg_hash none;
    assert(found.rows == 0);
    assert(vg_hash_equal(&found.hash, &none));
}

bool peers_is_empty(const char *path)
{
    return rmdir(path) == 0 || access(path, F_OK) != 0;
}
