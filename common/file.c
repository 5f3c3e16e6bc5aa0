/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_LOOK_MS = 20 }; /* between two looks whether a lock is free: flock waits for ever */

static enum vg_code system_error(struct vg_error *error, const char *path, const char *doing)
{
    enum vg_code code = errno == ENOENT ? VG_NOT_FOUND : VG_UNAVAILABLE;
    return vg_fail(error, code, "%s: cannot %s: %s", path, doing, strerror(errno));
}

static enum vg_code open_regular(const char *path, int *fd, struct stat *info,
                                 struct vg_error *error)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for a writer */
    if (*fd < 0)
        return system_error(error, path, "open");
    enum vg_code code = VG_OK;
    if (fstat(*fd, info) != 0)
        code = system_error(error, path, "look at it");
    else if (!S_ISREG(info->st_mode))
        code = vg_fail(error, VG_INVALID, "%s: not a regular file; name the right file", path);
    if (code != VG_OK)
        close(*fd);
    return code;
}

/* Gives `take` each piece of a file, until it says no. */
static enum vg_code read_pieces(const char *path, bool (*take)(void *context, vg_span piece),
                                void *context, struct vg_error *error)
{
    struct stat info;
    uint8_t chunk[16384];
    ssize_t got;
    int fd;
    enum vg_code code = open_regular(path, &fd, &info, error);
    if (code != VG_OK)
        return code;
    do {
        got = read(fd, chunk, sizeof chunk);
    } while (got > 0 && take(context, vg_span_of(chunk, (size_t)got)));
    if (got < 0)
        code = system_error(error, path, "read");
    close(fd);
    return code;
}

struct whole {
    struct vg_buffer *out;
    size_t total;
    size_t max;
};

static bool append(void *context, vg_span piece)
{
    struct whole *whole = context;
    whole->total += piece.size;
    if (whole->total > whole->max)
        return false;
    vg_buffer_append(whole->out, piece.data, piece.size);
    return true;
}

enum vg_code vg_file_read(const char *path, size_t max, struct vg_buffer *out,
                          struct vg_error *error)
{
    struct whole whole = {.out = out, .max = max};
    enum vg_code code = read_pieces(path, append, &whole, error);
    if (code == VG_OK && whole.total > max)
        code =
            vg_fail(error, VG_INVALID,
                    "%s: larger than %zu bytes; name the right file, or a smaller one", path, max);
    return code;
}

struct digest {
    crypto_hash_sha256_state state;
    uint64_t size;
};

static bool update(void *context, vg_span piece)
{
    struct digest *digest = context;
    crypto_hash_sha256_update(&digest->state, piece.data, piece.size);
    digest->size += piece.size;
    return true;
}

enum vg_code vg_file_sha256(const char *path, vg_hash *hash, uint64_t *size, struct vg_error *error)
{
    struct digest digest = {.size = 0};
    crypto_hash_sha256_init(&digest.state);
    enum vg_code code = read_pieces(path, update, &digest, error);
    crypto_hash_sha256_final(&digest.state, hash->bytes);
    *size = digest.size;
    return code;
}

/* ---- secrets -----------------------------------------------------------------------------------
 */

static void folder_of(const char *path, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s", path);
    char *slash = strrchr(out, '/');
    if (slash == NULL)
        snprintf(out, PATH_MAX, ".");
    else
        slash[slash == out] = '\0';
}

static bool is_foreign(const struct stat *info)
{
    return info->st_uid != geteuid() && info->st_uid != 0;
}

/* Whether it begins as an identity does: of any other, a wrong path perhaps, no command is told
 * that would change it. */
static bool is_identity(int fd)
{
    static const char begins[] = "vigil-identity ";
    char head[sizeof begins - 1];
    return pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head &&
           memcmp(head, begins, sizeof head) == 0;
}

static enum vg_code check_secret(const char *path, int fd, const struct stat *info,
                                 unsigned forbidden, struct vg_error *error)
{
    char folder[PATH_MAX];
    struct stat around;
    bool foreign = is_foreign(info), readable = (info->st_mode & forbidden) != 0;
    if ((foreign || readable) && !is_identity(fd))
        return vg_fail(error, VG_FORBIDDEN,
                       "%s: others can %s it, and a secret is for its owner alone; see that it is "
                       "the file you mean, and that nobody else can (mode 600)",
                       path, foreign ? "change" : "read");
    if (foreign)
        return vg_fail(error, VG_FORBIDDEN,
                       "%s: it is user %u's, who may change this secret; run: chown %u %s", path,
                       (unsigned)info->st_uid, (unsigned)geteuid(), path);
    if (readable)
        return vg_fail(error, VG_FORBIDDEN, "%s: others can read this secret; run: chmod 600 %s",
                       path, path);
    folder_of(path, folder);
    if (stat(folder, &around) != 0)
        return system_error(error, folder, "look at it");
    bool is_open = (around.st_mode & 022) != 0 && (around.st_mode & S_ISVTX) == 0;
    if (is_foreign(&around) || is_open)
        return vg_fail(error, VG_FORBIDDEN,
                       "%s: others can exchange this secret in its folder; run: chown %u %s && "
                       "chmod go-w %s",
                       path, (unsigned)geteuid(), folder, folder);
    return VG_OK;
}

static enum vg_code read_whole(int fd, const char *path, void *out, size_t max, size_t *size,
                               struct vg_error *error)
{
    uint8_t beyond;
    ssize_t got = 1;
    for (*size = 0; got > 0 && *size < max; *size += (size_t)got) {
        got = read(fd, (uint8_t *)out + *size, max - *size);
        if (got < 0)
            return system_error(error, path, "read");
    }
    if (got > 0 && read(fd, &beyond, 1) != 0)
        return vg_fail(error, VG_INVALID,
                       "%s: larger than %zu bytes; name the right file, or a smaller one", path,
                       max);
    return VG_OK;
}

enum vg_code vg_file_read_secret(const char *path, unsigned forbidden, void *out, size_t max,
                                 size_t *size, struct vg_error *error)
{
    struct stat info;
    int fd;
    enum vg_code code = open_regular(path, &fd, &info, error);
    if (code != VG_OK)
        return code;
    code = check_secret(path, fd, &info, forbidden, error);
    if (code == VG_OK)
        code = read_whole(fd, path, out, max, size, error);
    close(fd);
    return code;
}

/* ---- writing -----------------------------------------------------------------------------------
 */

static bool write_all(int fd, vg_span bytes)
{
    while (bytes.size > 0) {
        ssize_t put = write(fd, bytes.data, bytes.size);
        if (put < 0)
            return false;
        bytes = vg_span_of(bytes.data + put, bytes.size - (size_t)put);
    }
    return true;
}

static enum vg_code sync_folder_of(const char *path, struct vg_error *error)
{
    char folder[PATH_MAX];
    folder_of(path, folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return system_error(error, folder, "open");
    bool ok = fsync(fd) == 0;
    enum vg_code code = ok ? VG_OK : system_error(error, folder, "sync");
    close(fd);
    return code;
}

enum vg_code vg_file_write(const char *path, vg_span bytes, unsigned mode, struct vg_error *error)
{
    char temporary[PATH_MAX];
    if (snprintf(temporary, sizeof temporary, "%s.part", path) >= (int)sizeof temporary)
        return vg_fail(error, VG_INVALID, "%s: the path is too long", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return system_error(error, temporary, "write");
    bool ok = fchmod(fd, (mode_t)mode) == 0 && write_all(fd, bytes) && fsync(fd) == 0;
    if (!ok)
        system_error(error, temporary, "write");
    close(fd);
    if (ok && rename(temporary, path) != 0) {
        system_error(error, path, "replace");
        ok = false;
    }
    if (!ok) {
        unlink(temporary);
        return VG_UNAVAILABLE;
    }
    return sync_folder_of(path, error);
}

enum vg_code vg_folder_make(const char *path, struct vg_error *error)
{
    char partial[PATH_MAX];
    if (snprintf(partial, sizeof partial, "%s", path) >= (int)sizeof partial)
        return vg_fail(error, VG_INVALID, "%s: the path is too long", path);
    for (char *at = partial + 1;; at++) {
        char end = *at;
        if (end != '/' && end != '\0')
            continue;
        *at = '\0';
        bool made = mkdir(partial, 0700) == 0;
        if (!made && errno != EEXIST)
            return system_error(error, partial, "make the folder");
        enum vg_code code = made ? sync_folder_of(partial, error) : VG_OK;
        *at = end;
        if (end == '\0' || code != VG_OK)
            return code;
    }
}

enum vg_code vg_folder_lock(const char *path, uint32_t wait_ms, int *lock, struct vg_error *error)
{
    const struct timespec pause = {.tv_nsec = LOCK_LOOK_MS * 1000000L};
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return system_error(error, path, "open");
    int taken = flock(fd, LOCK_EX | LOCK_NB);
    for (uint32_t ms = 0; taken != 0 && errno == EWOULDBLOCK && ms < wait_ms; ms += LOCK_LOOK_MS) {
        nanosleep(&pause, NULL);
        taken = flock(fd, LOCK_EX | LOCK_NB);
    }
    if (taken == 0) {
        *lock = fd;
        return VG_OK;
    }
    enum vg_code code =
        errno == EWOULDBLOCK
            ? vg_fail(error, VG_BUSY,
                      "%s: another process has had this folder locked for %u ms; end it, or try "
                      "again (fuser %s says which)",
                      path, wait_ms, path)
            : system_error(error, path, "lock");
    close(fd);
    return code;
}
