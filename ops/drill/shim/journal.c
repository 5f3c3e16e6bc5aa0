/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "ops/drill/shim/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/drill/shim/control.h"

enum { UNDO_NAME = 32, PARTS_MAX = 256 };

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

/* False if it cannot be told. */
static bool path_of(int fd, char out[PATH_MAX])
{
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, out, PATH_MAX - 1);
    out[size < 0 ? 0 : size] = '\0';
    return size > 0;
}

/* One system call, so that no other thread's record comes between. */
static void append_record(struct shim_record call, const struct iovec *parts, int count)
{
    int saved = errno;
    struct iovec all[PARTS_MAX + 1] = {{&call, sizeof call}};
    int fd = shim_open("record", O_WRONLY | O_CREAT | O_APPEND);
    must(fd >= 0 && count <= PARTS_MAX, "the shim cannot record");
    for (int i = 0; i < count; i++) {
        all[i + 1] = parts[i];
        call.size += parts[i].iov_len;
    }
    ssize_t size = (ssize_t)(sizeof call + call.size);
    must(writev(fd, all, count + 1) == size, "the shim cannot record");
    close(fd);
    errno = saved;
}

static struct iovec path_part(const char *path)
{
    return (struct iovec){(void *)(uintptr_t)path, strlen(path) + 1};
}

static struct stat look(int fd)
{
    struct stat info;
    must(fstat(fd, &info) == 0, "the shim cannot look at a file");
    return info;
}

static struct shim_record record_of(int fd, enum shim_call call)
{
    return (struct shim_record){.call = call, .file = look(fd).st_ino};
}

/* The path of the folder whose files are recorded; false if there is none. */
static bool read_tree(char out[PATH_MAX])
{
    int fd = shim_open("tree", O_RDONLY);
    if (fd < 0)
        return false;
    ssize_t size = read(fd, out, PATH_MAX - 1);
    close(fd);
    out[size < 0 ? 0 : size] = '\0';
    return size > 0;
}

static bool is_in(const char *path, const char *tree)
{
    size_t size = strlen(tree);
    return strncmp(path, tree, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

bool shim_record_open(int fd)
{
    int saved = errno;
    char tree[PATH_MAX];
    char path[PATH_MAX];
    bool below = read_tree(tree) && path_of(fd, path) && is_in(path, tree);
    if (below) {
        struct iovec part = path_part(path);
        struct shim_record record = record_of(fd, SHIM_OPEN);
        record.offset = S_ISDIR(look(fd).st_mode);
        append_record(record, &part, 1);
    }
    errno = saved;
    return below;
}

void shim_record_mkdir(const char *path)
{
    char tree[PATH_MAX];
    struct stat info;
    if (!read_tree(tree) || !is_in(path, tree))
        return;
    must(stat(path, &info) == 0, "the shim cannot look at a folder");
    struct iovec part = path_part(path);
    append_record((struct shim_record){SHIM_OPEN, info.st_ino, true, 0}, &part, 1);
}

void shim_record_write(int fd, enum shim_call call, off_t offset, const struct iovec *parts,
                       int count)
{
    struct shim_record record = record_of(fd, call);
    record.offset = (uint64_t)offset;
    append_record(record, parts, count);
}

void shim_record_grow(int fd, off_t end)
{
    struct shim_record record = record_of(fd, SHIM_GROW);
    record.offset = (uint64_t)end;
    append_record(record, NULL, 0);
}

void shim_record_sync(int fd)
{
    append_record(record_of(fd, SHIM_SYNC), NULL, 0);
}

void shim_record_rename(const char *from, const char *to)
{
    char tree[PATH_MAX];
    if (!read_tree(tree) || !is_in(to, tree))
        return;
    struct iovec parts[] = {path_part(from), path_part(to)};
    append_record((struct shim_record){.call = SHIM_RENAME}, parts, 2);
}

static struct stat undo_name(int fd, char name[UNDO_NAME])
{
    struct stat info = look(fd);
    snprintf(name, UNDO_NAME, SHIM_UNDO_PREFIX "%ju", (uintmax_t)info.st_ino);
    return info;
}

/* The undo log of a file: begun with its path, and without what an earlier process left half done.
 */
static int open_log(const char *name, int fd)
{
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
    must(ftruncate(log, 0) == 0 && path_of(fd, path) && append(log, path, sizeof path),
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
    struct stat info = undo_name(fd, name);
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
    undo_name(fd, name);
    shim_remove(name);
}

void shim_undo_none(int fd)
{
    char name[UNDO_NAME];
    if (!shim_exists("undo"))
        return;
    undo_name(fd, name);
    errno = EBUSY;
    must(!shim_exists(name), "a synced write behind writes that are not");
}
