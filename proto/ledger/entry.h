/* SPDX-License-Identifier: Apache-2.0
 * Entry format 1 (docs/protocol.md, DESIGN section 3): fixed little-endian headers, hashed as
 * received and never re-encoded. An entry is ledger header, envelope header, body, in that order
 * and with nothing between. */
#ifndef VIGIL_PROTO_LEDGER_ENTRY_H
#define VIGIL_PROTO_LEDGER_ENTRY_H

#include "common/crypto.h"
#include "common/error.h"
#include "common/limits.h"
#include "common/mem.h"
#include "common/types.h"

enum {
    LEDGER_FORMAT = 1,
    LEDGER_RULES_VERSION = 1,
    LEDGER_NONCE_SIZE = 24,
    LEDGER_SALT_SIZE = 32,
    LEDGER_BODY_UNIT = 256, /* bodies are padded to a multiple of this */
    /* version 2, group 4, index 8, term 8, time 8, rules 4, previous 32, envelope hash 32 */
    LEDGER_HEADER_SIZE = 98,
    /* version 2, cluster 32, type 1, compartment 16, epoch 8, origin 8, id 16, nonce 24, length 4,
     * commitment 32 */
    LEDGER_ENVELOPE_SIZE = 143,
    LEDGER_OVERHEAD = LEDGER_HEADER_SIZE + LEDGER_ENVELOPE_SIZE,
};

enum ledger_type { LEDGER_NOOP = 1, LEDGER_CONFIG = 2, LEDGER_CONTROL = 3, LEDGER_SEALED = 4 };

struct ledger_header {
    uint16_t version;
    uint32_t group; /* 0 */
    uint64_t index;
    uint64_t term;
    uint64_t time_ms;
    uint32_t rules;
    vg_hash previous; /* entry hash before; the cluster id before entry 1 */
    vg_hash envelope; /* envelope hash */
};

struct ledger_envelope {
    uint16_t version;
    vg_hash cluster;
    uint8_t type;      /* enum ledger_type */
    vg_id compartment; /* zero in noop, config and control */
    uint64_t epoch;    /* 0: body in clear, only under the genesis flag `clear` */
    vg_node_id origin;
    vg_id id; /* random; a hint, never what "once" rests on */
    uint8_t nonce[LEDGER_NONCE_SIZE];
    uint32_t body_size; /* padded length */
    vg_hash commitment; /* H(0x04, salt, signed command) */
};

/* An entry cut into its parts; spans borrow the entry's bytes. */
struct ledger_view {
    struct ledger_header header;
    struct ledger_envelope envelope;
    vg_span header_bytes;
    vg_span envelope_bytes;
    vg_span body;
    vg_hash hash; /* entry hash, computed */
};

/* The name of a type as printed ("noop", "config", "control", "sealed"). */
const char *ledger_type_name(uint8_t type);

/* Fixed layout out and in. Decoding refuses another version, unknown types and body sizes out of
 * bounds with VG_INVALID; pure. */
void ledger_header_encode(const struct ledger_header *header, uint8_t out[LEDGER_HEADER_SIZE]);
enum vg_code ledger_header_decode(vg_span bytes, struct ledger_header *out, struct vg_error *error);
void ledger_envelope_encode(const struct ledger_envelope *envelope,
                            uint8_t out[LEDGER_ENVELOPE_SIZE]);
enum vg_code ledger_envelope_decode(vg_span bytes, struct ledger_envelope *out,
                                    struct vg_error *error);

/* Whether it is its origin and its id alone, as a noop or config has to be: no body, zeros else. */
bool ledger_is_bare(const struct ledger_envelope *envelope);

/* H(0x03, body); H(0x02, envelope header, H(0x03, body)); H(0x00, ledger header). */
vg_hash ledger_body_hash(vg_span body);
vg_hash ledger_envelope_hash(vg_span envelope_bytes, const vg_hash *body_hash);
vg_hash ledger_entry_hash(vg_span header_bytes);

/* Cuts and checks a whole entry: layout, sizes, and that the header's envelope hash is that of
 * envelope and body. VG_INVALID for layout, VG_INTEGRITY for the hash; `error` names the index. */
enum vg_code ledger_parse(vg_span entry, struct ledger_view *out, struct vg_error *error);

/* Cuts without hashing the body, for readers that check damage separately. */
enum vg_code ledger_cut(vg_span entry, struct ledger_view *out, struct vg_error *error);

/* Size of the padded body that holds a signed command of `signed_size` bytes, and a tag should it
 * be sealed. */
size_t ledger_body_size(size_t signed_size);

/* Writes salt, length, signed command and zeros to `out`, which has ledger_body_size() bytes, and
 * returns the commitment. */
vg_hash ledger_body_build(const uint8_t salt[LEDGER_SALT_SIZE], vg_span signed_command,
                          uint8_t *out);

/* The signed command within a clear body, borrowed. VG_INTEGRITY if length, padding or commitment
 * do not hold. */
enum vg_code ledger_body_open(vg_span body, const vg_hash *commitment, vg_span *signed_command,
                              struct vg_error *error);

/* ---- signed command ----------------------------------------------------------------------------
 */

/* What a command expects of an aspect: "as of revision N". `part` names the task or step of an
 * aspect that has several, else zero. Aspect numbers are proto/response's. */
struct ledger_expectation {
    uint16_t aspect;
    vg_id part;
    uint64_t revision;
};

/* The preamble in fixed layout, the command's msgpack as sent, the author's signature over the text
 * label "vigil-command-1" and all before it. */
struct ledger_command {
    vg_hash cluster;
    vg_id compartment;
    vg_id author;
    vg_id request; /* UUIDv7; its time is the issue time; what the command creates takes it as id */
    struct ledger_expectation expectations[VG_EXPECTATIONS_MAX];
    uint16_t expectation_count;
    vg_span body; /* msgpack, borrowed */
    vg_signature signature;
};

/* Size of the encoded signed command. */
size_t ledger_command_size(const struct ledger_command *command);

/* Encodes into `out` of ledger_command_size() bytes, with the signature that it has. */
void ledger_command_encode(const struct ledger_command *command, uint8_t *out);

/* What a signature covers of an encoded command, whatever stands in the signature's place: appended
 * to `buffer`, which the span borrows. */
vg_span ledger_command_covered(vg_span bytes, struct vg_buffer *buffer);

/* Encodes into `out` of ledger_command_size() bytes and signs with `secret`; fills
 * command->signature. */
void ledger_command_sign(struct ledger_command *command, const struct vg_signer *signer,
                         const vg_secret_key *secret, uint8_t *out);

/* Strict decoding; spans borrow `bytes`. VG_INVALID names the field. Does not verify. */
enum vg_code ledger_command_decode(vg_span bytes, struct ledger_command *out,
                                   struct vg_error *error);

/* True if the signature over the encoded command `bytes` is the key's. */
bool ledger_command_verify(vg_span bytes, const struct vg_signer *signer, const vg_public_key *key);

/* H over compartment and command body: same id and hash is the same request (DESIGN "Once"). */
vg_hash ledger_request_hash(const struct ledger_command *command);

#endif
