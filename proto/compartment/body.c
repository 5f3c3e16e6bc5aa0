/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/compartment/body.h"

#include <assert.h>

void compartment_body_seal(const vg_cipher_key *key, const uint8_t nonce[VG_NONCE_SIZE],
                           vg_span envelope, uint8_t *body, size_t size)
{
    static const uint8_t no_tag[VG_TAG_SIZE];
    assert(size >= VG_TAG_SIZE);
    size_t content = size - VG_TAG_SIZE;
    assert(memcmp(body + content, no_tag, sizeof no_tag) == 0);
    vg_cipher_seal(key, nonce, envelope, vg_span_of(body, content), body);
}

bool compartment_body_open(const vg_cipher_key *key, const uint8_t nonce[VG_NONCE_SIZE],
                           vg_span envelope, vg_span body, uint8_t *out)
{
    memset(out, 0, body.size);
    return body.size >= VG_TAG_SIZE && vg_cipher_open(key, nonce, envelope, body, out);
}
