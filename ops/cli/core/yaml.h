/* SPDX-License-Identifier: Apache-2.0
 * YAML by schema, with errors that name the place. */
#ifndef VIGIL_OPS_CLI_CORE_YAML_H
#define VIGIL_OPS_CLI_CORE_YAML_H

#include <cyaml/cyaml.h>

#include "common/error.h"
#include "common/types.h"

/* Loads a document, strictly: unknown, missing and repeated members are refused. VG_INVALID names
 * path, line and column; `what` is what the file should be. Free with cli_yaml_free. */
enum vg_code cli_yaml_load(const char *path, const char *what, vg_span bytes,
                           const cyaml_schema_value_t *schema, void **out, struct vg_error *error);

/* As text; `*out` is freed with cyaml_mem. VG_INVALID names the path. */
enum vg_code cli_yaml_save(const char *path, const cyaml_schema_value_t *schema, const void *data,
                           char **out, size_t *size, struct vg_error *error);

/* Frees what cli_yaml_load gave; NULL is allowed. */
void cli_yaml_free(const cyaml_schema_value_t *schema, void *data);

#endif
