/* SPDX-License-Identifier: Apache-2.0
 * What the process is to the rest of the machine: its core, its locked memory, its user. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/process.h"
#include "node/lockdown/parts.h"

enum { LOCKED_WANTED = 1024 * 1024 }; /* a page for each of some 250 secrets */

enum vg_code lockdown_core(const struct lockdown_plan *plan, struct vg_error *said)
{
    (void)plan;
    if (vg_process_hide(said) != VG_OK)
        return said->code;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return vg_fail(
            said, VG_UNAVAILABLE,
            "this system refuses it: %s; look for what confines the process from outside",
            strerror(errno));
    return VG_OK;
}

static bool can_lock(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool locked = memory != MAP_FAILED && mlock(memory, size) == 0;
    if (memory != MAP_FAILED)
        munmap(memory, size);
    return locked;
}

enum vg_code lockdown_memory(const struct lockdown_plan *plan, struct vg_error *said)
{
    struct rlimit limit;
    (void)plan;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_MEMLOCK, &limit); /* what it does not get, the next line notices */
    }
    if (can_lock(LOCKED_WANTED))
        return VG_OK;
    return vg_fail(said, VG_UNAVAILABLE,
                   "cannot lock %d KiB of memory: %s; raise the limit: LimitMEMLOCK=16M in the "
                   "unit, or ulimit -l",
                   LOCKED_WANTED / 1024, strerror(errno));
}

enum vg_code lockdown_user(const struct lockdown_plan *plan, struct vg_error *said)
{
    (void)plan;
    if (geteuid() != 0 && getuid() != 0)
        return VG_OK;
    return vg_fail(said, VG_FORBIDDEN,
                   "runs as root; make a user for it, as ops/systemd/vigild.service has, since "
                   "root may undo most of this");
}
