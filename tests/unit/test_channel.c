/* SPDX-License-Identifier: Apache-2.0
 * The channel: its states and bounds, and that nothing comes out of it that did not go in. */
#include <criterion/criterion.h>

#include "common/bytes.h"
#include "common/crypto.h"
#include "proto/channel/channel.h"
#include "tests/lib/leaks.h"

enum { WIRE_MAX = 4096 };

/* Both sides of a channel, and what is on the way to each. */
struct pair {
    struct noise_static statics[2]; /* of the initiator, of the responder */
    struct channel_terms terms[2];
    struct channel sides[2];
    struct vg_buffer to[2];
};

static const vg_channel_secret secrets[2] = {{{1, 2, 3}}, {{4, 5, 6}}};
static const uint8_t seeds[2][VG_SEED_SIZE] = {{7, 8, 9}, {10, 11, 12}};
static struct vg_error error;

static struct pair pair_new(void)
{
    struct pair pair = {0};
    vg_crypto_init();
    for (int i = 0; i < 2; i++)
        pair.terms[i] = (struct channel_terms){
            .door = CHANNEL_PEERS, .cluster = {{1, 2, 3}}, .incarnation = {{(uint8_t)(20 + i)}}};
    return pair;
}

/* Message 1 is on its way. */
static void pair_dial(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        pair->statics[i] = noise_static_of(&secrets[i]);
        pair->terms[i].self = &pair->statics[i];
    }
    channel_await(&pair->sides[1], &pair->terms[1]);
    cr_assert_eq(channel_dial(&pair->sides[0], &pair->terms[0], &pair->statics[1].pub, seeds[0],
                              &pair->to[1], &error),
                 VG_OK);
}

static void pair_free(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        channel_end(&pair->sides[i]);
        vg_buffer_free(&pair->to[i]);
    }
}

static void pair_end(struct pair *pair)
{
    pair_free(pair);
    cr_assert(!LEAKS_FOUND());
}

/* Gives a side what is on its way to it, and takes one event. */
static enum vg_code deliver(struct pair *pair, int side, struct channel_event *event)
{
    channel_feed(&pair->sides[side], vg_buffer_span(&pair->to[side]));
    vg_buffer_clear(&pair->to[side]);
    enum vg_code code = channel_next(&pair->sides[side], event, &pair->to[1 - side], &error);
    cr_assert(code == VG_OK || code == VG_UNAVAILABLE || code == error.code);
    return code;
}

static enum vg_code admit(struct pair *pair)
{
    return channel_admit(&pair->sides[1], seeds[1], &pair->to[0], &error);
}

/* Both sides open, nothing on the way. */
static void pair_open(struct pair *pair)
{
    struct channel_event event;
    pair_dial(pair);
    cr_assert_eq(deliver(pair, 1, &event), VG_OK);
    cr_assert_eq(event.kind, CHANNEL_ASKS);
    cr_assert_eq(admit(pair), VG_OK);
    cr_assert_eq(deliver(pair, 0, &event), VG_OK);
    cr_assert_eq(event.kind, CHANNEL_OPENED);
    cr_assert_eq(deliver(pair, 1, &event), VG_OK);
    cr_assert_eq(event.kind, CHANNEL_OPENED);
}

static void say(struct pair *pair, int from, const char *text)
{
    channel_seal(&pair->sides[from], vg_span_text(text), &pair->to[1 - from]);
}

static void expect_text(struct pair *pair, int side, const char *text)
{
    struct channel_event event;
    cr_assert_eq(deliver(pair, side, &event), VG_OK, "%s", error.text);
    cr_assert(event.kind == CHANNEL_BYTES && vg_span_equal(event.bytes, vg_span_text(text)));
}

Test(channel, each_side_learns_who_the_other_is)
{
    struct pair pair = pair_new();
    struct channel_event event;
    pair_dial(&pair);
    cr_assert_eq(pair.to[1].size, 2 + 96);
    cr_assert_eq(deliver(&pair, 1, &event), VG_OK);
    cr_assert_eq(event.kind, CHANNEL_ASKS);
    cr_assert_arr_eq(event.theirs.bytes, pair.statics[0].pub.bytes, NOISE_KEY_SIZE);
    cr_assert_eq(pair.to[0].size, 0, "nothing is answered before the key is admitted");
    cr_assert_eq(admit(&pair), VG_OK);
    cr_assert_eq(pair.to[0].size, 2 + 64);
    cr_assert_eq(deliver(&pair, 0, &event), VG_OK);
    cr_assert_eq(event.kind, CHANNEL_OPENED);
    cr_assert_arr_eq(event.theirs.bytes, pair.statics[1].pub.bytes, NOISE_KEY_SIZE);
    cr_assert(vg_id_equal(&event.incarnation, &pair.terms[1].incarnation));
    cr_assert_eq(pair.to[1].size, 2 + 32);
    cr_assert_not(pair.sides[1].opened, "message 1 may be a replay");
    cr_assert_eq(deliver(&pair, 1, &event), VG_OK);
    cr_assert_eq(event.kind, CHANNEL_OPENED);
    cr_assert_arr_eq(event.theirs.bytes, pair.statics[0].pub.bytes, NOISE_KEY_SIZE);
    cr_assert(vg_id_equal(&event.incarnation, &pair.terms[0].incarnation));
    pair_end(&pair);
}

Test(channel, bytes_come_out_in_order_whatever_the_pieces)
{
    struct pair pair = pair_new();
    struct channel_event event;
    struct vg_buffer sent = {0}, got = {0};
    pair_open(&pair);
    for (size_t size = 1; size < 40; size++) {
        uint8_t *bytes = vg_buffer_extend(&sent, size);
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)(size * 7 + i);
        channel_seal(&pair.sides[0], vg_span_of(bytes, size), &pair.to[1]);
    }
    for (size_t at = 0; at < pair.to[1].size; at += 5) {
        size_t left = pair.to[1].size - at;
        channel_feed(&pair.sides[1], vg_span_of(pair.to[1].data + at, left < 5 ? left : 5));
        while (channel_next(&pair.sides[1], &event, &pair.to[0], &error) == VG_OK)
            vg_buffer_append(&got, event.bytes.data, event.bytes.size);
    }
    cr_assert(vg_span_equal(vg_buffer_span(&sent), vg_buffer_span(&got)));
    vg_buffer_free(&sent);
    vg_buffer_free(&got);
    pair_end(&pair);
}

Test(channel, what_is_larger_than_a_record_goes_in_several)
{
    static const size_t sizes[] = {1, CHANNEL_BYTES_MAX - 1, CHANNEL_BYTES_MAX,
                                   CHANNEL_BYTES_MAX + 1, 3 * CHANNEL_BYTES_MAX};
    struct pair pair = pair_new();
    struct channel_event event;
    struct vg_buffer bytes = {0};
    pair_open(&pair);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        vg_buffer_clear(&bytes);
        memset(vg_buffer_extend(&bytes, sizes[i]), (int)i, sizes[i]);
        channel_seal(&pair.sides[0], vg_buffer_span(&bytes), &pair.to[1]);
        cr_assert_eq(pair.to[1].size, channel_sealed_size(sizes[i]));
        size_t got = 0;
        for (enum vg_code code = deliver(&pair, 1, &event); code == VG_OK;
             code = channel_next(&pair.sides[1], &event, &pair.to[0], &error))
            got += event.bytes.size;
        cr_assert_eq(got, sizes[i]);
    }
    vg_buffer_free(&bytes);
    pair_end(&pair);
}

/* ---- what is refused ------------------------------------------------------------------------- */

/* A message on its way to the responder (0, 2) or the initiator (1), and the state before it. */
static void come_to(struct pair *pair, int message)
{
    struct channel_event event;
    pair_dial(pair);
    if (message >= 1) {
        cr_assert_eq(deliver(pair, 1, &event), VG_OK);
        cr_assert_eq(admit(pair), VG_OK);
    }
    if (message >= 2)
        cr_assert_eq(deliver(pair, 0, &event), VG_OK);
    if (message >= 3) {
        cr_assert_eq(deliver(pair, 1, &event), VG_OK);
        say(pair, 0, "what happened?");
    }
}

static enum vg_code deliver_altered(int message, size_t at, uint8_t with, size_t cut)
{
    struct pair pair = pair_new();
    struct channel_event event;
    int side = message == 1 ? 0 : 1;
    come_to(&pair, message);
    pair.to[side].data[at] ^= with;
    pair.to[side].size -= cut;
    enum vg_code code = deliver(&pair, side, &event);
    cr_assert(code != VG_UNAVAILABLE || pair.to[1 - side].size == 0);
    if (code != VG_OK && code != VG_UNAVAILABLE)
        cr_assert_eq(pair.sides[side].state, CHANNEL_BROKEN);
    pair_free(&pair);
    return code;
}

Test(channel, a_turned_bit_ends_it_in_every_message)
{
    static const size_t sizes[] = {2 + 96, 2 + 64, 2 + 32, 2 + 14 + 16};
    for (int message = 0; message < 4; message++)
        for (size_t bit = 0; bit < sizes[message] * 8; bit++) {
            enum vg_code code = deliver_altered(message, bit / 8, (uint8_t)(1U << bit % 8), 0);
            bool longer = message == 3 && bit < 16; /* a longer record may still come */
            cr_assert(code == (bit < 16 ? VG_INVALID : VG_INTEGRITY) ||
                          (longer && (code == VG_INTEGRITY || code == VG_UNAVAILABLE)),
                      "message %d, bit %zu: %d", message, bit, code);
        }
    cr_assert(!LEAKS_FOUND());
}

Test(channel, half_a_message_is_nothing)
{
    static const size_t sizes[] = {2 + 96, 2 + 64, 2 + 32, 2 + 14 + 16};
    for (int message = 0; message < 4; message++)
        for (size_t cut = 1; cut <= sizes[message]; cut++)
            cr_assert_eq(deliver_altered(message, 0, 0, cut), VG_UNAVAILABLE, "message %d, %zu",
                         message, cut);
    cr_assert(!LEAKS_FOUND());
}

Test(channel, lengths_that_cannot_be_are_refused_before_the_message_comes)
{
    static const struct {
        int message;
        uint16_t length;
    } cases[] = {{0, 0},  {0, 95}, {0, 97}, {0, 0x4745}, {0, 65535}, {1, 63},
                 {1, 65}, {2, 31}, {2, 33}, {3, 0},      {3, 15},    {3, 16}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pair pair = pair_new();
        struct channel_event event;
        int side = cases[i].message == 1 ? 0 : 1;
        uint8_t length[] = {(uint8_t)(cases[i].length >> 8), (uint8_t)cases[i].length};
        come_to(&pair, cases[i].message);
        vg_buffer_clear(&pair.to[side]);
        vg_buffer_append(&pair.to[side], length, sizeof length);
        cr_assert_eq(deliver(&pair, side, &event), VG_INVALID, "case %zu", i);
        cr_assert_eq(pair.to[1 - side].size, 0);
        pair_end(&pair);
    }
}

/* How an initiator with other terms than the responder's fares. */
static enum vg_code dial_with(const struct channel_terms *terms, const vg_channel_public *theirs)
{
    struct pair pair = pair_new();
    struct channel_event event;
    pair_dial(&pair);
    struct channel_terms own = *terms;
    struct channel dialling;
    own.self = &pair.statics[0];
    vg_buffer_clear(&pair.to[1]);
    cr_assert_eq(channel_dial(&dialling, &own, theirs == NULL ? &pair.statics[1].pub : theirs,
                              seeds[0], &pair.to[1], &error),
                 VG_OK);
    enum vg_code code = deliver(&pair, 1, &event);
    cr_assert_eq(pair.to[0].size, 0, "a failed handshake has no answer");
    channel_end(&dialling);
    pair_free(&pair);
    return code;
}

Test(channel, another_cluster_door_or_key_does_not_open)
{
    struct pair pair = pair_new();
    struct channel_terms terms = pair.terms[1];
    static const vg_channel_secret secret = {{99}};
    vg_channel_public other = noise_static_of(&secret).pub;
    cr_assert_eq(dial_with(&terms, NULL), VG_OK);
    terms.door = CHANNEL_CLIENTS;
    cr_assert_eq(dial_with(&terms, NULL), VG_INTEGRITY);
    terms = pair.terms[1];
    for (size_t bit = 0; bit < sizeof terms.cluster * 8; bit += 17) {
        terms.cluster.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        cr_assert_eq(dial_with(&terms, NULL), VG_INTEGRITY, "bit %zu", bit);
        terms.cluster = pair.terms[1].cluster;
    }
    cr_assert_eq(dial_with(&terms, &other), VG_INTEGRITY);
}

Test(channel, a_record_opens_once_and_at_its_place)
{
    static const int orders[][3] = {{1, 0, 2}, {0, 0, 1}, {0, 2, 1},
                                    {2, 0, 1}, {0, 1, 0}, {0, 1, 1}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct pair pair = pair_new();
        struct channel_event event;
        struct vg_buffer records[3] = {0};
        pair_open(&pair);
        for (int k = 0; k < 3; k++)
            channel_seal(&pair.sides[0], vg_span_text("record"), &records[k]);
        enum vg_code code = VG_OK;
        int came = 0;
        for (; came < 3 && code == VG_OK; came++) {
            channel_feed(&pair.sides[1], vg_buffer_span(&records[orders[i][came]]));
            code = channel_next(&pair.sides[1], &event, &pair.to[0], &error);
            cr_assert_eq(code, orders[i][came] == came ? VG_OK : VG_INTEGRITY, "order %zu", i);
        }
        channel_feed(&pair.sides[1], vg_buffer_span(&records[0]));
        cr_assert_eq(channel_next(&pair.sides[1], &event, &pair.to[0], &error), VG_UNAVAILABLE,
                     "a broken channel says nothing any more");
        for (int k = 0; k < 3; k++)
            vg_buffer_free(&records[k]);
        pair_end(&pair);
    }
}

Test(channel, a_record_of_one_direction_or_channel_does_not_open_in_another)
{
    struct pair pair = pair_new();
    struct channel_event event;
    pair_open(&pair);
    say(&pair, 0, "to the responder");
    channel_feed(&pair.sides[0], vg_buffer_span(&pair.to[1])); /* reflected */
    cr_assert_eq(channel_next(&pair.sides[0], &event, &pair.to[0], &error), VG_INTEGRITY);
    pair_end(&pair);
}

/* A replayed message 1 gets an answer; whoever replays it cannot go on from there. */
Test(channel, a_replayed_handshake_never_opens)
{
    static const uint8_t fresh[VG_SEED_SIZE] = {77};
    struct pair pair = pair_new();
    struct channel_event event;
    struct vg_buffer first = {0}, rest = {0};
    pair_dial(&pair);
    vg_buffer_append(&first, pair.to[1].data, pair.to[1].size);
    cr_assert_eq(deliver(&pair, 1, &event), VG_OK);
    cr_assert_eq(admit(&pair), VG_OK);
    cr_assert_eq(deliver(&pair, 0, &event), VG_OK);
    vg_buffer_append(&rest, pair.to[1].data, pair.to[1].size);

    channel_end(&pair.sides[1]);
    channel_await(&pair.sides[1], &pair.terms[1]);
    channel_feed(&pair.sides[1], vg_buffer_span(&first));
    cr_assert_eq(channel_next(&pair.sides[1], &event, &pair.to[0], &error), VG_OK);
    cr_assert_eq(channel_admit(&pair.sides[1], fresh, &pair.to[0], &error), VG_OK);
    channel_feed(&pair.sides[1], vg_buffer_span(&rest));
    cr_assert_eq(channel_next(&pair.sides[1], &event, &pair.to[0], &error), VG_INTEGRITY);
    vg_buffer_free(&first);
    vg_buffer_free(&rest);
    pair_end(&pair);
}

Test(channel, nothing_comes_out_before_the_key_is_admitted)
{
    struct pair pair = pair_new();
    struct channel_event event;
    uint8_t junk[64] = {0, 17};
    pair_dial(&pair);
    cr_assert_eq(deliver(&pair, 1, &event), VG_OK);
    channel_feed(&pair.sides[1], vg_span_of(junk, sizeof junk));
    cr_assert_eq(channel_next(&pair.sides[1], &event, &pair.to[0], &error), VG_UNAVAILABLE);
    cr_assert_eq(admit(&pair), VG_OK);
    cr_assert_eq(channel_next(&pair.sides[1], &event, &pair.to[0], &error), VG_INVALID);
    pair_end(&pair);
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* The points of small order, as RFC 7748 and the curve's literature list them. */
static const vg_channel_public low_order[] = {
    {{0}},
    {{1}},
    {{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
      0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
      0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00}},
    {{0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
      0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
      0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57}},
    {{0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
    {{0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
    {{0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
};

Test(channel, keys_of_low_order_are_refused_on_either_side)
{
    for (size_t i = 0; i < sizeof low_order / sizeof *low_order; i++)
        for (int top = 0; top < 2; top++) { /* the top bit of a key means nothing */
            vg_channel_public key = low_order[i];
            struct pair pair = pair_new();
            struct channel_event event;
            struct channel dialling;
            key.bytes[NOISE_KEY_SIZE - 1] |= (uint8_t)(top << 7);
            pair_dial(&pair);
            memcpy(pair.to[1].data + CHANNEL_LENGTH_SIZE, key.bytes, sizeof key);
            cr_assert_eq(deliver(&pair, 1, &event), VG_INTEGRITY);
            cr_assert_not_null(strstr(error.text, "low order"), "%s", error.text);
            cr_assert_eq(
                channel_dial(&dialling, &pair.terms[0], &key, seeds[0], &pair.to[1], &error),
                VG_INTEGRITY);
            cr_assert_not_null(strstr(error.text, "low order"), "%s", error.text);
            channel_end(&dialling);
            pair_end(&pair);
        }
}

/* An initiator says that this static key is its own; the rest of message 1 is as good as it can be.
 */
static void assert_static_refused(const vg_channel_public *said)
{
    struct pair pair = pair_new();
    struct channel_event event;
    struct channel dialling;
    pair_dial(&pair);
    struct noise_static lying = pair.statics[0];
    struct channel_terms terms = pair.terms[0];
    lying.pub = *said;
    terms.self = &lying;
    vg_buffer_clear(&pair.to[1]);
    cr_assert_eq(
        channel_dial(&dialling, &terms, &pair.statics[1].pub, seeds[0], &pair.to[1], &error),
        VG_OK);
    cr_assert_eq(deliver(&pair, 1, &event), VG_INTEGRITY);
    channel_end(&dialling);
    pair_end(&pair);
}

Test(channel, a_static_key_of_low_order_is_refused)
{
    assert_static_refused(&low_order[2]);
    cr_assert_not_null(strstr(error.text, "low order"), "%s", error.text);
}

/* The key of another, without its secret. */
Test(channel, a_key_without_its_secret_opens_nothing)
{
    static const vg_channel_secret secret = {{55}};
    struct noise_static another = noise_static_of(&secret);
    assert_static_refused(&another.pub);
}

static enum vg_code agent_is_gone(void *context, const vg_channel_public *theirs, uint8_t *shared,
                                  struct vg_error *why)
{
    (void)context;
    (void)theirs;
    (void)shared;
    return vg_fail(why, VG_FORBIDDEN, "the agent is gone; start it again");
}

Test(channel, a_secret_that_cannot_be_used_is_an_error_of_its_own)
{
    struct pair pair = pair_new();
    struct channel_event event;
    pair_dial(&pair);
    struct channel dialling;
    struct noise_static gone = {.dh = agent_is_gone};
    struct channel_terms terms = pair.terms[0];
    struct vg_buffer out = {0};
    gone.pub = pair.statics[0].pub;
    terms.self = &gone;
    cr_assert_eq(channel_dial(&dialling, &terms, &pair.statics[1].pub, seeds[0], &out, &error),
                 VG_FORBIDDEN);
    cr_assert_str_eq(error.text, "the agent is gone; start it again");
    cr_assert_eq(dialling.state, CHANNEL_BROKEN);
    pair.statics[1].dh = agent_is_gone;
    cr_assert_eq(deliver(&pair, 1, &event), VG_FORBIDDEN);
    cr_assert_eq(pair.sides[1].state, CHANNEL_BROKEN);
    vg_buffer_free(&out);
    channel_end(&dialling);
    pair_end(&pair);
}

Test(channel, keys_change_after_so_many_records_on_both_sides)
{
    struct pair pair = pair_new();
    pair_open(&pair);
    uint8_t first[NOISE_KEY_SIZE], second[NOISE_KEY_SIZE];
    memcpy(first, pair.sides[0].sending.key, sizeof first);
    for (int i = 1; i < NOISE_REKEY_AFTER; i++) { /* record 0 was the incarnation */
        cr_assert_arr_eq(pair.sides[0].sending.key, first, sizeof first, "record %d", i);
        say(&pair, 0, "x");
        expect_text(&pair, 1, "x");
    }
    memcpy(second, pair.sides[0].sending.key, sizeof second);
    cr_assert_arr_neq(second, first, sizeof first);
    cr_assert_arr_eq(pair.sides[1].receiving.key, second, sizeof second);
    say(&pair, 0, "under the next key");
    expect_text(&pair, 1, "under the next key");
    say(&pair, 1, "the other way the first one stands");
    expect_text(&pair, 0, "the other way the first one stands");
    pair_end(&pair);
}

Test(channel, a_counter_at_its_end_opens_nothing)
{
    struct noise_cipher sending = {.key = {1, 2, 3}, .next = UINT64_MAX - 1};
    struct noise_cipher receiving = sending;
    uint8_t sealed[1 + NOISE_TAG_SIZE] = {0};
    vg_span plain;
    vg_crypto_init();
    noise_seal(&sending, vg_span_of(sealed, 1), sealed);
    cr_assert_eq(noise_open(&receiving, sealed, sizeof sealed, &plain, &error), VG_OK);
    cr_assert_eq(noise_open(&receiving, sealed, sizeof sealed, &plain, &error), VG_INTEGRITY);
}

Test(channel, ending_wipes_keys)
{
    static const uint8_t zeros[NOISE_KEY_SIZE];
    struct pair pair = pair_new();
    struct channel_event event;
    pair_open(&pair);
    cr_assert_arr_neq(pair.sides[0].sending.key, zeros, NOISE_KEY_SIZE);
    uint8_t junk[19] = {0, 17};
    channel_feed(&pair.sides[1], vg_span_of(junk, sizeof junk));
    cr_assert_eq(channel_next(&pair.sides[1], &event, &pair.to[0], &error), VG_INTEGRITY);
    cr_assert_arr_eq(pair.sides[1].receiving.key, zeros, NOISE_KEY_SIZE);
    say(&pair, 1, "another thread may be here");
    channel_end(&pair.sides[1]);
    cr_assert_arr_eq(pair.sides[1].sending.key, zeros, NOISE_KEY_SIZE);
    pair_end(&pair);
}
