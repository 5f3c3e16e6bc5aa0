/* SPDX-License-Identifier: Apache-2.0
 * Sealing of bodies (docs/compartments.md). A body is as long sealed as in clear: its last
 * VG_TAG_SIZE bytes are zero in clear and the tag when sealed. Pure; any thread. */
#ifndef VIGIL_PROTO_COMPARTMENT_BODY_H
#define VIGIL_PROTO_COMPARTMENT_BODY_H

#include "common/cipher.h"

/* Seals a clear body in place, under the data key of the envelope's epoch; `envelope` is its header
 * as encoded, with this nonce in it. */
void compartment_body_seal(const vg_cipher_key *key, const uint8_t nonce[VG_NONCE_SIZE],
                           vg_span envelope, uint8_t *body, size_t size);

/* The clear body of a sealed one, in `out` of as many bytes. False, and zeros in `out`, if header
 * or body are not as sealed or the key is another. */
bool compartment_body_open(const vg_cipher_key *key, const uint8_t nonce[VG_NONCE_SIZE],
                           vg_span envelope, vg_span body, uint8_t *out);

#endif
