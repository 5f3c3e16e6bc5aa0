/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/powercut.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "ops/drill/shim/record.h"

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    abort();
}

void powercut_load(struct powercut *cut, const char *record)
{
    *cut = (struct powercut){0};
    must(vg_file_read(record, 1U << 30, &cut->record, NULL) == VG_OK, record);
}

void powercut_free(struct powercut *cut)
{
    vg_buffer_free(&cut->record);
    vg_buffer_free(&cut->image);
    free(cut->pieces);
}

/* Puts a piece into what a file holds; returns how long that makes the file. */
static uint64_t put(struct vg_buffer *image, uint64_t size, const struct powercut_piece *piece)
{
    uint64_t end = piece->offset + piece->bytes.size;
    if (piece->bytes.size > 0) {
        if (end > image->size) {
            size_t added = (size_t)end - image->size;
            memset(vg_buffer_extend(image, added), 0, added);
        }
        memcpy(image->data + piece->offset, piece->bytes.data, piece->bytes.size);
    }
    return end > size ? end : size;
}

static void add_piece(struct powercut *cut, struct powercut_piece piece)
{
    if (cut->piece_count == cut->piece_capacity) {
        cut->piece_capacity = 2 * cut->piece_capacity + 16;
        cut->pieces = vg_realloc(cut->pieces, cut->piece_capacity * sizeof *cut->pieces);
    }
    cut->pieces[cut->piece_count++] = piece;
}

static void add_pieces(struct powercut *cut, uint64_t offset, vg_span bytes)
{
    while (bytes.size > 0) {
        size_t room = POWERCUT_PAGE - offset % POWERCUT_PAGE;
        size_t size = bytes.size < room ? bytes.size : room;
        add_piece(cut, (struct powercut_piece){offset, vg_span_of(bytes.data, size)});
        offset += size;
        bytes = vg_span_of(bytes.data + size, bytes.size - size);
    }
}

static void sync_pieces(struct powercut *cut)
{
    for (uint32_t i = 0; i < cut->piece_count; i++)
        cut->size = put(&cut->image, cut->size, &cut->pieces[i]);
    cut->piece_count = 0;
}

bool powercut_step(struct powercut *cut)
{
    struct shim_record call;
    if (cut->at == cut->record.size)
        return false;
    must(cut->record.size - cut->at >= sizeof call, "record cut short");
    memcpy(&call, cut->record.data + cut->at, sizeof call);
    cut->at += sizeof call;
    vg_span bytes = vg_span_of(cut->record.data + cut->at, (size_t)call.size);
    switch (call.call) {
    case SHIM_WRITE:
        add_pieces(cut, call.offset, bytes);
        break;
    case SHIM_WRITE_SYNCED:
        cut->size = put(&cut->image, cut->size, &(struct powercut_piece){call.offset, bytes});
        cut->synced_writes++;
        break;
    case SHIM_GROW:
        add_piece(cut, (struct powercut_piece){.offset = call.offset + call.size});
        return true;
    default:
        sync_pieces(cut);
        return true;
    }
    cut->at += bytes.size;
    return true;
}

void powercut_write(const struct powercut *cut, enum powercut_kept kept, struct vg_prng *prng,
                    const char *path)
{
    struct vg_buffer image = {0};
    uint64_t size = cut->size;
    vg_buffer_append(&image, cut->image.data, cut->image.size);
    for (uint32_t i = 0; i < cut->piece_count && kept != POWERCUT_NONE; i++) {
        if (kept == POWERCUT_ALL || vg_prng_below(prng, 2) == 0)
            size = put(&image, size, &cut->pieces[i]);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0, path);
    must(write(fd, image.data, image.size) == (ssize_t)image.size, path);
    must(ftruncate(fd, (off_t)size) == 0, path);
    close(fd);
    vg_buffer_free(&image);
}
