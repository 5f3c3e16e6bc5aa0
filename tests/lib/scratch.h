/* SPDX-License-Identifier: Apache-2.0
 * A folder of a test's own, for what must be on a real disk. Ends the program on failure. */
#ifndef VIGIL_TESTS_LIB_SCRATCH_H
#define VIGIL_TESTS_LIB_SCRATCH_H

enum { SCRATCH_PATH = 200 };

/* Makes an empty folder under $TMPDIR or /tmp. */
void scratch_make(char path[SCRATCH_PATH]);

/* Removes it with all that is in it. */
void scratch_remove(const char *path);

#endif
