/* SPDX-License-Identifier: Apache-2.0
 * What the rest of the machine may see of a process that holds secrets. Not for pure modules. */
#ifndef VIGIL_COMMON_PROCESS_H
#define VIGIL_COMMON_PROCESS_H

#include "common/error.h"

/* For good: however this process ends it leaves no core, and no program of its own user may trace
 * it, or read its memory or environment. What it starts leaves no core either. Before the first
 * secret. VG_UNAVAILABLE where the system refuses it. */
enum vg_code vg_process_hide(struct vg_error *error);

#endif
