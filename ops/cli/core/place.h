/* SPDX-License-Identifier: Apache-2.0
 * Where a person's files are, after the XDG base directory rules. */
#ifndef VIGIL_OPS_CLI_CORE_PLACE_H
#define VIGIL_OPS_CLI_CORE_PLACE_H

/* "$VARIABLE/vigil/FILE", or "$HOME/FALLBACK/vigil/FILE" where the variable is not an absolute
 * path. Owned by the caller. */
char *cli_place(const char *variable, const char *fallback, const char *file);

/* Where a person's own identity is: ~/.config/vigil/identity. Owned by the caller. */
char *cli_identity_place(void);

/* The folder a path lies in, "." where it names none. Owned by the caller. */
char *cli_folder_of(const char *path);

/* Where the socket of a person's agent is: $XDG_RUNTIME_DIR/vigil/agent, else in
 * ~/.local/state/vigil. Owned by the caller. */
char *cli_agent_place(void);

/* "FOLDER/FILE". Owned by the caller. */
char *cli_join(const char *folder, const char *file);

#endif
