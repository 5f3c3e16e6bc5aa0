/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/channel/channel.h"

#include <assert.h>

#include "common/bytes.h"

static const char label[] = "vigil-channel-1";

enum { PROLOGUE_SIZE = sizeof label - 1 + sizeof(vg_hash) + 1 };

static const vg_span nothing;

static void make_prologue(const struct channel_terms *terms, uint8_t prologue[PROLOGUE_SIZE])
{
    struct vg_writer writer = vg_writer_of(prologue, PROLOGUE_SIZE);
    vg_write_bytes(&writer, label, sizeof label - 1);
    vg_write_bytes(&writer, terms->cluster.bytes, sizeof terms->cluster.bytes);
    vg_write_u8(&writer, (uint8_t)terms->door);
    assert(!writer.failed && vg_writer_size(&writer) == PROLOGUE_SIZE);
}

/* The key of what is sent stays where another thread may be sealing, until channel_end. */
static enum vg_code break_off(struct channel *channel, enum vg_code code)
{
    noise_wipe(&channel->handshake);
    vg_wipe(&channel->receiving, sizeof channel->receiving);
    if (!channel->opened)
        vg_wipe(&channel->sending, sizeof channel->sending);
    channel->state = CHANNEL_BROKEN;
    return code;
}

static void open_up(struct channel *channel)
{
    channel->state = CHANNEL_OPEN;
    channel->opened = true;
}

/* ---- messages out ---------------------------------------------------------------------------- */

static void write_length(struct vg_buffer *out, size_t size)
{
    assert(size <= NOISE_MESSAGE_MAX);
    uint8_t *length = vg_buffer_extend(out, CHANNEL_LENGTH_SIZE);
    length[0] = (uint8_t)(size >> 8);
    length[1] = (uint8_t)size;
}

static void seal_record(struct channel *channel, vg_span bytes, struct vg_buffer *out)
{
    size_t size = bytes.size + NOISE_TAG_SIZE;
    write_length(out, size);
    noise_seal(&channel->sending, bytes, vg_buffer_extend(out, size));
}

void channel_seal(struct channel *channel, vg_span bytes, struct vg_buffer *out)
{
    assert(channel->opened && bytes.size > 0);
    for (size_t at = 0; at < bytes.size; at += CHANNEL_BYTES_MAX) {
        size_t left = bytes.size - at;
        size_t size = left < CHANNEL_BYTES_MAX ? left : CHANNEL_BYTES_MAX;
        seal_record(channel, vg_span_of(bytes.data + at, size), out);
    }
}

size_t channel_sealed_size(size_t size)
{
    size_t records = (size + CHANNEL_BYTES_MAX - 1) / CHANNEL_BYTES_MAX;
    return size + records * (CHANNEL_LENGTH_SIZE + NOISE_TAG_SIZE);
}

/* ---- the handshake --------------------------------------------------------------------------- */

enum vg_code channel_dial(struct channel *channel, const struct channel_terms *terms,
                          const vg_channel_public *theirs, const uint8_t seed[VG_SEED_SIZE],
                          struct vg_buffer *out, struct vg_error *error)
{
    uint8_t prologue[PROLOGUE_SIZE];
    make_prologue(terms, prologue);
    *channel = (struct channel){.state = CHANNEL_DIALLED, .incarnation = terms->incarnation};
    noise_initiate(&channel->handshake, terms->self, theirs, vg_span_of(prologue, sizeof prologue));
    write_length(out, CHANNEL_FIRST_SIZE);
    enum vg_code code = noise_write_first(&channel->handshake, seed, nothing, out, error);
    return code == VG_OK ? VG_OK : break_off(channel, code);
}

void channel_await(struct channel *channel, const struct channel_terms *terms)
{
    uint8_t prologue[PROLOGUE_SIZE];
    make_prologue(terms, prologue);
    *channel = (struct channel){.state = CHANNEL_AWAITED, .incarnation = terms->incarnation};
    noise_respond(&channel->handshake, terms->self, vg_span_of(prologue, sizeof prologue));
}

enum vg_code channel_admit(struct channel *channel, const uint8_t seed[VG_SEED_SIZE],
                           struct vg_buffer *out, struct vg_error *error)
{
    assert(channel->state == CHANNEL_ASKED);
    write_length(out, CHANNEL_SECOND_SIZE);
    vg_span self = vg_span_of(channel->incarnation.bytes, sizeof channel->incarnation.bytes);
    enum vg_code code = noise_write_second(&channel->handshake, seed, self, out, error);
    if (code != VG_OK)
        return break_off(channel, code);
    noise_split(&channel->handshake, &channel->receiving, &channel->sending);
    channel->state = CHANNEL_CONFIRMING;
    return VG_OK;
}

static void say_theirs(const struct channel *channel, struct channel_event *event,
                       enum channel_event_kind kind)
{
    event->kind = kind;
    event->theirs = channel->handshake.their_static;
}

/* Responder: message 1. */
static enum vg_code take_first(struct channel *channel, uint8_t *message, size_t size,
                               struct channel_event *event, struct vg_buffer *out,
                               struct vg_error *error)
{
    struct vg_buffer payload = {0}; /* stays empty: the size says so */
    (void)out;
    enum vg_code code =
        noise_read_first(&channel->handshake, vg_span_of(message, size), &payload, error);
    vg_buffer_free(&payload);
    if (code != VG_OK)
        return code;
    say_theirs(channel, event, CHANNEL_ASKS);
    channel->state = CHANNEL_ASKED;
    return VG_OK;
}

/* Initiator: message 2, answered with its own incarnation. */
static enum vg_code take_second(struct channel *channel, uint8_t *message, size_t size,
                                struct channel_event *event, struct vg_buffer *out,
                                struct vg_error *error)
{
    struct vg_buffer payload = {0};
    enum vg_code code =
        noise_read_second(&channel->handshake, vg_span_of(message, size), &payload, error);
    if (code == VG_OK)
        memcpy(event->incarnation.bytes, payload.data, sizeof event->incarnation.bytes);
    vg_buffer_free(&payload);
    if (code != VG_OK)
        return code;
    say_theirs(channel, event, CHANNEL_OPENED);
    noise_split(&channel->handshake, &channel->sending, &channel->receiving);
    seal_record(channel, vg_span_of(channel->incarnation.bytes, sizeof channel->incarnation.bytes),
                out);
    open_up(channel);
    return VG_OK;
}

/* Responder: record 0. */
static enum vg_code take_confirmation(struct channel *channel, uint8_t *message, size_t size,
                                      struct channel_event *event, struct vg_buffer *out,
                                      struct vg_error *error)
{
    vg_span plain;
    (void)out;
    enum vg_code code = noise_open(&channel->receiving, message, size, &plain, error);
    if (code != VG_OK)
        return code;
    say_theirs(channel, event, CHANNEL_OPENED);
    memcpy(event->incarnation.bytes, plain.data, sizeof event->incarnation.bytes);
    open_up(channel);
    return VG_OK;
}

static enum vg_code take_record(struct channel *channel, uint8_t *message, size_t size,
                                struct channel_event *event, struct vg_buffer *out,
                                struct vg_error *error)
{
    (void)out;
    event->kind = CHANNEL_BYTES;
    return noise_open(&channel->receiving, message, size, &event->bytes, error);
}

/* ---- messages in ----------------------------------------------------------------------------- */

/* What may come in a state: its sizes, and who takes it. Nothing may where `take` is NULL. */
static const struct expected {
    size_t least;
    size_t most;
    enum vg_code (*take)(struct channel *channel, uint8_t *message, size_t size,
                         struct channel_event *event, struct vg_buffer *out,
                         struct vg_error *error);
} expected[] = {
    [CHANNEL_DIALLED] = {CHANNEL_SECOND_SIZE, CHANNEL_SECOND_SIZE, take_second},
    [CHANNEL_AWAITED] = {CHANNEL_FIRST_SIZE, CHANNEL_FIRST_SIZE, take_first},
    [CHANNEL_CONFIRMING] = {CHANNEL_CONFIRM_SIZE, CHANNEL_CONFIRM_SIZE, take_confirmation},
    [CHANNEL_OPEN] = {NOISE_TAG_SIZE + 1, NOISE_MESSAGE_MAX, take_record},
    [CHANNEL_BROKEN] = {0},
};

void channel_feed(struct channel *channel, vg_span bytes)
{
    vg_buffer_consume(&channel->pending, channel->used);
    channel->used = 0;
    vg_buffer_append(&channel->pending, bytes.data, bytes.size);
}

bool channel_due(const struct channel *channel)
{
    size_t first = CHANNEL_LENGTH_SIZE + expected[channel->state].least;
    return (channel->state == CHANNEL_DIALLED || channel->state == CHANNEL_AWAITED) &&
           channel->pending.size - channel->used >= first;
}

enum vg_code channel_next(struct channel *channel, struct channel_event *event,
                          struct vg_buffer *out, struct vg_error *error)
{
    const struct expected *may = &expected[channel->state];
    size_t left = channel->pending.size - channel->used;
    if (may->take == NULL || left < CHANNEL_LENGTH_SIZE)
        return VG_UNAVAILABLE;
    uint8_t *at = channel->pending.data + channel->used;
    size_t size = (size_t)at[0] << 8 | at[1];
    if (size < may->least || size > may->most)
        return break_off(channel, vg_fail(error, VG_INVALID,
                                          "channel: a message of %zu bytes where one of %zu to %zu "
                                          "is due",
                                          size, may->least, may->most));
    if (left < CHANNEL_LENGTH_SIZE + size)
        return VG_UNAVAILABLE;
    channel->used += CHANNEL_LENGTH_SIZE + size;
    memset(event, 0, sizeof *event);
    enum vg_code code = may->take(channel, at + CHANNEL_LENGTH_SIZE, size, event, out, error);
    return code == VG_OK ? VG_OK : break_off(channel, code);
}

void channel_end(struct channel *channel)
{
    vg_buffer_free(&channel->pending);
    vg_wipe(channel, sizeof *channel);
    channel->state = CHANNEL_BROKEN;
}
