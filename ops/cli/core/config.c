/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/limits.h"
#include "ops/cli/core/place.h"
#include "ops/cli/core/yaml.h"

enum { CONFIG_MAX = 256 * 1024, CONTEXTS_MAX = 256 };

static const cyaml_schema_value_t node_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 512),
};

static const cyaml_schema_field_t context_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct cli_context, name, 1, VG_NAME_MAX),
    CYAML_FIELD_SEQUENCE("nodes", CYAML_FLAG_POINTER, struct cli_context, nodes, &node_schema, 1,
                         16),
    CYAML_FIELD_STRING_PTR("identity", CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL,
                           struct cli_context, identity, 1, 4096),
    CYAML_FIELD_STRING_PTR("cluster", CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL,
                           struct cli_context, cluster, 64, 64),
    CYAML_FIELD_STRING_PTR("compartment", CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL,
                           struct cli_context, compartment, 1, VG_NAME_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t context_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cli_context, context_fields),
};

static const cyaml_schema_field_t config_fields[] = {
    CYAML_FIELD_STRING_PTR("current", CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL,
                           struct cli_config, current, 1, VG_NAME_MAX),
    CYAML_FIELD_SEQUENCE("contexts", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct cli_config,
                         contexts, &context_schema, 0, CONTEXTS_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct cli_config, config_fields),
};

char *cli_config_path(void)
{
    return cli_place("XDG_CONFIG_HOME", ".config", "config.yaml");
}

enum vg_code cli_config_load(const char *path, struct cli_config **out, struct vg_error *error)
{
    struct vg_buffer bytes = {0};
    enum vg_code code = vg_file_read(path, CONFIG_MAX, &bytes, error);
    if (code == VG_NOT_FOUND || (code == VG_OK && bytes.size == 0)) {
        *out = vg_alloc_zero(1, sizeof **out);
        *error = (struct vg_error){.code = VG_OK};
        code = VG_OK;
    } else if (code == VG_OK) {
        code = cli_yaml_load(path, "a configuration of vigil", vg_buffer_span(&bytes),
                             &config_schema, (void **)out, error);
    }
    vg_buffer_free(&bytes);
    return code;
}

const struct cli_context *cli_config_find(const struct cli_config *config, const char *name)
{
    for (unsigned i = 0; i < config->contexts_count; i++)
        if (strcmp(config->contexts[i].name, name) == 0)
            return &config->contexts[i];
    return NULL;
}

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* A context is the same one when it has the same identity file. */
static char *free_name(const struct cli_config *config, const struct cli_context *context)
{
    char name[VG_NAME_MAX + 8];
    snprintf(name, sizeof name, "%s", context->name);
    for (unsigned i = 2;; i++) {
        const struct cli_context *taken = cli_config_find(config, name);
        if (taken == NULL || same_text(taken->identity, context->identity) ||
            (taken->identity != NULL && access(taken->identity, F_OK) != 0))
            return vg_strdup(name);
        snprintf(name, sizeof name, "%s-%u", context->name, i);
    }
}

static void copy_context(const struct cli_context *from, const char *name, struct cli_context *to)
{
    *to = (struct cli_context){.name = vg_strdup(name), .nodes_count = from->nodes_count};
    to->nodes = vg_alloc_zero(from->nodes_count, sizeof *to->nodes);
    for (unsigned i = 0; i < from->nodes_count; i++)
        to->nodes[i] = vg_strdup(from->nodes[i]);
    to->identity = from->identity != NULL ? vg_strdup(from->identity) : NULL;
    to->cluster = from->cluster != NULL ? vg_strdup(from->cluster) : NULL;
    to->compartment = from->compartment != NULL ? vg_strdup(from->compartment) : NULL;
}

static void clear_context(struct cli_context *context)
{
    for (unsigned i = 0; i < context->nodes_count; i++)
        free(context->nodes[i]);
    free(context->nodes);
    free(context->name);
    free(context->identity);
    free(context->cluster);
    free(context->compartment);
}

static void place_context(struct cli_config *config, const struct cli_context *context,
                          const char *name)
{
    struct cli_context *place = (struct cli_context *)cli_config_find(config, name);
    if (place != NULL) {
        clear_context(place);
    } else {
        size_t size = (config->contexts_count + 1) * sizeof *config->contexts;
        config->contexts = vg_realloc(config->contexts, size);
        place = &config->contexts[config->contexts_count++];
    }
    copy_context(context, name, place);
    free(config->current);
    config->current = vg_strdup(name);
}

static enum vg_code write_config(const char *path, const struct cli_config *config,
                                 struct vg_error *error)
{
    char *text = NULL;
    size_t size = 0;
    enum vg_code code = cli_yaml_save(path, &config_schema, config, &text, &size, error);
    if (code != VG_OK)
        return code;
    code = vg_file_write(path, vg_span_of(text, size), 0600, error);
    cyaml_mem(NULL, text, 0);
    return code;
}

enum vg_code cli_config_put(const char *path, const struct cli_context *context, char **name_out,
                            struct vg_error *error)
{
    int lock = -1;
    enum vg_code code = cli_folder_lock(path, &lock, error);
    struct cli_config *config = NULL;
    if (code == VG_OK)
        code = cli_config_load(path, &config, error);
    if (code == VG_OK) {
        char *name = free_name(config, context);
        place_context(config, context, name);
        code = write_config(path, config, error);
        *name_out = name;
    }
    cli_config_free(config);
    if (lock >= 0)
        close(lock);
    return code;
}

void cli_config_free(struct cli_config *config)
{
    cli_yaml_free(&config_schema, config);
}
