/* SPDX-License-Identifier: Apache-2.0
 * The node's key, from where its configuration says that it and its passphrase are (docs/keys.md).
 */
#ifndef VIGIL_NODE_KEY_H
#define VIGIL_NODE_KEY_H

#include <limits.h>

#include "common/identity.h"
#include "node/config.h"

/* What node_key_read opens: "" if there is none, or if what is configured is wrong, which that says
 * then. A passphrase asked for is the terminal's, which is also written to. */
struct node_key_files {
    char key[PATH_MAX];
    char passphrase[PATH_MAX];
    bool at_terminal;
};

void node_key_files(const struct node_config *config, struct node_key_files *out);

/* Reads and opens `key`, by `key_passphrase` where it is sealed; a person at the terminal may be
 * asked. Logs a warning when who has the disk of `data` has the key. Wipe `out`. VG_INVALID: key
 * and passphrase do not fit what is configured; VG_FORBIDDEN: files that others can reach, or
 * another passphrase; each with the remedy. Errors of vg_identity_file_read too. Loop thread, at
 * start. */
enum vg_code node_key_read(const struct node_config *config, struct vg_identity *out,
                           struct vg_error *error);

#endif
