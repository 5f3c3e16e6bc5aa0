/* SPDX-License-Identifier: Apache-2.0
 * Whether what this process has in memory may be written to a swap device. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "node/lockdown/parts.h"

enum { TEXT_MAX = 64 * 1024 };

/* A whole file as text, "" if it cannot be read. The caller frees. */
static char *read_text(const char *path)
{
    struct vg_buffer bytes = {0};
    struct vg_error ignored;
    if (vg_file_read(path, TEXT_MAX, &bytes, &ignored) != VG_OK)
        vg_buffer_clear(&bytes);
    *vg_buffer_extend(&bytes, 1) = '\0';
    return (char *)bytes.data;
}

/* memory.swap.max of the control group this process is in (version 2: the line "0::PATH"). */
static char *read_limit(void)
{
    char path[PATH_MAX] = "";
    char *groups = read_text("/proc/self/cgroup");
    const char *own = strstr(groups, "0::/");
    if (own != NULL)
        snprintf(path, sizeof path, "/sys/fs/cgroup%.*s/memory.swap.max",
                 (int)strcspn(own + 3, "\n"), own + 3);
    free(groups);
    return read_text(path);
}

enum vg_code lockdown_swap_judge(const char *swaps, const char *limit, struct vg_error *said)
{
    const char *heading_end = strchr(swaps, '\n'); /* the first line names the columns */
    const char *word = NULL;
    if (strcmp(limit, "0\n") == 0)
        word = "kept-out";
    else if (heading_end == NULL)
        return vg_fail(said, VG_UNAVAILABLE,
                       "cannot tell, /proc/swaps is not to be read here; let the process see it");
    else if (heading_end[1] == '\0')
        word = "none";
    if (word == NULL)
        return vg_fail(said, VG_UNAVAILABLE,
                       "memory may be written to %.*s; keep this process out of it "
                       "(MemorySwapMax=0 in the unit), or swapoff it; if it is encrypted or "
                       "memory alone (zram), this is nothing to worry about",
                       (int)strcspn(heading_end + 1, " \t"), heading_end + 1);
    snprintf(said->text, sizeof said->text, "%s", word);
    return VG_OK;
}

enum vg_code lockdown_swap(const struct lockdown_plan *plan, struct vg_error *said)
{
    (void)plan;
    char *swaps = read_text("/proc/swaps");
    char *limit = read_limit();
    enum vg_code code = lockdown_swap_judge(swaps, limit, said);
    free(swaps);
    free(limit);
    return code;
}
