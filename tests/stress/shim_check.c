/* SPDX-License-Identifier: Apache-2.0
 * The shim itself (ops/drill/shim), call by call: what each file of the control folder does, and
 * that it does no more. Exit code 0 if all held, else the sentence that did not. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "ops/drill/shim/record.h"
#include "ops/drill/shim/undo.h"
#include "tests/lib/control.h"
#include "tests/lib/must.h"

enum { PAGE = 4096, SECTOR = 512, PAGES = 4, HOUR_MS = 3600000, PATH = SCRATCH_PATH + 16 };

static char folder[SCRATCH_PATH];
static char path[PATH];

static int open_file(int flags)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);
    must(fd >= 0, "the file opens");
    return fd;
}

/* ---- syncs --------------------------------------------------------------------------------------
 */

static bool syncs(int fd)
{
    bool ok = fdatasync(fd) == 0;
    must(ok || errno == EIO, "a sync fails with EIO");
    return ok;
}

static void check_sync_error(void)
{
    int fd = open_file(0);
    int synced = open_file(O_DSYNC);
    must(syncs(fd), "nothing fails without a reason");
    control_put("sync-error", "%s", "");
    must(!syncs(fd), "the next sync fails");
    must(syncs(fd), "and no other");
    control_put("sync-error", "%d", 3);
    must(syncs(fd) && syncs(fd) && !syncs(fd) && syncs(fd), "the third sync fails");
    control_put("sync-error", "%s", "");
    must(pwrite(synced, "a", 1, 0) == -1 && errno == EIO, "a write that syncs is a sync");
    must(!control_has("sync-error"), "the fault has gone");
    close(fd);
    close(synced);
}

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    must(now.tv_nsec >= 0 && now.tv_nsec < 1000000000, "nanoseconds are less than a second");
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *sync_slowly(void *context)
{
    must(syncs(*(int *)context), "a slow sync does not fail");
    return NULL;
}

static void check_slow(void)
{
    int fd = open_file(0);
    pthread_t thread;
    int64_t start = clock_ms(CLOCK_MONOTONIC);
    control_put("slow", "%d", 60);
    must(syncs(fd) && clock_ms(CLOCK_MONOTONIC) - start >= 60,
         "a sync takes as long as it is told");
    control_put("slow", "%d", HOUR_MS);
    must(pthread_create(&thread, NULL, sync_slowly, &fd) == 0, "a thread starts");
    control_clear("slow");
    must(pthread_join(thread, NULL) == 0, "a stall ends with its file");
    close(fd);
}

/* ---- space --------------------------------------------------------------------------------------
 */

static void check_full(void)
{
    int fd = open_file(0);
    struct statvfs info;
    must(ftruncate(fd, PAGE) == 0, "the file has a page");
    control_put("full", "%s", "");
    must(pwrite(fd, "a", 1, PAGE) == -1 && errno == ENOSPC, "nothing is written beyond the end");
    must(pwrite(fd, "a", 1, 0) == 1, "what is allocated can be written");
    must(posix_fallocate(fd, 0, PAGES * PAGE) == ENOSPC, "nothing can be allocated");
    must(fstatvfs(fd, &info) == 0 && info.f_bavail == 0, "and no space is seen");
    control_clear("full");
    must(pwrite(fd, "a", 1, PAGE) == 1 && posix_fallocate(fd, 0, PAGES * PAGE) == 0,
         "there is space again");
    must(fstatvfs(fd, &info) == 0 && info.f_bavail > 0, "and it is seen");
    close(fd);
}

static void check_pretended(void)
{
    struct stat info;
    control_put("pretend", "%s", "");
    control_put("sync-error", "%s", "");
    int fd = open_file(O_DSYNC);
    must(syncs(fd) && pwrite(fd, "a", 1, 0) == 1, "no sync is done, so none fails");
    must(posix_fallocate(fd, 0, 2 * PAGES * PAGE) == 0, "space is promised");
    must(fstat(fd, &info) == 0 && info.st_size < 2 * PAGES * PAGE, "and not there");
    close(fd);
    control_clear("pretend");
    control_clear("sync-error");
}

/* ---- the clock ----------------------------------------------------------------------------------
 */

static int64_t day_ms(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    return now.tv_sec * (int64_t)1000 + now.tv_usec / 1000;
}

static void check_jump(int64_t ms)
{
    int64_t before = clock_ms(CLOCK_REALTIME);
    int64_t steady = clock_ms(CLOCK_MONOTONIC);
    control_put("clock", "%lld", (long long)ms);
    int64_t after[] = {clock_ms(CLOCK_REALTIME), day_ms(), time(NULL) * (int64_t)1000 + 999};
    control_clear("clock");
    int64_t passed = clock_ms(CLOCK_MONOTONIC) - steady;
    for (size_t i = 0; i < sizeof after / sizeof after[0]; i++)
        must(after[i] >= before + ms - 1 && after[i] <= before + ms + passed + 1000,
             "every clock that tells the time of day has jumped");
    must(passed < HOUR_MS, "a clock that counts has not");
}

static void check_clock(void)
{
    check_jump(4 * (int64_t)HOUR_MS);
    check_jump(-(int64_t)HOUR_MS * 24 * 400 - 1);
    for (int64_t ms = -999; ms < 1000; ms += 333)
        check_jump(ms);
}

/* ---- lost writes --------------------------------------------------------------------------------
 */

static void fill(int fd, char letter, int64_t offset, size_t size)
{
    char bytes[PAGES * PAGE];
    memset(bytes, letter, size);
    must(pwrite(fd, bytes, size, offset) == (ssize_t)size, "the file is written");
}

/* A file of one synced page of 'a', of which a part was overwritten twice and which has grown. */
static void write_unsynced(void)
{
    unlink(path);
    control_put("undo", "%s", "");
    int fd = open_file(0);
    fill(fd, '-', 0, PAGE);
    fill(fd, 'a', 0, PAGE);
    must(syncs(fd), "the first page is durable");
    fill(fd, '-', SECTOR, SECTOR);
    fill(fd, 'b', SECTOR, 2 * SECTOR);
    fill(fd, 'c', PAGE, PAGE);
    must(posix_fallocate(fd, 0, PAGES * PAGE) == 0, "the file grows");
    close(fd);
    control_clear("undo");
}

/* What the file holds now, its length in pages before it. */
static size_t read_file(char out[PAGES * PAGE])
{
    struct vg_buffer bytes = {0};
    must(vg_file_read(path, PAGES * PAGE, &bytes, NULL) == VG_OK, "the file can be read");
    memset(out, 0, PAGES * PAGE);
    memcpy(out, bytes.data, bytes.size);
    size_t size = bytes.size;
    vg_buffer_free(&bytes);
    return size;
}

static void cut_power(enum shim_kept kept, struct vg_prng *prng)
{
    struct vg_error error;
    must(shim_power_cut(control_folder(), kept, prng, &error) == VG_OK, error.text);
}

static void check_none_and_all(void)
{
    char bytes[PAGES * PAGE];
    write_unsynced();
    cut_power(SHIM_KEPT_NONE, NULL);
    must(read_file(bytes) == PAGE, "growth is lost");
    for (size_t i = 0; i < PAGE; i++)
        must(bytes[i] == 'a', "what was durable is there again");
    write_unsynced();
    cut_power(SHIM_KEPT_ALL, NULL);
    cut_power(SHIM_KEPT_NONE, NULL);
    must(read_file(bytes) == PAGES * PAGE, "the kernel may have written all; then it stays");
    must(bytes[0] == 'a' && bytes[SECTOR] == 'b' && bytes[PAGE] == 'c', "as it was written last");
}

/* Each sector is the old or the new one; over the seeds, every mixture is seen. */
static void check_random(void)
{
    enum { SEEDS = 200, SEED = 11, MIXED = 2 };
    struct vg_prng prng = vg_prng_seed(SEED);
    char bytes[PAGES * PAGE];
    uint32_t mixtures = 0;
    for (int i = 0; i < SEEDS; i++) {
        write_unsynced();
        cut_power(SHIM_KEPT_RANDOM, &prng);
        size_t size = read_file(bytes);
        uint32_t news = 0;
        for (size_t at = 0; at < 2 * PAGE; at += SECTOR) {
            bool untouched = at < SECTOR || (at >= 3 * SECTOR && at < PAGE);
            bool old = bytes[at] == (at < PAGE ? 'a' : 0);
            must(old || (!untouched && bytes[at] == (at < PAGE ? 'b' : 'c')),
                 "a sector is the old or the new");
            must(memcmp(bytes + at, bytes + at + 1, SECTOR - 1) == 0, "and that as a whole");
            must(old || at + SECTOR <= size, "the file is as long as what was kept");
            news |= !old && (at == SECTOR || at == 2 * SECTOR) ? 1U << (at / SECTOR) : 0;
        }
        mixtures |= 1U << (news >> 1);
    }
    must(mixtures == 0xf, "of two sectors, none, either and both are kept in some run");
    printf("seed %d: %d cuts of power, every mixture of two sectors seen\n", SEED, SEEDS);
}

/* The process was killed while it saved, and another one has gone on. */
static void check_torn_log(void)
{
    char name[32];
    char log[CONTROL_PATH];
    char bytes[PAGES * PAGE];
    struct stat info;
    write_unsynced();
    must(stat(path, &info) == 0, "the file is there");
    snprintf(name, sizeof name, SHIM_UNDO_PREFIX "%ju", (uintmax_t)info.st_ino);
    control_path(name, log);
    int fd = open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
    must(fd >= 0 && write(fd, "half", 4) == 4, "half a piece is saved");
    close(fd);
    control_put("undo", "%s", "");
    fd = open_file(0);
    fill(fd, 'd', 0, PAGE);
    close(fd);
    control_clear("undo");
    cut_power(SHIM_KEPT_NONE, NULL);
    must(read_file(bytes) == PAGE && bytes[0] == 'a' && bytes[PAGE - 1] == 'a',
         "the writes of both are lost");
}

static void check_undo(void)
{
    check_none_and_all();
    check_random();
    check_torn_log();
}

/* ---- a program that confines itself ------------------------------------------------------------
 */

/* To no file, in all that the first version knows; false where the kernel has no Landlock. */
static bool confine(void)
{
    struct landlock_ruleset_attr all = {.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (ruleset < 0)
        return false;
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "privileges can be given away");
    must(syscall(SYS_landlock_restrict_self, ruleset, 0) == 0, "a program can confine itself");
    close(ruleset);
    return true;
}

static void sync_confined(void)
{
    int fd = open_file(0);
    if (!confine()) {
        printf("not shown: this kernel has no Landlock\n");
        exit(0);
    }
    must(open(path, O_RDWR | O_CLOEXEC) == -1 && errno == EACCES, "the program is confined");
    must(syncs(fd) && !syncs(fd), "a fault is read, counted down");
    must(!control_has("sync-error"), "and taken away");
    exit(0);
}

static void check_confined(void)
{
    int status = 0;
    control_put("sync-error", "%d", 2);
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        sync_confined();
    must(waitpid(child, &status, 0) == child && status == 0, "faults reach who is confined");
}

int main(int count, char **arguments)
{
    (void)count;
    control_enter(arguments);
    scratch_make(folder);
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    check_sync_error();
    check_slow();
    check_full();
    check_pretended();
    check_clock();
    check_undo();
    check_confined();
    scratch_remove(folder);
    control_leave();
    return 0;
}
