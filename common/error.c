/* SPDX-License-Identifier: Apache-2.0 */
#include "common/error.h"

#include <stdio.h>
#include <string.h>

#undef vg_fail
#undef vg_fail_rule

static const struct {
    const char *name;
    int exit_code;
} codes[] = {
#define X(symbol, number, text, exit) [number] = {text, exit},
    VG_CODES(X)
#undef X
};

enum { CODE_COUNT = sizeof codes / sizeof codes[0] };

const char *vg_code_name(enum vg_code code)
{
    return codes[code].name;
}

int vg_code_exit(enum vg_code code)
{
    return codes[code].exit_code;
}

enum vg_code vg_code_from_number(unsigned number)
{
    return number < CODE_COUNT ? (enum vg_code)number : VG_INTEGRITY;
}

/* Takes back a UTF-8 sequence that cutting the text to its room has torn apart. */
static void drop_torn_end(char *text)
{
    size_t size = strlen(text);
    size_t lead = size;
    while (lead > 0 && ((unsigned char)text[lead - 1] & 0xc0) == 0x80)
        lead--;
    if (lead == 0 || ((unsigned char)text[lead - 1] & 0x80) == 0)
        return;
    unsigned char first = (unsigned char)text[lead - 1];
    size_t whole = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (size - (lead - 1) < whole)
        text[lead - 1] = '\0';
}

static enum vg_code fill(struct vg_error *error, enum vg_code code, const char *rule,
                         const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

static enum vg_code fill(struct vg_error *error, enum vg_code code, const char *rule,
                         const char *format, va_list arguments)
{
    if (error == NULL)
        return code;
    error->code = code;
    snprintf(error->rule, sizeof error->rule, "%s", rule);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    drop_torn_end(error->text);
    return code;
}

enum vg_code vg_fail(struct vg_error *error, enum vg_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(error, code, "", format, arguments);
    va_end(arguments);
    return code;
}

enum vg_code vg_fail_rule(struct vg_error *error, const char *rule, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(error, VG_RULE, rule, format, arguments);
    va_end(arguments);
    return VG_RULE;
}

enum vg_code vg_error_prefix(struct vg_error *error, const char *format, ...)
{
    char context[VG_ERROR_TEXT / 2];
    char text[VG_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context, sizeof context, format, arguments);
    va_end(arguments);
    memcpy(text, error->text, sizeof text);
    int room = (int)(sizeof error->text - strlen(context) - sizeof ": ");
    snprintf(error->text, sizeof error->text, "%s: %.*s", context, room, text);
    drop_torn_end(error->text);
    return error->code;
}
