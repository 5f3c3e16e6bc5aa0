/* SPDX-License-Identifier: Apache-2.0
 * A disk and a clock that misbehave, for real programs: LD_PRELOAD=libvigilshim.so. It stands
 * before the system calls on files whose name ends in ".mdb", and does what the files of the folder
 * VIGIL_SHIM_DIR say, one folder a process; they may come, change and go while it runs. One with
 * contents is put there whole, by a rename (vg_file_write does so).
 *
 *   slow        milliseconds: each sync takes that much longer, and so does each write to a
 *               descriptor opened with O_DSYNC, by which LMDB syncs its pages; a sync that waits
 *               goes on when the file goes
 *   sync-error  the next of those fails with EIO, or the n-th from now if it holds a number; then
 *               the file is gone, and later ones succeed again, as the kernel's do
 *   pretend     syncs and posix_fallocate succeed at once and do nothing, and O_DSYNC means nothing
 *               (on any file), as on a disk that confirms what it has not done
 *   full        nothing can be allocated: writes beyond a file's end and posix_fallocate fail with
 *               ENOSPC, and fstatvfs finds no space (on any file)
 *   clock       milliseconds: how far the real-time clock is ahead, or behind if negative; the
 *               monotonic ones never are. The kernel's own waits for a time of day do not know it
 *   tree        a folder, by its whole path: each call that changes what is below it is appended to
 *               the file `record` (record.h), from which disks after a power cut are made
 *   undo        there from the start: what is overwritten is saved until a sync has made the new
 *               content durable, so that after the process was killed undo.h can take the power
 *               from its disk. Writes through a mapping would not be seen; LMDB has none here
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "ops/drill/shim/control.h"
#include "ops/drill/shim/journal.h"

enum { DESCRIPTORS = 4096 };
enum { FAULTY = 1, SYNCED = 2, RECORDED = 4 }; /* what there is to a descriptor */

static atomic_uchar kinds[DESCRIPTORS];

/* The C library's own. */
#define REAL(name)                                                                                 \
    ({                                                                                             \
        static __typeof__(&(name)) real;                                                           \
        if (real == NULL)                                                                          \
            real = (__typeof__(real))dlsym(RTLD_NEXT, #name);                                      \
        real;                                                                                      \
    })

static unsigned char kind_of(int fd)
{
    return fd >= 0 && fd < DESCRIPTORS ? atomic_load(&kinds[fd]) : 0;
}

static int opened(int fd, const char *path, int flags)
{
    if (fd < 0 || fd >= DESCRIPTORS)
        return fd;
    size_t size = strlen(path);
    int kind = flags & O_DSYNC ? SYNCED : 0;
    kind |= size >= 4 && strcmp(path + size - 4, ".mdb") == 0 ? FAULTY : 0;
    kind |= shim_record_open(fd) ? RECORDED : 0;
    atomic_store(&kinds[fd], (unsigned char)kind);
    return fd;
}

/* What a sync does before the real one: false if it is to fail. */
static bool may_sync(void)
{
    shim_wait_slow();
    if (!shim_sync_fails())
        return true;
    errno = EIO;
    return false;
}

/* False, with errno, if a write of `size` bytes is to fail. */
static bool may_write(int fd, off_t offset, off_t size)
{
    unsigned char kind = kind_of(fd);
    if (!(kind & FAULTY))
        return true;
    struct stat info;
    if (shim_exists("full") && fstat(fd, &info) == 0 && offset + size > info.st_size) {
        errno = ENOSPC;
        return false;
    }
    if (kind & SYNCED && !may_sync())
        return false;
    if (kind & SYNCED)
        shim_undo_none(fd);
    else
        shim_undo_save(fd, offset, size);
    return true;
}

static off_t place(int fd)
{
    return kind_of(fd) == 0 ? 0 : lseek(fd, 0, SEEK_CUR);
}

static off_t total(const struct iovec *parts, int count)
{
    off_t sum = 0;
    for (int i = 0; i < count; i++)
        sum += (off_t)parts[i].iov_len;
    return sum;
}

/* `written` bytes of `parts` have gone to `offset` of the file. */
static ssize_t recorded(ssize_t written, int fd, const struct iovec *parts, int count, off_t offset)
{
    unsigned char kind = kind_of(fd);
    if (kind & RECORDED && written == total(parts, count))
        shim_record_write(fd, kind & SYNCED ? SHIM_WRITE_SYNCED : SHIM_WRITE, offset, parts, count);
    return written;
}

static ssize_t recorded_one(ssize_t written, int fd, const void *bytes, size_t size, off_t offset)
{
    struct iovec part = {(void *)(uintptr_t)bytes, size};
    return recorded(written, fd, &part, 1, offset);
}

static int synced(int result, int fd)
{
    unsigned char kind = kind_of(fd);
    if (result == 0 && kind & FAULTY)
        shim_undo_drop(fd);
    if (result == 0 && kind & RECORDED)
        shim_record_sync(fd);
    return result;
}

/* False if nothing can be allocated. */
static bool may_grow(int fd, off_t end)
{
    if (!(kind_of(fd) & FAULTY))
        return true;
    if (shim_exists("full"))
        return false;
    shim_undo_save(fd, end, 0);
    return true;
}

static int grown(int result, int fd, off_t end)
{
    if (result == 0 && kind_of(fd) & RECORDED)
        shim_record_grow(fd, end);
    return result;
}

static int flags_there(int flags)
{
    return shim_exists("pretend") ? flags & ~O_DSYNC : flags;
}

static mode_t mode_in(int flags, va_list arguments)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

static void jump(struct timespec *now, long ms)
{
    long ns = now->tv_nsec + ms % 1000 * 1000000;
    now->tv_sec += ms / 1000 + (ns >= 1000000000) - (ns < 0);
    now->tv_nsec = (ns + 1000000000) % 1000000000;
}

/* What follows stands before the C library's, whose parameters have reserved names. */
#pragma GCC visibility push(default)
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

/* Both names of a call are the same call where off_t has 64 bits. */
#define OPEN(name, parameters, ...)                                                                \
    int name parameters                                                                            \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = mode_in(flags, arguments);                                                   \
        va_end(arguments);                                                                         \
        flags = flags_there(flags);                                                                \
        return opened(REAL(name)(__VA_ARGS__), path, flags);                                       \
    }
#define PWRITE(name)                                                                               \
    ssize_t name(int fd, const void *bytes, size_t size, off_t offset)                             \
    {                                                                                              \
        if (!may_write(fd, offset, (off_t)size))                                                   \
            return -1;                                                                             \
        return recorded_one(REAL(name)(fd, bytes, size, offset), fd, bytes, size, offset);         \
    }
#define PWRITEV(name)                                                                              \
    ssize_t name(int fd, const struct iovec *parts, int count, off_t offset)                       \
    {                                                                                              \
        if (!may_write(fd, offset, total(parts, count)))                                           \
            return -1;                                                                             \
        return recorded(REAL(name)(fd, parts, count, offset), fd, parts, count, offset);           \
    }
#define FALLOCATE(name)                                                                            \
    int name(int fd, off_t offset, off_t size)                                                     \
    {                                                                                              \
        if (shim_exists("pretend"))                                                                \
            return 0;                                                                              \
        if (!may_grow(fd, offset + size))                                                          \
            return ENOSPC;                                                                         \
        return grown(REAL(name)(fd, offset, size), fd, offset + size);                             \
    }
#define FSTATVFS(name, type)                                                                       \
    int name(int fd, struct type *info)                                                            \
    {                                                                                              \
        int result = REAL(name)(fd, info);                                                         \
        if (result == 0 && shim_exists("full"))                                                    \
            info->f_bavail = info->f_bfree = 0;                                                    \
        return result;                                                                             \
    }
#define SYNC(name)                                                                                 \
    int name(int fd)                                                                               \
    {                                                                                              \
        if (shim_exists("pretend"))                                                                \
            return 0;                                                                              \
        if (kind_of(fd) & FAULTY && !may_sync())                                                   \
            return -1;                                                                             \
        return synced(REAL(name)(fd), fd);                                                         \
    }

OPEN(open, (const char *path, int flags, ...), path, flags, mode)
OPEN(open64, (const char *path, int flags, ...), path, flags, mode)
OPEN(openat, (int folder, const char *path, int flags, ...), folder, path, flags, mode)
OPEN(openat64, (int folder, const char *path, int flags, ...), folder, path, flags, mode)
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
    if (!may_write(fd, offset, (off_t)size))
        return -1;
    return recorded_one(REAL(write)(fd, bytes, size), fd, bytes, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    off_t offset = place(fd);
    if (!may_write(fd, offset, total(parts, count)))
        return -1;
    return recorded(REAL(writev)(fd, parts, count), fd, parts, count, offset);
}

int mkdir(const char *path, mode_t mode)
{
    int result = REAL(mkdir)(path, mode);
    if (result == 0)
        shim_record_mkdir(path);
    return result;
}

int rename(const char *from, const char *to)
{
    int result = REAL(rename)(from, to);
    if (result == 0)
        shim_record_rename(from, to);
    return result;
}

int close(int fd)
{
    if (fd >= 0 && fd < DESCRIPTORS)
        atomic_store(&kinds[fd], 0);
    return REAL(close)(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = REAL(clock_gettime)(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        jump(now, shim_number("clock"));
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (out != NULL)
        *out = precise.tv_sec;
    return precise.tv_sec;
}

/* By which a program confines itself, there being no function for it: the control folder is let
 * through, wherever it is. All else passes as it came: a call has at most six arguments. */
long syscall(long number, ...)
{
    long words[6];
    va_list arguments;
    va_start(arguments, number);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        words[i] = va_arg(arguments, long);
    va_end(arguments);
    if (number == SYS_landlock_restrict_self)
        shim_allow((int)words[0]);
    return REAL(syscall)(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
