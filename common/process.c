/* SPDX-License-Identifier: Apache-2.0 */
#include "common/process.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum vg_code vg_process_hide(struct vg_error *error)
{
    static const struct rlimit none = {0, 0};
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0)
        return VG_OK;
    return vg_fail(error, VG_UNAVAILABLE,
                   "this system does not let a process hide its memory: %s; look for what confines "
                   "it from outside",
                   strerror(errno));
}
