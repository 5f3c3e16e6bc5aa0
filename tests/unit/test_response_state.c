/* SPDX-License-Identifier: Apache-2.0
 * The state: opening entries, cursors, state hashes, replay. */
#include <criterion/criterion.h>
#include <signal.h>

#include "common/text.h"
#include "proto/response/records.h"
#include "proto/response/sum.h"
#include "tests/lib/fast_signer.h"
#include "tests/lib/story.h"

/* ---- opening -----------------------------------------------------------------------------------
 */

struct opening {
    struct desk *desk;
    struct ledger_view view;
    struct response_opened opened;
};

static void open_entry(struct opening *opening)
{
    const struct response_keys keys = {.find = response_key_find,
                                       .context = &opening->desk->machine};
    response_open(&opening->desk->genesis, &opening->desk->cluster, &keys, &fast_signer,
                  &opening->view, &opening->opened);
}

static struct opening opening_of(struct desk_order order)
{
    struct opening opening = {.desk = desk_new()};
    struct vg_error error;
    cr_assert_eq(
        ledger_parse(vg_blob_span(desk_append(opening.desk, &order)), &opening.view, &error),
        VG_OK);
    open_entry(&opening);
    return opening;
}

static void assert_void_when_applied(struct opening *opening)
{
    struct response_counters counters;
    cr_assert_eq(response_apply(&opening->desk->machine, &opening->view, &opening->opened, NULL),
                 RESPONSE_APPLIED_VOID);
    response_counters_get(&opening->desk->machine, &counters);
    cr_assert_eq(counters.voided, 1);
    cr_assert_eq(response_cursor(&opening->desk->machine), opening->view.header.index);
    desk_free(opening->desk);
}

static void assert_void(struct opening *opening, const char *says)
{
    open_entry(opening);
    cr_assert_eq(opening->opened.code, VG_INTEGRITY);
    cr_assert_not_null(strstr(opening->opened.error.text, says), "%s", opening->opened.error.text);
    assert_void_when_applied(opening);
}

Test(open, a_good_entry_opens)
{
    struct opening opening = opening_of(desk_detect("seen", ""));
    cr_assert_eq(opening.opened.code, VG_OK, "%s", opening.opened.error.text);
    cr_assert(
        vg_id_equal(&opening.opened.command.author, &opening.desk->genesis.people[DESK_ANN].id));
    desk_free(opening.desk);
}

/* It opens, for an entry before it may have given that key to the author; that none did is seen
 * when it is applied. */
Test(open, another_persons_signature_is_void_when_it_is_applied)
{
    struct desk *desk = desk_new();
    desk->secrets[DESK_ANN] = desk->secrets[DESK_BEN];
    struct desk_order order = desk_detect("seen", "");
    struct opening opening = {.desk = desk};
    order.outdated = true;
    cr_assert_eq(ledger_parse(vg_blob_span(desk_append(desk, &order)), &opening.view, NULL), VG_OK);
    open_entry(&opening);
    cr_assert_eq(opening.opened.code, VG_OK);
    cr_assert(opening.opened.checked);
    cr_assert_not(opening.opened.verified);
    assert_void_when_applied(&opening);
}

/* It opens, for an entry before it may enroll the author; that none did is seen when it is applied.
 */
Test(open, an_unknown_author_is_void_when_it_is_applied)
{
    struct opening opening = opening_of(desk_detect("seen", ""));
    opening.desk->genesis.people[DESK_ANN].id.bytes[3] ^= 1;
    open_entry(&opening);
    cr_assert_eq(opening.opened.code, VG_OK);
    cr_assert_not(opening.opened.checked);
    assert_void_when_applied(&opening);
}

static bool find_nobody(void *context, const vg_id *author, vg_public_key *key)
{
    (void)context;
    (void)author;
    (void)key;
    return false;
}

/* The author was not known when it was opened: the signature is looked at when it is applied. */
Test(open, a_forged_signature_of_an_author_unknown_at_first_is_void_when_it_is_applied)
{
    const struct response_keys nobody = {.find = find_nobody};
    for (int forged = 0; forged <= 1; forged++) {
        struct opening opening = {.desk = desk_new()};
        struct desk_order order = desk_detect("seen", "");
        struct response_outcome outcome;
        order.outdated = forged;
        if (forged)
            opening.desk->secrets[DESK_ANN] = opening.desk->secrets[DESK_BEN];
        struct vg_blob *entry = desk_append(opening.desk, &order);
        cr_assert_eq(ledger_parse(vg_blob_span(entry), &opening.view, NULL), VG_OK);
        response_open(&opening.desk->genesis, &opening.desk->cluster, &nobody, &fast_signer,
                      &opening.view, &opening.opened);
        cr_assert(opening.opened.code == VG_OK && !opening.opened.verified);
        cr_assert_eq(
            response_apply(&opening.desk->machine, &opening.view, &opening.opened, &outcome),
            forged ? RESPONSE_APPLIED_VOID : RESPONSE_APPLIED_OUTCOME);
        desk_free(opening.desk);
    }
}

/* A command whose type was altered on its way is no noop: each part that a noop has not is enough
 * to tell. */
Test(open, what_has_more_than_a_noop_is_void_as_one)
{
    static const struct ledger_envelope altered[] = {
        {.type = LEDGER_NOOP, .body_size = LEDGER_BODY_UNIT}, {.type = LEDGER_NOOP, .epoch = 1},
        {.type = LEDGER_NOOP, .compartment = {{0xc0}}},       {.type = LEDGER_NOOP, .nonce = {1}},
        {.type = LEDGER_NOOP, .commitment = {{1}}},           {.type = LEDGER_CONFIG, .nonce = {1}},
    };
    for (size_t i = 0; i < sizeof altered / sizeof altered[0]; i++) {
        struct opening opening = opening_of(desk_detect("seen", ""));
        opening.view.envelope = altered[i];
        assert_void_when_applied(&opening);
    }
}

Test(open, a_noop_is_not_counted)
{
    struct desk *desk = desk_new();
    struct response_counters counters;
    desk_noop(desk);
    response_counters_get(&desk->machine, &counters);
    cr_assert_eq(counters.voided, 0);
    desk_free(desk);
}

Test(open, a_command_for_another_cluster_is_void)
{
    struct opening opening = opening_of(desk_detect("seen", ""));
    opening.desk->cluster.bytes[31] ^= 1;
    assert_void(&opening, "another cluster");
}

Test(open, a_command_for_another_compartment_is_void)
{
    struct opening opening = opening_of(desk_detect("seen", ""));
    opening.view.envelope.compartment.bytes[0] ^= 1;
    assert_void(&opening, "another compartment");
}

Test(open, another_commitment_is_void)
{
    struct opening opening = opening_of(desk_detect("seen", ""));
    opening.view.envelope.commitment.bytes[0] ^= 1;
    assert_void(&opening, "commitment");
}

Test(open, an_epoch_where_none_is_in_force_is_void)
{
    struct opening opening = opening_of(desk_detect("seen", ""));
    struct response_counters counters;
    opening.view.envelope.epoch = 1;
    open_entry(&opening);
    cr_assert_eq(response_apply(&opening.desk->machine, &opening.view, &opening.opened, NULL),
                 RESPONSE_APPLIED_STALE);
    response_counters_get(&opening.desk->machine, &counters);
    cr_assert_eq(counters.voided, 1);
    desk_free(opening.desk);
}

Test(open, a_clear_body_is_void_without_the_genesis_flag)
{
    struct opening opening = opening_of(desk_detect("seen", ""));
    opening.desk->genesis.flags = 0;
    assert_void(&opening, "genesis");
}

/* ---- state hash --------------------------------------------------------------------------------
 */

static void assert_hashes_hold(const struct desk *desk)
{
    const vg_id compartments[] = {desk->genesis.directory, desk->genesis.first, story_second};
    for (size_t i = 0; i < 3; i++) {
        vg_hash kept = response_state_hash(&desk->machine, &compartments[i]);
        vg_hash scanned = response_state_hash_scan(&desk->machine, &compartments[i]);
        cr_assert(vg_hash_equal(&kept, &scanned), "compartment %zu", i);
    }
}

/* Every operation, accepted and refused, in two compartments. */
static void assert_sum(const struct response_sum *sum, const uint64_t lanes[4])
{
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(sum->lanes[i], lanes[i], "lane %zu", i);
}

Test(sum, carries_and_borrows_through_every_lane)
{
    struct response_sum sum = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    const struct response_sum one = {{1}};
    const struct response_sum high = {{0, UINT64_MAX, 0, 1}};
    response_sum_add(&sum, &one);
    assert_sum(&sum, (const uint64_t[]){0, 0, 0, 0});
    response_sum_subtract(&sum, &one);
    assert_sum(&sum, (const uint64_t[]){UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX});
    response_sum_add(&sum, &high);
    assert_sum(&sum, (const uint64_t[]){UINT64_MAX, UINT64_MAX - 1, 0, 1});
    response_sum_subtract(&sum, &high);
    assert_sum(&sum, (const uint64_t[]){UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX});
}

Test(sum, is_a_little_endian_number)
{
    vg_hash digest = {{1, 2}};
    digest.bytes[31] = 3;
    struct response_sum sum = response_sum_of(&digest);
    assert_sum(&sum, (const uint64_t[]){0x0201, 0, 0, UINT64_C(3) << 56});
    vg_hash back = response_sum_digest(&sum);
    cr_assert(vg_hash_equal(&digest, &back));
}

Test(state, an_untouched_compartment_hashes_to_zero)
{
    struct desk *desk = desk_new();
    static const vg_hash zero;
    vg_hash hash = response_state_hash(&desk->machine, &desk->genesis.first);
    cr_assert(vg_hash_equal(&hash, &zero));
    assert_hashes_hold(desk);
    desk_free(desk);
}

Test(state, the_kept_hash_is_what_a_scan_computes)
{
    struct desk *desk = desk_new();
    story_tell(desk);
    assert_hashes_hold(desk);
    desk_free(desk);
}

Test(state, any_accepted_change_changes_the_hash)
{
    struct desk *desk = desk_new();
    struct desk_order order = desk_detect("odd login", "");
    vg_id id = desk_send(desk, &order).id;
    vg_hash before = response_state_hash(&desk->machine, &desk->genesis.first);
    order = desk_note(&id, "x");
    desk_send(desk, &order);
    vg_hash after = response_state_hash(&desk->machine, &desk->genesis.first);
    cr_assert_not(vg_hash_equal(&before, &after));
    desk_free(desk);
}

Test(state, the_wording_of_refusals_is_not_in_the_hash)
{
    struct desk *desk = desk_new();
    struct vg_kv kv = memkv_kv(desk->store);
    struct desk_order order = desk_import("A-1", "{}");
    order.person = DESK_REPORTER;
    cr_assert_eq(desk_send(desk, &order).error.code, VG_FORBIDDEN);
    vg_hash before = response_state_hash_scan(&desk->machine, &desk->genesis.first);
    uint8_t prefix[17];
    vg_span key, value;
    memcpy(prefix, desk->genesis.first.bytes, 16);
    prefix[16] = 's';
    vg_span sentences = vg_span_of(prefix, sizeof prefix);
    cr_assert(kv.next(kv.context, sentences, sentences, false, &key, &value));
    kv.put(kv.context, key, vg_span_text("in other words"));
    vg_hash after = response_state_hash_scan(&desk->machine, &desk->genesis.first);
    cr_assert(vg_hash_equal(&before, &after));
    desk_free(desk);
}

Test(state, a_damaged_pair_shows_in_the_scan)
{
    struct desk *desk = desk_new();
    struct vg_kv kv = memkv_kv(desk->store);
    story_tell(desk);
    uint8_t bytes[17];
    vg_span key, value;
    memcpy(bytes, desk->genesis.first.bytes, 16);
    bytes[16] = 'i';
    vg_span prefix = vg_span_of(bytes, sizeof bytes);
    cr_assert(kv.next(kv.context, prefix, prefix, false, &key, &value));
    kv.put(kv.context, key, vg_span_text("damaged"));
    vg_hash kept = response_state_hash(&desk->machine, &desk->genesis.first);
    vg_hash scanned = response_state_hash_scan(&desk->machine, &desk->genesis.first);
    cr_assert_not(vg_hash_equal(&kept, &scanned));
    desk_free(desk);
}

Test(state, a_value_that_does_not_decode_stops_the_process, .signal = SIGABRT)
{
    struct desk *desk = desk_new();
    struct vg_kv kv = memkv_kv(desk->store);
    struct desk_order order = desk_detect("odd login", "");
    vg_id id = desk_send(desk, &order).id;
    uint8_t key[34];
    memcpy(key, desk->genesis.first.bytes, 16);
    key[16] = 'i';
    memcpy(key + 17, id.bytes, 16);
    key[33] = '0';
    kv.put(kv.context, vg_span_of(key, sizeof key), vg_span_text("damaged"));
    desk_incident(desk, &id);
}

/* Else it would be a bool of 2, and equal to neither. */
Test(state, a_flag_that_is_none_stops_the_process, .signal = SIGABRT)
{
    enum { FLAG_AT = 1 + 2 + sizeof(vg_id) }; /* behind the array's head and the incident */
    struct response_filter filter = {.count = 1};
    struct vg_buffer bytes = {0};
    response_filter_encode(&filter, &bytes);
    response_filter_decode(vg_buffer_span(&bytes), &filter);
    bytes.data[FLAG_AT] = 2;
    response_filter_decode(vg_buffer_span(&bytes), &filter);
}

Test(state, replay_from_the_start_gives_the_same_pairs)
{
    struct desk *desk = desk_new();
    story_tell(desk);
    struct desk *replayed = desk_replay(desk);
    cr_assert(memkv_equal(desk->store, replayed->store));
    cr_assert_eq(response_cursor(&desk->machine), ledger_tail_last(desk->log));
    desk_free(replayed);
    desk_free(desk);
}

/* A crash takes back what was not committed; the log fills the gap to the same state. */
Test(state, replay_from_any_commit_gives_the_same_pairs)
{
    struct desk *desk = desk_new();
    story_tell(desk);
    uint64_t last = ledger_tail_last(desk->log);
    for (uint64_t commit = 0; commit <= last; commit++) {
        struct desk *node = desk_new_bare();
        struct response_outcome outcome;
        for (uint64_t i = 1; i <= last; i++) {
            desk_apply(node, ledger_tail_get(desk->log, i), &outcome);
            if (i == commit)
                memkv_commit(node->store);
        }
        memkv_rollback(node->store);
        cr_assert_eq(response_cursor(&node->machine), commit);
        for (uint64_t i = commit + 1; i <= last; i++)
            desk_apply(node, ledger_tail_get(desk->log, i), &outcome);
        cr_assert(memkv_equal(desk->store, node->store), "commit at %llu",
                  (unsigned long long)commit);
        desk_free(node);
    }
    desk_free(desk);
}

static void assert_golden(const struct desk *desk, const vg_id *compartment, const char *golden)
{
    char text[VG_HASH_TEXT];
    vg_hash hash = response_state_hash(&desk->machine, compartment);
    vg_hex_format(vg_span_of(hash.bytes, sizeof hash.bytes), text);
    cr_expect_str_eq(text, golden);
}

/* Frozen: later releases replay this log to the same hashes (DESIGN section 3, rules version). */
Test(state, golden_hashes_of_rules_version_1)
{
    static const vg_id control;
    struct desk *desk = desk_new();
    story_tell(desk);
    assert_golden(desk, &desk->genesis.directory,
                  "bec88cd82d22dc95f21030158f6764bdcac7f49198cf0682cea3bfd081ff6634");
    assert_golden(desk, &desk->genesis.first,
                  "1a16a2101be456f622a9068de7e8972dcd375bccf91d3c533712f54ee7b74a7d");
    assert_golden(desk, &story_second,
                  "1388ec49e7222b33fb43cfe5f10d04e9d7c2960101db23d6aa0a4f194910379c");
    desk_free(desk);
    struct play play = story_tell_all();
    assert_golden(play.desk, &control,
                  "2a28abf5ac1aeeb4e4af830d2dad5d4466f171b73d9ed44d553c2600b3a4f2a6");
    assert_golden(play.desk, &play.desk->genesis.directory,
                  "93053ce1ec8ac01792a8a1278442aa7432722ac4f432423479a948cb412f5bc8");
    assert_golden(play.desk, &play.desk->genesis.first,
                  "52292a7d7597262a413b163359688ea0fcd8594074443d0eeb43a49d121ed9bf");
    play_free(&play);
}
