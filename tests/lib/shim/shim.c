/* SPDX-License-Identifier: Apache-2.0
 * A disk that misbehaves, for real programs: LD_PRELOAD=libvigilshim.so. It stands before the
 * system calls on files whose name ends in ".mdb":
 *
 *   VIGIL_SHIM_SYNC_MS=n           each sync takes n milliseconds longer, and so does each write to
 *                                  a descriptor opened with O_DSYNC, by which LMDB syncs its pages
 *   VIGIL_SHIM_SYNC_ERROR_AFTER=n  the n-th of those fails with EIO; later ones succeed again, as
 *                                  the kernel's do
 *   VIGIL_SHIM_NOSPACE_FILE=path   while that file exists nothing can be allocated: writes beyond a
 *                                  file's end and posix_fallocate fail with ENOSPC, and fstatvfs
 *                                  finds no space (on any file)
 *   VIGIL_SHIM_RECORD=path         every write, sync and allocation is appended to that file in
 *                                  order (record.h), from which disks after a power cut are made
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/shim/record.h"

enum { DESCRIPTORS = 4096 };
enum { NOT_OURS, OURS, OURS_SYNCED };

static atomic_uchar kinds[DESCRIPTORS];
static atomic_long syncs;

#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

static unsigned char kind_of(int fd)
{
    return fd >= 0 && fd < DESCRIPTORS ? atomic_load(&kinds[fd]) : NOT_OURS;
}

static int opened(int fd, const char *path, int flags)
{
    size_t size = strlen(path);
    bool ours = size >= 4 && strcmp(path + size - 4, ".mdb") == 0;
    if (fd >= 0 && fd < DESCRIPTORS)
        atomic_store(&kinds[fd], !ours ? NOT_OURS : flags & O_DSYNC ? OURS_SYNCED : OURS);
    return fd;
}

static long setting(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? strtol(text, NULL, 10) : 0;
}

/* What a sync does before the real one: false if it is to fail. */
static bool slow_sync(void)
{
    long ms = setting("VIGIL_SHIM_SYNC_MS");
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
    if (atomic_fetch_add(&syncs, 1) + 1 != setting("VIGIL_SHIM_SYNC_ERROR_AFTER"))
        return true;
    errno = EIO;
    return false;
}

static bool disk_full(void)
{
    const char *path = getenv("VIGIL_SHIM_NOSPACE_FILE");
    int saved = errno;
    bool full = path != NULL && access(path, F_OK) == 0;
    errno = saved;
    return full;
}

/* False, with errno, if a write that ends at `end` is to fail. */
static bool may_write(int fd, off_t end)
{
    unsigned char kind = kind_of(fd);
    if (kind == NOT_OURS)
        return true;
    struct stat info;
    if (disk_full() && fstat(fd, &info) == 0 && end > info.st_size) {
        errno = ENOSPC;
        return false;
    }
    return kind != OURS_SYNCED || slow_sync();
}

static off_t place(int fd)
{
    return kind_of(fd) == NOT_OURS ? 0 : lseek(fd, 0, SEEK_CUR);
}

static off_t total(const struct iovec *parts, int count)
{
    off_t sum = 0;
    for (int i = 0; i < count; i++)
        sum += (off_t)parts[i].iov_len;
    return sum;
}

static void record(const struct shim_record *call, const struct iovec *parts, int count)
{
    const char *path = getenv("VIGIL_SHIM_RECORD");
    if (path == NULL)
        return;
    int saved = errno;
    int fd = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool ok = REAL(write)(fd, call, sizeof *call) == (ssize_t)sizeof *call;
    ok = ok && (count == 0 || REAL(writev)(fd, parts, count) == (ssize_t)call->size);
    REAL(close)(fd);
    if (!ok)
        abort();
    errno = saved;
}

/* `written` bytes of `parts` have gone to `offset` of the file. */
static ssize_t recorded(ssize_t written, int fd, const struct iovec *parts, int count, off_t offset)
{
    unsigned char kind = kind_of(fd);
    if (kind != NOT_OURS && written == total(parts, count))
        record(&(struct shim_record){kind == OURS_SYNCED ? SHIM_WRITE_SYNCED : SHIM_WRITE,
                                     (uint64_t)offset, (uint64_t)written},
               parts, count);
    return written;
}

static ssize_t recorded_one(ssize_t written, int fd, const void *bytes, size_t size, off_t offset)
{
    struct iovec part = {(void *)(uintptr_t)bytes, size};
    return recorded(written, fd, &part, 1, offset);
}

static int recorded_sync(int result, int fd)
{
    if (result == 0 && kind_of(fd) != NOT_OURS)
        record(&(struct shim_record){.call = SHIM_SYNC}, NULL, 0);
    return result;
}

static int recorded_growth(int result, int fd, off_t offset, off_t size)
{
    if (result == 0 && kind_of(fd) != NOT_OURS)
        record(&(struct shim_record){SHIM_GROW, (uint64_t)offset, (uint64_t)size}, NULL, 0);
    return result;
}

static mode_t mode_in(int flags, va_list arguments)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

/* Both names of a call are the same call where off_t has 64 bits. */
#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = mode_in(flags, arguments);                                                   \
        va_end(arguments);                                                                         \
        return opened(REAL(name)(path, flags, mode), path, flags);                                 \
    }
#define OPENAT(name)                                                                               \
    int name(int folder, const char *path, int flags, ...)                                         \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = mode_in(flags, arguments);                                                   \
        va_end(arguments);                                                                         \
        return opened(REAL(name)(folder, path, flags, mode), path, flags);                         \
    }
#define PWRITE(name)                                                                               \
    ssize_t name(int fd, const void *bytes, size_t size, off_t offset)                             \
    {                                                                                              \
        if (!may_write(fd, offset + (off_t)size))                                                  \
            return -1;                                                                             \
        return recorded_one(REAL(name)(fd, bytes, size, offset), fd, bytes, size, offset);         \
    }
#define PWRITEV(name)                                                                              \
    ssize_t name(int fd, const struct iovec *parts, int count, off_t offset)                       \
    {                                                                                              \
        if (!may_write(fd, offset + total(parts, count)))                                          \
            return -1;                                                                             \
        return recorded(REAL(name)(fd, parts, count, offset), fd, parts, count, offset);           \
    }
#define FALLOCATE(name)                                                                            \
    int name(int fd, off_t offset, off_t size)                                                     \
    {                                                                                              \
        if (kind_of(fd) != NOT_OURS && disk_full())                                                \
            return ENOSPC;                                                                         \
        return recorded_growth(REAL(name)(fd, offset, size), fd, offset, size);                    \
    }
#define FSTATVFS(name, type)                                                                       \
    int name(int fd, struct type *info)                                                            \
    {                                                                                              \
        int result = REAL(name)(fd, info);                                                         \
        if (result == 0 && disk_full())                                                            \
            info->f_bavail = info->f_bfree = 0;                                                    \
        return result;                                                                             \
    }
#define SYNC(name)                                                                                 \
    int name(int fd)                                                                               \
    {                                                                                              \
        if (kind_of(fd) != NOT_OURS && !slow_sync())                                               \
            return -1;                                                                             \
        return recorded_sync(REAL(name)(fd), fd);                                                  \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
PWRITE(pwrite)
PWRITE(pwrite64)
PWRITEV(pwritev)
PWRITEV(pwritev64)
FALLOCATE(posix_fallocate)
FALLOCATE(posix_fallocate64)
FSTATVFS(fstatvfs, statvfs)
FSTATVFS(fstatvfs64, statvfs64)
SYNC(fdatasync)
SYNC(fsync)

ssize_t write(int fd, const void *bytes, size_t size)
{
    off_t offset = place(fd);
    if (!may_write(fd, offset + (off_t)size))
        return -1;
    return recorded_one(REAL(write)(fd, bytes, size), fd, bytes, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    off_t offset = place(fd);
    if (!may_write(fd, offset + total(parts, count)))
        return -1;
    return recorded(REAL(writev)(fd, parts, count), fd, parts, count, offset);
}

/* Of a mapping there is no name; only LMDB's writable maps are synced, which Vigil has none of. */
int msync(void *start, size_t size, int flags)
{
    return slow_sync() ? REAL(msync)(start, size, flags) : -1;
}

int close(int fd)
{
    if (fd >= 0 && fd < DESCRIPTORS)
        atomic_store(&kinds[fd], NOT_OURS);
    return REAL(close)(fd);
}
