/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"

#include <assert.h>
#include <stdlib.h>

static void *or_abort(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

void *vg_alloc(size_t size)
{
    return or_abort(malloc(size > 0 ? size : 1));
}

void *vg_alloc_zero(size_t count, size_t size)
{
    return or_abort(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *vg_realloc(void *memory, size_t size)
{
    return or_abort(realloc(memory, size > 0 ? size : 1));
}

char *vg_strdup(const char *text)
{
    return or_abort(strdup(text));
}

uint8_t *vg_buffer_extend(struct vg_buffer *buffer, size_t size)
{
    assert(size <= SIZE_MAX / 4 - buffer->size);
    if (buffer->size + size > buffer->capacity) {
        size_t capacity = 2 * (buffer->size + size);
        buffer->data = vg_realloc(buffer->data, capacity);
        buffer->capacity = capacity;
    }
    uint8_t *at = buffer->data + buffer->size;
    buffer->size += size;
    return at;
}

void vg_buffer_append(struct vg_buffer *buffer, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(vg_buffer_extend(buffer, size), bytes, size);
}

void vg_buffer_consume(struct vg_buffer *buffer, size_t size)
{
    assert(size <= buffer->size);
    buffer->size -= size;
    if (size > 0 && buffer->size > 0)
        memmove(buffer->data, buffer->data + size, buffer->size);
}

void vg_buffer_clear(struct vg_buffer *buffer)
{
    buffer->size = 0;
}

void vg_buffer_free(struct vg_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct vg_buffer){0};
}

struct vg_blob *vg_blob_new(size_t size)
{
    struct vg_blob *blob = vg_alloc(sizeof *blob + size);
    atomic_init(&blob->references, 1);
    blob->size = size;
    return blob;
}

struct vg_blob *vg_blob_copy(vg_span bytes)
{
    struct vg_blob *blob = vg_blob_new(bytes.size);
    if (bytes.size > 0)
        memcpy(blob->data, bytes.data, bytes.size);
    return blob;
}

struct vg_blob *vg_blob_ref(struct vg_blob *blob)
{
    atomic_fetch_add(&blob->references, 1);
    return blob;
}

void vg_blob_unref(struct vg_blob *blob)
{
    if (blob != NULL && atomic_fetch_sub(&blob->references, 1) == 1)
        free(blob);
}
