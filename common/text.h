/* SPDX-License-Identifier: Apache-2.0
 * Text forms of what the program handles: hex, UUID, RFC 3339 times, UTF-8 checks. */
#ifndef VIGIL_COMMON_TEXT_H
#define VIGIL_COMMON_TEXT_H

#include "common/mem.h"
#include "common/types.h"

enum {
    VG_ID_TEXT = 37,   /* "0192f0c4-...": 36 and the end */
    VG_HASH_TEXT = 65, /* lowercase hex and the end */
    VG_TIME_TEXT = 25, /* "2026-11-22T03:04:05.678Z" and the end */
    VG_FINGERPRINT_SIZE = 20,
    VG_FINGERPRINT_TEXT = 50, /* ten groups of four hex digits, and the end */
};

/* Lowercase hex of `bytes` into `out`, which has room for 2 * size + 1. */
void vg_hex_format(vg_span bytes, char *out);

/* Hex of exactly `size` bytes, either case; false for any other text. */
bool vg_hex_parse(const char *text, void *out, size_t size);

/* What people compare of a hash: its first VG_FINGERPRINT_SIZE bytes, "8f2c 91d0 ...". */
void vg_fingerprint_format(const vg_hash *hash, char out[VG_FINGERPRINT_TEXT]);

/* The same as it was read out or typed: groups of any size, either case, blanks, hyphens or colons
 * between them. False for any other text. */
bool vg_fingerprint_parse(const char *text, uint8_t out[VG_FINGERPRINT_SIZE]);

/* Appends bytes in base64 with padding (RFC 4648 section 4). */
void vg_base64_format(vg_span bytes, struct vg_buffer *out);

/* Appends what a base64 text says; false for any other text. */
bool vg_base64_parse(vg_span text, struct vg_buffer *out);

/* RFC 9562 text form. */
void vg_id_format(const vg_id *id, char out[VG_ID_TEXT]);

/* RFC 9562 text form, either case; false for any other text. */
bool vg_id_parse(const char *text, vg_id *out);

/* A UUIDv7 (RFC 9562 section 5.7) of a time in ms since 1970 and 10 random bytes. */
vg_id vg_uuid7_make(uint64_t time_ms, const uint8_t random[10]);

/* True if the id has version 7 and the RFC 9562 variant. */
bool vg_uuid7_valid(const vg_id *id);

/* The time of a UUIDv7, ms since 1970. */
uint64_t vg_uuid7_time_ms(const vg_id *id);

/* RFC 3339 in UTC with milliseconds; years to 9999, later times print as the end of 9999. */
void vg_time_format(uint64_t time_ms, char out[VG_TIME_TEXT]);

/* RFC 3339 with seconds, optional fraction, and a zone ("Z" or an offset); times from 1970 to the
 * end of 9999. False for anything else, a missing zone above all. */
bool vg_time_parse(const char *text, uint64_t *time_ms);

/* True for valid UTF-8 (RFC 3629) without NUL. */
bool vg_utf8_valid(vg_span text);

#endif
