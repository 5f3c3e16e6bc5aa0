/* SPDX-License-Identifier: Apache-2.0
 * Takes the power from the disk of a program that ran with the shim, its folder having a file
 * `undo` (shim.c), and was killed. */
#ifndef VIGIL_OPS_DRILL_SHIM_UNDO_H
#define VIGIL_OPS_DRILL_SHIM_UNDO_H

#include "common/error.h"
#include "common/prng.h"

/* What has reached the disk of the writes that no sync had made durable. */
enum shim_kept {
    SHIM_KEPT_NONE,
    SHIM_KEPT_ALL,
    SHIM_KEPT_RANDOM, /* each page, or each sector of 512 bytes, or not; as does the file's growth
                       */
};

/* Puts the files that are recorded in a control folder back to what a cut of power, instead of the
 * kill, would have left, and forgets the records. The program must be gone. `prng` decides for
 * SHIM_KEPT_RANDOM and may be NULL else. VG_UNAVAILABLE names the file; it can be called again. */
enum vg_code shim_power_cut(const char *control_folder, enum shim_kept kept, struct vg_prng *prng,
                            struct vg_error *error);

#endif
