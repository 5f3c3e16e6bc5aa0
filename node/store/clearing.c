/* SPDX-License-Identifier: Apache-2.0 */
#include "node/store/clearing.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "proto/response/clearance.h"
#include "proto/response/offers.h"
#include "proto/response/shred.h"
#include "proto/response/standing.h"

enum {
    SLICE_BYTES = 1 << 20,     /* dropped or copied between two looks at queries and entries */
    NEAR_ENTRIES = 1024,       /* that the cursor waits for a rebuild to come up by */
    NEAR_MAX_US = 2000 * 1000, /* and how long */
    RETRY_US = 1000 * 1000,    /* of what the disk or the keyring refuses */
};

/* Of log time: between two looks at offers that nothing tells of, and as long as they are kept, as
 * long as a proposal may wait. */
static const uint64_t OFFERS_LOOK_MS = 60 * 1000;
static const uint64_t OFFER_KEPT_MS = 7ULL * 24 * 3600 * 1000;

/* ---- notes -------------------------------------------------------------------------------------
 */

static bool is_directory(const struct store_clearing *clearing, const vg_id *compartment)
{
    return vg_id_equal(compartment, &clearing->machine->genesis->directory);
}

/* The directory has none, and is level. */
static struct response_standing note_of(const struct store_clearing *clearing,
                                        const vg_id *compartment)
{
    if (is_directory(clearing, compartment))
        return (struct response_standing){*compartment, RESPONSE_LEVEL};
    return response_standing_get(clearing->machine, compartment);
}

static bool is_open(const struct store_clearance *one)
{
    return one->status == RESPONSE_REBUILDING || (one->status == RESPONSE_REMOVING && !one->owes);
}

static void count_open(struct store_clearing *clearing)
{
    struct store_clearance one = {.epoch = 0};
    clearing->open = 0;
    while (store_clearances_next(clearing->table, &one))
        clearing->open += is_open(&one);
}

static void tell(const struct store_clearance *one)
{
    static const struct {
        enum vg_log_level level;
        const char *event; /* NULL: "clearance" */
    } how[RESPONSE_STATUSES] = {
        [RESPONSE_STOPPED] = {VG_LOG_WARN, "key-missing"},
        [RESPONSE_DIVERGED] = {VG_LOG_ERROR, "diverged"},
    };
    char id[VG_ID_TEXT];
    vg_id_format(&one->compartment, id);
    bool changes = how[one->status].event == NULL;
    vg_log(changes ? VG_LOG_INFO : how[one->status].level,
           changes ? "clearance" : how[one->status].event,
           "compartment=%s epoch=%" PRIu64 " status=%s%s%s", id, one->epoch,
           response_status_name(one->status), one->why[0] != '\0' ? " " : "", one->why);
}

/* Notes it in the state and for other threads; says what is new since `before`. */
static void keep(struct store_clearing *clearing, const struct store_clearance *one,
                 enum response_status before)
{
    const struct response_standing note = {one->compartment, one->status};
    struct store_clearance known;
    bool again = store_clearances_get(clearing->table, &one->compartment, &known) &&
                 known.status == one->status;
    if (store_clearances_put(clearing->table, one) != VG_OK) {
        vg_log(VG_LOG_WARN, "clearance", "more than %d compartments; this node is blind for others",
               STORE_CLEARANCES_MAX);
        return;
    }
    if (!is_directory(clearing, &one->compartment))
        response_standing_put(clearing->machine, &note);
    if (!again && (one->status != before || one->status == RESPONSE_STOPPED))
        tell(one);
    clearing->dirty |= one->status != before;
    count_open(clearing);
}

/* ---- judging -----------------------------------------------------------------------------------
 */

static bool holds(const struct store_clearing *clearing, const struct compartment_epoch *epoch)
{
    return response_epoch_holds(clearing->machine, &epoch->compartment, clearing->config->node);
}

/* A shredded compartment is removed by a node that was blind to it too: it may have offered an
 * unwrap key. */
static bool owes_word(const struct store_clearing *clearing, const vg_id *compartment)
{
    struct response_revoked revoked;
    return response_shredded_at(clearing->machine, compartment) > 0 &&
           response_revoked_get(clearing->machine, compartment, clearing->config->node, &revoked) &&
           revoked.attested == 0;
}

/* Whoever opens and seals has the epoch's key from here on, unless it is not to be had. */
static enum vg_code learn(const struct store_clearing *clearing, const struct response_epoch *epoch,
                          struct vg_error *why)
{
    const struct store_keys *keys = &clearing->config->keys;
    vg_hash place = response_epoch_place(clearing->machine, epoch);
    return keys->learn == NULL ? VG_OK : keys->learn(keys->context, &epoch->record, &place, why);
}

/* The unwrap key here of a compartment; false if there is none. */
static bool find_offer(const struct store_clearing *clearing, const vg_id *compartment,
                       struct response_offer *out)
{
    const struct store_keys *keys = &clearing->config->keys;
    out->node = clearing->config->node;
    return keys->offered != NULL && keys->offered(keys->context, compartment, out);
}

/* The log is applied once more, and what it has up to here knows nothing of this key: whatever ends
 * there has ended another one. */
static bool is_later(const struct store_clearing *clearing, const struct response_offer *offer)
{
    return offer->index > clearing->applied->index;
}

/* An unwrap key was offered for an epoch that another has come before. */
static bool is_passed_over(const struct store_clearing *clearing,
                           const struct response_epoch *epoch, uint64_t index)
{
    struct response_offer offer;
    return epoch->since == index && find_offer(clearing, &epoch->record.compartment, &offer) &&
           !is_later(clearing, &offer);
}

/* A compartment of which there is nothing here but a key that is not to be touched. */
static bool has_later(const struct store_clearing *clearing, const vg_id *compartment,
                      enum response_status before)
{
    struct response_offer offer;
    return before == RESPONSE_STOPPED && find_offer(clearing, compartment, &offer) &&
           is_later(clearing, &offer);
}

static enum response_status judge(const struct store_clearing *clearing,
                                  const struct response_epoch *epoch, enum response_status before,
                                  bool has_key, uint64_t index)
{
    bool first = epoch->record.epoch == 1 && epoch->since == index;
    if (before == RESPONSE_REMOVING)
        return before;
    const vg_id *compartment = &epoch->record.compartment;
    bool blind = before == RESPONSE_BLIND && !owes_word(clearing, compartment) &&
                 !is_passed_over(clearing, epoch, index);
    if (!holds(clearing, &epoch->record))
        return blind || has_later(clearing, compartment, before) ? RESPONSE_BLIND
                                                                 : RESPONSE_REMOVING;
    if (!has_key)
        return RESPONSE_STOPPED;
    if (first || before == RESPONSE_LEVEL || before == RESPONSE_DIVERGED)
        return RESPONSE_LEVEL;
    return RESPONSE_REBUILDING; /* entries were passed by */
}

const char *store_clearing_remedy(bool directory, enum vg_code why)
{
    static const char *const remedies[2][2] = {
        {"put this node's keyring back; if it is lost, let a key officer revoke this node and "
         "grant it anew once it has attested; or, where no other node has the key either, let "
         "two recover the compartment",
         "let a key officer rotate it, and see which node made this epoch"},
        {"put this node's keyring back",
         "let a key officer rotate the directory at another node (vigil compartment rotate "
         "directory --node ...), and see which node made this epoch"},
    };
    return remedies[directory][why == VG_INTEGRITY];
}

static void say_what_stops(const struct store_clearing *clearing, const struct vg_error *why,
                           struct store_clearance *one)
{
    snprintf(one->why, sizeof one->why, "this node has no key for it: %.250s; %s", why->text,
             store_clearing_remedy(is_directory(clearing, &one->compartment), why->code));
}

static void say_how_it_differs(const struct response_accord *accord, struct store_clearance *one)
{
    char here[VG_HASH_TEXT], there[VG_HASH_TEXT];
    vg_hex_format(vg_span_of(accord->own.hash.bytes, sizeof(vg_hash)), here);
    vg_hex_format(vg_span_of(accord->counts.mark.hash.bytes, sizeof(vg_hash)), there);
    snprintf(one->why, sizeof one->why,
             "as of entry %" PRIu64 " its state hash is %s here, and %s at node %" PRIu64
             " (%" PRIu32 " of %" PRIu32 " checkpoints); stop this node, remove the folder "
             "\"state\" in its data folder, start it again: the state is made anew from the log",
             accord->mark, here, there, accord->counts.node.value, accord->agree,
             accord->agree + accord->differ);
}

static void name_earlier(const struct store_clearing *clearing,
                         const struct response_accord *accord, struct store_clearance *one)
{
    for (uint32_t i = 0; i < one->holder_count; i++) {
        vg_node_id holder = one->holders[i];
        if (holder.value < clearing->config->node.value &&
            !response_accord_differs(clearing->machine, &one->compartment, accord, holder))
            one->earlier[one->earlier_count++] = holder;
    }
}

/* What is level is diverged where its checkpoints say so, and the other way round. */
static void compare(const struct store_clearing *clearing, struct store_clearance *one)
{
    struct response_accord accord;
    const vg_id *id = &one->compartment;
    one->due.index = one->earlier_count = 0;
    if (is_directory(clearing, id) ||
        (one->status != RESPONSE_LEVEL && one->status != RESPONSE_DIVERGED))
        return;
    response_accord_get(clearing->machine, id, &accord);
    one->said = accord.mark;
    one->status = accord.astray ? RESPONSE_DIVERGED : RESPONSE_LEVEL;
    one->why[0] = '\0';
    if (accord.astray)
        say_how_it_differs(&accord, one);
    if (response_checkpoint_due(clearing->machine, id, clearing->config->node, &one->due,
                                &one->due_at_once))
        name_earlier(clearing, &accord, one);
    else
        one->due.index = 0;
}

/* A rebuild that is for nothing any more. */
static void drop_rebuild(struct store_clearing *clearing, const vg_id *compartment)
{
    if (clearing->rebuild == NULL ||
        !vg_id_equal(store_rebuild_compartment(clearing->rebuild), compartment))
        return;
    store_rebuild_close(clearing->rebuild);
    clearing->rebuild = NULL;
}

void store_clearing_heed(struct store_clearing *clearing, const vg_id *compartment, uint64_t index)
{
    struct response_epoch epoch;
    struct vg_error why = {0};
    const struct response_machine *machine = clearing->machine;
    uint64_t in_force = response_epoch_in_force(machine, compartment);
    if (in_force == 0 || !response_epoch_get(machine, compartment, in_force, &epoch))
        return;
    struct response_standing note = note_of(clearing, compartment);
    struct store_clearance one = {.compartment = *compartment, .epoch = in_force};
    bool has_key = learn(clearing, &epoch, &why) == VG_OK;
    one.status = judge(clearing, &epoch, note.status, has_key, index);
    one.shredded = response_shredded_at(machine, compartment);
    if (one.shredded == 0)
        one.holder_count = response_epoch_nodes(machine, compartment, one.holders);
    if (one.status == RESPONSE_STOPPED)
        say_what_stops(clearing, &why, &one);
    if (one.status != RESPONSE_REBUILDING)
        drop_rebuild(clearing, compartment);
    compare(clearing, &one);
    keep(clearing, &one, note.status);
}

static void check(struct store_clearing *clearing, const vg_id *compartment)
{
    struct store_clearance one;
    if (!store_clearances_get(clearing->table, compartment, &one))
        return; /* in clear */
    enum response_status before = one.status;
    compare(clearing, &one);
    keep(clearing, &one, before);
}

/* What a node has said of its state counts until it is evicted, in every compartment. */
void store_clearing_check(struct store_clearing *clearing, const struct response_outcome *outcome)
{
    struct store_clearance one = {.epoch = 0};
    vg_node_id node;
    if (outcome->checks)
        check(clearing, &outcome->compartment);
    if (!response_is_node_author(&outcome->keyed, &node))
        return;
    while (store_clearances_next(clearing->table, &one))
        check(clearing, &one.compartment);
}

void store_clearing_stop(struct store_clearing *clearing, const vg_id *compartment,
                         const struct vg_error *why)
{
    struct store_clearance one;
    bool known = store_clearances_get(clearing->table, compartment, &one);
    assert(known);
    enum response_status before = one.status;
    one.status = RESPONSE_STOPPED;
    say_what_stops(clearing, why, &one);
    drop_rebuild(clearing, compartment);
    keep(clearing, &one, before);
}

/* ---- offers ------------------------------------------------------------------------------------
 */

/* The next unwrap key of a compartment that this node holds no epoch of, or that has none: not of
 * one that was founded with the cluster and is in clear. */
static bool next_offer(const struct store_clearing *clearing, struct response_offer *offer)
{
    const struct store_keys *keys = &clearing->config->keys;
    struct store_clearance one;
    offer->node = clearing->config->node;
    while (keys->next_offered != NULL && keys->next_offered(keys->context, offer)) {
        bool begun = response_epoch_in_force(clearing->machine, &offer->compartment) > 0;
        bool blind = store_clearances_get(clearing->table, &offer->compartment, &one) &&
                     one.status == RESPONSE_BLIND;
        if (!is_later(clearing, offer) && (begun ? blind : offer->index > 0))
            return true;
    }
    return false;
}

/* The unwrap secret of an offer opens what was wrapped to it, and nothing will come into force that
 * is: it is removed as if this node had been cleared. Of a compartment that was never begun there
 * is nothing else. */
static void spend(struct store_clearing *clearing, const struct response_offer *offer)
{
    const struct store_keys *keys = &clearing->config->keys;
    struct store_clearance one;
    struct vg_error why = {0};
    if (store_clearances_get(clearing->table, &offer->compartment, &one)) {
        one.status = RESPONSE_REMOVING;
        keep(clearing, &one, RESPONSE_BLIND);
    } else if (keys->destroy(keys->context, &offer->compartment, &why) != VG_OK) {
        vg_log(VG_LOG_WARN, "offer-left", "%s; trying again", why.text);
    }
}

void store_clearing_refused(struct store_clearing *clearing, vg_span command)
{
    struct response_offer offer = {.index = 0};
    while (next_offer(clearing, &offer)) {
        if (response_offer_is_in(&offer, command))
            spend(clearing, &offer);
    }
}

void store_clearing_look(struct store_clearing *clearing, uint64_t time_ms, bool at_once)
{
    struct response_offer offer = {.index = 0};
    if (!at_once && time_ms < clearing->look_ms)
        return;
    clearing->look_ms = time_ms + OFFERS_LOOK_MS;
    while (next_offer(clearing, &offer)) {
        enum response_offer_use use = response_offer_use(clearing->machine, &offer, time_ms);
        bool old = use == RESPONSE_OFFER_UNUSED && time_ms > offer.time_ms + OFFER_KEPT_MS;
        if (old || use == RESPONSE_OFFER_MISSED)
            spend(clearing, &offer);
    }
}

/* ---- removing ----------------------------------------------------------------------------------
 */

/* What was done before is committed. */
static bool flush(struct store_clearing *clearing)
{
    if (clearing->dirty && clearing->commit(clearing->context))
        clearing->dirty = false;
    return !clearing->dirty;
}

static enum store_pace done_some(struct store_clearing *clearing)
{
    clearing->dirty = true;
    return STORE_PACE_NOW;
}

/* Something outside of the state cannot be done now; it is said once. */
static enum store_pace retry_later(struct store_clearing *clearing, struct store_clearance *one,
                                   const struct vg_error *why)
{
    if (one->retry_us == 0)
        vg_log(VG_LOG_WARN, "clearance", "%s; trying again", why->text);
    one->retry_us = vg_clock_system.monotonic_us() + RETRY_US;
    store_clearances_put(clearing->table, one);
    return STORE_PACE_SOON;
}

/* Unwrap secret, state key and data keys; and what was rebuilt. */
static enum vg_code destroy(const struct store_clearing *clearing, const vg_id *compartment,
                            struct vg_error *error)
{
    const struct store_keys *keys = &clearing->config->keys;
    enum vg_code code = VG_OK;
    if (keys->destroy != NULL)
        code = keys->destroy(keys->context, compartment, error);
    store_state_forget_key(clearing->state, compartment);
    if (code == VG_OK && clearing->config->rebuilds != NULL)
        code = store_rebuild_remove(clearing->config->rebuilds, compartment, error);
    return code;
}

/* Nothing is left here: once the log has this node's word for it, it is blind. */
static void settle(struct store_clearing *clearing, struct store_clearance *one)
{
    struct response_revoked revoked;
    bool known = response_revoked_get(clearing->machine, &one->compartment, clearing->config->node,
                                      &revoked);
    one->owes = known && revoked.attested == 0;
    one->ended = revoked.epoch;
    if (one->owes) {
        keep(clearing, one, RESPONSE_REMOVING);
        return;
    }
    const struct response_standing none = {one->compartment, RESPONSE_BLIND};
    response_standing_put(clearing->machine, &none);
    store_clearing_heed(clearing, &one->compartment, UINT64_MAX); /* granted again, perhaps */
}

static enum store_pace remove_some(struct store_clearing *clearing, struct store_clearance *one)
{
    const vg_id *id = &one->compartment;
    struct vg_error why = {0};
    if (!flush(clearing))
        return STORE_PACE_SOON;
    if (store_state_drop(clearing->state, vg_span_of(id->bytes, sizeof id->bytes), SLICE_BYTES) ||
        response_state_forget(clearing->machine, id))
        return done_some(clearing);
    if (destroy(clearing, id, &why) != VG_OK)
        return retry_later(clearing, one, &why);
    settle(clearing, one);
    return done_some(clearing);
}

/* ---- rebuilding --------------------------------------------------------------------------------
 */

static enum store_pace begin_rebuild(struct store_clearing *clearing, struct store_clearance *one)
{
    struct vg_error why = {0};
    if (clearing->config->rebuilds == NULL)
        return STORE_PACE_IDLE;
    if (store_rebuild_open(clearing->config, &one->compartment, &clearing->rebuild, &why) != VG_OK)
        return retry_later(clearing, one, &why);
    one->retry_us = 0;
    store_clearances_put(clearing->table, one);
    clearing->phase = STORE_REBUILD_RUNS;
    clearing->stood_at = UINT64_MAX;
    return STORE_PACE_SOON;
}

/* Far behind: it goes on beside the cursor. */
static enum store_pace run(struct store_clearing *clearing, struct store_clearance *one)
{
    struct vg_error why = {0};
    uint64_t index = clearing->applied->index;
    if (store_rebuild_stopped(clearing->rebuild, &why)) {
        store_clearing_stop(clearing, &one->compartment, &why);
        return STORE_PACE_NOW;
    }
    store_rebuild_feed(clearing->rebuild, index);
    one->rebuilt = store_rebuild_cursor(clearing->rebuild);
    store_clearances_put(clearing->table, one);
    if (one->rebuilt != clearing->stood_at && one->rebuilt <= index &&
        index - one->rebuilt <= NEAR_ENTRIES) {
        clearing->phase = STORE_REBUILD_NEARS;
        clearing->near_until_us = vg_clock_system.monotonic_us() + NEAR_MAX_US;
    }
    return STORE_PACE_SOON;
}

/* Near: the cursor waits until both have applied the same. */
static enum store_pace come_near(struct store_clearing *clearing, struct store_clearance *one)
{
    struct vg_error why = {0};
    uint64_t index = clearing->applied->index;
    store_rebuild_feed(clearing->rebuild, index);
    if (store_rebuild_cursor(clearing->rebuild) == index) {
        clearing->phase = STORE_REBUILD_DROPS;
        if (store_rebuild_finish(clearing->rebuild, index, &why) == VG_OK)
            return STORE_PACE_NOW;
        drop_rebuild(clearing, &one->compartment);
        return retry_later(clearing, one, &why);
    }
    if (vg_clock_system.monotonic_us() >= clearing->near_until_us) {
        clearing->phase = STORE_REBUILD_RUNS; /* the log's disk is behind, or an entry is damaged */
        clearing->stood_at = store_rebuild_cursor(clearing->rebuild);
    }
    return STORE_PACE_SOON;
}

/* Rows of before, or of a takeover that was cut off. */
static enum store_pace drop_some(struct store_clearing *clearing, struct store_clearance *one)
{
    const vg_id *id = &one->compartment;
    if (store_state_drop(clearing->state, vg_span_of(id->bytes, sizeof id->bytes), SLICE_BYTES))
        return done_some(clearing);
    clearing->phase = STORE_REBUILD_COPIES;
    vg_buffer_clear(&clearing->last);
    return STORE_PACE_NOW;
}

static enum store_pace copy_some(struct store_clearing *clearing, struct store_clearance *one)
{
    const vg_id *id = &one->compartment;
    const struct response_machine rebuilt = store_rebuild_machine(clearing->rebuild);
    if (store_state_copy(clearing->state, store_rebuild_state(clearing->rebuild),
                         vg_span_of(id->bytes, sizeof id->bytes), &clearing->last, SLICE_BYTES))
        return done_some(clearing);
    response_state_adopt(clearing->machine, &rebuilt, id);
    one->status = RESPONSE_LEVEL;
    one->rebuilt = 0;
    compare(clearing, one);
    clearing->phase = STORE_REBUILD_DONE;
    keep(clearing, one, RESPONSE_REBUILDING);
    return done_some(clearing);
}

/* It is level, and that is committed. */
static enum store_pace clean_up(struct store_clearing *clearing)
{
    vg_id compartment = *store_rebuild_compartment(clearing->rebuild);
    struct vg_error why = {0};
    drop_rebuild(clearing, &compartment);
    if (store_rebuild_remove(clearing->config->rebuilds, &compartment, &why) != VG_OK)
        vg_log(VG_LOG_WARN, "rebuild-left", "%s", why.text);
    return STORE_PACE_NOW;
}

static enum store_pace take_over(struct store_clearing *clearing, struct store_clearance *one)
{
    if (!flush(clearing))
        return STORE_PACE_SOON;
    switch (clearing->phase) {
    case STORE_REBUILD_RUNS:
        return run(clearing, one);
    case STORE_REBUILD_NEARS:
        return come_near(clearing, one);
    case STORE_REBUILD_DROPS:
        return drop_some(clearing, one);
    case STORE_REBUILD_COPIES:
        return copy_some(clearing, one);
    default:
        return clean_up(clearing);
    }
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static enum store_pace step_one(struct store_clearing *clearing, struct store_clearance *one)
{
    if (one->status == RESPONSE_REMOVING)
        return remove_some(clearing, one);
    return clearing->rebuild == NULL ? begin_rebuild(clearing, one) : take_over(clearing, one);
}

/* What is being taken over, for which the cursor waits; then removals; then what is rebuilt. Not
 * what is to be tried again later. */
static bool next_open(const struct store_clearing *clearing, struct store_clearance *out)
{
    const struct store_rebuild *rebuild = clearing->rebuild;
    struct store_clearance one = {.epoch = 0};
    uint64_t now_us = vg_clock_system.monotonic_us();
    bool found = rebuild != NULL &&
                 store_clearances_get(clearing->table, store_rebuild_compartment(rebuild), out);
    while (!store_clearing_pauses(clearing) && store_clearances_next(clearing->table, &one)) {
        if (!is_open(&one) || one.retry_us > now_us || (found && one.status != RESPONSE_REMOVING))
            continue;
        *out = one;
        found = true;
    }
    return found;
}

enum store_pace store_clearing_step(struct store_clearing *clearing)
{
    struct store_clearance one;
    if (clearing->open == 0 && clearing->rebuild == NULL)
        return flush(clearing) ? STORE_PACE_IDLE : STORE_PACE_SOON;
    if (!next_open(clearing, &one))
        return STORE_PACE_SOON;
    return step_one(clearing, &one);
}

bool store_clearing_pauses(const struct store_clearing *clearing)
{
    return clearing->rebuild != NULL && clearing->phase >= STORE_REBUILD_NEARS;
}

static bool is_rebuilt(void *context, const vg_id *compartment)
{
    struct store_clearing *clearing = context;
    return response_standing_get(clearing->machine, compartment).status == RESPONSE_REBUILDING;
}

void store_clearing_open(struct store_clearing *clearing)
{
    struct response_epoch epoch = {.since = 0};
    struct vg_error ignored = {0};
    uint64_t index = clearing->applied->index == 0 ? 0 : UINT64_MAX;
    while (response_epoch_next(clearing->machine, &epoch))
        learn(clearing, &epoch, &ignored);
    epoch = (struct response_epoch){.since = 0};
    while (response_epoch_next(clearing->machine, &epoch))
        store_clearing_heed(clearing, &epoch.record.compartment, index);
    if (clearing->config->rebuilds != NULL)
        store_rebuilds_sweep(clearing->config->rebuilds, is_rebuilt, clearing);
}

void store_clearing_close(struct store_clearing *clearing)
{
    store_rebuild_close(clearing->rebuild);
    clearing->rebuild = NULL;
    vg_buffer_free(&clearing->last);
}
