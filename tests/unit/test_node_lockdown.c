/* SPDX-License-Identifier: Apache-2.0
 * What is said of the machine's swap; the rest of a lockdown is in tests/lockdown. */
#include <criterion/criterion.h>
#include <string.h>

#include "node/lockdown/parts.h"

#define COLUMNS "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
#define DISK "/dev/sda2                               partition\t8388604\t\t0\t\t-2\n"
#define ZRAM "/dev/zram0                              partition\t1048572\t\t0\t\t100\n"

static const struct {
    const char *swaps, *limit;
    enum vg_code code;
    const char *says;
} machines[] = {
    {COLUMNS, "", VG_OK, "none"},
    {COLUMNS, "max\n", VG_OK, "none"},
    {COLUMNS DISK, "0\n", VG_OK, "kept-out"},
    {COLUMNS DISK ZRAM, "max\n", VG_UNAVAILABLE, "written to /dev/sda2;"},
    {COLUMNS ZRAM, "", VG_UNAVAILABLE, "written to /dev/zram0;"},
    {COLUMNS DISK, "0", VG_UNAVAILABLE, "MemorySwapMax=0"},
    {COLUMNS DISK, "01\n", VG_UNAVAILABLE, "swapoff"},
    {"", "", VG_UNAVAILABLE, "/proc/swaps"},
    {"", "0\n", VG_OK, "kept-out"},
};

Test(node_lockdown, knows_what_swap_means)
{
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        struct vg_error said = {0};
        cr_expect_eq(lockdown_swap_judge(machines[i].swaps, machines[i].limit, &said),
                     machines[i].code, "machine %zu: %s", i, said.text);
        cr_expect_not_null(strstr(said.text, machines[i].says), "machine %zu: %s", i, said.text);
    }
}

Test(node_lockdown, holds_nothing_before_it)
{
    for (enum lockdown_part part = 0; part < LOCKDOWN_PART_COUNT; part++)
        cr_expect(!lockdown_holds(part), "%s", lockdown_part_name(part));
    cr_expect_str_eq(lockdown_part_name(LOCKDOWN_CALLS), "calls");
}
