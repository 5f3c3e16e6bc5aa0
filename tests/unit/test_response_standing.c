/* SPDX-License-Identifier: Apache-2.0
 * A machine that is not level for a compartment: its entries are judged for their epoch, as
 * everywhere, and passed by. And the notes of a node about its own clearance. */
#include <criterion/criterion.h>

#include "proto/response/standing.h"
#include "tests/lib/play.h"

static bool of_none(void *clearance, const vg_id *compartment)
{
    (void)clearance;
    (void)compartment;
    return false;
}

/* A told story. */
static struct play tell(void)
{
    struct play play = play_new(RESPONSE_ASSESS);
    play_do(&play, RESPONSE_OP_NOTE);
    return play;
}

/* The same log at a desk that is level for the directory alone; counts what became of entries. */
static struct desk *replay_blind(const struct desk *desk, uint32_t counts[])
{
    struct desk *blind = desk_new_bare();
    struct response_outcome outcome;
    blind->machine.level = of_none;
    for (uint64_t i = 1; i <= ledger_tail_last(desk->log); i++)
        counts[desk_apply(blind, ledger_tail_get(desk->log, i), &outcome)]++;
    return blind;
}

static bool is_empty(const struct desk *desk, const vg_id *compartment)
{
    const struct vg_kv *kv = &desk->machine.kv;
    vg_span prefix = vg_span_of(compartment->bytes, sizeof compartment->bytes);
    vg_span key;
    vg_span value;
    return !kv->next(kv->context, prefix, prefix, false, &key, &value);
}

static bool same_hash(const struct desk *a, const struct desk *b, const vg_id *compartment)
{
    vg_hash ours = response_state_hash(&a->machine, compartment);
    vg_hash theirs = response_state_hash(&b->machine, compartment);
    return vg_hash_equal(&ours, &theirs);
}

Test(standing, entries_of_a_compartment_that_is_not_level_are_passed_by)
{
    static const vg_id control;
    struct play play = tell();
    struct response_counters all;
    struct response_counters blind_all;
    uint32_t counts[RESPONSE_APPLIED_OUTCOME + 1] = {0};
    struct desk *blind = replay_blind(play.desk, counts);
    const vg_id *first = &play.desk->genesis.first;
    cr_assert(is_empty(blind, first));
    cr_assert_not(is_empty(play.desk, first));
    cr_assert(same_hash(play.desk, blind, &control));
    cr_assert(same_hash(play.desk, blind, &play.desk->genesis.directory));
    cr_assert_not(same_hash(play.desk, blind, first));
    cr_assert_eq(response_cursor(&blind->machine), response_cursor(&play.desk->machine));
    response_counters_get(&play.desk->machine, &all);
    response_counters_get(&blind->machine, &blind_all);
    cr_assert_eq(blind_all.voided, all.voided);
    cr_assert_eq(all.blind, 0);
    cr_assert_gt(blind_all.blind, 0);
    cr_assert_eq(counts[RESPONSE_APPLIED_BLIND], blind_all.blind);
    cr_assert_eq(blind_all.accepted + blind_all.blind, all.accepted);
    desk_free(blind);
    play_free(&play);
}

/* Its epoch is judged all the same: stale is stale everywhere. */
Test(standing, an_entry_that_is_passed_by_lacks_no_key_and_may_be_stale)
{
    struct play play = tell();
    struct desk *desk = play.desk;
    struct desk_order note = play_order(&play, RESPONSE_OP_NOTE);
    struct response_opened unopened = {.code = VG_UNAVAILABLE};
    struct response_outcome outcome;
    struct response_counters counters;
    struct ledger_view view;
    cr_assert_eq(ledger_parse(vg_blob_span(desk_append(desk, &note)), &view, NULL), VG_OK);
    cr_assert(response_lacks_key(&desk->machine, &view, &unopened));
    desk->machine.level = of_none;
    cr_assert_not(response_lacks_key(&desk->machine, &view, &unopened));
    cr_assert_not(response_is_level(&desk->machine, &desk->genesis.first));
    cr_assert(response_is_level(&desk->machine, &desk->genesis.directory));
    view.envelope.epoch += 7;
    cr_assert_eq(response_apply(&desk->machine, &view, &unopened, &outcome),
                 RESPONSE_APPLIED_STALE);
    response_counters_get(&desk->machine, &counters);
    cr_assert(counters.voided == 1 && counters.blind == 0);
    play_free(&play);
}

static void note(const struct desk *desk, uint8_t id, enum response_status status)
{
    const struct response_standing standing = {{{id}}, status};
    response_standing_put(&desk->machine, &standing);
}

Test(standing, notes_are_kept_apart_from_the_state_and_listed)
{
    static const vg_id control;
    struct desk *desk = desk_new();
    struct response_standing found = {.status = RESPONSE_BLIND};
    vg_hash before = response_state_hash_scan(&desk->machine, &control);
    note(desk, 3, RESPONSE_REMOVING);
    note(desk, 2, RESPONSE_LEVEL);
    note(desk, 4, RESPONSE_STOPPED);
    note(desk, 4, RESPONSE_BLIND);
    vg_hash after = response_state_hash_scan(&desk->machine, &control);
    cr_assert(vg_hash_equal(&before, &after));
    cr_assert(response_standing_next(&desk->machine, &found));
    cr_assert(found.compartment.bytes[0] == 2 && found.status == RESPONSE_LEVEL);
    cr_assert(response_standing_next(&desk->machine, &found));
    cr_assert(found.compartment.bytes[0] == 3 && found.status == RESPONSE_REMOVING);
    cr_assert_not(response_standing_next(&desk->machine, &found));
    found = response_standing_get(&desk->machine, &(const vg_id){{4}});
    cr_assert_eq(found.status, RESPONSE_BLIND);
    desk_free(desk);
}
