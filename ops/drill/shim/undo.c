/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/drill/shim/undo.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "ops/drill/shim/record.h"

enum { PAGE = 4096, SECTOR = 512, LOG_MAX = 1 << 30 };

struct cut {
    enum shim_kept kept;
    uint64_t grain; /* bytes that reach the disk together */
    uint64_t salt;
    bool grown; /* the file's new length has reached the disk */
    int fd;
    uint64_t kept_end; /* of the last grain that has */
};

/* Each grain has one answer, however often it was written: all of that, or what was durable. */
static bool keeps(const struct cut *cut, uint64_t offset)
{
    struct vg_prng coin = vg_prng_seed(cut->salt + offset / cut->grain);
    return cut->kept == SHIM_KEPT_RANDOM && vg_prng_below(&coin, 2) == 0;
}

/* False if the disk refuses. */
static bool undo_piece(struct cut *cut, const struct shim_undo *undo)
{
    assert(undo->size <= SHIM_UNDO_PIECE);
    uint64_t end = undo->offset + undo->size;
    uint64_t next;
    for (uint64_t at = undo->offset; at < end; at = next) {
        next = (at / cut->grain + 1) * cut->grain;
        next = next < end ? next : end;
        if (keeps(cut, at)) {
            cut->kept_end = next > cut->kept_end ? next : cut->kept_end;
            continue;
        }
        const uint8_t *before = undo->before + (at - undo->offset);
        if (pwrite(cut->fd, before, next - at, (off_t)at) != (ssize_t)(next - at))
            return false;
    }
    return true;
}

static bool undo_pieces(struct cut *cut, const struct shim_undo *pieces, size_t count)
{
    for (size_t i = count; i-- > 0;)
        if (!undo_piece(cut, &pieces[i]))
            return false;
    if (count == 0 || cut->grown)
        return true;
    uint64_t size = pieces[0].file_size;
    size = cut->kept_end > size ? cut->kept_end : size;
    return ftruncate(cut->fd, (off_t)size) == 0;
}

static enum vg_code undo_file(struct cut *cut, vg_span log, struct vg_error *error)
{
    if (log.size < SHIM_UNDO_PATH) /* the process ended before it wrote */
        return VG_OK;
    const char *path = (const char *)log.data;
    const struct shim_undo *pieces = (const struct shim_undo *)(log.data + SHIM_UNDO_PATH);
    cut->fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = cut->fd >= 0 &&
              undo_pieces(cut, pieces, (log.size - SHIM_UNDO_PATH) / sizeof *pieces) &&
              fdatasync(cut->fd) == 0;
    enum vg_code code = VG_OK;
    if (!ok)
        code = vg_fail(error, VG_UNAVAILABLE, "%s: cannot put back what was there: %s", path,
                       strerror(errno));
    if (cut->fd >= 0)
        close(cut->fd);
    return code;
}

static enum vg_code undo_log(const char *path, enum shim_kept kept, struct vg_prng *prng,
                             struct vg_error *error)
{
    struct cut cut = {.kept = kept, .grain = PAGE};
    if (kept == SHIM_KEPT_RANDOM) {
        cut.grain = vg_prng_below(prng, 2) == 0 ? PAGE : SECTOR;
        cut.salt = vg_prng_next(prng);
        cut.grown = vg_prng_below(prng, 2) == 0;
    }
    struct vg_buffer log = {0};
    enum vg_code code = VG_OK;
    if (kept != SHIM_KEPT_ALL)
        code = vg_file_read(path, LOG_MAX, &log, error);
    if (code == VG_OK)
        code = undo_file(&cut, vg_buffer_span(&log), error);
    vg_buffer_free(&log);
    if (code == VG_OK && unlink(path) != 0)
        code = vg_fail(error, VG_UNAVAILABLE, "%s: %s", path, strerror(errno));
    return code;
}

static int is_undo_log(const struct dirent *entry)
{
    return strncmp(entry->d_name, SHIM_UNDO_PREFIX, sizeof SHIM_UNDO_PREFIX - 1) == 0;
}

enum vg_code shim_power_cut(const char *control_folder, enum shim_kept kept, struct vg_prng *prng,
                            struct vg_error *error)
{
    struct dirent **logs;
    int count = scandir(control_folder, &logs, is_undo_log, alphasort);
    if (count < 0)
        return vg_fail(error, VG_UNAVAILABLE, "%s: %s", control_folder, strerror(errno));
    enum vg_code code = VG_OK;
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", control_folder, logs[i]->d_name);
        if (code == VG_OK)
            code = undo_log(path, kept, prng, error);
        free(logs[i]);
    }
    free(logs);
    return code;
}
