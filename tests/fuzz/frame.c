/* SPDX-License-Identifier: Apache-2.0
 * The reader of frames: however a stream is split, it gives the same frames and the same end, and
 * each frame, written again, is the bytes it was read from. */
#include "proto/wire/frame.h"
#include "tests/fuzz/fuzz.h"

/* Reads what there is; appends each frame, written again. */
static enum vg_code drain(struct wire_reader *reader, struct vg_buffer *again)
{
    struct wire_frame frame;
    struct vg_error error = {0};
    enum vg_code code;
    while ((code = wire_reader_next(reader, &frame, &error)) == VG_OK)
        wire_frame_write(again, (enum wire_type)frame.type, frame.payload);
    if (code == VG_UNAVAILABLE)
        assert(error.text[0] == '\0');
    else
        fuzz_refused(code, &error);
    return code;
}

/* Feeds `stream` in pieces. */
static enum vg_code cut(vg_span stream, size_t frame_max, const uint8_t pattern[FUZZ_PATTERN],
                        struct vg_buffer *again)
{
    struct wire_reader reader = {.frame_max = frame_max};
    enum vg_code code = VG_UNAVAILABLE;
    size_t at = 0;
    for (size_t i = 0; at < stream.size && code == VG_UNAVAILABLE; i++) {
        size_t piece = fuzz_piece(pattern, i, stream.size - at);
        wire_reader_feed(&reader, vg_span_of(stream.data + at, piece));
        at += piece;
        code = drain(&reader, again);
    }
    wire_reader_free(&reader);
    return code;
}

/* Frames of types and payloads that the bytes say, and at the end a bit turned in one of them. */
static void build(struct vg_reader *input, struct vg_buffer *stream)
{
    uint8_t flip = vg_read_u8(input);
    while (!input->failed && input->at < input->end) {
        uint8_t type = vg_read_u8(input);
        size_t size = vg_read_u8(input);
        size_t left = (size_t)(input->end - input->at);
        wire_frame_write(stream, (enum wire_type)type,
                         vg_read_span(input, size < left ? size : left));
    }
    if (flip != 0 && stream->size > 0)
        stream->data[flip * (size_t)flip % stream->size] ^= (uint8_t)(1U << flip % 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t whole[FUZZ_PATTERN];
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    struct vg_buffer stream = {0}, at_once = {0}, in_pieces = {0};
    uint8_t pattern[FUZZ_PATTERN];
    bool is_built = fuzz_below(&input, 2) == 1;
    size_t frame_max = fuzz_below(&input, 3) == 2 ? 64 : 0;
    vg_read_copy(&input, pattern, sizeof pattern);
    if (is_built) {
        build(&input, &stream);
    } else {
        vg_span rest = fuzz_rest(&input);
        vg_buffer_append(&stream, rest.data, rest.size);
    }
    enum vg_code code = cut(vg_buffer_span(&stream), frame_max, whole, &at_once);
    assert(cut(vg_buffer_span(&stream), frame_max, pattern, &in_pieces) == code);
    assert(vg_span_equal(vg_buffer_span(&at_once), vg_buffer_span(&in_pieces)));
    assert(at_once.size <= stream.size &&
           vg_span_equal(vg_buffer_span(&at_once), vg_span_of(stream.data, at_once.size)));
    vg_buffer_free(&stream);
    vg_buffer_free(&at_once);
    vg_buffer_free(&in_pieces);
    return 0;
}
