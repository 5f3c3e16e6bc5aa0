/* SPDX-License-Identifier: Apache-2.0
 * What a stranger says to a responder: any bytes, or those of an honest initiator with some of them
 * changed. As many messages are taken as its bytes are an honest initiator's, and nothing of the
 * rest; nothing is answered to what is not. */
#include "common/crypto.h"
#include "proto/channel/channel.h"
#include "tests/fuzz/fuzz.h"

enum { FIRST = CHANNEL_LENGTH_SIZE + CHANNEL_FIRST_SIZE };

static const vg_channel_secret secrets[2] = {{{1}}, {{2}}};
static const uint8_t seeds[2][VG_SEED_SIZE] = {{3}, {4}};

/* The initiator's key and all it says until the channel is open. */
static vg_channel_public initiator;
static struct vg_buffer honest;

static void await(struct noise_static *self, struct channel *channel)
{
    struct channel_terms terms = {.door = CHANNEL_PEERS, .self = self};
    *self = noise_static_of(&secrets[1]);
    channel_await(channel, &terms);
}

static void be_honest(void)
{
    struct noise_static statics[2] = {noise_static_of(&secrets[0])};
    struct channel_terms terms = {.door = CHANNEL_PEERS, .self = &statics[0]};
    struct channel dialling, awaiting;
    struct channel_event event;
    struct vg_buffer answer = {0};
    vg_crypto_init();
    initiator = statics[0].pub;
    await(&statics[1], &awaiting);
    enum vg_code code = channel_dial(&dialling, &terms, &statics[1].pub, seeds[0], &honest, NULL);
    channel_feed(&awaiting, vg_buffer_span(&honest));
    code = code == VG_OK ? channel_next(&awaiting, &event, &answer, NULL) : code;
    code = code == VG_OK ? channel_admit(&awaiting, seeds[1], &answer, NULL) : code;
    channel_feed(&dialling, vg_buffer_span(&answer));
    code = code == VG_OK ? channel_next(&dialling, &event, &honest, NULL) : code;
    assert(code == VG_OK && event.kind == CHANNEL_OPENED);
    channel_end(&dialling);
    channel_end(&awaiting);
    vg_buffer_free(&answer);
}

/* The honest bytes, each pair of the input changing one of them, and what is left over behind. */
static void change(struct vg_reader *input, struct vg_buffer *stream)
{
    uint64_t changes = fuzz_below(input, 4);
    vg_buffer_append(stream, honest.data, honest.size);
    for (uint64_t i = 0; i < changes; i++) {
        size_t at = vg_read_u8(input) % honest.size;
        stream->data[at] ^= vg_read_u8(input);
    }
}

static enum channel_state take(struct channel *channel, struct vg_buffer *out)
{
    struct channel_event event;
    struct vg_error error = {0};
    enum vg_code code;
    while ((code = channel_next(channel, &event, out, &error)) == VG_OK) {
        assert(memcmp(&event.theirs, &initiator, sizeof initiator) == 0);
        assert(event.kind == CHANNEL_ASKS || event.kind == CHANNEL_OPENED);
        assert(out->size == (event.kind == CHANNEL_ASKS ? 0 : 2 + CHANNEL_SECOND_SIZE));
        if (event.kind == CHANNEL_ASKS)
            assert(channel_admit(channel, seeds[1], out, &error) == VG_OK);
    }
    if (code != VG_UNAVAILABLE)
        fuzz_refused(code, &error);
    return channel->state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    struct vg_buffer stream = {0}, out = {0};
    uint8_t pattern[FUZZ_PATTERN];
    struct noise_static self;
    struct channel channel;
    if (honest.size == 0)
        be_honest();
    vg_read_copy(&input, pattern, sizeof pattern);
    if (fuzz_below(&input, 2) == 1)
        change(&input, &stream);
    vg_span rest = fuzz_rest(&input);
    vg_buffer_append(&stream, rest.data, rest.size);

    await(&self, &channel);
    enum channel_state state = channel.state;
    bool opened = false;
    for (size_t at = 0, piece, i = 0; at < stream.size; at += piece, i++) {
        piece = fuzz_piece(pattern, i, stream.size - at);
        channel_feed(&channel, vg_span_of(stream.data + at, piece));
        state = take(&channel, &out);
        opened = opened || channel.opened;
    }
    bool first_is_honest = stream.size >= FIRST && memcmp(stream.data, honest.data, FIRST) == 0;
    bool all_is_honest =
        stream.size >= honest.size && memcmp(stream.data, honest.data, honest.size) == 0;
    assert((out.size > 0) == first_is_honest && opened == all_is_honest);
    assert(first_is_honest || state == CHANNEL_AWAITED || state == CHANNEL_BROKEN);
    channel_end(&channel);
    vg_buffer_free(&stream);
    vg_buffer_free(&out);
    return 0;
}
