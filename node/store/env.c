/* SPDX-License-Identifier: Apache-2.0 */
#include "node/store/env.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "common/mem.h"
#include "node/store/pages.h"

/* Address space alone, reserved once: growing a map later would need every transaction to end.
 * The thread sanitizer's shadow leaves room for no more than this. */
#ifdef __SANITIZE_THREAD__
static const size_t map_size = (size_t)16 << 30;
#else
static const size_t map_size = (size_t)1 << 40;
#endif

enum { META_BYTES = 128 }; /* of a meta page, never all zero in one that was written */

static const char folder_remedy[] =
    "make it a folder that this user can write, or configure another one";

enum vg_code store_env_damaged(const struct store_env *env, struct vg_error *error,
                               const char *format, ...)
{
    char what[VG_ERROR_TEXT / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return vg_fail(error, VG_INTEGRITY, "%s: %s; %s", env->path, what, env->remedy);
}

_Noreturn void store_env_end(const struct store_env *env, const char *format, ...)
{
    char what[VG_ERROR_TEXT / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    vg_log(VG_LOG_ERROR, "store-damaged", "store=%s path=%s %s; %s", env->name, env->path, what,
           env->remedy);
    _exit(STORE_EXIT_FAILED);
}

static bool is_damage(int rc)
{
    return rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH || rc == MDB_CORRUPTED ||
           rc == MDB_PAGE_NOTFOUND || rc == MDB_PANIC;
}

_Noreturn void store_env_fatal(const struct store_env *env, int rc, const char *doing)
{
    if (is_damage(rc))
        store_env_end(env, "damaged structure (%s)", mdb_strerror(rc));
    vg_log(VG_LOG_ERROR, "store-failed",
           "store=%s path=%s cannot %s: %s; stopping, since nothing is retried over a failed "
           "write: see the kernel's log for the disk, then start again",
           env->name, env->path, doing, mdb_strerror(rc));
    _exit(STORE_EXIT_FAILED);
}

static void on_assert(MDB_env *mdb, const char *message)
{
    store_env_end(mdb_env_get_userctx(mdb), "damaged structure (%s)", message);
}

static enum vg_code unusable(const struct store_env *env, struct vg_error *error)
{
    return vg_fail(error, VG_UNAVAILABLE, "%s: %s; %s", env->path, strerror(errno), folder_remedy);
}

static enum vg_code lock_folder(struct store_env *env, struct vg_error *error)
{
    struct vg_error cause;
    if (vg_folder_make(env->path, &cause) != VG_OK)
        return vg_fail(error, VG_UNAVAILABLE, "%s; %s", cause.text, folder_remedy);
    env->folder = open(env->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (env->folder < 0)
        return unusable(env, error);
    if (flock(env->folder, LOCK_EX | LOCK_NB) != 0) {
        return vg_fail(error, VG_UNAVAILABLE,
                       "%s: held by another process; stop the vigild that runs with this folder, "
                       "or configure another one",
                       env->path);
    }
    if (faccessat(env->folder, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return unusable(env, error);
    return VG_OK;
}

/* Tells a folder that was initialised before from a new one: in the former nothing may be missing.
 */
static enum vg_code read_marker(struct store_env *env, struct vg_error *error)
{
    if (env->marker == NULL)
        return VG_OK;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/format", env->path);
    struct vg_buffer text = {0};
    enum vg_code code = vg_file_read(path, 4096, &text, error);
    bool known = code == VG_OK && vg_span_equal(vg_buffer_span(&text), vg_span_text(env->marker));
    vg_buffer_free(&text);
    if (code == VG_NOT_FOUND)
        return VG_OK;
    if (code != VG_OK)
        return code;
    if (!known) {
        return vg_fail(error, VG_INTEGRITY,
                       "%s: a format that this version does not know; start the version of vigild "
                       "that made it",
                       path);
    }
    env->marked = true;
    struct stat info;
    if (fstatat(env->folder, "data.mdb", &info, 0) != 0 || info.st_size == 0)
        return store_env_damaged(env, error, "data.mdb is missing or empty");
    return VG_OK;
}

/* LMDB writes both meta pages of a new file at once and syncs them with the first transaction: as
 * long as one of them is not there, there has been none. */
static bool holds_nothing(int fd, off_t size)
{
    static const uint8_t zeros[META_BYTES];
    const off_t page = sysconf(_SC_PAGESIZE);
    bool nothing = size < 2 * page;
    for (int i = 0; i < 2 && !nothing; i++) {
        uint8_t bytes[META_BYTES];
        nothing = pread(fd, bytes, sizeof bytes, i * page) == (ssize_t)sizeof bytes &&
                  memcmp(bytes, zeros, sizeof bytes) == 0;
    }
    return nothing;
}

/* A cut of power while the file was made may leave one that LMDB does not open: it is made again.
 * Where a start has been completed, the same zeros are damage. */
static enum vg_code drop_unfinished(struct store_env *env, struct vg_error *error)
{
    int fd = env->marked ? -1 : openat(env->folder, "data.mdb", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return VG_OK;
    struct stat info;
    enum vg_code code = VG_OK;
    if (fstat(fd, &info) != 0)
        code = unusable(env, error);
    else if (info.st_size > 0 && holds_nothing(fd, info.st_size)) {
        vg_log(VG_LOG_WARN, "store-unfinished",
               "path=%s data.mdb was cut off while it was made and holds nothing; made again",
               env->path);
        code = ftruncate(fd, 0) == 0 ? VG_OK : unusable(env, error);
    }
    close(fd);
    return code;
}

static enum vg_code open_error(const struct store_env *env, int rc, struct vg_error *error)
{
    if (is_damage(rc))
        return store_env_damaged(env, error, "damaged meta page (%s)", mdb_strerror(rc));
    return vg_fail(error, VG_UNAVAILABLE, "%s: cannot open data.mdb: %s; %s", env->path,
                   mdb_strerror(rc), folder_remedy);
}

/* Reading a page beyond the end of the file would be a SIGBUS. */
static enum vg_code check_size(struct store_env *env, struct vg_error *error)
{
    MDB_stat stat;
    struct stat info;
    int fd = -1;
    mdb_env_stat(env->mdb, &stat);
    env->page_size = stat.ms_psize;
    if (mdb_env_get_fd(env->mdb, &fd) != MDB_SUCCESS || fstat(fd, &info) != 0)
        return unusable(env, error);
    uint64_t used = store_env_used(env);
    if ((uint64_t)info.st_size < used) {
        return store_env_damaged(env, error, "data.mdb is truncated: %llu bytes instead of %llu",
                                 (unsigned long long)info.st_size, (unsigned long long)used);
    }
    env->allocated = used;
    return VG_OK;
}

/* Where a meta page of LMDB 0.9 says how large pages are, and what it may say. */
enum { PAGE_SIZE_AT = 40, PAGE_SIZE_MIN = 512, PAGE_SIZE_MAX = 32768 };

static uint32_t page_size_at(int file, uint32_t page)
{
    uint32_t size = 0;
    bool read = pread(file, &size, sizeof size, (off_t)page + PAGE_SIZE_AT) == sizeof size;
    return read ? size : 0;
}

/* LMDB divides by the page size of the later meta page before it looks at it. A file that is not
 * there or empty is LMDB's to make. */
static enum vg_code check_page_size(struct store_env *env, struct vg_error *error)
{
    struct stat info;
    int file = openat(env->folder, "data.mdb", O_RDONLY | O_CLOEXEC);
    bool is_new = file < 0 || fstat(file, &info) != 0 || info.st_size == 0;
    uint32_t first = is_new ? 0 : page_size_at(file, 0);
    uint32_t second = is_new ? 0 : page_size_at(file, first);
    bool possible = first >= PAGE_SIZE_MIN && first <= PAGE_SIZE_MAX && (first & (first - 1)) == 0;
    if (file >= 0)
        close(file);
    if (is_new || (possible && first == second))
        return VG_OK;
    return store_env_damaged(env, error, "damaged meta page (pages of %u and %u bytes)", first,
                             second);
}

static enum vg_code open_mdb(struct store_env *env, unsigned databases, struct vg_error *error)
{
    int rc = mdb_env_create(&env->mdb);
    if (rc != MDB_SUCCESS)
        return open_error(env, rc, error);
    mdb_env_set_userctx(env->mdb, env);
    mdb_env_set_assert(env->mdb, on_assert);
    mdb_env_set_maxdbs(env->mdb, databases);
    mdb_env_set_maxreaders(env->mdb, STORE_READERS_MAX);
    mdb_env_set_mapsize(env->mdb, map_size);
    rc = mdb_env_open(env->mdb, env->path, MDB_NOTLS, 0600);
    if (rc != MDB_SUCCESS)
        return open_error(env, rc, error);
    int file = -1;
    int dead;
    mdb_env_get_fd(env->mdb, &file);
    store_guard_arm(&env->guard, file, env->name, env->path, env->remedy);
    mdb_reader_check(env->mdb, &dead);
    enum vg_code code = check_size(env, error);
    struct vg_error found;
    if (code == VG_OK && store_pages_check(env, &found) != VG_OK)
        code = store_env_damaged(env, error, "%s", found.text);
    return code;
}

/* The names of a new file in its folder and of that in its parent must be as durable as what will
 * be in it, and before the marker says that they are. */
static enum vg_code sync_names(const struct store_env *env, struct vg_error *error)
{
    int parent = openat(env->folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = parent >= 0 && fsync(env->folder) == 0 && fsync(parent) == 0;
    enum vg_code code = ok ? VG_OK : unusable(env, error);
    if (parent >= 0)
        close(parent);
    return code;
}

enum vg_code store_env_open(struct store_env *env, const struct store_env_config *config,
                            struct vg_error *error)
{
    *env = (struct store_env){.path = vg_strdup(config->path),
                              .name = config->name,
                              .remedy = config->remedy,
                              .marker = config->marker,
                              .long_tables = config->long_tables,
                              .folder = -1};
    enum vg_code code = lock_folder(env, error);
    if (code == VG_OK)
        code = read_marker(env, error);
    if (code == VG_OK)
        code = drop_unfinished(env, error);
    if (code == VG_OK)
        code = check_page_size(env, error);
    if (code == VG_OK)
        code = open_mdb(env, config->databases, error);
    if (code == VG_OK && !env->marked)
        code = sync_names(env, error);
    if (code == VG_OK && !store_env_reserve(env, STORE_HEADROOM_BYTES)) {
        code = vg_fail(error, VG_UNAVAILABLE,
                       "%s: the disk is full; free at least %d MiB, then start again", env->path,
                       STORE_HEADROOM_BYTES >> 20);
    }
    if (code != VG_OK)
        store_env_close(env);
    return code;
}

void store_env_close(struct store_env *env)
{
    store_guard_disarm(&env->guard);
    if (env->mdb != NULL)
        mdb_env_close(env->mdb);
    if (env->folder >= 0)
        close(env->folder);
    free(env->path);
    *env = (struct store_env){.folder = -1};
}

enum vg_code store_env_mark(struct store_env *env, struct vg_error *error)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/format", env->path);
    env->marked = true;
    return vg_file_write(path, vg_span_text(env->marker), 0600, error);
}

MDB_txn *store_env_begin(const struct store_env *env, unsigned flags)
{
    MDB_txn *txn;
    store_env_must(env, mdb_txn_begin(env->mdb, NULL, flags, &txn), "begin a transaction");
    return txn;
}

uint64_t store_env_used(const struct store_env *env)
{
    MDB_envinfo info;
    mdb_env_info(env->mdb, &info);
    return (uint64_t)(info.me_last_pgno + 1) * env->page_size;
}

/* False if the disk has no room. */
static bool allocate(struct store_env *env, uint64_t size)
{
    int fd = -1;
    mdb_env_get_fd(env->mdb, &fd);
    int rc = posix_fallocate(fd, (off_t)env->allocated, (off_t)(size - env->allocated));
    if (rc == ENOSPC || rc == EDQUOT || rc == EFBIG)
        return false;
    store_env_must(env, rc, "allocate space");
    env->allocated = size;
    return true;
}

bool store_env_reserve(struct store_env *env, uint64_t bytes)
{
    uint64_t wanted = store_env_used(env) + bytes;
    return wanted <= env->allocated || allocate(env, wanted + STORE_HEADROOM_BYTES) ||
           allocate(env, wanted);
}

uint64_t store_env_disk_free(const struct store_env *env)
{
    struct statvfs info;
    if (fstatvfs(env->folder, &info) != 0)
        return 0;
    return (uint64_t)info.f_bavail * info.f_frsize;
}
