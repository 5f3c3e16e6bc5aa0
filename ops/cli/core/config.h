/* SPDX-License-Identifier: Apache-2.0
 * ~/.config/vigil/config.yaml: named contexts, as kubeconfig has them. */
#ifndef VIGIL_OPS_CLI_CORE_CONFIG_H
#define VIGIL_OPS_CLI_CORE_CONFIG_H

#include "common/error.h"

struct cli_context {
    char *name;
    char **nodes; /* URL or URL#KEY */
    unsigned nodes_count;
    char *identity;    /* NULL: none */
    char *cluster;     /* NULL: not pinned */
    char *compartment; /* NULL: no default */
};

struct cli_config {
    char *current; /* NULL: none */
    struct cli_context *contexts;
    unsigned contexts_count;
};

/* Path of the file: $XDG_CONFIG_HOME or ~/.config, then vigil/config.yaml. Owned by the caller. */
char *cli_config_path(void);

/* Reads the file; one that is not there is an empty configuration. VG_INVALID names the place of
 * what is wrong, unknown members too. Free with cli_config_free. */
enum vg_code cli_config_load(const char *path, struct cli_config **out, struct vg_error *error);

/* The context of a name, or NULL. */
const struct cli_context *cli_config_find(const struct cli_config *config, const char *name);

/* Adds or replaces a context and makes it current, under a lock, whole or not at all. A name that
 * is taken by a context with another identity file gets "-2", "-3", ...; the name used is in
 * `name_out` (owned by the caller). */
enum vg_code cli_config_put(const char *path, const struct cli_context *context, char **name_out,
                            struct vg_error *error);

void cli_config_free(struct cli_config *config);

#endif
