/* SPDX-License-Identifier: Apache-2.0
 * The parts of a lockdown, one function each. VG_OK when the process has the part; `said->text` is
 * then a word for the log, or empty. Else it is the reason and the remedy. Private to lockdown/. */
#ifndef VIGIL_NODE_LOCKDOWN_PARTS_H
#define VIGIL_NODE_LOCKDOWN_PARTS_H

#include "node/lockdown/lockdown.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* Reads files and traces this process to find leaks and name places. */
enum { LOCKDOWN_SANITIZED = true };
#else
enum { LOCKDOWN_SANITIZED = false };
#endif

#define X(symbol, name)                                                                            \
    enum vg_code lockdown_##name(const struct lockdown_plan *plan, struct vg_error *said);
LOCKDOWN_PARTS(X)
#undef X

/* Judges the text of /proc/swaps and of the control group's memory.swap.max, "" if there is none.
 */
enum vg_code lockdown_swap_judge(const char *swaps, const char *limit, struct vg_error *said);

#endif
