/* SPDX-License-Identifier: Apache-2.0
 * The vocabulary every module shares: byte spans and identifiers that cannot be mixed up. */
#ifndef VIGIL_COMMON_TYPES_H
#define VIGIL_COMMON_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes. The holder of the memory outlives the span. */
typedef struct vg_span {
    const uint8_t *data;
    size_t size;
} vg_span;

/* A node of the cluster: an integer from 1, never reused; 0 is nobody. */
typedef struct vg_node_id {
    uint64_t value;
} vg_node_id;

/* An opaque 16-byte id: people, compartments, requests (UUIDv7), incidents. All zero is none. */
typedef struct vg_id {
    uint8_t bytes[16];
} vg_id;

/* A BLAKE2b-256 digest, or a cluster id, which is one. */
typedef struct vg_hash {
    uint8_t bytes[32];
} vg_hash;

static inline vg_span vg_span_of(const void *data, size_t size)
{
    return (vg_span){.data = data, .size = size};
}

static inline vg_span vg_span_text(const char *text)
{
    return vg_span_of(text, strlen(text));
}

static inline bool vg_span_equal(vg_span a, vg_span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool vg_node_equal(vg_node_id a, vg_node_id b)
{
    return a.value == b.value;
}

static inline bool vg_id_equal(const vg_id *a, const vg_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static inline bool vg_id_is_zero(const vg_id *id)
{
    static const vg_id zero;
    return vg_id_equal(id, &zero);
}

static inline bool vg_hash_equal(const vg_hash *a, const vg_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

#endif
