/* SPDX-License-Identifier: Apache-2.0
 * The control folder of a program that runs with the shim (ops/drill/shim/shim.c), from inside it.
 * Ends the program on failure. */
#ifndef VIGIL_TESTS_LIB_CONTROL_H
#define VIGIL_TESTS_LIB_CONTROL_H

#include <stdbool.h>

#include "tests/lib/scratch.h"

enum { CONTROL_PATH = SCRATCH_PATH + 32 };

/* At the start of main: begins the program anew, with a folder of its own, unless it has one. */
void control_enter(char **arguments);

/* At its end: removes the folder. */
void control_leave(void);

/* The folder, and a file in it. */
const char *control_folder(void);
void control_path(const char *name, char out[CONTROL_PATH]);

/* Puts a file there, with such contents, or takes it away. */
void control_put(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
void control_clear(const char *name);
bool control_has(const char *name);

#endif
