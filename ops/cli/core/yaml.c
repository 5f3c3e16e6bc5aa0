/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/cli/core/yaml.h"

#include <stdio.h>
#include <stdlib.h>

/* libcyaml says what is wrong in its first line; the first place it names after that is where. */
struct complaint {
    char reason[VG_ERROR_TEXT / 2];
    unsigned line, column; /* 0: none was named */
};

/* "LINE, column: COLUMN" and more, as libcyaml ends a line of its backtrace. */
static void note_place(const char *text, struct complaint *complaint)
{
    char *end;
    complaint->line = (unsigned)strtoul(text, &end, 10);
    static const char between[] = ", column: ";
    if (strncmp(end, between, strlen(between)) == 0)
        complaint->column = (unsigned)strtoul(end + strlen(between), NULL, 10);
}

static void note_complaint(cyaml_log_t level, void *context, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
static void note_complaint(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    static const char prefix[] = "Load: ";
    struct complaint *complaint = context;
    char line[VG_ERROR_TEXT / 2];
    if (level < CYAML_LOG_ERROR)
        return;
    vsnprintf(line, sizeof line, format, arguments);
    line[strcspn(line, "\n")] = 0;
    const char *place = strstr(line, "(line: ");
    const char *text = strncmp(line, prefix, strlen(prefix)) == 0 ? line + strlen(prefix) : line;
    if (complaint->reason[0] == 0)
        snprintf(complaint->reason, sizeof complaint->reason, "%s", text);
    else if (place != NULL && complaint->line == 0)
        note_place(place + strlen("(line: "), complaint);
}

static cyaml_config_t settings_for(struct complaint *complaint)
{
    return (cyaml_config_t){
        .log_fn = note_complaint,
        .log_ctx = complaint,
        .log_level = CYAML_LOG_ERROR,
        .mem_fn = cyaml_mem,
        .flags = CYAML_CFG_NO_ALIAS | CYAML_CFG_STYLE_BLOCK,
    };
}

enum vg_code cli_yaml_load(const char *path, const char *what, vg_span bytes,
                           const cyaml_schema_value_t *schema, void **out, struct vg_error *error)
{
    struct complaint complaint = {.line = 0};
    cyaml_config_t settings = settings_for(&complaint);
    cyaml_err_t result = CYAML_OK;
    if (bytes.size > 0) /* or libyaml asserts */
        result = cyaml_load_data(bytes.data, bytes.size, &settings, schema, out, NULL);
    if (result == CYAML_OK && *out != NULL)
        return VG_OK;
    if (result == CYAML_OK)
        return vg_fail(error, VG_INVALID, "%s is not %s: it is empty", path, what);
    const char *reason = complaint.reason[0] != 0 ? complaint.reason : cyaml_strerror(result);
    if (complaint.line > 0)
        return vg_fail(error, VG_INVALID, "%s:%u:%u: %s", path, complaint.line, complaint.column,
                       reason);
    return vg_fail(error, VG_INVALID, "%s is not %s: %s", path, what, reason);
}

enum vg_code cli_yaml_save(const char *path, const cyaml_schema_value_t *schema, const void *data,
                           char **out, size_t *size, struct vg_error *error)
{
    struct complaint complaint = {.line = 0};
    cyaml_config_t settings = settings_for(&complaint);
    cyaml_err_t result = cyaml_save_data(out, size, &settings, schema, data, 0);
    if (result == CYAML_OK)
        return VG_OK;
    return vg_fail(error, VG_INVALID, "cannot write %s: %s", path, cyaml_strerror(result));
}

void cli_yaml_free(const cyaml_schema_value_t *schema, void *data)
{
    struct complaint complaint = {.line = 0};
    cyaml_config_t settings = settings_for(&complaint);
    cyaml_free(&settings, schema, data, 0);
}
