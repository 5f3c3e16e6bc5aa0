/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "ops/drill/shim/control.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_AGAIN_MS = 5, FAULTY_SETTING = 2 };

static int folder = -1;
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER; /* guards the number in sync-error */

__attribute__((constructor)) static void find_folder(void)
{
    const char *path = getenv("VIGIL_SHIM_DIR");
    if (path == NULL)
        return;
    folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0)
        return;
    perror("VIGIL_SHIM_DIR is no folder");
    _exit(FAULTY_SETTING);
}

int shim_open(const char *name, int flags)
{
    int saved = errno;
    int fd = -1;
    if (folder >= 0) /* past our own openat, which asks here */
        fd = (int)syscall(SYS_openat, folder, name, flags | O_CLOEXEC, 0600);
    errno = saved;
    return fd;
}

bool shim_exists(const char *name)
{
    int saved = errno;
    bool exists = folder >= 0 && faccessat(folder, name, F_OK, 0) == 0;
    errno = saved;
    return exists;
}

void shim_remove(const char *name)
{
    int saved = errno;
    if (folder >= 0)
        unlinkat(folder, name, 0);
    errno = saved;
}

long shim_number(const char *name)
{
    int fd = shim_open(name, O_RDONLY);
    if (fd < 0)
        return 0;
    int saved = errno;
    char text[32] = "";
    if (read(fd, text, sizeof text - 1) < 0)
        text[0] = '\0';
    close(fd);
    long number = strtol(text, NULL, 10);
    errno = saved;
    return number;
}

static void set_number(const char *name, long number)
{
    int fd = shim_open(name, O_WRONLY | O_TRUNC);
    if (fd < 0)
        return;
    dprintf(fd, "%ld\n", number);
    close(fd);
}

static long monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void shim_wait_slow(void)
{
    int saved = errno;
    long start = monotonic_ms();
    long left;
    while ((left = start + shim_number("slow") - monotonic_ms()) > 0) {
        long ms = left < LOOK_AGAIN_MS ? left : LOOK_AGAIN_MS;
        nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
    }
    errno = saved;
}

bool shim_sync_fails(void)
{
    if (!shim_exists("sync-error"))
        return false;
    pthread_mutex_lock(&counting);
    bool there = shim_exists("sync-error");
    long later = shim_number("sync-error") - 1;
    if (there && later > 0)
        set_number("sync-error", later);
    else
        shim_remove("sync-error");
    pthread_mutex_unlock(&counting);
    return there && later <= 0;
}

void shim_allow(int ruleset)
{
    int saved = errno;
    struct landlock_path_beneath_attr rule = {
        .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                          LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE,
        .parent_fd = folder};
    if (folder >= 0)
        syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    errno = saved;
}
