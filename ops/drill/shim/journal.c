/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "ops/drill/shim/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/drill/shim/control.h"

enum { UNDO_NAME = 32 };

static pthread_mutex_t recording =
    PTHREAD_MUTEX_INITIALIZER; /* a call and its bytes lie together */

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    abort();
}

static bool append(int fd, const void *bytes, size_t size)
{
    return write(fd, bytes, size) == (ssize_t)size;
}

void shim_record(const struct shim_record *call, const struct iovec *parts, int count)
{
    int fd = shim_open("record", O_WRONLY | O_APPEND);
    if (fd < 0)
        return;
    int saved = errno;
    pthread_mutex_lock(&recording);
    bool ok = append(fd, call, sizeof *call) &&
              (count == 0 || writev(fd, parts, count) == (ssize_t)call->size);
    pthread_mutex_unlock(&recording);
    must(ok, "the shim cannot record");
    close(fd);
    errno = saved;
}

static struct stat look(int fd, char name[UNDO_NAME])
{
    struct stat info;
    must(fstat(fd, &info) == 0, "the shim cannot look at a file");
    snprintf(name, UNDO_NAME, SHIM_UNDO_PREFIX "%ju", (uintmax_t)info.st_ino);
    return info;
}

/* The undo log of a file: begun with its path, and without what an earlier process left half done.
 */
static int open_log(const char *name, int fd)
{
    char link[32];
    char path[SHIM_UNDO_PATH] = "";
    struct stat info;
    int log = shim_open(name, O_WRONLY | O_CREAT | O_APPEND);
    must(log >= 0 && fstat(log, &info) == 0, "the shim cannot open an undo log");
    off_t pieces = info.st_size - (off_t)sizeof path;
    if (pieces >= 0) {
        off_t rest = pieces % (off_t)sizeof(struct shim_undo);
        must(rest == 0 || ftruncate(log, info.st_size - rest) == 0, "the shim cannot cut a log");
        return log;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    must(ftruncate(log, 0) == 0 && readlink(link, path, sizeof path - 1) > 0 &&
             append(log, path, sizeof path),
         "the shim cannot begin an undo log");
    return log;
}

static void save_piece(int log, int fd, off_t offset, off_t size, off_t file_size)
{
    struct shim_undo undo = {(uint64_t)offset, (uint64_t)size, (uint64_t)file_size, {0}};
    must(pread(fd, undo.before, (size_t)size, offset) >= 0 && append(log, &undo, sizeof undo),
         "the shim cannot save what is overwritten");
}

void shim_undo_save(int fd, off_t offset, off_t size)
{
    if (!shim_exists("undo"))
        return;
    int saved = errno;
    char name[UNDO_NAME];
    struct stat info = look(fd, name);
    int log = open_log(name, fd);
    off_t end = offset + size;
    do {
        off_t part = end - offset < SHIM_UNDO_PIECE ? end - offset : SHIM_UNDO_PIECE;
        save_piece(log, fd, offset, part, info.st_size);
        offset += part;
    } while (offset < end);
    close(log);
    errno = saved;
}

void shim_undo_drop(int fd)
{
    char name[UNDO_NAME];
    if (!shim_exists("undo"))
        return;
    look(fd, name);
    shim_remove(name);
}

void shim_undo_none(int fd)
{
    char name[UNDO_NAME];
    if (!shim_exists("undo"))
        return;
    look(fd, name);
    errno = EBUSY;
    must(!shim_exists(name), "a synced write behind writes that are not");
}
