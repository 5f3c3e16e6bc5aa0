/* SPDX-License-Identifier: Apache-2.0
 * Landlock by its system calls, which the C library has no functions for. Its first version does:
 * what later ones restrict, this process is refused by calls.c or cannot get at. */
#define _GNU_SOURCE /* O_PATH */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "node/lockdown/parts.h"

/* What the first version knows; what is not allowed of it below is refused. */
#define ALL (LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1)

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)

static const uint64_t rights[] = {
    [LOCKDOWN_READ] = READS,
    [LOCKDOWN_WRITE] = READS | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                       LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                       LANDLOCK_ACCESS_FS_REMOVE_DIR,
    [LOCKDOWN_LISTEN] = LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE,
};

/* What is read as it goes: settings and modules of name resolution, how many processors there are,
 * and what this process itself has mapped. */
static const struct lockdown_place of_the_system[] = {
    {"/etc", LOCKDOWN_READ},
    {"/usr", LOCKDOWN_READ},
    {"/lib", LOCKDOWN_READ},
    {"/lib64", LOCKDOWN_READ},
    {"/run/systemd/resolve", LOCKDOWN_READ},
    {"/sys/devices/system/cpu", LOCKDOWN_READ},
    {"/proc/self", LOCKDOWN_READ},
    {LOCKDOWN_SANITIZED ? "/" : "", LOCKDOWN_READ},
};

static bool allow(int ruleset, const struct lockdown_place *place)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = rights[place->use],
                                              .parent_fd = open(place->path, O_PATH | O_CLOEXEC)};
    struct stat info;
    if (rule.parent_fd < 0)
        return true;
    if (fstat(rule.parent_fd, &info) == 0 && !S_ISDIR(info.st_mode))
        rule.allowed_access &= OF_FILES;
    bool ok = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    close(rule.parent_fd);
    return ok;
}

static bool allow_all(int ruleset, const struct lockdown_place *places, size_t count)
{
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++)
        ok = allow(ruleset, &places[i]);
    return ok;
}

static bool confine(int ruleset, const struct lockdown_plan *plan)
{
    size_t count = sizeof of_the_system / sizeof of_the_system[0];
    return allow_all(ruleset, of_the_system, count) &&
           allow_all(ruleset, plan->places, plan->place_count) &&
           syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}

enum vg_code lockdown_files(const struct lockdown_plan *plan, struct vg_error *said)
{
    struct landlock_ruleset_attr all = {.handled_access_fs = ALL};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (ruleset < 0)
        return vg_fail(said, VG_UNAVAILABLE,
                       "this kernel has no Landlock (%s); it comes with Linux 5.13, where the lsm= "
                       "of the kernel's command line does not leave it out",
                       strerror(errno));
    bool confined = confine(ruleset, plan);
    if (!confined)
        vg_fail(said, VG_UNAVAILABLE, "Landlock refuses: %s; report it, with the kernel's version",
                strerror(errno));
    close(ruleset);
    return confined ? VG_OK : said->code;
}
