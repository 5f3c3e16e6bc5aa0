/* SPDX-License-Identifier: Apache-2.0
 * Noise itself: the published vectors (../shared/noise), and nothing else than those bytes. */
#include <criterion/criterion.h>
#include <jansson.h>

#include "common/crypto.h"
#include "common/text.h"
#include "proto/channel/noise.h"
#include "tests/lib/leaks.h"

enum { HEX_BYTES_MAX = 1024 };

static const char *const files[] = {NOISE_VECTORS "/cacophony-ik-25519-chachapoly-sha256.json",
                                    NOISE_VECTORS "/snow-ik-25519-chachapoly-sha256.json"};

/* One vector, and both sides of it. */
struct play {
    json_t *file;
    json_t *vector;
    vg_channel_secret secrets[2]; /* of the initiator, of the responder */
    uint8_t seeds[2][NOISE_KEY_SIZE];
    struct noise_static statics[2];
    struct noise_handshake sides[2];
    struct noise_cipher sending[2]; /* after the handshake, of each side */
    struct noise_cipher receiving[2];
};

static struct vg_buffer bytes_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    struct vg_buffer bytes = {0};
    cr_assert_not_null(text, "%s", member);
    size_t size = strlen(text) / 2;
    cr_assert(vg_hex_parse(text, vg_buffer_extend(&bytes, size), size), "%s", member);
    return bytes;
}

static void key_of(const json_t *object, const char *member, uint8_t key[NOISE_KEY_SIZE])
{
    cr_assert(
        vg_hex_parse(json_string_value(json_object_get(object, member)), key, NOISE_KEY_SIZE));
}

static void start(struct play *play, const char *path)
{
    json_error_t why;
    vg_crypto_init();
    *play = (struct play){.file = json_load_file(path, 0, &why)};
    cr_assert_not_null(play->file, "%s: %s", path, why.text);
    json_t *vectors = json_object_get(play->file, "vectors");
    cr_assert_eq(json_array_size(vectors), 1);
    play->vector = json_array_get(vectors, 0);
    key_of(play->vector, "init_static", play->secrets[0].bytes);
    key_of(play->vector, "resp_static", play->secrets[1].bytes);
    key_of(play->vector, "init_ephemeral", play->seeds[0]);
    key_of(play->vector, "resp_ephemeral", play->seeds[1]);
    for (int i = 0; i < 2; i++)
        play->statics[i] = noise_static_of(&play->secrets[i]);
    vg_channel_public theirs;
    struct vg_buffer prologues[2] = {bytes_of(play->vector, "init_prologue"),
                                     bytes_of(play->vector, "resp_prologue")};
    key_of(play->vector, "init_remote_static", theirs.bytes);
    cr_assert_arr_eq(theirs.bytes, play->statics[1].pub.bytes, sizeof theirs);
    noise_initiate(&play->sides[0], &play->statics[0], &theirs, vg_buffer_span(&prologues[0]));
    noise_respond(&play->sides[1], &play->statics[1], vg_buffer_span(&prologues[1]));
    vg_buffer_free(&prologues[0]);
    vg_buffer_free(&prologues[1]);
}

static void end(struct play *play)
{
    json_decref(play->file);
    cr_assert(!LEAKS_FOUND());
}

static enum vg_code write_message(struct play *play, size_t number, vg_span payload,
                                  struct vg_buffer *out)
{
    struct vg_error error;
    if (number == 0)
        return noise_write_first(&play->sides[0], play->seeds[0], payload, out, &error);
    return noise_write_second(&play->sides[1], play->seeds[1], payload, out, &error);
}

static enum vg_code read_message(struct play *play, size_t number, vg_span message,
                                 struct vg_buffer *payload)
{
    struct vg_error error = {0};
    enum vg_code code = number == 0 ? noise_read_first(&play->sides[1], message, payload, &error)
                                    : noise_read_second(&play->sides[0], message, payload, &error);
    cr_assert(code == VG_OK || (error.code == code && error.text[0] != '\0'));
    return code;
}

/* Message 1 or 2 of the vector, made and taken. */
static void handshake_message(struct play *play, size_t number)
{
    json_t *message = json_array_get(json_object_get(play->vector, "messages"), number);
    struct vg_buffer payload = bytes_of(message, "payload");
    struct vg_buffer expected = bytes_of(message, "ciphertext");
    struct vg_buffer made = {0};
    struct vg_buffer back = {0};
    cr_assert_eq(write_message(play, number, vg_buffer_span(&payload), &made), VG_OK);
    cr_assert(vg_span_equal(vg_buffer_span(&made), vg_buffer_span(&expected)), "message %zu",
              number);
    cr_assert_eq(read_message(play, number, vg_buffer_span(&made), &back), VG_OK);
    cr_assert(vg_span_equal(vg_buffer_span(&back), vg_buffer_span(&payload)), "message %zu",
              number);
    vg_buffer_free(&payload);
    vg_buffer_free(&expected);
    vg_buffer_free(&made);
    vg_buffer_free(&back);
}

static void transport_message(struct play *play, size_t number)
{
    json_t *message = json_array_get(json_object_get(play->vector, "messages"), number);
    struct vg_buffer payload = bytes_of(message, "payload");
    struct vg_buffer expected = bytes_of(message, "ciphertext");
    uint8_t sealed[HEX_BYTES_MAX];
    vg_span plain;
    size_t sender = number % 2;
    cr_assert_eq(payload.size + NOISE_TAG_SIZE, expected.size);
    noise_seal(&play->sending[sender], vg_buffer_span(&payload), sealed);
    cr_assert_arr_eq(sealed, expected.data, expected.size, "message %zu", number);
    cr_assert_eq(noise_open(&play->receiving[1 - sender], sealed, expected.size, &plain, NULL),
                 VG_OK);
    cr_assert(vg_span_equal(plain, vg_buffer_span(&payload)), "message %zu", number);
    vg_buffer_free(&payload);
    vg_buffer_free(&expected);
}

static void split(struct play *play)
{
    noise_split(&play->sides[0], &play->sending[0], &play->receiving[0]);
    noise_split(&play->sides[1], &play->receiving[1], &play->sending[1]);
    cr_assert_arr_eq(play->sides[0].hash, play->sides[1].hash, NOISE_HASH_SIZE);
    cr_assert_arr_eq(play->sides[1].their_static.bytes, play->statics[0].pub.bytes, NOISE_KEY_SIZE);
    if (json_object_get(play->vector, "handshake_hash") == NULL)
        return;
    uint8_t hash[NOISE_HASH_SIZE];
    key_of(play->vector, "handshake_hash", hash);
    cr_assert_arr_eq(play->sides[0].hash, hash, NOISE_HASH_SIZE);
}

Test(channel_noise, published_vectors)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct play play;
        start(&play, files[i]);
        size_t count = json_array_size(json_object_get(play.vector, "messages"));
        cr_assert_geq(count, 4);
        handshake_message(&play, 0);
        handshake_message(&play, 1);
        split(&play);
        for (size_t number = 2; number < count; number++)
            transport_message(&play, number);
        end(&play);
    }
}

/* Takes message `number` as `message` says, from where the vector has come before it. */
static enum vg_code take_altered(const struct play *before, size_t number, vg_span message)
{
    struct play play = *before;
    struct vg_buffer payload = {0};
    enum vg_code code = read_message(&play, number, message, &payload);
    cr_assert(code == VG_OK || payload.size == 0, "bytes that nobody has authenticated");
    vg_buffer_free(&payload);
    return code;
}

static void alter_every_bit(const struct play *before, size_t number, struct vg_buffer *message)
{
    for (size_t bit = 0; bit < message->size * 8; bit++) {
        message->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        enum vg_code code = take_altered(before, number, vg_buffer_span(message));
        message->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        cr_assert_eq(code, VG_INTEGRITY, "message %zu, bit %zu", number, bit);
    }
}

static void cut_at_every_byte(const struct play *before, size_t number,
                              const struct vg_buffer *message)
{
    size_t least = number == 0 ? NOISE_FIRST_SIZE : NOISE_SECOND_SIZE;
    for (size_t size = 0; size < message->size; size++)
        cr_assert_eq(take_altered(before, number, vg_span_of(message->data, size)),
                     size < least ? VG_INVALID : VG_INTEGRITY, "message %zu, %zu bytes", number,
                     size);
}

Test(channel_noise, a_handshake_message_that_is_altered_anywhere_does_not_open)
{
    struct play play;
    start(&play, files[0]);
    for (size_t number = 0; number < 2; number++) {
        struct play before;
        struct vg_buffer message = {0};
        cr_assert_eq(write_message(&play, number, vg_span_text("payload"), &message), VG_OK);
        before = play;
        alter_every_bit(&before, number, &message);
        cut_at_every_byte(&before, number, &message);
        struct vg_buffer payload = {0};
        cr_assert_eq(read_message(&play, number, vg_buffer_span(&message), &payload), VG_OK);
        vg_buffer_free(&payload);
        vg_buffer_free(&message);
    }
    end(&play);
}

Test(channel_noise, a_message_longer_than_any_is_not_looked_at)
{
    struct play play;
    start(&play, files[0]);
    struct vg_buffer message = {0};
    memset(vg_buffer_extend(&message, NOISE_MESSAGE_MAX + 1), 1, NOISE_MESSAGE_MAX + 1);
    cr_assert_eq(take_altered(&play, 0, vg_buffer_span(&message)), VG_INVALID);
    cr_assert_eq(take_altered(&play, 1, vg_buffer_span(&message)), VG_INVALID);
    vg_buffer_free(&message);
    end(&play);
}

Test(channel_noise, splitting_leaves_no_key_in_the_handshake)
{
    static const uint8_t zeros[NOISE_KEY_SIZE];
    struct play play;
    start(&play, files[0]);
    handshake_message(&play, 0);
    handshake_message(&play, 1);
    cr_assert_arr_neq(play.sides[0].chain, zeros, NOISE_KEY_SIZE);
    split(&play);
    for (int i = 0; i < 2; i++) {
        cr_assert_arr_eq(play.sides[i].chain, zeros, NOISE_KEY_SIZE);
        cr_assert_arr_eq(play.sides[i].ephemeral.bytes, zeros, NOISE_KEY_SIZE);
        cr_assert_arr_eq(play.sides[i].cipher.key, zeros, NOISE_KEY_SIZE);
    }
    end(&play);
}
