/* SPDX-License-Identifier: Apache-2.0 */
#include "node/store/guard.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/text.h"

enum { GUARDS_MAX = 64 }; /* a node has two; tests have many nodes */

static _Atomic(struct store_guard *) guards[GUARDS_MAX];
static pthread_once_t installed = PTHREAD_ONCE_INIT;
static struct sigaction bus_before;
static struct sigaction segv_before;

/* ---- a fault: functions that are safe in a handler alone ---------------------------------------
 */

static enum store_fault fault_of(const struct store_guard *guard, int number, uintptr_t at)
{
    struct stat info;
    if (number == SIGSEGV)
        return STORE_FAULT_WRITTEN;
    bool within = fstat(guard->file, &info) == 0 && at - guard->begin < (uintptr_t)info.st_size;
    return within ? STORE_FAULT_UNREADABLE : STORE_FAULT_BEYOND;
}

/* "TIME LINE", in one write. */
static void say(const char *line)
{
    char text[VG_TIME_TEXT + STORE_GUARD_LINE];
    struct timespec now;
    size_t size = strlen(line);
    clock_gettime(CLOCK_REALTIME, &now);
    vg_time_format((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000, text);
    text[VG_TIME_TEXT - 1] = ' ';
    memcpy(text + VG_TIME_TEXT, line, size + 1);
    ssize_t written = write(STDERR_FILENO, text, VG_TIME_TEXT + size);
    (void)written; /* nobody is left to be told */
}

/* Elsewhere than in a map the fault is repeated, and goes to who would have had it. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    uintptr_t at = (uintptr_t)info->si_addr;
    bool sent = info->si_code <= 0; /* by kill(2), which comes only once */
    for (int i = 0; i < GUARDS_MAX && !sent; i++) {
        const struct store_guard *guard = atomic_load(&guards[i]);
        if (guard == NULL || at < guard->begin || at >= guard->end)
            continue;
        say(guard->lines[fault_of(guard, number, at)]);
        _exit(STORE_EXIT_FAILED);
    }
    sigaction(number, number == SIGBUS ? &bus_before : &segv_before, NULL);
    if (sent)
        raise(number);
}

static void install(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &bus_before);
    sigaction(SIGSEGV, &action, &segv_before);
}

/* ---- arming ------------------------------------------------------------------------------------
 */

/* `remedy` NULL: what is done about a damaged environment. */
static const struct {
    const char *event;
    const char *what;
    const char *remedy;
} faults[] = {
    [STORE_FAULT_BEYOND] = {"store-damaged",
                            "damaged structure (a page points beyond the end of data.mdb, or the "
                            "file was cut)",
                            NULL},
    [STORE_FAULT_UNREADABLE] = {"store-failed", "cannot read a page of data.mdb; stopping",
                                "see the kernel's log for the disk, then start again"},
    [STORE_FAULT_WRITTEN] = {"store-damaged",
                             "damaged structure (a page of data.mdb says that it may be written in "
                             "place)",
                             NULL},
};

/* Where the kernel has mapped an open file: LMDB does not say. */
static bool find_map(int file, uintptr_t *begin, uintptr_t *end)
{
    char link[32];
    char path[PATH_MAX];
    char line[PATH_MAX + 128]; /* "BEGIN-END MODE OFFSET DEVICE INODE PATH\n" */
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    FILE *maps = size > 0 ? fopen("/proc/self/maps", "re") : NULL;
    bool found = false;
    if (maps == NULL)
        return false;
    path[size] = '\0';
    while (!found && fgets(line, sizeof line, maps) != NULL) {
        const char *mapped = strchr(line, '/');
        found = mapped != NULL && strncmp(mapped, path, (size_t)size) == 0 && mapped[size] == '\n';
    }
    fclose(maps);
    char *at = line;
    *begin = found ? strtoull(at, &at, 16) : 0;
    *end = found ? strtoull(at + 1, NULL, 16) : 0;
    return found;
}

static bool take_slot(struct store_guard *guard)
{
    bool taken = false;
    for (int i = 0; i < GUARDS_MAX && !taken; i++) {
        struct store_guard *none = NULL;
        taken = atomic_compare_exchange_strong(&guards[i], &none, guard);
    }
    return taken;
}

void store_guard_arm(struct store_guard *guard, int file, const char *name, const char *path,
                     const char *remedy)
{
    pthread_once(&installed, install);
    guard->file = file;
    for (int i = 0; i <= STORE_FAULT_WRITTEN; i++) {
        char *line = guard->lines[i];
        snprintf(line, STORE_GUARD_LINE - 1, "error %s store=%s path=%s %s; %s", faults[i].event,
                 name, path, faults[i].what, faults[i].remedy ? faults[i].remedy : remedy);
        line[strlen(line) + 1] = '\0';
        line[strlen(line)] = '\n';
    }
    if (!find_map(file, &guard->begin, &guard->end) || !take_slot(guard))
        vg_log(VG_LOG_WARN, "store-unguarded",
               "store=%s path=%s the map of data.mdb was not found in /proc/self/maps: should the "
               "disk fail under it, the process ends by a signal",
               name, path);
}

void store_guard_disarm(struct store_guard *guard)
{
    for (int i = 0; i < GUARDS_MAX; i++) {
        struct store_guard *same = guard;
        atomic_compare_exchange_strong(&guards[i], &same, NULL);
    }
}
