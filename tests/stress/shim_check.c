/* SPDX-License-Identifier: Apache-2.0
 * The shim itself (ops/drill/shim), call by call: what each file of the control folder does, and
 * that it does no more. Exit code 0 if all held, else the sentence that did not. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

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

int main(int count, char **arguments)
{
    (void)count;
    control_enter(arguments);
    scratch_make(folder);
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    check_sync_error();
    check_slow();
    check_full();
    check_clock();
    scratch_remove(folder);
    control_leave();
    return 0;
}
