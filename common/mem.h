/* SPDX-License-Identifier: Apache-2.0
 * Allocation and the two growable things: a buffer, and shared immutable bytes. */
#ifndef VIGIL_COMMON_MEM_H
#define VIGIL_COMMON_MEM_H

#include <stdatomic.h>

#include "common/types.h"

/* As malloc, calloc and realloc, but out of memory aborts: every size is bounded by limits.h, so
 * running out is our own fault. Free with free(). */
void *vg_alloc(size_t size);
void *vg_alloc_zero(size_t count, size_t size);
void *vg_realloc(void *memory, size_t size);
char *vg_strdup(const char *text);

/* A growable buffer; zero-initialise to start. Owned by its holder, one thread at a time. */
struct vg_buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

/* Appends bytes, growing as needed. */
void vg_buffer_append(struct vg_buffer *buffer, const void *bytes, size_t size);

/* Appends `size` bytes for the caller to fill and returns their address, valid until the next
 * append. */
uint8_t *vg_buffer_extend(struct vg_buffer *buffer, size_t size);

/* Drops the first `size` bytes. */
void vg_buffer_consume(struct vg_buffer *buffer, size_t size);

/* Forgets the content and keeps the memory. */
void vg_buffer_clear(struct vg_buffer *buffer);

/* Frees the memory; the buffer is as new. */
void vg_buffer_free(struct vg_buffer *buffer);

static inline vg_span vg_buffer_span(const struct vg_buffer *buffer)
{
    return vg_span_of(buffer->data, buffer->size);
}

/* Immutable bytes shared by several holders, on any threads. */
struct vg_blob {
    atomic_uint references;
    size_t size;
    uint8_t data[];
};

/* A blob with one reference and `size` bytes that the caller fills before it shares them. */
struct vg_blob *vg_blob_new(size_t size);

/* A blob with one reference and a copy of `bytes`. */
struct vg_blob *vg_blob_copy(vg_span bytes);

/* One more reference; returns its argument. */
struct vg_blob *vg_blob_ref(struct vg_blob *blob);

/* Gives a reference back; the last one frees. NULL is allowed. */
void vg_blob_unref(struct vg_blob *blob);

static inline vg_span vg_blob_span(const struct vg_blob *blob)
{
    return vg_span_of(blob->data, blob->size);
}

#endif
