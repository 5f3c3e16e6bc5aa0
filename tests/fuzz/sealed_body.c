/* SPDX-License-Identifier: Apache-2.0
 * Sealed bodies: bytes of strangers do not open; what was sealed does, and with one bit of header
 * or body turned it does not. */
#include "proto/compartment/body.h"
#include "tests/fuzz/fuzz.h"

enum { HEADER_SIZE = 16 };

static const vg_cipher_key key = {{1}};
static const uint8_t nonce[VG_NONCE_SIZE] = {2};

static bool opens(vg_span header, vg_span body, struct vg_buffer *clear)
{
    vg_buffer_clear(clear);
    return compartment_body_open(&key, nonce, header, body, vg_buffer_extend(clear, body.size + 1));
}

/* Seals the input, and turns the bit that its first bytes choose. */
static void seal_and_turn(vg_span header, vg_span content, size_t choice, struct vg_buffer *clear)
{
    static const uint8_t no_tag[VG_TAG_SIZE];
    struct vg_buffer all = {0};
    vg_buffer_append(&all, header.data, header.size);
    vg_buffer_append(&all, content.data, content.size);
    vg_buffer_append(&all, no_tag, sizeof no_tag);
    uint8_t *at = all.data + header.size;
    vg_span body = vg_span_of(at, content.size + VG_TAG_SIZE);
    vg_span copy = vg_span_of(all.data, header.size);
    compartment_body_seal(&key, nonce, copy, at, body.size);
    assert(opens(copy, body, clear) && memcmp(clear->data, content.data, content.size) == 0);
    all.data[choice / 8 % all.size] ^= (uint8_t)(1U << choice % 8);
    assert(!opens(copy, body, clear));
    vg_buffer_free(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vg_crypto_init();
    struct vg_reader input = vg_reader_of(vg_span_of(data, size));
    size_t choice = vg_read_u16(&input);
    vg_span header = vg_read_span(&input, HEADER_SIZE);
    vg_span rest = fuzz_rest(&input);
    struct vg_buffer clear = {0};
    if (input.failed)
        return 0;
    assert(!opens(header, rest, &clear));
    seal_and_turn(header, rest, choice, &clear);
    vg_buffer_free(&clear);
    return 0;
}
