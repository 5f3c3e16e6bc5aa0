/* SPDX-License-Identifier: Apache-2.0
 * The control folder, looked at anew with each call: shim.c lists its files. Without
 * VIGIL_SHIM_DIR it is empty. Any thread; errno stays as it was. Private to the shim. */
#ifndef VIGIL_OPS_DRILL_SHIM_CONTROL_H
#define VIGIL_OPS_DRILL_SHIM_CONTROL_H

#include <stdbool.h>

/* Opens a file of the folder; -1 if it is not there. The caller closes it. */
int shim_open(const char *name, int flags);

bool shim_exists(const char *name);
void shim_remove(const char *name);

/* The number in a file: 0 if there is none. */
long shim_number(const char *name);

/* Returns once `slow` allows it, at most a few milliseconds after that file has gone. */
void shim_wait_slow(void);

/* True for the one sync that `sync-error` means. */
bool shim_sync_fails(void);

/* The program is about to keep itself to the files of a Landlock ruleset: the folder's are added.
 */
void shim_allow(int ruleset);

#endif
