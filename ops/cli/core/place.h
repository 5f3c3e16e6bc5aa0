/* SPDX-License-Identifier: Apache-2.0
 * Where a person's files are, after the XDG base directory rules. */
#ifndef VIGIL_OPS_CLI_CORE_PLACE_H
#define VIGIL_OPS_CLI_CORE_PLACE_H

#include "common/error.h"

/* "$VARIABLE/vigil/FILE", or "$HOME/FALLBACK/vigil/FILE" where the variable is not an absolute
 * path. Owned by the caller. */
char *cli_place(const char *variable, const char *fallback, const char *file);

/* Where a person's own identity is: ~/.config/vigil/identity. Owned by the caller. */
char *cli_identity_place(void);

/* The folder a path lies in, "." where it names none. Owned by the caller. */
char *cli_folder_of(const char *path);

/* Makes the folder a path lies in and locks it (vg_folder_lock) for a change of the file: no longer
 * than a moment, so another one is waited for some seconds. Errors of both. */
enum vg_code cli_folder_lock(const char *path, int *lock, struct vg_error *error);

/* Where the socket of a person's agent is: $XDG_RUNTIME_DIR/vigil/agent, else in
 * ~/.local/state/vigil. Owned by the caller. */
char *cli_agent_place(void);

/* "FOLDER/FILE". Owned by the caller. */
char *cli_join(const char *folder, const char *file);

#endif
