/* SPDX-License-Identifier: Apache-2.0
 * What arrives on an open channel: records of the other side in any order, any number of times, cut
 * and changed, and any bytes. As many come out as the bytes are those of the records in their
 * order, and nothing of the rest. A key is made anew among them. */
#include "common/crypto.h"
#include "proto/channel/channel.h"
#include "tests/fuzz/fuzz.h"

enum { RECORDS = 8, CHOICES = RECORDS + 3 };

static struct noise_cipher key = {.key = {1, 2, 3}, .next = NOISE_REKEY_AFTER - RECORDS / 2};
static struct vg_buffer honest;  /* all records */
static struct vg_buffer said;    /* their plain bytes */
static size_t ends[RECORDS + 1]; /* of each record, and where the first begins */
static size_t said_ends[RECORDS + 1];

static void be_honest(void)
{
    struct channel sending = {.state = CHANNEL_OPEN, .opened = true, .sending = key};
    vg_crypto_init();
    for (size_t i = 0; i < RECORDS; i++) {
        size_t size = 1 + i * i * 3;
        uint8_t *bytes = vg_buffer_extend(&said, size);
        memset(bytes, 'a' + (int)i, size);
        channel_seal(&sending, vg_span_of(bytes, size), &honest);
        ends[i + 1] = honest.size;
        said_ends[i + 1] = said.size;
    }
}

/* Makes what arrives by the input: a record, one that is changed or cut, or bytes as they are. */
static void arrive(struct vg_reader *input, struct vg_buffer *stream)
{
    while (!input->failed && input->at < input->end) {
        uint64_t choice = fuzz_below(input, CHOICES);
        size_t record = choice < RECORDS ? choice : vg_read_u8(input) % RECORDS;
        size_t size = ends[record + 1] - ends[record];
        size_t left = (size_t)(input->end - input->at);
        size_t before = stream->size;
        if (choice == RECORDS) {
            size_t raw = vg_read_u8(input);
            vg_span bytes = vg_read_span(input, raw < left ? raw : 0);
            vg_buffer_append(stream, bytes.data, bytes.size);
            continue;
        }
        vg_buffer_append(stream, honest.data + ends[record], size);
        size_t at = before + vg_read_u8(input) % size;
        if (choice == RECORDS + 1)
            stream->data[at] ^= vg_read_u8(input);
        if (choice == RECORDS + 2)
            stream->size = at;
    }
}

/* Takes what has come; appends what comes out. */
static enum vg_code take(struct channel *channel, struct vg_buffer *got)
{
    struct channel_event event;
    struct vg_error error = {0};
    struct vg_buffer out = {0};
    enum vg_code code;
    while ((code = channel_next(channel, &event, &out, &error)) == VG_OK) {
        assert(event.kind == CHANNEL_BYTES && event.bytes.size > 0);
        vg_buffer_append(got, event.bytes.data, event.bytes.size);
    }
    assert(out.size == 0 && (code == VG_UNAVAILABLE || channel->state == CHANNEL_BROKEN));
    if (code != VG_UNAVAILABLE)
        fuzz_refused(code, &error);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    struct vg_buffer stream = {0}, got = {0};
    struct channel channel = {.state = CHANNEL_OPEN, .opened = true, .receiving = key};
    uint8_t pattern[FUZZ_PATTERN];
    if (honest.size == 0)
        be_honest();
    vg_read_copy(&input, pattern, sizeof pattern);
    arrive(&input, &stream);
    enum vg_code code = VG_UNAVAILABLE;
    for (size_t at = 0, piece, i = 0; at < stream.size && code == VG_UNAVAILABLE;
         at += piece, i++) {
        piece = fuzz_piece(pattern, i, stream.size - at);
        channel_feed(&channel, vg_span_of(stream.data + at, piece));
        code = take(&channel, &got);
    }
    size_t whole = 0;
    while (whole < RECORDS && stream.size >= ends[whole + 1] &&
           memcmp(stream.data, honest.data, ends[whole + 1]) == 0)
        whole++;
    assert(got.size == said_ends[whole] &&
           vg_span_equal(vg_buffer_span(&got), vg_span_of(said.data, got.size)));
    channel_end(&channel);
    vg_buffer_free(&stream);
    vg_buffer_free(&got);
    return 0;
}
