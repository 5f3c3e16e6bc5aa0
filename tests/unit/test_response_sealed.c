/* SPDX-License-Identifier: Apache-2.0
 * A sealed compartment in the log: what opens, what is void, and which epoch is in force where. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "proto/response/epochs.h"
#include "tests/lib/fast_signer.h"
#include "tests/lib/play.h"
#include "tests/lib/sealing.h"

static struct desk_order name_ben(struct play *play, const char *name)
{
    struct desk_order order = play_order(play, RESPONSE_OP_PERSON);
    order.command.person.person = desk_author(play->desk, DESK_BEN);
    order.command.person.name = vg_span_text(name);
    order.request = desk_request(play->desk, play->desk->time_ms);
    return order;
}

static struct vg_blob *append(struct play *play, const struct desk_order *order, uint64_t epoch)
{
    play->desk->seals_under = epoch;
    struct vg_blob *entry = desk_append(play->desk, order);
    play->desk->seals_under = 0;
    return entry;
}

static enum response_applied apply(struct play *play, const struct desk_order *order,
                                   uint64_t epoch)
{
    struct response_outcome outcome;
    return desk_apply(play->desk, append(play, order, epoch), &outcome);
}

static uint64_t in_force(const struct play *play)
{
    return response_epoch_in_force(&play->desk->machine, &play->desk->genesis.directory);
}

static void rotate_to(struct play *play, uint64_t epoch)
{
    uint8_t record[COMPARTMENT_EPOCH_MAX];
    struct desk_order order = play_order(play, RESPONSE_OP_ROTATE);
    struct compartment_epoch next = sealing_epoch(&play->desk->genesis.directory, epoch);
    order.command.clearing.epoch = vg_span_of(record, compartment_epoch_encode(&next, record));
    struct response_outcome outcome = play_send(play, order);
    cr_assert_eq(outcome.error.code, VG_OK, "%s", outcome.error.text);
    cr_assert(vg_id_equal(&outcome.id, &play->desk->genesis.directory));
}

/* To the second epoch, without the wrap of this node. */
static struct desk_order rotation_without(struct play *play, uint64_t node)
{
    static uint8_t record[COMPARTMENT_EPOCH_MAX];
    struct desk_order order = play_order(play, RESPONSE_OP_ROTATE);
    struct compartment_epoch next = sealing_epoch(&play->desk->genesis.directory, 2);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < next.wrap_count; i++)
        if (next.wraps[i].holder.value != node)
            next.wraps[kept++] = next.wraps[i];
    next.wrap_count = kept;
    order.command.clearing.epoch = vg_span_of(record, compartment_epoch_encode(&next, record));
    return order;
}

static bool holds(vg_span bytes, const char *text)
{
    size_t size = strlen(text);
    for (size_t at = 0; at + size <= bytes.size; at++) {
        if (memcmp(bytes.data + at, text, size) == 0)
            return true;
    }
    return false;
}

Test(sealed, an_entry_holds_no_text_of_its_command)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order name = name_ben(&play, "Ben Canary"),
                      note = play_order(&play, RESPONSE_OP_NOTE);
    note.command.note.text = vg_span_text("Ben Canary");
    cr_assert_not(holds(vg_blob_span(append(&play, &name, 0)), "Canary"));
    cr_assert(holds(vg_blob_span(append(&play, &note, 0)), "Canary"));
    play_free(&play);
}

/* What the genesis has of the one compartment does not hide what it has of the other. */
Test(sealed, both_compartments_of_the_genesis_have_their_first_epoch_from_it)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct ledger_genesis *genesis = &play.desk->genesis;
    const struct response_machine *machine = &play.desk->machine;
    struct response_epoch epoch = {.since = 0}, found;
    cr_assert_eq(response_epoch_in_force(machine, &genesis->first), 0);
    cr_assert_not(response_epoch_get(machine, &genesis->first, 1, &found));
    genesis->epochs[LEDGER_FIRST] = sealing_epoch(&genesis->first, 1);
    rotate_to(&play, 2);
    const struct {
        const vg_id *compartment;
        uint64_t epoch;
    } all[] = {{&genesis->directory, 1}, {&genesis->first, 1}, {&genesis->directory, 2}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        cr_assert(response_epoch_next(machine, &epoch));
        cr_assert(vg_id_equal(&epoch.record.compartment, all[i].compartment));
        cr_assert_eq(epoch.record.epoch, all[i].epoch);
        cr_assert_eq(epoch.since > 0, all[i].epoch > 1);
    }
    cr_assert_not(response_epoch_next(machine, &epoch));
    cr_assert_eq(response_epoch_in_force(machine, &genesis->first), 1);
    cr_assert(response_epoch_get(machine, &genesis->first, 1, &found));
    genesis->epochs[LEDGER_DIRECTORY].epoch = 0;
    epoch = (struct response_epoch){.since = 0};
    cr_assert(response_epoch_next(machine, &epoch));
    cr_assert(vg_id_equal(&epoch.record.compartment, &genesis->first));
    play_free(&play);
}

/* The epoch is a function of the index: at the one of the new epoch's entry, after and before. */
Test(sealed, an_epoch_is_in_force_from_the_entry_after_its_own)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_epoch first, second;
    const vg_id *directory = &play.desk->genesis.directory;
    struct desk_order name = name_ben(&play, "Ben");
    cr_assert_eq(in_force(&play), 1);
    cr_assert_eq(apply(&play, &name, 2), RESPONSE_APPLIED_STALE);
    cr_assert_eq(apply(&play, &name, 1), RESPONSE_APPLIED_OUTCOME);
    rotate_to(&play, 2);
    uint64_t since = ledger_tail_last(play.desk->log);
    name = name_ben(&play, "Benjamin");
    cr_assert_eq(in_force(&play), 2);
    cr_assert_eq(apply(&play, &name, 1), RESPONSE_APPLIED_STALE);
    cr_assert_eq(apply(&play, &name, 3), RESPONSE_APPLIED_STALE);
    cr_assert_eq(apply(&play, &name, 2), RESPONSE_APPLIED_OUTCOME);
    cr_assert(response_epoch_get(&play.desk->machine, directory, 1, &first));
    cr_assert(response_epoch_get(&play.desk->machine, directory, 2, &second));
    cr_assert_not(response_epoch_get(&play.desk->machine, directory, 3, &second));
    cr_assert_eq(first.since, 0);
    play_free(&play);
    cr_assert_gt(since, 0);
}

Test(sealed, a_node_is_cleared_by_a_wrap_in_the_epoch_in_force)
{
    struct play play = play_new(RESPONSE_DETECT);
    const struct response_machine *machine = &play.desk->machine;
    const vg_id *directory = &play.desk->genesis.directory;
    cr_assert(response_epoch_holds(machine, directory, (vg_node_id){2}));
    cr_assert_not(response_epoch_holds(machine, directory, (vg_node_id){3}));
    cr_assert_not(response_epoch_holds(machine, &play.desk->genesis.first, (vg_node_id){2}),
                  "in clear");
    play_evict(&play, 2);
    struct desk_order order = rotation_without(&play, 2);
    play_must(&play, order);
    cr_assert_not(response_epoch_holds(machine, directory, (vg_node_id){2}));
    cr_assert(response_epoch_holds(machine, directory, (vg_node_id){1}));
    play_free(&play);
}

Test(sealed, epochs_are_listed_with_their_indices)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_epoch epoch = {.since = 0};
    rotate_to(&play, 2);
    uint64_t since = ledger_tail_last(play.desk->log);
    rotate_to(&play, 3);
    for (uint64_t number = 1; number <= 3; number++) {
        cr_assert(response_epoch_next(&play.desk->machine, &epoch));
        cr_assert_eq(epoch.record.epoch, number);
        cr_assert_eq(epoch.since, number == 1 ? 0 : since + number - 2);
    }
    cr_assert_not(response_epoch_next(&play.desk->machine, &epoch));
    play_free(&play);
}

/* Void entries leave no outcome: the same request, sealed anew, is done, and done once. */
Test(sealed, a_stale_command_is_done_once_when_it_is_sealed_anew)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_counters before, after;
    struct response_outcome outcome;
    struct desk_order name = name_ben(&play, "Ben");
    rotate_to(&play, 2);
    response_counters_get(&play.desk->machine, &before);
    cr_assert_eq(apply(&play, &name, 1), RESPONSE_APPLIED_STALE);
    cr_assert_eq(desk_apply(play.desk, append(&play, &name, 2), &outcome),
                 RESPONSE_APPLIED_OUTCOME);
    cr_assert(outcome.error.code == VG_OK && !outcome.repeated);
    cr_assert_eq(desk_apply(play.desk, append(&play, &name, 2), &outcome),
                 RESPONSE_APPLIED_OUTCOME);
    cr_assert(outcome.error.code == VG_OK && outcome.repeated);
    response_counters_get(&play.desk->machine, &after);
    cr_assert_eq(after.voided - before.voided, 1);
    cr_assert_eq(after.accepted - before.accepted, 1);
    play_free(&play);
}

/* Two key officers, or one twice: the second is refused, and changes nothing. */
Test(sealed, of_two_rotations_made_at_once_one_comes_into_force)
{
    struct play play = play_new(RESPONSE_DETECT);
    uint8_t record[COMPARTMENT_EPOCH_MAX];
    struct compartment_epoch rival = sealing_epoch(&play.desk->genesis.directory, 2);
    struct desk_order order = play_order(&play, RESPONSE_OP_ROTATE);
    rotate_to(&play, 2);
    rival.commitment.bytes[0] ^= 1;
    order.command.clearing.epoch = vg_span_of(record, compartment_epoch_encode(&rival, record));
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_EPOCH_BEHIND));
    rival = sealing_epoch(&play.desk->genesis.directory, 3);
    rival.previous.bytes[31] ^= 1;
    order.command.clearing.epoch = vg_span_of(record, compartment_epoch_encode(&rival, record));
    cr_assert(play_refuses(&play, order, RESPONSE_REFUSED_EPOCH_BEHIND));
    cr_assert_eq(in_force(&play), 2);
    play_free(&play);
}

/* ---- keys --------------------------------------------------------------------------------------
 */

static bool no_key(void *keyring, const vg_id *compartment, uint64_t epoch, vg_cipher_key *key)
{
    (void)keyring;
    (void)compartment;
    (void)epoch;
    (void)key;
    return false;
}

static bool other_key(void *keyring, const vg_id *compartment, uint64_t epoch, vg_cipher_key *key)
{
    return sealing_key(keyring, compartment, epoch + 1, key);
}

static struct response_opened open_with(struct play *play, const struct ledger_view *view,
                                        bool (*find)(void *, const vg_id *, uint64_t,
                                                     vg_cipher_key *))
{
    struct response_opened opened;
    const struct response_keys keys = {
        .find = response_key_find, .context = &play->desk->machine, .data_key = find};
    response_open(&play->desk->genesis, &play->desk->cluster, &keys, &fast_signer, view, &opened);
    return opened;
}

static struct ledger_view view_of(struct vg_blob *entry)
{
    struct ledger_view view;
    cr_assert_eq(ledger_parse(vg_blob_span(entry), &view, NULL), VG_OK);
    return view;
}

Test(sealed, an_entry_without_its_key_waits_and_is_not_void)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_outcome outcome;
    struct desk_order name = name_ben(&play, "Ben");
    struct ledger_view view = view_of(append(&play, &name, 0));
    struct response_opened opened = open_with(&play, &view, no_key);
    cr_assert_eq(opened.code, VG_UNAVAILABLE);
    cr_assert_not_null(strstr(opened.error.text, "no data key of epoch 1"), "%s",
                       opened.error.text);
    cr_assert(response_lacks_key(&play.desk->machine, &view, &opened));
    response_opened_free(&opened, &view);
    opened = open_with(&play, &view, sealing_key);
    cr_assert_not(response_lacks_key(&play.desk->machine, &view, &opened));
    cr_assert_eq(response_apply(&play.desk->machine, &view, &opened, &outcome),
                 RESPONSE_APPLIED_OUTCOME);
    response_opened_free(&opened, &view);
    play_free(&play);
}

/* Blind or not, every node knows that it is void. */
Test(sealed, a_stale_entry_needs_no_key)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_outcome outcome;
    struct desk_order name = name_ben(&play, "Ben");
    struct ledger_view view = view_of(append(&play, &name, 2));
    struct response_opened opened = open_with(&play, &view, no_key);
    cr_assert_not(response_lacks_key(&play.desk->machine, &view, &opened));
    cr_assert_eq(response_apply(&play.desk->machine, &view, &opened, &outcome),
                 RESPONSE_APPLIED_STALE);
    response_opened_free(&opened, &view);
    play_free(&play);
}

Test(sealed, what_does_not_open_under_the_committed_key_is_void)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_outcome outcome;
    struct desk_order name = name_ben(&play, "Ben");
    struct ledger_view view = view_of(append(&play, &name, 0));
    struct response_opened opened = open_with(&play, &view, other_key);
    cr_assert_eq(opened.code, VG_INTEGRITY);
    cr_assert_not_null(strstr(opened.error.text, "entry "), "%s", opened.error.text);
    cr_assert_eq(response_apply(&play.desk->machine, &view, &opened, &outcome),
                 RESPONSE_APPLIED_VOID);
    response_opened_free(&opened, &view);
    play_free(&play);
}

/* The header is the additional data: an origin, compartment or commitment put in later opens
 * nothing. */
Test(sealed, no_bit_of_an_envelope_is_free)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct desk_order name = name_ben(&play, "Ben");
    struct ledger_view view = view_of(append(&play, &name, 0));
    uint8_t envelope[LEDGER_ENVELOPE_SIZE];
    memcpy(envelope, view.envelope_bytes.data, sizeof envelope);
    view.envelope_bytes = vg_span_of(envelope, sizeof envelope);
    for (size_t bit = 0; bit < 8 * sizeof envelope; bit++) {
        envelope[bit / 8] ^= (uint8_t)(1U << bit % 8);
        struct response_opened opened = open_with(&play, &view, sealing_key);
        cr_assert_eq(opened.code, VG_INTEGRITY, "bit %zu", bit);
        response_opened_free(&opened, &view);
        envelope[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    play_free(&play);
}

Test(sealed, a_control_entry_under_an_epoch_is_void)
{
    struct play play = play_new(RESPONSE_DETECT);
    struct response_outcome outcome;
    struct desk_order order = play_order(&play, RESPONSE_OP_ENROLL);
    struct ledger_view view = view_of(append(&play, &order, 0));
    view.envelope.epoch = 1;
    struct response_opened opened = open_with(&play, &view, sealing_key);
    cr_assert_eq(response_apply(&play.desk->machine, &view, &opened, &outcome),
                 RESPONSE_APPLIED_STALE);
    response_opened_free(&opened, &view);
    play_free(&play);
}
